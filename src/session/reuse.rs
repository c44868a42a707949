//! A session that is used again: by another request of the same role in the same database.
//!
//! ```text
//! open ── fresh ── statements ── renew ── park ⋯ come back ── statements ── renew ── park …
//! ```
//! [`Session::renew`] takes away all that its user has left, as DISCARD ALL does, and more:
//! the seed of `random()`, notices, notifications that were not fetched. What stays is what
//! nobody can see: bound statements by their texts, which are good for the same settings and
//! catalog only. A parked session is not in the registry: `pg_stat_activity` does not show
//! it, no limit counts it, DROP DATABASE does not mind it.
//!
//! What may have changed meanwhile makes it useless, and another one is opened: roles,
//! databases and stored settings (any shared object), the server's configuration.

use std::sync::Arc;

use super::registry::Ends;
use super::settings::Layers;
use super::temporary::{drop_temporary, has_temporary};
use super::{Database, Portal, PortalState, Session, limits};
use crate::auth;
use crate::catalog::Catalog;
use crate::error::Result;

/// What a session was like before anybody used it.
pub struct Fresh {
    shared: Arc<Catalog>,
    defaults: Arc<Vec<super::settings::Value>>,
    settings: Arc<Layers>,
    application_name: String,
    /// Its user was let in without being asked whether it may log in.
    is_own: bool,
}

/// A session's settings when it begins to serve somebody, of several in one transaction.
pub struct Mark(Arc<Layers>);

impl Session {
    /// Right after it was opened; `shared` is from before. `is_own`: it is not asked, when it
    /// comes back, whether its user may log in: the server's own, or as a role without login.
    pub fn fresh(&self, shared: Arc<Catalog>, is_own: bool) -> Fresh {
        let settings = self.settings.lock();
        Fresh {
            shared,
            defaults: self.defaults.clone(),
            application_name: settings.derived().application_name.clone(),
            settings: settings.snapshot(),
            is_own,
        }
    }

    /// Takes away what its user has left, but for temporary objects; false if there are
    /// any, or if it is to end: it cannot be used again as it is.
    pub fn renew(&mut self, fresh: &Fresh) -> bool {
        self.fail();
        self.roll_back_transaction();
        let is_cursor = |portal: &Portal| matches!(portal.state, PortalState::Cursor(_));
        self.statements_changed |= self.prepared.keys().any(|name| !name.is_empty())
            || self.portals.values().any(is_cursor);
        self.portals.clear();
        self.hooks.routines.cursors.clear();
        self.prepared.clear();
        {
            let mut settings = self.settings.lock();
            if !settings.is_unchanged(&fresh.settings) {
                settings.restore(fresh.settings.clone());
            }
        }
        self.backend().activity.lock().application_name.clone_from(&fresh.application_name);
        self.inbox.unlisten_all();
        while self.pending_notification().is_some() {}
        self.hooks.forget_sequences();
        self.hooks.forget_seed();
        self.hooks.advisory.unlock_session();
        self.notices.take();
        self.rewritten = None;
        self.own_timeout_ms = None;
        self.show_idle();
        let is_over = self.backend().end.is_cancelled();
        !is_over && !has_temporary(&self.committed_catalog(), self.backend().pid)
    }

    /// The same, of one that has temporary objects; false if it is to end, or they cannot
    /// be dropped.
    pub async fn renew_all(&mut self, fresh: &Fresh) -> bool {
        if self.renew(fresh) {
            return true;
        }
        let (database, pid) = (self.backend().database_oid, self.backend().pid);
        if let Err(error) = drop_temporary(&self.database, database, Some(pid)).await {
            tracing::warn!(pid, %error, "could not drop the temporary objects of a session");
            return false;
        }
        self.renew(fresh)
    }

    /// Says whom it serves from now on: what others see as its application, and a parameter
    /// of a name that is nobody's.
    pub fn introduce(&mut self, application: &str, name: &str, value: &str) -> Result<()> {
        self.settings.lock().begin_with(name, value)?;
        application.clone_into(&mut self.backend().activity.lock().application_name);
        Ok(())
    }

    /// How it is now.
    pub fn mark(&self) -> Mark {
        Mark(self.settings.lock().snapshot())
    }

    /// Whether whom it has served since has left nothing that the next one in the open
    /// transaction would meet, or its commit do in the next one's name, but for what was
    /// written. The seed of `random()` and what sequences gave are forgotten.
    pub fn has_left_nothing(&mut self, since: &Mark) -> bool {
        self.hooks.forget_sequences();
        self.hooks.forget_seed();
        let is_cursor = |portal: &Portal| matches!(portal.state, PortalState::Cursor(_));
        // Equal notifications of one transaction would be one.
        let is_plain = self.block.open().is_some_and(|open| {
            let work = open.work.as_ref();
            open.actions.is_empty() && work.is_none_or(|work| work.table.is_plain())
        });
        is_plain
            && self.settings.lock().is_unchanged(&since.0)
            && !self.has_catalog_changes()
            && !self.hooks.advisory.holds_any()
            && self.hooks.routines.cursors.is_empty()
            && !self.portals.values().any(is_cursor)
            && self.prepared.keys().all(String::is_empty)
    }

    /// Nobody uses it for now.
    pub fn park(&self) {
        self.registered.leave();
    }

    /// Another connection uses it from now on.
    pub fn set_ends(&self, ends: Ends) {
        self.backend().set_ends(ends);
    }

    /// Milliseconds that each statement may take from now on, whatever `statement_timeout`
    /// says; 0 is no limit.
    pub fn set_own_timeout(&mut self, timeout_ms: Option<u64>) {
        self.own_timeout_ms = timeout_ms;
    }
}

impl Database {
    /// Lets a parked session in again, as [`Database::admit`] would its user. None if it is
    /// of no use any more; an error if its user may not enter now.
    pub async fn readmit(
        &self,
        session: Box<Session>,
        fresh: &Fresh,
    ) -> Result<Option<Box<Session>>> {
        let is_same = || {
            Arc::ptr_eq(&fresh.shared, &self.shared_catalog())
                && Arc::ptr_eq(&fresh.defaults, &self.defaults())
        };
        if !is_same() || session.backend().end.is_cancelled() {
            return Ok(None);
        }
        let backend = session.backend().clone();
        let door = self.door(backend.database_oid).await?;
        let shared = self.shared_catalog();
        // It may have changed while the door was waited for.
        let entered = match is_same() {
            true if fresh.is_own => Ok(shared.database_named(&backend.database).cloned()),
            true => auth::authorize(&shared, &backend.user, &backend.database).map(Some),
            false => Ok(None),
        };
        let let_in = entered.and_then(|entered| {
            let Some(catalog) = entered.and_then(|entered| self.catalog_of(entered.oid)) else {
                return Ok(false);
            };
            let superuser = shared.role_named(&backend.user).is_some_and(|role| role.superuser);
            let limits = limits(self, &catalog, &backend.user, superuser);
            session.registered.come_back(limits).map(|()| true)
        });
        door.txn.rollback();
        Ok(let_in?.then_some(session))
    }
}
