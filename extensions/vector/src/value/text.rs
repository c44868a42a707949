//! Text forms: `[1,2,3]` and `{1:1.5,3:3.5}/5`, indices from 1.

use super::*;

/// Reads a value; the dimensions are not compared with a type modifier.
pub fn parse(kind: Kind, text: &str) -> Result<Value> {
    match kind {
        Kind::Vector | Kind::Half => parse_dense(kind, text),
        Kind::Sparse => parse_sparse(text),
    }
}

impl Value {
    pub fn parse(kind: Kind, text: &str) -> Result<Value> {
        parse(kind, text)
    }

    /// Appends the text form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut dense = |elements: &mut dyn Iterator<Item = f32>| {
            out.push(b'[');
            for (at, element) in elements.enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(shortest(element).as_bytes());
            }
            out.push(b']');
        };
        match self {
            Value::Vector(elements) => dense(&mut elements.iter().copied()),
            Value::Half(elements) => dense(&mut elements.iter().map(|bits| widen(*bits))),
            Value::Sparse(sparse) => {
                out.push(b'{');
                for (at, (index, value)) in
                    sparse.pairs.indices.iter().zip(&sparse.pairs.values).enumerate()
                {
                    let comma = if at > 0 { "," } else { "" };
                    let pair = format!("{comma}{}:{}", index + 1, shortest(*value));
                    out.extend_from_slice(pair.as_bytes());
                }
                out.extend_from_slice(format!("}}/{}", sparse.dims).as_bytes());
            }
        }
    }
}

/// The shortest digits that read back as the same float, as PostgreSQL prints them:
/// `1e+06` and `1e-05` where the exponent is not within -4 to 5.
pub fn shortest(value: f32) -> String {
    let plain = format!("{value:e}");
    let Some((digits, exponent)) = plain.split_once('e') else { return plain };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// What is read, from left to right.
struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
    kind: Kind,
}

impl<'t> Reader<'t> {
    fn new(kind: Kind, text: &'t str) -> Reader<'t> {
        Reader { text, rest: text, kind }
    }

    fn invalid<T>(&self, detail: Option<&'static str>) -> Result<T> {
        let message =
            format!("invalid input syntax for type {}: \"{}\"", self.kind.name(), self.text);
        Err(ValueError { class: Class::Syntax, message, detail })
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    }

    /// Whether the next character, after blanks, is this one; it is taken.
    fn takes(&mut self, wanted: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn float(&mut self) -> Result<(f32, &'t str, bool)> {
        self.skip_space();
        let Some((value, length, is_out_of_range)) = float_prefix(self.rest) else {
            return self.invalid(None);
        };
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok((value, taken, is_out_of_range))
    }

    fn out_of_range<T>(&self, taken: &str) -> Result<T> {
        // The number's leading blanks are not part of it.
        let message = format!("\"{taken}\" is out of range for type {}", self.kind.name());
        error(Class::OutOfRange, message)
    }

    /// `strtol`: what fits into an int, else the nearest that does.
    fn integer(&mut self) -> Result<i64> {
        self.skip_space();
        let digits = self.rest.strip_prefix(['+', '-']).unwrap_or(self.rest);
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return self.invalid(None);
        }
        let (taken, rest) = self.rest.split_at(self.rest.len() - digits.len() + count);
        self.rest = rest;
        let bound = if taken.starts_with('-') { i64::MIN } else { i64::MAX };
        Ok(taken.parse().unwrap_or(bound))
    }

    fn end(&mut self, junk: &'static str) -> Result<()> {
        self.skip_space();
        if self.rest.is_empty() { Ok(()) } else { self.invalid(Some(junk)) }
    }
}

fn parse_dense(kind: Kind, text: &str) -> Result<Value> {
    let mut reader = Reader::new(kind, text);
    if !reader.takes('[') {
        return reader.invalid(Some("Vector contents must start with \"[\"."));
    }
    reader.skip_space();
    if reader.rest.starts_with(']') {
        check_dims(kind, 0)?;
    }
    let mut elements = Vec::new();
    loop {
        if elements.len() == DIMS_MAX {
            check_dims(kind, DIMS_MAX as i32 + 1)?;
        }
        let (value, taken, is_out_of_range) = reader.float()?;
        let too_large = match kind {
            Kind::Half => !value.is_infinite() && widen(narrow(value)).is_infinite(),
            _ => false,
        };
        if (is_out_of_range && value.is_infinite()) || too_large {
            return reader.out_of_range(taken);
        }
        check_element(kind, value)?;
        elements.push(value);
        if reader.takes(',') {
            continue;
        }
        if !reader.takes(']') {
            return reader.invalid(None);
        }
        break;
    }
    reader.end("Junk after closing right brace.")?;
    match kind {
        Kind::Half => Value::half(elements.into_iter().map(narrow).collect()),
        _ => Value::vector(elements),
    }
}

fn parse_sparse(text: &str) -> Result<Value> {
    if text.matches(',').count() + 1 > NONZERO_MAX {
        check_nonzero(NONZERO_MAX as i32 + 1, i32::MAX)?;
    }
    let mut reader = Reader::new(Kind::Sparse, text);
    if !reader.takes('{') {
        return reader.invalid(Some("Vector contents must start with \"{\"."));
    }
    let mut pairs: Vec<(i32, f32)> = Vec::new();
    if !reader.takes('}') {
        loop {
            let index = reader.integer()?.clamp(i64::from(i32::MIN) + 1, i64::from(i32::MAX));
            if !reader.takes(':') {
                return reader.invalid(None);
            }
            let (value, taken, is_out_of_range) = reader.float()?;
            if is_out_of_range && (value == 0.0 || value.is_infinite()) {
                return reader.out_of_range(taken);
            }
            check_element(Kind::Sparse, value)?;
            if value != 0.0 {
                pairs.push(((index - 1) as i32, value));
            }
            if reader.takes(',') {
                continue;
            }
            if !reader.takes('}') {
                return reader.invalid(None);
            }
            break;
        }
    }
    if !reader.takes('/') {
        return reader.invalid(Some("Unexpected end of input."));
    }
    let dims = reader.integer()?.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
    reader.end("Junk after closing.")?;
    check_dims(Kind::Sparse, dims)?;
    pairs.sort_by_key(|(index, _)| *index);
    let (indices, values): (Vec<i32>, Vec<f32>) = pairs.into_iter().unzip();
    // As many pairs as there are characters for; more than dimensions are duplicates or
    // out of bounds, which is said by index.
    let dims_of_pairs = dims.max(indices.len() as i32);
    if dims_of_pairs > dims {
        return first_bad_index(dims, &indices);
    }
    Value::sparse(dims, indices, values)
}

fn first_bad_index(dims: i32, indices: &[i32]) -> Result<Value> {
    for (at, index) in indices.iter().enumerate() {
        if *index < 0 || *index >= dims {
            return error(Class::Data, "sparsevec index out of bounds");
        }
        if at > 0 && indices[at - 1] == *index {
            return error(Class::Data, "sparsevec indices must not contain duplicates");
        }
    }
    error(Class::Limit, "sparsevec cannot have more elements than dimensions")
}

/// `strtof`: the float that a text begins with, its bytes, and whether it is out of range.
fn float_prefix(text: &str) -> Option<(f32, usize, bool)> {
    let bytes = text.as_bytes();
    let signed = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let is_negative = bytes.first() == Some(&b'-');
    let with_sign = |value: f32| if is_negative { -value } else { value };
    let lower = text.get(signed..)?;
    let starts = |word: &str| lower.get(..word.len()).is_some_and(|l| l.eq_ignore_ascii_case(word));
    for (word, value) in [("infinity", f32::INFINITY), ("inf", f32::INFINITY), ("nan", f32::NAN)] {
        if starts(word) {
            return Some((with_sign(value), signed + word.len(), false));
        }
    }
    if starts("0x")
        && let Some((value, length)) = hexadecimal(&lower[2..])
    {
        let is_out = value.is_infinite();
        return Some((with_sign(value), signed + 2 + length, is_out));
    }
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(signed);
    let mut at = signed + whole;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        fraction = digits(at + 1);
        at += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = if at + 1 + sign <= bytes.len() { digits(at + 1 + sign) } else { 0 };
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    let value: f32 = text[..at].parse().ok()?;
    let mantissa = text[..at].split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    let is_out = value.is_infinite() || (value == 0.0 && !is_zero);
    Some((value, at, is_out))
}

/// Hexadecimal digits with a binary exponent.
fn hexadecimal(text: &str) -> Option<(f32, usize)> {
    let bytes = text.as_bytes();
    let (mut value, mut scale, mut at, mut seen, mut point) = (0.0f64, 0i32, 0, false, false);
    while let Some(byte) = bytes.get(at) {
        match (*byte as char).to_digit(16) {
            Some(digit) => {
                value = value * 16.0 + f64::from(digit);
                scale -= if point { 4 } else { 0 };
                seen = true;
            }
            None if *byte == b'.' && !point => point = true,
            None => break,
        }
        at += 1;
    }
    if !seen {
        return None;
    }
    if matches!(bytes.get(at), Some(b'p' | b'P')) {
        let from = at + 1;
        let sign = usize::from(matches!(bytes.get(from), Some(b'+' | b'-')));
        let count = bytes.get(from + sign..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        if count > 0 {
            let exponent: i32 = text[from..from + sign + count].parse().unwrap_or(i32::MAX / 2);
            scale = scale.saturating_add(exponent);
            at = from + sign + count;
        }
    }
    Some(((value * 2f64.powi(scale)) as f32, at))
}
