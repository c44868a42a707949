//! Aggregate calls: which level they belong to, and their arguments.

use std::collections::HashSet;
use std::sync::Arc;

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::FuncCall;

use super::Binder;
use super::call::{Arguments, Resolution, display_name};
use super::node::{boxed, column_expr, inner};
use super::polymorphic::is_polymorphic;
use super::same::{same, same_keys, same_list};
use super::scope::{Clause, Level};
use crate::catalog::{Aggregate, Function, Transition, Volatility};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{self, Walk, columns_of, each_expr_mut, each_in_expr};
use crate::sql::ir::{AggregateCall, ColumnId, CteId, Expr, ExprKind, Rel, SortKey};
use crate::sql::types::{Oid, SqlType};
use crate::sqlstate;

impl Binder<'_> {
    /// An aggregate becomes a column that the level's Aggregate produces.
    pub(super) fn aggregate_call(
        &mut self,
        call: &FuncCall,
        resolution: Resolution,
        arguments: Arguments,
    ) -> Result<Expr> {
        let function = resolution.function.clone();
        let aggregate = self.catalog.aggregate(function.oid).cloned().ok_or_else(|| {
            Error::internal(format!("cache lookup failed for aggregate {}", function.oid))
        })?;
        self.check_aggregate_form(call, &function.name, aggregate.kind, arguments.exprs.len())?;
        let own = self.levels.len() - 1;
        self.levels[own].in_aggregate += 1;
        let bound = self.aggregate_parts(call, resolution, arguments);
        self.levels[own].in_aggregate -= 1;
        let (args, order_by, filter, result) = bound?;
        let ty = SqlType::new(result);
        let aggregate = self.with_actual_states(aggregate, &function, &args)?;
        let mut aggregate_call = AggregateCall {
            function,
            aggregate,
            args,
            distinct: call.agg_distinct,
            order_by,
            filter,
            ty,
        };
        let target = self.aggregate_level(&aggregate_call);
        self.check_direct_arguments(target, &aggregate_call)?;
        self.check_ctes(target, &aggregate_call, call.location)?;
        self.check_aggregate_place(target, call.location)?;
        for expr in aggregate_call.args.iter_mut().chain(aggregate_call.filter.iter_mut()) {
            self.check_nesting(target, expr, "aggregate function calls")?;
        }
        Ok(self.add_aggregate(target, aggregate_call, call.location))
    }

    /// The aggregate with the types that its states have in a call.
    pub(super) fn with_actual_states(
        &self,
        aggregate: Arc<Aggregate>,
        function: &Function,
        args: &[Expr],
    ) -> Result<Arc<Aggregate>> {
        let states = [Some(&aggregate.plain), aggregate.moving.as_deref()];
        let are_plain = states.iter().flatten().all(|way| !is_polymorphic(way.state));
        if are_plain || !aggregate.calls_functions() {
            return Ok(aggregate);
        }
        let actual: Vec<Oid> = args.iter().map(|arg| arg.ty.oid).collect();
        let resolved = |way: &Transition| -> Result<Transition> {
            let (_, state) = self.resolve_polymorphic(&actual, &function.args, way.state)?;
            Ok(Transition { state, ..way.clone() })
        };
        let plain = resolved(&aggregate.plain)?;
        let moving = aggregate.moving.as_deref().map(resolved).transpose()?.map(Box::new);
        Ok(Arc::new(Aggregate { plain, moving, ..(*aggregate).clone() }))
    }

    fn check_aggregate_form(
        &self,
        call: &FuncCall,
        name: &str,
        kind: char,
        count: usize,
    ) -> Result<()> {
        let wrong = |code, message: String| Err(Error::new(code, message).at(call.location));
        let ordered = kind != 'n';
        if ordered && !call.agg_within_group {
            return wrong(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("WITHIN GROUP is required for ordered-set aggregate {name}"),
            );
        }
        if !ordered && call.agg_within_group {
            return wrong(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP"),
            );
        }
        if !ordered && count == 0 && !call.agg_star {
            return wrong(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{name}(*) must be used to call a parameterless aggregate function"),
            );
        }
        Ok(())
    }

    /// Each direct argument of a hypothetical-set aggregate is a value of the
    /// ordering column in its place: both get one type (`unify_hypothetical_args`).
    pub(super) fn match_hypothetical(
        &mut self,
        call: &FuncCall,
        name: (Option<&str>, &str),
        resolution: &Resolution,
        arguments: &mut Arguments,
    ) -> Result<()> {
        let aggregate = self.catalog.aggregate(resolution.function.oid);
        if !call.agg_within_group || aggregate.is_none_or(|aggregate| aggregate.kind != 'h') {
            return Ok(());
        }
        let ordered = call.agg_order.len();
        let direct = arguments.exprs.len() - ordered;
        if direct != ordered {
            let signature = self.signature(name, arguments);
            return Err(Error::undefined_function(&signature)
                .with_hint(format!(
                    "To use the hypothetical-set aggregate {}, the number of hypothetical direct \
                     arguments (here {direct}) must match the number of ordering columns (here \
                     {ordered}).",
                    display_name(name)
                ))
                .at(call.location));
        }
        for position in 0..direct {
            let places = [position + direct, position];
            let pair = places.map(|at| arguments.exprs[at].clone());
            let pair = self.all_to_common(pair.to_vec(), "WITHIN GROUP")?;
            for (at, expr) in places.into_iter().zip(pair) {
                arguments.exprs[at] = self.decide(expr)?;
            }
        }
        Ok(())
    }

    #[allow(clippy::type_complexity, reason = "the parts of one call, named where they are used")]
    fn aggregate_parts(
        &mut self,
        call: &FuncCall,
        resolution: Resolution,
        arguments: Arguments,
    ) -> Result<(Vec<Expr>, Vec<SortKey>, Option<Expr>, u32)> {
        let written = arguments.exprs.clone();
        let (args, result) = self.coerce_arguments(resolution, arguments, call.location)?;
        let order_by = match call.agg_within_group {
            true => self.within_group_keys(call, &args)?,
            false => self.aggregate_order(call)?,
        };
        if call.agg_distinct {
            self.check_distinct_order((&args, &written), &order_by, call.location)?;
        }
        let filter = self.aggregate_filter(call)?;
        Ok((args, order_by, filter, result))
    }

    pub(super) fn aggregate_filter(&mut self, call: &FuncCall) -> Result<Option<Expr>> {
        let Some(node) = boxed(&call.agg_filter) else { return Ok(None) };
        self.within(Clause::Filter, |binder| {
            let filter = binder.expr(node)?;
            binder.to_boolean(filter, "FILTER").map(Some)
        })
    }

    fn aggregate_order(&mut self, call: &FuncCall) -> Result<Vec<SortKey>> {
        let mut keys = Vec::with_capacity(call.agg_order.len());
        for node in &call.agg_order {
            let NodeEnum::SortBy(sort) = inner(node)? else { continue };
            let expr = self.expr(super::node::required(&sort.node)?)?;
            let expr = self.decide(expr)?;
            keys.push(self.sort_key(expr, sort)?);
        }
        Ok(keys)
    }

    /// The aggregated arguments of an ordered-set aggregate are also its order.
    fn within_group_keys(&mut self, call: &FuncCall, args: &[Expr]) -> Result<Vec<SortKey>> {
        let direct = args.len().saturating_sub(call.agg_order.len());
        let mut keys = Vec::new();
        for (node, expr) in call.agg_order.iter().zip(&args[direct..]) {
            let NodeEnum::SortBy(sort) = inner(node)? else { continue };
            keys.push(self.sort_key(expr.clone(), sort)?);
        }
        Ok(keys)
    }

    /// `written`: the arguments before they were converted, which ORDER BY may repeat.
    fn check_distinct_order(
        &self,
        (args, written): (&[Expr], &[Expr]),
        keys: &[SortKey],
        location: i32,
    ) -> Result<()> {
        for arg in args {
            if !self.type_has_operator("=", arg.ty.oid) {
                return Err(self.no_equality(arg.ty.oid).at(arg.location));
            }
        }
        match keys.iter().find(|key| !written.iter().any(|arg| same(arg, &key.expr))) {
            Some(key) => Err(Error::new(
                sqlstate::INVALID_COLUMN_REFERENCE,
                "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list",
            )
            .at(if key.expr.location >= 0 { key.expr.location } else { location })),
            None => Ok(()),
        }
    }

    /// The innermost level that a column of the arguments belongs to; without
    /// columns, the level the call is written in.
    fn aggregate_level(&self, call: &AggregateCall) -> usize {
        let direct = direct_arguments(call);
        let exprs = call.args[direct..]
            .iter()
            .chain(call.order_by.iter().map(|key| &key.expr))
            .chain(&call.filter);
        self.level_of(exprs)
    }

    /// The innermost level that columns or aggregates of the expressions belong to;
    /// without any, the level they are written in.
    pub(super) fn level_of<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> usize {
        let own = self.levels.len() - 1;
        let columns: HashSet<ColumnId> = exprs.flat_map(columns_of).collect();
        let has = |level: &Level, id| {
            level.owned.contains(id) || level.aggregates.iter().any(|(column, _)| column.id == *id)
        };
        let owner = |id| (0..=own).rev().find(|level| has(&self.levels[*level], id));
        columns.iter().filter_map(owner).max().unwrap_or(own)
    }

    /// What is of the group may not be of a level below the aggregate's.
    fn check_direct_arguments(&self, target: usize, call: &AggregateCall) -> Result<()> {
        for arg in &call.args[..direct_arguments(call)] {
            if !columns_of(arg).is_empty() && self.level_of(std::iter::once(arg)) > target {
                return Err(Error::new(
                    sqlstate::GROUPING_ERROR,
                    "outer-level aggregate cannot contain a lower-level variable in its direct arguments",
                )
                .at(arg.location));
            }
        }
        Ok(())
    }

    /// An aggregate of an outer level cannot read CTEs of the levels below that.
    fn check_ctes(&self, target: usize, call: &AggregateCall, location: i32) -> Result<()> {
        let mut read = None;
        let exprs = call.args.iter().chain(&call.filter);
        let exprs = exprs.chain(call.order_by.iter().map(|key| &key.expr));
        let below = self.levels[target + 1..].iter().flat_map(|level| &level.ctes);
        let below: Vec<_> = below.collect();
        for expr in exprs {
            each_in_expr(
                expr,
                &mut |e| {
                    let ExprKind::Subquery(subquery) = &e.kind else { return };
                    let found = below.iter().find(|cte| reads(&subquery.query.rel, cte.id));
                    read = read.take().or_else(|| found.map(|cte| cte.name.clone()));
                },
                &mut |_| {},
            );
        }
        match read {
            None => Ok(()),
            Some(name) => Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "outer-level aggregate cannot use a nested CTE",
            )
            .with_detail(format!("CTE \"{name}\" is below the aggregate's semantic level."))
            .at(location)),
        }
    }

    fn check_aggregate_place(&self, target: usize, location: i32) -> Result<()> {
        let level = &self.levels[target];
        if level.in_aggregate > 0 && level.clause != Clause::Filter {
            return Err(Error::new(
                sqlstate::GROUPING_ERROR,
                "aggregate function calls cannot be nested",
            )
            .at(location));
        }
        match level.clause.refuses_aggregates() {
            Some(clause) => Err(Error::new(
                sqlstate::GROUPING_ERROR,
                format!("aggregate functions are not allowed in {clause}"),
            )
            .at(location)),
            None => Ok(()),
        }
    }

    /// Aggregates, window functions and sets cannot be inside an aggregate, nor
    /// the latter two inside a window function.
    pub(super) fn check_nesting(&self, target: usize, expr: &mut Expr, outer: &str) -> Result<()> {
        let level = &self.levels[target];
        let mut found: Option<Error> = None;
        each_expr_mut(expr, &mut |e| {
            let ExprKind::Column(id) = e.kind else { return Walk::Inside };
            let windows = outer == "window function calls";
            let (code, words) = if level.aggregates.iter().any(|(c, _)| c.id == id) && !windows {
                (sqlstate::GROUPING_ERROR, "cannot be nested")
            } else if level.windows.iter().any(|(c, _)| c.id == id) && windows {
                (sqlstate::WINDOWING_ERROR, "cannot be nested")
            } else if level.windows.iter().any(|(c, _)| c.id == id) {
                (sqlstate::GROUPING_ERROR, "cannot contain window function calls")
            } else if level.set_calls.iter().any(|c| c.column.id == id) {
                (sqlstate::FEATURE_NOT_SUPPORTED, "cannot contain set-returning function calls")
            } else {
                return Walk::Inside;
            };
            let mut error = Error::new(code, format!("{outer} {words}")).at(e.location);
            if code == sqlstate::FEATURE_NOT_SUPPORTED {
                error = error.with_hint(
                    "You might be able to move the set-returning function into a LATERAL FROM item.",
                );
            }
            found.get_or_insert(error);
            Walk::Skip
        });
        found.map_or(Ok(()), Err)
    }

    fn add_aggregate(&mut self, target: usize, call: AggregateCall, location: i32) -> Expr {
        let repeatable = call.function.volatility != Volatility::Volatile;
        let known = self.levels[target].aggregates.iter().find(|(_, other)| {
            repeatable
                && other.function.oid == call.function.oid
                && other.distinct == call.distinct
                && same_list(&other.args, &call.args)
                && same_keys(&other.order_by, &call.order_by)
                && match (&other.filter, &call.filter) {
                    (None, None) => true,
                    (Some(a), Some(b)) => same(a, b),
                    _ => false,
                }
        });
        let column = match known {
            Some((column, _)) => column.clone(),
            None => {
                let column = self.new_column(call.function.name.clone(), call.ty);
                self.levels[target].aggregates.push((column.clone(), call));
                column
            }
        };
        column_expr(&column, location)
    }

    /// Binds something as part of another clause.
    pub(super) fn within<T>(
        &mut self,
        clause: Clause,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let outer = std::mem::replace(&mut self.level().clause, clause);
        let answer = work(self);
        self.level().clause = outer;
        answer
    }
}

/// How many of an ordered-set aggregate's arguments are direct ones.
fn direct_arguments(call: &AggregateCall) -> usize {
    match call.aggregate.kind {
        'n' => 0,
        _ => call.args.len().saturating_sub(call.order_by.len()),
    }
}

/// Whether a relation, subqueries not looked into, reads a CTE.
fn reads(rel: &Rel, wanted: CteId) -> bool {
    let mut found = matches!(rel, Rel::Cte { id, .. } if *id == wanted);
    visit::inputs(rel, &mut |input| found |= reads(input, wanted));
    found
}
