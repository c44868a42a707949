//! `concat`, `concat_ws` and `format`: text from values of any type.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::CallContext;
use crate::sql::functions::call::{arg, arg_or_null};
use crate::sql::functions::value::{repr, text_of};
use crate::sql::types::{Datum, Repr};
use crate::sqlstate;

use super::{Kernel, LENGTH_MAX_BYTES, quote_identifier, quote_literal, too_long};

pub const KERNELS: &[Kernel] = kernels! {
    call "text_concat" => |call, args| Ok(Datum::Text(join(call, args, 0, "")?));
    call "text_concat_ws" => concat_ws;
    call "textanycat_text_anynonarray" => cast_and_append;
    call "anytextcat_anynonarray_text" => cast_and_append;
    call "text_format" => format;
    call "text_format_nv" => format;
};

/// The texts of all arguments from `first` on that are not NULL.
fn join(call: &CallContext<'_>, args: &[Datum], first: usize, separator: &str) -> Result<String> {
    let mut out = String::new();
    let mut started = false;
    for n in first..args.len() {
        if args[n].is_null() {
            continue;
        }
        if started {
            out.push_str(separator);
        }
        started = true;
        out.push_str(&text_of(call, args, n)?);
    }
    if out.len() > LENGTH_MAX_BYTES { Err(too_long()) } else { Ok(out) }
}

/// `text || any` and `any || text`: the other operand as its cast to text gives it,
/// which for some types is not what they print.
fn cast_and_append(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let mut out = String::new();
    for (n, value) in args.iter().enumerate() {
        match value {
            Datum::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Datum::Text(text) if is_padded(call, n) => out.push_str(text.trim_end_matches(' ')),
            _ => out.push_str(&text_of(call, args, n)?),
        }
    }
    if out.len() > LENGTH_MAX_BYTES { Err(too_long()) } else { Ok(Datum::Text(out)) }
}

fn is_padded(call: &CallContext<'_>, n: usize) -> bool {
    let repr = call.args.get(n).map(|ty| repr(call, ty.oid));
    matches!(repr, Some(Ok(Repr::Bpchar)))
}

fn concat_ws(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    match arg_or_null::<&str>(args, 0)? {
        Some(separator) => Ok(Datum::Text(join(call, args, 1, separator)?)),
        None => Ok(Datum::Null),
    }
}

fn invalid(what: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, what)
}

/// `format(template, arguments…)`.
fn format(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(template) = arg_or_null::<&str>(args, 0)? else { return Ok(Datum::Null) };
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    let mut arguments = Arguments { call, args, next: 1 };
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (spec, after) = Specifier::parse(rest)?;
        rest = after;
        arguments.write(&spec, &mut out)?;
        if out.len() > LENGTH_MAX_BYTES {
            return Err(too_long());
        }
    }
    out.push_str(rest);
    Ok(Datum::Text(out))
}

/// `%[position$][flags][width]type`.
struct Specifier {
    position: Option<usize>,
    left: bool,
    width: Width,
    kind: char,
}

enum Width {
    None,
    Fixed(i32),
    /// `*` or `*n$`: from an argument.
    Argument(Option<usize>),
}

impl Specifier {
    fn parse(text: &str) -> Result<(Specifier, &str)> {
        let mut rest = text;
        let mut position = None;
        if let Some((number, after)) = number(rest)?
            && let Some(after) = after.strip_prefix('$')
        {
            position = Some(argument_number(number)?);
            rest = after;
        }
        let mut left = false;
        while let Some(after) = rest.strip_prefix('-') {
            left = true;
            rest = after;
        }
        let width;
        (width, rest) = Self::width(rest)?;
        let kind = rest.chars().next().ok_or_else(unterminated)?;
        if !matches!(kind, 's' | 'I' | 'L') {
            return Err(invalid(format!("unrecognized format() type specifier \"{kind}\""))
                .with_hint("For a single \"%\" use \"%%\"."));
        }
        Ok((Specifier { position, left, width, kind }, &rest[kind.len_utf8()..]))
    }

    fn width(text: &str) -> Result<(Width, &str)> {
        if let Some(rest) = text.strip_prefix('*') {
            return match number(rest)? {
                Some((number, after)) => {
                    let after = after
                        .strip_prefix('$')
                        .ok_or_else(|| invalid("width argument position must be ended by \"$\""))?;
                    Ok((Width::Argument(Some(argument_number(number)?)), after))
                }
                None => Ok((Width::Argument(None), rest)),
            };
        }
        Ok(match number(text)? {
            Some((number, rest)) => (Width::Fixed(number), rest),
            None => (Width::None, text),
        })
    }
}

fn unterminated() -> Error {
    invalid("unterminated format() type specifier").with_hint("For a single \"%\" use \"%%\".")
}

fn argument_number(number: i32) -> Result<usize> {
    match number {
        0 => Err(invalid("format specifies argument 0, but arguments are numbered from 1")),
        _ => Ok(number as usize),
    }
}

/// A decimal number at the front of the text.
fn number(text: &str) -> Result<Option<(i32, &str)>> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Ok(None);
    }
    let value = text[..end]
        .parse()
        .map_err(|_| Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range"))?;
    Ok(Some((value, &text[end..])))
}

/// The arguments of one call of `format`, consumed in order.
struct Arguments<'a> {
    call: &'a CallContext<'a>,
    args: &'a [Datum],
    next: usize,
}

impl Arguments<'_> {
    /// The index of the argument at a position, or of the next one.
    fn take(&mut self, position: Option<usize>) -> Result<usize> {
        let index = position.unwrap_or(self.next);
        self.next = index + 1;
        if index >= self.args.len() {
            return Err(invalid("too few arguments for format()"));
        }
        Ok(index)
    }

    fn write(&mut self, spec: &Specifier, out: &mut String) -> Result<()> {
        let width = match spec.width {
            Width::None => 0,
            Width::Fixed(width) => width,
            Width::Argument(position) => {
                let index = self.take(position)?;
                self.width(index)?
            }
        };
        let index = self.take(spec.position)?;
        let text = self.text(index, spec.kind)?;
        let missing = (width.unsigned_abs() as usize).saturating_sub(text.chars().count());
        if missing > LENGTH_MAX_BYTES {
            return Err(too_long());
        }
        let left = spec.left || width < 0;
        if !left {
            out.extend(std::iter::repeat_n(' ', missing));
        }
        out.push_str(&text);
        if left {
            out.extend(std::iter::repeat_n(' ', missing));
        }
        Ok(())
    }

    fn width(&self, index: usize) -> Result<i32> {
        match &self.args[index] {
            Datum::Null => Ok(0),
            Datum::Int4(_) => arg(self.args, index),
            Datum::Int2(width) => Ok(i32::from(*width)),
            _ => {
                let text = text_of(self.call, self.args, index)?;
                text.parse().map_err(|_| Error::invalid_input("integer", &text))
            }
        }
    }

    fn text(&self, index: usize, kind: char) -> Result<String> {
        if self.args[index].is_null() {
            return match kind {
                'I' => Err(Error::new(
                    sqlstate::NULL_VALUE_NOT_ALLOWED,
                    "null values cannot be formatted as an SQL identifier",
                )),
                'L' => Ok("NULL".to_owned()),
                _ => Ok(String::new()),
            };
        }
        let text = text_of(self.call, self.args, index)?;
        Ok(match kind {
            'I' => quote_identifier(&text),
            'L' => quote_literal(&text),
            _ => text,
        })
    }
}
