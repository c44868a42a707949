//! Statements of clients, by what they are and how they ended.
//!
//! A statement is counted once, when it is over: its rows are sent and, where it is a
//! transaction of its own, committed. What fails before it is known what it is (a syntax
//! error) is of the kind `unknown`. Statements that the server sends itself (its jobs,
//! what HTTP keeps in tables) are counted like any others; those within routines are not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::count::{Counter, Distribution, Histogram};
use crate::sqlstate::{self, SqlState};

/// What a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Select,
    Insert,
    Update,
    Delete,
    Merge,
    Copy,
    Call,
    /// What defines objects, GRANT and REVOKE among it.
    Ddl,
    Begin,
    Commit,
    Rollback,
    Savepoint,
    Set,
    Show,
    Explain,
    /// DECLARE, FETCH, MOVE, CLOSE.
    Cursor,
    /// PREPARE, DEALLOCATE, and EXECUTE, whatever it executes.
    Prepared,
    /// LISTEN, NOTIFY, UNLISTEN.
    Notify,
    /// VACUUM, ANALYZE, REINDEX, CHECKPOINT and all that is not above.
    Utility,
    /// It failed before that was known.
    Unknown,
}

impl Kind {
    pub const ALL: [Kind; 20] = [
        Kind::Select,
        Kind::Insert,
        Kind::Update,
        Kind::Delete,
        Kind::Merge,
        Kind::Copy,
        Kind::Call,
        Kind::Ddl,
        Kind::Begin,
        Kind::Commit,
        Kind::Rollback,
        Kind::Savepoint,
        Kind::Set,
        Kind::Show,
        Kind::Explain,
        Kind::Cursor,
        Kind::Prepared,
        Kind::Notify,
        Kind::Utility,
        Kind::Unknown,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Select => "select",
            Kind::Insert => "insert",
            Kind::Update => "update",
            Kind::Delete => "delete",
            Kind::Merge => "merge",
            Kind::Copy => "copy",
            Kind::Call => "call",
            Kind::Ddl => "ddl",
            Kind::Begin => "begin",
            Kind::Commit => "commit",
            Kind::Rollback => "rollback",
            Kind::Savepoint => "savepoint",
            Kind::Set => "set",
            Kind::Show => "show",
            Kind::Explain => "explain",
            Kind::Cursor => "cursor",
            Kind::Prepared => "prepared",
            Kind::Notify => "notify",
            Kind::Utility => "utility",
            Kind::Unknown => "unknown",
        }
    }
}

/// Classes of SQLSTATE (PostgreSQL's appendix A); what is of none of them is the last.
const CLASSES: [&str; 44] = [
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "20", "21", "22", "23",
    "24", "25", "26", "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40", "42",
    "44", "53", "54", "55", "57", "58", "72", "F0", "HV", "P0", "XX", "other",
];

/// Counts of one kind.
struct Ended {
    by_class: [AtomicU64; CLASSES.len()],
    took: Histogram,
}

impl Default for Ended {
    fn default() -> Ended {
        Ended { by_class: [const { AtomicU64::new(0) }; CLASSES.len()], took: Histogram::default() }
    }
}

/// Counts of all statements.
#[derive(Default)]
pub struct Statements {
    ended: [Ended; Kind::ALL.len()],
    rows: Counter,
    /// `40001`: transactions that others' changes made impossible.
    serialization_failures: Counter,
    /// `57014`: cancelled, by the client or by `statement_timeout`.
    cancelled: Counter,
}

/// Of one kind and one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub kind: Kind,
    pub class: &'static str,
    pub count: u64,
}

impl Statements {
    /// A statement is over; no code is success. `took` is none where it is not known.
    pub fn note(&self, kind: Kind, code: Option<SqlState>, took: Option<Duration>, rows: u64) {
        let ended = &self.ended[kind as usize];
        ended.by_class[class_of(code)].fetch_add(1, Ordering::Relaxed);
        if let Some(took) = took {
            ended.took.note(took);
        }
        if rows > 0 {
            self.rows.add(rows);
        }
        match code {
            Some(sqlstate::T_R_SERIALIZATION_FAILURE) => self.serialization_failures.add(1),
            Some(sqlstate::QUERY_CANCELED) => self.cancelled.add(1),
            _ => {}
        }
    }

    /// Those that are not 0, and the successes of every kind.
    pub fn counts(&self) -> Vec<Count> {
        let of_kind = |kind: Kind| {
            let counts = self.ended[kind as usize].by_class.iter().zip(CLASSES);
            counts.map(move |(count, class)| Count {
                kind,
                class,
                count: count.load(Ordering::Relaxed),
            })
        };
        let all = Kind::ALL.into_iter().flat_map(of_kind);
        all.filter(|found| found.count > 0 || found.class == CLASSES[0]).collect()
    }

    /// How long those of a kind took; none where there were none.
    pub fn took(&self, kind: Kind) -> Option<Distribution> {
        Some(self.ended[kind as usize].took.read()).filter(|read| read.count > 0)
    }

    pub fn rows(&self) -> u64 {
        self.rows.get()
    }

    pub fn serialization_failures(&self) -> u64 {
        self.serialization_failures.get()
    }

    pub fn cancelled(&self) -> u64 {
        self.cancelled.get()
    }
}

fn class_of(code: Option<SqlState>) -> usize {
    let Some(code) = code else { return 0 };
    let class = &code.as_str()[..2];
    CLASSES.iter().position(|known| *known == class).unwrap_or(CLASSES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_in_the_order_of_their_numbers() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number, "{}", kind.as_str());
        }
    }

    #[test]
    fn a_statement_counts_for_its_kind_and_class() {
        let statements = Statements::default();
        let took = Some(Duration::from_millis(3));
        statements.note(Kind::Select, None, took, 7);
        statements.note(Kind::Select, Some(sqlstate::DIVISION_BY_ZERO), took, 0);
        statements.note(Kind::Insert, Some(sqlstate::T_R_SERIALIZATION_FAILURE), took, 0);
        statements.note(Kind::Unknown, Some(sqlstate::SYNTAX_ERROR), None, 0);
        let count = |kind: Kind, class: &str| {
            let counts = statements.counts();
            let found = counts.iter().find(|found| found.kind == kind && found.class == class);
            found.map(|found| found.count)
        };
        assert_eq!(count(Kind::Select, "00"), Some(1));
        assert_eq!(count(Kind::Select, "22"), Some(1));
        assert_eq!(count(Kind::Insert, "40"), Some(1));
        assert_eq!(count(Kind::Unknown, "42"), Some(1));
        assert_eq!((count(Kind::Update, "00"), count(Kind::Update, "22")), (Some(0), None));
        assert_eq!((statements.rows(), statements.serialization_failures()), (7, 1));
        assert_eq!(statements.took(Kind::Select).map(|read| read.count), Some(2));
        assert_eq!(statements.took(Kind::Unknown), None);
    }
}
