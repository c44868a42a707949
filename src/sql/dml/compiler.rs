//! Compiles the expressions that tables keep in SQL.

use std::sync::Arc;

use crate::catalog::{Catalog, Relation, TypeKind};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::functions::EvalContext;
use crate::sql::ir::{Call, ColumnId, Expr, ExprKind, visit};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid, SqlType};
use crate::table::{ExpressionCompiler, Fired, Firing, RowExpression, TableInfo};

/// Binds an expression's SQL and compiles it for the scalar evaluator.
pub struct SqlCompiler;

/// An evaluator, and whether it reads columns.
pub(super) struct Compiled(pub Evaluator, pub bool);

impl RowExpression for Compiled {
    fn eval(&self, ctx: &EvalContext, row: &[Datum]) -> Result<Datum> {
        self.0.eval(ctx, &[], row)
    }

    fn calls_functions(&self) -> bool {
        self.0.calls_functions()
    }

    fn reads_row(&self) -> bool {
        self.1
    }
}

/// An expression over a relation's row: column number `n` is `ColumnId(n)`.
pub fn row_expression(
    expr: &Expr,
    relation: &Relation,
    catalog: &Catalog,
) -> Result<Arc<dyn RowExpression>> {
    let slots: Vec<ColumnId> = (1..=relation.columns.len() as u32).map(ColumnId).collect();
    let mut reads_row = false;
    let mut look = |expr: &Expr| reads_row |= matches!(expr.kind, ExprKind::Column(_));
    visit::each_in_expr(expr, &mut look, &mut |_| {});
    Ok(Arc::new(Compiled(Evaluator::compile(expr, &slots, catalog)?, reads_row)))
}

impl ExpressionCompiler for SqlCompiler {
    fn compile(
        &self,
        eval: &EvalContext,
        table: &TableInfo,
        sql: &str,
        target: Option<SqlType>,
    ) -> Result<Arc<dyn RowExpression>> {
        let expr = bind::bind_relation_expression_sql(eval, &table.relation, sql, target)?;
        row_expression(&expr, &table.relation, &eval.catalog)
    }

    fn operator(
        &self,
        eval: &EvalContext,
        operator: Oid,
        ty: SqlType,
    ) -> Result<Arc<dyn RowExpression>> {
        let catalog = &eval.catalog;
        let operator = catalog.operator(operator);
        let function = operator.and_then(|operator| catalog.function(operator.function));
        let (Some(operator), Some(function)) = (operator, function) else {
            return Err(Error::internal("an operator without a function"));
        };
        let operand = |number: u32, declared: Oid| {
            let is_any =
                catalog.type_(declared).is_some_and(|ty| matches!(ty.kind, TypeKind::Pseudo));
            let ty = if is_any { ty } else { SqlType::new(declared) };
            Expr { kind: ExprKind::Column(ColumnId(number)), ty, location: -1 }
        };
        let call = Call {
            function: function.clone(),
            args: vec![operand(1, operator.left), operand(2, operator.right)],
            ty: SqlType::new(operator.result),
            sql_syntax: false,
        };
        let kind = ExprKind::Call(call);
        let expr = Expr { kind, ty: SqlType::new(operator.result), location: -1 };
        let slots = [ColumnId(1), ColumnId(2)];
        Ok(Arc::new(Compiled(Evaluator::compile(&expr, &slots, catalog)?, true)))
    }

    fn fire(&self, firing: &Firing, work: &mut Work, ctx: &StatementContext) -> Result<Fired> {
        SqlCompiler::call_trigger(firing, work, ctx)
    }

    fn holds(&self, firing: &Firing, ctx: &StatementContext) -> Result<bool> {
        SqlCompiler::condition_holds(firing, ctx)
    }
}
