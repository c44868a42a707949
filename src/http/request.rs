//! Bodies: of requests, read up to a size and a time, then as JSON; of answers.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::Http;
use super::problem::Problem;

/// The whole body of a request.
pub async fn bytes(http: &Http, body: Body) -> Result<Bytes, Problem> {
    let config = http.front.database.config();
    let limit = config.http_max_body.get();
    let read = Limited::new(body, limit).collect();
    match tokio::time::timeout(config.http_read_timeout.duration(), read).await {
        Err(_) => Err(Problem::body_too_slow()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(limit)),
        Ok(Err(error)) => Err(Problem::bad_request(&format!("the body was cut off: {error}"))),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

/// A body of JSON, whatever its content type says: some clients call it text.
pub async fn json<T: DeserializeOwned>(http: &Http, body: Body) -> Result<T, Problem> {
    parse(&bytes(http, body).await?)
}

/// The same of bytes that were read.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad_request(&format!("the body is not as expected: {error}")))
}

/// An answer of JSON.
pub fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
