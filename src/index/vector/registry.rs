//! The graphs of all vector indexes of a server.
//!
//! A [`Registry`] is told of commits ([`Observer`]) and keeps a cache for each index that
//! the committed catalogs have. One thread of it (module `worker`) fills, links, repairs
//! and saves them. Searches find it by the instant that they read at.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use parking_lot::{Condvar, Mutex, RwLock};

use super::cache::{Budget, Building, Cache, Phase};
use super::graph::Spec;
use super::matching::Matching;
use super::search::Method;
use super::{load, worker};
use crate::catalog::{Catalog, Cluster, Relation, RelationKind};
use crate::error::Result;
use crate::index::vector_options::VectorOptions;
use crate::index::{HNSW, IVFFLAT, IndexInfo};
use crate::sqlstate;
use crate::txn::{
    Attachment, ChangedEntries, ChangedRows, Observer, Overlay, Published, Transactions, Watched,
    WeakTransactions,
};

/// How long commits that are told are waited for.
const TOLD_WAIT: Duration = Duration::from_secs(1);

/// What a server allows its vector indexes.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes that graphs take in memory at most (`vector_memory`); searches of an index
    /// beyond it read entries.
    pub memory: u64,
    /// Threads that link what CREATE INDEX has collected.
    pub threads: usize,
    /// How long what has changed waits to be saved.
    pub save_interval: Duration,
}

/// What there is of an index's graph.
#[derive(Clone, Debug)]
pub struct Status {
    /// loading, building, ready or failed.
    pub phase: &'static str,
    /// Rows that have a value.
    pub rows: u64,
    /// Values that walks find, deleted ones among them.
    pub linked: u64,
    /// Values that are scanned until they are linked.
    pub fresh: u64,
    /// Values that were deleted and are still there.
    pub dead: u64,
    pub bytes: u64,
    /// The share of the ten nearest that searches of 40 candidates find, by a sample.
    pub recall: Option<f64>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// A handle; all of them share the graphs.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

pub(super) struct Inner {
    pub(super) transactions: WeakTransactions,
    pub(super) budget: Arc<Budget>,
    pub(super) options: Options,
    caches: RwLock<HashMap<u32, Arc<Cache>>>,
    /// What is remembered of the tables of these indexes.
    tables: RwLock<HashMap<u32, Arc<Matching>>>,
    /// The keys of `caches` and of `tables`.
    watched: ArcSwap<Watched>,
    /// Groups of commits that began to be told, and the last of them that was published.
    told: AtomicU64,
    published: AtomicU64,
    /// The newest committed catalogs.
    catalogs: ArcSwapOption<Attachment>,
    /// How often something was to be done.
    due: Mutex<u64>,
    is_due: Condvar,
    searches: Searches,
    pub(super) is_closed: AtomicBool,
}

/// How searches of vectors have been done.
#[derive(Default)]
struct Searches {
    by_graph: AtomicU64,
    by_lists: AtomicU64,
    by_comparing: AtomicU64,
    evaluations: AtomicU64,
}

/// The same as plain numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchCounts {
    pub by_graph: u64,
    pub by_lists: u64,
    /// Of an index's entries, or of the table where no index is read.
    pub by_comparing: u64,
    /// Distances that were computed.
    pub evaluations: u64,
}

/// What all graphs are like now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphCounts {
    pub loading: usize,
    pub building: usize,
    pub ready: usize,
    pub failed: usize,
    /// Values that walks find, and those that are scanned until they are linked.
    pub linked: u64,
    pub fresh: u64,
    pub bytes: u64,
}

impl Registry {
    /// A search has ended.
    pub fn note_search(&self, method: Method, evaluations: u64) {
        let searches = &self.0.searches;
        let counter = match method {
            Method::Graph => &searches.by_graph,
            Method::Lists => &searches.by_lists,
            Method::Exact => &searches.by_comparing,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        searches.evaluations.fetch_add(evaluations, Ordering::Relaxed);
    }

    pub fn search_counts(&self) -> SearchCounts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let searches = &self.0.searches;
        SearchCounts {
            by_graph: get(&searches.by_graph),
            by_lists: get(&searches.by_lists),
            by_comparing: get(&searches.by_comparing),
            evaluations: get(&searches.evaluations),
        }
    }

    pub fn graph_counts(&self) -> GraphCounts {
        let mut counts = GraphCounts::default();
        for cache in self.0.caches() {
            match cache.phase() {
                Phase::Loading => counts.loading += 1,
                Phase::Building => counts.building += 1,
                Phase::Ready => counts.ready += 1,
                Phase::Failed => counts.failed += 1,
            }
            if let Some(stats) = cache.graph().map(|graph| graph.stats()) {
                counts.linked += u64::from(stats.linked);
                counts.fresh += u64::from(stats.fresh);
                counts.bytes += stats.bytes as u64;
            }
        }
        counts
    }

    /// Begins to keep graphs: called once, before the first commit.
    pub fn start(transactions: &Transactions, options: Options) -> Result<Registry> {
        let registry = Registry(Arc::new(Inner {
            transactions: transactions.downgrade(),
            budget: Arc::new(Budget::new(options.memory)),
            options,
            caches: RwLock::default(),
            tables: RwLock::default(),
            watched: ArcSwap::default(),
            told: AtomicU64::new(0),
            published: AtomicU64::new(0),
            catalogs: ArcSwapOption::empty(),
            due: Mutex::new(0),
            searches: Searches::default(),
            is_due: Condvar::new(),
            is_closed: AtomicBool::new(false),
        }));
        transactions.set_observer(Arc::new(registry.clone()));
        worker::start(&registry.0)?;
        Ok(registry)
    }

    /// The registry that was told of all commits up to an instant.
    pub fn of(published: &Published) -> Option<&Registry> {
        published.observer()?.as_any().downcast_ref()
    }

    /// Takes another limit.
    pub fn set_memory(&self, bytes: u64) {
        self.0.budget.set_max(bytes);
        self.0.wake();
    }

    /// Ends the work in the background; searches go on.
    pub fn close(&self) {
        self.0.is_closed.store(true, Ordering::Release);
        self.0.wake();
    }

    pub(super) fn cache(&self, storage_id: u32) -> Option<Arc<Cache>> {
        self.0.caches.read().get(&storage_id).cloned()
    }

    pub(super) fn matching(&self, table: u32) -> Option<Arc<Matching>> {
        self.0.tables.read().get(&table).cloned()
    }

    /// Builds the graph of an index whose entries the present transaction has written. It
    /// is kept when that commits: [`Built::activate`]. None where it does not fit.
    pub(super) fn build(
        &self,
        index: &IndexInfo,
        building: Building,
        (overlay, bulk_loads): (&Overlay, u64),
        look: load::Look<'_>,
    ) -> Result<Option<Built>> {
        let Some(spec) = spec_of(index) else { return Ok(None) };
        let storage_id = index.storage_id();
        let mut cache = Cache::new(storage_id, spec, Phase::Building, self.0.budget.clone());
        cache.building = Some(building);
        let built = Built {
            registry: self.clone(),
            cache: self.0.add(cache),
            is_active: AtomicBool::new(false),
            bulk_loads,
        };
        match load::build(&built.cache, overlay, self.0.options.threads, look) {
            Ok(()) => Ok(Some(built)),
            Err(error) if error.code() == sqlstate::OUT_OF_MEMORY => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Entries that an index has, if its graph knows.
    pub fn entries(&self, storage_id: u32) -> Option<u64> {
        let cache = self.cache(storage_id)?;
        cache.idle_feeder().map(|feeder| feeder.len() as u64)
    }

    /// The builds that run: who runs them, and how many values are linked.
    pub fn builds(&self) -> Vec<(Building, u64)> {
        let caches = self.0.caches();
        let running = caches.iter().filter(|cache| cache.phase() == Phase::Building);
        let linked = |cache: &Arc<Cache>| cache.graph().map_or(0, |graph| graph.stats().linked);
        running.filter_map(|cache| Some((cache.building?, linked(cache).into()))).collect()
    }

    /// The newest committed instant.
    pub(super) fn newest(&self) -> Option<Arc<Published>> {
        self.0.transactions.upgrade().map(|transactions| transactions.published())
    }

    /// What there is of an index's graph; none where it is not known.
    pub fn status(&self, storage_id: u32) -> Option<Status> {
        let cache = self.cache(storage_id)?;
        let phase = cache.phase();
        let stats = cache.graph().map(|graph| graph.stats());
        let (linked, fresh) = stats.map_or((0, 0), |stats| (stats.linked, stats.fresh));
        let failure = cache.failure.lock().clone();
        Some(Status {
            phase: match phase {
                Phase::Loading => "loading",
                Phase::Building => "building",
                Phase::Ready => "ready",
                Phase::Failed => "failed",
            },
            rows: cache.idle_feeder().map_or(0, |feeder| feeder.len() as u64),
            linked: linked.into(),
            fresh: fresh.into(),
            dead: cache.dead.load(Ordering::Relaxed),
            bytes: stats.map_or(0, |stats| stats.bytes as u64),
            recall: cache.recall(),
            failure,
        })
    }

    /// Keeps the graph of an index that no catalog has.
    #[cfg(test)]
    pub(super) fn watch(&self, storage_id: u32, spec: Spec) {
        self.0.add(Cache::new(storage_id, spec, Phase::Loading, self.0.budget.clone()));
        self.0.wake();
    }

    /// Repairs and saves now what is to be.
    #[cfg(test)]
    pub(super) fn keep_up_now(&self, storage_id: u32) {
        let (Some(cache), Some(transactions)) =
            (self.cache(storage_id), self.0.transactions.upgrade())
        else {
            return;
        };
        worker::repair(&self.0, &cache, &transactions);
        super::pages::save(&cache, &transactions).expect("saved");
    }

    /// Waits until the graphs of all committed indexes are ready and linked, or have failed;
    /// for tests and measurements. False if that takes longer.
    pub fn settle(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        while Instant::now() < until {
            self.0.wake();
            std::thread::sleep(Duration::from_millis(20));
            if self.0.is_settled() {
                return true;
            }
        }
        false
    }
}

impl Inner {
    fn add(&self, cache: Cache) -> Arc<Cache> {
        let cache = Arc::new(cache);
        let mut caches = self.caches.write();
        caches.insert(cache.storage_id, cache.clone());
        self.watch(&caches, &self.tables.read());
        cache
    }

    pub(super) fn forget(&self, cache: &Arc<Cache>) {
        let mut caches = self.caches.write();
        if caches.get(&cache.storage_id).is_some_and(|known| Arc::ptr_eq(known, cache)) {
            caches.remove(&cache.storage_id);
            self.watch(&caches, &self.tables.read());
        }
    }

    /// Both are locked, the caches first.
    fn watch(&self, caches: &HashMap<u32, Arc<Cache>>, tables: &HashMap<u32, Arc<Matching>>) {
        let indexes = caches.keys().copied().collect();
        let tables = tables.keys().copied().collect();
        self.watched.store(Arc::new(Watched { indexes, tables }));
    }

    /// Watches these tables' rows, and remembers what is asked of them from then on.
    fn watch_tables(&self, wanted: &HashSet<u32>) {
        {
            let caches = self.caches.read();
            let mut tables = self.tables.write();
            tables.retain(|table, _| wanted.contains(table));
            for table in wanted {
                tables.entry(*table).or_default();
            }
            self.watch(&caches, &tables);
        }
        // Commits that are told by what was watched before are over then.
        let before = self.told.load(Ordering::SeqCst);
        let until = Instant::now() + TOLD_WAIT;
        while self.published.load(Ordering::SeqCst) < before {
            if Instant::now() > until {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(transactions) = self.transactions.upgrade() {
            let from = transactions.published().commit_ts;
            self.tables.read().values().for_each(|matching| matching.begin(from));
        }
    }

    pub(super) fn caches(&self) -> Vec<Arc<Cache>> {
        self.caches.read().values().cloned().collect()
    }

    pub(super) fn wake(&self) {
        *self.due.lock() += 1;
        self.is_due.notify_all();
    }

    /// Waits until something is due that was not before, but not longer than so.
    pub(super) fn wait(&self, seen: &mut u64, most: Duration) {
        let mut due = self.due.lock();
        if *due == *seen {
            self.is_due.wait_for(&mut due, most);
        }
        *seen = *due;
    }

    /// The newest committed catalogs, once there are any.
    pub(super) fn catalogs(&self) -> Option<Arc<Attachment>> {
        self.catalogs.load_full()
    }

    /// Makes the caches those of the committed indexes: new ones are to be loaded.
    pub(super) fn follow(&self, catalogs: &Attachment) {
        let Some(cluster) = catalogs.downcast_ref::<Cluster>() else { return };
        let mut wanted = HashMap::new();
        let mut tables = HashSet::new();
        for catalog in cluster.catalogs() {
            for relation in catalog.relations().filter(|relation| has_graph(relation)) {
                if let Some(spec) = spec_of_relation(catalog, relation) {
                    wanted.insert(relation.storage_id, spec);
                    tables.extend(table_of(catalog, relation));
                }
            }
        }
        self.watch_tables(&tables);
        for cache in self.caches() {
            if !wanted.contains_key(&cache.storage_id) && cache.phase() != Phase::Building {
                self.forget(&cache);
            }
        }
        for (storage_id, spec) in wanted {
            if !self.caches.read().contains_key(&storage_id) {
                self.add(Cache::new(storage_id, spec, Phase::Loading, self.budget.clone()));
            }
        }
    }

    fn is_settled(&self) -> bool {
        if let Some(catalogs) = self.catalogs() {
            self.follow(&catalogs);
        }
        self.caches().iter().all(|cache| match cache.phase() {
            Phase::Ready => cache.graph().is_none_or(|graph| graph.stats().fresh == 0),
            Phase::Failed => true,
            Phase::Loading | Phase::Building => false,
        })
    }
}

impl Observer for Registry {
    fn watched(&self) -> Arc<Watched> {
        self.0.told.fetch_add(1, Ordering::SeqCst);
        self.0.watched.load_full()
    }

    fn rows_changed(&self, table: u32, commit_ts: u64, rows: ChangedRows<'_>) {
        if let Some(matching) = self.matching(table) {
            matching.changed(commit_ts, rows);
        }
    }

    fn rows_loaded(&self, table: u32, commit_ts: u64) {
        if let Some(matching) = self.matching(table) {
            matching.loaded(commit_ts);
        }
    }

    fn changed(&self, index: u32, commit_ts: u64, entries: ChangedEntries<'_>) {
        if let Some(cache) = self.cache(index) {
            cache.changed(commit_ts, entries);
        }
    }

    fn loaded(&self, index: u32, commit_ts: u64) {
        if let Some(cache) = self.cache(index) {
            cache.loaded(commit_ts);
            self.0.wake();
        }
    }

    fn published(&self, attachment: &Attachment) {
        self.0.published.store(self.0.told.load(Ordering::SeqCst), Ordering::SeqCst);
        let known = self.0.catalogs.load();
        if known.as_deref().is_none_or(|known| !Arc::ptr_eq(known, attachment)) {
            self.0.catalogs.store(Some(Arc::new(attachment.clone())));
            self.0.wake();
        }
    }

    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
}

/// A graph that a transaction has built; dropped before [`Built::activate`], it goes.
pub struct Built {
    registry: Registry,
    cache: Arc<Cache>,
    is_active: AtomicBool,
    /// How often its transaction had written past the committer by then.
    bulk_loads: u64,
}

impl Built {
    /// The transaction has committed, having written past the committer so often.
    pub fn activate(&self, commit_ts: u64, bulk_loads: u64) {
        // If it is not complete, the worker reads what is missing.
        match bulk_loads == self.bulk_loads {
            true => match self.cache.activate(commit_ts) {
                Ok(true) => {}
                Ok(false) => self.cache.miss(),
                Err(error) => self.cache.fail(&error),
            },
            false => self.cache.miss(),
        }
        self.is_active.store(true, Ordering::Release);
        self.registry.0.wake();
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        if !self.is_active.load(Ordering::Acquire) {
            self.registry.0.forget(&self.cache);
        }
    }
}

/// Whether a relation is an index of its own with a graph.
fn has_graph(relation: &Relation) -> bool {
    match &relation.kind {
        RelationKind::Index(index) => {
            matches!(&*index.access_method, HNSW | IVFFLAT)
                && !relation.inheritance.index_of_partitioned
                && index.ready
        }
        _ => false,
    }
}

/// The storage of an index's table.
fn table_of(catalog: &Catalog, index: &Relation) -> Option<u32> {
    match &index.kind {
        RelationKind::Index(index) => Some(catalog.relation(index.table)?.storage_id),
        _ => None,
    }
}

fn spec_of_relation(catalog: &Catalog, relation: &Arc<Relation>) -> Option<Spec> {
    spec_of(&IndexInfo::new(catalog, relation).ok()?)
}

/// What an index's graph is made for; none for values whose dimensions are not known.
pub(super) fn spec_of(index: &IndexInfo) -> Option<Spec> {
    use super::class::Element;
    let class = index.vector_class()?;
    let key = index.keys.first()?;
    let dims = usize::try_from(key.ty.typmod).ok().filter(|dims| *dims > 0);
    let dims = match class.element {
        Element::Sparse => 0,
        _ => dims?,
    };
    let VectorOptions { m, ef_construction, lists } = VectorOptions::of(&index.relation);
    let is_by_lists =
        index.access_method == IVFFLAT && matches!(class.element, Element::Vector | Element::Half);
    let lists = if is_by_lists { lists } else { 0 };
    Some(Spec { class, dims, m, ef_construction, lists })
}
