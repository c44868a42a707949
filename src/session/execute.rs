//! Running a statement: the spine between a protocol's message and `sql`.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::block::{Characteristics, Phase};
use super::notify::{ACTIONS_MAX, Action, Reserved};
use super::plan::{Body, Query, Statement};
use super::rows::RowCursor;
use super::scope::{Scope, catch};
use super::statement::{BlockRule, Command, block_rule};
use super::{Session, time};
use crate::error::{Error, Report, Result, Severity};
use crate::sql;
use crate::sql::outcome::{CopyIn, Outcome, Rows};
use crate::sql::parse::escapes::{self, StringRules};
use crate::sql::parse::{self, ParsedStatement, SqlTokenKind};
use crate::sql::run::{Lender, Work};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;
use crate::table;
use crate::txn::{Durability, Isolation};

/// How often a statement is bound anew because the catalog changed before it had its
/// locks. Each time it holds more of them.
pub(super) const RESTARTS_MAX: usize = 1_000;

/// The statements of a query string.
pub type Statements = Arc<Vec<ParsedStatement>>;

impl Session {
    /// Splits a query string into its statements.
    pub fn parse(&mut self, text: &str) -> Result<Statements> {
        let begun = self.moment();
        let parsed = self.parse_as_set(text);
        self.note_read("parse", begun);
        parsed
    }

    /// The same, by what the settings say of strings.
    fn parse_as_set(&mut self, text: &str) -> Result<Statements> {
        self.rewritten = None;
        let rules = self.string_rules();
        let rewritten = match rules.concern(text) {
            true => Some(escapes::rewrite(text, rules)?),
            false => None,
        };
        let Some(mut rewritten) = rewritten else { return self.parse_standard(text) };
        for warning in std::mem::take(&mut rewritten.warnings) {
            self.notice(warning);
        }
        let parsed = self.parse_standard(&rewritten.text);
        self.rewritten = Some(rewritten);
        parsed
    }

    /// Places count in a statement's own text from now on.
    pub fn forget_rewritten(&mut self) {
        self.rewritten = None;
    }

    /// What the settings say of strings.
    pub fn string_rules(&self) -> StringRules {
        self.settings.lock().derived().strings
    }

    /// A report with its place in the text that the client sent last.
    pub fn located<'r>(&self, report: &'r Report) -> Cow<'r, Report> {
        match (&self.rewritten, report.offset) {
            (Some(rewritten), Some(offset)) if report.internal_query.is_none() => {
                let offset = Some(rewritten.original(offset));
                Cow::Owned(Report { offset, ..report.clone() })
            }
            _ => Cow::Borrowed(report),
        }
    }

    fn parse_standard(&self, text: &str) -> Result<Statements> {
        for (name, cut) in parse::long_names(text) {
            let message = format!("identifier \"{name}\" will be truncated to \"{cut}\"");
            let notice = Error::notice(Severity::Notice, message);
            self.notice(notice.with_code(sqlstate::NAME_TOO_LONG));
        }
        catch(|| parse::parse(text))
    }

    /// Makes a statement ready to run, taking a bound form from the cache where
    /// there is one. The transaction has begun.
    pub fn prepare_parsed(&mut self, parsed: &ParsedStatement) -> Result<Arc<Statement>> {
        if let Some(command) = Command::of(parsed)? {
            return Ok(Arc::new(Statement::new(parsed, Body::Command(Arc::new(command)))));
        }
        self.bind_kept(parsed, None)
    }

    /// The bound form of a statement: the kept one, or one that is kept from now on.
    /// `declared`: of a statement that the client prepares, its parameters' types.
    pub(super) fn bind_kept(
        &mut self,
        parsed: &ParsedStatement,
        declared: Option<&[Oid]>,
    ) -> Result<Arc<Statement>> {
        self.begin_statement()?;
        let eval = self.eval_context();
        if let Some(statement) = self.plans.get(parsed, declared, &eval) {
            return Ok(statement);
        }
        let begun = self.moment();
        let types = declared.unwrap_or_default().to_vec();
        let bind = || catch(|| Query::bind(Arc::new(parsed.clone()), &eval, types));
        let (query, is_of_now) = self.hooks.is_of_now(bind);
        self.note_read("bind", begun);
        if declared.is_none()
            && let Some(error) = uses_parameter(parsed, &query)
        {
            return Err(error);
        }
        let mut query = query?;
        if declared.is_some() {
            query = query.described();
        }
        let statement = Arc::new(Statement::new(parsed, Body::Query(query)));
        if !is_of_now && !self.has_catalog_changes() {
            self.plans.add(parsed, declared, statement.clone());
        }
        Ok(statement)
    }

    /// Whether the transaction has a catalog of its own, which nothing outlives.
    pub(super) fn has_catalog_changes(&self) -> bool {
        let work = self.block.open().and_then(|open| open.work.as_ref());
        work.is_some_and(|work| !work.changes.is_empty())
    }

    /// `25P02`, unless a statement may run in a failed transaction.
    pub fn check_not_failed(&self, parsed: Option<&ParsedStatement>) -> Result<()> {
        if self.block.phase != Phase::Failed {
            return Ok(());
        }
        let may_run = match parsed.map(Command::of).transpose()?.flatten() {
            Some(command) => command.ends_failed_transaction(),
            None => false,
        };
        if may_run { Ok(()) } else { Err(failed_transaction()) }
    }

    /// Starts a command: its scope, and a transaction if there is none. `phase`
    /// is `Implicit` for what runs together with others in one message or
    /// pipeline.
    pub fn begin_command(&mut self, phase: Phase) -> Result<()> {
        self.begin_scope()?;
        match self.block.phase {
            Phase::Idle => {
                self.adopt_defaults();
                self.begin_transaction(phase, None)
            }
            Phase::Single if phase == Phase::Implicit => {
                self.block.phase = Phase::Implicit;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The configuration may have been read again since the last command.
    fn adopt_defaults(&mut self) {
        let defaults = self.database.defaults();
        if !Arc::ptr_eq(&defaults, &self.defaults) {
            self.settings.lock().adopt_defaults(&defaults);
            self.defaults = defaults;
        }
    }

    fn begin_scope(&mut self) -> Result<()> {
        let own = self.own_timeout_ms;
        let timeout_ms = own.unwrap_or_else(|| self.settings.lock().derived().statement_timeout_ms);
        let transaction_end = self.transaction_end(Instant::now());
        let scope = Scope::begin(self.backend(), timeout_ms, transaction_end)?;
        self.hooks.set_scope(&scope);
        self.scope = Some(scope);
        Ok(())
    }

    /// When the present transaction, or one that begins now, is to be over: what
    /// `transaction_timeout` says now, counted from its beginning.
    pub(super) fn transaction_end(&self, now: Instant) -> Option<Instant> {
        let timeout_ms = self.settings.lock().derived().transaction_timeout_ms;
        let begun = self.block.open().map_or(now, |open| open.begun);
        (timeout_ms > 0).then(|| begun + Duration::from_millis(timeout_ms))
    }

    pub(super) fn begin_transaction(
        &mut self,
        phase: Phase,
        characteristics: Option<Characteristics>,
    ) -> Result<()> {
        let characteristics = characteristics.unwrap_or_else(|| self.default_characteristics());
        let (isolation, read_only) = (characteristics.txn_isolation(), characteristics.read_only);
        let work = self.begin_work(isolation, read_only)?;
        self.hooks.set_transaction_id(work.txn.id());
        self.hooks.set_read_only(read_only);
        let settings = self.settings.lock().snapshot();
        let started = if phase == Phase::Open { time::now() } else { self.statement_timestamp };
        self.block.enter(phase, work, characteristics, settings, started);
        Ok(())
    }

    /// Begins a transaction in the session's database.
    pub(super) fn begin_work(&self, isolation: Isolation, read_only: bool) -> Result<Work> {
        let database = self.backend().database_oid;
        self.database.begin(database, isolation, read_only, Some(&self.lock_session))
    }

    pub(super) fn default_characteristics(&self) -> Characteristics {
        let settings = self.settings.lock();
        let derived = settings.derived();
        Characteristics {
            isolation: derived.default_isolation,
            read_only: derived.default_read_only,
            deferrable: derived.default_deferrable,
        }
    }

    /// Runs one statement in the present transaction.
    pub async fn run(&mut self, statement: &Arc<Statement>, params: Vec<Datum>) -> Result<Outcome> {
        self.note_running();
        match &statement.body {
            Body::Empty => Ok(Outcome::Empty),
            Body::Command(command) => {
                if self.block.phase == Phase::Failed && !command.ends_failed_transaction() {
                    return Err(failed_transaction());
                }
                let command = command.clone();
                self.run_command(&command, params).await
            }
            Body::Query(query) => self.run_query(query, params).await,
        }
    }

    pub(super) async fn run_query(&mut self, query: &Query, params: Vec<Datum>) -> Result<Outcome> {
        self.note_query(query, &params);
        self.check_not_failed(None)?;
        self.check_read_only(&query.parsed)?;
        self.check_block(&query.parsed)?;
        let remote = self.hooks.remote_statements();
        for _ in 0..RESTARTS_MAX {
            match self.attempt(query, &params).await {
                // What other servers have done once must not be done again.
                Err(error)
                    if error.is_catalog_changed()
                        && self.hooks.remote_statements() == remote
                        && self.block.start_over() => {}
                outcome => return outcome,
            }
        }
        Err(Error::catalog_changed())
    }

    /// Binds a statement to the newest catalog and runs it. What a utility statement
    /// did is undone if it has to be bound anew.
    async fn attempt(&mut self, query: &Query, params: &[Datum]) -> Result<Outcome> {
        self.begin_statement()?;
        self.note_characteristics();
        self.await_safe_snapshot().await?;
        self.note_open_cursors();
        let eval = self.eval_context();
        let prepared = catch(|| query.current(&eval))?;
        let scope = self.scope()?;
        let context = self.statement_context(eval, scope.token.clone());
        if let Some(top) = prepared.routine() {
            let top = top.clone();
            let outcome = self.run_routine(top.clone(), params.to_vec(), context).await;
            return outcome.map_err(|error| top.in_text(error, &query.parsed.text));
        }
        if prepared.has_stages() && self.block.phase == Phase::Single {
            let outcome = self.run_in_stages(&prepared, context).await?;
            self.hooks.audit_command(&query.parsed);
            return Ok(outcome);
        }
        let work = self.block.work()?;
        let start = prepared.is_utility().then(|| work.start_statement());
        let outcome = scope.run(sql::execute(&prepared, params, work, &context)).await;
        match (outcome.as_ref().is_err_and(Error::is_catalog_changed), start) {
            (true, Some(start)) => work.undo_statement(start),
            (true, None) => {}
            (false, _) => work.end_statement(),
        }
        if work.txn.has_writes() || !work.changes.is_empty() {
            self.hooks.note_written();
        }
        outcome
    }

    /// A snapshot for a statement, and the catalog that belongs to it.
    pub fn begin_statement(&mut self) -> Result<()> {
        if let Some(open) = self.block.open_mut() {
            open.begin_statement()?;
            self.hooks.set_read_only(open.characteristics.read_only);
        }
        self.note_exportable();
        Ok(())
    }

    /// The first statement of a transaction that is SERIALIZABLE, READ ONLY and
    /// DEFERRABLE waits until its snapshot is known to be safe, and takes another one
    /// if it is not.
    async fn await_safe_snapshot(&mut self) -> Result<()> {
        while let Some(wait) = self.block.open_mut().and_then(|open| open.safe_wait.take()) {
            let is_safe = self.scope()?.run(async { Ok(wait.await) }).await?;
            if let Some(open) = self.block.open_mut().filter(|_| !is_safe) {
                open.has_snapshot = false;
                open.begin_statement()?;
            }
        }
        Ok(())
    }

    /// Statements that only run inside a block, or only outside of one.
    fn check_block(&self, parsed: &ParsedStatement) -> Result<()> {
        match block_rule(parsed) {
            // A message of several statements is a block for this purpose.
            Some(BlockRule::Inside(_)) if self.block.phase == Phase::Implicit => Ok(()),
            Some(BlockRule::Inside(what)) => self.block.require_block(what),
            Some(BlockRule::Outside(what)) if self.block.phase != Phase::Single => Err(Error::new(
                sqlstate::ACTIVE_SQL_TRANSACTION,
                format!("{what} cannot run inside a transaction block"),
            )),
            _ => Ok(()),
        }
    }

    fn check_read_only(&self, parsed: &ParsedStatement) -> Result<()> {
        if !self.block.open().is_some_and(|open| open.characteristics.read_only) {
            return Ok(());
        }
        sql::command::check_in_read_only(&parsed.node)
    }

    pub(super) fn scope(&self) -> Result<Scope> {
        self.scope.clone().ok_or_else(|| Error::internal("statement outside of a command"))
    }

    /// Runs a part of the present statement: cancel, timeout and panics as for
    /// all of it.
    pub fn supervise<T, W>(&self, work: W) -> impl Future<Output = Result<T>> + use<T, W>
    where
        W: Future<Output = Result<T>>,
    {
        let scope = self.scope();
        async move { scope?.run(work).await }
    }

    /// The next rows of a running query.
    pub fn next_rows<'c>(
        &'c mut self,
        cursor: &'c mut RowCursor,
        max: usize,
    ) -> impl Future<Output = Result<Option<Rows>>> + use<'c> {
        let lender = cursor.lender.clone();
        self.supervise_reading(lender, cursor.next(max))
    }

    /// Runs the reading of rows, with the work lent if they are computed with functions.
    pub(super) fn supervise_reading<'c, T: 'c>(
        &'c mut self,
        lender: Option<Arc<Lender>>,
        reading: impl Future<Output = Result<T>> + 'c,
    ) -> impl Future<Output = Result<T>> {
        let scope = self.scope();
        let work = self.block.open_mut().and_then(|open| open.work.as_mut());
        async move {
            match (lender, work) {
                (Some(lender), Some(work)) => {
                    let context = lender.context();
                    scope?.run(context.lend_while(work, reading)).await
                }
                _ => scope?.run(reading).await,
            }
        }
    }

    /// A command is done. `last`: nothing follows in its message or pipeline, so
    /// that a transaction it did not begin ends with it.
    pub async fn end_command(&mut self, last: bool) -> Result<()> {
        self.resume_watch();
        self.log_slow_plan().await;
        self.collect_notified()?;
        if last && matches!(self.block.phase, Phase::Single | Phase::Implicit) {
            if self.scope.is_none() {
                self.begin_scope()?;
            }
            self.commit_transaction().await?;
        }
        self.end_scope();
        self.leave_watch(last || self.block.is_explicit());
        Ok(())
    }

    /// Something failed: what belongs to the transaction is undone.
    pub fn fail(&mut self) {
        self.give_up_watch();
        self.hooks.notified.lock().clear();
        if let Some(settings) = self.block.fail() {
            self.settings.lock().restore(settings);
        }
        if self.block.savepoint_depth() == 0 {
            self.hooks.drop_branches();
        }
        if self.block.phase == Phase::Idle {
            self.hooks.end_transaction_id(true);
        }
        if self.block.open().is_none_or(|open| open.work.is_none()) {
            self.hooks.forget_exports();
        }
        // What the transaction has left is what its innermost savepoint keeps.
        match self.block.savepoint_depth().checked_sub(1) {
            Some(depth) => self.hooks.advisory.roll_back_to(depth),
            None => self.hooks.advisory.end_transaction(),
        }
        self.close_failed_portals();
        self.end_scope();
    }

    fn end_scope(&mut self) {
        self.scope = None;
        self.hooks.clear_scope();
        self.backend().end_statement();
    }

    /// Commits the present transaction and leaves it.
    pub(super) async fn commit_transaction(&mut self) -> Result<()> {
        let reserved = match self.before_commit().await {
            Ok(reserved) => reserved,
            Err(error) => {
                // A COMMIT that fails has ended the transaction all the same.
                self.roll_back_transaction();
                return Err(error);
            }
        };
        let branches = match self.prepare_branches().await {
            Ok(branches) => branches,
            Err(error) => {
                self.roll_back_transaction();
                return Err(error);
            }
        };
        let Some(mut open) = self.block.leave() else { return Ok(()) };
        self.close_transaction_portals();
        let synchronous = self.settings.lock().derived().synchronous_commit;
        let durability = if synchronous { Durability::Sync } else { Durability::Buffer };
        let committed = match open.work.take() {
            Some(work) => {
                let backend = self.backend().clone();
                let has_written = work.txn.has_writes() || !work.changes.is_empty();
                let begun = self.moment().filter(|_| has_written);
                backend.waits_for_commit.store(true, Ordering::Relaxed);
                let committed = match branches {
                    Some(branches) => self.commit_with_branches(work, branches).await,
                    None => self.database.commit(work, durability).await,
                };
                backend.waits_for_commit.store(false, Ordering::Relaxed);
                self.note_commit(begun, synchronous);
                committed
            }
            None => Ok(()),
        };
        self.hooks.advisory.end_transaction();
        self.hooks.end_transaction_id(committed.is_err());
        if let Err(error) = committed {
            self.settings.lock().restore(open.settings());
            return Err(error);
        }
        self.settings.lock().end_transaction();
        if let Some(reserved) = reserved {
            self.inbox.perform(std::mem::take(&mut open.actions), reserved);
        }
        Ok(())
    }

    /// What may still fail: cursors that outlive the transaction, deferred
    /// constraints, room for notifications.
    async fn before_commit(&mut self) -> Result<Option<Reserved>> {
        self.hold_cursors().await?;
        self.check_deferred().await?;
        self.end_temporary().await?;
        match self.block.open() {
            Some(open) if !open.actions.is_empty() => self.inbox.reserve(&open.actions).map(Some),
            _ => Ok(None),
        }
    }

    /// Constraints that were deferred to the end of the transaction.
    pub(super) async fn check_deferred(&mut self) -> Result<()> {
        let has_written = |work: &sql::run::Work| work.txn.has_writes();
        if !self.block.open().and_then(|open| open.work.as_ref()).is_some_and(has_written) {
            return Ok(());
        }
        let eval = self.eval_context();
        let scope = self.scope()?;
        let context = self.statement_context(eval, scope.token.clone());
        let work = self.block.work()?;
        scope.run(table::check_deferred(work, &context, true)).await
    }

    /// Rolls the present transaction back and leaves it.
    pub(super) fn roll_back_transaction(&mut self) {
        if let Some(open) = self.block.leave() {
            self.settings.lock().restore(open.settings());
            if let Some(work) = open.work {
                if work.txn.has_writes() {
                    self.hooks.note_written();
                }
                work.txn.rollback();
            }
        }
        self.hooks.drop_branches();
        self.hooks.end_transaction_id(true);
        self.hooks.advisory.end_transaction();
        self.close_transaction_portals();
    }
}

/// `25P02`.
pub fn failed_transaction() -> Error {
    Error::new(
        sqlstate::IN_FAILED_SQL_TRANSACTION,
        "current transaction is aborted, commands ignored until end of transaction block",
    )
}

impl Session {
    async fn run_command(&mut self, command: &Command, params: Vec<Datum>) -> Result<Outcome> {
        match command {
            Command::Transaction(command) => self.run_transaction_command(command).await,
            Command::Set(command) => self.run_set(command),
            Command::Show(name) => self.run_show(name),
            Command::Prepare { name, types, statement } => {
                self.run_prepare(name, types, statement).await
            }
            Command::Execute { name, args } => self.run_execute(name, args).await,
            Command::AroundExecute { around, name, args } => {
                self.run_around_execute(around, name, args).await
            }
            Command::Deallocate(name) => self.run_deallocate(name.as_deref()),
            Command::Declare(declare) => self.run_declare(declare, params).await,
            Command::Fetch(fetch) => self.run_fetch(fetch).await,
            Command::ClosePortal(name) => self.run_close(name.as_deref()),
            Command::Discard(target) => self.run_discard(*target).await,
            Command::Listen(channel) => self.act(Action::Listen(channel.clone()), "LISTEN"),
            Command::Unlisten(Some(channel)) => {
                self.act(Action::Unlisten(channel.clone()), "UNLISTEN")
            }
            Command::Unlisten(None) => self.act(Action::UnlistenAll, "UNLISTEN"),
            Command::Notify { channel, payload } => self.notify(Action::notify(channel, payload)?),
        }
    }

    /// Something to do at commit.
    fn act(&mut self, action: Action, tag: &str) -> Result<Outcome> {
        let Some(open) = self.block.open_mut() else {
            return Err(Error::internal("statement outside of a transaction"));
        };
        if open.actions.len() >= ACTIONS_MAX {
            return Err(Action::too_many());
        }
        open.actions.push(action);
        Ok(Outcome::Command(tag.to_owned()))
    }

    fn notify(&mut self, action: Action) -> Result<Outcome> {
        // Equal notifications of one transaction are one.
        let known = self.block.open().is_some_and(|open| open.actions.contains(&action));
        if known {
            return Ok(Outcome::Command("NOTIFY".to_owned()));
        }
        self.act(action, "NOTIFY")
    }

    /// Puts what `pg_notify` was called for among what the commit does.
    pub(super) fn collect_notified(&mut self) -> Result<()> {
        let notified = std::mem::take(&mut *self.hooks.notified.lock());
        notified.into_iter().try_for_each(|action| match action {
            Action::Notify { .. } => self.notify(action).map(drop),
            action => self.act(action, "").map(drop),
        })
    }
}

/// COPY … FROM STDIN: the transaction is lent to its receiver.
impl Session {
    pub async fn copy_data(&mut self, copy: &mut dyn CopyIn, data: bytes::Bytes) -> Result<()> {
        let scope = self.scope()?;
        let work = self.block.work()?;
        scope.run(copy.data(data, work)).await
    }

    pub async fn copy_done(&mut self, copy: Box<dyn CopyIn>) -> Result<u64> {
        let scope = self.scope()?;
        let work = self.block.work()?;
        scope.run(copy.done(work)).await
    }
}

/// A statement outside of the extended protocol has no parameters: `42P02` for one that
/// was bound with parameters all the same, or could not decide their types.
fn uses_parameter(parsed: &ParsedStatement, bound: &Result<Query>) -> Option<Error> {
    let has_parameters = match bound {
        Ok(query) => !query.prepared().params.is_empty(),
        Err(error) => {
            matches!(error.code(), sqlstate::INDETERMINATE_DATATYPE | sqlstate::AMBIGUOUS_PARAMETER)
        }
    };
    if !has_parameters {
        return None;
    }
    let text = &parsed.text[parsed.location..parsed.location + parsed.length];
    let tokens = parse::tokens(text).ok()?;
    let token = tokens.iter().find(|token| token.kind == SqlTokenKind::Param)?;
    let message = format!("there is no parameter {}", &text[token.range.clone()]);
    let location = i32::try_from(parsed.location + token.range.start).unwrap_or(-1);
    Some(Error::new(sqlstate::UNDEFINED_PARAMETER, message).at(location))
}
