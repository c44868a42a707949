//! A peer of WebRTC by another stack than the server's (`str0m`), on one socket of loopback.

use std::collections::{HashMap, VecDeque};
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId};
use str0m::media::{Direction, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use super::websocket::WebSocket;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Packets of a stream that may be asked for again, and for how long.
const SENT_KEPT: usize = 2_000;
const SENT_KEPT_FOR: Duration = Duration::from_secs(10);

/// Datagrams that are heard in one turn.
const HEARD_MAX: usize = 64;

pub struct Peer {
    pub rtc: Rtc,
    socket: UdpSocket,
    events: VecDeque<Event>,
    /// Every so many packets of media one is lost; 0: none.
    pub loses: usize,
    /// The same of those that come.
    pub misses: usize,
    sent: usize,
    came: usize,
    /// Of the next packet of each stream.
    sequences: HashMap<(Mid, Option<Rid>), u64>,
}

impl Peer {
    /// Media comes and goes as packets, not as frames.
    pub fn new() -> Peer {
        str0m::crypto::from_feature_flags().install_process_default();
        let mut rtc = RtcConfig::new().set_rtp_mode(true).build(Instant::now());
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let address = socket.local_addr().expect("an address");
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("a candidate"));
        let (events, sequences) = (VecDeque::new(), HashMap::new());
        Peer { rtc, socket, events, loses: 0, misses: 0, sent: 0, came: 0, sequences }
    }

    /// An offer with channels (label, protocol) and media.
    pub fn offer(
        &mut self,
        channels: &[(&str, &str)],
        media: &[(MediaKind, Direction)],
    ) -> (String, SdpPendingOffer, Vec<ChannelId>, Vec<Mid>) {
        let mut change = self.rtc.sdp_api();
        let config = |(label, protocol): &(&str, &str)| ChannelConfig {
            label: (*label).to_owned(),
            protocol: (*protocol).to_owned(),
            ..ChannelConfig::default()
        };
        let channels: Vec<_> =
            channels.iter().map(|one| change.add_channel_with_config(config(one))).collect();
        let mids: Vec<_> = media
            .iter()
            .map(|(kind, direction)| change.add_media(*kind, *direction, None, None, None))
            .collect();
        let (offer, pending) = change.apply().expect("an offer");
        (offer.to_sdp_string(), pending, channels, mids)
    }

    pub fn accept(&mut self, pending: SdpPendingOffer, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).expect("an answer");
        self.rtc.sdp_api().accept_answer(pending, answer).expect("it is taken");
    }

    pub fn answer(&mut self, offer: &str) -> String {
        let offer = SdpOffer::from_sdp_string(offer).expect("an offer");
        self.rtc.sdp_api().accept_offer(offer).expect("it is taken").to_sdp_string()
    }

    /// One of the server's; only those of loopback are of use here.
    pub fn add_candidate(&mut self, candidate: &Value) {
        let text = candidate["candidate"].as_str().unwrap_or_default();
        if text.contains("127.0.0.1") {
            let candidate = Candidate::from_sdp_string(text).expect("a candidate");
            self.rtc.add_remote_candidate(candidate);
        }
    }

    /// Says what there is to say, then waits for some time at most, and hears all that has
    /// come: what is left for later would come too late to be asked for again.
    pub fn turn(&mut self, most: Duration) {
        let mut wait = most;
        for _ in 0..HEARD_MAX {
            if !self.hear_one(wait) {
                break;
            }
            wait = Duration::ZERO;
        }
    }

    /// Says what there is to say, and hears one datagram; whether one has come.
    fn hear_one(&mut self, most: Duration) -> bool {
        let deadline = loop {
            match self.rtc.poll_output().expect("no failure") {
                Output::Timeout(deadline) => break deadline,
                Output::Transmit(packet) if self.is_lost(&packet.contents) => {}
                Output::Transmit(packet) => {
                    // What cannot be sent is lost.
                    let _ = self.socket.send_to(&packet.contents, packet.destination);
                }
                Output::Event(event) => self.events.push_back(event),
            }
        };
        let wait = deadline.saturating_duration_since(Instant::now()).min(most);
        let wait = wait.max(Duration::from_millis(1));
        self.socket.set_read_timeout(Some(wait)).expect("a timeout");
        let mut buffer = [0; 2_000];
        let destination = self.socket.local_addr().expect("an address");
        let input = match self.socket.recv_from(&mut buffer) {
            Ok((length, _)) if self.is_missed(&buffer[..length]) => return true,
            Ok((length, source)) => {
                let Ok(contents) = buffer[..length].try_into() else { return true };
                let proto = Protocol::Udp;
                Input::Receive(Instant::now(), Receive { proto, source, destination, contents })
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Input::Timeout(Instant::now())
            }
            Err(error) => panic!("{error}"),
        };
        let has_come = matches!(input, Input::Receive(..));
        self.rtc.handle_input(input).expect("no failure");
        has_come
    }

    fn is_lost(&mut self, packet: &[u8]) -> bool {
        self.sent += usize::from(is_media(packet));
        is_media(packet) && self.loses > 0 && self.sent.is_multiple_of(self.loses)
    }

    fn is_missed(&mut self, packet: &[u8]) -> bool {
        self.came += usize::from(is_media(packet));
        is_media(packet) && self.misses > 0 && self.came.is_multiple_of(self.misses)
    }

    /// What has happened since the last time.
    pub fn events(&mut self) -> Vec<Event> {
        self.events.drain(..).collect()
    }

    /// The first event that is looked for; others are passed over.
    pub fn wait<T>(&mut self, mut look: impl FnMut(Event) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            while let Some(event) = self.events.pop_front() {
                if let Some(found) = look(event) {
                    return found;
                }
            }
            assert!(begun.elapsed() < PATIENCE, "it does not happen");
            self.turn(Duration::from_millis(50));
        }
    }

    pub fn send_text(&mut self, channel: ChannelId, text: &str) {
        let begun = Instant::now();
        loop {
            let mut channel = self.rtc.channel(channel).expect("an open channel");
            if channel.write(false, text.as_bytes()).expect("it is sent") {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "the channel takes nothing");
            self.turn(Duration::from_millis(5));
        }
        self.turn(Duration::from_millis(1));
    }

    /// The next message of a channel.
    pub fn hear(&mut self, channel: ChannelId) -> Vec<u8> {
        self.wait(|event| match event {
            Event::ChannelData(data) if data.id == channel => Some(data.data),
            _ => None,
        })
    }

    pub fn wait_open(&mut self, channel: ChannelId) {
        self.wait(|event| {
            matches!(event, Event::ChannelOpen(id, _) if id == channel).then_some(())
        });
    }

    pub fn payload_type(&self, codec: str0m::format::Codec) -> Pt {
        let found = self.rtc.codec_config().find(|one| one.spec().codec == codec);
        found.expect("the codec").pt()
    }

    /// An offer of video in several layers.
    pub fn offer_layers(&mut self, rids: &[&str]) -> (String, SdpPendingOffer, Mid) {
        let mut change = self.rtc.sdp_api();
        let mut layers = Simulcast::new();
        layers.send = rids.iter().map(|rid| SimulcastLayer::new(rid)).collect();
        let media = (MediaKind::Video, Direction::SendOnly);
        let mid = change.add_media(media.0, media.1, None, None, Some(layers));
        let (offer, pending) = change.apply().expect("an offer");
        (offer.to_sdp_string(), pending, mid)
    }

    /// Sends a packet of a stream, the next one of all.
    pub fn send_packet(
        &mut self,
        (mid, rid): (Mid, Option<Rid>),
        payload_type: Pt,
        time: u32,
        payload: &[u8],
    ) {
        let count = self.sequences.len() as u64;
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, rid).expect("a stream");
        let sequence = self.sequences.entry((mid, rid)).or_insert_with(|| {
            // Whatever is asked for is sent again, however much of it is lost.
            stream.set_rtx_cache(SENT_KEPT, SENT_KEPT_FOR, None);
            100 + 1_000 * count
        });
        *sequence += 1;
        let sequence = (*sequence).into();
        let packet = RtpWrite::new(payload_type, sequence, time, Instant::now(), payload);
        stream.write_rtp(packet.marker(true).nackable(true));
        self.turn(Duration::from_millis(1));
    }
}

/// RTP, which is told from RTCP by its second byte (RFC 5761).
fn is_media(packet: &[u8]) -> bool {
    matches!(packet, [128..=191, kind, ..] if !(192..224).contains(kind))
}

/// Says something, and passes over what comes until the answer that is looked for.
pub fn ask(socket: &mut WebSocket, message: Value, kind: &str) -> Value {
    socket.send(message);
    next(socket, kind)
}

/// The next message of a type, after others.
pub fn next(socket: &mut WebSocket, kind: &str) -> Value {
    loop {
        let message = socket.next();
        if message["type"] == kind {
            return message;
        }
        assert_ne!(message["type"], "error", "{message}");
    }
}

/// Offers what a peer has, and brings the answer and the candidates to it.
pub fn negotiate(
    socket: &mut WebSocket,
    peer: &mut Peer,
    (offer, pending): (String, SdpPendingOffer),
) {
    socket.send(json!({"type": "offer", "sdp": offer}));
    let mut candidates = Vec::new();
    let mut answer = None;
    let mut is_over = false;
    while answer.is_none() || !is_over {
        let message = socket.next();
        match message["type"].as_str().unwrap_or_default() {
            "answer" => answer = message["sdp"].as_str().map(str::to_owned),
            "candidate" if message["candidate"].is_null() => is_over = true,
            "candidate" => candidates.push(message["candidate"].clone()),
            "error" => panic!("{message}"),
            _ => {}
        }
    }
    peer.accept(pending, &answer.unwrap_or_default());
    candidates.iter().for_each(|candidate| peer.add_candidate(candidate));
}

/// Lets a peer answer what the server offers, until it is sent something.
pub fn answer_offers(socket: &mut WebSocket, peer: &mut Peer) {
    loop {
        let message = socket.next();
        match message["type"].as_str().unwrap_or_default() {
            "offer" => {
                let answer = peer.answer(message["sdp"].as_str().unwrap_or_default());
                socket.send(json!({"type": "answer", "sdp": answer}));
            }
            "candidate" if message["candidate"].is_null() => return,
            "candidate" => peer.add_candidate(&message["candidate"]),
            "error" => panic!("{message}"),
            _ => {}
        }
    }
}
