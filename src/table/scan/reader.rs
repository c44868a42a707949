//! The loop that reads: stored rows to batches, on one thread.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::arrow::compute::{filter, prep_null_mask_filter};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::error::Result as DataFusionResult;
use datafusion::physical_expr::PhysicalExpr;
use tokio_util::sync::CancellationToken;

use super::filter::Comparison;
use super::named::NamedRows;
use super::runtime::RuntimeFilter;
use super::{ScanColumn, external};
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::storage::{Key, Value, key};
use crate::table::TableInfo;
use crate::table::decode::{Decoder, StoredRows};
use crate::txn::{Counted, Keyspace, Overlay};

/// The handle behind a scan, and what its loop needs.
#[derive(Clone)]
pub struct Source {
    pub info: Arc<TableInfo>,
    pub overlay: Overlay,
    pub filter: Option<Filter>,
    /// What the filter says about single columns.
    pub comparisons: Vec<(usize, Comparison)>,
    /// Those that become known while the query runs, over the scan's schema.
    pub runtime: Vec<Arc<dyn PhysicalExpr>>,
    pub batch_rows: usize,
    pub cancel: CancellationToken,
    pub alias: Option<String>,
}

/// A filter over the batch of its columns.
#[derive(Clone)]
pub struct Filter {
    pub columns: Vec<ScanColumn>,
    pub schema: SchemaRef,
    pub physical: Arc<dyn PhysicalExpr>,
}

/// Rows in the order that one partition reads them.
pub type RowIterator = Box<dyn Iterator<Item = Result<(u64, Value)>> + Send>;

/// Rows that are counted for their session as they are read.
struct CountedRows {
    rows: RowIterator,
    read: u64,
    overlay: Overlay,
    /// The table or index that they count for, and as what.
    relation: Oid,
    counted: Counted,
}

impl Iterator for CountedRows {
    type Item = Result<(u64, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next();
        self.read += u64::from(row.is_some());
        row
    }
}

impl Drop for CountedRows {
    fn drop(&mut self) {
        self.overlay.count(self.relation, self.counted, self.read);
    }
}

/// The rows of a table as a scan reads them, which counts.
pub fn scanned(info: &TableInfo, overlay: &Overlay, rows: RowIterator) -> RowIterator {
    let (overlay, relation, counted) = (overlay.clone(), info.oid(), Counted::Returned);
    Box::new(CountedRows { rows, read: 0, overlay, relation, counted })
}

/// The rows of a table as they are fetched by way of an index, which counts.
pub fn fetched(index: Oid, overlay: &Overlay, rows: RowIterator) -> RowIterator {
    let (overlay, relation, counted) = (overlay.clone(), index, Counted::Fetched);
    Box::new(CountedRows { rows, read: 0, overlay, relation, counted })
}

/// Counts a search in an index that names so many rows.
pub fn count_search(index: Oid, overlay: &Overlay, rows: usize) {
    overlay.count(index, Counted::Scans, 1);
    overlay.count(index, Counted::Returned, rows as u64);
}

/// The rows with a rid in `from..to`.
pub fn rid_rows(info: &TableInfo, overlay: &Overlay, from: u64, to: u64) -> RowIterator {
    let range = key::rows_between(info.storage_id(), from, to);
    Box::new(overlay.scan(Keyspace::Rows, &range, false).map(row_of))
}

/// The rows that an index has named, or a share of them.
pub fn named_rows(
    info: &TableInfo,
    overlay: &Overlay,
    named: &Arc<NamedRows>,
    share: Range<usize>,
) -> RowIterator {
    let (overlay, storage_id, named) = (overlay.clone(), info.storage_id(), Arc::clone(named));
    Box::new(share.map(move |at| {
        let rid = named.rids[at];
        if let Some(rows) = &named.rows {
            return Ok((rid, rows[at].clone()));
        }
        overlay
            .get(Keyspace::Rows, &key::row(storage_id, rid))?
            .map(|value| (rid, value))
            .ok_or_else(|| dangling(rid))
    }))
}

impl Source {
    /// Reads to the end, to the limit, or until `send` answers false.
    pub fn run(
        &self,
        rows: RowIterator,
        schema: &SchemaRef,
        projection: &[ScanColumn],
        limit: Option<usize>,
        mut send: impl FnMut(RecordBatch) -> bool,
    ) -> DataFusionResult<()> {
        let mut left = limit.unwrap_or(usize::MAX);
        let mut runtime: Vec<_> = self.runtime.iter().cloned().map(RuntimeFilter::new).collect();
        let mut rows = rows.peekable();
        while left > 0 && rows.peek().is_some() {
            if self.cancel.is_cancelled() {
                return Err(external(Error::query_canceled()));
            }
            let wanted = match self.filter.is_none() && runtime.is_empty() {
                true => self.batch_rows.min(left),
                false => self.batch_rows,
            };
            let stored = take(&mut rows, wanted).map_err(external)?;
            let batch = self.batch(&stored, schema, projection, &mut runtime)?;
            let batch = batch.slice(0, batch.num_rows().min(left));
            left -= batch.num_rows();
            if !send(batch) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn batch(
        &self,
        stored: &StoredRows,
        schema: &SchemaRef,
        projection: &[ScanColumn],
        runtime: &mut [RuntimeFilter],
    ) -> DataFusionResult<RecordBatch> {
        let decoder = Decoder::new(&self.info, stored).map_err(external)?;
        let mut rows = Rows { decoder, decoded: Vec::new() };
        if let Some(filter) = &self.filter {
            rows.keep(filter)?;
        }
        for filter in runtime {
            let seen = rows.decoder.row_count();
            if seen > 0
                && let Some(now) = filter.current(schema, projection)?
            {
                rows.keep(now)?;
                filter.count(seen, rows.decoder.row_count());
            }
        }
        rows.batch(schema, projection)
    }
}

/// Stored rows and those of their columns that are decoded by now.
struct Rows<'a> {
    decoder: Decoder<'a>,
    decoded: Vec<(ScanColumn, ArrayRef)>,
}

impl Rows<'_> {
    /// Drops the rows that a filter does not let through.
    fn keep(&mut self, with: &Filter) -> DataFusionResult<()> {
        let inputs = self.batch(&with.schema, &with.columns)?;
        for (column, array) in with.columns.iter().zip(inputs.columns()) {
            if !self.decoded.iter().any(|(known, _)| known == column) {
                self.decoded.push((*column, array.clone()));
            }
        }
        let keep = mask(with, &inputs)?;
        if keep.true_count() == keep.len() {
            return Ok(());
        }
        let positions: Vec<usize> = keep.values().set_indices().collect();
        self.decoder = self.decoder.select(&positions);
        for (_, array) in &mut self.decoded {
            *array = filter(array, &keep)?;
        }
        Ok(())
    }

    fn batch(&self, schema: &SchemaRef, columns: &[ScanColumn]) -> DataFusionResult<RecordBatch> {
        let column =
            |wanted: &ScanColumn| match self.decoded.iter().find(|(column, _)| column == wanted) {
                Some((_, array)) => Ok(array.clone()),
                None => self.decoder.scan_column(*wanted).map_err(external),
            };
        let columns = columns.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.decoder.row_count()));
        Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
    }
}

/// Which rows pass; NULL does not.
fn mask(filter: &Filter, inputs: &RecordBatch) -> DataFusionResult<BooleanArray> {
    let result = filter.physical.evaluate(inputs)?.into_array(inputs.num_rows())?;
    let result = result
        .as_any()
        .downcast_ref::<BooleanArray>()
        .ok_or_else(|| external(Error::internal("a filter is not boolean")))?;
    Ok(match result.null_count() {
        0 => result.clone(),
        _ => prep_null_mask_filter(result),
    })
}

fn take(rows: &mut std::iter::Peekable<RowIterator>, wanted: usize) -> Result<StoredRows> {
    let mut stored = StoredRows::with_capacity(wanted.min(1024));
    for row in rows.take(wanted) {
        let (rid, value) = row?;
        stored.push(rid, value);
    }
    Ok(stored)
}

fn row_of(entry: Result<(Key, Value)>) -> Result<(u64, Value)> {
    let (key, value) = entry?;
    let (_, rid) = key::row_parts(&key)
        .ok_or_else(|| Error::data_corrupted("a row's key is not twelve bytes long"))?;
    Ok((rid, value))
}

/// The rid of an index entry.
pub fn rid_of(key: &[u8], value: &[u8]) -> Result<u64> {
    key::index_rid(key, value).ok_or_else(|| Error::data_corrupted("an index entry has no rid"))
}

pub(super) fn dangling(rid: u64) -> Error {
    Error::data_corrupted(format!("an index entry names row {rid}, which does not exist"))
}
