//! How soon a client's next message comes after an answer, and whether to look for it.
//!
//! Where a thread goes to sleep before each message, waking it costs more than a short
//! statement does: on a virtual machine 20 to 30 µs. A client that asks again at once is
//! *quick*; while it is the only quick one of its lane (see [`crate::server`]), the lane
//! looks for its next message for up to [`LOOKED`] before it sleeps. Any other thread that
//! wants the processor has it meanwhile. A client that lets one wait go by longer is not
//! quick any more until it has asked at once again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a message is looked for at most, and within what a quick client sends it.
const LOOKED: Duration = Duration::from_micros(100);

tokio::task_local! {
    /// The quick clients of the lane.
    static QUICK: Arc<AtomicUsize>;
}

/// Runs a connection on a lane with this count of quick clients.
pub async fn on_lane<F: Future>(quick: Arc<AtomicUsize>, connection: F) -> F::Output {
    QUICK.scope(quick, connection).await
}

/// A quick client, in its lane's count.
struct Quick(Arc<AtomicUsize>);

impl Quick {
    /// None outside of lanes.
    fn new() -> Option<Quick> {
        let quick = QUICK.try_with(Arc::clone).ok()?;
        quick.fetch_add(1, Ordering::Relaxed);
        Some(Quick(quick))
    }

    fn is_only(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 1
    }
}

impl Drop for Quick {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The pace of one client.
#[derive(Default)]
pub struct Pace(Option<Quick>);

impl Pace {
    /// When a wait begins, and until when to look before sleeping: not at all if that is
    /// the same.
    pub fn begin(&self) -> (Instant, Instant) {
        let now = Instant::now();
        match &self.0 {
            Some(quick) if quick.is_only() => (now, now + LOOKED),
            _ => (now, now),
        }
    }

    /// A wait is over.
    pub fn end(&mut self, began: Instant) {
        match began.elapsed() < LOOKED {
            true if self.0.is_none() => self.0 = Quick::new(),
            true => {}
            false => self.0 = None,
        }
    }
}

/// Lets others have the processor, and the lane look at the network.
pub async fn look() {
    std::thread::yield_now();
    tokio::task::yield_now().await;
}
