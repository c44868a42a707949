//! The physical node of a table scan.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::{Statistics, tree_node::TreeNodeRecursion};
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::{
    RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter,
};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
    ReplaceChildrenOptions,
};

use super::access::Access;
use super::reader::{RowIterator, Source, index_rows, rid_rows};
use super::{ScanSpec, external};

/// Batches that may wait between the reading thread and the query.
const BATCHES_MAX: usize = 2;
/// Up to this many rows named by an index are read in place, without a thread.
const INLINE_ROWS_MAX: usize = 64;

/// Reads one table. `spec` is its identity; `source` the handle it reads through.
#[derive(Clone)]
pub struct TableScan {
    spec: ScanSpec,
    schema: SchemaRef,
    source: Source,
    /// Of all partitions, without the limit.
    statistics: Statistics,
    properties: Arc<PlanProperties>,
}

impl TableScan {
    pub(super) fn new(
        spec: ScanSpec,
        schema: SchemaRef,
        source: Source,
        statistics: Statistics,
    ) -> TableScan {
        let partitions = match &spec.access {
            Access::Sequential(ranges) => ranges.len(),
            Access::Index(_) => 1,
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        TableScan { spec, schema, source, statistics, properties: Arc::new(properties) }
    }

    pub fn spec(&self) -> &ScanSpec {
        &self.spec
    }

    pub fn table_name(&self) -> &str {
        self.source.info.name()
    }

    /// What EXPLAIN calls it beside its name.
    pub fn alias(&self) -> Option<&str> {
        self.source.alias.as_deref()
    }

    /// About how many rows come of it, if that is known.
    pub fn estimated_rows(&self) -> Option<usize> {
        self.statistics.num_rows.get_value().copied()
    }

    fn rows(&self, partition: usize) -> DataFusionResult<RowIterator> {
        match &self.spec.access {
            Access::Sequential(ranges) => {
                let (from, to) = ranges[partition];
                Ok(rid_rows(&self.source.info, &self.source.overlay, from, to))
            }
            Access::Index(access) => {
                index_rows(&self.source.info, &self.source.overlay, &access.ranges)
                    .map_err(external)
            }
        }
    }

    fn is_small(&self) -> bool {
        matches!(&self.spec.access, Access::Index(access) if access.rows <= INLINE_ROWS_MAX)
    }

    fn read(
        &self,
        partition: usize,
        send: impl FnMut(datafusion::arrow::record_batch::RecordBatch) -> bool,
    ) -> DataFusionResult<()> {
        let rows = self.rows(partition)?;
        self.source.run(rows, &self.schema, &self.spec.projection, self.spec.limit, send)
    }
}

impl fmt::Debug for TableScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableScan").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl DisplayAs for TableScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.spec.access {
            Access::Sequential(ranges) => {
                write!(f, "TableScan: {}, partitions={}", self.table_name(), ranges.len())?;
            }
            Access::Index(access) => {
                write!(f, "TableScan: {}, index={}", self.table_name(), access.index_name)?;
            }
        }
        if let Some(limit) = self.spec.limit {
            write!(f, ", limit={limit}")?;
        }
        match self.spec.filters.as_slice() {
            [] => Ok(()),
            filters => {
                let filters: Vec<String> = filters.iter().map(ToString::to_string).collect();
                write!(f, ", filters=[{}]", filters.join(", "))
            }
        }
    }
}

impl ExecutionPlan for TableScan {
    fn name(&self) -> &str {
        "TableScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        match &self.source.predicate {
            Some(predicate) => f(&predicate.physical),
            None => Ok(TreeNodeRecursion::Continue),
        }
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(
        &self,
        partition: usize,
        _: Arc<TaskContext>,
    ) -> DataFusionResult<SendableRecordBatchStream> {
        if self.is_small() {
            let mut batches = Vec::new();
            self.read(partition, |batch| {
                batches.push(Ok(batch));
                true
            })?;
            let stream = futures::stream::iter(batches);
            return Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream)));
        }
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), BATCHES_MAX);
        let (scan, sender) = (self.clone(), builder.tx());
        builder.spawn_blocking(move || {
            scan.read(partition, |batch| match batch.num_rows() {
                0 => !sender.is_closed(),
                _ => sender.blocking_send(Ok(batch)).is_ok(),
            })
        });
        Ok(builder.build())
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> DataFusionResult<Arc<Statistics>> {
        let mut statistics = self.statistics.clone();
        match (&self.spec.access, args.partition()) {
            // What the index names has been counted.
            (Access::Index(access), _) => {
                statistics.num_rows = Precision::Inexact(access.rows);
            }
            (Access::Sequential(ranges), Some(_)) => {
                statistics.num_rows = statistics.num_rows.map(|rows| rows / ranges.len().max(1));
            }
            (Access::Sequential(_), None) => {}
        }
        if let Some(limit) = self.spec.limit {
            statistics.num_rows = statistics.num_rows.map(|rows| rows.min(limit)).to_inexact();
        }
        Ok(Arc::new(statistics))
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        let mut scan = self.clone();
        scan.spec.limit = limit;
        Some(Arc::new(scan))
    }

    fn fetch(&self) -> Option<usize> {
        self.spec.limit
    }
}
