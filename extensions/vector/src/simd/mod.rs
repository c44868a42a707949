//! One instruction set behind one trait, chosen once when the process starts.
//!
//! A plain x86-64 build is SSE2, and a program that requires more does not start on
//! older machines. So a kernel is written once, generic over [`Simd`], compiled once for
//! each [`Level`], and [`level`] says which of them this machine runs. Everything in a
//! kernel is `inline(always)`, so that it ends up inside a function that carries the
//! `target_feature` attribute (`kernel::dispatch`), where the intrinsics inline.
//!
//! Safety: a value of [`Avx2`] or [`Avx512`] can be made only by an `unsafe` constructor
//! whose contract is that the machine has the instructions. The methods take the value,
//! so having it is the proof; they are safe to call. Loads take slices and check their
//! length, which the compiler drops where a loop goes by `chunks_exact`.
//!
//! Not here: NEON has no level of its own. It is part of every aarch64 machine, and
//! `wide` (the portable level) is compiled to it.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use std::sync::OnceLock;

pub(crate) use portable::Portable;
#[cfg(target_arch = "x86_64")]
pub(crate) use {avx2::Avx2, avx512::Avx512};

/// The instructions that kernels of this process use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `wide`: SSE2 on x86-64, NEON on aarch64.
    Portable,
    /// AVX2, FMA, F16C and POPCNT.
    Avx2,
    /// Avx2's, AVX-512 F, BW and VL, VNNI and VPOPCNTDQ.
    Avx512,
}

/// The best level of this machine; detected once.
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| *available().last().expect("the portable level is always there"))
}

/// The levels that this machine can run, from the least to the best.
pub fn available() -> Vec<Level> {
    let mut levels = vec![Level::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c")
            && is_x86_feature_detected!("popcnt");
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("avx512vpopcntdq");
        if avx2 {
            levels.push(Level::Avx2);
            if avx512 {
                levels.push(Level::Avx512);
            }
        }
    }
    levels
}

/// Asks for the cache line at `at`, wherever that is; no effect on results.
#[inline(always)]
pub(crate) fn prefetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    // SAFETY: part of SSE, which every x86-64 machine has; a hint reads nothing.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// What a kernel needs of an instruction set.
///
/// `F` holds [`Simd::LANES`] floats; `I` holds partial sums of products of int8 codes;
/// `B` holds partial counts of bits.
pub(crate) trait Simd: Copy {
    type F: Copy;
    type I: Copy;
    type B: Copy;

    /// Floats in one `F`.
    const LANES: usize;
    /// Codes in one step of [`Simd::dot_step`].
    const CODES: usize;
    /// Bytes in one step of [`Simd::count_step`].
    const BYTES: usize;

    fn zero(self) -> Self::F;
    /// The first `LANES` of `from`.
    fn load(self, from: &[f32]) -> Self::F;
    /// The first `LANES` of `from`, binary16 to binary32.
    fn load_half(self, from: &[u16]) -> Self::F;
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, fused where the machine fuses.
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    fn abs(self, a: Self::F) -> Self::F;
    fn sum(self, a: Self::F) -> f32;

    fn dot_zero(self) -> Self::I;
    /// Adds the products of the first `CODES` codes. Codes lie in -127..=127.
    fn dot_step(self, sums: Self::I, stored: &[i8], query: &[i8]) -> Self::I;
    /// The same for 16 codes: what is left, as codes are padded to multiples of 16.
    fn dot_rest(self, sums: Self::I, stored: &[i8], query: &[i8]) -> Self::I;
    /// The sum of the products; `query_sum` is the sum of the query's codes.
    fn dot_end(self, sums: Self::I, query_sum: i32) -> i32;

    fn count_zero(self) -> Self::B;
    /// Adds the set bits of the first `BYTES` bytes of `a ^ b`.
    fn count_xor(self, counts: Self::B, a: &[u8], b: &[u8]) -> Self::B;
    /// Adds the set bits of the first `BYTES` bytes of `a & b`.
    fn count_and(self, counts: Self::B, a: &[u8], b: &[u8]) -> Self::B;
    fn count_end(self, counts: Self::B) -> u64;
}
