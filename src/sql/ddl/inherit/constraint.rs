//! Constraints of a family of tables.

use std::sync::Arc;

use super::super::Ddl;
use super::attach::same_check;
use super::invalid;
use crate::catalog::{Constraint, Inherited, ObjectAddress, Relation};
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;

impl Ddl<'_> {
    /// Gives the children of a table the CHECK that it was given.
    pub async fn add_check_to_children(
        &mut self,
        table: Oid,
        check: &Arc<Constraint>,
        recurse: bool,
    ) -> Result<()> {
        if check.no_inherit {
            return Ok(());
        }
        if !recurse {
            return match self.has_children(table) {
                true => Err(invalid("constraint must be added to child tables too")),
                false => Ok(()),
            };
        }
        for child in self.locked_children(table).await? {
            let own = self.work.catalog.constraint_named(&child, &check.name).cloned();
            match own {
                Some(own) => {
                    let merged = self.merged_check(&child, &own, check)?;
                    let mut merged = merged;
                    merged.inherited.count += 1;
                    self.put(merged);
                }
                None => {
                    let inherited = Inherited::from_parent();
                    let own = self.put_inherited_check(child.oid, check, inherited)?;
                    if own.validated {
                        crate::table::verify::check(self.work, self.ctx, child.oid, &own).await?;
                    }
                    Box::pin(self.add_check_to_children(child.oid, &own, true)).await?;
                }
            }
        }
        Ok(())
    }

    /// A constraint of the name that is to be added, if the two may be one; the client
    /// is told so.
    pub fn merged_check(
        &self,
        relation: &Relation,
        own: &Constraint,
        new: &Constraint,
    ) -> Result<Constraint> {
        let (name, table) = (&own.name, &relation.name);
        if !same_check(own, new) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("constraint \"{name}\" for relation \"{table}\" already exists"),
            ));
        }
        let conflict = match (own.no_inherit, new.no_inherit, own.validated, new.validated) {
            (true, ..) => Some("non-inherited constraint"),
            (_, true, ..) if own.inherited.count > 0 => Some("inherited constraint"),
            (_, _, false, true) => Some("NOT VALID constraint"),
            _ => None,
        };
        if let Some(what) = conflict {
            return Err(Error::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                format!("constraint \"{name}\" conflicts with {what} on relation \"{table}\""),
            ));
        }
        self.notice(format!("merging constraint \"{name}\" with inherited definition"));
        Ok(own.clone())
    }

    /// The constraints that go with a parent's: of children that have it from nowhere
    /// else. The others count one parent less.
    pub async fn constraints_to_drop(
        &mut self,
        table: Oid,
        constraint: &Constraint,
        recurse: bool,
        found: &mut Vec<ObjectAddress>,
    ) -> Result<()> {
        found.push(constraint.address());
        // A partition's key goes with its table's.
        if !constraint.is_check() || constraint.no_inherit {
            return Ok(());
        }
        let relation = self.relation(table)?;
        let children = self.locked_children(table).await?;
        if relation.is_partitioned() && !children.is_empty() && !recurse {
            return Err(invalid(
                "cannot remove constraint from only the partitioned table when partitions exist",
            )
            .with_hint("Do not specify the ONLY keyword."));
        }
        for child in children {
            let own = self.work.catalog.constraint_named(&child, &constraint.name).cloned();
            let Some(own) = own.filter(|own| own.is_check() && own.inherited.count > 0) else {
                continue;
            };
            if recurse && own.inherited.count == 1 && !own.inherited.local {
                Box::pin(self.constraints_to_drop(child.oid, &own, true, found)).await?;
                continue;
            }
            let mut changed = (*own).clone();
            changed.inherited.count -= 1;
            changed.inherited.local |= !recurse;
            self.put(changed);
        }
        Ok(())
    }

    /// The tables where a constraint of this name is to be renamed.
    pub async fn renamed_constraints(
        &mut self,
        relation: &Relation,
        constraint: &Constraint,
        recurse: bool,
    ) -> Result<Vec<Oid>> {
        let name = &constraint.name;
        let mut family = vec![relation.oid];
        if constraint.is_check() && !constraint.no_inherit {
            if recurse {
                family.extend(self.locked_descendants(relation.oid).await?);
            } else if self.has_children(relation.oid) {
                return Err(invalid(format!(
                    "inherited constraint \"{name}\" must be renamed in child tables too"
                )));
            }
        }
        let mut found = Vec::new();
        for oid in &family {
            let table = self.relation(*oid)?;
            let Some(own) = self.work.catalog.constraint_named(&table, name) else { continue };
            let inside = table.inheritance.parents.iter().filter(|p| family.contains(p)).count();
            if usize::try_from(own.inherited.count).unwrap_or(0) > inside {
                return Err(invalid(format!("cannot rename inherited constraint \"{name}\"")));
            }
            found.push(own.oid);
        }
        Ok(found)
    }
}
