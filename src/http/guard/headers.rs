//! What every answer says to browsers.
//!
//! | header | value |
//! |---|---|
//! | `X-Content-Type-Options` | `nosniff` |
//! | `X-Frame-Options` | `DENY` |
//! | `Referrer-Policy` | `no-referrer`: URLs hold names of tables and files |
//! | `Content-Security-Policy` | of a page: its own scripts, styles and images alone; of all else: nothing |
//! | `Strict-Transport-Security` | `http_hsts_max_age`, over TLS only |
//!
//! A handler that sets one of them knows better: files that clients have stored are
//! sandboxed (`http::files`).

use axum::http::{HeaderMap, HeaderValue, header};

/// Of a page of this server.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' \
    'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// Of data, which nothing is to be run or loaded from.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

const COMMON: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
];

/// Sets those that are not there. `hsts_seconds`: none where the connection is in clear.
pub fn harden(headers: &mut HeaderMap, hsts_seconds: Option<u64>) {
    for (name, value) in COMMON {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    let policy = if is_page(headers) { PAGE_POLICY } else { DATA_POLICY };
    let policy = HeaderValue::from_static(policy);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    if let Some(seconds) = hsts_seconds.filter(|seconds| *seconds > 0) {
        let value = HeaderValue::from_str(&format!("max-age={seconds}"));
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(value.expect("a number"));
    }
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes());
    kind.is_some_and(|kind| kind.starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_depends_on_what_it_is_and_how_it_came() {
        let mut data = HeaderMap::new();
        harden(&mut data, None);
        assert_eq!(data[header::CONTENT_SECURITY_POLICY], DATA_POLICY);
        assert!(!data.contains_key(header::STRICT_TRANSPORT_SECURITY));
        let mut page = HeaderMap::new();
        page.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        harden(&mut page, Some(31_536_000));
        assert_eq!(page[header::CONTENT_SECURITY_POLICY], PAGE_POLICY);
        assert_eq!(page[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000");
        let mut own = HeaderMap::new();
        own.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
        harden(&mut own, Some(0));
        assert_eq!(own[header::CONTENT_SECURITY_POLICY], "sandbox");
        assert!(!own.contains_key(header::STRICT_TRANSPORT_SECURITY), "0 is not at all");
        assert_eq!(own[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}
