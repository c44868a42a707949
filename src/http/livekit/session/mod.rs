//! One session of a client: `GET /rtc?access_token=&auto_subscribe=`, upgraded.
//!
//! ```text
//! client ──▶ token                                server ──▶ join, offer (subscriber)
//!        ──▶ answer, trickle                             ──▶ trickle, update …
//!        ──▶ add_track, offer (publisher)                ──▶ track_published, answer
//!        ──▶ packets on _reliable, _lossy (publisher)    ──▶ packets on the subscriber's
//!        ──▶ leave                                       ──▶ leave, when it has to go
//! ```
//! There are two connections: what the client sends is on the one that it offers, what it
//! is sent is on the other, which the server offers anew as often as it changes. Messages
//! are `SignalRequest` and `SignalResponse` in binary frames. A client that sends no ping
//! for [`PING_TIMEOUT`] is gone; one that asks to resume is told to join anew.

mod asked;
mod media;
mod told;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::models::Room;
use super::signal::{LeaveRequest, Response as Answer, SignalRequest, SignalResponse};
use super::{convert, plain};
use crate::error::Error;
use crate::http::problem::Problem;
use crate::http::rooms::bearer::{self, Bearer};
use crate::http::rooms::entry::{self, Entered, Wish};
use crate::http::socket::{count, upgrade};
use crate::http::{Http, State, principal, request, rtc};
use crate::rooms::{Inbox, Reason, Seat};
use crate::rtc::media::{Connected, Media, Registered, Subscriptions};
use crate::rtc::peer::{Event, Peer, Reliability};
use media::{failed, pump, stream_of};
use told::joined;

/// The client says ping so often, and is gone after so long without.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// A client that takes nothing for so long is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a message of signalling.
const MESSAGE_BYTES_MAX: usize = 512 << 10;

/// How often it is looked at what a connection carries.
const MEASURE: Duration = Duration::from_secs(1);

/// Packets that wait for a data channel.
const PACKETS: usize = 256;

/// What clients are told of the server: the protocol that it speaks.
const PROTOCOL: i32 = 16;
const VERSION: &str = "1.9.0";

const RELIABLE: &str = "_reliable";
const LOSSY: &str = "_lossy";

/// `GET /rtc`: 101 and a session; 401, 403, 404 as the token says, in a text.
pub async fn open(http: State, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match begin(&http, &mut parts).await {
        Ok(response) => response,
        Err(problem) => plain(&problem),
    }
}

async fn begin(http: &State, parts: &mut Parts) -> Result<Response, Problem> {
    let bearer = bearer::of(http, parts).await?;
    let peer = principal::peer(parts)?;
    let query = request::any_query(&parts.uri)?;
    let upgrade = upgrade(parts).await?.max_message_size(MESSAGE_BYTES_MAX);
    let is = |name: &str| {
        let found = query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        found.map(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    };
    if is("reconnect") == Some(true) {
        return Ok(upgrade.on_upgrade(async |socket| refuse_to_resume(socket).await));
    }
    let wish = Wish { auto_subscribe: is("auto_subscribe").unwrap_or(true), ..Wish::default() };
    let entered = enter(http, &bearer, wish).await?;
    let http = http.0.clone();
    let response = upgrade.on_upgrade(move |socket| async move {
        let _counted = count(&http.front.database.statistics);
        Box::pin(serve(&http, socket, entered)).await;
        // Whoever holds the peer takes its place among the connections.
        drop(peer);
    });
    Ok(response.into_response())
}

async fn enter(http: &State, bearer: &Bearer, wish: Wish) -> Result<Entered, Problem> {
    entry::enter(http, bearer, None, wish).await
}

/// 2: to join anew, for there is no state of before.
async fn refuse_to_resume(socket: WebSocket) {
    let (mut sink, _) = socket.split();
    let leave = LeaveRequest { can_reconnect: true, reason: 6, action: 2 };
    let _ = send(&mut sink, Answer::Leave(leave)).await;
    let _ = sink.close().await;
}

type Sink = SplitSink<WebSocket, Frame>;

/// Whether it could be sent.
async fn send(sink: &mut Sink, message: Answer) -> Result<(), Ended> {
    let bytes = SignalResponse { message: Some(message) }.encode_to_vec();
    match timeout(SEND_TIMEOUT, sink.send(Frame::Binary(bytes.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ended::By(Reason::Left)),
        Err(_) => Err(Ended::By(Reason::TooSlow)),
    }
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// For this reason, which the room does not know yet.
    By(Reason),
    /// The room has said so.
    Told(Reason),
}

async fn serve(http: &Arc<Http>, socket: WebSocket, entered: Entered) {
    let Entered { seat, inbox, room, .. } = entered;
    let (mut sink, stream) = socket.split();
    let seat = Arc::new(seat);
    let about = convert::room(&room.about());
    let ended = match Session::begin(http, &mut sink, seat.clone(), about).await {
        Ok((mut session, events)) => {
            let ended = session.run(http, &mut sink, stream, inbox, events).await;
            session.publisher.close().await;
            session.subscriber.close().await;
            ended
        }
        Err(ended) => ended,
    };
    let (Ended::By(reason) | Ended::Told(reason)) = ended;
    seat.leave_for(reason);
    seat.leave();
    if reason != Reason::Left {
        let joins_anew =
            matches!(reason, Reason::ServerShutdown | Reason::TooSlow | Reason::Failed);
        let leave = LeaveRequest {
            can_reconnect: joins_anew,
            reason: convert::reason(reason),
            action: if joins_anew { 2 } else { 0 },
        };
        let _ = send(&mut sink, Answer::Leave(leave)).await;
    }
    let frame = CloseFrame { code: 1000, reason: reason.as_str().into() };
    let _ = timeout(SEND_TIMEOUT, sink.send(Frame::Close(Some(frame)))).await;
}

/// What happens on the two connections.
struct Events {
    publisher: mpsc::Receiver<Event>,
    subscriber: mpsc::Receiver<Event>,
}

struct Session {
    seat: Arc<Seat>,
    publisher: Peer,
    subscriber: Peer,
    media: Arc<Media>,
    /// What the subscriber is sent.
    subscriptions: Subscriptions,
    /// The two are counted.
    _registered: [Registered; 2],
    /// Packets to the client.
    reliable: mpsc::Sender<Bytes>,
    lossy: mpsc::Sender<Bytes>,
    /// An offer of ours waits for its answer; another one is due after it.
    is_offering: bool,
    is_changed: bool,
    offers: u32,
    /// Until when the client has to say something.
    deadline: Instant,
    tasks: JoinSet<()>,
}

impl Session {
    /// Tells the client that it is in, and offers what it will be sent over.
    async fn begin(
        http: &Arc<Http>,
        sink: &mut Sink,
        seat: Arc<Seat>,
        room: Room,
    ) -> Result<(Session, Events), Ended> {
        let options = rtc::peer_options(http);
        let (servers, _) = rtc::ice_servers(http, seat.identity());
        let (publisher, publisher_events) =
            Peer::new(options.clone()).await.map_err(|error| failed(&error))?;
        let (subscriber, subscriber_events) =
            Peer::new(options).await.map_err(|error| failed(&error))?;
        let media = http.rtc.media.clone();
        let most = http.front.database.config().rtc_max_peers;
        let register = |peer: &Peer| {
            let place = Some((Arc::downgrade(seat.room()), Arc::from(seat.sid())));
            let connected = Connected { peer: peer.clone(), place };
            media.register(connected, most).map_err(|error| failed(&error))
        };
        let registered = [register(&publisher)?, register(&subscriber)?];
        let open = async |label: &str, how| {
            subscriber.open_channel(label, "", how).await.map_err(|error| failed(&error))
        };
        let mut tasks = JoinSet::new();
        let reliable = pump(&mut tasks, open(RELIABLE, Reliability::RELIABLE).await?);
        let lossy = pump(&mut tasks, open(LOSSY, Reliability::LOSSY).await?);
        let info = seat.info().map_err(|_| Ended::By(Reason::Left))?;
        send(sink, Answer::Join(joined(&seat, &info, room, &servers))).await?;
        let mut session = Session {
            seat,
            subscriptions: Subscriptions::new(media.clone(), subscriber.clone(), stream_of),
            publisher,
            subscriber,
            media,
            _registered: registered,
            reliable,
            lossy,
            is_offering: false,
            is_changed: false,
            offers: 0,
            deadline: Instant::now() + PING_TIMEOUT,
            tasks,
        };
        session.subscriptions.follow(&session.seat.wanted()).await;
        session.offer(sink).await?;
        Ok((session, Events { publisher: publisher_events, subscriber: subscriber_events }))
    }

    async fn run(
        &mut self,
        http: &Arc<Http>,
        sink: &mut Sink,
        mut stream: SplitStream<WebSocket>,
        mut inbox: Inbox,
        mut events: Events,
    ) -> Ended {
        let mut sources = self.media.changes();
        let mut measure = tokio::time::interval(MEASURE);
        loop {
            // What cannot be sent waits in the inbox, which has its bounds.
            let has_room = self.reliable.capacity() > 0;
            let done = tokio::select! {
                frame = stream.next() => self.frame(sink, frame).await,
                told = inbox.next(), if has_room => match told {
                    Some(told) => self.told(sink, told).await,
                    None => Err(Ended::Told(Reason::Left)),
                },
                event = events.publisher.recv() => self.publisher_event(sink, event).await,
                event = events.subscriber.recv() => self.subscriber_event(sink, event).await,
                _ = sources.changed() => self.follow(sink).await,
                _ = measure.tick() => {
                    self.subscriptions.measure().await;
                    Ok(())
                }
                () = tokio::time::sleep_until(self.deadline) => {
                    Err(Ended::By(Reason::ConnectionTimeout))
                }
                () = http.stop.cancelled() => Err(Ended::By(Reason::ServerShutdown)),
            };
            if let Err(ended) = done {
                return ended;
            }
            while self.tasks.try_join_next().is_some() {}
        }
    }

    async fn frame(
        &mut self,
        sink: &mut Sink,
        frame: Option<Result<Frame, axum::Error>>,
    ) -> Result<(), Ended> {
        let bytes = match frame {
            None | Some(Ok(Frame::Close(_)) | Err(_)) => return Err(Ended::By(Reason::Left)),
            Some(Ok(Frame::Binary(bytes))) => bytes,
            Some(Ok(Frame::Text(_))) => {
                tracing::debug!("a session in JSON is not supported");
                return Err(Ended::By(Reason::Failed));
            }
            // The library answers pings.
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => return Ok(()),
        };
        self.deadline = Instant::now() + PING_TIMEOUT;
        match SignalRequest::decode(bytes) {
            Ok(SignalRequest { message: Some(asked) }) => self.asked(sink, asked).await,
            // Of a later version of the protocol.
            Ok(SignalRequest { message: None }) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "a message of a session cannot be read");
                Err(Ended::By(Reason::Failed))
            }
        }
    }
}

fn log(error: Option<Error>) {
    if let Some(error) = error {
        tracing::debug!(%error, "what a participant of a room wants is refused");
    }
}
