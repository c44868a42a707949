//! `CREATE INDEX` statements: `pg_get_indexdef`.

use std::sync::Arc;

use super::display::{display, pretty};
use crate::catalog::{
    Catalog, Index, IndexKey, ObjectClass, Operator, OperatorClass, PG_CATALOG, Relation,
    RelationKind, quote_identifier, quote_literal, quote_qualified,
};
use crate::sql::types::Oid;

/// `CREATE INDEX name ON schema.table USING btree (…)`. With `pretty`, the table
/// is not qualified when it is visible.
pub fn index_definition(
    catalog: &Catalog,
    search_path: &[Oid],
    relation: &Relation,
    is_pretty: bool,
) -> Option<String> {
    let RelationKind::Index(index) = &relation.kind else { return None };
    let table = catalog.relation(index.table)?;
    let table_name = match is_pretty {
        true => catalog.relation_name(search_path, table),
        false => quote_qualified(Some(catalog.schema_name(table.schema)), &table.name),
    };
    let mut text = format!(
        "CREATE {}INDEX {} ON {}{table_name} USING {} (",
        if index.unique && index.exclusion.is_empty() { "UNIQUE " } else { "" },
        quote_identifier(&relation.name),
        if relation.inheritance.index_of_partitioned { "ONLY " } else { "" },
        quote_identifier(&index.access_method),
    );
    let column = |key: &IndexKey, is_key: bool| {
        let mut text = key_text(catalog, search_path, table, key, is_pretty);
        if is_key {
            text.push_str(&key_options(catalog, search_path, index, key));
        }
        text
    };
    let keys: Vec<String> =
        index.keys.iter().take(index.key_count).map(|key| column(key, true)).collect();
    text.push_str(&keys.join(", "));
    text.push(')');
    let included: Vec<String> =
        index.keys.iter().skip(index.key_count).map(|key| column(key, false)).collect();
    if !included.is_empty() {
        text.push_str(&format!(" INCLUDE ({})", included.join(", ")));
    }
    if index.nulls_not_distinct {
        text.push_str(" NULLS NOT DISTINCT");
    }
    text.push_str(&with_options(relation));
    if let Some(predicate) = &index.predicate {
        let shown = expression_text(catalog, search_path, predicate, is_pretty);
        text.push_str(&format!(" WHERE {shown}"));
    }
    Some(text)
}

/// ` WITH (fillfactor='70')`, or nothing.
pub fn with_options(relation: &Relation) -> String {
    match relation.settings.options.is_empty() {
        true => String::new(),
        false => format!(" WITH ({})", options_text(&relation.settings.options)),
    }
}

/// `fillfactor='70'`
fn options_text(options: &[(String, String)]) -> String {
    let quoted = |value: &str| match quote_identifier(value) == value {
        true => value.to_owned(),
        false => quote_literal(value),
    };
    let options = options.iter();
    let shown =
        options.map(|(name, value)| format!("{}={}", quote_identifier(name), quoted(value)));
    shown.collect::<Vec<String>>().join(", ")
}

/// The operator as it would be found by the key's type, else with its schema.
fn exclusion_operator(catalog: &Catalog, path: &[Oid], operator: Oid, key: &IndexKey) -> String {
    let Some(operator) = catalog.operator(operator) else { return "=".to_owned() };
    let named = catalog.operators_named(path, None, &operator.name).unwrap_or_default();
    let operands = (operator.left, operator.right);
    let hides = |other: &&Arc<Operator>| {
        other.oid != operator.oid
            && ((other.left, other.right) == operands
                || (other.left, other.right) == (key.ty.oid, key.ty.oid))
    };
    let is_found = named.iter().any(|other| other.oid == operator.oid);
    match is_found && !named.iter().any(|other| hides(&other)) {
        true => operator.name.clone(),
        false => {
            let schema = quote_identifier(catalog.schema_name(operator.schema));
            format!("OPERATOR({schema}.{})", operator.name)
        }
    }
}

/// `EXCLUDE USING gist (a WITH &&)`.
pub fn exclusion_definition(
    catalog: &Catalog,
    search_path: &[Oid],
    relation: &Relation,
    is_pretty: bool,
) -> Option<String> {
    let RelationKind::Index(index) = &relation.kind else { return None };
    let table = catalog.relation(index.table)?;
    let keys: Vec<String> = index
        .keys
        .iter()
        .take(index.key_count)
        .zip(&index.exclusion)
        .map(|(key, operator)| {
            let text = key_text(catalog, search_path, table, key, is_pretty);
            let operator = exclusion_operator(catalog, search_path, *operator, key);
            format!("{text}{} WITH {operator}", key_options(catalog, search_path, index, key))
        })
        .collect();
    let mut text = format!("EXCLUDE USING {} ({})", index.access_method, keys.join(", "));
    if let Some(predicate) = &index.predicate {
        let shown = expression_text(catalog, search_path, predicate, is_pretty);
        text.push_str(&format!(" WHERE ({shown})"));
    }
    Some(text)
}

/// One column of an index, counted from 1: its name or expression.
pub fn index_column(
    catalog: &Catalog,
    search_path: &[Oid],
    relation: &Relation,
    column: usize,
    is_pretty: bool,
) -> Option<String> {
    let RelationKind::Index(index) = &relation.kind else { return None };
    let table = catalog.relation(index.table)?;
    let key = index.keys.get(column.checked_sub(1)?)?;
    Some(key_text(catalog, search_path, table, key, is_pretty))
}

fn expression_text(catalog: &Catalog, path: &[Oid], sql: &str, is_pretty: bool) -> String {
    let shown = display(catalog, path, sql);
    if is_pretty { pretty(&shown) } else { shown }
}

fn key_text(
    catalog: &Catalog,
    path: &[Oid],
    table: &Relation,
    key: &IndexKey,
    is_pretty: bool,
) -> String {
    let Some(expression) = &key.expression else {
        let at = usize::try_from(key.column).unwrap_or(0);
        let column = at.checked_sub(1).and_then(|at| table.columns.get(at));
        return column.map_or_else(String::new, |column| quote_identifier(&column.name));
    };
    let text = expression_text(catalog, path, expression, is_pretty);
    // A call looks like a column's name to the grammar; all else needs parentheses.
    match is_function_call(&text) {
        true => text,
        false => format!("({text})"),
    }
}

/// Whether the text is one function call: `lower(name)`.
pub fn is_function_call(text: &str) -> bool {
    let Some(open) = text.find('(') else { return false };
    let name = &text[..open];
    let is_name = !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'));
    is_name && super::display::closing_parenthesis(text, open) == Some(text.len() - 1)
}

/// Whether the class is the first of its method and name on the path.
fn class_is_visible(catalog: &Catalog, path: &[Oid], class: &OperatorClass) -> bool {
    let of_method = |oid: &Oid| {
        let other = catalog.operator_class(*oid);
        other.is_some_and(|other| other.access_method == class.access_method)
    };
    let mut found = path.iter().filter_map(|schema| {
        let named = catalog.named(ObjectClass::OperatorClass, *schema, &class.name);
        named.iter().copied().find(of_method)
    });
    class.schema == PG_CATALOG || found.next() == Some(class.oid)
}

/// The collation of what a key is over.
fn own_collation(catalog: &Catalog, index: &Index, key: &IndexKey) -> Oid {
    let table = catalog.relation(index.table);
    let at = usize::try_from(key.column).ok().and_then(|number| number.checked_sub(1));
    let column = table.zip(at).and_then(|(table, at)| table.columns.get(at));
    match column {
        Some(column) => column.collation,
        None => catalog.type_(key.ty.oid).map_or(0, |ty| ty.collation),
    }
}

/// Operator class with its parameters, direction and NULLS where they are not the default.
fn key_options(catalog: &Catalog, path: &[Oid], index: &Index, key: &IndexKey) -> String {
    let mut text = String::new();
    if let Some(collation) = catalog.collation(key.collation)
        && key.collation != own_collation(catalog, index, key)
    {
        let schema =
            (collation.schema != PG_CATALOG).then(|| catalog.schema_name(collation.schema));
        text.push_str(&format!(" COLLATE {}", quote_qualified(schema, &collation.name)));
    }
    let default = catalog.default_operator_class(&index.access_method, key.ty.oid);
    let is_shown = |class: Oid| Some(class) != default || !key.options.is_empty();
    if let Some(class) = catalog.operator_class(key.opclass).filter(|class| is_shown(class.oid)) {
        let schema = (!class_is_visible(catalog, path, class)).then_some(class.schema);
        let schema = schema.map(|schema| catalog.schema_name(schema));
        text.push_str(&format!(" {}", quote_qualified(schema, &class.name)));
    }
    if !key.options.is_empty() {
        text.push_str(&format!(" ({})", options_text(&key.options)));
    }
    match (key.descending, key.nulls_first) {
        (false, false) => {}
        (false, true) => text.push_str(" NULLS FIRST"),
        (true, true) => text.push_str(" DESC"),
        (true, false) => text.push_str(" DESC NULLS LAST"),
    }
    text
}
