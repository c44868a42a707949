//! What a client says.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::catalog::quote_identifier;
use crate::http::jobs;
use crate::http::principal::Scope;
use crate::http::socket::message::{Id, Query, Request, Subscribe};
use crate::http::socket::subscription::Source;

/// Requests of a batch.
pub const BATCH_MAX: usize = 100;

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;

/// How a request is spoken of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    Id(Id),
    /// The request cannot be read, or its id is null.
    Null,
    /// It is not answered.
    Silent,
}

/// Why a message is none.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: i32,
    pub message: String,
}

/// One request.
#[derive(Debug)]
pub struct Asked {
    pub name: Name,
    pub what: Result<What, Refusal>,
}

#[derive(Debug)]
pub enum What {
    /// In its turn, with a proof that is good for it.
    Request(Request, Scope),
    Cancel(Id),
    More(Id, u64),
}

#[derive(Debug)]
pub enum Said {
    One(Asked),
    Batch(Vec<Asked>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    id: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct More {
    id: Value,
    pages: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unsubscribe {
    subscription: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfJob {
    job: i64,
}

fn refusal(code: i32, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into() }
}

fn invalid(message: &str) -> Refusal {
    refusal(INVALID_REQUEST, message)
}

/// What is no text.
pub fn not_text() -> Refusal {
    invalid("messages are text")
}

/// Reads a message.
pub fn read(text: &str) -> Result<Said, Refusal> {
    let value = serde_json::from_str(text)
        .map_err(|error| refusal(PARSE_ERROR, format!("not JSON: {error}")))?;
    match value {
        Value::Array(values) if values.is_empty() => Err(invalid("the batch is empty")),
        Value::Array(values) if values.len() > BATCH_MAX => {
            Err(invalid(&format!("a batch has at most {BATCH_MAX} requests")))
        }
        Value::Array(values) => Ok(Said::Batch(values.into_iter().map(asked).collect())),
        value => Ok(Said::One(asked(value))),
    }
}

fn asked(value: Value) -> Asked {
    let Value::Object(mut members) = value else {
        return Asked { name: Name::Null, what: Err(invalid("a request is an object")) };
    };
    let name = match members.remove("id") {
        None => Name::Silent,
        Some(Value::Null) => Name::Null,
        Some(id) => match Id::of(&id) {
            Some(id) => Name::Id(id),
            None => {
                let what = Err(invalid("the id is a string or a number"));
                return Asked { name: Name::Null, what };
            }
        },
    };
    let what = what(members, &name);
    // What cannot be read is answered, id or not.
    let name = match (&what, name) {
        (Err(Refusal { code: INVALID_REQUEST, .. }), Name::Silent) => Name::Null,
        (_, name) => name,
    };
    Asked { name, what }
}

fn what(mut members: Map<String, Value>, name: &Name) -> Result<What, Refusal> {
    if members.remove("jsonrpc") != Some(json!("2.0")) {
        return Err(invalid("\"jsonrpc\" is \"2.0\""));
    }
    let Some(Value::String(method)) = members.remove("method") else {
        return Err(invalid("a request has a \"method\""));
    };
    let params = match members.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(Value::Array(_)) => return Err(refusal(INVALID_PARAMS, "params are by name")),
        Some(_) => return Err(invalid("\"params\" is an object")),
    };
    if let Some(other) = members.keys().next() {
        return Err(invalid(&format!("a request has no \"{other}\"")));
    }
    of_method(&method, params, name)
}

fn of_method(method: &str, params: Map<String, Value>, name: &Name) -> Result<What, Refusal> {
    let sql = |request| Ok(What::Request(request, Scope::Sql));
    match method {
        "query" => sql(Request::Query(Box::new(of(params)?))),
        "call" => call(params),
        "begin" => sql(Request::Begin(of(params)?)),
        "commit" => of::<Plain>(params).and_then(|_| sql(Request::Commit)),
        "rollback" => of::<Plain>(params).and_then(|_| sql(Request::RollBack)),
        "subscribe" => subscribe(params, name),
        "unsubscribe" => {
            let of = id_of(&of::<Unsubscribe>(params)?.subscription)?;
            Ok(What::Request(Request::Unsubscribe(of), Scope::Events))
        }
        "cancel" => Ok(What::Cancel(id_of(&of::<Cancel>(params)?.id)?)),
        "more" => {
            let More { id, pages } = of(params)?;
            Ok(What::More(id_of(&id)?, pages))
        }
        other => Err(refusal(METHOD_NOT_FOUND, format!("there is no method \"{other}\""))),
    }
}

fn of<T: DeserializeOwned>(params: Map<String, Value>) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(params)).map_err(|error| wrong(&error.to_string()))
}

fn wrong(message: &str) -> Refusal {
    refusal(INVALID_PARAMS, message)
}

fn id_of(value: &Value) -> Result<Id, Refusal> {
    Id::of(value).ok_or_else(|| wrong("an id is a string or a number"))
}

fn subscribe(params: Map<String, Value>, name: &Name) -> Result<What, Refusal> {
    if !matches!(name, Name::Id(_)) {
        return Err(wrong("a subscription is named by the id of its request"));
    }
    let (source, scope) = match params.contains_key("job") {
        true => (Source::Job(of::<OfJob>(params)?.job), Scope::Jobs),
        false => (of::<Subscribe>(params)?.into(), Scope::Events),
    };
    Ok(What::Request(Request::Subscribe(source), scope))
}

/// A function, a procedure or a job.
fn call(mut params: Map<String, Value>) -> Result<What, Refusal> {
    let called = ["function", "procedure", "job"].map(|kind| params.remove(kind));
    let (text, scope) = match called {
        [Some(Value::String(name)), None, None] => {
            (format!("SELECT * FROM {}", callee(&name, &mut params)?), Scope::Sql)
        }
        [None, Some(Value::String(name)), None] => {
            (format!("CALL {}", callee(&name, &mut params)?), Scope::Sql)
        }
        [None, None, Some(job)] => {
            let (text, jobs) = jobs::submission(job).map_err(|error| wrong(&error.to_string()))?;
            params.insert("params".to_owned(), json!([jobs.to_string()]));
            (text.to_owned(), Scope::Jobs)
        }
        _ => return Err(wrong("one \"function\", \"procedure\" or \"job\" is called")),
    };
    params.insert("query".to_owned(), Value::String(text));
    let mut query: Query = of(params)?;
    query.extension = (scope == Scope::Jobs).then_some(jobs::EXTENSION);
    Ok(What::Request(Request::Query(Box::new(query)), scope))
}

/// `"s"."f"($1, "b" => $2)`; the arguments become the parameters.
fn callee(name: &str, params: &mut Map<String, Value>) -> Result<String, Refusal> {
    if params.contains_key("params") || params.contains_key("query") {
        return Err(wrong("what is called has \"args\""));
    }
    let parts: Vec<&str> = name.split('.').collect();
    if parts.len() > 2 || parts.iter().any(|part| part.is_empty()) {
        return Err(wrong("a name is \"name\" or \"schema.name\""));
    }
    let quoted: Vec<_> = parts.iter().map(|part| quote_identifier(part)).collect();
    let (places, values): (Vec<String>, Vec<Value>) = match params.remove("args") {
        None => Default::default(),
        Some(Value::Array(values)) => {
            (1..).zip(values).map(|(at, value)| (format!("${at}"), value)).unzip()
        }
        Some(Value::Object(named)) => {
            let place = |at: usize, name: &str| format!("{} => ${at}", quote_identifier(name));
            (1..).zip(named).map(|(at, (name, value))| (place(at, &name), value)).unzip()
        }
        Some(_) => return Err(wrong("\"args\" is an array or an object")),
    };
    params.insert("params".to_owned(), Value::Array(values));
    Ok(format!("{}({})", quoted.join("."), places.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Asked {
        match read(text).expect(text) {
            Said::One(asked) => asked,
            Said::Batch(_) => panic!("a batch: {text}"),
        }
    }

    fn code(text: &str) -> i32 {
        match read(text) {
            Err(refusal) => refusal.code,
            Ok(Said::One(Asked { what: Err(refusal), .. })) => refusal.code,
            Ok(_) => 0,
        }
    }

    #[test]
    fn requests_are_read_as_the_specification_says() {
        let asked = one(r#"{"jsonrpc": "2.0", "id": 7, "method": "commit"}"#);
        assert!(matches!(asked.what, Ok(What::Request(Request::Commit, Scope::Sql))));
        assert!(matches!(asked.name, Name::Id(id) if id.as_str() == "7"));
        assert_eq!(one(r#"{"jsonrpc": "2.0", "method": "commit"}"#).name, Name::Silent);
        for (text, expected) in [
            ("{", PARSE_ERROR),
            ("[]", INVALID_REQUEST),
            ("1", INVALID_REQUEST),
            (r#"{"id": 1, "method": "commit"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc": "2.0", "id": {}, "method": "commit"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc": "2.0", "id": 1, "method": "commit", "more": 1}"#, INVALID_REQUEST),
            (r#"{"jsonrpc": "2.0", "id": 1, "method": "dance"}"#, METHOD_NOT_FOUND),
            (r#"{"jsonrpc": "2.0", "id": 1, "method": "query", "params": ["x"]}"#, INVALID_PARAMS),
            (
                r#"{"jsonrpc": "2.0", "id": 1, "method": "query", "params": {"q": "x"}}"#,
                INVALID_PARAMS,
            ),
            (
                r#"{"jsonrpc": "2.0", "method": "subscribe", "params": {"table": "t"}}"#,
                INVALID_PARAMS,
            ),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
        assert_eq!(one(r#"{"method": "commit"}"#).name, Name::Null, "it is answered");
        let batch = read(r#"[1, {"jsonrpc": "2.0", "id": "a", "method": "begin"}]"#);
        assert!(matches!(batch, Ok(Said::Batch(all)) if all.len() == 2));
    }

    #[test]
    fn a_call_is_a_statement_whose_names_are_quoted() {
        let text = |params: Value| {
            let Value::Object(params) = params else { panic!("an object") };
            match call(params) {
                Ok(What::Request(Request::Query(query), _)) => Ok((query.query, query.params)),
                Ok(_) => panic!("a query"),
                Err(refusal) => Err(refusal.code),
            }
        };
        let called = text(json!({"function": "s.f", "args": [1, "x"]}));
        assert_eq!(
            called,
            Ok(("SELECT * FROM s.f($1, $2)".to_owned(), vec![json!(1), json!("x")]))
        );
        let called = text(json!({"procedure": "p\"; drop", "args": {"A": 1}}));
        assert_eq!(called, Ok(("CALL \"p\"\"; drop\"(\"A\" => $1)".to_owned(), vec![json!(1)])));
        for wrong in [
            json!({}),
            json!({"function": "f", "procedure": "p"}),
            json!({"function": "a.b.c"}),
            json!({"function": ""}),
            json!({"function": "f", "params": [1]}),
            json!({"function": "f", "args": 1}),
        ] {
            assert_eq!(text(wrong.clone()), Err(INVALID_PARAMS), "{wrong}");
        }
    }
}
