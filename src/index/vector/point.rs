//! Values as entries have them.
//!
//! ```text
//! entry:  rid u64, big-endian | value
//! value:  that of `zserver_vector::value` (0 vector, 1 halfvec, 2 sparsevec), or
//!         3 | bits u32, little-endian | bytes        bit
//! ```
//!
//! The rid is in the value, too: what reads entries of any index finds it there.

use zserver_vector::kernel;

use super::class::{Class, Element, Measure};
use crate::error::{Error, Result};
use crate::sql::types::vector::{self, Value};
use crate::sql::types::{Bits, Datum};
use crate::sqlstate;
use crate::storage::key;

const BITS: u8 = 3;
const RID_BYTES: usize = 8;

/// A value of an index.
#[derive(Clone, Debug, PartialEq)]
pub enum Point {
    Vector(Value),
    Bits(Bits),
}

impl Point {
    /// The point of a key's value; none for what the index leaves out: NULL and, under
    /// cosine, what has no direction.
    pub fn of(class: Class, datum: &Datum) -> Result<Option<Point>> {
        match (class.element, datum) {
            (_, Datum::Null) => Ok(None),
            (Element::Bit, Datum::Bit(bits)) => Ok(Some(Point::Bits(bits.clone()))),
            (Element::Bit, _) | (_, Datum::Bit(_)) => Err(another_type()),
            (_, Datum::Vector(value)) => {
                let is_left_out = class.measure == Measure::Cosine && value.norm() == 0.0;
                Ok((!is_left_out).then(|| Point::Vector(value.clone())))
            }
            _ => Err(another_type()),
        }
    }

    /// The point that a search asks for: it may be one that the index leaves out.
    pub fn of_query(class: Class, datum: &Datum) -> Result<Point> {
        match (class.element, datum) {
            (Element::Bit, Datum::Bit(bits)) => Ok(Point::Bits(bits.clone())),
            (Element::Vector | Element::Half | Element::Sparse, Datum::Vector(value)) => {
                Ok(Point::Vector(value.clone()))
            }
            _ => Err(another_type()),
        }
    }

    /// The value of a row's entry.
    pub fn entry(&self, rid: u64) -> Vec<u8> {
        let mut out = key::index_value(rid).to_vec();
        match self {
            Point::Vector(value) => value.encode(&mut out),
            Point::Bits(bits) => {
                out.push(BITS);
                out.extend_from_slice(&(bits.len() as u32).to_le_bytes());
                out.extend_from_slice(bits.bytes());
            }
        }
        out
    }

    /// The point of an entry.
    pub fn of_entry(entry: &[u8]) -> Result<Point> {
        let stored = stored(entry)?;
        match stored.split_first() {
            Some((&BITS, rest)) => {
                let (length, bytes) = rest.split_first_chunk().ok_or_else(damaged)?;
                let length = u32::from_le_bytes(*length) as usize;
                match bytes.len() == length.div_ceil(8) {
                    true => Ok(Point::Bits(Bits::new(bytes.to_vec(), length))),
                    false => Err(damaged()),
                }
            }
            _ => vector::decode(stored).map(Point::Vector),
        }
    }

    /// What the operator returns for two points; an error for different dimensions.
    pub fn distance(&self, other: &Point, class: Class) -> Result<f64> {
        match (self, other) {
            (Point::Vector(a), Point::Vector(b)) => {
                let distance = class.distance().ok_or_else(another_type)?;
                a.distance(b, distance).map_err(vector::sql_error)
            }
            (Point::Bits(a), Point::Bits(b)) => {
                if a.len() != b.len() {
                    return Err(Error::new(
                        sqlstate::DATA_EXCEPTION,
                        format!("different bit lengths {} and {}", a.len(), b.len()),
                    ));
                }
                Ok(match class.measure {
                    Measure::Jaccard => kernel::jaccard(a.bytes(), b.bytes()),
                    _ => kernel::hamming(a.bytes(), b.bytes()) as f64,
                })
            }
            _ => Err(another_type()),
        }
    }

    /// Dimensions, or bits.
    pub fn dims(&self) -> usize {
        match self {
            Point::Vector(value) => usize::try_from(value.dims()).unwrap_or(0),
            Point::Bits(bits) => bits.len(),
        }
    }
}

/// The value's bytes of an entry.
pub(super) fn stored(entry: &[u8]) -> Result<&[u8]> {
    entry.get(RID_BYTES..).filter(|stored| !stored.is_empty()).ok_or_else(damaged)
}

pub(super) fn damaged() -> Error {
    Error::data_corrupted("an entry of a vector index")
}

fn another_type() -> Error {
    Error::internal("a vector index over a value of another type")
}

/// Distances from one point to entries, without a value made of each.
pub struct Ruler {
    class: Class,
    query: Point,
    elements: Vec<f32>,
    halves: Vec<u16>,
}

impl Ruler {
    pub fn new(class: Class, query: Point) -> Ruler {
        Ruler { class, query, elements: Vec::new(), halves: Vec::new() }
    }

    /// The distance to an entry's value.
    pub(super) fn distance(&mut self, entry: &[u8]) -> Result<f64> {
        match self.query {
            Point::Vector(_) => self.of_stored(stored(entry)?),
            Point::Bits(_) => self.of_point(&Point::of_entry(entry)?),
        }
    }

    /// The distance to a value.
    pub fn of_point(&self, point: &Point) -> Result<f64> {
        point.distance(&self.query, self.class)
    }

    /// The distance to a vector in its stored form.
    pub fn of_stored(&mut self, stored: &[u8]) -> Result<f64> {
        match (&self.query, self.class.measure) {
            (Point::Vector(Value::Vector(query)), measure) => {
                if stored.len() != 1 + 4 * query.len() || stored[0] != 0 {
                    return self.of_other(stored);
                }
                let floats = stored[1..].chunks_exact(4);
                self.elements.clear();
                self.elements.extend(
                    floats.map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])),
                );
                Ok(match measure {
                    Measure::L2 => f64::from(kernel::l2_squared_f32(query, &self.elements)).sqrt(),
                    Measure::InnerProduct => f64::from(-kernel::inner_f32(query, &self.elements)),
                    Measure::Cosine => kernel::cosine_f32(query, &self.elements),
                    _ => f64::from(kernel::l1_f32(query, &self.elements)),
                })
            }
            (Point::Vector(Value::Half(query)), measure) => {
                if stored.len() != 1 + 2 * query.len() || stored[0] != 1 {
                    return self.of_other(stored);
                }
                let halves = stored[1..].chunks_exact(2);
                self.halves.clear();
                self.halves.extend(halves.map(|two| u16::from_le_bytes([two[0], two[1]])));
                Ok(match measure {
                    Measure::L2 => f64::from(kernel::l2_squared_f16(query, &self.halves)).sqrt(),
                    Measure::InnerProduct => f64::from(-kernel::inner_f16(query, &self.halves)),
                    Measure::Cosine => kernel::cosine_f16(query, &self.halves),
                    _ => f64::from(kernel::l1_f16(query, &self.halves)),
                })
            }
            _ => self.of_other(stored),
        }
    }

    fn of_other(&self, stored: &[u8]) -> Result<f64> {
        self.of_point(&Point::Vector(vector::decode(stored)?))
    }
}
