//! What keeps tables and live rooms alike.
//!
//! ```text
//! live rooms ── journal ──▶ rtc.participants, rtc.tracks, rtc.events   (each change, together)
//! rtc.rooms  ── looked at ──▶ live rooms                               (every two seconds)
//! ```
//! Who joins does not wait for the tables: they follow within a moment. What could not be
//! written is written with the next change, as rooms are written whole; events that did not
//! fit are counted in the log.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::entry::definition_of;
use super::{EXTENSION, text_of};
use crate::error::Result;
use crate::http::Http;
use crate::rooms::{Key, Reason, Record, Room};
use crate::sql::types::Oid;

/// Changes of this time are written together.
const GATHER: Duration = Duration::from_millis(30);
const SWEEP: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_secs(2);
const PURGE: Duration = Duration::from_secs(60);
/// What the end of the server waits for.
const LAST: Duration = Duration::from_secs(2);
/// Events of one statement.
const EVENTS_MAX: usize = 500;

/// Keeps them until the server ends.
pub async fn run(http: Arc<Http>) {
    let rooms = http.rooms.rooms.clone();
    let (mut looked, mut purged) = (Instant::now(), Instant::now());
    let mut used = HashSet::new();
    begin(&http).await;
    loop {
        tokio::select! {
            () = http.stop.cancelled() => break,
            () = rooms.journal().wait() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(SWEEP) => {}
        }
        for room in rooms.sweep(Instant::now()) {
            tracing::debug!(room = room.key.name, "a room has closed");
        }
        write(&http, &mut used).await;
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            look(&http).await;
        }
        if purged.elapsed() >= PURGE {
            purged = Instant::now();
            purge(&http, &used).await;
        }
    }
    rooms.close_all();
    let _ = tokio::time::timeout(LAST, write(&http, &mut used)).await;
}

/// Nobody is in the rooms of any database yet, whatever its tables say.
async fn begin(http: &Arc<Http>) {
    let catalog = http.front.database.shared_catalog();
    let databases: Vec<Oid> = catalog.databases().map(|database| database.oid).collect();
    for database in databases {
        let store = crate::http::auth::store::Store::of_extension;
        if store(&http.front.database, database, EXTENSION).is_none() {
            continue;
        }
        let mut begun = http.rooms.begun.lock().await;
        if begun.contains(&database) {
            continue;
        }
        match as_server(http, database, "SELECT rtc.begin_anew()", &[]).await {
            Ok(_) => drop(begun.insert(database)),
            Err(error) => tracing::warn!(%error, database, "rooms could not begin anew"),
        }
    }
}

async fn as_server(
    http: &Arc<Http>,
    database: Oid,
    text: &str,
    values: &[Value],
) -> Result<Vec<Value>> {
    http.as_server(database).await?.rows(text, values).await
}

/// Writes down what has happened since.
async fn write(http: &Arc<Http>, used: &mut HashSet<Oid>) {
    let rooms = &http.rooms.rooms;
    let (records, changed, lost) = rooms.journal().take();
    if lost > 0 {
        tracing::warn!(lost, "events of rooms were too many to be written down");
    }
    let mut of: HashMap<Oid, (Vec<Record>, Vec<Key>)> = HashMap::new();
    for record in records {
        of.entry(record.key.database).or_default().0.push(record);
    }
    for key in changed {
        of.entry(key.database).or_default().1.push(key);
    }
    for (database, (records, keys)) in of {
        used.insert(database);
        if let Err(error) = write_database(http, database, records, &keys).await {
            tracing::warn!(%error, database, "rooms could not be written down");
            keys.iter().for_each(|key| rooms.journal().note_change(key));
            // Not at once again.
            tokio::time::sleep(SWEEP).await;
        }
    }
}

async fn write_database(
    http: &Arc<Http>,
    database: Oid,
    records: Vec<Record>,
    keys: &[Key],
) -> Result<()> {
    let rooms = &http.rooms.rooms;
    let state = |key: &Key| snapshot(key, rooms.get(key).as_deref());
    let changed: Vec<Value> = keys.iter().map(state).collect();
    let mut pieces: Vec<Vec<Value>> =
        records.chunks(EVENTS_MAX).map(|piece| piece.iter().map(event).collect()).collect();
    let last = pieces.pop().unwrap_or_default();
    let text = "SELECT rtc.write_down($1::jsonb, $2::jsonb)";
    for piece in pieces {
        let values = [json!(Value::from(piece).to_string()), json!("[]")];
        as_server(http, database, text, &values).await?;
    }
    let values = [json!(Value::from(last).to_string()), json!(Value::from(changed).to_string())];
    as_server(http, database, text, &values).await?;
    for key in keys.iter().filter(|key| rooms.get(key).is_none()) {
        let text = "SELECT rtc.close_room($1)";
        as_server(http, database, text, &[json!(key.name)]).await?;
    }
    Ok(())
}

fn event(record: &Record) -> Value {
    json!({
        "at_ms": record.at_ms,
        "room": record.key.name,
        "happened": record.happened.as_str(),
        "identity": record.identity,
        "sid": record.sid,
        "track": record.track,
        "detail": record.detail,
    })
}

/// Who is in a room now, as the tables have it.
fn snapshot(key: &Key, room: Option<&Room>) -> Value {
    let people = room.map(|room| room.people(true)).unwrap_or_default();
    let mut tracks = Vec::new();
    for person in &people {
        for track in &person.tracks {
            let mut track = json!(track);
            track["participant"] = json!(person.sid);
            track["identity"] = json!(person.identity);
            tracks.push(track);
        }
    }
    let people: Vec<Value> = people.iter().map(|person| json!(**person)).collect();
    json!({"room": key.name, "participants": people, "tracks": tracks})
}

/// What SQL has changed of rooms that are alive.
async fn look(http: &Arc<Http>) {
    let rooms = &http.rooms.rooms;
    for database in rooms.databases() {
        let live = rooms.of(database);
        let names: BTreeSet<&str> = live.iter().map(|room| room.key.name.as_str()).collect();
        let text = "SELECT r.* FROM rtc.rooms r WHERE r.name = ANY ($1::text[])";
        let found = match as_server(http, database, text, &[json!(names)]).await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, database, "rooms could not be looked at");
                continue;
            }
        };
        let mut found: HashMap<String, Value> =
            found.into_iter().map(|row| (text_of(&row, "name"), row)).collect();
        for room in live {
            match found.remove(&room.key.name) {
                Some(row) => room.configure(definition_of(&row)),
                None => drop(rooms.close(&room.key, Reason::RoomDeleted)),
            }
        }
    }
}

async fn purge(http: &Arc<Http>, databases: &HashSet<Oid>) {
    let keep = http.front.database.config().rtc_keep_events;
    for database in databases {
        let text = "SELECT rtc.purge($1::bigint)";
        if let Err(error) = as_server(http, *database, text, &[json!(keep)]).await {
            tracing::debug!(%error, database, "what is over of rooms could not be removed");
        }
    }
}
