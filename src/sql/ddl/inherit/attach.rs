//! ALTER TABLE … INHERIT and NO INHERIT.

use std::sync::Arc;

use super::super::Ddl;
use super::merge::inherited_twice;
use super::{mismatch, wrong_kind};
use crate::catalog::{Constraint, ConstraintKind, Persistence, Relation, RelationKind};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sqlstate;
use crate::txn::LockMode;

impl Ddl<'_> {
    pub async fn add_inherit(
        &mut self,
        child: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        if child.is_partition() {
            return Err(wrong_kind("cannot change inheritance of a partition"));
        }
        if child.is_partitioned() {
            return Err(wrong_kind("cannot change inheritance of partitioned table"));
        }
        let parent = self.named_parent(command).await?;
        if parent.persistence != Persistence::Permanent
            && child.persistence == Persistence::Permanent
        {
            return Err(wrong_kind(format!(
                "cannot inherit from temporary relation \"{}\"",
                parent.name
            )));
        }
        if parent.is_partitioned() {
            return Err(wrong_kind(format!(
                "cannot inherit from partitioned table \"{}\"",
                parent.name
            )));
        }
        if parent.is_partition() {
            return Err(wrong_kind("cannot inherit from a partition"));
        }
        self.require_no_circle(&child, &parent)?;
        if child.inheritance.parents.contains(&parent.oid) {
            return Err(inherited_twice(&parent.name));
        }
        self.require_triggers_inheritable(&child, "an inheritance child")?;
        self.become_child(&child, &parent)
    }

    async fn named_parent(&mut self, command: &ast::AlterTableCmd) -> Result<Arc<Relation>> {
        let Some(NodeEnum::RangeVar(name)) = command.def.as_ref().and_then(|n| n.node.as_ref())
        else {
            return Err(Error::syntax("INHERIT of nothing"));
        };
        let parent = self.find_relation(name)?;
        self.lock_relation(parent.oid, LockMode::ShareUpdateExclusive).await?;
        self.require_relation_owner(&parent)?;
        if !matches!(parent.kind, RelationKind::Table) {
            return Err(super::super::name::wrong_object(&parent.name, "table"));
        }
        self.relation(parent.oid)
    }

    /// `42P07` if the parent is the child or inherits from it.
    pub fn require_no_circle(&self, child: &Relation, parent: &Relation) -> Result<()> {
        if !self.work.catalog.with_descendants(child.oid).contains(&parent.oid) {
            return Ok(());
        }
        let detail = format!("\"{}\" is already a child of \"{}\".", parent.name, child.name);
        Err(Error::new(sqlstate::DUPLICATE_TABLE, "circular inheritance not allowed")
            .with_detail(detail))
    }

    /// Counts the parent in the child's columns and CHECKs, which must fit, and
    /// records it.
    pub fn become_child(&mut self, child: &Relation, parent: &Relation) -> Result<()> {
        let mut changed = child.clone();
        for column in parent.columns.iter().filter(|column| !column.dropped) {
            self.merge_into_column(&mut changed, column, parent)?;
        }
        changed.inheritance.parents.push(parent.oid);
        self.put_relation(changed);
        for oid in &parent.constraints {
            let Some(check) = self.work.catalog.constraint(*oid).cloned() else { continue };
            if check.is_check() && !check.no_inherit {
                self.merge_into_check(child, &check, parent.is_partitioned())?;
            }
        }
        Ok(())
    }

    fn merge_into_column(
        &self,
        child: &mut Relation,
        column: &crate::catalog::Column,
        parent: &Relation,
    ) -> Result<()> {
        let name = &column.name;
        let table = child.name.clone();
        let Some(at) = child.column_position(name) else {
            return Err(mismatch(format!("child table is missing column \"{name}\"")));
        };
        let own = &mut child.columns[at];
        if own.ty != column.ty {
            return Err(mismatch(format!(
                "child table \"{table}\" has different type for column \"{name}\""
            )));
        }
        if own.collation != column.collation {
            return Err(Error::new(
                sqlstate::COLLATION_MISMATCH,
                format!("child table \"{table}\" has different collation for column \"{name}\""),
            ));
        }
        if column.not_null && !own.not_null {
            return Err(mismatch(format!(
                "column \"{name}\" in child table must be marked NOT NULL"
            )));
        }
        let expression = |column: &crate::catalog::Column| {
            let default = column.default.as_ref().filter(|default| default.generated);
            default.map(|default| default.sql.clone())
        };
        match (expression(column), expression(own)) {
            (Some(_), None) => {
                return Err(mismatch(format!(
                    "column \"{name}\" in child table must be a generated column"
                )));
            }
            (Some(theirs), Some(ours)) if theirs != ours => {
                return Err(mismatch(format!(
                    "column \"{name}\" in child table has a conflicting generation expression"
                )));
            }
            _ => {}
        }
        own.inherited.count += 1;
        // A partition has its columns from nowhere else.
        if parent.is_partitioned() {
            own.inherited.local = false;
        }
        Ok(())
    }

    fn merge_into_check(
        &mut self,
        child: &Relation,
        check: &Constraint,
        to_partition: bool,
    ) -> Result<()> {
        let (name, table) = (&check.name, &child.name);
        let own = self.work.catalog.constraint_named(child, name).cloned();
        let Some(own) = own.filter(|own| own.is_check()) else {
            return Err(mismatch(format!("child table is missing constraint \"{name}\"")));
        };
        if !same_check(check, &own) || own.deferrable != check.deferrable {
            return Err(mismatch(format!(
                "child table \"{table}\" has different definition for check constraint \"{name}\""
            )));
        }
        let conflict = match (own.no_inherit, own.validated) {
            (true, _) => Some("non-inherited constraint"),
            (_, false) => Some("NOT VALID constraint"),
            _ => None,
        };
        if let Some(what) = conflict {
            return Err(Error::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                format!("constraint \"{name}\" conflicts with {what} on child table \"{table}\""),
            ));
        }
        let mut changed = (*own).clone();
        changed.inherited.count += 1;
        if to_partition {
            changed.inherited.local = false;
        }
        self.put(changed);
        Ok(())
    }

    pub async fn drop_inherit(
        &mut self,
        child: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        if child.is_partition() {
            return Err(wrong_kind("cannot change inheritance of a partition"));
        }
        let Some(NodeEnum::RangeVar(name)) = command.def.as_ref().and_then(|n| n.node.as_ref())
        else {
            return Err(Error::syntax("NO INHERIT of nothing"));
        };
        let parent = self.find_relation(name)?;
        self.lock_relation(parent.oid, LockMode::AccessShare).await?;
        if !child.inheritance.parents.contains(&parent.oid) {
            return Err(Error::new(
                sqlstate::UNDEFINED_TABLE,
                format!(
                    "relation \"{}\" is not a parent of relation \"{}\"",
                    parent.name, child.name
                ),
            ));
        }
        self.leave_parent(child.oid, &parent)
    }

    /// A child's columns and CHECKs count one parent less.
    pub fn leave_parent(&mut self, child: u32, parent: &Relation) -> Result<()> {
        let relation = self.relation(child)?;
        let mut changed = (*relation).clone();
        changed.inheritance.parents.retain(|known| *known != parent.oid);
        for column in &mut changed.columns {
            if !column.dropped
                && column.inherited.count > 0
                && parent.column_position(&column.name).is_some()
            {
                column.inherited.forget_parent();
            }
        }
        self.put_relation(changed);
        for oid in &relation.constraints {
            let Some(own) = self.work.catalog.constraint(*oid).cloned() else { continue };
            let theirs = self.work.catalog.constraint_named(parent, &own.name);
            let counts = own.is_check() && own.inherited.count > 0;
            if counts && theirs.is_some_and(|theirs| theirs.is_check() && !theirs.no_inherit) {
                let mut changed = (*own).clone();
                changed.inherited.forget_parent();
                self.put(changed);
            }
        }
        Ok(())
    }
}

/// Whether two CHECKs say the same: columns go by name, so their text does.
pub fn same_check(one: &Constraint, other: &Constraint) -> bool {
    match (&one.kind, &other.kind) {
        (ConstraintKind::Check { sql: one, .. }, ConstraintKind::Check { sql: other, .. }) => {
            one == other
        }
        _ => false,
    }
}
