//! The table of all locks, in shards.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use smallvec::SmallVec;

use super::claims::Claims;
use super::deadlock::Party;
use super::fast::{FastPath, Table};
use super::keys::{Bucket, bucket};
use super::rows::{STRETCH, Stretch, place};
use super::wait::{LockWait, Waiting};
use super::{LockMode, Owner, Resource, WaitPolicy};

const SHARDS: usize = 64;

/// What a shard keys its entries by: rows by their stretch, keys by their bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Stretch { table: u32, number: u64 },
    Bucket { index: u32, number: u64 },
    Whole(Resource),
}

fn place_of(resource: Resource) -> Place {
    match resource {
        Resource::Row { table, rid } => Place::Stretch { table, number: place(rid).0 },
        Resource::IndexKey { index, hash } => Place::Bucket { index, number: bucket(hash) },
        whole => Place::Whole(whole),
    }
}

/// One owner's hold on a whole resource.
pub(super) struct Holder {
    pub(super) owner: Owner,
    pub(super) pid: i32,
    pub(super) mode: LockMode,
    /// Session locks count: each is unlocked as often as it was locked.
    count: u32,
}

/// Holders and waiters of a resource, of a stretch of rows, or of a bucket of keys.
pub(super) struct Entry {
    pub(super) holders: Holders,
    /// First come, first served, within one resource.
    pub(super) waiting: Vec<Arc<Waiting>>,
}

pub(super) enum Holders {
    Whole(SmallVec<[Holder; 2]>),
    Rows(Stretch),
    Keys(Bucket),
}

type Found = SmallVec<[(Owner, i32, LockMode); 4]>;

impl Entry {
    fn new(place: Place) -> Entry {
        let holders = match place {
            Place::Stretch { .. } => Holders::Rows(Stretch::default()),
            Place::Bucket { .. } => Holders::Keys(Bucket::default()),
            Place::Whole(_) => Holders::Whole(SmallVec::new()),
        };
        Entry { holders, waiting: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
            && match &self.holders {
                Holders::Whole(holders) => holders.is_empty(),
                Holders::Rows(stretch) => stretch.is_empty(),
                Holders::Keys(keys) => keys.is_empty(),
            }
    }

    fn holders(&self, resource: Resource) -> Found {
        match (&self.holders, resource) {
            (Holders::Rows(stretch), Resource::Row { rid, .. }) => {
                stretch.holders(place(rid).1).collect()
            }
            (Holders::Keys(keys), Resource::IndexKey { hash, .. }) => keys.holders(hash).collect(),
            (Holders::Whole(holders), _) => {
                holders.iter().map(|h| (h.owner, h.pid, h.mode)).collect()
            }
            _ => unreachable!("a stretch holds only rows, and a bucket only keys"),
        }
    }

    fn add(&mut self, resource: Resource, owner: Owner, pid: i32, mode: LockMode) {
        match (&mut self.holders, resource) {
            (Holders::Rows(stretch), Resource::Row { rid, .. }) => {
                stretch.add(place(rid).1, owner, pid, mode);
            }
            (Holders::Keys(keys), Resource::IndexKey { hash, .. }) => {
                keys.add(hash, owner, pid, mode);
            }
            (Holders::Whole(holders), _) => {
                match holders.iter_mut().find(|h| h.owner == owner && h.mode == mode) {
                    Some(held) => held.count += 1,
                    None => holders.push(Holder { owner, pid, mode, count: 1 }),
                }
            }
            _ => unreachable!("a stretch holds only rows, and a bucket only keys"),
        }
    }

    fn disown(&mut self, owner: Owner) {
        match &mut self.holders {
            Holders::Whole(holders) => {
                holders.iter_mut().filter(|h| h.owner == owner).for_each(|h| h.pid = 0);
            }
            Holders::Rows(stretch) => stretch.disown(owner),
            Holders::Keys(keys) => keys.disown(owner),
        }
    }

    /// Takes one hold away; false if there is none.
    fn remove(&mut self, resource: Resource, owner: Owner, mode: LockMode) -> bool {
        match (&mut self.holders, resource) {
            (Holders::Rows(stretch), Resource::Row { rid, .. }) => {
                stretch.remove(place(rid).1, owner, mode);
                true
            }
            (Holders::Keys(keys), Resource::IndexKey { hash, .. }) => {
                keys.remove(hash, owner, mode);
                true
            }
            (Holders::Whole(holders), _) => {
                let held = holders.iter().position(|h| h.owner == owner && h.mode == mode);
                let Some(position) = held else { return false };
                holders[position].count -= 1;
                if holders[position].count == 0 {
                    holders.swap_remove(position);
                }
                true
            }
            _ => unreachable!("a stretch holds only rows, and a bucket only keys"),
        }
    }

    /// Who keeps the request from being granted: holders, and earlier waiters
    /// unless its owner holds the resource already. For rows only holders count, as
    /// in PostgreSQL: who can share a row does not queue behind one who cannot.
    fn blockers(&self, request: &Request, ahead: &[Arc<Waiting>]) -> Found {
        let holders = self.holders(request.resource);
        let upgrades = holders.iter().any(|(owner, _, _)| *owner == request.owner);
        let mut blockers: Found = holders
            .into_iter()
            .filter(|(owner, pid, mode)| request.is_blocked_by(*owner, *pid, *mode))
            .collect();
        if !upgrades && !matches!(request.resource, Resource::Row { .. }) {
            let waiting = ahead.iter().filter(|waiting| {
                waiting.resource == request.resource
                    && request.is_blocked_by(waiting.owner, waiting.pid, waiting.mode)
            });
            blockers.extend(waiting.map(|waiting| (waiting.owner, waiting.pid, waiting.mode)));
        }
        blockers
    }

    /// Grants what can be granted now, in order.
    fn wake(&mut self) {
        let mut position = 0;
        while position < self.waiting.len() {
            let waiting = self.waiting[position].clone();
            let request = Request::of(&waiting);
            if self.blockers(&request, &self.waiting[..position]).is_empty() {
                self.waiting.remove(position);
                self.add(waiting.resource, waiting.owner, waiting.pid, waiting.mode);
                waiting.grant();
            } else {
                position += 1;
            }
        }
    }
}

/// One wish for a lock.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) owner: Owner,
    pub(super) pid: i32,
    pub(super) resource: Resource,
    pub(super) mode: LockMode,
}

impl Request {
    fn of(waiting: &Waiting) -> Request {
        let Waiting { owner, pid, resource, mode, .. } = *waiting;
        Request { owner, pid, resource, mode }
    }

    fn is_blocked_by(&self, owner: Owner, pid: i32, mode: LockMode) -> bool {
        // A session's own locks and its transaction's are one session's.
        let is_shared = matches!(self.resource, Resource::Advisory { .. } | Resource::Table { .. });
        let same_session = pid == self.pid && pid != 0 && is_shared;
        owner != self.owner && !same_session && mode.conflicts_with(self.mode)
    }
}

pub(in crate::txn) enum Acquired {
    Granted,
    AlreadyHeld,
    Wait(LockWait),
    NotAvailable,
}

#[derive(Default)]
pub(super) struct Shard {
    entries: HashMap<Place, Entry>,
}

impl Shard {
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Place, &Entry)> {
        self.entries.iter()
    }
}

/// All locks of a server.
pub(in crate::txn) struct LockTable {
    pub(super) shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    /// What each waiting owner waits for. An owner waits for one lock at a time.
    pub(super) waits: Mutex<HashMap<Owner, Arc<Waiting>>>,
    waits_begun: AtomicU64,
    pub(super) deadlock_steps_max: usize,
    /// Held by the search for a deadlock.
    pub(super) deadlock_search: Mutex<()>,
    pub(super) fast: FastPath,
    pub(super) claims: Claims,
    /// How many wait for the end of transactions (module `watch`).
    pub(super) watchers: AtomicUsize,
}

impl LockTable {
    pub(in crate::txn) fn new(deadlock_steps_max: usize) -> LockTable {
        LockTable {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            waits: Mutex::default(),
            waits_begun: AtomicU64::new(0),
            deadlock_steps_max,
            deadlock_search: Mutex::default(),
            fast: FastPath::new(),
            claims: Claims::default(),
            watchers: AtomicUsize::new(0),
        }
    }

    fn shard(&self, place: Place) -> &Mutex<Shard> {
        &self.shards[self.hasher.hash_one(place) as usize % SHARDS]
    }

    /// Grants the lock, queues for it, or says no. The flag is true if it is a new
    /// hold, which must be released once more than before.
    pub(super) fn acquire(
        self: &Arc<Self>,
        request: Request,
        policy: WaitPolicy,
        counted: bool,
    ) -> (Acquired, bool) {
        let place = place_of(request.resource);
        let mut shard = self.shard(place).lock();
        let entry = shard.entries.entry(place).or_insert_with(|| Entry::new(place));
        let holds = |wanted: &dyn Fn(LockMode) -> bool| {
            let holders = entry.holders(request.resource);
            holders.iter().any(|(owner, _, mode)| *owner == request.owner && wanted(*mode))
        };
        if !counted && holds(&|mode| mode.covers(request.mode)) {
            return (Acquired::AlreadyHeld, false);
        }
        if entry.blockers(&request, &entry.waiting).is_empty() {
            entry.add(request.resource, request.owner, request.pid, request.mode);
            return (Acquired::Granted, true);
        }
        if policy != WaitPolicy::Wait {
            return (Acquired::NotAvailable, false);
        }
        let waiting =
            Arc::new(Waiting::new(self.waits_begun.fetch_add(1, Ordering::Relaxed), request));
        entry.waiting.push(waiting.clone());
        self.waits.lock().insert(request.owner, waiting.clone());
        (Acquired::Wait(LockWait::new(self.clone(), waiting)), true)
    }

    /// From now on the table's weak locks are here and not in slots.
    pub(super) fn begin_strong(&self, table: Table) {
        self.fast.begin_strong(table, |held| {
            let Table { database, oid } = held.table;
            let resource = Resource::Table { database, oid };
            let (owner, pid, mode) = (held.owner, held.pid, held.mode);
            self.add(Request { owner, pid, resource, mode });
        });
    }

    /// Adds a hold without asking: its owner has it already in another form.
    pub(super) fn add(&self, request: Request) {
        let place = place_of(request.resource);
        let mut shard = self.shard(place).lock();
        let entry = shard.entries.entry(place).or_insert_with(|| Entry::new(place));
        entry.add(request.resource, request.owner, request.pid, request.mode);
    }

    /// What an owner holds at a resource (or in its stretch or bucket) is no session's
    /// any more.
    pub(super) fn disown(&self, owner: Owner, resource: Resource) {
        let place = place_of(resource);
        let mut shard = self.shard(place).lock();
        if let Some(entry) = shard.entries.get_mut(&place) {
            entry.disown(owner);
        }
    }

    /// Releases a hold; false if it was not held (any more).
    pub(super) fn release(&self, owner: Owner, resource: Resource, mode: LockMode) -> bool {
        let place = place_of(resource);
        let mut shard = self.shard(place).lock();
        let Some(entry) = shard.entries.get_mut(&place) else { return false };
        let held = entry.remove(resource, owner, mode);
        self.settle(&mut shard, place);
        held
    }

    /// Whether a session holds a resource in a mode that covers another.
    pub(in crate::txn) fn holds(&self, pid: i32, resource: Resource, mode: LockMode) -> bool {
        let holders = self.holders_of(resource);
        holders.iter().any(|(_, held_by, held)| *held_by == pid && held.covers(mode))
    }

    /// Who holds a whole resource.
    pub(super) fn holders_of(&self, resource: Resource) -> Vec<(Owner, i32, LockMode)> {
        let place = place_of(resource);
        let shard = self.shard(place).lock();
        shard.entries.get(&place).map_or_else(Vec::new, |entry| entry.holders(resource).to_vec())
    }

    /// Releases the rows `rid..rid + count` of a table.
    pub(super) fn release_rows(
        &self,
        owner: Owner,
        table: u32,
        rid: u64,
        count: u64,
        mode: LockMode,
    ) {
        let end = rid + count;
        let mut next = rid;
        while next < end {
            let stop = end.min((next / STRETCH + 1) * STRETCH);
            let place = place_of(Resource::Row { table, rid: next });
            let mut shard = self.shard(place).lock();
            if let Some(entry) = shard.entries.get_mut(&place) {
                for rid in next..stop {
                    entry.remove(Resource::Row { table, rid }, owner, mode);
                }
                self.settle(&mut shard, place);
            }
            next = stop;
        }
    }

    /// After a release: wakes who can go on, and forgets an entry nobody needs.
    fn settle(&self, shard: &mut Shard, place: Place) {
        if let Some(entry) = shard.entries.get_mut(&place) {
            if !entry.waiting.is_empty() {
                entry.wake();
            }
            if entry.is_empty() {
                shard.entries.remove(&place);
            }
        }
    }

    /// Takes a waiter out of the queue. False if it has been granted meanwhile.
    pub(super) fn cancel(&self, waiting: &Arc<Waiting>) -> bool {
        let place = place_of(waiting.resource);
        let mut shard = self.shard(place).lock();
        let Some(entry) = shard.entries.get_mut(&place) else { return false };
        let queued = entry.waiting.iter().position(|other| Arc::ptr_eq(other, waiting));
        let Some(position) = queued else { return false };
        entry.waiting.remove(position);
        self.settle(&mut shard, place);
        drop(shard);
        self.forget_wait(waiting);
        true
    }

    pub(super) fn forget_wait(&self, waiting: &Arc<Waiting>) {
        let mut waits = self.waits.lock();
        if waits.get(&waiting.owner).is_some_and(|current| Arc::ptr_eq(current, waiting)) {
            waits.remove(&waiting.owner);
        }
    }

    /// Who keeps this waiter from its lock, as [`LockTable::blockers_of`]; with the
    /// request that is before it in the queue, where the owner holds nothing in its way.
    pub(super) fn edges_of(&self, waiting: &Arc<Waiting>) -> Vec<(Party, Option<Arc<Waiting>>)> {
        let place = place_of(waiting.resource);
        let shard = self.shard(place).lock();
        let Some(entry) = shard.entries.get(&place) else { return Vec::new() };
        let queued = entry.waiting.iter().position(|other| Arc::ptr_eq(other, waiting));
        let Some(position) = queued else { return Vec::new() };
        let request = Request::of(waiting);
        let holders = entry.blockers(&request, &[]);
        let holds = |owner: Owner| holders.iter().any(|(holder, ..)| *holder == owner);
        let ahead = |owner: Owner| {
            let queue = entry.waiting[..position].iter();
            queue.rev().find(|other| {
                let Waiting { owner: of, pid, resource, mode, .. } = ***other;
                of == owner && resource == waiting.resource && request.is_blocked_by(of, pid, mode)
            })
        };
        let blockers = entry.blockers(&request, &entry.waiting[..position]);
        let edge = |(owner, pid, _): (Owner, i32, LockMode)| {
            let ahead = if holds(owner) { None } else { ahead(owner).cloned() };
            (Party::of(owner, pid), ahead)
        };
        blockers.into_iter().map(edge).collect()
    }

    /// Whether a waiter already holds what it waits for, in another mode, and others wait
    /// for that, too: they may wait for each other and for nothing else.
    pub(super) fn is_upgrade_among_others(&self, waiting: &Arc<Waiting>) -> bool {
        let place = place_of(waiting.resource);
        let shard = self.shard(place).lock();
        let Some(entry) = shard.entries.get(&place) else { return false };
        let holders = entry.holders(waiting.resource);
        holders.iter().any(|(owner, ..)| *owner == waiting.owner)
            && entry
                .waiting
                .iter()
                .any(|other| other.resource == waiting.resource && other.owner != waiting.owner)
    }

    /// Moves a request in its queue to before another one; the order before, by the
    /// requests' numbers. `None` if one of them waits no longer.
    pub(super) fn put_ahead(
        &self,
        waiting: &Arc<Waiting>,
        ahead: &Arc<Waiting>,
    ) -> Option<Vec<u64>> {
        let place = place_of(waiting.resource);
        let mut shard = self.shard(place).lock();
        let queue = &mut shard.entries.get_mut(&place)?.waiting;
        let at = |wanted: &Arc<Waiting>| queue.iter().position(|other| Arc::ptr_eq(other, wanted));
        let (from, to) = (at(waiting)?, at(ahead)?);
        let order = queue.iter().map(|waiting| waiting.number).collect();
        if to < from {
            let moved = queue.remove(from);
            queue.insert(to, moved);
        }
        Some(order)
    }

    /// Undoes [`LockTable::put_ahead`]; who has come since stays behind.
    pub(super) fn put_back(&self, resource: Resource, order: &[u64]) {
        let place = place_of(resource);
        let mut shard = self.shard(place).lock();
        let Some(entry) = shard.entries.get_mut(&place) else { return };
        let rank = |waiting: &Arc<Waiting>| order.iter().position(|n| *n == waiting.number);
        entry.waiting.sort_by_key(|waiting| rank(waiting).unwrap_or(usize::MAX));
    }

    /// Grants what can be granted by now.
    pub(super) fn wake_place(&self, resource: Resource) {
        let place = place_of(resource);
        let mut shard = self.shard(place).lock();
        self.settle(&mut shard, place);
    }

    /// Who keeps this waiter from its lock. Empty if it waits no longer.
    pub(super) fn blockers_of(&self, waiting: &Arc<Waiting>) -> Found {
        let place = place_of(waiting.resource);
        let shard = self.shard(place).lock();
        let Some(entry) = shard.entries.get(&place) else { return Found::new() };
        let queued = entry.waiting.iter().position(|other| Arc::ptr_eq(other, waiting));
        match queued {
            Some(position) => entry.blockers(&Request::of(waiting), &entry.waiting[..position]),
            None => Found::new(),
        }
    }
}
