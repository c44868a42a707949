//! Walks over the typed tree: every expression and every scan, outside in.

use super::*;

/// Visits `expr` and everything inside it, subqueries included.
pub fn expressions(expr: &Expr, on_expr: &mut dyn FnMut(&Expr), on_scan: &mut dyn FnMut(&Scan)) {
    on_expr(expr);
    if let ExprKind::Subquery(subquery) = &expr.kind {
        if let SubqueryKind::Quantified { test, .. } = &subquery.kind {
            expressions(test, on_expr, on_scan);
        }
        relations(&subquery.query.rel, on_expr, on_scan);
    }
    expr.for_each_child(&mut |child| expressions(child, on_expr, on_scan));
}

/// Visits the expressions and scans of `rel` and of everything below it.
pub fn relations(rel: &Rel, on_expr: &mut dyn FnMut(&Expr), on_scan: &mut dyn FnMut(&Scan)) {
    if let Rel::Scan(scan) = rel {
        on_scan(scan);
    }
    rel.for_each_expr(&mut |expr| expressions(expr, on_expr, on_scan));
    rel.for_each_input(&mut |input| relations(input, on_expr, on_scan));
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
    rel.for_each_input(&mut |input| modifications(input, on_statement));
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
        | Rel::Sort { input, .. }
        | Rel::Limit { input, .. }
        | Rel::Distinct { input, .. }
        | Rel::LockRows { input, .. } => columns(input),
        Rel::With { body, .. } => columns(body),
    }
}

impl Expr {
    /// Calls `f` for each direct child expression (not into subqueries).
    pub fn for_each_child<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            ExprKind::Const(_)
            | ExprKind::Param(_)
            | ExprKind::Column(_)
            | ExprKind::Element
            | ExprKind::CaseOperand
            | ExprKind::Subquery(_)
            | ExprKind::Grouping(_) => {}
            ExprKind::Call(call) => call.args.iter().for_each(f),
            ExprKind::Distinct { equal, .. } | ExprKind::NullIf { equal } => {
                equal.args.iter().for_each(f);
            }
            ExprKind::Relabel(arg)
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
            | ExprKind::Array { elements: args, .. } => args.iter().for_each(f),
            ExprKind::Case { operand, whens, otherwise } => {
                operand.iter().for_each(|expr| f(expr));
                for (when, then) in whens {
                    f(when);
                    f(then);
                }
                otherwise.iter().for_each(|expr| f(expr));
            }
            ExprKind::ArrayCompare { left, array, .. } => {
                f(left);
                f(array);
            }
            ExprKind::InList { left, list, .. } => {
                f(left);
                list.iter().for_each(f);
            }
            ExprKind::Subscript { array, indexes } => {
                f(array);
                indexes.iter().for_each(f);
            }
            ExprKind::Slice { array, bounds } => {
                f(array);
                for (lower, upper) in bounds {
                    lower.iter().chain(upper).for_each(&mut *f);
                }
            }
        }
    }
}

impl Rel {
    /// Calls `f` for each direct input.
    pub fn for_each_input<'a>(&'a self, f: &mut dyn FnMut(&'a Rel)) {
        match self {
            Rel::OneRow
            | Rel::Scan(_)
            | Rel::Values { .. }
            | Rel::Functions(_)
            | Rel::Cte { .. } => {}
            Rel::Filter { input, .. }
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
                    if let CteBody::Query(query) = &cte.body {
                        f(query);
                    }
                }
                f(body);
            }
        }
    }

    /// Calls `f` for each expression of this node itself.
    pub fn for_each_expr<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        match self {
            Rel::Values { rows, .. } => rows.iter().flatten().for_each(f),
            Rel::Functions(scan) => {
                scan.calls.iter().flat_map(|(call, _)| &call.args).for_each(f);
            }
            Rel::Filter { predicate, .. } => f(predicate),
            Rel::Project { exprs, .. } => exprs.iter().for_each(|(_, expr)| f(expr)),
            Rel::ProjectSet { calls, .. } => {
                calls.iter().flat_map(|(_, call)| &call.args).for_each(f);
            }
            Rel::Join { on, .. } => on.iter().for_each(f),
            Rel::Aggregate { group_by, aggregates, .. } => {
                group_by.iter().for_each(|(_, expr)| f(expr));
                for (_, call) in aggregates {
                    call.args.iter().chain(&call.filter).for_each(&mut *f);
                    call.order_by.iter().for_each(|key| f(&key.expr));
                }
            }
            Rel::Window { calls, .. } => {
                for (_, call) in calls {
                    let plain = call.args.iter().chain(&call.filter).chain(&call.partition_by);
                    plain.for_each(&mut *f);
                    call.order_by.iter().for_each(|key| f(&key.expr));
                    for bound in [&call.frame.start, &call.frame.end] {
                        if let FrameBound::Preceding(expr) | FrameBound::Following(expr) = bound {
                            f(expr);
                        }
                    }
                }
            }
            Rel::Sort { keys, .. } => keys.iter().for_each(|key| f(&key.expr)),
            Rel::Limit { limit, offset, with_ties, .. } => {
                limit.iter().chain(offset).for_each(&mut *f);
                with_ties.iter().for_each(|key| f(&key.expr));
            }
            Rel::Distinct { on: Some(on), .. } => on.iter().for_each(f),
            Rel::OneRow
            | Rel::Scan(_)
            | Rel::Cte { .. }
            | Rel::Distinct { on: None, .. }
            | Rel::SetOp { .. }
            | Rel::RecursiveUnion { .. }
            | Rel::LockRows { .. }
            | Rel::With { .. } => {}
        }
    }
}

/// Visits every scan of a statement, those of its RETURNING, assignments and ON
/// CONFLICT clause included; not of the statements in its CTEs ([`modifications`]).
pub fn statement_scans(statement: &Statement, on_scan: &mut dyn FnMut(&Scan)) {
    let skip = &mut |_: &Expr| {};
    relations(statement.rel(), skip, on_scan);
    for expr in statement.own_expressions() {
        expressions(expr, skip, on_scan);
    }
}

impl Statement {
    /// The relation that gives the statement its rows.
    pub fn rel(&self) -> &Rel {
        match self {
            Statement::Query(query) => &query.rel,
            Statement::Insert(insert) => &insert.source.rel,
            Statement::Update(update) => &update.input,
            Statement::Delete(delete) => &delete.input,
        }
    }

    /// The expressions that stand outside of that relation.
    fn own_expressions(&self) -> Vec<&Expr> {
        let (mut found, returning): (Vec<&Expr>, _) = match self {
            Statement::Query(_) => return Vec::new(),
            Statement::Insert(insert) => {
                let mut found: Vec<&Expr> = insert.defaults.iter().map(|(_, expr)| expr).collect();
                if let Some(OnConflict {
                    action: ConflictAction::Update { assignments, condition, .. },
                    ..
                }) = &insert.on_conflict
                {
                    found.extend(assignments.iter().map(|(_, expr)| expr).chain(condition));
                }
                (found, &insert.returning)
            }
            Statement::Update(update) => {
                (update.assignments.iter().map(|(_, expr)| expr).collect(), &update.returning)
            }
            Statement::Delete(delete) => (Vec::new(), &delete.returning),
        };
        found.extend(returning.iter().flat_map(|returning| &returning.exprs).map(|(_, expr)| expr));
        found
    }
}
