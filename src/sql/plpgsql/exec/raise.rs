//! RAISE and ASSERT.

use std::panic::Location;

use super::Exec;
use crate::error::{Error, Report, Result, Severity};
use crate::sql::plpgsql::ast::{Expr, Raise, RaiseLevel, RaiseOption};
use crate::sql::plpgsql::conditions;
use crate::sql::types::{self, Datum, SqlType};
use crate::sqlstate;

impl Exec<'_, '_> {
    pub(super) fn raise(&mut self, raise: &Raise) -> Result<()> {
        if raise.again {
            self.raised_again = !self.handled.is_empty();
            return Err(self.handled.last().cloned().unwrap_or_else(|| {
                Error::new(
                    sqlstate::STACKED_DIAGNOSTICS_ACCESSED_WITHOUT_ACTIVE_HANDLER,
                    "RAISE without parameters cannot be used outside an exception handler",
                )
            }));
        }
        let mut report = Report::default();
        let mut code = raise.code.as_ref().map(|(code, _)| *code);
        let mut message = raise.code.as_ref().map(|(_, name)| name.clone());
        if let Some(format) = &raise.message {
            message = Some(self.formatted(format, &raise.arguments)?);
        }
        let mut given: Vec<RaiseOption> = Vec::new();
        for (option, value) in &raise.options {
            let text = self.option_text(value)?;
            let twice = given.contains(option)
                || (*option == RaiseOption::Message && raise.message.is_some())
                || (*option == RaiseOption::Errcode && raise.code.is_some());
            if twice {
                return Err(Error::syntax(format!(
                    "RAISE option already specified: {}",
                    option.name()
                )));
            }
            given.push(*option);
            match option {
                RaiseOption::Errcode => {
                    let found =
                        conditions::parse_code(&text).or_else(|| conditions::codes(&text).next());
                    code = Some(found.ok_or_else(|| {
                        Error::new(
                            sqlstate::UNDEFINED_OBJECT,
                            format!("unrecognized exception condition \"{text}\""),
                        )
                    })?);
                    message.get_or_insert_with(|| text.clone());
                    if raise.message.is_none() && !given.contains(&RaiseOption::Message) {
                        message = Some(text);
                    }
                }
                RaiseOption::Message => message = Some(text),
                RaiseOption::Detail => report.detail = Some(text),
                RaiseOption::Hint => report.hint = Some(text),
                RaiseOption::Column => report.column = Some(text),
                RaiseOption::Constraint => report.constraint = Some(text),
                RaiseOption::Datatype => report.data_type = Some(text),
                RaiseOption::Table => report.table = Some(text),
                RaiseOption::Schema => report.schema = Some(text),
            }
        }
        let (severity, default) = match raise.level {
            RaiseLevel::Debug => (Severity::Debug, sqlstate::SUCCESSFUL_COMPLETION),
            RaiseLevel::Log => (Severity::Log, sqlstate::SUCCESSFUL_COMPLETION),
            RaiseLevel::Info => (Severity::Info, sqlstate::SUCCESSFUL_COMPLETION),
            RaiseLevel::Notice => (Severity::Notice, sqlstate::SUCCESSFUL_COMPLETION),
            RaiseLevel::Warning => (Severity::Warning, sqlstate::WARNING),
            RaiseLevel::Exception => (Severity::Error, sqlstate::RAISE_EXCEPTION),
        };
        let code = code.unwrap_or(default);
        report.severity = severity;
        report.code = Some(code);
        report.place = Some(Location::caller());
        report.routine = Some("exec_stmt_raise");
        report.message = message.unwrap_or_else(|| code.as_str().to_owned());
        if raise.level == RaiseLevel::Exception {
            return Err(Error::from_report(report));
        }
        report.context = Some(self.context_line());
        self.frame.ctx.notices.send(report);
        Ok(())
    }

    /// The format with each `%` replaced.
    fn formatted(&mut self, format: &str, arguments: &[std::sync::Arc<Expr>]) -> Result<String> {
        let mut text = String::with_capacity(format.len());
        let mut arguments = arguments.iter();
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '%' {
                text.push(c);
                continue;
            }
            if chars.peek() == Some(&'%') {
                chars.next();
                text.push('%');
                continue;
            }
            let argument = arguments
                .next()
                .ok_or_else(|| Error::internal("unexpected RAISE parameter list length"))?;
            let (value, ty) = self.evaluate(argument)?;
            text.push_str(&self.shown(&value, ty)?.unwrap_or_else(|| "<NULL>".to_owned()));
        }
        Ok(text)
    }

    /// A value as text; none for NULL.
    fn shown(&mut self, value: &Datum, ty: SqlType) -> Result<Option<String>> {
        if value.is_null() {
            return Ok(None);
        }
        let eval = self.frame.eval()?;
        Ok(Some(types::to_text(value, ty.oid, &eval.output())))
    }

    fn option_text(&mut self, value: &Expr) -> Result<String> {
        let (value, ty) = self.evaluate(value)?;
        self.shown(&value, ty)?.ok_or_else(|| {
            Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "RAISE statement option cannot be null")
        })
    }

    pub(super) fn assert(&mut self, condition: &Expr, message: Option<&Expr>) -> Result<()> {
        let checks = self.frame.ctx.eval.session.setting("plpgsql.check_asserts")?;
        if matches!(checks.as_deref(), Some("off" | "false" | "0")) || self.is_true(condition)? {
            return Ok(());
        }
        let text = match message {
            None => None,
            Some(message) => {
                let (value, ty) = self.evaluate(message)?;
                self.shown(&value, ty)?
            }
        };
        let text = text.unwrap_or_else(|| "assertion failed".to_owned());
        Err(Error::new(sqlstate::ASSERT_FAILURE, text))
    }
}
