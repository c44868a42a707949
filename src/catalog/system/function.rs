//! `pg_proc`, `pg_operator`, `pg_aggregate` and `pg_language`.

use super::cell::*;
use super::listed;
use super::lookup::Lookup;
use crate::catalog::{
    Aggregate, BOOTSTRAP_ROLE, Catalog, Function, FunctionKind, ObjectAddress, Transition,
    Volatility, relation_oid,
};
use crate::sql::types::{Datum, Oid, oid as types};

/// Languages: OID, name, procedural, trusted.
const LANGUAGES: &[(u32, &str, bool, bool)] = &[
    (12, "internal", false, false),
    (13, "c", false, false),
    (14, "sql", false, true),
    (PLPGSQL, "plpgsql", true, true),
];

pub fn is_language(language: Oid) -> bool {
    LANGUAGES.iter().any(|(known, ..)| *known == language)
}

/// A language's OID, and whether everybody may be allowed to use it.
pub fn language_named(name: &str) -> Option<(Oid, bool)> {
    let found = LANGUAGES.iter().find(|(_, known, ..)| *known == name);
    found.map(|(oid, _, _, trusted)| (*oid, *trusted))
}

pub fn language_name(language: Oid) -> Option<&'static str> {
    LANGUAGES.iter().find(|(known, ..)| *known == language).map(|(_, name, ..)| *name)
}

/// PostgreSQL's first initdb gives the language this number.
const PLPGSQL: u32 = 13563;

/// `satisfies_hash_partition(oid, integer, integer, VARIADIC "any")`
const SATISFIES_HASH_PARTITION: Oid = 5028;

/// What PostgreSQL estimates unless told otherwise.
const INTERNAL_COST: f32 = 1.0;
const SQL_COST: f32 = 100.0;
const SET_ROWS: f32 = 1000.0;

pub(super) fn pg_proc(catalog: &Catalog, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    catalog.find_functions(lookup).map(|function| function_row(catalog, function)).collect()
}

fn function_row(catalog: &Catalog, function: &Function) -> Row {
    let all = function.all_args.as_deref();
    let names: Vec<String> = match all {
        Some(all) => all.iter().map(|(.., name)| name.clone()).collect(),
        None => function.arg_names.clone(),
    };
    let builtin = function.oid < types::FIRST_NORMAL;
    let options = &function.options;
    let listed = listed::function_properties(function.oid);
    let config: Vec<String> =
        options.config.iter().map(|(name, value)| format!("{name}={value}")).collect();
    vec![
        oid(function.oid),
        text(&function.name),
        oid(function.schema),
        oid(function.owner),
        oid(listed.map_or_else(|| language_oid(&function.language), |listed| listed.language)),
        float4(listed.map(|listed| listed.cost).or(options.cost).unwrap_or(
            match function.language.as_str() {
                "internal" | "c" => INTERNAL_COST,
                _ => SQL_COST,
            },
        )),
        float4(
            listed.map(|listed| listed.rows).or(options.rows).unwrap_or(if function.returns_set {
                SET_ROWS
            } else {
                0.0
            }),
        ),
        oid(function.variadic),
        oid(listed.map_or(0, |listed| listed.support)),
        char(function_kind(function)),
        boolean(options.security_definer),
        boolean(options.leakproof),
        boolean(function.strict),
        boolean(function.returns_set),
        char(match function.volatility {
            Volatility::Immutable => 'i',
            Volatility::Stable => 's',
            Volatility::Volatile => 'v',
        }),
        char(listed.map(|listed| listed.parallel).or(options.parallel).unwrap_or(if builtin {
            's'
        } else {
            'u'
        })),
        count(function.args.len()),
        count(function.defaults.len()),
        oid(function.returns),
        oid_vector(function.args.iter().copied()),
        match all {
            // PostgreSQL's own row has the modes of its arguments only.
            Some(all) if function.oid != SATISFIES_HASH_PARTITION => {
                oid_array(all.iter().map(|(_, ty, _)| *ty))
            }
            _ => Datum::Null,
        },
        all.map_or(Datum::Null, |all| char_array(all.iter().map(|(mode, ..)| *mode))),
        match names.iter().all(String::is_empty) {
            true => Datum::Null,
            false => text_array(names),
        },
        text_or_null((!function.defaults.is_empty()).then(|| function.defaults.join(", "))),
        Datum::Null,
        text(if options.sql_body.is_some() { "" } else { function.source.as_str() }),
        Datum::Null,
        text_or_null(options.sql_body.clone()),
        if config.is_empty() { Datum::Null } else { text_array(config) },
        acl(catalog, function.address()),
    ]
}

/// The letter of `prokind`.
pub(in crate::catalog) fn function_kind(function: &Function) -> char {
    match function.kind {
        FunctionKind::Function => 'f',
        FunctionKind::Aggregate => 'a',
        FunctionKind::Window => 'w',
        FunctionKind::Procedure => 'p',
    }
}

fn language_oid(name: &str) -> u32 {
    LANGUAGES.iter().find(|language| language.1 == name).map_or(0, |language| language.0)
}

pub(super) fn pg_operator(catalog: &Catalog) -> Vec<Row> {
    catalog
        .operators()
        .map(|operator| {
            vec![
                oid(operator.oid),
                text(&operator.name),
                oid(operator.schema),
                oid(operator.owner),
                char(if operator.left == 0 { 'l' } else { 'b' }),
                boolean(operator.can_merge),
                boolean(operator.can_hash),
                oid(operator.left),
                oid(operator.right),
                oid(operator.result),
                oid(operator.commutator),
                oid(operator.negator),
                oid(operator.function),
                oid(operator.restrict),
                oid(operator.join),
            ]
        })
        .collect()
}

pub(super) fn pg_aggregate(catalog: &Catalog) -> Vec<Row> {
    catalog.aggregates().map(|aggregate| aggregate_row(aggregate)).collect()
}

fn aggregate_row(aggregate: &Aggregate) -> Row {
    let none = Transition { finish_modify: aggregate.plain.finish_modify, ..Transition::default() };
    let (plain, moving) = (&aggregate.plain, aggregate.moving.as_deref().unwrap_or(&none));
    vec![
        oid(aggregate.function),
        char(aggregate.kind),
        int2(aggregate.direct_args),
        oid(plain.function),
        oid(plain.finish),
        oid(plain.combine),
        oid(plain.serialize),
        oid(plain.deserialize),
        oid(moving.function),
        oid(moving.inverse),
        oid(moving.finish),
        boolean(plain.finish_extra),
        boolean(moving.finish_extra),
        char(plain.finish_modify),
        char(moving.finish_modify),
        oid(aggregate.sort_operator),
        oid(plain.state),
        int4(plain.state_space),
        oid(moving.state),
        int4(moving.state_space),
        text_or_null(plain.initial.clone()),
        text_or_null(moving.initial.clone()),
    ]
}

pub(super) fn pg_language(catalog: &Catalog) -> Vec<Row> {
    LANGUAGES
        .iter()
        .map(|(language, name, procedural, trusted)| {
            let handler = |name: &str| if *procedural { catalog.builtin_function(name) } else { 0 };
            let validator = match *procedural {
                true => catalog.builtin_function("plpgsql_validator"),
                false => catalog.builtin_function(&format!("fmgr_{name}_validator")),
            };
            vec![
                oid(*language),
                text(*name),
                oid(BOOTSTRAP_ROLE),
                boolean(*procedural),
                boolean(*trusted),
                oid(handler("plpgsql_call_handler")),
                oid(handler("plpgsql_inline_handler")),
                oid(validator),
                acl(catalog, ObjectAddress::new(relation_oid::PG_LANGUAGE, *language)),
            ]
        })
        .collect()
}
