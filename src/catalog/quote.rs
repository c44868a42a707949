//! Quoting of identifiers and literals as PostgreSQL's deparser does it: identifiers only
//! when needed.

use super::keyword::{KeywordClass, keyword_class};

/// The identifier as it must be written in SQL.
pub fn quote_identifier(name: &str) -> String {
    if is_plain(name) && keyword_class(name).is_none_or(|class| class == KeywordClass::Unreserved) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// `schema.name`, or `name` alone without a schema.
pub fn quote_qualified(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quote_identifier(schema), quote_identifier(name)),
        None => quote_identifier(name),
    }
}

/// The text as a string literal of the standard: backslashes are as they are
/// (`simple_quote_literal`; the SQL function `quote_literal` is another).
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Lower-case letters, digits and underscores, not beginning with a digit.
fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_need_it_are_quoted() {
        for (name, quoted) in [
            ("a_1", "a_1"),
            ("A", "\"A\""),
            ("1a", "\"1a\""),
            ("a\"b", "\"a\"\"b\""),
            ("select", "\"select\""),
            ("name", "name"),
            ("between", "\"between\""),
            ("left", "\"left\""),
            ("a$", "\"a$\""),
            ("", "\"\""),
        ] {
            assert_eq!(quote_identifier(name), quoted);
        }
    }

    #[test]
    fn a_backslash_is_itself() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\b"), "'a\\b'");
    }
}
