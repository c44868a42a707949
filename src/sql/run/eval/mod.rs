//! The scalar evaluator: typed expressions over [`Datum`]s, without Arrow.
//!
//! An [`Evaluator`] is compiled once (functions become code pointers, columns
//! become positions) and evaluated per row. It serves whatever handles single
//! rows: the fast path, DML, defaults, CHECKs, index expressions and constant
//! folding; and it is the fallback of the planner for expressions that have no
//! vectorised form, so every expression has exactly one meaning.
//!
//! Evaluation is lazy where PostgreSQL's is: CASE, COALESCE, AND and OR stop at
//! the first operand that decides. Subqueries are not evaluated here: the
//! planner runs them first.

mod array;
mod compile;
pub mod native;
mod node;

use crate::catalog::Catalog;
use crate::error::Result;
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, Expr};
use crate::sql::types::{Datum, SqlType};

pub use array::element as array_element;
pub use compile::operator;
pub use node::Operator;
use node::{Env, Node};

/// A compiled expression.
#[derive(Debug)]
pub struct Evaluator {
    node: Node,
    ty: SqlType,
    calls_functions: bool,
}

impl Evaluator {
    /// Compiles `expr`, whose columns are found in rows at the position they
    /// have in `slots`.
    pub fn compile(expr: &Expr, slots: &[ColumnId], catalog: &Catalog) -> Result<Evaluator> {
        let (node, calls_functions) = compile::compile(expr, slots, catalog)?;
        Ok(Evaluator { node, ty: expr.ty, calls_functions })
    }

    /// Evaluates over one row.
    pub fn eval(&self, context: &EvalContext, params: &[Datum], row: &[Datum]) -> Result<Datum> {
        let env = Env { context, params, row, element: None, operand: None };
        Ok(self.node.value(&env)?.into_owned())
    }

    /// Evaluates a condition: NULL counts as false.
    pub fn is_true(&self, context: &EvalContext, params: &[Datum], row: &[Datum]) -> Result<bool> {
        let env = Env { context, params, row, element: None, operand: None };
        Ok(matches!(*self.node.value(&env)?, Datum::Bool(true)))
    }

    /// Whether it calls functions that users wrote: it is evaluated while the work is
    /// lent ([`crate::sql::run::loan`]).
    pub fn calls_functions(&self) -> bool {
        self.calls_functions
    }

    pub fn ty(&self) -> SqlType {
        self.ty
    }

    /// The position in the row when the expression is nothing but a column.
    pub fn slot(&self) -> Option<usize> {
        match self.node {
            Node::Slot(slot) => Some(slot),
            _ => None,
        }
    }
}
