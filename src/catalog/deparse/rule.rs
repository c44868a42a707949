//! Rules: `pg_get_ruledef`. Conditions and actions are shown as they are kept.

use crate::catalog::{Catalog, Rule, quote_identifier, quote_qualified};

/// The CREATE RULE statement.
pub fn rule_definition(catalog: &Catalog, rule: &Rule) -> Option<String> {
    let table = catalog.relation(rule.table)?;
    let name = quote_qualified(Some(catalog.schema_name(table.schema)), &table.name);
    let mut text = format!(
        "CREATE RULE {} AS\n    ON {} TO {name}",
        quote_identifier(&rule.name),
        rule.event.word()
    );
    if let Some(condition) = &rule.condition {
        text.push_str(&format!("\n   WHERE {}", condition.sql));
    }
    text.push_str(if rule.instead { " DO INSTEAD " } else { " DO " });
    match rule.actions.as_slice() {
        [] => text.push_str("NOTHING;"),
        [only] => text.push_str(&format!(" {};", only.sql)),
        all => {
            let all: Vec<String> = all.iter().map(|action| format!(" {};\n", action.sql)).collect();
            text.push_str(&format!("( {});", all.concat().trim_start()));
        }
    }
    Some(text)
}
