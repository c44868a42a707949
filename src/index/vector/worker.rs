//! What goes on in the background: graphs are filled, linked, repaired and saved.
//!
//! One thread fills (a long load does not hold up the others' upkeep), one keeps up. Both
//! end when the transactions are shut down or nobody has the registry any more.
//!
//! While values come in, into whichever index, linking leaves the processors to those who
//! write: it does a part from time to time, and the rest when they are done. Until then
//! searches scan what is fresh. The part grows with the square of what is fresh: a load of
//! 50,000 is hardly held up, and one that goes on and on levels off below 200,000 (5 ms).

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use zserver_vector::index::Stats;

use super::cache::{Cache, Phase};
use super::registry::Inner;
use super::{load, pages};
use crate::error::{Error, Result};
use crate::txn::{Attachment, Transactions};

/// How long changes wait to be linked.
const IDLE: Duration = Duration::from_millis(100);
/// How long nothing is looked at where there are no indexes, or nobody says what to load.
const ASLEEP: Duration = Duration::from_secs(5);
/// Catalogs are looked through no more often than so.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(500);
/// How soon an index that has failed is tried again.
const RETRY: Duration = Duration::from_secs(30);
/// Fresh values that are linked before other indexes have their turn.
const LINKED_AT_A_TIME: usize = 512;
/// The same while values come in, and how long after the last that is.
const LINKED_MEANWHILE: usize = 64;
const FILLING: Duration = Duration::from_millis(200);
/// Fresh values that a search hardly feels: it scans them in 0.1 ms.
const FRESH_UNIT: usize = 4096;
/// Slots that a repair looks at before searches that wait for it go on.
const REPAIRED_AT_A_TIME: u32 = 2048;
/// Values that are looked for to estimate the recall.
const SAMPLE: u32 = 20;
/// How soon a graph is repaired again.
const REPAIR_INTERVAL: Duration = Duration::from_secs(2);
/// Dead slots from which on a graph is repaired, and their share of it in percent.
const DEAD_MIN: u64 = 256;
const DEAD_PERCENT: u64 = 5;

pub(super) fn start(inner: &Arc<Inner>) -> Result<()> {
    let spawn = |name: &str, run: fn(Weak<Inner>)| {
        let inner = Arc::downgrade(inner);
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(inner))
            .map_err(|error| Error::io("start a thread for vector indexes", &error))
    };
    spawn("vectors", keep_up)?;
    spawn("vector loader", fill)?;
    Ok(())
}

/// The registry, unless it is over.
fn alive(inner: &Weak<Inner>) -> Option<Arc<Inner>> {
    inner.upgrade().filter(|inner| !inner.is_closed.load(Ordering::Acquire))
}

/// Fills what is to be filled.
fn fill(weak: Weak<Inner>) {
    let mut failed: Vec<(u32, Instant)> = Vec::new();
    let mut seen = 0;
    while let Some(inner) = alive(&weak) {
        failed.retain(|(_, since)| since.elapsed() < RETRY);
        let is_tried = |cache: &Arc<Cache>| failed.iter().any(|(id, _)| *id == cache.storage_id);
        let due = inner.caches().into_iter().find(|cache| match cache.phase() {
            Phase::Loading => !is_tried(cache),
            Phase::Failed => {
                !is_tried(cache) && inner.budget.has_room(cache.needed.load(Ordering::Relaxed))
            }
            Phase::Ready | Phase::Building => false,
        });
        let (Some(cache), Some(transactions)) = (due, inner.transactions.upgrade()) else {
            inner.wait(&mut seen, ASLEEP);
            continue;
        };
        let look = || match inner.is_closed.load(Ordering::Acquire) {
            true => Err(Error::shutting_down()),
            false => Ok(()),
        };
        let started = Instant::now();
        match load::load(&cache, &transactions, &look) {
            Ok(()) => {
                let storage = cache.storage_id;
                tracing::debug!(storage, elapsed = ?started.elapsed(), "a vector index is in memory");
                inner.wake();
            }
            Err(_) if inner.is_closed.load(Ordering::Acquire) => return,
            Err(error) => {
                if cache.failure.lock().is_none() {
                    let storage = cache.storage_id;
                    tracing::warn!(%error, storage, "a vector index is searched without its graph");
                }
                cache.fail(&error);
                failed.push((cache.storage_id, Instant::now()));
            }
        }
    }
}

/// When an index was last saved and repaired, and what it had when it was last looked at.
struct Upkeep {
    storage_id: u32,
    saved: Instant,
    repaired: Instant,
    reserved: Option<u32>,
    grew: Option<Instant>,
}

impl Upkeep {
    fn new(storage_id: u32) -> Upkeep {
        let now = Instant::now();
        Upkeep { storage_id, saved: now, repaired: now, reserved: None, grew: None }
    }

    /// Whether values come in.
    fn is_filling(&mut self, stats: &Stats) -> bool {
        // What was there when it was first seen does not come in.
        if self.reserved.is_some_and(|before| stats.slots > before) {
            self.grew = Some(Instant::now());
        }
        self.reserved = Some(stats.slots);
        self.grew.is_some_and(|at| at.elapsed() < FILLING)
    }
}

fn keep_up(weak: Weak<Inner>) {
    let mut all: Vec<Upkeep> = Vec::new();
    let mut followed: Option<(Arc<Attachment>, Instant)> = None;
    let mut seen = 0;
    while let Some(inner) = alive(&weak) {
        let mut is_busy = false;
        let mut is_late = false;
        if let Some(catalogs) = inner.catalogs() {
            let is_new = followed.as_ref().is_none_or(|(old, _)| !Arc::ptr_eq(old, &catalogs));
            let is_soon = followed.as_ref().is_some_and(|(_, at)| at.elapsed() < FOLLOW_INTERVAL);
            is_late = is_new && is_soon;
            if is_new && !is_soon {
                inner.follow(&catalogs);
                followed = Some((catalogs, Instant::now()));
                // There may be something to fill.
                inner.wake();
            }
        }
        let caches = inner.caches();
        all.retain(|known| caches.iter().any(|cache| cache.storage_id == known.storage_id));
        let ready = caches.iter().filter(|cache| cache.phase() == Phase::Ready);
        let ready: Vec<&Arc<Cache>> = ready.collect();
        for cache in &ready {
            if !all.iter().any(|known| known.storage_id == cache.storage_id) {
                all.push(Upkeep::new(cache.storage_id));
            }
        }
        let is_filling = are_filling(&ready, &mut all);
        if !ready.is_empty()
            && let Some(transactions) = inner.transactions.upgrade()
        {
            for cache in ready {
                let upkeep = all.iter_mut().find(|known| known.storage_id == cache.storage_id);
                let Some(upkeep) = upkeep else { continue };
                is_busy |= keep_one(&inner, cache, &transactions, (upkeep, is_filling));
            }
        }
        if !is_busy {
            let is_asleep = caches.is_empty() && !is_late;
            inner.wait(&mut seen, if is_asleep { ASLEEP } else { IDLE });
        }
    }
}

/// Whether values come into any index.
fn are_filling(caches: &[&Arc<Cache>], all: &mut [Upkeep]) -> bool {
    let mut are_filling = false;
    for cache in caches {
        let upkeep = all.iter_mut().find(|known| known.storage_id == cache.storage_id);
        if let (Some(upkeep), Some(graph)) = (upkeep, cache.graph()) {
            // Each is looked at, so that it is known what it had.
            are_filling |= upkeep.is_filling(&graph.stats());
        }
    }
    are_filling
}

/// Does a part of what is due for one index; whether there is more to do at once.
fn keep_one(
    inner: &Inner,
    cache: &Arc<Cache>,
    transactions: &Transactions,
    (upkeep, is_filling): (&mut Upkeep, bool),
) -> bool {
    let Some(graph) = cache.graph() else { return false };
    let most = match is_filling {
        true => LINKED_MEANWHILE + (graph.stats().fresh as usize / FRESH_UNIT).pow(2),
        false => LINKED_AT_A_TIME,
    };
    let linked = graph.link(most).unwrap_or_else(|error| {
        tracing::warn!(%error, "values of a vector index stay unlinked");
        0
    });
    if is_repair_due(cache, upkeep) {
        repair(inner, cache, transactions);
        upkeep.repaired = Instant::now();
    }
    if upkeep.saved.elapsed() >= inner.options.save_interval && linked < most {
        upkeep.saved = Instant::now();
        if cache.is_stirred.swap(false, Ordering::AcqRel) || cache.recall().is_none() {
            let recall = graph.recall(transactions.published().commit_ts, SAMPLE);
            recall.into_iter().for_each(|share| cache.set_recall(share));
        }
        if let Err(error) = pages::save(cache, transactions) {
            tracing::warn!(%error, storage = cache.storage_id, "a vector index was not saved");
        }
    }
    linked == LINKED_AT_A_TIME && !is_filling
}

fn is_repair_due(cache: &Cache, upkeep: &Upkeep) -> bool {
    let dead = cache.dead.load(Ordering::Relaxed);
    let live = cache.feeder().len() as u64;
    let is_much = dead >= DEAD_MIN && 100 * dead >= DEAD_PERCENT * live;
    (is_much && upkeep.repaired.elapsed() >= REPAIR_INTERVAL)
        || (dead > 0 && upkeep.repaired.elapsed() >= RETRY)
}

/// Takes out what no snapshot sees.
pub(super) fn repair(inner: &Inner, cache: &Cache, transactions: &Transactions) {
    let Some(graph) = cache.graph() else { return };
    let _tending = cache.tending.lock();
    let before = cache.dead.load(Ordering::Relaxed);
    let horizon = transactions.oldest_active_ts();
    let freed = graph.stats();
    if let Some(mut repair) = graph.begin_repair(horizon) {
        while !graph.repair(&mut repair, REPAIRED_AT_A_TIME) {
            if inner.is_closed.load(Ordering::Acquire) {
                return;
            }
        }
    }
    let gone = u64::from(freed.linked + freed.fresh)
        .saturating_sub(u64::from(graph.stats().linked + graph.stats().fresh));
    let left = before.saturating_sub(gone.max(1));
    let _ = cache.dead.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
        Some(now.saturating_sub(before) + left)
    });
}
