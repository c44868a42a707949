//! The binary forms: a byte of flags, then the bounds that are finite, each with its
//! length; a multirange is a count of ranges with their lengths.

use bytes::{BufMut, BytesMut};

use super::{Bound, MultirangeValue, RangeType, RangeValue, Span};
use crate::error::Result;
use crate::sql::types::wire::{Reader, put_sized};
use crate::sql::types::{InputContext, Oid, binary_recv, send_sized};

pub(in crate::sql::types) mod flag {
    pub const EMPTY: u8 = 0x01;
    pub const LOWER_INCLUSIVE: u8 = 0x02;
    pub const UPPER_INCLUSIVE: u8 = 0x04;
    pub const LOWER_INFINITE: u8 = 0x08;
    pub const UPPER_INFINITE: u8 = 0x10;
}

/// The flags of a range.
pub(in crate::sql::types) fn flags(span: Option<&Span>) -> u8 {
    let Some(span) = span else { return flag::EMPTY };
    let of = |bound: &Bound, inclusive: u8, infinite: u8| match bound.is_infinite() {
        true => infinite,
        false if bound.inclusive => inclusive,
        false => 0,
    };
    of(&span.lower, flag::LOWER_INCLUSIVE, flag::LOWER_INFINITE)
        | of(&span.upper, flag::UPPER_INCLUSIVE, flag::UPPER_INFINITE)
}

pub fn send(span: Option<&Span>, subtype: Oid, out: &mut BytesMut) {
    out.put_u8(flags(span));
    let Some(span) = span else { return };
    for value in [&span.lower.value, &span.upper.value].into_iter().flatten() {
        send_sized(value, subtype, out);
    }
}

pub fn send_multirange(value: &MultirangeValue, out: &mut BytesMut) {
    out.put_u32(value.spans.len() as u32);
    for span in &value.spans {
        put_sized(out, |out| send(Some(span), value.subtype, out));
    }
}

pub fn recv(
    reader: &mut Reader<'_>,
    ty: &RangeType,
    context: &InputContext<'_>,
) -> Result<RangeValue> {
    let flags = reader.u8()?;
    if flags & flag::EMPTY != 0 {
        return Ok(RangeValue::empty(ty.subtype));
    }
    let mut bound = |infinite: u8, inclusive: u8| -> Result<Bound> {
        if flags & infinite != 0 {
            return Ok(Bound::INFINITE);
        }
        let length = reader.u32()?;
        let bytes = reader.take(length as usize)?;
        let value = binary_recv(bytes, ty.bound_type(), &ty.repr, context)?;
        Ok(Bound { value: Some(value), inclusive: flags & inclusive != 0 })
    };
    let lower = bound(flag::LOWER_INFINITE, flag::LOWER_INCLUSIVE)?;
    let upper = bound(flag::UPPER_INFINITE, flag::UPPER_INCLUSIVE)?;
    Ok(RangeValue::of(ty.subtype, ty.span(lower, upper)?))
}

pub fn recv_multirange(
    reader: &mut Reader<'_>,
    ty: &RangeType,
    context: &InputContext<'_>,
) -> Result<MultirangeValue> {
    let count = reader.u32()?;
    let mut spans = Vec::new();
    for _ in 0..count {
        let length = reader.u32()?;
        let mut range = Reader::new(reader.take(length as usize)?);
        spans.extend(recv(&mut range, ty, context)?.span);
        range.finish()?;
    }
    Ok(MultirangeValue { subtype: ty.subtype, spans: ty.normalised(spans)? })
}
