//! Distances, crossings and containment, with PostgreSQL's tolerance and rounding.
//!
//! Functions that may meet parallel lines or NaN answer `None` for the point that there
//! is not; a distance is then NaN.

use super::*;

pub fn is_zero(a: f64) -> bool {
    a.abs() <= EPSILON
}

pub fn same(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= EPSILON
}

pub fn less(a: f64, b: f64) -> bool {
    a + EPSILON < b
}

pub fn at_most(a: f64, b: f64) -> bool {
    a <= b + EPSILON
}

pub fn more(a: f64, b: f64) -> bool {
    a > b + EPSILON
}

pub fn at_least(a: f64, b: f64) -> bool {
    a + EPSILON >= b
}

/// Equality of floats as values: NaN is itself.
fn identical(a: f64, b: f64) -> bool {
    super::super::compare_floats(a, b).is_eq()
}

/// Order of floats as values: NaN is greatest.
pub fn below(a: f64, b: f64) -> bool {
    super::super::compare_floats(a, b).is_lt()
}

pub fn smaller(a: f64, b: f64) -> f64 {
    if below(a, b) { a } else { b }
}

pub fn larger(a: f64, b: f64) -> f64 {
    if below(b, a) { a } else { b }
}

/// No negative zero.
fn plain_zero(a: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a }
}

fn half(a: f64, b: f64) -> Result<f64> {
    divide(add(a, b)?, 2.0)
}

impl Point {
    fn has_nan(self) -> bool {
        self.x.is_nan() || self.y.is_nan()
    }

    /// Whether it is the same as another; with NaN, exactly.
    pub fn is_at(self, other: Point) -> bool {
        match self.has_nan() || other.has_nan() {
            true => identical(self.x, other.x) && identical(self.y, other.y),
            false => same(self.x, other.x) && same(self.y, other.y),
        }
    }

    pub fn distance(self, other: Point) -> Result<f64> {
        hypotenuse(subtract(self.x, other.x)?, subtract(self.y, other.y)?)
    }

    pub fn slope_to(self, other: Point) -> Result<f64> {
        if same(self.x, other.x) {
            return Ok(f64::INFINITY);
        }
        if same(self.y, other.y) {
            return Ok(0.0);
        }
        divide(subtract(self.y, other.y)?, subtract(self.x, other.x)?)
    }

    /// The slope of what is perpendicular.
    pub fn inverse_slope_to(self, other: Point) -> Result<f64> {
        if same(self.x, other.x) {
            return Ok(0.0);
        }
        if same(self.y, other.y) {
            return Ok(f64::INFINITY);
        }
        divide(subtract(self.x, other.x)?, subtract(other.y, self.y)?)
    }

    pub fn plus(self, other: Point) -> Result<Point> {
        Ok(Point { x: add(self.x, other.x)?, y: add(self.y, other.y)? })
    }

    pub fn minus(self, other: Point) -> Result<Point> {
        Ok(Point { x: subtract(self.x, other.x)?, y: subtract(self.y, other.y)? })
    }

    /// As complex numbers.
    pub fn times(self, other: Point) -> Result<Point> {
        Ok(Point {
            x: subtract(multiply(self.x, other.x)?, multiply(self.y, other.y)?)?,
            y: add(multiply(self.x, other.y)?, multiply(self.y, other.x)?)?,
        })
    }

    pub fn over(self, other: Point) -> Result<Point> {
        let square = add(multiply(other.x, other.x)?, multiply(other.y, other.y)?)?;
        let x = add(multiply(self.x, other.x)?, multiply(self.y, other.y)?)?;
        let y = subtract(multiply(other.x, self.y)?, multiply(other.y, self.x)?)?;
        Ok(Point { x: divide(x, square)?, y: divide(y, square)? })
    }
}

impl Line {
    pub fn slope(&self) -> Result<f64> {
        if is_zero(self.a) {
            return Ok(0.0);
        }
        if is_zero(self.b) {
            return Ok(f64::INFINITY);
        }
        divide(self.a, -self.b)
    }

    fn inverse_slope(&self) -> Result<f64> {
        if is_zero(self.a) {
            return Ok(f64::INFINITY);
        }
        if is_zero(self.b) {
            return Ok(0.0);
        }
        divide(self.b, self.a)
    }

    /// Where two lines cross; none if they are parallel.
    pub fn crossing(&self, other: &Line) -> Result<Option<Point>> {
        let (first, second) = if !is_zero(self.b) {
            (self, other)
        } else if !is_zero(other.b) {
            (other, self)
        } else {
            return Ok(None);
        };
        if same(second.a, multiply(first.a, divide(second.b, first.b)?)?) {
            return Ok(None);
        }
        let above = subtract(multiply(first.b, second.c)?, multiply(second.b, first.c)?)?;
        let under = subtract(multiply(first.a, second.b)?, multiply(second.a, first.b)?)?;
        let x = divide(above, under)?;
        let y = divide(-add(multiply(first.a, x)?, first.c)?, first.b)?;
        Ok(Some(Point { x: plain_zero(x), y: plain_zero(y) }))
    }

    pub fn is_parallel(&self, other: &Line) -> Result<bool> {
        Ok(self.crossing(other)?.is_none())
    }

    pub fn is_perpendicular(&self, other: &Line) -> Result<bool> {
        if is_zero(self.a) {
            return Ok(is_zero(other.b));
        }
        if is_zero(other.a) {
            return Ok(is_zero(self.b));
        }
        if is_zero(self.b) {
            return Ok(is_zero(other.a));
        }
        if is_zero(other.b) {
            return Ok(is_zero(self.a));
        }
        let product = divide(multiply(self.a, other.a)?, multiply(self.b, other.b)?)?;
        Ok(same(product, -1.0))
    }

    pub fn is_same(&self, other: &Line) -> Result<bool> {
        let numbers = |line: &Line| [line.a, line.b, line.c];
        let mut pairs = numbers(self).into_iter().zip(numbers(other));
        if numbers(self).iter().chain(&numbers(other)).any(|number| number.is_nan()) {
            return Ok(pairs.all(|(a, b)| identical(a, b)));
        }
        let divisor = pairs.clone().find(|(_, b)| !is_zero(*b));
        let ratio = divisor.map_or(Ok(1.0), |(a, b)| divide(a, b))?;
        for (a, b) in pairs {
            if !same(a, multiply(ratio, b)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub fn distance(&self, other: &Line) -> Result<f64> {
        if self.crossing(other)?.is_some() {
            return Ok(0.0);
        }
        let divides = |a: f64, b: f64| [a, b].iter().all(|n| !is_zero(*n) && !n.is_nan());
        let ratio = if divides(self.a, other.a) {
            divide(self.a, other.a)?
        } else if divides(self.b, other.b) {
            divide(self.b, other.b)?
        } else {
            1.0
        };
        let apart = subtract(self.c, multiply(ratio, other.c)?)?.abs();
        divide(apart, hypotenuse(self.a, self.b)?)
    }

    pub fn holds(&self, point: Point) -> Result<bool> {
        let sum = add(multiply(self.a, point.x)?, multiply(self.b, point.y)?)?;
        Ok(is_zero(add(sum, self.c)?))
    }

    /// The nearest point of the line, and how far it is.
    pub fn nearest(&self, point: Point) -> Result<(Point, f64)> {
        let perpendicular = Line::through(point, self.inverse_slope()?)?;
        match perpendicular.crossing(self)? {
            Some(nearest) => Ok((nearest, nearest.distance(point)?)),
            // NaN, or rounding.
            None => Ok((point, f64::NAN)),
        }
    }
}

/// The nearer of two places.
fn nearer(one: (Point, f64), other: (Point, f64)) -> (Point, f64) {
    if below(other.1, one.1) { other } else { one }
}

impl Segment {
    fn line(&self) -> Result<Line> {
        Line::through(self.0, self.slope()?)
    }

    pub fn slope(&self) -> Result<f64> {
        self.0.slope_to(self.1)
    }

    pub fn inverse_slope(&self) -> Result<f64> {
        self.0.inverse_slope_to(self.1)
    }

    pub fn length(&self) -> Result<f64> {
        self.0.distance(self.1)
    }

    pub fn center(&self) -> Result<Point> {
        Ok(Point { x: half(self.0.x, self.1.x)?, y: half(self.0.y, self.1.y)? })
    }

    pub fn holds(&self, point: Point) -> Result<bool> {
        let over = point.distance(self.0)? + point.distance(self.1)?;
        Ok(same(over, self.length()?))
    }

    pub fn crossing_line(&self, line: &Line) -> Result<Option<Point>> {
        let Some(found) = self.line()?.crossing(line)? else { return Ok(None) };
        if !self.holds(found)? {
            return Ok(None);
        }
        // An end as it is, without what rounding has left.
        Ok(Some(if self.0.is_at(found) {
            self.0
        } else if self.1.is_at(found) {
            self.1
        } else {
            found
        }))
    }

    pub fn crossing(&self, other: &Segment) -> Result<Option<Point>> {
        let Some(found) = self.crossing_line(&other.line()?)? else { return Ok(None) };
        Ok(other.holds(found)?.then_some(found))
    }

    /// The nearest point of the segment to a line.
    pub fn nearest_to_line(&self, line: &Line) -> Result<(Point, f64)> {
        if let Some(found) = self.crossing_line(line)? {
            return Ok((found, 0.0));
        }
        let (first, second) = (line.nearest(self.0)?.1, line.nearest(self.1)?.1);
        Ok(if first < second { (self.0, first) } else { (self.1, second) })
    }

    pub fn nearest(&self, point: Point) -> Result<(Point, f64)> {
        let perpendicular = Line::through(point, self.inverse_slope()?)?;
        let (nearest, _) = self.nearest_to_line(&perpendicular)?;
        Ok((nearest, nearest.distance(point)?))
    }

    /// The nearest point of this segment to another.
    pub fn nearest_to(&self, other: &Segment) -> Result<(Point, f64)> {
        if let Some(found) = self.crossing(other)? {
            return Ok((found, 0.0));
        }
        let mut best = nearer(self.nearest(other.0)?, self.nearest(other.1)?);
        for end in [self.0, self.1] {
            best = nearer(best, (end, other.nearest(end)?.1));
        }
        Ok(best)
    }
}

impl Rectangle {
    /// Its edges, in the order in which they are asked.
    fn edges(&self) -> [Segment; 4] {
        let upper_left = Point { x: self.low.x, y: self.high.y };
        let lower_right = Point { x: self.high.x, y: self.low.y };
        [
            Segment(self.low, upper_left),
            Segment(self.high, upper_left),
            Segment(self.low, lower_right),
            Segment(self.high, lower_right),
        ]
    }

    pub fn width(&self) -> Result<f64> {
        subtract(self.high.x, self.low.x)
    }

    pub fn height(&self) -> Result<f64> {
        subtract(self.high.y, self.low.y)
    }

    pub fn area(&self) -> Result<f64> {
        multiply(self.width()?, self.height()?)
    }

    pub fn center(&self) -> Result<Point> {
        Ok(Point { x: half(self.high.x, self.low.x)?, y: half(self.high.y, self.low.y)? })
    }

    pub fn overlaps(&self, other: &Rectangle) -> bool {
        at_most(self.low.x, other.high.x)
            && at_most(other.low.x, self.high.x)
            && at_most(self.low.y, other.high.y)
            && at_most(other.low.y, self.high.y)
    }

    pub fn has(&self, point: Point) -> bool {
        self.high.x >= point.x
            && self.low.x <= point.x
            && self.high.y >= point.y
            && self.low.y <= point.y
    }

    pub fn contains(&self, other: &Rectangle) -> bool {
        at_least(self.high.x, other.high.x)
            && at_most(self.low.x, other.low.x)
            && at_least(self.high.y, other.high.y)
            && at_most(self.low.y, other.low.y)
    }

    pub fn nearest(&self, point: Point) -> Result<(Point, f64)> {
        if self.has(point) {
            return Ok((point, 0.0));
        }
        self.nearest_edge(|edge| edge.nearest(point))
    }

    fn nearest_edge(&self, ask: impl Fn(&Segment) -> Result<(Point, f64)>) -> Result<(Point, f64)> {
        let [first, rest @ ..] = self.edges();
        rest.iter().try_fold(ask(&first)?, |best, edge| Ok(nearer(best, ask(edge)?)))
    }

    /// Whether a segment meets the box; if so, the point of it that is nearest to the
    /// box's center.
    pub fn meets(&self, segment: &Segment) -> Result<Option<Point>> {
        let around = Rectangle::of_corners(segment.0, segment.1);
        if !around.overlaps(self) {
            return Ok(None);
        }
        let mut is_met = self.has(segment.0) || self.has(segment.1);
        for edge in self.edges() {
            is_met = is_met || edge.crossing(segment)?.is_some();
        }
        Ok(match is_met {
            true => Some(segment.nearest(self.center()?)?.0),
            false => None,
        })
    }

    pub fn nearest_to(&self, segment: &Segment) -> Result<(Point, f64)> {
        if let Some(found) = self.meets(segment)? {
            return Ok((found, 0.0));
        }
        self.nearest_edge(|edge| edge.nearest_to(segment))
    }

    pub fn meets_line(&self, line: &Line) -> Result<bool> {
        for edge in self.edges() {
            if edge.crossing_line(line)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The smallest box around points; of none it is a point at nothing.
    pub fn around(points: &[Point]) -> Rectangle {
        let start = points.first().copied().unwrap_or(Point { x: 0.0, y: 0.0 });
        points.iter().fold(Rectangle { high: start, low: start }, |around, point| Rectangle {
            high: Point { x: larger(point.x, around.high.x), y: larger(point.y, around.high.y) },
            low: Point { x: smaller(point.x, around.low.x), y: smaller(point.y, around.low.y) },
        })
    }
}

/// The edges of a chain of points, the one that closes it first, if it is closed.
fn edges(points: &[Point], is_closed: bool) -> impl Iterator<Item = Segment> + '_ {
    (0..points.len()).filter_map(move |at| match at {
        0 if !is_closed => None,
        0 => Some(Segment(points[points.len() - 1], points[0])),
        at => Some(Segment(points[at - 1], points[at])),
    })
}

/// How near two chains come; none if one has no edge.
fn chain_distance(
    one: (&[Point], bool),
    other: (&[Point], bool),
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<f64>> {
    let mut best: Option<f64> = None;
    for edge in edges(one.0, one.1) {
        check(is_cancelled)?;
        for against in edges(other.0, other.1) {
            let (_, distance) = edge.nearest_to(&against)?;
            if best.is_none_or(|best| below(distance, best)) {
                best = Some(distance);
            }
        }
    }
    Ok(best)
}

fn check(is_cancelled: &dyn Fn() -> bool) -> Result<()> {
    match is_cancelled() {
        true => Err(Error::query_canceled()),
        false => Ok(()),
    }
}

impl Path {
    pub fn length(&self) -> Result<f64> {
        edges(&self.points, self.is_closed)
            .try_fold(0.0, |length, edge| add(length, edge.length()?))
    }

    /// Of a closed one.
    pub fn area(&self) -> Result<f64> {
        let mut area = 0.0;
        for (at, point) in self.points.iter().enumerate() {
            let next = self.points[(at + 1) % self.points.len()];
            area = add(area, multiply(point.x, next.y)?)?;
            area = subtract(area, multiply(point.y, next.x)?)?;
        }
        divide(area.abs(), 2.0)
    }

    pub fn crosses(&self, other: &Path, is_cancelled: &dyn Fn() -> bool) -> Result<bool> {
        if !Rectangle::around(&self.points).overlaps(&Rectangle::around(&other.points)) {
            return Ok(false);
        }
        for edge in edges(&self.points, self.is_closed) {
            check(is_cancelled)?;
            for against in edges(&other.points, other.is_closed) {
                if edge.crossing(&against)?.is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    pub fn distance(&self, other: &Path, is_cancelled: &dyn Fn() -> bool) -> Result<Option<f64>> {
        let (one, other) =
            ((&self.points[..], self.is_closed), (&other.points[..], other.is_closed));
        chain_distance(one, other, is_cancelled)
    }

    pub fn distance_to(&self, point: Point) -> Result<f64> {
        let mut best = None;
        for edge in edges(&self.points, self.is_closed) {
            let (_, distance) = edge.nearest(point)?;
            if best.is_none_or(|best| below(distance, best)) {
                best = Some(distance);
            }
        }
        Ok(best.unwrap_or(0.0))
    }

    /// Whether a point is on an open path, or on or within a closed one.
    pub fn holds(&self, point: Point) -> Result<bool> {
        if self.is_closed {
            return Ok(side(point, &self.points)? != Side::Outside);
        }
        let Some(first) = self.points.first() else { return Ok(false) };
        let mut before = point.distance(*first)?;
        for edge in edges(&self.points, false) {
            let after = point.distance(edge.1)?;
            if same(add(before, after)?, edge.length()?) {
                return Ok(true);
            }
            before = after;
        }
        Ok(false)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Outside,
    Inside,
    On,
}

/// Where a point is of a ring: by how often the ring goes around it.
pub fn side(point: Point, ring: &[Point]) -> Result<Side> {
    let Some(first) = ring.first() else { return Ok(Side::Outside) };
    let start = first.minus(point)?;
    let (mut previous, mut turns) = (start, 0);
    for next in ring[1..].iter().map(|next| next.minus(point)).chain([Ok(start)]) {
        let next = next?;
        match half_turns(next, previous)? {
            Some(crossed) => turns += crossed,
            None => return Ok(Side::On),
        }
        previous = next;
    }
    Ok(if turns == 0 { Side::Outside } else { Side::Inside })
}

/// Half crossings of the positive X axis on the way between two points; none if the way
/// goes through the origin.
fn half_turns(to: Point, from: Point) -> Result<Option<i32>> {
    let (x, y) = (to.x, to.y);
    if is_zero(y) {
        if is_zero(x) {
            return Ok(None);
        }
        let is_right = more(x, 0.0);
        if is_zero(from.y) {
            let stays = if is_right { more(from.x, 0.0) } else { less(from.x, 0.0) };
            return Ok(stays.then_some(0));
        }
        return Ok(Some(match (is_right, less(from.y, 0.0)) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => -1,
        }));
    }
    let sign = if more(y, 0.0) { 1 } else { -1 };
    let is_beyond = |number: f64| match sign {
        1 => more(number, 0.0),
        _ => less(number, 0.0),
    };
    if is_zero(from.y) {
        return Ok(Some(if less(from.x, 0.0) { 0 } else { sign }));
    }
    if is_beyond(from.y) {
        return Ok(Some(0));
    }
    if at_least(x, 0.0) && more(from.x, 0.0) {
        return Ok(Some(2 * sign));
    }
    if less(x, 0.0) && at_most(from.x, 0.0) {
        return Ok(Some(0));
    }
    let across = subtract(multiply(subtract(x, from.x)?, y)?, multiply(subtract(y, from.y)?, x)?)?;
    if is_zero(across) {
        return Ok(None);
    }
    Ok(Some(if is_beyond(across) { 0 } else { 2 * sign }))
}

/// Segments that a test of containment is taken apart into, one within the other.
const PARTS_DEPTH_MAX: usize = 10_000;

impl Polygon {
    pub fn bounds(&self) -> Rectangle {
        Rectangle::around(&self.0)
    }

    pub fn has(&self, point: Point) -> Result<bool> {
        Ok(side(point, &self.0)? != Side::Outside)
    }

    /// Whether it is the same ring, wherever and in whichever direction it begins.
    pub fn is_same(&self, other: &Polygon) -> bool {
        let count = self.0.len();
        if other.0.len() != count {
            return false;
        }
        (0..count).any(|start| {
            let forward = |step: usize| other.0[(start + step) % count];
            let backward = |step: usize| other.0[(start + count - step) % count];
            let fits =
                |at: &dyn Fn(usize) -> Point| (0..count).all(|step| at(step).is_at(self.0[step]));
            fits(&forward) || fits(&backward)
        })
    }

    pub fn overlaps(&self, other: &Polygon, is_cancelled: &dyn Fn() -> bool) -> Result<bool> {
        if !self.bounds().overlaps(&other.bounds()) {
            return Ok(false);
        }
        for edge in edges(&self.0, true) {
            check(is_cancelled)?;
            for against in edges(&other.0, true) {
                if edge.crossing(&against)?.is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(side(self.0[0], &other.0)? != Side::Outside
            || side(other.0[0], &self.0)? != Side::Outside)
    }

    pub fn contains(&self, other: &Polygon, is_cancelled: &dyn Fn() -> bool) -> Result<bool> {
        if !self.bounds().contains(&other.bounds()) {
            return Ok(false);
        }
        for edge in edges(&other.0, true) {
            check(is_cancelled)?;
            if !self.contains_part(edge.0, edge.1, 0, 0)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a segment is within, looked at from an edge on: where it crosses an edge,
    /// both halves are asked.
    fn contains_part(&self, from: Point, to: Point, start: usize, depth: usize) -> Result<bool> {
        if depth > PARTS_DEPTH_MAX {
            return Err(Error::statement_too_deep());
        }
        let part = Segment(from, to);
        let count = self.0.len();
        let mut crosses = false;
        for at in start..count {
            let edge = Segment(self.0[(at + count - 1) % count], self.0[at]);
            let (has_from, has_to) = (edge.holds(from)?, edge.holds(to)?);
            let stays = match (has_from, has_to) {
                (true, true) => return Ok(true),
                (true, false) => self.touching_part_stays(from, to, &edge, at + 1, depth)?,
                (false, true) => self.touching_part_stays(to, from, &edge, at + 1, depth)?,
                (false, false) => match part.crossing(&edge)? {
                    Some(found) => {
                        crosses = true;
                        self.contains_part(from, found, at + 1, depth + 1)?
                            && self.contains_part(to, found, at + 1, depth + 1)?
                    }
                    None => true,
                },
            };
            if !stays {
                return Ok(false);
            }
        }
        // Where it crosses nothing, its middle tells.
        Ok(crosses || self.has(part.center()?)?)
    }

    /// The same of a segment whose beginning is on an edge and whose end is not.
    fn touching_part_stays(
        &self,
        on: Point,
        off: Point,
        edge: &Segment,
        start: usize,
        depth: usize,
    ) -> Result<bool> {
        let part = Segment(on, off);
        let goes_on_from = if on.is_at(edge.0) {
            part.holds(edge.1)?.then_some(edge.1)
        } else if on.is_at(edge.1) {
            part.holds(edge.0)?.then_some(edge.0)
        } else if part.holds(edge.0)? {
            Some(edge.0)
        } else if part.holds(edge.1)? {
            Some(edge.1)
        } else {
            None
        };
        match goes_on_from {
            Some(point) => self.contains_part(off, point, start, depth + 1),
            // It may not be so, which later edges find out.
            None => Ok(true),
        }
    }

    pub fn distance(
        &self,
        other: &Polygon,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<f64>> {
        if self.overlaps(other, is_cancelled)? {
            return Ok(Some(0.0));
        }
        chain_distance((&self.0, true), (&other.0, true), is_cancelled)
    }

    pub fn distance_to(&self, point: Point) -> Result<f64> {
        match self.has(point)? {
            true => Ok(0.0),
            false => Path { is_closed: true, points: self.0.clone() }.distance_to(point),
        }
    }

    /// The mean of the points, and their mean distance from it.
    pub fn circle(&self) -> Result<Circle> {
        let count = self.0.len() as f64;
        let zero = Point { x: 0.0, y: 0.0 };
        let sum = self.0.iter().try_fold(zero, |sum, point| sum.plus(*point))?;
        let center = Point { x: divide(sum.x, count)?, y: divide(sum.y, count)? };
        let apart = |sum: f64, point: &Point| add(sum, point.distance(center)?);
        let sum = self.0.iter().try_fold(0.0, apart)?;
        Ok(Circle { center, radius: divide(sum, count)? })
    }
}

impl Circle {
    pub fn area(&self) -> Result<f64> {
        multiply(multiply(self.radius, self.radius)?, std::f64::consts::PI)
    }

    pub fn is_same(&self, other: &Circle) -> bool {
        let same_radius =
            self.radius.is_nan() && other.radius.is_nan() || same(self.radius, other.radius);
        same_radius && self.center.is_at(other.center)
    }

    pub fn bounds(&self) -> Result<Rectangle> {
        let reach = divide(self.radius, std::f64::consts::SQRT_2)?;
        let reach = Point { x: reach, y: reach };
        Ok(Rectangle { high: self.center.plus(reach)?, low: self.center.minus(reach)? })
    }

    /// A polygon with so many corners.
    pub fn polygon(&self, corners: i32) -> Result<Polygon> {
        if is_zero(self.radius) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot convert circle with radius zero to polygon",
            ));
        }
        if corners < 2 {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                "must request at least 2 points",
            ));
        }
        if corners > CORNERS_MAX {
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "too many points requested"));
        }
        let step = divide(2.0 * std::f64::consts::PI, f64::from(corners))?;
        let corner = |at: i32| {
            let angle = multiply(step, f64::from(at))?;
            Ok(Point {
                x: subtract(self.center.x, multiply(self.radius, angle.cos())?)?,
                y: add(self.center.y, multiply(self.radius, angle.sin())?)?,
            })
        };
        (0..corners).map(corner).collect::<Result<_>>().map(Polygon)
    }
}

/// The corners of the largest polygon.
const CORNERS_MAX: i32 = 10_000_000;
