//! Values as bytes: in rows and in columns, and as keys that sort as the values do.
//!
//! ```text
//! stored:  0 | f32 × dims                        vector
//!          1 | u16 × dims                        halfvec
//!          2 | dims i32 | (index i32, f32) × n   sparsevec        all little-endian
//! ```

use super::*;

const VECTOR: u8 = 0;
const HALF: u8 = 1;
const SPARSE: u8 = 2;

/// First bytes of a key's elements.
mod mark {
    pub const END: u8 = 0;
    pub const ELEMENT: u8 = 1;
    pub const BELOW_ZERO: u8 = 0;
    pub const ABOVE_ZERO: u8 = 2;
}

impl Value {
    /// Appends the stored form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Value::Vector(elements) => {
                out.push(VECTOR);
                elements.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
            }
            Value::Half(elements) => {
                out.push(HALF);
                elements.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
            }
            Value::Sparse(sparse) => {
                out.push(SPARSE);
                out.extend_from_slice(&sparse.dims.to_le_bytes());
                for (index, value) in sparse.pairs.indices.iter().zip(&sparse.pairs.values) {
                    out.extend_from_slice(&index.to_le_bytes());
                    out.extend_from_slice(&value.to_le_bytes());
                }
            }
        }
    }

    /// Reads the stored form; none where it is not one.
    pub fn decode(bytes: &[u8]) -> Option<Value> {
        let (kind, rest) = bytes.split_first()?;
        let word = |bytes: &[u8]| -> [u8; 4] { bytes.try_into().expect("four bytes") };
        let float = |bytes: &[u8]| f32::from_le_bytes(word(bytes));
        let value = match *kind {
            VECTOR if rest.len() % 4 == 0 => {
                Value::Vector(rest.chunks_exact(4).map(float).collect())
            }
            HALF if rest.len() % 2 == 0 => {
                let half = |bytes: &[u8]| u16::from_le_bytes([bytes[0], bytes[1]]);
                Value::Half(rest.chunks_exact(2).map(half).collect())
            }
            SPARSE if rest.len() % 8 == 4 => {
                let (dims, pairs) = rest.split_at(4);
                let pair = |pair: &[u8]| (i32::from_le_bytes(word(&pair[..4])), float(&pair[4..]));
                let (indices, values) = pairs.chunks_exact(8).map(pair).unzip();
                let pairs = OwnedSparse { indices, values };
                Value::Sparse(Arc::new(SparseVec { dims: i32::from_le_bytes(word(dims)), pairs }))
            }
            _ => return None,
        };
        Some(value)
    }

    /// Appends a key: keys sort as the values do, and none is the beginning of another.
    /// -0 becomes 0.
    pub fn encode_key(&self, out: &mut Vec<u8>) {
        let mut dense = |elements: &mut dyn Iterator<Item = f32>| {
            for element in elements {
                out.push(mark::ELEMENT);
                out.extend_from_slice(&ordered(element).to_be_bytes());
            }
            out.push(mark::END);
        };
        match self {
            Value::Vector(elements) => dense(&mut elements.iter().copied()),
            Value::Half(elements) => dense(&mut elements.iter().map(|bits| widen(*bits))),
            Value::Sparse(sparse) => {
                // Where one vector has an element and the other has none, the other's is
                // zero: a negative one sorts below all that is further right, a positive
                // one above. The end counts as a negative one, at the dimensions.
                for (index, value) in sparse.pairs.indices.iter().zip(&sparse.pairs.values) {
                    let index = *index as u32;
                    if *value < 0.0 {
                        out.push(mark::BELOW_ZERO);
                        out.extend_from_slice(&index.to_be_bytes());
                        out.push(mark::ELEMENT);
                    } else {
                        out.push(mark::ABOVE_ZERO);
                        out.extend_from_slice(&(!index).to_be_bytes());
                    }
                    out.extend_from_slice(&ordered(*value).to_be_bytes());
                }
                out.push(mark::BELOW_ZERO);
                out.extend_from_slice(&(sparse.dims as u32).to_be_bytes());
                out.push(mark::END);
            }
        }
    }

    /// Reads a key from the front of `bytes`.
    pub fn decode_key(kind: Kind, bytes: &mut &[u8]) -> Option<Value> {
        if kind == Kind::Sparse {
            return decode_sparse_key(bytes);
        }
        let mut elements = Vec::new();
        while take::<1>(bytes)?[0] == mark::ELEMENT {
            elements.push(unordered(u32::from_be_bytes(take(bytes)?)));
        }
        Some(match kind {
            Kind::Half => Value::Half(elements.into_iter().map(narrow).collect()),
            _ => Value::Vector(elements.into()),
        })
    }
}

fn decode_sparse_key(bytes: &mut &[u8]) -> Option<Value> {
    let mut pairs = OwnedSparse::default();
    loop {
        let side = take::<1>(bytes)?[0];
        let index = u32::from_be_bytes(take(bytes)?);
        let index = if side == mark::ABOVE_ZERO { !index } else { index } as i32;
        if side == mark::BELOW_ZERO && take::<1>(bytes)?[0] == mark::END {
            return Some(Value::Sparse(Arc::new(SparseVec { dims: index, pairs })));
        }
        pairs.indices.push(index);
        pairs.values.push(unordered(u32::from_be_bytes(take(bytes)?)));
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

/// Bits that sort as the float does.
fn ordered(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn unordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}
