//! Control flow: IF, CASE, the loops, EXIT and RETURN.

use super::{Parsed, Parser};
use crate::error::{Error, Result};
use crate::sql::plpgsql::ast::{
    Into, Kind, Query, Statement, VariableKind, find_label, is_in_loop,
};
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;

impl Parser<'_> {
    pub(super) fn if_statement(&mut self) -> Parsed {
        let mut branches = Vec::new();
        loop {
            let condition = self.expression(&["then"])?;
            self.lex.expect_word("then")?;
            let body = self.statements(&["elsif", "elseif", "else", "end"])?;
            branches.push((condition, body));
            if !self.lex.accept_word("elsif") && !self.lex.accept_word("elseif") {
                break;
            }
        }
        let otherwise = match self.lex.accept_word("else") {
            true => self.statements(&["end"])?,
            false => Vec::new(),
        };
        self.lex.expect_word("end")?;
        self.lex.expect_word("if")?;
        self.lex.expect_symbol(";")?;
        Ok(Kind::If { branches, otherwise })
    }

    pub(super) fn case_statement(&mut self) -> Parsed {
        let outer = self.namespace.clone();
        let mut operand = None;
        if !self.lex.is_word("when") {
            let value = self.expression(&["when"])?;
            let name = format!("__Case__Variable_{}__", self.variables.len() + 1);
            let dno = self.add(&name, VariableKind::Untyped);
            operand = Some((value, dno, name));
        }
        let mut whens = Vec::new();
        while self.lex.accept_word("when") {
            let condition = match &operand {
                None => self.expression(&["then"])?,
                Some((_, _, name)) => {
                    let (start, end) = self.cut(&["then"], true)?;
                    let text = format!("\"{name}\" IN ({})", &self.lex.text[start..end]);
                    self.expression_from(&text, start)?
                }
            };
            self.lex.expect_word("then")?;
            whens.push((condition, self.statements(&["when", "else", "end"])?));
        }
        if whens.is_empty() {
            return Err(self.lex.syntax_error());
        }
        let otherwise = match self.lex.accept_word("else") {
            true => Some(self.statements(&["end"])?),
            false => None,
        };
        self.lex.expect_word("end")?;
        self.lex.expect_word("case")?;
        self.lex.expect_symbol(";")?;
        self.namespace = outer;
        let operand = operand.map(|(value, dno, _)| (value, dno));
        Ok(Kind::Case { operand, whens, otherwise })
    }

    /// The statements of a loop, after LOOP, to its end.
    fn loop_body(&mut self, label: Option<&str>) -> Result<Vec<Statement>> {
        self.deeper()?;
        let body = self.statements(&["end"])?;
        self.lex.expect_word("end")?;
        self.lex.expect_word("loop")?;
        self.end_label(label, "loop")?;
        self.lex.expect_symbol(";")?;
        self.nesting -= 1;
        Ok(body)
    }

    pub(super) fn loop_statement(&mut self, label: Option<String>) -> Parsed {
        let outer = self.namespace.clone();
        self.push_label(label.clone(), true);
        let body = self.loop_body(label.as_deref())?;
        self.namespace = outer;
        Ok(Kind::Loop { label, body })
    }

    pub(super) fn while_statement(&mut self, label: Option<String>) -> Parsed {
        let outer = self.namespace.clone();
        self.push_label(label.clone(), true);
        let condition = self.expression(&["loop"])?;
        self.lex.expect_word("loop")?;
        let body = self.loop_body(label.as_deref())?;
        self.namespace = outer;
        Ok(Kind::While { label, condition, body })
    }

    /// FOR, over integers, a query or a cursor.
    pub(super) fn for_statement(&mut self, label: Option<String>) -> Parsed {
        let outer = self.namespace.clone();
        let kind = self.for_loop(label)?;
        self.namespace = outer;
        Ok(kind)
    }

    fn for_loop(&mut self, label: Option<String>) -> Parsed {
        let at = self.lex.position();
        let targets = self.loop_targets()?;
        self.lex.expect_word("in")?;
        if self.lex.accept_word("execute") {
            let into = self.row_targets(targets, at)?;
            let query = self.expression(&["loop", "using"])?;
            let mut using = Vec::new();
            if self.lex.accept_word("using") {
                loop {
                    using.push(self.expression(&[",", "loop"])?);
                    if !self.lex.accept_symbol(",") {
                        break;
                    }
                }
            }
            self.lex.expect_word("loop")?;
            self.push_label(label.clone(), true);
            let body = self.loop_body(label.as_deref())?;
            return Ok(Kind::ForQuery {
                label,
                into,
                query: Query::Dynamic { query, using },
                body,
            });
        }
        if let Some(cursor) = self.cursor_here() {
            return self.for_cursor(label, targets, cursor);
        }
        let reverse = self.lex.accept_word("reverse");
        if self.is_integer_range() {
            let lower = self.expression(&[".."])?;
            self.lex.expect_symbol("..")?;
            let upper = self.expression(&["loop", "by"])?;
            let step = match self.lex.accept_word("by") {
                true => Some(self.expression(&["loop"])?),
                false => None,
            };
            let name = match targets {
                Targets::Name(name) => name,
                Targets::Known(into) => self.loop_variable_name(into, at)?,
            };
            self.push_label(label.clone(), true);
            let variable = self.add(&name, VariableKind::Scalar(SqlType::new(oid::INT4)));
            self.lex.expect_word("loop")?;
            let body = self.loop_body(label.as_deref())?;
            return Ok(Kind::ForInteger { label, variable, lower, upper, step, reverse, body });
        }
        if reverse {
            return Err(self
                .lex
                .error_here(Error::syntax("cannot specify REVERSE in query FOR loop")));
        }
        let into = self.row_targets(targets, at)?;
        let (start, end) = self.cut(&["loop"], false)?;
        let query = self.sql(self.lex.text[start..end].to_owned(), start)?;
        self.lex.expect_word("loop")?;
        self.push_label(label.clone(), true);
        let body = self.loop_body(label.as_deref())?;
        Ok(Kind::ForQuery { label, into, query: Query::Static(query), body })
    }

    fn for_cursor(&mut self, label: Option<String>, targets: Targets, cursor: usize) -> Parsed {
        let name = match targets {
            Targets::Name(name) => name,
            Targets::Known(Into::Record(dno)) => self.variables[dno].name.clone(),
            Targets::Known(Into::List(_)) => {
                return Err(self.lex.error_here(Error::syntax(
                    "cursor FOR loop must have only one target variable",
                )));
            }
        };
        let VariableKind::Cursor(declaration) = self.variables[cursor].kind.clone() else {
            return Err(self
                .lex
                .error_here(Error::syntax("cursor FOR loop must use a bound cursor variable")));
        };
        let arguments = self.cursor_arguments(cursor, &declaration)?;
        self.push_label(label.clone(), true);
        let record = self.add(&name, VariableKind::Record(None));
        self.lex.expect_word("loop")?;
        let body = self.loop_body(label.as_deref())?;
        Ok(Kind::ForCursor { label, record, cursor, arguments, body })
    }

    /// A cursor variable right here, followed by LOOP or its arguments.
    fn cursor_here(&mut self) -> Option<usize> {
        let at = self.lex.position();
        let target = self.variable_here()?;
        let is_cursor = target.steps.is_empty()
            && match &self.variables[target.dno].kind {
                VariableKind::Cursor(_) => true,
                VariableKind::Scalar(ty) => ty.oid == oid::REFCURSOR,
                _ => false,
            }
            && (self.lex.is_word("loop") || self.lex.is_symbol("("));
        if !is_cursor {
            self.lex.seek(at);
        }
        is_cursor.then_some(target.dno)
    }

    /// Whether `..` stands before LOOP.
    fn is_integer_range(&self) -> bool {
        let mut ahead = 0;
        let mut depth = 0i32;
        while let Some(token) = self.lex.peek_at(ahead) {
            match self.lex.written(token) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                ".." if depth == 0 => return true,
                ";" => return false,
                _ if depth == 0 && !token.quoted && token.word == "loop" => return false,
                _ => {}
            }
            ahead += 1;
        }
        false
    }

    /// The variables before IN: known ones, or a name for a new one.
    fn loop_targets(&mut self) -> Result<Targets> {
        let at = self.lex.position();
        if self.variable_here().is_some() {
            self.lex.seek(at);
            // A loop over integers may take any name, a constant's too.
            return match self.into() {
                Ok(into) => Ok(Targets::Known(into)),
                Err(error) => {
                    self.lex.seek(at);
                    let name = self.lex.name()?;
                    match self.lex.is_word("in") {
                        true => Ok(Targets::Name(name)),
                        false => Err(error),
                    }
                }
            };
        }
        let name = self.lex.name()?;
        Ok(Targets::Name(name))
    }

    fn row_targets(&mut self, targets: Targets, at: usize) -> Result<Into> {
        match targets {
            Targets::Known(into) => Ok(into),
            Targets::Name(_) => {
                self.lex.seek(at);
                Err(self.lex.error_here(Error::syntax(
                    "loop variable of loop over rows must be a record variable or list of scalar variables",
                )))
            }
        }
    }

    fn loop_variable_name(&mut self, into: Into, at: usize) -> Result<String> {
        match into {
            Into::List(targets) if targets.len() == 1 && targets[0].steps.is_empty() => {
                Ok(self.variables[targets[0].dno].name.clone())
            }
            Into::Record(dno) => Ok(self.variables[dno].name.clone()),
            Into::List(_) => {
                self.lex.seek(at);
                Err(self.lex.error_here(Error::syntax(
                    "integer FOR loop must have only one target variable",
                )))
            }
        }
    }

    pub(super) fn foreach_statement(&mut self, label: Option<String>) -> Parsed {
        let outer = self.namespace.clone();
        let at = self.lex.position();
        let target = match self.loop_targets()? {
            Targets::Known(into) => into,
            Targets::Name(_) => {
                self.lex.seek(at);
                return Err(self.lex.error_here(Error::syntax(
                    "loop variable of FOREACH must be a known variable or list of variables",
                )));
            }
        };
        let mut slice = 0;
        if self.lex.accept_word("slice") {
            let Some(token) = self.lex.next() else { return Err(self.lex.syntax_error()) };
            slice = self.lex.written(&token).parse().map_err(|_| self.lex.syntax_error())?;
        }
        self.lex.expect_word("in")?;
        self.lex.expect_word("array")?;
        let array = self.expression(&["loop"])?;
        self.lex.expect_word("loop")?;
        self.push_label(label.clone(), true);
        let body = self.loop_body(label.as_deref())?;
        self.namespace = outer;
        Ok(Kind::Foreach { label, target, slice, array, body })
    }

    pub(super) fn exit_statement(&mut self, is_exit: bool) -> Parsed {
        let mut label = None;
        if !self.lex.is_word("when") && !self.lex.is_symbol(";") {
            let at = self.lex.position();
            let name = self.lex.name()?;
            let wrong = match find_label(&self.namespace, &name) {
                None => Some(format!(
                    "there is no label \"{name}\" attached to any block or loop enclosing this \
                     statement"
                )),
                Some(false) if !is_exit => {
                    Some(format!("block label \"{name}\" cannot be used in CONTINUE"))
                }
                Some(_) => None,
            };
            if let Some(message) = wrong {
                self.lex.seek(at);
                return Err(self.lex.error_here(Error::syntax(message)));
            }
            label = Some(name);
        } else if !is_in_loop(&self.namespace) {
            let message = match is_exit {
                true => "EXIT cannot be used outside a loop, unless it has a label",
                false => "CONTINUE cannot be used outside a loop",
            };
            self.lex.seek(self.lex.position().saturating_sub(1));
            return Err(self.lex.error_here(Error::syntax(message)));
        }
        let condition = match self.lex.accept_word("when") {
            true => Some(self.expression(&[";"])?),
            false => None,
        };
        self.lex.expect_symbol(";")?;
        Ok(Kind::Exit { is_exit, label, condition })
    }

    pub(super) fn return_statement(&mut self) -> Parsed {
        if self.lex.accept_word("next") {
            return self.return_next();
        }
        if self.lex.accept_word("query") {
            return self.return_query();
        }
        if self.lex.accept_symbol(";") {
            let needs_value = !self.purpose.returns_set
                && !self.purpose.is_procedure
                && self.outputs.is_empty()
                && self.purpose.result.oid != oid::VOID;
            if needs_value {
                self.lex.seek(self.lex.position() - 1);
                return Err(self.lex.error_near("missing expression", self.lex.peek()));
            }
            return Ok(Kind::Return(None));
        }
        let refused = |message: &str, hint: Option<&str>, code| {
            let error = Error::new(code, message);
            match hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        };
        let error = if self.purpose.returns_set {
            Some(refused(
                "RETURN cannot have a parameter in function returning set",
                Some("Use RETURN NEXT or RETURN QUERY."),
                sqlstate::DATATYPE_MISMATCH,
            ))
        } else if self.purpose.is_procedure {
            Some(refused(
                "RETURN cannot have a parameter in a procedure",
                None,
                sqlstate::SYNTAX_ERROR,
            ))
        } else if self.purpose.result.oid == oid::VOID {
            Some(refused(
                "RETURN cannot have a parameter in function returning void",
                None,
                sqlstate::DATATYPE_MISMATCH,
            ))
        } else if !self.outputs.is_empty() {
            Some(refused(
                "RETURN cannot have a parameter in function with OUT parameters",
                None,
                sqlstate::DATATYPE_MISMATCH,
            ))
        } else {
            None
        };
        if let Some(error) = error {
            return Err(self.lex.error_here(error));
        }
        let value = self.expression(&[";"])?;
        self.lex.expect_symbol(";")?;
        Ok(Kind::Return(Some(value)))
    }

    fn return_next(&mut self) -> Parsed {
        if !self.purpose.returns_set {
            self.lex.seek(self.lex.position() - 2);
            return Err(self.lex.error_here(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "cannot use RETURN NEXT in a non-SETOF function",
            )));
        }
        if self.lex.accept_symbol(";") {
            if self.outputs.is_empty() {
                self.lex.seek(self.lex.position() - 1);
                return Err(self.lex.error_near("missing expression", self.lex.peek()));
            }
            return Ok(Kind::ReturnNext(None));
        }
        if !self.outputs.is_empty() {
            return Err(self.lex.error_here(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "RETURN NEXT cannot have a parameter in function with OUT parameters",
            )));
        }
        let value = self.expression(&[";"])?;
        self.lex.expect_symbol(";")?;
        Ok(Kind::ReturnNext(Some(value)))
    }

    fn return_query(&mut self) -> Parsed {
        if !self.purpose.returns_set {
            self.lex.seek(self.lex.position() - 2);
            return Err(self.lex.error_here(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "cannot use RETURN QUERY in a non-SETOF function",
            )));
        }
        if self.lex.accept_word("execute") {
            let query = self.expression(&["using", ";"])?;
            let using = self.using()?;
            self.lex.expect_symbol(";")?;
            return Ok(Kind::ReturnQuery(Query::Dynamic { query, using }));
        }
        let (start, end) = self.cut(&[";"], false)?;
        let query = self.sql(self.lex.text[start..end].to_owned(), start)?;
        self.lex.expect_symbol(";")?;
        Ok(Kind::ReturnQuery(Query::Static(query)))
    }
}

enum Targets {
    Known(Into),
    Name(String),
}
