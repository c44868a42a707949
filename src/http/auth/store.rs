//! Reading the tables of the extension `auth` by key, at the newest instant.
//!
//! Each request with a token or an API key looks its rows up: one search of an index and
//! one read of a row, without a session, a plan or a cache that a revocation would have to
//! reach. What a commit has changed, the next request sees.

use std::sync::Arc;

use serde_json::Value;

use crate::catalog::{self, Catalog};
use crate::error::{Error, Result};
use crate::session::Database;
use crate::sql::types::{self, Datum, Oid, OutputContext};
use crate::storage::{self, key};
use crate::table::TableInfo;
use crate::table::lookup;
use crate::txn::{Keyspace, Overlay};

/// The extension that holds the tables.
pub const EXTENSION: &str = "auth";

/// The tables of one database.
pub struct Store {
    catalog: Arc<Catalog>,
    overlay: Overlay,
    schema: Oid,
}

/// A row.
pub struct Row {
    info: Arc<TableInfo>,
    stored: storage::Value,
}

impl Store {
    /// None where the database is gone, or has no such extension.
    pub fn of(database: &Database, oid: Oid) -> Option<Store> {
        Store::of_extension(database, oid, EXTENSION)
    }

    /// The same of another extension.
    pub fn of_extension(database: &Database, oid: Oid, extension: &str) -> Option<Store> {
        let published = database.transactions.published();
        let catalog = catalog::attached(&published.attachment, oid)?;
        let schema = catalog.extension_named(extension)?.schema;
        Some(Store { catalog, overlay: published.overlay(), schema })
    }

    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The row with a primary key.
    pub fn row(&self, table: &str, key: &[Datum]) -> Result<Option<Row>> {
        let info = self.table(table)?;
        let index = info.indexes.iter().find(|index| index.primary && index.valid);
        let index = index.ok_or_else(|| Error::internal("a table without a primary key"))?;
        let found = lookup::unique(&info, &self.overlay, index, key)?;
        Ok(found.map(|(_, stored)| Row { info: info.clone(), stored }))
    }

    /// All rows, at most `max`.
    pub fn rows(&self, table: &str, max: usize) -> Result<Vec<Row>> {
        let info = self.table(table)?;
        let range = key::rows(info.storage_id());
        let entries = self.overlay.scan(Keyspace::Rows, &range, false).take(max);
        entries.map(|entry| entry.map(|(_, stored)| Row { info: info.clone(), stored })).collect()
    }

    fn table(&self, name: &str) -> Result<Arc<TableInfo>> {
        let relation = self.catalog.relation_named(self.schema, name);
        let relation =
            relation.ok_or_else(|| Error::internal(format!("there is no table auth.{name}")))?;
        TableInfo::of(&self.catalog, relation.oid)
    }
}

impl Row {
    pub fn get(&self, column: &str) -> Result<Datum> {
        let at = self.position(column)?;
        let view = self.info.view(&self.stored)?;
        view.datum(&self.info.columns, at)
    }

    fn position(&self, column: &str) -> Result<usize> {
        let found = self.info.columns.iter().position(|it| it.name == column && !it.dropped);
        found.ok_or_else(|| Error::internal(format!("there is no column \"{column}\"")))
    }

    /// A value's text; none for NULL.
    pub fn text(&self, column: &str) -> Result<Option<String>> {
        let ty = self.info.columns[self.position(column)?].ty.oid;
        let value = self.get(column)?;
        Ok((!value.is_null()).then(|| types::to_text(&value, ty, &OutputContext::default())))
    }

    pub fn json(&self, column: &str) -> Result<Option<Value>> {
        Ok(self.text(column)?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The elements of an array of texts; none for NULL.
    pub fn texts(&self, column: &str) -> Result<Option<Vec<String>>> {
        match self.get(column)? {
            Datum::Array(array) => {
                let text = |element| match element {
                    Datum::Text(text) => Some(text),
                    _ => None,
                };
                Ok(Some(array.elements.into_iter().filter_map(text).collect()))
            }
            _ => Ok(None),
        }
    }

    pub fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>> {
        match self.get(column)? {
            Datum::Bytea(bytes) => Ok(Some(bytes.to_vec())),
            _ => Ok(None),
        }
    }

    /// Microseconds since 2000-01-01 UTC; none for NULL.
    pub fn time(&self, column: &str) -> Result<Option<i64>> {
        match self.get(column)? {
            Datum::TimestampTz(time) => Ok(Some(time)),
            _ => Ok(None),
        }
    }

    pub fn oid(&self, column: &str) -> Result<Oid> {
        match self.get(column)? {
            Datum::Oid(oid) => Ok(oid),
            _ => Err(Error::internal(format!("column \"{column}\" is not an OID"))),
        }
    }
}
