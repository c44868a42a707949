//! View definitions: `pg_get_viewdef`.
//!
//! A view is stored as the query its creator wrote, in libpg_query's spelling,
//! so this is not PostgreSQL's normal form: names are not expanded and casts are
//! not added. The layout is PostgreSQL's, a line for each clause, column and join:
//!
//! ```text
//!  SELECT a,
//!     b
//!    FROM t
//!   WHERE a > 1;
//! ```

use super::display::{Token, display_query, tokens};
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::sql::types::Oid;

/// The query with a leading blank and a final semicolon.
pub fn view_definition(
    catalog: &Catalog,
    search_path: &[Oid],
    relation: &Relation,
) -> Option<String> {
    match &relation.kind {
        RelationKind::View(view) => {
            let query = view.sql.trim().trim_end_matches(';');
            Some(laid_out(&display_query(catalog, search_path, query)))
        }
        _ => None,
    }
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
