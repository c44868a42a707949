//! The search for a cycle in who waits for whom.
//!
//! It walks from one waiter to those that block it, to those that block them, and
//! so on, depth first, looking for itself. It does not stop the world: each step
//! locks one shard. So what it finds is checked again: if every wait of the cycle is
//! still the same wait in a second look, then all of them existed at one time
//! between the two looks (a waiting owner neither releases nor acquires anything),
//! and the cycle is real. If not, somebody has just left it, most likely as the
//! victim of a search of his own, and there may be another cycle without him: the
//! search begins again. Searches take turns, so that one cycle has one victim.
//!
//! Some only wait because others were there first. If a cycle has such an edge, the one
//! behind goes ahead in the queue, as long as that closes no other cycle (PostgreSQL's
//! "soft" deadlock): then nobody has to give up.
//!
//! ```text
//! a1: held by d1      e1 wants all of it; d2 wants to share it, behind e1
//! a2: held by d2      e2 wants all of it; d1 wants to share it, behind e2
//!     d2 → e1 → d1 → e2 → d2: d1 goes ahead of e2, shares a2, and will end
//! ```

use std::collections::HashSet;
use std::sync::Arc;

use super::table::LockTable;
use super::wait::Waiting;
use super::{LockMode, Owner, Resource};
use crate::{Error, sqlstate};

impl LockTable {
    /// The deadlock that this waiter is part of, as the error it is to end with. Its
    /// request is given up then.
    pub(super) fn break_deadlock(&self, start: &Arc<Waiting>) -> Option<Error> {
        let _turn = self.deadlock_search.lock();
        let mut steps_left = self.deadlock_steps_max;
        loop {
            let cycle = self.find_cycle(start, &mut steps_left)?;
            if self.still_holds(&cycle) {
                return match self.rearrange(start, &cycle, REARRANGED_MAX, &mut steps_left) {
                    true => None,
                    false => self.cancel(start).then(|| deadlock_error(&cycle)),
                };
            }
        }
    }

    /// The waits along a cycle back to `start`, each blocked by the next.
    fn find_cycle(&self, start: &Arc<Waiting>, steps_left: &mut usize) -> Option<Vec<Edge>> {
        let own = Party::of(start.owner, start.pid);
        let mut seen: HashSet<Party> = HashSet::from([own]);
        let mut path = vec![Edge { waiting: start.clone(), ahead: None }];
        let mut open = vec![self.edges_of(start)];
        while let (Some(edges), Some(last)) = (open.last_mut(), path.last_mut()) {
            let Some((party, ahead)) = edges.pop() else {
                open.pop();
                path.pop();
                continue;
            };
            last.ahead = ahead;
            *steps_left = steps_left.checked_sub(1)?;
            if party == own {
                return Some(path);
            }
            if !seen.insert(party) {
                continue;
            }
            if let Some(waiting) = self.wait_of(party) {
                open.push(self.edges_of(&waiting));
                path.push(Edge { waiting, ahead: None });
            }
        }
        None
    }

    /// What somebody waits for, with whichever of its owners.
    fn wait_of(&self, party: Party) -> Option<Arc<Waiting>> {
        let waits = self.waits.lock();
        match party {
            Party::Owner(owner) => waits.get(&owner).cloned(),
            Party::Session(pid) => waits.values().find(|waiting| waiting.pid == pid).cloned(),
        }
    }

    fn still_holds(&self, cycle: &[Edge]) -> bool {
        cycle.iter().enumerate().all(|(position, Edge { waiting, .. })| {
            let next = &cycle[(position + 1) % cycle.len()].waiting;
            let current = self.waits.lock().get(&waiting.owner).map(|current| current.number);
            current == Some(waiting.number)
                && self
                    .edges_of(waiting)
                    .iter()
                    .any(|(party, _)| *party == Party::of(next.owner, next.pid))
        })
    }

    /// Lets somebody of the cycle go ahead of who is only before it in a queue; false if
    /// every such change leaves or makes a cycle, and then nothing is changed.
    fn rearrange(
        &self,
        start: &Arc<Waiting>,
        cycle: &[Edge],
        changes_max: usize,
        steps_left: &mut usize,
    ) -> bool {
        if changes_max == 0 {
            return false;
        }
        for Edge { waiting, ahead } in cycle.iter().rev() {
            let Some(ahead) = ahead else { continue };
            let Some(order) = self.put_ahead(waiting, ahead) else { continue };
            let resolved = match self.find_cycle(start, steps_left) {
                Some(next) => self.rearrange(start, &next, changes_max - 1, steps_left),
                None => self.find_cycle(ahead, steps_left).is_none(),
            };
            if resolved {
                self.wake_place(waiting.resource);
                return true;
            }
            self.put_back(waiting.resource, &order);
        }
        false
    }
}

/// Who waits and is waited for: a session with all its owners (a transaction, and what
/// holds its advisory locks), as it does one thing at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Party {
    Session(i32),
    Owner(Owner),
}

impl Party {
    pub(super) fn of(owner: Owner, pid: i32) -> Party {
        if pid == 0 { Party::Owner(owner) } else { Party::Session(pid) }
    }
}

/// Places in queues that one search may change.
const REARRANGED_MAX: usize = 16;

/// A wait for the next one's owner.
struct Edge {
    waiting: Arc<Waiting>,
    /// The request before this one in the queue, if that is all there is in its way.
    ahead: Option<Arc<Waiting>>,
}

fn deadlock_error(cycle: &[Edge]) -> Error {
    let lines = cycle.iter().enumerate().map(|(position, Edge { waiting, .. })| {
        let blocker = &cycle[(position + 1) % cycle.len()].waiting;
        format!(
            "Process {} waits for {}; blocked by process {}.",
            waiting.pid,
            wish(waiting, blocker.owner),
            blocker.pid
        )
    });
    Error::new(sqlstate::T_R_DEADLOCK_DETECTED, "deadlock detected")
        .with_detail(lines.collect::<Vec<_>>().join("\n"))
        .with_hint("See server log for query details.")
}

/// In PostgreSQL's words. It waits for a row or a key by way of the transaction
/// that holds it.
fn wish(waiting: &Waiting, blocker: Owner) -> String {
    match waiting.resource {
        Resource::Row { .. } | Resource::IndexKey { .. } => {
            format!("{} on transaction {blocker}", LockMode::Share.name())
        }
        resource => format!("{} on {resource}", waiting.mode.name()),
    }
}
