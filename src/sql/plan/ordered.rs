//! ORDER BY … LIMIT in the order of an index: the first rows are read, and no others.
//!
//! ```text
//! SELECT id FROM job WHERE state = 'available' AND queue = $1 ORDER BY priority DESC, id LIMIT 10
//!   index (queue, priority DESC, id) WHERE state = 'available'
//!   from (queue = $1) on: a row, does it pass? … until ten have
//! ```
//! An index serves if its columns, without those that the condition makes equal to a value,
//! are the keys of the sort, all in its order or all in reverse; a partial one if its
//! predicate follows from what the condition says without parameters.
//!
//! Rows that do not pass are read, too. Where there are too many of them
//! ([`EXAMINED_MAX`]) it is given up, and the query runs as if there were no such index;
//! sooner where nothing of the index is passed over, and still sooner where another one is
//! bound. Hence a condition that has effects is not asked here.
//!
//! Not here: joins, groups, several tables of a family; they are sorted. EXPLAIN shows the
//! plan of the planner, with its sort, as it does for all that runs without that plan.

use std::sync::{Arc, OnceLock};

use super::walk;
use crate::catalog::Catalog;
use crate::error::Result;
use crate::index::ordered::{End, KeySearch};
use crate::index::{BTREE, IndexInfo};
use crate::sql::dml;
use crate::sql::dml::conditions::Conditions;
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, Expr, ExprKind, SortKey, visit};
use crate::sql::run::eval::Evaluator;
use crate::sql::types::Datum;
use crate::table::TableInfo;
use crate::table::scan::{Comparison, IndexHints, count_search, in_order};
use crate::txn::Overlay;

/// Rows that are looked at, at most.
const EXAMINED_MAX: usize = 4_000;
/// The same of all of an index: one of so many that the table has.
const EXAMINED_DIVISOR: usize = 32;
/// And beside two for each that is wanted, whatever the table has.
const EXAMINED_BESIDE: usize = 64;

/// What a sort below a limit asks of a relation: that its first rows come.
#[derive(Clone)]
pub struct First {
    /// Columns of the relation, each with whether it is descending and has NULLs first.
    keys: Vec<(ColumnId, bool, bool)>,
}

impl First {
    /// None where something else than columns is sorted by.
    pub fn of(keys: &[SortKey]) -> Option<First> {
        let key = |key: &SortKey| match key.expr.kind {
            ExprKind::Column(id) => Some((id, key.descending, key.nulls_first)),
            _ => None,
        };
        Some(First { keys: keys.iter().map(key).collect::<Option<_>>()? })
    }

    /// The same of what the columns are made of.
    pub fn below(self, made: impl Fn(ColumnId) -> Option<ColumnId>) -> Option<First> {
        let keys = self.keys.into_iter();
        let keys = keys.map(|(id, descending, first)| Some((made(id)?, descending, first)));
        Some(First { keys: keys.collect::<Option<_>>()? })
    }
}

/// A table that is read in an order.
pub struct Ordered {
    keys: Vec<Key>,
    /// What is asked of a row, as far as it is read.
    passes: Option<Evaluator>,
    /// The part of that which no parameter decides, over columns by attribute number.
    known: Option<Expr>,
    columns: Vec<(i16, ColumnId)>,
    /// Whether another index is bound by the condition.
    has_others: bool,
    /// Which partial indexes hold all rows that pass.
    hints: OnceLock<IndexHints>,
}

struct Key {
    position: usize,
    descending: bool,
    nulls_first: bool,
}

/// An index to read, from where, and which way.
struct Way<'a> {
    index: &'a Arc<IndexInfo>,
    search: KeySearch,
    reverse: bool,
}

impl Way<'_> {
    /// How much of the index is passed over: its columns that are bound.
    fn bound(&self) -> (usize, bool) {
        let is_ranged = !matches!((&self.search.lower, &self.search.upper), (End::Open, End::Open));
        (2 * self.search.equal.len() + usize::from(is_ranged), self.index.predicate.is_some())
    }
}

/// What a scan looks like to who reads it in an order.
pub struct Shape<'a> {
    pub info: &'a TableInfo,
    pub columns: &'a [(i16, ColumnId)],
    pub predicate: Option<&'a Expr>,
    pub conditions: &'a Conditions,
    /// The columns of its rows.
    pub slots: &'a [ColumnId],
}

impl Ordered {
    /// None where no index may serve.
    pub fn recognise(first: First, shape: &Shape<'_>, catalog: &Catalog) -> Option<Ordered> {
        let Shape { info, columns, predicate, conditions, slots } = shape;
        if predicate.is_some_and(|one| walk::is_volatile(one) || walk::has_subquery(one)) {
            return None;
        }
        let key = |(id, descending, nulls_first): (ColumnId, bool, bool)| {
            let (number, _) = columns.iter().find(|(_, column)| *column == id)?;
            let position = usize::try_from(*number - 1).ok()?;
            Some(Key { position, descending, nulls_first })
        };
        let keys = first.keys.into_iter().map(key).collect::<Option<Vec<_>>>()?;
        let compile = |predicate: &Expr| Evaluator::compile(predicate, slots, catalog).ok();
        let passes = match predicate {
            Some(predicate) => Some(compile(predicate)?),
            None => None,
        };
        let position_of = |index: &IndexInfo, at: usize| {
            index.keys.get(at).and_then(|key| usize::try_from(key.column - 1).ok())
        };
        let binds = |index: &IndexInfo, at: usize| {
            position_of(index, at).is_some_and(|position| conditions.binds(position))
        };
        let ordered = Ordered {
            keys,
            passes,
            known: predicate.and_then(known),
            columns: columns.to_vec(),
            has_others: info.indexes.iter().any(|index| index.is_usable() && binds(index, 0)),
            hints: OnceLock::new(),
        };
        let may_serve = |index: &&Arc<IndexInfo>| {
            let fixed = (0..index.keys.len()).take_while(|at| binds(index, *at)).count();
            is_readable(index)
                && (0..=fixed).any(|fixed| ordered.direction(info, index, fixed).is_some())
        };
        info.indexes.iter().any(|index| may_serve(&index)).then_some(ordered)
    }

    /// The first `wanted` rows that pass, as `read` reads them; none where they are to be
    /// found otherwise.
    pub fn rows(
        &self,
        info: &TableInfo,
        comparisons: &[(usize, Comparison)],
        wanted: usize,
        (overlay, context, params): (&Overlay, &EvalContext, &[Datum]),
        read: impl Fn(u64, &[u8]) -> Result<Vec<Datum>>,
    ) -> Result<Option<Vec<Vec<Datum>>>> {
        let Some(way) = self.way(info, comparisons, context) else { return Ok(None) };
        let most = match way.bound() {
            (0, false) => {
                let rows = overlay.published().row_count(info.storage_id())?.max(0) as usize;
                let share = if self.has_others { 0 } else { rows / EXAMINED_DIVISOR };
                share.min(EXAMINED_MAX).max(2 * wanted + EXAMINED_BESIDE)
            }
            _ => EXAMINED_MAX,
        };
        let mut rows = Vec::with_capacity(wanted.min(64));
        let mut examined = 0;
        for found in in_order::rows(info, overlay, way.index, &way.search, way.reverse) {
            if examined == most {
                return Ok(None);
            }
            examined += 1;
            let (rid, row) = found?;
            let row = read(rid, &row)?;
            let passes = match &self.passes {
                Some(passes) => passes.is_true(context, params, &row)?,
                None => true,
            };
            if passes {
                rows.push(row);
            }
            if rows.len() >= wanted {
                break;
            }
        }
        count_search(way.index.oid(), overlay, examined);
        Ok(Some(rows))
    }

    /// The index that passes over most.
    fn way<'a>(
        &self,
        info: &'a TableInfo,
        comparisons: &[(usize, Comparison)],
        context: &EvalContext,
    ) -> Option<Way<'a>> {
        let ways = info.indexes.iter().filter(|index| is_readable(index)).filter_map(|index| {
            let search = in_order::search(index, comparisons);
            let reverse = self.direction(info, index, search.equal.len())?;
            Some(Way { index, search, reverse })
        });
        let holds_all = |way: &Way<'_>| {
            way.index.predicate.is_none()
                || self.hints(info, context).hold_all(info, way.index, comparisons)
        };
        ways.filter(holds_all).max_by_key(Way::bound)
    }

    /// Whether an index whose first columns are fixed has the order, and which way.
    fn direction(&self, info: &TableInfo, index: &IndexInfo, fixed: usize) -> Option<bool> {
        let number_of = |key: &Key| i16::try_from(key.position + 1).ok();
        let (fixed, rest) = index.keys.split_at_checked(fixed)?;
        let mut rest = rest.iter();
        let mut reverse = None;
        for key in &self.keys {
            let number = number_of(key)?;
            if fixed.iter().any(|fixed| fixed.column == number) {
                continue;
            }
            let column = rest.next().filter(|column| column.column == number)?;
            let is_reverse = column.descending != key.descending;
            let has_nulls = !info.columns.get(key.position)?.not_null;
            let are_nulls_reverse = column.nulls_first != key.nulls_first;
            if has_nulls && are_nulls_reverse != is_reverse {
                return None;
            }
            if *reverse.get_or_insert(is_reverse) != is_reverse {
                return None;
            }
        }
        Some(reverse.unwrap_or(false))
    }

    fn hints(&self, info: &TableInfo, context: &EvalContext) -> &IndexHints {
        self.hints.get_or_init(|| {
            let condition = self.known.as_ref().map(|known| (known, self.columns.as_slice()));
            dml::index_hints(info, condition, context, &[], |expr| Ok(expr.clone()))
        })
    }
}

/// Whether entries come in the order of columns of the table.
fn is_readable(index: &IndexInfo) -> bool {
    let is_over_columns = index.keys.iter().all(|key| key.expression.is_none());
    index.valid && index.access_method == BTREE && is_over_columns
}

/// Those of a condition's conjuncts that have no parameters.
fn known(predicate: &Expr) -> Option<Expr> {
    let is_known = |expr: &Expr| {
        let mut has_params = false;
        let mut note = |expr: &Expr| has_params |= matches!(expr.kind, ExprKind::Param(_));
        visit::each_in_expr(expr, &mut note, &mut |_| {});
        !has_params
    };
    let mut known = walk::conjuncts(predicate);
    known.retain(is_known);
    match known.len() {
        0 | 1 => known.pop(),
        _ => Some(Expr { kind: ExprKind::And(known), ty: predicate.ty, location: -1 }),
    }
}
