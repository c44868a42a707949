//! A step of a saga, or its compensation: a job of the kind `saga`.
//!
//! | kind of step | members | done |
//! |---|---|---|
//! | `sql` | `statement`, `params` | once: in one transaction with the step's state |
//! | `function` | `function`, `argument` | the same |
//! | `remote` | `server`, `statement`, `params` | the same, two-phase: `zserver_execute` in that transaction. `%L` in the statement stands for a parameter |
//! | `http` | as of a job of that kind | at least once, with one `Idempotency-Key` for the step and one for its compensation |
//!
//! Wherever a value stands in `params`, `argument` or `body` it may be `{"ref": "/input/a"}`
//! or `{"ref": "/steps/NAME/result/…"}`: a JSON pointer into the run. What a run is and what
//! follows from the end of a step is SQL (`extensions/sagas`): `sagas.action` says what a
//! job is to do, `sagas.complete` is its end.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::Engine;
use super::attempt::{Brake, Claimed, Failure, until_recorded};
use super::kinds::{Effect, call_argument, call_text, in_transaction};
use super::outbound;
use crate::error::Result;
use crate::sql::types::Oid;

const ACTION: &str = "SELECT * FROM sagas.action($1::bigint)";
const COMPLETE: &str = "SELECT sagas.complete($1::bigint, $2::uuid, $3::jsonb)";
const REMOTE: &str = "SELECT zserver_execute($1::text, $2::text) AS value";
const REMOTE_WITH: &str =
    "SELECT zserver_execute($1::text, format($2::text, VARIADIC $3::text[])) AS value";
/// What a step of the kind `http` hands on.
const CALL: [&str; 5] = ["url", "method", "headers", "body", "timeout_ms"];

/// Does a step and completes its job.
pub async fn run(
    engine: &Arc<Engine>,
    database: Oid,
    job: &Claimed,
    brake: &Brake,
) -> Result<(), Failure> {
    let rows = engine.desk(database).await?.rows(ACTION, &[json!(job.id)]).await?;
    let Some(row) = rows.into_iter().next() else {
        return Err(Failure::of_request("no saga waits for the job"));
    };
    let (action, context) = (&row["action"], &row["context"]);
    let text = |name: &str| action[name].as_str().unwrap_or_default();
    let params: Vec<Value> = match resolved(&action["params"], context) {
        Value::Array(params) => params,
        _ => Vec::new(),
    };
    let (statement, values) = match text("kind") {
        "sql" => (text("statement").to_owned(), params),
        "function" => {
            let argument = call_argument(&resolved(&action["argument"], context));
            (call_text(text("function"))?, vec![argument])
        }
        "remote" => {
            let mut values = vec![json!(text("server")), json!(text("statement"))];
            match params.is_empty() {
                true => (REMOTE.to_owned(), values),
                false => {
                    values.push(Value::Array(params));
                    (REMOTE_WITH.to_owned(), values)
                }
            }
        }
        "http" => return call(engine, database, job, &row).await,
        kind => {
            return Err(Failure::of_request(format!("there are no steps of the kind \"{kind}\"")));
        }
    };
    let has_value = text("kind") != "sql";
    let effect = Effect { text: &statement, params: &values, has_value, complete: COMPLETE };
    in_transaction(engine, database, job, brake, effect).await
}

async fn call(
    engine: &Arc<Engine>,
    database: Oid,
    job: &Claimed,
    row: &Value,
) -> Result<(), Failure> {
    let mut request = Map::new();
    for name in CALL {
        if let Some(value) = row["action"].get(name) {
            request.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(body) = request.get_mut("body") {
        *body = resolved(body, &row["context"]);
    }
    let step = utf8_percent_encode(row["step"].as_str().unwrap_or_default(), NON_ALPHANUMERIC);
    let direction = if row["compensates"] == true { "-compensate" } else { "" };
    let key = format!("saga-{}-{step}{direction}", row["run_id"]);
    let request = serde_json::from_value(Value::Object(request))
        .map_err(|error| Failure::of_request(format!("the request of the step: {error}")))?;
    let result = outbound::call(&engine.outbound, request, &key, None).await?;
    let values = [json!(job.id), json!(job.lease), json!(result.to_string())];
    until_recorded(engine, database, COMPLETE, &values).await;
    Ok(())
}

/// A value with what it refers to in the run; a reference to nothing is null.
fn resolved(value: &Value, context: &Value) -> Value {
    match value {
        Value::Object(members) => {
            if let (1, Some(Value::String(pointer))) = (members.len(), members.get("ref")) {
                return context.pointer(pointer).cloned().unwrap_or(Value::Null);
            }
            let member =
                |(name, value): (&String, &Value)| (name.clone(), resolved(value, context));
            Value::Object(members.iter().map(member).collect())
        }
        Value::Array(elements) => {
            Value::Array(elements.iter().map(|element| resolved(element, context)).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::resolved;
    use serde_json::json;

    #[test]
    fn references_are_pointers_into_the_run() {
        let context =
            json!({"run": 5, "input": {"a": [1, 2]}, "steps": {"s": {"result": {"id": 7}}}});
        let of = |value| resolved(&value, &context);
        assert_eq!(of(json!([{"ref": "/input/a/1"}, "x"])), json!([2, "x"]));
        assert_eq!(
            of(json!({"n": {"ref": "/steps/s/result/id"}, "run": {"ref": "/run"}})),
            json!({"n": 7, "run": 5})
        );
        assert_eq!(of(json!({"ref": "/nowhere"})), json!(null));
        assert_eq!(of(json!({"ref": 1})), json!({"ref": 1}));
        assert_eq!(of(json!({"ref": "/run", "more": 1})), json!({"ref": "/run", "more": 1}));
    }
}
