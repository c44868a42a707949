//! A name for each request: `X-Request-Id`, as it came or new, in the answer and in what
//! the log tells of the request.

use axum::http::{HeaderMap, HeaderValue};

pub const HEADER: &str = "x-request-id";

/// Bytes of one that is taken over.
const BYTES_MAX: usize = 128;

/// The name of a request, among its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// What the client calls it, if that is a plain word, or a new one.
    pub fn of(headers: &HeaderMap) -> RequestId {
        let given = headers.get(HEADER).filter(|value| is_plain(value.as_bytes()));
        RequestId(given.cloned().unwrap_or_else(|| {
            let text = format!("{:032x}", rand::random::<u128>());
            HeaderValue::from_str(&text).expect("digits are a header's value")
        }))
    }

    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub fn put(&self, headers: &mut HeaderMap) {
        headers.insert(HEADER, self.0.clone());
    }
}

/// Nothing that could break a line of a log, or look like more than a word of it.
fn is_plain(bytes: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:+/=".contains(byte);
    !bytes.is_empty() && bytes.len() <= BYTES_MAX && bytes.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_word_is_taken_over() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_str(value).unwrap());
            RequestId::of(&headers).as_str().to_owned()
        };
        assert_eq!(of("Root=1-67891233-abcdef"), "Root=1-67891233-abcdef");
        for other in ["", "a b", "a\"b", &"x".repeat(129)] {
            assert_eq!(of(other).len(), 32, "{other}");
        }
        assert_ne!(of(""), of(""));
    }
}
