//! Collections in Qdrant's words: made, changed, described; aliases and payload indexes.

use std::collections::BTreeMap;

use axum::extract::{Path, Request};
use axum::response::Response;
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Asked, answered, refuse};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::collections::Access;
use crate::http::collections::manage::{self, AliasChange, NewCollection, NewVector};
use crate::http::collections::schema::{
    Collection, Distance, Graph, IdType, IndexKind, UNNAMED, VectorSpec, VectorType,
};
use crate::http::collections::search::LIMIT_MAX;
use crate::http::collections::value::invalid;
use crate::http::conversation::Conversation;

/// Dimensions of a sparse vector: those of `sparsevec`.
const SPARSE_SIZE: u32 = 1_000_000_000;
/// What Qdrant makes a graph by, unless it is said.
const M_DEFAULT: u32 = 16;
const EF_DEFAULT: u32 = 100;

/// Options of storage that are told again and mean nothing here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HnswAsked {
    m: Option<u32>,
    ef_construct: Option<u32>,
    #[serde(rename = "on_disk")]
    _on_disk: Option<bool>,
    full_scan_threshold: Option<Value>,
    max_indexing_threads: Option<Value>,
    payload_m: Option<Value>,
    memory: Option<Value>,
    inline_storage: Option<Value>,
}

impl HnswAsked {
    fn check(&self) -> Result<()> {
        refuse(&[
            ("full_scan_threshold", &self.full_scan_threshold),
            ("max_indexing_threads", &self.max_indexing_threads),
            ("payload_m", &self.payload_m),
            ("memory", &self.memory),
            ("inline_storage", &self.inline_storage),
        ])
    }

    /// The graph, over what is said of the whole collection; `m` of 0 means none.
    fn graph(&self, over: Option<&HnswAsked>) -> Result<Option<Graph>> {
        self.check()?;
        let m = self.m.or(over.and_then(|over| over.m)).unwrap_or(M_DEFAULT);
        let ef = self.ef_construct.or(over.and_then(|over| over.ef_construct));
        if m == 0 {
            return Ok(None);
        }
        // pgvector asks for 2 m candidates at least.
        let ef = ef.unwrap_or(EF_DEFAULT).max(2 * m);
        Ok(Some(Graph { m: Some(m), ef_construction: Some(ef) }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorAsked {
    size: u32,
    distance: Distance,
    #[serde(default)]
    hnsw_config: Option<HnswAsked>,
    #[serde(default)]
    quantization_config: Option<Value>,
    #[serde(default)]
    on_disk: Option<bool>,
    #[serde(default)]
    memory: Option<Value>,
    #[serde(default)]
    datatype: Option<String>,
    #[serde(default)]
    multivector_config: Option<Value>,
}

impl VectorAsked {
    fn of(self, name: String, over: Option<&HnswAsked>) -> Result<NewVector> {
        refuse(&[
            ("quantization_config", &self.quantization_config),
            ("memory", &self.memory),
            ("multivector_config", &self.multivector_config),
        ])?;
        let kind = match self.datatype.as_deref() {
            None | Some("float32") => VectorType::Vector,
            Some("float16") => VectorType::Halfvec,
            Some(other) => return Err(Error::unsupported(format!("the datatype \"{other}\""))),
        };
        let mut hints = Map::new();
        hints.extend(self.on_disk.map(|on_disk| ("on_disk".to_owned(), json!(on_disk))));
        Ok(NewVector {
            name,
            kind,
            size: self.size,
            distance: self.distance,
            normalized: self.distance == Distance::Cosine,
            hnsw: self.hnsw_config.unwrap_or_default().graph(over)?,
            hints,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SparseAsked {
    index: Option<SparseIndex>,
    modifier: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SparseIndex {
    full_scan_threshold: Option<Value>,
    on_disk: Option<bool>,
    memory: Option<Value>,
    datatype: Option<String>,
}

impl SparseAsked {
    fn of(self, name: String) -> Result<NewVector> {
        if self.modifier.as_deref().is_some_and(|modifier| modifier != "none") {
            return Err(Error::unsupported("a modifier of a sparse vector"));
        }
        let index = self.index.unwrap_or_default();
        refuse(&[("full_scan_threshold", &index.full_scan_threshold), ("memory", &index.memory)])?;
        if index.datatype.as_deref().is_some_and(|datatype| datatype != "float32") {
            return Err(Error::unsupported("a sparse vector of another datatype than float32"));
        }
        let mut hints = Map::new();
        hints.extend(index.on_disk.map(|on_disk| ("on_disk".to_owned(), json!(on_disk))));
        Ok(NewVector {
            name,
            kind: VectorType::Sparsevec,
            size: SPARSE_SIZE,
            distance: Distance::Dot,
            normalized: false,
            hnsw: None,
            hints,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateAsked {
    #[serde(default)]
    vectors: Option<Value>,
    #[serde(default)]
    sparse_vectors: Option<BTreeMap<String, Option<SparseAsked>>>,
    #[serde(default)]
    hnsw_config: Option<HnswAsked>,
    #[serde(default)]
    on_disk_payload: Option<bool>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    shard_number: Option<u32>,
    #[serde(default)]
    replication_factor: Option<u32>,
    #[serde(default)]
    write_consistency_factor: Option<u32>,
    #[serde(default)]
    sharding_method: Option<String>,
    #[serde(default)]
    optimizers_config: Option<Value>,
    #[serde(default)]
    wal_config: Option<Value>,
    #[serde(default)]
    quantization_config: Option<Value>,
    #[serde(default)]
    strict_mode_config: Option<Value>,
    #[serde(default)]
    init_from: Option<Value>,
    #[serde(default)]
    payload: Option<Value>,
    #[serde(default)]
    id_tracker: Option<Value>,
}

fn read<T: serde::de::DeserializeOwned>(value: Value, what: &str) -> Result<T> {
    serde_json::from_value(value)
        .map_err(|error| invalid(format!("{what} is not as expected: {error}")))
}

/// One vector without a name, or vectors by name.
fn vectors(value: Option<Value>, over: Option<&HnswAsked>) -> Result<Vec<NewVector>> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) if value.get("size").is_some_and(Value::is_number) => {
            let one: VectorAsked = read(value, "a vector")?;
            Ok(vec![one.of(UNNAMED.to_owned(), over)?])
        }
        Some(value) => {
            let named: BTreeMap<String, VectorAsked> = read(value, "a vector")?;
            named.into_iter().map(|(name, vector)| vector.of(name, over)).collect()
        }
    }
}

impl CreateAsked {
    fn new(self, name: String) -> Result<NewCollection> {
        refuse(&[
            ("optimizers_config", &self.optimizers_config),
            ("wal_config", &self.wal_config),
            ("quantization_config", &self.quantization_config),
            ("strict_mode_config", &self.strict_mode_config),
            ("init_from", &self.init_from),
            ("payload", &self.payload),
            ("id_tracker", &self.id_tracker),
        ])?;
        for (name, number) in [
            ("shard_number", self.shard_number),
            ("replication_factor", self.replication_factor),
            ("write_consistency_factor", self.write_consistency_factor),
        ] {
            if number.is_some_and(|number| number != 1) {
                return Err(Error::unsupported(format!("\"{name}\" other than 1")));
            }
        }
        if self.sharding_method.as_deref().is_some_and(|method| method != "auto") {
            return Err(Error::unsupported("a sharding_method other than auto"));
        }
        let over = self.hnsw_config.as_ref();
        if let Some(over) = over {
            over.check()?;
        }
        let mut all = vectors(self.vectors, over)?;
        for (name, sparse) in self.sparse_vectors.unwrap_or_default() {
            all.push(sparse.unwrap_or_default().of(name)?);
        }
        let mut options = Map::new();
        if let Some(metadata) = self.metadata {
            options.insert("metadata".to_owned(), Value::Object(metadata));
        }
        if let Some(on_disk) = self.on_disk_payload {
            options.insert("on_disk_payload".to_owned(), json!(on_disk));
        }
        let (id_type, columns) = (IdType::Point, Vec::new());
        Ok(NewCollection { name, id_type, vectors: all, columns, options })
    }
}

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
            async move { manage::create(conversation, asked.new(name)?, &schema).await }.boxed()
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
        let old = HnswAsked { m: old.m, ef_construct: old.ef_construction, ..HnswAsked::default() };
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
pub async fn put_index(
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
pub async fn delete_index(
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

/// `GET /aliases`: all of them.
pub async fn aliases(http: State, options: Asked, request: Request) -> Response {
    answered!(http, options, request, |exchange, _| {
        let found = exchange.run(Access::Read, |conversation| {
            async move { manage::aliases(conversation, None).await }.boxed()
        });
        Ok(told_aliases(found.await?))
    })
}

/// `GET /collections/{name}/aliases`: those of one collection.
pub async fn aliases_of(
    http: State,
    Path(name): Path<String>,
    options: Asked,
    request: Request,
) -> Response {
    answered!(http, options, request, |exchange, _| {
        let found = exchange.run(Access::Read, move |conversation| {
            async move {
                let collection = Collection::load(conversation, &name).await?;
                manage::aliases(conversation, Some(&collection.name)).await
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
#[serde(rename_all = "snake_case")]
enum AliasAction {
    CreateAlias { collection_name: String, alias_name: String },
    DeleteAlias { alias_name: String },
    RenameAlias { old_alias_name: String, new_alias_name: String },
}

/// `POST /collections/aliases`: aliases made, deleted and renamed, all or none.
pub async fn change_aliases(http: State, options: Asked, request: Request) -> Response {
    answered!(http, options, request, |exchange, body| {
        let asked: AliasesAsked = exchange.read(body).await?;
        let changed = exchange.run(Access::Write, move |conversation| {
            async move {
                for action in asked.actions {
                    let change = match action {
                        AliasAction::CreateAlias { collection_name, alias_name } => {
                            AliasChange::Set { alias: alias_name, collection: collection_name }
                        }
                        AliasAction::DeleteAlias { alias_name } => {
                            AliasChange::Delete { alias: alias_name }
                        }
                        AliasAction::RenameAlias { old_alias_name, new_alias_name } => {
                            AliasChange::Rename { old: old_alias_name, new: new_alias_name }
                        }
                    };
                    manage::change_alias(conversation, change).await?;
                }
                Ok(())
            }
            .boxed()
        });
        changed.await?;
        Ok(b"true".to_vec())
    })
}
