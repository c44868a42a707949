//! Expressions inside definitions: bound once to be checked, stored as text.
//!
//! In a bound expression over a relation, column number `n` is `ColumnId(n)`.

use std::sync::Arc;

use super::Ddl;
use crate::catalog::{self, Column, Relation};
use crate::error::{Error, Result};
use crate::sql::bind::{self, ColumnExpression, ExpressionUse};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, Expr, ExprKind, visit};
use crate::sql::parse::ast;
use crate::sql::types::SqlType;
use crate::sqlstate;

impl Ddl<'_> {
    /// The statement's context over the catalog as this statement has changed it.
    pub fn eval(&self) -> EvalContext {
        EvalContext { catalog: self.work.catalog.clone(), ..(*self.ctx.eval).clone() }
    }

    pub fn resolve_type(&self, name: &ast::TypeName) -> Result<SqlType> {
        catalog::resolve_type(&self.work.catalog, &self.ctx.eval.settings.search_path, name)
    }

    /// Binds an expression over a relation's columns.
    pub fn bind_over(
        &self,
        relation: &Arc<Relation>,
        node: &ast::Node,
        usage: ExpressionUse,
    ) -> Result<Expr> {
        let expr = bind::bind_expression(&self.eval(), node, Some(relation), usage)?;
        require_immutable(&expr, usage)?;
        Ok(expr)
    }

    /// Binds a default or generation expression, converted to its column's type.
    pub fn bind_for_column(
        &self,
        relation: &Arc<Relation>,
        node: &ast::Node,
        column: &Column,
        usage: ExpressionUse,
    ) -> Result<ColumnExpression> {
        let target = (column.name.as_str(), column.ty);
        let bound = bind::bind_column_expression(&self.eval(), node, relation, usage, target)?;
        require_immutable(&bound.converted, usage)?;
        if usage == ExpressionUse::Generated {
            self.require_no_generated(relation, &bound.converted)?;
        }
        Ok(bound)
    }

    /// A generated column is computed from the others, not from another generated one.
    fn require_no_generated(&self, relation: &Relation, expr: &Expr) -> Result<()> {
        for attnum in self.columns_of(expr) {
            let column = &relation.columns[attnum as usize - 1];
            if column.default.as_ref().is_some_and(|default| default.generated) {
                return Err(Error::new(
                    sqlstate::INVALID_OBJECT_DEFINITION,
                    format!(
                        "cannot use generated column \"{}\" in column generation expression",
                        column.name
                    ),
                )
                .with_detail("A generated column cannot reference another generated column."));
            }
        }
        Ok(())
    }

    /// The attribute numbers that a stored expression reads, in order.
    pub fn columns_of(&self, expr: &Expr) -> Vec<i16> {
        let mut columns = Vec::new();
        let mut note = |expr: &Expr| {
            if let ExprKind::Column(id) = expr.kind
                && let Ok(attnum) = i16::try_from(id.0)
                && !columns.contains(&attnum)
            {
                columns.push(attnum);
            }
        };
        visit::each_in_expr(expr, &mut note, &mut |_| {});
        columns.sort_unstable();
        columns
    }

    /// The stored, printed form.
    pub fn print_expression(&self, expr: &Expr, relation: &Relation) -> String {
        catalog::deparse::stored_expression(expr, relation, &self.work.catalog)
    }
}

/// The columns of a relation's row by position, as stored expressions know them.
pub fn row_slots(relation: &Relation) -> Vec<ColumnId> {
    (1..=relation.columns.len() as u32).map(ColumnId).collect()
}

/// What PostgreSQL says of a function that is not immutable here.
fn require_immutable(expr: &Expr, usage: ExpressionUse) -> Result<()> {
    let message = match usage {
        ExpressionUse::Generated => "generation expression is not immutable",
        ExpressionUse::IndexExpression => "functions in index expression must be marked IMMUTABLE",
        ExpressionUse::IndexPredicate => "functions in index predicate must be marked IMMUTABLE",
        ExpressionUse::PartitionKey => {
            "functions in partition key expression must be marked IMMUTABLE"
        }
        ExpressionUse::Default
        | ExpressionUse::Check
        | ExpressionUse::CopyWhere
        | ExpressionUse::Policy
        | ExpressionUse::Statistics
        | ExpressionUse::Other => return Ok(()),
    };
    let mut mutable = false;
    let mut note = |expr: &Expr| {
        if let ExprKind::Call(call) = &expr.kind {
            mutable |= call.function.volatility != catalog::Volatility::Immutable;
        }
    };
    visit::each_in_expr(expr, &mut note, &mut |_| {});
    if mutable {
        return Err(Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message));
    }
    Ok(())
}
