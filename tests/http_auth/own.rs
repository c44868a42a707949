//! The server's own sessions, and functions that run as a superuser: what the owner of a
//! database makes or sets there is not what they run.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Served, basic, bearer};
use crate::support::http::{Answer, post, send};

/// Functions, an operator and a type under the names of PostgreSQL's, which note who runs
/// them; what they answer is right.
const TRAPS: [&str; 11] = [
    "create schema trap",
    "create table trap.seen (who name, what pg_catalog.text)",
    "grant usage on schema trap to public",
    "create function trap.look(what pg_catalog.text) returns boolean language plpgsql as \
     $$ begin insert into trap.seen values (current_user, what); return true; end $$",
    "create function trap.now() returns timestamptz language plpgsql as \
     $$ begin perform trap.look('now'); return pg_catalog.now(); end $$",
    "create function trap.clock_timestamp() returns timestamptz language plpgsql as \
     $$ begin perform trap.look('clock_timestamp'); return pg_catalog.clock_timestamp(); end $$",
    "create function trap.gen_random_uuid() returns uuid language plpgsql as \
     $$ begin perform trap.look('gen_random_uuid'); return pg_catalog.gen_random_uuid(); end $$",
    "create function trap.encode(a bytea, b pg_catalog.text) returns pg_catalog.text language plpgsql as \
     $$ begin perform trap.look('encode'); return pg_catalog.encode(a, b); end $$",
    "create function trap.same(a pg_catalog.text, b pg_catalog.text) returns boolean language plpgsql as \
     $$ begin perform trap.look('='); return a operator(pg_catalog.=) b; end $$",
    "create operator trap.= (function = trap.same, leftarg = pg_catalog.text, rightarg = pg_catalog.text)",
    "alter database shared set search_path = trap, pg_catalog",
];

/// A server with a database `shared`, which is `ann`'s and has traps.
fn trapped() -> Served {
    let served = Served::start(&[("ZSERVER_JOBS_POLL_INTERVAL", "200ms")]);
    served.admin("create database shared owner ann");
    let root = basic("postgres", "s3cret", "shared");
    for statement in ["create extension files", "grant insert on files.buckets to ann"] {
        assert_eq!(served.sql_as(&root, statement).status, 200, "{statement}");
    }
    for statement in TRAPS {
        let made = served.sql_as(&ann(), statement);
        assert_eq!(made.status, 200, "{statement}: {}", made.text());
    }
    // They work: whoever enters the database runs them.
    let caught = served.sql_as(&root, "select now(), 'a'::pg_catalog.text = 'b'");
    assert_eq!(caught.status, 200, "{}", caught.text());
    assert_eq!(seen(&served), json!([["="], ["now"]]));
    served.sql_as(&ann(), "delete from trap.seen");
    served
}

fn ann() -> String {
    basic("ann", "a", "shared")
}

/// What others than `ann` have run.
fn seen(served: &Served) -> Value {
    let others = "select distinct what from trap.seen where who operator(pg_catalog.<>) 'ann' \
        order by what";
    let answer = served.sql_as(&ann(), others);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["results"][0]["rows"].clone()
}

/// A job of `ann` that is done.
fn run_job(served: &Served) {
    let body = json!({"kind": "sql", "payload": {"statement": "select 1"}}).to_string();
    let made = post(served.http, "/api/v1/jobs", &ann(), &body);
    assert_eq!(made.status, 201, "{}", made.text());
    until_over(served, &made, "completed");
}

fn until_over(served: &Served, made: &Answer, state: &str) -> Value {
    let path = format!("/api/v1/jobs/{}", made.json()["id"]);
    let begun = Instant::now();
    loop {
        let job = send(served.http, "GET", &path, &ann(), "").json();
        if job["state"] == state {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the job is not {state}: {job}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn settings_of_a_database_are_not_the_servers() {
    let served = trapped();
    let body = json!({"role": "ann", "password": "a", "database": "shared"}).to_string();
    let tokens = post(served.http, "/api/v1/auth/login", "", &body);
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    let refresh = json!({"refresh_token": tokens.json()["refresh_token"]}).to_string();
    assert_eq!(post(served.http, "/api/v1/auth/refresh", "", &refresh).status, 200);
    run_job(&served);
    let key = format!("{}Idempotency-Key: k\r\n", ann());
    let once = post(served.http, "/api/v1/sql", &key, r#"{"query": "select 1"}"#);
    assert_eq!(once.status, 200, "{}", once.text());
    let bucket = send(served.http, "PUT", "/api/v1/files/b", &ann(), r#"{"public": true}"#);
    assert_eq!(bucket.status, 201, "{}", bucket.text());
    let file = send(served.http, "PUT", "/api/v1/files/b/a.txt", &ann(), "text");
    assert_eq!(file.status, 201, "{}", file.text());
    let headers = "Zserver-Database: shared\r\n";
    let public = send(served.http, "GET", "/api/v1/files/b/a.txt", headers, "");
    assert_eq!((public.status, public.text().as_str()), (200, "text"));
    let list = send(served.http, "GET", "/api/v1/auth/sessions", &ann(), "");
    assert_eq!(list.json()["sessions"].as_array().expect("a list").len(), 1);
    assert_eq!(seen(&served), json!([]));
    // What is set for the first role there is not for the server either.
    let set = "alter role postgres in database shared set default_transaction_read_only = on";
    served.admin(set);
    let root = basic("postgres", "s3cret", "shared");
    let shown = served.sql_as(&root, "show default_transaction_read_only");
    assert_eq!(shown.json()["results"][0]["rows"], json!([["on"]]));
    run_job(&served);
    let shown = served.sql_as(&root, "show search_path");
    assert_eq!(shown.json()["results"][0]["rows"], json!([["trap, pg_catalog"]]));
}

#[test]
fn types_of_a_session_are_not_those_of_functions_that_run_as_others() {
    let served = trapped();
    run_job(&served);
    // Whatever becomes a `uuid` without a schema becomes one by a function of `ann`.
    let complete = "select jobs.complete_batch(jsonb_build_array(jsonb_build_object(\
        'id', c.id, 'lease', c.lease))) from jobs.claim() c";
    let body = json!({"statements": [
        {"query": "create type pg_temp.uuid as (inner_id pg_catalog.uuid)"},
        {"query": "create function trap.made(a pg_catalog.text) returns pg_temp.uuid language plpgsql as \
            $$ begin perform trap.look('uuid'); return row(a::pg_catalog.uuid)::pg_temp.uuid; end $$"},
        {"query": "create function trap.told(pg_temp.uuid) returns pg_catalog.uuid language sql as \
            $$ select ($1).inner_id $$"},
        {"query": "create cast (pg_catalog.text as pg_temp.uuid) with function trap.made(pg_catalog.text)"},
        {"query": "create cast (pg_temp.uuid as pg_catalog.uuid) with function trap.told(pg_temp.uuid) as implicit"},
        {"query": "select '00000000-0000-0000-0000-000000000000'::pg_catalog.text::uuid"},
        {"query": "select jobs.submit('mine')"},
        {"query": complete},
        {"query": "select who from trap.seen where what operator(pg_catalog.=) 'uuid'"},
    ]});
    let answer = post(served.http, "/api/v1/sql", &ann(), &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let rows = |at: usize| answer.json()["results"][at]["rows"].clone();
    assert_eq!(rows(7).as_array().map(Vec::len), Some(1), "the job is done: {}", rows(7));
    assert_eq!(rows(8), json!([["ann"]]), "once, for the statement of its own");
    assert_eq!(seen(&served), json!([]));
}

#[test]
fn who_asks_cannot_say_what_was_proved() {
    let served = Served::start(&[]);
    served.log_in("ann", "a");
    let bucket = basic("postgres", "s3cret", "postgres");
    assert_eq!(send(served.http, "PUT", "/api/v1/files/b", &bucket, "").status, 201);
    served.admin("grant create on database postgres to ann");
    let ann = basic("ann", "a", "postgres");
    let lies = [
        "create schema mine",
        "create function mine.current_setting(text) returns text language sql as \
         $$ select case $1 when 'zserver.claims' then '{\"role\": \"postgres\"}' else 'none' end $$",
        "create function mine.string_to_array(text, text) returns text[] language sql as \
         $$ select array['everything'] $$",
        // A type `text` that a name becomes as its owner likes.
        "create type mine.text as (inner_text pg_catalog.text)",
        "create function mine.lie(name) returns mine.text language sql as $$ select row('ann')::mine.text $$",
        "create function mine.told(mine.text) returns pg_catalog.text language sql as $$ select ($1).inner_text $$",
        "create cast (name as mine.text) with function mine.lie(name)",
        "create cast (mine.text as pg_catalog.text) with function mine.told(mine.text) as implicit",
    ];
    for lie in lies {
        let made = served.sql_as(&ann, lie);
        assert_eq!(made.status, 200, "{lie}: {}", made.text());
    }
    let body = json!({"statements": [
        {"query": "set search_path = mine, pg_catalog"},
        {"query": "select current_setting('zserver.claims'), quote_ident('postgres'::name::text)"},
        {"query": "select auth.claims()->>'role', auth.scopes()::pg_catalog.text[] operator(pg_catalog.@>) '{admin}'"},
        {"query": "select files.is_member('postgres')"},
        {"query": "select * from files.buckets"},
    ]});
    let answer = post(served.http, "/api/v1/sql", &ann, &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let rows = |at: usize| answer.json()["results"][at]["rows"].clone();
    assert_eq!(rows(1), json!([["{\"role\": \"postgres\"}", "ann"]]), "the lies are told");
    assert_eq!(rows(2), json!([["ann", true]]));
    assert_eq!((rows(3), rows(4)), (json!([[false]]), json!([])));
}

#[test]
fn jobs_do_not_make_keys() {
    let served = Served::start(&[("ZSERVER_JOBS_POLL_INTERVAL", "200ms")]);
    served.admin("create database shared owner ann");
    let body = json!({"role": "ann", "password": "a", "database": "shared"}).to_string();
    assert_eq!(post(served.http, "/api/v1/auth/login", "", &body).status, 200);
    let key = "select secret from auth.create_api_key('narrow', scopes => '{jobs}')";
    let key = served.sql_as(&ann(), key).json()["results"][0]["rows"][0][0].clone();
    let narrow = bearer(key.as_str().expect("a key"));
    let statement = "select auth.create_api_key('wide')";
    let job = json!({"kind": "sql", "max_attempts": 1, "payload": {"statement": statement}});
    let made = post(served.http, "/api/v1/jobs", &narrow, &job.to_string());
    assert_eq!(made.status, 201, "{}", made.text());
    let job = until_over(&served, &made, "discarded");
    assert_eq!(job["error"]["code"], json!("42501"), "{job}");
    let kept = served.sql_as(&ann(), "select name from auth.api_keys").json();
    assert_eq!(kept["results"][0]["rows"], json!([["narrow"]]));
}
