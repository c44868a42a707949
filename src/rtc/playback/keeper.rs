//! Begins and ends playbacks into rooms as the rows of `rtc.playbacks` say.
//!
//! ```text
//! requested ──somebody is in the room──▶ playing ──over, or stopped──▶ completed
//!     └── may not be played ──▶ failed ◀── it cannot be read ──┘
//! ```
//! Rows of databases with live rooms are looked at every second, and at once when
//! [`Playbacks::look_now`](super::Playbacks::look_now) is called. So it is seen that a recording that is played, to
//! whomever, is no more.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::player::Wish;
use super::registry::Live;
use super::stage;
use crate::error::Result;
use crate::http::Http;
use crate::rooms::Key;
use crate::sql::types::Oid;

const LOOK: Duration = Duration::from_secs(1);
/// How long the end of the server waits for their ends to be written down.
const LAST: Duration = Duration::from_secs(3);

const ALIVE: &str = "SELECT p.id::text AS id, p.room, p.recording::text AS recording, p.identity, p.state, \
    p.stop_asked_at IS NOT NULL AS is_stopped, p.start_ms, p.is_paused, p.places, p.place_ms, \
    (SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = p.role::oid) AS role \
    FROM rtc.playbacks p WHERE p.state = 'playing' OR p.state = 'requested' AND p.room = ANY ($1) ORDER BY p.state, p.asked_at LIMIT 1000";

const THERE: &str = "SELECT r.id::text AS id FROM rtc.recordings r JOIN files.objects o ON o.bucket = r.bucket AND o.name = r.name AND o.latest \
    WHERE r.id = ANY ($1::uuid[])";

/// What a row asks for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub id: String,
    pub database: Oid,
    /// Whose rights it has.
    pub role: String,
    pub room: String,
    pub recording: String,
    pub identity: String,
    pub start_ms: u64,
}

/// Keeps them until the server ends.
pub async fn run(http: Arc<Http>) {
    let playbacks = http.rooms().playbacks.clone();
    loop {
        tokio::select! {
            () = http.stop.cancelled() => break,
            () = tokio::time::sleep(LOOK) => {}
            () = playbacks.told.notified() => {}
        }
        for database in http.rooms().rooms.databases() {
            if let Err(error) = look(&http, database).await {
                tracing::debug!(%error, database, "playbacks could not be looked at");
            }
        }
        for (database, recordings) in playbacks.recordings() {
            if let Err(error) = end_those_that_are_gone(&http, database, recordings).await {
                tracing::debug!(%error, database, "recordings that are played could not be looked at");
            }
        }
    }
    playbacks.end_all();
    let all = async {
        while playbacks.lives() > 0 {
            playbacks.ended.notified().await;
        }
    };
    // What is not written down by then is at the next start.
    let _ = tokio::time::timeout(LAST, all).await;
}

/// What the rows of a database ask for.
async fn look(http: &Arc<Http>, database: Oid) -> Result<()> {
    let rooms = http.rooms().rooms.of(database);
    let occupied = rooms.iter().filter(|room| room.is_occupied());
    let rooms: Vec<&str> = occupied.map(|room| room.key.name.as_str()).collect();
    let rows = http.as_server(database).await?.rows(ALIVE, &[json!(rooms)]).await?;
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let id = text("id");
        match http.rooms().playbacks.live(&id) {
            Some(live) if row["is_stopped"] == true => live.stop.cancel(),
            Some(live) => wish(&live, wish_of(&row)),
            None if row["state"] == "requested" => {
                let plan = Plan {
                    id,
                    database,
                    role: text("role"),
                    room: text("room"),
                    recording: text("recording"),
                    identity: text("identity"),
                    start_ms: number(&row, "start_ms"),
                };
                begin(http, plan, wish_of(&row));
            }
            // It has ended just now.
            None => {}
        }
    }
    Ok(())
}

/// A number, which may be written as a text.
fn number(row: &Value, name: &str) -> u64 {
    let value = &row[name];
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}

fn wish_of(row: &Value) -> Wish {
    let places = number(row, "places") as u32;
    let place = Duration::from_millis(number(row, "place_ms"));
    Wish { is_paused: row["is_paused"] == true, place: (places > 0).then_some((places, place)) }
}

fn wish(live: &Live, now: Wish) {
    live.wishes.send_if_modified(|before| std::mem::replace(before, now) != now);
}

/// Begins a playback, if somebody is in the room.
fn begin(http: &Arc<Http>, plan: Plan, wish: Wish) {
    let key = Key { database: plan.database, name: plan.room.clone() };
    if http.rooms().rooms.get(&key).is_none_or(|room| !room.is_occupied()) {
        return;
    }
    let live = Live {
        stop: CancellationToken::new(),
        wishes: watch::channel(wish).0,
        position: Arc::new(AtomicU64::new(plan.start_ms)),
    };
    http.rooms().playbacks.note_live(&plan.id, live.clone());
    tokio::spawn(stage::perform(http.clone(), plan, live));
}

async fn end_those_that_are_gone(
    http: &Arc<Http>,
    database: Oid,
    recordings: HashSet<String>,
) -> Result<()> {
    let rows = http.as_server(database).await?.rows(THERE, &[json!(recordings)]).await?;
    let there: HashSet<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
    for gone in recordings.iter().filter(|id| !there.contains(id.as_str())) {
        http.rooms().playbacks.end(database, gone);
    }
    Ok(())
}
