//! How rows are reached: all of a rid range, or through an index.
//!
//! An index is worth it when it names few rows: each costs a point read, some
//! six times what a row costs in a sequential scan. How many it names is not
//! estimated but counted, up to the number at which it stops being worth it.

use std::cmp::Ordering;
use std::sync::Arc;

use super::ScanOptions;
use super::filter::Comparison;
use super::named::{self, NamedRows};
use super::partial::{IndexHints, KeyComparison};
use crate::catalog::{quote_identifier, quote_literal};
use crate::error::Result;
use crate::index::ordered::{End, KeySearch};
use crate::index::parts::{self, Need, Operator, Parts};
use crate::index::{GIN, IndexInfo};
use crate::sql::types;
use crate::storage::key;
use crate::table::TableInfo;
use crate::txn::{Keyspace, Overlay};

/// A partition is not made smaller than this.
const PARTITION_ROWS_MIN: u64 = 50_000;
/// The fraction of a table that an index may name: one in this many rows.
const INDEX_ROWS_DIVISOR: usize = 6;
/// Bounds on the number of rows read through an index.
const INDEX_ROWS_MIN: usize = 64;
const INDEX_ROWS_MAX: usize = 500_000;
/// Lists longer than this are not looked up value by value.
const LIST_MAX: usize = 100_000;

/// How a scan reaches its rows.
#[derive(Clone, Debug)]
pub enum Access {
    /// One rid range per partition, in order.
    Sequential(Vec<(u64, u64)>),
    Index(IndexAccess),
}

#[derive(Clone, Debug)]
pub struct IndexAccess {
    pub index: u32,
    pub index_name: String,
    /// Attribute numbers of the key columns that are bound.
    pub bound_columns: Vec<i16>,
    pub rows: Arc<NamedRows>,
    /// What it was asked beside comparisons of columns with values, in SQL.
    pub conditions: Vec<String>,
    /// Whether the index gives a bitmap of rows, and not rows in an order.
    pub bitmap: bool,
}

/// The cheapest access for these comparisons.
pub fn choose(
    info: &TableInfo,
    overlay: &Overlay,
    comparisons: &[(usize, Comparison)],
    options: &ScanOptions,
) -> Result<Access> {
    let hints = &options.indexes;
    if let Some(access) = by_index(info, overlay, comparisons, hints, None, 1)? {
        return Ok(Access::Index(access));
    }
    let rows = overlay.published().row_count(info.storage_id())?.max(0) as u64;
    sequential(info, overlay, rows, options).map(Access::Sequential)
}

/// The index that names the fewest rows, if they are few enough. `reads` are the
/// positions of the columns that the scan reads, if it reads nothing else.
pub fn by_index(
    info: &TableInfo,
    overlay: &Overlay,
    comparisons: &[(usize, Comparison)],
    hints: &IndexHints,
    reads: Option<&[usize]>,
    threads: usize,
) -> Result<Option<IndexAccess>> {
    let rows = overlay.published().row_count(info.storage_id())?.max(0) as usize;
    best_index((info, overlay), comparisons, hints, (reads, threads), rows)
}

/// The rids of the rows for which comparisons may hold, if an index names no more than
/// `limit` of them.
pub fn few_rows(
    info: &TableInfo,
    overlay: &Overlay,
    comparisons: &[(usize, Comparison)],
    hints: &IndexHints,
    limit: usize,
) -> Result<Option<Vec<u64>>> {
    let rows = limit.saturating_mul(INDEX_ROWS_DIVISOR);
    let best = best_index((info, overlay), comparisons, hints, (None, 1), rows)?;
    Ok(best.map(|access| access.rows.rids.clone()))
}

/// The best index, where it is worth it in a table of so many rows.
fn best_index(
    (info, overlay): (&TableInfo, &Overlay),
    comparisons: &[(usize, Comparison)],
    hints: &IndexHints,
    (reads, threads): (Option<&[usize]>, usize),
    rows: usize,
) -> Result<Option<IndexAccess>> {
    let mut best: Option<IndexAccess> = None;
    let is_complete =
        |index: &&Arc<IndexInfo>| index.valid && hints.hold_all(info, index, comparisons);
    let complete: Vec<_> = info.indexes.iter().filter(is_complete).collect();
    for index in complete.iter().filter(|index| !index.is_by_parts()) {
        let searches = searches(index, comparisons, hints);
        if searches.is_empty() {
            continue;
        }
        let limit = match &best {
            Some(best) => best.rows.rids.len(),
            None => (rows / INDEX_ROWS_DIVISOR).clamp(INDEX_ROWS_MIN, INDEX_ROWS_MAX),
        };
        // To look a key up costs as much as to read a row, also if it is not there.
        if searches.len() > limit {
            continue;
        }
        let from = (info, overlay);
        if let Some(rows) = named::find(from, index, &searches, reads, limit, threads)? {
            best = Some(IndexAccess {
                index: index.oid(),
                index_name: index.name().to_owned(),
                bound_columns: bound_columns(index, &searches[0]),
                rows: Arc::new(rows),
                conditions: key_conditions(index, &searches[0], hints),
                bitmap: false,
            });
        }
    }
    by_parts((info, overlay), &complete, comparisons, (hints, rows), best)
}

/// An index by parts that names fewer rows than the best of the others.
fn by_parts(
    (info, overlay): (&TableInfo, &Overlay),
    indexes: &[&Arc<IndexInfo>],
    comparisons: &[(usize, Comparison)],
    (hints, rows): (&IndexHints, usize),
    mut best: Option<IndexAccess>,
) -> Result<Option<IndexAccess>> {
    for index in indexes.iter().filter(|index| index.is_by_parts()) {
        let mut needs = Vec::new();
        let (mut bound_columns, mut conditions) = (Vec::new(), Vec::new());
        for (at, key) in index.keys.iter().enumerate() {
            for (position, comparison) in comparisons {
                if usize::try_from(key.column) != Ok(position + 1) {
                    continue;
                }
                let Some(need) = parts::need_of(&index.keys, at, comparison) else { continue };
                needs.push(need);
                match (comparison, key.parts) {
                    (Comparison::Parts(operator, value), Some(parts)) => {
                        conditions.push(condition_text(info, *position, *operator, value, parts));
                    }
                    _ => bound_columns.push(key.column),
                }
            }
            for KeyComparison { comparison, text, .. } in hints.of_key(index.oid(), at) {
                if let Some(need) = parts::need_of(&index.keys, at, comparison) {
                    needs.push(need);
                    conditions.push(text.clone());
                }
            }
        }
        if needs.is_empty() {
            continue;
        }
        let limit = match &best {
            Some(best) => best.rows.rids.len(),
            None => (rows / INDEX_ROWS_DIVISOR).clamp(INDEX_ROWS_MIN, INDEX_ROWS_MAX),
        };
        if let Some(rids) = parts::rids(index, overlay, &Need::All(needs), limit)? {
            best = Some(IndexAccess {
                index: index.oid(),
                index_name: index.name().to_owned(),
                bound_columns,
                rows: Arc::new(NamedRows { rids, rows: None }),
                conditions,
                bitmap: index.access_method == GIN,
            });
        }
    }
    Ok(best)
}

/// `(tags @> '{a}'::text[])`
fn condition_text(
    info: &TableInfo,
    position: usize,
    operator: Operator,
    value: &types::Datum,
    parts: Parts,
) -> String {
    let column = &info.columns[position];
    let (ty, name) = match value {
        types::Datum::Text(_) => match operator {
            Operator::PathExists | Operator::PathHolds => {
                (types::oid::JSONPATH, Some("jsonpath".to_owned()))
            }
            _ => (types::oid::TEXT, Some("text".to_owned())),
        },
        types::Datum::Array(array) if array.element_type == types::oid::TEXT => {
            (column.ty.oid, Some("text[]".to_owned()))
        }
        types::Datum::Jsonb(_) => (column.ty.oid, Some("jsonb".to_owned())),
        types::Datum::Array(_) => (column.ty.oid, None),
        types::Datum::Range(_) | types::Datum::Multirange(_) | types::Datum::Inet(_) => {
            (column.ty.oid, types::format_type(column.ty))
        }
        _ => {
            let of_bounds = match &column.repr {
                types::Repr::Range(ty) | types::Repr::Multirange(ty) => ty.bound_type(),
                _ => column.ty,
            };
            (of_bounds.oid, types::format_type(of_bounds))
        }
    };
    let text = types::to_text(value, ty, &types::OutputContext::default());
    let literal = match (value, name) {
        (types::Datum::Int4(_), _) => text,
        (_, Some(name)) => format!("{}::{name}", quote_literal(&text)),
        (_, None) => quote_literal(&text),
    };
    format!("({} {} {literal})", quote_identifier(&column.name), operator.symbol(parts))
}

/// The searches of an index that the comparisons allow; none if its first column is not
/// bound, but of a partial index all of it.
fn searches(
    index: &IndexInfo,
    comparisons: &[(usize, Comparison)],
    hints: &IndexHints,
) -> Vec<KeySearch> {
    let mut searches = vec![KeySearch::equal(Vec::new())];
    for (at, key) in index.keys.iter().enumerate() {
        let position = usize::try_from(key.column - 1).ok().filter(|_| key.column > 0);
        let of_column = || {
            let of_table = comparisons.iter().filter(move |(at, _)| Some(*at) == position);
            let of_expression = hints.of_key(index.oid(), at).map(|one| &one.comparison);
            of_table.map(|(_, comparison)| comparison).chain(of_expression)
        };
        let values = of_column().find_map(|comparison| match comparison {
            Comparison::Equal(datum) => Some(std::slice::from_ref(datum)),
            Comparison::OneOf(datums) => Some(datums.as_slice()),
            _ => None,
        });
        match values {
            Some(values) if values.len() * searches.len() <= LIST_MAX => {
                searches = multiply(&searches, values);
            }
            _ => {
                bound_range(&mut searches, key, of_column());
                break;
            }
        }
    }
    let unbound = |search: &KeySearch| {
        search.equal.is_empty() && matches!((&search.lower, &search.upper), (End::Open, End::Open))
    };
    searches.retain(|search| !unbound(search) || index.predicate.is_some());
    searches
}

/// How many keys of an index a search binds.
fn bound_keys(search: &KeySearch) -> usize {
    let ranged = !matches!((&search.lower, &search.upper), (End::Open, End::Open));
    search.equal.len() + usize::from(ranged)
}

fn bound_columns(index: &IndexInfo, search: &KeySearch) -> Vec<i16> {
    let bound = index.keys[..bound_keys(search)].iter();
    bound.map(|key| key.column).filter(|column| *column > 0).collect()
}

/// The conditions on keys that are expressions.
fn key_conditions(index: &IndexInfo, search: &KeySearch, hints: &IndexHints) -> Vec<String> {
    let bound = (0..bound_keys(search)).flat_map(|key| hints.of_key(index.oid(), key));
    bound.map(|one| one.text.clone()).collect()
}

fn multiply(searches: &[KeySearch], values: &[types::Datum]) -> Vec<KeySearch> {
    let mut all = Vec::with_capacity(searches.len() * values.len());
    for search in searches {
        for value in values {
            let mut next = search.clone();
            next.equal.push(value.clone());
            all.push(next);
        }
    }
    all
}

/// Narrows the searches by the column's inequalities; of several, the tightest.
pub(super) fn bound_range<'a>(
    searches: &mut [KeySearch],
    key: &crate::index::KeyColumn,
    comparisons: impl Iterator<Item = &'a Comparison>,
) {
    let (mut lower, mut upper) = (End::Open, End::Open);
    for comparison in comparisons {
        match comparison {
            Comparison::Above { bound, included } => {
                tighten(&mut lower, bound, *included, key, Ordering::Greater);
            }
            Comparison::Below { bound, included } => {
                tighten(&mut upper, bound, *included, key, Ordering::Less);
            }
            Comparison::Equal(_)
            | Comparison::OneOf(_)
            | Comparison::IsNull
            | Comparison::IsNotNull
            | Comparison::Parts(..) => {}
        }
    }
    for search in searches {
        search.lower = lower.clone();
        search.upper = upper.clone();
    }
}

fn tighten(
    end: &mut End,
    bound: &types::Datum,
    included: bool,
    key: &crate::index::KeyColumn,
    tighter: Ordering,
) {
    let replace = match &*end {
        End::Open => true,
        End::Included(old) | End::Excluded(old) => match types::compare(bound, old, &key.repr) {
            Ordering::Equal => !included,
            order => order == tighter,
        },
    };
    if replace {
        *end = if included { End::Included(bound.clone()) } else { End::Excluded(bound.clone()) };
    }
}

/// The rid ranges of a table that so many threads at most may read.
pub fn rid_ranges(info: &TableInfo, overlay: &Overlay, threads: usize) -> Result<Vec<(u64, u64)>> {
    let rows = overlay.published().row_count(info.storage_id())?.max(0) as u64;
    cut_into(info, overlay, rows, threads)
}

/// The rid ranges of a sequential scan's partitions.
fn sequential(
    info: &TableInfo,
    overlay: &Overlay,
    rows: u64,
    options: &ScanOptions,
) -> Result<Vec<(u64, u64)>> {
    cut_into(info, overlay, rows, options.parallelism)
}

fn cut_into(
    info: &TableInfo,
    overlay: &Overlay,
    rows: u64,
    parallelism: usize,
) -> Result<Vec<(u64, u64)>> {
    let partitions = (rows / PARTITION_ROWS_MIN).clamp(1, parallelism.max(1) as u64);
    let whole = key::rows(info.storage_id());
    if partitions == 1 {
        return Ok(vec![(0, u64::MAX)]);
    }
    let edge = |reverse| -> Result<Option<u64>> {
        let entry = overlay.scan(Keyspace::Rows, &whole, reverse).next().transpose()?;
        Ok(entry.and_then(|(key, _)| key::row_parts(&key)).map(|(_, rid)| rid))
    };
    let (Some(first), Some(last)) = (edge(false)?, edge(true)?) else {
        return Ok(vec![(0, u64::MAX)]);
    };
    let step = (last - first) / partitions + 1;
    let cut = |n: u64| if n == partitions { u64::MAX } else { first + n * step };
    Ok((0..partitions).map(|n| (cut(n), cut(n + 1))).collect())
}
