//! What kinds of words the parser of text search tells apart. (There is no text search.)

use crate::error::{Error, Result};
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, SetKernel, SetRows};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;

/// The one parser, and its OID.
const PARSER: (&str, Oid) = ("default", 3722);

/// Its kinds of words, numbered from 1.
const TOKEN_TYPES: [(&str, &str); 23] = [
    ("asciiword", "Word, all ASCII"),
    ("word", "Word, all letters"),
    ("numword", "Word, letters and digits"),
    ("email", "Email address"),
    ("url", "URL"),
    ("host", "Host"),
    ("sfloat", "Scientific notation"),
    ("version", "Version number"),
    ("hword_numpart", "Hyphenated word part, letters and digits"),
    ("hword_part", "Hyphenated word part, all letters"),
    ("hword_asciipart", "Hyphenated word part, all ASCII"),
    ("blank", "Space symbols"),
    ("tag", "XML tag"),
    ("protocol", "Protocol head"),
    ("numhword", "Hyphenated word, letters and digits"),
    ("asciihword", "Hyphenated word, all ASCII"),
    ("hword", "Hyphenated word, all letters"),
    ("url_path", "URL path"),
    ("file", "File or path name"),
    ("float", "Decimal notation"),
    ("int", "Signed integer"),
    ("uint", "Unsigned integer"),
    ("entity", "XML entity"),
];

pub(super) const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "ts_token_type_byid", rows: by_oid },
    SetKernel { symbol: "ts_token_type_byname", rows: by_name },
];

fn by_oid(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let wanted: Oid = arg(args, 0)?;
    match wanted == PARSER.1 {
        true => Ok(token_types()),
        false => {
            Err(Error::internal(format!("cache lookup failed for text search parser {wanted}")))
        }
    }
}

fn by_name(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let wanted: &str = arg(args, 0)?;
    let name = wanted.strip_prefix("pg_catalog.").unwrap_or(wanted);
    match name == PARSER.0 {
        true => Ok(token_types()),
        false => Err(Error::new(
            sqlstate::UNDEFINED_OBJECT,
            format!("text search parser \"{wanted}\" does not exist"),
        )),
    }
}

fn token_types() -> SetRows {
    let row = |(number, (alias, description)): (i32, &(&str, &str))| {
        Ok(vec![
            Datum::Int4(number),
            Datum::Text((*alias).to_owned()),
            Datum::Text((*description).to_owned()),
        ])
    };
    Box::new((1..).zip(&TOKEN_TYPES).map(row))
}
