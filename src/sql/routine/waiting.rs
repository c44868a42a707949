//! Futures on a thread that may block, and stacks for calls within calls.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::parse::with_stack;
use crate::sqlstate;

/// Calls within calls; deeper is `54001`.
pub const DEPTH_MAX: usize = 1_000;

/// Calls on one stack before the next one gets another.
const DEPTH_PER_STACK: usize = 8;
const STACK_BYTES: usize = 16 << 20;

/// How often a parked thread looks whether its statement was cancelled.
const CANCEL_CHECK: Duration = Duration::from_millis(20);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a part of a statement. `57014` when the statement is cancelled or its time
/// is over meanwhile.
pub fn wait<T>(eval: &EvalContext, future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
        std::thread::park_timeout(CANCEL_CHECK);
        if eval.session.is_cancelled() {
            return Err(Error::query_canceled());
        }
    }
}

/// How deep a call is.
pub struct CallDepth(pub usize);

impl CallDepth {
    /// Runs a call at this depth, with stack enough.
    pub fn run<T: Send>(&self, call: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        if self.0 > DEPTH_MAX {
            return Err(Error::new(sqlstate::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded")
                .with_hint(format!("Functions may call each other {DEPTH_MAX} levels deep.")));
        }
        if !self.0.is_multiple_of(DEPTH_PER_STACK) {
            return call();
        }
        let handle = Handle::try_current();
        with_stack(STACK_BYTES, || {
            let _runtime = handle.as_ref().ok().map(Handle::enter);
            call()
        })
    }
}
