//! Jobs, many at a time: claims and completions in batches, sessions that are used again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http_jobs::{SETTINGS, Site};
use crate::support::{block_on, connect};

async fn claimed(site: &Site, claim: Value) -> Vec<Value> {
    let (status, body) = site.ask("POST", "/jobs/claim", claim).await;
    assert_eq!(status, 200, "{body}");
    body["jobs"].as_array().expect("jobs").clone()
}

fn done(jobs: &[Value]) -> Value {
    let one = |job: &Value| json!({"id": job["id"], "lease": job["lease"], "result": job["id"]});
    json!({"jobs": jobs.iter().map(one).collect::<Vec<_>>()})
}

async fn completed(site: &Site, batch: Value) -> BTreeSet<i64> {
    let (status, body) = site.ask("POST", "/jobs/complete", batch).await;
    assert_eq!(status, 200, "{body}");
    body["ids"].as_array().expect("ids").iter().filter_map(Value::as_i64).collect()
}

fn ids(jobs: &[Value]) -> BTreeSet<i64> {
    jobs.iter().filter_map(|job| job["id"].as_i64()).collect()
}

async fn submit(site: &Site, count: usize, job: Value) {
    let (status, body) = site.ask("POST", "/jobs", json!({"jobs": vec![job; count]})).await;
    assert_eq!(status, 201, "{body}");
}

/// Claims what others have lost, as soon as it is there.
async fn claimed_again(site: &Site, count: usize) -> Vec<Value> {
    let started = Instant::now();
    let mut all = Vec::new();
    while all.len() < count {
        assert!(started.elapsed() < Duration::from_secs(60), "{} of {count}", all.len());
        let claim = json!({"count": count, "queue": "q", "lease_ms": 60_000, "wait_ms": 500});
        all.extend(claimed(site, claim).await);
    }
    all
}

#[test]
fn a_batch_completes_those_whose_lease_it_has() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        submit(&site, 4, json!({"kind": "mail", "queue": "q", "backoff_ms": 0})).await;
        let late = claimed(&site, json!({"queue": "q", "lease_ms": 300})).await;
        let good = claimed(&site, json!({"queue": "q", "count": 9, "lease_ms": 60_000})).await;
        assert_eq!((late.len(), good.len()), (1, 3));
        let again = claimed_again(&site, 1).await;
        assert_eq!((&again[0]["id"], &again[0]["attempt"]), (&late[0]["id"], &json!(2)));
        let path = format!("/jobs/{}/cancel", good[0]["id"]);
        let (status, body) = site.ask("POST", &path, Value::Null).await;
        assert_eq!((status, &body["state"]), (200, &json!("running")), "{body}");
        // One twice, one that there is not, and one that is another worker's now.
        let mut batch = [late.clone(), good.clone(), vec![good[1].clone()]].concat();
        batch.push(json!({"id": 999_999, "lease": good[0]["lease"]}));
        assert_eq!(completed(&site, done(&batch)).await, ids(&good));
        for job in &good {
            let id = job["id"].as_i64().expect("an id");
            let now = site.job(id).await;
            assert_eq!((&now["state"], &now["result"]), (&json!("completed"), &json!(id)));
        }
        let id = late[0]["id"].as_i64().expect("an id");
        assert_eq!(site.job(id).await["state"], json!("running"));
        // Nor has anybody a lease any more of what is done.
        assert_eq!(completed(&site, done(&good)).await, BTreeSet::new());
        assert_eq!(completed(&site, done(&again)).await, ids(&again));
        let (status, body) = site
            .ask("POST", "/jobs/complete", json!({"jobs": [{"id": id, "lease": "no uuid"}]}))
            .await;
        assert_eq!((status, &body["code"]), (400, &json!("22P02")), "{body}");
        assert_eq!(completed(&site, json!({"jobs": []})).await, BTreeSet::new());
    });
}

#[test]
fn leases_of_a_batch_outlive_the_server() {
    let directory = TempDir::new().expect("a directory");
    let mut site = Site::start(&directory);
    let (long, first) = block_on(async {
        submit(&site, 30, json!({"kind": "mail", "queue": "q", "backoff_ms": 0})).await;
        let first = claimed(&site, json!({"queue": "q", "count": 10, "lease_ms": 60_000})).await;
        let long = claimed(&site, json!({"queue": "q", "count": 10, "lease_ms": 60_000})).await;
        let short = claimed(&site, json!({"queue": "q", "count": 10, "lease_ms": 500})).await;
        assert_eq!((first.len(), long.len(), short.len()), (10, 10, 10));
        assert_eq!(completed(&site, done(&first)).await, ids(&first));
        (long, first)
    });
    site.server.kill();
    site = Site::start(&directory);
    block_on(async {
        let again = claimed_again(&site, 10).await;
        assert!(again.iter().all(|job| job["attempt"] == 2), "{again:?}");
        assert!(ids(&again).is_disjoint(&ids(&long)) && ids(&again).is_disjoint(&ids(&first)));
        let both = [long.clone(), again.clone()].concat();
        assert_eq!(completed(&site, done(&both)).await, ids(&both));
        let text = "select count(*) from jobs.job where state = 'completed'";
        assert_eq!(site.number(text).await, 30);
    });
}

#[test]
fn claims_at_the_same_time_share_nothing() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        site.submit(json!({"kind": "none", "queue": "none"})).await;
        site.sql(
            "select count(jobs.submit('mail', queue => 'q', priority => g % 4)) from generate_series(1, 1200) g; \
             select count(jobs.submit('sql', '{\"statement\": \"select 1\"}', queue => 'q', run_at => now() + interval '1 day')) from generate_series(1, 50)",
        )
        .await;
        // The highest first, in the order in which they came.
        let client = connect(site.server.port).await;
        let text = "select count(*), min(priority), max(id) = (select id from jobs.job where queue = 'q' and priority = 3 order by id offset 4 limit 1) \
            from jobs.claim('q', count => 5)";
        let row = client.query_one(text, &[]).await.expect("a row");
        assert_eq!((row.get(0), row.get(1), row.get(2)), (5i64, 3i32, true));
        let workers = (0..6).map(|worker| {
            let port = site.server.port;
            tokio::spawn(async move {
                let client = connect(port).await;
                let name = if worker % 2 == 0 { "'q'" } else { "null" };
                let text =
                    format!("select id from jobs.claim({name}, kinds => '{{mail}}', count => 25)");
                let mut found: Vec<i64> = Vec::new();
                loop {
                    let rows = client.query(&text, &[]).await.expect("a claim");
                    if rows.is_empty() {
                        return found;
                    }
                    found.extend(rows.iter().map(|row| row.get::<_, i64>(0)));
                }
            })
        });
        let mut times: HashMap<i64, u32> = HashMap::new();
        for worker in workers.collect::<Vec<_>>() {
            worker
                .await
                .expect("a worker")
                .into_iter()
                .for_each(|id| *times.entry(id).or_default() += 1);
        }
        assert!(times.values().all(|times| *times == 1), "a job was claimed twice");
        let left = "select count(*) from jobs.job where queue = 'q' and state = 'available'";
        assert_eq!((times.len(), site.number(left).await), (1_195, 0));
    });
}

/// Sessions serve one job of a role after the other.
#[test]
fn a_job_finds_its_session_as_new() {
    let directory = TempDir::new().expect("a directory");
    let settings = [SETTINGS[0], ("ZSERVER_JOBS_WORKERS", "1")];
    let site = Site::start_with(&directory, &settings);
    block_on(async {
        site.submit(json!({"kind": "none", "queue": "none"})).await;
        site.sql(
            "create role mover nologin; \
             create function leave(a jsonb) returns int language plpgsql as $$ begin \
               perform set_config('search_path', 'nowhere', false), set_config('my.own', 'left', false), pg_advisory_lock(77); \
               if (a ->> 'table')::boolean then create temp table left_over (n int); end if; \
               return pg_backend_pid(); end $$; \
             create function look(a jsonb) returns jsonb language sql as $$ \
               select jsonb_build_object('path', current_setting('search_path'), 'own', coalesce(current_setting('my.own', true), ''), \
                 'id', current_setting('jobs.id'), 'locks', (select count(*) from pg_locks where locktype = 'advisory'), \
                 'table', to_regclass('pg_temp.left_over') is not null, 'pid', pg_backend_pid(), 'user', current_user) $$",
        )
        .await;
        let run = async |function: &str, argument: Value| {
            let payload = json!({"function": format!("public.{function}"), "argument": argument});
            let text = format!("select jobs.submit('function', '{payload}')");
            let client = connect(site.server.port).await;
            client.batch_execute("set role mover").await.expect("a role");
            let id: i64 = client.query_one(&text, &[]).await.expect("a job").get(0);
            (id, site.until(id, "completed").await["result"].clone())
        };
        let mut was_used_again = false;
        for round in 0..6 {
            let (_, left_by) = run("leave", json!({"table": round % 2 == 0})).await;
            let (id, found) = run("look", Value::Null).await;
            was_used_again |= left_by == found["pid"];
            let expected = json!({
                "path": "\"$user\", public", "own": "", "id": id.to_string(), "locks": 0, "table": false,
                "pid": found["pid"], "user": "mover",
            });
            assert_eq!(found, expected);
        }
        assert!(was_used_again, "every job has had a session of its own");
        // A role that is another one is nobody's session.
        site.sql("alter role mover rename to moved").await;
        let id = {
            let client = connect(site.server.port).await;
            client.batch_execute("set role moved").await.expect("a role");
            let text = "select jobs.submit('function', '{\"function\": \"public.look\"}')";
            client.query_one(text, &[]).await.expect("a job").get::<_, i64>(0)
        };
        assert_eq!(site.until(id, "completed").await["result"]["user"], json!("moved"));
    });
}

/// Many short jobs keep the places busy; one that is long, and asked to end, is the only
/// one that ends.
#[test]
fn a_cancelled_job_ends_alone_among_many() {
    let directory = TempDir::new().expect("a directory");
    let site = Site::start(&directory);
    block_on(async {
        site.submit(json!({"kind": "none", "queue": "none"})).await;
        site.sql("create table effect (n int)").await;
        let long = json!({"kind": "sql", "payload": {"statement": "select pg_sleep(60)"}});
        let mut cancelled = Vec::new();
        for round in 0..4 {
            let id = site.submit(long.clone()).await;
            site.sql(&format!(
                "select count(jobs.submit('sql', jsonb_build_object('statement', 'insert into effect values ($1)', 'params', jsonb_build_array(g)))) \
                 from generate_series({}, {}) g",
                round * 100 + 1,
                (round + 1) * 100
            ))
            .await;
            site.until(id, "running").await;
            let (status, body) = site.ask("POST", &format!("/jobs/{id}/cancel"), Value::Null).await;
            assert_eq!((status, &body["state"]), (200, &json!("running")), "{body}");
            cancelled.push(id);
        }
        for id in cancelled {
            site.until(id, "cancelled").await;
        }
        let started = Instant::now();
        let left = "select count(*) from jobs.job where queue = 'default' and state not in ('completed', 'cancelled')";
        while site.number(left).await > 0 {
            assert!(started.elapsed() < Duration::from_secs(60), "jobs are left");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let client = connect(site.server.port).await;
        let text = "select count(*), count(distinct n), (select count(*) from jobs.job where queue = 'default' and attempt > 1) from effect";
        let row = client.query_one(text, &[]).await.expect("a row");
        assert_eq!((row.get(0), row.get(1), row.get(2)), (400i64, 400i64, 0i64));
    });
}

/// What a job leaves for the commit, or in the session, is not another one's.
#[test]
fn jobs_that_share_a_transaction_keep_what_is_theirs() {
    let directory = TempDir::new().expect("a directory");
    let settings = [SETTINGS[0], ("ZSERVER_JOBS_WORKERS", "1")];
    let site = Site::start_with(&directory, &settings);
    block_on(async {
        site.submit(json!({"kind": "none", "queue": "none"})).await;
        site.sql(
            "create table seen (n int); create table late (n int, job text); \
             create table opened (how text); create table unlocked (was_held bool); \
             create function note() returns trigger language plpgsql as $$ begin \
               insert into late values (new.n, current_setting('jobs.id')); return null; end $$; \
             create constraint trigger note after insert on seen deferrable initially deferred \
               for each row execute function note(); \
             create function opens() returns text language plpgsql as $$ declare c cursor for select 1; begin \
               open c; return 'opened'; exception when duplicate_cursor then return 'there was one'; end $$; \
             create function fails() returns int language plpgsql as $$ begin \
               perform pg_advisory_lock(5); return 1 / 0; end $$; \
             insert into jobs.queue values ('q', true)",
        )
        .await;
        let submit = |n: i64| {
            let statement = match n % 4 {
                0 => format!("insert into seen values ({n})"),
                1 => "insert into opened select opens()".to_owned(),
                2 => "select fails()".to_owned(),
                _ => "insert into unlocked select pg_advisory_unlock(5) from pg_notify('heard', 'all')"
                    .to_owned(),
            };
            let payload = json!({"statement": statement});
            json!({"kind": "sql", "payload": payload, "queue": "q", "max_attempts": 1})
        };
        let jobs: Vec<Value> = (0..200).map(submit).collect();
        let (status, body) = site.ask("POST", "/jobs", json!({"jobs": jobs})).await;
        assert_eq!(status, 201, "{body}");
        let heard = listened(site.server.port).await;
        site.sql("update jobs.queue set is_paused = false; notify jobs").await;
        let started = Instant::now();
        let left = "select count(*) from jobs.job where queue = 'q' and state not in ('completed', 'discarded')";
        while site.number(left).await > 0 {
            assert!(started.elapsed() < Duration::from_secs(120), "jobs are left");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let own = "select count(*) from late l join jobs.job j on j.id = l.job::bigint \
            and j.payload ->> 'statement' = format('insert into seen values (%s)', l.n)";
        assert_eq!(site.number(own).await, 50);
        assert_eq!(site.number("select count(*) from opened where how = 'opened'").await, 50);
        assert_eq!(site.number("select count(*) from unlocked where not was_held").await, 50);
        while heard.load(Ordering::Relaxed) < 50 {
            assert!(started.elapsed() < Duration::from_secs(120), "{heard:?} were heard");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}

/// How many notifications of a channel came, so far.
async fn listened(port: u16) -> Arc<AtomicUsize> {
    let config = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let (client, mut connection) =
        tokio_postgres::connect(&config, tokio_postgres::NoTls).await.expect("a connection");
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            if matches!(message, tokio_postgres::AsyncMessage::Notification(_)) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    client.batch_execute("listen heard").await.expect("listens");
    // It is closed with its client.
    tokio::spawn(async move {
        let _client = client;
        std::future::pending::<()>().await;
    });
    count
}

/// Short jobs share transactions; who fails in one, takes long, or leaves something behind does
/// that alone, and each effect is there once.
#[test]
fn jobs_that_share_a_transaction_fail_alone() {
    let directory = TempDir::new().expect("a directory");
    let settings = [SETTINGS[0], ("ZSERVER_JOBS_WORKERS", "1")];
    let site = Site::start_with(&directory, &settings);
    block_on(async {
        site.submit(json!({"kind": "none", "queue": "none"})).await;
        site.sql(
            "create table effect (n int, txid bigint default txid_current(), job text default current_setting('jobs.id')); \
             create function leave(a jsonb) returns text language sql as $$ \
               select set_config('search_path', 'nowhere', false); $$; \
             insert into jobs.queue values ('q', true)",
        )
        .await;
        let submit = |n: i64| {
            let insert = json!({"statement": "insert into effect (n) values ($1)", "params": [n]});
            let (kind, payload) = match n % 50 {
                10 => (
                    "sql",
                    json!({"statement": "insert into effect (n) values ($1 / 0)", "params": [n]}),
                ),
                20 => ("sql", json!({"statements": "a member that there is not"})),
                30 => (
                    "sql",
                    json!({"statement": "with e as (insert into effect (n) values ($1)) select pg_sleep(0.4)", "params": [n]}),
                ),
                40 => ("function", json!({"function": "public.leave"})),
                45 => ("sql", json!({"statement": "commit"})),
                _ => ("sql", insert),
            };
            json!({"kind": kind, "payload": payload, "queue": "q", "max_attempts": 1})
        };
        let jobs: Vec<Value> = (0..400).map(submit).collect();
        let (status, body) = site.ask("POST", "/jobs", json!({"jobs": jobs})).await;
        assert_eq!(status, 201, "{body}");
        site.sql("update jobs.queue set is_paused = false; notify jobs").await;
        let started = Instant::now();
        let left = "select count(*) from jobs.job where queue = 'q' and state not in ('completed', 'discarded')";
        while site.number(left).await > 0 {
            assert!(started.elapsed() < Duration::from_secs(120), "jobs are left");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let client = connect(site.server.port).await;
        let text = "select (select count(*) from effect), (select count(distinct n) from effect), (select count(distinct txid) from effect), \
            (select count(*) from effect e join jobs.job j on j.id = e.job::bigint and j.state = 'completed'), \
            (select count(*) from jobs.job where queue = 'q' and state = 'discarded'), \
            (select count(*) from jobs.job where queue = 'q' and attempt <> 1), \
            (select count(*) from jobs.job where queue = 'q' and state = 'completed' and result ->> 'row_count' = '1'), \
            (select count(*) from jobs.event where level = 'error')";
        let row = client.query_one(text, &[]).await.expect("a row");
        let number = |at: usize| row.get::<_, i64>(at);
        // Of each fifty, three fail, and one leaves a setting.
        assert_eq!((number(0), number(1), number(3)), (368, 368, 368));
        // How many share one depends on how long they take just now.
        assert!(number(2) < 368, "{} transactions", number(2));
        assert_eq!((number(4), number(5), number(7)), (24, 0, 24));
        assert_eq!(number(6), 368);
        let path = "select count(*) from jobs.job where result = '\"nowhere\"'";
        assert_eq!(site.number(path).await, 8);
    });
}
