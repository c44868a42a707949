//! Points in Qdrant's words: written, read, changed, deleted.

use axum::extract::{Path, Request};
use axum::response::Response;
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Asked, answered, refuse};
use crate::error::Result;
use crate::http::State;
use crate::http::collections::found::write_points;
use crate::http::collections::points::{Mode, NewPoint, PayloadChange, Selector, no_point};
use crate::http::collections::schema::Collection;
use crate::http::collections::value::{PointId, Vectors, Written, invalid};
use crate::http::collections::{Access, problem};
use crate::http::conversation::Conversation;
use crate::http::problem::Problem;
use crate::sql::functions::collections::{Filter, Path as KeyPath};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutAsked {
    #[serde(default)]
    points: Option<Vec<NewPoint>>,
    #[serde(default)]
    batch: Option<Batch>,
    #[serde(default)]
    shard_key: Option<Value>,
    #[serde(default)]
    update_filter: Option<Value>,
    #[serde(default)]
    update_mode: Option<Mode>,
}

/// Points column by column.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    ids: Vec<PointId>,
    vectors: Value,
    #[serde(default)]
    payloads: Option<Vec<Option<Value>>>,
}

impl Batch {
    fn points(self) -> Result<Vec<NewPoint>> {
        let wrong = |error: serde_json::Error| {
            invalid(format!("the vectors of a batch are not as expected: {error}"))
        };
        let count = self.ids.len();
        let mut vectors: Vec<Vectors> = vec![Vectors::default(); count];
        let mut put = |name: &str, column: Value| -> Result<()> {
            let column: Vec<Option<Written>> = serde_json::from_value(column).map_err(wrong)?;
            if column.len() != count {
                return Err(invalid("the columns of a batch are of one length"));
            }
            for (point, vector) in vectors.iter_mut().zip(column) {
                point.0.extend(vector.map(|vector| (name.to_owned(), vector)));
            }
            Ok(())
        };
        match self.vectors {
            Value::Object(named) => {
                named.into_iter().try_for_each(|(name, column)| put(&name, column))?;
            }
            column => put("", column)?,
        }
        let payloads = self.payloads.unwrap_or_else(|| vec![None; count]);
        if payloads.len() != count {
            return Err(invalid("the columns of a batch are of one length"));
        }
        let points = self.ids.into_iter().zip(vectors).zip(payloads);
        let point = |((id, vector), payload)| NewPoint { id, vector, payload, columns: None };
        Ok(points.map(point).collect())
    }
}

/// `PUT /collections/{name}/points`: writes points, all or none.
pub async fn put(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: PutAsked = exchange.read(body).await?;
        let written = exchange.run(Access::Write, move |conversation| {
            async move {
                let collection = Collection::load(conversation, &name).await?;
                write(conversation, &collection, asked).await
            }
            .boxed()
        });
        written.await?;
        Ok(exchange.update_result())
    })
}

async fn write(
    conversation: &mut Conversation,
    collection: &Collection,
    asked: PutAsked,
) -> Result<()> {
    refuse(&[("shard_key", &asked.shard_key)])?;
    let points = match (asked.points, asked.batch) {
        (Some(points), None) => points,
        (None, Some(batch)) => batch.points()?,
        _ => return Err(invalid("an upsert has \"points\" or a \"batch\"")),
    };
    if points.is_empty() {
        return Err(invalid("Empty update request"));
    }
    let only = asked.update_filter.as_ref().filter(|filter| !filter.is_null());
    let only = only.map(Filter::parse).transpose()?;
    let rows = collection.rows(points)?;
    let sql = collection.write(rows, asked.update_mode.unwrap_or_default(), only.as_ref())?;
    sql.rows(conversation).await.map(drop)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GetAsked {
    ids: Vec<PointId>,
    #[serde(default)]
    with_payload: Option<Value>,
    #[serde(default, alias = "with_vectors")]
    with_vector: Option<Value>,
    #[serde(default)]
    shard_key: Option<Value>,
}

/// `POST /collections/{name}/points`: points by id; those that there are.
pub async fn get(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: GetAsked = exchange.read(body).await?;
        let found = exchange.run(Access::Read, move |conversation| {
            async move {
                refuse(&[("shard_key", &asked.shard_key)])?;
                let collection = Collection::load(conversation, &name).await?;
                let wanted =
                    collection.wanted(asked.with_payload.as_ref(), asked.with_vector.as_ref())?;
                collection.retrieve(conversation, &asked.ids, &wanted).await
            }
            .boxed()
        });
        let mut out = Vec::new();
        write_points(&found.await?, false, &mut out);
        Ok(out)
    })
}

/// `GET /collections/{name}/points/{id}`: one point, with everything.
pub async fn get_one(
    http: State,
    Path((name, id)): Path<(String, String)>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, _| {
        let found = exchange.run(Access::Read, move |conversation| {
            async move {
                let collection = Collection::load(conversation, &name).await?;
                let id = collection.path_id(id);
                let ids = std::slice::from_ref(&id);
                let wanted = collection.all_wanted();
                let found = collection.retrieve(conversation, ids, &wanted).await?;
                found.into_iter().next().ok_or_else(|| no_point(&id))
            }
            .boxed()
        });
        let mut out = Vec::new();
        found.await?.write(false, &mut out);
        Ok(out)
    })
}

/// Points by id or by a filter, in the two forms that there are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SelectAsked {
    #[serde(default)]
    points: Option<Vec<PointId>>,
    #[serde(default)]
    filter: Option<Value>,
    #[serde(default)]
    shard_key: Option<Value>,
}

impl SelectAsked {
    fn selector(self) -> Result<Selector> {
        refuse(&[("shard_key", &self.shard_key)])?;
        let filter = self.filter.filter(|filter| !filter.is_null());
        // Ids go before a filter, as in Qdrant.
        let filter = filter.filter(|_| self.points.is_none());
        Selector::of(self.points, filter.as_ref())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayloadAsked {
    payload: Map<String, Value>,
    #[serde(default)]
    points: Option<Vec<PointId>>,
    #[serde(default)]
    filter: Option<Value>,
    #[serde(default)]
    shard_key: Option<Value>,
    #[serde(default)]
    key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysAsked {
    keys: Vec<String>,
    #[serde(default)]
    points: Option<Vec<PointId>>,
    #[serde(default)]
    filter: Option<Value>,
    #[serde(default)]
    shard_key: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorsOf {
    id: PointId,
    vector: Vectors,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorsAsked {
    points: Vec<VectorsOf>,
    #[serde(default)]
    shard_key: Option<Value>,
    #[serde(default)]
    update_filter: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesAsked {
    #[serde(alias = "vectors")]
    vector: Vec<String>,
    #[serde(default)]
    points: Option<Vec<PointId>>,
    #[serde(default)]
    filter: Option<Value>,
    #[serde(default)]
    shard_key: Option<Value>,
}

/// A change of points, alone or among others.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    Upsert(PutAsked),
    Delete(SelectAsked),
    SetPayload(PayloadAsked),
    OverwritePayload(PayloadAsked),
    DeletePayload(KeysAsked),
    ClearPayload(SelectAsked),
    UpdateVectors(VectorsAsked),
    DeleteVectors(NamesAsked),
}

/// Does what is asked; the first point that was named and is not there is the answer.
async fn apply(
    conversation: &mut Conversation,
    collection: &Collection,
    operation: Operation,
) -> Result<Option<PointId>> {
    let select = |points, filter, shard_key| SelectAsked { points, filter, shard_key }.selector();
    let (which, change) = match operation {
        Operation::Upsert(asked) => {
            return write(conversation, collection, asked).await.map(|()| None);
        }
        Operation::Delete(asked) => {
            return collection.delete(conversation, &asked.selector()?).await.map(|_| None);
        }
        Operation::UpdateVectors(asked) => {
            refuse(&[("shard_key", &asked.shard_key)])?;
            let only = asked.update_filter.as_ref().filter(|filter| !filter.is_null());
            let only = only.map(Filter::parse).transpose()?;
            let points = asked.points.into_iter().map(|point| (point.id, point.vector)).collect();
            return collection.update_vectors(conversation, points, only.as_ref()).await;
        }
        Operation::DeleteVectors(asked) => {
            let which = select(asked.points, asked.filter, asked.shard_key)?;
            return collection.delete_vectors(conversation, &which, &asked.vector).await;
        }
        Operation::SetPayload(PayloadAsked { payload, points, filter, shard_key, key }) => {
            let members = Value::Object(payload);
            (select(points, filter, shard_key)?, PayloadChange::Set { key, members })
        }
        Operation::OverwritePayload(PayloadAsked { payload, points, filter, shard_key, key }) => {
            refuse(&[("key", &key.map(Value::from))])?;
            let members = Value::Object(payload);
            (select(points, filter, shard_key)?, PayloadChange::Overwrite(members))
        }
        Operation::DeletePayload(KeysAsked { keys, points, filter, shard_key }) => {
            keys.iter().try_for_each(|key| KeyPath::parse(key).map(drop))?;
            (select(points, filter, shard_key)?, PayloadChange::Delete(keys))
        }
        Operation::ClearPayload(asked) => (asked.selector()?, PayloadChange::Clear),
    };
    collection.change_payload(conversation, &which, change).await
}

/// Changes in one transaction. Points that are named and not there do not stop it: the rest
/// is done, and then it is told, as Qdrant does.
async fn change<T: serde::de::DeserializeOwned>(
    http: State,
    name: String,
    options: Asked,
    request: Request,
    is_alone: bool,
    operations: impl FnOnce(T) -> Vec<Operation>,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let operations = operations(exchange.read(body).await?);
        let count = operations.len();
        let changed = exchange.run(Access::Write, move |conversation| {
            async move {
                let collection = Collection::load(conversation, &name).await?;
                let mut missing = None;
                for operation in operations {
                    let found = apply(conversation, &collection, operation).await?;
                    missing = missing.or(found);
                }
                Ok(missing)
            }
            .boxed()
        });
        match changed.await? {
            Some(id) => Err::<Vec<u8>, Problem>(problem(&no_point(&id))),
            None if is_alone => Ok(exchange.update_result()),
            None => {
                let one = exchange.update_result();
                let mut out = b"[".to_vec();
                for at in 0..count {
                    if at > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(&one);
                }
                out.push(b']');
                Ok(out)
            }
        }
    })
}

/// Handlers of one operation each.
macro_rules! changes {
    ($($(#[$doc:meta])* $handler:ident: $asked:ty => $operation:ident;)*) => {$(
        $(#[$doc])*
        pub async fn $handler(
            http: State,
            Path(name): Path<String>,
            options: Asked,
            request: Request,
        ) -> Response {
            let one = |asked: $asked| vec![Operation::$operation(asked)];
            change(http, name, options, request, true, one).await
        }
    )*};
}

changes! {
    /// `POST /collections/{name}/points/delete`: deletes points by id or by a filter.
    delete: SelectAsked => Delete;
    /// `POST /collections/{name}/points/payload`: puts members into payloads.
    set_payload: PayloadAsked => SetPayload;
    /// `PUT /collections/{name}/points/payload`: replaces payloads.
    overwrite_payload: PayloadAsked => OverwritePayload;
    /// `POST /collections/{name}/points/payload/delete`: takes keys out of payloads.
    delete_payload: KeysAsked => DeletePayload;
    /// `POST /collections/{name}/points/payload/clear`: empties payloads.
    clear_payload: SelectAsked => ClearPayload;
    /// `PUT /collections/{name}/points/vectors`: replaces vectors, by name.
    update_vectors: VectorsAsked => UpdateVectors;
    /// `POST /collections/{name}/points/vectors/delete`: takes vectors from points.
    delete_vectors: NamesAsked => DeleteVectors;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchAsked {
    operations: Vec<Operation>,
}

/// `POST /collections/{name}/points/batch`: several changes, in order, in one transaction.
pub async fn batch(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    let operations = |asked: BatchAsked| asked.operations;
    change(http, name, options, request, false, operations).await
}
