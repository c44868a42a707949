//! One file: storing, copying, signing, removing it; `download` reads it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::principal::Principal;
use super::super::problem::Problem;
use super::super::{Http, State, request};
use super::bucket;
use super::caller::{self, Query, Target};
use super::commit::{self, Wanted};
use super::receive;
use super::rows::{self, fetch, query};
use super::{conditions, digest, download, signed};
use crate::error::Error;
use crate::files::Hash;
use crate::sqlstate;

pub const METADATA: &str = "zserver-metadata";
pub const VERSION: &str = "zserver-version";
/// Bytes of metadata.
const METADATA_BYTES_MAX: usize = 8 << 10;
/// Versions of a page.
const PAGE_MAX: i64 = 1_000;
/// Of a signed URL.
const VALID_SECONDS_MAX: i64 = 7 * 86_400;

/// What stands in a signed URL beside what it is for.
const SIGNED: [&str; 5] = ["database", "role", "method", "expires", "signature"];

/// What the query of a URL may hold: what none of it would look at is refused.
fn known(method: &Method, uri: &Uri) -> Result<Vec<&'static str>, Problem> {
    let asked = Query::any(uri)?;
    let (is_read, is_post) =
        (matches!(*method, Method::GET | Method::HEAD), *method == Method::POST);
    let mut known = if *method == Method::GET && asked.has("versions") {
        vec!["versions", "after", "limit"]
    } else if is_read {
        vec!["version", "download"]
    } else if is_post && asked.has("copy") {
        vec!["copy", "version"]
    } else if is_post && asked.has("sign") {
        vec!["sign", "method", "valid_for_s"]
    } else if *method == Method::DELETE {
        vec!["version"]
    } else {
        Vec::new()
    };
    if asked.has("signature") {
        known.extend(SIGNED);
    } else if is_read {
        known.push("database");
    }
    Ok(known)
}

/// `/api/v1/files/{bucket}/{*name}`: see the module's table.
///
/// - `GET`, `HEAD`: 200, 206, 304, 404, 412, 416. `?versions` lists the versions instead:
///   `{"versions": […], "next"}`, the newest first.
/// - `PUT`, `POST`: the body is the content. `Content-Type`, `Zserver-Metadata`,
///   `Content-Digest`, `Repr-Digest`, `If-Match`, `If-None-Match: *`. 201 with
///   `{"bucket", "name", "version", "hash", "size"}`; 412, 413, 507.
/// - `POST ?copy=BUCKET/NAME[&version=]`: the same of a file that is there.
/// - `POST ?sign[&method=GET][&valid_for_s=3600]`: `{"url"}`; 400 with those headers.
/// - `DELETE`: 204, or 404; `If-Match`.
pub async fn object(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, mut body) = request.into_parts();
    let answer = answer(http, parts, &mut body).await;
    if answer.is_err() {
        request::drain(&mut body).await;
    }
    answer
}

async fn answer(http: State, parts: Parts, body: &mut Body) -> Result<Response, Problem> {
    let target = Target::of(parts.uri.path())?;
    let asked = Query::of(&parts.uri, &known(&parts.method, &parts.uri)?)?;
    let signer = signed::principal(&http, &parts, &asked, &target).await?;
    let is_read = matches!(parts.method, Method::GET | Method::HEAD) && !asked.has("versions");
    if signer.is_none() && is_read {
        let anonymous = download::anonymous(&http, &parts, &asked)?;
        if let Some(principal) = anonymous {
            return download::get(&http, &parts, &principal, &target, &asked, true).await;
        }
    }
    let principal = match &signer {
        Some(signer) => signer.clone(),
        None => caller::principal(&http, &parts).await?,
    };
    match parts.method {
        Method::GET if asked.has("versions") => versions(&http, &principal, &target, &asked).await,
        Method::GET | Method::HEAD => {
            download::get(&http, &parts, &principal, &target, &asked, false).await
        }
        Method::POST if asked.has("copy") => copy(&http, &parts, &principal, &target, &asked).await,
        Method::POST if asked.has("sign") => {
            refuse_stored(&parts.headers)?;
            sign(&http, &principal, &target, &asked).await
        }
        Method::PUT | Method::POST => store(&http, &parts, body, &principal, target).await,
        Method::DELETE => remove(&http, &parts, &principal, &target, &asked).await,
        _ => Err(Problem::method_not_allowed()),
    }
}

/// A body's length, where it says so.
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What the headers of a request say of the file to be.
fn wanted(headers: &HeaderMap, target: Target) -> Result<Wanted, Problem> {
    let content_type = match headers.get(header::CONTENT_TYPE) {
        None => None,
        Some(value) => {
            let text =
                value.to_str().map_err(|_| Problem::bad_request("Content-Type is not ASCII"))?;
            Some(text.to_owned())
        }
    };
    let metadata = match headers.get(METADATA) {
        None => None,
        Some(value) if value.len() > METADATA_BYTES_MAX => {
            let message = format!("metadata have at most {METADATA_BYTES_MAX} bytes");
            return Err(Problem::bad_request(&message));
        }
        Some(value) => match serde_json::from_slice(value.as_bytes()) {
            Ok(Value::Object(members)) => Some(Value::Object(members).to_string()),
            _ => return Err(Problem::bad_request("Zserver-Metadata is not a JSON object")),
        },
    };
    let only_if = conditions::of_write(headers)?;
    Ok(Wanted { target, content_type, metadata, only_if, upload: None })
}

async fn store(
    http: &Arc<Http>,
    parts: &Parts,
    body: &mut Body,
    principal: &Principal,
    target: Target,
) -> Result<Response, Problem> {
    let headers = &parts.headers;
    let unsupported = |what: &str| Problem::of(&Error::unsupported(what), "");
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(unsupported("Content-Encoding of a file"));
    }
    if headers.contains_key(header::CONTENT_RANGE) {
        return Err(unsupported("Content-Range of a file that is stored"));
    }
    let multipart = |value: &HeaderValue| value.as_bytes().starts_with(b"multipart/form-data");
    if parts.method == Method::POST && headers.get(header::CONTENT_TYPE).is_some_and(multipart) {
        return Err(unsupported("a form as an upload"));
    }
    let wanted = wanted(headers, target)?;
    let digests = digest::of_headers(headers)?;
    let config = http.front.database.config();
    let length = content_length(headers);
    let mut limit = config.http_max_file.0;
    if length.is_some_and(|length| length > limit) {
        return Err(Problem::file_too_large(limit));
    }
    // What is small is brought before it could be refused.
    if length.is_none_or(|length| length > config.files_inline_max.0) {
        commit::try_out(http, principal, wanted.clone()).await.map_err(as_precondition)?;
        if let Some(room) = commit::room(http, principal, &wanted.target.bucket).await? {
            limit = limit.min(room);
            if length.is_some_and(|length| length > room) {
                return Err(Problem::over_quota(room));
            }
        }
    }
    let store = http.files.store(http).await.map_err(|error| Problem::of(&error, ""))?;
    let received = receive::receive(http, &store, body, limit, digests).await;
    let received = received.map_err(|problem| match problem.status {
        StatusCode::PAYLOAD_TOO_LARGE if limit < config.http_max_file.0 => {
            Problem::over_quota(limit)
        }
        _ => problem,
    })?;
    let (hash, size) = (received.hash(), received.size());
    let named = wanted.target.clone();
    let committed = commit::commit(http, principal, received.into(), wanted).await;
    let version = committed.map_err(as_precondition)?;
    Ok(stored(&named, version, hash, size))
}

/// A condition of a write that did not hold: 412.
fn as_precondition(problem: Problem) -> Problem {
    match problem.text("code") {
        "55000" => problem.with_status(StatusCode::PRECONDITION_FAILED),
        _ => problem,
    }
}

fn stored(target: &Target, version: i64, hash: Hash, size: u64) -> Response {
    let body = json!({
        "bucket": target.bucket, "name": target.name, "version": version,
        "hash": hash.to_string(), "size": size,
    });
    let etag = format!("\"{hash}\"");
    let headers = [("etag", etag), (VERSION, version.to_string())];
    (headers, super::json(StatusCode::CREATED, &body)).into_response()
}

async fn copy(
    http: &Arc<Http>,
    parts: &Parts,
    principal: &Principal,
    target: &Target,
    asked: &Query,
) -> Result<Response, Problem> {
    let from = Target::parse(asked.get("copy").unwrap_or_default())?;
    let version = asked.number("version", 1..=i64::MAX)?;
    let wanted = wanted(&parts.headers, target.clone())?;
    let text = "WITH source AS MATERIALIZED (SELECT o.hash, o.size, o.content_type, o.metadata FROM files.objects o \
                WHERE o.bucket = $1 AND o.name = $2 AND CASE WHEN $3::bigint IS NULL THEN o.latest ELSE o.version = $3 END) \
                SELECT files.store($4, $5, s.hash, s.size, coalesce($6, s.content_type), coalesce($7::jsonb, s.metadata), $8::text[]), s.hash, s.size \
                FROM source s";
    let values = vec![
        json!(from.bucket),
        json!(from.name),
        json!(version),
        json!(target.bucket),
        json!(target.name),
        json!(wanted.content_type),
        json!(wanted.metadata),
        json!(wanted.only_if),
    ];
    let rows = query(http, principal, text, values).await.map_err(as_precondition)?;
    let row = rows.first().ok_or_else(|| no_file(&from))?;
    let hash = row.bytes(1).and_then(|bytes| Hash::from_slice(&bytes));
    match (row.number(0), hash, row.number(2)) {
        (Some(version), Some(hash), Some(size)) => {
            Ok(stored(target, version, hash, size.unsigned_abs()))
        }
        _ => Err(Problem::of(&Error::internal("a copy without a version"), "")),
    }
}

pub fn no_file(target: &Target) -> Problem {
    let message =
        format!("file \"{}\" does not exist in bucket \"{}\"", target.name, target.bucket);
    Problem::of(&Error::new(sqlstate::UNDEFINED_FILE, message), "")
}

/// 400 for headers that say what a file is to be, where none is stored.
fn refuse_stored(headers: &HeaderMap) -> Result<(), Problem> {
    let names = [METADATA, "content-digest", "repr-digest", "if-match", "if-none-match"];
    match names.into_iter().find(|name| headers.contains_key(*name)) {
        Some(name) => {
            Err(Problem::bad_request(&format!("{name} means nothing where a URL is signed")))
        }
        None => Ok(()),
    }
}

async fn sign(
    http: &Arc<Http>,
    principal: &Principal,
    target: &Target,
    asked: &Query,
) -> Result<Response, Problem> {
    let valid = asked.number("valid_for_s", 1..=VALID_SECONDS_MAX)?.unwrap_or(3_600);
    let method = asked.get("method").unwrap_or("GET");
    let text = "SELECT files.sign_url($1, $2, $3, make_interval(secs => $4))";
    let values = vec![json!(target.bucket), json!(target.name), json!(method), json!(valid)];
    let rows = query(http, principal, text, values).await?;
    let url = rows.first().and_then(|row| row.text(0));
    Ok(super::json(StatusCode::OK, &json!({"url": url})))
}

async fn remove(
    http: &Arc<Http>,
    parts: &Parts,
    principal: &Principal,
    target: &Target,
    asked: &Query,
) -> Result<Response, Problem> {
    let version = asked.number("version", 1..=i64::MAX)?;
    let only_if = conditions::of_write(&parts.headers)?;
    let values = vec![json!(target.bucket), json!(target.name), json!(version), json!(only_if)];
    let removed = rows::with(http, principal, move |mut conversation| async move {
        fetch(&mut conversation, "SELECT files.remove($1, $2, $3, $4)", &values).await
    });
    let rows = removed.await.map_err(as_precondition)?;
    match rows.first().is_some_and(|row| row.flag(0)) {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(no_file(target)),
    }
}

async fn versions(
    http: &Arc<Http>,
    principal: &Principal,
    target: &Target,
    asked: &Query,
) -> Result<Response, Problem> {
    let limit = asked.number("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_MAX);
    let after = asked.number("after", 1..=i64::MAX)?.unwrap_or(i64::MAX);
    let text = "SELECT name, latest, version, encode(hash, 'hex'), size, content_type, metadata::text, made, made_by::text \
                FROM files.objects WHERE bucket = $1 AND name = $2 AND version < $3 ORDER BY version DESC LIMIT $4";
    let values = vec![json!(target.bucket), json!(target.name), json!(after), json!(limit + 1)];
    let mut rows = query(http, principal, text, values).await?;
    let is_more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    let next = rows.last().filter(|_| is_more).and_then(|row| row.number(2));
    let versions: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut file = bucket::file(row);
            file["latest"] = json!(row.flag(1));
            file
        })
        .collect();
    Ok(super::json(StatusCode::OK, &json!({"versions": versions, "next": next})))
}
