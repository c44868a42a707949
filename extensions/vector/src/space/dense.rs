//! Dense vectors under L2, inner product and cosine: int8 codes to walk and scan, the
//! elements themselves to be exact.

use super::{Listed, Space};
use crate::codes::{Coded, FACTORS_BYTES, Factors, Quantizer, as_codes, estimate};
use crate::exact::{self, Gathered};
use crate::graph::Met;
use crate::hits::Hit;
use crate::kernel::{self, code, dispatch};
use crate::metric::Metric;
use crate::packed::{Kept, Packed};
use crate::region::OutOfMemory;
use crate::rows::{Item, Rows};
use crate::simd::Simd;

/// The type of the elements: `f32`, or `u16` for the bits of binary16.
#[allow(private_bounds)]
pub trait Element: Copy + PartialEq + Send + Sync + Sealed + 'static {
    fn widen(elements: &[Self]) -> Vec<f32>;
    /// What the operator of `metric` returns.
    fn distance(metric: Metric, a: &[Self], b: &[Self]) -> f64;
}

pub(crate) trait Sealed: Item + Sized {
    /// How rows of them are kept beside their codes.
    type Kept: Kept<Self>;
}

impl Sealed for f32 {
    type Kept = Packed;
}

impl Sealed for u16 {
    type Kept = Rows<u16>;
}

impl Element for f32 {
    fn widen(elements: &[f32]) -> Vec<f32> {
        elements.to_vec()
    }

    #[inline]
    fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
        match metric {
            Metric::L2 => f64::from(kernel::l2_squared_f32(a, b)).sqrt(),
            Metric::InnerProduct => f64::from(-kernel::inner_f32(a, b)),
            Metric::Cosine => kernel::cosine_f32(a, b),
            Metric::L1 => f64::from(kernel::l1_f32(a, b)),
        }
    }
}

impl Element for u16 {
    fn widen(elements: &[u16]) -> Vec<f32> {
        elements.iter().map(|bits| half::f16::from_bits(*bits).to_f32()).collect()
    }

    #[inline]
    fn distance(metric: Metric, a: &[u16], b: &[u16]) -> f64 {
        match metric {
            Metric::L2 => f64::from(kernel::l2_squared_f16(a, b)).sqrt(),
            Metric::InnerProduct => f64::from(-kernel::inner_f16(a, b)),
            Metric::Cosine => kernel::cosine_f16(a, b),
            Metric::L1 => f64::from(kernel::l1_f16(a, b)),
        }
    }
}

/// Dense vectors of one length.
#[allow(private_bounds)]
pub struct Dense<E: Element> {
    pub(crate) quantizer: Quantizer,
    /// Factors and codes: see `codes`.
    pub(crate) codes: Rows<u8>,
    elements: E::Kept,
}

/// A vector to look for.
pub struct DenseQuery<E> {
    pub(crate) coded: Coded,
    vector: Vec<E>,
}

impl<E: Element> Dense<E> {
    /// An empty space; not for L1, which is [`super::Plain`]'s.
    pub fn new(quantizer: Quantizer) -> Dense<E> {
        assert_ne!(quantizer.metric(), Metric::L1, "L1 has no codes");
        let codes = Rows::new(quantizer.stride());
        let elements = E::Kept::new(quantizer.dims());
        Dense { quantizer, codes, elements }
    }

    pub fn quantizer(&self) -> &Quantizer {
        &self.quantizer
    }

    /// The vector of a published slot.
    pub fn vector(&self, slot: u32) -> Vec<E> {
        self.elements.with(slot, <[E]>::to_vec)
    }
}

impl<E: Element> Space for Dense<E> {
    type Value = [E];
    type Query = DenseQuery<E>;

    const WALKS_EXACTLY: bool = false;

    fn query(&self, value: &[E]) -> DenseQuery<E> {
        let coded = Coded::new(&self.quantizer, &E::widen(value));
        DenseQuery { coded, vector: value.to_vec() }
    }

    fn stored(&self, slot: u32) -> DenseQuery<E> {
        let vector = self.vector(slot);
        DenseQuery { coded: Coded::stored(self.codes.row(slot), &E::widen(&vector)), vector }
    }

    fn make(&self, slot: u32) -> Result<(), OutOfMemory> {
        self.codes.make(slot)?;
        self.elements.make(slot)
    }

    #[allow(unsafe_code)]
    unsafe fn write(&self, slot: u32, value: &[E], query: &DenseQuery<E>) {
        // SAFETY: the same contract.
        unsafe {
            self.codes.write(slot, &query.coded.row);
            self.elements.write(slot, value);
        }
    }

    fn distances(&self, query: &DenseQuery<E>, slots: &[u32], out: &mut [f32]) {
        estimates(&self.codes, self.quantizer.metric(), &query.coded.row, slots, out);
    }

    fn distances_from(&self, slot: u32, slots: &[u32], out: &mut [f32]) {
        estimates(&self.codes, self.quantizer.metric(), self.codes.row(slot), slots, out);
    }

    fn any_nearer(&self, slot: u32, others: &[u32], bound: f32) -> bool {
        nearer(&self.codes, self.quantizer.metric(), slot, others, bound)
    }

    fn is_same(&self, slot: u32, other: u32) -> bool {
        self.codes.row(slot) == self.codes.row(other)
    }

    fn exact(&self, query: &DenseQuery<E>, slot: u32) -> f64 {
        let metric = self.quantizer.metric();
        self.elements.with(slot, |elements| E::distance(metric, &query.vector, elements))
    }

    fn prefetch_exact(&self, slot: u32) {
        self.elements.prefetch(slot);
    }

    fn nearest(&self, query: &DenseQuery<E>, k: usize, slots: &[u32]) -> Vec<Hit> {
        let mut found = exact::nearest(self, std::slice::from_ref(query), k, slots);
        found.pop().expect("a result for the query")
    }

    fn gather(&self, slots: &[u32], published: &dyn Fn(u32) -> bool) -> Option<Gathered> {
        Some(Gathered::new(self, slots, published))
    }

    fn nearest_listed(
        &self,
        query: &DenseQuery<E>,
        k: usize,
        listed: Listed<'_>,
        places: &[u32],
    ) -> Vec<Hit> {
        match listed.gathered {
            Some(gathered) => {
                exact::nearest_gathered(self, query, k, (listed.slots, gathered), places)
            }
            None => self.nearest(query, k, &listed.at(places)),
        }
    }

    fn nearest_met(&self, query: &DenseQuery<E>, k: usize, met: &[Met]) -> Vec<Hit> {
        exact::nearest_met(self, query, k, met)
    }

    fn mean(&self) -> Vec<f32> {
        self.quantizer.mean().to_vec()
    }

    fn bytes(&self, slots: u32) -> usize {
        self.codes.bytes(slots) + self.elements.bytes(slots)
    }
}

/// Rows that are asked for ahead of the one that is read.
const AHEAD: usize = 8;

#[inline(always)]
fn estimates_by<S: Simd>(
    simd: S,
    rows: &Rows<u8>,
    metric: Metric,
    query: &[u8],
    slots: &[u32],
    out: &mut [f32],
) {
    let (factors, codes) = (Factors::read(query), as_codes(&query[FACTORS_BYTES..]));
    for slot in slots.iter().take(AHEAD) {
        rows.prefetch(*slot);
    }
    for (at, (slot, out)) in slots.iter().zip(out).enumerate() {
        if let Some(next) = slots.get(at + AHEAD) {
            rows.prefetch(*next);
        }
        let row = rows.row(*slot);
        let dot = code::dot(simd, as_codes(&row[FACTORS_BYTES..]), codes, factors.sum);
        *out = estimate(metric, Factors::read(row), factors, dot);
    }
}

#[inline(always)]
fn nearer_by<S: Simd>(
    simd: S,
    rows: &Rows<u8>,
    metric: Metric,
    slot: u32,
    others: &[u32],
    bound: f32,
) -> bool {
    let query = rows.row(slot);
    let (factors, codes) = (Factors::read(query), as_codes(&query[FACTORS_BYTES..]));
    others.iter().any(|other| {
        let row = rows.row(*other);
        let dot = code::dot(simd, as_codes(&row[FACTORS_BYTES..]), codes, factors.sum);
        estimate(metric, Factors::read(row), factors, dot) < bound
    })
}

dispatch! {
    fn estimates(rows: &Rows<u8>, metric: Metric, query: &[u8], slots: &[u32], out: &mut [f32]) -> () = estimates_by;
    fn nearer(rows: &Rows<u8>, metric: Metric, slot: u32, others: &[u32], bound: f32) -> bool = nearer_by;
}
