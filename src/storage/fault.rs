//! An engine that fails on purpose: the n-th write, sync or ingestion of another
//! engine ends in the error that a test asks for.
//!
//! fjall does its own file I/O, so faults are injected at the engine's calls. What
//! a crash does to the files themselves is tested on real journal files.

use parking_lot::Mutex;
use std::sync::Arc;

use super::{
    Durability, Engine, EngineStatistics, Key, Keyspace, ReadView, Run, Value, Verified,
    WriteBatch, WriteError,
};
use crate::{Error, Result};

/// What the failing call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device answers EIO; nothing was applied.
    Io,
    /// The file system answers ENOSPC; nothing was applied.
    NoSpace,
    /// EIO from fsync: a batch was applied, and may or may not survive.
    SyncLost,
    /// Refused before anything reached the journal.
    Refused,
}

struct Plan {
    calls: u64,
    fail_at: Option<(u64, Fault)>,
    broken: bool,
}

pub struct FaultEngine {
    inner: Arc<dyn Engine>,
    plan: Mutex<Plan>,
    free_bytes: Mutex<Option<u64>>,
}

impl FaultEngine {
    pub fn new(inner: Arc<dyn Engine>) -> FaultEngine {
        let plan = Plan { calls: 0, fail_at: None, broken: false };
        FaultEngine { inner, plan: Mutex::new(plan), free_bytes: Mutex::new(None) }
    }

    /// Fails the n-th call from now, counted from 1. After a fault with an unknown
    /// outcome every later call fails too, as fjall does.
    pub fn fail_at(&self, n: u64, fault: Fault) {
        let mut plan = self.plan.lock();
        plan.fail_at = Some((plan.calls + n, fault));
    }

    /// Pretends that the file system has this much space left.
    pub fn set_free_bytes(&self, bytes: Option<u64>) {
        *self.free_bytes.lock() = bytes;
    }

    /// Calls that write, so far.
    pub fn calls(&self) -> u64 {
        self.plan.lock().calls
    }

    /// `unsynced` is what has happened if only the fsync failed.
    fn call<T>(
        &self,
        run: impl FnOnce() -> Result<T, WriteError>,
        unsynced: impl FnOnce() -> Result<(), WriteError>,
    ) -> Result<T, WriteError> {
        let mut plan = self.plan.lock();
        plan.calls += 1;
        let calls = plan.calls;
        if plan.broken {
            return Err(WriteError::Unknown(io_error(rustix::io::Errno::IO)));
        }
        let fault = plan.fail_at.filter(|(n, _)| *n == calls).map(|(_, fault)| fault);
        plan.broken = matches!(fault, Some(Fault::Io | Fault::NoSpace | Fault::SyncLost));
        drop(plan);
        match fault {
            None => run(),
            Some(Fault::Io) => Err(WriteError::Unknown(io_error(rustix::io::Errno::IO))),
            Some(Fault::NoSpace) => Err(WriteError::Unknown(io_error(rustix::io::Errno::NOSPC))),
            Some(Fault::SyncLost) => {
                unsynced()?;
                Err(WriteError::Unknown(io_error(rustix::io::Errno::IO)))
            }
            Some(Fault::Refused) => {
                Err(WriteError::Refused(Error::disk_full("The fault engine says so.")))
            }
        }
    }
}

impl FaultEngine {
    /// As [`FaultEngine::call`], of what is known to have left nothing if it fails.
    fn call_beside<T>(&self, run: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut plan = self.plan.lock();
        plan.calls += 1;
        let calls = plan.calls;
        if plan.broken {
            return Err(io_error(rustix::io::Errno::IO));
        }
        let fault = plan.fail_at.filter(|(n, _)| *n == calls).map(|(_, fault)| fault);
        drop(plan);
        match fault {
            None => run(),
            Some(Fault::NoSpace | Fault::Refused) => {
                Err(Error::disk_full("The fault engine says so."))
            }
            Some(Fault::Io | Fault::SyncLost) => Err(io_error(rustix::io::Errno::IO)),
        }
    }
}

fn io_error(errno: rustix::io::Errno) -> Error {
    Error::io("write the journal", &errno.into())
}

impl Engine for FaultEngine {
    fn view(&self) -> Arc<dyn ReadView> {
        self.inner.view()
    }

    fn write(&self, batch: WriteBatch, durability: Durability) -> Result<(), WriteError> {
        let unsynced = batch.clone();
        self.call(
            || self.inner.write(batch, durability),
            || self.inner.write(unsynced, Durability::Buffer),
        )
    }

    fn sync(&self) -> Result<(), WriteError> {
        self.call(|| self.inner.sync(), || Ok(()))
    }

    fn ingest(
        &self,
        keyspace: Keyspace,
        entries: &mut dyn Iterator<Item = (Key, Option<Value>)>,
    ) -> Result<u64, WriteError> {
        self.call(|| self.inner.ingest(keyspace, entries), || Ok(()))
    }

    fn write_run(
        &self,
        entries: &mut dyn Iterator<Item = Result<(Key, Value)>>,
    ) -> Result<Arc<dyn Run>> {
        self.call_beside(|| self.inner.write_run(entries))
    }

    fn sync_run(&self, run: &dyn Run) -> Result<()> {
        self.call_beside(|| self.inner.sync_run(run))
    }

    fn open_run(&self, number: u64) -> Result<Arc<dyn Run>> {
        self.inner.open_run(number)
    }

    fn remove_runs(&self) -> Result<()> {
        self.inner.remove_runs()
    }

    fn checkpoint(&self) -> Result<(), WriteError> {
        self.call(|| self.inner.checkpoint(), || Ok(()))
    }

    fn compact(&self, keyspace: Keyspace) -> Result<()> {
        self.inner.compact(keyspace)
    }

    fn verify(&self, pace: &mut dyn FnMut(u64) -> Result<()>) -> Result<Verified> {
        self.inner.verify(pace)
    }

    fn statistics(&self) -> EngineStatistics {
        self.inner.statistics()
    }

    fn free_bytes(&self) -> Option<u64> {
        self.free_bytes.lock().or_else(|| self.inner.free_bytes())
    }

    fn set_purge_horizon(&self, commit_ts: u64) {
        self.inner.set_purge_horizon(commit_ts);
    }
}
