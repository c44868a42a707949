//! `/api/v1/collections`: collections and their points, in this server's own words. Bodies are
//! JSON and strict; errors are problems.

use std::collections::BTreeMap;

use axum::extract::{Path, Query as QueryString, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::groups::{Groups, search_groups};
use super::manage::{self, NewCollection, NewVector};
use super::points::{
    Mode, NewPoint, PayloadChange, PayloadWanted, Selector, Wanted, no_point, write_points,
};
use super::schema::{
    Collection, Distance, Graph, IdType, IndexKind, TypedColumn, VectorSpec, VectorType,
};
use super::scroll::{self, Order};
use super::search::{LIMIT_DEFAULT, LIMIT_MAX, Query, search};
use super::value::{PointId, Vectors, invalid};
use super::{Access, transaction};
use crate::error::Result;
use crate::http::problem::Problem;
use crate::http::{State, request};
use crate::sql::functions::collections::Filter;

/// Searches of one request.
const SEARCHES_MAX: usize = 1_000;
/// Collections of one page.
const PAGE_DEFAULT: u64 = 100;
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
fn points(name: &str, found: &[super::points::Found]) -> Response {
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
    #[serde(default)]
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    #[serde(default)]
    after: String,
    #[serde(default)]
    limit: Option<u64>,
}

/// `GET /api/v1/collections?after=NAME&limit=100`: names, in order.
///
/// Answers `{"collections": [{"name"}], "next": NAME or null}`: the next page is after `next`.
pub async fn list(
    http: State,
    page: Result<QueryString<Page>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Answer {
    let QueryString(page) = page.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let limit = page.limit.unwrap_or(PAGE_DEFAULT).clamp(1, LIMIT_MAX);
    let (parts, _) = request.into_parts();
    let listed = transaction(&http, &parts, Access::Read, move |conversation| {
        async move { manage::list(conversation, &page.after, limit).await }.boxed()
    });
    let (names, more) = listed.await?;
    let next = if more { names.last() } else { None };
    let all: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    Ok(answer(&json!({"collections": all, "next": next})))
}

async fn describe(
    conversation: &mut crate::http::conversation::Conversation,
    collection: &Collection,
) -> Result<Value> {
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
    let index = |(key, index): (&String, &super::schema::PayloadIndex)| {
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
                false => Err(crate::error::Error::new(
                    crate::sqlstate::UNDEFINED_OBJECT,
                    format!("there is no index of the key \"{key}\""),
                )),
            }
        }
        .boxed()
    });
    dropped.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutAsked {
    points: Vec<NewPoint>,
    #[serde(default)]
    mode: Mode,
    /// Points that are there are replaced if they pass it.
    #[serde(default)]
    update_filter: Option<Value>,
}

/// `PUT /api/v1/collections/{name}/points`: writes points, all or none.
///
/// Body: `{"points": [{"id", "vector": […] or {NAME: […]}, "payload", "columns"}], "mode":
/// "upsert" | "insert" | "update", "update_filter"}`. Answers `{"points": N}`, those that were
/// asked for.
pub async fn put_points(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: PutAsked = request::json(&http, body).await?;
    let written = transaction(&http, &parts, Access::Write, move |conversation| {
        async move {
            if asked.points.is_empty() {
                return Err(invalid("there is no point"));
            }
            let collection = Collection::load(conversation, &name).await?;
            let only = asked.update_filter.as_ref().map(Filter::parse).transpose()?;
            let rows = collection.rows(asked.points)?;
            let count = rows.ids.len();
            let sql = collection.write(rows, asked.mode, only.as_ref())?;
            sql.rows(conversation).await?;
            Ok(count)
        }
        .boxed()
    });
    Ok(answer(&json!({"points": written.await?})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GetAsked {
    ids: Vec<PointId>,
    #[serde(default)]
    with_payload: Option<Value>,
    #[serde(default)]
    with_vector: Option<Value>,
    #[serde(default)]
    with_columns: bool,
}

/// `POST /api/v1/collections/{name}/points/get`: points by id; those that there are.
///
/// Body: `{"ids", "with_payload", "with_vector", "with_columns"}`. Answers `{"points": […]}`.
pub async fn get_points(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: GetAsked = request::json(&http, body).await?;
    let found = transaction(&http, &parts, Access::Read, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            let wanted = Wanted {
                payload: PayloadWanted::of(asked.with_payload.as_ref(), PayloadWanted::All)?,
                vectors: collection.vectors_wanted(asked.with_vector.as_ref())?,
                columns: asked.with_columns,
            };
            collection.retrieve(conversation, &asked.ids, &wanted).await
        }
        .boxed()
    });
    Ok(points("points", &found.await?))
}

/// `GET /api/v1/collections/{name}/points/{id}`: one point, with everything; 404 without it.
pub async fn get_point(
    http: State,
    Path((name, id)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let (parts, _) = request.into_parts();
    let found = transaction(&http, &parts, Access::Read, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            let id = path_id(&collection, id);
            let wanted = Wanted {
                payload: PayloadWanted::All,
                vectors: (0..collection.vectors.len()).collect(),
                columns: true,
            };
            let found =
                collection.retrieve(conversation, std::slice::from_ref(&id), &wanted).await?;
            found.into_iter().next().ok_or_else(|| no_point(&id))
        }
        .boxed()
    });
    let mut out = Vec::new();
    found.await?.write(false, &mut out);
    Ok(body(out))
}

/// An id that stands in a path.
pub fn path_id(collection: &Collection, id: String) -> PointId {
    match (collection.id_type, id.parse::<u64>()) {
        (IdType::Text | IdType::Uuid, _) | (_, Err(_)) => PointId::Text(id),
        (_, Ok(number)) => PointId::Number(number),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SelectAsked {
    #[serde(default)]
    ids: Option<Vec<PointId>>,
    #[serde(default)]
    filter: Option<Value>,
}

/// `POST /api/v1/collections/{name}/points/delete`: deletes points by id or by a filter.
///
/// Body: `{"ids"}` or `{"filter"}`. Answers `{"points": N}`, those that were there.
pub async fn delete_points(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: SelectAsked = request::json(&http, body).await?;
    let deleted = transaction(&http, &parts, Access::Write, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            let which = Selector::of(asked.ids, asked.filter.as_ref())?;
            collection.delete(conversation, &which).await
        }
        .boxed()
    });
    Ok(answer(&json!({"points": deleted.await?})))
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum PayloadAsked {
    Set {
        members: Map<String, Value>,
        #[serde(default)]
        key: Option<String>,
    },
    Overwrite(Map<String, Value>),
    Delete(Vec<String>),
    Clear,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangePayloadAsked {
    #[serde(default)]
    ids: Option<Vec<PointId>>,
    #[serde(default)]
    filter: Option<Value>,
    change: PayloadAsked,
}

/// `POST /api/v1/collections/{name}/points/payload`: changes payloads.
///
/// Body: `{"ids" or "filter", "change": {"set": {"members", "key"}} | {"overwrite": {…}} |
/// {"delete": [KEY]} | "clear"}`. Answers 204; 404 and nothing changed if an id is not there.
pub async fn change_payload(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: ChangePayloadAsked = request::json(&http, body).await?;
    let changed = transaction(&http, &parts, Access::Write, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            let which = Selector::of(asked.ids, asked.filter.as_ref())?;
            let change = match asked.change {
                PayloadAsked::Set { members, key } => {
                    PayloadChange::Set { key, members: Value::Object(members) }
                }
                PayloadAsked::Overwrite(members) => {
                    PayloadChange::Overwrite(Value::Object(members))
                }
                PayloadAsked::Delete(keys) => PayloadChange::Delete(keys),
                PayloadAsked::Clear => PayloadChange::Clear,
            };
            match collection.change_payload(conversation, &which, change).await? {
                None => Ok(()),
                Some(id) => Err(no_point(&id)),
            }
        }
        .boxed()
    });
    changed.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorsOf {
    id: PointId,
    vector: Vectors,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeVectorsAsked {
    /// Vectors that are put in the place of others.
    #[serde(default)]
    points: Vec<VectorsOf>,
    /// Names of vectors that are taken from points by id or by a filter.
    #[serde(default)]
    delete: Vec<String>,
    #[serde(default)]
    ids: Option<Vec<PointId>>,
    #[serde(default)]
    filter: Option<Value>,
}

/// `POST /api/v1/collections/{name}/points/vectors`: changes vectors, payloads stay.
///
/// Body: `{"points": [{"id", "vector"}]}` or `{"delete": [NAME], "ids" or "filter"}`. Answers
/// 204; 404 and nothing changed if an id is not there.
pub async fn change_vectors(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: ChangeVectorsAsked = request::json(&http, body).await?;
    let changed = transaction(&http, &parts, Access::Write, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            let missing = match asked.delete.is_empty() {
                true => {
                    let points = asked.points.into_iter().map(|point| (point.id, point.vector));
                    collection.update_vectors(conversation, points.collect(), None).await?
                }
                false => {
                    let which = Selector::of(asked.ids, asked.filter.as_ref())?;
                    collection.delete_vectors(conversation, &which, &asked.delete).await?
                }
            };
            match missing {
                None => Ok(()),
                Some(id) => Err(no_point(&id)),
            }
        }
        .boxed()
    });
    changed.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/v1/collections/{name}/points/search`: the nearest points, or several searches.
///
/// Body: `{"query": […] | ID | {"nearest"} | {"recommend": {"positive", "negative", "strategy"}} |
/// {"discover": {"target", "context"}} | {"context"} | {"order_by"} | {"sample": "random"} |
/// {"fusion": "rrf" | "dbsf"}, "prefetch", "using": NAME, "filter", "params": {"exact", "ef"},
/// "score_threshold", "limit", "offset", "with_payload", "with_vector", "with_columns",
/// "lookup_from"}` or `{"searches": […]}`, of one snapshot. Answers `{"points": […]}` or
/// `{"results": [[…]]}`.
pub async fn search_points(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body_) = request.into_parts();
    // Read in two steps: what is wrong with a search is said of it, not of both forms.
    let bytes = request::bytes(&http, body_).await?;
    let (queries, is_one) = match serde_json::from_slice::<OnlySearches>(&bytes) {
        Ok(many) => (many.searches, false),
        Err(_) => (vec![request::from_slice(&bytes)?], true),
    };
    if queries.len() > SEARCHES_MAX {
        return Err(Problem::bad_request(&format!(
            "a request has at most {SEARCHES_MAX} searches"
        )));
    }
    let found = transaction(&http, &parts, Access::Read, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            let mut all = Vec::new();
            for query in queries {
                all.push(search(conversation, &collection, query, PayloadWanted::All).await?);
            }
            Ok(all)
        }
        .boxed()
    });
    let found = found.await?;
    if is_one {
        return Ok(points("points", found.first().map(Vec::as_slice).unwrap_or_default()));
    }
    let mut out = b"{\"results\":[".to_vec();
    for (at, some) in found.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_points(some, false, &mut out);
    }
    out.extend_from_slice(b"]}");
    Ok(body(out))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlySearches {
    searches: Vec<Query>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupsAsked {
    search: Query,
    group_by: String,
    #[serde(default = "group_size")]
    group_size: u64,
    #[serde(default = "group_limit")]
    limit: u64,
}

fn group_size() -> u64 {
    3
}

fn group_limit() -> u64 {
    LIMIT_DEFAULT
}

/// `POST /api/v1/collections/{name}/points/groups`: the nearest points in groups.
///
/// Body: `{"search": …, "group_by": KEY, "group_size", "limit"}`. Answers
/// `{"groups": [{"id", "hits": […]}]}`.
pub async fn group_points(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body_) = request.into_parts();
    let asked: GroupsAsked = request::json(&http, body_).await?;
    let found = transaction(&http, &parts, Access::Read, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            let groups = Groups { by: asked.group_by, limit: asked.limit, size: asked.group_size };
            let (query, all) = (asked.search, PayloadWanted::All);
            search_groups(conversation, &collection, query, &groups, all).await
        }
        .boxed()
    });
    let mut out = b"{\"groups\":[".to_vec();
    for (at, group) in found.await?.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"id\":");
        group.id.root().write(&mut out);
        out.extend_from_slice(b",\"hits\":");
        write_points(&group.hits, false, &mut out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    Ok(body(out))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScrollAsked {
    #[serde(default)]
    filter: Option<Value>,
    /// The `next` of the page before.
    #[serde(default)]
    cursor: Option<PointId>,
    #[serde(default)]
    order_by: Option<Value>,
    #[serde(default)]
    limit: Option<u64>,
    #[serde(default)]
    with_payload: Option<Value>,
    #[serde(default)]
    with_vector: Option<Value>,
    #[serde(default)]
    with_columns: bool,
}

/// `POST /api/v1/collections/{name}/points/scroll`: points page by page, by id.
///
/// Body: `{"filter", "cursor", "limit", "order_by", "with_payload", "with_vector",
/// "with_columns"}`. Answers `{"points": […], "next": CURSOR or null}`; in the order of a key
/// there is one page.
pub async fn scroll_points(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body_) = request.into_parts();
    let asked: ScrollAsked = request::json(&http, body_).await?;
    let found = transaction(&http, &parts, Access::Read, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            let filter = filter(asked.filter.as_ref())?;
            let limit = asked.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
            let wanted = Wanted {
                payload: PayloadWanted::of(asked.with_payload.as_ref(), PayloadWanted::All)?,
                vectors: collection.vectors_wanted(asked.with_vector.as_ref())?,
                columns: asked.with_columns,
            };
            let Some(order) = asked.order_by else {
                let from = asked.cursor.as_ref();
                return scroll::by_id(conversation, &collection, &filter, from, limit, &wanted)
                    .await;
            };
            if asked.cursor.is_some() {
                return Err(invalid("a cursor is of the order by id"));
            }
            let order = Order::of(&order)?;
            let found =
                scroll::by_value(conversation, &collection, &filter, &order, limit, &wanted)
                    .await?;
            Ok((found, None))
        }
        .boxed()
    });
    let (found, next) = found.await?;
    let mut out = b"{\"points\":".to_vec();
    write_points(&found, false, &mut out);
    let next = next.map(|id| id.to_json()).unwrap_or_default();
    out.extend_from_slice(format!(",\"next\":{next}}}").as_bytes());
    Ok(body(out))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountAsked {
    #[serde(default)]
    filter: Option<Value>,
}

/// `POST /api/v1/collections/{name}/points/count`: how many points there are, or pass.
///
/// Body: `{"filter"}`. Answers `{"count": N}`, exactly.
pub async fn count_points(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: CountAsked = request::json(&http, body).await?;
    let counted = transaction(&http, &parts, Access::Read, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            scroll::count(conversation, &collection, &filter(asked.filter.as_ref())?).await
        }
        .boxed()
    });
    Ok(answer(&json!({"count": counted.await?})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FacetAsked {
    key: String,
    #[serde(default)]
    filter: Option<Value>,
    #[serde(default)]
    limit: Option<u64>,
}

/// `POST /api/v1/collections/{name}/points/facet`: the values of a key with their counts.
///
/// Body: `{"key", "filter", "limit"}`. Answers `{"hits": [{"value", "count"}]}`, the most
/// frequent first.
pub async fn facet_points(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body_) = request.into_parts();
    let asked: FacetAsked = request::json(&http, body_).await?;
    let found = transaction(&http, &parts, Access::Read, move |conversation| {
        async move {
            let collection = Collection::load(conversation, &name).await?;
            let filter = filter(asked.filter.as_ref())?;
            let limit = asked.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
            scroll::facet(conversation, &collection, &filter, &asked.key, limit).await
        }
        .boxed()
    });
    let mut out = b"{".to_vec();
    write_hits(&found.await?, &mut out);
    out.push(b'}');
    Ok(body(out))
}

/// `"hits": […]` of a facet.
pub fn write_hits(hits: &[(crate::sql::types::Jsonb, u64)], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"hits\":[");
    for (at, (value, count)) in hits.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"value\":");
        value.root().write(out);
        out.extend_from_slice(format!(",\"count\":{count}}}").as_bytes());
    }
    out.push(b']');
}
