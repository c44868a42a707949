//! Rules: `pg_get_ruledef`. Conditions and actions are shown as they are kept, what they
//! name under its present name.

use super::view::current_text;
use crate::catalog::{Catalog, Rule, RuleText, quote_identifier, quote_qualified};
use crate::sql::types::Oid;

/// The CREATE RULE statement.
pub fn rule_definition(catalog: &Catalog, path: &[Oid], rule: &Rule) -> Option<String> {
    let shown = |piece: &RuleText| current_text(catalog, path, &piece.sql, &piece.names);
    let table = catalog.relation(rule.table)?;
    let name = quote_qualified(Some(catalog.schema_name(table.schema)), &table.name);
    let mut text = format!(
        "CREATE RULE {} AS\n    ON {} TO {name}",
        quote_identifier(&rule.name),
        rule.event.word()
    );
    if let Some(condition) = &rule.condition {
        text.push_str(&format!("\n   WHERE {}", shown(condition)));
    }
    text.push_str(if rule.instead { " DO INSTEAD " } else { " DO " });
    match rule.actions.as_slice() {
        [] => text.push_str("NOTHING;"),
        [only] => text.push_str(&format!(" {};", shown(only))),
        all => {
            let all: Vec<String> =
                all.iter().map(|action| format!(" {};\n", shown(action))).collect();
            text.push_str(&format!("( {});", all.concat().trim_start()));
        }
    }
    Some(text)
}
