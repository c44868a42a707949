//! Who needs whom: the edges of `pg_depend`, and what DROP does with them.
//!
//! Most edges follow from the objects themselves (an index needs its table, a
//! column its type), so they are computed, never stored, and cannot go stale.
//! What only binding can tell, the columns and functions that an expression or
//! a view's query mentions, is stored beside the dependent object as
//! [`References`](super::References).
//!
//! An edge's kind decides what DROP of the referenced object does: `n` refuses
//! unless CASCADE, `a` drops the dependent too, `i` likewise, and the dependent
//! cannot be dropped alone. `e` is a member's edge to its extension, and counts as `i`.
//!
//! ```text
//! CREATE TABLE t (id serial PRIMARY KEY)
//!   default of t.id   a→ column t.id      default of t.id n→ sequence t_id_seq (stored)
//!   sequence t_id_seq a→ column t.id      constraint t_pkey a→ column t.id
//!   index t_pkey      i→ constraint t_pkey     type t i→ table t
//! ```
//!
//! Built-in objects are pinned: nothing records that it needs them.

mod describe;
mod drop;
mod edges;

#[cfg(test)]
mod tests;

pub use drop::{DropBehavior, DropPlan};

use super::{
    Constraint, Database, Extension, Function, ObjectAddress, ObjectClass, ObjectKey, Policy,
    Relation, Rule, Schema, Trigger, relation_oid,
};
use crate::sql::types::{Oid, oid};

/// `pg_rewrite` lists one `_RETURN` rule a view, whose OID is the view's plus this:
/// users' objects never reach it.
const RULE_OID_OFFSET: Oid = 0x8000_0000;

/// The same of the system's views, as initdb numbers them.
const BUILTIN_RULE_OFFSET: Oid = 3;

/// The OID of a view's `_RETURN` rule.
pub fn rule_of_view(view: Oid) -> Oid {
    match view < oid::FIRST_NORMAL {
        true => view + BUILTIN_RULE_OFFSET,
        false => view.wrapping_add(RULE_OID_OFFSET),
    }
}

/// The OID of the view whose `_RETURN` rule has this OID, if there is such a view.
pub fn view_of_rule(rule: Oid) -> Oid {
    match rule < oid::FIRST_NORMAL {
        true => rule.saturating_sub(BUILTIN_RULE_OFFSET),
        false => rule.wrapping_sub(RULE_OID_OFFSET),
    }
}

impl ObjectAddress {
    pub const fn new(class: Oid, oid: Oid) -> ObjectAddress {
        ObjectAddress { class, oid, sub: 0 }
    }

    pub const fn relation(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_CLASS, oid)
    }

    /// A column of a relation, by attribute number.
    pub const fn column(relation: Oid, attnum: i16) -> ObjectAddress {
        ObjectAddress { class: relation_oid::PG_CLASS, oid: relation, sub: attnum as i32 }
    }

    pub const fn type_(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_TYPE, oid)
    }

    pub const fn function(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_PROC, oid)
    }

    pub const fn constraint(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_CONSTRAINT, oid)
    }

    pub const fn schema(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_NAMESPACE, oid)
    }

    /// A column default, by `pg_attrdef.oid`.
    pub const fn default(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_ATTRDEF, oid)
    }

    /// The object without its column.
    pub fn whole(self) -> ObjectAddress {
        ObjectAddress { sub: 0, ..self }
    }

    /// Where the catalog keeps the object; `None` for parts of others (defaults).
    pub fn key(self) -> Option<ObjectKey> {
        let class = match self.class {
            relation_oid::PG_CLASS => ObjectClass::Relation,
            relation_oid::PG_TYPE => ObjectClass::Type,
            relation_oid::PG_PROC => ObjectClass::Function,
            relation_oid::PG_CONSTRAINT => ObjectClass::Constraint,
            relation_oid::PG_NAMESPACE => ObjectClass::Schema,
            relation_oid::PG_TRIGGER => ObjectClass::Trigger,
            relation_oid::PG_POLICY => ObjectClass::Policy,
            relation_oid::PG_STATISTIC_EXT => ObjectClass::ExtendedStatistics,
            relation_oid::PG_REWRITE if self.oid < RULE_OID_OFFSET => ObjectClass::Rule,
            relation_oid::PG_OPERATOR => ObjectClass::Operator,
            relation_oid::PG_CAST => ObjectClass::Cast,
            relation_oid::PG_COLLATION => ObjectClass::Collation,
            relation_oid::PG_OPCLASS => ObjectClass::OperatorClass,
            relation_oid::PG_OPFAMILY => ObjectClass::OperatorFamily,
            relation_oid::PG_AM => ObjectClass::AccessMethod,
            relation_oid::PG_EXTENSION => ObjectClass::Extension,
            relation_oid::PG_AUTHID => ObjectClass::Role,
            relation_oid::PG_DATABASE => ObjectClass::Database,
            _ => return None,
        };
        Some(ObjectKey { class, oid: self.oid })
    }
}

impl Relation {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::relation(self.oid)
    }
}

impl Constraint {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::constraint(self.oid)
    }
}

impl Rule {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_REWRITE, self.oid)
    }
}

impl Trigger {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_TRIGGER, self.oid)
    }
}

impl Policy {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_POLICY, self.oid)
    }
}

impl Function {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::function(self.oid)
    }
}

impl Database {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_DATABASE, self.oid)
    }
}

impl Extension {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_EXTENSION, self.oid)
    }
}

impl Schema {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::schema(self.oid)
    }
}
