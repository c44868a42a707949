//! What statements that differ in their constants only have in common: a text with `$n`
//! in place of constants, and a number (`queryid`).
//!
//! ```text
//! SELECT a FROM t WHERE b = 17 -- why      SELECT a FROM t WHERE b = $1 -- why
//! select a  from t where b = 18            the same number
//! ```
//!
//! PostgreSQL's number is made of the tree after names were resolved, this one of the
//! tokens and the relations: comments, blanks and the case of words do not count, but
//! parentheses and aliases that mean nothing do. It is the same after a restart. A
//! statement that is no query or change of rows is known by its text, as in PostgreSQL.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::{SqlTokenKind, ffi, tokens};
use crate::sql::types::Oid;

/// Texts that are longer are known by their bytes.
const SCANNED_BYTES_MAX: usize = 1 << 20;

/// What is kept of a longer text.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// How a statement is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Never 0.
    pub query_id: i64,
    /// Without its constants, cut to 64 KiB.
    pub text: Arc<str>,
    pub is_utility: bool,
    /// Whether the text has parameters in the place of constants.
    pub has_constants: bool,
}

impl Identity {
    /// Of a query or a change of rows over these relations.
    pub fn of_query(sql: &str, relations: &[Oid]) -> Identity {
        let text = match sql.len() > SCANNED_BYTES_MAX {
            true => sql.to_owned(),
            false => normalized(sql),
        };
        let query_id = number_of(&text, relations);
        Identity { query_id, has_constants: text != sql, text: cut(&text), is_utility: false }
    }

    /// Of a query in a routine, whose variables are the first `params` parameters.
    pub fn of_routine(sql: &str, relations: &[Oid], params: usize) -> Identity {
        let plain = Identity::of_query(sql, relations);
        if params == 0 || sql.contains('$') {
            return plain;
        }
        Identity { text: cut(&moved(&plain.text, params)), ..plain }
    }

    pub fn of_utility(sql: &str) -> Identity {
        let query_id = not_zero(xxhash_rust::xxh3::xxh3_64(sql.as_bytes()));
        Identity { query_id, text: cut(sql), is_utility: true, has_constants: false }
    }
}

/// The text without its constants. What is prepared is known by the whole of its PREPARE.
fn normalized(sql: &str) -> String {
    let is_prepare = sql.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("prepare"));
    let start = if is_prepare { sql.len() - explained(sql).len() } else { 0 };
    let inner = ffi::normalize(&sql[start..]);
    format!("{}{}", &sql[..start], inner.as_deref().unwrap_or(&sql[start..]))
}

/// A text with higher numbers in its parameters.
fn moved(text: &str, by: usize) -> String {
    let mut parts = text.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        out.push('$');
        match number.parse::<usize>() {
            Ok(number) => out.push_str(&(number + by).to_string()),
            Err(_) => out.push_str(number),
        }
        out.push_str(rest);
    }
    out
}

/// The number of a text without constants.
fn number_of(text: &str, relations: &[Oid]) -> i64 {
    let scanned = match text.len() > SCANNED_BYTES_MAX {
        true => None,
        false => tokens(text).ok(),
    };
    let mut hash = Xxh3::new();
    match scanned {
        None => hash.update(text.as_bytes()),
        Some(tokens) => {
            for token in tokens {
                let Some(written) = text.get(token.range) else { continue };
                match token.kind == SqlTokenKind::Word && !written.starts_with('"') {
                    true => hash.update(written.to_lowercase().as_bytes()),
                    false => hash.update(written.as_bytes()),
                }
                hash.update(&[0]);
            }
        }
    }
    let mut relations = relations.to_vec();
    relations.sort_unstable();
    relations.dedup();
    relations.iter().for_each(|oid| hash.update(&oid.to_le_bytes()));
    not_zero(hash.digest())
}

fn not_zero(hash: u64) -> i64 {
    if hash == 0 { 1 } else { hash as i64 }
}

fn cut(text: &str) -> Arc<str> {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].into()
}

/// The statement within an EXPLAIN or a PREPARE, by its text.
pub fn explained(sql: &str) -> &str {
    let Ok(tokens) = tokens(sql) else { return sql };
    let mut depth = 0;
    for token in tokens.into_iter().skip(1) {
        let Some(written) = sql.get(token.range.clone()) else { continue };
        match written.to_ascii_lowercase().as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            "analyze" | "analyse" | "verbose" if depth == 0 => {}
            // A query in parentheses looks like options at first.
            "select" | "with" | "values" | "table" | "insert" | "update" | "delete" | "merge"
            | "declare" | "create" | "execute" | "refresh" => return &sql[token.range.start..],
            _ => {}
        }
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(sql: &str) -> i64 {
        Identity::of_query(sql, &[]).query_id
    }

    #[test]
    fn constants_comments_blanks_and_case_do_not_count() {
        let first = Identity::of_query("SELECT a FROM t WHERE b = 17 AND c = 'x'", &[]);
        assert_eq!(&*first.text, "SELECT a FROM t WHERE b = $1 AND c = $2");
        assert_eq!(first.query_id, number("select a\nfrom T where b = -3 /* */ and c = 'y' -- z"));
        assert_ne!(first.query_id, number("SELECT a FROM t WHERE b = 17 OR c = 'x'"));
        assert_ne!(first.query_id, number("SELECT \"A\" FROM t WHERE b = 17 AND c = 'x'"));
        assert_ne!(number("SELECT 1 IN (1, 2)"), number("SELECT 1 IN (1, 2, 3)"));
    }

    #[test]
    fn relations_count() {
        let of = |relations: &[Oid]| Identity::of_query("SELECT * FROM t", relations).query_id;
        assert_eq!(of(&[1, 2]), of(&[2, 1, 1]));
        assert_ne!(of(&[1]), of(&[2]));
    }

    #[test]
    fn parameters_stay_and_constants_follow_them() {
        let identity = Identity::of_query("SELECT $1, 5, $2", &[]);
        assert_eq!(&*identity.text, "SELECT $1, $3, $2");
    }

    #[test]
    fn an_explain_is_about_what_is_in_it() {
        let prepared = Identity::of_query("PREPARE p (int) AS SELECT $1, 5", &[]);
        assert_eq!(&*prepared.text, "PREPARE p (int) AS SELECT $1, $2");
        for sql in [
            "EXPLAIN SELECT 1",
            "explain (verbose, costs off) SELECT 1",
            "EXPLAIN VERBOSE SELECT 1",
        ] {
            assert_eq!(explained(sql), "SELECT 1");
        }
    }
}
