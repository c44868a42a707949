//! Subqueries over the rows outside: semi and anti joins, joins with grouped
//! aggregates, and otherwise [`Apply`].
//!
//! `EXISTS (SELECT … FROM r WHERE p)` is a semi join with `r` on `p` when the
//! outer columns occur only in `p`; `x IN (SELECT y …)` adds `x = y`. NOT IN is
//! an anti join whose condition also holds when the comparison is NULL.
//! A scalar subquery over one aggregate whose outer columns occur only in
//! equalities is a left join with the aggregate grouped by their other sides.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::JoinType;

use super::aggregate::project_grouping;
use super::expr::column;
use super::{Lowering, Relation, produced};
use crate::error::{Error, Result};
use crate::sql::ir::visit;
use crate::sql::ir::{
    AggregateCall, ColumnId, Expr, ExprKind, JoinKind, OutputColumn, Query, Rel, Subquery,
    SubqueryKind,
};
use crate::sql::plan::apply::{Apply, Dependent, LateralJoin, Value};
use crate::sql::plan::form::{Form, column_name};
use crate::sql::plan::prepare::column_of;
use crate::sql::plan::walk;
use crate::sql::run::eval::Evaluator;
use crate::sql::run::eval::native::{Comparison, Native, native};
use crate::sql::types::{Datum, SqlType, oid};

/// What a subquery reads from outside.
pub struct Dependency;

impl Dependency {
    /// The columns that an expression's evaluation needs from outside it.
    pub fn outer_columns(expr: &Expr) -> HashSet<ColumnId> {
        let mut read = walk::columns_read(expr);
        // A quantified test reads its own query's output.
        visit::rewrite(&mut expr.clone(), &mut |e| {
            if let ExprKind::Subquery(subquery) = &e.kind {
                for column in &subquery.query.output {
                    read.remove(&column.id);
                }
            }
        });
        read
    }
}

/// A subquery that was taken out of an expression, for a column in its place.
pub(super) struct Taken {
    pub id: ColumnId,
    pub subquery: Subquery,
    pub ty: SqlType,
    /// What has to be true for its value to matter.
    pub guards: Vec<Expr>,
}

/// A subquery's relation without what does not matter to whether rows exist.
pub(super) struct Peeled {
    pub inner: Rel,
    /// Conditions that read outer columns.
    pub correlated: Vec<Expr>,
    /// Conditions that do not.
    pub own: Vec<Expr>,
    /// What the output columns are, in terms of `inner`.
    pub exprs: Vec<(ColumnId, Expr)>,
}

pub(super) fn peel(rel: &Rel) -> Option<Peeled> {
    let mut rel = rel;
    let mut exprs: Vec<(ColumnId, Expr)> = Vec::new();
    let mut conditions = Vec::new();
    loop {
        match rel {
            Rel::Project { input, exprs: projected } if conditions.is_empty() => {
                let inner: Vec<(ColumnId, Expr)> =
                    projected.iter().map(|(column, expr)| (column.id, expr.clone())).collect();
                exprs = match exprs.is_empty() {
                    true => inner,
                    false => compose(exprs, &inner),
                };
                rel = input;
            }
            Rel::Sort { input, .. } | Rel::Distinct { input, on: None }
                if conditions.is_empty() =>
            {
                rel = input;
            }
            Rel::Filter { input, predicate } => {
                conditions.extend(walk::conjuncts(predicate));
                rel = input;
            }
            _ => break,
        }
    }
    if !walk::free_columns(rel).is_empty() {
        return None;
    }
    let inside = produced(rel);
    let (local, correlated): (Vec<_>, Vec<_>) = conditions.into_iter().partition(|condition| {
        Dependency::outer_columns(condition).iter().all(|id| inside.contains(id))
    });
    if correlated.iter().any(walk::has_subquery)
        || exprs.iter().any(|(_, expr)| walk::has_subquery(expr) || walk::is_volatile(expr))
        || local.iter().chain(&correlated).any(walk::is_volatile)
    {
        return None;
    }
    Some(Peeled { inner: rel.clone(), correlated, own: local, exprs })
}

/// Writes the inner expressions into the outer ones.
fn compose(outer: Vec<(ColumnId, Expr)>, inner: &[(ColumnId, Expr)]) -> Vec<(ColumnId, Expr)> {
    outer.into_iter().map(|(id, expr)| (id, inline(expr, inner))).collect()
}

fn inline(mut expr: Expr, exprs: &[(ColumnId, Expr)]) -> Expr {
    visit::rewrite(&mut expr, &mut |e| {
        if let ExprKind::Column(id) = e.kind
            && let Some((_, inner)) = exprs.iter().find(|(column, _)| *column == id)
        {
            e.kind = inner.kind.clone();
        }
    });
    expr
}

impl Peeled {
    pub fn local(&self) -> Rel {
        filtered(self.inner.clone(), self.own.clone())
    }
}

fn filtered(rel: Rel, conditions: Vec<Expr>) -> Rel {
    match conditions.len() {
        0 => rel,
        _ => Rel::Filter { input: Box::new(rel), predicate: all_of(conditions) },
    }
}

fn all_of(mut conditions: Vec<Expr>) -> Expr {
    match conditions.len() {
        1 => conditions.remove(0),
        _ => boolean(ExprKind::And(conditions)),
    }
}

fn boolean(kind: ExprKind) -> Expr {
    Expr { kind, ty: SqlType::new(oid::BOOL), location: -1 }
}

impl Lowering<'_> {
    /// A conjunct that is an EXISTS or a quantified subquery, as a join.
    pub fn subquery_join(
        &self,
        relation: &Relation,
        outer: &Rel,
        conjunct: &Expr,
    ) -> Result<Option<Relation>> {
        let (expr, negated) = match &conjunct.kind {
            ExprKind::Not(inner) => (&**inner, true),
            _ => (conjunct, false),
        };
        let ExprKind::Subquery(subquery) = &expr.kind else { return Ok(None) };
        let Some(peeled) = peel(&subquery.query.rel) else { return Ok(None) };
        let mut conditions = peeled.correlated.clone();
        let mut null_aware = false;
        let anti = match &subquery.kind {
            SubqueryKind::Exists => negated,
            SubqueryKind::Quantified { test, all } => {
                if walk::has_subquery(test) {
                    return Ok(None);
                }
                let test = inline((**test).clone(), &peeled.exprs);
                // ANY wants a row for which the test is true. What it wants not to
                // find: for NOT ANY, a row where it is true or NULL; for ALL, a row
                // where it is false or NULL.
                let fails = match (*all, negated) {
                    (false, false) => None,
                    (false, true) => Some((test.clone(), false)),
                    (true, false) => Some((negation(&test, self)?, true)),
                    (true, true) => return Ok(None),
                };
                match fails {
                    None => {
                        conditions.push(test);
                        false
                    }
                    Some((test, _)) => {
                        if self.never_null(&test, outer, &peeled.inner) {
                            conditions.push(test);
                        } else if conditions.is_empty() && is_equality(&test) {
                            null_aware = true;
                            conditions.push(test);
                        } else {
                            conditions.push(boolean(ExprKind::BoolTest {
                                arg: Box::new(test),
                                value: Some(false),
                                negated: true,
                            }));
                        }
                        true
                    }
                }
            }
            SubqueryKind::Scalar | SubqueryKind::Array => return Ok(None),
        };
        let right = self.rel(&peeled.local())?;
        let known = conditions.iter().all(|condition| {
            walk::columns_read(condition)
                .iter()
                .all(|id| relation.scope.contains(*id) || right.scope.contains(*id))
        });
        if !known {
            return Ok(None);
        }
        let join_type = if anti { JoinType::LeftAnti } else { JoinType::LeftSemi };
        self.joined(relation.clone(), right, &conditions, join_type, null_aware).map(Some)
    }

    /// Whether an equality can never be NULL: both sides are NOT NULL columns.
    fn never_null(&self, test: &Expr, outer: &Rel, inner: &Rel) -> bool {
        let ExprKind::Call(call) = &test.kind else { return false };
        is_equality(test)
            && call.args.iter().all(|arg| match &arg.kind {
                ExprKind::Const(value) => !value.is_null(),
                ExprKind::Column(id) => is_not_null(*id, outer) || is_not_null(*id, inner),
                _ => false,
            })
    }

    /// Replaces the subqueries (and GROUPING calls) in `exprs` by columns, which
    /// are added to the relation.
    pub fn resolve(&self, relation: Relation, exprs: &mut [Expr]) -> Result<Relation> {
        let mut found = Vec::new();
        for expr in exprs.iter_mut() {
            self.take_guarded(expr, &mut Vec::new(), &mut found);
        }
        let mut relation = project_grouping(self, relation, exprs)?;
        for taken in found {
            relation = self.with_subquery(relation, taken)?;
        }
        Ok(relation)
    }

    /// Takes the subqueries directly in an expression, each with what has to be true for
    /// its value to matter: a branch of CASE is computed for its own rows only.
    fn take_guarded(&self, expr: &mut Expr, guards: &mut Vec<Expr>, found: &mut Vec<Taken>) {
        match &mut expr.kind {
            ExprKind::Subquery(subquery) => {
                let id = self.planner.fresh_column();
                let (subquery, guards) = ((**subquery).clone(), guards.clone());
                found.push(Taken { id, subquery, ty: expr.ty, guards });
                expr.kind = ExprKind::Column(id);
            }
            ExprKind::Case { operand: None, whens, otherwise } => {
                let outside = guards.len();
                for (when, then) in whens {
                    self.take_guarded(when, guards, found);
                    let test = |negated| {
                        boolean(ExprKind::BoolTest {
                            arg: Box::new(when.clone()),
                            value: Some(true),
                            negated,
                        })
                    };
                    let is_usable = !walk::is_volatile(when);
                    let before = guards.len();
                    guards.extend(is_usable.then(|| test(false)));
                    self.take_guarded(then, guards, found);
                    guards.truncate(before);
                    guards.extend(is_usable.then(|| test(true)));
                }
                if let Some(otherwise) = otherwise {
                    self.take_guarded(otherwise, guards, found);
                }
                guards.truncate(outside);
            }
            _ => visit::operands_mut(expr, &mut |operand| {
                self.take_guarded(operand, guards, found);
            }),
        }
    }

    /// A relation with a subquery's value for each row as a column.
    pub(super) fn with_subquery(&self, relation: Relation, taken: Taken) -> Result<Relation> {
        match self.grouped(&relation, taken.id, &taken.subquery, taken.ty)? {
            Some(joined) => Ok(joined),
            None => self.apply(relation, taken),
        }
    }

    /// A scalar subquery over one aggregate as a left join with its groups.
    fn grouped(
        &self,
        relation: &Relation,
        id: ColumnId,
        subquery: &Subquery,
        ty: SqlType,
    ) -> Result<Option<Relation>> {
        let (SubqueryKind::Scalar, [output]) = (&subquery.kind, &subquery.query.output[..]) else {
            return Ok(None);
        };
        let mut rel = &subquery.query.rel;
        let mut value = column_of(output.id, output.ty);
        while let Rel::Project { input, exprs } = rel {
            let exprs: Vec<_> =
                exprs.iter().map(|(column, expr)| (column.id, expr.clone())).collect();
            value = inline(value, &exprs);
            rel = input;
        }
        let Rel::Aggregate { input, group_by, grouping_sets: None, aggregates } = rel else {
            return Ok(None);
        };
        if !group_by.is_empty() || walk::has_subquery(&value) || walk::is_volatile(&value) {
            return Ok(None);
        }
        let Some(peeled) = peel(input).filter(|peeled| peeled.exprs.is_empty()) else {
            return Ok(None);
        };
        let inside = produced(&peeled.inner);
        let mut groups = Vec::new();
        let mut conditions = Vec::new();
        for condition in &peeled.correlated {
            let Some((condition, inner)) = self.correlation(condition, &inside) else {
                return Ok(None);
            };
            let id = self.planner.fresh_column();
            let column = OutputColumn { id, name: String::new(), ty: inner.ty, origin: None };
            conditions.push(condition(column_of(id, inner.ty)));
            groups.push((column, inner));
        }
        let outer_reads =
            |expr: &Expr| walk::columns_read(expr).iter().any(|id| !inside.contains(id));
        let args = aggregates.iter().flat_map(|(_, call)| call.args.iter().chain(&call.filter));
        if groups.is_empty() || args.clone().any(outer_reads) {
            return Ok(None);
        }
        let made: HashSet<ColumnId> = aggregates.iter().map(|(column, _)| column.id).collect();
        if walk::columns_read(&value).iter().any(|id| !made.contains(id) && inside.contains(id)) {
            return Ok(None);
        }
        let aggregate = Rel::Aggregate {
            input: Box::new(peeled.local()),
            group_by: groups,
            grouping_sets: None,
            aggregates: aggregates.clone(),
        };
        let right = self.rel(&aggregate)?;
        let joined = self.joined(relation.clone(), right, &conditions, JoinType::Left, false)?;
        let value = with_empty_counts(value, aggregates);
        if !self.known(&walk::columns_read(&value), &joined) {
            return Ok(None);
        }
        let value = Expr { ty, ..value };
        let lowered = self.expr(&value, &joined.scope)?;
        self.extend(joined, vec![(id, lowered)]).map(Some)
    }

    /// `outer = inner` as a condition over a column that holds `inner`.
    #[expect(clippy::type_complexity, reason = "a function from the inner column to the condition")]
    fn correlation(
        &self,
        condition: &Expr,
        inside: &HashSet<ColumnId>,
    ) -> Option<(Box<dyn Fn(Expr) -> Expr>, Expr)> {
        let ExprKind::Call(call) = &condition.kind else { return None };
        if !is_equality(condition) {
            return None;
        }
        let is_inner = |expr: &Expr| {
            let read = walk::columns_read(expr);
            !read.is_empty() && read.iter().all(|id| inside.contains(id))
        };
        let is_outer = |expr: &Expr| walk::columns_read(expr).iter().all(|id| !inside.contains(id));
        let position = match &call.args[..] {
            [a, b] if is_inner(a) && is_outer(b) => 0,
            [a, b] if is_outer(a) && is_inner(b) => 1,
            _ => return None,
        };
        let inner = call.args[position].clone();
        let template = condition.clone();
        let replace = move |column: Expr| {
            let mut condition = template.clone();
            if let ExprKind::Call(call) = &mut condition.kind {
                call.args[position] = column;
            }
            condition
        };
        Some((Box::new(replace), inner))
    }

    /// Runs the subquery per distinct outer values.
    fn apply(&self, relation: Relation, taken: Taken) -> Result<Relation> {
        let Taken { id, subquery: Subquery { kind, query }, ty, guards } = taken;
        let (value, query) = match kind {
            SubqueryKind::Scalar => (Value::Scalar, query),
            SubqueryKind::Exists => (Value::Exists, query),
            SubqueryKind::Array => (Value::Array(ty), query),
            SubqueryKind::Quantified { test, all } => {
                let id = self.planner.fresh_column();
                let column = OutputColumn { id, name: String::new(), ty: test.ty, origin: None };
                let rel = Rel::Project {
                    input: Box::new(query.rel),
                    exprs: vec![(column.clone(), *test)],
                };
                (Value::Quantified { all }, Query { rel, output: vec![column] })
            }
        };
        let form = Form::of(ty, self.catalog())?;
        let mut subquery = self.dependent(&relation, query.clone())?;
        let guards = self.guards(&relation, guards, &mut subquery.outer);
        self.sub_plan(relation, id, &query, Apply { subquery, value, form, guards })
    }

    /// The guards that can be evaluated over the outer columns, to which theirs are added.
    fn guards(
        &self,
        relation: &Relation,
        guards: Vec<Expr>,
        outer: &mut Vec<(ColumnId, Form)>,
    ) -> Vec<Evaluator> {
        let mut usable = Vec::new();
        for guard in guards {
            let Ok(guard) = self.planner.substitute(&guard) else { continue };
            let mut read: Vec<ColumnId> = walk::columns_read(&guard).into_iter().collect();
            read.retain(|id| !outer.iter().any(|(known, _)| known == id));
            read.sort();
            let columns = read.iter().map(|id| Ok((*id, column(*id, &relation.scope)?.form)));
            if let Ok(columns) = columns.collect::<Result<Vec<_>>>() {
                outer.extend(columns);
                usable.push(guard);
            }
        }
        let slots: Vec<ColumnId> = outer.iter().map(|(id, _)| *id).collect();
        let compiled = usable.iter().map(|guard| Evaluator::compile(guard, &slots, self.catalog()));
        // One that cannot be evaluated here only spares less.
        compiled.filter_map(Result::ok).filter(|guard| !guard.calls_functions()).collect()
    }

    /// Joins a relation with a subquery that reads its columns.
    pub fn lateral_join(&self, relation: Relation, right: Rel, outer: bool) -> Result<Relation> {
        let output = visit::columns(&right);
        let columns = output
            .iter()
            .map(|column| Ok((column.id, Form::of(column.ty, self.catalog())?)))
            .collect::<Result<Vec<_>>>()?;
        let subquery = self.dependent(&relation, Query { rel: right, output })?;
        let operator = LateralJoin { subquery, columns: columns.clone(), outer_join: outer };
        self.appending(Arc::new(operator), relation, &columns)
    }

    /// Makes the outer columns of a subquery its parameters.
    fn dependent(&self, relation: &Relation, mut query: Query) -> Result<Dependent> {
        let mut free: Vec<ColumnId> = walk::free_columns(&query.rel).into_iter().collect();
        free.sort();
        let base = self.planner.params.len();
        let outer = free
            .iter()
            .map(|id| Ok((*id, column(*id, &relation.scope)?.form)))
            .collect::<Result<Vec<_>>>()?;
        let mut volatile = false;
        visit::rewrite_rel(&mut query.rel, &mut |expr| {
            if let ExprKind::Column(id) = expr.kind
                && let Some(position) = free.iter().position(|column| *column == id)
            {
                expr.kind = ExprKind::Param(base + position);
            }
            volatile |= walk::is_volatile(expr);
        });
        for column in &query.output {
            if free.contains(&column.id) {
                return Err(Error::internal(format!(
                    "a subquery gives its outer column {} without a projection",
                    column_name(column.id)
                )));
            }
        }
        Ok(Dependent { planner: self.planner.clone(), query, outer, volatile })
    }
}

/// `count` over no rows is 0, where a left join gives NULL.
fn with_empty_counts(mut value: Expr, aggregates: &[(OutputColumn, AggregateCall)]) -> Expr {
    visit::rewrite(&mut value, &mut |expr| {
        let ExprKind::Column(id) = expr.kind else { return };
        let counts = aggregates.iter().any(|(column, call)| {
            column.id == id && matches!(&*call.function.name, "count" | "regr_count")
        });
        if counts {
            let column = expr.clone();
            let zero = Expr { kind: ExprKind::Const(Datum::Int8(0)), ..column.clone() };
            expr.kind = ExprKind::Coalesce(vec![column, zero]);
        }
    });
    value
}

pub(super) fn is_equality(expr: &Expr) -> bool {
    let ExprKind::Call(call) = &expr.kind else { return false };
    matches!(native(&call.function.source), Some(Native::Compare(Comparison::Eq, _)))
}

/// The opposite of a comparison, as the operator's negator where it has one.
fn negation(test: &Expr, lowering: &Lowering<'_>) -> Result<Expr> {
    if let ExprKind::Call(call) = &test.kind {
        let catalog = lowering.catalog();
        let negator = catalog
            .operators()
            .find(|operator| operator.function == call.function.oid)
            .and_then(|operator| catalog.operator(operator.negator))
            .and_then(|operator| catalog.function(operator.function));
        if let Some(function) = negator {
            let mut call = call.clone();
            call.function = Arc::clone(function);
            return Ok(Expr { kind: ExprKind::Call(call), ..test.clone() });
        }
    }
    Ok(boolean(ExprKind::Not(Box::new(test.clone()))))
}

/// Whether a column of a relation cannot be NULL.
fn is_not_null(id: ColumnId, rel: &Rel) -> bool {
    match rel {
        Rel::Scan(scan) => scan.columns.iter().any(|(number, column)| {
            column.id == id
                && usize::try_from(*number - 1)
                    .ok()
                    .and_then(|index| scan.relation.columns.get(index))
                    .is_some_and(|column| column.not_null)
        }),
        Rel::Filter { input, .. }
        | Rel::Barrier { input }
        | Rel::Sort { input, .. }
        | Rel::Limit { input, .. }
        | Rel::Distinct { input, .. }
        | Rel::LockRows { input, .. } => is_not_null(id, input),
        Rel::Project { input, exprs } => exprs.iter().any(|(column, expr)| match expr.kind {
            ExprKind::Column(inner) => column.id == id && is_not_null(inner, input),
            _ => false,
        }),
        Rel::Join { kind, left, right, .. } => match kind {
            JoinKind::Inner => is_not_null(id, left) || is_not_null(id, right),
            JoinKind::Left => is_not_null(id, left),
            JoinKind::Right => is_not_null(id, right),
            JoinKind::Full => false,
        },
        Rel::Aggregate { input, group_by, grouping_sets: None, .. } => {
            group_by.iter().any(|(column, expr)| match expr.kind {
                ExprKind::Column(inner) => column.id == id && is_not_null(inner, input),
                _ => false,
            })
        }
        _ => false,
    }
}
