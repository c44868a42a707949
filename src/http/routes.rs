//! Routes as they are put together, and their paths, which a router does not tell.

use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;

use super::Http;

/// A router, and the paths that it has.
#[derive(Default)]
pub struct Routes {
    router: Router<Arc<Http>>,
    paths: Vec<String>,
}

impl Routes {
    /// As a router's.
    pub fn route(mut self, path: &str, methods: MethodRouter<Arc<Http>>) -> Routes {
        // The rest of a path is a parameter like others to who reads of it.
        self.paths.push(path.replace("{*", "{"));
        Routes { router: self.router.route(path, methods), paths: self.paths }
    }

    pub fn into_router(self) -> Router<Arc<Http>> {
        self.router
    }

    pub fn into_paths(self) -> Vec<String> {
        self.paths
    }
}
