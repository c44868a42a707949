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
                return self.cancel(start).then(|| deadlock_error(&cycle));
            }
        }
    }

    /// The waits along a cycle back to `start`, each blocked by the next.
    fn find_cycle(
        &self,
        start: &Arc<Waiting>,
        steps_left: &mut usize,
    ) -> Option<Vec<Arc<Waiting>>> {
        let mut seen: HashSet<Owner> = HashSet::from([start.owner]);
        let mut path = vec![start.clone()];
        let mut open = vec![self.blocking_owners(start)];
        while let Some(owners) = open.last_mut() {
            let Some(owner) = owners.pop() else {
                open.pop();
                path.pop();
                continue;
            };
            *steps_left = steps_left.checked_sub(1)?;
            if owner == start.owner {
                return Some(path);
            }
            if !seen.insert(owner) {
                continue;
            }
            let waiting = self.waits.lock().get(&owner).cloned();
            if let Some(waiting) = waiting {
                open.push(self.blocking_owners(&waiting));
                path.push(waiting);
            }
        }
        None
    }

    fn blocking_owners(&self, waiting: &Arc<Waiting>) -> Vec<Owner> {
        self.blockers_of(waiting).into_iter().map(|(owner, _, _)| owner).collect()
    }

    fn still_holds(&self, cycle: &[Arc<Waiting>]) -> bool {
        cycle.iter().enumerate().all(|(position, waiting)| {
            let next = &cycle[(position + 1) % cycle.len()];
            let current = self.waits.lock().get(&waiting.owner).map(|current| current.number);
            current == Some(waiting.number) && self.blocking_owners(waiting).contains(&next.owner)
        })
    }
}

fn deadlock_error(cycle: &[Arc<Waiting>]) -> Error {
    let lines = cycle.iter().enumerate().map(|(position, waiting)| {
        let blocker = &cycle[(position + 1) % cycle.len()];
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
