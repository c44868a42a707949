//! Distances between two values, at this machine's level.
//!
//! | module | elements | kernels |
//! |---|---|---|
//! | `float` | f32, f16 | squared L2, inner product, cosine, L1, squared norm |
//! | `code` | int8 codes in -127..=127 | inner product |
//! | `bits` | bytes of bits | Hamming, Jaccard |
//! | `sparse` | sorted (index, f32) | squared L2, inner product, cosine, L1 |
//!
//! # Accuracy
//!
//! As in pgvector, floats are summed in f32 and the sum is widened at the end. The order
//! of the additions depends on the level (16 or 8 lanes, four sums side by side, products
//! fused or not), so the last bits of a distance may differ between machines, as
//! pgvector's do between compilers. Sums of integers below 2²⁴ are exact everywhere. With
//! `n` elements a sum differs from the true one by at most `rounding(n)` times the sum of
//! the magnitudes of its terms; exact search counts on that bound, and the property tests
//! hold it.
//!
//! Every function takes two slices of equal length and panics otherwise.

pub(crate) mod bits;
pub(crate) mod code;
pub(crate) mod float;
pub mod scalar;
pub mod sparse;
#[cfg(test)]
mod tests;

pub use bits::{hamming, jaccard};
pub use float::{
    cosine_f16, cosine_f32, inner_f16, inner_f32, l1_f16, l1_f32, l2_squared_f16, l2_squared_f32,
    norm_squared_f32,
};

/// Bounds the relative error of a sum of `n` products in f32, in whatever order it is
/// made: n + 2 roundings of half a unit in the last place each, doubled.
pub(crate) fn rounding(n: usize) -> f32 {
    (n + 2) as f32 * f32::EPSILON
}

/// Defines functions that run a generic kernel at the level of this machine, and for
/// tests at a given one.
macro_rules! dispatch {
    ($($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $result:ty = $kernel:path;)*) => {
        $(
            $(#[$doc])*
            #[inline]
            $vis fn $name($($arg: $type),*) -> $result {
                at_level::$name($crate::simd::level(), $($arg),*)
            }
        )*

        /// The same at a level that `simd::available` lists.
        #[allow(unsafe_code)]
        pub(crate) mod at_level {
            #[allow(unused_imports)]
            use super::*;
            use $crate::simd::{Level, Portable};
            #[cfg(target_arch = "x86_64")]
            use $crate::simd::{Avx2, Avx512};

            $(
                #[inline]
                pub(crate) fn $name(level: Level, $($arg: $type),*) -> $result {
                    #[cfg(target_arch = "x86_64")]
                    {
                        #[target_feature(enable = "avx2,fma,f16c,popcnt")]
                        fn avx2($($arg: $type),*) -> $result {
                            // SAFETY: the attribute's features are here, see the calls.
                            $kernel(unsafe { Avx2::new() }, $($arg),*)
                        }
                        #[target_feature(
                            enable = "avx2,fma,f16c,popcnt,avx512f,avx512bw,avx512vl,avx512vnni,avx512vpopcntdq"
                        )]
                        fn avx512($($arg: $type),*) -> $result {
                            // SAFETY: the attribute's features are here, see the calls.
                            $kernel(unsafe { Avx512::new() }, $($arg),*)
                        }
                        match level {
                            Level::Portable => $kernel(Portable, $($arg),*),
                            // SAFETY: a level above the portable one was detected.
                            Level::Avx2 => unsafe { avx2($($arg),*) },
                            Level::Avx512 => unsafe { avx512($($arg),*) },
                        }
                    }
                    #[cfg(not(target_arch = "x86_64"))]
                    {
                        let _ = level;
                        $kernel(Portable, $($arg),*)
                    }
                }
            )*
        }
    };
}
pub(crate) use dispatch;
