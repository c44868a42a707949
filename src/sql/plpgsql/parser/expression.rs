//! Expressions and statements cut out of a body.

use std::sync::Arc;

use super::{Parser, SharedExpr};
use crate::error::{Error, Result};
use crate::sql::parse::{self, ParsedStatement};
use crate::sql::plpgsql::ast::{Expr, ExprKind, Found, Into, Step, Target, VariableKind, find};
use crate::sql::plpgsql::lexer::Token;
use crate::sql::routine::plan::Plan;
use crate::sqlstate;

const SELECT: &str = "SELECT ";

impl Parser<'_> {
    /// An expression up to one of these words or symbols, which stays.
    pub(super) fn expression(&mut self, stops: &[&str]) -> Result<SharedExpr> {
        let (start, end) = self.cut(stops, true)?;
        self.expression_of(start, end)
    }

    pub(super) fn expression_of(&mut self, start: usize, end: usize) -> Result<SharedExpr> {
        let text = &self.lex.text[start..end];
        let parsed = self.parse(&format!("{SELECT}{text}"), start as i32 - SELECT.len() as i32)?;
        Ok(self.made(parsed, text.to_owned(), SELECT.len() as i32, ExprKind::Expression))
    }

    /// A text made here instead of cut out, as the conditions of CASE.
    pub(super) fn expression_from(&mut self, text: &str, start: usize) -> Result<SharedExpr> {
        let parsed = self.parse(&format!("{SELECT}{text}"), start as i32 - SELECT.len() as i32)?;
        Ok(self.made(parsed, text.to_owned(), SELECT.len() as i32, ExprKind::Expression))
    }

    /// The right side of an assignment whose left side begins at `start`.
    pub(super) fn assigned(&mut self, start: usize) -> Result<SharedExpr> {
        let (from, end) = self.cut(&[";"], true)?;
        let value = &self.lex.text[from..end];
        let shown = self.lex.text[start..end].to_owned();
        let parsed = self.parse(&format!("{SELECT}{value}"), from as i32 - SELECT.len() as i32)?;
        let shift = SELECT.len() as i32 - (from - start) as i32;
        Ok(self.made(parsed, shown, shift, ExprKind::Assignment))
    }

    /// A whole statement, from the byte `start`; `text` is it without INTO.
    pub(super) fn sql(&mut self, text: String, start: usize) -> Result<SharedExpr> {
        let text = text.trim_end().to_owned();
        let parsed = self.parse(&text, start as i32)?;
        Ok(self.made(parsed, text, 0, ExprKind::Statement))
    }

    fn made(
        &self,
        parsed: ParsedStatement,
        shown: String,
        shift: i32,
        kind: ExprKind,
    ) -> SharedExpr {
        let namespace = self.namespace.clone();
        Arc::new(Expr { plan: Plan::new(parsed), shown, shift, kind, namespace })
    }

    /// Parses one statement, whose text begins `base` bytes into the body.
    pub(super) fn parse(&self, text: &str, base: i32) -> Result<ParsedStatement> {
        let statements = parse::parse(text).map_err(|error| {
            let at = error.report().offset.map_or(-1, |offset| offset as i32 + base);
            let error = error.without_position().at(at);
            match at < 0 {
                true => error,
                false => error.in_internal_query(self.lex.text),
            }
        })?;
        match statements.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(self.lex.error_near("missing SQL statement", self.lex.peek())),
            _ => Err(self.lex.syntax_error()),
        }
    }

    /// The bytes up to one of these words or symbols outside of parentheses.
    pub(super) fn cut(&mut self, stops: &[&str], expression: bool) -> Result<(usize, usize)> {
        let mut depth = 0usize;
        let first = self.lex.position();
        let start = self.lex.peek().map_or(self.lex.text.len(), |token| token.start);
        loop {
            let Some(token) = self.lex.peek().cloned() else {
                return Err(self.missing(stops, depth, expression));
            };
            if depth == 0 && self.is_stop(&token, stops) {
                break;
            }
            match self.lex.written(&token) {
                "(" | "[" => depth += 1,
                ")" | "]" => {
                    depth = depth.checked_sub(1).ok_or_else(|| {
                        self.lex.error_near("mismatched parentheses", Some(&token))
                    })?;
                }
                ";" => return Err(self.missing(stops, depth, expression)),
                _ => {}
            }
            self.lex.next();
        }
        if self.lex.position() == first {
            let what = if expression { "missing expression" } else { "missing SQL statement" };
            return Err(self.lex.error_near(what, self.lex.peek()));
        }
        let end = self.lex.previous().map_or(start, |token| token.end);
        Ok((start, end))
    }

    fn is_stop(&self, token: &Token, stops: &[&str]) -> bool {
        let written = self.lex.written(token);
        stops.iter().any(|stop| {
            if stop.starts_with(|c: char| c.is_ascii_alphabetic()) {
                !token.quoted && token.word == *stop
            } else {
                written == *stop
            }
        })
    }

    fn missing(&self, stops: &[&str], depth: usize, expression: bool) -> Error {
        if depth > 0 {
            return self.lex.error_near("mismatched parentheses", self.lex.peek());
        }
        let stop = stops.first().unwrap_or(&";").to_uppercase();
        let what = if expression { "expression" } else { "statement" };
        let error = Error::syntax(format!("missing \"{stop}\" at end of SQL {what}"));
        self.lex.error_here(error)
    }

    /// A variable by the dotted name at this place; nothing is consumed if there is none.
    pub(super) fn variable_here(&mut self) -> Option<Target> {
        use crate::sql::parse::SqlTokenKind;
        let start = self.lex.position();
        let mut names = Vec::new();
        loop {
            match self.lex.peek() {
                Some(token) if token.kind == SqlTokenKind::Word => names.push(token.word.clone()),
                Some(token) if token.kind == SqlTokenKind::Param && names.is_empty() => {
                    names.push(self.lex.written(token).to_owned());
                }
                _ => break,
            }
            self.lex.next();
            let dotted = self.lex.is_symbol(".")
                && self.lex.peek_at(1).is_some_and(|token| token.kind == SqlTokenKind::Word);
            if !dotted {
                break;
            }
            self.lex.next();
        }
        let mut count = names.len().min(3);
        while count > 0 {
            let parts: Vec<&str> = names[..count].iter().map(String::as_str).collect();
            let found = find(&self.namespace, &parts);
            let target = match found {
                Some(Found::Variable(dno)) => Some(Target { dno, steps: Vec::new() }),
                Some(Found::Field(dno, field)) => {
                    Some(Target { dno, steps: vec![Step::Field(field)] })
                }
                None => None,
            };
            if let Some(mut target) = target {
                target.steps.extend(names[count..].iter().cloned().map(Step::Field));
                return Some(target);
            }
            count -= 1;
        }
        self.lex.seek(start);
        None
    }

    /// The subscripts and fields after a variable that is assigned to.
    pub(super) fn steps(&mut self, target: &mut Target) -> Result<()> {
        loop {
            if self.lex.accept_symbol("[") {
                if self.lex.accept_symbol(":") {
                    let upper = match self.lex.is_symbol("]") {
                        true => None,
                        false => Some(self.expression(&["]"])?),
                    };
                    self.lex.expect_symbol("]")?;
                    target.steps.push(Step::Slice(None, upper));
                    continue;
                }
                let lower = self.expression(&["]", ":"])?;
                if self.lex.accept_symbol(":") {
                    let upper = match self.lex.is_symbol("]") {
                        true => None,
                        false => Some(self.expression(&["]"])?),
                    };
                    self.lex.expect_symbol("]")?;
                    target.steps.push(Step::Slice(Some(lower), upper));
                } else {
                    self.lex.expect_symbol("]")?;
                    target.steps.push(Step::Index(lower));
                }
            } else if self.lex.is_symbol(".") {
                self.lex.next();
                target.steps.push(Step::Field(self.lex.name()?));
            } else {
                return Ok(());
            }
        }
    }

    pub(super) fn is_record(&self, target: &Target) -> bool {
        target.steps.is_empty()
            && matches!(self.variables[target.dno].kind, VariableKind::Record(_))
    }

    /// The variables after INTO.
    pub(super) fn into(&mut self) -> Result<Into> {
        let mut targets = Vec::new();
        loop {
            let here = self.lex.position();
            let Some(target) = self.variable_here() else {
                let near = self.lex.peek().cloned();
                let error = match &near {
                    Some(token) if token.kind == crate::sql::parse::SqlTokenKind::Word => {
                        let name = self.dotted_name_text();
                        self.lex.seek(here);
                        let error = Error::syntax(format!("\"{name}\" is not a known variable"));
                        self.lex.error_here(error)
                    }
                    _ => self.lex.syntax_error(),
                };
                return Err(error);
            };
            self.check_assignable(&target, here)?;
            if self.is_record(&target) && targets.is_empty() && !self.lex.is_symbol(",") {
                return Ok(Into::Record(target.dno));
            }
            if self.is_record(&target) {
                self.lex.seek(here);
                let name = self.variables[target.dno].name.clone();
                let message = match targets.is_empty() {
                    true => "record variable cannot be part of multiple-item INTO list".to_owned(),
                    false => format!("\"{name}\" is not a scalar variable"),
                };
                return Err(self.lex.error_here(Error::syntax(message)));
            }
            targets.push(target);
            if !self.lex.accept_symbol(",") {
                return Ok(Into::List(targets));
            }
        }
    }

    fn dotted_name_text(&mut self) -> String {
        let Some(token) = self.lex.peek().cloned() else { return String::new() };
        self.lex.written(&token).to_owned()
    }

    /// A constant is not assigned to.
    pub(super) fn check_assignable(&mut self, target: &Target, at: usize) -> Result<()> {
        let variable = &self.variables[target.dno];
        if !variable.constant {
            return Ok(());
        }
        let error = Error::new(
            sqlstate::ERROR_IN_ASSIGNMENT,
            format!("variable \"{}\" is declared CONSTANT", variable.name),
        );
        self.lex.seek(at);
        Err(self.lex.error_here(error))
    }
}
