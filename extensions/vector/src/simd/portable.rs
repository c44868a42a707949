//! The level of every machine: `wide`, which compiles to SSE2 on x86-64 and to NEON on
//! aarch64.

use super::Simd;
use wide::{f32x8, i8x16, i16x16, i32x8};

#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Simd for Portable {
    type F = f32x8;
    type I = i32x8;
    type B = u64;

    const LANES: usize = 8;
    const CODES: usize = 16;
    const BYTES: usize = 8;

    #[inline(always)]
    fn zero(self) -> f32x8 {
        f32x8::ZERO
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> f32x8 {
        let lanes: [f32; 8] = from[..8].try_into().expect("eight floats");
        f32x8::from(lanes)
    }

    #[inline(always)]
    fn load_half(self, from: &[u16]) -> f32x8 {
        let lanes: [u16; 8] = from[..8].try_into().expect("eight halves");
        f32x8::from(lanes.map(|bits| half::f16::from_bits(bits).to_f32()))
    }

    #[inline(always)]
    fn add(self, a: f32x8, b: f32x8) -> f32x8 {
        a + b
    }

    #[inline(always)]
    fn sub(self, a: f32x8, b: f32x8) -> f32x8 {
        a - b
    }

    #[inline(always)]
    fn mul_add(self, a: f32x8, b: f32x8, c: f32x8) -> f32x8 {
        a * b + c
    }

    #[inline(always)]
    fn abs(self, a: f32x8) -> f32x8 {
        a.abs()
    }

    #[inline(always)]
    fn sum(self, a: f32x8) -> f32 {
        a.reduce_add()
    }

    #[inline(always)]
    fn dot_zero(self) -> i32x8 {
        i32x8::ZERO
    }

    #[inline(always)]
    fn dot_step(self, sums: i32x8, stored: &[i8], query: &[i8]) -> i32x8 {
        let wide = |codes: &[i8]| {
            let lanes: [i8; 16] = codes[..16].try_into().expect("sixteen codes");
            i16x16::from_i8x16(i8x16::from(lanes))
        };
        sums + wide(stored).dot(wide(query))
    }

    #[inline(always)]
    fn dot_rest(self, sums: i32x8, stored: &[i8], query: &[i8]) -> i32x8 {
        self.dot_step(sums, stored, query)
    }

    #[inline(always)]
    fn dot_end(self, sums: i32x8, _query_sum: i32) -> i32 {
        sums.to_array().iter().sum()
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

#[inline(always)]
pub(super) fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"))
}
