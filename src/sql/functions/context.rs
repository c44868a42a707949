//! What kernels and I/O functions may know about the session that runs them.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::Result;
use crate::sql::types::{Oid, datum::Datum};

/// The session as an expression sees it, fixed for one statement.
#[derive(Clone)]
pub struct EvalContext {
    pub catalog: Arc<Catalog>,
    pub settings: Arc<SettingsView>,
    /// `transaction_timestamp()`, microseconds since 2000-01-01 UTC.
    pub transaction_timestamp: i64,
    pub statement_timestamp: i64,
    pub session: Arc<dyn SessionHooks>,
}

/// The settings that change what expressions mean or print.
#[derive(Clone, Debug)]
pub struct SettingsView {
    pub time_zone: chrono_tz::Tz,
    /// A fixed offset (seconds east of UTC) when TimeZone is not a named zone.
    pub time_zone_offset: Option<i32>,
    pub date_style: DateStyle,
    pub date_order: DateOrder,
    pub interval_style: IntervalStyle,
    pub bytea_output_hex: bool,
    pub extra_float_digits: i32,
    /// Schemas searched, in order, `pg_catalog` included where it applies.
    pub search_path: Vec<Oid>,
    pub current_user: String,
    pub session_user: String,
    pub database: String,
    pub backend_pid: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateStyle {
    Iso,
    Sql,
    Postgres,
    German,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateOrder {
    Mdy,
    Dmy,
    Ymd,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntervalStyle {
    Postgres,
    PostgresVerbose,
    SqlStandard,
    Iso8601,
}

/// Effects and questions that reach outside the expression: sequences, settings,
/// other sessions. Implemented by the session.
pub trait SessionHooks: Send + Sync {
    fn nextval(&self, sequence: Oid) -> Result<i64>;
    fn currval(&self, sequence: Oid) -> Result<i64>;
    fn lastval(&self) -> Result<i64>;
    fn setval(&self, sequence: Oid, value: i64, is_called: bool) -> Result<i64>;
    fn setting(&self, name: &str) -> Result<Option<String>>;
    fn set_setting(&self, name: &str, value: &str, local: bool) -> Result<String>;
    fn transaction_id(&self) -> u64;
    /// `true` once the statement was cancelled or timed out: long kernels ask.
    fn is_cancelled(&self) -> bool;
    /// Signals another session: cancel its statement, or end it.
    fn cancel_backend(&self, pid: i32, terminate: bool) -> bool;
    /// Rows of a server-state relation (`pg_stat_activity`, `pg_locks`, `pg_settings`…).
    fn server_rows(&self, relation: &str) -> Result<Vec<Vec<Datum>>>;
    /// Stored bytes of a relation, for the `pg_relation_size` family.
    fn relation_size_bytes(&self, relation: Oid) -> Result<i64>;
}
