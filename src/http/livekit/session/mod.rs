//! One session of a client: `GET /rtc?access_token=…` or `GET /rtc/v1?join_request=…`,
//! upgraded.
//!
//! ```text
//! client ──▶ token                                server ──▶ join, offer (subscriber)
//!        ──▶ answer, trickle                             ──▶ trickle, update …
//!        ──▶ add_track, offer (publisher)                ──▶ track_published, answer
//!        ──▶ packets on _reliable, _lossy (publisher)    ──▶ packets on the subscriber's
//!        ──▶ leave                                       ──▶ leave, when it has to go
//! ```
//! At `/rtc` there are two connections: what the client sends is on the one that it offers,
//! what it is sent is on the other, which the server offers anew as often as it changes. At
//! `/rtc/v1` there is one, which the client offers always: it is told how many sections it
//! lacks for what it is to be sent ([`sections`]), and packets come on the channels that it
//! has opened.
//!
//! Messages are `SignalRequest` and `SignalResponse` in binary frames. A client that sends
//! no ping for [`PING_TIMEOUT`] has lost its socket. A session that has been connected is
//! kept for `rtc_resume_timeout` after that: media and packets go on, and a client that
//! comes back with its sid goes on where it was ([`resume`]); the way to it is found anew.
//! One that cannot is told to join anew.

mod asked;
mod line;
mod media;
mod renewal;
mod resume;
mod sections;
mod simulate;
mod told;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use axum::extract::Request;
use axum::extract::ws::{Message as Frame, WebSocket};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream::SplitStream;
use prost::Message as _;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::join::{self, Wanted};
use super::models::Room;
use super::signal::{LeaveRequest, Response as Answer, SignalRequest};
use super::{convert, plain};
use crate::error::Error;
use crate::http::problem::Problem;
use crate::http::rooms::bearer;
use crate::http::rooms::entry::{self, Entered};
use crate::http::socket::{count, upgrade};
use crate::http::{Http, State, principal, request, rtc};
use crate::rooms::{Inbox, Reason, Seat};
use crate::rtc::media::{Connected, Media, Registered, Subscriptions};
use crate::rtc::peer::{Event, Peer, Reliability};
use line::{Line, Socket};
use media::{Pipe, failed, stream_of};
use renewal::Renewal;
use resume::Resumption;
pub use resume::Sessions;
use sections::Sections;
use simulate::Cut;
use told::joined;

/// The client says ping so often, and has lost its socket after so long without.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

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
/// What clients open for tracks of data, which are not supported.
const DATA_TRACK: &str = "_data_track";

/// `GET /rtc`: 101 and a session; 401, 403, 404 as the token says, in a text.
pub async fn open(http: State, request: Request) -> Response {
    answer(&http, request, false).await
}

/// `GET /rtc/v1`: the same over one connection.
pub async fn open_single(http: State, request: Request) -> Response {
    answer(&http, request, true).await
}

async fn answer(http: &State, request: Request, is_single: bool) -> Response {
    let (mut parts, _) = request.into_parts();
    match begin(http, &mut parts, is_single).await {
        Ok(response) => response,
        Err(problem) => plain(&problem),
    }
}

/// What a socket is for.
enum Purpose {
    New(Box<(Entered, Renewal)>),
    /// None where there is no such session.
    Resumed(Option<mpsc::Sender<Resumption>>),
}

async fn begin(http: &State, parts: &mut Parts, is_single: bool) -> Result<Response, Problem> {
    let bearer = bearer::of(http, parts).await?;
    let peer = principal::peer(parts)?;
    let wanted = join::read(&request::any_query(&parts.uri)?, is_single)?;
    let upgrade = upgrade(parts).await?.max_message_size(MESSAGE_BYTES_MAX);
    let purpose = match &wanted.resumes {
        Some(sid) => Purpose::Resumed(http.livekit.find(sid, &bearer, is_single)),
        None => {
            let entered = entry::enter(http, &bearer, None, wanted.wish.clone()).await?;
            Purpose::New(Box::new((entered, Renewal::new(bearer))))
        }
    };
    let http = http.0.clone();
    let response = upgrade.on_upgrade(move |socket| async move {
        let _counted = count(&http.front.database.statistics);
        let (held, is_over) = oneshot::channel();
        let socket = Socket { socket, held };
        match purpose {
            Purpose::New(entered) => {
                tokio::spawn(Box::pin(serve(http.clone(), socket, *entered, wanted)));
            }
            Purpose::Resumed(Some(session)) => {
                let (offer, sync) = (wanted.offer, wanted.sync);
                let resumption = Resumption { socket, offer, sync };
                if let Err(mpsc::error::SendError(resumption)) = session.send(resumption).await {
                    resume::refuse(resumption.socket).await;
                }
            }
            Purpose::Resumed(None) => resume::refuse(socket).await,
        }
        // It is dropped with the socket.
        let _ = is_over.await;
        // Whoever holds the peer takes its place among the connections.
        drop(peer);
    });
    Ok(response.into_response())
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// For this reason, which the room does not know yet.
    By(Reason),
    /// The room has said so.
    Told(Reason),
    /// The socket is lost; the reason counts where the client cannot come back.
    Lost(Reason),
}

async fn serve(
    http: Arc<Http>,
    socket: Socket,
    (entered, renewal): (Entered, Renewal),
    wanted: Wanted,
) {
    let Entered { seat, inbox, room, principal, .. } = entered;
    let most = http.front.database.config().rtc_inbox.get();
    let mut line = Line::new(most);
    let stream = line.attach(socket).await;
    let seat = Arc::new(seat);
    let (resume, resumptions) = mpsc::channel(1);
    let _kept = http.livekit.keep(&seat, &principal, wanted.is_single, resume);
    let about = convert::room(&room.about());
    let ended = match Session::begin(&http, &mut line, (seat.clone(), renewal), about, wanted).await
    {
        Ok((mut session, events)) => {
            let ended = session.run(&http, &mut line, stream, resumptions, inbox, events).await;
            session.publisher.close().await;
            session.subscriber.close().await;
            ended
        }
        Err(ended) => ended,
    };
    let (Ended::By(reason) | Ended::Told(reason) | Ended::Lost(reason)) = ended;
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
        // It may be gone.
        let _ = line.send(Answer::Leave(leave)).await;
    }
    line.close(reason.as_str()).await;
}

/// What happens on the connections; of one there is no second.
struct Events {
    publisher: mpsc::Receiver<Event>,
    subscriber: Option<mpsc::Receiver<Event>>,
}

struct Session {
    seat: Arc<Seat>,
    publisher: Peer,
    /// The same where there is one connection.
    subscriber: Peer,
    media: Arc<Media>,
    /// What the subscriber is sent.
    subscriptions: Subscriptions,
    /// They are counted.
    _registered: Vec<Registered>,
    /// Packets to the client.
    reliable: Pipe,
    lossy: Pipe,
    /// Of the last reliable packet of the client's.
    sequence: Arc<AtomicU32>,
    /// Of the one connection, where there is one.
    sections: Option<Sections>,
    /// An offer of ours waits for its answer; another one is due after it.
    is_offering: bool,
    is_changed: bool,
    offers: u32,
    /// Until when the client has to say something, or to come back.
    deadline: Instant,
    /// Whether a connection has stood.
    has_connected: bool,
    /// What is to happen to the next socket, for a client that tries itself.
    simulated: Option<Cut>,
    /// It seems to speak until this has ended.
    speaking: Option<AbortHandle>,
    renewal: Renewal,
    tasks: JoinSet<()>,
}

impl Session {
    /// Tells the client that it is in, and offers what it will be sent over.
    async fn begin(
        http: &Arc<Http>,
        line: &mut Line,
        (seat, renewal): (Arc<Seat>, Renewal),
        room: Room,
        wanted: Wanted,
    ) -> Result<(Session, Events), Ended> {
        let options = rtc::peer_options(http);
        let (servers, _) = rtc::ice_servers(http, seat.identity());
        let media = http.rtc.media.clone();
        let most = http.front.database.config().rtc_max_peers;
        let mut registered = Vec::new();
        let mut register = |peer: &Peer| {
            let place = Some((Arc::downgrade(seat.room()), Arc::from(seat.sid())));
            let connected = Connected { peer: peer.clone(), place };
            registered.push(media.register(connected, most).map_err(|error| failed(&error))?);
            Ok::<(), Ended>(())
        };
        let mut tasks = JoinSet::new();
        let (reliable, lossy) = (Pipe::new(&mut tasks), Pipe::new(&mut tasks));
        let made = Peer::new(options.clone()).await;
        let (publisher, publisher_events) = made.map_err(|error| failed(&error))?;
        register(&publisher)?;
        let (subscriber, subscriber_events) = match wanted.is_single {
            true => (publisher.clone(), None),
            false => {
                let made = Peer::new(options).await;
                let (peer, events) = made.map_err(|error| failed(&error))?;
                register(&peer)?;
                for (pipe, label, how) in [
                    (&reliable, RELIABLE, Reliability::RELIABLE),
                    (&lossy, LOSSY, Reliability::LOSSY),
                ] {
                    let opened = peer.open_channel(label, "", how).await;
                    pipe.lead(opened.map_err(|error| failed(&error))?);
                }
                (peer, Some(events))
            }
        };
        let info = seat.info().map_err(|_| Ended::By(Reason::Left))?;
        let mut join = joined(&seat, &info, room, &servers);
        join.subscriber_primary = !wanted.is_single;
        line.send(Answer::Join(join)).await?;
        let mut session = Session {
            seat,
            subscriptions: Subscriptions::new(media.clone(), subscriber.clone(), stream_of),
            publisher,
            subscriber,
            media,
            _registered: registered,
            reliable,
            lossy,
            sequence: Arc::default(),
            sections: wanted.is_single.then(Sections::default),
            is_offering: false,
            is_changed: false,
            offers: 0,
            deadline: Instant::now() + PING_TIMEOUT,
            has_connected: false,
            simulated: None,
            speaking: None,
            renewal,
            tasks,
        };
        for track in wanted.tracks {
            session.add_track(line, track).await?;
        }
        session.subscriptions.follow(&session.seat.wanted()).await;
        match (wanted.is_single, wanted.offer) {
            (true, Some(offer)) => session.answer(line, offer).await?,
            // The client offers what it will be sent over.
            (true, None) => {}
            (false, _) => session.offer(line, false).await?,
        }
        Ok((session, Events { publisher: publisher_events, subscriber: subscriber_events }))
    }

    async fn run(
        &mut self,
        http: &Arc<Http>,
        line: &mut Line,
        stream: SplitStream<WebSocket>,
        mut resumptions: mpsc::Receiver<Resumption>,
        mut inbox: Inbox,
        mut events: Events,
    ) -> Ended {
        let mut stream = Some(stream);
        let mut sources = self.media.changes();
        let mut measure = tokio::time::interval(MEASURE);
        loop {
            // What cannot be sent waits in the inbox, which has its bounds.
            let has_room = self.reliable.has_room();
            if let Some(reason) = inbox.reason().filter(|_| !has_room) {
                // It will not hear of its end, which holds all the same.
                return Ended::Told(reason);
            }
            let done = tokio::select! {
                frame = next(&mut stream) => self.frame(line, frame).await,
                Some(resumption) = resumptions.recv() => {
                    self.resume(http, line, resumption).await.map(|other| stream = other)
                }
                told = inbox.next(), if has_room => match told {
                    Some(told) => self.told(line, told).await,
                    None => Err(Ended::Told(Reason::Left)),
                },
                event = events.publisher.recv() => self.publisher_event(line, event).await,
                event = next_event(&mut events.subscriber) => {
                    self.subscriber_event(line, event).await
                }
                _ = sources.changed() => self.follow(line).await,
                _ = measure.tick() => {
                    self.subscriptions.measure().await;
                    self.renew(http, line).await
                }
                () = tokio::time::sleep_until(self.deadline) => match line.is_cut() {
                    true => Err(Ended::By(Reason::ConnectionTimeout)),
                    false => Err(Ended::Lost(Reason::ConnectionTimeout)),
                },
                () = http.stop.cancelled() => Err(Ended::By(Reason::ServerShutdown)),
            };
            let lost = match done {
                Ok(()) if line.is_cut() && stream.is_some() => Some(Reason::Left),
                Ok(()) => None,
                Err(Ended::Lost(reason)) => Some(reason),
                Err(ended) => return ended,
            };
            if let Some(reason) = lost {
                stream = None;
                line.cut();
                let patience = http.front.database.config().rtc_resume_timeout.duration();
                if !self.has_connected || patience.is_zero() {
                    return Ended::Lost(reason);
                }
                self.deadline = Instant::now() + patience;
            }
            while self.tasks.try_join_next().is_some() {}
        }
    }

    async fn frame(
        &mut self,
        line: &mut Line,
        frame: Option<Result<Frame, axum::Error>>,
    ) -> Result<(), Ended> {
        let bytes = match frame {
            None | Some(Ok(Frame::Close(_)) | Err(_)) => return Err(Ended::Lost(Reason::Left)),
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
            Ok(SignalRequest { message: Some(asked) }) => self.asked(line, asked).await,
            // Of a later version of the protocol.
            Ok(SignalRequest { message: None }) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "a message of a session cannot be read");
                Err(Ended::By(Reason::Failed))
            }
        }
    }
}

/// What comes on the socket, while there is one.
async fn next(stream: &mut Option<SplitStream<WebSocket>>) -> Option<Result<Frame, axum::Error>> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

async fn next_event(events: &mut Option<mpsc::Receiver<Event>>) -> Option<Event> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

fn log(error: Option<Error>) {
    if let Some(error) = error {
        tracing::debug!(%error, "what a participant of a room wants is refused");
    }
}
