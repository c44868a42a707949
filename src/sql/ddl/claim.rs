//! Names are made by one transaction at a time.
//!
//! After a statement has made its objects, it locks their names until its transaction
//! ends. Whoever makes an object of the same name meanwhile waits for that end, and
//! then finds the name taken, or free again:
//!
//! ```text
//! CREATE TABLE t     name t locked ─────────── COMMIT
//!     CREATE TABLE t       name t? ── waits ─────┘ 23505
//! ```

use super::Ddl;
use crate::catalog::{Catalog, Object, ObjectClass};
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::lock;
use crate::txn::{LockMode, Resource};

/// The class of name locks among the locks on objects; no catalog has this number.
const NAMES: u32 = u32::MAX;
/// The class of locks on schemas: `pg_namespace`.
const SCHEMAS: u32 = crate::catalog::relation_oid::PG_NAMESPACE;

/// A name that a statement has given to an object.
struct Claim {
    class: ObjectClass,
    schema: Oid,
    name: String,
    oid: Oid,
}

impl Ddl<'_> {
    /// Locks the names that the changes from `made` on gave, and checks that nobody
    /// else has given them.
    pub(super) async fn claim_names(&mut self, before: &Catalog, made: usize) -> Result<()> {
        let mut claims: Vec<Claim> = self.work.changes[made.min(self.work.changes.len())..]
            .iter()
            .filter_map(|change| Claim::of(change.object.as_ref()?, before))
            .collect();
        if claims.is_empty() {
            return Ok(());
        }
        // PostgreSQL makes a table's type before the table.
        claims.sort_by_key(|claim| claim.class != ObjectClass::Type);
        for claim in &claims {
            if claim.schema != 0 {
                self.lock_schema(claim.schema, LockMode::AccessShare).await?;
            }
            let mode = LockMode::AccessExclusive;
            let resource = claim.resource(self.work.catalog.database);
            lock::acquire(&mut self.work.txn, resource, mode, self.ctx).await?;
        }
        self.work.refresh_catalog();
        claims.iter().try_for_each(|claim| claim.check(&self.work.catalog))
    }

    /// Whoever makes an object in a schema shares it; whoever drops it waits for them.
    pub(super) async fn lock_schema(&mut self, schema: Oid, mode: LockMode) -> Result<()> {
        let database = self.work.catalog.database;
        let resource = Resource::Object { database, class: SCHEMAS, oid: schema };
        lock::acquire(&mut self.work.txn, resource, mode, self.ctx).await
    }
}

impl Claim {
    /// What a change claims, unless the object had the name before.
    fn of(object: &Object, before: &Catalog) -> Option<Claim> {
        let oid = object.key().oid;
        let (class, schema, name) = match object {
            Object::Schema(schema) => (ObjectClass::Schema, 0, &schema.name),
            Object::Relation(relation) => (ObjectClass::Relation, relation.schema, &relation.name),
            Object::Type(ty) => (ObjectClass::Type, ty.schema, &ty.name),
            Object::Role(role) => (ObjectClass::Role, 0, &role.name),
            Object::Database(database) => (ObjectClass::Database, 0, &database.name),
            _ => return None,
        };
        let known = before.named(class, schema, name).contains(&oid);
        (!known).then(|| Claim { class, schema, name: name.clone(), oid })
    }

    /// Two names of one hash only wait in vain. The hash is written into the records of
    /// prepared transactions: it must be the same in every version of this program.
    fn resource(&self, database: Oid) -> Resource {
        let is_shared = matches!(self.class, ObjectClass::Role | ObjectClass::Database);
        let database = if is_shared { 0 } else { database };
        let text = format!("{:?}:{}:{}", self.class, self.schema, self.name);
        let hash = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
        Resource::Object { database, class: NAMES, oid: hash as u32 }
    }

    fn check(&self, catalog: &Catalog) -> Result<()> {
        if self.schema != 0 && catalog.schema(self.schema).is_none() {
            return Err(Error::new(
                sqlstate::INVALID_SCHEMA_NAME,
                format!("schema with OID {} does not exist", self.schema),
            ));
        }
        let others = catalog.named(self.class, self.schema, &self.name);
        if others.iter().all(|other| *other == self.oid) {
            return Ok(());
        }
        let (index, columns, values) = match self.class {
            ObjectClass::Schema => ("pg_namespace_nspname_index", "nspname", self.name.clone()),
            ObjectClass::Role => ("pg_authid_rolname_index", "rolname", self.name.clone()),
            ObjectClass::Database => ("pg_database_datname_index", "datname", self.name.clone()),
            ObjectClass::Type => (
                "pg_type_typname_nsp_index",
                "typname, typnamespace",
                format!("{}, {}", self.name, self.schema),
            ),
            _ => (
                "pg_class_relname_nsp_index",
                "relname, relnamespace",
                format!("{}, {}", self.name, self.schema),
            ),
        };
        Err(Error::new(
            sqlstate::UNIQUE_VIOLATION,
            format!("duplicate key value violates unique constraint \"{index}\""),
        )
        .with_detail(format!("Key ({columns})=({values}) already exists.")))
    }
}
