//! `pg_snapshot` and `txid_snapshot`: which transactions are seen to have ended.
//!
//! ```text
//! 10:20:10,14,15   all before 10 have ended, none from 20 on, of those between
//!                  them all but 10, 14 and 15
//! ```

use bytes::{BufMut, BytesMut};

use super::wire::Reader;
use crate::error::{Error, Result};
use crate::sqlstate;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    pub xmin: u64,
    pub xmax: u64,
    /// Transactions between them that were under way, in order.
    pub running: Vec<u64>,
}

/// Ids are `bigint` where they are shown.
const ID_MAX: u64 = i64::MAX as u64;

impl Snapshot {
    pub fn parse(text: &str) -> Result<Snapshot> {
        Snapshot::parts(text).ok_or_else(|| {
            Error::new(
                sqlstate::INVALID_TEXT_REPRESENTATION,
                format!("invalid input syntax for type pg_snapshot: \"{text}\""),
            )
        })
    }

    fn parts(text: &str) -> Option<Snapshot> {
        let id = |text: &str| {
            let id: u64 = text.parse().ok()?;
            (text.starts_with(|c: char| c.is_ascii_digit()) && id != 0 && id <= ID_MAX)
                .then_some(id)
        };
        let mut parts = text.splitn(3, ':');
        let (xmin, xmax) = (id(parts.next()?)?, id(parts.next()?)?);
        let list = parts.next()?;
        if xmax < xmin {
            return None;
        }
        let mut running: Vec<u64> = Vec::new();
        for text in list.split(',').filter(|_| !list.is_empty()) {
            let id = id(text)?;
            let last = running.last().copied().unwrap_or(0);
            if id < xmin || id >= xmax || id < last {
                return None;
            }
            if id != last {
                running.push(id);
            }
        }
        Some(Snapshot { xmin, xmax, running })
    }

    pub fn text(&self) -> String {
        let running: Vec<String> = self.running.iter().map(u64::to_string).collect();
        format!("{}:{}:{}", self.xmin, self.xmax, running.join(","))
    }

    /// Whether a transaction had ended.
    pub fn sees(&self, id: u64) -> bool {
        id < self.xmin || id < self.xmax && self.running.binary_search(&id).is_err()
    }

    pub fn send(&self, out: &mut BytesMut) {
        out.put_i32(self.running.len() as i32);
        out.put_u64(self.xmin);
        out.put_u64(self.xmax);
        self.running.iter().for_each(|id| out.put_u64(*id));
    }

    pub fn receive(reader: &mut Reader<'_>) -> Result<Snapshot> {
        let invalid = || {
            Error::new(sqlstate::INVALID_BINARY_REPRESENTATION, "invalid external pg_snapshot data")
        };
        let count = usize::try_from(reader.i32()?).map_err(|_| invalid())?;
        let mut id = || reader.i64().map(|id| id as u64);
        let (xmin, xmax) = (id()?, id()?);
        let mut running = Vec::new();
        for _ in 0..count {
            running.push(id()?);
        }
        let list: Vec<String> = running.iter().map(u64::to_string).collect();
        Snapshot::parts(&format!("{xmin}:{xmax}:{}", list.join(","))).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_read_and_print() {
        for (text, printed) in [
            ("12:13:", Some("12:13:")),
            ("12:18:14,16", Some("12:18:14,16")),
            ("12:16:14,14", Some("12:16:14")),
            ("31:12:", None),
            ("0:1:", None),
            ("12:13:0", None),
            ("12:16:14,13", None),
            ("1:9223372036854775807:3", Some("1:9223372036854775807:3")),
            ("1:9223372036854775808:3", None),
        ] {
            let read = Snapshot::parse(text).ok().map(|snapshot| snapshot.text());
            assert_eq!(read.as_deref(), printed, "{text}");
        }
    }

    #[test]
    fn what_was_under_way_is_not_seen() {
        let snapshot = Snapshot::parse("12:20:13,15,18").expect("valid");
        let seen: Vec<u64> = (11..=21).filter(|id| snapshot.sees(*id)).collect();
        assert_eq!(seen, [11, 12, 14, 16, 17, 19]);
    }
}
