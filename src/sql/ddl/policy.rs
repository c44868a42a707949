//! CREATE, ALTER, RENAME and DROP POLICY, and ALTER TABLE … ROW LEVEL SECURITY.
//!
//! A condition is bound once where it is written, for its errors; then it is kept as
//! the query `SELECT condition FROM table`, as a view's is, so that it goes on meaning
//! what its names mean now.

use std::sync::Arc;

use super::Ddl;
use super::name::{display_name, name_list, wrong_object};
use crate::catalog::{
    ObjectAddress, Policy, PolicyCommand, PolicyCondition, Relation, RelationKind, View,
    quote_identifier, quote_qualified,
};
use crate::error::{Error, Result, Severity};
use crate::sql::bind::{self, ExpressionUse};
use crate::sql::ir::Rel;
use crate::sql::parse::{self, NodeEnum, ast};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;
use crate::txn::LockMode;

/// A condition as it is kept, and its query for what it depends on.
struct Kept {
    condition: PolicyCondition,
    query: Rel,
}

impl Ddl<'_> {
    pub async fn create_policy(
        &mut self,
        statement: &ast::CreatePolicyStmt,
    ) -> Result<&'static str> {
        let command = policy_command(&statement.cmd_name)?;
        if statement.with_check.is_some()
            && matches!(command, PolicyCommand::Select | PolicyCommand::Delete)
        {
            return Err(Error::syntax("WITH CHECK cannot be applied to SELECT or DELETE"));
        }
        if statement.qual.is_some() && command == PolicyCommand::Insert {
            return Err(Error::syntax("only WITH CHECK expression allowed for INSERT"));
        }
        let roles = self.policy_roles(&statement.roles)?;
        let table = self.policy_table(statement.table.as_ref()).await?;
        let using = self.policy_condition(&table, statement.qual.as_deref())?;
        let check = self.policy_condition(&table, statement.with_check.as_deref())?;
        let name = &statement.policy_name;
        self.require_no_policy(&table, name)?;
        let queries: Vec<Rel> =
            [&using, &check].into_iter().flatten().map(|k| k.query.clone()).collect();
        let policy = Policy {
            oid: self.next_oid(),
            table: table.oid,
            name: name.clone(),
            command,
            permissive: statement.permissive,
            roles,
            using: using.map(|kept| kept.condition),
            check: check.map(|kept| kept.condition),
        };
        let address = policy.address();
        self.put(policy);
        self.record_policy_references(address, table.oid, &queries);
        Ok("CREATE POLICY")
    }

    pub async fn alter_policy(&mut self, statement: &ast::AlterPolicyStmt) -> Result<&'static str> {
        let roles = match statement.roles.is_empty() {
            true => None,
            false => Some(self.policy_roles(&statement.roles)?),
        };
        let table = self.policy_table(statement.table.as_ref()).await?;
        let using = self.policy_condition(&table, statement.qual.as_deref())?;
        let check = self.policy_condition(&table, statement.with_check.as_deref())?;
        let policy = self.policy_on(&table, &statement.policy_name)?;
        if check.is_some()
            && matches!(policy.command, PolicyCommand::Select | PolicyCommand::Delete)
        {
            return Err(Error::syntax("only USING expression allowed for SELECT, DELETE"));
        }
        if using.is_some() && policy.command == PolicyCommand::Insert {
            return Err(Error::syntax("only WITH CHECK expression allowed for INSERT"));
        }
        let mut changed = (*policy).clone();
        let mut queries = Vec::new();
        for (slot, new) in [(&mut changed.using, using), (&mut changed.check, check)] {
            match new {
                Some(kept) => {
                    queries.push(kept.query);
                    *slot = Some(kept.condition);
                }
                None => {
                    if let Some(known) = slot {
                        queries.push(self.view_definition(known.query.sql.clone())?.query.rel);
                    }
                }
            }
        }
        if let Some(roles) = roles {
            changed.roles = roles;
        }
        let address = changed.address();
        self.put(changed);
        self.record_policy_references(address, table.oid, &queries);
        Ok("ALTER POLICY")
    }

    pub(super) async fn rename_policy(&mut self, statement: &ast::RenameStmt) -> Result<String> {
        let table = self.policy_table(statement.relation.as_ref()).await?;
        self.require_no_policy(&table, &statement.newname)?;
        let policy = self.policy_on(&table, &statement.subname)?;
        self.put(Policy { name: statement.newname.clone(), ..(*policy).clone() });
        Ok("ALTER POLICY".to_owned())
    }

    /// What DROP POLICY names.
    pub(super) async fn policy_target(
        &mut self,
        node: &ast::Node,
        missing_ok: bool,
    ) -> Result<ObjectAddress> {
        let parts = name_list(node.node.as_ref());
        let (relation, name) = self.on_owned_table(&parts, "policy")?;
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        match self.work.catalog.policy_named(relation.oid, name) {
            Some(policy) => Ok(policy.address()),
            None if missing_ok => Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("policy \"{name}\" for relation \"{}\" does not exist", relation.name),
            )),
            None => Err(no_policy(name, &relation)),
        }
    }

    /// ENABLE, DISABLE, FORCE and NO FORCE ROW LEVEL SECURITY.
    pub(super) fn switch_row_security(
        &mut self,
        relation: &Relation,
        step: ast::AlterTableType,
    ) -> Result<()> {
        use ast::AlterTableType as Step;
        let mut relation = relation.clone();
        match step {
            Step::AtEnableRowSecurity => relation.row_security.enabled = true,
            Step::AtDisableRowSecurity => relation.row_security.enabled = false,
            Step::AtForceRowSecurity => relation.row_security.forced = true,
            _ => relation.row_security.forced = false,
        }
        self.put_relation(relation);
        Ok(())
    }

    /// A role that is dropped or loses what it has is not a policy's any more; a policy
    /// that was for it alone goes.
    pub(super) fn forget_role_in_policies(&mut self, role: Oid) {
        let policies: Vec<Arc<Policy>> = self
            .work
            .catalog
            .policies()
            .filter(|policy| policy.roles.contains(&role))
            .cloned()
            .collect();
        for policy in policies {
            let mut kept = (*policy).clone();
            kept.roles.retain(|known| *known != role);
            match kept.roles.is_empty() {
                true => self.remove(crate::catalog::ObjectClass::Policy, kept.oid),
                false => self.put(kept),
            }
        }
    }

    fn policy_roles(&self, nodes: &[ast::Node]) -> Result<Vec<Oid>> {
        let mut roles = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Some(NodeEnum::RoleSpec(spec)) = &node.node else { continue };
            if spec.roletype() == ast::RoleSpecType::RolespecPublic {
                if nodes.len() > 1 {
                    let message = "ignoring specified roles other than PUBLIC";
                    let mut warning = Error::notice(Severity::Warning, message);
                    warning.hint = Some("All roles are members of the PUBLIC role.".to_owned());
                    self.report(warning);
                }
                return Ok(vec![oid::INVALID]);
            }
            roles.push(self.role_of(spec)?.oid);
        }
        Ok(if roles.is_empty() { vec![oid::INVALID] } else { roles })
    }

    /// The table that a policy is on, locked.
    async fn policy_table(&mut self, name: Option<&ast::RangeVar>) -> Result<Arc<Relation>> {
        let name = name.ok_or_else(|| Error::syntax("a policy without a table"))?;
        let relation = self.find_relation(name)?;
        self.require_relation_owner(&relation)?;
        match relation.kind {
            RelationKind::Virtual => {
                return Err(Error::new(
                    sqlstate::INSUFFICIENT_PRIVILEGE,
                    format!("permission denied: \"{}\" is a system catalog", relation.name),
                ));
            }
            RelationKind::Table if !relation.is_materialized_view() => {}
            _ => return Err(wrong_object(&display_name(name), "table")),
        }
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        self.relation(relation.oid)
    }

    fn policy_condition(
        &self,
        table: &Arc<Relation>,
        node: Option<&ast::Node>,
    ) -> Result<Option<Kept>> {
        let Some(node) = node else { return Ok(None) };
        // PostgreSQL does not say where in the statement a condition is wrong.
        bind::bind_expression(&self.eval(), node, Some(table), ExpressionUse::Policy)
            .map_err(Error::without_position)?;
        let schema = self.work.catalog.schema_name(table.schema);
        let sql = format!(
            "SELECT ({}) AS {} FROM {}",
            parse::expression_text(node)?,
            quote_identifier("condition"),
            quote_qualified(Some(schema), &table.name)
        );
        let definition = self.view_definition(sql)?;
        let query = View {
            sql: definition.sql,
            search_path: self.search_path_names(),
            // What it reads is read with the rights of who is subject to the policy.
            options: vec![("security_invoker".to_owned(), "true".to_owned())],
            updatable: None,
            names: definition.names,
        };
        Ok(Some(Kept { condition: PolicyCondition { query }, query: definition.query.rel }))
    }

    fn require_no_policy(&self, table: &Relation, name: &str) -> Result<()> {
        match self.work.catalog.policy_named(table.oid, name) {
            None => Ok(()),
            Some(_) => Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("policy \"{name}\" for table \"{}\" already exists", table.name),
            )),
        }
    }

    pub(super) fn policy_on(&self, table: &Relation, name: &str) -> Result<Arc<Policy>> {
        let found = self.work.catalog.policy_named(table.oid, name).cloned();
        found.ok_or_else(|| no_policy(name, table))
    }
}

fn no_policy(name: &str, table: &Relation) -> Error {
    Error::new(
        sqlstate::UNDEFINED_OBJECT,
        format!("policy \"{name}\" for table \"{}\" does not exist", table.name),
    )
}

fn policy_command(name: &str) -> Result<PolicyCommand> {
    Ok(match name {
        "all" => PolicyCommand::All,
        "select" => PolicyCommand::Select,
        "insert" => PolicyCommand::Insert,
        "update" => PolicyCommand::Update,
        "delete" => PolicyCommand::Delete,
        other => return Err(Error::syntax(format!("unrecognized policy command \"{other}\""))),
    })
}
