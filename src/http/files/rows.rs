//! Statements for files: run as a role, answered as rows.

use bytes::Bytes;
use serde_json::Value;

use super::super::Http;
use super::super::conversation::Conversation;
use super::super::extension;
use super::super::principal::Principal;
use super::super::problem::Problem;
use crate::error::{Error, Result};
use crate::sql::outcome::Rows;
use crate::sql::types::{self, Datum};

pub const EXTENSION: &str = "files";

/// What a statement answers.
pub struct Row(Vec<Datum>);

/// All rows of a statement.
pub async fn fetch(
    conversation: &mut Conversation,
    text: &str,
    values: &[Value],
) -> Result<Vec<Row>> {
    let mut answer = conversation.start(text, values).await?;
    let mut out = Vec::new();
    if let Some(columns) = answer.columns.clone() {
        let eval = conversation.eval_context()?;
        let repr = |column: &crate::sql::outcome::ResultColumn| eval.catalog.repr(column.ty.oid);
        let reprs = columns.iter().map(repr).collect::<Result<Vec<_>>>()?;
        while let Some(rows) = conversation.next(text, &mut answer, u64::MAX).await? {
            match rows {
                Rows::Datums(rows) => out.extend(rows.into_iter().map(Row)),
                Rows::Batch(batch) => {
                    for row in 0..batch.num_rows() {
                        let datum = |at: usize| {
                            types::arrow::datum_at(batch.column(at).as_ref(), row, &reprs[at])
                        };
                        out.push(Row((0..reprs.len()).map(datum).collect::<Result<_>>()?));
                    }
                }
            }
        }
    }
    conversation.finish(answer).await?;
    Ok(out)
}

/// Work in a session of a role, in a database that has the extension. It goes on when its
/// client goes away, up to the next statement.
pub async fn with<T, W, F>(http: &Http, principal: &Principal, work: W) -> Result<T, Problem>
where
    T: Send + 'static,
    W: FnOnce(Conversation) -> F + Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let failed = |error: Error| Problem::of(&error, "");
    let opened = extension::open(http, principal, EXTENSION, Vec::new()).await;
    let mut conversation = opened.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    leash
        .run(async move { work(conversation).await.map_err(|error| Problem::of(&error, "")) })
        .await
}

/// One statement of its own.
pub async fn query(
    http: &Http,
    principal: &Principal,
    text: &'static str,
    values: Vec<Value>,
) -> Result<Vec<Row>, Problem> {
    with(http, principal, move |mut conversation| async move {
        fetch(&mut conversation, text, &values).await
    })
    .await
}

/// The server itself, in the same database.
pub fn own(http: &Http, principal: &Principal) -> Result<Principal, Problem> {
    let own = Principal::server(http, &principal.database, principal.ends);
    own.map_err(|error| Problem::of(&error, ""))
}

impl Row {
    pub fn datum(&self, at: usize) -> &Datum {
        self.0.get(at).unwrap_or(&Datum::Null)
    }

    pub fn text(&self, at: usize) -> Option<String> {
        match self.datum(at) {
            Datum::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// Of a time, microseconds since 2000.
    pub fn number(&self, at: usize) -> Option<i64> {
        match self.datum(at) {
            Datum::Int8(number) | Datum::TimestampTz(number) => Some(*number),
            Datum::Int4(number) => Some((*number).into()),
            _ => None,
        }
    }

    pub fn flag(&self, at: usize) -> bool {
        matches!(self.datum(at), Datum::Bool(true))
    }

    pub fn bytes(&self, at: usize) -> Option<Bytes> {
        match self.datum(at) {
            Datum::Bytea(bytes) => Some(Bytes::copy_from_slice(bytes)),
            _ => None,
        }
    }
}
