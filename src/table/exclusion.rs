//! Exclusion constraints whose operators are not all `=`, under concurrency.
//!
//! Who adds a key first claims where it lies ([`crate::txn::Claim`]): in a group by the
//! columns that are compared with `=`, and in the span of the first column that is
//! compared with `&&`. Whoever has claimed a part of that and has not ended is waited for.
//! Then the newest committed state together with the own writes tells whether a row is in
//! conflict; one that is may be about to be deleted, and is waited for like the holder of
//! a unique key.
//!
//! ```text
//! EXCLUDE USING gist (room WITH =, during WITH &&)
//! A  INSERT (7, [9, 10))   claim group 7, 9 to 10 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ COMMIT
//! B  INSERT (7, [9, 12))   claim group 7, 9 to 12 ┄ waits for A ┄┄▶ finds A's row: 23P01
//! ```
//!
//! (Constraints with `=` alone are unique indexes: [`unique`](super::unique).)

use super::expression::IndexExpressions;
use super::info::TableInfo;
use super::lock;
use super::state::PendingCheck;
use super::unique::Conflict;
use super::violation;
use super::write::Writer;
use crate::error::{Error, Result};
use crate::index::parts::{self, Need, Operator, Parts};
use crate::index::{IndexInfo, spans};
use crate::sql::types::key::{KeyOrder, encode_ordered};
use crate::sql::types::{Datum, hash};
use crate::storage::{Value, key};
use crate::txn::{Claim, Keyspace, LockMode, Overlay, Resource};

/// The names of the operators of an exclusion constraint, as far as it can be searched by
/// them: what a key needs of another that it excludes.
fn operators(index: &IndexInfo, names: &[String]) -> Vec<Option<Operator>> {
    let of_key = |(key, name): (&crate::index::KeyColumn, &String)| match (key.parts, &**name) {
        (_, "=") => Some(Operator::Equals),
        (Some(Parts::Range | Parts::Network), "&&") => Some(Operator::Overlaps),
        (Some(Parts::Range), "-|-") => Some(Operator::Adjacent),
        _ => None,
    };
    index.keys.iter().zip(names).map(of_key).collect()
}

/// What a row must have to be in conflict with a key.
fn need(index: &IndexInfo, operators: &[Option<Operator>], key: &[Datum]) -> Need {
    let needs = operators.iter().zip(key).enumerate().filter_map(|(at, (operator, value))| {
        operator.map(|operator| parts::need(&index.keys, at, operator, value))
    });
    Need::All(needs.collect())
}

/// Where a key lies, so that keys that exclude each other have claims that overlap.
fn claim(index: &IndexInfo, operators: &[Option<Operator>], key: &[Datum]) -> Result<Claim> {
    let (mut group, mut span) = (Vec::new(), None);
    for ((column, operator), value) in index.keys.iter().zip(operators).zip(key) {
        match (operator, column.parts) {
            (Some(Operator::Equals), _) => {
                encode_ordered(value, &column.repr, KeyOrder::ASCENDING, &mut group);
            }
            (Some(Operator::Overlaps), Some(parts)) if span.is_none() => {
                span = Some(spans::places(parts, &column.repr, value)?);
            }
            _ => {}
        }
    }
    let (lower, upper) = match span {
        Some(Some(span)) => span,
        // An empty range overlaps nothing; to claim too much does no harm.
        Some(None) | None => (Claim::WHOLE.lower, Claim::WHOLE.upper),
    };
    Ok(Claim { group: Some(hash::bytes(&group, 0)), lower, upper })
}

/// An exclusion constraint's index, ready to be asked.
pub(crate) struct Exclusion<'a> {
    info: &'a TableInfo,
    index: &'a IndexInfo,
    compiled: &'a IndexExpressions,
    operators: Vec<Option<Operator>>,
}

impl<'a> Exclusion<'a> {
    pub(crate) fn new(
        writer: &Writer<'_>,
        info: &'a TableInfo,
        index: &'a IndexInfo,
        compiled: &'a IndexExpressions,
    ) -> Exclusion<'a> {
        let catalog = &writer.work.catalog;
        let name =
            |oid: &u32| catalog.operator(*oid).map_or_else(String::new, |it| it.name.clone());
        let names: Vec<String> = index.excludes_by.iter().map(name).collect();
        Exclusion { info, index, compiled, operators: operators(index, &names) }
    }

    /// The first row that is in conflict with a key, and its key; not the row `own`.
    pub(crate) fn find(
        &self,
        writer: &mut Writer<'_>,
        overlay: &Overlay,
        key: &[Datum],
        own: Option<u64>,
    ) -> Result<Option<(u64, Value, Vec<Datum>)>> {
        let need = need(self.index, &self.operators, key);
        let rids = parts::rids(self.index, overlay, &need, usize::MAX)?;
        match rids {
            Some(rids) => {
                for rid in rids {
                    let row_key = key::row(self.info.storage_id(), rid);
                    let Some(row) = overlay.get(Keyspace::Rows, &row_key)? else { continue };
                    if let Some(other) = self.judge(writer, key, own, rid, &row)? {
                        return Ok(Some((rid, row, other)));
                    }
                }
            }
            // No operator tells where to look.
            None => {
                let range = key::rows(self.info.storage_id());
                for entry in overlay.scan(Keyspace::Rows, &range, false) {
                    let (row_key, row) = entry?;
                    if writer.ctx.cancel.is_cancelled() {
                        return Err(Error::query_canceled());
                    }
                    let Some((_, rid)) = key::row_parts(&row_key) else { continue };
                    if let Some(other) = self.judge(writer, key, own, rid, &row)? {
                        return Ok(Some((rid, row, other)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The key of a row, if the row is another and in conflict.
    fn judge(
        &self,
        writer: &mut Writer<'_>,
        key: &[Datum],
        own: Option<u64>,
        rid: u64,
        row: &[u8],
    ) -> Result<Option<Vec<Datum>>> {
        if own == Some(rid) {
            return Ok(None);
        }
        let (row, ctx) = (self.info.decode(row)?, writer.ctx);
        ctx.lend(writer.work, || {
            let Some(other) = self.index.key(self.compiled, &ctx.eval, &row)? else {
                return Ok(None);
            };
            for ((operator, new), old) in self.compiled.excludes.iter().zip(key).zip(&other) {
                let operands = [new.clone(), old.clone()];
                if new.is_null() || old.is_null() {
                    return Ok(None);
                }
                let Datum::Bool(true) = operator.eval(&ctx.eval, &operands)? else {
                    return Ok(None);
                };
            }
            Ok(Some(other))
        })
    }
}

impl Writer<'_> {
    /// Makes sure that no row excludes a key, or fails with `23P01`; of a deferrable
    /// constraint the check is queued instead. `own` is the row that is to have the key.
    pub(super) async fn claim_exclusion(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        key: &[Datum],
        own: u64,
    ) -> Result<()> {
        if key.iter().any(Datum::is_null) {
            return Ok(());
        }
        if let Some(constraint) = index.constraint.as_ref().filter(|_| index.deferrable()) {
            let (table, index, key) = (info.oid(), index.oid(), key.to_vec());
            let check = PendingCheck::Exclusion { table, index, key, rid: own };
            return self.work.table.queue(constraint, check);
        }
        self.check_exclusion(info, index, key, own).await
    }

    /// As [`Writer::claim_exclusion`], now.
    pub(super) async fn check_exclusion(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        key: &[Datum],
        own: u64,
    ) -> Result<()> {
        match self.excluded_by(info, index, key, Some(own)).await? {
            None => Ok(()),
            Some((_, other)) => {
                Err(violation::excluded(info, &self.ctx.eval, index, (key, &other)))
            }
        }
    }

    /// The check of a deferrable constraint, if the row still has the key.
    pub(super) async fn settle_exclusion(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        key: &[Datum],
        own: u64,
    ) -> Result<()> {
        for payload in index.payloads(key)? {
            let entry = key::index_entry(index.storage_id(), &payload, Some(own));
            if self.work.txn.get_newest(Keyspace::Indexes, &entry)?.is_none() {
                return Ok(());
            }
        }
        self.check_exclusion(info, index, key, own).await
    }

    /// The row that excludes a key, and its key. What the key lies in stays claimed, so
    /// after `None` a row with it may be added. Whoever is changing or deleting the row is
    /// waited for.
    pub(super) async fn excluded_by(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        key: &[Datum],
        own: Option<u64>,
    ) -> Result<Option<(Conflict, Vec<Datum>)>> {
        let expressions = self.expressions(info)?;
        let at = info.indexes.iter().position(|other| other.oid() == index.oid());
        let compiled = at.and_then(|at| expressions.indexes.get(at));
        let compiled = compiled.ok_or_else(|| Error::internal("an index of another table"))?;
        let exclusion = Exclusion::new(self, info, index, compiled);
        let claim = claim(index, &exclusion.operators, key)?;
        lock::claim(&mut self.work.txn, index.storage_id(), claim, self.ctx).await?;
        loop {
            let overlay = self.work.txn.overlay_newest();
            let Some((rid, row, _)) = exclusion.find(self, &overlay, key, own)? else {
                return Ok(None);
            };
            let resource = Resource::row(info.storage_id(), rid);
            let mark = self.work.txn.lock_mark();
            let mode = LockMode::RowForShare;
            lock::acquire(&mut self.work.txn, resource, mode, self.ctx).await?;
            self.work.txn.release_locks_since(mark);
            // It may have been changed or deleted meanwhile.
            let row_key = key::row(info.storage_id(), rid);
            let now = self.work.txn.get_newest(Keyspace::Rows, &row_key)?;
            let Some(now) = now.filter(|now| **now == *row) else { continue };
            if let Some(other) = exclusion.judge(self, key, own, rid, &now)? {
                return Ok(Some((Conflict { rid, row: now }, other)));
            }
        }
    }
}

/// `could not create exclusion constraint` for two rows of a table that is there.
pub(crate) fn require_none(
    writer: &mut Writer<'_>,
    (info, index): (&TableInfo, &IndexInfo),
    compiled: &IndexExpressions,
    overlay: &Overlay,
) -> Result<()> {
    let exclusion = Exclusion::new(writer, info, index, compiled);
    let range = key::rows(info.storage_id());
    for entry in overlay.scan(Keyspace::Rows, &range, false) {
        let (row_key, row) = entry?;
        if writer.ctx.cancel.is_cancelled() {
            return Err(Error::query_canceled());
        }
        let Some((_, rid)) = key::row_parts(&row_key) else { continue };
        let (row, ctx) = (info.decode(&row)?, writer.ctx);
        let key = ctx.lend(writer.work, || index.key(compiled, &ctx.eval, &row))?;
        let Some(key) = key.filter(|key| !key.iter().any(Datum::is_null)) else { continue };
        if let Some((_, _, other)) = exclusion.find(writer, overlay, &key, Some(rid))? {
            return Err(violation::not_exclusive(info, &ctx.eval, index, (&key, &other)));
        }
    }
    Ok(())
}
