//! The nearest rows of one table by an index, without a plan of DataFusion: what a prepared
//! `SELECT … FROM t ORDER BY v <-> $1 LIMIT k` runs as.
//!
//! Recognised when the statement is prepared, with everything that does not depend on
//! parameters. Whatever turns out to be different when it runs (no dimensions that fit, a
//! small table, a search that does not find enough) is left to the planner.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::condition::Shape;
use super::way::is_small_against;
use super::{INDEX_ROWS_MIN, Sought};
use crate::catalog::{Catalog, RelationKind};
use crate::error::Result;
use crate::index::vector::{Class, Point};
use crate::index::{HNSW, IndexInfo};
use crate::sql::dml::Conditions;
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, Expr, ExprKind};
use crate::sql::plan::walk;
use crate::sql::run::eval::Evaluator;
use crate::sql::types::Datum;
use crate::table::nearest::{Compared, Nearest, RowFilter};
use crate::table::scan::IndexHints;
use crate::table::{TableInfo, lookup};
use crate::txn::Overlay;

/// A table whose rows come nearest first.
pub struct NearestSource {
    info: Arc<TableInfo>,
    index: Arc<IndexInfo>,
    class: Class,
    query: Evaluator,
    /// Of the column that is compared.
    position: usize,
    passes: Option<Passes>,
    /// Positions of the columns read; the rid follows them when asked for.
    positions: Vec<usize>,
    with_rid: bool,
}

struct Passes {
    evaluator: Evaluator,
    positions: Vec<usize>,
    conditions: Conditions,
    shape: Option<Shape>,
}

impl NearestSource {
    /// The source for a sort, if there is one; its rows have the scan's columns.
    pub fn recognise(sought: &Sought<'_>, catalog: &Catalog) -> Option<NearestSource> {
        let scan = sought.scan;
        let is_table = matches!(scan.relation.kind, RelationKind::Table);
        let is_alone = !scan.descendants && !scan.relation.is_partitioned();
        if !is_table || !is_alone || scan.relation.is_unpopulated() {
            return None;
        }
        let info = TableInfo::of(catalog, scan.relation.oid).ok()?;
        let columns: Vec<(i16, ColumnId)> =
            scan.columns.iter().map(|(number, column)| (*number, column.id)).collect();
        let position_of = |id: ColumnId| {
            let (number, _) = columns.iter().find(|(_, column)| *column == id)?;
            usize::try_from(*number - 1).ok()
        };
        let ExprKind::Column(compared) = sought.compared.kind else { return None };
        let position = position_of(compared)?;
        let fits = |index: &&Arc<IndexInfo>| {
            let is_over = |key: &crate::index::KeyColumn| {
                usize::try_from(key.column).is_ok_and(|column| column == position + 1)
            };
            index.valid
                && index.predicate.is_none()
                && index.vector_class() == Some(sought.class)
                && index.keys.first().is_some_and(is_over)
        };
        let order = |index: &&Arc<IndexInfo>| (index.access_method != HNSW, index.oid());
        let index = Arc::clone(info.indexes.iter().filter(fits).min_by_key(order)?);
        let passes = match all_of(&sought.filters) {
            None => None,
            Some(predicate) => {
                let mut read: Vec<ColumnId> = walk::columns_read(&predicate).into_iter().collect();
                read.sort();
                Some(Passes {
                    positions: read.iter().map(|id| position_of(*id)).collect::<Option<_>>()?,
                    evaluator: Evaluator::compile(&predicate, &read, catalog).ok()?,
                    conditions: Conditions::new(&predicate, &columns, catalog).ok()?,
                    shape: Shape::of(&predicate, &columns),
                })
            }
        };
        let positions = columns.iter().map(|(number, _)| usize::try_from(*number - 1).ok());
        Some(NearestSource {
            positions: positions.collect::<Option<_>>()?,
            with_rid: scan.rid.is_some(),
            query: Evaluator::compile(&sought.query, &[], catalog).ok()?,
            class: sought.class,
            info,
            index,
            position,
            passes,
        })
    }

    /// Reads no other columns of the scan than these, by their places in it.
    pub fn read_only(&mut self, is_read: impl Fn(usize) -> bool) {
        let mut place = 0..;
        self.positions.retain(|_| place.next().is_some_and(&is_read));
    }

    /// The nearest `fetch` rows; none where they are to be found otherwise.
    pub fn rows(
        &self,
        fetch: usize,
        overlay: &Overlay,
        context: &EvalContext,
        params: &[Datum],
    ) -> Result<Option<Vec<Vec<Datum>>>> {
        let settings = &context.settings.vector;
        let rows = overlay.published().row_count(self.info.storage_id())?;
        let is_worth_it =
            !settings.seq_scans || rows >= INDEX_ROWS_MIN && is_small_against(fetch, rows);
        if !settings.index_scans || !is_worth_it {
            return Ok(None);
        }
        let query = self.query.eval(context, params, &[])?;
        let dims = self.index.keys.first().and_then(|key| usize::try_from(key.ty.typmod).ok());
        if query.is_null() || Some(Point::of_query(self.class, &query)?.dims()) != dims {
            return Ok(None);
        }
        let comparisons = match &self.passes {
            None => Vec::new(),
            Some(passes) => match passes.conditions.evaluate(&self.info, context, params)? {
                Some(comparisons) => comparisons,
                None => return Ok(Some(Vec::new())),
            },
        };
        let shape = self.passes.as_ref().and_then(|passes| passes.shape.as_ref());
        let condition = shape.and_then(|shape| shape.with(|param| params.get(param).cloned()));
        let filter = |_: u64, row: &[u8]| match &self.passes {
            Some(Passes { evaluator, positions, .. }) => {
                evaluator.is_true(context, params, &lookup::columns(&self.info, row, positions)?)
            }
            None => Ok(true),
        };
        let nearest = Nearest {
            info: &self.info,
            overlay,
            class: self.class,
            query: &query,
            compared: Compared::Column(self.position),
            filter: self.passes.is_some().then_some(&filter as RowFilter<'_>),
            comparisons: &comparisons,
            condition: condition.as_ref(),
            hints: &IndexHints::default(),
            settings,
            cancel: &CancellationToken::new(),
            threads: 1,
        };
        let Some((found, _)) = nearest.by_index_alone(&self.index, fetch)? else {
            return Ok(None);
        };
        let rows = found.into_iter().map(|found| -> Result<Option<Vec<Datum>>> {
            let row = match found.row {
                Some(row) => Some(row),
                None => lookup::row(overlay, self.info.storage_id(), found.rid)?,
            };
            let Some(row) = row else { return Ok(None) };
            let mut values = lookup::columns(&self.info, &row, &self.positions)?;
            if self.with_rid {
                values.push(Datum::Int8(found.rid as i64));
            }
            Ok(Some(values))
        });
        Ok(Some(rows.filter_map(Result::transpose).collect::<Result<_>>()?))
    }
}

/// Conditions as one.
pub fn all_of(filters: &[&Expr]) -> Option<Expr> {
    let (first, rest) = filters.split_first()?;
    Some(match rest {
        [] => (*first).clone(),
        _ => Expr {
            kind: ExprKind::And(filters.iter().map(|filter| (*filter).clone()).collect()),
            ty: first.ty,
            location: -1,
        },
    })
}
