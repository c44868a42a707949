//! Peers of WebRTC: signalling, data channels, streams by WHIP and WHEP, forwarding, servers
//! of ICE. The other side is another stack than the server's ([`crate::support::rtc`]).

use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use str0m::Event;
use str0m::change::SdpPendingOffer;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Pt, Rid};
use tempfile::TempDir;

use crate::support::request::{Answer, Asker};
use crate::support::rtc::{PATIENCE, Peer, answer_offers, ask, negotiate, next};
use crate::support::websocket::WebSocket;
use crate::support::zserver::Zserver;

/// A keyframe of VP8 as far as its descriptor and header tell.
const KEYFRAME: [u8; 12] = [0x10, 0x00, 0x01, 0x02, 0x9d, 0x01, 0x2a, 0x08, 0x00, 0x08, 0x00, 0];

fn started(settings: &[(&str, &str)]) -> (Zserver, u16, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, http) = Zserver::start_with_http(&directory.path().join("data"), true, settings);
    (server, http, directory)
}

fn open(http: u16) -> WebSocket {
    let headers = "Authorization: Basic cG9zdGdyZXM6\r\nSec-WebSocket-Protocol: zserver.rtc.v1\r\n";
    WebSocket::open(http, "/api/v1/rtc", headers).expect("a socket")
}

fn with_room(http: u16) -> Asker {
    let root = Asker::new(http, "postgres");
    let made = root.send("POST", "/api/v1/rooms", JSON, br#"{"name": "stage"}"#);
    assert_eq!(made.status, 201, "{}", made.text());
    root
}

const JSON: &str = "Content-Type: application/json\r\n";
const SDP: &str = "Content-Type: application/sdp\r\n";
const FRAGMENT: &str = "Content-Type: application/trickle-ice-sdpfrag\r\n";

fn sdp(root: &Asker, path: &str, offer: &str) -> Answer {
    root.send("POST", path, SDP, offer.as_bytes())
}

#[test]
fn channels_carry_sql_after_native_signalling() {
    let (_server, http, _directory) = started(&[]);
    let mut socket = open(http);
    let refused = ask_anyhow(&mut socket, json!({"type": "offer", "id": 1, "sdp": ""}));
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!(1)));
    let joined = ask(&mut socket, json!({"type": "join"}), "joined");
    assert_eq!(joined["ice_servers"], json!([]));
    let mut peer = Peer::new();
    let (offer, pending, channels, _) = peer.offer(&[("sql", "jsonrpc-sql.v1")], &[]);
    negotiate(&mut socket, &mut peer, (offer, pending));
    peer.wait_open(channels[0]);
    let query = json!({"jsonrpc": "2.0", "id": 1, "method": "query",
        "params": {"query": "select $1::int + 1 as n", "params": [41]}});
    peer.send_text(channels[0], &query.to_string());
    let answer: Value = serde_json::from_slice(&peer.hear(channels[0])).expect("JSON");
    assert_eq!(answer["result"]["rows"], json!([[42]]), "{answer}");
    // A message of the largest size, both ways.
    let long = "é".repeat(60_000);
    let query = json!({"jsonrpc": "2.0", "id": 2, "method": "query",
        "params": {"query": "select $1::text as t", "params": [long]}});
    peer.send_text(channels[0], &query.to_string());
    let answer: Value = serde_json::from_slice(&peer.hear(channels[0])).expect("JSON");
    assert_eq!(answer["result"]["rows"], json!([[long]]));
    let left = ask(&mut socket, json!({"type": "leave"}), "left");
    assert_eq!(left["reason"], "left");
}

fn ask_anyhow(socket: &mut WebSocket, message: Value) -> Value {
    socket.send(message);
    socket.next()
}

#[test]
fn a_channel_of_no_known_protocol_is_closed() {
    let (_server, http, _directory) = started(&[]);
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join"}), "joined");
    let mut peer = Peer::new();
    let (offer, pending, channels, _) =
        peer.offer(&[("sql", "jsonrpc-sql.v1"), ("chat", "irc")], &[]);
    negotiate(&mut socket, &mut peer, (offer, pending));
    let unknown = channels[1];
    peer.wait(|event| matches!(event, Event::ChannelClose(id) if id == unknown).then_some(()));
}

#[test]
fn a_peer_that_never_comes_is_let_go() {
    let (_server, http, _directory) = started(&[("ZSERVER_RTC_CONNECT_TIMEOUT", "500ms")]);
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join"}), "joined");
    let mut peer = Peer::new();
    let (offer, _, _, _) = peer.offer(&[("sql", "jsonrpc-sql.v1")], &[]);
    socket.send(json!({"type": "offer", "sdp": offer}));
    let begun = Instant::now();
    assert_eq!(next(&mut socket, "left")["reason"], "connection_timeout");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn peers_are_counted_and_given_back() {
    let (_server, http, _directory) = started(&[("ZSERVER_RTC_MAX_PEERS", "1")]);
    let mut first = open(http);
    ask(&mut first, json!({"type": "join"}), "joined");
    let mut second = open(http);
    let refused = ask_anyhow(&mut second, json!({"type": "join"}));
    assert_eq!(refused["code"], "53400", "{refused}");
    ask(&mut first, json!({"type": "leave"}), "left");
    let begun = Instant::now();
    while ask_anyhow(&mut second, json!({"type": "join"}))["type"] != "joined" {
        assert!(begun.elapsed() < PATIENCE, "the place is not given back");
    }
}

/// A peer that sends video in a room, by WHIP, in one layer or in several.
struct Publisher {
    peer: Peer,
    mid: Mid,
    rids: Vec<Option<Rid>>,
    payload_type: Pt,
    time: u32,
    place: String,
    etag: String,
}

impl Publisher {
    fn new(root: &Asker) -> Publisher {
        let mut peer = Peer::new();
        let media = [(MediaKind::Video, Direction::SendOnly)];
        let (offer, pending, _, mids) = peer.offer(&[], &media);
        Publisher::begin(root, peer, (offer, pending), mids[0], vec![None])
    }

    fn with_layers(root: &Asker) -> Publisher {
        let mut peer = Peer::new();
        let names = ["q", "h", "f"];
        let (offer, pending, mid) = peer.offer_layers(&names);
        let rids = names.iter().map(|name| Some(Rid::from(*name))).collect();
        Publisher::begin(root, peer, (offer, pending), mid, rids)
    }

    fn begin(
        root: &Asker,
        mut peer: Peer,
        (offer, pending): (String, SdpPendingOffer),
        mid: Mid,
        rids: Vec<Option<Rid>>,
    ) -> Publisher {
        let answer = sdp(root, "/api/v1/rtc/whip/stage", &offer);
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/sdp"));
        peer.accept(pending, &answer.text());
        let payload_type = peer.payload_type(Codec::Vp8);
        let place = answer.header("location").expect("a location").to_owned();
        let etag = answer.header("etag").expect("an ETag").to_owned();
        peer.wait(|event| matches!(event, Event::Connected).then_some(()));
        Publisher { peer, mid, rids, payload_type, time: 0, place, etag }
    }

    fn send(&mut self) {
        self.time += 3_000;
        for (layer, rid) in self.rids.iter().enumerate() {
            let mut payload = KEYFRAME;
            payload[11] = layer as u8;
            let stream = (self.mid, *rid);
            self.peer.send_packet(stream, self.payload_type, self.time, &payload);
        }
        self.peer.turn(Duration::from_millis(2));
    }

    /// Sends until something is so.
    fn until<T>(&mut self, mut look: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            self.send();
            if let Some(found) = look() {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not come");
        }
    }

    /// Until the room shows its track.
    fn show(&mut self, root: &Asker) -> String {
        self.until(|| {
            let shown = root.ask("GET", "/api/v1/rooms/stage/participants").json();
            let people = shown["participants"].as_array().cloned().unwrap_or_default();
            let mut tracks = people.iter().filter_map(|one| one["tracks"][0]["sid"].as_str());
            tracks.next().map(str::to_owned)
        })
    }
}

/// The packets that have come: their numbers and layers.
fn packets(peer: &mut Peer) -> Vec<(u64, u8)> {
    peer.turn(Duration::from_millis(2));
    let packets = peer.events().into_iter().filter_map(|event| match event {
        Event::RtpPacket(packet) => Some(packet),
        _ => None,
    });
    packets
        .map(|packet| {
            assert_eq!(packet.payload[..11], KEYFRAME[..11]);
            (*packet.seq_no, packet.payload[11])
        })
        .collect()
}

/// None is missing, and none is there twice.
fn assert_whole(came: &[(u64, u8)]) {
    let gaps = came.windows(2).filter(|pair| pair[1].0 != pair[0].0 + 1).count();
    assert_eq!(gaps, 0, "{came:?}");
}

#[test]
fn a_stream_goes_in_by_whip_and_out_by_whep() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let nothing = {
        let mut peer = Peer::new();
        let (offer, ..) = peer.offer(&[], &[(MediaKind::Video, Direction::RecvOnly)]);
        sdp(&root, "/api/v1/rtc/whep/stage", &offer)
    };
    assert_eq!(nothing.status, 404, "{}", nothing.text());
    let mut publisher = Publisher::new(&root);
    publisher.show(&root);
    let mut player = Peer::new();
    let media = [(MediaKind::Video, Direction::RecvOnly)];
    let (offer, pending, _, _) = player.offer(&[], &media);
    let answer = sdp(&root, "/api/v1/rtc/whep/stage", &offer);
    assert_eq!(answer.status, 201, "{}", answer.text());
    player.accept(pending, &answer.text());
    let mut came = Vec::new();
    publisher.until(|| {
        came.extend(packets(&mut player));
        (came.len() >= 50).then_some(())
    });
    assert_whole(&came);
    assert_eq!(root.ask("DELETE", &publisher.place).status, 200);
    assert_eq!(root.ask("DELETE", &publisher.place).status, 404);
    let begun = Instant::now();
    loop {
        let shown = root.ask("GET", "/api/v1/rooms/stage/participants").json();
        if shown["participants"] == json!([]) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{shown}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn whip_refuses_what_is_not_as_it_should() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let whip = "/api/v1/rtc/whip/stage";
    let mut peer = Peer::new();
    let (offer, ..) = peer.offer(&[], &[(MediaKind::Video, Direction::SendOnly)]);
    let wrong_type = root.send("POST", whip, JSON, offer.as_bytes());
    assert_eq!(wrong_type.status, 415);
    assert_eq!(sdp(&root, whip, "v=1").status, 422);
    assert_eq!(sdp(&root, "/api/v1/rtc/whip/nowhere", &offer).status, 404);
    assert_eq!(sdp(&Asker::nobody(http), whip, &offer).status, 401);
    let publisher = Publisher::new(&root);
    let (place, etag) = (publisher.place.as_str(), publisher.etag.as_str());
    let patch = |headers: &str, body: &str| root.send("PATCH", place, headers, body.as_bytes());
    let candidate = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n\
        a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host\r\n";
    assert_eq!(patch(FRAGMENT, candidate).status, 428);
    assert_eq!(patch(&format!("{FRAGMENT}If-Match: \"x\"\r\n"), candidate).status, 412);
    assert_eq!(patch(&format!("{SDP}If-Match: {etag}\r\n"), candidate).status, 415);
    let trickled = patch(&format!("{FRAGMENT}If-Match: {etag}\r\n"), candidate);
    assert_eq!(trickled.status, 204, "{}", trickled.text());
    let restart = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n";
    let restarted = patch(&format!("{FRAGMENT}If-Match: *\r\n"), restart);
    assert_eq!(restarted.status, 200, "{}", restarted.text());
    assert_ne!(restarted.header("etag"), Some(etag));
    assert!(restarted.text().contains("a=ice-ufrag:") && restarted.text().contains("a=candidate:"));
    assert_eq!(root.ask("GET", place).status, 405);
}

#[test]
fn a_room_is_sent_what_is_published_unless_it_is_muted_or_not_wanted() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let mut publisher = Publisher::new(&root);
    let track = publisher.show(&root);
    let mut socket = open(http);
    let join = json!({"type": "join", "room": "stage", "identity": "postgres/b"});
    let joined = ask(&mut socket, join, "joined");
    assert_eq!(joined["participant"]["identity"], "postgres/b");
    assert_eq!(joined["participants"][0]["tracks"][0]["sid"], json!(track));
    let mut player = Peer::new();
    answer_offers(&mut socket, &mut player);
    publisher.until(|| (!packets(&mut player).is_empty()).then_some(()));
    let wanted = |socket: &mut WebSocket, paused: bool| {
        let wish = json!({"type": "subscribe", "id": 9, "tracks": [track], "paused": paused});
        assert_eq!(ask(socket, wish, "done")["id"], 9);
    };
    wanted(&mut socket, true);
    // What was under way comes, and then nothing.
    publisher.until(|| packets(&mut player).is_empty().then_some(()));
    let mut quiet = 0;
    publisher.until(|| {
        quiet = if packets(&mut player).is_empty() { quiet + 1 } else { 0 };
        (quiet > 50).then_some(())
    });
    wanted(&mut socket, false);
    publisher.until(|| (!packets(&mut player).is_empty()).then_some(()));
    let spoken = json!({"type": "message", "id": 3, "text": "hello", "topic": "chat"});
    assert_eq!(ask(&mut socket, spoken, "done")["id"], 3);
}

#[test]
fn what_is_lost_on_the_way_in_is_asked_for_and_sent_again() {
    lose_and_send_again(Publisher::new, 7);
}

#[test]
fn so_it_is_of_a_layer() {
    // If more than a tenth were lost, the server would go on with another layer.
    lose_and_send_again(Publisher::with_layers, 20);
}

/// One of so many is lost.
fn lose_and_send_again(publish: fn(&Asker) -> Publisher, loses: usize) {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let mut publisher = publish(&root);
    publisher.show(&root);
    let mut player = Peer::new();
    let media = [(MediaKind::Video, Direction::RecvOnly)];
    let (offer, pending, _, _) = player.offer(&[], &media);
    let answer = sdp(&root, "/api/v1/rtc/whep/stage", &offer);
    assert_eq!(answer.status, 201, "{}", answer.text());
    player.accept(pending, &answer.text());
    publisher.until(|| (!packets(&mut player).is_empty()).then_some(()));
    publisher.peer.loses = loses;
    let mut came = Vec::new();
    publisher.until(|| {
        came.extend(packets(&mut player));
        (came.len() >= 200).then_some(())
    });
    publisher.peer.loses = 0;
    for _ in 0..50 {
        publisher.send();
        came.extend(packets(&mut player));
    }
    // All of them, in whatever order; the last ones may be under way.
    came.sort_unstable();
    came.dedup();
    assert_whole(&came[..200]);
}

#[test]
fn an_offer_that_crosses_another_is_answered_and_made_again() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let mut publisher = Publisher::new(&root);
    publisher.show(&root);
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join", "room": "stage", "identity": "postgres/b"}), "joined");
    // It is not answered: the peer's own comes instead.
    next(&mut socket, "offer");
    let mut player = Peer::new();
    let (offer, pending, channels, _) = player.offer(&[("sql", "jsonrpc-sql.v1")], &[]);
    negotiate(&mut socket, &mut player, (offer, pending));
    let again = next(&mut socket, "offer");
    let answer = player.answer(again["sdp"].as_str().unwrap_or_default());
    assert_eq!(
        ask(&mut socket, json!({"type": "answer", "id": 5, "sdp": answer}), "done")["id"],
        5
    );
    let late = ask_anyhow(&mut socket, json!({"type": "answer", "id": 6, "sdp": answer}));
    assert_eq!((&late["type"], &late["id"]), (&json!("error"), &json!(6)));
    player.wait_open(channels[0]);
    publisher.until(|| (!packets(&mut player).is_empty()).then_some(()));
}

#[test]
fn what_is_said_in_a_channel_of_a_room_is_heard_by_the_others() {
    let (_server, http, _directory) = started(&[]);
    with_room(http);
    let mut people = Vec::new();
    for name in ["a", "b"] {
        let mut socket = open(http);
        let identity = format!("postgres/{name}");
        ask(&mut socket, json!({"type": "join", "room": "stage", "identity": identity}), "joined");
        let mut peer = Peer::new();
        let (offer, pending, channels, _) = peer.offer(&[("reliable", "zserver.room.v1")], &[]);
        negotiate(&mut socket, &mut peer, (offer, pending));
        peer.wait_open(channels[0]);
        people.push((socket, peer, channels[0]));
    }
    let [(_, ada, to_ada), (_, bea, to_bea)] = &mut people[..] else { panic!("two people") };
    // The server has seen the other's channel once it has answered in it.
    bea.send_text(*to_bea, r#"{"text": "here"}"#);
    let heard: Value = serde_json::from_slice(&ada.hear(*to_ada)).expect("JSON");
    assert_eq!(
        (&heard["type"], &heard["from"], &heard["text"]),
        (&json!("message"), &json!("postgres/b"), &json!("here"))
    );
    ada.send_text(*to_ada, r#"{"text": "hello", "topic": "chat", "to": ["postgres/b"]}"#);
    let heard: Value = serde_json::from_slice(&bea.hear(*to_bea)).expect("JSON");
    assert_eq!((&heard["text"], &heard["topic"]), (&json!("hello"), &json!("chat")));
}

#[test]
fn a_layer_is_sent_that_is_wanted_and_changed_without_a_gap() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let mut publisher = Publisher::with_layers(&root);
    let track = publisher.show(&root);
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join", "room": "stage", "identity": "postgres/b"}), "joined");
    let mut player = Peer::new();
    answer_offers(&mut socket, &mut player);
    let mut came = Vec::new();
    for quality in [0_u8, 2, 1, 0] {
        let wish = json!({"type": "subscribe", "id": 1, "tracks": [track], "quality": quality});
        ask(&mut socket, wish, "done");
        // Some in a row are of that layer.
        publisher.until(|| {
            came.extend(packets(&mut player));
            let last = came.iter().rev().take(20);
            (came.len() >= 20 && last.clone().all(|(_, layer)| *layer == quality)).then_some(())
        });
    }
    assert_whole(&came);
}

/// To a browser an offer that does not is the end of all layers but the first.
#[test]
fn each_offer_says_that_layers_are_taken() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join", "room": "stage", "identity": "postgres/b"}), "joined");
    let mut peer = Peer::new();
    let (offer, pending, mid) = peer.offer_layers(&["q", "h", "f"]);
    negotiate(&mut socket, &mut peer, (offer, pending));
    let mid = format!("a=mid:{mid}");
    let mut others = Vec::new();
    for round in 0..3 {
        let mut other = Publisher::new(&root);
        let begun = other.time;
        // It is known once something has come.
        while other.time < begun + 30 * 3_000 {
            other.send();
        }
        others.push(other);
        let offered = next(&mut socket, "offer");
        let offer = offered["sdp"].as_str().expect("a description");
        let section = offer.split("m=").find(|section| section.lines().any(|line| line == mid));
        let section = section.expect("the section of the layers");
        let simulcast: Vec<_> =
            section.lines().filter(|line| line.starts_with("a=simulcast:")).collect();
        assert_eq!(simulcast, ["a=simulcast:recv q;h;f"], "offer {round}: {section}");
        for rid in ["a=rid:q recv", "a=rid:h recv", "a=rid:f recv"] {
            assert!(section.lines().any(|line| line == rid), "offer {round}: {section}");
        }
        let answer = peer.answer(offer);
        ask(&mut socket, json!({"type": "answer", "id": 1, "sdp": answer}), "done");
    }
}

/// A browser that has no room for a layer stops to send it, and says nothing.
#[test]
fn a_layer_of_which_nothing_comes_gives_way_to_another() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let mut publisher = Publisher::with_layers(&root);
    publisher.show(&root);
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join", "room": "stage", "identity": "postgres/b"}), "joined");
    let mut player = Peer::new();
    answer_offers(&mut socket, &mut player);
    let mut came = Vec::new();
    let all = publisher.rids.clone();
    for sent in [3, 1, 2, 3] {
        publisher.rids = all[..sent].to_vec();
        let best = sent as u8 - 1;
        publisher.until(|| {
            came.extend(packets(&mut player));
            let last = came.iter().rev().take(20);
            (came.len() >= 20 && last.clone().all(|(_, layer)| *layer == best)).then_some(())
        });
    }
    assert_whole(&came);
}

/// What the listener has not heard of a layer it asks for when another one is sent already.
#[test]
fn what_was_lost_of_a_layer_is_sent_again_after_a_change() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let mut publisher = Publisher::with_layers(&root);
    let track = publisher.show(&root);
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join", "room": "stage", "identity": "postgres/b"}), "joined");
    let mut player = Peer::new();
    answer_offers(&mut socket, &mut player);
    let mut came = Vec::new();
    publisher.until(|| {
        came.extend(packets(&mut player));
        (came.len() >= 20).then_some(())
    });
    for quality in [0_u8, 2, 1, 0] {
        // Nothing comes while the layer is changed.
        player.misses = 1;
        let wish = json!({"type": "subscribe", "id": 1, "tracks": [track], "quality": quality});
        ask(&mut socket, wish, "done");
        for _ in 0..10 {
            publisher.send();
            // One that came before may be told now.
            came.extend(packets(&mut player));
        }
        player.misses = 0;
        let heard = came.len();
        publisher.until(|| {
            came.extend(packets(&mut player));
            let of_it = came[heard..].iter().filter(|(_, layer)| *layer == quality);
            (of_it.count() >= 30).then_some(())
        });
    }
    // What was asked for last is under way.
    for _ in 0..50 {
        publisher.send();
        came.extend(packets(&mut player));
    }
    came.sort_unstable();
    let heard = came.len();
    came.dedup();
    assert_eq!(came.len(), heard, "nothing is there twice");
    assert_whole(&came[..heard - 20]);
}

/// What the publisher sends again of a layer that is not sent any more is nothing to the
/// listener, and what is sent goes on.
#[test]
fn what_comes_late_of_a_layer_is_not_taken_for_another() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let mut publisher = Publisher::with_layers(&root);
    let track = publisher.show(&root);
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join", "room": "stage", "identity": "postgres/b"}), "joined");
    let mut player = Peer::new();
    answer_offers(&mut socket, &mut player);
    publisher.until(|| (!packets(&mut player).is_empty()).then_some(()));
    let mut came = Vec::new();
    for quality in [0_u8, 2, 0, 1] {
        publisher.peer.loses = 12;
        let wish = json!({"type": "subscribe", "id": 1, "tracks": [track], "quality": quality});
        ask(&mut socket, wish, "done");
        publisher.until(|| {
            came.extend(packets(&mut player));
            let last = came.iter().rev().take(10);
            (came.len() >= 10 && last.clone().all(|(_, layer)| *layer == quality)).then_some(())
        });
        publisher.peer.loses = 0;
        for _ in 0..20 {
            publisher.send();
            came.extend(packets(&mut player));
        }
    }
    came.sort_unstable();
    // A number is that of one packet, and a layer ends where another begins.
    assert!(came.windows(2).all(|pair| pair[0].0 != pair[1].0), "{came:?}");
    let changes = came.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
    assert!(changes <= 4, "{came:?}");
}

/// A browser that stops a track offers its section anew, without it.
#[test]
fn a_track_that_a_description_sends_no_more_is_unpublished() {
    let (_server, http, _directory) = started(&[]);
    let root = with_room(http);
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join", "room": "stage"}), "joined");
    let mut peer = Peer::new();
    let media = [(MediaKind::Video, Direction::SendOnly)];
    let (offer, pending, _, mids) = peer.offer(&[], &media);
    negotiate(&mut socket, &mut peer, (offer, pending));
    let payload_type = peer.payload_type(Codec::Vp8);
    peer.wait(|event| matches!(event, Event::Connected).then_some(()));
    let published = || {
        let shown = root.ask("GET", "/api/v1/rooms/stage/participants").json();
        shown["participants"][0]["tracks"].as_array().map_or(0, Vec::len)
    };
    let mut time = 0;
    let mut until = |peer: &mut Peer, count: usize| {
        let begun = Instant::now();
        while published() != count {
            assert!(begun.elapsed() < PATIENCE, "there are not {count} tracks");
            time += 3_000;
            peer.send_packet((mids[0], None), payload_type, time, &KEYFRAME);
            peer.turn(Duration::from_millis(2));
        }
    };
    until(&mut peer, 1);
    let mut change = peer.rtc.sdp_api();
    change.set_direction(mids[0], Direction::Inactive);
    let (offer, pending) = change.apply().expect("a change");
    socket.send(json!({"type": "offer", "sdp": offer.to_sdp_string()}));
    let answer = next(&mut socket, "answer");
    peer.accept(pending, answer["sdp"].as_str().expect("an answer"));
    let begun = Instant::now();
    while published() != 0 {
        assert!(begun.elapsed() < PATIENCE, "it is still there");
        peer.turn(Duration::from_millis(10));
    }
}

/// Answers one request of STUN with the address that it came from.
fn stun_server() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = socket.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut buffer = [0; 100];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let mut answer = vec![1, 1, 0, 12];
            answer.extend(&buffer[4..length.min(20)]);
            answer.extend([0, 0x20, 0, 8, 0, 1]);
            answer.extend((from.port() ^ 0x2112).to_be_bytes());
            answer.extend([127 ^ 0x21, 0x12, 0xA4, 1 ^ 0x42]);
            let _ = socket.send_to(&answer, from);
        }
    });
    port
}

#[test]
fn servers_of_ice_are_told_with_credentials_and_checked() {
    let port = stun_server();
    // Nobody listens there.
    let closed = UdpSocket::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let servers = format!("stun:127.0.0.1:{port},turn:127.0.0.1:{}?transport=udp", closed.port());
    let (_server, http, _directory) =
        started(&[("ZSERVER_RTC_ICE_SERVERS", &servers), ("ZSERVER_RTC_TURN_SECRET", "north")]);
    let root = Asker::new(http, "postgres");
    let told = root.ask("GET", "/api/v1/rtc/ice").json();
    assert_eq!(told["ice_servers"][0], json!({"urls": [format!("stun:127.0.0.1:{port}")]}));
    let turn = &told["ice_servers"][1];
    let username = turn["username"].as_str().expect("a name");
    assert_eq!(username, format!("{}:postgres", told["expires"]));
    assert_eq!(turn["credential"].as_str().map(str::len), Some(28));
    let checked = root.send("POST", "/api/v1/rtc/ice/check", "", b"").json();
    assert_eq!(checked["is_ok"], false);
    let stun = &checked["servers"][0];
    assert_eq!((&stun["is_ok"], &stun["reason"]), (&json!(true), &Value::Null), "{checked}");
    assert!(stun["mapped"].as_str().is_some_and(|it| it.starts_with("127.0.0.1:")), "{checked}");
    let turn = &checked["servers"][1];
    assert!(turn["reason"].as_str().is_some_and(|it| it.contains("does not answer")), "{checked}");
}

/// coturn on a port of loopback, with a shared secret; stopped at the end.
struct Turn {
    child: Child,
    port: u16,
    _directory: TempDir,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Turn {
    /// None where the machine has no coturn.
    fn start(secret: &str) -> Option<Turn> {
        let directory = TempDir::new().expect("a directory");
        let free = UdpSocket::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
        let port = free.port();
        let child = Command::new("turnserver")
            .args(["-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--no-tls"])
            .args(["--no-dtls", "--no-cli", "--realm=zserver", "--use-auth-secret"])
            .arg(format!("--listening-port={port}"))
            .arg(format!("--static-auth-secret={secret}"))
            .arg(format!("--userdb={}", directory.path().join("db").display()))
            .arg(format!("--pidfile={}", directory.path().join("pid").display()))
            .arg(format!("--log-file={}", directory.path().join("log").display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match child {
            Ok(child) => Some(Turn { child, port, _directory: directory }),
            Err(_) => {
                eprintln!("skipped: no turnserver here");
                None
            }
        }
    }
}

#[test]
fn turn_relays_for_who_has_the_secret() {
    let Some(turn) = Turn::start("north") else { return };
    let servers = format!(
        "turn:127.0.0.1:{port}?transport=udp,turn:127.0.0.1:{port}?transport=tcp",
        port = turn.port
    );
    let check = |secret: &str| {
        let settings =
            [("ZSERVER_RTC_ICE_SERVERS", servers.as_str()), ("ZSERVER_RTC_TURN_SECRET", secret)];
        let (_server, http, _directory) = started(&settings);
        let root = Asker::new(http, "postgres");
        root.send("POST", "/api/v1/rtc/ice/check", "", b"").json()
    };
    let begun = Instant::now();
    let mut good = check("north");
    while good["is_ok"] != true && begun.elapsed() < PATIENCE {
        // It may still be starting.
        good = check("north");
    }
    assert_eq!(good["is_ok"], true, "{good}");
    for server in good["servers"].as_array().expect("servers") {
        let relayed = server["relayed"].as_str().unwrap_or_default();
        assert!(relayed.starts_with("127.0.0.1:"), "{good}");
    }
    let bad = check("south");
    let reason = bad["servers"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("it refuses: 401"), "{bad}");
}
