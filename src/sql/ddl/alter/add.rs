//! ADD COLUMN and DROP COLUMN.
//!
//! A new column rewrites nothing: rows older than the column read as its
//! `missing` value, which is the default if that is a constant for all rows. A
//! volatile default, a generated or an identity column needs a value per row, so
//! the table is rewritten.

use std::sync::Arc;

use super::super::Ddl;
use super::super::column::{ColumnPlan, SequencePlan};
use super::super::drop::next_version;
use super::super::rename::duplicate_column;
use super::super::table::{COLUMNS_MAX, require_no_system_column, too_many_columns};
use crate::catalog::{ObjectAddress, Relation};
use crate::error::{Error, Result};
use crate::sql::functions::domain;
use crate::sql::parse::{NodeEnum, ast};
use crate::sqlstate;

impl Ddl<'_> {
    pub(in crate::sql::ddl) async fn add_column(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<()> {
        let Some(NodeEnum::ColumnDef(def)) = command.def.as_ref().and_then(|n| n.node.as_ref())
        else {
            return Err(Error::syntax("ADD COLUMN without a column"));
        };
        require_no_system_column(&def.colname)?;
        if super::super::constraint::column_number(&relation, &def.colname).is_some() {
            if command.missing_ok {
                self.notice_with(
                    sqlstate::DUPLICATE_COLUMN,
                    format!(
                        "column \"{}\" of relation \"{}\" already exists, skipping",
                        def.colname, relation.name
                    ),
                );
                return Ok(());
            }
            return Err(duplicate_column(&def.colname, &relation.name));
        }
        if relation.columns.len() >= COLUMNS_MAX {
            return Err(too_many_columns());
        }
        let mut plan = self.plan_column(&relation.name, def)?;
        self.require_no_member_of_itself(&relation, plan.column.ty)?;
        self.require_column_addable(&relation, plan.column.identity.is_some(), recurse)?;
        let constraints = std::mem::take(&mut plan.constraints);
        let table = relation.oid;
        let attnum = self.put_new_column(&relation, plan).await?;
        self.add_column_to_children(table, attnum).await?;
        for constraint in &constraints {
            self.add_constraint(table, constraint, recurse).await?;
        }
        Ok(())
    }

    /// Appends a column to a table, whose rows get their values of it; answers its
    /// number.
    pub(in crate::sql::ddl) async fn put_new_column(
        &mut self,
        relation: &Arc<Relation>,
        mut plan: ColumnPlan,
    ) -> Result<i16> {
        let not_null = std::mem::take(&mut plan.column.not_null);
        let attnum = relation.columns.len() as i16 + 1;
        let table = relation.oid;
        self.append_column(relation, &plan)?;
        self.finish_column(table, attnum, &plan)?;
        self.give_old_rows_a_value(relation, attnum, &plan).await?;
        if not_null {
            let relation = self.relation(table)?;
            self.set_not_null(relation, &[attnum]).await?;
        }
        Ok(attnum)
    }

    fn append_column(&mut self, relation: &Relation, plan: &ColumnPlan) -> Result<()> {
        let mut changed = relation.clone();
        changed.schema_version = next_version(relation.schema_version)?;
        let mut column = plan.column.clone();
        column.since_version = changed.schema_version;
        changed.columns.push(column);
        self.put_relation(changed);
        Ok(())
    }

    /// A constant default becomes the column's `missing` value; any other source
    /// of values is computed for each row now.
    async fn give_old_rows_a_value(
        &mut self,
        old: &Relation,
        attnum: i16,
        plan: &ColumnPlan,
    ) -> Result<()> {
        let relation = self.relation(old.oid)?;
        let column = &relation.columns[attnum as usize - 1];
        let generated = column.default.as_ref().is_some_and(|default| default.generated);
        let per_row = plan.sequence.is_some() || generated;
        let default = match &column.default {
            Some(default) => Some(default.sql.clone()),
            None => self.work.catalog.domain_default(column.ty.oid).map(str::to_owned),
        };
        // A default that is NULL is none.
        let is_null = |sql: &String| sql == "NULL" || sql.starts_with("NULL::");
        if default.as_ref().is_some_and(|sql| !is_null(sql)) || per_row {
            self.require_row_type_unused(old.oid)?;
        }
        let constrained = domain::is_constrained(&self.work.catalog, column.ty.oid);
        let Some(default) = default else {
            // NULL may be no value of the domain.
            if per_row || constrained {
                return self.fill_column(old.oid, attnum).await;
            }
            return Ok(());
        };
        if !per_row
            && !constrained
            && let Some(text) = self.constant_default(&relation, attnum, &default)?
        {
            self.put_column(&relation, attnum, |column| column.missing = text);
            return Ok(());
        }
        self.fill_column(old.oid, attnum).await
    }

    pub(in crate::sql::ddl) async fn drop_column_step(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<()> {
        if super::super::constraint::SYSTEM_COLUMNS.contains(&command.name.as_str()) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("cannot drop system column \"{}\"", command.name),
            ));
        }
        match self.altered_column(&relation, &command.name) {
            Err(_) if command.missing_ok => {
                self.notice(format!(
                    "column \"{}\" of relation \"{}\" does not exist, skipping",
                    command.name, relation.name
                ));
                return Ok(());
            }
            other => other?,
        };
        let mut targets: Vec<ObjectAddress> = Vec::new();
        self.columns_to_drop(relation, &command.name, recurse, false, &mut targets).await?;
        self.drop_addresses(&targets, command.behavior()).await
    }

    /// ADD GENERATED … AS IDENTITY to a column that is there.
    pub(super) fn add_identity(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let attnum = self.altered_column(&relation, &command.name)?;
        let column = &relation.columns[attnum as usize - 1];
        let problem = match (column.not_null, column.identity, &column.default) {
            (false, ..) => Some("must be declared NOT NULL before identity can be added"),
            (_, Some(_), _) => Some("is already an identity column"),
            (.., Some(_)) => Some("already has a default value"),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("column \"{}\" of relation \"{}\" {problem}", column.name, relation.name),
            ));
        }
        let Some(NodeEnum::Constraint(constraint)) =
            command.def.as_ref().and_then(|n| n.node.as_ref())
        else {
            return Err(Error::syntax("ADD GENERATED without an identity"));
        };
        let always = constraint.generated_when == "a";
        let identity = if always {
            crate::catalog::Identity::Always
        } else {
            crate::catalog::Identity::ByDefault
        };
        let mut plan = ColumnPlan {
            column: column.clone(),
            default: None,
            generated: None,
            sequence: Some(SequencePlan { options: constraint.options.clone() }),
            constraints: Vec::new(),
        };
        plan.column.identity = Some(identity);
        self.set_identity(relation.oid, attnum, Some(identity))?;
        self.finish_column(relation.oid, attnum, &plan)
    }
}
