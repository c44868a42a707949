//! The handle of a connection, and the task that ends it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::statistics::report::RTCStatsReport;
use tokio::sync::{Mutex, mpsc, watch};
use tokio_util::sync::CancellationToken;
use webrtc::data_channel::RTCDataChannelInit;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{
    PeerConnection, RTCIceCandidateInit, RTCSessionDescription, StatsSelector,
};

use super::channel::Bounds;
use super::handler::{Handler, Place, Places};
use super::layers::Layers;
use super::outbox::Outbox;
use super::tap::Taps;
use super::track::FEEDBACK_MAX;
use super::{
    Candidate, Channel, Codec, Error, Event, Kind, Options, Reliability, Section, Sender, State,
    Statistics, engine, failed, public, sections,
};

/// Events that were not taken.
const EVENTS_MAX: usize = 256;

/// Candidates that came before the description that they belong to.
const EARLY_CANDIDATES_MAX: usize = 64;

/// Bytes of a description.
const DESCRIPTION_MAX: usize = 256 << 10;

/// How long an ending connection may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A handle of a connection.
#[derive(Clone)]
pub struct Peer(Arc<Shared>);

struct Shared {
    connection: Arc<dyn PeerConnection>,
    options: Options,
    taps: Arc<Taps>,
    outbox: Arc<Outbox>,
    state: watch::Receiver<State>,
    gathered: watch::Receiver<bool>,
    /// When the remote's first description came.
    begun: watch::Sender<Option<Instant>>,
    stop: CancellationToken,
    channels: Arc<Places>,
    tracks: Arc<Places>,
    /// How often descriptions were exchanged.
    negotiations: Arc<AtomicU32>,
    /// One exchange of descriptions at a time; what came early is kept meanwhile.
    negotiation: Mutex<Negotiation>,
    /// Places of streams to the peer, by ssrc.
    sending: parking_lot::Mutex<Vec<(u32, Place)>>,
}

#[derive(Default)]
struct Negotiation {
    has_offered: bool,
    has_remote: bool,
    early: Vec<Option<Candidate>>,
    /// The remote's last offer.
    offered: Vec<Section>,
    layers: Layers,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Peer {
    /// A connection that has not begun. Its events wait for who takes them.
    pub async fn new(options: Options) -> Result<(Peer, mpsc::Receiver<Event>), Error> {
        let (events, taken) = mpsc::channel(EVENTS_MAX);
        let (told_state, state) = watch::channel(State::New);
        let (told_gathered, gathered) = watch::channel(false);
        let (stop, stopped) = (CancellationToken::new(), CancellationToken::new());
        let taps = Arc::<Taps>::default();
        let handler = Arc::new(Handler {
            events: events.clone(),
            state: told_state.clone(),
            gathered: told_gathered,
            stop: stop.clone(),
            connection: OnceLock::new(),
            public_addresses: options.public_addresses.clone(),
            bounds: bounds(&options),
            channels: Places::new("data channels", options.max_channels),
            tracks: Places::new("tracks", options.max_tracks),
        });
        let (channels, tracks) = (handler.channels.clone(), handler.tracks.clone());
        let outbox = Arc::<Outbox>::default();
        let ends = (&taps, &outbox);
        let connection = engine::build(&options, ends, handler.clone(), stopped.clone()).await?;
        let _ = handler.connection.set(Arc::downgrade(&connection));
        let (begun, has_begun) = watch::channel(None);
        let supervisor = Supervisor {
            connection: connection.clone(),
            stop: stop.clone(),
            stopped,
            state: state.clone(),
            told_state,
            begun: has_begun,
            connect_timeout: options.connect_timeout,
            failed_timeout: options.failed_timeout,
            events,
        };
        tokio::spawn(supervisor.run());
        let shared = Shared {
            connection,
            options,
            taps,
            outbox,
            state,
            gathered,
            begun,
            stop,
            channels,
            tracks,
            negotiations: Arc::default(),
            negotiation: Mutex::default(),
            sending: parking_lot::Mutex::default(),
        };
        Ok((Peer(Arc::new(shared)), taken))
    }

    /// Our offer, which is the local description from now on; with `restart_ice`, of new
    /// credentials and candidates.
    pub async fn offer(&self, restart_ice: bool) -> Result<String, Error> {
        let mut negotiation = self.0.negotiation.lock().await;
        let options = RTCOfferOptions { ice_restart: restart_ice };
        let offer = self.0.connection.create_offer(Some(options)).await.map_err(described)?;
        self.0.connection.set_local_description(offer.clone()).await.map_err(described)?;
        negotiation.has_offered = true;
        Ok(negotiation.layers.offer(&self.told(&offer)))
    }

    /// Takes the remote's offer; the answer is the local description from now on. An offer of
    /// ours that is under way is given up.
    pub async fn answer(&self, offer: &str) -> Result<String, Error> {
        let mut negotiation = self.0.negotiation.lock().await;
        let offer = self.check(offer)?;
        let offered = sections::sections(&offer);
        let shown = negotiation.layers.show(&offer);
        let offer = RTCSessionDescription::offer(shown.sdp.clone()).map_err(described)?;
        if std::mem::take(&mut negotiation.has_offered) {
            let nothing = RTCSessionDescription::rollback(None).map_err(described)?;
            self.0.connection.set_local_description(nothing).await.map_err(described)?;
        }
        self.0.connection.set_remote_description(offer).await.map_err(described)?;
        negotiation.layers.note(&shown);
        negotiation.offered = offered;
        sections::rest_unused(&self.0.connection, &negotiation.offered).await?;
        self.note_remote(&mut negotiation).await;
        let answer = self.0.connection.create_answer(None).await.map_err(described)?;
        self.0.connection.set_local_description(answer.clone()).await.map_err(described)?;
        self.0.negotiations.fetch_add(1, Ordering::AcqRel);
        Ok(shown.answer(&self.told(&answer)))
    }

    /// Takes the remote's answer to our offer.
    pub async fn accept_answer(&self, answer: &str) -> Result<(), Error> {
        let mut negotiation = self.0.negotiation.lock().await;
        if !negotiation.has_offered {
            return Err(Error::Description("nothing was offered".to_owned()));
        }
        let answer = self.check(answer)?;
        let shown = negotiation.layers.show(&answer);
        let answer = RTCSessionDescription::answer(shown.sdp.clone()).map_err(described)?;
        self.0.connection.set_remote_description(answer).await.map_err(described)?;
        negotiation.layers.note(&shown);
        negotiation.has_offered = false;
        self.note_remote(&mut negotiation).await;
        self.0.negotiations.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// An offer of ours is under way.
    pub async fn has_offered(&self) -> bool {
        self.0.negotiation.lock().await.has_offered
    }

    fn check(&self, sdp: &str) -> Result<String, Error> {
        if sdp.len() > DESCRIPTION_MAX {
            let reason = format!("it is longer than {DESCRIPTION_MAX} bytes");
            return Err(Error::Description(reason));
        }
        let is_media = |line: &&str| line.starts_with("m=audio") || line.starts_with("m=video");
        if sdp.lines().filter(is_media).count() > self.0.options.max_tracks {
            return Err(Error::TooMany("tracks"));
        }
        Ok(sdp.to_owned())
    }

    async fn note_remote(&self, negotiation: &mut Negotiation) {
        negotiation.has_remote = true;
        self.0.begun.send_if_modified(|begun| begun.replace(Instant::now()).is_none());
        for candidate in std::mem::take(&mut negotiation.early) {
            if let Err(error) = self.add(candidate).await {
                tracing::debug!(%error, "a candidate that came early is not taken");
            }
        }
    }

    fn told(&self, description: &RTCSessionDescription) -> String {
        public::rewrite_description(&description.sdp, &self.0.options.public_addresses)
    }

    /// A candidate of the remote; None: it has no more. Those that come before the remote's
    /// description wait for it.
    pub async fn add_candidate(&self, candidate: Option<Candidate>) -> Result<(), Error> {
        let mut negotiation = self.0.negotiation.lock().await;
        if negotiation.has_remote {
            return self.add(candidate).await;
        }
        if negotiation.early.len() >= EARLY_CANDIDATES_MAX {
            return Err(Error::TooMany("candidates"));
        }
        negotiation.early.push(candidate);
        Ok(())
    }

    async fn add(&self, candidate: Option<Candidate>) -> Result<(), Error> {
        let Some(candidate) = candidate.filter(|candidate| !candidate.candidate.is_empty()) else {
            return Ok(());
        };
        // A name that only its own network resolves (mDNS): such a peer reaches us, and its
        // address is learned from that.
        if candidate.candidate.split(' ').nth(4).is_some_and(|host| host.ends_with(".local")) {
            return Ok(());
        }
        let candidate = RTCIceCandidateInit {
            candidate: candidate.candidate,
            sdp_mid: candidate.sdp_mid,
            sdp_mline_index: candidate.sdp_m_line_index,
            username_fragment: candidate.username_fragment,
            url: None,
        };
        self.0.connection.add_ice_candidate(candidate).await.map_err(described)
    }

    /// The description that holds now, with the candidates found so far.
    pub async fn local_description(&self) -> Option<String> {
        let description = self.0.connection.local_description().await?;
        Some(self.told(&description))
    }

    /// Waits until all local candidates are known, for those who do not trickle.
    pub async fn gathered(&self) {
        let mut gathered = self.0.gathered.clone();
        let _ = gathered.wait_for(|is_complete| *is_complete).await;
    }

    /// Opens a channel, which may be written to at once: messages wait until it is open.
    pub async fn open_channel(
        &self,
        label: &str,
        protocol: &str,
        reliability: Reliability,
    ) -> Result<Channel, Error> {
        let place = self.0.channels.take()?;
        let init = RTCDataChannelInit {
            ordered: reliability.ordered,
            max_packet_life_time: reliability.max_lifetime_ms,
            max_retransmits: reliability.max_retransmits,
            protocol: protocol.to_owned(),
            negotiated: None,
        };
        let opened = self.0.connection.create_data_channel(label, Some(init)).await;
        let channel = opened.map_err(failed)?;
        let bounds = bounds(&self.0.options);
        let names = (label, protocol);
        Ok(Channel::new(channel, names, reliability.ordered, bounds, Box::new(place)))
    }

    /// A stream to the peer, which is sent once descriptions were exchanged anew.
    pub async fn add_track(
        &self,
        kind: Kind,
        codec: Codec,
        track_id: &str,
        stream_id: &str,
    ) -> Result<Sender, Error> {
        if kind != codec.kind() {
            let reason = format!("{} is not for {}", codec.mime(), kind.as_str());
            return Err(Error::Failed(reason));
        }
        let place = self.0.tracks.take()?;
        let (track, ssrc) = engine::local_track(codec, track_id, stream_id);
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        let negotiation = self.0.negotiation.lock().await;
        let offered = &negotiation.offered;
        let sender = sections::send(&self.0.connection, offered, kind, track.clone()).await?;
        drop(negotiation);
        let (tell, feedback) = mpsc::channel(FEEDBACK_MAX);
        self.0.taps.listen(ssrc, kind, codec.clock_rate(), tell);
        self.0.sending.lock().push((ssrc, place));
        Ok(Sender {
            kind,
            codec,
            track_id: track_id.into(),
            stream_id: stream_id.into(),
            ssrc,
            track,
            outbox: self.0.outbox.clone(),
            sender,
            feedback: Mutex::new(feedback),
            negotiations: self.0.negotiations.clone(),
            negotiated: AtomicU64::new(0),
        })
    }

    /// Ends a stream to the peer, who is told when descriptions are exchanged anew.
    pub async fn remove_track(&self, sender: &Sender) -> Result<(), Error> {
        self.0.taps.forget(sender.ssrc);
        self.0.sending.lock().retain(|(ssrc, _)| *ssrc != sender.ssrc);
        self.0.connection.remove_track(&sender.sender).await.map_err(failed)
    }

    pub async fn statistics(&self) -> Statistics {
        let report = self.0.connection.get_stats(Instant::now(), StatsSelector::None).await;
        let (bytes_sent, bytes_received) = self.0.taps.bytes();
        let mut statistics = Statistics {
            bytes_sent,
            bytes_received,
            send_bitrate: self.0.taps.send_bitrate(),
            streams: self.0.taps.streams(),
            ..Statistics::default()
        };
        read_pair(&report, &mut statistics);
        statistics
    }

    /// What the receiver lets us send, in bits per second, once it has told.
    pub fn send_bitrate(&self) -> Option<u64> {
        self.0.taps.send_bitrate()
    }

    pub fn state(&self) -> State {
        *self.0.state.borrow()
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) {
        let mut state = self.0.state.clone();
        let _ = state.wait_for(|state| *state == State::Closed).await;
    }

    /// Ends the connection and frees what it has; more than once is the same.
    pub async fn close(&self) {
        self.0.stop.cancel();
        self.closed().await;
    }
}

fn bounds(options: &Options) -> Bounds {
    Bounds {
        message_bytes: options.max_message_bytes,
        messages_per_second: options.max_messages_per_second,
    }
}

fn described(error: webrtc::error::Error) -> Error {
    match error {
        webrtc::error::Error::ErrConnectionClosed => Error::Closed,
        error => Error::Description(error.to_string()),
    }
}

/// The pair of candidates in use: the nominated one that carries the most.
fn read_pair(report: &RTCStatsReport, statistics: &mut Statistics) {
    use rtc::statistics::report::RTCStatsReportEntry::{LocalCandidate, RemoteCandidate};
    let used = report.candidate_pairs().filter(|pair| pair.nominated);
    let Some(pair) = used.max_by_key(|pair| pair.bytes_received + pair.bytes_sent) else { return };
    if pair.current_round_trip_time > 0.0 {
        statistics.round_trip = Some(Duration::from_secs_f64(pair.current_round_trip_time));
    }
    let address = |id: &str| match report.get(id) {
        Some(LocalCandidate(candidate) | RemoteCandidate(candidate)) => {
            let host = candidate.address.as_deref()?.parse().ok()?;
            Some(SocketAddr::new(host, candidate.port))
        }
        _ => None,
    };
    statistics.local = address(&pair.local_candidate_id);
    statistics.remote = address(&pair.remote_candidate_id);
}

/// Ends the connection when it is asked to, when it does not come to stand, and when the peer
/// is gone.
struct Supervisor {
    connection: Arc<dyn PeerConnection>,
    stop: CancellationToken,
    /// The driver has ended.
    stopped: CancellationToken,
    state: watch::Receiver<State>,
    told_state: watch::Sender<State>,
    begun: watch::Receiver<Option<Instant>>,
    connect_timeout: Duration,
    failed_timeout: Duration,
    events: mpsc::Sender<Event>,
}

impl Supervisor {
    async fn run(mut self) {
        self.wait_for_end().await;
        if tokio::time::timeout(CLOSE_TIMEOUT, self.connection.close()).await.is_err() {
            tracing::warn!("a peer connection does not close");
        }
        drop(self.connection);
        self.told_state.send_replace(State::Closed);
        let _ = self.events.send(Event::Closed).await;
    }

    async fn wait_for_end(&mut self) {
        let mut lost_since = None;
        loop {
            let state = *self.state.borrow_and_update();
            let begun = *self.begun.borrow_and_update();
            lost_since = match state {
                State::Disconnected | State::Failed => lost_since.or(Some(Instant::now())),
                _ => None,
            };
            let deadline = match state {
                State::New | State::Connecting => begun.map(|begun| begun + self.connect_timeout),
                _ => lost_since.map(|since| since + self.failed_timeout),
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.stopped.cancelled() => return,
                () = sleep_until(deadline) => {
                    tracing::debug!(?state, "a peer has not come, or is gone: its connection ends");
                    return;
                }
                changed = self.state.changed() => if changed.is_err() { return },
                // The handle is gone: it has stopped us, too.
                changed = self.begun.changed() => if changed.is_err() { return },
            }
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
