//! PostgreSQL's hashes of values, with a seed: what places rows in hash partitions
//! and what the `hash…` functions answer.
//!
//! Bytes are hashed with Bob Jenkins' lookup3 (hashlittle2 of 2006, in the public
//! domain); values that are equal hash the same, whatever their type of the family.
//!
//! ```text
//! 1::int2, 1::int4, 1::int8   the 32 bits 01 00 00 00
//! -1::int8                    the low half xor the complement of the high half
//! 1.50                        base-10000 digits 1, 5000; then xor the weight 0
//! ```

use bytes::BytesMut;

use super::numeric::Numeric;
use super::{Datum, Repr};

/// What lookup3 starts from: the golden ratio, and PostgreSQL's own constant.
const START: u32 = 0x9e37_79b9_u32.wrapping_add(3_923_095);

struct State {
    a: u32,
    b: u32,
    c: u32,
}

impl State {
    fn new(length: u32, seed: u64) -> State {
        let start = START.wrapping_add(length);
        let mut state = State { a: start, b: start, c: start };
        if seed != 0 {
            state.a = state.a.wrapping_add((seed >> 32) as u32);
            state.b = state.b.wrapping_add(seed as u32);
            state.mix();
        }
        state
    }

    /// lookup3's `mix`: reversible, so that no bit is lost between blocks.
    fn mix(&mut self) {
        let State { a, b, c } = self;
        let step = |x: &mut u32, z: u32, bits: u32| {
            *x = x.wrapping_sub(z) ^ z.rotate_left(bits);
        };
        step(a, *c, 4);
        *c = c.wrapping_add(*b);
        step(b, *a, 6);
        *a = a.wrapping_add(*c);
        step(c, *b, 8);
        *b = b.wrapping_add(*a);
        step(a, *c, 16);
        *c = c.wrapping_add(*b);
        step(b, *a, 19);
        *a = a.wrapping_add(*c);
        step(c, *b, 4);
        *b = b.wrapping_add(*a);
    }

    /// lookup3's `final`.
    fn finish(mut self) -> u64 {
        let State { a, b, c } = &mut self;
        *c = (*c ^ *b).wrapping_sub(b.rotate_left(14));
        *a = (*a ^ *c).wrapping_sub(c.rotate_left(11));
        *b = (*b ^ *a).wrapping_sub(a.rotate_left(25));
        *c = (*c ^ *b).wrapping_sub(b.rotate_left(16));
        *a = (*a ^ *c).wrapping_sub(c.rotate_left(4));
        *b = (*b ^ *a).wrapping_sub(a.rotate_left(14));
        *c = (*c ^ *b).wrapping_sub(b.rotate_left(24));
        u64::from(*b) << 32 | u64::from(*c)
    }
}

/// The hash of bytes.
pub fn bytes(bytes: &[u8], seed: u64) -> u64 {
    let mut state = State::new(bytes.len() as u32, seed);
    let mut chunks = bytes.chunks_exact(12);
    let word =
        |chunk: &[u8]| chunk.iter().rev().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
    for chunk in &mut chunks {
        state.a = state.a.wrapping_add(word(&chunk[..4]));
        state.b = state.b.wrapping_add(word(&chunk[4..8]));
        state.c = state.c.wrapping_add(word(&chunk[8..]));
        state.mix();
    }
    let rest = chunks.remainder();
    let part = |from: usize, to: usize| word(&rest[from.min(rest.len())..to.min(rest.len())]);
    state.a = state.a.wrapping_add(part(0, 4));
    state.b = state.b.wrapping_add(part(4, 8));
    // The lowest byte of c is the length's.
    state.c = state.c.wrapping_add(part(8, 12) << 8);
    state.finish()
}

/// The hash of one 32-bit number.
pub fn word(value: u32, seed: u64) -> u64 {
    let mut state = State::new(4, seed);
    state.a = state.a.wrapping_add(value);
    state.finish()
}

fn long(value: i64, seed: u64) -> u64 {
    let (low, high) = (value as u32, (value >> 32) as u32);
    word(low ^ if value >= 0 { high } else { !high }, seed)
}

fn double(value: f64, seed: u64) -> u64 {
    match value {
        0.0 => seed,
        value if value.is_nan() => bytes(&0x7ff8_0000_0000_0000_u64.to_le_bytes(), seed),
        value => bytes(&value.to_le_bytes(), seed),
    }
}

fn numeric(value: &Numeric, seed: u64) -> u64 {
    if !value.is_finite() {
        return seed;
    }
    if value.is_zero() {
        return seed.wrapping_sub(1);
    }
    // The binary form has the digits that count, each in network order.
    let mut form = BytesMut::new();
    value.send(&mut form);
    let weight = i16::from_be_bytes([form[2], form[3]]);
    let digits: Vec<u8> =
        form[8..].chunks_exact(2).flat_map(|digit| [digit[1], digit[0]]).collect();
    bytes(&digits, seed) ^ i64::from(weight) as u64
}

/// A value's hash; `None` for types whose hash is not implemented.
pub fn extended(value: &Datum, repr: &Repr, seed: u64) -> Option<u64> {
    Some(match (value, repr) {
        (Datum::Null, _) => return None,
        (Datum::Bool(value), _) => word(u32::from(*value), seed),
        (Datum::Char(value), _) => word(i32::from(*value as i8) as u32, seed),
        (Datum::Int2(value), _) => word(i32::from(*value) as u32, seed),
        (Datum::Int4(value) | Datum::Date(value), _) => word(*value as u32, seed),
        (Datum::Oid(value), _) => word(*value, seed),
        (
            Datum::Int8(value)
            | Datum::Time(value)
            | Datum::Timestamp(value)
            | Datum::TimestampTz(value),
            _,
        ) => long(*value, seed),
        (Datum::Float4(value), _) => double(f64::from(*value), seed),
        (Datum::Float8(value), _) => double(*value, seed),
        (Datum::Numeric(value), _) => numeric(value, seed),
        (Datum::Text(label), Repr::Enum(labels)) => {
            word(labels.labels.get(labels.position(label)?)?.oid, seed)
        }
        (Datum::Text(text), Repr::Bpchar) => bytes(text.trim_end_matches(' ').as_bytes(), seed),
        (Datum::Text(text), Repr::Citext) => bytes(super::fold_case(text).as_bytes(), seed),
        (Datum::Text(text), _) => bytes(text.as_bytes(), seed),
        (Datum::Bytea(value), Repr::Bytea) => bytes(value, seed),
        (Datum::Uuid(value), _) => bytes(value, seed),
        (Datum::Interval(value), _) => long(value.span() as i64, seed),
        (Datum::TimeTz(time, zone), _) => long(*time, seed) ^ word(*zone as u32, seed),
        (Datum::Array(array), Repr::Array(element)) => {
            let mut result = 1u64;
            for value in &array.elements {
                let hash = if value.is_null() { 0 } else { extended(value, &element.repr, seed)? };
                result = (result << 5).wrapping_sub(result).wrapping_add(hash);
            }
            result
        }
        _ => return None,
    })
}

/// The seed of the hashes that hash partitions are chosen by.
const PARTITION_SEED: u64 = 0x7A5B_2236_7996_DCFD;

/// The hash of a partition key; NULLs do not count.
pub fn row<'a>(parts: impl Iterator<Item = (&'a Datum, &'a Repr)>) -> Option<u64> {
    let mut combined: u64 = 0;
    for (value, repr) in parts.filter(|(value, _)| !value.is_null()) {
        let hash = extended(value, repr, PARTITION_SEED)?;
        combined ^= hash
            .wrapping_add(0x49a0_f4dd_15e5_a8e3)
            .wrapping_add(combined << 54)
            .wrapping_add(combined >> 7);
    }
    Some(combined)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PostgreSQL's answers to hashtext('abc'), hashtextextended('…', 1) and others.
    #[test]
    fn hashes_are_postgresqls() {
        let text = |text: &str, seed| extended(&Datum::Text(text.into()), &Repr::Text, seed);
        let int = |value, seed| extended(&Datum::Int4(value), &Repr::Int4, seed);
        assert_eq!(int(1, 0).map(|hash| hash as i32), Some(-1905060026));
        assert_eq!(text("abc", 0).map(|hash| hash as i32), Some(HASHTEXT_ABC));
        assert_eq!(text("hello, world and more", 1).map(|hash| hash as i64), Some(HASHTEXTEXT));
        assert_eq!(
            extended(&Datum::Int8(-5), &Repr::Int8, 7).map(|hash| hash as i64),
            int(-5, 7).map(|hash| hash as i64)
        );
    }

    const HASHTEXT_ABC: i32 = -785388649;
    const HASHTEXTEXT: i64 = -741873401579106518;
}
