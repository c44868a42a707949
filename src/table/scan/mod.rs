//! Tables as DataFusion sees them.
//!
//! [`provider`] makes the `TableProvider` of one table at one instant. Its
//! schema names columns `a{attnum}` and, when asked, the row's identity `rid`.
//! `scan` decides how the rows are reached ([`access`]): all of them in the order
//! of rids, cut into ranges for several partitions, or those an index names. The
//! node it returns ([`node`]) is described completely by its [`ScanSpec`] (ids,
//! instant, projection, filters); the handle it reads through is apart from that.
//!
//! Comparisons of columns with constants are evaluated here ([`reader`]): the
//! columns they need are decoded first, the others only for rows that pass.

mod access;
mod filter;
mod node;
mod reader;
mod statistics;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Statistics};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use tokio_util::sync::CancellationToken;

use super::info::TableInfo;
use crate::error::Error;
use crate::txn::Overlay;

pub use access::{Access, IndexAccess, choose};
pub use filter::Comparison;
pub use node::TableScan;
pub use reader::{RowIterator, index_rows, rid_rows};

/// The name of the row identity column.
pub const RID_COLUMN: &str = "rid";

/// How a statement wants its scans run.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Whether the schema ends with `rid`.
    pub with_rid: bool,
    pub batch_rows: usize,
    /// The most partitions of one scan.
    pub parallelism: usize,
    pub cancel: CancellationToken,
}

/// What a scan reads, without the handle it reads through.
#[derive(Clone, Debug)]
pub struct ScanSpec {
    pub table: u32,
    pub storage_id: u32,
    pub snapshot_ts: u64,
    pub access: Access,
    /// Positions of the table's columns (attribute number - 1); `None` is the rid.
    pub projection: Vec<Option<usize>>,
    pub filters: Vec<Expr>,
    pub limit: Option<usize>,
}

/// The table as a DataFusion table, at the overlay's instant.
pub fn provider(
    info: Arc<TableInfo>,
    overlay: Overlay,
    options: ScanOptions,
) -> Arc<dyn TableProvider> {
    let (schema, columns) = schema(&info, options.with_rid);
    Arc::new(Table { info, overlay, options, schema, columns })
}

/// The Arrow schema of a table's live columns, and what each field is.
pub fn schema(info: &TableInfo, with_rid: bool) -> (SchemaRef, Vec<Option<usize>>) {
    let mut fields = Vec::with_capacity(info.columns.len() + 1);
    let mut positions = Vec::with_capacity(info.columns.len() + 1);
    for (position, column) in info.columns.iter().enumerate().filter(|(_, c)| !c.dropped) {
        let name = format!("a{}", position + 1);
        fields.push(Field::new(name, column.arrow.clone(), !column.not_null));
        positions.push(Some(position));
    }
    if with_rid {
        fields.push(Field::new(RID_COLUMN, DataType::Int64, false));
        positions.push(None);
    }
    (Arc::new(Schema::new(fields)), positions)
}

struct Table {
    info: Arc<TableInfo>,
    overlay: Overlay,
    options: ScanOptions,
    schema: SchemaRef,
    columns: Vec<Option<usize>>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({})", self.info.name())
    }
}

/// Our errors travel through DataFusion as external ones.
pub(super) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| match filter::is_native(filter) {
                true => TableProviderFilterPushDown::Exact,
                false => TableProviderFilterPushDown::Unsupported,
            })
            .collect())
    }

    fn statistics(&self) -> Option<Statistics> {
        let rows = self.rows()?;
        Some(statistics::of(&self.info, &self.columns, &self.schema, rows))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let projection = projection.unwrap_or(&all);
        let schema = Arc::new(self.schema.project(projection)?);
        let (filter_columns, predicate) = self.predicate(state, filters)?;
        let comparisons = filter::comparisons(&self.info, filters);
        let access = access::choose(&self.info, &self.overlay, &comparisons, &self.options)
            .map_err(external)?;
        let spec = ScanSpec {
            table: self.info.oid(),
            storage_id: self.info.storage_id(),
            snapshot_ts: self.overlay.published().commit_ts,
            access,
            projection: projection.iter().map(|field| self.columns[*field]).collect(),
            filters: filters.to_vec(),
            limit,
        };
        let mut statistics = match self.rows() {
            Some(rows) => statistics::of(&self.info, &spec.projection, &schema, rows),
            None => Statistics::new_unknown(&schema),
        };
        statistics::keep(&mut statistics, &self.info, filters, &comparisons);
        let source = reader::Source {
            info: self.info.clone(),
            overlay: self.overlay.clone(),
            filter_columns,
            predicate,
            batch_rows: self.options.batch_rows.max(1),
            cancel: self.options.cancel.clone(),
        };
        Ok(Arc::new(TableScan::new(spec, schema, source, statistics)))
    }
}

impl Table {
    /// Rows of the table, as the newest commit counted them.
    fn rows(&self) -> Option<usize> {
        let rows = self.overlay.published().row_count(self.info.storage_id()).ok()?;
        usize::try_from(rows).ok()
    }

    /// The filters as one physical predicate over the columns that they name.
    fn predicate(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> DataFusionResult<(Vec<Option<usize>>, Option<reader::Predicate>)> {
        let Some(expr) = filters.iter().cloned().reduce(Expr::and) else {
            return Ok((Vec::new(), None));
        };
        let mut fields: Vec<usize> = expr
            .column_refs()
            .into_iter()
            .map(|column| self.schema.index_of(column.name()))
            .collect::<Result<_, _>>()?;
        fields.sort_unstable();
        let schema = Arc::new(self.schema.project(&fields)?);
        let df_schema = DFSchema::try_from(schema.clone())?;
        let physical = state.create_physical_expr(expr, &df_schema)?;
        let columns = fields.iter().map(|field| self.columns[*field]).collect();
        Ok((columns, Some(reader::Predicate { schema, physical })))
    }
}
