//! One table's rows: can they be read, do their constraints hold, has each its entries.

use std::sync::Arc;

use super::Check;
use crate::catalog::ConstraintKind;
use crate::error::Result;
use crate::index::IndexInfo;
use crate::sql::types::Datum;
use crate::storage::Value;
use crate::storage::key::{self, IndexBound, Meta};
use crate::table::foreign_key::pick;
use crate::table::info::TableInfo;
use crate::table::route::belongs;
use crate::table::{TableExpressions, Writer};
use crate::txn::Keyspace;

/// How many there are.
pub(super) struct Counted {
    pub rows: u64,
    /// Of each index, the entries that the rows have or should have.
    pub entries: Vec<u64>,
}

/// What a row's expressions answer.
struct Evaluated {
    checks: Vec<Result<Datum>>,
    belongs: Result<bool>,
    /// Of each index the payloads, whether a payload may conflict, and whether its entry
    /// holds the rid.
    keys: Vec<Result<Option<Keys>>>,
}

struct Keys {
    payloads: Vec<Vec<u8>>,
    may_conflict: bool,
    holds_rid: bool,
    /// Of entries whose key has the rid.
    value: Value,
}

impl Check<'_> {
    /// None if the table's expressions or rows cannot be read to the end.
    pub(super) fn rows(&mut self, info: &Arc<TableInfo>, name: &str) -> Result<Option<Counted>> {
        let writer = Writer::new(self.work, self.ctx);
        let expressions = match writer.expressions(info) {
            Ok(expressions) => expressions,
            Err(error) => {
                let error = self.unless_over(error)?;
                self.report.error("catalog", name, format!("its expressions: {error}"));
                return Ok(None);
            }
        };
        let mark = self.overlay.get(Keyspace::Meta, &Meta::RowIds(info.storage_id()).key())?;
        let rid_end = mark.and_then(|mark| Some(u64::from_le_bytes(*mark.first_chunk()?)));
        let mut counted = Counted { rows: 0, entries: vec![0; info.indexes.len()] };
        let range = key::rows(info.storage_id());
        let contents = self.contents_of(info);
        for entry in self.overlay.clone().scan(Keyspace::Rows, &range, false) {
            let (row_key, row) = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let error = self.unless_over(error)?;
                    let after = format!("after {} rows: {error}", counted.rows);
                    self.report.error("row", name, after);
                    return Ok(None);
                }
            };
            counted.rows += 1;
            self.report.rows += 1;
            self.look(counted.rows)?;
            let Some((_, rid)) = key::row_parts(&row_key) else {
                self.report.error("row", name, format!("a key of {} bytes", row_key.len()));
                continue;
            };
            if rid_end.is_none_or(|end| rid >= end) {
                self.report.error("row", name, format!("row {rid} has an id never given out"));
            }
            match info.decode(&row) {
                Ok(datums) => {
                    if let Some(contents) = &contents
                        && let Some(fault) = crate::files::check::row(contents, &datums)
                    {
                        self.report.error("content", name, fault);
                    }
                    self.row(info, name, &expressions, rid, &datums, &mut counted.entries)?;
                }
                Err(error) => self.report.error("row", name, format!("row {rid}: {error}")),
            }
        }
        Ok(Some(counted))
    }

    fn row(
        &mut self,
        info: &Arc<TableInfo>,
        name: &str,
        expressions: &TableExpressions,
        rid: u64,
        datums: &[Datum],
        entries: &mut [u64],
    ) -> Result<()> {
        for (column, datum) in info.columns.iter().zip(datums) {
            if column.not_null && datum.is_null() {
                let message = format!("row {rid} has NULL in column \"{}\"", column.name);
                self.report.error("not null", name, message);
            }
        }
        let (catalog, ctx) = (self.work.catalog.clone(), self.ctx);
        let evaluated = ctx.lend(self.work, || Evaluated {
            checks: expressions.checks.iter().map(|check| check.eval(&ctx.eval, datums)).collect(),
            belongs: belongs(&catalog, ctx, info, datums),
            keys: (0..info.indexes.len())
                .map(|at| keys(info, expressions, ctx, at, (rid, datums)))
                .collect(),
        });
        self.constraints(info, name, rid, &evaluated)?;
        for (at, keys) in evaluated.keys.into_iter().enumerate() {
            let index = &info.indexes[at];
            match keys {
                Ok(None) => {}
                Ok(Some(keys)) => {
                    entries[at] += keys.payloads.len() as u64;
                    if index.valid {
                        self.entries(index, rid, &keys)?;
                    }
                }
                Err(error) => {
                    let error = self.unless_over(error)?;
                    let object = self.name_of(&index.relation);
                    self.report.error("index", &object, format!("the key of row {rid}: {error}"));
                }
            }
        }
        self.references(info, name, rid, datums)
    }

    fn constraints(
        &mut self,
        info: &TableInfo,
        name: &str,
        rid: u64,
        evaluated: &Evaluated,
    ) -> Result<()> {
        for (constraint, result) in info.checks.iter().zip(&evaluated.checks) {
            let is_check = matches!(constraint.kind, ConstraintKind::Check { .. });
            if !is_check || !constraint.validated {
                continue;
            }
            let what = match result {
                Ok(Datum::Bool(false)) => "violates it".to_owned(),
                Ok(_) => continue,
                Err(error) => format!("cannot be judged: {}", self.unless_over(error.clone())?),
            };
            let message = format!("constraint \"{}\": row {rid} {what}", constraint.name);
            self.report.error("check", name, message);
        }
        match &evaluated.belongs {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("row {rid} is not within the partition's bounds");
                self.report.error("partition", name, message);
            }
            Err(error) => {
                let error = self.unless_over(error.clone())?;
                self.report.error("partition", name, format!("row {rid}: {error}"));
            }
        }
        Ok(())
    }

    /// Whether the row's entries in an index are there and name it.
    fn entries(&mut self, index: &IndexInfo, rid: u64, keys: &Keys) -> Result<()> {
        let object = self.name_of(&index.relation);
        for payload in &keys.payloads {
            let holder = keys.holds_rid.then_some(rid);
            let entry = key::index_entry(index.storage_id(), payload, holder);
            let message = match self.overlay.get(Keyspace::Indexes, &entry) {
                Ok(Some(value)) if keys.holds_rid => match value == keys.value {
                    true => continue,
                    false if keys.value.is_empty() => format!("the entry of row {rid} has a value"),
                    false => format!("the entry of row {rid} has another value"),
                },
                Ok(Some(value)) => match key::index_rid(&entry, &value) {
                    Some(found) if found == rid => continue,
                    Some(found) => {
                        let message = format!("rows {found} and {rid} have the same key");
                        self.report.error("unique", &object, message);
                        continue;
                    }
                    None => format!("the entry of row {rid} has no row id"),
                },
                Ok(None) => format!("row {rid} has no entry"),
                Err(error) => {
                    let error = self.unless_over(error)?;
                    format!("the entry of row {rid}: {error}")
                }
            };
            self.report.error("index", &object, message);
        }
        // Only a deferrable index can hold two entries of one key.
        if keys.may_conflict && keys.holds_rid {
            for payload in &keys.payloads {
                self.duplicates(index, &object, rid, payload)?;
            }
        }
        Ok(())
    }

    fn duplicates(
        &mut self,
        index: &IndexInfo,
        object: &str,
        rid: u64,
        payload: &[u8],
    ) -> Result<()> {
        let (lower, upper) = (IndexBound::Before(payload), IndexBound::After(payload));
        let range = key::index_range(index.storage_id(), lower, upper);
        for entry in self.overlay.scan(Keyspace::Indexes, &range, false).take(2) {
            let (entry_key, value) = entry?;
            let other = key::index_rid(&entry_key, &value);
            if let Some(other) = other.filter(|other| *other < rid) {
                let message = format!("rows {other} and {rid} have the same key");
                self.report.error("unique", object, message);
            }
        }
        Ok(())
    }

    fn references(
        &mut self,
        info: &Arc<TableInfo>,
        name: &str,
        rid: u64,
        datums: &[Datum],
    ) -> Result<()> {
        for foreign in info.foreign_keys.iter().filter(|foreign| foreign.constraint.validated) {
            let values = pick(datums, &foreign.key.columns);
            let nulls = values.iter().filter(|value| value.is_null()).count();
            let what = if nulls > 0 {
                match foreign.key.match_full && nulls < values.len() {
                    true => "mixes NULL and other values".to_owned(),
                    false => continue,
                }
            } else {
                let writer = Writer::new(self.work, self.ctx);
                match writer.refers_to_row(&self.overlay, foreign, &values) {
                    Ok(true) => continue,
                    Ok(false) => "refers to a row that does not exist".to_owned(),
                    Err(error) => format!("cannot be judged: {}", self.unless_over(error)?),
                }
            };
            let message = format!("constraint \"{}\": row {rid} {what}", foreign.constraint.name);
            self.report.error("foreign key", name, message);
        }
        Ok(())
    }

    /// The payloads of a row's entries in the index at a position.
    pub(super) fn payloads_of(
        &mut self,
        info: &Arc<TableInfo>,
        at: usize,
        (rid, datums): (u64, &[Datum]),
    ) -> Result<Option<(Vec<Vec<u8>>, bool)>> {
        let expressions = Writer::new(self.work, self.ctx).expressions(info)?;
        let ctx = self.ctx;
        let keys = ctx.lend(self.work, || keys(info, &expressions, ctx, at, (rid, datums)))?;
        Ok(keys.map(|keys| (keys.payloads, keys.holds_rid)))
    }
}

fn keys(
    info: &TableInfo,
    expressions: &TableExpressions,
    ctx: &crate::sql::run::StatementContext,
    at: usize,
    (rid, datums): (u64, &[Datum]),
) -> Result<Option<Keys>> {
    let index = &info.indexes[at];
    let Some(key) = index.key(&expressions.indexes[at], &ctx.eval, datums)? else {
        return Ok(None);
    };
    Ok(Some(Keys {
        value: index.entry_value(&key, rid)?,
        payloads: index.payloads(&key)?.into_iter().collect(),
        may_conflict: index.may_conflict(&key),
        holds_rid: index.key_holds_rid(&key),
    }))
}
