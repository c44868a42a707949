//! The catalog: what exists, as one immutable value.
//!
//! A [`Catalog`] is a set of persistent maps, so a clone costs a few pointers
//! and a snapshot keeps the catalog of its time. A transaction that runs DDL
//! changes its own copy and records a [`Change`] per object; at commit the
//! changes are written as rows of the catalog keyspace in the same batch and
//! applied to the newest committed catalog. Built-in objects are not stored:
//! they are declared in `sql/*.sql` and read at start (`bootstrap`).
//!
//! `pg_catalog` relations are virtual tables over this value (`system`);
//! `information_schema` and the `pg_*` views are SQL in `sql/`.

mod derived;
mod object;

use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};
use serde::{Deserialize, Serialize};

pub use object::*;

use crate::sql::types::Oid;

/// Everything that exists, at one point in time.
#[derive(Clone, Default)]
pub struct Catalog {
    /// Grows with every committed change; keys plan caches.
    pub version: u64,
    objects: RedBlackTreeMapSync<ObjectKey, Object>,
    names: HashTrieMapSync<NameKey, Arc<Vec<Oid>>>,
    derived: derived::Derived,
}

/// The kinds of object, in the order of `ObjectKey`s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum ObjectClass {
    Schema,
    Relation,
    Type,
    Function,
    Aggregate,
    Operator,
    Cast,
    Constraint,
    Role,
    Database,
    OperatorClass,
    Collation,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ObjectKey {
    pub class: ObjectClass,
    pub oid: Oid,
}

/// One object of any kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Object {
    Schema(Arc<Schema>),
    Relation(Arc<Relation>),
    Type(Arc<Type>),
    Function(Arc<Function>),
    /// Keyed by its function's OID.
    Aggregate(Arc<Aggregate>),
    Operator(Arc<Operator>),
    Cast(Arc<Cast>),
    Constraint(Arc<Constraint>),
    Role(Arc<Role>),
    Database(Arc<Database>),
    OperatorClass(Arc<OperatorClass>),
    Collation(Arc<Collation>),
}

/// One step of DDL: the object as it is now, or gone.
#[derive(Clone, Debug)]
pub struct Change {
    pub key: ObjectKey,
    pub object: Option<Object>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct NameKey {
    class: ObjectClass,
    /// 0 for objects that live in no schema.
    schema: Oid,
    name: String,
}

/// Generates the typed accessors of one object class.
macro_rules! accessors {
    ($($class:ident, $get:ident, $all:ident, $doc:literal;)*) => {
        impl Catalog {
            $(
                #[doc = concat!("The ", $doc, " with this OID.")]
                pub fn $get(&self, oid: Oid) -> Option<&Arc<$class>> {
                    match self.objects.get(&ObjectKey { class: ObjectClass::$class, oid })? {
                        Object::$class(object) => Some(object),
                        _ => None,
                    }
                }

                #[doc = concat!("Every ", $doc, ", in the order of OIDs.")]
                pub fn $all(&self) -> impl Iterator<Item = &Arc<$class>> {
                    let range = ObjectKey { class: ObjectClass::$class, oid: 0 }
                        ..=ObjectKey { class: ObjectClass::$class, oid: Oid::MAX };
                    self.objects.range(range).filter_map(|(_, object)| match object {
                        Object::$class(object) => Some(object),
                        _ => None,
                    })
                }
            )*
        }
    };
}

accessors! {
    Schema, schema, schemas, "schema";
    Relation, relation, relations, "relation";
    Type, type_, types, "type";
    Function, function, functions, "function";
    Aggregate, aggregate, aggregates, "aggregate (by its function's OID)";
    Operator, operator, operators, "operator";
    Cast, cast, casts, "cast";
    Constraint, constraint, constraints, "constraint";
    Role, role, roles, "role";
    Database, database, databases, "database";
    OperatorClass, operator_class, operator_classes, "operator class";
    Collation, collation, collations, "collation";
}

impl Catalog {
    /// OIDs of the objects of a class with this name in a schema (0: no schema).
    /// More than one only for functions and operators.
    pub fn named(&self, class: ObjectClass, schema: Oid, name: &str) -> &[Oid] {
        let key = NameKey { class, schema, name: name.to_owned() };
        self.names.get(&key).map(|oids| oids.as_slice()).unwrap_or_default()
    }

    pub fn schema_named(&self, name: &str) -> Option<&Arc<Schema>> {
        self.named(ObjectClass::Schema, 0, name).first().and_then(|oid| self.schema(*oid))
    }

    pub fn relation_named(&self, schema: Oid, name: &str) -> Option<&Arc<Relation>> {
        self.named(ObjectClass::Relation, schema, name).first().and_then(|oid| self.relation(*oid))
    }

    pub fn type_named(&self, schema: Oid, name: &str) -> Option<&Arc<Type>> {
        self.named(ObjectClass::Type, schema, name).first().and_then(|oid| self.type_(*oid))
    }

    pub fn role_named(&self, name: &str) -> Option<&Arc<Role>> {
        self.named(ObjectClass::Role, 0, name).first().and_then(|oid| self.role(*oid))
    }

    /// The cast from one type to another, if one is declared.
    pub fn cast_between(&self, source: Oid, target: Oid) -> Option<&Arc<Cast>> {
        self.named(ObjectClass::Cast, source, &target.to_string())
            .first()
            .and_then(|oid| self.cast(*oid))
    }

    /// Adds, replaces or removes one object.
    pub fn apply(&mut self, change: &Change) {
        if let Some(old) = self.objects.get(&change.key).cloned() {
            self.forget_name(&change.key, &old);
            self.objects.remove_mut(&change.key);
        }
        if let Some(object) = &change.object {
            self.learn_name(&change.key, object);
            self.objects.insert_mut(change.key, object.clone());
        }
        self.derived = derived::Derived::default();
        self.version += 1;
    }

    fn learn_name(&mut self, key: &ObjectKey, object: &Object) {
        let Some(name) = object.name_key() else { return };
        let mut oids = self.names.get(&name).map(|oids| oids.to_vec()).unwrap_or_default();
        oids.push(key.oid);
        self.names.insert_mut(name, Arc::new(oids));
    }

    fn forget_name(&mut self, key: &ObjectKey, object: &Object) {
        let Some(name) = object.name_key() else { return };
        let mut oids = self.names.get(&name).map(|oids| oids.to_vec()).unwrap_or_default();
        oids.retain(|oid| *oid != key.oid);
        if oids.is_empty() {
            self.names.remove_mut(&name);
        } else {
            self.names.insert_mut(name, Arc::new(oids));
        }
    }
}

impl Object {
    fn name_key(&self) -> Option<NameKey> {
        let key =
            |class, schema, name: &str| Some(NameKey { class, schema, name: name.to_owned() });
        match self {
            Object::Schema(o) => key(ObjectClass::Schema, 0, &o.name),
            Object::Relation(o) => key(ObjectClass::Relation, o.schema, &o.name),
            Object::Type(o) => key(ObjectClass::Type, o.schema, &o.name),
            Object::Function(o) => key(ObjectClass::Function, o.schema, &o.name),
            Object::Aggregate(_) => None,
            Object::Operator(o) => key(ObjectClass::Operator, o.schema, &o.name),
            Object::Cast(o) => key(ObjectClass::Cast, o.source, &o.target.to_string()),
            Object::Constraint(_) => None,
            Object::Role(o) => key(ObjectClass::Role, 0, &o.name),
            Object::Database(o) => key(ObjectClass::Database, 0, &o.name),
            Object::OperatorClass(_) => None,
            Object::Collation(o) => key(ObjectClass::Collation, o.schema, &o.name),
        }
    }
}
