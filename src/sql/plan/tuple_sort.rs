//! Sorting few rows in memory, with the algorithms of PostgreSQL's tuplesort.
//!
//! Neither PostgreSQL's sort nor DataFusion's is stable, but both are deterministic:
//! rows that compare equal come out in an order that the algorithm decides, and which
//! `last_value`, `DISTINCT ON` and `LIMIT` then show. For inputs that PostgreSQL would
//! sort in memory the order among equal rows is made the same: quicksort after Bentley
//! and McIlroy, with its check for input in order; with a LIMIT, a heap of so many rows
//! once there are twice as many.
//!
//! Larger inputs, and those that do not fit the memory pool, go to DataFusion's sort,
//! which spills; there the order among equal rows is its own.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::UInt32Array;
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result as DfResult;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, PlanProperties,
};
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;

use super::hashed::rows_of;

/// The most rows that are sorted here.
const ROWS_MAX: usize = 16_384;

/// Puts this sort in the place of every sort that may have few rows.
pub fn replace_sorts(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let replaced = plan.transform_up(|plan| match is_small(&plan) {
        true => Ok(Transformed::yes(Arc::new(TupleSort::over(plan)) as Arc<dyn ExecutionPlan>)),
        false => Ok(Transformed::no(plan)),
    })?;
    Ok(replaced.data)
}

fn sort_of(plan: &Arc<dyn ExecutionPlan>) -> Option<&SortExec> {
    let any: &dyn std::any::Any = plan.as_ref();
    any.downcast_ref::<SortExec>()
}

/// Whether a node is a sort of one stream that is not known to be long.
fn is_small(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let Some(sort) = sort_of(plan) else { return false };
    let partitions = sort.input().output_partitioning().partition_count();
    let rows = rows_of(sort.input().as_ref());
    partitions == 1 && rows.is_none_or(|rows| rows <= ROWS_MAX)
}

/// A sort; `sort` is DataFusion's, for what is too much.
#[derive(Debug)]
pub struct TupleSort {
    sort: Arc<dyn ExecutionPlan>,
    metrics: ExecutionPlanMetricsSet,
}

impl TupleSort {
    fn over(sort: Arc<dyn ExecutionPlan>) -> TupleSort {
        TupleSort { sort, metrics: ExecutionPlanMetricsSet::new() }
    }

    /// The sort that this one stands for.
    pub fn sort(&self) -> Option<&SortExec> {
        sort_of(&self.sort)
    }
}

impl DisplayAs for TupleSort {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sort.fmt_as(format, f)
    }
}

impl ExecutionPlan for TupleSort {
    fn name(&self) -> &str {
        "SortExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.sort.properties()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.sort.input_distribution_requirements()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.sort.maintains_input_order()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.sort.children()
    }

    fn replace_children(
        self: Arc<Self>,
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let sort = Arc::clone(&self.sort).replace_children(inputs, options)?;
        Ok(Arc::new(TupleSort::over(sort)))
    }

    fn with_new_children(
        self: Arc<Self>,
        inputs: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let sort = Arc::clone(&self.sort).replace_children(inputs, recomputed())?;
        Ok(Arc::new(TupleSort::over(sort)))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        self.sort.apply_expressions(f)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> DfResult<SendableRecordBatchStream> {
        let Some(sort) = self.sort() else { return self.sort.execute(partition, context) };
        let input = sort.input().execute(partition, Arc::clone(&context))?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let sorted = futures::stream::once(sorted(Arc::clone(&self.sort), input, context));
        let sorted = sorted.try_flatten().inspect_ok(move |batch: &RecordBatch| {
            metrics.record_output(batch.num_rows());
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), sorted)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Reads the input; sorts it here when it ends in time.
async fn sorted(
    sort: Arc<dyn ExecutionPlan>,
    mut input: SendableRecordBatchStream,
    context: Arc<TaskContext>,
) -> DfResult<SendableRecordBatchStream> {
    let schema = sort.schema();
    let reservation = MemoryConsumer::new("sort").register(context.memory_pool());
    let (mut rows, mut batches) = (0, Vec::new());
    while let Some(batch) = input.next().await {
        let batch = batch?;
        rows += batch.num_rows();
        let fits = reservation.try_grow(batch.get_array_memory_size() * 2).is_ok();
        batches.push(batch);
        if rows > ROWS_MAX || !fits {
            reservation.free();
            return handed_on(&sort, batches, input, context);
        }
    }
    match in_memory(&sort, &schema, &batches)? {
        Some(batch) => Ok(whole(schema, batch, reservation)),
        None => handed_on(&sort, batches, input, context),
    }
}

fn whole(
    schema: SchemaRef,
    batch: RecordBatch,
    reservation: MemoryReservation,
) -> SendableRecordBatchStream {
    let one = futures::stream::once(async move {
        // What is counted is held until the batch is read.
        drop(reservation);
        Ok(batch)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, one))
}

/// DataFusion's sort over what has been read and what is still to come.
fn handed_on(
    sort: &Arc<dyn ExecutionPlan>,
    batches: Vec<RecordBatch>,
    rest: SendableRecordBatchStream,
    context: Arc<TaskContext>,
) -> DfResult<SendableRecordBatchStream> {
    let schema = rest.schema();
    let read = futures::stream::iter(batches.into_iter().map(Ok));
    let stream: SendableRecordBatchStream =
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema), read.chain(rest)));
    let source: Arc<dyn PartitionStream> =
        Arc::new(Begun { schema: Arc::clone(&schema), stream: Mutex::new(Some(stream)) });
    let input = StreamingTableExec::try_new(schema, vec![source], None, Vec::new(), false, None)?;
    let over = Arc::clone(sort).replace_children(vec![Arc::new(input)], recomputed())?;
    over.execute(0, context)
}

pub fn recomputed() -> ReplaceChildrenOptions {
    ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute)
}

/// A stream that has been begun.
struct Begun {
    schema: SchemaRef,
    stream: Mutex<Option<SendableRecordBatchStream>>,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begun")
    }
}

impl PartitionStream for Begun {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let nothing = || -> SendableRecordBatchStream {
            let none = futures::stream::empty();
            Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), none))
        };
        self.stream.lock().take().unwrap_or_else(nothing)
    }
}

/// The rows in order, or `None` where they cannot be compared here.
fn in_memory(
    sort: &Arc<dyn ExecutionPlan>,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> DfResult<Option<RecordBatch>> {
    let Some(sort) = sort_of(sort) else { return Ok(None) };
    let mut fields = Vec::new();
    for key in sort.expr().iter() {
        let ty = key.expr.data_type(schema)?;
        fields.push(SortField::new_with_options(ty, key.options));
    }
    if !RowConverter::supports_fields(&fields) {
        return Ok(None);
    }
    let converter = RowConverter::new(fields)?;
    let batch = concat_batches(schema, batches)?;
    let columns = sort
        .expr()
        .iter()
        .map(|key| key.evaluate_to_sort_column(&batch).map(|column| column.values))
        .collect::<DfResult<Vec<_>>>()?;
    let keys = converter.convert_columns(&columns)?;
    let order = order(&keys, batch.num_rows() as u32, sort.fetch());
    Ok(Some(take_record_batch(&batch, &UInt32Array::from(order))?))
}

/// The numbers of the rows in order; with a limit, no more than so many.
fn order(keys: &Rows, count: u32, limit: Option<usize>) -> Vec<u32> {
    let compare = |a: u32, b: u32| keys.row(a as usize).cmp(&keys.row(b as usize));
    let mut tuples: Vec<u32> = (0..count).collect();
    match limit {
        Some(limit) if tuples.len() > limit.saturating_mul(2) => bounded(&tuples, limit, &compare),
        limit => {
            quicksort(&mut tuples, &compare);
            tuples.truncate(limit.unwrap_or(usize::MAX));
            tuples
        }
    }
}

type Compare<'c> = &'c dyn Fn(u32, u32) -> Ordering;

fn quicksort(mut a: &mut [u32], compare: Compare<'_>) {
    loop {
        let n = a.len();
        if a.windows(2).all(|pair| compare(pair[0], pair[1]).is_le()) {
            return;
        }
        if n < 7 {
            insertion_sort(a, compare);
            return;
        }
        a.swap(0, pivot(a, compare));
        let (less, greater) = partition(a, compare);
        // The smaller part first, by recursion; then the larger one.
        let (left, rest) = std::mem::take(&mut a).split_at_mut(less);
        let right_start = rest.len() - greater;
        let right = &mut rest[right_start..];
        let (small, large) = if less <= greater { (left, right) } else { (right, left) };
        if small.len() > 1 {
            quicksort(small, compare);
        }
        if large.len() <= 1 {
            return;
        }
        a = large;
    }
}

fn insertion_sort(a: &mut [u32], compare: Compare<'_>) {
    for end in 1..a.len() {
        let mut at = end;
        while at > 0 && compare(a[at - 1], a[at]).is_gt() {
            a.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// Where the pivot is: the middle, a median of three, or of three medians.
fn pivot(a: &[u32], compare: Compare<'_>) -> usize {
    let n = a.len();
    let middle = n / 2;
    if n == 7 {
        return middle;
    }
    let median = |x: usize, y: usize, z: usize| match compare(a[x], a[y]).is_lt() {
        true if compare(a[y], a[z]).is_lt() => y,
        true if compare(a[x], a[z]).is_lt() => z,
        true => x,
        false if compare(a[y], a[z]).is_gt() => y,
        false if compare(a[x], a[z]).is_lt() => x,
        false => z,
    };
    let (mut low, mut mid, mut high) = (0, middle, n - 1);
    if n > 40 {
        let d = n / 8;
        low = median(low, low + d, low + 2 * d);
        mid = median(mid - d, mid, mid + d);
        high = median(high - 2 * d, high - d, high);
    }
    median(low, mid, high)
}

/// Parts the rows by the first one; answers how many are less and how many greater.
/// The equal ones are gathered at both ends, then brought between.
fn partition(a: &mut [u32], compare: Compare<'_>) -> (usize, usize) {
    let n = a.len();
    // `c` and `d` are one beyond where they look, so that they cannot fall below zero.
    let (mut equal_left, mut b) = (1, 1);
    let (mut c, mut equal_right) = (n, n);
    loop {
        while b < c {
            let order = compare(a[b], a[0]);
            if order.is_gt() {
                break;
            }
            if order.is_eq() {
                a.swap(equal_left, b);
                equal_left += 1;
            }
            b += 1;
        }
        while b < c {
            let order = compare(a[c - 1], a[0]);
            if order.is_lt() {
                break;
            }
            if order.is_eq() {
                a.swap(c - 1, equal_right - 1);
                equal_right -= 1;
            }
            c -= 1;
        }
        if b >= c {
            break;
        }
        a.swap(b, c - 1);
        b += 1;
        c -= 1;
    }
    let (less, greater) = (b - equal_left, equal_right - c);
    let moved = equal_left.min(less);
    swap_ranges(a, 0, b - moved, moved);
    let moved = greater.min(n - equal_right);
    swap_ranges(a, b, n - moved, moved);
    (less, greater)
}

fn swap_ranges(a: &mut [u32], left: usize, right: usize, count: usize) {
    (0..count).for_each(|i| a.swap(left + i, right + i));
}

/// The first `limit` rows, by a heap whose top is the last of them.
fn bounded(tuples: &[u32], limit: usize, compare: Compare<'_>) -> Vec<u32> {
    if limit == 0 {
        return Vec::new();
    }
    let reversed = |a: u32, b: u32| compare(b, a);
    let mut heap: Vec<u32> = Vec::with_capacity(limit);
    for tuple in tuples {
        if heap.len() < limit {
            insert(&mut heap, *tuple, &reversed);
        } else if reversed(*tuple, heap[0]).is_gt() {
            replace_top(&mut heap, *tuple, &reversed);
        }
    }
    let mut count = heap.len();
    while count > 1 {
        let top = heap[0];
        count -= 1;
        let last = heap[count];
        replace_top(&mut heap[..count], last, &reversed);
        heap[count] = top;
    }
    heap
}

fn insert(heap: &mut Vec<u32>, tuple: u32, compare: Compare<'_>) {
    let mut at = heap.len();
    heap.push(tuple);
    while at > 0 {
        let parent = (at - 1) / 2;
        if compare(tuple, heap[parent]).is_ge() {
            break;
        }
        heap[at] = heap[parent];
        at = parent;
    }
    heap[at] = tuple;
}

fn replace_top(heap: &mut [u32], tuple: u32, compare: Compare<'_>) {
    let mut at = 0;
    loop {
        let mut child = 2 * at + 1;
        if child >= heap.len() {
            break;
        }
        if child + 1 < heap.len() && compare(heap[child], heap[child + 1]).is_gt() {
            child += 1;
        }
        if compare(tuple, heap[child]).is_le() {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    if let Some(place) = heap.get_mut(at) {
        *place = tuple;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts(values in prop::collection::vec(0u8..20, 0..300), limit in 0usize..50) {
            let compare = |a: u32, b: u32| values[a as usize].cmp(&values[b as usize]);
            let mut all: Vec<u32> = (0..values.len() as u32).collect();
            quicksort(&mut all, &compare);
            let mut expected = values.clone();
            expected.sort_unstable();
            let sorted: Vec<u8> = all.iter().map(|at| values[*at as usize]).collect();
            prop_assert_eq!(&sorted, &expected);
            let tuples: Vec<u32> = (0..values.len() as u32).collect();
            let first: Vec<u8> = bounded(&tuples, limit, &compare)
                .into_iter()
                .map(|at| values[at as usize])
                .collect();
            expected.truncate(limit);
            prop_assert_eq!(first, expected);
        }
    }
}
