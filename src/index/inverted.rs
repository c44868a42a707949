//! The inverted access method (PostgreSQL's `gin`): what its parts are.
//!
//! An array is taken apart into its elements, a jsonb document into its keys and scalars
//! (`jsonb_ops`) or into hashes of its paths with the scalar at their end
//! (`jsonb_path_ops`):
//!
//! ```text
//! (7, '{"a": ["x", 1]}')  →  00 KEY a  7 · 00 KEY x  7 · 00 NUMBER 1  7
//! ```
//!
//! A string in a JSON array counts as a key, because `?` finds it. A text is taken apart
//! into its trigrams (`gin_trgm_ops`), an hstore into its keys and its pairs
//! (`gin_hstore_ops`); the classes of these two by `gist` are the same index, which has no
//! signatures and is searched by parts.
//!
//! What is similar to a text has so many of its trigrams, or more; what a regular
//! expression matches has those that `zserver_trgm` finds in the expression.

use std::collections::BTreeSet;

use super::parts::{HASH_SEED, Need, Operator, Part, Parts, all, part, tag};
use super::path_need;
use crate::error::{Error, Result};
use crate::sql::types::json::{JsonKind, JsonRef};
use crate::sql::types::jsonpath;
use crate::sql::types::regexp;
use crate::sql::types::{ArrayValue, Datum, Repr, hash};
use zserver_hstore::Pairs;
use zserver_trgm::{
    Query, Trigram, trigrams, trigrams_for_similarity, trigrams_of_expression, trigrams_of_pattern,
};

/// Paths that are nested deeper are not looked into.
const PATH_DEPTH_MAX: usize = 100;

pub(super) fn text_part(column: u8, tag: u8, text: &str) -> Part {
    part(column, tag, Some((&Datum::Text(text.to_owned()), &Repr::Text)))
}

/// The parts of a value; `repr` is the column's.
pub(super) fn take_apart(
    column: u8,
    parts: Parts,
    repr: &Repr,
    value: &Datum,
    found: &mut BTreeSet<Part>,
) -> Result<()> {
    match (parts, value) {
        (Parts::Array, Datum::Array(array)) => {
            found.extend(array.elements.iter().map(|element| element_part(column, repr, element)));
        }
        (Parts::Jsonb, Datum::Jsonb(document)) => {
            json_parts(column, document.root(), true, found);
        }
        (Parts::JsonbPath, Datum::Jsonb(document)) => {
            path_parts(column, document.root(), HASH_SEED, found);
        }
        (Parts::Trigrams, Datum::Text(text)) => {
            found.extend(trigrams(text).into_iter().map(|one| trigram_part(column, one)));
        }
        (Parts::Hstore, Datum::Text(text)) => {
            let pairs = Pairs::parse(text)
                .map_err(|error| Error::data_corrupted(format!("an hstore: {error}")))?;
            for (key, value) in pairs.iter() {
                found.insert(text_part(column, tag::KEY, key));
                found.insert(pair_part(column, key, value));
            }
        }
        _ => return Err(Error::internal("an inverted index over a value of another type")),
    }
    Ok(())
}

fn trigram_part(column: u8, trigram: Trigram) -> Part {
    let [a, b, c] = trigram.bytes();
    vec![column, tag::TRIGRAM, a, b, c]
}

fn pair_part(column: u8, key: &str, value: Option<&str>) -> Part {
    let pair = Pairs::new(vec![(key.to_owned(), value.map(str::to_owned))]);
    text_part(column, tag::PAIR, &pair.to_string())
}

/// Which pairs or keys of an hstore a row must have.
fn hstore_need(column: u8, operator: Operator, value: &Datum) -> Need {
    let key = |key: &str| Need::Part(text_part(column, tag::KEY, key));
    match (operator, value) {
        (Operator::Exists, Datum::Text(text)) => key(text),
        (Operator::Contains | Operator::Equals, Datum::Text(text)) => match Pairs::parse(text) {
            Ok(pairs) => {
                let pairs = pairs.iter();
                all(pairs.map(|(key, value)| Need::Part(pair_part(column, key, value))).collect())
            }
            Err(_) => Need::Everything,
        },
        (Operator::ExistsAny | Operator::ExistsAll, Datum::Array(keys)) => {
            // NULLs are no keys.
            let keys = keys.elements.iter().filter_map(|element| match element {
                Datum::Text(text) => Some(key(text)),
                _ => None,
            });
            match operator {
                Operator::ExistsAny => Need::Any(keys.collect()),
                _ => all(keys.collect()),
            }
        }
        _ => Need::Everything,
    }
}

fn element_part(column: u8, repr: &Repr, element: &Datum) -> Part {
    match (repr, element) {
        (_, Datum::Null) | (Repr::Pseudo, _) => part(column, tag::NULL_ELEMENT, None),
        (Repr::Array(of), element) => part(column, tag::ELEMENT, Some((element, &of.repr))),
        (other, element) => part(column, tag::ELEMENT, Some((element, other))),
    }
}

/// Keys and scalars; `element`: the value stands in an array, or alone.
fn json_parts(column: u8, value: JsonRef<'_>, element: bool, found: &mut BTreeSet<Part>) {
    match value.kind() {
        JsonKind::Array => {
            value.elements().for_each(|inner| json_parts(column, inner, true, found));
        }
        JsonKind::Object => {
            for (key, inner) in value.members() {
                found.insert(text_part(column, tag::KEY, key));
                json_parts(column, inner, false, found);
            }
        }
        _ => {
            found.insert(scalar_part(column, value, element));
        }
    }
}

fn scalar_part(column: u8, value: JsonRef<'_>, element: bool) -> Part {
    if let Some(text) = value.as_str() {
        let tag = if element { tag::KEY } else { tag::STRING };
        return text_part(column, tag, text);
    }
    if let Some(boolean) = value.as_bool() {
        return part(column, tag::BOOLEAN, Some((&Datum::Bool(boolean), &Repr::Bool)));
    }
    match value.as_numeric() {
        Some(number) => part(column, tag::NUMBER, Some((&Datum::Numeric(number), &Repr::Numeric))),
        None => part(column, tag::JSON_NULL, None),
    }
}

/// Hashes of the keys above a scalar and of the scalar; arrays are passed through.
fn path_parts(column: u8, value: JsonRef<'_>, path: u64, found: &mut BTreeSet<Part>) {
    match value.kind() {
        JsonKind::Array => {
            value.elements().for_each(|inner| path_parts(column, inner, path, found));
        }
        JsonKind::Object => {
            for (key, inner) in value.members() {
                path_parts(column, inner, hash::bytes(key.as_bytes(), path.rotate_left(1)), found);
            }
        }
        _ => {
            // Strings are the same wherever they stand.
            let scalar = scalar_part(column, value, false);
            let hashed = hash::bytes(&scalar[1..], path.rotate_left(1));
            let mut out = vec![column, tag::PATH];
            out.extend_from_slice(&hashed.to_be_bytes());
            found.insert(out);
        }
    }
}

fn has_all(column: u8, trigrams: Vec<Trigram>) -> Need {
    all(trigrams.into_iter().map(|one| Need::Part(trigram_part(column, one))).collect())
}

/// Which trigrams a text must have to be equal to another, to be like it, or to fit it.
fn text_need(column: u8, operator: Operator, text: &str) -> Need {
    let expression = |ignore_case| {
        let options = regexp::Options { ignore_case, ..Default::default() };
        match regexp::translate(text, options) {
            // That a letter stands before or behind is not asked for here.
            Ok(written) => {
                let plain = written.replace("(?<=\\w)", "").replace("(?=\\w)", "");
                query_need(column, &trigrams_of_expression(&plain))
            }
            Err(_) => Need::Everything,
        }
    };
    match operator {
        Operator::Equals => has_all(column, trigrams(text)),
        Operator::Like | Operator::LikeIgnoringCase => has_all(column, trigrams_of_pattern(text)),
        Operator::Matches => expression(false),
        Operator::MatchesIgnoringCase => expression(true),
        Operator::Similar(threshold)
        | Operator::HasSimilar(threshold)
        | Operator::HasSimilarWords(threshold) => {
            let Some(limit) = threshold.value() else { return Need::Everything };
            let of_text = trigrams(text);
            match trigrams_for_similarity(of_text.len(), limit) {
                Some(0) => Need::Everything,
                Some(count) => {
                    let part = |one| trigram_part(column, one);
                    Need::AtLeast(count, of_text.into_iter().map(part).collect())
                }
                None => Need::Any(Vec::new()),
            }
        }
        _ => Need::Everything,
    }
}

fn query_need(column: u8, query: &Query) -> Need {
    let needs = |queries: &[Query]| queries.iter().map(|one| query_need(column, one)).collect();
    match query {
        Query::Anything => Need::Everything,
        Query::All(queries) => Need::All(needs(queries)),
        Query::Any(queries) => Need::Any(needs(queries)),
        Query::Has(trigram) => Need::Part(trigram_part(column, *trigram)),
    }
}

/// What a condition on a column needs.
pub(super) fn need(
    number: u8,
    parts: Parts,
    repr: &Repr,
    operator: Operator,
    value: &Datum,
) -> Need {
    match (parts, value) {
        (Parts::Trigrams, Datum::Text(text)) => text_need(number, operator, text),
        (Parts::Hstore, value) => hstore_need(number, operator, value),
        (Parts::Array, Datum::Array(array)) => array_need(number, repr, operator, array),
        (Parts::Jsonb | Parts::JsonbPath, Datum::Text(text))
            if matches!(operator, Operator::PathExists | Operator::PathHolds) =>
        {
            let column = path_need::Column { number, parts };
            match jsonpath::open(text) {
                Ok(path) if path.depth > PATH_DEPTH_MAX => Need::Everything,
                Ok(path) if operator == Operator::PathExists => column.exists(&path.path),
                Ok(path) => column.holds(&path.path),
                Err(_) => Need::Everything,
            }
        }
        (Parts::Jsonb, Datum::Text(text)) if operator == Operator::Exists => {
            Need::Part(text_part(number, tag::KEY, text))
        }
        (Parts::Jsonb, Datum::Array(keys)) => {
            let keys = keys.elements.iter().filter_map(|key| match key {
                Datum::Text(text) => Some(Need::Part(text_part(number, tag::KEY, text))),
                _ => None,
            });
            match operator {
                Operator::ExistsAny => Need::Any(keys.collect()),
                Operator::ExistsAll => all(keys.collect()),
                _ => Need::Everything,
            }
        }
        (Parts::Jsonb | Parts::JsonbPath, Datum::Jsonb(_)) if operator == Operator::Contains => {
            let mut found = BTreeSet::new();
            match take_apart(number, parts, repr, value, &mut found) {
                Ok(()) => all(found.into_iter().map(Need::Part).collect()),
                Err(_) => Need::Everything,
            }
        }
        _ => Need::Everything,
    }
}

fn array_need(column: u8, repr: &Repr, operator: Operator, array: &ArrayValue) -> Need {
    let of = |element: &Datum| Need::Part(element_part(column, repr, element));
    let known = || array.elements.iter().filter(|element| !element.is_null());
    match operator {
        Operator::Overlaps => Need::Any(known().map(of).collect()),
        // Nothing contains a NULL.
        Operator::Contains if known().count() < array.elements.len() => Need::Any(Vec::new()),
        Operator::Contains => all(known().map(of).collect()),
        Operator::ContainedBy => {
            let empty = Need::Part(part(column, tag::EMPTY, None));
            Need::Any(known().map(of).chain([empty]).collect())
        }
        Operator::Equals if array.elements.is_empty() => Need::Part(part(column, tag::EMPTY, None)),
        Operator::Equals => all(array.elements.iter().map(of).collect()),
        _ => Need::Everything,
    }
}
