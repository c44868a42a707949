//! What expressions may do to the session and ask of the server.
//!
//! Kernels run on other threads than the session's task, so what they reach is
//! here, shared and locked, apart from the [`Session`](super::Session) itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio_util::sync::CancellationToken;

use super::Database;
use super::advisory::{AdvisoryLocks, WaitLimits};
use super::context::ContextCache;
use super::export::Exportable;
use super::notify::{ACTIONS_MAX, Action};
use super::registry::{Backend, Interrupt};
use super::remote::{Remote, Subtransaction};
use super::scope::Scope;
use super::server_rows::Shown;
use super::settings::{Authority, Layers, Scope as SetScope, Settings};
use super::stat_statements::Tracking;
use crate::auth::vault::Vault;
use crate::catalog::{Catalog, Relation, RelationKind, Role, Sequence};
use crate::error::{Error, Report, Result, Severity};
use crate::rooms::Key;
use crate::sql::functions::{
    AdvisoryKey, AdvisoryRequest, EvalContext, NestedStatement, RemoteRequest, SequenceRow,
    SessionHooks, SettingsState, SettingsView, StoredSetting, TransactionStatus, domain,
};
use crate::sql::routine::Routines;
use crate::sql::run::Notices;
use crate::sql::types::snapshot::Snapshot;
use crate::sql::types::{Datum, Oid, oid};
use crate::sqlstate;
use crate::table::{SequenceState, lock};
use crate::txn::{Activity, DatabaseCounts, LockMode, TableCounts};

/// The role whose members see what all sessions do.
const PG_READ_ALL_STATS: Oid = 3375;

/// The role whose members see all settings.
const PG_READ_ALL_SETTINGS: Oid = 3374;

pub(super) struct Hooks {
    pub database: Arc<Database>,
    pub backend: Arc<Backend>,
    /// Where the session counts what it does.
    pub activity: Arc<Activity>,
    pub settings: Arc<Mutex<Settings>>,
    notices: Notices,
    transaction_id: AtomicU64,
    /// Whether the transaction is read-only.
    read_only: AtomicBool,
    scope: Mutex<Option<Scope>>,
    catalog: Mutex<Arc<Catalog>>,
    /// The settings as they were last shown to expressions.
    pub contexts: Mutex<ContextCache>,
    /// What the session's routines have compiled and opened.
    pub routines: Arc<Routines>,
    /// What `currval` answers, by sequence, and which one `lastval` means.
    sequences: Mutex<(HashMap<Oid, i64>, Option<Oid>)>,
    pub advisory: AdvisoryLocks,
    pub remote: Remote,
    /// What `pg_export_snapshot` would export.
    pub exportable: Mutex<Option<Exportable>>,
    /// What `pg_notify` was called for in the present command.
    pub notified: Mutex<Vec<Action>>,
    pub shown: Mutex<Shown>,
    /// Whether a constant has been read that depends on the time.
    clock_was_read: AtomicBool,
    /// `random()` of this session, once `setseed` was called.
    random: Mutex<Option<StdRng>>,
    pub tracking: Tracking,
}

impl Hooks {
    pub fn new(
        database: Arc<Database>,
        catalog: Arc<Catalog>,
        backend: Arc<Backend>,
        activity: Arc<Activity>,
        settings: Arc<Mutex<Settings>>,
        notices: Notices,
    ) -> Hooks {
        Hooks {
            catalog: Mutex::new(catalog),
            advisory: AdvisoryLocks::new(database.clone(), backend.database_oid, backend.pid),
            exportable: Mutex::default(),
            notices,
            notified: Mutex::default(),
            database,
            backend,
            activity,
            settings,
            transaction_id: AtomicU64::new(0),
            read_only: AtomicBool::new(false),
            scope: Mutex::new(None),
            contexts: Mutex::default(),
            routines: Arc::default(),
            sequences: Mutex::default(),
            shown: Mutex::default(),
            remote: Remote::default(),
            clock_was_read: AtomicBool::new(false),
            random: Mutex::new(None),
            tracking: Tracking::default(),
        }
    }

    /// Whether what was bound by `bind` is good for this transaction only: a constant in
    /// it, like `'now'`, was read by the clock.
    pub fn is_of_now<T>(&self, bind: impl FnOnce() -> T) -> (T, bool) {
        self.clock_was_read.store(false, Ordering::Relaxed);
        let bound = bind();
        (bound, self.clock_was_read.load(Ordering::Relaxed))
    }

    pub fn set_scope(&self, scope: &Scope) {
        *self.scope.lock() = Some(scope.clone());
    }

    pub fn scope(&self) -> Option<Scope> {
        self.scope.lock().clone()
    }

    pub fn notices(&self) -> Notices {
        self.notices.clone()
    }

    pub fn clear_scope(&self) {
        *self.scope.lock() = None;
    }

    pub fn set_catalog(&self, catalog: &Arc<Catalog>) {
        let mut present = self.catalog.lock();
        if !Arc::ptr_eq(&present, catalog) {
            *present = catalog.clone();
            drop(present);
            self.know_extensions(catalog);
        }
    }

    /// Parameters of extensions are known from the moment on that the session sees them.
    fn know_extensions(&self, catalog: &Catalog) {
        let mut settings = self.settings.lock();
        if !settings.knows_vector() && catalog.extension_named("vector").is_some() {
            settings.know_vector().into_iter().for_each(|warning| self.notices.send(warning));
        }
    }

    pub fn set_transaction_id(&self, id: u64) {
        self.transaction_id.store(id, Ordering::Relaxed);
        self.backend.set_transaction_id(id);
    }

    pub fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::Relaxed);
    }

    /// `25006` for a function that changes a sequence which others see.
    fn check_sequence_writable(&self, sequence: &Relation, function: &str) -> Result<()> {
        match self.read_only.load(Ordering::Relaxed) && !sequence.is_temporary() {
            true => Err(crate::sql::command::refused_in_read_only(function)),
            false => Ok(()),
        }
    }

    /// The transaction has written.
    pub fn note_written(&self) {
        self.backend.assign_transaction_id();
    }

    /// The transaction is over.
    pub fn end_transaction_id(&self, is_aborted: bool) {
        let has_assigned = self.backend.assigned_transaction_id().is_some();
        let id = self.backend.set_transaction_id(0);
        self.database.exports.forget(id);
        if id != 0 {
            self.activity.count_transaction(!is_aborted);
        }
        if id != 0 && is_aborted && has_assigned {
            self.database.note_aborted(id);
        }
    }

    /// Nothing of the transaction is left to export.
    pub fn forget_exports(&self) {
        self.database.exports.forget(self.transaction_id.load(Ordering::Relaxed));
    }

    /// The ids of all transactions that are not over, the oldest first.
    pub(super) fn running_transactions(&self) -> Vec<u64> {
        let ids = self.database.registry.all().into_iter();
        let mut ids: Vec<u64> = ids.map(|backend| backend.transaction_id()).collect();
        ids.extend(self.database.transactions.prepared().iter().map(|info| info.id));
        ids.retain(|id| *id != 0);
        ids.sort_unstable();
        ids
    }

    /// `random()` is nobody's sequence any more.
    pub fn forget_seed(&self) {
        *self.random.lock() = None;
    }

    pub fn forget_sequences(&self) {
        *self.sequences.lock() = Default::default();
    }

    /// `session_user`.
    pub fn session_user(&self) -> String {
        let settings = self.settings.lock();
        settings.show("session_authorization").unwrap_or_else(|_| self.backend.user.clone())
    }

    /// The role in force: SET ROLE, else the session's user.
    pub(super) fn current_role(&self) -> Option<Arc<Role>> {
        let role = self.settings.lock().derived().role.clone();
        let name = role.unwrap_or_else(|| self.session_user());
        self.catalog.lock().role_named(&name).cloned()
    }

    pub fn authority(&self) -> Authority {
        match self.current_role() {
            Some(role) if role.superuser => Authority::Superuser,
            _ => Authority::User,
        }
    }

    /// Sets a parameter; `role` and `session_authorization` are checked against
    /// the catalog.
    pub fn set_parameter(
        &self,
        name: &str,
        text: &str,
        scope: SetScope,
        authority: Authority,
    ) -> Result<String> {
        match name.to_ascii_lowercase().as_str() {
            "role" => self.set_role(text, scope),
            "session_authorization" => self.set_session_authorization(text, scope),
            _ => {
                let shown = self.settings.lock().set(name, text, scope, authority)?;
                if name.eq_ignore_ascii_case("application_name") {
                    self.backend.activity.lock().application_name = shown.clone();
                }
                Ok(shown)
            }
        }
    }

    fn set_role(&self, name: &str, scope: SetScope) -> Result<String> {
        let catalog = self.catalog.lock().clone();
        if name != "none" {
            let role = catalog.role_named(name).ok_or_else(|| unknown_role(name))?;
            let user = catalog.role_named(&self.session_user());
            let allowed = user.is_some_and(|user| {
                user.superuser || user.oid == role.oid || is_member(&catalog, user, role.oid)
            });
            if !allowed {
                return Err(Error::new(
                    sqlstate::INSUFFICIENT_PRIVILEGE,
                    format!("permission denied to set role \"{name}\""),
                ));
            }
        }
        let shown = self.settings.lock().set("role", name, scope, Authority::Server)?;
        self.update_is_superuser(scope)?;
        Ok(shown)
    }

    fn set_session_authorization(&self, name: &str, scope: SetScope) -> Result<String> {
        let catalog = self.catalog.lock().clone();
        let role = catalog.role_named(name).ok_or_else(|| unknown_role(name))?;
        // Only who logged in as a superuser may become somebody else.
        let login = catalog.role_named(&self.backend.user);
        if role.name != self.backend.user && !login.is_some_and(|login| login.superuser) {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "permission denied to set session authorization",
            ));
        }
        let shown = {
            let mut settings = self.settings.lock();
            settings.set("role", "none", scope, Authority::Server)?;
            settings.set("session_authorization", name, scope, Authority::Server)?
        };
        self.update_is_superuser(scope)?;
        Ok(shown)
    }

    pub fn reset_session_authorization(&self, scope: SetScope) -> Result<()> {
        let user = self.backend.user.clone();
        {
            let mut settings = self.settings.lock();
            settings.set("role", "none", scope, Authority::Server)?;
            settings.set("session_authorization", &user, scope, Authority::Server)?;
        }
        self.update_is_superuser(scope)
    }

    fn update_is_superuser(&self, scope: SetScope) -> Result<()> {
        let flag = if self.authority() == Authority::Superuser { "on" } else { "off" };
        self.settings.lock().set("is_superuser", flag, scope, Authority::Server).map(|_| ())
    }

    /// Superusers may stop anyone, others only sessions of roles they belong to.
    pub(super) fn check_may_signal(&self, backend: &Backend, terminate: bool) -> Result<()> {
        let catalog = self.catalog.lock().clone();
        let me = self.current_role();
        if me.as_ref().is_some_and(|role| role.superuser) {
            return Ok(());
        }
        let target = catalog.role_named(&backend.user);
        let message = match (target.is_some_and(|role| role.superuser), terminate) {
            (true, false) => "must be a superuser to cancel superuser query",
            (true, true) => "must be a superuser to terminate superuser process",
            (false, _)
                if me.zip(target).is_some_and(|(me, target)| {
                    me.oid == target.oid || is_member(&catalog, &me, target.oid)
                }) =>
            {
                return Ok(());
            }
            (false, false) => {
                "must be a member of the role whose query is being canceled or member of \
                 pg_signal_backend"
            }
            (false, true) => {
                "must be a member of the role whose process is being terminated or member of \
                 pg_signal_backend"
            }
        };
        Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message))
    }

    /// Whether this session sees what another does.
    pub(super) fn sees_activity_of(&self, backend: &Backend) -> bool {
        let of = self.catalog.lock().role_named(&backend.user).map(|role| role.oid);
        of.map_or_else(|| self.sees_statistics_of(oid::INVALID), |of| self.sees_statistics_of(of))
    }

    /// Whether this session sees the settings that are for superusers.
    pub(super) fn sees_all_settings(&self) -> bool {
        let catalog = self.catalog.lock().clone();
        let role = self.current_role();
        role.is_some_and(|me| me.superuser || catalog.has_privileges_of(&me, PG_READ_ALL_SETTINGS))
    }

    /// Whether this session sees what is told of a role: its own, those whose privileges it
    /// has, and with `pg_read_all_stats` all.
    pub(super) fn sees_statistics_of(&self, role: Oid) -> bool {
        let catalog = self.catalog.lock().clone();
        let Some(me) = self.current_role() else { return false };
        let has = |other: Oid| catalog.has_privileges_of(&me, other);
        me.superuser || has(PG_READ_ALL_STATS) || (role != oid::INVALID && has(role))
    }

    /// A sequence for use: nobody changes or drops it before the transaction ends.
    fn sequence_in_use(&self, oid: Oid) -> Result<(Arc<Relation>, Sequence)> {
        let here = self.catalog.lock().clone();
        let resource = lock::relation(&here, oid);
        let on_deadlock = || self.count_deadlock();
        let limits = self.wait_limits(&on_deadlock);
        let has_waited = self.advisory.lock_sequence(resource, &limits)?;
        let found = self.database.catalog_of(self.backend.database_oid);
        let newest = found.unwrap_or_else(|| here.clone());
        let is_changed = match (here.relation(oid), newest.relation(oid)) {
            (Some(here), Some(newest)) => !Arc::ptr_eq(here, newest),
            (_, None) => has_waited,
            (None, Some(_)) => false,
        };
        // It was changed by who was waited for, or by this transaction itself.
        let locks = &self.database.transactions;
        match is_changed && !locks.holds(self.backend.pid, resource, LockMode::ShareRowExclusive) {
            true => sequence_of(&newest, oid),
            false => sequence_of(&here, oid),
        }
    }

    fn wait_limits<'h>(&self, on_deadlock: &'h (dyn Fn() + Sync)) -> WaitLimits<'h> {
        let derived = self.settings.lock().derived().clone();
        WaitLimits {
            on_deadlock,
            scope: self.scope.lock().clone(),
            lock_timeout_ms: derived.lock_timeout_ms,
            deadlock_timeout_ms: derived.deadlock_timeout_ms,
        }
    }

    fn sequence(&self, oid: Oid) -> Result<(Arc<Relation>, Sequence)> {
        let catalog = self.catalog.lock().clone();
        sequence_of(&catalog, oid)
    }
}

fn sequence_of(catalog: &Catalog, oid: Oid) -> Result<(Arc<Relation>, Sequence)> {
    let relation = catalog.relation(oid).ok_or_else(|| {
        Error::new(sqlstate::UNDEFINED_TABLE, format!("could not open relation with OID {oid}"))
    })?;
    match &relation.kind {
        RelationKind::Sequence(sequence) => Ok((relation.clone(), sequence.clone())),
        _ => Err(Error::new(
            sqlstate::WRONG_OBJECT_TYPE,
            format!("\"{}\" is not a sequence", relation.name),
        )),
    }
}

fn unknown_role(name: &str) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("role \"{name}\" does not exist"))
}

/// Whether a role is a member of another, directly or through others.
fn is_member(catalog: &Catalog, role: &Role, of: Oid) -> bool {
    let mut seen = vec![role.oid];
    let mut next = role.member_of.clone();
    while let Some(oid) = next.pop() {
        if oid == of {
            return true;
        }
        if !seen.contains(&oid) {
            seen.push(oid);
            next.extend(catalog.role(oid).iter().flat_map(|role| &role.member_of));
        }
    }
    false
}

/// What a subtransaction of a function goes back to; it lasts as long as this does.
struct SavedSession {
    settings: Arc<Layers>,
    notified: usize,
    _subtransaction: Subtransaction,
}

impl SessionHooks for Hooks {
    fn clock_was_read(&self) {
        self.clock_was_read.store(true, Ordering::Relaxed);
    }

    fn compile_domain(&self, eval: &EvalContext, domain: Oid) -> Result<domain::Constraints> {
        crate::sql::dml::compile_domain(eval, domain)
    }

    fn nextval(&self, sequence: Oid) -> Result<i64> {
        let (relation, definition) = self.sequence_in_use(sequence)?;
        self.check_sequence_writable(&relation, "nextval()")?;
        let value = self.database.sequences.nextval(
            &self.database.transactions,
            relation.storage_id,
            &relation.name,
            &definition,
        )?;
        let mut sequences = self.sequences.lock();
        sequences.0.insert(sequence, value);
        sequences.1 = Some(sequence);
        Ok(value)
    }

    fn currval(&self, sequence: Oid) -> Result<i64> {
        let (relation, _) = self.sequence_in_use(sequence)?;
        self.sequences.lock().0.get(&sequence).copied().ok_or_else(|| {
            Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!(
                    "currval of sequence \"{}\" is not yet defined in this session",
                    relation.name
                ),
            )
        })
    }

    fn lastval(&self) -> Result<(Oid, i64)> {
        let last = {
            let sequences = self.sequences.lock();
            sequences.1.and_then(|last| Some((last, *sequences.0.get(&last)?)))
        };
        let catalog = self.catalog.lock();
        last.filter(|(sequence, _)| catalog.relation(*sequence).is_some()).ok_or_else(|| {
            Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                "lastval is not yet defined in this session",
            )
        })
    }

    fn setval(&self, sequence: Oid, value: i64, is_called: bool) -> Result<i64> {
        let (relation, definition) = self.sequence_in_use(sequence)?;
        self.check_sequence_writable(&relation, "setval()")?;
        let set = self.database.sequences.setval(
            &self.database.transactions,
            relation.storage_id,
            &relation.name,
            &definition,
            SequenceState { last_value: value, is_called },
        )?;
        if is_called {
            self.sequences.lock().0.insert(sequence, value);
        }
        Ok(set)
    }

    fn sequence_row(&self, sequence: Oid) -> Result<SequenceRow> {
        let (relation, definition) = self.sequence(sequence)?;
        let (sequences, transactions) = (&self.database.sequences, &self.database.transactions);
        sequences.row(transactions, relation.storage_id, &definition)
    }

    fn setting(&self, name: &str) -> Result<Option<String>> {
        if let Some(value) = self.transaction_setting(&name.to_ascii_lowercase()) {
            return Ok(Some(value.to_owned()));
        }
        if !self.sees_all_settings() {
            Settings::check_examinable(name)?;
        }
        match self.settings.lock().show(name) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code() == sqlstate::UNDEFINED_OBJECT => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn set_setting(&self, name: &str, value: &str, local: bool) -> Result<String> {
        let scope = if local { SetScope::Transaction } else { SetScope::Session };
        self.set_parameter(name, value, scope, self.authority())
    }

    fn reset_setting(&self, name: &str, local: bool) -> Result<String> {
        let scope = if local { SetScope::Transaction } else { SetScope::Session };
        let authority = self.authority();
        let mut settings = self.settings.lock();
        settings.reset(name, scope, authority)?;
        settings.show(name)
    }

    fn note_command(&self, statement: &crate::sql::parse::ParsedStatement) {
        self.audit_command(statement);
    }

    fn note_audit_event(&self, eval: &EvalContext, event: &str, detail: &str) -> Result<()> {
        self.audit_key_event(eval, event, detail)
    }

    fn change_position(&self) -> Result<String> {
        self.feed_position()
    }

    fn changes(
        &self,
        eval: &EvalContext,
        table: Oid,
        after: &str,
        limit: i32,
    ) -> Result<Vec<Vec<Datum>>> {
        self.feed_changes(eval, table, after, limit)
    }

    fn audit_rows(
        &self,
        eval: &EvalContext,
        since: Option<i64>,
    ) -> Result<Box<dyn Iterator<Item = Result<Vec<Datum>>> + Send>> {
        self.audited_rows(eval, since)
    }

    fn notify(&self, channel: &str, payload: &str) -> Result<()> {
        let action = Action::notify(channel, payload)?;
        let mut notified = self.notified.lock();
        if notified.len() >= ACTIONS_MAX {
            return Err(Action::too_many());
        }
        if !notified.contains(&action) {
            notified.push(action);
        }
        Ok(())
    }

    fn tell(&self, notice: Report) {
        self.notices.send(notice);
    }

    fn transaction_id(&self) -> u64 {
        self.transaction_id.load(Ordering::Relaxed)
    }

    fn assign_transaction_id(&self) -> u64 {
        self.note_written();
        self.transaction_id()
    }

    fn assigned_transaction_id(&self) -> Option<u64> {
        self.backend.assigned_transaction_id()
    }

    fn export_snapshot(&self) -> Result<String> {
        self.export()
    }

    fn snapshot(&self) -> Result<Snapshot> {
        // Ids that are handed out later are from `xmax` on, whatever they do meanwhile.
        let xmax = self.database.transactions.next_transaction_id();
        let mut running = self.running_transactions();
        running.retain(|id| *id < xmax);
        Ok(Snapshot { xmin: running.first().copied().unwrap_or(xmax), xmax, running })
    }

    fn transaction_status(&self, id: u64) -> Result<TransactionStatus> {
        let next = self.database.transactions.next_transaction_id();
        if id >= next {
            return Ok(TransactionStatus::Future);
        }
        if self.running_transactions().contains(&id) {
            return Ok(TransactionStatus::InProgress);
        }
        Ok(self.database.ended_transaction(id))
    }

    fn random(&self) -> f64 {
        match self.random.lock().as_mut() {
            Some(seeded) => seeded.random(),
            None => rand::random(),
        }
    }

    fn set_seed(&self, seed: f64) -> Result<()> {
        if !(-1.0..=1.0).contains(&seed) {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("setseed parameter {seed} is out of allowed range [-1,1]"),
            ));
        }
        *self.random.lock() = Some(StdRng::seed_from_u64(seed.to_bits()));
        Ok(())
    }

    fn is_cancelled(&self) -> bool {
        self.scope.lock().as_ref().is_some_and(Scope::is_over)
    }

    fn statement_token(&self) -> Option<CancellationToken> {
        self.scope.lock().as_ref().map(|scope| scope.token.clone())
    }

    fn cancel_backend(&self, pid: i32, terminate: bool) -> Result<bool> {
        let Some(backend) = self.database.registry.get(pid) else {
            let message = format!("PID {pid} is not a PostgreSQL server process");
            self.notices.send(Error::notice(Severity::Warning, message));
            return Ok(false);
        };
        self.check_may_signal(&backend, terminate)?;
        match terminate {
            true => backend.terminate(),
            false => backend.interrupt(Interrupt::Canceled),
        }
        let event = if terminate { "pg_terminate_backend" } else { "pg_cancel_backend" };
        self.audit_admin(event, &format!("pid {pid} of {}", backend.user));
        Ok(true)
    }

    fn advisory_lock(&self, request: AdvisoryRequest) -> Result<bool> {
        self.advisory.lock(request, &self.wait_limits(&|| self.count_deadlock()))
    }

    fn advisory_unlock(&self, key: AdvisoryKey, shared: bool) -> Result<bool> {
        let unlocked = self.advisory.unlock(key, shared);
        if !unlocked {
            let lock = if shared { "ShareLock" } else { "ExclusiveLock" };
            let message = format!("you don't own a lock of type {lock}");
            self.notices.send(Error::notice(Severity::Warning, message));
        }
        Ok(unlocked)
    }

    fn advisory_unlock_all(&self) {
        self.advisory.unlock_session();
    }

    fn check_database(&self, eval: &EvalContext, table: Option<Oid>) -> Result<Vec<Vec<Datum>>> {
        self.check_rows(eval, table)
    }

    fn back_up(
        &self,
        eval: &EvalContext,
        directory: &str,
        previous: Option<&str>,
    ) -> Result<Vec<Datum>> {
        let taken = self.take_backup(eval, directory, previous)?;
        self.audit_admin("zserver_backup", directory);
        Ok(taken)
    }

    fn switch_archive(&self, eval: &EvalContext) -> Result<()> {
        self.switch_archive_segment(eval)?;
        self.audit_admin("zserver_switch_archive", "");
        Ok(())
    }

    fn reset_statement_counts(&self, role: Oid, database: Oid, query_id: i64) -> Result<()> {
        super::stat_statements::loaded(&self.database.stat_statements)?
            .reset(role, database, query_id);
        Ok(())
    }

    fn vault(&self) -> Result<Vault> {
        self.database.secrets.vault(self.backend.database_oid)
    }

    fn has_live_track(&self, room: &str, track: &str) -> bool {
        let key = Key { database: self.backend.database_oid, name: room.to_owned() };
        self.database.rooms.get(&key).is_some_and(|room| room.track(track).is_some())
    }

    fn auth_value(&self, name: &str) -> Option<String> {
        self.database.config().auth_value(name)
    }

    fn counts_nested(&self, depth: usize, is_utility: bool) -> bool {
        self.tracks_nested(depth, is_utility)
    }

    fn count_nested(&self, done: &NestedStatement) {
        self.add_nested(done);
    }

    fn note_planning(&self, elapsed: Duration) {
        self.tracking.note_planned(elapsed);
        self.end_planning(elapsed);
    }

    fn note_processed(&self, rows: u64) {
        self.note_rows(rows);
    }

    fn server_rows(&self, relation: &str) -> Result<Vec<Vec<Datum>>> {
        self.rows_of(relation)
    }

    fn settings_view(&self, catalog: &Arc<Catalog>) -> Result<Arc<SettingsView>> {
        self.set_catalog(catalog);
        Ok(self.view_of_settings(catalog))
    }

    fn routines(&self) -> Result<Arc<Routines>> {
        Ok(self.routines.clone())
    }

    fn switch_role(&self, role: &str) -> Result<String> {
        let mut settings = self.settings.lock();
        let before = settings.show("role")?;
        settings.set("role", role, SetScope::Transaction, Authority::Server)?;
        Ok(before)
    }

    fn restore_role(&self, setting: &str) {
        // It was in force before.
        let _ = self.settings.lock().set("role", setting, SetScope::Transaction, Authority::Server);
    }

    fn settings_state(&self) -> Option<SettingsState> {
        Some(self.settings.lock().snapshot())
    }

    fn put_settings_back(&self, before: &SettingsState, now: &SettingsState) -> bool {
        let mut settings = self.settings.lock();
        let are_same = match now.clone().downcast::<Layers>() {
            Ok(now) => settings.is_unchanged(&now),
            Err(_) => false,
        };
        match before.clone().downcast::<Layers>() {
            Ok(before) if are_same => settings.restore(before),
            _ => return false,
        }
        true
    }

    fn save_settings(&self) -> Option<SettingsState> {
        Some(Arc::new(SavedSession {
            settings: self.settings.lock().snapshot(),
            notified: self.notified.lock().len(),
            _subtransaction: self.remote.subtransaction(),
        }))
    }

    fn restore_settings(&self, saved: &SettingsState) {
        if let Some(saved) = saved.downcast_ref::<SavedSession>() {
            let SavedSession { settings, notified, .. } = saved;
            self.settings.lock().restore(settings.clone());
            self.notified.lock().truncate(*notified);
        }
    }

    fn run_command(
        &self,
        statement: &crate::sql::parse::ParsedStatement,
    ) -> Result<Option<crate::sql::outcome::Outcome>> {
        self.run_inner_command(statement)
    }

    fn current_query(&self) -> Option<String> {
        let query = self.backend.activity.lock().query.clone();
        (!query.is_empty()).then(|| query.to_string())
    }

    fn listening_channels(&self) -> Vec<String> {
        self.database.channels.listened_by(self.backend.pid)
    }

    fn count_deadlock(&self) {
        self.activity.count_deadlock();
    }

    fn table_counts(&self, oid: Oid) -> TableCounts {
        self.database.transactions.activities().table(self.backend.database_oid, oid)
    }

    fn database_counts(&self, oid: Oid) -> DatabaseCounts {
        self.database.transactions.activities().database(oid)
    }

    fn reset_counts(&self, oid: Option<Oid>) -> Result<()> {
        if self.authority() != Authority::Superuser {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "permission denied for function pg_stat_reset",
            ));
        }
        let activities = self.database.transactions.activities();
        match oid {
            Some(oid) => activities.reset_table(self.backend.database_oid, oid),
            None => {
                activities.reset(self.backend.database_oid);
                self.database.note_counts_reset();
            }
        }
        Ok(())
    }

    fn database_users(&self, database: Oid) -> Result<(usize, usize)> {
        Ok(self.users_of_database(database))
    }

    fn end_database_users(&self, database: Oid) -> Result<()> {
        self.end_users_of_database(database)
    }

    fn stored_sequence(&self, storage_id: u32, sequence: &Sequence) -> Result<SequenceRow> {
        self.sequence_stored_at(storage_id, sequence)
    }

    fn stored_setting(
        &self,
        statement: &crate::sql::parse::ast::VariableSetStmt,
    ) -> Result<StoredSetting> {
        self.setting_to_store(statement)
    }

    fn may_store_setting(&self, name: &str) -> Result<()> {
        self.check_stored(name, None)
    }

    fn alter_system(&self, statement: &crate::sql::parse::ast::VariableSetStmt) -> Result<()> {
        self.alter_system_settings(statement)
    }

    fn reload_configuration(&self) -> Result<bool> {
        let requested = self.request_reload()?;
        self.audit_admin("pg_reload_conf", "");
        Ok(requested)
    }

    fn database_size_bytes(&self, database: Oid) -> Result<i64> {
        self.size_of_database(database)
    }

    fn live_rows(&self, oid: Oid) -> Result<i64> {
        let catalog = self.catalog.lock().clone();
        let storage_id = catalog.relation(oid).map_or(0, |relation| relation.storage_id);
        self.database.transactions.published().row_count(storage_id)
    }

    fn remote(&self, request: RemoteRequest<'_>) -> Result<Vec<Vec<Datum>>> {
        self.remote_request(request)
    }

    fn client_address(&self) -> Option<std::net::SocketAddr> {
        self.backend.ends().map(|ends| ends.client)
    }

    fn server_address(&self) -> Option<std::net::SocketAddr> {
        self.backend.ends().map(|ends| ends.server)
    }

    fn relation_size_bytes(&self, relation: Oid) -> Result<i64> {
        let catalog = self.catalog.lock().clone();
        let storage_id = catalog.relation(relation).map_or(0, |relation| relation.storage_id);
        self.database.relation_size_bytes(storage_id)
    }
}
