//! DROP over a small schema; the messages are PostgreSQL's:
//!
//! ```sql
//! CREATE TABLE a (id int PRIMARY KEY, m mood);
//! CREATE TABLE b (id serial, a_id int REFERENCES a);
//! CREATE VIEW v AS SELECT m FROM a;
//! ```

use super::*;
use crate::catalog::{
    Catalog, Change, Column, ConstraintKind, Default, Dependency, EnumLabel, ForeignKey, Index,
    IndexKey, Object, PG_CATALOG, PUBLIC, Persistence, References, ReferentialAction, RelationKind,
    Sequence, Type, TypeKind, View, bootstrap,
};
use crate::sql::types::{Rank, SqlType, oid};

const PATH: &[u32] = &[PG_CATALOG, PUBLIC];

const MOOD: u32 = 20000;
const A: u32 = 20010;
const A_PKEY: u32 = 20011;
const A_PKEY_INDEX: u32 = 20012;
const B: u32 = 20020;
const B_FKEY: u32 = 20021;
const B_SEQUENCE: u32 = 20022;
const B_DEFAULT: u32 = 20023;
const V: u32 = 20030;

fn column(name: &str, ty: u32) -> Column {
    Column {
        name: name.to_owned(),
        ty: SqlType::new(ty),
        not_null: false,
        default: None,
        identity: None,
        dropped: false,
        since_version: 0,
        missing: None,
        collation: 0,
        inherited: std::default::Default::default(),
        settings: std::default::Default::default(),
    }
}

fn relation(oid: u32, name: &str, kind: RelationKind, columns: Vec<Column>) -> Relation {
    Relation {
        oid,
        schema: PUBLIC,
        name: name.to_owned(),
        owner: 10,
        kind,
        columns,
        storage_id: 0,
        schema_version: 0,
        indexes: Vec::new(),
        constraints: Vec::new(),
        persistence: Persistence::Permanent,
        inheritance: std::default::Default::default(),
        materialized: None,
        row_security: std::default::Default::default(),
        settings: std::default::Default::default(),
    }
}

fn constraint(oid: u32, name: &str, table: u32, kind: ConstraintKind) -> Constraint {
    Constraint {
        oid,
        schema: PUBLIC,
        name: name.to_owned(),
        table,
        kind,
        deferrable: false,
        initially_deferred: false,
        validated: true,
        inherited: std::default::Default::default(),
        no_inherit: false,
        parent: 0,
    }
}

fn tables() -> Vec<Object> {
    let key = IndexKey {
        collation: 0,
        column: 1,
        expression: None,
        ty: SqlType::new(oid::INT4),
        descending: false,
        nulls_first: false,
        opclass: 1978,
        options: Vec::new(),
    };
    let index = Index {
        table: A,
        access_method: "btree".to_owned(),
        keys: vec![key],
        key_count: 1,
        unique: true,
        primary: true,
        nulls_not_distinct: false,
        exclusion: Vec::new(),
        key_form: crate::catalog::KEY_FORM,
        predicate: None,
        constraint: A_PKEY,
        valid: true,
        ready: true,
        live: true,
        replaces: 0,
    };
    let sequence = Sequence {
        ty: SqlType::new(oid::INT4),
        start: 1,
        increment: 1,
        min: 1,
        max: 100,
        cache: 1,
        cycle: false,
        owned_by: Some((B, 1)),
        first: None,
    };
    let mut id = column("id", oid::INT4);
    id.default = Some(Default {
        oid: B_DEFAULT,
        sql: "nextval('public.b_id_seq'::regclass)".to_owned(),
        generated: false,
    });
    let view = View {
        sql: "SELECT m FROM a".to_owned(),
        search_path: vec!["public".to_owned()],
        options: Vec::new(),
        updatable: None,
        names: Vec::new(),
    };
    vec![
        relation(A, "a", RelationKind::Table, vec![column("id", oid::INT4), column("m", MOOD)])
            .into(),
        relation(A_PKEY_INDEX, "a_pkey", RelationKind::Index(index), Vec::new()).into(),
        relation(B, "b", RelationKind::Table, vec![id, column("a_id", oid::INT4)]).into(),
        relation(B_SEQUENCE, "b_id_seq", RelationKind::Sequence(sequence), Vec::new()).into(),
        relation(V, "v", RelationKind::View(view), vec![column("m", MOOD)]).into(),
    ]
}

fn sample() -> Catalog {
    let mut catalog = bootstrap().expect("the declarations load");
    let text = catalog.type_(oid::TEXT).expect("text exists");
    let rank = Rank::sequence().next().expect("there is a first");
    let label = EnumLabel { oid: MOOD + 1, sort_order: 1.0, name: "ok".to_owned(), rank };
    let mood = Type {
        oid: MOOD,
        schema: PUBLIC,
        name: "mood".to_owned(),
        kind: TypeKind::Enum { labels: vec![label] },
        array: 0,
        ..(**text).clone()
    };
    let foreign_key = ForeignKey {
        columns: vec![2],
        referenced_table: A,
        referenced_columns: vec![1],
        referenced_index: A_PKEY_INDEX,
        on_update: ReferentialAction::NoAction,
        on_delete: ReferentialAction::NoAction,
        delete_set_columns: Vec::new(),
        match_full: false,
        check_disabled: false,
        action_disabled: false,
    };
    let primary_key = ConstraintKind::PrimaryKey { index: A_PKEY_INDEX, columns: vec![1] };
    let mut objects = tables();
    objects.push(mood.into());
    objects.push(constraint(A_PKEY, "a_pkey", A, primary_key).into());
    objects
        .push(constraint(B_FKEY, "b_a_id_fkey", B, ConstraintKind::ForeignKey(foreign_key)).into());
    let edge = |object, referenced| Dependency { object, referenced, kind: 'n' };
    let uses = edge(ObjectAddress::relation(V), ObjectAddress::column(A, 2));
    objects.push(References { oid: V, edges: vec![uses] }.into());
    let uses = edge(ObjectAddress::default(B_DEFAULT), ObjectAddress::relation(B_SEQUENCE));
    objects.push(References { oid: B_DEFAULT, edges: vec![uses] }.into());
    for object in objects {
        catalog.apply(&Change::put(object));
    }
    catalog
}

fn plan(target: ObjectAddress, behavior: DropBehavior) -> crate::error::Result<DropPlan> {
    sample().plan_drop(PATH, &[target], behavior)
}

#[test]
fn a_table_that_others_need_is_kept() {
    let error = plan(ObjectAddress::relation(A), DropBehavior::Restrict).expect_err("refused");
    assert_eq!(error.message(), "cannot drop table a because other objects depend on it");
    let report = error.report();
    assert_eq!(
        report.detail.as_deref(),
        Some("constraint b_a_id_fkey on table b depends on table a\nview v depends on table a")
    );
    assert_eq!(
        report.hint.as_deref(),
        Some("Use DROP ... CASCADE to drop the dependent objects too.")
    );
}

#[test]
fn cascade_takes_the_dependents_first_and_tells_of_them() {
    let plan = plan(ObjectAddress::relation(A), DropBehavior::Cascade).expect("planned");
    let at = |address| plan.objects.iter().position(|object| *object == address);
    let table = at(ObjectAddress::relation(A));
    assert_eq!(table, Some(plan.objects.len() - 1));
    assert!(at(ObjectAddress::constraint(B_FKEY)) < table);
    assert!(at(ObjectAddress::relation(A_PKEY_INDEX)) < table);
    assert!(at(ObjectAddress::relation(B)).is_none(), "b loses its constraint only");
    let notice = plan.notice.expect("a notice");
    assert_eq!(notice.message, "drop cascades to 2 other objects");
}

#[test]
fn a_tables_own_parts_go_silently() {
    let plan = plan(ObjectAddress::relation(B), DropBehavior::Restrict).expect("planned");
    assert!(plan.notice.is_none());
    assert!(plan.objects.contains(&ObjectAddress::relation(B_SEQUENCE)));
    assert!(plan.objects.contains(&ObjectAddress::default(B_DEFAULT)));
}

#[test]
fn the_index_of_a_constraint_goes_with_the_constraint_only() {
    let error =
        plan(ObjectAddress::relation(A_PKEY_INDEX), DropBehavior::Cascade).expect_err("refused");
    assert_eq!(
        error.message(),
        "cannot drop index a_pkey because constraint a_pkey on table a requires it"
    );
    assert_eq!(
        error.report().hint.as_deref(),
        Some("You can drop constraint a_pkey on table a instead.")
    );
}

#[test]
fn a_type_is_needed_by_columns() {
    let error = plan(ObjectAddress::type_(MOOD), DropBehavior::Restrict).expect_err("refused");
    assert_eq!(
        error.report().detail.as_deref(),
        Some("column m of table a depends on type mood\nview v depends on column m of table a")
    );
}

#[test]
fn a_sequence_is_needed_by_the_default_that_calls_it() {
    let error =
        plan(ObjectAddress::relation(B_SEQUENCE), DropBehavior::Restrict).expect_err("refused");
    assert_eq!(
        error.report().detail.as_deref(),
        Some("default value for column id of table b depends on sequence b_id_seq")
    );
}
