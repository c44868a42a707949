//! Twirp: a call is a POST, its body and answer a message in protobuf or JSON, an error
//! `{"code", "msg", "meta"}`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::methods::Service;
use crate::http::problem::Problem;
use crate::http::rooms::bearer;
use crate::http::{Http, State, request};

/// In which of the two a call is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Protobuf,
    Json,
}

impl Form {
    fn of(headers: &HeaderMap) -> Option<Form> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/protobuf" => Some(Form::Protobuf),
            "application/json" => Some(Form::Json),
            _ => None,
        }
    }
}

/// A call that has failed.
pub struct Failed {
    code: &'static str,
    message: String,
}

impl Failed {
    pub fn new(code: &'static str, message: impl Into<String>) -> Failed {
        Failed { code, message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Failed {
        Failed::new("invalid_argument", message)
    }

    pub fn not_found(message: impl Into<String>) -> Failed {
        Failed::new("not_found", message)
    }

    /// What is not done, which is named.
    pub fn unimplemented(what: &str) -> Failed {
        Failed::new("unimplemented", format!("{what} is not supported"))
    }

    fn status(&self) -> StatusCode {
        match self.code {
            "invalid_argument" | "malformed" => StatusCode::BAD_REQUEST,
            "unauthenticated" => StatusCode::UNAUTHORIZED,
            "permission_denied" => StatusCode::FORBIDDEN,
            "not_found" | "bad_route" => StatusCode::NOT_FOUND,
            "deadline_exceeded" => StatusCode::REQUEST_TIMEOUT,
            "already_exists" | "aborted" => StatusCode::CONFLICT,
            "failed_precondition" => StatusCode::PRECONDITION_FAILED,
            "resource_exhausted" => StatusCode::TOO_MANY_REQUESTS,
            "unimplemented" => StatusCode::NOT_IMPLEMENTED,
            "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Failed {
        let code = match problem.status.as_u16() {
            400 => "invalid_argument",
            401 => "unauthenticated",
            403 => "permission_denied",
            404 => "not_found",
            408 => "deadline_exceeded",
            409 => "failed_precondition",
            413 | 429 | 507 => "resource_exhausted",
            501 => "unimplemented",
            503 if problem.text("code") == "53400" => "resource_exhausted",
            503 => "unavailable",
            _ => "internal",
        };
        Failed { code, message: problem.text("message").to_owned() }
    }
}

impl From<crate::error::Error> for Failed {
    fn from(error: crate::error::Error) -> Failed {
        Problem::of(&error, "").into()
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let body = json!({"code": self.code, "msg": self.message, "meta": {}}).to_string();
        (self.status(), [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

/// `POST /twirp/livekit.RoomService/{method}`.
pub async fn call(
    http: State,
    Path(method): Path<String>,
    request: Request,
) -> Result<Response, Failed> {
    let (parts, body) = request.into_parts();
    let form = Form::of(&parts.headers).ok_or_else(|| {
        Failed::new("bad_route", "the content type is application/json or application/protobuf")
    })?;
    let bearer = bearer::of(&http, &parts).await?;
    let call = Call { http: http.0.clone(), form, body };
    let service = Service::new(&http, bearer).await?;
    match method.as_str() {
        "CreateRoom" => call.answer(async |it| service.create_room(it).await).await,
        "ListRooms" => call.answer(async |it| service.list_rooms(it).await).await,
        "DeleteRoom" => call.answer(async |it| service.delete_room(it).await).await,
        "ListParticipants" => call.answer(async |it| service.list_participants(it).await).await,
        "GetParticipant" => call.answer(async |it| service.get_participant(it).await).await,
        "RemoveParticipant" => call.answer(async |it| service.remove_participant(it).await).await,
        "MutePublishedTrack" => call.answer(async |it| service.mute_track(it).await).await,
        "UpdateParticipant" => call.answer(async |it| service.update_participant(it).await).await,
        "UpdateSubscriptions" => {
            call.answer(async |it| service.update_subscriptions(it).await).await
        }
        "SendData" => call.answer(async |it| service.send_data(it).await).await,
        "UpdateRoomMetadata" => call.answer(async |it| service.update_metadata(it).await).await,
        "ForwardParticipant" | "MoveParticipant" | "PerformRpc" => {
            Err(Failed::unimplemented(&method))
        }
        _ => Err(Failed::new("bad_route", format!("no such method: {method}"))),
    }
}

/// A call whose body was not read yet.
struct Call {
    http: Arc<Http>,
    form: Form,
    body: Body,
}

impl Call {
    async fn answer<A, B>(
        self,
        does: impl AsyncFnOnce(A) -> Result<B, Failed>,
    ) -> Result<Response, Failed>
    where
        A: Message + Default + DeserializeOwned,
        B: Message + Serialize,
    {
        let bytes = request::bytes(&self.http, self.body).await?;
        let asked = read::<A>(self.form, bytes)?;
        let answer = does(asked).await?;
        let (kind, body) = match self.form {
            Form::Protobuf => ("application/protobuf", answer.encode_to_vec()),
            Form::Json => {
                let written = serde_json::to_vec(&answer);
                let failed = |error| Failed::new("internal", format!("no JSON: {error}"));
                ("application/json", written.map_err(failed)?)
            }
        };
        Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
    }
}

fn read<A: Message + Default + DeserializeOwned>(form: Form, bytes: Bytes) -> Result<A, Failed> {
    let malformed = |error: String| Failed::new("malformed", error);
    match form {
        Form::Protobuf => A::decode(bytes).map_err(|error| malformed(error.to_string())),
        Form::Json => serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string())),
    }
}
