//! Conversions between types: which are allowed where, and the expression that
//! performs one (PostgreSQL's `parse_coerce.c`).

use super::Binder;
use super::node::{INT4, constant, is_null_constant, null, typed};
use super::typename::category;
use crate::catalog::{CastContext, CastMethod, Function};
use crate::error::{Error, Result};
use crate::sql::functions::{self, domain};
use crate::sql::ir::{Call, Expr, ExprKind};
use crate::sql::types::{self, Datum, Oid, SqlType, oid};
use crate::sqlstate;
use std::sync::Arc;

/// How a value gets from one type to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pathway {
    Relabel,
    Function(Oid),
    Array,
    Text,
}

impl Binder<'_> {
    /// The way from `source` to `target` that `context` allows
    /// (`find_coercion_pathway`).
    pub(super) fn pathway(
        &self,
        source: Oid,
        target: Oid,
        context: CastContext,
    ) -> Option<Pathway> {
        let (source, target) = (self.base(source), self.base(target));
        if source == target {
            return Some(Pathway::Relabel);
        }
        if let Some(cast) = self.catalog.cast_between(source, target) {
            return (context >= cast.context).then_some(match cast.method {
                CastMethod::Function(function) => Pathway::Function(function),
                CastMethod::Binary => Pathway::Relabel,
                CastMethod::InOut => Pathway::Text,
            });
        }
        self.array_pathway(source, target, context).or_else(|| {
            let to_string =
                context >= CastContext::Assignment && self.category(target) == category::STRING;
            let from_string =
                context >= CastContext::Explicit && self.category(source) == category::STRING;
            (to_string || from_string).then_some(Pathway::Text)
        })
    }

    fn array_pathway(&self, source: Oid, target: Oid, context: CastContext) -> Option<Pathway> {
        if target == oid::OIDVECTOR || target == oid::INT2VECTOR {
            return None;
        }
        let (from, to) = (self.element(source)?, self.element(target)?);
        self.pathway(from, to, context).map(|_| Pathway::Array)
    }

    /// Whether values of one type may be given where the other is wanted
    /// (`can_coerce_type`, without polymorphism).
    pub(super) fn can_coerce(&self, source: Oid, target: Oid, context: CastContext) -> bool {
        source == target
            || target == oid::ANY
            || source == oid::UNKNOWN
            || self.pathway(source, target, context).is_some()
            || (source == oid::RECORD && self.is_complex(target))
            || (target == oid::RECORD && self.is_complex(source))
    }

    /// `coerce_to_target_type`: `None` when there is no way.
    pub(super) fn coerce_to(
        &mut self,
        expr: Expr,
        target: SqlType,
        context: CastContext,
    ) -> Result<Option<Expr>> {
        if !self.can_coerce(expr.ty.oid, target.oid, context) {
            return Ok(None);
        }
        let coerced = self.coerce_type(expr, target, context)?;
        self.coerce_typmod(coerced, target, context == CastContext::Explicit).map(Some)
    }

    /// `CAST(expr AS target)`.
    pub(super) fn cast(&mut self, expr: Expr, target: SqlType, location: i32) -> Result<Expr> {
        let source = expr.ty.oid;
        let position = if location >= 0 { location } else { expr.location };
        let is_row = matches!(expr.kind, ExprKind::Row(_));
        // A pseudo-type takes a value as it is, if it is of that kind.
        let is_value = source != oid::UNKNOWN && !is_any(source);
        if is_value && is_any(target.oid) && self.is_binary_coercible(source, target.oid) {
            return Ok(expr);
        }
        let mut cast = self
            .coerce_to(expr, target, CastContext::Explicit)
            .map_err(|error| error.at(position))?
            .ok_or_else(|| self.cannot_cast(source, target.oid).at(position))?;
        if is_row && source == oid::RECORD {
            cast.location = position;
        }
        Ok(cast)
    }

    fn cannot_cast(&self, source: Oid, target: Oid) -> Error {
        Error::new(
            sqlstate::CANNOT_COERCE,
            format!(
                "cannot cast type {} to {}",
                self.display_type(source),
                self.display_type(target)
            ),
        )
    }

    /// A conversion known to be allowed (`coerce_type`); the modifier is used
    /// only where a literal's meaning depends on it.
    pub(super) fn coerce_type(
        &mut self,
        expr: Expr,
        target: SqlType,
        context: CastContext,
    ) -> Result<Expr> {
        let source = expr.ty.oid;
        // An unknown NULL becomes an `anyarray` beside one: the columns of pg_statistic.
        let stays = is_any(target.oid) && (source != oid::UNKNOWN || target.oid != oid::ANYARRAY);
        if stays && source == oid::ANYARRAY && is_any_array(target.oid) {
            // The values of pg_statistic are kept as their text.
            let location = expr.location;
            let kind = ExprKind::CoerceViaText(Box::new(expr));
            return Ok(Expr { kind, ty: SqlType::new(oid::TEXT_ARRAY), location });
        }
        if source == target.oid || stays {
            return Ok(expr);
        }
        if source == oid::UNKNOWN {
            return self.coerce_unknown(expr, target, context);
        }
        match self.pathway(source, target.oid, context) {
            Some(pathway) => self.along(pathway, expr, target, context),
            None if source == oid::RECORD && self.is_complex(target.oid) => {
                self.row_to_composite(expr, target, context)
            }
            // The row stays one of its own type: `row_to_json` wants its column names.
            None if target.oid == oid::RECORD && self.is_complex(source) => Ok(expr),
            None => {
                let location = expr.location;
                Err(self.cannot_cast(source, target.oid).at(location))
            }
        }
    }

    /// Literals are read by the target's input function, parameters get its type.
    fn coerce_unknown(
        &mut self,
        expr: Expr,
        target: SqlType,
        context: CastContext,
    ) -> Result<Expr> {
        let location = expr.location;
        match expr.kind {
            ExprKind::Const(Datum::Null) => {
                Ok(Expr { location, ..self.null_of(SqlType::new(target.oid)) })
            }
            ExprKind::Const(Datum::Text(text)) if self.is_domain(target.oid) => {
                let base = self.catalog.base_type(SqlType::new(target.oid));
                let value = self.literal(&text, base, location)?;
                let sized = self.coerce_typmod(value, base, context == CastContext::Explicit)?;
                Ok(self.to_domain(sized, target.oid))
            }
            ExprKind::Const(Datum::Text(text)) => self.literal(&text, target, location),
            ExprKind::Param(index) => self.deduce_param(index, target.oid, location),
            _ => {
                let text =
                    Expr { ty: SqlType::new(oid::TEXT), ..relabel(expr, SqlType::new(oid::TEXT)) };
                if target.oid == oid::TEXT {
                    return Ok(text);
                }
                let context = context.max(CastContext::Explicit);
                self.coerce_type(text, target, context)
            }
        }
    }

    fn along(
        &mut self,
        pathway: Pathway,
        expr: Expr,
        target: SqlType,
        context: CastContext,
    ) -> Result<Expr> {
        let location = expr.location;
        let base = self.catalog.base_type(SqlType::new(target.oid));
        let wanted = SqlType::with_typmod(
            base.oid,
            if base.oid == target.oid { target.typmod } else { base.typmod },
        );
        let explicit = context == CastContext::Explicit;
        let coerced = match pathway {
            Pathway::Relabel => relabel(expr, SqlType::new(base.oid)),
            Pathway::Text => {
                typed(ExprKind::CoerceViaText(Box::new(expr)), SqlType::new(base.oid), location)
            }
            Pathway::Function(function) => {
                let function = self.function(function)?;
                self.cast_call(function, expr, wanted, explicit)
            }
            Pathway::Array => self.array_cast(expr, wanted, context)?,
        };
        if base.oid == target.oid {
            return Ok(coerced);
        }
        let sized = self.coerce_typmod(coerced, base, explicit)?;
        Ok(self.to_domain(sized, target.oid))
    }

    /// A value of a domain's base type as one of the domain.
    pub(super) fn to_domain(&self, expr: Expr, domain: Oid) -> Expr {
        let ty = SqlType::new(domain);
        if !domain::is_constrained(&self.catalog, domain) {
            return relabel(expr, ty);
        }
        let location = expr.location;
        typed(ExprKind::CoerceToDomain(Box::new(expr)), ty, location)
    }

    /// NULL as a value of a type, which a domain may refuse.
    pub(super) fn null_of(&self, ty: SqlType) -> Expr {
        match self.is_domain(ty.oid) {
            true => self.to_domain(null(self.catalog.base_type(ty)), ty.oid),
            false => null(ty),
        }
    }

    /// A cast function may also take the modifier and whether the cast is explicit.
    fn cast_call(
        &self,
        function: Arc<Function>,
        expr: Expr,
        target: SqlType,
        explicit: bool,
    ) -> Expr {
        let location = expr.location;
        let count = function.args.len();
        let mut ty = SqlType::new(target.oid);
        let mut args = vec![expr];
        // smallint to oid and its like is a function to integer, whose values are others.
        if function.returns == INT4.oid && target.oid != INT4.oid {
            let call = Call { function, args, ty: INT4, sql_syntax: false };
            return relabel(typed(ExprKind::Call(call), INT4, location), ty);
        }
        if count > 1 {
            args.push(constant(Datum::Int4(target.typmod), INT4));
            ty = target;
        }
        if count > 2 {
            args.push(constant(Datum::Bool(explicit), super::node::BOOL));
        }
        typed(ExprKind::Call(Call { function, args, ty, sql_syntax: false }), ty, location)
    }

    fn array_cast(&mut self, expr: Expr, target: SqlType, context: CastContext) -> Result<Expr> {
        let location = expr.location;
        let missing = || Error::internal("array cast without element types");
        let from = self.element(self.base(expr.ty.oid)).ok_or_else(missing)?;
        let to = SqlType::with_typmod(self.element(target.oid).ok_or_else(missing)?, target.typmod);
        let element =
            typed(ExprKind::Element, SqlType::with_typmod(from, expr.ty.typmod), location);
        let element = self.coerce_type(element, to, context)?;
        let element = self.coerce_typmod(element, to, context == CastContext::Explicit)?;
        let kind = ExprKind::ArrayCoerce { array: Box::new(expr), element: Box::new(element) };
        Ok(typed(kind, target, location))
    }

    /// Applies a modifier: `varchar(10)`, `numeric(10,2)` (`coerce_type_typmod`).
    pub(super) fn coerce_typmod(
        &mut self,
        expr: Expr,
        target: SqlType,
        explicit: bool,
    ) -> Result<Expr> {
        if self.is_domain(target.oid) || target.typmod < 0 || target.typmod == expr.ty.typmod {
            return Ok(expr);
        }
        // A value that does not fit is the running statement's error.
        if let ExprKind::Const(datum) = &expr.kind
            && let Ok(sized) = types::apply_typmod(datum.clone(), target, explicit)
        {
            return Ok(typed(ExprKind::Const(sized), target, expr.location));
        }
        if let Some(function) = self.typmod_function(target.oid) {
            let function = self.function(function)?;
            return Ok(self.cast_call(function, expr, target, explicit));
        }
        match self.element(target.oid).filter(|element| self.typmod_function(*element).is_some()) {
            Some(element) => {
                let location = expr.location;
                let one = typed(ExprKind::Element, SqlType::new(element), location);
                let to = SqlType::with_typmod(element, target.typmod);
                let one = self.coerce_typmod(one, to, explicit)?;
                let kind = ExprKind::ArrayCoerce { array: Box::new(expr), element: Box::new(one) };
                Ok(typed(kind, target, location))
            }
            None => Ok(relabel(expr, target)),
        }
    }

    /// The function that sizes values of a type: its cast to itself.
    fn typmod_function(&self, ty: Oid) -> Option<Oid> {
        match self.catalog.cast_between(ty, ty)?.method {
            CastMethod::Function(function) => Some(function),
            _ => None,
        }
    }

    pub(super) fn function(&mut self, oid: Oid) -> Result<Arc<Function>> {
        self.note_call(oid);
        let function =
            self.catalog.function(oid).cloned().ok_or_else(|| {
                Error::internal(format!("cache lookup failed for function {oid}"))
            })?;
        self.check_code(&function)?;
        Ok(function)
    }

    /// A function of PostgreSQL's that is only listed cannot be called.
    pub(super) fn check_code(&self, function: &Function) -> Result<()> {
        if functions::has_code(function) {
            return Ok(());
        }
        let signature = self.catalog.function_signature(&self.search_path, function);
        Err(Error::unsupported(format!("function {signature}")))
    }

    /// A row constructor as a value of a composite type: field by field.
    fn row_to_composite(
        &mut self,
        expr: Expr,
        target: SqlType,
        context: CastContext,
    ) -> Result<Expr> {
        if self.is_domain(target.oid) {
            let base = self.catalog.base_type(target);
            let row = self.row_to_composite(expr, base, context)?;
            return Ok(self.to_domain(row, target.oid));
        }
        let location = expr.location;
        // The position of an explicit cast is that of the cast.
        let at = if context == CastContext::Explicit { -1 } else { location };
        let failed = |binder: &Self, detail: String| {
            Err(binder.cannot_cast(oid::RECORD, target.oid).with_detail(detail).at(at))
        };
        let relation =
            self.composite_relation(target.oid).and_then(|r| self.catalog.relation(r).cloned());
        let (ExprKind::Row(fields), Some(relation)) = (expr.kind, relation) else {
            return Err(self.cannot_cast(oid::RECORD, target.oid).at(at));
        };
        let wanted: Vec<SqlType> =
            relation.columns.iter().filter(|c| !c.dropped).map(|c| c.ty).collect();
        if fields.len() != wanted.len() {
            let words = if fields.len() < wanted.len() { "few" } else { "many" };
            return failed(self, format!("Input has too {words} columns."));
        }
        let mut coerced = Vec::with_capacity(fields.len());
        for (number, (field, ty)) in fields.into_iter().zip(wanted).enumerate() {
            let source = field.ty.oid;
            match self.coerce_to(field, ty, context)? {
                Some(field) => coerced.push(field),
                None => {
                    let detail = format!(
                        "Cannot cast type {} to {} in column {}.",
                        self.display_type(source),
                        self.display_type(ty.oid),
                        number + 1
                    );
                    return failed(self, detail);
                }
            }
        }
        Ok(typed(ExprKind::Row(coerced), target, location))
    }

    /// A condition: `argument of WHERE must be type boolean, not type integer`.
    pub(super) fn to_boolean(&mut self, expr: Expr, construct: &str) -> Result<Expr> {
        self.to_specific(expr, super::node::BOOL, CastContext::Assignment, construct)
    }

    pub(super) fn to_specific(
        &mut self,
        expr: Expr,
        target: SqlType,
        context: CastContext,
        construct: &str,
    ) -> Result<Expr> {
        let (source, location) = (expr.ty.oid, expr.location);
        self.coerce_to(expr, target, context)?.ok_or_else(|| {
            Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "argument of {construct} must be type {}, not type {}",
                    self.display_type(target.oid),
                    self.display_type(source)
                ),
            )
            .at(location)
        })
    }

    /// What is still undecided at the end becomes text.
    pub(super) fn decide(&mut self, mut expr: Expr) -> Result<Expr> {
        // Literals in a row stay undecided, parameters cannot.
        if let ExprKind::Row(fields) = &mut expr.kind {
            for field in fields.iter_mut().filter(|field| !is_literal(field)) {
                let taken = std::mem::replace(field, null(SqlType::new(oid::UNKNOWN)));
                *field = self.decide(taken)?;
            }
        }
        if expr.ty.oid != oid::UNKNOWN {
            return Ok(expr);
        }
        self.coerce_type(expr, SqlType::new(oid::TEXT), CastContext::Implicit)
    }

    /// The common type of several expressions (`select_common_type`).
    pub(super) fn common_type(&self, exprs: &[Expr], context: &str) -> Result<Oid> {
        match self.common_of(&exprs.iter().map(|e| e.ty.oid).collect::<Vec<_>>()) {
            Ok(ty) => Ok(ty),
            Err((left, right, index)) => Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "{context} types {} and {} cannot be matched",
                    self.display_type(left),
                    self.display_type(right)
                ),
            )
            .at(exprs[index].location)),
        }
    }

    /// The common type, or the two types that do not match and the index of the
    /// second.
    pub(super) fn common_of(&self, list: &[Oid]) -> Result<Oid, (Oid, Oid, usize)> {
        let first = list.first().copied().unwrap_or(oid::UNKNOWN);
        if first != oid::UNKNOWN && list.iter().all(|ty| *ty == first) {
            return Ok(first);
        }
        let mut chosen = self.base(first);
        for (index, ty) in list.iter().enumerate().skip(1) {
            let ty = self.base(*ty);
            if ty == oid::UNKNOWN || ty == chosen {
                continue;
            }
            if chosen == oid::UNKNOWN {
                chosen = ty;
                continue;
            }
            if self.category(ty) != self.category(chosen) {
                return Err((chosen, ty, index));
            }
            let preferred = self.is_preferred(self.category(chosen), chosen);
            let implicit = CastContext::Implicit;
            if !preferred
                && self.can_coerce(chosen, ty, implicit)
                && !self.can_coerce(ty, chosen, implicit)
            {
                chosen = ty;
            }
        }
        Ok(if chosen == oid::UNKNOWN { oid::TEXT } else { chosen })
    }

    /// Brings an expression to a common type (`coerce_to_common_type`).
    pub(super) fn to_common(&mut self, expr: Expr, target: Oid, context: &str) -> Result<Expr> {
        let (source, location) = (expr.ty.oid, expr.location);
        if source == target {
            return Ok(expr);
        }
        if !self.can_coerce(source, target, CastContext::Implicit) {
            return Err(Error::new(
                sqlstate::CANNOT_COERCE,
                format!(
                    "{context} could not convert type {} to {}",
                    self.display_type(source),
                    self.display_type(target)
                ),
            )
            .at(location));
        }
        self.coerce_type(expr, SqlType::new(target), CastContext::Implicit)
    }

    pub(super) fn all_to_common(&mut self, exprs: Vec<Expr>, context: &str) -> Result<Vec<Expr>> {
        let target = self.common_type(&exprs, context)?;
        exprs.into_iter().map(|expr| self.to_common(expr, target, context)).collect()
    }
}

/// The modifier that all share, or -1 (`select_common_typmod`).
pub(super) fn common_typmod(exprs: &[Expr]) -> i32 {
    let Some(first) = exprs.first() else { return -1 };
    let alike = exprs.iter().all(|expr| expr.ty == first.ty);
    if alike { first.ty.typmod } else { -1 }
}

pub(super) fn relabel(expr: Expr, ty: SqlType) -> Expr {
    let location = expr.location;
    if is_null_constant(&expr) {
        return Expr { location, ..null(ty) };
    }
    match expr.kind {
        ExprKind::Const(datum) => {
            let datum = match types::builtin_repr(ty.oid) {
                Some(repr) => datum.relabelled(&repr),
                None => datum,
            };
            typed(ExprKind::Const(datum), ty, location)
        }
        ExprKind::Relabel(inner) => typed(ExprKind::Relabel(inner), ty, location),
        kind => {
            let expr = Expr { kind, ty: expr.ty, location };
            typed(ExprKind::Relabel(Box::new(expr)), ty, location)
        }
    }
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Const(_))
}

/// Polymorphic and `any` parameters take a value as it is.
fn is_any(target: Oid) -> bool {
    matches!(
        target,
        oid::ANY
            | oid::ANYELEMENT
            | oid::ANYNONARRAY
            | oid::ANYCOMPATIBLE
            | oid::ANYCOMPATIBLENONARRAY
            | oid::ANYARRAY
            | oid::ANYENUM
            | oid::ANYRANGE
            | oid::ANYMULTIRANGE
            | oid::ANYCOMPATIBLEARRAY
            | oid::ANYCOMPATIBLERANGE
            | oid::ANYCOMPATIBLEMULTIRANGE
    )
}

fn is_any_array(target: Oid) -> bool {
    matches!(target, oid::ANYARRAY | oid::ANYCOMPATIBLEARRAY)
}

/// Relabels only when the type differs.
pub(super) fn relabel_if(expr: Expr, ty: SqlType) -> Expr {
    if expr.ty == ty { expr } else { relabel(expr, ty) }
}
