//! Running a body.

mod assign;
mod cursor;
mod evaluate;
mod flow;
mod handle;
mod key;
mod query;
mod raise;
mod result;
mod slot;

use std::sync::Arc;

use super::Compiled;
use super::ast::{Block, Body, Dno, Kind, Statement, VariableKind};
use crate::catalog::Function;
use crate::error::{Error, Result};
use crate::sql::routine::call::Sink;
use crate::sql::routine::trigger::TriggerCall;
use crate::sql::routine::{Frame, Shape};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;
use slot::{Record, Slot};

/// One execution of a body.
pub struct Exec<'a, 'w> {
    compiled: &'a Compiled,
    frame: &'a mut Frame<'w>,
    function: Option<&'a Arc<Function>>,
    sink: Option<&'a mut dyn Sink>,
    shape: Shape,
    slots: Vec<Slot>,
    /// The statement that runs, for errors: its line, and `at RAISE` or another text.
    current: (u32, At),
    /// The errors that handlers are at work on, innermost last.
    handled: Vec<Error>,
    /// `RAISE` alone has just run.
    raised_again: bool,
    row_count: u64,
    /// What RETURN gave.
    returned: Option<Datum>,
}

/// What an error is said to have happened at.
#[derive(Clone, Copy)]
enum At {
    Statement(&'static str),
    During(&'static str),
}

/// Where control goes after a statement.
enum Flow {
    Next,
    Exit(Option<String>),
    Continue(Option<String>),
    Return,
}

impl<'a, 'w> Exec<'a, 'w> {
    pub fn new(
        compiled: &'a Compiled,
        frame: &'a mut Frame<'w>,
        function: Option<&'a Arc<Function>>,
        sink: Option<&'a mut dyn Sink>,
        result: SqlType,
    ) -> Result<Exec<'a, 'w>> {
        let eval = frame.eval()?;
        let slots = compiled.body.variables.iter().map(|v| Slot::new(v, &eval.catalog)).collect();
        let shape = match result.oid {
            oid::TRIGGER => Shape::AnyRow,
            _ => Shape::of(result, &eval.catalog),
        };
        Ok(Exec {
            compiled,
            frame,
            function,
            sink,
            shape,
            slots,
            current: (0, At::During("during function entry")),
            handled: Vec::new(),
            raised_again: false,
            row_count: 0,
            returned: None,
        })
    }

    fn body(&self) -> &'a Body {
        &self.compiled.body
    }

    /// Calls the body as a function, a procedure or a DO block.
    pub fn call(&mut self, args: &[Datum], types: &[SqlType]) -> Result<()> {
        let result = self.run_call(args, types);
        result.map_err(|error| self.located(error))
    }

    fn run_call(&mut self, args: &[Datum], types: &[SqlType]) -> Result<()> {
        self.current = (0, At::During("while storing call arguments into local variables"));
        for ((dno, value), ty) in self.body().arguments.clone().into_iter().zip(args).zip(types) {
            self.store(dno, value.clone(), *ty)?;
        }
        self.set_found(false);
        self.current = (0, At::During("during function entry"));
        self.block(&self.body().block)?;
        self.finish()
    }

    /// Calls the body as a trigger.
    pub fn trigger(&mut self, call: &TriggerCall<'_>) -> Result<Option<Vec<Datum>>> {
        let result = self.run_trigger(call);
        result.map_err(|error| self.located(error))
    }

    fn run_trigger(&mut self, call: &TriggerCall<'_>) -> Result<Option<Vec<Datum>>> {
        self.set_trigger_variables(call);
        self.set_found(false);
        self.current = (0, At::During("during function entry"));
        let flow = self.block(&self.body().block)?;
        if !matches!(flow, Flow::Return) {
            self.current = (0, At::During(""));
            return Err(no_return("trigger procedure"));
        }
        self.current = (0, At::During("during function exit"));
        self.returned_row(call)
    }

    fn set_trigger_variables(&mut self, call: &TriggerCall<'_>) {
        let Some(variables) = &self.body().trigger else { return };
        let text = |text: &str| Datum::Text(text.to_owned());
        let row = |row: &Option<Vec<Datum>>| match row {
            Some(values) => Record::of_relation(call.table, values.clone(), &call.row_type),
            None => Record::none_of_relation(call.table, &call.row_type),
        };
        self.slots[variables.new] = Slot::Record(row(&call.new));
        self.slots[variables.old] = Slot::Record(row(&call.old));
        let args: Vec<Datum> = call.args.iter().map(|arg| text(arg)).collect();
        let argv = crate::sql::types::ArrayValue::from_elements(oid::TEXT, args.clone());
        let argv = crate::sql::types::ArrayValue {
            dims: argv
                .dims
                .iter()
                .map(|dim| crate::sql::types::ArrayDim { lower_bound: 0, ..*dim })
                .collect(),
            ..argv
        };
        let values = [
            (variables.name, text(&call.name)),
            (variables.when, text(call.when)),
            (variables.level, text(call.level)),
            (variables.op, text(call.op)),
            (variables.relid, Datum::Oid(call.table.oid)),
            (variables.relname, text(&call.table.name)),
            (variables.table_name, text(&call.table.name)),
            (variables.table_schema, text(&call.schema)),
            (variables.nargs, Datum::Int4(args.len() as i32)),
            (
                variables.argv,
                match args.is_empty() {
                    true => Datum::Null,
                    false => Datum::Array(Box::new(argv)),
                },
            ),
        ];
        for (dno, value) in values {
            self.set_scalar(dno, value);
        }
    }

    /// Adds the line of this function to an error's context; one that is raised again has
    /// it already.
    fn located(&mut self, error: Error) -> Error {
        if std::mem::take(&mut self.raised_again) {
            return error;
        }
        error.with_context(self.context_line())
    }

    fn context_line(&self) -> String {
        let signature = &self.body().signature;
        match self.current {
            (line, At::Statement(what)) => {
                format!("PL/pgSQL function {signature} line {line} at {what}")
            }
            (0, At::During("")) => format!("PL/pgSQL function {signature}"),
            (0, At::During(what)) => format!("PL/pgSQL function {signature} {what}"),
            (line, At::During(what)) => {
                format!("PL/pgSQL function {signature} line {line} {what}")
            }
        }
    }

    fn set_scalar(&mut self, dno: Dno, value: Datum) {
        if let Slot::Scalar(_, slot) = &mut self.slots[dno] {
            *slot = value;
        }
    }

    fn set_found(&mut self, found: bool) {
        self.set_scalar(self.body().found, Datum::Bool(found));
    }

    fn block(&mut self, block: &'a Block) -> Result<Flow> {
        for dno in &block.declared {
            self.declare(*dno)?;
        }
        let flow = match &block.handlers {
            None => self.statements(&block.body)?,
            Some(handlers) => self.guarded(block, handlers)?,
        };
        Ok(match flow {
            Flow::Exit(Some(label)) if block.label.as_deref() == Some(&label) => Flow::Next,
            flow => flow,
        })
    }

    /// Gives a variable its initial value.
    fn declare(&mut self, dno: Dno) -> Result<()> {
        let variable = &self.body().variables[dno];
        let before = self.current;
        self.current =
            (variable.line, At::During("during statement block local variable initialization"));
        let eval = self.frame.eval()?;
        self.slots[dno] = Slot::new(variable, &eval.catalog);
        if let Some(default) = &variable.default {
            let (value, ty) = self.evaluate(default)?;
            self.store(dno, value, ty)?;
        } else if matches!(variable.kind, VariableKind::Scalar(_)) {
            self.check_domain(dno)?;
        }
        self.current = before;
        Ok(())
    }

    fn statements(&mut self, statements: &'a [Statement]) -> Result<Flow> {
        for statement in statements {
            let before = self.current;
            self.current = (statement.line, At::Statement(statement.kind.name()));
            self.frame.check_cancel()?;
            let flow = self.statement(&statement.kind)?;
            self.current = before;
            if !matches!(flow, Flow::Next) {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, kind: &'a Kind) -> Result<Flow> {
        match kind {
            Kind::Block(block) => return self.block(block),
            Kind::If { .. }
            | Kind::Case { .. }
            | Kind::Loop { .. }
            | Kind::While { .. }
            | Kind::ForInteger { .. }
            | Kind::ForQuery { .. }
            | Kind::ForCursor { .. }
            | Kind::Foreach { .. }
            | Kind::Exit { .. } => return self.control(kind),
            Kind::Return(value) => return self.return_value(value.as_deref()),
            Kind::Assign { target, value } => {
                let (value, ty) = self.evaluate(value)?;
                self.assign(target, value, ty)?;
            }
            Kind::ReturnNext(value) => self.return_next(value.as_deref())?,
            Kind::ReturnQuery(query) => self.return_query(query)?,
            Kind::Raise(raise) => self.raise(raise)?,
            Kind::Assert { condition, message } => self.assert(condition, message.as_deref())?,
            Kind::Perform(query) => self.perform(query)?,
            Kind::Call { statement, .. } => self.call_statement(statement)?,
            Kind::Sql { statement, into } => self.sql(statement, into.as_ref())?,
            Kind::Execute { query, into, using } => self.execute(query, into.as_ref(), using)?,
            Kind::GetDiagnostics { stacked, items } => self.diagnostics(*stacked, items)?,
            Kind::Open { cursor, source, scroll } => self.open(*cursor, source, *scroll)?,
            Kind::Fetch { cursor, direction, into } => {
                self.fetch(*cursor, direction, into.as_ref())?;
            }
            Kind::Close(cursor) => self.close(*cursor)?,
            Kind::EndTransaction { commit, chain } => {
                self.frame.end_transaction(*commit, *chain)?;
            }
            Kind::Null => {}
        }
        Ok(Flow::Next)
    }
}

fn no_return(what: &str) -> Error {
    Error::new(
        sqlstate::S_R_E_FUNCTION_EXECUTED_NO_RETURN_STATEMENT,
        format!("control reached end of {what} without RETURN"),
    )
}
