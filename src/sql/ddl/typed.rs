//! Typed tables: CREATE TABLE … OF type, ALTER TABLE … OF and NOT OF.
//!
//! A typed table has the attributes of a composite type for its columns, and keeps them:
//! they change by ALTER TYPE … CASCADE alone.

use std::sync::Arc;

use super::Ddl;
use super::column::ColumnPlan;
use super::inherit::inherited_plan;
use crate::catalog::{Relation, RelationKind, Type, TypeKind};
use crate::error::{Error, Result};
use crate::sql::parse::ast;
use crate::sql::types::Oid;
use crate::sqlstate;

impl Ddl<'_> {
    /// The composite type that stands alone under this name, and its attributes.
    pub(super) fn table_type(&self, name: &ast::TypeName) -> Result<(Oid, Arc<Relation>)> {
        let found = self.resolve_type(name).map_err(Error::without_position)?.oid;
        let ty = self.work.catalog.type_(found).cloned();
        let relation = ty.as_deref().and_then(|ty: &Type| match ty.kind {
            TypeKind::Composite { relation } => self.work.catalog.relation(relation).cloned(),
            _ => None,
        });
        match relation.filter(|relation| matches!(relation.kind, RelationKind::Composite)) {
            Some(relation) => {
                crate::sql::privilege::check_type(found, &self.eval())?;
                Ok((found, relation))
            }
            None => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("type {} is not a composite type", self.display_type(found)),
            )),
        }
    }

    /// A type's attributes as columns of a table to be.
    pub(super) fn typed_columns(&self, attributes: &Relation) -> Vec<ColumnPlan> {
        let live = attributes.columns.iter().filter(|column| !column.dropped);
        live.map(|column| {
            let mut plan = inherited_plan(column);
            plan.column.inherited = Default::default();
            // Until the statement has said something of its own about it.
            plan.column.inherited.local = false;
            plan
        })
        .collect()
    }

    /// `42809` for what would take a typed table's columns away from its type.
    pub(super) fn require_untyped(
        &self,
        relation: &Relation,
        step: ast::AlterTableType,
    ) -> Result<()> {
        use ast::AlterTableType as Step;
        if relation.settings.of_type == 0 {
            return Ok(());
        }
        let what = match step {
            Step::AtAddColumn => "cannot add column to typed table",
            Step::AtDropColumn => "cannot drop column from typed table",
            Step::AtAlterColumnType => "cannot alter column type of typed table",
            Step::AtAddInherit | Step::AtDropInherit => "cannot change inheritance of typed table",
            _ => return Ok(()),
        };
        Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, what))
    }

    /// ALTER TABLE … OF type.
    pub(super) fn add_of(&mut self, relation: &Relation, name: &ast::TypeName) -> Result<()> {
        let (ty, attributes) = self.table_type(name)?;
        if !relation.inheritance.parents.is_empty() {
            return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, "typed tables cannot inherit"));
        }
        let mismatch = |message: String| Err(Error::new(sqlstate::DATATYPE_MISMATCH, message));
        let mut columns = relation.columns.iter().filter(|column| !column.dropped);
        for wanted in attributes.columns.iter().filter(|column| !column.dropped) {
            let Some(column) = columns.next() else {
                return mismatch(format!("table is missing column \"{}\"", wanted.name));
            };
            if column.name != wanted.name {
                return mismatch(format!(
                    "table has column \"{}\" where type requires \"{}\"",
                    column.name, wanted.name
                ));
            }
            if column.ty != wanted.ty || column.collation != wanted.collation {
                return mismatch(format!(
                    "table \"{}\" has different type for column \"{}\"",
                    relation.name, column.name
                ));
            }
        }
        if let Some(extra) = columns.next() {
            return mismatch(format!("table has extra column \"{}\"", extra.name));
        }
        self.put_of(relation, ty);
        Ok(())
    }

    /// ALTER TABLE … NOT OF.
    pub(super) fn drop_of(&mut self, relation: &Relation) -> Result<()> {
        if relation.settings.of_type == 0 {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is not a typed table", relation.name),
            ));
        }
        self.put_of(relation, 0);
        Ok(())
    }

    pub(super) fn put_of(&mut self, relation: &Relation, ty: Oid) {
        let mut changed = relation.clone();
        changed.settings.of_type = ty;
        self.put_relation(changed);
    }

    /// The tables of a composite type, which its attributes may change with.
    pub(super) fn tables_of_type(
        &self,
        attributes: &Relation,
        behavior: ast::DropBehavior,
    ) -> Result<Vec<Oid>> {
        let ty = self.work.catalog.row_type(attributes);
        let typed = self
            .work
            .catalog
            .relations()
            .filter(|relation| ty != 0 && relation.settings.of_type == ty);
        let typed: Vec<Oid> = typed.map(|relation| relation.oid).collect();
        if typed.is_empty() || behavior == ast::DropBehavior::DropCascade {
            return Ok(typed);
        }
        Err(Error::new(
            sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
            format!(
                "cannot alter type \"{}\" because it is the type of a typed table",
                attributes.name
            ),
        )
        .with_hint("Use ALTER ... CASCADE to alter the typed tables too."))
    }

    /// What ALTER TYPE … CASCADE does to the tables of the type.
    pub(super) async fn alter_typed_tables(
        &mut self,
        tables: &[Oid],
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        use ast::AlterTableType as Step;
        for table in tables {
            self.lock_relation(*table, crate::txn::LockMode::AccessExclusive).await?;
            let relation = self.relation(*table)?;
            match command.subtype() {
                Step::AtAddColumn => self.add_column(relation, command, true).await?,
                Step::AtDropColumn => self.drop_column_step(relation, command, true).await?,
                Step::AtAlterColumnType => {
                    self.alter_column_type(relation, command, true).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
