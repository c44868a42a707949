//! Searches in Qdrant's words: one, several, in groups; pages, counts and facets.

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use futures::FutureExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Asked as OptionsAsked, Exchange, answered, refuse};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::collections::Access;
use crate::http::collections::found::{Found, PayloadWanted, Wanted, write_points};
use crate::http::collections::groups::{Group, Groups, search_groups};
use crate::http::collections::schema::Collection;
use crate::http::collections::scroll::{self, Order, write_hits};
use crate::http::collections::search::{LIMIT_DEFAULT, LIMIT_MAX, Query, search};
use crate::http::collections::value::{PointId, invalid};
use crate::http::conversation::Conversation;
use crate::http::problem::Problem;
use crate::sql::functions::collections::Filter;
use crate::sqlstate;

/// Searches of one request.
const SEARCHES_MAX: usize = 1_000;

fn filter(value: Option<&Value>) -> Result<Filter> {
    let value = value.filter(|value| !value.is_null());
    value.map(Filter::parse).transpose().map(Option::unwrap_or_default)
}

/// What the older requests hold in the place of a query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Older {
    /// `search`: a vector, or `{"name", "vector"}`.
    #[serde(default)]
    vector: Option<Value>,
    /// `recommend`.
    #[serde(default)]
    positive: Option<Vec<Value>>,
    #[serde(default)]
    negative: Option<Vec<Value>>,
    #[serde(default)]
    strategy: Option<Value>,
    /// `discover`.
    #[serde(default)]
    target: Option<Value>,
    #[serde(default)]
    context: Option<Value>,
    #[serde(default)]
    using: Option<Value>,
    #[serde(default)]
    lookup_from: Option<Value>,
    #[serde(default)]
    filter: Option<Value>,
    #[serde(default)]
    params: Option<Value>,
    #[serde(default)]
    limit: Option<u64>,
    #[serde(default)]
    offset: Option<u64>,
    #[serde(default)]
    score_threshold: Option<f64>,
    #[serde(default)]
    with_payload: Option<Value>,
    #[serde(default, alias = "with_vectors")]
    with_vector: Option<Value>,
    #[serde(default)]
    shard_key: Option<Value>,
    #[serde(default)]
    group_by: Option<String>,
    #[serde(default)]
    group_size: Option<u64>,
    #[serde(default)]
    with_lookup: Option<Value>,
}

impl Older {
    /// The query that it means.
    fn query(self) -> Result<Query> {
        let mut using = self.using.clone();
        let query = match (self.vector, self.positive, self.target, self.context) {
            (Some(Value::Object(mut named)), None, None, None) if named.contains_key("name") => {
                using = named.shift_remove("name");
                named.shift_remove("vector").ok_or_else(|| invalid("missing field `vector`"))?
            }
            (Some(vector), None, None, None) => vector,
            (None, None, Some(target), context) => {
                json!({"discover": {"target": target, "context": context.unwrap_or(json!([]))}})
            }
            (None, None, None, Some(context)) => json!({"context": context}),
            (None, positive, None, None) => json!({"recommend": {
                "positive": positive, "negative": self.negative, "strategy": self.strategy,
            }}),
            _ => return Err(invalid("a search is for a vector, examples or a target")),
        };
        let query = json!({
            "query": query, "using": using, "lookup_from": self.lookup_from,
            "filter": self.filter, "params": self.params, "score_threshold": self.score_threshold,
            "limit": self.limit, "offset": self.offset, "with_payload": self.with_payload,
            "with_vector": self.with_vector, "shard_key": self.shard_key,
        });
        Query::deserialize(query)
            .map_err(|error| invalid(format!("a search is not as expected: {error}")))
    }
}

async fn run_all(
    conversation: &mut Conversation,
    name: &str,
    queries: Vec<Query>,
) -> Result<Vec<Vec<Found>>> {
    if queries.len() > SEARCHES_MAX {
        let message = format!("a request has at most {SEARCHES_MAX} searches");
        return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
    }
    let collection = Collection::load(conversation, name).await?;
    let mut all = Vec::with_capacity(queries.len());
    for query in queries {
        all.push(search(conversation, &collection, query, PayloadWanted::None).await?);
    }
    Ok(all)
}

/// Answers in the newer form (`{"points": […]}`) or the older (`[…]`).
fn told(all: &[Vec<Found>], form: Form) -> Vec<u8> {
    let Form { is_newer, is_batch } = form;
    let mut out = Vec::new();
    if is_batch {
        out.push(b'[');
    }
    for (at, found) in all.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if is_newer {
            out.extend_from_slice(b"{\"points\":");
        }
        write_points(found, true, &mut out);
        if is_newer {
            out.push(b'}');
        }
    }
    if is_batch {
        out.push(b']');
    }
    out
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Searches<T> {
    searches: Vec<T>,
}

/// How searches are answered.
#[derive(Clone, Copy)]
struct Form {
    is_newer: bool,
    is_batch: bool,
}

impl Exchange {
    /// Runs the searches that a body asks for, all of one snapshot.
    async fn search<T: DeserializeOwned + Send + 'static>(
        &self,
        name: String,
        body: Body,
        queries: fn(T) -> Result<Vec<Query>>,
        form: Form,
    ) -> Result<Vec<u8>, Problem> {
        let asked: T = self.read(body).await?;
        let found = self.run(Access::Read, move |conversation| {
            async move { run_all(conversation, &name, queries(asked)?).await }.boxed()
        });
        Ok(told(&found.await?, form))
    }
}

/// `POST /collections/{name}/points/query`.
pub async fn query(
    http: State,
    Path(name): Path<String>,
    options: OptionsAsked,
    request: Request,
) -> Response {
    let form = Form { is_newer: true, is_batch: false };
    answered!(http, options, request, |exchange, body| {
        exchange.search(name, body, |asked: Query| Ok(vec![asked]), form).await
    })
}

/// `POST /collections/{name}/points/query/batch`: several, of one snapshot.
pub async fn query_batch(
    http: State,
    Path(name): Path<String>,
    options: OptionsAsked,
    request: Request,
) -> Response {
    let form = Form { is_newer: true, is_batch: true };
    answered!(http, options, request, |exchange, body| {
        exchange.search(name, body, |asked: Searches<Query>| Ok(asked.searches), form).await
    })
}

/// `POST /collections/{name}/points/{search,recommend,discover}`.
pub async fn older(
    http: State,
    Path(name): Path<String>,
    options: OptionsAsked,
    request: Request,
) -> Response {
    let form = Form { is_newer: false, is_batch: false };
    answered!(http, options, request, |exchange, body| {
        exchange.search(name, body, |asked: Older| Ok(vec![asked.query()?]), form).await
    })
}

/// `POST /collections/{name}/points/{search,recommend,discover}/batch`.
pub async fn older_batch(
    http: State,
    Path(name): Path<String>,
    options: OptionsAsked,
    request: Request,
) -> Response {
    let form = Form { is_newer: false, is_batch: true };
    let queries = |asked: Searches<Older>| asked.searches.into_iter().map(Older::query).collect();
    answered!(http, options, request, |exchange, body| {
        exchange.search(name, body, queries, form).await
    })
}

/// What is told of the point that a group is named after.
struct Lookup {
    collection: String,
    payload: PayloadWanted,
    vectors: Option<Value>,
}

impl Lookup {
    fn of(value: Option<Value>) -> Result<Option<Lookup>> {
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(collection)) => {
                Ok(Some(Lookup { collection, payload: PayloadWanted::All, vectors: None }))
            }
            Some(value) => {
                let collection = value.get("collection").and_then(Value::as_str);
                let collection = collection.ok_or_else(|| invalid("a lookup has a collection"))?;
                let payload = PayloadWanted::of(value.get("with_payload"), PayloadWanted::All)?;
                let vectors = value.get("with_vectors").or(value.get("with_vector")).cloned();
                Ok(Some(Lookup { collection: collection.to_owned(), payload, vectors }))
            }
        }
    }

    /// The points of groups, in their order; none where there is none.
    async fn find(
        &self,
        conversation: &mut Conversation,
        groups: &[Group],
    ) -> Result<Vec<Option<Found>>> {
        let collection = Collection::load(conversation, &self.collection).await?;
        let wanted = Wanted {
            payload: self.payload.clone(),
            vectors: collection.vectors_wanted(self.vectors.as_ref())?,
            columns: false,
        };
        let mut all = Vec::with_capacity(groups.len());
        for group in groups {
            let mut text = Vec::new();
            group.id.root().write(&mut text);
            let id = serde_json::from_slice(&text).ok();
            let id = id.and_then(|value: Value| PointId::of(&value).ok());
            // A name that is no id of the other collection names no point there.
            let id = id.filter(|id| collection.id_type.datum(id).is_ok());
            all.push(match id {
                None => None,
                Some(id) => {
                    let found = collection.retrieve(conversation, &[id], &wanted).await?;
                    found.into_iter().next()
                }
            });
        }
        Ok(all)
    }
}

async fn grouped(
    conversation: &mut Conversation,
    name: &str,
    query: Query,
    groups: Groups,
    lookup: Option<Value>,
) -> Result<Vec<u8>> {
    let collection = Collection::load(conversation, name).await?;
    let none = PayloadWanted::None;
    let found = search_groups(conversation, &collection, query, &groups, none).await?;
    let lookups = match Lookup::of(lookup)? {
        None => Vec::new(),
        Some(lookup) => lookup.find(conversation, &found).await?,
    };
    let mut out = b"{\"groups\":[".to_vec();
    for (at, group) in found.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"id\":");
        group.id.root().write(&mut out);
        out.extend_from_slice(b",\"hits\":");
        write_points(&group.hits, true, &mut out);
        if let Some(Some(point)) = lookups.get(at) {
            out.extend_from_slice(b",\"lookup\":");
            point.write(false, &mut out);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    Ok(out)
}

/// `POST /collections/{name}/points/query/groups`.
pub async fn query_groups(
    http: State,
    Path(name): Path<String>,
    options: OptionsAsked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: Value = exchange.read(body).await?;
        let out = exchange.run(Access::Read, move |conversation| {
            async move {
                let Value::Object(mut members) = asked else {
                    return Err(invalid("the body is an object"));
                };
                let mut take = |name: &str| members.shift_remove(name).filter(|v| !v.is_null());
                let by = take("group_by").and_then(|by| by.as_str().map(str::to_owned));
                let number = |value: Option<Value>, default| match value {
                    None => Ok(default),
                    Some(value) => value.as_u64().ok_or_else(|| invalid("limits are numbers")),
                };
                let groups = Groups {
                    by: by.ok_or_else(|| invalid("missing field `group_by`"))?,
                    limit: number(take("limit"), LIMIT_DEFAULT)?,
                    size: number(take("group_size"), 3)?,
                };
                let lookup = take("with_lookup");
                let query = Query::deserialize(Value::Object(members))
                    .map_err(|error| invalid(format!("a query is not as expected: {error}")))?;
                grouped(conversation, &name, query, groups, lookup).await
            }
            .boxed()
        });
        out.await
    })
}

/// `POST /collections/{name}/points/{search,recommend}/groups`.
pub async fn older_groups(
    http: State,
    Path(name): Path<String>,
    options: OptionsAsked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let mut asked: Older = exchange.read(body).await?;
        let out = exchange.run(Access::Read, move |conversation| {
            async move {
                let by =
                    asked.group_by.take().ok_or_else(|| invalid("missing field `group_by`"))?;
                let groups = Groups {
                    by,
                    limit: asked.limit.take().unwrap_or(LIMIT_DEFAULT),
                    size: asked.group_size.take().unwrap_or(1),
                };
                let lookup = asked.with_lookup.take();
                grouped(conversation, &name, asked.query()?, groups, lookup).await
            }
            .boxed()
        });
        out.await
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScrollAsked {
    #[serde(default)]
    offset: Option<PointId>,
    #[serde(default)]
    limit: Option<u64>,
    #[serde(default)]
    filter: Option<Value>,
    #[serde(default)]
    with_payload: Option<Value>,
    #[serde(default, alias = "with_vectors")]
    with_vector: Option<Value>,
    #[serde(default)]
    order_by: Option<Value>,
    #[serde(default)]
    shard_key: Option<Value>,
}

/// `POST /collections/{name}/points/scroll`: points by id, page by page, or by a value.
pub async fn scroll_points(
    http: State,
    Path(name): Path<String>,
    options: OptionsAsked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: ScrollAsked = exchange.read(body).await?;
        let found = exchange.run(Access::Read, move |conversation| {
            async move {
                refuse(&[("shard_key", &asked.shard_key)])?;
                let collection = Collection::load(conversation, &name).await?;
                let filter = filter(asked.filter.as_ref())?;
                let limit = asked.limit.unwrap_or(LIMIT_DEFAULT);
                if limit == 0 {
                    return Err(invalid("limit: value 0 invalid, must be 1 or larger"));
                }
                let limit = limit.min(LIMIT_MAX);
                let wanted =
                    collection.wanted(asked.with_payload.as_ref(), asked.with_vector.as_ref())?;
                let order = asked.order_by.filter(|order| !order.is_null());
                let Some(order) = order else {
                    let from = asked.offset.as_ref();
                    return scroll::by_id(conversation, &collection, &filter, from, limit, &wanted)
                        .await;
                };
                if asked.offset.is_some() {
                    return Err(invalid("Cannot use an `offset` when using `order_by`"));
                }
                let order = Order::of(&order)?;
                let found =
                    scroll::by_value(conversation, &collection, &filter, &order, limit, &wanted);
                Ok((found.await?, None))
            }
            .boxed()
        });
        let (found, next) = found.await?;
        let mut out = b"{\"points\":".to_vec();
        write_points(&found, false, &mut out);
        let next = next.map(|id| id.to_json()).unwrap_or_default();
        out.extend_from_slice(format!(",\"next_page_offset\":{next}}}").as_bytes());
        Ok(out)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountAsked {
    #[serde(default)]
    filter: Option<Value>,
    /// Counts are exact always.
    #[serde(default, rename = "exact")]
    _exact: Option<bool>,
    #[serde(default)]
    shard_key: Option<Value>,
}

/// `POST /collections/{name}/points/count`.
pub async fn count(
    http: State,
    Path(name): Path<String>,
    options: OptionsAsked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: CountAsked = exchange.read(body).await?;
        let counted = exchange.run(Access::Read, move |conversation| {
            async move {
                refuse(&[("shard_key", &asked.shard_key)])?;
                let collection = Collection::load(conversation, &name).await?;
                scroll::count(conversation, &collection, &filter(asked.filter.as_ref())?).await
            }
            .boxed()
        });
        Ok(json!({"count": counted.await?}).to_string().into_bytes())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FacetAsked {
    key: String,
    #[serde(default)]
    limit: Option<u64>,
    #[serde(default)]
    filter: Option<Value>,
    #[serde(default, rename = "exact")]
    _exact: Option<bool>,
    #[serde(default)]
    shard_key: Option<Value>,
}

/// `POST /collections/{name}/facet`: the values of a key, the most frequent first.
pub async fn facet(
    http: State,
    Path(name): Path<String>,
    options: OptionsAsked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: FacetAsked = exchange.read(body).await?;
        let found = exchange.run(Access::Read, move |conversation| {
            async move {
                refuse(&[("shard_key", &asked.shard_key)])?;
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
        Ok(out)
    })
}
