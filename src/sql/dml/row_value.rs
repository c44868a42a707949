//! A value computed from a row that is being written: by the scalar evaluator, or,
//! where it needs other tables, by a query of its own.
//!
//! ```text
//! a > 0                                 evaluated
//! EXISTS (SELECT 1 FROM r WHERE r.a = a)   SELECT EXISTS (… WHERE r.a = 7)
//! ```

use std::collections::HashMap;

use futures::StreamExt;

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::ir::visit::{Walk, each_expr_mut, has_subquery};
use crate::sql::ir::{ColumnId, Expr, ExprKind, OutputColumn, Query, Rel};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::Datum;

/// An expression over one row.
pub enum RowValue {
    Evaluated(Evaluator),
    /// The expression, and the columns of the row as it names them.
    Query(Box<Expr>, Vec<ColumnId>),
}

impl RowValue {
    /// Compiles for rows whose values are known as `slots`, in that order.
    pub fn new(expr: &Expr, slots: &[ColumnId], catalog: &Catalog) -> Result<RowValue> {
        match Evaluator::compile(expr, slots, catalog) {
            Ok(evaluator) => Ok(RowValue::Evaluated(evaluator)),
            Err(_) if has_subquery(expr) => {
                Ok(RowValue::Query(Box::new(expr.clone()), slots.to_vec()))
            }
            Err(error) => Err(error),
        }
    }

    pub async fn eval(
        &self,
        row: &[Datum],
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Datum> {
        match self {
            RowValue::Evaluated(evaluator) => {
                ctx.lend(work, || evaluator.eval(&ctx.eval, params, row))
            }
            RowValue::Query(expr, slots) => {
                let query = query_of(expr, slots, row);
                Box::pin(single(query, params, work, ctx)).await
            }
        }
    }

    pub async fn is_true(
        &self,
        row: &[Datum],
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<bool> {
        Ok(matches!(self.eval(row, params, work, ctx).await?, Datum::Bool(true)))
    }
}

/// The expression as a query, the row's values in it.
fn query_of(expr: &Expr, slots: &[ColumnId], row: &[Datum]) -> Query {
    let known: HashMap<ColumnId, &Datum> = slots.iter().copied().zip(row).collect();
    let mut expr = expr.clone();
    each_expr_mut(&mut expr, &mut |expr| {
        if let ExprKind::Column(id) = expr.kind
            && let Some(value) = known.get(&id)
        {
            expr.kind = ExprKind::Const((*value).clone());
        }
        Walk::Inside
    });
    // The binder counts from 1.
    let id = ColumnId(0);
    let column = OutputColumn { id, name: "value".to_owned(), ty: expr.ty, origin: None };
    let exprs = vec![(column.clone(), expr)];
    Query { rel: Rel::Project { input: Box::new(Rel::OneRow), exprs }, output: vec![column] }
}

async fn single(
    query: Query,
    params: &[Datum],
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Datum> {
    let mut chunks = run::rows(&query, params, work, ctx).await?;
    while let Some(chunk) = ctx.lend_while(work, chunks.next()).await {
        if let Some(value) = chunk?.into_iter().next().and_then(|row| row.into_iter().next()) {
            return Ok(value);
        }
    }
    Err(Error::internal("an expression without a value"))
}
