//! ALTER TABLE (and ALTER INDEX, VIEW, SEQUENCE where they share its grammar).
//!
//! Subcommands run in the passes PostgreSQL uses: what drops goes first, then
//! type changes, then columns, then constraints, so that one statement can drop
//! and add under the same name.

mod add;
mod change;
mod retype;
mod settings;

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
        let mut commands: Vec<&ast::AlterTableCmd> = statement
            .cmds
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::AlterTableCmd(command)) => Some(&**command),
                _ => None,
            })
            .collect();
        let modes = commands.iter().map(|command| lock_mode(command));
        let mode = modes.reduce(stronger).unwrap_or(LockMode::AccessExclusive);
        self.lock_relation(relation.oid, mode).await?;
        self.require_no_pending(&relation)?;
        let relation = self.relation(relation.oid)?;
        self.require_not_detaching(&relation)?;
        commands.sort_by_key(|command| pass(command.subtype()));
        let last = pass(ast::AlterTableType::AtAlterColumnType);
        let typed = commands.partition_point(|command| pass(command.subtype()) <= last);
        let after = commands.split_off(typed);
        let retyped = retype::names(&commands);
        for command in commands {
            self.alter_table_step(relation.oid, command, name.inh).await?;
        }
        self.recheck_foreign_keys(relation.oid, retyped, name.inh).await?;
        for command in after {
            self.alter_table_step(relation.oid, command, name.inh).await?;
        }
        Ok(tag)
    }

    /// `55006` if rows of the relation are still to be checked at the transaction's end.
    pub(super) fn require_no_pending(&self, relation: &Relation) -> Result<()> {
        if !self.work.table.has_deferred(relation.oid, &self.work.catalog) {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::OBJECT_IN_USE,
            format!(
                "cannot ALTER TABLE \"{}\" because it has pending trigger events",
                relation.name
            ),
        ))
    }

    fn require_alterable(&self, relation: &Relation, kind: ast::ObjectType) -> Result<()> {
        if relation.is_system_catalog() {
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
                step => Err(not_for(step, &relation)),
            };
        }
        if self.settings_step(&relation, command, recurse).await? {
            return Ok(());
        }
        if !matches!(relation.kind, RelationKind::Table) || relation.is_materialized_view() {
            return Err(not_for(command.subtype(), &relation));
        }
        self.require_untyped(&relation, command.subtype())?;
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
            Step::AtAddOf => match command.def.as_ref().and_then(|node| node.node.as_ref()) {
                Some(NodeEnum::TypeName(name)) => self.add_of(&relation, name),
                _ => Err(Error::syntax("OF without a type")),
            },
            Step::AtDropOf => self.drop_of(&relation),
            Step::AtAddInherit => self.add_inherit(relation, command).await,
            Step::AtDropInherit => self.drop_inherit(relation, command).await,
            Step::AtAttachPartition => self.attach_partition(relation, command).await,
            Step::AtDetachPartition => self.detach_partition(relation, command).await,
            Step::AtDetachPartitionFinalize => self.finalize_detach(relation, command).await,
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
            | Step::AtDisableTrigUser => self.switch_triggers(relation.oid, command, recurse).await,
            Step::AtEnableRule
            | Step::AtEnableAlwaysRule
            | Step::AtEnableReplicaRule
            | Step::AtDisableRule => self.switch_rule(relation.oid, command),
            other => Err(Error::unsupported(step_name(other))),
        }
    }

    /// Steps that tables share with indexes and materialized views; false for others.
    async fn settings_step(
        &mut self,
        relation: &Arc<Relation>,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<bool> {
        use ast::AlterTableType as Step;
        let is_table = matches!(relation.kind, RelationKind::Table);
        let is_index = matches!(relation.kind, RelationKind::Index(_));
        let is_plain = is_table && !relation.is_materialized_view();
        match command.subtype() {
            Step::AtSetRelOptions | Step::AtResetRelOptions if is_table || is_index => {
                self.alter_storage_options(relation, command)?;
            }
            Step::AtSetStatistics if is_index => self.set_statistics(relation, command)?,
            Step::AtSetStatistics if is_table => {
                for oid in self.family_of_step(relation.oid, recurse).await? {
                    self.set_statistics(&self.relation(oid)?, command)?;
                }
            }
            Step::AtSetStorage if is_table => {
                for oid in self.family_of_step(relation.oid, recurse).await? {
                    self.set_storage(&self.relation(oid)?, command)?;
                }
            }
            Step::AtSetCompression if is_table => self.set_compression(relation, command)?,
            Step::AtSetOptions | Step::AtResetOptions if is_table || is_index => {
                self.set_column_options(relation, command)?;
            }
            Step::AtSetTableSpace if is_table || is_index => {
                self.set_tablespace(relation, &command.name)?;
            }
            Step::AtClusterOn if is_table => self.cluster_on(relation, &command.name)?,
            Step::AtDropCluster if is_table => self.cluster_on(relation, "")?,
            step @ (Step::AtSetLogged | Step::AtSetUnLogged)
                if matches!(relation.kind, RelationKind::Sequence(_)) =>
            {
                let mut sequence = (**relation).clone();
                sequence.settings.unlogged = step == Step::AtSetUnLogged;
                self.put_relation(sequence);
            }
            Step::AtSetLogged if is_plain => self.set_logged(relation, false)?,
            Step::AtSetUnLogged if is_plain => self.set_logged(relation, true)?,
            Step::AtReplicaIdentity if is_table => self.set_replica_identity(relation, command)?,
            // Rows have no OIDs any more.
            Step::AtDropOids if is_plain => {}
            _ => return Ok(false),
        }
        Ok(true)
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

/// What a subcommand has to keep out (`AlterTableGetLockLevel`).
fn lock_mode(command: &ast::AlterTableCmd) -> LockMode {
    use ast::AlterTableType as Step;
    match command.subtype() {
        Step::AtSetStatistics
        | Step::AtSetOptions
        | Step::AtResetOptions
        | Step::AtClusterOn
        | Step::AtDropCluster
        | Step::AtDetachPartitionFinalize
        | Step::AtValidateConstraint => LockMode::ShareUpdateExclusive,
        Step::AtDetachPartition => match command.def.as_ref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::PartitionCmd(partition)) if partition.concurrent => {
                LockMode::ShareUpdateExclusive
            }
            _ => LockMode::AccessExclusive,
        },
        Step::AtSetRelOptions | Step::AtResetRelOptions => {
            super::storage_options::lock_mode(super::storage_options::list_of(command))
        }
        Step::AtEnableTrig
        | Step::AtEnableAlwaysTrig
        | Step::AtEnableReplicaTrig
        | Step::AtDisableTrig
        | Step::AtEnableTrigAll
        | Step::AtDisableTrigAll
        | Step::AtEnableTrigUser
        | Step::AtDisableTrigUser
        | Step::AtAlterConstraint => LockMode::ShareRowExclusive,
        Step::AtAddConstraint => match command.def.as_ref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::Constraint(constraint))
                if constraint.contype() == ast::ConstrType::ConstrForeign =>
            {
                LockMode::ShareRowExclusive
            }
            _ => LockMode::AccessExclusive,
        },
        _ => LockMode::AccessExclusive,
    }
}

fn stronger(one: LockMode, other: LockMode) -> LockMode {
    if one as u8 >= other as u8 { one } else { other }
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

/// `42809`: a step for another kind of relation.
fn not_for(step: ast::AlterTableType, relation: &Relation) -> Error {
    let kinds = match relation.kind_word() {
        "index" => "indexes".to_owned(),
        word => format!("{word}s"),
    };
    Error::new(
        sqlstate::WRONG_OBJECT_TYPE,
        format!(
            "ALTER action {} cannot be performed on relation \"{}\"",
            action_name(step),
            relation.name
        ),
    )
    .with_detail(format!("This operation is not supported for {kinds}."))
}

/// What PostgreSQL calls a subcommand.
fn action_name(step: ast::AlterTableType) -> String {
    use ast::AlterTableType as Step;
    let name = match step {
        Step::AtAddColumn => "ADD COLUMN",
        Step::AtColumnDefault => "ALTER COLUMN ... SET DEFAULT",
        Step::AtDropNotNull => "ALTER COLUMN ... DROP NOT NULL",
        Step::AtSetNotNull => "ALTER COLUMN ... SET NOT NULL",
        Step::AtDropExpression => "ALTER COLUMN ... DROP EXPRESSION",
        Step::AtSetStatistics => "ALTER COLUMN ... SET STATISTICS",
        Step::AtSetOptions => "ALTER COLUMN ... SET",
        Step::AtResetOptions => "ALTER COLUMN ... RESET",
        Step::AtSetStorage => "ALTER COLUMN ... SET STORAGE",
        Step::AtSetCompression => "ALTER COLUMN ... SET COMPRESSION",
        Step::AtDropColumn => "DROP COLUMN",
        Step::AtAddConstraint => "ADD CONSTRAINT",
        Step::AtAlterConstraint => "ALTER CONSTRAINT",
        Step::AtValidateConstraint => "VALIDATE CONSTRAINT",
        Step::AtDropConstraint => "DROP CONSTRAINT",
        Step::AtAlterColumnType => "ALTER COLUMN ... SET DATA TYPE",
        Step::AtClusterOn => "CLUSTER ON",
        Step::AtDropCluster => "SET WITHOUT CLUSTER",
        Step::AtSetTableSpace => "SET TABLESPACE",
        Step::AtSetLogged => "SET LOGGED",
        Step::AtSetUnLogged => "SET UNLOGGED",
        Step::AtDropOids => "SET WITHOUT OIDS",
        Step::AtSetRelOptions => "SET",
        Step::AtResetRelOptions => "RESET",
        Step::AtEnableTrig => "ENABLE TRIGGER",
        Step::AtDisableTrig => "DISABLE TRIGGER",
        Step::AtAddInherit => "INHERIT",
        Step::AtDropInherit => "NO INHERIT",
        Step::AtAddOf => "OF",
        Step::AtDropOf => "NOT OF",
        Step::AtReplicaIdentity => "REPLICA IDENTITY",
        Step::AtEnableRowSecurity => "ENABLE ROW SECURITY",
        Step::AtDisableRowSecurity => "DISABLE ROW SECURITY",
        Step::AtForceRowSecurity => "FORCE ROW SECURITY",
        Step::AtNoForceRowSecurity => "NO FORCE ROW SECURITY",
        Step::AtAttachPartition => "ATTACH PARTITION",
        Step::AtDetachPartition => "DETACH PARTITION",
        Step::AtDetachPartitionFinalize => "DETACH PARTITION ... FINALIZE",
        Step::AtAddIdentity => "ALTER COLUMN ... ADD IDENTITY",
        Step::AtSetIdentity => "ALTER COLUMN ... SET",
        Step::AtDropIdentity => "ALTER COLUMN ... DROP IDENTITY",
        other => return step_name(other).replace("ALTER TABLE … ", ""),
    };
    name.to_owned()
}
