//! The vectors that a search compares with: written, or those of points.

use std::sync::Arc;

use serde_json::Value;

use super::asked::{Lookup, Query};
use crate::error::{Error, Result};
use crate::http::collections::points::no_point;
use crate::http::collections::schema::{Collection, VectorSpec};
use crate::http::collections::statement::Sql;
use crate::http::collections::value::{PointId, Sought, Written, invalid, mean, written};
use crate::http::conversation::Conversation;
use crate::sql::functions::collections::{Condition, Filter};
use crate::sql::types::Datum;
use crate::sqlstate;

/// Vectors that one search compares with.
const EXAMPLES_MAX: usize = 256;

/// The vectors that examples stand for, and which points those are.
pub(super) struct Examples<'a> {
    own: &'a Collection,
    spec: &'a VectorSpec,
    lookup: Option<Lookup>,
    /// The other collection, once it was read.
    other: Option<Collection>,
    named: Vec<PointId>,
    taken: usize,
}

impl<'a> Examples<'a> {
    pub(super) fn new(query: &Query, own: &'a Collection, spec: &'a VectorSpec) -> Examples<'a> {
        let lookup = query.lookup_from.clone();
        Examples { own, spec, lookup, other: None, named: Vec::new(), taken: 0 }
    }

    pub(super) async fn vectors(
        &mut self,
        conversation: &mut Conversation,
        values: &[Value],
    ) -> Result<Vec<Written>> {
        let mut all = Vec::with_capacity(values.len());
        for value in values {
            all.push(self.vector(conversation, value).await?);
        }
        Ok(all)
    }

    pub(super) async fn vector(
        &mut self,
        conversation: &mut Conversation,
        value: &Value,
    ) -> Result<Written> {
        self.taken += 1;
        if self.taken > EXAMPLES_MAX {
            let message = format!("a search compares with at most {EXAMPLES_MAX} vectors");
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        let id = match Sought::of(value)? {
            Sought::Vector(vector) => return Ok(vector),
            Sought::Id(id) => id,
        };
        let name = match &self.lookup {
            None => self.spec.name.clone(),
            Some(lookup) => {
                if lookup.shard_key.as_ref().is_some_and(|key| !key.is_null()) {
                    return Err(Error::unsupported("a shard key"));
                }
                if self.other.is_none() && lookup.collection != self.own.name {
                    self.other = Some(Collection::load(conversation, &lookup.collection).await?);
                }
                lookup.vector.clone().unwrap_or_else(|| self.spec.name.clone())
            }
        };
        let collection = self.other.as_ref().unwrap_or(self.own);
        let spec = collection.vector(&name)?;
        let mut sql =
            Sql::new(&format!("SELECT {} FROM {} WHERE id = ", spec.quoted(), collection.table));
        sql.bind(collection.id_type.datum(&id)?, collection.id_type.sql());
        let rows = sql.rows(conversation).await?;
        let found = rows.first().and_then(|row| row.first());
        if self.other.is_none() {
            self.named.push(id.clone());
        }
        match found {
            Some(Datum::Vector(vector)) => Ok(written(vector)),
            Some(_) => Err(invalid(format!("the point {id} has no vector \"{name}\""))),
            None => Err(no_point(&id)),
        }
    }

    /// Points that were named are not found.
    pub(super) fn leave_out(&self, filter: &mut Filter) {
        if !self.named.is_empty() {
            let ids = self.named.iter().map(PointId::to_json).collect();
            let own = std::mem::take(filter);
            *filter = Filter {
                must: vec![Condition::Filter(own)],
                must_not: vec![Condition::HasId(ids)],
                ..Filter::default()
            };
        }
    }
}

/// The mean of what is like, away from the mean of what is unlike.
pub(super) fn average(like: &[Written], unlike: &[Written]) -> Result<Written> {
    let dense = |vectors: &[Written]| -> Result<Vec<Arc<[f32]>>> {
        let elements = vectors.iter().map(|vector| match vector {
            Written::Dense(elements) => Ok(elements.as_slice().into()),
            Written::Sparse { .. } => {
                Err(Error::unsupported("a recommendation by the average of sparse vectors"))
            }
        });
        elements.collect()
    };
    let (like, unlike) = (dense(like)?, dense(unlike)?);
    let size = like.first().map_or(0, |vector| vector.len());
    if like.iter().chain(&unlike).any(|vector| vector.len() != size) {
        return Err(invalid("the examples have different dimensions"));
    }
    let mut vector = mean(&like);
    if !unlike.is_empty() {
        let away = mean(&unlike);
        vector.iter_mut().zip(away).for_each(|(element, away)| *element += *element - away);
    }
    Ok(Written::Dense(vector))
}
