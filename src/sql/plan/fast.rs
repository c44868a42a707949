//! The fast path: queries of few rows, without DataFusion.
//!
//! Recognised from the typed tree when a statement is prepared: rows that an
//! index names (or constants, or nothing at all) passed through filters,
//! projections, sorts and limits, all of them compiled to the scalar evaluator.
//! Per execution only the parameters change.
//!
//! ```text
//! SELECT v FROM t WHERE id = $1 ORDER BY v LIMIT 5
//!   table t by index [id = $1] → Filter → Project → Sort → Limit
//! ```
//!
//! How many rows an index names is only known when it runs: beyond
//! [`ROWS_MAX`] the fast path gives up, before it has had any effect. Of more rows the
//! first ones under a limit may come in the order of an index ([`super::ordered`]).

use std::collections::HashSet;
use std::sync::Arc;

use super::aggregate::Order;
use super::form::Form;
use super::nearest::{self, NearestSource};
use super::ordered::{First, Ordered, Shape};
use super::walk;
use crate::catalog::{Catalog, Persistence, RelationKind};
use crate::error::{Error, Result};
use crate::sql::dml::conditions::Conditions;
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, Expr, ExprKind, OutputColumn, Query, Rel, Scan, SortKey};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::eval::native::integer;
use crate::sql::types::Datum;
use crate::sqlstate;
use crate::table::scan::{
    Access, Comparison, RowIterator, choose, count_search, fetched, named_rows,
};
use crate::table::{Family, Member, ScanOptions, TableInfo, lookup};
use crate::txn::Overlay;

/// Rows that the fast path handles at most.
pub const ROWS_MAX: usize = 1_000;

/// Tables of a family that are read one after the other at most.
const TABLES_MAX: usize = 16;

/// A recognised query.
#[derive(Debug)]
pub struct FastPlan {
    source: Source,
    steps: Vec<Step>,
    /// Positions of the output columns in the last step's rows.
    output: Vec<usize>,
}

#[derive(Debug)]
enum Source {
    OneRow,
    Values(Vec<Vec<Evaluator>>),
    Table(Box<TableSource>),
    /// The rows nearest to a value, as many as the limit says.
    Nearest(Box<NearestTable>),
}

struct NearestTable {
    source: NearestSource,
    limit: Option<Evaluator>,
    offset: Option<Evaluator>,
}

impl std::fmt::Debug for NearestTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nearest rows")
    }
}

impl NearestTable {
    fn rows(
        &self,
        overlay: &Overlay,
        context: &EvalContext,
        params: &[Datum],
    ) -> Result<Option<Vec<Vec<Datum>>>> {
        let (offset, limit) = counts(&self.offset, &self.limit, context, params)?;
        match limit.and_then(|limit| limit.checked_add(offset)) {
            Some(fetch) if (1..=ROWS_MAX).contains(&fetch) => {
                self.source.rows(fetch, overlay, context, params)
            }
            _ => Ok(None),
        }
    }
}

/// What OFFSET and LIMIT say.
fn counts(
    offset: &Option<Evaluator>,
    limit: &Option<Evaluator>,
    context: &EvalContext,
    params: &[Datum],
) -> Result<(usize, Option<usize>)> {
    let count = |clause: &Option<Evaluator>, name| match clause {
        Some(clause) => row_count(&clause.eval(context, params, &[])?, name),
        None => Ok(None),
    };
    Ok((count(offset, "OFFSET")?.unwrap_or(0), count(limit, "LIMIT")?))
}

struct TableSource {
    info: Arc<TableInfo>,
    conditions: Conditions,
    /// Positions of the columns read; the rid follows them when asked for.
    positions: Vec<usize>,
    with_rid: bool,
    /// The tables whose rows are read, where that is not the one table.
    family: Option<Arc<Family>>,
    /// Whether the conditions bind an index.
    is_bound: bool,
    /// How the first rows are read, where no more are wanted.
    first: Option<FirstRows>,
}

struct FirstRows {
    ordered: Ordered,
    limit: Option<Evaluator>,
    offset: Option<Evaluator>,
}

impl std::fmt::Debug for TableSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.info.name())
    }
}

#[derive(Debug)]
enum Step {
    Filter(Evaluator),
    Project(Vec<Evaluator>),
    Sort(Vec<(Evaluator, Order)>),
    Limit { limit: Option<Evaluator>, offset: Option<Evaluator> },
}

impl FastPlan {
    /// The fast plan of a query, if it has one.
    pub fn recognise(query: &Query, catalog: &Catalog) -> Option<FastPlan> {
        let needed = Some(query.output.iter().map(|column| column.id).collect());
        let steps = Vec::new();
        let mut builder =
            Builder { catalog, steps, nearest: None, sorted: None, needed, first: None };
        let (source, slots) = builder.rel(&query.rel)?;
        let output = query
            .output
            .iter()
            .map(|column| slots.iter().position(|slot| *slot == column.id))
            .collect::<Option<Vec<_>>>()?;
        Some(FastPlan { source, steps: builder.steps, output })
    }

    /// Whether the first rows may come in the order of an index.
    pub fn is_ordered(&self) -> bool {
        matches!(&self.source, Source::Table(table) if table.first.is_some())
    }

    /// The rows, or `None` when there are too many for this path.
    pub fn run(
        &self,
        overlay: &Overlay,
        context: &EvalContext,
        params: &[Datum],
    ) -> Result<Option<Vec<Vec<Datum>>>> {
        let rows = match &self.source {
            Source::OneRow => Some(vec![Vec::new()]),
            Source::Values(rows) => Some(evaluate_rows(rows, context, params)?),
            Source::Table(table) => table.rows(overlay, context, params)?,
            Source::Nearest(table) => table.rows(overlay, context, params)?,
        };
        let Some(mut rows) = rows else { return Ok(None) };
        for step in &self.steps {
            rows = step.apply(rows, context, params)?;
        }
        if self.output.iter().copied().eq(0..rows.first().map_or(0, Vec::len)) {
            return Ok(Some(rows));
        }
        let pick = |row: Vec<Datum>| self.output.iter().map(|at| row[*at].clone()).collect();
        Ok(Some(rows.into_iter().map(pick).collect()))
    }
}

fn evaluate_rows(
    rows: &[Vec<Evaluator>],
    context: &EvalContext,
    params: &[Datum],
) -> Result<Vec<Vec<Datum>>> {
    rows.iter()
        .map(|row| row.iter().map(|value| value.eval(context, params, &[])).collect())
        .collect()
}

impl TableSource {
    fn rows(
        &self,
        overlay: &Overlay,
        context: &EvalContext,
        params: &[Datum],
    ) -> Result<Option<Vec<Vec<Datum>>>> {
        let Some(comparisons) = self.conditions.evaluate(&self.info, context, params)? else {
            return Ok(Some(Vec::new()));
        };
        if let Some(first) = &self.first
            && unique_key(&self.info, &comparisons).is_none()
            && let Some(rows) = self.first_rows(first, &comparisons, (overlay, context, params))?
        {
            return Ok(Some(rows));
        }
        match &self.family {
            _ if !self.is_bound => Ok(None),
            None => self.rows_of(&self.info, &self.positions, &comparisons, overlay),
            Some(family) => self.family_rows(family, &comparisons, overlay),
        }
    }

    /// The rows that the limit lets through, in the order of an index.
    fn first_rows(
        &self,
        first: &FirstRows,
        comparisons: &[(usize, Comparison)],
        (overlay, context, params): (&Overlay, &EvalContext, &[Datum]),
    ) -> Result<Option<Vec<Vec<Datum>>>> {
        let (offset, limit) = counts(&first.offset, &first.limit, context, params)?;
        let wanted = limit.and_then(|limit| limit.checked_add(offset));
        let Some(wanted) = wanted.filter(|wanted| (1..=ROWS_MAX).contains(wanted)) else {
            return Ok(None);
        };
        let read = |rid, row: &[u8]| self.read(&self.info, &self.positions, rid, row);
        let from = (overlay, context, params);
        first.ordered.rows(&self.info, comparisons, wanted, from, read)
    }

    /// The rows of those tables of a family that may have some.
    fn family_rows(
        &self,
        family: &Family,
        comparisons: &[(usize, Comparison)],
        overlay: &Overlay,
    ) -> Result<Option<Vec<Vec<Datum>>>> {
        let members = family.having(comparisons);
        if members.len() > TABLES_MAX {
            return Ok(None);
        }
        let mut all = Vec::new();
        for member in members {
            let positions: Option<Vec<usize>> =
                self.positions.iter().map(|position| member.position(*position)).collect();
            let Some(positions) = positions else { return Ok(None) };
            let own = member.comparisons(comparisons);
            let Some(rows) = self.rows_of(&member.info, &positions, &own, overlay)? else {
                return Ok(None);
            };
            all.extend(rows);
        }
        Ok((all.len() <= ROWS_MAX).then_some(all))
    }

    /// The rows of one table by an index, if they are few.
    fn rows_of(
        &self,
        info: &Arc<TableInfo>,
        positions: &[usize],
        comparisons: &[(usize, Comparison)],
        overlay: &Overlay,
    ) -> Result<Option<Vec<Vec<Datum>>>> {
        if let Some((index, key)) = unique_key(info, comparisons) {
            let found = lookup::unique(info, overlay, index, &key)?;
            lookup::count(index, overlay, found.is_some());
            let row = found.map(|(rid, row)| self.read(info, positions, rid, &row)).transpose()?;
            return Ok(Some(row.into_iter().collect()));
        }
        let options = ScanOptions {
            system: Vec::new(),
            batch_rows: ROWS_MAX,
            parallelism: 1,
            cancel: tokio_util::sync::CancellationToken::new(),
            proof: None,
            alias: None,
            hints: Vec::new(),
            indexes: Default::default(),
        };
        match choose(info, overlay, comparisons, &options)? {
            Access::Index(access) if access.rows.rids.len() <= ROWS_MAX => {
                let all = 0..access.rows.rids.len();
                count_search(access.index, overlay, all.len());
                let rows: RowIterator = named_rows(info, overlay, &access.rows, all);
                let rows = fetched(access.index, overlay, rows);
                rows.map(|row| row.and_then(|(rid, row)| self.read(info, positions, rid, &row)))
                    .collect::<Result<Vec<_>>>()
                    .map(Some)
            }
            _ => Ok(None),
        }
    }

    fn read(
        &self,
        info: &TableInfo,
        positions: &[usize],
        rid: u64,
        row: &[u8],
    ) -> Result<Vec<Datum>> {
        let mut values = lookup::columns(info, row, positions)?;
        if self.with_rid {
            values.push(Datum::Int8(rid as i64));
        }
        Ok(values)
    }
}

/// The unique index whose whole key the comparisons give, and the key.
fn unique_key<'a>(
    info: &'a TableInfo,
    comparisons: &[(usize, Comparison)],
) -> Option<(&'a crate::index::IndexInfo, Vec<Datum>)> {
    let value = |position: usize| {
        comparisons.iter().find_map(|(at, comparison)| match comparison {
            Comparison::Equal(datum) if *at == position => Some(datum.clone()),
            _ => None,
        })
    };
    let unique = info.indexes.iter().filter(|index| index.is_always_unique());
    for index in unique {
        let key: Option<Vec<Datum>> = index
            .keys
            .iter()
            .map(|key| usize::try_from(key.column - 1).ok().and_then(value))
            .collect();
        if let Some(key) = key {
            return Some((index, key));
        }
    }
    None
}

impl Step {
    fn apply(
        &self,
        mut rows: Vec<Vec<Datum>>,
        context: &EvalContext,
        params: &[Datum],
    ) -> Result<Vec<Vec<Datum>>> {
        match self {
            Step::Filter(predicate) => {
                let mut kept = Vec::with_capacity(rows.len());
                for row in rows {
                    if predicate.is_true(context, params, &row)? {
                        kept.push(row);
                    }
                }
                Ok(kept)
            }
            Step::Project(values) => rows
                .iter()
                .map(|row| values.iter().map(|value| value.eval(context, params, row)).collect())
                .collect(),
            Step::Sort(keys) => sorted(rows, keys, context, params),
            Step::Limit { limit, offset } => {
                let (offset, limit) = counts(offset, limit, context, params)?;
                rows.drain(..offset.min(rows.len()));
                rows.truncate(limit.unwrap_or(usize::MAX));
                Ok(rows)
            }
        }
    }
}

fn sorted(
    rows: Vec<Vec<Datum>>,
    keys: &[(Evaluator, Order)],
    context: &EvalContext,
    params: &[Datum],
) -> Result<Vec<Vec<Datum>>> {
    let mut keyed = rows
        .into_iter()
        .map(|row| {
            let key = keys
                .iter()
                .map(|(key, _)| key.eval(context, params, &row))
                .collect::<Result<Vec<_>>>()?;
            Ok((key, row))
        })
        .collect::<Result<Vec<_>>>()?;
    keyed.sort_by(|(left, _), (right, _)| {
        keys.iter()
            .enumerate()
            .map(|(at, (_, order))| order.compare(&left[at], &right[at]))
            .find(|ordering| ordering.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    Ok(keyed.into_iter().map(|(_, row)| row).collect())
}

fn row_count(value: &Datum, clause: &str) -> Result<Option<usize>> {
    let Some(value) = integer(value) else { return Ok(None) };
    usize::try_from(value).map(Some).map_err(|_| {
        let code = match clause {
            "LIMIT" => sqlstate::INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
            _ => sqlstate::INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE,
        };
        Error::new(code, format!("{clause} must not be negative"))
    })
}

struct Builder<'a> {
    catalog: &'a Catalog,
    steps: Vec<Step>,
    /// The source of a scan, by where it stands in the tree, that a sort above has found.
    nearest: Option<(usize, Box<NearestTable>)>,
    /// That sort: its rows come in order, and those that filters below it let through.
    sorted: Option<usize>,
    /// What is read of the present relation; none for all of it.
    needed: Option<HashSet<ColumnId>>,
    /// What a sort under a limit asks of the present relation, with LIMIT and OFFSET.
    first: Option<(First, Option<Evaluator>, Option<Evaluator>)>,
}

impl Builder<'_> {
    /// Recognises a relation; its rows have these columns.
    fn rel(&mut self, rel: &Rel) -> Option<(Source, Vec<ColumnId>)> {
        match rel {
            Rel::OneRow => Some((Source::OneRow, Vec::new())),
            Rel::Values { columns, rows } if rows.len() <= ROWS_MAX => {
                let rows = rows
                    .iter()
                    .map(|row| row.iter().map(|value| self.compile(value, &[])).collect())
                    .collect::<Option<Vec<_>>>()?;
                Some((Source::Values(rows), super::ids(columns)))
            }
            Rel::Scan(scan) if self.nearest.is_some() => self.nearest_scan(scan),
            Rel::Scan(scan) => self.scan(scan, None),
            Rel::Filter { input, .. } if self.nearest.is_some() => self.rel(input),
            Rel::Filter { input, predicate } => {
                self.needed = None;
                let (source, slots) = match &**input {
                    Rel::Scan(scan) => self.scan(scan, Some(predicate))?,
                    other => {
                        // Rows that pass below may not pass here.
                        self.first = None;
                        self.rel(other)?
                    }
                };
                let predicate = self.compile(predicate, &slots)?;
                self.steps.push(Step::Filter(predicate));
                Some((source, slots))
            }
            Rel::Barrier { input } => self.rel(input),
            Rel::Project { input, exprs } if self.nearest.is_some() => {
                let is_needed = |(column, expr): &&(OutputColumn, Expr)| {
                    let is_read = |needed: &HashSet<ColumnId>| needed.contains(&column.id);
                    self.needed.as_ref().is_none_or(is_read) || walk::is_volatile(expr)
                };
                let exprs: Vec<_> = exprs.iter().filter(is_needed).collect();
                let read = exprs.iter().flat_map(|(_, expr)| walk::columns_read(expr));
                self.needed = Some(read.collect());
                let (source, slots) = self.rel(input)?;
                let values = exprs.iter().map(|(_, expr)| self.compile(expr, &slots));
                let values = values.collect::<Option<Vec<_>>>()?;
                self.steps.push(Step::Project(values));
                Some((source, exprs.iter().map(|(column, _)| column.id).collect()))
            }
            Rel::Project { input, exprs } => {
                self.needed = None;
                let made = |id| {
                    let (_, expr) = exprs.iter().find(|(column, _)| column.id == id)?;
                    match expr.kind {
                        ExprKind::Column(id) => Some(id),
                        _ => None,
                    }
                };
                let first = self.first.take();
                self.first = first
                    .and_then(|(first, limit, offset)| Some((first.below(made)?, limit, offset)));
                let (source, slots) = self.rel(input)?;
                let values = exprs
                    .iter()
                    .map(|(_, expr)| self.compile(expr, &slots))
                    .collect::<Option<Vec<_>>>()?;
                self.steps.push(Step::Project(values));
                Some((source, exprs.iter().map(|(column, _)| column.id).collect()))
            }
            Rel::Sort { input, .. } if self.sorted == Some(std::ptr::from_ref(rel).addr()) => {
                self.rel(input)
            }
            Rel::Sort { input, keys } => {
                self.first = None;
                self.sort(input, keys)
            }
            Rel::Limit { input, limit, offset, with_ties } if with_ties.is_empty() => {
                self.first = None;
                if let sort @ Rel::Sort { input, keys } = &**input
                    && self.nearest.is_none()
                    && let Some(found) = nearest::sought(input, keys)
                    && let Some(source) = NearestSource::recognise(&found, self.catalog)
                {
                    let (limit, offset) =
                        (self.optional(limit.as_ref())?, self.optional(offset.as_ref())?);
                    let table = Box::new(NearestTable { source, limit, offset });
                    self.nearest = Some((std::ptr::from_ref(found.scan).addr(), table));
                    self.sorted = Some(std::ptr::from_ref(sort).addr());
                }
                let (source, slots) = match &**input {
                    Rel::Sort { input, keys } if self.nearest.is_none() => {
                        if let Some(first) = First::of(keys) {
                            let limit = self.optional(limit.as_ref())?;
                            self.first = Some((first, limit, self.optional(offset.as_ref())?));
                        }
                        self.sort(input, keys)?
                    }
                    input => self.rel(input)?,
                };
                let limit = self.optional(limit.as_ref())?;
                let offset = self.optional(offset.as_ref())?;
                self.steps.push(Step::Limit { limit, offset });
                Some((source, slots))
            }
            _ => None,
        }
    }

    fn sort(&mut self, input: &Rel, keys: &[SortKey]) -> Option<(Source, Vec<ColumnId>)> {
        self.needed = None;
        let (source, slots) = self.rel(input)?;
        let keys = keys.iter().map(|key| self.key(key, &slots)).collect::<Option<Vec<_>>>()?;
        self.steps.push(Step::Sort(keys));
        Some((source, slots))
    }

    /// A table that a sort above reads by distance.
    fn nearest_scan(&mut self, scan: &Scan) -> Option<(Source, Vec<ColumnId>)> {
        let address = std::ptr::from_ref(scan).addr();
        let (_, mut table) = self.nearest.take_if(|(at, _)| *at == address)?;
        let mut slots: Vec<ColumnId> = scan.columns.iter().map(|(_, column)| column.id).collect();
        if let Some(needed) = &self.needed {
            table.source.read_only(|place| needed.contains(&slots[place]));
            slots.retain(|slot| needed.contains(slot));
        }
        slots.extend(scan.rid);
        Some((Source::Nearest(table), slots))
    }

    /// A table read through an index that the predicate binds, or in the order of one.
    fn scan(&mut self, scan: &Scan, predicate: Option<&Expr>) -> Option<(Source, Vec<ColumnId>)> {
        let first = self.first.take();
        if predicate.is_none() && first.is_none() {
            return None;
        }
        if !matches!(scan.relation.kind, RelationKind::Table) || scan.relation.is_unpopulated() {
            return None;
        }
        let info = TableInfo::of(self.catalog, scan.relation.oid).ok()?;
        let columns: Vec<(i16, ColumnId)> =
            scan.columns.iter().map(|(number, column)| (*number, column.id)).collect();
        let positions = columns
            .iter()
            .map(|(number, _)| usize::try_from(*number - 1).ok())
            .collect::<Option<Vec<_>>>()?;
        let conditions = match predicate {
            Some(predicate) => Conditions::new(predicate, &columns, self.catalog).ok()?,
            None => Conditions::default(),
        };
        let is_bound = info.indexes.iter().filter(|index| index.is_usable()).any(|index| {
            let first = index.keys.first().and_then(|key| usize::try_from(key.column - 1).ok());
            first.is_some_and(|position| conditions.binds(position))
        });
        let family = match scan.descendants || scan.relation.is_partitioned() {
            true if !scan.descendants || scan.rid.is_some() => return None,
            true => Some(Family::of(self.catalog, scan.relation.oid).ok()?),
            false => None,
        };
        let is_temporary = |m: &Arc<Member>| m.info.relation.persistence != Persistence::Permanent;
        // Whose they are is looked at by the planner.
        if family.as_ref().is_some_and(|family| family.members.iter().any(is_temporary)) {
            return None;
        }
        let mut slots: Vec<ColumnId> = columns.iter().map(|(_, id)| *id).collect();
        slots.extend(scan.rid);
        let first = first.filter(|_| family.is_none()).and_then(|(first, limit, offset)| {
            let conditions = &conditions;
            let shape =
                Shape { info: &info, columns: &columns, predicate, conditions, slots: &slots };
            let ordered = Ordered::recognise(first, &shape, self.catalog)?;
            Some(FirstRows { ordered, limit, offset })
        });
        if !is_bound && first.is_none() {
            return None;
        }
        let with_rid = scan.rid.is_some();
        let source = TableSource { info, conditions, positions, with_rid, family, is_bound, first };
        Some((Source::Table(Box::new(source)), slots))
    }

    fn compile(&mut self, expr: &Expr, slots: &[ColumnId]) -> Option<Evaluator> {
        Evaluator::compile(expr, slots, self.catalog).ok()
    }

    fn optional(&mut self, expr: Option<&Expr>) -> Option<Option<Evaluator>> {
        match expr {
            Some(expr) => self.compile(expr, &[]).map(Some),
            None => Some(None),
        }
    }

    fn key(&mut self, key: &SortKey, slots: &[ColumnId]) -> Option<(Evaluator, Order)> {
        let form = Form::of(key.expr.ty, self.catalog).ok()?;
        let order =
            Order { position: 0, form, descending: key.descending, nulls_first: key.nulls_first };
        Some((self.compile(&key.expr, slots)?, order))
    }
}
