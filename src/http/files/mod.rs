//! Files over HTTP.
//!
//! ```text
//! GET    /api/v1/files                        the buckets that the role sees
//! PUT    /api/v1/files/BUCKET                 makes a bucket
//! PATCH  /api/v1/files/BUCKET                 changes one
//! DELETE /api/v1/files/BUCKET                 removes an empty one
//! GET    /api/v1/files/BUCKET                 its files: ?prefix= &delimiter= &after= &limit=
//! GET    /api/v1/files/BUCKET/NAME            a file, or ranges of it; ?version= ?versions ?download
//! HEAD   /api/v1/files/BUCKET/NAME            what a GET would say of it
//! PUT    /api/v1/files/BUCKET/NAME            stores one, of the body; POST is the same
//! POST   /api/v1/files/BUCKET/NAME?copy=B/N   stores one, of another
//! POST   /api/v1/files/BUCKET/NAME?sign       answers a URL that needs no password
//! DELETE /api/v1/files/BUCKET/NAME            removes one; ?version=
//! ```
//! Larger files, and those that come over bad networks, come by `http::tus`.
//!
//! Buckets and files are rows of the extension `files` (`extensions/files/files--1.0.sql`),
//! read and written as the role that asks: its privileges and the tables' policies decide.
//! What is not a matter of rights is done by the server itself: secrets, uploads in parts,
//! and the [sweep] that removes contents without files. [`commit`] is the way of a content
//! into a row, [`crate::files`] that of its bytes to a disk.
//!
//! A GET that proves nothing (no `Authorization`, no API key) reads public buckets, of the database that the header
//! `Zserver-Database` or `?database=` names, else of `postgres`. A URL that was signed
//! ([`signed`]) lends the rights of its signer to one file and method.
//!
//! An ETag is the BLAKE3 hash of the content. Metadata are a JSON object in the header
//! `Zserver-Metadata`, in ASCII.

mod bucket;
pub mod caller;
pub mod commit;
mod conditions;
pub mod digest;
pub mod download;
mod object;
mod ranges;
pub mod receive;
pub mod rows;
mod signed;
pub mod sweep;

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde_json::Value;

pub use bucket::{bucket, buckets};
pub use object::{content_length, object};

use super::Http;
use super::tus::Locks;
use crate::error::Result;
use crate::files::Store;

/// What requests for files share.
#[derive(Default)]
pub struct Files {
    /// By database: what receipts and URLs are signed with.
    secrets: Mutex<HashMap<String, Vec<u8>>>,
    pub locks: Locks,
}

impl Files {
    pub async fn store(&self, http: &Http) -> Result<Arc<Store>> {
        let database = &http.front.database;
        database.contents.store(database.config()).await
    }
}

/// Seconds since 1970 of microseconds since 2000.
pub fn unix_seconds(microseconds: i64) -> i64 {
    const FROM_1970_TO_2000: i64 = 946_684_800;
    microseconds.div_euclid(1_000_000) + FROM_1970_TO_2000
}

/// A time as HTTP writes it.
pub fn http_date(unix_seconds: i64) -> String {
    chrono::DateTime::from_timestamp(unix_seconds, 0)
        .map(|time| time.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}

/// A document as an answer.
fn json(status: StatusCode, document: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (status, headers, document.to_string()).into_response()
}
