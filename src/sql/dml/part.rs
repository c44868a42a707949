//! One row of a family of tables, written where it belongs.

use std::sync::Arc;

use crate::error::Result;
use crate::sql::types::Datum;
use crate::table::family::to_parent;
use crate::table::{Member, TableInfo, Writer};

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
    let (rid, row) = writer.insert_routed(&member.info, row).await?;
    Ok(Written { member, rid, row })
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
        let (rid, row) = writer.move_row(info, rid, old, &to.info, row).await?;
        return Ok(Written { member: to, rid, row });
    }
    let row = match may_move {
        true => writer.update_in_place(info, rid, old, new).await?,
        false => writer.update(info, rid, old, new).await?,
    };
    Ok(Written { member: member.clone(), rid, row })
}
