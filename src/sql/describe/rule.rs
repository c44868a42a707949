//! Rules as PostgreSQL prints them: `pg_get_ruledef`.
//!
//! ```text
//! CREATE RULE log AS
//!     ON INSERT TO public.t
//!    WHERE (new.a > 9) DO  INSERT INTO public.l (a)
//!   VALUES (new.a);
//! ```

use std::sync::Arc;

use super::layout::{CLAUSE, Page};
use super::{Name, Names, Output, Printer, unprintable};
use crate::catalog::{Relation, Rule, quote_identifier, quote_qualified};
use crate::error::{Error, Result};
use crate::sql::bind::Binder;
use crate::sql::bind::described::{
    Change, ChangeKind, DescribedAction, DescribedRule, Description, Inserted, WrittenFrom,
};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{Expr, OutputColumn, Returning};

/// The CREATE RULE statement.
pub fn rule_definition(eval: &EvalContext, rule: &Arc<Rule>, pretty: bool) -> Result<String> {
    let table = eval.catalog.relation(rule.table);
    let table = table.ok_or_else(|| Error::internal("a rule without its table"))?;
    let described = Binder::with_fixed_params(eval, &[]).describe_rule(table, rule)?;
    let names = names_of(&described);
    // As PostgreSQL does, a pretty definition qualifies the table only where it must be.
    let name = match pretty {
        true => eval.catalog.relation_name(&eval.settings.search_path, table),
        false => quote_qualified(Some(eval.catalog.schema_name(table.schema)), &table.name),
    };
    let (rule_name, event) = (quote_identifier(&rule.name), rule.event.word());
    let mut text = format!("CREATE RULE {rule_name} AS\n    ON {event} TO {name}");
    if let Some(condition) = &described.condition {
        let description = Description::default();
        let condition = printer(eval, &description, pretty).expr(condition, &names, 0)?;
        text.push_str(&format!("\n   WHERE {condition}"));
    }
    text.push_str(if rule.instead { " DO INSTEAD " } else { " DO " });
    let actions = described
        .actions
        .iter()
        .map(|action| printer(eval, &action.description, pretty).action(action, &names));
    let actions = actions.collect::<Result<Vec<String>>>()?;
    match actions.as_slice() {
        [] => text.push_str("NOTHING;"),
        [only] => text.push_str(&format!("{only};")),
        all => {
            let all: String = all.iter().map(|action| format!("{action};\n")).collect();
            text.push_str(&format!("({all});"));
        }
    }
    Ok(text)
}

fn printer<'a>(eval: &'a EvalContext, description: &'a Description, pretty: bool) -> Printer<'a> {
    let path = &eval.settings.search_path;
    Printer { catalog: &eval.catalog, path, description, pretty, parameters: None }
}

/// `old` and `new`.
fn names_of(described: &DescribedRule) -> Names {
    let mut names = Names::default();
    for (row, columns) in &described.rows {
        for (id, column) in columns {
            names.columns.insert(*id, Name::Column(row.clone(), column.clone()));
        }
    }
    names
}

impl Printer<'_> {
    fn action(&self, action: &DescribedAction, rows: &Names) -> Result<String> {
        match (&action.description.change, action.query) {
            (Some(change), _) => self.change(change, rows),
            (None, Some(first)) => self.query(first, rows, 0, Output::Visible),
            (None, None) => Err(unprintable("this action")),
        }
    }

    fn change(&self, change: &Change, rows: &Names) -> Result<String> {
        let mut page = Page::new(0);
        page.indent += CLAUSE;
        let mut known = rows.inside();
        let item = change.alias.as_ref().unwrap_or(&change.relation.name);
        let item = known.take(item);
        for (number, column) in &change.target {
            let name = column_name(&change.relation, *number, column);
            known.columns.insert(column.id, Name::Column(item.clone(), name));
        }
        let table = self.catalog.relation_name(self.path, &change.relation);
        let alias = |word: &str| match &change.alias {
            Some(alias) => format!(" {word}{}", quote_identifier(alias)),
            None => String::new(),
        };
        match &change.kind {
            ChangeKind::Insert { columns, source } => {
                page.push(&format!(" INSERT INTO {table}{} ", alias("AS ")));
                self.inserted(change, columns, source, &known, &mut page)?;
            }
            ChangeKind::Update { assignments, from, condition } => {
                self.name_from(&from.nodes, &from.rel, &mut known)?;
                page.push(&format!(" UPDATE {table}{} SET ", alias("")));
                let set = |(number, value): &(i16, Expr)| {
                    let value = self.assigned(value, &known, page.indent)?;
                    let column = quoted_column(&change.relation, *number);
                    Ok::<String, Error>(format!("{column} = {value}"))
                };
                let sets = assignments.iter().map(set).collect::<Result<Vec<String>>>()?;
                page.push(&sets.join(", "));
                self.rest(" FROM ", from, condition.as_ref(), &known, &mut page)?;
            }
            ChangeKind::Delete { from, condition } => {
                self.name_from(&from.nodes, &from.rel, &mut known)?;
                page.push(&format!(" DELETE FROM {table}{}", alias("")));
                self.rest(" USING ", from, condition.as_ref(), &known, &mut page)?;
            }
        }
        if let Some(returning) = &change.returning {
            self.returning(change, returning, &item, known, &mut page)?;
        }
        Ok(page.text)
    }

    fn inserted(
        &self,
        change: &Change,
        columns: &[i16],
        source: &Inserted,
        known: &Names,
        page: &mut Page,
    ) -> Result<()> {
        if !columns.is_empty() {
            let names = columns.iter().map(|number| quoted_column(&change.relation, *number));
            page.push(&format!("({})", names.collect::<Vec<_>>().join(", ")));
        }
        let row = |row: &Vec<Expr>, page: &Page, between: &str| {
            let texts = row.iter().map(|value| self.assigned(value, known, page.indent));
            Ok::<String, Error>(texts.collect::<Result<Vec<String>>>()?.join(between))
        };
        match source {
            Inserted::Defaults => page.push("DEFAULT VALUES"),
            Inserted::Query(first) => {
                let query = self.query(*first, known, page.indent, Output::Visible)?;
                page.push(&format!(" {query}"));
            }
            Inserted::Values(rows) => match rows.as_slice() {
                [only] => {
                    page.line(" VALUES (", -CLAUSE, CLAUSE, 1);
                    let text = row(only, page, ", ")?;
                    page.push(&format!("{text})"));
                }
                rows => {
                    let texts = rows.iter().map(|values| {
                        Ok::<String, Error>(format!("({})", row(values, page, ",")?))
                    });
                    let texts = texts.collect::<Result<Vec<String>>>()?;
                    page.push(&format!(" VALUES {}", texts.join(", ")));
                }
            },
        }
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
        if let Some(condition) = condition {
            page.line(" WHERE ", -CLAUSE, CLAUSE, 1);
            let text = self.expr(condition, known, page.indent)?;
            page.push(&text);
        }
        Ok(())
    }

    fn returning(
        &self,
        change: &Change,
        returning: &Returning,
        item: &str,
        mut known: Names,
        page: &mut Page,
    ) -> Result<()> {
        for (number, column) in &returning.row {
            let name = column_name(&change.relation, *number, column);
            known.columns.insert(column.id, Name::Column(item.to_owned(), name));
        }
        page.line(" RETURNING", -CLAUSE, CLAUSE, 1);
        for (at, (output, expr)) in returning.exprs.iter().enumerate() {
            page.push(if at == 0 { " " } else { ", " });
            let text = self.target(expr, &output.name, false, &known, page.indent)?;
            page.item(&text, at == 0);
        }
        Ok(())
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
