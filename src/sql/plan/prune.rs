//! Columns that a query in FROM computes and nothing reads are not computed, as in
//! PostgreSQL: `SELECT a FROM (SELECT a, 1 / b FROM t) s` divides nothing.
//!
//! Kept are volatile expressions, set-returning functions, and whatever stands at a
//! position that counts: arms of set operations, rows under DISTINCT, CTEs.

use std::collections::HashSet;

use super::walk;
use crate::sql::ir::visit;
use crate::sql::ir::{ColumnId, CteBody, Expr, ExprKind, Query, Rel};

/// How often what became unused by pruning is pruned again.
const PASSES_MAX: usize = 16;

/// Drops what nothing reads from every projection of a query.
pub fn unused_outputs(query: &mut Query) {
    for _ in 0..PASSES_MAX {
        let mut used: HashSet<ColumnId> = query.output.iter().map(|column| column.id).collect();
        rel_uses(&query.rel, &mut used);
        let mut dropped = false;
        prune(&mut query.rel, &used, &mut dropped);
        if !dropped {
            return;
        }
    }
}

fn rel_uses(rel: &Rel, used: &mut HashSet<ColumnId>) {
    let positional = |rel: &Rel, used: &mut HashSet<ColumnId>| {
        used.extend(visit::columns(rel).iter().map(|column| column.id));
    };
    match rel {
        Rel::SetOp { left, right, .. } => {
            positional(left, used);
            positional(right, used);
        }
        Rel::RecursiveUnion { initial, recursive, .. } => {
            positional(initial, used);
            positional(recursive, used);
        }
        Rel::Distinct { input, .. } => positional(input, used),
        Rel::LockRows { locks, .. } => {
            used.extend(locks.iter().map(|lock| lock.rid));
            used.extend(locks.iter().filter_map(|lock| lock.tableoid));
        }
        Rel::With { ctes, .. } => {
            for cte in ctes {
                used.extend(cte.columns.iter().map(|column| column.id));
                if let CteBody::Query(body) = &cte.body {
                    positional(body, used);
                }
            }
        }
        _ => {}
    }
    visit::expressions(rel, &mut |expr| expr_uses(expr, used));
    visit::inputs(rel, &mut |input| rel_uses(input, used));
}

fn expr_uses(expr: &Expr, used: &mut HashSet<ColumnId>) {
    visit::operands(expr, &mut |operand| expr_uses(operand, used));
    match &expr.kind {
        ExprKind::Column(id) => {
            used.insert(*id);
        }
        ExprKind::Subquery(subquery) => {
            used.extend(subquery.query.output.iter().map(|column| column.id));
            rel_uses(&subquery.query.rel, used);
        }
        _ => {}
    }
}

fn prune(rel: &mut Rel, used: &HashSet<ColumnId>, dropped: &mut bool) {
    if let Rel::Project { exprs, .. } = rel {
        let before = exprs.len();
        let needed = |id: ColumnId, expr: &Expr| used.contains(&id) || walk::is_volatile(expr);
        match exprs.iter().any(|(column, expr)| needed(column.id, expr)) {
            true => exprs.retain(|(column, expr)| needed(column.id, expr)),
            // A projection of nothing would have no rows to count.
            false if before > 1 => {
                let plain = exprs.iter().position(|(_, e)| matches!(e.kind, ExprKind::Column(_)));
                exprs.swap(0, plain.unwrap_or(0));
                exprs.truncate(1);
            }
            false => {}
        }
        *dropped |= exprs.len() < before;
    }
    visit::expressions_mut(rel, &mut |expr| {
        visit::rewrite(expr, &mut |e| {
            if let ExprKind::Subquery(subquery) = &mut e.kind {
                prune(&mut subquery.query.rel, used, dropped);
            }
        });
    });
    visit::inputs_mut(rel, &mut |input| prune(input, used, dropped));
}
