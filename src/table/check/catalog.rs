//! The catalog: does everything exist that an object refers to.

use std::collections::HashMap;
use std::sync::Arc;

use super::Check;
use crate::catalog::{Catalog, ConstraintKind, Relation, RelationKind};
use crate::sql::types::Oid;

/// One complaint: the object's name and what is wrong.
type Complaints = Vec<(String, String)>;

impl Check<'_> {
    pub(super) fn catalog(&mut self) {
        let catalog = self.work.catalog.clone();
        let mut complaints = Vec::new();
        for relation in catalog.relations() {
            let name = self.name_of(relation);
            let mut say = |message: String| complaints.push((name.clone(), message));
            relation_refers(&catalog, relation, &mut say);
        }
        constraints(&catalog, &mut complaints);
        dependents(&catalog, &mut complaints);
        for (object, message) in complaints {
            self.report.error("catalog", &object, message);
        }
    }
}

impl Check<'_> {
    /// No two relations have the same storage, of whichever databases they are.
    pub(super) fn shared_storage(&mut self, catalogs: &[Arc<Catalog>]) {
        let mut owners: HashMap<u32, Oid> = HashMap::new();
        let relations = catalogs.iter().flat_map(|catalog| catalog.relations());
        for relation in relations.filter(|relation| relation.storage_id != 0) {
            if let Some(other) = owners.insert(relation.storage_id, relation.oid) {
                let message = format!("it has the storage of relation {other}");
                self.report.error("catalog", &relation.name, message);
            }
        }
    }
}

fn relation_refers(catalog: &Catalog, relation: &Arc<Relation>, say: &mut dyn FnMut(String)) {
    if catalog.schema(relation.schema).is_none() {
        say(format!("its schema {} does not exist", relation.schema));
    }
    if catalog.role(relation.owner).is_none() {
        say(format!("its owner {} does not exist", relation.owner));
    }
    for column in relation.columns.iter().filter(|column| !column.dropped) {
        if catalog.type_(column.ty.oid).is_none() {
            let (name, ty) = (&column.name, column.ty.oid);
            say(format!("the type {ty} of column \"{name}\" does not exist"));
        }
    }
    for index in &relation.indexes {
        match catalog.relation(*index).map(|index| &index.kind) {
            Some(RelationKind::Index(index)) if index.table == relation.oid => {}
            _ => say(format!("its index {index} does not exist")),
        }
    }
    for oid in &relation.constraints {
        match catalog.constraint(*oid) {
            Some(constraint) if constraint.table == relation.oid => {}
            _ => say(format!("its constraint {oid} does not exist")),
        }
    }
    for parent in &relation.inheritance.parents {
        if catalog.relation(*parent).is_none() {
            say(format!("its parent {parent} does not exist"));
        }
    }
    match &relation.kind {
        RelationKind::Index(index) => {
            let table = catalog.relation(index.table);
            if !table.is_some_and(|table| table.indexes.contains(&relation.oid)) {
                say(format!("its table {} does not know it", index.table));
            }
        }
        RelationKind::Sequence(sequence) => {
            if let Some((table, column)) = sequence.owned_by {
                let at = usize::try_from(column - 1).ok();
                let columns = catalog.relation(table).map(|table| &table.columns);
                let owner = columns.and_then(|columns| columns.get(at?));
                if owner.is_none_or(|column| column.dropped) {
                    say(format!("column {column} of table {table}, which owns it, does not exist"));
                }
            }
        }
        _ => {}
    }
}

fn constraints(catalog: &Catalog, complaints: &mut Complaints) {
    for constraint in catalog.constraints() {
        let mut say = |message: String| complaints.push((constraint.name.clone(), message));
        let table = catalog.relation(constraint.table);
        if constraint.table != 0 && table.is_none() {
            say(format!("its table {} does not exist", constraint.table));
        }
        let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
        for (what, oid) in [("table", key.referenced_table), ("index", key.referenced_index)] {
            if catalog.relation(oid).is_none() {
                say(format!("the {what} {oid} that it refers to does not exist"));
            }
        }
    }
}

/// Triggers, rules and policies.
fn dependents(catalog: &Catalog, complaints: &mut Complaints) {
    let triggers = catalog.triggers().map(|trigger| (&trigger.name, trigger.table));
    let rules = catalog.rules().map(|rule| (&rule.name, rule.table));
    let policies = catalog.policies().map(|policy| (&policy.name, policy.table));
    for (name, table) in triggers.chain(rules).chain(policies) {
        if catalog.relation(table).is_none() {
            complaints.push((name.clone(), format!("its table {table} does not exist")));
        }
    }
    for trigger in catalog.triggers() {
        if catalog.function(trigger.function).is_none() {
            let message = format!("its function {} does not exist", trigger.function);
            complaints.push((trigger.name.clone(), message));
        }
    }
}
