//! ALTER TRIGGER, ALTER TABLE … ENABLE and DISABLE TRIGGER, and what DROP TRIGGER names.

use std::sync::Arc;

use super::Ddl;
use super::name::{display_name, name_list};
use crate::catalog::{Constraint, ConstraintKind, ObjectAddress, Relation, Trigger};
use crate::error::{Error, Result};
use crate::sql::parse::ast;
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::LockMode;

pub(super) fn no_trigger(name: &str, table: &str) -> Error {
    Error::new(
        sqlstate::UNDEFINED_OBJECT,
        format!("trigger \"{name}\" for table \"{table}\" does not exist"),
    )
}

impl Ddl<'_> {
    /// What DROP TRIGGER names.
    pub(super) async fn trigger_target(
        &mut self,
        node: &ast::Node,
        missing_ok: bool,
    ) -> Result<ObjectAddress> {
        let parts = name_list(node.node.as_ref());
        let (relation, name) = self.on_owned_table(&parts, "trigger")?;
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        match self.work.catalog.trigger_named(relation.oid, name) {
            Some(trigger) => Ok(trigger.address()),
            None if missing_ok => Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("trigger \"{name}\" for relation \"{}\" does not exist", relation.name),
            )),
            None => Err(no_trigger(name, &relation.name)),
        }
    }

    /// ALTER TRIGGER … RENAME: a partitioned table's trigger takes its copies along.
    pub(super) async fn rename_trigger(&mut self, statement: &ast::RenameStmt) -> Result<String> {
        let name = statement.relation.as_ref().ok_or_else(|| Error::syntax("no table"))?;
        let relation = self.find_relation(name)?;
        self.require_relation_owner(&relation)?;
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        let (old, new) = (&statement.subname, &statement.newname);
        let trigger = self.work.catalog.trigger_named(relation.oid, old).cloned();
        let trigger = trigger.ok_or_else(|| no_trigger(old, &display_name(name)))?;
        if let Some(parent) = self.work.catalog.trigger(trigger.parent) {
            let above = self.relation(parent.table)?;
            return Err(Error::new(
                sqlstate::INTERNAL_ERROR,
                format!("cannot rename trigger \"{old}\" on table \"{}\"", relation.name),
            )
            .with_hint(format!(
                "Rename the trigger on the partitioned table \"{}\" instead.",
                above.name
            )));
        }
        self.put_trigger_name(&relation, &trigger, new)?;
        self.rename_trigger_copies(&trigger, old, new).await?;
        Ok("ALTER TRIGGER".to_owned())
    }

    pub(super) fn put_trigger_name(
        &mut self,
        relation: &Relation,
        trigger: &Trigger,
        name: &str,
    ) -> Result<()> {
        if self.work.catalog.trigger_named(relation.oid, name).is_some() {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("trigger \"{name}\" for relation \"{}\" already exists", relation.name),
            ));
        }
        self.put(Trigger { name: name.to_owned(), ..trigger.clone() });
        Ok(())
    }

    /// ALTER TABLE … ENABLE and DISABLE TRIGGER.
    pub(super) async fn switch_triggers(
        &mut self,
        table: Oid,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<()> {
        use ast::AlterTableType as Step;
        let enabled = match command.subtype() {
            Step::AtDisableTrig | Step::AtDisableTrigAll | Step::AtDisableTrigUser => 'D',
            Step::AtEnableAlwaysTrig => 'A',
            Step::AtEnableReplicaTrig => 'R',
            _ => 'O',
        };
        let all = matches!(command.subtype(), Step::AtEnableTrigAll | Step::AtDisableTrigAll);
        let single =
            !all && !matches!(command.subtype(), Step::AtEnableTrigUser | Step::AtDisableTrigUser);
        if all {
            self.switch_foreign_keys(table, enabled == 'D', recurse).await?;
        }
        let switched = match single {
            true => {
                let relation = self.relation(table)?;
                let trigger = self.work.catalog.trigger_named(table, &command.name).cloned();
                vec![trigger.ok_or_else(|| no_trigger(&command.name, &relation.name))?]
            }
            false => self.work.catalog.triggers_of(table),
        };
        for trigger in switched {
            self.switch_trigger(&trigger, enabled, recurse).await?;
        }
        Ok(())
    }

    /// PostgreSQL has triggers for foreign keys: on the referencing table those that check
    /// its rows, on the referenced one those that see to the rows that refer to it.
    async fn switch_foreign_keys(
        &mut self,
        table: Oid,
        disabled: bool,
        recurse: bool,
    ) -> Result<()> {
        let tables = match recurse && self.relation(table)?.is_partitioned() {
            true => self.work.catalog.with_descendants(table),
            false => vec![table],
        };
        let keys: Vec<Arc<Constraint>> =
            self.work.catalog.constraints().filter(|key| key.is_foreign_key()).cloned().collect();
        let is_superuser = self.current_role()?.superuser;
        for constraint in keys {
            let mut changed = (*constraint).clone();
            let ConstraintKind::ForeignKey(key) = &mut changed.kind else { continue };
            let (checks, acts) =
                (tables.contains(&constraint.table), tables.contains(&key.referenced_table));
            if !checks && !acts {
                continue;
            }
            if !is_superuser {
                return Err(Error::new(
                    sqlstate::INSUFFICIENT_PRIVILEGE,
                    format!(
                        "permission denied: \"RI_ConstraintTrigger_{}_{}\" is a system trigger",
                        if checks { 'c' } else { 'a' },
                        constraint.oid
                    ),
                ));
            }
            if checks {
                key.check_disabled = disabled;
            }
            if acts {
                key.action_disabled = disabled;
            }
            self.put(changed);
        }
        Ok(())
    }

    async fn switch_trigger(
        &mut self,
        trigger: &Arc<Trigger>,
        enabled: char,
        recurse: bool,
    ) -> Result<()> {
        let mut due = vec![trigger.clone()];
        while let Some(trigger) = due.pop() {
            self.put(Trigger { enabled, ..(*trigger).clone() });
            if recurse {
                due.extend(self.trigger_copies(&trigger).await?);
            }
        }
        Ok(())
    }
}
