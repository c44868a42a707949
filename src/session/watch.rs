//! The client's statement that runs, as counters, traces and the log of slow plans see it.
//!
//! ```text
//! begin_measure ──▶ begin_watch ── run ── end_measure ── end_command ──▶ end_watch
//!                                   │                        │
//!                     fail, of whatever it is ───────────────┴──▶ note_failure
//! ```
//! A statement is over when nothing of it is left to do: when its transaction is
//! committed, if it is its own, and else when its rows are sent. In the extended protocol
//! the commit comes with Sync; the time between is the client's, and not counted. What the
//! next statement finds unfinished is over then.
//!
//! Of a statement that is traced, moments are noted on the way ([`trace`](crate::observe::trace)).
//! A plan is logged if the statement took `auto_explain.log_min_duration`: it is made a
//! second time, by an EXPLAIN with the same parameters in the same transaction, so that
//! statements that are not slow pay nothing for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Session;
use super::plan::{Body, Query, Statement};
use super::rows::RowCursor;
use super::scope::catch;
use super::statement::{Command, TransactionCommand};
use crate::config::LogStatement;
use crate::error::{Error, Result};
use crate::observe::statement::Kind;
use crate::observe::trace::{Attribute, Context, Span, Trace};
use crate::sql::command::log_class;
use crate::sql::ddl::into_clause;
use crate::sql::outcome::{Outcome, Rows};
use crate::sql::parse::{NodeEnum, ParsedStatement, ast};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate::{self, SqlState};

/// A text that was parsed or bound before its statement was begun.
#[derive(Clone, Copy)]
struct Read {
    what: &'static str,
    begun: Instant,
    ended: Instant,
}

/// What is known of the statement that runs, and of the one before.
#[derive(Default)]
pub(super) struct Watch {
    /// The request that the session works for.
    request: Option<Context>,
    running: Option<Running>,
    /// What was parsed and bound and has not run yet, of a server that traces.
    read: Vec<Read>,
    /// The trace of the statement that ended last.
    last_trace: Option<String>,
}

struct Running {
    kind: Kind,
    rows: u64,
    /// Before `since`.
    elapsed: Duration,
    /// None while it waits for its commit.
    since: Option<Instant>,
    trace: Option<Box<Traced>>,
    plan: Option<Box<Plan>>,
}

/// Of a statement that is traced.
struct Traced {
    trace: Box<Trace>,
    begun: Instant,
    statement: Arc<Statement>,
    /// None before and after its rows are computed.
    executing_since: Option<Instant>,
}

/// Of a statement whose plan may be logged.
struct Plan {
    at_least: Duration,
    /// The query and its parameters, once it runs.
    query: Option<(Arc<ParsedStatement>, Vec<Oid>, Vec<Datum>)>,
}

impl Session {
    /// What the session does from now on belongs to a request; none is nobody's.
    pub fn set_request(&mut self, request: Option<Context>) {
        self.watch.request = request;
    }

    /// A statement of the client begins. `plan_ms`: its plan is logged if it takes so long;
    /// negative is never.
    pub(super) fn begin_watch(&mut self, statement: &Arc<Statement>, plan_ms: i64) {
        match self.watch.running.as_ref().map(|running| running.since.is_some()) {
            // It was given up.
            Some(true) => self.end_watch(Some(sqlstate::QUERY_CANCELED)),
            Some(false) => self.end_watch(None),
            None => {}
        }
        let begun = Instant::now();
        let trace = self.begin_trace(statement, begun);
        let kind = match self.executed(statement) {
            Some(executed) => kind_of(&executed),
            None => kind_of(statement),
        };
        let plan = u64::try_from(plan_ms)
            .ok()
            .map(|ms| Box::new(Plan { at_least: Duration::from_millis(ms), query: None }));
        self.watch.running = Some(Running {
            kind,
            rows: 0,
            elapsed: Duration::ZERO,
            since: Some(begun),
            trace,
            plan,
        });
    }

    /// What an EXECUTE executes.
    fn executed(&self, statement: &Statement) -> Option<Arc<Statement>> {
        match &statement.body {
            Body::Command(command) => match &**command {
                Command::Execute { name, .. } => self.prepared(name).ok(),
                _ => None,
            },
            _ => None,
        }
    }

    fn begin_trace(&mut self, statement: &Arc<Statement>, begun: Instant) -> Option<Box<Traced>> {
        let tracer = self.database.statistics.tracer.as_ref()?;
        self.watch.last_trace = None;
        let sent = self.backend().activity.lock().query.clone();
        let parent = Context::of_comment(&sent);
        let parent = parent.as_ref().or(self.watch.request.as_ref());
        let mut trace = tracer.begin(parent)?;
        let read = std::mem::take(&mut self.watch.read);
        for read in &read {
            trace.part(read.what, read.begun, read.ended);
        }
        let begun = read.iter().map(|read| read.begun).min().unwrap_or(begun);
        self.watch.last_trace = Some(trace.context().trace_id.to_string());
        self.hooks.tracking.begin_tracing();
        let statement = statement.clone();
        Some(Box::new(Traced { trace, begun, statement, executing_since: None }))
    }

    /// A moment that may be noted; none where nothing is traced.
    pub(super) fn moment(&self) -> Option<Instant> {
        self.database.statistics.tracer.as_ref().map(|_| Instant::now())
    }

    /// A text was parsed or bound, since `begun`, for a statement that comes after it.
    pub(super) fn note_read(&mut self, what: &'static str, begun: Option<Instant>) {
        /// Statements of one message that are told apart.
        const READ_MAX: usize = 16;
        if let Some(begun) = begun.filter(|_| self.watch.read.len() < READ_MAX) {
            self.watch.read.push(Read { what, begun, ended: Instant::now() });
        }
    }

    /// The statement is run from now on.
    pub(super) fn note_running(&mut self) {
        if let Some(traced) = self.traced() {
            traced.executing_since.get_or_insert_with(Instant::now);
        }
    }

    /// A query of the statement runs, with parameters.
    pub(super) fn note_query(&mut self, query: &Query, params: &[Datum]) {
        let Some(plan) = self.watch.running.as_mut().and_then(|running| running.plan.as_mut())
        else {
            return;
        };
        if plan.query.is_none() && is_planned(&query.parsed.node) {
            let types = query.prepared().params.iter().map(|ty| ty.oid).collect();
            plan.query = Some((query.parsed.clone(), types, params.to_vec()));
        }
    }

    /// Its rows are sent.
    pub(super) fn note_executed(&mut self, rows: u64) {
        if let Some(running) = &mut self.watch.running {
            running.rows = running.rows.saturating_add(rows);
        }
        let planned = self.hooks.tracking.take_planned();
        if let Some(traced) = self.traced() {
            traced.note_executed(planned);
        }
    }

    /// A commit was written to the store, since `begun`.
    pub(super) fn note_commit(&mut self, begun: Option<Instant>, is_synchronous: bool) {
        let Some(begun) = begun else { return };
        if let Some(traced) = self.traced() {
            let how = Attribute::new("zserver.synchronous_commit", is_synchronous);
            traced.trace.part_with("storage commit", begun, Instant::now(), vec![how]);
        }
    }

    fn traced(&mut self) -> Option<&mut Traced> {
        self.watch.running.as_mut()?.trace.as_deref_mut()
    }

    /// The end of a command begins: what waited for its commit goes on.
    pub(super) fn resume_watch(&mut self) {
        if let Some(running) = &mut self.watch.running {
            running.since.get_or_insert_with(Instant::now);
        }
    }

    /// A command has ended. `is_last`: nothing of it is left to do.
    pub(super) fn leave_watch(&mut self, is_last: bool) {
        if is_last {
            self.watch.read.clear();
            return self.end_watch(None);
        }
        if let Some(running) = &mut self.watch.running
            && let Some(since) = running.since.take()
        {
            running.elapsed += since.elapsed();
        }
    }

    /// What was asked for has failed.
    pub fn note_failure(&mut self, error: &Error) {
        match self.watch.running.is_some() {
            true => self.end_watch(Some(error.code())),
            false => {
                let statements = &self.database.statistics.statements;
                statements.note(Kind::Unknown, Some(error.code()), None, 0);
            }
        }
        self.watch.read.clear();
    }

    /// Whatever runs is given up.
    pub(super) fn give_up_watch(&mut self) {
        self.end_watch(Some(sqlstate::QUERY_CANCELED));
        self.watch.read.clear();
    }

    fn end_watch(&mut self, code: Option<SqlState>) {
        let Some(mut running) = self.watch.running.take() else { return };
        let took = running.elapsed + running.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.database.statistics.statements.note(running.kind, code, Some(took), running.rows);
        if let Some(traced) = running.trace.take() {
            self.end_trace(*traced, &running, code);
        }
    }

    fn end_trace(&mut self, mut traced: Traced, running: &Running, code: Option<SqlState>) {
        traced.note_executed(self.hooks.tracking.take_planned());
        self.hooks.tracking.end_tracing();
        let Some(tracer) = &self.database.statistics.tracer else { return };
        let name = running.kind.as_str().to_ascii_uppercase();
        let mut attributes = vec![
            Attribute::new("db.system.name", "postgresql"),
            Attribute::new("db.namespace", self.backend().database.clone()),
            Attribute::new("db.operation.name", name.clone()),
            Attribute::new("zserver.pid", i64::from(self.backend().pid)),
        ];
        let identity = traced.statement.identity();
        if let Some(identity) = identity.filter(|identity| !identity.is_utility) {
            attributes.push(Attribute::new("zserver.query_id", identity.query_id));
            if tracer.with_text() {
                attributes.push(Attribute::new("db.query.text", identity.text.to_string()));
            }
        }
        let rows = i64::try_from(running.rows).unwrap_or(i64::MAX);
        attributes.push(Attribute::new("db.response.returned_rows", rows));
        if let Some(code) = code {
            attributes.push(Attribute::new("db.response.status_code", code.as_str().to_owned()));
            attributes.push(Attribute::new("error.type", code.as_str().to_owned()));
        }
        let failure = code.map(|code| format!("SQLSTATE {code}").into());
        let span = Span { name: name.into(), begun: traced.begun, attributes, failure };
        tracer.end(*traced.trace, span);
    }

    /// The trace of the statement that runs or has just ended.
    pub(super) fn trace_id(&self) -> Option<&str> {
        self.watch.last_trace.as_deref()
    }

    /// Logs the plan of the statement, if it has one and has taken long enough.
    pub(super) async fn log_slow_plan(&mut self) {
        let Some(running) = &mut self.watch.running else { return };
        let took = running.elapsed + running.since.map_or(Duration::ZERO, |since| since.elapsed());
        let Some(plan) = running.plan.take() else { return };
        let Plan { at_least, query } = *plan;
        let Some((parsed, types, params)) = query.filter(|_| took >= at_least) else { return };
        let text = parsed.text[parsed.location..parsed.location + parsed.length].trim().to_owned();
        match self.plan_lines(parsed, types, params).await {
            Ok(lines) => self.log_plan(took, &text, &lines),
            Err(error) => tracing::debug!(%error, "the plan of a statement cannot be logged"),
        }
    }

    async fn plan_lines(
        &mut self,
        parsed: Arc<ParsedStatement>,
        types: Vec<Oid>,
        params: Vec<Datum>,
    ) -> Result<Vec<String>> {
        let query = Some(Box::new(ast::Node { node: Some(parsed.node.clone()) }));
        let explain = ast::ExplainStmt { query, options: Vec::new() };
        let node = NodeEnum::ExplainStmt(Box::new(explain));
        let parsed = Arc::new(ParsedStatement { node, ..(*parsed).clone() });
        self.begin_statement()?;
        let eval = self.eval_context();
        let bound = catch(|| Query::bind(parsed, &eval, types))?;
        let Outcome::Rows(stream) = Box::pin(self.run_query(&bound, params)).await? else {
            return Err(Error::internal("an EXPLAIN without rows"));
        };
        let mut cursor = RowCursor::new(stream);
        let mut lines = Vec::new();
        while let Some(rows) = self.next_rows(&mut cursor, usize::MAX).await? {
            let Rows::Datums(rows) = rows else { continue };
            lines.extend(rows.into_iter().flatten().filter_map(|value| match value {
                Datum::Text(line) => Some(line),
                _ => None,
            }));
        }
        Ok(lines)
    }
}

impl Traced {
    /// What was planned, and then executed until now.
    fn note_executed(&mut self, planned: Option<(Instant, Duration)>) {
        let Some(mut since) = self.executing_since.take() else { return };
        if let Some((ended, took)) = planned {
            let begun = ended.checked_sub(took).unwrap_or(since).max(since);
            self.trace.part("plan", begun, ended);
            since = ended;
        }
        self.trace.part("execute", since, Instant::now());
    }
}

/// What is planned, and so can be explained.
fn is_planned(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::SelectStmt(select) => into_clause(select).is_none(),
        NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_) => true,
        _ => false,
    }
}

fn kind_of(statement: &Statement) -> Kind {
    match &statement.body {
        Body::Empty => Kind::Utility,
        Body::Query(query) => kind_of_node(&query.parsed.node),
        Body::Command(command) => match &**command {
            Command::Transaction(command) => kind_of_transaction(command),
            Command::Set(_) => Kind::Set,
            Command::Show(_) => Kind::Show,
            Command::Prepare { .. } | Command::Execute { .. } | Command::Deallocate(_) => {
                Kind::Prepared
            }
            Command::AroundExecute { around, .. } => kind_of_node(&around.node),
            Command::Declare(_) | Command::Fetch(_) | Command::ClosePortal(_) => Kind::Cursor,
            Command::Listen(_) | Command::Unlisten(_) | Command::Notify { .. } => Kind::Notify,
            Command::Discard(_) => Kind::Utility,
        },
    }
}

fn kind_of_transaction(command: &TransactionCommand) -> Kind {
    use TransactionCommand as T;
    match command {
        T::Begin { .. } => Kind::Begin,
        T::Commit { .. } | T::FinishPrepared { is_commit: true, .. } => Kind::Commit,
        T::Rollback { .. } | T::FinishPrepared { is_commit: false, .. } => Kind::Rollback,
        T::Savepoint(_) | T::Release(_) | T::RollbackTo(_) => Kind::Savepoint,
        T::Prepare(_) => Kind::Utility,
    }
}

fn kind_of_node(node: &NodeEnum) -> Kind {
    match node {
        NodeEnum::SelectStmt(select) if into_clause(select).is_some() => Kind::Ddl,
        NodeEnum::SelectStmt(_) => Kind::Select,
        NodeEnum::InsertStmt(_) => Kind::Insert,
        NodeEnum::UpdateStmt(_) => Kind::Update,
        NodeEnum::DeleteStmt(_) => Kind::Delete,
        NodeEnum::MergeStmt(_) => Kind::Merge,
        NodeEnum::CopyStmt(_) => Kind::Copy,
        NodeEnum::CallStmt(_) | NodeEnum::DoStmt(_) => Kind::Call,
        NodeEnum::ExplainStmt(_) => Kind::Explain,
        node if log_class(node) == LogStatement::Ddl => Kind::Ddl,
        _ => Kind::Utility,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse::parse;

    #[test]
    fn a_statement_is_of_a_kind() {
        for (sql, kind) in [
            ("select 1", Kind::Select),
            ("select 1 into t", Kind::Ddl),
            ("with w as (select 1) insert into t select * from w", Kind::Insert),
            ("create table t as select 1", Kind::Ddl),
            ("grant select on t to joe", Kind::Ddl),
            ("copy t to stdout", Kind::Copy),
            ("do $$ begin end $$", Kind::Call),
            ("explain select 1", Kind::Explain),
            ("vacuum", Kind::Utility),
            ("truncate t", Kind::Utility),
        ] {
            assert_eq!(kind_of_node(&parse(sql).unwrap()[0].node), kind, "{sql}");
        }
        for (sql, kind) in [
            ("begin", Kind::Begin),
            ("commit", Kind::Commit),
            ("rollback prepared 'x'", Kind::Rollback),
            ("rollback to s", Kind::Savepoint),
            ("set work_mem = 64", Kind::Set),
            ("show work_mem", Kind::Show),
            ("deallocate all", Kind::Prepared),
            ("fetch 1 from c", Kind::Cursor),
            ("notify c", Kind::Notify),
        ] {
            let parsed = &parse(sql).unwrap()[0];
            let command = Command::of(parsed).unwrap().unwrap();
            let statement = Statement::new(parsed, Body::Command(Arc::new(command)));
            assert_eq!(kind_of(&statement), kind, "{sql}");
        }
    }
}
