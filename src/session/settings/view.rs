//! The values that the server itself acts on, typed.

use super::check;
use super::parameter::Value;
use crate::config::LogStatement;
use crate::session::stat_statements::LIBRARY;
use crate::sql::functions::context::{DateOrder, DateStyle, IntervalStyle, VectorSettings};
use crate::sql::parse::escapes::StringRules;
use crate::sql::types::datetime::Zone;
use crate::sql::types::encoding::Encoding;

/// Read once per change of a setting instead of once per use.
#[derive(Clone, Debug)]
pub struct Derived {
    pub statement_timeout_ms: u64,
    pub transaction_timeout_ms: u64,
    pub lock_timeout_ms: u64,
    pub deadlock_timeout_ms: u64,
    pub idle_in_transaction_session_timeout_ms: u64,
    pub idle_session_timeout_ms: u64,
    pub work_mem_bytes: usize,
    pub synchronous_commit: bool,
    pub track_counts: bool,
    pub default_isolation: IsolationLevel,
    pub default_read_only: bool,
    pub default_deferrable: bool,
    pub client_min_messages: MessageLevel,
    pub log_statement: LogStatement,
    pub log_connections: bool,
    pub log_disconnections: bool,
    pub log_duration: bool,
    /// -1 logs none for how long it takes.
    pub log_min_duration_statement_ms: i64,
    /// The same for the plan.
    pub log_min_duration_plan_ms: i64,
    /// Bytes of a parameter that is logged with its statement; -1 is no limit of the
    /// client's making.
    pub log_parameter_max_bytes: i64,
    /// Whether errors of statements are logged, and the statements with them.
    pub logs_errors: bool,
    pub logs_error_statements: bool,
    pub time_zone: Zone,
    pub date_style: DateStyle,
    pub date_order: DateOrder,
    pub interval_style: IntervalStyle,
    pub bytea_output_hex: bool,
    pub extra_float_digits: i32,
    pub client_encoding: Encoding,
    /// `compute_query_id`, where `auto` is on if somebody counts.
    pub computes_query_id: bool,
    pub shows_query_id: bool,
    /// Whose statements `pg_stat_statements` counts.
    pub tracks: Tracked,
    pub tracks_planning: bool,
    pub tracks_utility: bool,
    pub row_security: bool,
    pub strings: StringRules,
    /// Users' views are not to be read.
    pub restrict_views: bool,
    /// Schema names in order, `$user` not yet replaced.
    pub search_path: Vec<String>,
    /// `SET ROLE`: none is the session's user.
    pub role: Option<String>,
    pub application_name: String,
    pub vector: VectorSettings,
}

impl Default for Derived {
    fn default() -> Derived {
        Derived::new(|name| {
            let table = super::table();
            &table.parameters[table.find(name).expect("a known parameter")].default
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IsolationLevel {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl IsolationLevel {
    pub fn parse(text: &str) -> Option<IsolationLevel> {
        Some(match text.to_ascii_lowercase().as_str() {
            "read uncommitted" => IsolationLevel::ReadUncommitted,
            "read committed" => IsolationLevel::ReadCommitted,
            "repeatable read" => IsolationLevel::RepeatableRead,
            "serializable" => IsolationLevel::Serializable,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            IsolationLevel::ReadUncommitted => "read uncommitted",
            IsolationLevel::ReadCommitted => "read committed",
            IsolationLevel::RepeatableRead => "repeatable read",
            IsolationLevel::Serializable => "serializable",
        }
    }
}

/// `client_min_messages`, least severe first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum MessageLevel {
    Debug,
    Log,
    Notice,
    Warning,
    Error,
}

impl Derived {
    pub(super) fn new<'a>(value: impl Fn(&str) -> &'a Value) -> Derived {
        let number = |name: &str| match value(name) {
            Value::Integer(number) => *number,
            _ => 0,
        };
        let count = |name: &str| usize::try_from(number(name)).unwrap_or(1);
        let milliseconds = |name: &str| u64::try_from(number(name)).unwrap_or(0);
        let flag = |name: &str| matches!(value(name), Value::Bool(true));
        let text = |name: &str| match value(name) {
            Value::Text(text) => text.as_ref(),
            _ => "",
        };
        let (date_style, date_order) =
            check::parse_date_style(text("DateStyle"), text("DateStyle"))
                .unwrap_or((DateStyle::Iso, DateOrder::Mdy));
        let zone = check::parse_time_zone(text("TimeZone"));
        let computes_query_id = match text("compute_query_id") {
            "auto" => super::loads(text("shared_preload_libraries"), LIBRARY),
            how => how != "off",
        };
        Derived {
            statement_timeout_ms: milliseconds("statement_timeout"),
            transaction_timeout_ms: milliseconds("transaction_timeout"),
            lock_timeout_ms: milliseconds("lock_timeout"),
            deadlock_timeout_ms: milliseconds("deadlock_timeout"),
            idle_in_transaction_session_timeout_ms: milliseconds(
                "idle_in_transaction_session_timeout",
            ),
            idle_session_timeout_ms: milliseconds("idle_session_timeout"),
            work_mem_bytes: usize::try_from(number("work_mem")).unwrap_or(0) << 10,
            synchronous_commit: text("synchronous_commit") != "off",
            track_counts: flag("track_counts"),
            default_isolation: IsolationLevel::parse(text("default_transaction_isolation"))
                .unwrap_or(IsolationLevel::ReadCommitted),
            default_read_only: flag("default_transaction_read_only"),
            default_deferrable: flag("default_transaction_deferrable"),
            client_min_messages: message_level(text("client_min_messages")),
            log_statement: match text("log_statement") {
                "ddl" => LogStatement::Ddl,
                "mod" => LogStatement::Mod,
                "all" => LogStatement::All,
                _ => LogStatement::None,
            },
            log_connections: flag("log_connections"),
            log_disconnections: flag("log_disconnections"),
            log_duration: flag("log_duration"),
            log_min_duration_statement_ms: number("log_min_duration_statement"),
            log_min_duration_plan_ms: number("auto_explain.log_min_duration"),
            log_parameter_max_bytes: number("log_parameter_max_length"),
            logs_errors: is_logged_at(text("log_min_messages")),
            logs_error_statements: is_logged_at(text("log_min_error_statement")),
            time_zone: zone.map_or(Zone::UTC, |zone| zone.zone),
            date_style,
            date_order,
            interval_style: interval_style(text("IntervalStyle")),
            bytea_output_hex: text("bytea_output") == "hex",
            extra_float_digits: number("extra_float_digits") as i32,
            client_encoding: Encoding::named(text("client_encoding")).unwrap_or(Encoding::UTF8),
            computes_query_id,
            shows_query_id: computes_query_id && text("compute_query_id") != "regress",
            tracks: match text("pg_stat_statements.track") {
                "none" => Tracked::None,
                "all" => Tracked::All,
                _ => Tracked::Top,
            },
            tracks_planning: flag("pg_stat_statements.track_planning"),
            tracks_utility: flag("pg_stat_statements.track_utility"),
            row_security: flag("row_security"),
            strings: StringRules {
                conforming: flag("standard_conforming_strings"),
                warns: flag("escape_string_warning"),
                backslash_quote: match text("backslash_quote") {
                    "safe_encoding" => !is_client_only(text("client_encoding")),
                    how => how != "off",
                },
            },
            restrict_views: check::parse_names(text("restrict_nonsystem_relation_kind"))
                .is_some_and(|kinds| kinds.iter().any(|kind| kind == "view")),
            search_path: check::parse_names(text("search_path")).unwrap_or_default(),
            role: Some(text("role")).filter(|role| *role != "none").map(str::to_owned),
            application_name: text("application_name").to_owned(),
            vector: VectorSettings {
                ef_search: count("hnsw.ef_search"),
                max_scan_tuples: count("hnsw.max_scan_tuples"),
                probes: count("ivfflat.probes"),
                index_scans: flag("enable_indexscan"),
                seq_scans: flag("enable_seqscan"),
            },
        }
    }
}

/// Whether an encoding is one whose characters may have a backslash as their second byte.
fn is_client_only(encoding: &str) -> bool {
    let encoding = Encoding::named(encoding).unwrap_or(Encoding::UTF8);
    ["SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004"].contains(&encoding.name())
}

/// `pg_stat_statements.track`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tracked {
    None,
    /// Statements of clients.
    Top,
    /// Those of routines, too.
    All,
}

/// Whether an ERROR is at or above a level, in the order of the server's log.
fn is_logged_at(level: &str) -> bool {
    !matches!(level, "log" | "fatal" | "panic")
}

fn message_level(text: &str) -> MessageLevel {
    match text {
        "log" => MessageLevel::Log,
        "notice" => MessageLevel::Notice,
        "warning" => MessageLevel::Warning,
        "error" => MessageLevel::Error,
        _ => MessageLevel::Debug,
    }
}

fn interval_style(text: &str) -> IntervalStyle {
    match text {
        "postgres_verbose" => IntervalStyle::PostgresVerbose,
        "sql_standard" => IntervalStyle::SqlStandard,
        "iso_8601" => IntervalStyle::Iso8601,
        _ => IntervalStyle::Postgres,
    }
}
