//! One row of a family of tables, written where it belongs, with the triggers of the
//! table that it is written to.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::SystemColumns;
use super::family::{Member, to_parent};
use super::info::TableInfo;
use super::trigger::Event;
use super::violation::failing_row;
use super::write::Writer;
use crate::error::{Error, Result};
use crate::sql::run::StatementContext;
use crate::sql::types::Datum;
use crate::sqlstate;

/// A row as it was written, and where.
pub struct Written {
    pub member: Arc<Member>,
    pub rid: u64,
    /// As its table has it.
    pub row: Vec<Datum>,
}

/// What becomes of a row that is locked.
pub struct Changed<'a> {
    pub rid: u64,
    pub old: &'a [Datum],
    pub new: Vec<Datum>,
    /// Attribute numbers of its table that are assigned.
    pub assigned: &'a [i16],
    /// What an error says was to be done with the row.
    pub doing: &'a str,
}

/// Conditions on the rows that are written to the named table.
pub trait RowConditions: Sync {
    fn is_empty(&self) -> bool;

    /// Tests a row, as the named table has it.
    fn test<'a>(
        &'a self,
        root: &'a TableInfo,
        system: SystemColumns,
        row: &'a [Datum],
        params: &'a [Datum],
        writer: &'a mut Writer<'_>,
    ) -> BoxFuture<'a, Result<()>>;
}

struct Unconditional;

impl RowConditions for Unconditional {
    fn is_empty(&self) -> bool {
        true
    }

    fn test<'a>(
        &'a self,
        _: &'a TableInfo,
        _: SystemColumns,
        _: &'a [Datum],
        _: &'a [Datum],
        _: &'a mut Writer<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// What policies ask of the rows of the named table, and the statement's parameters.
#[derive(Clone, Copy)]
pub struct Policed<'a> {
    pub checks: &'a dyn RowConditions,
    pub params: &'a [Datum],
}

impl Policed<'_> {
    /// No policy asks anything.
    pub const NONE: Policed<'static> = Policed { checks: &Unconditional, params: &[] };

    /// Tests a row that is complete but not written yet.
    pub async fn test(
        &self,
        writer: &mut Writer<'_>,
        root: &TableInfo,
        member: &Member,
        row: &[Datum],
    ) -> Result<()> {
        if self.checks.is_empty() {
            return Ok(());
        }
        let system = SystemColumns { table: member.info.oid(), rid: 0, xmin: 0, xmax: 0 };
        let row = to_parent(member.map.as_ref(), row);
        self.checks.test(root, system, &row, self.params, writer).await
    }
}

/// Inserts a row of the named table, into its partition if it has some; none if a
/// trigger left it out.
pub async fn insert(
    writer: &mut Writer<'_>,
    root: &Arc<TableInfo>,
    row: Vec<Datum>,
    policed: Policed<'_>,
) -> Result<Option<Written>> {
    if !root.relation.is_partitioned() {
        let member = Arc::new(Member { info: root.clone(), map: None, proof: None });
        let written = match policed.checks.is_empty() {
            true => writer.insert_firing(root, row).await?,
            false => insert_policed(writer, root, &member, row, policed).await?,
        };
        return Ok(written.map(|(rid, row)| Written { member, rid, row }));
    }
    let (member, row) = writer.route(root, row)?;
    let written = insert_routed(writer, root, &member, row, policed).await?;
    Ok(written.map(|(rid, row)| Written { member, rid, row }))
}

/// Inserts a row once the policies have seen what the triggers made of it.
pub async fn insert_policed(
    writer: &mut Writer<'_>,
    root: &TableInfo,
    member: &Member,
    row: Vec<Datum>,
    policed: Policed<'_>,
) -> Result<Option<(u64, Vec<Datum>)>> {
    let info = &member.info;
    let Some(mut row) = writer.before_row(info, Event::Insert, None, Some(row), &[])? else {
        return Ok(None);
    };
    writer.generate(info, &mut row)?;
    policed.test(writer, root, member, &row).await?;
    let (rid, row) = writer.insert(info, row).await?;
    writer.after_row(info, Event::Insert, None, Some(&row), &[])?;
    Ok(Some((rid, row)))
}

/// Inserts a row into the partition that was found for it.
pub async fn insert_routed(
    writer: &mut Writer<'_>,
    root: &Arc<TableInfo>,
    member: &Member,
    row: Vec<Datum>,
    policed: Policed<'_>,
) -> Result<Option<(u64, Vec<Datum>)>> {
    let seen = member.map.as_ref().map(|map| map.to_parent(&row));
    let written = match (member.info.triggers.is_some(), policed.checks.is_empty()) {
        (_, false) => insert_policed(writer, root, member, row, policed).await,
        // A trigger may make a row of it that is another partition's.
        (true, true) => writer.insert_firing(&member.info, row).await,
        (false, true) => writer.insert_routed(&member.info, row).await.map(Some),
    };
    let written = written.map_err(|error| match &seen {
        Some(seen) => as_named(error, root, seen, writer.ctx),
        None => error,
    })?;
    if let Some((_, row)) = &written {
        writer.capture(root, member, Event::Insert, None, Some(row))?;
    }
    Ok(written)
}

/// A row that was refused is shown as the named table has it.
fn as_named(error: Error, root: &TableInfo, seen: &[Datum], ctx: &StatementContext) -> Error {
    let shows_row = [sqlstate::NOT_NULL_VIOLATION, sqlstate::CHECK_VIOLATION];
    match shows_row.contains(&error.code()) {
        true => error.with_detail_if(failing_row(root, &ctx.eval, seen)),
        false => error,
    }
}

/// Updates a row that is locked; one that is not its partition's any more moves to
/// another. None if a trigger left it out.
pub async fn update(
    writer: &mut Writer<'_>,
    root: &Arc<TableInfo>,
    member: &Arc<Member>,
    changed: Changed<'_>,
    policed: Policed<'_>,
) -> Result<Option<Written>> {
    let info = &member.info;
    let Changed { rid, old, mut new, assigned, doing } = changed;
    let fires = info.triggers.is_some();
    if fires {
        let row = writer.before_row(info, Event::Update, Some(old), Some(new), assigned)?;
        let Some(row) = row else { return Ok(None) };
        writer.check_untouched(info, rid, old, doing)?;
        new = row;
    }
    let may_move = root.relation.is_partitioned() && info.is_partition();
    if may_move && !writer.belongs(info, &new)? {
        return move_row(writer, root, member, (rid, old), new, policed).await;
    }
    if !policed.checks.is_empty() {
        writer.generate(info, &mut new)?;
        policed.test(writer, root, member, &new).await?;
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
    if fires {
        writer.after_row(info, Event::Update, Some(old), Some(&row), assigned)?;
    }
    writer.capture(root, member, Event::Update, Some(old), Some(&row))?;
    Ok(Some(Written { member: member.clone(), rid, row }))
}

/// Deletes a row that is locked; false if a trigger left it alone.
pub async fn delete(
    writer: &mut Writer<'_>,
    root: &Arc<TableInfo>,
    member: &Member,
    (rid, old): (u64, &[Datum]),
    doing: &str,
) -> Result<bool> {
    if !writer.delete_firing(&member.info, rid, old, doing).await? {
        return Ok(false);
    }
    writer.capture(root, member, Event::Delete, Some(old), None)?;
    Ok(true)
}

/// To triggers a move is a deletion and an insertion; policies see the row that comes
/// of both.
async fn move_row(
    writer: &mut Writer<'_>,
    root: &Arc<TableInfo>,
    member: &Arc<Member>,
    (rid, old): (u64, &[Datum]),
    new: Vec<Datum>,
    policed: Policed<'_>,
) -> Result<Option<Written>> {
    let from = &member.info;
    let (to, mut row) = writer.route(root, to_parent(member.map.as_ref(), &new))?;
    if writer.before_row(from, Event::Delete, Some(old), None, &[])?.is_none() {
        return Ok(None);
    }
    if to.info.triggers.is_some() {
        match writer.before_row(&to.info, Event::Insert, None, Some(row), &[])? {
            Some(changed) => row = changed,
            None => {
                writer.delete(from, rid, old).await?;
                writer.capture(root, member, Event::Update, Some(old), None)?;
                writer.after_row(from, Event::Delete, Some(old), None, &[])?;
                return Ok(None);
            }
        }
    }
    if !policed.checks.is_empty() {
        writer.generate(&to.info, &mut row)?;
        policed.test(writer, root, &to, &row).await?;
    }
    let seen = to_parent(to.map.as_ref(), &row);
    let moved = writer.move_row(from, rid, old, &to.info, row).await;
    let (rid, row) = moved.map_err(|error| as_named(error, root, &seen, writer.ctx))?;
    writer.capture(root, member, Event::Update, Some(old), None)?;
    writer.capture(root, &to, Event::Update, None, Some(&row))?;
    writer.after_row(from, Event::Delete, Some(old), None, &[])?;
    writer.after_row(&to.info, Event::Insert, None, Some(&row), &[])?;
    Ok(Some(Written { member: to, rid, row }))
}
