//! View definitions: `pg_get_viewdef`.
//!
//! A view is stored as the query its creator wrote, in libpg_query's spelling,
//! with every `*` written out, so this is not PostgreSQL's normal form: columns are
//! not qualified and casts are not added. Objects that were renamed since are called
//! by their new names, under an alias that the rest of the query knows them by, and
//! the view's columns by theirs. The layout is PostgreSQL's, a line for each clause,
//! column and join:
//!
//! ```text
//!  SELECT a,
//!     b
//!    FROM t
//!   WHERE a > 1;
//! ```

use super::display::{Token, closing_parenthesis, display_query, tokens};
use crate::catalog::{
    BoundKind, BoundName, Catalog, Column, Relation, quote_identifier, quote_literal,
    quote_qualified,
};
use crate::sql::parse::{self, NodeEnum, ast};
use crate::sql::types::Oid;

/// The query with a leading blank and a final semicolon.
pub fn view_definition(catalog: &Catalog, path: &[Oid], relation: &Relation) -> Option<String> {
    match relation.view() {
        Some(view) => {
            let text = current_text(catalog, path, &view.sql, &view.names);
            let text = with_column_names(text, &relation.columns);
            let query = text.trim().trim_end_matches(';');
            Some(laid_out(&display_query(catalog, path, query)))
        }
        _ => None,
    }
}

/// The text with the view's columns called by their names, where the query calls
/// them otherwise.
fn with_column_names(text: String, columns: &[Column]) -> String {
    let Ok(statements) = parse::parse(&text) else { return text };
    let [statement] = statements.as_slice() else { return text };
    let mut node = statement.node.clone();
    let Some(select) = first_select(&mut node) else { return text };
    if select.target_list.len() != columns.len() {
        return text;
    }
    let mut changed = false;
    for (target, column) in select.target_list.iter_mut().zip(columns) {
        let Some(NodeEnum::ResTarget(target)) = &mut target.node else { return text };
        if output_name(target) != Some(column.name.as_str()) {
            target.name.clone_from(&column.name);
            changed = true;
        }
    }
    match changed {
        true => parse::deparse(&ast::Node { node: Some(node) }).unwrap_or(text),
        false => text,
    }
}

/// The SELECT that names a query's columns: of a set operation, the first.
fn first_select(node: &mut NodeEnum) -> Option<&mut ast::SelectStmt> {
    let NodeEnum::SelectStmt(select) = node else { return None };
    let mut select = &mut **select;
    while select.larg.is_some() {
        select = select.larg.as_mut()?;
    }
    select.values_lists.is_empty().then_some(select)
}

/// The name that a target gives its column, as far as it is written.
fn output_name(target: &ast::ResTarget) -> Option<&str> {
    if !target.name.is_empty() {
        return Some(&target.name);
    }
    match target.val.as_ref()?.node.as_ref()? {
        NodeEnum::ColumnRef(column) => match column.fields.last()?.node.as_ref()? {
            NodeEnum::String(name) => Some(&name.sval),
            _ => None,
        },
        _ => None,
    }
}

/// A text with the objects that it names called as they are now.
pub(super) fn current_text(
    catalog: &Catalog,
    path: &[Oid],
    sql: &str,
    names: &[BoundName],
) -> String {
    let mut text = sql.to_owned();
    let mut names: Vec<&BoundName> = names.iter().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.location));
    for name in names {
        let Ok(start) = usize::try_from(name.location) else { continue };
        let Some(rest) = text.get(start..) else { continue };
        if let Some((length, new)) = renamed(catalog, path, name, rest) {
            text.replace_range(start..start + length, &new);
        }
    }
    text
}

/// How many bytes at the name's place change, and to what.
fn renamed(
    catalog: &Catalog,
    path: &[Oid],
    name: &BoundName,
    rest: &str,
) -> Option<(usize, String)> {
    match &name.kind {
        BoundKind::Relation { columns, alias, alias_columns } => {
            let relation = catalog.relation(name.oid)?;
            let written = qualified_name(rest);
            let mut shown = written.text.to_owned();
            let is_renamed = written.last != relation.name
                || written
                    .schema
                    .as_ref()
                    .is_some_and(|s| s != catalog.schema_name(relation.schema));
            let found = catalog.relation_name(path, relation);
            let is_hidden = written.schema.is_none() && found != shown;
            if is_renamed || is_hidden {
                shown = found;
            }
            let lists_columns = columns.iter().any(|(number, name)| {
                let column = &relation.columns[*number as usize - 1];
                !column.dropped && column.name != *name
            });
            if !is_renamed && !lists_columns {
                return is_hidden.then_some((written.text.len(), shown));
            }
            let mut length = written.text.len();
            if alias.is_none() || lists_columns {
                length = alias_end(rest, length, alias.is_some());
                let alias = alias.as_ref().unwrap_or(&written.last);
                shown.push_str(" AS ");
                shown.push_str(&quote_identifier(alias));
            }
            if lists_columns || !alias_columns.is_empty() && length > written.text.len() {
                shown.push_str(&column_list(relation, columns, alias_columns));
            }
            Some((length, shown))
        }
        BoundKind::Type => {
            let ty = catalog.type_(name.oid)?;
            let written = qualified_name(rest);
            let schema = catalog.schema_name(ty.schema);
            let same =
                written.last == ty.name && written.schema.as_ref().is_none_or(|s| s == schema);
            let is_visible = catalog.type_is_visible(path, ty);
            let new = match is_visible {
                true => quote_identifier(&ty.name),
                false => quote_qualified(Some(schema), &ty.name),
            };
            let is_hidden = written.schema.is_none() && !is_visible;
            (!same || is_hidden).then_some((written.text.len(), new))
        }
        BoundKind::Regclass => {
            let relation = catalog.relation(name.oid)?;
            let Token::String(literal) = *tokens(rest).first()? else { return None };
            let new = quote_literal(&catalog.relation_name(path, relation));
            (literal != new).then_some((literal.len(), new))
        }
    }
}

/// A name at the start of a text: `name` or `schema.name`.
struct WrittenName<'a> {
    text: &'a str,
    schema: Option<String>,
    last: String,
}

fn qualified_name(text: &str) -> WrittenName<'_> {
    let mut length = 0;
    let mut parts: Vec<String> = Vec::new();
    for token in tokens(text) {
        match token {
            Token::Word(word) => {
                parts.push(plain(word));
                length += word.len();
            }
            Token::Other(".") => length += 1,
            _ => break,
        }
        if text.get(length..length + 1) != Some(".") && matches!(token, Token::Word(_)) {
            break;
        }
    }
    let last = parts.pop().unwrap_or_default();
    WrittenName { text: &text[..length], schema: parts.pop(), last }
}

/// An identifier without its quotes.
fn plain(word: &str) -> String {
    match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => word.to_owned(),
    }
}

/// Where the alias after a name ends, its column list included.
fn alias_end(text: &str, name_length: usize, is_aliased: bool) -> usize {
    if !is_aliased {
        return name_length;
    }
    let mut end = name_length;
    let mut words = 0;
    for token in tokens(&text[name_length..]) {
        match token {
            Token::Word(word) if words == 0 => {
                words = usize::from(!word.eq_ignore_ascii_case("as"));
                end += word.len();
            }
            Token::Other(blank) if blank.trim().is_empty() => {
                let next = &text[end + blank.len()..];
                if words > 0 && !next.starts_with('(') {
                    return end;
                }
                end += blank.len();
            }
            Token::Open if words > 0 => {
                return closing_parenthesis(text, end).map_or(end, |close| close + 1);
            }
            _ => return end,
        }
    }
    end
}

/// `(a, b)`: the names that the view knows the relation's columns by.
fn column_list(relation: &Relation, known: &[(i16, String)], aliases: &[String]) -> String {
    let live = relation.columns.iter().zip(1i16..).filter(|(column, _)| !column.dropped);
    let names: Vec<String> = live
        .enumerate()
        .map(|(at, (column, number))| {
            let known = known.iter().find(|(known, _)| *known == number).map(|(_, name)| name);
            let name = aliases.get(at).or(known).unwrap_or(&column.name);
            quote_identifier(name)
        })
        .collect();
    format!("({})", names.join(", "))
}

/// What the text being laid out is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clause {
    /// Its items stand on lines of their own.
    List,
    From,
    Other,
}

fn laid_out(query: &str) -> String {
    let tokens = tokens(query);
    let mut text = String::from(" ");
    let (mut depth, mut clause, mut in_join) = (0, Clause::Other, false);
    let mut before = "";
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            Token::Word(word) if depth == 0 => {
                if let Some((lead, next)) = clause_start(word, before, following(&tokens, at)) {
                    clause = next;
                    start_line(&mut text, lead);
                } else if clause == Clause::From && !in_join && begins_join(word) {
                    start_line(&mut text, "     ");
                    in_join = true;
                }
                in_join &= *word != "JOIN";
            }
            Token::Other(piece) if depth == 0 && clause != Clause::Other => {
                if let Some(rest) = piece.strip_prefix(", ") {
                    text.push_str(",\n    ");
                    text.push_str(rest);
                    continue;
                }
            }
            _ => {}
        }
        if let Token::Word(word) = token {
            before = word;
        }
        text.push_str(token.text());
    }
    text.push(';');
    text
}

/// Ends the line and indents the next; the first line has nothing to end.
fn start_line(text: &mut String, lead: &str) {
    if text.trim().is_empty() {
        return;
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text.push_str(lead);
}

/// The word after this one.
fn following<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    match tokens.get(at + 1..) {
        Some([Token::Other(blank), Token::Word(word), ..]) if blank.trim().is_empty() => word,
        _ => "",
    }
}

/// The indentation of the clause that a word begins, if it begins one.
fn clause_start(word: &str, before: &str, next: &str) -> Option<(&'static str, Clause)> {
    Some(match (word, next) {
        ("SELECT", _) => (" ", Clause::List),
        ("FROM", _) if before != "DISTINCT" => ("   ", Clause::From),
        ("WHERE", _) => ("  ", Clause::Other),
        ("GROUP" | "ORDER", "BY") => ("  ", Clause::Other),
        ("HAVING" | "LIMIT" | "OFFSET", _) => (" ", Clause::Other),
        ("UNION" | "INTERSECT" | "EXCEPT", _) => ("", Clause::Other),
        _ => return None,
    })
}

fn begins_join(word: &str) -> bool {
    matches!(word, "JOIN" | "LEFT" | "RIGHT" | "FULL" | "INNER" | "CROSS" | "NATURAL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clause_has_its_line() {
        for (query, expected) in [
            ("SELECT 1", " SELECT 1;"),
            (
                "SELECT a, f(b, c) FROM t WHERE a > 1 ORDER BY a, b",
                " SELECT a,\n    f(b, c)\n   FROM t\n  WHERE a > 1\n  ORDER BY a, b;",
            ),
            (
                "SELECT a FROM t LEFT JOIN u ON t.id = u.id JOIN v USING (id) GROUP BY a HAVING count(*) > 1",
                " SELECT a\n   FROM t\n     LEFT JOIN u ON t.id = u.id\n     JOIN v USING (id)\n  GROUP BY a\n HAVING count(*) > 1;",
            ),
            ("SELECT 1 UNION ALL SELECT 2", " SELECT 1\nUNION ALL\n SELECT 2;"),
            (
                "SELECT a IS DISTINCT FROM b FROM t, u LIMIT 5",
                " SELECT a IS DISTINCT FROM b\n   FROM t,\n    u\n LIMIT 5;",
            ),
        ] {
            assert_eq!(laid_out(query), expected);
        }
    }
}
