//! Numbers that are handed out once: row ids and transaction ids.
//!
//! A number is free to use when its high-water mark is in the committer's queue:
//! whoever commits with it comes later in the queue, so no commit that uses it is
//! durable before the mark is. A crash skips at most one block.

use std::collections::HashMap;
use std::ops::Range;

use parking_lot::Mutex;

use super::published::decode_u64;
use super::view::View;
use crate::Result;
use crate::storage::key::Meta;
use crate::storage::{Keyspace, ReadView, Value, WriteBatch};

/// A counter in memory with its durable high-water mark.
#[derive(Clone, Copy)]
struct Counter {
    next: u64,
    reserved: u64,
}

impl Counter {
    fn starting_at(mark: Option<Value>) -> Counter {
        // Zero is no id.
        let mark = mark.map_or(1, |value| decode_u64(&value));
        Counter { next: mark, reserved: mark }
    }

    /// Takes `count` numbers; the batch, if any, must be queued before they are used.
    fn take(&mut self, count: u64, block: u64, meta: Meta) -> (Range<u64>, Option<WriteBatch>) {
        let range = self.next..self.next + count;
        self.next = range.end;
        if range.end <= self.reserved {
            return (range, None);
        }
        self.reserved = range.end + block;
        let mut batch = WriteBatch::new();
        batch.put(Keyspace::Meta, meta.key(), self.reserved.to_le_bytes());
        (range, Some(batch))
    }
}

pub(super) struct Ids {
    tables: Mutex<HashMap<u32, Counter>>,
    transactions: Mutex<Counter>,
}

impl Ids {
    pub(super) fn load(view: &dyn ReadView) -> Result<Ids> {
        let mark = view.get(Keyspace::Meta, &Meta::TransactionId.key())?;
        let transactions = Counter::starting_at(mark);
        Ok(Ids { tables: Mutex::default(), transactions: Mutex::new(transactions) })
    }

    /// Takes row ids of a table. `queue` is called under the lock, so that marks
    /// of one table enter the queue in order.
    pub(super) fn rids(
        &self,
        table: u32,
        count: u64,
        block: u64,
        view: &View,
        queue: impl FnOnce(WriteBatch) -> Result<()>,
    ) -> Result<Range<u64>> {
        let mut tables = self.tables.lock();
        let counter = match tables.entry(table) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let mark = view.get(Keyspace::Meta, &Meta::RowIds(table).key())?;
                entry.insert(Counter::starting_at(mark))
            }
        };
        let (range, mark) = counter.take(count, block, Meta::RowIds(table));
        mark.map_or(Ok(()), queue)?;
        Ok(range)
    }

    /// The id of the next transaction to begin.
    pub(super) fn next_transaction(&self) -> u64 {
        self.transactions.lock().next
    }

    pub(super) fn transaction(
        &self,
        block: u64,
        queue: impl FnOnce(WriteBatch) -> Result<()>,
    ) -> Result<u64> {
        let mut counter = self.transactions.lock();
        let (range, mark) = counter.take(1, block, Meta::TransactionId);
        mark.map_or(Ok(()), queue)?;
        Ok(range.start)
    }
}
