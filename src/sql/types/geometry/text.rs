//! The text forms: a reader over characters, as forgiving as PostgreSQL's.

use super::*;

/// What is left of a text.
struct Reader<'t> {
    rest: &'t str,
    /// The whole of it, for messages.
    whole: &'t str,
    type_name: &'static str,
}

impl<'t> Reader<'t> {
    fn new(whole: &'t str, type_name: &'static str) -> Reader<'t> {
        Reader { rest: whole, whole, type_name }
    }

    fn invalid(&self) -> Error {
        Error::invalid_input(self.type_name, self.whole)
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(is_blank);
    }

    fn next_is(&self, wanted: char) -> bool {
        self.rest.starts_with(wanted)
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, wanted: char) -> Result<()> {
        match self.take(wanted) {
            true => Ok(()),
            false => Err(self.invalid()),
        }
    }

    fn end(&self) -> Result<()> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(self.invalid()),
        }
    }

    /// Whether the parenthesis here is the last one that opens.
    fn is_last_open(&self) -> bool {
        self.rest.rfind('(') == Some(0)
    }

    /// A number with the blanks around it.
    fn number(&mut self) -> Result<f64> {
        self.blanks();
        let length = number_length(self.rest);
        if length == 0 {
            return Err(self.invalid());
        }
        let (number, rest) = self.rest.split_at(length);
        let value = float::parse_f64(number).map_err(|error| {
            match error.code() == sqlstate::NUMERIC_VALUE_OUT_OF_RANGE {
                true => error,
                false => self.invalid(),
            }
        })?;
        self.rest = rest;
        self.blanks();
        Ok(value)
    }

    fn pair(&mut self) -> Result<Point> {
        self.blanks();
        let is_enclosed = self.take('(');
        let x = self.number()?;
        self.expect(',')?;
        let y = self.number()?;
        if is_enclosed {
            self.expect(')')?;
            self.blanks();
        }
        Ok(Point { x, y })
    }

    /// So many points; whether they were in brackets, which `may_be_open` allows.
    fn points(&mut self, count: usize, may_be_open: bool) -> Result<(bool, Vec<Point>)> {
        let mut depth = 0;
        self.blanks();
        let is_open = self.next_is('[');
        if is_open {
            if !may_be_open {
                return Err(self.invalid());
            }
            depth += 1;
            self.take('[');
        } else if self.next_is('(') {
            let inner = self.rest[1..].trim_start_matches(is_blank);
            if inner.starts_with('(') || self.is_last_open() {
                depth += 1;
                self.rest = inner;
            }
        }
        let mut points = Vec::with_capacity(count);
        for _ in 0..count {
            points.push(self.pair()?);
            self.take(',');
        }
        while depth > 0 {
            let is_closed = self.take(')') || is_open && depth == 1 && self.take(']');
            if !is_closed {
                return Err(self.invalid());
            }
            depth -= 1;
            self.blanks();
        }
        Ok((is_open, points))
    }

    /// How many points a text of pairs has.
    fn count(&self) -> Result<usize> {
        let commas = self.whole.bytes().filter(|byte| *byte == b',').count();
        match commas % 2 {
            1 => Ok(commas.div_ceil(2)),
            _ => Err(self.invalid()),
        }
    }

    fn two(&mut self, may_be_open: bool) -> Result<(Point, Point)> {
        match self.points(2, may_be_open)?.1[..] {
            [one, other] => Ok((one, other)),
            _ => Err(self.invalid()),
        }
    }
}

/// C's `isspace`.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// The bytes of the number that a text begins with; 0 if it begins with none.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    for word in ["infinity", "inf", "nan"] {
        let found = text.get(sign..sign + word.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(word)) {
            return sign + word.len();
        }
    }
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut count = whole;
    if bytes.get(end) == Some(&b'.') {
        let part = digits(end + 1);
        count += part;
        end += 1 + part;
    }
    if count == 0 {
        return 0;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = bytes.get(end + 1 + sign..).map_or(0, |_| digits(end + 1 + sign));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

impl Shape for Point {
    fn parse(text: &str) -> Result<Point> {
        let mut reader = Reader::new(text, "point");
        let point = reader.pair()?;
        reader.end()?;
        Ok(point)
    }

    fn write(&self, digits: i32, out: &mut String) {
        write_point(*self, digits, out);
    }
}

impl Shape for Segment {
    fn parse(text: &str) -> Result<Segment> {
        let mut reader = Reader::new(text, "lseg");
        let (one, other) = reader.two(true)?;
        reader.end()?;
        Ok(Segment(one, other))
    }

    fn write(&self, digits: i32, out: &mut String) {
        out.push('[');
        write_points(&[self.0, self.1], digits, out);
        out.push(']');
    }
}

impl Shape for Rectangle {
    fn parse(text: &str) -> Result<Rectangle> {
        let mut reader = Reader::new(text, "box");
        let (one, other) = reader.two(false)?;
        reader.end()?;
        Ok(Rectangle::of_corners(one, other))
    }

    fn write(&self, digits: i32, out: &mut String) {
        write_points(&[self.high, self.low], digits, out);
    }
}

impl Shape for Line {
    fn parse(text: &str) -> Result<Line> {
        let wrong = |message| Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message);
        let mut reader = Reader::new(text, "line");
        reader.blanks();
        if reader.take('{') {
            let a = reader.number()?;
            reader.expect(',')?;
            let b = reader.number()?;
            reader.expect(',')?;
            let c = reader.number()?;
            reader.expect('}')?;
            reader.blanks();
            reader.end()?;
            let message = "invalid line specification: A and B cannot both be zero";
            return Line { a, b, c }.checked().ok_or_else(|| wrong(message));
        }
        let (one, other) = reader.two(true)?;
        reader.end()?;
        let message = "invalid line specification: must be two distinct points";
        if one.is_at(other) {
            return Err(wrong(message));
        }
        Line::through(one, one.slope_to(other)?)
    }

    fn write(&self, digits: i32, out: &mut String) {
        for (before, number) in [('{', self.a), (',', self.b), (',', self.c)] {
            out.push(before);
            write_number(number, digits, out);
        }
        out.push('}');
    }
}

impl Shape for Path {
    fn parse(text: &str) -> Result<Path> {
        let mut reader = Reader::new(text, "path");
        let count = reader.count()?;
        reader.blanks();
        // A parenthesis around all of it, where there are no others.
        let is_enclosed = reader.is_last_open() && reader.take('(');
        let (is_open, points) = reader.points(count, true)?;
        if is_enclosed {
            reader.expect(')')?;
            reader.blanks();
        }
        reader.end()?;
        Ok(Path { is_closed: !is_open, points })
    }

    fn write(&self, digits: i32, out: &mut String) {
        let (before, after) = if self.is_closed { ('(', ')') } else { ('[', ']') };
        out.push(before);
        write_points(&self.points, digits, out);
        out.push(after);
    }
}

impl Shape for Polygon {
    fn parse(text: &str) -> Result<Polygon> {
        let mut reader = Reader::new(text, "polygon");
        let count = reader.count()?;
        let (_, points) = reader.points(count, false)?;
        reader.end()?;
        Ok(Polygon(points))
    }

    fn write(&self, digits: i32, out: &mut String) {
        out.push('(');
        write_points(&self.0, digits, out);
        out.push(')');
    }
}

impl Shape for Circle {
    fn parse(text: &str) -> Result<Circle> {
        let mut reader = Reader::new(text, "circle");
        let mut depth = 0;
        reader.blanks();
        if reader.take('<') {
            depth += 1;
        } else if reader.next_is('(') {
            let inner = reader.rest[1..].trim_start_matches(is_blank);
            if inner.starts_with('(') {
                depth += 1;
                reader.rest = inner;
            }
        }
        let center = reader.pair()?;
        reader.take(',');
        let radius = reader.number()?;
        // NaN is one.
        if radius < 0.0 {
            return Err(reader.invalid());
        }
        while depth > 0 {
            let is_closed = reader.take(')') || depth == 1 && reader.take('>');
            if !is_closed {
                return Err(reader.invalid());
            }
            depth -= 1;
            reader.blanks();
        }
        reader.end()?;
        Ok(Circle { center, radius })
    }

    fn write(&self, digits: i32, out: &mut String) {
        out.push('<');
        write_point(self.center, digits, out);
        out.push(',');
        write_number(self.radius, digits, out);
        out.push('>');
    }
}
