//! Networks, masks and arithmetic on addresses.

use super::{Inet, mask};
use crate::error::{Error, Result};
use crate::sqlstate;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

fn out_of_range() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range")
}

impl Inet {
    /// All places that an address of this family has.
    fn whole(&self) -> u128 {
        mask(self.bits_max())
    }

    /// The address as a number.
    fn number(&self) -> u128 {
        self.address >> (128 - u32::from(self.bits_max()))
    }

    fn with_number(&self, number: u128) -> Inet {
        Inet { address: number << (128 - u32::from(self.bits_max())), ..*self }
    }

    /// The network part; what is behind the mask is zero.
    pub fn network(&self) -> Inet {
        Inet { address: self.address & mask(self.bits), ..*self }
    }

    pub fn broadcast(&self) -> Inet {
        Inet { address: self.address | (!mask(self.bits) & self.whole()), ..*self }
    }

    pub fn netmask(&self) -> Inet {
        Inet { address: mask(self.bits), bits: self.bits_max(), v6: self.v6 }
    }

    pub fn hostmask(&self) -> Inet {
        Inet { address: !mask(self.bits) & self.whole(), bits: self.bits_max(), v6: self.v6 }
    }

    /// The same address with another mask; -1 is the longest.
    pub fn with_bits(&self, bits: i32) -> Result<Inet> {
        match bits {
            -1 => Ok(Inet { bits: self.bits_max(), ..*self }),
            0.. if bits <= i32::from(self.bits_max()) => Ok(Inet { bits: bits as u8, ..*self }),
            _ => Err(invalid(format!("invalid mask length: {bits}"))),
        }
    }

    pub fn is_same_family(&self, other: &Inet) -> bool {
        self.v6 == other.v6
    }

    /// Whether the first `bits` places are the same.
    fn agrees(&self, other: &Inet, bits: u8) -> bool {
        self.is_same_family(other) && (self.address ^ other.address) & mask(bits) == 0
    }

    pub fn overlaps(&self, other: &Inet) -> bool {
        self.agrees(other, self.bits.min(other.bits))
    }

    /// The other is in this network, and smaller.
    pub fn contains(&self, other: &Inet) -> bool {
        self.bits < other.bits && self.agrees(other, self.bits)
    }

    pub fn contains_or_equals(&self, other: &Inet) -> bool {
        self.bits <= other.bits && self.agrees(other, self.bits)
    }

    /// The smallest network that has both.
    pub fn merge(&self, other: &Inet) -> Result<Inet> {
        if !self.is_same_family(other) {
            return Err(invalid("cannot merge addresses from different families"));
        }
        let same = (self.address ^ other.address).leading_zeros() as u8;
        let bits = same.min(self.bits).min(other.bits);
        Ok(Inet { bits, ..*self }.network())
    }

    pub fn complement(&self) -> Inet {
        Inet { address: !self.address & self.whole(), ..*self }
    }

    /// Both addresses by a function of their bits; `verb` is what it does.
    pub fn combine(&self, other: &Inet, verb: &str, f: fn(u128, u128) -> u128) -> Result<Inet> {
        if !self.is_same_family(other) {
            return Err(invalid(format!("cannot {verb} inet values of different sizes")));
        }
        let bits = self.bits.max(other.bits);
        Ok(Inet { address: f(self.address, other.address), bits, v6: self.v6 })
    }

    pub fn plus(&self, addend: i64) -> Result<Inet> {
        let magnitude = u128::from(addend.unsigned_abs());
        let number = if addend < 0 {
            self.number().checked_sub(magnitude)
        } else {
            self.number().checked_add(magnitude)
        };
        let limit = u128::MAX >> (128 - u32::from(self.bits_max()));
        let number = number.filter(|number| *number <= limit).ok_or_else(out_of_range)?;
        Ok(self.with_number(number))
    }

    /// How many addresses this one is after the other.
    pub fn minus(&self, other: &Inet) -> Result<i64> {
        if !self.is_same_family(other) {
            return Err(invalid("cannot subtract inet values of different sizes"));
        }
        // As in PostgreSQL, addresses at the two ends of IPv6 are neighbours.
        let difference = self.number().wrapping_sub(other.number()).cast_signed();
        i64::try_from(difference).map_err(|_| out_of_range())
    }
}
