//! Expressions that belong to a table: CHECKs, generated columns, index keys and
//! predicates.
//!
//! The catalog keeps them in SQL. Compiling SQL is above this layer, so it comes
//! in as an [`ExpressionCompiler`]; what it makes is kept with the [`TableInfo`].

use std::sync::Arc;

use super::info::TableInfo;
use super::trigger::{Fired, Firing};
use crate::catalog::{Catalog, ConstraintKind};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid, SqlType};

/// A compiled expression over one row of a table, by position.
pub trait RowExpression: Send + Sync {
    fn eval(&self, ctx: &EvalContext, row: &[Datum]) -> Result<Datum>;
    /// Whether it calls functions that users wrote.
    fn calls_functions(&self) -> bool {
        false
    }
    /// Whether its value depends on the row.
    fn reads_row(&self) -> bool {
        true
    }
}

/// Turns an expression's SQL into code; columns are those of the table.
pub trait ExpressionCompiler: Send + Sync {
    /// The result is converted for assignment to `target`, if there is one.
    fn compile(
        &self,
        eval: &EvalContext,
        table: &TableInfo,
        sql: &str,
        target: Option<SqlType>,
    ) -> Result<Arc<dyn RowExpression>>;

    /// An operator between values of one type, over rows of its two operands.
    fn operator(
        &self,
        _eval: &EvalContext,
        operator: Oid,
        _ty: SqlType,
    ) -> Result<Arc<dyn RowExpression>> {
        Err(Error::internal(format!("no compiler for operator {operator}")))
    }

    /// Calls a trigger's function.
    fn fire(&self, firing: &Firing, _work: &mut Work, _ctx: &StatementContext) -> Result<Fired> {
        Err(Error::unsupported(format!("{firing:?}")))
    }

    /// Whether a trigger's WHEN is true.
    fn holds(&self, _firing: &Firing, _ctx: &StatementContext) -> Result<bool> {
        Ok(true)
    }
}

/// The compiled expressions of one index.
#[derive(Default)]
pub struct IndexExpressions {
    /// Per key column: set where the key is an expression.
    pub keys: Vec<Option<Arc<dyn RowExpression>>>,
    pub predicate: Option<Arc<dyn RowExpression>>,
    /// The operators by which keys exclude each other, in the order of
    /// [`IndexInfo::excludes_by`](crate::index::IndexInfo::excludes_by).
    pub excludes: Vec<Arc<dyn RowExpression>>,
}

impl IndexExpressions {
    pub fn call_functions(&self) -> bool {
        let keys = self.keys.iter().flatten().chain(&self.excludes);
        keys.chain(&self.predicate).any(|expression| expression.calls_functions())
    }
}

/// All compiled expressions of one table.
pub struct TableExpressions {
    /// In the order of [`TableInfo::checks`].
    pub checks: Vec<Arc<dyn RowExpression>>,
    /// Generated columns: position and expression.
    pub generated: Vec<(usize, Arc<dyn RowExpression>)>,
    /// In the order of [`TableInfo::indexes`].
    pub indexes: Vec<IndexExpressions>,
    /// Whether one of them calls functions that users wrote.
    pub call_functions: bool,
}

impl std::fmt::Debug for TableExpressions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TableExpressions({} checks)", self.checks.len())
    }
}

/// The statement's evaluation context over the transaction's catalog, which DDL
/// may have changed since the statement began.
pub(crate) fn eval_over(catalog: &Arc<Catalog>, ctx: &StatementContext) -> Arc<EvalContext> {
    match Arc::ptr_eq(catalog, &ctx.eval.catalog) {
        true => ctx.eval.clone(),
        false => Arc::new(EvalContext { catalog: catalog.clone(), ..(*ctx.eval).clone() }),
    }
}

impl TableInfo {
    /// The default of a column, compiled; `None` if it has none. Not for generated
    /// columns.
    pub fn default_of(
        &self,
        catalog: &Arc<Catalog>,
        ctx: &StatementContext,
        attnum: i16,
    ) -> Result<Option<Arc<dyn RowExpression>>> {
        let column = &self.relation.columns[attnum as usize - 1];
        let sql = match &column.default {
            Some(default) => (!default.generated).then(|| default.sql.clone()),
            None if column.identity.is_some() => Some(self.identity_default(catalog, attnum)?),
            None => catalog.domain_default(column.ty.oid).map(str::to_owned),
        };
        let eval = eval_over(catalog, ctx);
        sql.map(|sql| ctx.compiler.compile(&eval, self, &sql, Some(column.ty))).transpose()
    }

    fn identity_default(&self, catalog: &Catalog, attnum: i16) -> Result<String> {
        let sequence = catalog
            .owned_sequence(self.oid(), attnum)
            .ok_or_else(|| Error::internal("no owned sequence found"))?;
        Ok(format!("pg_catalog.nextval('{}'::pg_catalog.regclass)", sequence.oid))
    }

    /// The table's compiled expressions, compiled at the first call.
    pub fn expressions(
        &self,
        catalog: &Arc<Catalog>,
        ctx: &StatementContext,
    ) -> Result<Arc<TableExpressions>> {
        if let Some(known) = self.expressions.get() {
            return Ok(known.clone());
        }
        let compiled = Arc::new(self.compile(catalog, ctx)?);
        Ok(self.expressions.get_or_init(|| compiled).clone())
    }

    fn compile(&self, catalog: &Arc<Catalog>, ctx: &StatementContext) -> Result<TableExpressions> {
        let eval = eval_over(catalog, ctx);
        let compile = |sql: &str| ctx.compiler.compile(&eval, self, sql, None);
        let mut checks = Vec::new();
        for constraint in &self.checks {
            if let ConstraintKind::Check { sql, .. } = &constraint.kind {
                checks.push(compile(sql)?);
            }
        }
        let mut generated = Vec::new();
        for (position, column) in self.relation.columns.iter().enumerate() {
            if let Some(default) = column.default.as_ref().filter(|d| d.generated) {
                let value = ctx.compiler.compile(&eval, self, &default.sql, Some(column.ty))?;
                generated.push((position, value));
            }
        }
        let mut indexes = Vec::with_capacity(self.indexes.len());
        for index in &self.indexes {
            let mut compiled = index.compile(&compile)?;
            let operators = index.excludes_by.iter().zip(&index.keys);
            compiled.excludes = operators
                .map(|(operator, key)| ctx.compiler.operator(&eval, *operator, key.ty))
                .collect::<Result<_>>()?;
            indexes.push(compiled);
        }
        let call_functions = checks
            .iter()
            .chain(generated.iter().map(|(_, expression)| expression))
            .any(|expression| expression.calls_functions())
            || indexes.iter().any(IndexExpressions::call_functions);
        Ok(TableExpressions { checks, generated, indexes, call_functions })
    }
}

/// Compiles nothing: for tables whose catalog rows hold no expressions, such as
/// those of tests and of internal relations.
pub struct NoExpressions;

impl ExpressionCompiler for NoExpressions {
    fn compile(
        &self,
        _: &EvalContext,
        _: &TableInfo,
        sql: &str,
        _: Option<SqlType>,
    ) -> Result<Arc<dyn RowExpression>> {
        Err(crate::Error::internal(format!("no compiler for expression {sql}")))
    }
}
