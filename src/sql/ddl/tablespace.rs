//! TABLESPACE: there are the two that every server has, `pg_default` with everything in it
//! and `pg_global` with what databases share. To name the first changes nothing.

use super::Ddl;
use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::sqlstate;

const DEFAULT: &str = "pg_default";
const GLOBAL: &str = "pg_global";

/// The tablespace that a table or an index is to be made in; empty if none is named.
pub fn check(name: &str) -> Result<()> {
    check_as(name, "only shared relations can be placed in pg_global tablespace")
}

/// The tablespace that a table or an index is to be moved to.
pub fn check_move(name: &str) -> Result<()> {
    check_as(name, "cannot move non-shared relation to tablespace \"pg_global\"")
}

/// As [`check`]; a partitioned table passes its tablespace on, which cannot be the default.
pub fn check_partitioned(name: &str) -> Result<()> {
    if name == DEFAULT {
        let message = "cannot specify default tablespace for partitioned relations";
        return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
    }
    check(name)
}

fn check_as(name: &str, global: &str) -> Result<()> {
    match name {
        "" | DEFAULT => Ok(()),
        GLOBAL => Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, global)),
        _ => Err(Error::new(
            sqlstate::UNDEFINED_OBJECT,
            format!("tablespace \"{name}\" does not exist"),
        )),
    }
}

impl Ddl<'_> {
    /// ALTER TABLE … SET TABLESPACE.
    pub(super) fn set_tablespace(&self, relation: &Relation, name: &str) -> Result<()> {
        match relation.is_partitioned() {
            true => check_partitioned(name),
            false => check(name),
        }
    }
}
