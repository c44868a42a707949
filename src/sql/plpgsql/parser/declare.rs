//! DECLARE: variables, constants, aliases and cursors, and their types.

use std::sync::Arc;

use super::Parser;
use crate::catalog::{self, TypeKind};
use crate::error::{Error, Report, Result, Severity};
use crate::sql::parse::{self, SqlTokenKind};
use crate::sql::plpgsql::ast::{CursorDeclaration, Dno, Item, VariableKind, find};
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;

impl Parser<'_> {
    /// The declarations up to BEGIN; `first` is the number of the first variable.
    pub(super) fn declarations(&mut self, first: Dno) -> Result<Vec<Dno>> {
        while !self.lex.is_word("begin") {
            if self.lex.accept_word("declare") {
                continue;
            }
            if self.lex.is_symbol("<<") {
                return Err(self.lex.error_here(Error::syntax(
                    "block label must be placed before DECLARE, not after",
                )));
            }
            self.declaration()?;
        }
        Ok((first..self.variables.len()).collect())
    }

    fn declaration(&mut self) -> Result<()> {
        let line = self.lex.line();
        let at = self.lex.position();
        let name = self.lex.name()?;
        if self.is_declared_here(&name) {
            self.lex.seek(at);
            return Err(self.lex.error_near("duplicate declaration", self.lex.peek()));
        }
        self.check_shadowed(&name, at)?;
        if self.lex.is_word("alias") && self.lex.is_word_at(1, "for") {
            return self.alias(&name);
        }
        if self.lex.is_word("cursor")
            || self.lex.is_word_at(1, "scroll") && self.lex.is_word("no")
            || self.lex.is_word("scroll") && self.lex.is_word_at(1, "cursor")
        {
            return self.cursor(&name, line);
        }
        let constant = self.lex.accept_word("constant");
        let kind = self.data_type(&["not", "default", "collate", ":=", "=", ";"])?;
        if self.lex.accept_word("collate") {
            self.lex.name()?;
            while self.lex.accept_symbol(".") {
                self.lex.name()?;
            }
        }
        let not_null_at = self.lex.position();
        let not_null = self.lex.accept_word("not");
        if not_null {
            self.lex.expect_word("null")?;
        }
        let dno = self.add_hidden(&name, kind);
        let has_default = self.lex.accept_word("default")
            || self.lex.accept_symbol(":=")
            || self.lex.accept_symbol("=");
        if has_default {
            let default = self.expression(&[";"])?;
            self.variables[dno].default = Some(default);
        } else if not_null {
            self.lex.seek(not_null_at);
            return Err(self.lex.error_here(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                format!(
                    "variable \"{name}\" must have a default value, since it's declared NOT NULL"
                ),
            )));
        }
        self.lex.expect_symbol(";")?;
        let variable = &mut self.variables[dno];
        (variable.constant, variable.not_null, variable.line) = (constant, not_null, line);
        self.name_variable(&name, dno);
        Ok(())
    }

    /// Whether the present block has declared the name.
    fn is_declared_here(&self, wanted: &str) -> bool {
        let mut at = self.namespace.as_ref();
        while let Some(entry) = at {
            match &entry.item {
                Item::Label { .. } => return false,
                Item::Variable { name, .. } if name == wanted => return true,
                Item::Variable { .. } => at = entry.outer.as_ref(),
            }
        }
        false
    }

    fn alias(&mut self, name: &str) -> Result<()> {
        self.lex.expect_word("alias")?;
        self.lex.expect_word("for")?;
        let Some(target) = self.variable_here().filter(|target| target.steps.is_empty()) else {
            let named = self.lex.peek().map(|token| self.lex.written(token)).unwrap_or_default();
            let error = Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("variable \"{named}\" does not exist"),
            );
            return Err(self.lex.error_here(error));
        };
        self.lex.expect_symbol(";")?;
        self.name_variable(name, target.dno);
        Ok(())
    }

    fn cursor(&mut self, name: &str, line: u32) -> Result<()> {
        let scroll = self.scroll()?;
        self.lex.expect_word("cursor")?;
        let outer = self.namespace.clone();
        self.push_label(None, false);
        let mut arguments = Vec::new();
        if self.lex.accept_symbol("(") {
            loop {
                let at = self.lex.position();
                let name = self.lex.name()?;
                self.check_shadowed(&name, at)?;
                let kind = self.data_type(&[",", ")"])?;
                let dno = self.add(&name, kind);
                arguments.push((name, dno));
                if !self.lex.accept_symbol(",") {
                    break;
                }
            }
            self.lex.expect_symbol(")")?;
        }
        if !self.lex.accept_word("is") {
            self.lex.expect_word("for")?;
        }
        let (start, end) = self.cut(&[";"], false)?;
        let query = self.sql(self.lex.text[start..end].to_owned(), start)?;
        self.lex.expect_symbol(";")?;
        self.namespace = outer;
        let declaration = CursorDeclaration { query, arguments, scroll };
        let dno = self.add(name, VariableKind::Cursor(Arc::new(declaration)));
        self.variables[dno].line = line;
        Ok(())
    }

    /// A variable that hides another one may be a mistake.
    fn check_shadowed(&mut self, name: &str, at: usize) -> Result<()> {
        let Some(severity) = self.shadows else { return Ok(()) };
        if find(&self.namespace, &[name]).is_none() {
            return Ok(());
        }
        let error = Error::new(
            sqlstate::DUPLICATE_ALIAS,
            format!("variable \"{name}\" shadows a previously defined variable"),
        );
        if severity == Severity::Error {
            self.lex.seek(at);
            return Err(self.lex.error_here(error));
        }
        self.warnings.push(Report { severity, ..error.into_report() });
        Ok(())
    }

    /// `[NO] SCROLL`.
    pub(super) fn scroll(&mut self) -> Result<Option<bool>> {
        if self.lex.is_word("no") && self.lex.is_word_at(1, "scroll") {
            self.lex.next();
            self.lex.next();
            return Ok(Some(false));
        }
        Ok(self.lex.accept_word("scroll").then_some(true))
    }

    /// A type, up to one of these words or symbols.
    pub(super) fn data_type(&mut self, stops: &[&str]) -> Result<VariableKind> {
        let start = self.lex.peek().map_or(self.lex.text.len(), |token| token.start);
        let first = self.lex.position();
        if self.lex.peek().is_none_or(|token| token.kind != SqlTokenKind::Word) {
            return Err(self.lex.error_near("missing data type declaration", self.lex.peek()));
        }
        let mut names = vec![self.lex.name()?];
        while self.lex.is_symbol(".") {
            self.lex.next();
            names.push(self.lex.name()?);
        }
        if self.lex.is_symbol("%") {
            self.lex.next();
            if self.lex.accept_word("type") {
                let kind = self.type_of(&names, first)?;
                return self.array_of_reference(kind);
            }
            self.lex.expect_word("rowtype")?;
            return self.row_type(&names);
        }
        self.lex.seek(first);
        let (_, end) = self.cut(stops, true).map_err(|error| {
            match error.message().starts_with("missing") {
                true => self.lex.error_near("syntax error", self.lex.peek()),
                false => error,
            }
        })?;
        let text = &self.lex.text[start..end];
        if text.eq_ignore_ascii_case("record") {
            return Ok(VariableKind::Record(None));
        }
        let resolved = parse::parse_type_name(text)
            .map_err(|error| {
                let shift = start as i32 - "SELECT NULL::".len() as i32;
                let at = error.report().offset.map_or(start as i32, |at| at as i32 + shift);
                let error = Error::syntax(error.message().to_owned()).at(at);
                error
                    .in_internal_query(self.lex.text)
                    .with_context(format!("invalid type name \"{text}\""))
            })
            .and_then(|name| {
                let path = &self.eval.settings.search_path;
                catalog::resolve_type(&self.eval.catalog, path, &name)
                    .map_err(|error| error.without_position().at(start as i32))
                    .map_err(|error| error.in_internal_query(self.lex.text))
            })?;
        let pseudo = self
            .eval
            .catalog
            .type_(resolved.oid)
            .is_some_and(|ty| matches!(ty.kind, TypeKind::Pseudo) && ty.oid != oid::RECORD);
        if pseudo {
            let name = self.eval.catalog.format_type(&[], resolved.oid, Some(-1));
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("variable has pseudo-type {name}"),
            ));
        }
        Ok(self.kind_of(resolved))
    }

    /// `x%TYPE`: of a variable or of a column.
    fn type_of(&mut self, names: &[String], at: usize) -> Result<VariableKind> {
        use crate::sql::plpgsql::ast::Found;
        let parts: Vec<&str> = names.iter().map(String::as_str).collect();
        match find(&self.namespace, &parts) {
            Some(Found::Variable(dno)) => {
                return Ok(match &self.variables[dno].kind {
                    VariableKind::Cursor(_) => VariableKind::Scalar(SqlType::new(oid::REFCURSOR)),
                    kind => kind.clone(),
                });
            }
            Some(Found::Field(dno, field)) => {
                if let VariableKind::Record(Some(ty)) = &self.variables[dno].kind {
                    let fields = crate::sql::routine::fields_of(*ty, &self.eval.catalog);
                    let found = fields.iter().flat_map(|f| f.iter()).find(|(n, _)| *n == field);
                    if let Some((_, ty)) = found {
                        return Ok(self.kind_of(*ty));
                    }
                }
            }
            None => {}
        }
        let (column, table) = parts.split_last().unwrap_or((&"", &[]));
        let (schema, table) = match table {
            [] => {
                let error = Error::undefined_type(column);
                self.lex.seek(at);
                return Err(self.lex.error_here(error));
            }
            [table] => (None, *table),
            [.., schema, table] => (Some(*schema), *table),
        };
        let path = &self.eval.settings.search_path;
        let relation = catalog::resolve_relation(&self.eval.catalog, path, schema, table)?;
        let found = relation.columns.iter().find(|known| !known.dropped && known.name == *column);
        let found = found.ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column \"{column}\" of relation \"{table}\" does not exist"),
            )
        })?;
        Ok(self.kind_of(found.ty))
    }

    /// `x%TYPE[]` and `x%TYPE ARRAY`.
    fn array_of_reference(&mut self, kind: VariableKind) -> Result<VariableKind> {
        let mut is_array = self.lex.accept_word("array");
        while self.lex.accept_symbol("[") {
            is_array = true;
            if self.lex.peek().is_some_and(|token| token.kind == SqlTokenKind::Number) {
                self.lex.next();
            }
            self.lex.expect_symbol("]")?;
        }
        let element = match (&kind, is_array) {
            (_, false) => return Ok(kind),
            (VariableKind::Scalar(ty), true) | (VariableKind::Record(Some(ty)), true) => *ty,
            _ => return Err(self.lex.syntax_error()),
        };
        let found = self.eval.catalog.type_(element.oid);
        let array = found.map_or(oid::INVALID, |ty| match ty.array {
            0 if ty.element != 0 => ty.oid,
            array => array,
        });
        Ok(VariableKind::Scalar(SqlType::new(array)))
    }

    fn row_type(&mut self, names: &[String]) -> Result<VariableKind> {
        let (schema, name) = match names {
            [name] => (None, name.as_str()),
            [.., schema, name] => (Some(schema.as_str()), name.as_str()),
            [] => return Err(self.lex.syntax_error()),
        };
        let path = &self.eval.settings.search_path;
        let relation = catalog::resolve_relation(&self.eval.catalog, path, schema, name);
        let relation = relation?;
        let row = self.eval.catalog.row_type(relation);
        if row == oid::INVALID {
            return Err(Error::undefined_table(name));
        }
        Ok(VariableKind::Record(Some(SqlType::new(row))))
    }
}
