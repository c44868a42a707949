//! The runtime that queries are computed on, apart from the one that serves
//! connections: a long computation never delays another client's bytes.
//!
//! Its threads have large stacks, because planning recurses over what the
//! client wrote.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

/// Stack of a query thread: DataFusion's planner uses large frames in debug builds.
const STACK_BYTES: usize = 64 << 20;

/// Threads at most: each function within a query within a function takes one.
const THREADS_MAX: usize = 2_048;

fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .thread_name("zserver-query")
            .thread_stack_size(STACK_BYTES)
            .max_blocking_threads(THREADS_MAX)
            .enable_time()
            .build()
    });
    runtime.as_ref().map_err(|error| Error::internal(format!("no query threads: {error}")))
}

/// Starts a task on the query runtime.
pub fn spawn<F>(future: F) -> Result<JoinHandle<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Ok(runtime()?.spawn(future))
}

/// Runs a task on the query runtime; dropping the returned future aborts it.
pub async fn run<F, T>(future: F) -> Result<T>
where
    F: Future<Output = Result<T>> + Send + 'static,
    T: Send + 'static,
{
    let mut task = Task(spawn(future)?);
    match (&mut task.0).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::query_canceled()),
    }
}

/// A task that does not outlive whoever waits for it.
pub struct Task<T>(pub JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
