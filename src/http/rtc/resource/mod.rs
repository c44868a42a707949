//! WHIP (RFC 9725) and WHEP: one request brings a stream in, or out.
//!
//! ```text
//! POST /api/v1/rtc/whip/{room}   application/sdp: an offer       201, Location, ETag, the answer
//! PATCH {Location}               candidates (If-Match: the ETag) 204
//!                                new credentials (If-Match: *)   200, another ETag, ours
//! PATCH {Location}/playback      paused, another place           204, of a recording
//! DELETE {Location}                                              200
//! ```
//! Who comes by WHIP is a participant of the room that publishes what it offers to send; by
//! WHEP one that nobody sees and that is sent what is published when it comes: 404 where
//! there is nothing. The answer has all candidates, as far as they come in time, and names
//! servers of STUN and TURN (`Link`).
//!
//! By WHEP a recording is played, too ([`recorded`]): nobody is in a room for that, and it
//! may be paused, or go elsewhere.
//!
//! A session ends with its connection, with its participant, and with what it plays.

mod recorded;
mod session;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use tokio::sync::{mpsc, oneshot};

use self::recorded::Directed;
pub use self::recorded::play as play_recording;
use self::session::Session;
use super::fragment::Fragment;
use super::{Asker, ice_servers, peer_options};
use crate::http::principal::{Principal, forbidden};
use crate::http::problem::Problem;
use crate::http::rooms::entry::Wish;
use crate::http::{Http, State, request};
use crate::rooms::{Inbox, Reason};
use crate::rtc::channel::Opener;
use crate::rtc::peer::{Event, IceServer};
use crate::rtc::signal::Call;
use crate::sqlstate;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// How long an answer waits for all of its candidates.
const GATHER_TIMEOUT: Duration = Duration::from_secs(2);

/// Requests of a session that wait.
const COMMANDS_MAX: usize = 16;

/// A session, for the requests that are about it.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    owner: Owner,
}

/// Whose it is.
#[derive(Clone, PartialEq, Eq)]
struct Owner {
    role: String,
    database: String,
    /// What a token says of its bearer.
    identity: String,
}

enum Command {
    Change {
        fragment: Fragment,
        if_match: String,
        answer: oneshot::Sender<Result<Changed, Problem>>,
    },
    /// Of a recording that is played.
    Direct {
        directed: Directed,
        answer: oneshot::Sender<Result<(), Problem>>,
    },
    End(oneshot::Sender<()>),
}

/// What a change has come to.
enum Changed {
    Trickled,
    Restarted { fragment: String, etag: String },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// `POST /api/v1/rtc/whip/{room}`.
pub async fn publish(
    http: State,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    begin(&http, &room, request, Direction::In).await
}

/// `POST /api/v1/rtc/whep/{room}`.
pub async fn play(
    http: State,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    begin(&http, &room, request, Direction::Out).await
}

impl Owner {
    fn of(asker: &Asker) -> Owner {
        let principal = asker.principal();
        Owner {
            role: principal.role.clone(),
            database: principal.database.clone(),
            identity: match asker {
                Asker::Bearer(bearer) => bearer.identity.clone(),
                Asker::Principal(_) => String::new(),
            },
        }
    }
}

async fn begin(
    http: &Arc<Http>,
    room: &str,
    request: Request,
    direction: Direction,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asker = Asker::of(http, &parts).await?;
    check_type(&parts.headers, SDP)?;
    let offer = text(http, body).await?;
    let (call, events, inbox, principal) = enter(http, &asker, room, direction).await?;
    let session = Session {
        http: http.clone(),
        id: new_id(),
        call,
        events,
        inbox: Some(inbox),
        played: None,
        direction,
        opener: Opener { principal: Arc::new(principal), is_encrypted: is_encrypted(&parts) },
        offer,
        etag: String::new(),
    };
    launch(http, &asker, session).await
}

fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Answers the offer of a session, which goes on by itself from then on.
async fn launch(
    http: &Arc<Http>,
    asker: &Asker,
    mut session: Session,
) -> Result<Response, Problem> {
    let answer = match session.answer().await {
        Ok(answer) => answer,
        Err(problem) => {
            session.call.end(Reason::Failed).await;
            return Err(problem);
        }
    };
    let response = session.created(&answer, &ice_servers(http, asker.name()).0);
    let (commands, commanded) = mpsc::channel(COMMANDS_MAX);
    let handle = Handle { commands, owner: Owner::of(asker) };
    http.rtc.sessions.lock().insert(session.id.clone(), handle);
    tokio::spawn(session.run(commanded));
    Ok(response)
}

fn is_encrypted(parts: &Parts) -> bool {
    let peer = crate::http::principal::peer(parts);
    peer.is_ok_and(|peer| crate::http::principal::check_protected(&peer, "signalling").is_ok())
}

type Entrance = (Call, mpsc::Receiver<Event>, Inbox, Principal);

async fn enter(
    http: &Arc<Http>,
    asker: &Asker,
    room: &str,
    direction: Direction,
) -> Result<Entrance, Problem> {
    // Several streams of one role are several participants.
    let number = format!("{:08x}", rand::random::<u32>());
    let identity = format!("{}/{number}", asker.principal().role);
    let wish = Wish { auto_subscribe: direction == Direction::Out, ..Wish::default() };
    let entered = asker.enter(http, Some(room), Some(identity), wish).await?;
    let info = entered.seat.info().map_err(|error| Problem::of(&error, ""))?;
    let may = match direction {
        Direction::In => info.permission.publish,
        Direction::Out => info.permission.subscribe,
    };
    if !may {
        return Err(forbidden("permission denied to do that in this room"));
    }
    let most = http.front.database.config().rtc_max_peers;
    let seat = Some(Arc::new(entered.seat));
    let made = Call::new(&http.rtc.media, peer_options(http), seat, most).await;
    let (mut call, events) = made.map_err(|error| super::failed(&error))?;
    if direction == Direction::Out {
        call.follow().await;
        if call.forwards() == 0 {
            call.end(Reason::Left).await;
            return Err(Problem::missing(&format!("nothing is published in room \"{room}\"")));
        }
    }
    Ok((call, events, entered.inbox, entered.principal))
}

fn check_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let found = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let found = found.map(|text| text.split(';').next().unwrap_or_default().trim());
    match found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)) {
        true => Ok(()),
        false => Err(Problem::unsupported_type(&format!("the body has to be {wanted}"))),
    }
}

async fn text(http: &Http, body: Body) -> Result<String, Problem> {
    let bytes = request::bytes(http, body).await?;
    String::from_utf8(bytes.to_vec()).map_err(|_| Problem::bad_request("the body is not UTF-8"))
}

/// RFC 9725, 4.6.
fn links(server: &IceServer) -> Vec<String> {
    let proof = match (&server.username, &server.credential) {
        (Some(username), Some(credential)) => format!(
            "; username=\"{username}\"; credential=\"{credential}\"; credential-type=\"password\""
        ),
        _ => String::new(),
    };
    server.urls.iter().map(|url| format!("<{url}>; rel=\"ice-server\"{proof}")).collect()
}

/// The session of a request, for whom it belongs to.
async fn find(http: &Arc<Http>, parts: &Parts, id: &str) -> Result<Handle, Problem> {
    own(http, &Asker::of(http, parts).await?, id)
}

fn own(http: &Http, asker: &Asker, id: &str) -> Result<Handle, Problem> {
    let found = http.rtc.sessions.lock().get(id).cloned();
    let own = found.filter(|handle| handle.owner == Owner::of(asker));
    own.ok_or_else(|| Problem::missing(&format!("there is no session \"{id}\"")))
}

fn over(id: &str) -> Problem {
    Problem::missing(&format!("session \"{id}\" is over"))
}

/// `PATCH /api/v1/rtc/sessions/{id}`.
pub async fn change(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let handle = find(&http, &parts, &id).await?;
    check_type(&parts.headers, FRAGMENT)?;
    let if_match = parts.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let if_match = if_match.map(str::to_owned).ok_or_else(|| {
        let (status, code) = (StatusCode::PRECONDITION_REQUIRED, sqlstate::PROTOCOL_VIOLATION);
        Problem::plain(status, code, "If-Match is needed: the ETag of the session, or *")
    })?;
    let fragment = Fragment::parse(&text(&http, body).await?);
    let fragment = fragment.map_err(|what| Problem::bad_request(&what))?;
    let (answer, answered) = oneshot::channel();
    let command = Command::Change { fragment, if_match, answer };
    handle.commands.send(command).await.map_err(|_| over(&id))?;
    let changed = answered.await.map_err(|_| over(&id))??;
    let mut response = Response::new(Body::empty());
    match changed {
        Changed::Trickled => *response.status_mut() = StatusCode::NO_CONTENT,
        Changed::Restarted { fragment, etag } => {
            *response.body_mut() = Body::from(fragment);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FRAGMENT));
            if let Ok(etag) = HeaderValue::from_str(&etag) {
                headers.insert(header::ETAG, etag);
            }
        }
    }
    Ok(response)
}

/// `PATCH /api/v1/rtc/sessions/{id}/playback`: `{"is_paused", "position_ms"}`: the recording
/// that is played waits or goes on, and goes elsewhere. 204; 409 where none is played.
pub async fn direct(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, body) = request.into_parts();
    let asker = Asker::of(&http, &parts).await?;
    let directed: Directed = request::json(&http, body).await?;
    let handle = own(&http, &asker, &id)?;
    let (answer, answered) = oneshot::channel();
    let command = Command::Direct { directed, answer };
    handle.commands.send(command).await.map_err(|_| over(&id))?;
    answered.await.map_err(|_| over(&id))??;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/rtc/sessions/{id}`: 200 once it is over.
pub async fn end(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let handle = find(&http, &parts, &id).await?;
    let (done, ended) = oneshot::channel();
    handle.commands.send(Command::End(done)).await.map_err(|_| over(&id))?;
    // Whoever does not answer is over.
    let _ = ended.await;
    Ok(Response::new(Body::empty()))
}
