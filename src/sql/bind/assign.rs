//! What is assigned to a column, or to a part of one: an element, a slice, a field.

use std::sync::Arc;

use super::Binder;
use super::coerce::relabel_if;
use super::node::{boxed, inner, required, typed};
use crate::catalog::{CastContext, Column, Function};
use crate::error::{Error, Result};
use crate::sql::functions::subscript::{self, subscripting};
use crate::sql::ir::{Call, Expr, ExprKind};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{AIndices, Node};
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;

/// What is assigned to, for messages.
#[derive(Clone, Copy)]
struct Part<'n> {
    name: &'n str,
    /// The part is an element or a slice of what has that name.
    is_element: bool,
    /// Where the statement names the column.
    location: i32,
}

/// What is under a domain: its constraints look at the value once all of its parts are
/// assigned.
fn unchecked(base: Expr) -> Expr {
    match base.kind {
        ExprKind::CoerceToDomain(inner) => unchecked(*inner),
        _ => base,
    }
}

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

    /// The column's value with a part of it replaced: `base[subscripts].field = value`.
    pub(super) fn assign_part(
        &mut self,
        base: Expr,
        column: &Column,
        indirection: &[Node],
        value: Expr,
        location: i32,
    ) -> Result<Expr> {
        let part = Part { name: &column.name, is_element: false, location };
        let assigned = self.assign_into(base, column.ty, indirection, value, part)?;
        self.assign(assigned, column)
    }

    /// What a value of type `ty` is once the part of it that `steps` lead to is
    /// `value` (`transformAssignmentIndirection`).
    fn assign_into(
        &mut self,
        base: Expr,
        ty: SqlType,
        steps: &[Node],
        value: Expr,
        part: Part<'_>,
    ) -> Result<Expr> {
        self.deeper(|binder| match steps.first().map(inner).transpose()? {
            None => binder.assign_to_part(value, ty, part),
            Some(NodeEnum::String(field)) => {
                binder.assign_to_field(base, ty, &field.sval, &steps[1..], value, part)
            }
            Some(NodeEnum::AIndices(_)) => binder.assign_to_element(base, ty, steps, value, part),
            Some(_) => Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "row expansion via \"*\" is not supported here",
            )),
        })
    }

    fn assign_to_part(&mut self, value: Expr, wanted: SqlType, part: Part<'_>) -> Result<Expr> {
        let source = value.ty.oid;
        self.coerce_to(value, wanted, CastContext::Assignment)?.ok_or_else(|| {
            let (wanted, source) = (self.display_type(wanted.oid), self.display_type(source));
            let name = part.name;
            mismatch(match part.is_element {
                true => format!(
                    "subscripted assignment to \"{name}\" requires type {wanted} but expression is of type {source}"
                ),
                false => format!(
                    "subfield \"{name}\" is of type {wanted} but expression is of type {source}"
                ),
            })
            .at(part.location)
        })
    }

    /// The row with one field replaced; NULL counts as a row of NULLs.
    fn assign_to_field(
        &mut self,
        base: Expr,
        ty: SqlType,
        field: &str,
        rest: &[Node],
        value: Expr,
        part: Part<'_>,
    ) -> Result<Expr> {
        let (fields, at) = self.assigned_field(ty, field, part)?;
        let composite = self.catalog.base_type(ty);
        let base = relabel_if(unchecked(base), composite);
        let mut values = Vec::with_capacity(fields.len());
        for (index, (_, ty)) in fields.iter().enumerate() {
            values.push(super::subscript::field_of(base.clone(), index, *ty, -1));
        }
        let part = Part { name: field, is_element: false, ..part };
        let before = values[at].clone();
        values[at] = self.assign_into(before, fields[at].1, rest, value, part)?;
        let row = typed(ExprKind::Row(values), composite, -1);
        Ok(match composite.oid == ty.oid {
            true => row,
            false => self.to_domain(row, ty.oid),
        })
    }

    /// The fields of a composite type, and the index of the one that is named.
    fn assigned_field(
        &self,
        ty: SqlType,
        field: &str,
        part: Part<'_>,
    ) -> Result<(Vec<(String, SqlType)>, usize)> {
        let column = part.name;
        let Some(fields) = self.composite_columns(ty.oid) else {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "cannot assign to field \"{field}\" of column \"{column}\" because its type {} is not a composite type",
                    self.display_type(ty.oid)
                ),
            )
            .at(part.location));
        };
        match fields.iter().position(|(name, _)| name == field) {
            Some(at) => Ok((fields, at)),
            None => Err(Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!(
                    "cannot assign to field \"{field}\" of column \"{column}\" because there is no such column in data type {}",
                    self.display_type(ty.oid)
                ),
            )
            .at(part.location)),
        }
    }

    /// The array with an element or a slice replaced.
    fn assign_to_element(
        &mut self,
        base: Expr,
        ty: SqlType,
        steps: &[Node],
        value: Expr,
        part: Part<'_>,
    ) -> Result<Expr> {
        let (subscripts, rest) = array_subscripts(steps)?;
        let container = self.catalog.base_type(ty);
        if container.oid == oid::JSONB {
            if !rest.is_empty() {
                return Err(Error::unsupported("assignment to a field of a jsonb element"));
            }
            return self.assign_json_part(base, ty, &subscripts, value, part);
        }
        if self.fixed_element(container.oid).is_some() {
            return Err(Error::unsupported(format!(
                "assignment to a part of a value of type {}",
                self.display_type(container.oid)
            )));
        }
        if let Some(of) = subscripting(&self.catalog, container.oid) {
            return self.assign_at_key(of, base, (ty, container), (&subscripts, rest), value, part);
        }
        let Some(element) = self.element(container.oid).filter(|_| !is_fixed_array(container.oid))
        else {
            return Err(self.not_assignable(container.oid).at(part.location));
        };
        let is_slice = subscripts.iter().any(|indices| indices.is_slice);
        let element = SqlType::with_typmod(element, container.typmod);
        let base = relabel_if(unchecked(base), container);
        let part = Part { is_element: true, ..part };
        let value = match rest.is_empty() {
            true => self.assign_to_part(value, if is_slice { container } else { element }, part)?,
            false if is_slice => {
                return Err(Error::unsupported("assignment to a field of a slice"));
            }
            false => {
                let mut indexes = Vec::with_capacity(subscripts.len());
                for indices in &subscripts {
                    indexes.push(self.subscript_index(required(&indices.uidx)?)?);
                }
                let kind = ExprKind::Subscript { array: Box::new(base.clone()), indexes };
                self.assign_into(typed(kind, element, -1), element, rest, value, part)?
            }
        };
        let mut args = vec![base, value];
        let symbol = match is_slice {
            true => self.slice_arguments(&subscripts, &mut args)?,
            false => self.element_arguments(&subscripts, &mut args)?,
        };
        let function = assignment_function(symbol, &args, container.oid);
        let call = Call { function, args, ty: container, sql_syntax: false };
        let assigned = typed(ExprKind::Call(call), container, -1);
        Ok(match container.oid == ty.oid {
            true => assigned,
            false => self.to_domain(assigned, ty.oid),
        })
    }

    fn assign_json_part(
        &mut self,
        base: Expr,
        ty: SqlType,
        subscripts: &[&AIndices],
        value: Expr,
        part: Part<'_>,
    ) -> Result<Expr> {
        let json = SqlType::new(oid::JSONB);
        let value = self.assign_to_part(value, json, Part { is_element: true, ..part })?;
        let mut args = vec![relabel_if(unchecked(base), json), value];
        for indices in subscripts {
            args.push(self.jsonb_subscript(indices)?);
        }
        let function = assignment_function("jsonb_assign_element", &args, oid::JSONB);
        let assigned =
            typed(ExprKind::Call(Call { function, args, ty: json, sql_syntax: false }), json, -1);
        Ok(match ty.oid {
            oid::JSONB => assigned,
            domain => self.to_domain(assigned, domain),
        })
    }

    /// The value with what is at a key replaced; `ty` is the container's or a domain's.
    fn assign_at_key(
        &mut self,
        of: &subscript::Subscripting,
        base: Expr,
        (ty, container): (SqlType, SqlType),
        (subscripts, rest): (&[&AIndices], &[Node]),
        value: Expr,
        part: Part<'_>,
    ) -> Result<Expr> {
        let key = self.key_subscript(of, subscripts)?;
        let base = relabel_if(unchecked(base), container);
        let part = Part { is_element: true, ..part };
        let value = match rest.is_empty() {
            true => self.assign_to_part(value, super::node::TEXT, part)?,
            false => {
                let before = self.fetch_at_key(base.clone(), key.clone(), -1);
                self.assign_into(before, super::node::TEXT, rest, value, part)?
            }
        };
        let args = vec![base, value, key];
        let function = assignment_function(of.assign, &args, container.oid);
        let call = Call { function, args, ty: container, sql_syntax: false };
        let assigned = typed(ExprKind::Call(call), container, -1);
        Ok(match container.oid == ty.oid {
            true => assigned,
            false => self.to_domain(assigned, ty.oid),
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

/// The subscripts that come first, and the steps after them.
fn array_subscripts(steps: &[Node]) -> Result<(Vec<&AIndices>, &[Node])> {
    let mut subscripts = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        match inner(step)? {
            NodeEnum::AIndices(indices) => {
                debug_assert!(indices.is_slice || boxed(&indices.uidx).is_some());
                subscripts.push(&**indices);
            }
            _ => return Ok((subscripts, &steps[at..])),
        }
    }
    Ok((subscripts, &[]))
}

/// What the grammar assigns by has no function in the catalog.
fn assignment_function(symbol: &str, args: &[Expr], returns: Oid) -> Arc<Function> {
    let args = args.iter().map(|arg| arg.ty.oid).collect();
    subscript::unnamed_function(symbol, args, returns, false)
}
