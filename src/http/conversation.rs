//! A session that answers requests: one statement after the other, parameters bound.
//!
//! ```text
//! open(principal) ── begin? ── start(statement) ── next(answer)* ── finish(answer) ── commit? ── drop
//! ```
//! It runs in a task of its own ([`Leash::run`]): a statement may compute for long between two
//! points where it could be dropped, and whoever watches the client's connection must not
//! wait for it. A client that goes away lets go of the [`Leash`], which cancels. Dropping a
//! conversation undoes what is not committed; its session goes to the [`pool`](super::pool)
//! where the next request of the role finds it, as new.
//!
//! Where transactions begin and end is the caller's to say: BEGIN and COMMIT as statements
//! are refused, since they would take apart what belongs together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::Value;

use super::params;
use super::pool::{Idle, Key, Pool, Sessions};
use super::principal::{self, Principal, Proof, Scopes};
use super::problem::Problem;
use super::rows::{RowWriter, Shape};
use super::{Http, guard};
use crate::error::{Error, Report, Result};
use crate::observe::trace;
use crate::session::registry::{Backend, Interrupt};
use crate::session::stat_statements::Measure;
use crate::session::{
    BindRequest, Database, Fresh, Login, Mark, Phase, PortalState, RowCursor, Session, Statement,
};
use crate::sql::functions::EvalContext;
use crate::sql::outcome::{CopyIn, Outcome, ResultColumn, Rows, RowsTag};
use crate::sql::types::{self, Datum, Oid, SqlType};
use crate::sqlstate;

/// Bytes of the secret that a cancel request would need; nobody is told it.
const SECRET_BYTES: usize = 32;

/// How often a request that waits for a session looks by itself: the place that it was told
/// of may have been another's.
const PLACE_INTERVAL: Duration = Duration::from_millis(100);

pub struct Conversation {
    /// Taken when it is closed. Boxed, as it goes from hand to hand.
    session: Option<Box<Session>>,
    /// Where the session goes, and what it has to be like then.
    home: Option<(Arc<Pool>, Key, Fresh, usize)>,
    /// What the present leash holds.
    tether: Tether,
    /// Statements share a transaction that was begun.
    in_block: bool,
}

/// The session that a leash pulls at, as long as it is of the same request.
#[derive(Clone, Default)]
struct Tether(Arc<Tied>);

#[derive(Default)]
struct Tied {
    backend: Mutex<Option<Arc<Backend>>>,
    /// The request is given up: a statement that begins later is cancelled, too.
    is_pulled: AtomicBool,
}

impl Tether {
    fn to(backend: Arc<Backend>) -> Tether {
        Tether(Arc::new(Tied { backend: Mutex::new(Some(backend)), ..Tied::default() }))
    }

    fn cut(&self) {
        *self.0.backend.lock() = None;
    }

    fn pull(&self, how: Pull) {
        // Before what runs is looked at, so that one or the other is hit.
        self.0.is_pulled.store(true, Ordering::SeqCst);
        // Locked, so that the session is not another request's meanwhile.
        match (&*self.0.backend.lock(), how) {
            (Some(backend), Pull::EndSession) => backend.terminate(),
            (Some(backend), Pull::Cancel) => backend.interrupt(Interrupt::Canceled),
            (None, _) => {}
        }
    }

    fn check(&self) -> Result<()> {
        match self.0.is_pulled.load(Ordering::SeqCst) {
            true => Err(Error::query_canceled()),
            false => Ok(()),
        }
    }
}

/// What a leash does to a statement that still runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pull {
    EndSession,
    Cancel,
}

/// Held by who waits for a conversation: dropping it cancels what runs.
pub struct Leash(Tether, Pull);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.pull(self.1);
    }
}

impl Leash {
    /// The result of work for a conversation, done on a task of its own.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        match tokio::spawn(trace::carry(work)).await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "a request has panicked");
                Err(Problem::of(&unfinished(), ""))
            }
        }
    }

    /// Cancels the statement that runs, and those of the request that would follow; the
    /// session goes on.
    pub fn cancel(&self) {
        self.0.pull(Pull::Cancel);
    }
}

/// `08007`: a request has panicked, wherever it was.
pub fn unfinished() -> Error {
    let message = "the request could not be finished; whether it has committed is not known";
    Error::new(sqlstate::TRANSACTION_RESOLUTION_UNKNOWN, message)
}

/// A statement that runs, or has run.
pub struct Answer {
    pub columns: Option<Arc<[ResultColumn]>>,
    cursor: Option<RowCursor>,
    command: String,
    /// What it costs, where that is counted.
    measure: Option<Measure>,
    logged: Logged,
}

/// What the log is told of a statement when it is done.
struct Logged {
    begun: Instant,
    /// Its text is in the log.
    was_logged: bool,
    /// How it is shown, where its duration may be logged.
    shown: Option<String>,
}

/// A statement that was begun.
struct Ran {
    outcome: Outcome,
    columns: Option<Arc<[ResultColumn]>>,
    measure: Option<Measure>,
    logged: Logged,
}

/// COPY … FROM STDIN under way.
pub struct Copying {
    copy: Box<dyn CopyIn>,
    measure: Option<Measure>,
}

/// What a statement did: `INSERT` and 3.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    pub command: String,
    /// None where rows are not what it is about.
    pub count: Option<u64>,
}

impl Done {
    /// From the text of CommandComplete.
    fn of(tag: &str) -> Done {
        match tag.rsplit_once(' ').map(|(verb, count)| (verb, count.parse())) {
            Some((verb, Ok(count))) => {
                let command = verb.strip_suffix(" 0").unwrap_or(verb).to_owned();
                Done { command, count: Some(count) }
            }
            _ => Done { command: tag.to_owned(), count: None },
        }
    }
}

impl Conversation {
    /// Logs a principal in; `settings` are parameters of the session. What the database or
    /// the role sets by itself is not for the server's own. Where there may be no more
    /// sessions, one is waited for (`http_session_wait`).
    pub async fn open(
        http: &Http,
        principal: &Principal,
        settings: Vec<(String, String)>,
    ) -> Result<Conversation> {
        let database = &http.front.database;
        let begun = Instant::now();
        let opened = loop {
            let opened = Conversation::open_now(http, principal, &settings).await;
            let left = match &opened {
                Err(error) if error.code() == sqlstate::TOO_MANY_CONNECTIONS => {
                    let wait = database.config().http_session_wait.duration();
                    wait.saturating_sub(begun.elapsed())
                }
                _ => break opened,
            };
            if left.is_zero() {
                break opened;
            }
            database.registry.freed_within(left.min(PLACE_INTERVAL)).await;
        };
        opened.inspect_err(|error| guard::note_unadmitted(http, principal, error))
    }

    /// The same without waiting: `53300`.
    async fn open_now(
        http: &Http,
        principal: &Principal,
        settings: &[(String, String)],
    ) -> Result<Conversation> {
        let database = &http.front.database;
        let config = database.config();
        let is_own = principal.proof == Proof::Server;
        database.registry.check_room(config.max_connections)?;
        let key = Key {
            role: principal.role.clone(),
            database: principal.database.clone(),
            is_own,
            settings: settings.to_vec(),
            proved: principal.proved(),
        };
        while let Some(Idle { session, fresh }) = http.pool.take(&key) {
            if let Some(session) = database.readmit(session, &fresh).await? {
                session.set_ends(principal.ends);
                let home = Some((http.pool.clone(), key, fresh, config.http_pool_sessions));
                return Ok(Conversation::of(session, home));
            }
        }
        let claims = (principal::CLAIMS.to_owned(), principal.claims.to_string());
        let login = Login {
            user: principal.role.clone(),
            database: principal.database.clone(),
            ends: Some(principal.ends),
            secret_bytes: SECRET_BYTES,
            settings: settings.iter().cloned().chain([claims]).collect(),
            proved: principal.proved(),
            is_own,
        };
        let shared = database.shared_catalog();
        let admitted = match is_own {
            true => database.admit_as(login).await,
            false => database.admit(login).await,
        };
        let session = Box::new(admitted?);
        let fresh = session.fresh(shared, is_own);
        let home = Some((http.pool.clone(), key, fresh, config.http_pool_sessions));
        Ok(Conversation::of(session, home))
    }

    fn of(mut session: Box<Session>, home: Option<(Arc<Pool>, Key, Fresh, usize)>) -> Conversation {
        session.set_request(trace::current());
        Conversation { session: Some(session), home, tether: Tether::default(), in_block: false }
    }

    /// For the server's own work beside requests, as its first superuser; `settings` are
    /// parameters of the session, and no others are set.
    pub async fn of_server(
        database: &Arc<Database>,
        name: &str,
        settings: Vec<(String, String)>,
    ) -> Result<Conversation> {
        let role = principal::first_role(database)?;
        let login = login_of(&role, name, settings, Vec::new(), true);
        Conversation::admitted(database, None, login).await
    }

    /// For what the server does with the rights of a role, whose settings it has; `scopes`
    /// are those that it is good for.
    pub async fn of_role(
        database: &Arc<Database>,
        role: &str,
        name: &str,
        scopes: Scopes,
        settings: Vec<(String, String)>,
    ) -> Result<Conversation> {
        let proved = vec![("zserver.scopes", scopes.names().join(","))];
        let login = login_of(role, name, settings, proved, false);
        Conversation::admitted(database, None, login).await
    }

    /// The same with all that a role has proved elsewhere.
    pub async fn of_proved(
        database: &Arc<Database>,
        role: &str,
        name: &str,
        proved: Vec<(&'static str, String)>,
        settings: Vec<(String, String)>,
    ) -> Result<Conversation> {
        Conversation::admitted(database, None, login_of(role, name, settings, proved, false)).await
    }

    /// The same of a session that may have waited for it in a pool, and goes back there.
    /// `settings` are the same for all that share one: what is this one's own is said by
    /// [`Conversation::introduce`].
    pub async fn of_role_from(
        sessions: &Sessions,
        role: &str,
        name: &str,
        scopes: Scopes,
        settings: Vec<(String, String)>,
    ) -> Result<Conversation> {
        let proved = vec![("zserver.scopes", scopes.names().join(","))];
        let database = &sessions.database;
        let home = Some(sessions);
        Conversation::admitted(database, home, login_of(role, name, settings, proved, false)).await
    }

    /// The server's own, in the same way.
    pub async fn of_server_from(
        sessions: &Sessions,
        name: &str,
        settings: Vec<(String, String)>,
    ) -> Result<Conversation> {
        let database = &sessions.database;
        let role = principal::first_role(database)?;
        let login = login_of(&role, name, settings, Vec::new(), true);
        Conversation::admitted(database, Some(sessions), login).await
    }

    /// Lets in who has not asked for it, and need not be allowed to log in.
    async fn admitted(
        database: &Arc<Database>,
        sessions: Option<&Sessions>,
        login: Login,
    ) -> Result<Conversation> {
        let Some(Sessions { pool, most, .. }) = sessions else {
            let session = database.admit_as(login).await?;
            return Ok(Conversation::of(Box::new(session), None));
        };
        let key = Key {
            role: login.user.clone(),
            database: login.database.clone(),
            is_own: login.is_own,
            settings: login.settings.clone(),
            proved: login.proved.clone(),
        };
        while let Some(Idle { session, fresh }) = pool.take(&key) {
            if let Some(session) = database.readmit(session, &fresh).await? {
                let home = Some((pool.clone(), key, fresh, *most));
                return Ok(Conversation::of(session, home));
            }
        }
        let shared = database.shared_catalog();
        let session = Box::new(database.admit_as(login).await?);
        // As little as the first time is it asked whether it may log in.
        let fresh = session.fresh(shared, true);
        Ok(Conversation::of(session, Some((pool.clone(), key, fresh, *most))))
    }

    /// Tells the session whom it serves from now on: what others see as its application, and
    /// a parameter.
    pub fn introduce(&mut self, application: &str, name: &str, value: &str) -> Result<()> {
        self.session()?.introduce(application, name, value)
    }

    /// How its session is now, to be asked later what was left in it.
    pub fn mark(&mut self) -> Result<Mark> {
        Ok(self.session()?.mark())
    }

    /// Whether whom it has served since has left nothing to the next one in the transaction,
    /// but what was written.
    pub fn has_left_nothing(&mut self, since: &Mark) -> Result<bool> {
        Ok(self.session()?.has_left_nothing(since))
    }

    /// What it does from now on belongs to the request that the present task is about.
    pub fn serve_request(&mut self) {
        if let Some(session) = &mut self.session {
            session.set_request(trace::current());
        }
    }

    /// `0A000` for a statement that would end the transaction that it is in, or begin one:
    /// what is known before it runs.
    pub fn refuse_transaction_command(&mut self, text: &str) -> Result<()> {
        let session = self.session()?;
        session.prepare("", text, Vec::new())?;
        match session.prepared("")?.is_transaction_command() {
            true => Err(Error::unsupported("a transaction command here")),
            false => Ok(()),
        }
    }

    /// All rows of a statement, each a JSON object, after its end.
    pub async fn rows(&mut self, text: &str, values: &[Value]) -> Result<Vec<Value>> {
        let mut answer = self.start(text, values).await?;
        let mut out = b"[".to_vec();
        if let Some(columns) = answer.columns.clone() {
            let writer = RowWriter::new(columns, self.eval_context()?, Shape::Object)?;
            while let Some(rows) = self.next(text, &mut answer, u64::MAX).await? {
                writer.write(&rows, b",", &mut out)?;
            }
        }
        self.finish(answer).await?;
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.push(b']');
        serde_json::from_slice(&out)
            .map_err(|error| Error::internal(format!("rows that are not JSON: {error}")))
    }

    /// What ends it where it is let go.
    pub fn leash(&mut self) -> Result<Leash> {
        self.leash_that(Pull::EndSession)
    }

    /// What cancels the statement that runs, and leaves the session: of one that outlives
    /// the request.
    pub fn leash_of_statement(&mut self) -> Result<Leash> {
        self.leash_that(Pull::Cancel)
    }

    fn leash_that(&mut self, pull: Pull) -> Result<Leash> {
        let backend = self.session()?.backend().clone();
        self.tether.cut();
        self.tether = Tether::to(backend);
        Ok(Leash(self.tether.clone(), pull))
    }

    /// The request is over: its leash holds nothing any more.
    pub fn let_off(&mut self) {
        self.tether.cut();
        self.tether = Tether::default();
    }

    pub(super) fn session(&mut self) -> Result<&mut Session> {
        self.session.as_deref_mut().ok_or_else(|| Error::internal("a session that was closed"))
    }

    /// Milliseconds that each statement may take, whatever `statement_timeout` says.
    pub fn set_timeout(&mut self, timeout_ms: Option<u64>) -> Result<()> {
        self.session()?.set_own_timeout(timeout_ms);
        Ok(())
    }

    /// Begins a transaction for the statements up to [`Conversation::commit`].
    pub async fn begin(&mut self, begin: &str) -> Result<()> {
        self.command(begin).await?;
        self.in_block = true;
        Ok(())
    }

    pub async fn commit(&mut self) -> Result<()> {
        self.in_block = false;
        let done = self.command("COMMIT").await?;
        match done.command.as_str() {
            // A failed one is rolled back, and its error has been told.
            "ROLLBACK" => Err(crate::session::failed_transaction()),
            _ => Ok(()),
        }
    }

    pub async fn roll_back(&mut self) -> Result<()> {
        self.in_block = false;
        self.command("ROLLBACK").await.map(drop)
    }

    /// What follows in the transaction can be undone by itself.
    pub async fn set_savepoint(&mut self) -> Result<()> {
        self.command("SAVEPOINT own").await.map(drop)
    }

    /// Undoes what has followed since, and what has failed.
    pub async fn roll_back_to_savepoint(&mut self) -> Result<()> {
        self.command("ROLLBACK TO SAVEPOINT own").await.map(drop)
    }

    async fn command(&mut self, text: &str) -> Result<Done> {
        let started = self.try_start(text, Values::Json(&[]), &[], true).await;
        let answer = self.or_fail(text, started)?;
        self.finish(answer).await
    }

    /// Runs a statement up to its first rows.
    pub async fn start(&mut self, text: &str, values: &[Value]) -> Result<Answer> {
        self.start_typed(text, values, &[]).await
    }

    /// The same, of parameters whose types are named: `integer[]`; an empty name leaves it
    /// to the statement, as does one that is not there.
    pub async fn start_typed(
        &mut self,
        text: &str,
        values: &[Value],
        types: &[String],
    ) -> Result<Answer> {
        let started = self.try_start(text, Values::Json(values), types, false).await;
        self.or_fail(text, started)
    }

    /// The same with parameters of the types that the statement gives them.
    pub async fn start_with(&mut self, text: &str, values: Vec<Datum>) -> Result<Answer> {
        let started = self.try_start(text, Values::Datums(values), &[], false).await;
        self.or_fail(text, started)
    }

    async fn try_start(
        &mut self,
        text: &str,
        values: Values<'_>,
        types: &[String],
        is_own: bool,
    ) -> Result<Answer> {
        let Ran { outcome, columns, measure, logged } =
            self.run(text, values, types, is_own).await?;
        let (columns, cursor, command) = match outcome {
            Outcome::Rows(stream) => {
                let cursor = RowCursor::new(stream);
                (Some(cursor.columns.clone()), Some(cursor), String::new())
            }
            Outcome::Command(command) => (columns, None, command),
            Outcome::Empty => (None, None, String::new()),
            Outcome::CopyIn(_) | Outcome::CopyOut(_) => {
                return Err(Error::unsupported("COPY over HTTP"));
            }
        };
        Ok(Answer { columns, cursor, command, measure, logged })
    }

    async fn run(
        &mut self,
        text: &str,
        values: Values<'_>,
        types: &[String],
        is_own: bool,
    ) -> Result<Ran> {
        let begun = Instant::now();
        let tether = self.tether.clone();
        let session = self.session()?;
        session.message_arrived();
        session.backend().set_query(&Arc::from(text));
        let declared = declared(session, types)?;
        session.prepare("", text, declared)?;
        if !is_own {
            check_asked(&*session.prepared("")?)?;
        }
        let (types, columns) = session.describe_prepared("")?;
        let (statement, params) = match values {
            Values::Json(values) => bind(session, &types, values)?,
            Values::Datums(values) if values.len() == types.len() => {
                (session.prepared("")?, values)
            }
            Values::Datums(_) => return Err(Error::internal("a statement has other parameters")),
        };
        session.begin_command(Phase::Single)?;
        if !is_own {
            tether.check()?;
        }
        let was_logged = session.log_execute("", &statement, &params, true);
        let shown = session
            .logs_durations()
            .then(|| session.shown_portal("execute", "", &statement, &params));
        let measure = session.begin_measure(&statement);
        let outcome = session.run(&statement, params).await?;
        let logged = Logged { begun, was_logged, shown };
        Ok(Ran { outcome, columns, measure, logged })
    }

    /// Begins COPY … FROM STDIN, of the server's own data.
    pub async fn copy_in(&mut self, text: &str) -> Result<Copying> {
        let ran = self.run(text, Values::Json(&[]), &[], false).await;
        let Ran { outcome, measure, .. } = self.or_fail(text, ran)?;
        match outcome {
            Outcome::CopyIn(copy) => Ok(Copying { copy, measure }),
            _ => Err(Error::internal("a statement that takes no data")),
        }
    }

    /// A piece of its data, cut anywhere.
    pub async fn copy_data(&mut self, copying: &mut Copying, data: bytes::Bytes) -> Result<()> {
        let taken = self.session()?.copy_data(copying.copy.as_mut(), data).await;
        self.or_fail("", taken)
    }

    /// Its end; the rows that there were.
    pub async fn copy_done(&mut self, copying: Copying) -> Result<u64> {
        let done = self.session()?.copy_done(copying.copy).await;
        let count = self.or_fail("", done)?;
        let session = self.session()?;
        session.end_measure(copying.measure, count);
        let ended = session.end_command(true).await;
        self.or_fail("", ended)?;
        Ok(count)
    }

    /// The next rows of an answer, at most `max`; none at the end.
    pub async fn next(
        &mut self,
        text: &str,
        answer: &mut Answer,
        max: u64,
    ) -> Result<Option<Rows>> {
        let Some(cursor) = answer.cursor.as_mut().filter(|_| max > 0) else { return Ok(None) };
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let next = self.session()?.next_rows(cursor, max).await;
        self.or_fail(text, next)
    }

    /// Ends a statement whose rows were read: its commit, unless it is in a block.
    pub async fn finish(&mut self, answer: Answer) -> Result<Done> {
        let done = match answer.cursor {
            Some(cursor) => match &cursor.tag {
                RowsTag::Counted(verb) => {
                    let command = verb.strip_suffix(" 0").unwrap_or(verb).to_owned();
                    Done { command, count: Some(cursor.taken) }
                }
                RowsTag::Fixed(tag) => Done::of(tag),
            },
            None => Done::of(&answer.command),
        };
        let session = self.session()?;
        session.end_measure(answer.measure, done.count.unwrap_or(0));
        let ended = session.end_command(true).await;
        self.or_fail("", ended)?;
        let Logged { begun, was_logged, shown } = answer.logged;
        if let Some(shown) = shown {
            self.session()?.log_duration(begun, was_logged, || shown);
        }
        Ok(done)
    }

    /// Runs a statement to its end: its rows, at most `max` of them, and what it did.
    pub async fn datums(
        &mut self,
        text: &str,
        values: &[Value],
        max: u64,
    ) -> Result<(Vec<Vec<Datum>>, Done)> {
        let mut answer = self.start(text, values).await?;
        let columns = answer.columns.clone().unwrap_or_default();
        let eval = self.eval_context()?;
        let mut found = Vec::new();
        while let Some(rows) = self.next(text, &mut answer, max - found.len() as u64).await? {
            match rows {
                Rows::Datums(rows) => found.extend(rows),
                Rows::Batch(batch) => {
                    let reprs = columns.iter().map(|column| eval.catalog.repr(column.ty.oid));
                    let reprs = reprs.collect::<Result<Vec<_>>>()?;
                    for row in 0..batch.num_rows() {
                        let value = |(at, repr)| {
                            types::arrow::datum_at(batch.column(at).as_ref(), row, repr)
                        };
                        found.push(reprs.iter().enumerate().map(value).collect::<Result<_>>()?);
                    }
                }
            }
        }
        let done = self.finish(answer).await?;
        Ok((found, done))
    }

    fn or_fail<T>(&mut self, text: &str, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if let Some(session) = &mut self.session {
                session.note_failure(error);
                session.fail();
                session.log_error(error, text);
            }
        })
    }

    /// Bytes of a result that is not streamed, at most.
    pub fn max_response(&mut self) -> Result<usize> {
        Ok(self.session()?.database().config().http_max_response.get())
    }

    /// What runs is given up: it is undone, and so is the transaction that it belongs to.
    pub fn fail(&mut self) {
        if let Some(session) = &mut self.session {
            session.fail();
        }
    }

    /// Nobody asks for anything: it is shown as idle.
    pub fn rest(&self) {
        if let Some(session) = &self.session {
            session.show_idle();
        }
    }

    /// Whether its session is told to end.
    pub fn is_over(&self) -> bool {
        self.session.as_ref().is_none_or(|session| session.backend().end.is_cancelled())
    }

    pub fn take_notices(&mut self) -> Vec<Report> {
        self.session.as_deref_mut().map(Session::take_notices).unwrap_or_default()
    }

    pub fn eval_context(&mut self) -> Result<Arc<EvalContext>> {
        Ok(self.session()?.eval_context())
    }
}

/// The login of who has not asked for it.
fn login_of(
    role: &str,
    database: &str,
    settings: Vec<(String, String)>,
    proved: Vec<(&'static str, String)>,
    is_own: bool,
) -> Login {
    Login {
        user: role.to_owned(),
        database: database.to_owned(),
        ends: None,
        secret_bytes: SECRET_BYTES,
        settings,
        proved,
        is_own,
    }
}

/// The types that are named for parameters; 0 leaves one to the statement.
fn declared(session: &mut Session, names: &[String]) -> Result<Vec<Oid>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let eval = session.eval_context();
    let resolve = |name: &String| {
        if name.is_empty() {
            return Ok(0);
        }
        let path = &eval.settings.search_path;
        let found = crate::catalog::resolve_type_text(&eval.catalog, path, name)?;
        found.map(|ty| ty.oid).ok_or_else(|| {
            let message = format!("type \"{name}\" does not exist");
            Error::new(sqlstate::UNDEFINED_OBJECT, message)
        })
    };
    names.iter().map(resolve).collect()
}

/// `0A000` for a statement that is not for clients of HTTP.
fn check_asked(statement: &Statement) -> Result<()> {
    if let Some(verb) = statement.transaction_verb() {
        return Err(Error::unsupported(format!("{verb} as a statement over HTTP")).with_hint(
            "Several statements of one request are one transaction; /api/v1/transactions begins \
             one of several requests.",
        ));
    }
    if statement.is_listen() {
        return Err(Error::unsupported("LISTEN as a statement over HTTP")
            .with_hint("The WebSocket at /api/v1/sql has the message \"listen\"."));
    }
    Ok(())
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.tether.cut();
        let Some(mut session) = self.session.take() else { return };
        let keep = |session: Box<Session>,
                    (pool, key, fresh, most): (Arc<Pool>, Key, Fresh, usize)| {
            session.park();
            pool.put(key, Idle { session, fresh }, most);
        };
        let home = match self.home.take() {
            Some(home) if session.renew(&home.2) => return keep(session, home),
            home => home.filter(|_| !session.backend().end.is_cancelled()),
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            match home {
                Some(home) if session.renew_all(&home.2).await => keep(session, home),
                _ => session.close().await,
            }
        });
    }
}

/// Parameters as they came.
enum Values<'a> {
    Json(&'a [Value]),
    Datums(Vec<Datum>),
}

/// Reads the parameters of the unnamed statement.
fn bind(
    session: &mut Session,
    types: &[SqlType],
    values: &[Value],
) -> Result<(Arc<Statement>, Vec<Datum>)> {
    let eval = session.eval_context();
    let is_array = |ty: &SqlType| eval.catalog.type_(ty.oid).is_some_and(|ty| ty.element != 0);
    let bind = |(index, value): (usize, &Value)| {
        params::text(value, types.get(index).is_some_and(is_array))
    };
    session.bind(BindRequest {
        portal: String::new(),
        statement: String::new(),
        param_formats: Vec::new(),
        params: values.iter().enumerate().map(bind).collect(),
        result_formats: Vec::new(),
    })?;
    let portal = session.portal("")?;
    portal.state = PortalState::Done { rows: None };
    Ok((portal.statement.clone(), std::mem::take(&mut portal.params)))
}

#[cfg(test)]
mod tests {
    use super::Done;

    #[test]
    fn a_tag_tells_a_command_and_a_count() {
        let done = |tag: &str| {
            let done = Done::of(tag);
            (done.command, done.count)
        };
        assert_eq!(done("INSERT 0 3"), ("INSERT".to_owned(), Some(3)));
        assert_eq!(done("UPDATE 0"), ("UPDATE".to_owned(), Some(0)));
        assert_eq!(done("CREATE TABLE"), ("CREATE TABLE".to_owned(), None));
        assert_eq!(done(""), (String::new(), None));
    }
}
