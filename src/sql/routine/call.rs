//! From an expression to a body and back.

use std::sync::Arc;

use datafusion::execution::memory_pool::MemoryConsumer;

use super::frame::Frame;
use super::shape::row_mismatch;
use super::sql_function;
use super::waiting::CallDepth;
use crate::catalog::{Function, Volatility};
use crate::error::{Error, Result};
use crate::sql::dml::reserve;
use crate::sql::functions::{CallContext, SetRows, SettingsState};
use crate::sql::plpgsql;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, SqlType, oid, record};
use crate::table::blocking;

/// Calls a function that answers one value.
pub fn call(call: &CallContext<'_>, function: &Arc<Function>, args: &[Datum]) -> Result<Datum> {
    if function.strict && args.iter().any(Datum::is_null) {
        return Ok(Datum::Null);
    }
    let request = Request { function, args, types: call.args, result: call.result };
    let mut out = OneValue::default();
    enter(call, &request, &mut out)?;
    Ok(out.value.unwrap_or(Datum::Null))
}

/// Calls a function in FROM or in a select list: its rows, over `columns`.
pub fn call_set(
    call: &CallContext<'_>,
    function: &Arc<Function>,
    args: &[Datum],
    columns: &[SqlType],
) -> Result<SetRows> {
    let whole = matches!(columns, [only] if only.oid == call.result.oid);
    if function.strict && args.iter().any(Datum::is_null) {
        let nulls = vec![Datum::Null; columns.len()];
        return match function.returns_set {
            true => Ok(Box::new(std::iter::empty())),
            false => Ok(Box::new(std::iter::once(Ok(nulls)))),
        };
    }
    // A column definition list says what the row is to be.
    let result = match (call.result.oid, record::fields(call.result), whole) {
        (oid::RECORD, None, false) => {
            let field = |(at, ty): (usize, &SqlType)| (format!("column{}", at + 1), *ty);
            record::type_of(columns.iter().enumerate().map(field).collect())
        }
        _ => call.result,
    };
    let request = Request { function, args, types: call.args, result };
    let mut out = ManyRows {
        rows: Vec::new(),
        most: if function.returns_set { usize::MAX } else { 1 },
        reservation: None,
    };
    enter(call, &request, &mut out)?;
    let width = columns.len();
    let rows = out.rows;
    let reservation = out.reservation;
    Ok(Box::new(rows.into_iter().map(move |value| {
        let _held = &reservation;
        match value {
            value if whole => Ok(vec![value]),
            Datum::Record(fields) if fields.len() == width => {
                Ok(fields.into_iter().map(|(_, value)| value).collect())
            }
            Datum::Record(fields) => Err(row_mismatch(format!(
                "Returned row contains {} attributes, but query expects {width}.",
                fields.len()
            ))),
            Datum::Null => Ok(vec![Datum::Null; width]),
            value => Ok(vec![value]),
        }
    })))
}

/// A call with its actual types.
pub struct Request<'a> {
    pub function: &'a Arc<Function>,
    pub args: &'a [Datum],
    pub types: &'a [SqlType],
    pub result: SqlType,
}

/// Where a body puts what it returns: rows are [`Datum::Record`]s.
pub trait Sink: Send {
    fn put(&mut self, value: Datum, frame: &Frame<'_>) -> Result<()>;
    /// No more is wanted.
    fn is_full(&self) -> bool;
}

#[derive(Default)]
struct OneValue {
    value: Option<Datum>,
}

impl Sink for OneValue {
    fn put(&mut self, value: Datum, _: &Frame<'_>) -> Result<()> {
        self.value.get_or_insert(value);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.value.is_some()
    }
}

/// The rows of a set, within the query's memory.
struct ManyRows {
    rows: Vec<Datum>,
    /// One, of a function that does not return a set.
    most: usize,
    reservation: Option<datafusion::execution::memory_pool::MemoryReservation>,
}

impl Sink for ManyRows {
    fn put(&mut self, value: Datum, frame: &Frame<'_>) -> Result<()> {
        let pool = &frame.ctx.runtime.memory_pool;
        let reservation = self
            .reservation
            .get_or_insert_with(|| MemoryConsumer::new("function result").register(pool));
        reserve(reservation, std::slice::from_ref(&value))?;
        self.rows.push(value);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= self.most
    }
}

fn enter(call: &CallContext<'_>, request: &Request<'_>, sink: &mut dyn Sink) -> Result<()> {
    let eval = call.eval;
    let mut taken = eval.loan.take(eval)?;
    let depth = eval.loan.depth() + 1;
    let lent = &mut *taken;
    // The body waits on this thread: its other tasks move to another one.
    blocking(|| CallDepth(depth).run(|| within(request, &mut lent.work, &lent.ctx, depth, sink)))
}

/// Runs a body with what its volatility, SECURITY DEFINER and SET clauses say.
pub fn within(
    request: &Request<'_>,
    work: &mut Work,
    ctx: &StatementContext,
    depth: usize,
    sink: &mut dyn Sink,
) -> Result<()> {
    let volatile = request.function.volatility == Volatility::Volatile;
    let snapshot = work.txn.published().clone();
    let reads = match volatile {
        true => None,
        false => ctx.eval.loan.reads().cloned(),
    };
    let pinned = work.txn.pin_reads(reads);
    let surroundings = Surroundings::enter(request.function, ctx);
    let result = surroundings.and_then(|surroundings| {
        let mut frame = Frame::new(work, ctx.clone(), depth, volatile);
        let result = dispatch(request, &mut frame, sink);
        surroundings.leave(ctx);
        result
    });
    work.txn.pin_reads(pinned);
    work.txn.swap_snapshot(snapshot);
    result
}

pub fn dispatch(request: &Request<'_>, frame: &mut Frame<'_>, sink: &mut dyn Sink) -> Result<()> {
    match request.function.language.as_str() {
        "sql" => sql_function::run(request, frame, sink),
        "plpgsql" => plpgsql::run(request, frame, sink),
        language => Err(Error::unsupported(format!(
            "function {} in language {language}",
            request.function.name
        ))),
    }
}

/// What is different in the session while a function runs.
pub struct Surroundings {
    role: Option<String>,
    settings: Vec<(String, Option<String>)>,
    /// All settings before, and with those of the function.
    states: Option<(SettingsState, SettingsState)>,
}

impl Surroundings {
    pub fn enter(function: &Function, ctx: &StatementContext) -> Result<Surroundings> {
        let session = &ctx.eval.session;
        let mut surroundings = Surroundings { role: None, settings: Vec::new(), states: None };
        if !function.options.security_definer && function.options.config.is_empty() {
            return Ok(surroundings);
        }
        let before = session.settings_state();
        if function.options.security_definer {
            let owner = ctx.eval.catalog.role(function.owner);
            let owner = owner.ok_or_else(|| {
                Error::internal(format!("role with OID {} does not exist", function.owner))
            })?;
            surroundings.role = Some(session.switch_role(&owner.name)?);
        }
        for (name, value) in &function.options.config {
            let before = session.setting(name)?;
            if let Err(error) = session.set_setting(name, value, true) {
                surroundings.leave(ctx);
                return Err(error);
            }
            surroundings.settings.push((name.clone(), before));
        }
        // What others see of the session is put back by itself.
        let is_seen = |(name, _): &(String, String)| name.eq_ignore_ascii_case("application_name");
        if !function.options.config.iter().any(is_seen) {
            surroundings.states = before.zip(session.settings_state());
        }
        Ok(surroundings)
    }

    pub fn leave(self, ctx: &StatementContext) {
        let session = &ctx.eval.session;
        if let Some((before, now)) = &self.states
            && session.put_settings_back(before, now)
        {
            return;
        }
        for (name, before) in self.settings.into_iter().rev() {
            // It was in force before, so it can be again.
            let _ = match before {
                Some(value) => session.set_setting(&name, &value, true),
                None => session.reset_setting(&name, true),
            };
        }
        if let Some(role) = self.role {
            session.restore_role(&role);
        }
    }
}
