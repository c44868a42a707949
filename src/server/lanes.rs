//! The threads that serve connections, each with its own clients.
//!
//! A lane is a runtime of one thread with its own poll for the network. One pool of
//! threads would balance better and wake worse: whichever thread polls hands what it
//! finds to the others, a system call and a switch for each short statement, where a
//! lane takes up one ready client after the other. A connection goes to the lane that
//! has the fewest and stays; long work runs on other threads in any case (see
//! [`crate::table::blocking()`]).
//!
//! Measured with pgbench's prepared point reads of 8 clients on two cores: 0.95 of
//! PostgreSQL's transactions per second, where one pool of two threads had 0.83.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, Result};
use crate::pg::on_lane;

pub struct Lanes(Vec<Lane>);

struct Lane {
    runtime: Runtime,
    open: Arc<AtomicUsize>,
    /// Clients that send the next message at once.
    quick: Arc<AtomicUsize>,
}

/// Counts a connection for as long as it is there.
pub struct Occupied(Arc<AtomicUsize>);

impl Drop for Occupied {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lanes {
    pub fn start(count: usize, stack_bytes: usize) -> Result<Lanes> {
        let lane = |number| {
            let runtime = Builder::new_multi_thread()
                .worker_threads(1)
                .thread_stack_size(stack_bytes)
                .thread_name(format!("zserver-lane{number}"))
                .enable_all()
                .build()
                .map_err(|error| Error::internal(format!("could not start threads: {error}")))?;
            Ok(Lane { runtime, open: Arc::default(), quick: Arc::default() })
        };
        (0..count.max(1)).map(lane).collect::<Result<_>>().map(Lanes)
    }

    /// Serves a client on the lane that has the fewest. The socket becomes the lane's
    /// where it is served; it counts as long as `serve` keeps what it is given.
    pub fn spawn<T, F>(&self, socket: T, serve: impl FnOnce(T, Occupied) -> F + Send + 'static)
    where
        T: Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let lane = self.0.iter().min_by_key(|lane| lane.open.load(Ordering::Relaxed));
        let Some(lane) = lane else { return };
        lane.open.fetch_add(1, Ordering::Relaxed);
        let occupied = Occupied(lane.open.clone());
        let quick = lane.quick.clone();
        lane.runtime.spawn(on_lane(quick, async move { serve(socket, occupied).await }));
    }

    /// Where work goes that is no connection's.
    pub fn handles(&self) -> Vec<Handle> {
        self.0.iter().map(|lane| lane.runtime.handle().clone()).collect()
    }

    /// Ends what is still running after a time.
    pub fn stop(self, timeout: Duration) {
        for lane in self.0 {
            lane.runtime.shutdown_timeout(timeout);
        }
    }
}
