//! Statements of SQL: static, dynamic, PERFORM and CALL.

use super::Exec;
use crate::error::{Error, Report, Result, Severity};
use crate::sql::parse::{self, Identity, NodeEnum, ParsedStatement};
use crate::sql::plpgsql::ast::{Expr, Into};
use crate::sql::plpgsql::extra;
use crate::sql::routine::command;
use crate::sql::routine::counted::{self, Counted};
use crate::sql::routine::frame::{Answer, RESTARTS_MAX};
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sql::{self};
use crate::sqlstate;

use std::sync::Arc;

impl<'a> Exec<'a, '_> {
    /// A statement of SQL in the body.
    pub(super) fn sql(&mut self, statement: &'a Expr, into: Option<&(Into, bool)>) -> Result<()> {
        let mut answer = self.run(statement)?;
        let changes = changes_rows(statement.parsed());
        self.finish_statement(&mut answer, into, changes, Some(statement))
    }

    /// Stores or counts what a statement gives.
    fn finish_statement(
        &mut self,
        answer: &mut Answer,
        into: Option<&(Into, bool)>,
        changes: bool,
        shown: Option<&'a Expr>,
    ) -> Result<()> {
        let Some((into, strict)) = into else {
            if answer.columns.is_some() {
                let hint = match changes {
                    true => None,
                    false => {
                        Some("If you want to discard the results of a SELECT, use PERFORM instead.")
                    }
                };
                let error = Error::syntax("query has no destination for result data");
                return Err(match hint {
                    Some(hint) => error.with_hint(hint),
                    None => error,
                });
            }
            self.row_count = answer.affected();
            if changes {
                self.set_found(self.row_count > 0);
            }
            return Ok(());
        };
        let Some(columns) = answer.columns.clone() else {
            return Err(Error::syntax("INTO used with a command that cannot return data"));
        };
        let first = self.next_row(answer, shown)?;
        self.row_count = u64::from(first.is_some());
        let found = first.is_some();
        if !found && *strict {
            let error = Error::new(sqlstate::NO_DATA_FOUND, "query returned no rows");
            return Err(self.with_strict_params(error, shown)?);
        }
        // Only a static statement can be warned of.
        let extra = match (*strict || changes, shown) {
            (false, Some(_)) => extra::level(&self.frame.ctx.eval, extra::TOO_MANY_ROWS)?,
            _ => None,
        };
        let checks = *strict || changes || extra.is_some();
        if checks && found && self.next_row(answer, shown)?.is_some() {
            let error = Error::new(sqlstate::TOO_MANY_ROWS, "query returned more than one row")
                .with_hint("Make sure the query returns a single row, or use LIMIT 1.");
            let error = self.with_strict_params(error, shown)?;
            match extra {
                Some(Severity::Warning) => self.warn(error),
                _ => return Err(error),
            }
        }
        self.store_into(into, &columns, first)?;
        self.set_found(found);
        Ok(())
    }

    /// Sends what would be an error as a warning.
    pub(super) fn warn(&mut self, error: Error) {
        let report = error.into_report();
        let context = Some(self.context_line());
        self.frame.ctx.notices.send(Report { severity: Severity::Warning, context, ..report });
    }

    /// Under `#print_strict_params on`, the values that a STRICT query was given.
    fn with_strict_params(&mut self, error: Error, shown: Option<&Expr>) -> Result<Error> {
        let Some(expr) = shown.filter(|_| self.body().print_strict_params) else {
            return Ok(error);
        };
        let params = self.shown_params(expr)?;
        Ok(match params.is_empty() {
            true => error,
            false => error.with_detail(format!("parameters: {params}")),
        })
    }

    pub(super) fn perform(&mut self, query: &'a Expr) -> Result<()> {
        let mut answer = self.run(query)?;
        let mut count = 0;
        while self.next_row(&mut answer, Some(query))?.is_some() {
            count += 1;
        }
        self.row_count = count;
        self.set_found(count > 0);
        Ok(())
    }

    /// EXECUTE.
    pub(super) fn execute(
        &mut self,
        query: &'a Expr,
        into: Option<&(Into, bool)>,
        using: &'a [Arc<Expr>],
    ) -> Result<()> {
        let (text, parsed, params, types) = self.dynamic(query, using)?;
        let mut answer = Answer::from_rows([].into(), Vec::new());
        answer.columns = None;
        for statement in parsed.iter() {
            if matches!(&statement.node, NodeEnum::SelectStmt(select) if select.into_clause.is_some())
            {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "EXECUTE of SELECT ... INTO is not implemented",
                )
                .with_hint(
                    "You might want to use EXECUTE ... INTO or EXECUTE CREATE TABLE ... AS \
                     instead.",
                ));
            }
            if matches!(statement.node, NodeEnum::TransactionStmt(_)) {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "EXECUTE of transaction commands is not implemented",
                ));
            }
            answer = self.run_parsed(statement, &params, &types, &text)?;
        }
        if into.is_none() {
            // Rows that nobody wants are counted.
            let mut count = 0;
            let counted = answer.columns.is_some();
            while self.next_dynamic(&mut answer, &text)?.is_some() {
                count += 1;
            }
            self.row_count = if counted { count } else { answer.affected() };
            return Ok(());
        }
        let found = self.found();
        let outcome = self.finish_statement(&mut answer, into, false, None);
        // EXECUTE leaves FOUND alone.
        self.set_found(found);
        outcome
    }

    fn found(&self) -> bool {
        matches!(&self.slots[self.body().found], super::slot::Slot::Scalar(_, Datum::Bool(true)))
    }

    fn next_dynamic(&mut self, answer: &mut Answer, text: &str) -> Result<Option<Vec<Datum>>> {
        answer.next(self.frame).map_err(|error| {
            error.without_position().with_context(format!("SQL statement \"{text}\""))
        })
    }

    /// The text of a dynamic statement, parsed, and the values of USING.
    fn dynamic(
        &mut self,
        query: &Expr,
        using: &[Arc<Expr>],
    ) -> Result<(String, Arc<Vec<ParsedStatement>>, Vec<Datum>, Vec<Oid>)> {
        let (value, ty) = self.evaluate(query)?;
        let text = match self.converted(value, ty, SqlType::new(oid::TEXT))? {
            Datum::Text(text) => text,
            _ => {
                return Err(Error::new(
                    sqlstate::NULL_VALUE_NOT_ALLOWED,
                    "query string argument of EXECUTE is null",
                ));
            }
        };
        let mut params = Vec::with_capacity(using.len());
        let mut types = Vec::with_capacity(using.len());
        for value in using {
            let (value, ty) = self.evaluate(value)?;
            params.push(value);
            types.push(if ty.oid == oid::UNKNOWN { oid::TEXT } else { ty.oid });
        }
        let parsed = parse::parse(&text).map_err(|error| error.in_internal_query(&text))?;
        Ok((text, parsed, params, types))
    }

    /// A dynamic query of one statement.
    pub(super) fn run_dynamic(&mut self, query: &Expr, using: &[Arc<Expr>]) -> Result<Answer> {
        let (text, parsed, params, types) = self.dynamic(query, using)?;
        match parsed.as_slice() {
            [only] => self.run_parsed(only, &params, &types, &text),
            _ => Err(Error::new(
                sqlstate::INVALID_CURSOR_DEFINITION,
                "cannot open multi-query plan as cursor",
            )),
        }
    }

    fn run_parsed(
        &mut self,
        statement: &ParsedStatement,
        params: &[Datum],
        types: &[Oid],
        text: &str,
    ) -> Result<Answer> {
        let outcome = self.run_dynamic_statement(statement, params, types);
        outcome.map_err(|error| match error.report().offset {
            Some(_) if error.report().internal_query.is_none() => error.in_internal_query(text),
            _ => error.with_context(format!("SQL statement \"{text}\"")),
        })
    }

    fn run_dynamic_statement(
        &mut self,
        statement: &ParsedStatement,
        params: &[Datum],
        types: &[Oid],
    ) -> Result<Answer> {
        self.frame.check_allowed(statement)?;
        if let Some(answer) = command::session_command(statement, self.frame)? {
            return Ok(answer);
        }
        match &statement.node {
            NodeEnum::CallStmt(call) => {
                return command::call_dynamic(call, params, types, self.frame);
            }
            NodeEnum::DoStmt(statement) => {
                command::run_do(statement, self.frame)?;
                return Ok(Answer::from_rows([].into(), Vec::new()).without_rows());
            }
            _ => {}
        }
        let parsed = Arc::new(statement.clone());
        for _ in 0..RESTARTS_MAX {
            let ctx = self.frame.begin_statement()?;
            let prepared = Arc::new(sql::prepare_fixed(&parsed, &ctx.eval, types)?);
            let is_utility = !prepared.is_planned();
            let counted = Counted::of(self.frame, is_utility, true, || {
                let sql = parsed.sql();
                Arc::new(match is_utility {
                    true => Identity::of_utility(sql),
                    false => Identity::of_query(sql, &prepared.relation_oids()),
                })
            });
            let answer = self.frame.run(&prepared, params, ctx);
            match counted::finished(answer, counted) {
                Err(error) if error.is_catalog_changed() => {}
                answer => return answer,
            }
        }
        Err(Error::catalog_changed())
    }

    /// CALL: output arguments go back to the variables that stand for them.
    pub(super) fn call_statement(&mut self, statement: &'a Expr) -> Result<()> {
        if let NodeEnum::DoStmt(block) = &statement.parsed().node {
            return command::run_do(block, self.frame);
        }
        let result = self.call_procedure(statement)?;
        for (argument, value, ty) in result.outputs {
            let target = self.output_target(statement, &argument)?;
            self.assign(&target, value, ty)?;
        }
        Ok(())
    }

    fn output_target(
        &self,
        statement: &Expr,
        argument: &command::OutputArgument,
    ) -> Result<crate::sql::plpgsql::ast::Target> {
        use crate::sql::plpgsql::ast::{Found, Step, Target, find};
        let names: Vec<&str> = argument.names.iter().map(String::as_str).collect();
        let found = match names.is_empty() {
            true => None,
            false => find(&statement.namespace, &names),
        };
        match found {
            Some(Found::Variable(dno)) => Ok(Target { dno, steps: Vec::new() }),
            Some(Found::Field(dno, field)) => Ok(Target { dno, steps: vec![Step::Field(field)] }),
            None => Err(Error::syntax(format!(
                "procedure parameter \"{}\" is an output parameter but corresponding argument is \
                 not writable",
                argument.parameter
            ))),
        }
    }
}

/// Whether a statement is INSERT, UPDATE, DELETE or MERGE.
fn changes_rows(statement: &ParsedStatement) -> bool {
    matches!(
        statement.node,
        NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_)
    )
}
