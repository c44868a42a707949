//! Row triggers of partitioned tables: each partition has a copy of its own, which fires
//! for the rows that are written there.
//!
//! A copy goes with the trigger it is of (`tgparentid`): it is dropped, renamed and
//! switched with it, made when a table becomes a partition and dropped when it ceases to
//! be one. Statement-level triggers fire for the table that a statement names and have
//! no copies.

use std::sync::Arc;

use super::super::Ddl;
use crate::catalog::{Relation, Trigger};
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;

impl Ddl<'_> {
    /// Gives the partitions of a table its new trigger.
    pub async fn spread_trigger(&mut self, trigger: &Trigger, replace: bool) -> Result<()> {
        if !trigger.row || !self.relation(trigger.table)?.is_partitioned() {
            return Ok(());
        }
        for child in self.locked_children(trigger.table).await? {
            self.give_trigger(trigger, &child, replace).await?;
        }
        Ok(())
    }

    /// Gives a new partition its table's row triggers.
    pub async fn attach_triggers(&mut self, parent: &Relation, child: Oid) -> Result<()> {
        for trigger in self.work.catalog.triggers_of(parent.oid) {
            if trigger.row {
                let child = self.relation(child)?;
                self.give_trigger(&trigger, &child, false).await?;
            }
        }
        Ok(())
    }

    async fn give_trigger(
        &mut self,
        above: &Trigger,
        child: &Arc<Relation>,
        replace: bool,
    ) -> Result<()> {
        let existing = self.replaceable_trigger(child, &above.name, replace, true)?;
        let table = self.relation(above.table)?;
        let columns = table.same_columns(&above.columns, child);
        let mut constraint = above.constraint;
        if let Some(constraint) = &mut constraint {
            constraint.oid = self.next_oid();
        }
        let copy = Trigger {
            oid: existing.map_or_else(|| self.next_oid(), |old| old.oid),
            table: child.oid,
            columns: columns.ok_or_else(|| Error::internal("a column is not inherited"))?,
            constraint,
            parent: above.oid,
            ..above.clone()
        };
        self.put(copy.clone());
        Box::pin(self.spread_trigger(&copy, replace)).await
    }

    /// The copies of a trigger on its table's partitions, their tables locked.
    pub async fn trigger_copies(&mut self, trigger: &Trigger) -> Result<Vec<Arc<Trigger>>> {
        if !trigger.row || !self.relation(trigger.table)?.is_partitioned() {
            return Ok(Vec::new());
        }
        let children = self.locked_children(trigger.table).await?;
        let of_children = children.iter().flat_map(|c| self.work.catalog.triggers_of(c.oid));
        Ok(of_children.filter(|copy| copy.parent == trigger.oid).collect())
    }

    /// Gives the copies of a trigger, and theirs, its new name.
    pub async fn rename_trigger_copies(
        &mut self,
        trigger: &Trigger,
        old: &str,
        new: &str,
    ) -> Result<()> {
        for copy in self.trigger_copies(trigger).await? {
            let relation = self.relation(copy.table)?;
            if copy.name != new {
                self.put_trigger_name(&relation, &copy, new)?;
                if copy.name != old {
                    let name = &relation.name;
                    self.notice(format!(
                        "renamed trigger \"{}\" on relation \"{name}\"",
                        copy.name
                    ));
                }
            }
            Box::pin(self.rename_trigger_copies(&copy, old, new)).await?;
        }
        Ok(())
    }

    /// A table that is no partition any more loses the copies, and so do those below.
    pub async fn detach_triggers(&mut self, child: Oid) -> Result<()> {
        let copies = self.work.catalog.triggers_of(child).into_iter();
        let mut due: Vec<Arc<Trigger>> = copies.filter(|trigger| trigger.parent != 0).collect();
        while let Some(copy) = due.pop() {
            due.extend(self.trigger_copies(&copy).await?);
            self.drop_one(copy.address()).await?;
        }
        Ok(())
    }

    /// `0A000` if a trigger of a table does not go with its being a child.
    pub fn require_triggers_inheritable(&self, table: &Relation, as_what: &str) -> Result<()> {
        let triggers = self.work.catalog.triggers_of(table.oid);
        let unfit = triggers.iter().find(|trigger| {
            trigger.row && (trigger.old_table.is_some() || trigger.new_table.is_some())
        });
        let Some(trigger) = unfit else { return Ok(()) };
        let detail = match as_what {
            "a partition" => "ROW triggers with transition tables are not supported on partitions.",
            _ => {
                "ROW triggers with transition tables are not supported in inheritance hierarchies."
            }
        };
        Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!(
                "trigger \"{}\" prevents table \"{}\" from becoming {as_what}",
                trigger.name, table.name
            ),
        )
        .with_detail(detail))
    }
}
