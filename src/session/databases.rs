//! What statements about databases ask of the server: who is in a database, the state of
//! sequences, and which settings may be stored for sessions to come.

use std::sync::Arc;

use super::Database;
use super::hooks::Hooks;
use super::set::argument_text;
use super::settings::Settings;
use super::statement::{SetCommand, set_command};
use super::{Login, Session};
use crate::error::{Error, Result};
use crate::sql::functions::{SequenceRow, StoredSetting};
use crate::sql::parse::ast;
use crate::sql::run::Work;
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::lock;
use crate::txn::{LockMode, LockOutcome, WaitPolicy};

impl Database {
    /// Opens the session of a client who has proved who it is. Waits while the database
    /// is copied, dropped or renamed; from then on the session counts as one of its users.
    pub async fn admit(self: &Arc<Self>, login: Login) -> Result<Session> {
        self.admit_by(login, Session::open).await
    }

    /// The same for what the server does, by itself or in the name of a role, which need
    /// not be one that may log in.
    pub async fn admit_as(self: &Arc<Self>, login: Login) -> Result<Session> {
        self.admit_by(login, Session::open_as).await
    }

    async fn admit_by(
        self: &Arc<Self>,
        login: Login,
        open: fn(Arc<Database>, Login) -> Result<Session>,
    ) -> Result<Session> {
        let found = self.shared_catalog().database_named(&login.database).map(|found| found.oid);
        let Some(database) = found else { return open(self.clone(), login) };
        let door = self.door(database).await?;
        let session = open(self.clone(), login);
        door.txn.rollback();
        session
    }

    /// Keeps a database from being copied, dropped or renamed until it is rolled back.
    pub(super) async fn door(&self, database: Oid) -> Result<Work> {
        let mut work = self.begin(0, crate::txn::Isolation::ReadCommitted, true, None)?;
        let mode = LockMode::RowExclusive;
        let outcome = work.txn.lock(lock::database(database), mode, WaitPolicy::Wait);
        if let LockOutcome::Wait(wait) = outcome {
            let limit = self.config().authentication_timeout.duration();
            tokio::time::timeout(limit, wait).await.map_err(|_| {
                Error::fatal(sqlstate::QUERY_CANCELED, "canceling authentication due to timeout")
            })?;
        }
        Ok(work)
    }
}

impl Hooks {
    /// Other sessions in a database, and transactions that were prepared there.
    pub(super) fn users_of_database(&self, database: Oid) -> (usize, usize) {
        let sessions = self.database.registry.others_in(database, self.backend.pid).len();
        let prepared = self.database.transactions.prepared();
        (sessions, prepared.iter().filter(|info| info.database == database).count())
    }

    /// Ends the other sessions in a database, if this one may end all of them.
    pub(super) fn end_users_of_database(&self, database: Oid) -> Result<()> {
        let others = self.database.registry.others_in(database, self.backend.pid);
        others.iter().try_for_each(|backend| self.check_may_signal(backend, true))?;
        others.iter().for_each(|backend| backend.terminate());
        Ok(())
    }

    /// What a SET of ALTER ROLE, ALTER DATABASE or CREATE FUNCTION stores.
    pub(super) fn setting_to_store(
        &self,
        statement: &ast::VariableSetStmt,
    ) -> Result<StoredSetting> {
        use ast::VariableSetKind as Kind;
        if statement.kind() == Kind::VarSetCurrent {
            let name = spelled(&statement.name);
            let value = self.settings.lock().show(&name)?;
            self.check_stored(&name, Some(&value))?;
            return Ok(StoredSetting::Set { name, value });
        }
        match set_command(statement)? {
            SetCommand::Value { name, args, .. } => {
                let name = spelled(&name);
                let value = argument_text(&name, &args)?;
                self.check_stored(&name, Some(&value))?;
                Ok(StoredSetting::Set { name, value })
            }
            SetCommand::Default { name, .. } => {
                let name = spelled(&name);
                self.check_stored(&name, None)?;
                Ok(StoredSetting::Reset { name })
            }
            SetCommand::ResetAll => Ok(StoredSetting::ResetAll),
            SetCommand::Transaction(_)
            | SetCommand::Snapshot(_)
            | SetCommand::Characteristics(_) => Err(Error::unsupported("SET TRANSACTION here")),
        }
    }

    pub(super) fn check_stored(&self, name: &str, value: Option<&str>) -> Result<()> {
        let authority = self.authority();
        if ["role", "session_authorization"].contains(&name) {
            // Whether the role exists is looked at when a session begins.
            return Ok(());
        }
        self.settings.lock().check_stored(name, value, authority).map(|_| ())
    }

    pub(super) fn size_of_database(&self, database: Oid) -> Result<i64> {
        let Some(catalog) = self.database.catalog_of(database) else { return Ok(0) };
        // Large objects are stored under the OID of their database.
        let mut total = self.database.relation_size_bytes(database)?;
        for relation in catalog.relations().filter(|relation| relation.storage_id != 0) {
            let size = self.database.relation_size_bytes(relation.storage_id)?;
            total = total.saturating_add(size);
        }
        Ok(total)
    }

    pub(super) fn sequence_stored_at(
        &self,
        storage_id: u32,
        sequence: &crate::catalog::Sequence,
    ) -> Result<SequenceRow> {
        self.database.sequences.row(&self.database.transactions, storage_id, sequence)
    }
}

fn spelled(name: &str) -> String {
    Settings::spelled(name).to_owned()
}
