//! What DataFusion is told of a scan before it runs: rows, and for each column the
//! distinct values, NULLs and bounds that ANALYZE found. All of it is inexact.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::logical_expr::Expr;

use super::ScanColumn;
use super::filter::{self, Comparison};
use crate::sql::types::{self, Datum, Repr};
use crate::table::TableInfo;
use crate::table::estimate;

/// Of all rows, for these columns of them.
pub fn of(info: &TableInfo, columns: &[ScanColumn], schema: &SchemaRef, rows: usize) -> Statistics {
    let columns = columns.iter().map(|what| column(info, *what, rows));
    Statistics {
        num_rows: Precision::Inexact(rows),
        column_statistics: columns.collect(),
        ..Statistics::new_unknown(schema)
    }
}

fn column(info: &TableInfo, what: ScanColumn, rows: usize) -> ColumnStatistics {
    let mut statistics = ColumnStatistics::new_unknown();
    let position = match what {
        ScanColumn::Stored(position) => position,
        ScanColumn::Rid | ScanColumn::Ctid => {
            statistics.distinct_count = Precision::Inexact(rows);
            return statistics;
        }
        ScanColumn::Xmin => return statistics,
    };
    if is_unique(info, position) {
        statistics.distinct_count = Precision::Inexact(rows);
    }
    let Some(known) = info.estimate(position) else { return statistics };
    statistics.null_count = Precision::Inexact((known.null_fraction * rows as f64) as usize);
    if let Some(distinct) = known.distinct(rows as f64).filter(|_| !is_unique(info, position)) {
        statistics.distinct_count = Precision::Inexact(distinct as usize);
    }
    if let Some((least, greatest)) = known.bounds().filter(|_| is_in_arrow_order(info, position)) {
        statistics.min_value = scalar(info, position, least);
        statistics.max_value = scalar(info, position, greatest);
    }
    statistics
}

/// Whether a column's values sort as those that stand for them in Arrow. Labels of an
/// enum, for one, do not.
fn is_in_arrow_order(info: &TableInfo, position: usize) -> bool {
    let column = &info.columns[position];
    match column.repr {
        Repr::Numeric => column.decimal_scale.is_some(),
        Repr::Bool | Repr::Int2 | Repr::Int4 | Repr::Int8 | Repr::Oid => true,
        Repr::Float4 | Repr::Float8 | Repr::Text | Repr::Bytea => true,
        Repr::Date | Repr::Time | Repr::Timestamp | Repr::TimestampTz => true,
        _ => false,
    }
}

/// Whether an index makes sure that no two rows have the same value.
fn is_unique(info: &TableInfo, position: usize) -> bool {
    info.indexes.iter().any(|index| index.is_unique_alone(position))
}

fn scalar(info: &TableInfo, position: usize, value: &Datum) -> Precision<ScalarValue> {
    let column = &info.columns[position];
    let array = types::arrow::array_of([value], &column.ty, &column.repr);
    match array.ok().and_then(|array| ScalarValue::try_from_array(&array, 0).ok()) {
        Some(value) => Precision::Inexact(value),
        None => Precision::Absent,
    }
}

/// Lowers the number of rows to those that pass the filters.
pub fn keep(
    statistics: &mut Statistics,
    info: &TableInfo,
    filters: &[Expr],
    comparisons: &[(usize, Comparison)],
) {
    let others =
        filters.iter().filter(|one| filter::comparisons(info, &[(*one).clone()]).is_empty());
    let others = others.count();
    statistics.num_rows = statistics.num_rows.map(|rows| {
        let part = estimate::selectivity(info, comparisons, others, rows as f64);
        ((rows as f64 * part).ceil() as usize).clamp(rows.min(1), rows)
    });
}
