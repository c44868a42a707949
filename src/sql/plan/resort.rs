//! Sorts anew what an operator needs sorted and does not get so.
//!
//! DataFusion pushes a sort below joins and windows, where it may find that a key is a
//! constant and leaves it out. The operators in between do not always tell of that
//! constant, so that above them the rows no longer count as sorted, and the plan is
//! refused. This rule, the last before that check, puts a sort where one is missing.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result as DfResult;
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use super::tuple_sort::recomputed;

/// DataFusion's rules with this one before the last, which checks the plan.
pub fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    rules.insert(rules.len().saturating_sub(1), Arc::new(Resort));
    rules
}

#[derive(Debug)]
struct Resort;

impl PhysicalOptimizerRule for Resort {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(plan.transform_up(with_sorted_inputs)?.data)
    }

    fn name(&self) -> &str {
        "Resort"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn with_sorted_inputs(
    plan: Arc<dyn ExecutionPlan>,
) -> DfResult<Transformed<Arc<dyn ExecutionPlan>>> {
    let mut children: Vec<Arc<dyn ExecutionPlan>> =
        plan.children().into_iter().map(Arc::clone).collect();
    let mut changed = false;
    for (child, required) in children.iter_mut().zip(plan.required_input_ordering()) {
        let Some(required) = required.map(|required| required.into_single()) else { continue };
        if child.equivalence_properties().ordering_satisfy_requirement(required.clone())? {
            continue;
        }
        let sorted = SortExec::new(LexOrdering::from(required), Arc::clone(child))
            .with_preserve_partitioning(child.output_partitioning().partition_count() > 1);
        *child = Arc::new(sorted);
        changed = true;
    }
    match changed {
        true => Ok(Transformed::yes(plan.replace_children(children, recomputed())?)),
        false => Ok(Transformed::no(plan)),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Int32Array;
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use datafusion::arrow::record_batch::RecordBatch;
    use datafusion::datasource::memory::MemorySourceConfig;
    use datafusion::physical_expr::PhysicalSortExpr;
    use datafusion::physical_expr::expressions::col;
    use datafusion::physical_plan::displayable;
    use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;

    use super::*;

    #[test]
    fn what_has_to_be_merged_in_order_is_sorted() {
        let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int32, true)]));
        let batch =
            RecordBatch::try_new(schema.clone(), vec![Arc::new(Int32Array::from(vec![3, 1, 2]))])
                .expect("a batch");
        let partitions = [vec![batch.clone()], vec![batch]];
        let rows =
            MemorySourceConfig::try_new_exec(&partitions, schema.clone(), None).expect("a source");
        let key = PhysicalSortExpr::new_default(col("a", &schema).expect("a column"));
        let order = LexOrdering::new([key]).expect("an order");
        let merge = Arc::new(SortPreservingMergeExec::new(order, rows));
        let plan = Resort.optimize(merge, &ConfigOptions::default()).expect("a plan");
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        let nodes: Vec<&str> =
            shown.lines().filter_map(|line| line.trim().split(':').next()).collect();
        assert_eq!(nodes, ["SortPreservingMergeExec", "SortExec", "DataSourceExec"]);
        let again = Resort.optimize(plan, &ConfigOptions::default()).expect("a plan");
        assert_eq!(displayable(again.as_ref()).indent(false).to_string(), shown);
    }
}
