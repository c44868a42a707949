//! Requests of HTTP, by the template of their route, method and class of status.
//!
//! Routes are added while the server starts, one for each template; a request knows its
//! own and looks for nothing. A request is over when the head of its answer is there: what
//! is streamed after that is not in its duration.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::count::{Distribution, Entered, Gauge, Histogram};

/// Methods that are told apart; all others are one.
pub const METHODS: [&str; 8] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];

/// Classes of status.
pub const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The requests of one route.
pub struct Route {
    template: String,
    ended: [[AtomicU64; CLASSES.len()]; METHODS.len()],
    took: Histogram,
    running: Gauge,
}

impl Route {
    pub fn template(&self) -> &str {
        &self.template
    }

    /// A request begins; it runs until what this answers is dropped.
    pub fn enter(&self) -> Entered {
        self.running.enter()
    }

    /// A request is over.
    pub fn note(&self, method: &str, status: u16, took: Duration) {
        let last = METHODS.len() - 1;
        let method = METHODS.iter().position(|known| *known == method).unwrap_or(last);
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.ended[method][class].fetch_add(1, Ordering::Relaxed);
        self.took.note(took);
    }

    /// Those that are not 0: method, class of status, count.
    pub fn counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        let mut counts = Vec::new();
        for (method, by_class) in METHODS.into_iter().zip(&self.ended) {
            for (class, count) in CLASSES.into_iter().zip(by_class) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    counts.push((method, class, count));
                }
            }
        }
        counts
    }

    /// How long they took; none where there were none.
    pub fn took(&self) -> Option<Distribution> {
        Some(self.took.read()).filter(|read| read.count > 0)
    }
}

/// All routes.
#[derive(Default)]
pub struct Requests {
    routes: Mutex<Vec<Arc<Route>>>,
    running: Gauge,
}

impl Requests {
    /// The route of a template: the one there is, or a new one.
    pub fn route(&self, template: &str) -> Arc<Route> {
        let mut routes = self.routes.lock();
        if let Some(known) = routes.iter().find(|route| route.template == template) {
            return known.clone();
        }
        let route = Arc::new(Route {
            template: template.to_owned(),
            ended: [const { [const { AtomicU64::new(0) }; CLASSES.len()] }; METHODS.len()],
            took: Histogram::default(),
            running: self.running.clone(),
        });
        routes.push(route.clone());
        route
    }

    pub fn routes(&self) -> Vec<Arc<Route>> {
        self.routes.lock().clone()
    }

    /// Requests that wait for the head of their answer.
    pub fn running(&self) -> i64 {
        self.running.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_for_their_route() {
        let requests = Requests::default();
        let route = requests.route("/a/{id}");
        assert!(Arc::ptr_eq(&route, &requests.route("/a/{id}")));
        let running = requests.route("/b").enter();
        assert_eq!(requests.running(), 1);
        drop(running);
        assert_eq!(requests.running(), 0);
        route.note("GET", 200, Duration::from_millis(1));
        route.note("GET", 404, Duration::from_millis(1));
        route.note("BREW", 418, Duration::from_millis(1));
        assert_eq!(route.counts(), [("GET", "2xx", 1), ("GET", "4xx", 1), ("other", "4xx", 1)]);
        assert_eq!(route.took().map(|read| read.count), Some(3));
        assert_eq!(requests.routes().len(), 2);
    }
}
