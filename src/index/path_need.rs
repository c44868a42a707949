//! What `@?` and `@@` need of a document: parts that it must have for the path to find
//! something, or for the predicate to be true.
//!
//! ```text
//! @? '$.a[*] ? (@.b == 1)'    jsonb_ops: keys a and b, number 1
//!                             jsonb_path_ops: 1 under a, b
//! @@ '$.a > 1 || exists($.b)' jsonb_ops: key a, or key b
//! ```
//!
//! Arrays are passed through, as in lax mode, so more documents have the parts than
//! fulfil the condition. Nothing is said of what is negated, computed, or made by a
//! method.

use super::inverted::text_part;
use super::parts::{HASH_SEED, Need, Part, Parts, all, part, tag};
use crate::sql::types::jsonpath::{Comparison, Head, Path, Predicate, Step};
use crate::sql::types::{Datum, Repr, hash};

/// A column of an index and the way it is taken apart.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub number: u8,
    pub parts: Parts,
}

/// An item of the document: the keys that lead to it, as long as they are known.
type Place = Option<Vec<String>>;

/// What a path and the items it finds need.
struct Found {
    needs: Vec<Need>,
    /// Where the items are; none if they are not in the document.
    place: Option<Place>,
}

impl Column {
    /// For `@?`: the path finds something.
    pub fn exists(self, path: &Path) -> Need {
        match path.head {
            // A predicate always has a value.
            Head::Predicate(_) => Need::Everything,
            _ => all(self.path(path, &None).needs),
        }
    }

    /// For `@@`: the predicate is true.
    pub fn holds(self, path: &Path) -> Need {
        self.predicate(path, &None)
    }

    fn path(self, path: &Path, current: &Option<Place>) -> Found {
        let mut place = match path.head {
            Head::Root => Some(Some(Vec::new())),
            Head::Current => current.clone(),
            _ => None,
        };
        let mut needs = Vec::new();
        for step in &path.steps {
            let Some(keys) = &mut place else { break };
            match step {
                Step::Key(key) => {
                    if self.parts == Parts::Jsonb {
                        needs.push(Need::Part(text_part(self.number, tag::KEY, key)));
                    }
                    if let Some(keys) = keys {
                        keys.push(key.clone());
                    }
                }
                Step::AnyElement | Step::Elements(_) => {}
                Step::AnyKey | Step::Descendants(..) => *keys = None,
                Step::Filter(condition) => needs.push(self.predicate(condition, &place)),
                Step::Method(_) | Step::Datetime(_) => place = None,
            }
        }
        Found { needs, place }
    }

    fn predicate(self, path: &Path, current: &Option<Place>) -> Need {
        let Head::Predicate(predicate) = &path.head else {
            return all(self.path(path, current).needs);
        };
        match &**predicate {
            Predicate::And(a, b) => {
                Need::All(vec![self.predicate(a, current), self.predicate(b, current)])
            }
            Predicate::Or(a, b) => {
                Need::Any(vec![self.predicate(a, current), self.predicate(b, current)])
            }
            Predicate::Not(_) | Predicate::IsUnknown(_) => Need::Everything,
            Predicate::Compare(comparison, a, b) => {
                let (left, right) = (self.path(a, current), self.path(b, current));
                let equal = (*comparison == Comparison::Equal)
                    .then(|| self.value(&left, b).or_else(|| self.value(&right, a)))
                    .flatten();
                all(left.needs.into_iter().chain(right.needs).chain(equal).collect())
            }
            Predicate::StartsWith(of, _) | Predicate::LikeRegex(of, _) | Predicate::Exists(of) => {
                all(self.path(of, current).needs)
            }
        }
    }

    /// That a constant is among the items of a path.
    fn value(self, found: &Found, constant: &Path) -> Option<Need> {
        let place = found.place.as_ref()?;
        let scalar = self.scalar(constant)?;
        match (self.parts, place, &constant.head) {
            // In an array a string counts as a key.
            (Parts::Jsonb, _, Head::String(text)) => {
                let key = text_part(self.number, tag::KEY, text);
                Some(Need::Any(vec![Need::Part(scalar), Need::Part(key)]))
            }
            (Parts::Jsonb, _, _) => Some(Need::Part(scalar)),
            (Parts::JsonbPath, Some(keys), _) => {
                let below =
                    |path: u64, key: &String| hash::bytes(key.as_bytes(), path.rotate_left(1));
                let path = keys.iter().fold(HASH_SEED, below);
                let hashed = hash::bytes(&scalar[1..], path.rotate_left(1));
                let mut out = vec![self.number, tag::PATH];
                out.extend_from_slice(&hashed.to_be_bytes());
                Some(Need::Part(out))
            }
            _ => None,
        }
    }

    fn scalar(self, constant: &Path) -> Option<Part> {
        if !constant.steps.is_empty() {
            return None;
        }
        let column = self.number;
        Some(match &constant.head {
            Head::Null => part(column, tag::JSON_NULL, None),
            Head::Bool(value) => {
                part(column, tag::BOOLEAN, Some((&Datum::Bool(*value), &Repr::Bool)))
            }
            Head::Number(number) => {
                let number = Datum::Numeric(number.clone());
                part(column, tag::NUMBER, Some((&number, &Repr::Numeric)))
            }
            Head::String(text) => text_part(column, tag::STRING, text),
            _ => return None,
        })
    }
}
