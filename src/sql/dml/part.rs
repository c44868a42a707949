//! One row of a family of tables, written where it belongs.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::sql::run::StatementContext;
use crate::sql::types::Datum;
use crate::sqlstate;
use crate::table::family::to_parent;
use crate::table::{Member, TableInfo, Writer, failing_row};

/// A row as it was written, and where.
pub struct Written {
    pub member: Arc<Member>,
    pub rid: u64,
    /// As its table has it.
    pub row: Vec<Datum>,
}

/// Inserts a row of the named table, into its partition if it has some.
pub async fn insert(
    writer: &mut Writer<'_>,
    root: &Arc<TableInfo>,
    row: Vec<Datum>,
) -> Result<Written> {
    if !root.relation.is_partitioned() {
        let (rid, row) = writer.insert(root, row).await?;
        let member = Arc::new(Member { info: root.clone(), map: None, proof: None });
        return Ok(Written { member, rid, row });
    }
    let (member, row) = writer.route(root, row)?;
    let (rid, row) = insert_routed(writer, root, &member, row).await?;
    Ok(Written { member, rid, row })
}

/// Inserts a row into the partition that was found for it.
pub async fn insert_routed(
    writer: &mut Writer<'_>,
    root: &TableInfo,
    member: &Member,
    row: Vec<Datum>,
) -> Result<(u64, Vec<Datum>)> {
    let Some(map) = &member.map else { return writer.insert_routed(&member.info, row).await };
    let seen = map.to_parent(&row);
    let written = writer.insert_routed(&member.info, row).await;
    written.map_err(|error| as_named(error, root, &seen, writer.ctx))
}

/// A row that was refused is shown as the named table has it.
fn as_named(error: Error, root: &TableInfo, seen: &[Datum], ctx: &StatementContext) -> Error {
    let shows_row = [sqlstate::NOT_NULL_VIOLATION, sqlstate::CHECK_VIOLATION];
    match shows_row.contains(&error.code()) {
        true => error.with_detail(failing_row(root, &ctx.eval, seen)),
        false => error,
    }
}

/// Updates a row that is locked; one that is not its partition's any more moves to
/// another.
pub async fn update(
    writer: &mut Writer<'_>,
    root: &Arc<TableInfo>,
    member: &Arc<Member>,
    (rid, old): (u64, &[Datum]),
    new: Vec<Datum>,
) -> Result<Written> {
    let info = &member.info;
    let may_move = root.relation.is_partitioned() && info.is_partition();
    if may_move && !writer.belongs(info, &new)? {
        let (to, row) = writer.route(root, to_parent(member.map.as_ref(), &new))?;
        let seen = to_parent(to.map.as_ref(), &row);
        let moved = writer.move_row(info, rid, old, &to.info, row).await;
        let (rid, row) = moved.map_err(|error| as_named(error, root, &seen, writer.ctx))?;
        return Ok(Written { member: to, rid, row });
    }
    let seen = member.map.as_ref().map(|map| map.to_parent(&new));
    let row = match may_move {
        true => writer.update_in_place(info, rid, old, new).await,
        false => writer.update(info, rid, old, new).await,
    };
    let row = row.map_err(|error| match &seen {
        Some(seen) => as_named(error, root, seen, writer.ctx),
        None => error,
    })?;
    Ok(Written { member: member.clone(), rid, row })
}
