//! Recordings: what is in their files, what a kill leaves of them, who may ask for one.
//!
//! The pictures are none: a file has the frames as they came. That files decode, PyAV shows
//! (`compat/clients/recordings`).

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::recordings::{JSON, KEY, Publisher, file_of, start, started, until};
use crate::support::request::Asker;
use crate::support::rtc::PATIENCE;
use crate::support::zserver::Zserver;

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
    // Parts of it, as a player asks for them.
    let path = made["file"].as_str().expect("a file");
    for (asked, range) in [("100-199", 100..200), ("-7", file.len() - 7..file.len())] {
        let part = root.send("GET", path, &format!("Range: bytes={asked}\r\n"), b"");
        assert_eq!((part.status, &part.body[..]), (206, &file[range]), "{asked}");
    }
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
