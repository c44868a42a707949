//! AVX-512 with VNNI and VPOPCNTDQ: Ice Lake, Zen 4 and later.
#![allow(unsafe_code)]

use super::Simd;
use std::arch::x86_64::*;

/// The proof that this machine has the instructions of `Level::Avx512`.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// # Safety
    ///
    /// `super::available` lists `Level::Avx512`.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Avx512 {
        Avx512(())
    }
}

// SAFETY, for each block below: the instruction exists, because `self` exists; a load
// reads from a slice whose length was checked just before.
impl Simd for Avx512 {
    type F = __m512;
    type I = __m512i;
    type B = __m512i;

    const LANES: usize = 16;
    const CODES: usize = 64;
    const BYTES: usize = 64;

    #[inline(always)]
    fn zero(self) -> __m512 {
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m512 {
        assert!(from.len() >= 16);
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn load_half(self, from: &[u16]) -> __m512 {
        assert!(from.len() >= 16);
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().cast())) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        unsafe { _mm512_abs_ps(a) }
    }

    #[inline(always)]
    fn sum(self, a: __m512) -> f32 {
        unsafe { _mm512_reduce_add_ps(a) }
    }

    #[inline(always)]
    fn dot_zero(self) -> __m512i {
        unsafe { _mm512_setzero_si512() }
    }

    /// `dpbusd` multiplies unsigned by signed: the stored codes are moved up by 128,
    /// and `dot_end` takes 128 times the query's sum away again.
    #[inline(always)]
    fn dot_step(self, sums: __m512i, stored: &[i8], query: &[i8]) -> __m512i {
        assert!(stored.len() >= 64 && query.len() >= 64);
        unsafe {
            let stored = _mm512_loadu_si512(stored.as_ptr().cast());
            let query = _mm512_loadu_si512(query.as_ptr().cast());
            let moved = _mm512_xor_si512(stored, _mm512_set1_epi8(-128));
            _mm512_dpbusd_epi32(sums, moved, query)
        }
    }

    #[inline(always)]
    fn dot_rest(self, sums: __m512i, stored: &[i8], query: &[i8]) -> __m512i {
        assert!(stored.len() >= 16 && query.len() >= 16);
        unsafe {
            let stored = _mm512_zextsi128_si512(_mm_loadu_si128(stored.as_ptr().cast()));
            let query = _mm512_zextsi128_si512(_mm_loadu_si128(query.as_ptr().cast()));
            let moved = _mm512_xor_si512(stored, _mm512_set1_epi8(-128));
            _mm512_dpbusd_epi32(sums, moved, query)
        }
    }

    #[inline(always)]
    fn dot_end(self, sums: __m512i, query_sum: i32) -> i32 {
        // Modulo 2³², as the additions were.
        unsafe { _mm512_reduce_add_epi32(sums).wrapping_sub(query_sum.wrapping_mul(128)) }
    }

    #[inline(always)]
    fn count_zero(self) -> __m512i {
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn count_xor(self, counts: __m512i, a: &[u8], b: &[u8]) -> __m512i {
        assert!(a.len() >= 64 && b.len() >= 64);
        unsafe {
            let a = _mm512_loadu_si512(a.as_ptr().cast());
            let b = _mm512_loadu_si512(b.as_ptr().cast());
            _mm512_add_epi64(counts, _mm512_popcnt_epi64(_mm512_xor_si512(a, b)))
        }
    }

    #[inline(always)]
    fn count_and(self, counts: __m512i, a: &[u8], b: &[u8]) -> __m512i {
        assert!(a.len() >= 64 && b.len() >= 64);
        unsafe {
            let a = _mm512_loadu_si512(a.as_ptr().cast());
            let b = _mm512_loadu_si512(b.as_ptr().cast());
            _mm512_add_epi64(counts, _mm512_popcnt_epi64(_mm512_and_si512(a, b)))
        }
    }

    #[inline(always)]
    fn count_end(self, counts: __m512i) -> u64 {
        unsafe { _mm512_reduce_add_epi64(counts) as u64 }
    }
}
