//! Functions whose body is SQL: its statements one after the other; the last one's
//! rows are the result.

use std::sync::Arc;

use parking_lot::Mutex;

use super::call::{Request, Sink};
use super::counted::{self, Counted};
use super::frame::{Answer, Frame, RESTARTS_MAX};
use super::plan::{Code, Plan, Types};
use super::shape::{Converter, Shape, row_mismatch};
use super::{Key, command};
use crate::catalog::Function;
use crate::error::{Error, Result};
use crate::sql::bind::{Conflict, Conversion, VariableRef, Variables};
use crate::sql::functions::{EvalContext, SettingsView};
use crate::sql::outcome::ResultColumn;
use crate::sql::parse::{self, NodeEnum};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

/// A body for one set of argument types.
pub struct SqlFunction {
    name: String,
    statements: Vec<Plan>,
    variables: Arc<Arguments>,
    shape: Shape,
    /// Of the last statement's columns, as they were when it was last bound.
    conversion: Mutex<Option<(Vec<SqlType>, Arc<RowConversion>)>>,
}

/// Where an error is that is found before a function's first statement runs.
const STARTUP: &str = "during startup";

/// The arguments as a body names them.
#[derive(Clone)]
pub struct Arguments {
    pub function: String,
    pub names: Vec<String>,
    pub types: Vec<SqlType>,
}

impl Variables for Arguments {
    fn find(&self, names: &[&str]) -> Result<Option<(VariableRef, SqlType)>> {
        let name = match names {
            [name] => *name,
            [function, name] if *function == self.function => *name,
            _ => return Ok(None),
        };
        let index = match name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok()) {
            Some(number) => {
                if number == 0 || number > self.types.len() {
                    return Err(Error::new(
                        sqlstate::UNDEFINED_PARAMETER,
                        format!("there is no parameter ${number}"),
                    ));
                }
                Some(number - 1)
            }
            None => self.names.iter().position(|known| known == name && !known.is_empty()),
        };
        Ok(index.and_then(|at| Some((VariableRef::Whole(at), *self.types.get(at)?))))
    }

    fn conflict(&self) -> Conflict {
        Conflict::UseColumn
    }
}

impl Types for Arc<Arguments> {
    fn type_of(&self, variable: &VariableRef) -> Option<SqlType> {
        match variable {
            VariableRef::Whole(at) => self.types.get(*at).copied(),
            VariableRef::Field(..) => None,
        }
    }

    fn variables(&self) -> Arc<dyn Variables> {
        self.clone()
    }
}

/// The statements of a body.
pub fn statements(source: &str) -> Result<Vec<Plan>> {
    Ok(parse::parse(source)?.iter().cloned().map(Plan::new).collect())
}

impl SqlFunction {
    pub fn compile(
        function: &Function,
        types: &[SqlType],
        result: SqlType,
        eval: &EvalContext,
    ) -> Result<SqlFunction> {
        Ok(SqlFunction {
            name: function.name.clone(),
            statements: statements(&function.source)
                .map_err(|error| error.in_internal_query(&function.source))?,
            variables: Arc::new(Arguments {
                function: function.name.clone(),
                names: function.arg_names.clone(),
                types: types.to_vec(),
            }),
            shape: Shape::of(result, &eval.catalog),
            conversion: Mutex::new(None),
        })
    }
}

/// Runs a function.
pub fn run(request: &Request<'_>, frame: &mut Frame<'_>, sink: &mut dyn Sink) -> Result<()> {
    let function = request.function;
    let mut types = request.types.to_vec();
    types.push(request.result);
    let key = Key { function: function.oid, types, table: oid::INVALID };
    let eval = frame.eval()?;
    let body = eval.session.routines()?.get(key, function, || {
        SqlFunction::compile(function, request.types, request.result, &eval)
    })?;
    let count = body.statements.len();
    for (at, statement) in body.statements.iter().enumerate() {
        let last = at + 1 == count;
        let result = body.statement(statement, last, request, frame, sink);
        result.map_err(|error| body.located(error, at + 1))?;
    }
    if count == 0 && !matches!(body.shape, Shape::Void) {
        return Ok(());
    }
    if matches!(body.shape, Shape::Void) && !sink.is_full() && !function.returns_set {
        sink.put(Datum::Null, frame)?;
    }
    Ok(())
}

impl SqlFunction {
    /// Says where an error is, unless it says so: what is found before the first statement
    /// runs is of none of them.
    fn located(&self, error: Error, statement: usize) -> Error {
        let place = |what: String| format!("SQL function \"{}\" {what}", self.name);
        let context = error.report().context.as_deref().unwrap_or_default();
        match context.ends_with(&place(STARTUP.to_owned())) {
            true => error,
            false => error.with_context(place(format!("statement {statement}"))),
        }
    }

    fn statement(
        &self,
        plan: &Plan,
        last: bool,
        request: &Request<'_>,
        frame: &mut Frame<'_>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        frame.check_cancel()?;
        frame.check_allowed(&plan.parsed)?;
        if let Some(mut answer) = self.special(plan, request, frame)? {
            return self.rows(&mut answer, last, request, frame, sink);
        }
        for _ in 0..RESTARTS_MAX {
            let ctx = frame.begin_statement()?;
            let bound = plan
                .bound(&binding(request.function, &ctx.eval), &self.variables)
                .map_err(|error| error.in_internal_query(&plan.parsed.text))?;
            let params: Vec<Datum> = bound.used.iter().map(|(v, _)| argument(v, request)).collect();
            let counted = Counted::begin(frame, plan, &bound);
            let answer = match &bound.code {
                Code::Expression(evaluator, permissions) => {
                    frame.value_as_row(evaluator, permissions.as_ref(), &params)
                }
                Code::Statement(prepared) => frame.run(prepared, &params, ctx),
            };
            match counted::finished(answer, counted) {
                Err(error) if error.is_catalog_changed() => {}
                answer => return self.rows(&mut answer?, last, request, frame, sink),
            }
        }
        Err(Error::catalog_changed())
    }

    /// Statements that neither `sql` nor a plan runs.
    fn special(
        &self,
        plan: &Plan,
        request: &Request<'_>,
        frame: &mut Frame<'_>,
    ) -> Result<Option<Answer>> {
        match &plan.parsed.node {
            NodeEnum::TransactionStmt(_) => Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!(
                    "{} is not allowed in an SQL function",
                    transaction_verb(&plan.parsed.node)
                ),
            )),
            NodeEnum::CallStmt(call) => {
                let value = |variable: &VariableRef| argument(variable, request);
                command::call_nested(call, frame, &self.variables, &value).map(Some)
            }
            _ => command::session_command(&plan.parsed, frame),
        }
    }

    fn rows(
        &self,
        answer: &mut Answer,
        last: bool,
        request: &Request<'_>,
        frame: &mut Frame<'_>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        if !last || matches!(self.shape, Shape::Void) {
            while answer.next(frame)?.is_some() {}
            return Ok(());
        }
        let Some(columns) = answer.columns.clone() else {
            return Err(mismatch(request, frame)
                .with_detail("Final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING."));
        };
        let conversion = self.conversion(&columns, request, frame)?;
        while let Some(row) = answer.next(frame)? {
            if !sink.is_full() {
                let value = conversion.row(row, frame)?;
                sink.put(value, frame)?;
            }
            // A lazily read SELECT stops; what changes rows has run to its end already.
            if sink.is_full() {
                break;
            }
        }
        Ok(())
    }

    fn conversion(
        &self,
        columns: &[ResultColumn],
        request: &Request<'_>,
        frame: &mut Frame<'_>,
    ) -> Result<Arc<RowConversion>> {
        let types: Vec<SqlType> = columns.iter().map(|column| column.ty).collect();
        if let Some((known, conversion)) = &*self.conversion.lock()
            && *known == types
        {
            return Ok(conversion.clone());
        }
        let eval = frame.eval()?;
        let made = RowConversion::new(&self.shape, &types, &eval);
        let made = made.map_err(|misfit| {
            misfit
                .into_error(&self.shape, request.result, &eval)
                .with_context(format!("SQL function \"{}\" {STARTUP}", self.name))
        })?;
        let conversion = Arc::new(made);
        *self.conversion.lock() = Some((types, conversion.clone()));
        Ok(conversion)
    }
}

/// What a function's body is bound in: under a path of its own, if it has one.
fn binding(function: &Function, eval: &Arc<EvalContext>) -> Arc<EvalContext> {
    match function.body_path(&eval.catalog) {
        Some(search_path) if search_path != eval.settings.search_path => {
            let settings = SettingsView { search_path, ..(*eval.settings).clone() };
            Arc::new(EvalContext { settings: Arc::new(settings), ..(**eval).clone() })
        }
        _ => eval.clone(),
    }
}

fn argument(variable: &VariableRef, request: &Request<'_>) -> Datum {
    match variable {
        VariableRef::Whole(at) => request.args.get(*at).cloned().unwrap_or(Datum::Null),
        VariableRef::Field(..) => Datum::Null,
    }
}

fn mismatch(request: &Request<'_>, frame: &Frame<'_>) -> Error {
    return_mismatch(request.result, &frame.ctx.eval)
}

/// `42P13`: the body does not give what the function is declared to return.
pub fn return_mismatch(result: SqlType, eval: &EvalContext) -> Error {
    let name = eval.catalog.format_type(&eval.settings.search_path, result.oid, Some(-1));
    Error::new(
        sqlstate::INVALID_FUNCTION_DEFINITION,
        format!("return type mismatch in function declared to return {name}"),
    )
}

/// Why a statement's columns are not what the function returns.
pub enum Misfit {
    Detail(String),
    Failed(Error),
}

impl Misfit {
    pub fn into_error(self, shape: &Shape, result: SqlType, eval: &EvalContext) -> Error {
        match (self, shape) {
            (Misfit::Failed(error), _) => error,
            (Misfit::Detail(detail), Shape::AnyRow) => row_mismatch(detail),
            (Misfit::Detail(detail), _) => return_mismatch(result, eval).with_detail(detail),
        }
    }
}

/// How a row of the last statement becomes the function's result.
pub struct RowConversion {
    columns: Vec<Converter>,
    types: Vec<SqlType>,
    row: bool,
    /// The one column is a row; its own fields have to be these.
    fields: Option<Vec<SqlType>>,
}

impl RowConversion {
    pub fn new(
        shape: &Shape,
        columns: &[SqlType],
        eval: &EvalContext,
    ) -> std::result::Result<RowConversion, Misfit> {
        let name =
            |ty: SqlType| eval.catalog.format_type(&eval.settings.search_path, ty.oid, Some(-1));
        let convert = |from: SqlType, to: SqlType| {
            Converter::new(eval, from, to, Conversion::Assignment).map_err(Misfit::Failed)
        };
        let targets: Vec<SqlType> = match shape {
            Shape::Void => Vec::new(),
            Shape::Scalar(ty) => {
                let [only] = columns else {
                    let detail = "Final statement must return exactly one column.";
                    return Err(Misfit::Detail(detail.to_owned()));
                };
                let Some(converter) = convert(*only, *ty)? else {
                    return Err(Misfit::Detail(format!("Actual return type is {}.", name(*only))));
                };
                return Ok(RowConversion {
                    columns: vec![converter],
                    types: vec![*ty],
                    row: false,
                    fields: None,
                });
            }
            Shape::AnyRow => columns.to_vec(),
            Shape::Row(ty, fields) => {
                // One column of the very type is the row itself.
                if let [only] = columns
                    && (only.oid == ty.oid && ty.oid != oid::RECORD)
                {
                    let converter = convert(*only, *ty)?;
                    return Ok(RowConversion {
                        columns: converter.into_iter().collect(),
                        types: vec![*ty],
                        row: false,
                        fields: None,
                    });
                }
                // So is a row of no named type, whose fields show when it is there.
                if let [only] = columns
                    && (only.oid == oid::RECORD && ty.oid == oid::RECORD && fields.len() > 1)
                {
                    return Ok(RowConversion {
                        columns: Vec::new(),
                        types: vec![*ty],
                        row: false,
                        fields: Some(fields.iter().map(|(_, ty)| *ty).collect()),
                    });
                }
                fields.iter().map(|(_, ty)| *ty).collect()
            }
        };
        if columns.len() > targets.len() {
            return Err(Misfit::Detail("Final statement returns too many columns.".to_owned()));
        }
        if columns.len() < targets.len() {
            return Err(Misfit::Detail("Final statement returns too few columns.".to_owned()));
        }
        let mut converters = Vec::with_capacity(columns.len());
        for (at, (from, to)) in columns.iter().zip(&targets).enumerate() {
            let Some(converter) = convert(*from, *to)? else {
                return Err(Misfit::Detail(format!(
                    "Final statement returns {} instead of {} at column {}.",
                    name(*from),
                    name(*to),
                    at + 1
                )));
            };
            converters.push(converter);
        }
        Ok(RowConversion { columns: converters, types: targets, row: true, fields: None })
    }

    fn row(&self, row: Vec<Datum>, frame: &mut Frame<'_>) -> Result<Datum> {
        let eval = frame.eval()?;
        if let Some(fields) = &self.fields {
            let value = row.into_iter().next().unwrap_or(Datum::Null);
            if let Datum::Record(given) = &value {
                check_fields(given, fields, &eval)?;
            }
            return Ok(value);
        }
        let mut values = row
            .into_iter()
            .zip(&self.columns)
            .map(|(value, converter)| converter.convert(&eval, value))
            .collect::<Result<Vec<_>>>()?;
        if !self.row {
            return Ok(values.pop().unwrap_or(Datum::Null));
        }
        Ok(Datum::Record(self.types.iter().map(|ty| ty.oid).zip(values).collect()))
    }
}

/// A row that a function gives as one value has the fields that are expected of it.
fn check_fields(given: &[(u32, Datum)], expected: &[SqlType], eval: &EvalContext) -> Result<()> {
    let name = |oid| eval.catalog.format_type(&eval.settings.search_path, oid, None);
    let (count, wanted) = (given.len(), expected.len());
    if count != wanted {
        let attributes = if count == 1 { "attribute" } else { "attributes" };
        return Err(row_mismatch(format!(
            "Returned row contains {count} {attributes}, but query expects {wanted}."
        )));
    }
    let pairs = given.iter().zip(expected).zip(1..);
    match pairs.into_iter().find(|(((oid, _), ty), _)| *oid != ty.oid) {
        None => Ok(()),
        Some((((oid, _), ty), place)) => Err(row_mismatch(format!(
            "Returned type {} at ordinal position {place}, but query expects {}.",
            name(*oid),
            name(ty.oid)
        ))),
    }
}

fn transaction_verb(node: &NodeEnum) -> &'static str {
    use crate::sql::parse::ast::TransactionStmtKind as Kind;
    let NodeEnum::TransactionStmt(node) = node else { return "this statement" };
    match node.kind() {
        Kind::TransStmtBegin => "BEGIN",
        Kind::TransStmtStart => "START TRANSACTION",
        Kind::TransStmtCommit => "COMMIT",
        Kind::TransStmtRollback | Kind::TransStmtRollbackTo => "ROLLBACK",
        Kind::TransStmtSavepoint => "SAVEPOINT",
        Kind::TransStmtRelease => "RELEASE",
        _ => "PREPARE TRANSACTION",
    }
}
