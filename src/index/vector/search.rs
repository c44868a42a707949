//! A search: what a scan node asks of a vector index, and what it is answered.
//!
//! A graph answers where there is one for the snapshot; what the transaction itself has
//! written is compared exactly and merged, and what it has changed is not taken from the
//! graph. In all other cases entries are read ([`exact`](super::exact)).

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::cache::Cache;
use super::class::Class;
use super::exact::{Exact, Ranked};
use super::graph::{Ask, Graph, Walk};
use super::matching::Known;
use super::point::{Point, Ruler, damaged};
use super::registry::Registry;
use crate::error::{Error, Result};
use crate::index::IndexInfo;
use crate::sql::types::Datum;
use crate::storage::key;
use crate::txn::{Keyspace, Overlay, OwnEntries, Published};

/// Rows of a filter that are compared one by one rather than met on a walk.
pub(super) const LISTED_MAX: usize = 20_000;
/// Slots that are compared in the time of one that a walk meets: its neighbours' distances,
/// in no order, and their places.
const COMPARED_PER_MET: usize = 48;
/// Rows whose slots are looked up before commits go on.
const ROWS_PER_LOCK: usize = 1_000;

/// What is looked for.
#[derive(Clone)]
pub struct Request {
    /// A value of the index's type and dimensions; not NULL.
    pub query: Datum,
    /// How widely each batch looks: `hnsw.ef_search` or `ivfflat.probes`.
    pub breadth: usize,
    /// Rows by rid, ascending, that alone are to be found; none for all.
    pub filter: Option<Arc<Vec<u64>>>,
    /// The same, where it is known of the slots.
    pub known: Option<Known>,
    /// Neighbours after which the search may end although there are more
    /// (`hnsw.max_scan_tuples`); none for never.
    pub max_scan: Option<u64>,
    /// Ends a long search with `57014`.
    pub cancel: CancellationToken,
}

/// One row found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    pub rid: u64,
    /// What the operator returns for the row's value.
    pub distance: f64,
}

/// How a search finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a walk through the graph, and the exact distances of the best.
    Graph,
    /// By comparing all that matches.
    Exact,
    /// By comparing what the nearest lists hold.
    Lists,
}

/// What a search has cost so far, for EXPLAIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    pub method: Method,
    /// Distances that were computed.
    pub evaluations: u64,
    /// Values that are not in the graph yet and were compared one by one.
    pub fresh: u64,
    /// Neighbours that were returned.
    pub returned: u64,
}

/// A search under way. It owns what it reads, may go to other threads and outlive its
/// statement's other parts.
pub struct Search {
    way: Way,
    returned: u64,
    max_scan: u64,
}

#[allow(clippy::large_enum_variant, reason = "one a search")]
enum Way {
    Exact(Exact),
    Graph(GraphSearch),
}

/// Begins a search of a valid index over what the overlay sees, own writes included.
pub fn open(index: &IndexInfo, overlay: &Overlay, request: Request) -> Result<Search> {
    let class = index
        .vector_class()
        .ok_or_else(|| Error::internal(format!("\"{}\" is no vector index", index.name())))?;
    begin(index.storage_id(), class, overlay, request)
}

/// The same of an index by its storage.
pub(super) fn begin(
    storage_id: u32,
    class: Class,
    overlay: &Overlay,
    request: Request,
) -> Result<Search> {
    let query = Point::of_query(class, &request.query)?;
    let max_scan = request.max_scan.unwrap_or(u64::MAX);
    let found = match &request.known {
        Some(known) => Some((known.cache.clone(), known.graph.clone())),
        None => graph_of(storage_id, overlay.published(), &query),
    };
    let way = match found.zip(overlay.own_entries(storage_id)) {
        Some(((cache, graph), own)) => {
            overlay.note_range(Keyspace::Indexes, &key::index(storage_id))?;
            let found = (cache, graph, class);
            Some(GraphSearch::new(found, overlay, query.clone(), own, &request)?)
        }
        None => None,
    };
    let way = match way {
        Some(search) => Way::Graph(search),
        None => Way::Exact(Exact::new(
            storage_id,
            overlay.clone(),
            Ruler::new(class, query),
            request.known.map(|known| known.rids()).or(request.filter),
            request.cancel,
        )),
    };
    Ok(Search { way, returned: 0, max_scan })
}

type SharedGraph = Arc<Box<dyn Graph>>;

/// The graph that answers a snapshot.
fn graph_of(
    storage_id: u32,
    published: &Published,
    query: &Point,
) -> Option<(Arc<Cache>, SharedGraph)> {
    let cache = Registry::of(published)?.cache(storage_id)?;
    let graph = cache.answering(published.commit_ts)?;
    // A query of other dimensions gets its error from the entries.
    let fits = cache.spec.dims == 0 || cache.spec.dims == query.dims();
    fits.then_some((cache, graph))
}

impl Search {
    /// The next neighbours, about `count` of them: nearest first within the batch. None
    /// when everything that matches was returned, or `max_scan` of it.
    pub fn next_batch(&mut self, count: usize) -> Result<Vec<Neighbour>> {
        if self.returned >= self.max_scan {
            return Ok(Vec::new());
        }
        let found = match &mut self.way {
            Way::Exact(exact) => exact.next_batch(count.max(1))?,
            Way::Graph(graph) => graph.next_batch(count.max(1))?,
        };
        self.returned += found.len() as u64;
        Ok(found)
    }

    pub fn figures(&self) -> Figures {
        let returned = self.returned;
        match &self.way {
            Way::Exact(exact) => Figures {
                method: Method::Exact,
                evaluations: exact.evaluations,
                fresh: 0,
                returned,
            },
            Way::Graph(graph) => Figures {
                method: match (graph.is_exact, graph.graph.has_lists()) {
                    (true, _) => Method::Exact,
                    (false, true) => Method::Lists,
                    (false, false) => Method::Graph,
                },
                evaluations: graph.evaluations
                    + graph.walk.as_ref().map_or(0, |it| it.evaluations()),
                fresh: u64::from(graph.graph.stats().fresh),
                returned,
            },
        }
    }
}

/// A search of a graph, merged with the transaction's own writes.
struct GraphSearch {
    cache: Arc<Cache>,
    graph: SharedGraph,
    /// Holds the snapshot, and with it the slots that it sees.
    overlay: Overlay,
    query: Point,
    ruler: Ruler,
    breadth: usize,
    filter: Option<Arc<Vec<u64>>>,
    known: Option<Known>,
    cancel: CancellationToken,
    /// Rows that the transaction has changed.
    hidden: HashSet<u64>,
    /// Their own values, and what else was compared one by one; nearest first.
    own: VecDeque<Neighbour>,
    /// Begun when the first batch was not enough.
    walk: Option<Box<dyn Walk>>,
    /// Slots of the first batch.
    first: Option<Vec<u32>>,
    /// Of the rows that are known to pass, compared one by one.
    given: usize,
    /// The graph has no more.
    is_over: bool,
    is_exact: bool,
    evaluations: u64,
}

impl GraphSearch {
    fn new(
        (cache, graph, class): (Arc<Cache>, SharedGraph, Class),
        overlay: &Overlay,
        query: Point,
        own: OwnEntries,
        request: &Request,
    ) -> Result<GraphSearch> {
        let mut search = GraphSearch {
            cache,
            graph,
            overlay: overlay.clone(),
            ruler: Ruler::new(class, query.clone()),
            query,
            breadth: request.breadth.max(1),
            filter: request.filter.clone(),
            known: request.known.clone(),
            cancel: request.cancel.clone(),
            hidden: HashSet::new(),
            own: VecDeque::new(),
            walk: None,
            first: None,
            given: 0,
            is_over: false,
            is_exact: false,
            evaluations: 0,
        };
        let mut found = Vec::new();
        for entry in own {
            let (entry_key, value) = entry?;
            let stored = value.as_deref().unwrap_or_default();
            let rid = key::index_rid(&entry_key, stored).ok_or_else(damaged)?;
            search.hidden.insert(rid);
            let matches = || match &search.known {
                Some(known) => known.also.binary_search(&rid).is_ok(),
                None => matches(&search.filter, rid),
            };
            if let Some(value) = value.as_ref().filter(|_| matches()) {
                search.evaluations += 1;
                let distance = search.ruler.distance(value)?;
                found.push(Ranked(Neighbour { rid, distance }));
            }
        }
        if let Some(known) = search.known.as_ref().filter(|known| !known.also.is_empty()) {
            let also = known.also.clone();
            found.extend(search.compare(&also)?);
        }
        search.keep(found);
        Ok(search)
    }

    fn keep(&mut self, found: Vec<Ranked>) {
        let mut all: Vec<Ranked> = self.own.drain(..).map(Ranked).chain(found).collect();
        all.sort_unstable();
        self.own = all.into_iter().map(|ranked| ranked.0).collect();
    }

    fn next_batch(&mut self, count: usize) -> Result<Vec<Neighbour>> {
        loop {
            if self.cancel.is_cancelled() {
                return Err(Error::query_canceled());
            }
            let found = match self.is_over {
                true => Vec::new(),
                false => self.from_graph(count)?,
            };
            let merged = self.merge(found, count);
            if !merged.is_empty() || (self.is_over && self.own.is_empty()) {
                return Ok(merged);
            }
        }
    }

    /// Puts own values in their places; they are all that is left at the end.
    fn merge(&mut self, found: Vec<Neighbour>, count: usize) -> Vec<Neighbour> {
        let mut all: Vec<Ranked> = found.into_iter().map(Ranked).collect();
        let last = all.iter().max().copied();
        while let Some(own) = self.own.front().copied().map(Ranked) {
            let is_due = match last {
                Some(last) if !self.is_over => own <= last,
                Some(last) => own <= last || all.len() < count,
                None => self.is_over && all.len() < count,
            };
            if !is_due {
                break;
            }
            all.push(own);
            self.own.pop_front();
        }
        all.sort_unstable();
        all.into_iter().map(|ranked| ranked.0).collect()
    }

    fn from_graph(&mut self, count: usize) -> Result<Vec<Neighbour>> {
        if let Some(rids) = self.filter.clone().filter(|rids| rids.len() <= LISTED_MAX) {
            let found = self.compare(&rids)?;
            (self.is_over, self.is_exact) = (true, true);
            self.keep(found);
            return Ok(Vec::new());
        }
        // What a walk has begun it ends: it knows what it has returned.
        let is_begun = self.first.is_some() || self.walk.is_some();
        let listed = self.known.as_ref().filter(|known| !is_begun && self.is_cheap(known, count));
        if let Some(known) = listed.cloned() {
            return self.compare_known(&known, count);
        }
        let (hidden, filter) = (&self.hidden, self.filter.as_ref());
        let (graph, known) = (&**self.graph, self.known.as_ref());
        let accept = |slot: u32| {
            if known.is_some_and(|known| !known.has(slot)) {
                return false;
            }
            let rid = graph.rid(slot);
            !hidden.contains(&rid) && filter.is_none_or(|it| it.binary_search(&rid).is_ok())
        };
        let is_open = hidden.is_empty() && filter.is_none() && known.is_none();
        let accept: Option<&(dyn Fn(u32) -> bool + Sync)> =
            if is_open { None } else { Some(&accept) };
        let ef = match graph.has_lists() {
            true => self.breadth,
            false => self.breadth.max(count),
        };
        let hits = match (&mut self.walk, &self.first) {
            (None, None) => {
                let at = self.overlay.published().commit_ts;
                let ask = Ask { k: count, ef, at, filter: accept, listed: None };
                let found = graph.search(&self.query, ask)?;
                self.evaluations += found.evaluations;
                self.is_exact = found.is_exact;
                // A graph returns fewer only where there are fewer, lists where others may be.
                self.is_over = found.hits.len() < count && (found.is_exact || !graph.has_lists());
                self.first = Some(found.hits.iter().map(|hit| hit.slot).collect());
                found.hits
            }
            (None, Some(first)) => {
                let at = self.overlay.published().commit_ts;
                let mut walk = graph.walk(&self.query, at)?;
                walk.skip(first);
                let hits = walk.next_batch(graph, (count, ef), accept);
                self.walk = Some(walk);
                self.is_exact = false;
                hits
            }
            (Some(walk), _) => walk.next_batch(graph, (count, ef), accept),
        };
        self.is_over |= hits.is_empty() && self.walk.is_some();
        let row = |hit: &zserver_vector::Hit| Neighbour {
            rid: graph.rid(hit.slot),
            distance: hit.distance,
        };
        Ok(hits.iter().map(row).collect())
    }

    /// Whether to compare all rows that are known to pass costs less than a walk that takes
    /// no others: it goes on until it has met enough of them.
    fn is_cheap(&self, known: &Known, count: usize) -> bool {
        let rows = known.slots().len();
        let all = known.reach();
        let walked = self.breadth.max(count).saturating_mul(all / rows.max(1) + 1);
        rows <= LISTED_MAX && rows <= walked.saturating_mul(COMPARED_PER_MET)
    }

    /// Compares the rows that are known to pass: the next of them.
    fn compare_known(&mut self, known: &Known, count: usize) -> Result<Vec<Neighbour>> {
        let hidden = &self.hidden;
        let graph = &**self.graph;
        let accept = |slot: u32| {
            !known.is_changed(slot) && (hidden.is_empty() || !hidden.contains(&graph.rid(slot)))
        };
        let slots = known.slots();
        let given = self.given;
        // All of them the second time: who asks for more may go on to do so.
        let k = if given == 0 { count.min(slots.len()) } else { slots.len() };
        let at = self.overlay.published().commit_ts;
        let is_open = hidden.is_empty() && !known.has_changed();
        let filter: Option<&(dyn Fn(u32) -> bool + Sync)> =
            if is_open { None } else { Some(&accept) };
        let ask = Ask { k, ef: 1, at, filter, listed: Some(known.listed()) };
        let found = graph.search(&self.query, ask)?;
        self.evaluations += slots.len() as u64;
        self.is_exact = true;
        self.is_over = found.hits.len() < k || k == slots.len();
        let row = |hit: &zserver_vector::Hit| Neighbour {
            rid: graph.rid(hit.slot),
            distance: hit.distance,
        };
        let next: Vec<Neighbour> = found.hits.iter().skip(given).map(row).collect();
        self.given += next.len();
        Ok(next)
    }

    /// Compares a few rows one by one.
    fn compare(&mut self, rids: &[u64]) -> Result<Vec<Ranked>> {
        let at = self.overlay.published().commit_ts;
        let (mut slots, mut others) = (Vec::with_capacity(rids.len()), Vec::new());
        for some in rids.chunks(ROWS_PER_LOCK) {
            let feeder = self.cache.idle_feeder();
            let newest = |rid: u64| feeder.as_ref().and_then(|feeder| feeder.slot(rid));
            for rid in some.iter().filter(|rid| !self.hidden.contains(*rid)) {
                // The newest value may not be the snapshot's.
                match newest(*rid).filter(|slot| self.graph.is_visible(*slot, at)) {
                    Some(slot) => slots.push(slot),
                    None => others.push(*rid),
                }
            }
        }
        let (hidden, graph) = (&self.hidden, &**self.graph);
        let accept = |slot: u32| {
            let rid = graph.rid(slot);
            !hidden.contains(&rid) && rids.binary_search(&rid).is_ok()
        };
        let listed = Some(slots.as_slice().into());
        let ask = Ask { k: slots.len(), ef: 1, at, filter: Some(&accept), listed };
        let found = graph.search(&self.query, ask)?;
        let row = |hit: &zserver_vector::Hit| {
            Ranked(Neighbour { rid: graph.rid(hit.slot), distance: hit.distance })
        };
        let mut all: Vec<Ranked> = found.hits.iter().map(row).collect();
        self.evaluations += (slots.len() + others.len()) as u64;
        for rid in others {
            let entry = key::index_entry(self.cache.storage_id, &[], Some(rid));
            if let Some(value) = self.overlay.get(Keyspace::Indexes, &entry)? {
                all.push(Ranked(Neighbour { rid, distance: self.ruler.distance(&value)? }));
            }
        }
        Ok(all)
    }
}

fn matches(filter: &Option<Arc<Vec<u64>>>, rid: u64) -> bool {
    filter.as_ref().is_none_or(|rids| rids.binary_search(&rid).is_ok())
}
