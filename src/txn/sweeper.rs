//! Removes what spills have left behind.
//!
//! A spill that was rolled back, or that a crash cut off, stays in flight: hidden
//! from everyone, until the sweeper has removed its entries and its record. It goes
//! in small batches through the committer's queue, so it neither blocks nor
//! overtakes anyone. If the server stops first, the next start goes on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::begin::Shared;
use super::commit::Content;
use super::spill::RidRanges;
use crate::storage::{Key, KeyRange, Keyspace, WriteBatch, key};
use crate::{Error, Result};

/// Spills to be swept, by the ids of their transactions.
#[derive(Default)]
pub(super) struct Sweeper {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    /// As many as there are transactions that spilled and failed.
    ids: VecDeque<u64>,
    closed: bool,
}

impl Sweeper {
    pub(super) fn add(&self, id: u64) {
        self.state.lock().ids.push_back(id);
        self.filled.notify_one();
    }

    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_one();
    }

    fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// The next to be swept, if there is one.
    #[cfg(test)]
    pub(super) fn take(&self) -> Option<u64> {
        self.state.lock().ids.pop_front()
    }

    fn next(&self) -> Option<u64> {
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(id) = state.ids.pop_front() {
                return Some(id);
            }
            self.filled.wait(&mut state);
        }
    }
}

pub(super) fn start(shared: Arc<Shared>) -> Result<JoinHandle<()>> {
    let run = move || {
        while let Some(id) = shared.sweeper.next() {
            if let Err(error) = sweep(&shared, id) {
                tracing::warn!(
                    "bulk load {id} is not swept yet, the next start will do it: {error}"
                );
            }
        }
    };
    std::thread::Builder::new()
        .name("sweeper".into())
        .spawn(run)
        .map_err(|error| Error::io("start the sweeper thread", &error))
}

pub(super) fn sweep(shared: &Shared, id: u64) -> Result<()> {
    let Some(dead) = shared.current.load().in_flight.get(id).cloned() else { return Ok(()) };
    // The newest view may be older than the spill's last ingestion.
    shared.submit_and_wait(Content::System(WriteBatch::new()))?;
    for (table, rids) in dead.rows() {
        let range = key::rows_between(table, rids.start, rids.end);
        sweep_range(shared, id, &dead, Keyspace::Rows, range)?;
    }
    for index in dead.indexes() {
        sweep_range(shared, id, &dead, Keyspace::Indexes, key::index(index))?;
    }
    if !shared.sweeper.is_closed() {
        shared.submit_and_wait(Content::Swept { id })?;
    }
    Ok(())
}

/// Until keys are tried again that a running bulk load keeps from being removed.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Removes the dead entries of a range, a batch at a time, each from a new view: a
/// view held for long would keep what the removal is to free. A batch begins where
/// the last one ended, past its tombstones; what could not be removed yet is found
/// by the next pass.
fn sweep_range(
    shared: &Shared,
    id: u64,
    dead: &RidRanges,
    keyspace: Keyspace,
    range: KeyRange,
) -> Result<()> {
    while sweep_once(shared, id, dead, keyspace, range.clone())? {
        let again = shared.current.load().in_flight.get(id).is_some();
        if !again || shared.sweeper.is_closed() || !has_dead(shared, dead, keyspace, &range)? {
            return Ok(());
        }
        std::thread::sleep(RETRY_DELAY);
    }
    Ok(())
}

/// One pass; whether it asked for anything to be removed.
fn sweep_once(
    shared: &Shared,
    id: u64,
    dead: &RidRanges,
    keyspace: Keyspace,
    mut range: KeyRange,
) -> Result<bool> {
    let mut found = false;
    while shared.current.load().in_flight.get(id).is_some() && !shared.sweeper.is_closed() {
        let batch = dead_keys(shared, dead, keyspace, &range, shared.limits.sweep_entries_max)?;
        let Some(last) = batch.last() else { break };
        range.lower = key::next(last);
        found = true;
        let keys = batch.into_iter().map(|key| (keyspace, key)).collect();
        shared.submit_and_wait(Content::Sweep { id, keys })?;
    }
    Ok(found)
}

fn has_dead(
    shared: &Shared,
    dead: &RidRanges,
    keyspace: Keyspace,
    range: &KeyRange,
) -> Result<bool> {
    Ok(!dead_keys(shared, dead, keyspace, range, 1)?.is_empty())
}

/// The first dead keys of a range, at most `max`.
fn dead_keys(
    shared: &Shared,
    dead: &RidRanges,
    keyspace: Keyspace,
    range: &KeyRange,
    max: usize,
) -> Result<Vec<Key>> {
    let newest = shared.current.load_full();
    newest
        .view
        .range(keyspace, range, false)
        .take_while(|_| !shared.sweeper.is_closed())
        .filter(|entry| match entry {
            Ok((key, value)) => dead.contains(keyspace, key, value),
            Err(_) => true,
        })
        .take(max)
        .map(|entry| Ok(entry?.0))
        .collect()
}
