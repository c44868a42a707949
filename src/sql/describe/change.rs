//! INSERT, UPDATE and DELETE, within rules, functions' bodies and WITH.
//!
//! ```text
//!  INSERT INTO public.l (a)
//!   VALUES (new.a) ON CONFLICT(a) DO UPDATE SET b = excluded.b
//!   RETURNING l.a
//! ```

use super::layout::{CLAUSE, Page};
use super::{Name, Names, Output, Printer};
use crate::catalog::{Relation, quote_identifier};
use crate::error::{Error, Result};
use crate::sql::bind::described::{
    Arbiter, Assignment, Change, ChangeKind, Conflict, Inserted, Insertion, WrittenFrom,
};
use crate::sql::ir::{Expr, ExprKind, OutputColumn, Returning};
use crate::sql::parse::ast::OverridingKind;

impl Printer<'_> {
    /// A change within what has names already, what it returns called as `output` says.
    pub(super) fn change(
        &self,
        change: &Change,
        outer: &Names,
        indent: i32,
        output: Output<'_>,
    ) -> Result<String> {
        let mut page = Page::new(indent);
        let mut known = outer.inside();
        let item = known.take(change.alias.as_ref().unwrap_or(&change.relation.name));
        name_columns(&mut known, change, &item, &change.target);
        if let ChangeKind::Update { from, .. } | ChangeKind::Delete { from, .. } = &change.kind {
            self.name_from(&from.nodes, &from.rel, &mut known)?;
        }
        self.with(&change.with, &known, &mut page)?;
        page.indent += CLAUSE;
        let only = if change.is_only { "ONLY " } else { "" };
        let table = format!("{only}{}", self.catalog.relation_name(self.path, &change.relation));
        let alias = |word: &str| match change.alias.is_some() || item != change.relation.name {
            true => format!(" {word}{}", quote_identifier(&item)),
            false => String::new(),
        };
        match &change.kind {
            ChangeKind::Insert(insertion) => {
                page.push(&format!(" INSERT INTO {table}{}", alias("AS ")));
                self.inserted(&change.relation, insertion, &known, &mut page)?;
                if let Some(conflict) = &insertion.conflict {
                    self.conflict(change, conflict, (&known, &item), &mut page)?;
                }
            }
            ChangeKind::Update { assignments, from, condition } => {
                page.push(&format!(" UPDATE {table}{} SET ", alias("")));
                self.assignments(&change.relation, assignments, &known, &mut page)?;
                self.rest(" FROM ", from, condition.as_ref(), &known, &mut page)?;
            }
            ChangeKind::Delete { from, condition } => {
                page.push(&format!(" DELETE FROM {table}{}", alias("")));
                self.rest(" USING ", from, condition.as_ref(), &known, &mut page)?;
            }
        }
        if let Some(returning) = &change.returning {
            name_columns(&mut known, change, &item, &returning.row);
            self.returning(returning, output, &known, &mut page)?;
        }
        Ok(page.text)
    }

    fn inserted(
        &self,
        relation: &Relation,
        insertion: &Insertion,
        known: &Names,
        page: &mut Page,
    ) -> Result<()> {
        if !insertion.columns.is_empty() {
            let names = insertion.columns.iter().map(|number| quoted_column(relation, *number));
            page.push(&format!(" ({})", names.collect::<Vec<_>>().join(", ")));
        }
        page.push(match insertion.overriding {
            OverridingKind::OverridingUserValue => " OVERRIDING USER VALUE",
            OverridingKind::OverridingSystemValue => " OVERRIDING SYSTEM VALUE",
            _ => "",
        });
        match &insertion.source {
            Inserted::Defaults => page.push(" DEFAULT VALUES"),
            Inserted::Query(first) => {
                let query = self.query(*first, known, page.indent, Output::Hidden)?;
                page.push(&format!(" {query}"));
            }
            Inserted::Values(_, rows) => match rows.as_slice() {
                [only] => {
                    page.line(" VALUES (", -CLAUSE, CLAUSE, 1);
                    let text = self.row(only, known, page.indent, ", ")?;
                    page.push(&format!("{text})"));
                }
                rows => {
                    let texts = rows.iter().map(|values| {
                        let row = self.row(values, known, page.indent, ",")?;
                        Ok::<String, Error>(format!("({row})"))
                    });
                    let texts = texts.collect::<Result<Vec<String>>>()?;
                    page.push(&format!(" VALUES {}", texts.join(", ")));
                }
            },
        }
        Ok(())
    }

    /// Values of a row; what begins a line has no blank before it.
    fn row(
        &self,
        values: &[Option<Expr>],
        known: &Names,
        indent: i32,
        between: &str,
    ) -> Result<String> {
        let mut text = String::new();
        for (at, value) in values.iter().enumerate() {
            let value = self.value(value.as_ref(), known, indent)?;
            let between = if at == 0 { "" } else { between };
            let is_line = value.starts_with('\n');
            text.push_str(if is_line { between.trim_end() } else { between });
            text.push_str(&value);
        }
        Ok(text)
    }

    /// A value that a column gets; none is its default.
    fn value(&self, value: Option<&Expr>, known: &Names, indent: i32) -> Result<String> {
        value.map_or(Ok("DEFAULT".to_owned()), |value| self.assigned(value, known, indent))
    }

    fn assignments(
        &self,
        relation: &Relation,
        assignments: &[Assignment],
        known: &Names,
        page: &mut Page,
    ) -> Result<()> {
        for (at, (number, value)) in assignments.iter().enumerate() {
            let value = self.value(value.as_ref(), known, page.indent)?;
            let between = if at == 0 { "" } else { ", " };
            let blank = if value.starts_with('\n') { "" } else { " " };
            let column = quoted_column(relation, *number);
            page.push(&format!("{between}{column} ={blank}{value}"));
        }
        Ok(())
    }

    fn conflict(
        &self,
        change: &Change,
        conflict: &Conflict,
        (known, item): (&Names, &str),
        page: &mut Page,
    ) -> Result<()> {
        page.push(" ON CONFLICT");
        match &conflict.arbiter {
            Arbiter::Any => {}
            Arbiter::Constraint(name) => {
                page.push(&format!(" ON CONSTRAINT {}", quote_identifier(name)));
            }
            Arbiter::Elements { elements, condition, columns } => {
                let mut known = known.clone();
                name_columns(&mut known, change, item, columns);
                let known = known.bare();
                let texts = elements.iter().map(|element| {
                    let text = self.expr(element, &known, page.indent)?;
                    let is_column = matches!(element.kind, ExprKind::Column(_));
                    Ok::<String, Error>(if is_column { text } else { format!("({text})") })
                });
                let texts = texts.collect::<Result<Vec<String>>>()?;
                page.push(&format!("({})", texts.join(", ")));
                self.condition(condition.as_ref(), &known, page)?;
            }
        }
        let Some(update) = &conflict.update else {
            page.push(" DO NOTHING");
            return Ok(());
        };
        let mut known = known.clone();
        name_columns(&mut known, change, item, &update.target);
        name_columns(&mut known, change, "excluded", &update.excluded);
        page.push(" DO UPDATE SET ");
        self.assignments(&change.relation, &update.assignments, &known, page)?;
        self.condition(update.condition.as_ref(), &known, page)
    }

    fn condition(&self, condition: Option<&Expr>, known: &Names, page: &mut Page) -> Result<()> {
        let Some(condition) = condition else { return Ok(()) };
        page.line(" WHERE ", -CLAUSE, CLAUSE, 1);
        let text = self.expr(condition, known, page.indent)?;
        page.push(&text);
        Ok(())
    }

    /// FROM or USING, and WHERE.
    fn rest(
        &self,
        word: &str,
        from: &WrittenFrom,
        condition: Option<&Expr>,
        known: &Names,
        page: &mut Page,
    ) -> Result<()> {
        if !from.nodes.is_empty() {
            page.line(word, -CLAUSE, CLAUSE, 2);
            self.from(&from.nodes, &from.rel, known, page)?;
        }
        self.condition(condition, known, page)
    }

    fn returning(
        &self,
        returning: &Returning,
        output: Output<'_>,
        known: &Names,
        page: &mut Page,
    ) -> Result<()> {
        page.line(" RETURNING", -CLAUSE, CLAUSE, 1);
        for (at, (column, expr)) in returning.exprs.iter().enumerate() {
            page.push(if at == 0 { " " } else { ", " });
            let is_hidden = matches!(output, Output::Hidden) && column.name == "?column?";
            let text = self.target(expr, &column.name, is_hidden, known, page.indent)?;
            page.item(&text, at == 0);
        }
        Ok(())
    }
}

/// Notes what columns of a change's target are called, as those of an item.
fn name_columns(known: &mut Names, change: &Change, item: &str, columns: &[(i16, OutputColumn)]) {
    for (number, column) in columns {
        let name = column_name(&change.relation, *number, column);
        known.columns.insert(column.id, Name::Column(item.to_owned(), name));
    }
}

fn quoted_column(relation: &Relation, number: i16) -> String {
    let column = usize::try_from(number - 1).ok().and_then(|at| relation.columns.get(at));
    column.map_or_else(String::new, |column| quote_identifier(&column.name))
}

/// A column's present name; a system column keeps its own.
fn column_name(relation: &Relation, number: i16, column: &OutputColumn) -> String {
    let now = usize::try_from(number - 1).ok().and_then(|at| relation.columns.get(at));
    now.map_or_else(|| column.name.clone(), |now| now.name.clone())
}
