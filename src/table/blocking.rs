//! Work that blocks its thread on a thread that serves connections.
//!
//! Statements begin on the threads that serve connections, and most of them end
//! there without ever waiting: a point read, an insert by key. To hand each to
//! another thread would cost more than the statement. Whoever blocks such a thread
//! must know what it does to others, because one of these threads at a time waits
//! for the network on behalf of all: while it is stuck, no connection is read.
//!
//! | what | how long | so |
//! |---|---|---|
//! | a key in memory | 1 to 4 µs | in place |
//! | a key on disk, up to 1,000 of them by an index | a read each, 0.1 ms on an SSD | in place: a hop to another thread and back costs as much as one |
//! | a scan, a plan of DataFusion | any time | on the query runtime or a blocking thread, always |
//! | a commit | an fsync | on the committer's thread; here it is awaited |
//! | writing out a large transaction's rows, sleeping | seconds | [`blocking`] |
//!
//! [`blocking`] keeps the thread but gives its other duties away first.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs what may block for long. Other tasks of this thread, the network included,
/// move to another thread meanwhile.
pub fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // A thread of its own, or a test's only one.
        _ => work(),
    }
}
