//! `export` jobs: the rows of a statement, as a file.
//!
//! ```json
//! {"statement": "SELECT id, name FROM customer WHERE id > $1", "params": [100],
//!  "to": "reports/customers.csv", "format": "csv"}
//! ```
//! | member | |
//! |---|---|
//! | `statement`, `params` | what has rows |
//! | `to` | `BUCKET/NAME`; the bucket is there |
//! | `format` | `ndjson` (unless it is said): an object for each row; or `csv`, whose first line names the columns and in which nothing is NULL, `""` an empty text |
//! | `content_type`, `metadata` | of the file; else as the format |
//!
//! The file is there exactly if the job is completed: both, and what else the statement
//! does, are one commit. Who may not store the file is refused before the statement runs.
//! A file has at most `jobs_export_max` bytes and what quotas leave; what is larger is not
//! tried again. Rows go to a file as they come: memory holds a piece of them.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Engine;
use super::attempt::{Brake, Claimed, Failure};
use super::kinds::{self, BEGIN, COMPLETE};
use super::progress::Progress;
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::http::files::caller::Target;
use crate::http::files::commit::{self, Wanted};
use crate::http::files::receive::{Received, Sink};
use crate::http::rows::{RowWriter, Shape};
use crate::sql::types::Oid;
use crate::sqlstate;

/// Rows that are written together.
const PIECE_ROWS: u64 = 1_024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    statement: String,
    #[serde(default)]
    params: Vec<Value>,
    to: String,
    #[serde(default)]
    format: Format,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Ndjson,
    Csv,
}

impl Format {
    fn content_type(self) -> &'static str {
        match self {
            Format::Ndjson => "application/x-ndjson",
            Format::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// The file that a payload names.
pub fn target(name: &str) -> Result<Target, Failure> {
    Target::parse(name).map_err(|problem| Failure::of_request(problem.text("message")))
}

/// Runs a job of the kind.
pub async fn run(
    engine: &Engine,
    database: Oid,
    job: &Claimed,
    brake: &Brake,
    export: Export,
) -> Result<(), Failure> {
    let wanted = Wanted {
        target: target(&export.to)?,
        content_type: Some(
            export.content_type.clone().unwrap_or_else(|| export.format.content_type().to_owned()),
        ),
        metadata: export.metadata.clone().map(|members| Value::Object(members).to_string()),
        only_if: None,
        upload: None,
    };
    engine.check_files(database)?;
    let config = engine.database.config();
    let store = engine.database.contents.store(config.clone()).await?;
    let mut desk = engine.desk(database).await?;
    let secret = commit::own_secret(&mut desk).await?;
    let role = kinds::role(engine, job)?;
    let room = commit::room_for(&mut desk, &wanted.target.bucket, &role).await?;
    drop(desk);
    let mut session = kinds::session(engine, database, job, brake).await?;
    session.refuse_transaction_command(&export.statement)?;
    commit::try_in(&mut session, &wanted, &secret).await?;
    session.begin(BEGIN).await?;
    let limit = Limit { most: config.jobs_export_max.0, room };
    let count = AtomicU64::new(0);
    let sink = Sink::new(store.clone(), config.files_inline_max.get());
    let writing = write(&mut session, &export, sink, limit, brake, &count);
    let told = || (None, format!("{} rows", count.load(Ordering::Relaxed)));
    let received = Progress { engine, database, job }.beside(writing, told).await?;
    let made = commit::within(&mut session, &store, received.into(), &wanted, &secret).await?;
    let result = json!({
        "bucket": wanted.target.bucket, "name": wanted.target.name, "version": made.version,
        "hash": made.hash.to_string(), "size": made.size, "row_count": count.into_inner(),
    });
    kinds::complete(&mut session, job, brake, COMPLETE, &result).await?;
    Ok(())
}

/// Bytes that the file may have.
#[derive(Clone, Copy)]
struct Limit {
    most: u64,
    /// By quotas.
    room: Option<u64>,
}

impl Limit {
    fn check(self, size: u64) -> Result<(), Failure> {
        let message = match self.room {
            Some(room) if size > room => format!("the quota leaves room for {room} bytes"),
            _ if size > self.most => {
                format!("the file is larger than {} bytes (\"jobs_export_max\")", self.most)
            }
            _ => return Ok(()),
        };
        let failure = Failure::from(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        Err(Failure { is_retryable: false, ..failure })
    }
}

/// Runs the statement and writes its rows.
async fn write(
    session: &mut Conversation,
    export: &Export,
    mut sink: Sink,
    limit: Limit,
    brake: &Brake,
    count: &AtomicU64,
) -> Result<Received, Failure> {
    let text = &export.statement;
    let mut answer = session.start(text, &export.params).await?;
    let Some(columns) = answer.columns.clone() else {
        return Err(Failure::of_request("the statement has no rows"));
    };
    let shape = match export.format {
        Format::Ndjson => Shape::Object,
        Format::Csv => Shape::Csv,
    };
    let writer = RowWriter::new(columns, session.eval_context()?, shape)?;
    if export.format == Format::Csv {
        sink.write(Bytes::from(writer.csv_header())).await?;
    }
    while let Some(rows) = session.next(text, &mut answer, PIECE_ROWS).await? {
        brake.check()?;
        let mut piece = Vec::new();
        writer.write(&rows, b"\n", &mut piece)?;
        limit.check(sink.size + piece.len() as u64)?;
        sink.write(Bytes::from(piece)).await?;
        let added = crate::session::rows::row_count(&rows) as u64;
        count.fetch_add(added, Ordering::Relaxed);
    }
    session.finish(answer).await?;
    limit.check(sink.size)?;
    Ok(sink.finish().await?)
}
