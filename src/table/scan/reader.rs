//! The loop that reads: stored rows to batches, on one thread.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::arrow::compute::{filter, prep_null_mask_filter};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::error::Result as DataFusionResult;
use datafusion::physical_expr::PhysicalExpr;
use tokio_util::sync::CancellationToken;

use super::{ScanColumn, external};
use crate::error::{Error, Result};
use crate::storage::{Key, KeyRange, Value, key};
use crate::table::TableInfo;
use crate::table::decode::{Decoder, StoredRows};
use crate::txn::{Keyspace, Overlay};

/// The handle behind a scan, and what its loop needs.
#[derive(Clone)]
pub struct Source {
    pub info: Arc<TableInfo>,
    pub overlay: Overlay,
    pub filter_columns: Vec<ScanColumn>,
    pub predicate: Option<Predicate>,
    pub batch_rows: usize,
    pub cancel: CancellationToken,
    pub alias: Option<String>,
}

/// A filter over the batch of its columns.
#[derive(Clone)]
pub struct Predicate {
    pub schema: SchemaRef,
    pub physical: Arc<dyn PhysicalExpr>,
}

/// Rows in the order that one partition reads them.
pub type RowIterator = Box<dyn Iterator<Item = Result<(u64, Value)>> + Send>;

/// The rows with a rid in `from..to`.
pub fn rid_rows(info: &TableInfo, overlay: &Overlay, from: u64, to: u64) -> RowIterator {
    let range = key::rows_between(info.storage_id(), from, to);
    Box::new(overlay.scan(Keyspace::Rows, &range, false).map(row_of))
}

/// The rows that an index's ranges name, in the order of rids, so that they come
/// as a sequential scan would give them.
pub fn index_rows(info: &TableInfo, overlay: &Overlay, ranges: &[KeyRange]) -> Result<RowIterator> {
    let mut rids = Vec::new();
    for range in ranges {
        for entry in overlay.scan(Keyspace::Indexes, range, false) {
            let (key, value) = entry?;
            rids.push(rid_of(&key, &value)?);
        }
    }
    rids.sort_unstable();
    rids.dedup();
    let (overlay, storage_id) = (overlay.clone(), info.storage_id());
    Ok(Box::new(rids.into_iter().map(move |rid| {
        overlay
            .get(Keyspace::Rows, &key::row(storage_id, rid))?
            .map(|value| (rid, value))
            .ok_or_else(|| dangling(rid))
    })))
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
        let mut rows = rows.peekable();
        while left > 0 && rows.peek().is_some() {
            if self.cancel.is_cancelled() {
                return Err(external(Error::query_canceled()));
            }
            let wanted = match &self.predicate {
                None => self.batch_rows.min(left),
                Some(_) => self.batch_rows,
            };
            let stored = take(&mut rows, wanted).map_err(external)?;
            let batch = self.batch(&stored, schema, projection)?;
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
    ) -> DataFusionResult<RecordBatch> {
        let decoder = Decoder::new(&self.info, stored).map_err(external)?;
        let Some(predicate) = &self.predicate else {
            return self.columns(&decoder, schema, projection, &[]);
        };
        let inputs = self.columns(&decoder, &predicate.schema, &self.filter_columns, &[])?;
        let keep = mask(predicate, &inputs)?;
        if keep.true_count() == stored.len() {
            return self.columns(&decoder, schema, projection, inputs.columns());
        }
        let positions: Vec<usize> = keep.values().set_indices().collect();
        let inputs: Vec<ArrayRef> =
            inputs.columns().iter().map(|c| filter(c, &keep)).collect::<Result<_, _>>()?;
        self.columns(&decoder.select(&positions), schema, projection, &inputs)
    }

    /// The projected columns; those that the filter has decoded are taken as they are.
    fn columns(
        &self,
        decoder: &Decoder<'_>,
        schema: &SchemaRef,
        projection: &[ScanColumn],
        decoded: &[ArrayRef],
    ) -> DataFusionResult<RecordBatch> {
        let mut columns = Vec::with_capacity(projection.len());
        for wanted in projection {
            let known = self.filter_columns.iter().position(|column| column == wanted);
            columns.push(match known.and_then(|at| decoded.get(at)) {
                Some(array) => array.clone(),
                None => decoder.scan_column(*wanted).map_err(external)?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(decoder.row_count()));
        Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
    }
}

/// Which rows pass; NULL does not.
fn mask(predicate: &Predicate, inputs: &RecordBatch) -> DataFusionResult<BooleanArray> {
    let result = predicate.physical.evaluate(inputs)?.into_array(inputs.num_rows())?;
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

fn dangling(rid: u64) -> Error {
    Error::data_corrupted(format!("an index entry names row {rid}, which does not exist"))
}
