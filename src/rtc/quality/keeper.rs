//! Measures again and again, and writes down what was found.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::score::Rating;
use super::watch::{About, Change, INTERVAL, Measured};
use crate::error::Result;
use crate::http::Http;
use crate::rooms::Key;
use crate::sql::types::Oid;

/// How often what has not changed is written down.
const HISTORY: Duration = Duration::from_secs(10);

const ROWS: &str = "SELECT rtc.note_quality($1::jsonb)";

/// Until the server ends.
pub async fn run(http: Arc<Http>) {
    let media = http.rtc.media.clone();
    let (mut looked, mut written) = (Instant::now(), Instant::now());
    loop {
        tokio::select! {
            () = http.stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        let changes = http.rooms().quality.look(&media, looked.elapsed()).await;
        looked = Instant::now();
        tell(&http, &changes);
        let mut rows: Vec<(Oid, Value)> = changes.iter().map(changed).collect();
        if written.elapsed() >= HISTORY {
            written = Instant::now();
            let is_told = |one: &Measured| {
                changes.iter().any(|change| {
                    (&change.measured.about, &change.measured.track) == (&one.about, &one.track)
                })
            };
            let last = http.rooms().quality.last();
            rows.extend(last.iter().filter(|one| !is_told(one)).map(|one| row(one, None)));
        }
        write(&http, rows).await;
    }
}

/// Tells rooms of participants whose rating has changed: the worst of what they send and are
/// sent.
fn tell(http: &Http, changes: &[Change]) {
    let last = http.rooms().quality.last();
    let mut told: HashMap<Key, Vec<(String, f32)>> = HashMap::new();
    for About { room, participant, .. } in changes.iter().map(|change| &change.measured.about) {
        let scores = told.entry(room.clone()).or_default();
        if scores.iter().any(|(sid, _)| sid == participant) {
            continue;
        }
        let own = last.iter().filter(|one| one.about.participant == *participant);
        let score = own.map(|one| if one.rating == Rating::Lost { 0.0 } else { one.score });
        scores.push((participant.clone(), score.fold(100.0, f64::min) as f32));
    }
    for (key, scores) in told {
        if let Some(room) = http.rooms().rooms.get(&key) {
            room.set_quality(scores);
        }
    }
}

fn changed(change: &Change) -> (Oid, Value) {
    row(&change.measured, Some(change.before.as_str()))
}

fn row(measured: &Measured, before: Option<&str>) -> (Oid, Value) {
    let Measured { about, .. } = measured;
    let row = json!({
        "room": about.room.name,
        "identity": about.identity,
        "participant": about.participant,
        "track": measured.track,
        "rating": measured.rating.as_str(),
        "before": before,
        "score": measured.score,
        "loss": measured.loss,
        "jitter_ms": measured.jitter_ms,
        "round_trip_ms": measured.round_trip_ms,
        "bitrate": measured.bitrate,
        "freezes": measured.freezes,
        "freeze_ms": measured.freeze_ms,
    });
    (about.room.database, row)
}

async fn write(http: &Arc<Http>, rows: Vec<(Oid, Value)>) {
    let mut of: HashMap<Oid, Vec<Value>> = HashMap::new();
    for (database, row) in rows {
        of.entry(database).or_default().push(row);
    }
    for (database, rows) in of {
        if let Err(error) = write_database(http, database, rows).await {
            tracing::debug!(%error, database, "the quality of calls could not be written down");
        }
    }
}

async fn write_database(http: &Arc<Http>, database: Oid, rows: Vec<Value>) -> Result<()> {
    let mut desk = http.as_server(database).await?;
    desk.rows(ROWS, &[json!(Value::from(rows).to_string())]).await.map(drop)
}
