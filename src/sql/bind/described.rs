//! Queries as they were written, with what their names and types came to.
//!
//! The typed tree is made for the planner: clauses have become relations, and names
//! ids. To print a view's query as PostgreSQL does, the binder keeps the clauses of
//! each query level when it is asked to ([`Binder::describe`]): the expressions bound,
//! the rest in the parse tree. Views are not expanded then.

use std::collections::HashMap;
use std::sync::Arc;

use super::Binder;
pub use super::described_change::{
    Arbiter, Assignment, Change, ChangeKind, Conflict, DescribedAction, DescribedRule, Inserted,
    Insertion, With, WrittenFrom,
};
use super::from::exact;
pub use super::group::WrittenGroup;
use super::order::TargetKey;
use super::params::Params;
use super::target::Target;
use crate::catalog::{Function, Relation};
use crate::error::{Error, Result};
use crate::sql::ir::Call;
use crate::sql::ir::{
    AggregateCall, ColumnId, Expr, OutputColumn, Query, Rel, RowLock, WindowCall, visit,
};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::SelectStmt;

/// One query level without set operations, or the whole of a set operation.
#[derive(Clone, Debug)]
pub struct Level {
    pub select: SelectStmt,
    pub body: Body,
    pub limit: Option<Expr>,
    pub offset: Option<Expr>,
    pub with: With,
    pub output: Vec<OutputColumn>,
}

#[derive(Clone, Debug)]
pub enum Body {
    Plain(Box<Plain>),
    Values(Vec<Vec<Expr>>),
    /// The two sides, by their first columns; the order is by position of the output.
    SetOperation {
        sides: [ColumnId; 2],
        keys: Vec<Key>,
    },
}

/// ORDER BY: the position of a target, and how it is sorted.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub target: usize,
    pub descending: bool,
    pub nulls_first: bool,
}

#[derive(Clone, Debug)]
pub struct Plain {
    pub from: Rel,
    pub targets: Vec<(String, Expr)>,
    /// How many targets are not for sorting and grouping alone.
    pub visible: usize,
    pub condition: Option<Expr>,
    pub having: Option<Expr>,
    pub group_by: Vec<Expr>,
    /// GROUP BY as it is written, where it has grouping sets.
    pub grouping_sets: Option<Vec<WrittenGroup>>,
    pub keys: Vec<Key>,
    pub distinct_on: Option<Vec<usize>>,
    pub aggregates: Vec<(OutputColumn, AggregateCall)>,
    pub windows: Vec<(OutputColumn, WindowCall)>,
    pub set_calls: Vec<(OutputColumn, Call)>,
    pub locks: Vec<RowLock>,
}

/// What was kept while a query was bound.
#[derive(Default)]
pub struct Description {
    /// By the first column that a query gives.
    pub levels: HashMap<ColumnId, Arc<Level>>,
    /// The column that stands for another: a query that was wrapped.
    pub aliases: HashMap<ColumnId, ColumnId>,
    /// The statement, where it is no query.
    pub change: Option<Change>,
    /// The statements of WITH that are no queries, by the first column that they return.
    pub changes: HashMap<ColumnId, Arc<Change>>,
    /// What an INSERT that is being bound inserts, and what may be in conflict with that.
    pub(super) inserted: Option<Inserted>,
    pub(super) arbiter: Option<Arbiter>,
}

impl Description {
    /// The level whose rows have this as their first column.
    pub fn level(&self, first: ColumnId) -> Option<&Arc<Level>> {
        let mut id = first;
        for _ in 0..=self.aliases.len() {
            if let Some(level) = self.levels.get(&id) {
                return Some(level);
            }
            id = *self.aliases.get(&id)?;
        }
        None
    }
}

/// What a level is known by: the first column of its rows, or of what a query without
/// columns reads.
fn first_column(level: &Level) -> Option<ColumnId> {
    match (level.output.first(), &level.body) {
        (Some(column), _) => Some(column.id),
        (None, Body::Plain(plain)) => visit::columns(&plain.from).first().map(|column| column.id),
        _ => None,
    }
}

/// The first column of a query's rows, or of what a query without columns reads.
pub fn first_of(query: &Query) -> Option<ColumnId> {
    let mut rel = &query.rel;
    loop {
        if let Some(column) =
            query.output.first().cloned().or(visit::columns(rel).into_iter().next())
        {
            return Some(column.id);
        }
        rel = match rel {
            Rel::Project { input, .. } | Rel::Filter { input, .. } | Rel::Limit { input, .. } => {
                input
            }
            _ => return None,
        };
    }
}

pub(super) fn keys(keys: &[TargetKey]) -> Vec<Key> {
    keys.iter()
        .map(|key| Key {
            target: key.target,
            descending: key.descending,
            nulls_first: key.nulls_first,
        })
        .collect()
}

pub(super) fn targets(targets: &[Target]) -> Vec<(String, Expr)> {
    targets.iter().map(|target| (target.name.clone(), target.expr.clone())).collect()
}

impl Binder<'_> {
    /// Binds a view's query and describes it; answers its first column, too.
    pub fn describe(&mut self, relation: &Arc<Relation>) -> Result<(Description, ColumnId)> {
        self.description = Some(Description::default());
        let query = self.view_query(relation)?;
        let description = self.description.take().unwrap_or_default();
        let first = query.output.first().map(|column| column.id);
        let first = first.ok_or_else(|| Error::internal("a view without columns"))?;
        Ok((description, first))
    }

    /// Binds a statement of a function's body and describes it; answers the first column of
    /// a query, too. Parameters stand for the function's arguments.
    pub fn describe_body(
        &mut self,
        function: &Function,
        statement: &NodeEnum,
    ) -> Result<(Description, Option<ColumnId>)> {
        let mut params = Params::fixed(&function.args);
        params.names.clone_from(&function.arg_names);
        self.description = Some(Description::default());
        if let Some(path) = function.body_path(&self.catalog) {
            self.search_path = path;
        }
        let first = self.isolated_with(params, |binder| {
            binder.levels.clear();
            let NodeEnum::SelectStmt(select) = statement else {
                binder.at_new_level(|binder| binder.modification_as_written(statement))?;
                return Ok(None);
            };
            let query = binder.select(select)?;
            let query = binder.wrapped(query);
            Ok(query.output.first().map(|column| column.id))
        })?;
        Ok((self.description.take().unwrap_or_default(), first))
    }

    pub(super) fn is_describing(&self) -> bool {
        self.description.is_some()
    }

    pub(super) fn note_level(&mut self, level: Level) {
        let Some(first) = first_column(&level) else { return };
        if let Some(description) = &mut self.description {
            description.levels.insert(first, Arc::new(level));
        }
    }

    /// A query's rows go on under other columns.
    pub(super) fn note_wrapped(&mut self, from: &[OutputColumn], to: &[OutputColumn]) {
        if let (Some(from), Some(to)) = (from.first(), to.first())
            && let Some(description) = &mut self.description
        {
            description.aliases.insert(to.id, from.id);
        }
    }

    /// [`exact`], noted.
    pub(super) fn wrapped(&mut self, query: Query) -> Query {
        let from = query.output.clone();
        let query = exact(self, query);
        self.note_wrapped(&from, &query.output);
        query
    }
}
