//! Inverted lists in memory: `ivfflat` over dense vectors, in the place of a graph.
//!
//! Of bit strings, which `ivfflat` takes too, there is a graph: it finds more.

use zserver_vector::codes::Quantizer;
use zserver_vector::graph::Repair;
use zserver_vector::index::{Found, Stats};
use zserver_vector::ivf::{Inverted, Lists, Probe};
use zserver_vector::slots::{NEVER, Timestamp};
use zserver_vector::space::{Dense, Element, Space};
use zserver_vector::{Hit, Metric};

use super::graph::{Ask, Filter, Graph, Shape, Spec, Walk, no_slot};
use super::point::{Point, damaged};
use crate::error::{Error, Result};
use crate::sql::types::vector::Value;

/// Distances that training may compute, about: it is bounded whatever was asked for.
const TRAINING_DISTANCES: usize = 1 << 25;
/// Rounds of training at most.
const ROUNDS: usize = 20;
/// Values of a sample for each list, as in pgvector.
const SAMPLE_PER_LIST: usize = 50;

/// Values to train so many lists by.
pub(super) fn sample_size(lists: usize) -> usize {
    let affordable = TRAINING_DISTANCES / (lists.max(1) * ROUNDS);
    (SAMPLE_PER_LIST * lists).min(affordable.max(4 * lists))
}

/// Centres of a sample.
pub(super) fn train(spec: &Spec, sample: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let sample = &sample[..sample.len().min(sample_size(spec.lists))];
    Lists::train(spec.metric(), spec.lists, spec.dims, sample).centres().to_vec()
}

/// How a space takes dense values.
pub(super) trait Taken: Element {
    fn take(point: &Point) -> Option<&[Self]>;
}

impl Taken for f32 {
    fn take(point: &Point) -> Option<&[f32]> {
        match point {
            Point::Vector(Value::Vector(elements)) => Some(elements),
            _ => None,
        }
    }
}

impl Taken for u16 {
    fn take(point: &Point) -> Option<&[u16]> {
        match point {
            Point::Vector(Value::Half(elements)) => Some(elements),
            _ => None,
        }
    }
}

/// An empty index by the centres of a shape.
pub(super) fn make<E: Taken>(
    quantizer: Quantizer,
    metric: Metric,
    shape: &Shape,
) -> Box<dyn Graph> {
    let dims = quantizer.dims();
    let centres = match shape.centres.is_empty() {
        true => vec![vec![0.0; dims]],
        false => shape.centres.clone(),
    };
    let lists = Lists::restore(metric, centres);
    Box::new(ByLists { index: Inverted::new(Dense::<E>::new(quantizer), lists), dims })
}

struct ByLists<E: Taken> {
    index: Inverted<E>,
    dims: usize,
}

impl<E: Taken> ByLists<E> {
    fn value<'p>(&self, point: &'p Point) -> Result<&'p [E]> {
        E::take(point).filter(|elements| elements.len() == self.dims).ok_or_else(damaged)
    }
}

impl<E: Taken> Graph for ByLists<E> {
    fn insert(&self, stored: &[u8], rid: u64, begin: Timestamp) -> Result<u32> {
        let point = Point::of_entry(stored)?;
        self.index.insert(self.value(&point)?, rid, begin).map_err(no_slot)
    }

    fn restore(&self, slot: u32, stored: &[u8], rid: u64, begin: Timestamp) -> Result<()> {
        let point = Point::of_entry(stored)?;
        self.index.restore(slot, self.value(&point)?, rid, begin, NEVER).map_err(no_slot)
    }

    fn delete(&self, slot: u32, end: Timestamp) {
        self.index.delete(slot, end);
    }

    fn rid(&self, slot: u32) -> u64 {
        self.index.slots().row_id(slot)
    }

    fn is_visible(&self, slot: u32, at: Timestamp) -> bool {
        self.index.slots().visible(slot, at)
    }

    fn search(&self, query: &Point, ask: Ask<'_>) -> Result<Found> {
        let value = self.value(query)?;
        let query = self.index.space().query(value);
        let Ask { k, ef, at, filter, listed } = ask;
        if let Some(listed) = listed {
            let hits = self.index.compare(&query, listed.slots, k, at, filter);
            return Ok(Found { hits, is_exact: true, evaluations: 0 });
        }
        let mut order = self.index.lists().order(&E::widen(value));
        let is_exact = ef >= order.len();
        order.truncate(ef.max(1));
        let evaluations = order.iter().map(|list| self.index.lists().slots(*list).len() as u64);
        let evaluations = evaluations.sum();
        let hits = self.index.search(&query, &order, k, at, filter);
        Ok(Found { hits, is_exact, evaluations })
    }

    fn walk(&self, query: &Point, at: Timestamp) -> Result<Box<dyn Walk>> {
        let value = self.value(query)?;
        let query = self.index.space().query(value);
        Ok(Box::new(ByProbes { probe: self.index.probe(query, value, at) }))
    }

    fn link(&self, limit: usize) -> Result<usize> {
        Ok(self.index.link(limit))
    }

    fn stats(&self) -> Stats {
        self.index.stats()
    }

    fn has_lists(&self) -> bool {
        true
    }

    fn recall(&self, at: Timestamp, sample: u32) -> Option<f64> {
        let slots = self.index.slots();
        let every: Vec<usize> = (0..self.index.lists().centres().len()).collect();
        let (mut found, mut asked) = (0usize, 0usize);
        let step = (slots.reserved() / sample.max(1)).max(1) as usize;
        for slot in (0..slots.reserved()).step_by(step) {
            if !slots.visible(slot, at) {
                continue;
            }
            let query = self.index.space().stored(slot);
            let mut order = self.index.lists().order(&E::widen(&self.index.space().vector(slot)));
            let exact = self.index.search(&query, &every, 10, at, None);
            order.truncate(1);
            let quick = self.index.search(&query, &order, 10, at, None);
            let Some(last) = exact.last() else { continue };
            asked += exact.len();
            found += quick.iter().filter(|hit| hit.distance <= last.distance).count();
        }
        (asked > 0).then(|| found as f64 / asked as f64)
    }

    fn shape(&self) -> Shape {
        let mean = self.index.space().quantizer().mean().to_vec();
        Shape { mean, is_plain: false, centres: self.index.lists().centres().to_vec() }
    }

    fn take_dirty(&self) -> Vec<u32> {
        self.index.take_dirty()
    }

    fn mark_dirty(&self, page: u32) {
        self.index.mark_page(page);
    }

    fn page(&self, page: u32) -> Vec<u8> {
        self.index.page(page)
    }

    fn is_linked(&self, slot: u32) -> bool {
        self.index.is_linked(slot)
    }

    fn load_page(&self, page: u32, bytes: &[u8]) -> Result<()> {
        let loaded = self.index.load_page(page, bytes);
        loaded.ok_or_else(|| Error::data_corrupted(format!("page {page} of inverted lists")))
    }

    fn finish_loading(&self) {
        self.index.finish_loading();
    }

    fn begin_repair(&self, horizon: Timestamp) -> Option<Repair> {
        self.index.repair(horizon);
        None
    }

    fn repair(&self, _: &mut Repair, _: u32) -> bool {
        true
    }

    fn as_any(&self) -> &(dyn std::any::Any + Send + Sync) {
        self
    }
}

struct ByProbes<E: Taken> {
    probe: Probe<E>,
}

impl<E: Taken> Walk for ByProbes<E> {
    fn next_batch(
        &mut self,
        graph: &dyn Graph,
        (count, breadth): (usize, usize),
        filter: Filter<'_>,
    ) -> Vec<Hit> {
        match graph.as_any().downcast_ref::<ByLists<E>>() {
            Some(by_lists) => self.probe.next_batch(&by_lists.index, count, breadth, filter),
            None => Vec::new(),
        }
    }

    fn skip(&mut self, slots: &[u32]) {
        self.probe.skip(slots.iter().copied());
    }

    fn evaluations(&self) -> u64 {
        self.probe.compared()
    }
}
