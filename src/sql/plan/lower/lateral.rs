//! LATERAL items that need no subquery of their own per row.
//!
//! ```text
//! a, LATERAL (SELECT f(a.x))                 computed columns of a
//! a, LATERAL (VALUES (a.x), (1))             each row of a twice, with a CASE
//! a, LATERAL (SELECT … FROM b WHERE b.y = a.x)   a join of a and b
//! a, LATERAL (l JOIN r ON c)                 (a, LATERAL l), LATERAL r, and then c
//! ```
//!
//! Everything else runs per row ([`super::subquery`]).

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::JoinType;

use super::expr::Lowered;
use super::subquery::peel;
use super::{Lowering, Relation, produced};
use crate::error::Result;
use crate::sql::ir::{ColumnId, Expr, ExprKind, JoinKind, OutputColumn, Rel};
use crate::sql::plan::form::Form;
use crate::sql::plan::prepare::column_of;
use crate::sql::plan::repeat::Repeat;
use crate::sql::plan::walk;
use crate::sql::types::{SqlType, oid};

const BOOL: SqlType = SqlType::new(oid::BOOL);

/// The most rows of VALUES that become a CASE.
const ROWS_MAX: usize = 100;

/// Rows computed from outer columns alone.
struct Computed<'r> {
    columns: &'r [OutputColumn],
    rows: Vec<Vec<&'r Expr>>,
}

impl Lowering<'_> {
    /// An inner join with a LATERAL item, where one of the forms above fits.
    pub(super) fn simple_lateral(
        &self,
        relation: &Relation,
        left: &Rel,
        right: &Rel,
        on: &[Expr],
    ) -> Result<Option<Relation>> {
        if on.iter().any(walk::has_subquery) {
            return Ok(None);
        }
        let found = match right {
            Rel::Join { kind: JoinKind::Inner, left: l, right: r, on: inner, lateral } => {
                self.lateral_inner(left, l, r, inner.as_ref(), *lateral)?
            }
            Rel::Project { .. } | Rel::Filter { .. } => self.lateral_filtered(relation, right)?,
            Rel::Values { columns, rows } => {
                let rows = rows.iter().map(|row| row.iter().collect()).collect();
                self.lateral_computed(relation, Computed { columns, rows })?
            }
            _ => None,
        };
        match found {
            Some(found) => self.keep(found, on).map(Some),
            None => Ok(None),
        }
    }

    /// `(left, LATERAL l), LATERAL r`; what does not depend on the left side comes last.
    fn lateral_inner(
        &self,
        left: &Rel,
        l: &Rel,
        r: &Rel,
        on: Option<&Expr>,
        lateral: bool,
    ) -> Result<Option<Relation>> {
        let outside = produced(left);
        let reads = |rel: &Rel, ids: &HashSet<ColumnId>| {
            walk::free_columns(rel).iter().any(|id| ids.contains(id))
        };
        let swapped = !reads(l, &outside) && !reads(r, &produced(l));
        let (first, second) = if swapped { (r, l) } else { (l, r) };
        let joined = Rel::Join {
            kind: JoinKind::Inner,
            left: Box::new(left.clone()),
            right: Box::new(first.clone()),
            on: None,
            lateral: true,
        };
        let joined = Rel::Join {
            kind: JoinKind::Inner,
            left: Box::new(joined),
            right: Box::new(second.clone()),
            on: on.cloned(),
            lateral: lateral || reads(second, &outside),
        };
        self.rel(&joined).map(Some)
    }

    /// A relation under conditions and computed columns over the outer row.
    fn lateral_filtered(&self, relation: &Relation, right: &Rel) -> Result<Option<Relation>> {
        if !is_plain(right) {
            return Ok(None);
        }
        let Some(peeled) = peel(right) else { return Ok(None) };
        let joined = match &peeled.inner {
            Rel::OneRow => {
                let kept = self.keep(relation.clone(), &peeled.own)?;
                self.keep(kept, &peeled.correlated)?
            }
            _ => {
                let inner = self.rel(&peeled.local())?;
                let conditions = &peeled.correlated;
                self.joined(relation.clone(), inner, conditions, JoinType::Inner, false)?
            }
        };
        let known = peeled
            .exprs
            .iter()
            .all(|(_, expr)| walk::columns_read(expr).iter().all(|id| joined.scope.contains(*id)));
        if !known {
            return Ok(None);
        }
        let added = peeled
            .exprs
            .iter()
            .map(|(id, expr)| Ok((*id, self.own_form(expr, &joined)?)))
            .collect::<Result<Vec<_>>>()?;
        self.extend(joined, added).map(Some)
    }

    /// An expression in its type's own form.
    fn own_form(&self, expr: &Expr, relation: &Relation) -> Result<Lowered> {
        let lowered = self.expr(expr, &relation.scope)?;
        let form = Form::of(expr.ty, self.catalog())?;
        if lowered.form.data_type == form.data_type {
            return Ok(lowered);
        }
        Ok(Lowered { expr: self.convert(lowered, &form)?, form })
    }

    fn lateral_computed(
        &self,
        relation: &Relation,
        computed: Computed<'_>,
    ) -> Result<Option<Relation>> {
        let Computed { columns, rows } = computed;
        let mut all = rows.iter().flatten();
        let known =
            |expr: &Expr| walk::columns_read(expr).iter().all(|id| relation.scope.contains(*id));
        let simple =
            all.all(|expr| known(expr) && !walk::has_subquery(expr) && !walk::is_volatile(expr));
        if !simple || rows.is_empty() || rows.len() > ROWS_MAX {
            return Ok(None);
        }
        let (relation, marks) = self.repeated(relation.clone(), rows.len())?;
        let mut added = Vec::with_capacity(columns.len());
        for (position, column) in columns.iter().enumerate() {
            let values = rows.iter().map(|row| row[position].clone()).collect();
            let value = picked(&marks, values, column.ty);
            added.push((column.id, self.own_form(&value, &relation)?));
        }
        self.extend(relation, added).map(Some)
    }

    /// Each row so many times, and the columns that tell the copies apart.
    fn repeated(&self, relation: Relation, count: usize) -> Result<(Relation, Vec<ColumnId>)> {
        if count == 1 {
            return Ok((relation, Vec::new()));
        }
        let form = Form::of(BOOL, self.catalog())?;
        let marks: Vec<ColumnId> = (1..count).map(|_| self.planner.fresh_column()).collect();
        let columns: Vec<_> = marks.iter().map(|id| (*id, form.clone())).collect();
        let repeated = self.appending(Arc::new(Repeat { count }), relation, &columns)?;
        Ok((repeated, marks))
    }
}

/// The value of the copy that is marked, or the last one.
fn picked(marks: &[ColumnId], mut values: Vec<Expr>, ty: SqlType) -> Expr {
    let last = values.pop().map(Box::new);
    match (last, marks) {
        (Some(only), []) => *only,
        (otherwise, marks) => {
            let whens = marks.iter().map(|id| column_of(*id, BOOL)).zip(values).collect();
            Expr { kind: ExprKind::Case { operand: None, whens, otherwise }, ty, location: -1 }
        }
    }
}

/// Whether a relation is projections and filters over another: nothing between them
/// needs all rows.
pub(super) fn is_plain(rel: &Rel) -> bool {
    match rel {
        Rel::Project { input, .. } | Rel::Filter { input, .. } => is_plain(input),
        Rel::Sort { .. } | Rel::Distinct { .. } => false,
        _ => true,
    }
}
