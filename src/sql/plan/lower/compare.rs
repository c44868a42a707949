//! Comparisons that Arrow computes: of what values of one type look like, once both
//! operands are brought to one form.
//!
//! Two that PostgreSQL computes otherwise become plain ones, so that scans can filter,
//! indexes be used and rows be estimated by them:
//!
//! - `char(n)` values are stored with all their blanks, so two of one length are equal
//!   if their bytes are; a constant gets its blanks here.
//! - A date compared with a constant timestamp is compared with the constant's day.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{self as df, Operator};

use super::Lowering;
use super::expr::{Lowered, cast, decimal_digits};
use crate::error::Result;
use crate::sql::ir::{Call, Expr, ExprKind};
use crate::sql::plan::form::{Form, Scope};
use crate::sql::plan::udf;
use crate::sql::run::eval::native::{Comparison, Family, Native, native};
use crate::sql::run::failure;
use crate::sql::types::{Datum, SqlType, oid};

const DAY_MICROSECONDS: i64 = 86_400_000_000;

impl Lowering<'_> {
    pub(super) fn comparison(
        &self,
        call: &Call,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        match native(&call.function.source) {
            Some(Native::Compare(comparison, _)) => {
                self.compared(call, operator(comparison), scope, depth)
            }
            _ => self.with_day(call, scope, depth),
        }
    }

    /// The operands of a comparison under an operator of its kind.
    pub(super) fn compared(
        &self,
        call: &Call,
        operator: Operator,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Lowered>> {
        let [left, right] = &call.args[..] else { return Ok(None) };
        let Some(Native::Compare(comparison, family)) = native(&call.function.source) else {
            return Ok(None);
        };
        if family == Family::Keyed && !matches!(comparison, Comparison::Eq | Comparison::Ne) {
            return Ok(None);
        }
        let left = self.lower(left, scope, depth)?;
        let right = self.lower(right, scope, depth)?;
        let Some((left, right)) = self.comparable(family, left, right)? else { return Ok(None) };
        Ok(Some(self.boolean(df::binary_expr(left, operator, right))?))
    }

    /// Brings two operands of a comparison to one type that Arrow compares right. For
    /// types that compare by key that is their equality only.
    pub fn comparable(
        &self,
        family: Family,
        left: Lowered,
        right: Lowered,
    ) -> Result<Option<(df::Expr, df::Expr)>> {
        match family {
            Family::Float => {
                let wide = DataType::Float64;
                let side = |side: Lowered| {
                    let expr = cast(side.expr, &side.form.data_type, &wide);
                    udf::canonical_float(expr, wide.clone())
                };
                Ok(Some((side(left), side(right))))
            }
            Family::Numeric => self.comparable_numbers(left, right),
            Family::Int => Ok(Some(self.comparable_integers(left, right)?)),
            Family::Keyed => self.comparable_padded(left, right),
            _ if left.form.data_type == right.form.data_type => Ok(Some((left.expr, right.expr))),
            _ => Ok(None),
        }
    }

    /// Two `char(n)` of one length, or one and a constant.
    fn comparable_padded(
        &self,
        left: Lowered,
        right: Lowered,
    ) -> Result<Option<(df::Expr, df::Expr)>> {
        match (left.form.padded_length(), right.form.padded_length()) {
            (Some(l), Some(r)) => Ok((l == r).then_some((left.expr, right.expr))),
            (Some(length), None) => {
                Ok(self.padded(&right, length, &left.form)?.map(|padded| (left.expr, padded)))
            }
            (None, Some(length)) => {
                Ok(self.padded(&left, length, &right.form)?.map(|padded| (padded, right.expr)))
            }
            (None, None) => Ok(None),
        }
    }

    /// A constant with the blanks of a `char(n)`, if it is one and fits.
    fn padded(&self, constant: &Lowered, length: usize, form: &Form) -> Result<Option<df::Expr>> {
        if constant.form.repr != form.repr {
            return Ok(None);
        }
        match constant_of(constant)?.as_ref().and_then(|value| pad(value, length)) {
            Some(value) => self.literal(&value, form).map(Some),
            None => Ok(None),
        }
    }

    /// `char(n) IN (constants)`. What is longer than the column equals no value of it.
    pub(super) fn padded_in_list(
        &self,
        left: Lowered,
        length: usize,
        list: &[Expr],
        negated: bool,
    ) -> Result<Option<Lowered>> {
        let mut items = Vec::with_capacity(list.len());
        for item in list {
            let ExprKind::Const(value) = &item.kind else { return Ok(None) };
            let Some(value) = pad(value, length) else { return Ok(None) };
            items.push(self.literal(&value, &left.form)?);
        }
        let list = InList { expr: Box::new(left.expr), list: items, negated };
        Ok(Some(self.boolean(df::Expr::InList(list))?))
    }

    /// A date and a constant timestamp.
    fn with_day(&self, call: &Call, scope: &Scope, depth: usize) -> Result<Option<Lowered>> {
        let (Some(comparison), [left, right]) =
            (date_comparison(&call.function.source), &call.args[..])
        else {
            return Ok(None);
        };
        let (date, timestamp, comparison) = match (left.ty.oid, right.ty.oid) {
            (oid::DATE, oid::TIMESTAMP) => (left, right, comparison),
            (oid::TIMESTAMP, oid::DATE) => (right, left, comparison.commuted()),
            _ => return Ok(None),
        };
        let ExprKind::Const(Datum::Timestamp(at)) = &timestamp.kind else { return Ok(None) };
        let Some((comparison, day)) = compared_day(comparison, *at) else { return Ok(None) };
        let date = self.lower(date, scope, depth)?;
        let day = self.constant(&Datum::Date(day), SqlType::new(oid::DATE))?;
        Ok(Some(self.boolean(df::binary_expr(date.expr, operator(comparison), day.expr))?))
    }

    fn comparable_integers(&self, l: Lowered, r: Lowered) -> Result<(df::Expr, df::Expr)> {
        if l.form.data_type == r.form.data_type {
            return Ok((l.expr, r.expr));
        }
        // A constant takes the column's width, so that the column stays bare.
        if let Some(literal) = self.literal_like(&r, &l.form)? {
            return Ok((l.expr, literal));
        }
        if let Some(literal) = self.literal_like(&l, &r.form)? {
            return Ok((literal, r.expr));
        }
        let wide = DataType::Int64;
        Ok((cast(l.expr, &l.form.data_type, &wide), cast(r.expr, &r.form.data_type, &wide)))
    }

    fn comparable_numbers(
        &self,
        left: Lowered,
        right: Lowered,
    ) -> Result<Option<(df::Expr, df::Expr)>> {
        let (Some((lp, ls)), Some((rp, rs))) =
            (left.form.decimal_parts(), right.form.decimal_parts())
        else {
            return Ok(None);
        };
        if left.form.data_type == right.form.data_type {
            return Ok(Some((left.expr, right.expr)));
        }
        if let Some(literal) = self.literal_like(&right, &left.form)? {
            return Ok(Some((left.expr, literal)));
        }
        if let Some(literal) = self.literal_like(&left, &right.form)? {
            return Ok(Some((literal, right.expr)));
        }
        let scale = ls.max(rs);
        let digits = (i32::from(lp) - i32::from(ls)).max(i32::from(rp) - i32::from(rs));
        let Ok(precision @ ..=76) = u8::try_from(digits + i32::from(scale)) else {
            return Ok(None);
        };
        let common = Form::decimal(precision, scale);
        Ok(Some((
            cast(left.expr, &left.form.data_type, &common.data_type),
            cast(right.expr, &right.form.data_type, &common.data_type),
        )))
    }

    /// A literal converted to another form without loss, if it is one and fits.
    fn literal_like(&self, lowered: &Lowered, form: &Form) -> Result<Option<df::Expr>> {
        let Some(value) = constant_of(lowered)? else { return Ok(None) };
        if let Some((precision, scale)) = form.decimal_parts() {
            let Datum::Numeric(number) = &value else { return Ok(None) };
            let Some((p, s)) = decimal_digits(number) else { return Ok(None) };
            let fits = s <= scale
                && i32::from(p) - i32::from(s) + i32::from(scale) <= i32::from(precision);
            return if fits { Ok(Some(self.literal(&value, form)?)) } else { Ok(None) };
        }
        self.constant_as(&value, form)
    }
}

fn operator(comparison: Comparison) -> Operator {
    match comparison {
        Comparison::Eq => Operator::Eq,
        Comparison::Ne => Operator::NotEq,
        Comparison::Lt => Operator::Lt,
        Comparison::Le => Operator::LtEq,
        Comparison::Gt => Operator::Gt,
        Comparison::Ge => Operator::GtEq,
    }
}

/// Kernels that compare a date with a timestamp, which cannot fail.
pub fn date_comparison(symbol: &str) -> Option<Comparison> {
    let middle =
        symbol.strip_prefix("date_").and_then(|rest| rest.strip_suffix("_timestamp")).or_else(
            || symbol.strip_prefix("timestamp_").and_then(|rest| rest.strip_suffix("_date")),
        )?;
    Some(match middle {
        "eq" => Comparison::Eq,
        "ne" => Comparison::Ne,
        "lt" => Comparison::Lt,
        "le" => Comparison::Le,
        "gt" => Comparison::Gt,
        "ge" => Comparison::Ge,
        _ => return None,
    })
}

/// How a date compares with the day of a timestamp where it compares so with the
/// timestamp itself: `d < noon` is `d <= day`. None where no comparison with a day says
/// the same.
fn compared_day(comparison: Comparison, at: i64) -> Option<(Comparison, i32)> {
    match at {
        i64::MIN => return Some((comparison, i32::MIN)),
        i64::MAX => return Some((comparison, i32::MAX)),
        _ => {}
    }
    let day = i32::try_from(at.div_euclid(DAY_MICROSECONDS)).ok()?;
    if at.rem_euclid(DAY_MICROSECONDS) == 0 {
        return Some((comparison, day));
    }
    match comparison {
        Comparison::Lt | Comparison::Le => Some((Comparison::Le, day)),
        Comparison::Gt | Comparison::Ge => Some((Comparison::Gt, day)),
        Comparison::Eq | Comparison::Ne => None,
    }
}

fn constant_of(lowered: &Lowered) -> Result<Option<Datum>> {
    let df::Expr::Literal(scalar, _) = &lowered.expr else { return Ok(None) };
    let array = scalar.to_array().map_err(failure::unwrap)?;
    lowered.form.datum_at(&array, 0).map(Some)
}

/// A text with the blanks that a `char(n)` has; none if it is longer.
fn pad(value: &Datum, length: usize) -> Option<Datum> {
    let Datum::Text(text) = value else { return None };
    let text = text.trim_end_matches(' ');
    let blanks = length.checked_sub(text.chars().count())?;
    Some(Datum::Text(format!("{text}{}", " ".repeat(blanks))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_compares_with_a_timestamp_as_with_its_day() {
        let times = [-1, 0, 1, DAY_MICROSECONDS - 1, DAY_MICROSECONDS, -DAY_MICROSECONDS];
        let all = ["eq", "ne", "lt", "le", "gt", "ge"];
        let comparisons = all.map(|name| date_comparison(&format!("date_{name}_timestamp")));
        for (at, comparison) in times.iter().flat_map(|at| comparisons.map(|c| (*at, c.unwrap()))) {
            let Some((with_day, day)) = compared_day(comparison, at) else {
                assert!(matches!(comparison, Comparison::Eq | Comparison::Ne));
                continue;
            };
            for date in -3..=3_i32 {
                let expected = comparison.holds((i64::from(date) * DAY_MICROSECONDS).cmp(&at));
                assert_eq!(with_day.holds(date.cmp(&day)), expected, "{date} {comparison:?} {at}");
            }
        }
    }

    #[test]
    fn constants_get_the_blanks_of_their_column() {
        let padded = |text: &str, length| match pad(&Datum::Text(text.to_owned()), length) {
            Some(Datum::Text(text)) => Some(text),
            _ => None,
        };
        assert_eq!(padded("ab", 4).as_deref(), Some("ab  "));
        assert_eq!(padded("äb   ", 2).as_deref(), Some("äb"));
        assert_eq!(padded("abc", 2), None);
    }
}
