//! What names mean at each query level: FROM items, their columns, CTEs.

use std::collections::HashSet;
use std::sync::Arc;

use crate::sql::parse::ast::WindowDef;

use crate::catalog::Relation;
use crate::sql::ir::{AggregateCall, Call, ColumnId, CteId, Expr, OutputColumn, WindowCall};
use crate::sql::types::{Oid, SqlType};

/// Which part of a statement is being bound: decides what may appear there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Clause {
    #[default]
    Target,
    FromSubquery,
    FromFunction,
    JoinOn,
    Where,
    Having,
    Filter,
    GroupBy,
    OrderBy,
    DistinctOn,
    Limit,
    Offset,
    WindowPartition,
    WindowOrder,
    WindowFrame,
    Values,
    /// The one row of `INSERT … VALUES`, which is as a select list.
    SingleValues,
    UpdateSource,
    Returning,
    ConflictWhere,
    MergeWhen,
    CheckConstraint,
    Policy,
    ColumnDefault,
    IndexExpression,
    IndexPredicate,
    CopyWhere,
    GeneratedColumn,
    PartitionKey,
    PartitionBound,
    TriggerWhen,
    Statistics,
}

impl Clause {
    /// As in "aggregate functions are not allowed in WHERE"; `None` where they are.
    pub fn refuses_aggregates(self) -> Option<&'static str> {
        match self {
            Clause::Target | Clause::Having | Clause::OrderBy | Clause::DistinctOn => None,
            Clause::WindowPartition | Clause::WindowOrder => None,
            other => Some(other.words()),
        }
    }

    pub fn refuses_windows(self) -> Option<&'static str> {
        match self {
            Clause::Target | Clause::OrderBy | Clause::DistinctOn => None,
            Clause::WindowPartition | Clause::WindowOrder => Some("window definitions"),
            other => Some(other.words()),
        }
    }

    pub fn refuses_sets(self) -> Option<&'static str> {
        match self {
            Clause::Target | Clause::OrderBy | Clause::DistinctOn | Clause::GroupBy => None,
            Clause::WindowPartition | Clause::WindowOrder | Clause::SingleValues => None,
            Clause::WindowFrame => Some("window definitions"),
            other => Some(other.words()),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Clause::Target => "SELECT",
            Clause::FromSubquery => "FROM clause of their own query level",
            Clause::FromFunction => "functions in FROM",
            Clause::JoinOn => "JOIN conditions",
            Clause::Where => "WHERE",
            Clause::Having => "HAVING",
            Clause::Filter => "FILTER",
            Clause::GroupBy => "GROUP BY",
            Clause::OrderBy => "ORDER BY",
            Clause::DistinctOn => "DISTINCT ON",
            Clause::Limit => "LIMIT",
            Clause::Offset => "OFFSET",
            Clause::WindowPartition => "window PARTITION BY",
            Clause::WindowOrder => "window ORDER BY",
            Clause::WindowFrame => "window ROWS",
            Clause::Values | Clause::SingleValues => "VALUES",
            Clause::UpdateSource => "UPDATE",
            Clause::Returning => "RETURNING",
            Clause::ConflictWhere => "WHERE",
            Clause::MergeWhen => "MERGE WHEN conditions",
            Clause::CheckConstraint => "check constraints",
            Clause::Policy => "policy expressions",
            Clause::TriggerWhen => "trigger WHEN conditions",
            Clause::ColumnDefault => "DEFAULT expressions",
            Clause::IndexExpression => "index expressions",
            Clause::IndexPredicate => "index predicates",
            Clause::CopyWhere => "COPY FROM WHERE conditions",
            Clause::GeneratedColumn => "column generation expressions",
            Clause::PartitionKey => "partition key expressions",
            Clause::PartitionBound => "partition bound",
            Clause::Statistics => "statistics expressions",
        }
    }

    /// As in "cannot use subquery in check constraint".
    pub fn refuses_subqueries(self) -> Option<&'static str> {
        match self {
            Clause::CheckConstraint => Some("check constraint"),
            Clause::TriggerWhen => Some("trigger WHEN condition"),
            Clause::ColumnDefault => Some("DEFAULT expression"),
            Clause::IndexExpression => Some("index expression"),
            Clause::IndexPredicate => Some("index predicate"),
            Clause::CopyWhere => Some("COPY FROM WHERE condition"),
            Clause::GeneratedColumn => Some("column generation expression"),
            Clause::Statistics => Some("statistics expression"),
            _ => None,
        }
    }
}

/// One column that a FROM item offers.
#[derive(Clone, Debug)]
pub(super) struct ItemColumn {
    pub name: String,
    pub expr: Expr,
    pub origin: Option<(Oid, i16)>,
}

/// One entry of a level's namespace: a table, a subquery, a function, a join.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Empty for a join without an alias.
    pub alias: String,
    /// The schema as it was written before the name, or empty.
    pub schema: String,
    pub relation: Option<Arc<Relation>>,
    pub columns: Vec<ItemColumn>,
    /// System columns, found by name but not by `*`.
    pub system: Vec<ItemColumn>,
    /// The composite type of the whole row, or `record`.
    pub row_type: Oid,
    /// A function that answers one plain value: `f` means the value, not a row.
    pub scalar: bool,
    pub table_visible: bool,
    pub columns_visible: bool,
    /// Seen by LATERAL items only (it is to their left in FROM).
    pub lateral_only: bool,
    /// False on the wrong side of an outer join.
    pub lateral_ok: bool,
    /// An outer join may leave it without a row: its columns are NULL then.
    pub nullable: bool,
    /// A join that was given a name.
    pub is_join: bool,
    /// The alias was given explicitly, so the relation's own name is hidden.
    pub aliased: bool,
}

impl Item {
    pub fn new(alias: impl Into<String>, columns: Vec<ItemColumn>) -> Item {
        Item {
            alias: alias.into(),
            schema: String::new(),
            relation: None,
            columns,
            system: Vec::new(),
            row_type: crate::sql::types::oid::RECORD,
            scalar: false,
            table_visible: true,
            columns_visible: true,
            lateral_only: false,
            lateral_ok: true,
            nullable: false,
            is_join: false,
            aliased: true,
        }
    }

    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ItemColumn> + 'a {
        self.columns.iter().chain(&self.system).filter(move |column| column.name == name)
    }
}

/// A CTE as references see it.
#[derive(Clone, Debug)]
pub(super) struct CteBinding {
    pub id: CteId,
    pub name: String,
    pub columns: Vec<(String, SqlType)>,
    /// How many of the columns, the last ones, `*` leaves out inside the query itself:
    /// those that SEARCH and CYCLE add.
    pub marks: usize,
    pub references: usize,
    pub state: CteState,
    /// A data-modifying CTE without RETURNING cannot be read.
    pub readable: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CteState {
    Bound,
    /// Its recursive term is being bound.
    Recursive,
}

/// A set-returning call in a select list.
#[derive(Clone, Debug)]
pub(super) struct SetCall {
    pub column: OutputColumn,
    pub call: Call,
}

/// A call of GROUPING(), wherever it is written.
pub(super) struct GroupingCall {
    /// What stands for it until then, in the place of the groups' indexes.
    pub mark: usize,
    pub args: Vec<Expr>,
    pub location: i32,
}

/// One query level while it is bound.
#[derive(Default)]
pub(super) struct Level {
    pub items: Vec<Item>,
    /// Every item ever made at this level, for hints about invisible ones.
    pub seen: Vec<Item>,
    pub ctes: Vec<CteBinding>,
    pub clause: Clause,
    pub lateral_active: bool,
    /// A lateral-only item was referred to since this was last cleared.
    pub lateral_used: bool,
    /// Names are not looked up beyond this level: the body of a view or function.
    pub barrier: bool,
    /// Columns of a rule's rows: every item of FROM may read them.
    pub rule_rows: HashSet<ColumnId>,
    /// Columns that this level's FROM produces.
    pub owned: HashSet<ColumnId>,
    pub aggregates: Vec<(OutputColumn, AggregateCall)>,
    pub windows: Vec<(OutputColumn, WindowCall)>,
    pub window_clause: Vec<WindowDef>,
    pub set_calls: Vec<SetCall>,
    /// GROUPING() calls that belong to this level, resolved when grouping is known.
    pub groupings: Vec<GroupingCall>,
    /// FROM has the working table of the recursive query that this is a part of.
    pub reads_itself: bool,
    pub in_aggregate: usize,
    pub in_window: usize,
    /// Why set-returning functions are refused for now (inside CASE, COALESCE).
    pub conditional: Option<&'static str>,
}

impl Level {
    pub fn add(&mut self, items: Vec<Item>) {
        self.items.extend(items);
    }
}
