//! PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED.
//!
//! PREPARE TRANSACTION does what COMMIT does up to the point of no return, in the same
//! order: deferred constraints, cursors, ON COMMIT of temporary tables. Then it refuses
//! what cannot outlive the session (temporary objects, LISTEN and NOTIFY, WITH HOLD
//! cursors, exported snapshots, work on other servers) and hands writes, locks and catalog changes to `txn::prepared`. If
//! anything fails, the transaction is rolled back.
//!
//! The catalog changes travel as the [`Payload`] of the durable record, not among the
//! writes: the OID counter that is written with them must be the newest one when the
//! transaction is committed, which may be days later.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::block::Phase;
use super::database::database_is_gone;
use super::portal::{Portal, PortalState};
use super::{Database, Session, time};
use crate::catalog::{self, Catalog, Change, Object, ObjectKey};
use crate::error::{Error, Result};
use crate::sql::run::Work;
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::{blocking, reclaim};
use crate::txn::{
    CommitOptions, Finish, Keyspace, Place, PreparedInfo, Transactions, Value, WriteBatch,
};

/// PostgreSQL's GIDSIZE, its final NUL included.
const GID_BYTES: usize = 200;

/// What a prepared transaction is beside its writes and locks.
#[derive(Default, Serialize, Deserialize)]
struct Payload {
    changes: Vec<(ObjectKey, Option<Object>)>,
    row_deltas: Vec<(u32, i64)>,
    /// Storage that nobody needs once it has committed: in the rows, or in the indexes.
    dropped_rows: Vec<u32>,
    dropped_indexes: Vec<u32>,
    /// No object of the transaction has an OID from here up.
    oid_counter: Oid,
}

impl Payload {
    fn of(work: &mut Work) -> Payload {
        let changes = std::mem::take(&mut work.changes);
        let dropped = work.table.dropped_storage();
        let of = |wanted: Keyspace| -> Vec<u32> {
            let found = dropped.iter().filter(|(keyspace, _)| *keyspace == wanted);
            found.map(|(_, storage_id)| *storage_id).collect()
        };
        Payload {
            changes: changes.into_iter().map(|change| (change.key, change.object)).collect(),
            row_deltas: work.table.row_deltas(),
            dropped_rows: of(Keyspace::Rows),
            dropped_indexes: of(Keyspace::Indexes),
            oid_counter: work.catalog.oid_counter(),
        }
    }

    fn encode(&self) -> Result<Value> {
        let json = serde_json::to_vec(self).map_err(|error| {
            Error::internal(format!("cannot encode a prepared transaction: {error}"))
        })?;
        Ok(Value::from(json))
    }

    fn decode(info: &PreparedInfo) -> Result<Payload> {
        serde_json::from_slice(&info.payload).map_err(|error| {
            let gid = &info.gid;
            Error::data_corrupted(format!("could not read prepared transaction \"{gid}\": {error}"))
        })
    }

    fn changes(self) -> Vec<Change> {
        let change = |(key, object): (ObjectKey, Option<Object>)| match object {
            Some(object) => Change { key, shared: object.is_shared(), object: Some(object) },
            None => Change::remove(key.class, key.oid),
        };
        self.changes.into_iter().map(change).collect()
    }

    fn dropped(&self) -> Vec<(Keyspace, u32)> {
        let rows = self.dropped_rows.iter().map(|id| (Keyspace::Rows, *id));
        rows.chain(self.dropped_indexes.iter().map(|id| (Keyspace::Indexes, *id))).collect()
    }
}

/// The storage of the relations that prepared transactions have made or changed.
pub(super) fn prepared_storage(transactions: &Transactions) -> Result<Vec<u32>> {
    let mut storage_ids = Vec::new();
    for info in transactions.prepared() {
        let changes = Payload::decode(&info)?.changes;
        storage_ids.extend(changes.into_iter().filter_map(|(_, object)| match object {
            Some(Object::Relation(relation)) => Some(relation.storage_id),
            _ => None,
        }));
    }
    Ok(storage_ids)
}

/// Keeps the OIDs of objects that are prepared from being handed out again.
pub(super) fn raise_oid_counter(transactions: &Transactions, catalog: &Catalog) -> Result<()> {
    for info in transactions.prepared() {
        catalog.raise_oid_counter(Payload::decode(&info)?.oid_counter);
    }
    Ok(())
}

impl Session {
    /// PREPARE TRANSACTION. The tag tells whether it was: it is ROLLBACK, as in
    /// PostgreSQL, where there was no transaction block or only a failed one.
    pub(super) async fn prepare_transaction(&mut self, gid: &str) -> Result<&'static str> {
        match self.block.phase {
            Phase::Open => {}
            Phase::Implicit => self.warn_no_transaction(),
            Phase::Failed => {
                self.roll_back_transaction();
                return Ok("ROLLBACK");
            }
            Phase::Idle | Phase::Single => {
                self.warn_no_transaction();
                self.commit_transaction().await?;
                return Ok("ROLLBACK");
            }
        }
        let place = match self.before_prepare(gid).await {
            Ok(place) => place,
            Err(error) => {
                self.roll_back_transaction();
                return Err(error);
            }
        };
        let owner = self.hooks.current_role().map_or(0, |role| role.oid);
        let Some(mut open) = self.block.leave() else { return Ok("ROLLBACK") };
        self.close_transaction_portals();
        let prepared = match open.work.take() {
            Some(work) => self.database.prepare(work, place, owner).await,
            None => Ok(()),
        };
        self.hooks.advisory.end_transaction();
        self.hooks.end_transaction_id(prepared.is_err());
        if let Err(error) = prepared {
            self.settings.lock().restore(open.settings());
            return Err(error);
        }
        self.settings.lock().end_transaction();
        Ok("PREPARE TRANSACTION")
    }

    /// What may still fail, in PostgreSQL's order.
    async fn before_prepare(&mut self, gid: &str) -> Result<Place> {
        self.check_deferred().await?;
        let holds = |portal: &Portal| match &portal.state {
            PortalState::Cursor(cursor) => cursor.hold && !portal.held,
            _ => false,
        };
        if self.portals().any(|(_, portal)| holds(portal)) {
            return Err(cannot_prepare("that has created a cursor WITH HOLD"));
        }
        self.end_temporary().await?;
        let work = self.block.work()?;
        if has_temporary(work) {
            return Err(cannot_prepare("that has operated on temporary objects"));
        }
        if self.database.exports.has(work.txn.id()) {
            return Err(cannot_prepare("that has exported snapshots"));
        }
        if gid.len() >= GID_BYTES {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("transaction identifier \"{gid}\" is too long"),
            ));
        }
        let max = self.database.config().max_prepared_transactions;
        if max == 0 {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                "prepared transactions are disabled",
            )
            .with_hint("Set max_prepared_transactions to a nonzero value."));
        }
        if self.hooks.has_branches() {
            return Err(cannot_prepare("that has worked on other servers"));
        }
        let place = self.database.transactions.reserve_prepared(gid, max)?;
        if self.block.open().is_some_and(|open| !open.actions.is_empty()) {
            return Err(cannot_prepare("that has executed LISTEN, UNLISTEN, or NOTIFY"));
        }
        let advisory = self.hooks.advisory.to_prepare()?;
        let work = self.block.work()?;
        for (resource, mode) in advisory {
            work.txn.adopt_lock(resource, mode);
        }
        Ok(place)
    }

    /// COMMIT PREPARED and ROLLBACK PREPARED.
    pub(super) async fn finish_prepared(
        &mut self,
        gid: &str,
        is_commit: bool,
    ) -> Result<&'static str> {
        let tag = if is_commit { "COMMIT PREPARED" } else { "ROLLBACK PREPARED" };
        if self.block.phase != Phase::Single {
            return Err(Error::new(
                sqlstate::ACTIVE_SQL_TRANSACTION,
                format!("{tag} cannot run inside a transaction block"),
            ));
        }
        let finish = self.database.transactions.take_prepared(gid, |info| self.may_finish(info))?;
        match is_commit {
            true => self.database.commit_prepared(finish).await?,
            false => self.database.roll_back_prepared(finish).await?,
        }
        Ok(tag)
    }

    fn may_finish(&self, info: &PreparedInfo) -> Result<()> {
        let role = self.hooks.current_role();
        if !role.is_some_and(|role| role.superuser || role.oid == info.owner) {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "permission denied to finish prepared transaction",
            )
            .with_hint("Must be superuser or the user that prepared the transaction."));
        }
        if self.backend().database_oid != info.database {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "prepared transaction belongs to another database",
            )
            .with_hint(
                "Connect to the database where the transaction was prepared to finish it.",
            ));
        }
        Ok(())
    }
}

fn cannot_prepare(what: &str) -> Error {
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, format!("cannot PREPARE a transaction {what}"))
}

/// Whether the transaction has locked or changed a temporary object.
fn has_temporary(work: &Work) -> bool {
    let committed = work.newest_catalog();
    let catalogs = [&work.catalog, &committed];
    let is_temporary = |schema: Oid| {
        let schema = catalogs.iter().find_map(|catalog| catalog.schema(schema));
        schema.is_some_and(|schema| catalog::is_temporary_schema(schema))
    };
    let relation = |oid: Oid| catalogs.iter().find_map(|catalog| catalog.relation(oid));
    work.txn
        .locked_tables()
        .any(|oid| relation(oid).is_some_and(|relation| is_temporary(relation.schema)))
        || work.changes.iter().any(|change| {
            let old = committed.object(change.key);
            let schemas = [&change.object, &old.cloned()].map(|it| it.as_ref()?.schema());
            schemas.into_iter().flatten().any(is_temporary)
        })
}

impl Database {
    /// Prepares a transaction. What is acknowledged survives a crash.
    async fn prepare(&self, mut work: Work, place: Place, owner: Oid) -> Result<()> {
        let database = work.catalog.database;
        let payload = Payload::of(&mut work);
        let mut also = WriteBatch::new();
        if !payload.changes.is_empty() {
            also = catalog::changes_to_writes(&work.catalog, &[])?;
        }
        let info = PreparedInfo {
            gid: place.gid(),
            id: work.txn.id(),
            owner,
            database,
            prepared_at: time::now(),
            payload: payload.encode()?,
        };
        if work.txn.is_large() {
            blocking(|| work.txn.gather())?;
        }
        work.txn.prepare(place, info, also).await.map(|_| ())
    }

    async fn commit_prepared(&self, finish: Finish) -> Result<()> {
        let database = finish.info()?.database;
        let payload = Payload::decode(finish.info()?)?;
        let dropped = payload.dropped();
        let mut options =
            CommitOptions { row_deltas: payload.row_deltas.clone(), ..CommitOptions::default() };
        let mut changes = payload.changes();
        if !changes.is_empty() {
            let catalog = self.catalog_of(database).ok_or_else(|| database_is_gone(database))?;
            changes.iter_mut().for_each(|change| change.settle(&catalog));
            options.also = catalog::changes_to_writes(&catalog, &changes)?;
            options.publish = Some(catalog::publish(database, changes, None));
        }
        let commit_ts = finish.commit(options).await?;
        reclaim::spawn(self.transactions.clone(), dropped, commit_ts);
        Ok(())
    }

    async fn roll_back_prepared(&self, finish: Finish) -> Result<()> {
        let id = finish.info()?.id;
        finish.roll_back().await?;
        self.note_aborted(id);
        Ok(())
    }

    /// Warns of transactions that have been prepared for longer than
    /// `prepared_transaction_warning`: nobody may be left who knows of them, and their
    /// locks stay.
    pub fn warn_of_old_prepared(&self) {
        let limit = self.config().prepared_transaction_warning.duration();
        if limit.is_zero() {
            return;
        }
        for info in self.transactions.prepared() {
            let age = u64::try_from(time::now() - info.prepared_at).unwrap_or(0);
            let age = Duration::from_micros(age);
            if age >= limit {
                tracing::warn!(
                    "transaction {} has been prepared as \"{}\" for {} seconds and holds its locks",
                    info.id,
                    info.gid,
                    age.as_secs()
                );
            }
        }
    }
}
