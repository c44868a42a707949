//! The inverted access method (PostgreSQL's `gin`): from the parts of a value to the
//! rows that have them.
//!
//! A value of a key column is taken apart: an array into its elements, a jsonb document
//! into its keys and scalars (`jsonb_ops`) or into hashes of its paths with the scalar at
//! their end (`jsonb_path_ops`). Every part is an entry of its own:
//!
//! ```text
//! [column u8][tag u8][part, self-delimiting][rid] → ()
//! (7, '{"a": ["x", 1]}')  →  00 KEY a  7 · 00 KEY x  7 · 00 NUMBER 1  7
//! ```
//!
//! A string in a JSON array counts as a key, because `?` finds it. Long parts are hashed.
//! A value without parts, and NULL, have an entry that says so, so every row has one.
//!
//! A search says which parts a row must have ([`Need`]). It may name rows that do not
//! fulfil the condition, never leave one out that does: whoever asks looks at the rows
//! again. Parts that more rows have than a scan would read are left out of it.

use std::collections::BTreeSet;

use super::{IndexInfo, KeyColumn, path_need};
use crate::error::{Error, Result};
use crate::sql::types::json::{JsonKind, JsonRef};
use crate::sql::types::jsonpath;
use crate::sql::types::key::{KeyOrder, encode_ordered};
use crate::sql::types::{ArrayValue, Datum, Repr, hash};
use crate::storage::key::{self, IndexBound};
use crate::txn::{Keyspace, Overlay};

/// How a column's values are taken apart: its operator class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parts {
    Array,
    Jsonb,
    JsonbPath,
}

impl Parts {
    /// The way of an operator class by its name.
    pub fn of_class(name: &str) -> Option<Parts> {
        match name {
            "array_ops" => Some(Parts::Array),
            "jsonb_ops" => Some(Parts::Jsonb),
            "jsonb_path_ops" => Some(Parts::JsonbPath),
            _ => None,
        }
    }
}

/// What a condition asks of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `&&`
    Overlaps,
    /// `@>`
    Contains,
    /// `<@`
    ContainedBy,
    /// `=` of arrays.
    Equals,
    /// `?`, of a text.
    Exists,
    /// `?|`, of an array of texts.
    ExistsAny,
    /// `?&`, of an array of texts.
    ExistsAll,
    /// `@?`
    PathExists,
    /// `@@`
    PathHolds,
}

impl Operator {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Operator::Overlaps => "&&",
            Operator::Contains => "@>",
            Operator::ContainedBy => "<@",
            Operator::Equals => "=",
            Operator::Exists => "?",
            Operator::ExistsAny => "?|",
            Operator::ExistsAll => "?&",
            Operator::PathExists => "@?",
            Operator::PathHolds => "@@",
        }
    }

    /// The operator of a built-in function; `swapped` if the column is its second argument.
    pub fn of_function(source: &str, swapped: bool) -> Option<Operator> {
        Some(match (source, swapped) {
            ("arrayoverlap", _) => Operator::Overlaps,
            ("arraycontains", false) | ("arraycontained", true) => Operator::Contains,
            ("arraycontained", false) | ("arraycontains", true) => Operator::ContainedBy,
            ("array_eq", _) => Operator::Equals,
            ("jsonb_contains", false) | ("jsonb_contained", true) => Operator::Contains,
            ("jsonb_exists", false) => Operator::Exists,
            ("jsonb_exists_any", false) => Operator::ExistsAny,
            ("jsonb_exists_all", false) => Operator::ExistsAll,
            ("jsonb_path_exists_opr", false) => Operator::PathExists,
            ("jsonb_path_match_opr", false) => Operator::PathHolds,
            _ => return None,
        })
    }
}

pub(super) mod tag {
    /// A value without parts.
    pub const EMPTY: u8 = 0;
    pub const NULL: u8 = 1;
    pub const NULL_ELEMENT: u8 = 2;
    pub const ELEMENT: u8 = 3;
    pub const KEY: u8 = 4;
    pub const STRING: u8 = 5;
    pub const NUMBER: u8 = 6;
    pub const BOOLEAN: u8 = 7;
    pub const JSON_NULL: u8 = 8;
    pub const PATH: u8 = 9;
    /// Set with another tag: what follows is the part's hash.
    pub const HASHED: u8 = 0x80;
}

/// Parts longer than this are hashed.
const PART_BYTES_MAX: usize = 128;
/// Paths that are nested deeper are not looked into.
const PATH_DEPTH_MAX: usize = 100;
pub(super) const HASH_SEED: u64 = 0;

const ASCENDING: KeyOrder = KeyOrder { descending: false, nulls_first: false };

pub(super) type Part = Vec<u8>;

pub(super) fn part(column: u8, tag: u8, value: Option<(&Datum, &Repr)>) -> Part {
    let mut out = vec![column, tag];
    if let Some((value, repr)) = value {
        encode_ordered(value, repr, ASCENDING, &mut out);
    }
    if out.len() > PART_BYTES_MAX {
        let hashed = hash::bytes(&out[2..], HASH_SEED);
        out.truncate(2);
        out[1] |= tag::HASHED;
        out.extend_from_slice(&hashed.to_be_bytes());
    }
    out
}

pub(super) fn text_part(column: u8, tag: u8, text: &str) -> Part {
    part(column, tag, Some((&Datum::Text(text.to_owned()), &Repr::Text)))
}

/// The entries' payloads of a row's key, in order, each once.
pub fn payloads(columns: &[KeyColumn], key: &[Datum]) -> Result<BTreeSet<Part>> {
    let mut found = BTreeSet::new();
    for (at, (column, value)) in columns.iter().zip(key).enumerate() {
        let number = u8::try_from(at).map_err(|_| Error::internal("too many columns"))?;
        if value.is_null() {
            found.insert(part(number, tag::NULL, None));
            continue;
        }
        let before = found.len();
        let parts = column.parts.ok_or_else(|| Error::internal("a column without parts"))?;
        take_apart(number, parts, &column.repr, value, &mut found)?;
        if found.len() == before {
            found.insert(part(number, tag::EMPTY, None));
        }
    }
    Ok(found)
}

fn take_apart(
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
        _ => return Err(Error::internal("an inverted index over a value of another type")),
    }
    Ok(())
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

/// Which parts a row must have.
#[derive(Clone, PartialEq, Debug)]
pub enum Need {
    All(Vec<Need>),
    Any(Vec<Need>),
    Part(Part),
    /// Nothing is known.
    Everything,
}

/// What a condition on a column of the index needs.
pub fn need(columns: &[KeyColumn], column: usize, operator: Operator, value: &Datum) -> Need {
    let Some(key) = columns.get(column) else { return Need::Everything };
    let (Some(parts), Ok(number)) = (key.parts, u8::try_from(column)) else {
        return Need::Everything;
    };
    match (parts, value) {
        (Parts::Array, Datum::Array(array)) => array_need(number, &key.repr, operator, array),
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
            match take_apart(number, parts, &key.repr, value, &mut found) {
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

/// Of no parts at all nothing is known.
pub(super) fn all(needs: Vec<Need>) -> Need {
    if needs.is_empty() { Need::Everything } else { Need::All(needs) }
}

/// The rids of the rows that have what is needed, in order, and perhaps of others;
/// `None` if there are more than `limit`, or if nothing is known.
pub fn rids(
    index: &IndexInfo,
    overlay: &Overlay,
    need: &Need,
    limit: usize,
) -> Result<Option<Vec<u64>>> {
    match need {
        Need::Everything => Ok(None),
        Need::Part(part) => with_part(index, overlay, part, limit),
        Need::Any(needs) => {
            let mut found = BTreeSet::new();
            for need in needs {
                let Some(more) = rids(index, overlay, need, limit)? else { return Ok(None) };
                found.extend(more);
                if found.len() > limit {
                    return Ok(None);
                }
            }
            Ok(Some(found.into_iter().collect()))
        }
        Need::All(needs) => {
            let mut found: Option<Vec<u64>> = None;
            for need in needs {
                let Some(more) = rids(index, overlay, need, limit)? else { continue };
                found = Some(match found {
                    None => more,
                    Some(mut known) => {
                        known.retain(|rid| more.binary_search(rid).is_ok());
                        known
                    }
                });
                if found.as_ref().is_some_and(Vec::is_empty) {
                    break;
                }
            }
            Ok(found)
        }
    }
}

fn with_part(
    index: &IndexInfo,
    overlay: &Overlay,
    part: &[u8],
    limit: usize,
) -> Result<Option<Vec<u64>>> {
    let (lower, upper) = (IndexBound::Before(part), IndexBound::After(part));
    let range = key::index_range(index.storage_id(), lower, upper);
    let mut found = Vec::new();
    for entry in overlay.scan(Keyspace::Indexes, &range, false) {
        let (key, value) = entry?;
        if found.len() == limit {
            return Ok(None);
        }
        let rid = key::index_rid(&key, &value);
        found.push(rid.ok_or_else(|| Error::data_corrupted("an index entry has no rid"))?);
    }
    Ok(Some(found))
}
