//! `citext`: comparison without regard to case. The keys of indexes and groups agree with
//! it: [`types::fold_case`].

use std::cmp::Ordering;

use crate::error::Result;
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::arg;
use crate::sql::types::{self, Datum, Repr};

pub const KERNELS: &[Kernel] = kernels! {
    columns2 "citext_eq" => |a: &str, b: &str| Ok(order(a, b).is_eq());
    columns2 "citext_ne" => |a: &str, b: &str| Ok(order(a, b).is_ne());
    columns2 "citext_lt" => |a: &str, b: &str| Ok(order(a, b).is_lt());
    columns2 "citext_le" => |a: &str, b: &str| Ok(order(a, b).is_le());
    columns2 "citext_gt" => |a: &str, b: &str| Ok(order(a, b).is_gt());
    columns2 "citext_ge" => |a: &str, b: &str| Ok(order(a, b).is_ge());
    columns2 "citext_cmp" => |a: &str, b: &str| Ok(order(a, b) as i32);
    rows2 "citext_smaller" => |a: &str, b: &str| Ok(if order(a, b).is_lt() { a } else { b }.to_owned());
    rows2 "citext_larger" => |a: &str, b: &str| Ok(if order(a, b).is_gt() { a } else { b }.to_owned());
    call "citext_hash" => |_, args| Ok(Datum::Int4(hash(args, 0)? as i32));
    call "citext_hash_extended" => |_, args| {
        let seed: i64 = arg(args, 1)?;
        Ok(Datum::Int8(hash(args, seed as u64)? as i64))
    };
};

fn order(a: &str, b: &str) -> Ordering {
    types::fold_case(a).cmp(&types::fold_case(b))
}

fn hash(args: &[Datum], seed: u64) -> Result<u64> {
    let text: &str = arg(args, 0)?;
    let folded = Datum::Text(types::fold_case(text));
    Ok(types::hash::extended(&folded, &Repr::Text, seed).unwrap_or_default())
}
