//! Statements other than control flow.

use std::sync::Arc;

use super::{Parsed, Parser, SharedExpr, unknown_condition};
use crate::error::{Error, Result};
use crate::sql::parse::SqlTokenKind;
use crate::sql::plpgsql::ast::{
    CursorDeclaration, Diagnostic, Direction, FetchCount, Into, Kind, OpenSource, Query, Raise,
    RaiseLevel, RaiseOption, Statement, VariableKind,
};
use crate::sql::plpgsql::conditions;
use crate::sql::types::oid;
use crate::sqlstate;

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Result<Statement> {
        let label = self.label()?;
        let line = self.lex.line();
        let kind = self.kind(label)?;
        Ok(Statement { line, kind })
    }

    fn kind(&mut self, label: Option<String>) -> Parsed {
        if let Some(kind) = self.assignment()? {
            return Ok(kind);
        }
        let Some(token) = self.lex.peek().cloned() else { return Err(self.lex.syntax_error()) };
        let word = if token.quoted { String::new() } else { token.word.clone() };
        let labelled =
            matches!(word.as_str(), "loop" | "while" | "for" | "foreach" | "declare" | "begin");
        if label.is_some() && !labelled {
            return Err(self.lex.syntax_error());
        }
        if matches!(word.as_str(), "declare" | "begin") {
            let block = self.block(label)?;
            self.lex.expect_symbol(";")?;
            return Ok(Kind::Block(block));
        }
        self.lex.next();
        match word.as_str() {
            "loop" => self.loop_statement(label),
            "while" => self.while_statement(label),
            "for" => self.for_statement(label),
            "foreach" => self.foreach_statement(label),
            "if" => self.if_statement(),
            "case" => self.case_statement(),
            "exit" => self.exit_statement(true),
            "continue" => self.exit_statement(false),
            "return" => self.return_statement(),
            "raise" => self.raise(),
            "assert" => self.assert(),
            "perform" => self.perform(),
            "execute" => self.execute(),
            "get" => self.get_diagnostics(),
            "open" => self.open(),
            "fetch" => self.fetch(true),
            "move" => self.fetch(false),
            "close" => {
                let cursor = self.cursor_variable()?;
                self.lex.expect_symbol(";")?;
                Ok(Kind::Close(cursor))
            }
            "commit" => self.end_transaction(true),
            "rollback" => self.end_transaction(false),
            "null" => {
                self.lex.expect_symbol(";")?;
                Ok(Kind::Null)
            }
            "call" | "do" => {
                let (_, end) = self.cut(&[";"], false)?;
                let text = self.lex.text[token.start..end].to_owned();
                let statement = self.sql(text, token.start)?;
                self.lex.expect_symbol(";")?;
                Ok(Kind::Call { statement, is_do: word == "do" })
            }
            _ if token.kind == SqlTokenKind::Word || self.lex.written(&token) == "(" => {
                self.lex.seek(self.lex.position() - 1);
                self.sql_statement()
            }
            _ => {
                self.lex.seek(self.lex.position() - 1);
                Err(self.lex.syntax_error())
            }
        }
    }

    /// `variable := value`, if the statement is one.
    fn assignment(&mut self) -> Result<Option<Kind>> {
        let at = self.lex.position();
        let Some(first) = self.lex.peek().cloned() else { return Ok(None) };
        let is_operator = |parser: &Self, ahead: usize| {
            parser.lex.is_symbol_at(ahead, ":=") || parser.lex.is_symbol_at(ahead, "=")
        };
        let begins = matches!(first.kind, SqlTokenKind::Word | SqlTokenKind::Param)
            && (is_operator(self, 1)
                || self.lex.is_symbol_at(1, "[")
                || self.lex.is_symbol_at(1, "."));
        if !begins {
            return Ok(None);
        }
        let Some(mut target) = self.variable_here() else {
            if is_operator(self, 1) {
                let name = self.lex.written(&first).to_owned();
                let error = Error::syntax(format!("\"{name}\" is not a known variable"));
                return Err(self.lex.error_here(error));
            }
            return Ok(None);
        };
        self.steps(&mut target)?;
        let assigns = is_operator(self, 0);
        if !assigns {
            self.lex.seek(at);
            return Ok(None);
        }
        self.check_assignable(&target, at)?;
        if self.lex.position() == at {
            return Ok(None);
        }
        self.lex.next();
        let value = self.assigned(first.start)?;
        self.lex.expect_symbol(";")?;
        Ok(Some(Kind::Assign { target, value }))
    }

    /// A statement of SQL, with INTO taken out of it.
    fn sql_statement(&mut self) -> Parsed {
        let first = self.lex.peek().cloned();
        let Some(first) = first else { return Err(self.lex.syntax_error()) };
        let mut into: Option<(Into, bool)> = None;
        let mut taken_out = None;
        let mut depth = 0i32;
        let mut previous = String::new();
        let mut is_import = first.word == "import";
        loop {
            let Some(token) = self.lex.peek().cloned() else {
                return Err(self.lex.syntax_error());
            };
            let written = self.lex.written(&token);
            match written {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                ";" if depth <= 0 => break,
                _ => {}
            }
            let is_into = !token.quoted
                && token.word == "into"
                && !matches!(previous.as_str(), "insert" | "merge")
                && !std::mem::take(&mut is_import);
            if is_into {
                if into.is_some() {
                    return Err(self.lex.error_near("INTO specified more than once", Some(&token)));
                }
                self.lex.next();
                let strict = self.lex.is_word("strict") && !self.lex.is_symbol_at(1, ",");
                if strict {
                    self.lex.next();
                }
                let target = self.into()?;
                let end = self.lex.previous().map_or(token.end, |token| token.end);
                taken_out = Some((token.start, end));
                into = Some((target, strict));
                previous.clear();
                continue;
            }
            previous = token.word.clone();
            self.lex.next();
        }
        let end = self.lex.previous().map_or(first.end, |token| token.end);
        let mut text = self.lex.text[first.start..end].to_owned();
        if let Some((from, to)) = taken_out {
            let blank = " ".repeat(to - from);
            text.replace_range(from - first.start..to - first.start, &blank);
        }
        let statement = self.sql(text, first.start)?;
        self.lex.expect_symbol(";")?;
        Ok(Kind::Sql { statement, into })
    }

    /// PERFORM is SELECT without a use for its rows.
    fn perform(&mut self) -> Parsed {
        let (from, end) = self.cut(&[";"], false)?;
        let text = format!("SELECT {}", &self.lex.text[from..end]);
        let base = from as i32 - "SELECT ".len() as i32;
        let parsed = self.parse(&text, base)?;
        self.lex.expect_symbol(";")?;
        Ok(Kind::Perform(Arc::new(crate::sql::plpgsql::ast::Expr {
            plan: crate::sql::routine::plan::Plan::new(parsed),
            shown: text,
            shift: 0,
            kind: crate::sql::plpgsql::ast::ExprKind::Statement,
            namespace: self.namespace.clone(),
        })))
    }

    /// `USING a, b`, up to the semicolon or INTO.
    pub(super) fn using(&mut self) -> Result<Vec<SharedExpr>> {
        let mut using = Vec::new();
        if self.lex.accept_word("using") {
            loop {
                using.push(self.expression(&[",", ";", "into"])?);
                if !self.lex.accept_symbol(",") {
                    break;
                }
            }
        }
        Ok(using)
    }

    fn execute(&mut self) -> Parsed {
        let query = self.expression(&["into", "using", ";"])?;
        let mut into = None;
        let mut using = Vec::new();
        loop {
            if self.lex.is_word("into") {
                if into.is_some() {
                    return Err(self.lex.syntax_error());
                }
                self.lex.next();
                let strict = self.lex.accept_word("strict");
                into = Some((self.into()?, strict));
            } else if self.lex.is_word("using") {
                if !using.is_empty() {
                    return Err(self.lex.syntax_error());
                }
                using = self.using()?;
            } else {
                self.lex.expect_symbol(";")?;
                return Ok(Kind::Execute { query, into, using });
            }
        }
    }

    fn end_transaction(&mut self, commit: bool) -> Parsed {
        let mut chain = false;
        if self.lex.accept_word("and") {
            chain = !self.lex.accept_word("no");
            self.lex.expect_word("chain")?;
        }
        self.lex.expect_symbol(";")?;
        Ok(Kind::EndTransaction { commit, chain })
    }

    fn assert(&mut self) -> Parsed {
        let condition = self.expression(&[",", ";"])?;
        let message = match self.lex.accept_symbol(",") {
            true => Some(self.expression(&[";"])?),
            false => None,
        };
        self.lex.expect_symbol(";")?;
        Ok(Kind::Assert { condition, message })
    }

    fn raise(&mut self) -> Parsed {
        let mut raise = Raise {
            level: RaiseLevel::Exception,
            again: false,
            code: None,
            message: None,
            arguments: Vec::new(),
            options: Vec::new(),
        };
        if self.lex.accept_symbol(";") {
            raise.again = true;
            return Ok(Kind::Raise(raise));
        }
        let levels = [
            ("debug", RaiseLevel::Debug),
            ("log", RaiseLevel::Log),
            ("info", RaiseLevel::Info),
            ("notice", RaiseLevel::Notice),
            ("warning", RaiseLevel::Warning),
            ("exception", RaiseLevel::Exception),
        ];
        if let Some((_, level)) = levels.iter().find(|(word, _)| self.lex.is_word(word)) {
            self.lex.next();
            raise.level = *level;
            // RAISE EXCEPTION; alone says nothing.
            if self.lex.is_symbol(";") {
                return Err(self.lex.syntax_error());
            }
        }
        match self.lex.peek().cloned() {
            Some(token) if token.kind == SqlTokenKind::String => {
                raise.message = Some(self.string_literal()?);
                while self.lex.accept_symbol(",") {
                    raise.arguments.push(self.expression(&[",", ";", "using"])?);
                }
                self.check_placeholders(&raise)?;
            }
            Some(_) if self.lex.is_word("using") => {}
            Some(token) if token.kind == SqlTokenKind::Word => {
                let name = self.lex.name()?;
                if name == "sqlstate" && !token.quoted {
                    let code = self.string_literal()?;
                    let found = conditions::parse_code(&code).ok_or_else(|| {
                        self.lex.error_near("invalid SQLSTATE code", self.lex.peek())
                    })?;
                    raise.code = Some((found, code));
                } else {
                    let code =
                        conditions::codes(&name).next().ok_or_else(|| unknown_condition(&name))?;
                    raise.code = Some((code, name));
                }
            }
            _ => return Err(self.lex.syntax_error()),
        }
        if self.lex.accept_word("using") {
            self.raise_options(&mut raise)?;
        }
        self.lex.expect_symbol(";")?;
        Ok(Kind::Raise(raise))
    }

    fn raise_options(&mut self, raise: &mut Raise) -> Result<()> {
        loop {
            let at = self.lex.position();
            let option = match self.lex.name()?.as_str() {
                "errcode" => RaiseOption::Errcode,
                "message" => RaiseOption::Message,
                "detail" => RaiseOption::Detail,
                "hint" => RaiseOption::Hint,
                "column" => RaiseOption::Column,
                "constraint" => RaiseOption::Constraint,
                "datatype" => RaiseOption::Datatype,
                "table" => RaiseOption::Table,
                "schema" => RaiseOption::Schema,
                _ => {
                    self.lex.seek(at);
                    return Err(self
                        .lex
                        .error_near("unrecognized RAISE statement option", self.lex.peek()));
                }
            };
            if !self.lex.accept_symbol("=") && !self.lex.accept_symbol(":=") {
                return Err(self.lex.error_near("syntax error, expected \"=\"", self.lex.peek()));
            }
            let value = self.expression(&[",", ";"])?;
            raise.options.push((option, value));
            if !self.lex.accept_symbol(",") {
                return Ok(());
            }
        }
    }

    /// As many `%` as there are arguments.
    fn check_placeholders(&mut self, raise: &Raise) -> Result<()> {
        let format = raise.message.as_deref().unwrap_or_default();
        let mut expected = 0;
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            if c == '%' {
                match chars.peek() {
                    Some('%') => {
                        chars.next();
                    }
                    _ => expected += 1,
                }
            }
        }
        let message = match raise.arguments.len().cmp(&expected) {
            std::cmp::Ordering::Less => "too few parameters specified for RAISE",
            std::cmp::Ordering::Greater => "too many parameters specified for RAISE",
            std::cmp::Ordering::Equal => return Ok(()),
        };
        let line =
            self.lex.line_at(self.lex.peek().map_or(self.lex.text.len(), |token| token.start));
        Err(Error::syntax(message).with_context(format!("near line {line}")))
    }

    fn get_diagnostics(&mut self) -> Parsed {
        let stacked = self.lex.accept_word("stacked");
        if !stacked {
            self.lex.accept_word("current");
        }
        self.lex.expect_word("diagnostics")?;
        let mut items = Vec::new();
        loop {
            let at = self.lex.position();
            let Some(mut target) = self.variable_here() else {
                let name = self.lex.peek().map(|t| self.lex.written(t)).unwrap_or_default();
                let error = Error::syntax(format!("\"{name}\" is not a known variable"));
                return Err(self.lex.error_here(error));
            };
            self.steps(&mut target)?;
            self.check_assignable(&target, at)?;
            if self.is_record(&target) {
                let name = self.variables[target.dno].name.clone();
                self.lex.seek(at);
                let error = Error::syntax(format!("\"{name}\" is not a scalar variable"));
                return Err(self.lex.error_here(error));
            }
            if !self.lex.accept_symbol("=") && !self.lex.accept_symbol(":=") {
                return Err(self.lex.syntax_error());
            }
            let at = self.lex.position();
            let name = self.lex.name()?;
            let (item, of_stacked) = match name.as_str() {
                "row_count" => (Diagnostic::RowCount, Some(false)),
                "pg_routine_oid" => (Diagnostic::RoutineOid, Some(false)),
                "pg_context" => (Diagnostic::Context, Some(false)),
                "pg_exception_context" => (Diagnostic::ErrorContext, Some(true)),
                "pg_exception_detail" => (Diagnostic::ErrorDetail, Some(true)),
                "pg_exception_hint" => (Diagnostic::ErrorHint, Some(true)),
                "returned_sqlstate" => (Diagnostic::ReturnedSqlstate, Some(true)),
                "column_name" => (Diagnostic::ColumnName, Some(true)),
                "constraint_name" => (Diagnostic::ConstraintName, Some(true)),
                "pg_datatype_name" => (Diagnostic::DatatypeName, Some(true)),
                "message_text" => (Diagnostic::MessageText, Some(true)),
                "table_name" => (Diagnostic::TableName, Some(true)),
                "schema_name" => (Diagnostic::SchemaName, Some(true)),
                _ => {
                    self.lex.seek(at);
                    return Err(self
                        .lex
                        .error_near("unrecognized GET DIAGNOSTICS item", self.lex.peek()));
                }
            };
            if of_stacked.is_some_and(|of| of != stacked) {
                let which = if stacked { "STACKED" } else { "CURRENT" };
                self.lex.seek(at);
                return Err(self.lex.error_here(Error::syntax(format!(
                    "diagnostics item {} is not allowed in GET {which} DIAGNOSTICS",
                    name.to_uppercase()
                ))));
            }
            items.push((target, item));
            if !self.lex.accept_symbol(",") {
                break;
            }
        }
        self.lex.expect_symbol(";")?;
        Ok(Kind::GetDiagnostics { stacked, items })
    }

    /// A variable of type refcursor.
    fn cursor_variable(&mut self) -> Result<usize> {
        let at = self.lex.position();
        let Some(target) = self.variable_here() else {
            let name = self.lex.peek().map(|t| self.lex.written(t)).unwrap_or_default();
            let message = format!("\"{name}\" is not a known variable");
            return Err(self.lex.error_here(Error::syntax(message)));
        };
        let kind = &self.variables[target.dno].kind;
        let is_cursor = target.steps.is_empty()
            && match kind {
                VariableKind::Cursor(_) => true,
                VariableKind::Scalar(ty) => ty.oid == oid::REFCURSOR,
                _ => false,
            };
        if is_cursor {
            return Ok(target.dno);
        }
        let name = self.variables[target.dno].name.clone();
        self.lex.seek(at);
        Err(self.lex.error_here(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!("variable \"{name}\" must be of type cursor or refcursor"),
        )))
    }

    /// `(a, n := b)` for a bound cursor, in the order of its arguments.
    pub(super) fn cursor_arguments(
        &mut self,
        cursor: usize,
        declaration: &CursorDeclaration,
    ) -> Result<Vec<SharedExpr>> {
        let wanted = &declaration.arguments;
        let name_of_cursor = self.variables[cursor].name.clone();
        let refused = |text: &str| Error::syntax(format!("{text} \"{name_of_cursor}\""));
        if !self.lex.is_symbol("(") {
            if wanted.is_empty() {
                return Ok(Vec::new());
            }
            return Err(self
                .lex
                .error_here(Error::syntax(format!("cursor \"{name_of_cursor}\" has arguments"))));
        }
        if wanted.is_empty() {
            return Err(self.lex.error_here(Error::syntax(format!(
                "cursor \"{name_of_cursor}\" has no arguments"
            ))));
        }
        self.lex.next();
        let mut given: Vec<Option<SharedExpr>> = vec![None; wanted.len()];
        let mut next = 0;
        loop {
            let start = self.lex.position();
            let named = self.lex.is_symbol_at(1, ":=") || self.lex.is_symbol_at(1, "=>");
            let at = match named {
                true => {
                    let name = self.lex.name()?;
                    self.lex.next();
                    wanted.iter().position(|(known, _)| *known == name).ok_or_else(|| {
                        self.lex.seek(start);
                        self.lex.error_here(Error::syntax(format!(
                            "cursor \"{name_of_cursor}\" has no argument named \"{name}\""
                        )))
                    })?
                }
                false => next,
            };
            if at >= wanted.len() {
                self.lex.seek(start);
                return Err(self.lex.error_here(refused("too many arguments for cursor")));
            }
            if given[at].is_some() {
                self.lex.seek(start);
                return Err(self.lex.error_here(Error::syntax(format!(
                    "value for parameter \"{}\" of cursor \"{name_of_cursor}\" specified more \
                     than once",
                    wanted[at].0
                ))));
            }
            given[at] = Some(self.expression(&[",", ")"])?);
            next += 1;
            if !self.lex.accept_symbol(",") {
                break;
            }
        }
        if !self.lex.is_symbol(")") {
            return Err(self.lex.syntax_error());
        }
        let given = given.into_iter().collect::<Option<Vec<_>>>();
        let given =
            given.ok_or_else(|| self.lex.error_here(refused("not enough arguments for cursor")))?;
        self.lex.expect_symbol(")")?;
        Ok(given)
    }

    fn open(&mut self) -> Parsed {
        let cursor = self.cursor_variable()?;
        if let VariableKind::Cursor(declaration) = self.variables[cursor].kind.clone() {
            let arguments = self.cursor_arguments(cursor, &declaration)?;
            self.lex.expect_symbol(";")?;
            let source = OpenSource::Bound(arguments);
            return Ok(Kind::Open { cursor, source, scroll: declaration.scroll });
        }
        let scroll = self.scroll()?;
        self.lex.expect_word("for")?;
        let query = match self.lex.accept_word("execute") {
            true => {
                let query = self.expression(&["using", ";"])?;
                Query::Dynamic { query, using: self.using()? }
            }
            false => {
                let (start, end) = self.cut(&[";"], false)?;
                Query::Static(self.sql(self.lex.text[start..end].to_owned(), start)?)
            }
        };
        self.lex.expect_symbol(";")?;
        Ok(Kind::Open { cursor, source: OpenSource::Query(query), scroll })
    }

    fn fetch(&mut self, fetches: bool) -> Parsed {
        let direction = self.direction()?;
        let cursor = self.cursor_variable()?;
        let into = match fetches {
            true => {
                self.lex.expect_word("into")?;
                let multiple = matches!(
                    direction,
                    Direction::Count { count: FetchCount::All | FetchCount::Expr(_), .. }
                );
                if multiple {
                    return Err(self.lex.error_here(Error::new(
                        sqlstate::FEATURE_NOT_SUPPORTED,
                        "FETCH statement cannot return multiple rows",
                    )));
                }
                Some(self.into()?)
            }
            false => None,
        };
        self.lex.expect_symbol(";")?;
        Ok(Kind::Fetch { cursor, direction, into })
    }

    fn direction(&mut self) -> Result<Direction> {
        let one = |backward| Direction::Count { backward, count: FetchCount::One };
        let Some(token) = self.lex.peek().cloned() else { return Err(self.lex.syntax_error()) };
        let word = if token.quoted { "" } else { token.word.as_str() };
        let direction = match word {
            "next" => one(false),
            "prior" => one(true),
            "first" => Direction::First,
            "last" => Direction::Last,
            "absolute" | "relative" => {
                self.lex.next();
                let count = self.expression(&["from", "in"])?;
                self.lex.next();
                return Ok(match word {
                    "absolute" => Direction::Absolute(count),
                    _ => Direction::Relative(count),
                });
            }
            "all" => Direction::Count { backward: false, count: FetchCount::All },
            "forward" | "backward" => {
                self.lex.next();
                let backward = word == "backward";
                if self.lex.accept_word("from") || self.lex.accept_word("in") {
                    return Ok(one(backward));
                }
                if self.lex.accept_word("all") {
                    if !self.lex.accept_word("from") {
                        self.lex.expect_word("in")?;
                    }
                    return Ok(Direction::Count { backward, count: FetchCount::All });
                }
                let count = FetchCount::Expr(self.expression(&["from", "in"])?);
                self.lex.next();
                return Ok(Direction::Count { backward, count });
            }
            "from" | "in" => {
                self.lex.next();
                return Ok(one(false));
            }
            _ => return Ok(one(false)),
        };
        // A variable may have the name of a direction.
        if self.lex.is_symbol_at(1, ";") || self.lex.is_word_at(1, "into") {
            return Ok(one(false));
        }
        self.lex.next();
        if !self.lex.accept_word("from") {
            self.lex.accept_word("in");
        }
        Ok(direction)
    }
}
