//! The playbacks that go on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::player::Wish;
use crate::error::{Error, Result};
use crate::sql::types::Oid;

/// Those of one server.
#[derive(Default)]
pub struct Playbacks {
    /// By a number of their own.
    going: Mutex<HashMap<u64, Entry>>,
    /// Those into rooms, by the id of their row.
    live: Mutex<HashMap<String, Live>>,
    pub(super) told: Notify,
    pub(super) ended: Notify,
}

struct Entry {
    database: Oid,
    recording: String,
    stop: CancellationToken,
    is_gone: Arc<AtomicBool>,
}

/// One is counted as long as this is held.
pub struct Going {
    playbacks: Arc<Playbacks>,
    number: u64,
    is_gone: Arc<AtomicBool>,
}

/// What is known of one into a room.
#[derive(Clone)]
pub(super) struct Live {
    pub stop: CancellationToken,
    pub wishes: watch::Sender<Wish>,
    /// Milliseconds.
    pub position: Arc<AtomicU64>,
}

impl Drop for Going {
    fn drop(&mut self) {
        self.playbacks.going.lock().remove(&self.number);
        self.playbacks.ended.notify_one();
    }
}

impl Going {
    /// Whether it was stopped since its recording is no more.
    pub fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Acquire)
    }
}

impl Playbacks {
    /// Rows have changed.
    pub fn look_now(&self) {
        self.told.notify_one();
    }

    pub fn count(&self) -> usize {
        self.going.lock().len()
    }

    /// Counts one, of which there may be so many: `53400` otherwise. `stop` is cancelled when
    /// its recording goes.
    pub fn enter(
        self: &Arc<Playbacks>,
        most: usize,
        (database, recording): (Oid, &str),
        stop: CancellationToken,
    ) -> Result<Going> {
        let mut going = self.going.lock();
        if going.len() >= most {
            let message = format!("there are playbacks: at most {most} (\"rtc_max_playbacks\")");
            return Err(Error::new(crate::sqlstate::CONFIGURATION_LIMIT_EXCEEDED, message));
        }
        let (number, is_gone) = (rand::random(), Arc::<AtomicBool>::default());
        let recording = recording.to_owned();
        let entry = Entry { database, recording, stop, is_gone: is_gone.clone() };
        going.insert(number, entry);
        drop(going);
        Ok(Going { playbacks: self.clone(), number, is_gone })
    }

    /// The recordings that are played, by database.
    pub(super) fn recordings(&self) -> HashMap<Oid, HashSet<String>> {
        let mut all: HashMap<Oid, HashSet<String>> = HashMap::new();
        for entry in self.going.lock().values() {
            all.entry(entry.database).or_default().insert(entry.recording.clone());
        }
        all
    }

    /// Stops those of a recording that is no more.
    pub(super) fn end(&self, database: Oid, recording: &str) {
        let going = self.going.lock();
        let of_it = |entry: &&Entry| entry.database == database && entry.recording == recording;
        for entry in going.values().filter(of_it) {
            entry.is_gone.store(true, Ordering::Release);
            entry.stop.cancel();
        }
    }

    pub(super) fn end_all(&self) {
        self.going.lock().values().for_each(|entry| entry.stop.cancel());
    }

    pub(super) fn live(&self, id: &str) -> Option<Live> {
        self.live.lock().get(id).cloned()
    }

    pub(super) fn note_live(&self, id: &str, live: Live) {
        self.live.lock().insert(id.to_owned(), live);
    }

    pub(super) fn forget(&self, id: &str) {
        self.live.lock().remove(id);
        self.ended.notify_one();
    }

    pub(super) fn lives(&self) -> usize {
        self.live.lock().len()
    }

    /// How far one into a room is, in milliseconds.
    pub fn position(&self, id: &str) -> Option<u64> {
        self.live(id).map(|live| live.position.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_counted_and_end_with_their_recording() {
        let playbacks = Arc::<Playbacks>::default();
        let (one, other) = (CancellationToken::new(), CancellationToken::new());
        let first = playbacks.enter(2, (5, "a"), one.clone()).expect("room");
        let second = playbacks.enter(2, (5, "b"), other.clone()).expect("room");
        let refused = playbacks.enter(2, (6, "a"), CancellationToken::new());
        assert_eq!(
            refused.err().map(|error| error.code().as_str().to_owned()),
            Some("53400".to_owned())
        );
        playbacks.end(6, "a");
        playbacks.end(5, "b");
        assert!(other.is_cancelled() && second.is_gone());
        assert!(!one.is_cancelled() && !first.is_gone());
        drop(second);
        assert_eq!((playbacks.count(), playbacks.recordings()[&5].len()), (1, 1));
    }
}
