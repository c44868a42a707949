//! Errors, as `application/problem+json` (RFC 9457).
//!
//! ```json
//! {"type": "about:blank", "title": "Bad Request", "status": 400, "severity": "ERROR",
//!  "code": "42601", "message": "syntax error at or near \"selec\"", "position": "1"}
//! ```
//! Beside the members of the RFC there are those of PostgreSQL's report, under the names
//! that clients of PostgREST and Neon look for.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::error::{Error, Report};
use crate::observe::refusal::Reason;
use crate::sqlstate::{self, SqlState};

/// What is used up now may be there again so soon.
const RETRY_AFTER_SECONDS: u64 = 1;

/// A request that failed: its status and what is told of it.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    members: Map<String, Value>,
    challenge: Challenge,
    refused: Option<Reason>,
}

/// Among the extensions of an answer: that it refuses a request, and why, which the guard
/// counts and the audit log is told of.
#[derive(Clone, Debug)]
pub struct Refused {
    pub reason: Reason,
    pub code: String,
    pub message: String,
}

/// What `WWW-Authenticate` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Challenge {
    None,
    /// Some proof.
    Any,
    /// Another token than the one that came.
    Token,
}

impl Problem {
    /// A problem of HTTP's own, with the code that fits.
    pub fn plain(status: StatusCode, code: SqlState, message: &str) -> Problem {
        let mut members = Map::new();
        members.insert("code".to_owned(), json!(code.as_str()));
        members.insert("message".to_owned(), json!(message));
        Problem { status, members, challenge: Challenge::None, refused: None }
    }

    /// A request that cannot be understood.
    pub fn bad_request(message: &str) -> Problem {
        Problem::plain(StatusCode::BAD_REQUEST, sqlstate::PROTOCOL_VIOLATION, message)
    }

    pub fn not_found() -> Problem {
        Problem::plain(StatusCode::NOT_FOUND, sqlstate::PROTOCOL_VIOLATION, "no such route")
    }

    pub fn method_not_allowed() -> Problem {
        let message = "the route does not have this method";
        Problem::plain(StatusCode::METHOD_NOT_ALLOWED, sqlstate::PROTOCOL_VIOLATION, message)
    }

    pub fn not_acceptable(message: &str) -> Problem {
        Problem::plain(StatusCode::NOT_ACCEPTABLE, sqlstate::PROTOCOL_VIOLATION, message)
    }

    pub fn too_large(limit: usize) -> Problem {
        let message = format!("the body is larger than {limit} bytes (\"http_max_body\")");
        Problem::large_body(&message)
    }

    /// A file that is larger than one request may bring.
    pub fn file_too_large(limit: u64) -> Problem {
        let message = format!("the file is larger than {limit} bytes (\"http_max_file\")");
        Problem::large_body(&message).with_hint("Larger files come by tus, at /files.")
    }

    /// An upload in parts that is larger than it may be.
    pub fn upload_too_large(limit: u64) -> Problem {
        Problem::large_body(&format!("the upload has more than {limit} bytes"))
    }

    fn large_body(message: &str) -> Problem {
        let (status, code) = (StatusCode::PAYLOAD_TOO_LARGE, sqlstate::PROGRAM_LIMIT_EXCEEDED);
        Problem::plain(status, code, message).refuses(Reason::LargeBody)
    }

    /// More than quotas leave room for.
    pub fn over_quota(room: u64) -> Problem {
        Problem::large_body(&format!("the quota leaves room for {room} bytes"))
    }

    pub fn precondition_failed(message: &str) -> Problem {
        Problem::plain(StatusCode::PRECONDITION_FAILED, sqlstate::PROTOCOL_VIOLATION, message)
    }

    /// Ranges that are beyond the end of a file.
    pub fn no_such_range() -> Problem {
        let status = StatusCode::RANGE_NOT_SATISFIABLE;
        let message = "the ranges are beyond the end of the file";
        Problem::plain(status, sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message)
    }

    pub fn unsupported_type(message: &str) -> Problem {
        Problem::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, sqlstate::PROTOCOL_VIOLATION, message)
    }

    pub fn forbidden(message: &str) -> Problem {
        Problem::plain(StatusCode::FORBIDDEN, sqlstate::PROTOCOL_VIOLATION, message)
    }

    pub fn gone(message: &str) -> Problem {
        Problem::plain(StatusCode::GONE, sqlstate::UNDEFINED_OBJECT, message)
    }

    pub fn locked(message: &str) -> Problem {
        Problem::plain(StatusCode::LOCKED, sqlstate::LOCK_NOT_AVAILABLE, message)
    }

    /// A body that pauses for too long.
    pub fn body_too_slow() -> Problem {
        let message = "the body did not come in time (\"http_read_timeout\")";
        let code = sqlstate::CONNECTION_FAILURE;
        Problem::plain(StatusCode::REQUEST_TIMEOUT, code, message).refuses(Reason::SlowBody)
    }

    /// What rules have found in it is not told to who tries.
    pub fn looks_like_attack() -> Problem {
        let message = "the request looks like an attack";
        let code = sqlstate::INSUFFICIENT_PRIVILEGE;
        Problem::plain(StatusCode::FORBIDDEN, code, message).refuses(Reason::Attack)
    }

    /// The name under which the log has the request.
    pub fn with_request(self, id: &str) -> Problem {
        self.with_member("request_id", id)
    }

    pub fn too_many(reason: Reason, message: &str) -> Problem {
        let code = sqlstate::CONFIGURATION_LIMIT_EXCEEDED;
        Problem::plain(StatusCode::TOO_MANY_REQUESTS, code, message).refuses(reason)
    }

    /// tus: what came is not what its checksum says.
    pub fn checksum_mismatch(algorithm: &str) -> Problem {
        let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
        let message = format!("what came differs from its checksum {algorithm}");
        Problem::plain(status, sqlstate::PROTOCOL_VIOLATION, &message)
    }

    /// An upload goes on somewhere else; `typed`: in the words of the IETF's draft.
    pub fn wrong_offset(expected: u64, provided: u64, typed: bool) -> Problem {
        let message = format!("the upload goes on at {expected}, not at {provided}");
        let mut problem =
            Problem::plain(StatusCode::CONFLICT, sqlstate::PROTOCOL_VIOLATION, &message);
        if typed {
            let mut put = |name: &str, value: Value| problem.members.insert(name.to_owned(), value);
            put(
                "type",
                json!("https://iana.org/assignments/http-problem-types#mismatching-upload-offset"),
            );
            put("expected-offset", json!(expected));
            put("provided-offset", json!(provided));
        }
        problem
    }

    /// One that refuses a request: it is counted by why.
    pub fn refuses(self, reason: Reason) -> Problem {
        Problem { refused: Some(reason), ..self }
    }

    /// Why it refuses a request, if it does.
    pub fn refused(&self) -> Option<Refused> {
        let text = |member: &str| self.text(member).to_owned();
        let refused = |reason| Refused { reason, code: text("code"), message: text("message") };
        self.refused.map(refused)
    }

    /// Marks an answer as one that refuses, whatever words it says that in.
    pub fn mark(&self, response: &mut Response) {
        if let Some(refused) = self.refused() {
            response.extensions_mut().insert(refused);
        }
    }

    pub fn with_status(self, status: StatusCode) -> Problem {
        Problem { status, ..self }
    }

    pub fn with_hint(self, hint: &str) -> Problem {
        self.with_member("hint", hint)
    }

    fn with_member(mut self, name: &str, text: &str) -> Problem {
        self.members.insert(name.to_owned(), json!(text));
        self
    }

    /// Nobody has said who asks.
    pub fn unauthorized(message: &str) -> Problem {
        let code = sqlstate::INVALID_AUTHORIZATION_SPECIFICATION;
        let plain = Problem::plain(StatusCode::UNAUTHORIZED, code, message);
        Problem { challenge: Challenge::Any, ..plain }.refuses(Reason::Proof)
    }

    /// A token or a key that proves nothing.
    pub fn invalid_token(message: &str) -> Problem {
        let code = sqlstate::INVALID_AUTHORIZATION_SPECIFICATION;
        let plain = Problem::plain(StatusCode::UNAUTHORIZED, code, message);
        Problem { challenge: Challenge::Token, ..plain }.refuses(Reason::Proof)
    }

    /// Something that a path names and is not there.
    pub fn missing(message: &str) -> Problem {
        Problem::plain(StatusCode::NOT_FOUND, sqlstate::UNDEFINED_OBJECT, message)
    }

    pub fn unavailable() -> Problem {
        let (status, code) = (StatusCode::SERVICE_UNAVAILABLE, sqlstate::ADMIN_SHUTDOWN);
        Problem::plain(status, code, "the server is shutting down")
    }

    /// A failed statement; `query` is the text that positions count in.
    pub fn of(error: &Error, query: &str) -> Problem {
        let status = status_of(error.code());
        let challenge = match status {
            StatusCode::UNAUTHORIZED => Challenge::Any,
            _ => Challenge::None,
        };
        // What statements fail with is of other classes.
        let refused = error.code().as_str().starts_with("28").then_some(Reason::Proof);
        Problem { status, members: members(error.report(), query), challenge, refused }
    }

    /// What is told of it.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// A member that is a text: `code`, `message`.
    pub fn text(&self, member: &str) -> &str {
        self.members.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// The document.
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("type".to_owned(), json!("about:blank"));
        let title = self.status.canonical_reason().unwrap_or("Error");
        body.insert("title".to_owned(), json!(title));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.extend(self.members.clone());
        Value::Object(body)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body().to_string()));
        *response.status_mut() = self.status;
        self.mark(&mut response);
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        let challenges: &[&str] = match self.challenge {
            Challenge::None => &[],
            Challenge::Any => {
                &["Basic realm=\"zserver\", charset=\"UTF-8\"", "Bearer realm=\"zserver\""]
            }
            Challenge::Token => &["Bearer realm=\"zserver\", error=\"invalid_token\""],
        };
        for challenge in challenges {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            StatusCode::UPGRADE_REQUIRED => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            }
            _ => {}
        }
        response
    }
}

/// A report as JSON members: those that it has.
pub fn members(report: &Report, query: &str) -> Map<String, Value> {
    let mut members = Map::new();
    let code = report.code.unwrap_or(sqlstate::INTERNAL_ERROR);
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), Value::String(value));
        }
    };
    put("severity", Some(report.severity.as_str().to_owned()));
    put("code", Some(code.as_str().to_owned()));
    put("message", Some(report.message.clone()));
    put("detail", report.detail.clone());
    put("hint", report.hint.clone());
    let position = report.position(query).map(|position| position.to_string());
    match &report.internal_query {
        None => put("position", position),
        Some(query) => {
            put("internalPosition", position);
            put("internalQuery", Some(query.clone()));
        }
    }
    put("where", report.context.clone());
    put("schema", report.schema.clone());
    put("table", report.table.clone());
    put("column", report.column.clone());
    put("dataType", report.data_type.clone());
    put("constraint", report.constraint.clone());
    members
}

/// The status that fits a code: who is to do something about it.
///
/// | status | |
/// |---|---|
/// | 400 | what was asked is wrong as it is: its syntax, types, values, and what NOT NULL and CHECK do not take, here and in views |
/// | 401, 403 | who asks has to prove it, or may not |
/// | 404 | what is named is not there |
/// | 408 | it took longer than it may, or was cancelled; nothing of it is done |
/// | 409 | what is there is in the way: a duplicate, a reference, other transactions, locks, dependents. Asked again when that is changed, the same may do |
/// | 413 | more than the server takes, or makes, at once |
/// | 500 | a fault of the server, or of a function of its database |
/// | 501 | it is not supported |
/// | 503, 507 | the server cannot now: connections, memory, a shutdown; the disk |
fn status_of(code: SqlState) -> StatusCode {
    let code = code.as_str();
    match (code, &code[..2]) {
        ("28P01", _) => StatusCode::UNAUTHORIZED,
        ("42501", _) | (_, "28") => StatusCode::FORBIDDEN,
        ("42883" | "42P01" | "3D000" | "3F000" | "42704" | "58P01" | "P0002", _) => {
            StatusCode::NOT_FOUND
        }
        ("53100", _) => StatusCode::INSUFFICIENT_STORAGE,
        ("57014", _) => StatusCode::REQUEST_TIMEOUT,
        ("0A000", _) => StatusCode::NOT_IMPLEMENTED,
        // A row that breaks what its own table says of each row.
        ("23502" | "23514", _) => StatusCode::BAD_REQUEST,
        // Objects that are there already, or that others depend on; a transaction that
        // has failed.
        ("42P04" | "42P06" | "42P07" | "42710" | "42723" | "2BP01" | "25P02", _) => {
            StatusCode::CONFLICT
        }
        // A parameter that only the start of the server or a session sets.
        ("55P02", _) => StatusCode::BAD_REQUEST,
        // Whether it is done is not known.
        ("40003", _) => StatusCode::SERVICE_UNAVAILABLE,
        // A duplicate, a missing reference, a conflict with others: later it may do.
        (_, "23" | "40" | "55") => StatusCode::CONFLICT,
        (_, "54") => StatusCode::PAYLOAD_TOO_LARGE,
        ("08P01", _) => StatusCode::BAD_REQUEST,
        (_, "08" | "53" | "57") => StatusCode::SERVICE_UNAVAILABLE,
        (_, "38" | "39" | "58" | "F0" | "HV" | "XX" | "72") => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_status_of_who_is_to_do_something() {
        for (code, status) in [
            ("0A000", 501),
            ("08006", 503),
            ("08P01", 400),
            ("21000", 400),
            ("22012", 400),
            ("22P02", 400),
            ("23001", 409),
            ("23502", 400),
            ("23503", 409),
            ("23505", 409),
            ("23514", 400),
            ("23P01", 409),
            ("25006", 400),
            ("25P02", 409),
            ("28000", 403),
            ("28P01", 401),
            ("2BP01", 409),
            ("38000", 500),
            ("39P01", 500),
            ("3D000", 404),
            ("40001", 409),
            ("40003", 503),
            ("40P01", 409),
            ("42501", 403),
            ("42601", 400),
            ("42703", 400),
            ("42710", 409),
            ("42883", 404),
            ("42P01", 404),
            ("42P07", 409),
            ("44000", 400),
            ("53100", 507),
            ("53200", 503),
            ("53300", 503),
            ("54001", 413),
            ("55006", 409),
            ("55P02", 400),
            ("55P03", 409),
            ("57014", 408),
            ("57P01", 503),
            ("58030", 500),
            ("F0000", 500),
            ("P0001", 400),
            ("P0002", 404),
            ("XX000", 500),
            ("XX001", 500),
        ] {
            let code = SqlState::new(code.as_bytes().try_into().expect("five characters"));
            assert_eq!(status_of(code).as_u16(), status, "{}", code.as_str());
        }
    }
}
