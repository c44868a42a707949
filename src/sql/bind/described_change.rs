//! INSERT, UPDATE and DELETE as they were written: what actions of rules and statements of
//! functions' bodies are printed from.
//!
//! Only changes of tables are noted, not those of views, and without CURRENT OF, parts of
//! columns and several columns that a subquery sets together; what is not noted is shown as
//! it was written.

use std::sync::Arc;

use super::Binder;
use super::described::Description;
use super::updatable::Target;
use crate::catalog::{Relation, Rule};
use crate::error::Result;
use crate::sql::ir::{
    ColumnId, ConflictAction, Cte, Expr, OnConflict, OutputColumn, Rel, Returning, Scan, Statement,
};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{
    Alias, DeleteStmt, InsertStmt, Node, OverridingKind, RangeVar, UpdateStmt, WithClause,
};

/// A change of rows.
#[derive(Clone, Debug)]
pub struct Change {
    pub kind: ChangeKind,
    pub with: With,
    pub relation: Arc<Relation>,
    pub alias: Option<String>,
    /// Not of the tables below.
    pub is_only: bool,
    /// The target's columns by number; of INSERT none.
    pub target: Vec<(i16, OutputColumn)>,
    pub returning: Option<Returning>,
}

#[derive(Clone, Debug)]
pub enum ChangeKind {
    Insert(Box<Insertion>),
    Update { assignments: Vec<Assignment>, from: WrittenFrom, condition: Option<Expr> },
    Delete { from: WrittenFrom, condition: Option<Expr> },
}

/// A column, and what it is set to; none is its default.
pub type Assignment = (i16, Option<Expr>);

/// The WITH of a statement.
#[derive(Clone, Debug, Default)]
pub struct With {
    pub clause: Option<WithClause>,
    /// Its queries by their first column; none for what gives no rows.
    pub queries: Vec<Option<ColumnId>>,
}

impl With {
    pub(super) fn of(clause: Option<&WithClause>, ctes: &[Cte]) -> With {
        let items = clause.into_iter().flat_map(|with| &with.ctes);
        let first = |node: &Node| {
            let Some(NodeEnum::CommonTableExpr(item)) = &node.node else { return None };
            let cte = ctes.iter().find(|cte| cte.name == item.ctename)?;
            cte.columns.first().map(|column| column.id)
        };
        With { clause: clause.cloned(), queries: items.map(first).collect() }
    }
}

#[derive(Clone, Debug)]
pub struct Insertion {
    pub columns: Vec<i16>,
    pub overriding: OverridingKind,
    pub source: Inserted,
    pub conflict: Option<Conflict>,
}

/// What is inserted.
#[derive(Clone, Debug)]
pub enum Inserted {
    Defaults,
    /// Values for columns; none is a default.
    Values(Vec<i16>, Vec<Vec<Option<Expr>>>),
    /// A query, by its first column.
    Query(ColumnId),
}

/// ON CONFLICT.
#[derive(Clone, Debug)]
pub struct Conflict {
    pub arbiter: Arbiter,
    /// None: DO NOTHING.
    pub update: Option<ConflictUpdate>,
}

/// What may be in conflict.
#[derive(Clone, Debug)]
pub enum Arbiter {
    Any,
    Constraint(String),
    Elements {
        elements: Vec<Expr>,
        condition: Option<Expr>,
        /// The target's columns, as they are named there.
        columns: Vec<(i16, OutputColumn)>,
    },
}

#[derive(Clone, Debug)]
pub struct ConflictUpdate {
    pub target: Vec<(i16, OutputColumn)>,
    pub excluded: Vec<(i16, OutputColumn)>,
    pub assignments: Vec<Assignment>,
    pub condition: Option<Expr>,
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

    pub(super) fn written_with(&self, clause: Option<&WithClause>, ctes: &[Cte]) -> With {
        match self.is_describing() {
            true => With::of(clause, ctes),
            false => With::default(),
        }
    }

    pub(super) fn note_values(&mut self, columns: Vec<i16>, rows: Vec<Vec<Option<Expr>>>) {
        if let Some(description) = &mut self.description {
            description.inserted = Some(Inserted::Values(columns, rows));
        }
    }

    pub(super) fn note_inserted_query(&mut self, output: &[OutputColumn]) {
        if let (Some(description), Some(first)) = (&mut self.description, output.first()) {
            description.inserted = Some(Inserted::Query(first.id));
        }
    }

    /// Not all of what was written is inserted: it cannot be told any more.
    pub(super) fn forget_inserted(&mut self) {
        if let Some(description) = &mut self.description {
            description.inserted = None;
        }
    }

    pub(super) fn note_arbiter(&mut self, arbiter: Arbiter) {
        if let Some(description) = &mut self.description {
            description.arbiter = Some(arbiter);
        }
    }

    pub(super) fn note_insert(
        &mut self,
        stmt: &InsertStmt,
        target: &Target,
        with: With,
        (columns, on_conflict): (&[i16], Option<&OnConflict>),
        returning: Option<&Returning>,
    ) {
        let clause = stmt.on_conflict_clause.as_deref();
        let is_plain = !target.is_view()
            && stmt.cols.iter().all(is_whole)
            && clause.is_none_or(|clause| clause.target_list.iter().all(is_whole));
        let Some(description) = self.description.as_mut() else { return };
        let (inserted, arbiter) = (description.inserted.take(), description.arbiter.take());
        description.change = None;
        if !is_plain {
            return;
        }
        let (columns, source) = match (inserted, &stmt.select_stmt) {
            (Some(Inserted::Values(columns, rows)), _) => {
                (columns.clone(), Inserted::Values(columns, rows))
            }
            (Some(source), _) => (columns.to_vec(), source),
            (None, None) => (Vec::new(), Inserted::Defaults),
            (None, Some(_)) => return,
        };
        let conflict = on_conflict.map(|conflict| Conflict {
            arbiter: arbiter.unwrap_or(Arbiter::Any),
            update: conflict_update(conflict, clause.map_or(&[], |clause| &clause.target_list)),
        });
        let overriding =
            OverridingKind::try_from(stmt.r#override).unwrap_or(OverridingKind::OverridingNotSet);
        let insertion = Insertion { columns, overriding, source, conflict };
        description.change = Some(Change {
            kind: ChangeKind::Insert(Box::new(insertion)),
            with,
            relation: target.relation.clone(),
            alias: alias_of(stmt.relation.as_ref().and_then(|table| table.alias.as_ref())),
            is_only: false,
            target: Vec::new(),
            returning: returning.cloned(),
        });
    }

    pub(super) fn note_update(
        &mut self,
        stmt: &UpdateStmt,
        written: &Target,
        scan: &Scan,
        with: With,
        parts: (&[(i16, Expr)], Option<&Rel>, Option<&Expr>, Option<&Returning>),
    ) {
        let (assignments, from, condition, returning) = parts;
        if !self.is_describing() {
            return;
        }
        self.forget_change();
        if written.is_view() || !stmt.target_list.iter().all(is_whole) {
            return;
        }
        let from = self.written_from(&stmt.from_clause, from);
        let kind = ChangeKind::Update {
            assignments: assigned(assignments, &stmt.target_list),
            from,
            condition: condition.cloned(),
        };
        self.note_change(kind, with, stmt.relation.as_ref(), scan, returning);
    }

    pub(super) fn note_delete(
        &mut self,
        stmt: &DeleteStmt,
        written: &Target,
        scan: &Scan,
        with: With,
        parts: (Option<&Rel>, Option<&Expr>, Option<&Returning>),
    ) {
        let (from, condition, returning) = parts;
        if !self.is_describing() {
            return;
        }
        self.forget_change();
        if written.is_view() {
            return;
        }
        let from = self.written_from(&stmt.using_clause, from);
        let kind = ChangeKind::Delete { from, condition: condition.cloned() };
        self.note_change(kind, with, stmt.relation.as_ref(), scan, returning);
    }

    fn forget_change(&mut self) {
        if let Some(description) = &mut self.description {
            description.change = None;
        }
    }

    fn note_change(
        &mut self,
        kind: ChangeKind,
        with: With,
        table: Option<&RangeVar>,
        scan: &Scan,
        returning: Option<&Returning>,
    ) {
        if let Some(description) = &mut self.description {
            description.change = Some(Change {
                kind,
                with,
                relation: scan.relation.clone(),
                alias: alias_of(table.and_then(|table| table.alias.as_ref())),
                is_only: table.is_some_and(|table| !table.inh),
                target: scan.columns.clone(),
                returning: returning.cloned(),
            });
        }
    }

    /// A statement of WITH is known by the first column that it returns.
    pub(super) fn note_modifying_cte(&mut self, statement: &Statement) {
        let Some(description) = &mut self.description else { return };
        let change = description.change.take();
        let returned = statement.returning().and_then(|returning| returning.exprs.first());
        if let (Some(change), Some((first, _))) = (change, returned) {
            description.changes.insert(first.id, Arc::new(change));
        }
    }
}

/// Assignments as the list that they are of has them.
fn assigned(assignments: &[(i16, Expr)], list: &[Node]) -> Vec<Assignment> {
    let value = |((number, value), node): (&(i16, Expr), &Node)| {
        (*number, (!is_set_to_default(node)).then(|| value.clone()))
    };
    assignments.iter().zip(list).map(value).collect()
}

fn conflict_update(conflict: &OnConflict, list: &[Node]) -> Option<ConflictUpdate> {
    let ConflictAction::Update { target, excluded, assignments, condition } = &conflict.action
    else {
        return None;
    };
    Some(ConflictUpdate {
        target: target.columns.clone(),
        excluded: excluded.clone(),
        assignments: assigned(assignments, list),
        condition: condition.clone(),
    })
}

fn alias_of(alias: Option<&Alias>) -> Option<String> {
    alias.map(|alias| alias.aliasname.clone()).filter(|name| !name.is_empty())
}

/// Whether a target is a whole column that gets a value of its own.
fn is_whole(node: &Node) -> bool {
    let Some(NodeEnum::ResTarget(target)) = &node.node else { return false };
    target.indirection.is_empty() && !is_of_several(target.val.as_deref())
}

/// Whether a value is one of a subquery's that sets several columns.
fn is_of_several(value: Option<&Node>) -> bool {
    let Some(NodeEnum::MultiAssignRef(several)) = value.and_then(|value| value.node.as_ref())
    else {
        return false;
    };
    let source = several.source.as_ref().and_then(|source| source.node.as_ref());
    !matches!(source, Some(NodeEnum::RowExpr(_)))
}

fn is_set_to_default(node: &Node) -> bool {
    let Some(NodeEnum::ResTarget(target)) = &node.node else { return false };
    let value = target.val.as_ref().and_then(|value| value.node.as_ref());
    match value {
        Some(NodeEnum::MultiAssignRef(several)) => {
            let source = several.source.as_ref().and_then(|source| source.node.as_ref());
            let Some(NodeEnum::RowExpr(row)) = source else { return false };
            let at = usize::try_from(several.colno - 1).unwrap_or(usize::MAX);
            let value = row.args.get(at).and_then(|value| value.node.as_ref());
            matches!(value, Some(NodeEnum::SetToDefault(_)))
        }
        value => matches!(value, Some(NodeEnum::SetToDefault(_))),
    }
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
