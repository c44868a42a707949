//! One session: what it does in one step.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::super::{TABLE, row_key};
use super::world::{INDEX, KEYS, LOADS, LOADS_INDEX, State, list_of, list_value};
use super::{Dice, Op};
use crate::storage::{Durability, Key, Keyspace, key, row};
use crate::txn::{
    Commit, CommitOptions, Isolation, LockMode, LockOutcome, LockWait, PreparedInfo, Resource,
    Savepoint, Transaction, Transactions, WaitPolicy, WriteBatch,
};
use crate::{Error, Result};

/// What a transaction has done so far, for the judges.
#[derive(Clone, Debug, Default)]
pub(super) struct Deeds {
    pub(super) ops: Vec<Op>,
    /// Bulk loads, by their elements.
    pub(super) loads: Vec<i32>,
    rows_loaded: i64,
}

impl Deeds {
    /// All elements that it wrote.
    pub(super) fn elements(&self) -> Vec<i32> {
        let appended = self.ops.iter().filter_map(|op| match op {
            Op::Append { element, .. } => Some(*element),
            Op::Read { .. } => None,
        });
        appended.chain(self.loads.iter().copied()).collect()
    }
}

pub(super) struct Open {
    txn: Transaction,
    pub(super) deeds: Deeds,
    savepoint: Option<(Savepoint, Deeds)>,
}

pub(super) enum Session {
    Idle,
    Running(Box<Open>),
    Waiting {
        open: Box<Open>,
        wait: LockWait,
        key: i32,
        element: i32,
    },
    /// Handed to the committer.
    Ending {
        deeds: Deeds,
        durability: Durability,
        commit: Commit,
        prepares: bool,
    },
}

/// How a transaction has ended, as its client heard it.
pub(super) enum Outcome {
    Committed {
        deeds: Deeds,
        durability: Durability,
        commit_ts: u64,
    },
    Prepared {
        deeds: Deeds,
    },
    RolledBack {
        deeds: Deeds,
    },
    /// Nobody told the client.
    Unknown {
        deeds: Deeds,
    },
}

/// What a step needs of the world.
pub(super) struct Surroundings<'w> {
    pub(super) transactions: &'w Transactions,
    pub(super) dice: &'w mut Dice,
    pub(super) isolation: Isolation,
    pub(super) next_element: &'w mut i32,
    pub(super) tell: &'w mut dyn FnMut(String),
}

fn poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    match Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

pub(super) fn is_unknown(error: &Error) -> bool {
    error.code() == crate::sqlstate::TRANSACTION_RESOLUTION_UNKNOWN
}

impl Session {
    /// One step; the outcome if a transaction has ended with it. `Err` is a violation.
    pub(super) fn step(&mut self, at: &mut Surroundings<'_>) -> Result<Option<Outcome>, String> {
        match std::mem::replace(self, Session::Idle) {
            Session::Idle => {
                if let Ok(txn) = at.transactions.begin(at.isolation, false) {
                    (at.tell)("begins".into());
                    let deeds = Deeds::default();
                    *self = Session::Running(Box::new(Open { txn, deeds, savepoint: None }));
                }
                Ok(None)
            }
            Session::Running(open) => self.run(open, at),
            Session::Waiting { mut open, mut wait, key, element } => match poll(&mut wait) {
                Some(()) => {
                    drop(wait);
                    let done = append_locked(&mut open, key, element);
                    self.go_on(open, done, at)
                }
                None if at.dice.chance(40) && wait.detect_deadlock().is_err() => {
                    (at.tell)("is a deadlock's victim".into());
                    drop(wait);
                    Ok(Some(Outcome::RolledBack { deeds: open.deeds }))
                }
                None => {
                    *self = Session::Waiting { open, wait, key, element };
                    Ok(None)
                }
            },
            Session::Ending { deeds, durability, mut commit, prepares } => {
                match poll(&mut commit) {
                    None => {
                        *self = Session::Ending { deeds, durability, commit, prepares };
                        Ok(None)
                    }
                    Some(Ok(_)) if prepares => {
                        (at.tell)("is told that it is prepared".into());
                        Ok(Some(Outcome::Prepared { deeds }))
                    }
                    Some(Ok(commit_ts)) => {
                        (at.tell)(format!("is told that it is committed: {commit_ts}"));
                        Ok(Some(Outcome::Committed { deeds, durability, commit_ts }))
                    }
                    Some(Err(error)) if is_unknown(&error) => Ok(Some(Outcome::Unknown { deeds })),
                    Some(Err(error)) => {
                        (at.tell)(format!("is told that it failed: {error}"));
                        Ok(Some(Outcome::RolledBack { deeds }))
                    }
                }
            }
        }
    }

    /// What is left of it at a crash.
    pub(super) fn crash(self) -> Option<Outcome> {
        match self {
            Session::Idle => None,
            Session::Running(open) | Session::Waiting { open, .. } => {
                Some(Outcome::RolledBack { deeds: open.deeds })
            }
            Session::Ending { deeds, durability, mut commit, prepares } => {
                Some(match poll(&mut commit) {
                    Some(Ok(_)) if prepares => Outcome::Prepared { deeds },
                    Some(Ok(commit_ts)) => Outcome::Committed { deeds, durability, commit_ts },
                    Some(Err(error)) if !is_unknown(&error) => Outcome::RolledBack { deeds },
                    _ => Outcome::Unknown { deeds },
                })
            }
        }
    }

    fn run(
        &mut self,
        mut open: Box<Open>,
        at: &mut Surroundings<'_>,
    ) -> Result<Option<Outcome>, String> {
        let choice = at.dice.below(100) + open.deeds.ops.len() * 4;
        let done = match choice {
            0..45 => return self.append(open, at),
            45..62 => read(&mut open, at),
            62..66 => look(&mut open, at)?,
            66..74 => load(&mut open, at),
            74..79 => {
                let deeds = open.deeds.clone();
                open.savepoint = Some((open.txn.savepoint(), deeds));
                Ok(())
            }
            79..84 => {
                if let Some((savepoint, deeds)) = &open.savepoint {
                    (at.tell)("rolls back to its savepoint".into());
                    open.txn.rollback_to(savepoint);
                    open.deeds = deeds.clone();
                }
                Ok(())
            }
            84..90 => {
                (at.tell)("rolls back".into());
                open.txn.rollback();
                return Ok(Some(Outcome::RolledBack { deeds: open.deeds }));
            }
            _ => {
                *self = end(open, at);
                return Ok(None);
            }
        };
        self.go_on(open, done, at)
    }

    /// After a statement: a failed one ends its transaction.
    fn go_on(
        &mut self,
        open: Box<Open>,
        done: Result<()>,
        at: &mut Surroundings<'_>,
    ) -> Result<Option<Outcome>, String> {
        match done {
            Ok(()) => {
                *self = Session::Running(open);
                Ok(None)
            }
            Err(error) => {
                (at.tell)(format!("fails: {error}"));
                Ok(Some(Outcome::RolledBack { deeds: open.deeds }))
            }
        }
    }

    fn append(
        &mut self,
        mut open: Box<Open>,
        at: &mut Surroundings<'_>,
    ) -> Result<Option<Outcome>, String> {
        let key = at.dice.below(KEYS as usize) as i32;
        let element = *at.next_element;
        *at.next_element += 1;
        (at.tell)(format!("appends {element} to key {key}"));
        let _ = open.txn.begin_statement();
        // The statement finds the row in its snapshot before it locks it.
        if let Err(error) = open.txn.get(Keyspace::Rows, &row_key(key as u64)) {
            return self.go_on(open, Err(error), at);
        }
        let resource = Resource::row(TABLE, key as u64);
        match open.txn.lock(resource, LockMode::RowNoKeyUpdate, WaitPolicy::Wait) {
            LockOutcome::Wait(wait) => {
                (at.tell)("waits for it".into());
                *self = Session::Waiting { open, wait, key, element };
                Ok(None)
            }
            _ => {
                let done = append_locked(&mut open, key, element);
                self.go_on(open, done, at)
            }
        }
    }
}

/// As an UPDATE does it, under the row's lock.
fn append_locked(open: &mut Open, key: i32, element: i32) -> Result<()> {
    let (txn, row) = (&mut open.txn, row_key(key as u64));
    let newest = txn.get_newest(Keyspace::Rows, &row)?.ok_or_else(Error::concurrent_delete)?;
    let own = txn.has_written(Keyspace::Rows, &row)?;
    let may_differ = txn.isolation() == Isolation::ReadCommitted;
    if !own && !may_differ && txn.changed_since_snapshot(&newest) {
        return Err(Error::concurrent_update());
    }
    let mut list = list_of(&newest);
    let entry = |length: usize| -> Key {
        key::index_entry(INDEX, &(length as u32).to_be_bytes(), Some(key as u64)).into()
    };
    txn.delete(Keyspace::Indexes, entry(list.len()))?;
    list.push(element);
    txn.put(Keyspace::Indexes, entry(list.len()), b"")?;
    txn.put_row(row, list_value(&list))?;
    open.deeds.ops.push(Op::Append { key, element });
    Ok(())
}

fn read(open: &mut Open, at: &mut Surroundings<'_>) -> Result<()> {
    let key = at.dice.below(KEYS as usize) as i32;
    let _ = open.txn.begin_statement();
    let row = open.txn.get(Keyspace::Rows, &row_key(key as u64))?;
    let list = row.map(|row| list_of(&row)).unwrap_or_default();
    (at.tell)(format!("reads key {key}: {list:?}"));
    open.deeds.ops.push(Op::Read { key, list });
    Ok(())
}

/// Reads everything, and checks that it fits together.
fn look(open: &mut Open, at: &mut Surroundings<'_>) -> Result<Result<()>, String> {
    let _ = open.txn.begin_statement();
    let state = match State::read(|keyspace, range| open.txn.scan(keyspace, range, false)) {
        Ok(state) => state,
        Err(error) => return Ok(Err(error)),
    };
    (at.tell)(format!("looks at everything: {:?}", state.lists));
    state.check()?;
    for (key, list) in state.lists {
        open.deeds.ops.push(Op::Read { key, list });
    }
    Ok(Ok(()))
}

/// Inserts a few rows in bulk.
fn load(open: &mut Open, at: &mut Surroundings<'_>) -> Result<()> {
    let element = *at.next_element;
    *at.next_element += 1;
    let count = State::rows_of_load(element);
    (at.tell)(format!("loads {count} rows, as {element}"));
    let _ = open.txn.begin_statement();
    for rid in open.txn.allocate_rids(LOADS, count)? {
        let mut value = row::header(1).to_vec();
        value.extend_from_slice(&element.to_le_bytes());
        open.txn.insert_row(key::row(LOADS, rid), value)?;
        let entry = key::index_entry(LOADS_INDEX, &element.to_be_bytes(), Some(rid));
        open.txn.insert_index_entry(entry, b"")?;
    }
    open.deeds.loads.push(element);
    open.deeds.rows_loaded += count as i64;
    Ok(())
}

/// COMMIT, or PREPARE TRANSACTION.
fn end(open: Box<Open>, at: &mut Surroundings<'_>) -> Session {
    let Open { txn, deeds, .. } = *open;
    let durability = if at.dice.chance(60) { Durability::Sync } else { Durability::Buffer };
    let row_deltas = vec![(LOADS, deeds.rows_loaded)];
    if at.dice.chance(8) {
        let elements = deeds.elements();
        let gid = format!("prepared {} {}", elements.first().unwrap_or(&0), deeds.rows_loaded);
        if let Ok(place) = at.transactions.reserve_prepared(&gid, 10) {
            (at.tell)(format!("asks to be \"{gid}\""));
            let info = PreparedInfo {
                gid: gid.into(),
                id: 0,
                owner: 10,
                database: 5,
                prepared_at: 0,
                payload: deeds.rows_loaded.to_le_bytes().into(),
            };
            let commit = txn.prepare(place, info, WriteBatch::new());
            return Session::Ending { deeds, durability, commit, prepares: true };
        }
    }
    (at.tell)(format!("asks for its commit, {durability:?}"));
    let options = CommitOptions { durability, row_deltas, ..CommitOptions::default() };
    Session::Ending { deeds, durability, commit: txn.commit(options), prepares: false }
}
