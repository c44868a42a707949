//! `POST /api/v1/collections/NAME/points/ingest`: a stream of points, a line of JSON each.
//!
//! ```text
//! {"id": 1, "vector": [0.1, …], "payload": {…}}          a line of the body
//! {"id": 2, "vector": {"image": […]}, "columns": {…}}
//!
//! {"line": 3, "error": {"code": "22000", "message": …}}  a line of the answer
//! {"committed": 2000, "stored": 1999}                    after each batch
//! {"lines": 2500, "stored": 2499, "skipped": 0, "failed": 1, "aborted": false}   the last
//! ```
//! | parameter | |
//! |---|---|
//! | `on_error` | `continue` (as unless it is said), or `abort`: what stands before the first bad line is stored and nothing after it |
//! | `on_conflict` | of ids that are there: `replace` (unless it is said), `skip`, or `error` |
//! | `results` | `errors` (unless it is said), or `all`: a line for each line |
//!
//! The body may be of any size. Lines are read while the batch before them is written, no
//! more than one batch ahead, so that the client is held up by the disk; batches are
//! `collections_ingest_rows` points or `collections_ingest_bytes` at most, and each is a
//! transaction. `committed` names a line up to which everything is durable. What comes
//! after a batch that fails is told line by line: the batch is written in parts until
//! the lines that fail are alone. Who does not read the answer is waited for, so a
//! client that asks for `results=all` has to read while it sends.

mod reader;
mod writer;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::mpsc;

use reader::{Limits, Reader, Sent};
use writer::Writer;

use super::points::Mode;
use super::schema::Collection;
use super::value::PointId;
use super::{enter, problem};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::files::read::Pieces;
use crate::http::State;
use crate::http::conversation::Conversation;
use crate::http::problem::Problem;
use crate::sqlstate;

/// Pieces of the answer that wait for the client.
const PIECES_MAX: usize = 16;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    on_error: OnError,
    on_conflict: OnConflict,
    results: Results,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnError {
    #[default]
    Continue,
    Abort,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnConflict {
    #[default]
    Replace,
    Skip,
    Error,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Results {
    #[default]
    Errors,
    All,
}

/// `POST /api/v1/collections/{name}/points/ingest`: stores points as they come.
///
/// Body: NDJSON of any size. Answers 200 and NDJSON, as the module says; 404 without the
/// collection, 400 for parameters that there are not.
pub async fn ingest(
    http: State,
    Path(name): Path<String>,
    options: Result<Query<Options>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(options) = options.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let (parts, body) = request.into_parts();
    let (mut conversation, leash) = enter(&http, &parts).await?;
    let loaded = async move {
        let collection = Collection::load(&mut conversation, &name).await;
        collection.map(|collection| (conversation, collection)).map_err(|error| problem(&error))
    };
    let (conversation, collection) = leash.run(loaded).await?;
    let config = http.front.database.config();
    let limits = Limits::of(&config);
    let (answers, answered) = mpsc::channel(PIECES_MAX);
    let (batches, batched) = mpsc::channel(1);
    let reader = Reader::new(collection.clone(), options, limits, batches);
    tokio::spawn(reader.run(body));
    tokio::spawn(Writer::new(conversation, collection, options, answers).run(batched));
    let stream = futures::stream::unfold((answered, leash), |(mut answered, leash)| async move {
        answered.recv().await.map(|piece| (piece, (answered, leash)))
    });
    let mut response = Response::new(Body::from_stream(stream));
    let ndjson = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(header::CONTENT_TYPE, ndjson);
    Ok(response)
}

/// Stores the points of lines that come as pieces, in the transaction of a conversation: all
/// of them, or an error that names the first line that cannot be. Of lines of one id the
/// last stays. How many lines had points.
pub async fn within(
    conversation: &mut Conversation,
    name: &str,
    lines: Pieces,
    config: &Config,
    check: impl Fn() -> Result<()>,
) -> Result<u64> {
    let collection = Collection::load(conversation, name).await?;
    let options = Options { on_error: OnError::Abort, ..Options::default() };
    let (batches, mut batched) = mpsc::channel(1);
    let reader = Reader::new(collection.clone(), options, Limits::of(config), batches);
    tokio::spawn(reader.run(Body::from_stream(lines)));
    let mut count = 0;
    while let Some(sent) = batched.recv().await {
        check()?;
        let batch = match sent {
            Sent::Batch(batch) => *batch,
            Sent::End(None) => return Ok(count),
            Sent::End(Some(error)) => return Err(error),
        };
        if let Some((line, error)) = batch.errors.into_iter().next() {
            return Err(error.with_context(format!("line {line}")));
        }
        let (first, last) = (batch.lines.iter().flatten().min(), batch.last);
        let Some(first) = first.copied() else { continue };
        count += batch.lines.iter().map(Vec::len).sum::<usize>() as u64;
        let written = collection.write(batch.rows, Mode::Upsert, None)?.rows(conversation).await;
        written.map_err(|error| error.with_context(format!("lines {first} to {last}")))?;
    }
    Err(Error::internal("the task that reads lines has ended"))
}

fn duplicate(id: &PointId) -> Error {
    let message = "duplicate key value violates unique constraint of the collection";
    let detail = format!("Key (id)=({id}) already exists.");
    Error::new(sqlstate::UNIQUE_VIOLATION, message).with_detail(detail)
}
