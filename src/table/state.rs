//! What a transaction remembers about tables beside its writes: row counts to be
//! published and constraint checks still to be made.
//!
//! It lives in `Work` and is cloned by a savepoint, so a clone must be cheap: the
//! queues are persistent.

use std::collections::BTreeMap;
use std::sync::Arc;

use rpds::VectorSync;

use super::large_object::Descriptors;
use super::outbox::Outbox;
use super::trigger::Firing;
use crate::catalog::{Catalog, Constraint, ConstraintKind};
use crate::error::{Error, Result};
use crate::index::vector::Built;
use crate::sql::types::{Datum, Oid};
use crate::txn::Keyspace;

/// Checks that may wait in one transaction: a bound on memory, as PostgreSQL's
/// trigger queue has none.
pub const PENDING_CHECKS_MAX: usize = 10_000_000;

/// A constraint to be looked at later, in the state that the table has then.
#[derive(Clone, Debug)]
pub enum PendingCheck {
    /// A row that refers to another was inserted or its reference changed.
    Referencing { table: Oid, constraint: Oid, rid: u64 },
    /// A key that may be referred to is gone; `new` is what an update made of it.
    Referenced { constraint: Oid, old: Vec<Datum>, new: Option<Vec<Datum>> },
    /// A key of a deferrable unique index was added.
    Unique { table: Oid, index: Oid, key: Vec<Datum> },
    /// A key of a deferrable exclusion constraint was added, by this row.
    Exclusion { table: Oid, index: Oid, key: Vec<Datum>, rid: u64 },
    /// An AFTER trigger.
    Trigger(Box<Firing>),
}

/// One transaction's unfinished business with tables.
#[derive(Clone, Default)]
pub struct TableState {
    /// Rows added minus rows removed, by storage id; goes into the commit.
    pub row_deltas: BTreeMap<u32, i64>,
    /// Checked at the end of the statement.
    immediate: VectorSync<PendingCheck>,
    /// Checked at commit, with the constraint's OID.
    deferred: VectorSync<(Oid, PendingCheck)>,
    /// Storage that nobody needs once this transaction has committed.
    dropped: VectorSync<(Keyspace, u32)>,
    /// Graphs of vector indexes that are kept if this transaction commits.
    built: VectorSync<Arc<Built>>,
    /// SET CONSTRAINTS ALL, then of single constraints.
    all_deferred: Option<bool>,
    deferred_by_oid: BTreeMap<Oid, bool>,
    /// Large objects that are open.
    pub large_objects: Descriptors,
    /// Changes of tables that are watched, to be written at the end of the statement.
    pub(super) outbox: Outbox,
}

impl TableState {
    /// Whether nothing but what was written would be met by who goes on in the transaction: no
    /// check or trigger is left, no constraint is deferred otherwise, no large object is open.
    pub fn is_plain(&self) -> bool {
        self.immediate.is_empty()
            && self.deferred.is_empty()
            && self.all_deferred.is_none()
            && self.deferred_by_oid.is_empty()
            && self.large_objects.is_empty()
    }

    pub fn count_rows(&mut self, storage_id: u32, delta: i64) {
        *self.row_deltas.entry(storage_id).or_default() += delta;
    }

    /// The row count changes as the commit takes them.
    pub fn row_deltas(&self) -> Vec<(u32, i64)> {
        self.row_deltas.iter().filter(|(_, n)| **n != 0).map(|(id, n)| (*id, *n)).collect()
    }

    /// Notes that a dropped, truncated or rewritten relation's storage is to go.
    pub fn drop_storage(&mut self, keyspace: Keyspace, storage_id: u32) {
        self.dropped.push_back_mut((keyspace, storage_id));
    }

    /// What [`reclaim::spawn`](super::reclaim::spawn) is to be given after the commit.
    pub fn dropped_storage(&self) -> Vec<(Keyspace, u32)> {
        self.dropped.iter().copied().collect()
    }

    /// Keeps the graph of a new vector index for as long as the transaction may commit.
    pub fn keep_built(&mut self, built: Built) {
        self.built.push_back_mut(Arc::new(built));
    }

    /// The graphs to activate after the commit.
    pub fn built(&self) -> Vec<Arc<Built>> {
        self.built.iter().cloned().collect()
    }

    /// SET CONSTRAINTS: of all deferrable constraints, or of the named ones.
    pub fn set_constraints(&mut self, constraints: Option<&[Oid]>, deferred: bool) {
        match constraints {
            None => {
                self.all_deferred = Some(deferred);
                self.deferred_by_oid.clear();
            }
            Some(oids) => oids.iter().for_each(|oid| {
                self.deferred_by_oid.insert(*oid, deferred);
            }),
        }
    }

    /// Whether a constraint is checked at commit now.
    pub fn is_deferred(&self, constraint: &Constraint) -> bool {
        constraint.deferrable
            && self
                .deferred_by_oid
                .get(&constraint.oid)
                .copied()
                .or(self.all_deferred)
                .unwrap_or(constraint.initially_deferred)
    }

    /// Whether a check of rows of a table waits for the transaction's end.
    pub fn has_deferred(&self, table: Oid, catalog: &Catalog) -> bool {
        self.deferred.iter().any(|(constraint, check)| match check {
            PendingCheck::Referencing { table: own, .. }
            | PendingCheck::Unique { table: own, .. }
            | PendingCheck::Exclusion { table: own, .. } => *own == table,
            PendingCheck::Trigger(firing) => firing.info.oid() == table,
            PendingCheck::Referenced { .. } => {
                let key = catalog.constraint(*constraint).map(|constraint| &constraint.kind);
                matches!(key, Some(ConstraintKind::ForeignKey(key)) if key.referenced_table == table)
            }
        })
    }

    /// Queues a check for the end of the statement or of the transaction.
    pub(super) fn queue(&mut self, constraint: &Constraint, check: PendingCheck) -> Result<()> {
        self.check_room()?;
        if self.is_deferred(constraint) {
            self.deferred.push_back_mut((constraint.oid, check));
        } else {
            self.immediate.push_back_mut(check);
        }
        Ok(())
    }

    /// Queues what is never deferred.
    pub(super) fn queue_immediate(&mut self, check: PendingCheck) -> Result<()> {
        self.check_room()?;
        self.immediate.push_back_mut(check);
        Ok(())
    }

    /// Puts the checks of the present statement aside, for another to run within it.
    pub fn set_aside(&mut self) -> VectorSync<PendingCheck> {
        self.take_immediate()
    }

    /// Takes back what was put aside.
    pub fn put_back(&mut self, outer: VectorSync<PendingCheck>) {
        self.immediate = outer;
    }

    pub(super) fn take_immediate(&mut self) -> VectorSync<PendingCheck> {
        std::mem::replace(&mut self.immediate, VectorSync::new_sync())
    }

    fn check_room(&self) -> Result<()> {
        if self.immediate.len() + self.deferred.len() >= PENDING_CHECKS_MAX {
            return Err(Error::out_of_memory(format!(
                "The transaction has more than {PENDING_CHECKS_MAX} constraint checks pending."
            )));
        }
        Ok(())
    }

    /// Moves deferred checks whose constraints are immediate now (all of them if
    /// `everything`) to the statement's queue.
    pub(super) fn promote(&mut self, everything: bool, is_deferred: impl Fn(&Self, Oid) -> bool) {
        let queued = std::mem::replace(&mut self.deferred, VectorSync::new_sync());
        for (constraint, check) in queued.iter() {
            if everything || !is_deferred(self, *constraint) {
                self.immediate.push_back_mut(check.clone());
            } else {
                self.deferred.push_back_mut((*constraint, check.clone()));
            }
        }
    }

    /// Drops the checks that a failed statement queued for its own end.
    pub fn forget_statement(&mut self) {
        self.immediate = VectorSync::new_sync();
    }
}
