//! A transaction's work on loan to the functions that an expression calls.
//!
//! Expressions are evaluated without awaiting, on the session's own thread, on
//! query threads, on blocking ones; whoever runs the statement holds its [`Work`]
//! meanwhile. A function that users wrote runs statements of its own in the same
//! transaction, so it needs that work. Hence the statement lends it while an
//! expression may be evaluated: it moves the work into the [`Loan`] that the
//! expression's context carries, and takes it back before it goes on itself.
//!
//! ```text
//! session    execute ── lend ──────────────────────── take back ── …
//!                          │                              ▲
//! expression        f(x): use ── the body's statements ── return
//!                                   (each with a loan of its own)
//! ```
//!
//! There is one work, so there is one user at a time: of two threads that call
//! functions for one statement, one waits. A statement that calls no functions
//! lends nothing and pays one look at a flag.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::{StatementContext, Work};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::table::blocking;
use crate::txn::Overlay;

/// How often one who waits looks whether the statement was cancelled.
const CANCEL_CHECK: Duration = Duration::from_millis(20);

/// Where a statement's work is while its expressions are evaluated.
pub struct Loan {
    needed: AtomicBool,
    /// How many functions are around the statement.
    depth: usize,
    /// What the statement itself reads: for functions that are not volatile.
    reads: OnceLock<Overlay>,
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    /// The statement has it itself.
    Kept,
    Lent(Box<Lent>),
    Used,
    /// The statement is over.
    Closed,
}

/// What is lent: the work, and what the statement runs under.
pub struct Lent {
    pub work: Work,
    pub ctx: StatementContext,
}

impl Default for Loan {
    fn default() -> Loan {
        Loan::at(0)
    }
}

impl Loan {
    /// For a statement inside of so many functions.
    pub fn at(depth: usize) -> Loan {
        Loan {
            needed: AtomicBool::new(false),
            depth,
            reads: OnceLock::new(),
            state: Mutex::new(State::Kept),
            changed: Condvar::new(),
        }
    }

    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The statement calls functions: from now on its work is lent.
    pub fn open(&self, work: &Work) {
        self.reads.get_or_init(|| work.txn.overlay());
        self.needed.store(true, Ordering::Relaxed);
    }

    pub fn is_needed(&self) -> bool {
        self.needed.load(Ordering::Relaxed)
    }

    /// What the statement reads.
    pub fn reads(&self) -> Option<&Overlay> {
        self.reads.get()
    }

    /// Nothing will be lent any more: whoever waits gives up.
    pub fn close(&self) {
        let mut state = self.state.lock();
        if matches!(*state, State::Kept) {
            *state = State::Closed;
            self.changed.notify_all();
        }
    }

    /// Takes the work for a function, waiting for it if another one has it.
    pub fn take(self: &Arc<Loan>, eval: &EvalContext) -> Result<Taken> {
        if !self.is_needed() {
            return Err(Error::unsupported("calling this function in this place"));
        }
        let mut state = self.state.lock();
        loop {
            match std::mem::replace(&mut *state, State::Used) {
                State::Lent(lent) => return Ok(Taken { loan: self.clone(), lent: Some(lent) }),
                State::Closed => {
                    *state = State::Closed;
                    return Err(Error::query_canceled());
                }
                other => *state = other,
            }
            let timed_out = self.changed.wait_for(&mut state, CANCEL_CHECK).timed_out();
            if timed_out && eval.session.is_cancelled() {
                return Err(Error::query_canceled());
            }
        }
    }

    fn give(&self, lent: Box<Lent>) {
        *self.state.lock() = State::Lent(lent);
        self.changed.notify_all();
    }

    fn take_back(&self) -> Option<Box<Lent>> {
        let mut state = self.state.lock();
        loop {
            match std::mem::replace(&mut *state, State::Kept) {
                State::Lent(lent) => return Some(lent),
                State::Used => *state = State::Used,
                State::Kept | State::Closed => return None,
            }
            self.changed.wait(&mut state);
        }
    }
}

/// The work in the hands of a function.
pub struct Taken {
    loan: Arc<Loan>,
    lent: Option<Box<Lent>>,
}

impl Deref for Taken {
    type Target = Lent;
    fn deref(&self) -> &Lent {
        self.lent.as_ref().expect("it is given back when dropped")
    }
}

impl DerefMut for Taken {
    fn deref_mut(&mut self) -> &mut Lent {
        self.lent.as_mut().expect("it is given back when dropped")
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(lent) = self.lent.take() {
            self.loan.give(lent);
        }
    }
}

/// The statement's side: the work is out until this is dropped.
struct Out<'w> {
    loan: Arc<Loan>,
    work: &'w mut Work,
}

impl<'w> Out<'w> {
    fn new(ctx: &StatementContext, work: &'w mut Work) -> Out<'w> {
        let lent = std::mem::replace(work, work.stand_in());
        let loan = ctx.eval.loan.clone();
        loan.give(Box::new(Lent { work: lent, ctx: ctx.clone() }));
        Out { loan, work }
    }
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        let back = match self.loan.state.try_lock().is_some_and(|s| matches!(*s, State::Lent(_))) {
            true => self.loan.take_back(),
            // A function has it still: one that was cancelled with the statement.
            false => blocking(|| self.loan.take_back()),
        };
        if let Some(lent) = back {
            *self.work = lent.work;
        }
    }
}

impl StatementContext {
    /// Evaluates expressions that may call functions.
    pub fn lend<T>(&self, work: &mut Work, compute: impl FnOnce() -> T) -> T {
        if !self.eval.loan.is_needed() {
            return compute();
        }
        let _out = Out::new(self, work);
        blocking(compute)
    }

    /// Waits for what evaluates expressions elsewhere.
    pub async fn lend_while<T>(&self, work: &mut Work, future: impl Future<Output = T>) -> T {
        if !self.eval.loan.is_needed() {
            return future.await;
        }
        let _out = Out::new(self, work);
        future.await
    }
}

/// What a stream of rows needs of whoever reads it: the work, if its expressions call
/// functions.
pub struct Lender(StatementContext);

impl Lender {
    /// The lender of a statement that calls functions.
    pub fn of(ctx: &StatementContext) -> Option<Arc<Lender>> {
        ctx.eval.loan.is_needed().then(|| Arc::new(Lender(ctx.clone())))
    }

    pub fn context(&self) -> &StatementContext {
        &self.0
    }
}

impl Drop for Lender {
    fn drop(&mut self) {
        self.0.eval.loan.close();
    }
}
