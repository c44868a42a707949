//! Paths that mean to lead somewhere else.
//!
//! Names in a path never become paths of the file system here: contents are under their
//! hashes, tables under their numbers. What would be one elsewhere is refused all the same
//! (400), for whatever stands between or comes after: `..`, NUL and other control
//! characters, backslashes, drives and devices of Windows, a slash that begins a name, a dot
//! or a slash that is encoded twice or is not UTF-8. The path is decoded twice for that, as a
//! careless proxy would.
//!
//! `tests/data/guard/paths.tsv` has cases of both kinds.

use std::borrow::Cow;

use axum::http::{StatusCode, Uri};
use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

use crate::files::name;
use crate::http::problem::Problem;
use crate::observe::refusal::Reason;
use crate::sqlstate;

/// 400 for a path that leads elsewhere.
pub fn check(uri: &Uri) -> Result<(), Problem> {
    match fault(uri.path()) {
        None => Ok(()),
        Some(fault) => {
            let message = format!("the path is refused: {fault}");
            let (status, code) = (StatusCode::BAD_REQUEST, sqlstate::INVALID_NAME);
            Err(Problem::plain(status, code, &message).refuses(Reason::Path))
        }
    }
}

/// What is wrong with a path as it came.
pub fn fault(path: &str) -> Option<&'static str> {
    if is_plain(path) {
        return None;
    }
    let Some(once) = decoded(path) else { return Some("it is not UTF-8") };
    if let Some(fault) = decoded_fault(&once) {
        return Some(fault);
    }
    let Some(twice) = decoded(&once) else { return Some("it is encoded twice") };
    if twice != once && (twice.matches('/').count() != once.matches('/').count()) {
        return Some("a slash is encoded twice");
    }
    (twice != once).then(|| decoded_fault(&twice)).flatten()
}

/// The paths of most requests: nothing is encoded, no segment begins with a dot, and none
/// could be a device.
fn is_plain(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
    path.bytes().all(plain)
        && !path.contains("//")
        && path.split('/').all(|segment| !name::is_device(segment))
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

fn decoded_fault(path: &str) -> Option<&'static str> {
    if path.contains(|c: char| c.is_control()) {
        return Some("it has control characters");
    }
    if path.contains('\\') {
        return Some("it has a backslash");
    }
    if path.contains("//") {
        return Some("it has two slashes in a row");
    }
    path.split('/').find_map(segment_fault)
}

fn segment_fault(segment: &str) -> Option<&'static str> {
    // What some servers cut off, and what looks like dots.
    let plain: Cow<'_, str> = match segment.is_ascii() {
        true => segment.into(),
        false => segment.nfkc().collect::<String>().into(),
    };
    let bare = plain.split(';').next().unwrap_or_default().trim_end_matches(' ');
    let bytes = bare.as_bytes();
    if !bare.is_empty() && bare.len() <= 8 && bare.bytes().all(|byte| byte == b'.') {
        return Some("it has a segment of dots");
    }
    if plain.contains("../")
        || plain.contains("..\\")
        || (!segment.contains('/') && plain.contains('/'))
    {
        return Some("it has what reads as a slash");
    }
    if bytes.len() == 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' {
        return Some("it names a drive of Windows");
    }
    if plain.to_ascii_lowercase().contains("::$") {
        return Some("it names a stream of a file");
    }
    name::is_device(&plain).then_some("it names a device of Windows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_corpus_are_judged() {
        let text = std::fs::read_to_string("tests/data/guard/paths.tsv").expect("the corpus");
        let mut counts = (0, 0);
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (verdict, path) = line.split_once('\t').expect("verdict and path");
            let found = fault(path);
            match verdict {
                "taken" => {
                    counts.0 += 1;
                    assert_eq!(found, None, "{path}");
                }
                "refused" => {
                    counts.1 += 1;
                    assert!(found.is_some(), "{path}");
                }
                other => panic!("{other}"),
            }
        }
        assert!(counts.0 >= 40 && counts.1 >= 60, "{counts:?}");
    }
}
