//! `POST /sql`: SQL over HTTP as Neon's serverless driver speaks it.
//!
//! ```text
//! Neon-Connection-String: postgresql://role:password@host/database
//! {"query": "select $1::int as a", "params": ["1"]}
//! {"queries": [{"query": …, "params": …}, …]}        one transaction
//! ```
//! Values are PostgreSQL's texts, which the driver reads by their types; an error is its
//! fields with the status 400. The host in the connection string is not looked at. What
//! belongs to `/api/v1/sql`, transactions of several requests and idempotency keys, is
//! refused here (`0A000`): it would be passed over without a word.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

use super::conversation::{Conversation, Done};
use super::principal::{self, Claim, Scope};
use super::problem::{self, Problem};
use super::rows::{RowWriter, Shape};
use super::sql::{Isolation, Modes, TRANSACTION};
use super::{State, guard, idempotency, request};
use crate::error::Error;
use crate::sqlstate;

const CONNECTION_STRING: &str = "neon-connection-string";
const ARRAY_MODE: &str = "neon-array-mode";
const ISOLATION: &str = "neon-batch-isolation-level";
const READ_ONLY: &str = "neon-batch-read-only";
const DEFERRABLE: &str = "neon-batch-deferrable";

/// Queries of one request.
const QUERIES_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(untagged)]
enum Asked {
    Batch { queries: Vec<Query> },
    One(Query),
}

#[derive(Deserialize)]
struct Query {
    query: String,
    #[serde(default)]
    params: Vec<Value>,
    /// Rows as arrays, for this query.
    #[serde(default, rename = "arrayMode")]
    array_mode: Option<bool>,
}

/// `POST /sql`: runs queries; 200 with their results, 400 with the fields of an error.
pub async fn run(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    for name in [idempotency::HEADER, TRANSACTION] {
        if parts.headers.contains_key(name) {
            let error = Error::unsupported(format!("the header {name} at /sql"));
            return Err(Problem::of(&error.with_hint("It is one of /api/v1/sql."), ""));
        }
    }
    let principal = match parts.headers.get(CONNECTION_STRING) {
        None => principal::of(&http, &parts).await?,
        Some(text) => {
            let claim = claim(text.to_str().unwrap_or_default())?;
            let principal = principal::prove(&http, &*principal::peer(&parts)?, claim).await?;
            guard::admit(&http, &parts, &principal).await?;
            principal
        }
    };
    principal.require(Scope::Sql)?;
    let asked: Asked = request::json(&http, body).await?;
    let failed = |error: Error| Problem::of(&error, "");
    let opened = Conversation::open(&http, &principal, Vec::new()).await;
    let mut conversation = opened.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    let limit = http.front.database.config().http_max_response.get();
    let work = async move {
        let answered = answer(conversation, &parts.headers, &asked, limit).await;
        Ok(answered.unwrap_or_else(|(error, query)| refuse(&error, &query)))
    };
    leash.run(work).await
}

/// A role, its password and a database from `postgresql://role:password@host/database`.
fn claim(text: &str) -> Result<Claim, Problem> {
    let wrong = || Problem::bad_request("the connection string is not a postgresql:// URL");
    let rest = text.split_once("://").filter(|(scheme, _)| {
        ["postgres", "postgresql"].contains(&scheme.to_ascii_lowercase().as_str())
    });
    let (_, rest) = rest.ok_or_else(wrong)?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, _) = authority.rsplit_once('@').ok_or_else(wrong)?;
    let (role, password) = match user.split_once(':') {
        Some((role, password)) => (role, Some(password)),
        None => (user, None),
    };
    let decoded = |text: &str| {
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
        decoded.map(std::borrow::Cow::into_owned).map_err(|_| wrong())
    };
    let role = decoded(role)?;
    if role.is_empty() {
        return Err(wrong());
    }
    let database = if path.is_empty() { role.clone() } else { decoded(path)? };
    Ok(Claim { role, password: password.map(decoded).transpose()?, database })
}

/// The results, or an error and the query that it is of.
async fn answer(
    mut conversation: Conversation,
    headers: &HeaderMap,
    asked: &Asked,
    limit: usize,
) -> Result<Response, (Error, String)> {
    let by_header = is_true(headers, ARRAY_MODE);
    let mut out = Vec::new();
    match asked {
        Asked::One(query) => {
            let put = put_result(&mut conversation, query, by_header, limit, &mut out).await;
            put.map_err(|error| (error, query.query.clone()))?;
        }
        Asked::Batch { queries } => {
            let own = |error: Error| (error, String::new());
            if queries.len() > QUERIES_MAX {
                let message = format!("a batch has at most {QUERIES_MAX} queries");
                return Err(own(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message)));
            }
            let modes = modes(headers).map_err(own)?;
            conversation.begin(&modes.begin()).await.map_err(own)?;
            out.extend_from_slice(b"{\"results\":[");
            for (index, query) in queries.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                let put = put_result(&mut conversation, query, by_header, limit, &mut out).await;
                put.map_err(|error| (error, query.query.clone()))?;
            }
            conversation.commit().await.map_err(own)?;
            out.extend_from_slice(b"]}");
        }
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], out).into_response())
}

fn is_true(headers: &HeaderMap, name: &str) -> bool {
    headers.get(name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
}

/// How the transaction of a batch begins.
fn modes(headers: &HeaderMap) -> Result<Modes, Error> {
    let isolation = match headers.get(ISOLATION).map(|level| level.to_str().unwrap_or("?")) {
        None => None,
        Some("ReadUncommitted") => Some(Isolation::ReadUncommitted),
        Some("ReadCommitted") => Some(Isolation::ReadCommitted),
        Some("RepeatableRead") => Some(Isolation::RepeatableRead),
        Some("Serializable") => Some(Isolation::Serializable),
        Some(other) => {
            let message = format!("invalid isolation level: \"{other}\"");
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
    };
    let (read_only, deferrable) = (is_true(headers, READ_ONLY), is_true(headers, DEFERRABLE));
    Ok(Modes { isolation, read_only, deferrable })
}

async fn put_result(
    conversation: &mut Conversation,
    query: &Query,
    by_header: bool,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let text = &query.query;
    let mut answer = conversation.start(text, &query.params).await?;
    let as_array = query.array_mode.unwrap_or(by_header);
    let mut fields = Value::Array(Vec::new());
    out.extend_from_slice(b"{\"rows\":[");
    if let Some(columns) = answer.columns.clone() {
        let shape = if as_array { Shape::Texts } else { Shape::NamedTexts };
        let writer = RowWriter::new(columns, conversation.eval_context()?, shape)?;
        fields = writer.fields();
        while let Some(rows) = conversation.next(text, &mut answer, u64::MAX).await? {
            writer.write(&rows, b",", out)?;
            if out.len() > limit {
                let message = format!("response is too large (max is {limit} bytes)");
                return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
            }
        }
        if out.last() == Some(&b',') {
            out.pop();
        }
    }
    let Done { command, count } = conversation.finish(answer).await?;
    let command = command.split(' ').next().unwrap_or_default();
    let rest = format!(
        "],\"fields\":{fields},\"command\":{},\"rowCount\":{},\"rowAsArray\":{as_array}}}",
        Value::from(command),
        Value::from(count)
    );
    out.extend_from_slice(rest.as_bytes());
    Ok(())
}

/// An error of a statement, where the driver looks for it.
fn refuse(error: &Error, query: &str) -> Response {
    let members = problem::members(error.report(), query);
    let body = Value::Object(members).to_string();
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::claim;

    #[test]
    fn a_connection_string_names_role_password_and_database() {
        let of = |text| claim(text).map(|claim| (claim.role, claim.password, claim.database)).ok();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            of("postgresql://ann:p%40ss@db.example:5432/app?sslmode=require"),
            Some((text("ann"), Some(text("p@ss")), text("app")))
        );
        assert_eq!(of("postgres://ann@host"), Some((text("ann"), None, text("ann"))));
        for wrong in ["", "ann", "http://ann@host/x", "postgres://host/x", "postgres://@host/x"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
