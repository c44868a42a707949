//! Changes to a column or a constraint that touch no rows.

use std::sync::Arc;

use super::super::Ddl;
use super::super::options::options;
use crate::catalog::{ConstraintKind, Identity, ObjectAddress, ObjectClass, Relation};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sqlstate;

impl Ddl<'_> {
    /// SET DEFAULT and DROP DEFAULT.
    pub(super) fn set_column_default(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let attnum = self.altered_column(&relation, &command.name)?;
        let column = &relation.columns[attnum as usize - 1];
        if column.identity.is_some() {
            return Err(Error::syntax(format!(
                "column \"{}\" of relation \"{}\" is an identity column",
                column.name, relation.name
            )));
        }
        if column.default.as_ref().is_some_and(|default| default.generated) {
            return Err(Error::syntax(format!(
                "column \"{}\" of relation \"{}\" is a generated column",
                column.name, relation.name
            )));
        }
        if let Some(old) = &column.default
            && self.work.catalog.references(old.oid).is_some()
        {
            self.remove(ObjectClass::References, old.oid);
        }
        let default = match command.def.as_deref() {
            // PostgreSQL has no text for positions here.
            Some(node) => {
                let stored = self.store_default(&relation, attnum, node, false);
                Some(stored.map_err(Error::without_position)?)
            }
            None => None,
        };
        self.put_column(&relation, attnum, |column| column.default = default);
        Ok(())
    }

    pub(super) fn drop_not_null(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let attnum = self.altered_column(&relation, &command.name)?;
        let column = &relation.columns[attnum as usize - 1];
        if column.identity.is_some() {
            return Err(Error::syntax(format!(
                "column \"{}\" of relation \"{}\" is an identity column",
                column.name, relation.name
            )));
        }
        let in_primary_key = relation.constraints.iter().any(|oid| {
            self.work.catalog.constraint(*oid).is_some_and(|constraint| {
                matches!(&constraint.kind, ConstraintKind::PrimaryKey { columns, .. }
                    if columns.contains(&attnum))
            })
        });
        if in_primary_key {
            return Err(Error::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!("column \"{}\" is in a primary key", column.name),
            ));
        }
        self.require_nullable_above(&relation, &command.name)?;
        self.put_column(&relation, attnum, |column| column.not_null = false);
        Ok(())
    }

    pub(super) async fn drop_constraint_step(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<()> {
        let found = self.work.catalog.constraint_named(&relation, &command.name).cloned();
        match found {
            Some(constraint) if constraint.inherited.count > 0 => {
                Err(super::super::inherit::invalid(format!(
                    "cannot drop inherited constraint \"{}\" of relation \"{}\"",
                    command.name, relation.name
                )))
            }
            Some(constraint) => {
                if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                    self.require_no_pending(&*self.relation(key.referenced_table)?)?;
                }
                for oid in self.work.catalog.with_descendants(relation.oid) {
                    self.require_no_pending(&*self.relation(oid)?)?;
                }
                let mut targets: Vec<ObjectAddress> = Vec::new();
                self.constraints_to_drop(relation.oid, &constraint, recurse, &mut targets).await?;
                self.drop_addresses(&targets, command.behavior()).await
            }
            None if command.missing_ok => {
                self.notice(format!(
                    "constraint \"{}\" of relation \"{}\" does not exist, skipping",
                    command.name, relation.name
                ));
                Ok(())
            }
            None => Err(undefined_constraint(&command.name, &relation)),
        }
    }

    /// VALIDATE CONSTRAINT: checks the rows that NOT VALID passed over.
    pub(super) async fn validate_constraint(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<()> {
        let oid = self
            .constraint_on(relation.oid, &command.name)
            .ok_or_else(|| undefined_constraint(&command.name, &relation))?;
        let constraint = self.work.catalog.constraint(oid).cloned();
        let constraint =
            constraint.ok_or_else(|| undefined_constraint(&command.name, &relation))?;
        if constraint.validated {
            return Ok(());
        }
        if constraint.is_check() && !constraint.no_inherit {
            if !recurse && self.has_children(relation.oid) {
                return Err(super::super::inherit::invalid(
                    "constraint must be validated on child tables too",
                ));
            }
            for child in self.locked_children(relation.oid).await? {
                Box::pin(self.validate_constraint(child, command, true)).await?;
            }
        }
        match &constraint.kind {
            ConstraintKind::Check { .. } => {
                crate::table::verify::check(self.work, self.ctx, relation.oid, &constraint).await?;
            }
            ConstraintKind::ForeignKey(_) => {
                crate::table::verify::foreign_key(self.work, self.ctx, relation.oid, &constraint)
                    .await?;
            }
            _ => {
                return Err(Error::new(
                    sqlstate::WRONG_OBJECT_TYPE,
                    format!(
                        "constraint \"{}\" of relation \"{}\" is not a foreign key or check constraint",
                        command.name, relation.name
                    ),
                ));
            }
        }
        let mut validated = (*constraint).clone();
        validated.validated = true;
        self.put(validated);
        Ok(())
    }

    /// ALTER CONSTRAINT: deferrability of a foreign key.
    pub(super) fn alter_constraint(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let Some(NodeEnum::AtalterConstraint(change)) =
            command.def.as_ref().and_then(|node| node.node.as_ref())
        else {
            return Err(Error::unsupported("ALTER CONSTRAINT of this form"));
        };
        if change.noinherit {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "FOREIGN KEY constraints cannot be marked NO INHERIT",
            ));
        }
        if !change.alter_deferrability {
            return Err(Error::unsupported("ALTER CONSTRAINT other than deferrability"));
        }
        let oid = self
            .constraint_on(relation.oid, &change.conname)
            .ok_or_else(|| undefined_constraint(&change.conname, &relation))?;
        let constraint = self.work.catalog.constraint(oid).cloned();
        let constraint =
            constraint.ok_or_else(|| undefined_constraint(&change.conname, &relation))?;
        if !matches!(constraint.kind, ConstraintKind::ForeignKey(_)) {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!(
                    "constraint \"{}\" of relation \"{}\" is not a foreign key constraint",
                    change.conname, relation.name
                ),
            ));
        }
        if let Some(above) = self.work.catalog.constraint(constraint.parent) {
            let (name, table) = (&constraint.name, &self.relation(above.table)?.name);
            return Err(Error::new(
                sqlstate::INTERNAL_ERROR,
                format!("cannot alter constraint \"{name}\" on relation \"{}\"", relation.name),
            )
            .with_detail(format!(
                "Constraint \"{name}\" is derived from constraint \"{}\" of relation \"{table}\".",
                above.name
            ))
            .with_hint("You may alter the constraint it derives from instead."));
        }
        let mut due = vec![constraint];
        while let Some(constraint) = due.pop() {
            let all = self.work.catalog.constraints();
            due.extend(all.filter(|below| below.parent == constraint.oid).cloned());
            let mut changed = (*constraint).clone();
            changed.deferrable = change.deferrable;
            changed.initially_deferred = change.initdeferred;
            self.put(changed);
        }
        Ok(())
    }

    /// SET GENERATED and sequence options of an identity column.
    pub(super) async fn alter_identity(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let attnum = self.altered_column(&relation, &command.name)?;
        self.require_identity(&relation, attnum)?;
        let Some(NodeEnum::List(list)) = command.def.as_ref().and_then(|node| node.node.as_ref())
        else {
            return Err(Error::syntax("SET without identity options"));
        };
        let (generated, sequence): (Vec<_>, Vec<_>) =
            list.items.iter().cloned().partition(|node| {
                matches!(&node.node, Some(NodeEnum::DefElem(option)) if option.defname == "generated")
            });
        for option in options(&generated) {
            let always = option.arg.as_ref().and_then(|node| node.node.as_ref()).is_some_and(
                |node| matches!(node, NodeEnum::Integer(i) if i.ival == i32::from(b'a')),
            );
            let identity = if always { Identity::Always } else { Identity::ByDefault };
            self.set_identity(relation.oid, attnum, Some(identity))?;
        }
        if !sequence.is_empty()
            && let Some(oid) = self.owned_sequence(relation.oid, attnum)
        {
            let owned = self.relation(oid)?;
            self.alter_sequence_relation(&owned, &sequence).await?;
        }
        Ok(())
    }

    pub(super) fn drop_identity(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let attnum = self.altered_column(&relation, &command.name)?;
        if let Err(error) = self.require_identity(&relation, attnum) {
            if command.missing_ok {
                self.notice(format!("{}, skipping", error.message()));
                return Ok(());
            }
            return Err(error);
        }
        if let Some(sequence) = self.owned_sequence(relation.oid, attnum) {
            self.remove(ObjectClass::Relation, sequence);
        }
        self.set_identity(relation.oid, attnum, None)
    }

    fn require_identity(&self, relation: &Relation, attnum: i16) -> Result<()> {
        let column = &relation.columns[attnum as usize - 1];
        if column.identity.is_some() {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!(
                "column \"{}\" of relation \"{}\" is not an identity column",
                column.name, relation.name
            ),
        ))
    }

    /// DROP EXPRESSION: a generated column keeps its values and becomes a plain one.
    pub(super) fn drop_expression(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let attnum = self.altered_column(&relation, &command.name)?;
        let column = &relation.columns[attnum as usize - 1];
        let generated = column.default.as_ref().is_some_and(|default| default.generated);
        if !generated {
            let message = format!(
                "column \"{}\" of relation \"{}\" is not a stored generated column",
                column.name, relation.name
            );
            if command.missing_ok {
                self.notice(format!("{message}, skipping"));
                return Ok(());
            }
            return Err(Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message));
        }
        self.put_column(&relation, attnum, |column| column.default = None);
        Ok(())
    }
}

fn undefined_constraint(name: &str, relation: &Relation) -> Error {
    Error::new(
        sqlstate::UNDEFINED_OBJECT,
        format!("constraint \"{name}\" of relation \"{}\" does not exist", relation.name),
    )
}
