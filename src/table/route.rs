//! Where a row of a partitioned table goes, and whether a partition's row is its.

use std::sync::Arc;

use super::family::{Family, Member, to_child, to_parent};
use super::info::TableInfo;
use super::partition::{KeyPart, Partitions};
use super::violation;
use super::write::Writer;
use crate::catalog::{Catalog, deparse};
use crate::error::{Error, Result};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;
use crate::storage::{Value, key};
use crate::txn::Keyspace;

/// Rows between two looks at the cancel token.
const ROWS_PER_LOOK: usize = 1024;

impl Writer<'_> {
    /// The partition that a partitioned table's row belongs to, and the row as that
    /// partition has it. `23514` if there is none.
    pub fn route(
        &self,
        root: &Arc<TableInfo>,
        row: Vec<Datum>,
    ) -> Result<(Arc<Member>, Vec<Datum>)> {
        let catalog = &self.work.catalog;
        if root.is_partition() {
            self.require_belonging(root, &row)?;
        }
        let (mut info, mut row) = (root.clone(), row);
        while info.relation.is_partitioned() {
            let partitions = Partitions::of(catalog, info.oid())?;
            let key = partitions.key_of(&info, catalog, self.ctx, &row)?;
            let Some(found) = partitions.find(&key)? else {
                return Err(no_partition(&info, catalog, self.ctx, &partitions.keys, &key));
            };
            let partition = &partitions.children[found];
            row = to_child(partition.map.as_ref(), row);
            info = TableInfo::of(catalog, partition.oid)?;
        }
        let family = Family::of(catalog, root.oid())?;
        let member = family.member(info.oid()).cloned();
        let member = member.ok_or_else(|| Error::internal("a partition outside of its table"))?;
        Ok((member, row))
    }

    /// Whether a row may be in a partition: its bounds and those above it.
    pub fn belongs(&self, info: &TableInfo, row: &[Datum]) -> Result<bool> {
        belongs(&self.work.catalog, self.ctx, info, row)
    }

    /// `23514` if a row is not of the partition it is written to.
    pub(super) fn require_belonging(&self, info: &TableInfo, row: &[Datum]) -> Result<()> {
        match self.belongs(info, row)? {
            true => Ok(()),
            false => Err(violation::partition(info, &self.ctx.eval, row)),
        }
    }
}

pub(super) fn belongs(
    catalog: &Arc<Catalog>,
    ctx: &StatementContext,
    info: &TableInfo,
    row: &[Datum],
) -> Result<bool> {
    let mut row = row.to_vec();
    let mut relation = info.relation.clone();
    while relation.inheritance.bound.is_some() && !relation.inheritance.detaching {
        let Some(parent) = relation.inheritance.parents.first() else { break };
        let parent = TableInfo::of(catalog, *parent)?;
        let partitions = Partitions::of(catalog, parent.oid())?;
        let own = partitions.children.iter().position(|child| child.oid == relation.oid);
        let own = own.ok_or_else(|| Error::internal("a partition outside of its table"))?;
        row = to_parent(partitions.children[own].map.as_ref(), &row);
        let key = partitions.key_of(&parent, catalog, ctx, &row)?;
        if partitions.find(&key)? != Some(own) {
            return Ok(false);
        }
        relation = parent.relation.clone();
    }
    Ok(true)
}

/// `23514`: `no partition of relation "t" found for row`.
fn no_partition(
    info: &TableInfo,
    catalog: &Catalog,
    ctx: &StatementContext,
    keys: &[KeyPart],
    key: &[Datum],
) -> Error {
    let path = &ctx.eval.settings.search_path;
    let names = deparse::partition_key_columns(catalog, path, &info.relation).join(", ");
    let values: Vec<String> = keys
        .iter()
        .zip(key)
        .map(|(part, value)| violation::clipped_text(&ctx.eval, value, &part.ty))
        .collect();
    let attnums = keys.iter().map(|part| part.position.map_or(0, |at| at as i16 + 1));
    let is_shown = violation::may_show_key(info, &ctx.eval, attnums);
    Error::new(
        sqlstate::CHECK_VIOLATION,
        format!("no partition of relation \"{}\" found for row", info.name()),
    )
    .with_detail_if(is_shown.then(|| {
        format!("Partition key of the failing row contains ({names}) = ({}).", values.join(", "))
    }))
    .with_table(&info.schema_name, info.name())
}

/// All rows of a table and of its partitions against the bounds of those above it:
/// `23514` if one is not of its partition. `of_default`: because of a new partition
/// beside the default one.
pub async fn verify_bounds(
    work: &mut Work,
    ctx: &StatementContext,
    table: Oid,
    of_default: bool,
) -> Result<()> {
    let family = Family::of(&work.catalog, table)?;
    let alone;
    let members = match TableInfo::of(&work.catalog, table)? {
        info if info.relation.is_partitioned() => &family.members,
        info => {
            alone = Family::only(info);
            &alone.members
        }
    };
    for member in members {
        let info = &member.info;
        let range = key::rows(info.storage_id());
        let rows = work.txn.overlay_newest().scan(Keyspace::Rows, &range, false);
        for (count, entry) in rows.enumerate() {
            let row: Value = entry?.1;
            if !belongs(&work.catalog, ctx, info, &info.decode(&row)?)? {
                return Err(some_row_violates(info, of_default));
            }
            if count % ROWS_PER_LOOK == 0 {
                if ctx.cancel.is_cancelled() {
                    return Err(Error::query_canceled());
                }
                tokio::task::yield_now().await;
            }
        }
    }
    Ok(())
}

fn some_row_violates(info: &TableInfo, of_default: bool) -> Error {
    let name = info.name();
    let message = match of_default {
        true => format!(
            "updated partition constraint for default partition \"{name}\" would be violated by \
             some row"
        ),
        false => {
            format!("partition constraint of relation \"{name}\" is violated by some row")
        }
    };
    Error::new(sqlstate::CHECK_VIOLATION, message).with_table(&info.schema_name, name)
}
