//! SELECT … FOR UPDATE and its kin: the rows below the locking node are read,
//! locked one by one, and stand as constants for the rest of the query.
//!
//! Under READ COMMITTED a row that changed since the snapshot is judged again in its
//! newest version ([`recheck`]); where that cannot be, the reading starts over at a new
//! instant, and as the locks held so far stay, this ends. A row that is gone is left
//! out. With a LIMIT right above, no more rows are locked than it lets through, and where an
//! index has their order, or their distance, not many more are read: first as many as are
//! wanted, then more, if others hold some of them.

use datafusion::execution::memory_pool::MemoryConsumer;
use futures::StreamExt;

use super::query::{RowChunks, constant_rows, rows};
use super::recheck::{self, Held, Judged, Version};
use super::{StatementContext, Work};
use crate::error::{Error, Result};
use crate::sql::dml::reserve;
use crate::sql::ir::visit;
use crate::sql::ir::{
    Cte, CteBody, Expr, ExprKind, LockWaitPolicy, OutputColumn, Query, Rel, RowLock,
    RowLockStrength,
};
use crate::sql::plan::fast::{self, FastPlan};
use crate::sql::plan::{self, walk};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::eval::native::integer;
use crate::sql::types::{Datum, SqlType, oid};
use crate::storage::key;
use crate::table::lock::row_not_available;
use crate::table::{Family, LockedRow, TableInfo, Writer};
use crate::txn::{Keyspace, LockMode, Overlay, WaitPolicy};

/// How often a changed row starts the reading over.
const RESTARTS_MAX: usize = 1_000;

/// How many times more rows are read in an order where too few of the first could be locked.
const GROWTH: usize = 8;

/// The locking node of a query with what is above it.
struct Found<'a> {
    rel: &'a mut Rel,
    ctes: Vec<Cte>,
    /// LIMIT and OFFSET right above.
    limit: Option<(Option<Expr>, Option<Expr>)>,
}

/// Locks the rows of a query's locking nodes, which are replaced by their rows.
pub async fn lock_rows(
    query: &mut Query,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<()> {
    while let Some(found) = find(&mut query.rel, Vec::new(), None) {
        lock_found(found, params, work, context).await?;
    }
    Ok(())
}

/// Locks the rows of one locking node.
async fn lock_found(
    found: Found<'_>,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<()> {
    let row_count_max = match &found.limit {
        Some((limit, offset)) => row_count(limit.as_ref(), params, context)?.map(|limit| {
            let offset = row_count(offset.as_ref(), params, context).ok().flatten();
            limit.saturating_add(offset.unwrap_or(0))
        }),
        None => None,
    };
    let Rel::LockRows { input, locks } = std::mem::replace(found.rel, Rel::OneRow) else {
        return Err(Error::internal("the node found is not LockRows"));
    };
    let columns = visit::columns(&input);
    let mut output = columns.clone();
    for lock in &locks {
        if !output.iter().any(|column| column.id == lock.rid) {
            output.push(rid_column(lock));
        }
        if let Some(id) = lock.tableoid.filter(|id| !output.iter().any(|c| c.id == *id)) {
            let ty = SqlType::new(oid::OID);
            output.push(OutputColumn { id, name: String::new(), ty, origin: None });
        }
    }
    let rel = match found.ctes.is_empty() {
        true => *input,
        false => Rel::With { ctes: found.ctes, body: input },
    };
    let below = Query { rel, output };
    // The first rows are found by an index when it is known how many are wanted.
    let in_order = |count| FastPlan::recognise(&limited(&below, count), &context.eval.catalog);
    let is_ordered = in_order(1).is_some_and(|fast| fast.is_ordered());
    let mut first = row_count_max.filter(|_| is_ordered || plan::is_by_distance(&below.rel));
    let row_count_max = row_count_max.unwrap_or(usize::MAX);
    for _ in 0..RESTARTS_MAX {
        let few = first.map(|first| limited(&below, first));
        let read = few.as_ref().unwrap_or(&below);
        let fast = first.filter(|_| is_ordered).and_then(in_order);
        let mut locking = Locking { query: &below, read, fast, locks: &locks, row_count_max };
        match locking.run(params, work, context).await? {
            // Some were left out, and others come after them.
            Some((rows, seen)) if rows.len() < row_count_max && first == Some(seen) => {
                let more = seen.saturating_mul(GROWTH);
                first = (is_ordered && more <= fast::ROWS_MAX).then_some(more);
            }
            Some((rows, _)) => {
                *found.rel = constant_rows(&below.output, rows);
                return Ok(());
            }
            None => work.txn.refresh_snapshot(),
        }
    }
    Err(Error::serialization_failure("could not serialize access due to concurrent update"))
}

/// The first rows of a query.
fn limited(query: &Query, count: usize) -> Query {
    let count = Datum::Int8(i64::try_from(count).unwrap_or(i64::MAX));
    let limit = Expr { kind: ExprKind::Const(count), ty: SqlType::new(oid::INT8), location: -1 };
    let rel = Rel::Limit {
        input: Box::new(query.rel.clone()),
        limit: Some(limit),
        offset: None,
        with_ties: Vec::new(),
    };
    Query { rel, output: query.output.clone() }
}

fn find<'a>(
    rel: &'a mut Rel,
    ctes: Vec<Cte>,
    limit: Option<(Option<Expr>, Option<Expr>)>,
) -> Option<Found<'a>> {
    match rel {
        Rel::LockRows { .. } => Some(Found { rel, ctes, limit }),
        Rel::Limit { input, limit, offset, .. } => {
            let limit = Some((limit.clone(), offset.clone()));
            find(input, ctes, limit)
        }
        Rel::Project { input, exprs } => match find(input, ctes.clone(), limit) {
            None => find_in_exprs(exprs.iter_mut().map(|(_, expr)| expr), &ctes),
            inside => inside,
        },
        Rel::Sort { input, .. } | Rel::Barrier { input } => find(input, ctes, None),
        Rel::Filter { input, predicate } => match find(input, ctes.clone(), None) {
            None => find_in_exprs([predicate], &ctes),
            inside => inside,
        },
        Rel::With { ctes: inner, body } => {
            let locks = |cte: &Cte| match &cte.body {
                CteBody::Query(query) => has_locks(query),
                CteBody::Modify(_) => false,
            };
            let Some(at) = inner.iter().position(locks) else {
                let ctes = ctes.into_iter().chain(inner.iter().cloned()).collect();
                return find(body, ctes, None);
            };
            let (before, rest) = inner.split_at_mut(at);
            let ctes = ctes.into_iter().chain(before.iter().cloned()).collect();
            match &mut rest[0].body {
                CteBody::Query(query) => find(query, ctes, None),
                CteBody::Modify(_) => None,
            }
        }
        Rel::Join { left, right, lateral, .. } => {
            // What a lateral side reads is different for each row of the other.
            match find(left, ctes.clone(), None) {
                None if !*lateral => find(right, ctes, None),
                inside => inside,
            }
        }
        Rel::SetOp { left, right, .. } => match find(left, ctes.clone(), None) {
            None => find(right, ctes, None),
            inside => inside,
        },
        Rel::Aggregate { input, .. }
        | Rel::Window { input, .. }
        | Rel::ProjectSet { input, .. }
        | Rel::Distinct { input, .. } => find(input, ctes, None),
        _ => None,
    }
}

/// A locking node within the subqueries of expressions. One that reads the row outside
/// locks others for each, and stays.
fn find_in_exprs<'a>(
    exprs: impl IntoIterator<Item = &'a mut Expr>,
    ctes: &[Cte],
) -> Option<Found<'a>> {
    exprs.into_iter().find_map(|expr| {
        if !matches!(expr.kind, ExprKind::Subquery(_)) {
            let mut found = None;
            visit::operands_mut(expr, &mut |operand| {
                if found.is_none() {
                    found = find_in_exprs([operand], ctes);
                }
            });
            return found;
        }
        match &mut expr.kind {
            ExprKind::Subquery(subquery) if walk::free_columns(&subquery.query.rel).is_empty() => {
                find(&mut subquery.query.rel, ctes.to_vec(), None)
            }
            _ => None,
        }
    })
}

fn has_locks(rel: &Rel) -> bool {
    let mut found = matches!(rel, Rel::LockRows { .. });
    visit::inputs(rel, &mut |input| found |= has_locks(input));
    found
}

fn rid_column(lock: &RowLock) -> crate::sql::ir::OutputColumn {
    crate::sql::ir::OutputColumn {
        id: lock.rid,
        name: String::new(),
        ty: crate::sql::types::SqlType::new(crate::sql::types::oid::INT8),
        origin: None,
    }
}

fn row_count(
    expr: Option<&Expr>,
    params: &[Datum],
    context: &StatementContext,
) -> Result<Option<usize>> {
    let Some(expr) = expr else { return Ok(None) };
    if walk::has_subquery(expr) {
        return Ok(None);
    }
    let evaluator = Evaluator::compile(expr, &[], &context.eval.catalog)?;
    let value = evaluator.eval(&context.eval, params, &[])?;
    Ok(integer(&value).and_then(|count| usize::try_from(count).ok()))
}

struct Locking<'a> {
    query: &'a Query,
    /// The same, or the first of its rows.
    read: &'a Query,
    /// How those are read, where an index has their order.
    fast: Option<FastPlan>,
    locks: &'a [RowLock],
    row_count_max: usize,
}

/// What became of one row.
enum Verdict {
    Locked,
    /// Locked in a newer version, with which the query gives this row.
    Renewed(Vec<Datum>),
    LeftOut,
    Changed,
}

impl Locking<'_> {
    /// The locked rows, and how many were read for them; `None` when one has changed and
    /// reading starts over.
    async fn run(
        &mut self,
        params: &[Datum],
        work: &mut Work,
        context: &StatementContext,
    ) -> Result<Option<(Vec<Vec<Datum>>, usize)>> {
        let reads = context.overlay(work);
        let few = match &self.fast {
            Some(fast) => context.lend(work, || fast.run(&reads, &context.eval, params))?,
            None => None,
        };
        let mut chunks: RowChunks = match few {
            Some(few) => Box::pin(futures::stream::iter([Ok(few)])),
            None => rows(self.read, params, work, context).await?,
        };
        let mut seen = 0;
        let positions = self
            .locks
            .iter()
            .map(|lock| {
                let position = |id| self.query.output.iter().position(|column| column.id == id);
                let rid = position(lock.rid);
                let rid = rid.ok_or_else(|| Error::internal("a locked row has no identity"))?;
                Ok((rid, lock.tableoid.and_then(position)))
            })
            .collect::<Result<Vec<_>>>()?;
        let consumer = MemoryConsumer::new("FOR UPDATE");
        let mut reservation = consumer.register(&context.runtime.memory_pool);
        let mut locked = Vec::new();
        while locked.len() < self.row_count_max {
            let Some(chunk) = context.lend_while(work, chunks.next()).await else { break };
            for row in chunk? {
                if locked.len() >= self.row_count_max {
                    break;
                }
                seen += 1;
                let held = (&row[..], &positions[..]);
                let row = match self.lock(held, &reads, params, work, context).await? {
                    Verdict::Locked => row,
                    Verdict::Renewed(row) => row,
                    Verdict::LeftOut => continue,
                    Verdict::Changed => return Ok(None),
                };
                reserve(&mut reservation, &row)?;
                locked.push(row);
            }
        }
        Ok(Some((locked, seen)))
    }

    /// Locks the rows that a row of the query is made of, at their positions in it.
    async fn lock(
        &self,
        (row, positions): (&[Datum], &[(usize, Option<usize>)]),
        reads: &Overlay,
        params: &[Datum],
        work: &mut Work,
        context: &StatementContext,
    ) -> Result<Verdict> {
        let mut held = Vec::with_capacity(self.locks.len());
        let mut has_changed = false;
        for (lock, (position, table)) in self.locks.iter().zip(positions) {
            let Datum::Int8(rid) = row[*position] else { continue };
            let table = match table.map(|at| &row[at]) {
                Some(Datum::Oid(table)) => *table,
                _ => lock.relation.oid,
            };
            let info = TableInfo::of(&work.catalog, table)?;
            let mut writer = Writer::new(work, context);
            let (mode, policy) = (mode(lock.strength), policy(lock.wait));
            match writer.lock_row_to_read(&info, rid as u64, mode, policy).await? {
                LockedRow::Unchanged(now) => held.push((lock, info, rid as u64, now)),
                LockedRow::Changed(now) => {
                    has_changed = true;
                    held.push((lock, info, rid as u64, now));
                }
                LockedRow::Gone => return Ok(Verdict::LeftOut),
                LockedRow::NotAvailable if lock.wait == LockWaitPolicy::NoWait => {
                    return Err(row_not_available(&lock.relation.name));
                }
                LockedRow::NotAvailable => return Ok(Verdict::LeftOut),
            }
        }
        if !has_changed {
            return Ok(Verdict::Locked);
        }
        let mut versions = Vec::with_capacity(held.len());
        for (lock, info, rid, now) in held {
            let Some(found) = reads.get(Keyspace::Rows, &key::row(info.storage_id(), rid))? else {
                return Ok(Verdict::Changed);
            };
            let family = Family::of(&work.catalog, lock.relation.oid)?;
            let version = |row: &[u8]| Version::of(&info, family.member(info.oid()), rid, row);
            let (found, now) = (version(&found)?, version(&now)?);
            versions.push(Held { rid: lock.rid, found, now: Some(now) });
        }
        let (query, matching) = (self.query, Some(row));
        let judged =
            recheck::judge_again(query, &versions, matching, reads, params, work, context).await?;
        Ok(match judged {
            Judged::Row(row) => Verdict::Renewed(row),
            Judged::Gone => Verdict::LeftOut,
            Judged::Unknown => Verdict::Changed,
        })
    }
}

fn mode(strength: RowLockStrength) -> LockMode {
    match strength {
        RowLockStrength::KeyShare => LockMode::RowKeyShare,
        RowLockStrength::Share => LockMode::RowForShare,
        RowLockStrength::NoKeyUpdate => LockMode::RowNoKeyUpdate,
        RowLockStrength::Update => LockMode::RowForUpdate,
    }
}

fn policy(wait: LockWaitPolicy) -> WaitPolicy {
    match wait {
        LockWaitPolicy::Block => WaitPolicy::Wait,
        LockWaitPolicy::SkipLocked => WaitPolicy::SkipLocked,
        LockWaitPolicy::NoWait => WaitPolicy::NoWait,
    }
}
