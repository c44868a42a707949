//! The texts of a body, which is read only as far as it is looked at and is then the
//! handler's as it came.

use axum::body::{Body, Bytes};
use futures::StreamExt;
use futures::stream;
use http_body_util::BodyExt;
use serde_json::Value;

use super::plain;

/// Members of bodies that are secrets: passwords have any characters.
const SECRETS: &[&str] = &["password", "refresh_token", "access_token", "token", "secret"];

/// The first `most` bytes of a body, and the body as it was. An error in it comes to whoever
/// reads on.
pub async fn look(mut body: Body, most: usize) -> (Vec<u8>, Body) {
    let mut seen = Vec::new();
    let mut frames: Vec<Result<Bytes, axum::Error>> = Vec::new();
    while seen.len() < most {
        match body.frame().await {
            None => break,
            Some(Ok(frame)) => {
                // Trailers say nothing here.
                let Ok(data) = frame.into_data() else { continue };
                let room = most - seen.len();
                seen.extend_from_slice(&data[..data.len().min(room)]);
                frames.push(Ok(data));
            }
            Some(Err(error)) => {
                frames.push(Err(error));
                break;
            }
        }
    }
    let whole = Body::from_stream(stream::iter(frames).chain(body.into_data_stream()));
    (seen, whole)
}

/// Names and strings of a JSON body, a form's parameters, or else the body itself, a line
/// each and made plain.
pub fn texts(bytes: &[u8]) -> String {
    let mut lines = Vec::new();
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => add(&value, &mut lines),
        Err(_) => {
            let text = String::from_utf8_lossy(bytes);
            lines.extend(
                text.split('&').filter(|pair| !is_secret(pair)).map(|pair| plain(pair, true)),
            );
        }
    }
    lines.join("\n")
}

fn is_secret(pair: &str) -> bool {
    pair.split_once('=').is_some_and(|(name, _)| SECRETS.contains(&name))
}

fn add(value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::String(text) => lines.push(plain(text, false)),
        Value::Array(items) => items.iter().for_each(|item| add(item, lines)),
        Value::Object(members) => {
            for (name, member) in members {
                lines.push(format!("{}=", plain(name, false)));
                if !SECRETS.contains(&name.as_str()) {
                    add(member, lines);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_a_body_are_looked_at_and_secrets_are_not() {
        let body = br#"{"role": "ann", "password": "' or 1=1", "more": ["\u003cb\u003e", 1]}"#;
        assert_eq!(texts(body), "role=\nann\npassword=\nmore=\n<b>");
        assert_eq!(texts(b"a=%3Cb%3E+c&password=x"), "a=<b> c");
    }

    #[tokio::test]
    async fn a_body_is_whole_after_it_was_looked_at() {
        let pieces = ["abc", "def", "ghi"].map(|piece| Ok::<_, axum::Error>(Bytes::from(piece)));
        let (seen, body) = look(Body::from_stream(stream::iter(pieces)), 4).await;
        assert_eq!(seen, b"abcd");
        let whole = body.collect().await.expect("the body").to_bytes();
        assert_eq!(whole, "abcdefghi");
    }
}
