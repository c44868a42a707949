//! Statements: what the binder is called with.

use super::Binder;
use super::prune::prune_scans;
use crate::error::{Error, Result};
use crate::sql::ir::visit::{Walk, statement_exprs_mut};
use crate::sql::ir::{ExprKind, Statement};
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
        Ok(statement)
    }

    /// INSERT, UPDATE or DELETE at the current level.
    pub(super) fn modification(&mut self, node: &NodeEnum) -> Result<Statement> {
        match node {
            NodeEnum::InsertStmt(insert) => self.insert(insert).map(Statement::Insert),
            NodeEnum::UpdateStmt(update) => self.update(update).map(Statement::Update),
            NodeEnum::DeleteStmt(delete) => self.delete(delete).map(Statement::Delete),
            NodeEnum::MergeStmt(merge) => self.merge(merge).map(Statement::Merge),
            _ => Err(Error::unsupported("this statement in this place")),
        }
    }
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
