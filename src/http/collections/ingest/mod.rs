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

use reader::{Limits, Reader};
use writer::Writer;

use super::schema::Collection;
use super::value::PointId;
use super::{enter, problem};
use crate::error::Error;
use crate::http::State;
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
    let limits = Limits {
        line: config.collections_ingest_line.get(),
        rows: config.collections_ingest_rows,
        bytes: config.collections_ingest_bytes.get(),
        pause: config.collections_ingest_timeout.duration(),
    };
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

fn duplicate(id: &PointId) -> Error {
    let message = "duplicate key value violates unique constraint of the collection";
    let detail = format!("Key (id)=({id}) already exists.");
    Error::new(sqlstate::UNIQUE_VIOLATION, message).with_detail(detail)
}
