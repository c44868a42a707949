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

use super::models::{Room, ServerInfo};
use super::sdp::silent_mids;
use super::signal::{
    self, AddTrackRequest, ConnectionQualityInfo, ConnectionQualityUpdate, IceServer, JoinResponse,
    LeaveRequest, MuteTrackRequest, ParticipantUpdate, Pong, Request as Asked, RequestResponse,
    Response as Answer, RoomUpdate, SessionDescription, SignalRequest, SignalResponse,
    SpeakersChanged, SubscriptionPermission, TrackPublishedResponse, TrackUnpublishedResponse,
    TrickleRequest, UpdateParticipantMetadata, UpdateTrackSettings, refusal,
};
use super::{convert, models, packet, plain};
use crate::error::Error;
use crate::http::problem::Problem;
use crate::http::rooms::bearer::{self, Bearer};
use crate::http::rooms::entry::{self, Entered, Wish};
use crate::http::socket::{count, upgrade};
use crate::http::{Http, State, principal, request, rtc};
use crate::rtc::media::{Connected, Media, Registered, Subscriptions};
use crate::rtc::peer::{self, Candidate, Channel, Event, Incoming, Peer, Reliability};
use crate::rtc::room::{
    self, Change, Inbox, Info, Preference, Reason, Seat, State as Stage, Told, now_ms,
};
use crate::sqlstate;

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

fn failed(error: &peer::Error) -> Ended {
    tracing::debug!(%error, "a session of a room has failed");
    Ended::By(Reason::Failed)
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
            subscriptions: Subscriptions::new(media.clone(), subscriber.clone()),
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

    async fn asked(&mut self, sink: &mut Sink, asked: Asked) -> Result<(), Ended> {
        match asked {
            Asked::Offer(offer) => {
                let answered = self.publisher.answer(&offer.sdp).await;
                let sdp = answered.map_err(|error| failed(&error))?;
                self.note_joined();
                self.unpublish(&offer.sdp);
                let kind = "answer".to_owned();
                let answer = SessionDescription { kind, sdp, id: offer.id, ..Default::default() };
                send(sink, Answer::Answer(answer)).await
            }
            Asked::Answer(answer) => {
                let taken = self.subscriber.accept_answer(&answer.sdp).await;
                taken.map_err(|error| failed(&error))?;
                self.note_joined();
                self.is_offering = false;
                match std::mem::take(&mut self.is_changed) {
                    true => self.offer(sink).await,
                    false => Ok(()),
                }
            }
            Asked::Trickle(trickle) => self.trickle(&trickle).await,
            Asked::AddTrack(asked) => self.add_track(sink, asked).await,
            Asked::Mute(mute) => {
                let muted = self.seat.mute(&mute.sid, mute.muted);
                log(muted.err());
                Ok(())
            }
            Asked::Subscription(asked) => {
                let mut tracks = asked.track_sids;
                let more = asked.participant_tracks.into_iter().flat_map(|of| of.track_sids);
                tracks.extend(more);
                log(self.seat.subscribe(&tracks, asked.subscribe).err());
                Ok(())
            }
            Asked::TrackSetting(asked) => {
                self.prefer(&asked);
                Ok(())
            }
            Asked::SubscriptionPermission(asked) => {
                self.seat.allow(allowed(asked));
                Ok(())
            }
            Asked::UpdateMetadata(asked) => self.update(sink, asked).await,
            Asked::Ping(_) => send(sink, Answer::Pong(now_ms())).await,
            Asked::PingReq(ping) => {
                let pong = Pong { last_ping_timestamp: ping.timestamp, timestamp: now_ms() };
                send(sink, Answer::PongResp(pong)).await
            }
            Asked::Leave(_) => Err(Ended::By(Reason::Left)),
            // Of a session that is resumed, which none is; and what is only told.
            Asked::SyncState(_)
            | Asked::UpdateLayers(_)
            | Asked::UpdateAudioTrack(_)
            | Asked::UpdateVideoTrack(_) => Ok(()),
            Asked::Simulate(_)
            | Asked::PublishDataTrack(_)
            | Asked::UnpublishDataTrack(_)
            | Asked::UpdateDataSubscription(_)
            | Asked::StoreDataBlob(_)
            | Asked::GetDataBlob(_) => {
                let message = "data tracks and simulations are not supported";
                refuse(sink, 0, (refusal::UNSUPPORTED_TYPE, message), None).await
            }
        }
    }

    async fn trickle(&mut self, trickle: &TrickleRequest) -> Result<(), Ended> {
        let target = match trickle.target {
            signal::PUBLISHER => &self.publisher,
            _ => &self.subscriber,
        };
        let candidate = match serde_json::from_str::<Candidate>(&trickle.candidate_init) {
            Ok(candidate) if !candidate.candidate.is_empty() => Some(candidate),
            Ok(_) => None,
            // There is no more.
            Err(_) if trickle.candidate_init.is_empty() => None,
            Err(error) => {
                tracing::debug!(%error, "a candidate cannot be read");
                return Ok(());
            }
        };
        // One that is of no use, as of another family, does not end the session.
        if let Err(error) = target.add_candidate(candidate).await {
            tracing::debug!(%error, "a candidate is not taken");
        }
        Ok(())
    }

    async fn add_track(&mut self, sink: &mut Sink, asked: AddTrackRequest) -> Result<(), Ended> {
        if !asked.sid.is_empty() {
            let why = (refusal::UNSUPPORTED_TYPE, "a second codec of a track is not supported");
            return refuse(sink, 0, why, Some(asked)).await;
        }
        let offer = match convert::offer(&asked) {
            Ok(offer) => offer,
            Err(why) => {
                return refuse(sink, 0, (refusal::UNSUPPORTED_TYPE, why), Some(asked)).await;
            }
        };
        match self.seat.publish(offer) {
            Ok(track) => {
                let track = Some(convert::track(&track.info()));
                let published = TrackPublishedResponse { cid: asked.cid, track };
                send(sink, Answer::TrackPublished(published)).await
            }
            Err(error) => refuse(sink, 0, why(&error), Some(asked)).await,
        }
    }

    async fn update(
        &mut self,
        sink: &mut Sink,
        asked: UpdateParticipantMetadata,
    ) -> Result<(), Ended> {
        let given = |text: String| (!text.is_empty()).then_some(text);
        let change = Change {
            metadata: given(asked.metadata),
            name: given(asked.name),
            attributes: asked.attributes,
            permission: None,
        };
        match self.seat.change(change) {
            Ok(_) => Ok(()),
            Err(error) => refuse(sink, asked.request_id, why(&error), None).await,
        }
    }

    fn prefer(&self, asked: &UpdateTrackSettings) {
        let preference = Preference {
            is_paused: asked.disabled || asked.quality == 3,
            quality: (0..=2).contains(&asked.quality).then_some(asked.quality),
            width: asked.width,
            height: asked.height,
        };
        self.seat.prefer(&asked.track_sids, preference);
    }

    fn note_joined(&self) {
        let states = [self.publisher.state(), self.subscriber.state()];
        if !states.contains(&peer::State::Connected) {
            self.seat.set_state(Stage::Joined);
        }
    }

    /// Sends what the room says that the client wants, and offers it.
    async fn follow(&mut self, sink: &mut Sink) -> Result<(), Ended> {
        let wanted = self.seat.wanted();
        match self.subscriptions.follow(&wanted).await {
            true => self.offer(sink).await,
            false => Ok(()),
        }
    }

    /// Its tracks in the room.
    fn own(&self) -> Vec<Arc<room::Track>> {
        let tracks = self.seat.info().map(|info| info.tracks.clone()).unwrap_or_default();
        tracks.iter().filter_map(|track| self.seat.room().track(&track.sid)).collect()
    }

    /// A stream of the client: of a track that it has announced, by its id, its place, or
    /// else the first of its kind of which nothing has come. Others are not taken.
    fn take(&self, incoming: Incoming) {
        let own = self.own();
        let mid = incoming.mid.clone().unwrap_or_default();
        let kind = match incoming.kind {
            peer::Kind::Audio => room::Kind::Audio,
            peer::Kind::Video => room::Kind::Video,
        };
        let by_id = own.iter().find(|track| track.offer.cid == *incoming.track_id);
        let by_place = || own.iter().find(|track| !mid.is_empty() && track.mid() == mid);
        let is_next =
            |track: &&Arc<room::Track>| track.mid().is_empty() && track.offer.kind == kind;
        let found = by_id.or_else(by_place).or_else(|| own.iter().find(is_next));
        let Some(track) = found else {
            tracing::debug!(track = &*incoming.track_id, "a stream was not announced");
            return;
        };
        track.place(&mid, incoming.codec.mime());
        let seat = Arc::downgrade(&self.seat);
        self.media.attach(track, self.seat.room(), seat, incoming);
    }

    /// What the client's offer says that it sends no more is published no more.
    fn unpublish(&self, sdp: &str) {
        let silent = silent_mids(sdp);
        for track in self.own().iter().filter(|track| silent.contains(&track.mid().as_str())) {
            log(self.seat.unpublish(&track.sid).err());
        }
    }

    /// Offers what the client is sent over now, or as soon as it has answered.
    async fn offer(&mut self, sink: &mut Sink) -> Result<(), Ended> {
        if self.is_offering {
            self.is_changed = true;
            return Ok(());
        }
        let sdp = self.subscriber.offer(false).await.map_err(|error| failed(&error))?;
        self.is_offering = true;
        self.offers += 1;
        let kind = "offer".to_owned();
        let offer = SessionDescription { kind, sdp, id: self.offers, ..Default::default() };
        send(sink, Answer::Offer(offer)).await
    }

    async fn told(&mut self, sink: &mut Sink, told: Told) -> Result<(), Ended> {
        match told {
            Told::Participant(info) => {
                let participants = vec![convert::participant(&info)];
                send(sink, Answer::Update(ParticipantUpdate { participants })).await
            }
            Told::Room(about) => {
                let room = Some(convert::room(&about));
                send(sink, Answer::RoomUpdate(RoomUpdate { room })).await
            }
            Told::Message(message) => {
                let bytes = packet::write(&message);
                let queue = if message.is_reliable { &self.reliable } else { &self.lossy };
                // There was room for one; of the others, what does not fit is lost.
                let _ = queue.try_send(bytes);
                Ok(())
            }
            Told::Muted { track, is_muted } => {
                send(sink, Answer::Mute(MuteTrackRequest { sid: track, muted: is_muted })).await
            }
            Told::Unpublished { track } => {
                let gone = TrackUnpublishedResponse { track_sid: track };
                send(sink, Answer::TrackUnpublished(gone)).await
            }
            Told::Wanted => self.follow(sink).await,
            Told::Speakers(speakers) => {
                let speaker = |it: &crate::rtc::room::Speaker| models::SpeakerInfo {
                    sid: it.sid.clone(),
                    level: it.level,
                    active: it.is_active,
                };
                let speakers = speakers.iter().map(speaker).collect();
                send(sink, Answer::SpeakersChanged(SpeakersChanged { speakers })).await
            }
            Told::Quality(scores) => {
                let update = |(sid, score): &(String, f32)| ConnectionQualityInfo {
                    participant_sid: sid.clone(),
                    quality: convert::quality(*score),
                    // The protocol's best is 5.
                    score: *score / 20.0,
                };
                let updates = scores.iter().map(update).collect();
                send(sink, Answer::ConnectionQuality(ConnectionQualityUpdate { updates })).await
            }
            Told::Ended(reason) => Err(Ended::Told(reason)),
        }
    }

    async fn publisher_event(
        &mut self,
        sink: &mut Sink,
        event: Option<Event>,
    ) -> Result<(), Ended> {
        match event {
            Some(Event::Candidate(candidate)) => {
                tell_candidate(sink, signal::PUBLISHER, candidate).await
            }
            Some(Event::Channel(channel)) => {
                self.listen(channel);
                Ok(())
            }
            Some(Event::Track(incoming)) => {
                self.take(incoming);
                Ok(())
            }
            Some(Event::State(state)) => self.state(state),
            Some(Event::Closed) | None => Err(Ended::By(Reason::Failed)),
            Some(Event::NegotiationNeeded) => Ok(()),
        }
    }

    async fn subscriber_event(
        &mut self,
        sink: &mut Sink,
        event: Option<Event>,
    ) -> Result<(), Ended> {
        match event {
            Some(Event::Candidate(candidate)) => {
                tell_candidate(sink, signal::SUBSCRIBER, candidate).await
            }
            Some(Event::State(state)) => self.state(state),
            Some(Event::Closed) | None => Err(Ended::By(Reason::Failed)),
            Some(Event::Track(_) | Event::Channel(_) | Event::NegotiationNeeded) => Ok(()),
        }
    }

    fn state(&self, state: peer::State) -> Result<(), Ended> {
        match state {
            peer::State::Connected => self.seat.set_state(Stage::Active),
            peer::State::Closed => return Err(Ended::By(Reason::Failed)),
            _ => {}
        }
        Ok(())
    }

    /// Hands on what comes on a channel of the client's.
    fn listen(&mut self, channel: Channel) {
        let is_reliable = match &*channel.label {
            RELIABLE => true,
            LOSSY => false,
            label => {
                tracing::debug!(label, "a channel of a session that is not known is closed");
                return;
            }
        };
        let seat = self.seat.clone();
        self.tasks.spawn(async move {
            while let Some(message) = channel.recv().await {
                let peer::Message::Binary(bytes) = message else { continue };
                let Some(message) = packet::read(bytes, &seat, is_reliable) else { continue };
                log(seat.say(message).err());
            }
        });
    }
}

/// A task that writes packets to a channel, as fast as it takes them.
fn pump(tasks: &mut JoinSet<()>, channel: Channel) -> mpsc::Sender<Bytes> {
    let (sender, mut receiver) = mpsc::channel::<Bytes>(PACKETS);
    tasks.spawn(async move {
        while let Some(bytes) = receiver.recv().await {
            if channel.send(peer::Message::Binary(bytes)).await.is_err() {
                break;
            }
        }
    });
    sender
}

async fn tell_candidate(
    sink: &mut Sink,
    target: i32,
    candidate: Option<Candidate>,
) -> Result<(), Ended> {
    let Some(mut candidate) = candidate else { return Ok(()) };
    // Clients want both of them.
    candidate.sdp_mid.get_or_insert_with(|| "0".to_owned());
    candidate.sdp_m_line_index.get_or_insert(0);
    let Ok(candidate_init) = serde_json::to_string(&candidate) else { return Ok(()) };
    let trickle = TrickleRequest { candidate_init, target, is_final: false };
    send(sink, Answer::Trickle(trickle)).await
}

fn joined(seat: &Seat, info: &Info, room: Room, servers: &[peer::IceServer]) -> JoinResponse {
    let server = |server: &peer::IceServer| IceServer {
        urls: server.urls.clone(),
        username: server.username.clone().unwrap_or_default(),
        credential: server.credential.clone().unwrap_or_default(),
    };
    let seconds = |time: Duration| i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
    JoinResponse {
        room: Some(room),
        participant: Some(convert::participant(info)),
        other_participants: seat.others().iter().map(|info| convert::participant(info)).collect(),
        server_version: VERSION.to_owned(),
        ice_servers: servers.iter().map(server).collect(),
        subscriber_primary: true,
        ping_timeout: seconds(PING_TIMEOUT),
        ping_interval: seconds(PING_INTERVAL),
        server_info: Some(ServerInfo {
            edition: 0,
            version: VERSION.to_owned(),
            protocol: PROTOCOL,
            node_id: "zserver".to_owned(),
        }),
        enabled_publish_codecs: convert::codecs(),
        fast_publish: false,
    }
}

/// Who may have a publisher's tracks.
fn allowed(asked: SubscriptionPermission) -> Option<crate::rtc::room::Allowed> {
    if asked.all_participants {
        return None;
    }
    let entry = |permission: signal::TrackPermission| {
        let who = match permission.participant_identity.is_empty() {
            true => permission.participant_sid,
            false => permission.participant_identity,
        };
        (who, (!permission.all_tracks).then_some(permission.track_sids))
    };
    Some(asked.track_permissions.into_iter().map(entry).collect())
}

/// Why something was refused.
fn why(error: &Error) -> (i32, &str) {
    let code = error.code();
    let reason = if code == sqlstate::INSUFFICIENT_PRIVILEGE {
        refusal::NOT_ALLOWED
    } else if code == sqlstate::UNDEFINED_OBJECT {
        refusal::NOT_FOUND
    } else if code == sqlstate::CONFIGURATION_LIMIT_EXCEEDED
        || code == sqlstate::PROGRAM_LIMIT_EXCEEDED
    {
        refusal::LIMIT_EXCEEDED
    } else {
        refusal::UNCLASSIFIED
    };
    (reason, error.message())
}

async fn refuse(
    sink: &mut Sink,
    request_id: u32,
    (reason, message): (i32, &str),
    add_track: Option<AddTrackRequest>,
) -> Result<(), Ended> {
    let message = message.to_owned();
    let refused = RequestResponse { request_id, reason, message, add_track };
    send(sink, Answer::RequestResponse(refused)).await
}

fn log(error: Option<Error>) {
    if let Some(error) = error {
        tracing::debug!(%error, "what a participant of a room wants is refused");
    }
}
