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

#[cfg(test)]
mod tests {
    use super::*;

    /// A wait that was as short as can be: it has not begun yet.
    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    /// One that was too long.
    fn long_ago() -> Instant {
        Instant::now().checked_sub(LOOKED).expect("the machine runs for longer")
    }

    fn looks(pace: &Pace) -> bool {
        let (now, until) = pace.begin();
        match until.duration_since(now) {
            Duration::ZERO => false,
            LOOKED => true,
            other => panic!("it looks for {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_client_that_asks_at_once_is_looked_for_until_it_lets_one_wait_go_by() {
        let quick = Arc::new(AtomicUsize::new(0));
        on_lane(quick.clone(), async {
            let mut pace = Pace::default();
            assert!(!looks(&pace), "nothing is known of it");
            pace.end(soon());
            assert!(looks(&pace));
            pace.end(soon());
            assert!(looks(&pace));
            assert_eq!(quick.load(Ordering::Relaxed), 1, "it is counted once");
            pace.end(long_ago());
            assert!(!looks(&pace));
            assert_eq!(quick.load(Ordering::Relaxed), 0);
            pace.end(soon());
            assert!(looks(&pace), "until it has asked at once again");
        })
        .await;
        assert_eq!(quick.load(Ordering::Relaxed), 0, "a client that is gone is not counted");
    }

    #[tokio::test]
    async fn of_several_quick_clients_none_is_looked_for() {
        let quick = Arc::new(AtomicUsize::new(0));
        on_lane(quick.clone(), async {
            let (mut one, mut other, slow) = (Pace::default(), Pace::default(), Pace::default());
            one.end(soon());
            assert!(looks(&one) && !looks(&slow));
            other.end(soon());
            assert!(!looks(&one) && !looks(&other));
            drop(other);
            assert!(looks(&one));
        })
        .await;
    }

    #[tokio::test]
    async fn lanes_count_their_own_and_without_one_nobody_is_looked_for() {
        let (one, other) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut here = Pace::default();
        on_lane(one, async { here.end(soon()) }).await;
        on_lane(other, async {
            let mut there = Pace::default();
            there.end(soon());
            assert!(looks(&there) && looks(&here), "each is the only one of its lane");
        })
        .await;
        let mut outside = Pace::default();
        outside.end(soon());
        assert!(!looks(&outside));
    }

    /// Looking lets others go on.
    #[tokio::test]
    async fn what_is_beside_runs_while_somebody_looks() {
        let beside = tokio::spawn(async {});
        while !beside.is_finished() {
            look().await;
        }
    }
}
