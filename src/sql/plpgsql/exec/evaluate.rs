//! Expressions and statements with their variables.

use std::sync::Arc;

use super::Exec;
use super::slot::{Record, Slot, no_field, not_assigned};
use crate::error::{Error, Result};
use crate::sql::bind::{Conflict, VariableRef, Variables};
use crate::sql::plpgsql::ast::{Expr, ExprKind, Found, Namespace, find};
use crate::sql::routine::command;
use crate::sql::routine::counted::{self, Counted};
use crate::sql::routine::frame::{Answer, RESTARTS_MAX};
use crate::sql::routine::plan::{BoundPlan, Code, Types};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

/// The variables as one expression sees them: names from its place in the body, types
/// as they are now.
struct Visible {
    namespace: Namespace,
    conflict: Conflict,
    types: Vec<Known>,
}

/// What is known of one variable's type.
enum Known {
    Scalar(SqlType),
    Record(String, Option<SqlType>, Option<Arc<[(String, SqlType)]>>),
}

impl Visible {
    fn ty(&self, variable: &VariableRef) -> Result<SqlType> {
        match variable {
            VariableRef::Whole(dno) => match &self.types[*dno] {
                Known::Scalar(ty) => Ok(*ty),
                // Of a record that nothing was assigned to, all that is known is NULL.
                Known::Record(_, ty, _) => Ok(ty.unwrap_or(SqlType::new(oid::RECORD))),
            },
            VariableRef::Field(dno, field) => match &self.types[*dno] {
                Known::Scalar(_) => Err(Error::internal("a scalar has no fields")),
                Known::Record(name, _, fields) => {
                    let fields = fields.as_ref().ok_or_else(|| not_assigned(name))?;
                    let found = fields.iter().find(|(known, _)| known == field);
                    found.map(|(_, ty)| *ty).ok_or_else(|| no_field(name, field))
                }
            },
        }
    }
}

impl Variables for Visible {
    fn find(&self, names: &[&str]) -> Result<Option<(VariableRef, SqlType)>> {
        let variable = match find(&self.namespace, names) {
            None => return Ok(None),
            Some(Found::Variable(dno)) => VariableRef::Whole(dno),
            Some(Found::Field(dno, field)) => VariableRef::Field(dno, field),
        };
        let ty = self.ty(&variable)?;
        Ok(Some((variable, ty)))
    }

    fn conflict(&self) -> Conflict {
        self.conflict
    }
}

struct Here<'e, 'a, 'w> {
    exec: &'e Exec<'a, 'w>,
    expr: &'e Expr,
}

impl Types for Here<'_, '_, '_> {
    fn type_of(&self, variable: &VariableRef) -> Option<SqlType> {
        match variable {
            VariableRef::Whole(dno) => match &self.exec.slots[*dno] {
                Slot::Scalar(ty, _) => Some(*ty),
                Slot::Record(record) => record.ty(),
            },
            VariableRef::Field(dno, field) => match &self.exec.slots[*dno] {
                Slot::Scalar(..) => None,
                Slot::Record(record) => {
                    let fields = record.fields()?;
                    fields.iter().find(|(known, _)| known == field).map(|(_, ty)| *ty)
                }
            },
        }
    }

    fn variables(&self) -> Arc<dyn Variables> {
        let known = |(slot, variable): (&Slot, &crate::sql::plpgsql::ast::Variable)| match slot {
            Slot::Scalar(ty, _) => Known::Scalar(*ty),
            Slot::Record(record) => {
                Known::Record(variable.name.clone(), record.ty(), record.fields().cloned())
            }
        };
        let variables = &self.exec.body().variables;
        Arc::new(Visible {
            namespace: self.expr.namespace.clone(),
            conflict: self.exec.compiled.conflict,
            types: self.exec.slots.iter().zip(variables).map(known).collect(),
        })
    }
}

impl<'a> Exec<'a, '_> {
    fn value(&self, variable: &VariableRef) -> Result<Datum> {
        Ok(match variable {
            VariableRef::Whole(dno) => match &self.slots[*dno] {
                Slot::Scalar(_, value) => value.clone(),
                Slot::Record(record) => record.whole(),
            },
            VariableRef::Field(dno, field) => match &self.slots[*dno] {
                Slot::Scalar(..) => Datum::Null,
                Slot::Record(record) => self.field(*dno, record, field)?,
            },
        })
    }

    fn field(&self, dno: usize, record: &Record, field: &str) -> Result<Datum> {
        let at = record.position(&self.body().variables[dno].name, field)?;
        Ok(record.row.as_ref().map_or(Datum::Null, |row| row.values[at].clone()))
    }

    fn params(&self, bound: &BoundPlan) -> Result<Vec<Datum>> {
        bound.used.iter().map(|(variable, _)| self.value(variable)).collect()
    }

    /// An error in the text of an expression or a statement.
    fn in_text(&self, expr: &Expr, error: Error) -> Error {
        match error.report().offset {
            Some(offset) if error.report().internal_query.is_none() => {
                let at = i32::try_from(offset).unwrap_or(0) - expr.shift;
                error.without_position().at(at.max(0)).in_internal_query(&expr.shown)
            }
            _ => self.in_statement(expr, error),
        }
    }

    /// An error while it runs.
    fn in_statement(&self, expr: &Expr, error: Error) -> Error {
        if error.report().internal_query.is_some() && error.report().context.is_none() {
            return error;
        }
        error.with_context(match expr.kind {
            ExprKind::Expression => format!("SQL expression \"{}\"", expr.shown),
            ExprKind::Assignment => format!("PL/pgSQL assignment \"{}\"", expr.shown),
            ExprKind::Statement => format!("SQL statement \"{}\"", expr.shown),
        })
    }

    /// The value of an expression, and its type.
    pub(super) fn evaluate(&mut self, expr: &Expr) -> Result<(Datum, SqlType)> {
        let eval = self.frame.eval()?;
        let bound = expr
            .plan
            .bound(&eval, &Here { exec: self, expr })
            .map_err(|error| self.in_text(expr, error))?;
        let params = self.params(&bound)?;
        match &bound.code {
            Code::Expression(evaluator, permissions) => {
                let permissions = permissions.as_ref();
                let value = self.frame.evaluate_allowed(evaluator, permissions, &params);
                let value = value.map_err(|error| match params.is_empty() {
                    // PostgreSQL computes it when it plans the statement.
                    true if !evaluator.calls_functions() => {
                        self.in_statement(expr, error.without_position())
                    }
                    _ => error.without_position(),
                })?;
                Ok((value, evaluator.ty()))
            }
            Code::Statement(_) => self.evaluate_query(expr),
        }
    }

    fn evaluate_query(&mut self, expr: &Expr) -> Result<(Datum, SqlType)> {
        let mut answer = self.run(expr)?;
        let columns = answer.columns.clone().unwrap_or_else(|| [].into());
        let [column] = &columns[..] else {
            return Err(Error::syntax(format!(
                "query \"{}\" returned {} columns",
                expr.shown,
                columns.len()
            )));
        };
        let first = answer.next(self.frame).map_err(|error| self.in_statement(expr, error))?;
        let Some(row) = first else { return Ok((Datum::Null, column.ty)) };
        let second = answer.next(self.frame).map_err(|error| self.in_statement(expr, error))?;
        if second.is_some() {
            return Err(Error::new(
                sqlstate::CARDINALITY_VIOLATION,
                format!("query \"{}\" returned more than one row", expr.shown),
            ));
        }
        Ok((row.into_iter().next().unwrap_or(Datum::Null), column.ty))
    }

    /// A condition: NULL counts as false.
    pub(super) fn is_true(&mut self, expr: &Expr) -> Result<bool> {
        let (value, ty) = self.evaluate(expr)?;
        let wanted = SqlType::new(crate::sql::types::oid::BOOL);
        Ok(matches!(self.converted(value, ty, wanted)?, Datum::Bool(true)))
    }

    /// Runs a statement or a query.
    pub(super) fn run(&mut self, expr: &Expr) -> Result<Answer> {
        let outcome = self.run_bare(expr);
        outcome.map_err(|error| match error.report().internal_query.is_some() {
            true => error,
            false => self.in_text(expr, error),
        })
    }

    fn run_bare(&mut self, expr: &Expr) -> Result<Answer> {
        self.frame.check_allowed(expr.parsed())?;
        if let Some(answer) = command::session_command(expr.parsed(), self.frame)? {
            return Ok(answer);
        }
        for _ in 0..RESTARTS_MAX {
            let ctx = self.frame.begin_statement()?;
            let bound = expr.plan.bound(&ctx.eval, &Here { exec: self, expr })?;
            let params = self.params(&bound)?;
            let counted = Counted::begin(self.frame, &expr.plan, &bound);
            let answer = match &bound.code {
                Code::Statement(prepared) => self.frame.run(prepared, &params, ctx),
                Code::Expression(evaluator, permissions) => {
                    self.frame.value_as_row(evaluator, permissions.as_ref(), &params)
                }
            };
            match counted::finished(answer, counted) {
                Err(error) if error.is_catalog_changed() => {}
                answer => return answer,
            }
        }
        Err(Error::catalog_changed())
    }

    /// `a = '1', b = NULL`: the variables of an expression.
    pub(super) fn shown_params(&mut self, expr: &Expr) -> Result<String> {
        let eval = self.frame.eval()?;
        let bound = expr.plan.bound(&eval, &Here { exec: self, expr })?;
        let mut shown = Vec::with_capacity(bound.used.len());
        for (variable, ty) in &bound.used {
            let name = match variable {
                VariableRef::Whole(dno) => self.body().variables[*dno].name.clone(),
                VariableRef::Field(dno, field) => {
                    format!("{}.{field}", self.body().variables[*dno].name)
                }
            };
            let value = match self.value(variable)? {
                Datum::Null => "NULL".to_owned(),
                value => {
                    let text = crate::sql::types::to_text(&value, ty.oid, &eval.output());
                    format!("'{}'", text.replace('\'', "''"))
                }
            };
            shown.push(format!("{name} = {value}"));
        }
        Ok(shown.join(", "))
    }

    /// The next row of what a statement gives.
    pub(super) fn next_row(
        &mut self,
        answer: &mut Answer,
        shown: Option<&'a Expr>,
    ) -> Result<Option<Vec<Datum>>> {
        answer.next(self.frame).map_err(|error| match shown {
            Some(expr) => self.in_statement(expr, error.without_position()),
            None => error,
        })
    }

    /// The arguments of CALL, in the order in which it names them.
    pub(super) fn call_procedure(&mut self, expr: &Expr) -> Result<command::CallResult> {
        use crate::sql::parse::NodeEnum;
        let NodeEnum::CallStmt(call) = &expr.parsed().node else {
            return Err(Error::unsupported("DO inside of a function"));
        };
        let here = Here { exec: self, expr };
        let bound = command::bind_call(call, &self.frame.ctx.eval.clone(), here.variables());
        let bound = bound.map_err(|error| self.in_text(expr, error))?;
        let params = bound
            .used
            .iter()
            .map(|(variable, _)| self.value(variable))
            .collect::<Result<Vec<_>>>()?;
        command::run_bound_call(&bound, &params, self.frame)
            .map_err(|error| self.in_statement(expr, error.without_position()))
    }
}
