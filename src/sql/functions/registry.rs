//! All kernels by symbol.
//!
//! A module that has kernels is named once in the lists below; the maps are
//! built at first use.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{AggregateKernel, Kernel, SetKernel};
use super::{
    advisory, aggregate, array, binary, bits, boolean, composite, datetime, extension, float,
    geometry, hash, identifier, in_range, integer, io, json, jsonpath, large_object, network,
    numeric, pattern, picture, range, regexp, sample, series, session, snapshot, spread, text,
    typmod, view_definition,
};
use crate::catalog::{Function, FunctionKind};

/// Scalar kernels, module by module.
const SCALARS: &[&[&[Kernel]]] = &[
    aggregate::transition::KERNELS,
    array::KERNELS,
    binary::KERNELS,
    bits::KERNELS,
    boolean::KERNELS,
    crate::catalog::functions::KERNELS,
    composite::KERNELS,
    extension::KERNELS,
    datetime::KERNELS,
    float::KERNELS,
    geometry::KERNELS,
    hash::KERNELS,
    sample::KERNELS,
    identifier::KERNELS,
    &[in_range::KERNELS],
    integer::KERNELS,
    io::KERNELS,
    json::KERNELS,
    &[jsonpath::KERNELS],
    &[large_object::KERNELS],
    network::KERNELS,
    numeric::KERNELS,
    pattern::KERNELS,
    picture::KERNELS,
    range::KERNELS,
    regexp::KERNELS,
    session::KERNELS,
    snapshot::KERNELS,
    &[advisory::KERNELS],
    &[spread::KERNELS],
    text::KERNELS,
    view_definition::KERNELS,
    &[typmod::KERNELS],
];

/// Set-returning kernels, module by module.
const SETS: &[&[&[SetKernel]]] = &[
    &[array::SET_KERNELS],
    crate::catalog::functions::SET_KERNELS,
    extension::SET_KERNELS,
    json::SET_KERNELS,
    &[range::SET_KERNELS],
    &[jsonpath::SET_KERNELS],
    &[regexp::SET_KERNELS],
    &[series::SET_KERNELS],
    &[snapshot::SET_KERNELS],
    &[text::SET_KERNELS],
];

/// Aggregate kernels, module by module.
const AGGREGATES: &[&[&[AggregateKernel]]] = &[aggregate::AGGREGATES, &[range::AGGREGATES]];

fn by_symbol<T>(
    lists: &'static [&'static [&'static [T]]],
    symbol: fn(&T) -> &'static str,
) -> HashMap<&'static str, &'static T> {
    let mut map = HashMap::new();
    for kernel in lists.iter().copied().flatten().copied().flatten() {
        let earlier = map.insert(symbol(kernel), kernel);
        assert!(earlier.is_none(), "two kernels have the symbol {}", symbol(kernel));
    }
    map
}

static SCALAR_MAP: LazyLock<HashMap<&'static str, &'static Kernel>> =
    LazyLock::new(|| by_symbol(SCALARS, |kernel| kernel.symbol));

static SET_MAP: LazyLock<HashMap<&'static str, &'static SetKernel>> =
    LazyLock::new(|| by_symbol(SETS, |kernel| kernel.symbol));

static AGGREGATE_MAP: LazyLock<HashMap<&'static str, &'static AggregateKernel>> =
    LazyLock::new(|| by_symbol(AGGREGATES, |kernel| kernel.symbol));

/// The code of a scalar function.
pub fn kernel(symbol: &str) -> Option<&'static Kernel> {
    SCALAR_MAP.get(symbol).copied()
}

/// Whether a function can be called: of PostgreSQL's own some are only listed. Whether
/// an aggregate can be computed its caller asks.
pub fn has_code(function: &Function) -> bool {
    function.kind != FunctionKind::Function
        || !matches!(function.language.as_str(), "internal" | "c")
        || kernel(&function.source).is_some()
        || set_kernel(&function.source).is_some()
}

/// The code of a set-returning function.
pub fn set_kernel(symbol: &str) -> Option<&'static SetKernel> {
    SET_MAP.get(symbol).copied()
}

/// The code of an aggregate function.
pub fn aggregate_kernel(symbol: &str) -> Option<&'static AggregateKernel> {
    AGGREGATE_MAP.get(symbol).copied()
}
