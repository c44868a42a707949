//! Type modifiers applied to values: the length coercions of `varchar(n)`,
//! `char(n)`, `numeric(p,s)`, `timestamp(p)`, `interval day to second(p)`….

use super::numeric::NumericTypmod;
use super::{Datum, SqlType, builtin, datetime, oid, text, vector};
use crate::error::Result;

/// Fits a value to its type's modifier. An explicit cast cuts text that is too
/// long; otherwise that is `22001`. Values of types without a modifier pass.
pub fn apply_typmod(value: Datum, ty: SqlType, explicit: bool) -> Result<Datum> {
    if ty.typmod < 0 && ty.oid != oid::NAME {
        return Ok(value);
    }
    Ok(match value {
        Datum::Text(v) => Datum::Text(text::fit(v, ty, explicit)?),
        Datum::Bit(v) => Datum::Bit(v.fit(ty, explicit)?),
        Datum::Numeric(v) => match NumericTypmod::decode(ty.typmod) {
            Some(typmod) => Datum::Numeric(typmod.apply(v)?),
            None => Datum::Numeric(v),
        },
        Datum::Time(v) => Datum::Time(datetime::round_time(v, ty.typmod)),
        Datum::TimeTz(v, zone) => Datum::TimeTz(datetime::round_time(v, ty.typmod), zone),
        Datum::Timestamp(v) => Datum::Timestamp(datetime::round_timestamp(v, ty.typmod)?),
        Datum::TimestampTz(v) => Datum::TimestampTz(datetime::round_timestamp(v, ty.typmod)?),
        Datum::Interval(v) => Datum::Interval(datetime::fit_interval(v, ty.typmod)?),
        Datum::Vector(v) => {
            vector::check_expected(ty.typmod, v.dims())?;
            Datum::Vector(v)
        }
        Datum::Array(mut array) => {
            let element = builtin::element_of(ty.oid).unwrap_or(array.element_type);
            let element = SqlType::with_typmod(element, ty.typmod);
            for slot in &mut array.elements {
                let value = std::mem::replace(slot, Datum::Null);
                *slot = apply_typmod(value, element, explicit)?;
            }
            Datum::Array(array)
        }
        other => other,
    })
}
