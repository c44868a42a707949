//! What identifies a condition over a table's rows, so that the rows that pass it may be
//! remembered ([`crate::index::vector::matching`]).
//!
//! The text of a condition names columns by their numbers and functions by their OIDs, and
//! holds the values of parameters. There is one only where whether a row passes depends on
//! the row alone: of immutable native functions, without subqueries.

use std::fmt::Write;

use crate::index::vector::Condition;
use crate::sql::ir::{Call, ColumnId, Expr, ExprKind, visit};
use crate::sql::run::constants::is_immutable;
use crate::sql::types::Datum;

/// A condition whose parameters have no values yet.
pub struct Shape {
    /// What is before each parameter, and the parameter.
    pieces: Vec<(String, usize)>,
    /// What follows the last.
    text: String,
}

impl Shape {
    /// The shape of a condition over columns with these numbers; none where its rows may not
    /// be remembered.
    pub fn of(predicate: &Expr, numbers: &[(i16, ColumnId)]) -> Option<Shape> {
        let mut shape = Shape { pieces: Vec::new(), text: String::new() };
        shape.add(predicate, numbers)?;
        Some(shape)
    }

    /// The condition with values in the place of parameters.
    pub fn with(&self, value: impl Fn(usize) -> Option<Datum>) -> Option<Condition> {
        let mut text = String::new();
        for (before, param) in &self.pieces {
            write!(text, "{before}const {:?}", value(*param)?).ok()?;
        }
        text.push_str(&self.text);
        Condition::new(text)
    }

    fn add(&mut self, expr: &Expr, numbers: &[(i16, ColumnId)]) -> Option<()> {
        let out = &mut self.text;
        match &expr.kind {
            ExprKind::Const(value) => write!(out, "const {value:?}"),
            ExprKind::Param(param) => {
                self.pieces.push((std::mem::take(out), *param));
                Ok(())
            }
            ExprKind::Column(id) => {
                let (number, _) = numbers.iter().find(|(_, column)| column == id)?;
                write!(out, "column {number}")
            }
            ExprKind::Call(call) => return self.add_call("call", call, expr, numbers),
            ExprKind::Distinct { equal, negated } => {
                let name = if *negated { "not distinct" } else { "distinct" };
                return self.add_call(name, equal, expr, numbers);
            }
            ExprKind::InList { equal, negated, .. } if equal.is_native() => {
                write!(out, "in {} {negated}", equal.oid)
            }
            ExprKind::ArrayCompare { operator, all, .. } if operator.is_native() => {
                write!(out, "array {} {all}", operator.oid)
            }
            ExprKind::BoolTest { value, negated, .. } => write!(out, "test {value:?} {negated}"),
            ExprKind::Relabel(_) => write!(out, "relabel"),
            ExprKind::And(_) => write!(out, "and"),
            ExprKind::Or(_) => write!(out, "or"),
            ExprKind::Not(_) => write!(out, "not"),
            ExprKind::IsNull(_) => write!(out, "null"),
            ExprKind::IsNotNull(_) => write!(out, "not null"),
            ExprKind::Array { nested, .. } => write!(out, "array {nested}"),
            _ => return None,
        }
        .ok()?;
        self.add_operands(expr, numbers)
    }

    fn add_call(
        &mut self,
        name: &str,
        call: &Call,
        expr: &Expr,
        numbers: &[(i16, ColumnId)],
    ) -> Option<()> {
        if !is_immutable(call) {
            return None;
        }
        write!(self.text, "{name} {}", call.function.oid).ok()?;
        self.add_operands(expr, numbers)
    }

    fn add_operands(&mut self, expr: &Expr, numbers: &[(i16, ColumnId)]) -> Option<()> {
        write!(self.text, " {:?}(", expr.ty).ok()?;
        let mut is_whole = true;
        visit::operands(expr, &mut |operand| {
            is_whole = is_whole && self.add(operand, numbers).is_some();
            self.text.push(',');
        });
        self.text.push(')');
        is_whole.then_some(())
    }
}
