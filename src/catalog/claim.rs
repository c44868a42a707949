//! What two transactions cannot both commit: a name given twice, and an object in a
//! schema that is gone.
//!
//! DDL locks the tables that it changes, but what it makes anew nobody can have
//! locked. So a transaction claims, at its commit, the names that it gives and the
//! schemas that it puts something into or drops; whoever claims the same waits until
//! the other is committed, and then finds what is there. In PostgreSQL the unique
//! indexes of the system catalogs do this, and the second one gets their error.
//!
//! ```text
//! A  BEGIN; CREATE TABLE t …     COMMIT: claims t ── no other t ── committed
//! B  BEGIN; CREATE TABLE t …        COMMIT: claims t ┄┄ waits ┄┄▶ t is there ▶ 23505
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::{Catalog, Change, NameKey, Object, ObjectClass, ObjectKey};
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::{LockMode, Resource};

/// A transaction's changes, each object as it is in the end.
pub struct Claims<'a> {
    last: BTreeMap<ObjectKey, Option<&'a Object>>,
}

impl<'a> Claims<'a> {
    pub fn of(changes: &'a [Change]) -> Claims<'a> {
        let last = changes.iter().map(|change| (change.key, change.object.as_ref()));
        Claims { last: last.collect() }
    }

    /// What to lock before the check, until the commit is published: always in one
    /// order, so that nobody waits in a circle.
    pub fn locks(&self) -> Vec<(Resource, LockMode)> {
        let names = self.names().map(|(_, name)| {
            let text = format!("{:?} {} {}", name.class, name.schema, name.name);
            // No index has this number: names are claimed among themselves.
            (Resource::index_key(0, text.as_bytes()), LockMode::Exclusive)
        });
        let schemas = self.schemas().map(|schema| (schema_lock(schema), LockMode::AccessShare));
        let dropped = self.dropped_schemas();
        let dropped = dropped.map(|schema| (schema_lock(schema), LockMode::AccessExclusive));
        // Of two locks on one schema the stronger comes first and stays.
        let mut locks: Vec<_> = names.chain(schemas).chain(dropped).collect();
        locks.sort_by_key(|(resource, mode)| (*resource, std::cmp::Reverse(*mode)));
        locks.dedup_by_key(|(resource, _)| *resource);
        locks
    }

    /// Compares with what is committed now, under the locks.
    pub fn check(&self, newest: &Catalog) -> Result<()> {
        for (key, name) in self.names() {
            let others = newest.named(name.class, name.schema, &name.name);
            let is_other = |oid: &&Oid| {
                let other = ObjectKey { class: name.class, oid: **oid };
                **oid != key.oid && !self.last.contains_key(&other)
            };
            if others.iter().any(|oid| is_other(&oid)) {
                return Err(taken(&name));
            }
        }
        for schema in self.schemas() {
            let is_new = self.last.contains_key(&schema_key(schema));
            if !is_new && newest.schema(schema).is_none() {
                let message = format!("schema with OID {schema} does not exist");
                return Err(Error::new(sqlstate::INVALID_SCHEMA_NAME, message));
            }
        }
        for schema in self.dropped_schemas() {
            let remains = |key: ObjectKey| !self.last.contains_key(&key);
            let relations = newest.relations().filter(|relation| relation.schema == schema);
            let left = relations
                .map(|relation| ObjectKey { class: ObjectClass::Relation, oid: relation.oid })
                .chain(
                    newest
                        .types()
                        .filter(|ty| ty.schema == schema)
                        .map(|ty| ObjectKey { class: ObjectClass::Type, oid: ty.oid }),
                )
                .any(remains);
            if left {
                return Err(still_used(newest, schema));
            }
        }
        Ok(())
    }

    /// The objects that have a name of their own.
    fn names(&self) -> impl Iterator<Item = (ObjectKey, NameKey)> + '_ {
        use ObjectClass::{Database, Relation, Role, Schema, Type};
        self.last.iter().filter_map(|(key, object)| {
            let unique = matches!(key.class, Database | Relation | Role | Schema | Type);
            Some((*key, object.filter(|_| unique)?.name_key()?))
        })
    }

    /// The schemas that something is put into.
    fn schemas(&self) -> impl Iterator<Item = Oid> + '_ {
        let schemas: BTreeSet<Oid> =
            self.names().map(|(_, name)| name.schema).filter(|schema| *schema != 0).collect();
        schemas.into_iter()
    }

    fn dropped_schemas(&self) -> impl Iterator<Item = Oid> + '_ {
        self.last.iter().filter_map(|(key, object)| {
            (key.class == ObjectClass::Schema && object.is_none()).then_some(key.oid)
        })
    }
}

fn schema_key(oid: Oid) -> ObjectKey {
    ObjectKey { class: ObjectClass::Schema, oid }
}

fn schema_lock(schema: Oid) -> Resource {
    Resource::Object { database: 0, class: super::relation_oid::PG_NAMESPACE, oid: schema }
}

/// The error of PostgreSQL's unique index on the class's names.
fn taken(name: &NameKey) -> Error {
    let (index, column) = match name.class {
        ObjectClass::Relation => ("pg_class_relname_nsp_index", "relname, relnamespace"),
        ObjectClass::Type => ("pg_type_typname_nsp_index", "typname, typnamespace"),
        ObjectClass::Schema => ("pg_namespace_nspname_index", "nspname"),
        ObjectClass::Role => ("pg_authid_rolname_index", "rolname"),
        _ => ("pg_database_datname_index", "datname"),
    };
    let value = match name.schema {
        0 => name.name.clone(),
        schema => format!("{}, {schema}", name.name),
    };
    Error::new(
        sqlstate::UNIQUE_VIOLATION,
        format!("duplicate key value violates unique constraint \"{index}\""),
    )
    .with_detail(format!("Key ({column})=({value}) already exists."))
}

fn still_used(catalog: &Catalog, schema: Oid) -> Error {
    let name = catalog.schema(schema).map_or("", |schema| schema.name.as_str());
    Error::new(
        sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
        format!("cannot drop schema {name} because other objects depend on it"),
    )
    .with_hint("Use DROP ... CASCADE to drop the dependent objects too.")
}
