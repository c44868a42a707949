//! Walking typed trees.
//!
//! [`each_expr`] calls back for every expression of a tree, outermost first;
//! the callback says whether to look inside. Relations within subqueries are
//! part of the tree. The mutable forms replace expressions in place.

use std::collections::HashSet;

use crate::sql::ir::*;

/// What the callback wants next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    Inside,
    Skip,
}

type Visit<'v> = &'v mut dyn FnMut(&mut Expr) -> Walk;

pub(super) fn each_expr_mut(expr: &mut Expr, visit: Visit<'_>) {
    if visit(expr) == Walk::Inside {
        children_mut(expr, visit);
    }
}

fn all_mut(exprs: &mut [Expr], visit: Visit<'_>) {
    exprs.iter_mut().for_each(|expr| each_expr_mut(expr, visit));
}

fn children_mut(expr: &mut Expr, visit: Visit<'_>) {
    use ExprKind::*;
    match &mut expr.kind {
        Const(_) | Param(_) | Column(_) | Element | CaseOperand | Grouping(_) => {}
        Call(call) => all_mut(&mut call.args, visit),
        Distinct { equal, .. } | NullIf { equal } => all_mut(&mut equal.args, visit),
        Relabel(e) | CoerceViaText(e) | Not(e) | IsNull(e) | IsNotNull(e) => {
            each_expr_mut(e, visit);
        }
        BoolTest { arg, .. } => each_expr_mut(arg, visit),
        Field { record, .. } => each_expr_mut(record, visit),
        ArrayCoerce { array, element } => {
            each_expr_mut(array, visit);
            each_expr_mut(element, visit);
        }
        And(list) | Or(list) | Coalesce(list) | Greatest(list) | Least(list) | Row(list) => {
            all_mut(list, visit);
        }
        Array { elements, .. } => all_mut(elements, visit),
        Case { operand, whens, otherwise } => {
            operand.iter_mut().for_each(|e| each_expr_mut(e, visit));
            for (when, then) in whens {
                each_expr_mut(when, visit);
                each_expr_mut(then, visit);
            }
            otherwise.iter_mut().for_each(|e| each_expr_mut(e, visit));
        }
        ArrayCompare { left, array, .. } => {
            each_expr_mut(left, visit);
            each_expr_mut(array, visit);
        }
        InList { left, list, .. } => {
            each_expr_mut(left, visit);
            all_mut(list, visit);
        }
        Subscript { array, indexes } => {
            each_expr_mut(array, visit);
            all_mut(indexes, visit);
        }
        Slice { array, bounds } => {
            each_expr_mut(array, visit);
            for (lower, upper) in bounds {
                lower.iter_mut().chain(upper.iter_mut()).for_each(|e| each_expr_mut(e, visit));
            }
        }
        Subquery(subquery) => {
            if let SubqueryKind::Quantified { test, .. } = &mut subquery.kind {
                each_expr_mut(test, visit);
            }
            rel_exprs_mut(&mut subquery.query.rel, visit);
        }
    }
}

fn keys_mut(keys: &mut [SortKey], visit: Visit<'_>) {
    keys.iter_mut().for_each(|key| each_expr_mut(&mut key.expr, visit));
}

fn aggregate_mut(call: &mut AggregateCall, visit: Visit<'_>) {
    all_mut(&mut call.args, visit);
    keys_mut(&mut call.order_by, visit);
    call.filter.iter_mut().for_each(|e| each_expr_mut(e, visit));
}

pub(super) fn window_mut(call: &mut WindowCall, visit: Visit<'_>) {
    all_mut(&mut call.args, visit);
    call.filter.iter_mut().for_each(|e| each_expr_mut(e, visit));
    all_mut(&mut call.partition_by, visit);
    keys_mut(&mut call.order_by, visit);
    for bound in [&mut call.frame.start, &mut call.frame.end] {
        if let FrameBound::Preceding(e) | FrameBound::Following(e) = bound {
            each_expr_mut(e, visit);
        }
    }
}

/// Every expression of a relation and of the relations below it.
pub(super) fn rel_exprs_mut(rel: &mut Rel, visit: Visit<'_>) {
    match rel {
        Rel::OneRow | Rel::Scan(_) | Rel::Cte { .. } => {}
        Rel::Values { rows, .. } => rows.iter_mut().for_each(|row| all_mut(row, visit)),
        Rel::Functions(scan) => {
            scan.calls.iter_mut().for_each(|(call, _)| all_mut(&mut call.args, visit));
        }
        Rel::Filter { predicate, .. } => each_expr_mut(predicate, visit),
        Rel::Project { exprs, .. } => {
            exprs.iter_mut().for_each(|(_, expr)| each_expr_mut(expr, visit));
        }
        Rel::ProjectSet { calls, .. } => {
            calls.iter_mut().for_each(|(_, call)| all_mut(&mut call.args, visit));
        }
        Rel::Join { on, .. } => on.iter_mut().for_each(|e| each_expr_mut(e, visit)),
        Rel::Aggregate { group_by, aggregates, .. } => {
            group_by.iter_mut().for_each(|(_, expr)| each_expr_mut(expr, visit));
            aggregates.iter_mut().for_each(|(_, call)| aggregate_mut(call, visit));
        }
        Rel::Window { calls, .. } => {
            calls.iter_mut().for_each(|(_, call)| window_mut(call, visit));
        }
        Rel::Sort { keys, .. } => keys_mut(keys, visit),
        Rel::Limit { limit, offset, with_ties, .. } => {
            limit.iter_mut().chain(offset.iter_mut()).for_each(|e| each_expr_mut(e, visit));
            keys_mut(with_ties, visit);
        }
        Rel::Distinct { on, .. } => on.iter_mut().for_each(|list| all_mut(list, visit)),
        Rel::SetOp { .. } | Rel::RecursiveUnion { .. } | Rel::LockRows { .. } => {}
        Rel::With { .. } => {}
    }
    each_input_mut(rel, &mut |input| rel_exprs_mut(input, visit));
    if let Rel::With { ctes, .. } = rel {
        for cte in ctes {
            if let CteBody::Modify(statement) = &mut cte.body {
                statement_exprs_mut(statement, visit);
            }
        }
    }
}

/// The relations directly below one (not those within expressions).
pub(super) fn each_input_mut(rel: &mut Rel, visit: &mut dyn FnMut(&mut Rel)) {
    match rel {
        Rel::OneRow | Rel::Scan(_) | Rel::Cte { .. } | Rel::Values { .. } => {}
        Rel::Functions(_) => {}
        Rel::Filter { input, .. }
        | Rel::Project { input, .. }
        | Rel::ProjectSet { input, .. }
        | Rel::Aggregate { input, .. }
        | Rel::Window { input, .. }
        | Rel::Sort { input, .. }
        | Rel::Limit { input, .. }
        | Rel::Distinct { input, .. }
        | Rel::LockRows { input, .. } => visit(input),
        Rel::Join { left, right, .. } | Rel::SetOp { left, right, .. } => {
            visit(left);
            visit(right);
        }
        Rel::RecursiveUnion { initial, recursive, .. } => {
            visit(initial);
            visit(recursive);
        }
        Rel::With { ctes, body } => {
            for cte in ctes {
                if let CteBody::Query(query) = &mut cte.body {
                    visit(query);
                }
            }
            visit(body);
        }
    }
}

pub(super) fn statement_exprs_mut(statement: &mut Statement, visit: Visit<'_>) {
    let (rel, assignments, returning) = match statement {
        Statement::Query(query) => (&mut query.rel, None, None),
        Statement::Insert(insert) => {
            insert.defaults.iter_mut().for_each(|(_, e)| each_expr_mut(e, visit));
            if let Some(OnConflict {
                action: ConflictAction::Update { assignments, condition, .. },
                ..
            }) = &mut insert.on_conflict
            {
                assignments.iter_mut().for_each(|(_, e)| each_expr_mut(e, visit));
                condition.iter_mut().for_each(|e| each_expr_mut(e, visit));
            }
            (&mut insert.source.rel, None, insert.returning.as_mut())
        }
        Statement::Update(update) => {
            (&mut update.input, Some(&mut update.assignments), update.returning.as_mut())
        }
        Statement::Delete(delete) => (&mut delete.input, None, delete.returning.as_mut()),
    };
    rel_exprs_mut(rel, visit);
    for (_, expr) in assignments.into_iter().flatten() {
        each_expr_mut(expr, visit);
    }
    for (_, expr) in returning.into_iter().flat_map(|r| &mut r.exprs) {
        each_expr_mut(expr, visit);
    }
}

/// The columns that an expression refers to, subqueries included.
pub(super) fn columns_of(expr: &mut Expr) -> HashSet<ColumnId> {
    let mut columns = HashSet::new();
    each_expr_mut(expr, &mut |e| {
        if let ExprKind::Column(id) = e.kind {
            columns.insert(id);
        }
        Walk::Inside
    });
    columns
}

/// Drops from every scan the columns that nothing refers to.
pub(super) fn prune_scans(statement: &mut Statement) {
    let mut used = HashSet::new();
    statement_exprs_mut(statement, &mut |e| {
        if let ExprKind::Column(id) = e.kind {
            used.insert(id);
        }
        Walk::Inside
    });
    if let Statement::Query(query) = statement {
        used.extend(query.output.iter().map(|column| column.id));
    }
    let keep = |rel: &mut Rel| prune(rel, &used);
    match statement {
        Statement::Query(query) => keep(&mut query.rel),
        Statement::Insert(insert) => keep(&mut insert.source.rel),
        Statement::Update(update) => prune_except(&mut update.input, &used, &update.target),
        Statement::Delete(delete) => prune_except(&mut delete.input, &used, &delete.target),
    }
    // Scans within subqueries of expressions.
    statement_exprs_mut(statement, &mut |e| {
        if let ExprKind::Subquery(subquery) = &mut e.kind {
            prune(&mut subquery.query.rel, &used);
        }
        Walk::Inside
    });
}

fn prune_except(input: &mut Rel, used: &HashSet<ColumnId>, target: &Scan) {
    let mut used = used.clone();
    used.extend(target.columns.iter().map(|(_, column)| column.id));
    prune(input, &used);
}

fn prune(rel: &mut Rel, used: &HashSet<ColumnId>) {
    if let Rel::Scan(scan) = rel {
        scan.columns.retain(|(_, column)| used.contains(&column.id));
    }
    each_input_mut(rel, &mut |input| prune(input, used));
    if let Rel::With { ctes, .. } = rel {
        for cte in ctes {
            if let CteBody::Modify(statement) = &mut cte.body {
                prune_scans(statement);
            }
        }
    }
}
