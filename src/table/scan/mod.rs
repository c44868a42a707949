//! Tables as DataFusion sees them.
//!
//! [`provider`] makes the `TableProvider` of one table at one instant. Its
//! schema names columns `a{attnum}` and, when asked, what else a row version is
//! known by ([`ScanColumn`]).
//! `scan` decides how the rows are reached ([`access`]): all of them in the order
//! of rids, cut into ranges for several partitions, or those an index names. The
//! node it returns ([`node`]) is described completely by its [`ScanSpec`] (ids,
//! instant, projection, filters); the handle it reads through is apart from that.
//!
//! Comparisons of columns with constants are evaluated here ([`reader`]): the
//! columns they need are decoded first, the others only for rows that pass.

mod access;
mod filter;
pub mod in_order;
mod named;
mod node;
mod partial;
mod reader;
mod runtime;
mod statistics;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Statistics};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use tokio_util::sync::CancellationToken;

use super::info::TableInfo;
use super::partition::Proof;
use crate::error::Error;
use crate::txn::Overlay;

pub use access::{Access, IndexAccess, choose, few_rows, rid_ranges};
pub use filter::Comparison;
pub use node::TableScan;
pub use partial::{IndexHints, KeyComparison, implies};
pub use reader::{RowIterator, count_search, fetched, named_rows, rid_rows, scanned};

/// What one field of a scan's schema is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScanColumn {
    /// The table's column at a position (attribute number - 1).
    Stored(usize),
    /// The row's identity.
    Rid,
    /// The identity as clients see it.
    Ctid,
    /// The transaction that wrote the version.
    Xmin,
}

impl ScanColumn {
    /// The field's name.
    pub fn name(self) -> String {
        match self {
            ScanColumn::Stored(position) => format!("a{}", position + 1),
            ScanColumn::Rid => "rid".to_owned(),
            ScanColumn::Ctid => "ctid".to_owned(),
            ScanColumn::Xmin => "xmin".to_owned(),
        }
    }

    fn field(self, info: &TableInfo) -> Field {
        let (data_type, nullable) = match self {
            ScanColumn::Stored(position) => {
                let column = &info.columns[position];
                (column.arrow.clone(), !column.not_null)
            }
            ScanColumn::Rid => (DataType::Int64, false),
            ScanColumn::Ctid => (DataType::Utf8View, false),
            ScanColumn::Xmin => (DataType::UInt32, false),
        };
        Field::new(self.name(), data_type, nullable)
    }
}

/// How a statement wants its scans run.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// What the schema has after the table's columns.
    pub system: Vec<ScanColumn>,
    pub batch_rows: usize,
    /// The most partitions of one scan.
    pub parallelism: usize,
    pub cancel: CancellationToken,
    /// What is known of all rows, if the table is a partition.
    pub proof: Option<Arc<Proof>>,
    /// The table's name in EXPLAIN, where it has another one there.
    pub alias: Option<String>,
    /// Conditions that are asked of the rows above, for the choice of an index.
    pub hints: Vec<(usize, Comparison)>,
    /// What is known of indexes that are not over columns alone.
    pub indexes: IndexHints,
}

/// What a scan reads, without the handle it reads through.
#[derive(Clone, Debug)]
pub struct ScanSpec {
    pub table: u32,
    pub storage_id: u32,
    pub snapshot_ts: u64,
    pub access: Access,
    pub projection: Vec<ScanColumn>,
    pub filters: Vec<Expr>,
    pub limit: Option<usize>,
}

/// The table as a DataFusion table, at the overlay's instant.
pub fn provider(
    info: Arc<TableInfo>,
    overlay: Overlay,
    options: ScanOptions,
) -> Arc<dyn TableProvider> {
    let (schema, columns) = schema(&info, &options.system);
    Arc::new(Table { info, overlay, options, schema, columns })
}

/// The Arrow schema of a table's live columns and of `system`, and what each field is.
pub fn schema(info: &TableInfo, system: &[ScanColumn]) -> (SchemaRef, Vec<ScanColumn>) {
    let live = info.columns.iter().enumerate().filter(|(_, column)| !column.dropped);
    let mut columns: Vec<_> = live.map(|(position, _)| ScanColumn::Stored(position)).collect();
    columns.extend_from_slice(system);
    let fields: Vec<Field> = columns.iter().map(|column| column.field(info)).collect();
    (Arc::new(Schema::new(fields)), columns)
}

/// What is known of the rows of a table that pass filters: all columns of its schema.
/// None if the table is not one of ours.
pub fn estimated(table: &dyn TableProvider, filters: &[Expr]) -> Option<Statistics> {
    let table = table.downcast_ref::<Table>()?;
    let mut statistics = table.statistics()?;
    let comparisons = filter::comparisons(&table.info, filters);
    statistics::keep(&mut statistics, &table.info, filters, &comparisons);
    Some(statistics)
}

/// The fields of a table's schema of which it is known how many combinations of values
/// there are, with their number.
pub fn distinct_together(table: &dyn TableProvider) -> Vec<(Vec<String>, f64)> {
    let Some(table) = table.downcast_ref::<Table>() else { return Vec::new() };
    let known = table.info.together().iter().flat_map(|object| &object.distinct);
    let name = |position: &usize| ScanColumn::Stored(*position).name();
    known.map(|(positions, number)| (positions.iter().map(name).collect(), *number)).collect()
}

struct Table {
    info: Arc<TableInfo>,
    overlay: Overlay,
    options: ScanOptions,
    schema: SchemaRef,
    columns: Vec<ScanColumn>,
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
        let filter = self.filter(state, filters)?;
        let comparisons = filter::comparisons(&self.info, filters);
        let nulls = filter::null_tests(filters);
        let mut known: Vec<_> = comparisons.iter().cloned().chain(nulls).collect();
        if self.options.proof.as_ref().is_some_and(|proof| !proof.may_hold(&known)) {
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        known.extend_from_slice(&self.options.hints);
        let access =
            access::choose(&self.info, &self.overlay, &known, &self.options).map_err(external)?;
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
            filter,
            comparisons,
            runtime: Vec::new(),
            batch_rows: self.options.batch_rows.max(1),
            cancel: self.options.cancel.clone(),
            alias: self.options.alias.clone(),
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

    /// The filters as one over the columns that they name.
    fn filter(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> DataFusionResult<Option<reader::Filter>> {
        let Some(expr) = filters.iter().cloned().reduce(Expr::and) else {
            return Ok(None);
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
        Ok(Some(reader::Filter { columns, schema, physical }))
    }
}
