//! Compiles the expressions that tables keep in SQL.

use std::sync::Arc;

use crate::catalog::{Catalog, Relation};
use crate::error::Result;
use crate::sql::bind;
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, Expr, ExprKind, visit};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, SqlType};
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

    fn fire(&self, firing: &Firing, work: &mut Work, ctx: &StatementContext) -> Result<Fired> {
        SqlCompiler::call_trigger(firing, work, ctx)
    }

    fn holds(&self, firing: &Firing, ctx: &StatementContext) -> Result<bool> {
        SqlCompiler::condition_holds(firing, ctx)
    }
}
