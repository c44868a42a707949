//! A condition that a reader of a system relation already knows, so that the
//! rows of one table's columns are made without making everyone's.

use std::sync::Arc;

use crate::catalog::{Catalog, Constraint, Function, ObjectClass, Relation, Type};
use crate::sql::types::{Datum, Oid};

/// `column IN (values)`. It is a hint: a relation may answer more rows, and the
/// reader filters again.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    pub column: &'a str,
    pub values: &'a [Datum],
}

impl<'a> Lookup<'a> {
    /// The OIDs asked for, when the condition is on one of these columns.
    pub fn oids(self, columns: &[&str]) -> Option<Vec<Oid>> {
        if !columns.contains(&self.column) {
            return None;
        }
        let oid = |value: &Datum| match value {
            Datum::Oid(oid) => Some(*oid),
            Datum::Int4(oid) => u32::try_from(*oid).ok(),
            Datum::Int8(oid) => u32::try_from(*oid).ok(),
            _ => None,
        };
        let mut oids: Vec<Oid> = self.values.iter().filter_map(oid).collect();
        oids.sort_unstable();
        oids.dedup();
        Some(oids)
    }

    /// The names asked for, when the condition is on this column.
    pub fn names(self, column: &str) -> Option<Vec<&'a str>> {
        let name = |value: &'a Datum| match value {
            Datum::Text(name) => Some(name.as_str()),
            _ => None,
        };
        (self.column == column).then(|| self.values.iter().filter_map(name).collect())
    }
}

/// Objects that a lookup asks for, or all.
pub type Found<'a, T> = Box<dyn Iterator<Item = &'a Arc<T>> + 'a>;

impl Catalog {
    pub(super) fn find_relations(
        &self,
        lookup: Option<Lookup<'_>>,
        oid_column: &str,
        name_column: &str,
    ) -> Found<'_, Relation> {
        match self.wanted(lookup, ObjectClass::Relation, oid_column, name_column) {
            Some(oids) => Box::new(oids.into_iter().filter_map(|oid| self.relation(oid))),
            None => Box::new(self.relations()),
        }
    }

    pub(super) fn find_types(&self, lookup: Option<Lookup<'_>>) -> Found<'_, Type> {
        match self.wanted(lookup, ObjectClass::Type, "oid", "typname") {
            Some(oids) => Box::new(oids.into_iter().filter_map(|oid| self.type_(oid))),
            None => Box::new(self.types()),
        }
    }

    pub(super) fn find_functions(&self, lookup: Option<Lookup<'_>>) -> Found<'_, Function> {
        match self.wanted(lookup, ObjectClass::Function, "oid", "proname") {
            Some(oids) => Box::new(oids.into_iter().filter_map(|oid| self.function(oid))),
            None => Box::new(self.functions()),
        }
    }

    /// Constraints by OID or by the table they are on.
    pub(super) fn find_constraints(&self, lookup: Option<Lookup<'_>>) -> Found<'_, Constraint> {
        if let Some(oids) = lookup.and_then(|lookup| lookup.oids(&["oid"])) {
            return Box::new(oids.into_iter().filter_map(|oid| self.constraint(oid)));
        }
        if let Some(domains) = lookup.and_then(|lookup| lookup.oids(&["contypid"])) {
            let mut found: Vec<_> =
                self.constraints().filter(|c| domains.contains(&c.domain())).collect();
            found.sort_by(|a, b| (a.domain(), &a.name).cmp(&(b.domain(), &b.name)));
            return Box::new(found.into_iter());
        }
        match lookup.and_then(|lookup| lookup.oids(&["conrelid"])) {
            // Domains' constraints are on no table.
            Some(tables) if tables.contains(&0) => Box::new(self.constraints()),
            Some(tables) => Box::new(
                tables
                    .into_iter()
                    .filter_map(|oid| self.relation(oid))
                    .flat_map(|table| table.constraints.iter())
                    .filter_map(|oid| self.constraint(*oid)),
            ),
            None => {
                // Those of domains in the order of their names, as they are checked.
                let mut all: Vec<_> = self.constraints().collect();
                all.sort_by_key(|c| (c.domain() != 0, c.domain()));
                let start = all.partition_point(|c| c.domain() == 0);
                all[start..].sort_by(|a, b| (a.domain(), &a.name).cmp(&(b.domain(), &b.name)));
                Box::new(all.into_iter())
            }
        }
    }

    fn wanted(
        &self,
        lookup: Option<Lookup<'_>>,
        class: ObjectClass,
        oid_column: &str,
        name_column: &str,
    ) -> Option<Vec<Oid>> {
        let lookup = lookup?;
        lookup.oids(&[oid_column]).or_else(|| {
            let names = lookup.names(name_column)?;
            let schemas: Vec<Oid> = self.schemas().map(|schema| schema.oid).collect();
            let named = |name: &&str| {
                let in_schema = |schema: &Oid| self.named(class, *schema, name).to_vec();
                schemas.iter().flat_map(in_schema).collect::<Vec<Oid>>()
            };
            let mut oids: Vec<Oid> = names.iter().flat_map(named).collect();
            oids.sort_unstable();
            oids.dedup();
            Some(oids)
        })
    }
}
