//! `POST /api/v1/sql`: statements and their results.
//!
//! ```json
//! {"query": "select * from t where id = $1", "params": [1]}
//! {"query": "select $1", "params": ["2020-01-01"], "param_types": ["date"]}
//! {"statements": [{"query": "…"}, {"query": "…", "params": []}], "isolation": "serializable"}
//! ```
//! Several statements are one transaction, and so is one with `isolation`, `read_only` or
//! `deferrable`. `timeout_ms` bounds each statement, `max_rows` cuts a result. `Accept`
//! chooses the form:
//!
//! | | |
//! |---|---|
//! | `application/json` | `{"results": [{"command", "row_count", "columns", "rows"}], "notices"}`, up to `http_max_response` |
//! | `application/x-ndjson` | a line `{"columns": …}`, a line a row, a line `{"command": …}` or `{"error": …}` |
//! | `text/csv` | a header, a line a row; where it fails after that, the body is cut off |
//! | `application/vnd.apache.arrow.stream` | Arrow's IPC stream ([`arrow`](super::arrow)); cut off likewise |
//!
//! The last three are of one statement, and streamed: rows are computed as they are read.
//! `"rows": "objects"` writes rows by column name.
//!
//! | header | |
//! |---|---|
//! | `Zserver-Transaction` | the statements belong to a transaction of [`transactions`] |
//! | `Idempotency-Key` | what they do is done once, whatever is sent again ([`idempotency`]) |
//!
//! BEGIN, COMMIT, ROLLBACK, LISTEN and COPY are refused as statements (`0A000`).

mod asked;
mod collect;
mod stream;
mod turn;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;

pub use asked::{Asked, Form, Isolation, Modes, RowShape};
pub use turn::Turn;

use super::conversation::Conversation;
use super::idempotency::{self, Keep};
use super::principal::{self, Principal, Scope};
use super::problem::Problem;
use super::{Http, State, request, transactions};
use crate::error::Error;
use asked::Statement;

/// The header that names a transaction.
pub const TRANSACTION: &str = "zserver-transaction";

/// What is to be done for a request, and how.
pub struct Task {
    asked: Asked,
    statements: Vec<Statement>,
    form: Form,
    /// Begins a transaction of its own.
    begin: Option<String>,
    /// Bytes of an answer that is not streamed.
    limit: usize,
}

/// `POST /api/v1/sql`: runs statements; 200 with their results, a problem with the status
/// that fits its SQLSTATE, 409 and 422 for an `Idempotency-Key` that is in use or was used
/// for something else.
pub async fn run(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let principal = asker(&http, &parts).await?;
    answer(&http, &parts, body, &principal, named_transaction(&parts)).await
}

/// The transaction that a header names.
fn named_transaction(parts: &Parts) -> Option<&str> {
    parts.headers.get(TRANSACTION).map(|id| id.to_str().unwrap_or_default())
}

/// `POST /api/v1/transactions/{id}/sql`: the same in a transaction; 400 where the header
/// names another one.
pub async fn run_in_transaction(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let principal = asker(&http, &parts).await?;
    if named_transaction(&parts).is_some_and(|named| named != id) {
        return Err(Problem::bad_request("the header and the path name two transactions"));
    }
    answer(&http, &parts, body, &principal, Some(&id)).await
}

/// Who asks for SQL.
pub async fn asker(http: &Arc<Http>, parts: &Parts) -> Result<Principal, Problem> {
    let principal = principal::of(http, parts).await?;
    principal.require(Scope::Sql)?;
    Ok(principal)
}

async fn answer(
    http: &Http,
    parts: &Parts,
    body: Body,
    principal: &Principal,
    transaction: Option<&str>,
) -> Result<Response, Problem> {
    let form = Form::of(&parts.headers)?;
    let body = request::bytes(http, body).await?;
    let mut asked: Asked = request::parse(&body)?;
    let statements = asked.take_statements()?;
    if form != Form::Json && statements.len() > 1 {
        return Err(Problem::bad_request("several results can be told apart in JSON only"));
    }
    let limit = http.front.database.config().http_max_response.get();
    let begin = asked.begin(statements.len());
    let task = Task { asked, statements, form, begin, limit };
    let key = idempotency::key(&parts.headers)?;
    match (transaction, key) {
        (None, None) => plain(http, principal, task).await,
        (None, Some(key)) => once(http, parts, &body, principal, task, key).await,
        (Some(id), None) => within(http, principal, task, id).await,
        (Some(_), Some(_)) => {
            let what = Error::unsupported("an Idempotency-Key within a transaction");
            Err(Problem::of(&what, ""))
        }
    }
}

fn failed(error: Error) -> Problem {
    Problem::of(&error, "")
}

/// In a conversation of the request's own.
async fn plain(http: &Http, principal: &Principal, task: Task) -> Result<Response, Problem> {
    let mut conversation = Conversation::open(http, principal, Vec::new()).await.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    deliver(Turn::own(conversation), leash, task).await
}

/// In a transaction that was begun before. A client that goes away cancels its statement.
async fn within(
    http: &Http,
    principal: &Principal,
    task: Task,
    id: &str,
) -> Result<Response, Problem> {
    if !task.asked.modes().is_default() {
        return Err(Problem::bad_request("the transaction has begun with its modes"));
    }
    let mut turn = transactions::take(http, principal, id)?;
    let leash = turn.leash_of_statement().map_err(failed)?;
    deliver(turn, leash, Task { begin: None, ..task }).await
}

async fn deliver(
    turn: Turn,
    leash: super::conversation::Leash,
    task: Task,
) -> Result<Response, Problem> {
    let form = task.form;
    let body = match form {
        // Boxed: what a statement waits in is large, and would be moved from hand to hand.
        Form::Json => {
            let document = Box::pin(collect::document(turn, task, None));
            Body::from(leash.run(document).await?)
        }
        Form::Ndjson | Form::Csv | Form::Arrow => {
            let (streaming, first) = leash.run(Box::pin(stream::start(turn, task))).await?;
            Body::from_stream(streaming.into_stream(first, leash))
        }
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, form.header());
    Ok(response)
}

/// Once for its key: what was answered before is answered again.
async fn once(
    http: &Http,
    parts: &Parts,
    body: &[u8],
    principal: &Principal,
    mut task: Task,
    key: String,
) -> Result<Response, Problem> {
    if task.asked.modes().read_only {
        return Err(Problem::bad_request("an Idempotency-Key is stored: not when read_only"));
    }
    let keep = Keep::claim(http, parts, task.form.content_type(), body, principal, key)?;
    let mut conversation = Conversation::open(http, principal, Vec::new()).await.map_err(failed)?;
    idempotency::prepare(http, principal, &mut conversation).await?;
    let leash = conversation.leash().map_err(failed)?;
    task.begin = Some(task.asked.modes().begin());
    let work = async move {
        if let Some(known) = keep.known(&mut conversation).await? {
            return Ok(known);
        }
        let form = task.form;
        let turn = Turn::own(conversation);
        let body = match form {
            Form::Json => collect::document(turn, task, Some(&keep)).await?,
            Form::Ndjson | Form::Csv | Form::Arrow => stream::whole(turn, task, &keep).await?,
        };
        let mut response = Response::new(Body::from(body));
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
        Ok(response)
    };
    leash.run(Box::pin(work)).await
}
