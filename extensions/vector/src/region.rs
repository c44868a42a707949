//! Zeroed memory that never moves, on huge pages where the system has them.
//!
//! A graph walk reads a few cache lines at random places of hundreds of megabytes; with
//! 4 KiB pages each of them misses the TLB too. `madvise(MADV_HUGEPAGE)` is worth 30 to
//! 50 % of the queries per second. Pages cost memory when they are first touched.
#![allow(unsafe_code)]

use std::ptr::NonNull;

const HUGE_PAGE_BYTES: usize = 2 << 20;

/// The system has no memory for another chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory {
    pub bytes: usize,
}

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "failed to map {} bytes of memory", self.bytes)
    }
}

impl std::error::Error for OutOfMemory {}

pub(crate) struct Region {
    /// Aligned to a huge page.
    start: NonNull<u8>,
    mapped: (*mut libc::c_void, usize),
}

// SAFETY: a region is memory without an owner thread; who may read and write which part
// of it is the business of `rows`.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    /// Maps `bytes` zeroed bytes.
    pub(crate) fn new(bytes: usize) -> Result<Region, OutOfMemory> {
        let length = bytes.checked_add(HUGE_PAGE_BYTES).ok_or(OutOfMemory { bytes })?;
        // SAFETY: a new private mapping touches no memory that exists.
        let mapped = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if mapped == libc::MAP_FAILED {
            return Err(OutOfMemory { bytes });
        }
        let ahead = mapped.cast::<u8>().align_offset(HUGE_PAGE_BYTES);
        // SAFETY: `ahead` is less than a huge page, by which the mapping is longer.
        let start = unsafe { mapped.cast::<u8>().add(ahead) };
        #[cfg(target_os = "linux")]
        if bytes >= HUGE_PAGE_BYTES {
            // SAFETY: within the mapping. Advice that is not taken is no error.
            unsafe { libc::madvise(start.cast(), bytes, libc::MADV_HUGEPAGE) };
        }
        let start = NonNull::new(start).expect("a mapping does not start at zero");
        Ok(Region { start, mapped: (mapped, length) })
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: mapped in `new`, and borrows of it have ended with `self`.
        unsafe { libc::munmap(self.mapped.0, self.mapped.1) };
    }
}
