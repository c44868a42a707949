//! Kernels that wait: the thread is given up for others while they do.
//!
//! A statement on the fast path runs on a thread that also serves sockets. A
//! kernel that blocks it would keep the very request that cancels it from being
//! read, so it tells the runtime first.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs code that blocks the thread. Where there is no runtime of several threads
/// (in tests) it just runs.
pub fn block<T>(work: impl FnOnce() -> T) -> T {
    let shares_threads = Handle::try_current()
        .is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if shares_threads { tokio::task::block_in_place(work) } else { work() }
}
