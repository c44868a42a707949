//! What is derived from the typed tree: free columns, conjuncts, volatility.

use std::collections::HashSet;

pub use crate::sql::ir::visit::has_subquery;
use crate::sql::ir::visit::{self, columns};
use crate::sql::ir::{ColumnId, Expr, ExprKind, Query, Rel, WindowFunction};

/// The columns an expression reads, its subqueries' free columns included.
pub fn columns_read(expr: &Expr) -> HashSet<ColumnId> {
    let mut found = Reading::default();
    found.expr(expr);
    found.free()
}

/// The columns that `rel` reads but does not produce anywhere inside: its outer
/// references.
pub fn free_columns(rel: &Rel) -> HashSet<ColumnId> {
    let mut found = Reading::default();
    found.rel(rel);
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

    fn expr(&mut self, expr: &Expr) {
        visit::operands(expr, &mut |operand| self.expr(operand));
        match &expr.kind {
            ExprKind::Column(id) => {
                self.read.insert(*id);
            }
            ExprKind::Subquery(subquery) => self.rel(&subquery.query.rel),
            _ => {}
        }
    }

    fn rel(&mut self, rel: &Rel) {
        self.produced.extend(columns(rel).iter().map(|column| column.id));
        match rel {
            Rel::Scan(scan) => self.produced.extend(scan.rid),
            Rel::LockRows { locks, .. } => {
                self.read.extend(locks.iter().map(|lock| lock.rid));
                self.read.extend(locks.iter().filter_map(|lock| lock.tableoid));
            }
            _ => {}
        }
        visit::expressions(rel, &mut |expr| self.expr(expr));
        visit::inputs(rel, &mut |input| self.rel(input));
    }
}

/// Whether `rel` reads one of these CTEs (the working tables of recursion).
pub fn reads_cte(rel: &Rel, wanted: &HashSet<u32>) -> bool {
    fn expr_reads(expr: &Expr, wanted: &HashSet<u32>, found: &mut bool) {
        visit::operands(expr, &mut |operand| expr_reads(operand, wanted, found));
        if let ExprKind::Subquery(subquery) = &expr.kind {
            rel_reads(&subquery.query.rel, wanted, found);
        }
    }
    fn rel_reads(rel: &Rel, wanted: &HashSet<u32>, found: &mut bool) {
        if let Rel::Cte { id, .. } = rel {
            *found |= wanted.contains(&id.0);
        }
        visit::expressions(rel, &mut |expr| expr_reads(expr, wanted, found));
        visit::inputs(rel, &mut |input| rel_reads(input, wanted, found));
    }
    if wanted.is_empty() {
        return false;
    }
    let mut found = false;
    rel_reads(rel, wanted, &mut found);
    found
}

/// Whether an expression calls a volatile function.
pub fn is_volatile(expr: &Expr) -> bool {
    use crate::catalog::Volatility::Volatile;
    let mut found = false;
    let mut note = |expr: &Expr| {
        if let ExprKind::Call(call) = &expr.kind {
            found |= call.function.volatility == Volatile;
        }
    };
    visit::each_in_expr(expr, &mut note, &mut |_| {});
    found
}

/// Splits a condition into its conjuncts.
pub fn conjuncts(expr: &Expr) -> Vec<Expr> {
    match &expr.kind {
        ExprKind::And(args) => args.iter().flat_map(conjuncts).collect(),
        _ => vec![expr.clone()],
    }
}

/// The function behind a window call, for its name.
pub fn window_function(function: &WindowFunction) -> &crate::catalog::Function {
    match function {
        WindowFunction::Window(function) | WindowFunction::Aggregate(function, _) => function,
    }
}

/// The largest column id a query uses, for making fresh ones.
pub fn largest_column(query: &Query) -> u32 {
    let mut found = Reading::default();
    found.rel(&query.rel);
    let all = found.read.iter().chain(&found.produced).map(|id| id.0);
    all.chain(query.output.iter().map(|column| column.id.0)).max().unwrap_or(0)
}
