//! Numbers that many threads add to and a scrape reads: plain atomics, relaxed.
//!
//! A reader may see one number of a statement and not yet another; each is right by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// It only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many there are now.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    /// One more, until what it answers is dropped.
    pub fn enter(&self) -> Entered {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(self.0.clone())
    }

    pub fn set(&self, count: i64) {
        self.0.store(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of those that a gauge counts.
#[derive(Debug)]
pub struct Entered(Arc<AtomicI64>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Upper bounds of the buckets of a histogram, in microseconds; what takes longer is in
/// one more.
pub const BOUNDS_US: [u64; 18] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 60_000_000,
];

/// Durations by how long they were.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

/// What a histogram holds, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    pub sum: f64,
    pub count: u64,
    /// Upper bounds, and how many are below each and above the one before. The last bound
    /// is `f64::MAX`.
    pub buckets: Vec<(f64, u64)>,
}

impl Histogram {
    pub fn note(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(BOUNDS_US.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    pub fn read(&self) -> Distribution {
        let bounds = BOUNDS_US.iter().map(|us| *us as f64 / 1e6).chain([f64::MAX]);
        let counts = self.buckets.iter().map(|count| count.load(Ordering::Relaxed));
        let sum = self.sum_us.load(Ordering::Relaxed) as f64 / 1e6;
        Distribution::new(sum, bounds.zip(counts).collect())
    }
}

impl Distribution {
    pub fn new(sum: f64, buckets: Vec<(f64, u64)>) -> Distribution {
        Distribution { sum, count: buckets.iter().map(|(_, count)| count).sum(), buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_bucket_that_bounds_it() {
        let histogram = Histogram::default();
        for us in [1, 50, 51, 60_000_000, 60_000_001] {
            histogram.note(Duration::from_micros(us));
        }
        let read = histogram.read();
        assert_eq!(read.count, 5);
        assert!((read.sum - 120.000_103).abs() < 1e-6, "{}", read.sum);
        assert_eq!((read.buckets[0], read.buckets[1]), ((0.000_05, 2), (0.000_1, 1)));
        assert_eq!((read.buckets[17], read.buckets[18]), ((60.0, 1), (f64::MAX, 1)));
    }

    #[test]
    fn a_gauge_goes_back_when_what_it_counts_is_gone() {
        let gauge = Gauge::default();
        let (first, second) = (gauge.enter(), gauge.enter());
        assert_eq!(gauge.get(), 2);
        drop(first);
        assert_eq!(gauge.get(), 1);
        drop(second);
        assert_eq!(gauge.get(), 0);
    }
}
