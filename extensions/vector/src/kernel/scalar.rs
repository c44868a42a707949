//! The distances by definition, summed in f64: what kernels are tested against and
//! measured by.

/// The sum of the squared differences.
pub fn l2_squared(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |a, b| (a - b) * (a - b))
}

/// The sum of the products.
pub fn inner(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |a, b| a * b)
}

/// The sum of the absolute differences.
pub fn l1(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |a, b| (a - b).abs())
}

/// 1 less the cosine similarity, in 0..=2; NaN where a norm is zero.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let similarity = inner(a, b) / (inner(a, a) * inner(b, b)).sqrt();
    1.0 - similarity.clamp(-1.0, 1.0)
}

/// The number of bits that differ.
pub fn hamming(a: &[u8], b: &[u8]) -> u64 {
    a.iter().zip(b).map(|(a, b)| u64::from((a ^ b).count_ones())).sum()
}

/// 1 less the share of the bits of either that both have; 1 where both have none.
pub fn jaccard(a: &[u8], b: &[u8]) -> f64 {
    let ones = |of: &mut dyn Iterator<Item = u8>| -> u32 { of.map(u8::count_ones).sum() };
    let both = ones(&mut a.iter().zip(b).map(|(a, b)| a & b));
    let either = ones(&mut a.iter().zip(b).map(|(a, b)| a | b));
    if both == 0 { 1.0 } else { 1.0 - f64::from(both) / f64::from(either) }
}

fn sum(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| term(f64::from(*a), f64::from(*b))).sum()
}
