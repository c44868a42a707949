//! Delete markers go when compaction meets them and nobody can tell the difference.
//!
//! A marker is of use to snapshots older than its delete. Once the oldest active
//! snapshot is at or past its commit timestamp, a marker and no row at all are the
//! same, so compaction replaces the marker with the engine's own tombstone, which
//! disappears at the last level. A tombstone and not nothing: older versions of
//! the row may still lie in lower levels.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fjall::compaction::filter::{
    CompactionFilter, CompactionFilterResult, Context, Factory, ItemAccessor, Verdict,
};

use super::super::{Keyspace, row};

/// The commit timestamp up to which markers may go.
#[derive(Debug, Default)]
pub(super) struct Horizon(AtomicU64);

impl Horizon {
    pub(super) fn advance_to(&self, commit_ts: u64) {
        self.0.fetch_max(commit_ts, Ordering::Relaxed);
    }

    pub(super) fn filter_factory(self: &Arc<Self>, keyspace: &str) -> Option<Arc<dyn Factory>> {
        (keyspace == Keyspace::Rows.name())
            .then(|| Arc::new(MarkerFilterFactory(self.clone())) as Arc<dyn Factory>)
    }
}

struct MarkerFilterFactory(Arc<Horizon>);

impl Factory for MarkerFilterFactory {
    fn name(&self) -> &str {
        "delete markers"
    }

    fn make_filter(&self, _context: &Context) -> Box<dyn CompactionFilter> {
        Box::new(MarkerFilter { horizon: self.0.0.load(Ordering::Relaxed) })
    }
}

struct MarkerFilter {
    horizon: u64,
}

impl CompactionFilter for MarkerFilter {
    fn filter_item(&mut self, item: ItemAccessor<'_>, _: &Context) -> CompactionFilterResult {
        let value = item.value()?;
        let forgotten = row::is_deleted(&value) && row::commit_ts(&value) <= self.horizon;
        Ok(if forgotten { Verdict::Remove } else { Verdict::Keep })
    }
}
