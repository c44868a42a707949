//! What a request for a file names: who asks, a bucket and a file, a query.

use std::sync::Arc;

use axum::http::Uri;
use axum::http::request::Parts;

use super::super::Http;
use super::super::principal::{self, Principal, Scope};
use super::super::problem::Problem;
use super::super::request;
use crate::error::Error;
use crate::files::name;
use crate::sql::functions::FILE_PATH as PATH;

/// Who asks.
pub async fn principal(http: &Arc<Http>, parts: &Parts) -> Result<Principal, Problem> {
    let principal = principal::of(http, parts).await?;
    principal.require(Scope::Files)?;
    Ok(principal)
}

/// A bucket and a file, named by a path below `/api/v1/files/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub bucket: String,
    pub name: String,
}

impl Target {
    /// `path` as it was sent: it is decoded here, once.
    pub fn of(path: &str) -> Result<Target, Problem> {
        let wrong = || Problem::bad_request("the path names no file");
        let rest = path.strip_prefix("/api/v1/files/").ok_or_else(wrong)?;
        let (bucket, name) = rest.split_once('/').ok_or_else(wrong)?;
        Target::checked(decoded(bucket)?, decoded(name)?)
    }

    /// `BUCKET/NAME`, not encoded.
    pub fn parse(text: &str) -> Result<Target, Problem> {
        let (bucket, name) = text
            .trim_start_matches('/')
            .split_once('/')
            .ok_or_else(|| Problem::bad_request("a file is named BUCKET/NAME"))?;
        Target::checked(bucket.to_owned(), name.to_owned())
    }

    pub fn checked(bucket: String, name: String) -> Result<Target, Problem> {
        let failed = |error: Error| Problem::of(&error, "");
        name::check_bucket(&bucket).map_err(failed)?;
        name::check(&name).map_err(failed)?;
        Ok(Target { bucket, name })
    }
}

/// The path of a file, encoded.
pub fn path_of(bucket: &str, name: &str) -> String {
    let name = percent_encoding::utf8_percent_encode(name, PATH);
    format!("/api/v1/files/{bucket}/{name}")
}

/// The bucket that a path names which has no more.
pub fn bucket_of(path: &str) -> Result<String, Problem> {
    let rest = path.strip_prefix("/api/v1/files/").unwrap_or_default();
    let bucket = decoded(rest)?;
    name::check_bucket(&bucket).map_err(|error| Problem::of(&error, ""))?;
    Ok(bucket)
}

fn decoded(text: &str) -> Result<String, Problem> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| Problem::bad_request("the path is not UTF-8"))
}

/// The query of a URL: names that are known, each once.
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Whatever it holds.
    pub fn any(uri: &Uri) -> Result<Query, Problem> {
        request::any_query(uri).map(Query)
    }

    pub fn of(uri: &Uri, known: &[&str]) -> Result<Query, Problem> {
        request::query(uri, known).map(Query)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A number in a range.
    pub fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let (from, to) = (range.start(), range.end());
                Err(Problem::bad_request(&format!("\"{name}\" is a number from {from} to {to}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once() {
        let of =
            |path: &str| Target::of(path).map(|target| target.name).map_err(|p| p.status.as_u16());
        assert_eq!(of("/api/v1/files/b/a/b%20c.txt"), Ok("a/b c.txt".to_owned()));
        assert_eq!(of("/api/v1/files/b/%E6%97%A5"), Ok("日".to_owned()));
        for wrong in [
            "/api/v1/files/b/",
            "/api/v1/files/b/..",
            "/api/v1/files/b/a/%2e%2e/c",
            "/api/v1/files/b/%252e%252e",
            "/api/v1/files/b/a%00",
            "/api/v1/files/b/%2Fetc",
            "/api/v1/files/b/%ff",
            "/api/v1/files/b/nul",
            "/api/v1/files/B/x",
            "/api/v1/files/../x/y",
        ] {
            assert_eq!(of(wrong), Err(400), "{wrong}");
        }
    }

    #[test]
    fn a_query_knows_its_names() {
        let uri: Uri = "/x?a=1&b=&c=%2F+x".parse().unwrap();
        let query = Query::of(&uri, &["a", "b", "c"]).ok().unwrap();
        assert_eq!((query.get("c"), query.has("b"), query.has("d")), (Some("/ x"), true, false));
        assert_eq!(query.number("a", 1..=5).ok(), Some(Some(1)));
        assert!(query.number("a", 2..=5).is_err());
        assert!(Query::of(&uri, &["a", "b"]).is_err());
        assert!(Query::of(&"/x?a=1&a=2".parse().unwrap(), &["a"]).is_err());
    }
}
