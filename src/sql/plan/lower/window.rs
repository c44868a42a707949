//! Window functions: a sort by partition and order below, then our operator;
//! calls over the same window share both.

use std::sync::Arc;

use super::{Lowering, Relation};
use crate::catalog::Function;
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{
    self, AggregateCall, ColumnId, Expr, ExprKind, FrameBound, FrameUnits, OutputColumn, Rel,
    SortKey, WindowCall, WindowFunction,
};
use crate::sql::plan::aggregate::Order;
use crate::sql::plan::form::Form;
use crate::sql::plan::prepare::column_of;
use crate::sql::plan::window::{self, Bound, Call, Frame, Window};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::eval::native::integer;
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

use super::aggregate::PG_CATALOG;

impl Lowering<'_> {
    pub fn window(&self, input: &Rel, calls: &[(OutputColumn, WindowCall)]) -> Result<Relation> {
        let mut calls = calls.to_vec();
        let relation = self.rel(input)?;
        let mut exprs: Vec<Expr> = expressions(&mut calls).into_iter().map(|e| e.clone()).collect();
        let mut relation = self.resolve(relation, &mut exprs)?;
        for (slot, expr) in expressions(&mut calls).into_iter().zip(exprs) {
            *slot = expr;
        }
        // In PostgreSQL's order (`select_active_windows`): which window is computed last
        // decides the order of the rows.
        let mut windows: Vec<(String, Vec<(OutputColumn, WindowCall)>)> = Vec::new();
        for (column, call) in calls {
            let name = format!("{:?}{:?}", call.partition_by, call.order_by);
            match windows.iter_mut().find(|(other, _)| *other == name) {
                Some((_, calls)) => calls.push((column, call)),
                None => windows.push((name, vec![(column, call)])),
            }
        }
        let mut refs = Vec::new();
        let mut ordered: Vec<(Rank, Vec<(OutputColumn, WindowCall)>)> =
            windows.into_iter().map(|(_, calls)| (rank(&calls, &mut refs), calls)).collect();
        ordered.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (_, calls) in ordered {
            relation = self.one_window(relation, &calls)?;
        }
        Ok(relation)
    }

    /// Calls with one PARTITION BY and ORDER BY.
    fn one_window(
        &self,
        relation: Relation,
        calls: &[(OutputColumn, WindowCall)],
    ) -> Result<Relation> {
        let Some((_, first)) = calls.first() else { return Ok(relation) };
        let mut added = Vec::new();
        let mut input: Vec<(ColumnId, Form)> = Vec::new();
        let mut keys = Vec::new();
        let mut partition = Vec::new();
        for expr in &first.partition_by {
            let found = self.as_column(expr, &relation.scope, &mut added)?;
            let expr = column_of(found.0, expr.ty);
            keys.push(SortKey { expr, descending: false, nulls_first: false });
            partition.push(input.len());
            input.push(found);
        }
        let mut order: Vec<Order> = Vec::new();
        for key in &first.order_by {
            let found = self.as_column(&key.expr, &relation.scope, &mut added)?;
            let expr = column_of(found.0, key.expr.ty);
            keys.push(SortKey { expr, ..key.clone() });
            order.push(self.order(key, input.len(), &found.1));
            input.push(found);
        }
        let mut output = Vec::new();
        let mut lowered = Vec::new();
        for (column, call) in calls {
            let form = Form::of(call.ty, self.catalog())?;
            let (function, args) = self.window_function(call, &relation, &mut added, &mut input)?;
            let frame = self.frame(call, first.order_by.first())?;
            output.push((column.id, form.clone()));
            lowered.push(Call { function, args, frame, form });
        }
        let relation = self.extend(relation, added)?;
        let relation = self.sort(relation, &keys)?;
        let context = Arc::clone(self.planner.eval());
        let operator = Window { context, input, partition, order, calls: lowered };
        self.appending(Arc::new(operator), relation, &output)
    }

    fn window_function(
        &self,
        call: &WindowCall,
        relation: &Relation,
        added: &mut Vec<(ColumnId, super::Lowered)>,
        input: &mut Vec<(ColumnId, Form)>,
    ) -> Result<(window::Function, Vec<usize>)> {
        match &call.function {
            WindowFunction::Aggregate(function, aggregate) => {
                let call = AggregateCall {
                    function: Arc::clone(function),
                    aggregate: Arc::clone(aggregate),
                    args: call.args.clone(),
                    distinct: false,
                    order_by: Vec::new(),
                    filter: call.filter.clone(),
                    ty: call.ty,
                };
                let aggregate = self.general_aggregate(&call, &relation.scope, added, input)?;
                Ok((window::Function::Aggregate(Box::new(aggregate)), Vec::new()))
            }
            WindowFunction::Window(function) => {
                let mut args = Vec::with_capacity(call.args.len());
                for arg in &call.args {
                    input.push(self.as_column(arg, &relation.scope, added)?);
                    args.push(input.len() - 1);
                }
                Ok((built_in(&function.name)?, args))
            }
        }
    }

    fn frame(&self, call: &WindowCall, order: Option<&SortKey>) -> Result<Frame> {
        let frame = &call.frame;
        Ok(Frame {
            units: frame.units,
            start: self.bound(&frame.start, frame.units, order, "starting")?,
            end: self.bound(&frame.end, frame.units, order, "ending")?,
            exclusion: frame.exclusion,
        })
    }

    fn bound(
        &self,
        bound: &FrameBound,
        units: FrameUnits,
        order: Option<&SortKey>,
        which: &str,
    ) -> Result<Bound> {
        let (expr, preceding) = match bound {
            FrameBound::UnboundedPreceding => return Ok(Bound::UnboundedPreceding),
            FrameBound::UnboundedFollowing => return Ok(Bound::UnboundedFollowing),
            FrameBound::CurrentRow => return Ok(Bound::CurrentRow),
            FrameBound::Preceding(expr) => (expr, true),
            FrameBound::Following(expr) => (expr, false),
        };
        let offset = self.constant_value(expr)?;
        if offset.is_null() {
            let message = format!("frame {which} offset must not be null");
            return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message));
        }
        if units == FrameUnits::Range {
            return self.range_bound(expr, offset, preceding, which == "starting", order);
        }
        match integer(&offset) {
            Some(distance @ 0..) => {
                Ok(Bound::Distance(if preceding { -distance } else { distance }))
            }
            _ => {
                let message = format!("frame {which} offset must not be negative");
                Err(Error::new(sqlstate::INVALID_PRECEDING_OR_FOLLOWING_SIZE, message))
            }
        }
    }

    /// A bound by the `in_range` of the order column's type.
    fn range_bound(
        &self,
        expr: &Expr,
        offset: Datum,
        preceding: bool,
        is_start: bool,
        order: Option<&SortKey>,
    ) -> Result<Bound> {
        let Some(key) = order else {
            return Err(Error::internal("RANGE with an offset needs one ORDER BY column"));
        };
        let base = SqlType::new(self.catalog().base_type(key.expr.ty).oid);
        let function = self.in_range_function(base.oid, expr.ty.oid)?;
        let boolean = |value| Expr {
            kind: ExprKind::Const(Datum::Bool(value)),
            ty: SqlType::new(oid::BOOL),
            location: -1,
        };
        // In descending order the offset is counted the other way, and so is the side.
        let subtracts = preceding != key.descending;
        let less = is_start == key.descending;
        let ids = [self.planner.fresh_column(), self.planner.fresh_column()];
        let args = vec![
            column_of(ids[0], base),
            column_of(ids[1], base),
            Expr { kind: ExprKind::Const(offset), ..expr.clone() },
            boolean(subtracts),
            boolean(less),
        ];
        let ty = SqlType::new(oid::BOOL);
        let kind = ExprKind::Call(ir::Call { function, args, ty, sql_syntax: false });
        let call = Expr { kind, ty, location: expr.location };
        let evaluator = Evaluator::compile(&call, &ids, self.catalog())?;
        let within = move |context: &EvalContext, value: &Datum, base: &Datum| {
            evaluator.is_true(context, &[], &[value.clone(), base.clone()])
        };
        Ok(Bound::Range(Box::new(within)))
    }

    fn in_range_function(&self, value: u32, offset: u32) -> Result<Arc<Function>> {
        let named = self.catalog().functions_named(&[PG_CATALOG], None, "in_range")?;
        let found = named.into_iter().find(|function| {
            function.args.get(..3).is_some_and(|args| args == [value, value, offset])
        });
        found.ok_or_else(|| Error::internal("in_range is not declared for a type"))
    }
}

/// What windows are ordered by: later keys come first, descending ones before others,
/// and of two windows the longer one if it begins with the other.
type Rank = Vec<std::cmp::Reverse<(usize, bool, bool)>>;

fn rank(calls: &[(OutputColumn, WindowCall)], refs: &mut Vec<String>) -> Rank {
    let Some((_, call)) = calls.first() else { return Vec::new() };
    let mut number = |expr: &Expr| {
        let text = format!("{:?}", expr.kind);
        refs.iter().position(|known| *known == text).unwrap_or_else(|| {
            refs.push(text);
            refs.len() - 1
        }) + 1
    };
    let partition = call.partition_by.iter().map(|expr| (number(expr), false, false));
    let mut keys: Vec<(usize, bool, bool)> = partition.collect();
    for key in &call.order_by {
        keys.push((number(&key.expr), key.descending, key.nulls_first));
    }
    // Where one ends, the other goes on, and is first.
    keys.push((0, false, false));
    keys.into_iter().map(std::cmp::Reverse).collect()
}

fn built_in(name: &str) -> Result<window::Function> {
    Ok(match name {
        "row_number" => window::Function::RowNumber,
        "rank" => window::Function::Rank,
        "dense_rank" => window::Function::DenseRank,
        "percent_rank" => window::Function::PercentRank,
        "cume_dist" => window::Function::CumeDist,
        "ntile" => window::Function::Ntile,
        "lag" => window::Function::Offset(-1),
        "lead" => window::Function::Offset(1),
        "first_value" => window::Function::FirstValue,
        "last_value" => window::Function::LastValue,
        "nth_value" => window::Function::NthValue,
        other => return Err(Error::unsupported(format!("window function {other}"))),
    })
}

/// Every expression of the calls, in one fixed order; frame offsets are constants.
fn expressions(calls: &mut [(OutputColumn, WindowCall)]) -> Vec<&mut Expr> {
    let mut all = Vec::new();
    for (_, call) in calls {
        all.extend(call.args.iter_mut());
        all.extend(call.filter.iter_mut());
        all.extend(call.partition_by.iter_mut());
        all.extend(call.order_by.iter_mut().map(|key| &mut key.expr));
    }
    all
}
