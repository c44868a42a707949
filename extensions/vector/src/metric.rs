//! What "near" means.

/// A distance of dense vectors, by the operator that orders by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// `<->`: the root of the sum of the squared differences.
    L2,
    /// `<#>`: the negative inner product.
    InnerProduct,
    /// `<=>`: 1 less the cosine of the angle.
    Cosine,
    /// `<+>`: the sum of the absolute differences.
    L1,
}

/// A distance of bit strings, by the operator that orders by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BitMetric {
    /// `<~>`: the number of bits that differ.
    Hamming,
    /// `<%>`: 1 less the share of the bits of either that both have.
    Jaccard,
}
