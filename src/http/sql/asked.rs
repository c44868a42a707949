//! What a request to `/api/v1/sql` may hold, and the form that its answer has.

use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use serde_json::Value;

use crate::http::problem::Problem;
use crate::http::rows::Shape;

/// Statements of one request.
const STATEMENTS_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    params: Vec<Value>,
    #[serde(default)]
    param_types: Vec<String>,
    #[serde(default, deserialize_with = "crate::http::request::objects")]
    statements: Vec<Statement>,
    #[serde(default)]
    isolation: Option<Isolation>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    deferrable: bool,
    /// Milliseconds, of each statement; 0 is no limit.
    #[serde(default)]
    pub timeout_ms: Option<u32>,
    /// Rows of a result at most; a longer one is cut.
    #[serde(default)]
    pub max_rows: Option<u64>,
    #[serde(default)]
    rows: RowShape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    pub query: String,
    #[serde(default)]
    pub params: Vec<Value>,
    /// The types of parameters; an empty name leaves one to the statement.
    #[serde(default)]
    pub param_types: Vec<String>,
}

/// How a transaction begins.
#[derive(Clone, Copy, Default)]
pub struct Modes {
    pub isolation: Option<Isolation>,
    pub read_only: bool,
    pub deferrable: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowShape {
    #[default]
    Arrays,
    Objects,
}

impl RowShape {
    pub fn shape(self) -> Shape {
        match self {
            RowShape::Arrays => Shape::Array,
            RowShape::Objects => Shape::Object,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Isolation {
    #[serde(rename = "read uncommitted")]
    ReadUncommitted,
    #[serde(rename = "read committed")]
    ReadCommitted,
    #[serde(rename = "repeatable read")]
    RepeatableRead,
    #[serde(rename = "serializable")]
    Serializable,
}

impl Isolation {
    pub fn as_str(self) -> &'static str {
        match self {
            Isolation::ReadUncommitted => "READ UNCOMMITTED",
            Isolation::ReadCommitted => "READ COMMITTED",
            Isolation::RepeatableRead => "REPEATABLE READ",
            Isolation::Serializable => "SERIALIZABLE",
        }
    }
}

impl Modes {
    /// Whether they are what a statement has without a transaction of its own.
    pub fn is_default(self) -> bool {
        self.isolation.is_none() && !self.read_only && !self.deferrable
    }

    /// The command that begins such a transaction.
    pub fn begin(self) -> String {
        let level = self.isolation.map(|level| format!(" ISOLATION LEVEL {}", level.as_str()));
        let level = level.unwrap_or_default();
        let mode = if self.read_only { " READ ONLY" } else { "" };
        let deferrable = if self.deferrable { " DEFERRABLE" } else { "" };
        format!("BEGIN{level}{mode}{deferrable}")
    }
}

impl Asked {
    pub fn take_statements(&mut self) -> Result<Vec<Statement>, Problem> {
        let mut statements = std::mem::take(&mut self.statements);
        if let Some(query) = self.query.take() {
            if !statements.is_empty() {
                return Err(Problem::bad_request("either \"query\" or \"statements\""));
            }
            let params = std::mem::take(&mut self.params);
            let param_types = std::mem::take(&mut self.param_types);
            statements.push(Statement { query, params, param_types });
        }
        if !self.params.is_empty() || !self.param_types.is_empty() {
            return Err(Problem::bad_request("parameters belong to each of the \"statements\""));
        }
        match statements.len() {
            0 => Err(Problem::bad_request("there is no statement")),
            count if count > STATEMENTS_MAX => {
                let message = format!("a request has at most {STATEMENTS_MAX} statements");
                Err(Problem::bad_request(&message))
            }
            _ => Ok(statements),
        }
    }

    pub fn modes(&self) -> Modes {
        let Asked { isolation, read_only, deferrable, .. } = *self;
        Modes { isolation, read_only, deferrable }
    }

    /// The command that begins a transaction of the request's own, where one is needed.
    pub fn begin(&self, statements: usize) -> Option<String> {
        (statements > 1 || !self.modes().is_default()).then(|| self.modes().begin())
    }

    pub fn shape(&self) -> Shape {
        self.rows.shape()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Ndjson,
    Csv,
    Arrow,
}

impl Form {
    /// The first of what is accepted that there is.
    pub fn of(headers: &HeaderMap) -> Result<Form, Problem> {
        let Some(accept) = headers.get(header::ACCEPT) else { return Ok(Form::Json) };
        let accept = accept.to_str().unwrap_or_default();
        let kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
        let form = |kind: &str| match kind {
            "" | "*/*" | "application/*" | "application/json" => Some(Form::Json),
            "application/x-ndjson" => Some(Form::Ndjson),
            "application/vnd.apache.arrow.stream" => Some(Form::Arrow),
            "text/csv" | "text/*" => Some(Form::Csv),
            _ => None,
        };
        let mut kinds = kinds.filter_map(form);
        kinds.next().ok_or_else(|| {
            Problem::not_acceptable(
                "results are application/json, application/x-ndjson, text/csv or \
                 application/vnd.apache.arrow.stream",
            )
        })
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Form::Json => "application/json",
            Form::Ndjson => "application/x-ndjson",
            Form::Csv => "text/csv; charset=utf-8; header=present",
            Form::Arrow => "application/vnd.apache.arrow.stream",
        }
    }

    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.content_type())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Asked, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn a_request_is_strict_and_says_how_it_begins() {
        let begin = |text: &str| asked(text).expect(text).begin(1);
        assert_eq!(begin(r#"{"query": "x"}"#), None);
        assert_eq!(
            begin(r#"{"query": "x", "isolation": "serializable", "deferrable": true}"#).as_deref(),
            Some("BEGIN ISOLATION LEVEL SERIALIZABLE DEFERRABLE")
        );
        assert_eq!(
            begin(r#"{"query": "x", "read_only": true}"#).as_deref(),
            Some("BEGIN READ ONLY")
        );
        for wrong in [r#"{"quer": "x"}"#, r#"{"query": 1}"#, r#"{"isolation": "none"}"#] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
        assert_eq!(asked(r#"{"query": "x", "timeout_ms": 5}"#).expect("JSON").timeout_ms, Some(5));
    }
}
