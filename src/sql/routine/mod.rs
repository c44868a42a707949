//! Functions and procedures that users wrote: how a call reaches the executor.
//!
//! An expression is evaluated without awaiting and often on another thread than the
//! session's; the statements of a function's body are run by `sql::execute`, which
//! awaits, in the transaction of the statement that calls it. Between the two stands
//! the [loan](crate::sql::run::loan): whoever runs a statement lends the
//! transaction's work while expressions are evaluated, and [`call`] takes it, runs
//! the body on the very thread that the expression is evaluated on, and gives it back.
//!
//! ```text
//! SELECT f(a) FROM t                       query thread: Rowwise → CallNode
//!   session: lend_while(next batch)          → call: take the work
//!                                              → Frame: depth, snapshot, role, settings
//!                                                → body: bind, execute, wait
//!                                              → give the work back
//! ```
//!
//! # What a body sees
//!
//! | volatility | reads |
//! |---|---|
//! | `VOLATILE` | a new snapshot per statement (READ COMMITTED), and all writes of the transaction so far, those of the calling statement included |
//! | `STABLE`, `IMMUTABLE` | what the calling statement reads ([`Loan::reads`](crate::sql::run::Loan::reads)); it may not write |
//!
//! The caller's snapshot is put back when the function returns. Constraint checks that
//! the calling statement has queued for its end are not settled by the statements of
//! the body: each has its own queue.
//!
//! # Waiting, and how deep
//!
//! A body runs without awaiting: a statement that has to wait (for a lock, for rows
//! of a plan) parks the thread, which has given its other duties away
//! ([`blocking`](crate::table::blocking)), and looks for a cancel meanwhile. Calls
//! within calls stand on one stack; every few levels the next one gets a stack of its
//! own, and beyond [`DEPTH_MAX`] the answer is `54001`.
//!
//! # Files
//!
//! | file | what it is |
//! |---|---|
//! | `call` | from an expression to a body and back |
//! | [`frame`] | what a body runs in: statements, snapshots, subtransactions |
//! | [`plan`] | a statement of a body, bound once per catalog |
//! | `sql_function` | bodies in SQL |
//! | `shape` | a result's rows in the form that the caller wants |
//! | `waiting` | futures on a thread that may block, deep stacks |
//! | `command` | DO and CALL |
//! | [`validate`] | what CREATE FUNCTION checks of a body |

pub mod call;
pub mod command;
pub mod counted;
pub mod cursor;
pub mod frame;
pub mod plan;
pub mod position;
mod shape;
mod sql_function;
pub mod trigger;
pub mod validate;
mod waiting;

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use futures::StreamExt;
use parking_lot::Mutex;

use crate::catalog::Function;
use crate::error::Result;
use crate::sql::functions::large_object;
use crate::sql::ir::visit;
use crate::sql::ir::{Expr, ExprKind, Query, Rel, Statement, WindowFunction};
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::{Datum, Oid, SqlType};

pub use call::{call, call_set};
pub use frame::Frame;
pub use shape::{Converter, Shape, fields_of, outputs};
pub use waiting::{CallDepth, DEPTH_MAX, wait};

/// Compiled routines that one session keeps; the oldest half goes when there are more.
const COMPILED_MAX: usize = 2_000;

/// The routines that a session has compiled.
#[derive(Default)]
pub struct Routines {
    compiled: Mutex<HashMap<Key, Compiled>>,
    /// Trigger functions that are at work, one within the other.
    pub trigger_depth: AtomicUsize,
    /// Cursors that its functions have opened.
    pub cursors: cursor::Cursors,
    /// Where the session's own cursors are.
    pub positions: position::Positions,
}

/// A routine for one set of actual types; of a trigger function for one table.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub function: Oid,
    pub types: Vec<SqlType>,
    pub table: Oid,
}

#[derive(Clone)]
struct Compiled {
    function: Arc<Function>,
    body: Arc<dyn Any + Send + Sync>,
}

impl Routines {
    /// The compiled form of a function, made anew when the function was replaced.
    pub fn get<T: Any + Send + Sync>(
        &self,
        key: Key,
        function: &Arc<Function>,
        compile: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        if let Some(known) = self.compiled.lock().get(&key)
            && Arc::ptr_eq(&known.function, function)
            && let Ok(body) = known.body.clone().downcast::<T>()
        {
            return Ok(body);
        }
        let body = Arc::new(compile()?);
        let mut compiled = self.compiled.lock();
        if compiled.len() >= COMPILED_MAX {
            let mut half = false;
            compiled.retain(|_, _| {
                half = !half;
                half
            });
        }
        compiled.insert(key, Compiled { function: function.clone(), body: body.clone() });
        Ok(body)
    }

    pub fn clear(&self) {
        self.compiled.lock().clear();
    }
}

/// Whether a function works in the transaction: one that a user wrote, or one of large
/// objects.
pub fn is_routine(function: &Function) -> bool {
    !function.is_native() || large_object::is_function(&function.source)
}

/// Whether a statement calls functions that users wrote.
pub fn are_called_in(statement: &Statement) -> bool {
    if let Statement::Several(several) = statement {
        return several.parts.iter().any(|(part, _)| are_called_in(part));
    }
    let mut found = false;
    rel_calls(visit::statement_rel(statement), &mut found);
    visit::statement_expressions(statement, &mut |expr| expr_calls(expr, &mut found));
    visit::modifications(visit::statement_rel(statement), &mut |inner| {
        found = found || are_called_in(inner);
    });
    found
}

/// The same of one expression.
pub fn are_called_by(expr: &Expr) -> bool {
    let mut found = false;
    expr_calls(expr, &mut found);
    found
}

fn rel_calls(rel: &Rel, found: &mut bool) {
    match rel {
        Rel::Functions(scan) => {
            *found |= scan.calls.iter().any(|(call, _)| is_routine(&call.function));
        }
        Rel::ProjectSet { calls, .. } => {
            *found |= calls.iter().any(|(_, call)| is_routine(&call.function));
        }
        Rel::Aggregate { aggregates, .. } => {
            *found |= aggregates.iter().any(|(_, call)| call.aggregate.calls_functions());
        }
        Rel::Window { calls, .. } => {
            *found |= calls.iter().any(|(_, call)| match &call.function {
                WindowFunction::Aggregate(_, aggregate) => aggregate.calls_functions(),
                WindowFunction::Window(_) => false,
            });
        }
        _ => {}
    }
    if *found {
        return;
    }
    visit::expressions(rel, &mut |expr| expr_calls(expr, found));
    visit::inputs(rel, &mut |input| rel_calls(input, found));
}

fn expr_calls(expr: &Expr, found: &mut bool) {
    *found |= match &expr.kind {
        ExprKind::Call(call) => is_routine(&call.function),
        ExprKind::Distinct { equal, .. } | ExprKind::NullIf { equal } => {
            is_routine(&equal.function)
        }
        ExprKind::ArrayCompare { operator, .. } => is_routine(operator),
        ExprKind::InList { equal, .. } => is_routine(equal),
        _ => false,
    };
    if *found {
        return;
    }
    visit::operands(expr, &mut |operand| expr_calls(operand, found));
    if let ExprKind::Subquery(subquery) = &expr.kind {
        rel_calls(&subquery.query.rel, found);
    }
}

/// All rows of a query, the work lent while they are computed.
pub async fn all_rows(
    query: &Query,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Vec<Vec<Datum>>> {
    let consumer = datafusion::execution::memory_pool::MemoryConsumer::new("function");
    let mut reservation = consumer.register(&ctx.runtime.memory_pool);
    let mut chunks = run::rows(query, &[], work, ctx).await?;
    let mut all = Vec::new();
    while let Some(chunk) = ctx.lend_while(work, chunks.next()).await {
        for row in chunk? {
            super::dml::reserve(&mut reservation, &row)?;
            all.push(row);
        }
    }
    Ok(all)
}
