//! An engine view that can be taken away.
//!
//! A view keeps every memtable that was written since it was opened, so one idle
//! transaction would make a busy server grow without bound. When more than
//! [`Limits::snapshot_bytes_max`](super::Limits) has been written over a view, the
//! committer closes it, and who still reads through it gets `72000`. Scans that run
//! already end in peace: they own what they read.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::storage::{Entries, KeyRange, Keyspace, ReadView, Value};
use crate::{Error, Result, sqlstate};

pub(super) struct View(ArcSwapOption<Arc<dyn ReadView>>);

impl View {
    pub(super) fn new(view: Arc<dyn ReadView>) -> View {
        View(ArcSwapOption::from_pointee(view))
    }

    pub(super) fn close(&self) {
        self.0.store(None);
    }

    pub(super) fn get(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Value>> {
        match &*self.0.load() {
            Some(view) => view.get(keyspace, key),
            None => Err(Error::snapshot_too_old()),
        }
    }

    pub(super) fn range(&self, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Entries {
        match &*self.0.load() {
            Some(view) => view.range(keyspace, range, reverse),
            None => Box::new(std::iter::once(Err(Error::snapshot_too_old()))),
        }
    }
}

impl Error {
    /// `72000`: too much was written since the snapshot was taken.
    pub fn snapshot_too_old() -> Error {
        Error::new(sqlstate::SNAPSHOT_TOO_OLD, "snapshot too old")
    }
}
