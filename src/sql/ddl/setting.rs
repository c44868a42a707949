//! ALTER ROLE … SET, ALTER DATABASE … SET: what sessions to come begin with.

use super::Ddl;
use crate::catalog::{ObjectClass, Settings};
use crate::error::{Error, Result};
use crate::sql::functions::StoredSetting;
use crate::sql::parse::ast;
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::lock;
use crate::txn::{LockMode, Resource};

/// Settings of one role and database: a bound on what each login reads.
const SETTINGS_MAX: usize = 1_000;

impl Ddl<'_> {
    pub async fn alter_role_set(
        &mut self,
        statement: &ast::AlterRoleSetStmt,
    ) -> Result<&'static str> {
        let role = statement.role.as_ref().map(|spec| self.role_of(spec)).transpose()?;
        let current = self.current_role()?;
        if let Some(role) = &role {
            let may = current.superuser || role.oid == current.oid;
            if role.superuser && !may {
                return Err(denied("must be superuser to alter superusers"));
            }
            if !may && !current.create_role {
                return Err(denied("permission denied"));
            }
        }
        let database = match statement.database.as_str() {
            "" => None,
            name => Some(self.database_by_name(name)?),
        };
        match (&role, &database) {
            (None, Some(database)) => {
                self.require_owner(database.owner, "database", &database.name)?;
            }
            (None, None) if !current.superuser => {
                return Err(denied("must be superuser to alter settings globally"));
            }
            _ => {}
        }
        let (database, role) =
            (database.map_or(0, |database| database.oid), role.map_or(0, |role| role.oid));
        self.store_setting(database, role, statement.setstmt.as_ref()).await?;
        Ok("ALTER ROLE")
    }

    /// Changes what is stored for a database (0: all) and a role (0: all).
    pub(super) async fn store_setting(
        &mut self,
        database: Oid,
        role: Oid,
        statement: Option<&ast::VariableSetStmt>,
    ) -> Result<()> {
        let statement = statement.ok_or_else(|| Error::syntax("SET without a parameter"))?;
        // Two who change the same settings wait for each other.
        let class = crate::catalog::relation_oid::PG_DB_ROLE_SETTING;
        let resource = Resource::Object { database, class, oid: role };
        let mode = LockMode::AccessExclusive;
        lock::acquire(&mut self.work.txn, resource, mode, self.ctx).await?;
        self.work.refresh_catalog();
        let session = self.ctx.eval.session.clone();
        let old = self.work.catalog.settings_of(database, role).cloned();
        let mut values = old.as_ref().map(|old| old.values.clone()).unwrap_or_default();
        match session.stored_setting(statement)? {
            StoredSetting::Set { name, value } => {
                match values.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                    Some((_, known)) => *known = value,
                    None => values.push((name, value)),
                }
                if values.len() > SETTINGS_MAX {
                    return Err(Error::new(
                        sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                        format!("cannot store more than {SETTINGS_MAX} settings"),
                    ));
                }
            }
            StoredSetting::Reset { name } => {
                values.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
            }
            // What only others may set stays, as in PostgreSQL.
            StoredSetting::ResetAll => {
                values.retain(|(name, _)| session.may_store_setting(name).is_err());
            }
        }
        match (old, values.is_empty()) {
            (Some(old), true) => self.remove(ObjectClass::Settings, old.oid),
            (None, true) => {}
            (old, false) => {
                let oid = old.map_or_else(|| self.next_oid(), |old| old.oid);
                self.put(Settings { oid, database, role, values });
            }
        }
        Ok(())
    }
}

fn denied(message: &str) -> Error {
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message)
}
