//! `inet`, `cidr`, `macaddr` and `macaddr8`: comparison, containment, masks, arithmetic.

use std::net::SocketAddr;

use crate::kernels;
use crate::sql::types::{Datum, Inet, mac, oid};

use super::Kernel;

pub const KERNELS: &[&[Kernel]] =
    &[COMPARISON, CONTAINMENT, PARTS, ARITHMETIC, CONNECTION, MACADDR, MACADDR8];

const COMPARISON: &[Kernel] = kernels! {
    rows2 "network_eq" => |a: Inet, b: Inet| Ok(a == b);
    rows2 "network_ne" => |a: Inet, b: Inet| Ok(a != b);
    rows2 "network_lt" => |a: Inet, b: Inet| Ok(a < b);
    rows2 "network_le" => |a: Inet, b: Inet| Ok(a <= b);
    rows2 "network_gt" => |a: Inet, b: Inet| Ok(a > b);
    rows2 "network_ge" => |a: Inet, b: Inet| Ok(a >= b);
    rows2 "network_cmp" => |a: Inet, b: Inet| Ok(a.cmp(&b) as i32);
    rows2 "network_larger" => |a: Inet, b: Inet| Ok(if a > b { a } else { b });
    rows2 "network_smaller" => |a: Inet, b: Inet| Ok(if a < b { a } else { b });
};

const CONTAINMENT: &[Kernel] = kernels! {
    rows2 "network_sub" => |a: Inet, b: Inet| Ok(b.contains(&a));
    rows2 "network_subeq" => |a: Inet, b: Inet| Ok(b.contains_or_equals(&a));
    rows2 "network_sup" => |a: Inet, b: Inet| Ok(a.contains(&b));
    rows2 "network_supeq" => |a: Inet, b: Inet| Ok(a.contains_or_equals(&b));
    rows2 "network_overlap" => |a: Inet, b: Inet| Ok(a.overlaps(&b));
    rows2 "inet_same_family" => |a: Inet, b: Inet| Ok(a.is_same_family(&b));
    rows2 "inet_merge" => |a: Inet, b: Inet| a.merge(&b);
};

const PARTS: &[Kernel] = kernels! {
    rows1 "inet_abbrev" => |a: Inet| Ok(written(|out| a.write(oid::INET, out)));
    rows1 "cidr_abbrev" => |a: Inet| Ok(a.abbreviated());
    rows1 "network_host" => |a: Inet| Ok(written(|out| a.write_host(out)));
    rows1 "network_show" => |a: Inet| Ok(written(|out| a.write(oid::CIDR, out)));
    rows1 "network_family" => |a: Inet| Ok(if a.is_v6() { 6 } else { 4 });
    rows1 "network_masklen" => |a: Inet| Ok(i32::from(a.bits()));
    rows1 "network_network" => |a: Inet| Ok(a.network());
    rows1 "inet_to_cidr" => |a: Inet| Ok(a.network());
    rows1 "network_broadcast" => |a: Inet| Ok(a.broadcast());
    rows1 "network_netmask" => |a: Inet| Ok(a.netmask());
    rows1 "network_hostmask" => |a: Inet| Ok(a.hostmask());
    rows2 "inet_set_masklen" => |a: Inet, bits: i32| a.with_bits(bits);
    rows2 "cidr_set_masklen" => |a: Inet, bits: i32| Ok(a.with_bits(bits)?.network());
};

/// What a function writes, as text.
fn written(write: impl Fn(&mut Vec<u8>)) -> String {
    let mut out = Vec::with_capacity(48);
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

const ARITHMETIC: &[Kernel] = kernels! {
    rows1 "inetnot" => |a: Inet| Ok(a.complement());
    rows2 "inetand" => |a: Inet, b: Inet| a.combine(&b, "AND", |a, b| a & b);
    rows2 "inetor" => |a: Inet, b: Inet| a.combine(&b, "OR", |a, b| a | b);
    rows2 "inetpl" => |a: Inet, n: i64| a.plus(n);
    rows2 "int8pl_inet_int8_inet" => |n: i64, a: Inet| a.plus(n);
    // As in PostgreSQL, the smallest bigint is its own negation.
    rows2 "inetmi_int8" => |a: Inet, n: i64| a.plus(n.wrapping_neg());
    rows2 "inetmi" => |a: Inet, b: Inet| a.minus(&b);
};

/// The two ends of the session's connection.
const CONNECTION: &[Kernel] = kernels! {
    call "inet_client_addr" => |call, _| Ok(address(call.eval.session.client_address()));
    call "inet_client_port" => |call, _| Ok(port(call.eval.session.client_address()));
    call "inet_server_addr" => |call, _| Ok(address(call.eval.session.server_address()));
    call "inet_server_port" => |call, _| Ok(port(call.eval.session.server_address()));
};

fn address(end: Option<SocketAddr>) -> Datum {
    end.map_or(Datum::Null, |end| Datum::Inet(Inet::host(end.ip())))
}

fn port(end: Option<SocketAddr>) -> Datum {
    end.map_or(Datum::Null, |end| Datum::Int4(end.port().into()))
}

/// The kernels that `macaddr` and `macaddr8` share.
macro_rules! mac_kernels {
    ($group:ident $bytes:ty, $eq:literal $ne:literal $lt:literal $le:literal $gt:literal
        $ge:literal $cmp:literal $not:literal $and:literal $or:literal $trunc:literal;
        $($more:tt)*) => {
        const $group: &[Kernel] = kernels! {
            rows2 $eq => |a: $bytes, b: $bytes| Ok(a == b);
            rows2 $ne => |a: $bytes, b: $bytes| Ok(a != b);
            rows2 $lt => |a: $bytes, b: $bytes| Ok(a < b);
            rows2 $le => |a: $bytes, b: $bytes| Ok(a <= b);
            rows2 $gt => |a: $bytes, b: $bytes| Ok(a > b);
            rows2 $ge => |a: $bytes, b: $bytes| Ok(a >= b);
            rows2 $cmp => |a: $bytes, b: $bytes| Ok(a.cmp(&b) as i32);
            rows1 $not => |a: $bytes| Ok(a.map(|byte| !byte));
            rows2 $and => |a: $bytes, b: $bytes| Ok(zip(a, b, |a, b| a & b));
            rows2 $or => |a: $bytes, b: $bytes| Ok(zip(a, b, |a, b| a | b));
            rows1 $trunc => |a: $bytes| Ok(manufacturer(a));
            $($more)*
        };
    };
}

fn zip<const N: usize>(a: [u8; N], b: [u8; N], f: fn(u8, u8) -> u8) -> [u8; N] {
    std::array::from_fn(|n| f(a[n], b[n]))
}

/// Only the three bytes that name the manufacturer.
fn manufacturer<const N: usize>(mut address: [u8; N]) -> [u8; N] {
    address[3..].fill(0);
    address
}

mac_kernels!(MACADDR [u8; 6], "macaddr_eq" "macaddr_ne" "macaddr_lt" "macaddr_le" "macaddr_gt"
    "macaddr_ge" "macaddr_cmp" "macaddr_not" "macaddr_and" "macaddr_or" "macaddr_trunc";
    rows1 "macaddrtomacaddr8" => |a: [u8; 6]| Ok(mac::widen(&a));
);

mac_kernels!(MACADDR8 [u8; 8], "macaddr8_eq" "macaddr8_ne" "macaddr8_lt" "macaddr8_le"
    "macaddr8_gt" "macaddr8_ge" "macaddr8_cmp" "macaddr8_not" "macaddr8_and" "macaddr8_or"
    "macaddr8_trunc";
    rows1 "macaddr8tomacaddr" => |a: [u8; 8]| mac::narrow(&a);
    rows1 "macaddr8_set7bit" => |mut a: [u8; 8]| {
        a[0] |= 0x02;
        Ok(a)
    };
);
