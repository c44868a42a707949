//! Exceptions: a block with handlers is a subtransaction.

use super::{At, Exec, Flow};
use crate::error::{Error, Result};
use crate::sql::plpgsql::ast::{Block, Condition, Diagnostic, Handler, Handlers, Target};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

impl<'a> Exec<'a, '_> {
    /// Runs a block's statements; an error that a handler is for undoes them.
    pub(super) fn guarded(&mut self, block: &'a Block, handlers: &'a Handlers) -> Result<Flow> {
        let outer = self.current;
        let saved = self.frame.begin_subtransaction();
        let error = match self.statements(&block.body) {
            Ok(flow) => {
                self.frame.release_subtransaction(saved);
                return Ok(flow);
            }
            Err(error) => error,
        };
        let wanted = handlers.handlers.iter().find(|handler| handles(handler, &error));
        let Some(handler) = wanted.filter(|_| !error.is_fatal()) else {
            // What is around is undone with it.
            self.frame.release_subtransaction(saved);
            return Err(error);
        };
        self.frame.check_cancel()?;
        self.frame.roll_back_subtransaction(saved);
        let error = self.located(error);
        self.set_scalar(handlers.sqlstate, Datum::Text(error.code().as_str().to_owned()));
        self.set_scalar(handlers.sqlerrm, Datum::Text(error.message().to_owned()));
        self.current = outer;
        self.handled.push(error);
        let flow = self.statements(&handler.body);
        self.handled.pop();
        flow
    }

    pub(super) fn diagnostics(
        &mut self,
        stacked: bool,
        items: &'a [(Target, Diagnostic)],
    ) -> Result<()> {
        let error = self.handled.last().cloned();
        if stacked && error.is_none() {
            return Err(Error::new(
                sqlstate::STACKED_DIAGNOSTICS_ACCESSED_WITHOUT_ACTIVE_HANDLER,
                "GET STACKED DIAGNOSTICS cannot be used outside an exception handler",
            ));
        }
        let report = error.as_ref().map(|error| error.report().clone()).unwrap_or_default();
        for (target, item) in items {
            let text = |text: Option<String>| Datum::Text(text.unwrap_or_default());
            let (value, ty) = match item {
                Diagnostic::RowCount => (Datum::Int8(self.row_count as i64), oid::INT8),
                Diagnostic::RoutineOid => {
                    let oid = self.function.map_or(0, |function| function.oid);
                    (Datum::Oid(oid), oid::OID)
                }
                Diagnostic::Context => (Datum::Text(self.context_line()), oid::TEXT),
                Diagnostic::ErrorContext => (text(report.context.clone()), oid::TEXT),
                Diagnostic::ErrorDetail => (text(report.detail.clone()), oid::TEXT),
                Diagnostic::ErrorHint => (text(report.hint.clone()), oid::TEXT),
                Diagnostic::ReturnedSqlstate => {
                    let code = error.as_ref().map(|error| error.code().as_str().to_owned());
                    (text(code), oid::TEXT)
                }
                Diagnostic::ColumnName => (text(report.column.clone()), oid::TEXT),
                Diagnostic::ConstraintName => (text(report.constraint.clone()), oid::TEXT),
                Diagnostic::DatatypeName => (text(report.data_type.clone()), oid::TEXT),
                Diagnostic::MessageText => (Datum::Text(report.message.clone()), oid::TEXT),
                Diagnostic::TableName => (text(report.table.clone()), oid::TEXT),
                Diagnostic::SchemaName => (text(report.schema.clone()), oid::TEXT),
            };
            self.assign(target, value, SqlType::new(ty))?;
        }
        Ok(())
    }

    /// Says that an error happened outside of any statement.
    pub(super) fn during(&mut self, what: &'static str) {
        self.current = (0, At::During(what));
    }
}

/// Whether a handler is for an error.
fn handles(handler: &Handler, error: &Error) -> bool {
    let code = error.code();
    handler.conditions.iter().any(|condition| match condition {
        // What stops the statement, and what tests the program, is not caught by accident.
        Condition::Others => code != sqlstate::QUERY_CANCELED && code != sqlstate::ASSERT_FAILURE,
        Condition::Code(wanted) => {
            *wanted == code || (wanted.as_str().ends_with("000") && wanted.class() == code.class())
        }
    })
}
