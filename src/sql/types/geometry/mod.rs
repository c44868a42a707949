//! Points, lines, segments, boxes, paths, polygons and circles.
//!
//! A value is kept as its text with the shortest digits that read back as the same
//! numbers, as `jsonpath` is: nothing orders or compares it but the functions of its own
//! type. Here are the [shapes](Shape), their text ([`text`]) and binary ([`binary`])
//! forms; what can be asked of them is in `sql::functions::geometry`.
//!
//! ```text
//! point    (x,y)                       lseg     [(x,y),(x,y)]
//! line     {A,B,C}: Ax + By + C = 0    box      (high),(low)
//! path     [(x,y),…] open, ((x,y),…)   polygon  ((x,y),…)
//! circle   <(x,y),r>
//! ```

pub mod binary;
pub mod measure;
pub mod text;

use crate::error::{Error, Result};
use crate::sql::types::{Datum, Oid, float, oid};
use crate::sqlstate;

/// Numbers that are nearer than this are the same to most functions.
pub const EPSILON: f64 = 1.0e-6;

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// `Ax + By + C = 0`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Line {
    pub a: f64,
    pub b: f64,
    pub c: f64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Segment(pub Point, pub Point);

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rectangle {
    pub high: Point,
    pub low: Point,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    pub is_closed: bool,
    pub points: Vec<Point>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Polygon(pub Vec<Point>);

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Circle {
    pub center: Point,
    pub radius: f64,
}

/// A value of one of the types.
pub trait Shape: Sized {
    /// `22P02` for what PostgreSQL does not read.
    fn parse(text: &str) -> Result<Self>;

    /// Appends the text; `digits` is `extra_float_digits`.
    fn write(&self, digits: i32, out: &mut String);

    /// The text that stands for the value.
    fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(1, &mut out);
        out
    }
}

/// Whether a type's values are shapes.
pub fn is_geometric(type_oid: Oid) -> bool {
    matches!(
        type_oid,
        oid::POINT | oid::LINE | oid::LSEG | oid::BOX | oid::PATH | oid::POLYGON | oid::CIRCLE
    )
}

/// A value's text as it is kept, from what a client wrote.
pub fn canonical(text: &str, type_oid: Oid) -> Result<String> {
    Ok(match type_oid {
        oid::POINT => Point::parse(text)?.canonical(),
        oid::LINE => Line::parse(text)?.canonical(),
        oid::LSEG => Segment::parse(text)?.canonical(),
        oid::BOX => Rectangle::parse(text)?.canonical(),
        oid::PATH => Path::parse(text)?.canonical(),
        oid::POLYGON => Polygon::parse(text)?.canonical(),
        oid::CIRCLE => Circle::parse(text)?.canonical(),
        _ => text.to_owned(),
    })
}

/// A kept value's text for a session with fewer digits; none if it is shown as it is.
pub fn shown(text: &str, type_oid: Oid, digits: i32) -> Option<String> {
    fn written<S: Shape>(text: &str, digits: i32) -> Option<String> {
        let mut out = String::new();
        S::parse(text).ok()?.write(digits, &mut out);
        Some(out)
    }
    if digits > 0 {
        return None;
    }
    match type_oid {
        oid::POINT => written::<Point>(text, digits),
        oid::LINE => written::<Line>(text, digits),
        oid::LSEG => written::<Segment>(text, digits),
        oid::BOX => written::<Rectangle>(text, digits),
        oid::PATH => written::<Path>(text, digits),
        oid::POLYGON => written::<Polygon>(text, digits),
        oid::CIRCLE => written::<Circle>(text, digits),
        _ => None,
    }
}

/// A part of a kept point, segment, box or line, counted from 0: they are arrays of numbers
/// or points, too.
pub fn part(text: &str, position: usize) -> Option<Datum> {
    let of = |points: [Point; 2]| Some(Datum::Text(points.get(position)?.canonical()));
    let number = |numbers: &[f64]| numbers.get(position).copied().map(Datum::Float8);
    if text.starts_with('[') {
        let segment = Segment::parse(text).ok()?;
        return of([segment.0, segment.1]);
    }
    if text.starts_with('{') {
        let line = Line::parse(text).ok()?;
        return number(&[line.a, line.b, line.c]);
    }
    if text.contains("),(") {
        let corners = Rectangle::parse(text).ok()?;
        return of([corners.high, corners.low]);
    }
    let point = Point::parse(text).ok()?;
    number(&[point.x, point.y])
}

impl Rectangle {
    /// The box that has these two at opposite corners.
    pub fn of_corners(one: Point, other: Point) -> Rectangle {
        let (x, y) = (ordered(one.x, other.x), ordered(one.y, other.y));
        Rectangle { high: Point { x: x.1, y: y.1 }, low: Point { x: x.0, y: y.0 } }
    }
}

/// Two numbers in order; NaN is greatest.
fn ordered(a: f64, b: f64) -> (f64, f64) {
    match super::compare_floats(a, b).is_gt() {
        true => (b, a),
        false => (a, b),
    }
}

impl Line {
    /// `22P02` where it has no direction.
    fn checked(self) -> Option<Line> {
        let is_zero = |number: f64| number.abs() <= EPSILON;
        (!is_zero(self.a) || !is_zero(self.b)).then_some(self)
    }

    /// The line through a point with a slope.
    pub fn through(point: Point, slope: f64) -> Result<Line> {
        if slope.is_infinite() {
            return Ok(Line { a: -1.0, b: 0.0, c: point.x });
        }
        if slope == 0.0 {
            return Ok(Line { a: 0.0, b: -1.0, c: point.y });
        }
        let c = subtract(point.y, multiply(slope, point.x)?)?;
        // No negative zero.
        Ok(Line { a: slope, b: -1.0, c: if c == 0.0 { 0.0 } else { c } })
    }
}

/// `22003` where two finite numbers have no finite result.
fn finite(result: f64, a: f64, b: f64) -> Result<f64> {
    match result.is_infinite() && !a.is_infinite() && !b.is_infinite() {
        true => Err(out_of_range("overflow")),
        false => Ok(result),
    }
}

fn out_of_range(what: &str) -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, format!("value out of range: {what}"))
}

pub fn add(a: f64, b: f64) -> Result<f64> {
    finite(a + b, a, b)
}

pub fn subtract(a: f64, b: f64) -> Result<f64> {
    finite(a - b, a, b)
}

pub fn multiply(a: f64, b: f64) -> Result<f64> {
    let result = finite(a * b, a, b)?;
    match result == 0.0 && a != 0.0 && b != 0.0 {
        true => Err(out_of_range("underflow")),
        false => Ok(result),
    }
}

pub fn divide(a: f64, b: f64) -> Result<f64> {
    if b == 0.0 && !a.is_nan() {
        return Err(Error::division_by_zero());
    }
    let result = a / b;
    if result.is_infinite() && !a.is_infinite() {
        return Err(out_of_range("overflow"));
    }
    match result == 0.0 && a != 0.0 && !b.is_infinite() {
        true => Err(out_of_range("underflow")),
        false => Ok(result),
    }
}

/// The hypotenuse over two legs, without the overflow of their squares.
pub fn hypotenuse(x: f64, y: f64) -> Result<f64> {
    if x.is_infinite() || y.is_infinite() {
        return Ok(f64::INFINITY);
    }
    if x.is_nan() || y.is_nan() {
        return Ok(f64::NAN);
    }
    let (long, short) = (x.abs().max(y.abs()), x.abs().min(y.abs()));
    if short == 0.0 {
        return Ok(long);
    }
    let ratio = short / long;
    let result = long * (1.0 + ratio * ratio).sqrt();
    match result.is_infinite() {
        true => Err(out_of_range("overflow")),
        false => Ok(result),
    }
}

fn write_number(number: f64, digits: i32, out: &mut String) {
    let mut bytes = Vec::with_capacity(24);
    float::write_f64(number, digits, &mut bytes);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

fn write_point(point: Point, digits: i32, out: &mut String) {
    out.push('(');
    write_number(point.x, digits, out);
    out.push(',');
    write_number(point.y, digits, out);
    out.push(')');
}

fn write_points(points: &[Point], digits: i32, out: &mut String) {
    for (at, point) in points.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_point(*point, digits, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_postgresql_reads_them() {
        let cases = [
            (oid::POINT, " 1 , 2 ", "(1,2)"),
            (oid::POINT, "( -1e3,NaN )", "(-1000,NaN)"),
            (oid::LSEG, "((1,2),(3,4))", "[(1,2),(3,4)]"),
            (oid::LSEG, "1,2,3,4", "[(1,2),(3,4)]"),
            (oid::BOX, "(1,2),(3,0)", "(3,2),(1,0)"),
            (oid::PATH, "[(1,2),(3,4)]", "[(1,2),(3,4)]"),
            (oid::PATH, "(1,2,3,4)", "((1,2),(3,4))"),
            (oid::POLYGON, "(1,2),(3,4),(5,6)", "((1,2),(3,4),(5,6))"),
            (oid::CIRCLE, "((1,2),3)", "<(1,2),3>"),
            (oid::CIRCLE, "1,2,3", "<(1,2),3>"),
            (oid::LINE, "{1,-1,0}", "{1,-1,0}"),
            (oid::LINE, "[(0,0),(1,2)]", "{2,-1,0}"),
        ];
        for (ty, text, expected) in cases {
            let read = canonical(text, ty);
            assert_eq!(read.ok().as_deref(), Some(expected), "{text}");
        }
        for (ty, text) in [
            (oid::POINT, "(1,2"),
            (oid::POINT, "1,2)"),
            (oid::LSEG, "[(1,2),(3,4)"),
            (oid::PATH, "[1,2,3]"),
            (oid::CIRCLE, "<(1,2),-1>"),
            (oid::LINE, "{0,0,1}"),
            (oid::LINE, "(1,1),(1,1)"),
        ] {
            assert!(canonical(text, ty).is_err(), "{text}");
        }
    }
}
