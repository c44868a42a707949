//! Whether the server lives, and whether it serves.

use axum::http::StatusCode;

use super::State;

/// The process answers.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Requests are served: the server is not ending.
pub async fn ready(http: State) -> (StatusCode, &'static str) {
    match http.stop.is_cancelled() {
        false => (StatusCode::OK, "ok\n"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n"),
    }
}
