//! The rules: which read-write conflicts there are, and who is aborted for them.
//!
//! A conflict "reader → writer" says that the reader did not see what the writer
//! wrote, so it comes before the writer in any serial order. Numbers of `sequence` say
//! what came first: a transaction's snapshot, the moment it was past its last check
//! ("prepared"), its commit.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use super::sets::{ReadRecord, ReadSet, Target, WrittenSet};
use crate::storage::Keyspace;
use crate::{Error, Result, sqlstate};

/// Whether a read-only transaction's snapshot can be part of an anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Safety {
    Open,
    Safe,
    Unsafe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Active,
    /// It can only be committed now, or fail for reasons of its own.
    Prepared(u64),
    Committed {
        prepared: u64,
        committed: u64,
    },
}

/// One transaction.
struct Member {
    pid: i32,
    /// The number of the last commit before its snapshot.
    snapshot: u64,
    /// Declared so, or committed without having written.
    read_only: bool,
    has_written: bool,
    /// It is to fail at its next step.
    doomed: bool,
    phase: Phase,
    reads: ReadSet,
    written: WrittenSet,
    /// Those that did not see what it wrote.
    conflicts_in: BTreeSet<u64>,
    /// Those whose writes it did not see.
    conflicts_out: BTreeSet<u64>,
    /// Of a committed one: the earliest commit before its own that it has not seen.
    earliest_out: Option<u64>,
    /// It had conflicts with transactions that have been merged.
    merged_in: bool,
    merged_out: bool,
    /// Of a read-only one: writers that ran when it began, and do yet.
    undecided: BTreeSet<u64>,
    safety: Safety,
    /// It waits to be safe.
    awaits: bool,
    waker: Option<Waker>,
}

impl Member {
    fn new(pid: i32, snapshot: u64, read_only: bool) -> Member {
        Member {
            pid,
            snapshot,
            read_only,
            has_written: false,
            doomed: false,
            phase: Phase::Active,
            reads: ReadSet::default(),
            written: WrittenSet::default(),
            conflicts_in: BTreeSet::new(),
            conflicts_out: BTreeSet::new(),
            earliest_out: None,
            merged_in: false,
            merged_out: false,
            undecided: BTreeSet::new(),
            safety: Safety::Open,
            awaits: false,
            waker: None,
        }
    }

    fn prepared(&self) -> Option<u64> {
        match self.phase {
            Phase::Active => None,
            Phase::Prepared(prepared) | Phase::Committed { prepared, .. } => Some(prepared),
        }
    }

    fn committed(&self) -> Option<u64> {
        match self.phase {
            Phase::Committed { committed, .. } => Some(committed),
            _ => None,
        }
    }

    fn is_committed(&self) -> bool {
        self.committed().is_some()
    }

    /// True if it was committed before a snapshot.
    fn is_before(&self, snapshot: u64) -> bool {
        self.committed().is_some_and(|committed| committed <= snapshot)
    }

    fn entries(&self) -> usize {
        self.reads.len() + self.written.len()
    }

    fn settle(&mut self, safety: Safety) {
        self.safety = safety;
        self.undecided.clear();
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Committed transactions of which only the sum is known.
struct Merged {
    /// What they have read and written together.
    sum: Member,
    /// The last commit among them.
    committed: u64,
}

impl Default for Merged {
    fn default() -> Merged {
        Merged { sum: Member::new(0, u64::MAX, false), committed: 0 }
    }
}

pub(super) struct State {
    sequence: u64,
    members: BTreeMap<u64, Member>,
    merged: Option<Merged>,
    /// Committed members, and the entries of what they have noted.
    retained: usize,
    retained_entries: usize,
    bounds: Bounds,
}

/// How much is kept.
#[derive(Clone, Copy)]
pub(in crate::txn) struct Bounds {
    /// Entries of what one transaction has read, and of what it has written.
    pub(in crate::txn) entries_max: usize,
    /// Committed transactions.
    pub(in crate::txn) retained_max: usize,
    /// Entries of all committed transactions.
    pub(in crate::txn) retained_entries_max: usize,
}

impl State {
    pub(super) fn new(bounds: Bounds) -> State {
        let members = BTreeMap::new();
        State { sequence: 0, members, merged: None, retained: 0, retained_entries: 0, bounds }
    }

    #[cfg(test)]
    pub(super) fn transactions(&self) -> usize {
        self.members.len() + usize::from(self.merged.is_some())
    }

    /// False for a read-only one that no writer runs beside.
    pub(super) fn begin(&mut self, id: u64, pid: i32, read_only: bool) -> bool {
        let mut member = Member::new(pid, self.sequence, read_only);
        if read_only {
            let writers = self
                .members
                .iter()
                .filter(|(_, other)| !other.is_committed() && !other.doomed && !other.read_only);
            member.undecided = writers.map(|(id, _)| *id).collect();
            if member.undecided.is_empty() {
                return false;
            }
        }
        self.members.insert(id, member);
        true
    }

    pub(super) fn read_record(&self, id: u64) -> ReadRecord {
        self.members.get(&id).map(|member| member.reads.record()).unwrap_or_default()
    }

    /// One that was prepared before the server was started. Which conflicts it had is
    /// not known any more: it is taken to have had some, in and out.
    pub(super) fn restore<'w>(
        &mut self,
        id: u64,
        reads: ReadRecord,
        written: impl Iterator<Item = (Keyspace, &'w [u8])>,
        objects: &[(Keyspace, u32)],
    ) {
        self.sequence += 1;
        let mut member = Member::new(0, self.sequence, false);
        member.phase = Phase::Prepared(self.sequence);
        member.reads = ReadSet::restored(reads);
        member.has_written = true;
        (member.merged_in, member.merged_out) = (true, true);
        for (keyspace, key) in written.filter(|(keyspace, _)| super::is_noted(*keyspace)) {
            member.written.add(keyspace, key, self.bounds.entries_max);
        }
        for (keyspace, object) in objects {
            member.written.add_object(*keyspace, *object);
        }
        self.members.insert(id, member);
    }

    /// As [`State::begin`], in the place of one that began before and still runs.
    pub(super) fn import(
        &mut self,
        id: u64,
        pid: i32,
        read_only: bool,
        source: u64,
    ) -> Result<bool> {
        let Some(from) = self.members.get(&source).filter(|from| !from.is_committed()) else {
            // A read-only one that is safe is not here; its snapshot stays safe.
            return match read_only {
                true => Ok(false),
                false => Err(Error::snapshot_source_gone()),
            };
        };
        let mut member = Member::new(pid, from.snapshot, read_only);
        if read_only {
            member.safety = from.safety;
            member.undecided = match from.read_only {
                true => from.undecided.clone(),
                // It is not kept which writers ran then. This one did.
                false => BTreeSet::from([source]),
            };
            if !from.read_only {
                member.safety = Safety::Unsafe;
            }
        }
        self.members.insert(id, member);
        Ok(true)
    }

    pub(super) fn note_read(
        &mut self,
        id: u64,
        keyspace: Keyspace,
        target: Target<'_>,
    ) -> Result<()> {
        let (entries_max, alone) = (self.bounds.entries_max, self.members.len() == 1);
        // What is read after the end, or in a safe snapshot, is nobody's concern.
        let Some(me) = self.members.get_mut(&id) else { return Ok(()) };
        if me.phase != Phase::Active {
            return Ok(());
        }
        if me.safety == Safety::Safe {
            self.roll_back(id);
            return Ok(());
        }
        if me.doomed {
            return Err(pivot("conflict out checking"));
        }
        // Who has written there since it was first read has found the conflict.
        if !me.reads.add(keyspace, target, entries_max) || alone && self.merged.is_none() {
            return Ok(());
        }
        let snapshot = me.snapshot;
        let merged = self.merged.as_ref();
        if merged.is_some_and(|m| m.committed > snapshot && m.sum.written.meets(keyspace, target)) {
            return Err(Error::read_write_dependencies("conflict out to old pivot"));
        }
        let me = &self.members[&id];
        let writers = self.members.iter().filter(|(other, member)| {
            **other != id
                && !member.doomed
                && !member.is_before(snapshot)
                && !me.conflicts_out.contains(*other)
                && member.written.meets(keyspace, target)
        });
        let writers: Vec<u64> = writers.map(|(other, _)| *other).collect();
        writers.into_iter().try_for_each(|writer| self.read_over(id, writer))
    }

    /// Something was read that the writer has changed after the reader's snapshot.
    fn read_over(&mut self, reader: u64, writer: u64) -> Result<()> {
        let (me, other) = (&self.members[&reader], &self.members[&writer]);
        if other.merged_out {
            if other.prepared().is_some() {
                return Err(Error::read_write_dependencies("conflict out to old pivot"));
            }
            self.doom(writer);
            return Ok(());
        }
        // A reader that comes before everything that the writer has not seen harms nobody.
        let harmless = me.read_only
            && other.is_committed()
            && other.earliest_out.is_none_or(|earliest| me.snapshot < earliest);
        if harmless { Ok(()) } else { self.add_conflict(reader, writer, reader) }
    }

    pub(super) fn note_write(&mut self, id: u64, keyspace: Keyspace, key: &[u8]) -> Result<()> {
        let entries_max = self.bounds.entries_max;
        let Some(me) = self.members.get_mut(&id) else { return Ok(()) };
        if me.doomed {
            return Err(pivot("conflict in checking"));
        }
        me.has_written = true;
        me.written.add(keyspace, key, entries_max);
        let snapshot = me.snapshot;
        // A version that this one replaces may be newer than what a reader has seen. Then
        // the reader comes before whoever wrote that, and by way of it before this one.
        let target = Target::Key(key);
        let replaced = self.members.values().filter_map(|other| {
            let committed = other.committed().filter(|committed| *committed <= snapshot)?;
            other.written.meets(keyspace, target).then_some(committed)
        });
        let replaced = replaced.max();
        self.find_readers(id, |reader| {
            reader.reads.has(keyspace, key)
                && !(reader.reads.has_alone(keyspace, key)
                    && replaced.is_some_and(|replaced| replaced > reader.snapshot))
        })
    }

    pub(super) fn check_write(&mut self, id: u64, keyspace: Keyspace, key: &[u8]) -> Result<()> {
        match self.members.get(&id) {
            None => Ok(()),
            Some(me) if me.doomed => Err(pivot("conflict in checking")),
            Some(_) => self.find_readers(id, |reader| reader.reads.has(keyspace, key)),
        }
    }

    pub(super) fn note_object_write(
        &mut self,
        id: u64,
        keyspace: Keyspace,
        object: u32,
    ) -> Result<()> {
        let Some(me) = self.members.get_mut(&id) else { return Ok(()) };
        if me.doomed {
            return Err(pivot("conflict in checking"));
        }
        me.has_written = true;
        me.written.add_object(keyspace, object);
        self.find_readers(id, |reader| reader.reads.touches(keyspace, object))
    }

    /// Those beside a writer that have read what it writes.
    fn find_readers(&mut self, id: u64, has_read: impl Fn(&Member) -> bool) -> Result<()> {
        let me = &self.members[&id];
        let snapshot = me.snapshot;
        if let Some(merged) = &self.merged
            && merged.committed > snapshot
            && has_read(&merged.sum)
        {
            self.conflict_from_merged(id)?;
        }
        let me = &self.members[&id];
        let readers = self.members.iter().filter(|(other, member)| {
            **other != id
                && !member.doomed
                && !member.is_before(snapshot)
                && !me.conflicts_in.contains(*other)
                && has_read(member)
        });
        let readers: Vec<u64> = readers.map(|(other, _)| *other).collect();
        readers.into_iter().try_for_each(|reader| self.add_conflict(reader, id, id))
    }

    /// Somebody among the merged has not seen what `writer` writes.
    fn conflict_from_merged(&mut self, writer: u64) -> Result<()> {
        let me = &self.members[&writer];
        let is_pivot = me.merged_out
            || me.conflicts_out.iter().any(|out| self.members[out].prepared().is_some());
        if is_pivot {
            return Err(pivot("write"));
        }
        self.change(writer, |me| me.merged_in = true);
        Ok(())
    }

    /// Notes `reader → writer`, one of which is `acting`. If that completes a dangerous
    /// structure, the pivot goes: at once if it is the one that acts.
    fn add_conflict(&mut self, reader: u64, writer: u64, acting: u64) -> Result<()> {
        if self.is_dangerous(reader, writer) {
            if acting == writer {
                return Err(pivot("write"));
            }
            if self.members[&writer].prepared().is_some() {
                return Err(Error::read_write_dependencies(format!(
                    "conflict out to pivot {writer}, during read"
                )));
            }
            self.doom(writer);
        }
        self.change(reader, |reader| {
            reader.conflicts_out.insert(writer);
        });
        self.change(writer, |writer| {
            writer.conflicts_in.insert(reader);
        });
        Ok(())
    }

    /// Whether `reader → writer` would be part of a dangerous structure whose last
    /// transaction is committed, or as good as that, before the others.
    fn is_dangerous(&self, reader: u64, writer: u64) -> bool {
        let (r, w) = (&self.members[&reader], &self.members[&writer]);
        // reader → writer → T2, of which a committed writer only remembers that it was.
        if w.is_committed() && (w.earliest_out.is_some() || w.merged_out) {
            return true;
        }
        let is_first = |t2: &Member| {
            t2.prepared().is_some_and(|prepared| {
                r.committed().is_none_or(|committed| prepared <= committed)
                    && w.committed().is_none_or(|committed| prepared <= committed)
                    && (!r.read_only || t2.is_before(r.snapshot))
            })
        };
        if w.merged_out || w.conflicts_out.iter().any(|out| is_first(&self.members[out])) {
            return true;
        }
        // T0 → reader → writer.
        let Some(prepared) = w.prepared().filter(|_| !r.read_only) else { return false };
        let is_later = |t0: &Member| {
            !t0.doomed
                && t0.committed().is_none_or(|committed| committed >= prepared)
                && (!t0.read_only || w.is_before(t0.snapshot))
        };
        r.merged_in || r.conflicts_in.iter().any(|from| is_later(&self.members[from]))
    }

    /// The checks before a commit. The pivot of a structure that this commit would
    /// make dangerous is aborted, so that who tries again is not stopped again.
    pub(super) fn prepare(&mut self, id: u64) -> Result<()> {
        let Some(me) = self.members.get(&id) else { return Ok(()) };
        if me.doomed {
            return Err(pivot("commit attempt"));
        }
        for pivot in me.conflicts_in.clone() {
            let near = &self.members[&pivot];
            if near.is_committed() || near.doomed {
                continue;
            }
            let completes = |far: &u64| {
                let member = &self.members[far];
                *far == id || !member.is_committed() && !member.read_only && !member.doomed
            };
            if near.conflicts_in.iter().any(completes) {
                if near.prepared().is_some() {
                    return Err(Error::read_write_dependencies(
                        "commit attempt with conflict in from prepared pivot",
                    ));
                }
                self.doom(pivot);
            }
        }
        self.sequence += 1;
        let prepared = self.sequence;
        self.change(id, |me| me.phase = Phase::Prepared(prepared));
        Ok(())
    }

    pub(super) fn commit(&mut self, id: u64) {
        self.sequence += 1;
        let committed = self.sequence;
        let Some(me) = self.members.get_mut(&id) else { return };
        let prepared = me.prepared().unwrap_or(committed);
        me.phase = Phase::Committed { prepared, committed };
        me.read_only |= !me.has_written;
        me.undecided.clear();
        self.retained += 1;
        self.retained_entries += me.entries();
        let (read_only, out) = (me.read_only, me.conflicts_out.clone());
        let earliest = match me.merged_out {
            true => Some(0),
            false => out.iter().filter_map(|out| self.members[out].committed()).min(),
        };
        for out in out {
            if self.members[&out].is_committed() {
                self.forget_conflict(id, out);
            }
        }
        let me = &self.members[&id];
        for reader in me.conflicts_in.clone() {
            if self.members[&reader].is_committed() || self.members[&reader].read_only {
                self.forget_conflict(reader, id);
            }
        }
        let earliest = earliest.filter(|_| !read_only);
        self.change(id, |me| me.earliest_out = earliest);
        self.decide(id, earliest);
        self.forget_old();
    }

    pub(super) fn roll_back(&mut self, id: u64) {
        if self.members.get(&id).is_none_or(Member::is_committed) {
            return;
        }
        self.remove(id);
        self.decide(id, None);
        self.forget_old();
    }

    /// A writer is over: what that means for the read-only ones that began beside it.
    fn decide(&mut self, writer: u64, earliest_out: Option<u64>) {
        for member in self.members.values_mut() {
            if !member.undecided.remove(&writer) {
                continue;
            }
            if earliest_out.is_some_and(|earliest| earliest <= member.snapshot) {
                member.settle(Safety::Unsafe);
            } else if member.undecided.is_empty() {
                member.settle(Safety::Safe);
            }
        }
    }

    fn doom(&mut self, id: u64) {
        self.change(id, |member| member.doomed = true);
    }

    fn change(&mut self, id: u64, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(&id) {
            change(member);
        }
    }

    fn forget_conflict(&mut self, reader: u64, writer: u64) {
        self.change(reader, |reader| {
            reader.conflicts_out.remove(&writer);
        });
        self.change(writer, |writer| {
            writer.conflicts_in.remove(&reader);
        });
    }

    fn remove(&mut self, id: u64) -> Option<Member> {
        let member = self.members.remove(&id)?;
        for reader in &member.conflicts_in {
            self.change(*reader, |reader| {
                reader.conflicts_out.remove(&id);
            });
        }
        for writer in &member.conflicts_out {
            self.change(*writer, |writer| {
                writer.conflicts_in.remove(&id);
            });
        }
        if member.is_committed() {
            self.retained -= 1;
            self.retained_entries -= member.entries();
        }
        Some(member)
    }

    /// Drops those that were committed before everyone who runs began, and merges the
    /// oldest of the others while they are too many.
    fn forget_old(&mut self) {
        let running = self.members.values().filter(|member| !member.is_committed());
        let oldest = running.map(|member| member.snapshot).min().unwrap_or(u64::MAX);
        let old = self.members.iter().filter(|(_, member)| member.is_before(oldest));
        let old: Vec<u64> = old.map(|(id, _)| *id).collect();
        for id in old {
            self.remove(id);
        }
        if self.merged.as_ref().is_some_and(|merged| merged.committed <= oldest) {
            self.merged = None;
        }
        while self.is_overfull() && self.merge_oldest() {}
    }

    fn is_overfull(&self) -> bool {
        self.retained > self.bounds.retained_max
            || self.retained_entries > self.bounds.retained_entries_max
    }

    fn merge_oldest(&mut self) -> bool {
        let committed = self.members.iter().filter_map(|(id, m)| Some((m.committed()?, *id)));
        let Some((at, id)) = committed.min() else { return false };
        let Some(member) = self.remove(id) else { return false };
        for reader in &member.conflicts_in {
            self.change(*reader, |reader| reader.merged_out = true);
        }
        for writer in &member.conflicts_out {
            self.change(*writer, |writer| writer.merged_in = true);
        }
        let max = self.bounds.entries_max;
        let merged = self.merged.get_or_insert_default();
        merged.committed = merged.committed.max(at);
        merged.sum.reads.merge(member.reads, max);
        merged.sum.written.merge(member.written, max);
        true
    }

    /// Says that a transaction waits to be safe.
    pub(super) fn await_safety(&mut self, id: u64) -> Safety {
        let Some(member) = self.members.get_mut(&id) else { return Safety::Safe };
        member.awaits = member.safety == Safety::Open;
        member.safety
    }

    pub(super) fn poll_safety(&mut self, id: u64, waker: &Waker) -> Safety {
        let Some(member) = self.members.get_mut(&id) else { return Safety::Safe };
        if member.safety == Safety::Open {
            member.waker = Some(waker.clone());
        }
        member.safety
    }

    pub(super) fn end_wait(&mut self, id: u64) {
        self.change(id, |member| {
            member.awaits = false;
            member.waker = None;
        });
    }

    pub(super) fn safe_snapshot_blockers(&self, pid: i32) -> Vec<i32> {
        let waiting = self.members.values().find(|member| member.awaits && member.pid == pid);
        let undecided = waiting.into_iter().flat_map(|member| &member.undecided);
        undecided.filter_map(|id| Some(self.members.get(id)?.pid)).collect()
    }
}

impl Error {
    /// `55000`: whose snapshot is imported is over.
    fn snapshot_source_gone() -> Error {
        Error::new(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "could not import the requested snapshot",
        )
        .with_detail("The source transaction is not running anymore.")
    }
}

fn pivot(during: &str) -> Error {
    Error::read_write_dependencies(format!("identification as a pivot, during {during}"))
}
