//! Jobs that write rows to files, and files to rows: once or not at all.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http_jobs::{SETTINGS, Site};
use crate::support::block_on;
use crate::support::request::Asker;

/// A server with jobs and a bucket.
fn started(settings: &[(&str, &str)]) -> (Site, Asker, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start_with(&directory, &[&SETTINGS[..], settings].concat());
    let asker = Asker::new(site.http, "postgres");
    let made = asker.send("PUT", "/api/v1/files/b", "", b"{}");
    assert_eq!(made.status, 201, "{}", made.text());
    (site, asker, directory)
}

fn put(asker: &Asker, name: &str, text: &str) {
    let stored = asker.send("PUT", &format!("/api/v1/files/{name}"), "", text.as_bytes());
    assert_eq!(stored.status, 201, "{}", stored.text());
}

fn read(asker: &Asker, name: &str) -> (u16, String) {
    let answer = asker.ask("GET", &format!("/api/v1/files/{name}"));
    (answer.status, answer.text())
}

/// A job that is tried once or as often as jobs are, and what became of it.
async fn done(site: &Site, kind: &str, payload: Value, state: &str) -> Value {
    let job = json!({"kind": kind, "payload": payload, "backoff_ms": 10, "max_attempts": 3});
    let id = site.submit(job).await;
    site.until(id, state).await
}

#[test]
fn rows_go_to_files_and_back() {
    let (site, asker, _directory) = started(&[]);
    asker.sql(
        "create table t (id int primary key, name text, tags text[], at timestamptz, more jsonb)",
    );
    asker.sql("insert into t values (1, 'a,\"b\"\nc', '{x,y}', '2026-01-02 03:04:05+00', '{\"k\": [1]}'), (2, '', null, null, null), (3, null, '{}', null, 'null')");
    asker.sql("create table u (like t)");
    block_on(async {
        for format in ["csv", "ndjson"] {
            let to = format!("b/t.{format}");
            let export = json!({"statement": "select * from t where id < $1 order by id", "params": [100], "to": to, "format": format});
            let job = done(&site, "export", export, "completed").await;
            let (status, text) = read(&asker, &to);
            assert_eq!(status, 200);
            assert_eq!(
                (&job["result"]["row_count"], &job["result"]["size"], &job["result"]["name"]),
                (&json!(3), &json!(text.len()), &json!(format!("t.{format}")))
            );
            let ingest = json!({"from": to, "table": "public.u", "format": format});
            let job = done(&site, "ingest", ingest, "completed").await;
            assert_eq!(job["result"]["row_count"], json!(3), "{job}");
            assert_eq!(
                asker.sql("select * from u order by id"),
                asker.sql("select * from t order by id")
            );
            asker.sql("delete from u");
        }
        let answer = asker.ask("GET", "/api/v1/files/b/t.csv");
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
        assert!(
            answer.text().starts_with("id,name,tags,at,more\n1,\"a,\"\"b\"\"\nc\","),
            "{}",
            answer.text()
        );
        // None and many: what is larger than a row's content is a file of its own.
        let none =
            json!({"statement": "select 1 as n where false", "to": "b/none.csv", "format": "csv"});
        done(&site, "export", none, "completed").await;
        assert_eq!(read(&asker, "b/none.csv").1, "n\n");
        asker.sql("create table many (n int, twice int)");
        let many = json!({"statement": "select n, n * 2 as twice from generate_series(1, 50000) n", "to": "b/many", "metadata": {"of": "numbers"}});
        let job = done(&site, "export", many, "completed").await;
        assert_eq!(job["result"]["row_count"], json!(50_000));
        let job =
            done(&site, "ingest", json!({"from": "b/many", "table": "many"}), "completed").await;
        assert_eq!(job["result"]["row_count"], json!(50_000));
        assert_eq!(
            asker.sql("select count(*), sum(n), sum(twice) from many"),
            json!([[50_000, 1_250_025_000_i64, 2_500_050_000_i64]])
        );
        // Columns that are named, lines without the newline at the end, blank ones.
        put(&asker, "b/bare.csv", "7,seven\n8,");
        let bare =
            json!({"from": "b/bare.csv", "table": "u", "format": "csv", "columns": ["id", "name"]});
        assert_eq!(done(&site, "ingest", bare, "completed").await["result"]["row_count"], json!(2));
        put(&asker, "b/some", "\u{feff}{\"id\": 9}\r\n\n{\"id\": 10, \"name\": \"ten\"}");
        let some = json!({"from": "b/some", "table": "u", "columns": ["name", "id"]});
        assert_eq!(done(&site, "ingest", some, "completed").await["result"]["row_count"], json!(2));
        assert_eq!(
            asker.sql("select id, name from u order by id"),
            json!([[7, "seven"], [8, null], [9, null], [10, "ten"]])
        );
        put(&asker, "b/mark.csv", "\u{feff}\"id\",name\n11,eleven\n");
        let mark = json!({"from": "b/mark.csv", "table": "u", "format": "csv"});
        assert_eq!(done(&site, "ingest", mark, "completed").await["result"]["row_count"], json!(1));
        // The effect of a statement is there with its file.
        let moved =
            json!({"statement": "delete from u where id > 9 returning id", "to": "b/moved"});
        let job = done(&site, "export", moved, "completed").await;
        assert_eq!(job["result"]["row_count"], json!(2));
        assert_eq!(asker.sql("select max(id) from u"), json!([[9]]));
    });
}

#[test]
fn points_go_into_a_collection() {
    let (site, asker, _directory) = started(&[("ZSERVER_COLLECTIONS_INGEST_ROWS", "10")]);
    let made = asker.send(
        "POST",
        "/api/v1/collections",
        "",
        br#"{"name": "k", "vectors": {"size": 2, "distance": "euclid"}}"#,
    );
    assert!(matches!(made.status, 200 | 201), "{}", made.text());
    let line = |id: usize, x: usize| {
        format!("{{\"id\": {id}, \"vector\": [{x}, 1], \"payload\": {{\"n\": {x}}}}}\n")
    };
    let lines: String = (0..35).map(|id| line(id, id)).chain([line(3, 300)]).collect();
    put(&asker, "b/points", &lines);
    let count = || asker.sql("select count(*), max((payload->>'n')::int) from collections.k");
    block_on(async {
        let job =
            done(&site, "ingest", json!({"from": "b/points", "collection": "k"}), "completed")
                .await;
        assert_eq!(job["result"]["row_count"], json!(36));
        assert_eq!(count(), json!([[35, 300]]));
        // One line is wrong: nothing of the others is stored.
        put(
            &asker,
            "b/wrong",
            &format!(
                "{}{{\"id\": 99, \"vector\": [1]}}\n",
                (100..125).map(|id| line(id, id)).collect::<String>()
            ),
        );
        let job =
            done(&site, "ingest", json!({"from": "b/wrong", "collection": "k"}), "discarded").await;
        assert!(
            job["error"]["where"].as_str().is_some_and(|place| place.contains("line 26")),
            "{job}"
        );
        assert_eq!(job["attempt"], json!(1));
        assert_eq!(count(), json!([[35, 300]]));
        let csv = json!({"from": "b/points", "collection": "k", "format": "csv"});
        assert_eq!(done(&site, "ingest", csv, "discarded").await["error"]["code"], json!("0A000"));
        let missing = json!({"from": "b/points", "collection": "none"});
        assert_eq!(
            done(&site, "ingest", missing, "discarded").await["error"]["code"],
            json!("42P01")
        );
    });
}

#[test]
fn what_is_wrong_leaves_nothing() {
    let (site, asker, _directory) = started(&[
        ("ZSERVER_JOBS_EXPORT_MAX", "100kB"),
        ("ZSERVER_JOBS_INGEST_LINE", "1kB"),
        ("ZSERVER_JOBS_INGEST_ROWS", "2"),
    ]);
    asker.sql("create table t (id int primary key, name text not null)");
    put(&asker, "b/late.csv", "id,name\n1,a\nx,b\n");
    put(
        &asker,
        "b/json",
        "{\"id\": 1, \"name\": \"a\"}\n{\"id\": 2, \"name\": \"b\"}\n{\"id\": 3,\n",
    );
    put(&asker, "b/other", "{\"id\": 1, \"name\": \"a\"}\n{\"id\": 2, \"colour\": \"b\"}\n");
    put(
        &asker,
        "b/twice",
        "{\"id\": 1, \"name\": \"a\"}\n{\"id\": 2, \"name\": \"b\"}\n{\"id\": 1, \"name\": \"c\"}\n",
    );
    put(&asker, "b/null", "{\"id\": 1, \"name\": \"a\"}\n{\"id\": 2}\n");
    put(&asker, "b/long", &format!("{{\"id\": 1, \"name\": \"{}\"}}\n", "x".repeat(2_000)));
    put(&asker, "b/empty", "");
    put(&asker, "b/array", "[1, 2]\n");
    block_on(async {
        for (from, format, code, place) in [
            ("late.csv", "csv", "22P02", "line 3"),
            ("json", "ndjson", "22P02", "line 3"),
            ("other", "ndjson", "22P02", "line 2"),
            ("twice", "ndjson", "23505", "lines 3 to 3"),
            ("null", "ndjson", "23502", "lines 1 to 2"),
            ("long", "ndjson", "54000", "line 1"),
            ("array", "ndjson", "22P02", "line 1"),
            ("empty", "csv", "22P04", ""),
        ] {
            let ingest = json!({"from": format!("b/{from}"), "table": "t", "format": format});
            let job = done(&site, "ingest", ingest, "discarded").await;
            let error = &job["error"];
            assert_eq!(
                (&error["code"], &job["attempt"]),
                (&json!(code), &json!(1)),
                "{from}: {job}"
            );
            assert!(error["where"].as_str().unwrap_or_default().contains(place), "{from}: {job}");
            assert_eq!(asker.sql("select count(*) from t"), json!([[0]]), "{from}");
        }
        // What may be there the next time is tried again.
        for (payload, code) in [
            (json!({"from": "b/nothing", "table": "t"}), "58P01"),
            (json!({"from": "b/late.csv", "table": "nothing", "format": "csv"}), "42P01"),
        ] {
            let job = done(&site, "ingest", payload, "discarded").await;
            assert_eq!(
                (&job["error"]["code"], &job["attempt"]),
                (&json!(code), &json!(3)),
                "{job}"
            );
        }
        for payload in [
            json!({"from": "b/empty"}),
            json!({"from": "b/empty", "table": "t", "collection": "k"}),
            json!({"from": "empty", "table": "t"}),
            json!({"from": "b/../x", "table": "t"}),
            json!({"from": "b/empty", "table": "a.b.c"}),
            json!({"from": "b/empty", "table": "t", "format": "xml"}),
            json!({"from": "b/empty", "table": "t", "colour": 1}),
        ] {
            let job = done(&site, "ingest", payload.clone(), "discarded").await;
            assert_eq!(
                (&job["error"]["code"], &job["attempt"]),
                (&json!("22023"), &json!(1)),
                "{payload}"
            );
        }
        for (statement, code) in [
            ("select repeat('x', 1000) from generate_series(1, 200)", "54000"),
            ("create table nothing ()", "22023"),
            ("commit", "0A000"),
        ] {
            let export = json!({"statement": statement, "to": "b/out"});
            let job = done(&site, "export", export, "discarded").await;
            assert_eq!(
                (&job["error"]["code"], &job["attempt"]),
                (&json!(code), &json!(1)),
                "{job}"
            );
        }
        let nowhere = json!({"statement": "select 1", "to": "nowhere/out"});
        assert_eq!(
            done(&site, "export", nowhere, "discarded").await["error"]["code"],
            json!("42704")
        );
        asker.sql("update files.buckets set quota = 3000");
        let large = json!({"statement": "select repeat('x', 1000) from generate_series(1, 50)", "to": "b/out"});
        let job = done(&site, "export", large, "discarded").await;
        assert_eq!((&job["error"]["code"], &job["attempt"]), (&json!("54000"), &json!(1)), "{job}");
        assert_eq!(read(&asker, "b/out").0, 404);
        assert_eq!(asker.sql("select to_regclass('nothing') is null"), json!([[true]]));
    });
}

#[test]
fn jobs_have_the_rights_of_their_roles() {
    let (site, asker, _directory) = started(&[]);
    asker.sql("create role ann login");
    asker.sql("create table secret (id int)");
    asker.sql("create table anns (id int)");
    asker.sql("alter table anns owner to ann");
    put(&asker, "b/ids", "{\"id\": 1}\n");
    let made = asker.send("PUT", "/api/v1/files/own", "", b"{\"owner\": \"ann\"}");
    assert_eq!(made.status, 201);
    block_on(async {
        let of_ann = async |kind: &str, payload: Value| {
            let job = json!({"kind": kind, "payload": payload, "max_attempts": 1});
            let (status, body) = site.ask_as("ann", "POST", "/jobs", job).await;
            assert_eq!(status.as_u16(), 201, "{body}");
            let id = body["id"].as_i64().expect("an id");
            loop {
                let job = site.job(id).await;
                if job["state"] == "completed" || job["state"] == "discarded" {
                    return job["error"]["code"].as_str().unwrap_or("done").to_owned();
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        let export = |statement: &str, to: &str| json!({"statement": statement, "to": to});
        assert_eq!(of_ann("export", export("select * from secret", "own/x")).await, "42501");
        // A bucket that she does not see is not there.
        assert_eq!(of_ann("export", export("select 1", "b/x")).await, "42704");
        assert_eq!(of_ann("export", export("select 1 as id", "own/x")).await, "done");
        assert_eq!(
            asker.sql("select made_by from files.objects where name = 'x'"),
            json!([["ann"]])
        );
        assert_eq!(of_ann("ingest", json!({"from": "b/ids", "table": "anns"})).await, "58P01");
        assert_eq!(of_ann("ingest", json!({"from": "own/x", "table": "secret"})).await, "42501");
        assert_eq!(of_ann("ingest", json!({"from": "own/x", "table": "anns"})).await, "done");
        assert_eq!(asker.sql("select id from anns"), json!([[1]]));
    });
}

#[test]
fn long_ones_tell_how_far_they_are_and_are_cancelled() {
    let (site, asker, _directory) = started(&[]);
    block_on(async {
        let slow = "select g, pg_sleep(0.02) from generate_series(1, 100000) g";
        let id = site
            .submit(json!({"kind": "export", "payload": {"statement": slow, "to": "b/slow"}}))
            .await;
        let logs = async || site.ask("GET", &format!("/jobs/{id}/logs"), Value::Null).await.1;
        let started = std::time::Instant::now();
        while logs().await["logs"][0]["level"] != "progress" {
            assert!(started.elapsed() < Duration::from_secs(60), "it is told how far it is");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        site.ask("POST", &format!("/jobs/{id}/cancel"), Value::Null).await;
        let job = site.until(id, "cancelled").await;
        assert_eq!(job["error"]["code"], json!("57014"), "{job}");
        assert_eq!(read(&asker, "b/slow").0, 404);
        // A file that is read slowly: each row waits.
        asker.sql("create table slow (id int)");
        asker.sql("create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(0.002); return new; end $$");
        asker.sql("create trigger wait before insert on slow for each row execute function wait()");
        let lines: String = (0..200_000).map(|id| format!("{{\"id\": {id}}}\n")).collect();
        put(&asker, "b/ids", &lines);
        let id = site
            .submit(json!({"kind": "ingest", "payload": {"from": "b/ids", "table": "slow"}}))
            .await;
        let started = std::time::Instant::now();
        loop {
            let progress = site.job(id).await["progress"].as_f64();
            if progress.is_some_and(|share| share > 0.0 && share <= 1.0) {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "it is told how far it is");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        site.ask("POST", &format!("/jobs/{id}/cancel"), Value::Null).await;
        site.until(id, "cancelled").await;
        assert_eq!(asker.sql("select count(*) from slow"), json!([[0]]));
        let late = json!({"kind": "export", "payload": {"statement": slow, "to": "b/slow"}, "timeout_ms": 300, "max_attempts": 1});
        let id = site.submit(late).await;
        let job = site.until(id, "discarded").await;
        assert_eq!(job["error"]["message"], json!("the job took longer than its timeout"));
    });
}

/// The server is killed while they run: the next one does each of them once.
#[test]
fn kills_neither_lose_nor_repeat_them() {
    let (mut site, mut asker, directory) = started(&[]);
    asker.sql("create table t (id int)");
    asker.sql("create function wait(n int) returns int language plpgsql as $$ begin perform pg_sleep(0.001); return n; end $$");
    asker.sql("create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(0.0005); return new; end $$");
    asker.sql("create trigger wait before insert on t for each row execute function wait()");
    let lines: String = (0..3_000).map(|id| format!("{{\"id\": {id}}}\n")).collect();
    put(&asker, "b/ids", &lines);
    let (export, ingest) = block_on(async {
        let export = json!({"statement": "select wait(g) as id from generate_series(0, 2999) g", "to": "b/out"});
        let export = json!({"kind": "export", "payload": export, "backoff_ms": 10});
        let ingest =
            json!({"kind": "ingest", "payload": {"from": "b/ids", "table": "t"}, "backoff_ms": 10});
        (site.submit(export).await, site.submit(ingest).await)
    });
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(900));
        site.server.kill();
        site = Site::start(&directory);
        asker = Asker::new(site.http, "postgres");
    }
    block_on(async {
        site.until(export, "completed").await;
        site.until(ingest, "completed").await;
    });
    assert_eq!(read(&asker, "b/out").1, lines.replace(": ", ":"));
    assert_eq!(asker.sql("select count(*), count(distinct id) from t"), json!([[3_000, 3_000]]));
    assert_eq!(asker.sql("select count(*) from files.objects where name = 'out'"), json!([[1]]));
}
