//! AVX2 with FMA, F16C and POPCNT: every x86-64 machine since 2013 to 2015.
#![allow(unsafe_code)]

use super::Simd;
use super::portable::word;
use std::arch::x86_64::*;

/// The proof that this machine has AVX2, FMA, F16C and POPCNT.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// # Safety
    ///
    /// `super::available` lists `Level::Avx2`.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Avx2 {
        Avx2(())
    }
}

// SAFETY, for each block below: the instruction exists, because `self` exists; a load
// reads from a slice whose length was checked just before.
impl Simd for Avx2 {
    type F = __m256;
    type I = __m256i;
    type B = u64;

    const LANES: usize = 8;
    const CODES: usize = 32;
    const BYTES: usize = 8;

    #[inline(always)]
    fn zero(self) -> __m256 {
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m256 {
        assert!(from.len() >= 8);
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn load_half(self, from: &[u16]) -> __m256 {
        assert!(from.len() >= 8);
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.as_ptr().cast())) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn abs(self, a: __m256) -> __m256 {
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
    }

    #[inline(always)]
    fn sum(self, a: __m256) -> f32 {
        unsafe {
            let half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
            _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)))
        }
    }

    #[inline(always)]
    fn dot_zero(self) -> __m256i {
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn dot_step(self, sums: __m256i, stored: &[i8], query: &[i8]) -> __m256i {
        assert!(stored.len() >= 32 && query.len() >= 32);
        unsafe {
            let stored = _mm256_loadu_si256(stored.as_ptr().cast());
            let query = _mm256_loadu_si256(query.as_ptr().cast());
            // Two products are at most 2 · 127², which an i16 holds.
            let pairs =
                _mm256_maddubs_epi16(_mm256_abs_epi8(query), _mm256_sign_epi8(stored, query));
            _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }

    #[inline(always)]
    fn dot_rest(self, sums: __m256i, stored: &[i8], query: &[i8]) -> __m256i {
        assert!(stored.len() >= 16 && query.len() >= 16);
        unsafe {
            let stored = _mm_loadu_si128(stored.as_ptr().cast());
            let query = _mm_loadu_si128(query.as_ptr().cast());
            let pairs = _mm_maddubs_epi16(_mm_abs_epi8(query), _mm_sign_epi8(stored, query));
            let products = _mm_madd_epi16(pairs, _mm_set1_epi16(1));
            _mm256_add_epi32(sums, _mm256_zextsi128_si256(products))
        }
    }

    #[inline(always)]
    fn dot_end(self, sums: __m256i, _query_sum: i32) -> i32 {
        unsafe {
            let half =
                _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
            let pair = _mm_add_epi32(half, _mm_shuffle_epi32::<0b00_00_11_10>(half));
            _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32::<0b00_00_00_01>(pair)))
        }
    }

    #[inline(always)]
    fn count_zero(self) -> u64 {
        0
    }

    #[inline(always)]
    fn count_xor(self, counts: u64, a: &[u8], b: &[u8]) -> u64 {
        counts + u64::from((word(a) ^ word(b)).count_ones())
    }

    #[inline(always)]
    fn count_and(self, counts: u64, a: &[u8], b: &[u8]) -> u64 {
        counts + u64::from((word(a) & word(b)).count_ones())
    }

    #[inline(always)]
    fn count_end(self, counts: u64) -> u64 {
        counts
    }
}
