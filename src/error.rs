//! The one error type that reaches a client.
//!
//! An [`Error`] carries everything that PostgreSQL's ErrorResponse has fields
//! for: code, message, detail, hint, position, and the names of the objects it
//! is about. It is a boxed [`Report`], so a `Result<T>` stays one word larger
//! than `T`. Constructors are named by meaning; message wording follows
//! PostgreSQL's style: lower case, no full stop, quoted names; detail and hint
//! are sentences.
//!
//! Operating errors are values of this type. A broken invariant is a panic; one
//! statement's panic is caught at the session's edge and becomes `XX000`.
//! A failure whose outcome is unknown (on the commit path) is neither: it ends
//! the process, and recovery decides.

use std::fmt;
use std::panic::Location;

use crate::sqlstate::{self, SqlState};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How severe a report is, in PostgreSQL's words (field `S`/`V`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    /// The statement failed; the connection lives.
    #[default]
    Error,
    /// The connection ends after this message.
    Fatal,
    Warning,
    Notice,
    Info,
    Debug,
    Log,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Fatal => "FATAL",
            Severity::Warning => "WARNING",
            Severity::Notice => "NOTICE",
            Severity::Info => "INFO",
            Severity::Debug => "DEBUG",
            Severity::Log => "LOG",
        }
    }
}

/// What is known about an error or a notice. Field for field an ErrorResponse.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub severity: Severity,
    pub code: Option<SqlState>,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Byte offset into the statement's text, counted from 0. The wire layer
    /// turns it into PostgreSQL's position (characters, counted from 1).
    pub offset: Option<usize>,
    /// The statement inside a function that failed, where `offset` counts in it.
    pub internal_query: Option<String>,
    pub context: Option<String>,
    pub schema: Option<String>,
    pub table: Option<String>,
    pub column: Option<String>,
    pub data_type: Option<String>,
    pub constraint: Option<String>,
    /// The statement may be bound anew and run again.
    pub catalog_changed: bool,
    /// Where in this program it was made.
    pub place: Option<&'static Location<'static>>,
    /// PostgreSQL's function, where clients know an error by it.
    pub routine: Option<&'static str>,
}

/// A failed operation, ready to be sent to a client.
#[derive(Clone)]
pub struct Error(Box<Report>);

impl Report {
    /// Where in the text it points to: characters, counted from 1. The text is the
    /// statement inside a function, where one failed, or else `query`.
    pub fn position(&self, query: &str) -> Option<usize> {
        let text = self.internal_query.as_deref().unwrap_or(query);
        let offset = self.offset.filter(|offset| *offset <= text.len())?;
        let is_start = |byte: &&u8| (**byte & 0xc0) != 0x80;
        Some(text.as_bytes()[..offset].iter().filter(is_start).count() + 1)
    }

    pub fn with_code(self, code: SqlState) -> Report {
        Report { code: Some(code), ..self }
    }
}

impl Error {
    /// An error with a code and a message; add the rest with the `with_` methods.
    #[track_caller]
    pub fn new(code: SqlState, message: impl Into<String>) -> Error {
        let place = Some(Location::caller());
        let message = message.into();
        Error(Box::new(Report { code: Some(code), message, place, ..Report::default() }))
    }

    /// An error that also ends the connection.
    #[track_caller]
    pub fn fatal(code: SqlState, message: impl Into<String>) -> Error {
        let mut error = Error::new(code, message);
        error.0.severity = Severity::Fatal;
        error
    }

    /// A notice, warning, … of the given severity (code `00000`, or `01000` for a warning).
    #[track_caller]
    pub fn notice(severity: Severity, message: impl Into<String>) -> Report {
        let code = match severity {
            Severity::Warning => sqlstate::WARNING,
            _ => sqlstate::SUCCESSFUL_COMPLETION,
        };
        let place = Some(Location::caller());
        let message = message.into();
        Report { severity, code: Some(code), message, place, ..Report::default() }
    }

    pub fn code(&self) -> SqlState {
        self.0.code.unwrap_or(sqlstate::INTERNAL_ERROR)
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn is_fatal(&self) -> bool {
        self.0.severity == Severity::Fatal
    }

    pub fn report(&self) -> &Report {
        &self.0
    }

    pub fn from_report(report: Report) -> Error {
        Error(Box::new(report))
    }

    pub fn into_report(self) -> Report {
        *self.0
    }

    /// As [`Error::with_detail`], where there is something to tell.
    pub fn with_detail_if(self, detail: Option<String>) -> Error {
        match detail {
            Some(detail) => self.with_detail(detail),
            None => self,
        }
    }

    pub fn with_detail(mut self, detail: impl Into<String>) -> Error {
        self.0.detail = Some(detail.into());
        self
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    /// Sets the byte offset (from 0) of the offending token, unless one is set
    /// already: the innermost position is the most precise. Negative is "unknown",
    /// as in PostgreSQL's parse tree.
    pub fn at(mut self, location: i32) -> Error {
        if self.0.offset.is_none() && location >= 0 {
            self.0.offset = Some(location as usize);
        }
        self
    }

    /// The position counts in a statement inside of a function.
    pub fn in_internal_query(mut self, query: &str) -> Error {
        if self.0.internal_query.is_none() {
            self.0.internal_query = Some(query.to_owned());
        }
        self
    }

    /// Names the function that PostgreSQL would have reported the error in.
    pub fn with_routine(mut self, routine: &'static str) -> Error {
        self.0.routine = Some(routine);
        self
    }

    /// Drops the position: it points into a text that the client did not send.
    pub fn without_position(mut self) -> Error {
        self.0.offset = None;
        self
    }

    pub fn with_context(mut self, context: impl Into<String>) -> Error {
        let context = context.into();
        self.0.context = Some(match self.0.context.take() {
            Some(inner) => format!("{inner}\n{context}"),
            None => context,
        });
        self
    }

    pub fn with_table(mut self, schema: impl Into<String>, table: impl Into<String>) -> Error {
        self.0.schema = Some(schema.into());
        self.0.table = Some(table.into());
        self
    }

    pub fn with_column(mut self, column: impl Into<String>) -> Error {
        self.0.column = Some(column.into());
        self
    }

    pub fn with_constraint(mut self, constraint: impl Into<String>) -> Error {
        self.0.constraint = Some(constraint.into());
        self
    }

    pub fn with_data_type(
        mut self,
        schema: impl Into<String>,
        data_type: impl Into<String>,
    ) -> Error {
        self.0.schema = Some(schema.into());
        self.0.data_type = Some(data_type.into());
        self
    }
}

/// Constructors by meaning.
impl Error {
    /// `0A000`: names what is not supported.
    #[track_caller]
    pub fn unsupported(what: impl fmt::Display) -> Error {
        Error::new(sqlstate::FEATURE_NOT_SUPPORTED, format!("{what} is not supported"))
    }

    /// `XX000`: a broken invariant met where an error value is still possible.
    #[track_caller]
    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(sqlstate::INTERNAL_ERROR, message)
    }

    #[track_caller]
    pub fn syntax(message: impl Into<String>) -> Error {
        Error::new(sqlstate::SYNTAX_ERROR, message)
    }

    #[track_caller]
    pub fn undefined_table(name: &str) -> Error {
        Error::new(sqlstate::UNDEFINED_TABLE, format!("relation \"{name}\" does not exist"))
    }

    #[track_caller]
    pub fn undefined_column(name: &str) -> Error {
        Error::new(sqlstate::UNDEFINED_COLUMN, format!("column \"{name}\" does not exist"))
    }

    /// `signature` as PostgreSQL prints it: `f(integer, text)`.
    #[track_caller]
    pub fn undefined_function(signature: &str) -> Error {
        Error::new(sqlstate::UNDEFINED_FUNCTION, format!("function {signature} does not exist"))
    }

    #[track_caller]
    pub fn undefined_type(name: &str) -> Error {
        Error::new(sqlstate::UNDEFINED_OBJECT, format!("type \"{name}\" does not exist"))
    }

    #[track_caller]
    pub fn undefined_schema(name: &str) -> Error {
        Error::new(sqlstate::INVALID_SCHEMA_NAME, format!("schema \"{name}\" does not exist"))
    }

    #[track_caller]
    pub fn duplicate_table(name: &str) -> Error {
        Error::new(sqlstate::DUPLICATE_TABLE, format!("relation \"{name}\" already exists"))
    }

    /// `22P02`: text that is not a value of the type.
    #[track_caller]
    pub fn invalid_input(type_name: &str, text: &str) -> Error {
        Error::new(
            sqlstate::INVALID_TEXT_REPRESENTATION,
            format!("invalid input syntax for type {type_name}: \"{text}\""),
        )
    }

    /// `22003`, in PostgreSQL's words for a whole type: `integer out of range`.
    #[track_caller]
    pub fn out_of_range(type_name: &str) -> Error {
        Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, format!("{type_name} out of range"))
    }

    #[track_caller]
    pub fn division_by_zero() -> Error {
        Error::new(sqlstate::DIVISION_BY_ZERO, "division by zero")
    }

    #[track_caller]
    pub fn query_canceled() -> Error {
        Error::new(sqlstate::QUERY_CANCELED, "canceling statement due to user request")
    }

    #[track_caller]
    pub fn statement_timeout() -> Error {
        Error::new(sqlstate::QUERY_CANCELED, "canceling statement due to statement timeout")
    }

    #[track_caller]
    pub fn serialization_failure(message: impl Into<String>) -> Error {
        Error::new(sqlstate::T_R_SERIALIZATION_FAILURE, message)
    }

    /// `40001`: what the statement was bound to was changed by another transaction
    /// before it had its locks. The session starts the statement over where the
    /// isolation level allows it, so that clients see this from REPEATABLE READ on.
    pub fn catalog_changed() -> Error {
        let mut error =
            Error::serialization_failure("could not serialize access due to concurrent update");
        error.0.catalog_changed = true;
        error
    }

    pub fn is_catalog_changed(&self) -> bool {
        self.0.catalog_changed
    }

    /// `54001`: the statement is nested deeper than this server evaluates.
    #[track_caller]
    pub fn statement_too_deep() -> Error {
        Error::new(sqlstate::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded")
            .with_hint("Increase the configuration parameter \"max_expression_depth\".")
    }

    /// `53200`: the query needs more memory than it may have.
    #[track_caller]
    pub fn out_of_memory(detail: impl Into<String>) -> Error {
        Error::new(sqlstate::OUT_OF_MEMORY, "out of memory").with_detail(detail)
    }

    #[track_caller]
    pub fn protocol_violation(message: impl Into<String>) -> Error {
        Error::fatal(sqlstate::PROTOCOL_VIOLATION, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.message, self.code())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn positions_count_characters_from_one() {
        let position = |query: &str, offset| {
            Report { offset: Some(offset), ..Report::default() }.position(query)
        };
        assert_eq!(position("SELECT é, x", 0), Some(1));
        assert_eq!(position("SELECT é, x", 11), Some(11));
        assert_eq!(position("x", 9), None);
    }
}
