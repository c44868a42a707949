//! Calling trigger functions for the rows that are written.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::compiler::SqlCompiler;
use crate::catalog::{Function, TriggerTiming, Volatility};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::ir::ColumnId;
use crate::sql::plpgsql;
use crate::sql::routine::call::Surroundings;
use crate::sql::routine::trigger::TriggerCall;
use crate::sql::routine::{CallDepth, Frame};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;
use crate::table::{Event, Fired, Firing, RowExpression, blocking, eval_over};

/// The kernel of `suppress_redundant_updates_trigger`.
const SUPPRESS_REDUNDANT: &str = "suppress_redundant_updates_trigger";

impl SqlCompiler {
    /// Whether a trigger's WHEN is true of its rows.
    pub(super) fn condition_holds(firing: &Firing, ctx: &StatementContext) -> Result<bool> {
        let trigger = &firing.trigger.trigger;
        let Some(sql) = &trigger.when else { return Ok(true) };
        let condition = match firing.trigger.condition.get() {
            Some(condition) => condition.clone(),
            None => {
                let relation = &firing.info.relation;
                let eval = eval_over(&ctx.eval.catalog, ctx);
                let expr = bind::bind_trigger_condition_sql(&eval, relation, sql)?;
                let width = relation.columns.len() as u32;
                let slots: Vec<ColumnId> = (1..=2 * width + 2).map(ColumnId).collect();
                let evaluator = Evaluator::compile(&expr, &slots, &eval.catalog)?;
                let compiled: Option<Arc<dyn RowExpression>> =
                    Some(Arc::new(super::compiler::Compiled(evaluator, true)));
                firing.trigger.condition.get_or_init(|| compiled).clone()
            }
        };
        let Some(condition) = condition else { return Ok(true) };
        let width = firing.info.columns.len();
        let nulls = || vec![Datum::Null; width];
        let part =
            |row: &Option<Arc<Vec<Datum>>>| row.as_ref().map_or_else(nulls, |row| row.to_vec());
        let mut row = part(&firing.old);
        row.extend(part(&firing.new));
        let table = Datum::Oid(firing.info.oid());
        row.extend([table.clone(), table]);
        Ok(matches!(condition.eval(&ctx.eval, &row)?, Datum::Bool(true)))
    }

    /// Calls the function.
    pub(super) fn call_trigger(
        firing: &Firing,
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Fired> {
        let trigger = &firing.trigger.trigger;
        let before = trigger.timing == TriggerTiming::Before;
        if before && trigger.when.is_some() {
            ctx.eval.loan.open(work);
        }
        if before && !ctx.lend(work, || SqlCompiler::condition_holds(firing, ctx))? {
            return Ok(Fired::Not);
        }
        let function = work.catalog.function(trigger.function).cloned().ok_or_else(|| {
            Error::internal(format!("could not find trigger function {}", trigger.function))
        })?;
        if function.is_native() {
            return internal(&function, firing);
        }
        if function.language != "plpgsql" {
            return Err(Error::unsupported(format!(
                "a trigger function in language {}",
                function.language
            )));
        }
        let call = trigger_call(firing, function, ctx);
        let depth = ctx.eval.loan.depth() + 1;
        let snapshot = work.txn.published().clone();
        let routines = ctx.eval.session.routines()?;
        routines.trigger_depth.fetch_add(1, Ordering::Relaxed);
        let row = blocking(|| CallDepth(depth).run(|| run(&call, firing, work, ctx, depth)));
        routines.trigger_depth.fetch_sub(1, Ordering::Relaxed);
        work.txn.swap_snapshot(snapshot);
        Ok(match row? {
            Some(row) => Fired::Row(row),
            None => Fired::Nothing,
        })
    }
}

fn run(
    call: &TriggerCall<'_>,
    firing: &Firing,
    work: &mut Work,
    ctx: &StatementContext,
    depth: usize,
) -> Result<Option<Vec<Datum>>> {
    let surroundings = Surroundings::enter(&call.function, ctx)?;
    let volatile = call.function.volatility == Volatility::Volatile;
    let mut frame = Frame::new(work, ctx.clone(), depth, volatile);
    frame.show_transitions(firing.transition_tables().map(Arc::new));
    let row = plpgsql::run_trigger(call, &mut frame);
    surroundings.leave(ctx);
    row
}

fn trigger_call<'f>(
    firing: &'f Firing,
    function: Arc<Function>,
    ctx: &StatementContext,
) -> TriggerCall<'f> {
    let trigger = &firing.trigger.trigger;
    let row = |row: &Option<Arc<Vec<Datum>>>| row.as_ref().map(|row| row.to_vec());
    let table = &firing.info.relation;
    let mut new = row(&firing.new);
    if let (Some(new), TriggerTiming::Before) = (&mut new, trigger.timing) {
        // Generated columns are computed once all of these have run.
        let columns = new.iter_mut().zip(&firing.info.columns);
        columns.filter(|(_, column)| column.generated).for_each(|(value, _)| *value = Datum::Null);
    }
    let row_type = ctx.eval.catalog.row_type(table);
    TriggerCall {
        function,
        table,
        schema: firing.info.schema_name.clone(),
        row_type: match row_type {
            oid::INVALID => SqlType::new(oid::RECORD),
            row_type => SqlType::new(row_type),
        },
        trigger: trigger.oid,
        name: trigger.name.clone(),
        when: match trigger.timing {
            TriggerTiming::Before => "BEFORE",
            TriggerTiming::After => "AFTER",
            TriggerTiming::InsteadOf => "INSTEAD OF",
        },
        level: if trigger.row { "ROW" } else { "STATEMENT" },
        op: match firing.event {
            Event::Insert => "INSERT",
            Event::Update => "UPDATE",
            Event::Delete => "DELETE",
            Event::Truncate => "TRUNCATE",
        },
        args: trigger.args.clone(),
        new,
        old: row(&firing.old),
    }
}

/// Trigger functions of the server.
fn internal(function: &Function, firing: &Firing) -> Result<Fired> {
    if function.source != SUPPRESS_REDUNDANT {
        return Err(Error::unsupported(format!("trigger function {}", function.name)));
    }
    let refused = |message: &str| {
        Err(Error::new(sqlstate::E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, message.to_owned()))
    };
    let trigger = &firing.trigger.trigger;
    if firing.event != Event::Update {
        return refused("suppress_redundant_updates_trigger: must be called on update");
    }
    if trigger.timing != TriggerTiming::Before {
        return refused("suppress_redundant_updates_trigger: must be called before update");
    }
    let (Some(old), Some(new)) = (&firing.old, &firing.new) else {
        return refused("suppress_redundant_updates_trigger: must be called for each row");
    };
    match firing.info.encode(old)? == firing.info.encode(new)? {
        true => Ok(Fired::Nothing),
        false => Ok(Fired::Row(new.to_vec())),
    }
}
