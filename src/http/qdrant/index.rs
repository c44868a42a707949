//! Payload indexes in Qdrant's words.

use axum::extract::{Path, Request};
use axum::response::Response;
use futures::FutureExt;
use serde::Deserialize;
use serde_json::Value;

use super::{Asked, answered};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::collections::Access;
use crate::http::collections::schema::{Collection, IndexKind};
use crate::http::collections::value::invalid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexAsked {
    field_name: String,
    #[serde(default)]
    field_schema: Option<Value>,
}

impl IndexAsked {
    fn kind(&self) -> Result<(IndexKind, Option<Value>)> {
        let schema = self.field_schema.clone().unwrap_or_default();
        let (name, params) = match &schema {
            Value::String(name) => (name.clone(), None),
            Value::Object(members) => {
                for (member, value) in members {
                    let is_known = matches!(
                        member.as_str(),
                        "type"
                            | "is_tenant"
                            | "is_principal"
                            | "on_disk"
                            | "lookup"
                            | "range"
                            | "enable_hnsw"
                    );
                    if !is_known && !value.is_null() {
                        return Err(Error::unsupported(format!("\"{member}\" of a payload index")));
                    }
                }
                let name = members.get("type").and_then(Value::as_str).unwrap_or_default();
                (name.to_owned(), Some(schema.clone()))
            }
            _ => return Err(invalid("a payload index has a type")),
        };
        match serde_json::from_value(Value::String(name.clone())) {
            Ok(kind) => Ok((kind, params)),
            Err(_) if matches!(name.as_str(), "text" | "geo") => {
                Err(Error::unsupported(format!("a payload index of the type \"{name}\"")))
            }
            Err(_) => Err(invalid(format!("\"{name}\" is not the type of a payload index"))),
        }
    }
}

/// `PUT /collections/{name}/index`: an index of what payloads hold at a key.
pub async fn put(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: IndexAsked = exchange.read(body).await?;
        let made = exchange.run(Access::Write, move |conversation| {
            async move {
                let (kind, params) = asked.kind()?;
                let collection = Collection::load(conversation, &name).await?;
                collection.add_payload_index(conversation, &asked.field_name, kind, params).await
            }
            .boxed()
        });
        made.await?;
        Ok(exchange.update_result())
    })
}

/// `DELETE /collections/{name}/index/{key}`: drops it, if it is there.
pub async fn delete(
    http: State,
    Path((name, key)): Path<(String, String)>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, _| {
        let dropped = exchange.run(Access::Write, move |conversation| {
            async move {
                let collection = Collection::load(conversation, &name).await?;
                collection.drop_payload_index(conversation, &key).await.map(drop)
            }
            .boxed()
        });
        dropped.await?;
        Ok(exchange.update_result())
    })
}
