//! The binary forms: numbers of eight bytes, with a count where there may be many points.

use bytes::{BufMut, BytesMut};

use super::*;
use crate::sql::types::wire::Reader;

/// Sends a kept value; `false` if its type is none of these.
pub fn send(text: &str, type_oid: Oid, out: &mut BytesMut) -> bool {
    let sent = match type_oid {
        oid::POINT => Point::parse(text).map(|point| put(&[point], out)),
        oid::LSEG => Segment::parse(text).map(|it| put(&[it.0, it.1], out)),
        oid::BOX => Rectangle::parse(text).map(|it| put(&[it.high, it.low], out)),
        oid::LINE => Line::parse(text).map(|it| {
            [it.a, it.b, it.c].into_iter().for_each(|number| out.put_f64(number));
        }),
        oid::PATH => Path::parse(text).map(|path| {
            out.put_u8(u8::from(path.is_closed));
            put_counted(&path.points, out);
        }),
        oid::POLYGON => Polygon::parse(text).map(|polygon| put_counted(&polygon.0, out)),
        oid::CIRCLE => Circle::parse(text).map(|circle| {
            put(&[circle.center], out);
            out.put_f64(circle.radius);
        }),
        _ => return false,
    };
    sent.is_ok()
}

fn put(points: &[Point], out: &mut BytesMut) {
    for point in points {
        out.put_f64(point.x);
        out.put_f64(point.y);
    }
}

fn put_counted(points: &[Point], out: &mut BytesMut) {
    out.put_i32(i32::try_from(points.len()).unwrap_or(i32::MAX));
    put(points, out);
}

/// Receives a value, as its text; none if its type is none of these.
pub fn receive(reader: &mut Reader<'_>, type_oid: Oid) -> Result<Option<String>> {
    Ok(Some(match type_oid {
        oid::POINT => point(reader)?.canonical(),
        oid::LSEG => Segment(point(reader)?, point(reader)?).canonical(),
        oid::BOX => Rectangle::of_corners(point(reader)?, point(reader)?).canonical(),
        oid::LINE => {
            let line = Line { a: number(reader)?, b: number(reader)?, c: number(reader)? };
            let message = "invalid line specification: A and B cannot both be zero";
            line.checked().ok_or_else(|| malformed(message))?.canonical()
        }
        oid::PATH => {
            let is_closed = reader.u8()? != 0;
            Path { is_closed, points: points(reader, "path")? }.canonical()
        }
        oid::POLYGON => Polygon(points(reader, "polygon")?).canonical(),
        oid::CIRCLE => {
            let circle = Circle { center: point(reader)?, radius: number(reader)? };
            if circle.radius < 0.0 {
                return Err(malformed("invalid radius in external \"circle\" value"));
            }
            circle.canonical()
        }
        _ => return Ok(None),
    }))
}

fn number(reader: &mut Reader<'_>) -> Result<f64> {
    reader.f64()
}

fn point(reader: &mut Reader<'_>) -> Result<Point> {
    Ok(Point { x: number(reader)?, y: number(reader)? })
}

/// Points that fit the largest value.
const POINTS_MAX: i32 = (i32::MAX - 32) / 16;

fn points(reader: &mut Reader<'_>, type_name: &str) -> Result<Vec<Point>> {
    let count = reader.i32()?;
    if !(1..POINTS_MAX).contains(&count) {
        let message = format!("invalid number of points in external \"{type_name}\" value");
        return Err(malformed(&message));
    }
    (0..count).map(|_| point(reader)).collect()
}

fn malformed(message: &str) -> Error {
    Error::new(sqlstate::INVALID_BINARY_REPRESENTATION, message)
}
