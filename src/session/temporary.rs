//! The session's temporary objects: at commit, at its end, at the server's start.

use std::sync::Arc;

use super::block::Phase;
use super::database::database_is_gone;
use super::execute::RESTARTS_MAX;
use super::{Database, Login, Session};
use crate::catalog::{self, BOOTSTRAP_ROLE, Catalog};
use crate::error::{Error, Result};
use crate::sql::ddl;
use crate::sql::run::StatementContext;
use crate::sql::types::Oid;

impl Session {
    /// DISCARD TEMP.
    pub(super) async fn discard_temporary(&mut self) -> Result<()> {
        self.begin_statement()?;
        let context = self.temporary_context()?;
        let scope = self.scope()?;
        let work = self.block.work()?;
        work.txn.permit_writes();
        scope.run(ddl::discard(work, &context)).await
    }

    /// What ON COMMIT asks for, of a transaction that has changed something.
    pub(super) async fn end_temporary(&mut self) -> Result<()> {
        let pid = self.backend().pid;
        let has_any = self.block.open().and_then(|open| open.work.as_ref()).is_some_and(|work| {
            let has_changed = work.txn.has_writes() || !work.changes.is_empty();
            has_changed && has_temporary(&work.catalog, pid)
        });
        if !has_any {
            return Ok(());
        }
        for _ in 0..RESTARTS_MAX {
            let context = self.temporary_context()?;
            let scope = self.scope()?;
            let work = self.block.work()?;
            work.txn.permit_writes();
            let start = work.start_statement();
            let outcome = scope.run(ddl::before_commit(work, &context)).await;
            if !outcome.as_ref().is_err_and(Error::is_catalog_changed) {
                return outcome;
            }
            // Others have changed what is theirs; nothing of that is temporary here.
            work.undo_statement(start);
            if !self.block.start_over() {
                return outcome;
            }
            self.begin_statement()?;
        }
        Err(Error::catalog_changed())
    }

    async fn drop_temporary_of(&mut self, pid: Option<i32>) -> Result<()> {
        self.begin_command(Phase::Single)?;
        self.begin_statement()?;
        let context = self.temporary_context()?;
        ddl::drop_temporary(self.block.work()?, &context, pid).await?;
        self.end_command(true).await
    }

    fn temporary_context(&mut self) -> Result<StatementContext> {
        let eval = self.eval_context();
        let token = self.scope()?.token;
        Ok(self.statement_context(eval, token))
    }

    /// The session ends: an open transaction is rolled back, and what was temporary is
    /// dropped. What cannot be dropped now is when the server starts again.
    pub async fn close(&mut self) {
        self.fail();
        self.roll_back_transaction();
        let pid = self.backend().pid;
        if !has_temporary(&self.committed_catalog(), pid) {
            return;
        }
        let database = self.backend().database_oid;
        if let Err(error) = drop_temporary(&self.database, database, Some(pid)).await {
            tracing::warn!(pid, %error, "could not drop the temporary objects of a session");
        }
    }
}

pub(super) fn has_temporary(catalog: &Catalog, pid: i32) -> bool {
    catalog.schema_named(&catalog::temporary_schema_name(pid)).is_some()
}

/// Drops what sessions left that did not end before the server did.
pub async fn drop_leftover_temporary(database: &Arc<Database>) -> Result<()> {
    for catalog in database.cluster().catalogs() {
        if catalog.schemas().any(|schema| catalog::is_temporary_schema(schema)) {
            drop_temporary(database, catalog.database, None).await?;
        }
    }
    Ok(())
}

/// Drops the temporary objects of one session or of all of a database, in a session of
/// the server's own: the other may have been told to end.
pub(super) async fn drop_temporary(
    database: &Arc<Database>,
    within: Oid,
    pid: Option<i32>,
) -> Result<()> {
    let mut session = Session::open_own(database.clone(), within)?;
    for _ in 0..RESTARTS_MAX {
        match session.drop_temporary_of(pid).await {
            // Somebody else has committed a change of the catalog meanwhile.
            Err(error) if error.is_catalog_changed() => {
                session.fail();
                session.roll_back_transaction();
            }
            outcome => return outcome,
        }
    }
    Err(Error::catalog_changed())
}

/// The login of the server's own sessions.
pub(super) fn server_login(database: &Database, within: Oid) -> Result<Login> {
    let catalog = database.shared_catalog();
    let role = catalog.role(BOOTSTRAP_ROLE);
    let role = role.ok_or_else(|| Error::internal("the bootstrap role does not exist"))?;
    let database = catalog.database(within).ok_or_else(|| database_is_gone(within))?;
    Ok(Login {
        user: role.name.clone(),
        database: database.name.clone(),
        ends: None,
        secret_bytes: 4,
        settings: Vec::new(),
        proved: Vec::new(),
        is_own: true,
    })
}
