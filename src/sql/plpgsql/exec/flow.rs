//! IF, CASE, the loops and EXIT.

use super::slot::Slot;
use super::{Exec, Flow};
use crate::error::{Error, Result};
use crate::sql::outcome::ResultColumn;
use crate::sql::plpgsql::ast::{Dno, Expr, Into, Kind, Query, Statement};
use crate::sql::routine::frame::Answer;
use crate::sql::types::{ArrayDim, ArrayValue, Datum, SqlType, oid};
use crate::sqlstate;

/// What a loop does after its body.
enum Turn {
    Again,
    Done(Flow),
}

fn turn(flow: Flow, label: Option<&str>) -> Turn {
    let own = |wanted: &Option<String>| wanted.is_none() || wanted.as_deref() == label;
    match flow {
        Flow::Next => Turn::Again,
        Flow::Exit(wanted) if own(&wanted) => Turn::Done(Flow::Next),
        Flow::Continue(wanted) if own(&wanted) => Turn::Again,
        flow => Turn::Done(flow),
    }
}

impl<'a> Exec<'a, '_> {
    pub(super) fn control(&mut self, kind: &'a Kind) -> Result<Flow> {
        match kind {
            Kind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.is_true(condition)? {
                        return self.statements(body);
                    }
                }
                self.statements(otherwise)
            }
            Kind::Case { operand, whens, otherwise } => {
                if let Some((value, dno)) = operand {
                    let (value, ty) = self.evaluate(value)?;
                    self.store(*dno, value, ty)?;
                }
                for (condition, body) in whens {
                    if self.is_true(condition)? {
                        return self.statements(body);
                    }
                }
                match otherwise {
                    Some(body) => self.statements(body),
                    None => Err(Error::new(sqlstate::CASE_NOT_FOUND, "case not found")
                        .with_hint("CASE statement is missing ELSE part.")),
                }
            }
            Kind::Loop { label, body } => loop {
                self.frame.check_cancel()?;
                if let Turn::Done(flow) = turn(self.statements(body)?, label.as_deref()) {
                    return Ok(flow);
                }
            },
            Kind::While { label, condition, body } => {
                while self.is_true(condition)? {
                    self.frame.check_cancel()?;
                    if let Turn::Done(flow) = turn(self.statements(body)?, label.as_deref()) {
                        return Ok(flow);
                    }
                }
                Ok(Flow::Next)
            }
            Kind::ForInteger { label, variable, lower, upper, step, reverse, body } => {
                let bounds = (&**lower, &**upper, step.as_deref());
                self.integers(label.as_deref(), *variable, bounds, *reverse, body)
            }
            Kind::ForQuery { label, into, query, body } => {
                let (answer, shown) = self.answer_of(query)?;
                self.rows(label.as_deref(), into, answer, shown, body)
            }
            Kind::ForCursor { label, record, cursor, arguments, body } => {
                let into = Into::Record(*record);
                let answer = self.open_loop_cursor(*cursor, arguments)?;
                let unnamed = matches!(self.slots[*cursor], Slot::Scalar(_, Datum::Null));
                if unnamed {
                    let routines = self.frame.ctx.eval.session.routines()?;
                    self.set_scalar(*cursor, Datum::Text(routines.cursors.free_name()));
                }
                let flow = self.rows(label.as_deref(), &into, answer, None, body)?;
                if unnamed {
                    self.set_scalar(*cursor, Datum::Null);
                }
                Ok(flow)
            }
            Kind::Foreach { label, target, slice, array, body } => {
                self.elements(label.as_deref(), target, *slice, array, body)
            }
            Kind::Exit { is_exit, label, condition } => {
                let leaves = match condition {
                    Some(condition) => self.is_true(condition)?,
                    None => true,
                };
                Ok(match (leaves, is_exit) {
                    (false, _) => Flow::Next,
                    (true, true) => Flow::Exit(label.clone()),
                    (true, false) => Flow::Continue(label.clone()),
                })
            }
            _ => Err(Error::internal("this statement does not control the flow")),
        }
    }

    fn bound(&mut self, expr: &Expr, what: &str) -> Result<i32> {
        let (value, ty) = self.evaluate(expr)?;
        match self.converted(value, ty, SqlType::new(oid::INT4))? {
            Datum::Int4(value) => Ok(value),
            _ => Err(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                format!("{what} of FOR loop cannot be null"),
            )),
        }
    }

    fn integers(
        &mut self,
        label: Option<&str>,
        variable: Dno,
        (lower, upper, step): (&Expr, &Expr, Option<&Expr>),
        reverse: bool,
        body: &'a [Statement],
    ) -> Result<Flow> {
        let mut at = self.bound(lower, "lower bound")?;
        let end = self.bound(upper, "upper bound")?;
        let step = match step {
            Some(step) => self.bound(step, "BY value")?,
            None => 1,
        };
        if step <= 0 {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                "BY value of FOR loop must be greater than zero",
            ));
        }
        let mut found = false;
        let mut result = Flow::Next;
        while if reverse { at >= end } else { at <= end } {
            found = true;
            self.frame.check_cancel()?;
            self.set_scalar(variable, Datum::Int4(at));
            if let Turn::Done(flow) = turn(self.statements(body)?, label) {
                result = flow;
                break;
            }
            let next = if reverse { at.checked_sub(step) } else { at.checked_add(step) };
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        self.set_found(found);
        Ok(result)
    }

    /// What a static or dynamic query gives, and how errors show it.
    pub(super) fn answer_of(&mut self, query: &'a Query) -> Result<(Answer, Option<&'a Expr>)> {
        match query {
            Query::Static(query) => Ok((self.run(query)?, Some(query))),
            Query::Dynamic { query, using } => Ok((self.run_dynamic(query, using)?, None)),
        }
    }

    fn rows(
        &mut self,
        label: Option<&str>,
        into: &Into,
        mut answer: Answer,
        shown: Option<&'a Expr>,
        body: &'a [Statement],
    ) -> Result<Flow> {
        let Some(columns) = answer.columns.clone() else {
            return Err(Error::syntax("cannot open non-SELECT query as cursor"));
        };
        let mut found = false;
        let mut result = Flow::Next;
        while let Some(row) = self.next_row(&mut answer, shown)? {
            found = true;
            self.frame.check_cancel()?;
            self.store_into(into, &columns, Some(row))?;
            if let Turn::Done(flow) = turn(self.statements(body)?, label) {
                result = flow;
                break;
            }
        }
        if !found {
            self.store_into(into, &columns, None)?;
        }
        self.set_found(found);
        Ok(result)
    }

    fn elements(
        &mut self,
        label: Option<&str>,
        target: &Into,
        slice: usize,
        array: &Expr,
        body: &'a [Statement],
    ) -> Result<Flow> {
        let (value, ty) = self.evaluate(array)?;
        let eval = self.frame.eval()?;
        let base = eval.catalog.base_type(ty);
        let element = eval.catalog.type_(base.oid).map_or(oid::INVALID, |ty| ty.element);
        let array = match value {
            Datum::Null => {
                return Err(Error::new(
                    sqlstate::NULL_VALUE_NOT_ALLOWED,
                    "FOREACH expression must not be null",
                ));
            }
            Datum::Array(array) => array,
            _ => {
                let name = eval.catalog.format_type(&[], ty.oid, Some(-1));
                return Err(Error::new(
                    sqlstate::DATATYPE_MISMATCH,
                    format!("FOREACH expression must yield an array, not type {name}"),
                ));
            }
        };
        if slice > array.dims.len() {
            return Err(Error::new(
                sqlstate::ARRAY_SUBSCRIPT_ERROR,
                format!(
                    "slice dimension ({slice}) is out of the valid range 0..{}",
                    array.dims.len()
                ),
            ));
        }
        let column = |oid| ResultColumn {
            name: "element".to_owned(),
            ty: SqlType::new(oid),
            length: -1,
            origin: (0, 0),
        };
        let takes_array = match target {
            Into::List(targets) => match targets.as_slice() {
                [only] if only.steps.is_empty() => match &self.slots[only.dno] {
                    Slot::Scalar(ty, _) => {
                        let base = eval.catalog.base_type(*ty);
                        eval.catalog.type_(base.oid).is_some_and(|ty| ty.element != 0)
                    }
                    Slot::Record(_) => false,
                },
                _ => false,
            },
            Into::Record(_) => false,
        };
        let wrong = match (slice, takes_array) {
            (0, true) => Some("FOREACH loop variable must not be of an array type"),
            (1.., false) => Some("FOREACH ... SLICE loop variable must be of an array type"),
            _ => None,
        };
        if let Some(message) = wrong {
            return Err(Error::new(sqlstate::DATATYPE_MISMATCH, message));
        }
        let dims: Vec<ArrayDim> = array.dims[array.dims.len() - slice..].to_vec();
        let chunk = dims.iter().map(|dim| dim.length as usize).product::<usize>().max(1);
        let columns = [if slice == 0 { column(element) } else { column(base.oid) }];
        let mut found = false;
        let mut result = Flow::Next;
        for part in array.elements.chunks(chunk) {
            found = true;
            self.frame.check_cancel()?;
            let value = match slice {
                0 => part[0].clone(),
                _ => Datum::Array(Box::new(ArrayValue {
                    element_type: array.element_type,
                    dims: dims.clone(),
                    elements: part.to_vec(),
                })),
            };
            match (target, &value) {
                (Into::Record(dno), value) => {
                    self.store(*dno, value.clone(), columns[0].ty)?;
                }
                (Into::List(targets), Datum::Record(fields)) if targets.len() > 1 => {
                    let columns: Vec<ResultColumn> =
                        fields.iter().map(|(oid, _)| column(*oid)).collect();
                    let row = fields.iter().map(|(_, value)| value.clone()).collect();
                    self.store_into(target, &columns, Some(row))?;
                }
                _ => self.store_into(target, &columns, Some(vec![value]))?,
            }
            if let Turn::Done(flow) = turn(self.statements(body)?, label) {
                result = flow;
                break;
            }
        }
        self.set_found(found);
        Ok(result)
    }
}
