//! What the log is told of statements: `log_statement`.
//!
//! A simple query is logged as a whole before it runs, if one of its statements belongs
//! to what is logged; a portal when it is executed, with its parameters. The words are
//! PostgreSQL's. A password in ALTER ROLE is logged as it is written, as by PostgreSQL:
//! clients that hash it first (`\\password`) keep it out of the log.

use super::Session;
use super::plan::{Body, Statement};
use super::statement::Command;
use crate::config::LogStatement;
use crate::sql::command::log_class;
use crate::sql::parse::ParsedStatement;
use crate::sql::types::{self, Datum};

/// Bytes of a parameter that the log shows.
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

    /// Logs a query string, if one of its statements is to be logged.
    pub fn log_query(&self, text: &str, statements: &[ParsedStatement]) {
        let level = self.log_level();
        if level == LogStatement::None {
            return;
        }
        let class = |parsed: &ParsedStatement| match Command::of(parsed) {
            Ok(Some(command)) => self.command_class(&command),
            _ => log_class(&parsed.node),
        };
        if level == LogStatement::All || statements.iter().any(|parsed| class(parsed) <= level) {
            self.log(&format!("statement: {text}"));
        }
    }

    /// Logs a query string whose one statement is known already.
    pub fn log_known_query(&self, text: &str, statement: &Statement) {
        if self.is_logged(statement) {
            self.log(&format!("statement: {text}"));
        }
    }

    /// Logs a portal that is executed.
    pub fn log_execute(
        &mut self,
        portal: &str,
        statement: &Statement,
        params: &[Datum],
        is_first: bool,
    ) {
        if !self.is_logged(statement) {
            return;
        }
        let verb = if is_first { "execute" } else { "execute fetch from" };
        let name = if portal.is_empty() { "<unnamed>" } else { portal };
        let params = self.shown_parameters(statement, params);
        self.log(&format!("{verb} {name}: {}{params}", statement.text));
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
        if params.is_empty() {
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
            let cut = text.floor_char_boundary(PARAMETER_BYTES_MAX);
            let more = if cut < text.len() { "..." } else { "" };
            format!("${} = '{}{more}'", index + 1, text[..cut].replace('\'', "''"))
        };
        let all: Vec<String> =
            params.iter().zip(statement.params()).enumerate().map(shown).collect();
        format!(" parameters: {}", all.join(", "))
    }

    fn log(&self, text: &str) {
        let backend = self.backend();
        tracing::info!(
            pid = backend.pid,
            user = backend.user,
            database = backend.database,
            "{text}"
        );
    }
}
