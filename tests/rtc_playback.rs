//! Recordings that are played: to a peer by WHEP, into a room, from any place, to their end.
//!
//! Frames are as they were recorded, and packets as the payload format has them: a keyframe
//! and another one are told apart by their first bytes. That pictures can be decoded, PyAV
//! shows (`compat/clients/recordings`).

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use str0m::Event;
use str0m::change::SdpPendingOffer;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid};

use crate::support::recordings::{JSON, KEY, OTHER, Publisher, start, started, until};
use crate::support::request::{Answer, Asker};
use crate::support::rtc::{PATIENCE, Peer, ask};
use crate::support::websocket::WebSocket;

const SDP: &str = "Content-Type: application/sdp\r\n";
const NATIVE: &str =
    "Authorization: Basic cG9zdGdyZXM6\r\nSec-WebSocket-Protocol: zserver.rtc.v1\r\n";

/// What has come: the number, the time and whether it is a keyframe.
type Came = (u64, u32, bool);

/// Records so much, a keyframe after so many frames; the path of the recording, which is
/// completed, and how many frames it has. Nobody is in the room afterwards.
fn recorded(root: &Asker, length: Duration, key_every: usize) -> (String, usize) {
    let mut publisher = Publisher::new(root);
    let recording = start(root, json!({"track": publisher.track}));
    publisher.until(root, &recording, &["recording"]);
    let count = publisher.play_with(length, key_every);
    assert_eq!(root.ask("POST", &format!("{recording}/stop")).status, 200);
    let made = until(root, &recording, &["completed", "failed"]);
    assert_eq!(made["state"], json!("completed"), "{made}");
    assert_eq!(root.ask("DELETE", &publisher.place).status, 200);
    (recording, count)
}

fn id_of(recording: &str) -> &str {
    recording.rsplit('/').next().expect("an id")
}

fn offer(peer: &mut Peer) -> (String, SdpPendingOffer, Mid) {
    let (offer, pending, _, mids) = peer.offer(&[], &[(MediaKind::Video, Direction::RecvOnly)]);
    (offer, pending, mids[0])
}

fn try_watch(root: &Asker, path: &str) -> Answer {
    let (offer, ..) = offer(&mut Peer::new());
    root.send("POST", path, SDP, offer.as_bytes())
}

/// A peer that is sent a video, and the place of its session.
fn watch(root: &Asker, path: &str) -> (Peer, String, Mid) {
    let mut peer = Peer::new();
    let (offer, pending, mid) = offer(&mut peer);
    let answer = root.send("POST", path, SDP, offer.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    peer.accept(pending, &answer.text());
    let place = answer.header("location").expect("a location").to_owned();
    (peer, place, mid)
}

fn take(peer: &mut Peer) -> Vec<Came> {
    peer.turn(Duration::from_millis(5));
    let packets = peer.events().into_iter().filter_map(|event| match event {
        Event::RtpPacket(packet) => Some(packet),
        _ => None,
    });
    packets
        .map(|packet| {
            let is_key = packet.payload[..] == KEY;
            assert!(is_key || packet.payload[..] == OTHER, "{:?}", packet.payload);
            (*packet.seq_no, packet.header.timestamp, is_key)
        })
        .collect()
}

/// What comes until there is something that was looked for.
fn take_until(peer: &mut Peer, mut look: impl FnMut(&[Came]) -> bool) -> Vec<Came> {
    let begun = Instant::now();
    let mut came = Vec::new();
    loop {
        came.extend(take(peer));
        if look(&came) {
            return came;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not come: {came:?}");
    }
}

/// Whether a session goes on: that it is not paused changes nothing.
fn goes_on(root: &Asker, place: &str) -> bool {
    let status = direct(root, place, json!({"is_paused": false}));
    assert!(matches!(status, 204 | 404), "{status}");
    status == 204
}

fn direct(root: &Asker, place: &str, wish: Value) -> u16 {
    let path = format!("{place}/playback");
    root.send("PATCH", &path, JSON, wish.to_string().as_bytes()).status
}

fn check(came: &[Came], most: u32) {
    assert!(came[0].2, "it begins with a keyframe");
    for pair in came.windows(2) {
        assert_eq!(pair[1].0, pair[0].0 + 1, "{came:?}");
        assert!(pair[1].1.wrapping_sub(pair[0].1) <= most, "{came:?}");
    }
}

/// How many are counted.
fn metric(root: &Asker) -> f64 {
    let text = root.ask("GET", "/metrics").text();
    let line = text.lines().find(|line| line.starts_with("zserver_rtc_playbacks "));
    let number = line.and_then(|line| line.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).expect("a number")
}

fn soon(what: &str, mut look: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !look() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_recording_is_played_by_whep_to_its_end() {
    let (_server, root, _directory) = started(&[]);
    let (recording, count) = recorded(&root, Duration::from_secs(3), 30);
    let (mut peer, place, _) = watch(&root, &format!("{recording}/whep"));
    let begun = Instant::now();
    let came = take_until(&mut peer, |came| came.len() >= count);
    // As fast as it was recorded, give or take what a busy machine does.
    assert!(begun.elapsed() > Duration::from_millis(2_500), "{:?}", begun.elapsed());
    check(&came, 9_000);
    assert_eq!(came.len(), count);
    assert_eq!(came.iter().filter(|one| one.2).count(), count.div_ceil(30));
    soon("the session ends with it", || !goes_on(&root, &place));
    soon("it is counted no more", || metric(&root) == 0.0);
}

#[test]
fn it_begins_where_it_is_asked_to_and_pauses_and_goes_elsewhere() {
    let (_server, root, _directory) = started(&[]);
    let (recording, count) = recorded(&root, Duration::from_secs(6), 30);
    let (mut peer, place, _) = watch(&root, &format!("{recording}/whep?start_ms=3500"));
    // The frames since the keyframe before come at once: then there are half a second's more.
    let begun = Instant::now();
    let came = take_until(&mut peer, |came| came.len() >= 10);
    check(&came, 9_000);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(metric(&root), 1.0);
    assert_eq!(direct(&root, &place, json!({"is_paused": true})), 204);
    let silent = Duration::from_millis(700);
    let mut last = Instant::now();
    while last.elapsed() < silent {
        if !take(&mut peer).is_empty() {
            last = Instant::now();
        }
    }
    // It goes on from the beginning, whose frames are all there are.
    let again = json!({"is_paused": false, "position_ms": 0});
    assert_eq!(direct(&root, &place, again), 204);
    let came = take_until(&mut peer, |came| came.len() >= count);
    check(&came, 90_000);
    soon("the session ends with it", || !goes_on(&root, &place));
    // Beyond the end there is nothing.
    let (_peer, place, _) = {
        let (mut peer, place, mid) = watch(&root, &format!("{recording}/whep?start_ms=100000"));
        let begun = Instant::now();
        while goes_on(&root, &place) {
            take(&mut peer);
            assert!(begun.elapsed() < PATIENCE, "it does not end");
        }
        (peer, place, mid)
    };
    assert_eq!(direct(&root, &place, json!({"is_paused": true})), 404);
    let wrong = try_watch(&root, &format!("{recording}/whep?start_ms=-1"));
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    let wrong = root.send("POST", &format!("{recording}/whep"), JSON, b"{}");
    assert_eq!(wrong.status, 415, "{}", wrong.text());
}

/// Somebody who listens in the room.
struct Listener {
    socket: WebSocket,
    peer: Peer,
    /// All candidates of the server have come.
    is_told: bool,
}

impl Listener {
    fn join(root: &Asker) -> Listener {
        let mut socket = WebSocket::open(root.port, "/api/v1/rtc", NATIVE).expect("a socket");
        let join = json!({"type": "join", "room": "stage", "identity": "postgres/listener"});
        ask(&mut socket, join, "joined");
        Listener { socket, peer: Peer::new(), is_told: false }
    }

    /// Answers what is offered, whenever it comes.
    fn take(&mut self, message: &Value) {
        let candidate = &message["candidate"];
        match message["type"].as_str().unwrap_or_default() {
            "offer" => {
                let answer = self.peer.answer(message["sdp"].as_str().unwrap_or_default());
                self.socket.send(json!({"type": "answer", "sdp": answer}));
            }
            "candidate" if candidate.is_null() => self.is_told = true,
            "candidate" => self.peer.add_candidate(candidate),
            _ => {}
        }
    }

    fn connect(&mut self) {
        while !self.is_told {
            let message = self.socket.next();
            self.take(&message);
        }
    }

    /// The participant that plays, when it is as it is looked for.
    fn sees(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.socket.next();
            self.take(&message);
            let person = &message["participant"];
            let plays = person["metadata"].as_str().is_some_and(|text| text.contains("playback"));
            if message["type"] == "participant" && plays && fits(person) {
                return person.clone();
            }
        }
    }
}

fn playback(root: &Asker, path: &str) -> Value {
    root.ask("GET", path).json()
}

fn play(root: &Asker, asked: Value) -> String {
    let body = asked.to_string();
    let made = root.send("POST", "/api/v1/rooms/stage/playbacks", JSON, body.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    assert_eq!(made["state"], json!("requested"), "{made}");
    format!("/api/v1/rooms/stage/playbacks/{}", made["id"].as_str().expect("an id"))
}

#[test]
fn a_recording_is_played_into_a_room_which_is_told() {
    let (_server, root, _directory) = started(&[]);
    let (recording, count) = recorded(&root, Duration::from_secs(10), 30);
    let path = play(&root, json!({"recording": id_of(&recording)}));
    // Nobody is there: it waits.
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(playback(&root, &path)["state"], json!("requested"));
    let mut listener = Listener::join(&root);
    let person = listener.sees(|person| person["tracks"][0].is_object());
    assert_eq!(person["tracks"][0]["name"], json!("playback"), "{person}");
    assert!(person["identity"].as_str().is_some_and(|it| it.starts_with("postgres/playback-")));
    listener.connect();
    // Who takes longer than a second to connect sees it from a later keyframe on.
    let came = take_until(&mut listener.peer, |came| came.len() >= count / 2);
    check(&came, 9_000);
    listener.sees(|person| person["state"] == "disconnected");
    soon("it is completed", || playback(&root, &path)["state"] == "completed");
    let over = playback(&root, &path);
    assert!(over["position_ms"].as_u64().is_some_and(|ms| ms >= 9_500), "{over}");
    assert_eq!(over["error"], Value::Null, "{over}");
    let events = "select happened, detail->>'recording' = (select id::text from rtc.recordings), detail->>'reason' \
        from rtc.events where happened like 'playback%' order by id";
    soon("it is told", || root.sql(events).as_array().is_some_and(|rows| rows.len() == 2));
    assert_eq!(
        root.sql(events),
        json!([["playback_begun", true, null], ["playback_ended", true, "over"]])
    );
    assert_eq!(root.ask("DELETE", &path).status, 204);
    assert_eq!(root.ask("GET", &path).status, 404);
}

#[test]
fn a_playback_is_asked_for_paused_moved_and_stopped_by_sql() {
    let (_server, root, _directory) = started(&[]);
    let (recording, _) = recorded(&root, Duration::from_secs(20), 30);
    let mut listener = Listener::join(&root);
    let made = root.sql(&format!(
        "select rtc.start_playback('stage', '{}', 1500, 'postgres/cinema')",
        id_of(&recording)
    ));
    let id = made[0][0].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/rooms/stage/playbacks/{id}");
    let person = listener.sees(|person| person["tracks"][0].is_object());
    assert_eq!(person["identity"], json!("postgres/cinema"), "{person}");
    listener.connect();
    take_until(&mut listener.peer, |came| came.len() > 10);
    let now = playback(&root, &path);
    assert_eq!(now["state"], json!("playing"), "{now}");
    assert!(now["position_ms"].as_u64().is_some_and(|ms| ms >= 1_500), "{now}");
    let done = |text: &str| root.sql(&format!("select rtc.{text}"))[0][0].clone();
    assert_eq!(done(&format!("pause_playback('{id}')")), json!(true));
    // It is looked at every second.
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_millis(1_500) {
        if !take(&mut listener.peer).is_empty() {
            last = Instant::now();
        }
    }
    assert_eq!(done(&format!("seek_playback('{id}', 500)")), json!(true));
    assert_eq!(done(&format!("pause_playback('{id}', false)")), json!(true));
    let came = take_until(&mut listener.peer, |came| came.len() > 30);
    assert!(came.iter().any(|one| one.2), "there is a keyframe: {came:?}");
    assert_eq!(done(&format!("stop_playback('{id}')")), json!(true));
    listener.sees(|person| person["state"] == "disconnected");
    soon("it is completed", || playback(&root, &path)["state"] == "completed");
    assert_eq!(done(&format!("stop_playback('{id}')")), json!(false));
    let refused = root.send("PATCH", &path, JSON, br#"{"is_paused": true}"#);
    assert_eq!(refused.refusal(), (409, "55000".to_owned()));
    // One that has not begun is stopped, too.
    let path = {
        drop(listener);
        soon("the room is empty", || {
            root.ask("GET", "/api/v1/rooms/stage/participants").json()["participants"] == json!([])
        });
        assert_eq!(root.ask("DELETE", "/api/v1/rooms/stage").status, 204);
        root.send("POST", "/api/v1/rooms", JSON, br#"{"name": "stage"}"#);
        play(&root, json!({"recording": id_of(&recording)}))
    };
    let stopped = root.ask("POST", &format!("{path}/stop")).json();
    assert_eq!(stopped["state"], json!("failed"), "{stopped}");
}

/// There is one keyframe, and who comes later has missed it.
#[test]
fn who_comes_in_the_middle_sees_it_from_its_keyframe_on() {
    let (_server, root, _directory) = started(&[]);
    let (recording, _) = recorded(&root, Duration::from_secs(15), 100_000);
    let mut first = Listener::join(&root);
    play(&root, json!({"recording": id_of(&recording)}));
    first.sees(|person| person["tracks"][0].is_object());
    first.connect();
    take_until(&mut first.peer, |came| came.len() >= 45);
    let (mut late, _, mid) = watch(&root, "/api/v1/rtc/whep/stage");
    // What was sent before the peer could take it is asked for, as any decoder does.
    let begun = Instant::now();
    let mut came = Vec::new();
    while !came.iter().any(|one: &Came| one.2) {
        came.extend(take(&mut late));
        assert!(begun.elapsed() < PATIENCE, "{came:?}");
        if came.is_empty() || came.iter().any(|one| one.2) {
            continue;
        }
        if let Some(stream) = late.rtc.direct_api().stream_rx_by_mid(mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }
    came.extend(take_until(&mut late, |more| more.len() >= 50));
    let key = came.iter().position(|one| one.2).expect("a keyframe");
    let came = &came[key..];
    check(came, 30_000);
    // All since the keyframe, 45 frames or more, in the time of a moment.
    assert!(came[40].1.wrapping_sub(came[0].1) < 4_500, "{came:?}");
}

#[test]
fn who_may_play_what_is_said_by_the_recording_the_file_and_the_room() {
    let (_server, root, _directory) = started(&[("ZSERVER_RTC_MAX_PLAYBACKS", "1")]);
    let (recording, _) = recorded(&root, Duration::from_secs(4), 30);
    root.sql("create role ann login");
    let ann = Asker::new(root.port, "ann");
    let path = format!("{recording}/whep");
    let play_it = |asker: &Asker| {
        let body = json!({"recording": id_of(&recording)}).to_string();
        asker.send("POST", "/api/v1/rooms/stage/playbacks", JSON, body.as_bytes()).refusal()
    };
    assert_eq!(try_watch(&ann, &path).refusal(), (404, "42704".to_owned()));
    assert_eq!(play_it(&ann).0, 404, "the room is not seen");
    root.sql("select rtc.allow('stage', 'ann'::regrole, can_publish => false)");
    assert_eq!(play_it(&ann), (403, "42501".to_owned()));
    root.sql("select rtc.allow('stage', 'ann'::regrole)");
    assert_eq!(play_it(&ann), (404, "42704".to_owned()), "the recording is not seen");
    // Who moderates sees the recording, and not its file.
    root.sql("select rtc.allow('stage', 'ann'::regrole, is_admin => true)");
    let refused = try_watch(&ann, &path);
    assert_eq!(refused.refusal(), (404, "42704".to_owned()));
    assert!(refused.text().contains("file"), "{}", refused.text());
    let refused = |asked: &str| {
        let body = json!({"query": asked}).to_string();
        root.send("POST", "/api/v1/sql", "", body.as_bytes()).json()["code"].clone()
    };
    let id = id_of(&recording);
    assert_eq!(refused(&format!("select rtc.start_playback('stage', '{id}', -1)")), "22023");
    // Nobody is there: they would wait.
    let many = format!("rtc.start_playback('stage', '{id}') from generate_series(1, 101)");
    assert_eq!(refused(&format!("select {many}")), "53400");
    assert_eq!(
        refused("select rtc.start_recording('stage') from generate_series(1, 101)"),
        "53400"
    );
    // A place for one.
    let (_peer, place, _) = watch(&root, &path);
    let refused = try_watch(&root, &path);
    assert_eq!(refused.refusal(), (503, "53400".to_owned()));
    assert!(refused.text().contains("rtc_max_playbacks"), "{}", refused.text());
    let _listener = Listener::join(&root);
    let body = json!({"recording": id_of(&recording)});
    let failed = play(&root, body);
    soon("it has failed", || playback(&root, &failed)["state"] == "failed");
    let error = playback(&root, &failed)["error"].to_string();
    assert!(error.contains("rtc_max_playbacks"), "{error}");
    assert_eq!(root.ask("DELETE", &place).status, 200);
    soon("the place is given back", || metric(&root) == 0.0);
    // A token of the room needs the grant.
    let token = |grants: Value| {
        let asked = format!("select rtc.issue_token('stage', 'guest', grants => '{grants}')");
        let token = root.sql(&asked)[0][0].as_str().expect("a token").to_owned();
        Asker { port: root.port, headers: format!("Authorization: Bearer {token}\r\n") }
    };
    assert_eq!(try_watch(&token(json!({})), &path).status, 403);
    let answer = try_watch(&token(json!({"roomRecord": true})), &path);
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[test]
fn it_ends_when_the_recording_or_its_file_is_deleted() {
    let (_server, root, _directory) = started(&[]);
    let (recording, _) = recorded(&root, Duration::from_secs(8), 30);
    let (second, _) = recorded(&root, Duration::from_secs(8), 30);
    let (mut peer, place, _) = watch(&root, &format!("{recording}/whep"));
    let mut listener = Listener::join(&root);
    let into_room = play(&root, json!({"recording": id_of(&second)}));
    listener.sees(|person| person["tracks"][0].is_object());
    take_until(&mut peer, |came| came.len() > 10);
    assert_eq!(root.ask("DELETE", &recording).status, 204);
    let begun = Instant::now();
    while goes_on(&root, &place) {
        take(&mut peer);
        assert!(begun.elapsed() < Duration::from_secs(5), "it goes on");
    }
    let file = root.ask("GET", &second).json()["file"].as_str().expect("a file").to_owned();
    assert_eq!(root.ask("DELETE", &file).status, 204);
    soon("it ends", || playback(&root, &into_room)["state"] == "failed");
    let over = playback(&root, &into_room);
    assert_eq!(over["error"], json!("the recording was deleted"), "{over}");
    listener.sees(|person| person["state"] == "disconnected");
    let gone = try_watch(&root, &format!("{second}/whep"));
    assert_eq!(gone.refusal(), (404, "42704".to_owned()));
}
