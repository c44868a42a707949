//! Statements: what the binder is called with.

use std::collections::HashSet;

use super::Binder;
use super::prune::prune_scans;
use crate::error::{Error, Result};
use crate::sql::ir::visit::{
    Walk, each_expr_mut, each_in_expr, expressions, inputs, statement_expressions,
    statement_expressions_mut, statement_exprs_mut, statement_rel,
};
use crate::sql::ir::{Cte, CteBody, CteId, Expr, ExprKind, Rel, Statement};
use crate::sql::parse::NodeEnum;
use crate::sql::types::oid;
use crate::sqlstate;

impl Binder<'_> {
    /// Binds SELECT, VALUES, INSERT, UPDATE or DELETE, with or without WITH.
    pub fn bind_statement(&mut self, node: &NodeEnum) -> Result<Statement> {
        let mut statement = match node {
            NodeEnum::SelectStmt(select) => Statement::Query(self.select(select)?),
            node => self.at_new_level(|binder| binder.modification(node))?,
        };
        self.params.check()?;
        check_param_types(&mut statement)?;
        prune_scans(&mut statement);
        self.check_collations(&statement)?;
        Ok(statement)
    }

    /// INSERT, UPDATE or DELETE as it is written, whatever rules there are.
    pub(super) fn modification_as_written(&mut self, node: &NodeEnum) -> Result<Statement> {
        match node {
            NodeEnum::InsertStmt(insert) => self.insert(insert).map(Statement::Insert),
            NodeEnum::UpdateStmt(update) => self.update(update).map(Statement::Update),
            NodeEnum::DeleteStmt(delete) => self.delete(delete).map(Statement::Delete),
            _ => Err(Error::unsupported("this statement in this place")),
        }
    }

    /// INSERT, UPDATE or DELETE at the current level.
    pub(super) fn modification(&mut self, node: &NodeEnum) -> Result<Statement> {
        let mut statement = self.modification_here(node)?;
        lend_ctes(&mut statement);
        Ok(statement)
    }

    fn modification_here(&mut self, node: &NodeEnum) -> Result<Statement> {
        match node {
            NodeEnum::InsertStmt(_) | NodeEnum::UpdateStmt(_) | NodeEnum::DeleteStmt(_) => {
                self.rewritten(node)
            }
            NodeEnum::MergeStmt(merge) => self.merge(merge).map(Statement::Merge),
            _ => Err(Error::unsupported("this statement in this place")),
        }
    }
}

/// Subqueries in RETURNING and ON CONFLICT run on their own: they take the statement's
/// CTEs along that they read.
pub fn lend_ctes(statement: &mut Statement) {
    if let Statement::Several(several) = statement {
        several.parts.iter_mut().for_each(|(part, _)| lend_ctes(part));
        return;
    }
    let Rel::With { ctes, .. } = statement_rel(statement) else { return };
    let ctes: Vec<Cte> =
        ctes.iter().filter(|cte| matches!(cte.body, CteBody::Query(_))).cloned().collect();
    let ids: HashSet<CteId> = ctes.iter().map(|cte| cte.id).collect();
    statement_expressions_mut(statement, &mut |expr| {
        each_expr_mut(expr, &mut |expr| {
            if let ExprKind::Subquery(subquery) = &mut expr.kind
                && reads(&subquery.query.rel, &ids)
            {
                let body = std::mem::replace(&mut subquery.query.rel, Rel::OneRow);
                let ctes = ctes.clone();
                subquery.query.rel = Rel::With { ctes, body: Box::new(body) };
                return Walk::Skip;
            }
            Walk::Inside
        });
    });
}

/// Whether an expression of RETURNING or ON CONFLICT reads what a data-modifying CTE of
/// the statement returns.
pub fn reads_own_changes(statement: &Statement) -> bool {
    let Rel::With { ctes, .. } = statement_rel(statement) else { return false };
    let changes = ctes.iter().filter(|cte| matches!(cte.body, CteBody::Modify(_)));
    let ids: HashSet<CteId> = changes.map(|cte| cte.id).collect();
    let mut found = false;
    statement_expressions(statement, &mut |expr| {
        let mut note = |expr: &Expr| {
            if let ExprKind::Subquery(subquery) = &expr.kind {
                found |= reads(&subquery.query.rel, &ids);
            }
        };
        each_in_expr(expr, &mut note, &mut |_| {});
    });
    found
}

/// Whether a relation, or one within its expressions, is one of some CTEs.
fn reads(rel: &Rel, ids: &HashSet<CteId>) -> bool {
    let mut found = matches!(rel, Rel::Cte { id, .. } if ids.contains(id));
    inputs(rel, &mut |input| found |= reads(input, ids));
    expressions(rel, &mut |expr| {
        each_in_expr(
            expr,
            &mut |expr| {
                if let ExprKind::Subquery(subquery) = &expr.kind {
                    found |= reads(&subquery.query.rel, ids);
                }
            },
            &mut |_| {},
        );
    });
    found
}

/// A parameter used where nothing decides its type, before a use that does.
fn check_param_types(statement: &mut Statement) -> Result<()> {
    let mut undecided = None;
    statement_exprs_mut(statement, &mut |expr| {
        if let ExprKind::Param(index) = expr.kind
            && expr.ty.oid == oid::UNKNOWN
        {
            undecided.get_or_insert((index, expr.location));
        }
        Walk::Inside
    });
    match undecided {
        Some((index, location)) => Err(Error::new(
            sqlstate::AMBIGUOUS_PARAMETER,
            format!("could not determine data type of parameter ${}", index + 1),
        )
        .at(location)),
        None => Ok(()),
    }
}
