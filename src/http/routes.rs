//! The routes of the second port, each of which is counted and traced.
//!
//! It is axum's router with a layer around every route, so that a request knows the
//! template of its own (`/api/v1/jobs/{id}`) from the start and nothing is looked up. What
//! no route takes is counted as [`NO_ROUTE`].
//!
//! A request that is traced has a span of kind server, from its head to the head of its
//! answer; what it does in sessions meanwhile is within it
//! ([`trace`](crate::observe::trace)). What is refused before a route is found is not
//! counted here.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;

use super::Http;
use super::problem::Problem;
use crate::observe::Statistics;
use crate::observe::request::{METHODS, Route};
use crate::observe::trace::{self, Attribute, Context, Span, Tracer};

/// What requests without a route, or with another method than their route has, count as.
const NO_ROUTE: &str = "(none)";

/// Routes as they are put together: their paths, which a router does not tell, and what
/// answers them.
#[derive(Default)]
pub struct Routes(Vec<(String, MethodRouter<Arc<Http>>)>);

/// One route, for the layer around it.
#[derive(Clone)]
struct Observed {
    route: Arc<Route>,
    statistics: Arc<Statistics>,
}

impl Observed {
    fn new(template: &str, statistics: &Arc<Statistics>) -> Observed {
        Observed { route: statistics.requests.route(template), statistics: statistics.clone() }
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
        let layer = |template: &str| {
            middleware::from_fn_with_state(Observed::new(template, statistics), observe)
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

    /// The rest of a path is a parameter like others to who reads of it.
    pub fn into_paths(self) -> Vec<String> {
        self.0.into_iter().map(|(template, _)| template.replace("{*", "{")).collect()
    }
}

/// Counts a request, and traces it if that is asked for.
async fn observe(State(observed): State<Observed>, request: Request, next: Next) -> Response {
    let _running = observed.route.enter();
    let begun = Instant::now();
    let method = method_name(&request);
    let response = match &observed.statistics.tracer {
        None => next.run(request).await,
        Some(tracer) => traced(tracer, &observed.route, method, begun, request, next).await,
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
