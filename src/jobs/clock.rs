//! Jumps of the wall clock: deadlines that are stored follow it, leases must not.

use std::time::{Instant, SystemTime};

/// Differences below it are the pace of the clock, not a jump.
const JUMP_MIN_MICROSECONDS: i64 = 2_000_000;

/// The two clocks as they were last looked at.
pub struct Clock {
    steady: Instant,
    wall: SystemTime,
}

impl Clock {
    pub fn new() -> Clock {
        Clock { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// By how many microseconds the wall clock was set forward since the last call, beyond
    /// the time that has passed; less than 0: back.
    pub fn jump(&mut self) -> i64 {
        self.jump_at(Instant::now(), SystemTime::now())
    }

    fn jump_at(&mut self, steady: Instant, wall: SystemTime) -> i64 {
        let passed = steady.duration_since(self.steady).as_micros() as i64;
        let shown = match wall.duration_since(self.wall) {
            Ok(forward) => forward.as_micros() as i64,
            Err(back) => -(back.duration().as_micros() as i64),
        };
        (self.steady, self.wall) = (steady, wall);
        let jump = shown - passed;
        if jump.abs() < JUMP_MIN_MICROSECONDS { 0 } else { jump }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Clock;

    #[test]
    fn a_jump_is_what_the_wall_clock_shows_beyond_the_time_that_passed() {
        let mut clock = Clock::new();
        let (steady, wall) = (clock.steady, clock.wall);
        let after = |seconds: u64| steady + Duration::from_secs(seconds);
        assert_eq!(clock.jump_at(after(5), wall + Duration::from_secs(6)), 0);
        assert_eq!(clock.jump_at(after(10), wall + Duration::from_secs(3_610)), 3_599_000_000);
        assert_eq!(clock.jump_at(after(20), wall + Duration::from_secs(20)), -3_600_000_000);
        assert_eq!(clock.jump_at(after(30), wall + Duration::from_secs(30)), 0);
    }
}
