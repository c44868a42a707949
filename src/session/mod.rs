//! One client's conversation, whatever the protocol.
//!
//! A [`Session`] owns everything that lasts from login to logout: settings, the
//! transaction [block], prepared statements, portals and cursors, the channels
//! it listens on. A protocol drives it:
//!
//! ```text
//! parse(text)                       statements of a query string
//! begin_command(phase)              a transaction if there is none; 25P02 if it failed
//! run(statement, parameters)        an Outcome: rows stream, the rest is done
//! next_rows(cursor, max)            rows, under the statement's scope
//! end_command(last)                 commit, when the transaction ends here
//! fail(error)                       or all of it undone
//! ```
//!
//! Everything that executes runs in a [`scope`]: cancel, timeout and shutdown
//! drop it, and a panic in it becomes `XX000` of this statement. What other
//! sessions see and touch of this one is its [`registry::Backend`].
//!
//! It does not know bytes on a wire, and not what a statement does: that is `sql`.

mod advisory;
mod auditing;
mod auto_settings;
mod block;
pub mod changes;
mod context;
mod cursor;
mod database;
mod databases;
mod execute;
mod export;
mod fastpath;
mod format;
mod hooks;
mod lock_rows;
mod logging;
mod maintenance;
mod notify;
mod plan;
mod portal;
mod prepare;
pub mod registry;
mod remote;
mod reuse;
mod routine;
pub mod rows;
mod scope;
mod server_rows;
mod set;
pub mod settings;
mod stages;
pub mod stat_statements;
mod statement;
mod template;
mod temporary;
pub mod time;
mod transaction;
mod two_phase;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub use block::Phase;
pub use database::Database;
pub use execute::{Statements, failed_transaction};
pub use fastpath::CallRequest;
pub use format::Format;
pub use maintenance::check_database;
pub use notify::{Notification, Subscriber};
pub use plan::{Body, Statement};
pub use portal::{Portal, PortalState};
pub use prepare::BindRequest;
pub use registry::Ends;
pub use reuse::{Fresh, Mark};
pub use rows::RowCursor;
pub use scope::{Scope, catch};
pub use template::Shape;
pub use temporary::drop_leftover_temporary;

use crate::auth;
use crate::catalog::Catalog;
use crate::error::{Error, Report, Result};
use crate::sql::parse::escapes::Rewritten;
use crate::sql::run::Notices;
use crate::sql::types::Oid;
use crate::sql::types::encoding::Encoding;
use crate::sqlstate;
use crate::txn::LockSession;
use block::Block;
use database::database_is_gone;
use hooks::Hooks;
use notify::Inbox;
use plan::PlanCache;
use registry::{Backend, Identity, Limits, Registered, State};
use settings::{Authority, Layers, MessageLevel, Scope as SetScope, Settings, Source};
use template::Templates;

/// One client's conversation.
pub struct Session {
    database: Arc<Database>,
    registered: Registered,
    settings: Arc<Mutex<Settings>>,
    /// The server's defaults that the settings were made over.
    defaults: Arc<Vec<settings::Value>>,
    hooks: Arc<Hooks>,
    block: Block,
    scope: Option<Scope>,
    /// Microseconds since 2000-01-01 UTC, when the client's message came.
    statement_timestamp: i64,
    prepared: HashMap<String, prepare::Named>,
    portals: HashMap<String, Portal>,
    /// Prepared statements or cursors are others than `hooks` has been told.
    statements_changed: bool,
    plans: PlanCache,
    templates: Templates,
    inbox: Inbox,
    /// Whose locks its transactions' are.
    lock_session: LockSession,
    notices: Notices,
    /// The client's text as it was parsed, where that is not how it was sent.
    rewritten: Option<Rewritten>,
    /// Milliseconds that a statement may take, whatever `statement_timeout` says.
    own_timeout_ms: Option<u64>,
    watch: watch::Watch,
}

/// What a login established.
pub struct Login {
    pub user: String,
    pub database: String,
    pub ends: Option<Ends>,
    pub secret_bytes: usize,
    /// Parameters from the startup packet, in order.
    pub settings: Vec<(String, String)>,
    /// Parameters that the server gives and the client cannot: what it has proved.
    pub proved: Vec<(&'static str, String)>,
    /// It is the server itself: what is stored for databases and roles is not for it.
    pub is_own: bool,
}

/// Where the server itself looks for names: what others may make is not among it.
const OWN_SEARCH_PATH: &str = "pg_catalog, pg_temp";

impl Session {
    /// Opens a session for a user who has proved who it is.
    pub fn open(database: Arc<Database>, login: Login) -> Result<Session> {
        let shared = database.shared_catalog();
        let entered = auth::authorize(&shared, &login.user, &login.database)?;
        Session::enter(database, login, entered.oid)
    }

    /// Opens a session for what the server does in the name of a role.
    fn open_as(database: Arc<Database>, login: Login) -> Result<Session> {
        let shared = database.shared_catalog();
        if shared.role_named(&login.user).is_none() {
            let message = format!("role \"{}\" does not exist", login.user);
            return Err(Error::new(sqlstate::UNDEFINED_OBJECT, message));
        }
        let Some(found) = shared.database_named(&login.database) else {
            let message = format!("database \"{}\" does not exist", login.database);
            return Err(Error::new(sqlstate::INVALID_CATALOG_NAME, message));
        };
        let oid = found.oid;
        Session::enter(database, login, oid)
    }

    /// Opens a session of the server's own in a database that may allow no connections.
    fn open_own(database: Arc<Database>, database_oid: Oid) -> Result<Session> {
        let login = temporary::server_login(&database, database_oid)?;
        Session::enter(database, login, database_oid)
    }

    fn enter(database: Arc<Database>, login: Login, database_oid: Oid) -> Result<Session> {
        let catalog =
            database.catalog_of(database_oid).ok_or_else(|| database_is_gone(database_oid))?;
        let superuser = catalog.role_named(&login.user).is_some_and(|role| role.superuser);
        let defaults = database.defaults();
        let settings = startup_settings(&database, &catalog, &login, superuser)?;
        let application_name = settings.derived().application_name.clone();
        let config = database.config();
        let registered = register(&database, &catalog, login, superuser)?;
        let backend = registered.backend.clone();
        backend.activity.lock().application_name = application_name;
        let settings = Arc::new(Mutex::new(settings));
        let inbox = Inbox::new(
            database.channels.clone(),
            database_oid,
            backend.pid,
            config.max_pending_notifications,
            config.max_listen_channels,
        );
        let lock_session = database.transactions.session(backend.pid, database_oid);
        let activity = lock_session.activity().cloned();
        let activity = activity.ok_or_else(|| Error::internal("a session without counters"))?;
        let notices = Notices::new(config.max_pending_notices);
        let hooks = Hooks::new(
            database.clone(),
            catalog,
            backend,
            activity,
            settings.clone(),
            notices.clone(),
        );
        Ok(Session {
            hooks: Arc::new(hooks),
            registered,
            settings,
            defaults,
            block: Block::new(),
            scope: None,
            statement_timestamp: time::now(),
            prepared: HashMap::new(),
            portals: HashMap::new(),
            statements_changed: false,
            plans: PlanCache::new(config.plan_cache_entries),
            templates: Templates::new(config.plan_cache_entries),
            inbox,
            lock_session,
            notices,
            rewritten: None,
            own_timeout_ms: None,
            watch: watch::Watch::default(),
            database,
        })
    }

    pub fn backend(&self) -> &Arc<Backend> {
        &self.registered.backend
    }

    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    pub fn phase(&self) -> Phase {
        self.block.phase
    }

    /// Whether it is between transactions.
    pub fn is_idle(&self) -> bool {
        self.block.phase == Phase::Idle
    }

    /// The catalog that names are resolved in now.
    pub fn catalog(&self) -> Arc<Catalog> {
        match self.block.open().and_then(|open| open.work.as_ref()) {
            Some(work) => work.catalog.clone(),
            None => self.committed_catalog(),
        }
    }

    /// The newest committed catalog of its database; of one that was dropped, while the
    /// session is told to end, the shared objects.
    pub(in crate::session) fn committed_catalog(&self) -> Arc<Catalog> {
        let found = self.database.catalog_of(self.backend().database_oid);
        found.unwrap_or_else(|| self.database.shared_catalog())
    }

    /// The parameters that a client is told, and the state they are of.
    pub fn reported_settings(&self) -> (Vec<(&'static str, String)>, Arc<Layers>) {
        let settings = self.settings.lock();
        (settings.reported().collect(), settings.snapshot())
    }

    /// What the client's text is in.
    pub fn client_encoding(&self) -> Encoding {
        self.settings.lock().derived().client_encoding
    }

    pub fn settings_changed_since(&self, state: &Arc<Layers>) -> bool {
        !self.settings.lock().is_unchanged(state)
    }

    /// Until when the client may stay silent, and what it is told then. `is_its_turn`:
    /// the server has answered everything, so that silence is idleness.
    pub fn silence_limit(&self, is_its_turn: bool) -> Option<(Instant, Error)> {
        let (idle_ms, idle_error): (u64, fn() -> Error) = {
            let settings = self.settings.lock();
            let derived = settings.derived();
            match self.block.phase {
                Phase::Idle => (derived.idle_session_timeout_ms, registry::idle_timeout as _),
                _ => (
                    derived.idle_in_transaction_session_timeout_ms,
                    registry::idle_in_transaction_timeout as _,
                ),
            }
        };
        let now = Instant::now();
        let idle = (is_its_turn && idle_ms > 0).then(|| now + Duration::from_millis(idle_ms));
        let end = match self.block.phase {
            Phase::Idle => None,
            _ => self.transaction_end(now),
        };
        match (idle, end) {
            (Some(idle), Some(end)) if end < idle => Some((end, registry::transaction_timeout())),
            (None, Some(end)) => Some((end, registry::transaction_timeout())),
            (idle, _) => idle.map(|idle| (idle, idle_error())),
        }
    }

    /// The next notification for this client, once there is one.
    pub async fn next_notification(&mut self) -> Notification {
        match self.inbox.received.recv().await {
            Some(notification) => notification,
            // The inbox holds a sender itself.
            None => std::future::pending().await,
        }
    }

    /// A notification that is there already.
    pub fn pending_notification(&mut self) -> Option<Notification> {
        self.inbox.received.try_recv().ok()
    }

    /// Notices so far, those that the client wants to see.
    pub fn take_notices(&mut self) -> Vec<Report> {
        let mut notices = self.notices.take();
        if !notices.is_empty() {
            let level = self.settings.lock().derived().client_min_messages;
            notices.retain(|notice| is_shown(notice, level));
        }
        notices
    }

    fn notice(&self, report: Report) {
        self.notices.send(report);
    }

    fn authority(&self) -> Authority {
        self.hooks.authority()
    }

    /// A message of the client came: the clock of `statement_timestamp()`.
    pub fn message_arrived(&mut self) {
        self.statement_timestamp = time::now();
    }

    /// Shows others that the session waits for its client.
    pub fn show_idle(&self) {
        let state = match self.block.phase {
            Phase::Idle => State::Idle,
            Phase::Failed => State::IdleInFailedTransaction,
            _ => State::IdleInTransaction,
        };
        self.backend().set_state(state, self.block.open().map(|open| open.started));
    }
}

/// Takes one of `max_connections`, of which the last ones are for superusers, and of the
/// connections that the role and the database allow.
fn register(
    database: &Database,
    catalog: &Catalog,
    login: Login,
    superuser: bool,
) -> Result<Registered> {
    let limits = limits(database, catalog, &login.user, superuser);
    let identity = Identity {
        user: login.user,
        database: login.database,
        database_oid: catalog.database,
        ends: login.ends,
        secret_bytes: login.secret_bytes,
    };
    database.registry.register(identity, limits)
}

/// How many sessions a user finds room among.
fn limits(database: &Database, catalog: &Catalog, user: &str, superuser: bool) -> Limits {
    let config = database.config();
    let all = config.max_connections;
    if superuser {
        return Limits { all, reserved: 0, of_role: -1, of_database: -1 };
    }
    let found = catalog.database(catalog.database);
    Limits {
        all,
        reserved: config.superuser_reserved_connections,
        of_role: catalog.role_named(user).map_or(-1, |role| role.connection_limit),
        of_database: found.map_or(-1, |database| database.connection_limit),
    }
}

fn is_shown(notice: &Report, level: MessageLevel) -> bool {
    use crate::error::Severity;
    let severity = match notice.severity {
        // INFO is always sent.
        Severity::Info | Severity::Error | Severity::Fatal => return true,
        Severity::Warning => MessageLevel::Warning,
        Severity::Notice => MessageLevel::Notice,
        Severity::Log => MessageLevel::Log,
        Severity::Debug => MessageLevel::Debug,
    };
    severity >= level
}

fn startup_settings(
    database: &Database,
    catalog: &Catalog,
    login: &Login,
    superuser: bool,
) -> Result<Settings> {
    let mut settings = Settings::new(database.defaults());
    if catalog.extension_named("vector").is_some() {
        settings.know_vector();
    }
    let server = Authority::Server;
    settings.set("session_authorization", &login.user, SetScope::Session, server)?;
    let flag = if superuser { "on" } else { "off" };
    settings.set("is_superuser", flag, SetScope::Session, server)?;
    for (name, value) in &login.proved {
        settings.set(name, value, SetScope::Session, server)?;
    }
    match login.is_own {
        // Or the owner of a database would say which functions run as a superuser.
        true => drop(settings.set("search_path", OWN_SEARCH_PATH, SetScope::Session, server)?),
        false => apply_stored_settings(&mut settings, catalog, &login.user),
    }
    for (name, value) in &login.settings {
        let authority = Authority::Startup { superuser };
        let set = settings.set_from(name, value, Source::Client, authority);
        set.map_err(|error| fatal(&error))?;
    }
    settings.keep_as_reset_values();
    Ok(settings)
}

/// ALTER DATABASE … SET and ALTER ROLE … SET: what is stored for all, for the database,
/// for the role, and for the role in the database, each over the ones before. A value
/// that is not valid any more is warned of and left out.
fn apply_stored_settings(settings: &mut Settings, catalog: &Catalog, user: &str) {
    let role = catalog.role_named(user).map_or(0, |role| role.oid);
    let database = catalog.database;
    // Whether they may be set was looked at when they were stored.
    let authority = Authority::Startup { superuser: true };
    for (database, role) in [(0, 0), (database, 0), (0, role), (database, role)] {
        let Some(stored) = catalog.settings_of(database, role) else { continue };
        let source = match (database, role) {
            (0, 0) => Source::Global,
            (_, 0) => Source::Database,
            (0, _) => Source::User,
            _ => Source::DatabaseUser,
        };
        for (name, value) in &stored.values {
            let set = settings.set_from(name, value, source, authority);
            if let Err(error) = set {
                tracing::warn!(user, name, "a stored setting is not valid: {error}");
            }
        }
    }
}

/// An error before the session exists ends the connection.
fn fatal(error: &Error) -> Error {
    let mut report = error.report().clone();
    report.severity = crate::error::Severity::Fatal;
    Error::from_report(report)
}
