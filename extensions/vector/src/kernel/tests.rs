//! Each kernel at each level of this machine against the definition: lengths 1 to 16,000,
//! unaligned starts, denormals, infinities, NaN.

use super::float::at_level as float;
use super::{bits, code, rounding, scalar, sparse};
use crate::random::Random;
use crate::simd::{Level, available};

/// Every length up to 200, and longer ones around multiples of the steps.
fn lengths() -> impl Iterator<Item = usize> {
    (1..=200).chain([255, 256, 257, 383, 384, 1000, 1535, 1536, 4097, 15_999, 16_000])
}

fn each(mut test: impl FnMut(Level, usize, &mut Random)) {
    for level in available() {
        let mut random = Random::new(7);
        for length in lengths() {
            test(level, length, &mut random);
        }
    }
}

/// `length` floats of very different sizes, at an odd offset of their allocation.
fn floats(random: &mut Random, length: usize, offset: usize) -> Vec<f32> {
    let scale = [1.0, 1e-3, 1e3, 1e15, f32::MIN_POSITIVE / 8.0][random.below(5)];
    (0..length + offset).map(|_| (random.unit() * 2.0 - 1.0) * scale).collect()
}

fn near(found: f64, expected: f64, magnitude: f64, length: usize, what: &str) {
    let bound = f64::from(rounding(length)) * magnitude + f64::from(f32::MIN_POSITIVE);
    assert!((found - expected).abs() <= bound, "{what} of {length}: {found}, not {expected}");
}

#[test]
fn floats_are_within_the_bound() {
    each(|level, length, random| {
        let offset = random.below(4);
        let (a, b) = (floats(random, length, offset), floats(random, length, offset));
        let (a, b) = (&a[offset..], &b[offset..]);
        let what = |name: &str| format!("{name} at {level:?}");
        let l2 = scalar::l2_squared(a, b);
        near(float::l2_squared_f32(level, a, b).into(), l2, 2.0 * l2, length, &what("l2"));
        let l1 = scalar::l1(a, b);
        near(float::l1_f32(level, a, b).into(), l1, l1, length, &what("l1"));
        let magnitude: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a * b).abs()).sum();
        let inner = scalar::inner(a, b);
        near(float::inner_f32(level, a, b).into(), inner, magnitude, length, &what("inner"));
        let norm = scalar::inner(a, a);
        near(float::norm_squared_f32(level, a).into(), norm, norm, length, &what("norm"));
        let cosine = scalar::cosine(a, b);
        // Squares of the smallest floats vanish in f32, as they do in pgvector.
        if norm > 1e-30 && scalar::inner(b, b) > 1e-30 {
            near(float::cosine_f32(level, a, b), cosine, 2.0, length, &what("cosine"));
        }
    });
}

#[test]
fn halves_are_within_the_bound() {
    each(|level, length, random| {
        let bits = |random: &mut Random| -> Vec<u16> {
            let value = |random: &mut Random| match random.below(20) {
                // Denormals of binary16.
                0 => half::f16::from_bits(random.below(1024) as u16),
                _ => half::f16::from_f32(random.unit() * 20.0 - 10.0),
            };
            (0..length).map(|_| value(random).to_bits()).collect()
        };
        let (a, b) = (bits(random), bits(random));
        let wide = |bits: &[u16]| -> Vec<f32> {
            bits.iter().map(|bits| half::f16::from_bits(*bits).to_f32()).collect()
        };
        let (x, y) = (wide(&a), wide(&b));
        let what = |name: &str| format!("{name} of halves at {level:?}");
        let l2 = scalar::l2_squared(&x, &y);
        near(float::l2_squared_f16(level, &a, &b).into(), l2, 2.0 * l2, length, &what("l2"));
        let l1 = scalar::l1(&x, &y);
        near(float::l1_f16(level, &a, &b).into(), l1, l1, length, &what("l1"));
        let magnitude: f64 = x.iter().zip(&y).map(|(a, b)| f64::from(a * b).abs()).sum();
        let inner = scalar::inner(&x, &y);
        near(float::inner_f16(level, &a, &b).into(), inner, magnitude, length, &what("inner"));
        let cosine = scalar::cosine(&x, &y);
        near(float::cosine_f16(level, &a, &b), cosine, 2.0, length, &what("cosine"));
    });
}

#[test]
fn integers_are_exact() {
    each(|level, length, random| {
        let small = |random: &mut Random| -> Vec<f32> {
            (0..length).map(|_| random.below(9) as f32 - 4.0).collect()
        };
        let (a, b) = (small(random), small(random));
        assert_eq!(f64::from(float::l2_squared_f32(level, &a, &b)), scalar::l2_squared(&a, &b));
        assert_eq!(f64::from(float::inner_f32(level, &a, &b)), scalar::inner(&a, &b));
        assert_eq!(f64::from(float::l1_f32(level, &a, &b)), scalar::l1(&a, &b));
    });
}

#[test]
fn nan_and_infinity_spread() {
    each(|level, length, random| {
        let a = vec![1.0f32; length];
        let mut b = vec![0.5f32; length];
        let at = random.below(length);
        b[at] = f32::NAN;
        assert!(float::l2_squared_f32(level, &a, &b).is_nan());
        assert!(float::inner_f32(level, &a, &b).is_nan());
        assert!(float::l1_f32(level, &a, &b).is_nan());
        assert!(float::cosine_f32(level, &a, &b).is_nan());
        b[at] = f32::INFINITY;
        assert_eq!(float::l2_squared_f32(level, &a, &b), f32::INFINITY);
        assert_eq!(float::inner_f32(level, &a, &b), f32::INFINITY);
        assert_eq!(float::l1_f32(level, &a, &b), f32::INFINITY);
        assert!(float::cosine_f32(level, &a, &b).is_nan());
        b[at] = f32::MAX;
        assert_eq!(float::l2_squared_f32(level, &a, &b), f32::INFINITY, "a square overflows");
        let zero = vec![0.0f32; length];
        assert!(float::cosine_f32(level, &a, &zero).is_nan());
        let minus: Vec<f32> = a.iter().map(|a| -3.0 * a).collect();
        assert_eq!(float::cosine_f32(level, &a, &a), 0.0);
        assert_eq!(float::cosine_f32(level, &a, &minus), 2.0);
    });
}

#[test]
fn products_of_codes_are_exact() {
    each(|level, length, random| {
        let padded = length.next_multiple_of(16);
        let codes = |random: &mut Random| -> Vec<i8> {
            let extreme = random.below(3) == 0;
            let code = |random: &mut Random| match extreme {
                true => [-127, 127][random.below(2)],
                false => random.below(255) as i8,
            };
            (0..padded).map(|_| code(random).max(-127)).collect()
        };
        let (a, b) = (codes(random), codes(random));
        let sum = b.iter().map(|b| i32::from(*b)).sum();
        let expected: i32 = a.iter().zip(&b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
        assert_eq!(code::at_level::dot_code(level, &a, &b, sum), expected, "{level:?} {length}");
    });
}

#[test]
fn counts_of_bits_are_exact() {
    each(|level, length, random| {
        let bytes = |random: &mut Random| -> Vec<u8> {
            let mask = [0xff, 0x11, 0][random.below(3)];
            (0..length).map(|_| random.below(256) as u8 & mask).collect()
        };
        let (a, b) = (bytes(random), bytes(random));
        assert_eq!(bits::at_level::hamming(level, &a, &b), scalar::hamming(&a, &b));
        assert_eq!(bits::at_level::jaccard(level, &a, &b), scalar::jaccard(&a, &b));
    });
}

#[test]
fn sparse_is_as_dense() {
    let mut random = Random::new(3);
    for length in (1..80).chain([1000]) {
        let dense = |random: &mut Random| -> Vec<f32> {
            let value = |random: &mut Random| match random.below(3) {
                0 => random.below(9) as f32 - 4.0,
                _ => 0.0,
            };
            (0..length).map(|_| value(random)).collect()
        };
        let (a, b) = (dense(&mut random), dense(&mut random));
        let split = |dense: &[f32]| -> (Vec<i32>, Vec<f32>) {
            dense
                .iter()
                .enumerate()
                .filter(|(_, v)| **v != 0.0)
                .map(|(i, v)| (i as i32, *v))
                .unzip()
        };
        let ((ai, av), (bi, bv)) = (split(&a), split(&b));
        let (x, y) = (
            sparse::Sparse { indices: &ai, values: &av },
            sparse::Sparse { indices: &bi, values: &bv },
        );
        assert_eq!(f64::from(sparse::l2_squared(x, y)), scalar::l2_squared(&a, &b));
        assert_eq!(f64::from(sparse::inner(x, y)), scalar::inner(&a, &b));
        assert_eq!(f64::from(sparse::l1(x, y)), scalar::l1(&a, &b));
        let (found, expected) = (sparse::cosine(x, y), scalar::cosine(&a, &b));
        assert!(found == expected || found.is_nan() && expected.is_nan());
    }
}

#[test]
#[should_panic]
fn unequal_lengths_panic() {
    super::inner_f32(&[1.0, 2.0], &[1.0]);
}
