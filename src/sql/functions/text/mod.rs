//! Character strings: comparison, slicing, padding, searching, case.
//!
//! Positions and lengths count characters; order is that of bytes (the C
//! collation). `bpchar` keeps its padding, which comparison and length ignore.

mod array;
mod format;
mod pad;
mod quote;
mod unicode;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::text::parse_char;
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;

use super::call::arg;
use super::{CallContext, Kernel, SetKernel};

pub use quote::{quote_identifier, quote_literal};

pub const KERNELS: &[&[Kernel]] = &[
    TEXT_COMPARISON,
    NAME_COMPARISON,
    NAME_TEXT_COMPARISON,
    TEXT_NAME_COMPARISON,
    BPCHAR_COMPARISON,
    PATTERN_COMPARISON,
    BPCHAR_PATTERN_COMPARISON,
    CHAR_COMPARISON,
    CONVERSIONS,
    LENGTHS,
    SLICES,
    CASE,
    pad::KERNELS,
    quote::KERNELS,
    unicode::KERNELS,
    format::KERNELS,
    array::KERNELS,
];

pub const SET_KERNELS: &[SetKernel] = array::SET_KERNELS;

/// The largest value that one function makes: PostgreSQL's limit for a datum.
pub const LENGTH_MAX_BYTES: usize = 0x3fff_ffff;

pub fn too_long() -> Error {
    Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "requested length too large")
}

/// `bpchar` without its padding.
fn unpadded(text: &str) -> &str {
    text.trim_end_matches(' ')
}

/// The six comparisons of two text types, each side seen through a function.
macro_rules! comparison {
    ($($group:ident: $eq:literal $ne:literal $lt:literal $le:literal $gt:literal $ge:literal
        $cmp:literal, $see:expr;)*) => {$(
        const $group: &[Kernel] = kernels! {
            columns2 $eq => |a: &str, b: &str| Ok($see(a) == $see(b));
            columns2 $ne => |a: &str, b: &str| Ok($see(a) != $see(b));
            columns2 $lt => |a: &str, b: &str| Ok($see(a) < $see(b));
            columns2 $le => |a: &str, b: &str| Ok($see(a) <= $see(b));
            columns2 $gt => |a: &str, b: &str| Ok($see(a) > $see(b));
            columns2 $ge => |a: &str, b: &str| Ok($see(a) >= $see(b));
            columns2 $cmp => |a: &str, b: &str| Ok($see(a).cmp($see(b)) as i32);
        };
    )*};
}

comparison! {
    TEXT_COMPARISON: "texteq" "textne" "text_lt" "text_le" "text_gt" "text_ge" "bttextcmp", std::convert::identity::<&str>;
    NAME_COMPARISON: "nameeq" "namene" "namelt" "namele" "namegt" "namege" "btnamecmp", std::convert::identity::<&str>;
    NAME_TEXT_COMPARISON: "nameeqtext" "namenetext" "namelttext" "nameletext" "namegttext" "namegetext"
        "btnametextcmp", std::convert::identity::<&str>;
    TEXT_NAME_COMPARISON: "texteqname" "textnename" "textltname" "textlename" "textgtname" "textgename"
        "bttextnamecmp", std::convert::identity::<&str>;
    BPCHAR_COMPARISON: "bpchareq" "bpcharne" "bpcharlt" "bpcharle" "bpchargt" "bpcharge" "bpcharcmp", unpadded;
}

const PATTERN_COMPARISON: &[Kernel] = kernels! {
    columns2 "text_pattern_lt" => |a: &str, b: &str| Ok(a < b);
    columns2 "text_pattern_le" => |a: &str, b: &str| Ok(a <= b);
    columns2 "text_pattern_gt" => |a: &str, b: &str| Ok(a > b);
    columns2 "text_pattern_ge" => |a: &str, b: &str| Ok(a >= b);
    columns2 "bttext_pattern_cmp" => |a: &str, b: &str| Ok(a.cmp(b) as i32);
    columns2 "text_larger" => |a: &str, b: &str| Ok(a.max(b).to_owned());
    columns2 "text_smaller" => |a: &str, b: &str| Ok(a.min(b).to_owned());
};

const BPCHAR_PATTERN_COMPARISON: &[Kernel] = kernels! {
    columns2 "bpchar_pattern_lt" => |a: &str, b: &str| Ok(unpadded(a) < unpadded(b));
    columns2 "bpchar_pattern_le" => |a: &str, b: &str| Ok(unpadded(a) <= unpadded(b));
    columns2 "bpchar_pattern_gt" => |a: &str, b: &str| Ok(unpadded(a) > unpadded(b));
    columns2 "bpchar_pattern_ge" => |a: &str, b: &str| Ok(unpadded(a) >= unpadded(b));
    columns2 "btbpchar_pattern_cmp" => |a: &str, b: &str| Ok(unpadded(a).cmp(unpadded(b)) as i32);
    columns2 "bpchar_larger" => |a: &str, b: &str|
        Ok(if unpadded(a) >= unpadded(b) { a } else { b }.to_owned());
    columns2 "bpchar_smaller" => |a: &str, b: &str|
        Ok(if unpadded(a) <= unpadded(b) { a } else { b }.to_owned());
};

const CHAR_COMPARISON: &[Kernel] = kernels! {
    columns2 "chareq" => |a: u8, b: u8| Ok(a == b);
    columns2 "charne" => |a: u8, b: u8| Ok(a != b);
    columns2 "charlt" => |a: u8, b: u8| Ok(a < b);
    columns2 "charle" => |a: u8, b: u8| Ok(a <= b);
    columns2 "chargt" => |a: u8, b: u8| Ok(a > b);
    columns2 "charge" => |a: u8, b: u8| Ok(a >= b);
    columns2 "btcharcmp" => |a: u8, b: u8| Ok(i32::from(a) - i32::from(b));
};

/// The longest prefix that is a `name`.
fn name_prefix(text: &str) -> &str {
    const NAME_LENGTH_MAX: usize = 63;
    match text.len() {
        0..=NAME_LENGTH_MAX => text,
        _ => &text[..text.floor_char_boundary(NAME_LENGTH_MAX)],
    }
}

const CONVERSIONS: &[Kernel] = kernels! {
    columns1 "text_name" => |a: &str| Ok(name_prefix(a).to_owned());
    columns1 "bpchar_name" => |a: &str| Ok(name_prefix(unpadded(a)).to_owned());
    columns1 "name_text" => |a: &str| Ok(a.to_owned());
    columns1 "name_bpchar" => |a: &str| Ok(a.to_owned());
    columns1 "text_char" => |a: &str| Ok(parse_char(a));
    columns1 "char_text" => |a: u8| Ok(char_text(a));
    columns1 "char_bpchar" => |a: u8| Ok(char_text(a));
    call "bpchar" => super::typmod::apply;
    call "varchar" => super::typmod::apply;
    columns2 "nameconcatoid" => |a: &str, b: Oid| {
        let suffix = format!("_{b}");
        let kept = a.floor_char_boundary(63_usize.saturating_sub(suffix.len()));
        Ok(format!("{}{suffix}", &a[..kept]))
    };
};

/// A byte as text: itself, nothing for zero, an octal escape beyond ASCII.
fn char_text(byte: u8) -> String {
    match byte {
        0 => String::new(),
        1..=127 => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

const LENGTHS: &[Kernel] = kernels! {
    columns1 "textlen" => |a: &str| Ok(a.chars().count() as i32);
    columns1 "bpcharlen" => |a: &str| Ok(unpadded(a).chars().count() as i32);
    columns1 "textoctetlen" => |a: &str| Ok(a.len() as i32);
    columns1 "bpcharoctetlen" => |a: &str| Ok(a.len() as i32);
    columns1 "bit_length_text" => |a: &str| Ok(a.len() as i32 * 8);
    columns1 "ascii" => |a: &str| Ok(a.chars().next().map_or(0, |c| c as i32));
};

const SLICES: &[Kernel] = kernels! {
    columns2 "textcat" => |a: &str, b: &str| Ok([a, b].concat());
    columns2 "text_substr_no_len" => |a: &str, start: i32| slice(a, start, None).map(str::to_owned);
    columns3 "text_substr" =>
        |a: &str, start: i32, length: i32| slice(a, start, Some(length)).map(str::to_owned);
    columns2 "text_left" => |a: &str, n: i32| Ok(left(a, n).to_owned());
    columns2 "text_right" => |a: &str, n: i32| Ok(right(a, n).to_owned());
    columns2 "textpos" => |a: &str, b: &str| Ok(position(a, b));
    columns2 "text_starts_with" => |a: &str, b: &str| Ok(a.starts_with(b));
    columns3 "textoverlay_no_len" => |a: &str, new: &str, start: i32|
        overlay(a, new, start, new.chars().count() as i32);
    rows4 "textoverlay" => overlay;
    columns3 "split_part" => split_part;
    columns3 "replace_text" => replace;
    columns3 "translate" => translate;
    columns1 "text_reverse" => |a: &str| Ok(a.chars().rev().collect::<String>());
};

/// The byte offset of the `n`th character (from 0), or the end.
fn offset(text: &str, n: usize) -> usize {
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

/// SQL's substring: positions from 1, a start before the text eats length.
pub fn slice(text: &str, start: i32, length: Option<i32>) -> Result<&str> {
    let start = i64::from(start);
    let end = match length {
        Some(length) if length < 0 => {
            return Err(Error::new(
                sqlstate::SUBSTRING_ERROR,
                "negative substring length not allowed",
            ));
        }
        Some(length) => start + i64::from(length),
        None => i64::MAX,
    };
    let first = start.max(1) - 1;
    let count = (end - 1 - first).max(0) as usize;
    let rest = &text[offset(text, first as usize)..];
    Ok(if count >= rest.len() { rest } else { &rest[..offset(rest, count)] })
}

fn left(text: &str, n: i32) -> &str {
    let count = if n >= 0 { n as usize } else { counted_from_end(text, n) };
    &text[..offset(text, count)]
}

fn right(text: &str, n: i32) -> &str {
    let skipped = if n < 0 { n.unsigned_abs() as usize } else { counted_from_end(text, -n) };
    &text[offset(text, skipped)..]
}

/// The characters of a text but the last `-n`.
fn counted_from_end(text: &str, n: i32) -> usize {
    text.chars().count().saturating_sub(n.unsigned_abs() as usize)
}

/// The position (from 1) of the first occurrence, 0 when there is none.
fn position(text: &str, part: &str) -> i32 {
    text.find(part).map_or(0, |at| text[..at].chars().count() as i32 + 1)
}

fn overlay(text: &str, new: &str, start: i32, length: i32) -> Result<String> {
    if start <= 0 {
        return Err(Error::new(sqlstate::SUBSTRING_ERROR, "negative substring length not allowed"));
    }
    let resume = start.checked_add(length).ok_or_else(|| Error::out_of_range("integer"))?;
    Ok([slice(text, 1, Some(start - 1))?, new, slice(text, resume, None)?].concat())
}

fn split_part(text: &str, separator: &str, n: i32) -> Result<String> {
    if n == 0 {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            "field position must not be zero",
        ));
    }
    if separator.is_empty() {
        return Ok(if n == 1 || n == -1 { text.to_owned() } else { String::new() });
    }
    let field = match n {
        1.. => text.split(separator).nth(n as usize - 1),
        _ => text.rsplit(separator).nth(n.unsigned_abs() as usize - 1),
    };
    Ok(field.unwrap_or_default().to_owned())
}

fn replace(text: &str, from: &str, to: &str) -> Result<String> {
    if from.is_empty() {
        return Ok(text.to_owned());
    }
    let growth = to.len().saturating_sub(from.len()) * text.matches(from).count();
    if text.len() + growth > LENGTH_MAX_BYTES {
        return Err(too_long());
    }
    Ok(text.replace(from, to))
}

fn translate(text: &str, from: &str, to: &str) -> Result<String> {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let map = |c: char| match from.iter().position(|f| *f == c) {
        Some(at) => to.get(at).copied(),
        None => Some(c),
    };
    Ok(text.chars().filter_map(map).collect())
}

const CASE: &[Kernel] = kernels! {
    columns1 "lower" => |a: &str| Ok(a.chars().map(lower).collect::<String>());
    columns1 "upper" => |a: &str| Ok(a.chars().map(upper).collect::<String>());
    columns1 "initcap" => |a: &str| Ok(capitalize(a));
    call "unistr" => unistr;
};

/// One character for one, as the C library maps case: `ß` stays.
pub fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

pub fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn capitalize(text: &str) -> String {
    let mut inside = false;
    text.chars()
        .map(|c| {
            let mapped = if inside { lower(c) } else { upper(c) };
            inside = c.is_alphanumeric();
            mapped
        })
        .collect()
}

/// `\XXXX`, `\+XXXXXX`, `\uXXXX`, `\UXXXXXXXX` and `\\`.
fn unistr(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let text: &str = arg(args, 0)?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut high: Option<u32> = None;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            out.push('\\');
            rest = after;
            continue;
        }
        let (skip, digits) = match rest.as_bytes().first() {
            Some(b'+') => (1, 6),
            Some(b'u') => (1, 4),
            Some(b'U') => (1, 8),
            _ => (0, 4),
        };
        let code = rest
            .get(skip..skip + digits)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(invalid_unicode_escape)?;
        rest = &rest[skip + digits..];
        push_unicode(&mut out, &mut high, code)?;
    }
    if high.is_some() {
        return Err(invalid_surrogate());
    }
    out.push_str(rest);
    Ok(Datum::Text(out))
}

/// Appends a code point, joining surrogate pairs.
fn push_unicode(out: &mut String, high: &mut Option<u32>, code: u32) -> Result<()> {
    match (high.take(), code) {
        (None, 0xd800..=0xdbff) => *high = Some(code),
        (Some(first), 0xdc00..=0xdfff) => {
            let joined = 0x10000 + ((first - 0xd800) << 10) + (code - 0xdc00);
            out.push(char::from_u32(joined).ok_or_else(invalid_surrogate)?);
        }
        (Some(_), _) | (None, 0xdc00..=0xdfff) => return Err(invalid_surrogate()),
        (None, code) => out.push(char::from_u32(code).ok_or_else(|| {
            let message = format!("invalid Unicode code point: {code:04X}");
            Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
        })?),
    }
    Ok(())
}

fn invalid_surrogate() -> Error {
    Error::new(sqlstate::SYNTAX_ERROR, "invalid Unicode surrogate pair")
}

fn invalid_unicode_escape() -> Error {
    Error::new(sqlstate::SYNTAX_ERROR, "invalid Unicode escape")
        .with_hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.")
}
