//! What a new database gets from its template: the objects, and what they have stored.
//!
//! Objects keep their OIDs, so nothing that one says of another needs to change. Each
//! relation that stores something gets a new storage id, under which its entries are
//! copied, at the newest committed state: nobody is in the template, so it stands still.
//! What is temporary is left out.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::Ddl;
use crate::catalog::{
    self, Change, NewDatabase, Object, ObjectAddress, Relation, RelationKind, relation_oid,
};
use crate::error::Result;
use crate::sql::types::Oid;
use crate::storage::key::Meta;
use crate::table::{SequenceState, sequence};
use crate::txn::{Copy, Keyspace, Value};

impl Ddl<'_> {
    /// Copies a template; blocks for as long as that takes.
    pub(super) fn copy_database(&mut self, template: Oid, database: Oid) -> Result<NewDatabase> {
        let newest = self.work.txn.newest();
        let rows = catalog::rows_of(&newest, template)?;
        let temporary = Temporary::among(rows.iter().map(|(_, change)| change));
        let (mut objects, mut copies) = (Vec::new(), Vec::new());
        for (_, change) in rows.into_iter().filter(|(_, change)| !temporary.has(change)) {
            objects.push(match &change.object {
                Some(Object::Relation(relation)) if relation.storage_id != 0 => {
                    let copied = self.copied_relation(relation, &mut copies)?;
                    Change::put(copied)
                }
                _ => change,
            });
        }
        // Its large objects.
        copies.push(Copy { keyspace: Keyspace::Rows, from: template, to: database });
        let session = self.ctx.eval.session.clone();
        let cancel = self.ctx.cancel.clone();
        let is_cancelled = move || cancel.is_cancelled() || session.is_cancelled();
        let counts = self.work.txn.copy_objects(&newest, &copies, &is_cancelled)?;
        for (storage, rows) in counts {
            self.work.table.count_rows(storage, rows);
        }
        Ok(NewDatabase { oid: database, objects })
    }

    /// A relation over a new storage id, and what is to be copied for it.
    fn copied_relation(
        &mut self,
        relation: &Arc<Relation>,
        copies: &mut Vec<Copy>,
    ) -> Result<Relation> {
        let (from, to) = (relation.storage_id, self.next_storage_id());
        match &relation.kind {
            RelationKind::Sequence(definition) => {
                let row = self.ctx.eval.session.stored_sequence(from, definition)?;
                let state = SequenceState { last_value: row.last_value, is_called: row.is_called };
                let value = Value::from(sequence::encode(state));
                self.work.txn.put(Keyspace::Meta, Meta::Sequence(to).key(), value)?;
            }
            RelationKind::Index(_) => copies.push(Copy { keyspace: Keyspace::Indexes, from, to }),
            _ => copies.push(Copy { keyspace: Keyspace::Rows, from, to }),
        }
        Ok(Relation { storage_id: to, ..(**relation).clone() })
    }
}

/// What sessions have made for themselves.
struct Temporary {
    schemas: HashSet<Oid>,
    relations: HashSet<Oid>,
}

impl Temporary {
    fn among<'c>(changes: impl Iterator<Item = &'c Change> + Clone) -> Temporary {
        let objects = changes.filter_map(|change| change.object.as_ref());
        let schemas: HashSet<Oid> = objects
            .clone()
            .filter_map(|object| match object {
                Object::Schema(schema) if catalog::is_temporary_schema(schema) => Some(schema.oid),
                _ => None,
            })
            .collect();
        let relations = objects
            .filter_map(|object| match object {
                Object::Relation(relation) if schemas.contains(&relation.schema) => {
                    Some(relation.oid)
                }
                _ => None,
            })
            .collect();
        Temporary { schemas, relations }
    }

    fn has(&self, change: &Change) -> bool {
        if self.schemas.is_empty() {
            return false;
        }
        let Some(object) = &change.object else { return false };
        let says = |on: ObjectAddress| match on.class {
            relation_oid::PG_CLASS => self.relations.contains(&on.oid),
            relation_oid::PG_NAMESPACE => self.schemas.contains(&on.oid),
            _ => false,
        };
        let table = match object {
            Object::Constraint(constraint) => constraint.table,
            Object::Trigger(trigger) => trigger.table,
            Object::Rule(rule) => rule.table,
            Object::Policy(policy) => policy.table,
            Object::Statistics(statistics) => statistics.table,
            Object::Comment(comment) if says(comment.on) => return true,
            Object::AccessList(list) if says(list.on) => return true,
            Object::References(references) => references.oid,
            _ => 0,
        };
        self.relations.contains(&table)
            || object.schema().is_some_and(|schema| self.schemas.contains(&schema))
    }
}
