//! Scans read what the statement uses, and nothing else.

use std::collections::HashSet;

use crate::sql::ir::visit::{Walk, inputs_mut, statement_exprs_mut};
use crate::sql::ir::*;

/// Drops from every scan the columns that nothing refers to.
pub(super) fn prune_scans(statement: &mut Statement) {
    if let Statement::Several(several) = statement {
        several.parts.iter_mut().for_each(|(part, _)| prune_scans(part));
        return;
    }
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
        Statement::Merge(merge) => keep(&mut merge.input),
        Statement::Several(_) => {}
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
        // A row of a family of tables is known by its table, too.
        let family = scan.descendants && scan.rid.is_some();
        let is_identity = |number: i16| family && number == system_column::TABLEOID;
        scan.columns.retain(|(number, column)| used.contains(&column.id) || is_identity(*number));
    }
    inputs_mut(rel, &mut |input| prune(input, used));
    if let Rel::With { ctes, .. } = rel {
        for cte in ctes {
            if let CteBody::Modify(statement) = &mut cte.body {
                prune_scans(statement);
            }
        }
    }
}
