//! What the log is told of statements: `log_statement`, `log_duration`,
//! `log_min_duration_statement`, and errors (`log_min_messages`,
//! `log_min_error_statement`).
//!
//! A simple query is logged as a whole before it runs, if one of its statements belongs
//! to what is logged; a portal when it is executed, with its parameters. The words are
//! PostgreSQL's, but for passwords: what follows the word in a statement (`PASSWORD '…'`,
//! `password=…`) is not shown. The values of parameters are, up to
//! `log_parameter_max_length` bytes of each; 0 shows none.
//!
//! A line is structured beside its text: `pid`, `user`, `database`, and where they are known
//! `query_id` (as in `pg_stat_statements`), `trace_id` (of the trace that the statement is
//! part of) and `duration_ms`. The plan of a statement that took
//! `auto_explain.log_min_duration` is logged with its text, as PostgreSQL's auto_explain does.

use std::time::{Duration, Instant};

use super::Session;
use super::plan::{Body, Statement};
use super::statement::Command;
use crate::config::LogStatement;
use crate::error::Error;
use crate::sql::command::log_class;
use crate::sql::parse::ParsedStatement;
use crate::sql::types::{self, Datum};

/// Bytes of a statement that the log shows with its error.
const STATEMENT_BYTES_MAX: usize = 4_000;

/// Bytes of a parameter that the log shows, unless `log_parameter_max_length` says.
const PARAMETER_BYTES_MAX: usize = 1_024;

impl Session {
    /// Whether the log is told that the session begins.
    pub fn logs_connection(&self) -> bool {
        self.settings.lock().derived().log_connections
    }

    /// Whether the log is told that the session ends.
    pub fn logs_disconnection(&self) -> bool {
        self.settings.lock().derived().log_disconnections
    }

    fn log_level(&self) -> LogStatement {
        self.settings.lock().derived().log_statement
    }

    /// Logs a query string, if one of its statements is to be logged; whether it was.
    pub fn log_query(&self, text: &str, statements: &[ParsedStatement]) -> bool {
        let level = self.log_level();
        if level == LogStatement::None {
            return false;
        }
        let class = |parsed: &ParsedStatement| match Command::of(parsed) {
            Ok(Some(command)) => self.command_class(&command),
            _ => log_class(&parsed.node),
        };
        let is_logged =
            level == LogStatement::All || statements.iter().any(|parsed| class(parsed) <= level);
        if is_logged {
            self.log(&format!("statement: {text}"));
        }
        is_logged
    }

    /// Logs a query string whose one statement is known already; whether it was logged.
    pub fn log_known_query(&self, text: &str, statement: &Statement) -> bool {
        let is_logged = self.is_logged(statement);
        if is_logged {
            self.log(&format!("statement: {text}"));
        }
        is_logged
    }

    /// Logs how long a message has taken, with what it was if that is not in the log yet.
    pub fn log_duration(&self, begun: Instant, was_logged: bool, what: impl FnOnce() -> String) {
        let (all, at_least_ms) = {
            let settings = self.settings.lock();
            let derived = settings.derived();
            (derived.log_duration, derived.log_min_duration_statement_ms)
        };
        if !all && at_least_ms < 0 {
            return;
        }
        let took = begun.elapsed();
        let is_long = at_least_ms >= 0 && took.as_millis() as i64 >= at_least_ms;
        let ms = took.as_secs_f64() * 1_000.0;
        match (is_long && !was_logged, is_long || all) {
            (true, _) => self.log_timed(Some(ms), &format!("duration: {ms:.3} ms  {}", what())),
            (false, true) => self.log_timed(Some(ms), &format!("duration: {ms:.3} ms")),
            (false, false) => {}
        }
    }

    /// Logs what a statement was planned to do that took so long.
    pub(super) fn log_plan(&self, took: Duration, statement: &str, lines: &[String]) {
        let ms = took.as_secs_f64() * 1_000.0;
        let plan = lines.join("\n");
        let text = format!("duration: {ms:.3} ms  plan:\nQuery Text: {statement}\n{plan}");
        self.log_timed(Some(ms), &text);
    }

    /// Logs an error of a statement, as `log_min_messages` and `log_min_error_statement` say;
    /// what was refused is for the audit log, too.
    pub fn log_error(&self, error: &Error, statement: &str) {
        self.hooks.audit_refusal(error, statement);
        let (is_logged, with_statement) = {
            let settings = self.settings.lock();
            let derived = settings.derived();
            (derived.logs_errors, derived.logs_error_statements)
        };
        if !is_logged {
            return;
        }
        let report = error.report();
        let mut text = format!("{}:  {}", report.severity.as_str(), report.message);
        let further =
            [("DETAIL", &report.detail), ("HINT", &report.hint), ("CONTEXT", &report.context)];
        for (label, more) in further {
            if let Some(more) = more {
                text.push_str(&format!(" {label}:  {more}"));
            }
        }
        if with_statement && !statement.is_empty() {
            let cut = statement.floor_char_boundary(STATEMENT_BYTES_MAX);
            let more = if cut < statement.len() { "..." } else { "" };
            let statement = without_passwords(&statement[..cut]);
            text.push_str(&format!(" STATEMENT:  {statement}{more}"));
        }
        let text = on_one_line(&text);
        let backend = self.backend();
        tracing::info!(
            pid = backend.pid,
            user = backend.user,
            database = backend.database,
            code = %error.code(),
            query_id = self.shown_query_id(),
            trace_id = self.trace_id(),
            "{text}"
        );
    }

    /// A portal with its parameters, as the log shows it.
    pub fn shown_portal(
        &mut self,
        verb: &str,
        name: &str,
        statement: &Statement,
        params: &[Datum],
    ) -> String {
        let name = if name.is_empty() { "<unnamed>" } else { name };
        let params = self.shown_parameters(statement, params);
        format!("{verb} {name}: {}{params}", statement.text)
    }

    /// Whether how long it takes may be logged.
    pub fn logs_durations(&self) -> bool {
        let settings = self.settings.lock();
        let derived = settings.derived();
        derived.log_duration || derived.log_min_duration_statement_ms >= 0
    }

    /// Logs a portal that is executed; whether it was logged.
    pub fn log_execute(
        &mut self,
        portal: &str,
        statement: &Statement,
        params: &[Datum],
        is_first: bool,
    ) -> bool {
        if !self.is_logged(statement) {
            return false;
        }
        let verb = if is_first { "execute" } else { "execute fetch from" };
        let shown = self.shown_portal(verb, portal, statement, params);
        self.log(&shown);
        true
    }

    /// Logs a call by the function call protocol.
    pub(super) fn log_call(&self, name: &str, oid: u32) {
        if self.log_level() == LogStatement::All {
            self.log(&format!("fastpath function call: \"{name}\" (OID {oid})"));
        }
    }

    fn is_logged(&self, statement: &Statement) -> bool {
        let level = self.log_level();
        if matches!(level, LogStatement::None | LogStatement::All) {
            return level == LogStatement::All;
        }
        match &statement.body {
            Body::Empty => false,
            Body::Command(command) => self.command_class(command) <= level,
            Body::Query(query) => log_class(&query.parsed.node) <= level,
        }
    }

    /// EXECUTE counts as what it executes.
    fn command_class(&self, command: &Command) -> LogStatement {
        match command {
            Command::Prepare { statement, .. } => log_class(&statement.node),
            Command::Execute { name, .. } => match self.prepared(name).as_deref() {
                Ok(Statement { body: Body::Query(query), .. }) => log_class(&query.parsed.node),
                _ => LogStatement::All,
            },
            Command::AroundExecute { around, .. } => log_class(&around.node),
            _ => LogStatement::All,
        }
    }

    fn shown_parameters(&mut self, statement: &Statement, params: &[Datum]) -> String {
        let bytes_max = self.settings.lock().derived().log_parameter_max_bytes;
        let bytes_max = usize::try_from(bytes_max).unwrap_or(PARAMETER_BYTES_MAX);
        if params.is_empty() || bytes_max == 0 {
            return String::new();
        }
        let eval = self.eval_context();
        let output = eval.output();
        let shown = |(index, (value, ty)): (usize, (&Datum, types::SqlType))| {
            if value.is_null() {
                return format!("${} = NULL", index + 1);
            }
            let mut bytes = bytes::BytesMut::new();
            types::text_output(value, ty.oid, &output, &mut bytes);
            let text = String::from_utf8_lossy(&bytes);
            let cut = text.floor_char_boundary(bytes_max);
            let more = if cut < text.len() { "..." } else { "" };
            format!("${} = '{}{more}'", index + 1, text[..cut].replace('\'', "''"))
        };
        let all: Vec<String> =
            params.iter().zip(statement.params()).enumerate().map(shown).collect();
        format!(" parameters: {}", all.join(", "))
    }

    fn log(&self, text: &str) {
        self.log_timed(None, text);
    }

    fn log_timed(&self, duration_ms: Option<f64>, text: &str) {
        let text = without_passwords(text);
        let text = on_one_line(&text);
        let backend = self.backend();
        tracing::info!(
            pid = backend.pid,
            user = backend.user,
            database = backend.database,
            query_id = self.shown_query_id(),
            trace_id = self.trace_id(),
            duration_ms,
            "{text}"
        );
    }

    /// What the statement is counted under, where that is known.
    fn shown_query_id(&self) -> Option<i64> {
        Some(self.backend().activity.lock().query_id).filter(|id| *id != 0)
    }
}

/// A statement without the passwords in it.
pub(super) fn without_passwords(text: &str) -> std::borrow::Cow<'_, str> {
    const WORD: &str = "password";
    let lower = text.to_ascii_lowercase();
    if !lower.contains(WORD) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = lower[at..].find(WORD) {
        let after = at + found + WORD.len();
        let rest = &text[after..];
        let blanks = rest.len() - rest.trim_start().len();
        let value = &rest[blanks..];
        shown.push_str(&text[at..after]);
        let hidden = match value.as_bytes() {
            [b'\'', ..] => quoted_length(value),
            [b'e' | b'E', b'\'', ..] => 1 + quoted_length(&value[1..]),
            [b'=', ..] => {
                let end = value.find(|c: char| c.is_whitespace() || matches!(c, '\'' | ';' | '&'));
                end.unwrap_or(value.len())
            }
            _ => 0,
        };
        if hidden > 0 {
            shown.push_str(if value.starts_with('=') { "=***" } else { " '***'" });
            at = after + blanks + hidden;
        } else {
            at = after;
        }
    }
    shown.push_str(&text[at..]);
    shown.into()
}

/// Bytes of a string constant, doubled and escaped quotes within; all if it has no end.
fn quoted_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) | (b'\\', Some(_)) => at += 2,
            (b'\'', _) => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// As PostgreSQL: what is behind a line break is indented, so that no client's text looks
/// like a line of the log.
fn on_one_line(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains(['\n', '\r']) {
        true => text.replace("\r\n", "\n").replace(['\n', '\r'], "\n\t").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (text, shown) in [
            ("SELECT 1", "SELECT 1"),
            ("ALTER ROLE a PASSWORD 'it''s' LOGIN", "ALTER ROLE a PASSWORD '***' LOGIN"),
            ("create user b password  E'x\\'y' ;", "create user b password '***' ;"),
            ("ALTER ROLE a PASSWORD 'open", "ALTER ROLE a PASSWORD '***'"),
            ("f('host=h password=s3 user=u')", "f('host=h password=*** user=u')"),
            ("ALTER ROLE a PASSWORD NULL", "ALTER ROLE a PASSWORD NULL"),
            ("SELECT password FROM t", "SELECT password FROM t"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }

    #[test]
    fn a_line_break_makes_no_line_of_the_log() {
        assert_eq!(on_one_line("a\nINFO b\r\nc"), "a\n\tINFO b\n\tc");
    }
}
