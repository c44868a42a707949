//! `tid` and `pg_lsn`: two numbers that say where something lies.
//!
//! Values are kept as their text; here is what PostgreSQL reads, the binary form, and the
//! number by which they are compared.
//!
//! ```text
//! tid      (block,offset)   a block of 32 bits, an offset of 16
//! pg_lsn   1A/2B            64 bits in two hexadecimal halves
//! ```

use std::fmt;

use bytes::{BufMut, BytesMut};

use super::wire::Reader;
use crate::error::{Error, Result};

/// Which of the two types a value is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PositionKind {
    Row,
    Lsn,
}

impl PositionKind {
    /// The number that a value is compared by; of no value it is 0.
    pub fn number(self, text: &str) -> u64 {
        match self {
            PositionKind::Row => RowId::parse(text)
                .map_or(0, |row| u64::from(row.block) << 16 | u64::from(row.offset)),
            PositionKind::Lsn => Lsn::parse(text).map_or(0, |lsn| lsn.0),
        }
    }

    /// The value of a number.
    pub fn text(self, number: u64) -> String {
        match self {
            PositionKind::Row => {
                RowId { block: (number >> 16) as u32, offset: number as u16 }.to_string()
            }
            PositionKind::Lsn => Lsn(number).to_string(),
        }
    }
}

/// Where a row lies: `tid`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RowId {
    pub block: u32,
    pub offset: u16,
}

impl RowId {
    /// `22P02` for what PostgreSQL does not read. What follows the parenthesis is not looked at.
    pub fn parse(text: &str) -> Result<RowId> {
        RowId::parts(text).ok_or_else(|| Error::invalid_input("tid", text))
    }

    fn parts(text: &str) -> Option<RowId> {
        let (_, inside) = text.split_once('(')?;
        let (block, rest) = inside.split_once(',')?;
        let (offset, _) = rest.split_once(')')?;
        let block: i64 = number(block)?;
        // A negative number of 32 bits is taken as its bits.
        let bits = u32::try_from(block).ok().or_else(|| Some(i32::try_from(block).ok()? as u32))?;
        Some(RowId { block: bits, offset: u16::try_from(number(offset)?).ok()? })
    }

    pub fn send(self, out: &mut BytesMut) {
        out.put_u32(self.block);
        out.put_u16(self.offset);
    }

    pub fn receive(reader: &mut Reader<'_>) -> Result<RowId> {
        Ok(RowId { block: reader.u32()?, offset: reader.i16()? as u16 })
    }
}

/// A decimal number as `strtoul` reads it: blanks before it and a sign are fine.
fn number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    text.parse().ok()
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", self.block, self.offset)
    }
}

/// The hexadecimal digits of a half.
const HALF_DIGITS_MAX: usize = 8;

/// A position in the journal: `pg_lsn`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lsn(pub u64);

impl Lsn {
    pub fn parse(text: &str) -> Result<Lsn> {
        let half = |half: &str| {
            let fits = (1..=HALF_DIGITS_MAX).contains(&half.len());
            let is_plain = half.bytes().all(|byte| byte.is_ascii_hexdigit());
            (fits && is_plain).then(|| u32::from_str_radix(half, 16).ok()).flatten()
        };
        text.split_once('/')
            .and_then(|(high, low)| Some(u64::from(half(high)?) << 32 | u64::from(half(low)?)))
            .map(Lsn)
            .ok_or_else(|| Error::invalid_input("pg_lsn", text))
    }

    pub fn send(self, out: &mut BytesMut) {
        out.put_u64(self.0);
    }

    pub fn receive(reader: &mut Reader<'_>) -> Result<Lsn> {
        Ok(Lsn(reader.i64()? as u64))
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_ids_are_read_as_postgresql_reads_them() {
        let read = |text: &str| RowId::parse(text).map(|id| id.to_string()).ok();
        assert_eq!(read("(0,1)").as_deref(), Some("(0,1)"));
        assert_eq!(read("( 7,65535)x").as_deref(), Some("(7,65535)"));
        assert_eq!(read("(-1,2)").as_deref(), Some("(4294967295,2)"));
        for wrong in ["abc", "( 1 , 2 )", "(1,70000)", "(4294967296,7)", "(1,2", "1,2)", "(,)", ""]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn binary_forms_are_of_six_and_of_eight_bytes() {
        let mut out = BytesMut::new();
        RowId { block: 1, offset: 2 }.send(&mut out);
        assert_eq!(out[..], [0, 0, 0, 1, 0, 2]);
        assert_eq!(RowId::receive(&mut Reader::new(&out)).unwrap(), RowId { block: 1, offset: 2 });
        let mut out = BytesMut::new();
        Lsn::parse("16/b374D848").unwrap().send(&mut out);
        assert_eq!(out[..], [0, 0, 0, 0x16, 0xB3, 0x74, 0xD8, 0x48]);
        assert_eq!(Lsn::receive(&mut Reader::new(&out)).unwrap().to_string(), "16/B374D848");
        assert!(Lsn::parse("16/").is_err() && Lsn::parse("123456789/0").is_err());
    }
}
