//! One line of points that are streamed in, read without a tree: members are found, and each
//! is read for what it is. A vector is most of a line: its end is looked for by a word at a
//! time, and its numbers are read where they stand ([`number`]).

use std::io::BufRead;

use super::number;
use super::points::empty_document;
use super::schema::{Collection, VectorType};
use super::value::{PointId, Written, invalid};
use crate::error::{Error, Result};
use crate::sql::types::json::{JsonKind, JsonValue};
use crate::sql::types::{Datum, Jsonb};
use crate::sqlstate;

/// A point as its columns have it.
pub struct Row {
    pub id: Datum,
    pub written_id: PointId,
    pub vectors: Vec<Datum>,
    pub payload: Datum,
    pub columns: Datum,
}

fn syntax(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message)
}

/// Reads `{"id": …, "vector": […] or {"name": […]}, "payload": {…}, "columns": {…}}`.
pub fn read(line: &[u8], collection: &Collection) -> Result<Row> {
    let text = std::str::from_utf8(line)
        .map_err(|_| Error::new(sqlstate::CHARACTER_NOT_IN_REPERTOIRE, "the line is not UTF-8"))?;
    let mut id = None;
    let mut vectors = vec![Datum::Null; collection.vectors.len()];
    let (mut payload, mut columns) = (None, None);
    for member in Members::of(text)? {
        let (name, value) = member?;
        match &*name {
            "id" => id = Some(read_id(value)?),
            "vector" | "vectors" => read_vectors(value, collection, &mut vectors)?,
            "payload" => payload = document(value, "a payload")?,
            "columns" => {
                columns = document(value, "the columns of a point")?;
                if let Some(document) = &columns {
                    let mut names = document.root().members().map(|(name, _)| name);
                    collection.check_columns(&mut names)?;
                }
            }
            other => return Err(syntax(format!("unknown field `{other}`"))),
        }
    }
    let written_id = id.ok_or_else(|| syntax("missing field `id`"))?;
    Ok(Row {
        id: collection.id_type.datum(&written_id)?,
        written_id,
        vectors,
        payload: payload.map_or_else(empty_document, Datum::Jsonb),
        columns: columns.map_or_else(empty_document, Datum::Jsonb),
    })
}

fn read_id(value: &str) -> Result<PointId> {
    let value = serde_json::from_str(value)
        .map_err(|error| syntax(format!("the id is not as expected: {error}")))?;
    PointId::of(&value)
}

fn document(value: &str, what: &str) -> Result<Option<Jsonb>> {
    if value == "null" {
        return Ok(None);
    }
    let document = JsonValue::parse(value)?.to_jsonb();
    match document.root().kind() {
        JsonKind::Object => Ok(Some(document)),
        _ => Err(invalid(format!("{what} is an object"))),
    }
}

fn read_vectors(value: &str, collection: &Collection, vectors: &mut [Datum]) -> Result<()> {
    let mut put = |name: &str, value: &str| -> Result<()> {
        let spec = collection.vector(name)?;
        let at = collection.vectors.iter().position(|vector| vector.name == name).unwrap_or(0);
        let written = match (value.as_bytes().first(), spec.kind) {
            (Some(b'n'), _) if value == "null" => return Ok(()),
            (Some(b'['), VectorType::Vector | VectorType::Halfvec) => {
                Written::Dense(floats(value, spec.size as usize)?)
            }
            _ => serde_json::from_str::<Written>(value)
                .map_err(|error| syntax(format!("a vector is not as expected: {error}")))?,
        };
        vectors[at] = spec.datum(written)?;
        Ok(())
    };
    match value.as_bytes().first() {
        Some(b'{') => {
            for member in Members::of(value)? {
                let (name, value) = member?;
                put(&name, value)?;
            }
            Ok(())
        }
        _ if value == "null" => Ok(()),
        _ => put(super::schema::UNNAMED, value),
    }
}

/// An array of finite numbers.
pub fn floats(text: &str, expected: usize) -> Result<Vec<f32>> {
    let bytes = text.as_bytes();
    let wrong =
        |at: usize| syntax(format!("a vector is not an array of numbers at byte {}", at + 1));
    let mut elements = Vec::with_capacity(expected.min(16_000));
    let mut at = skip_space(bytes, 1);
    if bytes.get(at) == Some(&b']') {
        return match skip_space(bytes, at + 1) == bytes.len() {
            true => Ok(elements),
            false => Err(wrong(at + 1)),
        };
    }
    loop {
        let Some((parsed, end)) = number::read(text, at) else {
            if text[at..].starts_with("NaN") {
                return Err(Error::new(sqlstate::DATA_EXCEPTION, "NaN not allowed in vector"));
            }
            return Err(wrong(at));
        };
        if parsed.is_infinite() {
            let message = format!("\"{}\" is out of range for type vector", &text[at..end]);
            return Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message));
        }
        at = end;
        elements.push(parsed);
        at = skip_space(bytes, at);
        match bytes.get(at) {
            Some(b',') => at = skip_space(bytes, at + 1),
            Some(b']') if skip_space(bytes, at + 1) == bytes.len() => return Ok(elements),
            _ => return Err(wrong(at)),
        }
    }
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The members of an object, each with its value's text. What is between the ends of a value
/// is looked at by who reads it.
struct Members<'a> {
    text: &'a str,
    at: usize,
    is_done: bool,
}

impl<'a> Members<'a> {
    fn of(text: &'a str) -> Result<Members<'a>> {
        let at = skip_space(text.as_bytes(), 0);
        match text.as_bytes().get(at) {
            Some(b'{') => {
                let at = skip_space(text.as_bytes(), at + 1);
                let mut members = Members { text, at, is_done: false };
                if text.as_bytes().get(at) == Some(&b'}') {
                    members.end(at)?;
                }
                Ok(members)
            }
            _ => Err(syntax("a point is an object of JSON")),
        }
    }

    /// The object ends at a brace, and the text with it.
    fn end(&mut self, brace: usize) -> Result<()> {
        self.is_done = true;
        match skip_space(self.text.as_bytes(), brace + 1) == self.text.len() {
            true => Ok(()),
            false => Err(self.wrong(brace + 1)),
        }
    }

    fn wrong(&self, at: usize) -> Error {
        syntax(format!("the line is not JSON at byte {}", at + 1))
    }

    fn member(&mut self) -> Result<(std::borrow::Cow<'a, str>, &'a str)> {
        let bytes = self.text.as_bytes();
        let end = string_end(bytes, self.at).ok_or_else(|| self.wrong(self.at))?;
        let inside = &self.text[self.at + 1..end - 1];
        let name = match inside.contains('\\') {
            false => std::borrow::Cow::Borrowed(inside),
            true => {
                let read: String = serde_json::from_str(&self.text[self.at..end])
                    .map_err(|_| self.wrong(self.at))?;
                std::borrow::Cow::Owned(read)
            }
        };
        let colon = skip_space(bytes, end);
        if bytes.get(colon) != Some(&b':') {
            return Err(self.wrong(colon));
        }
        let start = skip_space(bytes, colon + 1);
        let end = value_end(bytes, start).ok_or_else(|| self.wrong(start))?;
        let value = self.text[start..end].trim_end();
        match bytes.get(end) {
            Some(b',') => self.at = skip_space(bytes, end + 1),
            Some(b'}') => self.end(end)?,
            _ => return Err(self.wrong(end)),
        }
        Ok((name, value))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(std::borrow::Cow<'a, str>, &'a str)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let member = self.member();
        self.is_done |= member.is_err();
        Some(member)
    }
}

/// The end of a string that begins at a place.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Where the first such byte stands.
pub fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    let mut rest = bytes;
    // Reading from memory does not fail.
    let passed = rest.skip_until(wanted).ok()?;
    passed.checked_sub(1).filter(|last| bytes[*last] == wanted)
}

/// The bracket that ends an array of nothing but numbers.
fn flat_array_end(bytes: &[u8], start: usize) -> Option<usize> {
    let inside = bytes.get(start..)?.strip_prefix(b"[")?;
    let length = find(inside, b']')?;
    let is_flat = [b'[', b'{', b'"'].iter().all(|byte| !inside[..length].contains(byte));
    is_flat.then_some(start + 1 + length)
}

/// Where a value ends: before the comma or the brace that follows it.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    // What follows the bracket is looked at as after any other value.
    let mut at = flat_array_end(bytes, start).map_or(start, |bracket| bracket + 1);
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at)? - 1,
            b'{' | b'[' => depth += 1,
            b'}' if depth == 0 => break,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    (at > start).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::{Members, floats};

    #[test]
    fn members_are_found() {
        let of = |text: &str| -> Option<Vec<(String, String)>> {
            let members = Members::of(text).ok()?;
            let pair = |member: crate::error::Result<(_, &str)>| {
                member.ok().map(|(name, value): (std::borrow::Cow<'_, str>, &str)| {
                    (name.into_owned(), value.to_owned())
                })
            };
            members.map(pair).collect()
        };
        let pairs = |pairs: &[(&str, &str)]| {
            Some(pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect())
        };
        assert_eq!(of("{}"), pairs(&[]));
        assert_eq!(
            of(r#" { "a" : 1 , "b\n":{"c":["}",2]}, "d": "x\",\"y" } "#),
            pairs(&[("a", "1"), ("b\n", r#"{"c":["}",2]}"#), ("d", r#""x\",\"y""#)])
        );
        for wrong in [
            "",
            "[]",
            "{",
            "{a:1}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":1}x"#,
            r#"{"a":1,}"#,
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_are_those_of_json() {
        assert_eq!(floats("[1, -2.5,3e2 , 0]", 4).ok(), Some(vec![1.0, -2.5, 300.0, 0.0]));
        assert_eq!(floats("[]", 0).ok(), Some(Vec::new()));
        for wrong in [
            "[1,]", "[,1]", "[1 2]", "[.5]", "[1.]", "[+1]", "[NaN]", "[1e39]", "[1", "[1]]",
            "[a]", "[--1]", "[null]",
        ] {
            assert!(floats(wrong, 1).is_err(), "{wrong}");
        }
    }
}
