//! Array constructors, subscripts, slices and field selection.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{AArrayExpr, AIndices, AIndirection};

use super::Binder;
use super::node::{INT4, boxed, inner, required, typed};
use super::operator::OperatorName;
use crate::catalog::CastContext;
use crate::error::{Error, Result};
use crate::sql::functions::subscript::{Subscripting, subscripting};
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::types::record;
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

/// `substr(text, int4, int4)`.
const SUBSTR: crate::sql::types::Oid = 877;

impl Binder<'_> {
    /// `ARRAY[…]`; `target` is the array type when a cast names one.
    pub(super) fn array_constructor(
        &mut self,
        node: &AArrayExpr,
        target: Option<SqlType>,
    ) -> Result<Expr> {
        self.deeper(|binder| binder.array_constructor_here(node, target))
    }

    fn array_constructor_here(
        &mut self,
        node: &AArrayExpr,
        target: Option<SqlType>,
    ) -> Result<Expr> {
        let mut elements = Vec::with_capacity(node.elements.len());
        let mut nested = false;
        for element in &node.elements {
            let element = match inner(element)? {
                NodeEnum::AArrayExpr(array) => {
                    nested = true;
                    self.array_constructor(array, target)?
                }
                other => self.expr(other)?,
            };
            nested |= self.element(self.base(element.ty.oid)).is_some()
                && !matches!(element.ty.oid, oid::INT2VECTOR | oid::OIDVECTOR);
            elements.push(element);
        }
        let (array, element) = self.array_types(node, &elements, target, nested)?;
        let wanted = if nested { array } else { element };
        let explicit = target.is_some();
        let mut coerced = Vec::with_capacity(elements.len());
        for expr in elements {
            coerced.push(match explicit {
                true => self.cast(expr, wanted, node.location)?,
                false => self.to_common(expr, wanted.oid, "ARRAY")?,
            });
        }
        let kind = ExprKind::Array { elements: coerced, nested };
        Ok(typed(kind, SqlType::new(array.oid), node.location))
    }

    /// The array type and its element type.
    fn array_types(
        &mut self,
        node: &AArrayExpr,
        elements: &[Expr],
        target: Option<SqlType>,
        nested: bool,
    ) -> Result<(SqlType, SqlType)> {
        if let Some(target) = target {
            let element = self.element(target.oid).unwrap_or(oid::UNKNOWN);
            return Ok((target, SqlType::with_typmod(element, target.typmod)));
        }
        if elements.is_empty() {
            return Err(Error::new(
                sqlstate::INDETERMINATE_DATATYPE,
                "cannot determine type of empty array",
            )
            .with_hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
            .at(node.location));
        }
        let common = self.common_type(elements, "ARRAY")?;
        if nested {
            let element = self.element(self.base(common)).ok_or_else(|| {
                Error::new(
                    sqlstate::UNDEFINED_OBJECT,
                    format!(
                        "could not find element type for data type {}",
                        self.display_type(common)
                    ),
                )
                .at(node.location)
            })?;
            return Ok((SqlType::new(common), SqlType::new(element)));
        }
        let array = self.array_of(common).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("could not find array type for data type {}", self.display_type(common)),
            )
            .at(node.location)
        })?;
        Ok((SqlType::new(array), SqlType::new(common)))
    }

    /// `x.f`, `x[i]`, `x[l:u]`, in any order.
    pub(super) fn indirection(&mut self, node: &AIndirection) -> Result<Expr> {
        let mut expr = self.expr(required(&node.arg)?)?;
        let mut subscripts: Vec<&AIndices> = Vec::new();
        for step in &node.indirection {
            match inner(step)? {
                NodeEnum::AIndices(indices) => subscripts.push(indices),
                NodeEnum::String(field) => {
                    expr = self.subscripted(expr, std::mem::take(&mut subscripts))?;
                    expr = self.field(expr, &field.sval, -1)?;
                }
                NodeEnum::AStar(_) => {
                    return Err(Error::new(
                        sqlstate::FEATURE_NOT_SUPPORTED,
                        "row expansion via \"*\" is not supported here",
                    )
                    .at(expr.location));
                }
                _ => return Err(Error::internal("unknown indirection")),
            }
        }
        self.subscripted(expr, subscripts)
    }

    fn subscripted(&mut self, expr: Expr, subscripts: Vec<&AIndices>) -> Result<Expr> {
        if subscripts.is_empty() {
            return Ok(expr);
        }
        let location = expr.location;
        let container = self.base(expr.ty.oid);
        if container == oid::JSONB {
            return self.jsonb_subscripts(expr, subscripts);
        }
        if let Some(of) = subscripting(&self.catalog, container) {
            let key = self.key_subscript(of, &subscripts)?;
            let expr = super::coerce::relabel_if(expr, SqlType::new(container));
            return Ok(self.fetch_at_key(expr, key, location));
        }
        if container == oid::NAME
            && let [one] = subscripts.as_slice()
            && !one.is_slice
        {
            return self.name_byte(expr, required(&one.uidx)?);
        }
        let fixed = self.fixed_element(container);
        if fixed.is_some() && subscripts.iter().any(|indices| indices.is_slice) {
            let message = "slices of fixed-length arrays not implemented";
            return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
        }
        let Some(element) = fixed.or_else(|| self.element(container)) else {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "cannot subscript type {} because it does not support subscripting",
                    self.display_type(container)
                ),
            )
            .at(location));
        };
        let typmod = expr.ty.typmod;
        let expr = super::coerce::relabel_if(expr, SqlType::with_typmod(container, typmod));
        if !subscripts.iter().any(|indices| indices.is_slice) {
            let mut indexes = Vec::with_capacity(subscripts.len());
            for indices in subscripts {
                indexes.push(self.subscript_index(required(&indices.uidx)?)?);
            }
            let kind = ExprKind::Subscript { array: Box::new(expr), indexes };
            return Ok(typed(kind, SqlType::with_typmod(element, typmod), location));
        }
        let mut bounds = Vec::with_capacity(subscripts.len());
        for indices in subscripts {
            bounds.push(self.slice_bounds(indices)?);
        }
        let kind = ExprKind::Slice { array: Box::new(expr), bounds };
        Ok(typed(kind, SqlType::with_typmod(container, typmod), location))
    }

    /// The one subscript of a value that is no array: a text.
    pub(super) fn key_subscript(
        &mut self,
        of: &Subscripting,
        subscripts: &[&AIndices],
    ) -> Result<Expr> {
        let [one] = subscripts else { return Err(one_subscript(of)) };
        if one.is_slice {
            return Err(one_subscript(of));
        }
        let key = self.expr(required(&one.uidx)?)?;
        let location = key.location;
        self.coerce_to(key, super::node::TEXT, CastContext::Assignment)?.ok_or_else(|| {
            let message = format!("{} subscript must have type text", of.name);
            Error::new(sqlstate::DATATYPE_MISMATCH, message).at(location)
        })
    }

    pub(super) fn fetch_at_key(&self, value: Expr, key: Expr, location: i32) -> Expr {
        let kind = ExprKind::Subscript { array: Box::new(value), indexes: vec![key] };
        typed(kind, super::node::TEXT, location)
    }

    /// `n[0]`: a `name` is an array of 64 `"char"`s that starts at 0.
    fn name_byte(&mut self, name: Expr, index: &NodeEnum) -> Result<Expr> {
        let location = name.location;
        let index = self.subscript_index(index)?;
        let one = super::node::constant(Datum::Int4(1), INT4);
        let bound = |n: i32| super::node::constant(Datum::Int4(n), INT4);
        let from =
            self.operator(OperatorName::plain(">="), Some(index.clone()), bound(0), location)?;
        let to =
            self.operator(OperatorName::plain("<"), Some(index.clone()), bound(64), location)?;
        let inside = super::node::bool_expr(ExprKind::And(vec![from, to]), location);
        let at = self.operator(OperatorName::plain("+"), Some(index), one.clone(), location)?;
        let text = super::coerce::relabel_if(name, super::node::TEXT);
        let letter = self.builtin_call(SUBSTR, vec![text, at, one], location)?;
        let byte = SqlType::new(oid::CHAR);
        let value = self
            .coerce_to(letter, byte, CastContext::Assignment)?
            .ok_or_else(|| Error::internal("text has no cast to \"char\""))?;
        let kind = ExprKind::Case { operand: None, whens: vec![(inside, value)], otherwise: None };
        Ok(typed(kind, byte, location))
    }

    /// In a slice, a plain subscript `[n]` means `[1:n]`.
    pub(super) fn slice_bounds(
        &mut self,
        indices: &AIndices,
    ) -> Result<(Option<Expr>, Option<Expr>)> {
        let mut bound = |node: Option<&NodeEnum>| -> Result<Option<Expr>> {
            node.map(|node| self.subscript_index(node)).transpose()
        };
        let upper = bound(boxed(&indices.uidx))?;
        if !indices.is_slice {
            let one = super::node::constant(Datum::Int4(1), INT4);
            return Ok((Some(one), upper));
        }
        Ok((bound(boxed(&indices.lidx))?, upper))
    }

    pub(super) fn subscript_index(&mut self, node: &NodeEnum) -> Result<Expr> {
        let index = self.expr(node)?;
        let location = index.location;
        self.coerce_to(index, INT4, CastContext::Assignment)?.ok_or_else(|| {
            Error::new(sqlstate::DATATYPE_MISMATCH, "array subscript must have type integer")
                .at(location)
        })
    }

    /// `j['a'][0]` on jsonb is `j -> 'a' -> 0`.
    fn jsonb_subscripts(&mut self, expr: Expr, subscripts: Vec<&AIndices>) -> Result<Expr> {
        let mut value = expr;
        for indices in subscripts {
            let location = value.location;
            let key = self.jsonb_subscript(indices)?;
            value = self.operator(OperatorName::plain("->"), Some(value), key, location)?;
        }
        Ok(value)
    }

    /// A subscript of `jsonb`: a number, or a text.
    pub(super) fn jsonb_subscript(&mut self, indices: &AIndices) -> Result<Expr> {
        if indices.is_slice {
            let bound = boxed(&indices.uidx).or_else(|| boxed(&indices.lidx));
            let location = bound.map(|bound| self.expr(bound)).transpose()?;
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "jsonb subscript does not support slices",
            )
            .at(location.map_or(-1, |bound| bound.location)));
        }
        let key = self.expr(required(&indices.uidx)?)?;
        let (source, location) = (key.ty.oid, key.location);
        let target = match self.base(source) {
            oid::INT2 | oid::INT4 => INT4,
            _ => super::node::TEXT,
        };
        self.coerce_to(key, target, CastContext::Implicit)?.ok_or_else(|| {
            let name = self.display_type(source);
            Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!("subscript type {name} is not supported"),
            )
            .with_hint("jsonb subscript must be coercible to either integer or text.")
            .at(location)
        })
    }

    /// `(record).name`.
    pub(super) fn field(&mut self, record: Expr, name: &str, location: i32) -> Result<Expr> {
        let location = if location >= 0 { location } else { record.location };
        if let Some(field) = self.find_field(record.clone(), name, location) {
            return Ok(field);
        }
        if let Some(value) = self.functional_field(&record, name, location)? {
            return Ok(value);
        }
        let ty = self.display_type(record.ty.oid);
        Err(match record.ty.oid {
            oid::RECORD => Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("could not identify column \"{name}\" in record data type"),
            ),
            _ if self.is_complex(record.ty.oid) => Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column \"{name}\" not found in data type {ty}"),
            ),
            _ => Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!(
                    "column notation .{name} applied to type {ty}, which is not a composite type"
                ),
            ),
        }
        .at(location))
    }

    /// A field by its name. Those of a row constructor are `f1`, `f2`, …; those of a
    /// function's record its OUT parameters.
    pub(super) fn find_field(&self, record: Expr, name: &str, location: i32) -> Option<Expr> {
        if let Some(fields) = self.composite_columns(record.ty.oid) {
            let index = fields.iter().position(|(known, _)| known == name)?;
            return Some(self.record_field(record, index, fields[index].1, location));
        }
        if let Some(fields) = record::fields(record.ty) {
            let index = fields.iter().position(|(known, _)| known == name)?;
            return Some(self.record_field(record, index, fields[index].1, location));
        }
        let ExprKind::Row(fields) = &record.kind else { return None };
        let number = name.strip_prefix('f')?.parse::<usize>().ok()?;
        let ty = fields.get(number.checked_sub(1)?)?.ty;
        Some(self.record_field(record, number - 1, ty, location))
    }

    /// [`field_of`], written out where the query is to be printed.
    fn record_field(&self, record: Expr, index: usize, ty: SqlType, location: i32) -> Expr {
        match self.is_describing() {
            true => typed(ExprKind::Field { record: Box::new(record), index }, ty, location),
            false => field_of(record, index, ty, location),
        }
    }
}

fn one_subscript(of: &Subscripting) -> Error {
    let message = format!("{} allows only one subscript", of.name);
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message)
}

/// A field; of a row constructor directly the expression itself.
pub(super) fn field_of(record: Expr, index: usize, ty: SqlType, location: i32) -> Expr {
    match record.kind {
        ExprKind::Row(mut fields) => fields.swap_remove(index),
        kind => {
            let record = Box::new(Expr { kind, ..record });
            typed(ExprKind::Field { record, index }, ty, location)
        }
    }
}
