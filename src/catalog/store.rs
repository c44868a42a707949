//! The catalog on disk: users' objects as rows of the catalog keyspace.
//!
//! ```text
//! key    [class u32][oid u32]              class is ObjectClass's number
//! value  [format u8][JSON of the object]
//! ```
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

use super::{Catalog, Change, Object, ObjectClass, ObjectKey, bootstrap};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;
use crate::storage::key::{self, Meta};
use crate::storage::{Write, WriteBatch};
use crate::txn::{Attachment, KeyRange, Keyspace, Publish, Published, Transaction};

const FORMAT: u8 = 1;

/// `Meta::Counter`'s number of the OID counter.
const OID_COUNTER: u32 = 1;

/// The committed catalog: the built-in objects and the stored ones.
pub fn load(published: &Arc<Published>) -> Result<Catalog> {
    let mut catalog = bootstrap()?;
    let mut next_oid = stored_counter(published)?;
    for entry in published.scan(Keyspace::Catalog, &KeyRange::all(), false) {
        let (key, value) = entry?;
        let change = decode(&key, &value)?;
        next_oid = next_oid.max(change.key.oid.saturating_add(1));
        catalog.apply(&change);
    }
    catalog.raise_oid_counter(next_oid);
    Ok(catalog)
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
        let key = key::catalog(class_number(object.class), &object.oid.to_be_bytes());
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

/// Applies a transaction's changes to the newest committed catalog, at commit.
pub fn publish(changes: Vec<Change>) -> Publish {
    Box::new(move |attachment: &Attachment| match attachment.clone().downcast::<Catalog>() {
        Ok(catalog) => Arc::new(catalog.with_changes(&changes)),
        Err(other) => other,
    })
}

/// The catalog that a committed state carries.
pub fn attached(attachment: &Attachment) -> Arc<Catalog> {
    attachment.clone().downcast().expect("the database attaches a catalog when it opens")
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

fn decode(key: &[u8], value: &[u8]) -> Result<Change> {
    let key = decode_key(key).ok_or_else(|| corrupted("a catalog key"))?;
    let Some((&FORMAT, json)) = value.split_first() else {
        return Err(corrupted("a catalog row of an unknown format"));
    };
    let object: Option<Object> = serde_json::from_slice(json)
        .map_err(|error| corrupted(&format!("catalog row {key:?}: {error}")))?;
    Ok(Change { key, object })
}

fn decode_key(key: &[u8]) -> Option<ObjectKey> {
    let (class, oid) = key.split_first_chunk::<4>()?;
    let class = u32::from_be_bytes(*class);
    let class = CLASSES.iter().copied().find(|known| class_number(*known) == class)?;
    Some(ObjectKey { class, oid: Oid::from_be_bytes(oid.try_into().ok()?) })
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{BOOTSTRAP_ROLE, PUBLIC, Schema};

    fn schema(oid: Oid, name: &str) -> Change {
        Change::put(Schema { oid, name: name.to_owned(), owner: BOOTSTRAP_ROLE })
    }

    /// Reads written rows back, as `load` does.
    fn reloaded(batch: &WriteBatch) -> Catalog {
        let mut catalog = bootstrap().expect("the declarations load");
        for write in batch.iter().filter(|write| write.keyspace == Keyspace::Catalog) {
            if let Some(value) = &write.value {
                catalog.apply(&decode(&write.key, value).expect("decodes"));
            }
        }
        catalog
    }

    #[test]
    fn every_builtin_object_survives_encoding() {
        let catalog = bootstrap().expect("the declarations load");
        for (key, object) in catalog.objects.iter() {
            let change = Change { key: *key, object: Some(object.clone()) };
            let bytes = encode(&change).expect("encodes");
            let key_bytes = key::catalog(class_number(key.class), &key.oid.to_be_bytes());
            let read = decode(&key_bytes, &bytes).expect("decodes");
            assert_eq!(read.key, *key);
            assert_eq!(format!("{:?}", read.object), format!("{:?}", change.object));
        }
    }

    #[test]
    fn the_last_change_of_an_object_is_the_one_written() {
        let catalog = bootstrap().expect("the declarations load");
        let changes = [schema(20000, "a"), schema(20000, "b"), schema(20001, "c")];
        let batch = changes_to_writes(&catalog, &changes).expect("encodes");
        let read = reloaded(&batch);
        assert!(read.schema_named("a").is_none());
        assert_eq!(read.schema_named("b").map(|schema| schema.oid), Some(20000));
    }

    #[test]
    fn a_dropped_builtin_object_stays_dropped() {
        let catalog = bootstrap().expect("the declarations load");
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
