//! Int8 codes of vectors, with what is lost in them.
//!
//! A vector `x` (less the mean, where there is one; of length one, under cosine) becomes
//! `scale · c + e` with codes `c` in -127..=127 and a scale of its own. Three facts go with
//! the codes: `scale`, `norm = scale · |c|` and `error`, a bound of `|e|`. Between a stored
//! `x` and a query `q` the codes then certify, whatever the data:
//!
//! - L2 and cosine: the distance differs from the one of the codes by at most
//!   `error(x) + error(q)` (triangle inequality);
//! - inner product: by at most `norm(x) · error(q) + error(x) · |q|`.
//!
//! `error` is rounded up and holds the rounding of the distance that is compared in the
//! end (`kernel::rounding`), so that a row which the bound excludes cannot be among the
//! nearest by the f32 kernels either.
//!
//! ```text
//! one row, 16 + dims (padded to 16) bytes:
//!   scale f32 | norm f32 | error f32 | sum i32 | c₀ c₁ c₂ … 0 0
//! ```
//! `sum`, of the codes, is what `simd::Simd::dot_end` asks of a query: stored rows are
//! queries while a graph is built.

use crate::kernel::{dispatch, rounding};
use crate::metric::Metric;
use crate::simd::Simd;

/// Bytes before the codes of a row.
pub(crate) const FACTORS_BYTES: usize = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Factors {
    pub(crate) scale: f32,
    pub(crate) norm: f32,
    pub(crate) error: f32,
    pub(crate) sum: i32,
}

impl Factors {
    #[inline(always)]
    pub(crate) fn read(row: &[u8]) -> Factors {
        let word = |at: usize| -> [u8; 4] { row[at..at + 4].try_into().expect("four bytes") };
        Factors {
            scale: f32::from_ne_bytes(word(0)),
            norm: f32::from_ne_bytes(word(4)),
            error: f32::from_ne_bytes(word(8)),
            sum: i32::from_ne_bytes(word(12)),
        }
    }

    fn write(self, row: &mut [u8]) {
        row[..4].copy_from_slice(&self.scale.to_ne_bytes());
        row[4..8].copy_from_slice(&self.norm.to_ne_bytes());
        row[8..12].copy_from_slice(&self.error.to_ne_bytes());
        row[12..16].copy_from_slice(&self.sum.to_ne_bytes());
    }
}

/// How vectors become codes.
#[derive(Clone, Debug)]
pub struct Quantizer {
    dims: usize,
    metric: Metric,
    /// Subtracted before coding; empty for none.
    mean: Vec<f32>,
}

impl Quantizer {
    /// For vectors of `dims` floats, centred at the mean of `sample` where that keeps the
    /// distance: not under inner product. The sample may be empty.
    pub fn new<'v>(
        dims: usize,
        metric: Metric,
        sample: impl IntoIterator<Item = &'v [f32]>,
    ) -> Quantizer {
        let mut mean = Vec::new();
        if metric != Metric::InnerProduct {
            let (mut sums, mut count) = (vec![0.0f64; dims], 0u32);
            for vector in sample {
                let length = if metric == Metric::Cosine { norm(vector) } else { 1.0 };
                if length > 0.0 && vector.len() == dims {
                    sums.iter_mut().zip(vector).for_each(|(s, v)| *s += f64::from(*v) / length);
                    count += 1;
                }
            }
            mean = sums.iter().map(|sum| (sum / f64::from(count)) as f32).collect();
            // Nothing to centre by, or nothing representable.
            if !mean.iter().all(|mean| mean.is_finite()) {
                mean.clear();
            }
        }
        Quantizer { dims, metric, mean }
    }

    pub fn dims(&self) -> usize {
        self.dims
    }

    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The point that codes are relative to; empty for the origin.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// A quantizer that was saved: its metric and [`Quantizer::mean`].
    pub fn restore(dims: usize, metric: Metric, mean: Vec<f32>) -> Option<Quantizer> {
        let fits = mean.is_empty() || mean.len() == dims;
        (fits && mean.iter().all(|mean| mean.is_finite())).then_some(Quantizer {
            dims,
            metric,
            mean,
        })
    }

    /// Codes of a vector, padded.
    pub(crate) fn codes(&self) -> usize {
        self.dims.next_multiple_of(16)
    }

    /// Bytes of a row.
    pub(crate) fn stride(&self) -> usize {
        FACTORS_BYTES + self.codes()
    }

    /// The row of `vector`, which has `dims` floats.
    pub(crate) fn encode(&self, vector: &[f32]) -> Vec<u8> {
        assert_eq!(vector.len(), self.dims);
        let mut row = vec![0u8; self.stride()];
        encode(self, vector, &mut row);
        row
    }
}

/// Sums that are made side by side, in the same order by every instruction set.
const LANES: usize = 8;

/// The sum of what is made of each value.
#[inline(always)]
fn sum_of<T: Copy>(values: &[T], of: impl Fn(T) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest: f64 = chunks.remainder().iter().map(|value| of(*value)).sum();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += of(*value));
    }
    lanes.iter().sum::<f64>() + rest
}

#[inline(always)]
fn encode_by<S: Simd>(_: S, quantizer: &Quantizer, vector: &[f32], row: &mut [u8]) {
    let (metric, dims) = (quantizer.metric, quantizer.dims);
    let whole_length = sum_of(vector, |v| f64::from(v) * f64::from(v)).sqrt();
    let length = if metric == Metric::Cosine { whole_length } else { 1.0 };
    let length = if length > 0.0 { length } else { 1.0 };
    let mut centred: Vec<f64> = vector.iter().map(|v| f64::from(*v) / length).collect();
    centred.iter_mut().zip(&quantizer.mean).for_each(|(v, mean)| *v -= f64::from(*mean));
    let greatest = centred.iter().fold(0.0f64, |most, v| most.max(v.abs()));
    let scale = (greatest / 127.0) as f32;
    let inverse = if scale > 0.0 { 1.0 / f64::from(scale) } else { 0.0 };
    let code = |value: f64| rounded_to_even(value * inverse).clamp(-127.0, 127.0);
    let codes = &mut row[FACTORS_BYTES..];
    for (value, byte) in centred.iter().zip(codes.iter_mut()) {
        *byte = code(*value) as i32 as u8;
    }
    let lost = sum_of(&centred, |value| {
        let missed = value - code(value) * f64::from(scale);
        missed * missed
    });
    let whole = sum_of(&centred, |value| value * value);
    let of_code = |byte: &u8| i32::from(*byte as i8);
    let sum = codes.iter().map(of_code).sum();
    // 16,000 squares of 127 are less than 2³¹.
    let squares: i32 = codes.iter().map(|byte| of_code(byte) * of_code(byte)).sum();
    // The sums of f64 are off by less than 10⁻¹¹ of themselves.
    let rounded = f64::from(rounding(dims)) * whole.sqrt();
    let mut error = (lost.sqrt() + rounded) * (1.0 + 1e-6) + f64::from(f32::MIN_POSITIVE);
    if !kernel_is_accurate(metric, whole_length) {
        error = f64::INFINITY;
    }
    let norm = (f64::from(squares).sqrt() * f64::from(scale)) as f32;
    Factors { scale, norm, error: error as f32, sum }.write(row);
}

#[inline(always)]
fn norm_by<S: Simd>(_: S, vector: &[f32]) -> f64 {
    sum_of(vector, |v| f64::from(v) * f64::from(v)).sqrt()
}

dispatch! {
    fn encode(quantizer: &Quantizer, vector: &[f32], row: &mut [u8]) -> () = encode_by;
    /// The length of a vector, in f64: no square overflows or vanishes.
    pub(crate) fn norm(vector: &[f32]) -> f64 = norm_by;
}

/// `round_ties_even` of a number that is small, as codes are: without SSE 4.1 that is a
/// call. What is added leaves no bits for a fraction.
#[inline(always)]
fn rounded_to_even(value: f64) -> f64 {
    const WHOLE: f64 = 1.5 * (1u64 << 52) as f64;
    (value + WHOLE) - WHOLE
}

/// Whether the kernel's f32 sums of a vector of this length neither overflow nor, under
/// cosine, vanish. If not, its codes certify nothing, and it is always compared in full.
fn kernel_is_accurate(metric: Metric, length: f64) -> bool {
    length < 1e18 && (metric != Metric::Cosine || length > 1e-12)
}

/// A vector's codes and factors, to compare with stored rows.
#[derive(Clone, Debug)]
pub(crate) struct Coded {
    pub(crate) factors: Factors,
    pub(crate) row: Vec<u8>,
    /// The length of the vector itself.
    pub(crate) length: f32,
}

impl Coded {
    pub(crate) fn new(quantizer: &Quantizer, vector: &[f32]) -> Coded {
        Coded::of(quantizer.encode(vector), vector)
    }

    /// A stored vector, with its row.
    pub(crate) fn stored(row: &[u8], vector: &[f32]) -> Coded {
        Coded::of(row.to_vec(), vector)
    }

    fn of(row: Vec<u8>, vector: &[f32]) -> Coded {
        // Up by one unit in the last place: it is part of a bound.
        let length = (norm(vector) as f32).next_up();
        Coded { factors: Factors::read(&row), row, length }
    }

    #[inline(always)]
    pub(crate) fn codes(&self) -> &[i8] {
        as_codes(&self.row[FACTORS_BYTES..])
    }
}

/// Bytes as codes.
#[allow(unsafe_code)]
#[inline(always)]
pub(crate) fn as_codes(bytes: &[u8]) -> &[i8] {
    // SAFETY: u8 and i8 have one size, one alignment, and every value is one of both.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

/// What the codes say of the distance between two vectors: a number that orders as the
/// distance does. Squared L2 (also of the unit vectors under cosine), or the negative
/// inner product.
#[inline(always)]
pub(crate) fn estimate(metric: Metric, stored: Factors, query: Factors, dot: i32) -> f32 {
    let product = stored.scale * query.scale * dot as f32;
    match metric {
        Metric::InnerProduct => -product,
        _ => stored.norm * stored.norm + query.norm * query.norm - 2.0 * product,
    }
}
