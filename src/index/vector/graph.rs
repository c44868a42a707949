//! A graph in memory over values of any element: `zserver_vector`'s index behind one type.
//!
//! It takes values as entries have them and knows rows by rid. What it answers are slots
//! with their distances; whoever asks turns them into rows.

use std::borrow::Borrow;

use zserver_vector::codes::Quantizer;
use zserver_vector::exact::Gathered;
use zserver_vector::fidelity::share_found;
use zserver_vector::graph::{Parameters, Repair};
use zserver_vector::index::{Found, Index, Scan, Search, Stats};
use zserver_vector::slots::Timestamp;
use zserver_vector::space::{
    Bits as BitSpace, Dense, Element as Dimension, Listed, OwnedSparse, Plain, Space, SparseSpace,
};
use zserver_vector::{BitMetric, Hit, Metric};

use super::class::{Class, Element, Measure};
use super::lists;
use super::point::{Point, damaged};
use crate::error::{Error, Result};
use crate::sql::types::vector::Value;

/// What a page has room for.
const M_MAX: usize = 100;

/// What an index's graph is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    pub class: Class,
    /// Dimensions, or bits; 0 where values may have any number: of `sparsevec`.
    pub dims: usize,
    pub m: usize,
    pub ef_construction: usize,
    /// Inverted lists in the place of a graph; 0 for a graph.
    pub lists: usize,
}

/// What an index is made by beside its spec: found in its values once, then kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// What codes are relative to; empty where there are none.
    pub(super) mean: Vec<f32>,
    /// Walks compare elements: codes order too badly.
    pub(super) is_plain: bool,
    /// Of inverted lists; none means one list.
    pub(super) centres: Vec<Vec<f32>>,
}

impl Spec {
    pub(super) fn parameters(&self) -> Parameters {
        Parameters::at_least(self.m.min(M_MAX), self.ef_construction)
    }

    /// Bytes of a slot in memory, about: its value, code, lists and tables.
    pub(super) fn slot_bytes(&self) -> u64 {
        let has_codes = matches!(self.class.element, Element::Vector | Element::Half)
            && self.class.measure != Measure::L1;
        let value = match self.class.element {
            // Packed, beside codes.
            Element::Vector if has_codes => 16 + 7 * self.dims.div_ceil(2),
            Element::Vector => 4 * self.dims,
            Element::Half => 2 * self.dims,
            Element::Bit => self.dims.div_ceil(8),
            Element::Sparse => 256,
        };
        let code = if has_codes { 16 + self.dims.next_multiple_of(16) } else { 0 };
        let lists = 4 * (2 * self.parameters().m + 3);
        (value + code + lists + TABLE_BYTES) as u64
    }

    /// Values of a sample for [`shape_of`].
    pub(super) fn sample_size(&self) -> usize {
        SAMPLE.max(lists::sample_size(self.lists))
    }

    pub(super) fn metric(&self) -> Metric {
        match self.class.measure {
            Measure::InnerProduct => Metric::InnerProduct,
            Measure::Cosine => Metric::Cosine,
            Measure::L1 => Metric::L1,
            _ => Metric::L2,
        }
    }
}

/// Values whose mean codes are relative to.
const SAMPLE: usize = 4096;

/// The share of a sample's nearest that codes have to find.
const FIDELITY_MIN: f64 = 0.9;

/// Bytes of a slot's times, rid, hash and place by rid.
const TABLE_BYTES: usize = 64;

/// Which slots a search may return.
pub(super) type Filter<'f> = Option<&'f (dyn Fn(u32) -> bool + Sync)>;

/// A search of a graph.
#[derive(Clone, Copy)]
pub(super) struct Ask<'f> {
    pub(super) k: usize,
    pub(super) ef: usize,
    pub(super) at: Timestamp,
    pub(super) filter: Filter<'f>,
    pub(super) listed: Option<Listed<'f>>,
}

/// A search in batches.
pub(super) trait Walk: Send + Sync {
    /// See [`Scan::next_batch`]; the graph is the one that began it.
    /// About `count` are asked for, and it is to look as widely as `breadth`.
    fn next_batch(
        &mut self,
        graph: &dyn Graph,
        count_and_breadth: (usize, usize),
        filter: Filter<'_>,
    ) -> Vec<Hit>;
    fn skip(&mut self, slots: &[u32]);
    fn evaluations(&self) -> u64;
}

pub(super) trait Graph: Send + Sync {
    /// Adds the value of an entry.
    fn insert(&self, stored: &[u8], rid: u64, begin: Timestamp) -> Result<u32>;
    /// Puts a value back into its slot; before searches begin.
    fn restore(&self, slot: u32, stored: &[u8], rid: u64, begin: Timestamp) -> Result<()>;
    fn delete(&self, slot: u32, end: Timestamp);
    fn rid(&self, slot: u32) -> u64;
    fn is_visible(&self, slot: u32, at: Timestamp) -> bool;
    fn search(&self, query: &Point, ask: Ask<'_>) -> Result<Found>;
    /// See [`Listed`]; none where it makes nothing quicker.
    fn gather(&self, _slots: &[u32]) -> Option<Gathered> {
        None
    }
    fn walk(&self, query: &Point, at: Timestamp) -> Result<Box<dyn Walk>>;
    fn link(&self, limit: usize) -> Result<usize>;
    fn stats(&self) -> Stats;
    /// The share of the ten nearest that searches of 40 candidates find, for about so many
    /// of the values; none where there are none. Not while slots are repaired.
    fn recall(&self, at: Timestamp, sample: u32) -> Option<f64>;
    fn shape(&self) -> Shape;
    /// Whether it is by lists.
    fn has_lists(&self) -> bool {
        false
    }
    fn take_dirty(&self) -> Vec<u32>;
    fn mark_dirty(&self, page: u32);
    fn page(&self, page: u32) -> Vec<u8>;
    fn is_linked(&self, slot: u32) -> bool;
    fn load_page(&self, page: u32, bytes: &[u8]) -> Result<()>;
    fn finish_loading(&self);
    fn begin_repair(&self, horizon: Timestamp) -> Option<Repair>;
    fn repair(&self, repair: &mut Repair, limit: u32) -> bool;
    /// For [`Walk`] to find the graph that it began with.
    fn as_any(&self) -> &(dyn std::any::Any + Send + Sync);
}

/// An empty graph, or empty lists.
pub(super) fn make(spec: &Spec, shape: &Shape) -> Result<Box<dyn Graph>> {
    let (dims, parameters) = (spec.dims, spec.parameters());
    let quantizer = || {
        Quantizer::restore(dims, spec.metric(), shape.mean.clone())
            .ok_or_else(|| Error::data_corrupted("the mean of a vector index"))
    };
    if spec.lists > 0 {
        match spec.class.element {
            Element::Vector => return Ok(lists::make::<f32>(quantizer()?, spec.metric(), shape)),
            Element::Half => return Ok(lists::make::<u16>(quantizer()?, spec.metric(), shape)),
            Element::Sparse | Element::Bit => {}
        }
    }
    let is_plain = shape.is_plain || spec.class.measure == Measure::L1;
    let metric = spec.metric();
    Ok(match spec.class.element {
        Element::Vector if is_plain => typed(Plain::<f32>::new(dims, metric), dims, parameters),
        Element::Half if is_plain => typed(Plain::<u16>::new(dims, metric), dims, parameters),
        Element::Vector => typed(Dense::<f32>::new(quantizer()?), dims, parameters),
        Element::Half => typed(Dense::<u16>::new(quantizer()?), dims, parameters),
        Element::Sparse => typed(SparseSpace::new(spec.metric()), dims, parameters),
        Element::Bit => {
            let metric = match spec.class.measure {
                Measure::Jaccard => BitMetric::Jaccard,
                _ => BitMetric::Hamming,
            };
            typed(BitSpace::new(dims.div_ceil(8), metric), dims, parameters)
        }
    })
}

/// The mean of values, where codes gain by one, and centres for lists.
pub(super) fn shape_of(spec: &Spec, sample: &[Point]) -> Shape {
    let is_dense = matches!(spec.class.element, Element::Vector | Element::Half);
    if !is_dense || spec.class.measure == Measure::L1 {
        return Shape::default();
    }
    let widened: Vec<Vec<f32>> = sample
        .iter()
        .filter_map(|point| match point {
            Point::Vector(Value::Vector(elements)) => Some(elements.to_vec()),
            Point::Vector(Value::Half(elements)) => Some(<u16 as Dimension>::widen(elements)),
            _ => None,
        })
        .collect();
    let sample = widened.iter().take(SAMPLE).map(Vec::as_slice);
    let quantizer = Quantizer::new(spec.dims, spec.metric(), sample);
    let centres = match spec.lists {
        0 => Vec::new(),
        _ => lists::train(spec, &widened),
    };
    // Lists compare all that they hold, exactly.
    let is_plain = spec.lists == 0 && share_found(&quantizer, &widened) < FIDELITY_MIN;
    Shape { mean: quantizer.mean().to_vec(), is_plain, centres }
}

fn typed<S: Kept>(space: S, dims: usize, parameters: Parameters) -> Box<dyn Graph> {
    Box::new(Typed { index: Index::new(space, parameters), dims })
}

struct Typed<S: Space> {
    index: Index<S>,
    dims: usize,
}

/// How a space takes values.
trait Kept: Space<Query: 'static> + Sized + 'static {
    type Owned: Borrow<Self::Value>;

    /// None for a value of another type.
    fn take(point: Point) -> Option<Self::Owned>;
}

macro_rules! dense {
    ($($space:ty, $element:ty, $variant:ident;)*) => {$(
        impl Kept for $space {
            type Owned = std::sync::Arc<[$element]>;

            fn take(point: Point) -> Option<Self::Owned> {
                match point {
                    Point::Vector(Value::$variant(elements)) => Some(elements),
                    _ => None,
                }
            }
        }
    )*};
}

dense! {
    Dense<f32>, f32, Vector;
    Plain<f32>, f32, Vector;
    Dense<u16>, u16, Half;
    Plain<u16>, u16, Half;
}

impl Kept for SparseSpace {
    type Owned = OwnedSparse;

    fn take(point: Point) -> Option<OwnedSparse> {
        match point {
            Point::Vector(Value::Sparse(sparse)) => Some(sparse.pairs.clone()),
            _ => None,
        }
    }
}

impl Kept for BitSpace {
    type Owned = Vec<u8>;

    fn take(point: Point) -> Option<Vec<u8>> {
        match point {
            Point::Bits(bits) => Some(bits.bytes().to_vec()),
            _ => None,
        }
    }
}

impl<S: Kept> Typed<S> {
    fn value(&self, point: Point) -> Result<S::Owned> {
        if self.dims != 0 && point.dims() != self.dims {
            return Err(damaged());
        }
        S::take(point).ok_or_else(damaged)
    }

    /// The value of an entry.
    fn read(&self, stored: &[u8]) -> Result<S::Owned> {
        self.value(Point::of_entry(stored)?)
    }

    fn query(&self, point: &Point) -> Result<S::Query> {
        let value = self.value(point.clone())?;
        Ok(self.index.space().query(value.borrow()))
    }
}

/// Slots or memory ran out.
pub(super) fn no_slot(error: zserver_vector::slots::NoSlot) -> Error {
    Error::out_of_memory(error.to_string())
}

impl<S: Kept> Graph for Typed<S> {
    fn insert(&self, stored: &[u8], rid: u64, begin: Timestamp) -> Result<u32> {
        let value = self.read(stored)?;
        self.index.insert(value.borrow(), rid, begin).map_err(no_slot)
    }

    fn restore(&self, slot: u32, stored: &[u8], rid: u64, begin: Timestamp) -> Result<()> {
        let value = self.read(stored)?;
        let never = zserver_vector::slots::NEVER;
        self.index.restore(slot, value.borrow(), rid, begin, never).map_err(no_slot)
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
        let query = self.query(query)?;
        let Ask { k, ef, at, filter, listed } = ask;
        Ok(self.index.search(&query, &Search { k, ef, at, filter, listed }))
    }

    fn gather(&self, slots: &[u32]) -> Option<Gathered> {
        self.index.gather(slots)
    }

    fn walk(&self, query: &Point, at: Timestamp) -> Result<Box<dyn Walk>> {
        let query = self.query(query)?;
        Ok(Box::new(TypedWalk { scan: self.index.scan(query, at) }))
    }

    fn link(&self, limit: usize) -> Result<usize> {
        self.index.link(limit).map_err(no_slot)
    }

    fn stats(&self) -> Stats {
        self.index.stats()
    }

    fn recall(&self, at: Timestamp, sample: u32) -> Option<f64> {
        let slots = self.index.slots();
        let (mut found, mut asked) = (0usize, 0usize);
        let step = (slots.reserved() / sample.max(1)).max(1) as usize;
        for slot in (0..slots.reserved()).step_by(step) {
            if !slots.visible(slot, at) {
                continue;
            }
            let query = self.index.space().stored(slot);
            let ask = Search { k: 10, ef: 40, at, filter: None, listed: None };
            let quick = self.index.search(&query, &ask);
            let all: Vec<u32> = (0..slots.reserved()).collect();
            let exact =
                self.index.search(&query, &Search { listed: Some(all.as_slice().into()), ..ask });
            let Some(last) = exact.hits.last() else { continue };
            asked += exact.hits.len();
            found += quick.hits.iter().filter(|hit| hit.distance <= last.distance).count();
        }
        (asked > 0).then(|| found as f64 / asked as f64)
    }

    fn shape(&self) -> Shape {
        let is_plain = S::WALKS_EXACTLY;
        Shape { mean: self.index.space().mean(), is_plain, centres: Vec::new() }
    }

    fn take_dirty(&self) -> Vec<u32> {
        self.index.graph().take_dirty()
    }

    fn mark_dirty(&self, page: u32) {
        self.index.graph().mark_page(page);
    }

    fn page(&self, page: u32) -> Vec<u8> {
        self.index.graph().page(page)
    }

    fn is_linked(&self, slot: u32) -> bool {
        self.index.is_linked(slot)
    }

    fn load_page(&self, page: u32, bytes: &[u8]) -> Result<()> {
        self.index.load_page(page, bytes).map_err(|error| Error::data_corrupted(error.0))
    }

    fn finish_loading(&self) {
        self.index.finish_loading();
    }

    fn begin_repair(&self, horizon: Timestamp) -> Option<Repair> {
        self.index.begin_repair(horizon)
    }

    fn repair(&self, repair: &mut Repair, limit: u32) -> bool {
        self.index.repair(repair, limit)
    }

    fn as_any(&self) -> &(dyn std::any::Any + Send + Sync) {
        self
    }
}

struct TypedWalk<S: Space> {
    scan: Scan<S>,
}

impl<S: Kept> Walk for TypedWalk<S> {
    fn next_batch(
        &mut self,
        graph: &dyn Graph,
        (count, breadth): (usize, usize),
        filter: Filter<'_>,
    ) -> Vec<Hit> {
        let ef = count.max(breadth);
        match graph.as_any().downcast_ref::<Typed<S>>() {
            Some(typed) => self.scan.next_batch(&typed.index, ef, usize::MAX, filter),
            None => Vec::new(),
        }
    }

    fn skip(&mut self, slots: &[u32]) {
        self.scan.skip(slots.iter().copied());
    }

    fn evaluations(&self) -> u64 {
        self.scan.evaluations()
    }
}
