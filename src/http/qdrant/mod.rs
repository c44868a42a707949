//! Qdrant's REST API over collections, for the clients that there are of it.
//!
//! ```text
//! GET                   /  /healthz                        the version; whether it lives
//! GET PUT PATCH DELETE  /collections  /collections/NAME  …/exists  …/aliases  …/vectors/V   [`collections`]
//! PUT DELETE            /collections/NAME/index             [`index`]
//! GET POST              /aliases  /collections/aliases       [`aliases`]
//! PUT POST GET          /collections/NAME/points  …/ID  …/batch  …/payload  …/vectors       [`points`]
//! POST                  /collections/NAME/points/{query,search,recommend,discover,scroll,count}   [`search`]
//! POST                  /collections/NAME/facet
//! ```
//!
//! Answers are `{"result", "status": "ok", "time"}`, errors `{"status": {"error"}, "time"}`
//! with the status of the problem. A collection made here has ids of both kinds, keeps
//! vectors of cosine distance at length 1 and has a graph over each dense vector; it is
//! one of `http::collections` like all others, and those that are made there are seen here.
//!
//! What a request may hold beside and means nothing to this server (`wait`, `ordering`,
//! `consistency`: every write is durable when it is answered, in order; `on_disk` and the
//! like of storage) is taken, and told again where Qdrant tells it. What would change an
//! answer and is not there (places, multivectors, quantization, shards, formulas,
//! inference, full-text indexes, snapshots) is refused and named.
//!
//! Who asks is proved as everywhere on this port; a client's `api_key` is `role:password`.

pub mod aliases;
pub mod collections;
mod config;
pub mod index;
pub mod points;
pub mod search;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::collections::{Access, transaction};
use super::conversation::Conversation;
use super::problem::Problem;
use super::{Http, State, request};
use crate::error::{Error, Result};

/// What stands behind the path of any request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Options {
    wait: bool,
    /// Seconds that the request may take.
    timeout: Option<u64>,
}

type Asked = Result<Query<Options>, QueryRejection>;

/// One request: when it came, and who asks.
struct Exchange {
    http: Arc<Http>,
    started: Instant,
    parts: Parts,
    options: Options,
}

/// An answer that may be an error, in Qdrant's form either way: `|exchange, body| { … }` are
/// the bytes of the result.
macro_rules! answered {
    ($http:expr, $options:expr, $request:expr, |$exchange:ident, $body:pat_param| $work:block) => {{
        let ($exchange, $body) =
            match $crate::http::qdrant::Exchange::begin($http, $options, $request) {
                Ok(begun) => begun,
                Err(refused) => return *refused,
            };
        let result: Result<Vec<u8>, $crate::http::problem::Problem> = async { $work }.await;
        $exchange.finish(result)
    }};
}
use answered;

impl Exchange {
    fn begin(
        http: State,
        options: Asked,
        request: axum::extract::Request,
    ) -> Result<(Exchange, Body), Box<Response>> {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        match options {
            Ok(Query(options)) => Ok((Exchange { http: http.0, started, parts, options }, body)),
            Err(error) => {
                let problem = Problem::bad_request(&error.body_text());
                Err(Box::new(failed(&problem, started)))
            }
        }
    }

    fn finish(&self, result: Result<Vec<u8>, Problem>) -> Response {
        match result {
            Err(problem) => failed(&problem, self.started),
            Ok(result) => {
                let mut out = b"{\"result\":".to_vec();
                out.extend_from_slice(&result);
                let time = self.started.elapsed().as_secs_f64();
                out.extend_from_slice(format!(",\"status\":\"ok\",\"time\":{time}}}").as_bytes());
                document(StatusCode::OK, out)
            }
        }
    }
}

fn document(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn failed(problem: &Problem, started: Instant) -> Response {
    let (message, detail) = (problem.text("message"), problem.text("detail"));
    let prefix = match problem.status {
        StatusCode::NOT_FOUND => "Not found: ",
        StatusCode::BAD_REQUEST | StatusCode::CONFLICT => "Wrong input: ",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "Forbidden: ",
        _ => "",
    };
    let error = match detail {
        "" => format!("{prefix}{message}"),
        detail => format!("{prefix}{message} ({detail})"),
    };
    let time = started.elapsed().as_secs_f64();
    let body = json!({"status": {"error": error}, "time": time, "code": problem.text("code")});
    let mut response = document(problem.status, body.to_string().into_bytes());
    problem.mark(&mut response);
    if problem.status == StatusCode::UNAUTHORIZED {
        let basic = HeaderValue::from_static("Basic realm=\"zserver\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
    }
    response
}

impl Exchange {
    async fn read<T: serde::de::DeserializeOwned>(&self, body: Body) -> Result<T, Problem> {
        request::json(&self.http, body).await
    }

    /// Work in a transaction, within the time that the request has.
    async fn run<T, F>(&self, access: Access, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conversation) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let limit = self.options.timeout.map(Duration::from_secs);
        transaction(&self.http, &self.parts, access, move |conversation| {
            within(limit, conversation, work)
        })
        .await
    }

    /// What a write answers: it is durable, whether it was waited for or not.
    fn update_result(&self) -> Vec<u8> {
        let status = if self.options.wait { "completed" } else { "acknowledged" };
        json!({"operation_id": null, "status": status}).to_string().into_bytes()
    }
}

fn within<'c, T, F>(
    limit: Option<Duration>,
    conversation: &'c mut Conversation,
    work: F,
) -> BoxFuture<'c, Result<T>>
where
    T: Send + 'static,
    F: FnOnce(&'c mut Conversation) -> BoxFuture<'c, Result<T>> + Send + 'static,
{
    async move {
        if let Some(limit) = limit {
            let text = format!(
                "SET LOCAL statement_timeout = {}",
                limit.as_millis().min(i32::MAX as u128)
            );
            let set = conversation.start(&text, &[]).await?;
            conversation.finish(set).await?;
        }
        work(conversation).await
    }
    .boxed()
}

/// A member of a request that means something and cannot be had.
fn refuse(members: &[(&str, &Option<Value>)]) -> Result<()> {
    match members.iter().find(|(_, value)| value.as_ref().is_some_and(|value| !value.is_null())) {
        None => Ok(()),
        Some((name, _)) => Err(Error::unsupported(format!("\"{name}\""))),
    }
}

/// `GET /`: what this is, and the version of Qdrant whose API it follows (`qdrant_version`).
pub async fn version(http: State) -> Response {
    let version = &http.front.database.config().qdrant_version;
    let body = json!({"title": "zserver - vector search in Qdrant's API", "version": version});
    document(StatusCode::OK, body.to_string().into_bytes())
}

/// `GET /healthz`: the process lives.
pub async fn health() -> &'static str {
    "healthz check passed"
}
