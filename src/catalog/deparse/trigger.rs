//! Triggers: `pg_get_triggerdef`.

use crate::catalog::{
    Catalog, Trigger, TriggerTiming, quote_identifier, quote_literal, quote_qualified,
};
use crate::sql::types::Oid;

/// The CREATE TRIGGER statement.
pub fn trigger_definition(
    catalog: &Catalog,
    path: &[Oid],
    trigger: &Trigger,
    pretty: bool,
) -> Option<String> {
    let table = catalog.relation(trigger.table)?;
    let constraint = trigger.constraint;
    let mut text = format!(
        "CREATE {}TRIGGER {} {} ",
        if constraint.is_some() { "CONSTRAINT " } else { "" },
        quote_identifier(&trigger.name),
        match trigger.timing {
            TriggerTiming::Before => "BEFORE",
            TriggerTiming::After => "AFTER",
            TriggerTiming::InsteadOf => "INSTEAD OF",
        }
    );
    let mut events = Vec::new();
    if trigger.events.insert {
        events.push("INSERT".to_owned());
    }
    if trigger.events.delete {
        events.push("DELETE".to_owned());
    }
    if trigger.events.update {
        let columns: Vec<String> = trigger
            .columns
            .iter()
            .filter_map(|attnum| table.columns.get(*attnum as usize - 1))
            .map(|column| quote_identifier(&column.name))
            .collect();
        events.push(match columns.is_empty() {
            true => "UPDATE".to_owned(),
            false => format!("UPDATE OF {}", columns.join(", ")),
        });
    }
    if trigger.events.truncate {
        events.push("TRUNCATE".to_owned());
    }
    text.push_str(&events.join(" OR "));
    let name = match pretty {
        true => catalog.relation_name(path, table),
        false => quote_qualified(Some(catalog.schema_name(table.schema)), &table.name),
    };
    text.push_str(&format!(" ON {name} "));
    if let Some(constraint) = constraint {
        if let Some(from) = catalog.relation(constraint.from) {
            text.push_str(&format!("FROM {} ", catalog.relation_name(path, from)));
        }
        text.push_str(if constraint.deferrable { "DEFERRABLE " } else { "NOT DEFERRABLE " });
        text.push_str(match constraint.initially_deferred {
            true => "INITIALLY DEFERRED ",
            false => "INITIALLY IMMEDIATE ",
        });
    }
    if trigger.old_table.is_some() || trigger.new_table.is_some() {
        text.push_str("REFERENCING ");
        if let Some(name) = &trigger.old_table {
            text.push_str(&format!("OLD TABLE AS {} ", quote_identifier(name)));
        }
        if let Some(name) = &trigger.new_table {
            text.push_str(&format!("NEW TABLE AS {} ", quote_identifier(name)));
        }
    }
    text.push_str(if trigger.row { "FOR EACH ROW " } else { "FOR EACH STATEMENT " });
    if let Some(when) = &trigger.when {
        let shown = super::display(catalog, path, when);
        let shown = if pretty { super::pretty(&shown) } else { shown };
        text.push_str(&format!("WHEN ({shown}) "));
    }
    let function = catalog.function(trigger.function)?;
    let schema = (!catalog.function_is_visible(path, function))
        .then(|| catalog.schema_name(function.schema));
    let args: Vec<String> = trigger.args.iter().map(|arg| quote_literal(arg)).collect();
    text.push_str(&format!(
        "EXECUTE FUNCTION {}({})",
        quote_qualified(schema, &function.name),
        args.join(", ")
    ));
    Some(text)
}
