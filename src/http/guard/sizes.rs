//! How large a request's head may be.
//!
//! | setting | default | beyond it |
//! |---|---|---|
//! | `http_max_url` | 16 kB | 414 |
//! | `http_max_head` | 64 kB: the line and the headers | 431 |
//! | `http_max_headers` | 100 | 431 |
//!
//! The parser's own bounds are a little wider than these, so that what is only somewhat too
//! large is told in a problem; what is far too large ends in the parser, with a bare
//! status. Bodies are bounded where they are read (`http_max_body` and others), and a head
//! or a body that does not come in `http_read_timeout` is cut off.

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use crate::config::Config;
use crate::http::problem::Problem;
use crate::observe::refusal::Reason;
use crate::sqlstate;

/// What a header takes besides its name and value: a colon, a space, the end of the line.
const LINE_BYTES: usize = 4;

fn head_bytes(parts: &Parts) -> usize {
    let line = parts.method.as_str().len() + url_bytes(parts) + " HTTP/1.1\r\n".len();
    line + headers_bytes(&parts.headers)
}

fn headers_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + LINE_BYTES).sum()
}

fn url_bytes(parts: &Parts) -> usize {
    parts.uri.path_and_query().map_or(0, |url| url.as_str().len())
}

/// 414 or 431 for a head that is too large.
pub fn check(config: &Config, parts: &Parts) -> Result<(), Problem> {
    let too_large = |status, what: &str, limit: usize, setting: &str| {
        let message = format!("the {what} more than {limit} (\"{setting}\")");
        let problem = Problem::plain(status, sqlstate::PROGRAM_LIMIT_EXCEEDED, &message);
        Err(problem.refuses(Reason::Head))
    };
    let url = config.http_max_url.get();
    if url_bytes(parts) > url {
        return too_large(StatusCode::URI_TOO_LONG, "bytes of the URL are", url, "http_max_url");
    }
    let (status, count) = (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, config.http_max_headers);
    if parts.headers.len() > count {
        return too_large(status, "headers are", count, "http_max_headers");
    }
    let head = config.http_max_head.get();
    if head_bytes(parts) > head {
        return too_large(status, "bytes of the head are", head, "http_max_head");
    }
    Ok(())
}
