//! The feed as SQL asks for it: `events.changes` (`session::changes`).

use std::sync::Arc;

use chrono::DateTime;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::feed::{Change, Feed};
use super::position::Position;
use super::sight::{self, Sight};
use crate::error::{Error, Result};
use crate::http::conversation::{Conversation, unfinished};
use crate::session::Database;
use crate::session::changes::{Asked, Rows, Source};
use crate::sql::types::{Datum, json as jsonb};
use crate::sqlstate;

const WATCHED: &str =
    "SELECT events.is_watched($1::oid) AS is_watched, $1::oid::regclass::text AS name";

/// Microseconds from 1970 to 2000.
const FROM_1970_TO_2000: i64 = 946_684_800_000_000;

/// Reads the feeds of all databases.
pub struct Reader;

impl Source for Reader {
    fn position(&self, database: &Database) -> String {
        Position::after_commit(database.newest_commit()).to_string()
    }

    fn read(&self, database: Arc<Database>, asked: Asked) -> BoxFuture<'static, Result<Rows>> {
        read(database, asked).boxed()
    }
}

async fn read(database: Arc<Database>, asked: Asked) -> Result<Rows> {
    let at: Position = asked.after.parse()?;
    let catalog = database.catalog_of(asked.database);
    let name = catalog.and_then(|all| all.database(asked.database).map(|one| one.name.to_string()));
    let name = name.ok_or_else(|| Error::internal("a session without its database"))?;
    let own = vec![("application_name".to_owned(), super::NAME.to_owned())];
    let mut desk = Conversation::of_server(&database, &name, own).await?;
    let settings = [asked.settings, sight::settings()].concat();
    let mut reader =
        Conversation::of_proved(&database, &asked.role, &name, asked.proved, settings).await?;
    // Who gives this up ends both.
    let _leashes = (desk.leash()?, reader.leash()?);
    let mut feed = Feed::after(database, asked.database, asked.table, at);
    let (table, limit) = (asked.table, asked.limit);
    let work = async move {
        check_watched(&mut desk, table).await?;
        let sight = Sight::of(&mut reader, table).await?;
        let mut found = Vec::new();
        loop {
            let changes = feed.read(&mut desk).await?;
            found.extend(sight.see(&mut reader, changes).await?);
            if found.len() >= limit || !feed.has_more()? {
                found.truncate(limit);
                return found.into_iter().map(row).collect::<Result<Rows>>();
            }
        }
    };
    tokio::spawn(work).await.unwrap_or_else(|_| Err(unfinished()))
}

async fn check_watched(desk: &mut Conversation, table: u32) -> Result<()> {
    let rows = desk.rows(WATCHED, &[json!(table)]).await?;
    let row = rows.into_iter().next().unwrap_or_default();
    if row["is_watched"] == true {
        return Ok(());
    }
    let shown = row["name"].as_str().unwrap_or_default().to_owned();
    let message = format!("table \"{shown}\" is not watched");
    let error = Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message);
    Err(error.with_hint("SELECT events.watch(…) watches a table."))
}

fn row(change: Change) -> Result<Vec<Datum>> {
    let at = DateTime::parse_from_rfc3339(&change.at);
    let at = at.map_err(|error| Error::internal(format!("the time of a change: {error}")))?;
    let json = |row: Value| match row {
        Value::Null => Ok(Datum::Null),
        row => jsonb::parse(&row.to_string()).map(Datum::Jsonb),
    };
    Ok(vec![
        Datum::Text(change.position.to_string()),
        Datum::Text(change.op.as_str().to_owned()),
        Datum::TimestampTz(at.timestamp_micros() - FROM_1970_TO_2000),
        json(change.old)?,
        json(change.new)?,
    ])
}
