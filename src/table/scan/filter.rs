//! Which filters a scan evaluates itself, and what they say about single columns.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};

use crate::index::ordered;
use crate::sql::types::{self, Datum};
use crate::table::TableInfo;

/// Whether an expression is made of native nodes only: columns, constants,
/// comparisons and their boolean combinations. Such a filter cannot fail and
/// costs little, so evaluating it on every row first is right.
pub fn is_native(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(..) => true,
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            is_native_operator(*op) && is_native(left) && is_native(right)
        }
        Expr::Not(inner)
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsFalse(inner)
        | Expr::IsNotTrue(inner)
        | Expr::IsNotFalse(inner) => is_native(inner),
        Expr::Between(Between { expr, low, high, .. }) => {
            is_native(expr) && is_native(low) && is_native(high)
        }
        Expr::Like(like) => is_native(&like.expr) && matches!(*like.pattern, Expr::Literal(..)),
        Expr::InList(list) => is_native(&list.expr) && list.list.iter().all(is_native),
        _ => false,
    }
}

fn is_native_operator(op: Operator) -> bool {
    use Operator::*;
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | And | Or | IsDistinctFrom | IsNotDistinctFrom)
}

/// What one filter says about one column.
#[derive(Clone, Debug)]
pub enum Comparison {
    Equal(Datum),
    /// Equal to one of several values.
    OneOf(Vec<Datum>),
    Below {
        bound: Datum,
        included: bool,
    },
    Above {
        bound: Datum,
        included: bool,
    },
    IsNull,
    IsNotNull,
    /// What an inverted index may find by parts of the column's value.
    Parts(crate::index::parts::Operator, Datum),
}

/// The comparisons with constants among the conjuncts, with the column's position.
pub fn comparisons(info: &TableInfo, filters: &[Expr]) -> Vec<(usize, Comparison)> {
    let mut found = Vec::new();
    filters.iter().for_each(|filter| collect(info, filter, &mut found));
    found
}

fn collect(info: &TableInfo, filter: &Expr, found: &mut Vec<(usize, Comparison)>) {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            collect(info, left, found);
            collect(info, right, found);
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let pair = match (left.as_ref(), right.as_ref()) {
                (column @ Expr::Column(_), Expr::Literal(value, _)) => Some((column, *op, value)),
                (Expr::Literal(value, _), column @ Expr::Column(_)) => {
                    op.swap().map(|op| (column, op, value))
                }
                _ => None,
            };
            if let Some((column, op, value)) = pair
                && let Some((position, datum)) = constant(info, column, value)
                && let Some(comparison) = comparison(op, datum)
            {
                found.push((position, comparison));
            }
        }
        Expr::Column(_) => found.extend(truth(filter, true)),
        Expr::Not(inner) | Expr::IsFalse(inner) => found.extend(truth(inner, false)),
        Expr::IsTrue(inner) => found.extend(truth(inner, true)),
        Expr::Between(Between { expr, negated: false, low, high }) => {
            if let (Expr::Literal(low, _), Expr::Literal(high, _)) = (low.as_ref(), high.as_ref())
                && let Some((position, low)) = constant(info, expr, low)
                && let Some((_, high)) = constant(info, expr, high)
            {
                found.push((position, Comparison::Above { bound: low, included: true }));
                found.push((position, Comparison::Below { bound: high, included: true }));
            }
        }
        Expr::InList(list) if !list.negated => {
            let values: Option<Vec<(usize, Datum)>> = list
                .list
                .iter()
                .map(|value| match value {
                    Expr::Literal(value, _) => constant(info, &list.expr, value),
                    _ => None,
                })
                .collect();
            if let Some(values) = values.filter(|values| !values.is_empty()) {
                let position = values[0].0;
                let datums = values.into_iter().map(|(_, datum)| datum).collect();
                found.push((position, Comparison::OneOf(datums)));
            }
        }
        _ => {}
    }
}

/// A boolean column by itself, or its negation.
fn truth(expr: &Expr, value: bool) -> Option<(usize, Comparison)> {
    let Expr::Column(column) = expr else { return None };
    Some((stored_position(column.name())?, Comparison::Equal(Datum::Bool(value))))
}

pub fn comparison(op: Operator, datum: Datum) -> Option<Comparison> {
    Some(match op {
        Operator::Eq => Comparison::Equal(datum),
        Operator::Lt => Comparison::Below { bound: datum, included: false },
        Operator::LtEq => Comparison::Below { bound: datum, included: true },
        Operator::Gt => Comparison::Above { bound: datum, included: false },
        Operator::GtEq => Comparison::Above { bound: datum, included: true },
        _ => return None,
    })
}

/// The column's position and the constant as a value of the column's type.
fn constant(info: &TableInfo, column: &Expr, value: &ScalarValue) -> Option<(usize, Datum)> {
    let Expr::Column(column) = column else { return None };
    let position = stored_position(column.name())?;
    Some((position, value_of(info, position, value)?))
}

/// A constant as a value of the column at a position.
pub fn value_of(info: &TableInfo, position: usize, value: &ScalarValue) -> Option<Datum> {
    let target = info.columns.get(position)?;
    if value.is_null() || value.data_type() != target.arrow {
        return None;
    }
    let array = value.to_array().ok()?;
    let datum = types::arrow::datum_at(array.as_ref(), 0, &target.repr).ok()?;
    ordered::coerce(&datum, &target.repr)
}

/// The position of the table's column that a field of a scan is.
fn stored_position(field: &str) -> Option<usize> {
    field.strip_prefix('a')?.parse::<usize>().ok()?.checked_sub(1)
}

/// The tests of columns for NULL among the conjuncts, which exclude partitions.
pub fn null_tests(filters: &[Expr]) -> Vec<(usize, Comparison)> {
    let mut pending: Vec<&Expr> = filters.iter().collect();
    let mut found = Vec::new();
    while let Some(filter) = pending.pop() {
        let (inner, comparison) = match filter {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                pending.extend([left.as_ref(), right.as_ref()]);
                continue;
            }
            Expr::IsNull(inner) => (inner, Comparison::IsNull),
            Expr::IsNotNull(inner) => (inner, Comparison::IsNotNull),
            _ => continue,
        };
        if let Expr::Column(column) = inner.as_ref() {
            found.extend(stored_position(column.name()).map(|position| (position, comparison)));
        }
    }
    found
}
