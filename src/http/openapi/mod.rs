//! What the HTTP port offers, told by itself: `GET /openapi.json` and, to be read, `GET /docs`.
//!
//! The document (OpenAPI 3.1) is written by hand, as data: `base.json` is what all areas
//! share, and each area has a file with its `tags`, `paths` and `schemas`. They are merged
//! when the document is first asked for. An operation's `x-zserver-errors` names a set of
//! answers in `base.json`, which stand in the document for each operation of the set: any
//! statement may fail by each of them. `x-zserver-scope` is the scope that a token or an API
//! key needs. The protocols of others (`protocols.json`) are described as far as they are
//! served here, with a link to what they are; members of bodies that this server takes and
//! that mean nothing to it are left out.
//!
//! What the document says of the query of a route is what the route takes ([`queries`]).
//!
//! Routes and document are compared by `tests/http_openapi.rs`: an area that adds a route
//! adds its operation. That answers are as described is tried by `compat/openapi/run.sh`.
//!
//! The page is one of ours, without a download: a script and a style sheet, under a policy
//! that lets it ask this server only. It shows the operations, and sends them.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::page::{self, File};
use super::problem::Problem;

const BASE: &str = include_str!("base.json");

/// What each area adds to the document.
const AREAS: &[&str] = &[
    include_str!("sql.json"),
    include_str!("transactions.json"),
    include_str!("collections.json"),
    include_str!("files.json"),
    include_str!("jobs.json"),
    include_str!("events.json"),
    include_str!("rooms.json"),
    include_str!("playbacks.json"),
    include_str!("rtc.json"),
    include_str!("sagas.json"),
    include_str!("auth.json"),
    include_str!("health.json"),
    include_str!("protocols.json"),
];

/// The page asks this server, runs its own script, and is shown in no other page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What operations name their set of errors by; it is not told.
const ERRORS: &str = "x-zserver-errors";

const PAGE: File = File { name: "page.html", kind: page::HTML, text: include_str!("page.html") };

/// What the page is made of.
const PAGE_FILES: [File; 2] = [
    File { name: "page.js", kind: page::SCRIPT, text: include_str!("page.js") },
    File { name: "page.css", kind: page::STYLE, text: include_str!("page.css") },
];

struct Document {
    text: Bytes,
    etag: HeaderValue,
}

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let text = merged(BASE, AREAS).to_string();
    let etag = page::etag_of(text.as_bytes());
    Document { text: text.into(), etag }
});

/// The names that the query of each operation may hold: by path, then by method in small
/// letters.
pub fn queries() -> HashMap<String, HashMap<String, Vec<String>>> {
    let document = merged(BASE, AREAS);
    let paths = document["paths"].as_object().into_iter().flatten();
    let of_path = |(path, operations): (&String, &Value)| {
        let operations = operations.as_object().into_iter().flatten();
        let of_method = |(method, operation): (&String, &Value)| {
            (method.clone(), query_names(&document, operation))
        };
        (path.clone(), operations.map(of_method).collect())
    };
    paths.map(of_path).collect()
}

fn query_names(document: &Value, operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let resolved = parameters.map(|parameter| {
        let target = parameter["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        target.and_then(|pointer| document.pointer(pointer)).unwrap_or(parameter)
    });
    let of_query = resolved.filter(|parameter| parameter["in"] == "query");
    of_query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}

/// `GET /openapi.json`: 200 and the document, 304 for who has it.
pub async fn document(asked: HeaderMap) -> Response {
    let Document { text, etag } = &*DOCUMENT;
    let own = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, fixed("no-cache"))];
    if page::is_known(&asked, etag) {
        return (StatusCode::NOT_MODIFIED, own).into_response();
    }
    (own, [(header::CONTENT_TYPE, fixed("application/json"))], text.clone()).into_response()
}

/// `GET /docs`: the page.
pub async fn page(asked: HeaderMap) -> Response {
    PAGE.answer(POLICY, &asked)
}

/// `GET /docs/{file}`: what the page is made of.
pub async fn page_file(Path(name): Path<String>, asked: HeaderMap) -> Response {
    match PAGE_FILES.iter().find(|file| file.name == name) {
        Some(file) => file.answer(POLICY, &asked),
        None => Problem::not_found().into_response(),
    }
}

fn fixed(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

/// The document of its parts. They are of this binary and read by a test: what is not an
/// object in them is left out.
fn merged(base: &str, areas: &[&str]) -> Value {
    let mut document = object(base);
    let errors = match document.remove(ERRORS) {
        Some(Value::Object(sets)) => sets,
        _ => Map::new(),
    };
    for area in areas {
        let mut area = object(area);
        if let (Some(Value::Array(all)), Some(Value::Array(own))) =
            (document.get_mut("tags"), area.remove("tags"))
        {
            all.extend(own);
        }
        add(document.get_mut("paths"), area.remove("paths"));
        let components = document.get_mut("components").and_then(Value::as_object_mut);
        add(components.and_then(|parts| parts.get_mut("schemas")), area.remove("schemas"));
    }
    let version = Value::from(env!("CARGO_PKG_VERSION"));
    if let Some(Value::Object(info)) = document.get_mut("info") {
        info.insert("version".to_owned(), version);
    }
    for path in members(document.get_mut("paths")) {
        for operation in members(Some(path)) {
            tell_errors(operation, &errors);
        }
    }
    Value::Object(document)
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

fn members(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_object_mut).into_iter().flat_map(|members| members.values_mut())
}

fn add(to: Option<&mut Value>, from: Option<Value>) {
    if let (Some(Value::Object(to)), Some(Value::Object(from))) = (to, from) {
        to.extend(from);
    }
}

/// Puts the answers of an operation's set beside its own, which count first.
fn tell_errors(operation: &mut Value, errors: &Map<String, Value>) {
    let Some(operation) = operation.as_object_mut() else { return };
    let Some(set) = operation.remove(ERRORS) else { return };
    let set = errors.get(set.as_str().unwrap_or_default()).and_then(Value::as_object);
    let told = operation.get_mut("responses").and_then(Value::as_object_mut);
    if let (Some(set), Some(told)) = (set, told) {
        for (status, answer) in set {
            told.entry(status.clone()).or_insert_with(|| answer.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Each object of a document.
    fn every<'v>(value: &'v Value, see: &mut dyn FnMut(&'v Map<String, Value>)) {
        match value {
            Value::Object(members) => {
                see(members);
                members.values().for_each(|value| every(value, see));
            }
            Value::Array(elements) => elements.iter().for_each(|value| every(value, see)),
            _ => {}
        }
    }

    #[test]
    fn the_parts_are_objects_and_say_nothing_twice() {
        let mut seen = BTreeSet::new();
        for text in AREAS {
            let area: Map<String, Value> = serde_json::from_str(text).expect("an object");
            let names: Vec<&str> = area.keys().map(String::as_str).collect();
            assert!(names.iter().all(|name| ["tags", "paths", "schemas"].contains(name)));
            for part in ["paths", "schemas"] {
                for name in area[part].as_object().expect(part).keys() {
                    assert!(seen.insert((part, name.clone())), "{name} is there twice");
                }
            }
        }
        serde_json::from_str::<Map<String, Value>>(BASE).expect("an object");
    }

    #[test]
    fn what_is_referred_to_is_there() {
        let document = merged(BASE, AREAS);
        every(&document, &mut |members| {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                let pointer = target.strip_prefix('#').expect("a place in the document");
                assert!(document.pointer(pointer).is_some(), "{target}");
            }
        });
        let text = document.to_string();
        assert!(!text.contains(ERRORS), "a set that is not there");
        for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
            assert!(text.contains(&format!("#/components/schemas/{name}\"")), "{name} is not used");
        }
    }

    #[test]
    fn operations_have_ids_tags_and_scopes_that_there_are() {
        let document = merged(BASE, AREAS);
        let tags: Vec<&str> = document["tags"]
            .as_array()
            .expect("tags")
            .iter()
            .filter_map(|tag| tag["name"].as_str())
            .collect();
        let mut ids = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                let id = operation["operationId"].as_str().expect("an id");
                assert!(ids.insert(id), "{id} is there twice");
                let tag = operation["tags"][0].as_str().expect("a tag");
                assert!(tags.contains(&tag), "{tag}");
                assert!(operation["summary"].is_string(), "{method} {path}");
                if let Some(scope) = operation.get("x-zserver-scope") {
                    let scope = scope.as_str().expect("a scope");
                    assert!(crate::auth::scope::Scope::named(scope).is_some(), "{scope}");
                }
                let named: Vec<&str> = operation["parameters"]
                    .as_array()
                    .map(Vec::as_slice)
                    .unwrap_or_default()
                    .iter()
                    .filter(|parameter| parameter["in"] == "path")
                    .filter_map(|parameter| parameter["name"].as_str())
                    .collect();
                let wanted: Vec<&str> = path
                    .split('/')
                    .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                    .collect();
                assert_eq!(named, wanted, "{method} {path}");
            }
        }
    }

    #[test]
    fn a_set_of_errors_stands_beside_what_an_operation_says() {
        let base = r#"{"tags": [], "paths": {}, "info": {}, "components": {"schemas": {}},
            "x-zserver-errors": {"few": {"400": 1, "404": 2}}}"#;
        let area = r#"{"tags": [1], "schemas": {}, "paths": {"/x": {"get":
            {"responses": {"200": 3, "404": 4}, "x-zserver-errors": "few"}}}}"#;
        let merged = merged(base, &[area]);
        let told = serde_json::json!({"responses": {"200": 3, "400": 1, "404": 4}});
        assert_eq!(merged["paths"]["/x"]["get"], told);
        assert!(merged.get(ERRORS).is_none());
    }
}
