//! A `json` value: text that was checked when it was read, walked in place.

use crate::sql::types::{JsonKind, JsonValue};

/// One JSON value inside a text, without surrounding space.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    pub fn new(text: &'a str) -> Raw<'a> {
        Raw(text.trim_matches([' ', '\t', '\n', '\r']))
    }

    pub fn text(self) -> &'a str {
        self.0
    }

    pub fn kind(self) -> JsonKind {
        match self.0.as_bytes().first() {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b'"') => JsonKind::String,
            Some(b't' | b'f') => JsonKind::Bool,
            Some(b'n') => JsonKind::Null,
            _ => JsonKind::Number,
        }
    }

    /// The decoded text of a string.
    pub fn string(self) -> String {
        match JsonValue::parse(self.0) {
            Ok(JsonValue::String(text)) => text,
            _ => self.0.trim_matches('"').to_owned(),
        }
    }

    /// The elements of an array, in order.
    pub fn elements(self) -> Vec<Raw<'a>> {
        if self.kind() == JsonKind::Array { self.parts() } else { Vec::new() }
    }

    /// The members of an object, in the text's order and with duplicates.
    pub fn members(self) -> Vec<(String, Raw<'a>)> {
        if self.kind() != JsonKind::Object {
            return Vec::new();
        }
        let split = |part: Raw<'a>| {
            let key_end = string_end(part.0.as_bytes(), 0);
            let value = part.0[key_end..].trim_start();
            let value = value.strip_prefix(':').unwrap_or(value);
            (Raw(&part.0[..key_end]).string(), Raw::new(value))
        };
        self.parts().into_iter().map(split).collect()
    }

    /// What lies between the commas of a container.
    fn parts(self) -> Vec<Raw<'a>> {
        let inside = &self.0[1..self.0.len() - 1];
        if Raw::new(inside).0.is_empty() {
            return Vec::new();
        }
        let bytes = inside.as_bytes();
        let (mut parts, mut start, mut depth, mut at) = (Vec::new(), 0, 0_usize, 0);
        while at < bytes.len() {
            match bytes[at] {
                b'"' => {
                    at = string_end(bytes, at);
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => {
                    parts.push(Raw::new(&inside[start..at]));
                    start = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        parts.push(Raw::new(&inside[start..]));
        parts
    }
}

/// The offset after the string literal that starts at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_cut_at_their_own_commas() {
        let raw = Raw::new(r#" {"a": [1, {"x": ","}], "b\"" : "}" , "a":null} "#);
        let members = raw.members();
        let seen: Vec<_> =
            members.iter().map(|(key, value)| (key.as_str(), value.text())).collect();
        assert_eq!(seen, [("a", r#"[1, {"x": ","}]"#), ("b\"", r#""}""#), ("a", "null")]);
        assert_eq!(members[0].1.elements().len(), 2);
        assert!(Raw::new("[ ]").elements().is_empty());
    }
}
