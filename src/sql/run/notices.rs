//! Notices and warnings on their way to the client.
//!
//! A statement reports while it runs, its session sends what has come when the
//! statement is done. In between they wait here, and no more of them than
//! `max_pending_notices`: what comes beyond is counted, and the client is told how
//! much it misses.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, Report, Severity};

/// A session's waiting reports; a clone is the same queue.
#[derive(Clone)]
pub struct Notices {
    queue: Arc<Mutex<Queue>>,
    reports_max: usize,
}

#[derive(Default)]
struct Queue {
    reports: Vec<Report>,
    left_out: u64,
}

impl Notices {
    pub fn new(reports_max: usize) -> Notices {
        Notices { queue: Arc::default(), reports_max }
    }

    pub fn send(&self, report: Report) {
        let mut queue = self.queue.lock();
        if queue.reports.len() < self.reports_max {
            queue.reports.push(report);
        } else {
            queue.left_out += 1;
        }
    }

    /// What has come since the last time, in order.
    pub fn take(&self) -> Vec<Report> {
        let Queue { mut reports, left_out } = std::mem::take(&mut *self.queue.lock());
        if left_out > 0 {
            let message = format!("{left_out} more notices and warnings were left out");
            reports.push(Error::notice(Severity::Warning, message));
        }
        reports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_wait_than_allowed_and_the_rest_is_counted() {
        let notices = Notices::new(2);
        let other = notices.clone();
        (0..5).for_each(|n| other.send(Error::notice(Severity::Notice, format!("{n}"))));
        let messages: Vec<String> = notices.take().into_iter().map(|r| r.message).collect();
        assert_eq!(messages, ["0", "1", "3 more notices and warnings were left out"]);
        assert!(notices.take().is_empty());
    }
}
