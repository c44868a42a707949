//! Joins: equi-keys are found here, so that DataFusion hashes them; types that
//! compare by key are joined on their keys.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::{JoinConstraint, JoinType, NullEquality};
use datafusion::logical_expr::{self as df, Join, LogicalPlan};

use super::expr::{Lowered, balanced};
use super::rel::guarded;
use super::subquery::{Dependency, Taken};
use super::{Lowering, Relation, produced};
use crate::error::{Error, Result};
use crate::sql::ir::{ColumnId, Expr, ExprKind, JoinKind, Rel, Subquery, visit};
use crate::sql::plan::{udf, walk};
use crate::sql::run::eval::native::{Comparison, Family, Native, native};
use crate::sql::run::failure;
use crate::sql::types::{Datum, SqlType};

/// The condition of a join, split.
#[derive(Default)]
pub struct On {
    pub keys: Vec<(df::Expr, df::Expr)>,
    pub filter: Option<df::Expr>,
}

/// Subqueries that are computed beside one side of a join, and the columns they become.
type Hoisted = Vec<(ColumnId, Subquery, SqlType)>;

fn reads_both(expr: &Expr, sides: &[HashSet<ColumnId>; 2]) -> bool {
    let read = Dependency::outer_columns(expr);
    sides.iter().all(|side| read.iter().any(|id| side.contains(id)))
}

fn is_not_false(expr: Expr) -> Expr {
    let ty = expr.ty;
    let kind = ExprKind::BoolTest { arg: Box::new(expr), value: Some(false), negated: true };
    Expr { kind, ty, location: -1 }
}

impl Lowering<'_> {
    pub fn join(
        &self,
        kind: JoinKind,
        left: &Rel,
        right: &Rel,
        on: Option<&Expr>,
        lateral: bool,
    ) -> Result<Relation> {
        let outside = produced(left);
        let dependent = lateral && walk::free_columns(right).iter().any(|id| outside.contains(id));
        if dependent {
            return self.lateral(kind, left, right, on);
        }
        let conjuncts = on.map(walk::conjuncts).unwrap_or_default();
        if kind == JoinKind::Inner && conjuncts.iter().any(walk::has_subquery) {
            let join = Rel::Join {
                kind,
                left: Box::new(left.clone()),
                right: Box::new(right.clone()),
                on: None,
                lateral: false,
            };
            let predicate = on.expect("its conjuncts have subqueries").clone();
            return self.rel(&Rel::Filter { input: Box::new(join), predicate });
        }
        let (hoisted, found) = self.hoisted(left, right, &conjuncts);
        let conjuncts = if found.iter().all(Vec::is_empty) {
            if let Some(joined) = self.spanning(kind, left, right, &conjuncts)? {
                return Ok(joined);
            }
            conjuncts
        } else {
            hoisted
        };
        let [on_left, on_right] = found;
        let left = self.computed(self.rel(left)?, on_left)?;
        let right = self.computed(self.rel(right)?, on_right)?;
        let (left, right, conjuncts) = self.resolve_on(left, right, conjuncts)?;
        let join_type = match kind {
            JoinKind::Inner => JoinType::Inner,
            JoinKind::Left => JoinType::Left,
            JoinKind::Right => JoinType::Right,
            JoinKind::Full => JoinType::Full,
        };
        self.joined(left, right, &conjuncts, join_type, false)
    }

    /// Takes the subqueries that read one side only out of conditions over both sides:
    /// what is computed for the left side, and for the right. Nothing is taken if what
    /// is left still has a subquery over both.
    fn hoisted(&self, left: &Rel, right: &Rel, conjuncts: &[Expr]) -> (Vec<Expr>, [Hoisted; 2]) {
        let sides = [produced(left), produced(right)];
        let mut found = [Vec::new(), Vec::new()];
        let mut rest = conjuncts.to_vec();
        for conjunct in rest.iter_mut().filter(|it| reads_both(it, &sides)) {
            visit::rewrite(conjunct, &mut |expr| {
                if !matches!(expr.kind, ExprKind::Subquery(_)) || walk::is_volatile(expr) {
                    return;
                }
                let read = Dependency::outer_columns(expr);
                let covers = |side: &HashSet<ColumnId>| read.iter().all(|id| side.contains(id));
                let Some(side) = sides.iter().position(covers).filter(|_| !read.is_empty()) else {
                    return;
                };
                let id = self.planner.fresh_column();
                if let ExprKind::Subquery(subquery) =
                    std::mem::replace(&mut expr.kind, ExprKind::Column(id))
                {
                    found[side].push((id, *subquery, expr.ty));
                }
            });
        }
        let spans = |it: &Expr| walk::has_subquery(it) && reads_both(it, &sides);
        match rest.iter().any(spans) {
            true => (conjuncts.to_vec(), [Vec::new(), Vec::new()]),
            false => (rest, found),
        }
    }

    /// A relation with subqueries' values as further columns.
    fn computed(&self, relation: Relation, subqueries: Hoisted) -> Result<Relation> {
        subqueries.into_iter().try_fold(relation, |relation, (id, subquery, ty)| {
            self.with_subquery(relation, Taken { id, subquery, ty, guards: Vec::new() })
        })
    }

    /// A left or right join whose condition has a subquery over both sides: the other
    /// side's rows that pass are found for each row that is kept.
    fn spanning(
        &self,
        kind: JoinKind,
        left: &Rel,
        right: &Rel,
        conjuncts: &[Expr],
    ) -> Result<Option<Relation>> {
        let (kept, other) = match kind {
            JoinKind::Left => (left, right),
            JoinKind::Right => (right, left),
            JoinKind::Inner | JoinKind::Full => return Ok(None),
        };
        let (kept_columns, other_columns) = (produced(kept), produced(other));
        let sides = [kept_columns, other_columns];
        let spans = |conjunct: &Expr| walk::has_subquery(conjunct) && reads_both(conjunct, &sides);
        if !conjuncts.iter().any(spans) {
            return Ok(None);
        }
        let mut passing = other.clone();
        for conjunct in conjuncts {
            passing = Rel::Filter { input: Box::new(passing), predicate: conjunct.clone() };
        }
        self.lateral_join(self.rel(kept)?, passing, true).map(Some)
    }

    /// Subqueries in an outer join's condition: computed on the side they read.
    fn resolve_on(
        &self,
        left: Relation,
        right: Relation,
        conjuncts: Vec<Expr>,
    ) -> Result<(Relation, Relation, Vec<Expr>)> {
        let (mut left, mut right) = (left, right);
        let mut resolved = Vec::with_capacity(conjuncts.len());
        for conjunct in conjuncts {
            if !walk::has_subquery(&conjunct) {
                resolved.push(conjunct);
                continue;
            }
            let mut one = [conjunct];
            let read = Dependency::outer_columns(&one[0]);
            if read.iter().all(|id| right.scope.contains(*id)) {
                right = self.resolve(right, &mut one)?;
            } else if read.iter().all(|id| left.scope.contains(*id)) {
                left = self.resolve(left, &mut one)?;
            } else {
                return Err(Error::unsupported(
                    "a subquery over both sides in the condition of a full join",
                ));
            }
            resolved.extend(one);
        }
        Ok((left, right, resolved))
    }

    /// Joins two lowered relations.
    pub fn joined(
        &self,
        left: Relation,
        right: Relation,
        conjuncts: &[Expr],
        join_type: JoinType,
        null_aware: bool,
    ) -> Result<Relation> {
        let mut on = self.split(conjuncts, &left, &right)?;
        let mut null_aware = null_aware;
        if null_aware && (on.keys.len() != 1 || on.filter.is_some()) {
            // Only a single hash key can be null-aware; say it in the condition.
            let not_false: Vec<Expr> = conjuncts.iter().cloned().map(is_not_false).collect();
            on = self.split(&not_false, &left, &right)?;
            null_aware = false;
        }
        let keeps_right = !matches!(join_type, JoinType::LeftSemi | JoinType::LeftAnti);
        let mut scope = left.scope;
        if keeps_right {
            scope.extend(right.scope);
        }
        let join = Join::try_new(
            Arc::new(left.plan),
            Arc::new(right.plan),
            on.keys,
            on.filter,
            join_type,
            JoinConstraint::On,
            NullEquality::NullEqualsNothing,
            null_aware,
        )
        .map_err(failure::unwrap)?;
        Ok(Relation { plan: LogicalPlan::Join(join), scope })
    }

    /// Splits a condition into hash keys and the rest.
    fn split(&self, conjuncts: &[Expr], left: &Relation, right: &Relation) -> Result<On> {
        let mut on = On::default();
        let mut rest = Vec::new();
        for conjunct in conjuncts {
            match self.equi_key(conjunct, left, right)? {
                Some(key) => on.keys.push(key),
                None => rest.push(conjunct.clone()),
            }
        }
        let mut scope = left.scope.clone();
        scope.extend(right.scope.clone());
        let rest = guarded(rest, &[&left.plan, &right.plan]);
        let conditions = rest
            .iter()
            .map(|conjunct| self.condition(conjunct, &scope))
            .collect::<Result<Vec<_>>>()?;
        on.filter = balanced(conditions, df::Operator::And);
        Ok(on)
    }

    /// `f(left) = g(right)` in either order, as expressions that hash alike.
    fn equi_key(
        &self,
        conjunct: &Expr,
        left: &Relation,
        right: &Relation,
    ) -> Result<Option<(df::Expr, df::Expr)>> {
        let ExprKind::Call(call) = &conjunct.kind else { return Ok(None) };
        let (Some(Native::Compare(Comparison::Eq, family)), [a, b]) =
            (native(&call.function.source), &call.args[..])
        else {
            return Ok(None);
        };
        let reads_only = |expr: &Expr, relation: &Relation| {
            let read = walk::columns_read(expr);
            !read.is_empty() && read.iter().all(|id| relation.scope.contains(*id))
        };
        let (l, r) = if reads_only(a, left) && reads_only(b, right) {
            (a, b)
        } else if reads_only(a, right) && reads_only(b, left) {
            (b, a)
        } else {
            return Ok(None);
        };
        if walk::is_volatile(conjunct) {
            return Ok(None);
        }
        let l = self.expr(l, &left.scope)?;
        let r = self.expr(r, &right.scope)?;
        if let Some(pair) = self.comparable(family, l.clone(), r.clone())? {
            return Ok(Some(pair));
        }
        Ok(self.keyed(family, l, r))
    }

    /// Two operands of an equality as keys.
    pub fn keyed(&self, family: Family, l: Lowered, r: Lowered) -> Option<(df::Expr, df::Expr)> {
        let same = l.form.repr == r.form.repr
            && (l.form.ty.oid == r.form.ty.oid || family == Family::Numeric);
        same.then(|| (udf::key(l.expr, &l.form), udf::key(r.expr, &r.form)))
    }

    /// LATERAL over the rows of `left`.
    fn lateral(
        &self,
        kind: JoinKind,
        left: &Rel,
        right: &Rel,
        on: Option<&Expr>,
    ) -> Result<Relation> {
        let outer = match kind {
            JoinKind::Inner => false,
            JoinKind::Left => true,
            JoinKind::Right | JoinKind::Full => {
                return Err(Error::unsupported("a lateral reference in a RIGHT or FULL JOIN"));
            }
        };
        let relation = self.rel(left)?;
        let trivial = match on {
            Some(on) => matches!(on.kind, ExprKind::Const(Datum::Bool(true))),
            None => true,
        };
        if let (Rel::Functions(scan), true) = (right, !outer || trivial) {
            let relation = self.function_scan(relation, scan, outer)?;
            return match on {
                Some(on) if !trivial => {
                    let mut conjuncts = walk::conjuncts(on);
                    let relation = self.resolve(relation, &mut conjuncts)?;
                    self.keep(relation, &conjuncts)
                }
                _ => Ok(relation),
            };
        }
        if !outer {
            let conjuncts = match on {
                Some(on) if !trivial => walk::conjuncts(on),
                _ => Vec::new(),
            };
            if let Some(found) = self.simple_lateral(&relation, left, right, &conjuncts)? {
                return Ok(found);
            }
        }
        let right = match on {
            Some(on) if !trivial => {
                Rel::Filter { input: Box::new(right.clone()), predicate: on.clone() }
            }
            _ => right.clone(),
        };
        self.lateral_join(relation, right, outer)
    }

    /// Which of `ids` a scope has.
    pub fn known(&self, ids: &HashSet<ColumnId>, relation: &Relation) -> bool {
        ids.iter().all(|id| relation.scope.contains(*id))
    }
}
