//! Variables of a routine's body: what names and `$n` mean beside columns.

use std::sync::Arc;

use super::Binder;
use super::node::typed;
use super::params::Params;
use crate::catalog::CastContext;
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::parse::ast::ColumnRef;
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;

/// The variables that a statement may name.
pub trait Variables: Send + Sync {
    /// The variable that a dotted name (or `$n`) means, if it means one.
    fn find(&self, names: &[&str]) -> Result<Option<(VariableRef, SqlType)>>;
    /// What a name means that is a column's as well.
    fn conflict(&self) -> Conflict;
}

/// A variable, by its number, or a field of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VariableRef {
    Whole(usize),
    Field(usize, String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conflict {
    Error,
    UseVariable,
    UseColumn,
}

/// The variables in scope, and those that were used: parameter `n` is the `n`th.
#[derive(Clone)]
pub(super) struct VariableScope {
    known: Arc<dyn Variables>,
    pub used: Vec<(VariableRef, SqlType)>,
}

impl<'a> Binder<'a> {
    /// A binder for a statement in a routine's body.
    pub fn with_variables(eval: &'a EvalContext, variables: Arc<dyn Variables>) -> Binder<'a> {
        let mut params = Params::fixed(&[]);
        params.variables = Some(VariableScope { known: variables, used: Vec::new() });
        Binder::with_params(eval, params)
    }

    /// The variables that the statement names: what its parameters stand for.
    pub fn used_variables(&self) -> Vec<(VariableRef, SqlType)> {
        self.params.variables.as_ref().map(|scope| scope.used.clone()).unwrap_or_default()
    }
}

impl Binder<'_> {
    /// A variable by its dotted name.
    pub(super) fn variable(&mut self, names: &[&str], location: i32) -> Result<Option<Expr>> {
        let Some(scope) = &mut self.params.variables else { return Ok(None) };
        let found = scope.known.find(names).map_err(|error| match error.code() {
            sqlstate::UNDEFINED_PARAMETER => error.at(location),
            _ => error,
        })?;
        let Some((variable, ty)) = found else { return Ok(None) };
        let index = match scope.used.iter().position(|(known, _)| *known == variable) {
            Some(index) => index,
            None => {
                scope.used.push((variable, ty));
                scope.used.len() - 1
            }
        };
        Ok(Some(typed(ExprKind::Param(index), ty, location)))
    }

    /// Whether a field of a variable is computed from the whole of it; elsewhere a field
    /// is a variable of its own.
    pub(super) fn has_fields_by_expression(&self) -> bool {
        let scope = self.params.variables.as_ref();
        scope.is_some_and(|scope| scope.known.conflict() == Conflict::UseColumn)
    }

    pub(super) fn has_variables(&self) -> bool {
        self.params.variables.is_some()
    }

    /// A name that may be a variable's or a column's.
    pub(super) fn column_or_variable(&mut self, node: &ColumnRef, names: &[&str]) -> Result<Expr> {
        let location = node.location;
        let conflict =
            self.params.variables.as_ref().map_or(Conflict::UseColumn, |v| v.known.conflict());
        if conflict == Conflict::UseVariable
            && let Some(variable) = self.variable(names, location)?
        {
            return Ok(variable);
        }
        let column = self.plain_column_ref(node);
        match (column, conflict) {
            (Ok(column), Conflict::Error) => {
                let mark = self.params.variables.as_ref().map_or(0, |scope| scope.used.len());
                if self.variable(names, location)?.is_none() {
                    return Ok(column);
                }
                if let Some(scope) = &mut self.params.variables {
                    scope.used.truncate(mark);
                }
                let name = names.join(".");
                Err(Error::new(
                    sqlstate::AMBIGUOUS_COLUMN,
                    format!("column reference \"{name}\" is ambiguous"),
                )
                .with_detail("It could refer to either a PL/pgSQL variable or a table column.")
                .at(location))
            }
            (Ok(column), _) => Ok(column),
            (Err(error), _) if is_absence(&error) => match self.variable(names, location)? {
                Some(variable) => Ok(variable),
                None => Err(error),
            },
            (Err(error), _) => Err(error),
        }
    }
}

fn is_absence(error: &Error) -> bool {
    [sqlstate::UNDEFINED_COLUMN, sqlstate::UNDEFINED_TABLE].contains(&error.code())
}

/// How a value becomes one of another type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conversion {
    /// As in an assignment to a column.
    Assignment,
    /// As PL/pgSQL assigns: through text where nothing else leads there.
    AssignmentOrText,
}

/// The conversion of `$1`, of one type, to another type; none where there is no way.
pub fn bind_conversion(
    eval: &EvalContext,
    from: SqlType,
    to: SqlType,
    how: Conversion,
) -> Result<Option<Expr>> {
    let mut binder = Binder::with_fixed_params(eval, &[from.oid]);
    let value = typed(ExprKind::Param(0), from, -1);
    // An untyped literal has been read as text.
    let value = match from.oid {
        oid::UNKNOWN => Expr { ty: SqlType::new(oid::TEXT), ..value },
        _ => value,
    };
    if let Some(expr) = binder.coerce_to(value.clone(), to, CastContext::Assignment)? {
        return Ok(Some(expr));
    }
    if how == Conversion::Assignment {
        return Ok(None);
    }
    let text = typed(ExprKind::CoerceViaText(Box::new(value)), to, -1);
    Ok(Some(text))
}
