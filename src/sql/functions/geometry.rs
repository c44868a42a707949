//! Points, lines, segments, boxes, paths, polygons and circles: operators, functions and
//! casts. What they compute is in `sql::types::geometry`.

use super::call::{Arg, Ret, arg};
use super::{CallContext, Kernel};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::Datum;
use crate::sql::types::geometry::measure::{at_least, at_most, larger, less, more, same, smaller};
use crate::sql::types::geometry::{
    Circle, Line, Path, Point, Polygon, Rectangle, Segment, Shape, divide, hypotenuse, multiply,
};
use crate::sqlstate;

pub const KERNELS: &[&[Kernel]] =
    &[POINTS, LINES, SEGMENTS, BOXES, PATHS, POLYGONS, CIRCLES, DISTANCES, NEAREST, MEETING];

/// Reads a shape from the text that it is kept as, and writes it.
macro_rules! shapes {
    ($($shape:ty),*) => {$(
        impl<'a> Arg<'a> for $shape {
            fn from_datum(datum: &'a Datum) -> Option<Self> {
                match datum {
                    Datum::Text(text) => <$shape>::parse(text).ok(),
                    _ => None,
                }
            }
        }
        impl Ret for $shape {
            fn into_datum(self) -> Datum {
                Datum::Text(self.canonical())
            }
        }
    )*};
}

shapes!(Point, Line, Segment, Rectangle, Path, Polygon, Circle);

const POINTS: &[Kernel] = kernels! {
    rows2 "construct_point" => |x: f64, y: f64| Ok(Point { x, y });
    rows2 "point_left" => |a: Point, b: Point| Ok(less(a.x, b.x));
    rows2 "point_right" => |a: Point, b: Point| Ok(more(a.x, b.x));
    rows2 "point_above" => |a: Point, b: Point| Ok(more(a.y, b.y));
    rows2 "point_below" => |a: Point, b: Point| Ok(less(a.y, b.y));
    rows2 "point_vert" => |a: Point, b: Point| Ok(same(a.x, b.x));
    rows2 "point_horiz" => |a: Point, b: Point| Ok(same(a.y, b.y));
    rows2 "point_eq" => |a: Point, b: Point| Ok(a.is_at(b));
    rows2 "point_ne" => |a: Point, b: Point| Ok(!a.is_at(b));
    rows2 "point_distance" => |a: Point, b: Point| a.distance(b);
    rows2 "point_slope" => |a: Point, b: Point| a.slope_to(b);
    rows2 "point_add" => |a: Point, b: Point| a.plus(b);
    rows2 "point_sub" => |a: Point, b: Point| a.minus(b);
    rows2 "point_mul" => |a: Point, b: Point| a.times(b);
    rows2 "point_div" => |a: Point, b: Point| a.over(b);
    rows1 "point_box" => |a: Point| Ok(Rectangle { high: a, low: a });
};

const LINES: &[Kernel] = kernels! {
    rows2 "line_construct_pp" => |a: Point, b: Point| match a.is_at(b) {
        true => Err(invalid("invalid line specification: must be two distinct points")),
        false => Line::through(a, a.slope_to(b)?),
    };
    rows1 "line_horizontal" => |a: Line| Ok(same(a.a, 0.0));
    rows1 "line_vertical" => |a: Line| Ok(same(a.b, 0.0));
    rows2 "line_parallel" => |a: Line, b: Line| a.is_parallel(&b);
    rows2 "line_perp" => |a: Line, b: Line| a.is_perpendicular(&b);
    rows2 "line_eq" => |a: Line, b: Line| a.is_same(&b);
    rows2 "line_intersect" => |a: Line, b: Line| Ok(a.crossing(&b)?.is_some());
    rows2 "line_interpt" => |a: Line, b: Line| a.crossing(&b);
    rows2 "line_distance" => |a: Line, b: Line| a.distance(&b);
};

const SEGMENTS: &[Kernel] = kernels! {
    rows2 "lseg_construct" => |a: Point, b: Point| Ok(Segment(a, b));
    rows1 "lseg_center" => |a: Segment| a.center();
    rows1 "lseg_length" => |a: Segment| a.length();
    rows1 "lseg_vertical" => |a: Segment| Ok(same(a.0.x, a.1.x));
    rows1 "lseg_horizontal" => |a: Segment| Ok(same(a.0.y, a.1.y));
    rows2 "lseg_parallel" => |a: Segment, b: Segment| Ok(same(a.slope()?, b.slope()?));
    rows2 "lseg_perp" => |a: Segment, b: Segment| Ok(same(a.slope()?, b.inverse_slope()?));
    rows2 "lseg_eq" => |a: Segment, b: Segment| Ok(a.0.is_at(b.0) && a.1.is_at(b.1));
    rows2 "lseg_ne" => |a: Segment, b: Segment| Ok(!a.0.is_at(b.0) || !a.1.is_at(b.1));
    rows2 "lseg_lt" => |a: Segment, b: Segment| Ok(less(a.length()?, b.length()?));
    rows2 "lseg_le" => |a: Segment, b: Segment| Ok(at_most(a.length()?, b.length()?));
    rows2 "lseg_gt" => |a: Segment, b: Segment| Ok(more(a.length()?, b.length()?));
    rows2 "lseg_ge" => |a: Segment, b: Segment| Ok(at_least(a.length()?, b.length()?));
    rows2 "lseg_intersect" => |a: Segment, b: Segment| Ok(a.crossing(&b)?.is_some());
    rows2 "lseg_interpt" => |a: Segment, b: Segment| a.crossing(&b);
    rows2 "lseg_distance" => |a: Segment, b: Segment| Ok(a.nearest_to(&b)?.1);
};

/// Each corner of a box as an operation with a point makes it.
fn each_corner(a: Rectangle, change: impl Fn(Point) -> Result<Point>) -> Result<Rectangle> {
    Ok(Rectangle { high: change(a.high)?, low: change(a.low)? })
}

/// The same where corners may change places.
fn turned(a: Rectangle, change: impl Fn(Point) -> Result<Point>) -> Result<Rectangle> {
    Ok(Rectangle::of_corners(change(a.high)?, change(a.low)?))
}

const BOXES: &[Kernel] = kernels! {
    rows2 "points_box" => |a: Point, b: Point| Ok(Rectangle::of_corners(a, b));
    rows2 "box_same" => |a: Rectangle, b: Rectangle|
        Ok(a.high.is_at(b.high) && a.low.is_at(b.low));
    rows2 "box_overlap" => |a: Rectangle, b: Rectangle| Ok(a.overlaps(&b));
    rows2 "box_left" => |a: Rectangle, b: Rectangle| Ok(less(a.high.x, b.low.x));
    rows2 "box_overleft" => |a: Rectangle, b: Rectangle| Ok(at_most(a.high.x, b.high.x));
    rows2 "box_right" => |a: Rectangle, b: Rectangle| Ok(more(a.low.x, b.high.x));
    rows2 "box_overright" => |a: Rectangle, b: Rectangle| Ok(at_least(a.low.x, b.low.x));
    rows2 "box_below" => |a: Rectangle, b: Rectangle| Ok(less(a.high.y, b.low.y));
    rows2 "box_overbelow" => |a: Rectangle, b: Rectangle| Ok(at_most(a.high.y, b.high.y));
    rows2 "box_above" => |a: Rectangle, b: Rectangle| Ok(more(a.low.y, b.high.y));
    rows2 "box_overabove" => |a: Rectangle, b: Rectangle| Ok(at_least(a.low.y, b.low.y));
    rows2 "box_below_eq" => |a: Rectangle, b: Rectangle| Ok(at_most(a.high.y, b.low.y));
    rows2 "box_above_eq" => |a: Rectangle, b: Rectangle| Ok(at_least(a.low.y, b.high.y));
    rows2 "box_contain" => |a: Rectangle, b: Rectangle| Ok(a.contains(&b));
    rows2 "box_contained" => |a: Rectangle, b: Rectangle| Ok(b.contains(&a));
    rows2 "box_contain_pt" => |a: Rectangle, b: Point| Ok(a.has(b));
    rows2 "box_lt" => |a: Rectangle, b: Rectangle| Ok(less(a.area()?, b.area()?));
    rows2 "box_le" => |a: Rectangle, b: Rectangle| Ok(at_most(a.area()?, b.area()?));
    rows2 "box_gt" => |a: Rectangle, b: Rectangle| Ok(more(a.area()?, b.area()?));
    rows2 "box_ge" => |a: Rectangle, b: Rectangle| Ok(at_least(a.area()?, b.area()?));
    rows2 "box_eq" => |a: Rectangle, b: Rectangle| Ok(same(a.area()?, b.area()?));
    rows1 "box_area" => |a: Rectangle| a.area();
    rows1 "box_width" => |a: Rectangle| a.width();
    rows1 "box_height" => |a: Rectangle| a.height();
    rows2 "box_distance" => |a: Rectangle, b: Rectangle| a.center()?.distance(b.center()?);
    rows1 "box_center" => |a: Rectangle| a.center();
    rows2 "box_intersect" => |a: Rectangle, b: Rectangle| Ok(a.overlaps(&b).then(|| Rectangle {
        high: Point { x: smaller(a.high.x, b.high.x), y: smaller(a.high.y, b.high.y) },
        low: Point { x: larger(a.low.x, b.low.x), y: larger(a.low.y, b.low.y) },
    }));
    rows1 "box_diagonal" => |a: Rectangle| Ok(Segment(a.high, a.low));
    rows2 "box_add" => |a: Rectangle, b: Point| each_corner(a, |corner| corner.plus(b));
    rows2 "box_sub" => |a: Rectangle, b: Point| each_corner(a, |corner| corner.minus(b));
    rows2 "box_mul" => |a: Rectangle, b: Point| turned(a, |corner| corner.times(b));
    rows2 "box_div" => |a: Rectangle, b: Point| turned(a, |corner| corner.over(b));
    rows2 "boxes_bound_box" => |a: Rectangle, b: Rectangle| Ok(Rectangle {
        high: Point { x: larger(a.high.x, b.high.x), y: larger(a.high.y, b.high.y) },
        low: Point { x: smaller(a.low.x, b.low.x), y: smaller(a.low.y, b.low.y) },
    });
    rows1 "box_circle" => |a: Rectangle| {
        let center = a.center()?;
        Ok(Circle { center, radius: center.distance(a.high)? })
    };
    rows1 "box_poly" => |a: Rectangle| Ok(Polygon(vec![
        a.low,
        Point { x: a.low.x, y: a.high.y },
        a.high,
        Point { x: a.high.x, y: a.low.y },
    ]));
};

fn each_point(mut a: Path, change: impl Fn(Point) -> Result<Point>) -> Result<Path> {
    for point in &mut a.points {
        *point = change(*point)?;
    }
    Ok(a)
}

fn count(points: &[Point]) -> i32 {
    i32::try_from(points.len()).unwrap_or(i32::MAX)
}

const PATHS: &[Kernel] = kernels! {
    rows1 "path_area" => |a: Path| match a.is_closed {
        true => a.area().map(Some),
        false => Ok(None),
    };
    rows1 "path_length" => |a: Path| a.length();
    rows1 "path_npoints" => |a: Path| Ok(count(&a.points));
    rows1 "path_isclosed" => |a: Path| Ok(a.is_closed);
    rows1 "path_isopen" => |a: Path| Ok(!a.is_closed);
    rows1 "path_close" => |a: Path| Ok(Path { is_closed: true, ..a });
    rows1 "path_open" => |a: Path| Ok(Path { is_closed: false, ..a });
    rows2 "path_n_lt" => |a: Path, b: Path| Ok(a.points.len() < b.points.len());
    rows2 "path_n_le" => |a: Path, b: Path| Ok(a.points.len() <= b.points.len());
    rows2 "path_n_gt" => |a: Path, b: Path| Ok(a.points.len() > b.points.len());
    rows2 "path_n_ge" => |a: Path, b: Path| Ok(a.points.len() >= b.points.len());
    rows2 "path_n_eq" => |a: Path, b: Path| Ok(a.points.len() == b.points.len());
    call "path_inter" => |call, args| {
        let (a, b): (Path, Path) = (arg(args, 0)?, arg(args, 1)?);
        a.crosses(&b, &|| is_cancelled(call)).map(Datum::Bool)
    };
    call "path_distance" => |call, args| {
        let (a, b): (Path, Path) = (arg(args, 0)?, arg(args, 1)?);
        a.distance(&b, &|| is_cancelled(call)).map(Ret::into_datum)
    };
    rows2 "path_add" => |a: Path, b: Path| Ok(match a.is_closed || b.is_closed {
        true => None,
        false => Some(Path { points: [a.points, b.points].concat(), ..a }),
    });
    rows2 "path_add_pt" => |a: Path, b: Point| each_point(a, |point| point.plus(b));
    rows2 "path_sub_pt" => |a: Path, b: Point| each_point(a, |point| point.minus(b));
    rows2 "path_mul_pt" => |a: Path, b: Point| each_point(a, |point| point.times(b));
    rows2 "path_div_pt" => |a: Path, b: Point| each_point(a, |point| point.over(b));
    rows2 "path_contain_pt_path_point" => |a: Path, b: Point| a.holds(b);
    rows1 "path_poly" => |a: Path| match a.is_closed {
        true => Ok(Polygon(a.points)),
        false => Err(invalid("open path cannot be converted to polygon")),
    };
};

fn is_cancelled(call: &CallContext<'_>) -> bool {
    call.eval.session.is_cancelled()
}

const POLYGONS: &[Kernel] = kernels! {
    rows2 "poly_left" => |a: Polygon, b: Polygon| Ok(a.bounds().high.x < b.bounds().low.x);
    rows2 "poly_overleft" => |a: Polygon, b: Polygon| Ok(a.bounds().high.x <= b.bounds().high.x);
    rows2 "poly_right" => |a: Polygon, b: Polygon| Ok(a.bounds().low.x > b.bounds().high.x);
    rows2 "poly_overright" => |a: Polygon, b: Polygon| Ok(a.bounds().low.x >= b.bounds().low.x);
    rows2 "poly_below" => |a: Polygon, b: Polygon| Ok(a.bounds().high.y < b.bounds().low.y);
    rows2 "poly_overbelow" => |a: Polygon, b: Polygon| Ok(a.bounds().high.y <= b.bounds().high.y);
    rows2 "poly_above" => |a: Polygon, b: Polygon| Ok(a.bounds().low.y > b.bounds().high.y);
    rows2 "poly_overabove" => |a: Polygon, b: Polygon| Ok(a.bounds().low.y >= b.bounds().low.y);
    rows2 "poly_same" => |a: Polygon, b: Polygon| Ok(a.is_same(&b));
    call "poly_overlap" => |call, args| {
        let (a, b): (Polygon, Polygon) = (arg(args, 0)?, arg(args, 1)?);
        a.overlaps(&b, &|| is_cancelled(call)).map(Datum::Bool)
    };
    call "poly_contain" => |call, args| {
        let (a, b): (Polygon, Polygon) = (arg(args, 0)?, arg(args, 1)?);
        a.contains(&b, &|| is_cancelled(call)).map(Datum::Bool)
    };
    call "poly_contained" => |call, args| {
        let (a, b): (Polygon, Polygon) = (arg(args, 0)?, arg(args, 1)?);
        b.contains(&a, &|| is_cancelled(call)).map(Datum::Bool)
    };
    call "poly_distance" => |call, args| {
        let (a, b): (Polygon, Polygon) = (arg(args, 0)?, arg(args, 1)?);
        a.distance(&b, &|| is_cancelled(call)).map(Ret::into_datum)
    };
    rows2 "poly_contain_pt" => |a: Polygon, b: Point| a.has(b);
    rows2 "pt_contained_poly" => |a: Point, b: Polygon| b.has(a);
    rows1 "poly_npoints" => |a: Polygon| Ok(count(&a.0));
    rows1 "poly_center" => |a: Polygon| Ok(a.circle()?.center);
    rows1 "poly_circle" => |a: Polygon| a.circle();
    rows1 "poly_box" => |a: Polygon| Ok(a.bounds());
    rows1 "poly_path" => |a: Polygon| Ok(Path { is_closed: true, points: a.0 });
};

/// The corners of a circle as a polygon, if nobody says how many.
const CORNERS: i32 = 12;

/// How far the centers of two circles are apart.
fn apart(a: &Circle, b: &Circle) -> Result<f64> {
    a.center.distance(b.center)
}

const CIRCLES: &[Kernel] = kernels! {
    rows2 "cr_circle" => |center: Point, radius: f64| Ok(Circle { center, radius });
    rows2 "circle_same" => |a: Circle, b: Circle| Ok(a.is_same(&b));
    rows2 "circle_overlap" => |a: Circle, b: Circle|
        Ok(at_most(apart(&a, &b)?, a.radius + b.radius));
    rows2 "circle_overleft" => |a: Circle, b: Circle|
        Ok(at_most(a.center.x + a.radius, b.center.x + b.radius));
    rows2 "circle_left" => |a: Circle, b: Circle|
        Ok(less(a.center.x + a.radius, b.center.x - b.radius));
    rows2 "circle_right" => |a: Circle, b: Circle|
        Ok(more(a.center.x - a.radius, b.center.x + b.radius));
    rows2 "circle_overright" => |a: Circle, b: Circle|
        Ok(at_least(a.center.x - a.radius, b.center.x - b.radius));
    rows2 "circle_below" => |a: Circle, b: Circle|
        Ok(less(a.center.y + a.radius, b.center.y - b.radius));
    rows2 "circle_above" => |a: Circle, b: Circle|
        Ok(more(a.center.y - a.radius, b.center.y + b.radius));
    rows2 "circle_overbelow" => |a: Circle, b: Circle|
        Ok(at_most(a.center.y + a.radius, b.center.y + b.radius));
    rows2 "circle_overabove" => |a: Circle, b: Circle|
        Ok(at_least(a.center.y - a.radius, b.center.y - b.radius));
    rows2 "circle_contained" => |a: Circle, b: Circle|
        Ok(at_most(apart(&a, &b)?, b.radius - a.radius));
    rows2 "circle_contain" => |a: Circle, b: Circle|
        Ok(at_most(apart(&a, &b)?, a.radius - b.radius));
    rows2 "circle_eq" => |a: Circle, b: Circle| Ok(same(a.area()?, b.area()?));
    rows2 "circle_ne" => |a: Circle, b: Circle| Ok(!same(a.area()?, b.area()?));
    rows2 "circle_lt" => |a: Circle, b: Circle| Ok(less(a.area()?, b.area()?));
    rows2 "circle_le" => |a: Circle, b: Circle| Ok(at_most(a.area()?, b.area()?));
    rows2 "circle_gt" => |a: Circle, b: Circle| Ok(more(a.area()?, b.area()?));
    rows2 "circle_ge" => |a: Circle, b: Circle| Ok(at_least(a.area()?, b.area()?));
    rows2 "circle_add_pt" => |a: Circle, b: Point|
        Ok(Circle { center: a.center.plus(b)?, ..a });
    rows2 "circle_sub_pt" => |a: Circle, b: Point|
        Ok(Circle { center: a.center.minus(b)?, ..a });
    rows2 "circle_mul_pt" => |a: Circle, b: Point| Ok(Circle {
        center: a.center.times(b)?,
        radius: multiply(a.radius, hypotenuse(b.x, b.y)?)?,
    });
    rows2 "circle_div_pt" => |a: Circle, b: Point| Ok(Circle {
        center: a.center.over(b)?,
        radius: divide(a.radius, hypotenuse(b.x, b.y)?)?,
    });
    rows1 "circle_area" => |a: Circle| a.area();
    rows1 "circle_diameter" => |a: Circle| multiply(a.radius, 2.0);
    rows1 "circle_radius" => |a: Circle| Ok(a.radius);
    rows1 "circle_center" => |a: Circle| Ok(a.center);
    rows1 "circle_box" => |a: Circle| a.bounds();
    rows1 "polygon_circle" => |a: Circle| a.polygon(CORNERS);
    rows2 "circle_poly" => |corners: i32, a: Circle| a.polygon(corners);
    rows2 "circle_contain_pt" => |a: Circle, b: Point| Ok(a.center.distance(b)? <= a.radius);
    rows2 "pt_contained_circle" => |a: Point, b: Circle| Ok(b.center.distance(a)? <= b.radius);
};

/// A distance from a center, less a radius; within it there is none.
fn beyond(distance: f64, radius: f64) -> f64 {
    let rest = distance - radius;
    if rest < 0.0 { 0.0 } else { rest }
}

const DISTANCES: &[Kernel] = kernels! {
    rows2 "circle_distance" => |a: Circle, b: Circle|
        Ok(beyond(apart(&a, &b)?, a.radius + b.radius));
    rows2 "dist_pc" => |a: Point, b: Circle| Ok(beyond(a.distance(b.center)?, b.radius));
    rows2 "dist_cpoint" => |a: Circle, b: Point| Ok(beyond(b.distance(a.center)?, a.radius));
    rows2 "dist_cpoly" => |a: Circle, b: Polygon| Ok(beyond(b.distance_to(a.center)?, a.radius));
    rows2 "dist_polyc" => |a: Polygon, b: Circle| Ok(beyond(a.distance_to(b.center)?, b.radius));
    rows2 "dist_ppoly" => |a: Point, b: Polygon| b.distance_to(a);
    rows2 "dist_polyp" => |a: Polygon, b: Point| a.distance_to(b);
    rows2 "dist_ppath" => |a: Point, b: Path| b.distance_to(a);
    rows2 "dist_pathp" => |a: Path, b: Point| a.distance_to(b);
    rows2 "dist_pl" => |a: Point, b: Line| Ok(b.nearest(a)?.1);
    rows2 "dist_lp" => |a: Line, b: Point| Ok(a.nearest(b)?.1);
    rows2 "dist_ps" => |a: Point, b: Segment| Ok(b.nearest(a)?.1);
    rows2 "dist_sp" => |a: Segment, b: Point| Ok(a.nearest(b)?.1);
    rows2 "dist_pb" => |a: Point, b: Rectangle| Ok(b.nearest(a)?.1);
    rows2 "dist_bp" => |a: Rectangle, b: Point| Ok(a.nearest(b)?.1);
    rows2 "dist_sl" => |a: Segment, b: Line| Ok(a.nearest_to_line(&b)?.1);
    rows2 "dist_ls" => |a: Line, b: Segment| Ok(b.nearest_to_line(&a)?.1);
    rows2 "dist_sb" => |a: Segment, b: Rectangle| Ok(b.nearest_to(&a)?.1);
    rows2 "dist_bs" => |a: Rectangle, b: Segment| Ok(a.nearest_to(&b)?.1);
};

/// The nearest point, unless its distance is no number.
fn found(nearest: (Point, f64)) -> Option<Point> {
    (!nearest.1.is_nan()).then_some(nearest.0)
}

const NEAREST: &[Kernel] = kernels! {
    rows2 "close_pl" => |a: Point, b: Line| Ok(found(b.nearest(a)?));
    rows2 "close_ps" => |a: Point, b: Segment| Ok(found(b.nearest(a)?));
    rows2 "close_pb" => |a: Point, b: Rectangle| Ok(found(b.nearest(a)?));
    rows2 "close_lseg" => |a: Segment, b: Segment| match a.slope()? == b.slope()? {
        true => Ok(None),
        false => Ok(found(b.nearest_to(&a)?)),
    };
    rows2 "close_ls" => |a: Line, b: Segment| match b.slope()? == a.slope()? {
        true => Ok(None),
        false => Ok(found(b.nearest_to_line(&a)?)),
    };
    rows2 "close_sb" => |a: Segment, b: Rectangle| Ok(found(b.nearest_to(&a)?));
};

const MEETING: &[Kernel] = kernels! {
    rows2 "on_pl" => |a: Point, b: Line| b.holds(a);
    rows2 "on_ps" => |a: Point, b: Segment| b.holds(a);
    rows2 "on_pb" => |a: Point, b: Rectangle| Ok(b.has(a));
    rows2 "on_ppath" => |a: Point, b: Path| b.holds(a);
    rows2 "on_sl" => |a: Segment, b: Line| Ok(b.holds(a.0)? && b.holds(a.1)?);
    rows2 "on_sb" => |a: Segment, b: Rectangle| Ok(b.has(a.0) && b.has(a.1));
    rows2 "inter_sl" => |a: Segment, b: Line| Ok(a.crossing_line(&b)?.is_some());
    rows2 "inter_sb" => |a: Segment, b: Rectangle| Ok(b.meets(&a)?.is_some());
    rows2 "inter_lb" => |a: Line, b: Rectangle| b.meets_line(&a);
};

fn invalid(message: &str) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}
