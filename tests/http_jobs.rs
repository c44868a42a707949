//! Jobs: over HTTP and in SQL, run by the server and by workers outside, over kills.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::zserver::Zserver;
use crate::support::{block_on, connect, count};

/// A server with jobs, and who asks it.
pub struct Site {
    pub server: Zserver,
    pub http: u16,
    pub client: Client,
}

/// Quick enough for a test.
pub const SETTINGS: [(&str, &str); 3] = [
    ("ZSERVER_JOBS_POLL_INTERVAL", "200ms"),
    ("ZSERVER_JOBS_CANCEL_GRACE", "100ms"),
    ("ZSERVER_JOBS_HTTP_PRIVATE", "on"),
];

impl Site {
    pub fn start(directory: &TempDir) -> Site {
        Site::start_with(directory, &SETTINGS)
    }

    pub fn start_with(directory: &TempDir, settings: &[(&str, &str)]) -> Site {
        let data = directory.path().join("data");
        let (server, http) = Zserver::start_with_http(&data, true, settings);
        Site { server, http, client: Client::new() }
    }

    pub async fn ask_as(
        &self,
        role: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.http);
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, url).basic_auth(role, Some(""));
        request = request.header("zserver-database", "postgres");
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (status, body) = self.ask_as("postgres", method, path, body).await;
        (status.as_u16(), body)
    }

    pub async fn submit(&self, job: Value) -> i64 {
        let (status, body) = self.ask("POST", "/jobs", job).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_i64().expect("an id")
    }

    pub async fn job(&self, id: i64) -> Value {
        self.ask("GET", &format!("/jobs/{id}"), Value::Null).await.1
    }

    /// Waits until a job is in a state.
    pub async fn until(&self, id: i64, state: &str) -> Value {
        let started = Instant::now();
        loop {
            let job = self.job(id).await;
            if job["state"] == state {
                return job;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "job {id} is not {state}: {job}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn sql(&self, text: &str) {
        connect(self.server.port).await.batch_execute(text).await.expect(text);
    }

    pub async fn number(&self, text: &str) -> i64 {
        connect(self.server.port).await.query_one(text, &[]).await.expect(text).get(0)
    }
}

#[test]
fn the_server_runs_sql_and_functions_once() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        let id = site
            .submit(
                json!({"kind": "sql", "payload": {"statement": "select $1::int", "params": [1]}}),
            )
            .await;
        let job = site.until(id, "completed").await;
        assert_eq!(job["result"], json!({"command": "SELECT", "row_count": 1}));
        assert_eq!((&job["attempt"], &job["role"]), (&json!(1), &json!("postgres")));
        site.sql(
            "create table effect (job text); \
             create function greet(a jsonb) returns jsonb language sql as $$ select jsonb_build_object('hello', a->'name') $$; \
             create function once_wrong(a jsonb) returns text language plpgsql as $$ begin \
               if (select attempt from jobs.job where id = current_setting('jobs.id')::bigint) = 1 then raise exception 'not yet' using errcode = 'P0001'; end if; \
               return 'done'; end $$",
        )
        .await;
        let insert = json!({"statement": "insert into effect values (current_setting('jobs.id'))"});
        let effect = site.submit(json!({"kind": "sql", "payload": insert})).await;
        let greet = site
            .submit(json!({"kind": "function", "payload": {"function": "public.greet", "argument": {"name": "Ann"}}}))
            .await;
        let again = site
            .submit(json!({"kind": "function", "payload": {"function": "once_wrong"}, "backoff_ms": 50}))
            .await;
        let index = site.submit(json!({"kind": "reindex", "payload": {"table": "effect"}})).await;
        site.until(effect, "completed").await;
        assert_eq!(site.until(greet, "completed").await["result"], json!({"hello": "Ann"}));
        let again = site.until(again, "completed").await;
        assert_eq!((&again["attempt"], &again["result"]), (&json!(2), &json!("done")));
        site.until(index, "completed").await;
        let stored = format!("select count(*) from effect where job = '{effect}'");
        assert_eq!(site.number(&stored).await, 1);
        let (_, logs) = site.ask("GET", &format!("/jobs/{}/logs", again["id"]), Value::Null).await;
        assert_eq!(logs["logs"][0]["message"], json!("not yet"));
        assert_eq!(logs["logs"][0]["data"]["code"], json!("P0001"));
    });
}

#[test]
fn what_cannot_succeed_is_discarded_and_can_be_retried() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        let failing = json!({"kind": "sql", "payload": {"statement": "insert into later values (1)"}, "max_attempts": 2, "backoff_ms": 20});
        let id = site.submit(failing).await;
        let job = site.until(id, "discarded").await;
        assert_eq!((&job["attempt"], &job["error"]["code"]), (&json!(2), &json!("42P01")));
        site.sql("create table later (n int)").await;
        let (status, body) = site.ask("POST", &format!("/jobs/{id}/retry"), Value::Null).await;
        assert_eq!((status, &body["state"]), (200, &json!("available")));
        assert_eq!(site.until(id, "completed").await["attempt"], json!(3));
        let (status, _) = site.ask("POST", &format!("/jobs/{id}/retry"), Value::Null).await;
        assert_eq!(status, 409);
        for (kind, payload, code) in [
            ("sql", json!({"statement": "commit"}), "0A000"),
            ("sql", json!({"statement": "begin"}), "0A000"),
            ("sql", json!({"statements": []}), "22023"),
            ("function", json!({"function": "a.b.c"}), "22023"),
            ("http", json!({"url": "ftp://example.com"}), "22023"),
        ] {
            let id = site.submit(json!({"kind": kind, "payload": payload})).await;
            let job = site.until(id, "discarded").await;
            assert_eq!(
                (&job["error"]["code"], &job["attempt"]),
                (&json!(code), &json!(1)),
                "{job}"
            );
        }
        // Ends of the transaction that no command says.
        let id = site.submit(json!({"kind": "sql", "payload": {"statement": "do $$ begin commit; end $$"}, "max_attempts": 1})).await;
        assert_eq!(site.until(id, "discarded").await["error"]["code"], json!("2D000"));
    });
}

#[test]
fn a_job_ends_when_its_time_is_over_or_it_is_cancelled() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        let sleep = |ms: Value| json!({"kind": "sql", "payload": {"statement": "select pg_sleep(600)"}, "timeout_ms": ms, "max_attempts": 1});
        let late = site.submit(sleep(json!(200))).await;
        let job = site.until(late, "discarded").await;
        assert_eq!(job["error"]["message"], json!("the job took longer than its timeout"));
        let running = site.submit(sleep(Value::Null)).await;
        site.until(running, "running").await;
        let (_, body) = site.ask("POST", &format!("/jobs/{running}/cancel"), Value::Null).await;
        assert_eq!(body["state"], json!("running"));
        let job = site.until(running, "cancelled").await;
        assert_eq!(job["error"]["code"], json!("57014"));
        let (status, _) = site.ask("DELETE", &format!("/jobs/{running}"), Value::Null).await;
        assert_eq!(status, 204);
        assert_eq!(site.ask("GET", &format!("/jobs/{running}"), Value::Null).await.0, 404);
        let waiting = site.submit(json!({"kind": "sql", "run_at": "2999-01-01T00:00:00Z"})).await;
        assert_eq!(site.job(waiting).await["state"], json!("scheduled"));
        let (_, body) = site.ask("POST", &format!("/jobs/{waiting}/cancel"), Value::Null).await;
        assert_eq!(body["state"], json!("cancelled"));
        let soon =
            site.submit(json!({"kind": "sql", "payload": {"statement": "select now()"}})).await;
        site.until(soon, "completed").await;
    });
}

#[test]
fn jobs_are_their_roles_and_keys_are_unique() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        let first = site.submit(json!({"kind": "later", "unique_key": "k"})).await;
        assert_eq!(site.submit(json!({"kind": "later", "unique_key": "k"})).await, first);
        assert_ne!(
            site.submit(json!({"kind": "later", "unique_key": "k", "queue": "q"})).await,
            first
        );
        site.ask("POST", &format!("/jobs/{first}/cancel"), Value::Null).await;
        let second =
            site.submit(json!({"kind": "later", "unique_key": "k", "unique_for_ms": 60_000})).await;
        assert_ne!(second, first);
        site.ask("POST", &format!("/jobs/{second}/cancel"), Value::Null).await;
        assert_eq!(site.submit(json!({"kind": "later", "unique_key": "k"})).await, second);
        site.sql("create role ann login; create role bob login; create table secret (n int); create table anns (who text); alter table anns owner to ann").await;
        let as_role = async |role: &str, method: &str, path: &str, body: Value| {
            let (status, body) = site.ask_as(role, method, path, body).await;
            (status.as_u16(), body)
        };
        let steal = json!({"kind": "sql", "payload": {"statement": "insert into secret values (1)"}, "max_attempts": 1});
        let (status, body) = as_role("ann", "POST", "/jobs", steal).await;
        assert_eq!(status, 201, "{body}");
        let job = site.until(body["id"].as_i64().expect("an id"), "discarded").await;
        assert_eq!((&job["error"]["code"], &job["role"]), (&json!("42501"), &json!("ann")));
        let who = json!({"kind": "sql", "payload": {"statement": "insert into anns values (session_user || current_user)"}});
        let (_, body) = as_role("ann", "POST", "/jobs", who).await;
        let id = body["id"].as_i64().expect("an id");
        site.until(id, "completed").await;
        assert_eq!(site.number("select count(*) from anns where who = 'annann'").await, 1);
        assert_eq!(as_role("bob", "GET", &format!("/jobs/{id}"), Value::Null).await.0, 404);
        assert_eq!(as_role("bob", "GET", "/jobs", Value::Null).await.1["jobs"], json!([]));
        assert_eq!(as_role("bob", "POST", &format!("/jobs/{id}/retry"), Value::Null).await.0, 404);
        assert_eq!(as_role("bob", "DELETE", &format!("/jobs/{id}"), Value::Null).await.0, 404);
        assert_eq!(
            as_role("bob", "PUT", "/queues/default", json!({"is_paused": true})).await.0,
            403
        );
        let claimed = as_role("bob", "POST", "/jobs/claim", json!({"count": 10})).await.1;
        assert_eq!(claimed["jobs"], json!([]));
        for text in [
            "update jobs.job set role = 'postgres'",
            "insert into jobs.job (kind, role) values ('sql', 'postgres')",
            "update jobs.job set state = 'available'",
            "select jobs.keep('x', '1 s', 0, '0')",
            "update jobs.job set holds_key = true",
        ] {
            let (status, body) = as_role("ann", "POST", "/sql", json!({"query": text})).await;
            assert_eq!((status, &body["code"]), (403, &json!("42501")), "{text}: {body}");
        }
        // The role is gone: so is what it may do.
        let (_, body) = as_role("bob", "POST", "/jobs", json!({"kind": "sql", "payload": {"statement": "select 1"}, "run_at": "2999-01-01T00:00:00Z"})).await;
        let id = body["id"].as_i64().expect("an id");
        site.sql("drop role bob; create role bob superuser login").await;
        site.ask("POST", &format!("/jobs/{id}/retry"), Value::Null).await;
        let job = site.until(id, "discarded").await;
        assert_eq!(job["error"]["message"], json!("the role of the job does not exist any more"));
    });
}

#[test]
fn lists_are_paged_and_requests_are_checked() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        let jobs: Vec<Value> = (0..5)
            .map(|n| json!({"kind": "later", "queue": format!("q{}", n % 2), "priority": n}))
            .collect();
        let (status, body) = site.ask("POST", "/jobs", json!({"jobs": jobs})).await;
        assert_eq!(status, 201, "{body}");
        let ids: Vec<i64> = body["ids"]
            .as_array()
            .expect("ids")
            .iter()
            .map(|id| id.as_i64().expect("an id"))
            .collect();
        assert!(ids.len() == 5 && ids.is_sorted());
        let (_, page) = site.ask("GET", "/jobs?limit=2&kind=later", Value::Null).await;
        assert_eq!(page["jobs"][0]["id"], json!(ids[4]));
        assert_eq!(page["next"], json!(ids[3]));
        let path = format!("/jobs?before={}&queue=q0&state=available", ids[3]);
        let (_, page) = site.ask("GET", &path, Value::Null).await;
        assert_eq!(page["jobs"].as_array().map(Vec::len), Some(2));
        assert_eq!(page["next"], Value::Null);
        let (_, queues) = site.ask("GET", "/queues", Value::Null).await;
        assert_eq!(queues["queues"][0]["name"], json!("q0"));
        assert_eq!(queues["queues"][0]["available"], json!(3));
        for (method, path, body) in [
            ("POST", "/jobs", json!({"payload": {}})),
            ("POST", "/jobs", json!({"kind": "x", "more": 1})),
            ("POST", "/jobs", json!({"kind": "x", "max_attempts": 0})),
            ("POST", "/jobs", json!({"kind": "x", "timeout_ms": 0})),
            ("GET", "/jobs?limit=0", Value::Null),
            ("GET", "/jobs?colour=red", Value::Null),
            ("GET", "/jobs/x", Value::Null),
            ("POST", "/schedules", json!({"name": "s", "cron": "every day", "kind": "x"})),
            ("POST", "/jobs/claim", json!({"count": 100_000})),
            ("POST", "/jobs/claim", json!({"wait_ms": 600_000})),
        ] {
            let (status, answer) = site.ask(method, path, body).await;
            assert!(status == 400 || status == 409, "{method} {path}: {status} {answer}");
        }
        assert_eq!(site.ask("GET", "/jobs/999999", Value::Null).await.0, 404);
        assert_eq!(site.ask("POST", "/jobs/999999/cancel", Value::Null).await.0, 404);
    });
}

#[test]
fn workers_outside_hold_leases() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        let (_, empty) = site.ask("POST", "/jobs/claim", json!({})).await;
        assert_eq!(empty["jobs"], json!([]));
        // One that waits is woken.
        let waiting = async {
            site.ask(
                "POST",
                "/jobs/claim",
                json!({"wait_ms": 30_000, "lease_ms": 500, "worker": "w1"}),
            )
            .await
            .1
        };
        let submitting = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            site.submit(json!({"kind": "mail", "payload": {"to": "ann"}, "backoff_ms": 0})).await
        };
        let (claimed, id) = tokio::join!(waiting, submitting);
        let job = &claimed["jobs"][0];
        assert_eq!((&job["id"], &job["payload"]), (&json!(id), &json!({"to": "ann"})));
        let lease = job["lease"].clone();
        let beat = json!({"lease": lease, "lease_ms": 500, "progress": 0.5, "message": "half"});
        let (status, body) = site.ask("POST", &format!("/jobs/{id}/heartbeat"), beat).await;
        assert_eq!((status, body), (200, json!({"cancel_requested": false})));
        assert_eq!(site.job(id).await["progress"], json!(0.5));
        // It dies: the lease expires, and the next one has another.
        let next = loop {
            let (_, body) = site
                .ask("POST", "/jobs/claim", json!({"wait_ms": 10_000, "queue": "default"}))
                .await;
            if let Some(job) = body["jobs"].get(0) {
                break job.clone();
            }
        };
        assert_eq!((&next["id"], &next["attempt"]), (&json!(id), &json!(2)));
        let late = site.ask("POST", &format!("/jobs/{id}/complete"), json!({"lease": lease})).await;
        assert_eq!((late.0, &late.1["code"]), (409, &json!("55000")));
        let done = json!({"lease": next["lease"], "result": {"sent": true}});
        assert_eq!(site.ask("POST", &format!("/jobs/{id}/complete"), done).await.0, 204);
        assert_eq!(site.job(id).await["result"], json!({"sent": true}));
        // Failing, cancelling, many at once.
        let jobs: Vec<Value> = (0..3).map(|n| json!({"kind": "mail", "priority": n})).collect();
        site.ask("POST", "/jobs", json!({"jobs": jobs})).await;
        let (_, body) =
            site.ask("POST", "/jobs/claim", json!({"count": 10, "kinds": ["mail"]})).await;
        let claimed = body["jobs"].as_array().expect("jobs");
        assert_eq!(claimed.len(), 3);
        let fail = |job: &Value, retry: bool| {
            let path = format!("/jobs/{}/fail", job["id"]);
            (
                path,
                json!({"lease": job["lease"], "error": "no", "retry": retry, "delay_ms": 600_000}),
            )
        };
        let (path, body) = fail(&claimed[0], true);
        assert_eq!(site.ask("POST", &path, body).await.1["state"], json!("retryable"));
        let (path, body) = fail(&claimed[1], false);
        assert_eq!(site.ask("POST", &path, body).await.1["state"], json!("discarded"));
        let both = json!({"jobs": [
            {"id": claimed[2]["id"], "lease": claimed[2]["lease"]},
            {"id": claimed[1]["id"], "lease": claimed[1]["lease"]},
        ]});
        let (_, done) = site.ask("POST", "/jobs/complete", both).await;
        assert_eq!(done["ids"], json!([claimed[2]["id"]]));
    });
}

#[test]
fn queues_have_limits_and_stand_still() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        let (status, body) = site.ask("PUT", "/queues/narrow", json!({"max_running": 2})).await;
        assert_eq!((status, &body["max_running"]), (200, &json!(2)), "{body}");
        let sleep = json!({"kind": "sql", "queue": "narrow", "payload": {"statement": "select pg_sleep(0.15)"}});
        let jobs: Vec<Value> = (0..8).map(|_| sleep.clone()).collect();
        site.ask("POST", "/jobs", json!({"jobs": jobs})).await;
        let started = Instant::now();
        loop {
            let running = site
                .number(
                    "select count(*) from jobs.job where queue = 'narrow' and state = 'running'",
                )
                .await;
            assert!(running <= 2, "{running} run");
            let left = site
                .number(
                    "select count(*) from jobs.job where queue = 'narrow' and state <> 'completed'",
                )
                .await;
            if left == 0 {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{left} are left");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        site.ask("POST", "/queues/still/pause", Value::Null).await;
        let id = site
            .submit(json!({"kind": "sql", "queue": "still", "payload": {"statement": "select 1"}}))
            .await;
        let outside = site.submit(json!({"kind": "mail", "queue": "still"})).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(site.job(id).await["state"], json!("available"));
        let (_, body) = site.ask("POST", "/jobs/claim", json!({"queue": "still"})).await;
        assert_eq!(body["jobs"], json!([]));
        site.ask("POST", "/queues/still/resume", Value::Null).await;
        site.until(id, "completed").await;
        let (_, body) = site.ask("POST", "/jobs/claim", json!({"queue": "still"})).await;
        assert_eq!(body["jobs"][0]["id"], json!(outside));
    });
}

#[test]
fn events_are_streamed_and_resumed() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        let id = site.submit(json!({"kind": "mail"})).await;
        let (_, body) = site.ask("POST", "/jobs/claim", json!({})).await;
        let lease = body["jobs"][0]["lease"].clone();
        let stream = async |last: Option<&str>| {
            let url = format!("http://127.0.0.1:{}/api/v1/jobs/{id}/events", site.http);
            let mut request = site.client.get(url).basic_auth("postgres", Some(""));
            if let Some(last) = last {
                request = request.header("last-event-id", last);
            }
            let response = request.send().await.expect("a stream");
            assert_eq!(response.headers()["content-type"], "text/event-stream");
            response.text().await.expect("the stream ends")
        };
        let working = async {
            for (n, message) in ["one", "two"].iter().enumerate() {
                tokio::time::sleep(Duration::from_millis(700)).await;
                let beat =
                    json!({"lease": lease, "progress": (n + 1) as f64 / 2.0, "message": message});
                site.ask("POST", &format!("/jobs/{id}/heartbeat"), beat).await;
            }
            site.ask(
                "POST",
                &format!("/jobs/{id}/logs"),
                json!({"message": "nearly", "data": {"n": 1}}),
            )
            .await;
            site.ask("POST", &format!("/jobs/{id}/complete"), json!({"lease": lease, "result": 7}))
                .await;
        };
        let (text, ()) = tokio::join!(stream(None), working);
        let events: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!(events.first(), Some(&"state"));
        assert_eq!(events.iter().filter(|kind| **kind == "progress").count(), 2, "{text}");
        assert_eq!(events.iter().filter(|kind| **kind == "log").count(), 1, "{text}");
        assert!(
            text.contains("\"state\":\"completed\"") && text.contains("\"result\":7"),
            "{text}"
        );
        let first_line = text.split("event: progress").next().expect("a start");
        let last = first_line.rsplit("id: ").next().expect("an id").trim().to_owned();
        let rest = stream(Some(&last)).await;
        assert!(
            !rest.contains("\"message\":\"one\"") && rest.contains("\"message\":\"two\""),
            "{rest}"
        );
        assert_eq!(site.ask("GET", "/jobs/999999/events", Value::Null).await.0, 404);
        // More lines than one look is for, up to its end.
        let many = format!(
            "insert into jobs.event (job_id, attempt, level, message) select {id}, 1, 'info', 'line ' || g from generate_series(1, 1200) g"
        );
        site.sql(&many).await;
        let text = stream(None).await;
        let told = text.lines().filter(|line| line.contains("\"message\":\"line "));
        let numbers =
            told.filter_map(|line| line.split("line ").nth(1)?.split('"').next()?.parse().ok());
        assert_eq!(numbers.collect::<Vec<u32>>(), (1..=1200).collect::<Vec<u32>>());
        let last = text.trim_end().rsplit("event: ").next().expect("an event");
        assert!(last.starts_with("state") && last.contains("\"completed\""), "{last}");
    });
}

/// One request after the other, answered with these statuses; what they were.
fn receiver(statuses: Vec<u16>) -> (u16, std::thread::JoinHandle<Vec<String>>) {
    answering(statuses.into_iter().map(|status| (status, "ok".to_owned())).collect())
}

/// The same, with bodies.
fn answering(answers: Vec<(u16, String)>) -> (u16, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serving = std::thread::spawn(move || {
        let mut heads = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut bytes = Vec::new();
            let mut buffer = [0; 4096];
            while !String::from_utf8_lossy(&bytes).contains("{\"n\":1}") {
                let read = stream.read(&mut buffer).expect("a request");
                assert!(read > 0, "the request is whole");
                bytes.extend_from_slice(&buffer[..read]);
            }
            heads.push(String::from_utf8_lossy(&bytes).to_lowercase());
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).expect("the answer is sent");
        }
        heads
    });
    (port, serving)
}

#[test]
fn http_jobs_repeat_with_one_key_and_stay_outside() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        let (port, serving) = receiver(vec![503, 200, 404]);
        let call = json!({"url": format!("http://127.0.0.1:{port}/hook"), "headers": {"X-Key": "k"}, "body": {"n": 1}});
        let id = site.submit(json!({"kind": "http", "payload": call, "backoff_ms": 20})).await;
        let job = site.until(id, "completed").await;
        assert_eq!(job["result"], json!({"status": 200, "body": "ok"}));
        assert_eq!(job["attempt"], json!(2));
        let missing = site.submit(json!({"kind": "http", "payload": call})).await;
        let job = site.until(missing, "discarded").await;
        assert_eq!((&job["attempt"], &job["error"]["answer"]["status"]), (&json!(1), &json!(404)));
        let heads = serving.join().expect("the receiver ends");
        let key = format!("idempotency-key: {id}\r\n");
        assert!(heads[..2].iter().all(|head| head.contains(&key) && head.contains("x-key: k")));
        assert!(heads[0].starts_with("post /hook http/1.1"), "{}", heads[0]);
    });
    block_on(async {
        // Few bytes on their way, many as JSON: more than a result may have.
        let (port, serving) = answering(vec![(200, "\u{1}".repeat(300_000))]);
        let call = json!({"url": format!("http://127.0.0.1:{port}/"), "body": {"n": 1}});
        let id = site.submit(json!({"kind": "http", "payload": call})).await;
        let job = site.until(id, "discarded").await;
        let message = job["error"]["message"].as_str().expect("a message");
        assert!(message.contains("a result has at most"), "{message}");
        assert_eq!(job["attempt"], json!(1));
        serving.join().expect("the receiver ends");
    });
    drop(site);
    let site = Site::start_with(&directory, &SETTINGS[..2]);
    block_on(async {
        for url in ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/"] {
            let job = json!({"kind": "http", "payload": {"url": url}, "max_attempts": 1});
            let job = site.until(site.submit(job).await, "discarded").await;
            let message = job["error"]["message"].as_str().expect("a message").to_owned();
            assert!(message.contains("jobs_http_private"), "{message}");
        }
    });
}

#[test]
fn each_tick_is_enqueued_once_over_kills() {
    let directory = TempDir::new().expect("a directory");
    let mut site = Site::start(&directory);
    block_on(async {
        let every_second = json!({"name": "s", "cron": "* * * * * *", "time_zone": "Europe/Berlin", "kind": "tick", "missed": "all"});
        let (status, body) = site.ask("POST", "/schedules", every_second.clone()).await;
        assert_eq!(status, 201, "{body}");
        assert_eq!(site.ask("POST", "/schedules", every_second).await.0, 409);
    });
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(2_300));
        site.server.kill();
        std::thread::sleep(Duration::from_millis(1_500));
        site = Site::start(&directory);
    }
    std::thread::sleep(Duration::from_millis(1_500));
    block_on(async {
        let (status, _) = site.ask("POST", "/schedules/s/pause", Value::Null).await;
        assert_eq!(status, 200);
        let ticks = "select count(*) from jobs.job where schedule = 's'";
        let span = "select extract(epoch from max(tick) - min(tick))::bigint + 1 from jobs.job where schedule = 's'";
        let (count, span) = (site.number(ticks).await, site.number(span).await);
        assert_eq!(count, span, "each second has its tick, and one");
        assert!(count >= 8, "{count}");
        let (_, list) = site.ask("GET", "/schedules", Value::Null).await;
        assert_eq!(list["schedules"][0]["is_paused"], json!(true));
        assert_eq!(site.ask("DELETE", "/schedules/s", Value::Null).await.0, 204);
        assert_eq!(site.number(ticks).await, count);
    });
}

/// A worker outside: it claims, does something for each job that is seen, dies at times
/// without a word.
async fn work_outside(http: u16, port: u16, stop: Arc<AtomicBool>) {
    let client = Client::new();
    let ask = async |path: String, body: Value| {
        let url = format!("http://127.0.0.1:{http}/api/v1/jobs{path}");
        let request = client.post(url).basic_auth("postgres", Some("")).body(body.to_string());
        let text = request.send().await?.text().await?;
        Ok::<Value, reqwest::Error>(serde_json::from_str(&text).unwrap_or_default())
    };
    let Ok(sql) = crate::support::try_connect(port).await else { return };
    while !stop.load(Ordering::Relaxed) {
        let claim = json!({"count": 20, "lease_ms": 1_500, "kinds": ["outside"], "wait_ms": 300});
        let Ok(claimed) = ask("/claim".to_owned(), claim).await else { return };
        for job in claimed["jobs"].as_array().into_iter().flatten() {
            let id = job["id"].as_i64().expect("an id");
            let wrong = id % 5 == 0 && job["attempt"] == 1;
            if rand::random_range(0..60) == 0 {
                // Killed: nobody hears of the rest.
                break;
            }
            let lease = &job["lease"];
            let ended = match wrong {
                true => {
                    ask(
                        format!("/{id}/fail"),
                        json!({"lease": lease, "error": "once", "delay_ms": 100}),
                    )
                    .await
                }
                false => {
                    if sql.execute("insert into outside values ($1)", &[&id]).await.is_err() {
                        return;
                    }
                    ask(format!("/{id}/complete"), json!({"lease": lease})).await
                }
            };
            if ended.is_err() {
                return;
            }
        }
    }
}

/// Every fifth job fails once; workers, sessions and twice the server are killed. Each
/// effect inside is there once, each outside at least once and at most as often as it was
/// tried. `TEST_JOBS` says how many.
#[test]
fn jobs_survive_what_runs_them() {
    let total = count("TEST_JOBS", 600) as i64;
    let limit = Duration::from_secs(200.max(total as u64 / 20));
    let directory = TempDir::new().expect("a directory");
    let mut site = Site::start(&directory);
    block_on(async {
        site.submit(json!({"kind": "none", "queue": "none"})).await;
        site.sql(&format!(
            "create table inside (job bigint); create table outside (job bigint); \
             create function work(a jsonb) returns void language plpgsql as $$ begin \
               if current_setting('jobs.id')::bigint % 5 = 0 and (select attempt from jobs.job where id = current_setting('jobs.id')::bigint) = 1 \
                 then raise exception 'once'; end if; \
               insert into inside values (current_setting('jobs.id')::bigint); end $$; \
             select count(jobs.submit(case when g % 2 = 0 then 'function' else 'outside' end, '{{\"function\": \"work\"}}', backoff => '50 ms')) \
               from generate_series(1, {total}) g"
        ))
        .await;
    });
    let left = "select count(*) from jobs.job where queue = 'default' and state <> 'completed'";
    let started = Instant::now();
    for round in 0.. {
        assert!(started.elapsed() < limit, "jobs are left");
        let stop = Arc::new(AtomicBool::new(false));
        let is_last = round >= 2;
        let is_done = block_on(async {
            let workers: Vec<_> = (0..3)
                .map(|_| tokio::spawn(work_outside(site.http, site.server.port, stop.clone())))
                .collect();
            let round_started = Instant::now();
            let mut is_done = false;
            while !is_done && (is_last || round_started.elapsed() < Duration::from_millis(1_200)) {
                tokio::time::sleep(Duration::from_millis(250)).await;
                let kill = "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity where application_name like 'job %' limit 1) a";
                if round < 5 {
                    site.number(kill).await;
                }
                is_done = site.number(left).await == 0;
                assert!(started.elapsed() < limit, "jobs are left");
                if is_last && workers.iter().all(|worker| worker.is_finished()) {
                    break;
                }
            }
            stop.store(true, Ordering::Relaxed);
            if is_last {
                for worker in workers {
                    worker.await.expect("a worker ends");
                }
            }
            is_done
        });
        if is_done {
            break;
        }
        if !is_last {
            site.server.kill();
            site = Site::start(&directory);
        }
    }
    block_on(async {
        let client = connect(site.server.port).await;
        let text = "select j.id, j.kind, j.attempt, (select count(*) from inside where job = j.id) + (select count(*) from outside where job = j.id) from jobs.job j where queue = 'default'";
        let rows = client.query(text, &[]).await.expect("rows");
        assert_eq!(rows.len() as i64, total);
        let mut attempts: HashMap<i32, u32> = HashMap::new();
        for row in &rows {
            let (id, kind, tried, effects): (i64, &str, i32, i64) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            *attempts.entry(tried).or_default() += 1;
            assert!(effects >= 1, "job {id} has no effect");
            match kind {
                "function" => assert_eq!(effects, 1, "job {id}"),
                _ => assert!(effects <= i64::from(tried), "job {id}: {effects} of {tried}"),
            }
        }
        println!("{total} jobs, by attempts: {attempts:?}");
    });
}

#[test]
fn jobs_come_by_priority_with_their_transaction_and_go_when_they_are_old() {
    let directory = TempDir::new().expect("a directory");
    let settings = [SETTINGS[0], ("ZSERVER_JOBS_WORKERS", "1"), ("ZSERVER_JOBS_KEEP_COUNT", "4")];
    let site = Site::start_with(&directory, &settings);
    block_on(async {
        site.ask("POST", "/queues/q/pause", Value::Null).await;
        let submit = |priority: i32| {
            format!(
                "select jobs.submit('sql', '{{\"statement\": \"select 1\"}}', queue => 'q', priority => {priority})"
            )
        };
        site.sql(&format!("begin; {}; rollback", submit(100))).await;
        for priority in [0, 5, -5, 5] {
            site.sql(&submit(priority)).await;
        }
        site.ask("POST", "/queues/q/resume", Value::Null).await;
        let started = Instant::now();
        while site.number("select count(*) from jobs.job where state = 'completed'").await < 4 {
            assert!(started.elapsed() < Duration::from_secs(60), "the jobs are done");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let client = connect(site.server.port).await;
        let text = "select string_agg(priority::text, ' ' order by finished_at) from jobs.job";
        let order: String = client.query_one(text, &[]).await.expect("a row").get(0);
        assert_eq!(order, "5 5 0 -5");
        let more: Vec<String> = (0..6).map(submit).collect();
        site.sql(&more.join(";")).await;
        while site.number("select count(*) from jobs.job").await != 4 {
            assert!(started.elapsed() < Duration::from_secs(60), "four are kept");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(site.number("select count(*) from jobs.job where state = 'completed'").await, 4);
    });
}
