//! Asking an issuer for its keys, which somebody else's URL says where to find.
//!
//! An answer is JSON, bounded in size and time; redirects are not followed. Without
//! `auth_private_issuers` (or `dev`) only `https` to public addresses is spoken: the name
//! in a URL is resolved here, and addresses of the machine itself, of private networks
//! and of links are left out, so that no issuer can make the server ask what only it can
//! reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, redirect};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::config::Config;

/// The clients for public issuers, and for any.
#[derive(Default)]
pub struct Fetcher {
    public: OnceCell<Client>,
    any: OnceCell<Client>,
}

impl Fetcher {
    /// A document; what was wrong with it in words for the log.
    pub async fn json(&self, config: &Config, url: &str) -> Result<Value, String> {
        let url = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
        let allows_private = config.auth_private_issuers || config.dev;
        check(&url, allows_private)?;
        let client = if allows_private { &self.any } else { &self.public };
        let client = client.get_or_try_init(async || client_for(allows_private)).await?;
        let answer = async {
            let wrong = |error: reqwest::Error| error.without_url().to_string();
            let mut response = client
                .get(url.clone())
                .header("accept", "application/json")
                .send()
                .await
                .map_err(wrong)?;
            if !response.status().is_success() {
                return Err(format!("the answer is {}", response.status()));
            }
            let max = config.auth_jwks_max.get();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(wrong)? {
                if body.len() + chunk.len() > max {
                    return Err(format!(
                        "the answer is larger than {max} bytes (\"auth_jwks_max\")"
                    ));
                }
                body.extend_from_slice(&chunk);
            }
            serde_json::from_slice(&body).map_err(|error| error.to_string())
        };
        let answered = tokio::time::timeout(config.auth_jwks_timeout.duration(), answer).await;
        answered
            .unwrap_or_else(|_| Err("there was no answer in time".to_owned()))
            .map_err(|error| format!("{url}: {error}"))
    }
}

fn client_for(allows_private: bool) -> Result<Client, String> {
    let mut builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
    if !allows_private {
        builder = builder.https_only(true).dns_resolver(Arc::new(PublicOnly));
    }
    builder.build().map_err(|error| error.to_string())
}

fn check(url: &Url, allows_private: bool) -> Result<(), String> {
    match url.scheme() {
        "https" => {}
        "http" if allows_private => {}
        other => return Err(format!("{url}: the scheme \"{other}\" is not allowed")),
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) if !allows_private && !is_public(address) => {
            Err(format!("{url}: the address is not public"))
        }
        _ if host.is_empty() => Err(format!("{url}: there is no host")),
        _ => Ok(()),
    }
}

/// Resolves names to their public addresses.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| is_public(it.ip())).collect();
            if public.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        || first >= 240
        // Carriers' own, protocol assignments, 6to4 relays, benchmarks.
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 192 && second == 88 && third == 99)
        || (first == 198 && (18..20).contains(&second));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Global unicast, without documentation, Teredo, ORCHID and 6to4, which hold others.
    let is_global = segments[0] & 0xe000 == 0x2000;
    let is_special = (segments[0] == 0x2001 && (segments[1] < 0x0200 || segments[1] == 0x0db8))
        || segments[0] == 0x2002
        || segments[0] == 0x3fff;
    is_global && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let public = |text: &str| is_public(text.parse().expect("an address"));
        for address in ["1.1.1.1", "172.15.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
        {
            assert!(public(address), "{address}");
        }
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "2001:db8::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn only_https_to_public_hosts_is_asked() {
        let allowed = |url: &str, private| check(&Url::parse(url).expect("a URL"), private).is_ok();
        assert!(allowed("https://issuer.example/keys", false));
        assert!(!allowed("http://issuer.example/keys", false));
        assert!(!allowed("https://127.0.0.1/keys", false));
        assert!(!allowed("https://[::1]/keys", false));
        // As browsers read it: 127.0.0.1.
        assert!(!allowed("https://2130706433/keys", false));
        assert!(allowed("http://127.0.0.1:8080/keys", true));
        assert!(!allowed("file:///etc/passwd", true));
    }
}
