//! The words of JSON-RPC for what a request comes to.

use serde_json::{Map, Value, json};

use super::message::{Name, Refusal};
use super::{MESSAGE_BYTES_MAX, SQL_ERROR};
use crate::error::{Error, Report, Result};
use crate::http::conversation::Done;
use crate::http::problem::{self, Problem};
use crate::http::rows::RowWriter;
use crate::http::socket::message::Id;
use crate::http::socket::voice::Voice;
use crate::sql::outcome::Rows;
use crate::sql::types::json::write_string;
use crate::sqlstate;

/// What of a message is not rows and columns, or notices, at most.
const AROUND_BYTES: usize = 1 << 10;

/// Rows and columns of one part.
const PART_BYTES_MAX: usize = MESSAGE_BYTES_MAX - AROUND_BYTES;

/// Between rows while they are told apart: a byte that no text has.
const SEPARATOR: u8 = 0xff;

/// One request, and what of its answer is not sent yet.
#[derive(Clone)]
pub struct Answer {
    pub name: Name,
    /// The batch that it is of.
    pub batch: Option<u64>,
    /// Bytes that its last message may have.
    room: usize,
    /// Each page is a part.
    is_paged: bool,
    columns: Option<Vec<u8>>,
    /// With a comma after each.
    rows: Vec<u8>,
    has_rows: bool,
    parts: u32,
}

impl Answer {
    /// `of`: how many share a message.
    pub fn new(name: Name, batch: Option<u64>, of: usize, is_paged: bool) -> Answer {
        Answer {
            name,
            batch,
            room: MESSAGE_BYTES_MAX / of.max(1) - 2,
            is_paged,
            columns: None,
            rows: Vec::new(),
            has_rows: false,
            parts: 0,
        }
    }

    fn id(&self) -> &str {
        match &self.name {
            Name::Id(id) => id.as_str(),
            Name::Null | Name::Silent => "null",
        }
    }

    fn waiting(&self) -> usize {
        self.columns.as_ref().map_or(0, Vec::len) + self.rows.len()
    }

    /// `"columns":…,"rows":[…]`, which are sent with that.
    fn put_rows(&mut self, out: &mut Vec<u8>) {
        if let Some(columns) = self.columns.take() {
            out.extend_from_slice(b"\"columns\":");
            out.extend_from_slice(&columns);
            out.push(b',');
        }
        out.extend_from_slice(b"\"rows\":[");
        out.extend_from_slice(self.rows.strip_suffix(b",").unwrap_or_default());
        out.push(b']');
        self.rows.clear();
    }

    fn part(&mut self) -> String {
        self.parts += 1;
        let mut out = Vec::with_capacity(self.waiting() + AROUND_BYTES);
        out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"method\":\"rows\",\"params\":{\"id\":");
        out.extend_from_slice(self.id().as_bytes());
        out.extend_from_slice(format!(",\"part\":{},", self.parts).as_bytes());
        self.put_rows(&mut out);
        out.extend_from_slice(b"}}");
        text_of(out)
    }

    /// Any result.
    pub fn result(&self, result: &Value) -> String {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}", self.id())
    }

    fn error(&self, code: i32, message: &str, data: Option<Map<String, Value>>) -> String {
        let mut error = json!({"code": code, "message": message});
        if let Some(data) = data {
            error["data"] = Value::Object(data);
        }
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{error}}}", self.id())
    }

    /// What was no request.
    pub fn refused(&self, refusal: &Refusal) -> String {
        self.error(refusal.code, cut(&refusal.message, self.room / 8), None)
    }

    /// What failed before it was a statement.
    pub fn failed_with(&self, problem: &Problem) -> String {
        let data = problem.members().clone();
        self.error(SQL_ERROR, problem.text("message"), Some(data))
    }

    fn failure(&self, report: &Report, query: &str) -> String {
        let text = self.error(SQL_ERROR, &report.message, Some(problem::members(report, query)));
        if text.len() <= self.room {
            return text;
        }
        // A character may need six when it is written.
        let message = cut(&report.message, self.room / 8);
        let code = report.code.unwrap_or(sqlstate::INTERNAL_ERROR);
        let data = Map::from_iter([("code".to_owned(), json!(code.as_str()))]);
        self.error(SQL_ERROR, message, Some(data))
    }
}

/// What answers no request: why there is no conversation.
pub fn refusal(error: &Error) -> String {
    Answer::new(Name::Null, None, 1, false).failed_with(&Problem::of(error, ""))
}

/// The beginning of a text.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn text_of(bytes: Vec<u8>) -> String {
    // All that is written is.
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

impl Voice for Answer {
    fn id(&self) -> Option<&Id> {
        match &self.name {
            Name::Id(id) => Some(id),
            Name::Null | Name::Silent => None,
        }
    }

    fn columns(&mut self, writer: &RowWriter) -> Option<String> {
        let mut columns = Vec::new();
        writer.describe_to(&mut columns);
        self.columns = Some(columns);
        self.has_rows = true;
        None
    }

    fn rows(&mut self, writer: &RowWriter, rows: &Rows) -> Result<Vec<String>> {
        if self.name == Name::Silent {
            return Ok(Vec::new());
        }
        let mut written = Vec::new();
        writer.write(rows, &[SEPARATOR], &mut written)?;
        let mut parts = Vec::new();
        for row in written.split(|byte| *byte == SEPARATOR).filter(|row| !row.is_empty()) {
            if self.waiting() + row.len() + 1 > PART_BYTES_MAX && self.waiting() > 0 {
                parts.push(self.part());
            }
            if row.len() + 1 > PART_BYTES_MAX {
                return Err(too_large("a row"));
            }
            self.rows.extend_from_slice(row);
            self.rows.push(b',');
        }
        if self.is_paged && !self.rows.is_empty() {
            parts.push(self.part());
        }
        Ok(parts)
    }

    fn rest(&mut self) -> Option<String> {
        let is_sent = self.waiting() + AROUND_BYTES > self.room && self.name != Name::Silent;
        is_sent.then(|| self.part())
    }

    fn done(&mut self, done: &Done, notices: &[Report]) -> String {
        let mut out = Vec::with_capacity(self.waiting() + AROUND_BYTES);
        out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
        out.extend_from_slice(self.id().as_bytes());
        out.extend_from_slice(b",\"result\":{");
        if self.has_rows {
            self.put_rows(&mut out);
            out.extend_from_slice(format!(",\"parts\":{},", self.parts).as_bytes());
        }
        out.extend_from_slice(b"\"command\":");
        write_string(&done.command, &mut out);
        let count = done.count.map_or_else(|| "null".to_owned(), |count| count.to_string());
        out.extend_from_slice(format!(",\"row_count\":{count},\"notices\":[").as_bytes());
        let mut left = notices.len();
        for notice in notices {
            let notice = Value::Object(problem::members(notice, "")).to_string();
            if out.len() + notice.len() + 64 > self.room {
                break;
            }
            if left < notices.len() {
                out.push(b',');
            }
            out.extend_from_slice(notice.as_bytes());
            left -= 1;
        }
        out.push(b']');
        if left > 0 {
            out.extend_from_slice(format!(",\"notices_left_out\":{left}").as_bytes());
        }
        out.extend_from_slice(b"}}");
        text_of(out)
    }

    fn failed(&mut self, error: &Error, query: &str) -> String {
        self.failure(error.report(), query)
    }
}

/// `54000`.
pub fn too_large(what: &str) -> Error {
    let message = format!("{what} is larger than a message ({MESSAGE_BYTES_MAX} bytes)");
    Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message)
}

/// A notification about a subscription.
pub fn notification(method: &str, subscription: &Id, members: &[(&str, &Value)]) -> String {
    let mut out = format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{{\"subscription\":{}",
        subscription.as_str()
    );
    for (name, value) in members {
        out.push_str(&format!(",\"{name}\":{value}"));
    }
    out.push_str("}}");
    out
}

/// The end of a subscription that has failed.
pub fn failure(subscription: &Id, message: &str, data: Map<String, Value>) -> String {
    let error = json!({"code": SQL_ERROR, "message": message, "data": data});
    notification("end", subscription, &[("error", &error)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(of: usize) -> Answer {
        let id = Id::of(&json!(1)).expect("an id");
        Answer::new(Name::Id(id), None, of, false)
    }

    fn read(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn an_answer_fits_its_room_whatever_is_to_be_said() {
        let done = Done { command: "DO".to_owned(), count: None };
        let notice = Error::internal("x".repeat(1_000)).into_report();
        let notices: Vec<Report> = (0..1_000).map(|_| notice.clone()).collect();
        for of in [1, 100] {
            let mut answer = answer(of);
            let text = answer.done(&done, &notices);
            assert!(text.len() <= MESSAGE_BYTES_MAX / of, "{}", text.len());
            let value = read(&text);
            let told = value["result"]["notices"].as_array().expect("notices").len();
            assert!(told > 0);
            assert_eq!(value["result"]["notices_left_out"], json!(1_000 - told));
            let error = Error::internal("\u{1}é".repeat(1 << 20));
            let text = answer.failed(&error, "");
            assert!(text.len() <= MESSAGE_BYTES_MAX / of, "{}", text.len());
            assert_eq!(read(&text)["error"]["data"]["code"], json!("XX000"));
        }
    }

    #[test]
    fn what_has_no_rows_is_told_without() {
        let done = Done { command: "INSERT".to_owned(), count: Some(3) };
        let expected = json!({"jsonrpc": "2.0", "id": 1, "result": {"command": "INSERT", "row_count": 3, "notices": []}});
        assert_eq!(read(&answer(1).done(&done, &[])), expected);
    }
}
