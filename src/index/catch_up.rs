//! What writers have done to a table's rows while an index was built beside them.
//!
//! A build at a snapshot (`Build`) knows nothing of what came after. From some moment on
//! all writers keep the new index up; what was changed between the snapshot and that
//! moment is put right here, row by row, under a lock on the row and, of a unique
//! index, on the keys concerned:
//!
//! ```text
//! snapshot S ─ build ─ ready ┄ wait for those who do not know it ┄ instant N
//!             └────────── rows that differ between S and N ─────────┘
//! ```
//!
//! The rows that differ are found by reading both instants side by side. Whatever a
//! writer does to such a row later, it does by what the row is then: so for each row the
//! entries of its version at S that it has no more are removed, and those of its newest
//! version are put where they are missing.
//!
//! Nothing is waited for here while something else is held: [`CatchUp::row`] says what
//! is in the way, the caller ends its transaction, waits for that alone and asks again.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

use super::IndexInfo;
use super::build::{Keys, as_owner};
use crate::error::{Error, Result};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid};
use crate::storage::{Key, Value, key};
use crate::table::{TableInfo, Writer, violation};
use crate::txn::{Keyspace, LockMode, LockOutcome, Published, Resource, Scan, WaitPolicy};

/// What became of a row.
pub enum Outcome {
    Done,
    /// Somebody else holds what is needed: to be waited for in this mode.
    Busy(Resource, LockMode),
}

/// The rows that differ between two instants, by rid, in order.
pub struct Changed {
    before: Peekable<Scan>,
    after: Peekable<Scan>,
}

impl Changed {
    pub fn new(table: u32, before: &Arc<Published>, after: &Arc<Published>) -> Changed {
        let scan = |at: &Arc<Published>| at.scan(Keyspace::Rows, &key::rows(table), false);
        Changed { before: scan(before).peekable(), after: scan(after).peekable() }
    }

    /// The next one; computes and reads from disk.
    fn find(&mut self) -> Result<Option<u64>> {
        loop {
            let keys = (peek(&mut self.before)?, peek(&mut self.after)?);
            let found = match keys {
                (None, None) => return Ok(None),
                (Some(before), None) => (self.take_before()?, before).1,
                (None, Some(after)) => (self.take_after()?, after).1,
                (Some(before), Some(after)) if before < after => (self.take_before()?, before).1,
                (Some(before), Some(after)) if after < before => (self.take_after()?, after).1,
                (Some(before), Some(_)) => {
                    if self.take_before()? == self.take_after()? {
                        continue;
                    }
                    before
                }
            };
            return Ok(key::row_parts(&found).map(|(_, rid)| rid));
        }
    }

    fn take_before(&mut self) -> Result<Option<Value>> {
        Ok(self.before.next().transpose()?.map(|(_, value)| value))
    }

    fn take_after(&mut self) -> Result<Option<Value>> {
        Ok(self.after.next().transpose()?.map(|(_, value)| value))
    }
}

impl Iterator for Changed {
    type Item = Result<u64>;

    fn next(&mut self) -> Option<Result<u64>> {
        self.find().transpose()
    }
}

/// The key that comes next; an error is left to be taken.
fn peek(scan: &mut Peekable<Scan>) -> Result<Option<Key>> {
    match scan.peek() {
        Some(Ok((key, _))) => Ok(Some(key.clone())),
        Some(Err(_)) => match scan.next() {
            Some(Err(error)) => Err(error),
            _ => Ok(None),
        },
        None => Ok(None),
    }
}

/// An entry that a row has or is to have.
struct Entry {
    payload: Vec<u8>,
    /// Whether its key is the row's alone.
    claims: bool,
    /// Its value, where its key has the rid.
    value: Value,
}

/// Puts one index right after its build.
pub struct CatchUp {
    table: Oid,
    index: Oid,
    /// The instant of the build.
    since: Arc<Published>,
    /// A bulk load whose end was waited for: what it has left is nobody's.
    ended_loader: Option<u64>,
    /// How keys are found, and the table as it was then.
    keys: Option<(Arc<TableInfo>, Arc<Keys>)>,
}

impl CatchUp {
    pub fn new(table: Oid, index: Oid, since: Arc<Published>) -> CatchUp {
        CatchUp { table, index, since, ended_loader: None, keys: None }
    }

    /// What was waited for is over.
    pub fn waited(&mut self, resource: Resource) {
        if let Resource::Transaction { id } = resource {
            self.ended_loader = Some(id);
        }
    }

    /// Puts the entries of one row right, in the present transaction; nothing is written
    /// if something is in the way. `23505` for a key that two rows have.
    pub fn row(&mut self, work: &mut Work, ctx: &StatementContext, rid: u64) -> Result<Outcome> {
        let info = TableInfo::of(&work.catalog, self.table)?;
        let index = info
            .index(self.index)
            .ok_or_else(|| Error::internal("the index that is being built is gone"))?;
        let mut writer = Writer::new(work, ctx);
        let known = self.keys.as_ref().filter(|(of, _)| Arc::ptr_eq(of, &info));
        let keys = match known {
            Some((_, keys)) => keys.clone(),
            None => Arc::new(Keys::new(&writer, &info, index)?),
        };
        keys.lend_to_functions(&writer);
        self.keys = Some((info.clone(), keys.clone()));
        let mut row = Row { of: self, info: &info, index, keys: &keys, writer: &mut writer, rid };
        as_owner(info.relation.owner, ctx, || row.run())
    }
}

struct Row<'a, 'w> {
    of: &'a CatchUp,
    info: &'a TableInfo,
    index: &'a IndexInfo,
    keys: &'a Keys,
    writer: &'a mut Writer<'w>,
    rid: u64,
}

impl Row<'_, '_> {
    fn run(&mut self) -> Result<Outcome> {
        let resource = Resource::row(self.info.storage_id(), self.rid);
        if !self.take(resource, LockMode::RowForShare) {
            return Ok(Outcome::Busy(resource, LockMode::RowForShare));
        }
        let row_key = key::row(self.info.storage_id(), self.rid);
        let old = self.of.since.get(Keyspace::Rows, &row_key)?;
        let new = self.writer.work.txn.get_newest(Keyspace::Rows, &row_key)?;
        let (_, before) = self.entries(old.as_deref())?;
        let (new_key, after) = self.entries(new.as_deref())?;
        let is_claimed = |entries: &BTreeMap<Vec<u8>, Entry>| -> Vec<Vec<u8>> {
            let claiming = entries.values().filter(|entry| entry.claims);
            claiming.map(|entry| entry.payload.clone()).collect()
        };
        let mut claimed = is_claimed(&before);
        claimed.extend(is_claimed(&after));
        for payload in &claimed {
            if let Some(busy) = self.take_key(payload)? {
                return Ok(busy);
            }
        }
        for payload in is_claimed(&after) {
            if let Some(busy) = self.require_free(&payload, new_key.as_deref())? {
                return Ok(busy);
            }
        }
        for (entry_key, entry) in &before {
            if !after.contains_key(entry_key) {
                self.remove(entry_key, entry)?;
            }
        }
        for (entry_key, entry) in &after {
            self.put(entry_key, entry)?;
        }
        Ok(Outcome::Done)
    }

    fn take(&mut self, resource: Resource, mode: LockMode) -> bool {
        let outcome = self.writer.work.txn.lock(resource, mode, WaitPolicy::NoWait);
        matches!(outcome, LockOutcome::Granted | LockOutcome::AlreadyHeld)
    }

    /// Nobody else adds or removes the key while it is held.
    fn take_key(&mut self, payload: &[u8]) -> Result<Option<Outcome>> {
        let entry = key::index_entry(self.index.storage_id(), payload, None);
        let loader = self.writer.work.txn.loader_of(&entry)?;
        if let Some(id) = loader.filter(|id| self.of.ended_loader != Some(*id)) {
            return Ok(Some(Outcome::Busy(Resource::Transaction { id }, LockMode::Share)));
        }
        let resource = Resource::index_key(self.index.storage_id(), payload);
        Ok(match self.take(resource, LockMode::Exclusive) {
            true => None,
            false => Some(Outcome::Busy(resource, LockMode::Exclusive)),
        })
    }

    /// `23505` if another row has the key. An entry of a row that has another key by now
    /// is in nobody's way.
    fn require_free(&mut self, payload: &[u8], key: Option<&[Datum]>) -> Result<Option<Outcome>> {
        let Some(rid) = self.holder(payload)?.filter(|rid| *rid != self.rid) else {
            return Ok(None);
        };
        let resource = Resource::row(self.info.storage_id(), rid);
        if !self.take(resource, LockMode::RowForShare) {
            return Ok(Some(Outcome::Busy(resource, LockMode::RowForShare)));
        }
        let row_key = key::row(self.info.storage_id(), rid);
        let row = self.writer.work.txn.get_newest(Keyspace::Rows, &row_key)?;
        let (_, theirs) = self.entries(row.as_deref())?;
        match theirs.values().any(|entry| entry.claims && entry.payload == payload) {
            true => Err(violation::unique(
                self.info,
                &self.writer.ctx.eval,
                self.index,
                key.unwrap_or_default(),
            )),
            false => Ok(None),
        }
    }

    /// The row that an entry of the unique index names.
    fn holder(&self, payload: &[u8]) -> Result<Option<u64>> {
        let entry = key::index_entry(self.index.storage_id(), payload, None);
        let value = self.writer.work.txn.get_newest(Keyspace::Indexes, &entry)?;
        Ok(value.and_then(|value| key::index_rid(&entry, &value)))
    }

    /// The key of a version of the row, and its entries by their keys.
    #[allow(clippy::type_complexity)]
    fn entries(
        &mut self,
        row: Option<&[u8]>,
    ) -> Result<(Option<Vec<Datum>>, BTreeMap<Vec<u8>, Entry>)> {
        let Some(row) = row else { return Ok((None, BTreeMap::new())) };
        let Some(key) = self.keys.of(self.writer, self.info, self.index, row)? else {
            return Ok((None, BTreeMap::new()));
        };
        let claims = !self.index.key_holds_rid(&key);
        let mut entries = BTreeMap::new();
        for payload in self.index.payloads(&key)? {
            let rid = (!claims).then_some(self.rid);
            let entry_key = key::index_entry(self.index.storage_id(), &payload, rid);
            let value = self.index.entry_value(&key, self.rid)?;
            entries.insert(entry_key, Entry { payload, claims, value });
        }
        Ok((Some(key), entries))
    }

    /// Of a unique key only if it is still this row's.
    fn remove(&mut self, entry_key: &[u8], entry: &Entry) -> Result<()> {
        if entry.claims && self.holder(&entry.payload)? != Some(self.rid) {
            return Ok(());
        }
        self.writer.work.txn.delete(Keyspace::Indexes, entry_key.to_vec())
    }

    fn put(&mut self, entry_key: &[u8], entry: &Entry) -> Result<()> {
        let txn = &mut self.writer.work.txn;
        let value: Value = match entry.claims {
            true => key::index_value(self.rid).into(),
            false => entry.value.clone(),
        };
        match txn.get_newest(Keyspace::Indexes, entry_key)? == Some(value.clone()) {
            true => Ok(()),
            false => txn.put(Keyspace::Indexes, entry_key.to_vec(), value),
        }
    }
}
