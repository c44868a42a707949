//! Running a query: planned and computed on the query runtime, handed over
//! batch by batch through a bounded channel, so that a slow client slows the
//! query down and nothing piles up.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::physical_plan::ExecutionPlan;
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::constants::Constants;
use super::runtime::{self, Task};
use super::work::Touched;
use super::{Lender, StatementContext, Work, failure, locking};
use crate::catalog::{Catalog, Volatility};
use crate::error::{Error, Result};
use crate::sql::dml;
use crate::sql::ir::visit;
use crate::sql::ir::{CteBody, Expr, ExprKind, OutputColumn, Query, Rel};
use crate::sql::outcome::{Outcome, ResultColumn, RowStream, Rows, RowsTag};
use crate::sql::plan::fast::FastPlan;
use crate::sql::plan::{self, Plan, Planner, walk};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;
use crate::txn::Activity;

/// Batches between the query and the session.
const BATCHES_IN_FLIGHT: usize = 2;

/// Rows of a query as datums, some at a time.
pub type RowChunks = Pin<Box<dyn Stream<Item = Result<Vec<Vec<Datum>>>> + Send>>;

/// The result columns of a query.
pub fn result_columns(output: &[OutputColumn], catalog: &Catalog) -> Arc<[ResultColumn]> {
    output.iter().map(|column| result_column(column, catalog)).collect()
}

/// An output column as a client is told of it.
pub fn result_column(column: &OutputColumn, catalog: &Catalog) -> ResultColumn {
    let ty = client_type(column.ty, catalog);
    ResultColumn {
        name: column.name.clone(),
        ty,
        length: catalog.type_(ty.oid).map_or(-1, |ty| ty.length),
        origin: column.origin.unwrap_or((0, 0)),
    }
}

/// A type as a client is told of it: what is under a domain; a record's modifier
/// numbers its fields for this process only.
fn client_type(ty: SqlType, catalog: &Catalog) -> SqlType {
    match ty.oid {
        oid::RECORD => SqlType::new(ty.oid),
        _ => catalog.base_type(ty),
    }
}

/// A query as a prepared statement keeps it: with its fast plan, if it has one.
pub struct CompiledQuery {
    query: Query,
    fast: Option<FastPlan>,
    columns: Arc<[ResultColumn]>,
    constants: Constants,
    /// See [`CompiledQuery::failing`].
    is_constant: bool,
    /// Whether it may be run a second time: its rows depend on something, and no function
    /// in it has an effect.
    is_repeatable: bool,
}

impl CompiledQuery {
    /// Compiles for one catalog; another version of it needs another compilation.
    pub fn new(query: &Query, catalog: &Catalog) -> CompiledQuery {
        let is_constant = is_constant(&query.rel);
        CompiledQuery {
            fast: FastPlan::recognise(query, catalog),
            columns: result_columns(&query.output, catalog),
            constants: Constants::of(&query.rel),
            is_constant,
            is_repeatable: !is_constant && !calls_volatile(&query.rel),
            query: query.clone(),
        }
    }

    /// Whether its rows are decided by constants and parameters alone, and computed at
    /// once: what PostgreSQL does while it plans.
    pub fn is_constant(&self) -> bool {
        self.is_constant && self.is_fast()
    }

    /// The rows of a query that has failed before the first one: PostgreSQL tells a
    /// client of the columns before it computes a row, and of the error then. `Err` for
    /// what PostgreSQL finds out while it plans: errors in what is constant.
    pub fn failing(&self, error: Error) -> Result<RowStream> {
        let is_planning = self.is_constant || error.code() == sqlstate::FEATURE_NOT_SUPPORTED;
        if is_planning || error.is_fatal() || error.is_catalog_changed() {
            return Err(error);
        }
        Ok(RowStream {
            columns: Arc::clone(&self.columns),
            rows: Box::pin(futures::stream::once(async { Err(error) })),
            tag: RowsTag::Counted("SELECT"),
            lender: None,
        })
    }

    /// Fails as PostgreSQL's planner does, before a client is told of columns.
    pub fn check_constants(&self, params: &[Datum], context: &StatementContext) -> Result<()> {
        match self.is_constant {
            // All of it is computed at once, and fails at once.
            true => Ok(()),
            false => self.constants.check(params, &context.eval),
        }
    }

    pub fn columns(&self) -> &Arc<[ResultColumn]> {
        &self.columns
    }

    /// Whether it may run without a plan of DataFusion.
    pub fn is_fast(&self) -> bool {
        self.fast.is_some()
    }

    /// The rows by the fast path, when it has one and they are few.
    pub fn fast_rows(
        &self,
        params: &[Datum],
        work: &mut Work,
        context: &StatementContext,
    ) -> Result<Option<Vec<Vec<Datum>>>> {
        match &self.fast {
            Some(fast) => {
                let overlay = context.overlay(work);
                context.lend(work, || fast.run(&overlay, &context.eval, params))
            }
            None => Ok(None),
        }
    }

    pub async fn execute(
        &self,
        params: &[Datum],
        work: &mut Work,
        context: &StatementContext,
    ) -> Result<RowStream> {
        let fast = match self.fast_rows(params, work, context) {
            // Planned after all, for the rows before the one that fails.
            Err(error) if self.is_repeatable && is_of_a_row(&error) => None,
            rows => rows?,
        };
        if let Some(rows) = fast {
            let rows = (!rows.is_empty()).then(|| Ok(Rows::Datums(rows)));
            return Ok(RowStream {
                columns: Arc::clone(&self.columns),
                rows: Box::pin(futures::stream::iter(rows)),
                tag: RowsTag::Counted("SELECT"),
                lender: None,
            });
        }
        execute_query(&self.query, params, work, context).await
    }
}

fn calls_volatile(rel: &Rel) -> bool {
    let mut found = false;
    let mut note = |expr: &Expr| {
        if let ExprKind::Call(call) = &expr.kind {
            found |= call.function.volatility == Volatility::Volatile;
        }
    };
    visit::each_in_rel(rel, &mut note, &mut |_| {});
    found
}

/// Whether an error comes from the values of a row, so that running the query another way
/// meets it again. A conflict with another transaction, say, is told once.
fn is_of_a_row(error: &Error) -> bool {
    matches!(error.code().as_str().get(..2), Some("21" | "22" | "P0"))
}

/// Whether nothing but constants and immutable functions decides the rows. What is
/// computed over several rows of values is computed row by row, where the values
/// themselves are not.
fn is_constant(rel: &Rel) -> bool {
    let is_value = |expr: &Expr| matches!(expr.kind, ExprKind::Const(_) | ExprKind::Param(_));
    let mut is_constant = match rel {
        Rel::Functions(_) | Rel::ProjectSet { .. } => false,
        Rel::Values { rows, .. } => rows.len() < 2 || !rows.iter().flatten().all(is_value),
        _ => true,
    };
    visit::inputs(rel, &mut |input| is_constant = is_constant && self::is_constant(input));
    if !is_constant {
        return false;
    }
    let (mut scans, mut changes) = (false, false);
    let mut note = |expr: &Expr| {
        if let ExprKind::Call(call) = &expr.kind {
            changes |= call.function.volatility != Volatility::Immutable;
        }
    };
    visit::each_in_rel(rel, &mut note, &mut |_| scans = true);
    !scans && !changes
}

/// Runs a query for a client.
pub async fn execute_query(
    query: &Query,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<RowStream> {
    let columns = result_columns(&query.output, &context.eval.catalog);
    let (_, batches) = start(query, params, work, context).await?;
    Ok(RowStream {
        columns,
        rows: Box::pin(batches.map(|batch| batch.map(Rows::Batch))),
        tag: RowsTag::Counted("SELECT"),
        lender: Lender::of(context),
    })
}

/// Runs a query for another part of the server: rows of datums.
pub async fn rows(
    query: &Query,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<RowChunks> {
    let (plan, batches) = start(query, params, work, context).await?;
    let reader = plan.reader()?;
    Ok(Box::pin(batches.map(move |batch| {
        let batch = batch?;
        (0..batch.num_rows()).map(|row| reader.row(&batch, row)).collect()
    })))
}

type Batches = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

/// Plans a query and starts it.
async fn start(
    query: &Query,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<(Plan, Batches)> {
    let mut query = query.clone();
    let shared;
    let context = match modifying_ctes(&mut query.rel).is_some() && context.reads.is_none() {
        true => {
            shared = context.at_one_instant(work);
            &shared
        }
        false => context,
    };
    run_modifications(&mut query, params, work, context).await?;
    Box::pin(locking::lock_rows(&mut query, params, work, context)).await?;
    let begun = Instant::now();
    let planner = Planner::new(context, context.overlay(work), params, &query);
    let cancel = context.cancel.clone();
    let planning = runtime::run(async move {
        let plan = planner.plan(&query).await?;
        let stream = plan.execute(planner.task_context())?;
        Ok((plan, stream))
    });
    let (plan, stream) = context.lend_while(work, cancellable(&cancel, planning)).await?;
    if context.eval.loan.depth() == 0 {
        context.eval.session.note_planning(begun.elapsed());
    }
    let (sender, receiver) = mpsc::channel(BATCHES_IN_FLIGHT);
    let (physical, activity) = (plan.physical.clone(), work.txn.activity().cloned());
    let task = runtime::spawn(pump(stream, sender, Spills { physical, activity }))?;
    Ok((plan, received(receiver, Task(task), cancel)))
}

async fn pump(
    mut stream: datafusion::execution::SendableRecordBatchStream,
    sender: mpsc::Sender<Result<RecordBatch>>,
    _spills: Spills,
) {
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failure::unwrap);
        let failed = batch.is_err();
        if sender.send(batch).await.is_err() || failed {
            return;
        }
    }
}

/// Counts what a plan has written to disk, once its rows are read or given up.
struct Spills {
    physical: Arc<dyn ExecutionPlan>,
    activity: Option<Arc<Activity>>,
}

impl Drop for Spills {
    fn drop(&mut self) {
        let Some(activity) = &self.activity else { return };
        let (files, bytes) = spilled_by(&self.physical);
        if files > 0 {
            activity.count_temporary(files as u64, bytes as u64);
        }
    }
}

/// Files and bytes that a plan has spilled.
fn spilled_by(plan: &Arc<dyn ExecutionPlan>) -> (usize, usize) {
    let metrics = plan.metrics();
    let count = metrics.as_ref().and_then(|metrics| metrics.spill_count()).unwrap_or(0);
    let bytes = metrics.as_ref().and_then(|metrics| metrics.spilled_bytes()).unwrap_or(0);
    plan.children()
        .into_iter()
        .map(spilled_by)
        .fold((count, bytes), |(count, bytes), below| (count + below.0, bytes + below.1))
}

/// Waits for a future unless the statement is cancelled.
async fn cancellable<T>(
    cancel: &CancellationToken,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::query_canceled()),
        result = future => result,
    }
}

/// The batches of a running query; it stops when they are dropped.
fn received(
    receiver: mpsc::Receiver<Result<RecordBatch>>,
    task: Task<()>,
    cancel: CancellationToken,
) -> Batches {
    let state = (receiver, task, cancel, false);
    Box::pin(futures::stream::unfold(state, |(mut receiver, mut task, cancel, done)| async move {
        if done {
            return None;
        }
        let item = tokio::select! {
            biased;
            () = cancel.cancelled() => Some(Err(Error::query_canceled())),
            item = receiver.recv() => item,
        };
        let item = match item {
            Some(item) => item,
            // The query ended: was it all, or a panic?
            None => match (&mut task.0).await {
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                _ => return None,
            },
        };
        let done = item.is_err();
        Some((item, (receiver, task, cancel, done)))
    }))
}

/// Runs the data-modifying CTEs of a query, in order; their RETURNING rows stay
/// as VALUES.
pub async fn run_modifications(
    query: &mut Query,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<()> {
    let touched = context.touched.as_ref().map(Touched::unread);
    let unread = StatementContext { touched, ..context.clone() };
    while let Some(ctes) = modifying_ctes(&mut query.rel) {
        let ids: Vec<u32> = ctes.iter().map(|cte| cte.id.0).collect();
        let is_read = |id: &u32| walk::reads_cte(&query.rel, &HashSet::from([*id]));
        let read: HashSet<u32> = ids.into_iter().filter(is_read).collect();
        let Some(ctes) = modifying_ctes(&mut query.rel) else { break };
        for position in 0..ctes.len() {
            let (before, rest) = ctes.split_at_mut(position);
            let cte = &mut rest[0];
            let CteBody::Modify(statement) = &mut cte.body else { continue };
            with_ctes(statement, before);
            let context = if read.contains(&cte.id.0) { context } else { &unread };
            let outcome = Box::pin(dml::execute(statement, params, work, context)).await?;
            let mut rows = Vec::new();
            if let Outcome::Rows(mut stream) = outcome {
                while let Some(chunk) = stream.rows.next().await {
                    match chunk? {
                        Rows::Datums(chunk) => rows.extend(chunk),
                        Rows::Batch(_) => {
                            return Err(Error::internal("RETURNING gives rows of datums"));
                        }
                    }
                }
            }
            cte.body = CteBody::Query(Box::new(constant_rows(&cte.columns, rows)));
            cte.materialized = true;
        }
    }
    Ok(())
}

/// Takes the data-modifying CTEs out of a query that will not run: nobody reads a row
/// of them.
pub fn take_modifications(query: &mut Query) -> Vec<crate::sql::ir::Statement> {
    let mut taken = Vec::new();
    while let Some(ctes) = modifying_ctes(&mut query.rel) {
        for position in 0..ctes.len() {
            let (before, rest) = ctes.split_at_mut(position);
            let cte = &mut rest[0];
            let rows = CteBody::Query(Box::new(constant_rows(&cte.columns, Vec::new())));
            match std::mem::replace(&mut cte.body, rows) {
                CteBody::Modify(mut statement) => {
                    with_ctes(&mut statement, before);
                    taken.push(*statement);
                    cte.materialized = true;
                }
                body => cte.body = body,
            }
        }
    }
    taken
}

/// The statement's CTEs, if some change rows: only those at its top can, but the plan of
/// what reads them may have come on top of them.
fn modifying_ctes(rel: &mut Rel) -> Option<&mut Vec<crate::sql::ir::Cte>> {
    let mut has_some = false;
    visit::modifications(rel, &mut |_| has_some = true);
    if !has_some {
        return None;
    }
    let mut rel = rel;
    loop {
        rel = match rel {
            Rel::With { ctes, body } => {
                match ctes.iter().any(|cte| matches!(cte.body, CteBody::Modify(_))) {
                    true => return Some(ctes),
                    false => body,
                }
            }
            Rel::Project { input, .. }
            | Rel::Filter { input, .. }
            | Rel::Sort { input, .. }
            | Rel::Limit { input, .. } => input,
            Rel::Join { left, right, .. } => {
                let mut is_left = false;
                visit::modifications(left, &mut |_| is_left = true);
                if is_left { left } else { right }
            }
            _ => return None,
        };
    }
}

/// Rows that are known, as a relation.
pub fn constant_rows(columns: &[OutputColumn], rows: Vec<Vec<Datum>>) -> Rel {
    let constant = |(value, column): (Datum, &OutputColumn)| Expr {
        kind: ExprKind::Const(value),
        ty: column.ty,
        location: -1,
    };
    let rows =
        rows.into_iter().map(|row| row.into_iter().zip(columns).map(constant).collect()).collect();
    Rel::Values { columns: columns.to_vec(), rows }
}

/// Lets a data-modifying CTE read the CTEs before it.
fn with_ctes(statement: &mut crate::sql::ir::Statement, ctes: &[crate::sql::ir::Cte]) {
    use crate::sql::ir::Statement;
    let rel = match statement {
        Statement::Query(query) => &mut query.rel,
        Statement::Insert(insert) => &mut insert.source.rel,
        Statement::Update(update) => &mut update.input,
        Statement::Delete(delete) => &mut delete.input,
        Statement::Merge(merge) => &mut merge.input,
        Statement::Several(several) => &mut several.nothing,
    };
    let reads = ctes.iter().any(|cte| plan::walk::reads_cte(rel, &[cte.id.0].into()));
    if reads {
        let body = std::mem::replace(rel, Rel::OneRow);
        *rel = Rel::With { ctes: ctes.to_vec(), body: Box::new(body) };
    }
}
