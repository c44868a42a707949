//! Functions: `pg_get_functiondef`, `pg_get_function_arguments` and friends.

use crate::catalog::{
    Catalog, Function, FunctionKind, Volatility, quote_identifier, quote_literal, quote_qualified,
};
use crate::sql::types::Oid;

/// What a list of arguments is printed for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Everything CREATE FUNCTION needs.
    Declaration,
    /// What tells overloads apart: no defaults, no TABLE columns.
    Identity,
    /// The columns of RETURNS TABLE only.
    Table,
}

/// `a integer, b text DEFAULT 'x'::text`.
pub fn function_arguments(catalog: &Catalog, path: &[Oid], function: &Function) -> String {
    arguments(catalog, path, function, Purpose::Declaration)
}

/// As `function_arguments` without defaults, as ALTER FUNCTION names a function.
pub fn function_identity_arguments(catalog: &Catalog, path: &[Oid], function: &Function) -> String {
    arguments(catalog, path, function, Purpose::Identity)
}

/// `integer`, `SETOF text`, `TABLE(a integer)`; none for a procedure.
pub fn function_result(catalog: &Catalog, path: &[Oid], function: &Function) -> Option<String> {
    if function.kind == FunctionKind::Procedure {
        return None;
    }
    let table = arguments(catalog, path, function, Purpose::Table);
    if !table.is_empty() {
        return Some(format!("TABLE({table})"));
    }
    let set = if function.returns_set { "SETOF " } else { "" };
    Some(format!("{set}{}", catalog.format_type(path, function.returns, None)))
}

/// Each argument as mode, type and name.
fn all_arguments(function: &Function) -> Vec<(char, Oid, &str)> {
    match &function.all_args {
        Some(all) => all.iter().map(|(mode, ty, name)| (*mode, *ty, name.as_str())).collect(),
        None => {
            let name = |at: usize| function.arg_names.get(at).map_or("", String::as_str);
            function.args.iter().enumerate().map(|(at, ty)| ('i', *ty, name(at))).collect()
        }
    }
}

fn arguments(catalog: &Catalog, path: &[Oid], function: &Function, purpose: Purpose) -> String {
    let first_default = function.args.len() - function.defaults.len().min(function.args.len());
    let ordered = catalog.aggregate(function.oid).filter(|aggregate| aggregate.kind != 'n');
    let direct = ordered.and_then(|aggregate| usize::try_from(aggregate.direct_args).ok());
    let mut inputs = 0;
    let mut printed: Vec<String> = Vec::new();
    for (mode, ty, name) in all_arguments(function) {
        let is_input = "ibv".contains(mode);
        let at = inputs;
        inputs += usize::from(is_input);
        if (mode == 't') != (purpose == Purpose::Table) {
            continue;
        }
        let mut text = String::from(match mode {
            'i' if function.kind == FunctionKind::Procedure => "IN ",
            'o' => "OUT ",
            'b' => "INOUT ",
            'v' => "VARIADIC ",
            _ => "",
        });
        if !name.is_empty() {
            text.push_str(&quote_identifier(name));
            text.push(' ');
        }
        text.push_str(&catalog.format_type(path, ty, None));
        if purpose == Purpose::Declaration
            && is_input
            && at >= first_default
            && let Some(default) = function.defaults.get(at - first_default)
        {
            text.push_str(&format!(" DEFAULT {default}"));
        }
        printed.push(text);
    }
    match direct {
        Some(direct) if purpose != Purpose::Table => ordered_set_arguments(printed, direct),
        _ => printed.join(", "),
    }
}

/// Direct arguments, then those that are sorted. Where all seem to be direct the last one
/// is VARIADIC and takes both.
fn ordered_set_arguments(mut printed: Vec<String>, direct: usize) -> String {
    if direct == printed.len() {
        printed.extend(printed.last().cloned());
    }
    let sorted = printed.split_off(direct.min(printed.len())).join(", ");
    match printed.is_empty() {
        true => format!("ORDER BY {sorted}"),
        false => format!("{} ORDER BY {sorted}", printed.join(", ")),
    }
}

/// The CREATE OR REPLACE FUNCTION statement.
pub fn function_definition(catalog: &Catalog, path: &[Oid], function: &Function) -> String {
    let kind = match function.kind {
        FunctionKind::Procedure => "PROCEDURE",
        _ => "FUNCTION",
    };
    let name = quote_qualified(Some(catalog.schema_name(function.schema)), &function.name);
    let arguments = function_arguments(catalog, path, function);
    let mut text = format!("CREATE OR REPLACE {kind} {name}({arguments})\n");
    if let Some(result) = function_result(catalog, path, function) {
        text.push_str(&format!(" RETURNS {result}\n"));
    }
    text.push_str(&format!(" LANGUAGE {}\n", quote_identifier(&function.language)));
    let mut attributes = Vec::new();
    if function.kind == FunctionKind::Window {
        attributes.push("WINDOW");
    }
    match function.volatility {
        Volatility::Immutable => attributes.push("IMMUTABLE"),
        Volatility::Stable => attributes.push("STABLE"),
        Volatility::Volatile => {}
    }
    let options = &function.options;
    let builtin = function.oid < crate::sql::types::oid::FIRST_NORMAL;
    match options.parallel.unwrap_or(if builtin { 's' } else { 'u' }) {
        's' => attributes.push("PARALLEL SAFE"),
        'r' => attributes.push("PARALLEL RESTRICTED"),
        _ => {}
    }
    if function.strict {
        attributes.push("STRICT");
    }
    if options.security_definer {
        attributes.push("SECURITY DEFINER");
    }
    if options.leakproof {
        attributes.push("LEAKPROOF");
    }
    let cost = options.cost.map(|cost| format!("COST {cost}"));
    let rows = options.rows.map(|rows| format!("ROWS {rows}"));
    attributes.extend(cost.as_deref());
    attributes.extend(rows.as_deref());
    if !attributes.is_empty() {
        text.push_str(&format!(" {}\n", attributes.join(" ")));
    }
    for (name, value) in &options.config {
        text.push_str(&format!(" SET {} TO {}\n", quote_identifier(name), setting(name, value)));
    }
    if let Some(body) = &options.sql_body {
        text.push_str(&format!("{body}\n"));
        return text;
    }
    let body = match function.language.as_str() {
        "internal" => quote_literal(&function.source),
        _ => dollar_quoted(kind, &function.source),
    };
    text.push_str(&format!("AS {body}\n"));
    text
}

/// `$function$…$function$`, with a longer tag when the body contains it.
fn dollar_quoted(kind: &str, body: &str) -> String {
    let mut tag = kind.to_lowercase();
    while body.contains(&format!("${tag}")) {
        tag.push('x');
    }
    format!("${tag}${body}${tag}$")
}

/// The value of a parameter as SET takes it: a list item by item.
fn setting(name: &str, value: &str) -> String {
    const LISTS: [&str; 4] = [
        "search_path",
        "temp_tablespaces",
        "session_preload_libraries",
        "shared_preload_libraries",
    ];
    if !LISTS.contains(&name) {
        return quote_literal(value);
    }
    match crate::catalog::parse_search_path(value) {
        Ok(entries) => {
            entries.iter().map(|entry| quote_literal(entry)).collect::<Vec<_>>().join(", ")
        }
        Err(_) => quote_literal(value),
    }
}
