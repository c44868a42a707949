//! Rooms: who may be in them by tokens and by rights, what moderators do, what a restart
//! leaves.
//!
//! Participants are sessions of LiveKit's protocol without their connections: whoever has
//! signalled is in the room. What goes over the connections is tried by the clients under
//! `compat/clients`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::livekit::{
    CAMERA, Key, MICROPHONE, PATIENCE, Session, Site, merge, next, now, room_token, send, signed,
    soon, status,
};
use crate::support::request::Asker;
use crate::support::signals::{Asked, Leave, Mute};
use crate::support::websocket::{BINARY, WebSocket};

#[test]
fn rooms_are_made_seen_changed_and_removed_by_who_may() {
    let site = Site::start(&[]);
    let made = send(&site.ada, "POST", "/api/v1/rooms", json!({"name": "a", "metadata": "m"}));
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!((&made.json()["role"], &made.json()["live"]), (&json!("ada"), &Value::Null));
    assert_eq!(status(&site.ada, "POST", "/api/v1/rooms", json!({"name": "a"})), 409);
    let others = json!({"name": "b", "role": "bea"});
    assert_eq!(status(&site.ada, "POST", "/api/v1/rooms", others), 403);
    for (body, expected) in [
        (json!({"name": ""}), 400),
        (json!({"name": "x", "max_participants": -1}), 400),
        (json!({"name": "x", "nothing": 1}), 400),
        (json!({"name": "x".repeat(256)}), 400),
        (json!({"name": "x", "empty_timeout_ms": 2_592_000_001_u64}), 400),
    ] {
        assert_eq!(status(&site.ada, "POST", "/api/v1/rooms", body.clone()), expected, "{body}");
    }
    let names = |asker: &Asker| {
        let rooms = asker.ask("GET", "/api/v1/rooms").json()["rooms"].clone();
        rooms.as_array().expect("rooms").iter().map(|it| it["name"].clone()).collect::<Vec<_>>()
    };
    // Nobody else sees it.
    for asker in [&site.bea, &site.eve] {
        assert!(names(asker).is_empty());
        assert_eq!(status(asker, "GET", "/api/v1/rooms/a", json!({})), 404);
        assert_eq!(status(asker, "PATCH", "/api/v1/rooms/a", json!({"metadata": "x"})), 404);
        assert_eq!(status(asker, "DELETE", "/api/v1/rooms/a", json!({})), 404);
        assert_eq!(status(asker, "GET", "/api/v1/rooms/a/participants", json!({})), 404);
        assert_eq!(status(asker, "POST", "/api/v1/rooms/a/tokens", json!({})), 404);
    }
    // A grant to a role is one to its members: seen, not changed.
    site.ada.sql("select rtc.allow('a', 'team', sources => '{microphone}')");
    assert_eq!(names(&site.bea), ["a"]);
    assert!(names(&site.eve).is_empty());
    assert_eq!(status(&site.bea, "PATCH", "/api/v1/rooms/a", json!({"metadata": "x"})), 403);
    assert_eq!(status(&site.bea, "DELETE", "/api/v1/rooms/a", json!({})), 403);
    let rights = site.bea.sql("select is_admin, can_publish, sources from rtc.my_rights('a')");
    assert_eq!(rights, json!([[false, true, ["microphone"]]]));
    // Who moderates changes it, and does not remove it.
    site.ada.sql("select rtc.allow('a', 'team', is_admin => true)");
    assert_eq!(status(&site.bea, "PATCH", "/api/v1/rooms/a", json!({"metadata": "y"})), 200);
    assert_eq!(site.ada.ask("GET", "/api/v1/rooms/a").json()["metadata"], json!("y"));
    assert_eq!(status(&site.bea, "DELETE", "/api/v1/rooms/a", json!({})), 403);
    assert_eq!(site.ada.sql("select rtc.disallow('a', 'team')"), json!([[true]]));
    assert!(names(&site.bea).is_empty());
    site.ada.sql("select rtc.allow('a')");
    assert_eq!(names(&site.eve), ["a"]);
    assert_eq!(status(&site.ada, "DELETE", "/api/v1/rooms/a", json!({})), 204);
    assert!(names(&site.ada).is_empty());
}

#[test]
fn what_the_server_keeps_is_not_for_roles() {
    let site = Site::start(&[]);
    site.ada.sql("insert into rtc.rooms (name) values ('a')");
    let refused = |asker: &Asker, query: &str| {
        let body = json!({"query": query}).to_string();
        let answer = asker.send("POST", "/api/v1/sql", "", body.as_bytes());
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (403, Some("42501")),
            "{query}"
        );
    };
    for query in [
        "select * from rtc.key",
        "select * from rtc.removal",
        "select * from rtc.used_token",
        "insert into rtc.participants select",
        "delete from rtc.participants",
        "update rtc.tracks set is_muted = true",
        "delete from rtc.events",
        "select rtc.make_key()",
        "select rtc.sign('x', '\\x00', '{}')",
        "select rtc.admit('a', 'x', now(), 'x', false, now())",
        "select rtc.begin_anew()",
        "select rtc.write_down('[]', '[]')",
        "select rtc.purge(0)",
        "update rtc.rooms set role = 'eve'",
        "insert into rtc.rooms (name, role) values ('b', 'ada')",
        "insert into rtc.grants (room, role) values ('a', 'eve')",
        "select rtc.create_key('x', 'ada')",
    ] {
        refused(&site.eve, query);
    }
    assert_eq!(site.eve.sql("select count(*) from rtc.rooms"), json!([[0]]));
    assert_eq!(site.eve.sql("select count(*) from rtc.grants"), json!([[0]]));
    assert_eq!(site.root.sql("select count(*) from rtc.rooms"), json!([[1]]));
    // Keys are their role's.
    let key = Key::of(&site.ada);
    assert_eq!(site.ada.sql("select id from rtc.keys"), json!([[key.id]]));
    assert_eq!(site.eve.sql("select id from rtc.keys"), json!([]));
    assert_eq!(site.eve.sql(&format!("select rtc.revoke_key('{}')", key.id)), json!([[false]]));
    // A scope is needed for rooms, another one for keys.
    let scoped = |scope: &str| {
        let body = json!({"name": "k", "scopes": [scope]}).to_string();
        let made = site.ada.send("POST", "/api/v1/auth/keys", "", body.as_bytes()).json();
        let key = made["key"].as_str().expect("a key").to_owned();
        Asker { port: site.port, headers: format!("api-key: {key}\r\n") }
    };
    assert_eq!(scoped("rooms").ask("GET", "/api/v1/rooms").status, 200);
    assert_eq!(scoped("sql").ask("GET", "/api/v1/rooms").status, 403);
    refused(&scoped("sql"), "select rtc.create_key()");
}

#[test]
fn a_token_lets_its_bearer_in_and_nobody_else() {
    let site = Site::start(&[("ZSERVER_RTC_CREATE_ROOMS", "off")]);
    site.ada.sql("insert into rtc.rooms (name) values ('a'), ('b')");
    site.eve.sql("insert into rtc.rooms (name) values ('e')");
    let key = Key::of(&site.ada);
    let other = Key::of(&site.eve);
    let none = || json!({});
    let good = key.token("x", "a", none(), none());
    let session = Session::open(site.port, &good);
    assert_eq!(session.join.participant.as_ref().expect("oneself").identity, "x");
    assert_eq!(session.join.room.as_ref().expect("a room").name, "a");
    let (header, claims) = (json!({"alg": "HS256"}), |more: Value| {
        let mut claims = json!({"iss": key.id, "sub": "y", "exp": now() + 60,
            "video": {"room": "a", "roomJoin": true}});
        merge(&mut claims, more);
        claims
    });
    let wrong = [
        (401, "expired", key.token("y", "a", none(), json!({"exp": now() - 60}))),
        (401, "not yet", key.token("y", "a", none(), json!({"nbf": now() + 60}))),
        (
            401,
            "endless",
            key.sign(&json!({"iss": key.id, "sub": "y", "video": {"room": "a", "roomJoin": true}})),
        ),
        (401, "audience", key.token("y", "a", none(), json!({"aud": "urn:other"}))),
        (401, "secret", signed(&header, &claims(none()), "another secret")),
        (401, "another's secret", signed(&header, &claims(none()), &other.secret)),
        (401, "key", signed(&header, &claims(json!({"iss": "APInothing"})), &key.secret)),
        (401, "no issuer", signed(&header, &claims(json!({"iss": null})), &key.secret)),
        (401, "algorithm", signed(&json!({"alg": "none"}), &claims(none()), &key.secret)),
        (401, "no subject", key.token("", "a", none(), none())),
        (401, "nothing", String::new()),
        (401, "no token", "x.y.z".to_owned()),
        (403, "no join", key.token("y", "a", json!({"roomJoin": false}), none())),
        (403, "no room", key.token("y", "", none(), none())),
        (404, "no such room", key.token("y", "c", none(), none())),
        (404, "another's room", key.token("y", "e", none(), none())),
        (
            404,
            "role is not believed",
            key.token("y", "e", none(), json!({"zserver": {"role": "eve"}})),
        ),
    ];
    for (expected, what, token) in wrong {
        let answer = Session::try_open(site.port, &token).err();
        let answer = answer.unwrap_or_else(|| panic!("{what} is let in"));
        assert_eq!(answer.0, expected, "{what}: {answer:?}");
    }
    // The token opens nothing but rooms.
    let bearer = Asker { port: site.port, headers: format!("Authorization: Bearer {good}\r\n") };
    assert_eq!(status(&bearer, "POST", "/api/v1/sql", json!({"query": "select 1"})), 401);
    assert_eq!(bearer.ask("GET", "/api/v1/rooms").status, 401);
    assert_eq!(bearer.ask("GET", "/rtc/validate").status, 200);
    let quiet = key.token("y", "a", json!({"roomJoin": false}), none());
    assert_eq!(
        Asker::nobody(site.port).ask("GET", &format!("/rtc/validate?access_token={quiet}")).status,
        403
    );
    let missing = key.token("y", "c", none(), none());
    let answer =
        Asker::nobody(site.port).ask("GET", &format!("/rtc/validate?access_token={missing}"));
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("requested room does not exist"), "{}", answer.text());
    // What the room's owner has granted to others of its database counts, too.
    site.eve.sql("select rtc.allow('e', 'ada')");
    let guest = Session::open(site.port, &key.token("y", "e", json!({"roomAdmin": true}), none()));
    drop(guest);
    assert_eq!(site.ada.sql(&format!("select rtc.revoke_key('{}')", key.id)), json!([[true]]));
    assert_eq!(Session::try_open(site.port, &good).err().map(|it| it.0), Some(401));
    drop(session);
}

#[test]
fn tokens_of_the_server_are_for_whom_they_are_issued() {
    let site = Site::start(&[]);
    site.ada.sql("insert into rtc.rooms (name) values ('a')");
    site.ada.sql("select rtc.allow('a', 'team', can_publish => true, sources => '{microphone}')");
    // Who moderates gives them to anybody.
    let token = room_token(&site.ada, "a", json!({"identity": "guest", "name": "Guest"}));
    let guest = Session::open(site.port, &token);
    assert_eq!(guest.join.participant.as_ref().expect("oneself").identity, "guest");
    // Others to themselves, with what they have.
    for (body, expected) in [
        (json!({}), 201),
        (json!({"identity": "bea"}), 201),
        (json!({"identity": "bea/phone"}), 201),
        (json!({"identity": "beatrice"}), 403),
        (json!({"identity": "ada"}), 403),
        (json!({"grants": {"roomAdmin": true}}), 403),
        (json!({"grants": {"hidden": true}}), 403),
        (json!({"grants": {"roomRecord": true}}), 403),
        (json!({"grants": {"canPublish": false}}), 201),
        (json!({"grants": {"nothing": true}}), 400),
        (json!({"role": "ada"}), 403),
        (json!({"role": "team", "identity": "team"}), 201),
        (json!({"lifetime_ms": 0}), 400),
        (json!({"lifetime_ms": 2_592_000_001_u64}), 400),
    ] {
        let answer = send(&site.bea, "POST", "/api/v1/rooms/a/tokens", body.clone());
        assert_eq!(answer.status, expected, "{body}: {}", answer.text());
    }
    // A grant that a token has does not go beyond what its role may.
    let mut bea = Session::open(site.port, &room_token(&site.bea, "a", json!({})));
    assert!(bea.publish(MICROPHONE).is_ok());
    assert_eq!(bea.publish(CAMERA), Err(2));
    let quiet = json!({"identity": "bea/2", "grants": {"canPublish": false}});
    let mut quiet = Session::open(site.port, &room_token(&site.bea, "a", quiet));
    assert_eq!(quiet.publish(MICROPHONE), Err(2));
    // One for once is for once; others are for as long as they live.
    let once = room_token(&site.ada, "a", json!({"identity": "once", "once": true}));
    drop(Session::open(site.port, &once));
    assert_eq!(Session::try_open(site.port, &once).err().map(|it| it.0), Some(401));
    let often = room_token(&site.ada, "a", json!({"identity": "often"}));
    drop(Session::open(site.port, &often));
    drop(Session::open(site.port, &often));
    // What was granted once is not when it was taken back.
    let late = room_token(&site.bea, "a", json!({}));
    site.ada.sql("select rtc.disallow('a', 'team')");
    assert_eq!(Session::try_open(site.port, &late).err().map(|it| it.0), Some(404));
}

#[test]
fn moderators_mute_change_lock_out_and_remove() {
    let site = Site::start(&[]);
    site.ada.sql("insert into rtc.rooms (name) values ('a')");
    site.ada.sql("select rtc.allow('a', 'eve')");
    let join = |identity: &str| {
        let token = room_token(&site.ada, "a", json!({"identity": identity}));
        Session::open(site.port, &token)
    };
    let (mut x, mut y) = (join("x"), join("y"));
    assert_eq!(y.join.others.len(), 1);
    x.sees("y", |_| true);
    let track = x.publish(MICROPHONE).expect("a track");
    assert!(!y.sees("x", |person| !person.tracks.is_empty()).tracks[0].muted);
    let of = |identity: &str| format!("/api/v1/rooms/a/participants/{identity}");
    // Who only sees the room does none of it.
    let path = format!("{}/tracks/{track}", of("x"));
    for (method, path, body) in [
        ("PATCH", path.clone(), json!({"is_muted": true})),
        ("PATCH", of("x"), json!({"metadata": "m"})),
        ("DELETE", of("x"), json!({})),
        ("POST", "/api/v1/rooms/a/messages".to_owned(), json!({"text": "hello"})),
        (
            "POST",
            format!("{}/subscriptions", of("y")),
            json!({"tracks": [track], "subscribe": false}),
        ),
    ] {
        assert_eq!(status(&site.eve, method, &path, body), 403, "{method} {path}");
    }
    assert_eq!(site.eve.ask("GET", &of("x")).json()["identity"], json!("x"));
    // Muted, by its owner as well.
    assert_eq!(status(&site.ada, "PATCH", &path, json!({"is_muted": true, "volume": 101})), 400);
    assert_eq!(status(&site.ada, "PATCH", &path, json!({"is_muted": true, "volume": 50})), 200);
    assert_eq!(x.until(|signal| signal.mute), Mute { sid: track.clone(), muted: true });
    assert!(y.sees("x", |person| person.tracks[0].muted).tracks[0].muted);
    x.ask(Asked { mute: Some(Mute { sid: track.clone(), muted: false }), ..Asked::default() });
    y.sees("x", |person| !person.tracks[0].muted);
    assert_eq!(site.ada.ask("GET", &of("x")).json()["tracks"][0]["volume"], json!(50));
    // Changed.
    assert_eq!(status(&site.ada, "PATCH", &of("x"), json!({"metadata": "m"})), 200);
    assert_eq!(y.sees("x", |person| !person.metadata.is_empty()).metadata, "m");
    let only_camera = json!({"permission": {"publish": true, "sources": ["camera"]}});
    assert_eq!(status(&site.ada, "PATCH", &of("x"), only_camera), 200);
    assert_eq!(x.until(|signal| signal.unpublished).sid, track);
    assert_eq!(x.publish(MICROPHONE), Err(2));
    assert_eq!(status(&site.ada, "PATCH", "/api/v1/rooms/a", json!({"metadata": "r"})), 200);
    assert_eq!(y.until(|signal| signal.room?.room).metadata, "r");
    // Told of how many there are.
    let said = send(&site.ada, "POST", "/api/v1/rooms/a/messages", json!({"text": "hello"}));
    assert_eq!((said.status, &said.json()["told"]), (200, &json!(2)));
    let said = json!({"base64": "AAE=", "to": ["y"], "reliable": false});
    assert_eq!(send(&site.ada, "POST", "/api/v1/rooms/a/messages", said).json()["told"], json!(1));
    for wrong in [json!({}), json!({"text": "x", "base64": ""}), json!({"base64": "?"})] {
        assert_eq!(status(&site.ada, "POST", "/api/v1/rooms/a/messages", wrong), 400);
    }
    // Removed: its tokens of before are over.
    let token = room_token(&site.ada, "a", json!({"identity": "x"}));
    assert_eq!(status(&site.ada, "DELETE", &of("x"), json!({})), 204);
    assert_eq!(x.leave_reason(), 4);
    assert_eq!(y.sees("x", |person| person.state == 3).identity, "x");
    assert_eq!(Session::try_open(site.port, &token).err().map(|it| it.0), Some(401));
    assert_eq!(status(&site.ada, "DELETE", &of("x"), json!({})), 404);
    // Locked, in SQL.
    site.ada.sql("update rtc.rooms set is_locked = true");
    let token = room_token(&site.ada, "a", json!({"identity": "z"}));
    assert_eq!(Session::try_open(site.port, &token).err().map(|it| it.0), Some(403));
    let admin = json!({"identity": "z", "grants": {"roomAdmin": true}});
    drop(Session::open(site.port, &room_token(&site.ada, "a", admin)));
    // Removed, in SQL: who is there leaves.
    site.ada.sql("delete from rtc.rooms");
    assert_eq!(y.leave_reason(), 5);
}

#[test]
fn limits_hold_and_what_is_over_is_freed() {
    let site = Site::start(&[
        ("ZSERVER_RTC_MAX_ROOMS", "2"),
        ("ZSERVER_RTC_MAX_TRACKS", "1"),
        ("ZSERVER_RTC_MAX_MESSAGE", "1kB"),
        ("ZSERVER_RTC_MAX_METADATA", "100"),
    ]);
    let new = json!({"name": "a", "max_participants": 2, "max_message_bytes": 100,
        "empty_timeout_ms": 60_000, "departure_timeout_ms": 300});
    assert_eq!(status(&site.ada, "POST", "/api/v1/rooms", new), 201);
    let token =
        |room: &str, identity: &str| room_token(&site.ada, room, json!({"identity": identity}));
    let mut x = Session::open(site.port, &token("a", "x"));
    let y = Session::open(site.port, &token("a", "y"));
    assert_eq!(Session::try_open(site.port, &token("a", "z")).err().map(|it| it.0), Some(503));
    // One who comes again takes the place of who was there.
    let again = Session::open(site.port, &token("a", "y"));
    assert!(x.publish(MICROPHONE).is_ok());
    assert_eq!(x.publish(CAMERA), Err(3));
    let say = |length: usize| {
        let body = json!({"text": "x".repeat(length)});
        status(&site.ada, "POST", "/api/v1/rooms/a/messages", body)
    };
    assert_eq!((say(100), say(101)), (200, 413));
    let long = json!({"metadata": "m".repeat(101)});
    assert_eq!(status(&site.ada, "PATCH", "/api/v1/rooms/a/participants/x", long), 413);
    // Rooms that are alive are counted, not those that could be.
    site.ada.sql("insert into rtc.rooms (name, departure_timeout_ms) values ('b', 0), ('c', 0)");
    let second = Session::open(site.port, &token("b", "x"));
    assert_eq!(Session::try_open(site.port, &token("c", "x")).err().map(|it| it.0), Some(503));
    drop(second);
    soon(
        &site.root,
        "select happened from rtc.events where room = 'b' order by id desc limit 1",
        json!([["closed"]]),
    );
    let third = Session::open(site.port, &token("c", "x"));
    // A socket that breaks has left, and a room where nobody is closes.
    drop((x, y, again, third));
    soon(&site.root, "select count(*) from rtc.participants", json!([[0]]));
    soon(&site.root, "select count(*) from rtc.tracks", json!([[0]]));
    let until = Instant::now() + PATIENCE;
    while site.ada.ask("GET", "/api/v1/rooms/a").json()["live"] != Value::Null {
        assert!(Instant::now() < until, "the room stays open");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(site.ada.sql("select count(*) from rtc.rooms"), json!([[3]]));
}

#[test]
fn sql_and_the_change_feed_see_what_happens() {
    let site = Site::start(&[("ZSERVER_EVENTS_HEARTBEAT", "200ms")]);
    site.root.sql("create extension events cascade");
    site.root.sql("select events.watch('rtc.events')");
    site.ada.sql("insert into rtc.rooms (name, departure_timeout_ms) values ('a', 100)");
    let mut feed = WebSocket::open(
        site.port,
        "/api/v1/sql",
        &format!("{}Sec-WebSocket-Protocol: zserver.sql.v1\r\n", site.ada.headers),
    )
    .expect("a socket");
    let (_, done) = feed.ask(json!({"type": "subscribe", "id": "s", "table": "rtc.events"}));
    assert_eq!(done["type"], json!("done"), "{done}");
    let mut x = Session::open(site.port, &room_token(&site.ada, "a", json!({"identity": "x"})));
    x.publish(CAMERA).expect("a track");
    soon(&site.ada, "select identity, state from rtc.participants", json!([["x", "joining"]]));
    soon(
        &site.ada,
        "select kind, source, is_muted from rtc.tracks",
        json!([["video", "camera", false]]),
    );
    assert_eq!(site.eve.sql("select count(*) from rtc.participants"), json!([[0]]));
    assert_eq!(site.eve.sql("select count(*) from rtc.events"), json!([[0]]));
    x.ask(Asked { leave: Some(Leave::default()), ..Asked::default() });
    let all = "select string_agg(happened, ' ' order by id) from rtc.events";
    let expected = "opened joined published unpublished left closed";
    soon(&site.ada, all, json!([[expected]]));
    let mut told = Vec::new();
    while told.last() != Some(&"closed".to_owned()) {
        let message = feed.next();
        let row = &message["event"]["data"]["new"];
        if let Some(happened) = row["happened"].as_str() {
            told.push(happened.to_owned());
        }
    }
    assert_eq!(told.join(" "), expected);
    let detail = site.ada.sql("select detail->>'reason' from rtc.events where happened = 'left'");
    assert_eq!(detail, json!([["left"]]));
}

#[test]
fn rooms_outlive_the_server_and_who_was_in_them_does_not() {
    let site = Site::start(&[]);
    site.ada.sql("insert into rtc.rooms (name, metadata) values ('a', 'kept')");
    site.ada.sql("select rtc.allow('a', 'bea')");
    let key = Key::of(&site.ada);
    let once = room_token(&site.ada, "a", json!({"identity": "once", "once": true}));
    drop(Session::open(site.port, &once));
    let gone = Session::open(site.port, &room_token(&site.ada, "a", json!({"identity": "gone"})));
    let removed = room_token(&site.ada, "a", json!({"identity": "gone"}));
    let path = "/api/v1/rooms/a/participants/gone";
    assert_eq!(status(&site.ada, "DELETE", path, json!({})), 204);
    drop(gone);
    let _x = Session::open(site.port, &room_token(&site.ada, "a", json!({"identity": "x"})));
    let _y = Session::open(site.port, &key.token("y", "passing", json!({}), json!({})));
    soon(&site.root, "select count(*) from rtc.participants", json!([[2]]));
    assert_eq!(site.root.sql("select name from rtc.rooms order by 1"), json!([["a"], ["passing"]]));
    let site = site.killed_and_started();
    let rooms = site.bea.ask("GET", "/api/v1/rooms").json()["rooms"].clone();
    assert_eq!((&rooms[0]["name"], &rooms[0]["metadata"]), (&json!("a"), &json!("kept")));
    soon(&site.root, "select count(*) from rtc.participants", json!([[0]]));
    soon(&site.root, "select name from rtc.rooms order by 1", json!([["a"]]));
    let left =
        "select detail->>'reason' from rtc.events where identity = 'x' order by id desc limit 1";
    soon(&site.root, left, json!([["server_shutdown"]]));
    // What was used or removed before is so still.
    for token in [once, removed] {
        assert_eq!(Session::try_open(site.port, &token).err().map(|it| it.0), Some(401));
    }
    let token = key.token("z", "a", json!({}), json!({}));
    drop(Session::open(site.port, &token));
}

/// A call of RoomService in JSON.
fn twirp(port: u16, token: &str, method: &str, body: Value) -> (u16, Value) {
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    let asker = Asker { port, headers };
    let path = format!("/twirp/livekit.RoomService/{method}");
    let answer = asker.send("POST", &path, "", body.to_string().as_bytes());
    (answer.status, answer.json())
}

#[test]
fn room_service_does_what_tokens_and_roles_allow() {
    let site = Site::start(&[]);
    let key = Key::of(&site.ada);
    let token = |grant: Value| {
        let claims = json!({"iss": key.id, "exp": now() + 60, "video": grant});
        key.sign(&claims)
    };
    let create = token(json!({"roomCreate": true}));
    let list = token(json!({"roomList": true}));
    let admin = token(json!({"roomAdmin": true, "room": "a"}));
    let call = |token: &str, method: &str, body: Value| twirp(site.port, token, method, body);
    let (status, made) =
        call(&create, "CreateRoom", json!({"name": "a", "emptyTimeout": 60, "metadata": "m"}));
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        (&made["name"], &made["empty_timeout"], &made["metadata"]),
        (&json!("a"), &json!(60), &json!("m"))
    );
    assert!(made["creation_time"].is_string(), "numbers of 64 bits are texts: {made}");
    let (_, rooms) = call(&list, "ListRooms", json!({}));
    assert_eq!(rooms["rooms"][0]["name"], json!("a"));
    assert_eq!(call(&list, "ListRooms", json!({"names": ["b"]})).1, json!({"rooms": []}));
    // Another's rooms are not there.
    let other = Key::of(&site.eve);
    let others =
        |grant: Value| other.sign(&json!({"iss": other.id, "exp": now() + 60, "video": grant}));
    assert_eq!(
        call(&others(json!({"roomList": true})), "ListRooms", json!({})).1,
        json!({"rooms": []})
    );
    let theirs = others(json!({"roomAdmin": true, "room": "a"}));
    assert_eq!(call(&theirs, "ListParticipants", json!({"room": "a"})).0, 404);
    assert_eq!(
        call(&others(json!({"roomCreate": true})), "CreateRoom", json!({"name": "a"})).0,
        403
    );
    assert_eq!(
        call(&others(json!({"roomCreate": true})), "DeleteRoom", json!({"room": "a"})).0,
        404
    );
    let mut x =
        Session::open(site.port, &key.token("x", "a", json!({}), json!({"metadata": "hi"})));
    let track = x.publish(MICROPHONE).expect("a track");
    let (_, people) = call(&admin, "ListParticipants", json!({"room": "a"}));
    let person = &people["participants"][0];
    assert_eq!(
        (&person["identity"], &person["state"], &person["metadata"]),
        (&json!("x"), &json!("JOINING"), &json!("hi"))
    );
    assert_eq!(
        (&person["tracks"][0]["type"], &person["tracks"][0]["source"]),
        (&json!("AUDIO"), &json!("MICROPHONE"))
    );
    let mute = json!({"room": "a", "identity": "x", "trackSid": track, "muted": true});
    assert_eq!(call(&admin, "MutePublishedTrack", mute).1["track"]["muted"], json!(true));
    let change = json!({"room": "a", "identity": "x", "metadata": "new", "attributes": {"k": "v"},
        "permission": {"canSubscribe": true, "canPublish": true, "canPublishSources": ["CAMERA"]}});
    let (status, changed) = call(&admin, "UpdateParticipant", change);
    assert_eq!(
        (status, &changed["attributes"]["k"], &changed["tracks"]),
        (200, &json!("v"), &json!([]))
    );
    let data = json!({"room": "a", "data": "aGVsbG8=", "kind": "RELIABLE", "topic": "t"});
    assert_eq!(call(&admin, "SendData", data), (200, json!({})));
    let subscriptions =
        json!({"room": "a", "identity": "x", "track_sids": ["TR_1"], "subscribe": false});
    assert_eq!(call(&admin, "UpdateSubscriptions", subscriptions).0, 200);
    let (_, room) = call(&admin, "UpdateRoomMetadata", json!({"room": "a", "metadata": "r"}));
    assert_eq!(room["metadata"], json!("r"));
    assert_eq!(x.until(|signal| signal.room?.room.filter(|room| room.metadata == "r")).name, "a");
    for (expected, code, token, method, body) in [
        (401, "unauthenticated", "x.y.z", "ListRooms", json!({})),
        (403, "permission_denied", &*create, "ListRooms", json!({})),
        (403, "permission_denied", &*list, "CreateRoom", json!({"name": "b"})),
        (403, "permission_denied", &*admin, "ListParticipants", json!({"room": "b"})),
        (
            403,
            "permission_denied",
            &*create,
            "GetParticipant",
            json!({"room": "a", "identity": "x"}),
        ),
        (404, "not_found", &*admin, "GetParticipant", json!({"room": "a", "identity": "nobody"})),
        (404, "not_found", &*create, "DeleteRoom", json!({"room": "nothing"})),
        (404, "bad_route", &*create, "Nothing", json!({})),
        (400, "malformed", &*create, "CreateRoom", json!({"name": 5})),
        (400, "invalid_argument", &*create, "CreateRoom", json!({})),
        (501, "unimplemented", &*create, "CreateRoom", json!({"name": "b", "egress": {}})),
        (501, "unimplemented", &*create, "CreateRoom", json!({"name": "b", "agents": [{}]})),
        (501, "unimplemented", &*admin, "MoveParticipant", json!({})),
    ] {
        let (status, answer) = call(token, method, body.clone());
        assert_eq!(
            (status, &answer["code"]),
            (expected, &json!(code)),
            "{method} {body}: {answer}"
        );
        assert!(answer["msg"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
    }
    assert_eq!(call(&admin, "RemoveParticipant", json!({"room": "a", "identity": "x"})).0, 200);
    assert_eq!(x.leave_reason(), 4);
    let mut y = Session::open(site.port, &key.token("y", "a", json!({}), json!({})));
    assert_eq!(call(&create, "DeleteRoom", json!({"room": "a"})), (200, json!({})));
    assert_eq!(y.leave_reason(), 5);
    soon(&site.root, "select count(*) from rtc.rooms", json!([[0]]));
    let asker = Asker { port: site.port, headers: format!("Authorization: Bearer {list}\r\n") };
    let answer = asker.send(
        "POST",
        "/twirp/livekit.RoomService/ListRooms",
        "Content-Type: text/plain\r\n",
        b"{}",
    );
    assert_eq!(answer.status, 404);
}

#[test]
fn a_session_lives_as_long_as_its_client_says_something() {
    let site = Site::start(&[]);
    let key = Key::of(&site.ada);
    let mut x = Session::open(site.port, &key.token("x", "a", json!({}), json!({})));
    x.ask(Asked { ping: Some(7), ..Asked::default() });
    assert!(x.until(|signal| signal.pong) > 1_700_000_000_000);
    // What cannot be read ends it.
    x.socket.send_frame(BINARY, &[0xff, 0xff, 0xff]);
    assert_eq!(x.leave_reason(), 7);
    // One that asks to resume is told to join anew.
    let token = key.token("y", "a", json!({}), json!({}));
    let path = format!("/rtc?access_token={token}&reconnect=1&sid=PA_x");
    let mut socket = WebSocket::open(site.port, &path, "").expect("a socket");
    let leave = next(&mut socket).expect("a message").leave.expect("it has to go");
    assert_eq!(leave.action, 2);
    // A role that is dropped lets nobody in.
    site.root.sql("drop owned by ada cascade");
    site.root.sql("delete from rtc.rooms");
    site.root.sql("drop role ada");
    assert_eq!(Session::try_open(site.port, &token).err().map(|it| it.0), Some(401));
}
