//! Filling an index from the rows that are there, and forgetting dropped storage.
//!
//! A build reads the table at the newest committed instant (with the own writes)
//! while the DDL holds off writers. Entries are collected up to a budget, sorted,
//! and put; a unique build compares each key with its neighbour in the sorted run
//! and with what earlier runs have put, so duplicates are found in bounded memory.

use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::index::{IndexInfo, ordered};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid};
use crate::storage::{Value, key};
use crate::table::{IndexExpressions, TableInfo, Writer, eval_over, violation};
use crate::txn::{Keyspace, Overlay};

/// Bytes of entries that are sorted at a time.
const RUN_BYTES_MAX: usize = 64 << 20;

/// One entry on its way into the index.
struct Entry {
    payload: Vec<u8>,
    rid: u64,
    key: Vec<Datum>,
}

/// Builds the entries of a new index of a table over all of its rows; answers how
/// many there are. The caller holds a lock that keeps writers out.
pub async fn build(work: &mut Work, ctx: &StatementContext, table: Oid, index: Oid) -> Result<u64> {
    let info = &*TableInfo::of(&work.catalog, table)?;
    let index = info
        .index(index)
        .ok_or_else(|| Error::internal(format!("table has no index with OID {index}")))?;
    let writer = &mut Writer::new(work, ctx);
    let expressions = compiled(writer, info, index)?;
    let overlay = writer.work.txn.overlay_newest();
    let mut rows = overlay.scan(Keyspace::Rows, &key::rows(info.storage_id()), false);
    let mut total = 0;
    loop {
        let run = collect(writer, info, index, &expressions, &mut rows)?;
        if run.is_empty() {
            return Ok(total);
        }
        total += run.len() as u64;
        put(writer, info, index, run)?;
        tokio::task::yield_now().await;
    }
}

fn compiled(writer: &Writer<'_>, info: &TableInfo, index: &IndexInfo) -> Result<IndexExpressions> {
    let eval = eval_over(&writer.work.catalog, writer.ctx);
    index.compile(&|sql| writer.ctx.compiler.compile(&eval, info, sql, None))
}

/// The next rows' entries, sorted, up to the budget.
fn collect(
    writer: &Writer<'_>,
    info: &TableInfo,
    index: &IndexInfo,
    expressions: &IndexExpressions,
    rows: &mut crate::txn::Scan,
) -> Result<Vec<Entry>> {
    let (mut run, mut bytes) = (Vec::new(), 0);
    for entry in rows {
        let (row_key, row) = entry?;
        if writer.ctx.cancel.is_cancelled() {
            return Err(Error::query_canceled());
        }
        let Some((_, rid)) = key::row_parts(&row_key) else { continue };
        let datums = info.decode(&row)?;
        let Some(key) = index.key(expressions, &writer.ctx.eval, &datums)? else { continue };
        let payload = ordered::encode_key(index, &key)?;
        bytes += payload.len() * 3 + 96;
        run.push(Entry { payload, rid, key });
        if bytes >= RUN_BYTES_MAX {
            break;
        }
    }
    run.sort_unstable_by(|a, b| a.payload.cmp(&b.payload).then(a.rid.cmp(&b.rid)));
    Ok(run)
}

fn put(
    writer: &mut Writer<'_>,
    info: &TableInfo,
    index: &IndexInfo,
    run: Vec<Entry>,
) -> Result<()> {
    let storage_id = index.storage_id();
    let overlay = index.unique.then(|| writer.work.txn.overlay_newest());
    let mut previous: Option<&Entry> = None;
    for entry in &run {
        if index.may_conflict(&entry.key) {
            let twin = previous.is_some_and(|previous| previous.payload == entry.payload);
            if twin || is_there(overlay.as_ref(), storage_id, &entry.payload)? {
                let eval = &writer.ctx.eval;
                return Err(violation::duplicated(info, eval, index, &entry.key));
            }
        }
        previous = Some(entry);
        let holds_rid = index.key_holds_rid(&entry.key);
        let stored = key::index_entry(storage_id, &entry.payload, holds_rid.then_some(entry.rid));
        let value =
            if holds_rid { Value::from(&[][..]) } else { key::index_value(entry.rid).into() };
        writer.work.txn.put(Keyspace::Indexes, stored, value)?;
    }
    Ok(())
}

/// Whether an earlier run has put this key.
fn is_there(overlay: Option<&Overlay>, storage_id: u32, payload: &[u8]) -> Result<bool> {
    let Some(overlay) = overlay else { return Ok(false) };
    let range = key::index_range(
        storage_id,
        key::IndexBound::Before(payload),
        key::IndexBound::After(payload),
    );
    Ok(overlay.scan(Keyspace::Indexes, &range, false).next().transpose()?.is_some())
}

/// Gives up an index's entries when the transaction that drops it has committed.
pub fn remove(work: &mut Work, relation: &Relation) -> Result<()> {
    work.table.drop_storage(Keyspace::Indexes, relation.storage_id);
    Ok(())
}
