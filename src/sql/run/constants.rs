//! What is constant in a query, computed before it runs.
//!
//! PostgreSQL computes calls of immutable functions over constants and parameters while it
//! plans, so that an error in one is told even if no row ever comes to it:
//!
//! ```text
//! SELECT * FROM t WHERE 1 / 0 = 1                  22012, with t empty
//! SELECT CASE WHEN false THEN 1 / 0 ELSE 1 END     no error: that arm is left out
//! ```
//!
//! Asked here are the expressions of the query itself and of what it joins; those of
//! subqueries may turn out not to be needed, and are computed with the rows.

use crate::catalog::Volatility;
use crate::error::Result;
use crate::sql::functions::EvalContext;
use crate::sql::ir::visit;
use crate::sql::ir::{Expr, ExprKind, Rel};
use crate::sql::plan::optimize::fold;
use crate::sql::run::eval::Evaluator;
use crate::sql::types::Datum;

/// The expressions in which something is constant that might fail.
#[derive(Default)]
pub struct Constants(Vec<Expr>);

impl Constants {
    pub fn of(rel: &Rel) -> Constants {
        let mut found = Constants::default();
        found.collect(rel, true);
        found
    }

    /// Fails with the first error that PostgreSQL's planner would come to.
    pub fn check(&self, params: &[Datum], context: &EvalContext) -> Result<()> {
        self.0.iter().try_for_each(|expr| simplify(&mut expr.clone(), params, context))
    }

    /// `is_top`: no columns of a subquery have been passed.
    fn collect(&mut self, rel: &Rel, is_top: bool) {
        match rel {
            Rel::Project { .. } | Rel::Aggregate { .. } if !is_top => {}
            Rel::Project { input, .. } => {
                self.note(rel);
                // A grouping's own projection is not a subquery's.
                self.collect(input, matches!(**input, Rel::Aggregate { .. }));
            }
            Rel::Aggregate { input, .. } => {
                self.note(rel);
                self.collect(input, false);
            }
            Rel::Filter { input, .. } | Rel::Sort { input, .. } | Rel::Limit { input, .. } => {
                self.note(rel);
                self.collect(input, is_top);
            }
            Rel::Distinct { input, .. } | Rel::LockRows { input, .. } => {
                self.collect(input, is_top);
            }
            Rel::Join { left, right, .. } => {
                self.note(rel);
                self.collect(left, false);
                self.collect(right, false);
            }
            Rel::With { body, .. } => self.collect(body, is_top),
            _ => {}
        }
    }

    fn note(&mut self, rel: &Rel) {
        visit::expressions(rel, &mut |expr| {
            if has_closed_call(expr) {
                self.0.push(expr.clone());
            }
        });
    }
}

/// Whether a call in an expression is of constants and parameters alone.
fn has_closed_call(expr: &Expr) -> bool {
    let mut found = matches!(expr.kind, ExprKind::Call(_)) && is_closed(expr);
    visit::operands(expr, &mut |operand| found = found || has_closed_call(operand));
    found
}

fn is_closed(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Param(_) => true,
        ExprKind::Call(call) => is_immutable(call) && call.args.iter().all(is_closed),
        _ => false,
    }
}

/// Whether a call gives the same for the same arguments for ever.
pub(in crate::sql) fn is_immutable(call: &crate::sql::ir::Call) -> bool {
    let function = &call.function;
    function.volatility == Volatility::Immutable && function.is_native() && !function.returns_set
}

/// Of AND and OR: an argument that decides the whole is the last that is looked at.
fn simplify_until(
    args: &mut [Expr],
    decides: bool,
    params: &[Datum],
    context: &EvalContext,
) -> Result<()> {
    for arg in args {
        simplify(arg, params, context)?;
        if matches!(arg.kind, ExprKind::Const(Datum::Bool(value)) if value == decides) {
            break;
        }
    }
    Ok(())
}

/// Makes constants of what is constant, in PostgreSQL's order.
fn simplify(expr: &mut Expr, params: &[Datum], context: &EvalContext) -> Result<()> {
    match &mut expr.kind {
        ExprKind::Param(index) => {
            if let Some(value) = params.get(*index) {
                expr.kind = ExprKind::Const(value.clone());
            }
            return Ok(());
        }
        ExprKind::Subquery(_) => return Ok(()),
        ExprKind::And(args) => return simplify_until(args, false, params, context),
        ExprKind::Or(args) => return simplify_until(args, true, params, context),
        ExprKind::Coalesce(args) => {
            for arg in args {
                simplify(arg, params, context)?;
                if matches!(&arg.kind, ExprKind::Const(value) if !value.is_null()) {
                    return Ok(());
                }
            }
            return Ok(());
        }
        ExprKind::Case { operand: Some(operand), .. } => return simplify(operand, params, context),
        ExprKind::Case { operand: None, whens, otherwise } => {
            for (when, then) in whens {
                simplify(when, params, context)?;
                match &when.kind {
                    ExprKind::Const(Datum::Bool(true)) => return simplify(then, params, context),
                    ExprKind::Const(_) => {}
                    _ => simplify(then, params, context)?,
                }
            }
            return match otherwise {
                Some(otherwise) => simplify(otherwise, params, context),
                None => Ok(()),
            };
        }
        _ => {}
    }
    let mut failed = Ok(());
    visit::operands_mut(expr, &mut |operand| {
        if failed.is_ok() {
            failed = simplify(operand, params, context);
        }
    });
    failed?;
    if let ExprKind::Call(call) = &expr.kind
        && is_immutable(call)
        && call.args.iter().all(|arg| matches!(arg.kind, ExprKind::Const(_)))
    {
        let evaluator = Evaluator::compile(expr, &[], &context.catalog)?;
        let value = evaluator.eval(context, &[], &[])?;
        expr.kind = ExprKind::Const(value);
        return Ok(());
    }
    fold(expr, context);
    Ok(())
}
