//! The quality of calls, over paths that lose packets: the score falls and rises, SQL, the
//! change feed, the room and `/metrics` tell.
//!
//! The packets are Opus, which is not sent again: what is lost stays so. One in five costs
//! all of the score (20 % · 8), so that it is `poor` at once; some intervals without a loss
//! bring it back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use str0m::Event;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Pt};
use tempfile::TempDir;

use crate::support::request::Asker;
use crate::support::rtc::Peer;
use crate::support::zserver::Zserver;

const SDP: &str = "Content-Type: application/sdp\r\n";
const JSON: &str = "Content-Type: application/json\r\n";
/// Scores rise by some intervals of two seconds, and receivers report every five.
const PATIENCE: Duration = Duration::from_secs(90);
/// A packet of 20 ms.
const SOUND: [u8; 4] = [0xfc, 1, 2, 3];

/// One who speaks, and one who hears it.
struct Call {
    root: Asker,
    speaker: Peer,
    listener: Peer,
    stream: (Mid, Pt),
    time: u32,
    begun: Instant,
    _server: Zserver,
    _directory: TempDir,
}

fn connected(root: &Asker, path: &str, direction: Direction) -> (Peer, Mid) {
    let mut peer = Peer::new();
    let (offer, pending, _, mids) = peer.offer(&[], &[(MediaKind::Audio, direction)]);
    let answer = root.send("POST", path, SDP, offer.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    peer.accept(pending, &answer.text());
    peer.wait(|event| matches!(event, Event::Connected).then_some(()));
    (peer, mids[0])
}

impl Call {
    fn begin() -> Call {
        let directory = TempDir::new().expect("a directory");
        let data = directory.path().join("data");
        let (server, http) = Zserver::start_with_http(&data, true, &[]);
        let root = Asker::new(http, "postgres");
        let made = root.send("POST", "/api/v1/rooms", JSON, br#"{"name": "stage"}"#);
        assert_eq!(made.status, 201, "{}", made.text());
        let (mut speaker, mid) = connected(&root, "/api/v1/rtc/whip/stage", Direction::SendOnly);
        let payload_type = speaker.payload_type(Codec::Opus);
        let begun = Instant::now();
        let mut time = 0;
        while !has(&root, "select sid from rtc.tracks") {
            assert!(begun.elapsed() < PATIENCE, "the track is not there");
            time += 960;
            speaker.send_packet((mid, None), payload_type, time, &SOUND);
            speaker.turn(Duration::from_millis(20));
        }
        let (listener, _) = connected(&root, "/api/v1/rtc/whep/stage", Direction::RecvOnly);
        Call {
            root,
            speaker,
            listener,
            stream: (mid, payload_type),
            time,
            begun: Instant::now(),
            _server: server,
            _directory: directory,
        }
    }

    /// 50 packets a second, until something is so, which is looked at a few times a second.
    fn speak_until<T>(&mut self, what: &str, mut look: impl FnMut(&Asker) -> Option<T>) -> T {
        let asked = Instant::now();
        self.begun = asked;
        let mut count = 0;
        loop {
            count += 1;
            self.time += 960;
            let (mid, payload_type) = self.stream;
            self.speaker.send_packet((mid, None), payload_type, self.time, &SOUND);
            while self.begun.elapsed() < Duration::from_millis(20 * count) {
                self.speaker.turn(Duration::from_millis(3));
                self.listener.turn(Duration::from_millis(3));
                self.listener.events();
            }
            if count % 20 == 0
                && let Some(found) = look(&self.root)
            {
                return found;
            }
            assert!(asked.elapsed() < PATIENCE, "{what}: {}", self.history());
        }
    }

    fn history(&self) -> Value {
        let query = "select track is null, rating, before, score, loss, jitter_ms, bitrate from rtc.quality order by id";
        self.root.sql(query)
    }
}

fn has(root: &Asker, query: &str) -> bool {
    !root.sql(query)[0].is_null()
}

/// The rating that a thing has changed to last, whatever it is.
fn changed_to(root: &Asker, which: &str) -> Option<String> {
    let query = format!(
        "select rating from rtc.quality where {which} and before is not null order by id desc limit 1"
    );
    root.sql(&query)[0][0].as_str().map(str::to_owned)
}

fn metric(root: &Asker, name: &str) -> Option<f64> {
    let text = root.ask("GET", "/metrics").text();
    let line = text.lines().find(|line| line.starts_with(name))?.to_owned();
    line.rsplit(' ').next()?.parse().ok()
}

/// The score of `which` falls while `lose` is set, and rises when it is not.
fn falls_and_rises(which: &str, metric_name: &str, lose: fn(&mut Call, usize)) {
    let mut call = Call::begin();
    let rated = |rating: &str| format!("{metric_name}{{rating=\"{rating}\"}}");
    call.speak_until("it is excellent at first", |root| {
        (metric(root, &rated("excellent")) == Some(1.0)).then_some(())
    });
    lose(&mut call, 5);
    call.speak_until("it falls", |root| {
        (changed_to(root, which).as_deref() == Some("poor")).then_some(())
    });
    assert_eq!(metric(&call.root, &rated("poor")), Some(1.0));
    lose(&mut call, 0);
    call.speak_until("it rises", |root| {
        (changed_to(root, which).as_deref() == Some("excellent")).then_some(())
    });
    let worst = format!(
        "select score < 40 and loss between 0.1 and 0.35 and bitrate > 0 and jitter_ms >= 0 from rtc.quality where {which} and rating = 'poor' order by score limit 1"
    );
    assert_eq!(call.root.sql(&worst)[0][0], json!(true), "{}", call.history());
    // Each change is an event, in the same order.
    let told = format!(
        "select (select jsonb_agg(jsonb_build_array(before, rating) order by id) from rtc.quality where {which} and before is not null) \
         = (select jsonb_agg(jsonb_build_array(detail->'before', detail->'rating') order by id) from rtc.events where happened = 'quality' and {which})"
    );
    assert_eq!(call.root.sql(&told)[0][0], json!(true), "{}", call.history());
    // So long as nothing is lost, it is told that nothing is.
    call.speak_until("the history goes on", |root| {
        let query = format!(
            "select id from rtc.quality where {which} and before is null and loss = 0 and rating = 'excellent' and id > (select max(id) from rtc.quality where before is not null)"
        );
        has(root, &query).then_some(())
    });
}

#[test]
fn what_is_lost_on_the_way_in_lowers_the_score_of_the_track() {
    falls_and_rises("track is not null", "zserver_rtc_tracks", |call, every| {
        call.speaker.loses = every;
    });
}

#[test]
fn what_is_lost_on_the_way_out_lowers_the_score_of_who_listens() {
    falls_and_rises("track is null", "zserver_rtc_subscribers", |call, every| {
        call.listener.misses = every;
    });
}

#[test]
fn a_track_of_which_nothing_comes_is_lost() {
    let mut call = Call::begin();
    call.speak_until("it is known", |root| {
        (metric(root, "zserver_rtc_tracks{rating=\"excellent\"}") == Some(1.0)).then_some(())
    });
    // It is there, and silent.
    let begun = Instant::now();
    while changed_to(&call.root, "track is not null").as_deref() != Some("lost") {
        assert!(begun.elapsed() < PATIENCE, "{}", call.history());
        for _ in 0..20 {
            call.speaker.turn(Duration::from_millis(10));
            call.listener.turn(Duration::from_millis(10));
        }
    }
    call.speak_until("it is back", |root| {
        let rating = changed_to(root, "track is not null");
        rating.is_some_and(|rating| rating != "lost").then_some(())
    });
}
