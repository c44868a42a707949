//! What CREATE FUNCTION checks of a body (`check_function_bodies`).

use std::sync::Arc;

use super::command::{bind_call, shape_of};
use super::shape::Shape;
use super::sql_function::{Arguments, RowConversion, return_mismatch, statements};
use crate::catalog::Function;
use crate::error::{Error, Report, Result};
use crate::sql::bind::{Binder, is_polymorphic};
use crate::sql::functions::EvalContext;
use crate::sql::ir::Statement;
use crate::sql::parse::NodeEnum;
use crate::sql::plpgsql;
use crate::sql::types::SqlType;

/// Checks a function's body; answers warnings. Positions of errors count in the body.
pub fn validate(function: &Function, eval: &EvalContext) -> Result<Vec<Report>> {
    match function.language.as_str() {
        "sql" => sql_body(function, eval).map(|()| Vec::new()),
        "plpgsql" => plpgsql::validate(function, eval),
        _ => Ok(Vec::new()),
    }
}

fn sql_body(function: &Function, eval: &EvalContext) -> Result<()> {
    let context = || format!("SQL function \"{}\"", function.name);
    let in_body = |error: Error| match error.report().offset {
        Some(_) => error.in_internal_query(&function.source),
        None => error.with_context(context()),
    };
    let plans = statements(&function.source).map_err(in_body)?;
    if function.args.iter().any(|ty| is_polymorphic(*ty)) {
        return Ok(());
    }
    let arguments = Arc::new(Arguments {
        function: function.name.clone(),
        names: function.arg_names.clone(),
        types: function.args.iter().map(|ty| SqlType::new(*ty)).collect(),
    });
    let mut last = None;
    for plan in &plans {
        last = None;
        match &plan.parsed.node {
            NodeEnum::SelectStmt(select) if select.into_clause.is_some() => {}
            NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_) => {
                let mut binder = Binder::with_variables(eval, arguments.clone());
                let statement = binder.bind_statement(&plan.parsed.node).map_err(in_body)?;
                last = columns(&statement);
            }
            NodeEnum::CallStmt(call) => {
                let bound = bind_call(call, eval, arguments.clone()).map_err(in_body)?;
                if !bound.outputs.is_empty() {
                    return Err(Error::new(
                        crate::sqlstate::FEATURE_NOT_SUPPORTED,
                        "calling procedures with output arguments is not supported in SQL \
                         functions",
                    )
                    .with_context(context()));
                }
            }
            NodeEnum::TransactionStmt(_) => {
                return Err(Error::new(
                    crate::sqlstate::INVALID_FUNCTION_DEFINITION,
                    "transaction commands are not allowed in an SQL function",
                )
                .with_context(context()));
            }
            _ => {}
        }
    }
    let (result, shape) = shape_of(function, eval);
    if matches!(shape, Shape::Void) {
        return Ok(());
    }
    let Some(columns) = last else {
        return Err(return_mismatch(result, eval)
            .with_detail(
                "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.",
            )
            .with_context(context()));
    };
    match RowConversion::new(&shape, &columns, eval) {
        Ok(_) => Ok(()),
        Err(misfit) => Err(misfit.into_error(&shape, result, eval).with_context(context())),
    }
}

fn columns(statement: &Statement) -> Option<Vec<SqlType>> {
    let returning = match statement {
        Statement::Query(query) => {
            return Some(query.output.iter().map(|column| column.ty).collect());
        }
        other => other.returning(),
    };
    returning.map(|returning| returning.exprs.iter().map(|(column, _)| column.ty).collect())
}
