//! Searches whose points are grouped by what a key holds.

use serde_json::Value;

use super::found::{Found, PayloadWanted};
use super::schema::Collection;
use super::search::{LIMIT_MAX, Query, search};
use super::value::invalid;
use crate::error::Result;
use crate::http::conversation::Conversation;
use crate::sql::functions::collections::Path;
use crate::sql::types::{JsonKind, JsonRef, Jsonb};

/// Points that are looked at for each that is wanted, and how many more at the next try.
const FIRST_SHARE: u64 = 8;
const GROWTH: u64 = 8;

pub struct Groups {
    pub by: String,
    pub limit: u64,
    pub size: u64,
}

pub struct Group {
    /// A text or an integer.
    pub id: Jsonb,
    pub hits: Vec<Found>,
}

/// The groups of the nearest points, by their nearest.
pub async fn search_groups(
    conversation: &mut Conversation,
    collection: &Collection,
    query: Query,
    groups: &Groups,
    default: PayloadWanted,
) -> Result<Vec<Group>> {
    let path = Path::parse(&groups.by)?;
    if groups.limit == 0 || groups.size == 0 {
        return Err(invalid("limit and group_size: value 0 invalid, must be 1 or larger"));
    }
    let told = PayloadWanted::of(query.with_payload.as_ref(), default)?;
    let enough = groups.limit.saturating_mul(groups.size);
    let mut taken = enough.saturating_mul(FIRST_SHARE).min(LIMIT_MAX);
    loop {
        let whole =
            Query { limit: Some(taken), with_payload: Some(Value::Bool(true)), ..query.clone() };
        let found = search(conversation, collection, whole, PayloadWanted::All).await?;
        let is_all = (found.len() as u64) < taken || taken >= LIMIT_MAX;
        let grouped = group(found, &path, groups);
        let is_full = |group: &Group| group.hits.len() as u64 >= groups.size;
        if is_all || (grouped.len() as u64 >= groups.limit && grouped.iter().all(is_full)) {
            return Ok(grouped.into_iter().map(|group| selected(group, &told)).collect());
        }
        taken = taken.saturating_mul(GROWTH).min(LIMIT_MAX);
    }
}

/// The first groups that there are, each with its first hits.
fn group(found: Vec<Found>, path: &Path, groups: &Groups) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    for point in found {
        let Some(payload) = &point.payload else { continue };
        let Some(ids) = group_ids(payload.root(), path) else { continue };
        for id in ids {
            match all.iter().position(|group| group.id.0 == id.0) {
                Some(at) if (all[at].hits.len() as u64) < groups.size => {
                    all[at].hits.push(point.clone());
                }
                Some(_) => {}
                None if (all.len() as u64) < groups.limit => {
                    all.push(Group { id, hits: vec![point.clone()] });
                }
                None => {}
            }
        }
    }
    all
}

/// The groups that a point is in; none if one of its values names no group.
fn group_ids(payload: JsonRef<'_>, path: &Path) -> Option<Vec<Jsonb>> {
    let mut ids: Vec<Jsonb> = Vec::new();
    for value in path.values(payload, true) {
        let is_id = match value.kind() {
            JsonKind::String => true,
            JsonKind::Number => value.as_numeric().and_then(|number| number.scale()) == Some(0),
            _ => false,
        };
        if !is_id {
            return None;
        }
        let id = value.to_jsonb();
        if !ids.iter().any(|known| known.0 == id.0) {
            ids.push(id);
        }
    }
    Some(ids)
}

/// A group with what is told of its points' payloads.
fn selected(mut group: Group, told: &PayloadWanted) -> Group {
    for point in &mut group.hits {
        point.payload = point.payload.take().and_then(|payload| told.select(&payload));
    }
    group
}
