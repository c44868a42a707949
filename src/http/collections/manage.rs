//! Collections made, changed, listed and dropped: DDL and the registry, in one transaction.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::schema::{
    Collection, Distance, Graph, IdType, IndexKind, PayloadIndex, TypedColumn, UNNAMED, VectorSpec,
    VectorType, vector_extension,
};
use super::statement::{Sql, document, integer, string, text};
use super::value::invalid;
use crate::catalog::{quote_identifier, quote_literal, quote_qualified};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::functions::collections::Path;
use crate::sql::types::Datum;
use crate::sqlstate;

/// Bytes of a name.
const NAME_MAX: usize = 63;
/// Vectors of one collection.
const VECTORS_MAX: usize = 64;
/// Typed columns of one collection.
const COLUMNS_MAX: usize = 256;
/// The column of the vector without a name.
const UNNAMED_COLUMN: &str = "embedding";
/// Types that a column beside the payload may have.
const COLUMN_TYPES: &[&str] = &[
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double precision",
    "numeric",
    "text",
    "uuid",
    "date",
    "timestamp",
    "timestamptz",
    "jsonb",
    "bytea",
    "inet",
];

/// A collection that is to be made.
pub struct NewCollection {
    pub name: String,
    pub id_type: IdType,
    pub vectors: Vec<NewVector>,
    pub columns: Vec<TypedColumn>,
    pub options: Map<String, Value>,
}

pub struct NewVector {
    pub name: String,
    pub kind: VectorType,
    pub size: u32,
    pub distance: Distance,
    pub normalized: bool,
    pub hnsw: Option<Graph>,
    pub hints: Map<String, Value>,
}

pub(super) fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(invalid("the name of a collection is not empty"));
    }
    if name.len() > NAME_MAX {
        let message = format!("the name of a collection has at most {NAME_MAX} bytes");
        return Err(Error::new(sqlstate::NAME_TOO_LONG, message));
    }
    let is_refused = |c: char| c.is_control() || "<>:\"/\\|?*".contains(c);
    match name.chars().find(|c| is_refused(*c)) {
        None => Ok(()),
        Some(c) => {
            Err(Error::new(sqlstate::INVALID_NAME, format!("collection name cannot contain {c:?}")))
        }
    }
}

/// A name made of parts, cut and made unique where it is too long.
fn object_name(parts: &[&str]) -> String {
    let whole = parts.join("_");
    if whole.len() <= NAME_MAX && !whole.contains('\0') {
        return whole;
    }
    let hash = blake3::hash(whole.as_bytes()).to_hex();
    let mut end = NAME_MAX - 9;
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{}", whole[..end].replace('\0', ""), &hash[..8])
}

/// The column of a vector: its name, where that is free.
fn column_of(name: &str, taken: &[String]) -> String {
    const SYSTEM: [&str; 6] = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];
    let is_free = |column: &String| {
        !column.is_empty()
            && column.len() <= NAME_MAX
            && !SYSTEM.contains(&column.as_str())
            && !taken.contains(column)
    };
    let first = match name {
        UNNAMED => UNNAMED_COLUMN.to_owned(),
        name => name.replace('\0', ""),
    };
    let others = (1..).map(|number| format!("vector_{number}"));
    std::iter::once(first).chain(others).find(is_free).unwrap_or_default()
}

impl NewVector {
    fn spec(self, taken: &mut Vec<String>) -> Result<VectorSpec> {
        if self.kind == VectorType::Sparsevec && self.distance != Distance::Dot {
            return Err(Error::unsupported("a sparse vector that is not compared by dot product"));
        }
        let most = match self.kind {
            VectorType::Sparsevec => 1_000_000_000,
            _ => 16_000,
        };
        if self.size < 1 || self.size > most {
            let message = format!("the size of a vector is 1 to {most}, not {}", self.size);
            return Err(invalid(message));
        }
        let column = column_of(&self.name, taken);
        taken.push(column.clone());
        Ok(VectorSpec {
            name: self.name,
            column,
            kind: self.kind,
            size: self.size,
            distance: self.distance,
            normalized: self.normalized,
            hnsw: self.hnsw,
            hints: self.hints,
        })
    }
}

pub(super) fn exists(name: &str) -> Error {
    Error::new(sqlstate::DUPLICATE_TABLE, format!("Collection `{name}` already exists!"))
}

/// Makes a collection; the conversation is in a transaction.
pub async fn create(
    conversation: &mut Conversation,
    new: NewCollection,
    schema: &str,
) -> Result<()> {
    check_name(&new.name)?;
    if Collection::find(conversation, &new.name).await?.is_some() {
        return Err(exists(&new.name));
    }
    if new.vectors.len() > VECTORS_MAX || new.columns.len() > COLUMNS_MAX {
        let message =
            format!("a collection has at most {VECTORS_MAX} vectors and {COLUMNS_MAX} columns");
        return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
    }
    let mut taken = vec!["id".to_owned(), "payload".to_owned()];
    for column in &new.columns {
        check_column(column, &taken)?;
        taken.push(column.name.clone());
    }
    let mut vectors = Vec::new();
    for vector in new.vectors {
        if vectors.iter().any(|known: &VectorSpec| known.name == vector.name) {
            return Err(invalid(format!("the vector \"{}\" is there twice", vector.name)));
        }
        vectors.push(vector.spec(&mut taken)?);
    }
    let (vector_schema, vector_types) = vector_extension(conversation)?;
    let collection = Collection {
        name: new.name.clone(),
        table: quote_qualified(Some(schema), &new.name),
        schema: quote_identifier(schema),
        relation: new.name.clone(),
        id_type: new.id_type,
        vectors,
        columns: new.columns,
        payload_indexes: BTreeMap::new(),
        options: new.options,
        vector_schema,
        vector_types,
    };
    Sql::new("SELECT collections.forget_dropped()").rows(conversation).await?;
    let mut table = Sql::new(&format!(
        "CREATE TABLE {} (id {} PRIMARY KEY",
        collection.table,
        collection.id_type.sql()
    ));
    for column in &collection.columns {
        table.push(&format!(", {} {}", quote_identifier(&column.name), column.ty));
    }
    for vector in &collection.vectors {
        table.push(&format!(", {}", collection.vector_column(vector)));
    }
    table.push(", payload jsonb NOT NULL DEFAULT '{}')");
    table.execute(conversation).await?;
    for vector in &collection.vectors {
        collection.make_graph(conversation, vector).await?;
    }
    let mut insert = Sql::new(
        "INSERT INTO collections.registry (name, relation, id_type, vectors, columns, options) VALUES (",
    );
    insert.bind(text(&collection.name), "text").push(", ");
    insert.bind(text(&collection.table), "text").push("::regclass, ");
    insert.bind(text(collection.id_type.name()), "text").push(", ");
    insert.bind(json(&collection.vectors)?, "jsonb").push(", ");
    insert.bind(json(&collection.columns)?, "jsonb").push(", ");
    insert.bind(json(&collection.options)?, "jsonb").push(")");
    insert.execute(conversation).await?;
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<Datum> {
    let value = serde_json::to_value(value).map_err(|error| Error::internal(error.to_string()))?;
    document(&value)
}

fn check_column(column: &TypedColumn, taken: &[String]) -> Result<()> {
    let element = column.ty.strip_suffix("[]").unwrap_or(&column.ty);
    if !COLUMN_TYPES.contains(&element) {
        let message = format!("the type \"{}\" of a column is not supported", column.ty);
        let hint = format!("The types are {}, and arrays of them.", COLUMN_TYPES.join(", "));
        return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message).with_hint(hint));
    }
    if column.name.is_empty() || column.name.len() > NAME_MAX || column.name.contains('\0') {
        return Err(invalid(format!("\"{}\" is not the name of a column", column.name)));
    }
    match taken.contains(&column.name) {
        true => Err(invalid(format!("the column \"{}\" is there twice", column.name))),
        false => Ok(()),
    }
}

impl Collection {
    fn vector_column(&self, vector: &VectorSpec) -> String {
        format!("{} {}({})", vector.quoted(), self.vector_sql(vector), vector.size)
    }

    async fn make_graph(&self, conversation: &mut Conversation, vector: &VectorSpec) -> Result<()> {
        let Some(graph) = &vector.hnsw else { return Ok(()) };
        let mut options = Vec::new();
        options.extend(graph.m.map(|m| format!("m = {m}")));
        options.extend(graph.ef_construction.map(|ef| format!("ef_construction = {ef}")));
        let with = match options.is_empty() {
            true => String::new(),
            false => format!(" WITH ({})", options.join(", ")),
        };
        let name = object_name(&[&self.relation, &vector.column, "hnsw"]);
        let sql = Sql::new(&format!(
            "CREATE INDEX {} ON {} USING hnsw ({} {}.{}){with}",
            quote_identifier(&name),
            self.table,
            vector.quoted(),
            self.vector_schema,
            vector.class()
        ));
        sql.execute(conversation).await.map(drop)
    }

    /// Writes what was changed into the registry.
    async fn save(&self, conversation: &mut Conversation) -> Result<()> {
        let mut sql = Sql::new("UPDATE collections.registry SET vectors = ");
        sql.bind(json(&self.vectors)?, "jsonb").push(", columns = ");
        sql.bind(json(&self.columns)?, "jsonb").push(", payload_indexes = ");
        sql.bind(json(&self.payload_indexes)?, "jsonb").push(", options = ");
        sql.bind(json(&self.options)?, "jsonb").push(" WHERE name = ");
        sql.bind(text(&self.name), "text");
        match sql.execute(conversation).await? {
            0 => {
                let message = format!("must be owner of collection {}", self.name);
                Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message))
            }
            _ => Ok(()),
        }
    }

    /// Drops its table, and with it what is kept of it.
    pub async fn drop(self, conversation: &mut Conversation) -> Result<()> {
        Sql::new(&format!("DROP TABLE {}", self.table)).execute(conversation).await?;
        // Its owner is gone with the table, so whoever could drop it forgets it.
        Sql::new("SELECT collections.forget_dropped()").rows(conversation).await?;
        Ok(())
    }

    pub async fn set_options(
        mut self,
        conversation: &mut Conversation,
        options: Map<String, Value>,
    ) -> Result<()> {
        for (name, value) in options {
            match value {
                Value::Null => drop(self.options.remove(&name)),
                value => drop(self.options.insert(name, value)),
            }
        }
        self.save(conversation).await
    }

    pub async fn add_vector(
        mut self,
        conversation: &mut Conversation,
        vector: NewVector,
    ) -> Result<()> {
        if self.vectors.iter().any(|known| known.name == vector.name) {
            let message = format!("the vector \"{}\" already exists", vector.name);
            return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message));
        }
        let mut taken = vec!["id".to_owned(), "payload".to_owned()];
        taken.extend(self.columns.iter().map(|column| column.name.clone()));
        taken.extend(self.vectors.iter().map(|vector| vector.column.clone()));
        let spec = vector.spec(&mut taken)?;
        let sql = format!("ALTER TABLE {} ADD COLUMN {}", self.table, self.vector_column(&spec));
        Sql::new(&sql).execute(conversation).await?;
        self.make_graph(conversation, &spec).await?;
        self.vectors.push(spec);
        self.save(conversation).await
    }

    pub async fn drop_vector(mut self, conversation: &mut Conversation, name: &str) -> Result<()> {
        let column = self.vector(name)?.quoted();
        let sql = format!("ALTER TABLE {} DROP COLUMN {column}", self.table);
        Sql::new(&sql).execute(conversation).await?;
        self.vectors.retain(|vector| vector.name != name);
        self.save(conversation).await
    }

    /// Builds a vector's graph anew by other options, or drops it.
    pub async fn set_graph(
        &mut self,
        conversation: &mut Conversation,
        name: &str,
        graph: Option<Graph>,
    ) -> Result<()> {
        let vector = self.vector(name)?.clone();
        if vector.kind == VectorType::Sparsevec && graph.is_some() {
            return Err(Error::unsupported("a graph over sparse vectors"));
        }
        if vector.hnsw.is_some() {
            let index = object_name(&[&self.relation, &vector.column, "hnsw"]);
            let index = format!("{}.{}", self.schema, quote_identifier(&index));
            Sql::new(&format!("DROP INDEX IF EXISTS {index}")).execute(conversation).await?;
        }
        let changed = VectorSpec { hnsw: graph, ..vector };
        self.make_graph(conversation, &changed).await?;
        for own in &mut self.vectors {
            if own.name == name {
                *own = changed.clone();
            }
        }
        self.save(conversation).await
    }

    /// Makes indexes by which conditions on a key find rows; one that was there is replaced.
    pub async fn add_payload_index(
        mut self,
        conversation: &mut Conversation,
        key: &str,
        kind: IndexKind,
        params: Option<Value>,
    ) -> Result<()> {
        let path = Path::parse(key)?;
        if let Some(old) = self.payload_indexes.remove(key) {
            if old.kind == kind {
                self.payload_indexes.insert(key.to_owned(), PayloadIndex { params, ..old });
                return self.save(conversation).await;
            }
            self.drop_indexes(conversation, &old).await?;
        }
        let literal = quote_literal(key);
        let mut expressions: Vec<(&str, String)> = Vec::new();
        match kind {
            IndexKind::Keyword | IndexKind::Uuid | IndexKind::Bool => {
                // Of keys alone: what brackets lead to is not one value.
                if let Some(keys) = path.keys() {
                    let keys: Vec<String> = keys.iter().map(|key| quote_literal(key)).collect();
                    let keys = keys.join(", ");
                    expressions.push(("gin", format!("(payload #> ARRAY[{keys}]::text[])")));
                }
            }
            IndexKind::Integer | IndexKind::Float | IndexKind::Datetime => {
                let of = if kind == IndexKind::Datetime { "time" } else { "number" };
                for side in ["lowest", "highest"] {
                    let call = format!("collections.payload_{side}(payload, {literal}, '{of}')");
                    expressions.push(("btree", call));
                }
            }
        }
        let mut indexes = Vec::new();
        for (number, (method, expression)) in expressions.into_iter().enumerate() {
            let name = object_name(&[&self.relation, key, kind.name(), &number.to_string()]);
            let sql = format!(
                "CREATE INDEX {} ON {} USING {method} (({expression}))",
                quote_identifier(&name),
                self.table
            );
            Sql::new(&sql).execute(conversation).await?;
            indexes.push(name);
        }
        self.payload_indexes.insert(key.to_owned(), PayloadIndex { kind, indexes, params });
        self.save(conversation).await
    }

    async fn drop_indexes(
        &self,
        conversation: &mut Conversation,
        index: &PayloadIndex,
    ) -> Result<()> {
        for name in &index.indexes {
            let name = format!("{}.{}", self.schema, quote_identifier(name));
            Sql::new(&format!("DROP INDEX IF EXISTS {name}")).execute(conversation).await?;
        }
        Ok(())
    }

    /// Whether there was one.
    pub async fn drop_payload_index(
        mut self,
        conversation: &mut Conversation,
        key: &str,
    ) -> Result<bool> {
        let Some(old) = self.payload_indexes.remove(key) else { return Ok(false) };
        self.drop_indexes(conversation, &old).await?;
        self.save(conversation).await?;
        Ok(true)
    }

    /// Points, and how many of them have each vector.
    pub async fn counts(&self, conversation: &mut Conversation) -> Result<(u64, Vec<u64>)> {
        let mut sql = Sql::new("SELECT count(*)");
        for vector in &self.vectors {
            sql.push(&format!(", count({})", vector.quoted()));
        }
        sql.push(&format!(" FROM {}", self.table));
        let rows = sql.rows(conversation).await?;
        let row = rows.first().map(Vec::as_slice).unwrap_or_default();
        let count = |at: usize| u64::try_from(integer(row, at)).unwrap_or(0);
        Ok((count(0), (1..=self.vectors.len()).map(count).collect()))
    }
}

/// Names after one, in order; `max` of them and whether there are more.
pub async fn list(
    conversation: &mut Conversation,
    after: &str,
    max: u64,
) -> Result<(Vec<String>, bool)> {
    let mut sql = Sql::new(
        "SELECT r.name FROM collections.registry r \
         JOIN pg_catalog.pg_class c ON c.oid = r.relation WHERE r.name > ",
    );
    let wanted = i64::try_from(max.saturating_add(1)).unwrap_or(i64::MAX);
    sql.bind(text(after), "text").push(" ORDER BY r.name LIMIT ");
    sql.bind(Datum::Int8(wanted), "bigint");
    let rows = sql.rows(conversation).await?;
    let mut names: Vec<String> = rows.iter().map(|row| string(row, 0)).collect();
    let more = names.len() as u64 > max;
    names.truncate(usize::try_from(max).unwrap_or(usize::MAX));
    Ok((names, more))
}

#[cfg(test)]
mod tests {
    use super::{check_name, column_of, object_name};

    #[test]
    fn names_become_names_of_columns_and_indexes() {
        let taken = ["id".to_owned(), "payload".to_owned()];
        assert_eq!(column_of("", &taken), "embedding");
        assert_eq!(column_of("image", &taken), "image");
        assert_eq!(column_of("payload", &taken), "vector_1");
        assert_eq!(column_of(&"x".repeat(64), &taken), "vector_1");
        assert_eq!(object_name(&["t", "c", "hnsw"]), "t_c_hnsw");
        let long = object_name(&[&"é".repeat(40), "hnsw"]);
        assert!(long.len() <= 63 && long != object_name(&[&"é".repeat(40), "other"]), "{long}");
        assert!(check_name("a b-c_é").is_ok());
        for wrong in ["", "a/b", "a\0", "a\"b", &"x".repeat(64)] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }
}
