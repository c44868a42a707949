//! Assignment: to variables, fields of records and elements of arrays.

use std::sync::Arc;

use super::Exec;
use super::slot::{Fields, Row, Slot};
use crate::error::{Error, Result, Severity};
use crate::sql::bind::Conversion;
use crate::sql::functions::subscript::subscripting;
use crate::sql::functions::{self, CallContext};
use crate::sql::outcome::ResultColumn;
use crate::sql::plpgsql::ast::{Dno, Into, Step, Target};
use crate::sql::plpgsql::extra;
use crate::sql::routine::{Converter, fields_of};
use crate::sql::types::{Datum, SqlType, oid, record};
use crate::sqlstate;

impl Exec<'_, '_> {
    /// A value as one of another type.
    pub(super) fn converted(&mut self, value: Datum, from: SqlType, to: SqlType) -> Result<Datum> {
        let same = from.oid == to.oid && (to.typmod < 0 || to.typmod == from.typmod);
        if same || to.oid == oid::RECORD {
            return Ok(value);
        }
        let eval = self.frame.eval()?;
        let known = {
            let mut conversions = self.compiled.conversions.lock();
            let fresh = conversions.catalog.as_ref().is_some_and(|c| Arc::ptr_eq(c, &eval.catalog));
            if !fresh {
                conversions.catalog = Some(eval.catalog.clone());
                conversions.known.clear();
            }
            conversions.known.get(&(from, to)).cloned()
        };
        let converter = match known {
            Some(converter) => converter,
            None => {
                let made = Converter::new(&eval, from, to, Conversion::AssignmentOrText)?;
                let made = made.map(Arc::new);
                self.compiled.conversions.lock().known.insert((from, to), made.clone());
                made
            }
        };
        match converter {
            None => Err(Error::internal("there is a way through text between all types")),
            Some(converter) if converter.calls_functions() => {
                let ctx = self.frame.begin_statement()?;
                ctx.eval.loan.open(self.frame.work);
                ctx.lend(self.frame.work, || converter.convert(&ctx.eval, value))
            }
            Some(converter) => converter.convert(&eval, value),
        }
    }

    /// Assigns to a whole variable.
    pub(super) fn store(&mut self, dno: Dno, value: Datum, ty: SqlType) -> Result<()> {
        let variable = &self.body().variables[dno];
        let wanted = match &self.slots[dno] {
            Slot::Record(_) => return self.store_record(dno, value, ty),
            Slot::Scalar(wanted, _) => match variable.kind {
                crate::sql::plpgsql::ast::VariableKind::Untyped => ty,
                _ => *wanted,
            },
        };
        let value = self.converted(value, ty, wanted)?;
        if value.is_null() && variable.not_null {
            return Err(null_refused(&variable.name));
        }
        self.slots[dno] = Slot::Scalar(wanted, value);
        Ok(())
    }

    /// A domain may refuse the NULL that a variable begins with.
    pub(super) fn check_domain(&mut self, dno: Dno) -> Result<()> {
        let Slot::Scalar(ty, _) = self.slots[dno] else { return Ok(()) };
        let eval = self.frame.eval()?;
        let base = eval.catalog.base_type(ty);
        if base.oid == ty.oid {
            return Ok(());
        }
        let value = self.converted(Datum::Null, base, ty)?;
        self.set_scalar(dno, value);
        Ok(())
    }

    fn store_record(&mut self, dno: Dno, value: Datum, ty: SqlType) -> Result<()> {
        let variable = &self.body().variables[dno];
        let eval = self.frame.eval()?;
        match value {
            Datum::Null => {
                if variable.not_null {
                    return Err(null_refused(&variable.name));
                }
                let fields = fields_of(ty, &eval.catalog);
                let Slot::Record(record) = &mut self.slots[dno] else { return Ok(()) };
                record.row = None;
                if let (None, Some(fields)) = (record.declared, fields) {
                    record.known_fields(fields);
                }
                Ok(())
            }
            Datum::Record(values) => {
                let fields = fields_of(ty, &eval.catalog).unwrap_or_else(|| {
                    let field = |(at, (oid, _)): (usize, &(u32, Datum))| {
                        (format!("f{}", at + 1), SqlType::new(*oid))
                    };
                    values.iter().enumerate().map(field).collect()
                });
                let values = values.into_iter().map(|(_, value)| value).collect();
                self.store_row(dno, ty, &fields, values)
            }
            _ => Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "cannot assign non-composite value to a record variable",
            )),
        }
    }

    /// Puts a row into a record, converted if the record has a type of its own.
    pub(super) fn store_row(
        &mut self,
        dno: Dno,
        ty: SqlType,
        fields: &Fields,
        values: Vec<Datum>,
    ) -> Result<()> {
        let declared = match &self.slots[dno] {
            Slot::Record(record) => record.declared,
            Slot::Scalar(..) => return Err(Error::internal("a scalar takes no row")),
        };
        let eval = self.frame.eval()?;
        let row = match declared {
            Some(declared) if declared != ty => {
                let wanted = fields_of(declared, &eval.catalog)
                    .ok_or_else(|| Error::internal("a row type without fields"))?;
                if wanted.len() != fields.len() {
                    self.check_count()?;
                }
                let mut values = values.into_iter().zip(fields.iter());
                let mut converted = Vec::with_capacity(wanted.len());
                for (_, to) in wanted.iter() {
                    converted.push(match values.next() {
                        Some((value, (_, from))) => self.converted(value, *from, *to)?,
                        None => Datum::Null,
                    });
                }
                Row { ty: declared, fields: wanted, values: converted }
            }
            _ => {
                let named = ty.oid != oid::RECORD && fields_of(ty, &eval.catalog).is_some();
                let ty = match named || record::fields(ty).is_some() {
                    true => ty,
                    false => record::type_of(fields.to_vec()),
                };
                Row { ty, fields: fields.clone(), values }
            }
        };
        if let Slot::Record(record) = &mut self.slots[dno] {
            record.row = Some(row);
        }
        Ok(())
    }

    /// Assigns to a variable or a part of one.
    pub(super) fn assign(&mut self, target: &Target, value: Datum, ty: SqlType) -> Result<()> {
        if target.steps.is_empty() {
            return self.store(target.dno, value, ty);
        }
        let steps = self.evaluated(&target.steps)?;
        let name = self.body().variables[target.dno].name.clone();
        match &mut self.slots[target.dno] {
            Slot::Scalar(whole, old) => {
                let (whole, old) = (*whole, std::mem::replace(old, Datum::Null));
                let kept = old.clone();
                match self.with_part(whole, old, &steps, value, ty, &name) {
                    Ok(new) => {
                        self.set_scalar(target.dno, new);
                        Ok(())
                    }
                    Err(error) => {
                        self.set_scalar(target.dno, kept);
                        Err(error)
                    }
                }
            }
            Slot::Record(record) => {
                let [EvaluatedStep::Field(field), rest @ ..] = steps.as_slice() else {
                    return Err(cannot_subscript());
                };
                let at = record.position(&name, field)?;
                let row = record.row_mut(&name)?;
                let (whole, old) = (row.fields[at].1, row.values[at].clone());
                let new = match rest {
                    [] => self.converted(value, ty, whole)?,
                    rest => self.with_part(whole, old, rest, value, ty, field)?,
                };
                if let Slot::Record(record) = &mut self.slots[target.dno]
                    && let Some(row) = &mut record.row
                {
                    row.values[at] = new;
                }
                Ok(())
            }
        }
    }

    fn evaluated(&mut self, steps: &[Step]) -> Result<Vec<EvaluatedStep>> {
        let mut evaluated = Vec::with_capacity(steps.len());
        for step in steps {
            evaluated.push(match step {
                Step::Field(name) => EvaluatedStep::Field(name.clone()),
                Step::Index(expr) => EvaluatedStep::Index(self.evaluate(expr)?),
                Step::Slice(lower, upper) => EvaluatedStep::Slice(
                    lower.as_ref().map(|expr| self.evaluate(expr)).transpose()?,
                    upper.as_ref().map(|expr| self.evaluate(expr)).transpose()?,
                ),
            });
        }
        Ok(evaluated)
    }

    /// A value with a part of it replaced.
    fn with_part(
        &mut self,
        whole: SqlType,
        old: Datum,
        steps: &[EvaluatedStep],
        value: Datum,
        ty: SqlType,
        name: &str,
    ) -> Result<Datum> {
        let eval = self.frame.eval()?;
        match steps {
            [] => self.converted(value, ty, whole),
            [EvaluatedStep::Field(field), rest @ ..] => {
                let fields = fields_of(whole, &eval.catalog).ok_or_else(|| {
                    Error::new(
                        sqlstate::DATATYPE_MISMATCH,
                        format!(
                            "cannot assign to field \"{field}\" of column \"{name}\" because its \
                             type {} is not a composite type",
                            eval.catalog.format_type(&[], whole.oid, Some(-1))
                        ),
                    )
                })?;
                let at = fields.iter().position(|(known, _)| known == field);
                let at = at.ok_or_else(|| super::slot::no_field(name, field))?;
                let mut values = match old {
                    Datum::Record(values) => values,
                    _ => fields.iter().map(|(_, ty)| (ty.oid, Datum::Null)).collect(),
                };
                let before = std::mem::replace(&mut values[at].1, Datum::Null);
                values[at].1 = self.with_part(fields[at].1, before, rest, value, ty, field)?;
                Ok(Datum::Record(values))
            }
            _ => {
                let base = eval.catalog.base_type(whole);
                let new = self.with_subscripted((whole, base), old, steps, (value, ty), name)?;
                // A domain's constraints look at the whole.
                if base.oid == whole.oid { Ok(new) } else { self.converted(new, base, whole) }
            }
        }
    }

    /// A value with what some subscripts lead to replaced; `base`: under the domain that
    /// `whole` may be.
    fn with_subscripted(
        &mut self,
        (whole, base): (SqlType, SqlType),
        old: Datum,
        steps: &[EvaluatedStep],
        (value, ty): (Datum, SqlType),
        name: &str,
    ) -> Result<Datum> {
        let eval = self.frame.eval()?;
        let subscripts = steps.iter().take_while(|s| !matches!(s, EvaluatedStep::Field(_))).count();
        let (subscripts, rest) = steps.split_at(subscripts);
        if base.oid == oid::JSONB {
            return self.with_json_part(old, subscripts, rest, value, ty);
        }
        if let Some(of) = subscripting(&eval.catalog, base.oid) {
            return self.with_value_at_key(of, base, old, (subscripts, rest), value, ty);
        }
        let element = eval.catalog.type_(base.oid).map_or(oid::INVALID, |ty| ty.element);
        if element == oid::INVALID {
            let name = eval.catalog.format_type(&[], whole.oid, Some(-1));
            return Err(cannot_subscript_type(&name));
        }
        let element = SqlType::with_typmod(element, base.typmod);
        let subscripts = &self.positions(subscripts)?[..];
        let sliced = subscripts.iter().any(|s| matches!(s, EvaluatedStep::Slice(..)));
        let part = match (sliced, rest) {
            (true, _) => self.converted(value, ty, base)?,
            (false, []) => self.converted(value, ty, element)?,
            (false, rest) => {
                let inside = element_of(&old, subscripts);
                self.with_part(element, inside, rest, value, ty, name)?
            }
        };
        self.with_element(base, old, subscripts, part, element, sliced)
    }

    /// Subscripts of an array.
    fn positions(&mut self, steps: &[EvaluatedStep]) -> Result<Vec<EvaluatedStep>> {
        let int4 = SqlType::new(oid::INT4);
        let mut index = |(value, ty): &(Datum, SqlType)| -> Result<(Datum, SqlType)> {
            Ok((self.converted(value.clone(), *ty, int4)?, int4))
        };
        let mut positions = Vec::with_capacity(steps.len());
        for step in steps {
            positions.push(match step {
                EvaluatedStep::Field(name) => EvaluatedStep::Field(name.clone()),
                EvaluatedStep::Index(at) => EvaluatedStep::Index(index(at)?),
                EvaluatedStep::Slice(lower, upper) => EvaluatedStep::Slice(
                    lower.as_ref().map(&mut index).transpose()?,
                    upper.as_ref().map(&mut index).transpose()?,
                ),
            });
        }
        Ok(positions)
    }

    fn with_element(
        &mut self,
        array: SqlType,
        old: Datum,
        subscripts: &[EvaluatedStep],
        part: Datum,
        element: SqlType,
        sliced: bool,
    ) -> Result<Datum> {
        let int4 = SqlType::new(oid::INT4);
        let symbol = if sliced { "array_assign_slice" } else { "array_assign_element" };
        let kernel = functions::kernel(symbol)
            .ok_or_else(|| Error::internal("arrays cannot be assigned to"))?;
        let mut args = vec![old, part];
        if sliced {
            let mut given = String::new();
            let mut bounds = Vec::new();
            for step in subscripts {
                let value =
                    |bound: &Option<(Datum, SqlType)>| bound.as_ref().map(|it| it.0.clone());
                let pair = match step {
                    EvaluatedStep::Index((upper, _)) => [Some(Datum::Int4(1)), Some(upper.clone())],
                    EvaluatedStep::Slice(lower, upper) => [value(lower), value(upper)],
                    EvaluatedStep::Field(_) => continue,
                };
                for (bound, letter) in pair.into_iter().zip(['l', 'u']) {
                    given.push(if bound.is_some() { letter } else { '-' });
                    bounds.extend(bound);
                }
            }
            args.push(Datum::Text(given));
            args.extend(bounds);
        } else {
            args.extend(subscripts.iter().filter_map(|step| match step {
                EvaluatedStep::Index((index, _)) => Some(index.clone()),
                _ => None,
            }));
        }
        let mut types = vec![array, if sliced { array } else { element }];
        types.resize(args.len(), int4);
        let eval = self.frame.eval()?;
        let call = CallContext { eval: &eval, args: &types, result: array };
        (kernel.scalar)(&call, &args)
    }

    /// The numbers of values and of targets differ.
    fn check_count(&mut self) -> Result<()> {
        let check = extra::STRICT_MULTI_ASSIGNMENT;
        let Some(severity) = extra::level(&self.frame.ctx.eval, check)? else { return Ok(()) };
        let setting = match severity {
            Severity::Warning => "extra_warnings",
            _ => "extra_errors",
        };
        let error = Error::new(
            sqlstate::DATATYPE_MISMATCH,
            "number of source and target fields in assignment does not match",
        )
        .with_detail(format!("{check} check of {setting} is active."))
        .with_hint("Make sure the query returns the exact list of columns.");
        match severity {
            Severity::Warning => self.warn(error),
            _ => return Err(error),
        }
        Ok(())
    }

    /// Puts a row of a query where INTO says; no row is a row of NULLs.
    pub(super) fn store_into(
        &mut self,
        into: &Into,
        columns: &[ResultColumn],
        row: Option<Vec<Datum>>,
    ) -> Result<()> {
        match into {
            Into::Record(dno) => {
                let fields: Fields =
                    columns.iter().map(|column| (column.name.clone(), column.ty)).collect();
                match row {
                    Some(values) => {
                        let ty = record::type_of(fields.to_vec());
                        self.store_row(*dno, ty, &fields, values)
                    }
                    None => {
                        if let Slot::Record(record) = &mut self.slots[*dno] {
                            record.row = None;
                            if record.declared.is_none() {
                                record.known_fields(fields);
                            }
                        }
                        Ok(())
                    }
                }
            }
            Into::List(targets) => {
                if targets.len() != columns.len() {
                    self.check_count()?;
                }
                let mut values = row.unwrap_or_default().into_iter().zip(columns);
                for target in targets {
                    let (value, ty) = match values.next() {
                        Some((value, column)) => (value, column.ty),
                        None => (Datum::Null, SqlType::new(oid::UNKNOWN)),
                    };
                    self.assign(target, value, ty)?;
                }
                Ok(())
            }
        }
    }
}

/// Subscripts with the types that they have; what is subscripted says what they become.
pub(super) enum EvaluatedStep {
    Field(String),
    Index((Datum, SqlType)),
    Slice(Option<(Datum, SqlType)>, Option<(Datum, SqlType)>),
}

fn element_of(array: &Datum, subscripts: &[EvaluatedStep]) -> Datum {
    let Datum::Array(array) = array else { return Datum::Null };
    let mut positions = Vec::new();
    for step in subscripts {
        match step {
            EvaluatedStep::Index((Datum::Int4(at), _)) => positions.push(*at),
            _ => return Datum::Null,
        }
    }
    crate::sql::run::eval::array_element(array, &positions)
}

fn null_refused(name: &str) -> Error {
    Error::new(
        sqlstate::NULL_VALUE_NOT_ALLOWED,
        format!("null value cannot be assigned to variable \"{name}\" declared NOT NULL"),
    )
}

fn cannot_subscript() -> Error {
    cannot_subscript_type("record")
}

pub(super) fn cannot_subscript_type(name: &str) -> Error {
    Error::new(
        sqlstate::DATATYPE_MISMATCH,
        format!("cannot subscript type {name} because it does not support subscripting"),
    )
}
