//! The server's own session in a database, as its first superuser.

use std::sync::Arc;

use serde_json::Value;

use super::store::EXTENSION;
use crate::error::{Error, Result};
use crate::http::Http;
use crate::http::conversation::Conversation;
use crate::http::extension;
use crate::http::principal::Principal;
use crate::session::Ends;

/// What begins a transaction of the server's own, whatever the database's defaults are.
pub const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// How long the server's own statements wait for others.
const LOCK_TIMEOUT: &str = "5s";

/// Opens one in a database that has the extension, or is given it.
pub async fn open(http: &Http, database: &str, ends: Ends) -> Result<Conversation> {
    let principal = Principal::server(http, database, ends)?;
    extension::open(http, &principal, EXTENSION, settings(&[])).await
}

fn settings(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let own =
        [("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", "30s"), ("row_security", "on")];
    let all = own.iter().chain(more);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The first row, which has to be there.
pub async fn row(conversation: &mut Conversation, text: &str, params: &[Value]) -> Result<Value> {
    let rows = conversation.rows(text, params).await?;
    rows.into_iter().next().ok_or_else(|| Error::internal("a statement without a row"))
}

/// Runs something small beside the requests, which do not wait for it and do not depend
/// on it: when there is much of it, some is left out.
pub fn beside(
    http: &Arc<Http>,
    database: &str,
    ends: Ends,
    text: &'static str,
    params: Vec<Value>,
) {
    let Ok(permit) = http.auth.beside.clone().try_acquire_owned() else { return };
    let (http, database) = (http.clone(), database.to_owned());
    tokio::spawn(async move {
        let _permit = permit;
        let done = async {
            let principal = Principal::server(&http, &database, ends)?;
            let settings = settings(&[("synchronous_commit", "off")]);
            let mut conversation = Conversation::open(&http, &principal, settings).await?;
            conversation.rows(text, &params).await
        };
        if let Err(error) = done.await {
            tracing::debug!(%error, "{text}");
        }
    });
}
