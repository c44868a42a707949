//! `/api/v1/collections`: collections and their points, in this server's own words. Bodies are
//! JSON and strict; errors are problems.

mod points;
mod search;

use std::collections::BTreeMap;

use axum::extract::{Path, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub use points::{
    change_payload, change_vectors, delete_points, get_point, get_points, put_points,
};
pub use search::{count_points, facet_points, group_points, scroll_points, search_points};

use super::found::{Found, write_points};
use super::manage::{self, NewCollection, NewVector};
use super::schema::{
    Collection, Distance, Graph, IdType, IndexKind, PayloadIndex, TypedColumn, VectorSpec,
    VectorType,
};
use super::value::invalid;
use super::{Access, transaction};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::http::paging::{Page, limit_of, query};
use crate::http::problem::Problem;
use crate::http::{State, request};
use crate::sql::functions::collections::Filter;
use crate::sqlstate;

/// The dimensions of a sparse vector that says none.
const SPARSE_SIZE: u32 = 1_000_000_000;

type Answer = Result<Response, Problem>;

fn body(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

fn answer(value: &Value) -> Response {
    body(value.to_string().into_bytes())
}

/// Points under a name, as a document.
fn told(name: &str, found: &[Found]) -> Response {
    let mut out = format!("{{\"{name}\":").into_bytes();
    write_points(found, false, &mut out);
    out.push(b'}');
    body(out)
}

fn filter(value: Option<&Value>) -> Result<Filter> {
    let value = value.filter(|value| !value.is_null());
    value.map(Filter::parse).transpose().map(Option::unwrap_or_default)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorAsked {
    #[serde(default)]
    size: Option<u32>,
    #[serde(default)]
    distance: Option<Distance>,
    #[serde(default, rename = "type")]
    kind: VectorType,
    /// Whether vectors are kept with length 1.
    #[serde(default)]
    normalize: bool,
    /// `null`: no graph; without it, one with the usual options.
    #[serde(default = "usual_graph")]
    hnsw: Option<Graph>,
}

fn usual_graph() -> Option<Graph> {
    Some(Graph::default())
}

impl VectorAsked {
    fn of(self, name: String) -> Result<NewVector> {
        let is_sparse = self.kind == VectorType::Sparsevec;
        let size = match (self.size, is_sparse) {
            (Some(size), _) => size,
            (None, true) => SPARSE_SIZE,
            (None, false) => return Err(invalid("a vector has a size")),
        };
        let distance = match (self.distance, is_sparse) {
            (Some(distance), _) => distance,
            (None, true) => Distance::Dot,
            (None, false) => return Err(invalid("a vector has a distance")),
        };
        let hnsw = self.hnsw.filter(|_| !is_sparse);
        let normalized = self.normalize;
        Ok(NewVector { name, kind: self.kind, size, distance, normalized, hnsw, hints: Map::new() })
    }
}

/// One vector without a name, or vectors by name.
fn vectors_asked(value: Option<Value>) -> Result<Vec<NewVector>> {
    let wrong =
        |error: serde_json::Error| invalid(format!("the vectors are not as expected: {error}"));
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        // A name may be `size`, and what is under it is a vector then.
        Some(value) if value.get("size").is_some_and(Value::is_number) => {
            let one: VectorAsked = serde_json::from_value(value).map_err(wrong)?;
            Ok(vec![one.of(String::new())?])
        }
        Some(value) => {
            let named: BTreeMap<String, VectorAsked> =
                serde_json::from_value(value).map_err(wrong)?;
            named.into_iter().map(|(name, vector)| vector.of(name)).collect()
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateAsked {
    name: String,
    #[serde(default = "integer_ids")]
    ids: IdType,
    #[serde(default)]
    vectors: Option<Value>,
    #[serde(default, deserialize_with = "request::objects")]
    columns: Vec<TypedColumn>,
    /// Anything that is to be kept with the collection.
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

fn integer_ids() -> IdType {
    IdType::Integer
}

/// `POST /api/v1/collections`: makes a collection.
///
/// Body: `{"name", "ids": "integer" | "uuid" | "text" | "point", "vectors": {"size", "distance":
/// "cosine" | "dot" | "euclid" | "manhattan", "type": "vector" | "halfvec" | "sparsevec",
/// "normalize", "hnsw": {"m", "ef_construction"} | null} or such by name, "columns": [{"name",
/// "type"}], "metadata"}`. Answers 201 and the collection; 409 if there is one of the name.
pub async fn create(http: State, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: CreateAsked = request::json(&http, body).await?;
    let schema = http.front.database.config().collections_schema.clone();
    let made = transaction(&http, &parts, Access::Write, move |conversation| {
        async move {
            let vectors = vectors_asked(asked.vectors)?;
            let mut options = Map::new();
            if let Some(metadata) = asked.metadata {
                options.insert("metadata".to_owned(), Value::Object(metadata));
            }
            let name = asked.name.clone();
            let new = NewCollection {
                name: asked.name,
                id_type: asked.ids,
                vectors,
                columns: asked.columns,
                options,
            };
            manage::create(conversation, new, &schema).await?;
            let collection = Collection::load(conversation, &name).await?;
            describe(conversation, &collection).await
        }
        .boxed()
    });
    let mut response = answer(&made.await?);
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// `GET /api/v1/collections?after=NAME&limit=100`: names, in order.
///
/// Answers `{"collections": [{"name"}], "next": NAME or null}`: the next page is after `next`.
pub async fn list(http: State, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    let page: Page = query(&parts)?;
    let limit = limit_of(page.limit)?.into();
    let listed = transaction(&http, &parts, Access::Read, move |conversation| {
        let after = page.after.unwrap_or_default();
        async move { manage::list(conversation, &after, limit).await }.boxed()
    });
    let (names, more) = listed.await?;
    let next = if more { names.last() } else { None };
    let all: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    Ok(answer(&json!({"collections": all, "next": next})))
}

async fn describe(conversation: &mut Conversation, collection: &Collection) -> Result<Value> {
    let (count, with) = collection.counts(conversation).await?;
    let vector = |(spec, with): (&VectorSpec, &u64)| {
        let described = json!({
            "column": spec.column, "type": spec.kind, "size": spec.size,
            "distance": spec.distance, "normalize": spec.normalized, "hnsw": spec.hnsw,
            "points": with,
        });
        (spec.name.clone(), described)
    };
    let vectors: Map<String, Value> = collection.vectors.iter().zip(&with).map(vector).collect();
    let index = |(key, index): (&String, &PayloadIndex)| {
        (key.clone(), json!({"type": index.kind, "indexes": index.indexes}))
    };
    let indexes: Map<String, Value> = collection.payload_indexes.iter().map(index).collect();
    Ok(json!({
        "name": collection.name, "table": collection.table, "ids": collection.id_type,
        "vectors": vectors, "columns": collection.columns, "indexes": indexes,
        "metadata": collection.options.get("metadata"), "points": count,
    }))
}

/// `GET /api/v1/collections/{name}`: what a collection is, and how many points it has.
///
/// 404 without one.
pub async fn get(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    let found = transaction(&http, &parts, Access::Read, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            describe(conversation, &collection).await
        }
        .boxed()
    });
    Ok(answer(&found.await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeAsked {
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Option<Map<String, Value>>>,
    #[serde(default)]
    add_vectors: BTreeMap<String, VectorAsked>,
    #[serde(default)]
    drop_vectors: Vec<String>,
    /// Graphs that are built anew by other options; `null` drops one.
    #[serde(default)]
    hnsw: BTreeMap<String, Option<Graph>>,
}

/// A member that is there, be it null.
fn given<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// `PATCH /api/v1/collections/{name}`: changes a collection.
///
/// Body: `{"metadata", "add_vectors": {NAME: …}, "drop_vectors": [NAME], "hnsw": {NAME:
/// {"m", "ef_construction"} | null}}`. Answers the collection as it is then.
pub async fn change(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: ChangeAsked = request::json(&http, body).await?;
    let changed = transaction(&http, &parts, Access::Write, move |conversation| {
        async move {
            let load = Collection::load;
            if let Some(metadata) = asked.metadata {
                let metadata = metadata.map_or(Value::Null, Value::Object);
                let options = Map::from_iter([("metadata".to_owned(), metadata)]);
                load(conversation, &name).await?.set_options(conversation, options).await?;
            }
            for dropped in asked.drop_vectors {
                load(conversation, &name).await?.drop_vector(conversation, &dropped).await?;
            }
            for (vector, added) in asked.add_vectors {
                let added = added.of(vector)?;
                load(conversation, &name).await?.add_vector(conversation, added).await?;
            }
            for (vector, graph) in asked.hnsw {
                load(conversation, &name).await?.set_graph(conversation, &vector, graph).await?;
            }
            let collection = load(conversation, &name).await?;
            describe(conversation, &collection).await
        }
        .boxed()
    });
    Ok(answer(&changed.await?))
}

/// `DELETE /api/v1/collections/{name}`: drops a collection, its table and all points.
///
/// Answers 204; 404 without one.
pub async fn delete(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    let dropped = transaction(&http, &parts, Access::Write, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            collection.drop(conversation).await
        }
        .boxed()
    });
    dropped.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexAsked {
    #[serde(rename = "type")]
    kind: IndexKind,
}

/// `PUT /api/v1/collections/{name}/indexes/{key}`: an index of what payloads hold at a key.
///
/// Body: `{"type": "keyword" | "integer" | "float" | "bool" | "datetime" | "uuid"}`. Answers 204.
pub async fn put_index(
    http: State,
    Path((name, key)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: IndexAsked = request::json(&http, body).await?;
    let made = transaction(&http, &parts, Access::Write, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            collection.add_payload_index(conversation, &key, asked.kind, None).await
        }
        .boxed()
    });
    made.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /api/v1/collections/{name}/indexes/{key}`: drops it; 404 without one.
pub async fn delete_index(
    http: State,
    Path((name, key)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let (parts, _) = request.into_parts();
    let dropped = transaction(&http, &parts, Access::Write, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            match collection.drop_payload_index(conversation, &key).await? {
                true => Ok(()),
                false => Err(Error::new(
                    sqlstate::UNDEFINED_OBJECT,
                    format!("there is no index of the key \"{key}\""),
                )),
            }
        }
        .boxed()
    });
    dropped.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
