//! `POST /api/v1/sql`: statements and their results.
//!
//! ```json
//! {"query": "select * from t where id = $1", "params": [1]}
//! {"statements": [{"query": "…"}, {"query": "…", "params": []}], "isolation": "serializable"}
//! ```
//! Several statements are one transaction, and so is one with `isolation` or `read_only`.
//! `Accept` chooses the form:
//!
//! | | |
//! |---|---|
//! | `application/json` | `{"results": [{"command", "row_count", "columns", "rows"}], "notices"}`, up to `http_max_response` |
//! | `application/x-ndjson` | a line `{"columns": …}`, a line a row, a line `{"command": …}` or `{"error": …}` |
//! | `text/csv` | a header, a line a row; where it fails after that, the body is cut off |
//!
//! The last two are of one statement, and streamed: rows are computed as they are read.
//! `"rows": "objects"` writes rows by column name.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use futures::stream::{self, Stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::conversation::{Answer, Conversation, Done, Leash};
use super::principal::{self, Scope};
use super::problem::{self, Problem};
use super::rows::{RowWriter, Shape};
use super::{State, request};
use crate::error::Error;
use crate::session::rows::row_count;
use crate::sqlstate;

/// Statements of one request.
const STATEMENTS_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    params: Vec<Value>,
    #[serde(default)]
    statements: Vec<Statement>,
    /// `read committed`, `repeatable read` or `serializable`.
    #[serde(default)]
    isolation: Option<Isolation>,
    #[serde(default)]
    read_only: bool,
    /// Of each statement.
    #[serde(default)]
    timeout_ms: Option<u32>,
    /// Rows of a result at most; a longer one is cut.
    #[serde(default)]
    max_rows: Option<u64>,
    #[serde(default)]
    rows: RowShape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    query: String,
    #[serde(default)]
    params: Vec<Value>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RowShape {
    #[default]
    Arrays,
    Objects,
}

#[derive(Clone, Copy, Deserialize)]
enum Isolation {
    #[serde(rename = "read committed")]
    ReadCommitted,
    #[serde(rename = "repeatable read")]
    RepeatableRead,
    #[serde(rename = "serializable")]
    Serializable,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Ndjson,
    Csv,
}

impl Form {
    /// The first of what is accepted that there is.
    fn of(headers: &HeaderMap) -> Result<Form, Problem> {
        let Some(accept) = headers.get(header::ACCEPT) else { return Ok(Form::Json) };
        let accept = accept.to_str().unwrap_or_default();
        let kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
        let form = |kind: &str| match kind {
            "" | "*/*" | "application/*" | "application/json" => Some(Form::Json),
            "application/x-ndjson" => Some(Form::Ndjson),
            "text/csv" | "text/*" => Some(Form::Csv),
            _ => None,
        };
        let mut kinds = kinds.filter_map(form);
        kinds.next().ok_or_else(|| {
            Problem::not_acceptable(
                "results are application/json, application/x-ndjson or text/csv",
            )
        })
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Form::Json => "application/json",
            Form::Ndjson => "application/x-ndjson",
            Form::Csv => "text/csv; charset=utf-8; header=present",
        })
    }
}

impl Asked {
    fn take_statements(&mut self) -> Result<Vec<Statement>, Problem> {
        let mut statements = std::mem::take(&mut self.statements);
        if let Some(query) = self.query.take() {
            if !statements.is_empty() {
                return Err(Problem::bad_request("either \"query\" or \"statements\""));
            }
            statements.push(Statement { query, params: std::mem::take(&mut self.params) });
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

    /// The command that begins a transaction, where one is needed.
    fn begin(&self, statements: usize) -> Option<String> {
        let level = self.isolation.map(|level| match level {
            Isolation::ReadCommitted => "READ COMMITTED",
            Isolation::RepeatableRead => "REPEATABLE READ",
            Isolation::Serializable => "SERIALIZABLE",
        });
        if statements == 1 && level.is_none() && !self.read_only {
            return None;
        }
        let level = level.map(|level| format!(" ISOLATION LEVEL {level}")).unwrap_or_default();
        let mode = if self.read_only { " READ ONLY" } else { "" };
        Some(format!("BEGIN{level}{mode}"))
    }

    fn settings(&self) -> Vec<(String, String)> {
        let timeout = self.timeout_ms.map(|ms| ("statement_timeout".to_owned(), ms.to_string()));
        timeout.into_iter().collect()
    }

    fn shape(&self) -> Shape {
        match self.rows {
            RowShape::Arrays => Shape::Array,
            RowShape::Objects => Shape::Object,
        }
    }
}

pub async fn run(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let form = Form::of(&parts.headers)?;
    let principal = principal::of(&http, &parts).await?;
    principal.require(Scope::Sql)?;
    let mut asked: Asked = request::json(&http, body).await?;
    let statements = asked.take_statements()?;
    if form != Form::Json && statements.len() > 1 {
        return Err(Problem::bad_request("several results can be told apart in JSON only"));
    }
    let failed = |error: Error| Problem::of(&error, "");
    let opened = Conversation::open(&http, &principal, asked.settings()).await;
    let mut conversation = opened.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    let begin = asked.begin(statements.len());
    let limit = http.front.database.config().http_max_response.get();
    let body = match form {
        Form::Json => {
            let work = collect(conversation, asked, statements, begin, limit);
            Body::from(leash.run(work).await?)
        }
        Form::Ndjson | Form::Csv => {
            let [statement] = <[Statement; 1]>::try_from(statements)
                .map_err(|_| Problem::bad_request("there is no statement"))?;
            let work = start(conversation, asked, statement, form, begin);
            let (streaming, first) = leash.run(work).await?;
            Body::from_stream(streaming.into_stream(first, leash))
        }
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, form.content_type());
    Ok(response)
}

/// All results as one document.
async fn collect(
    mut conversation: Conversation,
    asked: Asked,
    statements: Vec<Statement>,
    begin: Option<String>,
    limit: usize,
) -> Result<Vec<u8>, Problem> {
    let failed = |error: Error| Problem::of(&error, "");
    if let Some(begin) = &begin {
        conversation.begin(begin).await.map_err(failed)?;
    }
    let mut out = b"{\"results\":[".to_vec();
    for (index, statement) in statements.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let put = put_result(&mut conversation, &asked, statement, limit, &mut out).await;
        put.map_err(|error| Problem::of(&error, &statement.query))?;
    }
    if begin.is_some() {
        conversation.commit().await.map_err(failed)?;
    }
    let notices = conversation.take_notices();
    let notices: Vec<Value> =
        notices.iter().map(|notice| Value::Object(problem::members(notice, ""))).collect();
    out.extend_from_slice(b"],\"notices\":");
    out.extend_from_slice(Value::Array(notices).to_string().as_bytes());
    out.push(b'}');
    Ok(out)
}

async fn put_result(
    conversation: &mut Conversation,
    asked: &Asked,
    statement: &Statement,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let text = &statement.query;
    let mut answer = conversation.start(text, &statement.params).await?;
    out.push(b'{');
    let mut left = asked.max_rows.unwrap_or(u64::MAX);
    if let Some(columns) = answer.columns.clone() {
        let eval = conversation.eval_context()?;
        let writer = RowWriter::new(columns, eval, asked.shape())?;
        out.extend_from_slice(format!("\"columns\":{},\"rows\":[", writer.describe()).as_bytes());
        while let Some(rows) = conversation.next(text, &mut answer, left).await? {
            left -= row_count(&rows) as u64;
            writer.write(&rows, b",", out)?;
            if out.len() > limit {
                return Err(too_much(limit));
            }
        }
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.extend_from_slice(b"],");
    }
    let Done { command, count } = conversation.finish(answer).await?;
    let done = json!({"command": command, "row_count": count}).to_string();
    out.extend_from_slice(&done.as_bytes()[1..]);
    Ok(())
}

fn too_much(limit: usize) -> Error {
    Error::new(
        sqlstate::PROGRAM_LIMIT_EXCEEDED,
        format!("the result is larger than {limit} bytes (\"http_max_response\")"),
    )
    .with_hint("Ask for application/x-ndjson or text/csv, which are streamed.")
}

/// What is between two pieces of a streamed body.
struct Streaming {
    conversation: Conversation,
    /// None once everything was told.
    answer: Option<Answer>,
    writer: Option<RowWriter>,
    query: String,
    form: Form,
    left: u64,
    /// What is told before the first rows.
    head: Vec<u8>,
    in_block: bool,
}

/// Runs a statement up to its first rows: one that fails before gets a status that says so.
async fn start(
    mut conversation: Conversation,
    asked: Asked,
    statement: Statement,
    form: Form,
    begin: Option<String>,
) -> Result<(Streaming, Option<Bytes>), Problem> {
    let query = statement.query;
    let failed = |error: Error| Problem::of(&error, &query);
    if let Some(begin) = &begin {
        conversation.begin(begin).await.map_err(failed)?;
    }
    let answer = conversation.start(&query, &statement.params).await.map_err(failed)?;
    let shape = if form == Form::Csv { Shape::Csv } else { asked.shape() };
    let writer = match answer.columns.clone() {
        None => None,
        Some(columns) => {
            let eval = conversation.eval_context().map_err(failed)?;
            Some(RowWriter::new(columns, eval, shape).map_err(failed)?)
        }
    };
    let head = match (&writer, form) {
        (Some(writer), Form::Csv) => writer.csv_header(),
        (Some(writer), _) => format!("{}\n", json!({"columns": writer.describe()})).into_bytes(),
        (None, _) => Vec::new(),
    };
    let mut streaming = Streaming {
        conversation,
        answer: Some(answer),
        writer,
        query: query.clone(),
        form,
        left: asked.max_rows.unwrap_or(u64::MAX),
        head,
        in_block: begin.is_some(),
    };
    let first = streaming.piece().await.map_err(failed)?;
    Ok((streaming, first))
}

impl Streaming {
    /// The pieces, made on a task of its own, one ahead of who reads them.
    fn into_stream(
        mut self,
        first: Option<Bytes>,
        leash: Leash,
    ) -> impl Stream<Item = Result<Bytes, Error>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            let mut next = Ok(first);
            loop {
                let piece = match next {
                    Ok(None) => return,
                    Ok(Some(piece)) => Ok(piece),
                    Err(error) => self.last_words(error),
                };
                let is_last = piece.is_err() || self.answer.is_none();
                if sender.send(piece).await.is_err() || is_last {
                    return;
                }
                next = self.piece().await;
            }
        });
        stream::unfold((receiver, leash), |(mut receiver, leash)| async move {
            receiver.recv().await.map(|piece| (piece, (receiver, leash)))
        })
    }

    /// What is told of an error after the first rows.
    fn last_words(&mut self, error: Error) -> Result<Bytes, Error> {
        self.answer = None;
        match self.form {
            Form::Csv => Err(error),
            _ => {
                let members = problem::members(error.report(), &self.query);
                Ok(format!("{}\n", json!({"error": members})).into())
            }
        }
    }

    /// Some more of the body; none at its end.
    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(answer) = &mut self.answer else { return Ok(None) };
        let mut out = std::mem::take(&mut self.head);
        let rows = self.conversation.next(&self.query, answer, self.left).await?;
        if let (Some(rows), Some(writer)) = (rows, &self.writer) {
            self.left -= row_count(&rows) as u64;
            writer.write(&rows, b"\n", &mut out)?;
            return Ok(Some(out.into()));
        }
        let Some(answer) = self.answer.take() else { return Ok(None) };
        let Done { command, count } = self.conversation.finish(answer).await?;
        if self.in_block {
            self.conversation.commit().await?;
        }
        if self.form == Form::Ndjson {
            let done = json!({"command": command, "row_count": count});
            out.extend_from_slice(format!("{done}\n").as_bytes());
        }
        Ok(Some(out.into()))
    }
}
