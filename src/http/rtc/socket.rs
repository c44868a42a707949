//! `GET /api/v1/rtc`, upgraded: signalling over a WebSocket, subprotocol `zserver.rtc.v1`.
//!
//! Each message is a JSON object in a text frame. A request may have an `id`, which is in
//! what answers it.
//!
//! | from the client | |
//! |---|---|
//! | `{"type": "join", "room"?, "identity"?, "metadata"?, "auto_subscribe"?}` | first, once: answered by `joined`; without a room for data channels only |
//! | `{"type": "offer", "sdp", "tracks"?: [{"mid" or "id", "name"?, "source"?, "muted"?, "width"?, "height"?}]}` | answered by `answer`; an offer of the server that crosses it is given up |
//! | `{"type": "answer", "sdp"}` | to an `offer` |
//! | `{"type": "candidate", "candidate": {…} or null}` | as `RTCIceCandidate.toJSON` has it |
//! | `{"type": "restart"}` | the server offers anew, with ICE restarted |
//! | `{"type": "mute", "track", "muted"}` | a track of one's own |
//! | `{"type": "subscribe", "tracks", "subscribed"?, "paused"?, "quality"?}` | which tracks one is sent, and how |
//! | `{"type": "message", "text" or "data", "to"?, "topic"?, "reliable"?}` | to others in the room |
//! | `{"type": "leave"}` | the end |
//!
//! | from the server | |
//! |---|---|
//! | `joined` | `participant`, `room`, `participants` (without a room: none of them), `ice_servers` |
//! | `offer`, `answer`, `candidate` | as above |
//! | `state` | of the connection: `connecting`, `connected`, `disconnected`, `failed` |
//! | `published` | `id` of a track in the client's description, `track` that others see |
//! | `participant`, `room`, `muted`, `unpublished`, `speakers`, `quality`, `message` | what happens in the room |
//! | `error` | `code`, `message`, and the `id` of the request, if that has one |
//! | `done` | the `id` of a request that has no other answer, if it has one |
//! | `left` | `reason`: the last message |
//!
//! A track that is sent to the client has the sid of the participant as its stream's id, and
//! its own sid as its id. The socket is closed with 1001 when the server ends, 1008 for what
//! is not a message, 1009 for one that is too large, 4003 where no pong came.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::Request as HttpRequest;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::response::Response;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::message::{self, Join, Request, Spoken};
use super::voices::{self, Voices};
use super::{Asker, ice, ice_servers, peer_options};
use crate::error::Error;
use crate::http::principal::{self, Scope, Scopes};
use crate::http::problem::Problem;
use crate::http::rooms::entry::Wish;
use crate::http::socket::{check_origin, count, upgrade};
use crate::http::{Http, State};
use crate::rooms::{Inbox, Reason, Told};
use crate::rtc::channel::{self, Opener};
use crate::rtc::peer::{self, Event};
use crate::rtc::signal::{Call, Said};

const PROTOCOL: &str = "zserver.rtc.v1";

/// Bytes of a message: a description with some room.
const MESSAGE_MAX: usize = 512 << 10;

/// How long the other side may take to take a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How often connections are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

const GOING_AWAY: u16 = 1001;
const POLICY: u16 = 1008;
const NORMAL: u16 = 1000;
const NO_PONG: u16 = 4003;

/// `GET /api/v1/rtc`: 101 and the protocol above.
pub async fn open(http: State, request: HttpRequest) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let asker = Asker::of(&http, &parts).await?;
    let peer = principal::peer(&parts)?;
    let upgrade = upgrade(&mut parts).await?;
    check_origin(&http, &parts)?;
    let upgrade =
        upgrade.protocols([PROTOCOL]).max_message_size(MESSAGE_MAX).max_frame_size(MESSAGE_MAX);
    let http = http.0.clone();
    Ok(upgrade.on_upgrade(move |socket| async move {
        let _counted = count(&http.front.database.statistics);
        let is_encrypted = principal::check_protected(&peer, "signalling").is_ok();
        let changes = http.rtc.media.changes();
        let now = Instant::now();
        let line = Line {
            http,
            asker,
            is_encrypted,
            call: None,
            events: None,
            inbox: None,
            opener: None,
            voices: Voices::default(),
            changes,
            heard: now,
            is_pinged: false,
            begun: now,
        };
        Box::pin(line.serve(socket)).await;
        // Whoever holds the peer takes its place among the connections.
        drop(peer);
    }))
}

/// Why a socket ends.
enum End {
    /// It is gone, or cannot be written to.
    Gone,
    Close(u16, String),
    /// The participant has left, and is told.
    Left(Reason),
}

type Sink = SplitSink<WebSocket, Message>;

struct Line {
    http: Arc<Http>,
    asker: Asker,
    is_encrypted: bool,
    call: Option<Call>,
    events: Option<mpsc::Receiver<Event>>,
    inbox: Option<Inbox>,
    opener: Option<Opener>,
    voices: Voices,
    changes: watch::Receiver<u64>,
    /// When anything came, and whether it was asked for since.
    heard: Instant,
    is_pinged: bool,
    begun: Instant,
}

impl Line {
    async fn serve(mut self, socket: WebSocket) {
        let (mut sink, stream) = socket.split();
        let end = match self.converse(&mut sink, stream).await {
            Ok(()) => End::Left(Reason::Left),
            Err(end) => end,
        };
        let reason = match &end {
            End::Gone => Reason::ConnectionTimeout,
            End::Close(GOING_AWAY, _) => Reason::ServerShutdown,
            End::Close(..) => Reason::Failed,
            End::Left(reason) => *reason,
        };
        self.inbox = None;
        if let Some(call) = self.call.take() {
            call.end(reason).await;
        }
        let frame = match end {
            End::Gone => return,
            End::Close(code, reason) => CloseFrame { code, reason: reason.into() },
            End::Left(reason) => {
                let last = json!({"type": "left", "reason": reason.as_str()});
                if send(&mut sink, &last).await.is_err() {
                    return;
                }
                CloseFrame { code: NORMAL, reason: "".into() }
            }
        };
        let close = async {
            // The socket is over either way.
            let _ = sink.send(Message::Close(Some(frame))).await;
            let _ = sink.close().await;
        };
        let _ = tokio::time::timeout(SEND_TIMEOUT, close).await;
    }

    async fn converse(
        &mut self,
        sink: &mut Sink,
        mut stream: SplitStream<WebSocket>,
    ) -> Result<(), End> {
        let stop = self.http.stop.clone();
        let mut look = tokio::time::interval(LOOK_INTERVAL);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    return Err(End::Close(GOING_AWAY, "the server ends".to_owned()));
                }
                came = stream.next() => match came {
                    None | Some(Err(_)) | Some(Ok(Message::Close(_))) => return Err(End::Gone),
                    Some(Ok(frame)) => self.hear(sink, frame).await?,
                },
                event = next_event(&mut self.events) => self.happened(sink, event).await?,
                told = next_told(&mut self.inbox) => self.told(sink, told).await?,
                said = self.voices.next() => self.say(sink, said).await?,
                changed = self.changes.changed() => {
                    if changed.is_ok() {
                        self.follow().await;
                    }
                }
                _ = look.tick() => self.look(sink).await?,
            }
            self.offer(sink).await?;
        }
    }

    async fn hear(&mut self, sink: &mut Sink, frame: Message) -> Result<(), End> {
        self.heard = Instant::now();
        self.is_pinged = false;
        let text = match frame {
            Message::Text(text) => text,
            Message::Binary(_) => {
                return Err(End::Close(POLICY, "messages are text".to_owned()));
            }
            _ => return Ok(()),
        };
        let (id, request) = message::read(&text).map_err(|mut reason| {
            // The whole frame has room for 125 bytes.
            reason.truncate(reason.floor_char_boundary(120));
            End::Close(POLICY, reason)
        })?;
        if let Request::Leave(_) = request {
            return Err(End::Left(Reason::Left));
        }
        match self.answer(request).await {
            Ok(Some(mut answer)) => {
                if !id.is_null() {
                    answer["id"] = id;
                }
                send(sink, &answer).await
            }
            Ok(None) if id.is_null() => Ok(()),
            Ok(None) => send(sink, &json!({"type": "done", "id": id})).await,
            Err(problem) => send(sink, &refused(&problem, id)).await,
        }
    }

    async fn answer(&mut self, request: Request) -> Result<Option<Value>, Problem> {
        if let Request::Join(join) = request {
            return self.join(join).await.map(Some);
        }
        let Some(call) = &mut self.call else {
            return Err(Problem::bad_request("nobody has joined yet"));
        };
        match request {
            Request::Offer(offer) => {
                let answer = call.offered(&offer.sdp, offer.tracks).await;
                let sdp = answer.map_err(|error| super::failed(&error))?;
                return Ok(Some(json!({"type": "answer", "sdp": sdp})));
            }
            Request::Answer(answer) => {
                call.answered(&answer.sdp).await.map_err(|error| super::failed(&error))?;
            }
            Request::Candidate(trickled) => {
                let added = call.peer().add_candidate(trickled.candidate).await;
                added.map_err(|error| super::failed(&error))?;
            }
            Request::Restart(_) => call.restart(),
            Request::Mute(mute) => {
                in_room(call)?.mute(&mute.track, mute.muted).map_err(failed)?;
            }
            Request::Subscribe(subscribe) => {
                let seat = in_room(call)?;
                seat.subscribe(&subscribe.tracks, subscribe.subscribed).map_err(failed)?;
                seat.prefer(&subscribe.tracks, subscribe.preference());
            }
            Request::Message(spoken) => {
                let message = spoken.message().map_err(|what| Problem::bad_request(&what))?;
                in_room(call)?.say(message).map_err(failed)?;
            }
            Request::Join(_) | Request::Leave(_) => {}
        }
        Ok(None)
    }

    async fn join(&mut self, join: Join) -> Result<Value, Problem> {
        if self.call.is_some() {
            return Err(Problem::bad_request("it has joined already"));
        }
        let (servers, _) = ice_servers(&self.http, self.asker.name());
        let servers: Vec<_> = servers.iter().map(ice::shown).collect();
        let mut joined = json!({"type": "joined", "ice_servers": servers});
        let mut principal = self.asker.principal().clone();
        let mut seat = None;
        let names_room = join.room.is_some() || matches!(self.asker, Asker::Bearer(_));
        if names_room {
            let wish = Wish {
                auto_subscribe: join.auto_subscribe.unwrap_or(true),
                metadata: join.metadata,
                ..Wish::default()
            };
            let entered =
                self.asker.enter(&self.http, join.room.as_deref(), join.identity, wish).await?;
            principal = entered.principal;
            if entered.may_sql {
                let has = |scope: &Scope| *scope == Scope::Sql || principal.scopes.has(*scope);
                principal.scopes = Scope::ALL.into_iter().filter(has).collect::<Scopes>();
            }
            joined["participant"] = json!(*entered.seat.info().map_err(failed)?);
            joined["room"] = json!(*entered.room.about());
            let others = entered.seat.others();
            joined["participants"] = others.iter().map(|other| json!(**other)).collect();
            seat = Some(Arc::new(entered.seat));
            self.inbox = Some(entered.inbox);
        } else {
            principal.require(Scope::Sql)?;
        }
        let most = self.http.front.database.config().rtc_max_peers;
        let options = peer_options(&self.http);
        let made = Call::new(&self.http.rtc.media, options, seat, most).await;
        let (call, events) = made.map_err(|error| super::failed(&error))?;
        self.opener =
            Some(Opener { principal: Arc::new(principal), is_encrypted: self.is_encrypted });
        self.call = Some(call);
        self.events = Some(events);
        self.follow().await;
        Ok(joined)
    }

    async fn happened(&mut self, sink: &mut Sink, event: Option<Event>) -> Result<(), End> {
        let (Some(event), Some(call)) = (event, &mut self.call) else {
            return Err(End::Left(Reason::ConnectionTimeout));
        };
        let message = match call.happened(event) {
            None => return Ok(()),
            Some(Said::Candidate(candidate)) => {
                json!({"type": "candidate", "candidate": candidate})
            }
            Some(Said::State(state)) => json!({"type": "state", "state": state.as_str()}),
            Some(Said::Offer(sdp)) => json!({"type": "offer", "sdp": sdp}),
            Some(Said::Published { track, id }) => {
                json!({"type": "published", "id": id, "track": track.info()})
            }
            Some(Said::Refused { id, error }) => {
                let mut message = refused(&failed(error), Value::Null);
                message["track"] = json!(id);
                message
            }
            Some(Said::Channel(channel)) => {
                self.serve_channel(channel);
                return Ok(());
            }
            Some(Said::Closed) => return Err(End::Left(Reason::ConnectionTimeout)),
        };
        send(sink, &message).await
    }

    fn serve_channel(&mut self, channel: peer::Channel) {
        let Some(opener) = &self.opener else { return };
        if *channel.protocol == *voices::PROTOCOL && self.inbox.is_some() {
            self.voices.add(channel);
            return;
        }
        // Dropped, it is closed: nothing here speaks its protocol.
        if let Some(channel) = channel::serve(&self.http, opener, channel) {
            tracing::debug!(label = &*channel.label, "a data channel of no known protocol");
        }
    }

    /// Somebody says something in a data channel.
    async fn say(&mut self, sink: &mut Sink, said: Result<Spoken, String>) -> Result<(), End> {
        let Some(call) = &self.call else { return Ok(()) };
        let said = said.and_then(Spoken::message).map_err(|what| Problem::bad_request(&what));
        let done = said.and_then(|message| in_room(call)?.say(message).map_err(failed));
        match done {
            Ok(_) => Ok(()),
            Err(problem) => send(sink, &refused(&problem, Value::Null)).await,
        }
    }

    async fn told(&mut self, sink: &mut Sink, told: Option<Told>) -> Result<(), End> {
        match told {
            None => Err(End::Left(Reason::Left)),
            Some(Told::Ended(reason)) => Err(End::Left(reason)),
            Some(Told::Wanted) => {
                self.follow().await;
                Ok(())
            }
            Some(told) => {
                if let (Told::Unpublished { track }, Some(call)) = (&told, &mut self.call) {
                    call.forget(track);
                }
                let Some(message) = message::told(&told) else { return Ok(()) };
                if let Told::Message(said) = &told {
                    match self.voices.tell(&message, said.is_reliable) {
                        voices::Told::Sent => return Ok(()),
                        voices::Told::TooSlow => return Err(End::Left(Reason::TooSlow)),
                        voices::Told::NoChannel => {}
                    }
                }
                send(sink, &message).await
            }
        }
    }

    async fn follow(&mut self) {
        if let Some(call) = &mut self.call {
            call.follow().await;
        }
    }

    /// Offers what has changed, once it is the server's turn.
    async fn offer(&mut self, sink: &mut Sink) -> Result<(), End> {
        let Some(call) = &mut self.call else { return Ok(()) };
        match call.next_offer().await {
            Ok(None) => Ok(()),
            Ok(Some(sdp)) => send(sink, &json!({"type": "offer", "sdp": sdp})).await,
            Err(error) => {
                tracing::debug!(%error, "an offer cannot be made");
                Err(End::Left(Reason::Failed))
            }
        }
    }

    async fn look(&mut self, sink: &mut Sink) -> Result<(), End> {
        let config = self.http.front.database.config();
        if self.call.is_none() && self.begun.elapsed() > config.authentication_timeout.duration() {
            return Err(End::Close(POLICY, "nobody has joined in time".to_owned()));
        }
        if let Some(call) = &self.call {
            call.measure().await;
        }
        let interval = config.http_ws_ping_interval.duration();
        if self.heard.elapsed() >= interval * 2 {
            return Err(End::Close(NO_PONG, "no pong came".to_owned()));
        }
        if self.heard.elapsed() >= interval && !self.is_pinged {
            self.is_pinged = true;
            return send_frame(sink, Message::Ping(Default::default())).await;
        }
        Ok(())
    }
}

fn in_room(call: &Call) -> Result<&crate::rooms::Seat, Problem> {
    let seat = call.seat().ok_or_else(|| Problem::bad_request("it is in no room"))?;
    Ok(seat)
}

fn failed(error: Error) -> Problem {
    Problem::of(&error, "")
}

fn refused(problem: &Problem, id: Value) -> Value {
    let mut message = json!({
        "type": "error",
        "code": problem.text("code"),
        "message": problem.text("message"),
    });
    if !id.is_null() {
        message["id"] = id;
    }
    message
}

async fn send(sink: &mut Sink, message: &Value) -> Result<(), End> {
    send_frame(sink, Message::Text(message.to_string().into())).await
}

async fn send_frame(sink: &mut Sink, frame: Message) -> Result<(), End> {
    match tokio::time::timeout(SEND_TIMEOUT, sink.send(frame)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Gone),
    }
}

async fn next_event(events: &mut Option<mpsc::Receiver<Event>>) -> Option<Event> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_told(inbox: &mut Option<Inbox>) -> Option<Told> {
    match inbox {
        Some(inbox) => inbox.next().await,
        None => std::future::pending().await,
    }
}
