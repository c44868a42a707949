//! `pg_statistic_ext` and `pg_statistic_ext_data`, and what is in a `pg_mcv_list`.
//!
//! Values of the types `pg_ndistinct` and `pg_dependencies` are held as the text that
//! PostgreSQL prints; a `pg_mcv_list` is the combinations in JSON, which
//! `pg_mcv_list_items` takes apart.

use super::cell::*;
use super::statistic;
use crate::catalog::{
    Catalog, CommonCombination, ExtendedStatistics, FoundTogether, PG_CATALOG, relation_oid,
};
use crate::error::{Error, Result};
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, SetRows};
use crate::sql::types::{Datum, Oid, oid as types};

pub(super) fn pg_statistic_ext(catalog: &Catalog) -> Vec<Row> {
    catalog.all_extended_statistics().map(|object| definition(object)).collect()
}

fn definition(object: &ExtendedStatistics) -> Row {
    let texts: Vec<&str> = object.expressions.iter().map(|(sql, _)| sql.as_str()).collect();
    vec![
        oid(object.oid),
        oid(object.table),
        text(&object.name),
        oid(object.schema),
        oid(object.owner),
        int4(object.target.unwrap_or(-1)),
        int2_vector(object.columns.iter().copied()),
        char_array(object.kinds.iter().map(|kind| kind.letter())),
        text_or_null((!texts.is_empty()).then(|| texts.join(", "))),
    ]
}

pub(super) fn pg_statistic_ext_data(catalog: &Catalog) -> Vec<Row> {
    let with_data = catalog.all_extended_statistics();
    with_data
        .filter_map(|object| object.found.as_ref().map(|found| (object.oid, found)))
        .map(|(object, found)| data(catalog, object, found))
        .collect()
}

fn data(catalog: &Catalog, object: Oid, found: &FoundTogether) -> Row {
    let expressions = found.expressions.as_ref().filter(|all| !all.is_empty());
    vec![
        oid(object),
        boolean(false),
        text_or_null(found.distinct.as_deref().map(distinct_text)),
        text_or_null(found.dependencies.as_deref().map(dependencies_text)),
        text_or_null(found.common.as_deref().and_then(|all| serde_json::to_string(all).ok())),
        expressions.map_or(Datum::Null, |all| {
            array_of(row_type(catalog), all.iter().map(|one| record(catalog, one)).collect())
        }),
    ]
}

/// The composite type of `pg_statistic`'s rows.
fn row_type(catalog: &Catalog) -> Oid {
    catalog.type_named(PG_CATALOG, "pg_statistic").map_or(types::RECORD, |ty| ty.oid)
}

/// What was found of an expression, as a row of `pg_statistic`.
fn record(catalog: &Catalog, found: &crate::catalog::ColumnStatistics) -> Datum {
    let columns = catalog.relation(relation_oid::PG_STATISTIC).map(|r| r.columns.as_slice());
    let types = columns.unwrap_or_default().iter().map(|column| column.ty.oid);
    Datum::Record(types.zip(statistic::row(catalog, 0, found)).collect())
}

/// `{"1, 2": 11}`
fn distinct_text(all: &[(Vec<i16>, f64)]) -> String {
    let items: Vec<String> = all
        .iter()
        .map(|(parts, number)| format!("\"{}\": {}", numbers(parts), number.round()))
        .collect();
    format!("{{{}}}", items.join(", "))
}

/// `{"1 => 2": 1.000000}`
fn dependencies_text(all: &[(Vec<i16>, f64)]) -> String {
    let items = all.iter().filter_map(|(parts, degree)| {
        let (implied, from) = parts.split_last()?;
        Some(format!("\"{} => {implied}\": {degree:.6}", numbers(from)))
    });
    format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
}

fn numbers(parts: &[i16]) -> String {
    parts.iter().map(i16::to_string).collect::<Vec<_>>().join(", ")
}

/// The rows of `pg_mcv_list_items`.
pub fn common_items(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let list: &str = arg(args, 0)?;
    let all: Vec<CommonCombination> = serde_json::from_str(list)
        .map_err(|error| Error::data_corrupted(format!("a list of common values: {error}")))?;
    let row = |(number, item): (i32, CommonCombination)| {
        let nulls = item.values.iter().map(|value| Datum::Bool(value.is_none())).collect();
        let values = item.values.into_iter().map(|value| value.map_or(Datum::Null, Datum::Text));
        Ok(vec![
            Datum::Int4(number),
            array_of(types::TEXT, values.collect()),
            array_of(types::BOOL, nulls),
            Datum::Float8(item.frequency),
            Datum::Float8(item.base_frequency),
        ])
    };
    Ok(Box::new((0..).zip(all).map(row)))
}
