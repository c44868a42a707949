//! Hash functions of the types' equality: equal values hash equal.
//!
//! The numbers are PostgreSQL's ([`types::hash`]), except for types that are not in
//! there (`jsonb`, records): these hash the memcomparable key.

use crate::error::Result;
use crate::kernels;
use crate::sql::types::{self, Datum, key};

use super::call::{arg, wrong_type};
use super::{CallContext, Kernel, value};

pub const KERNELS: &[&[Kernel]] = &[HASH, EXTENDED];

/// PostgreSQL's hash; else FNV-1a over the key, then a finalizer that spreads the low
/// bits.
fn digest(call: &CallContext<'_>, args: &[Datum], seed: u64) -> Result<u64> {
    let (Some(value), Some(ty)) = (args.first(), call.args.first()) else {
        return Err(wrong_type());
    };
    let repr = value::repr(call, ty.oid)?;
    if let Some(hash) = types::hash::extended(value, &repr, seed) {
        return Ok(hash);
    }
    let mut bytes = Vec::new();
    key::encode(value, &repr, &mut bytes);
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    let hash = bytes
        .iter()
        .fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    Ok(mixed ^ mixed >> 33)
}

fn hash(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int4(digest(call, args, 0)? as i32))
}

fn extended(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let seed: i64 = arg(args, 1)?;
    Ok(Datum::Int8(digest(call, args, seed as u64)? as i64))
}

const HASH: &[Kernel] = kernels! {
    call "hashint2" => hash;
    call "hashint4" => hash;
    call "hashint8" => hash;
    call "hashfloat4" => hash;
    call "hashfloat8" => hash;
    call "hash_numeric" => hash;
    call "hashbpchar" => hash;
    call "hashchar" => hash;
    call "hashname" => hash;
    call "hashtext" => hash;
    call "time_hash" => hash;
    call "timetz_hash" => hash;
    call "timestamp_hash" => hash;
    call "interval_hash" => hash;
    call "uuid_hash" => hash;
    call "jsonb_hash" => hash;
    call "hash_array" => hash;
    call "hashenum" => hash;
    call "hash_range" => hash;
    call "hash_multirange" => hash;
    call "hash_record" => hash;
    call "hashoid" => hash;
    call "hashoidvector" => hash;
    call "hashtid" => hash;
    call "pg_lsn_hash" => hash;
    call "hashinet" => hash;
    call "hashmacaddr" => hash;
    call "hashmacaddr8" => hash;
};

const EXTENDED: &[Kernel] = kernels! {
    call "hashint2extended" => extended;
    call "hashint4extended" => extended;
    call "hashint8extended" => extended;
    call "hashfloat4extended" => extended;
    call "hashfloat8extended" => extended;
    call "hash_numeric_extended" => extended;
    call "hashbpcharextended" => extended;
    call "hashcharextended" => extended;
    call "hashnameextended" => extended;
    call "hashtextextended" => extended;
    call "time_hash_extended" => extended;
    call "timetz_hash_extended" => extended;
    call "timestamp_hash_extended" => extended;
    call "interval_hash_extended" => extended;
    call "uuid_hash_extended" => extended;
    call "jsonb_hash_extended" => extended;
    call "hash_array_extended" => extended;
    call "hashenumextended" => extended;
    call "hash_range_extended" => extended;
    call "hash_multirange_extended" => extended;
    call "hash_record_extended" => extended;
    call "hashoidextended" => extended;
    call "hashoidvectorextended" => extended;
    call "hashtidextended" => extended;
    call "pg_lsn_hash_extended" => extended;
    call "hashinetextended" => extended;
    call "hashmacaddrextended" => extended;
    call "hashmacaddr8extended" => extended;
};
