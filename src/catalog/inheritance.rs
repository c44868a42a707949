//! Inheritance and partitioning: who is whose child (`pg_inherits`,
//! `pg_partitioned_table`).
//!
//! A child names its parents; the catalog keeps the other direction beside it, so
//! that a table without children costs one look into a map. Columns and constraints
//! of parents and children belong together by name; each counts the parents that it
//! comes from (`attinhcount`, `coninhcount`) and whether it is also its own.
//!
//! A partitioned table is a table without rows. An index of a partitioned table is
//! an index without entries, the parent of one index of each partition.

use std::sync::Arc;

use rpds::HashTrieMapSync;
use serde::{Deserialize, Serialize};

use super::{Catalog, Constraint, Object, Relation, RelationKind};
use crate::sql::types::{Oid, SqlType};

/// What a relation inherits from, and how it is partitioned.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Inheritance {
    /// In the order of `inhseqno`.
    pub parents: Vec<Oid>,
    /// Set for a partitioned table.
    #[serde(default)]
    pub key: Option<PartitionKey>,
    /// Set for a partition: `relpartbound`.
    #[serde(default)]
    pub bound: Option<PartitionBound>,
    /// An index of a partitioned table: it has no entries.
    #[serde(default)]
    pub index_of_partitioned: bool,
    /// A partition, or its part of an index, that DETACH CONCURRENTLY has begun to take
    /// from its parent: `inhdetachpending`. It is no child any more, but those who began
    /// before may know it as one.
    #[serde(default)]
    pub detaching: bool,
}

/// Where a column or a constraint comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Inherited {
    /// From how many parents: `attinhcount`, `coninhcount`.
    pub count: i16,
    /// It was also declared for the table itself: `attislocal`, `conislocal`.
    pub local: bool,
}

impl Default for Inherited {
    fn default() -> Inherited {
        Inherited { count: 0, local: true }
    }
}

impl Inherited {
    /// What comes from one parent alone.
    pub fn from_parent() -> Inherited {
        Inherited { count: 1, local: false }
    }

    /// One parent less; what has none left is the table's own.
    pub fn forget_parent(&mut self) {
        self.count = (self.count - 1).max(0);
        self.local |= self.count == 0;
    }
}

/// `pg_partitioned_table`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartitionKey {
    pub strategy: PartitionStrategy,
    pub columns: Vec<PartitionColumn>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PartitionStrategy {
    List,
    Range,
    Hash,
}

impl PartitionStrategy {
    /// `partstrat`.
    pub fn letter(self) -> char {
        match self {
            PartitionStrategy::List => 'l',
            PartitionStrategy::Range => 'r',
            PartitionStrategy::Hash => 'h',
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            PartitionStrategy::List => "LIST",
            PartitionStrategy::Range => "RANGE",
            PartitionStrategy::Hash => "HASH",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartitionColumn {
    /// Attribute number, or 0 for an expression.
    pub column: i16,
    /// The expression in SQL when `column` is 0.
    pub expression: Option<String>,
    pub ty: SqlType,
    pub opclass: Oid,
    pub collation: Oid,
}

/// FOR VALUES; the values are in their types' text form.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum PartitionBound {
    Default,
    /// `None` is NULL.
    List(Vec<Option<String>>),
    Range {
        from: Vec<RangeDatum>,
        to: Vec<RangeDatum>,
    },
    Hash {
        modulus: u32,
        remainder: u32,
    },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum RangeDatum {
    MinValue,
    Value(String),
    MaxValue,
}

impl Relation {
    pub fn is_partitioned(&self) -> bool {
        self.inheritance.key.is_some()
    }

    /// `relispartition`: of a table or of an index.
    pub fn is_partition(&self) -> bool {
        self.inheritance.bound.is_some()
            || matches!(self.kind, RelationKind::Index(_)) && !self.inheritance.parents.is_empty()
    }

    /// The position of the live column of this name.
    pub fn column_position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| !column.dropped && column.name == name)
    }

    /// The same columns of another relation, by name.
    pub fn same_columns(&self, attnums: &[i16], other: &Relation) -> Option<Vec<i16>> {
        let same = |attnum: &i16| {
            let column = self.columns.get(usize::try_from(*attnum - 1).ok()?)?;
            i16::try_from(other.column_position(&column.name)? + 1).ok()
        };
        attnums.iter().map(same).collect()
    }
}

/// The children of every relation that has some, in the order of their OIDs.
#[derive(Clone, Default)]
pub(super) struct Children(HashTrieMapSync<Oid, Arc<Vec<Oid>>>);

impl Children {
    pub fn learn(&mut self, object: &Object) {
        let Object::Relation(relation) = object else { return };
        if relation.inheritance.detaching {
            return;
        }
        for parent in &relation.inheritance.parents {
            let mut children = self.of(*parent).to_vec();
            if let Err(at) = children.binary_search(&relation.oid) {
                children.insert(at, relation.oid);
            }
            self.0.insert_mut(*parent, Arc::new(children));
        }
    }

    pub fn forget(&mut self, object: &Object) {
        let Object::Relation(relation) = object else { return };
        for parent in &relation.inheritance.parents {
            let mut children = self.of(*parent).to_vec();
            children.retain(|child| *child != relation.oid);
            match children.is_empty() {
                true => self.0.remove_mut(parent),
                false => {
                    self.0.insert_mut(*parent, Arc::new(children));
                    true
                }
            };
        }
    }

    fn of(&self, parent: Oid) -> &[Oid] {
        self.0.get(&parent).map(|children| children.as_slice()).unwrap_or_default()
    }
}

impl Catalog {
    /// The relations that inherit from one directly, in the order of OIDs, without a
    /// partition that is being detached.
    pub fn children(&self, parent: Oid) -> &[Oid] {
        self.children.of(parent)
    }

    /// The relation and all that inherit from it, each once, parents first.
    pub fn with_descendants(&self, oid: Oid) -> Vec<Oid> {
        let mut found = vec![oid];
        let mut at = 0;
        while let Some(parent) = found.get(at) {
            for child in self.children(*parent) {
                if !found.contains(child) {
                    found.push(*child);
                }
            }
            at += 1;
        }
        found
    }

    /// As [`Catalog::with_descendants`], without the temporary tables of other sessions
    /// than the one with this pid.
    pub fn with_descendants_for(&self, oid: Oid, pid: i32) -> Vec<Oid> {
        let mut found = self.with_descendants(oid);
        found.retain(|oid| {
            !self.relation(*oid).is_some_and(|relation| relation.persistence.is_of_another(pid))
        });
        found
    }

    /// A partition's partitioned tables, the nearest first.
    pub fn partition_ancestors(&self, relation: &Relation) -> Vec<Oid> {
        let mut found = Vec::new();
        let is_part = relation.is_partition() && !relation.inheritance.detaching;
        let mut next = is_part.then(|| relation.inheritance.parents.first());
        while let Some(Some(parent)) = next {
            found.push(*parent);
            next = self
                .relation(*parent)
                .filter(|parent| parent.is_partition() && !parent.inheritance.detaching)
                .map(|parent| parent.inheritance.parents.first());
        }
        found
    }

    /// The constraint of this name on a table.
    pub fn constraint_named(&self, table: &Relation, name: &str) -> Option<&Arc<Constraint>> {
        let constraints = table.constraints.iter().filter_map(|oid| self.constraint(*oid));
        constraints.into_iter().find(|constraint| constraint.name == name)
    }

    /// The partition that is being detached from a partitioned table; there is one at most.
    pub fn detaching_partition(&self, table: Oid) -> Option<&Arc<Relation>> {
        self.relations().find(|relation| {
            relation.inheritance.detaching
                && relation.is_partition()
                && relation.inheritance.parents.contains(&table)
        })
    }

    /// The default partition of a partitioned table.
    pub fn default_partition(&self, table: Oid) -> Option<&Arc<Relation>> {
        let children = self.children(table).iter().filter_map(|oid| self.relation(*oid));
        children.into_iter().find(|c| c.inheritance.bound == Some(PartitionBound::Default))
    }
}
