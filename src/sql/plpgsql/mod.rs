//! PL/pgSQL: compiled to a tree, interpreted.
//!
//! ```text
//! text ── lexer ── parser ──▶ Body (ast)         once per session, function and types
//! call ── Exec: slots, flow ── frame ──▶ sql     statements bound once per catalog
//! ```
//!
//! The interpreter is plain code without awaiting: it runs on a thread that may block
//! (see [`super::routine`]). An expression that reads no table is bound to the scalar
//! evaluator and costs no statement.
//!
//! | file | what it is |
//! |---|---|
//! | `ast` | blocks, statements, variables, namespaces |
//! | `lexer`, `parser` | from text to tree |
//! | `exec` | running it |
//! | `conditions` | condition names |
//! | `extra` | checks that are off by default |
//!
//! Not here: `WHERE CURRENT OF` a cursor of a function, event triggers.

mod ast;
mod conditions;
mod exec;
mod extra;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::bind::Conflict;
use super::functions::EvalContext;
use super::routine::call::{Request, Sink};
use super::routine::trigger::TriggerCall;
use super::routine::{Converter, Frame, Key};
use super::types::{Datum, SqlType, oid};
use crate::catalog::{Catalog, Function, FunctionKind};
use crate::error::{Error, Report, Result};
use ast::{Body, Purpose};
use exec::Exec;

/// A compiled body and what it has learnt since.
pub struct Compiled {
    body: Body,
    conflict: Conflict,
    conversions: Mutex<Conversions>,
}

/// Conversions between types, for one catalog.
#[derive(Default)]
struct Conversions {
    catalog: Option<Arc<Catalog>>,
    known: HashMap<(SqlType, SqlType), Option<Arc<Converter>>>,
}

impl Compiled {
    fn new(
        text: &str,
        name: &str,
        signature: String,
        parameters: &[parser::Parameter],
        purpose: &Purpose,
        eval: &EvalContext,
    ) -> Result<Compiled> {
        let (body, conflict) = parser::compile(text, name, signature, parameters, purpose, eval)?;
        Ok(Compiled { body, conflict, conversions: Mutex::default() })
    }
}

/// Compiles a function of the catalog.
fn compile(
    function: &Function,
    types: &[SqlType],
    result: SqlType,
    table: Option<u32>,
    eval: &EvalContext,
) -> Result<Compiled> {
    compile_for(function, types, result, table, eval, false)
}

fn compile_for(
    function: &Function,
    types: &[SqlType],
    result: SqlType,
    table: Option<u32>,
    eval: &EvalContext,
    creation: bool,
) -> Result<Compiled> {
    let purpose = Purpose {
        returns_set: function.returns_set,
        result,
        is_procedure: function.kind == FunctionKind::Procedure,
        is_trigger: function.returns == oid::TRIGGER,
        table: table.unwrap_or(oid::INVALID),
        creation,
    };
    let parameters = parser::parameters(function, types, result);
    let path = &eval.settings.search_path;
    let signature = eval.catalog.function_signature(path, function);
    Compiled::new(&function.source, &function.name, signature, &parameters, &purpose, eval)
        .map_err(|error| in_compilation(error, &function.name))
}

/// Says where a body did not compile, unless the error points at the place itself.
fn in_compilation(error: Error, name: &str) -> Error {
    let report = error.report();
    if report.internal_query.is_some() {
        return error;
    }
    match report.context.clone() {
        Some(near) if near.starts_with("near line") => {
            let mut report = error.into_report();
            report.context = Some(format!("compilation of PL/pgSQL function \"{name}\" {near}"));
            Error::from_report(report)
        }
        _ => error.with_context(format!("compilation of PL/pgSQL function \"{name}\" near line 1")),
    }
}

/// Checks a body when its function is created; answers warnings.
pub fn validate(function: &Function, eval: &EvalContext) -> Result<Vec<Report>> {
    use crate::sql::bind;
    if !function.args.iter().all(|ty| !bind::is_polymorphic(*ty)) {
        return Ok(Vec::new());
    }
    let types: Vec<SqlType> = function.args.iter().map(|ty| SqlType::new(*ty)).collect();
    let result = SqlType::new(function.returns);
    let compiled = compile_for(function, &types, result, None, eval, true)?;
    Ok(compiled.body.warnings)
}

/// Runs a function or a procedure.
pub fn run(request: &Request<'_>, frame: &mut Frame<'_>, sink: &mut dyn Sink) -> Result<()> {
    let function = request.function;
    if function.returns == oid::TRIGGER {
        return Err(Error::new(
            crate::sqlstate::FEATURE_NOT_SUPPORTED,
            "trigger functions can only be called as triggers",
        )
        .with_context(format!(
            "compilation of PL/pgSQL function \"{}\" near line 1",
            function.name
        )));
    }
    let mut types = request.types.to_vec();
    types.push(request.result);
    let key = Key { function: function.oid, types, table: oid::INVALID };
    let eval = frame.eval()?;
    let compiled = eval
        .session
        .routines()?
        .get(key, function, || compile(function, request.types, request.result, None, &eval))?;
    let mut exec = Exec::new(&compiled, frame, Some(function), Some(sink), request.result)?;
    exec.call(request.args, request.types)
}

/// Runs a trigger function; answers the row that it returns, if it returns one.
pub fn run_trigger(call: &TriggerCall<'_>, frame: &mut Frame<'_>) -> Result<Option<Vec<Datum>>> {
    let function = &call.function;
    let key = Key { function: function.oid, types: Vec::new(), table: call.trigger };
    let eval = frame.eval()?;
    let result = SqlType::new(oid::TRIGGER);
    let compiled = eval
        .session
        .routines()?
        .get(key, function, || compile(function, &[], result, Some(call.table.oid), &eval))?;
    let mut exec = Exec::new(&compiled, frame, Some(function), None, result)?;
    exec.trigger(call)
}

/// Runs a DO block.
pub fn run_block(text: &str, frame: &mut Frame<'_>) -> Result<()> {
    const NAME: &str = "inline_code_block";
    let result = SqlType::new(oid::VOID);
    let purpose = Purpose {
        returns_set: false,
        result,
        is_procedure: false,
        is_trigger: false,
        table: oid::INVALID,
        creation: false,
    };
    let eval = frame.eval()?;
    let compiled = Compiled::new(text, NAME, NAME.to_owned(), &[], &purpose, &eval)
        .map_err(|error| in_compilation(error, NAME))?;
    let mut exec = Exec::new(&compiled, frame, None, None, result)?;
    exec.call(&[], &[])
}
