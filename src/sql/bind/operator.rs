//! Operators: resolution (chapter 10.2) and the calls they become.

use crate::sql::parse::ast::Node;

use super::Binder;
use super::node::{qualified_name, typed};
use crate::catalog::{CastContext, Operator};
use crate::error::{Error, Result};
use crate::sql::ir::{Call, Expr, ExprKind};
use crate::sql::types::{Oid, SqlType, oid};
use crate::sqlstate;
use std::sync::Arc;

/// An operator's name as written.
#[derive(Clone, Copy)]
pub(super) struct OperatorName<'n> {
    pub schema: Option<&'n str>,
    pub name: &'n str,
}

impl<'n> OperatorName<'n> {
    pub fn plain(name: &'n str) -> OperatorName<'n> {
        OperatorName { schema: None, name }
    }

    pub fn of(nodes: &'n [Node]) -> Result<OperatorName<'n>> {
        let (schema, name) = qualified_name(nodes)?;
        Ok(OperatorName { schema, name })
    }

    fn display(&self) -> String {
        match self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.to_owned(),
        }
    }
}

impl Binder<'_> {
    /// `left op right`, or `op right` (`make_op`).
    pub(super) fn operator(
        &mut self,
        name: OperatorName<'_>,
        left: Option<Expr>,
        right: Expr,
        location: i32,
    ) -> Result<Expr> {
        let call = self.operator_call(name, left, right, location)?;
        let ty = call.ty;
        // An operator expression starts where its first operand does.
        let start = call.args.iter().map(|arg| arg.location).filter(|start| *start >= 0).min();
        let location =
            start.map_or(location, |start| if location < 0 { start } else { start.min(location) });
        Ok(typed(ExprKind::Call(call), ty, location))
    }

    pub(super) fn operator_call(
        &mut self,
        name: OperatorName<'_>,
        left: Option<Expr>,
        right: Expr,
        location: i32,
    ) -> Result<Call> {
        let left_type = left.as_ref().map(|left| left.ty.oid);
        let operator = self.find_operator(name, left_type, right.ty.oid, location)?;
        let args: Vec<Expr> = left.into_iter().chain([right]).collect();
        self.call_operator(&operator, args).map_err(|error| error.at(location))
    }

    /// The call of an operator, its operands coerced.
    pub(super) fn call_operator(&mut self, operator: &Operator, args: Vec<Expr>) -> Result<Call> {
        let function = self.function(operator.function)?;
        let declared: Vec<Oid> = match operator.left {
            0 => vec![operator.right],
            left => vec![left, operator.right],
        };
        let actual: Vec<Oid> = args.iter().map(|arg| arg.ty.oid).collect();
        let (types, result) = self.resolve_polymorphic(&actual, &declared, operator.result)?;
        let args = args
            .into_iter()
            .zip(types)
            .map(|(arg, ty)| self.coerce_type(arg, SqlType::new(ty), CastContext::Implicit))
            .collect::<Result<Vec<_>>>()?;
        Ok(Call { function, args, ty: SqlType::new(result), sql_syntax: false })
    }

    /// The operator that an expression means, or PostgreSQL's error.
    pub(super) fn find_operator(
        &self,
        name: OperatorName<'_>,
        left: Option<Oid>,
        right: Oid,
        location: i32,
    ) -> Result<Arc<Operator>> {
        let found = self.choose_operator(name, left, right, location)?;
        if found.function != oid::INVALID {
            return Ok(found);
        }
        let side = |ty: Oid| self.display_type(ty);
        let left = left.map_or(String::new(), |ty| format!("{} ", side(ty)));
        Err(Error::new(
            sqlstate::UNDEFINED_FUNCTION,
            format!("operator is only a shell: {left}{} {}", found.name, side(right)),
        )
        .at(location))
    }

    fn choose_operator(
        &self,
        name: OperatorName<'_>,
        left: Option<Oid>,
        right: Oid,
        location: i32,
    ) -> Result<Arc<Operator>> {
        let candidates = self
            .catalog
            .operators_named(&self.search_path, name.schema, name.name)
            .map_err(|error| error.at(location))?;
        let candidates: Vec<Arc<Operator>> =
            candidates.into_iter().filter(|o| (o.left == 0) == left.is_none()).collect();
        if let Some(exact) = self.exact_operator(&candidates, left, right) {
            return Ok(exact);
        }
        let actual: Vec<Oid> = left.into_iter().chain([right]).collect();
        let types: Vec<Vec<Oid>> = candidates.iter().map(|o| operand_types(o)).collect();
        let fitting: Vec<usize> =
            (0..types.len()).filter(|index| self.accepts(&actual, &types[*index])).collect();
        match fitting[..] {
            [] => Err(self.no_operator(name, left, right).at(location)),
            [only] => Ok(candidates[only].clone()),
            _ => {
                let slices: Vec<&[Oid]> = fitting.iter().map(|i| types[*i].as_slice()).collect();
                match self.best_candidate(&actual, &slices) {
                    Some(best) => Ok(candidates[fitting[best]].clone()),
                    None => Err(self.ambiguous_operator(name, left, right).at(location)),
                }
            }
        }
    }

    /// An exact match, taking an unknown operand for the other's type
    /// (`binary_oper_exact`).
    fn exact_operator(
        &self,
        candidates: &[Arc<Operator>],
        left: Option<Oid>,
        right: Oid,
    ) -> Option<Arc<Operator>> {
        let find =
            |l: Oid, r: Oid| candidates.iter().find(|o| o.left == l && o.right == r).cloned();
        let Some(left) = left else { return find(0, right) };
        let (l, r, assumed) = match (left, right) {
            (oid::UNKNOWN, oid::UNKNOWN) => (left, right, false),
            (oid::UNKNOWN, known) | (known, oid::UNKNOWN) => (known, known, true),
            _ => (left, right, false),
        };
        find(l, r).or_else(|| {
            let base = self.base(l);
            if assumed && base != l { find(base, base) } else { None }
        })
    }

    fn no_operator(&self, name: OperatorName<'_>, left: Option<Oid>, right: Oid) -> Error {
        let hint = if left.is_some() {
            "No operator matches the given name and argument types. You might need to add explicit type casts."
        } else {
            "No operator matches the given name and argument type. You might need to add an explicit type cast."
        };
        Error::new(
            sqlstate::UNDEFINED_FUNCTION,
            format!("operator does not exist: {}", self.operator_signature(name, left, right)),
        )
        .with_hint(hint)
    }

    fn ambiguous_operator(&self, name: OperatorName<'_>, left: Option<Oid>, right: Oid) -> Error {
        Error::new(
            sqlstate::AMBIGUOUS_FUNCTION,
            format!("operator is not unique: {}", self.operator_signature(name, left, right)),
        )
        .with_hint(
            "Could not choose a best candidate operator. You might need to add explicit type casts.",
        )
    }

    fn operator_signature(&self, name: OperatorName<'_>, left: Option<Oid>, right: Oid) -> String {
        let left = left.map(|ty| format!("{} ", self.display_type(ty))).unwrap_or_default();
        format!("{left}{} {}", name.display(), self.display_type(right))
    }

    /// The operator named `name` over two values of one type, if there is one:
    /// what sorting and grouping need.
    pub(super) fn type_has_operator(&self, name: &str, ty: Oid) -> bool {
        let base = self.base(ty);
        let wanted = base;
        self.find_operator(OperatorName::plain(name), Some(wanted), wanted, -1).is_ok()
    }
}

fn operand_types(operator: &Operator) -> Vec<Oid> {
    match operator.left {
        0 => vec![operator.right],
        left => vec![left, operator.right],
    }
}
