//! `http` jobs: one request, and what its answer means.
//!
//! ```json
//! {"url": "https://example.com/hook", "method": "POST", "headers": {"x-key": "1"},
//!  "body": {"any": "JSON, or a text"}, "timeout_ms": 30000}
//! ```
//! A status of 2xx completes the job. 408, 425, 429 and 5xx fail the attempt (after
//! `Retry-After`, if it says so), and so does an answer that does not come; any other one
//! discards the job, as does one that is larger than `jobs_http_max_response` or, as JSON,
//! than a result may be (1 MiB). Redirects are not followed. Each attempt has the same
//! `Idempotency-Key`, the job's id: a receiver can tell a repetition.
//!
//! A delivery of a webhook (`{"webhook": {"endpoint", "id"}, "body": …}`) goes to the URL
//! that the webhook has then, and is signed by it (`crate::events::webhook`).
//!
//! Where it goes is checked after names are resolved: an address that is not public is
//! refused unless `jobs_http_private`, and `jobs_http_hosts` may name the only hosts.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::attempt::Failure;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::events::webhook::{Delivery, Signer};

const TIMEOUT_MS: u64 = 30_000;
const TIMEOUT_MS_MAX: u64 = 3_600_000;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time that a receiver may ask to be left alone for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// Bytes of a result as JSON: what the column of a job's takes, which counts the spaces of
/// its own form, too.
const RESULT_BYTES_MAX: usize = (1 << 20) - 64;
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Headers that are the client's own.
const RESERVED: [&str; 6] =
    ["host", "content-length", "transfer-encoding", "connection", "upgrade", IDEMPOTENCY_KEY];

/// Who calls, and where it may.
pub struct Outbound {
    client: Client,
    hosts: Vec<String>,
    allows_private: bool,
    response_max: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    #[serde(default)]
    url: String,
    #[serde(default)]
    pub webhook: Option<Delivery>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Value,
    #[serde(default)]
    timeout_ms: Option<u64>,
}

/// Names to addresses, public ones alone unless others are allowed.
struct Resolver {
    allows_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allows_private = self.allows_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| allows_private || is_public(address.ip())).collect();
            match allowed.is_empty() {
                true => Err("the host has no public address (\"jobs_http_private\")".into()),
                false => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

impl Outbound {
    pub fn new(config: &Config) -> Result<Outbound> {
        let allows_private = config.jobs_http_private;
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("zserver/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Resolver { allows_private }))
            .build()
            .map_err(|error| Error::internal(format!("no client for HTTP: {error}")))?;
        let hosts = config.jobs_http_hosts.split(',').map(|host| host.trim().to_ascii_lowercase());
        Ok(Outbound {
            client,
            hosts: hosts.filter(|host| !host.is_empty()).collect(),
            allows_private,
            response_max: config.jobs_http_max_response.get(),
        })
    }

    /// The URL, if a job may go there.
    fn check(&self, text: &str) -> Result<Url, Failure> {
        let refused = |what: &str| Failure::of_request(format!("the URL \"{text}\": {what}"));
        let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused("it has to be http or https"));
        }
        let host = url.host_str().ok_or_else(|| refused("it has no host"))?;
        let is_named = |pattern: &String| match pattern.strip_prefix("*.") {
            Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
            None => host == pattern,
        };
        if !self.hosts.is_empty() && !self.hosts.iter().any(is_named) {
            return Err(refused("the host is not one of \"jobs_http_hosts\""));
        }
        // An address is not resolved.
        let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        if literal.is_some_and(|address| !self.allows_private && !is_public(address)) {
            return Err(refused("the address is not public (\"jobs_http_private\")"));
        }
        Ok(url)
    }
}

/// Calls with an idempotency key, and gives the result of a job that is done.
pub async fn call(
    outbound: &Outbound,
    call: Call,
    key: &str,
    signer: Option<&Signer>,
) -> Result<Value, Failure> {
    if call.webhook.is_some() != signer.is_some() || signer.is_some() && !call.url.is_empty() {
        return Err(Failure::of_request("a webhook's request has its URL, and is a job's"));
    }
    let url = outbound.check(signer.map_or(&call.url, |signer| &signer.url))?;
    let method = call.method.as_deref().unwrap_or("POST").to_ascii_uppercase();
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| Failure::of_request("the method is not one of HTTP"))?;
    let mut headers = headers(&call.headers)?;
    let timeout = call.timeout_ms.unwrap_or(TIMEOUT_MS);
    if timeout == 0 || timeout > TIMEOUT_MS_MAX {
        return Err(Failure::of_request(format!("timeout_ms is from 1 to {TIMEOUT_MS_MAX}")));
    }
    let body = match call.body {
        Value::Null => Vec::new(),
        Value::String(text) => text.into_bytes(),
        other => {
            let json = HeaderValue::from_static("application/json");
            headers.entry(reqwest::header::CONTENT_TYPE).or_insert(json);
            other.to_string().into_bytes()
        }
    };
    let key = HeaderValue::from_str(key)
        .map_err(|_| Failure::of_request("the idempotency key is not a header's value"))?;
    headers.insert(HeaderName::from_static(IDEMPOTENCY_KEY), key);
    if let Some(signer) = signer {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        for (name, value) in signer.headers(&body, now) {
            let value = HeaderValue::from_str(&value)
                .map_err(|_| Failure::of_request("the webhook's headers cannot be sent"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let timeout = Duration::from_millis(timeout);
    let request = outbound.client.request(method, url).headers(headers).body(body).timeout(timeout);
    let response = request.send().await.map_err(|error| failed(&reasons(&error)))?;
    judge(response, outbound.response_max).await
}

fn headers(given: &BTreeMap<String, String>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let refused = || Failure::of_request(format!("the header \"{name}\" cannot be sent"));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        if RESERVED.contains(&header.as_str()) {
            return Err(refused());
        }
        headers.insert(header, HeaderValue::from_str(value).map_err(|_| refused())?);
    }
    Ok(headers)
}

async fn judge(mut response: Response, response_max: usize) -> Result<Value, Failure> {
    let status = response.status();
    let delay = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&reasons(&error)))? {
        if body.len() + chunk.len() > response_max {
            let message = format!(
                "the answer is larger than {response_max} bytes (\"jobs_http_max_response\")"
            );
            return Err(Failure { is_retryable: false, ..failed(&message) });
        }
        body.extend_from_slice(&chunk);
    }
    // A value of JSON cannot hold NUL.
    let text = String::from_utf8_lossy(&body).replace('\0', "\u{fffd}");
    let answer = json!({"status": status.as_u16(), "body": text});
    if status.is_success() {
        let bytes = answer.to_string().len();
        if bytes > RESULT_BYTES_MAX {
            let message = format!(
                "the answer has {bytes} bytes as JSON; a result has at most {RESULT_BYTES_MAX}"
            );
            return Err(Failure { is_retryable: false, ..failed(&message) });
        }
        return Ok(answer);
    }
    let code = status.as_u16();
    let mut failure = failed(&format!("the answer has the status {code}"));
    failure.error["answer"] = answer;
    failure.is_retryable = matches!(code, 408 | 425 | 429) || status.is_server_error();
    failure.delay = delay;
    Err(failure)
}

/// `Retry-After` in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

fn failed(message: &str) -> Failure {
    let error = json!({"code": "08006", "message": message});
    Failure { error, is_retryable: true, delay: None }
}

/// An error and what it came from.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// Whether an address is one of the internet's: not this machine, not a private network,
/// not one that stands for either.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    let is_protocol = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99);
    !(a == 0
        || a >= 224
        || is_shared
        || is_benchmark
        || is_protocol
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // Mapped and compatible addresses, and those of NAT64.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        // 6to4.
        [0x2002, high, low, ..] => embedded(high, low),
        // Global unicast, without Teredo, ORCHID and documentation.
        [first, second, ..] => {
            first & 0xe000 == 0x2000
                && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
                && !(first == 0x3fff && second < 0x1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_public_are_known() {
        let public = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"];
        let others = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
        ];
        let is_public = |text: &&str| super::is_public(text.parse().expect("an address"));
        assert!(public.iter().all(is_public));
        assert_eq!(others.iter().filter(|text| is_public(text)).collect::<Vec<_>>(), [&""; 0]);
    }

    fn outbound(hosts: &str, allows_private: bool) -> Outbound {
        let config = Config {
            jobs_http_hosts: hosts.to_owned(),
            jobs_http_private: allows_private,
            ..Config::default()
        };
        Outbound::new(&config).expect("a client")
    }

    #[test]
    fn only_hosts_that_are_allowed_are_called() {
        let allowed = |outbound: &Outbound, url: &str| outbound.check(url).is_ok();
        let any = outbound("", false);
        assert!(allowed(&any, "https://example.com/x") && allowed(&any, "http://1.1.1.1/"));
        for url in [
            "http://127.0.0.1/",
            "http://[::1]:80/",
            "http://0x7f000001/",
            "http://2130706433/",
            "file:///etc/passwd",
            "gopher://x/",
            "nonsense",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert!(!allowed(&any, url), "{url}");
        }
        let some = outbound("example.com, *.Example.org", true);
        assert!(allowed(&some, "http://EXAMPLE.com:8080/"));
        assert!(allowed(&some, "https://a.b.example.org/"));
        for url in ["https://example.org/", "https://evilexample.org/", "http://127.0.0.1/"] {
            assert!(!allowed(&some, url), "{url}");
        }
    }

    #[test]
    fn headers_of_the_client_cannot_be_given() {
        let header = |name: &str, value: &str| {
            headers(&BTreeMap::from([(name.to_owned(), value.to_owned())])).is_ok()
        };
        assert!(header("X-Key", "1"));
        assert!(!header("Host", "x") && !header("Idempotency-Key", "2") && !header("a b", "x"));
        assert!(!header("x", "a\r\nb: c"));
    }
}
