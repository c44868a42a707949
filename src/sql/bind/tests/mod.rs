//! The binder against PostgreSQL: the same types, names, errors and positions.
//!
//! `expected.tsv` is PostgreSQL 15's own answer to `compat/bind/statements.sql`
//! over the tables of `compat/bind/schema.sql`, which [`catalog`] repeats here.

mod catalog;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Binder;
use crate::catalog::{Catalog, PG_CATALOG, PUBLIC};
use crate::error::Result;
use crate::sql::functions::EvalContext;
use crate::sql::functions::tests::context_over;
use crate::sql::ir::{OutputColumn, Statement};
use crate::sql::parse;
use crate::sql::types::oid::RECORD;
use crate::sql::types::{Oid, SqlType};

const EXPECTED: &str = include_str!("expected.tsv");

/// Statements whose answer differs on purpose, with the reason.
const KNOWN_GAPS: &[(&str, &str)] = &[
    ("SELECT t FROM t", "row types of users' tables have other OIDs here"),
    ("SELECT (t).nope FROM t", "the message names the data type, not the table"),
    (
        "INSERT INTO u (id, name) VALUES (1, 'x') ON CONFLICT (t_a) DO NOTHING",
        "PostgreSQL infers the index when planning",
    ),
    ("SELECT c::money FROM t", "no money type"),
    ("SELECT (s).nope FROM (SELECT a, b FROM t) s", "the message does not name the table"),
    (
        "SELECT to_jsonb(s), json_agg(s), jsonb_agg(s) FROM (SELECT a, b FROM t) s GROUP BY s.a, s.b",
        "a whole row of grouped columns is accepted",
    ),
];

pub(super) fn context(catalog: Catalog) -> EvalContext {
    context_over(Arc::new(catalog), vec![PG_CATALOG, PUBLIC])
}

fn bind(eval: &EvalContext, sql: &str) -> Result<(Statement, Vec<Oid>)> {
    let statements = parse::parse(sql)?;
    let mut binder = Binder::new(eval, &[]);
    let statement = binder.bind_statement(&statements[0].node)?;
    Ok((statement, binder.param_types().iter().map(|ty| ty.oid).collect()))
}

fn output(statement: &Statement) -> Vec<&OutputColumn> {
    let returning = match statement {
        Statement::Query(query) => return query.output.iter().collect(),
        Statement::Insert(insert) => insert.returning.as_ref(),
        Statement::Update(update) => update.returning.as_ref(),
        Statement::Delete(delete) => delete.returning.as_ref(),
        Statement::Merge(_) | Statement::Several(_) => None,
    };
    returning.map(|r| r.exprs.iter().map(|(column, _)| column).collect()).unwrap_or_default()
}

/// One line as `compat/bind/generate.py` would print it for us. User-defined
/// row types have other OIDs here.
fn answer(eval: &EvalContext, sql: &str) -> String {
    match bind(eval, sql) {
        Ok((statement, params)) => {
            let params: Vec<String> = params.iter().map(Oid::to_string).collect();
            let columns: Vec<String> = output(&statement)
                .iter()
                .map(|column| {
                    // A domain is described as its base type.
                    let ty = match eval.catalog.base_type(column.ty) {
                        record if record.oid == RECORD => SqlType::new(RECORD),
                        ty => ty,
                    };
                    format!("{}:{}:{}", column.name, ty.oid, ty.typmod)
                })
                .collect();
            format!("ok\t{}\t{}", params.join(" "), columns.join("|"))
        }
        Err(error) => {
            let report = error.report();
            let position = report.offset.map_or(String::new(), |offset| {
                (sql[..offset.min(sql.len())].chars().count() + 1).to_string()
            });
            format!(
                "error\t{}\t{}\t{}\t{}\t{}",
                error.code(),
                position,
                report.message,
                report.detail.clone().unwrap_or_default(),
                report.hint.clone().unwrap_or_default()
            )
        }
    }
}

#[test]
fn answers_are_postgresqls() {
    let eval = context(catalog::catalog());
    let gaps: BTreeSet<&str> = KNOWN_GAPS.iter().map(|(sql, _)| *sql).collect();
    let mut wrong = Vec::new();
    for line in EXPECTED.lines() {
        let (sql, expected) = line.split_once('\t').expect("a statement and its answer");
        let found = answer(&eval, sql);
        if (found.trim_end() == expected.trim_end()) == gaps.contains(sql) {
            wrong.push(format!("{sql}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn long_chains_bind_and_stay_flat() {
    let eval = context(catalog::catalog());
    for sql in [
        format!("SELECT 1{}", "+1".repeat(1_000)),
        format!("SELECT 1 WHERE true{}", " AND 1 = 1".repeat(1_000)),
        format!("SELECT 1 WHERE 1 IN (1{})", ", 2".repeat(5_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(500)),
        format!("SELECT {}1{}", "(SELECT ".repeat(100), ")".repeat(100)),
    ] {
        assert!(bind(&eval, &sql).is_ok(), "{}", &sql[..40]);
    }
}

#[test]
fn a_bound_statement_has_no_unknown_types() {
    let eval = context(catalog::catalog());
    let unknown = format!("oid: {}, typmod", crate::sql::types::oid::UNKNOWN);
    for line in EXPECTED.lines() {
        let (sql, _) = line.split_once('\t').expect("a statement and its answer");
        // A literal in a row stays undecided, as PostgreSQL's does.
        if sql.contains("ROW(") {
            continue;
        }
        if let Ok((statement, _)) = bind(&eval, sql) {
            assert!(!format!("{statement:?}").contains(&unknown), "{sql}");
        }
    }
}
