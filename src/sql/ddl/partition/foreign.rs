//! Foreign keys of partitioned tables: each partition has one of its own, a part of
//! the table's. A foreign key that refers to a partitioned table has a row for each of
//! that table's partitions, too: it names the key in errors and ties it to the partition.

use std::sync::Arc;

use super::super::Ddl;
use crate::catalog::{Constraint, ConstraintKind, ForeignKey, Inherited, PartitionBound, Relation};
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::{Family, TableInfo, Writer, verify};
use crate::txn::LockMode;

impl Ddl<'_> {
    /// What PostgreSQL refuses of a foreign key of a partitioned table.
    pub fn require_spreadable(
        &self,
        relation: &Relation,
        referenced: &Relation,
        validated: bool,
        recurse: bool,
    ) -> Result<()> {
        if !relation.is_partitioned() {
            return Ok(());
        }
        let (table, other) = (&relation.name, &referenced.name);
        if !recurse {
            return Err(super::super::inherit::wrong_kind(format!(
                "cannot use ONLY for foreign key on partitioned table \"{table}\" referencing \
                 relation \"{other}\""
            )));
        }
        if !validated {
            return Err(super::super::inherit::wrong_kind(format!(
                "cannot add NOT VALID foreign key on partitioned table \"{table}\" referencing \
                 relation \"{other}\""
            ))
            .with_detail("This feature is not yet supported on partitioned tables."));
        }
        Ok(())
    }

    /// Gives the partitions of a table its new foreign key.
    pub async fn spread_foreign_key(&mut self, table: Oid, key: &Arc<Constraint>) -> Result<()> {
        if !self.relation(table)?.is_partitioned() {
            return Ok(());
        }
        for child in self.locked_children(table).await? {
            self.give_foreign_key(key, child.oid).await?;
        }
        Ok(())
    }

    /// Gives a foreign key a row for each partition of the table that it refers to.
    pub async fn spread_referenced(&mut self, key: &Arc<Constraint>) -> Result<()> {
        let ConstraintKind::ForeignKey(foreign) = &key.kind else { return Ok(()) };
        if !self.relation(foreign.referenced_table)?.is_partitioned() {
            return Ok(());
        }
        let mut children = self.locked_children(foreign.referenced_table).await?;
        // As PostgreSQL lists partitions, the default one is the last.
        children.sort_by_key(|child| child.inheritance.bound == Some(PartitionBound::Default));
        for child in children {
            self.put_referenced_part(key, &child).await?;
        }
        Ok(())
    }

    /// Gives the foreign keys that refer to a table a row for its new partition.
    pub async fn attach_referencing(&mut self, parent: &Relation, child: Oid) -> Result<()> {
        let catalog = self.work.catalog.clone();
        // Those of a partitioned table's partitions stand behind their table's.
        let is_first = |key: &&Arc<Constraint>| match catalog.constraint(key.parent) {
            Some(above) => match &above.kind {
                ConstraintKind::ForeignKey(above) => above.referenced_table != parent.oid,
                _ => true,
            },
            None => true,
        };
        for key in catalog.referencing(parent.oid).filter(is_first) {
            let child = self.relation(child)?;
            self.put_referenced_part(key, &child).await?;
        }
        Ok(())
    }

    async fn put_referenced_part(
        &mut self,
        above: &Arc<Constraint>,
        child: &Arc<Relation>,
    ) -> Result<()> {
        let ConstraintKind::ForeignKey(foreign) = &above.kind else { return Ok(()) };
        let referenced = self.relation(foreign.referenced_table)?;
        let columns = referenced.same_columns(&foreign.referenced_columns, child);
        let below = self.work.catalog.with_descendants(foreign.referenced_index);
        let index = child.indexes.iter().find(|index| below.contains(index)).copied();
        let relation = self.relation(above.table)?;
        let names: Vec<&str> = foreign
            .columns
            .iter()
            .map(|attnum| relation.columns[*attnum as usize - 1].name.as_str())
            .collect();
        let is_taken = |name: &str| self.constraint_on(relation.oid, name).is_some();
        let name = self.choose_name([&relation.name, &names.join("_")], "fkey", is_taken);
        let lost = || Error::internal("a partition lacks a column or an index of its table");
        let key = ForeignKey {
            referenced_table: child.oid,
            referenced_columns: columns.ok_or_else(lost)?,
            referenced_index: index.ok_or_else(lost)?,
            ..foreign.clone()
        };
        let part = Constraint {
            oid: self.next_oid(),
            name,
            kind: ConstraintKind::ForeignKey(key),
            inherited: Inherited::from_parent(),
            parent: above.oid,
            ..(**above).clone()
        };
        let part = self.attach(&relation, part);
        Box::pin(self.spread_referenced(&part)).await
    }

    /// A partition that goes its own way is not referred to any more.
    pub async fn detach_referencing(&mut self, child: Oid) -> Result<()> {
        let catalog = self.work.catalog.clone();
        let parts = catalog.referencing(child).filter(|key| catalog.is_referenced_part(key));
        let mut due: Vec<Arc<Constraint>> = parts.cloned().collect();
        while let Some(part) = due.pop() {
            due.extend(catalog.constraints().filter(|below| below.parent == part.oid).cloned());
            self.lock_relation(part.table, LockMode::AccessExclusive).await?;
            self.drop_one(part.address()).await?;
        }
        Ok(())
    }

    /// Gives a new partition its table's foreign keys.
    pub async fn attach_foreign_keys(&mut self, parent: &Relation, child: Oid) -> Result<()> {
        for oid in self.relation(parent.oid)?.constraints.clone() {
            let Some(key) = self.work.catalog.constraint(oid).cloned() else { continue };
            if key.is_foreign_key() && !self.work.catalog.is_referenced_part(&key) {
                self.require_not_referenced_by(child, &key)?;
                self.give_foreign_key(&key, child).await?;
            }
        }
        Ok(())
    }

    /// `0A000` if a table is to be a partition of one that refers to it.
    fn require_not_referenced_by(&self, child: Oid, key: &Constraint) -> Result<()> {
        match &key.kind {
            ConstraintKind::ForeignKey(foreign) if foreign.referenced_table == child => {
                Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!(
                        "cannot attach table \"{}\" as a partition because it is referenced by \
                         foreign key \"{}\"",
                        self.relation(child)?.name,
                        key.name
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    async fn give_foreign_key(&mut self, above: &Arc<Constraint>, child: Oid) -> Result<()> {
        let ConstraintKind::ForeignKey(key) = &above.kind else { return Ok(()) };
        let (table, relation) = (self.relation(above.table)?, self.relation(child)?);
        let own = |columns: &[i16]| {
            let found = table.same_columns(columns, &relation);
            found.ok_or_else(|| Error::internal("a column is not inherited"))
        };
        let key = ForeignKey {
            columns: own(&key.columns)?,
            delete_set_columns: own(&key.delete_set_columns)?,
            ..key.clone()
        };
        let same = |constraint: &&Arc<Constraint>| match &constraint.kind {
            ConstraintKind::ForeignKey(known) => {
                constraint.parent == 0
                    && constraint.deferrable == above.deferrable
                    && constraint.initially_deferred == above.initially_deferred
                    && constraint.validated
                    && known == &key
            }
            _ => false,
        };
        let constraints = relation.constraints.iter();
        let mut known = constraints.filter_map(|oid| self.work.catalog.constraint(*oid));
        if let Some(known) = known.find(same).cloned() {
            let inherited = Inherited { count: known.inherited.count + 1, local: false };
            self.put(Constraint { parent: above.oid, inherited, ..(*known).clone() });
            return Ok(());
        }
        let is_taken = |name: &str| self.constraint_on(child, name).is_some();
        let name = match is_taken(&above.name) {
            false => above.name.clone(),
            true => {
                let names: Vec<&str> = key
                    .columns
                    .iter()
                    .map(|attnum| relation.columns[*attnum as usize - 1].name.as_str())
                    .collect();
                self.choose_name([&relation.name, &names.join("_")], "fkey", is_taken)
            }
        };
        let constraint = Constraint {
            oid: self.next_oid(),
            schema: relation.schema,
            name,
            table: child,
            kind: ConstraintKind::ForeignKey(key),
            inherited: Inherited::from_parent(),
            parent: above.oid,
            ..(**above).clone()
        };
        let constraint = self.attach(&relation, constraint);
        if !relation.is_partitioned() {
            verify::foreign_key(self.work, self.ctx, child, &constraint).await?;
        }
        Box::pin(self.spread_foreign_key(child, &constraint)).await
    }

    /// A partition that goes its own way keeps its foreign keys.
    pub fn detach_foreign_keys(&mut self, child: Oid) -> Result<()> {
        for oid in self.relation(child)?.constraints.clone() {
            let Some(key) = self.work.catalog.constraint(oid).cloned() else { continue };
            let is_part = self.work.catalog.is_referenced_part(&key);
            if key.is_foreign_key() && key.parent != 0 && !is_part {
                let mut changed = (*key).clone();
                changed.parent = 0;
                changed.inherited.forget_parent();
                self.put(changed);
            }
        }
        Ok(())
    }

    /// `23503` if rows elsewhere refer to rows of a partition that is to be detached.
    pub async fn require_unreferenced(
        &mut self,
        parent: &Relation,
        child: &Relation,
    ) -> Result<()> {
        let mut above = vec![parent.oid];
        above.extend(self.work.catalog.partition_ancestors(parent));
        let family = match child.is_partitioned() {
            true => Family::of(&self.work.catalog, child.oid)?,
            false => Arc::new(Family::only(TableInfo::of(&self.work.catalog, child.oid)?)),
        };
        for member in &family.members {
            for foreign in &member.info.referencing {
                if !above.contains(&foreign.key.referenced_table) {
                    continue;
                }
                // Those who are about to refer to the partition are waited for.
                self.lock_relation(foreign.constraint.table, LockMode::Share).await?;
                let mut writer = Writer::new(self.work, self.ctx);
                if let Some((table, detail)) = writer.first_reference(&member.info, foreign).await?
                {
                    let part = self.work.catalog.referenced_part(&foreign.constraint, child.oid);
                    return Err(Error::new(
                        sqlstate::FOREIGN_KEY_VIOLATION,
                        format!(
                            "removing partition \"{}\" violates foreign key constraint \"{}\"",
                            child.name,
                            part.unwrap_or(&foreign.constraint).name
                        ),
                    )
                    .with_detail(format!(
                        "Key {detail} is still referenced from table \"{table}\"."
                    )));
                }
            }
        }
        Ok(())
    }
}
