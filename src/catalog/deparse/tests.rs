//! Texts that PostgreSQL 15 prints.

use super::*;
use crate::catalog::{
    Catalog, Change, PG_CATALOG, PUBLIC, Persistence, Relation, RelationKind, Sequence, bootstrap,
};
use crate::sql::ir::{Call, ColumnId, Expr, ExprKind};
use crate::sql::types::{Datum, Numeric, SqlType, oid};

const PATH: &[u32] = &[PG_CATALOG, PUBLIC];

fn with_sequence() -> Catalog {
    let mut catalog = bootstrap().expect("the declarations load");
    let sequence = Sequence {
        ty: SqlType::new(oid::INT4),
        start: 1,
        increment: 1,
        min: 1,
        max: i64::from(i32::MAX),
        cache: 1,
        cycle: false,
        owned_by: None,
        first: None,
    };
    catalog.apply(&Change::put(Relation {
        oid: 16400,
        schema: PUBLIC,
        name: "t_id_seq".to_owned(),
        owner: 10,
        kind: RelationKind::Sequence(sequence),
        columns: Vec::new(),
        storage_id: 0,
        schema_version: 0,
        indexes: Vec::new(),
        constraints: Vec::new(),
        persistence: Persistence::Permanent,
        inheritance: Default::default(),
        materialized: None,
        row_security: std::default::Default::default(),
        settings: Default::default(),
    }));
    catalog
}

fn constant(value: Datum, ty: u32) -> Expr {
    Expr { kind: ExprKind::Const(value), ty: SqlType::new(ty), location: -1 }
}

fn column(id: u32, ty: u32) -> Expr {
    Expr { kind: ExprKind::Column(ColumnId(id)), ty: SqlType::new(ty), location: -1 }
}

fn call(catalog: &Catalog, name: &str, args: Vec<Expr>) -> Expr {
    let types: Vec<u32> = args.iter().map(|arg| arg.ty.oid).collect();
    let function = catalog
        .function_for(&[PG_CATALOG], None, name, &types)
        .expect("resolves")
        .unwrap_or_else(|| panic!("{name} exists"));
    let ty = SqlType::new(function.returns);
    Expr { kind: ExprKind::Call(Call { function, args, ty, sql_syntax: false }), ty, location: -1 }
}

fn printed(catalog: &Catalog, expr: &Expr) -> String {
    expression(expr, &|id| Some(format!("c{}", id.0)), catalog)
}

#[test]
fn constants_carry_a_cast_unless_their_text_has_the_type() {
    let catalog = bootstrap().expect("the declarations load");
    let numeric = |text: &str| Datum::Numeric(Numeric::parse(text).expect("a number"));
    for (value, ty, expected) in [
        (Datum::Int4(5), oid::INT4, "5"),
        (Datum::Int4(-5), oid::INT4, "'-5'::integer"),
        (Datum::Int8(5), oid::INT8, "'5'::bigint"),
        (Datum::Bool(true), oid::BOOL, "true"),
        (Datum::Text("it's".into()), oid::TEXT, "'it''s'::text"),
        (Datum::Text("x".into()), oid::VARCHAR, "'x'::character varying"),
        (Datum::Null, oid::TEXT, "NULL::text"),
        (numeric("1.5"), oid::NUMERIC, "1.5"),
        (numeric("5"), oid::NUMERIC, "'5'::numeric"),
        (Datum::Float8(1.5), oid::FLOAT8, "'1.5'::double precision"),
    ] {
        assert_eq!(printed(&catalog, &constant(value, ty)), expected);
    }
}

#[test]
fn operators_are_parenthesised_and_calls_are_not() {
    let catalog = bootstrap().expect("the declarations load");
    let positive =
        call(&catalog, "int4gt", vec![column(1, oid::INT4), constant(Datum::Int4(0), oid::INT4)]);
    assert_eq!(printed(&catalog, &positive), "(c1 > 0)");
    let lower = call(&catalog, "lower", vec![column(2, oid::TEXT)]);
    assert_eq!(printed(&catalog, &lower), "lower(c2)");
    let both = Expr {
        kind: ExprKind::And(vec![positive.clone(), positive]),
        ty: SqlType::new(oid::BOOL),
        location: -1,
    };
    assert_eq!(printed(&catalog, &both), "((c1 > 0) AND (c1 > 0))");
}

#[test]
fn a_serial_default_names_its_sequence_as_the_session_needs_it() {
    let catalog = with_sequence();
    let sequence = constant(Datum::Oid(16400), oid::REGCLASS);
    let stored = printed(&catalog, &call(&catalog, "nextval", vec![sequence]));
    assert_eq!(stored, "nextval('public.t_id_seq'::regclass)");
    assert_eq!(display(&catalog, PATH, &stored), "nextval('t_id_seq'::regclass)");
    assert_eq!(display(&catalog, &[PG_CATALOG], &stored), stored);
}

#[test]
fn the_pretty_form_drops_what_precedence_says() {
    for (stored, expected) in [
        ("(a > 0)", "a > 0"),
        ("((a > 0) AND (b < 5))", "a > 0 AND b < 5"),
        ("((a > 0) OR ((b < 5) AND (c = 1)))", "a > 0 OR b < 5 AND c = 1"),
        ("((a + b) > 5)", "(a + b) > 5"),
        ("((a + b) + c)", "a + b + c"),
        ("(a - (b - c))", "a - (b - c)"),
        ("(a + (b * c))", "a + b * c"),
        ("((a + b) * c)", "(a + b) * c"),
        ("(NOT (a = 1))", "NOT a = 1"),
        ("lower((name)::text)", "lower(name::text)"),
        (
            "((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
            "s::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])",
        ),
        ("nextval('t_id_seq'::regclass)", "nextval('t_id_seq'::regclass)"),
        ("'(x)'::text", "'(x)'::text"),
        ("((a IS NOT NULL) OR (b IS NOT NULL))", "a IS NOT NULL OR b IS NOT NULL"),
    ] {
        assert_eq!(pretty(stored), expected);
    }
}
