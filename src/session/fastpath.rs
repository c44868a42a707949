//! The function call protocol: a function by its OID, with values for its arguments.
//!
//! It runs as the SELECT of its call, so that privileges, notices and transactions are
//! the same. Functions that take or give pseudo-types (`anyelement`, `internal`) answer
//! `0A000`: their types come from an expression, which there is none of.

use std::sync::Arc;

use bytes::Bytes;

use super::execute::failed_transaction;
use super::prepare::{BindRequest, first_row};
use super::rows::RowCursor;
use super::{Phase, Session};
use crate::catalog::{Catalog, Function, FunctionKind, TypeKind, quote_qualified};
use crate::error::{Error, Result};
use crate::sql::outcome::Outcome;
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;

/// What FunctionCall asks for.
pub struct CallRequest {
    pub function: Oid,
    pub param_formats: Vec<i16>,
    pub params: Vec<Option<Bytes>>,
}

impl Session {
    /// Calls a function in a transaction of its own, if there is none: its value, and
    /// that value's type.
    pub async fn call_function(&mut self, request: CallRequest) -> Result<(Datum, Oid)> {
        if self.block.phase == Phase::Failed {
            return Err(failed_transaction());
        }
        self.begin_command(Phase::Single)?;
        self.begin_statement()?;
        let catalog = self.catalog();
        let function = callable(&catalog, &request)?;
        self.log_call(&function.name, function.oid);
        let types = function.args.clone();
        let text = call_text(&catalog, &function)?;
        let parsed = self.parse(&text)?;
        let [parsed] = parsed.as_slice() else {
            return Err(Error::internal("a function call is one statement"));
        };
        let call = self.bind_kept(parsed, Some(&types)).map_err(Error::without_position)?;
        let types: Vec<SqlType> = types.iter().map(|oid| SqlType::new(*oid)).collect();
        let params = self.decode_params(
            &BindRequest {
                portal: String::new(),
                statement: String::new(),
                param_formats: request.param_formats,
                params: request.params,
                result_formats: Vec::new(),
            },
            &types,
            false,
        )?;
        let ran = self.run(&call, params).await.map_err(Error::without_position)?;
        let Outcome::Rows(stream) = ran else {
            return Err(Error::internal("a function call has no row"));
        };
        let mut cursor = RowCursor::new(stream);
        let columns = cursor.columns.clone();
        let rows = self.next_rows(&mut cursor, 1).await.map_err(Error::without_position)?;
        let row = match rows {
            Some(rows) => first_row(rows, &columns, &catalog)?,
            None => None,
        };
        let value = row.and_then(|row| row.into_iter().next());
        let value = value.ok_or_else(|| Error::internal("a function call has no value"))?;
        Ok((value, columns.first().map_or(function.returns, |column| column.ty.oid)))
    }
}

/// The function, if it can be called with so many values.
fn callable(catalog: &Catalog, request: &CallRequest) -> Result<Arc<Function>> {
    let Some(function) = catalog.function(request.function) else {
        return Err(Error::new(
            sqlstate::UNDEFINED_FUNCTION,
            format!("function with OID {} does not exist", request.function),
        ));
    };
    if function.kind != FunctionKind::Function || function.returns_set {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("cannot call function \"{}\" via fastpath interface", function.name),
        ));
    }
    if request.params.len() != function.args.len() {
        return Err(Error::new(
            sqlstate::PROTOCOL_VIOLATION,
            format!(
                "function call message contains {} arguments but function requires {}",
                request.params.len(),
                function.args.len()
            ),
        ));
    }
    let is_pseudo = |ty: &Oid| {
        *ty != oid::VOID && {
            catalog.type_(*ty).is_none_or(|ty| matches!(ty.kind, TypeKind::Pseudo))
        }
    };
    if function.args.iter().chain([&function.returns]).any(is_pseudo) {
        return Err(Error::unsupported(format!(
            "calling function \"{}\", which has pseudo-types, by the function call protocol",
            function.name
        )));
    }
    Ok(function.clone())
}

/// The call as a statement.
fn call_text(catalog: &Catalog, function: &Function) -> Result<String> {
    let schema = catalog.schema(function.schema).map(|schema| schema.name.clone());
    let schema = schema.ok_or_else(|| Error::internal("a function without a schema"))?;
    let name = quote_qualified(Some(&schema), &function.name);
    let last = function.args.len();
    let argument = |number: usize| match number == last && function.variadic != 0 {
        true => format!("VARIADIC ${number}"),
        false => format!("${number}"),
    };
    let arguments: Vec<String> = (1..=last).map(argument).collect();
    Ok(format!("SELECT {name}({})", arguments.join(", ")))
}
