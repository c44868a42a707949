//! ORDER BY a distance from a value: rows come from [`crate::table::nearest`], nearest
//! first, instead of being sorted.
//!
//! ```text
//! SELECT id FROM t WHERE n > 3 ORDER BY v <-> '[1,2]' LIMIT 5
//!   Limit(Sort(Project(Filter(Scan))))  →  Limit(Project(Filter(nearest rows of t)))
//! ```
//!
//! What is recognised ([`sought`]) is one ascending key that is an operator of a vector
//! index between something of the row (a column, or an expression that is an index's key)
//! and a value that is known when the query runs: a constant, a parameter, a subquery that
//! was run first, a column of an outer query. Between the sort and the table there may be
//! projections and filters, those of row security too. Over joins and under subqueries the
//! nearest rows drive the rest ([`driven`]). Aggregates are sorted.
//!
//! An index is used
//!
//! - under a LIMIT that is small against the table, if the table is not;
//! - always where sequential scans are disabled;
//!
//! and never where index scans are. A large table without an index is scanned for the
//! nearest rows with a bounded heap. Everything else is sorted.

mod condition;
mod driven;
mod fast;
mod operator;
mod way;

use std::sync::Arc;

use crate::catalog::Function;
use crate::error::Result;
use crate::index::vector::{Class, Element, Measure};
use crate::sql::ir::{Expr, ExprKind, JoinKind, Rel, Scan, SortKey, visit};
use crate::sql::plan::lower::{Lowering, Relation};
use crate::sql::plan::walk;

pub use fast::NearestSource;
pub use operator::{NearestRows, Source};
use way::{INDEX_ROWS_MIN, Wanted};

/// A sort that rows may come in the order of.
pub struct Sought<'a> {
    pub scan: &'a Scan,
    /// What is asked of the rows, the innermost first.
    pub filters: Vec<&'a Expr>,
    /// What is compared, over the scan's columns.
    pub compared: Expr,
    /// What with: no column of the scan is in it.
    pub query: Expr,
    /// The operator's function.
    pub function: Arc<Function>,
    pub class: Class,
}

/// A sort over a relation of which no more than `fetch` rows are read; none where it is to
/// be sorted.
pub fn lower(
    lowering: &Lowering<'_>,
    input: &Rel,
    keys: &[SortKey],
    fetch: Option<usize>,
) -> Result<Option<Relation>> {
    let wanted = Wanted { fetch, drives: false };
    if let Some((relation, _)) = way::lower_with(lowering, input, keys, wanted)? {
        return Ok(Some(relation));
    }
    match fetch {
        Some(fetch) => driven::lower(lowering, input, keys, fetch),
        None => Ok(None),
    }
}

/// Reads a sort over the rows of one table; none if it is another one.
pub fn sought<'a>(input: &'a Rel, keys: &[SortKey]) -> Option<Sought<'a>> {
    read(input, keys, false)
}

/// The same; `drives`: the rows may be joined, and conditions that only the planner can
/// decide may be asked of them.
fn read<'a>(input: &'a Rel, keys: &[SortKey], drives: bool) -> Option<Sought<'a>> {
    let [key] = keys else { return None };
    if key.descending || key.nulls_first {
        return None;
    }
    let mut expr = key.expr.clone();
    let mut filters = Vec::new();
    let mut is_driving = false;
    let mut rel = input;
    let scan = loop {
        match rel {
            Rel::Project { input, exprs } => {
                // What drives may be computed several times.
                if drives && exprs.iter().any(|(_, expr)| walk::is_volatile(expr)) {
                    return None;
                }
                visit::rewrite(&mut expr, &mut |part| {
                    if let ExprKind::Column(id) = &part.kind
                        && let Some((_, computed)) =
                            exprs.iter().find(|(column, _)| column.id == *id)
                    {
                        *part = computed.clone();
                    }
                });
                rel = input;
            }
            Rel::Filter { input, predicate } => {
                // It is asked here and above.
                if walk::is_volatile(predicate) {
                    return None;
                }
                match walk::has_subquery(predicate) {
                    true if !drives => return None,
                    true => is_driving = true,
                    false => filters.push(predicate),
                }
                rel = input;
            }
            Rel::Barrier { input } => rel = input,
            Rel::Join { kind, left, right, on, lateral } if drives => {
                if on.as_ref().is_some_and(walk::is_volatile) {
                    return None;
                }
                is_driving = true;
                // What is asked above is asked of rows that are joined.
                filters.clear();
                rel = kept_side(*kind, (left, right), *lateral, &expr)?;
            }
            Rel::Scan(scan) => break scan,
            _ => return None,
        }
    };
    if drives != is_driving {
        return None;
    }
    filters.reverse();
    let ExprKind::Call(call) = expr.kind else { return None };
    let class = class_of(&call.function)?;
    let function = Arc::clone(&call.function);
    let [left, right]: [Expr; 2] = call.args.try_into().ok()?;
    let is_of_scan = |expr: &Expr| !walk::columns_read(expr).is_empty();
    let (compared, query) = match (is_of_scan(&left), is_of_scan(&right)) {
        (true, false) => (left, right),
        (false, true) => (right, left),
        _ => return None,
    };
    let is_plain = |expr: &Expr| !walk::has_subquery(expr) && !walk::is_volatile(expr);
    let own: Vec<_> = scan.columns.iter().map(|(_, column)| column.id).collect();
    let reads_own = walk::columns_read(&compared).iter().all(|id| own.contains(id));
    (is_plain(&compared) && is_plain(&query) && reads_own).then_some(Sought {
        scan,
        filters,
        compared,
        query,
        function,
        class,
    })
}

/// The side of a join that has what is compared, if each of its rows is kept or dropped
/// whatever the others are.
fn kept_side<'a>(
    kind: JoinKind,
    (left, right): (&'a Rel, &'a Rel),
    lateral: bool,
    expr: &Expr,
) -> Option<&'a Rel> {
    let read = walk::columns_read(expr);
    let has = |rel: &Rel| {
        let columns = visit::columns(rel);
        !read.is_empty() && read.iter().all(|id| columns.iter().any(|column| column.id == *id))
    };
    match kind {
        JoinKind::Inner | JoinKind::Left if has(left) => Some(left),
        JoinKind::Inner | JoinKind::Right if has(right) && !lateral => Some(right),
        _ => None,
    }
}

/// The class of indexes that order by a function's result.
fn class_of(function: &Function) -> Option<Class> {
    if !function.is_native() {
        return None;
    }
    let (element, measure) = match function.source.as_str() {
        "l2_distance" => (Element::Vector, Measure::L2),
        "vector_negative_inner_product" => (Element::Vector, Measure::InnerProduct),
        "cosine_distance" => (Element::Vector, Measure::Cosine),
        "l1_distance" => (Element::Vector, Measure::L1),
        "halfvec_l2_distance" => (Element::Half, Measure::L2),
        "halfvec_negative_inner_product" => (Element::Half, Measure::InnerProduct),
        "halfvec_cosine_distance" => (Element::Half, Measure::Cosine),
        "halfvec_l1_distance" => (Element::Half, Measure::L1),
        "sparsevec_l2_distance" => (Element::Sparse, Measure::L2),
        "sparsevec_negative_inner_product" => (Element::Sparse, Measure::InnerProduct),
        "sparsevec_cosine_distance" => (Element::Sparse, Measure::Cosine),
        "sparsevec_l1_distance" => (Element::Sparse, Measure::L1),
        "hamming_distance" => (Element::Bit, Measure::Hamming),
        "jaccard_distance" => (Element::Bit, Measure::Jaccard),
        _ => return None,
    };
    Some(Class { element, measure })
}
