//! The walk over the typed tree.
//!
//! What a node is made of is written down once, here: an expression's operands, a
//! relation's own expressions and its inputs, the expressions of a statement. Each
//! comes borrowed (`operands`) and borrowed mutably (`operands_mut`); walks of whole
//! trees are made of these.
//!
//! ```text
//! operands      a + (SELECT …) = ANY ($1)   the test of a quantified subquery is one,
//!                                           its relation is not
//! expressions   Filter p                    p
//! inputs        a JOIN b                    a, b; CTEs' queries, then the body
//! ```

use std::collections::HashSet;

use super::*;

/// What a callback wants next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    Inside,
    Skip,
}

/// Generates the direct parts of every kind of node; `$mutable` is `mut` or nothing.
macro_rules! parts {
    (
        $iter:ident [$($mutable:tt)?]
        $operands:ident $expressions:ident $inputs:ident $aggregate:ident $window:ident
        $statement_rel:ident $statement_expressions:ident $policies:ident
    ) => {
        /// Calls `f` on each direct operand of an expression; a quantified subquery's
        /// test is one, no subquery's relation is.
        pub fn $operands<'a>(
            expr: &'a $($mutable)? Expr,
            f: &mut dyn FnMut(&'a $($mutable)? Expr),
        ) {
            match & $($mutable)? expr.kind {
                ExprKind::Const(_)
                | ExprKind::Param(_)
                | ExprKind::Column(_)
                | ExprKind::Element
                | ExprKind::CaseOperand
                | ExprKind::Grouping(_) => {}
                ExprKind::Call(call) => call.args.$iter().for_each(f),
                ExprKind::Distinct { equal, .. } | ExprKind::NullIf { equal } => {
                    equal.args.$iter().for_each(f);
                }
                ExprKind::Relabel(arg)
                | ExprKind::CoerceToDomain(arg)
                | ExprKind::CoerceViaText(arg)
                | ExprKind::Not(arg)
                | ExprKind::IsNull(arg)
                | ExprKind::IsNotNull(arg)
                | ExprKind::BoolTest { arg, .. }
                | ExprKind::Field { record: arg, .. } => f(arg),
                ExprKind::ArrayCoerce { array, element } => {
                    f(array);
                    f(element);
                }
                ExprKind::And(args)
                | ExprKind::Or(args)
                | ExprKind::Coalesce(args)
                | ExprKind::Greatest(args)
                | ExprKind::Least(args)
                | ExprKind::Row(args)
                | ExprKind::Array { elements: args, .. } => args.$iter().for_each(f),
                ExprKind::Case { operand, whens, otherwise } => {
                    operand.$iter().for_each(|expr| f(expr));
                    for (when, then) in whens {
                        f(when);
                        f(then);
                    }
                    otherwise.$iter().for_each(|expr| f(expr));
                }
                ExprKind::ArrayCompare { left, array, .. } => {
                    f(left);
                    f(array);
                }
                ExprKind::InList { left, list, .. } => {
                    f(left);
                    list.$iter().for_each(f);
                }
                ExprKind::Subscript { array, indexes } => {
                    f(array);
                    indexes.$iter().for_each(f);
                }
                ExprKind::Slice { array, bounds } => {
                    f(array);
                    for (lower, upper) in bounds {
                        lower.$iter().chain(upper).for_each(&mut *f);
                    }
                }
                ExprKind::Subquery(subquery) => {
                    if let SubqueryKind::Quantified { test, .. } = & $($mutable)? subquery.kind {
                        f(test);
                    }
                }
            }
        }

        /// Calls `f` on each expression that a relation itself holds.
        pub fn $expressions<'a>(
            rel: &'a $($mutable)? Rel,
            f: &mut dyn FnMut(&'a $($mutable)? Expr),
        ) {
            match rel {
                Rel::OneRow
                | Rel::Scan(_)
                | Rel::Cte { .. }
                | Rel::SetOp { .. }
                | Rel::RecursiveUnion { .. }
                | Rel::LockRows { .. }
                | Rel::With { .. } => {}
                Rel::Values { rows, .. } => rows.$iter().flatten().for_each(f),
                Rel::Functions(scan) => {
                    let calls = scan.calls.$iter();
                    calls.flat_map(|(call, _)| call.args.$iter()).for_each(f);
                }
                Rel::Barrier { .. } => {}
                Rel::Filter { predicate, .. } => f(predicate),
                Rel::Project { exprs, .. } => exprs.$iter().for_each(|(_, expr)| f(expr)),
                Rel::ProjectSet { calls, .. } => {
                    calls.$iter().flat_map(|(_, call)| call.args.$iter()).for_each(f);
                }
                Rel::Join { on, .. } => on.$iter().for_each(f),
                Rel::Aggregate { group_by, aggregates, .. } => {
                    group_by.$iter().for_each(|(_, expr)| f(expr));
                    aggregates.$iter().for_each(|(_, call)| $aggregate(call, f));
                }
                Rel::Window { calls, .. } => calls.$iter().for_each(|(_, call)| $window(call, f)),
                Rel::Sort { keys, .. } => keys.$iter().for_each(|key| f(& $($mutable)? key.expr)),
                Rel::Limit { limit, offset, with_ties, .. } => {
                    limit.$iter().chain(offset).for_each(&mut *f);
                    with_ties.$iter().for_each(|key| f(& $($mutable)? key.expr));
                }
                Rel::Distinct { on, .. } => on.$iter().flatten().for_each(f),
            }
        }

        /// Calls `f` on each expression of an aggregate's call.
        fn $aggregate<'a>(
            call: &'a $($mutable)? AggregateCall,
            f: &mut dyn FnMut(&'a $($mutable)? Expr),
        ) {
            call.args.$iter().for_each(&mut *f);
            call.order_by.$iter().for_each(|key| f(& $($mutable)? key.expr));
            call.filter.$iter().for_each(f);
        }

        /// Calls `f` on each expression of a window function's call.
        pub fn $window<'a>(
            call: &'a $($mutable)? WindowCall,
            f: &mut dyn FnMut(&'a $($mutable)? Expr),
        ) {
            call.args.$iter().for_each(&mut *f);
            call.filter.$iter().for_each(&mut *f);
            call.partition_by.$iter().for_each(&mut *f);
            call.order_by.$iter().for_each(|key| f(& $($mutable)? key.expr));
            for bound in [& $($mutable)? call.frame.start, & $($mutable)? call.frame.end] {
                if let FrameBound::Preceding(expr) | FrameBound::Following(expr) = bound {
                    f(expr);
                }
            }
        }

        /// Calls `f` on each relation directly below another, CTEs' queries included;
        /// not on those within expressions.
        pub fn $inputs<'a>(
            rel: &'a $($mutable)? Rel,
            f: &mut dyn FnMut(&'a $($mutable)? Rel),
        ) {
            match rel {
                Rel::OneRow
                | Rel::Scan(_)
                | Rel::Values { .. }
                | Rel::Functions(_)
                | Rel::Cte { .. } => {}
                Rel::Filter { input, .. }
                | Rel::Barrier { input }
                | Rel::Project { input, .. }
                | Rel::ProjectSet { input, .. }
                | Rel::Aggregate { input, .. }
                | Rel::Window { input, .. }
                | Rel::Sort { input, .. }
                | Rel::Limit { input, .. }
                | Rel::Distinct { input, .. }
                | Rel::LockRows { input, .. } => f(input),
                Rel::Join { left, right, .. } | Rel::SetOp { left, right, .. } => {
                    f(left);
                    f(right);
                }
                Rel::RecursiveUnion { initial, recursive, .. } => {
                    f(initial);
                    f(recursive);
                }
                Rel::With { ctes, body } => {
                    for cte in ctes {
                        if let CteBody::Query(query) = & $($mutable)? cte.body {
                            f(query);
                        }
                    }
                    f(body);
                }
            }
        }

        /// Calls `f` on each condition that policies ask for.
        fn $policies<'a>(
            policies: &'a $($mutable)? PolicyChecks,
            f: &mut dyn FnMut(&'a $($mutable)? Expr),
        ) {
            let PolicyChecks { insert, update, update_target, delete_target } = policies;
            let all = insert.$iter().chain(update).chain(update_target).chain(delete_target);
            all.for_each(|check| f(& $($mutable)? check.predicate));
        }

        /// The relation that gives a statement its rows.
        pub fn $statement_rel(statement: & $($mutable)? Statement) -> & $($mutable)? Rel {
            match statement {
                Statement::Query(query) => & $($mutable)? query.rel,
                Statement::Insert(insert) => & $($mutable)? insert.source.rel,
                Statement::Update(update) => & $($mutable)? update.input,
                Statement::Delete(delete) => & $($mutable)? delete.input,
                Statement::Merge(merge) => & $($mutable)? merge.input,
                Statement::Several(several) => & $($mutable)? several.nothing,
            }
        }

        /// Calls `f` on the expressions of a statement that stand outside of that
        /// relation.
        pub fn $statement_expressions<'a>(
            statement: &'a $($mutable)? Statement,
            f: &mut dyn FnMut(&'a $($mutable)? Expr),
        ) {
            let returning = match statement {
                // The parts of several are visited one by one.
                Statement::Query(_) | Statement::Several(_) => return,
                Statement::Merge(merge) => {
                    for action in merge.actions.$iter() {
                        action.condition.$iter().for_each(&mut *f);
                        match & $($mutable)? action.kind {
                            MergeKind::Nothing | MergeKind::Delete => {}
                            MergeKind::Update { assignments } => {
                                assignments.$iter().for_each(|(_, expr)| f(expr));
                            }
                            MergeKind::Insert { values, defaults, .. } => {
                                values.$iter().for_each(&mut *f);
                                defaults.$iter().for_each(|(_, expr)| f(expr));
                            }
                        }
                    }
                    $policies(& $($mutable)? merge.policies, f);
                    return;
                }
                Statement::Insert(insert) => {
                    insert.defaults.$iter().for_each(|(_, expr)| f(expr));
                    let action = insert.on_conflict.$iter().map(|c| & $($mutable)? c.action);
                    for action in action {
                        if let ConflictAction::Update { assignments, condition, .. } = action {
                            assignments.$iter().for_each(|(_, expr)| f(expr));
                            condition.$iter().for_each(&mut *f);
                        }
                    }
                    insert.checks.$iter().for_each(|check| f(& $($mutable)? check.predicate));
                    $policies(& $($mutable)? insert.policies, f);
                    & $($mutable)? insert.returning
                }
                Statement::Update(update) => {
                    update.assignments.$iter().for_each(|(_, expr)| f(expr));
                    update.checks.$iter().for_each(|check| f(& $($mutable)? check.predicate));
                    $policies(& $($mutable)? update.policies, f);
                    & $($mutable)? update.returning
                }
                Statement::Delete(delete) => & $($mutable)? delete.returning,
            };
            for returning in returning.$iter() {
                returning.exprs.$iter().for_each(|(_, expr)| f(expr));
            }
        }
    };
}

parts! {
    iter [] operands expressions inputs aggregate_operands window_operands
    statement_rel statement_expressions policy_conditions
}
parts! {
    iter_mut [mut] operands_mut expressions_mut inputs_mut aggregate_operands_mut
    window_operands_mut statement_rel_mut statement_expressions_mut policy_conditions_mut
}

/// Visits `expr` and everything inside it, subqueries included, outermost first.
pub fn each_in_expr(expr: &Expr, on_expr: &mut dyn FnMut(&Expr), on_scan: &mut dyn FnMut(&Scan)) {
    on_expr(expr);
    operands(expr, &mut |operand| each_in_expr(operand, on_expr, on_scan));
    if let ExprKind::Subquery(subquery) = &expr.kind {
        each_in_rel(&subquery.query.rel, on_expr, on_scan);
    }
}

/// Visits the expressions and scans of `rel` and of everything below it.
pub fn each_in_rel(rel: &Rel, on_expr: &mut dyn FnMut(&Expr), on_scan: &mut dyn FnMut(&Scan)) {
    if let Rel::Scan(scan) = rel {
        on_scan(scan);
    }
    expressions(rel, &mut |expr| each_in_expr(expr, on_expr, on_scan));
    inputs(rel, &mut |input| each_in_rel(input, on_expr, on_scan));
}

/// Visits every scan of a statement, those of its RETURNING, assignments and ON
/// CONFLICT clause included; not of the statements in its CTEs ([`modifications`]).
pub fn statement_scans(statement: &Statement, on_scan: &mut dyn FnMut(&Scan)) {
    let skip = &mut |_: &Expr| {};
    each_in_rel(statement_rel(statement), skip, on_scan);
    statement_expressions(statement, &mut |expr| each_in_expr(expr, skip, on_scan));
}

/// Visits the data-modifying statements that stand as CTEs in `rel` or below it.
pub fn modifications(rel: &Rel, on_statement: &mut dyn FnMut(&Statement)) {
    if let Rel::With { ctes, .. } = rel {
        for cte in ctes {
            if let CteBody::Modify(statement) = &cte.body {
                on_statement(statement);
            }
        }
    }
    inputs(rel, &mut |input| modifications(input, on_statement));
}

type Visit<'v> = &'v mut dyn FnMut(&mut Expr) -> Walk;

/// Visits `expr` and what is inside it, subqueries included, outermost first; the
/// callback may replace an expression, and says whether to look inside.
pub fn each_expr_mut(expr: &mut Expr, visit: Visit<'_>) {
    if visit(expr) == Walk::Skip {
        return;
    }
    operands_mut(expr, &mut |operand| each_expr_mut(operand, visit));
    if let ExprKind::Subquery(subquery) = &mut expr.kind {
        rel_exprs_mut(&mut subquery.query.rel, visit);
    }
}

/// As [`each_expr_mut`], for every expression of a relation and of those below it,
/// data-modifying CTEs included.
pub fn rel_exprs_mut(rel: &mut Rel, visit: Visit<'_>) {
    expressions_mut(rel, &mut |expr| each_expr_mut(expr, visit));
    inputs_mut(rel, &mut |input| rel_exprs_mut(input, visit));
    if let Rel::With { ctes, .. } = rel {
        for cte in ctes {
            if let CteBody::Modify(statement) = &mut cte.body {
                statement_exprs_mut(statement, visit);
            }
        }
    }
}

/// As [`each_expr_mut`], for every expression of a statement.
pub fn statement_exprs_mut(statement: &mut Statement, visit: Visit<'_>) {
    if let Statement::Several(several) = statement {
        several.parts.iter_mut().for_each(|(part, _)| statement_exprs_mut(part, visit));
        return;
    }
    rel_exprs_mut(statement_rel_mut(statement), visit);
    statement_expressions_mut(statement, &mut |expr| each_expr_mut(expr, visit));
}

/// Calls `f` on every expression below `expr`, operands before their operator;
/// not inside subqueries.
pub fn rewrite(expr: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    operands_mut(expr, &mut |operand| rewrite(operand, f));
    f(expr);
}

/// As [`rewrite`], subqueries' relations included.
pub fn rewrite_deep(expr: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    operands_mut(expr, &mut |operand| rewrite_deep(operand, f));
    if let ExprKind::Subquery(subquery) = &mut expr.kind {
        rewrite_rel(&mut subquery.query.rel, f);
    }
    f(expr);
}

/// Calls `f` on every expression below `rel`, operands first, subqueries' relations included.
pub fn rewrite_rel(rel: &mut Rel, f: &mut dyn FnMut(&mut Expr)) {
    expressions_mut(rel, &mut |expr| rewrite_deep(expr, f));
    inputs_mut(rel, &mut |input| rewrite_rel(input, f));
}

/// Whether an expression contains a subquery.
pub fn has_subquery(expr: &Expr) -> bool {
    let mut found = matches!(expr.kind, ExprKind::Subquery(_));
    operands(expr, &mut |operand| found |= has_subquery(operand));
    found
}

/// The columns that an expression refers to, those in its subqueries included.
pub fn columns_of(expr: &Expr) -> HashSet<ColumnId> {
    let mut columns = HashSet::new();
    let mut note = |expr: &Expr| {
        if let ExprKind::Column(id) = expr.kind {
            columns.insert(id);
        }
    };
    each_in_expr(expr, &mut note, &mut |_| {});
    columns
}

/// The columns that `rel` produces, in order.
pub fn columns(rel: &Rel) -> Vec<OutputColumn> {
    match rel {
        Rel::OneRow => Vec::new(),
        Rel::Scan(scan) => scan.columns.iter().map(|(_, column)| column.clone()).collect(),
        Rel::Values { columns, .. }
        | Rel::Cte { columns, .. }
        | Rel::SetOp { columns, .. }
        | Rel::RecursiveUnion { columns, .. } => columns.clone(),
        Rel::Functions(scan) => scan
            .calls
            .iter()
            .flat_map(|(_, columns)| columns)
            .chain(&scan.ordinality)
            .cloned()
            .collect(),
        Rel::Project { exprs, .. } => exprs.iter().map(|(column, _)| column.clone()).collect(),
        Rel::ProjectSet { input, calls } => {
            let mut all = columns(input);
            all.extend(calls.iter().map(|(column, _)| column.clone()));
            all
        }
        Rel::Window { input, calls } => {
            let mut all = columns(input);
            all.extend(calls.iter().map(|(column, _)| column.clone()));
            all
        }
        Rel::Join { left, right, .. } => {
            let mut all = columns(left);
            all.extend(columns(right));
            all
        }
        Rel::Aggregate { group_by, aggregates, .. } => {
            let groups = group_by.iter().map(|(column, _)| column.clone());
            groups.chain(aggregates.iter().map(|(column, _)| column.clone())).collect()
        }
        Rel::Filter { input, .. }
        | Rel::Barrier { input }
        | Rel::Sort { input, .. }
        | Rel::Limit { input, .. }
        | Rel::Distinct { input, .. }
        | Rel::LockRows { input, .. } => columns(input),
        Rel::With { body, .. } => columns(body),
    }
}
