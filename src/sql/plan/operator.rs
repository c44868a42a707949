//! Our own physical operators inside DataFusion plans.
//!
//! What DataFusion lacks is an [`Operator`]: one output partition, inputs
//! merged into one partition each and, where they arrive in an order, kept in
//! it. An operator finds its input columns by name, so the optimiser may not
//! drop any of them below it, and nothing is pushed through it.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::Result as DfResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, OrderingRequirements, Partitioning, PhysicalExpr,
};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, PlanProperties,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::nearest::NearestRows;
use crate::error::Result;
use crate::sql::run::failure;

/// Batches between an operator and whoever reads it.
const BATCHES_IN_FLIGHT: usize = 2;

/// Where an operator puts its output.
pub struct Sink {
    sender: mpsc::Sender<DfResult<RecordBatch>>,
    metrics: BaselineMetrics,
}

impl Sink {
    /// Hands a batch on; `false` when nobody reads any more.
    pub async fn send(&self, batch: RecordBatch) -> bool {
        if batch.num_rows() == 0 {
            return true;
        }
        self.metrics.record_output(batch.num_rows());
        self.sender.send(Ok(batch)).await.is_ok()
    }
}

/// What an operator runs with.
pub struct Run {
    pub inputs: Vec<Arc<dyn ExecutionPlan>>,
    pub schema: SchemaRef,
    pub context: Arc<TaskContext>,
    pub sink: Sink,
}

impl Run {
    /// Starts reading input `index`.
    pub fn input(&self, index: usize) -> Result<SendableRecordBatchStream> {
        self.inputs[index].execute(0, Arc::clone(&self.context)).map_err(failure::unwrap)
    }
}

/// A relation that an operator reads.
#[derive(Clone, Debug)]
pub struct Scanned {
    pub schema: String,
    pub name: String,
    pub alias: String,
}

/// A physical operator of ours.
pub trait Operator: fmt::Debug + Send + Sync {
    /// The node's name in EXPLAIN.
    fn name(&self) -> &str;

    /// Whether rows leave in the order they came in, with the first input's
    /// columns first.
    fn keeps_order(&self) -> bool {
        false
    }

    /// Whether a filter over the output may be put over each input instead: the
    /// inputs have the output's columns.
    fn passes_filters(&self) -> bool {
        false
    }

    /// How many columns are appended to each row of the first input, if that is what this
    /// does: a filter over the others may be put below.
    fn appended(&self) -> Option<usize> {
        None
    }

    /// Whether its output is its input.
    fn passes_on(&self) -> bool {
        false
    }

    /// The relation whose rows are read, if that is what this does.
    fn scanned(&self) -> Option<&Scanned> {
        None
    }

    /// The node itself, if its rows come nearest first.
    fn nearest(&self) -> Option<&NearestRows> {
        None
    }

    /// How many rows there will be, where that is known.
    fn rows(&self) -> Option<usize> {
        None
    }

    /// Produces the whole output.
    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>>;
}

/// Hands the first input's batches on as they are.
pub async fn pass_on(run: Run) -> Result<()> {
    let mut input = run.input(0)?;
    while let Some(batch) = input.next().await {
        if !run.sink.send(batch.map_err(failure::unwrap)?).await {
            break;
        }
    }
    Ok(())
}

/// The logical node around an operator.
#[derive(Clone)]
pub struct OperatorNode {
    operator: Arc<dyn Operator>,
    inputs: Vec<LogicalPlan>,
    schema: DFSchemaRef,
}

impl OperatorNode {
    /// A plan that runs `operator` over `inputs` and produces `schema`.
    pub fn plan(
        operator: Arc<dyn Operator>,
        inputs: Vec<LogicalPlan>,
        schema: Schema,
    ) -> Result<LogicalPlan> {
        let schema = DFSchema::try_from(schema).map_err(failure::unwrap)?;
        let node = OperatorNode { operator, inputs, schema: Arc::new(schema) };
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.operator).cast::<()>() as usize
    }
}

/// How many rows a node of ours will give, where that is known.
pub fn known_rows(node: &Arc<dyn UserDefinedLogicalNode>) -> Option<usize> {
    node.as_any().downcast_ref::<OperatorNode>()?.operator.rows()
}

impl fmt::Debug for OperatorNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operator.name())
    }
}

impl PartialEq for OperatorNode {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address() && self.inputs == other.inputs
    }
}

impl Eq for OperatorNode {}

impl PartialOrd for OperatorNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl Hash for OperatorNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
        self.inputs.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for OperatorNode {
    fn name(&self) -> &str {
        self.operator.name()
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        self.inputs.iter().collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let columns = self.schema.fields().len();
        let kept_back = match (self.operator.passes_filters(), self.operator.appended()) {
            (true, _) => 0,
            (false, Some(appended)) => appended,
            (false, None) => columns,
        };
        let fields = self.schema.fields().iter().skip(columns.saturating_sub(kept_back));
        fields.map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operator.name())
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        Ok(OperatorNode { inputs, ..self.clone() })
    }
}

/// The physical node around an operator.
#[derive(Debug)]
pub struct OperatorExec {
    operator: Arc<dyn Operator>,
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    /// The order each input had when the plan was made, which it must keep.
    orderings: Vec<Option<OrderingRequirements>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl OperatorExec {
    fn new(
        operator: Arc<dyn Operator>,
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        schema: SchemaRef,
    ) -> OperatorExec {
        let orderings = inputs
            .iter()
            .map(|input| input.output_ordering().cloned().map(OrderingRequirements::from))
            .collect();
        OperatorExec::over(operator, inputs, schema, orderings)
    }

    /// Over inputs that the optimiser may have changed: what they must still be
    /// ordered by stays, what order the output has follows from theirs.
    fn over(
        operator: Arc<dyn Operator>,
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        schema: SchemaRef,
        orderings: Vec<Option<OrderingRequirements>>,
    ) -> OperatorExec {
        let kept = match inputs.first().and_then(|input| input.output_ordering()) {
            Some(ordering) if operator.keeps_order() => vec![ordering.clone()],
            _ => Vec::new(),
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new_with_orderings(schema, kept),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        OperatorExec {
            operator,
            inputs,
            orderings,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

/// The input of a node of ours that hands it on as it is.
pub fn passed_on(plan: &dyn ExecutionPlan) -> Option<&Arc<dyn ExecutionPlan>> {
    let any: &dyn std::any::Any = plan;
    let node = any.downcast_ref::<OperatorExec>()?;
    node.inputs.first().filter(|_| node.operator.passes_on())
}

/// The relation that a node of ours reads, and how many rows it has.
pub fn scanned(plan: &dyn ExecutionPlan) -> Option<(&Scanned, Option<usize>)> {
    let any: &dyn std::any::Any = plan;
    let node = any.downcast_ref::<OperatorExec>()?;
    Some((node.operator.scanned()?, node.operator.rows()))
}

/// The node whose rows come nearest first.
pub fn nearest(plan: &dyn ExecutionPlan) -> Option<&NearestRows> {
    let any: &dyn std::any::Any = plan;
    any.downcast_ref::<OperatorExec>()?.operator.nearest()
}

impl DisplayAs for OperatorExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operator.name())
    }
}

impl ExecutionPlan for OperatorExec {
    fn name(&self) -> &str {
        self.operator.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition; self.inputs.len()])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        self.orderings.clone()
    }

    /// An input that must be in an order of its own is not said to be kept: the
    /// optimiser would move a sort from above to below, in the place of that order.
    fn maintains_input_order(&self) -> Vec<bool> {
        let kept = |index: usize| {
            index == 0 && self.operator.keeps_order() && self.orderings[index].is_none()
        };
        (0..self.inputs.len()).map(kept).collect()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
    }

    fn replace_children(
        self: Arc<Self>,
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let operator = Arc::clone(&self.operator);
        let orderings = self.orderings.clone();
        Ok(Arc::new(OperatorExec::over(operator, inputs, self.schema(), orderings)))
    }

    fn with_new_children(
        self: Arc<Self>,
        inputs: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let operator = Arc::clone(&self.operator);
        let orderings = self.orderings.clone();
        Ok(Arc::new(OperatorExec::over(operator, inputs, self.schema(), orderings)))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> DfResult<SendableRecordBatchStream> {
        let schema = self.schema();
        let mut builder =
            RecordBatchReceiverStream::builder(Arc::clone(&schema), BATCHES_IN_FLIGHT);
        let sink =
            Sink { sender: builder.tx(), metrics: BaselineMetrics::new(&self.metrics, partition) };
        let run = Run { inputs: self.inputs.clone(), schema, context, sink };
        let work = Arc::clone(&self.operator).run(run);
        let failed = builder.tx();
        builder.spawn(async move {
            // Behind the batches: what a task ends with may overtake them.
            if let Err(error) = work.await {
                failed.send(Err(failure::wrap(error))).await.ok();
            }
            Ok(())
        });
        Ok(builder.build())
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Turns [`OperatorNode`]s into [`OperatorExec`]s.
pub struct OperatorPlanner;

#[async_trait]
impl ExtensionPlanner for OperatorPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<OperatorNode>() else { return Ok(None) };
        let schema = Arc::clone(node.schema.inner());
        Ok(Some(Arc::new(OperatorExec::new(Arc::clone(&node.operator), inputs.to_vec(), schema))))
    }
}
