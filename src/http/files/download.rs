//! Reading a file.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http_body_util::BodyExt;
use hyper::body::Frame;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::super::Http;
use super::super::auth;
use super::super::conversation::Conversation;
use super::super::principal::{self, DATABASE_HEADER, Principal};
use super::super::problem::Problem;
use super::caller::{Query, Target};
use super::conditions::{self, Verdict};
use super::object::{METADATA, VERSION, no_file};
use super::ranges::{self, Ranges};
use super::rows::{self, fetch};
use super::{http_date, unix_seconds};
use crate::error::Error;
use crate::files::read::{Content, Pieces};
use crate::files::{Hash, Location};

/// The database of those who do not say who they are.
const PUBLIC_DATABASE: &str = "postgres";

/// A file as its row has it.
pub struct Found {
    pub version: i64,
    pub hash: Hash,
    pub size: u64,
    content_type: String,
    metadata: String,
    /// Seconds since 1970.
    made: i64,
    pub location: Location,
    /// The content, where it is in the database.
    pub data: Option<Bytes>,
}

/// The server's own role for a request that proves nothing: it is shown public buckets only.
pub fn anonymous(http: &Http, parts: &Parts, asked: &Query) -> Result<Option<Principal>, Problem> {
    if parts.headers.contains_key(header::AUTHORIZATION) || auth::secret(&parts.headers).is_some() {
        return Ok(None);
    }
    let peer = principal::peer(parts)?;
    if http.front.database.config().require_tls && !peer.is_encrypted {
        return Ok(None);
    }
    let named = parts.headers.get(DATABASE_HEADER).and_then(|name| name.to_str().ok());
    let database = named.or_else(|| asked.get("database")).unwrap_or(PUBLIC_DATABASE).to_owned();
    if !rows::is_there(http, &database) {
        return Ok(None);
    }
    let own = Principal::server(http, &database, peer.ends);
    own.map(Some).map_err(|error| Problem::of(&error, ""))
}

/// A file, or parts of it. `is_public`: only what is in a public bucket.
pub async fn get(
    http: &Arc<Http>,
    parts: &Parts,
    principal: &Principal,
    target: &Target,
    asked: &Query,
    is_public: bool,
) -> Result<Response, Problem> {
    let response = answer(http, parts, principal, target, asked, is_public).await?;
    // What is told of ranges that are not there is no file.
    if !response.status().is_success() {
        return Ok(response);
    }
    let statistics = http.front.database.statistics.clone();
    let count = move |frame: Frame<Bytes>| {
        statistics.file_bytes_sent.add(frame.data_ref().map_or(0, |data| data.len() as u64));
        frame
    };
    Ok(response.map(|body| Body::new(body.map_frame(count))))
}

async fn answer(
    http: &Arc<Http>,
    parts: &Parts,
    principal: &Principal,
    target: &Target,
    asked: &Query,
    is_public: bool,
) -> Result<Response, Problem> {
    let version = asked.number("version", 1..=i64::MAX)?;
    let found = find(http, principal, target, version, is_public).await?;
    let Some(found) = found else {
        return Err(match is_public {
            // Those who say who they are may see more.
            true => Problem::unauthorized("a role and its password are needed"),
            false => no_file(target),
        });
    };
    let etag = found.hash.to_string();
    let mut headers = described(&found, target, is_public, asked.has("download"));
    match conditions::judge(&parts.headers, &etag, found.made) {
        Verdict::Failed => {
            return Err(Problem::precondition_failed("a condition of the request does not hold"));
        }
        Verdict::NotModified => {
            headers.remove(header::CONTENT_TYPE);
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        Verdict::Go => {}
    }
    let header = parts.headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let counts =
        parts.method == Method::GET && conditions::range_counts(&parts.headers, &etag, found.made);
    let ranges = ranges::parse(header.filter(|_| counts), found.size);
    if ranges == Ranges::Unsatisfiable {
        let mut response = Problem::no_such_range().into_response();
        headers.remove(header::CONTENT_TYPE);
        put(&mut headers, header::CONTENT_RANGE, &format!("bytes */{}", found.size));
        response.headers_mut().extend(headers);
        return Ok(response);
    }
    if parts.method == Method::HEAD {
        put(&mut headers, header::CONTENT_LENGTH, &found.size.to_string());
        return Ok((StatusCode::OK, headers, Body::empty()).into_response());
    }
    let failed = |error: Error| Problem::of(&error, "");
    let store = http.files.store(http).await.map_err(failed)?;
    let (size, content_type) = (found.size, found.content_type);
    let opened = store.open_content(found.hash, size, found.location, found.data).await;
    let content = opened.map_err(failed)?;
    match ranges {
        Ranges::Some(ranges) if ranges.len() > 1 => {
            several(&content, ranges, &content_type, headers).await.map_err(failed)
        }
        Ranges::Some(ranges) => {
            let range = ranges.into_iter().next().unwrap_or(0..size);
            put(&mut headers, header::CONTENT_RANGE, &content_range(&range, size));
            put(&mut headers, header::CONTENT_LENGTH, &(range.end - range.start).to_string());
            let pieces = content.read(range).await.map_err(failed)?;
            Ok((StatusCode::PARTIAL_CONTENT, headers, Body::from_stream(pieces)).into_response())
        }
        _ => {
            put(&mut headers, header::CONTENT_LENGTH, &size.to_string());
            let pieces = content.read(0..size).await.map_err(failed)?;
            Ok((StatusCode::OK, headers, Body::from_stream(pieces)).into_response())
        }
    }
}

async fn find(
    http: &Arc<Http>,
    principal: &Principal,
    target: &Target,
    version: Option<i64>,
    is_public: bool,
) -> Result<Option<Found>, Problem> {
    let target = target.clone();
    rows::with(http, principal, move |mut conversation| async move {
        look_up(&mut conversation, &target, version, is_public).await
    })
    .await
}

/// A file that the role of a conversation sees: its newest version, or one of its others.
pub async fn look_up(
    conversation: &mut Conversation,
    target: &Target,
    version: Option<i64>,
    is_public: bool,
) -> Result<Option<Found>, Error> {
    let text = "SELECT o.version, o.hash, o.size, o.content_type, o.metadata::text, o.made, c.location, c.data \
                FROM files.objects o JOIN files.contents c ON c.hash = o.hash \
                WHERE o.bucket = $1 AND o.name = $2 AND CASE WHEN $3::bigint IS NULL THEN o.latest ELSE o.version = $3 END \
                AND (NOT $4 OR EXISTS (SELECT FROM files.buckets b WHERE b.name = o.bucket AND b.public))";
    let values = [json!(target.bucket), json!(target.name), json!(version), json!(is_public)];
    let rows = fetch(conversation, text, &values).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let found = (|| {
        Some(Found {
            version: row.number(0)?,
            hash: Hash::from_slice(&row.bytes(1)?)?,
            size: row.number(2)?.unsigned_abs(),
            content_type: row.text(3)?,
            metadata: row.text(4)?,
            made: unix_seconds(row.number(5)?),
            location: Location::parse(&row.text(6)?)?,
            data: row.bytes(7),
        })
    })();
    found.ok_or_else(|| Error::internal("a file's row cannot be read")).map(Some)
}

/// Sets a header, if its value may be one.
fn put(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn described(found: &Found, target: &Target, is_public: bool, download: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    put(&mut headers, header::CONTENT_TYPE, &found.content_type);
    put(&mut headers, header::ETAG, &format!("\"{}\"", found.hash));
    put(&mut headers, header::LAST_MODIFIED, &http_date(found.made));
    put(&mut headers, header::ACCEPT_RANGES, "bytes");
    put(&mut headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let cache = if is_public { "public, no-cache" } else { "private, no-cache" };
    put(&mut headers, header::CACHE_CONTROL, cache);
    let disposition = disposition(&target.name, &found.content_type, download);
    put(&mut headers, header::CONTENT_DISPOSITION, &disposition);
    // A page that somebody has stored is not to act as this server's.
    put(&mut headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    let version = header::HeaderName::from_static(VERSION);
    put(&mut headers, version, &found.version.to_string());
    let metadata = serde_json::from_str::<Value>(&found.metadata).unwrap_or_default();
    if metadata.as_object().is_some_and(|members| !members.is_empty()) {
        put(&mut headers, header::HeaderName::from_static(METADATA), &ascii(&metadata.to_string()));
    }
    headers
}

/// JSON in ASCII.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

/// What a browser may show, it shows; what it might run, it saves.
fn disposition(name: &str, content_type: &str, download: bool) -> String {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_shown = kind.starts_with("audio/")
        || kind.starts_with("video/")
        || (kind.starts_with("image/") && kind != "image/svg+xml")
        || matches!(kind.as_str(), "text/plain" | "application/pdf" | "application/json");
    let verb = if is_shown && !download { "inline" } else { "attachment" };
    let file = name.rsplit('/').next().unwrap_or_default();
    let plain: String = file
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' }
        })
        .collect();
    match plain == file {
        true => format!("{verb}; filename=\"{plain}\""),
        false => {
            let encoded = utf8_percent_encode(file, NON_ALPHANUMERIC);
            format!("{verb}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
        }
    }
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}

/// `multipart/byteranges`.
async fn several(
    content: &Content,
    ranges: Vec<Range<u64>>,
    content_type: &str,
    mut headers: HeaderMap,
) -> Result<Response, Error> {
    let boundary = format!("{:032x}", rand::random::<u128>());
    let mut parts: Vec<Pieces> = Vec::new();
    let mut length = 0;
    let mut words = |text: String, parts: &mut Vec<Pieces>| {
        length += text.len() as u64;
        parts.push(stream::iter([Ok(Bytes::from(text))]).boxed());
    };
    let mut told = 0;
    for range in ranges {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {}\r\n\r\n",
            content_range(&range, content.size)
        );
        words(head, &mut parts);
        told += range.end - range.start;
        parts.push(content.read(range).await?);
    }
    words(format!("\r\n--{boundary}--\r\n"), &mut parts);
    put(&mut headers, header::CONTENT_TYPE, &format!("multipart/byteranges; boundary={boundary}"));
    put(&mut headers, header::CONTENT_LENGTH, &(length + told).to_string());
    let body = Body::from_stream(stream::iter(parts).flatten());
    Ok((StatusCode::PARTIAL_CONTENT, headers, body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_to_browsers_safely() {
        assert_eq!(disposition("a/b.png", "image/png", false), "inline; filename=\"b.png\"");
        assert_eq!(disposition("a/b.png", "image/png", true), "attachment; filename=\"b.png\"");
        assert_eq!(disposition("b.svg", "image/svg+xml", false), "attachment; filename=\"b.svg\"");
        assert_eq!(
            disposition("x.html", "text/html; charset=utf-8", false),
            "attachment; filename=\"x.html\""
        );
        assert_eq!(
            disposition("é\"x", "text/plain", false),
            "inline; filename=\"__x\"; filename*=UTF-8''%C3%A9%22x"
        );
        assert_eq!(ascii("{\"k\":\"é😀\"}"), "{\"k\":\"\\u00e9\\ud83d\\ude00\"}");
    }
}
