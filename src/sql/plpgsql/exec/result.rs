//! RETURN and what the caller gets.

use std::sync::Arc;

use super::slot::{Fields, Slot};
use super::{Exec, Flow, no_return};
use crate::catalog::FunctionKind;
use crate::error::{Error, Result};
use crate::sql::outcome::ResultColumn;
use crate::sql::plpgsql::ast::{Expr, Query};
use crate::sql::routine::trigger::TriggerCall;
use crate::sql::routine::{Shape, fields_of};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

impl<'a> Exec<'a, '_> {
    pub(super) fn return_value(&mut self, value: Option<&Expr>) -> Result<Flow> {
        if let Some(value) = value {
            let (value, ty) = self.evaluate(value)?;
            if self.body().trigger.is_some() {
                self.returned = Some(Self::trigger_row(value)?);
                return Ok(Flow::Return);
            }
            let value = self.as_result(value, ty);
            let value = value.inspect_err(|_| {
                self.during("while casting return value to function's return type");
            });
            self.returned = Some(value?);
        }
        Ok(Flow::Return)
    }

    /// A value in the form of the function's result.
    fn as_result(&mut self, value: Datum, ty: SqlType) -> Result<Datum> {
        match self.shape.clone() {
            // Of void there is one value, and it prints as nothing.
            Shape::Void => Ok(Datum::Text(String::new())),
            Shape::Scalar(wanted) => self.converted(value, ty, wanted),
            Shape::AnyRow => match value {
                Datum::Record(_) | Datum::Null => Ok(value),
                _ => Err(non_composite()),
            },
            Shape::Row(_, wanted) => match value {
                Datum::Null => Ok(Datum::Null),
                Datum::Record(values) => {
                    let eval = self.frame.eval()?;
                    let fields = fields_of(ty, &eval.catalog);
                    let types: Vec<SqlType> = match &fields {
                        Some(fields) => fields.iter().map(|(_, ty)| *ty).collect(),
                        None => values.iter().map(|(oid, _)| SqlType::new(*oid)).collect(),
                    };
                    let mismatch = "returned record type does not match expected record type";
                    self.check_row(&types, &wanted, mismatch)?;
                    let row = values.into_iter().map(|(_, value)| value).collect();
                    self.row_of(row, &types, &wanted)
                }
                _ => Err(non_composite()),
            },
        }
    }

    /// The types of a row must be those expected, one by one.
    fn check_row(&mut self, types: &[SqlType], wanted: &Fields, message: &str) -> Result<()> {
        let eval = self.frame.eval()?;
        let name =
            |ty: SqlType| eval.catalog.format_type(&eval.settings.search_path, ty.oid, Some(-1));
        let detail = if types.len() != wanted.len() {
            format!(
                "Number of returned columns ({}) does not match expected column count ({}).",
                types.len(),
                wanted.len()
            )
        } else {
            let differs = |(at, (ty, (_, wanted))): (usize, (&SqlType, &(String, SqlType)))| {
                let same = ty.oid == wanted.oid || ty.oid == oid::UNKNOWN;
                (!same).then(|| {
                    format!(
                        "Returned type {} does not match expected type {} in column {}.",
                        name(*ty),
                        name(*wanted),
                        at + 1
                    )
                })
            };
            match types.iter().zip(wanted.iter()).enumerate().find_map(differs) {
                None => return Ok(()),
                Some(detail) => detail,
            }
        };
        Err(Error::new(sqlstate::DATATYPE_MISMATCH, message).with_detail(detail))
    }

    fn row_of(&mut self, row: Vec<Datum>, types: &[SqlType], wanted: &Fields) -> Result<Datum> {
        let mut fields = Vec::with_capacity(wanted.len());
        for ((value, from), (_, to)) in row.into_iter().zip(types).zip(wanted.iter()) {
            fields.push((to.oid, self.converted(value, *from, *to)?));
        }
        Ok(Datum::Record(fields))
    }

    /// The output parameters' values as the result.
    fn outputs(&mut self) -> Result<Datum> {
        let outputs: Vec<usize> = self.body().outputs.iter().map(|(_, dno)| *dno).collect();
        let is_procedure =
            self.function.is_some_and(|function| function.kind == FunctionKind::Procedure);
        if let ([only], false) = (outputs.as_slice(), is_procedure) {
            let (value, ty) = self.whole(*only);
            return self.as_result(value, ty);
        }
        let mut row = Vec::with_capacity(outputs.len());
        let mut types = Vec::with_capacity(outputs.len());
        for dno in outputs {
            let (value, ty) = self.whole(dno);
            row.push(value);
            types.push(ty);
        }
        match self.shape.clone() {
            Shape::Row(_, wanted) => self.row_of(row, &types, &wanted),
            _ => Ok(Datum::Record(types.iter().map(|ty| ty.oid).zip(row).collect())),
        }
    }

    fn whole(&self, dno: usize) -> (Datum, SqlType) {
        match &self.slots[dno] {
            Slot::Scalar(ty, value) => (value.clone(), *ty),
            Slot::Record(record) => {
                (record.whole(), record.ty().unwrap_or(SqlType::new(oid::RECORD)))
            }
        }
    }

    fn put(&mut self, value: Datum) -> Result<()> {
        match &mut self.sink {
            Some(sink) => sink.put(value, self.frame),
            None => Ok(()),
        }
    }

    pub(super) fn return_next(&mut self, value: Option<&Expr>) -> Result<()> {
        let value = match value {
            None => self.outputs()?,
            Some(value) => {
                let (value, ty) = self.evaluate(value)?;
                let value = match (&self.shape, value) {
                    (Shape::Row(_, fields), Datum::Null) => {
                        Datum::Record(fields.iter().map(|(_, ty)| (ty.oid, Datum::Null)).collect())
                    }
                    (_, value) => value,
                };
                let is_null_row = matches!(&value, Datum::Record(fields)
                    if fields.iter().all(|(_, value)| value.is_null()));
                match (&self.shape, is_null_row) {
                    (Shape::Row(..), true) if ty.oid == oid::RECORD => value,
                    _ => self.as_result(value, ty)?,
                }
            }
        };
        self.put(value)
    }

    pub(super) fn return_query(&mut self, query: &'a Query) -> Result<()> {
        let (mut answer, shown) = self.answer_of(query)?;
        let Some(columns) = answer.columns.clone() else {
            return Err(Error::syntax("query does not return a result")
                .with_hint("A RETURN QUERY needs a query that returns rows."));
        };
        let wanted: Option<Fields> = match &self.shape {
            Shape::Row(_, fields) => Some(fields.clone()),
            Shape::Scalar(ty) => Some(Arc::new([("column1".to_owned(), *ty)])),
            Shape::AnyRow | Shape::Void => None,
        };
        let types: Vec<SqlType> = columns.iter().map(|column: &ResultColumn| column.ty).collect();
        if let Some(wanted) = &wanted {
            let message = "structure of query does not match function result type";
            self.check_row(&types, wanted, message)?;
        }
        let is_row = self.shape.is_row();
        let mut count = 0;
        while let Some(row) = self.next_row(&mut answer, shown)? {
            count += 1;
            self.frame.check_cancel()?;
            let value = match &wanted {
                Some(wanted) => self.row_of(row, &types, wanted)?,
                None => Datum::Record(types.iter().map(|ty| ty.oid).zip(row).collect()),
            };
            let value = match value {
                Datum::Record(mut fields) if !is_row => {
                    fields.pop().map_or(Datum::Null, |(_, value)| value)
                }
                value => value,
            };
            self.put(value)?;
        }
        self.row_count = count;
        self.set_found(count > 0);
        Ok(())
    }

    /// The end of a call.
    pub(super) fn finish(&mut self) -> Result<()> {
        let Some(function) = self.function else { return Ok(()) };
        if function.returns_set {
            return Ok(());
        }
        let has_outputs = !self.body().outputs.is_empty();
        let value = match self.returned.take() {
            Some(value) => value,
            None if has_outputs => self.outputs()?,
            None if function.kind == FunctionKind::Procedure => Datum::Null,
            None if matches!(self.shape, Shape::Void) => Datum::Text(String::new()),
            None => {
                self.during("");
                return Err(no_return("function"));
            }
        };
        self.put(value)
    }

    /// What a trigger function returns: a row of its table, or nothing.
    fn trigger_row(value: Datum) -> Result<Datum> {
        match value {
            Datum::Null => Ok(Datum::Null),
            Datum::Record(_) => Ok(value),
            _ => Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "cannot return non-composite value from function returning composite type",
            )),
        }
    }

    /// The returned row by attribute number.
    pub(super) fn returned_row(&mut self, call: &TriggerCall<'_>) -> Result<Option<Vec<Datum>>> {
        let Some(Datum::Record(values)) = self.returned.take() else { return Ok(None) };
        let live: Vec<(usize, SqlType)> = call
            .table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !column.dropped)
            .map(|(at, column)| (at, column.ty))
            .collect();
        let mismatch = |detail: String| {
            Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "returned row structure does not match the structure of the triggering table",
            )
            .with_detail(detail)
        };
        if live.len() != values.len() {
            return Err(mismatch(format!(
                "Number of returned columns ({}) does not match expected column count ({}).",
                values.len(),
                live.len()
            )));
        }
        let eval = self.frame.eval()?;
        let mut row = vec![Datum::Null; call.table.columns.len()];
        for (number, ((oid, value), (at, ty))) in values.into_iter().zip(live).enumerate() {
            if oid != ty.oid && !value.is_null() {
                let name = |oid| eval.catalog.format_type(&[], oid, Some(-1));
                return Err(mismatch(format!(
                    "Returned type {} does not match expected type {} in column {}.",
                    name(oid),
                    name(ty.oid),
                    number + 1
                )));
            }
            row[at] = value;
        }
        Ok(Some(row))
    }
}

fn non_composite() -> Error {
    Error::new(
        sqlstate::DATATYPE_MISMATCH,
        "cannot return non-composite value from function returning composite type",
    )
}
