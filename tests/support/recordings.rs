//! A room whose video is recorded: a publisher by WHIP, recordings over HTTP.

use std::time::{Duration, Instant};

use serde_json::Value;
use str0m::Event;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Pt};
use tempfile::TempDir;

use super::request::Asker;
use super::rtc::{PATIENCE, Peer};
use super::zserver::Zserver;

pub const JSON: &str = "Content-Type: application/json\r\n";
/// Frames of VP8, of 8 by 8 pixels, as far as their descriptor and header tell.
pub const KEY: [u8; 12] = [0x10, 0x00, 0x01, 0x02, 0x9d, 0x01, 0x2a, 0x08, 0x00, 0x08, 0x00, 0];
pub const OTHER: [u8; 5] = [0x10, 0x01, 0x02, 0x03, 0x04];

pub fn started(settings: &[(&str, &str)]) -> (Zserver, Asker, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, http) = Zserver::start_with_http(&directory.path().join("data"), true, settings);
    let root = Asker::new(http, "postgres");
    let made = root.send("POST", "/api/v1/rooms", JSON, br#"{"name": "stage"}"#);
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(root.ask("PUT", "/api/v1/files/recordings").status < 300);
    (server, root, directory)
}

/// Sends video into the room, by WHIP.
pub struct Publisher {
    pub peer: Peer,
    mid: Mid,
    payload_type: Pt,
    time: u32,
    pub track: String,
    /// Of its session.
    pub place: String,
}

impl Publisher {
    pub fn new(root: &Asker) -> Publisher {
        let mut peer = Peer::new();
        let media = [(MediaKind::Video, Direction::SendOnly)];
        let (offer, pending, _, mids) = peer.offer(&[], &media);
        let sdp = "Content-Type: application/sdp\r\n";
        let answer = root.send("POST", "/api/v1/rtc/whip/stage", sdp, offer.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        peer.accept(pending, &answer.text());
        let payload_type = peer.payload_type(Codec::Vp8);
        peer.wait(|event| matches!(event, Event::Connected).then_some(()));
        let place = answer.header("location").expect("a location").to_owned();
        let (mid, track) = (mids[0], String::new());
        let mut publisher = Publisher { peer, mid, payload_type, time: 0, track, place };
        let begun = Instant::now();
        while publisher.track.is_empty() {
            assert!(begun.elapsed() < PATIENCE, "the track is not there");
            publisher.send(&OTHER);
            let shown = root.ask("GET", "/api/v1/rooms/stage/participants").json();
            let people = shown["participants"].as_array().cloned().unwrap_or_default();
            let mut tracks = people.iter().filter_map(|one| one["tracks"][0]["sid"].as_str());
            publisher.track = tracks.next().unwrap_or_default().to_owned();
        }
        publisher
    }

    /// A frame, a thirtieth of a second after the one before.
    pub fn send(&mut self, frame: &[u8]) {
        self.time += 3_000;
        self.peer.send_packet((self.mid, None), self.payload_type, self.time, frame);
        self.peer.turn(Duration::from_millis(2));
    }

    /// Frames as time passes, a keyframe first and each second; how many.
    pub fn play(&mut self, length: Duration) -> usize {
        self.play_with(length, 30)
    }

    /// The same with a keyframe after so many frames.
    pub fn play_with(&mut self, length: Duration, key_every: usize) -> usize {
        let begun = Instant::now();
        let mut count = 0;
        while begun.elapsed() < length {
            self.send(if count % key_every == 0 { &KEY } else { &OTHER });
            count += 1;
            while begun.elapsed() < Duration::from_millis(33 * count as u64) {
                self.peer.turn(Duration::from_millis(5));
            }
        }
        count
    }

    pub fn until(&mut self, root: &Asker, path: &str, states: &[&str]) -> Value {
        let begun = Instant::now();
        loop {
            let found = root.ask("GET", path).json();
            if states.contains(&found["state"].as_str().unwrap_or_default()) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{found}");
            self.send(&OTHER);
            self.peer.turn(Duration::from_millis(20));
        }
    }
}

pub fn until(root: &Asker, path: &str, states: &[&str]) -> Value {
    let begun = Instant::now();
    loop {
        let found = root.ask("GET", path).json();
        if states.contains(&found["state"].as_str().unwrap_or_default()) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{found}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asks for a recording; its path.
pub fn start(root: &Asker, asked: Value) -> String {
    let body = asked.to_string();
    let made = root.send("POST", "/api/v1/rooms/stage/recordings", JSON, body.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    format!("/api/v1/rooms/stage/recordings/{}", made["id"].as_str().expect("an id"))
}

pub fn file_of(root: &Asker, recording: &Value) -> Vec<u8> {
    let path = recording["file"].as_str().unwrap_or_else(|| panic!("{recording}"));
    let answer = root.ask("GET", path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.body
}
