//! Payloads with something put in, taken out, or selected.
//!
//! What a path does not lead to is made on the way, as Qdrant makes it: a key in something
//! that is not an object replaces it, an index or `[]` in something that is not an array
//! makes it an empty one.

use super::path::{Path, Step};
use crate::error::Result;
use crate::sql::types::json::{JsonKind, JsonRef, JsonValue};

type Members = Vec<(String, JsonValue)>;

/// The payload with members of `value` at a path, or in itself; null removes one.
pub fn set(payload: JsonRef<'_>, path: Option<&Path>, value: JsonRef<'_>) -> JsonValue {
    let members: Members = match tree(value) {
        JsonValue::Object(members) => members,
        _ => Vec::new(),
    };
    let mut root = tree(payload);
    match path {
        None => merge(&mut root, members),
        Some(path) => put(&mut root, &path.0, &members),
    }
    root
}

fn tree(value: JsonRef<'_>) -> JsonValue {
    match value.kind() {
        JsonKind::Array => JsonValue::Array(value.elements().map(tree).collect()),
        JsonKind::Object => {
            let member = |(key, value): (&str, JsonRef<'_>)| (key.to_owned(), tree(value));
            JsonValue::Object(value.members().map(member).collect())
        }
        _ => value.to_value(),
    }
}

fn is_null(value: &JsonValue) -> bool {
    match value {
        JsonValue::Null => true,
        JsonValue::Encoded(part) => part.root().kind() == JsonKind::Null,
        _ => false,
    }
}

fn merge(into: &mut JsonValue, members: Members) {
    if !matches!(into, JsonValue::Object(_)) {
        *into = JsonValue::Object(Vec::new());
    }
    let JsonValue::Object(own) = into else { return };
    for (key, value) in members {
        own.retain(|(known, _)| *known != key);
        if !is_null(&value) {
            own.push((key, value));
        }
    }
}

fn put(at: &mut JsonValue, steps: &[Step], members: &Members) {
    let Some((step, rest)) = steps.split_first() else { return merge(at, members.clone()) };
    match step {
        Step::Key(key) => {
            if !matches!(at, JsonValue::Object(_)) {
                *at = JsonValue::Object(Vec::new());
            }
            let JsonValue::Object(own) = at else { return };
            if !own.iter().any(|(known, _)| known == key) {
                own.push((key.clone(), JsonValue::Object(Vec::new())));
            }
            if let Some((_, member)) = own.iter_mut().find(|(known, _)| known == key) {
                put(member, rest, members);
            }
        }
        Step::Index(_) | Step::All => {
            let JsonValue::Array(elements) = at else {
                *at = JsonValue::Array(Vec::new());
                return;
            };
            for (index, element) in elements.iter_mut().enumerate() {
                if matches!(step, Step::All) || *step == Step::Index(index as u64) {
                    put(element, rest, members);
                }
            }
        }
    }
}

/// The payload without what paths lead to: members, and the elements of arrays that a path
/// ends with `[]` at.
pub fn delete(payload: JsonRef<'_>, paths: &[Path]) -> JsonValue {
    let mut root = tree(payload);
    paths.iter().for_each(|path| remove(&mut root, &path.0));
    root
}

fn remove(at: &mut JsonValue, steps: &[Step]) {
    let Some((step, rest)) = steps.split_first() else { return };
    match (step, at) {
        (Step::Key(key), JsonValue::Object(own)) if rest.is_empty() => {
            own.retain(|(known, _)| known != key);
        }
        (Step::Key(key), JsonValue::Object(own)) => {
            if let Some((_, member)) = own.iter_mut().find(|(known, _)| known == key) {
                remove(member, rest);
            }
        }
        (Step::All, JsonValue::Array(elements)) if rest.is_empty() => elements.clear(),
        (Step::All, JsonValue::Array(elements)) => {
            elements.iter_mut().for_each(|element| remove(element, rest));
        }
        (Step::Index(index), JsonValue::Array(elements)) if !rest.is_empty() => {
            let found = usize::try_from(*index).ok().and_then(|index| elements.get_mut(index));
            if let Some(element) = found {
                remove(element, rest);
            }
        }
        _ => {}
    }
}

/// The parts of paths that begin with a step, without it; none if one ends there.
fn below<'a>(paths: &[&'a [Step]], step: impl Fn(&Step) -> bool) -> Option<Vec<&'a [Step]>> {
    let begins = paths.iter().filter_map(|path| path.split_first());
    let rest: Vec<&[Step]> =
        begins.filter(|(first, _)| step(first)).map(|(_, rest)| rest).collect();
    (!rest.iter().any(|rest| rest.is_empty())).then_some(rest)
}

/// What paths lead to, where it stands; of an array elements by `[]` alone.
pub fn include(payload: JsonRef<'_>, paths: &[&[Step]]) -> JsonValue {
    match payload.kind() {
        JsonKind::Object => {
            let member = |(key, value): (&str, JsonRef<'_>)| {
                let is_key = |step: &Step| matches!(step, Step::Key(own) if own == key);
                let kept = match below(paths, is_key) {
                    None => value.to_value(),
                    Some(rest) if rest.is_empty() => return None,
                    Some(rest) => include(value, &rest),
                };
                Some((key.to_owned(), kept))
            };
            JsonValue::Object(payload.members().filter_map(member).collect())
        }
        JsonKind::Array => match below(paths, |step| *step == Step::All) {
            None => payload.to_value(),
            Some(rest) if rest.is_empty() => JsonValue::Array(Vec::new()),
            Some(rest) => {
                JsonValue::Array(payload.elements().map(|one| include(one, &rest)).collect())
            }
        },
        _ => payload.to_value(),
    }
}

/// All but what paths lead to.
pub fn exclude(payload: JsonRef<'_>, paths: &[&[Step]]) -> JsonValue {
    match payload.kind() {
        JsonKind::Object => {
            let member = |(key, value): (&str, JsonRef<'_>)| {
                let is_key = |step: &Step| matches!(step, Step::Key(own) if own == key);
                let kept = match below(paths, is_key)? {
                    rest if rest.is_empty() => value.to_value(),
                    rest => exclude(value, &rest),
                };
                Some((key.to_owned(), kept))
            };
            JsonValue::Object(payload.members().filter_map(member).collect())
        }
        JsonKind::Array => match below(paths, |step| *step == Step::All) {
            None => JsonValue::Array(Vec::new()),
            Some(rest) if rest.is_empty() => payload.to_value(),
            Some(rest) => {
                JsonValue::Array(payload.elements().map(|one| exclude(one, &rest)).collect())
            }
        },
        _ => payload.to_value(),
    }
}

/// Paths of an array of texts.
pub fn paths(texts: &[&str]) -> Result<Vec<Path>> {
    texts.iter().map(|text| Path::parse(text)).collect()
}
