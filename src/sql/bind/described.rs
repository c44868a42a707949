//! Queries as they were written, with what their names and types came to.
//!
//! The typed tree is made for the planner: clauses have become relations, and names
//! ids. To print a view's query as PostgreSQL does, the binder keeps the clauses of
//! each query level when it is asked to ([`Binder::describe`]): the expressions bound,
//! the rest in the parse tree. Views are not expanded then.

use std::collections::HashMap;
use std::sync::Arc;

use super::Binder;
use super::from::exact;
use super::order::TargetKey;
use super::target::Target;
use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::sql::ir::Call;
use crate::sql::ir::{
    AggregateCall, ColumnId, Expr, OutputColumn, Query, Rel, RowLock, WindowCall,
};
use crate::sql::parse::ast::SelectStmt;

/// One query level without set operations, or the whole of a set operation.
#[derive(Clone, Debug)]
pub struct Level {
    pub select: SelectStmt,
    pub body: Body,
    pub limit: Option<Expr>,
    pub offset: Option<Expr>,
    /// The queries of WITH, by their first column.
    pub ctes: Vec<ColumnId>,
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
    pub has_grouping_sets: bool,
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

    pub(super) fn is_describing(&self) -> bool {
        self.description.is_some()
    }

    pub(super) fn note_level(&mut self, level: Level) {
        let Some(first) = level.output.first().map(|column| column.id) else { return };
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
