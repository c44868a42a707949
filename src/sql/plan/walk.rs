//! Walking the typed tree: the direct parts of an expression or a relation, and
//! what is derived from them (free columns, substitution).

use std::collections::HashSet;

pub use crate::sql::ir::visit::columns;

use crate::sql::ir::{
    AggregateCall, ColumnId, CteBody, Expr, ExprKind, FrameBound, Query, Rel, SortKey, Subquery,
    SubqueryKind, WindowCall, WindowFunction,
};

/// Calls `f` on each direct operand of `expr`; a subquery's test is one of
/// them, its relation is not.
pub fn operands_mut(expr: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.kind {
        ExprKind::Const(_)
        | ExprKind::Param(_)
        | ExprKind::Column(_)
        | ExprKind::Element
        | ExprKind::CaseOperand
        | ExprKind::Grouping(_) => {}
        ExprKind::Call(call) => call.args.iter_mut().for_each(f),
        ExprKind::Distinct { equal, .. } | ExprKind::NullIf { equal } => {
            equal.args.iter_mut().for_each(f);
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
        | ExprKind::Array { elements: args, .. } => args.iter_mut().for_each(f),
        ExprKind::Case { operand, whens, otherwise } => {
            operand.iter_mut().for_each(|e| f(e));
            for (condition, result) in whens {
                f(condition);
                f(result);
            }
            otherwise.iter_mut().for_each(|e| f(e));
        }
        ExprKind::ArrayCompare { left, array, .. } => {
            f(left);
            f(array);
        }
        ExprKind::InList { left, list, .. } => {
            f(left);
            list.iter_mut().for_each(f);
        }
        ExprKind::Subscript { array, indexes } => {
            f(array);
            indexes.iter_mut().for_each(f);
        }
        ExprKind::Slice { array, bounds } => {
            f(array);
            for (lower, upper) in bounds {
                lower.iter_mut().chain(upper).for_each(&mut *f);
            }
        }
        ExprKind::Subquery(subquery) => {
            if let SubqueryKind::Quantified { test, .. } = &mut subquery.kind {
                f(test);
            }
        }
    }
}

/// Calls `f` on each expression that `rel` itself holds.
pub fn expressions_mut(rel: &mut Rel, f: &mut dyn FnMut(&mut Expr)) {
    match rel {
        Rel::OneRow
        | Rel::Scan(_)
        | Rel::Cte { .. }
        | Rel::SetOp { .. }
        | Rel::RecursiveUnion { .. }
        | Rel::LockRows { .. }
        | Rel::With { .. } => {}
        Rel::Values { rows, .. } => rows.iter_mut().flatten().for_each(f),
        Rel::Functions(scan) => {
            scan.calls.iter_mut().flat_map(|(call, _)| &mut call.args).for_each(f);
        }
        Rel::Filter { predicate, .. } => f(predicate),
        Rel::Project { exprs, .. } => exprs.iter_mut().for_each(|(_, expr)| f(expr)),
        Rel::ProjectSet { calls, .. } => {
            calls.iter_mut().flat_map(|(_, call)| &mut call.args).for_each(f);
        }
        Rel::Join { on, .. } => on.iter_mut().for_each(f),
        Rel::Aggregate { group_by, aggregates, .. } => {
            group_by.iter_mut().for_each(|(_, expr)| f(expr));
            aggregates.iter_mut().for_each(|(_, call)| aggregate_expressions(call, f));
        }
        Rel::Window { calls, .. } => {
            calls.iter_mut().for_each(|(_, call)| window_expressions(call, f));
        }
        Rel::Sort { keys, .. } => sort_expressions(keys, f),
        Rel::Limit { limit, offset, with_ties, .. } => {
            limit.iter_mut().chain(offset).for_each(&mut *f);
            sort_expressions(with_ties, f);
        }
        Rel::Distinct { on, .. } => on.iter_mut().flatten().for_each(f),
    }
}

fn sort_expressions(keys: &mut [SortKey], f: &mut dyn FnMut(&mut Expr)) {
    keys.iter_mut().for_each(|key| f(&mut key.expr));
}

fn aggregate_expressions(call: &mut AggregateCall, f: &mut dyn FnMut(&mut Expr)) {
    call.args.iter_mut().for_each(&mut *f);
    sort_expressions(&mut call.order_by, f);
    call.filter.iter_mut().for_each(f);
}

fn window_expressions(call: &mut WindowCall, f: &mut dyn FnMut(&mut Expr)) {
    call.args.iter_mut().for_each(&mut *f);
    call.filter.iter_mut().for_each(&mut *f);
    call.partition_by.iter_mut().for_each(&mut *f);
    sort_expressions(&mut call.order_by, f);
    for bound in [&mut call.frame.start, &mut call.frame.end] {
        if let FrameBound::Preceding(expr) | FrameBound::Following(expr) = bound {
            f(expr);
        }
    }
}

/// Calls `f` on each relation directly below `rel` (bodies of CTEs included).
pub fn inputs_mut(rel: &mut Rel, f: &mut dyn FnMut(&mut Rel)) {
    match rel {
        Rel::OneRow | Rel::Scan(_) | Rel::Values { .. } | Rel::Functions(_) | Rel::Cte { .. } => {}
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
                if let CteBody::Query(rel) = &mut cte.body {
                    f(rel);
                }
            }
            f(body);
        }
    }
}

/// Calls `f` on every expression below `expr`, operands before their operator;
/// not inside subqueries.
pub fn rewrite(expr: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    operands_mut(expr, &mut |operand| rewrite(operand, f));
    f(expr);
}

/// Calls `f` on every expression below `rel`, operands first, subqueries' relations included.
pub fn rewrite_rel(rel: &mut Rel, f: &mut dyn FnMut(&mut Expr)) {
    expressions_mut(rel, &mut |expr| rewrite_deep(expr, f));
    inputs_mut(rel, &mut |input| rewrite_rel(input, f));
}

/// As [`rewrite`], subqueries' relations included.
pub fn rewrite_deep(expr: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    operands_mut(expr, &mut |operand| rewrite_deep(operand, f));
    if let ExprKind::Subquery(subquery) = &mut expr.kind {
        rewrite_rel(&mut subquery.query.rel, f);
    }
    f(expr);
}

/// The columns an expression reads, its subqueries' free columns included.
pub fn columns_read(expr: &Expr) -> HashSet<ColumnId> {
    let mut expr = expr.clone();
    let mut found = Reading::default();
    found.expr(&mut expr);
    found.free()
}

/// The columns that `rel` reads but does not produce anywhere inside: its outer
/// references.
pub fn free_columns(rel: &Rel) -> HashSet<ColumnId> {
    let mut rel = rel.clone();
    let mut found = Reading::default();
    found.rel(&mut rel);
    found.free()
}

/// Column ids are unique in a statement, so what is read and produced nowhere
/// below is free.
#[derive(Default)]
struct Reading {
    read: HashSet<ColumnId>,
    produced: HashSet<ColumnId>,
}

impl Reading {
    fn free(self) -> HashSet<ColumnId> {
        self.read.difference(&self.produced).copied().collect()
    }

    fn expr(&mut self, expr: &mut Expr) {
        operands_mut(expr, &mut |operand| self.expr(operand));
        match &mut expr.kind {
            ExprKind::Column(id) => {
                self.read.insert(*id);
            }
            ExprKind::Subquery(subquery) => self.rel(&mut subquery.query.rel),
            _ => {}
        }
    }

    fn rel(&mut self, rel: &mut Rel) {
        self.produced.extend(columns(rel).iter().map(|column| column.id));
        match rel {
            Rel::Scan(scan) => self.produced.extend(scan.rid),
            Rel::LockRows { locks, .. } => self.read.extend(locks.iter().map(|lock| lock.rid)),
            _ => {}
        }
        expressions_mut(rel, &mut |expr| self.expr(expr));
        inputs_mut(rel, &mut |input| self.rel(input));
    }
}

/// Whether `rel` reads one of these CTEs (the working tables of recursion).
pub fn reads_cte(rel: &Rel, wanted: &HashSet<u32>) -> bool {
    fn expr_reads(expr: &mut Expr, wanted: &HashSet<u32>, found: &mut bool) {
        operands_mut(expr, &mut |operand| expr_reads(operand, wanted, found));
        if let ExprKind::Subquery(subquery) = &mut expr.kind {
            rel_reads(&mut subquery.query.rel, wanted, found);
        }
    }
    fn rel_reads(rel: &mut Rel, wanted: &HashSet<u32>, found: &mut bool) {
        if let Rel::Cte { id, .. } = rel {
            *found |= wanted.contains(&id.0);
        }
        expressions_mut(rel, &mut |expr| expr_reads(expr, wanted, found));
        inputs_mut(rel, &mut |input| rel_reads(input, wanted, found));
    }
    if wanted.is_empty() {
        return false;
    }
    let mut found = false;
    rel_reads(&mut rel.clone(), wanted, &mut found);
    found
}

/// Whether an expression contains a subquery.
pub fn has_subquery(expr: &Expr) -> bool {
    let mut found = false;
    rewrite(&mut expr.clone(), &mut |e| found |= matches!(e.kind, ExprKind::Subquery(_)));
    found
}

/// Whether an expression calls a volatile function.
pub fn is_volatile(expr: &Expr) -> bool {
    use crate::catalog::Volatility::Volatile;
    let mut found = false;
    rewrite_deep(&mut expr.clone(), &mut |e| {
        if let ExprKind::Call(call) = &e.kind {
            found |= call.function.volatility == Volatile;
        }
    });
    found
}

/// Splits a condition into its conjuncts.
pub fn conjuncts(expr: &Expr) -> Vec<Expr> {
    match &expr.kind {
        ExprKind::And(args) => args.iter().flat_map(conjuncts).collect(),
        _ => vec![expr.clone()],
    }
}

/// The subqueries directly in an expression (not those nested in subqueries).
pub fn take_subqueries(expr: &mut Expr, replace: &mut dyn FnMut(Subquery, &Expr) -> ExprKind) {
    if let ExprKind::Subquery(subquery) = &expr.kind {
        let subquery = (**subquery).clone();
        expr.kind = replace(subquery, expr);
        return;
    }
    operands_mut(expr, &mut |operand| take_subqueries(operand, replace));
}

/// The function behind a window call, for its name.
pub fn window_function(function: &WindowFunction) -> &crate::catalog::Function {
    match function {
        WindowFunction::Window(function) | WindowFunction::Aggregate(function, _) => function,
    }
}

/// The largest column id a query uses, for making fresh ones.
pub fn largest_column(query: &Query) -> u32 {
    let mut rel = query.rel.clone();
    let mut found = Reading::default();
    found.rel(&mut rel);
    let all = found.read.iter().chain(&found.produced).map(|id| id.0);
    all.chain(query.output.iter().map(|column| column.id.0)).max().unwrap_or(0)
}
