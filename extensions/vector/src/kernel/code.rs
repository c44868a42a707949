//! Inner products of int8 codes in -127..=127, in slices padded to multiples of 16.

use crate::simd::Simd;

/// The sum of the products; `query_sum` is the sum of `query`'s codes. Exact: at 16,000
/// codes the sum stays below 2²⁸.
#[inline(always)]
pub(crate) fn dot<S: Simd>(simd: S, stored: &[i8], query: &[i8], query_sum: i32) -> i32 {
    let [dot] = dots(simd, stored, &[(query, query_sum)]);
    dot
}

/// The same for several queries, which share the loads of the stored codes.
#[inline(always)]
pub(crate) fn dots<S: Simd, const Q: usize>(
    simd: S,
    stored: &[i8],
    queries: &[(&[i8], i32); Q],
) -> [i32; Q] {
    let mut sums = [simd.dot_zero(); Q];
    let steps = stored.len() / S::CODES * S::CODES;
    let mut at = 0;
    while at < steps {
        let stored = &stored[at..at + S::CODES];
        for (sum, (query, _)) in sums.iter_mut().zip(queries) {
            *sum = simd.dot_step(*sum, stored, &query[at..at + S::CODES]);
        }
        at += S::CODES;
    }
    while at < stored.len() {
        let stored = &stored[at..at + 16];
        for (sum, (query, _)) in sums.iter_mut().zip(queries) {
            *sum = simd.dot_rest(*sum, stored, &query[at..at + 16]);
        }
        at += 16;
    }
    let mut ends = [0; Q];
    for ((end, sum), (_, query_sum)) in ends.iter_mut().zip(sums).zip(queries) {
        *end = simd.dot_end(sum, *query_sum);
    }
    ends
}

#[cfg(test)]
super::dispatch! {
    /// For the tests of the kernel alone; searches run it inside theirs.
    #[allow(dead_code)]
    pub(crate) fn dot_code(stored: &[i8], query: &[i8], query_sum: i32) -> i32 = dot;
}
