//! What is secret, taken out of texts that others read: every line of the log, and the
//! audit log.
//!
//! Secrets are not logged anywhere on purpose; a message that quotes a header, a URL or a
//! connection string would tell one all the same. So each line goes through [`redact`] on
//! its way out:
//!
//! ```text
//! GET /rt?access_token=eyJh…&v=1       GET /rt?access_token=***&v=1
//! authorization: Bearer zsk_…          authorization: ***
//! postgresql://ann:s3cret@db/app       postgresql://ann:***@db/app
//! ```
//!
//! It knows names (`Authorization`, `Cookie`, `apikey`, `Neon-Connection-String`,
//! `access_token=`, `join_request=`, `password=`, `signature=` and the like), passwords in
//! URLs, and what a token or an API key of this server looks like. A secret under a name of
//! its own is not known: what clients write into statements is theirs (`log_statement` hides
//! what follows the word PASSWORD).

use std::borrow::Cow;
use std::sync::LazyLock;

use fancy_regex::{Captures, Regex};

/// Headers whose whole value is secret; up to a quote or the end of the line.
const HEADERS: &str = "authorization|proxy-authorization|cookie|set-cookie|neon-connection-string";

/// Names whose value ends where a parameter or a word does.
const NAMES: &str = "api-?key|access_token|refresh_token|id_token|join_request|client_secret|\
    secret_access_key|password|passwd|passphrase|signature|credential";

/// What follows a name: up to the quote that it began with, which may be of a text within a
/// text, or else up to the end of a word.
const VALUE: &str =
    r#"(?:(?<=\\")[^"\\\r\n]+|(?<=")(?:[^"\\\r\n]|\\.)+|(?<=')[^'\r\n]+|[^\s"'\\&;,})]+)"#;

/// Connection strings, keys of this server, and tokens, wherever they stand.
const SHAPES: &str = r"(?<url>\b[a-z][a-z0-9+.-]*://[^\s:/@'\x22]*:)[^\s@/'\x22]+@|\b(?<key>zs[a-z]_)[A-Za-z0-9_-]{8,}|\b(?<jwt>eyJ)[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*";

static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r#"(?<header>\b(?i:{HEADERS})(?:\\?["'])?\s*[:=]\s*(?:\\?["'])?)[^"'\\\r\n]+|(?<name>\b(?i:{NAMES})(?:\\?["'])?\s*[:=]\s*(?:\\?["'])?){VALUE}|{SHAPES}"#
    );
    Regex::new(&pattern).expect("the pattern is right")
});

/// Words that every secret is near: most texts have none of them.
static HINTS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = "(?i:auth|cookie|api-?key|neon-|token|join_req|secret|passw|passp|signature|credential|zs[a-z]_|eyj|://)";
    Regex::new(pattern).expect("the pattern is right")
});

/// A text without the secrets in it.
pub fn redact(text: &str) -> Cow<'_, str> {
    if !HINTS.is_match(text).unwrap_or(true) {
        return text.into();
    }
    SECRETS.replace_all(text, |found: &Captures<'_>| {
        let kept = |name| found.name(name).map(|kept| kept.as_str());
        match kept("url") {
            Some(url) => format!("{url}***@"),
            None => {
                let rest = ["header", "name", "key", "jwt"].into_iter().find_map(kept);
                format!("{}***", rest.unwrap_or_default())
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_told() {
        for (text, shown) in [
            ("GET /rt?access_token=abc.d&v=1", "GET /rt?access_token=***&v=1"),
            ("/rtc/v1?join_request=H4sI-x_y&sdk=js", "/rtc/v1?join_request=***&sdk=js"),
            ("Authorization: Basic cG9zdGdyZXM6", "Authorization: ***"),
            (
                "{\"authorization\": \"Bearer x y\", \"a\": 1}",
                "{\"authorization\": \"***\", \"a\": 1}",
            ),
            (r#"{"m": "\"apikey\": \"abc\""}"#, r#"{"m": "\"apikey\": \"***\""}"#),
            ("Cookie: a=b; c=d", "Cookie: ***"),
            ("apikey=abc api-key: def", "apikey=*** api-key: ***"),
            ("neon-connection-string: postgres://a:b@c/d", "neon-connection-string: ***"),
            ("postgresql://ann:s3cret@db:5432/app", "postgresql://ann:***@db:5432/app"),
            ("the key zsk_0123456789abcdef is old", "the key zsk_*** is old"),
            ("eyJhbGciOi.eyJzdWIi.c2ln came", "eyJ*** came"),
            ("host=h password=s3 user=u", "host=h password=*** user=u"),
            ("{\"refresh_token\":\"zsr_x\"}", "{\"refresh_token\":\"***\"}"),
            ("{\"password\": \"two words\", \"a\": 1}", "{\"password\": \"***\", \"a\": 1}"),
            (r#"{"password": "a \"b\" c", "d": 1}"#, r#"{"password": "***", "d": 1}"#),
            ("password='two words' user=u", "password='***' user=u"),
            ("GET /a?expires=1&signature=0a1b&x=1", "GET /a?expires=1&signature=***&x=1"),
        ] {
            assert_eq!(redact(text), shown, "{text}");
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            "password authentication failed for user \"ann\"",
            "connection received: host=127.0.0.1 port=5432",
            "https://example.com:8080/a?b=c",
            "SELECT password FROM t",
            "ALTER ROLE a PASSWORD '***' LOGIN",
        ] {
            assert!(matches!(redact(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
