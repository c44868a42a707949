//! Paths into a payload: `a.b`, `a[0].b`, `a[].b`, `"a.b"`.

use crate::error::{Error, Result};
use crate::sql::types::json::{JsonKind, JsonRef};
use crate::sqlstate;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Key(String),
    Index(u64),
    /// `[]`: every element.
    All,
}

impl Step {
    fn key(&self) -> Option<&str> {
        match self {
            Step::Key(key) => Some(key),
            _ => None,
        }
    }
}

/// At least one step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// `22023` for what is not a path.
    pub fn parse(text: &str) -> Result<Path> {
        let invalid = || {
            let message = format!("\"{text}\" is not a path into a payload");
            Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
        };
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            let key = match rest.strip_prefix('"') {
                Some(quoted) => {
                    let (key, after) = quoted.split_once('"').ok_or_else(invalid)?;
                    rest = after;
                    key
                }
                None => {
                    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
                    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                    let (key, after) = rest.split_at(end);
                    rest = after;
                    (!key.is_empty()).then_some(key).ok_or_else(invalid)?
                }
            };
            steps.push(Step::Key(key.to_owned()));
            while let Some(inside) = rest.strip_prefix('[') {
                let (index, after) = inside.split_once(']').ok_or_else(invalid)?;
                let is_number = index.bytes().all(|byte| byte.is_ascii_digit());
                steps.push(match index {
                    "" => Step::All,
                    index if is_number => Step::Index(index.parse().map_err(|_| invalid())?),
                    _ => return Err(invalid()),
                });
                rest = after;
            }
            if rest.is_empty() {
                return Ok(Path(steps));
            }
            rest = rest.strip_prefix('.').ok_or_else(invalid)?;
        }
    }

    /// The keys, if it is made of keys alone.
    pub fn keys(&self) -> Option<Vec<&str>> {
        self.0.iter().map(Step::key).collect()
    }

    /// The values that it leads to; `flat`: an array at its end is its elements.
    pub fn values<'a>(&self, payload: JsonRef<'a>, flat: bool) -> Vec<JsonRef<'a>> {
        let mut found = Vec::new();
        collect(payload, &self.0, flat, &mut found);
        found
    }
}

fn collect<'a>(value: JsonRef<'a>, steps: &[Step], flat: bool, found: &mut Vec<JsonRef<'a>>) {
    let is_array = value.kind() == JsonKind::Array;
    match steps.split_first() {
        None if flat && is_array => found.extend(value.elements()),
        None => found.push(value),
        Some((Step::Key(key), rest)) => {
            if let Some(member) = value.get(key) {
                collect(member, rest, flat, found);
            }
        }
        Some((Step::Index(index), rest)) => {
            let index = usize::try_from(*index).unwrap_or(usize::MAX);
            if is_array && index < value.len() {
                collect(value.value_at(index), rest, flat, found);
            }
        }
        Some((Step::All, rest)) => {
            if is_array {
                value.elements().for_each(|element| collect(element, rest, flat, found));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, Step};

    #[test]
    fn paths_are_read() {
        let key = |key: &str| Step::Key(key.to_owned());
        let of = |text: &str| Path::parse(text).map(|path| path.0).ok();
        assert_eq!(of("a"), Some(vec![key("a")]));
        assert_eq!(of("a.b-c"), Some(vec![key("a"), key("b-c")]));
        assert_eq!(of("a[].b"), Some(vec![key("a"), Step::All, key("b")]));
        assert_eq!(of("a[0][1]"), Some(vec![key("a"), Step::Index(0), Step::Index(1)]));
        assert_eq!(of("\"a.b\".é"), Some(vec![key("a.b"), key("é")]));
        for wrong in ["", ".", "a.", "a..b", "a[", "a[x]", "a]", "a b", "[0]", "\"a", "a[-1]"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
