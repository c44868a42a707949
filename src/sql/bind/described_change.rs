//! INSERT, UPDATE and DELETE as they were written: what actions of rules are printed from.
//!
//! Only changes of tables are noted, and without WITH, ON CONFLICT, CURRENT OF and parts
//! of columns; what is not noted is shown as it was written.

use std::sync::Arc;

use super::Binder;
use super::described::Description;
use super::updatable::Target;
use crate::catalog::{Relation, Rule};
use crate::error::Result;
use crate::sql::ir::{ColumnId, Expr, OutputColumn, Rel, Returning, Scan};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{Alias, DeleteStmt, InsertStmt, Node, UpdateStmt};

/// A change of rows.
#[derive(Clone, Debug)]
pub struct Change {
    pub kind: ChangeKind,
    pub relation: Arc<Relation>,
    pub alias: Option<String>,
    /// The target's columns by number; of INSERT none.
    pub target: Vec<(i16, OutputColumn)>,
    pub returning: Option<Returning>,
}

#[derive(Clone, Debug)]
pub enum ChangeKind {
    Insert { columns: Vec<i16>, source: Inserted },
    Update { assignments: Vec<(i16, Expr)>, from: WrittenFrom, condition: Option<Expr> },
    Delete { from: WrittenFrom, condition: Option<Expr> },
}

/// What is inserted.
#[derive(Clone, Debug)]
pub enum Inserted {
    Defaults,
    Values(Vec<Vec<Expr>>),
    /// A query, by its first column.
    Query(ColumnId),
}

/// FROM or USING: the items, and what they came to.
#[derive(Clone, Debug)]
pub struct WrittenFrom {
    pub nodes: Vec<Node>,
    pub rel: Rel,
}

/// A rule, bound.
pub struct DescribedRule {
    /// `old` and `new`: the columns, and what they are called.
    pub rows: Vec<(String, Vec<(ColumnId, String)>)>,
    pub condition: Option<Expr>,
    pub actions: Vec<DescribedAction>,
}

pub struct DescribedAction {
    pub description: Description,
    /// The first column of an action that is a query.
    pub query: Option<ColumnId>,
}

impl Binder<'_> {
    /// Binds a rule's condition and actions and describes them.
    pub fn describe_rule(
        &mut self,
        relation: &Arc<Relation>,
        rule: &Arc<Rule>,
    ) -> Result<DescribedRule> {
        let mut described =
            DescribedRule { rows: Vec::new(), condition: None, actions: Vec::new() };
        if let Some(text) = &rule.condition {
            self.description = Some(Description::default());
            let (condition, rows) = self.described_condition(relation, rule, text)?;
            described.condition = Some(condition);
            described.rows.extend(rows);
        }
        for text in &rule.actions {
            self.description = Some(Description::default());
            let (query, rows) = self.described_action(relation, rule, text)?;
            let description = self.description.take().unwrap_or_default();
            described.rows.extend(rows);
            described.actions.push(DescribedAction { description, query });
        }
        Ok(described)
    }

    /// FROM without the rows of the rule that is bound.
    pub(super) fn written_from(&mut self, nodes: &[Node], rel: Option<&Rel>) -> WrittenFrom {
        let rel = rel.cloned().unwrap_or(Rel::OneRow);
        let rel = match self.level().rule_rows.is_empty() {
            true => rel,
            false => without_rows(rel, nodes.len()),
        };
        WrittenFrom { nodes: nodes.to_vec(), rel }
    }

    pub(super) fn note_values(&mut self, rows: &[Vec<Expr>]) {
        if let Some(description) = &mut self.description {
            description.inserted = Some(Inserted::Values(rows.to_vec()));
        }
    }

    pub(super) fn note_inserted_query(&mut self, output: &[OutputColumn]) {
        if let (Some(description), Some(first)) = (&mut self.description, output.first()) {
            description.inserted = Some(Inserted::Query(first.id));
        }
    }

    pub(super) fn note_insert(
        &mut self,
        stmt: &InsertStmt,
        target: &Target,
        columns: &[i16],
        returning: Option<&Returning>,
    ) {
        let is_plain = stmt.with_clause.is_none()
            && stmt.on_conflict_clause.is_none()
            && !target.is_view()
            && stmt.cols.iter().all(is_whole);
        let Some(description) = self.description.as_mut().filter(|_| is_plain) else { return };
        let source = match (description.inserted.take(), &stmt.select_stmt) {
            (Some(source), _) => source,
            (None, None) => Inserted::Defaults,
            (None, Some(_)) => return,
        };
        description.change = Some(Change {
            kind: ChangeKind::Insert { columns: columns.to_vec(), source },
            relation: target.relation.clone(),
            alias: alias_of(stmt.relation.as_ref().and_then(|table| table.alias.as_ref())),
            target: Vec::new(),
            returning: returning.cloned(),
        });
    }

    pub(super) fn note_update(
        &mut self,
        stmt: &UpdateStmt,
        written: &Target,
        scan: &Scan,
        parts: (&[(i16, Expr)], Option<&Rel>, Option<&Expr>, Option<&Returning>),
    ) {
        let (assignments, from, condition, returning) = parts;
        let is_plain = self.is_describing()
            && stmt.with_clause.is_none()
            && !written.is_view()
            && stmt.target_list.iter().all(is_whole);
        if !is_plain {
            return;
        }
        let from = self.written_from(&stmt.from_clause, from);
        let kind = ChangeKind::Update {
            assignments: assignments.to_vec(),
            from,
            condition: condition.cloned(),
        };
        let alias = stmt.relation.as_ref().and_then(|table| table.alias.as_ref());
        self.note_change(kind, alias, scan, returning);
    }

    pub(super) fn note_delete(
        &mut self,
        stmt: &DeleteStmt,
        written: &Target,
        scan: &Scan,
        parts: (Option<&Rel>, Option<&Expr>, Option<&Returning>),
    ) {
        let (from, condition, returning) = parts;
        if !self.is_describing() || stmt.with_clause.is_some() || written.is_view() {
            return;
        }
        let from = self.written_from(&stmt.using_clause, from);
        let kind = ChangeKind::Delete { from, condition: condition.cloned() };
        let alias = stmt.relation.as_ref().and_then(|table| table.alias.as_ref());
        self.note_change(kind, alias, scan, returning);
    }

    fn note_change(
        &mut self,
        kind: ChangeKind,
        alias: Option<&Alias>,
        scan: &Scan,
        returning: Option<&Returning>,
    ) {
        if let Some(description) = &mut self.description {
            description.change = Some(Change {
                kind,
                relation: scan.relation.clone(),
                alias: alias_of(alias),
                target: scan.columns.clone(),
                returning: returning.cloned(),
            });
        }
    }
}

fn alias_of(alias: Option<&Alias>) -> Option<String> {
    alias.map(|alias| alias.aliasname.clone()).filter(|name| !name.is_empty())
}

/// Whether a target is a whole column, and not set to its default.
fn is_whole(node: &Node) -> bool {
    let Some(NodeEnum::ResTarget(target)) = &node.node else { return false };
    let value = target.val.as_ref().and_then(|value| value.node.as_ref());
    target.indirection.is_empty() && !matches!(value, Some(NodeEnum::SetToDefault(_)))
}

/// A list in FROM without what stands before its items.
fn without_rows(rel: Rel, items: usize) -> Rel {
    match (items, rel) {
        (0, _) => Rel::OneRow,
        (1, Rel::Join { right, .. }) => *right,
        (_, Rel::Join { kind, left, right, on, lateral }) => {
            let left = Box::new(without_rows(*left, items - 1));
            Rel::Join { kind, left, right, on, lateral }
        }
        (_, rel) => rel,
    }
}
