//! Other names of collections, in Qdrant's words.

use axum::extract::{Path, Request};
use axum::response::Response;
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, answered};
use crate::http::State;
use crate::http::collections::Access;
use crate::http::collections::aliases::{self, AliasChange};
use crate::http::collections::schema::Collection;

/// `GET /aliases`: all of them.
pub async fn all(http: State, options: Asked, request: Request) -> Response {
    answered!(http, options, request, |exchange, _| {
        let found = exchange.run(Access::Read, |conversation| {
            async move { aliases::aliases(conversation, None).await }.boxed()
        });
        Ok(told_aliases(found.await?))
    })
}

/// `GET /collections/{name}/aliases`: those of one collection.
pub async fn of(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, _| {
        let found = exchange.run(Access::Read, move |conversation| {
            async move {
                let collection = Collection::load(conversation, &name).await?;
                aliases::aliases(conversation, Some(&collection.name)).await
            }
            .boxed()
        });
        Ok(told_aliases(found.await?))
    })
}

fn told_aliases(found: Vec<(String, String)>) -> Vec<u8> {
    let alias = |(alias, collection): &(String, String)| json!({"alias_name": alias, "collection_name": collection});
    let all: Vec<Value> = found.iter().map(alias).collect();
    json!({"aliases": all}).to_string().into_bytes()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AliasesAsked {
    actions: Vec<AliasAction>,
}

#[derive(Deserialize)]
enum AliasAction {
    #[serde(rename = "create_alias")]
    Create { collection_name: String, alias_name: String },
    #[serde(rename = "delete_alias")]
    Delete { alias_name: String },
    #[serde(rename = "rename_alias")]
    Rename { old_alias_name: String, new_alias_name: String },
}

/// `POST /collections/aliases`: aliases made, deleted and renamed, all or none.
pub async fn change(http: State, options: Asked, request: Request) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: AliasesAsked = exchange.read(body).await?;
        let changed = exchange.run(Access::Write, move |conversation| {
            async move {
                for action in asked.actions {
                    let change = match action {
                        AliasAction::Create { collection_name, alias_name } => {
                            AliasChange::Set { alias: alias_name, collection: collection_name }
                        }
                        AliasAction::Delete { alias_name } => {
                            AliasChange::Delete { alias: alias_name }
                        }
                        AliasAction::Rename { old_alias_name, new_alias_name } => {
                            AliasChange::Rename { old: old_alias_name, new: new_alias_name }
                        }
                    };
                    aliases::change_alias(conversation, change).await?;
                }
                Ok(())
            }
            .boxed()
        });
        changed.await?;
        Ok(b"true".to_vec())
    })
}
