//! Quoting of identifiers and literals, and the reverse for identifiers.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::CallContext;
use crate::sql::functions::call::arg;
use crate::sql::functions::value::{text_array, text_of};
use crate::sql::types::Datum;
use crate::sqlstate;

use super::Kernel;

pub const KERNELS: &[Kernel] = kernels! {
    columns1 "quote_ident" => |a: &str| Ok(quote_identifier(a));
    columns1 "quote_literal" => |a: &str| Ok(quote_literal(a));
    call "quote_literal_anyelement" => |call, args| {
        Ok(Datum::Text(quote_literal(&text_of(call, args, 0)?)))
    };
    call "quote_nullable" => quote_nullable;
    call "quote_nullable_anyelement" => quote_nullable;
    call "parse_ident" => parse_ident;
};

fn quote_nullable(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Text(match args.first() {
        None | Some(Datum::Null) => "NULL".to_owned(),
        Some(_) => quote_literal(&text_of(call, args, 0)?),
    }))
}

/// A string literal that reads back as `text`; with backslashes in the `E''` form.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// An identifier, in double quotes where it needs them.
pub fn quote_identifier(name: &str) -> String {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    let plain = starts && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && !is_keyword(name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Keywords that PostgreSQL quotes: all but the unreserved ones.
fn is_keyword(name: &str) -> bool {
    KEYWORDS.binary_search(&name).is_ok()
}

const KEYWORDS: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

/// `parse_ident(text, strict)`: a qualified name as its parts.
fn parse_ident(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let text: &str = arg(args, 0)?;
    let strict: bool = arg(args, 1)?;
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (part, after) = identifier(text, rest)?;
        parts.push(Datum::Text(part));
        rest = after.trim_start();
        match rest.strip_prefix('.') {
            Some(after) => rest = after.trim_start(),
            None => break,
        }
    }
    if strict && !rest.is_empty() {
        return Err(not_an_identifier(text));
    }
    Ok(text_array(parts))
}

fn not_an_identifier(text: &str) -> Error {
    Error::new(
        sqlstate::INVALID_PARAMETER_VALUE,
        format!("string is not a valid identifier: \"{text}\""),
    )
}

/// One identifier at the front of `rest`, and what follows it.
fn identifier<'a>(text: &str, rest: &'a str) -> Result<(String, &'a str)> {
    if let Some(quoted) = rest.strip_prefix('"') {
        return quoted_identifier(text, quoted);
    }
    let starts =
        rest.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii());
    if !starts {
        let detail = if rest.starts_with('.') {
            Some("No valid identifier before \".\".")
        } else if text.trim_end().ends_with('.') && rest.is_empty() {
            Some("No valid identifier after \".\".")
        } else {
            None
        };
        let error = not_an_identifier(text);
        return Err(match detail {
            Some(detail) => error.with_detail(detail),
            None => error,
        });
    }
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
    let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
    Ok((rest[..end].to_ascii_lowercase(), &rest[end..]))
}

fn quoted_identifier<'a>(text: &str, quoted: &'a str) -> Result<(String, &'a str)> {
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let Some(end) = rest.find('"') else {
            return Err(not_an_identifier(text).with_detail("String has unclosed double quotes."));
        };
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                part.push('"');
                rest = after;
            }
            None => break,
        }
    }
    if part.is_empty() {
        return Err(not_an_identifier(text).with_detail("Quoted identifier must not be empty."));
    }
    Ok((part, rest))
}
