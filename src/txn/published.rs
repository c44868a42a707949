//! The committed state at one instant, shared by everyone who reads it.

use std::sync::Arc;

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Weak;
use std::time::SystemTime;

use super::commit::Attachment;
use super::gaps::Gaps;
use super::observer::Observer;
use super::overlay::{Overlay, Scan, is_marker};
use super::spill::{InFlight, SpillTimestamps};
use super::view::View;
use crate::Result;
use crate::storage::key::Meta;
use crate::storage::{Entries, KeyRange, Keyspace, Value, row};

/// A commit timestamp, the engine's view at it, and what the layer above knows at
/// it. Holding one keeps its instant readable.
pub struct Published {
    pub commit_ts: u64,
    /// The upper layer's committed state, as its publish hooks left it.
    pub attachment: Attachment,
    pub(super) view: View,
    /// All bytes that the committer had written by then.
    pub(super) written_bytes: u64,
    /// When it was published.
    pub(super) taken: SystemTime,
    /// What the view has and nobody may see.
    pub(super) in_flight: InFlight,
    pub(super) spill_timestamps: SpillTimestamps,
    /// Who was told of all commits up to here, from a moment on.
    pub(super) observer: Option<Arc<dyn Observer>>,
    /// Its place among all that are published, which also counts those without a timestamp.
    pub(super) instant: u64,
    pub(super) gaps: Arc<Gaps>,
}

impl Published {
    pub fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.observer.as_ref()
    }

    /// A read handle without a transaction's own writes.
    pub fn overlay(self: &Arc<Self>) -> Overlay {
        Overlay::new(self.clone(), None, None, None)
    }

    pub fn get(self: &Arc<Self>, keyspace: Keyspace, key: &[u8]) -> Result<Option<Value>> {
        self.overlay().get(keyspace, key)
    }

    pub fn scan(self: &Arc<Self>, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Scan {
        self.overlay().scan(keyspace, range, reverse)
    }

    /// Everything that a keyspace has at this instant, delete markers and unfinished
    /// spills included: what a backup copies.
    pub fn raw(&self, keyspace: Keyspace, range: &KeyRange) -> Entries {
        self.view.range(keyspace, range, false)
    }

    /// False for what the view has and nobody may see: delete markers, spills.
    pub(super) fn shows(&self, keyspace: Keyspace, key: &[u8], value: &[u8]) -> bool {
        !is_marker(keyspace, value) && !self.in_flight.hides(keyspace, key, value)
    }

    /// When a row that this instant can see was committed. Of a row of an old bulk
    /// load it answers 0: before every snapshot there is.
    pub fn row_commit_ts(&self, row_value: &[u8]) -> u64 {
        let stored = row::commit_ts(row_value);
        if row::is_spilled(row_value) { self.spill_timestamps.get(stored) } else { stored }
    }

    /// The number of rows of a table, exact at this instant, as the committer
    /// counted it from the transactions' row deltas.
    pub fn row_count(&self, table: u32) -> Result<i64> {
        let stored = self.view.get(Keyspace::Meta, &Meta::RowCount(table).key())?;
        Ok(stored.map_or(0, |value| decode_u64(&value) as i64))
    }
}

/// A number as the Meta keyspace stores it.
pub(super) fn decode_u64(value: &[u8]) -> u64 {
    value.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// An instant that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotStatus {
    pub commit_ts: u64,
    pub taken: SystemTime,
    /// Bytes written since: about what it keeps from being freed.
    pub bytes_since: u64,
}

/// Which published instants somebody still holds, oldest first.
#[derive(Default)]
pub(super) struct Held(Mutex<VecDeque<(u64, Weak<Published>)>>);

impl Held {
    pub(super) fn push(&self, published: &Arc<Published>) {
        self.0.lock().push_back((published.commit_ts, Arc::downgrade(published)));
    }

    /// Closes the snapshots that more than `bytes_max` was written over.
    pub(super) fn close_oversized(&self, written_bytes: u64, bytes_max: u64) {
        let mut held = self.0.lock();
        while held.len() > 1 {
            let oldest = held.front().and_then(|(_, weak)| weak.upgrade());
            match oldest {
                Some(oldest) if oldest.written_bytes + bytes_max >= written_bytes => return,
                Some(oldest) => oldest.view.close(),
                None => {}
            }
            held.pop_front();
        }
    }

    pub(super) fn status(&self, written_bytes: u64) -> Vec<SnapshotStatus> {
        let held = self.0.lock();
        let status = |published: Arc<Published>| SnapshotStatus {
            commit_ts: published.commit_ts,
            taken: published.taken,
            bytes_since: written_bytes.saturating_sub(published.written_bytes),
        };
        held.iter().filter_map(|(_, weak)| weak.upgrade()).map(status).collect()
    }

    /// The oldest commit timestamp that somebody can still read at. The newest
    /// instant is always held, so there is one.
    pub(super) fn oldest(&self) -> u64 {
        let mut held = self.0.lock();
        while held.len() > 1 && held.front().is_some_and(|(_, weak)| weak.strong_count() == 0) {
            held.pop_front();
        }
        // Behind one old snapshot many dead instants may have gathered.
        if held.len() > 64 && held.len() == held.capacity() {
            held.retain(|(_, weak)| weak.strong_count() > 0);
        }
        held.front().map_or(0, |(commit_ts, _)| *commit_ts)
    }
}
