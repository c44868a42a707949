//! Attempts of jobs that this server has run, by queue and by how they ended, and what its
//! workers hold just now.
//!
//! A queue has any name; the first [`QUEUES_MAX`] are told apart, all later ones are one.
//! What waits in tables is not counted here: a scrape scans none.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::count::{Counter, Gauge, Histogram};

/// Queues that are told apart.
pub const QUEUES_MAX: usize = 100;

/// What the others are called.
pub const OTHER_QUEUES: &str = "(other)";

/// How an attempt has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Failed,
    Cancelled,
}

impl Outcome {
    pub const ALL: [Outcome; 3] = [Outcome::Completed, Outcome::Failed, Outcome::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Completed => "completed",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
        }
    }
}

#[derive(Default)]
pub struct Jobs {
    ended: Mutex<BTreeMap<String, [u64; Outcome::ALL.len()]>>,
    pub took: Histogram,
    /// Attempts that run.
    pub running: Gauge,
    pub claimed: Counter,
    /// As many as may run at a time.
    pub workers: Gauge,
}

impl Jobs {
    /// An attempt is over.
    pub fn note(&self, queue: &str, outcome: Outcome) {
        let mut ended = self.ended.lock();
        let queue = match ended.contains_key(queue) || ended.len() < QUEUES_MAX {
            true => queue,
            false => OTHER_QUEUES,
        };
        match ended.get_mut(queue) {
            Some(counts) => counts[outcome as usize] += 1,
            None => {
                let mut counts = [0; Outcome::ALL.len()];
                counts[outcome as usize] = 1;
                ended.insert(queue.to_owned(), counts);
            }
        }
    }

    /// Queue, outcome, count.
    pub fn counts(&self) -> Vec<(String, Outcome, u64)> {
        let ended = self.ended.lock();
        let of_queue = |(queue, counts): (&String, &[u64; Outcome::ALL.len()])| {
            Outcome::ALL.map(|outcome| (queue.clone(), outcome, counts[outcome as usize]))
        };
        ended.iter().flat_map(of_queue).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_that_are_too_many_are_one() {
        let jobs = Jobs::default();
        (0..QUEUES_MAX + 10).for_each(|queue| jobs.note(&queue.to_string(), Outcome::Completed));
        jobs.note("3", Outcome::Failed);
        let counts = jobs.counts();
        let count = |queue: &str, outcome: Outcome| {
            let found = counts.iter().find(|(of, how, _)| of == queue && *how == outcome);
            found.map(|(_, _, count)| *count)
        };
        assert_eq!(count(OTHER_QUEUES, Outcome::Completed), Some(10));
        assert_eq!(
            (count("3", Outcome::Completed), count("3", Outcome::Failed)),
            (Some(1), Some(1))
        );
        assert_eq!(counts.len(), (QUEUES_MAX + 1) * Outcome::ALL.len());
    }
}
