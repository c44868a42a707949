//! A search as it is asked.

use serde::Deserialize;
use serde_json::Value;

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::error::{Error, Result};
use crate::http::collections::found::{PayloadWanted, Wanted};
use crate::http::collections::schema::Collection;
use crate::http::collections::value::invalid;
use crate::sql::functions::collections::Filter;
use crate::sql::types::Datum;
use crate::sqlstate;

/// `hnsw.ef_search` at most.
const EF_MAX: u64 = 1_000;
/// How widely a graph is searched, unless a request says so.
const EF_DEFAULT: u64 = 100;

/// One, or several in an array.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(Vec<T>);

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.as_array().is_some_and(|all| !all.iter().all(Value::is_object)) {
            return Err(serde::de::Error::custom("each of several is an object"));
        }
        let read = match value {
            Value::Array(_) => serde_json::from_value(value).map(OneOrMany),
            one => serde_json::from_value(one).map(|one| OneOrMany(vec![one])),
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl<T> OneOrMany<T> {
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

/// A search as it is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    pub query: Option<Asked>,
    pub prefetch: Option<OneOrMany<Query>>,
    pub using: Option<String>,
    pub filter: Option<Value>,
    pub params: Option<Params>,
    pub score_threshold: Option<f64>,
    pub limit: Option<u64>,
    pub offset: Option<u64>,
    #[serde(alias = "with_vectors")]
    pub with_vector: Option<Value>,
    pub with_payload: Option<Value>,
    pub with_columns: bool,
    pub lookup_from: Option<Lookup>,
    pub shard_key: Option<Value>,
}

/// What a search is for: a vector is not made a tree on the way.
#[derive(Clone, Debug)]
pub enum Asked {
    Vector(Vec<f32>),
    Other(Value),
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Asked, D::Error> {
        struct Visit;
        impl<'de> serde::de::Visitor<'de> for Visit {
            type Value = Asked;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a vector, the id of a point, or a query")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Asked, E> {
                Ok(Asked::Other(Value::from(text)))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Asked, E> {
                Ok(Asked::Other(Value::from(number)))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Asked, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element::<f32>()? {
                    elements.push(element);
                }
                Ok(Asked::Vector(elements))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Asked, A::Error> {
                let map = serde::de::value::MapAccessDeserializer::new(map);
                Value::deserialize(map).map(Asked::Other)
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    pub exact: Option<bool>,
    #[serde(alias = "ef")]
    pub hnsw_ef: Option<u64>,
    pub indexed_only: Option<bool>,
    pub quantization: Option<Value>,
    pub acorn: Option<Value>,
    pub idf: Option<Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub collection: String,
    #[serde(default)]
    pub vector: Option<String>,
    #[serde(default)]
    pub shard_key: Option<Value>,
}

/// Points that are like and unlike.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Recommend {
    pub(super) positive: Option<Vec<Value>>,
    pub(super) negative: Option<Vec<Value>>,
    pub(super) strategy: Option<Strategy>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Strategy {
    #[default]
    AverageVector,
    BestScore,
    SumScores,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Discover {
    pub(super) target: Value,
    #[serde(default)]
    pub(super) context: Option<OneOrMany<Pair>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pair {
    pub(super) positive: Value,
    pub(super) negative: Value,
}

pub(super) fn read<T: serde::de::DeserializeOwned>(value: &Value, what: &str) -> Result<T> {
    T::deserialize(value).map_err(|error| invalid(format!("{what} is not as expected: {error}")))
}

/// A search after everything in it was read.
pub(super) struct Plan {
    pub(super) filter: Filter,
    pub(super) limit: u64,
    pub(super) offset: u64,
    pub(super) threshold: Option<f64>,
    pub(super) wanted: Wanted,
}

impl Plan {
    pub(super) fn rows(&self) -> Datum {
        Datum::Int8(i64::try_from(self.limit).unwrap_or(i64::MAX))
    }

    pub(super) fn skipped(&self) -> Datum {
        Datum::Int8(i64::try_from(self.offset).unwrap_or(i64::MAX))
    }
}

impl Query {
    /// What cannot be asked.
    fn check(&self) -> Result<()> {
        if self.shard_key.as_ref().is_some_and(|key| !key.is_null()) {
            return Err(Error::unsupported("a shard key"));
        }
        let Some(params) = &self.params else { return Ok(()) };
        let asked = [&params.quantization, &params.acorn, &params.idf];
        for (name, value) in ["quantization", "acorn", "idf"].iter().zip(asked) {
            if value.as_ref().is_some_and(|value| !value.is_null()) {
                return Err(Error::unsupported(format!("the search parameter \"{name}\"")));
            }
        }
        if params.indexed_only == Some(true) {
            return Err(Error::unsupported("the search parameter \"indexed_only\""));
        }
        Ok(())
    }

    pub(super) fn plan(&self, collection: &Collection, default: PayloadWanted) -> Result<Plan> {
        self.check()?;
        let filter = self.filter.as_ref().filter(|filter| !filter.is_null());
        let (limit, offset) = (self.limit.unwrap_or(LIMIT_DEFAULT), self.offset.unwrap_or(0));
        if limit == 0 {
            return Err(invalid("limit: value 0 invalid, must be 1 or larger"));
        }
        if limit > LIMIT_MAX || offset > LIMIT_MAX {
            let message = format!("limit and offset are at most {LIMIT_MAX}");
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        Ok(Plan {
            filter: filter.map(Filter::parse).transpose()?.unwrap_or_default(),
            limit,
            offset,
            threshold: self.score_threshold,
            wanted: Wanted {
                payload: PayloadWanted::of(self.with_payload.as_ref(), default)?,
                vectors: collection.vectors_wanted(self.with_vector.as_ref())?,
                columns: self.with_columns,
            },
        })
    }

    /// Parameters of the session that a search runs under.
    pub fn settings(&self) -> Vec<(String, String)> {
        let params = self.params.clone().unwrap_or_default();
        let rows = self.limit.unwrap_or(LIMIT_DEFAULT).saturating_add(self.offset.unwrap_or(0));
        let ef = params.hnsw_ef.unwrap_or(EF_DEFAULT).max(rows).clamp(1, EF_MAX);
        let mut settings = vec![("hnsw.ef_search".to_owned(), ef.to_string())];
        let scans = if params.exact == Some(true) { "off" } else { "on" };
        settings.push(("enable_indexscan".to_owned(), scans.to_owned()));
        settings
    }
}
