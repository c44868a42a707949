//! The name that a request was sent to: whether it is one of this server's.
//!
//! A page can make a name of its own lead to this server's address once a browser has
//! loaded it (DNS rebinding). To the browser the server is of the page's own origin then:
//! nothing in the request tells it from the server's own pages but the name in `Host`
//! (`:authority` of HTTP/2). The page gains what is given to whoever comes from the
//! browser's address; it has no password, token or key that it does not bring itself, for
//! the browser keeps these by name, and over TLS no certificate of this server is good for
//! its name. Hence
//!
//! | `http_allowed_hosts` | a request that names another host |
//! |---|---|
//! | empty (default) | without TLS, is not proved by where it comes from: 421 where a rule of `pg_hba.conf` trusts it, `/metrics` asks it for a proof, a login over `/v2` needs a password. With a password, a token, a key or a signed URL, and at what is public, any name will do |
//! | `db.example.com, *.example.com` | is refused, whatever it brings (421) |
//! | `*` | is taken: something before this server looks at names |
//!
//! Addresses, `localhost` and names below it lead nowhere else, so they are always taken; so
//! is a request without a name, which no browser sends. Ports are not looked at.
//!
//! Not here: that a page of another origin asks under the server's own name ([`super::origin`]).

use std::net::IpAddr;

use axum::http::header;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use crate::config::list::Hosts;
use crate::http::problem::Problem;
use crate::observe::refusal::Reason;
use crate::sqlstate;

/// Whether a request names a host that is surely, or by the configuration, this server. Over
/// TLS its certificate says so where the configuration does not.
pub fn is_own(parts: &Parts, hosts: &Hosts, is_encrypted: bool) -> bool {
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    match authority.or_else(|| text(&parts.headers)) {
        None => true,
        Some(_) if is_encrypted && hosts.is_none() => true,
        Some(host) => hosts.is_all() || is_fixed(name_of(host)) || hosts.has(name_of(host)),
    }
}

/// Of several, and of what is no text, none.
fn text(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::HOST).iter();
    let first = all.next()?;
    Some(if all.next().is_some() { "" } else { first.to_str().unwrap_or_default() })
}

/// Without the port and the dot of the root.
fn name_of(host: &str) -> &str {
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    host.strip_suffix('.').unwrap_or(host)
}

/// Whether no name server says where a name leads.
fn is_fixed(name: &str) -> bool {
    let is_below = |name: &str| name.to_ascii_lowercase().ends_with(".localhost");
    name.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost") || is_below(name)
}

/// 421 (`28000`): this server does not answer for that name.
pub fn refused() -> Problem {
    let code = sqlstate::INVALID_AUTHORIZATION_SPECIFICATION;
    let message = "the host that the request names is none of this server";
    let problem = Problem::plain(StatusCode::MISDIRECTED_REQUEST, code, message);
    let hint = "Bring a password or a token, or put the name into \"http_allowed_hosts\".";
    problem.with_hint(hint).refuses(Reason::Host)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::config::list;

    fn is_own_name(host: Option<&str>, setting: &str) -> bool {
        let mut request = Request::builder().uri("/api/v1/sql");
        if let Some(host) = host {
            request = request.header("host", host);
        }
        is_own(&request.body(()).unwrap().into_parts().0, &list::hosts(setting).unwrap(), false)
    }

    #[test]
    fn addresses_and_localhost_are_always_its_own() {
        for host in [
            "localhost",
            "localhost:8432",
            "LocalHost.:8432",
            "app.localhost",
            "127.0.0.1:8432",
            "10.0.0.7",
            "[::1]:8432",
            "[2001:db8::1]",
        ] {
            assert!(is_own_name(Some(host), "") && is_own_name(Some(host), "a.b"), "{host}");
        }
        assert!(is_own_name(None, "a.b"), "no browser");
    }

    #[test]
    fn names_are_its_own_if_it_is_said() {
        for (host, setting, is_own) in [
            ("evil.example", "", false),
            ("evil.example", "*", true),
            ("127.0.0.1.evil.example", "", false),
            ("localhost.evil.example", "", false),
            ("notlocalhost", "", false),
            ("", "", false),
            ("a:b:c", "", false),
            ("db.example", "db.example, *.apps.example", true),
            ("DB.Example.:443", "db.example, *.apps.example", true),
            ("x.apps.example", "db.example, *.apps.example", true),
            ("x.y.apps.example", "*.apps.example", true),
            ("apps.example", "*.apps.example", false),
            ("xapps.example", "*.apps.example", false),
            ("db.example.evil", "db.example", false),
        ] {
            assert_eq!(is_own_name(Some(host), setting), is_own, "{host} by {setting:?}");
        }
    }

    #[test]
    fn of_two_names_none_is_believed() {
        let request = Request::builder().uri("/").header("host", "localhost").header("host", "x");
        let parts = request.body(()).unwrap().into_parts().0;
        assert!(!is_own(&parts, &list::hosts("").unwrap(), false));
    }

    #[test]
    fn over_http_2_the_authority_counts() {
        let request = Request::builder().uri("https://evil.example/").header("host", "localhost");
        let parts = request.body(()).unwrap().into_parts().0;
        assert!(!is_own(&parts, &list::hosts("").unwrap(), false));
        // No certificate of this server is good for a name that is another's.
        assert!(is_own(&parts, &list::hosts("").unwrap(), true));
        assert!(!is_own(&parts, &list::hosts("a.b").unwrap(), true));
    }
}
