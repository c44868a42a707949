//! Some more of an upload.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::super::files::digest::{self, Expected};
use super::super::files::receive;
use super::super::problem::Problem;
use super::super::request;
use super::locks::Lock;
use super::state::Upload;
use super::{Call, Protocol, bytes_in, finish, no_upload, tell};
use crate::error::Error;
use crate::files::failed;

pub const OFFSET_STREAM: &str = "application/offset+octet-stream";
const PARTIAL_UPLOAD: &str = "application/partial-upload";
/// From this version on the draft has a content type of its own.
const DRAFT_WITH_TYPE: u8 = 6;

/// Bytes collected before they are written.
const BATCH_BYTES: usize = 1 << 20;

pub(super) async fn patch(call: Call, id: String, mut body: Body) -> Result<Response, Problem> {
    let begun = begin(&call, &id).await;
    let (lock, mut upload, is_last) = match begun {
        Ok(Begun::Goes { lock, upload, is_last }) => (lock, upload, is_last),
        Ok(Begun::Elsewhere(response)) => {
            request::drain(&mut body).await;
            return Ok(response);
        }
        Err(problem) => {
            request::drain(&mut body).await;
            return Err(problem);
        }
    };
    // The work outlives the request: what has come is kept, whatever becomes of the client.
    let call = Arc::new(call);
    let working = call.clone();
    let work = tokio::spawn(async move {
        let done = append(&working, &mut upload, body, is_last, lock.wanted.clone()).await;
        drop(lock);
        done.map(|()| upload)
    });
    let upload = match work.await {
        Ok(done) => done?,
        Err(_) => return Err(Problem::of(&Error::internal("an upload has panicked"), "")),
    };
    let mut response = StatusCode::NO_CONTENT.into_response();
    tell(&call, &upload, &mut response);
    Ok(response)
}

/// What a PATCH comes to before its body is read.
enum Begun {
    Goes {
        lock: Lock,
        upload: Upload,
        is_last: Option<bool>,
    },
    /// The upload goes on at another offset.
    Elsewhere(Response),
}

async fn begin(call: &Call, id: &str) -> Result<Begun, Problem> {
    let headers = call.parts.headers.clone();
    check_type(call.protocol, &headers)?;
    let offset = bytes_in(&headers, "upload-offset")?;
    let offset = offset.ok_or_else(|| Problem::bad_request("there is no Upload-Offset"))?;
    let is_last = call.protocol.is_last(&headers)?;
    if is_last.is_none() && call.protocol != Protocol::Tus {
        return Err(Problem::bad_request("the request does not say whether it is the last"));
    }
    let (lock, mut upload) = call.take(id).await?;
    if upload.kind == "final" {
        return Err(Problem::forbidden("a final upload takes no more"));
    }
    set_length(call, &headers, &mut upload)?;
    if offset != upload.received {
        let mut response =
            Problem::wrong_offset(upload.received, offset, call.protocol != Protocol::Tus)
                .into_response();
        tell(call, &upload, &mut response);
        return Ok(Begun::Elsewhere(response));
    }
    Ok(Begun::Goes { lock, upload, is_last })
}

fn check_type(protocol: Protocol, headers: &HeaderMap) -> Result<(), Problem> {
    let wanted = match protocol {
        Protocol::Tus => OFFSET_STREAM,
        Protocol::Draft(DRAFT_WITH_TYPE..) => PARTIAL_UPLOAD,
        Protocol::Draft(_) => return Ok(()),
    };
    match headers.get(header::CONTENT_TYPE).is_some_and(|found| found == wanted) {
        true => Ok(()),
        false => Err(Problem::unsupported_type(&format!("the content type has to be {wanted}"))),
    }
}

/// Takes a length that was to be told later; one that is known does not change.
fn set_length(call: &Call, headers: &HeaderMap, upload: &mut Upload) -> Result<(), Problem> {
    let Some(length) = bytes_in(headers, "upload-length")? else { return Ok(()) };
    let most = call.http.front.database.config().files_max_upload.0;
    match upload.length {
        Some(known) if known != length => {
            Err(Problem::bad_request("Upload-Length is another than it was"))
        }
        _ if length > most => Err(Problem::upload_too_large(most)),
        _ if length < upload.received => {
            Err(Problem::bad_request("more than Upload-Length is here"))
        }
        _ => {
            upload.length = Some(length);
            Ok(())
        }
    }
}

/// Appends a body, makes it durable, and ends the upload if all is here. Where that fails,
/// what has come is durable nevertheless, unless a checksum was to be kept.
pub(super) async fn append(
    call: &Call,
    upload: &mut Upload,
    mut body: Body,
    is_last: Option<bool>,
    wanted: CancellationToken,
) -> Result<(), Problem> {
    let checksum = digest::of_tus(&call.parts.headers)?;
    let limit = limit(call, upload).await?;
    let before = upload.received;
    let mut writer = Writer::open(call, upload).await?;
    let came = write(call, upload, &mut writer, &mut body, limit, checksum, &wanted).await;
    if came.is_err() && writer.is_kept_back {
        upload.received = before;
    } else {
        let flushed = writer.flush(true).await;
        // What could not be written is not counted.
        upload.received = if flushed.is_ok() { writer.at } else { upload.received };
        if is_last == Some(true) && came.is_ok() && flushed.is_ok() && upload.length.is_none() {
            upload.length = Some(upload.received);
        }
        if !call.note(upload).await? {
            return Err(no_upload());
        }
        flushed?;
    }
    if came.is_err() && !wanted.is_cancelled() {
        request::drain(&mut body).await;
    }
    came?;
    if is_last == Some(true) && !upload.is_complete() {
        return Err(Problem::bad_request("the last request ends before the upload's length"));
    }
    if is_last == Some(false) && upload.is_complete() {
        // It is for the client to say that it is the end.
        return Ok(());
    }
    match upload.is_due() {
        true => finish::finish(call, upload).await,
        false => Ok(()),
    }
}

/// Up to where bytes are taken.
async fn limit(call: &Call, upload: &Upload) -> Result<u64, Problem> {
    let mut limit = call.http.front.database.config().files_max_upload.0;
    if let Some(length) = upload.length {
        return Ok(limit.min(length));
    }
    if let Some(bucket) = &upload.bucket
        && let Some(room) =
            super::super::files::commit::room(&call.http, &call.principal, bucket).await?
    {
        limit = limit.min(room);
    }
    Ok(limit)
}

async fn write(
    call: &Call,
    upload: &mut Upload,
    writer: &mut Writer,
    body: &mut Body,
    limit: u64,
    mut checksum: Option<Expected>,
    wanted: &CancellationToken,
) -> Result<(), Problem> {
    let checkpoint = call.http.front.database.config().files_checkpoint.0;
    writer.is_kept_back = checksum.is_some();
    loop {
        let next = tokio::select! {
            biased;
            () = wanted.cancelled() => {
                return Err(Problem::locked("a newer request has taken the upload over"));
            }
            next = receive::next(&call.http, body) => next?,
        };
        let Some(data) = next else { break };
        if writer.at + writer.pending_bytes as u64 + data.len() as u64 > limit {
            return Err(match upload.length {
                Some(length) => Problem::upload_too_large(length),
                None => Problem::upload_too_large(limit),
            });
        }
        if let Some(checksum) = &mut checksum {
            checksum.update(&data);
        }
        writer.write(data).await?;
        if checksum.is_none() && writer.at - upload.received >= checkpoint {
            writer.flush(true).await?;
            upload.received = writer.at;
            if !call.note(upload).await? {
                return Err(no_upload());
            }
        }
    }
    match checksum.and_then(Expected::differs) {
        Some(name) => Err(Problem::checksum_mismatch(&name)),
        None => Ok(()),
    }
}

/// Cuts off what the file of an upload has beyond its end: bytes of a request that was
/// refused. One that is as long as it is to be may be a content already, which nobody
/// writes; one that is gone is a file already.
fn cut_off(path: &Path, length: u64) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > length => OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|file| file.set_len(length).and_then(|()| file.sync_all()))
            .map_err(|error| failed("cut off", path, &error)),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("look at", path, &error)),
    }
}

/// The file of an upload, from what is durable on.
struct Writer {
    /// None while another thread writes.
    file: Option<File>,
    path: PathBuf,
    /// Where the next byte goes, without those that are pending.
    at: u64,
    pending: Vec<Bytes>,
    pending_bytes: usize,
    /// What fails is taken back as a whole.
    is_kept_back: bool,
}

impl Writer {
    async fn open(call: &Call, upload: &Upload) -> Result<Writer, Problem> {
        let refused = |error: Error| Problem::of(&error, "");
        let store = call.http.files.store(&call.http).await.map_err(refused)?;
        let (path, at) = (store.upload_path(&upload.id), upload.received);
        let is_over = upload.is_complete();
        let opening = path.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let open_failed = |error: std::io::Error| failed("open", &opening, &error);
            if is_over {
                return cut_off(&opening, at).map(|()| None);
            }
            let mut file = OpenOptions::new().write(true).open(&opening).map_err(open_failed)?;
            let there = file.metadata().map_err(open_failed)?.len();
            if there < at {
                return Err(Error::data_corrupted(format!(
                    "an upload has {there} bytes of {at} that were durable"
                )));
            }
            // What came after the last checkpoint and was not told.
            file.set_len(at).map_err(open_failed)?;
            file.seek(SeekFrom::Start(at)).map_err(open_failed)?;
            Ok::<_, Error>(Some(file))
        });
        let file = opened.await.map_err(|_| Problem::unavailable())?.map_err(refused)?;
        Ok(Writer { file, path, at, pending: Vec::new(), pending_bytes: 0, is_kept_back: false })
    }

    async fn write(&mut self, data: Bytes) -> Result<(), Problem> {
        self.pending_bytes += data.len();
        self.pending.push(data);
        if self.pending_bytes >= BATCH_BYTES { self.flush(false).await } else { Ok(()) }
    }

    /// Writes what is pending; `sync` makes it durable.
    async fn flush(&mut self, sync: bool) -> Result<(), Problem> {
        let batch = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let Some(mut file) = self.file.take() else {
            return match batch.iter().all(Bytes::is_empty) {
                true => Ok(()),
                false => Err(Problem::upload_too_large(self.at)),
            };
        };
        let (path, mut at) = (self.path.clone(), self.at);
        let written = tokio::task::spawn_blocking(move || {
            let mut done = Ok(());
            for data in &batch {
                // As much of it as there is room for.
                let mut rest = &data[..];
                while !rest.is_empty() && done.is_ok() {
                    match file.write(rest) {
                        Ok(0) => done = Err(std::io::ErrorKind::WriteZero.into()),
                        Ok(count) => {
                            at += count as u64;
                            rest = &rest[count..];
                        }
                        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                        Err(error) => done = Err(error),
                    }
                }
            }
            if sync && done.is_ok() {
                done = file.sync_all();
            }
            (file, at, done.map_err(|error| failed("write", &path, &error)))
        });
        let (file, at, done) = written.await.map_err(|_| Problem::unavailable())?;
        (self.file, self.at) = (Some(file), at);
        done.map_err(|error| Problem::of(&error, ""))
    }
}
