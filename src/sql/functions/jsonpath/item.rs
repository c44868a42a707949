//! What a path finds: parts of documents, and values that it computes.

use bytes::Bytes;

use super::moment::Moment;
use crate::sql::types::json::JsonValue;
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{JsonKind, JsonRef, Jsonb};

#[derive(Clone, Debug)]
pub enum Item {
    Null,
    Bool(bool),
    Number(Numeric),
    String(String),
    /// An array or an object, as a part of its document's bytes.
    Container(Bytes),
    Moment(Moment),
}

impl Item {
    /// A value inside a document.
    pub fn of(document: &Bytes, value: JsonRef<'_>) -> Item {
        match value.kind() {
            JsonKind::Null => Item::Null,
            JsonKind::Bool => Item::Bool(value.as_bool().unwrap_or_default()),
            JsonKind::Number => Item::Number(value.as_numeric().unwrap_or(Numeric::ZERO)),
            JsonKind::String => Item::String(value.as_str().unwrap_or_default().to_owned()),
            JsonKind::Array | JsonKind::Object => {
                Item::Container(document.slice_ref(value.bytes()))
            }
        }
    }

    pub fn kind(&self) -> JsonKind {
        match self {
            Item::Null => JsonKind::Null,
            Item::Bool(_) => JsonKind::Bool,
            Item::Number(_) => JsonKind::Number,
            Item::String(_) | Item::Moment(_) => JsonKind::String,
            Item::Container(bytes) => JsonRef::from_bytes(bytes).kind(),
        }
    }

    pub fn is_array(&self) -> bool {
        self.kind() == JsonKind::Array
    }

    pub fn is_object(&self) -> bool {
        self.kind() == JsonKind::Object
    }

    /// The word that `.type()` answers.
    pub fn type_name(&self) -> &'static str {
        match self {
            Item::Moment(moment) => moment.type_name(),
            item => item.kind().name(),
        }
    }

    /// The elements of an array, or the values of an object's members.
    pub fn children(&self) -> impl Iterator<Item = Item> + use<> {
        let (bytes, count) = match self {
            Item::Container(bytes) => (bytes.clone(), JsonRef::from_bytes(bytes).len()),
            _ => (Bytes::new(), 0),
        };
        (0..count).map(move |n| Item::of(&bytes, JsonRef::from_bytes(&bytes).value_at(n)))
    }

    pub fn into_value(self) -> JsonValue {
        match self {
            Item::Null => JsonValue::Null,
            Item::Bool(value) => JsonValue::Bool(value),
            Item::Number(number) => JsonValue::Number(number),
            Item::String(text) => JsonValue::String(text),
            Item::Container(bytes) => JsonValue::Encoded(Jsonb(bytes)),
            Item::Moment(moment) => JsonValue::String(moment.to_string()),
        }
    }

    pub fn into_jsonb(self) -> Jsonb {
        self.into_value().to_jsonb()
    }
}
