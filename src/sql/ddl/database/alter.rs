//! ALTER DATABASE: options, name, owner.

use super::super::Ddl;
use super::super::options::{boolean, conflicting, options, string};
use super::options::{check_tablespace, connection_limit};
use super::{denied, unknown_database};
use crate::catalog::{Database, Role};
use crate::error::{Error, Result};
use crate::sql::parse::ast;
use crate::sqlstate;
use crate::table::lock;
use crate::txn::LockMode;

impl Ddl<'_> {
    pub async fn alter_database(
        &mut self,
        statement: &ast::AlterDatabaseStmt,
    ) -> Result<&'static str> {
        let database = self.database_by_name(&statement.dbname)?;
        let mut altered = (*database).clone();
        let mut seen: Vec<&str> = Vec::new();
        for option in options(&statement.options) {
            if seen.contains(&option.defname.as_str()) {
                return Err(conflicting(option));
            }
            seen.push(&option.defname);
            match option.defname.as_str() {
                "is_template" => altered.is_template = boolean(option)?,
                "allow_connections" => altered.allow_connections = boolean(option)?,
                "connection_limit" => altered.connection_limit = connection_limit(option)?,
                "tablespace" => {}
                other => {
                    let message = format!("option \"{other}\" not recognized");
                    return Err(Error::syntax(message).at(option.location));
                }
            }
        }
        if seen.contains(&"tablespace") {
            if seen.len() > 1 {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "option \"tablespace\" cannot be specified with other options",
                ));
            }
            self.require_owner(database.owner, "database", &database.name)?;
            let name = options(&statement.options).find_map(string);
            check_tablespace(name)?;
            return Ok("ALTER DATABASE");
        }
        self.require_owner(database.owner, "database", &database.name)?;
        if !altered.allow_connections && database.oid == self.work.catalog.database {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                "cannot disallow connections for current database",
            ));
        }
        self.put_database(&database, altered).await?;
        Ok("ALTER DATABASE")
    }

    /// Puts a changed row, if it is still the one that was read.
    async fn put_database(&mut self, old: &std::sync::Arc<Database>, new: Database) -> Result<()> {
        self.lock_database(old, LockMode::ShareUpdateExclusive).await?;
        self.put(new);
        Ok(())
    }

    pub async fn rename_database(&mut self, statement: &ast::RenameStmt) -> Result<&'static str> {
        let (name, new) = (&statement.subname, &statement.newname);
        let database = self.database_by_name(name)?;
        self.lock_database(&database, LockMode::AccessExclusive).await?;
        self.require_owner(database.owner, "database", name)?;
        let current = self.current_role()?;
        if !current.superuser && !current.create_db {
            return Err(denied("permission denied to rename database"));
        }
        self.require_free_database(new)?;
        if database.oid == self.work.catalog.database {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "current database cannot be renamed",
            ));
        }
        let busy = format!("database \"{name}\" is being accessed by other users");
        self.await_no_others(database.oid, busy).await?;
        self.put(Database { name: new.clone(), ..(*database).clone() });
        Ok("ALTER DATABASE")
    }

    pub(in crate::sql::ddl) async fn set_database_owner(
        &mut self,
        name: &str,
        owner: &Role,
    ) -> Result<String> {
        let database = self.database_by_name(name)?;
        if database.owner != owner.oid {
            self.require_owner(database.owner, "database", name)?;
            let current = self.current_role()?;
            self.require_member(&current, owner)?;
            if !current.superuser && !current.create_db {
                return Err(denied("permission denied to change owner of database"));
            }
            let new = Database { owner: owner.oid, ..(*database).clone() };
            self.put_database(&database, new).await?;
        }
        Ok("ALTER DATABASE".to_owned())
    }

    /// The one locale has no versions.
    pub fn refresh_database_collation(
        &mut self,
        statement: &ast::AlterDatabaseRefreshCollStmt,
    ) -> Result<&'static str> {
        let database = self.database_by_name(&statement.dbname)?;
        self.require_owner(database.owner, "database", &database.name)?;
        self.notice("version has not changed");
        Ok("ALTER DATABASE")
    }

    /// ALTER DATABASE … SET and RESET.
    pub async fn alter_database_set(
        &mut self,
        statement: &ast::AlterDatabaseSetStmt,
    ) -> Result<&'static str> {
        let name = &statement.dbname;
        let database = self
            .work
            .catalog
            .database_named(name)
            .cloned()
            .ok_or_else(|| unknown_database(name))?;
        let mode = LockMode::AccessShare;
        lock::acquire(&mut self.work.txn, lock::database(database.oid), mode, self.ctx).await?;
        self.require_owner(database.owner, "database", name)?;
        self.store_setting(database.oid, 0, statement.setstmt.as_ref()).await?;
        Ok("ALTER DATABASE")
    }
}
