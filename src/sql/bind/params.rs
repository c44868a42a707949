//! Statement parameters: `$n`, declared or deduced from where they are used.

use super::Binder;
use super::node::{TEXT, null, typed};
use super::variables::VariableScope;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::types::{Oid, SqlType, oid};
use crate::sqlstate;

/// PostgreSQL's limit: the wire protocol counts parameters in 16 bits.
const PARAMS_MAX: i32 = 65_535;

/// Parameter types; `unknown` until something decides.
pub(super) struct Params {
    types: Vec<Oid>,
    fixed: bool,
    /// Argument names, in the body of a function in SQL that is inlined.
    pub names: Vec<String>,
    /// In the body of a routine that runs.
    pub variables: Option<VariableScope>,
    /// Arguments of type `any` that say nothing of their own type: parameter and location.
    left: Vec<(usize, i32)>,
}

impl Params {
    pub fn deduced(types: &[Oid]) -> Params {
        let types = types.iter().map(|ty| if *ty == 0 { oid::UNKNOWN } else { *ty }).collect();
        Params { types, fixed: false, names: Vec::new(), variables: None, left: Vec::new() }
    }

    pub fn fixed(types: &[Oid]) -> Params {
        Params {
            types: types.to_vec(),
            fixed: true,
            names: Vec::new(),
            variables: None,
            left: Vec::new(),
        }
    }

    pub fn types(&self) -> Vec<SqlType> {
        self.types.iter().map(|ty| SqlType::new(*ty)).collect()
    }

    /// In CALL a parameter of type void is one for a result, whose type the procedure says.
    pub fn leave_void(&mut self) {
        for ty in self.types.iter_mut().filter(|ty| **ty == oid::VOID) {
            *ty = oid::UNKNOWN;
        }
    }

    /// `42P18` when a parameter was never decided, `42P08` when one was decided after it
    /// had been used undecided (`check_variable_parameters`).
    pub fn check(&self) -> Result<()> {
        let decided = |index: usize| self.types[index] != oid::UNKNOWN;
        if let Some((index, location)) = self.left.iter().find(|(index, _)| decided(*index)) {
            return Err(undetermined(sqlstate::AMBIGUOUS_PARAMETER, *index).at(*location));
        }
        match (0..self.types.len()).find(|index| !decided(*index)) {
            Some(index) => Err(undetermined(sqlstate::INDETERMINATE_DATATYPE, index)),
            None => Ok(()),
        }
    }
}

fn undetermined(code: sqlstate::SqlState, index: usize) -> Error {
    Error::new(code, format!("could not determine data type of parameter ${}", index + 1))
}

impl Binder<'_> {
    pub(super) fn param(&mut self, number: i32, location: i32) -> Result<Expr> {
        if let Some(variable) = self.variable(&[&format!("${number}")], location)? {
            return Ok(variable);
        }
        let known = i32::try_from(self.params.types.len()).unwrap_or(i32::MAX);
        let refused = !(1..=PARAMS_MAX).contains(&number) || (self.params.fixed && number > known);
        if refused {
            return Err(Error::new(
                sqlstate::UNDEFINED_PARAMETER,
                format!("there is no parameter ${number}"),
            )
            .at(location));
        }
        let index = (number - 1) as usize;
        if index >= self.params.types.len() {
            self.params.types.resize(index + 1, oid::UNKNOWN);
        }
        Ok(typed(ExprKind::Param(index), SqlType::new(self.params.types[index]), location))
    }

    /// A function argument by name, in the body of a function in SQL.
    pub(super) fn named_param(&mut self, name: &str, location: i32) -> Option<Expr> {
        let index = self.params.names.iter().position(|known| known == name)?;
        let ty = SqlType::new(*self.params.types.get(index)?);
        Some(typed(ExprKind::Param(index), ty, location))
    }

    /// An argument of type `any` decides nothing: an undecided parameter there is an error
    /// once the whole statement is known. What stands in for it is never computed.
    pub(super) fn decide_any(&mut self, expr: Expr) -> Result<Expr> {
        match expr.kind {
            ExprKind::Param(index) if expr.ty.oid == oid::UNKNOWN => {
                self.params.left.push((index, expr.location));
                Ok(null(TEXT))
            }
            _ => self.decide(expr),
        }
    }

    /// A coercion decides an undecided parameter's type.
    pub(super) fn deduce_param(
        &mut self,
        index: usize,
        target: Oid,
        location: i32,
    ) -> Result<Expr> {
        let known = self.params.types[index];
        if known == oid::UNKNOWN {
            self.params.types[index] = target;
        } else if known != target {
            return Err(Error::new(
                sqlstate::AMBIGUOUS_PARAMETER,
                format!("inconsistent types deduced for parameter ${}", index + 1),
            )
            .with_detail(format!(
                "{} versus {}",
                self.display_type(known),
                self.display_type(target)
            ))
            .at(location));
        }
        Ok(typed(ExprKind::Param(index), SqlType::new(target), location))
    }
}
