//! Beginning an upload.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::files::caller::{Query, Target};
use super::super::files::commit::{self, Wanted};
use super::super::files::content_length;
use super::super::problem::Problem;
use super::super::request;
use super::append::{self, OFFSET_STREAM};
use super::metadata::{self, Metadata};
use super::state::Upload;
use super::{Call, Protocol, bytes_in, finish, is_uuid, no_upload, put, tell};
use crate::error::Error;
use crate::files::{Store, failed, sync_directory};
use crate::observe::refusal::Reason;
use crate::sql::types::uuid;

/// Uploads that one may be made of.
const PARTS_MAX: usize = 1_000;

/// What `Upload-Concat` says.
enum Concat {
    Whole,
    Partial,
    Final(Vec<String>),
}

impl Concat {
    fn of(headers: &HeaderMap) -> Result<Concat, Problem> {
        let wrong =
            || Problem::bad_request("Upload-Concat is \"partial\" or \"final;\" and uploads");
        let Some(value) = headers.get("upload-concat") else { return Ok(Concat::Whole) };
        let text = value.to_str().map_err(|_| wrong())?.trim();
        if text == "partial" {
            return Ok(Concat::Partial);
        }
        let list = text.strip_prefix("final;").ok_or_else(wrong)?;
        let id =
            |url: &str| url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let ids: Vec<String> = list.split_whitespace().map(id).collect();
        match ids.is_empty() || ids.len() > PARTS_MAX || !ids.iter().all(|id| is_uuid(id)) {
            true => Err(wrong()),
            false => Ok(Concat::Final(ids)),
        }
    }
}

pub(super) async fn create(call: Call, query: Query, mut body: Body) -> Result<Response, Problem> {
    match begun(&call, &query).await {
        Ok((upload, Some(is_last))) => appended(call, upload, body, is_last).await,
        Ok((upload, None)) => Ok(created(&call, &upload)),
        Err(problem) => {
            request::drain(&mut body).await;
            Err(problem)
        }
    }
}

/// The upload, and if its body is to be read, whether that says to be the last.
async fn begun(call: &Call, query: &Query) -> Result<(Upload, Option<Option<bool>>), Problem> {
    let headers = call.parts.headers.clone();
    let concat = match call.protocol {
        Protocol::Tus => Concat::of(&headers)?,
        Protocol::Draft(_) => Concat::Whole,
    };
    let is_last = call.protocol.is_last(&headers)?;
    let length = length(call, &headers, &concat, is_last)?;
    let most = call.http.front.database.config().files_max_upload.0;
    if length.is_some_and(|length| length > most) {
        return Err(Problem::upload_too_large(most));
    }
    let mut upload = described(call, query, &headers, &concat)?;
    upload.length = length;
    check(call, &upload).await?;
    match concat {
        Concat::Final(ids) => concatenate(call, &mut upload, ids).await?,
        _ => {
            let brings = brings(call.protocol, &headers)?;
            begin(call, &upload).await?;
            if brings {
                return Ok((upload, Some(is_last)));
            }
        }
    }
    if upload.is_due() {
        finish::finish(call, &mut upload).await?;
    }
    Ok((upload, None))
}

/// Whether the request brings bytes of the upload. A body that does not say so is refused:
/// its client would take it for stored.
fn brings(protocol: Protocol, headers: &HeaderMap) -> Result<bool, Problem> {
    let is_stream = headers.get(header::CONTENT_TYPE).is_some_and(|found| found == OFFSET_STREAM);
    let is_there = content_length(headers)
        .map_or_else(|| headers.contains_key(header::TRANSFER_ENCODING), |length| length > 0);
    match protocol {
        Protocol::Tus if is_there && !is_stream => Err(Problem::unsupported_type(&format!(
            "the content type of a body has to be {OFFSET_STREAM}"
        ))),
        Protocol::Tus => Ok(is_stream),
        Protocol::Draft(_) => Ok(true),
    }
}

/// The body of the request that begins it. What is cut off has a place all the same: its
/// client knows it only if the answer still reaches it.
async fn appended(
    call: Call,
    mut upload: Upload,
    body: Body,
    is_last: Option<bool>,
) -> Result<Response, Problem> {
    let lock = call.http.files.locks.take(&upload.id).await?;
    let call = Arc::new(call);
    let (working, mut state) = (call.clone(), upload.clone());
    let work = tokio::spawn(async move {
        let done = append::append(&working, &mut state, body, is_last, lock.wanted.clone()).await;
        drop(lock);
        done.map(|()| state)
    });
    match work.await {
        Ok(Ok(state)) => upload = state,
        Ok(Err(problem)) => return Err(problem),
        Err(_) => return Err(Problem::of(&Error::internal("an upload has panicked"), "")),
    }
    Ok(created(&call, &upload))
}

fn created(call: &Call, upload: &Upload) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    put(&mut response, "location", &format!("/files/{}", upload.id));
    tell(call, upload, &mut response);
    response
}

/// How long it will be, if that is said.
fn length(
    call: &Call,
    headers: &HeaderMap,
    concat: &Concat,
    is_last: Option<bool>,
) -> Result<Option<u64>, Problem> {
    let length = bytes_in(headers, "upload-length")?;
    let deferred = match headers.get("upload-defer-length").map(|value| value.as_bytes()) {
        None => false,
        Some(b"1") => true,
        Some(_) => return Err(Problem::bad_request("Upload-Defer-Length is 1")),
    };
    match (call.protocol, concat, length, deferred) {
        (Protocol::Draft(_), ..) => match (is_last, length) {
            (None, _) => {
                Err(Problem::bad_request("the request does not say whether it is the whole upload"))
            }
            (Some(true), None) => Ok(content_length(headers)),
            (_, length) => Ok(length),
        },
        (_, Concat::Final(_), None, false) => Ok(None),
        (_, Concat::Final(_), ..) => {
            Err(Problem::bad_request("the length of a final upload is that of its parts"))
        }
        (_, _, Some(_), true) => {
            Err(Problem::bad_request("either Upload-Length or Upload-Defer-Length"))
        }
        (_, _, None, false) => Err(Problem::bad_request("there is no Upload-Length")),
        (_, _, length, _) => Ok(length),
    }
}

/// The upload that a request asks for.
fn described(
    call: &Call,
    query: &Query,
    headers: &HeaderMap,
    concat: &Concat,
) -> Result<Upload, Problem> {
    let text = |name: &str| {
        let Some(value) = headers.get(name) else { return Ok(None) };
        let text =
            value.to_str().map_err(|_| Problem::bad_request(&format!("{name} is not ASCII")));
        text.map(|text| Some(text.to_owned()))
    };
    let told = text("upload-metadata")?;
    let Metadata { mut bucket, mut name, mut content_type, others } =
        metadata::parse(told.as_deref().unwrap_or_default())?;
    bucket = query.get("bucket").map(str::to_owned).or(bucket);
    name = query.get("name").map(str::to_owned).or(name);
    if let Protocol::Draft(_) = call.protocol {
        let disposition = text("content-disposition")?;
        name = name.or_else(|| metadata::name_in_disposition(disposition.as_deref()?));
        content_type = content_type.or(text("content-type")?);
    }
    let kind = match concat {
        Concat::Whole => "whole",
        Concat::Partial => "partial",
        Concat::Final(_) => "final",
    };
    if kind != "partial" && (bucket.is_none() || name.is_none()) {
        let message = "the metadata have to name a \"bucket\" and a \"filename\"";
        return Err(Problem::bad_request(message));
    }
    Ok(Upload {
        id: uuid::text(&uuid::random()),
        kind: kind.to_owned(),
        bucket,
        name,
        content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        metadata: serde_json::Value::Object(others).to_string(),
        told,
        length: None,
        received: 0,
        parts: Vec::new(),
        version: None,
        expires: call.expiry(),
        is_finished: false,
    })
}

/// Refuses at the beginning what would be refused at the end.
async fn check(call: &Call, upload: &Upload) -> Result<(), Problem> {
    let most = call.http.front.database.config().files_max_uploads as i64;
    if let (Some(bucket), Some(name)) = (&upload.bucket, &upload.name)
        && upload.kind != "partial"
    {
        commit::try_out(&call.http, &call.principal, wanted(upload, bucket, name)?).await?;
        if let Some(room) = commit::room(&call.http, &call.principal, bucket).await?
            && upload.length.is_some_and(|length| length > room)
        {
            return Err(Problem::over_quota(room));
        }
    }
    match call.open_uploads().await? >= most {
        true => Err(Problem::too_many(
            Reason::Uploads,
            &format!("a role has at most {most} uploads at a time (\"files_max_uploads\")"),
        )),
        false => Ok(()),
    }
}

/// The file that an upload is to be.
pub(super) fn wanted(upload: &Upload, bucket: &str, name: &str) -> Result<Wanted, Problem> {
    Ok(Wanted {
        target: Target::checked(bucket.to_owned(), name.to_owned())?,
        content_type: Some(upload.content_type.clone()),
        metadata: Some(upload.metadata.clone()),
        only_if: None,
        upload: None,
    })
}

/// Makes the file, then the row.
async fn begin(call: &Call, upload: &Upload) -> Result<(), Problem> {
    let refused = |error: Error| Problem::of(&error, "");
    let store = call.http.files.store(&call.http).await.map_err(refused)?;
    let id = upload.id.clone();
    let made = tokio::task::spawn_blocking(move || make_file(&store, &id));
    made.await.map_err(|_| Problem::unavailable())?.map_err(refused)?;
    call.insert(upload).await?;
    call.http.front.database.statistics.uploads_begun.add(1);
    Ok(())
}

fn make_file(store: &Store, id: &str) -> Result<(), Error> {
    let path = store.upload_path(id);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let file = file.map_err(|error| failed("create", &path, &error))?;
    file.sync_all().map_err(|error| failed("flush", &path, &error))?;
    sync_directory(&store.uploads())
}

/// Makes one upload of several, which stay until they expire: should the answer be lost,
/// the request can be sent again.
async fn concatenate(call: &Call, upload: &mut Upload, ids: Vec<String>) -> Result<(), Problem> {
    let refused = |error: Error| Problem::of(&error, "");
    let most = call.http.front.database.config().files_max_upload.0;
    let mut total: u64 = 0;
    for id in &ids {
        let part = call.find(id).await.map_err(|problem| match problem.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => no_upload(),
            _ => problem,
        })?;
        if part.kind != "partial" {
            return Err(Problem::forbidden("what is concatenated are partial uploads"));
        }
        if !part.is_complete() {
            return Err(Problem::forbidden("an upload that is concatenated is not complete"));
        }
        total = total.saturating_add(part.received);
    }
    if total > most {
        return Err(Problem::upload_too_large(most));
    }
    let store = call.http.files.store(&call.http).await.map_err(refused)?;
    let (to, from) = (store.upload_path(&upload.id), ids.clone());
    let joined = tokio::task::spawn_blocking(move || {
        let done = join_files(&store, &to, &from, total);
        if done.is_err() {
            let _ = std::fs::remove_file(&to);
        }
        done
    });
    joined.await.map_err(|_| Problem::unavailable())?.map_err(refused)?;
    (upload.parts, upload.length, upload.received) = (ids, Some(total), total);
    call.insert(upload).await
}

fn join_files(
    store: &Store,
    to: &std::path::Path,
    from: &[String],
    total: u64,
) -> Result<(), Error> {
    let write_failed = |error: std::io::Error| failed("write", to, &error);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let mut file = file.map_err(write_failed)?;
    let mut copied = 0;
    for id in from {
        let path = store.upload_path(id);
        let mut part = std::fs::File::open(&path).map_err(|error| failed("open", &path, &error))?;
        copied += std::io::copy(&mut part, &mut file).map_err(write_failed)?;
    }
    if copied != total {
        return Err(Error::data_corrupted("the parts of an upload are not as long as they were"));
    }
    file.sync_all().map_err(write_failed)?;
    sync_directory(&store.uploads())
}
