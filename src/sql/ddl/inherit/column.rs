//! Columns of a family of tables: what ALTER TABLE does to a parent's column it does
//! to its children's.

use std::sync::Arc;

use super::super::Ddl;
use super::super::constraint::column_number;
use super::merge::inherited_plan;
use super::{invalid, mismatch, wrong_kind};
use crate::catalog::{Inherited, ObjectAddress, Relation};
use crate::error::{Error, Result};
use crate::sql::parse::ast;
use crate::sql::types::Oid;
use crate::sqlstate;

impl Ddl<'_> {
    /// What must hold before a table gets a column.
    pub fn require_column_addable(
        &self,
        relation: &Relation,
        identity: bool,
        recurse: bool,
    ) -> Result<()> {
        if relation.is_partition() {
            return Err(wrong_kind("cannot add column to a partition"));
        }
        if !self.has_children(relation.oid) {
            return Ok(());
        }
        if !recurse {
            return Err(invalid("column must be added to child tables too"));
        }
        if identity {
            return Err(invalid(
                "cannot recursively add identity column to table that has child tables",
            ));
        }
        Ok(())
    }

    /// Gives the children of a table the column that it was given.
    pub async fn add_column_to_children(&mut self, table: Oid, attnum: i16) -> Result<()> {
        let parent = self.relation(table)?;
        let column = parent.columns[attnum as usize - 1].clone();
        for child in self.locked_children(table).await? {
            let child = self.relation(child.oid)?;
            if let Some(known) = column_number(&child, &column.name) {
                let own = &child.columns[known as usize - 1];
                if own.ty != column.ty {
                    return Err(mismatch(format!(
                        "child table \"{}\" has different type for column \"{}\"",
                        child.name, column.name
                    )));
                }
                if own.collation != column.collation {
                    return Err(Error::new(
                        sqlstate::COLLATION_MISMATCH,
                        format!(
                            "child table \"{}\" has different collation for column \"{}\"",
                            child.name, column.name
                        ),
                    ));
                }
                self.put_column(&child, known, |column| column.inherited.count += 1);
                self.notice(format!(
                    "merging definition of column \"{}\" for child \"{}\"",
                    column.name, child.name
                ));
                continue;
            }
            let plan = inherited_plan(&column);
            let own = self.put_new_column(&child, plan).await?;
            Box::pin(self.add_column_to_children(child.oid, own)).await?;
        }
        Ok(())
    }

    /// The columns that go with a parent's: of children that have it from nowhere
    /// else. The others count one parent less.
    pub async fn columns_to_drop(
        &mut self,
        relation: Arc<Relation>,
        name: &str,
        recurse: bool,
        recursing: bool,
        found: &mut Vec<ObjectAddress>,
    ) -> Result<()> {
        let attnum = self.altered_column(&relation, name)?;
        let column = &relation.columns[attnum as usize - 1];
        if column.inherited.count > 0 && !recursing {
            return Err(invalid(format!("cannot drop inherited column \"{name}\"")));
        }
        if self.is_in_partition_key(&relation, attnum)? {
            return Err(invalid(format!(
                "cannot drop column \"{name}\" because it is part of the partition key of \
                 relation \"{}\"",
                relation.name
            )));
        }
        let children = self.locked_children(relation.oid).await?;
        if !children.is_empty() && relation.is_partitioned() && !recurse {
            return Err(invalid(
                "cannot drop column from only the partitioned table when partitions exist",
            )
            .with_hint("Do not specify the ONLY keyword."));
        }
        for child in children {
            let Some(own) = column_number(&child, name) else { continue };
            let inherited = child.columns[own as usize - 1].inherited;
            if inherited.count <= 0 {
                continue;
            }
            if recurse && inherited.count == 1 && !inherited.local {
                Box::pin(self.columns_to_drop(child, name, true, true, found)).await?;
                continue;
            }
            self.put_column(&child, own, |column| {
                column.inherited.count -= 1;
                column.inherited.local |= !recurse;
            });
        }
        found.push(ObjectAddress::column(relation.oid, attnum));
        Ok(())
    }

    /// What must hold before a column of a table gets another type; answers the tables
    /// whose columns get it, too.
    pub async fn retyped_family(
        &mut self,
        relation: &Relation,
        name: &str,
        recurse: bool,
    ) -> Result<Vec<Oid>> {
        let attnum = self.altered_column(relation, name)?;
        if relation.columns[attnum as usize - 1].inherited.count > 0 {
            return Err(invalid(format!("cannot alter inherited column \"{name}\"")));
        }
        if self.is_in_partition_key(relation, attnum)? {
            return Err(invalid(format!(
                "cannot alter column \"{name}\" because it is part of the partition key of \
                 relation \"{}\"",
                relation.name
            )));
        }
        if !recurse {
            return match self.has_children(relation.oid) {
                true => Err(invalid(format!(
                    "type of inherited column \"{name}\" must be changed in child tables too"
                ))),
                false => Ok(Vec::new()),
            };
        }
        let family = self.locked_descendants(relation.oid).await?;
        for oid in &family {
            let child = self.relation(*oid)?;
            let attnum = self.altered_column(&child, name)?;
            let parents = child.inheritance.parents.iter();
            let inside = parents.filter(|p| **p == relation.oid || family.contains(p)).count();
            if usize::try_from(child.columns[attnum as usize - 1].inherited.count).unwrap_or(0)
                > inside
            {
                return Err(invalid(format!(
                    "cannot alter inherited column \"{name}\" of relation \"{}\"",
                    child.name
                )));
            }
            if self.is_in_partition_key(&child, attnum)? {
                return Err(invalid(format!(
                    "cannot alter column \"{name}\" because it is part of the partition key of \
                     relation \"{}\"",
                    child.name
                )));
            }
        }
        Ok(family)
    }

    /// The tables that inherit from one, locked.
    pub async fn locked_descendants(&mut self, table: Oid) -> Result<Vec<Oid>> {
        for oid in self.work.catalog.with_descendants(table).split_off(1) {
            self.lock_relation(oid, crate::txn::LockMode::AccessExclusive).await?;
        }
        Ok(self.work.catalog.with_descendants(table).split_off(1))
    }

    /// Runs a subcommand on a table and, unless ONLY, on all that inherit from it.
    pub async fn family_of_step(&mut self, table: Oid, recurse: bool) -> Result<Vec<Oid>> {
        let mut family = vec![table];
        if recurse {
            family.extend(self.locked_descendants(table).await?);
        }
        Ok(family)
    }

    /// SET NOT NULL with ONLY: the partitions must say so already.
    pub fn require_children_not_null(&self, relation: &Relation, name: &str) -> Result<()> {
        for child in self.work.catalog.children(relation.oid) {
            let child = self.relation(*child)?;
            let own = column_number(&child, name).map(|own| &child.columns[own as usize - 1]);
            if own.is_some_and(|own| !own.not_null) {
                return Err(invalid("constraint must be added to child tables too")
                    .with_detail(format!(
                        "Column \"{name}\" of relation \"{}\" is not already NOT NULL.",
                        child.name
                    ))
                    .with_hint("Do not specify the ONLY keyword."));
            }
        }
        Ok(())
    }

    /// NOT NULL goes from all partitions or from none.
    pub fn require_nullable(&self, relation: &Relation, recurse: bool) -> Result<()> {
        if relation.is_partitioned() && !recurse && self.has_children(relation.oid) {
            return Err(invalid(
                "cannot remove constraint from only the partitioned table when partitions exist",
            )
            .with_hint("Do not specify the ONLY keyword."));
        }
        Ok(())
    }

    /// A partition's column is NOT NULL for as long as its table's is.
    pub fn require_nullable_above(&self, relation: &Relation, name: &str) -> Result<()> {
        if !relation.is_partition() {
            return Ok(());
        }
        for parent in &relation.inheritance.parents {
            let parent = self.relation(*parent)?;
            let theirs = column_number(&parent, name).map(|at| &parent.columns[at as usize - 1]);
            if theirs.is_some_and(|column| column.not_null) {
                return Err(invalid(format!(
                    "column \"{name}\" is marked NOT NULL in parent table"
                )));
            }
        }
        Ok(())
    }

    /// The tables whose column of this name gets another one.
    pub async fn renamed_family(
        &mut self,
        relation: &Relation,
        name: &str,
        recurse: bool,
    ) -> Result<Vec<Oid>> {
        let mut family = vec![relation.oid];
        if recurse {
            family.extend(self.locked_descendants(relation.oid).await?);
        } else if self.has_children(relation.oid) {
            return Err(invalid(format!(
                "inherited column \"{name}\" must be renamed in child tables too"
            )));
        }
        for oid in &family {
            let table = self.relation(*oid)?;
            let Some(attnum) = column_number(&table, name) else { continue };
            let inherited: Inherited = table.columns[attnum as usize - 1].inherited;
            let parents = table.inheritance.parents.iter();
            let inside = parents.filter(|parent| family.contains(parent)).count();
            if usize::try_from(inherited.count).unwrap_or(0) > inside {
                return Err(invalid(format!("cannot rename inherited column \"{name}\"")));
            }
        }
        Ok(family)
    }

    /// Whether a column is part of its table's partition key.
    pub fn is_in_partition_key(&self, relation: &Relation, attnum: i16) -> Result<bool> {
        let Some(key) = &relation.inheritance.key else { return Ok(false) };
        for column in &key.columns {
            if column.column == attnum {
                return Ok(true);
            }
            if let Some(sql) = &column.expression {
                let relation = Arc::new(relation.clone());
                let expr = crate::sql::bind::bind_relation_expression_sql(
                    &self.eval(),
                    &relation,
                    sql,
                    None,
                )?;
                if self.columns_of(&expr).contains(&attnum) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// DROP EXPRESSION belongs to the whole family.
    pub fn require_expression_droppable(
        &self,
        relation: &Relation,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<()> {
        if !recurse && self.has_children(relation.oid) {
            return Err(invalid(
                "ALTER TABLE / DROP EXPRESSION must be applied to child tables too",
            ));
        }
        let attnum = column_number(relation, &command.name);
        let inherited = attnum.map(|at| relation.columns[at as usize - 1].inherited.count);
        match inherited {
            Some(count) if count > 0 => {
                Err(invalid("cannot drop generation expression from inherited column"))
            }
            _ => Ok(()),
        }
    }
}
