//! The node whose rows come nearest first.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, UInt32Array};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::index::IndexInfo;
use crate::index::vector::{Class, Condition};
use crate::sql::functions::{EvalContext, VectorSettings};
use crate::sql::ir::Expr;
use crate::sql::plan::form::Form;
use crate::sql::plan::operator::{Operator, Run};
use crate::sql::plan::{Planner, batch};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::failure;
use crate::sql::types::Datum;
use crate::table::decode::{Decoder, StoredRows};
use crate::table::nearest::{Compared, Found, Nearest, Report, RowFilter};
use crate::table::scan::{Comparison, IndexHints};
use crate::table::{ScanColumn, TableInfo, lookup};
use crate::txn::Overlay;

/// One table that rows come from.
pub struct Source {
    pub info: Arc<TableInfo>,
    /// None: the table is scanned.
    pub index: Option<Arc<IndexInfo>>,
    /// What each column of the output is.
    pub fields: Vec<Field>,
    pub passes: Option<Passes>,
    pub compares: Compares,
    pub comparisons: Vec<(usize, Comparison)>,
    /// What identifies the filter, if its rows may be remembered.
    pub condition: Option<Condition>,
    pub hints: IndexHints,
    /// The table's name in EXPLAIN, where it has another one there.
    pub alias: Option<String>,
}

/// A column of the output.
pub enum Field {
    /// The table's, by position.
    Column(usize),
    System(ScanColumn),
    Constant(Datum, Form),
}

/// A filter over the columns at these positions.
pub struct Passes {
    pub evaluator: Evaluator,
    pub positions: Vec<usize>,
}

/// What is compared.
pub enum Compares {
    Column(usize),
    Expression { evaluator: Evaluator, positions: Vec<usize> },
}

impl Source {
    /// The nearest rows of this table.
    pub fn find(
        &self,
        search: &SearchContext<'_>,
        class: Class,
        query: &Datum,
        fetch: Option<usize>,
    ) -> Result<(Vec<Found>, Report)> {
        let eval = search.eval;
        let (params, info) = (search.params, &self.info);
        let filter = |_: u64, row: &[u8]| match &self.passes {
            Some(Passes { evaluator, positions }) => {
                evaluator.is_true(eval, params, &lookup::columns(info, row, positions)?)
            }
            None => Ok(true),
        };
        let value = |row: &[u8]| match &self.compares {
            Compares::Expression { evaluator, positions } => {
                evaluator.eval(eval, params, &lookup::columns(info, row, positions)?)
            }
            Compares::Column(_) => Err(Error::internal("a column is no expression")),
        };
        let nearest = Nearest {
            info,
            overlay: search.overlay,
            class,
            query,
            compared: match &self.compares {
                Compares::Column(position) => Compared::Column(*position),
                Compares::Expression { .. } => Compared::Expression(&value),
            },
            filter: self.passes.is_some().then_some(&filter as RowFilter<'_>),
            comparisons: &self.comparisons,
            condition: self.condition.as_ref(),
            hints: &self.hints,
            settings: &eval.settings.vector,
            cancel: search.cancel,
            threads: search.threads,
        };
        match &self.index {
            Some(index) => nearest.by_index(index, fetch),
            None => nearest.by_scan(fetch),
        }
    }
}

/// What a search works with.
pub struct SearchContext<'a> {
    pub eval: &'a EvalContext,
    pub params: &'a [Datum],
    pub overlay: &'a Overlay,
    pub cancel: &'a CancellationToken,
    pub threads: usize,
}

/// The nearest rows of a table, or of several as one.
pub struct NearestRows {
    sources: Vec<Source>,
    class: Class,
    query: Datum,
    fetch: Option<usize>,
    eval: Arc<EvalContext>,
    overlay: Overlay,
    cancel: CancellationToken,
    threads: usize,
    batch_rows: usize,
    /// The distance over the attribute numbers of the table that was named, for EXPLAIN.
    order_by: Option<Expr>,
    /// Of each source once it has been searched.
    reports: Mutex<Vec<(Report, usize)>>,
}

impl std::fmt::Debug for NearestRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nearest")
    }
}

impl NearestRows {
    pub fn new(
        planner: &Planner,
        sources: Vec<Source>,
        class: Class,
        query: &Datum,
        fetch: Option<usize>,
    ) -> NearestRows {
        let context = planner.context();
        NearestRows {
            sources,
            class,
            query: query.clone(),
            fetch,
            eval: Arc::clone(planner.eval()),
            overlay: planner.overlay().clone(),
            cancel: context.cancel.clone(),
            threads: context.limits.parallelism,
            batch_rows: context.limits.batch_rows.max(1),
            order_by: None,
            reports: Mutex::default(),
        }
    }

    /// With what EXPLAIN shows of it.
    pub fn shown(self, order_by: Expr) -> NearestRows {
        NearestRows { order_by: Some(order_by), ..self }
    }

    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    /// Whether it gave all rows that there are.
    pub fn gave_all(&self) -> bool {
        let given: usize = self.reports.lock().iter().map(|(_, rows)| rows).sum();
        self.fetch.is_none_or(|fetch| given < fetch)
    }

    /// The distance, over attribute numbers.
    pub fn order_by(&self) -> Option<&Expr> {
        self.order_by.as_ref()
    }

    /// How the session searches.
    pub fn settings(&self) -> VectorSettings {
        self.eval.settings.vector
    }

    /// What each source's search has cost and how many rows it gave, once it is done.
    pub fn reports(&self) -> Vec<(Report, usize)> {
        self.reports.lock().clone()
    }

    /// The rows of all sources, with the source of each, in order.
    fn find(&self) -> Result<Vec<(usize, Found)>> {
        let search = SearchContext {
            eval: &self.eval,
            params: &[],
            overlay: &self.overlay,
            cancel: &self.cancel,
            threads: self.threads,
        };
        let mut all = Vec::new();
        let mut reports = Vec::with_capacity(self.sources.len());
        for (at, source) in self.sources.iter().enumerate() {
            let (found, report) = source.find(&search, self.class, &self.query, self.fetch)?;
            reports.push((report, found.len()));
            all.extend(found.into_iter().map(|found| (at, found)));
        }
        *self.reports.lock() = reports;
        if self.sources.len() > 1 {
            all.sort_by(|(_, a), (_, b)| a.compare(b));
            all.truncate(self.fetch.unwrap_or(usize::MAX));
        }
        Ok(all)
    }

    /// Rows as one batch, in their order.
    fn batch(&self, rows: &[(usize, Found)], schema: &SchemaRef) -> Result<RecordBatch> {
        let mut pieces = Vec::new();
        let mut order: Vec<u32> = vec![0; rows.len()];
        let mut placed = 0u32;
        for (at, source) in self.sources.iter().enumerate() {
            let mut stored = StoredRows::default();
            for (place, (_, found)) in rows.iter().enumerate().filter(|(_, (of, _))| *of == at) {
                let row = match &found.row {
                    Some(row) => row.clone(),
                    None => lookup::row(&self.overlay, source.info.storage_id(), found.rid)?
                        .ok_or_else(|| Error::internal("a row that was found is there"))?,
                };
                stored.push(found.rid, row);
                order[place] = placed;
                placed += 1;
            }
            if !stored.is_empty() {
                pieces.push(columns(source, &stored, schema)?);
            }
        }
        match pieces.as_slice() {
            [only] => Ok(only.clone()),
            pieces => {
                let reveal = |error| failure::reveal_arrow(&error);
                let all = concat_batches(schema, pieces).map_err(reveal)?;
                take_record_batch(&all, &UInt32Array::from(order)).map_err(reveal)
            }
        }
    }
}

/// Rows of one source in the form of the output.
fn columns(source: &Source, stored: &StoredRows, schema: &SchemaRef) -> Result<RecordBatch> {
    let decoder = Decoder::new(&source.info, stored)?;
    let column = |field: &Field| -> Result<ArrayRef> {
        match field {
            Field::Column(position) => decoder.column(*position),
            Field::System(column) => decoder.scan_column(*column),
            Field::Constant(value, form) => {
                let values = vec![value; stored.len()];
                batch::column(values.into_iter(), form)
            }
        }
    };
    let columns = source.fields.iter().map(column).collect::<Result<Vec<_>>>()?;
    batch::assemble(schema, columns, stored.len())
}

impl Operator for NearestRows {
    fn name(&self) -> &str {
        "Index Scan"
    }

    fn rows(&self) -> Option<usize> {
        self.fetch
    }

    fn nearest(&self) -> Option<&NearestRows> {
        Some(self)
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let rows = on_thread(Arc::clone(&self), |node| node.find()).await?;
            let mut rows = rows;
            while !rows.is_empty() {
                let rest = rows.split_off(self.batch_rows.min(rows.len()));
                let batch = self.batch(&rows, &run.schema)?;
                rows = rest;
                if !run.sink.send(batch).await {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// Runs what computes and reads from disk where it holds up nobody.
async fn on_thread<T: Send + 'static>(
    node: Arc<NearestRows>,
    work: impl FnOnce(&NearestRows) -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(move || work(&node))
        .await
        .map_err(|error| Error::internal(format!("a search ended: {error}")))?
}
