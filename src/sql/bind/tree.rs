//! The parts of a raw parse tree, in the order in which PostgreSQL walks them.
//!
//! Only what a query consists of is known here: DDL has no parts. What a part means
//! is up to who asks ([`super::recursion`]).

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{Node, RangeVar, SelectStmt, WindowDef, WithClause};

/// A node that may stand in a query.
#[derive(Clone, Copy)]
pub(super) enum Part<'t> {
    Node(&'t NodeEnum),
    Select(&'t SelectStmt),
    Table(&'t RangeVar),
}

impl<'t> Part<'t> {
    pub fn of(node: &'t NodeEnum) -> Part<'t> {
        match node {
            NodeEnum::SelectStmt(select) => Part::Select(select),
            NodeEnum::RangeVar(table) => Part::Table(table),
            node => Part::Node(node),
        }
    }
}

/// A list of parts while it is made.
#[derive(Default)]
struct Parts<'t>(Vec<Part<'t>>);

impl<'t> Parts<'t> {
    fn one(mut self, node: &'t Option<Box<Node>>) -> Self {
        self.0.extend(node.as_ref().and_then(|node| node.node.as_ref()).map(Part::of));
        self
    }

    fn all(mut self, nodes: &'t [Node]) -> Self {
        self.0.extend(nodes.iter().filter_map(|node| node.node.as_ref()).map(Part::of));
        self
    }

    fn table(mut self, table: &'t Option<RangeVar>) -> Self {
        self.0.extend(table.as_ref().map(Part::Table));
        self
    }

    fn window(self, window: &'t WindowDef) -> Self {
        self.all(&window.partition_clause)
            .all(&window.order_clause)
            .one(&window.start_offset)
            .one(&window.end_offset)
    }

    fn with(self, more: &mut Vec<Part<'t>>) -> Self {
        let mut parts = self;
        parts.0.append(more);
        parts
    }
}

/// The WITH clause of a statement that is no SELECT.
pub(super) fn with_of(node: &NodeEnum) -> Option<&WithClause> {
    match node {
        NodeEnum::InsertStmt(statement) => statement.with_clause.as_ref(),
        NodeEnum::UpdateStmt(statement) => statement.with_clause.as_ref(),
        NodeEnum::DeleteStmt(statement) => statement.with_clause.as_ref(),
        NodeEnum::MergeStmt(statement) => statement.with_clause.as_ref(),
        _ => None,
    }
}

/// The parts of a SELECT; not its WITH clause.
pub(super) fn select_parts(select: &SelectStmt) -> Vec<Part<'_>> {
    let mut parts = Parts::default()
        .all(&select.distinct_clause)
        .all(&select.target_list)
        .all(&select.from_clause)
        .one(&select.where_clause)
        .all(&select.group_clause)
        .one(&select.having_clause)
        .all(&select.window_clause)
        .all(&select.values_lists)
        .with(&mut tail_parts(select))
        .0;
    parts.extend([&select.larg, &select.rarg].into_iter().flatten().map(|side| Part::Select(side)));
    parts
}

/// What follows the body of a SELECT or of a set operation.
pub(super) fn tail_parts(select: &SelectStmt) -> Vec<Part<'_>> {
    Parts::default()
        .all(&select.sort_clause)
        .one(&select.limit_offset)
        .one(&select.limit_count)
        .all(&select.locking_clause)
        .0
}

/// The parts of any node but a SELECT; not a WITH clause.
pub(super) fn parts(node: &NodeEnum) -> Vec<Part<'_>> {
    let none = Parts::default();
    match node {
        NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_)
        | NodeEnum::MergeWhenClause(_) => modification_parts(node),
        NodeEnum::JoinExpr(n) => none.one(&n.larg).one(&n.rarg).one(&n.quals),
        NodeEnum::SubLink(n) => none.one(&n.testexpr).one(&n.subselect),
        NodeEnum::RangeSubselect(n) => none.one(&n.subquery),
        NodeEnum::RangeFunction(n) => none.all(&n.functions),
        NodeEnum::RangeTableSample(n) => none.one(&n.relation).all(&n.args).one(&n.repeatable),
        NodeEnum::RangeTableFunc(n) => none.one(&n.docexpr).one(&n.rowexpr).all(&n.columns),
        NodeEnum::RangeTableFuncCol(n) => none.one(&n.colexpr).one(&n.coldefexpr),
        NodeEnum::CommonTableExpr(n) => none.one(&n.ctequery),
        NodeEnum::List(n) => none.all(&n.items),
        NodeEnum::ResTarget(n) => none.all(&n.indirection).one(&n.val),
        NodeEnum::SortBy(n) => none.one(&n.node),
        NodeEnum::WindowDef(n) => none.window(n),
        NodeEnum::LockingClause(n) => none.all(&n.locked_rels),
        NodeEnum::GroupingSet(n) => none.all(&n.content),
        _ => return expression_parts(node),
    }
    .0
}

fn modification_parts(node: &NodeEnum) -> Parts<'_> {
    let none = Parts::default();
    match node {
        NodeEnum::InsertStmt(n) => {
            let mut parts = none.table(&n.relation).all(&n.cols).one(&n.select_stmt);
            if let Some(conflict) = &n.on_conflict_clause {
                parts = parts.all(&conflict.target_list).one(&conflict.where_clause);
            }
            returned(parts, &n.returning_clause)
        }
        NodeEnum::UpdateStmt(n) => {
            let parts = none.table(&n.relation).all(&n.target_list).one(&n.where_clause);
            returned(parts.all(&n.from_clause), &n.returning_clause)
        }
        NodeEnum::DeleteStmt(n) => {
            let parts = none.table(&n.relation).all(&n.using_clause).one(&n.where_clause);
            returned(parts, &n.returning_clause)
        }
        NodeEnum::MergeStmt(n) => none
            .table(&n.relation)
            .one(&n.source_relation)
            .one(&n.join_condition)
            .all(&n.merge_when_clauses),
        NodeEnum::MergeWhenClause(n) => none.one(&n.condition).all(&n.target_list).all(&n.values),
        _ => none,
    }
}

fn returned<'t>(
    parts: Parts<'t>,
    returning: &'t Option<crate::sql::parse::ast::ReturningClause>,
) -> Parts<'t> {
    match returning {
        Some(returning) => parts.all(&returning.exprs),
        None => parts,
    }
}

fn expression_parts(node: &NodeEnum) -> Vec<Part<'_>> {
    let none = Parts::default();
    match node {
        NodeEnum::AExpr(n) => none.one(&n.lexpr).one(&n.rexpr),
        NodeEnum::BoolExpr(n) => none.all(&n.args),
        NodeEnum::FuncCall(n) => {
            let parts = none.all(&n.args).all(&n.agg_order).one(&n.agg_filter);
            match &n.over {
                Some(window) => parts.window(window),
                None => parts,
            }
        }
        NodeEnum::NamedArgExpr(n) => none.one(&n.arg),
        NodeEnum::TypeCast(n) => none.one(&n.arg),
        NodeEnum::CollateClause(n) => none.one(&n.arg),
        NodeEnum::CaseExpr(n) => none.one(&n.arg).all(&n.args).one(&n.defresult),
        NodeEnum::CaseWhen(n) => none.one(&n.expr).one(&n.result),
        NodeEnum::CoalesceExpr(n) => none.all(&n.args),
        NodeEnum::MinMaxExpr(n) => none.all(&n.args),
        NodeEnum::RowExpr(n) => none.all(&n.args),
        NodeEnum::AArrayExpr(n) => none.all(&n.elements),
        NodeEnum::AIndirection(n) => none.one(&n.arg).all(&n.indirection),
        NodeEnum::AIndices(n) => none.one(&n.lidx).one(&n.uidx),
        NodeEnum::NullTest(n) => none.one(&n.arg),
        NodeEnum::BooleanTest(n) => none.one(&n.arg),
        NodeEnum::GroupingFunc(n) => none.all(&n.args),
        NodeEnum::MultiAssignRef(n) => none.one(&n.source),
        NodeEnum::XmlExpr(n) => none.all(&n.named_args).all(&n.args),
        NodeEnum::XmlSerialize(n) => none.one(&n.expr),
        _ => none,
    }
    .0
}
