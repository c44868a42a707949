//! Data channels as ends that block, of a peer of another stack (`str0m`) that runs on a
//! thread of its own, signalled by the WebSocket `/api/v1/rtc`.

use std::collections::{HashMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, channel, sync_channel,
};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use str0m::change::SdpAnswer;
use str0m::channel::{ChannelConfig, ChannelId};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};

use super::http::TRUSTED;
use super::websocket::{TEXT, WebSocket};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Bytes that wait to be sent on a channel before its sender waits.
const WAITING_MAX: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Binary(Vec<u8>),
}

enum Command {
    Open(ChannelConfig, Sender<ChannelId>, Sender<Message>),
    Send(ChannelId, Message),
    Close(ChannelId),
}

/// Connected until it is dropped.
pub struct Peer {
    commands: SyncSender<Command>,
}

/// An open channel; it closes when it is dropped.
pub struct Channel {
    id: ChannelId,
    commands: SyncSender<Command>,
    received: Receiver<Message>,
}

impl Peer {
    /// As `postgres`, of a server that trusts.
    pub fn connect(http: u16) -> Peer {
        Peer::connect_as(http, TRUSTED)
    }

    /// With these headers, which end in line breaks.
    pub fn connect_as(http: u16, headers: &str) -> Peer {
        let headers = format!("{headers}Sec-WebSocket-Protocol: zserver.rtc.v1\r\n");
        let mut socket = WebSocket::open(http, "/api/v1/rtc", &headers).expect("signalling");
        socket.send(json!({"type": "join"}));
        let joined = socket.next();
        assert_eq!(joined["type"], json!("joined"), "{joined}");
        let (commands, commanded) = sync_channel(64);
        let worker = Worker::new(socket);
        std::thread::spawn(move || worker.run(commanded));
        Peer { commands }
    }

    /// A channel that the server has opened, too.
    pub fn open(&self, protocol: &str) -> Channel {
        self.open_with(protocol, true)
    }

    /// The same; `ordered`: its messages arrive in their order.
    pub fn open_with(&self, protocol: &str, ordered: bool) -> Channel {
        let config = ChannelConfig {
            label: "test".to_owned(),
            protocol: protocol.to_owned(),
            ordered,
            ..ChannelConfig::default()
        };
        let (opened, is_open) = channel();
        let (sender, received) = channel();
        self.commands.send(Command::Open(config, opened, sender)).expect("the peer is there");
        let id = is_open.recv_timeout(LIMIT).expect("the channel opens");
        Channel { id, commands: self.commands.clone(), received }
    }

    /// A port whose connections are carried each by a channel of a protocol, byte by byte,
    /// as long as the peer is there.
    pub fn forward(&self, protocol: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let peer = Peer { commands: self.commands.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                carry(stream, peer.open(protocol));
            }
        });
        port
    }
}

/// Bytes of a connection in messages of a channel, and back.
fn carry(stream: TcpStream, channel: Channel) {
    let (mut reading, mut writing) = (stream.try_clone().expect("a socket"), stream);
    let (id, commands) = (channel.id, channel.commands.clone());
    std::thread::spawn(move || {
        let mut piece = vec![0; 64 << 10];
        while let Ok(count @ 1..) = reading.read(&mut piece) {
            let message = Message::Binary(piece[..count].to_vec());
            if commands.send(Command::Send(id, message)).is_err() {
                return;
            }
        }
        let _ = commands.send(Command::Close(id));
    });
    std::thread::spawn(move || {
        while let Ok(message) = channel.received.recv() {
            let Message::Binary(bytes) = message else { continue };
            if writing.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = writing.shutdown(Shutdown::Both);
    });
}

impl Channel {
    pub fn send(&self, message: Message) {
        self.commands.send(Command::Send(self.id, message)).expect("the peer is there");
    }

    pub fn say(&self, value: &Value) {
        self.send(Message::Text(value.to_string()));
    }

    /// The next message; none if the channel is closed.
    pub fn recv(&self) -> Option<Message> {
        self.recv_within(LIMIT)
    }

    pub fn recv_within(&self, limit: Duration) -> Option<Message> {
        self.received.recv_timeout(limit).ok()
    }

    /// Whether it is closed, after all that came before.
    pub fn is_closed(&self) -> bool {
        matches!(self.received.recv_timeout(LIMIT), Err(RecvTimeoutError::Disconnected))
    }

    pub fn next(&self) -> Value {
        match self.recv() {
            Some(Message::Text(text)) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("no text: {other:?}"),
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // The peer may be gone.
        let _ = self.commands.send(Command::Close(self.id));
    }
}

struct Worker {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    signalled: Receiver<Value>,
    channels: HashMap<ChannelId, Line>,
    _signalling: WebSocket,
}

struct Line {
    opened: Option<Sender<ChannelId>>,
    received: Sender<Message>,
    is_open: bool,
    waiting: VecDeque<Message>,
}

impl Worker {
    fn new(mut signalling: WebSocket) -> Worker {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("an address");
        str0m::crypto::from_feature_flags().install_process_default();
        let mut rtc = Rtc::new(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("a candidate"));
        let mut changes = rtc.sdp_api();
        // A description needs something to be about.
        changes.add_channel("first".to_owned());
        let (offer, pending) = changes.apply().expect("an offer");
        signalling.send(json!({"type": "offer", "sdp": offer.to_sdp_string()}));
        let mut early = Vec::new();
        let answer = loop {
            let message = signalling.next();
            match message["type"].as_str() {
                Some("answer") => break message,
                Some("error") => panic!("{message}"),
                _ => early.push(message),
            }
        };
        let sdp = answer["sdp"].as_str().expect("a description");
        let answer = SdpAnswer::from_sdp_string(sdp).expect("an answer");
        rtc.sdp_api().accept_answer(pending, answer).expect("it is accepted");
        let reading = WebSocket {
            stream: signalling.stream.try_clone().expect("a socket"),
            head: String::new(),
            answers_pings: true,
        };
        let (sender, signalled) = channel();
        early.into_iter().for_each(|message| sender.send(message).expect("it is read"));
        std::thread::spawn(move || listen(reading, &sender));
        let channels = HashMap::new();
        Worker { rtc, socket, address, signalled, channels, _signalling: signalling }
    }

    /// Until nobody has commands.
    fn run(mut self, commands: Receiver<Command>) {
        let mut buffer = vec![0; 2_000];
        while self.rtc.is_alive() {
            while let Ok(message) = self.signalled.try_recv() {
                self.note(&message);
            }
            if self.waiting_bytes() < WAITING_MAX && !self.obey(&commands) {
                break;
            }
            self.send_waiting();
            let timeout = loop {
                match self.rtc.poll_output().expect("an output") {
                    Output::Timeout(at) => break at,
                    Output::Transmit(sent) => {
                        // What is lost is sent again.
                        let _ = self.socket.send_to(&sent.contents, sent.destination);
                    }
                    Output::Event(event) => self.happened(event),
                }
            };
            let wait = timeout.saturating_duration_since(Instant::now());
            let wait = wait.clamp(Duration::from_micros(100), Duration::from_millis(2));
            self.socket.set_read_timeout(Some(wait)).expect("a timeout");
            match self.socket.recv_from(&mut buffer) {
                Ok((count, source)) => self.take(&buffer[..count], source),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("{error}"),
            }
            self.rtc.handle_input(Input::Timeout(Instant::now())).expect("time passes");
        }
        self.rtc.disconnect();
    }

    fn take(&mut self, bytes: &[u8], source: SocketAddr) {
        let Ok(contents) = bytes.try_into() else { return };
        let receive = Receive { proto: Protocol::Udp, source, destination: self.address, contents };
        self.rtc.handle_input(Input::Receive(Instant::now(), receive)).expect("it is taken");
    }

    fn note(&mut self, message: &Value) {
        let candidate = message["candidate"]["candidate"].as_str().unwrap_or_default();
        // Those of other kinds are not for this machine.
        if let Ok(candidate) = Candidate::from_sdp_string(candidate) {
            self.rtc.add_remote_candidate(candidate);
        }
    }

    fn waiting_bytes(&self) -> usize {
        let size = |message: &Message| match message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
        };
        self.channels.values().flat_map(|line| &line.waiting).map(size).sum()
    }

    /// Whether anybody has commands still.
    fn obey(&mut self, commands: &Receiver<Command>) -> bool {
        loop {
            match commands.try_recv() {
                Ok(Command::Open(config, opened, received)) => {
                    let id = self.rtc.direct_api().create_data_channel(config);
                    let (opened, waiting) = (Some(opened), VecDeque::new());
                    self.channels.insert(id, Line { opened, received, is_open: false, waiting });
                }
                Ok(Command::Send(id, message)) => {
                    if let Some(line) = self.channels.get_mut(&id) {
                        line.waiting.push_back(message);
                    }
                }
                Ok(Command::Close(id)) => {
                    self.send_waiting();
                    if self.channels.remove(&id).is_some() {
                        self.rtc.direct_api().close_data_channel(id);
                    }
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
            if self.waiting_bytes() >= WAITING_MAX {
                return true;
            }
        }
    }

    fn send_waiting(&mut self) {
        for (id, line) in self.channels.iter_mut().filter(|(_, line)| line.is_open) {
            let Some(mut channel) = self.rtc.channel(*id) else { continue };
            while let Some(message) = line.waiting.front() {
                let (is_binary, bytes) = match message {
                    Message::Text(text) => (false, text.as_bytes()),
                    Message::Binary(bytes) => (true, &bytes[..]),
                };
                match channel.write(is_binary, bytes) {
                    Ok(true) => drop(line.waiting.pop_front()),
                    Ok(false) => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::ChannelOpen(id, _) => {
                if let Some(line) = self.channels.get_mut(&id) {
                    line.is_open = true;
                    let told = line.opened.take().map(|opened| opened.send(id));
                    assert!(told.is_none_or(|told| told.is_ok()), "nobody waits");
                }
            }
            Event::ChannelData(data) => {
                let Some(line) = self.channels.get(&data.id) else { return };
                let message = match data.binary {
                    true => Message::Binary(data.data),
                    false => Message::Text(String::from_utf8(data.data).expect("UTF-8")),
                };
                // Who has dropped the channel hears nothing.
                let _ = line.received.send(message);
            }
            // Who receives learns it by the end of what is sent.
            Event::ChannelClose(id) => drop(self.channels.remove(&id)),
            _ => {}
        }
    }
}

fn listen(mut socket: WebSocket, sender: &Sender<Value>) {
    while let Some((opcode, payload)) = socket.frame() {
        if opcode != TEXT {
            return;
        }
        let message = serde_json::from_slice(&payload).expect("JSON");
        if sender.send(message).is_err() {
            return;
        }
    }
}
