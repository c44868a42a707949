//! Access methods that take values apart: from the parts of a value to the rows that
//! have them.
//!
//! Every part of a key column's value is an entry of its own:
//!
//! ```text
//! [column u8][tag u8][part, self-delimiting][rid] → ()
//! ```
//!
//! | method | what a value's parts are |
//! |---|---|
//! | `gin` ([`inverted`]) | elements of an array, keys and scalars of a document, trigrams of a text, keys and pairs of an hstore |
//! | `gist` ([`spans`]) | where a range, a network or a number lies in its order; trigrams, keys and pairs as in `gin` |
//! | `hash` | a hash of the value |
//!
//! Long parts are hashed. A value without parts, and NULL, have an entry that says so, so
//! every row has one.
//!
//! A search says which parts a row must have ([`Need`]). It may name rows that do not
//! fulfil the condition, never leave one out that does: whoever asks looks at the rows
//! again. Parts that more rows have than a scan would read are left out of it.

use std::collections::{BTreeSet, HashMap};

use super::{GIN, GIST, HASH, IndexInfo, KeyColumn, inverted, spans};
use crate::error::{Error, Result};
use crate::sql::types::key::{KeyOrder, encode_ordered};
use crate::sql::types::{Datum, Repr, hash};
use crate::storage::key::{self, IndexBound};
use crate::table::scan::Comparison;
use crate::txn::{Keyspace, Overlay};

/// How a column's values are taken apart: its operator class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parts {
    Array,
    Jsonb,
    JsonbPath,
    /// The trigrams of a text.
    Trigrams,
    /// Keys, and keys with their values.
    Hstore,
    /// Ranges and multiranges, by the span from their lowest bound to the highest.
    Range,
    /// Networks, by the span of their addresses.
    Network,
    /// Values that are ordered, as spans of one value.
    Ordered,
    Hash,
}

impl Parts {
    /// The way of an operator class by its method and name.
    pub fn of_class(method: &str, name: &str) -> Option<Parts> {
        match (method, name) {
            (GIN, "array_ops") => Some(Parts::Array),
            (GIN, "jsonb_ops") => Some(Parts::Jsonb),
            (GIN, "jsonb_path_ops") => Some(Parts::JsonbPath),
            (GIN, "gin_trgm_ops") | (GIST, "gist_trgm_ops") => Some(Parts::Trigrams),
            (GIN, "gin_hstore_ops") | (GIST, "gist_hstore_ops") => Some(Parts::Hstore),
            (GIST, "range_ops" | "multirange_ops") => Some(Parts::Range),
            (GIST, "inet_ops") => Some(Parts::Network),
            (GIST, name) if spans::ORDERED_CLASSES.contains(&name) => Some(Parts::Ordered),
            (HASH, _) => Some(Parts::Hash),
            _ => None,
        }
    }
}

/// What a condition asks of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `&&`
    Overlaps,
    /// `@>`, `>>=` of networks.
    Contains,
    /// `<@`, `<<=` of networks.
    ContainedBy,
    /// `=`
    Equals,
    /// `<<` of ranges.
    Before,
    /// `>>` of ranges.
    After,
    /// `&<`
    NotBeyond,
    /// `&>`
    NotBelow,
    /// `-|-`
    Adjacent,
    /// `>>` of networks: contains and is larger.
    ContainsMore,
    /// `<<` of networks: is contained and smaller.
    ContainedByMore,
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
    /// `~~`, LIKE.
    Like,
    /// `~~*`, ILIKE.
    LikeIgnoringCase,
    /// `~`
    Matches,
    /// `~*`
    MatchesIgnoringCase,
    /// `%` of two texts.
    Similar(Threshold),
    /// `%>`: a word is like a part of the text.
    HasSimilar(Threshold),
    /// `%>>`: a word is like whole words of the text.
    HasSimilarWords(Threshold),
}

/// How similar texts must be, from 0 to 1; not known before the session is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Threshold(Option<u64>);

impl Threshold {
    const UNKNOWN: Threshold = Threshold(None);

    pub fn new(value: f64) -> Threshold {
        Threshold(Some(value.to_bits()))
    }

    pub fn value(self) -> Option<f64> {
        self.0.map(f64::from_bits)
    }
}

impl Operator {
    /// How it is written between values of a column's way.
    pub fn symbol(self, parts: Parts) -> &'static str {
        match (self, parts) {
            (Operator::Contains, Parts::Network) => ">>=",
            (Operator::ContainedBy, Parts::Network) => "<<=",
            (Operator::Overlaps, _) => "&&",
            (Operator::Contains, _) => "@>",
            (Operator::ContainedBy, _) => "<@",
            (Operator::Equals, _) => "=",
            (Operator::Before | Operator::ContainedByMore, _) => "<<",
            (Operator::After | Operator::ContainsMore, _) => ">>",
            (Operator::NotBeyond, _) => "&<",
            (Operator::NotBelow, _) => "&>",
            (Operator::Adjacent, _) => "-|-",
            (Operator::Exists, _) => "?",
            (Operator::ExistsAny, _) => "?|",
            (Operator::ExistsAll, _) => "?&",
            (Operator::PathExists, _) => "@?",
            (Operator::PathHolds, _) => "@@",
            (Operator::Like, _) => "~~",
            (Operator::LikeIgnoringCase, _) => "~~*",
            (Operator::Matches, _) => "~",
            (Operator::MatchesIgnoringCase, _) => "~*",
            (Operator::Similar(_), _) => "%",
            (Operator::HasSimilar(_), _) => "%>",
            (Operator::HasSimilarWords(_), _) => "%>>",
        }
    }

    /// Whether it is about what a text is like, which only trigrams know of.
    pub fn is_pattern(self) -> bool {
        use Operator::{Like, LikeIgnoringCase, Matches, MatchesIgnoringCase};
        matches!(self, Like | LikeIgnoringCase | Matches | MatchesIgnoringCase)
            || self.threshold().is_some()
    }

    /// The parameter that says how similar texts must be.
    pub fn threshold(self) -> Option<&'static str> {
        match self {
            Operator::Similar(_) => Some("pg_trgm.similarity_threshold"),
            Operator::HasSimilar(_) => Some("pg_trgm.word_similarity_threshold"),
            Operator::HasSimilarWords(_) => Some("pg_trgm.strict_word_similarity_threshold"),
            _ => None,
        }
    }

    /// The operator with what its parameter says.
    pub fn with_threshold(self, value: f64) -> Operator {
        let threshold = Threshold::new(value);
        match self {
            Operator::Similar(_) => Operator::Similar(threshold),
            Operator::HasSimilar(_) => Operator::HasSimilar(threshold),
            Operator::HasSimilarWords(_) => Operator::HasSimilarWords(threshold),
            other => other,
        }
    }

    /// The operator of a built-in function; `swapped` if the column is its second argument.
    pub fn of_function(source: &str, swapped: bool) -> Option<Operator> {
        if let Some(operator) = spans::operator_of(source, swapped) {
            return Some(operator);
        }
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
            ("hstore_contains", false) | ("hstore_contained", true) => Operator::Contains,
            ("hstore_exists", false) => Operator::Exists,
            ("hstore_exists_any", false) => Operator::ExistsAny,
            ("hstore_exists_all", false) => Operator::ExistsAll,
            ("textlike", false) => Operator::Like,
            ("texticlike", false) => Operator::LikeIgnoringCase,
            ("textregexeq", false) => Operator::Matches,
            ("texticregexeq", false) => Operator::MatchesIgnoringCase,
            ("similarity_op", _) => Operator::Similar(Threshold::UNKNOWN),
            ("word_similarity_commutator_op", false) | ("word_similarity_op", true) => {
                Operator::HasSimilar(Threshold::UNKNOWN)
            }
            ("strict_word_similarity_commutator_op", false)
            | ("strict_word_similarity_op", true) => Operator::HasSimilarWords(Threshold::UNKNOWN),
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
    /// A span by its node and lower end.
    pub const LOWER: u8 = 10;
    /// A span by its node and upper end.
    pub const UPPER: u8 = 11;
    /// A value, or the front of it, in its order.
    pub const ORDERED: u8 = 12;
    /// A trigram: its three bytes.
    pub const TRIGRAM: u8 = 13;
    /// A key of an hstore with its value, as the hstore of both.
    pub const PAIR: u8 = 14;
    /// Set with another tag, or alone: what follows is the part's hash.
    pub const HASHED: u8 = 0x80;
}

/// Parts longer than this are hashed.
pub(super) const PART_BYTES_MAX: usize = 128;
pub(super) const HASH_SEED: u64 = 0;

const ASCENDING: KeyOrder = KeyOrder { descending: false, nulls_first: false };

pub(super) type Part = Vec<u8>;

pub(super) fn part(column: u8, tag: u8, value: Option<(&Datum, &Repr)>) -> Part {
    let mut out = vec![column, tag];
    if let Some((value, repr)) = value {
        encode_ordered(value, repr, ASCENDING, &mut out);
    }
    if out.len() > PART_BYTES_MAX {
        hash_part(&mut out);
    }
    out
}

/// Puts a hash in the place of a part's value.
fn hash_part(out: &mut Part) {
    let hashed = hash::bytes(&out[2..], HASH_SEED);
    out.truncate(2);
    out[1] |= tag::HASHED;
    out.extend_from_slice(&hashed.to_be_bytes());
}

/// The part of a value in a hash index.
fn hashed_part(column: u8, value: &Datum, repr: &Repr) -> Part {
    let mut out = vec![column, 0];
    encode_ordered(value, repr, ASCENDING, &mut out);
    hash_part(&mut out);
    out
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
        let repr = &column.repr;
        match parts {
            Parts::Array | Parts::Jsonb | Parts::JsonbPath | Parts::Trigrams | Parts::Hstore => {
                inverted::take_apart(number, parts, repr, value, &mut found)?;
            }
            Parts::Range | Parts::Network | Parts::Ordered => {
                found.extend(spans::parts(number, parts, repr, value)?);
            }
            Parts::Hash => {
                found.insert(hashed_part(number, value, repr));
            }
        }
        if found.len() == before {
            found.insert(part(number, tag::EMPTY, None));
        }
    }
    Ok(found)
}

/// Which parts a row must have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Need {
    All(Vec<Need>),
    Any(Vec<Need>),
    /// So many of the parts, or more.
    AtLeast(usize, Vec<Part>),
    Part(Part),
    /// A part that is neither below the first nor above the second; one that begins with
    /// the second is not above it.
    Between(Part, Part),
    /// Nothing is known.
    Everything,
}

/// What a condition on a column of the index needs.
pub fn need(columns: &[KeyColumn], column: usize, operator: Operator, value: &Datum) -> Need {
    let Some(key) = columns.get(column) else { return Need::Everything };
    let (Some(parts), Ok(number)) = (key.parts, u8::try_from(column)) else {
        return Need::Everything;
    };
    match parts {
        Parts::Array | Parts::Jsonb | Parts::JsonbPath | Parts::Trigrams | Parts::Hstore => {
            inverted::need(number, parts, &key.repr, operator, value)
        }
        Parts::Range | Parts::Network | Parts::Ordered => {
            spans::need(number, parts, &key.repr, operator, value)
        }
        Parts::Hash if operator == Operator::Equals => {
            Need::Part(hashed_part(number, value, &key.repr))
        }
        Parts::Hash => Need::Everything,
    }
}

/// What a comparison with a column needs; none if the index does not serve it.
pub fn need_of(columns: &[KeyColumn], column: usize, comparison: &Comparison) -> Option<Need> {
    let key = columns.get(column)?;
    let equals = |value: &Datum| need(columns, column, Operator::Equals, value);
    let is_served = match (comparison, key.parts?) {
        (Comparison::Parts(operator, value), _) => {
            return Some(need(columns, column, *operator, value));
        }
        (
            Comparison::Equal(_) | Comparison::OneOf(_),
            Parts::Ordered | Parts::Hash | Parts::Trigrams,
        ) => true,
        (Comparison::Below { .. } | Comparison::Above { .. }, Parts::Ordered) => true,
        _ => false,
    };
    let number = u8::try_from(column).ok().filter(|_| is_served)?;
    Some(match comparison {
        Comparison::Equal(value) => equals(value),
        Comparison::OneOf(values) => Need::Any(values.iter().map(equals).collect()),
        Comparison::Below { bound, .. } => {
            spans::ordered_need(number, &key.repr, None, Some(bound))
        }
        Comparison::Above { bound, .. } => {
            spans::ordered_need(number, &key.repr, Some(bound), None)
        }
        _ => return None,
    })
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
        Need::Part(part) => between(index, overlay, (part, part), limit),
        Need::Between(first, last) => between(index, overlay, (first, last), limit),
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
        Need::AtLeast(count, parts) => at_least(index, overlay, *count, parts, limit),
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

/// A part that too many rows have is taken for one that every row has.
fn at_least(
    index: &IndexInfo,
    overlay: &Overlay,
    mut count: usize,
    parts: &[Part],
    limit: usize,
) -> Result<Option<Vec<u64>>> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for part in parts {
        match between(index, overlay, (part, part), limit)? {
            Some(rids) => rids.into_iter().for_each(|rid| *counts.entry(rid).or_default() += 1),
            None => count = count.saturating_sub(1),
        }
        if count == 0 {
            return Ok(None);
        }
    }
    let enough = counts.into_iter().filter(|(_, found)| *found >= count);
    let mut rids: Vec<u64> = enough.map(|(rid, _)| rid).collect();
    rids.sort_unstable();
    Ok(Some(rids).filter(|rids| rids.len() <= limit))
}

fn between(
    index: &IndexInfo,
    overlay: &Overlay,
    (first, last): (&[u8], &[u8]),
    limit: usize,
) -> Result<Option<Vec<u64>>> {
    let (lower, upper) = (IndexBound::Before(first), IndexBound::After(last));
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
    if first != last {
        found.sort_unstable();
        found.dedup();
    }
    Ok(Some(found))
}
