//! A row of a join is judged again when one of its rows has changed since the
//! snapshot: what PostgreSQL calls EvalPlanQual.
//!
//! READ COMMITTED takes a locked row in its newest version, and asks whether the query
//! still gives it: with that version, and with just those rows of the other relations
//! that it was found with, as the snapshot has them. Nothing else is read anew.
//!
//! ```text
//! UPDATE a SET v = b.v FROM b WHERE a.id = b.id AND a.n < 5
//!   found: a(1, n 3) × b(1)       a(1) is n 4 by now: judged as a(1, n 4) × b(1)
//! ```
//!
//! The query runs over constants then: first with the version that was found, which
//! tells the rows of the other relations, then with the newest one for each of those.
//! It is planned anew for that, which only a conflict pays for. Where relations below
//! the join cannot be read twice (they change rows or lock them), or the locked one is
//! within a subquery of FROM, the answer is [`Judged::Unknown`] and the statement starts
//! over in a newer snapshot.

use std::sync::Arc;

use futures::StreamExt;

use super::query::{constant_rows, rows};
use super::{StatementContext, Work};
use crate::error::{Error, Result};
use crate::sql::ir::{
    ColumnId, CteBody, Expr, ExprKind, JoinKind, OutputColumn, Query, Rel, Scan, visit,
};
use crate::sql::types::{Datum, SqlType, oid};
use crate::storage::row;
use crate::table::{Member, SystemColumns, TableInfo};
use crate::txn::Overlay;

/// A row version, in the columns of the table that the query names.
pub struct Version {
    pub system: SystemColumns,
    pub row: Vec<Datum>,
}

impl Version {
    /// A stored row; `member` says how the named table has it, where it is another one.
    pub fn of(
        info: &TableInfo,
        member: Option<&Arc<Member>>,
        rid: u64,
        row: &[u8],
    ) -> Result<Version> {
        let xmin = row::writer(row);
        let system = SystemColumns { table: info.oid(), rid, xmin, xmax: 0 };
        let own = info.decode(row)?;
        let row = match member.and_then(|member| member.map.as_ref()) {
            Some(map) => map.to_parent(&own),
            None => own,
        };
        Ok(Version { system, row })
    }
}

/// A locked row.
pub struct Held {
    /// The identity column of its scan.
    pub rid: ColumnId,
    /// As the snapshot has it.
    pub found: Version,
    /// As it is now, if it is still there.
    pub now: Option<Version>,
}

pub enum Judged {
    /// What the query gives with the newest versions.
    Row(Vec<Datum>),
    /// Nothing any more.
    Gone,
    Unknown,
}

/// Judges a row of `query` again. `matching` is the row, where it tells which of the
/// other relations' rows are meant; else all are tried that the held rows were found
/// with, in order. `reads` is what the statement read through.
pub async fn judge_again(
    query: &Query,
    held: &[Held],
    matching: Option<&[Datum]>,
    reads: &Overlay,
    params: &[Datum],
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Judged> {
    if !may_run_again(&query.rel) || !holds_all(query, held) {
        return Ok(Judged::Unknown);
    }
    let ctx = StatementContext { reads: Some(reads.clone()), ..ctx.clone() };
    let width = query.output.len();
    let (found, others) = as_found(query, held)?;
    let mut candidates = all_rows(&found, params, work, &ctx).await?;
    if let Some(row) = matching {
        let is_same = |candidate: &Vec<Datum>| {
            candidate[..width].iter().zip(row).all(|(a, b)| a.is_identical(b))
        };
        candidates.retain(is_same);
        candidates.truncate(1);
        if candidates.is_empty() {
            return Ok(Judged::Unknown);
        }
    }
    for candidate in candidates {
        let now = as_it_is(query, held, &others, &candidate)?;
        let judged = all_rows(&now, params, work, &ctx).await?;
        if let Some(row) = judged.into_iter().next() {
            return Ok(Judged::Row(row));
        }
    }
    Ok(Judged::Gone)
}

async fn all_rows(
    query: &Query,
    params: &[Datum],
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Vec<Vec<Datum>>> {
    let mut chunks = rows(query, params, work, ctx).await?;
    let mut all = Vec::new();
    while let Some(chunk) = ctx.lend_while(work, chunks.next()).await {
        all.extend(chunk?);
    }
    Ok(all)
}

/// False if something in it changes or locks rows.
fn may_run_again(rel: &Rel) -> bool {
    let mut may = match rel {
        Rel::LockRows { .. } => false,
        Rel::With { ctes, .. } => ctes.iter().all(|cte| matches!(cte.body, CteBody::Query(_))),
        _ => true,
    };
    visit::inputs(rel, &mut |input| may = may && may_run_again(input));
    may
}

/// A relation that the query joins.
struct Leaf<'a> {
    rel: &'a mut Rel,
    /// NULLs may stand for it.
    nullable: bool,
}

fn leaves<'a>(rel: &'a mut Rel, nullable: bool, found: &mut Vec<Leaf<'a>>) {
    match rel {
        Rel::Filter { input, .. } | Rel::Barrier { input } => leaves(input, nullable, found),
        Rel::With { body, .. } => leaves(body, nullable, found),
        Rel::Join { kind, left, right, .. } => {
            let (on_left, on_right) = match kind {
                JoinKind::Left => (false, true),
                JoinKind::Right => (true, false),
                JoinKind::Full => (true, true),
                JoinKind::Inner => (false, false),
            };
            leaves(left, nullable || on_left, found);
            leaves(right, nullable || on_right, found);
        }
        rel => found.push(Leaf { rel, nullable }),
    }
}

/// The relations that the query joins below its select list.
fn joined(rel: &mut Rel) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    match rel {
        Rel::With { body, .. } => return joined(body),
        Rel::Project { input, .. } => leaves(input, false, &mut found),
        rel => leaves(rel, false, &mut found),
    }
    found
}

/// Whether every held row is of a relation that is joined directly.
fn holds_all(query: &Query, held: &[Held]) -> bool {
    let mut rel = query.rel.clone();
    let found = joined(&mut rel);
    held.iter().all(|held| found.iter().any(|leaf| holds(leaf.rel, held)))
}

fn holds(leaf: &Rel, held: &Held) -> bool {
    matches!(leaf, Rel::Scan(scan) if scan.rid == Some(held.rid))
}

/// The columns of a relation, with a scan's identity.
fn leaf_columns(leaf: &Rel) -> Vec<OutputColumn> {
    let mut columns = visit::columns(leaf);
    if let Rel::Scan(Scan { rid: Some(id), .. }) = leaf {
        let ty = SqlType::new(oid::INT8);
        columns.push(OutputColumn { id: *id, name: String::new(), ty, origin: None });
    }
    columns
}

fn version_of(leaf: &Rel, version: &Version) -> Result<Rel> {
    let Rel::Scan(scan) = leaf else {
        return Err(Error::internal("a held row is not of a table"));
    };
    let values = scan.columns.iter().map(|(attnum, _)| version.system.value(*attnum, &version.row));
    let mut row = values.collect::<Result<Vec<Datum>>>()?;
    row.push(Datum::Int8(version.system.rid as i64));
    Ok(constant_rows(&leaf_columns(leaf), vec![row]))
}

/// The query over the versions that were found, with the columns of the other relations
/// behind its own; where those of each relation are.
fn as_found(query: &Query, held: &[Held]) -> Result<(Query, Vec<Vec<usize>>)> {
    let mut query = query.clone();
    let (mut others, mut columns) = (Vec::new(), Vec::<OutputColumn>::new());
    for leaf in joined(&mut query.rel) {
        match held.iter().find(|held| holds(leaf.rel, held)) {
            Some(held) => *leaf.rel = version_of(leaf.rel, &held.found)?,
            None => {
                let mut places = Vec::new();
                for column in leaf_columns(leaf.rel) {
                    let mut all = query.output.iter().chain(&columns);
                    let known = all.position(|known| known.id == column.id);
                    places.push(known.unwrap_or(query.output.len() + columns.len()));
                    if known.is_none() {
                        columns.push(column);
                    }
                }
                others.push(places);
            }
        }
    }
    add_columns(&mut query.rel, &columns);
    query.output.extend(columns);
    Ok((query, others))
}

/// Lets the select list, if there is one, give these columns, too.
fn add_columns(rel: &mut Rel, columns: &[OutputColumn]) {
    match rel {
        Rel::With { body, .. } => add_columns(body, columns),
        Rel::Project { exprs, .. } => {
            let read = |column: &OutputColumn| {
                let (kind, location) = (ExprKind::Column(column.id), -1);
                (column.clone(), Expr { kind, ty: column.ty, location })
            };
            exprs.extend(columns.iter().map(read));
        }
        _ => {}
    }
}

/// The query over the newest versions, and over the rows that they were found with.
fn as_it_is(
    query: &Query,
    held: &[Held],
    others: &[Vec<usize>],
    candidate: &[Datum],
) -> Result<Query> {
    let mut query = query.clone();
    let mut others = others.iter();
    for leaf in joined(&mut query.rel) {
        if let Some(held) = held.iter().find(|held| holds(leaf.rel, held)) {
            *leaf.rel = match &held.now {
                Some(now) => version_of(leaf.rel, now)?,
                None => constant_rows(&leaf_columns(leaf.rel), Vec::new()),
            };
            continue;
        }
        let own = others.next().ok_or_else(|| Error::internal("a relation has no row"))?;
        let columns = leaf_columns(leaf.rel);
        let row: Vec<Datum> = own.iter().map(|at| candidate[*at].clone()).collect();
        let is_missing = leaf.nullable && row.iter().all(Datum::is_null);
        *leaf.rel = match (columns.is_empty(), is_missing) {
            (true, _) => Rel::OneRow,
            (false, true) => constant_rows(&columns, Vec::new()),
            (false, false) => constant_rows(&columns, vec![row]),
        };
    }
    Ok(query)
}
