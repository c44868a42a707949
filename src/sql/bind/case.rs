//! CASE, COALESCE, GREATEST and LEAST.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{CaseExpr, CoalesceExpr, MinMaxExpr, MinMaxOp};

use super::Binder;
use super::coerce::common_typmod;
use super::node::{boxed, inner, null, required, typed};
use super::operator::OperatorName;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::types::{SqlType, oid};

impl Binder<'_> {
    pub(super) fn case(&mut self, node: &CaseExpr) -> Result<Expr> {
        let operand = match boxed(&node.arg) {
            // An undecided operand is text, so that every WHEN sees one type.
            Some(arg) => Some(self.decided(arg)?),
            None => None,
        };
        let outer = self.set_conditional(Some("CASE"));
        let parts = self.case_parts(node, operand.as_ref());
        self.set_conditional(outer);
        let (whens, otherwise) = parts?;
        self.finish_case(operand, whens, otherwise, node.location)
    }

    /// Inside CASE and COALESCE an expression may not be evaluated, so it cannot
    /// return a set.
    fn set_conditional(&mut self, words: Option<&'static str>) -> Option<&'static str> {
        match self.levels.last_mut() {
            Some(level) => std::mem::replace(&mut level.conditional, words),
            None => None,
        }
    }

    fn case_parts(
        &mut self,
        node: &CaseExpr,
        operand: Option<&Expr>,
    ) -> Result<(Vec<(Expr, Expr)>, Expr)> {
        let mut whens = Vec::with_capacity(node.args.len());
        for arg in &node.args {
            let NodeEnum::CaseWhen(when) = inner(arg)? else {
                return Err(Error::internal("CASE without WHEN"));
            };
            let test = self.expr(required(&when.expr)?)?;
            let test = match operand {
                Some(operand) => {
                    let subject = typed(ExprKind::CaseOperand, operand.ty, operand.location);
                    let equal = OperatorName::plain("=");
                    self.operator(equal, Some(subject), test, when.location)?
                }
                None => test,
            };
            let test = self.to_boolean(test, "CASE/WHEN")?;
            whens.push((test, self.expr(required(&when.result)?)?));
        }
        let otherwise = match boxed(&node.defresult) {
            Some(otherwise) => self.expr(otherwise)?,
            None => null(SqlType::new(oid::UNKNOWN)),
        };
        Ok((whens, otherwise))
    }

    fn finish_case(
        &mut self,
        operand: Option<Expr>,
        whens: Vec<(Expr, Expr)>,
        otherwise: Expr,
        location: i32,
    ) -> Result<Expr> {
        // PostgreSQL looks at ELSE first.
        let mut results = vec![otherwise];
        let (tests, thens): (Vec<Expr>, Vec<Expr>) = whens.into_iter().unzip();
        results.extend(thens);
        let mut results = self.all_to_common(results, "CASE")?;
        let ty = SqlType::with_typmod(results[0].ty.oid, common_typmod(&results));
        let otherwise = results.remove(0);
        let kind = ExprKind::Case {
            operand: operand.map(Box::new),
            whens: tests.into_iter().zip(results).collect(),
            otherwise: Some(Box::new(otherwise)),
        };
        Ok(typed(kind, ty, location))
    }

    pub(super) fn coalesce(&mut self, node: &CoalesceExpr) -> Result<Expr> {
        let outer = self.set_conditional(Some("COALESCE"));
        let args = self.exprs(&node.args);
        self.set_conditional(outer);
        let args = self.all_to_common(args?, "COALESCE")?;
        let ty = SqlType::with_typmod(args[0].ty.oid, common_typmod(&args));
        Ok(typed(ExprKind::Coalesce(args), ty, node.location))
    }

    pub(super) fn min_max(&mut self, node: &MinMaxExpr) -> Result<Expr> {
        let greatest = node.op == MinMaxOp::IsGreatest as i32;
        let words = if greatest { "GREATEST" } else { "LEAST" };
        let args = self.exprs(&node.args)?;
        let args = self.all_to_common(args, words)?;
        let ty = SqlType::with_typmod(args[0].ty.oid, common_typmod(&args));
        if !self.type_has_operator("<", ty.oid) {
            return Err(Error::new(
                crate::sqlstate::UNDEFINED_FUNCTION,
                format!(
                    "could not identify a comparison function for type {}",
                    self.display_type(ty.oid)
                ),
            )
            .at(node.location));
        }
        let kind = if greatest { ExprKind::Greatest(args) } else { ExprKind::Least(args) };
        Ok(typed(kind, ty, node.location))
    }
}
