//! What holds for a partition's rows, as SQL: `pg_get_partition_constraintdef`.

use super::display::display;
use std::cmp::Ordering;

use crate::catalog::{
    Catalog, PartitionBound, PartitionKey, PartitionStrategy, RangeDatum, Relation,
    quote_identifier, quote_literal,
};
use crate::sql::types::{self, Datum, InputContext, Oid, SqlType, oid};

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
        PartitionBound::Default => default(catalog, path, parent, key, &names),
    })
}

/// The opposite of what the other partitions have.
fn default(
    catalog: &Catalog,
    path: &[Oid],
    parent: &Relation,
    key: &PartitionKey,
    names: &[String],
) -> Vec<String> {
    let children = catalog.children(parent.oid).iter();
    let bounds = children.filter_map(|oid| catalog.relation(*oid)?.inheritance.bound.clone());
    let mut others: Vec<PartitionBound> =
        bounds.filter(|bound| *bound != PartitionBound::Default).collect();
    if others.is_empty() {
        return Vec::new();
    }
    if key.strategy == PartitionStrategy::List {
        let mut values: Vec<Option<String>> = Vec::new();
        for other in others {
            if let PartitionBound::List(own) = other {
                values.extend(own);
            }
        }
        values.sort_by(|a, b| compare(catalog, a.as_deref(), b.as_deref(), key.columns[0].ty));
        let parts = list(catalog, path, &names[0], key.columns[0].ty, &values);
        return vec![format!("(NOT {})", joined(&parts))];
    }
    others.sort_by(|a, b| match (a, b) {
        (PartitionBound::Range { from: a, .. }, PartitionBound::Range { from: b, .. }) => {
            let columns = key.columns.iter();
            let mut orders = a.iter().zip(b).zip(columns).map(|((a, b), column)| match (a, b) {
                (RangeDatum::Value(a), RangeDatum::Value(b)) => {
                    compare(catalog, Some(a), Some(b), column.ty)
                }
                (a, b) => rank(a).cmp(&rank(b)),
            });
            orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        }
        _ => Ordering::Equal,
    });
    let ranges: Vec<String> = others
        .iter()
        .filter_map(|other| match other {
            PartitionBound::Range { from, to } => {
                Some(joined(&range(catalog, path, names, key, from, to)))
            }
            _ => None,
        })
        .filter(|range| !range.is_empty())
        .collect();
    let mut parts: Vec<String> = names.iter().map(|name| format!("({name} IS NOT NULL)")).collect();
    match ranges.len() {
        0 => {}
        1 => parts.extend(ranges),
        _ => parts.push(format!("({})", ranges.join(" OR "))),
    }
    vec![format!("(NOT {})", joined(&parts))]
}

fn rank(datum: &RangeDatum) -> u8 {
    match datum {
        RangeDatum::MinValue => 0,
        RangeDatum::Value(_) => 1,
        RangeDatum::MaxValue => 2,
    }
}

/// Two values in their type's text form, NULL last.
fn compare(catalog: &Catalog, a: Option<&str>, b: Option<&str>, ty: SqlType) -> Ordering {
    let Ok(repr) = catalog.repr(ty.oid) else { return Ordering::Equal };
    let input = InputContext::default();
    let value = |text: Option<&str>| match text {
        Some(text) => types::text_input(text, ty, &repr, &input).unwrap_or(Datum::Null),
        None => Datum::Null,
    };
    types::compare(&value(a), &value(b), &repr)
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
                let unbounded_inside = matches!(
                    (&edge[column], last),
                    (RangeDatum::MinValue, ">=") | (RangeDatum::MaxValue, "<")
                );
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
        [] => String::new(),
        [one] => one.clone(),
        many => format!("({})", many.join(" AND ")),
    }
}

fn key_names(
    catalog: &Catalog,
    path: &[Oid],
    parent: &Relation,
    key: &PartitionKey,
) -> Vec<String> {
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
            format!(
                "{}::{}",
                quote_literal(value),
                catalog.format_type(path, ty.oid, Some(ty.typmod))
            )
        }
    }
}
