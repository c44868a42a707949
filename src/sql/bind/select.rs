//! SELECT: the clauses of one query level, and the relation they make.
//!
//! ```text
//! FROM ─ WHERE ─ [sets in GROUP BY] ─ GROUP BY ─ HAVING ─ windows ─ sets
//!      ─ select list ─ DISTINCT ─ ORDER BY ─ FOR UPDATE ─ LIMIT
//! ```

use std::collections::HashSet;

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{LimitOption, SelectStmt, SetOperation};

use super::Binder;
use super::described::{self, Body, Level, Plain, With};
use super::from::query_item;
use super::locking::{lock_words, locked, row_ids};
use super::node::{INT8, boxed, column_expr, inner, is_null_constant};
use super::order::{TargetKey, distinct_expressions};
use super::same::same;
use super::scope::{Clause, SetCall};
use super::target::Target;
use crate::catalog::CastContext;
use crate::error::{Error, Result};
use crate::sql::ir::visit::{columns, columns_of, window_operands};
use crate::sql::ir::{ColumnId, Cte, Expr, OutputColumn, Query, Rel, RowLock, SortKey};
use crate::sqlstate;

/// What DISTINCT asks for.
enum Distinct {
    No,
    All,
    On(Vec<usize>),
}

/// The select list, and what orders and drops its rows.
struct Shape {
    targets: Vec<Target>,
    keys: Vec<TargetKey>,
    distinct: Distinct,
    locks: Vec<RowLock>,
}

impl Binder<'_> {
    /// A whole query at a level of its own; every output column has a type.
    pub(super) fn select(&mut self, select: &SelectStmt) -> Result<Query> {
        let query = self.select_undecided(select)?;
        self.decide_output(query)
    }

    /// As `select`, but literals in the output may still be `unknown`.
    pub(super) fn select_undecided(&mut self, select: &SelectStmt) -> Result<Query> {
        self.deeper(|binder| binder.at_new_level(|binder| binder.select_here(select)))
    }

    fn select_here(&mut self, select: &SelectStmt) -> Result<Query> {
        if let Some(into) = &select.into_clause {
            let location = into.rel.as_ref().map_or(-1, |table| table.location);
            return Err(Error::syntax("SELECT ... INTO is not allowed here").at(location));
        }
        let ctes = match &select.with_clause {
            Some(with) => self.with_clause(with)?,
            None => Vec::new(),
        };
        let mut query = if !select.values_lists.is_empty() {
            self.values_query(select)?
        } else if select.op != SetOperation::SetopNone as i32 {
            self.set_operation_query(select)?
        } else {
            self.plain_select(select)?
        };
        if self.is_describing() {
            self.note_select(select, &query, &ctes);
        }
        query.rel = self.with_ctes(ctes, query.rel);
        Ok(query)
    }

    /// Adds to what was noted of a level what concerns every kind of query.
    fn note_select(&mut self, select: &SelectStmt, query: &Query, ctes: &[Cte]) {
        let body = self.plain.take();
        let Some(description) = &mut self.description else { return };
        let known = query.output.first().and_then(|column| description.level(column.id)).cloned();
        let (limit, offset) = match &query.rel {
            Rel::Limit { limit, offset, .. } => (limit.clone(), offset.clone()),
            _ => (None, None),
        };
        let mut level = match (known, body) {
            (Some(known), None) => (*known).clone(),
            (_, Some(body)) => Level {
                select: select.clone(),
                body,
                limit,
                offset,
                with: With::default(),
                output: query.output.clone(),
            },
            (None, None) => return,
        };
        level.with = With::of(select.with_clause.as_ref(), ctes);
        level.output.clone_from(&query.output);
        self.note_level(level);
    }

    /// VALUES may be ordered and limited like any query.
    fn values_query(&mut self, select: &SelectStmt) -> Result<Query> {
        if !select.locking_clause.is_empty() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("{} cannot be applied to VALUES", lock_words(select)),
            ));
        }
        let query = self.values(select)?;
        if let (true, Rel::Values { rows, .. }) = (self.is_describing(), &query.rel) {
            self.plain = Some(Body::Values(rows.clone()));
        }
        if select.sort_clause.is_empty() {
            let rel = self.sorted_and_limited(query.rel, Vec::new(), select)?;
            return Ok(Query { rel, output: query.output });
        }
        let item = query_item("*VALUES*", &query.output);
        let item = self.finish_item(item, None)?;
        self.level().add(vec![item]);
        let mut targets: Vec<Target> = query
            .output
            .iter()
            .map(|column| Target::new(column.name.clone(), column_expr(column, -1)))
            .collect();
        let keys = self.order_by(&select.sort_clause, &mut targets)?;
        let (rel, columns) = self.project(query.rel, targets, Vec::new());
        let keys = keys.into_iter().map(|key| key.over(&columns)).collect();
        let rel = self.sorted_and_limited(rel, keys, select)?;
        let output = columns.into_iter().take(query.output.len()).collect();
        Ok(Query { rel, output })
    }

    fn plain_select(&mut self, select: &SelectStmt) -> Result<Query> {
        self.window_clause(select)?;
        let from = self.from_clause(&select.from_clause)?.unwrap_or(Rel::OneRow);
        let mut targets = self.targets(&select.target_list)?;
        let condition = self.condition(boxed(&select.where_clause), Clause::Where, "WHERE")?;
        let having = self.condition(boxed(&select.having_clause), Clause::Having, "HAVING")?;
        let keys = self.order_by(&select.sort_clause, &mut targets)?;
        let grouping =
            self.group_clause(&select.group_clause, select.group_distinct, &mut targets)?;
        let distinct = self.distinct_clause(select, &mut targets, &keys)?;

        let written =
            self.is_describing().then(|| self.written_from(&select.from_clause, Some(&from)));
        let plain = written.map(|written| {
            let level = self.level();
            Body::Plain(Box::new(Plain {
                from: written.rel,
                targets: described::targets(&targets),
                visible: targets.iter().filter(|target| !target.junk).count(),
                condition: condition.clone(),
                having: having.clone(),
                group_by: grouping.expressions(),
                grouping_sets: grouping.written_sets(),
                keys: described::keys(&keys),
                distinct_on: match &distinct {
                    Distinct::On(targets) => Some(targets.clone()),
                    _ => None,
                },
                aggregates: level.aggregates.clone(),
                windows: level.windows.clone(),
                set_calls: level
                    .set_calls
                    .iter()
                    .map(|set| (set.column.clone(), set.call.clone()))
                    .collect(),
                locks: Vec::new(),
            }))
        });
        let mut rel = from;
        let locks = self.locks(select, &mut rel)?;
        if let Some(predicate) = condition {
            rel = filter(rel, predicate);
        }
        let grouped = self.grouped(rel, grouping, having, &mut targets)?;
        let rel = self.with_windows(grouped);
        let visible = targets.iter().filter(|target| !target.junk).count();
        let shape = Shape { targets, keys, distinct, locks };
        let (rel, columns, keys) = match self.expands_last(&shape) {
            true => self.sorted_then_expanded(rel, shape),
            false => self.expanded_then_sorted(rel, shape),
        };
        let rel = self.limited(rel, keys, select)?;
        self.plain = plain;
        Ok(Query { rel, output: columns.into_iter().take(visible).collect() })
    }

    pub(super) fn condition(
        &mut self,
        node: Option<&NodeEnum>,
        clause: Clause,
        words: &str,
    ) -> Result<Option<Expr>> {
        let Some(node) = node else { return Ok(None) };
        self.within(clause, |binder| {
            let expr = binder.expr(node)?;
            binder.to_boolean(expr, words).map(Some)
        })
    }

    fn window_clause(&mut self, select: &SelectStmt) -> Result<()> {
        for node in &select.window_clause {
            let NodeEnum::WindowDef(window) = inner(node)? else { continue };
            let known = &mut self.level().window_clause;
            if known.iter().any(|other| other.name == window.name) {
                return Err(Error::new(
                    sqlstate::WINDOWING_ERROR,
                    format!("window \"{}\" is already defined", window.name),
                )
                .at(window.location));
            }
            known.push((**window).clone());
        }
        Ok(())
    }

    fn distinct_clause(
        &mut self,
        select: &SelectStmt,
        targets: &mut Vec<Target>,
        keys: &[TargetKey],
    ) -> Result<Distinct> {
        match distinct_expressions(&select.distinct_clause) {
            None => Ok(Distinct::No),
            Some([]) => {
                if let Some(key) = keys.iter().find(|key| targets[key.target].junk) {
                    return Err(Error::new(
                        sqlstate::INVALID_COLUMN_REFERENCE,
                        "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
                    )
                    .at(targets[key.target].expr.location));
                }
                for target in targets.iter().filter(|target| !target.junk) {
                    if !self.type_has_operator("=", target.expr.ty.oid) {
                        let location = target.expr.location;
                        return Err(self.no_equality(target.expr.ty.oid).at(location));
                    }
                }
                // Junk cannot be told apart from output by DISTINCT.
                targets.retain(|target| !target.junk);
                Ok(Distinct::All)
            }
            Some(nodes) => self.distinct_on(nodes, targets, keys).map(Distinct::On),
        }
    }

    fn with_windows(&mut self, input: Rel) -> Rel {
        let calls = std::mem::take(&mut self.level().windows);
        if calls.is_empty() {
            return input;
        }
        // Sets that rows are partitioned or ordered by are expanded before.
        let mut needed = HashSet::new();
        for (_, call) in &calls {
            window_operands(call, &mut |expr| needed.extend(columns_of(expr)));
        }
        let (before, after) = std::mem::take(&mut self.level().set_calls)
            .into_iter()
            .partition(|set| needed.contains(&set.column.id));
        self.level().set_calls = after;
        let input = Box::new(project_sets(input, before));
        Rel::Window { input, calls }
    }

    fn expanded_then_sorted(
        &mut self,
        rel: Rel,
        shape: Shape,
    ) -> (Rel, Vec<OutputColumn>, Vec<SortKey>) {
        let Shape { targets, keys, distinct, locks } = shape;
        let rel = self.with_set_calls(rel);
        let (rel, columns) = self.project(rel, targets, row_ids(&locks));
        let keys: Vec<SortKey> = keys.into_iter().map(|key| key.over(&columns)).collect();
        let rel = self.distinct_and_sorted(rel, distinct, keys.clone(), &columns);
        (locked(rel, locks), columns, keys)
    }

    /// Sets are expanded after the sort where neither it nor DISTINCT is about them.
    fn expands_last(&mut self, shape: &Shape) -> bool {
        let sets = self.set_columns();
        let is_set = |target: &Target| !columns_of(&target.expr).is_disjoint(&sets);
        let on: &[usize] = match &shape.distinct {
            Distinct::All => return false,
            Distinct::No => &[],
            Distinct::On(targets) => targets,
        };
        let sorted = shape.keys.iter().map(|key| key.target).chain(on.iter().copied());
        !sets.is_empty()
            && !shape.keys.is_empty()
            && sorted.into_iter().all(|target| !is_set(&shape.targets[target]))
    }

    fn set_columns(&mut self) -> HashSet<ColumnId> {
        self.level().set_calls.iter().map(|set| set.column.id).collect()
    }

    fn sorted_then_expanded(
        &mut self,
        rel: Rel,
        shape: Shape,
    ) -> (Rel, Vec<OutputColumn>, Vec<SortKey>) {
        let Shape { targets, keys, distinct, locks } = shape;
        let sets = self.set_columns();
        let calls = std::mem::take(&mut self.level().set_calls);
        // What the sets and what is computed of them read goes through the sort.
        let mut read: HashSet<ColumnId> =
            calls.iter().flat_map(|set| &set.call.args).flat_map(columns_of).collect();
        let mut early = Vec::new();
        let mut places = Vec::with_capacity(targets.len());
        for target in &targets {
            let columns = columns_of(&target.expr);
            if columns.is_disjoint(&sets) {
                places.push(early.len());
                early.push(target.clone());
            } else {
                places.push(usize::MAX);
                read.extend(columns);
            }
        }
        let mut pass: Vec<OutputColumn> =
            columns(&rel).into_iter().filter(|column| read.contains(&column.id)).collect();
        let rows = row_ids(&locks);
        pass.extend(rows.into_iter().filter(|column| !read.contains(&column.id)));
        let (rel, known) = self.project(rel, early, pass);
        let distinct = match distinct {
            Distinct::On(on) => Distinct::On(on.iter().map(|target| places[*target]).collect()),
            other => other,
        };
        let early_keys = keys.iter().map(|key| TargetKey { target: places[key.target], ..*key });
        let early_keys = early_keys.map(|key| key.over(&known)).collect();
        let rel = self.distinct_and_sorted(rel, distinct, early_keys, &known);
        let rel = project_sets(locked(rel, locks), calls);
        let late = targets.into_iter().zip(places).map(|(mut target, place)| {
            if let Some(column) = known.get(place) {
                target.expr = Expr { location: target.expr.location, ..column_expr(column, -1) };
            }
            target
        });
        let (rel, columns) = self.project(rel, late.collect(), Vec::new());
        let keys = keys.into_iter().map(|key| key.over(&columns)).collect();
        (rel, columns, keys)
    }

    fn with_set_calls(&mut self, input: Rel) -> Rel {
        let calls = std::mem::take(&mut self.level().set_calls);
        project_sets(input, calls)
    }

    /// The select list; `pass` are row identities that go through unchanged.
    pub(super) fn project(
        &mut self,
        input: Rel,
        targets: Vec<Target>,
        pass: Vec<OutputColumn>,
    ) -> (Rel, Vec<OutputColumn>) {
        let (visible, junk): (Vec<(usize, Target)>, Vec<(usize, Target)>) =
            targets.into_iter().enumerate().partition(|(_, target)| !target.junk);
        let mut columns: Vec<Option<OutputColumn>> = vec![None; visible.len() + junk.len()];
        let mut exprs = Vec::with_capacity(columns.len() + pass.len());
        for (index, target) in visible.into_iter().chain(junk) {
            let mut column = self.new_column(target.name, target.expr.ty);
            column.origin = target.origin;
            columns[index] = Some(column.clone());
            exprs.push((column, target.expr));
        }
        for column in pass {
            let expr = column_expr(&column, -1);
            exprs.push((column, expr));
        }
        let columns = columns.into_iter().flatten().collect();
        (Rel::Project { input: Box::new(input), exprs }, columns)
    }

    fn distinct_and_sorted(
        &mut self,
        rel: Rel,
        distinct: Distinct,
        keys: Vec<SortKey>,
        columns: &[OutputColumn],
    ) -> Rel {
        match distinct {
            Distinct::No => sorted(rel, keys),
            Distinct::All => sorted(Rel::Distinct { input: Box::new(rel), on: None }, keys),
            Distinct::On(targets) => {
                let on: Vec<Expr> =
                    targets.iter().map(|index| column_expr(&columns[*index], -1)).collect();
                // By what is not ordered otherwise it is sorted, too.
                let mut keys = keys;
                for expr in &on {
                    let is_key = keys.iter().any(|key| same(&key.expr, expr));
                    if !is_key && self.type_has_operator("<", expr.ty.oid) {
                        let expr = expr.clone();
                        keys.push(SortKey { expr, descending: false, nulls_first: false });
                    }
                }
                let input = Box::new(sorted(rel, keys));
                Rel::Distinct { input, on: Some(on) }
            }
        }
    }

    pub(super) fn sorted_and_limited(
        &mut self,
        rel: Rel,
        keys: Vec<SortKey>,
        select: &SelectStmt,
    ) -> Result<Rel> {
        let rel = sorted(rel, keys.clone());
        self.limited(rel, keys, select)
    }

    fn limited(&mut self, rel: Rel, keys: Vec<SortKey>, select: &SelectStmt) -> Result<Rel> {
        let offset = self.row_count(boxed(&select.limit_offset), Clause::Offset, "OFFSET")?;
        let limit = self.row_count(boxed(&select.limit_count), Clause::Limit, "LIMIT")?;
        let ties = select.limit_option == LimitOption::WithTies as i32;
        if ties && limit.is_none() && select.limit_count.is_some() {
            return Err(Error::new(
                sqlstate::INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
                "row count cannot be null in FETCH FIRST ... WITH TIES clause",
            ));
        }
        if offset.is_none() && limit.is_none() {
            return Ok(rel);
        }
        let with_ties = if ties { keys } else { Vec::new() };
        Ok(Rel::Limit { input: Box::new(rel), limit, offset, with_ties })
    }

    /// LIMIT and OFFSET: a bigint without columns; a constant NULL is no limit.
    fn row_count(
        &mut self,
        node: Option<&NodeEnum>,
        clause: Clause,
        words: &str,
    ) -> Result<Option<Expr>> {
        let Some(node) = node else { return Ok(None) };
        let expr = self.within(clause, |binder| {
            let expr = binder.expr(node)?;
            binder.to_specific(expr, INT8, CastContext::Assignment, words)
        })?;
        let level = self.levels.last().expect("a query level is open while binding");
        if columns_of(&expr).iter().any(|id| level.owned.contains(id)) {
            return Err(Error::new(
                sqlstate::INVALID_COLUMN_REFERENCE,
                format!("argument of {words} must not contain variables"),
            )
            .at(expr.location));
        }
        Ok((!is_null_constant(&expr)).then_some(expr))
    }
}

fn sorted(input: Rel, keys: Vec<SortKey>) -> Rel {
    match keys.is_empty() {
        true => input,
        false => Rel::Sort { input: Box::new(input), keys },
    }
}

pub(super) fn filter(input: Rel, predicate: Expr) -> Rel {
    match super::policy::below_barriers(input, predicate) {
        (input, Some(predicate)) => Rel::Filter { input: Box::new(input), predicate },
        (input, None) => input,
    }
}

/// Set-returning calls, those within the arguments of others first.
pub(super) fn project_sets(input: Rel, calls: Vec<SetCall>) -> Rel {
    let mut stages: Vec<Vec<SetCall>> = Vec::new();
    for mut call in calls {
        let mut arguments = HashSet::new();
        for arg in &mut call.call.args {
            arguments.extend(columns_of(arg));
        }
        let inside = stages
            .iter()
            .rposition(|stage| stage.iter().any(|known| arguments.contains(&known.column.id)));
        let stage = inside.map_or(0, |stage| stage + 1);
        if stage == stages.len() {
            stages.push(Vec::new());
        }
        stages[stage].push(call);
    }
    stages.into_iter().fold(input, |input, stage| Rel::ProjectSet {
        input: Box::new(input),
        calls: stage.into_iter().map(|set| (set.column, set.call)).collect(),
    })
}
