//! The kinds of jobs that the server runs, and what their payloads are.
//!
//! | kind | payload | result |
//! |---|---|---|
//! | `sql` | `{"statement": "…", "params": […]}` | `{"command", "row_count"}` |
//! | `function` | `{"function": "schema.name", "argument": …}`: called with one `jsonb` | what it returns, as JSON |
//! | `reindex` | `{"index": "schema.name"}` or `{"table": "…"}` | as of `sql` |
//! | `export` | rows to a file: see [`super::export`] | `{"bucket", "name", "version", "hash", "size", "row_count"}` |
//! | `ingest` | a file to rows: see [`super::ingest`] | `{"row_count", "version", "size"}` |
//! | `saga` | a step of a run ([`super::saga`]) | as of its kind |
//! | `http` | see [`super::outbound`] | `{"status", "body"}` |
//!
//! All but the last two run as the role that submitted the job, in a session that knows the
//! job's id as the setting `jobs.id`, in one transaction with the job's completion, which short
//! jobs of a role may share ([`super::together`]). Jobs of one
//! role use the same sessions one after the other, each as if it were new. A
//! statement that would end that transaction is refused. The session has every scope but
//! `admin`.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::attempt::{Brake, Claimed, Failure, until_recorded};
use super::{Engine, NAME, export, ingest, outbound, saga};
use crate::auth::scope::{Scope, Scopes};
use crate::catalog::quote_identifier;
use crate::error::{Error, Result};
use crate::events::webhook::{self, Signer};
use crate::http::conversation::Conversation;
use crate::sql::types::Oid;

pub const COMPLETE: &str = "SELECT jobs.complete($1::bigint, $2::uuid, $3::jsonb)";

/// What a job of the kind `sql` or `function` asks for.
pub struct Asked {
    pub text: String,
    pub params: Vec<Value>,
    pub has_value: bool,
}

impl Asked {
    pub fn of(job: &Claimed) -> Result<Asked, Failure> {
        if job.kind == "sql" {
            let Sql { statement, params } = payload(job)?;
            return Ok(Asked { text: statement, params, has_value: false });
        }
        let Function { function, argument } = payload(job)?;
        let text = call_text(&function)?;
        Ok(Asked { text, params: vec![call_argument(&argument)], has_value: true })
    }
}

/// A statement that is done in one transaction with the completion of its job.
pub struct Effect<'a> {
    pub text: &'a str,
    pub params: &'a [Value],
    /// Whether the result is the value `value` of the first row, and not the command's tag.
    pub has_value: bool,
    /// What completes the job: a call with its id, its lease and the result.
    pub complete: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sql {
    statement: String,
    #[serde(default)]
    params: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    function: String,
    #[serde(default)]
    argument: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Reindex {
    Index(String),
    Table(String),
}

fn payload<T: DeserializeOwned>(job: &Claimed) -> Result<T, Failure> {
    serde_json::from_value(job.payload.clone())
        .map_err(|error| Failure::of_request(format!("the payload of the job: {error}")))
}

/// A dotted name, quoted part by part.
pub fn quoted(name: &str) -> Result<String, Failure> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.len() > 2 || parts.iter().any(|part| part.is_empty()) {
        return Err(Failure::of_request(format!("\"{name}\" is not a name")));
    }
    Ok(parts.iter().map(|part| quote_identifier(part)).collect::<Vec<_>>().join("."))
}

/// The call of a function with one argument, as `value`.
pub fn call_text(function: &str) -> Result<String, Failure> {
    Ok(format!("SELECT to_jsonb({}($1::jsonb)) AS value", quoted(function)?))
}

/// As text, so that an array is not taken for a parameter of several values.
pub fn call_argument(argument: &Value) -> Value {
    Value::String(argument.to_string())
}

/// Does the work of a job and completes it.
pub async fn run(
    engine: Arc<Engine>,
    database: Oid,
    job: Claimed,
    brake: Brake,
) -> Result<(), Failure> {
    match job.kind.as_str() {
        "sql" | "function" => {
            let Asked { text, params, has_value } = Asked::of(&job)?;
            let effect = Effect { text: &text, params: &params, has_value, complete: COMPLETE };
            in_transaction(&engine, database, &job, &brake, effect).await
        }
        "reindex" => {
            let text = match payload(&job)? {
                Reindex::Index(name) => format!("REINDEX INDEX {}", quoted(&name)?),
                Reindex::Table(name) => format!("REINDEX TABLE {}", quoted(&name)?),
            };
            let effect = Effect { text: &text, params: &[], has_value: false, complete: COMPLETE };
            in_transaction(&engine, database, &job, &brake, effect).await
        }
        "http" => {
            let result = send(&engine, database, &job).await?;
            let values = [json!(job.id), json!(job.lease), json!(result.to_string())];
            until_recorded(&engine, database, COMPLETE, &values).await;
            Ok(())
        }
        "export" => export::run(&engine, database, &job, &brake, payload(&job)?).await,
        "ingest" => ingest::run(&engine, database, &job, &brake, payload(&job)?).await,
        "saga" => saga::run(&engine, database, &job, &brake).await,
        kind => Err(Failure::of_request(format!("the server runs no jobs of the kind \"{kind}\""))),
    }
}

/// Sends the request of an `http` job; one of a webhook that answers 410 pauses it.
async fn send(engine: &Engine, database: Oid, job: &Claimed) -> Result<Value, Failure> {
    let call: outbound::Call = payload(job)?;
    let delivery = call.webhook.clone();
    let signer = match &delivery {
        Some(delivery) => {
            let mut desk = engine.desk(database).await?;
            let found = Signer::of(&mut desk, delivery, job.role).await?;
            let gone = || Failure::of_request("the webhook does not exist any more");
            Some(found.ok_or_else(gone)?)
        }
        None => None,
    };
    let sent = outbound::call(&engine.outbound, call, &job.id.to_string(), signer.as_ref()).await;
    if let (Err(failure), Some(delivery)) = (&sent, &delivery)
        && failure.error["answer"]["status"] == 410
    {
        webhook::pause_gone(&mut engine.desk(database).await?, delivery.endpoint).await?;
    }
    sent
}

/// The role as which a job runs, which has to be there still.
pub fn role(engine: &Engine, job: &Claimed) -> Result<String, Failure> {
    let catalog = engine.database.shared_catalog();
    let found = catalog.role(job.role).map(|role| role.name.to_string());
    found.ok_or_else(|| Failure::of_request("the role of the job does not exist any more"))
}

/// A session of the job's role, which its brake stops.
pub async fn session(
    engine: &Engine,
    database: Oid,
    job: &Claimed,
    brake: &Brake,
) -> Result<Conversation, Failure> {
    let mut session = session_of(engine, database, job).await?;
    brake.is_of(session.leash()?);
    introduce(&mut session, job)?;
    Ok(session)
}

/// Tells a session whose job it does.
pub fn introduce(session: &mut Conversation, job: &Claimed) -> Result<()> {
    session.introduce(&format!("job {}", job.id), "jobs.id", &job.id.to_string())
}

/// A session of the job's role.
pub async fn session_of(
    engine: &Engine,
    database: Oid,
    job: &Claimed,
) -> Result<Conversation, Failure> {
    let gone = || Error::internal("a database without jobs");
    let name = engine.database_name(database).ok_or_else(gone)?;
    let role = role(engine, job)?;
    // Whoever may submit jobs has not proved that it may make keys for its role.
    let scopes = Scopes::all().without(Scope::Admin);
    let settings = vec![("application_name".to_owned(), NAME.to_owned())];
    let session = Conversation::of_role_from(&engine.sessions, &role, &name, scopes, settings);
    Ok(session.await?)
}

pub const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Completes a job in the transaction of its effects, which that ends.
pub async fn complete(
    session: &mut Conversation,
    job: &Claimed,
    brake: &Brake,
    complete: &str,
    result: &Value,
) -> Result<()> {
    let values = [json!(job.id), json!(job.lease), json!(result.to_string())];
    session.rows(complete, &values).await?;
    brake.work_is_done();
    session.commit().await
}

pub async fn in_transaction(
    engine: &Engine,
    database: Oid,
    job: &Claimed,
    brake: &Brake,
    effect: Effect<'_>,
) -> Result<(), Failure> {
    let mut session = session(engine, database, job, brake).await?;
    session.refuse_transaction_command(effect.text)?;
    session.begin(BEGIN).await?;
    let Effect { text, params, has_value, .. } = effect;
    let result = result_of(&mut session, text, params, has_value).await?;
    complete(&mut session, job, brake, effect.complete, &result).await?;
    Ok(())
}

/// What a statement does, and its result.
pub async fn result_of(
    session: &mut Conversation,
    text: &str,
    params: &[Value],
    has_value: bool,
) -> Result<Value> {
    if has_value {
        let rows = session.rows(text, params).await?;
        return Ok(rows.into_iter().next().map_or(Value::Null, |mut row| row["value"].take()));
    }
    let mut answer = session.start(text, params).await?;
    while session.next(text, &mut answer, u64::MAX).await?.is_some() {}
    let done = session.finish(answer).await?;
    Ok(json!({"command": done.command, "row_count": done.count}))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_are_quoted_part_by_part() {
        let ok = |name: &str| quoted(name).ok();
        assert_eq!(ok("work").as_deref(), Some("work"));
        assert_eq!(ok("app.Do It").as_deref(), Some("app.\"Do It\""));
        assert_eq!(ok("x();drop table t--").as_deref(), Some("\"x();drop table t--\""));
        assert!(ok("a.b.c").is_none() && ok("").is_none() && ok("a.").is_none());
    }
}
