//! The result of a routine in the form that its caller wants.

use std::sync::Arc;

use crate::catalog::{Catalog, Function, TypeKind};
use crate::error::{Error, Result};
use crate::sql::bind::{self, Conversion};
use crate::sql::functions::EvalContext;
use crate::sql::run::eval::Evaluator;
use crate::sql::types::{Datum, SqlType, oid, record};
use crate::sqlstate;

/// What a routine answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Void,
    Scalar(SqlType),
    /// A row with these fields.
    Row(SqlType, Arc<[(String, SqlType)]>),
    /// A row whose fields only the call knows, or the body.
    AnyRow,
}

impl Shape {
    /// Of a function called with this actual result type.
    pub fn of(result: SqlType, catalog: &Catalog) -> Shape {
        if result.oid == oid::VOID {
            return Shape::Void;
        }
        if let Some(fields) = fields_of(result, catalog) {
            return Shape::Row(result, fields);
        }
        match result.oid {
            oid::RECORD => Shape::AnyRow,
            _ => Shape::Scalar(result),
        }
    }

    pub fn is_row(&self) -> bool {
        matches!(self, Shape::Row(..) | Shape::AnyRow)
    }
}

/// The fields of a row type, named or not.
pub fn fields_of(ty: SqlType, catalog: &Catalog) -> Option<Arc<[(String, SqlType)]>> {
    if ty.oid == oid::RECORD {
        return record::fields(ty);
    }
    let base = catalog.base_type(ty);
    let TypeKind::Composite { relation } = catalog.type_(base.oid)?.kind else { return None };
    let columns = catalog.relation(relation)?.columns.iter().filter(|column| !column.dropped);
    Some(columns.map(|column| (column.name.clone(), column.ty)).collect())
}

/// The names and types of a function's output parameters.
pub fn outputs(function: &Function) -> Vec<(String, SqlType)> {
    let all = function.all_args.iter().flatten();
    let outs = all.filter(|(mode, ..)| matches!(mode, 'o' | 'b' | 't'));
    outs.enumerate()
        .map(|(index, (_, ty, name))| {
            let name = match name.is_empty() {
                true => format!("column{}", index + 1),
                false => name.clone(),
            };
            (name, SqlType::new(*ty))
        })
        .collect()
}

/// Converts a value from one type to another, compiled once.
pub struct Converter {
    evaluator: Option<Evaluator>,
}

impl Converter {
    /// None if there is no way from the one type to the other.
    pub fn new(
        eval: &EvalContext,
        from: SqlType,
        to: SqlType,
        how: Conversion,
    ) -> Result<Option<Converter>> {
        let same = from.oid == to.oid && (to.typmod < 0 || to.typmod == from.typmod);
        let is_row = to.oid == oid::RECORD;
        if same || is_row {
            return Ok(Some(Converter { evaluator: None }));
        }
        let Some(expr) = bind::bind_conversion(eval, from, to, how)? else { return Ok(None) };
        let evaluator = Some(Evaluator::compile(&expr, &[], &eval.catalog)?);
        Ok(Some(Converter { evaluator }))
    }

    pub fn convert(&self, eval: &EvalContext, value: Datum) -> Result<Datum> {
        match &self.evaluator {
            None => Ok(value),
            Some(evaluator) => evaluator.eval(eval, std::slice::from_ref(&value), &[]),
        }
    }

    pub fn calls_functions(&self) -> bool {
        self.evaluator.as_ref().is_some_and(Evaluator::calls_functions)
    }
}

/// `42804`: a row that does not fit the column definition list of the call.
pub fn row_mismatch(detail: String) -> Error {
    Error::new(
        sqlstate::DATATYPE_MISMATCH,
        "function return row and query-specified return row do not match",
    )
    .with_detail(detail)
}
