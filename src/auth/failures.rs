//! Delays that grow with failed logins: per role, and per address.
//!
//! An attempt to prove a password is counted before it is judged, so that many at a time
//! are no faster than one after the other; what succeeds, or ends without a proof, is
//! taken back. The first failures cost nothing but [`super::FAILURE_DELAY`]; each one beyond
//! doubles the delay that the next attempt waits for before it is judged, up to a limit.
//! After a while without a failure all is forgotten.
//!
//! Who guesses at a role's password from many addresses makes its owner wait too, never
//! longer than the limit; tokens, API keys and passwords that a port remembers are not
//! delayed. How many are tracked is bounded; the table lives as long as the server.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use quick_cache::sync::Cache;

/// Roles and addresses that are tracked at a time.
const TRACKED_MAX: usize = 10_000;

/// When delays begin, and how they grow.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Failures that cost nothing.
    pub free: u32,
    /// The first delay.
    pub delay: Duration,
    pub delay_max: Duration,
    /// After so long without a failure all is forgotten.
    pub window: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Role(String),
    Address(IpAddr),
}

#[derive(Clone, Copy)]
struct Count {
    failures: u32,
    last: Instant,
}

pub struct Failures {
    counts: Cache<Who, Count>,
    /// Held from where a count is read to where it is written.
    turn: Mutex<()>,
}

impl Default for Failures {
    fn default() -> Failures {
        Failures { counts: Cache::new(TRACKED_MAX), turn: Mutex::default() }
    }
}

/// An attempt whose outcome is not known. Dropping it takes it back.
pub struct Attempt<'f> {
    failures: &'f Failures,
    who: Vec<Who>,
    delay: Duration,
    is_open: bool,
}

impl Failures {
    /// Counts an attempt; it has to wait for [`Attempt::delay`].
    pub fn begin(&self, policy: &Policy, role: &str, address: Option<IpAddr>) -> Attempt<'_> {
        let address = address.map(|address| Who::Address(address.to_canonical()));
        let who: Vec<Who> =
            [Some(Who::Role(role.to_owned())), address].into_iter().flatten().collect();
        let now = Instant::now();
        let before = who.iter().map(|who| self.add(who, policy, now)).max().unwrap_or(0);
        Attempt { failures: self, who, delay: policy.delay_after(before), is_open: true }
    }

    /// One more; answers how many there were.
    fn add(&self, who: &Who, policy: &Policy, now: Instant) -> u32 {
        let _turn = self.turn.lock();
        let known =
            self.counts.get(who).filter(|count| now.duration_since(count.last) < policy.window);
        let before = known.map_or(0, |count| count.failures);
        self.counts.insert(who.clone(), Count { failures: before.saturating_add(1), last: now });
        before
    }

    fn take_back(&self, who: &Who) {
        let _turn = self.turn.lock();
        if let Some(mut count) = self.counts.get(who) {
            count.failures = count.failures.saturating_sub(1);
            match count.failures {
                0 => drop(self.counts.remove(who)),
                _ => self.counts.insert(who.clone(), count),
            }
        }
    }

    fn forget(&self, who: &Who) {
        let _turn = self.turn.lock();
        self.counts.remove(who);
    }
}

impl Policy {
    fn delay_after(&self, failures: u32) -> Duration {
        match failures.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(doublings) => {
                let factor = 1_u32.checked_shl(doublings.min(31)).unwrap_or(u32::MAX);
                self.delay.saturating_mul(factor).min(self.delay_max)
            }
        }
    }
}

impl Attempt<'_> {
    /// How long it has to wait before it is judged.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    pub fn failed(mut self) {
        self.is_open = false;
    }

    /// The role's failures are forgotten; those of the address stay, or whoever has one
    /// password could guess at others without end.
    pub fn succeeded(self) {
        for who in &self.who {
            if matches!(who, Who::Role(_)) {
                self.failures.forget(who);
            }
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.who.iter().for_each(|who| self.failures.take_back(who));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        free: 2,
        delay: Duration::from_secs(1),
        delay_max: Duration::from_secs(5),
        window: Duration::from_secs(60),
    };

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    fn seconds(failures: &Failures, role: &str, from: u8) -> u64 {
        failures.begin(&POLICY, role, address(from)).delay().as_secs()
    }

    #[test]
    fn delays_double_up_to_a_limit_by_role_and_by_address() {
        let failures = Failures::default();
        let delays: Vec<u64> = (0..6)
            .map(|_| {
                let attempt = failures.begin(&POLICY, "ann", address(1));
                let delay = attempt.delay().as_secs();
                attempt.failed();
                delay
            })
            .collect();
        assert_eq!(delays, [0, 0, 1, 2, 4, 5]);
        assert_eq!(seconds(&failures, "ann", 2), 5, "the role from elsewhere");
        assert_eq!(seconds(&failures, "ben", 1), 5, "another role from there");
        assert_eq!(seconds(&failures, "ben", 2), 0);
        failures.begin(&POLICY, "ann", address(2)).succeeded();
        assert_eq!(seconds(&failures, "ann", 2), 0, "a success forgets the role's");
        assert_eq!(seconds(&failures, "ann", 1), 5, "and not those of the address");
    }

    #[test]
    fn attempts_at_a_time_count_and_those_without_a_proof_are_taken_back() {
        let failures = Failures::default();
        let open: Vec<_> = (0..4).map(|_| failures.begin(&POLICY, "ann", address(1))).collect();
        let delays: Vec<u64> = open.iter().map(|attempt| attempt.delay().as_secs()).collect();
        assert_eq!(delays, [0, 0, 1, 2]);
        drop(open);
        assert_eq!(seconds(&failures, "ann", 1), 0);
    }

    #[test]
    fn many_at_a_time_are_all_counted() {
        const THREADS: u32 = 8;
        const EACH: u32 = 2_000;
        let failures = Failures::default();
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        failures.begin(&POLICY, "ann", None).failed();
                        drop(failures.begin(&POLICY, "ann", None));
                    }
                });
            }
        });
        let counted = failures.counts.get(&Who::Role("ann".to_owned())).map(|it| it.failures);
        assert_eq!(counted, Some(THREADS * EACH));
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let failures = Failures::default();
        let policy = Policy { window: Duration::ZERO, ..POLICY };
        for _ in 0..10 {
            let attempt = failures.begin(&policy, "ann", None);
            assert_eq!(attempt.delay(), Duration::ZERO);
            attempt.failed();
        }
    }
}
