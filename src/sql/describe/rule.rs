//! Rules as PostgreSQL prints them: `pg_get_ruledef`.
//!
//! ```text
//! CREATE RULE log AS
//!     ON INSERT TO public.t
//!    WHERE (new.a > 9) DO  INSERT INTO public.l (a)
//!   VALUES (new.a);
//! ```

use std::sync::Arc;

use super::{Name, Names, Output, Printer, unprintable};
use crate::catalog::{Rule, quote_identifier, quote_qualified};
use crate::error::{Error, Result};
use crate::sql::bind::Binder;
use crate::sql::bind::described::{DescribedAction, DescribedRule, Description};
use crate::sql::functions::EvalContext;

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
            (Some(change), _) => self.change(change, rows, 0, Output::Visible),
            (None, Some(first)) => self.query(first, rows, 0, Output::Visible),
            (None, None) => Err(unprintable("this action")),
        }
    }
}
