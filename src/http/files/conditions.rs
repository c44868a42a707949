//! Conditional requests (RFC 9110, 13).

use axum::http::{HeaderMap, header};

use super::super::problem::Problem;
use crate::error::Error;

/// What the conditions of a GET or HEAD say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Go,
    NotModified,
    Failed,
}

/// Compares the conditions of a read with an ETag (without quotes) and a time.
pub fn judge(headers: &HeaderMap, etag: &str, modified: i64) -> Verdict {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match text(header::IF_MATCH) {
        Some(list) if !matches(list, etag, false) => return Verdict::Failed,
        Some(_) => {}
        None => {
            if let Some(time) = text(header::IF_UNMODIFIED_SINCE).and_then(parse_date)
                && modified > time
            {
                return Verdict::Failed;
            }
        }
    }
    match text(header::IF_NONE_MATCH) {
        Some(list) if matches(list, etag, true) => Verdict::NotModified,
        Some(_) => Verdict::Go,
        None => match text(header::IF_MODIFIED_SINCE).and_then(parse_date) {
            Some(time) if modified <= time => Verdict::NotModified,
            _ => Verdict::Go,
        },
    }
}

/// Whether `Range` counts: there is no If-Range, or it is of this content.
pub fn range_counts(headers: &HeaderMap, etag: &str, modified: i64) -> bool {
    let Some(value) = headers.get(header::IF_RANGE) else { return true };
    let text = value.to_str().unwrap_or_default().trim();
    match text.starts_with('"') || text.starts_with("W/") {
        true => text == format!("\"{etag}\""),
        false => parse_date(text) == Some(modified),
    }
}

/// The conditions of a write, as `files.store` takes them: hashes, `*`, or `-` for a file
/// that is not there yet.
pub fn of_write(headers: &HeaderMap) -> Result<Option<Vec<String>>, Problem> {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().trim())
    };
    for name in [header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE] {
        if headers.contains_key(&name) {
            return Err(Problem::of(&Error::unsupported(format!("{name} of a write")), ""));
        }
    }
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(None),
        (Some("*"), None) => Ok(Some(vec!["*".to_owned()])),
        (Some(list), None) => {
            let tags: Vec<String> =
                tags(list).filter(|tag| !tag.weak).map(|tag| tag.text.to_owned()).collect();
            Ok(Some(tags))
        }
        (None, Some("*")) => Ok(Some(vec!["-".to_owned()])),
        (None, Some(_)) => {
            Err(Problem::of(&Error::unsupported("If-None-Match of a write, other than *,"), ""))
        }
        (Some(_), Some(_)) => Err(Problem::bad_request("either If-Match or If-None-Match")),
    }
}

struct Tag<'a> {
    text: &'a str,
    weak: bool,
}

fn matches(list: &str, etag: &str, weakly: bool) -> bool {
    list.trim() == "*" || tags(list).any(|tag| tag.text == etag && (weakly || !tag.weak))
}

/// Ours have no commas or quotes, so those that do may be cut where they are.
fn tags(list: &str) -> impl Iterator<Item = Tag<'_>> {
    list.split(',').filter_map(|tag| {
        let tag = tag.trim();
        let (weak, tag) = match tag.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, tag),
        };
        let text = tag.strip_prefix('"')?.strip_suffix('"')?;
        Some(Tag { text, weak })
    })
}

/// Seconds since 1970.
fn parse_date(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc2822(text.trim()).ok().map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.insert(axum::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        map
    }

    #[test]
    fn reads_depend_on_etags_and_times() {
        let date = super::super::http_date(1_000_000_000);
        let earlier = super::super::http_date(999_999_999);
        let of = |pairs: &[(&str, &str)]| judge(&headers(pairs), "abc", 1_000_000_000);
        assert_eq!(of(&[]), Verdict::Go);
        assert_eq!(of(&[("if-none-match", "\"x\", W/\"abc\"")]), Verdict::NotModified);
        assert_eq!(of(&[("if-none-match", "*")]), Verdict::NotModified);
        assert_eq!(of(&[("if-none-match", "\"x\""), ("if-modified-since", &date)]), Verdict::Go);
        assert_eq!(of(&[("if-modified-since", &date)]), Verdict::NotModified);
        assert_eq!(of(&[("if-modified-since", &earlier)]), Verdict::Go);
        assert_eq!(of(&[("if-modified-since", "yesterday")]), Verdict::Go);
        assert_eq!(of(&[("if-match", "\"abc\"")]), Verdict::Go);
        assert_eq!(of(&[("if-match", "W/\"abc\"")]), Verdict::Failed);
        assert_eq!(of(&[("if-match", "\"x\"")]), Verdict::Failed);
        assert_eq!(of(&[("if-unmodified-since", &earlier)]), Verdict::Failed);
        let counts =
            |value: &str| range_counts(&headers(&[("if-range", value)]), "abc", 1_000_000_000);
        assert!(counts("\"abc\"") && counts(&date));
        assert!(!counts("\"x\"") && !counts("W/\"abc\"") && !counts(&earlier));
    }

    #[test]
    fn writes_depend_on_what_is_there() {
        let of = |pairs: &[(&str, &str)]| of_write(&headers(pairs)).map_err(|p| p.status.as_u16());
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[("if-none-match", "*")]), Ok(Some(vec!["-".to_owned()])));
        assert_eq!(of(&[("if-match", "\"a\", W/\"b\"")]), Ok(Some(vec!["a".to_owned()])));
        assert_eq!(of(&[("if-none-match", "\"a\"")]), Err(501));
        assert_eq!(of(&[("if-match", "*"), ("if-none-match", "*")]), Err(400));
    }
}
