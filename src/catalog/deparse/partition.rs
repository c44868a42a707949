//! What holds for a partition's rows, as SQL: `pg_get_partition_constraintdef`.

use super::display::display;
use crate::catalog::{
    Catalog, PartitionBound, PartitionKey, RangeDatum, Relation, quote_identifier, quote_literal,
};
use crate::sql::types::{Oid, SqlType, oid};

/// `((a IS NOT NULL) AND (a >= 1) AND (a < 10))`; `None` for what is no partition.
pub fn partition_constraint(
    catalog: &Catalog,
    path: &[Oid],
    relation: &Relation,
) -> Option<String> {
    let mut parts = Vec::new();
    let mut next = Some(relation);
    while let Some(relation) = next {
        let Some(bound) = &relation.inheritance.bound else { break };
        let parent = catalog.relation(*relation.inheritance.parents.first()?)?;
        let one = one_bound(catalog, path, parent, bound)?;
        parts.splice(0..0, one);
        next = Some(parent);
    }
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(format!("({})", parts.join(" AND "))),
    }
}

/// The conjuncts of one bound.
fn one_bound(
    catalog: &Catalog,
    path: &[Oid],
    parent: &Relation,
    bound: &PartitionBound,
) -> Option<Vec<String>> {
    let key = parent.inheritance.key.as_ref()?;
    let names = key_names(catalog, path, parent, key);
    Some(match bound {
        PartitionBound::Hash { modulus, remainder } => vec![format!(
            "satisfies_hash_partition('{}'::oid, {modulus}, {remainder}, {})",
            parent.oid,
            names.join(", ")
        )],
        PartitionBound::List(values) => list(catalog, path, &names[0], key.columns[0].ty, values),
        PartitionBound::Range { from, to } => {
            let nulls = names.iter().map(|name| format!("({name} IS NOT NULL)"));
            nulls.chain(range(catalog, path, &names, key, from, to)).collect()
        }
        PartitionBound::Default => {
            let others: Vec<String> = catalog
                .children(parent.oid)
                .iter()
                .filter_map(|oid| catalog.relation(*oid)?.inheritance.bound.as_ref())
                .filter(|bound| **bound != PartitionBound::Default)
                .filter_map(|bound| default_part(catalog, path, parent, key, bound))
                .collect();
            match others.len() {
                0 => Vec::new(),
                1 => vec![format!("(NOT {})", others[0])],
                _ => vec![format!("(NOT ({}))", others.join(" OR "))],
            }
        }
    })
}

/// What a default partition has not, of one other partition.
fn default_part(
    catalog: &Catalog,
    path: &[Oid],
    parent: &Relation,
    key: &PartitionKey,
    bound: &PartitionBound,
) -> Option<String> {
    let parts = one_bound(catalog, path, parent, bound)?;
    let _ = key;
    Some(match parts.len() {
        1 => parts.into_iter().next()?,
        _ => format!("({})", parts.join(" AND ")),
    })
}

fn list(
    catalog: &Catalog,
    path: &[Oid],
    name: &str,
    ty: SqlType,
    values: &[Option<String>],
) -> Vec<String> {
    let constants: Vec<String> =
        values.iter().flatten().map(|value| constant(catalog, path, value, ty)).collect();
    let has_null = values.iter().any(Option::is_none);
    let compared = match constants.as_slice() {
        [] => None,
        [one] => Some(format!("({name} = {one})")),
        many => Some(format!("({name} = ANY (ARRAY[{}]))", many.join(", "))),
    };
    match (compared, has_null) {
        (Some(compared), true) => vec![format!("(({name} IS NULL) OR {compared})")],
        (None, _) => vec![format!("({name} IS NULL)")],
        (Some(compared), false) => vec![format!("({name} IS NOT NULL)"), compared],
    }
}

fn range(
    catalog: &Catalog,
    path: &[Oid],
    names: &[String],
    key: &PartitionKey,
    from: &[RangeDatum],
    to: &[RangeDatum],
) -> Vec<String> {
    let value = |datum: &RangeDatum, at: usize| match datum {
        RangeDatum::Value(value) => Some(constant(catalog, path, value, key.columns[at].ty)),
        _ => None,
    };
    let mut parts = Vec::new();
    // Columns that both edges have the same value of.
    let mut at = 0;
    while at + 1 < names.len() {
        match (value(&from[at], at), value(&to[at], at)) {
            (Some(low), Some(high)) if low == high => {
                parts.push(format!("({} = {low})", names[at]));
                at += 1;
            }
            _ => break,
        }
    }
    for (edge, strict, last) in [(from, ">", ">="), (to, "<", "<")] {
        let mut arms = Vec::new();
        let mut equal: Vec<String> = Vec::new();
        for column in at..names.len() {
            let Some(constant) = value(&edge[column], column) else {
                // MINVALUE or MAXVALUE: the columns before it decide.
                let unbounded_inside = match (&edge[column], last) {
                    (RangeDatum::MinValue, ">=") | (RangeDatum::MaxValue, "<") => true,
                    _ => false,
                };
                if unbounded_inside && !equal.is_empty() {
                    arms.push(joined(&equal));
                }
                break;
            };
            let is_last = column + 1 == names.len();
            let operator = if is_last { last } else { strict };
            let mut all = equal.clone();
            all.push(format!("({} {operator} {constant})", names[column]));
            arms.push(joined(&all));
            equal.push(format!("({} = {constant})", names[column]));
        }
        match arms.len() {
            0 => {}
            1 => parts.extend(arms),
            _ => parts.push(format!("({})", arms.join(" OR "))),
        }
    }
    parts
}

fn joined(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        many => format!("({})", many.join(" AND ")),
    }
}

fn key_names(catalog: &Catalog, path: &[Oid], parent: &Relation, key: &PartitionKey) -> Vec<String> {
    key.columns
        .iter()
        .map(|column| match &column.expression {
            Some(sql) => display(catalog, path, sql),
            None => {
                let at = usize::try_from(column.column - 1).unwrap_or(0);
                parent.columns.get(at).map_or_else(String::new, |c| quote_identifier(&c.name))
            }
        })
        .collect()
}

/// A constant with its type, as in an expression.
fn constant(catalog: &Catalog, path: &[Oid], value: &str, ty: SqlType) -> String {
    let starts_with_digit = value.starts_with(|c: char| c.is_ascii_digit());
    match ty.oid {
        oid::INT4 if starts_with_digit => value.to_owned(),
        oid::NUMERIC if starts_with_digit && value.contains(['.', 'e', 'E']) => value.to_owned(),
        oid::BOOL => (if value.starts_with('t') { "true" } else { "false" }).to_owned(),
        _ => {
            format!("{}::{}", quote_literal(value), catalog.format_type(path, ty.oid, Some(ty.typmod)))
        }
    }
}
