//! Kernels of sparse vectors: indices ascending, one value for each.
//!
//! A merge of two short sorted lists gains nothing from SIMD, so there is one level. The
//! sums are made in the order of the indices, in f32.

use super::float::cosine_distance;

/// A sparse vector as two slices of equal length; indices ascend strictly.
#[derive(Clone, Copy, Debug)]
pub struct Sparse<'v> {
    pub indices: &'v [i32],
    pub values: &'v [f32],
}

/// Calls `each` with both values of every index that either has, zero for a missing one.
#[inline]
fn merge(a: Sparse<'_>, b: Sparse<'_>, mut each: impl FnMut(f32, f32)) {
    let (mut i, mut j) = (0, 0);
    while i < a.indices.len() && j < b.indices.len() {
        match a.indices[i].cmp(&b.indices[j]) {
            std::cmp::Ordering::Less => {
                each(a.values[i], 0.0);
                i += 1;
            }
            std::cmp::Ordering::Greater => {
                each(0.0, b.values[j]);
                j += 1;
            }
            std::cmp::Ordering::Equal => {
                each(a.values[i], b.values[j]);
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    a.values[i..].iter().for_each(|a| each(*a, 0.0));
    b.values[j..].iter().for_each(|b| each(0.0, *b));
}

/// The sum of the squared differences.
pub fn l2_squared(a: Sparse<'_>, b: Sparse<'_>) -> f32 {
    let mut sum = 0.0;
    merge(a, b, |a, b| sum += (a - b) * (a - b));
    sum
}

/// The sum of the products.
pub fn inner(a: Sparse<'_>, b: Sparse<'_>) -> f32 {
    let mut sum = 0.0;
    merge(a, b, |a, b| {
        // An infinite value of one side meets no zero of the other.
        if a != 0.0 && b != 0.0 {
            sum += a * b;
        }
    });
    sum
}

/// 1 less the cosine similarity, in 0..=2; NaN where a norm is zero.
pub fn cosine(a: Sparse<'_>, b: Sparse<'_>) -> f64 {
    let norm = |of: Sparse<'_>| of.values.iter().fold(0.0f32, |sum, v| sum + v * v);
    cosine_distance(inner(a, b), norm(a), norm(b))
}

/// The sum of the absolute differences.
pub fn l1(a: Sparse<'_>, b: Sparse<'_>) -> f32 {
    let mut sum = 0.0;
    merge(a, b, |a, b| sum += (a - b).abs());
    sum
}
