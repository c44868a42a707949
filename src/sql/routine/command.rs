//! DO and CALL, and the statements of the session's own inside of a body.

use std::sync::Arc;

use super::call::{Request, Sink, Surroundings, dispatch};
use super::frame::{Answer, Control, Frame};
use super::plan::Types;
use super::shape::{self, Shape};
use super::waiting::CallDepth;
use crate::catalog::Function;
use crate::error::{Error, Result};
use crate::sql::bind::{self, ProcedureCall, VariableRef, Variables};
use crate::sql::functions::EvalContext;
use crate::sql::outcome::{Outcome, ResultColumn, RowStream, Rows, RowsTag};
use crate::sql::parse::{NodeEnum, ParsedStatement, ast};
use crate::sql::plpgsql;
use crate::sql::privilege::{self, Permissions};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid, SqlType, record};
use crate::sqlstate;

/// A CALL ready to run.
pub struct BoundCall {
    function: Arc<Function>,
    args: Vec<Evaluator>,
    types: Vec<SqlType>,
    result: SqlType,
    pub outputs: Vec<OutputArgument>,
    /// What its parameters stand for, in a body.
    pub used: Vec<(VariableRef, SqlType)>,
    pub params: Vec<SqlType>,
    pub permissions: Permissions,
}

/// What was given for an output parameter.
#[derive(Clone)]
pub struct OutputArgument {
    pub parameter: String,
    /// The dotted name that it is, if it is one.
    pub names: Vec<String>,
}

/// The values of the output parameters.
pub struct CallResult {
    pub outputs: Vec<(OutputArgument, Datum, SqlType)>,
}

impl BoundCall {
    fn new(call: ProcedureCall, eval: &EvalContext) -> Result<BoundCall> {
        let compile = |expr: &crate::sql::ir::Expr| {
            Evaluator::compile(expr, &[], &eval.catalog).map_err(|error| match error.code() {
                sqlstate::FEATURE_NOT_SUPPORTED => Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "cannot use subquery in CALL argument",
                )
                .at(expr.location),
                _ => error,
            })
        };
        Ok(BoundCall {
            args: call.args.iter().map(compile).collect::<Result<_>>()?,
            types: call.args.iter().map(|arg| arg.ty).collect(),
            result: call.result,
            outputs: call
                .outputs
                .into_iter()
                .map(|(parameter, names)| OutputArgument { parameter, names })
                .collect(),
            used: call.used,
            params: call.params,
            permissions: call.permissions,
            function: call.function,
        })
    }

    /// The columns of the row that a client gets.
    pub fn columns(&self, eval: &EvalContext) -> Option<Arc<[ResultColumn]>> {
        let fields = record::fields(self.result)?;
        let column = |(name, ty): &(String, SqlType)| ResultColumn {
            name: name.clone(),
            ty: *ty,
            length: eval.catalog.type_(ty.oid).map_or(-1, |ty| ty.length),
            origin: (0, 0),
        };
        Some(fields.iter().map(column).collect())
    }
}

/// Binds a client's CALL.
pub fn bind_client_call(
    call: &ast::CallStmt,
    eval: &EvalContext,
    declared: &[Oid],
) -> Result<BoundCall> {
    BoundCall::new(bind::bind_call(call, eval, declared)?, eval)
}

/// Binds a CALL in a body.
pub fn bind_call(
    call: &ast::CallStmt,
    eval: &EvalContext,
    variables: Arc<dyn Variables>,
) -> Result<BoundCall> {
    BoundCall::new(bind::bind_call_with(call, eval, variables)?, eval)
}

/// The row of output parameters.
#[derive(Default)]
struct OutputRow(Option<Datum>);

impl Sink for OutputRow {
    fn put(&mut self, value: Datum, _: &Frame<'_>) -> Result<()> {
        self.0.get_or_insert(value);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.0.is_some()
    }
}

/// Runs a CALL from within a frame.
pub fn run_bound_call(
    call: &BoundCall,
    params: &[Datum],
    frame: &mut Frame<'_>,
) -> Result<CallResult> {
    let args =
        call.args.iter().map(|arg| frame.evaluate(arg, params)).collect::<Result<Vec<Datum>>>()?;
    let ctx = frame.begin_statement()?;
    privilege::check(&call.permissions, &ctx.eval)?;
    let control = frame.control.clone().filter(|_| frame.subtransactions == 0);
    let subtransactions = frame.subtransactions;
    let row =
        run_procedure(call, &args, frame.work, ctx, frame.depth + 1, control, subtransactions)?;
    outputs(call, row)
}

fn outputs(call: &BoundCall, row: Option<Datum>) -> Result<CallResult> {
    let fields = record::fields(call.result).map(|fields| fields.to_vec()).unwrap_or_default();
    let values: Vec<Datum> = match row {
        Some(Datum::Record(values)) => values.into_iter().map(|(_, value)| value).collect(),
        _ => vec![Datum::Null; fields.len()],
    };
    let outputs = call.outputs.iter().cloned().zip(values).zip(fields);
    Ok(CallResult { outputs: outputs.map(|((name, value), (_, ty))| (name, value, ty)).collect() })
}

fn run_procedure(
    call: &BoundCall,
    args: &[Datum],
    work: &mut Work,
    ctx: StatementContext,
    depth: usize,
    control: Option<Control>,
    subtransactions: usize,
) -> Result<Option<Datum>> {
    let function = &call.function;
    // A procedure that changes the surroundings cannot leave its transaction.
    let bound = function.options.security_definer || !function.options.config.is_empty();
    let control = control.filter(|_| !bound);
    let mut sink = OutputRow::default();
    CallDepth(depth).run(|| {
        let surroundings = Surroundings::enter(function, &ctx)?;
        let mut frame = Frame::new(work, ctx.clone(), depth, true);
        frame.control = control;
        frame.subtransactions = subtransactions;
        let request = Request { function, args, types: &call.types, result: call.result };
        let result = dispatch(&request, &mut frame, &mut sink);
        surroundings.leave(&ctx);
        result
    })?;
    Ok(sink.0)
}

/// What a client asks for: a CALL or a DO block.
pub enum Top {
    Call(BoundCall),
    Do(String),
}

impl Top {
    /// An error in the text of a DO block points into the statement that has it.
    pub fn in_text(&self, error: Error, text: &str) -> Error {
        match self {
            Top::Do(body) if error.report().internal_query.as_ref() == Some(body) => {
                crate::sql::in_statement_text(error, text)
            }
            _ => error,
        }
    }
}

/// Runs a client's CALL or DO, on a thread that may block.
pub fn run_top(
    top: &Top,
    params: &[Datum],
    work: &mut Work,
    ctx: &StatementContext,
    control: Option<Control>,
) -> Result<Outcome> {
    let mut frame = Frame::new(work, ctx.clone(), 0, true);
    frame.control = control.clone();
    match top {
        Top::Do(text) => {
            frame.depth = 1;
            CallDepth(1).run(|| plpgsql::run_block(text, &mut frame))?;
            Ok(Outcome::Command("DO".to_owned()))
        }
        Top::Call(call) => {
            let result = run_bound_call(call, params, &mut frame)?;
            let Some(columns) = call.columns(&ctx.eval) else {
                return Ok(Outcome::Command("CALL".to_owned()));
            };
            let row = result.outputs.into_iter().map(|(_, value, _)| value).collect();
            Ok(Outcome::Rows(RowStream {
                columns,
                rows: Box::pin(futures::stream::iter([Ok(Rows::Datums(vec![row]))])),
                tag: RowsTag::Fixed("CALL".to_owned()),
                lender: None,
            }))
        }
    }
}

/// The text of a DO block, if its language is one that runs here.
pub fn do_text(statement: &ast::DoStmt) -> Result<String> {
    let mut text = None;
    let mut language = "plpgsql".to_owned();
    for node in &statement.args {
        let Some(NodeEnum::DefElem(option)) = &node.node else { continue };
        let value = match option.arg.as_ref().and_then(|arg| arg.node.as_ref()) {
            Some(NodeEnum::String(value)) => value.sval.clone(),
            _ => continue,
        };
        match option.defname.as_str() {
            "as" if text.is_some() => {
                return Err(Error::syntax("conflicting or redundant options"));
            }
            "as" => text = Some(value),
            "language" => language = value,
            _ => {}
        }
    }
    let text = text.ok_or_else(|| Error::syntax("no inline code specified"))?;
    match language.as_str() {
        "plpgsql" => Ok(text),
        "sql" | "internal" | "c" => Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("language \"{language}\" does not support inline code execution"),
        )),
        _ => Err(Error::new(
            sqlstate::UNDEFINED_OBJECT,
            format!("language \"{language}\" does not exist"),
        )),
    }
}

/// DO inside of a body.
pub fn run_do(statement: &ast::DoStmt, frame: &mut Frame<'_>) -> Result<()> {
    let text = do_text(statement)?;
    let ctx = frame.begin_statement()?;
    let depth = frame.depth + 1;
    let control = frame.control.clone().filter(|_| frame.subtransactions == 0);
    let work = &mut *frame.work;
    CallDepth(depth).run(|| {
        let mut inner = Frame::new(work, ctx, depth, true);
        inner.control = control;
        plpgsql::run_block(&text, &mut inner)
    })
}

/// CALL inside of a function in SQL.
pub fn call_nested(
    call: &ast::CallStmt,
    frame: &mut Frame<'_>,
    types: &dyn Types,
    value: &dyn Fn(&VariableRef) -> Datum,
) -> Result<Answer> {
    let eval = frame.eval()?;
    let bound = bind_call(call, &eval, types.variables())?;
    let params: Vec<Datum> = bound.used.iter().map(|(variable, _)| value(variable)).collect();
    answer_of(&bound, &params, frame)
}

/// CALL in EXECUTE.
pub fn call_dynamic(
    call: &ast::CallStmt,
    params: &[Datum],
    types: &[Oid],
    frame: &mut Frame<'_>,
) -> Result<Answer> {
    let eval = frame.eval()?;
    let bound = bind_client_call(call, &eval, types)?;
    answer_of(&bound, params, frame)
}

fn answer_of(call: &BoundCall, params: &[Datum], frame: &mut Frame<'_>) -> Result<Answer> {
    let eval = frame.eval()?;
    let columns = call.columns(&eval);
    let result = run_bound_call(call, params, frame)?;
    let row = result.outputs.into_iter().map(|(_, value, _)| value).collect();
    Ok(match columns {
        Some(columns) => Answer::from_rows(columns, vec![row]),
        None => Answer::from_rows([].into(), Vec::new()).without_rows(),
    })
}

/// Runs a statement that is the session's own; none if it is another kind.
pub fn session_command(parsed: &ParsedStatement, frame: &mut Frame<'_>) -> Result<Option<Answer>> {
    match &parsed.node {
        NodeEnum::SelectStmt(_)
        | NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_) => return Ok(None),
        NodeEnum::TransactionStmt(_) => {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "unsupported transaction command in PL/pgSQL",
            ));
        }
        _ => {}
    }
    let ctx = frame.begin_statement()?;
    match ctx.eval.session.run_command(parsed)? {
        None => Ok(None),
        Some(outcome) => frame.answer(outcome, ctx).map(Some),
    }
}

/// The shape of a procedure's or function's result, for validation.
pub fn shape_of(function: &Function, eval: &EvalContext) -> (SqlType, Shape) {
    let fields = shape::outputs(function);
    let result = match (function.returns, fields.len()) {
        (crate::sql::types::oid::RECORD, 1..) => record::type_of(fields),
        (returns, _) => SqlType::new(returns),
    };
    (result, Shape::of(result, &eval.catalog))
}
