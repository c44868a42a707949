//! Filling an index from the rows that are there, and forgetting dropped storage.
//!
//! A build reads the table at the newest committed instant (with the own writes)
//! while the DDL holds off writers, or at the statement's snapshot while they go on:
//! then [`catch_up`](super::catch_up) does what they have done since. Entries are collected up to a budget, sorted,
//! and handed to the engine as one run; a unique build compares each key with its
//! neighbour in the sorted run and looks it up among what earlier runs have put, so
//! duplicates are found in bounded memory.
//!
//! All of it computes and reads from disk, so it runs where it holds up nobody
//! ([`blocking`]).

use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::index::{IndexInfo, vector};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid};
use crate::storage::{Key, Value, key};
use crate::table::exclusion;
use crate::table::{IndexExpressions, TableInfo, Writer, blocking, eval_over, lookup, violation};
use crate::txn::{Keyspace, Overlay};

/// Bytes of entries that are sorted at a time.
const RUN_BYTES_MAX: usize = 64 << 20;

/// Entries from which on a run goes to the engine by itself: a shorter one costs less
/// as a part of the transaction's write set.
const INGESTED_RUN_MIN: usize = 16 << 10;

/// One entry on its way into the index.
struct Entry {
    payload: Vec<u8>,
    rid: u64,
    may_conflict: bool,
    holds_rid: bool,
    /// Its value, where its key has the rid.
    value: Value,
}

impl Entry {
    fn key(&self, storage_id: u32) -> Key {
        key::index_entry(storage_id, &self.payload, self.holds_rid.then_some(self.rid)).into()
    }

    fn value(&self) -> Value {
        if self.holds_rid { self.value.clone() } else { key::index_value(self.rid).into() }
    }
}

/// Builds the entries of a new index of a table over all of its rows; answers how
/// many there are. The caller holds a lock that keeps writers out.
pub async fn build(work: &mut Work, ctx: &StatementContext, table: Oid, index: Oid) -> Result<u64> {
    let rows = work.txn.overlay_newest();
    blocking(|| build_over(work, ctx, table, index, rows))
}

/// The same over the rows of the statement's snapshot; writers may go on.
pub async fn build_at_snapshot(
    work: &mut Work,
    ctx: &StatementContext,
    table: Oid,
    index: Oid,
) -> Result<u64> {
    let rows = work.txn.overlay();
    blocking(|| build_over(work, ctx, table, index, rows))
}

fn build_over(
    work: &mut Work,
    ctx: &StatementContext,
    table: Oid,
    index: Oid,
    rows: Overlay,
) -> Result<u64> {
    let info = &*TableInfo::of(&work.catalog, table)?;
    let index = info
        .index(index)
        .ok_or_else(|| Error::internal(format!("table has no index with OID {index}")))?;
    let owner = info.relation.owner;
    let writer = &mut Writer::new(work, ctx);
    let mut build = Build { keys: Keys::new(writer, info, index)?, rows, info, index, writer };
    as_owner(owner, ctx, || {
        let total = build.run()?;
        build.require_exclusive()?;
        if index.is_vector() {
            vector::build(build.writer.work, ctx, index, total)?;
        }
        Ok(total)
    })
}

/// Does something as the owner of a table, whose functions in an index are that role's to
/// trust, whoever builds it. The role is in force until the transaction's end at most.
pub(super) fn as_owner<T>(
    owner: Oid,
    ctx: &StatementContext,
    run: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let role = ctx.eval.catalog.role(owner);
    match role.filter(|role| role.name != ctx.eval.settings.current_user) {
        Some(role) => {
            let before = ctx.eval.session.switch_role(&role.name)?;
            let answer = run();
            ctx.eval.session.restore_role(&before);
            answer
        }
        None => run(),
    }
}

struct Build<'a, 'w> {
    writer: &'a mut Writer<'w>,
    rows: Overlay,
    info: &'a TableInfo,
    index: &'a IndexInfo,
    keys: Keys,
}

/// How a stored row's key is found.
pub(super) enum Keys {
    /// Plain columns at these positions: nothing else of the row is decoded.
    Columns(Vec<usize>),
    Expressions(IndexExpressions),
}

impl Keys {
    pub(super) fn new(writer: &Writer<'_>, info: &TableInfo, index: &IndexInfo) -> Result<Keys> {
        let plain = |key: &super::KeyColumn| usize::try_from(key.column - 1).ok();
        let columns: Option<Vec<usize>> = index.keys.iter().map(plain).collect();
        if let (Some(columns), None) = (columns, &index.predicate) {
            return Ok(Keys::Columns(columns));
        }
        let eval = eval_over(&writer.work.catalog, writer.ctx);
        let expressions =
            index.compile(&|sql| writer.ctx.compiler.compile(&eval, info, sql, None))?;
        let keys = Keys::Expressions(expressions);
        keys.lend_to_functions(writer);
        Ok(keys)
    }

    /// Functions in the expressions work with what the statement works with.
    pub(super) fn lend_to_functions(&self, writer: &Writer<'_>) {
        let loan = &writer.ctx.eval.loan;
        if let Keys::Expressions(expressions) = self
            && expressions.call_functions()
            && !loan.is_needed()
        {
            loan.open(writer.work);
        }
    }

    /// The key of a stored row, unless a partial index leaves it out.
    pub(super) fn of(
        &self,
        writer: &mut Writer<'_>,
        info: &TableInfo,
        index: &IndexInfo,
        row: &[u8],
    ) -> Result<Option<Vec<Datum>>> {
        match self {
            Keys::Columns(columns) => lookup::columns(info, row, columns).map(Some),
            Keys::Expressions(expressions) => {
                let (row, ctx) = (info.decode(row)?, writer.ctx);
                ctx.lend(writer.work, || index.key(expressions, &ctx.eval, &row))
            }
        }
    }

    /// Whether the index leaves all rows out: its predicate reads none of them and is not
    /// true. As in PostgreSQL it is evaluated although there may be no row.
    fn leave_all_out(&self, writer: &mut Writer<'_>, info: &TableInfo) -> Result<bool> {
        let Keys::Expressions(IndexExpressions { predicate: Some(predicate), .. }) = self else {
            return Ok(false);
        };
        if predicate.reads_row() {
            return Ok(false);
        }
        let (ctx, row) = (writer.ctx, vec![Datum::Null; info.columns.len()]);
        let holds = ctx.lend(writer.work, || predicate.eval(&ctx.eval, &row))?;
        Ok(!matches!(holds, Datum::Bool(true)))
    }
}

impl Build<'_, '_> {
    fn run(&mut self) -> Result<u64> {
        if self.keys.leave_all_out(self.writer, self.info)? {
            return Ok(0);
        }
        let range = key::rows(self.info.storage_id());
        let mut rows = self.rows.scan(Keyspace::Rows, &range, false);
        let mut total = 0;
        loop {
            let run = self.collect(&mut rows)?;
            if run.is_empty() {
                return Ok(total);
            }
            self.check(&run, total > 0)?;
            self.put(&run)?;
            total += run.len() as u64;
        }
    }

    fn put(&mut self, run: &[Entry]) -> Result<()> {
        let storage_id = self.index.storage_id();
        let txn = &mut self.writer.work.txn;
        let mut entries = run.iter().map(|entry| (entry.key(storage_id), entry.value()));
        if run.len() >= INGESTED_RUN_MIN {
            return txn.ingest_index(storage_id, &mut entries);
        }
        entries.try_for_each(|(key, value)| txn.put(Keyspace::Indexes, key, value))
    }

    /// The next rows' entries, sorted, up to the budget.
    fn collect(&mut self, rows: &mut crate::txn::Scan) -> Result<Vec<Entry>> {
        let (mut run, mut bytes) = (Vec::new(), 0);
        for entry in rows {
            let (row_key, row) = entry?;
            if self.writer.ctx.cancel.is_cancelled() {
                return Err(Error::query_canceled());
            }
            let Some((_, rid)) = key::row_parts(&row_key) else { continue };
            let Some(key) = self.key(&row)? else { continue };
            let may_conflict = self.index.may_conflict(&key);
            let holds_rid = self.index.key_holds_rid(&key);
            for payload in self.index.payloads(&key)? {
                let value = self.index.entry_value(&key, rid)?;
                bytes += payload.len() + value.len() + size_of::<Entry>();
                run.push(Entry { payload, rid, may_conflict, holds_rid, value });
            }
            if bytes >= RUN_BYTES_MAX {
                break;
            }
        }
        run.sort_unstable_by(|a, b| a.payload.cmp(&b.payload).then(a.rid.cmp(&b.rid)));
        Ok(run)
    }

    /// The key of a stored row, unless a partial index leaves it out.
    fn key(&mut self, row: &[u8]) -> Result<Option<Vec<Datum>>> {
        self.keys.of(self.writer, self.info, self.index, row)
    }

    /// `23505` if two rows of this run, or one of it and one of an `earlier`, have
    /// the same key.
    fn check(&mut self, run: &[Entry], earlier: bool) -> Result<()> {
        if !self.index.unique {
            return Ok(());
        }
        let overlay = self.writer.work.txn.overlay_newest();
        let mut previous: Option<&Entry> = None;
        for entry in run.iter().filter(|entry| entry.may_conflict) {
            let twin = previous.is_some_and(|previous| previous.payload == entry.payload);
            if twin || (earlier && self.is_there(&overlay, entry)?) {
                return Err(self.duplicated(entry)?);
            }
            previous = Some(entry);
        }
        Ok(())
    }

    /// `23P01` if two rows exclude each other.
    fn require_exclusive(&mut self) -> Result<()> {
        if self.index.excludes_by.is_empty() {
            return Ok(());
        }
        let expressions = self.info.expressions(&self.writer.work.catalog, self.writer.ctx)?;
        let at = self.info.indexes.iter().position(|other| other.oid() == self.index.oid());
        let compiled = at.and_then(|at| expressions.indexes.get(at));
        let compiled = compiled.ok_or_else(|| Error::internal("an index of another table"))?;
        let overlay = self.writer.work.txn.overlay_newest();
        exclusion::require_none(self.writer, (self.info, self.index), compiled, &overlay)
    }

    /// Whether an earlier run has put this key.
    fn is_there(&self, overlay: &Overlay, entry: &Entry) -> Result<bool> {
        let storage_id = self.index.storage_id();
        if !entry.holds_rid {
            return Ok(overlay.get(Keyspace::Indexes, &entry.key(storage_id))?.is_some());
        }
        let range = key::index_range(
            storage_id,
            key::IndexBound::Before(&entry.payload),
            key::IndexBound::After(&entry.payload),
        );
        Ok(overlay.scan(Keyspace::Indexes, &range, false).next().transpose()?.is_some())
    }

    fn duplicated(&mut self, entry: &Entry) -> Result<Error> {
        let row = lookup::row(&self.rows, self.info.storage_id(), entry.rid)?;
        let row = row.ok_or_else(|| Error::internal("a row that was read is there"))?;
        let key = self.key(&row)?.unwrap_or_default();
        Ok(violation::duplicated(self.info, &self.writer.ctx.eval, self.index, &key))
    }
}

/// Gives up an index's entries when the transaction that drops it has committed.
pub fn remove(work: &mut Work, relation: &Relation) -> Result<()> {
    work.table.drop_storage(Keyspace::Indexes, relation.storage_id);
    Ok(())
}
