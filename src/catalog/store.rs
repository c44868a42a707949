//! The catalog on disk: users' objects as rows of the catalog keyspace.
//!
//! ```text
//! key    [class u32][oid u32]              class is ObjectClass's number
//!        [1000 u32][database u32][class u32][oid u32]
//! value  [format u8][JSON of the object]
//! ```
//!
//! The short keys are those of objects that belong to no database, and of the database
//! with OID 5 (`postgres`), which was the only one in data directories of format 2. All
//! other databases' objects have the long keys.
//!
//! JSON, because an object is read by later versions of this program: fields are
//! found by name, so one added later (with `#[serde(default)]`) reads as its
//! default from rows written before. A change that names alone cannot carry is a
//! new format number. Built-in objects are not stored: they are declared in
//! `sql/` and may differ from version to version. A built-in object that a user
//! changed (`ALTER ROLE postgres`) is stored and wins over the declaration; one
//! that a user dropped (`DROP SCHEMA public`) leaves a row without an object.
//!
//! A transaction's changes replace whole objects. They apply to the newest
//! committed catalog without conflict because DDL locks the object it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Catalog, Change, Cluster, NewDatabase, Object, ObjectClass, ObjectKey, bootstrap};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;
use crate::storage::key::{self, Meta};
use crate::storage::{Write, WriteBatch};
use crate::txn::{Attachment, Key, KeyRange, Keyspace, Publish, Published, Transaction, Value};

const FORMAT: u8 = 1;

/// `Meta::Counter`'s number of the OID counter.
const OID_COUNTER: u32 = 1;

/// The database whose rows have short keys.
const FIRST_DATABASE: Oid = 5;

/// The class of rows that say their database.
const OF_A_DATABASE: u32 = 1000;

/// The committed catalogs: the built-in objects and the stored ones.
pub fn load(published: &Arc<Published>) -> Result<Cluster> {
    let mut shared = bootstrap()?;
    let mut next_oid = stored_counter(published)?;
    let mut own: BTreeMap<Oid, Vec<Change>> = BTreeMap::new();
    for entry in published.scan(Keyspace::Catalog, &KeyRange::all(), false) {
        let (key, value) = entry?;
        let (database, change) = decode(&key, &value)?;
        next_oid = next_oid.max(change.key.oid.saturating_add(1));
        match change.shared {
            true => shared.apply(&change),
            false => own.entry(database).or_default().push(change),
        }
    }
    shared.raise_oid_counter(next_oid);
    Ok(Cluster::new(shared, own))
}

/// The stored rows of a database's own objects, with their keys.
pub fn rows_of(published: &Arc<Published>, database: Oid) -> Result<Vec<(Key, Change)>> {
    let range = match database {
        FIRST_DATABASE => KeyRange::all(),
        _ => KeyRange::prefix(key::catalog(OF_A_DATABASE, &database.to_be_bytes())),
    };
    let mut rows = Vec::new();
    for entry in published.scan(Keyspace::Catalog, &range, false) {
        let (key, value) = entry?;
        let (of, change) = decode(&key, &value)?;
        if of == database && !change.shared {
            rows.push((key, change));
        }
    }
    Ok(rows)
}

fn stored_counter(published: &Arc<Published>) -> Result<Oid> {
    let Some(value) = published.get(Keyspace::Meta, &Meta::Counter(OID_COUNTER).key())? else {
        return Ok(oid::FIRST_NORMAL);
    };
    let bytes: [u8; 4] = value[..].try_into().map_err(|_| corrupted("the OID counter"))?;
    Ok(Oid::from_le_bytes(bytes))
}

/// The rows that a transaction's changes become, and the OID counter.
pub fn changes_to_writes(catalog: &Catalog, changes: &[Change]) -> Result<WriteBatch> {
    let newest: BTreeMap<ObjectKey, &Change> =
        changes.iter().map(|change| (change.key, change)).collect();
    let mut batch = WriteBatch::new();
    for (object, change) in newest {
        let key = row_key(catalog.database, change)?;
        if change.object.is_none() && object.oid >= oid::FIRST_NORMAL {
            batch.remove(Keyspace::Catalog, key);
        } else {
            batch.put(Keyspace::Catalog, key, encode(change)?);
        }
    }
    let counter = catalog.oid_counter().to_le_bytes().to_vec();
    batch.put(Keyspace::Meta, Meta::Counter(OID_COUNTER).key().to_vec(), counter);
    Ok(batch)
}

fn row_key(database: Oid, change: &Change) -> Result<Vec<u8>> {
    let (class, oid) = (class_number(change.key.class), change.key.oid.to_be_bytes());
    match (change.shared, database) {
        (true, _) | (false, FIRST_DATABASE) => Ok(key::catalog(class, &oid)),
        // The server itself changes nothing but shared objects.
        (false, 0) => Err(Error::internal("an object of no database")),
        (false, database) => {
            let payload = [database.to_be_bytes(), class.to_be_bytes(), oid].concat();
            Ok(key::catalog(OF_A_DATABASE, &payload))
        }
    }
}

/// Puts a transaction's changes among its writes, before it commits.
pub fn write_changes(
    transaction: &mut Transaction,
    catalog: &Catalog,
    changes: &[Change],
) -> Result<()> {
    for Write { keyspace, key, value } in changes_to_writes(catalog, changes)? {
        match value {
            Some(value) => transaction.put(keyspace, key, value)?,
            None => transaction.delete(keyspace, key)?,
        }
    }
    Ok(())
}

/// Puts the objects of a database that is made among a transaction's writes.
pub fn write_database(transaction: &mut Transaction, made: &NewDatabase) -> Result<()> {
    for change in &made.objects {
        let value = Value::from(encode(change)?);
        transaction.put(Keyspace::Catalog, row_key(made.oid, change)?, value)?;
    }
    Ok(())
}

/// Applies a transaction's changes to the newest committed catalogs, at commit.
pub fn publish(database: Oid, changes: Vec<Change>, made: Option<NewDatabase>) -> Publish {
    Box::new(move |attachment: &Attachment| match attachment.clone().downcast::<Cluster>() {
        Ok(cluster) => Arc::new(cluster.with_changes(database, &changes, made.as_ref())),
        Err(other) => other,
    })
}

/// All catalogs that a committed state carries.
pub fn cluster(attachment: &Attachment) -> Arc<Cluster> {
    attachment.clone().downcast().expect("the database attaches its catalogs when it opens")
}

/// The catalog of a database that a committed state carries; `None` where it does not
/// exist.
pub fn attached(attachment: &Attachment, database: Oid) -> Option<Arc<Catalog>> {
    let cluster = attachment.downcast_ref::<Cluster>()?;
    cluster.catalog(database).cloned()
}

impl Catalog {
    /// This catalog with changes applied.
    pub fn with_changes(&self, changes: &[Change]) -> Catalog {
        let mut catalog = self.clone();
        for change in changes {
            catalog.apply(change);
        }
        catalog
    }
}

fn encode(change: &Change) -> Result<Vec<u8>> {
    let mut value = vec![FORMAT];
    serde_json::to_writer(&mut value, &change.object)
        .map_err(|error| Error::internal(format!("cannot encode a catalog object: {error}")))?;
    Ok(value)
}

/// A row: its database, 0 for a shared object.
fn decode(key: &[u8], value: &[u8]) -> Result<(Oid, Change)> {
    let (database, key) = decode_key(key).ok_or_else(|| corrupted("a catalog key"))?;
    let Some((&FORMAT, json)) = value.split_first() else {
        return Err(corrupted("a catalog row of an unknown format"));
    };
    let object: Option<Object> = serde_json::from_slice(json)
        .map_err(|error| corrupted(&format!("catalog row {key:?}: {error}")))?;
    let change = match object {
        Some(object) => Change { key, shared: object.is_shared(), object: Some(object) },
        None => Change::remove(key.class, key.oid),
    };
    Ok((if change.shared { 0 } else { database }, change))
}

fn decode_key(key: &[u8]) -> Option<(Oid, ObjectKey)> {
    let number = |at: usize| Some(u32::from_be_bytes(key.get(at..at + 4)?.try_into().ok()?));
    let (database, at) = match number(0)? {
        OF_A_DATABASE => (number(4)?, 8),
        _ => (FIRST_DATABASE, 0),
    };
    let (class, oid) = (number(at)?, number(at + 4)?);
    let class = CLASSES.iter().copied().find(|known| class_number(*known) == class)?;
    (key.len() == at + 8).then_some((database, ObjectKey { class, oid }))
}

fn corrupted(what: &str) -> Error {
    Error::new(sqlstate::DATA_CORRUPTED, format!("could not read {what}"))
}

const CLASSES: &[ObjectClass] = &[
    ObjectClass::Schema,
    ObjectClass::Relation,
    ObjectClass::Type,
    ObjectClass::Function,
    ObjectClass::Aggregate,
    ObjectClass::Operator,
    ObjectClass::Cast,
    ObjectClass::Constraint,
    ObjectClass::Role,
    ObjectClass::Database,
    ObjectClass::OperatorClass,
    ObjectClass::Collation,
    ObjectClass::OperatorFamily,
    ObjectClass::AccessMethod,
    ObjectClass::Extension,
    ObjectClass::Comment,
    ObjectClass::References,
    ObjectClass::Statistics,
    ObjectClass::Trigger,
    ObjectClass::Rule,
    ObjectClass::AccessList,
    ObjectClass::DefaultPrivileges,
    ObjectClass::Policy,
    ObjectClass::ExtendedStatistics,
    ObjectClass::Settings,
];

/// The number of a class in keys: fixed for ever, whatever the enum's order.
fn class_number(class: ObjectClass) -> u32 {
    match class {
        ObjectClass::Schema => 1,
        ObjectClass::Relation => 2,
        ObjectClass::Type => 3,
        ObjectClass::Function => 4,
        ObjectClass::Aggregate => 5,
        ObjectClass::Operator => 6,
        ObjectClass::Cast => 7,
        ObjectClass::Constraint => 8,
        ObjectClass::Role => 9,
        ObjectClass::Database => 10,
        ObjectClass::OperatorClass => 11,
        ObjectClass::Collation => 12,
        ObjectClass::OperatorFamily => 13,
        ObjectClass::AccessMethod => 14,
        ObjectClass::Extension => 15,
        ObjectClass::Comment => 16,
        ObjectClass::References => 17,
        ObjectClass::Statistics => 18,
        ObjectClass::Trigger => 50,
        ObjectClass::Rule => 51,
        ObjectClass::AccessList => 40,
        ObjectClass::DefaultPrivileges => 41,
        ObjectClass::Policy => 42,
        ObjectClass::ExtendedStatistics => 43,
        ObjectClass::Settings => 44,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{BOOTSTRAP_ROLE, PUBLIC, Schema};

    fn schema(oid: Oid, name: &str) -> Change {
        Change::put(Schema { oid, name: name.to_owned(), owner: BOOTSTRAP_ROLE })
    }

    fn in_database(database: Oid) -> Catalog {
        Catalog { database, ..bootstrap().expect("the declarations load") }
    }

    /// Reads written rows back, as `load` does.
    fn reloaded(batch: &WriteBatch) -> Catalog {
        let mut catalog = in_database(5);
        for write in batch.iter().filter(|write| write.keyspace == Keyspace::Catalog) {
            if let Some(value) = &write.value {
                let (database, change) = decode(&write.key, value).expect("decodes");
                assert_eq!(database, 5);
                catalog.apply(&change);
            }
        }
        catalog
    }

    #[test]
    fn every_builtin_object_survives_encoding() {
        let catalog = bootstrap().expect("the declarations load");
        for (key, object) in catalog.objects.iter() {
            let change = Change::put(object.clone());
            let bytes = encode(&change).expect("encodes");
            for database in [5, 20000] {
                let key_bytes = row_key(database, &change).expect("has a key");
                let (of, read) = decode(&key_bytes, &bytes).expect("decodes");
                assert_eq!(of, if object.is_shared() { 0 } else { database });
                assert_eq!((read.key, read.shared), (*key, object.is_shared()));
            }
            let key_bytes = row_key(5, &change).expect("has a key");
            let (_, read) = decode(&key_bytes, &bytes).expect("decodes");
            assert_eq!(format!("{:?}", read.object), format!("{:?}", change.object));
        }
    }

    #[test]
    fn the_last_change_of_an_object_is_the_one_written() {
        let catalog = in_database(5);
        let changes = [schema(20000, "a"), schema(20000, "b"), schema(20001, "c")];
        let batch = changes_to_writes(&catalog, &changes).expect("encodes");
        let read = reloaded(&batch);
        assert!(read.schema_named("a").is_none());
        assert_eq!(read.schema_named("b").map(|schema| schema.oid), Some(20000));
    }

    #[test]
    fn a_dropped_builtin_object_stays_dropped() {
        let catalog = in_database(5);
        let changes = [Change::remove(ObjectClass::Schema, PUBLIC)];
        let batch = changes_to_writes(&catalog, &changes).expect("encodes");
        assert!(reloaded(&batch).schema_named("public").is_none());
    }

    #[test]
    fn a_row_of_an_unknown_format_is_refused() {
        let key = key::catalog(1, &20000u32.to_be_bytes());
        assert!(decode(&key, &[FORMAT + 1, b'{', b'}']).is_err());
        assert!(decode(&key, &[]).is_err());
        assert!(decode(&key[..6], &[FORMAT]).is_err());
    }
}
