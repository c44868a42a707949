//! The routes of the second port, each of which is counted and traced.
//!
//! It is axum's router with a layer around every route, so that a request knows the
//! template of its own (`/api/v1/jobs/{id}`) from the start and nothing is looked up. What
//! no route takes is counted as [`NO_ROUTE`].
//!
//! What the query of a native route (`/api/v1/…`) may hold is what the document says of it
//! ([`openapi::queries`]); any other name is refused here, before its handler. A route of a
//! file looks at its own: which names there may be depends on each other. Protocols of
//! others pass over what they do not know, as they have it, and so do those that only tell
//! of the server.
//!
//! A request that is traced has a span of kind server, from its head to the head of its
//! answer; what it does in sessions meanwhile is within it
//! ([`trace`](crate::observe::trace)). What is refused before a route is found is not
//! counted here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

use super::Http;
use super::problem::Problem;
use super::{openapi, request};
use crate::observe::Statistics;
use crate::observe::request::{METHODS, Route};
use crate::observe::trace::{self, Attribute, Context, Span, Tracer};

/// What requests without a route, or with another method than their route has, count as.
const NO_ROUTE: &str = "(none)";

/// What native routes begin with.
const NATIVE: &str = "/api/v1/";

/// The route whose handler looks at its query.
const FILE: &str = "/api/v1/files/{bucket}/{*name}";

/// Names that a query may hold, by method in small letters.
type Known = HashMap<String, Vec<String>>;

/// Routes as they are put together: their paths, which a router does not tell, and what
/// answers them.
#[derive(Default)]
pub struct Routes(Vec<(String, MethodRouter<Arc<Http>>)>);

/// One route, for the layer around it.
#[derive(Clone)]
struct Observed {
    route: Arc<Route>,
    statistics: Arc<Statistics>,
    /// None where any name is taken.
    known: Option<Arc<Known>>,
}

impl Observed {
    fn new(template: &str, statistics: &Arc<Statistics>, known: Option<Known>) -> Observed {
        let route = statistics.requests.route(template);
        Observed { route, statistics: statistics.clone(), known: known.map(Arc::new) }
    }

    /// 400 for a name in the query that means nothing to the route.
    fn check_query(&self, request: &Request) -> Result<(), Problem> {
        let Some(known) = self.known.as_ref().filter(|_| request.uri().query().is_some()) else {
            return Ok(());
        };
        let method = request.method().as_str().to_ascii_lowercase();
        // HEAD is told of only where it differs. Without an operation it is no method of it.
        let names = known.get(&method).or_else(|| known.get("get").filter(|_| method == "head"));
        names.map_or(Ok(()), |names| request::query(request.uri(), names).map(drop))
    }
}

impl Routes {
    pub fn route(mut self, template: &str, methods: MethodRouter<Arc<Http>>) -> Routes {
        self.0.push((template.to_owned(), methods));
        self
    }

    /// A router whose requests are counted: those, too, that have no route, or another
    /// method than their route.
    pub fn into_router(self, statistics: &Arc<Statistics>) -> Router<Arc<Http>> {
        let mut queries = openapi::queries();
        let mut layer = |template: &str| {
            let is_checked = template.starts_with(NATIVE) && template != FILE;
            let known = queries.remove(&path_of(template)).filter(|_| is_checked);
            middleware::from_fn_with_state(Observed::new(template, statistics, known), observe)
        };
        let mut router = Router::new();
        for (template, methods) in self.0 {
            router = router.route(&template, methods.layer(layer(&template)));
        }
        let missing = || async { Problem::not_found() };
        let unmeant = || async { Problem::method_not_allowed() };
        router
            .fallback(Handler::<((),), Arc<Http>>::layer(missing, layer(NO_ROUTE)))
            .method_not_allowed_fallback(Handler::<((),), Arc<Http>>::layer(
                unmeant,
                layer(NO_ROUTE),
            ))
    }

    /// As they are told.
    pub fn into_paths(self) -> Vec<String> {
        self.0.into_iter().map(|(template, _)| path_of(&template)).collect()
    }
}

/// The rest of a path is a parameter like others to who reads of it.
fn path_of(template: &str) -> String {
    template.replace("{*", "{")
}

/// Counts a request, and traces it if that is asked for.
async fn observe(State(observed): State<Observed>, request: Request, next: Next) -> Response {
    let _running = observed.route.enter();
    let begun = Instant::now();
    let method = method_name(&request);
    let response = match (observed.check_query(&request), &observed.statistics.tracer) {
        (Err(problem), _) => problem.into_response(),
        (Ok(()), None) => next.run(request).await,
        (Ok(()), Some(tracer)) => {
            traced(tracer, &observed.route, method, begun, request, next).await
        }
    };
    observed.route.note(method, response.status().as_u16(), begun.elapsed());
    response
}

fn method_name(request: &Request) -> &'static str {
    let asked = request.method().as_str();
    METHODS.into_iter().find(|known| *known == asked).unwrap_or(METHODS[METHODS.len() - 1])
}

async fn traced(
    tracer: &Tracer,
    route: &Route,
    method: &'static str,
    begun: Instant,
    request: Request,
    next: Next,
) -> Response {
    let parent = continued(request.headers());
    let Some(trace) = tracer.begin(parent.as_ref()) else {
        return trace::within(Context::unsampled(), next.run(request)).await;
    };
    let response = trace::within(trace.context().clone(), next.run(request)).await;
    let status = response.status();
    let failure = status.is_server_error().then(|| format!("status {}", status.as_u16()).into());
    let attributes = vec![
        Attribute::new("http.request.method", method),
        Attribute::new("http.route", route.template().to_owned()),
        Attribute::new("http.response.status_code", i64::from(status.as_u16())),
    ];
    let name = format!("{method} {}", route.template()).into();
    tracer.end(*trace, Span { name, begun, attributes, failure });
    response
}

/// The client's trace.
fn continued(headers: &HeaderMap) -> Option<Context> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Context::parse(text("traceparent")?, text("tracestate"))
}
