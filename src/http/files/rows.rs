//! Statements for files: run as a role, answered as rows.

use bytes::Bytes;
use serde_json::Value;

use super::super::Http;
use super::super::conversation::Conversation;
use super::super::extension;
use super::super::principal::{Principal, Proof};
use super::super::problem::Problem;
use crate::catalog::BOOTSTRAP_ROLE;
use crate::error::{Error, Result};
use crate::session::Ends;
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
    let opened = Conversation::open(http, principal, Vec::new()).await;
    let mut conversation = opened.map_err(failed)?;
    let ensured = extension::ensure(http, principal, &mut conversation, EXTENSION).await;
    ensured.map_err(failed)?;
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

/// The server itself, in the same database: its first role.
pub fn own(http: &Http, principal: &Principal) -> Result<Principal, Problem> {
    server(http, &principal.database, principal.ends)
}

pub fn server(http: &Http, database: &str, ends: Ends) -> Result<Principal, Problem> {
    let catalog = http.front.database.shared_catalog();
    let role = catalog.role(BOOTSTRAP_ROLE).ok_or_else(|| Error::internal("the first role"));
    let role = role.map_err(|error| Problem::of(&error, ""))?;
    Ok(Principal::lent(&role.name, database, ends, Proof::Trust))
}

/// A parameter that is bytes.
pub fn bytea(data: &[u8]) -> Value {
    let mut text = String::with_capacity(2 + 2 * data.len());
    text.push_str("\\x");
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in data {
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 15)].into());
    }
    Value::String(text)
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
