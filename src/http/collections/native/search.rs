//! Points searched, grouped, counted, page by page.

use axum::extract::{Path, Request};
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, answer, body, filter, told};
use crate::http::collections::found::{PayloadWanted, Wanted, write_points};
use crate::http::collections::groups::{Groups, search_groups};
use crate::http::collections::schema::Collection;
use crate::http::collections::scroll::{self, Order, write_hits};
use crate::http::collections::search::{LIMIT_DEFAULT, LIMIT_MAX, Query, search};
use crate::http::collections::value::{PointId, invalid};
use crate::http::collections::{Access, transaction};
use crate::http::problem::Problem;
use crate::http::{State, request};

/// Searches of one request.
const SEARCHES_MAX: usize = 1_000;

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
    let (queries, is_one) = match request::parse::<OnlySearches>(&bytes) {
        Ok(many) => (many.searches, false),
        Err(_) => (vec![request::parse(&bytes)?], true),
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
        return Ok(told("points", found.first().map(Vec::as_slice).unwrap_or_default()));
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
    #[serde(deserialize_with = "request::objects")]
    searches: Vec<Query>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupsAsked {
    #[serde(deserialize_with = "request::object")]
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
            let (payload, vectors) = (asked.with_payload.as_ref(), asked.with_vector.as_ref());
            let wanted =
                Wanted { columns: asked.with_columns, ..collection.wanted(payload, vectors)? };
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
