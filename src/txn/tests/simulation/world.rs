//! What surrounds the sessions: the store, its failures, its crashes, and the judges.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::{TABLE, row_key};
use super::checker::{Level, anomalies};
use super::session::{Deeds, Outcome, Session, Surroundings};
use super::{Dice, Op, SESSIONS, Transaction, Verdict};
use crate::Result;
use crate::storage::fault::{Fault, FaultEngine};
use crate::storage::memory::MemoryEngine;
use crate::storage::{Durability, Engine, KeyRange, Keyspace, key, row};
use crate::txn::{CommitOptions, Isolation, Limits, Published, Scan, Transactions};

pub(super) const KEYS: i32 = 3;
pub(super) const INDEX: u32 = 30;
pub(super) const LOADS: u32 = 17000;
pub(super) const LOADS_INDEX: u32 = 31;

/// Whether an fsync does what it is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fsync {
    Works,
    DoesNothing,
}

thread_local! {
    static TOLD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// What is told meanwhile.
pub(super) fn telling<T>(run: impl FnOnce() -> T) -> (T, Vec<String>) {
    TOLD.set(Some(Vec::new()));
    let result = run();
    (result, TOLD.take().unwrap_or_default())
}

fn tell(line: String) {
    TOLD.with_borrow_mut(|told| match told {
        Some(told) => told.push(line),
        None => println!("{line}"),
    });
}

pub(super) fn list_value(list: &[i32]) -> Vec<u8> {
    let mut value = row::header(1).to_vec();
    list.iter().for_each(|element| value.extend_from_slice(&element.to_le_bytes()));
    value
}

pub(super) fn list_of(value: &[u8]) -> Vec<i32> {
    let elements = value[row::HEADER_LEN..].chunks_exact(4);
    elements.map(|element| i32::from_le_bytes(element.try_into().expect("four"))).collect()
}

/// Everything that is there at an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) lists: BTreeMap<i32, Vec<i32>>,
    /// Rows of each load.
    loads: BTreeMap<i32, u64>,
    lengths: BTreeSet<(u32, u64)>,
    load_entries: u64,
}

impl State {
    pub(super) fn read(scan: impl Fn(Keyspace, &KeyRange) -> Scan) -> Result<State> {
        let mut state = State::default();
        for entry in scan(Keyspace::Rows, &key::rows(TABLE)) {
            let (key, value) = entry?;
            let (_, rid) = key::row_parts(&key).expect("a row's key");
            state.lists.insert(rid as i32, list_of(&value));
        }
        for entry in scan(Keyspace::Rows, &key::rows(LOADS)) {
            let load = list_of(&entry?.1)[0];
            *state.loads.entry(load).or_default() += 1;
        }
        for entry in scan(Keyspace::Indexes, &key::index(INDEX)) {
            let (key, value) = entry?;
            let length = key::index_payload(&key, false).try_into().expect("four bytes");
            let rid = key::index_rid(&key, &value).expect("a rid");
            state.lengths.insert((u32::from_be_bytes(length), rid));
        }
        for entry in scan(Keyspace::Indexes, &key::index(LOADS_INDEX)) {
            entry?;
            state.load_entries += 1;
        }
        Ok(state)
    }

    fn of(published: &Arc<Published>) -> Result<State> {
        State::read(|keyspace, range| published.scan(keyspace, range, false))
    }

    pub(super) fn rows_of_load(element: i32) -> u64 {
        2 + element as u64 % 4
    }

    /// That it fits together.
    pub(super) fn check(&self) -> Verdict {
        let expected: BTreeSet<(u32, u64)> =
            self.lists.iter().map(|(key, list)| (list.len() as u32, *key as u64)).collect();
        if self.lengths != expected {
            return Err(format!("the index has {:?}, the rows are {:?}", self.lengths, self.lists));
        }
        for (load, rows) in &self.loads {
            if *rows != State::rows_of_load(*load) {
                return Err(format!("load {load} has {rows} rows"));
            }
        }
        if self.load_entries != self.loads.values().sum::<u64>() {
            return Err(format!("{} entries of loads {:?}", self.load_entries, self.loads));
        }
        Ok(())
    }

    fn elements(&self) -> BTreeSet<i32> {
        self.lists.values().flatten().chain(self.loads.keys()).copied().collect()
    }
}

pub(super) struct World {
    dice: Dice,
    isolation: Isolation,
    level: Level,
    limits: Limits,
    fsync: Fsync,
    tells: bool,
    memory: Arc<MemoryEngine>,
    transactions: Transactions,
    is_broken: Arc<AtomicBool>,
    sessions: Vec<Session>,
    next_element: i32,
    /// Of this epoch.
    outcomes: Vec<Outcome>,
    /// What was there when it began.
    initial: State,
    /// Instants that are held, and what they showed.
    held: Vec<(Arc<Published>, State)>,
    /// By name, what prepared transactions of earlier epochs and of this one have done.
    prepared: BTreeMap<String, Deeds>,
    newest_ts: u64,
}

/// An engine over the memory, which may be without fsync and fails when told to.
fn open(
    memory: &Arc<MemoryEngine>,
    limits: &Limits,
    fault: Option<(u64, Fault)>,
    is_broken: &Arc<AtomicBool>,
) -> Result<Transactions> {
    let engine = Arc::new(FaultEngine::new(memory.clone() as Arc<dyn Engine>));
    if let Some((n, fault)) = fault {
        engine.fail_at(n, fault);
    }
    let broken = is_broken.clone();
    let hook = Arc::new(move |_: &crate::Error| broken.store(true, Ordering::Relaxed));
    Transactions::open_stepped(engine, limits.clone(), hook)
}

impl World {
    pub(super) fn new(
        dice: Dice,
        isolation: Isolation,
        level: Level,
        limits: Limits,
        fsync: Fsync,
        tells: bool,
    ) -> Result<World, String> {
        let mut memory = MemoryEngine::with_images();
        memory.ignore_syncs(fsync == Fsync::DoesNothing);
        let memory = Arc::new(memory);
        let is_broken = Arc::<AtomicBool>::default();
        let transactions = open(&memory, &limits, None, &is_broken).expect("open");
        let mut world = World {
            dice,
            isolation,
            level,
            limits,
            fsync,
            tells,
            memory,
            transactions,
            is_broken,
            sessions: Vec::new(),
            next_element: 1,
            outcomes: Vec::new(),
            initial: State::default(),
            held: Vec::new(),
            prepared: BTreeMap::new(),
            newest_ts: 0,
        };
        world.set_up();
        world.begin_epoch()?;
        Ok(world)
    }

    /// Empty lists, there for sure.
    fn set_up(&mut self) {
        let begun = self.transactions.begin(Isolation::ReadCommitted, false);
        let mut transaction = begun.expect("begin");
        for rid in 0..KEYS as u64 {
            transaction.put_row(row_key(rid), list_value(&[])).expect("put");
            let entry = key::index_entry(INDEX, &0u32.to_be_bytes(), Some(rid));
            transaction.put(Keyspace::Indexes, entry, b"").expect("put");
        }
        let commit = transaction.commit(CommitOptions::default());
        while self.transactions.step_commit() {}
        commit.wait().expect("the lists are there");
        // Whatever an fsync does here: this much is on the disk.
        self.memory.remember();
    }

    fn begin_epoch(&mut self) -> Verdict {
        let published = self.transactions.published();
        self.initial = State::of(&published).map_err(|error| error.to_string())?;
        self.initial.check()?;
        self.newest_ts = published.commit_ts;
        self.outcomes.clear();
        self.sessions = (0..SESSIONS).map(|_| Session::Idle).collect();
        Ok(())
    }

    fn tell(&self, line: impl FnOnce() -> String) {
        if self.tells {
            tell(line());
        }
    }

    /// Whether a write's outcome is unknown: a process would have ended.
    pub(super) fn must_end(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    pub(super) fn step(&mut self) -> Verdict {
        match self.dice.below(100) {
            0..70 => self.step_session(),
            70..86 => {
                let done = self.transactions.step_commit();
                self.tell(|| {
                    format!("the committer has {}", if done { "a group" } else { "none" })
                });
                Ok(())
            }
            86..89 => {
                self.tell(|| "a delayed sync".into());
                self.transactions.step_sync();
                Ok(())
            }
            89..92 => {
                // What it could not do, a later start does.
                let _ = self.transactions.step_sweep();
                Ok(())
            }
            92..95 => self.hold(),
            95..97 => {
                let place = self.dice.below(self.held.len().max(1));
                if place < self.held.len() {
                    let (published, state) = self.held.swap_remove(place);
                    self.tell(|| format!("the instant {} is let go", published.commit_ts));
                    still_shows(&published, &state)?;
                }
                Ok(())
            }
            _ => self.finish_prepared(),
        }
    }

    fn step_session(&mut self) -> Verdict {
        let number = self.dice.below(SESSIONS);
        let tells = self.tells;
        let mut tell_of = |line: String| {
            if tells {
                tell(format!("session {number} {line}"));
            }
        };
        let mut at = Surroundings {
            transactions: &self.transactions,
            dice: &mut self.dice,
            isolation: self.isolation,
            next_element: &mut self.next_element,
            tell: &mut tell_of,
        };
        if let Some(outcome) = self.sessions[number].step(&mut at)? {
            self.note(outcome)?;
        }
        Ok(())
    }

    fn note(&mut self, outcome: Outcome) -> Verdict {
        if let Outcome::Committed { deeds, commit_ts, .. } = &outcome
            && !deeds.elements().is_empty()
            && *commit_ts <= self.newest_ts
        {
            return Err(format!("timestamp {commit_ts} was used before"));
        }
        if let Outcome::Prepared { deeds } = &outcome {
            let elements = deeds.elements();
            let rows: u64 = deeds.loads.iter().map(|load| State::rows_of_load(*load)).sum();
            let gid = format!("prepared {} {rows}", elements.first().unwrap_or(&0));
            self.prepared.insert(gid, deeds.clone());
        }
        self.outcomes.push(outcome);
        Ok(())
    }

    fn hold(&mut self) -> Verdict {
        let published = self.transactions.published();
        self.tell(|| format!("the instant {} is held", published.commit_ts));
        let state = State::of(&published).map_err(|error| error.to_string())?;
        state.check()?;
        let rows = state.loads.values().sum::<u64>() as i64;
        let counted = published.row_count(LOADS).map_err(|error| error.to_string())?;
        if rows != counted {
            return Err(format!("{rows} rows are there, {counted} are counted"));
        }
        self.held.push((published, state));
        Ok(())
    }

    /// COMMIT PREPARED or ROLLBACK PREPARED of one, waiting for it.
    fn finish_prepared(&mut self) -> Verdict {
        let Some(info) = self.transactions.prepared().into_iter().next() else { return Ok(()) };
        let commits = self.dice.chance(60);
        let Ok(finish) = self.transactions.take_prepared(&info.gid, |_| Ok(())) else {
            return Ok(());
        };
        let Some(deeds) = self.prepared.remove(&*info.gid) else {
            // Prepared, and nobody was told yet.
            return Ok(());
        };
        self.tell(|| format!("\"{}\" is finished, commits: {commits}", info.gid));
        let elements = deeds.elements();
        self.outcomes.retain(|outcome| {
            !matches!(outcome, Outcome::Prepared { deeds } if deeds.elements() == elements)
        });
        let rows = i64::from_le_bytes(info.payload[..].try_into().expect("eight bytes"));
        let row_deltas = vec![(LOADS, rows)];
        let commit = match commits {
            true => finish.commit(CommitOptions { row_deltas, ..CommitOptions::default() }),
            false => finish.roll_back(),
        };
        while self.transactions.step_commit() {}
        let durability = Durability::Sync;
        let outcome = match commit.wait() {
            Ok(commit_ts) if commits => Outcome::Committed { deeds, durability, commit_ts },
            Ok(_) => Outcome::RolledBack { deeds },
            Err(error) if super::session::is_unknown(&error) => Outcome::Unknown { deeds },
            Err(_) => {
                self.outcomes.push(Outcome::Prepared { deeds: deeds.clone() });
                self.prepared.insert(info.gid.to_string(), deeds);
                return Ok(());
            }
        };
        self.note(outcome)
    }

    /// Ends the epoch: judges it, crashes, recovers, judges that.
    pub(super) fn crash(&mut self) -> Verdict {
        for session in std::mem::take(&mut self.sessions) {
            if let Some(outcome) = session.crash() {
                self.note(outcome)?;
            }
        }
        for (published, state) in self.held.drain(..) {
            still_shows(&published, &state)?;
        }
        let published = self.transactions.published();
        let last = State::of(&published).map_err(|error| error.to_string())?;
        drop(published);
        last.check()?;
        self.judge_history(&last)?;
        let is_kill = self.dice.chance(40);
        let recovered = match is_kill {
            true => self.memory.after_kill(),
            false => {
                let dice = &mut self.dice;
                self.memory.after_power_loss(|images| dice.below(images))
            }
        };
        self.tell(|| if is_kill { "the process is killed".into() } else { "power fails".into() });
        self.is_broken.store(false, Ordering::Relaxed);
        self.reopen(recovered, is_kill)?;
        self.judge_recovery(&last, is_kill)?;
        // What they have read is older than all that the next history begins with.
        for deeds in self.prepared.values_mut() {
            deeds.ops.retain(|op| matches!(op, Op::Append { .. }));
        }
        self.begin_epoch()
    }

    fn reopen(&mut self, mut recovered: MemoryEngine, is_kill: bool) -> Verdict {
        recovered.ignore_syncs(self.fsync == Fsync::DoesNothing);
        self.memory = Arc::new(recovered);
        let faults = [Fault::Io, Fault::NoSpace, Fault::SyncLost, Fault::Refused];
        let fault = self
            .dice
            .chance(60)
            .then(|| (1 + self.dice.below(25) as u64, faults[self.dice.below(faults.len())]));
        self.tell(|| format!("a start, after a kill: {is_kill}, with {fault:?} to come"));
        let opened = open(&self.memory, &self.limits, fault, &self.is_broken);
        // A start that fails at a fault is tried again, over what it has left.
        self.transactions = match opened {
            Ok(transactions) => transactions,
            Err(error) if fault.is_some() => {
                self.tell(|| format!("the start fails: {error}"));
                self.is_broken.store(false, Ordering::Relaxed);
                let opened = open(&self.memory, &self.limits, None, &self.is_broken);
                opened.map_err(|error| format!("the second start fails: {error}"))?
            }
            Err(error) => return Err(format!("the start fails: {error}")),
        };
        Ok(())
    }

    /// By the rules of isolation.
    fn judge_history(&self, last: &State) -> Verdict {
        let initial = self.initial.lists.iter();
        let appends = initial.flat_map(|(key, list)| list.iter().map(|element| (*key, *element)));
        let ops = appends.map(|(key, element)| Op::Append { key, element }).collect();
        let mut history = vec![Transaction { committed: true, ops }];
        for outcome in &self.outcomes {
            let (deeds, committed) = match outcome {
                Outcome::Committed { deeds, .. } => (deeds, true),
                Outcome::Prepared { deeds }
                | Outcome::RolledBack { deeds }
                | Outcome::Unknown { deeds } => (deeds, false),
            };
            history.push(Transaction { committed, ops: deeds.ops.clone() });
            for load in &deeds.loads {
                if last.loads.contains_key(load) != committed {
                    return Err(format!("load {load} is there: {}", !committed));
                }
            }
        }
        let lists: HashMap<i32, Vec<i32>> =
            last.lists.iter().map(|(key, list)| (*key, list.clone())).collect();
        let mut found = anomalies(&history, &lists, self.level);
        // What the initial transaction wrote more than once to a key is no reader's fault.
        found.retain(|anomaly| !is_of_initial(anomaly, &self.initial));
        match found.is_empty() {
            true => Ok(()),
            false => Err(format!("{found:?} in {history:?}, which ends in {lists:?}")),
        }
    }

    /// What is there after the crash, against what the clients were told.
    fn judge_recovery(&mut self, last: &State, is_kill: bool) -> Verdict {
        let published = self.transactions.published();
        let now = State::of(&published).map_err(|error| error.to_string())?;
        now.check()?;
        self.tell(|| format!("recovered at {}: {:?}", published.commit_ts, now.lists));
        let found = now.elements();
        let initial = self.initial.elements();
        if let Some(lost) = initial.iter().find(|element| !found.contains(element)) {
            return Err(format!("{lost}, which was there at the last start, is lost"));
        }
        let mut allowed = initial;
        let mut told: Vec<(u64, bool, &Deeds)> = Vec::new();
        let mut has_unknown = false;
        for outcome in &self.outcomes {
            let (Outcome::Committed { deeds, .. }
            | Outcome::Prepared { deeds }
            | Outcome::RolledBack { deeds }
            | Outcome::Unknown { deeds }) = outcome;
            let elements = deeds.elements();
            let there = elements.iter().filter(|element| found.contains(element)).count();
            if elements.is_empty() {
                continue;
            }
            if there != 0 && there != elements.len() {
                return Err(format!("half of {deeds:?} is there"));
            }
            let is_there = there > 0;
            match outcome {
                Outcome::Committed { durability, commit_ts, .. } => {
                    if !is_there && (is_kill || *durability == Durability::Sync) {
                        return Err(format!("{deeds:?} was acknowledged and is lost"));
                    }
                    if is_there && *commit_ts > published.commit_ts {
                        return Err(format!("timestamps go back below {commit_ts}"));
                    }
                    told.push((*commit_ts, is_there, deeds));
                }
                Outcome::Unknown { .. } => has_unknown |= is_there,
                Outcome::RolledBack { .. } | Outcome::Prepared { .. } if is_there => {
                    return Err(format!("{deeds:?} was not committed and is there"));
                }
                Outcome::RolledBack { .. } | Outcome::Prepared { .. } => {}
            }
            if is_there {
                allowed.extend(elements);
            }
        }
        if let Some(strange) = found.iter().find(|element| !allowed.contains(element)) {
            return Err(format!("{strange} is there, which nobody committed"));
        }
        told.sort_by_key(|(commit_ts, ..)| *commit_ts);
        let first_lost = told.iter().position(|(_, is_there, _)| !is_there);
        let last_there = told.iter().rposition(|(_, is_there, _)| *is_there);
        if let Some(lost) = first_lost
            && (last_there.is_some_and(|there| there > lost) || has_unknown)
        {
            return Err(format!("{:?} is lost, and a later commit is there", told[lost].2));
        }
        self.judge_order(last, &now)?;
        self.judge_prepared()
    }

    /// The lists go on from what they were, or are shorter.
    fn judge_order(&self, last: &State, now: &State) -> Verdict {
        for (key, list) in &now.lists {
            let before = &last.lists[key];
            let common = list.iter().zip(before).take_while(|(a, b)| a == b).count();
            if common != list.len().min(before.len()) {
                return Err(format!("key {key} was {before:?} and is {list:?}"));
            }
        }
        Ok(())
    }

    /// Who was told that it is prepared is so, until it is finished.
    fn judge_prepared(&mut self) -> Verdict {
        let there: BTreeSet<String> =
            self.transactions.prepared().iter().map(|info| info.gid.to_string()).collect();
        if let Some(lost) = self.prepared.keys().find(|gid| !there.contains(*gid)) {
            return Err(format!("\"{lost}\" was acknowledged as prepared and is lost"));
        }
        // What was on its way to be prepared, or to be finished, and nobody was told.
        for gid in there {
            let unknown = self.outcomes.iter().filter_map(|outcome| match outcome {
                Outcome::Unknown { deeds } => Some(deeds),
                _ => None,
            });
            for deeds in unknown {
                let rows: u64 = deeds.loads.iter().map(|load| State::rows_of_load(*load)).sum();
                let first = deeds.elements().first().copied().unwrap_or(0);
                if gid == format!("prepared {first} {rows}") {
                    self.prepared.insert(gid.clone(), deeds.clone());
                }
            }
        }
        Ok(())
    }
}

fn still_shows(published: &Arc<Published>, state: &State) -> Verdict {
    let now = State::of(published).map_err(|error| error.to_string())?;
    match now == *state {
        true => Ok(()),
        false => Err(format!("an instant showed {state:?}, and shows {now:?}")),
    }
}

/// An intermediate read of what was there at the start is none.
fn is_of_initial(anomaly: &super::checker::Anomaly, initial: &State) -> bool {
    use super::checker::Anomaly::IntermediateRead;
    let IntermediateRead { key, element, .. } = anomaly else { return false };
    initial.lists.get(key).is_some_and(|list| list.contains(element))
}
