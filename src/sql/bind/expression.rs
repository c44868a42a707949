//! Expressions on their own: column defaults, CHECK constraints, index
//! expressions and predicates, generated columns.

use std::sync::Arc;

use super::Binder;
use super::collation::check_expression;
use super::from::query_item;
use super::inline::STORED_PATH;
use super::scope::{Clause, Level};
use crate::catalog::{CastContext, Relation};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, Expr, OutputColumn};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, SqlType, oid};
use crate::sqlstate;

/// What an expression is for: decides what it may contain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExpressionUse {
    Default,
    Check,
    Policy,
    Generated,
    IndexExpression,
    IndexPredicate,
    /// WHERE of COPY FROM.
    CopyWhere,
    PartitionKey,
    /// Of CREATE STATISTICS.
    Statistics,
    /// A constant argument of a utility statement, or a USING expression.
    Other,
}

impl ExpressionUse {
    fn clause(self) -> Clause {
        match self {
            ExpressionUse::Default => Clause::ColumnDefault,
            ExpressionUse::Check => Clause::CheckConstraint,
            ExpressionUse::Policy => Clause::Policy,
            ExpressionUse::Generated => Clause::GeneratedColumn,
            ExpressionUse::IndexExpression => Clause::IndexExpression,
            ExpressionUse::IndexPredicate => Clause::IndexPredicate,
            ExpressionUse::CopyWhere => Clause::CopyWhere,
            ExpressionUse::PartitionKey => Clause::PartitionKey,
            ExpressionUse::Statistics => Clause::Statistics,
            ExpressionUse::Other => Clause::Where,
        }
    }
}

/// Binds an expression in SQL over the columns of one relation, known by the
/// ids of `columns`.
pub fn bind_expression_sql(
    eval: &EvalContext,
    search_path: &[Oid],
    sql: &str,
    columns: &[OutputColumn],
) -> Result<Expr> {
    let mut binder = Binder::with_fixed_params(eval, &[]);
    binder.search_path = search_path.to_vec();
    binder.start_ids_after(columns);
    binder
        .with_relation("", columns, Clause::Where, |binder| {
            let expr = binder.expression_text(sql)?;
            binder.decide(expr)
        })
        .map_err(Error::without_position)
}

/// As [`bind_expression_sql`], of a stored expression over all columns of a relation: column
/// number `n` is `ColumnId(n)`. The result is converted for assignment to `target`.
pub fn bind_relation_expression_sql(
    eval: &EvalContext,
    relation: &Arc<Relation>,
    sql: &str,
    target: Option<SqlType>,
) -> Result<Expr> {
    let columns = relation_columns(relation);
    let expr = bind_expression_sql(eval, &STORED_PATH, sql, &columns)?;
    check_expression(&expr, relation, 1, &eval.catalog)?;
    let Some(target) = target else { return Ok(expr) };
    let source = expr.ty.oid;
    let mut binder = Binder::with_fixed_params(eval, &[]);
    binder.coerce_to(expr, target, CastContext::Assignment)?.ok_or_else(|| {
        Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "cannot convert expression of type {} to type {}",
                binder.display_type(source),
                binder.display_type(target.oid)
            ),
        )
    })
}

/// An expression for a column: a default, a generation, a conversion.
pub struct ColumnExpression {
    /// As it was written: what is stored and shown. A literal has the column's type.
    pub written: Expr,
    /// Converted to the column's type.
    pub converted: Expr,
}

/// Binds a parsed expression over a relation's columns, for DDL: errors carry
/// positions, and `usage` says what is refused. Columns are as for
/// [`bind_relation_expression_sql`].
pub fn bind_expression(
    eval: &EvalContext,
    node: &ast::Node,
    relation: Option<&Arc<Relation>>,
    usage: ExpressionUse,
) -> Result<Expr> {
    bind_with(eval, node, relation, usage, |binder, expr| binder.decide(expr))
}

/// Binds the default of a function's parameter.
pub fn bind_default(eval: &EvalContext, node: &ast::Node, target: Option<SqlType>) -> Result<Expr> {
    bind_with(eval, node, None, ExpressionUse::Default, |binder, expr| {
        // A polymorphic parameter's literal is of the type that the call decides.
        let Some(target) = target else { return Ok(expr) };
        let (source, location) = (expr.ty.oid, expr.location);
        binder.coerce_to(expr, target, CastContext::Assignment)?.ok_or_else(|| {
            Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "argument of DEFAULT must be type {}, not type {}",
                    binder.display_type(target.oid),
                    binder.display_type(source)
                ),
            )
            .at(location)
        })
    })
}

/// As [`bind_expression`], for assignment to a column of this name and type.
pub fn bind_column_expression(
    eval: &EvalContext,
    node: &ast::Node,
    relation: &Arc<Relation>,
    usage: ExpressionUse,
    (column, ty): (&str, SqlType),
) -> Result<ColumnExpression> {
    bind_with(eval, node, Some(relation), usage, |binder, expr| {
        column_expression(binder, expr, usage, (column, ty))
    })
}

/// Binds a value of a partition's bound, converted to the key's type; `None` if it
/// cannot be.
pub fn bind_bound_value(eval: &EvalContext, node: &ast::Node, ty: SqlType) -> Result<Option<Expr>> {
    let node: &NodeEnum = super::node::inner(node)?;
    let mut binder = Binder::with_fixed_params(eval, &[]);
    binder.with_relation("", &[], Clause::PartitionBound, |binder| {
        let mut expr = binder.expr(node)?;
        let mut subquery = false;
        crate::sql::ir::visit::rewrite(&mut expr, &mut |expr| {
            subquery |= matches!(expr.kind, crate::sql::ir::ExprKind::Subquery(_));
        });
        if subquery {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot use subquery in partition bound",
            )
            .at(super::node::location(node)));
        }
        binder.coerce_to(expr, ty, CastContext::Assignment)
    })
}

/// Whether an argument of EXECUTE may be given for a parameter, as a value may be
/// assigned to a column.
pub fn check_execute_argument(
    eval: &EvalContext,
    argument: &ast::Node,
    (number, ty): (usize, SqlType),
) -> Result<()> {
    let node: &NodeEnum = super::node::inner(argument)?;
    let mut binder = Binder::with_fixed_params(eval, &[]);
    binder.with_relation("", &[], Clause::Where, |binder| {
        let expr = binder.expr(node)?;
        let source = expr.ty.oid;
        if binder.coerce_to(expr, ty, CastContext::Assignment)?.is_some() {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "parameter ${number} of type {} cannot be coerced to the expected type {}",
                binder.display_type(source),
                binder.display_type(ty.oid)
            ),
        )
        .with_hint("You will need to rewrite or cast the expression.")
        .at(super::node::location(node)))
    })
}

/// As [`bind_column_expression`], for a domain's default.
pub fn bind_domain_default(
    eval: &EvalContext,
    node: &ast::Node,
    (domain, base): (&str, SqlType),
) -> Result<ColumnExpression> {
    bind_with(eval, node, None, ExpressionUse::Default, |binder, expr| {
        column_expression(binder, expr, ExpressionUse::Default, (domain, base))
    })
}

fn column_expression(
    binder: &mut Binder<'_>,
    expr: Expr,
    usage: ExpressionUse,
    (column, ty): (&str, SqlType),
) -> Result<ColumnExpression> {
    let written = match expr.ty.oid {
        oid::UNKNOWN => {
            let base = SqlType::new(binder.base(ty.oid));
            binder.coerce_type(expr.clone(), base, CastContext::Assignment)?
        }
        _ => binder.decide(expr.clone())?,
    };
    let converted = binder.assigned(expr, ty, column, usage)?;
    Ok(ColumnExpression { written, converted })
}

fn bind_with<T>(
    eval: &EvalContext,
    node: &ast::Node,
    relation: Option<&Arc<Relation>>,
    usage: ExpressionUse,
    finish: impl FnOnce(&mut Binder<'_>, Expr) -> Result<T>,
) -> Result<T> {
    let node: &NodeEnum = super::node::inner(node)?;
    let columns = relation.map(relation_columns).unwrap_or_default();
    let name = relation.map_or("", |relation| relation.name.as_str());
    let mut binder = Binder::with_fixed_params(eval, &[]);
    binder.start_ids_after(&columns);
    binder.is_kept = usage != ExpressionUse::CopyWhere;
    binder.with_relation(name, &columns, usage.clause(), |binder| {
        let mut expr = binder.expr(node)?;
        if matches!(usage, ExpressionUse::Check) {
            expr = binder.to_boolean(expr, "CHECK")?;
        }
        if usage == ExpressionUse::Policy {
            expr = binder.to_boolean(expr, "POLICY")?;
        }
        if matches!(usage, ExpressionUse::IndexPredicate | ExpressionUse::CopyWhere) {
            expr = binder.to_boolean(expr, "WHERE")?;
        }
        if let Some(relation) = relation {
            check_expression(&expr, relation, 1, &binder.catalog)?;
        }
        finish(binder, expr)
    })
}

/// Binds the WHEN of a trigger: the old row's columns are numbered from 1, the new row's
/// follow, then `tableoid` of either;
/// after them. Text that was stored, under the path that it was printed for; an error has no
/// position.
pub fn bind_trigger_condition_sql(
    eval: &EvalContext,
    relation: &Arc<Relation>,
    sql: &str,
) -> Result<Expr> {
    let statements = crate::sql::parse::parse_expression(sql)?;
    let invalid = || Error::internal(format!("invalid trigger condition: {sql}"));
    let only = statements.first().ok_or_else(invalid)?;
    let node = super::inline::expression_of(&only.node).ok_or_else(invalid)?;
    bind_over_rows(eval, relation, node, false).map_err(Error::without_position)
}

/// As [`bind_trigger_condition_sql`], for CREATE TRIGGER.
pub fn bind_trigger_condition(
    eval: &EvalContext,
    relation: &Arc<Relation>,
    node: &ast::Node,
) -> Result<Expr> {
    bind_over_rows(eval, relation, super::node::inner(node)?, true)
}

fn bind_over_rows(
    eval: &EvalContext,
    relation: &Arc<Relation>,
    node: &NodeEnum,
    is_kept: bool,
) -> Result<Expr> {
    let old = relation_columns(relation);
    let width = relation.columns.len() as u32;
    let new: Vec<OutputColumn> = old
        .iter()
        .map(|column| OutputColumn { id: ColumnId(column.id.0 + width), ..column.clone() })
        .collect();
    let mut binder = Binder::with_fixed_params(eval, &[]);
    binder.next_column = 2 * width + 2;
    binder.is_kept = is_kept;
    if !is_kept {
        binder.search_path = STORED_PATH.to_vec();
    }
    let mut level = Level { clause: Clause::TriggerWhen, ..Level::default() };
    let row_type = eval.catalog.row_type(relation);
    for (at, (name, columns)) in (1..).zip([("old", &old), ("new", &new)]) {
        let mut item = query_item(name, columns);
        let table = OutputColumn {
            id: ColumnId(2 * width + at),
            name: "tableoid".to_owned(),
            ty: SqlType::new(oid::OID),
            origin: None,
        };
        item.system = query_item(name, std::slice::from_ref(&table)).columns;
        level.owned.insert(table.id);
        if row_type != oid::INVALID {
            item.row_type = row_type;
        }
        level.owned.extend(columns.iter().map(|column| column.id));
        level.seen.push(item.clone());
        level.add(vec![item]);
    }
    binder.levels.push(level);
    let expr = binder.expr(node)?;
    let expr = binder.to_boolean(expr, "WHEN")?;
    let expr = binder.decide(expr);
    binder.levels.pop();
    let expr = expr?;
    check_expression(&expr, relation, 2, &eval.catalog)?;
    Ok(expr)
}

fn relation_columns(relation: &Arc<Relation>) -> Vec<OutputColumn> {
    relation
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| !column.dropped)
        .map(|(index, column)| {
            let number = i16::try_from(index + 1).unwrap_or(i16::MAX);
            OutputColumn {
                id: ColumnId(index as u32 + 1),
                name: column.name.clone(),
                ty: column.ty,
                origin: Some((relation.oid, number)),
            }
        })
        .collect()
}

/// The column id of `VALUE` in a domain's CHECK.
pub const DOMAIN_VALUE: ColumnId = ColumnId(1);

/// Binds a domain's CHECK: a condition over `VALUE`, which has type `base`.
pub fn bind_domain_check(eval: &EvalContext, node: &ast::Node, base: SqlType) -> Result<Expr> {
    let node: &NodeEnum = super::node::inner(node)?;
    with_domain_value(eval, base, |binder| {
        let expr = binder.expr(node)?;
        binder.to_boolean(expr, "CHECK")
    })
}

/// As [`bind_domain_check`], from the stored SQL.
pub fn bind_domain_check_sql(eval: &EvalContext, sql: &str, base: SqlType) -> Result<Expr> {
    with_domain_value(eval, base, |binder| {
        let expr = binder.stored_text(sql)?;
        binder.to_boolean(expr, "CHECK")
    })
    .map_err(Error::without_position)
}

fn with_domain_value<T>(
    eval: &EvalContext,
    base: SqlType,
    work: impl FnOnce(&mut Binder<'_>) -> Result<T>,
) -> Result<T> {
    let value = OutputColumn { id: DOMAIN_VALUE, name: "value".into(), ty: base, origin: None };
    let mut binder = Binder::with_fixed_params(eval, &[]);
    binder.start_ids_after(std::slice::from_ref(&value));
    let mut level = Level { clause: Clause::CheckConstraint, ..Level::default() };
    level.owned.insert(value.id);
    // `VALUE` is a word, not a column: errors do not suggest it.
    level.add(vec![query_item("", &[value])]);
    binder.levels.push(level);
    work(&mut binder)
}

impl Binder<'_> {
    fn start_ids_after(&mut self, columns: &[OutputColumn]) {
        self.next_column = columns.iter().map(|column| column.id.0).max().unwrap_or(0);
    }

    fn with_relation<T>(
        &mut self,
        name: &str,
        columns: &[OutputColumn],
        clause: Clause,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let mut level = Level { clause, ..Level::default() };
        let item = query_item(name, columns);
        level.owned.extend(columns.iter().map(|column| column.id));
        level.seen.push(item.clone());
        level.add(vec![item]);
        self.levels.push(level);
        let answer = work(self);
        self.levels.pop();
        answer
    }

    fn assigned(
        &mut self,
        expr: Expr,
        ty: SqlType,
        column: &str,
        usage: ExpressionUse,
    ) -> Result<Expr> {
        let source = expr.ty.oid;
        let words = match usage {
            ExpressionUse::Generated => "generation expression",
            _ => "default expression",
        };
        self.coerce_to(expr, ty, CastContext::Assignment)?.ok_or_else(|| {
            Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "column \"{column}\" is of type {} but {words} is of type {}",
                    self.display_type(ty.oid),
                    self.display_type(source)
                ),
            )
            .with_hint("You will need to rewrite or cast the expression.")
        })
    }
}
