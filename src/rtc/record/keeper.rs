//! Begins and ends recordings as the rows of `rtc.recordings` say, and those rows as
//! recordings go.
//!
//! ```text
//! requested ──room and track are there──▶ recording ──stopped, or over──▶ completed
//!     └── may not be stored ──▶ failed ◀── nothing came, a limit, the disk ──┘
//! ```
//! Rows of databases with live rooms are looked at every second, and at once when
//! [`Recordings::look_now`] is called.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::recorder::{Ended, Feed, Limits, Recorder, extension_of};
use super::store::{self, Plan, Shelf};
use crate::error::{Error, Result};
use crate::http::Http;
use crate::rooms::{Key, Room};
use crate::rtc::media::{Arrived, Layer, Media, Source};
use crate::rtc::peer::{Codec, Packet};
use crate::sql::types::Oid;

const LOOK: Duration = Duration::from_secs(1);
/// Tracks of a room that wait to be recorded.
const FEEDS: usize = 64;
/// Packets that the recorder may be behind.
const PACKETS: usize = 1_024;
/// A layer that sends nothing for so long is paused, as a rule: the next one is recorded.
const SILENT: Duration = Duration::from_secs(2);
/// How long the end of the server waits for recordings to be stored.
const LAST: Duration = Duration::from_secs(10);

const ALIVE: &str = "SELECT r.id::text AS id, r.room, r.track, r.bucket, r.name, r.state, r.stop_asked_at IS NOT NULL AS is_stopped, \
    (SELECT p.rolname FROM pg_catalog.pg_roles p WHERE p.oid = r.role::oid) AS role \
    FROM rtc.recordings r WHERE r.state = 'recording' OR r.state = 'requested' AND r.room = ANY ($1) ORDER BY r.state, r.asked_at LIMIT 1000";

const BEGUN: &str = "UPDATE rtc.recordings SET state = 'recording', started_at = now(), name = $2 WHERE id = $1::uuid AND state = 'requested' RETURNING id";

const ENDED: &str = "UPDATE rtc.recordings SET state = $2, ended_at = now(), error = $3, name = $4, content_type = $5, size = $6::bigint, \
    duration_ms = $7::bigint, tracks = $8::jsonb, is_recovered = $9 WHERE id = $1::uuid RETURNING id";

/// The recordings of one server.
#[derive(Default)]
pub struct Recordings {
    running: Mutex<HashMap<String, Running>>,
    told: Notify,
    ended: Notify,
}

struct Running {
    room: Key,
    stop: CancellationToken,
}

impl Recordings {
    /// Rows have changed.
    pub fn look_now(&self) {
        self.told.notify_one();
    }

    pub fn count(&self) -> usize {
        self.running.lock().len()
    }

    fn of_room(&self, room: &Key) -> usize {
        self.running.lock().values().filter(|running| running.room == *room).count()
    }
}

/// Keeps them until the server ends.
pub async fn run(http: Arc<Http>) {
    let media = http.rtc.media.clone();
    recover(&http).await;
    let recordings = http.rooms().recordings.clone();
    loop {
        tokio::select! {
            () = http.stop.cancelled() => break,
            () = tokio::time::sleep(LOOK) => {}
            () = recordings.told.notified() => {}
        }
        for database in http.rooms().rooms.databases() {
            if let Err(error) = look(&http, &media, database).await {
                tracing::debug!(%error, database, "recordings could not be looked at");
            }
        }
        end_those_of_closed_rooms(&http);
    }
    recordings.running.lock().values().for_each(|running| running.stop.cancel());
    let all = async {
        while recordings.count() > 0 {
            recordings.ended.notified().await;
        }
    };
    // What is not stored by then is at the next start.
    let _ = tokio::time::timeout(LAST, all).await;
}

fn end_those_of_closed_rooms(http: &Http) {
    let running = http.rooms().recordings.running.lock();
    for running in running.values() {
        let room = http.rooms().rooms.get(&running.room);
        if room.is_none_or(|room| room.is_closed()) {
            running.stop.cancel();
        }
    }
}

/// What the rows of a database ask for.
async fn look(http: &Arc<Http>, media: &Arc<Media>, database: Oid) -> Result<()> {
    let rooms = http.rooms().rooms.of(database);
    let rooms: Vec<&str> = rooms.iter().map(|room| room.key.name.as_str()).collect();
    let rows = http.as_server(database).await?.rows(ALIVE, &[json!(rooms)]).await?;
    for row in rows {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let Some(id) = text("id") else { continue };
        let running = http.rooms().recordings.running.lock().get(&id).map(|it| it.stop.clone());
        let is_stopped = row["is_stopped"] == true;
        match (running, row["state"] == "requested") {
            (Some(stop), _) if is_stopped => stop.cancel(),
            (Some(_), _) => {}
            (None, true) => {
                let plan = Plan {
                    id,
                    database,
                    role: text("role").unwrap_or_default(),
                    room: text("room").unwrap_or_default(),
                    track: text("track"),
                    bucket: text("bucket").unwrap_or_default(),
                    name: text("name"),
                    extension: String::new(),
                };
                begin(http, media, plan).await?;
            }
            // It has ended just now, or with the server.
            (None, false) => {}
        }
    }
    Ok(())
}

/// What is to be recorded, if it is there.
enum Subject {
    Track(Arc<Source>),
    Room(Arc<Room>, Arc<Media>),
}

fn subject(http: &Http, media: &Arc<Media>, plan: &Plan) -> Option<Subject> {
    let key = Key { database: plan.database, name: plan.room.clone() };
    let room = http.rooms().rooms.get(&key).filter(|room| !room.is_closed())?;
    match &plan.track {
        Some(sid) => {
            let source = media.source(sid).filter(|source| is_of(source, &room))?;
            Some(Subject::Track(source))
        }
        None => Some(Subject::Room(room, media.clone())),
    }
}

fn is_of(source: &Source, room: &Arc<Room>) -> bool {
    source.room.upgrade().is_some_and(|of| Arc::ptr_eq(&of, room))
}

/// Begins a recording, if what it is of is there.
async fn begin(http: &Arc<Http>, media: &Arc<Media>, mut plan: Plan) -> Result<()> {
    let Some(subject) = subject(http, media, &plan) else { return Ok(()) };
    let config = http.front.database.config();
    plan.extension = match &subject {
        Subject::Track(source) => extension_of(source.codec).to_owned(),
        Subject::Room(..) => "webm".to_owned(),
    };
    let most = config.rtc_max_recordings;
    let checked = match http.rooms().recordings.count() >= most {
        true => {
            let message = format!("there are recordings: at most {most} (\"rtc_max_recordings\")");
            Err(Error::new(crate::sqlstate::CONFIGURATION_LIMIT_EXCEEDED, message))
        }
        false => store::check(http, &plan).await,
    };
    let shelf = Shelf::of(&config);
    let prepared = match checked {
        Ok(()) => {
            let (shelf, plan) = (shelf.clone(), plan.clone());
            let begun = tokio::task::spawn_blocking(move || shelf.begin(&plan)).await;
            begun.unwrap_or_else(|_| Err(Error::internal("the thread that writes has ended")))
        }
        Err(error) => Err(error),
    };
    if let Err(error) = prepared {
        return note_end(http, &plan, Err(error.message().to_owned()), None, false).await;
    }
    let room = match &subject {
        Subject::Room(room, ..) => Some(room.clone()),
        Subject::Track(_) => None,
    };
    // What is sent once it is said to record is in it.
    let (to_recorder, feeds) = mpsc::channel(FEEDS);
    let feeding = feed(subject, to_recorder);
    let mut desk = http.as_server(plan.database).await?;
    if desk.rows(BEGUN, &[json!(plan.id), json!(plan.file_name())]).await?.is_empty() {
        feeding.abort();
        shelf.remove(&plan.id);
        return Ok(());
    }
    drop(desk);
    let limits = Limits {
        bytes: config.rtc_recording_max_bytes.0,
        duration: config.rtc_recording_max_duration.duration(),
    };
    let stop = CancellationToken::new();
    let key = Key { database: plan.database, name: plan.room.clone() };
    let running = Running { room: key, stop: stop.clone() };
    http.rooms().recordings.running.lock().insert(plan.id.clone(), running);
    let recorder = Recorder::new(shelf.path(&plan.id), limits, room.is_none());
    let http = http.clone();
    tokio::spawn(async move {
        if let Some(room) = &room {
            room.set_recording(true);
        }
        let ended = recorder.run(feeds, stop).await;
        feeding.abort();
        over(&http, &shelf, plan, room, ended).await;
    });
    Ok(())
}

/// A recording, of all of a room where that is named, has ended: its file is stored.
async fn over(
    http: &Arc<Http>,
    shelf: &Shelf,
    mut plan: Plan,
    room: Option<Arc<Room>>,
    ended: Ended,
) {
    if room.is_some() && has_h264(&ended) {
        plan.extension = "mkv".to_owned();
    }
    end(http, shelf, &plan, ended).await;
    let key = Key { database: plan.database, name: plan.room.clone() };
    http.rooms().recordings.running.lock().remove(&plan.id);
    if let Some(room) = room
        && http.rooms().recordings.of_room(&key) == 0
    {
        room.set_recording(false);
    }
    http.rooms().recordings.ended.notify_one();
}

fn has_h264(ended: &Ended) -> bool {
    let mut tracks = ended.tracks.as_array().into_iter().flatten();
    tracks.any(|track| track["mime"] == Codec::H264.mime())
}

/// Brings what is to be recorded to the recorder, as it comes; a track from now on.
fn feed(subject: Subject, recorder: mpsc::Sender<Feed>) -> JoinHandle<()> {
    match subject {
        Subject::Track(source) => {
            let feed = feed_of(source);
            // Its end is the recording's.
            tokio::spawn(async move { drop(recorder.send(feed).await) })
        }
        Subject::Room(room, media) => tokio::spawn(feed_all(room, media, recorder)),
    }
}

async fn feed_all(room: Arc<Room>, media: Arc<Media>, recorder: mpsc::Sender<Feed>) {
    let mut changes = media.changes();
    let mut known = HashSet::new();
    loop {
        changes.borrow_and_update();
        for source in media.sources().into_iter().filter(|it| is_of(it, &room)) {
            let is_new = known.insert(source.track.sid.clone());
            if is_new && recorder.send(feed_of(source)).await.is_err() {
                return;
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn feed_of(source: Arc<Source>) -> Feed {
    let named = json!(source.track.offer.source).as_str().unwrap_or_default().to_owned();
    let name = match source.track.offer.name.is_empty() {
        true => named,
        false => source.track.offer.name.clone(),
    };
    let (sender, packets) = mpsc::channel(PACKETS);
    let wants_keyframe = Arc::new(Notify::new());
    let feed = Feed {
        identity: source.track.publisher.1.clone(),
        track: source.track.sid.clone(),
        name,
        codec: source.codec,
        packets,
        wants_keyframe: wants_keyframe.clone(),
    };
    let layer = source.layers().into_iter().rfind(|it| !it.is_over());
    let heard = layer.map(|layer| (layer.clone(), layer.subscribe()));
    tokio::spawn(listen(source, heard, sender, wants_keyframe));
    feed
}

/// Hands on the packets of a track, of the highest layer that is sent, until it ends. Of a
/// muted one nothing is recorded.
async fn listen(
    source: Arc<Source>,
    mut heard: Option<(Arc<Layer>, broadcast::Receiver<Arc<Arrived>>)>,
    to: mpsc::Sender<Packet>,
    wants_keyframe: Arc<Notify>,
) {
    let mut changes = source.changes();
    if let Some((layer, _)) = &heard {
        layer.request_keyframe().await;
    }
    let mut silent: Option<Arc<Layer>> = None;
    loop {
        changes.borrow_and_update();
        let layers: Vec<_> = source.layers().into_iter().filter(|it| !it.is_over()).collect();
        let sends =
            |layer: &&Arc<Layer>| silent.as_ref().is_none_or(|silent| !Arc::ptr_eq(silent, layer));
        let Some(layer) = layers.iter().rev().find(sends).or(layers.last()).cloned() else {
            return;
        };
        let (layer, packets) = match heard.take() {
            Some((before, packets)) if Arc::ptr_eq(&before, &layer) => (layer, packets),
            _ => {
                let packets = layer.subscribe();
                layer.request_keyframe().await;
                (layer, packets)
            }
        };
        let (_, packets) = heard.insert((layer.clone(), packets));
        match hear(&source, &layer, packets, (&to, &wants_keyframe, layers.len()), &mut changes)
            .await
        {
            Heard::Changed => silent = None,
            Heard::Silence => silent = Some(layer),
            Heard::End => return,
        }
    }
}

/// Why a layer is not listened to as it was.
enum Heard {
    Changed,
    Silence,
    End,
}

async fn hear(
    source: &Source,
    layer: &Layer,
    packets: &mut broadcast::Receiver<Arc<Arrived>>,
    (to, wants_keyframe, layers): (&mpsc::Sender<Packet>, &Notify, usize),
    changes: &mut watch::Receiver<u64>,
) -> Heard {
    loop {
        tokio::select! {
            arrived = packets.recv() => match arrived {
                Ok(_) if source.track.is_muted() => {}
                // Who is too slow loses packets, which is noticed by their numbers.
                Ok(arrived) => match to.try_send(arrived.packet.clone()) {
                    Err(mpsc::error::TrySendError::Closed(_)) => return Heard::End,
                    Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => {}
                },
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return Heard::End,
            },
            () = wants_keyframe.notified() => layer.request_keyframe().await,
            changed = changes.changed() => {
                return if changed.is_ok() { Heard::Changed } else { Heard::End };
            }
            () = to.closed() => return Heard::End,
            () = tokio::time::sleep(SILENT), if layers > 1 => return Heard::Silence,
        }
    }
}

/// Stores what was made, and says so.
async fn end(http: &Arc<Http>, shelf: &Shelf, plan: &Plan, ended: Ended) {
    let outcome = match (ended.size, &ended.failure) {
        (0, None) => Err("nothing came that could be recorded".to_owned()),
        (0, Some(failure)) => Err(failure.clone()),
        _ => store::store(http, shelf, plan).await.map_err(|error| error.message().to_owned()),
    };
    // What could not be stored stays, for the next start.
    if outcome.is_ok() || ended.size == 0 {
        shelf.remove(&plan.id);
    }
    let noted = note_end(http, plan, outcome, Some(&ended), false).await;
    if let Err(error) = noted {
        tracing::warn!(%error, id = plan.id, "the end of a recording could not be written down");
    }
}

async fn note_end(
    http: &Arc<Http>,
    plan: &Plan,
    outcome: std::result::Result<(), String>,
    ended: Option<&Ended>,
    is_recovered: bool,
) -> Result<()> {
    let state = if outcome.is_ok() { "completed" } else { "failed" };
    // A limit ends a recording, which is good up to there.
    let failure = ended.and_then(|ended| ended.failure.clone());
    let reason = outcome.err().or(failure);
    let values = [
        json!(plan.id),
        json!(state),
        json!(reason),
        json!(plan.file_name()),
        json!(super::recorder::content_type_of(&plan.extension)),
        json!(ended.map(|ended| ended.size)),
        json!(ended.filter(|_| !is_recovered).map(|ended| ended.duration_ms)),
        ended.map_or(Value::Null, |ended| json!(ended.tracks.to_string())),
        json!(is_recovered),
    ];
    let mut desk = http.as_server(plan.database).await?;
    desk.rows(ENDED, &values).await.map(drop)
}

/// What a crash has left: repaired, and stored.
async fn recover(http: &Arc<Http>) {
    let shelf = Shelf::of(&http.front.database.config());
    let looking = shelf.clone();
    let left = tokio::task::spawn_blocking(move || looking.left()).await.unwrap_or_default();
    for plan in left {
        let id = plan.id.clone();
        if let Err(error) = recover_one(http, &shelf, plan).await {
            tracing::warn!(%error, id, "a recording could not be recovered");
        }
    }
    let catalog = http.front.database.shared_catalog();
    let databases: Vec<Oid> = catalog.databases().map(|database| database.oid).collect();
    for database in databases {
        let text = "UPDATE rtc.recordings SET state = 'failed', ended_at = now(), error = 'the server has ended' WHERE state = 'recording' RETURNING id";
        let there = "SELECT FROM pg_catalog.pg_class WHERE oid = to_regclass('rtc.recordings')";
        let Ok(mut desk) = http.as_server(database).await else { continue };
        if desk.rows(there, &[]).await.is_ok_and(|rows| !rows.is_empty()) {
            let _ = desk.rows(text, &[]).await;
        }
    }
}

async fn recover_one(http: &Arc<Http>, shelf: &Shelf, mut plan: Plan) -> Result<()> {
    let (repairing, mut repaired) = (shelf.clone(), plan.clone());
    let done = tokio::task::spawn_blocking(move || {
        let size = repairing.repair(&mut repaired)?;
        Ok::<_, Error>((size, repaired))
    });
    let (size, repaired) =
        done.await.map_err(|_| Error::internal("the thread that repairs has ended"))??;
    plan = repaired;
    let ended = Ended { size, duration_ms: 0, tracks: Value::Null, failure: None };
    let outcome = match size {
        0 => Err("the server has ended before anything was recorded".to_owned()),
        _ => store::store(http, shelf, &plan).await.map_err(|error| error.message().to_owned()),
    };
    if outcome.is_ok() || size == 0 {
        shelf.remove(&plan.id);
    }
    note_end(http, &plan, outcome, Some(&ended), true).await
}
