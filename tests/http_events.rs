//! The change feed over HTTP: every change once, in the order of commits, to who may see it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::http_jobs::Site;
use crate::support::websocket::WebSocket;
use crate::support::{block_on, connect, count, try_connect};

/// Quick enough for a test.
const SETTINGS: [(&str, &str); 5] = [
    ("ZSERVER_JOBS_POLL_INTERVAL", "200ms"),
    ("ZSERVER_JOBS_HTTP_PRIVATE", "on"),
    ("ZSERVER_EVENTS_HEARTBEAT", "200ms"),
    ("ZSERVER_EVENTS_SINK_RETRY_MAX", "1s"),
    ("ZSERVER_MAX_PREPARED_TRANSACTIONS", "5"),
];
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with the feed, and tables that are watched.
async fn site(directory: &TempDir, settings: &[(&str, &str)], tables: &[&str]) -> Site {
    let site = Site::start_with(directory, settings);
    site.sql("create extension if not exists events cascade").await;
    for table in tables {
        let name = table.split(' ').next().expect("a name");
        site.sql(&format!("create table {table}; select events.watch('{name}')")).await;
    }
    site
}

/// One event of a stream.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    id: String,
    kind: String,
    data: Value,
}

impl Event {
    /// What happened: `insert`, `{…}`, `{…}`, of the old and the new row.
    fn change(&self) -> (String, Value, Value) {
        let data = &self.data["data"];
        (self.kind.clone(), data["old"].clone(), data["new"].clone())
    }
}

/// A stream of Server-Sent Events.
struct Stream {
    response: reqwest::Response,
    text: String,
    /// The last id, of events or alone.
    last: String,
    found: VecDeque<Event>,
}

impl Stream {
    async fn try_open(
        site: &Site,
        role: &str,
        path: &str,
        last: Option<&str>,
    ) -> Result<Stream, (u16, Value)> {
        let url = format!("http://127.0.0.1:{}/api/v1/events/{path}", site.http);
        let mut request = site.client.get(url).basic_auth(role, Some(""));
        request = request.header("zserver-database", "postgres");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.map_err(|_| (0, Value::Null))?;
        if response.status() != 200 {
            let status = response.status().as_u16();
            return Err((status, response.json().await.unwrap_or(Value::Null)));
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Stream { response, text: String::new(), last: String::new(), found: VecDeque::new() })
    }

    async fn open(site: &Site, path: &str, last: Option<&str>) -> Stream {
        Stream::open_as(site, "postgres", path, last).await
    }

    async fn open_as(site: &Site, role: &str, path: &str, last: Option<&str>) -> Stream {
        Stream::try_open(site, role, path, last).await.expect("a stream")
    }

    /// The next event; none when the stream has ended, or nothing comes in so long.
    async fn within(&mut self, time: Duration) -> Option<Event> {
        let until = Instant::now() + time;
        loop {
            if let Some(event) = self.found.pop_front() {
                return Some(event);
            }
            let left = until.saturating_duration_since(Instant::now());
            let chunk = tokio::time::timeout(left, self.response.chunk()).await;
            let Ok(Ok(Some(chunk))) = chunk else { return None };
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let member = |name: &str| {
                    let value = block.lines().find_map(|line| line.strip_prefix(name));
                    value.map(str::to_owned)
                };
                if let Some(id) = member("id: ") {
                    self.last = id;
                }
                if let Some(data) = member("data: ") {
                    self.found.push_back(Event {
                        id: self.last.clone(),
                        kind: member("event: ").unwrap_or_default(),
                        data: serde_json::from_str(&data).expect("JSON"),
                    });
                }
                self.text = rest.to_owned();
            }
        }
    }

    async fn next(&mut self) -> Event {
        self.within(PATIENCE).await.expect("an event")
    }

    async fn take(&mut self, count: usize) -> Vec<Event> {
        let mut taken = Vec::new();
        for _ in 0..count {
            taken.push(self.next().await);
        }
        taken
    }

    /// What comes up to now: a change of `fence` is its end.
    async fn rest(&mut self, site: &Site, fence: &str) -> Vec<Event> {
        site.sql(fence).await;
        let mut found = Vec::new();
        loop {
            let event = self.next().await;
            if event.data["data"]["new"]["id"] == -1 {
                return found;
            }
            found.push(event);
        }
    }
}

fn changes(events: &[Event]) -> Vec<(String, Value, Value)> {
    events.iter().map(Event::change).collect()
}

fn change(op: &str, old: Value, new: Value) -> (String, Value, Value) {
    (op.to_owned(), old, new)
}

/// The kinds and ids of events of a table whose rows have an `id`.
fn ids(events: &[Event]) -> Vec<i64> {
    let id = |event: &Event| event.data["data"]["new"]["id"].as_i64();
    events.iter().filter_map(id).collect()
}

#[test]
fn changes_are_told_with_old_and_new_rows_and_go_on_after_any_of_them() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let site = site(&directory, &SETTINGS, &["t (id int primary key, note text)"]).await;
        site.sql("create table quiet (id int)").await;
        let mut stream = Stream::open(&site, "t", None).await;
        site.sql("insert into t values (1, 'a'), (2, 'b')").await;
        site.sql("begin; update t set note = 'c' where id = 1; insert into quiet values (9); delete from t where id = 2; commit").await;
        site.sql("truncate t").await;
        let events = stream.take(5).await;
        let row = |id: i64, note: &str| json!({"id": id, "note": note});
        let expected = [
            change("insert", Value::Null, row(1, "a")),
            change("insert", Value::Null, row(2, "b")),
            change("update", row(1, "a"), row(1, "c")),
            change("delete", row(2, "b"), Value::Null),
            change("truncate", Value::Null, Value::Null),
        ];
        assert_eq!(changes(&events), expected);
        let first = &events[0].data;
        assert_eq!((&first["specversion"], &first["id"]), (&json!("1.0"), &json!(events[0].id)));
        assert_eq!(first["source"], "/postgres/public/t");
        assert_eq!(first["type"], "zserver.row.insert");
        assert!(first["time"].as_str().expect("a time").contains('T'), "{first}");
        // After each id come the others, in the middle of a commit, too.
        for (seen, event) in events.iter().enumerate() {
            let mut again = Stream::open(&site, "t", Some(&event.id)).await;
            assert_eq!(again.take(4 - seen).await, events[seen + 1..], "after {}", event.id);
        }
        let mut all = Stream::open(&site, "public.t?after=0-0", None).await;
        assert_eq!(all.take(5).await, events);
        // The header goes before the parameter, as it is the one that knows more.
        let mut last = Stream::open(&site, "t?after=0-0", Some(&events[3].id)).await;
        assert_eq!(last.next().await, events[4]);
    });
}

#[test]
fn the_order_is_that_of_commits_and_what_is_rolled_back_is_not_told() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let site = site(&directory, &SETTINGS, &["t (id int primary key)"]).await;
        let mut stream = Stream::open(&site, "t", None).await;
        let (early, late) = (connect(site.server.port).await, connect(site.server.port).await);
        early.batch_execute("begin; insert into t values (1)").await.expect("1");
        late.batch_execute("begin; insert into t values (2)").await.expect("2");
        early
            .batch_execute("savepoint s; insert into t values (3); rollback to s")
            .await
            .expect("3");
        late.batch_execute("commit").await.expect("commit");
        early.batch_execute("insert into t values (4); commit").await.expect("commit");
        site.sql("begin; insert into t values (5); rollback").await;
        // One whose only change is rolled back leaves nothing.
        site.sql("begin; savepoint s; insert into t values (6); rollback to s; commit").await;
        late.batch_execute("begin; insert into t values (7); prepare transaction 'p'")
            .await
            .expect("p");
        early.batch_execute("insert into t values (8)").await.expect("8");
        late.batch_execute("commit prepared 'p'").await.expect("commit prepared");
        let events = stream.rest(&site, "insert into t values (-1)").await;
        assert_eq!(ids(&events), [2, 1, 4, 8, 7]);
        let mut positions: Vec<(u64, u64)> = Vec::new();
        for event in &events {
            let (commit, n) = event.id.split_once('-').expect("a position");
            positions.push((commit.parse().expect("a commit"), n.parse().expect("a number")));
        }
        assert!(positions.is_sorted() && positions[1].0 == positions[2].0, "{positions:?}");
        // A table that is unwatched tells nothing any more, and cannot be followed.
        site.sql("select events.unwatch('t'); insert into t values (9)").await;
        assert_eq!(stream.within(Duration::from_millis(600)).await, None);
        let refused = Stream::try_open(&site, "postgres", "t", None).await.err().expect("refused");
        assert_eq!((refused.0, &refused.1["code"]), (409, &json!("55000")));
    });
}

#[test]
fn copies_large_transactions_partitions_and_cascades_are_captured() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let tables = [
            "t (id int primary key, filler text)",
            "child (id int, parent int references t on delete cascade)",
            "p (id int, k int) partition by list (k)",
        ];
        // So little memory that the transaction below is written out before its commit.
        let settings = [&SETTINGS[..], &[("ZSERVER_MAX_WRITE_SET", "64kB")]].concat();
        let site = site(&directory, &settings, &tables).await;
        site.sql("create table p1 partition of p for values in (1); create table p2 partition of p for values in (2)").await;
        let many = count("EVENTS_LARGE", 3_000);
        let mut stream = Stream::open(&site, "t", None).await;
        let large =
            format!("insert into t select i, repeat('x', 200) from generate_series(1, {many}) i");
        site.sql(&large).await;
        site.sql(&format!("update t set filler = 'y' where id <= {}", many / 2)).await;
        let events = stream.rest(&site, "insert into t values (-1)").await;
        assert_eq!(events.len(), many + many / 2);
        assert!(
            events[..many].iter().zip(1..).all(|(event, id)| event.kind == "insert"
                && event.data["data"]["new"]["id"] == json!(id))
        );
        assert!(
            events[many..]
                .iter()
                .all(|event| event.kind == "update" && event.data["data"]["old"]["filler"] != "y")
        );
        // Resumed in the middle of one commit.
        let mut middle = Stream::open(&site, "t", Some(&events[many / 3].id)).await;
        assert_eq!(middle.take(300).await, events[many / 3 + 1..][..300]);
        let mut children = Stream::open(&site, "child", None).await;
        site.sql("insert into child values (1, 1), (2, 2); delete from t where id = 2").await;
        let found = changes(&children.take(3).await);
        assert_eq!(found[2], change("delete", json!({"id": 2, "parent": 2}), Value::Null));
        let mut parts = Stream::open(&site, "p", None).await;
        site.sql("insert into p values (1, 1), (2, 2); update p set k = 2 where id = 1").await;
        let found = changes(&parts.take(4).await);
        assert_eq!(found[1], change("insert", Value::Null, json!({"id": 2, "k": 2})));
        // A row that moves to another partition leaves the one and comes to the other.
        assert_eq!(found[2], change("delete", json!({"id": 1, "k": 1}), Value::Null));
        assert_eq!(found[3], change("insert", Value::Null, json!({"id": 1, "k": 2})));
    });
}

/// Whatever writes, and what it is to the feed of `t`: `+` a new row, `-` one that is gone,
/// `~` one that has changed.
const CAPTURED: [(&str, &[&str]); 15] = [
    ("insert into t values (1, 'a'), (2, 'b')", &["+1 a", "+2 b"]),
    (
        "insert into t values (1, 'c'), (3, 'd') on conflict (id) do update set note = excluded.note",
        &["~1 a>c", "+3 d"],
    ),
    (
        "merge into t using (values (1, 'm'), (4, 'n')) s (id, note) on t.id = s.id \
         when matched then update set note = s.note when not matched then insert values (s.id, s.note)",
        &["~1 c>m", "+4 n"],
    ),
    (
        "with gone as (delete from t where id = 4 returning note) insert into t select 5, note from gone",
        &["-4 n", "+5 n"],
    ),
    (
        "begin; update t set note = 'w' where id = 1; savepoint s; update t set note = 'x' where id = 1; rollback to s; \
         update t set note = 'y' where id = 1; commit",
        &["~1 m>w", "~1 w>y"],
    ),
    (
        "do $$ begin update t set note = 'p' where id = 1; \
         begin update t set note = 'q' where id = 1; raise exception 'no'; exception when others then null; end; \
         update t set note = 'r' where id = 1; end $$",
        &["~1 y>p", "~1 p>r"],
    ),
    // What a function undoes within a statement takes nothing of the statement with it.
    ("insert into t select i, tries(i) from generate_series(6, 8) i", &["+6 t6", "+7 t7", "+8 t8"]),
    // A function that writes to the table while another statement does: in the order of writing,
    // and the rows of a source are computed before they are written.
    (
        "insert into t select i, writes(i) from generate_series(20, 21) i",
        &["+120 w", "+121 w", "+20 t20", "+21 t21"],
    ),
    // Triggers before the row make it, those after it come after it.
    (
        "insert into t values (30, 'upper'), (31, 'again')",
        &["+30 UPPER", "+31 again", "~31 again>done"],
    ),
    ("update t set note = note where id = 30", &["~30 UPPER>UPPER"]),
    ("delete from t where id in (20, 21, 120, 121)", &["-20 t20", "-120 w", "-21 t21", "-121 w"]),
    (
        "set session_replication_role = replica; update t set note = 'quiet' where id = 1; reset session_replication_role",
        &[],
    ),
    (
        "alter table t disable trigger zserver_events; update t set note = 'quieter' where id = 1; \
         alter table t enable trigger zserver_events; update t set note = 'loud' where id = 1",
        &["~1 quieter>loud"],
    ),
    // Rows that are written again are no changes.
    (
        "alter table t alter note type varchar(90); alter table t add more float default random()",
        &[],
    ),
    ("alter table t drop more; truncate t; insert into t values (1, 'e')", &["truncate", "+1 e"]),
];

#[test]
fn whatever_writes_is_captured_in_the_order_of_writing() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let site = site(&directory, &SETTINGS, &["t (id int primary key, note text)"]).await;
        site.sql(
            "create function tries(i int) returns text language plpgsql as $$ begin \
             begin insert into t values (i + 100, 'undone'); raise exception 'no'; exception when others then null; end; \
             return 't' || i; end $$; \
             create function writes(i int) returns text language plpgsql as $$ begin \
             insert into t values (i + 100, 'w'); return 't' || i; end $$; \
             create function before_row() returns trigger language plpgsql as $$ begin \
             new.note := upper(new.note); return new; end $$; \
             create trigger b before insert on t for each row when (new.note = 'upper') execute function before_row(); \
             create function after_row() returns trigger language plpgsql as $$ begin \
             update t set note = 'done' where id = new.id; return null; end $$; \
             create trigger a after insert on t for each row when (new.note = 'again') execute function after_row()",
        )
        .await;
        let mut stream = Stream::open(&site, "t", None).await;
        for (text, expected) in CAPTURED {
            site.sql(text).await;
            let fence = "begin; delete from t where id = -1; insert into t values (-1, ''); commit";
            let events = stream.rest(&site, fence).await;
            let found: Vec<String> = events.iter().filter_map(shown).collect();
            if text.starts_with("delete") {
                let (mut found, mut expected) = (found, expected.to_vec());
                found.sort();
                expected.sort_unstable();
                assert_eq!(found, expected, "{text}");
            } else {
                assert_eq!(found, expected, "{text}");
            }
        }
        // Of a trigger with a condition nothing is captured, and it says so.
        let client = connect(site.server.port).await;
        client
            .batch_execute("create table c (id int); create trigger x after insert on c for each row when (new.id > 0) execute function events.capture()")
            .await
            .expect("a trigger");
        let error = client.batch_execute("insert into c values (1)").await.expect_err("refused");
        assert_eq!(error.code().map(|code| code.code()), Some("0A000"), "{error}");
    });
}

/// A change in a few signs; none of a fence.
fn shown(event: &Event) -> Option<String> {
    let (kind, old, new) = event.change();
    let row = |row: &Value| (row["id"].as_i64(), row["note"].as_str().unwrap_or("").to_owned());
    match (row(&old), row(&new)) {
        ((Some(-1), _), _) => None,
        ((Some(id), old), (Some(_), new)) => Some(format!("~{id} {old}>{new}")),
        ((Some(id), old), _) => Some(format!("-{id} {old}")),
        (_, (Some(id), new)) => Some(format!("+{id} {new}")),
        _ => Some(kind),
    }
}

#[test]
fn a_role_sees_what_it_may_see() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let site = site(
            &directory,
            &SETTINGS,
            &["t (id int primary key, owner text, secret text)", "plain (id int, secret text)"],
        )
        .await;
        site.sql(
            "create role ann login; create role bob login; create role eve login; \
             grant select on t to ann, bob; grant select (id) on plain to ann; \
             alter table t enable row level security; \
             create policy own on t using (owner = current_user); \
             create policy open on t as restrictive using (id <> 13)",
        )
        .await;
        let mut ann = Stream::open_as(&site, "ann", "t", None).await;
        let mut bob = Stream::open_as(&site, "bob", "t", None).await;
        site.sql("insert into t values (1, 'ann', 'x'), (2, 'bob', 'y'), (13, 'ann', 'z')").await;
        site.sql("update t set owner = 'bob' where id = 1; delete from t where id = 2").await;
        let row = |id: i64, owner: &str, secret: &str| json!({"id": id, "owner": owner, "secret": secret});
        let fence =
            "insert into t values (-1, 'ann', ''); insert into t select -1, 'bob', '' where false";
        let found = changes(&ann.rest(&site, fence).await);
        assert_eq!(
            found,
            [
                change("insert", Value::Null, row(1, "ann", "x")),
                // It goes out of her sight.
                change("update", row(1, "ann", "x"), Value::Null),
            ]
        );
        let found = changes(&bob.take(3).await);
        assert_eq!(
            found,
            [
                change("insert", Value::Null, row(2, "bob", "y")),
                change("update", Value::Null, row(1, "bob", "x")),
                change("delete", row(2, "bob", "y"), Value::Null),
            ]
        );
        // Columns that may not be selected are left out.
        let mut plain = Stream::open_as(&site, "ann", "plain", None).await;
        site.sql("insert into plain values (1, 'x')").await;
        assert_eq!(plain.next().await.change(), change("insert", Value::Null, json!({"id": 1})));
        // A role cannot put its own functions before those that are asked what it may see.
        site.sql(
            "create schema bob authorization bob; \
             create function bob.row_security_active(oid) returns boolean language sql as 'select false'; \
             alter role bob set search_path = bob, pg_catalog, public",
        )
        .await;
        let mut bob = Stream::open_as(&site, "bob", "public.t?after=0-0", None).await;
        assert_eq!(changes(&bob.take(3).await), found, "the same as before");
        // What is revoked ends a stream.
        site.sql("revoke select (id) on plain from ann; insert into plain values (2, 'x')").await;
        let error = plain.next().await;
        assert_eq!((error.kind.as_str(), &error.data["code"]), ("error", &json!("42501")));
        assert_eq!(plain.within(PATIENCE).await, None);
        let refused = async |role: &str, path: &str, last: Option<&str>| {
            let refused = Stream::try_open(&site, role, path, last).await.err().expect("refused");
            (refused.0, refused.1["code"].as_str().unwrap_or_default().to_owned())
        };
        for (role, path, last, status, code) in [
            ("eve", "t", None, 403, "42501"),
            ("eve", "plain?after=0-0", None, 403, "42501"),
            ("ann", "nothing", None, 404, "42P01"),
            ("ann", "pg_class", None, 409, "55000"),
            ("ann", "t", Some("x"), 400, "22023"),
            ("ann", "t?after=1", None, 400, "22023"),
            ("ann", "t?before=1", None, 400, "08P01"),
        ] {
            assert_eq!(refused(role, path, last).await, (status, code.to_owned()), "{role} {path}");
        }
        let (status, body) = site.ask_as("ann", "GET", "/events", Value::Null).await;
        assert_eq!((status.as_u16(), &body["tables"]), (200, &json!(["public.t"])));
        // The feed's own tables are the server's.
        let client = connect_as(&site, "ann").await;
        for text in [
            "select * from events.change",
            "insert into events.change (source, op) values (1, 'insert')",
            "select * from events.sink",
        ] {
            let error = client.batch_execute(text).await.expect_err(text);
            assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{text}");
        }
        // Only who may make triggers watches.
        site.sql("create table other (id int)").await;
        let error =
            client.batch_execute("select events.watch('other')").await.expect_err("refused");
        assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{error}");
    });
}

async fn connect_as(site: &Site, role: &str) -> Client {
    let text = format!("host=127.0.0.1 port={} user={role} dbname=postgres", site.server.port);
    let (client, connection) =
        tokio_postgres::connect(&text, tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

#[test]
fn changes_are_forgotten_and_who_comes_too_late_is_told() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let quick = [("ZSERVER_EVENTS_KEEP", "1s"), ("ZSERVER_EVENTS_KEEP_INTERVAL", "1s")];
        let settings = [&SETTINGS[..], &quick].concat();
        let site = site(&directory, &settings, &["t (id int)", "u (id int)"]).await;
        let mut stream = Stream::open(&site, "t", None).await;
        site.sql("insert into t values (1); insert into t values (2)").await;
        let events = stream.take(2).await;
        let started = Instant::now();
        // The newest commit stays; what is before it goes.
        while site.number("select count(*) from events.change where source = 't'::regclass").await
            > 0
        {
            assert!(started.elapsed() < PATIENCE, "nothing is forgotten");
            site.sql("insert into u values (1)").await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let lost = Stream::try_open(&site, "postgres", "t", Some(&events[0].id)).await.err();
        let (status, body) = lost.expect("it is too late");
        assert_eq!((status, &body["code"]), (410, &json!("58P01")), "{body}");
        // One that was there all the time was moved on, and goes on.
        assert_eq!(stream.within(Duration::from_millis(500)).await, None);
        let last = stream.last.clone();
        drop(stream);
        let mut stream = Stream::open(&site, "t", Some(&last)).await;
        site.sql("insert into t values (3)").await;
        assert_eq!(ids(&[stream.next().await]), [3]);
        // All that is kept can be asked for.
        let mut kept = Stream::open(&site, "t?after=0-0", None).await;
        assert_eq!(ids(&[kept.next().await]), [3]);
    });
}

#[test]
fn a_database_keeps_so_many_changes_and_large_rows_come_as_well() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let few = [("ZSERVER_EVENTS_KEEP_COUNT", "20"), ("ZSERVER_EVENTS_KEEP_INTERVAL", "1s")];
        let settings = [&SETTINGS[..], &few].concat();
        let site = site(&directory, &settings, &["t (id int, filler text)"]).await;
        let mut stream = Stream::open(&site, "t", None).await;
        // 60 MB, of which a piece holds a few.
        site.sql("insert into t select i, repeat('x', 1000000) from generate_series(1, 60) i")
            .await;
        let events = stream.take(60).await;
        assert_eq!(ids(&events), (1..=60).collect::<Vec<_>>());
        for id in 61..=100 {
            site.sql(&format!("insert into t values ({id}, '')")).await;
        }
        assert_eq!(ids(&stream.take(40).await), (61..=100).collect::<Vec<_>>());
        let started = Instant::now();
        while site.number("select count(*) from events.change").await > 20 {
            assert!(started.elapsed() < PATIENCE, "they are kept");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let lost = Stream::try_open(&site, "postgres", "t", Some(&events[59].id)).await.err();
        assert_eq!(lost.expect("it is too late").0, 410);
        let mut kept = Stream::open(&site, "t?after=0-0", None).await;
        assert_eq!(ids(&kept.take(20).await), (81..=100).collect::<Vec<_>>());
    });
}

#[test]
fn notifications_come_as_events() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start_with(&directory, &SETTINGS);
    block_on(async {
        let mut stream = Stream::open(&site, "channels/My%20news", None).await;
        site.sql("select pg_notify('My news', 'one'); select pg_notify('other', 'x'); notify \"My news\"").await;
        let events = stream.take(2).await;
        assert!(events.iter().all(|event| event.kind == "notification"));
        assert_eq!(
            (&events[0].data["channel"], &events[0].data["payload"]),
            (&json!("My news"), &json!("one"))
        );
        assert_eq!(events[1].data["payload"], "");
        let long = format!("channels/{}", "x".repeat(64));
        let refused = Stream::try_open(&site, "postgres", &long, None).await.err();
        assert_eq!(refused.expect("too long").1["code"], "22023");
    });
}

#[test]
fn a_socket_subscribes_to_tables() {
    let directory = TempDir::new().expect("a directory");
    let site = block_on(site(&directory, &SETTINGS, &["t (id int)", "u (id int)"]));
    let headers = format!(
        "Authorization: Basic {}\r\nZServer-Database: postgres\r\n",
        STANDARD.encode("postgres:")
    );
    let mut socket = WebSocket::open(site.http, "/api/v1/sql", &headers).expect("a socket");
    let event = |socket: &mut WebSocket| loop {
        let next = socket.next();
        if next["type"] != "position" {
            return (next["id"].clone(), next["event"].clone());
        }
    };
    let (_, done) = socket.ask(json!({"type": "subscribe", "id": 1, "table": "t"}));
    assert_eq!((&done["type"], &done["command"]), (&json!("done"), &json!("SUBSCRIBE")));
    let (_, twice) = socket.ask(json!({"type": "subscribe", "id": 1, "table": "u"}));
    assert_eq!(twice["code"], "42710");
    for (id, table, code) in [(2, "nothing", "42P01"), (3, "pg_class", "55000")] {
        let (_, refused) = socket.ask(json!({"type": "subscribe", "id": id, "table": table}));
        assert_eq!(refused["code"], code);
    }
    let (_, done) = socket.ask(json!({"type": "subscribe", "id": "u", "table": "u"}));
    assert_eq!(done["type"], "done");
    block_on(site.sql("insert into t values (1)"));
    let (id, first) = event(&mut socket);
    assert_eq!((&id, &first["data"]["new"]), (&json!(1), &json!({"id": 1})));
    block_on(site.sql("insert into u values (2)"));
    let (id, second) = event(&mut socket);
    assert_eq!((&id, &second["data"]["new"]), (&json!("u"), &json!({"id": 2})));
    let (_, done) = socket.ask(json!({"type": "unsubscribe", "id": 1}));
    assert_eq!(done["command"], "UNSUBSCRIBE");
    let (_, none) = socket.ask(json!({"type": "unsubscribe", "id": 1}));
    assert_eq!(none["code"], "42704");
    block_on(site.sql("insert into t values (3); insert into u values (4)"));
    let (id, next) = event(&mut socket);
    assert_eq!((&id, &next["data"]["new"]), (&json!("u"), &json!({"id": 4})));
    // Another socket goes on after an event.
    drop(socket);
    let mut socket = WebSocket::open(site.http, "/api/v1/sql", &headers).expect("a socket");
    socket.send(json!({"type": "subscribe", "id": 1, "table": "u", "after": second["id"]}));
    assert_eq!(socket.next()["type"], "done");
    assert_eq!(event(&mut socket).1["data"]["new"], json!({"id": 4}));
}

/// A request that a receiver of webhooks got.
#[derive(Clone, Debug)]
struct Received {
    headers: BTreeMap<String, String>,
    body: String,
}

impl Received {
    /// The signatures that are right with a secret.
    fn signed_by(&self, secret: &str) -> usize {
        let key =
            STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("a key");
        let (id, at) = (&self.headers["webhook-id"], &self.headers["webhook-timestamp"]);
        mac.update(format!("{id}.{at}.{}", self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.headers["webhook-signature"].split(' ').filter(|one| *one == expected).count()
    }

    fn id(&self) -> i64 {
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        let row = &body["data"]["new"];
        row["id"].as_i64().expect("a row")
    }
}

/// A server that answers as it is told, and remembers what it got.
struct Receiver {
    port: u16,
    received: Arc<parking_lot::Mutex<Vec<Received>>>,
    status: Arc<AtomicUsize>,
}

impl Receiver {
    fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (received, status) = (Arc::default(), Arc::new(AtomicUsize::new(200)));
        let receiver = Receiver { port, received, status };
        let (received, status) = (receiver.received.clone(), receiver.status.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (received, status) = (received.clone(), status.clone());
                std::thread::spawn(move || {
                    let mut stream = stream.expect("a connection");
                    let mut text = String::new();
                    let mut buffer = [0; 4096];
                    while let Ok(read @ 1..) = stream.read(&mut buffer) {
                        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
                        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                        let headers: BTreeMap<String, String> = head
                            .lines()
                            .filter_map(|line| line.split_once(": "))
                            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                            .collect();
                        let length: usize = headers["content-length"].parse().expect("a length");
                        if body.len() < length {
                            continue;
                        }
                        received.lock().push(Received { headers, body: body.to_owned() });
                        let status = status.load(Ordering::SeqCst);
                        let answer = format!(
                            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                        );
                        let _ = stream.write_all(answer.as_bytes());
                        return;
                    }
                });
            }
        });
        receiver
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().clone()
    }

    async fn until(&self, count: usize) -> Vec<Received> {
        let started = Instant::now();
        while self.all().len() < count {
            assert!(started.elapsed() < PATIENCE, "{} of {count} came", self.all().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.all()
    }
}

#[test]
fn webhooks_are_signed_repeated_and_given_up() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let site = site(&directory, &SETTINGS, &["t (id int)"]).await;
        site.sql("create role ann login; grant select on t to ann; create role eve login").await;
        site.sql("insert into t values (0)").await;
        let receiver = Receiver::start();
        let new =
            json!({"table": "t", "url": receiver.url(), "ops": ["insert"], "max_attempts": 2});
        let (status, made) = site.ask_as("ann", "POST", "/webhooks", new.clone()).await;
        assert_eq!(status.as_u16(), 201, "{made}");
        let (id, secret) = (&made["id"], made["secret"].as_str().expect("a secret"));
        // What is committed after it is delivered, each once.
        site.sql("insert into t values (1), (2); update t set id = 3 where id = 2; insert into t values (4)").await;
        let received = receiver.until(3).await;
        let mut found: Vec<i64> = received.iter().map(Received::id).collect();
        found.sort_unstable();
        assert_eq!(found, [1, 2, 4]);
        for one in &received {
            assert_eq!(
                (one.signed_by(secret), one.headers["content-type"].as_str()),
                (1, "application/cloudevents+json; charset=UTF-8")
            );
            let body: Value = serde_json::from_str(&one.body).expect("JSON");
            assert_eq!(body["id"], json!(one.headers["webhook-id"]));
        }
        // Two secrets sign while one takes the place of the other.
        let path = format!("/webhooks/{id}");
        let (status, rotated) =
            site.ask_as("ann", "POST", &format!("{path}/rotate"), json!({"keep_ms": 60_000})).await;
        assert_eq!(status.as_u16(), 200, "{rotated}");
        let next = rotated["secret"].as_str().expect("a secret");
        site.sql("insert into t values (5)").await;
        let last = receiver.until(4).await.pop().expect("one");
        assert_eq!((last.signed_by(secret), last.signed_by(next)), (1, 1));
        let (_, rotated) =
            site.ask_as("ann", "POST", &format!("{path}/rotate"), json!({"keep_ms": 0})).await;
        site.sql("insert into t values (6)").await;
        let last = receiver.until(5).await.pop().expect("one");
        assert_eq!(
            (last.signed_by(next), last.signed_by(rotated["secret"].as_str().expect("a secret"))),
            (0, 1)
        );
        // A failure is repeated under the same id, then it is a dead letter, which can be sent again.
        receiver.status.store(500, Ordering::SeqCst);
        site.sql("insert into t values (7)").await;
        let all = receiver.until(7).await;
        assert_eq!(all[5].headers["webhook-id"], all[6].headers["webhook-id"]);
        let dead = until_dead(&site, id).await;
        receiver.status.store(204, Ordering::SeqCst);
        let (status, _) =
            site.ask_as("ann", "POST", &format!("/jobs/{dead}/retry"), Value::Null).await;
        assert_eq!(status.as_u16(), 200);
        assert_eq!(receiver.until(8).await[7].id(), 7);
        // Changes wait while it is paused.
        let (_, paused) = site.ask_as("ann", "PATCH", &path, json!({"is_paused": true})).await;
        assert_eq!(paused["is_paused"], true, "{paused}");
        site.sql("insert into t values (8)").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(receiver.all().len(), 8);
        site.ask_as("ann", "PATCH", &path, json!({"is_paused": false})).await;
        assert_eq!(receiver.until(9).await[8].id(), 8);
        // A receiver that is gone pauses it.
        receiver.status.store(410, Ordering::SeqCst);
        site.sql("insert into t values (9)").await;
        receiver.until(10).await;
        let started = Instant::now();
        loop {
            let (_, hook) = site.ask_as("ann", "GET", &path, Value::Null).await;
            if hook["is_paused"] == true {
                assert!(hook["error"].as_str().expect("a reason").contains("410"), "{hook}");
                break;
            }
            assert!(started.elapsed() < PATIENCE, "{hook}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Others neither see nor make it.
        for (method, body) in
            [("GET", Value::Null), ("PATCH", json!({"url": "http://x/"})), ("DELETE", Value::Null)]
        {
            assert_eq!(site.ask_as("eve", method, &path, body).await.0.as_u16(), 404, "{method}");
        }
        assert_eq!(site.ask_as("eve", "POST", "/webhooks", new).await.0.as_u16(), 403);
        let (_, body) = site.ask_as("ann", "GET", "/webhooks", Value::Null).await;
        assert!(
            body["webhooks"][0]["url"] == json!(receiver.url())
                && !body.to_string().contains("whsec_"),
            "{body}"
        );
        for (body, status) in [
            (json!({"table": "t", "url": "ftp://x"}), 400),
            (json!({"table": "t", "url": "http://x", "ops": ["dance"]}), 400),
            (json!({"table": "nothing", "url": "http://x"}), 404),
            (json!({"table": "pg_class", "url": "http://x"}), 409),
        ] {
            assert_eq!(
                site.ask_as("ann", "POST", "/webhooks", body.clone()).await.0.as_u16(),
                status,
                "{body}"
            );
        }
        assert_eq!(site.ask_as("ann", "DELETE", &path, Value::Null).await.0.as_u16(), 204);
        // A job cannot have another role's webhook sign for it.
        let (_, made) = site
            .ask_as("ann", "POST", "/webhooks", json!({"table": "t", "url": receiver.url()}))
            .await;
        let forged = json!({"kind": "http", "payload": {"webhook": {"endpoint": made["id"], "id": "1-1"}, "body": "{}"}});
        let (_, job) = site.ask_as("eve", "POST", "/jobs", forged).await;
        let started = Instant::now();
        while site
            .number(&format!(
                "select count(*) from jobs.job where id = {} and state = 'discarded'",
                job["id"]
            ))
            .await
            == 0
        {
            assert!(started.elapsed() < PATIENCE, "it is refused");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(receiver.all().len(), 10);
    });
}

/// The id of a delivery that was given up.
async fn until_dead(site: &Site, webhook: &Value) -> i64 {
    let path = format!("/jobs?queue=webhook:{webhook}&state=discarded");
    let started = Instant::now();
    loop {
        let (_, body) = site.ask_as("ann", "GET", &path, Value::Null).await;
        if let Some(id) = body["jobs"][0]["id"].as_i64() {
            return id;
        }
        assert!(started.elapsed() < PATIENCE, "nothing is given up: {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn webhooks_deliver_each_change_over_kills() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let changes = count("EVENTS_WEBHOOK_CHANGES", 120);
        let mut site = site(&directory, &SETTINGS, &["t (id int)"]).await;
        let receiver = Receiver::start();
        let (status, _) =
            site.ask("POST", "/webhooks", json!({"table": "t", "url": receiver.url()})).await;
        assert_eq!(status, 201);
        for kill in 0..3 {
            let client = connect(site.server.port).await;
            for id in kill * changes / 3..(kill + 1) * changes / 3 {
                client.execute("insert into t values ($1)", &[&(id as i32)]).await.expect("insert");
            }
            site.server.kill();
            site = Site::start_with(&directory, &SETTINGS);
        }
        let started = Instant::now();
        loop {
            let all = receiver.all();
            let mut found: BTreeMap<i64, String> = BTreeMap::new();
            for one in &all {
                // What is sent again is the same event.
                let id = one.headers["webhook-id"].clone();
                assert_eq!(*found.entry(one.id()).or_insert(id.clone()), id);
            }
            if found.len() == changes {
                break;
            }
            assert!(started.elapsed() < PATIENCE * 2, "{} of {changes} came", found.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Each became one job.
        assert_eq!(site.number("select count(*) from jobs.job").await, changes as i64);
    });
}

#[test]
fn a_sink_that_is_not_built_in_says_so() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let site = site(&directory, &SETTINGS, &["t (id int)"]).await;
        // Nobody listens there, whatever is built in.
        for (name, kind, url) in [
            ("a", "redis", "redis://127.0.0.1:1"),
            ("b", "nats", "nats://127.0.0.1:1"),
            ("c", "amqp", "amqp://127.0.0.1:1"),
            ("d", "kafka", "127.0.0.1:1"),
        ] {
            site.sql(&format!(
                "select events.create_sink('{name}', '{kind}', '{url}', 'target', 't')"
            ))
            .await;
        }
        site.sql("insert into t values (1)").await;
        let started = Instant::now();
        while site.number("select count(*) from events.sink where error <> ''").await < 4 {
            assert!(started.elapsed() < PATIENCE, "they fail");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let built_in = cfg!(feature = "redis");
        let text = "select count(*) from events.sink where kind = 'redis' and error like '%without the feature%'";
        assert_eq!(site.number(text).await, i64::from(!built_in));
        // Nothing was passed over.
        assert_eq!(site.number("select count(*) from events.sink s, events.change c where c.op = 'insert' and s.at_commit is not null").await, 4);
    });
}

#[cfg(feature = "redis")]
#[test]
fn changes_go_to_a_stream_of_redis_also_when_it_was_away() {
    use std::process::{Command, Stdio};
    if Command::new("redis-server").arg("--version").output().is_err() {
        eprintln!("skipped: there is no redis-server");
        return;
    }
    let directory = TempDir::new().expect("a directory");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
    let start = || {
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            &port.to_string(),
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
        ]);
        command.arg("--dir").arg(directory.path()).stdout(Stdio::null());
        command.spawn().expect("redis starts")
    };
    block_on(async {
        let mut site = site(&directory, &SETTINGS, &["t (id int)"]).await;
        site.sql(&format!(
            "select events.create_sink('r', 'redis', 'redis://127.0.0.1:{port}', 'changes', 't')"
        ))
        .await;
        site.sql("insert into t select generate_series(1, 300)").await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        let mut redis = start();
        let length = || {
            let port = port.to_string();
            let answer = Command::new("redis-cli").args(["-p", &port, "XLEN", "changes"]).output();
            let text = String::from_utf8_lossy(&answer.expect("redis-cli").stdout).into_owned();
            text.trim().parse::<usize>().unwrap_or(0)
        };
        let until = async |count: usize| {
            let started = Instant::now();
            while length() < count {
                assert!(started.elapsed() < PATIENCE, "{} of {count}", length());
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        until(300).await;
        redis.kill().expect("redis is killed");
        redis.wait().expect("redis is over");
        site.sql("insert into t select generate_series(301, 400)").await;
        site.server.kill();
        site = Site::start_with(&directory, &SETTINGS);
        let mut redis = start();
        until(400).await;
        let answer = Command::new("redis-cli")
            .args(["-p", &port.to_string(), "XRANGE", "changes", "-", "+"])
            .output();
        let text = String::from_utf8_lossy(&answer.expect("redis-cli").stdout).into_owned();
        let mut found: Vec<i64> = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|event| event["data"]["new"]["id"].as_i64())
            .collect();
        found.dedup();
        assert_eq!(found, (1..=400).collect::<Vec<_>>());
        redis.kill().expect("redis is killed");
        redis.wait().expect("redis is over");
        drop(site);
    });
}

/// What a reader that reconnects has seen.
#[derive(Default)]
struct Seen {
    last: Option<String>,
    events: Vec<Event>,
}

/// Reads until there are so many changes, on stream after stream, or the server is gone.
async fn read(site: &Site, seen: &mut Seen, enough: &AtomicUsize, is_over: &AtomicBool) {
    let mut turn = 0;
    while seen.events.len() < enough.load(Ordering::SeqCst) {
        let opened = Stream::try_open(site, "postgres", "t", seen.last.as_deref()).await;
        let Ok(mut stream) = opened else {
            if is_over.load(Ordering::SeqCst) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        turn += 1;
        // Some streams are left in the middle of what has come.
        for _ in 0..(turn * 37) % 400 + 1 {
            if seen.events.len() >= enough.load(Ordering::SeqCst) {
                return;
            }
            let Some(event) = stream.within(Duration::from_secs(10)).await else { break };
            assert_ne!(event.kind, "error", "{event:?}");
            seen.last = Some(event.id.clone());
            seen.events.push(event);
        }
    }
}

/// Commits of one writer, from the one after those that are there; ends at its goal, or
/// when the server is gone.
async fn write(port: u16, writer: i32, goal: i32, committed: &AtomicUsize) {
    let Ok(client) = try_connect(port).await else { return };
    let top = "select coalesce(max(n), 0) from t where writer = $1";
    let Ok(row) = client.query_one(top, &[&writer]).await else { return };
    let first: i32 = row.get(0);
    for n in first + 1..=goal {
        let text = match n % 10 {
            // One row that all of them change: its values tell the order of commits.
            0 => format!(
                "begin; insert into t values ({writer}, {n}); update t set n = n + 1 where writer = -1; commit"
            ),
            5 => format!(
                "begin; insert into t values ({writer}, -5); rollback; insert into t values ({writer}, {n})"
            ),
            _ => format!("insert into t values ({writer}, {n})"),
        };
        if client.batch_execute(&text).await.is_err() {
            return;
        }
        committed.fetch_add(1, Ordering::SeqCst);
    }
}

/// `EVENTS_COMMITS=50000` is the size of the promise.
#[test]
fn every_change_comes_once_in_order_over_reconnects_and_a_kill() {
    const WRITERS: i32 = 8;
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let goal = (count("EVENTS_COMMITS", 2_000) as i32 / WRITERS).max(20);
        let mut site = site(&directory, &SETTINGS, &["t (writer int, n int)"]).await;
        site.sql("create index on t (writer, n)").await;
        let start = site.ask("GET", "/events", Value::Null).await.1["position"].clone();
        site.sql("insert into t values (-1, 0)").await;
        let mut seen = Seen { last: start.as_str().map(str::to_owned), ..Seen::default() };
        let committed = AtomicUsize::new(0);
        let kill_at = (goal * WRITERS / 2) as usize;
        let started = Instant::now();
        for phase in 0..2 {
            let enough = AtomicUsize::new(usize::MAX);
            let is_over = AtomicBool::new(false);
            let port = site.server.port;
            let writing = async {
                let all = (0..WRITERS).map(|writer| write(port, writer, goal, &committed));
                futures::future::join_all(all).await;
                if phase == 1 {
                    // What there is to be told: the rows, and what was done to the one.
                    let rows = site.number("select count(*) from t").await;
                    let tally = site.number("select n::bigint from t where writer = -1").await;
                    enough.store((rows + tally) as usize, Ordering::SeqCst);
                }
            };
            if phase == 1 {
                tokio::join!(writing, read(&site, &mut seen, &enough, &is_over));
                break;
            }
            let pid = site.server.id();
            let killing = async {
                while committed.load(Ordering::SeqCst) < kill_at {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                is_over.store(true, Ordering::SeqCst);
                let status =
                    std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
                assert!(status.expect("kill is there").success());
            };
            tokio::join!(writing, killing, read(&site, &mut seen, &enough, &is_over));
            drop(site);
            site = Site::start_with(&directory, &SETTINGS);
        }
        let commits = committed.load(Ordering::SeqCst);
        eprintln!("{commits} commits, {} changes in {:?}", seen.events.len(), started.elapsed());
        let mut next: BTreeMap<i64, i64> = BTreeMap::new();
        let (mut tally, mut last) = (0, (0, 0));
        for event in &seen.events {
            let (commit, n) = event.id.split_once('-').expect("a position");
            let position: (u64, u64) = (commit.parse().expect("one"), n.parse().expect("one"));
            assert!(position > last, "{position:?} is after {last:?}");
            last = position;
            let new = &event.data["data"]["new"];
            let (writer, n) =
                (new["writer"].as_i64().expect("one"), new["n"].as_i64().expect("one"));
            if writer == -1 {
                // The row that all of them change.
                assert_eq!(n, tally, "{event:?}");
                tally += 1;
            } else {
                let expected = next.entry(writer).or_insert(1);
                assert_eq!(n, *expected, "of writer {writer}");
                *expected += 1;
            }
        }
        assert_eq!(next.len(), WRITERS as usize);
        assert!(next.values().all(|next| *next == i64::from(goal) + 1), "{next:?}");
        // A second reader finds the very same.
        let mut again = Stream::open(&site, "t?after=0-0", None).await;
        assert_eq!(again.take(seen.events.len()).await, seen.events);
    });
}

/// What a webhook has not taken is kept beyond `events_keep`, up to `events_keep_max`; then it
/// goes, and who comes for it, a reader or the webhook, is told that it is gone.
#[test]
fn what_is_not_taken_is_kept_for_a_longest_time() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let bounds = [
            ("ZSERVER_EVENTS_KEEP", "1s"),
            ("ZSERVER_EVENTS_KEEP_MAX", "8s"),
            ("ZSERVER_EVENTS_KEEP_INTERVAL", "1s"),
        ];
        let settings = [&SETTINGS[..], &bounds].concat();
        let site = site(&directory, &settings, &["t (id int)"]).await;
        let receiver = Receiver::start();
        let new = json!({"table": "t", "url": receiver.url()});
        let (status, made) = site.ask("POST", "/webhooks", new).await;
        assert_eq!(status, 201, "{made}");
        let path = format!("/webhooks/{}", made["id"]);
        // It is at work, and then it is not.
        site.sql("insert into t values (1)").await;
        receiver.until(1).await;
        assert_eq!(site.ask("PATCH", &path, json!({"is_paused": true})).await.0, 200);
        let mut stream = Stream::open(&site, "t", None).await;
        site.sql("insert into t values (2)").await;
        let begun = Instant::now();
        let waiting = stream.next().await;
        drop(stream);
        // The newest commit stays in any case.
        let next = async || site.sql("insert into t values (3)").await;
        let is_there = async || {
            let count = "select count(*) from events.change c, json_array_elements(c.new) r where r->>'id' = '2'";
            site.number(count).await > 0
        };
        next().await;
        assert!(is_there().await, "it is looked for as it is kept");
        while begun.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(250)).await;
            assert!(is_there().await, "the webhook waits for it: {:?}", begun.elapsed());
        }
        let mut kept = Stream::open(&site, "t?after=0-0", None).await;
        assert!(ids(&kept.take(2).await).contains(&2));
        drop(kept);
        while is_there().await {
            assert!(begun.elapsed() < PATIENCE, "it is kept for ever");
            tokio::time::sleep(Duration::from_millis(250)).await;
            next().await;
        }
        assert!(begun.elapsed() > Duration::from_secs(7), "{:?}", begun.elapsed());
        let lost = Stream::try_open(&site, "postgres", "t", Some(&waiting.id)).await.err();
        let (status, body) = lost.expect("it is too late");
        assert_eq!((status, &body["code"]), (410, &json!("58P01")), "{body}");
        assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        // The webhook stops, and says why.
        assert_eq!(site.ask("PATCH", &path, json!({"is_paused": false})).await.0, 200);
        let begun = Instant::now();
        let shown = loop {
            let (_, shown) = site.ask("GET", &path, Value::Null).await;
            if shown["is_paused"] == true {
                break shown;
            }
            assert!(begun.elapsed() < PATIENCE, "{shown}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        assert!(shown["error"].as_str().is_some_and(|text| !text.is_empty()), "{shown}");
        assert_eq!(receiver.all().len(), 1, "nothing is sent beyond what is lost");
    });
}

/// A reader that goes away while the server works for it leaves no session at work, and its
/// place to others.
#[test]
fn a_reader_that_goes_away_leaves_nothing_running() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let site = site(&directory, &SETTINGS, &["t (id int)"]).await;
        site.sql(
            "create role ann login; grant select on t to ann; alter table t enable row level security; \
             create function slow() returns boolean language plpgsql as 'begin perform pg_sleep(300); return true; end'; \
             create policy p on t for select to ann using (slow())",
        )
        .await;
        let at_work =
            "select count(*) from pg_stat_activity where usename = 'ann' and state <> 'idle'";
        let until = async |what: &str, is: &dyn Fn(i64) -> bool| {
            let begun = Instant::now();
            loop {
                let count = site.number(at_work).await;
                if is(count) {
                    return;
                }
                assert!(begun.elapsed() < Duration::from_secs(30), "{what}: {count} are at work");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let sessions = "select count(*) from pg_stat_activity where usename = 'ann'";
        // More than may read at a time: the others wait for their turn.
        let mut streams = Vec::new();
        for _ in 0..10 {
            streams.push(Stream::open_as(&site, "ann", "t", None).await);
        }
        until("nothing has come", &|count| count == 0).await;
        site.sql("insert into t values (1)").await;
        until("they look at the row", &|count| count >= 8).await;
        drop(streams);
        until("they went away", &|count| count == 0).await;
        // Sockets.
        let text = STANDARD.encode("ann:");
        let headers = format!("Authorization: Basic {text}\r\nZserver-Database: postgres\r\n");
        let mut sockets = Vec::new();
        for _ in 0..10 {
            let mut socket = WebSocket::open(site.http, "/api/v1/sql", &headers).expect("a socket");
            let (_, done) = socket.ask(json!({"type": "subscribe", "id": 1, "table": "t"}));
            assert_eq!(done["type"], json!("done"), "{done}");
            sockets.push(socket);
        }
        site.sql("insert into t values (2)").await;
        until("they look at the row", &|count| count >= 8).await;
        // One says that it wants no more, the others are gone without a word.
        sockets[0].send(json!({"type": "unsubscribe", "id": 1}));
        drop(sockets);
        until("they went away", &|count| count == 0).await;
        let begun = Instant::now();
        while gauge(&site, "zserver_websockets").await > 0.0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "sockets are counted as open");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(site.number(sessions).await <= 8, "no more than were at work wait in the pool");
        // There is a turn for others at once.
        let mut other = Stream::open(&site, "t", None).await;
        site.sql("insert into t values (3)").await;
        let event = other.within(Duration::from_secs(10)).await.expect("an event");
        assert_eq!(ids(&[event]), [3]);
    });
}

/// A sample of the server's metrics.
async fn gauge(site: &Site, name: &str) -> f64 {
    let url = format!("http://127.0.0.1:{}/metrics", site.http);
    let text = site.client.get(url).send().await.expect("an answer").text().await.expect("a text");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.expect(name).parse().expect("a number")
}

/// What SQL is told of the feed is what HTTP tells: the same changes, as far as the role in
/// force may see them.
#[test]
fn sql_reads_the_changes_that_a_stream_tells() {
    let directory = TempDir::new().expect("a directory");
    block_on(async {
        let site = site(&directory, &SETTINGS, &["t (id int, owner text, secret text)"]).await;
        site.sql(
            "create role ann login; create role crew; grant select (id, owner) on t to ann, crew; \
             alter table t enable row level security; create table quiet (id int); \
             create policy ann on t for select to ann using (owner = current_user); \
             create policy crew on t for select to crew using (owner = current_setting('app.boat', true))",
        )
        .await;
        let client = connect(site.server.port).await;
        let text = async |sql: &str| {
            let row = client.query_one(sql, &[]).await.expect(sql);
            row.get::<_, Option<String>>(0)
        };
        let begin = text("select events.position()").await.expect("a position");
        let mut stream = Stream::open(&site, "t", None).await;
        site.sql("insert into t values (1, 'ann', 'a'), (2, 'eve', 'b'), (3, 'ann', 'c')").await;
        site.sql(
            "begin; update t set owner = 'eve' where id = 3; delete from t where id = 2; commit",
        )
        .await;
        site.sql("truncate t").await;
        let told = stream.take(6).await;
        let all = "select coalesce(json_agg(json_build_array(c.position, c.op, c.old, c.new) order by n), '[]')::text \
                   from events.changes('t', $after, $limit) with ordinality as c (position, op, at, old, new, n)";
        let asked = async |after: &str, limit: u32| -> Vec<Value> {
            let sql = all.replace("$after", &format!("'{after}'"));
            let found = text(&sql.replace("$limit", &limit.to_string())).await.expect("an array");
            serde_json::from_str(&found).expect("JSON")
        };
        let shown = |events: &[Event]| -> Vec<Value> {
            let of = |event: &Event| {
                let (op, old, new) = event.change();
                json!([event.id, op, old, new])
            };
            events.iter().map(of).collect()
        };
        assert_eq!(asked("0-0", 100).await, shown(&told));
        assert_eq!(asked(&begin, 100).await, shown(&told));
        // Page by page, in the middle of a commit, too.
        for size in 1..=6_u32 {
            let (mut after, mut found) = ("0-0".to_owned(), Vec::new());
            loop {
                let page = asked(&after, size).await;
                assert!(page.len() <= size as usize);
                let Some(last) = page.last() else { break };
                after = last[0].as_str().expect("a position").to_owned();
                found.extend(page);
            }
            assert_eq!(found, shown(&told), "by {size}");
        }
        let now = text("select events.position()").await.expect("a position");
        assert_eq!(asked(&now, 100).await, Vec::<Value>::new());
        let recent = "select count(*)::text from events.changes('t') where at between now() - interval '1 hour' and clock_timestamp()";
        assert_eq!(text(recent).await.as_deref(), Some("6"));
        // As whom it is asked counts: columns, rows, what the session says of itself.
        client.batch_execute("set role ann").await.expect("a role");
        let mut stream = Stream::open_as(&site, "ann", "t?after=0-0", None).await;
        let seen = stream.take(4).await;
        assert_eq!(asked("0-0", 100).await, shown(&seen));
        assert_eq!(seen[0].change().2, json!({"id": 1, "owner": "ann"}), "without the secret");
        assert_eq!(seen[2].change().2, Value::Null, "nor is the row its own after that");
        client.batch_execute("reset role; set role crew; set app.boat = 'eve'").await.expect("ok");
        let of_eve = asked("0-0", 100).await;
        let ids: Vec<i64> = of_eve.iter().filter_map(|row| row[3]["id"].as_i64()).collect();
        assert_eq!(ids, [2, 3], "{of_eve:?}");
        client.batch_execute("set app.boat = 'none'").await.expect("ok");
        assert_eq!(asked("0-0", 100).await.len(), 1, "the truncation alone");
        client.batch_execute("reset role").await.expect("ok");
        // It tells of what is committed.
        client.batch_execute("begin isolation level repeatable read; select 1").await.expect("ok");
        site.sql("insert into t values (4, 'x', 'x')").await;
        client.batch_execute("insert into t values (5, 'x', 'x')").await.expect("ok");
        let later = asked(&now, 100).await;
        assert_eq!(later.len(), 1, "{later:?}");
        assert_eq!(later[0][3]["id"], json!(4));
        client.batch_execute("rollback").await.expect("ok");
        // What cannot be.
        for (sql, code) in [
            ("select * from events.changes('t', 'yesterday')", "22023"),
            ("select * from events.changes('t', '0-0', 0)", "22023"),
            ("select * from events.changes('t', '0-0', 1001)", "22023"),
            ("select * from events.changes('quiet')", "55000"),
            ("select * from events.changes('nothing')", "42P01"),
        ] {
            let error = client.query(sql, &[]).await.expect_err(sql);
            assert_eq!(error.code().map(|code| code.code()), Some(code), "{sql}");
        }
        assert_eq!(
            client.query("select * from events.changes(null)", &[]).await.expect("ok").len(),
            0
        );
        site.sql("create role nobody login").await;
        client.batch_execute("set role nobody").await.expect("ok");
        let denied = client.query("select * from events.changes('t')", &[]).await;
        let denied = denied.expect_err("it is refused");
        assert_eq!(denied.code().map(|code| code.code()), Some("42501"));
        // A key for SQL is none for changes.
        let new = json!({"name": "k", "scopes": ["sql"]});
        let (_, made) = site.ask("POST", "/auth/keys", new).await;
        let url = format!("http://127.0.0.1:{}/api/v1/sql", site.http);
        let request = site.client.post(url).bearer_auth(made["key"].as_str().expect("a key"));
        let query = json!({"query": "select * from events.changes('t')"}).to_string();
        let answer = request.body(query).send().await.expect("an answer");
        assert_eq!(answer.status(), 403);
        // Nor does one that is cancelled leave anything at work.
        site.sql(
            "create function slow() returns boolean language plpgsql as 'begin perform pg_sleep(300); return true; end'; \
             create policy slow on t for select to nobody using (slow()); grant select on t to nobody",
        )
        .await;
        client.batch_execute("set statement_timeout = '1s'").await.expect("ok");
        let begun = Instant::now();
        let slow = client.query("select * from events.changes('t')", &[]).await;
        let slow = slow.expect_err("it takes too long");
        assert_eq!(slow.code().map(|code| code.code()), Some("57014"));
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        let at_work =
            "select count(*) from pg_stat_activity where usename = 'nobody' and state <> 'idle'";
        while site.number(at_work).await > 0 {
            assert!(begun.elapsed() < PATIENCE, "it goes on without anybody");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}
