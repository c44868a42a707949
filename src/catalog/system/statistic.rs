//! `pg_statistic`: what ANALYZE found.
//!
//! Each row has five places for statistics of different kinds; those that a column
//! has fill the first ones. Values are of type `anyarray` and hold an array's text.

use super::cell::*;
use crate::catalog::{Catalog, ColumnStatistics, PG_CATALOG, Statistics};
use crate::sql::types::{self, ArrayDim, ArrayValue, Datum, Oid, OutputContext, oid as type_oid};

/// `stakind`: most common values, histogram, correlation.
const COMMON: i16 = 1;
const HISTOGRAM: i16 = 2;
const CORRELATION: i16 = 3;

/// Places of a row.
const SLOTS: usize = 5;

/// One place: its kind, whether its operator is `=` or `<`, and its contents.
struct Slot {
    kind: i16,
    operator: &'static str,
    numbers: Datum,
    values: Datum,
}

pub(super) fn pg_statistic(catalog: &Catalog) -> Vec<Row> {
    catalog
        .all_statistics()
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
        .filter(|(table, column)| is_current(catalog, table, column))
        .map(|(table, column)| row(catalog, table.table, column))
        .collect()
}

/// Whether the column still is what the statistics are of.
fn is_current(catalog: &Catalog, table: &Statistics, found: &ColumnStatistics) -> bool {
    let at = usize::try_from(found.column - 1).unwrap_or(usize::MAX);
    let column = catalog.relation(table.table).and_then(|relation| relation.columns.get(at));
    column.is_some_and(|column| !column.dropped && column.ty.oid == found.ty)
}

/// The row of a column; of an expression `table` is 0.
pub(super) fn row(catalog: &Catalog, table: Oid, found: &ColumnStatistics) -> Row {
    let mut slots = slots(found).into_iter();
    let slots: Vec<Option<Slot>> = (0..SLOTS).map(|_| slots.next()).collect();
    let collation = catalog.type_(found.ty).map_or(0, |ty| ty.collation);
    let operator = |slot: &Slot| operator(catalog, slot.operator, found.ty);
    let mut row = vec![
        oid(table),
        int2(found.column),
        boolean(false),
        float4(found.null_fraction),
        int4(found.width),
        float4(found.distinct),
    ];
    row.extend(slots.iter().map(|slot| int2(slot.as_ref().map_or(0, |slot| slot.kind))));
    row.extend(slots.iter().map(|slot| oid(slot.as_ref().map_or(0, operator))));
    row.extend(slots.iter().map(|slot| oid(slot.as_ref().map_or(0, |_| collation))));
    let contents = |pick: fn(&Slot) -> &Datum| {
        slots.iter().map(move |slot| slot.as_ref().map_or(Datum::Null, |slot| pick(slot).clone()))
    };
    row.extend(contents(|slot| &slot.numbers));
    row.extend(contents(|slot| &slot.values));
    row
}

/// The operator that a type's values were compared with.
fn operator(catalog: &Catalog, name: &str, ty: Oid) -> Oid {
    let ty = if ty == type_oid::VARCHAR { type_oid::TEXT } else { ty };
    let found = catalog.operator_for(&[PG_CATALOG], None, name, ty, ty);
    found.ok().flatten().map_or(0, |operator| operator.oid)
}

fn slots(found: &ColumnStatistics) -> Vec<Slot> {
    let mut slots = Vec::new();
    if !found.common.is_empty() {
        slots.push(Slot {
            kind: COMMON,
            operator: "=",
            numbers: numbers(found.common.iter().map(|(_, part)| *part)),
            values: values(found.common.iter().map(|(value, _)| value)),
        });
    }
    if !found.histogram.is_empty() {
        slots.push(Slot {
            kind: HISTOGRAM,
            operator: "<",
            numbers: Datum::Null,
            values: values(&found.histogram),
        });
    }
    if let Some(correlation) = found.correlation {
        slots.push(Slot {
            kind: CORRELATION,
            operator: "<",
            numbers: numbers([correlation]),
            values: Datum::Null,
        });
    }
    slots
}

fn numbers(parts: impl IntoIterator<Item = f32>) -> Datum {
    array_of(type_oid::FLOAT4, parts.into_iter().map(Datum::Float4).collect())
}

/// An array of texts, as text: the elements are in their text form already.
fn values<'a>(texts: impl IntoIterator<Item = &'a String>) -> Datum {
    let elements: Vec<Datum> = texts.into_iter().cloned().map(Datum::Text).collect();
    let length = i32::try_from(elements.len()).unwrap_or(i32::MAX);
    let dims = vec![ArrayDim { length, lower_bound: 1 }];
    let array = ArrayValue { element_type: type_oid::TEXT, dims, elements };
    let mut text = Vec::new();
    let array = Datum::Array(Box::new(array));
    types::text_output(&array, type_oid::TEXT_ARRAY, &OutputContext::default(), &mut text);
    Datum::Text(String::from_utf8_lossy(&text).into_owned())
}
