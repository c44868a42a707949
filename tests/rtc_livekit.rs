//! Sessions of LiveKit's protocol with their connections: a client that comes back goes on
//! where it was; one connection carries both ways; what is not done is refused by its name.

use std::time::{Duration, Instant};

use prost::Message;
use serde_json::{Value, json};
use str0m::Event;
use str0m::channel::ChannelId;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};

use crate::support::livekit::{
    CAMERA, MICROPHONE, Session, Site, next, packed, room_token, send, status, try_socket,
};
use crate::support::request::Asker;
use crate::support::rtc::Peer;
use crate::support::signals::{
    AddTrack, Asked, Description, Empty, JoinRequest, Published, Settings, Signal, Simulate,
    Subscription, SyncState, Track, UpdateAudio, UpdateVideo,
};
use crate::support::websocket::{TEXT, WebSocket};

/// A keyframe of VP8 as far as its descriptor and header tell.
const KEYFRAME: [u8; 12] = [0x10, 0x00, 0x01, 0x02, 0x9d, 0x01, 0x2a, 0x08, 0x00, 0x08, 0x00, 0];

const SUBSCRIBER: i32 = 1;

/// What a client is to do, and why.
const RECONNECT: i32 = 2;
const JOIN_FAILURE: i32 = 7;

/// Of a `DataPacket`.
#[derive(Clone, PartialEq, Message)]
struct Packet {
    #[prost(message, optional, tag = "2")]
    user: Option<User>,
    #[prost(string, tag = "4")]
    from: String,
    #[prost(uint32, tag = "16")]
    sequence: u32,
}

#[derive(Clone, PartialEq, Message)]
struct User {
    #[prost(bytes, tag = "2")]
    payload: Vec<u8>,
}

fn site(settings: &[(&str, &str)]) -> Site {
    let site = Site::start(settings);
    site.ada.sql("insert into rtc.rooms (name) values ('a')");
    site
}

fn token(site: &Site, identity: &str) -> String {
    room_token(&site.ada, "a", json!({"identity": identity}))
}

/// A candidate of the server's, if it is for this machine.
fn add_candidate(peer: &mut Peer, signal: &Signal, target: i32) -> bool {
    let Some(trickle) = signal.trickle.as_ref().filter(|it| it.target == target) else {
        return false;
    };
    let candidate: Value = serde_json::from_str(&trickle.candidate).expect("JSON");
    peer.add_candidate(&candidate);
    trickle.candidate.contains("127.0.0.1")
}

/// Answers the server's offer, and takes a candidate of it.
fn take_offer(session: &mut Session, peer: &mut Peer) -> Description {
    let mut offer = None;
    let mut is_reachable = false;
    while offer.is_none() || !is_reachable {
        let signal = next(&mut session.socket).expect("the session goes on");
        is_reachable |= add_candidate(peer, &signal, SUBSCRIBER);
        if let Some(found) = signal.offer {
            let (kind, sdp) = ("answer".to_owned(), peer.answer(&found.sdp));
            let answer = Description { kind, sdp, id: found.id, ..Description::default() };
            session.ask(Asked { answer: Some(answer), ..Asked::default() });
            is_reachable |= found.sdp.contains(" 127.0.0.1 ");
            offer = Some(found);
        }
    }
    offer.expect("an offer")
}

fn ufrag(sdp: &str) -> &str {
    let mut lines = sdp.lines().filter_map(|line| line.strip_prefix("a=ice-ufrag:"));
    lines.next().expect("credentials")
}

/// The channel that the server has opened.
fn server_channel(peer: &mut Peer, wanted: &str) -> ChannelId {
    peer.wait(|event| match event {
        Event::ChannelOpen(id, label) if label == wanted => Some(id),
        _ => None,
    })
}

/// Comes back: the socket, and what is said first on it.
fn come_back(site: &Site, token: &str, sid: &str) -> (WebSocket, Signal) {
    let path = format!("/rtc?access_token={token}&reconnect=1&sid={sid}");
    let mut socket = try_socket(site.port, &path).expect("a socket");
    let first = next(&mut socket).expect("a message");
    (socket, first)
}

fn cut(session: Session) -> crate::support::signals::Join {
    let Session { socket, join } = session;
    drop(socket);
    join
}

fn say(site: &Site, text: &str) {
    let message = json!({"text": text, "to": ["x"]});
    let said = send(&site.ada, "POST", "/api/v1/rooms/a/messages", message);
    assert_eq!(said.json()["told"], json!(1), "{}", said.text());
}

fn hears(peer: &mut Peer, channel: ChannelId) -> String {
    let packet = Packet::decode(&*peer.hear(channel)).expect("a packet");
    String::from_utf8(packet.user.expect("a payload").payload).expect("UTF-8")
}

#[test]
fn a_session_goes_on_when_its_client_comes_back() {
    let site = site(&[]);
    let of_x = token(&site, "x");
    let mut x = Session::open(site.port, &of_x);
    let mut y = Session::open(site.port, &token(&site, "y"));
    let mut peer = Peer::new();
    let first = take_offer(&mut x, &mut peer);
    let channel = server_channel(&mut peer, "_reliable");
    let track = x.publish(MICROPHONE).expect("a track");
    let sid = x.sid();
    y.sees("x", |person| person.state == 2 && !person.tracks.is_empty());
    let join = cut(x);
    // What happens meanwhile waits for it, and what is said comes over its channel.
    say(&site, "while away");
    assert_eq!(hears(&mut peer, channel), "while away");
    assert_eq!(status(&site.ada, "PATCH", "/api/v1/rooms/a", json!({"metadata": "m"})), 200);
    let path = format!("/api/v1/rooms/a/participants/x/tracks/{track}");
    assert_eq!(status(&site.ada, "PATCH", &path, json!({"is_muted": true})), 200);
    // Others do not go on with it.
    for (token, sid) in [(token(&site, "z"), &*sid), (of_x.clone(), "PA_nobody")] {
        let leave = come_back(&site, &token, sid).1.leave.expect("it has to go");
        assert_eq!(leave.action, RECONNECT);
    }
    let request = JoinRequest { reconnect: true, sid: sid.clone(), ..JoinRequest::default() };
    let path = format!("/rtc/v1?access_token={of_x}&join_request={}", packed(&request));
    let mut other = try_socket(site.port, &path).expect("a socket");
    let leave = next(&mut other).expect("a message").leave.expect("it has two connections");
    assert_eq!(leave.action, RECONNECT);
    // It is itself, with its tracks; the way to it is found anew.
    let (socket, first_said) = come_back(&site, &of_x, &sid);
    assert!(first_said.reconnect.is_some(), "{first_said:?}");
    let mut x = Session { socket, join };
    assert!(x.until(|signal| signal.mute).muted);
    let again = take_offer(&mut x, &mut peer);
    assert_ne!(ufrag(&first.sdp), ufrag(&again.sdp));
    let subscription = Subscription { tracks: vec!["TR_none".to_owned()], subscribe: false };
    let known = Published { cid: "c".to_owned(), track: Some(track_of("TR_gone")) };
    let sync = SyncState { subscription: Some(subscription), published: vec![known] };
    x.ask(Asked { sync_state: Some(sync), ..Asked::default() });
    assert_eq!(x.until(|signal| signal.unpublished).sid, "TR_gone");
    say(&site, "back again");
    assert_eq!(hears(&mut peer, channel), "back again");
    let shown = site.ada.ask("GET", "/api/v1/rooms/a/participants/x").json();
    assert_eq!((&shown["sid"], &shown["tracks"][0]["sid"]), (&json!(sid), &json!(track)));
    let left = "select count(*) from rtc.events where happened = 'left'";
    assert_eq!(site.root.sql(left), json!([[0]]));
    // The next time its socket breaks at once, and it comes back all the same.
    let simulate = Simulate { cut_on_resume: Some(true), ..Simulate::default() };
    x.ask(Asked { simulate: Some(simulate), ..Asked::default() });
    x.until(|signal| signal.pong);
    let join = cut(x);
    let path = format!("/rtc?access_token={of_x}&reconnect=1&sid={sid}");
    let mut socket = try_socket(site.port, &path).expect("a socket");
    assert_eq!(next(&mut socket), None);
    let (socket, first_said) = come_back(&site, &of_x, &sid);
    assert!(first_said.reconnect.is_some(), "{first_said:?}");
    let mut x = Session { socket, join };
    take_offer(&mut x, &mut peer);
    // Who is removed while its socket is gone has nothing to go on with.
    let _join = cut(x);
    assert_eq!(status(&site.ada, "DELETE", "/api/v1/rooms/a/participants/x", json!({})), 204);
    y.sees("x", |person| person.state == 3);
    assert_eq!(Session::try_open(site.port, &of_x).err().map(|it| it.0), Some(401));
}

fn track_of(sid: &str) -> Track {
    Track { sid: sid.to_owned(), ..Track::default() }
}

#[test]
fn who_does_not_come_back_has_left() {
    let site = site(&[("ZSERVER_RTC_RESUME_TIMEOUT", "300ms")]);
    let mut y = Session::open(site.port, &token(&site, "y"));
    let mut x = Session::open(site.port, &token(&site, "x"));
    let mut peer = Peer::new();
    take_offer(&mut x, &mut peer);
    peer.wait(|event| matches!(event, Event::Connected).then_some(()));
    y.sees("x", |person| person.state == 2);
    let sid = x.sid();
    cut(x);
    y.sees("x", |person| person.state == 3);
    let leave = come_back(&site, &token(&site, "x"), &sid).1.leave.expect("it has to go");
    assert_eq!(leave.action, RECONNECT);
    // One that was never connected has nothing to come back to.
    let x = Session::open(site.port, &token(&site, "x"));
    y.sees("x", |person| person.state == 0);
    cut(x);
    y.sees("x", |person| person.state == 3);
}

/// A participant over one connection.
struct Single {
    session: Session,
    peer: Peer,
    reliable: ChannelId,
    /// Where it takes something.
    takes: Vec<Mid>,
    offers: u32,
}

impl Single {
    fn join(site: &Site, identity: &str) -> Single {
        let mut peer = Peer::new();
        let channels = [("_reliable", ""), ("_lossy", "")];
        let media = [MediaKind::Audio, MediaKind::Video].map(|kind| (kind, Direction::RecvOnly));
        let (sdp, pending, channels, takes) = peer.offer(&channels, &media);
        let offer = Description { kind: "offer".to_owned(), sdp, id: 1, ..Default::default() };
        let settings = Some(Settings { auto_subscribe: true });
        let request = JoinRequest { settings, offer: Some(offer), ..JoinRequest::default() };
        let session = Session::open_single(site.port, &token(site, identity), &request);
        assert!(!session.join.subscriber_primary);
        let mut single = Single { session, peer, reliable: channels[0], takes, offers: 1 };
        let answer = single.answer();
        single.peer.accept(pending, &answer.sdp);
        // Nothing is sent in what is free.
        assert!(!answer.sdp.contains("a=sendonly") && answer.mid_to_track_id.is_empty());
        single.peer.wait_open(channels[0]);
        single
    }

    /// The answer to its last offer; candidates are taken on the way.
    fn answer(&mut self) -> Description {
        let mut is_reachable = self.offers > 1;
        let mut answer = None;
        while answer.is_none() || !is_reachable {
            let signal = next(&mut self.session.socket).expect("the session goes on");
            is_reachable |= add_candidate(&mut self.peer, &signal, 0);
            if let Some(found) = signal.answer.filter(|it| it.id == self.offers) {
                is_reachable |= found.sdp.contains(" 127.0.0.1 ");
                answer = Some(found);
            }
        }
        answer.expect("an answer")
    }

    /// Offers more media: the answer, and where it is.
    fn offer(&mut self, media: &[(MediaKind, Direction)]) -> (Description, Vec<Mid>) {
        let mut change = self.peer.rtc.sdp_api();
        // What rests, as nothing was sent there, is offered again all the same.
        self.takes.iter().for_each(|mid| change.set_direction(*mid, Direction::RecvOnly));
        let mids: Vec<_> = media
            .iter()
            .map(|(kind, direction)| change.add_media(*kind, *direction, None, None, None))
            .collect();
        let (offer, pending) = change.apply().expect("an offer");
        let takes = media.iter().zip(&mids).filter(|((_, it), _)| *it == Direction::RecvOnly);
        self.takes.extend(takes.map(|(_, mid)| *mid));
        self.offers += 1;
        let (kind, sdp) = ("offer".to_owned(), offer.to_sdp_string());
        let offer = Description { kind, sdp, id: self.offers, ..Description::default() };
        self.session.ask(Asked { offer: Some(offer), ..Asked::default() });
        let answer = self.answer();
        self.peer.accept(pending, &answer.sdp);
        (answer, mids)
    }

    fn publish_video(&mut self, source: i32) -> (String, Mid) {
        let add_track = Some(AddTrack { cid: format!("c{source}"), kind: 1, source });
        self.session.ask(Asked { add_track, ..Asked::default() });
        let sid = self.session.until(|signal| signal.published?.track).sid;
        let (_, mids) = self.offer(&[(MediaKind::Video, Direction::SendOnly)]);
        (sid, mids[0])
    }

    fn film(&mut self, mid: Mid, frames: u32) {
        let payload_type = self.peer.payload_type(Codec::Vp8);
        for frame in 1..=frames {
            self.peer.send_packet((mid, None), payload_type, 3_000 * frame, &KEYFRAME);
            self.peer.turn(Duration::from_millis(3));
        }
    }

    fn say(&mut self, sequence: u32, text: &str) {
        let user = Some(User { payload: text.as_bytes().to_vec() });
        let packet = Packet { user, sequence, ..Packet::default() }.encode_to_vec();
        let mut channel = self.peer.rtc.channel(self.reliable).expect("an open channel");
        assert!(channel.write(true, &packet).expect("it is sent"));
        self.peer.turn(Duration::from_millis(5));
    }
}

#[test]
fn one_connection_carries_both_ways() {
    let site = site(&[]);
    let (mut x, mut y) = (Single::join(&site, "x"), Single::join(&site, "y"));
    // Packets come on the channels that the client has opened; what is sent again is heard once.
    for (sequence, text) in [(1, "one"), (1, "one"), (2, "two"), (1, "one"), (0, "uncounted")] {
        x.say(sequence, text);
    }
    for expected in ["one", "two", "uncounted"] {
        assert_eq!(hears(&mut y.peer, y.reliable), expected);
    }
    // The section that is free is taken.
    let (camera, mid) = x.publish_video(CAMERA);
    x.film(mid, 30);
    let lacking = y.session.until(|signal| signal.sections);
    assert_eq!((lacking.audios, lacking.videos), (0, 0));
    let (answer, _) = y.offer(&[(MediaKind::Audio, Direction::RecvOnly)]);
    let tracks: Vec<_> = answer.mid_to_track_id.values().cloned().collect();
    assert_eq!(tracks, std::slice::from_ref(&camera));
    sees(&mut x, mid, &mut y);
    assert_eq!(x.session.until(|signal| signal.subscribed).sid, tracks[0]);
    // There is none for a second one.
    const SCREEN: i32 = 3;
    let (screen, second) = x.publish_video(SCREEN);
    x.film(second, 30);
    let lacking = y.session.until(|signal| signal.sections);
    assert_eq!((lacking.audios, lacking.videos), (0, 1));
    let (answer, _) = y.offer(&[(MediaKind::Video, Direction::RecvOnly)]);
    let mut tracks: Vec<_> = answer.mid_to_track_id.values().cloned().collect();
    tracks.sort();
    let mut both = vec![camera, screen];
    both.sort();
    assert_eq!(tracks, both);
    // Who publishes is sent something, too: not where it sends itself.
    let (other, third) = y.publish_video(CAMERA);
    y.film(third, 30);
    let lacking = x.session.until(|signal| signal.sections);
    assert_eq!((lacking.audios, lacking.videos), (0, 0));
    let (answer, _) = x.offer(&[(MediaKind::Audio, Direction::RecvOnly)]);
    let own = [mid.to_string(), second.to_string()];
    let tracks: Vec<_> = answer.mid_to_track_id.iter().collect();
    assert_eq!((tracks.len(), tracks[0].1), (1, &other));
    assert!(!own.contains(tracks[0].0), "{tracks:?}");
    sees(&mut y, third, &mut x);
    // It goes on when its socket is cut, from the last packet that was heard.
    let sid = x.session.sid();
    let request = JoinRequest { reconnect: true, sid, ..JoinRequest::default() };
    let path =
        format!("/rtc/v1?access_token={}&join_request={}", token(&site, "x"), packed(&request));
    let Single { session, peer, reliable, takes, offers } = x;
    let join = cut(session);
    let socket = try_socket(site.port, &path).expect("a socket");
    let mut x = Single { session: Session { socket, join }, peer, reliable, takes, offers };
    let response = x.session.until(|signal| signal.reconnect);
    assert_eq!(response.last_message, 2);
    x.say(2, "two");
    x.say(3, "three");
    assert_eq!(hears(&mut y.peer, y.reliable), "three");
    sees(&mut y, third, &mut x);
}

/// One films until the other has some of it.
fn sees(from: &mut Single, mid: Mid, to: &mut Single) {
    let mut came = 0;
    for _ in 0..200 {
        from.film(mid, 5);
        to.peer.turn(Duration::from_millis(2));
        let is_frame =
            |event: &Event| matches!(event, Event::RtpPacket(it) if it.payload[..] == KEYFRAME);
        came += to.peer.events().iter().filter(|event| is_frame(event)).count();
        if came >= 20 {
            return;
        }
    }
    panic!("only {came} frames come");
}

#[test]
fn what_clients_ask_for_is_done_or_refused_by_its_name() {
    let site = site(&[]);
    let mut x = Session::open(site.port, &token(&site, "x"));
    let mut y = Session::open(site.port, &token(&site, "y"));
    let microphone = x.publish(MICROPHONE).expect("a track");
    let camera = x.publish(CAMERA).expect("a track");
    let features = vec![1, 4];
    let audio = Some(UpdateAudio { sid: microphone, features: features.clone() });
    x.ask(Asked { audio, ..Asked::default() });
    let track =
        |person: &crate::support::signals::Person, at: usize| person.tracks.get(at).cloned();
    y.sees("x", |person| track(person, 0).is_some_and(|track| track.features == features));
    x.ask(Asked { video: Some(UpdateVideo { sid: camera, width: 320 }), ..Asked::default() });
    y.sees("x", |person| track(person, 1).is_some_and(|track| track.width == 320));
    let simulate = |simulate: Simulate| Asked { simulate: Some(simulate), ..Asked::default() };
    let switch = simulate(Simulate { switch_protocol: Some(1), ..Simulate::default() });
    let unknown = UpdateVideo { sid: "TR_none".to_owned(), width: 1 };
    for (asked, reason, named) in [
        (Asked { data_track: Some(Empty {}), ..Asked::default() }, 5, "tracks of data"),
        (switch, 5, "ICE over TCP"),
        (Asked { video: Some(unknown), ..Asked::default() }, 1, "TR_none"),
    ] {
        x.ask(asked);
        let refused = x.until(|signal| signal.refused);
        assert_eq!(refused.reason, reason, "{refused:?}");
        assert!(refused.message.contains(named), "{refused:?}");
    }
    x.ask(simulate(Simulate { speaker: Some(1), ..Simulate::default() }));
    y.until(|signal| signal.speakers);
    x.ask(simulate(Simulate { full_reconnect: Some(true), ..Simulate::default() }));
    assert_eq!(x.until(|signal| signal.leave).action, RECONNECT);
    x.ask(simulate(Simulate { node_failure: Some(true), ..Simulate::default() }));
    y.sees("x", |person| person.state == 3);
}

#[test]
fn what_no_client_should_say_ends_its_session_alone() {
    let site = site(&[]);
    let mut y = Session::open(site.port, &token(&site, "y"));
    let description = |kind: &str, sdp: &str| Description {
        kind: kind.to_owned(),
        sdp: sdp.to_owned(),
        ..Description::default()
    };
    let section = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 VP8/90000\r\n";
    let many = format!("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{}", section.repeat(600));
    let long = "a".repeat(300 << 10);
    for sdp in ["", "v=0", "\u{0}\u{1}", &many, &long] {
        let mut x = Session::open(site.port, &token(&site, "x"));
        x.ask(Asked { offer: Some(description("offer", sdp)), ..Asked::default() });
        assert_eq!(x.leave_reason(), JOIN_FAILURE);
        let mut x = Session::open(site.port, &token(&site, "x"));
        x.ask(Asked { answer: Some(description("answer", sdp)), ..Asked::default() });
        assert_eq!(x.leave_reason(), JOIN_FAILURE);
        // The other goes on, and says so in time.
        assert!(y.until(|signal| signal.pong) > 0);
    }
    let mut x = Session::open(site.port, &token(&site, "x"));
    x.socket.send_frame(TEXT, b"{}");
    assert_eq!(x.leave_reason(), JOIN_FAILURE);
    // What is larger than a message may be ends the socket.
    let mut x = Session::open(site.port, &token(&site, "x"));
    let huge = "a".repeat(600 << 10);
    x.ask(Asked { offer: Some(description("offer", &huge)), ..Asked::default() });
    while next(&mut x.socket).is_some() {}
    // Candidates that are none, and more than wait for a description, are passed over.
    let mut x = Session::open(site.port, &token(&site, "x"));
    for text in ["", "?", "{}", r#"{"candidate": "x"}"#, r#"{"candidate": 5}"#] {
        for target in [0, SUBSCRIBER, 7] {
            let trickle = crate::support::signals::Trickle { candidate: text.to_owned(), target };
            for _ in 0..100 {
                x.ask(Asked { trickle: Some(trickle.clone()), ..Asked::default() });
            }
        }
    }
    assert!(x.until(|signal| signal.pong) > 0);
    assert!(y.until(|signal| signal.pong) > 0);
}

#[test]
fn requests_to_join_over_one_connection_are_checked() {
    let site = site(&[]);
    let of_x = token(&site, "x");
    let nobody = Asker::nobody(site.port);
    let ask = |path: &str, token: &str, join: &str| {
        nobody.ask("GET", &format!("{path}?access_token={token}&join_request={join}"))
    };
    let good = packed(&JoinRequest::default());
    assert_eq!(ask("/rtc/v1/validate", &of_x, &good).text(), "success");
    assert_eq!(ask("/rtc/v1/validate", "x.y.z", &good).status, 401);
    for (expected, token, join) in [(400, &*of_x, "%3F"), (400, &*of_x, "AAAA"), (401, "x", &*good)]
    {
        let path = format!("/rtc/v1?access_token={token}&join_request={join}");
        let answer = try_socket(site.port, &path).err().expect("it is refused");
        assert_eq!(answer.0, expected, "{answer:?}");
    }
    let path = format!("/rtc?access_token={of_x}&publish=second");
    assert_eq!(try_socket(site.port, &path).err().map(|it| it.0), Some(501));
}

#[test]
fn a_token_that_ends_is_told_anew_and_lets_its_client_come_back() {
    const LIFETIME: Duration = Duration::from_secs(20);
    let settings = [("ZSERVER_AUTH_CLOCK_SKEW", "0"), ("ZSERVER_RTC_RESUME_TIMEOUT", "2min")];
    let site = site(&settings);
    let once = json!({"identity": "y", "lifetime_ms": 60_000, "once": true});
    let mut y = Session::open(site.port, &room_token(&site.ada, "a", once));
    let short = json!({"identity": "x", "lifetime_ms": LIFETIME.as_millis() as u64});
    let first = room_token(&site.ada, "a", short);
    let issued = Instant::now();
    let mut x = Session::open(site.port, &first);
    let mut peer = Peer::new();
    take_offer(&mut x, &mut peer);
    server_channel(&mut peer, "_reliable");
    let sid = x.sid();
    cut(x);
    // What it was told before it may not have heard.
    let (mut socket, back) = come_back(&site, &first, &sid);
    assert!(back.reconnect.is_some(), "{back:?}");
    let renewed = loop {
        let told = next(&mut socket).expect("the session goes on");
        if let Some(token) = told.token {
            break token;
        }
    };
    drop(socket);
    // What is for once stays so.
    y.until(|signal| {
        assert_eq!(signal.token, None);
        signal.pong
    });
    std::thread::sleep((LIFETIME + Duration::from_secs(2)).saturating_sub(issued.elapsed()));
    assert_eq!(Session::try_open(site.port, &first).err().map(|(status, _)| status), Some(401));
    assert!(come_back(&site, &renewed, &sid).1.reconnect.is_some());
    // Who is removed is so with every token of before.
    let path = "/api/v1/rooms/a/participants/x";
    assert_eq!(status(&site.ada, "DELETE", path, json!({})), 204);
    assert_eq!(Session::try_open(site.port, &renewed).err().map(|(status, _)| status), Some(401));
}
