//! ALTER TABLE (and ALTER INDEX, VIEW, SEQUENCE where they share its grammar).
//!
//! Subcommands run in the passes PostgreSQL uses: what drops goes first, then
//! type changes, then columns, then constraints, so that one statement can drop
//! and add under the same name.

mod add;
mod change;
mod retype;

use std::sync::Arc;

use super::Ddl;
use super::name::{display_name, wrong_object};
use crate::catalog::{Relation, RelationKind};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::LockMode;

impl Ddl<'_> {
    pub async fn alter_table(&mut self, statement: &ast::AlterTableStmt) -> Result<String> {
        if statement.objtype() == ast::ObjectType::ObjectType {
            self.alter_composite(statement).await?;
            return Ok("ALTER TYPE".to_owned());
        }
        let tag = format!("ALTER {}", object_word(statement.objtype())?.to_ascii_uppercase());
        let name =
            statement.relation.as_ref().ok_or_else(|| Error::syntax("table without a name"))?;
        let Some(relation) = self.try_relation(name)? else {
            if statement.missing_ok {
                self.notice(format!("relation \"{}\" does not exist, skipping", name.relname));
                return Ok(tag);
            }
            return Err(Error::undefined_table(&display_name(name)));
        };
        self.require_relation_owner(&relation)?;
        self.require_alterable(&relation, statement.objtype())?;
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        let mut commands: Vec<&ast::AlterTableCmd> = statement
            .cmds
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::AlterTableCmd(command)) => Some(&**command),
                _ => None,
            })
            .collect();
        commands.sort_by_key(|command| pass(command.subtype()));
        for command in commands {
            self.alter_table_step(relation.oid, command, name.inh).await?;
        }
        Ok(tag)
    }

    fn require_alterable(&self, relation: &Relation, kind: ast::ObjectType) -> Result<()> {
        if matches!(relation.kind, RelationKind::Virtual) {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("permission denied: \"{}\" is a system catalog", relation.name),
            ));
        }
        let fits = match kind {
            ast::ObjectType::ObjectView => matches!(relation.kind, RelationKind::View(_)),
            ast::ObjectType::ObjectMatview => relation.is_materialized_view(),
            ast::ObjectType::ObjectIndex => matches!(relation.kind, RelationKind::Index(_)),
            ast::ObjectType::ObjectSequence => matches!(relation.kind, RelationKind::Sequence(_)),
            _ => true,
        };
        if matches!(relation.kind, RelationKind::Composite) {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is a composite type", relation.name),
            )
            .with_hint("Use ALTER TYPE instead."));
        }
        if fits { Ok(()) } else { Err(wrong_object(&relation.name, object_word(kind)?)) }
    }

    /// `recurse`: the tables that inherit from the table are meant, too.
    async fn alter_table_step(
        &mut self,
        oid: Oid,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<()> {
        use ast::AlterTableType as Step;
        let relation = self.relation(oid)?;
        if command.subtype() == Step::AtChangeOwner {
            let spec = command.newowner.as_ref().ok_or_else(|| Error::syntax("OWNER TO nobody"))?;
            let owner = self.role_of(spec)?.oid;
            return self.set_relation_owner(&relation, owner);
        }
        if command.subtype() == Step::AtAttachPartition
            && matches!(relation.kind, RelationKind::Index(_))
        {
            return self.attach_index(relation, command).await;
        }
        if matches!(relation.kind, RelationKind::View(_)) {
            return match command.subtype() {
                Step::AtColumnDefault => self.set_column_default(relation, command),
                Step::AtSetRelOptions | Step::AtResetRelOptions => {
                    self.alter_view_options(&relation, command)
                }
                step => Err(not_for_views(step, &relation)),
            };
        }
        if !matches!(relation.kind, RelationKind::Table) {
            return Err(wrong_object(&relation.name, "table"));
        }
        if relation.is_materialized_view() {
            return Err(not_for_views(command.subtype(), &relation));
        }
        match command.subtype() {
            Step::AtAddColumn => self.add_column(relation, command, recurse).await,
            Step::AtDropColumn => self.drop_column_step(relation, command, recurse).await,
            Step::AtColumnDefault => {
                for oid in self.family_of_step(oid, recurse).await? {
                    self.set_column_default(self.relation(oid)?, command)?;
                }
                Ok(())
            }
            Step::AtSetNotNull => {
                if relation.is_partitioned() && !recurse {
                    self.require_children_not_null(&relation, &command.name)?;
                }
                for oid in self.family_of_step(oid, recurse).await? {
                    let relation = self.relation(oid)?;
                    let attnum = self.altered_column(&relation, &command.name)?;
                    self.set_not_null(relation, &[attnum]).await?;
                }
                Ok(())
            }
            Step::AtDropNotNull => {
                self.require_nullable(&relation, recurse)?;
                for oid in self.family_of_step(oid, recurse).await? {
                    self.drop_not_null(self.relation(oid)?, command)?;
                }
                Ok(())
            }
            Step::AtAlterColumnType => self.alter_column_type(relation, command, recurse).await,
            Step::AtAddConstraint => self.add_constraint_step(oid, command, recurse).await,
            Step::AtDropConstraint => self.drop_constraint_step(relation, command, recurse).await,
            Step::AtValidateConstraint => {
                self.validate_constraint(relation, command, recurse).await
            }
            Step::AtAlterConstraint => self.alter_constraint(relation, command),
            Step::AtAddIdentity => self.add_identity(relation, command),
            Step::AtSetIdentity => self.alter_identity(relation, command).await,
            Step::AtDropIdentity => self.drop_identity(relation, command),
            Step::AtDropExpression => {
                self.require_expression_droppable(&relation, command, recurse)?;
                for oid in self.family_of_step(oid, recurse).await? {
                    self.drop_expression(self.relation(oid)?, command)?;
                }
                Ok(())
            }
            Step::AtAddInherit => self.add_inherit(relation, command).await,
            Step::AtDropInherit => self.drop_inherit(relation, command).await,
            Step::AtAttachPartition => self.attach_partition(relation, command).await,
            Step::AtDetachPartition => self.detach_partition(relation, command).await,
            step @ (Step::AtEnableRowSecurity
            | Step::AtDisableRowSecurity
            | Step::AtForceRowSecurity
            | Step::AtNoForceRowSecurity) => self.switch_row_security(&relation, step),
            Step::AtEnableTrig
            | Step::AtEnableAlwaysTrig
            | Step::AtEnableReplicaTrig
            | Step::AtDisableTrig
            | Step::AtEnableTrigAll
            | Step::AtDisableTrigAll
            | Step::AtEnableTrigUser
            | Step::AtDisableTrigUser => self.switch_triggers(relation.oid, command),
            Step::AtReplicaIdentity | Step::AtClusterOn => {
                Err(Error::unsupported(step_name(command.subtype())))
            }
            other => Err(Error::unsupported(step_name(other))),
        }
    }

    /// The attribute number of a column that a subcommand names.
    pub(in crate::sql::ddl) fn altered_column(
        &self,
        relation: &Relation,
        name: &str,
    ) -> Result<i16> {
        super::constraint::column_number(relation, name).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column \"{name}\" of relation \"{}\" does not exist", relation.name),
            )
        })
    }

    async fn add_constraint_step(
        &mut self,
        oid: Oid,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<()> {
        match command.def.as_ref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::Constraint(constraint)) => {
                self.add_constraint(oid, constraint, recurse).await
            }
            _ => Err(Error::syntax("ADD CONSTRAINT without a constraint")),
        }
    }

    /// Puts a relation with one column changed.
    pub(in crate::sql::ddl) fn put_column(
        &mut self,
        relation: &Relation,
        attnum: i16,
        change: impl FnOnce(&mut crate::catalog::Column),
    ) -> Arc<Relation> {
        let mut relation = relation.clone();
        change(&mut relation.columns[attnum as usize - 1]);
        self.put_relation(relation)
    }
}

/// PostgreSQL's passes: drops, type changes, then the rest, constraints last.
pub(super) fn pass(step: ast::AlterTableType) -> u8 {
    use ast::AlterTableType as Step;
    match step {
        Step::AtDropColumn | Step::AtDropConstraint | Step::AtDropExpression => 0,
        Step::AtAlterColumnType => 1,
        Step::AtAddColumn => 2,
        Step::AtAddConstraint => 4,
        Step::AtValidateConstraint => 5,
        _ => 3,
    }
}

fn object_word(kind: ast::ObjectType) -> Result<&'static str> {
    Ok(match kind {
        ast::ObjectType::ObjectTable => "table",
        ast::ObjectType::ObjectView => "view",
        ast::ObjectType::ObjectMatview => "materialized view",
        ast::ObjectType::ObjectIndex => "index",
        ast::ObjectType::ObjectSequence => "sequence",
        _ => return Err(Error::unsupported("ALTER of this kind of object")),
    })
}

/// `AT_SET_STATISTICS` as `ALTER TABLE … SET STATISTICS`.
fn step_name(step: ast::AlterTableType) -> String {
    let name = step.as_str_name().trim_start_matches("AT_");
    let mut words = String::new();
    for (index, character) in name.chars().enumerate() {
        if index > 0 && character.is_ascii_uppercase() && name.contains(char::is_lowercase) {
            words.push(' ');
        }
        words.push(if character == '_' { ' ' } else { character.to_ascii_uppercase() });
    }
    format!("ALTER TABLE … {words}")
}

/// `42809`: what cannot be done to a view, in PostgreSQL's words.
fn not_for_views(step: ast::AlterTableType, relation: &Relation) -> Error {
    let step = step_name(step);
    Error::new(
        sqlstate::WRONG_OBJECT_TYPE,
        format!(
            "ALTER action {} cannot be performed on relation \"{}\"",
            step.trim_start_matches("ALTER TABLE … "),
            relation.name
        ),
    )
    .with_detail(format!("This operation is not supported for {}s.", relation.kind_word()))
}
