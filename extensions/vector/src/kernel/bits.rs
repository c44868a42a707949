//! Kernels of bit strings, as bytes; a last byte's unused bits are zero.

use super::dispatch;
use crate::simd::Simd;

#[inline(always)]
fn count<S: Simd>(
    simd: S,
    a: &[u8],
    b: &[u8],
    step: impl Fn(S::B, &[u8], &[u8]) -> S::B,
    one: impl Fn(u8, u8) -> u8,
) -> u64 {
    assert_eq!(a.len(), b.len());
    let (steps_a, steps_b) = (a.chunks_exact(S::BYTES), b.chunks_exact(S::BYTES));
    let (rest_a, rest_b) = (steps_a.remainder(), steps_b.remainder());
    let counts = steps_a.zip(steps_b).fold(simd.count_zero(), |sum, (a, b)| step(sum, a, b));
    let rest = rest_a.iter().zip(rest_b).map(|(a, b)| u64::from(one(*a, *b).count_ones()));
    simd.count_end(counts) + rest.sum::<u64>()
}

#[inline(always)]
fn differing<S: Simd>(simd: S, a: &[u8], b: &[u8]) -> u64 {
    count(simd, a, b, |sum, a, b| simd.count_xor(sum, a, b), |a, b| a ^ b)
}

#[inline(always)]
fn shared<S: Simd>(simd: S, a: &[u8], b: &[u8]) -> u64 {
    count(simd, a, b, |sum, a, b| simd.count_and(sum, a, b), |a, b| a & b)
}

#[inline(always)]
fn jaccard_of<S: Simd>(simd: S, a: &[u8], b: &[u8]) -> f64 {
    let both = shared(simd, a, b);
    if both == 0 {
        return 1.0;
    }
    let either = shared(simd, a, a) + shared(simd, b, b) - both;
    1.0 - both as f64 / either as f64
}

dispatch! {
    /// The number of bits that differ.
    pub fn hamming(a: &[u8], b: &[u8]) -> u64 = differing;
    /// 1 less the share of the bits of either that both have; 1 where both have none.
    pub fn jaccard(a: &[u8], b: &[u8]) -> f64 = jaccard_of;
}
