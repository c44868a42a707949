//! Claims on spans of an index's order: what exclusion constraints go by.
//!
//! Rows that must not overlap are no keys that could be locked one by one. Who adds such
//! a row claims the span where it lies, in the index and in a group of it (a hash of the
//! columns that are compared with `=`). If somebody else has claimed a part of it, the
//! end of that transaction is waited for ([`watch`](super::watch)): as PostgreSQL waits
//! for a row that is in conflict and not committed. A claim is given up with the other
//! locks of its owner.
//!
//! A transaction with [`CLAIMS_MAX`] claims claims the whole of each further index.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::watch::{EndWait, Locker};
use super::{LockLog, Owner};

/// Claims that a transaction may have, in number: 48 bytes each, twice.
const CLAIMS_MAX: usize = 100_000;

/// A span of an index's order; both ends are inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// `None` is in every group.
    pub group: Option<u64>,
    pub lower: u128,
    pub upper: u128,
}

impl Claim {
    /// Everything in an index.
    pub const WHOLE: Claim = Claim { group: None, lower: 0, upper: u128::MAX };

    fn overlaps(&self, other: &Claim) -> bool {
        let is_one_group = match (self.group, other.group) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        is_one_group && self.lower <= other.upper && other.lower <= self.upper
    }
}

struct Claimant {
    owner: Owner,
    pid: i32,
    claims: Vec<Claim>,
}

/// All claims, by index.
#[derive(Default)]
pub(super) struct Claims(Mutex<HashMap<u32, Vec<Claimant>>>);

impl Claims {
    /// Whose claim is in the way of another's.
    fn in_the_way(claimants: &[Claimant], owner: Owner, claim: &Claim) -> Option<Locker> {
        let mut others = claimants.iter().filter(|one| one.owner != owner);
        let found = others.find(|one| one.claims.iter().any(|other| other.overlaps(claim)));
        found.map(|one| Locker { owner: one.owner, pid: one.pid })
    }

    fn holder(&self, index: u32, owner: Owner, claim: &Claim) -> Option<Locker> {
        let claims = self.0.lock();
        claims.get(&index).and_then(|claimants| Claims::in_the_way(claimants, owner, claim))
    }

    fn add(&self, index: u32, own: Locker, claim: Claim) -> Result<(), Locker> {
        let mut claims = self.0.lock();
        let claimants = claims.entry(index).or_default();
        if let Some(other) = Claims::in_the_way(claimants, own.owner, &claim) {
            return Err(other);
        }
        match claimants.iter_mut().find(|one| one.owner == own.owner) {
            Some(one) => one.claims.push(claim),
            None => {
                let Locker { owner, pid } = own;
                claimants.push(Claimant { owner, pid, claims: vec![claim] });
            }
        }
        Ok(())
    }

    /// Gives up the last so many claims of an owner.
    pub(super) fn remove_last(&self, index: u32, owner: Owner, count: usize) {
        let mut claims = self.0.lock();
        let Some(claimants) = claims.get_mut(&index) else { return };
        if let Some(at) = claimants.iter().position(|one| one.owner == owner) {
            let own = &mut claimants[at].claims;
            own.truncate(own.len().saturating_sub(count));
            if own.is_empty() {
                claimants.swap_remove(at);
            }
        }
        if claimants.is_empty() {
            claims.remove(&index);
        }
    }

    /// An owner is no session any more.
    pub(super) fn disown(&self, index: u32, owner: Owner) {
        let mut claims = self.0.lock();
        let claimants = claims.get_mut(&index).into_iter().flatten();
        claimants.filter(|one| one.owner == owner).for_each(|one| one.pid = 0);
    }
}

impl LockLog {
    /// Claims a span of an index; the other whose claim is in the way, if there is one.
    pub(in crate::txn) fn claim(&mut self, index: u32, claim: Claim) -> Result<(), Locker> {
        let Some(table) = self.table().cloned() else { return Ok(()) };
        let is_full = self.claims().len() >= CLAIMS_MAX;
        let claim = if is_full { Claim::WHOLE } else { claim };
        if is_full && self.has_claimed_whole(index) {
            return Ok(());
        }
        let own = Locker { owner: self.owner(), pid: self.session_pid() };
        table.claims.add(index, own, claim)?;
        self.note_claim(index, claim);
        Ok(())
    }

    /// Waits for the end of one whose claim was in the way; none if it is gone.
    pub(in crate::txn) fn end_of_claim(
        &mut self,
        locker: Locker,
        index: u32,
        claim: Claim,
    ) -> Option<EndWait> {
        let own = self.owner();
        self.end_while(locker, |locks| {
            let holder = locks.claims.holder(index, own, &claim);
            holder.is_some_and(|holder| holder.owner == locker.owner)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::{LockSession, LockTable};
    use super::*;

    fn log(table: &Arc<LockTable>, owner: Owner) -> LockLog {
        let mut log = LockLog::new(table.clone(), owner);
        log.set_session(LockSession::new(table, owner as i32));
        log
    }

    fn span(group: u64, lower: u128, upper: u128) -> Claim {
        Claim { group: Some(group), lower, upper }
    }

    #[test]
    fn spans_that_overlap_in_one_group_are_in_the_way() {
        let table = Arc::new(LockTable::new(100));
        let (mut a, mut b) = (log(&table, 1), log(&table, 2));
        assert_eq!(a.claim(7, span(1, 10, 20)), Ok(()));
        assert_eq!(b.claim(7, span(1, 21, 30)), Ok(()));
        assert_eq!(b.claim(7, span(2, 10, 20)), Ok(()));
        assert_eq!(b.claim(8, span(1, 10, 20)), Ok(()));
        assert_eq!(a.claim(7, span(1, 5, 15)), Ok(()), "one's own are not");
        let other = b.claim(7, span(1, 20, 22)).expect_err("it overlaps");
        assert_eq!(other.owner, 1);
        assert!(b.claim(7, Claim::WHOLE).is_err());
        drop(a);
        assert_eq!(b.claim(7, Claim::WHOLE), Ok(()));
        drop(b);
        assert!(table.claims.0.lock().is_empty());
    }

    #[test]
    fn the_end_of_who_has_the_claim_is_waited_for() {
        let table = Arc::new(LockTable::new(100));
        let (mut a, mut b) = (log(&table, 1), log(&table, 2));
        let claim = span(1, 10, 20);
        assert_eq!(a.claim(7, claim), Ok(()));
        let other = b.claim(7, claim).expect_err("it is taken");
        let wait = b.end_of_claim(other, 7, claim).expect("it is still there");
        assert_eq!(table.blocking_pids(2), [1]);
        assert!(!wait.wait_timeout(Duration::from_millis(10)));
        drop(a);
        assert!(wait.wait_timeout(Duration::from_secs(5)));
        drop(wait);
        assert_eq!(b.claim(7, claim), Ok(()));
        drop(b);
        assert_eq!(table.status(100), []);
    }

    #[test]
    fn a_savepoint_gives_back_what_was_claimed_after_it() {
        let table = Arc::new(LockTable::new(100));
        let (mut a, mut b) = (log(&table, 1), log(&table, 2));
        assert_eq!(a.claim(7, span(1, 0, 9)), Ok(()));
        let mark = a.position();
        assert_eq!(a.claim(7, span(1, 10, 19)), Ok(()));
        assert_eq!(a.claim(8, span(1, 10, 19)), Ok(()));
        a.release_since(mark);
        assert_eq!(b.claim(7, span(1, 10, 19)), Ok(()));
        assert_eq!(b.claim(8, span(1, 10, 19)), Ok(()));
        assert!(b.claim(7, span(1, 9, 9)).is_err());
    }

    #[test]
    fn claims_are_taken_again_from_what_was_written_down() {
        let table = Arc::new(LockTable::new(100));
        let mut a = log(&table, 1);
        assert_eq!(a.claim(7, span(1, 0, 9)), Ok(()));
        assert_eq!(a.claim(7, span(2, 0, u128::MAX)), Ok(()));
        let holds = a.holds();
        a.leave_session();
        drop(a);
        let a = LockLog::restored(table.clone(), 1, holds);
        let mut b = log(&table, 2);
        assert!(b.claim(7, span(2, 5, 5)).is_err());
        assert_eq!(b.claim(7, span(1, 10, 10)), Ok(()));
        drop(a);
        assert_eq!(b.claim(7, span(2, 5, 5)), Ok(()));
    }

    #[test]
    fn who_has_many_claims_the_whole() {
        let table = Arc::new(LockTable::new(100));
        let (mut a, mut b) = (log(&table, 1), log(&table, 2));
        for at in 0..CLAIMS_MAX as u128 + 10 {
            assert_eq!(a.claim(7, span(1, at, at)), Ok(()));
        }
        assert_eq!(a.claims().len(), CLAIMS_MAX + 1);
        assert!(b.claim(7, span(3, 0, 0)).is_err());
        assert_eq!(b.claim(8, span(3, 0, 0)), Ok(()));
    }
}
