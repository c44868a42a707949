//! DataFusion as we use it: which of its rules run, and its configuration; and
//! our own folding of constants, which keeps PostgreSQL's errors.

use std::sync::Arc;

use datafusion::error::Result as DfResult;
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::optimizer::eliminate_duplicated_expr::EliminateDuplicatedExpr;
use datafusion::optimizer::eliminate_filter::EliminateFilter;
use datafusion::optimizer::eliminate_limit::EliminateLimit;
use datafusion::optimizer::eliminate_outer_join::EliminateOuterJoin;
use datafusion::optimizer::extract_equijoin_predicate::ExtractEquijoinPredicate;
use datafusion::optimizer::filter_null_join_keys::FilterNullJoinKeys;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::optimize_unions::OptimizeUnions;
use datafusion::optimizer::propagate_empty_relation::PropagateEmptyRelation;
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::push_down_limit::PushDownLimit;
use datafusion::optimizer::simplify_expressions::SimplifyExpressions;
use datafusion::optimizer::single_distinct_to_groupby::SingleDistinctToGroupBy;
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;

use super::cross_join::CrossJoins;
use super::operator::OperatorPlanner;
use super::{join_order, resort, tuple_sort, walk};
use crate::catalog::Volatility;
use crate::error::Result;
use crate::sql::functions::EvalContext;
use crate::sql::ir::visit;
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{StatementContext, failure};

/// How often the rules run over a plan.
const PASSES_MAX: usize = 3;

/// The most keys that a join hands to the scan of its larger side, one by one, and how
/// large they may be on average.
const LOOKUPS_MAX: usize = 100_000;
const LOOKUP_BYTES: usize = 64;

fn config(context: &StatementContext) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_batch_size(context.limits.batch_rows.max(1))
        .with_target_partitions(context.limits.parallelism.max(1));
    let options = config.options_mut();
    options.optimizer.max_passes = PASSES_MAX;
    options.optimizer.skip_failed_rules = false;
    // PostgreSQL gives the rows of an unsorted query in the order it finds them, and
    // programs have come to expect it: what comes as one stream stays one stream.
    options.optimizer.enable_round_robin_repartition = false;
    options.execution.collect_statistics = true;
    // So many keys of a join's smaller side a scan may look up in an index.
    options.optimizer.hash_join_inlist_pushdown_max_distinct_values = LOOKUPS_MAX;
    options.optimizer.hash_join_inlist_pushdown_max_size = LOOKUPS_MAX * LOOKUP_BYTES;
    config
}

/// The rules: DataFusion's own, without those for subqueries (lowering has no
/// subquery expressions) and for DISTINCT (lowered to aggregation by us). What makes
/// joins of cross products also puts joins in an order of its own, so it must not see
/// those that are in order.
pub(super) fn rules(joins_are_ordered: bool) -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = vec![
        Arc::new(OptimizeUnions::new()),
        Arc::new(SimplifyExpressions::new()),
        Arc::new(ExtractEquijoinPredicate::new()),
        Arc::new(EliminateDuplicatedExpr::new()),
        Arc::new(EliminateFilter::new()),
        Arc::new(CrossJoins::default()),
        Arc::new(EliminateLimit::new()),
        Arc::new(PropagateEmptyRelation::new()),
        Arc::new(FilterNullJoinKeys::default()),
        Arc::new(EliminateOuterJoin::new()),
        Arc::new(PushDownLimit::new()),
        Arc::new(PushDownFilter::new()),
        Arc::new(SingleDistinctToGroupBy::new()),
        Arc::new(CommonSubexprEliminate::new()),
        Arc::new(OptimizeProjections::new()),
    ];
    let reorders = CrossJoins::default();
    rules.retain(|rule| !joins_are_ordered || rule.name() != reorders.name());
    rules
}

/// What brings conditions to the joins and tables that they are about.
fn push_down_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    vec![
        Arc::new(SimplifyExpressions::new()),
        Arc::new(ExtractEquijoinPredicate::new()),
        Arc::new(EliminateFilter::new()),
        Arc::new(CrossJoins::default()),
        Arc::new(EliminateOuterJoin::new()),
        Arc::new(PushDownFilter::new()),
    ]
}

fn session_state(context: &StatementContext) -> SessionState {
    SessionStateBuilder::new()
        .with_config(config(context))
        .with_runtime_env(Arc::clone(&context.runtime))
        .with_physical_optimizer_rules(resort::physical_rules())
        .build()
}

pub fn task_context(context: &StatementContext) -> Arc<TaskContext> {
    Arc::new(
        TaskContext::default()
            .with_session_config(config(context))
            .with_runtime(Arc::clone(&context.runtime)),
    )
}

/// Joins are put in order when their conditions have been pushed down to them, and
/// before columns that are not needed are cut off between them.
fn logical(state: &SessionState, plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let mut plan = plan;
    let has_joins = join_order::applies(&plan);
    if has_joins {
        let push_down = Optimizer::with_rules(push_down_rules());
        plan = join_order::reorder(push_down.optimize(plan, state, |_, _| {})?)?;
    }
    Optimizer::with_rules(rules(has_joins)).optimize(plan, state, |_, _| {})
}

/// Optimises a logical plan and makes the physical one.
pub async fn physical(
    context: &StatementContext,
    plan: LogicalPlan,
) -> Result<Arc<dyn ExecutionPlan>> {
    let state = session_state(context);
    let plan = logical(&state, plan).map_err(failure::unwrap)?;
    let plan = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(OperatorPlanner)])
        .create_physical_plan(&plan, &state)
        .await
        .map_err(failure::unwrap)?;
    tuple_sort::replace_sorts(plan).map_err(failure::unwrap)
}

/// Computes an expression whose operands are all constant. One that fails is
/// left as it is: it fails when, and only when, it is evaluated.
pub fn fold(expr: &mut Expr, context: &EvalContext) {
    let foldable = match &expr.kind {
        ExprKind::Const(_)
        | ExprKind::Param(_)
        | ExprKind::Column(_)
        | ExprKind::Element
        | ExprKind::CaseOperand
        | ExprKind::Subquery(_)
        | ExprKind::Grouping(_) => false,
        ExprKind::Case { operand: Some(_), .. } | ExprKind::ArrayCoerce { .. } => {
            let mut foldable = true;
            visit::rewrite(&mut expr.clone(), &mut |e| foldable &= is_closed(e));
            foldable && !walk::is_volatile(expr)
        }
        _ => {
            let mut constant = true;
            let mut probe = expr.clone();
            visit::operands_mut(&mut probe, &mut |operand| {
                constant &= matches!(operand.kind, ExprKind::Const(_));
            });
            constant && !walk::is_volatile(expr)
        }
    };
    if !foldable || calls_mutable_routine(expr) {
        return;
    }
    let value = Evaluator::compile(expr, &[], &context.catalog)
        .and_then(|evaluator| evaluator.eval(context, &[], &[]));
    if let Ok(value) = value {
        expr.kind = ExprKind::Const(value);
    }
}

/// Whether a function that a user wrote is called that may answer differently, or say
/// something, when it is called where it stands.
fn calls_mutable_routine(expr: &Expr) -> bool {
    let mut found = false;
    let mut note = |expr: &Expr| {
        if let ExprKind::Call(call) = &expr.kind {
            found |=
                !call.function.is_native() && call.function.volatility != Volatility::Immutable;
        }
    };
    visit::each_in_expr(expr, &mut note, &mut |_| {});
    found
}

/// Whether nothing outside decides the expression's own value.
fn is_closed(expr: &Expr) -> bool {
    !matches!(
        expr.kind,
        ExprKind::Param(_) | ExprKind::Column(_) | ExprKind::Subquery(_) | ExprKind::Grouping(_)
    )
}
