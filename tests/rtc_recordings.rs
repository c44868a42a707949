//! Recordings: what is in their files, what a kill leaves of them, who may ask for one.
//!
//! The pictures are none: a file has the frames as they came. That files decode, PyAV shows
//! (`compat/clients/recordings`).

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use str0m::Event;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Pt};
use tempfile::TempDir;

use crate::support::request::Asker;
use crate::support::rtc::{PATIENCE, Peer};
use crate::support::zserver::Zserver;

const JSON: &str = "Content-Type: application/json\r\n";
/// Frames of VP8, of 8 by 8 pixels, as far as their descriptor and header tell.
const KEY: [u8; 12] = [0x10, 0x00, 0x01, 0x02, 0x9d, 0x01, 0x2a, 0x08, 0x00, 0x08, 0x00, 0];
const OTHER: [u8; 5] = [0x10, 0x01, 0x02, 0x03, 0x04];

fn started(settings: &[(&str, &str)]) -> (Zserver, Asker, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, http) = Zserver::start_with_http(&directory.path().join("data"), true, settings);
    let root = Asker::new(http, "postgres");
    let made = root.send("POST", "/api/v1/rooms", JSON, br#"{"name": "stage"}"#);
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(root.ask("PUT", "/api/v1/files/recordings").status < 300);
    (server, root, directory)
}

/// Sends video into the room, by WHIP.
struct Publisher {
    peer: Peer,
    mid: Mid,
    payload_type: Pt,
    time: u32,
    track: String,
}

impl Publisher {
    fn new(root: &Asker) -> Publisher {
        let mut peer = Peer::new();
        let media = [(MediaKind::Video, Direction::SendOnly)];
        let (offer, pending, _, mids) = peer.offer(&[], &media);
        let sdp = "Content-Type: application/sdp\r\n";
        let answer = root.send("POST", "/api/v1/rtc/whip/stage", sdp, offer.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        peer.accept(pending, &answer.text());
        let payload_type = peer.payload_type(Codec::Vp8);
        peer.wait(|event| matches!(event, Event::Connected).then_some(()));
        let track = String::new();
        let mut publisher = Publisher { peer, mid: mids[0], payload_type, time: 0, track };
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
    fn send(&mut self, frame: &[u8]) {
        self.time += 3_000;
        self.peer.send_packet((self.mid, None), self.payload_type, self.time, frame);
        self.peer.turn(Duration::from_millis(2));
    }

    /// Frames as time passes, a keyframe first and each second; how many.
    fn play(&mut self, length: Duration) -> usize {
        let begun = Instant::now();
        let mut count = 0;
        while begun.elapsed() < length {
            self.send(if count % 30 == 0 { &KEY } else { &OTHER });
            count += 1;
            while begun.elapsed() < Duration::from_millis(33 * count as u64) {
                self.peer.turn(Duration::from_millis(5));
            }
        }
        count
    }

    fn until(&mut self, root: &Asker, path: &str, states: &[&str]) -> Value {
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

fn until(root: &Asker, path: &str, states: &[&str]) -> Value {
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
fn start(root: &Asker, asked: Value) -> String {
    let body = asked.to_string();
    let made = root.send("POST", "/api/v1/rooms/stage/recordings", JSON, body.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    format!("/api/v1/rooms/stage/recordings/{}", made["id"].as_str().expect("an id"))
}

fn file_of(root: &Asker, recording: &Value) -> Vec<u8> {
    let path = recording["file"].as_str().unwrap_or_else(|| panic!("{recording}"));
    let answer = root.ask("GET", path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.body
}

/// Of a WebM file the blocks: milliseconds, whether it is a keyframe, its bytes.
fn blocks(file: &[u8]) -> Vec<(u64, bool, usize)> {
    let mut found = Vec::new();
    let mut begin = 0;
    walk(file, &mut |id, bytes| match id {
        0xe7 => begin = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)),
        0xa3 => {
            let late = i16::from_be_bytes([bytes[1], bytes[2]]);
            found.push((
                begin.saturating_add_signed(late.into()),
                bytes[3] & 0x80 != 0,
                bytes.len() - 4,
            ));
        }
        _ => {}
    });
    found
}

/// Elements, and those in the segment and its clusters.
fn walk(bytes: &[u8], see: &mut impl FnMut(u32, &[u8])) {
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let length = first.leading_zeros() as usize + 1;
        let id = rest[..length].iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
        let marked = rest[length];
        let digits = marked.leading_zeros() as usize + 1;
        let size = rest[length..length + digits]
            .iter()
            .fold(0_u64, |size, byte| size << 8 | u64::from(*byte));
        let size = (size ^ 1 << (7 * digits)) as usize;
        let body = &rest[length + digits..];
        let body =
            body.get(..size).unwrap_or_else(|| panic!("{id:x} has {size} bytes of {}", body.len()));
        match id {
            0x1853_8067 | 0x1f43_b675 => walk(body, see),
            id => see(id, body),
        }
        rest = &rest[length + digits + size..];
    }
}

fn check_times(blocks: &[(u64, bool, usize)]) {
    assert!(blocks[0].1, "it begins with a keyframe");
    assert!(blocks.windows(2).all(|pair| pair[0].0 < pair[1].0), "{blocks:?}");
}

#[test]
fn a_track_is_a_file_from_its_keyframe_on() {
    let (_server, root, _directory) = started(&[]);
    let mut publisher = Publisher::new(&root);
    let recording = start(&root, json!({"track": publisher.track, "name": "a/b.webm"}));
    // What is sent meanwhile has no keyframe: it is not in the file.
    publisher.until(&root, &recording, &["recording"]);
    let count = publisher.play(Duration::from_secs(2));
    let stopped = root.ask("POST", &format!("{recording}/stop"));
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let made = until(&root, &recording, &["completed", "failed"]);
    assert_eq!(made["state"], json!("completed"), "{made}");
    assert_eq!((&made["name"], &made["content_type"]), (&json!("a/b.webm"), &json!("video/webm")));
    let file = file_of(&root, &made);
    assert_eq!(made["size"], json!(file.len()));
    let blocks = blocks(&file);
    check_times(&blocks);
    assert_eq!((blocks.len(), blocks[0].2), (count, KEY.len() - 1), "without its descriptor");
    assert_eq!(made["tracks"][0]["frames"], json!(count));
    let again = root.ask("POST", &format!("{recording}/stop"));
    assert_eq!(again.refusal().1, "55000");
    assert_eq!(root.ask("DELETE", &recording).status, 204);
    assert_eq!(root.ask("GET", &recording).status, 404);
    assert_eq!(root.ask("GET", "/api/v1/files/recordings/a/b.webm").status, 200, "it stays");
}

#[test]
fn a_kill_leaves_what_was_there_up_to_the_last_second() {
    let (server, root, directory) = started(&[]);
    let mut publisher = Publisher::new(&root);
    let recordings = [start(&root, json!({"track": publisher.track})), start(&root, json!({}))];
    for recording in &recordings {
        publisher.until(&root, recording, &["recording"]);
    }
    let count = publisher.play(Duration::from_millis(4_300));
    let data = server.kill();
    let (_server, http) = Zserver::start_with_http(&data, true, &[]);
    let root = Asker::new(http, "postgres");
    for recording in &recordings {
        let made = until(&root, recording, &["completed", "failed"]);
        assert_eq!(
            (&made["state"], &made["is_recovered"]),
            (&json!("completed"), &json!(true)),
            "{made}"
        );
        let blocks = blocks(&file_of(&root, &made));
        check_times(&blocks);
        // A second, and what was on its way.
        assert!(blocks.len() + 45 >= count, "{} of {count}", blocks.len());
    }
    let left = std::fs::read_dir(data.join("files/recordings")).expect("a directory").count();
    assert_eq!(left, 0, "what is stored is not there twice");
    drop(directory);
}

#[test]
fn a_recording_ends_with_its_limits_its_track_and_its_room() {
    let (_server, root, _directory) = started(&[("ZSERVER_RTC_RECORDING_MAX_DURATION", "2s")]);
    let mut publisher = Publisher::new(&root);
    let long = start(&root, json!({}));
    publisher.until(&root, &long, &["recording"]);
    publisher.play(Duration::from_secs(3));
    let made = publisher.until(&root, &long, &["completed", "failed"]);
    assert_eq!(made["state"], json!("completed"), "it is good up to there: {made}");
    assert!(made["error"].to_string().contains("rtc_recording_max_duration"), "{made}");
    let short = start(&root, json!({"track": publisher.track}));
    publisher.until(&root, &short, &["recording"]);
    publisher.play(Duration::from_millis(500));
    drop(publisher);
    assert_eq!(root.ask("DELETE", "/api/v1/rooms/stage").status, 204);
    let rows = |id: &str| {
        root.sql(&format!("select state from rtc.recordings where id = '{id}'"))[0][0].clone()
    };
    let id = short.rsplit('/').next().expect("an id").to_owned();
    let begun = Instant::now();
    while rows(&id) == json!("recording") {
        assert!(begun.elapsed() < PATIENCE, "it goes on without a room");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(rows(&id), json!("completed"));
}

#[test]
fn who_may_record_is_said_by_the_room_and_the_bucket() {
    let (_server, root, _directory) = started(&[]);
    root.sql("create role ann login");
    root.sql("create role bob login");
    root.sql("select rtc.allow('stage', 'ann'::regrole)");
    let refusal = |asker: &Asker, body: &str| {
        asker.send("POST", "/api/v1/rooms/stage/recordings", JSON, body.as_bytes()).refusal()
    };
    let http = root.port;
    let (ann, bob) = (Asker::new(http, "ann"), Asker::new(http, "bob"));
    assert_eq!(refusal(&ann, "{}"), (403, "42501".to_owned()));
    assert_eq!(refusal(&bob, "{}").0, 404, "it is not seen");
    assert_eq!(refusal(&root, r#"{"track": "TR_none"}"#).1, "42704");
    // Nobody is there: it waits, and may be stopped.
    root.sql("select rtc.allow('stage', 'ann'::regrole, can_record => true)");
    let waiting = start(&ann, json!({}));
    assert_eq!(ann.ask("GET", &waiting).json()["state"], json!("requested"));
    assert_eq!(bob.ask("GET", &waiting).status, 404);
    assert_eq!(ann.ask("POST", &format!("{waiting}/stop")).json()["state"], json!("failed"));
    // The bucket is another's.
    let mut publisher = Publisher::new(&root);
    let refused = start(&ann, json!({}));
    let made = publisher.until(&ann, &refused, &["failed", "recording"]);
    assert_eq!(made["state"], json!("failed"), "{made}");
    let list = ann.ask("GET", "/api/v1/rooms/stage/recordings?limit=1").json();
    assert_eq!(list["recordings"].as_array().map(Vec::len), Some(1));
    assert!(list["next"].is_string(), "{list}");
}
