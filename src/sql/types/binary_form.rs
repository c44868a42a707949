//! Binary forms: PostgreSQL's send and receive functions.
//!
//! The length word in front of a value belongs to the message, not to the
//! value, except inside arrays and records.

use bytes::{BufMut, BytesMut};

use zserver_hstore::Pairs;

use super::context::{InputContext, domain_base};
use super::encoding::Encoding;
use super::geometry;
use super::position::{Lsn, RowId};
use super::snapshot::Snapshot;
use super::wire::{Reader, put_sized};
use super::{
    ArrayDim, ArrayValue, Bits, Datum, ElementType, Inet, Interval, Oid, Repr, SqlType,
    apply_typmod, array, bits, json, jsonpath, mac, oid, range, vector,
};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The version byte of `jsonb`'s binary form.
pub(super) const JSONB_VERSION: u8 = 1;

/// Appends the binary form of a value of type `type_oid`. NULL appends nothing.
pub fn binary_send(value: &Datum, type_oid: Oid, out: &mut BytesMut) {
    match value {
        Datum::Null => {}
        Datum::Bool(v) => out.put_u8(u8::from(*v)),
        Datum::Int2(v) => out.put_i16(*v),
        Datum::Int4(v) | Datum::Date(v) => out.put_i32(*v),
        Datum::Int8(v) | Datum::Time(v) | Datum::Timestamp(v) | Datum::TimestampTz(v) => {
            out.put_i64(*v);
        }
        Datum::Float4(v) => out.put_f32(*v),
        Datum::Float8(v) => out.put_f64(*v),
        Datum::Oid(v) => out.put_u32(*v),
        Datum::Char(v) => out.put_u8(*v),
        Datum::Numeric(v) => v.send(out),
        Datum::Text(v) => {
            if type_oid == oid::JSONPATH {
                out.put_u8(JSONB_VERSION);
            }
            if !(is_reworked(type_oid) && send_reworked(v, type_oid, out)) {
                out.put_slice(v.as_bytes());
            }
        }
        Datum::Bytea(v) => out.put_slice(v),
        Datum::TimeTz(time, zone) => {
            out.put_i64(*time);
            out.put_i32(*zone);
        }
        Datum::Interval(v) => {
            out.put_i64(v.microseconds);
            out.put_i32(v.days);
            out.put_i32(v.months);
        }
        Datum::Uuid(v) => out.put_slice(v),
        Datum::Bit(v) => {
            out.put_i32(v.len() as i32);
            out.put_slice(v.bytes());
        }
        Datum::Inet(v) => v.send(type_oid, out),
        Datum::MacAddr(v) => out.put_slice(v),
        Datum::MacAddr8(v) => out.put_slice(v),
        Datum::Jsonb(v) => {
            let mut text = Vec::new();
            v.root().write(&mut text);
            out.put_u8(JSONB_VERSION);
            out.put_slice(&text);
        }
        Datum::Vector(v) => vector::send(v, out),
        Datum::Array(v) => send_array(v, out),
        Datum::Range(v) => range::send(v.span.as_ref(), v.subtype, out),
        Datum::Multirange(v) => range::send_multirange(v, out),
        Datum::Record(fields) => {
            out.put_i32(fields.len() as i32);
            for (oid, field) in fields {
                out.put_u32(*oid);
                send_sized(field, *oid, out);
            }
        }
    }
}

/// Appends a value with its length, -1 standing for NULL: the form of a field in
/// a DataRow message, an array or a record.
pub fn send_sized(value: &Datum, type_oid: Oid, out: &mut BytesMut) {
    if value.is_null() {
        return out.put_i32(-1);
    }
    put_sized(out, |out| binary_send(value, type_oid, out));
}

fn send_array(array: &ArrayValue, out: &mut BytesMut) {
    out.put_i32(array.dims.len() as i32);
    out.put_i32(i32::from(array.elements.iter().any(Datum::is_null)));
    out.put_u32(array.element_type);
    for dim in &array.dims {
        out.put_i32(dim.length);
        out.put_i32(dim.lower_bound);
    }
    for element in &array.elements {
        send_sized(element, array.element_type, out);
    }
}

/// Reads a value of type `ty` from its binary form. Wrong lengths are `08P01`
/// (too short) or `22P03` (too long).
pub fn binary_recv(
    bytes: &[u8],
    ty: SqlType,
    repr: &Repr,
    context: &InputContext<'_>,
) -> Result<Datum> {
    if let Some(base) = domain_base(context.catalog, ty.oid) {
        let value = binary_recv(bytes, base, repr, context)?;
        context.catalog.check_domain(ty.oid, &value)?;
        return Ok(value);
    }
    let mut reader = Reader::new(bytes);
    let value = recv(&mut reader, ty, repr, context)?;
    reader.finish()?;
    apply_typmod(value, ty, false)
}

fn recv(
    reader: &mut Reader<'_>,
    ty: SqlType,
    repr: &Repr,
    context: &InputContext<'_>,
) -> Result<Datum> {
    Ok(match repr {
        Repr::Bool => Datum::Bool(reader.u8()? != 0),
        Repr::Int2 => Datum::Int2(reader.i16()?),
        Repr::Int4 => Datum::Int4(reader.i32()?),
        Repr::Int8 => Datum::Int8(reader.i64()?),
        Repr::Float4 => Datum::Float4(reader.f32()?),
        Repr::Float8 => Datum::Float8(reader.f64()?),
        Repr::Oid => Datum::Oid(reader.u32()?),
        Repr::Char => Datum::Char(reader.u8()?),
        Repr::Numeric => Datum::Numeric(super::Numeric::recv(reader)?),
        Repr::Hstore => Datum::Text(recv_hstore(reader, context)?),
        Repr::Text | Repr::Bpchar | Repr::Citext | Repr::Position(_) => {
            Datum::Text(recv_text(reader, ty.oid, context)?)
        }
        Repr::Enum(labels) => {
            let label = context.client_encoding.decode(reader.rest())?;
            return super::text_input(&label, ty, &Repr::Enum(labels.clone()), context);
        }
        Repr::Bytea => Datum::Bytea(reader.rest().to_vec().into()),
        Repr::Date => Datum::Date(recv_date(reader.i32()?)?),
        Repr::Time => Datum::Time(recv_time(reader.i64()?)?),
        Repr::TimeTz => {
            let time = recv_time(reader.i64()?)?;
            Datum::TimeTz(time, recv_zone(reader.i32()?)?)
        }
        Repr::Timestamp => Datum::Timestamp(recv_timestamp(reader.i64()?)?),
        Repr::TimestampTz => Datum::TimestampTz(recv_timestamp(reader.i64()?)?),
        Repr::Interval => {
            let microseconds = reader.i64()?;
            let days = reader.i32()?;
            Datum::Interval(Interval { months: reader.i32()?, days, microseconds })
        }
        Repr::Uuid => Datum::Uuid(reader.uuid()?),
        Repr::Bit => Datum::Bit(recv_bits(reader)?),
        Repr::Inet => Datum::Inet(Inet::recv(reader, ty.oid)?),
        Repr::MacAddr => Datum::MacAddr(reader.array()?),
        Repr::MacAddr8 if reader.remaining() == 6 => Datum::MacAddr8(mac::widen(&reader.array()?)),
        Repr::MacAddr8 => Datum::MacAddr8(reader.array()?),
        Repr::Jsonb => {
            check_version(reader.u8()?, "jsonb")?;
            Datum::Jsonb(json::parse(&context.client_encoding.decode(reader.rest())?)?)
        }
        Repr::Vector(kind) => Datum::Vector(vector::recv(*kind, ty.typmod, reader)?),
        Repr::Array(element) => Datum::Array(Box::new(recv_array(reader, ty, element, context)?)),
        Repr::Record(_) => Datum::Record(recv_record(reader, ty, context)?),
        Repr::Range(ty) => Datum::Range(Box::new(range::recv(reader, ty, context)?)),
        Repr::Multirange(ty) => {
            Datum::Multirange(Box::new(range::recv_multirange(reader, ty, context)?))
        }
        Repr::Pseudo if ty.oid == oid::VOID => {
            reader.rest();
            Datum::Text(String::new())
        }
        Repr::Pseudo => {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot accept a value of a pseudo-type",
            ));
        }
    })
}

/// Text whose binary form is not the text itself.
pub fn is_reworked(type_oid: Oid) -> bool {
    matches!(type_oid, oid::JSONPATH | oid::TID | oid::PG_LSN)
        || is_snapshot(type_oid)
        || geometry::is_geometric(type_oid)
}

/// Sends what is kept as text in a form of its own; `false` if the text itself is to follow.
fn send_reworked(text: &str, type_oid: Oid, out: &mut BytesMut) -> bool {
    match type_oid {
        oid::TID => RowId::parse(text).map(|id| id.send(out)).is_ok(),
        oid::PG_LSN => Lsn::parse(text).map(|lsn| lsn.send(out)).is_ok(),
        _ if geometry::is_geometric(type_oid) => geometry::binary::send(text, type_oid, out),
        _ if is_snapshot(type_oid) => {
            Snapshot::parse(text).map(|snapshot| snapshot.send(out)).is_ok()
        }
        _ => false,
    }
}

fn is_snapshot(type_oid: Oid) -> bool {
    matches!(type_oid, oid::PG_SNAPSHOT | oid::TXID_SNAPSHOT)
}

fn recv_text(reader: &mut Reader<'_>, type_oid: Oid, context: &InputContext<'_>) -> Result<String> {
    if is_snapshot(type_oid) {
        return Snapshot::receive(reader).map(|snapshot| snapshot.text());
    }
    if let Some(text) = geometry::binary::receive(reader, type_oid)? {
        return Ok(text);
    }
    match type_oid {
        oid::TID => return RowId::receive(reader).map(|id| id.to_string()),
        oid::PG_LSN => return Lsn::receive(reader).map(|lsn| lsn.to_string()),
        _ => {}
    }
    if type_oid == oid::JSONPATH {
        check_version(reader.u8()?, "jsonpath")?;
    }
    let text = context.client_encoding.decode(reader.rest())?;
    match type_oid {
        oid::JSON => json::validate(&text)?,
        oid::JSONPATH => return jsonpath::canonical(&text),
        _ => {}
    }
    Ok(text.into_owned())
}

/// Pairs of an hstore that are read: what a gigabyte can hold.
const HSTORE_PAIRS_MAX: i32 = 1 << 26;

/// An hstore as a count and its keys and values, each with its length.
pub(super) fn send_hstore(text: &str, encoding: Encoding) -> Result<Vec<u8>> {
    let pairs =
        Pairs::parse(text).map_err(|error| Error::data_corrupted(format!("an hstore: {error}")))?;
    let mut out = Vec::with_capacity(text.len());
    out.put_i32(pairs.len() as i32);
    for (key, value) in pairs.iter() {
        let key = encoding.encode(key)?;
        out.put_i32(key.len() as i32);
        out.put_slice(&key);
        match value {
            None => out.put_i32(-1),
            Some(value) => {
                let value = encoding.encode(value)?;
                out.put_i32(value.len() as i32);
                out.put_slice(&value);
            }
        }
    }
    Ok(out)
}

fn recv_hstore(reader: &mut Reader<'_>, context: &InputContext<'_>) -> Result<String> {
    let count = reader.i32()?;
    if !(0..=HSTORE_PAIRS_MAX).contains(&count) {
        return Err(Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            format!("number of pairs ({count}) exceeds the maximum allowed ({HSTORE_PAIRS_MAX})"),
        ));
    }
    let mut pairs = Vec::new();
    for _ in 0..count {
        let Ok(length) = usize::try_from(reader.i32()?) else {
            return Err(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                "null value not allowed for hstore key",
            ));
        };
        let key = context.client_encoding.decode(reader.take(length)?)?.into_owned();
        let value = match usize::try_from(reader.i32()?) {
            Ok(length) => Some(context.client_encoding.decode(reader.take(length)?)?.into_owned()),
            Err(_) => None,
        };
        pairs.push((key, value));
    }
    Ok(Pairs::new(pairs).to_string())
}

fn recv_bits(reader: &mut Reader<'_>) -> Result<Bits> {
    let length = usize::try_from(reader.i32()?).ok().filter(|length| *length <= bits::BITS_MAX);
    let length = length.ok_or_else(|| malformed("invalid length in external bit string"))?;
    Ok(Bits::new(reader.take(length.div_ceil(8))?.to_vec(), length))
}

fn check_version(version: u8, type_name: &str) -> Result<()> {
    if version == JSONB_VERSION {
        return Ok(());
    }
    Err(Error::internal(format!("unsupported {type_name} version number {version}")))
}

fn out_of_range(what: &str) -> Error {
    Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, format!("{what} out of range"))
}

fn recv_date(days: i32) -> Result<i32> {
    if super::datetime::is_valid_date(days) { Ok(days) } else { Err(out_of_range("date")) }
}

fn recv_time(time: i64) -> Result<i64> {
    if (0..=86_400_000_000).contains(&time) { Ok(time) } else { Err(out_of_range("time")) }
}

fn recv_zone(zone: i32) -> Result<i32> {
    // PostgreSQL allows displacements of less than 16 hours.
    if zone.abs() < 16 * 3600 {
        return Ok(zone);
    }
    Err(Error::new(
        sqlstate::INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
        "time zone displacement out of range",
    ))
}

fn recv_timestamp(value: i64) -> Result<i64> {
    if super::datetime::is_valid_timestamp(value) {
        return Ok(value);
    }
    Err(out_of_range("timestamp"))
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_BINARY_REPRESENTATION, message)
}

fn recv_array(
    reader: &mut Reader<'_>,
    ty: SqlType,
    element: &ElementType,
    context: &InputContext<'_>,
) -> Result<ArrayValue> {
    let count = reader.i32()?;
    if count < 0 {
        return Err(malformed(format!("invalid number of dimensions: {count}")));
    }
    if count as usize > array::DIMENSIONS_MAX {
        return Err(array::too_many_dimensions(count as usize));
    }
    if !matches!(reader.i32()?, 0 | 1) {
        return Err(malformed("invalid array flags"));
    }
    let sent_type = reader.u32()?;
    if sent_type != element.oid {
        return Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "binary data has array element type {sent_type} instead of expected {}",
                element.oid
            ),
        ));
    }
    let mut dims = Vec::with_capacity(count as usize);
    let mut total = 1usize;
    for _ in 0..count {
        let dim = ArrayDim { length: reader.i32()?, lower_bound: reader.i32()? };
        if dim.length < 0 {
            return Err(malformed("invalid array dimension"));
        }
        total = total
            .checked_mul(dim.length as usize)
            .filter(|total| *total <= array::ELEMENTS_MAX)
            .ok_or_else(array::too_large)?;
        dims.push(dim);
    }
    let total = if count == 0 { 0 } else { total };
    let element_type = SqlType::with_typmod(element.oid, ty.typmod);
    // Each element has at least a length word, which bounds the allocation.
    let mut elements = Vec::with_capacity(total.min(reader.remaining() / 4));
    for _ in 0..total {
        elements.push(recv_sized(reader, element_type, &element.repr, context)?);
    }
    if elements.is_empty() && !array::is_vector(ty.oid) {
        dims.clear();
    }
    Ok(ArrayValue { element_type: element.oid, dims, elements })
}

fn recv_sized(
    reader: &mut Reader<'_>,
    ty: SqlType,
    repr: &Repr,
    context: &InputContext<'_>,
) -> Result<Datum> {
    match reader.i32()? {
        -1 => context.null(ty.oid),
        length if length < 0 => Err(malformed("insufficient data left in message")),
        length => binary_recv(reader.take(length as usize)?, ty, repr, context),
    }
}

fn recv_record(
    reader: &mut Reader<'_>,
    ty: SqlType,
    context: &InputContext<'_>,
) -> Result<Vec<(Oid, Datum)>> {
    let count = reader.i32()?;
    let declared = context.catalog.fields(ty.oid);
    if let Some(fields) = &declared
        && fields.len() != count.max(0) as usize
    {
        return Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!("wrong number of columns: {count}, expected {}", fields.len()),
        ));
    }
    let mut fields = Vec::new();
    for index in 0..count.max(0) as usize {
        let sent = reader.u32()?;
        let (field, repr) = match &declared {
            Some(fields) => fields[index].clone(),
            None => {
                let repr = super::builtin_repr(sent).or_else(|| context.catalog.repr(sent));
                let unknown = || malformed(format!("unknown type OID {sent} in record"));
                (SqlType::new(sent), repr.ok_or_else(unknown)?)
            }
        };
        if sent != field.oid {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "binary data has type {sent} instead of expected {} in record column {}",
                    field.oid,
                    index + 1
                ),
            ));
        }
        fields.push((field.oid, recv_sized(reader, field, &repr, context)?));
    }
    Ok(fields)
}
