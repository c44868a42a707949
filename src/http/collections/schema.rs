//! What a collection is: its table, ids, vectors, typed columns and payload indexes, as the
//! registry has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::statement::{Sql, read, string, text};
use crate::catalog::quote_identifier;
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;

/// The name of the vector that has none.
pub const UNNAMED: &str = "";

/// How near vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distance {
    #[serde(alias = "cosine")]
    Cosine,
    #[serde(alias = "dot")]
    Dot,
    #[serde(alias = "euclid")]
    Euclid,
    #[serde(alias = "manhattan")]
    Manhattan,
}

impl Distance {
    /// pgvector's operator, whose smallest value is the nearest.
    pub fn operator(self) -> &'static str {
        match self {
            Distance::Cosine => "<=>",
            Distance::Dot => "<#>",
            Distance::Euclid => "<->",
            Distance::Manhattan => "<+>",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Distance::Cosine => "cosine",
            Distance::Dot => "ip",
            Distance::Euclid => "l2",
            Distance::Manhattan => "l1",
        }
    }

    /// The score that an operator's value is.
    pub fn score(self, distance: f64) -> f64 {
        match self {
            Distance::Cosine => 1.0 - distance,
            Distance::Dot => -distance,
            Distance::Euclid | Distance::Manhattan => distance,
        }
    }

    /// Whether a higher score is nearer.
    pub fn higher_is_nearer(self) -> bool {
        matches!(self, Distance::Cosine | Distance::Dot)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VectorType {
    #[default]
    Vector,
    Halfvec,
    Sparsevec,
}

impl VectorType {
    pub fn name(self) -> &'static str {
        match self {
            VectorType::Vector => "vector",
            VectorType::Halfvec => "halfvec",
            VectorType::Sparsevec => "sparsevec",
        }
    }
}

/// The graph over a vector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ef_construction: Option<u32>,
}

/// One vector of each point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VectorSpec {
    pub name: String,
    pub column: String,
    #[serde(rename = "type")]
    pub kind: VectorType,
    /// Dimensions.
    pub size: u32,
    pub distance: Distance,
    /// Kept with length 1.
    #[serde(default)]
    pub normalized: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hnsw: Option<Graph>,
    /// What a client said of storage, which is told and means nothing here.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub hints: Map<String, Value>,
}

impl VectorSpec {
    pub fn quoted(&self) -> String {
        quote_identifier(&self.column)
    }

    /// The operator class of its index.
    pub fn class(&self) -> String {
        format!("{}_{}_ops", self.kind.name(), self.distance.class())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdType {
    Integer,
    Uuid,
    Text,
    /// Unsigned integers and UUIDs.
    Point,
}

impl IdType {
    pub fn name(self) -> &'static str {
        match self {
            IdType::Integer => "integer",
            IdType::Uuid => "uuid",
            IdType::Text => "text",
            IdType::Point => "point",
        }
    }

    pub fn of(name: &str) -> Option<IdType> {
        [IdType::Integer, IdType::Uuid, IdType::Text, IdType::Point]
            .into_iter()
            .find(|ty| ty.name() == name)
    }

    /// The type of the column.
    pub fn sql(self) -> &'static str {
        match self {
            IdType::Integer => "bigint",
            IdType::Uuid | IdType::Point => "uuid",
            IdType::Text => "text",
        }
    }
}

/// A column beside the payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PayloadIndex {
    #[serde(rename = "type")]
    pub kind: IndexKind,
    /// Names, in the collection's schema.
    pub indexes: Vec<String>,
    /// What a client said of it, to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexKind {
    Keyword,
    Integer,
    Float,
    Bool,
    Datetime,
    Uuid,
}

impl IndexKind {
    pub fn name(self) -> &'static str {
        match self {
            IndexKind::Keyword => "keyword",
            IndexKind::Integer => "integer",
            IndexKind::Float => "float",
            IndexKind::Bool => "bool",
            IndexKind::Datetime => "datetime",
            IndexKind::Uuid => "uuid",
        }
    }
}

/// A collection as a session sees it.
#[derive(Clone, Debug)]
pub struct Collection {
    pub name: String,
    /// Schema and table, quoted.
    pub table: String,
    /// The schema, quoted.
    pub schema: String,
    /// The table's name.
    pub relation: String,
    pub id_type: IdType,
    pub vectors: Vec<VectorSpec>,
    pub columns: Vec<TypedColumn>,
    pub payload_indexes: BTreeMap<String, PayloadIndex>,
    pub options: Map<String, Value>,
    /// The schema of the extension `vector`, quoted.
    pub vector_schema: String,
    /// OIDs of `vector`, `halfvec` and `sparsevec`.
    pub vector_types: [Oid; 3],
}

pub fn not_found(name: &str) -> Error {
    let message = format!("Collection `{name}` doesn't exist!");
    Error::new(sqlstate::UNDEFINED_TABLE, message)
}

impl Collection {
    /// The collection of a name or an alias; `42P01` without one.
    pub async fn load(conversation: &mut Conversation, name: &str) -> Result<Collection> {
        Collection::find(conversation, name).await?.ok_or_else(|| not_found(name))
    }

    pub async fn find(conversation: &mut Conversation, name: &str) -> Result<Option<Collection>> {
        if let Some(found) = Collection::named(conversation, name).await? {
            return Ok(Some(found));
        }
        let mut sql = Sql::new("SELECT collection FROM collections.aliases WHERE alias = ");
        sql.bind(text(name), "text");
        let rows = sql.rows(conversation).await?;
        match rows.first() {
            None => Ok(None),
            Some(row) => Collection::named(conversation, &string(row, 0)).await,
        }
    }

    /// The collection of a name, if its table is still there.
    async fn named(conversation: &mut Conversation, name: &str) -> Result<Option<Collection>> {
        let mut sql = Sql::new(
            "SELECT relation::oid, id_type, vectors, columns, payload_indexes, options \
             FROM collections.registry WHERE name = ",
        );
        sql.bind(text(name), "text");
        let rows = sql.rows(conversation).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let catalog = conversation.eval_context()?.catalog.clone();
        let relation = match row.first() {
            Some(Datum::Oid(oid)) => catalog.relation(*oid),
            _ => None,
        };
        let Some(relation) = relation else { return Ok(None) };
        let id_type = IdType::of(&string(row, 1))
            .ok_or_else(|| Error::data_corrupted("a collection's ids are of no known type"))?;
        let schema = quote_identifier(catalog.schema_name(relation.schema));
        let (vector_schema, vector_types) = vector_extension(conversation)?;
        Ok(Some(Collection {
            name: name.to_owned(),
            table: format!("{schema}.{}", quote_identifier(&relation.name)),
            schema,
            relation: relation.name.clone(),
            id_type,
            vectors: read(row, 2)?,
            columns: read(row, 3)?,
            payload_indexes: read(row, 4)?,
            options: read(row, 5)?,
            vector_schema,
            vector_types,
        }))
    }

    /// The vector of a name; `22023` without one.
    pub fn vector(&self, name: &str) -> Result<&VectorSpec> {
        self.vectors.iter().find(|vector| vector.name == name).ok_or_else(|| {
            let message = format!("Not existing vector name error: {name}");
            Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
        })
    }

    /// A vector's type, without dimensions.
    pub fn vector_sql(&self, vector: &VectorSpec) -> String {
        format!("{}.{}", self.vector_schema, vector.kind.name())
    }

    pub fn vector_oid(&self, vector: &VectorSpec) -> Oid {
        self.vector_types[vector.kind as usize]
    }

    /// The operator that compares a vector.
    pub fn operator(&self, vector: &VectorSpec) -> String {
        format!("OPERATOR({}.{})", self.vector_schema, vector.distance.operator())
    }
}

/// The schema of `vector`, quoted, and its types.
pub fn vector_extension(conversation: &mut Conversation) -> Result<(String, [Oid; 3])> {
    let catalog = conversation.eval_context()?.catalog.clone();
    let missing = || Error::new(sqlstate::UNDEFINED_OBJECT, "extension \"vector\" does not exist");
    let extension = catalog.extension_named("vector").ok_or_else(missing)?;
    let ty = |name: &str| catalog.type_named(extension.schema, name).map(|ty| ty.oid);
    let types = [ty("vector"), ty("halfvec"), ty("sparsevec")];
    let [Some(vector), Some(half), Some(sparse)] = types else { return Err(missing()) };
    let schema = quote_identifier(catalog.schema_name(extension.schema));
    Ok((schema, [vector, half, sparse]))
}
