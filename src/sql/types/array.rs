//! Arrays: `{a,"b c",NULL}`, `[0:1]={1,2}`, `{{1,2},{3,4}}`; and the two
//! space-separated vectors, `int2vector` and `oidvector`.
//!
//! Elements are kept in row-major order. An empty array has no dimensions.

use super::numeric::is_space;
use super::{ArrayDim, ArrayValue, Datum, ElementType, InputContext, Oid, SqlType, oid};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The most dimensions an array may have.
pub const DIMENSIONS_MAX: usize = 6;
/// The most elements an array may have.
pub const ELEMENTS_MAX: usize = 134_217_727;

impl ArrayValue {
    /// A one-dimensional array with lower bound 1; no dimensions when empty.
    pub fn from_elements(element_type: Oid, elements: Vec<Datum>) -> ArrayValue {
        let dims = match elements.len() {
            0 => Vec::new(),
            length => vec![ArrayDim { length: length as i32, lower_bound: 1 }],
        };
        ArrayValue { element_type, dims, elements }
    }

    /// The element at one index per dimension; `None` outside the bounds.
    pub fn get(&self, indexes: &[i32]) -> Option<&Datum> {
        if indexes.len() != self.dims.len() {
            return None;
        }
        let mut position = 0usize;
        for (index, dim) in indexes.iter().zip(&self.dims) {
            let offset = i64::from(*index) - i64::from(dim.lower_bound);
            if offset < 0 || offset >= i64::from(dim.length) {
                return None;
            }
            position = position * dim.length as usize + offset as usize;
        }
        self.elements.get(position)
    }
}

/// Reads an array's text form; elements are read as `element` with `typmod`.
pub fn parse(
    text: &str,
    element: &ElementType,
    typmod: i32,
    context: &InputContext<'_>,
) -> Result<ArrayValue> {
    let malformed = |detail: &str| {
        Error::new(
            sqlstate::INVALID_TEXT_REPRESENTATION,
            format!("malformed array literal: \"{text}\""),
        )
        .with_detail(detail)
    };
    let (declared, body) = parse_dimensions(text, &malformed)?;
    let mut parser = Parser {
        rest: body,
        delimiter: element.delimiter,
        lengths: Vec::new(),
        texts: Vec::new(),
        malformed: &malformed,
    };
    parser.array(0)?;
    parser.end()?;
    let Parser { lengths, texts, .. } = parser;
    let dims = dimensions(declared, &lengths, &malformed)?;
    let ty = SqlType::with_typmod(element.oid, typmod);
    let elements = texts
        .into_iter()
        .map(|text| match text {
            Some(text) => super::text_input(&text, ty, &element.repr, context),
            None => context.null(element.oid),
        })
        .collect::<Result<Vec<_>>>()?;
    let dims = if elements.is_empty() { Vec::new() } else { dims };
    Ok(ArrayValue { element_type: element.oid, dims, elements })
}

/// Reads `[1:3][0:1]=` if it is there.
fn parse_dimensions<'a>(
    text: &'a str,
    malformed: &dyn Fn(&str) -> Error,
) -> Result<(Option<Vec<ArrayDim>>, &'a str)> {
    let mut rest = text.trim_start_matches(is_space);
    if !rest.starts_with('[') {
        if !rest.starts_with('{') {
            return Err(malformed("Array value must start with \"{\" or dimension information."));
        }
        return Ok((None, rest));
    }
    let mut dims = Vec::new();
    while let Some(inner) = rest.strip_prefix('[') {
        if dims.len() >= DIMENSIONS_MAX {
            return Err(too_many_dimensions(dims.len() + 1));
        }
        let (first, after) = take_integer(inner, malformed)?;
        let (dim, after) = match after.strip_prefix(':') {
            Some(after) => {
                let (upper, after) = take_integer(after, malformed)?;
                (bounds(first, upper)?, after)
            }
            None => (bounds(1, first)?, after),
        };
        dims.push(dim);
        rest = after
            .strip_prefix(']')
            .ok_or_else(|| malformed("Missing \"]\" after array dimensions."))?
            .trim_start_matches(is_space);
    }
    let rest = rest
        .strip_prefix('=')
        .ok_or_else(|| malformed("Missing \"=\" after array dimensions."))?
        .trim_start_matches(is_space);
    if !rest.starts_with('{') {
        return Err(malformed("Array contents must start with \"{\"."));
    }
    Ok((Some(dims), rest))
}

fn take_integer<'a>(text: &'a str, malformed: &dyn Fn(&str) -> Error) -> Result<(i32, &'a str)> {
    let end = text
        .bytes()
        .enumerate()
        .find(|(at, b)| !(b.is_ascii_digit() || (*at == 0 && matches!(b, b'-' | b'+'))))
        .map_or(text.len(), |(at, _)| at);
    let value = text[..end]
        .parse()
        .map_err(|_| malformed("\"[\" must introduce explicitly-specified array dimensions."))?;
    Ok((value, &text[end..]))
}

fn bounds(lower: i32, upper: i32) -> Result<ArrayDim> {
    if upper < lower {
        return Err(Error::new(
            sqlstate::ARRAY_SUBSCRIPT_ERROR,
            "upper bound cannot be less than lower bound",
        ));
    }
    let length = i64::from(upper) - i64::from(lower) + 1;
    match i32::try_from(length) {
        Ok(length) if length as usize <= ELEMENTS_MAX => {
            Ok(ArrayDim { length, lower_bound: lower })
        }
        _ => Err(too_large()),
    }
}

pub fn too_large() -> Error {
    Error::new(
        sqlstate::PROGRAM_LIMIT_EXCEEDED,
        format!("array size exceeds the maximum allowed ({ELEMENTS_MAX})"),
    )
}

pub fn too_many_dimensions(count: usize) -> Error {
    Error::new(
        sqlstate::PROGRAM_LIMIT_EXCEEDED,
        format!(
            "number of array dimensions ({count}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
        ),
    )
}

fn dimensions(
    declared: Option<Vec<ArrayDim>>,
    lengths: &[i32],
    malformed: &dyn Fn(&str) -> Error,
) -> Result<Vec<ArrayDim>> {
    let Some(declared) = declared else {
        return Ok(lengths.iter().map(|&length| ArrayDim { length, lower_bound: 1 }).collect());
    };
    let agree = declared.len() == lengths.len()
        && declared.iter().zip(lengths).all(|(dim, length)| dim.length == *length);
    if !agree {
        return Err(malformed("Specified array dimensions do not match array contents."));
    }
    Ok(declared)
}

/// Reads nested braces; `lengths[d]` is the length that the first array at
/// depth `d` had, which all others at that depth must share.
struct Parser<'a> {
    rest: &'a str,
    delimiter: char,
    lengths: Vec<i32>,
    texts: Vec<Option<String>>,
    malformed: &'a dyn Fn(&str) -> Error,
}

impl Parser<'_> {
    fn fault<T>(&self, detail: &str) -> Result<T> {
        Err((self.malformed)(detail))
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }

    /// One `{…}` at nesting `depth`. The recursion is at most six deep.
    fn array(&mut self, depth: usize) -> Result<()> {
        if depth >= DIMENSIONS_MAX {
            return Err(too_many_dimensions(depth + 1));
        }
        self.rest = &self.rest[1..];
        self.skip_spaces();
        let mut count = 0;
        let mut nested = None;
        if let Some(after) = self.rest.strip_prefix('}') {
            if depth > 0 {
                self.rest = after;
                return self.fault("Unexpected \"}\" character.");
            }
            self.rest = after;
            return Ok(());
        }
        // The place of this depth is taken before deeper arrays take theirs.
        let first_here = self.lengths.len() == depth;
        if first_here {
            self.lengths.push(-1);
        }
        loop {
            self.skip_spaces();
            let is_array = self.rest.starts_with('{');
            if *nested.get_or_insert(is_array) != is_array {
                return self.fault(if is_array {
                    "Unexpected \"{\" character."
                } else {
                    "Unexpected array element."
                });
            }
            if is_array {
                self.array(depth + 1)?;
            } else {
                self.element(depth)?;
            }
            count += 1;
            if self.texts.len() > ELEMENTS_MAX {
                return Err(too_large());
            }
            self.skip_spaces();
            let Some(next) = self.rest.chars().next() else {
                return self.fault("Unexpected end of input.");
            };
            self.rest = &self.rest[next.len_utf8()..];
            match next {
                '}' => break,
                c if c == self.delimiter => {}
                _ => return self.fault("Unexpected array element."),
            }
        }
        if self.lengths[depth] == -1 {
            self.lengths[depth] = count;
        } else if self.lengths[depth] != count {
            return self
                .fault("Multidimensional arrays must have sub-arrays with matching dimensions.");
        }
        Ok(())
    }

    fn element(&mut self, depth: usize) -> Result<()> {
        if self.lengths.len() != depth + 1 {
            return self
                .fault("Multidimensional arrays must have sub-arrays with matching dimensions.");
        }
        let text = match self.rest.strip_prefix('"') {
            Some(after) => {
                self.rest = after;
                Some(self.quoted()?)
            }
            None => self.bare()?,
        };
        self.texts.push(text);
        Ok(())
    }

    fn quoted(&mut self) -> Result<String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, escaped)) => text.push(escaped),
                    None => break,
                },
                _ => text.push(c),
            }
        }
        self.fault("Unexpected end of input.")
    }

    /// An element without quotes; `NULL` in any case is null.
    fn bare(&mut self) -> Result<Option<String>> {
        let mut text = String::new();
        let mut kept = 0;
        let mut escaped_any = false;
        let mut chars = self.rest.char_indices();
        let end = loop {
            let Some((at, c)) = chars.next() else {
                return self.fault("Unexpected end of input.");
            };
            match c {
                '}' => break at,
                c if c == self.delimiter => break at,
                '{' => return self.fault("Unexpected \"{\" character."),
                '"' => return self.fault("Unexpected array element."),
                '\\' => match chars.next() {
                    Some((_, escaped)) => {
                        escaped_any = true;
                        text.push(escaped);
                        kept = text.len();
                    }
                    None => return self.fault("Unexpected end of input."),
                },
                c => {
                    text.push(c);
                    if !is_space(c) {
                        kept = text.len();
                    }
                }
            }
        };
        text.truncate(kept);
        if text.is_empty() {
            let found = self.rest[end..].chars().next().expect("the loop stopped at one");
            return self.fault(&format!("Unexpected \"{found}\" character."));
        }
        self.rest = &self.rest[end..];
        let is_null = !escaped_any && text.eq_ignore_ascii_case("null");
        Ok((!is_null).then_some(text))
    }

    fn end(&mut self) -> Result<()> {
        self.skip_spaces();
        if self.rest.is_empty() {
            return Ok(());
        }
        self.fault("Junk after closing right brace.")
    }
}

/// The character between elements: `;` for `box`, `,` for everything else.
pub fn delimiter(element_type: Oid) -> u8 {
    if element_type == oid::BOX { b';' } else { b',' }
}

/// Appends an array's text form; `write_element` appends an element's text.
pub fn write(
    array: &ArrayValue,
    out: &mut Vec<u8>,
    write_element: &mut dyn FnMut(&Datum, &mut Vec<u8>),
) {
    if array.elements.is_empty() {
        return out.extend_from_slice(b"{}");
    }
    if array.dims.iter().any(|dim| dim.lower_bound != 1) {
        for dim in &array.dims {
            let upper = i64::from(dim.lower_bound) + i64::from(dim.length) - 1;
            out.extend_from_slice(format!("[{}:{upper}]", dim.lower_bound).as_bytes());
        }
        out.push(b'=');
    }
    let delimiter = delimiter(array.element_type);
    // How many elements each dimension's braces hold, innermost last.
    let spans: Vec<usize> = (0..array.dims.len())
        .map(|d| array.dims[d..].iter().map(|dim| dim.length as usize).product())
        .collect();
    for (index, element) in array.elements.iter().enumerate() {
        if index > 0 {
            out.push(delimiter);
        }
        spans.iter().filter(|span| index % **span == 0).for_each(|_| out.push(b'{'));
        match element {
            Datum::Null => out.extend_from_slice(b"NULL"),
            element => write_quoted(element, delimiter, out, write_element),
        }
        spans.iter().filter(|span| (index + 1) % **span == 0).for_each(|_| out.push(b'}'));
    }
}

fn write_quoted(
    element: &Datum,
    delimiter: u8,
    out: &mut Vec<u8>,
    write_element: &mut dyn FnMut(&Datum, &mut Vec<u8>),
) {
    let start = out.len();
    write_element(element, out);
    let text = &out[start..];
    let special =
        |b: &u8| matches!(b, b'"' | b'\\' | b'{' | b'}' | b' ' | b'\t'..=b'\r') || *b == delimiter;
    if !text.is_empty() && !text.eq_ignore_ascii_case(b"null") && !text.iter().any(special) {
        return;
    }
    let text = out.split_off(start);
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Whether arrays of this type print as space-separated vectors from index 0.
pub fn is_vector(type_oid: Oid) -> bool {
    matches!(type_oid, oid::INT2VECTOR | oid::OIDVECTOR)
}

/// Reads an `int2vector` or `oidvector`.
pub fn parse_vector(text: &str, type_oid: Oid) -> Result<ArrayValue> {
    let read = |word: &str| {
        if type_oid == oid::INT2VECTOR {
            super::integer::parse_i16(word).map(Datum::Int2)
        } else {
            super::integer::parse_oid(word).map(Datum::Oid)
        }
    };
    let elements = text.split(is_space).filter(|w| !w.is_empty()).map(read);
    let elements = elements.collect::<Result<Vec<_>>>()?;
    Ok(vector(type_oid, elements))
}

/// A vector value: one dimension from 0, present even when empty.
pub fn vector(type_oid: Oid, elements: Vec<Datum>) -> ArrayValue {
    let element_type = if type_oid == oid::INT2VECTOR { oid::INT2 } else { oid::OID };
    let dims = vec![ArrayDim { length: elements.len() as i32, lower_bound: 0 }];
    ArrayValue { element_type, dims, elements }
}

pub fn write_vector(
    array: &ArrayValue,
    out: &mut Vec<u8>,
    write_element: &mut dyn FnMut(&Datum, &mut Vec<u8>),
) {
    for (index, element) in array.elements.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write_element(element, out);
    }
}
