//! JSON of messages, as protobuf's mapping has it: enumerations by name or number, numbers
//! of 64 bits as texts, bytes in base64.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserializer, Visitor};
use serde::ser::{SerializeSeq, Serializer};

use super::models::{KINDS, PACKET_KINDS, REASONS, SOURCES, STATES};

fn name<S: Serializer>(names: &[&str], number: i32, to: S) -> Result<S::Ok, S::Error> {
    match usize::try_from(number).ok().and_then(|at| names.get(at)) {
        Some(name) => to.serialize_str(name),
        None => to.serialize_i32(number),
    }
}

pub fn long<S: Serializer>(number: &i64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(number)
}

pub fn state<S: Serializer>(number: &i32, to: S) -> Result<S::Ok, S::Error> {
    name(STATES, *number, to)
}

pub fn kind<S: Serializer>(number: &i32, to: S) -> Result<S::Ok, S::Error> {
    name(KINDS, *number, to)
}

pub fn source<S: Serializer>(number: &i32, to: S) -> Result<S::Ok, S::Error> {
    name(SOURCES, *number, to)
}

pub fn reason<S: Serializer>(number: &i32, to: S) -> Result<S::Ok, S::Error> {
    name(REASONS, *number, to)
}

pub fn sources<S: Serializer>(numbers: &[i32], to: S) -> Result<S::Ok, S::Error> {
    let mut all = to.serialize_seq(Some(numbers.len()))?;
    for number in numbers {
        match usize::try_from(*number).ok().and_then(|at| SOURCES.get(at)) {
            Some(name) => all.serialize_element(name)?,
            None => all.serialize_element(number)?,
        }
    }
    all.end()
}

/// A name or a number of an enumeration.
struct Named(&'static [&'static str]);

impl Visitor<'_> for Named {
    type Value = i32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {:?}", self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i32, E> {
        let found = self.0.iter().position(|name| *name == text);
        let number = found.and_then(|at| i32::try_from(at).ok());
        number.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i32, E> {
        i32::try_from(number).map_err(E::custom)
    }
}

impl<'de> de::DeserializeSeed<'de> for Named {
    type Value = i32;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<i32, D::Error> {
        from.deserialize_any(self)
    }
}

pub fn read_packet_kind<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
    from.deserialize_any(Named(PACKET_KINDS))
}

pub fn read_sources<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<i32>, D::Error> {
    struct All;
    impl<'de> Visitor<'de> for All {
        type Value = Vec<i32>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("sources")
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<i32>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = seq.next_element_seed(Named(SOURCES))? {
                all.push(one);
            }
            Ok(all)
        }
    }
    from.deserialize_seq(All)
}

/// Base64, of either alphabet.
pub fn read_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<bytes::Bytes, D::Error> {
    let text: String = de::Deserialize::deserialize(from)?;
    let plain = text.replace('-', "+").replace('_', "/");
    STANDARD.decode(plain).map(bytes::Bytes::from).map_err(de::Error::custom)
}

/// A number of 64 bits, which may be written as a text.
pub fn read_long<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    struct Long;
    impl Visitor<'_> for Long {
        type Value = i64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
            text.parse().map_err(E::custom)
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
            i64::try_from(number).map_err(E::custom)
        }
    }
    from.deserialize_any(Long)
}

/// Whether a message is there of which nothing is read: not empty if it is.
pub fn read_presence<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let given: Option<de::IgnoredAny> = de::Deserialize::deserialize(from)?;
    Ok(given.map(|_| vec![0]).unwrap_or_default())
}

/// The same of several.
pub fn read_presences<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
    let given: Vec<de::IgnoredAny> = de::Deserialize::deserialize(from)?;
    Ok(given.into_iter().map(|_| Vec::new()).collect())
}
