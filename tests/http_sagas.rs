//! Sagas: steps that are all done, or undone, whenever the server is killed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http_jobs::{SETTINGS, Site};
use crate::support::{block_on, connect, zserver::Zserver};

/// What steps do: a row for each that is done or undone.
const LEDGER: &str =
    "create table ledger (n bigint generated always as identity, run text, step text, what text)";

/// A step that enters itself in the ledger, and a compensation that does.
fn entry(name: &str) -> Value {
    let sql = |what: &str| {
        json!({"kind": "sql", "statement": format!("insert into ledger (run, step, what) values ($1, '{name}', '{what}')"),
            "params": [{"ref": "/run"}], "backoff_ms": 20})
    };
    let mut step = sql("do");
    step["name"] = json!(name);
    step["compensate"] = sql("undo");
    step
}

/// A step that always fails.
fn failing(name: &str) -> Value {
    json!({"name": name, "kind": "sql", "statement": "select 1 / 0", "max_attempts": 2, "backoff_ms": 10})
}

async fn define(site: &Site, name: &str, steps: Value) {
    let path = format!("/sagas/definitions/{name}");
    let (status, body) = site.ask("PUT", &path, json!({"steps": steps})).await;
    assert_eq!(status, 200, "{body}");
}

async fn start(site: &Site, definition: &str, input: Value) -> i64 {
    let body = json!({"definition": definition, "input": input});
    let (status, body) = site.ask("POST", "/sagas", body).await;
    assert_eq!(status, 201, "{body}");
    body["id"].as_i64().expect("an id")
}

async fn run(site: &Site, id: i64) -> Value {
    site.ask("GET", &format!("/sagas/{id}"), Value::Null).await.1
}

async fn until(site: &Site, id: i64, states: &[&str]) -> Value {
    let started = Instant::now();
    loop {
        let run = run(site, id).await;
        if states.iter().any(|state| run["state"] == *state) {
            return run;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{run}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// What a run has entered, in order: `+a -a`.
async fn entries(site: &Site, id: i64) -> String {
    let client = connect(site.server.port).await;
    let text = "select coalesce(string_agg(case what when 'do' then '+' else '-' end || step, ' ' order by n), '') from ledger where run = $1";
    client.query_one(text, &[&id.to_string()]).await.expect("a row").get(0)
}

#[test]
fn steps_are_done_in_their_order_and_know_of_each_other() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        site.sql(LEDGER).await;
        site.sql("create function price(a jsonb) returns jsonb language sql as $$ select jsonb_build_object('sum', (a->>'count')::int * 3) $$").await;
        let steps = json!([
            {"name": "price", "kind": "function", "function": "price", "argument": {"count": {"ref": "/input/count"}}},
            {"name": "left", "kind": "sql", "after": ["price"], "statement": "insert into ledger (run, step, what) values ($1, $2, 'do')",
                "params": [{"ref": "/run"}, {"ref": "/steps/price/result/sum"}]},
            {"name": "right", "kind": "sql", "after": ["price"], "statement": "select pg_sleep(0.1)"},
            {"name": "end", "kind": "sql", "after": ["left", "right"], "statement": "select 1"},
        ]);
        define(&site, "order", steps).await;
        let id = start(&site, "order", json!({"count": 4})).await;
        let run = until(&site, id, &["completed"]).await;
        assert_eq!(run["steps"][0]["result"], json!({"sum": 12}));
        assert_eq!(entries(&site, id).await, "+12");
        let states: Vec<&Value> =
            run["steps"].as_array().expect("steps").iter().map(|step| &step["state"]).collect();
        assert!(states.iter().all(|state| **state == "completed"), "{run}");
        // A key is for one run.
        let body = json!({"definition": "order", "input": {"count": 1}, "idempotency_key": "k"});
        let first = site.ask("POST", "/sagas", body.clone()).await.1;
        assert_eq!(site.ask("POST", "/sagas", body).await.1, first);
        let with_header = async |key: &[u8], body: &Value| {
            let url = format!("http://127.0.0.1:{}/api/v1/sagas", site.http);
            let request = site.client.post(url).basic_auth("postgres", Some(""));
            let key = reqwest::header::HeaderValue::from_bytes(key).expect("a value");
            let request = request.header("idempotency-key", key).body(body.to_string());
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            (status, response.json::<Value>().await.expect("JSON"))
        };
        let plain = json!({"definition": "order", "input": {"count": 1}});
        assert_eq!(with_header(b"k", &plain).await, (201, first.clone()));
        let both = json!({"definition": "order", "idempotency_key": "k"});
        assert_eq!(with_header(b"k", &both).await, (201, first));
        for wrong in [&b"other"[..], "k\u{e9}".as_bytes(), b""] {
            assert_eq!(with_header(wrong, &both).await.0, 400);
        }
        assert_eq!(with_header("k\u{e9}".as_bytes(), &plain).await.0, 400);
        for (name, steps) in [
            ("empty", json!([])),
            ("kind", json!([{"name": "a", "kind": "dance"}])),
            ("twice", json!([entry("a"), entry("a")])),
            (
                "after",
                json!([{"name": "a", "kind": "sql", "statement": "select 1", "after": ["b"]}]),
            ),
            ("member", json!([{"name": "a", "kind": "sql", "statement": "select 1", "colour": 1}])),
        ] {
            let path = format!("/sagas/definitions/{name}");
            let (status, body) = site.ask("PUT", &path, json!({"steps": steps})).await;
            assert_eq!((status, &body["code"]), (400, &json!("22023")), "{name}");
        }
        assert_eq!(site.ask("POST", "/sagas", json!({"definition": "none"})).await.0, 404);
        assert_eq!(site.ask("GET", "/sagas/99999", Value::Null).await.0, 404);
        let (_, list) = site.ask("GET", "/sagas?definition=order&limit=1", Value::Null).await;
        assert!(list["next"].is_number(), "{list}");
        let (_, list) = site.ask("GET", "/sagas/definitions", Value::Null).await;
        assert_eq!(list["definitions"][0]["name"], json!("order"));
        assert_eq!(site.ask("DELETE", "/sagas/definitions/order", Value::Null).await.0, 204);
    });
}

#[test]
fn what_was_done_is_undone_in_reverse() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        site.sql(LEDGER).await;
        define(&site, "fails", json!([entry("a"), entry("b"), failing("c"), entry("d")])).await;
        let id = start(&site, "fails", json!({})).await;
        let run = until(&site, id, &["compensated"]).await;
        assert_eq!(entries(&site, id).await, "+a +b -b -a");
        assert_eq!(run["error"]["code"], json!("22012"));
        assert_eq!(
            (&run["steps"][2]["state"], &run["steps"][3]["state"]),
            (&json!("failed"), &json!("skipped"))
        );
        // Cancelled while a step runs.
        let sleep = json!({"name": "sleep", "kind": "sql", "statement": "select pg_sleep(600)"});
        define(&site, "slow", json!([entry("a"), sleep])).await;
        let id = start(&site, "slow", json!({})).await;
        let started = Instant::now();
        while run_step(&site, id, 1).await != "running" {
            assert!(started.elapsed() < Duration::from_secs(60), "the step begins");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        let (status, body) = site.ask("POST", &format!("/sagas/{id}/cancel"), Value::Null).await;
        assert_eq!((status, &body["state"]), (200, &json!("compensating")), "{body}");
        until(&site, id, &["compensated"]).await;
        assert_eq!(entries(&site, id).await, "+a -a");
        // Its jobs are not to be taken away.
        let refused = site
            .ask(
                "POST",
                "/sql",
                json!({"query": "insert into jobs.job (kind, payload) values ('saga', '{}')"}),
            )
            .await;
        assert_eq!(refused.0, 200);
        let (_, jobs) = site.ask("GET", "/jobs?kind=saga&limit=1", Value::Null).await;
        let forged = jobs["jobs"][0]["id"].as_i64().expect("an id");
        let started = Instant::now();
        loop {
            let job = site.ask("GET", &format!("/jobs/{forged}"), Value::Null).await.1;
            if job["state"] == "discarded" {
                assert_eq!(job["error"]["message"], json!("no saga waits for the job"));
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{job}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}

async fn run_step(site: &Site, id: i64, step: usize) -> String {
    run(site, id).await["steps"][step]["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_compensation_that_fails_is_resolved_by_hand() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        site.sql(LEDGER).await;
        let mut broken = entry("b");
        broken["compensate"]["statement"] = json!("insert into nowhere values ($1)");
        broken["compensate"]["max_attempts"] = json!(1);
        define(&site, "stuck", json!([entry("a"), broken, failing("c")])).await;
        for how in ["done", "retry"] {
            let id = start(&site, "stuck", json!({})).await;
            let run = until(&site, id, &["stuck"]).await;
            assert_eq!(run["steps"][1]["error"]["code"], json!("42P01"));
            let resolve = async |step: &str, how: &str| {
                let path = format!("/sagas/{id}/steps/{step}/resolve");
                site.ask("POST", &path, json!({"how": how})).await
            };
            assert_eq!(resolve("a", how).await.0, 409);
            assert_eq!(resolve("b", "wish").await.0, 400);
            if how == "retry" {
                site.sql("create table nowhere (run text)").await;
            }
            assert_eq!(resolve("b", how).await.0, 200);
            until(&site, id, &["compensated"]).await;
            assert_eq!(entries(&site, id).await, "+a +b -a");
        }
    });
}

/// The server is killed at each boundary between steps, once going on and once undoing.
#[test]
fn a_run_is_done_or_undone_over_kills() {
    let directory = TempDir::new().expect("a directory");
    let mut site = Site::start(&directory);
    let names = ["a", "b", "c", "d"];
    block_on(async {
        site.sql(LEDGER).await;
        let good: Vec<Value> = names.iter().map(|name| entry(name)).collect();
        define(&site, "good", json!(good)).await;
        let bad: Vec<Value> = good.into_iter().chain([failing("e")]).collect();
        define(&site, "bad", json!(bad)).await;
    });
    let mut runs = Vec::new();
    for (definition, entries_at_kill) in
        (0..=4).map(|n| ("good", n)).chain((0..=8).map(|n| ("bad", n)))
    {
        let id = block_on(async {
            let id = start(&site, definition, json!({})).await;
            let started = Instant::now();
            let count = format!("select count(*) from ledger where run = '{id}'");
            while site.number(&count).await < entries_at_kill {
                assert!(started.elapsed() < Duration::from_secs(60), "run {id} goes on");
            }
            id
        });
        site.server.kill();
        site = Site::start(&directory);
        runs.push((definition, id));
    }
    block_on(async {
        for (definition, id) in runs {
            let run = until(&site, id, &["completed", "compensated"]).await;
            let expected = match definition {
                "good" => ("completed", "+a +b +c +d"),
                _ => ("compensated", "+a +b +c +d -d -c -b -a"),
            };
            let found = entries(&site, id).await;
            assert_eq!(
                (run["state"].as_str().expect("a state"), found.as_str()),
                expected,
                "run {id}"
            );
        }
    });
}

#[test]
fn a_step_on_another_server_is_there_exactly_if_the_run_says_so() {
    let other = Zserver::start();
    let directory = TempDir::new().expect("a directory");
    let mut site = Site::start_with(&directory, &SETTINGS);
    block_on(async {
        connect(other.port)
            .await
            .batch_execute("create table far (run text, what text)")
            .await
            .expect("a table");
        site.sql(&format!(
            "select zserver_add_server('far', 'host=127.0.0.1 port={} user=postgres dbname=postgres')",
            other.port
        ))
        .await;
        let remote = |what: &str| {
            json!({"kind": "remote", "server": "far", "statement": format!("insert into far values (%L, '{what}')"),
                "params": [{"ref": "/run"}], "backoff_ms": 50})
        };
        let mut step = remote("do");
        step["name"] = json!("far");
        step["compensate"] = remote("undo");
        define(&site, "far", json!([step, failing("end")])).await;
        define(&site, "near", json!([{"name": "far", "kind": "remote", "server": "far", "statement": "insert into far values ('x', 'once')"}])).await;
        let id = start(&site, "near", json!({})).await;
        until(&site, id, &["completed"]).await;
    });
    let id = block_on(start(&site, "far", json!({})));
    std::thread::sleep(Duration::from_millis(60));
    site.server.kill();
    site = Site::start(&directory);
    block_on(async {
        until(&site, id, &["compensated"]).await;
        let client = connect(other.port).await;
        let rows = client
            .query("select what from far where run = $1", &[&id.to_string()])
            .await
            .expect("rows");
        let mut found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        found.sort();
        assert_eq!(found, ["do", "undo"]);
        let once = client.query("select 1 from far where run = 'x'", &[]).await.expect("rows");
        assert_eq!(once.len(), 1);
    });
}
