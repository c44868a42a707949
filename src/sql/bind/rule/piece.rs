//! The pieces of a rule, its condition and its actions, bound from their text or, when
//! the rule is being made, from the statement.

use std::sync::Arc;

use super::super::Binder;
use super::super::bound::Names;
use super::super::inline::expression_of;
use super::super::node::boxed;
use super::super::scope::{Clause, Item, Level};
use super::rows::{known_rows, row_ids};
use super::{Firing, Source};
use crate::catalog::{self, Relation, Rule, RuleEvent, RuleText, quote_literal};
use crate::error::{Error, Result};
use crate::sql::ir::visit;
use crate::sql::ir::{ColumnId, Expr, ExprKind, Rel, Statement};
use crate::sql::parse::ast::SetOperation;
use crate::sql::parse::{self, NodeEnum};
use crate::sqlstate;

impl Binder<'_> {
    /// Binds a piece of a rule: under its search path, with the rights of the relation's
    /// owner, the names in it meaning what they meant.
    fn in_rule<T: Send>(
        &mut self,
        firing: &Firing,
        rule: &Rule,
        text: &RuleText,
        work: impl FnOnce(&mut Self) -> Result<T> + Send,
    ) -> Result<T> {
        let role = &self.eval.settings.current_user;
        let path = catalog::effective_search_path(&self.catalog, &rule.search_path, role, None);
        let path = std::mem::replace(&mut self.search_path, path);
        let check_as = self.check_as.replace(firing.relation.owner);
        let answer = self.isolated(|binder| {
            binder.names = Names::of(&text.names);
            work(binder)
        });
        self.search_path = path;
        self.check_as = check_as;
        answer
    }

    pub(super) fn rule_condition(
        &mut self,
        firing: &Firing,
        rule: &Rule,
        text: &RuleText,
        rows: &Source,
    ) -> Result<Expr> {
        let items = known_rows(&firing.relation, rule, &rows.items);
        self.in_rule(firing, rule, text, |binder| {
            binder.add_rows(items, true);
            let statements = parse::parse_expression(&text.sql)?;
            let only = statements.first().and_then(|only| expression_of(&only.node));
            let node = only.ok_or_else(|| Error::internal("a rule without its condition"))?;
            let condition = binder.condition(Some(node), Clause::Where, "WHERE")?;
            condition.ok_or_else(|| Error::internal("a rule without its condition"))
        })
    }

    pub(super) fn rule_action(
        &mut self,
        firing: &Firing,
        rule: &Rule,
        text: &RuleText,
        source: Source,
    ) -> Result<Statement> {
        self.in_rule(firing, rule, text, |binder| binder.bound_action(&text.sql, source))
    }

    /// An action from its text.
    fn bound_action(&mut self, sql: &str, source: Source) -> Result<Statement> {
        let statements = parse::parse(sql)?;
        let [only] = statements.as_slice() else {
            return Err(Error::internal("a rule's action is not one statement"));
        };
        if let NodeEnum::NotifyStmt(notify) = &only.node {
            let (channel, payload) =
                (quote_literal(&notify.conditionname), quote_literal(&notify.payload));
            let call = format!("SELECT pg_catalog.pg_notify({channel}, {payload})");
            // It is said once, whatever rows there are.
            return self.isolated(|binder| binder.bound_text(&call));
        }
        self.bound_action_node(&only.node, source)
    }

    fn bound_text(&mut self, sql: &str) -> Result<Statement> {
        let statements = parse::parse(sql)?;
        match statements.first().map(|only| &only.node) {
            Some(NodeEnum::SelectStmt(select)) => self.select(select).map(Statement::Query),
            _ => Err(Error::internal("a call that is no query")),
        }
    }

    fn bound_action_node(&mut self, node: &NodeEnum, source: Source) -> Result<Statement> {
        if !is_set_operation(node) {
            self.rule_source = Some(source);
        } else if matches!(source.rel, Rel::Filter { .. }) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "conditional UNION/INTERSECT/EXCEPT statements are not implemented",
            ));
        }
        let statement = match node {
            NodeEnum::SelectStmt(select) => Statement::Query(self.select(select)?),
            node if self.is_describing() => self.modification_as_written(node)?,
            node => self.modification(node)?,
        };
        self.rule_source = None;
        Ok(statement)
    }

    /// The names of a rule's rows become visible at this level.
    fn add_rows(&mut self, mut items: Vec<Item>, columns_visible: bool) {
        let level = self.level();
        for item in &mut items {
            item.columns_visible = columns_visible;
            for column in &item.columns {
                level.owned.extend(visit::columns_of(&column.expr));
            }
            level.seen.push(item.clone());
        }
        level.add(items);
    }

    /// What a rule's action reads beside its own FROM, if this is the place for it.
    pub(in crate::sql::bind) fn take_rule_source(&mut self) -> Option<Rel> {
        let source = self.rule_source.take()?;
        self.level().rule_rows = row_ids(&source).into_iter().flatten().collect();
        self.add_rows(source.items, false);
        Some(source.rel)
    }

    /// The columns of `old` or `new`, where an action's FROM is still to come.
    pub(in crate::sql::bind) fn rule_row_columns(&self, name: &str) -> Option<Vec<String>> {
        let source = self.rule_source.as_ref()?;
        let item = source.items.iter().find(|item| item.alias == name)?;
        Some(item.columns.iter().map(|column| column.name.clone()).collect())
    }

    /// Binds a rule that is being made: the statement, and whether it uses `old` and `new`.
    pub fn bind_new_action(
        &mut self,
        relation: &Arc<Relation>,
        node: &NodeEnum,
    ) -> Result<(Statement, bool, bool)> {
        self.levels.push(Level::default());
        let source = self.definition_rows(relation);
        let ids = row_ids(&source);
        let statement = self.bound_action_node(node, source)?;
        let mut used = [false; 2];
        let mut note = |expr: &Expr| {
            for id in visit::columns_of(expr) {
                used[0] |= ids[0].contains(&id);
                used[1] |= ids[1].contains(&id);
            }
        };
        visit::each_in_rel(visit::statement_rel(&statement), &mut note, &mut |_| {});
        visit::statement_expressions(&statement, &mut |expr| note(expr));
        Ok((statement, used[0], used[1]))
    }

    /// A rule's condition over `old` and `new`, and what their columns are called now.
    pub(in crate::sql::bind) fn described_condition(
        &mut self,
        relation: &Arc<Relation>,
        rule: &Arc<Rule>,
        text: &RuleText,
    ) -> Result<(Expr, Vec<RowNames>)> {
        let (firing, source) = self.described_rows(relation, rule);
        let names = row_names(&source);
        Ok((self.rule_condition(&firing, rule, text, &source)?, names))
    }

    /// The same of an action; answers the first column of one that is a query.
    pub(in crate::sql::bind) fn described_action(
        &mut self,
        relation: &Arc<Relation>,
        rule: &Arc<Rule>,
        text: &RuleText,
    ) -> Result<(Option<ColumnId>, Vec<RowNames>)> {
        let (firing, mut source) = self.described_rows(relation, rule);
        let names = row_names(&source);
        source.items = known_rows(relation, rule, &source.items);
        let first = match self.rule_action(&firing, rule, text, source)? {
            Statement::Query(query) => query.output.first().map(|column| column.id),
            _ => None,
        };
        Ok((first, names))
    }

    fn described_rows(&mut self, relation: &Arc<Relation>, rule: &Arc<Rule>) -> (Firing, Source) {
        let rules = vec![rule.clone()];
        let firing = Firing { relation: relation.clone(), event: rule.event, rules };
        self.levels.push(Level::default());
        let source = self.definition_rows(relation);
        self.levels.pop();
        (firing, source)
    }

    /// As [`Binder::bind_new_action`], for a rule's condition.
    pub fn bind_new_condition(
        &mut self,
        relation: &Arc<Relation>,
        event: RuleEvent,
        node: &NodeEnum,
    ) -> Result<(Expr, bool, bool)> {
        self.levels.push(Level::default());
        let source = self.definition_rows(relation);
        let ids = row_ids(&source);
        let names: &[&str] = match event {
            RuleEvent::Insert => &["new"],
            RuleEvent::Update => &["old", "new"],
            RuleEvent::Delete => &["old"],
        };
        let mut items = source.items;
        items.retain(|item| names.contains(&item.alias.as_str()));
        self.add_rows(items, true);
        let condition = self.condition(Some(node), Clause::Where, "WHERE")?;
        let condition = condition.ok_or_else(|| Error::internal("no condition"))?;
        let read = visit::columns_of(&condition);
        let uses = |ids: &[ColumnId]| ids.iter().any(|id| read.contains(id));
        let (old, new) = (uses(&ids[0]), uses(&ids[1]));
        Ok((condition, old, new))
    }
}

/// `old` or `new`, and the names of its columns.
type RowNames = (String, Vec<(ColumnId, String)>);

fn row_names(source: &Source) -> Vec<RowNames> {
    let columns = |item: &Item| {
        let named = item.columns.iter().filter_map(|column| match column.expr.kind {
            ExprKind::Column(id) => Some((id, column.name.clone())),
            _ => None,
        });
        (item.alias.clone(), named.collect())
    };
    source.items.iter().map(columns).collect()
}

/// Whether a rule's action is UNION or its like: each of its queries has a FROM.
fn is_set_operation(node: &NodeEnum) -> bool {
    let select = match node {
        NodeEnum::InsertStmt(insert) => boxed(&insert.select_stmt),
        node => Some(node),
    };
    matches!(select, Some(NodeEnum::SelectStmt(select))
        if select.op != SetOperation::SetopNone as i32)
}
