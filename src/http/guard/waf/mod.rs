//! Requests that look like attacks: scored rules over paths, queries, headers and bodies.
//!
//! ```text
//! GET /rest/v1/t?id=1'%20union%20select%20usename%20from%20pg_shadow--
//!   170 union of queries                 5
//!   172 quote and comment                4
//!   175 names of system catalogs         4        13 ≥ http_waf_threshold (5)
//! ```
//! A rule that fits adds its score once; a request with `http_waf_threshold` or more is told
//! of in the log with the numbers of its rules (`http_waf = log`), and refused with 403
//! (`block`). What was sent is not told, only where it fitted.
//!
//! What is looked at: the path, the query, headers but for proofs, and the bodies of routes
//! that take neither statements nor data ([`looks_at_body`]). **Never** SQL, which is what
//! this server is for: it is bound by privileges; nor contents of files, points, rows or
//! jobs, which may hold anything. So this guards little that matters here, where values are
//! parameters and names are quoted: it is for what stands behind, and for knowing who
//! tries.
//!
//! The rules are data, `rules.tsv`, written from the published descriptions of the OWASP
//! Core Rule Set's, whose numbers their meanings name. A text is made plain before
//! ([`plain`]): decoded twice, in lower case, composed alike. One search for the literals that
//! the rules of a target need says first whether any could fit; most requests cost no more.
//! No pattern looks ahead or back, so that each is linear in what it reads.
//!
//! `tests/data/guard/waf.tsv` has texts that a rule has to find, and texts that none may;
//! `tests/data/guard/clients.tsv` what unmodified clients send.

mod body;
mod plain;

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::request::Parts;
use fancy_regex::Regex;

pub use body::{look, texts};
use plain::plain;

use super::class::Class;

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Path and query as they came.
    Raw,
    Path,
    Query,
    Header,
    Agent,
    Body,
}

const TARGETS: [(&str, Target); 6] = [
    ("raw", Target::Raw),
    ("path", Target::Path),
    ("query", Target::Query),
    ("header", Target::Header),
    ("agent", Target::Agent),
    ("body", Target::Body),
];

struct Rule {
    id: u32,
    targets: Vec<Target>,
    /// A text without any of them cannot fit.
    literals: Vec<String>,
    pattern: Regex,
    score: u32,
}

struct Rules {
    rules: Vec<Rule>,
    /// The literals of all rules of a target, in the order of [`TARGETS`].
    hints: Vec<Regex>,
}

static RULES: LazyLock<Rules> =
    LazyLock::new(|| Rules::read(include_str!("rules.tsv")).expect("the rules are right"));

impl Rules {
    fn read(text: &str) -> Result<Rules, String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rules = lines.map(Rule::read).collect::<Result<Vec<_>, _>>()?;
        let hints = |(_, target): &(&str, Target)| {
            let of = rules.iter().filter(|rule| rule.targets.contains(target));
            let literals: Vec<_> =
                of.flat_map(|rule| &rule.literals).map(|text| fancy_regex::escape(text)).collect();
            Regex::new(&literals.join("|")).map_err(|error| error.to_string())
        };
        let hints = TARGETS.iter().map(hints).collect::<Result<Vec<_>, _>>()?;
        Ok(Rules { rules, hints })
    }

    fn judge(&self, target: Target, text: &str, found: &mut Found) {
        let at = TARGETS.iter().position(|(_, other)| *other == target);
        // An expression that gives up has found nothing.
        let fits = |pattern: &Regex| pattern.is_match(text).unwrap_or(false);
        if text.is_empty() || !at.is_some_and(|at| fits(&self.hints[at])) {
            return;
        }
        for rule in &self.rules {
            if rule.targets.contains(&target)
                && !found.rules.contains(&rule.id)
                && rule.literals.iter().any(|literal| text.contains(literal.as_str()))
                && fits(&rule.pattern)
            {
                found.rules.push(rule.id);
                found.score += rule.score;
            }
        }
    }
}

impl Rule {
    fn read(line: &str) -> Result<Rule, String> {
        let [id, targets, score, literals, pattern, _meaning] =
            line.split('\t').collect::<Vec<_>>()[..]
        else {
            return Err(format!("not of six columns: {line}"));
        };
        let target = |name: &str| {
            let found = TARGETS.iter().find(|(known, _)| *known == name);
            found.map(|(_, target)| *target).ok_or_else(|| format!("no target: {line}"))
        };
        Ok(Rule {
            id: id.parse().map_err(|_| format!("no number: {line}"))?,
            targets: targets.split(',').map(target).collect::<Result<_, _>>()?,
            score: score.parse().map_err(|_| format!("no score: {line}"))?,
            literals: literals.split('¦').map(|text| text.replace("\\r", "\r")).collect(),
            pattern: Regex::new(&format!("(?m){pattern}")).map_err(|e| format!("{id}: {e}"))?,
        })
    }
}

/// The rules that fit a request, and what they add up to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub score: u32,
    pub rules: Vec<u32>,
}

/// Headers whose values are proofs, encoded, or the server's own words.
const UNSEEN: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "api-key",
    "apikey",
    "authorization",
    "baggage",
    "connection",
    "content-digest",
    "content-length",
    "cookie",
    "host",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "neon-connection-string",
    "proxy-authorization",
    "repr-digest",
    "sec-websocket-key",
    "traceparent",
    "tracestate",
    "upload-checksum",
    "upload-metadata",
    "user-agent",
];

/// Judges all of a request but its body.
pub fn judge_head(parts: &Parts) -> Found {
    let mut found = Found::default();
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    if let Some(raw) = parts.uri.path_and_query() {
        RULES.judge(Target::Raw, &raw.as_str().to_ascii_lowercase(), &mut found);
    }
    RULES.judge(Target::Path, &plain(path, false), &mut found);
    if !query.is_empty() {
        let lines: Vec<String> = query.split('&').map(|pair| plain(pair, true)).collect();
        RULES.judge(Target::Query, &lines.join("\n"), &mut found);
    }
    judge_headers(&parts.headers, &mut found);
    found
}

fn judge_headers(headers: &HeaderMap, found: &mut Found) {
    let text =
        |value: &axum::http::HeaderValue| plain(&String::from_utf8_lossy(value.as_bytes()), false);
    let seen = headers.iter().filter(|(name, _)| !UNSEEN.contains(&name.as_str()));
    let lines: Vec<String> = seen.map(|(_, value)| text(value)).collect();
    RULES.judge(Target::Header, &lines.join("\n"), found);
    if let Some(agent) = headers.get(axum::http::header::USER_AGENT) {
        RULES.judge(Target::Agent, &text(agent), found);
    }
}

/// Judges texts of a body, a line each.
pub fn judge_body(text: &str, found: &mut Found) {
    RULES.judge(Target::Body, text, found);
}

/// Routes whose bodies are neither statements nor data.
pub fn looks_at_body(class: Class, path: &str) -> bool {
    match class {
        Class::Auth | Class::Admin => true,
        Class::User => path.starts_with("/api/v1/auth/") || path.starts_with("/auth/v1/"),
        Class::Data => path.starts_with("/api/v1/queues/"),
        Class::Health | Class::Anonymous => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn lines(path: &str) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(path).expect("the corpus");
        let of = |line: &str| line.split('\t').map(str::to_owned).collect();
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(of).collect()
    }

    /// A URL with what none may hold encoded.
    fn sendable(url: &str) -> String {
        let encoded = |c: char| match c {
            '<' | '>' | '"' | '\\' | '^' | '`' | '{' | '}' | '|' | ' ' => {
                format!("%{:02X}", c as u32)
            }
            c => c.to_string(),
        };
        url.chars().map(encoded).collect()
    }

    /// A request of a target's text.
    fn judged(target: &str, text: &str) -> Found {
        let mut request = Request::builder().uri("/");
        match target {
            "path" | "query" => request = request.uri(sendable(text)),
            "agent" => request = request.header("user-agent", text),
            "header" => request = request.header("referer", text),
            "body" => {
                let mut found = Found::default();
                judge_body(&body::texts(text.as_bytes()), &mut found);
                return found;
            }
            other => panic!("{other}"),
        }
        judge_head(&request.body(()).expect(text).into_parts().0)
    }

    #[test]
    fn attacks_of_the_corpus_are_found_and_what_is_none_is_not() {
        let (mut found_ids, mut clean) = (Vec::new(), 0);
        for line in lines("tests/data/guard/waf.tsv") {
            let [rule, target, text] = &line[..] else { panic!("{line:?}") };
            let found = judged(target, text);
            match rule.as_str() {
                "-" => {
                    clean += 1;
                    assert!(found.score < 5, "{text}: {found:?}");
                }
                id => {
                    let id: u32 = id.parse().expect("a number");
                    found_ids.push(id);
                    assert!(found.rules.contains(&id), "{id} in {text}: {found:?}");
                }
            }
        }
        let missing: Vec<u32> =
            RULES.rules.iter().map(|rule| rule.id).filter(|id| !found_ids.contains(id)).collect();
        assert!(missing.is_empty(), "rules without a case: {missing:?}");
        assert!(clean >= 60, "{clean}");
        assert!(RULES.rules.len() >= 40);
    }

    #[test]
    fn what_clients_send_looks_like_no_attack() {
        let mut count = 0;
        for line in lines("tests/data/guard/clients.tsv") {
            let [method, url, headers, body] = &line[..] else { panic!("{line:?}") };
            let mut request = Request::builder().method(method.as_str()).uri(url);
            for header in headers.split(" | ").filter(|header| !header.is_empty()) {
                let (name, value) = header.split_once(": ").expect("a header");
                request = request.header(name, value);
            }
            let (parts, ()) = request.body(()).expect(url).into_parts();
            let mut found = judge_head(&parts);
            let class = super::super::class::of(&parts.method, parts.uri.path());
            if looks_at_body(class, parts.uri.path()) {
                judge_body(&body::texts(body.as_bytes()), &mut found);
            }
            assert_eq!(found, Found::default(), "{method} {url}");
            count += 1;
        }
        assert!(count >= 50, "{count}");
    }

    #[test]
    fn a_long_text_is_judged_in_time() {
        let mut found = Found::default();
        for text in ["a ".repeat(32 << 10), "(((".repeat(20 << 10), "<a onx ".repeat(9 << 10)] {
            judge_body(&text, &mut found);
        }
    }
}
