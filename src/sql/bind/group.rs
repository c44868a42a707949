//! GROUP BY: grouping sets, and what may be referred to after grouping.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::{CoercionForm, GroupingFunc, GroupingSet, GroupingSetKind};

use super::Binder;
use super::node::{INT4, column_expr, inner, typed};
use super::same::same;
use super::scope::{Clause, GroupingCall, Level};
use super::select::{filter, project_sets};
use super::target::Target;
use crate::catalog::{Catalog, ConstraintKind};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{
    Walk, columns, columns_of, each_expr_mut, each_in_expr, rel_exprs_mut, window_operands_mut,
};
use crate::sql::ir::{AggregateCall, ColumnId, Expr, ExprKind, OutputColumn, Rel, SubqueryKind};
use crate::sql::types::Oid;
use crate::sqlstate;

/// Indexes of groups are less; what is not is the mark of a call.
const GROUPING_MARKS: usize = 1 << 32;
const GROUPING_SETS_MAX: usize = 4096;
const CUBE_ELEMENTS_MAX: usize = 12;

/// The GROUP BY clause, bound.
#[derive(Default)]
pub(super) struct Grouping {
    exprs: Vec<(OutputColumn, Expr)>,
    /// Entries of the select list, and which of the expressions each is.
    targets: Vec<(usize, usize)>,
    sets: Option<Vec<Vec<usize>>>,
    present: bool,
    /// The clause as it is written, for views' definitions.
    written: Vec<WrittenGroup>,
}

/// An item of GROUP BY; expressions by their positions among those of the clause.
#[derive(Clone, Debug)]
pub enum WrittenGroup {
    /// `a`, `(a, b)` and `()`.
    Columns(Vec<usize>),
    Sets(GroupingSetKind, Vec<WrittenGroup>),
}

impl Grouping {
    pub fn expressions(&self) -> Vec<Expr> {
        self.exprs.iter().map(|(_, expr)| expr.clone()).collect()
    }

    /// The items, where some are grouping sets.
    pub fn written_sets(&self) -> Option<Vec<WrittenGroup>> {
        self.sets.is_some().then(|| self.written.clone())
    }
}

impl Binder<'_> {
    pub(super) fn group_clause(
        &mut self,
        nodes: &[Node],
        distinct: bool,
        targets: &mut Vec<Target>,
    ) -> Result<Grouping> {
        let mut grouping = Grouping { present: !nodes.is_empty(), ..Grouping::default() };
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        let mut has_sets = false;
        for node in nodes {
            let node = inner(node)?;
            has_sets |= matches!(node, NodeEnum::GroupingSet(_));
            let alternatives = self.group_item(node, &mut grouping, targets)?;
            if sets.len() * alternatives.len() > GROUPING_SETS_MAX {
                return Err(Error::new(
                    sqlstate::STATEMENT_TOO_COMPLEX,
                    format!("too many grouping sets present (maximum {GROUPING_SETS_MAX})"),
                ));
            }
            sets = product(&sets, &alternatives);
        }
        if has_sets {
            if distinct {
                let mut seen = std::collections::HashSet::new();
                sets.retain(|set| {
                    let mut sorted = set.clone();
                    sorted.sort_unstable();
                    seen.insert(sorted)
                });
            }
            grouping.sets = Some(sets);
        }
        Ok(grouping)
    }

    /// One item as a list of alternative sets; a plain expression is one set.
    fn group_item(
        &mut self,
        node: &NodeEnum,
        grouping: &mut Grouping,
        targets: &mut Vec<Target>,
    ) -> Result<Vec<Vec<usize>>> {
        if let NodeEnum::GroupingSet(set) = node {
            let outer = std::mem::take(&mut grouping.written);
            let sets = self.deeper(|binder| binder.grouping_set(set, grouping, targets));
            let inner = std::mem::replace(&mut grouping.written, outer);
            grouping.written.push(match set.kind() {
                GroupingSetKind::GroupingSetEmpty => WrittenGroup::Columns(Vec::new()),
                kind => WrittenGroup::Sets(kind, inner),
            });
            return sets;
        }
        let columns = self.group_columns(node, grouping, targets)?;
        grouping.written.push(WrittenGroup::Columns(columns.clone()));
        Ok(vec![columns])
    }

    /// An expression, or the expressions of a parenthesised list.
    fn group_columns(
        &mut self,
        node: &NodeEnum,
        grouping: &mut Grouping,
        targets: &mut Vec<Target>,
    ) -> Result<Vec<usize>> {
        match node {
            NodeEnum::RowExpr(row) if row.row_format == CoercionForm::CoerceImplicitCast as i32 => {
                let mut columns = Vec::new();
                for arg in &row.args {
                    columns.extend(self.group_columns(inner(arg)?, grouping, targets)?);
                }
                Ok(columns)
            }
            NodeEnum::List(items) => {
                let mut columns = Vec::new();
                for item in &items.items {
                    columns.extend(self.group_columns(inner(item)?, grouping, targets)?);
                }
                Ok(columns)
            }
            node => Ok(vec![self.group_expr(node, grouping, targets)?]),
        }
    }

    fn grouping_set(
        &mut self,
        set: &GroupingSet,
        grouping: &mut Grouping,
        targets: &mut Vec<Target>,
    ) -> Result<Vec<Vec<usize>>> {
        let kind = GroupingSetKind::try_from(set.kind).unwrap_or(GroupingSetKind::Undefined);
        if kind == GroupingSetKind::GroupingSetEmpty {
            return Ok(vec![Vec::new()]);
        }
        if kind == GroupingSetKind::GroupingSetSets {
            let mut sets = Vec::new();
            for node in &set.content {
                sets.extend(self.group_item(inner(node)?, grouping, targets)?);
            }
            return Ok(sets);
        }
        let mut parts = Vec::with_capacity(set.content.len());
        for node in &set.content {
            let columns = self.group_columns(inner(node)?, grouping, targets)?;
            grouping.written.push(WrittenGroup::Columns(columns.clone()));
            parts.push(columns);
        }
        match kind {
            GroupingSetKind::GroupingSetRollup => {
                Ok((0..=parts.len()).rev().map(|count| parts[..count].concat()).collect())
            }
            GroupingSetKind::GroupingSetCube => {
                if parts.len() > CUBE_ELEMENTS_MAX {
                    return Err(Error::new(
                        sqlstate::TOO_MANY_COLUMNS,
                        format!("CUBE is limited to {CUBE_ELEMENTS_MAX} elements"),
                    )
                    .at(set.location));
                }
                Ok(subsets(&parts))
            }
            _ => Ok(vec![parts.concat()]),
        }
    }

    fn group_expr(
        &mut self,
        node: &NodeEnum,
        grouping: &mut Grouping,
        targets: &mut Vec<Target>,
    ) -> Result<usize> {
        let index = self.target_of(node, targets, Clause::GroupBy)?;
        self.check_groupable(&mut targets[index].expr)?;
        let taken =
            std::mem::replace(&mut targets[index].expr, super::node::null(super::node::TEXT));
        let expr = self.decide(taken)?;
        targets[index].expr = expr.clone();
        if !self.type_has_operator("=", expr.ty.oid) {
            return Err(self.no_equality(expr.ty.oid).at(expr.location));
        }
        // Two entries may be one expression: grouping sets tell them apart.
        if let Some((_, known)) = grouping.targets.iter().find(|(target, _)| *target == index) {
            return Ok(*known);
        }
        let column = self.new_column(targets[index].name.clone(), expr.ty);
        grouping.exprs.push((column, expr));
        grouping.targets.push((index, grouping.exprs.len() - 1));
        Ok(grouping.exprs.len() - 1)
    }

    /// A position or an alias may lead to an aggregate.
    fn check_groupable(&mut self, expr: &mut Expr) -> Result<()> {
        let columns = columns_of(expr);
        let location = expr.location;
        let level = self.level();
        let refused = if level.aggregates.iter().any(|(column, _)| columns.contains(&column.id)) {
            Some((sqlstate::GROUPING_ERROR, "aggregate"))
        } else if level.windows.iter().any(|(column, _)| columns.contains(&column.id)) {
            Some((sqlstate::WINDOWING_ERROR, "window"))
        } else {
            None
        };
        match refused {
            Some((code, kind)) => {
                Err(Error::new(code, format!("{kind} functions are not allowed in GROUP BY"))
                    .at(location))
            }
            None => Ok(()),
        }
    }

    /// `GROUPING(a, b)`; its arguments are matched when grouping is complete.
    pub(super) fn grouping_call(&mut self, node: &GroupingFunc) -> Result<Expr> {
        let args = self.exprs(&node.args)?;
        let target = self.level_of(args.iter());
        let mark = GROUPING_MARKS + self.new_id().0 as usize;
        let level = &mut self.levels[target];
        if let Some(clause) = level.clause.refuses_aggregates() {
            return Err(Error::new(
                sqlstate::GROUPING_ERROR,
                format!("grouping operations are not allowed in {clause}"),
            )
            .at(node.location));
        }
        level.groupings.push(GroupingCall { mark, args, location: node.location });
        Ok(typed(ExprKind::Grouping(vec![mark]), INT4, node.location))
    }

    /// Aggregation over `input`, when the query has any, with HAVING on top;
    /// everything that is evaluated above is rewritten to refer to its output.
    pub(super) fn grouped(
        &mut self,
        input: Rel,
        grouping: Grouping,
        having: Option<Expr>,
        targets: &mut [Target],
    ) -> Result<Rel> {
        let aggregates = std::mem::take(&mut self.level().aggregates);
        let groups = grouping.present || having.is_some() || !aggregates.is_empty();
        if !groups && self.level().groupings.is_empty() {
            return Ok(input);
        }
        if let (true, Some((first, _))) = (self.level().reads_itself, aggregates.first()) {
            let exprs = targets.iter().map(|target| &target.expr).chain(&having);
            return Err(aggregate_in_recursion(exprs, first.id));
        }
        let mut level = self.levels.pop().expect("a query level is open while binding");
        let input = sets_before(input, &grouping, &mut level);
        let mut rewrite = Rewrite {
            catalog: &self.catalog,
            next_column: &mut self.next_column,
            level: &level,
            grouping,
            keys: Vec::new(),
            marks: Vec::new(),
            error: None,
        };
        for (index, target) in targets.iter_mut().enumerate() {
            rewrite.target(index, &mut target.expr);
        }
        rewrite.direct_arguments(&aggregates);
        let mut having = having;
        having.iter_mut().for_each(|expr| rewrite.expr(expr));
        let mut windows = level.windows.clone();
        for (_, call) in &mut windows {
            window_operands_mut(call, &mut |expr| rewrite.expr(expr));
        }
        let mut set_calls = level.set_calls.clone();
        for set in &mut set_calls {
            set.call.args.iter_mut().for_each(|expr| rewrite.expr(expr));
        }
        let Rewrite { grouping, keys, marks, error, .. } = rewrite;
        (level.windows, level.set_calls) = (windows, set_calls);
        self.levels.push(level);
        self.grouping_keys.extend(keys);
        if let Some(error) = error {
            return Err(error);
        }
        let rel = Rel::Aggregate {
            input: Box::new(input),
            group_by: grouping.exprs,
            grouping_sets: grouping.sets,
            aggregates,
        };
        let rel = with_marks(rel, marks);
        Ok(match having {
            Some(predicate) => filter(rel, predicate),
            None => rel,
        })
    }
}

/// An aggregation with columns for what GROUPING() tells of its groups.
fn with_marks(rel: Rel, marks: Vec<(OutputColumn, Vec<usize>)>) -> Rel {
    if marks.is_empty() {
        return rel;
    }
    let own = columns(&rel).into_iter().map(|column| {
        let expr = column_expr(&column, -1);
        (column, expr)
    });
    let marks = marks
        .into_iter()
        .map(|(column, indexes)| (column, typed(ExprKind::Grouping(indexes), INT4, -1)));
    let exprs = own.chain(marks).collect();
    Rel::Project { input: Box::new(rel), exprs }
}

/// The whole result of a recursive query is not known while it is computed.
fn aggregate_in_recursion<'e>(exprs: impl Iterator<Item = &'e Expr>, aggregate: ColumnId) -> Error {
    let mut location = -1;
    for expr in exprs {
        let mut note = |e: &Expr| {
            if matches!(e.kind, ExprKind::Column(id) if id == aggregate) && location < 0 {
                location = e.location;
            }
        };
        each_in_expr(expr, &mut note, &mut |_| {});
    }
    Error::new(
        sqlstate::INVALID_RECURSION,
        "aggregate functions are not allowed in a recursive query's recursive term",
    )
    .at(location)
}

/// Sets that GROUP BY groups by are expanded before it.
fn sets_before(input: Rel, grouping: &Grouping, level: &mut Level) -> Rel {
    let mut needed: std::collections::HashSet<ColumnId> = Default::default();
    for (_, expr) in &grouping.exprs {
        needed.extend(columns_of(expr));
    }
    let (before, after) = std::mem::take(&mut level.set_calls)
        .into_iter()
        .partition(|set| needed.contains(&set.column.id));
    level.set_calls = after;
    project_sets(input, before)
}

/// Replaces what is grouped by references to the groups.
struct Rewrite<'r> {
    catalog: &'r Catalog,
    next_column: &'r mut u32,
    level: &'r Level,
    grouping: Grouping,
    /// The primary keys that [`Rewrite::dependent`] relied on.
    keys: Vec<Oid>,
    /// The columns that stand for GROUPING(), with the groups that it is about.
    marks: Vec<(OutputColumn, Vec<usize>)>,
    error: Option<Error>,
}

impl Rewrite<'_> {
    fn expr(&mut self, expr: &mut Expr) {
        each_expr_mut(expr, &mut |expr| self.visit(expr, false));
    }

    fn visit(&mut self, expr: &mut Expr, in_subquery: bool) -> Walk {
        if self.error.is_some() {
            return Walk::Skip;
        }
        if let Some((column, _)) = self.grouping.exprs.iter().find(|(_, known)| same(known, expr)) {
            expr.kind = ExprKind::Column(column.id);
            return Walk::Skip;
        }
        match &mut expr.kind {
            ExprKind::Column(id) if self.level.owned.contains(id) => {
                let (id, location) = (*id, expr.location);
                match self.dependent(id, expr) {
                    Some(column) => expr.kind = ExprKind::Column(column),
                    None => self.error = Some(self.ungrouped(id, in_subquery).at(location)),
                }
                Walk::Skip
            }
            ExprKind::Grouping(placeholder) => {
                let mark = placeholder.first().copied();
                let call = self.level.groupings.iter().find(|call| Some(call.mark) == mark);
                // Of another level otherwise.
                if let Some(call) = call {
                    match self.grouping_column(call) {
                        Ok(column) => expr.kind = ExprKind::Column(column),
                        Err(error) => self.error = Some(error),
                    }
                }
                Walk::Skip
            }
            ExprKind::Subquery(subquery) => {
                if let SubqueryKind::Quantified { test, .. } = &mut subquery.kind {
                    each_expr_mut(test, &mut |expr| self.visit(expr, in_subquery));
                }
                rel_exprs_mut(&mut subquery.query.rel, &mut |expr| self.visit(expr, true));
                Walk::Skip
            }
            _ => Walk::Inside,
        }
    }

    /// An entry of the select list that is grouped by is its group.
    fn target(&mut self, index: usize, expr: &mut Expr) {
        let group = self.grouping.targets.iter().find(|(target, _)| *target == index);
        match group.and_then(|(_, group)| self.grouping.exprs.get(*group)) {
            Some((column, _)) => expr.kind = ExprKind::Column(column.id),
            None => self.expr(expr),
        }
    }

    /// Direct arguments of ordered-set aggregates are of the group, not of its rows.
    fn direct_arguments(&mut self, aggregates: &[(OutputColumn, AggregateCall)]) {
        for (_, call) in aggregates.iter().filter(|(_, call)| call.aggregate.kind != 'n') {
            let direct = call.args.len().saturating_sub(call.order_by.len());
            for arg in &call.args[..direct] {
                let before = self.error.is_some();
                self.expr(&mut arg.clone());
                if let (false, Some(error)) = (before, self.error.take()) {
                    self.error = Some(error.with_detail(
                        "Direct arguments of an ordered-set aggregate must use only grouped columns.",
                    ));
                }
            }
        }
    }

    /// The column that tells whether groups are left out of a row.
    fn grouping_column(&mut self, call: &GroupingCall) -> Result<ColumnId> {
        let mut indexes = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            let found = self.grouping.exprs.iter().position(|(_, known)| same(known, arg));
            indexes.push(found.ok_or_else(|| {
                let location = if arg.location >= 0 { arg.location } else { call.location };
                Error::new(
                    sqlstate::GROUPING_ERROR,
                    "arguments to GROUPING must be grouping expressions of the associated query level",
                )
                .at(location)
            })?);
        }
        if let Some((column, _)) = self.marks.iter().find(|(_, known)| *known == indexes) {
            return Ok(column.id);
        }
        *self.next_column += 1;
        let id = ColumnId(*self.next_column);
        let column = OutputColumn { id, name: "grouping".to_owned(), ty: INT4, origin: None };
        self.marks.push((column, indexes));
        Ok(id)
    }

    /// A column of a table whose primary key is grouped by has one value per
    /// group: it is grouped by as well.
    fn dependent(&mut self, id: ColumnId, expr: &Expr) -> Option<ColumnId> {
        let item = self.level.seen.iter().find(|item| {
            item.relation.is_some()
                && item
                    .columns
                    .iter()
                    .any(|c| matches!(c.expr.kind, ExprKind::Column(o) if o == id))
        })?;
        let relation = item.relation.as_ref()?;
        let (constraint, key) = relation.constraints.iter().find_map(|oid| {
            match &self.catalog.constraint(*oid)?.kind {
                ConstraintKind::PrimaryKey { columns, .. } => Some((*oid, columns)),
                _ => None,
            }
        })?;
        let grouped_in_all = |number: &i16| {
            let column =
                item.columns.iter().find(|column| column.origin == Some((relation.oid, *number)));
            let Some(column) = column else { return false };
            let position =
                self.grouping.exprs.iter().position(|(_, known)| same(known, &column.expr));
            position.is_some_and(|position| {
                self.grouping
                    .sets
                    .as_ref()
                    .is_none_or(|sets| sets.iter().all(|set| set.contains(&position)))
            })
        };
        if !key.iter().all(grouped_in_all) {
            return None;
        }
        self.keys.push(constraint);
        *self.next_column += 1;
        let column = OutputColumn {
            id: ColumnId(*self.next_column),
            name: String::new(),
            ty: expr.ty,
            origin: None,
        };
        let index = self.grouping.exprs.len();
        self.grouping.exprs.push((column.clone(), expr.clone()));
        self.grouping.sets.iter_mut().flatten().for_each(|set| set.push(index));
        Some(column.id)
    }

    fn ungrouped(&self, id: ColumnId, in_subquery: bool) -> Error {
        let name =
            self.level
                .seen
                .iter()
                .find_map(|item| {
                    let column =
                        item.columns.iter().chain(&item.system).find(
                            |c| matches!(c.expr.kind, ExprKind::Column(other) if other == id),
                        )?;
                    Some(format!("{}.{}", item.alias, column.name))
                })
                .unwrap_or_default();
        Error::new(
            sqlstate::GROUPING_ERROR,
            match in_subquery {
                true => format!("subquery uses ungrouped column \"{name}\" from outer query"),
                false => format!(
                    "column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function"
                ),
            },
        )
    }
}

fn product(left: &[Vec<usize>], right: &[Vec<usize>]) -> Vec<Vec<usize>> {
    left.iter()
        .flat_map(|l| {
            right.iter().map(move |r| {
                let mut set = l.clone();
                set.extend(r.iter().filter(|index| !l.contains(index)));
                set
            })
        })
        .collect()
}

fn subsets(parts: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut sets: Vec<(u32, Vec<usize>)> = (0..1u32 << parts.len())
        .map(|mask| {
            let chosen = (0..parts.len()).filter(|bit| mask & (1 << bit) != 0);
            (mask, chosen.flat_map(|bit| parts[bit].clone()).collect())
        })
        .collect();
    sets.sort_by_key(|(mask, _)| std::cmp::Reverse(mask.count_ones()));
    sets.into_iter().map(|(_, set)| set).collect()
}
