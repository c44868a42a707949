//! Lists in pages.
//!
//! ```text
//! GET …?limit=2            {"rooms": [{"name": "a"}, {"name": "b"}], "next": "b"}
//! GET …?limit=2&after=b    {"rooms": [{"name": "c"}], "next": null}
//! ```
//! A page has `limit` elements, 100 unless it is given; fewer than one and more than
//! [`PAGE_MAX`] are refused. One more is asked for, so that `next` is there only where more
//! come.

use axum::extract::Query;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::Problem;
use super::reply::Json;

const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1_000;

/// `?after=&limit=` of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// What the page begins after.
    pub after: Option<String>,
    pub limit: Option<u32>,
}

/// The query of a URL.
pub fn query<T: DeserializeOwned>(parts: &Parts) -> Result<T, Problem> {
    Query::<T>::try_from_uri(&parts.uri).map(|Query(query)| query).map_err(|error| {
        Problem::bad_request(&format!("the query is not as expected: {}", error.body_text()))
    })
}

/// How many elements a page has: 400 for what is out of range.
pub fn limit_of(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(PAGE);
    match (1..=PAGE_MAX).contains(&limit) {
        true => Ok(limit),
        false => Err(Problem::bad_request(&format!("limit is from 1 to {PAGE_MAX}"))),
    }
}

/// Rows up to a limit of which one more was asked for, and where the next page starts.
pub fn body(name: &str, mut rows: Vec<Value>, limit: u32, key: &str) -> Value {
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| has_more).map(|row| row[key].clone());
    let mut body = Map::new();
    body.insert(name.to_owned(), Value::Array(rows));
    body.insert("next".to_owned(), next.unwrap_or(Value::Null));
    Value::Object(body)
}

/// The same as an answer.
pub fn page(name: &str, rows: Vec<Value>, limit: u32, key: &str) -> Response {
    Json(body(name, rows, limit, key)).into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_says_where_the_next_one_starts() {
        let rows = |names: &[&str]| names.iter().map(|name| json!({"name": name})).collect();
        let full = body("rooms", rows(&["a", "b", "c"]), 2, "name");
        assert_eq!(full, json!({"rooms": [{"name": "a"}, {"name": "b"}], "next": "b"}));
        let last = body("rooms", rows(&["c"]), 2, "name");
        assert_eq!(last, json!({"rooms": [{"name": "c"}], "next": null}));
        assert_eq!(limit_of(None).ok(), Some(PAGE));
        assert_eq!(limit_of(Some(PAGE_MAX)).ok(), Some(PAGE_MAX));
        assert!(limit_of(Some(0)).is_err() && limit_of(Some(PAGE_MAX + 1)).is_err());
    }
}
