//! Participants of LiveKit's protocol by its messages, tokens of an application, and a server
//! with rooms.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use prost::Message;
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use super::request::{Answer, Asker};
use super::signals::{AddTrack, Asked, Join, JoinRequest, Person, Signal, WrappedJoin};
use super::websocket::{BINARY, CLOSE, WebSocket};
use super::zserver::Zserver;

pub const PATIENCE: Duration = Duration::from_secs(30);

pub const CAMERA: i32 = 1;
pub const MICROPHONE: i32 = 2;

/// A participant.
pub struct Session {
    pub socket: WebSocket,
    pub join: Join,
}

impl Session {
    /// What answers instead of a session: its status and text.
    pub fn try_open(port: u16, token: &str) -> Result<Session, (u16, String)> {
        let path = format!("/rtc?access_token={token}&auto_subscribe=1&sdk=test&protocol=15");
        let mut socket = try_socket(port, &path)?;
        let join = next(&mut socket).expect("a message").join.expect("it is in");
        Ok(Session { socket, join })
    }

    /// Over one connection.
    pub fn open_single(port: u16, token: &str, request: &JoinRequest) -> Session {
        let path = format!("/rtc/v1?access_token={token}&join_request={}", packed(request));
        let mut socket = try_socket(port, &path).unwrap_or_else(|answer| panic!("{answer:?}"));
        let join = next(&mut socket).expect("a message").join.expect("it is in");
        Session { socket, join }
    }

    pub fn sid(&self) -> String {
        self.join.participant.as_ref().expect("oneself").sid.clone()
    }

    pub fn open(port: u16, token: &str) -> Session {
        Session::try_open(port, token).unwrap_or_else(|answer| panic!("{answer:?}"))
    }

    pub fn ask(&mut self, asked: Asked) {
        self.socket.send_frame(BINARY, &asked.encode_to_vec());
    }

    /// The first message from now on that is meant.
    pub fn until<T>(&mut self, what: impl Fn(Signal) -> Option<T>) -> T {
        // Who says nothing for too long is gone.
        self.ask(Asked { ping: Some(1), ..Asked::default() });
        let until = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < until, "it does not come");
            let signal = next(&mut self.socket).expect("the session goes on");
            if let Some(found) = what(signal) {
                return found;
            }
        }
    }

    pub fn publish(&mut self, source: i32) -> Result<String, i32> {
        let cid = format!("c{source}");
        let add_track = Some(AddTrack { cid, kind: i32::from(source == CAMERA), source });
        self.ask(Asked { add_track, ..Asked::default() });
        self.until(|signal| match (signal.published, signal.refused) {
            (Some(published), _) => Some(Ok(published.track.expect("a track").sid)),
            (_, Some(refused)) => Some(Err(refused.reason)),
            _ => None,
        })
    }

    /// Somebody as the next update shows them that `fits`.
    pub fn sees(&mut self, identity: &str, fits: impl Fn(&Person) -> bool) -> Person {
        self.until(|signal| {
            let people = signal.update?.participants.into_iter();
            people.into_iter().find(|person| person.identity == identity && fits(person))
        })
    }

    /// Why it has to go.
    pub fn leave_reason(&mut self) -> i32 {
        self.until(|signal| signal.leave).reason
    }
}

/// A socket, or the status and the head of what answers instead.
pub fn try_socket(port: u16, path: &str) -> Result<WebSocket, (u16, String)> {
    WebSocket::open(port, path, "").map_err(|head| {
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        (status.unwrap_or_default(), head)
    })
}

/// As `/rtc/v1` takes it.
pub fn packed(request: &JoinRequest) -> String {
    let wrapped = WrappedJoin { compression: 0, join: request.encode_to_vec() };
    URL_SAFE_NO_PAD.encode(wrapped.encode_to_vec())
}

pub fn next(socket: &mut WebSocket) -> Option<Signal> {
    match socket.frame()? {
        (BINARY, bytes) => Some(Signal::decode(bytes.as_slice()).expect("a message")),
        (CLOSE, _) => None,
        (opcode, _) => panic!("a frame of {opcode}"),
    }
}

pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    i64::try_from(now.as_secs()).expect("seconds")
}

/// An application's key.
pub struct Key {
    pub id: String,
    pub secret: String,
}

impl Key {
    pub fn of(asker: &Asker) -> Key {
        let row = asker.sql("select id, secret from rtc.create_key('test')")[0].clone();
        let text = |at: usize| row[at].as_str().expect("a text").to_owned();
        Key { id: text(0), secret: text(1) }
    }

    pub fn sign(&self, claims: &Value) -> String {
        signed(&json!({"alg": "HS256", "typ": "JWT"}), claims, &self.secret)
    }

    /// A token for somebody in a room, with more of the grant, or other claims.
    pub fn token(&self, identity: &str, room: &str, grant: Value, more: Value) -> String {
        let mut video = json!({"room": room, "roomJoin": true});
        merge(&mut video, grant);
        let mut claims = json!({
            "iss": self.id, "sub": identity, "nbf": now() - 5, "exp": now() + 600, "video": video,
        });
        merge(&mut claims, more);
        self.sign(&claims)
    }
}

pub fn merge(to: &mut Value, more: Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        to[name] = value.clone();
    }
}

pub fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A server with the roles `ada`, `bea` (of `team`) and `eve`, and their rooms.
pub struct Site {
    pub server: Zserver,
    pub port: u16,
    pub root: Asker,
    pub ada: Asker,
    pub bea: Asker,
    pub eve: Asker,
    pub directory: TempDir,
}

impl Site {
    pub fn start(settings: &[(&str, &str)]) -> Site {
        let site = Site::over(TempDir::new().expect("a directory"), settings);
        site.root.sql("create extension rtc cascade");
        site.root.sql("create role team");
        for role in ["ada", "bea", "eve"] {
            site.root.sql(&format!("create role {role} login"));
        }
        site.root.sql("grant team to bea");
        site
    }

    pub fn over(directory: TempDir, settings: &[(&str, &str)]) -> Site {
        let data = directory.path().join("data");
        // Nobody connects here.
        let settings = [settings, &[("ZSERVER_RTC_CONNECT_TIMEOUT", "10min")]].concat();
        let (server, port) = Zserver::start_with_http(&data, true, &settings);
        let role = |name: &str| Asker::new(port, name);
        let (root, ada) = (role("postgres"), role("ada"));
        let (bea, eve) = (role("bea"), role("eve"));
        Site { server, port, root, ada, bea, eve, directory }
    }

    pub fn killed_and_started(self) -> Site {
        let Site { server, directory, .. } = self;
        server.kill();
        Site::over(directory, &[])
    }
}

pub fn send(asker: &Asker, method: &str, path: &str, body: Value) -> Answer {
    asker.send(method, path, "", body.to_string().as_bytes())
}

pub fn status(asker: &Asker, method: &str, path: &str, body: Value) -> u16 {
    send(asker, method, path, body).status
}

pub fn room_token(asker: &Asker, room: &str, body: Value) -> String {
    let answer = send(asker, "POST", &format!("/api/v1/rooms/{room}/tokens"), body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["token"].as_str().expect("a token").to_owned()
}

/// Waits for a statement to say this.
pub fn soon(asker: &Asker, query: &str, expected: Value) {
    let until = Instant::now() + PATIENCE;
    loop {
        let found = asker.sql(query);
        if found == expected {
            return;
        }
        assert!(Instant::now() < until, "{query}: {found}, not {expected}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
