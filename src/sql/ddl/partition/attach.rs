//! A table becomes a partition (PARTITION OF, ATTACH PARTITION), and ceases to be one
//! (DETACH PARTITION).

use std::sync::Arc;

use super::super::Ddl;
use super::super::inherit::{mismatch, wrong_kind};
use super::super::name::wrong_object;
use super::bound::WrittenBound;
use super::unfit;
use crate::catalog::{PartitionBound, Persistence, Relation, RelationKind, deparse};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::route;
use crate::txn::LockMode;

impl Ddl<'_> {
    /// Gives a new table its place among its parent's partitions.
    pub async fn put_partition_bound(
        &mut self,
        table: Oid,
        parent: Oid,
        spec: &ast::PartitionBoundSpec,
    ) -> Result<()> {
        let parent = self.relation(parent)?;
        self.lock_default_partition(&parent).await?;
        let written = self.read_bound(&parent, spec)?;
        let name = self.relation(table)?.name.clone();
        // The table is a child already, without a bound: it does not count yet.
        let mut changed = (*self.relation(table)?).clone();
        changed.inheritance.parents.clear();
        self.put_relation(changed.clone());
        self.require_free_bound(&name, &parent, &written)?;
        changed.inheritance.parents.push(parent.oid);
        changed.inheritance.bound = Some(written.bound.clone());
        self.put_relation(changed);
        self.verify_default_partition(&parent, &written).await
    }

    async fn lock_default_partition(&mut self, parent: &Relation) -> Result<()> {
        let default = self.work.catalog.default_partition(parent.oid).map(|default| default.oid);
        match default {
            Some(default) => self.lock_relation(default, LockMode::AccessExclusive).await,
            None => Ok(()),
        }
    }

    /// No row of the default partition may be one of a new partition's.
    async fn verify_default_partition(
        &mut self,
        parent: &Relation,
        written: &WrittenBound,
    ) -> Result<()> {
        if written.bound == PartitionBound::Default {
            return Ok(());
        }
        let default = self.work.catalog.default_partition(parent.oid).map(|default| default.oid);
        match default {
            Some(default) => route::verify_bounds(self.work, self.ctx, default, true).await,
            None => Ok(()),
        }
    }

    pub async fn attach_partition(
        &mut self,
        parent: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let (name, spec) = partition_command(command)?;
        let spec = spec.ok_or_else(|| Error::syntax("ATTACH PARTITION without a bound"))?;
        if !parent.is_partitioned() {
            return Err(unfit(format!("table \"{}\" is not partitioned", parent.name)));
        }
        let child = self.find_relation(name)?;
        self.lock_relation(child.oid, LockMode::AccessExclusive).await?;
        let child = self.relation(child.oid)?;
        self.require_relation_owner(&child)?;
        if !matches!(child.kind, RelationKind::Table) {
            return Err(wrong_object(&child.name, "table"));
        }
        self.require_attachable(&parent, &child)?;
        self.lock_default_partition(&parent).await?;
        let written = self.read_bound(&parent, spec)?;
        self.become_child(&child, &parent)?;
        self.put_bound_checked(&parent, child.oid, &written)?;
        self.attach_indexes(&parent, child.oid).await?;
        self.attach_triggers(&parent, child.oid).await?;
        self.attach_referencing(&parent, child.oid).await?;
        self.attach_foreign_keys(&parent, child.oid).await?;
        route::verify_bounds(self.work, self.ctx, child.oid, false).await?;
        self.verify_default_partition(&parent, &written).await
    }

    fn put_bound_checked(
        &mut self,
        parent: &Relation,
        child: Oid,
        written: &WrittenBound,
    ) -> Result<()> {
        let mut changed = (*self.relation(child)?).clone();
        let parents = std::mem::take(&mut changed.inheritance.parents);
        self.put_relation(changed.clone());
        self.require_free_bound(&changed.name, parent, written)?;
        changed.inheritance.parents = parents;
        changed.inheritance.bound = Some(written.bound.clone());
        self.put_relation(changed);
        Ok(())
    }

    fn require_attachable(&self, parent: &Relation, child: &Relation) -> Result<()> {
        if child.is_partition() {
            return Err(wrong_kind(format!("\"{}\" is already a partition", child.name)));
        }
        if !child.inheritance.parents.is_empty() {
            return Err(wrong_kind("cannot attach inheritance child as partition"));
        }
        if !child.is_partitioned() && self.has_children(child.oid) {
            return Err(wrong_kind("cannot attach inheritance parent as partition"));
        }
        self.require_no_circle(child, parent)?;
        let is_temporary = |relation: &Relation| relation.persistence != Persistence::Permanent;
        match (is_temporary(parent), is_temporary(child)) {
            (false, true) => {
                return Err(wrong_kind(format!(
                    "cannot attach a temporary relation as partition of permanent relation \"{}\"",
                    parent.name
                )));
            }
            (true, false) => {
                return Err(wrong_kind(format!(
                    "cannot attach a permanent relation as partition of temporary relation \"{}\"",
                    parent.name
                )));
            }
            _ => {}
        }
        let own = child.columns.iter().filter(|column| !column.dropped);
        for column in own {
            if parent.column_position(&column.name).is_none() {
                return Err(mismatch(format!(
                    "table \"{}\" contains column \"{}\" not found in parent \"{}\"",
                    child.name, column.name, parent.name
                ))
                .with_detail("The new partition may contain only the columns present in parent."));
            }
        }
        self.require_triggers_inheritable(child, "a partition")
    }

    /// DETACH PARTITION; of DETACH PARTITION CONCURRENTLY the first stage.
    pub async fn detach_partition(
        &mut self,
        parent: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let (name, _) = partition_command(command)?;
        let concurrent = is_concurrent(command);
        if !parent.is_partitioned() {
            return Err(unfit(format!("table \"{}\" is not partitioned", parent.name)));
        }
        if concurrent && self.work.catalog.default_partition(parent.oid).is_some() {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                "cannot detach partitions concurrently when a default partition exists",
            ));
        }
        self.lock_default_partition(&parent).await?;
        let child = self.find_relation(name)?;
        let mode = match concurrent {
            true => LockMode::ShareUpdateExclusive,
            false => LockMode::AccessExclusive,
        };
        self.lock_relation(child.oid, mode).await?;
        let child = self.relation(child.oid)?;
        if !child.inheritance.parents.contains(&parent.oid) {
            return Err(not_a_partition(&child, &parent));
        }
        self.require_attached(&parent, &child, concurrent)?;
        self.require_unreferenced(&parent, &child).await?;
        if !concurrent {
            return self.finish_detach(&parent, child.oid).await;
        }
        self.keep_bound_as_check(&child).await?;
        let child = self.relation(child.oid)?;
        for index in child.indexes.iter().copied().chain([child.oid]) {
            let mut changed = (*self.relation(index)?).clone();
            changed.inheritance.detaching = !changed.inheritance.parents.is_empty();
            self.put_relation(changed);
        }
        Ok(())
    }

    /// `55000` if a partition is being detached already: this one, or concurrently any.
    fn require_attached(
        &self,
        parent: &Relation,
        child: &Relation,
        concurrent: bool,
    ) -> Result<()> {
        let pending = self.work.catalog.detaching_partition(parent.oid);
        let Some(pending) = pending.filter(|pending| concurrent || pending.oid == child.oid) else {
            return Ok(());
        };
        let schema = self.work.catalog.schema_name(parent.schema);
        let error = match concurrent {
            true => not_ready(format!(
                "partition \"{}\" already pending detach in partitioned table \"{schema}.{}\"",
                pending.name, parent.name
            )),
            false => not_ready(format!("cannot detach partition \"{}\"", child.name)).with_detail(
                "The partition is being detached concurrently or has an unfinished detach.",
            ),
        };
        Err(error.with_hint(FINALIZE_HINT))
    }

    /// DETACH PARTITION FINALIZE: what was begun concurrently, and did not come to its end.
    pub async fn finalize_detach(
        &mut self,
        parent: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let (name, _) = partition_command(command)?;
        if !parent.is_partitioned() {
            return Err(unfit(format!("table \"{}\" is not partitioned", parent.name)));
        }
        let child = self.find_relation(name)?;
        self.lock_relation(child.oid, LockMode::AccessExclusive).await?;
        let child = self.relation(child.oid)?;
        if !child.inheritance.parents.contains(&parent.oid) {
            return Err(not_a_partition(&child, &parent));
        }
        if !child.inheritance.detaching {
            let message = format!("cannot complete detaching partition \"{}\"", child.name);
            return Err(not_ready(message).with_detail("There's no pending concurrent detach."));
        }
        self.finish_detach(&parent, child.oid).await
    }

    /// Nobody knows the table as a partition any more.
    pub async fn finish_detach(&mut self, parent: &Relation, child: Oid) -> Result<()> {
        self.leave_parent(child, parent)?;
        let mut changed = (*self.relation(child)?).clone();
        changed.inheritance.bound = None;
        changed.inheritance.detaching = false;
        self.put_relation(changed);
        self.detach_triggers(child).await?;
        self.detach_referencing(child).await?;
        self.detach_indexes(child)?;
        self.detach_foreign_keys(child)
    }

    /// `55000` for an ALTER TABLE of a partition that is being detached.
    pub fn require_not_detaching(&self, relation: &Relation) -> Result<()> {
        match relation.inheritance.detaching && relation.is_table() {
            true => Err(not_ready(format!(
                "cannot alter partition \"{}\" with an incomplete detach",
                relation.name
            ))
            .with_hint(FINALIZE_HINT)),
            false => Ok(()),
        }
    }
}

const FINALIZE_HINT: &str =
    "Use ALTER TABLE ... DETACH PARTITION ... FINALIZE to complete the pending detach operation.";

fn not_ready(message: String) -> Error {
    Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message)
}

fn not_a_partition(child: &Relation, parent: &Relation) -> Error {
    Error::new(
        sqlstate::UNDEFINED_TABLE,
        format!("relation \"{}\" is not a partition of relation \"{}\"", child.name, parent.name),
    )
}

/// Whether DETACH PARTITION says CONCURRENTLY.
pub fn is_concurrent(command: &ast::AlterTableCmd) -> bool {
    let def = command.def.as_ref().and_then(|node| node.node.as_ref());
    matches!(def, Some(NodeEnum::PartitionCmd(partition)) if partition.concurrent)
}

impl Ddl<'_> {
    /// A statement that was planned before may still count on what the partition holds:
    /// it goes on holding that by a CHECK constraint of its own. The remainder of a hash
    /// is of use only within its table.
    async fn keep_bound_as_check(&mut self, child: &Relation) -> Result<()> {
        if matches!(child.inheritance.bound, Some(PartitionBound::Hash { .. })) {
            return Ok(());
        }
        let path = self.ctx.eval.settings.search_path.clone();
        let text = deparse::partition_constraint(&self.work.catalog, &path, child);
        let Some(text) = text else { return Ok(()) };
        let check = super::super::like::constraint_node(&format!("CHECK ({text})"))?;
        self.add_constraint(child.oid, &check, false).await
    }
}

/// The table and the bound of ATTACH and DETACH PARTITION.
fn partition_command(
    command: &ast::AlterTableCmd,
) -> Result<(&ast::RangeVar, Option<&ast::PartitionBoundSpec>)> {
    let Some(NodeEnum::PartitionCmd(partition)) =
        command.def.as_ref().and_then(|node| node.node.as_ref())
    else {
        return Err(Error::syntax("a partition without a name"));
    };
    let name = partition.name.as_ref();
    let name = name.ok_or_else(|| Error::syntax("a partition without a name"))?;
    Ok((name, partition.bound.as_ref()))
}
