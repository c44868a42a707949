//! Users' aggregates at work: their functions, called row by row.
//!
//! ```text
//! row ── args ──▶ transition(state, args) ──▶ state ──▶ final(state, direct, NULL …)
//!                                               ▲
//! row that leaves a window's frame ──▶ inverse(state, args)
//! ```
//!
//! The functions run within the statement's transaction, on the thread that aggregates
//! (see `sql::run::loan`). A strict transition function is not called for rows with a
//! NULL; without an initial state the first value becomes it.

use std::sync::Arc;

use super::lower::Lowering;
use crate::catalog::{Aggregate, Function, Transition};
use crate::error::{Error, Result};
use crate::sql::functions::{AggregateState, EvalContext, value};
use crate::sql::ir::AggregateCall;
use crate::sql::run::eval::{self, Operator};
use crate::sql::types::{self, Datum, Oid, SqlType, oid};
use crate::sqlstate;

/// One way to compute an aggregate, ready to be called.
pub struct Calls {
    function: Operator,
    inverse: Option<Operator>,
    finish: Option<Operator>,
    /// The state to begin with.
    initial: Datum,
    /// How many of the arguments come first and are the same for all rows.
    direct: usize,
    /// How many NULLs the final function is given for the others.
    extra: usize,
}

/// What a user's aggregate computes with.
#[derive(Clone)]
pub struct UserAggregate {
    pub plain: Arc<Calls>,
    pub moving: Option<Arc<Calls>>,
}

impl Lowering<'_> {
    pub fn user_aggregate(&self, call: &AggregateCall) -> Result<UserAggregate> {
        let aggregate = &call.aggregate;
        let plain = Arc::new(self.calls(call, &aggregate.plain)?);
        let moving = match &aggregate.moving {
            Some(moving) => Some(Arc::new(self.calls(call, moving)?)),
            None => None,
        };
        Ok(UserAggregate { plain, moving })
    }

    fn calls(&self, call: &AggregateCall, way: &Transition) -> Result<Calls> {
        let types: Vec<SqlType> = call.args.iter().map(|arg| arg.ty).collect();
        let direct = direct_args(&call.aggregate, types.len());
        let state = SqlType::new(way.state);
        let mut transition_types = vec![state];
        transition_types.extend(&types[direct..]);
        let ready = |function: Oid, types: &[SqlType], result: SqlType| {
            let function = self.part(function)?;
            eval::operator(&function, types.to_vec(), result)
        };
        let inverse = match way.inverse {
            oid::INVALID => None,
            inverse => Some(ready(inverse, &transition_types, state)?),
        };
        let extra = if way.finish_extra { types.len() - direct } else { 0 };
        let finish = match way.finish {
            oid::INVALID => None,
            finish => {
                let mut finish_types = vec![state];
                finish_types.extend(&types[..direct + extra]);
                Some(ready(finish, &finish_types, call.ty)?)
            }
        };
        Ok(Calls {
            function: ready(way.function, &transition_types, state)?,
            inverse,
            finish,
            initial: self.initial(way)?,
            direct,
            extra,
        })
    }

    fn part(&self, function: Oid) -> Result<Arc<Function>> {
        self.catalog()
            .function(function)
            .cloned()
            .ok_or_else(|| Error::internal(format!("cache lookup failed for function {function}")))
    }

    fn initial(&self, way: &Transition) -> Result<Datum> {
        let Some(text) = &way.initial else { return Ok(Datum::Null) };
        let eval = self.planner.eval();
        let repr = eval.catalog.repr(way.state)?;
        types::text_input(text, SqlType::new(way.state), &repr, &eval.input())
    }
}

/// How many of a call's arguments are direct ones.
fn direct_args(aggregate: &Aggregate, count: usize) -> usize {
    match aggregate.kind {
        'n' => 0,
        _ => usize::try_from(aggregate.direct_args).unwrap_or(0).min(count),
    }
}

impl Calls {
    pub fn is_strict(&self) -> bool {
        self.function.strict
    }

    pub fn direct(&self) -> usize {
        self.direct
    }

    pub fn start(self: &Arc<Calls>, context: &Arc<EvalContext>) -> State {
        State {
            calls: self.clone(),
            context: context.clone(),
            value: self.initial.clone(),
            is_empty: self.is_strict() && self.initial.is_null(),
            direct: Vec::new(),
            rows: 0,
        }
    }
}

/// The state of one group, or of a window's frame.
pub struct State {
    calls: Arc<Calls>,
    context: Arc<EvalContext>,
    value: Datum,
    /// The first value becomes the state.
    is_empty: bool,
    direct: Vec<Datum>,
    /// Rows that are in it.
    rows: usize,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.calls.function)
    }
}

impl State {
    fn call(&self, operator: &Operator, args: &[Datum]) -> Result<Datum> {
        let mut all = Vec::with_capacity(args.len() + 1);
        all.push(self.value.clone());
        all.extend_from_slice(args);
        operator.call(&self.context, &all)
    }

    /// Takes a row back out; false if that cannot be done and the frame must be
    /// computed anew.
    pub fn remove(&mut self, args: &[Datum]) -> Result<bool> {
        let Some(inverse) = &self.calls.inverse else { return Ok(false) };
        // The last row leaves the initial state, which may be NULL.
        if self.rows <= 1 {
            *self = self.calls.start(&self.context);
            return Ok(true);
        }
        if self.value.is_null() {
            return Err(Error::internal(
                "aggregate transition value is NULL before inverse transition",
            ));
        }
        let value = self.call(inverse, args)?;
        if value.is_null() {
            return Ok(false);
        }
        self.value = value;
        self.rows -= 1;
        Ok(true)
    }
}

impl AggregateState for State {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let (direct, args) = args.split_at(self.calls.direct.min(args.len()));
        if self.rows == 0 {
            self.direct = direct.to_vec();
        }
        self.rows += 1;
        if self.is_empty {
            self.value = args.first().cloned().unwrap_or(Datum::Null);
            self.is_empty = false;
            return Ok(());
        }
        self.value = self.call(&self.calls.function, args)?;
        if self.value.is_null() && self.calls.inverse.is_some() {
            return Err(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                "moving-aggregate transition function must not return null",
            ));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        let Some(finish) = &self.calls.finish else { return Ok(self.value.clone()) };
        let mut args = self.direct.clone();
        args.resize(self.calls.direct + self.calls.extra, Datum::Null);
        self.call(finish, &args)
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Err(Error::unsupported("combining the states of this aggregate"))
    }

    fn merge(&mut self, _: &[Datum]) -> Result<()> {
        Err(Error::unsupported("combining the states of this aggregate"))
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + value::size_bytes(Some(&self.value))
    }
}
