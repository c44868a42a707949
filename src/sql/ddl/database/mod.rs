//! CREATE, DROP and ALTER DATABASE.
//!
//! A database is a row that all share, and a catalog of its own ([`crate::catalog::Cluster`]).
//! CREATE DATABASE gives the new one its template's objects, with their OIDs, over copies of
//! what they have stored ([`copy`]); all of it becomes visible by the one commit, and a crash
//! before that leaves nothing but storage that the next start sweeps. DROP DATABASE removes
//! rows of the catalog; what they had stored is taken back afterwards, as after DROP TABLE.
//!
//! Who connects to a database shares a lock on it for a moment; who copies, drops or renames
//! it takes that lock so that nobody new comes, and then waits a little for those who are
//! there to leave, as PostgreSQL does.
//!
//! There is one encoding (UTF8), one locale (C) and one tablespace; to ask for others is
//! refused.

mod alter;
mod copy;
mod options;

use std::sync::Arc;
use std::time::Duration;

use super::Ddl;
use super::options::options as listed;
use crate::catalog::{Database, ObjectAddress, ObjectClass, RelationKind, Role, relation_oid};
use crate::error::{Error, Result};
use crate::sql::parse::ast;
use crate::sql::types::{Oid, oid};
use crate::sqlstate;
use crate::storage::key::Meta;
use crate::table::lock;
use crate::txn::{Keyspace, LockMode};
use options::CreateOptions;

/// Databases of one server: each has a catalog in memory.
const DATABASES_MAX: usize = 10_000;

/// How often, and how many times, it is looked whether others have left.
const LEAVE_STEP: Duration = Duration::from_millis(100);
const LEAVE_STEPS: usize = 50;

impl Ddl<'_> {
    pub async fn create_database(&mut self, statement: &ast::CreatedbStmt) -> Result<&'static str> {
        let options = CreateOptions::read(statement)?;
        let current = self.current_role()?;
        let owner = match &options.owner {
            Some(name) => self.role_by_name(name)?,
            None => current.clone(),
        };
        if !current.superuser && !current.create_db {
            return Err(denied("permission denied to create database"));
        }
        self.require_member(&current, &owner)?;
        let template_name = options.template.as_deref().unwrap_or("template1");
        let template = self.work.catalog.database_named(template_name).cloned();
        let template = template.ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_DATABASE,
                format!("template database \"{template_name}\" does not exist"),
            )
        })?;
        let may_copy =
            template.is_template || self.work.catalog.has_privileges_of(&current, template.owner);
        if !may_copy {
            return Err(denied(format!("permission denied to copy database \"{template_name}\"")));
        }
        options.check(template_name)?;
        let name = &statement.dbname;
        self.require_free_database(name)?;
        let oid = self.database_oid(options.oid)?;
        if self.work.catalog.databases().count() >= DATABASES_MAX {
            return Err(Error::new(
                sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                format!("there cannot be more than {DATABASES_MAX} databases"),
            ));
        }
        self.lock_database(&template, LockMode::Share).await?;
        let busy = format!("source database \"{template_name}\" is being accessed by other users");
        self.await_no_others(template.oid, busy).await?;
        let made = crate::table::blocking(|| self.copy_database(template.oid, oid))?;
        self.work.made = Some(made);
        self.put(Database {
            oid,
            name: name.clone(),
            owner: owner.oid,
            is_template: options.is_template,
            allow_connections: options.allow_connections,
            connection_limit: options.connection_limit,
        });
        Ok("CREATE DATABASE")
    }

    pub async fn drop_database(&mut self, statement: &ast::DropdbStmt) -> Result<&'static str> {
        let mut force = false;
        for option in listed(&statement.options) {
            match option.defname.as_str() {
                "force" => force = true,
                other => {
                    let message = format!("unrecognized DROP DATABASE option \"{other}\"");
                    return Err(Error::syntax(message).at(option.location));
                }
            }
        }
        let name = &statement.dbname;
        let Some(database) = self.work.catalog.database_named(name).cloned() else {
            if statement.missing_ok {
                self.notice(format!("database \"{name}\" does not exist, skipping"));
                return Ok("DROP DATABASE");
            }
            return Err(unknown_database(name));
        };
        self.lock_database(&database, LockMode::AccessExclusive).await?;
        self.require_owner(database.owner, "database", name)?;
        if database.oid == self.work.catalog.database {
            return Err(Error::new(
                sqlstate::OBJECT_IN_USE,
                "cannot drop the currently open database",
            ));
        }
        if database.is_template {
            return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, "cannot drop a template database"));
        }
        if force {
            self.end_users(&database)?;
        }
        let busy = format!("database \"{name}\" is being accessed by other users");
        self.await_no_others(database.oid, busy).await?;
        self.remove_database(database.oid)?;
        Ok("DROP DATABASE")
    }

    /// Removes a database's objects, its storage at commit, and what others say of it.
    fn remove_database(&mut self, database: Oid) -> Result<()> {
        let newest = self.work.txn.newest();
        for (key, change) in crate::catalog::rows_of(&newest, database)? {
            self.work.txn.delete(Keyspace::Catalog, key)?;
            let Some(crate::catalog::Object::Relation(relation)) = &change.object else { continue };
            let storage = relation.storage_id;
            match &relation.kind {
                _ if storage == 0 => {}
                RelationKind::Sequence(_) => {
                    self.work.txn.delete(Keyspace::Meta, Meta::Sequence(storage).key())?;
                }
                RelationKind::Index(_) => {
                    self.work.table.drop_storage(Keyspace::Indexes, storage);
                }
                _ => self.work.table.drop_storage(Keyspace::Rows, storage),
            }
        }
        // Its large objects.
        self.work.table.drop_storage(Keyspace::Rows, database);
        let address = ObjectAddress::new(relation_oid::PG_DATABASE, database);
        self.remove_annotations(address);
        let settings = self.work.catalog.all_settings().filter(|it| it.database == database);
        let settings: Vec<Oid> = settings.map(|settings| settings.oid).collect();
        settings.into_iter().for_each(|oid| self.remove(ObjectClass::Settings, oid));
        self.remove(ObjectClass::Database, database);
        Ok(())
    }

    pub(super) fn database_by_name(&self, name: &str) -> Result<Arc<Database>> {
        self.work.catalog.database_named(name).cloned().ok_or_else(|| unknown_database(name))
    }

    fn require_free_database(&self, name: &str) -> Result<()> {
        match self.work.catalog.database_named(name) {
            None => Ok(()),
            Some(_) => Err(Error::new(
                sqlstate::DUPLICATE_DATABASE,
                format!("database \"{name}\" already exists"),
            )),
        }
    }

    /// The OID that was asked for, or a new one.
    fn database_oid(&self, wanted: Option<Oid>) -> Result<Oid> {
        let invalid = |message| Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        let catalog = &self.work.catalog;
        let Some(wanted) = wanted else {
            let free = |oid: &Oid| catalog.database(*oid).is_none();
            let new = std::iter::repeat_with(|| self.next_oid()).find(free);
            return new.ok_or_else(|| Error::internal("no OID is left"));
        };
        if wanted < oid::FIRST_NORMAL {
            let first = oid::FIRST_NORMAL;
            return invalid(format!("OIDs less than {first} are reserved for system objects"));
        }
        match catalog.database(wanted) {
            None => Ok(wanted),
            Some(other) => invalid(format!(
                "database OID {wanted} is already in use by database \"{}\"",
                other.name
            )),
        }
    }

    /// Keeps others from entering a database. If it was changed meanwhile, the statement
    /// starts over.
    async fn lock_database(&mut self, database: &Arc<Database>, mode: LockMode) -> Result<()> {
        let resource = lock::database(database.oid);
        lock::acquire(&mut self.work.txn, resource, mode, self.ctx).await?;
        let newest = self.work.newest_catalog();
        match newest.database(database.oid) {
            Some(now) if Arc::ptr_eq(now, database) => Ok(()),
            _ => Err(Error::catalog_changed()),
        }
    }

    /// Waits for the others who are in a database to leave; `55006` if they do not.
    async fn await_no_others(&self, database: Oid, message: String) -> Result<()> {
        let mut users = self.ctx.eval.session.database_users(database)?;
        for _ in 0..LEAVE_STEPS {
            if users == (0, 0) {
                return Ok(());
            }
            tokio::select! {
                () = self.ctx.cancel.cancelled() => return Err(Error::query_canceled()),
                () = tokio::time::sleep(LEAVE_STEP) => {}
            }
            users = self.ctx.eval.session.database_users(database)?;
        }
        if users == (0, 0) {
            return Ok(());
        }
        Err(Error::new(sqlstate::OBJECT_IN_USE, message).with_detail(users_of(users)))
    }

    /// WITH (FORCE): ends the sessions of a database.
    fn end_users(&self, database: &Database) -> Result<()> {
        let (_, prepared) = self.ctx.eval.session.database_users(database.oid)?;
        if prepared > 0 {
            let name = &database.name;
            let (verb, plural) = if prepared == 1 { ("is", "") } else { ("are", "s") };
            return Err(Error::new(
                sqlstate::OBJECT_IN_USE,
                format!("database \"{name}\" is being used by prepared transactions"),
            )
            .with_detail(format!(
                "There {verb} {prepared} prepared transaction{plural} using the database."
            )));
        }
        self.ctx.eval.session.end_database_users(database.oid)
    }

    /// `42501` unless a role is a member of another.
    fn require_member(&self, role: &Role, of: &Role) -> Result<()> {
        match self.work.catalog.is_member_of(role, of.oid) {
            true => Ok(()),
            false => Err(denied(format!("must be member of role \"{}\"", of.name))),
        }
    }
}

/// PostgreSQL's words for sessions and prepared transactions.
fn users_of((sessions, prepared): (usize, usize)) -> String {
    match (sessions, prepared) {
        (1, 0) => "There is 1 other session using the database.".to_owned(),
        (sessions, 0) => format!("There are {sessions} other sessions using the database."),
        (0, 1) => "There is 1 prepared transaction using the database.".to_owned(),
        (0, prepared) => {
            format!("There are {prepared} prepared transactions using the database.")
        }
        (sessions, prepared) => format!(
            "There are {sessions} other session(s) and {prepared} prepared transaction(s) using \
             the database."
        ),
    }
}

fn unknown_database(name: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_DATABASE, format!("database \"{name}\" does not exist"))
}

fn denied(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message)
}
