//! LIKE and ILIKE, over text and bytes.
//!
//! `%` matches any run, `_` one character, backslash takes the next character
//! as it is. `LIKE … ESCAPE e` is rewritten first by `like_escape`.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sqlstate;

use super::Kernel;
use super::text::lower;

pub const KERNELS: &[&[Kernel]] = &[kernels! {
    columns2 "textlike" => like;
    columns2 "textnlike" => |a: &str, b: &str| like(a, b).map(|found| !found);
    columns2 "namelike" => like;
    columns2 "namenlike" => |a: &str, b: &str| like(a, b).map(|found| !found);
    columns2 "bytealike" => like_bytes;
    columns2 "byteanlike" => |a: &[u8], b: &[u8]| like_bytes(a, b).map(|found| !found);
    columns2 "texticlike" => like_ignoring_case;
    columns2 "texticnlike" => |a: &str, b: &str| like_ignoring_case(a, b).map(|found| !found);
    columns2 "nameiclike" => like_ignoring_case;
    columns2 "nameicnlike" => |a: &str, b: &str| like_ignoring_case(a, b).map(|found| !found);
    columns2 "like_escape" => like_escape;
    rows2 "like_escape_bytea" => |pattern: &[u8], escape: &[u8]| {
        let escape: Option<u8> = match escape {
            [] => None,
            [one] => Some(*one),
            _ => return Err(invalid_escape()),
        };
        Ok(escape_bytes(pattern, escape))
    };
}];

pub fn like(text: &str, pattern: &str) -> Result<bool> {
    matches(text.as_bytes(), pattern.as_bytes(), character_length)
}

fn like_bytes(bytes: &[u8], pattern: &[u8]) -> Result<bool> {
    matches(bytes, pattern, |_| 1)
}

fn like_ignoring_case(text: &str, pattern: &str) -> Result<bool> {
    let fold = |text: &str| text.chars().map(lower).collect::<String>();
    like(&fold(text), &fold(pattern))
}

/// The length of the UTF-8 character that starts with this byte.
fn character_length(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

/// Matches greedily and, on a mismatch, lets the last `%` take one more
/// character: earlier ones never need to be revisited.
fn matches(text: &[u8], pattern: &[u8], length: fn(u8) -> usize) -> Result<bool> {
    let (mut t, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(p) {
            Some(b'%') => {
                retry = Some((t, p + 1));
                p += 1;
                continue;
            }
            Some(b'_') if t < text.len() => Some((length(text[t]), 1)),
            Some(b'\\') if t < text.len() => {
                let Some(literal) = pattern.get(p + 1) else { return Err(ends_with_escape()) };
                (text.get(t) == Some(literal)).then_some((1, 2))
            }
            Some(byte) if !matches!(byte, b'_' | b'\\') && text.get(t) == Some(byte) => {
                Some((1, 1))
            }
            None if t == text.len() => return Ok(true),
            _ => None,
        };
        match (step, &mut retry) {
            (Some((text_step, pattern_step)), _) => {
                t += text_step;
                p += pattern_step;
            }
            (None, Some((from, resume))) if *from < text.len() => {
                *from += length(text[*from]);
                (t, p) = (*from, *resume);
            }
            _ => return Ok(false),
        }
    }
}

fn ends_with_escape() -> Error {
    Error::new(sqlstate::INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character")
}

pub fn invalid_escape() -> Error {
    Error::new(sqlstate::INVALID_ESCAPE_SEQUENCE, "invalid escape string")
        .with_hint("Escape string must be empty or one character.")
}

/// The one escape character, `None` when escaping is off.
pub fn escape_character(escape: &str) -> Result<Option<char>> {
    let mut chars = escape.chars();
    match (chars.next(), chars.next()) {
        (first, None) => Ok(first),
        _ => Err(invalid_escape()),
    }
}

/// Rewrites a pattern that escapes with another character to backslashes.
fn like_escape(pattern: &str, escape: &str) -> Result<String> {
    let escape = escape_character(escape)?;
    if escape == Some('\\') {
        return Ok(pattern.to_owned());
    }
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut escaped = false;
    for c in pattern.chars() {
        if Some(c) == escape && !escaped {
            out.push('\\');
            escaped = true;
        } else {
            if c == '\\' && !escaped {
                out.push('\\');
            }
            out.push(c);
            escaped = false;
        }
    }
    Ok(out)
}

fn escape_bytes(pattern: &[u8], escape: Option<u8>) -> Vec<u8> {
    if escape == Some(b'\\') {
        return pattern.to_vec();
    }
    let mut out = Vec::with_capacity(pattern.len() + 8);
    let mut escaped = false;
    for byte in pattern {
        if Some(*byte) == escape && !escaped {
            out.push(b'\\');
            escaped = true;
        } else {
            if *byte == b'\\' && !escaped {
                out.push(b'\\');
            }
            out.push(*byte);
            escaped = false;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_postgresql_does() {
        for (text, pattern, expected) in [
            ("abc", "abc", true),
            ("abc", "a%", true),
            ("abc", "_b_", true),
            ("abc", "%c%b", false),
            ("aXbXc", "a%X%c", true),
            ("é", "_", true),
            ("", "%", true),
            ("", "_", false),
            ("a%", "a\\%", true),
            ("ab", "a\\%", false),
            ("mississippi", "%iss%ip%", true),
        ] {
            assert_eq!(like(text, pattern).unwrap(), expected, "{text} LIKE {pattern}");
        }
        assert_eq!(
            like("ab", "a\\").unwrap_err().message(),
            "LIKE pattern must not end with escape character"
        );
    }

    #[test]
    fn another_escape_character_becomes_a_backslash() {
        assert_eq!(like_escape("a#%b\\", "#").unwrap(), "a\\%b\\\\");
        assert_eq!(like_escape("a\\b", "").unwrap(), "a\\\\b");
    }
}
