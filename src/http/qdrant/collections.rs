//! Collections in Qdrant's words: made, changed, described, dropped.

use std::collections::BTreeMap;

use axum::extract::{Path, Request};
use axum::response::Response;
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::config::{CreateAsked, EF_DEFAULT, HnswAsked, M_DEFAULT, SparseAsked, VectorAsked};
use super::{Asked, answered, refuse};
use crate::error::Result;
use crate::http::State;
use crate::http::collections::Access;
use crate::http::collections::manage;
use crate::http::collections::schema::{Collection, Graph, UNNAMED, VectorSpec, VectorType};
use crate::http::collections::search::LIMIT_MAX;
use crate::http::collections::value::invalid;
use crate::http::conversation::Conversation;

/// `PUT /collections/{name}`: makes a collection. Answers true; 409 if there is one.
pub async fn create(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: CreateAsked = exchange.read(body).await?;
        let schema = exchange.http.front.database.config().collections_schema.clone();
        let made = exchange.run(Access::Write, move |conversation| {
            async move { manage::create(conversation, asked.collection(name)?, &schema).await }
                .boxed()
        });
        made.await?;
        Ok(b"true".to_vec())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateAsked {
    #[serde(default)]
    vectors: Option<BTreeMap<String, VectorDiff>>,
    #[serde(default)]
    hnsw_config: Option<HnswAsked>,
    #[serde(default)]
    params: Option<ParamsDiff>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    optimizers_config: Option<Value>,
    #[serde(default)]
    quantization_config: Option<Value>,
    #[serde(default)]
    sparse_vectors: Option<BTreeMap<String, SparseAsked>>,
    #[serde(default)]
    strict_mode_config: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorDiff {
    #[serde(default)]
    hnsw_config: Option<HnswAsked>,
    #[serde(default)]
    quantization_config: Option<Value>,
    #[serde(default)]
    on_disk: Option<Value>,
    #[serde(default)]
    memory: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParamsDiff {
    #[serde(default)]
    on_disk_payload: Option<bool>,
    #[serde(default)]
    replication_factor: Option<Value>,
    #[serde(default)]
    write_consistency_factor: Option<Value>,
    #[serde(default)]
    read_fan_out_factor: Option<Value>,
    #[serde(default)]
    read_fan_out_delay_ms: Option<Value>,
}

/// `PATCH /collections/{name}`: graphs by other options, metadata. Answers true.
pub async fn update(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: UpdateAsked = exchange.read(body).await?;
        let changed = exchange.run(Access::Write, move |conversation| {
            async move { change(conversation, &name, asked).await }.boxed()
        });
        changed.await?;
        Ok(b"true".to_vec())
    })
}

async fn change(conversation: &mut Conversation, name: &str, asked: UpdateAsked) -> Result<()> {
    refuse(&[
        ("optimizers_config", &asked.optimizers_config),
        ("quantization_config", &asked.quantization_config),
        ("strict_mode_config", &asked.strict_mode_config),
    ])?;
    let mut collection = Collection::load(conversation, name).await?;
    for (name, sparse) in asked.sparse_vectors.unwrap_or_default() {
        collection.vector(&name)?;
        sparse.of(name)?;
    }
    let of_all = asked.hnsw_config.as_ref();
    let mut graphs: BTreeMap<String, HnswAsked> = BTreeMap::new();
    for (name, diff) in asked.vectors.unwrap_or_default() {
        refuse(&[
            ("quantization_config", &diff.quantization_config),
            ("on_disk", &diff.on_disk),
            ("memory", &diff.memory),
        ])?;
        graphs.extend(diff.hnsw_config.map(|asked| (name, asked)));
    }
    if let Some(of_all) = of_all {
        for vector in collection.vectors.iter().filter(|one| one.kind != VectorType::Sparsevec) {
            graphs.entry(vector.name.clone()).or_insert_with(|| of_all.clone());
        }
    }
    for (vector, asked) in graphs {
        let old = collection.vector(&vector)?.hnsw.clone().unwrap_or_default();
        let old = HnswAsked::of(&old);
        let graph = asked.graph(Some(&old))?;
        if collection.vector(&vector)?.hnsw != graph {
            collection.set_graph(conversation, &vector, graph).await?;
        }
    }
    let mut options = Map::new();
    if let Some(params) = asked.params {
        refuse(&[
            ("replication_factor", &params.replication_factor),
            ("write_consistency_factor", &params.write_consistency_factor),
            ("read_fan_out_factor", &params.read_fan_out_factor),
            ("read_fan_out_delay_ms", &params.read_fan_out_delay_ms),
        ])?;
        let on_disk = params.on_disk_payload.map(|on_disk| json!(on_disk));
        options.extend(on_disk.map(|on_disk| ("on_disk_payload".to_owned(), on_disk)));
    }
    if let Some(metadata) = asked.metadata {
        let mut all = match collection.options.get("metadata") {
            Some(Value::Object(old)) => old.clone(),
            _ => Map::new(),
        };
        for (key, value) in metadata {
            match value {
                Value::Null => drop(all.shift_remove(&key)),
                value => drop(all.insert(key, value)),
            }
        }
        options.insert("metadata".to_owned(), Value::Object(all));
    }
    match options.is_empty() {
        true => Ok(()),
        false => collection.set_options(conversation, options).await,
    }
}

/// `DELETE /collections/{name}`: drops a collection. Answers whether there was one.
pub async fn delete(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, _| {
        let dropped = exchange.run(Access::Write, move |conversation| {
            async move {
                match Collection::find(conversation, &name).await? {
                    Some(collection) => collection.drop(conversation).await.map(|()| true),
                    None => Ok(false),
                }
            }
            .boxed()
        });
        Ok(dropped.await?.to_string().into_bytes())
    })
}

/// `GET /collections`: all that who asks may read.
pub async fn list(http: State, options: Asked, request: Request) -> Response {
    answered!(http, options, request, |exchange, _| {
        let listed = exchange.run(Access::Read, |conversation| {
            async move { manage::list(conversation, "", LIMIT_MAX).await }.boxed()
        });
        let (names, _) = listed.await?;
        let names: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        Ok(json!({"collections": names}).to_string().into_bytes())
    })
}

/// `GET /collections/{name}/exists`.
pub async fn exists(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, _| {
        let found = exchange.run(Access::Read, move |conversation| {
            async move { Collection::find(conversation, &name).await }.boxed()
        });
        Ok(json!({"exists": found.await?.is_some()}).to_string().into_bytes())
    })
}

/// `GET /collections/{name}`: what a collection is. Figures of segments, optimizers and logs
/// are Qdrant's defaults: its clients look for them and there is nothing that they are of.
pub async fn get(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, _| {
        let described = exchange.run(Access::Read, move |conversation| {
            async move {
                let collection = Collection::load(conversation, &name).await?;
                describe(conversation, &collection).await
            }
            .boxed()
        });
        Ok(described.await?.to_string().into_bytes())
    })
}

fn hnsw(graph: &Graph) -> Value {
    json!({
        "m": graph.m.unwrap_or(M_DEFAULT), "ef_construct": graph.ef_construction.unwrap_or(EF_DEFAULT),
        "full_scan_threshold": 10_000, "max_indexing_threads": 0, "on_disk": false,
    })
}

fn told(vector: &VectorSpec) -> Value {
    let mut told = json!({"size": vector.size, "distance": vector.distance});
    let Some(members) = told.as_object_mut() else { return told };
    members.extend(vector.hints.clone());
    if vector.kind == VectorType::Halfvec {
        members.insert("datatype".to_owned(), json!("float16"));
    }
    let usual = Graph { m: Some(M_DEFAULT), ef_construction: Some(EF_DEFAULT) };
    if vector.hnsw.as_ref() != Some(&usual) {
        let graph = vector.hnsw.clone().unwrap_or(Graph { m: Some(0), ..usual });
        let asked = json!({"m": graph.m, "ef_construct": graph.ef_construction});
        members.insert("hnsw_config".to_owned(), asked);
    }
    told
}

async fn describe(conversation: &mut Conversation, collection: &Collection) -> Result<Value> {
    let (points, with) = collection.counts(conversation).await?;
    let is_sparse = |vector: &&VectorSpec| vector.kind == VectorType::Sparsevec;
    let dense: Vec<&VectorSpec> =
        collection.vectors.iter().filter(|vector| !is_sparse(vector)).collect();
    let vectors = match &dense[..] {
        [one] if one.name == UNNAMED => told(one),
        all => Value::Object(all.iter().map(|one| (one.name.clone(), told(one))).collect()),
    };
    let sparse: Map<String, Value> = collection
        .vectors
        .iter()
        .filter(is_sparse)
        .map(|vector| (vector.name.clone(), json!({"index": vector.hints})))
        .collect();
    let counted = collection.vectors.iter().zip(&with);
    let indexed: u64 =
        counted.filter(|(vector, _)| vector.hnsw.is_some()).map(|(_, count)| count).sum();
    let mut params = json!({
        "vectors": vectors, "shard_number": 1, "replication_factor": 1,
        "write_consistency_factor": 1,
        "on_disk_payload": collection.options.get("on_disk_payload").unwrap_or(&json!(true)),
    });
    if let (false, Some(params)) = (sparse.is_empty(), params.as_object_mut()) {
        params.insert("sparse_vectors".to_owned(), Value::Object(sparse));
    }
    let mut schema = Map::new();
    for (key, index) in &collection.payload_indexes {
        let mut told = json!({"data_type": index.kind, "points": points});
        if let (Some(params), Some(members)) = (&index.params, told.as_object_mut()) {
            members.insert("params".to_owned(), params.clone());
        }
        schema.insert(key.clone(), told);
    }
    let first = dense.iter().find_map(|vector| vector.hnsw.clone()).unwrap_or_default();
    let mut config = json!({
        "params": params, "hnsw_config": hnsw(&first),
        "optimizer_config": {"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000,
            "default_segment_number": 0, "max_segment_size": null, "memmap_threshold": null,
            "indexing_threshold": 20_000, "flush_interval_sec": 5, "max_optimization_threads": null},
        "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
        "quantization_config": null,
    });
    if let (Some(metadata), Some(config)) =
        (collection.options.get("metadata"), config.as_object_mut())
    {
        config.insert("metadata".to_owned(), metadata.clone());
    }
    Ok(json!({
        "status": "green", "optimizer_status": "ok", "indexed_vectors_count": indexed,
        "points_count": points, "segments_count": 1, "config": config, "payload_schema": schema,
    }))
}

/// `PUT /collections/{name}/vectors/{vector}`: one more vector. Answers true.
pub async fn add_vector(
    http: State,
    Path((name, vector)): Path<(String, String)>,
    options: Asked,
    request: Request,
) -> Response {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[serde(default)]
        dense: Option<VectorAsked>,
        #[serde(default)]
        sparse: Option<SparseAsked>,
    }
    answered!(http, options, request, |exchange, body| {
        let asked: Asked = exchange.read(body).await?;
        let added = exchange.run(Access::Write, move |conversation| {
            async move {
                let new = match (asked.dense, asked.sparse) {
                    (Some(dense), None) => dense.of(vector, None)?,
                    (None, Some(sparse)) => sparse.of(vector)?,
                    _ => return Err(invalid("a vector is \"dense\" or \"sparse\"")),
                };
                let collection = Collection::load(conversation, &name).await?;
                collection.add_vector(conversation, new).await
            }
            .boxed()
        });
        added.await?;
        Ok(b"true".to_vec())
    })
}

/// `DELETE /collections/{name}/vectors/{vector}`: one vector less. Answers true.
pub async fn drop_vector(
    http: State,
    Path((name, vector)): Path<(String, String)>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, _| {
        let dropped = exchange.run(Access::Write, move |conversation| {
            async move {
                let collection = Collection::load(conversation, &name).await?;
                collection.drop_vector(conversation, &vector).await
            }
            .boxed()
        });
        dropped.await?;
        Ok(b"true".to_vec())
    })
}
