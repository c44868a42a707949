//! All results of a request as one JSON document.

use serde_json::Value;

use super::{Statement, Task, Turn};
use crate::error::Error;
use crate::http::conversation::Done;
use crate::http::idempotency::Keep;
use crate::http::problem::{self, Problem};
use crate::http::rows::RowWriter;
use crate::session::rows::row_count;
use crate::sql::types::json::write_string;
use crate::sqlstate;

/// The document; what it tells is committed then. With `keep` it is stored in the same
/// transaction.
pub async fn document(mut turn: Turn, task: Task, keep: Option<&Keep>) -> Result<Vec<u8>, Problem> {
    let failed = |error: Error| Problem::of(&error, "");
    turn.set_timeout(task.asked.timeout_ms.map(u64::from)).map_err(failed)?;
    if let Some(begin) = &task.begin {
        turn.begin(begin).await.map_err(failed)?;
    }
    let mut out = b"{\"results\":[".to_vec();
    for (index, statement) in task.statements.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if let Err(error) = put_result(&mut turn, &task, statement, &mut out).await {
            turn.fail();
            return Err(Problem::of(&error, &statement.query));
        }
    }
    match keep {
        None => {
            if task.begin.is_some() {
                turn.commit().await.map_err(failed)?;
            }
            put_notices(&mut turn, &mut out);
        }
        // What is stored cannot tell of what comes later.
        Some(keep) => {
            put_notices(&mut turn, &mut out);
            keep.store(&mut turn, &out).await?;
            turn.commit().await.map_err(failed)?;
        }
    }
    Ok(out)
}

fn put_notices(turn: &mut Turn, out: &mut Vec<u8>) {
    out.extend_from_slice(b"],\"notices\":[");
    for (index, notice) in turn.take_notices().iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let members = Value::Object(problem::members(notice, ""));
        out.extend_from_slice(members.to_string().as_bytes());
    }
    out.extend_from_slice(b"]}");
}

async fn put_result(
    turn: &mut Turn,
    task: &Task,
    statement: &Statement,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let text = &statement.query;
    let mut answer = turn.start_typed(text, &statement.params, &statement.param_types).await?;
    out.push(b'{');
    let mut left = task.asked.max_rows.unwrap_or(u64::MAX);
    if let Some(columns) = answer.columns.clone() {
        let eval = turn.eval_context()?;
        let writer = RowWriter::new(columns, eval, task.asked.shape())?;
        out.extend_from_slice(b"\"columns\":");
        writer.describe_to(out);
        out.extend_from_slice(b",\"rows\":[");
        while let Some(rows) = turn.next(text, &mut answer, left).await? {
            left -= row_count(&rows) as u64;
            writer.write(&rows, b",", out)?;
            if out.len() > task.limit {
                return Err(too_much(task.limit));
            }
        }
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.extend_from_slice(b"],");
    }
    let done = turn.finish(answer).await?;
    put_done(&done, out);
    Ok(())
}

/// `"command":"INSERT","row_count":1}`
pub fn put_done(done: &Done, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"command\":");
    write_string(&done.command, out);
    match done.count {
        Some(count) => out.extend_from_slice(format!(",\"row_count\":{count}}}").as_bytes()),
        None => out.extend_from_slice(b",\"row_count\":null}"),
    }
}

fn too_much(limit: usize) -> Error {
    Error::new(
        sqlstate::PROGRAM_LIMIT_EXCEEDED,
        format!("the result is larger than {limit} bytes (\"http_max_response\")"),
    )
    .with_hint("Ask for application/x-ndjson, text/csv or Arrow, which are streamed.")
}
