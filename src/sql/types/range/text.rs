//! The text forms: `[1,5)`, `empty`, `{[1,3),[5,)}`.

use super::{Bound, MultirangeValue, RangeType, RangeValue, Span};
use crate::error::{Error, Result};
use crate::sql::types::numeric::is_space;
use crate::sql::types::{Datum, InputContext, text_input};
use crate::sqlstate;

const EMPTY: &str = "empty";

/// Reads a range; bounds are read as values of the subtype.
pub fn parse(text: &str, ty: &RangeType, context: &InputContext<'_>) -> Result<RangeValue> {
    let Some((lower, upper)) = split(text)? else { return Ok(RangeValue::empty(ty.subtype)) };
    let read = |bound: RawBound| -> Result<Bound> {
        match bound.text {
            None => Ok(Bound::INFINITE),
            Some(text) => {
                let value = text_input(&text, ty.bound_type(), &ty.repr, context)?;
                Ok(Bound { value: Some(value), inclusive: bound.inclusive })
            }
        }
    };
    let span = ty.span(read(lower)?, read(upper)?)?;
    Ok(RangeValue::of(ty.subtype, span))
}

struct RawBound {
    text: Option<String>,
    inclusive: bool,
}

fn malformed(kind: &str, text: &str, detail: &str) -> Error {
    Error::new(
        sqlstate::INVALID_TEXT_REPRESENTATION,
        format!("malformed {kind} literal: \"{text}\""),
    )
    .with_detail(detail)
}

/// The two bounds; `None` is the empty range.
fn split(text: &str) -> Result<Option<(RawBound, RawBound)>> {
    let fault = |detail: &str| malformed("range", text, detail);
    let body = text.trim_start_matches(is_space);
    if let Some(word) = body.get(..EMPTY.len())
        && word.eq_ignore_ascii_case(EMPTY)
    {
        return match body[EMPTY.len()..].chars().all(is_space) {
            true => Ok(None),
            false => Err(fault("Junk after \"empty\" key word.")),
        };
    }
    let lower_inclusive = match body.chars().next() {
        Some('[') => true,
        Some('(') => false,
        _ => return Err(fault("Missing left parenthesis or bracket.")),
    };
    let (lower, rest) = bound(&body[1..], &fault)?;
    let rest = rest.strip_prefix(',').ok_or_else(|| fault("Missing comma after lower bound."))?;
    let (upper, rest) = bound(rest, &fault)?;
    let upper_inclusive = match rest.chars().next() {
        Some(']') => true,
        Some(')') => false,
        _ => return Err(fault("Too many commas.")),
    };
    if !rest[1..].chars().all(is_space) {
        return Err(fault("Junk after right parenthesis or bracket."));
    }
    let lower = RawBound { text: lower, inclusive: lower_inclusive };
    Ok(Some((lower, RawBound { text: upper, inclusive: upper_inclusive })))
}

/// One bound's text up to what ends it; nothing at all is infinite.
fn bound<'t>(text: &'t str, fault: &dyn Fn(&str) -> Error) -> Result<(Option<String>, &'t str)> {
    if text.starts_with([',', ')', ']']) {
        return Ok((None, text));
    }
    let mut value = String::new();
    let mut quoted = false;
    let mut chars = text.char_indices().peekable();
    loop {
        let Some((at, c)) = chars.next() else { return Err(fault("Unexpected end of input.")) };
        match c {
            ',' | ')' | ']' if !quoted => return Ok((Some(value), &text[at..])),
            '\\' => match chars.next() {
                Some((_, escaped)) => value.push(escaped),
                None => return Err(fault("Unexpected end of input.")),
            },
            '"' if !quoted => quoted = true,
            '"' if chars.next_if(|(_, c)| *c == '"').is_some() => value.push('"'),
            '"' => quoted = false,
            c => value.push(c),
        }
    }
}

/// Reads a multirange.
pub fn parse_multirange(
    text: &str,
    ty: &RangeType,
    context: &InputContext<'_>,
) -> Result<MultirangeValue> {
    let mut spans = Vec::new();
    for piece in pieces(text)? {
        spans.extend(parse(piece, ty, context)?.span);
    }
    Ok(MultirangeValue { subtype: ty.subtype, spans: ty.normalised(spans)? })
}

/// The texts of the ranges between the braces.
fn pieces(text: &str) -> Result<Vec<&str>> {
    let fault = |detail: &str| malformed("multirange", text, detail);
    let skip = |rest: &'_ str| rest.len() - rest.trim_start_matches(is_space).len();
    let mut at = skip(text);
    if !text[at..].starts_with('{') {
        return Err(fault("Missing left brace."));
    }
    at += 1;
    let mut found = Vec::new();
    loop {
        at += skip(&text[at..]);
        let rest = &text[at..];
        if rest.is_empty() {
            return Err(fault("Unexpected end of input."));
        }
        if rest.starts_with('}') && found.is_empty() {
            break;
        }
        let length = if rest.starts_with(['[', '(']) {
            range_length(rest).ok_or_else(|| fault("Unexpected end of input."))?
        } else if rest.get(..EMPTY.len()).is_some_and(|word| word.eq_ignore_ascii_case(EMPTY)) {
            EMPTY.len()
        } else {
            return Err(fault("Expected range start."));
        };
        found.push(&rest[..length]);
        at += length;
        at += skip(&text[at..]);
        match text[at..].chars().next() {
            Some(',') => at += 1,
            Some('}') => break,
            Some(_) => return Err(fault("Expected comma or end of multirange.")),
            None => return Err(fault("Unexpected end of input.")),
        }
    }
    match text[at + 1..].chars().all(is_space) {
        true => Ok(found),
        false => Err(fault("Junk after closing right brace.")),
    }
}

/// Bytes up to the parenthesis or bracket that closes a range, included.
fn range_length(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next()?;
            }
            '"' => quoted = !quoted,
            ')' | ']' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Appends a range's text; `write_bound` appends a bound's text.
pub fn write(
    span: Option<&Span>,
    out: &mut Vec<u8>,
    write_bound: &mut dyn FnMut(&Datum, &mut Vec<u8>),
) {
    let Some(span) = span else { return out.extend_from_slice(EMPTY.as_bytes()) };
    let mut side = |bound: &Bound, out: &mut Vec<u8>| {
        if let Some(value) = &bound.value {
            let start = out.len();
            write_bound(value, out);
            quote(start, out);
        }
    };
    out.push(if span.lower.inclusive { b'[' } else { b'(' });
    side(&span.lower, out);
    out.push(b',');
    side(&span.upper, out);
    out.push(if span.upper.inclusive { b']' } else { b')' });
}

/// Quotes what was written from `start` on, where it needs quotes.
fn quote(start: usize, out: &mut Vec<u8>) {
    let special = |b: &u8| {
        matches!(b, b'"' | b'\\' | b'(' | b')' | b'[' | b']' | b',' | b' ' | b'\t'..=b'\r')
    };
    let text = &out[start..];
    if !text.is_empty() && !text.iter().any(special) {
        return;
    }
    let text = out.split_off(start);
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(byte);
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Appends a multirange's text.
pub fn write_multirange(
    spans: &[Span],
    out: &mut Vec<u8>,
    write_bound: &mut dyn FnMut(&Datum, &mut Vec<u8>),
) {
    out.push(b'{');
    for (index, span) in spans.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(Some(span), out, write_bound);
    }
    out.push(b'}');
}
