//! `uuid-ossp`: UUIDs of versions 1, 3, 4 and 5 (RFC 4122).

use std::sync::atomic::{AtomicU64, Ordering};

use rand::Rng;
use zserver_pgcrypto::digests::Hash;

use crate::error::Result;
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::{Uuid, arg};
use crate::sql::types::Datum;

pub const KERNELS: &[Kernel] = kernels! {
    call "uuid_nil" => |_, _| Ok(Datum::Uuid([0; 16]));
    call "uuid_ns_dns" => |_, _| Ok(Datum::Uuid(namespace(0x10)));
    call "uuid_ns_url" => |_, _| Ok(Datum::Uuid(namespace(0x11)));
    call "uuid_ns_oid" => |_, _| Ok(Datum::Uuid(namespace(0x12)));
    call "uuid_ns_x500" => |_, _| Ok(Datum::Uuid(namespace(0x14)));
    call "uuid_generate_v1" => |_, _| Ok(Datum::Uuid(by_time(*NODE)));
    call "uuid_generate_v1mc" => |_, _| {
        let mut node = random_node();
        // Given by nobody.
        node[0] |= 0x02;
        Ok(Datum::Uuid(by_time(node)))
    };
    call "uuid_generate_v3" => |_, args| by_name(Hash::Md5, 3, args);
    call "uuid_generate_v4" => |_, _| {
        Ok(Datum::Uuid(of_version(rand::random(), 4)))
    };
    call "uuid_generate_v5" => |_, args| by_name(Hash::Sha1, 5, args);
};

/// The namespaces of RFC 4122 differ in one byte.
fn namespace(number: u8) -> [u8; 16] {
    [0x6b, 0xa7, 0xb8, number, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8]
}

fn of_version(mut bytes: [u8; 16], version: u8) -> [u8; 16] {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes
}

fn by_name(hash: Hash, version: u8, args: &[Datum]) -> Result<Datum> {
    let Uuid(namespace) = arg(args, 0)?;
    let name: &str = arg(args, 1)?;
    let digest = hash.digest(&[&namespace[..], name.as_bytes()].concat());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Ok(Datum::Uuid(of_version(bytes, version)))
}

/// A node of this process: no address of its hardware is told. Marked as none by the
/// multicast bit.
static NODE: std::sync::LazyLock<[u8; 6]> = std::sync::LazyLock::new(random_node);

fn random_node() -> [u8; 6] {
    let mut node: [u8; 6] = rand::random();
    node[0] |= 0x01;
    node
}

/// 100 nanoseconds since 1582-10-15, never the same twice in this process.
fn by_time(node: [u8; 6]) -> [u8; 16] {
    const EPOCH_1970: u64 = 0x01b2_1dd2_1381_4000;
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = EPOCH_1970 + since.map_or(0, |since| since.as_nanos() as u64 / 100);
    let next = |last: u64| Some(now.max(last + 1));
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
    let time = now.max(last + 1);
    let sequence: u16 = rand::rng().random();
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&(time as u32).to_be_bytes());
    bytes[4..6].copy_from_slice(&((time >> 32) as u16).to_be_bytes());
    bytes[6..8].copy_from_slice(&((time >> 48) as u16).to_be_bytes());
    bytes[8..10].copy_from_slice(&sequence.to_be_bytes());
    bytes[10..].copy_from_slice(&node);
    of_version(bytes, 1)
}
