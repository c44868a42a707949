//! Ids and vectors, as JSON has them and as columns do.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::schema::{Collection, IdType, VectorSpec, VectorType};
use super::statement::array;
use crate::error::{Error, Result};
use crate::sql::functions::collections::{point_id, point_number};
use crate::sql::types::vector::{self, Value as Vector};
use crate::sql::types::{Datum, oid, uuid};
use crate::sqlstate;

/// Vectors shorter than this have no direction: they stay as they are.
const LENGTH_MIN: f32 = f32::EPSILON;

pub fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// A point's id as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PointId {
    Number(u64),
    Text(String),
}

impl fmt::Display for PointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PointId::Number(number) => number.fmt(f),
            PointId::Text(text) => text.fmt(f),
        }
    }
}

impl PointId {
    pub fn of(value: &Value) -> Result<PointId> {
        match value {
            Value::String(text) => Ok(PointId::Text(text.clone())),
            other => other
                .as_u64()
                .map(PointId::Number)
                .ok_or_else(|| invalid(format!("value {other} is not a valid point ID"))),
        }
    }

    pub fn to_json(&self) -> Value {
        match self {
            PointId::Number(number) => Value::from(*number),
            PointId::Text(text) => Value::from(text.as_str()),
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            PointId::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
            PointId::Text(text) => crate::sql::types::json::write_string(text, out),
        }
    }
}

impl<'de> Deserialize<'de> for PointId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PointId, D::Error> {
        let value = Value::deserialize(deserializer)?;
        PointId::of(&value).map_err(|error| de::Error::custom(error.message()))
    }
}

impl IdType {
    /// An id as the column has it.
    pub fn datum(self, id: &PointId) -> Result<Datum> {
        let wrong = || invalid(format!("{id} is not an id of this collection ({})", self.name()));
        match (self, id) {
            (IdType::Integer, PointId::Number(number)) => {
                i64::try_from(*number).map(Datum::Int8).map_err(|_| wrong())
            }
            (IdType::Integer, PointId::Text(text)) => {
                text.parse().map(Datum::Int8).map_err(|_| wrong())
            }
            (IdType::Text, id) => Ok(Datum::Text(id.to_string())),
            (IdType::Uuid, PointId::Text(text)) => {
                uuid::parse(text).map(Datum::Uuid).map_err(|_| wrong())
            }
            (IdType::Uuid, PointId::Number(_)) => Err(wrong()),
            (IdType::Point, PointId::Number(number)) => {
                Ok(Datum::Uuid(u128::from(*number).to_be_bytes()))
            }
            (IdType::Point, PointId::Text(text)) => {
                if text.parse::<u64>().is_ok() {
                    return Err(invalid(format!("value {text} is not a valid point ID")));
                }
                let id = point_id(text).map(Datum::Uuid);
                id.map_err(|error| match error.report().detail.is_some() {
                    true => error,
                    false => invalid(format!("value {text} is not a valid point ID")),
                })
            }
        }
    }

    pub fn datums(self, ids: &[PointId]) -> Result<Datum> {
        Ok(self.array(ids.iter().map(|id| self.datum(id)).collect::<Result<_>>()?))
    }

    pub fn array(self, ids: Vec<Datum>) -> Datum {
        let element = match self {
            IdType::Integer => oid::INT8,
            IdType::Text => oid::TEXT,
            IdType::Uuid | IdType::Point => oid::UUID,
        };
        array(element, ids)
    }

    /// What a column has, as an id.
    pub fn id(self, datum: &Datum) -> Result<PointId> {
        let text = |id: &[u8; 16]| {
            let mut out = Vec::new();
            uuid::write(id, &mut out);
            PointId::Text(String::from_utf8_lossy(&out).into_owned())
        };
        Ok(match (self, datum) {
            (_, Datum::Int8(number)) => match u64::try_from(*number) {
                Ok(number) => PointId::Number(number),
                Err(_) => PointId::Text(number.to_string()),
            },
            (IdType::Point, Datum::Uuid(id)) => match point_number(id) {
                Some(number) => PointId::Number(number),
                None => text(id),
            },
            (_, Datum::Uuid(id)) => text(id),
            (_, Datum::Text(text)) => PointId::Text(text.clone()),
            _ => return Err(Error::data_corrupted("a point has no id of its collection's type")),
        })
    }
}

impl Collection {
    /// An id that stands in a path.
    pub fn path_id(&self, id: String) -> PointId {
        match (self.id_type, id.parse::<u64>()) {
            (IdType::Text | IdType::Uuid, _) | (_, Err(_)) => PointId::Text(id),
            (_, Ok(number)) => PointId::Number(number),
        }
    }
}

/// A vector as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    Dense(Vec<f32>),
    Sparse { indices: Vec<u32>, values: Vec<f32> },
}

/// The vectors of a point, by name; the unnamed one by the empty name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vectors(pub Vec<(String, Written)>);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Written, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vector: an array of numbers, or indices and values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Written, A::Error> {
                floats(seq).map(Written::Dense)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
                let (mut indices, mut values) = (None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "indices" => indices = Some(map.next_value()?),
                        "values" => values = Some(map.next_value()?),
                        other => return Err(de::Error::custom(inference(other))),
                    }
                }
                let indices = indices.ok_or_else(|| de::Error::missing_field("indices"))?;
                let values = values.ok_or_else(|| de::Error::missing_field("values"))?;
                Ok(Written::Sparse { indices, values })
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

/// What stands in the place of a vector that a model would have to make.
fn inference(member: &str) -> String {
    match member {
        "text" | "image" | "object" | "model" | "options" => {
            "making vectors of texts or images is not supported".to_owned()
        }
        other => format!("unknown field `{other}`, expected indices or values"),
    }
}

fn floats<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<f32>, A::Error> {
    let mut elements = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(4_096));
    while let Some(element) = seq.next_element::<f32>()? {
        elements.push(element);
    }
    Ok(elements)
}

impl<'de> Deserialize<'de> for Vectors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Vectors, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Vectors;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vector or vectors by name")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Vectors, E> {
                Ok(Vectors::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Vectors, A::Error> {
                Ok(Vectors(vec![(String::new(), Written::Dense(floats(seq)?))]))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vectors, A::Error> {
                let mut all = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if let Some(vector) = map.next_value::<Option<Written>>()? {
                        all.push((name, vector));
                    }
                }
                Ok(Vectors(all))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

/// What a search is for.
#[derive(Clone, Debug)]
pub enum Sought {
    Id(PointId),
    Vector(Written),
}

impl Sought {
    pub fn of(value: &Value) -> Result<Sought> {
        match value {
            Value::Array(_) | Value::Object(_) => {
                let read = Written::deserialize(value);
                read.map(Sought::Vector).map_err(|error| match error.to_string() {
                    message if message.ends_with("not supported") => {
                        Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message)
                    }
                    message => invalid(format!("the query is not as expected: {message}")),
                })
            }
            other => PointId::of(other).map(Sought::Id),
        }
    }
}

impl VectorSpec {
    /// A vector as the column has it.
    pub fn datum(&self, written: Written) -> Result<Datum> {
        let made = match (self.kind, written) {
            (VectorType::Sparsevec, Written::Sparse { indices, values }) => {
                self.sparse(indices, values)?
            }
            (VectorType::Sparsevec, Written::Dense(_))
            | (VectorType::Vector | VectorType::Halfvec, Written::Sparse { .. }) => {
                let message = "Conversion between sparse and regular vectors failed";
                return Err(invalid(message));
            }
            (kind, Written::Dense(mut elements)) => {
                if elements.len() != self.size as usize {
                    let (size, got) = (self.size, elements.len());
                    let message =
                        format!("Vector dimension error: expected dim: {size}, got {got}");
                    return Err(Error::new(sqlstate::DATA_EXCEPTION, message));
                }
                if self.normalized {
                    normalize(&mut elements);
                }
                match kind {
                    VectorType::Halfvec => Vector::from_floats(vector::Kind::Half, elements, -1),
                    _ => Vector::vector(elements),
                }
                .map_err(vector::sql_error)?
            }
        };
        Ok(Datum::Vector(made))
    }

    fn sparse(&self, indices: Vec<u32>, values: Vec<f32>) -> Result<Vector> {
        if indices.len() != values.len() {
            return Err(invalid("indices and values must have the same length"));
        }
        let mut pairs: Vec<(u32, f32)> = indices.into_iter().zip(values).collect();
        pairs.sort_unstable_by_key(|(index, _)| *index);
        if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(invalid("indices must be unique"));
        }
        if let Some((index, _)) = pairs.last().filter(|(index, _)| *index >= self.size) {
            let message = format!("the index {index} is beyond {} dimensions", self.size);
            return Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message));
        }
        // Elements that are zero are not kept.
        pairs.retain(|(_, value)| *value != 0.0);
        let indices = pairs.iter().map(|(index, _)| *index as i32).collect();
        let values = pairs.into_iter().map(|(_, value)| value).collect();
        Vector::sparse(self.size as i32, indices, values).map_err(vector::sql_error)
    }
}

/// Gives a vector the length 1, if it has a direction.
fn normalize(elements: &mut [f32]) {
    let length = elements.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt() as f32;
    if length.is_finite() && length > LENGTH_MIN {
        elements.iter_mut().for_each(|element| *element /= length);
    }
}

/// A vector as it was written.
pub fn written(value: &Vector) -> Written {
    match value {
        Vector::Sparse(sparse) => {
            let pairs = sparse.as_sparse();
            Written::Sparse {
                indices: pairs.indices.iter().map(|index| *index as u32).collect(),
                values: pairs.values.to_vec(),
            }
        }
        other => Written::Dense(other.to_floats()),
    }
}

impl Written {
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Written::Dense(elements) => write_floats(elements, out),
            Written::Sparse { indices, values } => {
                out.extend_from_slice(b"{\"indices\":[");
                for (at, index) in indices.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(index.to_string().as_bytes());
                }
                out.extend_from_slice(b"],\"values\":");
                write_floats(values, out);
                out.push(b'}');
            }
        }
    }
}

fn write_floats(elements: &[f32], out: &mut Vec<u8>) {
    use std::io::Write;
    out.push(b'[');
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        // Writing to memory does not fail.
        let _ = write!(out, "{element}");
    }
    out.push(b']');
}

impl Collection {
    /// The columns of a point's vectors, in the order of the collection's.
    pub fn vector_datums(&self, vectors: Vectors) -> Result<Vec<Datum>> {
        let mut datums = vec![Datum::Null; self.vectors.len()];
        for (name, written) in vectors.0 {
            let spec = self.vector(&name)?;
            let at = self.vectors.iter().position(|vector| vector.name == name).unwrap_or(0);
            datums[at] = spec.datum(written)?;
        }
        Ok(datums)
    }
}

/// Vectors that are averaged and compared as numbers.
pub fn mean(vectors: &[Arc<[f32]>]) -> Vec<f32> {
    let size = vectors.first().map_or(0, |vector| vector.len());
    let mut mean = vec![0f32; size];
    for vector in vectors {
        mean.iter_mut().zip(vector.iter()).for_each(|(sum, element)| *sum += element);
    }
    let count = vectors.len().max(1) as f32;
    mean.iter_mut().for_each(|sum| *sum /= count);
    mean
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{PointId, Vectors, Written};
    use crate::http::collections::schema::IdType;

    #[test]
    fn vectors_are_read_as_they_are_written() {
        let read = |text: &str| serde_json::from_str::<Vectors>(text).map(|vectors| vectors.0).ok();
        let dense = Written::Dense(vec![1.0, -0.5, 1e-3]);
        assert_eq!(read("[1, -0.5, 1e-3]"), Some(vec![(String::new(), dense.clone())]));
        assert_eq!(
            read(r#"{"a": [1,-0.5,0.001], "b": {"indices": [1], "values": [2]}, "c": null}"#),
            Some(vec![
                ("a".to_owned(), dense),
                ("b".to_owned(), Written::Sparse { indices: vec![1], values: vec![2.0] }),
            ])
        );
        for wrong in ["[1, \"a\"]", "[[1, 2]]", "5", r#"{"a": {"text": "x"}}"#, "[1, null]"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_are_those_of_the_collections_type() {
        let id = |value: serde_json::Value| PointId::of(&value).expect("an id");
        let uuid = "550e8400-e29b-41d4-a716-446655440000";
        for (ty, value, fits) in [
            (IdType::Integer, json!(1), true),
            (IdType::Integer, json!("x"), false),
            (IdType::Integer, json!(u64::MAX), false),
            (IdType::Point, json!(u64::MAX), true),
            (IdType::Point, json!(uuid), true),
            (IdType::Point, json!("5"), false),
            (IdType::Uuid, json!(1), false),
            (IdType::Text, json!("anything"), true),
        ] {
            let datum = ty.datum(&id(value.clone()));
            assert_eq!(datum.is_ok(), fits, "{value} as {}", ty.name());
            if let Ok(datum) = datum {
                assert_eq!(ty.id(&datum).expect("an id").to_json(), value);
            }
        }
        assert!(PointId::of(&json!(-1)).is_err());
        assert!(PointId::of(&json!(1.5)).is_err());
    }
}
