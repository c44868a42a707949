//! Rows of the target that a statement is to change, found without a plan.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::conditions::Conditions;
use super::implied::index_hints;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, Expr, ExprKind, Rel, Scan, visit};
use crate::sql::run::StatementContext;
use crate::sql::run::eval::Evaluator;
use crate::sql::types::Datum;
use crate::storage::Value;
use crate::table::scan::{
    Access, Comparison, IndexHints, RowIterator, choose, count_search, fetched, named_rows,
    rid_rows, scanned,
};
use crate::table::{Member, ScanOptions, TableInfo, lookup};
use crate::txn::{Counted, Overlay};

/// Rows that travel together from the reading thread.
const CHUNK_ROWS: usize = 512;
/// Chunks that may wait for the writer.
const CHUNKS_MAX: usize = 4;
/// Up to this many rows named by an index are read in place, without a thread.
const INLINE_ROWS_MAX: usize = 64;

/// A scan of the target alone, with the statement's whole condition.
pub struct TargetScan {
    predicate: Option<Arc<Evaluator>>,
    conditions: Conditions,
    /// The condition as it was bound, and the named table's columns in it.
    bound: Option<(Expr, Vec<(i16, ColumnId)>)>,
}

/// The target's columns by position, then its rid: the row that evaluators see.
pub fn slots(scan: &Scan) -> Vec<ColumnId> {
    let unread = ColumnId(u32::MAX);
    let mut slots = vec![unread; scan.relation.columns.len()];
    for (attnum, column) in &scan.columns {
        if let Ok(position) = usize::try_from(attnum - 1) {
            slots[position] = column.id;
        }
    }
    slots.push(scan.rid.unwrap_or(unread));
    slots
}

/// Ids for columns that the binder has not made. They are counted down from the middle
/// of all ids: the binder counts from 1, the planner from the largest in use.
pub fn own_columns() -> impl FnMut() -> ColumnId {
    let mut next = u32::MAX / 2;
    move || {
        next -= 1;
        ColumnId(next)
    }
}

/// A decoded row as evaluators see it: the named table's columns, then the rid.
pub fn evaluated_row(member: &Member, rid: u64, row: &[u8]) -> Result<Vec<Datum>> {
    let mut datums = member.info.decode(row)?;
    if let Some(map) = &member.map {
        datums = map.to_parent(&datums);
    }
    datums.push(Datum::Int8(rid as i64));
    Ok(datums)
}

impl TargetScan {
    /// The scan, if the input is nothing but the filtered target and the filter can
    /// be evaluated row by row.
    pub fn new(target: &Scan, input: &Rel, catalog: &Catalog) -> Result<Option<TargetScan>> {
        let mut predicates: Vec<&Expr> = Vec::new();
        let mut rel = input;
        while let Rel::Filter { input, predicate } = rel {
            predicates.push(predicate);
            rel = input;
        }
        let alone = matches!(rel, Rel::Scan(scan) if scan.rid == target.rid);
        if !alone || predicates.len() > 1 {
            return Ok(None);
        }
        let Some(predicate) = predicates.first() else {
            let conditions = Conditions::default();
            return Ok(Some(TargetScan { predicate: None, conditions, bound: None }));
        };
        let Ok(evaluator) = Evaluator::compile(predicate, &slots(target), catalog) else {
            return Ok(None);
        };
        let columns: Vec<(i16, ColumnId)> =
            target.columns.iter().map(|(attnum, column)| (*attnum, column.id)).collect();
        let conditions = Conditions::new(predicate, &columns, catalog)?;
        let bound = Some(((*predicate).clone(), columns));
        Ok(Some(TargetScan { predicate: Some(Arc::new(evaluator)), conditions, bound }))
    }

    /// Whether a version of a row fulfils the condition.
    pub fn matches(&self, ctx: &EvalContext, params: &[Datum], row: &[Datum]) -> Result<bool> {
        match &self.predicate {
            Some(predicate) => predicate.is_true(ctx, params, row),
            None => Ok(true),
        }
    }

    /// What the condition says of single columns of the named table; `None` if it
    /// holds for no row.
    pub fn comparisons(
        &self,
        root: &TableInfo,
        params: &[Datum],
        ctx: &StatementContext,
    ) -> Result<Option<Vec<(usize, Comparison)>>> {
        self.conditions.evaluate(root, &ctx.eval, params)
    }

    /// What the condition says of a member's indexes over more than columns.
    fn index_hints(&self, member: &Member, params: &[Datum], eval: &EvalContext) -> IndexHints {
        if member.info.indexes.iter().all(|index| index.is_over_columns()) {
            return IndexHints::default();
        }
        let own = |(number, id): &(i16, ColumnId)| match *number {
            1.. => member.attnum(*number).map(|number| (number, *id)),
            _ => None,
        };
        let columns: Vec<(i16, ColumnId)> =
            self.bound.iter().flat_map(|(_, columns)| columns.iter().filter_map(own)).collect();
        let condition = self.bound.as_ref().map(|(condition, _)| {
            let mut condition = condition.clone();
            visit::rewrite(&mut condition, &mut |expr| {
                if let ExprKind::Param(at) = expr.kind
                    && let Some(value) = params.get(at)
                {
                    expr.kind = ExprKind::Const(value.clone());
                }
            });
            condition
        });
        let condition = condition.as_ref().map(|condition| (condition, columns.as_slice()));
        index_hints(&member.info, condition, eval, params, |expr| Ok(expr.clone()))
    }

    /// Starts reading a member's rows that fulfil the condition at the overlay's
    /// instant; `comparisons` are of the named table's columns.
    pub fn open(
        &self,
        member: &Arc<Member>,
        comparisons: &[(usize, Comparison)],
        overlay: Overlay,
        params: &[Datum],
        ctx: &StatementContext,
    ) -> Result<TargetRows> {
        let info = &member.info;
        let own;
        let comparisons = match member.map {
            None => comparisons,
            Some(_) => {
                own = member.comparisons(comparisons);
                own.as_slice()
            }
        };
        let filter = Filter {
            member: member.clone(),
            predicate: self.predicate.clone(),
            params: params.to_vec(),
            eval: ctx.eval.clone(),
        };
        if let Some((index, key)) = unique_key(info, comparisons) {
            let found = lookup::unique(info, &overlay, index, &key)?;
            lookup::count(index, &overlay, found.is_some());
            return Ok(match found {
                Some((rid, row)) if filter.matches(rid, &row)? => TargetRows::One(rid, row),
                _ => TargetRows::None,
            });
        }
        let options = ScanOptions {
            system: Vec::new(),
            batch_rows: CHUNK_ROWS,
            parallelism: 1,
            cancel: ctx.cancel.clone(),
            proof: None,
            alias: None,
            hints: Vec::new(),
            indexes: self.index_hints(member, params, &ctx.eval),
        };
        let access = choose(info, &overlay, comparisons, &options)?;
        let rows = match &access {
            Access::Sequential(_) => {
                overlay.count(info.oid(), Counted::Scans, 1);
                scanned(info, &overlay, rid_rows(info, &overlay, 0, u64::MAX))
            }
            Access::Index(access) => {
                let count = access.rows.rids.len();
                count_search(access.index, &overlay, count);
                let rows = named_rows(info, &overlay, &access.rows, 0..count);
                fetched(access.index, &overlay, rows)
            }
        };
        match access {
            Access::Index(access) if access.rows.rids.len() <= INLINE_ROWS_MAX => {
                let chunk = filter.chunk(&mut rows.take(INLINE_ROWS_MAX + 1), usize::MAX)?;
                Ok(TargetRows::Chunk(chunk.into_iter()))
            }
            _ => Ok(spawn(filter, rows, ctx)),
        }
    }
}

/// The unique index whose whole key the comparisons give, and the key.
fn unique_key<'a>(
    info: &'a TableInfo,
    comparisons: &[(usize, Comparison)],
) -> Option<(&'a Arc<crate::index::IndexInfo>, Vec<Datum>)> {
    let value = |position: usize| {
        comparisons.iter().find_map(|(at, comparison)| match comparison {
            Comparison::Equal(datum) if *at == position => Some(datum.clone()),
            _ => None,
        })
    };
    info.indexes.iter().filter(|index| index.is_always_unique()).find_map(|index| {
        let key: Option<Vec<Datum>> = index
            .keys
            .iter()
            .map(|key| usize::try_from(key.column - 1).ok().and_then(value))
            .collect();
        Some((index, key?))
    })
}

struct Filter {
    member: Arc<Member>,
    predicate: Option<Arc<Evaluator>>,
    params: Vec<Datum>,
    eval: Arc<EvalContext>,
}

type Chunk = Vec<(u64, Value)>;

impl Filter {
    fn matches(&self, rid: u64, row: &Value) -> Result<bool> {
        let Some(predicate) = &self.predicate else { return Ok(true) };
        predicate.is_true(&self.eval, &self.params, &evaluated_row(&self.member, rid, row)?)
    }

    /// The next rows that pass, of at most `read_max` looked at.
    fn chunk(
        &self,
        rows: &mut dyn Iterator<Item = Result<(u64, Value)>>,
        read_max: usize,
    ) -> Result<Chunk> {
        let mut chunk = Vec::new();
        for row in rows.take(read_max) {
            let (rid, row) = row?;
            if self.matches(rid, &row)? {
                chunk.push((rid, row));
            }
        }
        Ok(chunk)
    }
}

/// Reads on a thread of its own.
fn spawn(filter: Filter, rows: RowIterator, ctx: &StatementContext) -> TargetRows {
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    let cancel = ctx.cancel.clone();
    tokio::task::spawn_blocking(move || {
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let chunk = match cancel.is_cancelled() {
                true => Err(Error::query_canceled()),
                false => filter.chunk(&mut rows, CHUNK_ROWS),
            };
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                return;
            }
        }
    });
    TargetRows::Stream { receiver, chunk: Vec::new().into_iter() }
}

/// Rows as they come.
pub enum TargetRows {
    None,
    One(u64, Value),
    Chunk(std::vec::IntoIter<(u64, Value)>),
    Stream { receiver: mpsc::Receiver<Result<Chunk>>, chunk: std::vec::IntoIter<(u64, Value)> },
}

impl TargetRows {
    /// The next row's rid and the version that the statement's snapshot has.
    pub async fn next(&mut self) -> Result<Option<(u64, Value)>> {
        match self {
            TargetRows::None => Ok(None),
            TargetRows::One(..) => match std::mem::replace(self, TargetRows::None) {
                TargetRows::One(rid, row) => Ok(Some((rid, row))),
                _ => Ok(None),
            },
            TargetRows::Chunk(chunk) => Ok(chunk.next()),
            TargetRows::Stream { receiver, chunk } => loop {
                if let Some(row) = chunk.next() {
                    return Ok(Some(row));
                }
                match receiver.recv().await {
                    Some(next) => *chunk = next?.into_iter(),
                    None => return Ok(None),
                }
            },
        }
    }
}
