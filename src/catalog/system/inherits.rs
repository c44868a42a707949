//! `pg_inherits` and `pg_partitioned_table`, and how partition keys and bounds are
//! written in SQL.

use super::cell::*;
use crate::catalog::deparse::display;
use crate::catalog::{
    Catalog, PartitionBound, PartitionKey, RangeDatum, Relation, quote_identifier, quote_literal,
    quote_qualified,
};
use crate::sql::types::{Oid, oid as types};

pub(super) fn pg_inherits(catalog: &Catalog) -> Vec<Row> {
    let rows = |relation: &std::sync::Arc<Relation>| {
        let child = relation.oid;
        let detaching = relation.inheritance.detaching && relation.is_table();
        let parents = relation.inheritance.parents.clone().into_iter().zip(1..);
        parents.map(move |(parent, number)| {
            vec![oid(child), oid(parent), int4(number), boolean(detaching)]
        })
    };
    catalog.relations().flat_map(rows).collect()
}

pub(super) fn pg_partitioned_table(catalog: &Catalog) -> Vec<Row> {
    let row = |relation: &std::sync::Arc<Relation>| {
        let key = relation.inheritance.key.as_ref()?;
        let expressions: Vec<&str> =
            key.columns.iter().filter_map(|column| column.expression.as_deref()).collect();
        Some(vec![
            oid(relation.oid),
            char(key.strategy.letter()),
            count(key.columns.len()),
            oid(catalog.default_partition(relation.oid).map_or(0, |partition| partition.oid)),
            int2_vector(key.columns.iter().map(|column| column.column)),
            oid_vector(key.columns.iter().map(|column| column.opclass)),
            oid_vector(key.columns.iter().map(|column| column.collation)),
            text_or_null((!expressions.is_empty()).then(|| expressions.join(", "))),
        ])
    };
    catalog.relations().filter_map(row).collect()
}

/// `RANGE (a, lower(b))`: `pg_get_partkeydef`.
pub(in crate::catalog) fn key_text(
    catalog: &Catalog,
    path: &[Oid],
    relation: &Relation,
) -> Option<String> {
    let key = relation.inheritance.key.as_ref()?;
    let columns = key_columns(catalog, path, relation, key, true);
    Some(format!("{} ({})", key.strategy.word(), columns.join(", ")))
}

/// The key's columns; `options`: with collations and operator classes.
pub(in crate::catalog) fn key_columns(
    catalog: &Catalog,
    path: &[Oid],
    relation: &Relation,
    key: &PartitionKey,
    options: bool,
) -> Vec<String> {
    let one = |column: &crate::catalog::PartitionColumn| {
        let (mut text, own) = match &column.expression {
            Some(sql) => {
                let shown = display(catalog, path, sql);
                let shown = if options { shown } else { crate::catalog::deparse::pretty(&shown) };
                let call = catalog_call(&shown);
                (if call { shown } else { format!("({shown})") }, column.ty.oid)
            }
            None => {
                let at = usize::try_from(column.column - 1).unwrap_or(0);
                let name = relation.columns.get(at).map_or("?", |column| column.name.as_str());
                (quote_identifier(name), column.ty.oid)
            }
        };
        if !options {
            return text;
        }
        let default = catalog.type_(own).map_or(0, |ty| ty.collation);
        if column.collation != 0
            && column.collation != default
            && let Some(collation) = catalog.collation(column.collation)
        {
            text.push_str(&format!(" COLLATE {}", quote_qualified(None, &collation.name)));
        }
        let method = match key.strategy {
            crate::catalog::PartitionStrategy::Hash => "hash",
            _ => "btree",
        };
        if let Some(class) = catalog
            .operator_class(column.opclass)
            .filter(|class| catalog.default_operator_class(method, own) != Some(class.oid))
        {
            text.push_str(&format!(" {}", quote_identifier(&class.name)));
        }
        text
    };
    key.columns.iter().map(one).collect()
}

/// Whether a text is one function call, which needs no parentheses around it.
fn catalog_call(text: &str) -> bool {
    crate::catalog::deparse::is_function_call(text)
}

/// `FOR VALUES IN (1, 2)`: `relpartbound` as `pg_get_expr` prints it.
pub(in crate::catalog) fn bound_text(catalog: &Catalog, relation: &Relation) -> Option<String> {
    let bound = relation.inheritance.bound.as_ref()?;
    let parent = catalog.relation(*relation.inheritance.parents.first()?)?;
    let key = parent.inheritance.key.as_ref()?;
    Some(bound_sql(bound, key))
}

/// `FOR VALUES FROM (1) TO (10)`, `DEFAULT`.
pub fn bound_sql(bound: &PartitionBound, key: &PartitionKey) -> String {
    let ty = |at: usize| key.columns.get(at).map_or(0, |column| column.ty.oid);
    match bound {
        PartitionBound::Default => "DEFAULT".to_owned(),
        PartitionBound::Hash { modulus, remainder } => {
            format!("FOR VALUES WITH (modulus {modulus}, remainder {remainder})")
        }
        PartitionBound::List(values) => {
            let values: Vec<String> = values
                .iter()
                .map(|value| match value {
                    Some(value) => constant(value, ty(0)),
                    None => "NULL".to_owned(),
                })
                .collect();
            format!("FOR VALUES IN ({})", values.join(", "))
        }
        PartitionBound::Range { from, to } => {
            let list = |datums: &[RangeDatum]| {
                let datums: Vec<String> = datums
                    .iter()
                    .enumerate()
                    .map(|(at, datum)| match datum {
                        RangeDatum::MinValue => "MINVALUE".to_owned(),
                        RangeDatum::MaxValue => "MAXVALUE".to_owned(),
                        RangeDatum::Value(value) => constant(value, ty(at)),
                    })
                    .collect();
                datums.join(", ")
            };
            format!("FOR VALUES FROM ({}) TO ({})", list(from), list(to))
        }
    }
}

/// A constant without its type, as PostgreSQL prints one.
fn constant(value: &str, ty: Oid) -> String {
    let starts_with_digit = value.starts_with(|c: char| c.is_ascii_digit());
    match ty {
        types::INT4 if starts_with_digit => value.to_owned(),
        types::NUMERIC if starts_with_digit && value.contains(['.', 'e', 'E']) => value.to_owned(),
        types::BOOL if value.starts_with('t') => "true".to_owned(),
        types::BOOL => "false".to_owned(),
        _ => quote_literal(value),
    }
}
