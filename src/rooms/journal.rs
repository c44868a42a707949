//! What has happened, for who writes it down: bounded, and what is lost of it is counted.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;

use super::now_ms;
use super::registry::Key;

/// Records that wait at most.
const RECORDS_MAX: usize = 10_000;

/// What may happen in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    Opened,
    Closed,
    Joined,
    Left,
    Published,
    Unpublished,
    Muted,
    Unmuted,
    /// Its metadata, name, attributes, permission or definition.
    Updated,
    /// A recording is played into it, or is no more.
    PlaybackBegun,
    PlaybackEnded,
}

impl Happened {
    pub fn as_str(self) -> &'static str {
        match self {
            Happened::Opened => "opened",
            Happened::Closed => "closed",
            Happened::Joined => "joined",
            Happened::Left => "left",
            Happened::Published => "published",
            Happened::Unpublished => "unpublished",
            Happened::Muted => "muted",
            Happened::Unmuted => "unmuted",
            Happened::Updated => "updated",
            Happened::PlaybackBegun => "playback_begun",
            Happened::PlaybackEnded => "playback_ended",
        }
    }
}

/// One thing that has happened.
#[derive(Clone, Debug)]
pub struct Record {
    pub key: Key,
    pub at_ms: i64,
    pub happened: Happened,
    /// Whom it is about; empty where it is about the room.
    pub identity: String,
    /// The participant's sid, or the room's.
    pub sid: String,
    /// The track's.
    pub track: Option<String>,
    pub detail: Value,
}

impl Record {
    pub fn new(key: &Key, happened: Happened, (sid, identity): (&str, &str)) -> Record {
        Record {
            key: key.clone(),
            at_ms: now_ms(),
            happened,
            identity: identity.to_owned(),
            sid: sid.to_owned(),
            track: None,
            detail: Value::Null,
        }
    }
}

/// What waits to be written down.
#[derive(Default)]
pub struct Journal {
    records: Mutex<VecDeque<Record>>,
    /// Rooms that are not as they were written down last.
    changed: Mutex<HashSet<Key>>,
    lost: AtomicU64,
    told: Notify,
}

impl Journal {
    pub fn note(&self, record: Record) {
        self.changed.lock().insert(record.key.clone());
        let mut records = self.records.lock();
        match records.len() < RECORDS_MAX {
            true => records.push_back(record),
            // The tables of what is there are made right all the same.
            false => drop(self.lost.fetch_add(1, Ordering::Relaxed)),
        }
        drop(records);
        self.told.notify_one();
    }

    pub fn note_change(&self, key: &Key) {
        self.changed.lock().insert(key.clone());
        self.told.notify_one();
    }

    /// Waits until there is something.
    pub async fn wait(&self) {
        self.told.notified().await;
    }

    /// What has come since: records, rooms, and how many records were lost.
    pub fn take(&self) -> (Vec<Record>, HashSet<Key>, u64) {
        let records = std::mem::take(&mut *self.records.lock());
        let changed = std::mem::take(&mut *self.changed.lock());
        (records.into(), changed, self.lost.swap(0, Ordering::Relaxed))
    }
}
