//! The binary document: making one, and reading it in place.

use bytes::Bytes;

use crate::sql::types::numeric::{self, Numeric};

/// A `jsonb` document in binary form: keys sorted and unique, numbers as
/// `numeric`, containers with offsets so that a member is found without
/// decoding the rest.
#[derive(Clone, Debug)]
pub struct Jsonb(pub Bytes);

/// A JSON value as a tree, for building documents. Objects may hold duplicate
/// keys in any order: encoding sorts them and the last of equal keys wins.
#[derive(Clone, Debug)]
pub enum JsonValue {
    Null,
    Bool(bool),
    Number(Numeric),
    String(String),
    Array(Vec<JsonValue>),
    Object(Vec<(String, JsonValue)>),
    /// A part taken over from another document.
    Encoded(Jsonb),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonKind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl JsonKind {
    /// The word that `jsonb_typeof` answers.
    pub fn name(self) -> &'static str {
        match self {
            JsonKind::Null => "null",
            JsonKind::Bool => "boolean",
            JsonKind::Number => "number",
            JsonKind::String => "string",
            JsonKind::Array => "array",
            JsonKind::Object => "object",
        }
    }
}

mod tag {
    pub const NULL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const NUMBER: u8 = 3;
    pub const STRING: u8 = 4;
    pub const ARRAY: u8 = 5;
    pub const OBJECT: u8 = 6;
}

impl JsonValue {
    pub fn to_jsonb(self) -> Jsonb {
        let mut out = Vec::new();
        self.encode(&mut out);
        Jsonb(out.into())
    }

    fn encode(self, out: &mut Vec<u8>) {
        match self {
            JsonValue::Null => out.push(tag::NULL),
            JsonValue::Bool(false) => out.push(tag::FALSE),
            JsonValue::Bool(true) => out.push(tag::TRUE),
            JsonValue::Number(number) => {
                out.push(tag::NUMBER);
                numeric::encode(&number, out);
            }
            JsonValue::String(text) => {
                out.push(tag::STRING);
                out.extend_from_slice(text.as_bytes());
            }
            JsonValue::Array(elements) => {
                out.push(tag::ARRAY);
                put_u32(elements.len(), out);
                let ends = out.len();
                out.resize(ends + 4 * elements.len(), 0);
                encode_values(elements, ends, out);
            }
            JsonValue::Object(members) => encode_object(members, out),
            JsonValue::Encoded(part) => out.extend_from_slice(&part.0),
        }
    }
}

fn put_u32(value: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(value as u32).to_le_bytes());
}

fn set_u32(at: usize, value: usize, out: &mut [u8]) {
    out[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
}

/// Appends values, noting where each ends in the table at `ends`.
fn encode_values(values: impl IntoIterator<Item = JsonValue>, ends: usize, out: &mut Vec<u8>) {
    let start = out.len();
    for (index, value) in values.into_iter().enumerate() {
        value.encode(out);
        let end = out.len() - start;
        set_u32(ends + 4 * index, end, out);
    }
}

fn encode_object(mut members: Vec<(String, JsonValue)>, out: &mut Vec<u8>) {
    // Stable, so the last of equal keys is the last written.
    members.sort_by(|(a, _), (b, _)| key_order(a.as_bytes(), b.as_bytes()));
    members.reverse();
    members.dedup_by(|(a, _), (b, _)| a == b);
    members.reverse();
    out.push(tag::OBJECT);
    put_u32(members.len(), out);
    let key_ends = out.len();
    let value_ends = key_ends + 4 * members.len();
    out.resize(value_ends + 4 * members.len(), 0);
    let start = out.len();
    for (index, (key, _)) in members.iter().enumerate() {
        out.extend_from_slice(key.as_bytes());
        let end = out.len() - start;
        set_u32(key_ends + 4 * index, end, out);
    }
    encode_values(members.into_iter().map(|(_, value)| value), value_ends, out);
}

fn key_order(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl Jsonb {
    pub fn root(&self) -> JsonRef<'_> {
        JsonRef(&self.0)
    }
}

/// One value inside a document, borrowed.
#[derive(Clone, Copy)]
pub struct JsonRef<'a>(&'a [u8]);

impl<'a> JsonRef<'a> {
    /// The encoded bytes of a document, as [`Jsonb`] holds them.
    pub fn from_bytes(bytes: &'a [u8]) -> JsonRef<'a> {
        JsonRef(bytes)
    }

    /// The encoded bytes of the value.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    pub fn kind(self) -> JsonKind {
        match self.0.first() {
            Some(&(tag::FALSE | tag::TRUE)) => JsonKind::Bool,
            Some(&tag::NUMBER) => JsonKind::Number,
            Some(&tag::STRING) => JsonKind::String,
            Some(&tag::ARRAY) => JsonKind::Array,
            Some(&tag::OBJECT) => JsonKind::Object,
            _ => JsonKind::Null,
        }
    }

    pub fn is_container(self) -> bool {
        matches!(self.kind(), JsonKind::Array | JsonKind::Object)
    }

    /// A copy as a document of its own.
    pub fn to_jsonb(self) -> Jsonb {
        Jsonb(Bytes::copy_from_slice(self.0))
    }

    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == JsonKind::Bool).then(|| self.0[0] == tag::TRUE)
    }

    pub fn as_str(self) -> Option<&'a str> {
        if self.kind() != JsonKind::String {
            return None;
        }
        std::str::from_utf8(&self.0[1..]).ok()
    }

    pub fn as_numeric(self) -> Option<Numeric> {
        if self.kind() != JsonKind::Number {
            return None;
        }
        numeric::decode(&self.0[1..])
    }

    /// Elements of an array or members of an object; 0 for scalars.
    pub fn len(self) -> usize {
        if self.is_container() { self.u32_at(1) } else { 0 }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    fn u32_at(self, at: usize) -> usize {
        let bytes = self.0.get(at..at + 4).and_then(|b| b.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes) as usize
    }

    /// The bytes between two neighbouring entries of the table of ends at
    /// `table`, in the part that starts at `start`.
    fn part(self, table: usize, start: usize, index: usize) -> &'a [u8] {
        let from = if index == 0 { 0 } else { self.u32_at(table + 4 * (index - 1)) };
        let to = self.u32_at(table + 4 * index);
        self.0.get(start + from..start + to).unwrap_or_default()
    }

    fn key_bytes(self, index: usize) -> &'a [u8] {
        self.part(5, 5 + 8 * self.len(), index)
    }

    /// The n-th key of an object in storage order.
    pub fn key_at(self, index: usize) -> &'a str {
        std::str::from_utf8(self.key_bytes(index)).unwrap_or_default()
    }

    /// The n-th element of an array, or the value of an object's n-th member.
    pub fn value_at(self, index: usize) -> JsonRef<'a> {
        let count = self.len();
        if self.kind() == JsonKind::Array {
            return JsonRef(self.part(5, 5 + 4 * count, index));
        }
        let keys_length = match count {
            0 => 0,
            count => self.u32_at(5 + 4 * (count - 1)),
        };
        JsonRef(self.part(5 + 4 * count, 5 + 8 * count + keys_length, index))
    }

    /// The member of an object by key.
    pub fn get(self, key: &str) -> Option<JsonRef<'a>> {
        if self.kind() != JsonKind::Object {
            return None;
        }
        self.find(key).ok().map(|index| self.value_at(index))
    }

    /// Where a key is among an object's members, or would be.
    pub fn find(self, key: &str) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match key_order(self.key_bytes(middle), key.as_bytes()) {
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// The element of an array by index; negative counts from the end.
    pub fn at(self, index: i64) -> Option<JsonRef<'a>> {
        if self.kind() != JsonKind::Array {
            return None;
        }
        let count = self.len() as i64;
        let position = if index < 0 { count + index } else { index };
        (0..count).contains(&position).then(|| self.value_at(position as usize))
    }

    /// The elements of an array, or nothing.
    pub fn elements(self) -> impl Iterator<Item = JsonRef<'a>> {
        let count = if self.kind() == JsonKind::Array { self.len() } else { 0 };
        (0..count).map(move |index| self.value_at(index))
    }

    /// The members of an object in storage order, or nothing.
    pub fn members(self) -> impl Iterator<Item = (&'a str, JsonRef<'a>)> {
        let count = if self.kind() == JsonKind::Object { self.len() } else { 0 };
        (0..count).map(move |index| (self.key_at(index), self.value_at(index)))
    }

    /// The value as a tree one level deep: children stay encoded.
    pub fn to_value(self) -> JsonValue {
        match self.kind() {
            JsonKind::Array => JsonValue::Array(
                self.elements().map(|e| JsonValue::Encoded(e.to_jsonb())).collect(),
            ),
            JsonKind::Object => JsonValue::Object(
                self.members()
                    .map(|(key, value)| (key.to_owned(), JsonValue::Encoded(value.to_jsonb())))
                    .collect(),
            ),
            _ => JsonValue::Encoded(self.to_jsonb()),
        }
    }
}
