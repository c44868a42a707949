//! TRUNCATE: the table and its indexes go on with fresh, empty storage.
//!
//! The change is one of the catalog, so it is transactional: a rollback keeps the
//! old storage ids. The old storage is given up when nobody can read it any more.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::catalog::{Change, Relation, RelationKind, acl};
use crate::error::{Error, Result, Severity};
use crate::sql::privilege;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::{Event, TableInfo, Writer, lock};
use crate::txn::{Keyspace, LockMode, WaitPolicy};

/// Empties tables.
pub async fn truncate(
    work: &mut Work,
    ctx: &StatementContext,
    tables: &[Oid],
    restart_identity: bool,
    cascade: bool,
) -> Result<()> {
    let tables = with_referencing(work, ctx, tables, cascade)?;
    for table in &tables {
        let mode = LockMode::AccessExclusive;
        lock::acquire_relation(*table, mode, WaitPolicy::Wait, work, ctx).await?;
    }
    for table in &tables {
        let info = TableInfo::of(&work.catalog, *table)?;
        Writer::new(work, ctx).before_statement(&info, Event::Truncate, &[])?;
    }
    for table in &tables {
        empty(work, *table)?;
        if restart_identity {
            restart_sequences(work, ctx, *table).await?;
        }
    }
    for table in &tables {
        let info = TableInfo::of(&work.catalog, *table)?;
        if info.triggers.is_some() || info.is_watched() {
            let mut writer = Writer::new(work, ctx);
            writer.note(&info, Event::Truncate, None, None).await?;
            writer.after_statement(&info, Event::Truncate, &[])?;
            writer.finish().await?;
        }
    }
    Ok(())
}

/// The tables and, with CASCADE, all that refer to them; without, `0A000` if a
/// table outside the list does.
fn with_referencing(
    work: &Work,
    ctx: &StatementContext,
    tables: &[Oid],
    cascade: bool,
) -> Result<BTreeSet<Oid>> {
    let mut all: BTreeSet<Oid> = tables.iter().copied().collect();
    let parts = |catalog: &crate::catalog::Catalog, table: Oid| catalog.with_descendants(table);
    let mut queue: VecDeque<Oid> = tables.iter().copied().collect();
    while let Some(table) = queue.pop_front() {
        let info = TableInfo::of(&work.catalog, table)?;
        for foreign in &info.referencing {
            let child = foreign.constraint.table;
            if all.contains(&child) {
                continue;
            }
            if !cascade {
                let child = TableInfo::of(&work.catalog, child)?;
                return Err(referenced(&info, &child));
            }
            if let Some(child) = work.catalog.relation(child) {
                privilege::check_relation(child, acl::TRUNCATE, &ctx.eval)?;
            }
            for part in parts(&work.catalog, child) {
                if all.insert(part) {
                    let name = TableInfo::of(&work.catalog, part)?.name().to_owned();
                    let message = format!("truncate cascades to table \"{name}\"");
                    ctx.notices.send(Error::notice(Severity::Notice, message));
                    queue.push_back(part);
                }
            }
        }
    }
    Ok(all)
}

fn referenced(table: &TableInfo, child: &TableInfo) -> Error {
    Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        "cannot truncate a table referenced in a foreign key constraint",
    )
    .with_detail(format!("Table \"{}\" references \"{}\".", child.name(), table.name()))
    .with_hint(format!(
        "Truncate table \"{}\" at the same time, or use TRUNCATE ... CASCADE.",
        child.name()
    ))
}

/// Gives the table and its indexes new storage.
pub fn empty(work: &mut Work, table: Oid) -> Result<()> {
    let relation = relation(work, table)?;
    for oid in std::iter::once(table).chain(relation.indexes.iter().copied()) {
        let mut changed = (*self::relation(work, oid)?).clone();
        let keyspace = if oid == table { Keyspace::Rows } else { Keyspace::Indexes };
        work.txn.note_object_write(keyspace, changed.storage_id)?;
        work.table.drop_storage(keyspace, changed.storage_id);
        changed.storage_id = work.catalog.next_oid();
        put(work, changed);
    }
    Ok(())
}

fn relation(work: &Work, oid: Oid) -> Result<Arc<Relation>> {
    let relation = work.catalog.relation(oid).cloned();
    relation.ok_or_else(|| Error::internal(format!("could not open relation with OID {oid}")))
}

fn put(work: &mut Work, relation: Relation) {
    work.change(Change::put(relation));
}

/// RESTART IDENTITY: sequences owned by the table's columns begin anew, with new
/// storage as well, so that a rollback gives the old values back.
/// Nobody else uses them before the transaction ends.
async fn restart_sequences(work: &mut Work, ctx: &StatementContext, table: Oid) -> Result<()> {
    let owned: Vec<Relation> = work
        .catalog
        .relations()
        .filter(|relation| match &relation.kind {
            RelationKind::Sequence(sequence) => {
                sequence.owned_by.is_some_and(|(owner, _)| owner == table)
            }
            _ => false,
        })
        .map(|relation| (**relation).clone())
        .collect();
    for mut sequence in owned {
        let mode = LockMode::AccessExclusive;
        lock::acquire_relation(sequence.oid, mode, WaitPolicy::Wait, work, ctx).await?;
        sequence.storage_id = work.catalog.next_oid();
        put(work, sequence);
    }
    Ok(())
}
