//! What is assigned to a column, or to an element or a slice of one.

use std::sync::Arc;

use super::Binder;
use super::coerce::relabel_if;
use super::node::{boxed, inner, required, typed};
use crate::catalog::{
    BOOTSTRAP_ROLE, CastContext, Column, Function, FunctionKind, FunctionOptions, PG_CATALOG,
    Volatility,
};
use crate::error::{Error, Result};
use crate::sql::ir::{Call, Expr, ExprKind};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{AIndices, Node};
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;

impl Binder<'_> {
    /// Converts a value for assignment to a column.
    pub(super) fn assign(&mut self, expr: Expr, column: &Column) -> Result<Expr> {
        let (source, location) = (expr.ty.oid, expr.location);
        let assigned = self.coerce_to(expr, column.ty, CastContext::Assignment)?;
        let assigned = assigned.ok_or_else(|| {
            mismatch(format!(
                "column \"{}\" is of type {} but expression is of type {}",
                column.name,
                self.display_type(column.ty.oid),
                self.display_type(source)
            ))
            .at(location)
        })?;
        Ok(match assigned.ty.oid == column.ty.oid {
            true => assigned,
            false => relabel_if(assigned, column.ty),
        })
    }

    /// The column's value with a part of it replaced: `base[subscripts] = value`.
    pub(super) fn assign_part(
        &mut self,
        base: Expr,
        column: &Column,
        indirection: &[Node],
        value: Expr,
    ) -> Result<Expr> {
        let subscripts = array_subscripts(indirection)?;
        let container = self.base(column.ty.oid);
        if container == oid::JSONB {
            return self.assign_json_part(base, column, &subscripts, value);
        }
        let Some(element) = self.element(container).filter(|_| !is_fixed_array(container)) else {
            return Err(self.not_assignable(container));
        };
        let container = SqlType::with_typmod(container, column.ty.typmod);
        let is_slice = subscripts.iter().any(|indices| indices.is_slice);
        let wanted = match is_slice {
            true => container,
            false => SqlType::with_typmod(element, column.ty.typmod),
        };
        let value = self.assign_to_part(value, column, wanted)?;
        let base = relabel_if(base, container);
        let mut args = vec![base, value];
        let symbol = match is_slice {
            true => self.slice_arguments(&subscripts, &mut args)?,
            false => self.element_arguments(&subscripts, &mut args)?,
        };
        let function = assignment_function(symbol, &args, container.oid);
        let call = Call { function, args, ty: container };
        let assigned = typed(ExprKind::Call(call), container, -1);
        self.assign(assigned, column)
    }

    fn assign_json_part(
        &mut self,
        base: Expr,
        column: &Column,
        subscripts: &[&AIndices],
        value: Expr,
    ) -> Result<Expr> {
        let json = SqlType::new(oid::JSONB);
        let value = self.assign_to_part(value, column, json)?;
        let mut args = vec![relabel_if(base, json), value];
        for indices in subscripts {
            args.push(self.jsonb_subscript(indices)?);
        }
        let function = assignment_function("jsonb_assign_element", &args, oid::JSONB);
        let assigned = typed(ExprKind::Call(Call { function, args, ty: json }), json, -1);
        self.assign(assigned, column)
    }

    fn assign_to_part(&mut self, value: Expr, column: &Column, wanted: SqlType) -> Result<Expr> {
        let source = value.ty.oid;
        self.coerce_to(value, wanted, CastContext::Assignment)?.ok_or_else(|| {
            mismatch(format!(
                "subscripted assignment to \"{}\" requires type {} but expression is of type {}",
                column.name,
                self.display_type(wanted.oid),
                self.display_type(source)
            ))
        })
    }

    fn element_arguments(
        &mut self,
        subscripts: &[&AIndices],
        args: &mut Vec<Expr>,
    ) -> Result<&'static str> {
        for indices in subscripts {
            args.push(self.subscript_index(required(&indices.uidx)?)?);
        }
        Ok("array_assign_element")
    }

    /// A plain subscript among slices means `[1:n]`.
    fn slice_arguments(
        &mut self,
        subscripts: &[&AIndices],
        args: &mut Vec<Expr>,
    ) -> Result<&'static str> {
        let mut given = String::new();
        let mut bounds = Vec::new();
        for indices in subscripts {
            let (lower, upper) = self.slice_bounds(indices)?;
            given.push(if lower.is_some() { 'l' } else { '-' });
            given.push(if upper.is_some() { 'u' } else { '-' });
            bounds.extend(lower.into_iter().chain(upper));
        }
        args.push(super::node::constant(Datum::Text(given), super::node::TEXT));
        args.extend(bounds);
        Ok("array_assign_slice")
    }

    fn not_assignable(&self, container: Oid) -> Error {
        if is_fixed_array(container) {
            return Error::unsupported(format!(
                "assignment to an element of type {}",
                self.display_type(container)
            ));
        }
        Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "cannot subscript type {} because it does not support subscripting",
                self.display_type(container)
            ),
        )
    }
}

fn mismatch(message: String) -> Error {
    Error::new(sqlstate::DATATYPE_MISMATCH, message)
        .with_hint("You will need to rewrite or cast the expression.")
}

/// Vectors of the catalog have a form of their own.
fn is_fixed_array(container: Oid) -> bool {
    matches!(container, oid::INT2VECTOR | oid::OIDVECTOR)
}

/// The subscripts after a target's name; a field of a composite is something else.
fn array_subscripts(indirection: &[Node]) -> Result<Vec<&AIndices>> {
    indirection
        .iter()
        .map(|step| match inner(step)? {
            NodeEnum::AIndices(indices) => {
                debug_assert!(indices.is_slice || boxed(&indices.uidx).is_some());
                Ok(&**indices)
            }
            _ => Err(Error::unsupported("assignment to a field of a composite column")),
        })
        .collect()
}

/// What the grammar assigns by has no function in the catalog.
fn assignment_function(symbol: &str, args: &[Expr], returns: Oid) -> Arc<Function> {
    Arc::new(Function {
        oid: oid::INVALID,
        schema: PG_CATALOG,
        name: symbol.to_owned(),
        owner: BOOTSTRAP_ROLE,
        kind: FunctionKind::Function,
        language: "internal".to_owned(),
        source: symbol.to_owned(),
        args: args.iter().map(|arg| arg.ty.oid).collect(),
        arg_names: Vec::new(),
        all_args: None,
        defaults: Vec::new(),
        returns,
        returns_set: false,
        variadic: oid::INVALID,
        strict: false,
        volatility: Volatility::Immutable,
        options: FunctionOptions::default(),
    })
}
