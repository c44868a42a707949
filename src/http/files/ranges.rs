//! `Range` (RFC 9110, 14).

use std::ops::Range;

/// Ranges of one request; more are answered with the whole.
const RANGES_MAX: usize = 16;

#[derive(Debug, PartialEq, Eq)]
pub enum Ranges {
    /// None was asked for, or what was asked cannot be read or is no less than the whole.
    Whole,
    Some(Vec<Range<u64>>),
    /// All are beyond the end.
    Unsatisfiable,
}

/// The ranges that a header asks of so many bytes.
pub fn parse(header: Option<&str>, size: u64) -> Ranges {
    let Some(list) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
        return Ranges::Whole;
    };
    let mut ranges = Vec::new();
    let parts: Vec<&str> = list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > RANGES_MAX {
        return Ranges::Whole;
    }
    for part in parts {
        let Some(range) = one(part, size) else { return Ranges::Whole };
        if !range.is_empty() {
            ranges.push(range);
        }
    }
    let asked: u64 = ranges.iter().map(|range| range.end - range.start).sum();
    match ranges.len() {
        0 => Ranges::Unsatisfiable,
        1 => Ranges::Some(ranges),
        // Parts that overlap are more work than the whole.
        _ if asked >= size => Ranges::Whole,
        _ => Ranges::Some(ranges),
    }
}

/// Empty if it is beyond the end; none if it is not one.
fn one(part: &str, size: u64) -> Option<Range<u64>> {
    let (from, to) = part.split_once('-')?;
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        // What is too large is beyond the end.
        true => Some(text.parse().unwrap_or(u64::MAX)),
        false => None,
    };
    match (from, to) {
        ("", last) => Some(size.saturating_sub(number(last)?)..size),
        (from, "") => Some(number(from)?.min(size)..size),
        (from, to) => {
            let (from, to) = (number(from)?, number(to)?);
            match from <= to {
                true => Some(from.min(size)..to.saturating_add(1).min(size)),
                false => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::single_range_in_vec_init, reason = "a list of one range")]
    fn ranges_are_read_as_the_rfc_says() {
        let of = |header| parse(Some(header), 1_000);
        let some = |ranges: &[Range<u64>]| Ranges::Some(ranges.to_vec());
        assert_eq!(of("bytes=0-499"), some(&[0..500]));
        assert_eq!(of("bytes=500-"), some(&[500..1000]));
        assert_eq!(of("bytes=-1"), some(&[999..1000]));
        assert_eq!(of("bytes=-5000"), some(&[0..1000]));
        assert_eq!(of("bytes=900-99999999999999999999999"), some(&[900..1000]));
        assert_eq!(of("bytes=0-0, 2-3,-1"), some(&[0..1, 2..4, 999..1000]));
        assert_eq!(of("bytes=0-0,5000-"), some(&[0..1]));
        assert_eq!(of("bytes=1000-"), Ranges::Unsatisfiable);
        assert_eq!(of("bytes=-0"), Ranges::Unsatisfiable);
        for whole in
            ["bytes=", "bytes=a-b", "bytes=5-4", "items=0-1", "bytes=0-,0-", "bytes=+1-2", "0-1"]
        {
            assert_eq!(of(whole), Ranges::Whole, "{whole}");
        }
        assert_eq!(of(&format!("bytes={}", "0-0,".repeat(17))), Ranges::Whole);
        assert_eq!(parse(None, 5), Ranges::Whole);
        assert_eq!(parse(Some("bytes=0-"), 0), Ranges::Unsatisfiable);
    }
}
