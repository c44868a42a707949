//! Files of this server's own pages: a document, its scripts, its style sheet.
//!
//! They are part of the binary, so that a page needs nothing from elsewhere. A file is told by
//! what it holds: a browser that has it asks each time (`no-cache`), and is answered 304. The
//! policy of a page is its own to say; no page runs or styles by what stands in its document.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

pub const HTML: &str = "text/html; charset=utf-8";
pub const SCRIPT: &str = "text/javascript; charset=utf-8";
pub const STYLE: &str = "text/css; charset=utf-8";
pub const DRAWING: &str = "image/svg+xml";

/// One file of a page.
pub struct File {
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    pub text: &'static str,
}

impl File {
    /// 200 and the file under a policy, 304 for who has it.
    pub fn answer(&self, policy: &'static str, asked: &HeaderMap) -> Response {
        let etag = etag_of(self.text.as_bytes());
        let own = [
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::ETAG, etag.clone()),
        ];
        if is_known(asked, &etag) {
            return (StatusCode::NOT_MODIFIED, own).into_response();
        }
        let kind: [(HeaderName, HeaderValue); 1] =
            [(header::CONTENT_TYPE, HeaderValue::from_static(self.kind))];
        (own, kind, self.text).into_response()
    }
}

/// A strong ETag of what something holds.
pub fn etag_of(bytes: &[u8]) -> HeaderValue {
    let etag = format!("\"{}\"", blake3::hash(bytes).to_hex());
    HeaderValue::from_str(&etag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether `If-None-Match` names an ETag, or any.
pub fn is_known(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let list = asked.get(header::IF_NONE_MATCH).and_then(|list| list.to_str().ok());
    let mut tags = list.unwrap_or_default().split(',').map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag)
}
