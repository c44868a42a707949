//! Points as they are found: what is told of them, and how it is written.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::schema::{Collection, TypedColumn};
use super::statement::{Sql, texts};
use super::value::{PointId, Written, invalid, written};
use crate::catalog::{quote_identifier, quote_literal};
use crate::error::Result;
use crate::http::conversation::Conversation;
use crate::sql::functions::collections::{self, Path};
use crate::sql::types::{Datum, Jsonb, json};

/// What is told of a payload.
#[derive(Clone, Debug, Default)]
pub enum PayloadWanted {
    #[default]
    None,
    All,
    Include(Vec<String>),
    Exclude(Vec<String>),
}

impl PayloadWanted {
    pub fn of(value: Option<&Value>, default: PayloadWanted) -> Result<PayloadWanted> {
        let keys = |value: &Value| -> Result<Vec<String>> {
            let keys: Vec<String> = Vec::deserialize(value)
                .map_err(|error| invalid(format!("with_payload is not as expected: {error}")))?;
            keys.iter().try_for_each(|key| Path::parse(key).map(drop))?;
            Ok(keys)
        };
        match value {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(true)) => Ok(PayloadWanted::All),
            Some(Value::Bool(false)) => Ok(PayloadWanted::None),
            Some(list @ Value::Array(_)) => keys(list).map(PayloadWanted::Include),
            Some(Value::Object(members)) if members.len() == 1 => {
                match (members.get("include"), members.get("exclude")) {
                    (Some(list), _) => keys(list).map(PayloadWanted::Include),
                    (_, Some(list)) => keys(list).map(PayloadWanted::Exclude),
                    _ => Err(invalid("with_payload includes or excludes keys")),
                }
            }
            Some(_) => Err(invalid("with_payload is true, false, or keys")),
        }
    }
}

impl PayloadWanted {
    /// The same of a payload that was read whole.
    pub fn select(&self, document: &Jsonb) -> Option<Jsonb> {
        match self {
            PayloadWanted::None => None,
            PayloadWanted::All => Some(document.clone()),
            PayloadWanted::Include(keys) => collections::include(document, keys).ok(),
            PayloadWanted::Exclude(keys) => collections::exclude(document, keys).ok(),
        }
    }
}

/// What is told of points.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub payload: PayloadWanted,
    /// By their places in the collection; none of them without.
    pub vectors: Vec<usize>,
    pub columns: bool,
}

impl Collection {
    /// What `with_payload` and `with_vector` ask for; the payload without a word of it.
    pub fn wanted(&self, payload: Option<&Value>, vectors: Option<&Value>) -> Result<Wanted> {
        Ok(Wanted {
            payload: PayloadWanted::of(payload, PayloadWanted::All)?,
            vectors: self.vectors_wanted(vectors)?,
            columns: false,
        })
    }

    /// Everything but columns of other names.
    pub fn all_wanted(&self) -> Wanted {
        let vectors = (0..self.vectors.len()).collect();
        Wanted { payload: PayloadWanted::All, vectors, columns: false }
    }

    /// Which vectors `with_vector` asks for.
    pub fn vectors_wanted(&self, value: Option<&Value>) -> Result<Vec<usize>> {
        match value {
            None | Some(Value::Null | Value::Bool(false)) => Ok(Vec::new()),
            Some(Value::Bool(true)) => Ok((0..self.vectors.len()).collect()),
            Some(list @ Value::Array(_)) => {
                let names: Vec<String> = Vec::deserialize(list)
                    .map_err(|error| invalid(format!("with_vector is not as expected: {error}")))?;
                // Of names that there are not nothing is told.
                let place =
                    |name: &String| self.vectors.iter().position(|vector| vector.name == *name);
                Ok(names.iter().filter_map(place).collect())
            }
            Some(_) => Err(invalid("with_vector is true, false, or names")),
        }
    }

    /// The columns of points that are told of; `source` names the row.
    pub fn push_wanted(&self, sql: &mut Sql, wanted: &Wanted) {
        sql.push("id, ");
        match &wanted.payload {
            PayloadWanted::None => {
                sql.push("NULL::jsonb");
            }
            PayloadWanted::All => {
                sql.push("payload");
            }
            PayloadWanted::Include(keys) => {
                sql.push("collections.payload_include(payload, ").bind(texts(keys), "text[]");
                sql.push(")");
            }
            PayloadWanted::Exclude(keys) => {
                sql.push("collections.payload_exclude(payload, ").bind(texts(keys), "text[]");
                sql.push(")");
            }
        }
        match wanted.columns && !self.columns.is_empty() {
            false => {
                sql.push(", NULL::jsonb");
            }
            true => {
                let pair = |column: &TypedColumn| {
                    let name = quote_literal(&column.name);
                    format!("{name}, {}", quote_identifier(&column.name))
                };
                let pairs: Vec<String> = self.columns.iter().map(pair).collect();
                sql.push(&format!(", jsonb_build_object({})", pairs.join(", ")));
            }
        }
        for at in &wanted.vectors {
            sql.push(", ").push(&self.vectors[*at].quoted());
        }
    }

    /// A row of [`Collection::push_wanted`], and what follows in it.
    pub fn found(&self, wanted: &Wanted, mut row: Vec<Datum>) -> Result<(Found, Vec<Datum>)> {
        let rest = row.split_off((3 + wanted.vectors.len()).min(row.len()));
        let document = |datum: Option<&Datum>| match datum {
            Some(Datum::Jsonb(document)) => Some(document.clone()),
            _ => None,
        };
        let id = self.id_type.id(row.first().unwrap_or(&Datum::Null))?;
        let mut vectors = Vec::new();
        for (at, datum) in wanted.vectors.iter().zip(row.iter().skip(3)) {
            if let Datum::Vector(vector) = datum {
                vectors.push((self.vectors[*at].name.clone(), written(vector)));
            }
        }
        let found = Found {
            id,
            score: None,
            payload: document(row.get(1)),
            columns: document(row.get(2)),
            vectors: (!wanted.vectors.is_empty()).then_some(vectors),
            order_value: None,
        };
        Ok((found, rest))
    }

    /// Points by id, in the order that they are asked for.
    pub async fn retrieve(
        &self,
        conversation: &mut Conversation,
        ids: &[PointId],
        wanted: &Wanted,
    ) -> Result<Vec<Found>> {
        let mut sql = Sql::new("SELECT ");
        self.push_wanted(&mut sql, wanted);
        sql.push(&format!(" FROM {} WHERE id = ANY(", self.table));
        let ty = format!("{}[]", self.id_type.sql());
        sql.bind(self.id_type.datums(ids)?, &ty).push(")");
        let mut by_id = HashMap::new();
        for row in sql.rows(conversation).await? {
            let (found, _) = self.found(wanted, row)?;
            by_id.insert(found.id.clone(), found);
        }
        let mut all = Vec::new();
        for id in ids {
            let kept = self.id_type.id(&self.id_type.datum(id)?)?;
            all.extend(by_id.get(&kept).cloned());
        }
        Ok(all)
    }
}

/// A point that was found.
#[derive(Clone, Debug)]
pub struct Found {
    pub id: PointId,
    pub score: Option<f64>,
    pub payload: Option<Jsonb>,
    pub columns: Option<Jsonb>,
    pub vectors: Option<Vec<(String, Written)>>,
    pub order_value: Option<f64>,
}

impl Found {
    /// As JSON. `version`: the member that Qdrant's clients look for beside a score.
    pub fn write(&self, version: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        self.id.write(out);
        if version {
            out.extend_from_slice(b",\"version\":0");
        }
        if let Some(score) = self.score {
            out.extend_from_slice(format!(",\"score\":{}", number(score)).as_bytes());
        }
        if let Some(payload) = &self.payload {
            out.extend_from_slice(b",\"payload\":");
            payload.root().write(out);
        }
        if let Some(columns) = &self.columns {
            out.extend_from_slice(b",\"columns\":");
            columns.root().write(out);
        }
        if let Some(vectors) = &self.vectors {
            out.extend_from_slice(b",\"vector\":");
            match &vectors[..] {
                [(name, vector)] if name.is_empty() => vector.write(out),
                named => {
                    out.push(b'{');
                    for (at, (name, vector)) in named.iter().enumerate() {
                        if at > 0 {
                            out.push(b',');
                        }
                        json::write_string(name, out);
                        out.push(b':');
                        vector.write(out);
                    }
                    out.push(b'}');
                }
            }
        }
        if let Some(value) = self.order_value {
            out.extend_from_slice(format!(",\"order_value\":{}", number(value)).as_bytes());
        }
        out.push(b'}');
    }
}

/// A number of JSON, which has neither NaN nor infinity.
fn number(value: f64) -> String {
    match value.is_finite() {
        true => value.to_string(),
        false => "null".to_owned(),
    }
}

/// Points as an array.
pub fn write_points(points: &[Found], version: bool, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, point) in points.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        point.write(version, out);
    }
    out.push(b']');
}
