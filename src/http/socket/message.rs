//! Messages of the socket, read and written.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::subscription::Source;
use super::voice::Voice;
use crate::error::{Error, Report};
use crate::events::{Event, Position};
use crate::http::conversation::Done;
use crate::http::problem::{self, Problem};
use crate::http::rows::RowWriter;
use crate::http::sql::{Isolation, Modes, RowShape};
use crate::session::Notification;
use crate::sql::outcome::Rows;
use crate::sql::types::json::write_string;

/// What a client says.
#[derive(Debug)]
pub enum Said {
    Request(Id, Request),
    More(Id, u64),
    Cancel(Id),
}

/// What is done in its turn.
#[derive(Debug)]
pub enum Request {
    Query(Box<Query>),
    Begin(Begin),
    Commit,
    RollBack,
    Listen(String),
    /// `None`: all.
    Unlisten(Option<String>),
    Subscribe(Source),
    /// Ends the subscription of a name.
    Unsubscribe(Id),
}

impl Request {
    /// What whoever reads the messages does by itself, in its turn.
    pub fn is_lines_own(&self) -> bool {
        match self {
            Request::Listen(_)
            | Request::Unlisten(_)
            | Request::Subscribe(_)
            | Request::Unsubscribe(_) => true,
            Request::Query(_) | Request::Begin(_) | Request::Commit | Request::RollBack => false,
        }
    }
}

/// A client's name for a request, as JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Id(String);

impl Id {
    /// None for what is neither a string nor a number.
    pub fn of(value: &Value) -> Option<Id> {
        matches!(value, Value::String(_) | Value::Number(_)).then(|| Id(value.to_string()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    pub query: String,
    #[serde(default)]
    pub params: Vec<Value>,
    #[serde(default)]
    pub param_types: Vec<String>,
    #[serde(default)]
    pub rows: RowShape,
    #[serde(default)]
    pub max_rows: Option<u64>,
    /// Rows of a page at most.
    #[serde(default)]
    pub page_rows: Option<u32>,
    #[serde(default)]
    pub timeout_ms: Option<u32>,
    /// Pages that may be sent before the client asks for more; all without it.
    #[serde(default)]
    pub window: Option<u64>,
    /// What has to be in the database.
    #[serde(skip)]
    pub extension: Option<&'static str>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    #[serde(default)]
    isolation: Option<Isolation>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    deferrable: bool,
}

impl Begin {
    pub fn modes(&self) -> Modes {
        let Begin { isolation, read_only, deferrable } = *self;
        Modes { isolation, read_only, deferrable }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Channel {
    channel: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaybeChannel {
    #[serde(default)]
    channel: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    pub table: String,
    /// The id of an event; without it, what is committed from now on.
    #[serde(default)]
    pub after: Option<String>,
}

impl From<Subscribe> for Source {
    fn from(Subscribe { table, after }: Subscribe) -> Source {
        Source::Table { table, after }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pages {
    pages: u64,
}

/// Reads a message; what is wrong with it otherwise.
pub fn read(text: &str) -> Result<Said, String> {
    let mut members: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("not an object: {error}"))?;
    let kind = match members.remove("type") {
        Some(Value::String(kind)) => kind,
        _ => return Err("a message has a \"type\"".to_owned()),
    };
    let id = members.remove("id").as_ref().and_then(Id::of);
    let id = id.ok_or_else(|| "a message has an \"id\", a string or a number".to_owned())?;
    let rest = Value::Object(members);
    let request = match kind.as_str() {
        "query" => Request::Query(Box::new(of(rest)?)),
        "begin" => Request::Begin(of(rest)?),
        "commit" => of::<Plain>(rest).map(|_| Request::Commit)?,
        "rollback" => of::<Plain>(rest).map(|_| Request::RollBack)?,
        "listen" => Request::Listen(of::<Channel>(rest)?.channel),
        "unlisten" => Request::Unlisten(of::<MaybeChannel>(rest)?.channel),
        "subscribe" => Request::Subscribe(of::<Subscribe>(rest)?.into()),
        "unsubscribe" => of::<Plain>(rest).map(|_| Request::Unsubscribe(id.clone()))?,
        "more" => return Ok(Said::More(id, of::<Pages>(rest)?.pages)),
        "cancel" => return of::<Plain>(rest).map(|_| Said::Cancel(id)),
        other => return Err(format!("there is no message \"{other}\"")),
    };
    Ok(Said::Request(id, request))
}

fn of<T: serde::de::DeserializeOwned>(rest: Value) -> Result<T, String> {
    serde_json::from_value(rest).map_err(|error| error.to_string())
}

/// A text that a message is written to.
pub struct Page(Vec<u8>);

impl Page {
    /// `{"type":KIND,"id":ID`
    pub fn of(kind: &str, id: &Id) -> Page {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\",\"id\":");
        out.extend_from_slice(id.0.as_bytes());
        Page(out)
    }

    /// `,"NAME":`, and where the value goes.
    pub fn member(&mut self, name: &str) -> &mut Vec<u8> {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        &mut self.0
    }

    pub fn finish(mut self) -> String {
        self.0.push(b'}');
        // All that is written is.
        String::from_utf8(self.0)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// The words of this protocol for one request.
#[derive(Clone)]
pub struct Words(pub Id);

impl Voice for Words {
    fn id(&self) -> Option<&Id> {
        Some(&self.0)
    }

    fn columns(&mut self, writer: &RowWriter) -> Option<String> {
        let mut page = Page::of("columns", &self.0);
        writer.describe_to(page.member("columns"));
        Some(page.finish())
    }

    fn rows(&mut self, writer: &RowWriter, rows: &Rows) -> crate::error::Result<Vec<String>> {
        let mut page = Page::of("rows", &self.0);
        let written = page.member("rows");
        written.push(b'[');
        writer.write(rows, b",", written)?;
        written.pop();
        written.push(b']');
        Ok(vec![page.finish()])
    }

    fn done(&mut self, what: &Done, notices: &[Report]) -> String {
        done(&self.0, what, notices)
    }

    fn failed(&mut self, failure: &Error, query: &str) -> String {
        error(&self.0, failure, query)
    }
}

/// The end of a request.
pub fn done(id: &Id, done: &Done, notices: &[Report]) -> String {
    let mut page = Page::of("done", id);
    write_string(&done.command, page.member("command"));
    let count = done.count.map_or_else(|| "null".to_owned(), |count| count.to_string());
    page.member("row_count").extend_from_slice(count.as_bytes());
    let members = |notice| Value::Object(problem::members(notice, ""));
    let notices = Value::Array(notices.iter().map(members).collect());
    page.member("notices").extend_from_slice(notices.to_string().as_bytes());
    page.finish()
}

/// The end of one that failed; `query` is what positions count in.
pub fn error(id: &Id, error: &Error, query: &str) -> String {
    let mut page = Page::of("error", id);
    for (name, value) in problem::members(error.report(), query) {
        page.member(&name).extend_from_slice(value.to_string().as_bytes());
    }
    page.finish()
}

/// The end of one that failed before it was a statement.
pub fn refused(id: &Id, problem: &Problem) -> String {
    let mut page = Page::of("error", id);
    for (name, value) in problem.members() {
        page.member(name).extend_from_slice(value.to_string().as_bytes());
    }
    page.finish()
}

/// A change.
pub fn event(id: &Id, event: &Event) -> String {
    let mut page = Page::of("event", id);
    page.member("event").extend_from_slice(event.body.to_string().as_bytes());
    page.finish()
}

/// There was nothing up to here.
pub fn position(id: &Id, position: Position) -> String {
    let mut page = Page::of("position", id);
    write_string(&position.to_string(), page.member("position"));
    page.finish()
}

pub fn notification(notification: &Notification) -> String {
    let size = 64 + notification.channel.len() + notification.payload.len();
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(b"{\"type\":\"notification\",\"channel\":");
    write_string(&notification.channel, &mut out);
    out.extend_from_slice(b",\"payload\":");
    write_string(&notification.payload, &mut out);
    out.extend_from_slice(b",\"pid\":");
    out.extend_from_slice(notification.pid.to_string().as_bytes());
    Page(out).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_strictly() {
        let said = read(r#"{"type": "query", "id": 7, "query": "select $1", "params": [1.50]}"#);
        let Ok(Said::Request(id, Request::Query(query))) = said else { panic!("{said:?}") };
        assert_eq!((id.0.as_str(), query.params[0].to_string().as_str()), ("7", "1.50"));
        let said =
            read(r#"{"type": "query", "id": "a", "query": "x", "max_rows": 3, "window": 1}"#);
        let Ok(Said::Request(id, Request::Query(query))) = said else { panic!("{said:?}") };
        assert_eq!((id.0.as_str(), query.max_rows, query.window), ("\"a\"", Some(3), Some(1)));
        assert!(matches!(read(r#"{"type": "cancel", "id": 7}"#), Ok(Said::Cancel(_))));
        assert!(matches!(read(r#"{"type": "more", "id": 7, "pages": 2}"#), Ok(Said::More(_, 2))));
        for wrong in [
            "[]",
            "{",
            r#"{"type": "query", "query": "x"}"#,
            r#"{"type": "query", "id": null, "query": "x"}"#,
            r#"{"type": "query", "id": 1}"#,
            r#"{"type": "query", "id": 1, "query": "x", "quer": 1}"#,
            r#"{"type": "commit", "id": 1, "chain": true}"#,
            r#"{"type": "dance", "id": 1}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_notification_is_json() {
        let notification = Notification { pid: 3, channel: "c".into(), payload: "\"x\"\n".into() };
        let value: Value = serde_json::from_str(&super::notification(&notification)).expect("JSON");
        assert_eq!(value["payload"], Value::from("\"x\"\n"));
        assert_eq!(value["pid"], Value::from(3));
    }
}
