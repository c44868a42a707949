//! `inet` and `cidr`: an IPv4 or IPv6 address with the length of its network's mask.
//!
//! Both types have one form; which of the two a value is, its type says. A `cidr`
//! has no bits set behind its mask.
//!
//! ```text
//! order:  family, network, mask length, address
//! bytes:  04 | 0a 01 00 00 | 10 | 0a 01 02 03        10.1.2.3/16
//! ```
//! These bytes sort as the type does; they are the form in rows, in Arrow and in keys.

mod arithmetic;
mod input;
mod output;

use std::cmp::Ordering;

use bytes::{BufMut, BytesMut};

use super::wire::Reader;
use super::{Oid, oid};
use crate::error::{Error, Result};
use crate::sqlstate;

pub use input::parse;

/// Address families as the binary form numbers them.
const FAMILY_V4: u8 = 2;
const FAMILY_V6: u8 = 3;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Inet {
    /// In the highest bits; an IPv4 address fills 32 of them.
    address: u128,
    /// Length of the network's mask.
    bits: u8,
    v6: bool,
}

impl Ord for Inet {
    fn cmp(&self, other: &Inet) -> Ordering {
        let key = |inet: &Inet| (inet.v6, inet.network().address, inet.bits, inet.address);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Inet {
    fn partial_cmp(&self, other: &Inet) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Ones in the first `bits` places.
fn mask(bits: u8) -> u128 {
    match bits {
        0 => 0,
        bits => u128::MAX << (128 - u32::from(bits.min(128))),
    }
}

impl Inet {
    /// An address given by its bytes, of which there are 4 or 16.
    pub fn new(bytes: &[u8], bits: u8) -> Option<Inet> {
        let v6 = match bytes.len() {
            4 => false,
            16 => true,
            _ => return None,
        };
        let mut full = [0; 16];
        full[..bytes.len()].copy_from_slice(bytes);
        let inet = Inet { address: u128::from_be_bytes(full), bits, v6 };
        (bits <= inet.bits_max()).then_some(inet)
    }

    /// A host's address.
    pub fn host(address: std::net::IpAddr) -> Inet {
        match address {
            std::net::IpAddr::V4(v4) => {
                Inet { address: u128::from(v4.to_bits()) << 96, bits: 32, v6: false }
            }
            std::net::IpAddr::V6(v6) => Inet { address: v6.to_bits(), bits: 128, v6: true },
        }
    }

    pub fn is_v6(&self) -> bool {
        self.v6
    }

    pub fn bits(&self) -> u8 {
        self.bits
    }

    pub fn bits_max(&self) -> u8 {
        if self.v6 { 128 } else { 32 }
    }

    fn size_bytes(&self) -> usize {
        if self.v6 { 16 } else { 4 }
    }

    /// Nothing is set behind the mask.
    pub fn is_network(&self) -> bool {
        self.address & !mask(self.bits) == 0
    }

    /// Bytes that sort as addresses do, whatever their masks: IPv4 first.
    pub fn place(&self) -> [u8; 17] {
        let mut place = [u8::from(self.v6); 17];
        place[1..].copy_from_slice(&self.address.to_be_bytes());
        place
    }

    /// The form in rows, Arrow columns and keys.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let size = self.size_bytes();
        out.push(size as u8);
        out.extend_from_slice(&self.network().address.to_be_bytes()[..size]);
        out.push(self.bits);
        out.extend_from_slice(&self.address.to_be_bytes()[..size]);
    }

    /// Reads one from the front of `bytes`.
    pub fn decode(bytes: &mut &[u8]) -> Option<Inet> {
        let (&size, rest) = bytes.split_first()?;
        let (_, rest) = rest.split_at_checked(usize::from(size))?;
        let (&bits, rest) = rest.split_first()?;
        let (address, rest) = rest.split_at_checked(usize::from(size))?;
        *bytes = rest;
        Inet::new(address, bits)
    }

    /// The binary form, which says whether the value is a `cidr`.
    pub fn send(&self, type_oid: Oid, out: &mut BytesMut) {
        out.put_u8(if self.v6 { FAMILY_V6 } else { FAMILY_V4 });
        out.put_u8(self.bits);
        out.put_u8(u8::from(type_oid == oid::CIDR));
        out.put_u8(self.size_bytes() as u8);
        out.put_slice(&self.address.to_be_bytes()[..self.size_bytes()]);
    }

    pub fn recv(reader: &mut Reader<'_>, type_oid: Oid) -> Result<Inet> {
        let name = type_name(type_oid);
        let invalid = |what: &str| {
            let message = format!("invalid {what} in external \"{name}\" value");
            Error::new(sqlstate::INVALID_BINARY_REPRESENTATION, message)
        };
        let (size, bits_max) = match reader.u8()? {
            FAMILY_V4 => (4, 32),
            FAMILY_V6 => (16, 128),
            _ => return Err(invalid("address family")),
        };
        let bits = reader.u8()?;
        if bits > bits_max {
            return Err(invalid("bits"));
        }
        reader.u8()?;
        if reader.u8()? != size {
            return Err(invalid("length"));
        }
        let bytes = reader.take(usize::from(size))?;
        let inet = Inet::new(bytes, bits).ok_or_else(|| invalid("length"))?;
        if type_oid == oid::CIDR && !inet.is_network() {
            let message = "invalid external \"cidr\" value";
            return Err(Error::new(sqlstate::INVALID_BINARY_REPRESENTATION, message)
                .with_detail(BEHIND_MASK));
        }
        Ok(inet)
    }
}

const BEHIND_MASK: &str = "Value has bits set to right of mask.";

fn type_name(type_oid: Oid) -> &'static str {
    if type_oid == oid::CIDR { "cidr" } else { "inet" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inet() -> impl Strategy<Value = Inet> {
        (any::<bool>(), prop_oneof![any::<u128>(), Just(0), Just(1 << 127)], any::<u8>()).prop_map(
            |(v6, address, bits)| match v6 {
                true => Inet { address, bits: bits % 129, v6 },
                false => Inet { address: address & mask(32), bits: bits % 33, v6 },
            },
        )
    }

    fn text(inet: Inet, type_oid: Oid) -> String {
        let mut out = Vec::new();
        inet.write(type_oid, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    proptest! {
        #[test]
        fn text_and_bytes_read_back(inet in inet()) {
            prop_assert_eq!(parse(&text(inet, oid::INET), oid::INET).ok(), Some(inet));
            let net = inet.network();
            prop_assert_eq!(parse(&text(net, oid::CIDR), oid::CIDR).ok(), Some(net));
            let mut bytes = Vec::new();
            inet.encode(&mut bytes);
            prop_assert_eq!(Inet::decode(&mut bytes.as_slice()), Some(inet));
        }

        #[test]
        fn bytes_sort_as_addresses_do(a in inet(), b in inet()) {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            a.encode(&mut x);
            b.encode(&mut y);
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }

        #[test]
        fn adding_a_difference_arrives(a in inet(), n in any::<i64>()) {
            if let Ok(sum) = a.plus(n) {
                prop_assert_eq!(sum.minus(&a).ok(), Some(n));
            }
        }
    }
}
