//! Tables that inherit from others.
//!
//! A child has all columns and CHECKs of its parents; what happens to them there
//! happens here too, unless ONLY says otherwise. The rules and the words are
//! PostgreSQL's (`MergeAttributes`, `ATExecAddInherit` and the recursion of ALTER
//! TABLE); partitions follow the same ones with some more.
//!
//! | file | what it is |
//! |---|---|
//! | [`merge`] | CREATE TABLE … INHERITS: the columns and CHECKs that come from parents |
//! | [`attach`] | ALTER TABLE … INHERIT and NO INHERIT |
//! | [`column`] | ADD, DROP and RENAME COLUMN, TYPE and NOT NULL in a family |
//! | [`constraint`] | constraints in a family |

mod attach;
mod column;
mod constraint;
mod merge;

pub(super) use merge::{Merged, inherited_plan};

use std::sync::Arc;

use super::Ddl;
use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::LockMode;

impl Ddl<'_> {
    /// The children of a table, locked.
    pub(super) async fn locked_children(&mut self, table: Oid) -> Result<Vec<Arc<Relation>>> {
        for child in self.work.catalog.children(table).to_vec() {
            self.lock_relation(child, LockMode::AccessExclusive).await?;
        }
        let children = self.work.catalog.children(table).to_vec();
        children.into_iter().map(|child| self.relation(child)).collect()
    }

    pub(super) fn has_children(&self, table: Oid) -> bool {
        !self.work.catalog.children(table).is_empty()
    }

    /// The type of a column as messages show it.
    pub(super) fn type_text(&self, ty: crate::sql::types::SqlType) -> String {
        self.work.catalog.type_name(ty.oid, ty.typmod)
    }
}

/// `42P16`.
pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_TABLE_DEFINITION, message)
}

/// `42804`.
pub(super) fn mismatch(message: impl Into<String>) -> Error {
    Error::new(sqlstate::DATATYPE_MISMATCH, message)
}

/// `42809`.
pub(super) fn wrong_kind(message: impl Into<String>) -> Error {
    Error::new(sqlstate::WRONG_OBJECT_TYPE, message)
}
