//! Kernels of f32 and f16 elements.

use super::dispatch;
use crate::simd::Simd;
use half::f16;

/// An element that loads as f32.
pub(crate) trait Element: Copy {
    fn load<S: Simd>(simd: S, from: &[Self]) -> S::F;
    fn value(self) -> f32;
}

impl Element for f32 {
    #[inline(always)]
    fn load<S: Simd>(simd: S, from: &[f32]) -> S::F {
        simd.load(from)
    }

    #[inline(always)]
    fn value(self) -> f32 {
        self
    }
}

/// The bits of a binary16.
impl Element for u16 {
    #[inline(always)]
    fn load<S: Simd>(simd: S, from: &[u16]) -> S::F {
        simd.load_half(from)
    }

    #[inline(always)]
    fn value(self) -> f32 {
        f16::from_bits(self).to_f32()
    }
}

/// Folds both slices: four sums of lanes side by side hide the latency of an addition.
#[inline(always)]
fn fold<S: Simd, A: Element, B: Element>(
    simd: S,
    a: &[A],
    b: &[B],
    lanes: impl Fn(S::F, S::F, S::F) -> S::F,
    one: impl Fn(f32, f32) -> f32,
) -> f32 {
    assert_eq!(a.len(), b.len());
    let wide = S::LANES;
    let mut sums = [simd.zero(); 4];
    let (quads_a, quads_b) = (a.chunks_exact(4 * wide), b.chunks_exact(4 * wide));
    let (rest_a, rest_b) = (quads_a.remainder(), quads_b.remainder());
    for (a, b) in quads_a.zip(quads_b) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            let (a, b) = (&a[lane * wide..][..wide], &b[lane * wide..][..wide]);
            *sum = lanes(A::load(simd, a), B::load(simd, b), *sum);
        }
    }
    let (ones_a, ones_b) = (rest_a.chunks_exact(wide), rest_b.chunks_exact(wide));
    let (tail_a, tail_b) = (ones_a.remainder(), ones_b.remainder());
    for (a, b) in ones_a.zip(ones_b) {
        sums[0] = lanes(A::load(simd, a), B::load(simd, b), sums[0]);
    }
    let all = simd.add(simd.add(sums[0], sums[1]), simd.add(sums[2], sums[3]));
    let mut sum = simd.sum(all);
    for (a, b) in tail_a.iter().zip(tail_b) {
        sum += one(a.value(), b.value());
    }
    sum
}

#[inline(always)]
pub(crate) fn l2_squared<S: Simd, A: Element, B: Element>(simd: S, a: &[A], b: &[B]) -> f32 {
    let lanes = |a, b, sum| {
        let difference = simd.sub(a, b);
        simd.mul_add(difference, difference, sum)
    };
    fold(simd, a, b, lanes, |a, b| (a - b) * (a - b))
}

#[inline(always)]
pub(crate) fn inner<S: Simd, A: Element, B: Element>(simd: S, a: &[A], b: &[B]) -> f32 {
    fold(simd, a, b, |a, b, sum| simd.mul_add(a, b, sum), |a, b| a * b)
}

#[inline(always)]
pub(crate) fn l1<S: Simd, A: Element, B: Element>(simd: S, a: &[A], b: &[B]) -> f32 {
    let lanes = |a, b, sum| simd.add(sum, simd.abs(simd.sub(a, b)));
    fold(simd, a, b, lanes, |a, b| (a - b).abs())
}

/// 1 less the similarity, which is held within -1..=1; NaN where a norm is zero.
#[inline(always)]
pub(crate) fn cosine<S: Simd, A: Element, B: Element>(simd: S, a: &[A], b: &[B]) -> f64 {
    let (product, norms) = (inner(simd, a, b), (inner(simd, a, a), inner(simd, b, b)));
    cosine_distance(product, norms.0, norms.1)
}

/// The cosine distance of the sums of products and of the squared norms.
#[inline(always)]
pub(crate) fn cosine_distance(product: f32, norm_a: f32, norm_b: f32) -> f64 {
    // The root of the product rather than the product of the roots, as pgvector.
    let similarity = f64::from(product) / (f64::from(norm_a) * f64::from(norm_b)).sqrt();
    // `clamp` keeps NaN.
    1.0 - similarity.clamp(-1.0, 1.0)
}

#[inline(always)]
fn norm_squared<S: Simd>(simd: S, a: &[f32]) -> f32 {
    inner(simd, a, a)
}

dispatch! {
    /// The sum of the squared differences.
    pub fn l2_squared_f32(a: &[f32], b: &[f32]) -> f32 = l2_squared;
    /// The sum of the products.
    pub fn inner_f32(a: &[f32], b: &[f32]) -> f32 = inner;
    /// 1 less the cosine similarity, in 0..=2; NaN where a norm is zero.
    pub fn cosine_f32(a: &[f32], b: &[f32]) -> f64 = cosine;
    /// The sum of the absolute differences.
    pub fn l1_f32(a: &[f32], b: &[f32]) -> f32 = l1;
    /// The sum of the squares.
    pub fn norm_squared_f32(a: &[f32]) -> f32 = norm_squared;
    /// [`l2_squared_f32`] of the bits of binary16.
    pub fn l2_squared_f16(a: &[u16], b: &[u16]) -> f32 = l2_squared;
    /// [`inner_f32`] of the bits of binary16.
    pub fn inner_f16(a: &[u16], b: &[u16]) -> f32 = inner;
    /// [`cosine_f32`] of the bits of binary16.
    pub fn cosine_f16(a: &[u16], b: &[u16]) -> f64 = cosine;
    /// [`l1_f32`] of the bits of binary16.
    pub fn l1_f16(a: &[u16], b: &[u16]) -> f32 = l1;
}
