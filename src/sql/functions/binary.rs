//! `bytea`: comparison, slices, bits, text encodings and digests.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use md5::Md5;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::Datum;
use crate::sql::types::encoding::Encoding;
use crate::sqlstate;

use super::Kernel;

pub const KERNELS: &[&[Kernel]] = &[COMPARISON, SLICES, BITS, ENCODING, DIGESTS];

const COMPARISON: &[Kernel] = kernels! {
    columns2 "byteaeq" => |a: &[u8], b: &[u8]| Ok(a == b);
    columns2 "byteane" => |a: &[u8], b: &[u8]| Ok(a != b);
    columns2 "bytealt" => |a: &[u8], b: &[u8]| Ok(a < b);
    columns2 "byteale" => |a: &[u8], b: &[u8]| Ok(a <= b);
    columns2 "byteagt" => |a: &[u8], b: &[u8]| Ok(a > b);
    columns2 "byteage" => |a: &[u8], b: &[u8]| Ok(a >= b);
    columns2 "byteacmp" => |a: &[u8], b: &[u8]| Ok(a.cmp(b) as i32);
};

const SLICES: &[Kernel] = kernels! {
    columns1 "byteaoctetlen" => |a: &[u8]| Ok(a.len() as i32);
    columns1 "bit_length_bytea" => |a: &[u8]| Ok(a.len() as i32 * 8);
    rows2 "byteacat" => |a: &[u8], b: &[u8]| Ok([a, b].concat());
    rows2 "bytea_substr_no_len" => |a: &[u8], start: i32| slice(a, start, None).map(<[u8]>::to_vec);
    rows3 "bytea_substr" =>
        |a: &[u8], start: i32, length: i32| slice(a, start, Some(length)).map(<[u8]>::to_vec);
    rows3 "byteaoverlay_no_len" => |a: &[u8], new: &[u8], start: i32| overlay(a, new, start, new.len() as i32);
    rows4 "byteaoverlay" => overlay;
    columns2 "byteapos" => |a: &[u8], part: &[u8]| Ok(position(a, part));
    rows2 "byteatrim" => |a: &[u8], set: &[u8]| Ok(trim_end(trim_start(a, set), set).to_vec());
    rows2 "bytealtrim" => |a: &[u8], set: &[u8]| Ok(trim_start(a, set).to_vec());
    rows2 "byteartrim" => |a: &[u8], set: &[u8]| Ok(trim_end(a, set).to_vec());
};

fn negative_length() -> Error {
    Error::new(sqlstate::SUBSTRING_ERROR, "negative substring length not allowed")
}

fn slice(bytes: &[u8], start: i32, length: Option<i32>) -> Result<&[u8]> {
    let start = i64::from(start);
    let end = match length {
        Some(length) if length < 0 => return Err(negative_length()),
        Some(length) => start + i64::from(length),
        None => i64::MAX,
    };
    let limit = bytes.len() as i64;
    let first = (start.max(1) - 1).min(limit);
    let last = (end - 1).clamp(first, limit);
    Ok(&bytes[first as usize..last as usize])
}

fn overlay(bytes: &[u8], new: &[u8], start: i32, length: i32) -> Result<Vec<u8>> {
    if start <= 0 {
        return Err(negative_length());
    }
    let resume = start.checked_add(length).ok_or_else(|| Error::out_of_range("integer"))?;
    Ok([slice(bytes, 1, Some(start - 1))?, new, slice(bytes, resume, None)?].concat())
}

fn position(bytes: &[u8], part: &[u8]) -> i32 {
    if part.is_empty() {
        return 1;
    }
    bytes.windows(part.len()).position(|window| window == part).map_or(0, |at| at as i32 + 1)
}

fn trim_start<'a>(mut bytes: &'a [u8], set: &[u8]) -> &'a [u8] {
    while let [first, rest @ ..] = bytes
        && set.contains(first)
    {
        bytes = rest;
    }
    bytes
}

fn trim_end<'a>(mut bytes: &'a [u8], set: &[u8]) -> &'a [u8] {
    while let [rest @ .., last] = bytes
        && set.contains(last)
    {
        bytes = rest;
    }
    bytes
}

const BITS: &[Kernel] = kernels! {
    columns1 "bytea_bit_count" =>
        |a: &[u8]| Ok(a.iter().map(|byte| i64::from(byte.count_ones())).sum::<i64>());
    columns2 "byteaGetByte" => |a: &[u8], n: i32| Ok(i32::from(a[index(n.into(), a.len())?]));
    columns2 "byteaGetBit" => |a: &[u8], n: i64| {
        let bit = index(n, a.len() * 8)?;
        Ok(i32::from(a[bit / 8] >> (bit % 8) & 1))
    };
    rows3 "byteaSetByte" => |a: &[u8], n: i32, value: i32| {
        let at = index(n.into(), a.len())?;
        let mut out = a.to_vec();
        out[at] = value as u8;
        Ok(out)
    };
    rows3 "byteaSetBit" => |a: &[u8], n: i64, value: i32| {
        let bit = index(n, a.len() * 8)?;
        if value != 0 && value != 1 {
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "new bit must be 0 or 1"));
        }
        let mut out = a.to_vec();
        out[bit / 8] = out[bit / 8] & !(1 << (bit % 8)) | (value as u8) << (bit % 8);
        Ok(out)
    };
};

fn index(n: i64, length: usize) -> Result<usize> {
    if (0..length as i64).contains(&n) {
        return Ok(n as usize);
    }
    Err(Error::new(
        sqlstate::ARRAY_SUBSCRIPT_ERROR,
        format!("index {n} out of valid range, 0..{}", length as i64 - 1),
    ))
}

const ENCODING: &[Kernel] = kernels! {
    rows2 "binary_encode" => encode;
    rows2 "binary_decode" => decode;
    rows2 "length_in_encoding" => |a: &[u8], encoding: &str| {
        Ok(named(encoding, "encoding")?.count(a)? as i32)
    };
    call "pg_convert" => |_, args| {
        let (bytes, from, to): (&[u8], &str, &str) =
            (super::call::arg(args, 0)?, super::call::arg(args, 1)?, super::call::arg(args, 2)?);
        let (from, to) = (named(from, "source encoding")?, named(to, "destination encoding")?);
        Ok(Datum::Bytea(convert(bytes, from, to)?.into()))
    };
    rows2 "pg_convert_from" => |a: &[u8], encoding: &str| {
        named(encoding, "source encoding")?.decode(a).map(Cow::into_owned)
    };
    rows2 "pg_convert_to" => |a: &str, encoding: &str| {
        named(encoding, "destination encoding")?.encode(a).map(Cow::into_owned)
    };
};

fn named(name: &str, what: &str) -> Result<Encoding> {
    Encoding::named(name).ok_or_else(|| invalid(format!("invalid {what} name \"{name}\"")))
}

/// Pairs that PostgreSQL converts directly; every other conversion is from or to UTF-8.
const DIRECT: &[(&str, &str)] = &[
    ("EUC_JP", "SJIS"),
    ("EUC_TW", "BIG5"),
    ("KOI8R", "WIN1251"),
    ("KOI8R", "WIN866"),
    ("WIN1251", "WIN866"),
    ("KOI8R", "ISO_8859_5"),
    ("ISO_8859_5", "WIN1251"),
    ("ISO_8859_5", "WIN866"),
    ("EUC_JIS_2004", "SHIFT_JIS_2004"),
    ("LATIN2", "WIN1250"),
];

fn convert(bytes: &[u8], from: Encoding, to: Encoding) -> Result<Vec<u8>> {
    // As PostgreSQL: nothing is converted from or to SQL_ASCII.
    if from == Encoding::SQL_ASCII || from == to {
        from.count(bytes)?;
        return Ok(bytes.to_vec());
    }
    if to == Encoding::SQL_ASCII {
        from.count(bytes)?;
        return Ok(bytes.to_vec());
    }
    if from != Encoding::UTF8 && to != Encoding::UTF8 {
        let is = |a: &str, b: &str| (from.name(), to.name()) == (a, b);
        return Err(match DIRECT.iter().any(|(a, b)| is(a, b) || is(b, a)) {
            true => Error::unsupported(format!(
                "conversion from encoding \"{}\" to \"{}\"",
                from.name(),
                to.name()
            )),
            false => Error::new(
                sqlstate::UNDEFINED_FUNCTION,
                format!(
                    "default conversion function for encoding \"{}\" to \"{}\" does not exist",
                    from.name(),
                    to.name()
                ),
            ),
        });
    }
    to.encode(&from.decode(bytes)?).map(Cow::into_owned)
}

fn invalid(what: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, what)
}

fn unknown_encoding(name: &str) -> Error {
    invalid(format!("unrecognized encoding: \"{name}\""))
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Base64 lines are this long (RFC 2045).
const BASE64_LINE: usize = 76;

fn encode(bytes: &[u8], format: &str) -> Result<String> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => Ok(hex(bytes)),
        "base64" => Ok(wrap_lines(&BASE64.encode(bytes))),
        "escape" => Ok(escape(bytes)),
        _ => Err(unknown_encoding(format)),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

fn wrap_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / BASE64_LINE);
    for (n, line) in text.as_bytes().chunks(BASE64_LINE).enumerate() {
        if n > 0 {
            out.push('\n');
        }
        out.extend(line.iter().copied().map(char::from));
    }
    out
}

fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            0 | 128.. => out.push_str(&format!("\\{byte:03o}")),
            b'\\' => out.push_str("\\\\"),
            _ => out.push(char::from(*byte)),
        }
    }
    out
}

fn decode(text: &str, format: &str) -> Result<Vec<u8>> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => decode_hex(text),
        "base64" => decode_base64(text),
        "escape" => decode_escape(text),
        _ => Err(unknown_encoding(format)),
    }
}

fn decode_hex(text: &str) -> Result<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    for c in text.chars().filter(|c| !matches!(c, ' ' | '\n' | '\t' | '\r')) {
        digits.push(
            c.to_digit(16).ok_or_else(|| invalid(format!("invalid hexadecimal digit: \"{c}\"")))?,
        );
    }
    if digits.len() % 2 == 1 {
        return Err(invalid("invalid hexadecimal data: odd number of digits".into()));
    }
    Ok(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

fn decode_base64(text: &str) -> Result<Vec<u8>> {
    let mut compact = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !matches!(c, ' ' | '\n' | '\t' | '\r')) {
        if !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '=') {
            return Err(invalid(format!(
                "invalid symbol \"{c}\" found while decoding base64 sequence"
            )));
        }
        compact.push(c);
    }
    BASE64.decode(compact).map_err(|error| match error {
        base64::DecodeError::InvalidByte(..) => {
            invalid("unexpected \"=\" while decoding base64 sequence".into())
        }
        _ => invalid("invalid base64 end sequence".into())
            .with_hint("Input data is missing padding, is truncated, or is otherwise corrupted."),
    })
}

fn decode_escape(text: &str) -> Result<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
            continue;
        }
        match bytes.get(at + 1..) {
            Some([b'\\', ..]) => {
                out.push(b'\\');
                at += 2;
            }
            Some([a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..]) => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                at += 4;
            }
            _ => {
                return Err(Error::new(
                    sqlstate::INVALID_TEXT_REPRESENTATION,
                    "invalid input syntax for type bytea",
                ));
            }
        }
    }
    Ok(out)
}

const DIGESTS: &[Kernel] = kernels! {
    columns1 "md5_text" => |a: &str| Ok(hex(&Md5::digest(a)));
    columns1 "md5_bytea" => |a: &[u8]| Ok(hex(&Md5::digest(a)));
    rows1 "sha224_bytea" => |a: &[u8]| Ok(Sha224::digest(a).to_vec());
    rows1 "sha256_bytea" => |a: &[u8]| Ok(Sha256::digest(a).to_vec());
    rows1 "sha384_bytea" => |a: &[u8]| Ok(Sha384::digest(a).to_vec());
    rows1 "sha512_bytea" => |a: &[u8]| Ok(Sha512::digest(a).to_vec());
};
