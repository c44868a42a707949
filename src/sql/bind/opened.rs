//! The relations that a statement opens, and the locks it needs on them before it
//! runs: PostgreSQL's `table_open` with a lock mode, noted while names are resolved.
//!
//! ```text
//! INSERT INTO child SELECT … FROM v      child RowExclusive, v and what it reads
//!                                        AccessShare, child's parent RowShare
//! ```
//!
//! A relation is noted once, in the strongest mode. The rows of a foreign key are
//! checked in its other table, and changed there ON DELETE CASCADE, so those tables
//! are locked too: nobody may rewrite them meanwhile. System relations are not: no
//! statement waits to change them. A sequence is locked by the function that uses it.

use super::Binder;
use crate::catalog::{Catalog, ReferentialAction, Relation, RelationKind};
use crate::error::Result;
use crate::sql::types::{Oid, oid};
use crate::table::TableInfo;
use crate::txn::LockMode;

/// What a statement does to its target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Insert,
    Update,
    Delete,
}

impl Verb {
    pub(super) fn words(self) -> &'static str {
        match self {
            Verb::Insert => "insert into",
            Verb::Update => "update",
            Verb::Delete => "delete from",
        }
    }
}

/// Relations with the mode each is to be locked in, in the order of opening.
#[derive(Default)]
pub(super) struct Opened(Vec<(Oid, LockMode)>);

impl Opened {
    /// A relation that is read.
    pub(super) fn relation(&mut self, relation: &Relation, mode: LockMode) {
        let lockable = matches!(relation.kind, RelationKind::Table | RelationKind::View(_));
        if lockable && relation.oid >= oid::FIRST_NORMAL {
            self.note(relation.oid, mode);
        }
    }

    /// A table that is read because it inherits from one that is named.
    pub(super) fn descendant(&mut self, oid: Oid, mode: LockMode) {
        self.note(oid, mode);
    }

    /// The target of a statement, and the tables of its foreign keys.
    pub(super) fn target(&mut self, catalog: &Catalog, oid: Oid, verb: Verb) -> Result<()> {
        self.note(oid, LockMode::RowExclusive);
        let info = TableInfo::of(catalog, oid)?;
        if verb != Verb::Delete {
            for foreign in &info.foreign_keys {
                self.note(foreign.key.referenced_table, LockMode::RowShare);
            }
        }
        if verb != Verb::Insert {
            self.referencing(catalog, &info, verb)?;
        }
        Ok(())
    }

    /// A relation that is written, or written through.
    pub(super) fn written(&mut self, oid: Oid) {
        self.note(oid, LockMode::RowExclusive);
    }

    /// The tables that refer to one whose keys are removed, and those that refer to
    /// what is removed or changed there.
    fn referencing(&mut self, catalog: &Catalog, info: &TableInfo, verb: Verb) -> Result<()> {
        use ReferentialAction::{Cascade, NoAction, Restrict};
        for foreign in &info.referencing {
            let action = match verb {
                Verb::Delete => foreign.key.on_delete,
                _ => foreign.key.on_update,
            };
            let table = foreign.constraint.table;
            if matches!(action, NoAction | Restrict) {
                self.note(table, LockMode::RowShare);
            } else if self.note(table, LockMode::RowExclusive) {
                // CASCADE does the same again, SET NULL and SET DEFAULT update.
                let next = if action == Cascade { verb } else { Verb::Update };
                for part in catalog.with_descendants(table).split_off(1) {
                    self.note(part, LockMode::RowExclusive);
                }
                self.referencing(catalog, &*TableInfo::of(catalog, table)?, next)?;
            }
        }
        Ok(())
    }

    /// False if it is noted in such a mode already.
    fn note(&mut self, oid: Oid, mode: LockMode) -> bool {
        match self.0.iter_mut().find(|(known, _)| *known == oid) {
            Some((_, held)) if held.covers(mode) => return false,
            Some((_, held)) => *held = mode,
            None => self.0.push((oid, mode)),
        }
        true
    }
}

impl Binder<'_> {
    /// What to lock before the bound statement is run.
    pub fn opened(&mut self) -> Vec<(Oid, LockMode)> {
        std::mem::take(&mut self.opened.0)
    }
}

/// What COPY FROM locks.
pub fn opened_by_copy(catalog: &Catalog, table: Oid) -> Result<Vec<(Oid, LockMode)>> {
    let mut opened = Opened::default();
    opened.target(catalog, table, Verb::Insert)?;
    if catalog.relation(table).is_some_and(|relation| relation.is_partitioned()) {
        for part in catalog.with_descendants(table).split_off(1) {
            opened.target(catalog, part, Verb::Insert)?;
        }
    }
    Ok(opened.0)
}
