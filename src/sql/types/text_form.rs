//! Text forms: one dispatch over the families for input and for output.
//!
//! Output appends to a buffer and does not allocate for integers, text, dates
//! and times, so that the wire encoder can print straight into its own.

use bytes::BufMut;

use super::context::{InputContext, OutputContext, domain_base};
use super::geometry;
use super::position::{Lsn, RowId};
use super::snapshot::Snapshot;
use super::{
    ArrayValue, Bits, Datum, Oid, Repr, SqlType, apply_typmod, array, boolean, builtin, bytea,
    datetime, float, integer, json, jsonpath, mac, network, oid, range, record, uuid, vector,
};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Reads a value of type `ty` from its text form; the type modifier applies as
/// in an assignment (too long is an error). Errors are PostgreSQL's.
pub fn text_input(
    input: &str,
    ty: SqlType,
    repr: &Repr,
    context: &InputContext<'_>,
) -> Result<Datum> {
    if let Some(base) = domain_base(context.catalog, ty.oid) {
        let value = text_input(input, base, repr, context)?;
        context.catalog.check_domain(ty.oid, &value)?;
        return Ok(value);
    }
    let value = match repr {
        _ if ty.oid == oid::ANYARRAY || is_only_shown(ty.oid) => return Err(pseudo_input(ty.oid)),
        Repr::Bool => Datum::Bool(boolean::parse(input)?),
        Repr::Int2 => Datum::Int2(integer::parse_i16(input)?),
        Repr::Int4 => Datum::Int4(integer::parse_i32(input)?),
        Repr::Int8 if ty.oid == oid::XID8 => Datum::Int8(parse_xid8(input)?),
        Repr::Int8 => Datum::Int8(integer::parse_i64(input)?),
        Repr::Float4 => Datum::Float4(float::parse_f32(input)?),
        Repr::Float8 => Datum::Float8(float::parse_f64(input)?),
        Repr::Oid => Datum::Oid(parse_object(input, ty.oid, context)?),
        Repr::Char => Datum::Char(super::text::parse_char(input)),
        Repr::Numeric => Datum::Numeric(super::Numeric::parse(input)?),
        Repr::Hstore => {
            let pairs = zserver_hstore::Pairs::parse(input);
            Datum::Text(pairs.map_err(|error| Error::internal(error.to_string()))?.to_string())
        }
        Repr::Text | Repr::Bpchar | Repr::Citext | Repr::Position(_) => {
            match ty.oid {
                oid::JSON => json::validate(input)?,
                oid::JSONPATH => return jsonpath::canonical(input).map(Datum::Text),
                oid::PG_SNAPSHOT | oid::TXID_SNAPSHOT => {
                    return Snapshot::parse(input).map(|snapshot| Datum::Text(snapshot.text()));
                }
                oid if geometry::is_geometric(oid) => {
                    return geometry::canonical(input, oid).map(Datum::Text);
                }
                oid::TID => return Ok(Datum::Text(RowId::parse(input)?.to_string())),
                oid::PG_LSN => return Ok(Datum::Text(Lsn::parse(input)?.to_string())),
                _ => {}
            }
            Datum::Text(input.to_owned())
        }
        Repr::Bytea => Datum::Bytea(bytea::parse(input)?.into()),
        Repr::Date => Datum::Date(datetime::parse_date(input, context)?),
        Repr::Time => Datum::Time(datetime::parse_time(input, context)?),
        Repr::TimeTz => {
            let (time, zone) = datetime::parse_time_tz(input, context)?;
            Datum::TimeTz(time, zone)
        }
        Repr::Timestamp => Datum::Timestamp(datetime::parse_timestamp(input, context)?),
        Repr::TimestampTz => Datum::TimestampTz(datetime::parse_timestamp_tz(input, context)?),
        Repr::Interval => {
            return datetime::parse_interval(input, ty.typmod, context).map(Datum::Interval);
        }
        Repr::Uuid => Datum::Uuid(uuid::parse(input)?),
        Repr::Bit => Datum::Bit(Bits::parse(input, ty)?),
        Repr::Inet => Datum::Inet(network::parse(input, ty.oid)?),
        Repr::MacAddr => Datum::MacAddr(mac::parse(input)?),
        Repr::MacAddr8 => Datum::MacAddr8(mac::parse8(input)?),
        Repr::Jsonb => Datum::Jsonb(json::parse(input)?),
        Repr::Vector(kind) => Datum::Vector(vector::parse(*kind, input)?),
        Repr::Enum(labels) => match labels.position(input) {
            Some(_) => Datum::Text(input.to_owned()),
            None => {
                return Err(Error::new(
                    sqlstate::INVALID_TEXT_REPRESENTATION,
                    format!("invalid input value for enum {}: \"{input}\"", labels.type_name),
                ));
            }
        },
        Repr::Array(_) if array::is_vector(ty.oid) => {
            Datum::Array(Box::new(array::parse_vector(input, ty.oid)?))
        }
        Repr::Array(element) => {
            let value = array::parse(input, element, ty.typmod, context)?;
            return Ok(Datum::Array(Box::new(value)));
        }
        Repr::Record(_) => {
            let fields = context.catalog.fields(ty.oid).ok_or_else(anonymous_input)?;
            Datum::Record(record::parse(input, &fields, context)?)
        }
        Repr::Range(range) => Datum::Range(Box::new(range::parse(input, range, context)?)),
        Repr::Multirange(range) => {
            Datum::Multirange(Box::new(range::parse_multirange(input, range, context)?))
        }
        // Whatever comes, it is nothing.
        Repr::Pseudo if ty.oid == oid::VOID => Datum::Text(String::new()),
        Repr::Pseudo => return Err(pseudo_input(ty.oid)),
    };
    apply_typmod(value, ty, false)
}

fn anonymous_input() -> Error {
    Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        "input of anonymous composite types is not implemented",
    )
}

/// Types whose values only the server makes.
fn is_only_shown(type_oid: Oid) -> bool {
    matches!(type_oid, oid::PG_NDISTINCT | oid::PG_DEPENDENCIES | oid::PG_MCV_LIST)
}

fn pseudo_input(type_oid: Oid) -> Error {
    let name = builtin::format_type(SqlType::new(type_oid)).unwrap_or_else(|| "pseudo-type".into());
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, format!("cannot accept a value of type {name}"))
}

fn parse_xid8(input: &str) -> Result<i64> {
    let number = input.trim().parse::<u64>();
    number.map(|value| value as i64).map_err(|_| Error::invalid_input("xid8", input))
}

fn parse_object(input: &str, type_oid: Oid, context: &InputContext<'_>) -> Result<Oid> {
    if !builtin::is_reg(type_oid) {
        return integer::parse_oid(input);
    }
    if input == "-" {
        return Ok(oid::INVALID);
    }
    if !input.is_empty() && input.bytes().all(|b| b.is_ascii_digit()) {
        return integer::parse_oid(input);
    }
    match context.catalog.object_oid(type_oid, input)? {
        Some(object) => Ok(object),
        None => integer::parse_oid(input),
    }
}

/// Appends the text form of a value of type `type_oid`. NULL appends nothing:
/// whoever writes it decides what stands for it.
pub fn text_output<B: BufMut>(
    value: &Datum,
    type_oid: Oid,
    context: &OutputContext<'_>,
    out: &mut B,
) {
    let mut digits = [0u8; 20];
    match value {
        Datum::Null => {}
        Datum::Bool(v) => out.put_u8(if *v { b't' } else { b'f' }),
        Datum::Int2(v) => out.put_slice(integer::digits(i64::from(*v), &mut digits)),
        Datum::Int4(v) => out.put_slice(integer::digits(i64::from(*v), &mut digits)),
        Datum::Int8(v) if type_oid != oid::XID8 => {
            out.put_slice(integer::digits(*v, &mut digits));
        }
        Datum::Text(v) => match shown_shape(v, type_oid, context) {
            Some(shown) => out.put_slice(shown.as_bytes()),
            None => out.put_slice(v.as_bytes()),
        },
        Datum::Timestamp(v) if context.date_style == super::DateStyle::Iso => {
            out.put_slice(datetime::iso_timestamp(*v).as_slice());
        }
        Datum::Date(v) if context.date_style == super::DateStyle::Iso => {
            out.put_slice(datetime::iso_date(*v).as_slice());
        }
        other => {
            let mut buffer = Vec::with_capacity(32);
            write(other, type_oid, context, &mut buffer);
            out.put_slice(&buffer);
        }
    }
}

/// A shape for a session that wants fewer digits than are kept.
fn shown_shape(text: &str, type_oid: Oid, context: &OutputContext<'_>) -> Option<String> {
    match context.extra_float_digits <= 0 && geometry::is_geometric(type_oid) {
        true => geometry::shown(text, type_oid, context.extra_float_digits),
        false => None,
    }
}

/// The text form as a string: what a cast to `text` gives.
pub fn to_text(value: &Datum, type_oid: Oid, context: &OutputContext<'_>) -> String {
    let mut buffer = Vec::new();
    write(value, type_oid, context, &mut buffer);
    // Only a "char" above 127 is not UTF-8 by itself.
    String::from_utf8(buffer)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Appends a value's text to a vector; every family ends up here.
pub(super) fn write(value: &Datum, type_oid: Oid, context: &OutputContext<'_>, out: &mut Vec<u8>) {
    match value {
        Datum::Null => {}
        Datum::Bool(v) => out.push(if *v { b't' } else { b'f' }),
        Datum::Int2(v) => integer::write(i64::from(*v), out),
        Datum::Int4(v) => integer::write(i64::from(*v), out),
        Datum::Int8(v) if type_oid == oid::XID8 => {
            out.extend_from_slice((*v as u64).to_string().as_bytes());
        }
        Datum::Int8(v) => integer::write(*v, out),
        Datum::Float4(v) => float::write_f32(*v, context.extra_float_digits, out),
        Datum::Float8(v) => float::write_f64(*v, context.extra_float_digits, out),
        Datum::Oid(v) => write_object(*v, type_oid, context, out),
        Datum::Char(0) => {}
        Datum::Char(v @ 128..) => out.extend_from_slice(format!("\\{v:03o}").as_bytes()),
        Datum::Char(v) => out.push(*v),
        Datum::Numeric(v) => v.write(out),
        Datum::Text(v) => match shown_shape(v, type_oid, context) {
            Some(shown) => out.extend_from_slice(shown.as_bytes()),
            None => out.extend_from_slice(v.as_bytes()),
        },
        Datum::Bytea(v) if context.bytea_output_hex => bytea::write_hex(v, out),
        Datum::Bytea(v) => bytea::write_escape(v, out),
        Datum::Date(v) => datetime::write_date(*v, context, out),
        Datum::Time(v) => datetime::write_time(*v, out),
        Datum::TimeTz(time, zone) => datetime::write_time_tz(*time, *zone, out),
        Datum::Timestamp(v) => datetime::write_timestamp(*v, context, out),
        Datum::TimestampTz(v) => datetime::write_timestamp_tz(*v, context, out),
        Datum::Interval(v) => datetime::write_interval(v, context.interval_style, out),
        Datum::Uuid(v) => uuid::write(v, out),
        Datum::Bit(v) => v.write(out),
        Datum::Inet(v) => v.write(type_oid, out),
        Datum::MacAddr(v) => mac::write(v, out),
        Datum::MacAddr8(v) => mac::write(v, out),
        Datum::Jsonb(v) => v.root().write(out),
        Datum::Vector(v) => v.write(out),
        Datum::Array(v) => write_array(v, type_oid, context, out),
        Datum::Range(v) => range::write(v.span.as_ref(), out, &mut |bound, out| {
            write(bound, v.subtype, context, out);
        }),
        Datum::Multirange(v) => range::write_multirange(&v.spans, out, &mut |bound, out| {
            write(bound, v.subtype, context, out);
        }),
        Datum::Record(fields) => {
            record::write(fields, out, &mut |oid, field, out| write(field, oid, context, out));
        }
    }
}

fn write_object(object: Oid, type_oid: Oid, context: &OutputContext<'_>, out: &mut Vec<u8>) {
    if builtin::is_reg(type_oid) {
        if object == oid::INVALID {
            return out.push(b'-');
        }
        if let Some(name) = context.catalog.object_name(type_oid, object) {
            return out.extend_from_slice(name.as_bytes());
        }
    }
    if let Some(base) = domain_base(context.catalog, type_oid) {
        return write_object(object, base.oid, context, out);
    }
    integer::write(i64::from(object), out);
}

fn write_array(value: &ArrayValue, type_oid: Oid, context: &OutputContext<'_>, out: &mut Vec<u8>) {
    let element_type = value.element_type;
    let mut element =
        |element: &Datum, out: &mut Vec<u8>| write(element, element_type, context, out);
    if array::is_vector(type_oid) {
        array::write_vector(value, out, &mut element);
    } else {
        array::write(value, out, &mut element);
    }
}
