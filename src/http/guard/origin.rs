//! Pages of other origins: which may ask (CORS), and which may not make a browser ask in
//! its user's name (CSRF).
//!
//! What a browser adds to a request by itself proves that its user has logged in, not that
//! the user wants the request: cookies, a client certificate, a password of Basic
//! authorization that it remembers, or an address that `pg_hba.conf` trusts. So a request
//! that rests on one of these, and that changes something or opens a WebSocket, has to come
//! from a page of this server, from a page in `http_cors_origins`, or from no page at all:
//!
//! | `Sec-Fetch-Site` | `Origin` | |
//! |---|---|---|
//! | `same-origin`, `none` | | taken |
//! | another | in the list | taken |
//! | another | not in the list | 403 |
//! | not sent | the request's own host, or in the list | taken |
//! | not sent | another, or `null` | 403 |
//! | not sent | not sent | taken: not a browser |
//!
//! A token or an API key that the request names itself (`Authorization: Bearer`, `apikey`,
//! `api-key`, Neon's connection string, `?apikey=`, a socket's protocol `zserver.bearer.…`) is not the browser's to add: with one, a
//! page of any origin may ask, and read the answer if CORS says so. A socket that speaks
//! PostgreSQL's protocol (`/v2`) may be opened by any page: its login refuses one of another
//! origin that needs no password (`pg::login`).
//!
//! Not here: names that lead to this server's address from elsewhere (DNS rebinding), see
//! [`super::host`].

use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use tower_http::cors::{
    AllowCredentials, AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders, MaxAge,
};

use super::class;
use super::policy::Policy;
use crate::config::list::Origins;
use crate::http::problem::Problem;
use crate::observe::refusal::Reason;
use crate::sqlstate;

/// Headers of a proof that a page has to name itself.
const NAMED_PROOFS: [&str; 3] = ["api-key", "apikey", "neon-connection-string"];

/// What a protocol that a socket's client offers begins with if it is a proof.
const SOCKET_TOKEN: &str = "zserver.bearer.";

/// Parameters of a URL that are one.
const NAMED_PARAMETERS: [&str; 4] = ["apikey", "access_token", "token", "signature"];

/// Headers of answers that pages of other origins may read.
const EXPOSED: [&str; 24] = [
    "accept-ranges",
    "content-disposition",
    "content-location",
    "content-range",
    "etag",
    "last-modified",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "repr-digest",
    "content-digest",
    "retry-after",
    "tus-extension",
    "tus-max-size",
    "tus-resumable",
    "tus-version",
    "upload-complete",
    "upload-expires",
    "upload-length",
    "upload-limit",
    "upload-metadata",
    "upload-offset",
    "x-request-id",
];

/// Whether a request names its proof itself. What `Authorization` says counts before all
/// others, and a browser may have added it: only without it do they say who asks.
pub fn names_proof(parts: &Parts) -> bool {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
        return scheme.eq_ignore_ascii_case(b"bearer");
    }
    let header = NAMED_PROOFS.iter().any(|name| parts.headers.contains_key(*name));
    header || socket_token(&parts.headers).is_some() || names_proof_in_query(parts)
}

/// The token or key that a page brings to a socket: it cannot set headers, so it names
/// `zserver.bearer.` and the token among the protocols that it offers.
pub fn socket_token(headers: &HeaderMap) -> Option<&str> {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut names = offers.filter_map(|offer| offer.to_str().ok()).flat_map(|o| o.split(','));
    names.find_map(|name| name.trim().strip_prefix(SOCKET_TOKEN))
}

/// Whether it does so in its URL.
pub fn names_proof_in_query(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    let mut names = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name);
    names.any(|name| NAMED_PARAMETERS.contains(&name))
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    // Over HTTP/2 a socket is opened by CONNECT, which is no method that only reads.
    headers.contains_key(header::UPGRADE)
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("null"))
}

/// Whether a page of another origin, which is not in the list, has sent a request.
pub fn is_foreign(parts: &Parts, origins: &Origins) -> bool {
    let origin = text(&parts.headers, header::ORIGIN);
    if origin.is_some_and(|origin| origins.has(origin)) {
        return false;
    }
    match (text(&parts.headers, "sec-fetch-site"), origin) {
        (Some("same-origin" | "none"), _) => false,
        (Some(_), _) => true,
        (None, None) => false,
        (None, Some(origin)) => !is_own(parts, origin),
    }
}

fn is_own(parts: &Parts, origin: &str) -> bool {
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let host = text(&parts.headers, header::HOST).or(authority);
    let of = origin.split_once("://").map(|(_, host)| host);
    of.is_some() && of == host
}

/// 403 (`42501`) for a request that a foreign page makes in its user's name.
pub fn check(parts: &Parts, origins: &Origins) -> Result<(), Problem> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let is_harmless = reads && !is_upgrade(&parts.headers);
    let is_proved = names_proof(parts) || class::proves_later(parts.uri.path());
    if is_harmless || is_proved || !is_foreign(parts, origins) {
        return Ok(());
    }
    let message = "a page of another origin may not ask for this in its user's name";
    let problem = Problem::plain(StatusCode::FORBIDDEN, sqlstate::INSUFFICIENT_PRIVILEGE, message);
    Err(problem.refuses(Reason::Origin))
}

/// Whether a request is to be answered as CORS says: it is of a page, and some origin is in
/// the list. An OPTIONS that asks for nothing by CORS is for the route.
pub fn is_cors(parts: &Parts, origins: &Origins) -> bool {
    let is_preflight = parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    parts.headers.contains_key(header::ORIGIN)
        && !origins.is_none()
        && (parts.method != Method::OPTIONS || is_preflight)
}

/// What CORS answers. `*` lets every page ask, none with what its browser remembers.
pub fn cors(policy: &Policy) -> CorsLayer {
    let max_age = Duration::from_secs(policy.config.http_cors_max_age.0);
    let (origins, listed) = (policy.origins.clone(), policy.origins.clone());
    let exposed = EXPOSED.into_iter().map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|origin| origins.has(origin))
        }))
        .allow_credentials(AllowCredentials::predicate(move |origin, _| match &listed {
            Origins::All => false,
            these => origin.to_str().is_ok_and(|origin| these.has(origin)),
        }))
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(ExposeHeaders::list(exposed))
        .max_age(MaxAge::exact(max_age))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::config::list;

    fn parts(method: &str, url: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(url).header("host", "db.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_foreign_page_may_not_ask_in_its_users_name() {
        let origins = list::origins("https://app.example").unwrap();
        let basic = ("authorization", "Basic cG9zdGdyZXM6");
        for (headers, is_taken) in [
            (vec![basic], true),
            (vec![basic, ("sec-fetch-site", "same-origin")], true),
            (vec![basic, ("sec-fetch-site", "none")], true),
            (vec![basic, ("sec-fetch-site", "cross-site")], false),
            (vec![basic, ("sec-fetch-site", "same-site")], false),
            (
                vec![basic, ("sec-fetch-site", "cross-site"), ("origin", "https://app.example")],
                true,
            ),
            (
                vec![basic, ("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
                false,
            ),
            (vec![basic, ("origin", "http://db.example")], true),
            (vec![basic, ("origin", "http://db.example.evil")], false),
            (vec![basic, ("origin", "null")], false),
            (vec![("cookie", "session=1"), ("origin", "https://evil.example")], false),
            (vec![("origin", "https://evil.example")], false),
            (vec![("authorization", "Bearer x"), ("origin", "https://evil.example")], true),
            (vec![("apikey", "x"), ("sec-fetch-site", "cross-site")], true),
            // The browser's password would count, and not what the page has put beside it.
            (vec![basic, ("apikey", "x"), ("sec-fetch-site", "cross-site")], false),
        ] {
            let asked = parts("POST", "/api/v1/sql", &headers);
            assert_eq!(check(&asked, &origins).is_ok(), is_taken, "{headers:?}");
        }
        let foreign = ("origin", "https://evil.example");
        assert!(check(&parts("POST", "/sql?apikey=x", &[foreign]), &origins).is_ok());
        assert!(check(&parts("POST", "/sql?apikey=x", &[basic, foreign]), &origins).is_err());
        assert!(check(&parts("GET", "/api/v1/jobs", &[basic, foreign]), &origins).is_ok());
        let socket = [basic, foreign, ("upgrade", "websocket")];
        assert!(check(&parts("GET", "/api/v1/sql", &socket), &origins).is_err());
        let offers = ("sec-websocket-protocol", "zserver.sql.v1, zserver.bearer.zsk_1");
        let named = [foreign, ("upgrade", "websocket"), offers];
        assert!(check(&parts("GET", "/api/v1/sql", &named), &origins).is_ok());
        let both = [basic, foreign, ("upgrade", "websocket"), offers];
        assert!(check(&parts("GET", "/api/v1/sql", &both), &origins).is_err());
        let socket = parts("GET", "/realtime/v1/websocket?apikey=x&vsn=2.0.0", &socket[1..]);
        assert!(check(&socket, &origins).is_ok());
    }

    #[test]
    fn cors_is_for_pages_where_there_is_a_list() {
        let (none, some) = (list::origins("").unwrap(), list::origins("https://a.b").unwrap());
        let page = ("origin", "https://a.b");
        let preflight = ("access-control-request-method", "POST");
        assert!(!is_cors(&parts("POST", "/", &[page]), &none));
        assert!(is_cors(&parts("POST", "/", &[page]), &some));
        assert!(!is_cors(&parts("POST", "/", &[]), &some));
        assert!(is_cors(&parts("OPTIONS", "/", &[page, preflight]), &some));
        assert!(!is_cors(&parts("OPTIONS", "/files", &[page]), &some), "tus asks so");
    }
}
