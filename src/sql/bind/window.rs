//! Window calls: named windows, inheritance between them, frames.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{FuncCall, WindowDef};

use super::Binder;
use super::call::{Arguments, Resolution};
use super::node::{INT8, boxed, column_expr, inner, required};
use super::scope::Clause;
use crate::catalog::{CastContext, FunctionKind};
use crate::error::{Error, Result};
use crate::sql::ir::{
    Expr, Frame, FrameBound, FrameExclusion, FrameUnits, SortKey, WindowCall, WindowFunction,
    WindowName,
};
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;

/// PostgreSQL's `FRAMEOPTION_*` bits.
mod option {
    pub const NONDEFAULT: i32 = 0x00001;
    pub const RANGE: i32 = 0x00002;
    pub const ROWS: i32 = 0x00004;
    pub const GROUPS: i32 = 0x00008;
    pub const START_UNBOUNDED_PRECEDING: i32 = 0x00020;
    pub const END_UNBOUNDED_FOLLOWING: i32 = 0x00100;
    pub const START_CURRENT_ROW: i32 = 0x00200;
    pub const END_CURRENT_ROW: i32 = 0x00400;
    pub const START_OFFSET_PRECEDING: i32 = 0x00800;
    pub const END_OFFSET_PRECEDING: i32 = 0x01000;
    pub const START_OFFSET_FOLLOWING: i32 = 0x02000;
    pub const EXCLUDE_CURRENT_ROW: i32 = 0x08000;
    pub const EXCLUDE_GROUP: i32 = 0x10000;
    pub const EXCLUDE_TIES: i32 = 0x20000;
}

struct BoundWindow {
    partition_by: Vec<Expr>,
    order_by: Vec<SortKey>,
    frame: Frame,
}

impl Binder<'_> {
    /// A window call becomes a column that the level's Window produces.
    pub(super) fn window_call(
        &mut self,
        call: &FuncCall,
        resolution: Resolution,
        arguments: Arguments,
    ) -> Result<Expr> {
        let function = resolution.function.clone();
        let Some(over) = call.over.as_deref() else {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("window function {} requires an OVER clause", function.name),
            )
            .at(call.location));
        };
        self.check_window_place(call, &function.name)?;
        self.check_window_form(call, function.kind, &function.name, arguments.exprs.len())?;
        self.level().in_window += 1;
        let parts = self.window_parts(call, over, resolution, arguments);
        self.level().in_window -= 1;
        let (mut args, filter, window, result) = parts?;
        let own = self.levels.len() - 1;
        for arg in &mut args {
            self.check_nesting(own, arg, "window function calls")?;
        }
        let window_function = match function.kind {
            FunctionKind::Window => WindowFunction::Window(function.clone()),
            _ => {
                let aggregate = self.catalog.aggregate(function.oid).cloned().ok_or_else(|| {
                    Error::internal(format!("cache lookup failed for aggregate {}", function.oid))
                })?;
                if aggregate.calls_functions() && aggregate.plain.finish_modify != 'r' {
                    return Err(Error::new(
                        sqlstate::FEATURE_NOT_SUPPORTED,
                        format!(
                            "aggregate function {} does not support use as a window function",
                            function.name
                        ),
                    ));
                }
                let aggregate = self.with_actual_states(aggregate, &function, &args)?;
                WindowFunction::Aggregate(function.clone(), aggregate)
            }
        };
        let ty = SqlType::new(result);
        let column = self.new_column(function.name.clone(), ty);
        let BoundWindow { partition_by, order_by, frame } = window;
        let window_call = WindowCall {
            function: window_function,
            args,
            filter,
            partition_by,
            order_by,
            frame,
            ty,
            name: match over {
                WindowDef { name, .. } if !name.is_empty() => WindowName::Named(name.clone()),
                WindowDef { refname, .. } if !refname.is_empty() => WindowName::Refined,
                _ => WindowName::None,
            },
        };
        self.level().windows.push((column.clone(), window_call));
        Ok(column_expr(&column, call.location))
    }

    fn check_window_place(&mut self, call: &FuncCall, _name: &str) -> Result<()> {
        let level = self.level();
        let wrong =
            |message: String| Err(Error::new(sqlstate::WINDOWING_ERROR, message).at(call.location));
        if level.in_aggregate > 0 {
            return Err(Error::new(
                sqlstate::GROUPING_ERROR,
                "aggregate function calls cannot contain window function calls",
            )
            .at(call.location));
        }
        if let Some(clause) = level.clause.refuses_windows() {
            return wrong(format!("window functions are not allowed in {clause}"));
        }
        match level.in_window {
            0 => Ok(()),
            _ => wrong("window function calls cannot be nested".into()),
        }
    }

    fn check_window_form(
        &self,
        call: &FuncCall,
        kind: FunctionKind,
        name: &str,
        count: usize,
    ) -> Result<()> {
        let unsupported = |message: &str| {
            Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message).at(call.location))
        };
        if call.agg_distinct {
            return unsupported("DISTINCT is not implemented for window functions");
        }
        if !call.agg_order.is_empty() && !call.agg_within_group {
            return unsupported("aggregate ORDER BY is not implemented for window functions");
        }
        if call.agg_within_group {
            return unsupported(&format!("OVER is not supported for ordered-set aggregate {name}"));
        }
        if kind == FunctionKind::Window && boxed(&call.agg_filter).is_some() {
            return unsupported("FILTER is not implemented for non-aggregate window functions");
        }
        if kind == FunctionKind::Aggregate && count == 0 && !call.agg_star {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{name}(*) must be used to call a parameterless aggregate function"),
            )
            .at(call.location));
        }
        Ok(())
    }

    #[allow(clippy::type_complexity, reason = "the parts of one call, named where they are used")]
    fn window_parts(
        &mut self,
        call: &FuncCall,
        over: &WindowDef,
        resolution: Resolution,
        arguments: Arguments,
    ) -> Result<(Vec<Expr>, Option<Expr>, BoundWindow, u32)> {
        let (args, result) = self.coerce_arguments(resolution, arguments, call.location)?;
        let filter = self.aggregate_filter(call)?;
        let definition = self.window_definition(over)?;
        let window = self.bound_window(&definition)?;
        Ok((args, filter, window, result))
    }

    /// A window with the windows it builds on merged in.
    fn window_definition(&mut self, over: &WindowDef) -> Result<WindowDef> {
        let plain_name = !over.name.is_empty();
        let base = if plain_name { &over.name } else { &over.refname };
        if base.is_empty() {
            return Ok(over.clone());
        }
        let clause = &self.level().window_clause;
        let Some(index) = clause.iter().position(|window| window.name == *base) else {
            return Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("window \"{base}\" does not exist"),
            )
            .at(over.location));
        };
        let mut found = clause[index].clone();
        found.name = String::new();
        let found = self.window_definition(&found)?;
        if plain_name {
            return Ok(found);
        }
        merge(over, &found, base)
    }

    fn bound_window(&mut self, definition: &WindowDef) -> Result<BoundWindow> {
        let mut partition_by = Vec::new();
        for node in &definition.partition_clause {
            let node = inner(node)?;
            let expr = self.within(Clause::WindowPartition, |binder| binder.expr(node))?;
            partition_by.push(self.decide(expr)?);
        }
        let mut order_by = Vec::new();
        for node in &definition.order_clause {
            let NodeEnum::SortBy(sort) = inner(node)? else { continue };
            let node = required(&sort.node)?;
            let expr = self.within(Clause::WindowOrder, |binder| binder.expr(node))?;
            let expr = self.decide(expr)?;
            order_by.push(self.sort_key(expr, sort)?);
        }
        let frame = self.frame(definition, &order_by)?;
        Ok(BoundWindow { partition_by, order_by, frame })
    }

    fn frame(&mut self, definition: &WindowDef, order_by: &[SortKey]) -> Result<Frame> {
        let options = definition.frame_options;
        let has = |bit: i32| options & bit != 0;
        let units = if has(option::ROWS) {
            FrameUnits::Rows
        } else if has(option::GROUPS) {
            FrameUnits::Groups
        } else {
            FrameUnits::Range
        };
        if units == FrameUnits::Groups && order_by.is_empty() {
            return Err(Error::new(
                sqlstate::WINDOWING_ERROR,
                "GROUPS mode requires an ORDER BY clause",
            )
            .at(definition.location));
        }
        let start =
            self.frame_offset(boxed(&definition.start_offset), units, order_by, definition)?;
        let end = self.frame_offset(boxed(&definition.end_offset), units, order_by, definition)?;
        let start = match start {
            Some(offset) if has(option::START_OFFSET_PRECEDING) => FrameBound::Preceding(offset),
            Some(offset) if has(option::START_OFFSET_FOLLOWING) => FrameBound::Following(offset),
            _ if has(option::START_CURRENT_ROW) => FrameBound::CurrentRow,
            _ if has(option::START_UNBOUNDED_PRECEDING) => FrameBound::UnboundedPreceding,
            _ => FrameBound::UnboundedPreceding,
        };
        let end = match end {
            Some(offset) if has(option::END_OFFSET_PRECEDING) => FrameBound::Preceding(offset),
            Some(offset) => FrameBound::Following(offset),
            None if has(option::END_CURRENT_ROW) => FrameBound::CurrentRow,
            None if has(option::END_UNBOUNDED_FOLLOWING) => FrameBound::UnboundedFollowing,
            None => FrameBound::CurrentRow,
        };
        let exclusion = if has(option::EXCLUDE_CURRENT_ROW) {
            FrameExclusion::CurrentRow
        } else if has(option::EXCLUDE_GROUP) {
            FrameExclusion::Group
        } else if has(option::EXCLUDE_TIES) {
            FrameExclusion::Ties
        } else {
            FrameExclusion::NoOthers
        };
        debug_assert!(units != FrameUnits::Range || has(option::RANGE) || options == 0);
        Ok(Frame { units, start, end, exclusion })
    }

    /// The distance of a frame bound: rows and groups are counted, a range has
    /// the type that is added to the sort key.
    fn frame_offset(
        &mut self,
        node: Option<&NodeEnum>,
        units: FrameUnits,
        order_by: &[SortKey],
        definition: &WindowDef,
    ) -> Result<Option<Box<Expr>>> {
        let Some(node) = node else { return Ok(None) };
        let expr = self.within(Clause::WindowFrame, |binder| binder.expr(node))?;
        let level = self.levels.last().expect("a query level is open while binding");
        let columns = crate::sql::ir::visit::columns_of(&expr);
        if columns.iter().any(|id| level.owned.contains(id)) {
            let words = match units {
                FrameUnits::Rows => "ROWS",
                FrameUnits::Range => "RANGE",
                FrameUnits::Groups => "GROUPS",
            };
            return Err(Error::new(
                sqlstate::INVALID_COLUMN_REFERENCE,
                format!("argument of {words} must not contain variables"),
            )
            .at(expr.location));
        }
        let target = match units {
            FrameUnits::Rows => return self.count_offset(expr, "ROWS"),
            FrameUnits::Groups => return self.count_offset(expr, "GROUPS"),
            FrameUnits::Range => self.range_offset_type(order_by, definition, &expr)?,
        };
        let (source, location) = (expr.ty.oid, expr.location);
        self.coerce_to(expr, SqlType::new(target), CastContext::Implicit)?
            .map(|expr| Some(Box::new(expr)))
            .ok_or_else(|| {
                Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!(
                        "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {} and offset type {}",
                        self.display_type(order_by[0].expr.ty.oid),
                        self.display_type(source)
                    ),
                )
                .with_hint("Cast the offset value to an appropriate type.")
                .at(location)
            })
    }

    fn count_offset(&mut self, expr: Expr, words: &str) -> Result<Option<Box<Expr>>> {
        let expr = self.to_specific(expr, INT8, CastContext::Assignment, words)?;
        Ok(Some(Box::new(expr)))
    }

    fn range_offset_type(
        &self,
        order_by: &[SortKey],
        definition: &WindowDef,
        offset: &Expr,
    ) -> Result<u32> {
        let [key] = order_by else {
            return Err(Error::new(
                sqlstate::WINDOWING_ERROR,
                "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column",
            )
            .at(definition.location));
        };
        match self.base(key.expr.ty.oid) {
            oid::INT2 | oid::INT4 | oid::INT8 => Ok(oid::INT8),
            oid::FLOAT4 | oid::FLOAT8 => Ok(oid::FLOAT8),
            oid::NUMERIC => Ok(oid::NUMERIC),
            oid::DATE
            | oid::TIME
            | oid::TIMETZ
            | oid::TIMESTAMP
            | oid::TIMESTAMPTZ
            | oid::INTERVAL => Ok(oid::INTERVAL),
            other => {
                let class = self.catalog.default_operator_class("btree", other);
                let class = class.and_then(|oid| self.catalog.operator_class(oid));
                Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!(
                        "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {}",
                        self.display_type(class.map_or(other, |class| class.input))
                    ),
                )
                .at(offset.location))
            }
        }
    }
}

/// `(base …)`: the base's partition, and its order if there is one.
fn merge(over: &WindowDef, base: &WindowDef, name: &str) -> Result<WindowDef> {
    let wrong =
        |message: String| Err(Error::new(sqlstate::WINDOWING_ERROR, message).at(over.location));
    if !over.partition_clause.is_empty() {
        return wrong(format!("cannot override PARTITION BY clause of window \"{name}\""));
    }
    if !over.order_clause.is_empty() && !base.order_clause.is_empty() {
        return wrong(format!("cannot override ORDER BY clause of window \"{name}\""));
    }
    if base.frame_options & option::NONDEFAULT != 0 {
        return wrong(format!("cannot copy window \"{name}\" because it has a frame clause"));
    }
    let mut merged = over.clone();
    merged.partition_clause = base.partition_clause.clone();
    if merged.order_clause.is_empty() {
        merged.order_clause = base.order_clause.clone();
    }
    merged.refname = String::new();
    Ok(merged)
}
