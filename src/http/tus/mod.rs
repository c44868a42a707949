//! Uploads that go on where they were cut off: tus 1.0, and the IETF's resumable uploads.
//!
//! ```text
//! OPTIONS /files              what the server can
//! POST    /files              begins an upload: 201, Location: /files/UUID
//! HEAD    /files/UUID         how much of it is here
//! PATCH   /files/UUID         some more, from there on
//! DELETE  /files/UUID         gives it up
//! ```
//! [tus 1.0.0](https://tus.io/protocols/resumable-upload) with creation,
//! creation-with-upload, creation-defer-length, termination, checksum, expiration and
//! concatenation; `draft-ietf-httpbis-resumable-upload` by `Upload-Draft-Interop-Version`:
//! `Upload-Incomplete` of 3 and 4, `Upload-Complete` from 5 on, its content type from 6 on.
//! Of the draft the responses 104 are missing: hyper's server does not send them.
//!
//! The metadata `bucket` and `filename` (or `name`) say what file it is to be, `filetype`
//! (or `type`) of which content type; all others are the file's metadata. `?bucket=` and
//! `?name=` do as well, and a draft's `Content-Disposition`. Who may not store that file is
//! refused at the beginning.
//!
//! # What is durable when
//!
//! An upload is a row of `files.uploads` and a file of its id (`crate::files`). Its column
//! `received` is what clients are told; it is written after the file was fsynced, each
//! `files_checkpoint` and when a request ends, however it ends. What the file has beyond
//! it is cut off before more is written. The row is written by the server itself; the file
//! that the upload becomes, by the role that uploads, in the transaction that ends the
//! upload. A crash between the last byte and that transaction is made good by the next
//! HEAD: it ends the upload before it tells that all is here.
//!
//! # One at a time
//!
//! A request for an upload that another one holds takes its place: the other one keeps what
//! it has got and ends ([`Locks`]). Clients whose connection broke come again while the
//! server still waits for the old one. An upload is its role's, and of the same subject of
//! a foreign token; others are told that there is none, and take no place.

mod append;
mod create;
mod finish;
mod locks;
mod metadata;
mod state;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

pub use locks::Locks;

use super::files::caller::{self, Query};
use super::files::digest::TUS_ALGORITHMS;
use super::files::http_date;
use super::principal::Principal;
use super::problem::Problem;
use super::{Http, State};
use state::Upload;

pub const TUS_VERSION: &str = "1.0.0";
const TUS_EXTENSIONS: &str = "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration,concatenation";
/// The newest version of the draft that is known here.
const DRAFT_NEWEST: u8 = 8;

/// What a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Tus,
    /// By the number of its interop version.
    Draft(u8),
}

impl Protocol {
    fn of(headers: &HeaderMap) -> Result<Protocol, Problem> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        if let Some(version) = text("upload-draft-interop-version") {
            let version = version.trim().parse().ok();
            return match version.filter(|version| (3..=DRAFT_NEWEST).contains(version)) {
                Some(version) => Ok(Protocol::Draft(version)),
                None => Err(Problem::bad_request("the draft's interop version is from 3 to 8")),
            };
        }
        match text("tus-resumable") {
            Some(TUS_VERSION) => Ok(Protocol::Tus),
            None if headers.contains_key("upload-complete") => Ok(Protocol::Draft(DRAFT_NEWEST)),
            _ => Err(Problem::precondition_failed("the version of tus has to be 1.0.0")),
        }
    }

    /// The header that says whether all has come, as the draft has it now.
    fn completeness(self) -> Option<(&'static str, bool)> {
        match self {
            Protocol::Tus => None,
            Protocol::Draft(..=4) => Some(("upload-incomplete", false)),
            Protocol::Draft(_) => Some(("upload-complete", true)),
        }
    }

    /// Whether this request brings the last byte, where it says so.
    fn is_last(self, headers: &HeaderMap) -> Result<Option<bool>, Problem> {
        let Some((name, meaning)) = self.completeness() else { return Ok(None) };
        match headers.get(name).map(|value| value.to_str().unwrap_or_default().trim()) {
            None => Ok(None),
            Some("?1") => Ok(Some(meaning)),
            Some("?0") => Ok(Some(!meaning)),
            Some(_) => Err(Problem::bad_request(&format!("{name} is ?0 or ?1"))),
        }
    }
}

/// What is done for one request.
struct Call {
    http: Arc<Http>,
    principal: Principal,
    protocol: Protocol,
    parts: Parts,
}

/// `/files`: OPTIONS and POST.
pub async fn uploads(http: State, request: Request) -> Response {
    answer(http, request).await
}

/// `/files/{id}`: HEAD, PATCH, DELETE, OPTIONS; POST with `X-HTTP-Method-Override`.
pub async fn upload(http: State, request: Request) -> Response {
    answer(http, request).await
}

async fn answer(axum::extract::State(http): State, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    if let Some(instead) = parts.headers.get("x-http-method-override") {
        match Method::from_bytes(instead.as_bytes()) {
            Ok(method) => parts.method = method,
            Err(_) => {
                return Problem::bad_request("the method to override with is none").into_response();
            }
        }
    }
    if parts.method == Method::OPTIONS {
        return options(&http);
    }
    let is_draft = matches!(Protocol::of(&parts.headers), Ok(Protocol::Draft(_)));
    let mut response = match routed(http, parts, body).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    if !is_draft {
        put(&mut response, "tus-resumable", TUS_VERSION);
        if response.status() == StatusCode::PRECONDITION_FAILED {
            put(&mut response, "tus-version", TUS_VERSION);
        }
    }
    response
}

fn options(http: &Http) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let most = http.front.database.config().files_max_upload.0.to_string();
    put(&mut response, "tus-resumable", TUS_VERSION);
    put(&mut response, "tus-version", TUS_VERSION);
    put(&mut response, "tus-extension", TUS_EXTENSIONS);
    put(&mut response, "tus-max-size", &most);
    put(&mut response, "tus-checksum-algorithm", TUS_ALGORITHMS);
    put(&mut response, "upload-limit", &format!("max-size={most}"));
    put(
        &mut response,
        "accept-patch",
        "application/offset+octet-stream, application/partial-upload",
    );
    put(&mut response, "allow", "OPTIONS, POST, HEAD, PATCH, DELETE");
    response
}

async fn routed(http: Arc<Http>, parts: Parts, body: Body) -> Result<Response, Problem> {
    let protocol = Protocol::of(&parts.headers)?;
    let path = parts.uri.path().trim_end_matches('/').to_owned();
    let id = path.strip_prefix("/files/").map(str::to_owned);
    // What file it is to be is said at the beginning.
    let known: &[&str] = if id.is_none() { &["bucket", "name"] } else { &[] };
    let query = Query::of(&parts.uri, known)?;
    let principal = caller::principal(&http, &parts).await?;
    let call = Call { http, principal, protocol, parts };
    let method = call.parts.method.clone();
    match (method, id) {
        (Method::POST, None) => create::create(call, query, body).await,
        (_, None) => Err(Problem::method_not_allowed()),
        (method, Some(id)) => {
            if !is_uuid(&id) {
                return Err(no_upload());
            }
            match method {
                Method::HEAD => head(call, id).await,
                Method::PATCH => append::patch(call, id, body).await,
                Method::DELETE => delete(call, id).await,
                _ => Err(Problem::method_not_allowed()),
            }
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
        })
}

fn no_upload() -> Problem {
    Problem::missing("there is no such upload")
}

/// A number of bytes in a header.
fn bytes_in(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse().ok().filter(|number| is_number && *number <= i64::MAX as u64) {
        Some(number) => Ok(Some(number)),
        None => Err(Problem::bad_request(&format!("{name} is not a number of bytes"))),
    }
}

async fn head(call: Call, id: String) -> Result<Response, Problem> {
    let (lock, mut upload) = call.take(&id).await?;
    if upload.is_due() {
        finish::finish(&call, &mut upload).await?;
    }
    drop(lock);
    let status = match call.protocol {
        Protocol::Tus => StatusCode::OK,
        Protocol::Draft(_) => StatusCode::NO_CONTENT,
    };
    let mut response = status.into_response();
    tell(&call, &upload, &mut response);
    put(&mut response, "cache-control", "no-store");
    match upload.length {
        Some(length) => put(&mut response, "upload-length", &length.to_string()),
        None if call.protocol == Protocol::Tus => put(&mut response, "upload-defer-length", "1"),
        None => {}
    }
    if let (Protocol::Tus, Some(told)) =
        (call.protocol, upload.told.as_deref().filter(|told| !told.is_empty()))
    {
        put(&mut response, "upload-metadata", told);
    }
    match (call.protocol, upload.kind.as_str()) {
        (Protocol::Tus, "partial") => put(&mut response, "upload-concat", "partial"),
        (Protocol::Tus, "final") => {
            let parts: Vec<String> = upload.parts.iter().map(|id| format!("/files/{id}")).collect();
            put(&mut response, "upload-concat", &format!("final;{}", parts.join(" ")));
        }
        _ => {}
    }
    Ok(response)
}

async fn delete(call: Call, id: String) -> Result<Response, Problem> {
    let (_lock, upload) = call.take(&id).await?;
    call.forget(&upload).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What every answer says of an upload.
fn tell(call: &Call, upload: &Upload, response: &mut Response) {
    put(response, "upload-offset", &upload.received.to_string());
    match call.protocol.completeness() {
        None => put(response, "upload-expires", &http_date(upload.expires)),
        Some((name, meaning)) => {
            let is_complete = upload.is_complete();
            put(response, name, if is_complete == meaning { "?1" } else { "?0" });
            let left = upload.expires - chrono::Utc::now().timestamp();
            let most = call.http.front.database.config().files_max_upload.0;
            put(response, "upload-limit", &format!("max-size={most}, max-age={}", left.max(0)));
        }
    }
    if let (Some(version), Some(bucket), Some(name)) =
        (upload.version, &upload.bucket, &upload.name)
    {
        put(response, "zserver-version", &version.to_string());
        let path = super::files::caller::path_of(bucket, name);
        put(response, "content-location", &path);
    }
}

/// Sets a header, if its value may be one.
fn put(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
