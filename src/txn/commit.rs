//! What is handed to the committer, and the future that comes back.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::{Condvar, Mutex};

use super::begin::Shared;
use super::lock::LockLog;
use super::prepared::Prepared;
use super::runs::Runs;
use super::serializable::Serializable;
use super::spill::RidRanges;
use super::write_set::WriteSet;
use crate::storage::{Durability, Key, Keyspace, WriteBatch};
use crate::{Error, Result};

/// The upper layer's committed state; it downcasts it to its own type.
pub type Attachment = Arc<dyn Any + Send + Sync>;

/// Makes the attachment after a commit from the one before it. The committer runs
/// it between the batch and the publishing; it must not block and must not panic
/// (the commit is durable by then, so a panic ends the process).
pub type Publish = Box<dyn FnOnce(&Attachment) -> Attachment + Send>;

/// How a transaction is to be committed.
pub struct CommitOptions {
    /// [`Durability::Buffer`] is `synchronous_commit = off`.
    pub durability: Durability,
    pub publish: Option<Publish>,
    /// By how much the row counts of tables change.
    pub row_deltas: Vec<(u32, i64)>,
    /// Written in the same batch, as it is.
    pub also: WriteBatch,
}

impl Default for CommitOptions {
    fn default() -> CommitOptions {
        CommitOptions {
            durability: Durability::Sync,
            publish: None,
            row_deltas: Vec::new(),
            also: WriteBatch::new(),
        }
    }
}

/// What one member of a group asks for.
pub(super) struct Request {
    pub(super) content: Content,
    pub(super) durability: Durability,
    pub(super) publish: Option<Publish>,
    pub(super) row_deltas: Vec<(u32, i64)>,
    /// Of a serializable transaction: its place among them.
    pub(super) serializable: Option<Serializable>,
    /// Released when this request is dropped, which is after publishing.
    pub(super) locks: LockLog,
    /// Written in the same batch, as it is.
    pub(super) also: WriteBatch,
    pub(super) reply: Arc<Reply>,
}

pub(super) enum Content {
    /// A transaction: gets a commit timestamp.
    Transaction(WriteSet),
    /// A transaction that has spilled; `dead` is what stays invisible.
    Spilled { writes: WriteSet, id: u64, dead: RidRanges },
    /// Everything that a running transaction has spilled or is about to.
    Announce { id: u64, ranges: RidRanges },
    /// Entries of a spill that nobody will ever see; removed if they still are that.
    /// Alone in its group.
    Sweep { id: u64, keys: Vec<(Keyspace, Key)> },
    /// A spill that nobody will ever see is swept.
    Swept { id: u64 },
    /// Bytes to write as they are.
    System(WriteBatch),
    /// A transaction is to be prepared; the record is what a restart finds.
    Prepare { prepared: Box<Prepared>, record: WriteBatch },
    /// A prepared transaction ends; `also` removes its record.
    Finish { prepared: Box<Prepared>, is_commit: bool, also: WriteBatch },
}

impl Request {
    /// It was not written: its locks go first, as at a rollback, then its owner is told.
    /// A prepared transaction that could not be finished stays prepared.
    pub(super) fn give_up(self, shared: &Shared, error: Error) {
        let reply = self.reply.clone();
        match self.content {
            Content::Spilled { id, .. } => shared.sweeper.add(id),
            Content::Prepare { prepared, .. } => shared.forget_unprepared(prepared),
            Content::Finish { prepared, .. } => shared.prepared.put_back(prepared),
            _ => {}
        }
        drop(self.locks);
        drop(self.serializable);
        reply.set(Err(error));
    }
}

impl Content {
    /// The runs that a commit has to merge into the engine; it is alone in its group then.
    pub(super) fn runs(&self) -> Option<&Runs> {
        let runs = match self {
            Content::Transaction(writes) | Content::Spilled { writes, .. } => writes.runs(),
            _ => return None,
        };
        (!runs.is_empty()).then_some(runs)
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Content::Transaction(writes) | Content::Spilled { writes, .. } => writes.bytes(),
            Content::System(batch) => batch.bytes(),
            Content::Announce { ranges, .. } => ranges.encode().len(),
            Content::Sweep { keys, .. } => keys.iter().map(|(_, key)| key.len()).sum(),
            Content::Swept { .. } => 0,
            Content::Prepare { record, .. } => record.bytes(),
            Content::Finish { prepared, also, .. } => prepared.writes.bytes() + also.bytes(),
        }
    }
}

/// Where the committer leaves the result.
#[derive(Default)]
pub(super) struct Reply {
    state: Mutex<ReplyState>,
    done: Condvar,
}

#[derive(Default)]
struct ReplyState {
    result: Option<Result<u64>>,
    waker: Option<Waker>,
}

impl Reply {
    pub(super) fn set(&self, result: Result<u64>) {
        let mut state = self.state.lock();
        state.result = Some(result);
        let waker = state.waker.take();
        drop(state);
        self.done.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The outcome of a commit: its timestamp. Dropping it does not undo the commit.
pub struct Commit(Arc<Reply>);

impl Commit {
    pub(super) fn new() -> (Commit, Arc<Reply>) {
        let reply = Arc::new(Reply::default());
        (Commit(reply.clone()), reply)
    }

    pub(super) fn ready(result: Result<u64>) -> Commit {
        let (commit, reply) = Commit::new();
        reply.set(result);
        commit
    }

    /// Blocks the thread until the outcome is there.
    pub fn wait(self) -> Result<u64> {
        let mut state = self.0.state.lock();
        loop {
            match state.result.take() {
                Some(result) => return result,
                None => self.0.done.wait(&mut state),
            }
        }
    }
}

impl Future for Commit {
    type Output = Result<u64>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<u64>> {
        let mut state = self.0.state.lock();
        match state.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
