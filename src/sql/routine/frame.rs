//! What a body runs in: one call's place in the transaction.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::mpsc;

use super::counted::Counted;
use super::waiting::wait;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::command;
use crate::sql::functions::EvalContext;
use crate::sql::outcome::{Outcome, ResultColumn, RowStream, Rows, RowsTag};
use crate::sql::parse::{NodeEnum, ParsedStatement, ast};
use crate::sql::privilege::{self, Permissions};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{Loan, StatementContext, Work};
use crate::sql::types::{self, Datum};
use crate::sql::{self, Prepared};
use crate::sqlstate;
use crate::table::{TableState, TransitionTables};
use crate::txn::{self, Isolation};

/// How often a statement is bound anew because the catalog changed under it.
pub const RESTARTS_MAX: usize = 100;

/// One call of a routine at work.
pub struct Frame<'a> {
    pub work: &'a mut Work,
    /// Of the statement that calls.
    pub ctx: StatementContext,
    /// How many calls there are around, with this one.
    pub depth: usize,
    /// Whether its statements see what happens, and may write.
    pub volatile: bool,
    /// Set where COMMIT and ROLLBACK are allowed.
    pub control: Option<Control>,
    /// Subtransactions that are open.
    pub subtransactions: usize,
    /// What expressions that call nothing are evaluated in.
    eval: Arc<EvalContext>,
}

/// Where a procedure asks for the end of its transaction.
#[derive(Clone)]
pub struct Control {
    pub requests: mpsc::UnboundedSender<EndTransaction>,
}

/// COMMIT or ROLLBACK in a procedure: the work goes to the session, another comes back.
pub struct EndTransaction {
    pub commit: bool,
    pub chain: bool,
    pub work: Work,
    pub reply: std::sync::mpsc::SyncSender<(Option<Work>, Result<()>)>,
}

/// A subtransaction's beginning.
pub struct Saved {
    txn: txn::Savepoint,
    catalog: Arc<Catalog>,
    changes: usize,
    table: TableState,
    session: Option<Arc<dyn Any + Send + Sync>>,
}

impl<'a> Frame<'a> {
    pub fn new(work: &'a mut Work, ctx: StatementContext, depth: usize, volatile: bool) -> Self {
        let eval = Arc::new(EvalContext {
            loan: Arc::default(),
            transitions: None,
            ..(*ctx.eval).clone()
        });
        Frame { work, ctx, depth, volatile, control: None, subtransactions: 0, eval }
    }

    /// Lets the statements of a trigger function read its transition tables.
    pub fn show_transitions(&mut self, transitions: Option<Arc<TransitionTables>>) {
        self.eval = Arc::new(EvalContext { transitions, ..(*self.eval).clone() });
    }

    /// The context of expressions now.
    pub fn eval(&mut self) -> Result<Arc<EvalContext>> {
        let settings = self.eval.session.settings_view(&self.work.catalog)?;
        let same = Arc::ptr_eq(&self.eval.catalog, &self.work.catalog)
            && Arc::ptr_eq(&self.eval.settings, &settings);
        if !same {
            let eval = EvalContext {
                catalog: self.work.catalog.clone(),
                settings,
                loan: Arc::default(),
                ..(*self.eval).clone()
            };
            self.eval = Arc::new(eval);
        }
        Ok(self.eval.clone())
    }

    /// Begins a statement of the body: a snapshot and a catalog for it.
    pub fn begin_statement(&mut self) -> Result<StatementContext> {
        if self.volatile {
            if self.work.txn.isolation() == Isolation::ReadCommitted {
                self.work.txn.refresh_snapshot();
            }
            if !self.work.catalog_is_newest() || self.catalog_is_old() {
                self.work.refresh_catalog();
            }
        }
        let eval = self.eval()?;
        let loan = Arc::new(Loan::at(self.depth));
        let eval = Arc::new(EvalContext { loan, ..(*eval).clone() });
        // What a function reads is its own affair.
        Ok(StatementContext { eval, reads: None, touched: None, ..self.ctx.clone() })
    }

    /// Whether the committed catalog has moved on since this one was made.
    fn catalog_is_old(&self) -> bool {
        self.work.changes.is_empty()
            && !Arc::ptr_eq(&self.work.catalog, &self.work.committed_catalog())
    }

    /// Evaluates an expression for who may call what it calls.
    pub fn evaluate_allowed(
        &mut self,
        evaluator: &Evaluator,
        permissions: Option<&Permissions>,
        params: &[Datum],
    ) -> Result<Datum> {
        if let Some(permissions) = permissions {
            let eval = self.eval()?;
            privilege::check(permissions, &eval)?;
        }
        self.evaluate(evaluator, params)
    }

    /// Evaluates an expression.
    pub fn evaluate(&mut self, evaluator: &Evaluator, params: &[Datum]) -> Result<Datum> {
        if !evaluator.calls_functions() {
            let eval = self.eval()?;
            return evaluator.eval(&eval, params, &[]);
        }
        let ctx = self.begin_statement()?;
        ctx.eval.loan.open(self.work);
        ctx.lend(self.work, || evaluator.eval(&ctx.eval, params, &[]))
    }

    /// An expression that stands for a query of one row.
    pub fn value_as_row(
        &mut self,
        evaluator: &Evaluator,
        permissions: Option<&Permissions>,
        params: &[Datum],
    ) -> Result<Answer> {
        let value = self.evaluate_allowed(evaluator, permissions, params)?;
        let column = ResultColumn {
            name: "?column?".to_owned(),
            ty: evaluator.ty(),
            length: -1,
            origin: (0, 0),
        };
        Ok(Answer::from_rows([column].into(), vec![vec![value]]))
    }

    /// Runs a statement, to its end unless it gives rows.
    pub fn run(
        &mut self,
        prepared: &Arc<Prepared>,
        params: &[Datum],
        ctx: StatementContext,
    ) -> Result<Answer> {
        let outer = self.work.table.set_aside();
        let work = &mut *self.work;
        let running = sql::execute(prepared, params, work, &ctx);
        let outcome = wait(&ctx.eval, running);
        self.work.table.put_back(outer);
        self.answer(outcome?, ctx)
    }

    /// What a statement gave, for a body.
    pub fn answer(&mut self, outcome: Outcome, ctx: StatementContext) -> Result<Answer> {
        match outcome {
            Outcome::Rows(stream) => Ok(Answer::of(stream, ctx)),
            Outcome::Command(tag) => Ok(Answer::done(tag)),
            Outcome::Empty => Ok(Answer::done(String::new())),
            Outcome::CopyIn(_) | Outcome::CopyOut(_) => Err(copy_refused()),
        }
    }

    /// Refuses statements that a function which is not volatile may not run, and those
    /// of the transaction itself.
    pub fn check_allowed(&self, parsed: &ParsedStatement) -> Result<()> {
        match writing_verb(&parsed.node) {
            Some(verb) if !self.volatile => Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("{verb} is not allowed in a non-volatile function"),
            )),
            _ => Ok(()),
        }
    }

    /// `57014` once the statement was cancelled: loops ask.
    pub fn check_cancel(&self) -> Result<()> {
        match self.eval.session.is_cancelled() {
            true => Err(Error::query_canceled()),
            false => Ok(()),
        }
    }

    pub fn begin_subtransaction(&mut self) -> Saved {
        self.subtransactions += 1;
        Saved {
            txn: self.work.txn.savepoint(),
            catalog: self.work.catalog.clone(),
            changes: self.work.changes.len(),
            table: self.work.table.clone(),
            session: self.eval.session.save_settings(),
        }
    }

    pub fn release_subtransaction(&mut self, saved: Saved) {
        self.subtransactions -= 1;
        self.work.txn.release(saved.txn);
    }

    pub fn roll_back_subtransaction(&mut self, saved: Saved) {
        self.subtransactions -= 1;
        self.work.txn.rollback_to(&saved.txn);
        if !Arc::ptr_eq(&self.work.catalog, &saved.catalog) {
            self.work.catalog = saved.catalog;
            self.work.refreshed = None;
        }
        self.work.changes.truncate(saved.changes);
        self.work.table = saved.table;
        if let Some(session) = &saved.session {
            self.eval.session.restore_settings(session);
        }
    }

    /// COMMIT or ROLLBACK.
    pub fn end_transaction(&mut self, commit: bool, chain: bool) -> Result<()> {
        let invalid = || {
            Error::new(sqlstate::INVALID_TRANSACTION_TERMINATION, "invalid transaction termination")
        };
        let control = self.control.clone().ok_or_else(invalid)?;
        if self.subtransactions > 0 {
            let word = if commit { "commit" } else { "roll back" };
            return Err(Error::new(
                sqlstate::INVALID_TRANSACTION_TERMINATION,
                format!("cannot {word} while a subtransaction is active"),
            ));
        }
        let stand_in = self.work.stand_in();
        let work = std::mem::replace(self.work, stand_in);
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let request = EndTransaction { commit, chain, work, reply };
        let gone = |_| Error::query_canceled();
        control.requests.send(request).map_err(|_| Error::query_canceled())?;
        let (work, result) = answer.recv().map_err(gone)?;
        if let Some(work) = work {
            *self.work = work;
        }
        result
    }
}

/// What a statement of a body gives.
pub struct Answer {
    pub columns: Option<Arc<[ResultColumn]>>,
    /// Of a statement that is done: `INSERT 0 1`.
    pub tag: String,
    rows: Option<RowStream>,
    ctx: Option<StatementContext>,
    ready: VecDeque<Vec<Datum>>,
    counted: Option<Counted>,
}

impl Answer {
    fn done(tag: String) -> Answer {
        Answer { columns: None, tag, rows: None, ctx: None, ready: VecDeque::new(), counted: None }
    }

    fn of(stream: RowStream, ctx: StatementContext) -> Answer {
        let tag = match &stream.tag {
            RowsTag::Counted(_) => String::new(),
            RowsTag::Fixed(tag) => tag.clone(),
        };
        Answer {
            columns: Some(stream.columns.clone()),
            tag,
            rows: Some(stream),
            ctx: Some(ctx),
            ready: VecDeque::new(),
            counted: None,
        }
    }

    /// The same as of a statement that gives no rows.
    pub fn without_rows(self) -> Answer {
        Answer { columns: None, ..self }
    }

    /// Rows that are there already, as a statement's.
    pub fn from_rows(columns: Arc<[ResultColumn]>, rows: Vec<Vec<Datum>>) -> Answer {
        Answer {
            columns: Some(columns),
            tag: String::new(),
            rows: None,
            ctx: None,
            ready: rows.into(),
            counted: None,
        }
    }

    /// The number at the end of the tag: rows inserted, updated or deleted.
    pub fn affected(&self) -> u64 {
        self.tag.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// What comes of it is counted from here on.
    pub fn counted(mut self, counted: Option<Counted>) -> Answer {
        self.counted = counted;
        let affected = if self.columns.is_none() { self.affected() } else { 0 };
        if let Some(counted) = &mut self.counted {
            counted.pause();
            counted.add_rows(affected);
        }
        self
    }

    /// The next row.
    pub fn next(&mut self, frame: &mut Frame<'_>) -> Result<Option<Vec<Datum>>> {
        if let Some(counted) = &mut self.counted {
            counted.resume();
        }
        let next = self.next_row(frame);
        match (&next, &mut self.counted) {
            (Ok(row), Some(counted)) => {
                counted.pause();
                counted.add_rows(u64::from(row.is_some()));
            }
            (Err(_), counted) => {
                if let Some(counted) = counted.take() {
                    counted.fail();
                }
            }
            _ => {}
        }
        next
    }

    fn next_row(&mut self, frame: &mut Frame<'_>) -> Result<Option<Vec<Datum>>> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Ok(Some(row));
            }
            let (Some(stream), Some(ctx)) = (self.rows.as_mut(), self.ctx.as_ref()) else {
                return Ok(None);
            };
            let work = &mut *frame.work;
            let next = async { ctx.lend_while(work, stream.rows.next()).await.transpose() };
            match wait(&ctx.eval, next)? {
                None => {
                    self.rows = None;
                    return Ok(None);
                }
                Some(rows) => {
                    self.ready = datums(rows, &stream.columns, &ctx.eval.catalog)?.into();
                }
            }
        }
    }
}

/// Rows as values.
pub fn datums(rows: Rows, columns: &[ResultColumn], catalog: &Catalog) -> Result<Vec<Vec<Datum>>> {
    let batch = match rows {
        Rows::Datums(rows) => return Ok(rows),
        Rows::Batch(batch) => batch,
    };
    let reprs =
        columns.iter().map(|column| catalog.repr(column.ty.oid)).collect::<Result<Vec<_>>>()?;
    (0..batch.num_rows())
        .map(|row| {
            let value = |(at, repr)| types::arrow::datum_at(batch.column(at), row, repr);
            reprs.iter().enumerate().map(value).collect()
        })
        .collect()
}

fn copy_refused() -> Error {
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, "cannot COPY to/from client in PL/pgSQL")
}

/// The name of a statement that changes something.
fn writing_verb(node: &NodeEnum) -> Option<String> {
    let writes = match node {
        NodeEnum::SelectStmt(select) => {
            !select.locking_clause.is_empty()
                || select.with_clause.iter().flat_map(|with| &with.ctes).any(modifies)
        }
        NodeEnum::ExplainStmt(_) | NodeEnum::VariableShowStmt(_) | NodeEnum::FetchStmt(_) => false,
        _ => true,
    };
    writes.then(|| command::name(node))
}

/// Whether a common table expression changes rows.
fn modifies(cte: &ast::Node) -> bool {
    let Some(NodeEnum::CommonTableExpr(cte)) = &cte.node else { return false };
    let query = cte.ctequery.as_ref().and_then(|query| query.node.as_ref());
    matches!(
        query,
        Some(
            NodeEnum::InsertStmt(_)
                | NodeEnum::UpdateStmt(_)
                | NodeEnum::DeleteStmt(_)
                | NodeEnum::MergeStmt(_)
        )
    )
}
