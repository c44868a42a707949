//! Queries of URLs: which names there may be. Bodies: of requests, read up to a size and a
//! time, then as JSON; of answers.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::Http;
use super::problem::Problem;

/// Of a body that is refused so much is read, in this time.
const DRAIN_BYTES_MAX: usize = 8 << 20;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The query of a URL, each name of which is known and there once: 400 with the name of one
/// that is not, which would be passed over otherwise.
pub fn query<S: AsRef<str>>(uri: &Uri, known: &[S]) -> Result<Vec<(String, String)>, Problem> {
    let pairs = any_query(uri)?;
    for (at, (name, _)) in pairs.iter().enumerate() {
        if !known.iter().any(|known| known.as_ref() == name) {
            let message = format!("unknown parameter \"{name}\" in the query of the URL");
            return Err(Problem::bad_request(&message));
        }
        if pairs[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(Problem::bad_request(&format!("\"{name}\" is there twice")));
        }
    }
    Ok(pairs)
}

/// The same, whatever its names are.
pub fn any_query(uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|_| Problem::bad_request("the query of the URL cannot be read"))
}

/// The whole body of a request. Of one that is too large the rest is passed over, so that its
/// connection can be used again, where that is not much.
pub async fn bytes(http: &Http, mut body: Body) -> Result<Bytes, Problem> {
    let config = http.front.database.config();
    let limit = config.http_max_body.get();
    let read = Limited::new(&mut body, limit).collect();
    match tokio::time::timeout(config.http_read_timeout.duration(), read).await {
        Err(_) => Err(Problem::body_too_slow()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            drain(&mut body).await;
            Err(Problem::too_large(limit))
        }
        Ok(Err(error)) => Err(Problem::bad_request(&format!("the body was cut off: {error}"))),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

/// Reads some of a body that is not wanted: who is refused while sending would else be told
/// of a broken connection, and not why.
pub async fn drain(body: &mut Body) {
    let reading = async {
        let mut left = DRAIN_BYTES_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else {
                return;
            };
            left = rest;
        }
    };
    // In time or not, the answer is next.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, reading).await;
}

/// A body of JSON, whatever its content type says: some clients call it text.
pub async fn json<T: DeserializeOwned>(http: &Http, body: Body) -> Result<T, Problem> {
    parse(&bytes(http, body).await?)
}

/// The same of a body that may be empty.
pub async fn json_or_default<T: DeserializeOwned + Default>(
    http: &Http,
    body: Body,
) -> Result<T, Problem> {
    parse_or_default(&bytes(http, body).await?)
}

/// The same of bytes that were read. Bodies are objects: a `struct` would be read from an
/// array as well, by the order of its members.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let wrong = |what: &str| Problem::bad_request(&format!("the body is not as expected: {what}"));
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None | Some(b'{') => {}
        Some(_) => return Err(wrong("it is not a JSON object")),
    }
    serde_json::from_slice(bytes).map_err(|error| wrong(&error.to_string()))
}

/// The same, of a body that may be left out.
pub fn parse_or_default<T: Default + DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() { Ok(T::default()) } else { parse(bytes) }
}

/// What has to be an object, within a body as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        struct Visit<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Visit<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Visit(std::marker::PhantomData))
    }
}

/// For a member of a body that is an object: `#[serde(deserialize_with = …)]`.
pub fn object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Object::<T>::deserialize(deserializer).map(|Object(value)| value)
}

/// For one that is an array of objects.
pub fn objects<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let all = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(all.into_iter().map(|Object(value)| value).collect())
}

/// An answer of JSON.
pub fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[serde(default)]
        name: String,
    }

    #[test]
    fn a_body_is_an_object() {
        let of = |text: &str| parse::<Asked>(text.as_bytes()).map(|asked| asked.name).ok();
        assert_eq!(of(" {\"name\": \"x\"}").as_deref(), Some("x"));
        for wrong in ["[\"x\"]", "[]", "null", "\"x\"", "", "{", "{\"other\": 1}"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(parse_or_default::<Asked>(b"").ok(), Some(Asked::default()));
        assert!(parse_or_default::<Asked>(b"[]").is_err());
    }
}
