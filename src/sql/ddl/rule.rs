//! CREATE, ALTER and DROP RULE.
//!
//! A rule is kept as text, with what the names in it mean; it is bound where it is made,
//! so that what cannot be carried out is refused at once. What rules do is in
//! `bind::rule`.

use std::sync::Arc;

use super::Ddl;
use super::name::name_list;
use crate::catalog::{ObjectAddress, Relation, RelationKind, Rule, RuleEvent, RuleText};
use crate::error::{Error, Result};
use crate::sql::bind::{Binder, live_columns};
use crate::sql::ir::{Query, Rel, Returning, Statement};
use crate::sql::parse::{self, NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::LockMode;

pub(super) fn unfit(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message)
}

pub(super) fn unimplemented(message: impl Into<String>) -> Error {
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message)
}

fn no_rule(name: &str, relation: &str) -> Error {
    Error::new(
        sqlstate::UNDEFINED_OBJECT,
        format!("rule \"{name}\" for relation \"{relation}\" does not exist"),
    )
}

/// An action that is bound.
struct Action {
    text: RuleText,
    statement: Statement,
}

impl Ddl<'_> {
    pub async fn create_rule(&mut self, statement: &ast::RuleStmt) -> Result<&'static str> {
        let name = statement.relation.as_ref().ok_or_else(|| Error::syntax("no relation"))?;
        let relation = self.find_relation(name)?;
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        let relation = self.relation(relation.oid)?;
        require_ruleable(&relation)?;
        self.require_relation_owner(&relation)?;
        let event = match statement.event() {
            ast::CmdType::CmdInsert => RuleEvent::Insert,
            ast::CmdType::CmdUpdate => RuleEvent::Update,
            ast::CmdType::CmdDelete => RuleEvent::Delete,
            _ => {
                self.create_select_rule(statement, &relation).await?;
                return Ok("CREATE RULE");
            }
        };
        let condition = match statement.where_clause.as_deref() {
            Some(node) => Some(self.rule_condition(&relation, event, node)?),
            None => None,
        };
        let mut actions = Vec::with_capacity(statement.actions.len());
        for node in &statement.actions {
            actions.push(self.rule_action(&relation, event, node, condition.is_some())?);
        }
        self.check_returning(statement, &relation, &actions)?;
        let existing = self.work.catalog.rule_named(relation.oid, &statement.rulename).cloned();
        if existing.is_some() && !statement.replace {
            return Err(taken(&statement.rulename, &relation.name));
        }
        let rule = Rule {
            oid: existing.map_or_else(|| self.next_oid(), |old| old.oid),
            table: relation.oid,
            name: statement.rulename.clone(),
            event,
            instead: statement.instead,
            enabled: 'O',
            condition,
            actions: actions.iter().map(|action| action.text.clone()).collect(),
            search_path: self.search_path_names(),
            columns: live_columns(&relation)
                .map(|(number, column)| (number, column.name.clone()))
                .collect(),
        };
        let address = rule.address();
        self.put(rule);
        let statements: Vec<&Statement> = actions.iter().map(|action| &action.statement).collect();
        self.record_rule_references(address, relation.oid, &statements);
        Ok("CREATE RULE")
    }

    fn rule_condition(
        &self,
        relation: &Arc<Relation>,
        event: RuleEvent,
        node: &ast::Node,
    ) -> Result<RuleText> {
        let eval = self.eval();
        let inner = node.node.as_ref().ok_or_else(|| Error::syntax("no condition"))?;
        let (_, old, new) =
            Binder::with_fixed_params(&eval, &[]).bind_new_condition(relation, event, inner)?;
        check_rows(event, old, new)?;
        // Once more, from the text that is kept, for what its names mean.
        let sql = parse::expression_text(node)?;
        let statements = parse::parse_expression(&sql)?;
        let kept = statements.first().and_then(|only| condition_of(&only.node));
        let kept = kept.ok_or_else(|| Error::internal("a condition that is no expression"))?;
        let mut binder = Binder::for_definition(&eval);
        binder.bind_new_condition(relation, event, kept)?;
        Ok(RuleText { sql, names: binder.recorded_names() })
    }

    fn rule_action(
        &self,
        relation: &Arc<Relation>,
        event: RuleEvent,
        node: &ast::Node,
        is_conditional: bool,
    ) -> Result<Action> {
        let is_query = matches!(
            node.node,
            Some(
                NodeEnum::SelectStmt(_)
                    | NodeEnum::InsertStmt(_)
                    | NodeEnum::UpdateStmt(_)
                    | NodeEnum::DeleteStmt(_)
            )
        );
        if !is_query && is_conditional {
            return Err(unfit(
                "rules with WHERE conditions can only have SELECT, INSERT, UPDATE, or DELETE actions",
            ));
        }
        if !is_query {
            let nothing = Query { rel: Rel::OneRow, output: Vec::new() };
            let text = RuleText { sql: parse::deparse(node)?, names: Vec::new() };
            return Ok(Action { text, statement: Statement::Query(nothing) });
        }
        let eval = self.eval();
        let inner = node.node.as_ref().ok_or_else(|| Error::syntax("no action"))?;
        let (_, old, new) = Binder::for_definition(&eval).bind_new_action(relation, inner)?;
        check_rows(event, old, new)?;
        // Once more, from the text that is kept, for what its names mean.
        let mut sql = parse::deparse(node)?;
        loop {
            let statements = parse::parse(&sql)?;
            let kept = statements.first().map(|only| &only.node);
            let kept = kept.ok_or_else(|| Error::internal("an action that is no statement"))?;
            let mut binder = Binder::for_definition(&eval);
            let (statement, ..) =
                binder.bind_new_action(relation, kept).map_err(Error::without_position)?;
            match binder.without_stars(&sql) {
                Some(written_out) if written_out != sql => sql = written_out,
                _ => {
                    let text = RuleText { sql, names: binder.recorded_names() };
                    return Ok(Action { text, statement });
                }
            }
        }
    }

    fn check_returning(
        &self,
        statement: &ast::RuleStmt,
        relation: &Relation,
        actions: &[Action],
    ) -> Result<()> {
        let mut lists = actions.iter().filter_map(|action| action.statement.returning());
        let Some(list) = lists.next() else { return Ok(()) };
        if lists.next().is_some() {
            return Err(unimplemented("cannot have multiple RETURNING lists in a rule"));
        }
        if statement.where_clause.is_some() {
            return Err(unimplemented("RETURNING lists are not supported in conditional rules"));
        }
        if !statement.instead {
            return Err(unimplemented("RETURNING lists are not supported in non-INSTEAD rules"));
        }
        self.check_returned(relation, list)
    }

    /// A rule returns a row of its relation.
    fn check_returned(&self, relation: &Relation, list: &Returning) -> Result<()> {
        let columns = relation.columns.iter().filter(|column| !column.dropped);
        let mut given = list.exprs.iter();
        for (at, column) in columns.enumerate() {
            let Some((_, expr)) = given.next() else {
                return Err(unfit("RETURNING list has too few entries"));
            };
            if expr.ty.oid != column.ty.oid {
                return Err(unfit(format!(
                    "RETURNING list's entry {} has different type from column \"{}\"",
                    at + 1,
                    column.name
                ))
                .with_detail(format!(
                    "RETURNING list entry has type {}, but column has type {}.",
                    self.type_text(expr.ty),
                    self.type_text(column.ty)
                )));
            }
        }
        match given.next() {
            Some(_) => Err(unfit("RETURNING list has too many entries")),
            None => Ok(()),
        }
    }

    /// What DROP RULE names; its table is locked.
    pub(super) async fn rule_target(&mut self, node: &ast::Node) -> Result<ObjectAddress> {
        let parts = name_list(node.node.as_ref());
        let (relation, name) = self.on_owned_table(&parts, "rule")?;
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        if name == "_RETURN" && relation.view().is_some() {
            let view =
                self.work.catalog.relation_name(&self.ctx.eval.settings.search_path, &relation);
            return Err(Error::new(
                sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                format!("cannot drop rule _RETURN on view {view} because view {view} requires it"),
            )
            .with_hint(format!("You can drop view {view} instead.")));
        }
        self.rule_on(&relation, name)
    }

    pub(super) fn rule_on(&self, relation: &Relation, name: &str) -> Result<ObjectAddress> {
        let rule = self.work.catalog.rule_named(relation.oid, name);
        rule.map(|rule| rule.address()).ok_or_else(|| no_rule(name, &relation.name))
    }

    pub(super) async fn rename_rule(&mut self, statement: &ast::RenameStmt) -> Result<String> {
        let name = statement.relation.as_ref().ok_or_else(|| Error::syntax("no relation"))?;
        let relation = self.find_relation(name)?;
        self.require_relation_owner(&relation)?;
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        let (old, new) = (&statement.subname, &statement.newname);
        if old == "_RETURN" && relation.view().is_some() {
            return Err(unfit("renaming an ON SELECT rule is not allowed"));
        }
        let rule = self.work.catalog.rule_named(relation.oid, old).cloned();
        let rule = rule.ok_or_else(|| no_rule(old, &relation.name))?;
        let is_own = new == "_RETURN" && relation.view().is_some();
        if is_own || self.work.catalog.rule_named(relation.oid, new).is_some() {
            return Err(taken(new, &relation.name));
        }
        self.put(Rule { name: new.clone(), ..(*rule).clone() });
        Ok("ALTER RULE".to_owned())
    }

    /// ALTER TABLE … ENABLE and DISABLE RULE.
    pub(super) fn switch_rule(&mut self, table: Oid, command: &ast::AlterTableCmd) -> Result<()> {
        use ast::AlterTableType as Step;
        let enabled = match command.subtype() {
            Step::AtDisableRule => 'D',
            Step::AtEnableAlwaysRule => 'A',
            Step::AtEnableReplicaRule => 'R',
            _ => 'O',
        };
        let relation = self.relation(table)?;
        let rule = self.work.catalog.rule_named(table, &command.name).cloned();
        let rule = rule.ok_or_else(|| no_rule(&command.name, &relation.name))?;
        self.put(Rule { enabled, ..(*rule).clone() });
        Ok(())
    }
}

fn condition_of(node: &NodeEnum) -> Option<&NodeEnum> {
    crate::sql::bind::expression_of(node)
}

fn taken(name: &str, relation: &str) -> Error {
    Error::new(
        sqlstate::DUPLICATE_OBJECT,
        format!("rule \"{name}\" for relation \"{relation}\" already exists"),
    )
}

fn check_rows(event: RuleEvent, old: bool, new: bool) -> Result<()> {
    match event {
        RuleEvent::Insert if old => Err(unfit("ON INSERT rule cannot use OLD")),
        RuleEvent::Delete if new => Err(unfit("ON DELETE rule cannot use NEW")),
        _ => Ok(()),
    }
}

fn require_ruleable(relation: &Relation) -> Result<()> {
    match &relation.kind {
        RelationKind::Table if relation.is_materialized_view() => {
            Err(unimplemented("rules on materialized views are not supported"))
        }
        RelationKind::Table | RelationKind::View(_) => Ok(()),
        RelationKind::Virtual => Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("permission denied: \"{}\" is a system catalog", relation.name),
        )),
        _ => {
            let word = relation.kind_word();
            let plural = if word == "index" { "indexes".to_owned() } else { format!("{word}s") };
            Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("relation \"{}\" cannot have rules", relation.name),
            )
            .with_detail(format!("This operation is not supported for {plural}.")))
        }
    }
}
