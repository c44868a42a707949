//! Places in the feed of a database.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::sqlstate;

/// A place between changes: after all of earlier commits, and those of this commit up to a
/// number. Written `COMMIT-NUMBER`, as in the ids of events.
///
/// Places only grow with time. One is of its database, and of the backups that have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub commit: u64,
    pub n: u64,
}

impl Position {
    /// Before the oldest change that is kept.
    pub const START: Position = Position { commit: 0, n: 0 };

    /// After everything that was committed up to a timestamp.
    pub fn after_commit(commit_ts: u64) -> Position {
        Position { commit: commit_ts.saturating_add(1), n: 0 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.commit, self.n)
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Position, Error> {
        let number = |digits: &str| {
            let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            // As far as SQL's bigint goes.
            let number = digits.parse::<i64>().ok().filter(|_| is_plain)?;
            u64::try_from(number).ok()
        };
        let parts =
            text.split_once('-').and_then(|(commit, n)| Some((number(commit)?, number(n)?)));
        parts.map(|(commit, n)| Position { commit, n }).ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            let message = format!("\"{shown}\" is not a position in the feed");
            Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
                .with_hint("A position is the id of an event, or 0-0 for the oldest that is kept.")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_are_written_and_are_in_order() {
        for text in ["0-0", "17-3", "9223372036854775807-9223372036854775807"] {
            assert_eq!(text.parse::<Position>().expect(text).to_string(), text);
        }
        for wrong in [
            "",
            "1",
            "-",
            "1-",
            "-1",
            "+1-2",
            "1-+2",
            "1-2-3",
            "a-b",
            " 1-2",
            "1-9223372036854775808",
        ] {
            assert!(wrong.parse::<Position>().is_err(), "{wrong}");
        }
        let at = |text: &str| text.parse::<Position>().expect(text);
        assert!(at("9-9") < at("10-1") && at("10-1") < at("10-2"));
        assert!(at("10-2") < Position::after_commit(10) && Position::after_commit(10) < at("11-1"));
    }
}
