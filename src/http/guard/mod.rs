//! What stands before the routes: who may ask how much, from where, and what is no request
//! of a client at all.
//!
//! ```text
//! request ─ name (X-Request-Id) ─ sizes (414, 431) ─ path (400) ─ host (421) ─ origin (403)
//!         ─ limit by address (429) ─ looks like an attack (403) ─ route ─ proof
//!         ─ limit by role or key (429) ─ … ─ answer ─ headers for browsers
//! ```
//! | part | |
//! |---|---|
//! | [`addresses`] | connections of one address; whom a proxy stands for |
//! | [`class`], [`limits`], [`shared`] | requests a minute, by class of routes |
//! | [`sizes`], [`path`] | heads that are too large, paths that lead elsewhere |
//! | [`host`] | names that lead to this server from elsewhere |
//! | [`origin`] | pages of other origins: CORS and CSRF |
//! | [`waf`] | scored rules |
//! | [`headers`], [`ids`] | what every answer says |
//! | [`policy`] | the configuration, read |
//!
//! All of it holds for every route there is, as [`around`] wraps the router as a whole. A
//! handler that panics is answered with 500 and the request's name, which the log has, too.
//! What a request turned out to be is in its extension [`Seen`]: its class, and after the
//! proof who asks; a handler says [`admit`] once it knows, which [`super::principal::of`]
//! does for most.
//!
//! Refusals are counted by why (`zserver_http_refused`); the answer of a route is known as
//! one by what its problem leaves among the extensions ([`Refused`]).
//!
//! Not here: passwords that are guessed (`auth::failures`), what a role may do (the
//! database), sizes of bodies (where they are read), quotas of files.

mod addresses;
mod class;
mod headers;
mod host;
mod ids;
mod limits;
mod origin;
mod path;
mod policy;
#[cfg(feature = "redis")]
mod shared;
mod sizes;
mod waf;

use std::any::Any;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::catch_panic::{CatchPanic, ResponseForPanic};

use super::Http;
use super::principal::{Peer, Principal, Proof};
use super::problem::{Problem, Refused};
use crate::audit::{self, Event};
use crate::auth::login::Applicant;
use crate::config::WafMode;
use crate::error::Error;
use crate::observe::refusal::Reason;
pub use addresses::Addresses;
use class::Class;
use ids::RequestId;
use limits::{Limits, Verdict, Who};
pub use origin::socket_token;
use policy::{Policies, Policy};

/// What the requests of one server share for this.
#[derive(Default)]
pub struct Guard {
    limits: Limits,
    policies: Policies,
}

/// What a request turned out to be; one for a request, among its extensions.
#[derive(Clone)]
pub struct Seen(Arc<Sight>);

struct Sight {
    class: Class,
    /// Where it comes from, as far as that is known.
    client: Option<IpAddr>,
    id: RequestId,
    /// Whether it names a host that is this server.
    is_own_host: bool,
    who: OnceLock<(String, String)>,
    /// Of the limit that is told in the answer.
    verdict: Mutex<Option<Verdict>>,
}

impl Seen {
    /// The role that asks and its database, once it is proved.
    pub fn who(&self) -> Option<&(String, String)> {
        self.0.who.get()
    }
}

/// Whether a request brings anything that could prove who asks.
fn has_proof(parts: &Parts, peer: Option<&Arc<Peer>>) -> bool {
    parts.headers.contains_key(header::AUTHORIZATION)
        || parts.headers.contains_key(header::COOKIE)
        || origin::names_proof(parts)
        || peer.is_some_and(|peer| peer.subject.is_some())
        || class::proves_later(parts.uri.path())
}

/// The router with its guard before it.
pub fn around(http: Arc<Http>, router: Router) -> Router {
    Router::new().fallback(move |request: Request| answer(http.clone(), router.clone(), request))
}

async fn answer(http: Arc<Http>, router: Router, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let policy = http.guard.policies.now(http.front.database.config());
    let id = RequestId::of(&parts.headers);
    let peer = parts.extensions.get::<Arc<Peer>>().cloned();
    let class = class::of(&parts.method, parts.uri.path());
    let is_encrypted = peer.as_ref().is_some_and(|peer| peer.is_encrypted);
    let client = peer
        .as_ref()
        .map(|peer| addresses::client(peer.ends.client.ip(), &parts.headers, &policy.proxies));
    let seen = Seen(Arc::new(Sight {
        class,
        client,
        id: id.clone(),
        is_own_host: host::is_own(&parts, &policy.hosts, is_encrypted),
        who: OnceLock::new(),
        verdict: Mutex::default(),
    }));
    parts.extensions.insert(seen.clone());
    parts.extensions.insert(id.clone());
    let is_cors = origin::is_cors(&parts, &policy.origins);
    let request = Request::from_parts(parts, body);
    let guarded = Guarded { http, router, policy: policy.clone(), seen };
    let mut response = match is_cors {
        false => guarded.answer(request).await,
        true => {
            let inner = service_fn(move |request| {
                let guarded = guarded.clone();
                async move { Ok::<_, Infallible>(guarded.answer(request).await) }
            });
            let answered = origin::cors(&policy).layer(inner).oneshot(request).await;
            answered.unwrap_or_else(|never| match never {})
        }
    };
    let hsts = is_encrypted.then_some(policy.config.http_hsts_max_age.0);
    headers::harden(response.headers_mut(), hsts);
    id.put(response.headers_mut());
    response
}

/// One request on its way.
#[derive(Clone)]
struct Guarded {
    http: Arc<Http>,
    router: Router,
    policy: Arc<Policy>,
    seen: Seen,
}

impl Guarded {
    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Arc<Peer>>().cloned();
        let is_proved = has_proof(&parts, peer.as_ref());
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let mut response = match self.check(&parts, body, is_proved).await {
            Ok(body) => {
                route(&self.router, &self.seen.0.id, Request::from_parts(parts, body)).await
            }
            Err(problem) => problem.into_response(),
        };
        if is_proved
            && !self.is_known(&path)
            && let Err(problem) = self.count_address(Class::Anonymous).await
        {
            response = problem.into_response();
        }
        if let Some(refused) = response.extensions().get::<Refused>() {
            self.note(refused, &format!("{method} {path}"));
        }
        if let Some(verdict) = *self.seen.0.verdict.lock() {
            verdict.put(response.headers_mut());
        }
        response
    }

    /// Counts a request that was refused; who has proved something else than it needs, and
    /// who asks under another name, is in the audit log.
    fn note(&self, refused: &Refused, what: &str) {
        self.http.front.database.statistics.refusals.note(refused.reason);
        if matches!(refused.reason, Reason::Scope | Reason::Host) {
            self.note_refused(&refused.message, &refused.code, what);
        }
    }

    /// Whether it was proved who asks, or is not to be. A proof that was wrong, or that
    /// nobody has asked for, counts as none.
    fn is_known(&self, path: &str) -> bool {
        self.seen.who().is_some()
            || matches!(self.seen.0.class, Class::Health | Class::Auth)
            || class::proves_later(path)
    }

    /// What can be said before the route is asked; the body as it came.
    async fn check(&self, parts: &Parts, body: Body, is_proved: bool) -> Result<Body, Problem> {
        let config = &self.policy.config;
        sizes::check(config, parts)?;
        path::check(&parts.uri)?;
        if !self.policy.hosts.is_none() && !self.seen.0.is_own_host {
            return Err(host::refused());
        }
        if let Err(problem) = origin::check(parts, &self.policy.origins) {
            let detail = format!("{} {}", parts.method, parts.uri.path());
            self.note_refused("page of another origin", "", &detail);
            return Err(problem);
        }
        match self.seen.0.class {
            Class::Health => return Ok(body),
            Class::Auth => self.count_address(Class::Auth).await?,
            _ if !is_proved && parts.method != Method::OPTIONS => {
                self.count_address(Class::Anonymous).await?;
            }
            _ => {}
        }
        match config.http_waf {
            WafMode::Off => Ok(body),
            WafMode::Log | WafMode::Block => self.look(parts, body).await,
        }
    }

    /// Counts a request of the address, where addresses are counted.
    async fn count_address(&self, class: Class) -> Result<(), Problem> {
        let config = &self.policy.config;
        let Some(ip) = self.seen.0.client else { return Ok(()) };
        if ip.is_loopback() && !config.http_rate_loopback {
            return Ok(());
        }
        let limit = match class {
            Class::Auth => config.http_rate_auth,
            _ => config.http_rate_anonymous,
        };
        count(&self.http, &self.policy, &self.seen, class, Who::address(ip), limit).await
    }

    /// Judges a request by the rules; 403 where they block.
    async fn look(&self, parts: &Parts, body: Body) -> Result<Body, Problem> {
        let config = &self.policy.config;
        let mut found = waf::judge_head(parts);
        let body = match waf::looks_at_body(self.seen.0.class, parts.uri.path()) {
            false => body,
            true => {
                let limit = config.http_read_timeout.duration();
                let looking = waf::look(body, config.http_waf_max_body.get());
                let looked = tokio::time::timeout(limit, looking).await;
                let (seen, body) = looked.map_err(|_| Problem::body_too_slow())?;
                waf::judge_body(&waf::texts(&seen), &mut found);
                body
            }
        };
        if found.score < config.http_waf_threshold {
            return Ok(body);
        }
        let blocks = config.http_waf == WafMode::Block;
        tracing::warn!(
            client = self.seen.0.client.map(|ip| ip.to_string()),
            request = self.seen.0.id.as_str(),
            method = %parts.method,
            path = parts.uri.path(),
            score = found.score,
            rules = ?found.rules,
            blocks,
            "a request looks like an attack"
        );
        if !blocks {
            return Ok(body);
        }
        let detail = format!("{} {}, rules {:?}", parts.method, parts.uri.path(), found.rules);
        self.note_refused("looks like an attack", "", &detail);
        Err(Problem::looks_like_attack())
    }

    /// The audit log's record of it; what is not known is left out.
    fn note_refused(&self, event: &str, code: &str, detail: &str) {
        let (role, database) =
            self.seen.who().map_or(("", ""), |(role, database)| (role, database));
        let event = Event::new(audit::Class::Refused, event, audit::DENIED).by(role, database);
        let event = event.from_ip(self.seen.0.client).with("request", self.seen.0.id.as_str());
        let event = event.with("code", code);
        self.http.front.database.audit.record(event.with("detail", detail));
    }
}

/// Counts a request: 429 if it is one too many.
async fn count(
    http: &Http,
    policy: &Policy,
    seen: &Seen,
    class: Class,
    who: Who,
    limit: u32,
) -> Result<(), Problem> {
    let counted = http.guard.limits.count(&policy.config, class, who, limit).await;
    let Some(verdict) = counted else { return Ok(()) };
    *seen.0.verdict.lock() = Some(verdict);
    match verdict.retry_after {
        None => Ok(()),
        Some(_) => {
            let message = format!("more than {limit} requests a minute (\"{}\")", setting(class));
            Err(Problem::too_many(reason(class), &message))
        }
    }
}

/// The setting that a class's limit is from.
fn setting(class: Class) -> &'static str {
    match class {
        Class::Auth => "http_rate_auth",
        Class::Admin => "http_rate_admin",
        Class::Data => "http_rate_data",
        Class::User => "http_rate_user",
        Class::Anonymous | Class::Health => "http_rate_anonymous",
    }
}

/// As what a request is counted that is one too many.
fn reason(class: Class) -> Reason {
    match class {
        Class::Auth => Reason::RateAuth,
        Class::Admin => Reason::RateAdmin,
        Class::Data => Reason::RateData,
        Class::User => Reason::RateUser,
        Class::Anonymous | Class::Health => Reason::RateAnonymous,
    }
}

/// Who asks has been proved: counts the request as the role's or the key's, and lets the
/// audit log and others know who it was. 429 if it is one too many; 421 if it is trusted for
/// where it comes from, and names a host that may lead there from anywhere.
pub async fn admit(http: &Http, parts: &Parts, principal: &Principal) -> Result<(), Problem> {
    let Some(seen) = parts.extensions.get::<Seen>() else { return Ok(()) };
    // Nothing says who asks but where it comes from, where any page could have a browser ask.
    if principal.proof == Proof::Trust && !seen.0.is_own_host {
        return Err(host::refused());
    }
    let is_first = seen.0.who.set((principal.role.clone(), principal.database.clone())).is_ok();
    if !is_first || principal.proof == Proof::Server {
        return Ok(());
    }
    let policy = http.guard.policies.now(http.front.database.config());
    let config = &policy.config;
    let limit = match seen.0.class {
        Class::Admin => config.http_rate_admin,
        Class::User => config.http_rate_user,
        Class::Data => policy.data_limit(&http.front.database.shared_catalog(), &principal.role),
        // Counted by its address already.
        Class::Auth | Class::Anonymous | Class::Health => 0,
    };
    let who = match &principal.key {
        Some(key) => Who::Key(key.clone()),
        None => Who::Role(principal.database.clone(), principal.role.clone()),
    };
    count(http, &policy, seen, seen.0.class, who, limit).await
}

/// The audit log's record of a password that was right. One that is remembered is not
/// told again: what requests do with it is in the log in their role's name.
pub fn note_login(http: &Http, applicant: &Applicant<'_>) {
    let event = Event::new(audit::Class::Login, "login", audit::OK);
    let event = event.by(applicant.user, applicant.database);
    let ip = applicant.addresses.map(|(client, _)| client);
    http.front.database.audit.record(event.from_ip(ip).with("detail", "HTTP, password"));
}

/// The audit log's record of a proof that was none, of whom it named.
pub fn note_refusal(http: &Http, peer: &Peer, (role, database): (&str, &str), problem: &Problem) {
    let event = Event::new(audit::Class::Login, "login", audit::DENIED).by(role, database);
    let event = event.from(Some(peer.ends.client)).with("code", problem.text("code"));
    http.front.database.audit.record(event.with("detail", problem.text("message")));
}

/// The same of one that was proved, and may not enter its database.
pub fn note_unadmitted(http: &Http, principal: &Principal, error: &Error) {
    let event = Event::new(audit::Class::Login, "login", audit::DENIED);
    let event = event.by(&principal.role, &principal.database).from(Some(principal.ends.client));
    let event = event.with("code", error.code().as_str());
    http.front.database.audit.record(event.with("detail", error.message()));
}

/// Counts what was refused on a socket, and tells the audit log of one whose proof is not
/// good for it; `what` it was.
pub fn note_message(http: &Http, principal: &Principal, problem: &Problem, what: &str) {
    let Some(refused) = problem.refused() else { return };
    http.front.database.statistics.refusals.note(refused.reason);
    if refused.reason == Reason::Scope {
        let event = Event::new(audit::Class::Refused, &refused.message, audit::DENIED);
        let event = event.by(&principal.role, &principal.database);
        let event = event.from(Some(principal.ends.client)).with("code", &refused.code);
        http.front.database.audit.record(event.with("detail", what));
    }
}

/// The router's answer; 500 where it panics.
async fn route(router: &Router, id: &RequestId, request: Request) -> Response {
    let caught = CatchPanic::custom(router.clone(), Panicked(id.clone()));
    match caught.oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

/// Answers for a handler that has panicked. The log has the panic itself, and the request's
/// name.
#[derive(Clone)]
struct Panicked(RequestId);

impl ResponseForPanic for Panicked {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, _panic: Box<dyn Any + Send>) -> Response {
        tracing::error!(request = self.0.as_str(), "a handler has panicked");
        let error = Error::internal("the request could not be answered");
        Problem::of(&error, "").with_request(self.0.as_str()).into_response()
    }
}

/// Whether a page of another origin, which is not in the list, has sent a request.
pub fn is_foreign(http: &Http, parts: &Parts) -> bool {
    let policy = http.guard.policies.now(http.front.database.config());
    origin::is_foreign(parts, &policy.origins)
}

/// Whether a page may open a socket: one that names its proof itself may, wherever it is
/// from.
pub fn may_open(http: &Http, parts: &Parts) -> bool {
    origin::names_proof(parts) || !is_foreign(http, parts)
}

/// Whether a request names a host that is this server: else it may be of any page, which a
/// browser here takes for this server's.
pub fn is_own_host(parts: &Parts) -> bool {
    parts.extensions.get::<Seen>().is_none_or(|seen| seen.0.is_own_host)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::routing::get;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_with_the_requests_name() {
        async fn handler() -> &'static str {
            panic!("on purpose")
        }
        let router =
            Router::new().route("/panics", get(handler)).route("/", get(|| async { "ok" }));
        let mut request = Request::new(Body::empty());
        request.headers_mut().insert(ids::HEADER, "abc-1".parse().unwrap());
        let id = RequestId::of(request.headers());
        *request.uri_mut() = "/panics".parse().unwrap();
        let response = route(&router, &id, request).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["code"], &body["request_id"]), (&"XX000".into(), &"abc-1".into()));
        assert!(!body.to_string().contains("purpose"), "{body}");
        let response = route(&router, &id, Request::new(Body::empty())).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
}
