//! The public keys of a database's tokens.

use axum::extract::{Query, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::Store;
use crate::error::{Error, Result};
use crate::http::principal;
use crate::http::problem::Problem;
use crate::http::{Http, State};

/// Keys that are looked at; there are two or three.
const KEYS_MAX: usize = 1_000;

/// How long others may keep them: the next key is among them long before it signs.
const CACHE_CONTROL: &str = "public, max-age=300";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    database: Option<String>,
}

/// `GET /.well-known/jwks.json?database=app`: the keys that tokens of a database are signed
/// with, were signed with, or will be (RFC 7517).
///
/// The database is named by the query or by `Zserver-Database`, and is `postgres` otherwise.
/// 200: `{"keys": […]}`, empty where there is no such database, or no key in it. Nothing is
/// to be proved.
pub async fn public_keys(http: State, request: Request) -> Result<Response, Problem> {
    let asked = Query::<Asked>::try_from_uri(request.uri());
    let asked = asked.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let named = match &asked.database {
        Some(name) => name.as_str(),
        None => principal::named_database(request.headers())?.unwrap_or("postgres"),
    };
    let keys = keys(&http, named).map_err(|error| Problem::of(&error, ""))?;
    let headers = [
        (header::CONTENT_TYPE, "application/jwk-set+json"),
        (header::CACHE_CONTROL, CACHE_CONTROL),
    ];
    Ok((headers, json!({"keys": keys}).to_string()).into_response())
}

fn keys(http: &Http, named: &str) -> Result<Vec<Value>, Error> {
    let server = &http.front.database;
    let catalog = server.shared_catalog();
    let store = catalog.database_named(named).and_then(|found| Store::of(server, found.oid));
    let Some(store) = store else { return Ok(Vec::new()) };
    let mut keys = Vec::new();
    for row in store.rows("signing_key", KEYS_MAX)? {
        if row.text("state")?.is_some_and(|state| state != "revoked") {
            keys.extend(row.json("public_key")?);
        }
    }
    Ok(keys)
}
