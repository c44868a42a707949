//! `numeric`: the kernels over the arithmetic of `types::numeric`.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::numeric::Numeric;
use crate::sqlstate;

use super::Kernel;
use super::identifier::lsn;

pub const KERNELS: &[&[Kernel]] = &[COMPARISON, ARITHMETIC, ROUNDING, FUNCTIONS, CONVERSIONS, LSN];

const COMPARISON: &[Kernel] = kernels! {
    rows2 "numeric_eq" => |a: &Numeric, b: &Numeric| Ok(a.cmp(b).is_eq());
    rows2 "numeric_ne" => |a: &Numeric, b: &Numeric| Ok(a.cmp(b).is_ne());
    rows2 "numeric_lt" => |a: &Numeric, b: &Numeric| Ok(a.cmp(b).is_lt());
    rows2 "numeric_le" => |a: &Numeric, b: &Numeric| Ok(a.cmp(b).is_le());
    rows2 "numeric_gt" => |a: &Numeric, b: &Numeric| Ok(a.cmp(b).is_gt());
    rows2 "numeric_ge" => |a: &Numeric, b: &Numeric| Ok(a.cmp(b).is_ge());
    rows2 "numeric_cmp" => |a: &Numeric, b: &Numeric| Ok(a.cmp(b) as i32);
    rows2 "numeric_larger" => |a: &Numeric, b: &Numeric|
        Ok(if a.cmp(b) == Ordering::Greater { a } else { b }.clone());
    rows2 "numeric_smaller" => |a: &Numeric, b: &Numeric|
        Ok(if a.cmp(b) == Ordering::Less { a } else { b }.clone());
};

const ARITHMETIC: &[Kernel] = kernels! {
    rows2 "numeric_add" => |a: &Numeric, b: &Numeric| a.add(b);
    rows2 "numeric_sub" => |a: &Numeric, b: &Numeric| a.sub(b);
    rows2 "numeric_mul" => |a: &Numeric, b: &Numeric| a.mul(b);
    rows2 "numeric_div" => |a: &Numeric, b: &Numeric| a.div(b);
    rows2 "numeric_mod" => |a: &Numeric, b: &Numeric| a.rem(b);
    rows2 "numeric_div_trunc" => |a: &Numeric, b: &Numeric| a.div_trunc(b);
    rows1 "numeric_uminus" => |a: &Numeric| Ok(a.neg());
    rows1 "numeric_uplus" => |a: &Numeric| Ok(a.clone());
    rows1 "numeric_abs" => |a: &Numeric| Ok(a.abs());
    rows1 "numeric_sign" => |a: &Numeric| Ok(a.sign());
    rows2 "numeric_gcd" => |a: &Numeric, b: &Numeric| Ok(a.gcd(b));
    rows2 "numeric_lcm" => |a: &Numeric, b: &Numeric| a.lcm(b);
    rows1 "numeric_fac" => |a: i64| Numeric::factorial(a);
};

const ROUNDING: &[Kernel] = kernels! {
    rows2 "numeric_round" => |a: &Numeric, scale: i32| a.round(scale);
    rows1 "round_numeric" => |a: &Numeric| a.round(0);
    rows2 "numeric_trunc" => |a: &Numeric, scale: i32| a.trunc(scale);
    rows1 "trunc_numeric" => |a: &Numeric| a.trunc(0);
    rows1 "numeric_ceil" => |a: &Numeric| a.ceil();
    rows1 "numeric_floor" => |a: &Numeric| a.floor();
    rows1 "numeric_scale" => |a: &Numeric| Ok(a.scale().map(i32::from));
    rows1 "numeric_min_scale" => |a: &Numeric| Ok(a.min_scale().map(i32::from));
    rows1 "numeric_trim_scale" => |a: &Numeric| Ok(a.trim_scale());
    call "numeric" => super::typmod::apply;
};

const FUNCTIONS: &[Kernel] = kernels! {
    rows1 "numeric_sqrt" => |a: &Numeric| a.sqrt();
    rows1 "numeric_exp" => |a: &Numeric| a.exp();
    rows1 "numeric_ln" => |a: &Numeric| a.ln();
    rows2 "numeric_log" => |base: &Numeric, a: &Numeric| a.log(base);
    rows1 "log_numeric" => |a: &Numeric| a.log(&Numeric::from(10));
    rows1 "log10_numeric" => |a: &Numeric| a.log(&Numeric::from(10));
    rows2 "numeric_power" => |a: &Numeric, b: &Numeric| a.power(b);
    rows4 "width_bucket_numeric" =>
        |a: &Numeric, low: &Numeric, high: &Numeric, count: i32| a.width_bucket(low, high, count);
};

const CONVERSIONS: &[Kernel] = kernels! {
    rows1 "int2_numeric" => |a: i16| Ok(Numeric::from(a));
    rows1 "int4_numeric" => |a: i32| Ok(Numeric::from(a));
    rows1 "int8_numeric" => |a: i64| Ok(Numeric::from(a));
    rows1 "float4_numeric" => |a: f32| Ok(Numeric::from_f32(a));
    rows1 "float8_numeric" => |a: f64| Ok(Numeric::from_f64(a));
    rows1 "numeric_int2" => |a: &Numeric| a.to_i16();
    rows1 "numeric_int4" => |a: &Numeric| a.to_i32();
    rows1 "numeric_int8" => |a: &Numeric| a.to_i64();
    rows1 "numeric_float4" => |a: &Numeric| a.to_float4();
    rows1 "numeric_float8" => |a: &Numeric| a.to_float8();
};

/// `pg_lsn`: a position in the write-ahead log, an unsigned 64-bit number.
const LSN: &[Kernel] = kernels! {
    rows1 "numeric_pg_lsn" => |a: &Numeric| lsn_text(a);
    rows2 "pg_lsn_mi" => difference;
    rows2 "pg_wal_lsn_diff" => difference;
    rows2 "pg_lsn_pli" => forward;
    rows2 "numeric_pl_pg_lsn_numeric_pg_lsn" => |bytes: &Numeric, a: &str| forward(a, bytes);
    rows2 "pg_lsn_mii" => |a: &str, bytes: &Numeric| {
        let bytes = number(bytes, "cannot subtract NaN from pg_lsn")?;
        lsn_text(&position(a)?.sub(bytes)?)
    };
};

fn position(text: &str) -> Result<Numeric> {
    Ok(Numeric::new(i128::from(lsn(text)?), 0))
}

fn difference(a: &str, b: &str) -> Result<Numeric> {
    position(a)?.sub(&position(b)?)
}

fn forward(a: &str, bytes: &Numeric) -> Result<String> {
    lsn_text(&position(a)?.add(number(bytes, "cannot add NaN to pg_lsn")?)?)
}

fn number<'a>(value: &'a Numeric, error: &str) -> Result<&'a Numeric> {
    if value.is_nan() {
        return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, error));
    }
    Ok(value)
}

/// A number as a log position.
fn lsn_text(value: &Numeric) -> Result<String> {
    let rounded = number(value, "cannot convert NaN to pg_lsn")?.round(0)?;
    let position = match &rounded {
        Numeric::Finite { coefficient, .. } => u64::try_from(coefficient.to_big()).ok(),
        _ => None,
    };
    let position = position
        .ok_or_else(|| Error::new(sqlstate::INVALID_PARAMETER_VALUE, "pg_lsn out of range"))?;
    Ok(format!("{:X}/{:X}", position >> 32, position as u32))
}
