//! Answers that are a JSON document.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::request;

pub struct Json(pub Value);

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        request::answer(StatusCode::OK, &self.0)
    }
}
