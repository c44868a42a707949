//! Sequences: blocks of values reserved through the committer, outside of any
//! transaction, so that a rollback gives nothing back and nobody waits for one.
//!
//! The stored state says how far values have been *reserved*; the memory state how
//! far they were handed out. A crash loses at most the rest of a block, as
//! PostgreSQL's 32 prelogged values do.
//!
//! ```text
//! stored   [last i64 LE][is_called u8]      nextval → last + increment if is_called
//! ```

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::catalog::{Relation, Sequence};
use crate::error::{Error, Result};
use crate::sql::functions::SequenceRow;
use crate::sql::run::Work;
use crate::sqlstate;
use crate::storage::key::Meta;
use crate::txn::{Commit, Keyspace, Transactions, WriteBatch};

/// Values reserved at a time, PostgreSQL's SEQ_LOG_VALS.
const BLOCK_VALUES: i64 = 32;

/// Where a sequence is: the last value and whether it was handed out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SequenceState {
    pub last_value: i64,
    pub is_called: bool,
}

/// The sequences of one server, by storage id.
#[derive(Default)]
pub struct Sequences {
    open: Mutex<HashMap<u32, Open>>,
}

#[derive(Clone, Copy)]
struct Open {
    state: SequenceState,
    /// Values up to this many more steps may be handed out without a write.
    reserved: i64,
}

impl Sequences {
    /// The next value. A write that it needed is queued before the value is given,
    /// so no transaction that commits it can be durable before.
    pub fn nextval(
        &self,
        transactions: &Transactions,
        storage_id: u32,
        name: &str,
        sequence: &Sequence,
    ) -> Result<i64> {
        let mut open = self.open.lock();
        let entry = open_entry(&mut open, transactions, storage_id, sequence)?;
        let next = advance(entry.state, name, sequence)?;
        entry.state = SequenceState { last_value: next, is_called: true };
        if entry.reserved > 0 {
            entry.reserved -= 1;
            return Ok(next);
        }
        let (ahead, steps) = reserve(next, sequence);
        entry.reserved = steps;
        queue_state(
            transactions,
            storage_id,
            SequenceState { last_value: ahead, is_called: true },
        )?;
        Ok(next)
    }

    /// Sets where the sequence goes on; answers the value.
    pub fn setval(
        &self,
        transactions: &Transactions,
        storage_id: u32,
        name: &str,
        sequence: &Sequence,
        state: SequenceState,
    ) -> Result<i64> {
        let value = state.last_value;
        if value < sequence.min || value > sequence.max {
            return Err(Error::new(
                sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
                format!(
                    "setval: value {value} is out of bounds for sequence \"{name}\" ({}..{})",
                    sequence.min, sequence.max
                ),
            ));
        }
        let mut open = self.open.lock();
        queue_state(transactions, storage_id, state)?;
        open.insert(storage_id, Open { state, reserved: 0 });
        Ok(value)
    }

    /// What SELECT from the sequence shows.
    pub fn row(
        &self,
        transactions: &Transactions,
        storage_id: u32,
        sequence: &Sequence,
    ) -> Result<SequenceRow> {
        let mut open = self.open.lock();
        let entry = open_entry(&mut open, transactions, storage_id, sequence)?;
        let SequenceState { last_value, is_called } = entry.state;
        Ok(SequenceRow { last_value, log_count: entry.reserved, is_called })
    }

    /// Forgets what is in memory of a sequence, after its definition changed or it
    /// was dropped: the next use reads what is stored.
    pub fn forget(&self, storage_id: u32) {
        self.open.lock().remove(&storage_id);
    }
}

fn open_entry<'a>(
    open: &'a mut HashMap<u32, Open>,
    transactions: &Transactions,
    storage_id: u32,
    sequence: &Sequence,
) -> Result<&'a mut Open> {
    use std::collections::hash_map::Entry;
    match open.entry(storage_id) {
        Entry::Occupied(entry) => Ok(entry.into_mut()),
        Entry::Vacant(entry) => {
            let key = Meta::Sequence(storage_id).key();
            let stored = transactions.published().get(Keyspace::Meta, &key)?;
            let state = match stored {
                Some(bytes) => decode(&bytes)?,
                None => SequenceState {
                    last_value: sequence.first.unwrap_or(sequence.start),
                    is_called: false,
                },
            };
            Ok(entry.insert(Open { state, reserved: 0 }))
        }
    }
}

fn advance(state: SequenceState, name: &str, sequence: &Sequence) -> Result<i64> {
    if !state.is_called {
        return Ok(state.last_value);
    }
    let next = state.last_value.checked_add(sequence.increment);
    match next {
        Some(next) if (sequence.min..=sequence.max).contains(&next) => Ok(next),
        _ if sequence.cycle && sequence.increment > 0 => Ok(sequence.min),
        _ if sequence.cycle => Ok(sequence.max),
        _ if sequence.increment > 0 => Err(limit_reached("maximum", name, sequence.max)),
        _ => Err(limit_reached("minimum", name, sequence.min)),
    }
}

fn limit_reached(which: &str, name: &str, limit: i64) -> Error {
    Error::new(
        sqlstate::SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
        format!("nextval: reached {which} value of sequence \"{name}\" ({limit})"),
    )
}

/// The last value of the block after `next`, and how many steps it is away. The
/// block ends at the sequence's bound.
fn reserve(next: i64, sequence: &Sequence) -> (i64, i64) {
    let block = BLOCK_VALUES.max(sequence.cache);
    let room = match sequence.increment > 0 {
        true => (i128::from(sequence.max) - i128::from(next)) / i128::from(sequence.increment),
        false => (i128::from(sequence.min) - i128::from(next)) / i128::from(sequence.increment),
    };
    let steps = i64::try_from(room.clamp(0, i128::from(block))).unwrap_or(0);
    (next + steps * sequence.increment, steps)
}

/// Forgets a dropped sequence's state at commit.
pub fn remove(work: &mut Work, relation: &Relation) -> Result<()> {
    work.txn.delete(Keyspace::Meta, Meta::Sequence(relation.storage_id).key())
}

fn state_batch(storage_id: u32, state: SequenceState) -> WriteBatch {
    let mut batch = WriteBatch::new();
    batch.put(Keyspace::Meta, Meta::Sequence(storage_id).key(), encode(state));
    batch
}

/// A state as it is stored.
pub fn encode(state: SequenceState) -> Vec<u8> {
    let mut value = state.last_value.to_le_bytes().to_vec();
    value.push(u8::from(state.is_called));
    value
}

fn queue_state(transactions: &Transactions, storage_id: u32, state: SequenceState) -> Result<()> {
    // Queued is enough: the queue is FIFO, so a commit that uses the value is later.
    let _queued: Commit = transactions.system_write(state_batch(storage_id, state));
    Ok(())
}

fn decode(bytes: &[u8]) -> Result<SequenceState> {
    let (Some(last), Some(called)) = (bytes.first_chunk(), bytes.get(8)) else {
        return Err(Error::data_corrupted("a sequence's state is not nine bytes long"));
    };
    Ok(SequenceState { last_value: i64::from_le_bytes(*last), is_called: *called != 0 })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sql::types::{SqlType, oid};
    use crate::storage::memory::MemoryEngine;
    use crate::txn::Limits;

    fn sequence(min: i64, max: i64, increment: i64) -> Sequence {
        let start = if increment > 0 { min } else { max };
        let ty = SqlType::new(oid::INT8);
        Sequence {
            ty,
            start,
            increment,
            min,
            max,
            cache: 1,
            cycle: false,
            owned_by: None,
            first: None,
        }
    }

    fn open() -> Transactions {
        let engine = Arc::new(MemoryEngine::new());
        let limits = Limits { disk_reserve_bytes: 0, ..Limits::default() };
        Transactions::open(engine, limits).expect("open")
    }

    #[test]
    fn values_come_in_order_and_end_with_2200h() {
        let (transactions, sequences) = (open(), Sequences::default());
        let sequence = sequence(1, 3, 1);
        let next = || sequences.nextval(&transactions, 9, "s", &sequence);
        assert_eq!([next(), next(), next()].map(|v| v.expect("a value")), [1, 2, 3]);
        let error = next().expect_err("the end");
        assert_eq!(error.code().as_str(), "2200H");
        assert_eq!(error.message(), "nextval: reached maximum value of sequence \"s\" (3)");
    }

    #[test]
    fn a_restart_never_repeats_a_value() {
        let (transactions, sequence) = (open(), sequence(1, i64::MAX, 1));
        let before = Sequences::default();
        for _ in 0..40 {
            before.nextval(&transactions, 9, "s", &sequence).expect("a value");
        }
        transactions.system_write(WriteBatch::new()).wait().expect("the queue is written");
        let after = Sequences::default();
        let next = after.nextval(&transactions, 9, "s", &sequence).expect("a value");
        assert!(next > 40, "{next}");
    }

    #[test]
    fn setval_moves_it_and_checks_the_bounds() {
        let (transactions, sequences) = (open(), Sequences::default());
        let sequence = sequence(1, 10, 1);
        let at = |last_value, is_called| SequenceState { last_value, is_called };
        sequences.setval(&transactions, 9, "s", &sequence, at(5, false)).expect("in bounds");
        assert_eq!(sequences.nextval(&transactions, 9, "s", &sequence).expect("a value"), 5);
        let error = sequences
            .setval(&transactions, 9, "s", &sequence, at(11, true))
            .expect_err("out of bounds");
        assert_eq!(error.message(), "setval: value 11 is out of bounds for sequence \"s\" (1..10)");
    }
}
