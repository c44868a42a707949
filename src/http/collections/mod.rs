//! Collections of points: vectors with a payload, made, filled and searched over HTTP.
//!
//! A collection is a table ([`schema`]): `id`, a column of `vector`, `halfvec` or `sparsevec`
//! for each of its vectors, typed columns if it has some, `payload jsonb`. It is made in
//! `collections_schema`, and what makes it a collection is a row of `collections.registry`
//! (the extension `collections`, which HTTP makes when it is first asked for). What SQL
//! writes into the table is searched, and what is written here SQL reads; indexes,
//! privileges, row security, backups and transactions are the table's.
//!
//! ```text
//! GET POST          /api/v1/collections                  listed, made          [`native`]
//! GET PATCH DELETE  /api/v1/collections/NAME             described, changed, dropped
//! PUT DELETE        /api/v1/collections/NAME/indexes/KEY indexes of what payloads hold
//! PUT               /api/v1/collections/NAME/points      written
//! GET               /api/v1/collections/NAME/points/ID
//! POST              /api/v1/collections/NAME/points/{get,delete,payload,vectors}
//! POST              /api/v1/collections/NAME/points/{search,groups,scroll,count,facet}
//! POST              /api/v1/collections/NAME/points/ingest   a stream of lines   [`ingest`]
//!                   /collections…                         as Qdrant has it      (`http::qdrant`)
//! ```
//!
//! Every request is one transaction of the caller's role (an ingest one for each batch).
//! Reads are of one snapshot. A write is answered when it is durable.
//!
//! | file | what it is |
//! |---|---|
//! | [`schema`], [`manage`], [`aliases`] | what a collection is; made, changed, dropped; its other names |
//! | [`value`] | ids and vectors, in JSON and in columns |
//! | [`filter`] | filters as conditions of SQL, values bound |
//! | [`points`], [`found`], [`scroll`] | points written and read; pages, counts, facets |
//! | [`search`], [`groups`], [`fusion`], [`mmr`] | searches |
//! | [`statement`] | SQL put together with its parameters |
//!
//! Not here: vectors made of texts, several vectors under one name (multivectors), places
//! (geo), quantization, shards: they answer `0A000` and are named.

pub mod aliases;
mod filter;
pub mod found;
mod fusion;
pub mod groups;
pub mod ingest;
mod line;
pub mod manage;
mod mmr;
pub mod native;
mod number;
pub mod points;
pub mod schema;
pub mod scroll;
pub mod search;
mod statement;
pub mod value;

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;

use super::conversation::{Conversation, Leash};
use super::principal::{self, Claim, Scope};
use super::problem::Problem;
use super::{Http, extension, guard};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The extension that keeps what collections are.
const EXTENSION: &str = "collections";

/// Whether a request writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

impl Access {
    fn begin(self) -> &'static str {
        match self {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }
}

/// Logs in who asks, in a database that has the extension.
pub async fn enter(http: &Arc<Http>, parts: &Parts) -> Result<(Conversation, Leash), Problem> {
    let principal = match key_claim(parts)? {
        None => principal::of(http, parts).await?,
        Some(claim) => {
            let principal = principal::prove(http, &*principal::peer(parts)?, claim).await?;
            guard::admit(http, parts, &principal).await?;
            principal
        }
    };
    principal.require(Scope::Collections)?;
    let failed = |error: Error| problem(&error);
    let opened = extension::open(http, &principal, EXTENSION, Vec::new()).await;
    let mut conversation = opened.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    Ok((conversation, leash))
}

/// A role and its password in the `api-key` of clients that can send nothing else.
fn key_claim(parts: &Parts) -> Result<Option<Claim>, Problem> {
    let key = parts.headers.get("api-key").and_then(|key| key.to_str().ok());
    let Some(key) = key.filter(|key| key.contains(':')) else { return Ok(None) };
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let basic = format!("Basic {}", STANDARD.encode(key)).parse();
    let basic = basic.map_err(|_| Problem::bad_request("the api-key is not text"))?;
    let mut headers = parts.headers.clone();
    headers.insert(header::AUTHORIZATION, basic);
    Claim::of(&headers).map(Some)
}

/// Work of one request in a transaction of its own.
pub async fn transaction<T, F>(
    http: &Arc<Http>,
    parts: &Parts,
    access: Access,
    work: F,
) -> Result<T, Problem>
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut Conversation) -> BoxFuture<'c, Result<T>> + Send + 'static,
{
    let (mut conversation, leash) = enter(http, parts).await?;
    let work = async move {
        let failed = |error: Error| problem(&error);
        conversation.begin(access.begin()).await.map_err(failed)?;
        let result = work(&mut conversation).await.map_err(failed)?;
        conversation.commit().await.map_err(failed)?;
        Ok(result)
    };
    leash.run(work).await
}

/// An error as it is told: what is not there has the status that says so.
pub fn problem(error: &Error) -> Problem {
    let mut problem = Problem::of(error, "");
    let code = error.code();
    if code == sqlstate::NO_DATA || code == sqlstate::UNDEFINED_OBJECT {
        problem.status = StatusCode::NOT_FOUND;
    } else if code == sqlstate::DUPLICATE_TABLE || code == sqlstate::DUPLICATE_COLUMN {
        problem.status = StatusCode::CONFLICT;
    }
    problem
}
