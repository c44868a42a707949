//! What kernels and I/O functions may know about the session that runs them.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{AdvisoryKey, AdvisoryRequest, domain};
use crate::auth::vault::Vault;
use crate::catalog::Catalog;
use crate::error::Result;
use crate::sql::parse::Identity;
use crate::sql::routine::Routines;
use crate::sql::run::Loan;
use crate::sql::types::datetime::Zone;
use crate::sql::types::encoding::Encoding;
use crate::sql::types::snapshot::Snapshot;
use crate::sql::types::{CatalogView, InputContext, Oid, OutputContext, datum::Datum};
use crate::table::TransitionTables;
use crate::txn::{DatabaseCounts, TableCounts};

pub use crate::sql::types::{DateOrder, DateStyle, IntervalStyle};

/// A statement of a routine that was run, for `pg_stat_statements`.
pub struct NestedStatement {
    pub identity: Arc<Identity>,
    /// How many calls there are around it.
    pub depth: usize,
    /// Whether it was planned for this run.
    pub is_planned: bool,
    pub elapsed: Duration,
    pub rows: u64,
}

/// The session as an expression sees it, fixed for one statement.
#[derive(Clone)]
pub struct EvalContext {
    pub catalog: Arc<Catalog>,
    pub settings: Arc<SettingsView>,
    /// `transaction_timestamp()`, microseconds since 2000-01-01 UTC.
    pub transaction_timestamp: i64,
    pub statement_timestamp: i64,
    pub session: Arc<dyn SessionHooks>,
    /// How functions that users wrote get at the statement's transaction.
    pub loan: Arc<Loan>,
    /// Transition tables, in a trigger function's statements.
    pub transitions: Option<Arc<TransitionTables>>,
    /// The columns that the statement gives values to, by relation, where its role may not
    /// read the whole: errors show it these, and what else it may read.
    pub given: Option<Arc<Given>>,
}

/// Columns that a statement gives values to, by relation.
pub type Given = Vec<(Oid, std::collections::BTreeSet<i16>)>;

impl EvalContext {
    /// The session's time zone.
    pub fn zone(&self) -> Zone {
        self.settings.zone()
    }

    /// What printing a value depends on, in this session.
    pub fn output(&self) -> OutputContext<'_> {
        self.settings.output(self)
    }

    /// What reading a value depends on, in this session.
    pub fn input(&self) -> InputContext<'_> {
        self.settings.input(self, self.transaction_timestamp)
    }
}

/// Settings as they once were, which the session alone can read.
pub type SettingsState = Arc<dyn std::any::Any + Send + Sync>;

/// The settings that change what expressions mean or print.
#[derive(Clone, Debug)]
pub struct SettingsView {
    pub time_zone: Zone,
    pub date_style: DateStyle,
    pub date_order: DateOrder,
    pub interval_style: IntervalStyle,
    pub bytea_output_hex: bool,
    pub extra_float_digits: i32,
    pub client_encoding: Encoding,
    /// EXPLAIN (VERBOSE) tells what a statement is counted under.
    pub shows_query_id: bool,
    /// Off: what policies would hide is an error.
    pub row_security: bool,
    /// Users' views are not to be read (`restrict_nonsystem_relation_kind`).
    pub restrict_views: bool,
    /// Schemas searched, in order, `pg_catalog` included where it applies.
    pub search_path: Vec<Oid>,
    pub current_user: String,
    pub session_user: String,
    pub database: String,
    pub backend_pid: i32,
    pub vector: VectorSettings,
}

/// How indexes of vectors are searched (`hnsw.…`, `ivfflat.…`). What pgvector has more
/// parameters for, the modes of iterative scans and their bounds, changes nothing here: every
/// search goes on until there is enough, and gives rows in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VectorSettings {
    /// Candidates that a search of a graph keeps.
    pub ef_search: usize,
    /// Rows that a filtered search of a graph meets at most: the rest is found by a scan.
    pub max_scan_tuples: usize,
    /// Inverted lists that are looked into.
    pub probes: usize,
    /// Whether an index may be used (`enable_indexscan`).
    pub index_scans: bool,
    /// Whether a table is scanned where an index would do, and for the rows that an index
    /// leaves out (`enable_seqscan`).
    pub seq_scans: bool,
}

impl Default for VectorSettings {
    fn default() -> VectorSettings {
        VectorSettings {
            ef_search: 40,
            max_scan_tuples: 20_000,
            probes: 1,
            index_scans: true,
            seq_scans: true,
        }
    }
}

impl SettingsView {
    /// The time zone as dates and times use it.
    pub fn zone(&self) -> Zone {
        self.time_zone
    }

    /// What printing a value depends on, borrowed.
    pub fn output<'a>(&self, catalog: &'a dyn CatalogView) -> OutputContext<'a> {
        OutputContext {
            zone: self.zone(),
            date_style: self.date_style,
            date_order: self.date_order,
            interval_style: self.interval_style,
            bytea_output_hex: self.bytea_output_hex,
            extra_float_digits: self.extra_float_digits,
            catalog,
        }
    }

    /// What reading a value depends on, borrowed.
    pub fn input<'a>(
        &self,
        catalog: &'a dyn CatalogView,
        transaction_timestamp: i64,
    ) -> InputContext<'a> {
        InputContext {
            zone: self.zone(),
            date_order: self.date_order,
            interval_style: self.interval_style,
            transaction_timestamp,
            client_encoding: self.client_encoding,
            catalog,
        }
    }
}

/// A setting that is stored for sessions to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredSetting {
    Set { name: String, value: String },
    Reset { name: String },
    ResetAll,
}

/// The row of a sequence read as a table.
#[derive(Clone, Copy, Debug)]
pub struct SequenceRow {
    /// The value that came last, in any session, or the first to come.
    pub last_value: i64,
    /// Values to come that are reserved already.
    pub log_count: i64,
    /// Whether `last_value` was given.
    pub is_called: bool,
}

/// What became of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransactionStatus {
    /// It has not begun.
    Future,
    InProgress,
    Committed,
    Aborted,
    /// It is too long ago.
    Forgotten,
}

/// What the `zserver_…` functions about other servers ask for.
#[derive(Clone, Copy, Debug)]
pub enum RemoteRequest<'r> {
    AddServer {
        name: &'r str,
        conninfo: &'r str,
    },
    DropServer {
        name: &'r str,
    },
    Servers,
    /// Runs a statement in the transaction's branch; the count of its command tag.
    Execute {
        server: &'r str,
        command: &'r str,
    },
    /// The same; its rows, each as an array of texts.
    Query {
        server: &'r str,
        query: &'r str,
    },
    /// Branches that are decided to be committed and have not answered.
    InDoubt,
}

/// Effects and questions that reach outside the expression: sequences, settings,
/// other sessions. Implemented by the session.
pub trait SessionHooks: Send + Sync {
    /// A constant has been read that is good for this transaction only.
    fn clock_was_read(&self) {}
    fn nextval(&self, sequence: Oid) -> Result<i64>;
    fn currval(&self, sequence: Oid) -> Result<i64>;
    /// The sequence of the session's last `nextval`, and what `currval` is for it.
    fn lastval(&self) -> Result<(Oid, i64)>;
    fn setval(&self, sequence: Oid, value: i64, is_called: bool) -> Result<i64>;
    /// What SELECT from a sequence shows.
    fn sequence_row(&self, sequence: Oid) -> Result<SequenceRow>;
    fn setting(&self, name: &str) -> Result<Option<String>>;
    fn set_setting(&self, name: &str, value: &str, local: bool) -> Result<String>;
    /// Gives a parameter its default back; answers what that is.
    fn reset_setting(&self, _name: &str, _local: bool) -> Result<String> {
        Err(crate::error::Error::unsupported("resetting a parameter"))
    }
    /// Sends a notification when the transaction commits.
    fn notify(&self, _channel: &str, _payload: &str) -> Result<()> {
        Err(crate::error::Error::unsupported("pg_notify"))
    }
    /// A utility statement is done: the audit log may be told.
    fn note_command(&self, _statement: &crate::sql::parse::ParsedStatement) {}
    /// A function whose owner may do it tells the audit log of what it has done for its
    /// caller.
    fn note_audit_event(&self, _eval: &EvalContext, _event: &str, _detail: &str) -> Result<()> {
        Err(crate::error::Error::unsupported("zserver_audit_event"))
    }
    /// A place in the change feed: what is committed from now on is after it.
    fn change_position(&self) -> Result<String> {
        Err(crate::error::Error::unsupported("events.position"))
    }
    /// The changes of a watched table after a place, as the role in force sees them: position,
    /// op, time, old and new row of each.
    fn changes(
        &self,
        _eval: &EvalContext,
        _table: Oid,
        _after: &str,
        _limit: i32,
    ) -> Result<Vec<Vec<Datum>>> {
        Err(crate::error::Error::unsupported("events.changes"))
    }
    /// The records of the audit log from a time on (microseconds since 2000).
    fn audit_rows(
        &self,
        _eval: &EvalContext,
        _since: Option<i64>,
    ) -> Result<Box<dyn Iterator<Item = Result<Vec<Datum>>> + Send>> {
        Err(crate::error::Error::unsupported("zserver_audit"))
    }
    /// A notice or warning for the client.
    fn tell(&self, _notice: crate::error::Report) {}
    fn transaction_id(&self) -> u64;
    /// The transaction's id, which counts as assigned from now on.
    fn assign_transaction_id(&self) -> u64 {
        self.transaction_id()
    }
    /// The transaction's id, if it has written or was asked for it.
    fn assigned_transaction_id(&self) -> Option<u64> {
        None
    }
    /// Which transactions have ended.
    fn snapshot(&self) -> Result<Snapshot> {
        Err(crate::error::Error::unsupported("pg_current_snapshot"))
    }
    /// Lets other transactions begin with the statement's snapshot; its identifier.
    fn export_snapshot(&self) -> Result<String> {
        Err(crate::error::Error::unsupported("pg_export_snapshot"))
    }
    fn transaction_status(&self, _id: u64) -> Result<TransactionStatus> {
        Err(crate::error::Error::unsupported("pg_xact_status"))
    }
    /// `random()`: uniform in [0, 1). A session that supports `setseed` keeps
    /// its own generator.
    fn random(&self) -> f64 {
        rand::random()
    }
    fn set_seed(&self, _seed: f64) -> Result<()> {
        Err(crate::error::Error::unsupported("setseed"))
    }
    /// `true` once the statement was cancelled or timed out: long kernels ask.
    fn is_cancelled(&self) -> bool;
    /// What the present statement is cancelled by. Who waits on a thread of its own asks for
    /// it at first: the session may have left the statement before the end is seen there.
    fn statement_token(&self) -> Option<CancellationToken> {
        None
    }
    /// Signals another session: cancel its statement, or end it.
    fn cancel_backend(&self, pid: i32, terminate: bool) -> Result<bool>;
    /// Takes an advisory lock; false if it is not to be had without waiting.
    fn advisory_lock(&self, _request: AdvisoryRequest) -> Result<bool> {
        Err(crate::error::Error::unsupported("advisory locks"))
    }
    /// Gives up an advisory lock of the session; false, and a warning, if it has none.
    fn advisory_unlock(&self, _key: AdvisoryKey, _shared: bool) -> Result<bool> {
        Err(crate::error::Error::unsupported("advisory locks"))
    }
    /// Gives up all advisory locks of the session.
    fn advisory_unlock_all(&self) {}
    /// Rows of a server-state relation (`pg_stat_activity`, `pg_locks`, `pg_settings`…).
    fn server_rows(&self, relation: &str) -> Result<Vec<Vec<Datum>>>;
    /// Forgets what `pg_stat_statements` has counted for a role, a database, a statement;
    /// 0 is all of them.
    fn reset_statement_counts(&self, _role: Oid, _database: Oid, _query_id: i64) -> Result<()> {
        Err(crate::error::Error::unsupported("pg_stat_statements_reset"))
    }
    /// What the server keeps secret of the database.
    fn vault(&self) -> Result<Vault> {
        Err(crate::error::Error::unsupported("secrets"))
    }
    /// Whether a track is published in a live room of the database.
    fn has_live_track(&self, _room: &str, _track: &str) -> bool {
        false
    }
    /// A key of the server's configuration that is for `auth`.
    fn auth_value(&self, _name: &str) -> Option<String> {
        None
    }
    /// Whether `pg_stat_statements` counts statements of routines at a depth of calls.
    fn counts_nested(&self, _depth: usize, _is_utility: bool) -> bool {
        false
    }
    /// A statement of a routine is done.
    fn count_nested(&self, _done: &NestedStatement) {}
    /// The statement that runs has been planned.
    fn note_planning(&self, _elapsed: Duration) {}
    /// The utility statement that runs has made so many rows, which its tag does not tell.
    fn note_processed(&self, _rows: u64) {}
    /// Compiles a domain's constraints, with those of the domains below it.
    fn compile_domain(&self, _eval: &EvalContext, _domain: Oid) -> Result<domain::Constraints> {
        Err(crate::error::Error::unsupported("checking a domain"))
    }
    /// The settings as expressions see them now, over a catalog.
    fn settings_view(&self, _catalog: &Arc<Catalog>) -> Result<Arc<SettingsView>> {
        Err(crate::error::Error::unsupported("functions"))
    }
    /// The routines that this session has compiled.
    fn routines(&self) -> Result<Arc<Routines>> {
        Err(crate::error::Error::unsupported("functions"))
    }
    /// Lets another role be in force; answers the setting before.
    fn switch_role(&self, _role: &str) -> Result<String> {
        Err(crate::error::Error::unsupported("SECURITY DEFINER"))
    }
    /// Gives back what [`SessionHooks::switch_role`] answered.
    fn restore_role(&self, _setting: &str) {}
    /// The settings as they are now.
    fn settings_state(&self) -> Option<SettingsState> {
        None
    }
    /// Puts the settings back to what they were before, if nothing has changed them since
    /// they were as they are said to be now; whether it has.
    fn put_settings_back(&self, _before: &SettingsState, _now: &SettingsState) -> bool {
        false
    }
    /// The settings, to be put back by [`SessionHooks::restore_settings`] when a
    /// subtransaction is rolled back.
    fn save_settings(&self) -> Option<SettingsState> {
        None
    }
    fn restore_settings(&self, _saved: &SettingsState) {}
    /// Runs a statement of the session's own (SET, SHOW, LISTEN …) inside of a function;
    /// none if it is another kind of statement.
    fn run_command(
        &self,
        _statement: &crate::sql::parse::ParsedStatement,
    ) -> Result<Option<crate::sql::outcome::Outcome>> {
        Ok(None)
    }

    /// Looks for what is wrong with what is stored, of one table or everything: rows of
    /// severity, kind, object and message.
    fn check_database(&self, _eval: &EvalContext, _table: Option<Oid>) -> Result<Vec<Vec<Datum>>> {
        Err(crate::error::Error::unsupported("checking the database"))
    }
    /// Backs everything up into a directory of the server; a row of commit timestamp,
    /// chunks written, bytes written, chunks shared with the previous backup.
    fn back_up(
        &self,
        _eval: &EvalContext,
        _directory: &str,
        _previous: Option<&str>,
    ) -> Result<Vec<Datum>> {
        Err(crate::error::Error::unsupported("taking a backup"))
    }
    /// Sends what is archived up to now on its way.
    fn switch_archive(&self, _eval: &EvalContext) -> Result<()> {
        Err(crate::error::Error::unsupported("switching the archive"))
    }
    /// The text that the client sent.
    fn current_query(&self) -> Option<String> {
        None
    }
    /// The channels that this session listens on.
    fn listening_channels(&self) -> Vec<String> {
        Vec::new()
    }
    /// The client's end of the connection; `None` within the server.
    fn client_address(&self) -> Option<std::net::SocketAddr> {
        None
    }
    /// The server's end of the connection.
    fn server_address(&self) -> Option<std::net::SocketAddr> {
        None
    }
    /// The statement is given up to break a deadlock.
    fn count_deadlock(&self) {}
    /// What sessions have done to a table or an index.
    fn table_counts(&self, _oid: Oid) -> TableCounts {
        TableCounts::default()
    }
    /// What sessions have done in a database.
    fn database_counts(&self, _oid: Oid) -> DatabaseCounts {
        DatabaseCounts::default()
    }
    /// Sets the counts to zero, of one table or index or of all.
    fn reset_counts(&self, _oid: Option<Oid>) -> Result<()> {
        Err(crate::error::Error::unsupported("pg_stat_reset"))
    }
    /// Other sessions in a database, and transactions that were prepared there.
    fn database_users(&self, _database: Oid) -> Result<(usize, usize)> {
        Err(crate::error::Error::unsupported("CREATE DATABASE"))
    }
    /// Ends the other sessions in a database.
    fn end_database_users(&self, _database: Oid) -> Result<()> {
        Err(crate::error::Error::unsupported("DROP DATABASE"))
    }
    /// Where a sequence is, by its storage: of any database.
    fn stored_sequence(
        &self,
        _storage_id: u32,
        _sequence: &crate::catalog::Sequence,
    ) -> Result<SequenceRow> {
        Err(crate::error::Error::unsupported("sequences"))
    }
    /// What a SET stores for sessions or calls to come: a valid value that this session
    /// may set.
    fn stored_setting(
        &self,
        _statement: &crate::sql::parse::ast::VariableSetStmt,
    ) -> Result<StoredSetting> {
        Err(crate::error::Error::unsupported("storing a setting"))
    }
    /// Whether this session may set a parameter for others.
    fn may_store_setting(&self, _name: &str) -> Result<()> {
        Err(crate::error::Error::unsupported("storing a setting"))
    }
    /// ALTER SYSTEM: at once, whatever becomes of the transaction.
    fn alter_system(&self, _statement: &crate::sql::parse::ast::VariableSetStmt) -> Result<()> {
        Err(crate::error::Error::unsupported("ALTER SYSTEM"))
    }
    /// Lets the server read its configuration again.
    fn reload_configuration(&self) -> Result<bool> {
        Err(crate::error::Error::unsupported("pg_reload_conf"))
    }
    /// Stored bytes of all relations of a database.
    fn database_size_bytes(&self, _database: Oid) -> Result<i64> {
        Err(crate::error::Error::unsupported("the size of a database"))
    }
    /// Rows of a table, exactly.
    fn live_rows(&self, _oid: Oid) -> Result<i64> {
        Err(crate::error::Error::unsupported("pg_stat_get_live_tuples"))
    }
    /// Work on another server, or a question about them: rows in the columns of the
    /// function that asks.
    fn remote(&self, _request: RemoteRequest<'_>) -> Result<Vec<Vec<Datum>>> {
        Err(crate::error::Error::unsupported("work on other servers"))
    }
    /// Stored bytes of a relation, for the `pg_relation_size` family.
    fn relation_size_bytes(&self, relation: Oid) -> Result<i64>;
}
