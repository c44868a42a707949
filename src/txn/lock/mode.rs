//! Lock modes and which of them get in each other's way.

/// PostgreSQL's four row-level modes, weakest first, and its eight table-level
/// modes. Keys and advisory locks use the table-level ones (`Share`, `Exclusive`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum LockMode {
    /// `FOR KEY SHARE`: a foreign key's reference.
    RowKeyShare,
    /// `FOR SHARE`.
    RowForShare,
    /// `FOR NO KEY UPDATE`: an update that leaves keys alone.
    RowNoKeyUpdate,
    /// `FOR UPDATE`: a delete, or an update of a key.
    RowForUpdate,
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

use LockMode::*;

impl LockMode {
    pub const ALL: [LockMode; 12] = [
        RowKeyShare,
        RowForShare,
        RowNoKeyUpdate,
        RowForUpdate,
        AccessShare,
        RowShare,
        RowExclusive,
        ShareUpdateExclusive,
        Share,
        ShareRowExclusive,
        Exclusive,
        AccessExclusive,
    ];

    /// PostgreSQL's documentation, tables 13.2 and 13.3.
    fn conflicting(self) -> &'static [LockMode] {
        match self {
            RowKeyShare => &[RowForUpdate],
            RowForShare => &[RowNoKeyUpdate, RowForUpdate],
            RowNoKeyUpdate => &[RowForShare, RowNoKeyUpdate, RowForUpdate],
            RowForUpdate => &[RowKeyShare, RowForShare, RowNoKeyUpdate, RowForUpdate],
            AccessShare => &[AccessExclusive],
            RowShare => &[Exclusive, AccessExclusive],
            RowExclusive => &[Share, ShareRowExclusive, Exclusive, AccessExclusive],
            ShareUpdateExclusive => {
                &[ShareUpdateExclusive, Share, ShareRowExclusive, Exclusive, AccessExclusive]
            }
            Share => {
                &[RowExclusive, ShareUpdateExclusive, ShareRowExclusive, Exclusive, AccessExclusive]
            }
            ShareRowExclusive => &[
                RowExclusive,
                ShareUpdateExclusive,
                Share,
                ShareRowExclusive,
                Exclusive,
                AccessExclusive,
            ],
            Exclusive => &[
                RowShare,
                RowExclusive,
                ShareUpdateExclusive,
                Share,
                ShareRowExclusive,
                Exclusive,
                AccessExclusive,
            ],
            AccessExclusive => &[
                AccessShare,
                RowShare,
                RowExclusive,
                ShareUpdateExclusive,
                Share,
                ShareRowExclusive,
                Exclusive,
                AccessExclusive,
            ],
        }
    }

    pub fn conflicts_with(self, other: LockMode) -> bool {
        self.conflicting().contains(&other)
    }

    /// True if whoever holds this mode needs not ask for the other: it keeps out
    /// everyone whom the other would.
    pub fn covers(self, other: LockMode) -> bool {
        self == other
            || (self.is_row_mode() == other.is_row_mode()
                && other.conflicting().iter().all(|mode| self.conflicting().contains(mode)))
    }

    /// The mode with this number, as `mode as u8` gives it.
    pub fn from_number(number: u8) -> Option<LockMode> {
        LockMode::ALL.get(usize::from(number)).copied()
    }

    pub fn is_row_mode(self) -> bool {
        self <= RowForUpdate
    }

    /// The name that `pg_locks.mode` and error messages show.
    pub fn name(self) -> &'static str {
        match self {
            RowKeyShare => "AccessShareLock",
            RowForShare => "RowShareLock",
            RowNoKeyUpdate => "ExclusiveLock",
            RowForUpdate => "AccessExclusiveLock",
            AccessShare => "AccessShareLock",
            RowShare => "RowShareLock",
            RowExclusive => "RowExclusiveLock",
            ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Share => "ShareLock",
            ShareRowExclusive => "ShareRowExclusiveLock",
            Exclusive => "ExclusiveLock",
            AccessExclusive => "AccessExclusiveLock",
        }
    }
}
