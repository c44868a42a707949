//! Expressions to DataFusion expressions.
//!
//! Native operators where Arrow's semantics are PostgreSQL's, vectorised
//! functions of [`udf`](super::super::udf) where they are not, and otherwise
//! the whole expression as one row-by-row evaluation. DataFusion evaluates both
//! sides of AND and OR over whole batches, so an operand that can fail is never
//! lowered natively next to one that guards it (see [`is_total`]).

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::{Case, InList, Like};
use datafusion::logical_expr::{self as df, Operator, Volatility};

use super::Lowering;
use super::compare::date_comparison;
use crate::catalog;
use crate::error::{Error, Result};
use crate::sql::functions;
use crate::sql::ir::{Call, ColumnId, Expr, ExprKind};
use crate::sql::plan::form::{Form, Scope, column_name};
use crate::sql::plan::{batch, udf, walk};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::eval::native::{Arithmetic, Comparison, Native, Number, native};
use crate::sql::types::numeric::{Coefficient, Numeric};
use crate::sql::types::{Datum, SqlType, oid};

/// Operands of a connective or a list beyond which it is evaluated row by row:
/// DataFusion's optimiser is superlinear in them.
const NATIVE_OPERANDS_MAX: usize = 64;
/// Nesting beyond which an expression is evaluated row by row.
const NATIVE_DEPTH_MAX: usize = 48;

/// A lowered expression and the form of its value.
#[derive(Clone, Debug)]
pub struct Lowered {
    pub expr: df::Expr,
    pub form: Form,
}

impl Lowering<'_> {
    /// Lowers an expression over the columns of `scope`.
    pub fn expr(&self, expr: &Expr, scope: &Scope) -> Result<Lowered> {
        let expr = self.planner.substitute(expr)?;
        self.lower(&expr, scope, 0)
    }

    /// Lowers a condition.
    pub fn condition(&self, expr: &Expr, scope: &Scope) -> Result<df::Expr> {
        Ok(self.expr(expr, scope)?.expr)
    }

    pub(super) fn lower(&self, expr: &Expr, scope: &Scope, depth: usize) -> Result<Lowered> {
        if depth < NATIVE_DEPTH_MAX
            && let Some(lowered) = self.native(expr, scope, depth + 1)?
        {
            return Ok(lowered);
        }
        self.rowwise(expr, scope)
    }

    /// The native or vectorised lowering, if there is one.
    fn native(&self, expr: &Expr, scope: &Scope, depth: usize) -> Result<Option<Lowered>> {
        Ok(match &expr.kind {
            ExprKind::Const(value) => Some(self.constant(value, expr.ty)?),
            ExprKind::Column(id) => Some(column(*id, scope)?),
            ExprKind::Relabel(arg) => self.relabel(arg, expr.ty, scope, depth)?,
            ExprKind::And(args) => self.connective(args, Operator::And, scope, depth)?,
            ExprKind::Or(args) => self.connective(args, Operator::Or, scope, depth)?,
            ExprKind::Not(arg) => {
                let arg = self.lower(arg, scope, depth)?;
                Some(self.boolean(df::Expr::Not(Box::new(arg.expr)))?)
            }
            ExprKind::IsNull(arg) if !is_record(arg, self) => {
                let arg = self.lower(arg, scope, depth)?;
                Some(self.boolean(df::Expr::IsNull(Box::new(arg.expr)))?)
            }
            ExprKind::IsNotNull(arg) if !is_record(arg, self) => {
                let arg = self.lower(arg, scope, depth)?;
                Some(self.boolean(df::Expr::IsNotNull(Box::new(arg.expr)))?)
            }
            ExprKind::BoolTest { arg, value, negated } => {
                let arg = self.lower(arg, scope, depth)?.expr;
                // Not `df::Expr::IsTrue` and its kin, whose physical forms say that they
                // may be NULL where the logical ones do not.
                let operator = match negated {
                    true => Operator::IsDistinctFrom,
                    false => Operator::IsNotDistinctFrom,
                };
                Some(self.boolean(match (value, negated) {
                    (Some(value), _) => df::binary_expr(arg, operator, df::lit(*value)),
                    (None, false) => df::Expr::IsNull(Box::new(arg)),
                    (None, true) => df::Expr::IsNotNull(Box::new(arg)),
                })?)
            }
            ExprKind::Distinct { equal, negated } => {
                let operator = match negated {
                    true => Operator::IsNotDistinctFrom,
                    false => Operator::IsDistinctFrom,
                };
                self.compared(equal, operator, scope, depth)?
            }
            ExprKind::Case { operand: None, whens, otherwise } => {
                self.case(expr, whens, otherwise.as_deref(), scope, depth)?
            }
            ExprKind::InList { equal, left, list, negated } => {
                self.in_list(&equal.source, left, list, *negated, scope, depth)?
            }
            ExprKind::Call(call) => self.call(call, scope, depth)?,
            _ => None,
        })
    }

    /// One evaluation per row of the whole expression.
    fn rowwise(&self, expr: &Expr, scope: &Scope) -> Result<Lowered> {
        let form = Form::of(expr.ty, self.catalog())?;
        let mut ids: Vec<ColumnId> = walk::columns_read(expr).into_iter().collect();
        ids.sort();
        let evaluator = Evaluator::compile(expr, &ids, self.catalog())?;
        let columns = ids
            .iter()
            .map(|id| column(*id, scope).map(|lowered| (lowered.expr, lowered.form)))
            .collect::<Result<Vec<_>>>()?;
        let volatility = match walk::is_volatile(expr) {
            true => Volatility::Volatile,
            false => Volatility::Immutable,
        };
        let context = self.planner.eval().clone();
        Ok(Lowered { expr: udf::rowwise(evaluator, context, columns, &form, volatility), form })
    }

    pub(super) fn boolean(&self, expr: df::Expr) -> Result<Lowered> {
        Ok(Lowered { expr, form: Form::of(SqlType::new(oid::BOOL), self.catalog())? })
    }

    /// A literal; numerics become decimals of their own scale when they fit.
    pub fn constant(&self, value: &Datum, ty: SqlType) -> Result<Lowered> {
        let mut form = Form::of(ty, self.catalog())?;
        if let Datum::Numeric(value) = value
            && let Some((precision, scale)) = decimal_digits(value)
        {
            form = Form { ty, ..Form::decimal(precision, scale) };
        }
        Ok(Lowered { expr: self.literal(value, &form)?, form })
    }

    /// A literal in a given form.
    pub fn literal(&self, value: &Datum, form: &Form) -> Result<df::Expr> {
        let array = batch::column([value].into_iter(), form)?;
        let scalar =
            ScalarValue::try_from_array(&array, 0).map_err(crate::sql::run::failure::unwrap)?;
        Ok(df::Expr::Literal(scalar, None))
    }

    fn relabel(
        &self,
        arg: &Expr,
        ty: SqlType,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        let arg = self.lower(arg, scope, depth)?;
        let target = Form::of(ty, self.catalog())?;
        if arg.form.decimal_parts().is_some() && target.decimal_parts().is_none() {
            return Ok(Some(Lowered { expr: arg.expr, form: Form { ty, ..arg.form } }));
        }
        if arg.form.data_type == target.data_type {
            return Ok(Some(Lowered { expr: arg.expr, form: target }));
        }
        Ok(None)
    }

    fn connective(
        &self,
        args: &[Expr],
        operator: Operator,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        if args.len() > NATIVE_OPERANDS_MAX || !args.iter().all(is_total) {
            return Ok(None);
        }
        let args = args
            .iter()
            .map(|arg| Ok(self.lower(arg, scope, depth)?.expr))
            .collect::<Result<Vec<_>>>()?;
        balanced(args, operator).map(|expr| self.boolean(expr)).transpose()
    }

    fn case(
        &self,
        expr: &Expr,
        whens: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        if whens.len() > NATIVE_OPERANDS_MAX || !is_total(expr) {
            return Ok(None);
        }
        let mut conditions = Vec::with_capacity(whens.len());
        let mut results = Vec::with_capacity(whens.len() + 1);
        for (condition, result) in whens {
            conditions.push(self.lower(condition, scope, depth)?.expr);
            results.push(self.lower(result, scope, depth)?);
        }
        if let Some(otherwise) = otherwise {
            results.push(self.lower(otherwise, scope, depth)?);
        }
        // NULL and scale may differ per branch; PostgreSQL's display scale would too.
        let Some(form) = self.common_form(expr.ty, &results)? else { return Ok(None) };
        let mut results = results
            .into_iter()
            .map(|result| self.convert(result, &form))
            .collect::<Result<Vec<_>>>()?;
        let else_expr = otherwise.and_then(|_| results.pop()).map(Box::new);
        let when_then_expr =
            conditions.into_iter().map(Box::new).zip(results.into_iter().map(Box::new)).collect();
        let case = df::Expr::Case(Case { expr: None, when_then_expr, else_expr });
        Ok(Some(Lowered { expr: case, form }))
    }

    /// The form of a value that is one of several: the type's own, or a decimal
    /// when all have it (constants are widened to the others' scale: a branch
    /// `ELSE 0` only shows in a result that is printed, so it must not be).
    fn common_form(&self, ty: SqlType, values: &[Lowered]) -> Result<Option<Form>> {
        let own = Form::of(ty, self.catalog())?;
        if ty.oid != oid::NUMERIC || own.decimal_parts().is_some() {
            return Ok(Some(own));
        }
        let mut common: Option<(u8, i8)> = None;
        for value in values {
            let Some(parts) = value.form.decimal_parts() else { return Ok(Some(own)) };
            match common {
                Some((_, scale)) if scale != parts.1 => return Ok(Some(own)),
                Some((precision, scale)) => common = Some((precision.max(parts.0), scale)),
                None => common = Some(parts),
            }
        }
        Ok(Some(match common {
            Some((precision, scale)) => Form { ty, ..Form::decimal(precision, scale) },
            None => own,
        }))
    }

    fn in_list(
        &self,
        equal: &str,
        left: &Expr,
        list: &[Expr],
        negated: bool,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        let Some(Native::Compare(Comparison::Eq, _)) = native(equal) else { return Ok(None) };
        let left = self.lower(left, scope, depth)?;
        if let Some(length) = left.form.padded_length() {
            return self.padded_in_list(left, length, list, negated);
        }
        if !left.form.is_natively_ordered() || left.form.decimal_parts().is_some() {
            return Ok(None);
        }
        let mut items = Vec::with_capacity(list.len());
        for item in list {
            let ExprKind::Const(value) = &item.kind else { return Ok(None) };
            match self.constant_as(value, &left.form)? {
                Some(literal) => items.push(literal),
                None => return Ok(None),
            }
        }
        let list = InList { expr: Box::new(left.expr), list: items, negated };
        Ok(Some(self.boolean(df::Expr::InList(list))?))
    }

    /// A constant as a value of another integer width; itself for equal families.
    pub(super) fn constant_as(&self, value: &Datum, form: &Form) -> Result<Option<df::Expr>> {
        use crate::sql::run::eval::native::integer;
        let value = match (integer(value), &form.data_type) {
            (Some(value), DataType::Int16) => i16::try_from(value).ok().map(Datum::Int2),
            (Some(value), DataType::Int32) => i32::try_from(value).ok().map(Datum::Int4),
            (Some(value), DataType::Int64) => Some(Datum::Int8(value)),
            _ => Some(value.clone()),
        };
        value.map(|value| self.literal(&value, form)).transpose()
    }

    fn call(&self, call: &Call, scope: &Scope, depth: usize) -> Result<Option<Lowered>> {
        if !call.function.is_native() {
            return Ok(None);
        }
        if let Some(lowered) = self.comparison(call, scope, depth)? {
            return Ok(Some(lowered));
        }
        if let Some(Native::Arithmetic(operation, number)) = native(&call.function.source) {
            return self.arithmetic(call, operation, number, scope, depth);
        }
        if let [arg] = &call.args[..]
            && is_widening(&call.function.source)
        {
            return self.widening(arg, call, scope, depth);
        }
        if let Some(negated) = like_negation(&call.function.source) {
            return self.like(call, negated, scope, depth);
        }
        self.vectorised(call, scope, depth)
    }

    fn vectorised(&self, call: &Call, scope: &Scope, depth: usize) -> Result<Option<Lowered>> {
        let Some(kernel) = functions::kernel(&call.function.source) else { return Ok(None) };
        if kernel.vector.is_none() {
            return Ok(None);
        }
        let form = Form::of(call.ty, self.catalog())?;
        let args = call
            .args
            .iter()
            .map(|arg| {
                let own = Form::of(arg.ty, self.catalog())?;
                let lowered = self.lower(arg, scope, depth)?;
                self.convert(lowered, &own)
            })
            .collect::<Result<Vec<_>>>()?;
        let volatility = match call.function.volatility {
            catalog::Volatility::Volatile => Volatility::Volatile,
            _ => Volatility::Immutable,
        };
        let types = call.args.iter().map(|arg| arg.ty).collect();
        let context = self.planner.eval().clone();
        let expr = udf::vectorised(*kernel, context, types, &form, volatility, args);
        Ok(Some(Lowered { expr, form }))
    }

    fn arithmetic(
        &self,
        call: &Call,
        operation: Arithmetic,
        number: Number,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        let [left, right] = &call.args[..] else { return Ok(None) };
        let wide = match number {
            Number::Int2 => DataType::Int16,
            Number::Int4 => DataType::Int32,
            Number::Int8 => DataType::Int64,
            Number::Numeric => return self.decimal_arithmetic(call, operation, scope, depth),
            Number::Float4 | Number::Float8 => return Ok(None),
        };
        if operation == Arithmetic::Modulo {
            return Ok(None);
        }
        let left = self.lower(left, scope, depth)?;
        let right = self.lower(right, scope, depth)?;
        let expr = udf::exact(
            operation,
            number,
            wide.clone(),
            cast(left.expr, &left.form.data_type, &wide),
            cast(right.expr, &right.form.data_type, &wide),
        );
        Ok(Some(Lowered { expr, form: Form::of(call.ty, self.catalog())? }))
    }

    /// Decimal arithmetic where the result provably fits 76 digits.
    fn decimal_arithmetic(
        &self,
        call: &Call,
        operation: Arithmetic,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        let left = self.lower(&call.args[0], scope, depth)?;
        let right = self.lower(&call.args[1], scope, depth)?;
        let (Some((lp, ls)), Some((rp, rs))) =
            (left.form.decimal_parts(), right.form.decimal_parts())
        else {
            return Ok(None);
        };
        let Some((precision, scale)) = decimal_result(operation, (lp, ls), (rp, rs)) else {
            return Ok(None);
        };
        let form = Form { ty: call.ty, ..Form::decimal(precision, scale) };
        // Both operands take the result's width; precision and scale stay their own.
        let widen = |side: Lowered, precision: u8, scale: i8| match form.data_type {
            DataType::Decimal256(..) => {
                let wide = DataType::Decimal256(precision, scale);
                cast(side.expr, &side.form.data_type, &wide)
            }
            _ => side.expr,
        };
        let expr = udf::exact(
            operation,
            Number::Numeric,
            form.data_type.clone(),
            widen(left, lp, ls),
            widen(right, rp, rs),
        );
        Ok(Some(Lowered { expr, form }))
    }

    /// Casts between integer widths and from integers to numeric, which cannot fail.
    fn widening(
        &self,
        arg: &Expr,
        call: &Call,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        let arg = self.lower(arg, scope, depth)?;
        let form = match (call.ty.oid, &arg.form.data_type) {
            (oid::NUMERIC, DataType::Int16) => Form::decimal(5, 0),
            (oid::NUMERIC, DataType::Int32) => Form::decimal(10, 0),
            (oid::NUMERIC, DataType::Int64) => Form::decimal(19, 0),
            (oid::NUMERIC, _) => return Ok(None),
            _ => Form::of(call.ty, self.catalog())?,
        };
        let expr = cast(arg.expr, &arg.form.data_type, &form.data_type);
        Ok(Some(Lowered { expr, form }))
    }

    /// LIKE with a constant pattern that has no escapes.
    fn like(
        &self,
        call: &Call,
        negated: bool,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        let [text, pattern] = &call.args[..] else { return Ok(None) };
        match &pattern.kind {
            ExprKind::Const(Datum::Text(pattern)) if !pattern.contains('\\') => {}
            _ => return Ok(None),
        }
        let text = self.lower(text, scope, depth)?;
        let pattern = self.lower(pattern, scope, depth)?;
        if text.form.data_type != pattern.form.data_type {
            return Ok(None);
        }
        let like = Like::new(negated, Box::new(text.expr), Box::new(pattern.expr), None, false);
        Ok(Some(self.boolean(df::Expr::Like(like))?))
    }

    /// Converts a lowered value to another form of the same type.
    pub fn convert(&self, lowered: Lowered, form: &Form) -> Result<df::Expr> {
        let (from, to) = (&lowered.form.data_type, &form.data_type);
        if from == to {
            return Ok(lowered.expr);
        }
        if let df::Expr::Literal(ScalarValue::Null, _) = lowered.expr {
            return self.literal(&Datum::Null, form);
        }
        let exact = match (lowered.form.decimal_parts(), form.decimal_parts()) {
            (Some((fp, fs)), Some((tp, ts))) => fs <= ts && fp as i8 - fs <= tp as i8 - ts,
            _ => false,
        };
        if exact || (is_int(from) && is_int(to)) {
            return Ok(cast(lowered.expr, from, to));
        }
        Ok(udf::reform(lowered.expr, &lowered.form, form))
    }

    /// What to compare, sort or group by so that Arrow's order is the type's.
    pub fn ordered(&self, lowered: Lowered) -> df::Expr {
        if lowered.form.is_natively_ordered() {
            return lowered.expr;
        }
        match lowered.form.data_type {
            DataType::Float32 | DataType::Float64 => {
                udf::canonical_float(lowered.expr, lowered.form.data_type)
            }
            _ => udf::key(lowered.expr, &lowered.form),
        }
    }
}

/// A column by its id.
pub fn column(id: ColumnId, scope: &Scope) -> Result<Lowered> {
    let form = scope
        .get(id)
        .ok_or_else(|| Error::internal(format!("column c{} is not in scope", id.0)))?;
    Ok(Lowered { expr: column_expr(id), form: form.clone() })
}

pub fn column_expr(id: ColumnId) -> df::Expr {
    df::Expr::Column(Column::new_unqualified(column_name(id)))
}

fn is_record(expr: &Expr, lowering: &Lowering<'_>) -> bool {
    use crate::sql::types::Repr;
    matches!(lowering.catalog().repr(expr.ty.oid), Ok(Repr::Record(_)) | Err(_))
}

/// A native cast, left out when it changes nothing.
pub fn cast(expr: df::Expr, from: &DataType, to: &DataType) -> df::Expr {
    if from == to {
        return expr;
    }
    df::cast(expr, to.clone())
}

fn is_int(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int16 | DataType::Int32 | DataType::Int64)
}

/// Combines operands into a tree of logarithmic depth.
pub fn balanced(mut args: Vec<df::Expr>, operator: Operator) -> Option<df::Expr> {
    while args.len() > 1 {
        let mut pairs = Vec::with_capacity(args.len().div_ceil(2));
        let mut rest = args.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => df::binary_expr(left, operator, right),
                None => left,
            });
        }
        args = pairs;
    }
    args.pop()
}

/// Kernels of casts that only widen.
fn is_widening(symbol: &str) -> bool {
    matches!(
        symbol,
        "int48" | "int28" | "i2toi4" | "int2_numeric" | "int4_numeric" | "int8_numeric"
    )
}

/// Whether a kernel is LIKE (`false`) or NOT LIKE (`true`).
fn like_negation(symbol: &str) -> Option<bool> {
    match symbol {
        "textlike" => Some(false),
        "textnlike" => Some(true),
        _ => None,
    }
}

/// Precision and scale of a literal.
pub(super) fn decimal_digits(value: &Numeric) -> Option<(u8, i8)> {
    let Numeric::Finite { coefficient: Coefficient::Small(coefficient), scale } = value else {
        return None;
    };
    let digits = coefficient.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    let scale = i8::try_from(*scale).ok().filter(|scale| *scale <= 38)?;
    let precision = u8::try_from(digits).ok()?.max(scale as u8);
    (precision <= 38).then_some((precision, scale))
}

/// Precision and scale of a result, as Arrow's decimal kernels define them.
fn decimal_result(operation: Arithmetic, left: (u8, i8), right: (u8, i8)) -> Option<(u8, i8)> {
    let ((lp, ls), (rp, rs)) = (left, right);
    let (precision, scale) = match operation {
        Arithmetic::Add | Arithmetic::Subtract => {
            let scale = ls.max(rs);
            let digits = (i16::from(lp) - i16::from(ls)).max(i16::from(rp) - i16::from(rs));
            (digits + i16::from(scale) + 1, scale)
        }
        Arithmetic::Multiply => (i16::from(lp) + i16::from(rp) + 1, ls.checked_add(rs)?),
        Arithmetic::Divide | Arithmetic::Modulo => return None,
    };
    let precision = u8::try_from(precision).ok().filter(|precision| *precision <= 76)?;
    let scale_max = if precision <= 38 { 38 } else { 76 };
    (scale <= scale_max).then_some((precision, scale))
}

/// Whether evaluating an expression can never fail, whatever the row: it may
/// then be evaluated where PostgreSQL would not have got to it.
pub fn is_total(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Param(_) | ExprKind::Column(_) => true,
        ExprKind::Relabel(arg)
        | ExprKind::Not(arg)
        | ExprKind::IsNull(arg)
        | ExprKind::IsNotNull(arg)
        | ExprKind::BoolTest { arg, .. } => is_total(arg),
        ExprKind::And(args) | ExprKind::Or(args) | ExprKind::Coalesce(args) => {
            args.iter().all(is_total)
        }
        ExprKind::Distinct { equal, .. } | ExprKind::NullIf { equal } => {
            equal.args.iter().all(is_total)
        }
        ExprKind::Case { operand, whens, otherwise } => {
            operand.as_deref().is_none_or(is_total)
                && whens.iter().all(|(when, then)| is_total(when) && is_total(then))
                && otherwise.as_deref().is_none_or(is_total)
        }
        ExprKind::InList { left, list, .. } => is_total(left) && list.iter().all(is_total),
        ExprKind::Call(call) => is_total_call(call) && call.args.iter().all(is_total),
        _ => false,
    }
}

fn is_total_call(call: &Call) -> bool {
    let symbol = &call.function.source;
    match native(symbol) {
        Some(Native::Compare(..)) => true,
        Some(Native::Arithmetic(operation, Number::Numeric)) => {
            !matches!(operation, Arithmetic::Divide | Arithmetic::Modulo)
        }
        Some(Native::Arithmetic(..)) => false,
        None => {
            is_widening(symbol)
                || like_negation(symbol).is_some()
                || date_comparison(symbol).is_some()
        }
    }
}
