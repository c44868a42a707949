//! The nearest by reading entries: what is left where there is no graph, or where it
//! cannot answer.
//!
//! Memory is bounded: the nearest [`KEPT`] that come after what was returned are kept, and
//! when somebody asks for more, the entries are read again.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::point::Ruler;
use super::search::Neighbour;
use crate::error::{Error, Result};
use crate::storage::key;
use crate::txn::{Keyspace, Overlay};

/// Neighbours kept at a time: a MiB.
const KEPT: usize = 65_536;
/// Entries between two looks at the cancel token.
const ENTRIES_PER_LOOK: u64 = 1024;

/// By distance, then by rid; NaN is after every number, as in ORDER BY.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ranked(pub(super) Neighbour);

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        let key = |ranked: &Ranked| match ranked.0.distance.is_nan() {
            true => f64::NAN,
            false => ranked.0.distance + 0.0,
        };
        key(self).total_cmp(&key(other)).then(self.0.rid.cmp(&other.0.rid))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A search over all entries of an index.
pub(super) struct Exact {
    storage_id: u32,
    overlay: Overlay,
    ruler: Ruler,
    /// Rids that match, ascending; none for all.
    filter: Option<Arc<Vec<u64>>>,
    cancel: CancellationToken,
    /// The last that was found, returned or not.
    last: Option<Ranked>,
    found: VecDeque<Neighbour>,
    /// Whether there may be others after `last`.
    has_more: bool,
    /// Distances computed.
    pub(super) evaluations: u64,
}

impl Exact {
    pub(super) fn new(
        storage_id: u32,
        overlay: Overlay,
        ruler: Ruler,
        filter: Option<Arc<Vec<u64>>>,
        cancel: CancellationToken,
    ) -> Exact {
        Exact {
            storage_id,
            overlay,
            ruler,
            filter,
            cancel,
            last: None,
            found: VecDeque::new(),
            has_more: true,
            evaluations: 0,
        }
    }

    /// The next at most `count`.
    pub(super) fn next_batch(&mut self, count: usize) -> Result<Vec<Neighbour>> {
        if self.found.is_empty() && self.has_more {
            self.find(count.clamp(1, KEPT))?;
        }
        let count = count.min(self.found.len());
        Ok(self.found.drain(..count).collect())
    }

    /// Reads the entries for the nearest after the last; more than were asked for at the
    /// second time, since they are asked for.
    fn find(&mut self, count: usize) -> Result<()> {
        let most = if self.last.is_none() { count } else { KEPT };
        let mut best: BinaryHeap<Ranked> = BinaryHeap::with_capacity(most + 1);
        let mut was_full = false;
        let last = self.last;
        let mut offer = |rid: u64, distance: f64| {
            let ranked = Ranked(Neighbour { rid, distance });
            if last.is_some_and(|last| ranked <= last) {
                return;
            }
            if best.len() < most {
                best.push(ranked);
            } else {
                was_full = true;
                if let Some(mut worst) = best.peek_mut()
                    && ranked < *worst
                {
                    *worst = ranked;
                }
            }
        };
        match self.filter.clone() {
            Some(rids) => {
                for (count, rid) in rids.iter().enumerate() {
                    look(&self.cancel, count as u64)?;
                    let entry = key::index_entry(self.storage_id, &[], Some(*rid));
                    if let Some(value) = self.overlay.get(Keyspace::Indexes, &entry)? {
                        self.evaluations += 1;
                        offer(*rid, self.ruler.distance(&value)?);
                    }
                }
            }
            None => {
                let range = key::index(self.storage_id);
                for entry in self.overlay.scan(Keyspace::Indexes, &range, false) {
                    let (entry_key, value) = entry?;
                    look(&self.cancel, self.evaluations)?;
                    let rid =
                        key::index_rid(&entry_key, &value).ok_or_else(super::point::damaged)?;
                    self.evaluations += 1;
                    offer(rid, self.ruler.distance(&value)?);
                }
            }
        }
        let best = best.into_sorted_vec();
        self.last = best.last().copied().or(self.last);
        self.has_more = was_full;
        self.found = best.into_iter().map(|ranked| ranked.0).collect();
        Ok(())
    }
}

/// `57014` if the statement was cancelled.
fn look(cancel: &CancellationToken, count: u64) -> Result<()> {
    match count.is_multiple_of(ENTRIES_PER_LOOK) && cancel.is_cancelled() {
        true => Err(Error::query_canceled()),
        false => Ok(()),
    }
}
