//! Statements for files: run as a role, answered as rows.

use bytes::Bytes;
use serde_json::Value;

use super::super::Http;
use super::super::conversation::Conversation;
use super::super::extension;
use super::super::principal::Principal;
use super::super::problem::Problem;
use crate::error::{Error, Result};
use crate::sql::types::Datum;

pub const EXTENSION: &str = "files";

/// What a statement answers.
pub struct Row(Vec<Datum>);

/// All rows of a statement.
pub async fn fetch(
    conversation: &mut Conversation,
    text: &str,
    values: &[Value],
) -> Result<Vec<Row>> {
    let (rows, _) = conversation.datums(text, values, u64::MAX).await?;
    Ok(rows.into_iter().map(Row).collect())
}

/// Whether a database is there and has the extension: it is not made for those who have
/// proved nothing.
pub fn is_there(http: &Http, database: &str) -> bool {
    let catalog = http.front.database.shared_catalog();
    let found = catalog.database_named(database);
    let catalog = found.and_then(|found| http.front.database.catalog_of(found.oid));
    catalog.is_some_and(|catalog| catalog.extension_named(EXTENSION).is_some())
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
