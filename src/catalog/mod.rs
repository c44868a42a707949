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

pub mod acl;
mod available;
mod bootstrap;
mod cluster;
pub mod deparse;
mod depend;
mod derived;
mod extended_statistics;
pub mod functions;
mod inheritance;
mod keyword;
mod names;
mod object;
mod quote;
mod reg;
pub mod relation_oid;
mod repr;
mod row_security;
mod store;
mod syntax;
pub mod system;
mod type_name;
mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};
use serde::{Deserialize, Serialize};

pub use acl::{AccessList, AclItem, DefaultPrivileges};
pub use available::{Available, Script, available};
pub use bootstrap::bootstrap;
pub use cluster::{Cluster, NewDatabase};
pub use depend::*;
pub use extended_statistics::*;
pub use inheritance::*;
pub use keyword::*;
pub use names::*;
pub use object::*;
pub use quote::{quote_identifier, quote_literal, quote_qualified};
pub use row_security::{Policies, RowSecurityState};
pub use store::*;
pub use type_name::*;
pub use view::{CheckOption, Updatable, boolean};

use crate::sql::types::{Oid, oid};

/// Everything that exists in one database, at one point in time.
///
/// Every distinct value has its own `version`, also the copies of transactions
/// that run DDL, so a version keys plan caches.
#[derive(Clone, Default)]
pub struct Catalog {
    pub version: u64,
    /// OID of the database; 0 for the objects of none.
    pub database: Oid,
    objects: RedBlackTreeMapSync<ObjectKey, Object>,
    names: HashTrieMapSync<NameKey, Arc<Vec<Oid>>>,
    children: inheritance::Children,
    derived: derived::Derived,
    counters: Arc<Counters>,
}

/// Shared by all copies of all catalogs of one server.
struct Counters {
    next_oid: AtomicU32,
    next_version: AtomicU64,
}

impl std::default::Default for Counters {
    fn default() -> Counters {
        Counters { next_oid: AtomicU32::new(oid::FIRST_NORMAL), next_version: AtomicU64::new(1) }
    }
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
    OperatorFamily,
    AccessMethod,
    Extension,
    Comment,
    References,
    Statistics,
    Trigger,
    Rule,
    AccessList,
    DefaultPrivileges,
    Policy,
    ExtendedStatistics,
    Settings,
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
    OperatorFamily(Arc<OperatorFamily>),
    AccessMethod(Arc<AccessMethod>),
    Extension(Arc<Extension>),
    /// Keyed by the comment's own number.
    Comment(Arc<Comment>),
    /// Keyed by the dependent object's OID.
    References(Arc<References>),
    /// Keyed by its table's OID.
    Statistics(Arc<Statistics>),
    Trigger(Arc<Trigger>),
    Rule(Arc<Rule>),
    /// Keyed by the list's own number.
    AccessList(Arc<AccessList>),
    DefaultPrivileges(Arc<DefaultPrivileges>),
    Policy(Arc<Policy>),
    ExtendedStatistics(Arc<ExtendedStatistics>),
    /// Keyed by their own number.
    Settings(Arc<Settings>),
}

/// One step of DDL: the object as it is now, or gone.
#[derive(Clone, Debug)]
pub struct Change {
    pub key: ObjectKey,
    pub object: Option<Object>,
    /// The object belongs to no database.
    pub shared: bool,
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
    OperatorFamily, operator_family, operator_families, "operator family";
    AccessMethod, access_method, access_methods, "access method";
    Extension, extension, extensions, "extension";
    Comment, comment, comments, "comment";
    References, references, all_references, "object's references (by the dependent object's OID)";
    Statistics, statistics, all_statistics, "table's statistics (by its OID)";
    Trigger, trigger, triggers, "trigger";
    Rule, rule, rules, "rewrite rule";
    AccessList, access_list, access_lists, "access control list";
    DefaultPrivileges, default_privileges, all_default_privileges, "default privileges";
    Policy, policy, policies, "policy";
    ExtendedStatistics, extended_statistics, all_extended_statistics, "statistics object";
    Settings, settings, all_settings, "settings of a database, a role or both";
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

    pub fn database_named(&self, name: &str) -> Option<&Arc<Database>> {
        self.named(ObjectClass::Database, 0, name).first().and_then(|oid| self.database(*oid))
    }

    /// The settings of a database (0: all) and a role (0: all).
    pub fn settings_of(&self, database: Oid, role: Oid) -> Option<&Arc<Settings>> {
        self.named(ObjectClass::Settings, database, &role.to_string())
            .first()
            .and_then(|oid| self.settings(*oid))
    }

    pub fn access_method_named(&self, name: &str) -> Option<&Arc<AccessMethod>> {
        self.named(ObjectClass::AccessMethod, 0, name).first().and_then(|o| self.access_method(*o))
    }

    pub fn extension_named(&self, name: &str) -> Option<&Arc<Extension>> {
        self.named(ObjectClass::Extension, 0, name).first().and_then(|o| self.extension(*o))
    }

    /// Whether an object is there.
    pub fn has_object(&self, key: ObjectKey) -> bool {
        self.objects.get(&key).is_some()
    }

    /// The comment on an object or, with `sub`, on a column.
    pub fn comment_on(&self, on: ObjectAddress) -> Option<&Arc<Comment>> {
        self.named(ObjectClass::Comment, on.oid, &comment_name(on))
            .first()
            .and_then(|oid| self.comment(*oid))
    }

    /// The access control list of an object or, with `sub`, of a column.
    pub fn access_list_on(&self, on: ObjectAddress) -> Option<&Arc<AccessList>> {
        self.named(ObjectClass::AccessList, on.oid, &comment_name(on))
            .first()
            .and_then(|oid| self.access_list(*oid))
    }

    /// The composite type of a relation's rows, or 0.
    pub fn row_type(&self, relation: &Relation) -> Oid {
        self.type_named(relation.schema, &relation.name)
            .filter(
                |ty| matches!(ty.kind, TypeKind::Composite { relation: of } if of == relation.oid),
            )
            .map_or(oid::INVALID, |ty| ty.oid)
    }

    /// The foreign keys of other tables (or its own) that point at a table.
    pub fn referencing(&self, table: Oid) -> impl Iterator<Item = &Arc<Constraint>> {
        self.constraints().filter(move |constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => key.referenced_table == table,
            _ => false,
        })
    }

    /// Whether a foreign key's row only stands for one partition of the table that the
    /// key above it refers to. Its work is done by the key above.
    pub fn is_referenced_part(&self, constraint: &Constraint) -> bool {
        constraint.parent != 0
            && self
                .constraint(constraint.parent)
                .is_some_and(|above| above.is_foreign_key() && above.table == constraint.table)
    }

    /// The row of a foreign key that stands for a partition of the table it refers to.
    pub fn referenced_part(&self, key: &Constraint, partition: Oid) -> Option<&Arc<Constraint>> {
        self.referencing(partition).find(|part| {
            part.table == key.table && part.oid != key.oid && self.top_key(part).oid == key.oid
        })
    }

    /// The foreign key that the parts of a table refer to are parts of.
    pub fn top_key<'c>(&'c self, mut part: &'c Constraint) -> &'c Constraint {
        while self.is_referenced_part(part)
            && let Some(above) = self.constraint(part.parent)
        {
            part = above;
        }
        part
    }

    /// The sequence that a serial or identity column owns.
    pub fn owned_sequence(&self, table: Oid, column: i16) -> Option<&Arc<Relation>> {
        self.relations().find(|relation| match &relation.kind {
            RelationKind::Sequence(sequence) => sequence.owned_by == Some((table, column)),
            _ => false,
        })
    }

    /// The triggers of a table, in the order of their names.
    pub fn triggers_of(&self, table: Oid) -> Vec<Arc<Trigger>> {
        let mut found: Vec<Arc<Trigger>> =
            self.triggers().filter(|trigger| trigger.table == table).cloned().collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    pub fn trigger_named(&self, table: Oid, name: &str) -> Option<&Arc<Trigger>> {
        self.named(ObjectClass::Trigger, table, name).first().and_then(|oid| self.trigger(*oid))
    }

    /// The policies of a table, in the order of their names.
    pub fn policies_of(&self, table: Oid) -> Vec<Arc<Policy>> {
        let mut found: Vec<Arc<Policy>> =
            self.policies().filter(|policy| policy.table == table).cloned().collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// The rules of a relation, in the order of their names; a view's own is not one.
    pub fn rules_of(&self, table: Oid) -> Vec<Arc<Rule>> {
        let mut found: Vec<Arc<Rule>> =
            self.rules().filter(|rule| rule.table == table).cloned().collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    pub fn policy_named(&self, table: Oid, name: &str) -> Option<&Arc<Policy>> {
        self.named(ObjectClass::Policy, table, name).first().and_then(|oid| self.policy(*oid))
    }

    pub fn rule_named(&self, table: Oid, name: &str) -> Option<&Arc<Rule>> {
        self.named(ObjectClass::Rule, table, name).first().and_then(|oid| self.rule(*oid))
    }

    pub fn object(&self, key: ObjectKey) -> Option<&Object> {
        self.objects.get(&key)
    }

    /// A fresh OID for a user's object. Copies of one catalog share the counter,
    /// so transactions running side by side never take the same one.
    pub fn next_oid(&self) -> Oid {
        let oid = self.counters.next_oid.fetch_add(1, Ordering::Relaxed);
        assert!(oid >= oid::FIRST_NORMAL, "the 4 billion OIDs are used up");
        oid
    }

    /// The OID that `next_oid` would answer: what is written at commit.
    pub fn oid_counter(&self) -> Oid {
        self.counters.next_oid.load(Ordering::Relaxed)
    }

    /// Never hand out OIDs below this again.
    pub fn raise_oid_counter(&self, next: Oid) {
        self.counters.next_oid.fetch_max(next, Ordering::Relaxed);
    }

    /// This catalog with counters of its own: the start of another server.
    fn detached(&self) -> Catalog {
        Catalog { counters: Arc::new(Counters::default()), version: 0, ..self.clone() }
    }

    /// Adds, replaces or removes one object.
    pub fn apply(&mut self, change: &Change) {
        if let Some(old) = self.objects.get(&change.key).cloned() {
            self.forget_name(&change.key, &old);
            self.children.forget(&old);
            self.objects.remove_mut(&change.key);
        }
        if let Some(object) = &change.object {
            self.learn_name(&change.key, object);
            self.children.learn(object);
            self.objects.insert_mut(change.key, object.clone());
        }
        self.derived = derived::Derived::default();
        self.version = self.counters.next_version.fetch_add(1, Ordering::Relaxed);
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
    /// The name it goes by; more than one object may have it only among functions,
    /// operators and their like.
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
            Object::OperatorClass(o) => key(ObjectClass::OperatorClass, o.schema, &o.name),
            Object::Collation(o) => key(ObjectClass::Collation, o.schema, &o.name),
            Object::OperatorFamily(o) => key(ObjectClass::OperatorFamily, o.schema, &o.name),
            Object::AccessMethod(o) => key(ObjectClass::AccessMethod, 0, &o.name),
            Object::Extension(o) => key(ObjectClass::Extension, 0, &o.name),
            Object::Comment(o) => key(ObjectClass::Comment, o.on.oid, &comment_name(o.on)),
            Object::References(_) => None,
            Object::Statistics(_) => None,
            // Found by its table's OID in the place of a schema.
            Object::Trigger(o) => key(ObjectClass::Trigger, o.table, &o.name),
            Object::Rule(o) => key(ObjectClass::Rule, o.table, &o.name),
            Object::AccessList(o) => key(ObjectClass::AccessList, o.on.oid, &comment_name(o.on)),
            Object::DefaultPrivileges(_) => None,
            Object::Policy(o) => key(ObjectClass::Policy, o.table, &o.name),
            Object::ExtendedStatistics(o) => {
                key(ObjectClass::ExtendedStatistics, o.schema, &o.name)
            }
            // Found by the database's OID in the place of a schema.
            Object::Settings(o) => key(ObjectClass::Settings, o.database, &o.role.to_string()),
        }
    }

    /// The schema that it lives in, or is.
    pub fn schema(&self) -> Option<Oid> {
        match self {
            Object::Schema(o) => Some(o.oid),
            Object::Relation(o) => Some(o.schema),
            Object::Type(o) => Some(o.schema),
            Object::Function(o) => Some(o.schema),
            Object::Operator(o) => Some(o.schema),
            Object::OperatorClass(o) => Some(o.schema),
            Object::OperatorFamily(o) => Some(o.schema),
            Object::Collation(o) => Some(o.schema),
            _ => None,
        }
    }

    /// Where the catalog keeps this object.
    pub fn key(&self) -> ObjectKey {
        let (class, oid) = match self {
            Object::Schema(o) => (ObjectClass::Schema, o.oid),
            Object::Relation(o) => (ObjectClass::Relation, o.oid),
            Object::Type(o) => (ObjectClass::Type, o.oid),
            Object::Function(o) => (ObjectClass::Function, o.oid),
            Object::Aggregate(o) => (ObjectClass::Aggregate, o.function),
            Object::Operator(o) => (ObjectClass::Operator, o.oid),
            Object::Cast(o) => (ObjectClass::Cast, o.oid),
            Object::Constraint(o) => (ObjectClass::Constraint, o.oid),
            Object::Role(o) => (ObjectClass::Role, o.oid),
            Object::Database(o) => (ObjectClass::Database, o.oid),
            Object::OperatorClass(o) => (ObjectClass::OperatorClass, o.oid),
            Object::Collation(o) => (ObjectClass::Collation, o.oid),
            Object::OperatorFamily(o) => (ObjectClass::OperatorFamily, o.oid),
            Object::AccessMethod(o) => (ObjectClass::AccessMethod, o.oid),
            Object::Extension(o) => (ObjectClass::Extension, o.oid),
            Object::Comment(o) => (ObjectClass::Comment, o.oid),
            Object::References(o) => (ObjectClass::References, o.oid),
            Object::Statistics(o) => (ObjectClass::Statistics, o.table),
            Object::Trigger(o) => (ObjectClass::Trigger, o.oid),
            Object::Rule(o) => (ObjectClass::Rule, o.oid),
            Object::AccessList(o) => (ObjectClass::AccessList, o.oid),
            Object::DefaultPrivileges(o) => (ObjectClass::DefaultPrivileges, o.oid),
            Object::Policy(o) => (ObjectClass::Policy, o.oid),
            Object::ExtendedStatistics(o) => (ObjectClass::ExtendedStatistics, o.oid),
            Object::Settings(o) => (ObjectClass::Settings, o.oid),
        };
        ObjectKey { class, oid }
    }
}

/// Objects are found by name within a schema; a comment by class and column
/// within its object.
fn comment_name(on: ObjectAddress) -> String {
    format!("{}/{}", on.class, on.sub)
}

/// Generates `From<T> for Object` and `Change::put`'s argument forms.
macro_rules! into_object {
    ($($class:ident)*) => {
        $(impl From<$class> for Object {
            fn from(object: $class) -> Object {
                Object::$class(Arc::new(object))
            }
        })*
    };
}

into_object! {
    Schema Relation Type Function Aggregate Operator Cast Constraint Role Database
    OperatorClass Collation OperatorFamily AccessMethod Extension Comment References Statistics
    Trigger Rule
    AccessList DefaultPrivileges Policy ExtendedStatistics Settings
}

impl Change {
    /// The object as it is from now on.
    pub fn put(object: impl Into<Object>) -> Change {
        let object = object.into();
        let shared = object.is_shared();
        Change { key: object.key(), object: Some(object), shared }
    }

    /// The object is gone. Of a comment or an access control list only
    /// [`Change::settle`] knows whether it belonged to no database.
    pub fn remove(class: ObjectClass, oid: Oid) -> Change {
        use ObjectClass as Class;
        let shared = matches!(class, Class::Role | Class::Database | Class::Settings);
        Change { key: ObjectKey { class, oid }, object: None, shared }
    }
}
