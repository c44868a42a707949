//! One peer: its signalling, one socket, and a connection of `str0m` between them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use socket2::SockRef;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;

use crate::Outcome;
use crate::server::Server;
use crate::signal::{Said, Signal};
use crate::stream::{Header, Heard, ticks};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes that wait in a socket: nothing is lost here while others have their turn.
const WAITING_BYTES: usize = 4 << 20;

/// Packets that are taken from a socket before others have their turn.
const BURST: usize = 64;

/// What a peer does with streams.
#[derive(Clone, Copy)]
pub struct Ear {
    /// It decrypts them, and reports on them.
    pub is_whole: bool,
    /// Ticks of a timestamp in a second.
    pub clock_rate: u32,
    /// When timestamps were 0.
    pub epoch: Instant,
}

pub struct Peer {
    pub rtc: Rtc,
    pub signal: Signal,
    socket: UdpSocket,
    address: SocketAddr,
    pending: Option<SdpPendingOffer>,
    pub events: VecDeque<Event>,
    ear: Ear,
    pub heard: Heard,
    /// Payload types of what is sent again.
    again: [bool; 128],
}

impl Peer {
    /// A participant of a room, or none of any; it has no connection yet.
    pub async fn join(
        server: Server,
        place: Option<(&str, &str, bool)>,
        ear: Ear,
    ) -> Outcome<Peer> {
        let mut signal = Signal::open(server).await?;
        signal.join(place).await?;
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        SockRef::from(&socket).set_recv_buffer_size(WAITING_BYTES)?;
        let address = socket.local_addr()?;
        let mut rtc = RtcConfig::new().set_rtp_mode(true).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp")?);
        Ok(Peer {
            rtc,
            signal,
            socket,
            address,
            pending: None,
            events: VecDeque::new(),
            ear,
            heard: Heard::default(),
            again: [false; 128],
        })
    }

    /// Offers channels by their protocol, and streams to send.
    pub async fn offer(
        &mut self,
        channels: &[&str],
        media: &[MediaKind],
    ) -> Outcome<(Vec<ChannelId>, Vec<Mid>)> {
        let mut change = self.rtc.sdp_api();
        let config = |protocol: &&str| ChannelConfig {
            label: "load".to_owned(),
            protocol: (*protocol).to_owned(),
            ..ChannelConfig::default()
        };
        let ids = channels.iter().map(|one| change.add_channel_with_config(config(one))).collect();
        let mids = media
            .iter()
            .map(|kind| change.add_media(*kind, Direction::SendOnly, None, None, None))
            .collect();
        let (offer, pending) = change.apply().ok_or("there is nothing to offer")?;
        self.pending = Some(pending);
        self.signal.say(&json!({"type": "offer", "sdp": offer.to_sdp_string()})).await?;
        Ok((ids, mids))
    }

    /// Says what there is to say; when it is to be asked again.
    pub fn flush(&mut self) -> Outcome<Instant> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(deadline) => return Ok(deadline),
                // What cannot be sent is lost.
                Output::Transmit(sent) => {
                    let _ = self.socket.try_send_to(&sent.contents, sent.destination);
                }
                // Streams are counted by their headers.
                Output::Event(Event::RtpPacket(_)) => {}
                Output::Event(event) => self.events.push_back(event),
            }
        }
    }

    /// Lets something happen, until then at the latest.
    pub async fn turn(&mut self, until: Instant) -> Outcome<()> {
        let wake = self.flush()?.min(until);
        tokio::select! {
            ready = self.socket.readable() => {
                ready?;
                self.receive()
            }
            said = self.signal.messages.recv() => match said {
                Some(said) => self.hear(said).await,
                None => Err("the server has ended the signalling".into()),
            },
            () = tokio::time::sleep_until(wake.into()) => {
                Ok(self.rtc.handle_input(Input::Timeout(Instant::now()))?)
            }
        }
    }

    /// Takes the datagrams that are there.
    fn receive(&mut self) -> Outcome<()> {
        let mut buffer = [0; 2_000];
        for _ in 0..BURST {
            let Ok((length, source)) = self.socket.try_recv_from(&mut buffer) else { break };
            let bytes = &buffer[..length];
            if let Some(header) = Header::read(bytes) {
                if !self.again[usize::from(header.payload_type)] {
                    let now = ticks(self.ear.epoch, self.ear.clock_rate);
                    self.heard.note(header, length, now, self.ear.clock_rate);
                }
                if !self.ear.is_whole {
                    continue;
                }
            }
            let Ok(contents) = bytes.try_into() else { continue };
            let destination = self.address;
            let receive = Receive { proto: Protocol::Udp, source, destination, contents };
            self.rtc.handle_input(Input::Receive(Instant::now(), receive))?;
            self.flush()?;
        }
        Ok(())
    }

    async fn hear(&mut self, said: Said) -> Outcome<()> {
        let message = match said {
            Said::Ping(payload) => return self.signal.pong(&payload).await,
            Said::Message(message) => message,
        };
        match message["type"].as_str().unwrap_or_default() {
            // One that crosses ours is given up, and comes again.
            "offer" if self.pending.is_none() => {
                let sdp = message["sdp"].as_str().unwrap_or_default();
                self.note_payload_types(sdp);
                let answer = self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(sdp)?)?;
                let answer = json!({"type": "answer", "sdp": answer.to_sdp_string()});
                self.signal.say(&answer).await
            }
            "answer" => {
                let sdp = message["sdp"].as_str().unwrap_or_default();
                let pending = self.pending.take().ok_or("an answer to nothing")?;
                let answer = SdpAnswer::from_sdp_string(sdp)?;
                Ok(self.rtc.sdp_api().accept_answer(pending, answer)?)
            }
            "candidate" => {
                self.note_candidate(&message["candidate"]);
                Ok(())
            }
            "error" => Err(message.to_string().into()),
            "left" => Err(format!("it had to leave: {}", message["reason"]).into()),
            _ => Ok(()),
        }
    }

    fn note_payload_types(&mut self, sdp: &str) {
        for line in sdp.lines().filter_map(|line| line.strip_prefix("a=rtpmap:")) {
            let Some((number, codec)) = line.split_once(' ') else { continue };
            let place = number.parse().ok().and_then(|number: usize| self.again.get_mut(number));
            if let Some(place) = place {
                *place = codec.starts_with("rtx/");
            }
        }
    }

    fn note_candidate(&mut self, candidate: &Value) {
        let text = candidate["candidate"].as_str().unwrap_or_default();
        // Others are not for this machine.
        if text.contains("127.0.0.1")
            && let Ok(candidate) = Candidate::from_sdp_string(text)
        {
            self.rtc.add_remote_candidate(candidate);
        }
    }

    /// The first event that is looked for; others are passed over.
    pub async fn wait<T>(&mut self, mut look: impl FnMut(&Event) -> Option<T>) -> Outcome<T> {
        let until = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.events.pop_front() {
                if let Some(found) = look(&event) {
                    return Ok(found);
                }
            }
            if Instant::now() > until {
                return Err("what is waited for does not come".into());
            }
            self.turn(until).await?;
        }
    }

    pub async fn connected(&mut self) -> Outcome<()> {
        if self.rtc.is_connected() {
            return Ok(());
        }
        self.wait(|event| matches!(event, Event::Connected).then_some(())).await
    }

    pub fn payload_type(&self, codec: str0m::format::Codec) -> Outcome<Pt> {
        let found = self.rtc.codec_config().find(|one| one.spec().codec == codec);
        Ok(found.ok_or("the codec is not known")?.pt())
    }
}
