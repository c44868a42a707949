//! Buckets, and what is in them.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::problem::Problem;
use super::super::{State, request};
use super::caller::{self, Query};
use super::rows::{self, Row, query};
use super::{http_date, unix_seconds};
use crate::error::Error;
use crate::sql::types::Datum;
use crate::sqlstate;

/// Rows of a page at most, and where a request does not say.
const PAGE_MAX: i64 = 1_000;

/// What a bucket may be given.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    public: Option<bool>,
    versioning: Option<bool>,
    /// Bytes; null takes it away.
    #[serde(default, deserialize_with = "present")]
    quota: Option<Option<u64>>,
    readers: Option<Vec<String>>,
    writers: Option<Vec<String>>,
    owner: Option<String>,
}

/// Tells null from what is not there.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<u64>>, D::Error> {
    Option::<u64>::deserialize(deserializer).map(Some)
}

/// `GET /api/v1/files`: the buckets that the role sees, by name.
///
/// Query: `after` (a name), `limit`. Answers `{"buckets": […], "next": name or null}`.
pub async fn buckets(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let asked = Query::of(&parts.uri, &["after", "limit"])?;
    let limit = asked.number("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_MAX);
    let principal = caller::principal(&http, &parts).await?;
    let text = "SELECT name, owner::text, public, versioning, quota, readers::text[], writers::text[], made \
                FROM files.buckets WHERE name > $1 ORDER BY name LIMIT $2";
    let values = vec![json!(asked.get("after").unwrap_or_default()), json!(limit + 1)];
    let mut rows = query(&http, &principal, text, values).await?;
    let next = cut(&mut rows, limit);
    let buckets: Vec<Value> = rows.iter().map(described).collect();
    Ok(super::json(StatusCode::OK, &json!({"buckets": buckets, "next": next})))
}

/// Cuts a page that has one row too many; answers its last name then.
fn cut(rows: &mut Vec<Row>, limit: i64) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().and_then(|row| row.text(0))
}

fn described(row: &Row) -> Value {
    json!({
        "name": row.text(0),
        "owner": row.text(1),
        "public": row.flag(2),
        "versioning": row.flag(3),
        "quota": row.number(4),
        "readers": names(row, 5),
        "writers": names(row, 6),
        "made": row.number(7).map(|time| http_date(unix_seconds(time))),
    })
}

fn names(row: &Row, at: usize) -> Vec<String> {
    match row.datum(at) {
        Datum::Array(array) => {
            let name = |datum: &Datum| match datum {
                Datum::Text(name) => Some(name.clone()),
                _ => None,
            };
            array.elements.iter().filter_map(name).collect()
        }
        _ => Vec::new(),
    }
}

/// `/api/v1/files/{bucket}`
///
/// - `GET`: its files by name. Query: `prefix`, `delimiter`, `after`, `limit`. Answers
///   `{"files": […], "prefixes": […], "next"}`: with a delimiter, names that have it
///   after the prefix are told once as what is before it.
/// - `PUT`: makes it; `PATCH` changes it. Body: `public`, `versioning`, `quota`, `readers`,
///   `writers`, `owner`; each may be left out. To make one needs INSERT on `files.buckets`.
/// - `DELETE`: removes it; `23503` while it has files.
pub async fn bucket(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let name = caller::bucket_of(parts.uri.path())?;
    match parts.method {
        Method::GET | Method::HEAD => {
            let asked = Query::of(&parts.uri, &["prefix", "delimiter", "after", "limit"])?;
            let principal = caller::principal(&http, &parts).await?;
            list(&http, &principal, &name, &asked).await
        }
        Method::PUT | Method::PATCH => {
            Query::of(&parts.uri, &[])?;
            let principal = caller::principal(&http, &parts).await?;
            let bytes = request::bytes(&http, body).await?;
            let settings: Settings = request::parse_or_default(&bytes)?;
            let is_new = parts.method == Method::PUT;
            let (text, values) = statement(&name, settings, is_new);
            let rows = rows::with(&http, &principal, move |mut conversation| async move {
                rows::fetch(&mut conversation, &text, &values).await
            })
            .await?;
            let row = rows.first().ok_or_else(|| no_bucket(&name))?;
            let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
            Ok(super::json(status, &described(row)))
        }
        Method::DELETE => {
            Query::of(&parts.uri, &[])?;
            let principal = caller::principal(&http, &parts).await?;
            let text = "DELETE FROM files.buckets WHERE name = $1 RETURNING name";
            let rows = query(&http, &principal, text, vec![json!(name)]).await?;
            match rows.is_empty() {
                true => Err(no_bucket(&name)),
                false => Ok(StatusCode::NO_CONTENT.into_response()),
            }
        }
        _ => Err(Problem::method_not_allowed()),
    }
}

pub fn no_bucket(name: &str) -> Problem {
    let message = format!("bucket \"{name}\" does not exist");
    Problem::of(&Error::new(sqlstate::UNDEFINED_OBJECT, message), "")
}

/// An INSERT or UPDATE of what is given.
fn statement(name: &str, settings: Settings, is_new: bool) -> (String, Vec<Value>) {
    let mut given: Vec<(&str, Value)> = Vec::new();
    let mut put = |column, value: Option<Value>| given.extend(value.map(|value| (column, value)));
    put("public", settings.public.map(Value::from));
    put("versioning", settings.versioning.map(Value::from));
    put("quota", settings.quota.map(Value::from));
    put("readers", settings.readers.map(Value::from));
    put("writers", settings.writers.map(Value::from));
    put("owner", settings.owner.map(Value::from));
    let mut values = vec![json!(name)];
    let columns: Vec<&str> = given.iter().map(|(column, _)| *column).collect();
    values.extend(given.into_iter().map(|(_, value)| value));
    let returning = "RETURNING name, owner::text, public, versioning, quota, readers::text[], writers::text[], made";
    let text = match is_new {
        true => {
            let columns: String = columns.iter().map(|column| format!(", {column}")).collect();
            let params: String = (2..=values.len()).map(|at| format!(", ${at}")).collect();
            format!("INSERT INTO files.buckets (name{columns}) VALUES ($1{params}) {returning}")
        }
        false => {
            let set = |(at, column): (usize, &&str)| format!("{column} = ${}", at + 2);
            let mut sets: Vec<String> = columns.iter().enumerate().map(set).collect();
            if sets.is_empty() {
                sets.push("name = name".to_owned());
            }
            format!("UPDATE files.buckets SET {} WHERE name = $1 {returning}", sets.join(", "))
        }
    };
    (text, values)
}

async fn list(
    http: &State,
    principal: &super::super::principal::Principal,
    bucket: &str,
    asked: &Query,
) -> Result<Response, Problem> {
    let limit = asked.number("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_MAX);
    let get = |name: &str| asked.get(name).unwrap_or_default();
    let known = "SELECT 1 FROM files.buckets WHERE name = $1";
    if query(http, principal, known, vec![json!(bucket)]).await?.is_empty() {
        return Err(no_bucket(bucket));
    }
    let text = "SELECT name, is_prefix, version, encode(hash, 'hex'), size, content_type, metadata::text, made, made_by::text \
                FROM files.list($1, $2, $3, $4, $5)";
    let values = vec![
        json!(bucket),
        json!(get("prefix")),
        asked.get("delimiter").map_or(Value::Null, Value::from),
        json!(get("after")),
        json!(limit + 1),
    ];
    let mut rows = query(http, principal, text, values).await?;
    let next = cut(&mut rows, limit);
    let (mut files, mut prefixes) = (Vec::new(), Vec::new());
    for row in &rows {
        match row.flag(1) {
            true => prefixes.extend(row.text(0)),
            false => files.push(file(row)),
        }
    }
    let page = json!({"files": files, "prefixes": prefixes, "next": next});
    Ok(super::json(StatusCode::OK, &page))
}

/// A row of `files.list`, or of versions with `latest` as its second column.
pub fn file(row: &Row) -> Value {
    let metadata = row.text(6).and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let mut members = BTreeMap::new();
    members.insert("name", json!(row.text(0)));
    members.insert("version", json!(row.number(2)));
    members.insert("hash", json!(row.text(3)));
    members.insert("size", json!(row.number(4)));
    members.insert("content_type", json!(row.text(5)));
    members.insert("metadata", metadata.unwrap_or_default());
    members.insert("made", json!(row.number(7).map(|time| http_date(unix_seconds(time)))));
    members.insert("made_by", json!(row.text(8)));
    json!(members)
}
