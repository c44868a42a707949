//! Points written, read, changed and deleted.

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, answer, body, told};
use crate::http::collections::found::Wanted;
use crate::http::collections::points::{Mode, NewPoint, PayloadChange, Selector, no_point};
use crate::http::collections::schema::Collection;
use crate::http::collections::value::{PointId, Vectors, invalid};
use crate::http::collections::{Access, transaction};
use crate::http::problem::Problem;
use crate::http::{State, request};
use crate::sql::functions::collections::Filter;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutAsked {
    #[serde(deserialize_with = "request::objects")]
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
/// asked for: `insert` leaves points that are there as they are, `update` makes none. Of an id
/// that comes twice the last counts.
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
            let (payload, vectors) = (asked.with_payload.as_ref(), asked.with_vector.as_ref());
            let wanted =
                Wanted { columns: asked.with_columns, ..collection.wanted(payload, vectors)? };
            collection.retrieve(conversation, &asked.ids, &wanted).await
        }
        .boxed()
    });
    Ok(told("points", &found.await?))
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
            let id = collection.path_id(id);
            let wanted = Wanted { columns: true, ..collection.all_wanted() };
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
    #[serde(default, deserialize_with = "request::objects")]
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
/// 204; 404 and nothing changed if an id is not there; 400 for members of both.
pub async fn change_vectors(http: State, Path(name): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked: ChangeVectorsAsked = request::json(&http, body).await?;
    let names_points = asked.ids.is_some() || asked.filter.is_some();
    match asked.delete.is_empty() {
        true if names_points => {
            return Err(Problem::bad_request("\"ids\" and \"filter\" are for \"delete\""));
        }
        false if !asked.points.is_empty() => {
            return Err(Problem::bad_request("\"points\" and \"delete\" exclude each other"));
        }
        _ => {}
    }
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
