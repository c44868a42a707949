//! The operators and functions over regular expressions.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::value::text_array;
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::Datum;
use crate::sql::types::regexp::{Expression, Flags, Match, Options};
use crate::sqlstate;

const IGNORE_CASE: Options = Options {
    ignore_case: true,
    newline_stops: false,
    newline_anchors: false,
    expanded: false,
    literal: false,
};

fn found(text: &str, pattern: &str) -> Result<bool> {
    Expression::new(pattern, Options::default())?.is_match(text)
}

fn found_ignoring_case(text: &str, pattern: &str) -> Result<bool> {
    Expression::new(pattern, IGNORE_CASE)?.is_match(text)
}

pub const OPERATORS: &[Kernel] = kernels! {
    columns2 "textregexeq" => found;
    columns2 "textregexne" => |a: &str, b: &str| found(a, b).map(|found| !found);
    columns2 "texticregexeq" => found_ignoring_case;
    columns2 "texticregexne" => |a: &str, b: &str| found_ignoring_case(a, b).map(|found| !found);
    columns2 "nameregexeq" => found;
    columns2 "nameregexne" => |a: &str, b: &str| found(a, b).map(|found| !found);
    columns2 "nameicregexeq" => found_ignoring_case;
    columns2 "nameicregexne" => |a: &str, b: &str| found_ignoring_case(a, b).map(|found| !found);
};

pub const KERNELS: &[Kernel] = kernels! {
    rows2 "textregexsubstr" => substring;
    rows3 "textregexreplace_noopt" => |text: &str, pattern: &str, new: &str|
        Replacement { pattern, new, start: 1, nth: 1, flags: Flags::parse("")? }.apply(text);
    rows4 "textregexreplace" => replace_with_flags;
    call "textregexreplace_extended" => replace;
    call "textregexreplace_extended_no_flags" => replace;
    call "textregexreplace_extended_no_n" => replace;
    call "regexp_count" => count;
    call "regexp_count_no_start" => count;
    call "regexp_count_no_flags" => count;
    call "regexp_instr" => position;
    call "regexp_instr_no_start" => position;
    call "regexp_instr_no_n" => position;
    call "regexp_instr_no_endoption" => position;
    call "regexp_instr_no_flags" => position;
    call "regexp_instr_no_subexpr" => position;
    call "regexp_like" => like;
    call "regexp_like_no_flags" => like;
    call "regexp_match" => first_match;
    call "regexp_match_no_flags" => first_match;
    call "regexp_split_to_array" => |_, args| Ok(text_array(split(args, "regexp_split_to_array()")?));
    call "regexp_split_to_array_no_flags" => |_, args| Ok(text_array(split(args, "regexp_split_to_array()")?));
    call "regexp_substr" => nth_substring;
    call "regexp_substr_no_start" => nth_substring;
    call "regexp_substr_no_n" => nth_substring;
    call "regexp_substr_no_flags" => nth_substring;
    call "regexp_substr_no_subexpr" => nth_substring;
};

pub const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "regexp_matches", rows: all_matches },
    SetKernel { symbol: "regexp_matches_no_flags", rows: all_matches },
    SetKernel { symbol: "regexp_split_to_table", rows: split_to_table },
    SetKernel { symbol: "regexp_split_to_table_no_flags", rows: split_to_table },
];

/// `substring(text from pattern)`: the first group, or the whole match.
pub fn substring(text: &str, pattern: &str) -> Result<Option<String>> {
    let found = Expression::new(pattern, Options::default())?.captures_at(text, 0)?;
    Ok(found.and_then(|one| one.parts(text).next().flatten().map(str::to_owned)))
}

/// An optional argument.
fn optional<'a, A: crate::sql::functions::call::Arg<'a>>(
    args: &'a [Datum],
    n: usize,
    default: A,
) -> Result<A> {
    if n < args.len() { arg(args, n) } else { Ok(default) }
}

fn not_positive(parameter: &str, value: i32) -> Error {
    Error::new(
        sqlstate::INVALID_PARAMETER_VALUE,
        format!("invalid value for parameter \"{parameter}\": {value}"),
    )
}

/// A parameter that must be at least `least`.
fn at_least(least: i32, parameter: &str, value: i32) -> Result<usize> {
    if value < least { Err(not_positive(parameter, value)) } else { Ok(value as usize) }
}

/// The byte offset of a character position counted from 1; past the end beyond it.
fn offset_of(text: &str, start: usize) -> usize {
    match text.char_indices().nth(start - 1) {
        Some((at, _)) => at,
        None if text.chars().count() == start - 1 => text.len(),
        None => text.len() + 1,
    }
}

/// What `regexp_replace` replaces: the `nth` match from `start` on, 0 for all.
struct Replacement<'a> {
    pattern: &'a str,
    new: &'a str,
    start: usize,
    nth: usize,
    flags: Flags,
}

fn replace_with_flags(text: &str, pattern: &str, new: &str, flags: &str) -> Result<String> {
    if flags.starts_with(|c: char| c.is_ascii_digit()) {
        let option: String = flags.chars().take(1).collect();
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("invalid regular expression option: \"{option}\""),
        )
        .with_hint(
            "If you meant to use regexp_replace() with a start parameter, \
             cast the fourth argument to integer explicitly.",
        ));
    }
    let flags = Flags::parse(flags)?;
    let nth = if flags.global { 0 } else { 1 };
    Replacement { pattern, new, start: 1, nth, flags }.apply(text)
}

/// `regexp_replace(text, pattern, new, start [, nth [, flags]])`.
fn replace(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let start = at_least(1, "start", arg(args, 3)?)?;
    let flags = Flags::parse(optional(args, 5, "")?)?;
    let nth = match args.len() {
        ..=4 => 1,
        _ => at_least(0, "n", arg(args, 4)?)?,
    };
    let replacement = Replacement { pattern: arg(args, 1)?, new: arg(args, 2)?, start, nth, flags };
    replacement.apply(arg(args, 0)?).map(Datum::Text)
}

impl Replacement<'_> {
    fn apply(&self, text: &str) -> Result<String> {
        let expression = Expression::new(self.pattern, self.flags.options)?;
        let limit = if self.nth == 0 { usize::MAX } else { self.nth };
        let matches = expression.matches_from(text, offset_of(text, self.start), limit)?;
        let skipped = if self.nth == 0 { 0 } else { self.nth - 1 };
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for one in matches.iter().skip(skipped) {
            let whole = one.whole();
            out.push_str(&text[copied..whole.start]);
            self.expand(one, text, &mut out);
            copied = whole.end;
        }
        out.push_str(&text[copied..]);
        Ok(out)
    }

    /// Writes the new text: `\1`…`\9` are groups, `\&` the match, `\\` a backslash.
    fn expand(&self, one: &Match, text: &str, out: &mut String) {
        let mut rest = self.new;
        while let Some(at) = rest.find('\\') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let group = match rest.as_bytes().first() {
                Some(b'&') => Some(0),
                Some(digit @ b'1'..=b'9') => Some(usize::from(digit - b'0')),
                Some(b'\\') => None,
                _ => {
                    out.push('\\');
                    continue;
                }
            };
            match group {
                Some(group) => out.push_str(one.group(group).map_or("", |range| &text[range])),
                None => out.push('\\'),
            }
            rest = &rest[1..];
        }
        out.push_str(rest);
    }
}

/// `regexp_count(text, pattern [, start [, flags]])`.
fn count(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let text: &str = arg(args, 0)?;
    let start = at_least(1, "start", optional(args, 2, 1)?)?;
    let flags = Flags::parse_without_global(optional(args, 3, "")?, "regexp_count()")?;
    let expression = Expression::new(arg(args, 1)?, flags.options)?;
    let matches = expression.matches_from(text, offset_of(text, start), usize::MAX)?;
    Ok(Datum::Int4(matches.len() as i32))
}

/// `regexp_instr(text, pattern, start, nth, endoption, flags, subexpr)`.
fn position(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let text: &str = arg(args, 0)?;
    let start = at_least(1, "start", optional(args, 2, 1)?)?;
    let nth = at_least(1, "n", optional(args, 3, 1)?)?;
    let end: i32 = optional(args, 4, 0)?;
    if !(0..=1).contains(&end) {
        return Err(not_positive("endoption", end));
    }
    let flags = Flags::parse_without_global(optional(args, 5, "")?, "regexp_instr()")?;
    let group = at_least(0, "subexpr", optional(args, 6, 0)?)?;
    let expression = Expression::new(arg(args, 1)?, flags.options)?;
    let matches = expression.matches_from(text, offset_of(text, start), nth)?;
    let range = matches.get(nth - 1).and_then(|one| one.group(group));
    Ok(Datum::Int4(range.map_or(0, |range| {
        let at = if end == 1 { range.end } else { range.start };
        text[..at].chars().count() as i32 + 1
    })))
}

/// `regexp_substr(text, pattern, start, nth, flags, subexpr)`.
fn nth_substring(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let text: &str = arg(args, 0)?;
    let start = at_least(1, "start", optional(args, 2, 1)?)?;
    let nth = at_least(1, "n", optional(args, 3, 1)?)?;
    let flags = Flags::parse_without_global(optional(args, 4, "")?, "regexp_substr()")?;
    let group = at_least(0, "subexpr", optional(args, 5, 0)?)?;
    let expression = Expression::new(arg(args, 1)?, flags.options)?;
    let matches = expression.matches_from(text, offset_of(text, start), nth)?;
    let range = matches.get(nth - 1).and_then(|one| one.group(group));
    Ok(range.map_or(Datum::Null, |range| Datum::Text(text[range].to_owned())))
}

fn like(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let flags = Flags::parse_without_global(optional(args, 2, "")?, "regexp_like()")?;
    Expression::new(arg(args, 1)?, flags.options)?.is_match(arg(args, 0)?).map(Datum::Bool)
}

/// The groups of one match as `text[]`.
fn parts(one: &Match, text: &str) -> Datum {
    let texts = one.parts(text);
    text_array(
        texts.map(|part| part.map_or(Datum::Null, |part| Datum::Text(part.into()))).collect(),
    )
}

fn first_match(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let text: &str = arg(args, 0)?;
    let flags = Flags::parse(optional(args, 2, "")?)?;
    if flags.global {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            "regexp_match() does not support the \"global\" option",
        )
        .with_hint("Use the regexp_matches function instead."));
    }
    let found = Expression::new(arg(args, 1)?, flags.options)?.captures_at(text, 0)?;
    Ok(found.map_or(Datum::Null, |one| parts(&one, text)))
}

fn all_matches(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let text: &str = arg(args, 0)?;
    let flags = Flags::parse(optional(args, 2, "")?)?;
    let limit = if flags.global { usize::MAX } else { 1 };
    let matches = Expression::new(arg(args, 1)?, flags.options)?.matches_from(text, 0, limit)?;
    let rows: Vec<_> = matches.iter().map(|one| Ok(vec![parts(one, text)])).collect();
    Ok(Box::new(rows.into_iter()))
}

/// The texts between the matches. Empty matches at the ends of the text, and
/// right after another match, do not split.
fn split(args: &[Datum], function: &str) -> Result<Vec<Datum>> {
    let text: &str = arg(args, 0)?;
    let flags = Flags::parse_without_global(optional(args, 2, "")?, function)?;
    let expression = Expression::new(arg(args, 1)?, flags.options)?;
    let mut fields = Vec::new();
    let mut start = 0;
    for one in expression.matches_from(text, 0, usize::MAX)? {
        let whole = one.whole();
        if whole.is_empty() && (whole.start == start || whole.start >= text.len()) {
            continue;
        }
        fields.push(Datum::Text(text[start..whole.start].to_owned()));
        start = whole.end;
    }
    fields.push(Datum::Text(text[start..].to_owned()));
    Ok(fields)
}

fn split_to_table(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let fields = split(args, "regexp_split_to_table()")?;
    Ok(Box::new(fields.into_iter().map(|field| Ok(vec![field]))))
}
