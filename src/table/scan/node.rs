//! The physical node of a table scan.

use std::fmt;
use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::{Statistics, tree_node::TreeNodeRecursion};
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::{
    RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter,
};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::StreamExt;
use parking_lot::Mutex;

use super::access::{Access, by_index};
use super::partial::IndexHints;
use super::reader::{RowIterator, Source, count_search, fetched, named_rows, rid_rows, scanned};
use super::{ScanColumn, ScanSpec, external, runtime};
use crate::txn::Counted;

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
    /// How the rows are reached once the query runs, the same in all partitions.
    access: Arc<Chosen>,
    /// Of all partitions, without the limit.
    statistics: Statistics,
    properties: Arc<PlanProperties>,
}

/// An access that is chosen once, on a thread that may block.
#[derive(Default)]
struct Chosen {
    choosing: Mutex<()>,
    access: OnceLock<Access>,
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
        let properties = Arc::new(properties);
        TableScan { spec, schema, source, access: Arc::default(), statistics, properties }
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
        let Source { info, overlay, .. } = &self.source;
        match self.access_now()? {
            Access::Sequential(ranges) => {
                let (from, to) = ranges[partition];
                if partition == 0 {
                    overlay.count(info.oid(), Counted::Scans, 1);
                }
                Ok(scanned(info, overlay, rid_rows(info, overlay, from, to)))
            }
            Access::Index(access) => {
                let partitions = self.properties.output_partitioning().partition_count().max(1);
                let count = access.rows.rids.len();
                let share = count.div_ceil(partitions);
                let share = (partition * share).min(count)..((partition + 1) * share).min(count);
                if partition == 0 {
                    count_search(access.index, overlay, count);
                }
                let rows = named_rows(info, overlay, &access.rows, share);
                Ok(fetched(access.index, overlay, rows))
            }
        }
    }

    /// The access that was planned, or a better one by what is known only now. The first
    /// partition that asks looks for it, and the others wait.
    fn access_now(&self) -> DataFusionResult<&Access> {
        let _choosing = self.access.choosing.lock();
        if let Some(access) = self.access.access.get() {
            return Ok(access);
        }
        let Source { info, overlay, comparisons, runtime, .. } = &self.source;
        let mut found = runtime::comparisons(info, &self.spec.projection, runtime)?;
        let mut access = self.spec.access.clone();
        if !found.is_empty() {
            found.extend(comparisons.iter().cloned());
            let threads = self.properties.output_partitioning().partition_count();
            let reads = self.reads();
            let hints = IndexHints::default();
            let index = by_index(info, overlay, &found, &hints, reads.as_deref(), threads);
            if let Some(index) = index.map_err(external)? {
                access = Access::Index(index);
            }
        }
        Ok(self.access.access.get_or_init(|| access))
    }

    /// The positions of the columns that are read; none if more is read than columns.
    fn reads(&self) -> Option<Vec<usize>> {
        let filtered = self.source.filter.iter().flat_map(|filter| &filter.columns);
        let columns = self.spec.projection.iter().chain(filtered);
        columns
            .filter(|column| **column != ScanColumn::Rid)
            .map(|column| match column {
                ScanColumn::Stored(position) => Some(*position),
                _ => None,
            })
            .collect()
    }

    fn is_small(&self) -> bool {
        self.source.runtime.is_empty()
            && matches!(&self.spec.access, Access::Index(access) if access.rows.rids.len() <= INLINE_ROWS_MAX)
    }

    /// Reads a partition on a thread of its own.
    fn start(self, partition: usize) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), BATCHES_MAX);
        let sender = builder.tx();
        builder.spawn_blocking(move || {
            self.read(partition, |batch| match batch.num_rows() {
                0 => !sender.is_closed(),
                _ => sender.blocking_send(Ok(batch)).is_ok(),
            })
        });
        builder.build()
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
        for expr in
            self.source.filter.iter().map(|filter| &filter.physical).chain(&self.source.runtime)
        {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    /// Takes the filters that joins and sorts above will know of while they run. None
    /// is promised to be applied.
    fn handle_child_pushdown_result(
        &self,
        phase: FilterPushdownPhase,
        offered: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> DataFusionResult<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let filters: Vec<_> = offered.parent_filters.iter().map(|one| one.filter.clone()).collect();
        let mut answer: FilterPushdownPropagation<Arc<dyn ExecutionPlan>> =
            FilterPushdownPropagation::all_unsupported(offered);
        // A limit counts the rows that would come without them.
        if phase == FilterPushdownPhase::Post && self.spec.limit.is_none() && !filters.is_empty() {
            let mut scan = self.clone();
            scan.source.runtime.extend(filters);
            scan.access = Arc::default();
            answer.updated_node = Some(Arc::new(scan));
        }
        Ok(answer)
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
        let scan = self.clone();
        if self.source.runtime.is_empty() {
            return Ok(scan.start(partition));
        }
        // What filters it is known when the first batch is asked for, not before.
        let stream = futures::stream::once(async move { scan.start(partition) }).flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream)))
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
                statistics.num_rows = Precision::Inexact(access.rows.rids.len());
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
