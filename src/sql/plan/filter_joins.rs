//! The order of semi and anti joins that filter the same rows.
//!
//! `WHERE EXISTS (…) AND NOT EXISTS (…)` becomes one such join on top of another. Each
//! only drops rows, so any order gives the same; the one that drops most goes first and
//! spares the others its rows.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::logical_expr::{Join, LogicalPlan};

use super::cardinality::{self, Estimate};

/// The join, if a node is one that only drops rows of its left side.
pub fn filtering(plan: &LogicalPlan) -> Option<&Join> {
    match plan {
        LogicalPlan::Join(join)
            if matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti)
                && join.null_equality == NullEquality::NullEqualsNothing =>
        {
            Some(join)
        }
        _ => None,
    }
}

/// Orders every chain of such joins in a plan.
pub fn reorder(plan: LogicalPlan) -> Result<LogicalPlan> {
    if filtering(&plan).is_none() {
        return Ok(plan.map_children(|child| reorder(child).map(Transformed::yes))?.data);
    }
    let mut joins = Vec::new();
    let mut base = plan;
    while let Some(join) = filtering(&base) {
        joins.push(join.clone());
        base = (*join.left).clone();
    }
    let base = reorder(base)?;
    let rows = cardinality::estimate(&base);
    let mut joins: Vec<(f64, Join)> =
        joins.into_iter().rev().map(|join| (kept(&join, &rows), join)).collect();
    // Equal ones stay in the order in which they are written.
    joins.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    joins.into_iter().try_fold(base, |left, (_, join)| {
        let right = reorder((*join.right).clone())?;
        Ok(LogicalPlan::Join(Join { left: left.into(), right: right.into(), ..join }))
    })
}

/// The share of rows that a join keeps: those that find a partner, or those that do not.
///
/// The partners of a key are taken to be spread at random: of `n` on average, there is
/// none with a chance of exp(-n).
fn kept(join: &Join, rows: &Estimate) -> f64 {
    let right = cardinality::estimate(&join.right);
    let mut known = 1.0;
    let mut distinct = 1.0;
    for (left, key) in &join.on {
        let values = right.distinct(key);
        known *= (values / rows.distinct(left)).min(1.0);
        distinct *= values;
    }
    let partners = right.rows / f64::min(distinct, right.rows).max(1.0);
    let passing = join
        .filter
        .as_ref()
        .map_or(1.0, |filter| cardinality::selectivity(filter, &rows.clone().beside(right)));
    let found = known * (1.0 - (-partners * passing).exp());
    match join.join_type {
        JoinType::LeftAnti => 1.0 - found,
        _ => found,
    }
}
