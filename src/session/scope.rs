//! The bounds of one statement: cancel, timeout, and panics caught.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::registry::{Backend, Interrupt};
use crate::error::{Error, Result};

/// What one statement runs under. Cloned into whoever must ask.
#[derive(Clone)]
pub struct Scope {
    backend: Arc<Backend>,
    pub token: CancellationToken,
    /// When it is to be stopped, and as what.
    deadline: Option<(Instant, Interrupt)>,
}

impl Scope {
    /// Starts a statement; `timeout_ms` 0 is none. `transaction_end` is when its
    /// transaction is to be over.
    pub fn begin(
        backend: &Arc<Backend>,
        timeout_ms: u64,
        transaction_end: Option<Instant>,
    ) -> Result<Scope> {
        let token = backend.begin_statement()?;
        let own = (timeout_ms > 0).then(|| Instant::now() + Duration::from_millis(timeout_ms));
        let deadline = match (own, transaction_end) {
            (Some(own), Some(end)) if end < own => Some((end, Interrupt::TransactionTimeout)),
            (None, Some(end)) => Some((end, Interrupt::TransactionTimeout)),
            (own, _) => own.map(|own| (own, Interrupt::StatementTimeout)),
        };
        Ok(Scope { backend: backend.clone(), token, deadline })
    }

    /// For code that runs without awaiting: whether it should give up.
    pub fn is_over(&self) -> bool {
        if let Some((deadline, reason)) = self.deadline
            && Instant::now() >= deadline
        {
            self.backend.interrupt(reason);
        }
        self.token.is_cancelled()
    }

    /// Runs a part of the statement, unless it was interrupted. An interrupt drops it; a panic in it is an
    /// error of this statement only.
    pub async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        if self.token.is_cancelled() {
            return Err(self.interruption());
        }
        let mut work = std::pin::pin!(AssertUnwindSafe(work).catch_unwind());
        // Most work is done at the first poll: no timer, no waker.
        if let std::task::Poll::Ready(result) = futures::poll!(work.as_mut()) {
            return self.judge(result);
        }
        let timeout = async {
            match self.deadline {
                Some((deadline, reason)) => {
                    tokio::time::sleep_until(deadline.into()).await;
                    reason
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.token.cancelled() => Err(self.interruption()),
            result = work => self.judge(result),
            reason = timeout => {
                self.backend.interrupt(reason);
                Err(self.interruption())
            }
        }
    }

    fn judge<T>(&self, result: std::thread::Result<Result<T>>) -> Result<T> {
        match result {
            Ok(Ok(value)) => Ok(value),
            // What fails because it was cancelled fails with the reason for that.
            Ok(Err(error)) if self.token.is_cancelled() && !error.is_fatal() => {
                Err(self.interruption())
            }
            Ok(Err(error)) => Err(error),
            Err(panic) => Err(panic_error(panic.as_ref())),
        }
    }

    fn interruption(&self) -> Error {
        self.backend.interrupted_by().error()
    }
}

/// A panic as an `XX000` for the client; the panic hook has logged it.
pub fn panic_error(panic: &(dyn Any + Send)) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown panic".to_owned());
    Error::internal(format!("internal error: {message}"))
}

/// Runs code that does not await, with panics caught.
pub fn catch<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(panic_error(panic.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::registry::{Identity, Limits, Registry};
    use crate::sqlstate;

    fn backend() -> Arc<Backend> {
        let registry = Arc::new(Registry::default());
        let (user, database) = (String::new(), String::new());
        let identity = Identity { user, database, database_oid: 0, ends: None, secret_bytes: 4 };
        let limits = Limits { all: 1, reserved: 0, of_role: -1, of_database: -1 };
        registry.register(identity, limits).unwrap().backend.clone()
    }

    #[tokio::test]
    async fn a_timeout_ends_work_that_waits() {
        let scope = Scope::begin(&backend(), 50, None).unwrap();
        let error = scope.run(std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(error.message(), "canceling statement due to statement timeout");
    }

    #[tokio::test]
    async fn the_end_of_the_transaction_ends_the_session() {
        let end = Some(Instant::now() + Duration::from_millis(20));
        let scope = Scope::begin(&backend(), 5_000, end).unwrap();
        let error = scope.run(std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(error.message(), "terminating connection due to transaction timeout");
        assert!(error.is_fatal());
    }

    #[tokio::test]
    async fn a_cancel_ends_work_that_waits() {
        let backend = backend();
        let scope = Scope::begin(&backend, 0, None).unwrap();
        let work = scope.run(std::future::pending::<Result<()>>());
        let (result, ()) = tokio::join!(work, async { backend.interrupt(Interrupt::Canceled) });
        assert_eq!(result.unwrap_err().code(), sqlstate::QUERY_CANCELED);
    }

    #[tokio::test]
    async fn what_is_cancelled_does_no_more_work() {
        let backend = backend();
        let scope = Scope::begin(&backend, 0, None).unwrap();
        backend.interrupt(Interrupt::Canceled);
        let error = scope.run(async { Ok(()) }).await.unwrap_err();
        assert_eq!(error.code(), sqlstate::QUERY_CANCELED);
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        let scope = Scope::begin(&backend(), 0, None).unwrap();
        let error = scope.run::<()>(async { panic!("broken") }).await.unwrap_err();
        assert_eq!(error.code(), sqlstate::INTERNAL_ERROR);
        assert!(error.message().contains("broken"));
    }
}
