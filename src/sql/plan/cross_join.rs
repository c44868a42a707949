//! Inner joins instead of cross products, where no key can be lost.
//!
//! DataFusion's rule takes a tree of inner joins apart and joins its relations anew by the
//! keys between two of them. A key that reads several relations on one side
//! (`a.n = b.n + c.n`) fits no pair, and is forgotten. Trees that have one are left alone:
//! the order of joins is found by [`join_order`](super::join_order), which keeps such keys
//! as conditions.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan};
use datafusion::optimizer::eliminate_cross_join::EliminateCrossJoin;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

#[derive(Debug, Default)]
pub struct CrossJoins(EliminateCrossJoin);

impl OptimizerRule for CrossJoins {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        match has_wide_key(&plan) {
            true => Ok(Transformed::no(plan)),
            false => self.0.rewrite(plan, config),
        }
    }
}

/// Whether a key of some inner join reads several of the relations that are joined.
fn has_wide_key(plan: &LogicalPlan) -> bool {
    let mut found = false;
    // The closure does not fail.
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Join(join) = node
            && join.join_type == JoinType::Inner
        {
            let mut relations = Vec::new();
            relations_of(node, &mut relations);
            let is_wide = |expr: &Expr| {
                let read = expr.column_refs();
                let reads = |plan: &&&LogicalPlan| read.iter().any(|c| plan.schema().has_column(c));
                relations.iter().filter(reads).count() > 1
            };
            found |= join.on.iter().any(|(left, right)| is_wide(left) || is_wide(right));
        }
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

/// What a tree of inner joins joins.
fn relations_of<'a>(plan: &'a LogicalPlan, found: &mut Vec<&'a LogicalPlan>) {
    match plan {
        LogicalPlan::Join(join) if join.join_type == JoinType::Inner => {
            relations_of(&join.left, found);
            relations_of(&join.right, found);
        }
        other => found.push(other),
    }
}
