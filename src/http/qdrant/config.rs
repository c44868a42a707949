//! What a collection and its vectors are asked to be, in Qdrant's words.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::refuse;
use crate::error::{Error, Result};
use crate::http::collections::manage::{NewCollection, NewVector};
use crate::http::collections::schema::{Distance, Graph, IdType, UNNAMED, VectorType};
use crate::http::collections::value::invalid;

/// Dimensions of a sparse vector: those of `sparsevec`.
const SPARSE_SIZE: u32 = 1_000_000_000;
/// What Qdrant makes a graph by, unless it is said.
pub(super) const M_DEFAULT: u32 = 16;
pub(super) const EF_DEFAULT: u32 = 100;

/// Options of storage that are told again and mean nothing here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HnswAsked {
    pub(super) m: Option<u32>,
    pub(super) ef_construct: Option<u32>,
    #[serde(rename = "on_disk")]
    _on_disk: Option<bool>,
    full_scan_threshold: Option<Value>,
    max_indexing_threads: Option<Value>,
    payload_m: Option<Value>,
    memory: Option<Value>,
    inline_storage: Option<Value>,
}

impl HnswAsked {
    /// What a graph was made by.
    pub(super) fn of(graph: &Graph) -> HnswAsked {
        HnswAsked { m: graph.m, ef_construct: graph.ef_construction, ..HnswAsked::default() }
    }

    pub(super) fn check(&self) -> Result<()> {
        refuse(&[
            ("full_scan_threshold", &self.full_scan_threshold),
            ("max_indexing_threads", &self.max_indexing_threads),
            ("payload_m", &self.payload_m),
            ("memory", &self.memory),
            ("inline_storage", &self.inline_storage),
        ])
    }

    /// The graph, over what is said of the whole collection; `m` of 0 means none.
    pub(super) fn graph(&self, over: Option<&HnswAsked>) -> Result<Option<Graph>> {
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
pub(super) struct VectorAsked {
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
    pub(super) fn of(self, name: String, over: Option<&HnswAsked>) -> Result<NewVector> {
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
pub(super) struct SparseAsked {
    index: Option<SparseIndex>,
    modifier: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SparseIndex {
    full_scan_threshold: Option<Value>,
    on_disk: Option<bool>,
    memory: Option<Value>,
    datatype: Option<String>,
}

impl SparseAsked {
    pub(super) fn of(self, name: String) -> Result<NewVector> {
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
pub(super) struct CreateAsked {
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
    pub(super) fn collection(self, name: String) -> Result<NewCollection> {
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
