//! Databases beside each other: what is shared and what is not, templates, who may drop
//! what under whom, and kill −9 in the middle of CREATE and DROP DATABASE.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::support::{block_on, zserver::Zserver};

/// A connection of a user to a database.
async fn enter(port: u16, user: &str, database: &str) -> Result<Client, String> {
    let config = format!("host=127.0.0.1 port={port} user={user} dbname={database}");
    let connected = tokio_postgres::connect(&config, NoTls).await;
    let (client, connection) = connected.map_err(|error| said(&error))?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(client)
}

async fn superuser(port: u16, database: &str) -> Client {
    enter(port, "postgres", database).await.expect(database)
}

/// SQLSTATE, message and detail of an error.
fn said(error: &tokio_postgres::Error) -> String {
    let Some(error) = error.as_db_error() else { return error.to_string() };
    let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{} {}{detail}", error.code().code(), error.message())
}

async fn refused(client: &Client, sql: &str) -> String {
    said(&client.batch_execute(sql).await.expect_err(sql))
}

/// Runs statements one by one: CREATE DATABASE and its like stand alone.
async fn run(client: &Client, sql: &str) {
    for statement in sql.split("; ") {
        if let Err(error) = client.batch_execute(statement).await {
            panic!("{statement}: {}", said(&error));
        }
    }
}

/// The rows of a query, their values joined by `|`, the rows by blanks.
async fn ask(client: &Client, sql: &str) -> String {
    let messages = client.simple_query(sql).await;
    let messages = messages.unwrap_or_else(|error| panic!("{sql}: {}", said(&error)));
    let line = |row: &tokio_postgres::SimpleQueryRow| {
        let values = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL"));
        values.collect::<Vec<_>>().join("|")
    };
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(line(row)),
        _ => None,
    });
    rows.collect::<Vec<_>>().join(" ")
}

fn fresh() -> (tempfile::TempDir, PathBuf, Zserver) {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let server = Zserver::start_over(&data, &[]);
    (directory, data, server)
}

fn next_life(server: Zserver, data: &Path) -> Zserver {
    drop(server.kill());
    Zserver::start_over(data, &[])
}

#[test]
fn databases_have_objects_of_their_own_and_share_roles() {
    let (_directory, data, server) = fresh();
    block_on(async {
        let first = superuser(server.port, "postgres").await;
        run(&first, "CREATE DATABASE other; CREATE ROLE shared LOGIN").await;
        let other = superuser(server.port, "other").await;
        assert_eq!(ask(&other, "SELECT current_database()").await, "other");
        run(&first, "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
        assert!(refused(&other, "SELECT * FROM t").await.starts_with("42P01"));
        run(&other, "CREATE TABLE t (b text); INSERT INTO t VALUES ('x'), ('y')").await;
        assert_eq!(ask(&first, "SELECT * FROM t").await, "1");
        assert_eq!(ask(&other, "SELECT * FROM t").await, "x y");
        assert_eq!(
            ask(&other, "SELECT rolname FROM pg_roles WHERE rolname = 'shared'").await,
            "shared"
        );
        run(&other, "COMMENT ON DATABASE other IS 'said'; CREATE TABLE owned (a int)").await;
        let comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database \
                       WHERE datname = 'other'";
        assert_eq!(ask(&first, comment).await, "said");
        // A role that owns something elsewhere stays.
        run(&other, "ALTER TABLE owned OWNER TO shared").await;
        assert_eq!(
            refused(&first, "DROP ROLE shared").await,
            "2BP01 role \"shared\" cannot be dropped because some objects depend on it \
             (1 object in database other)"
        );
        // Notifications and advisory locks are a database's own.
        run(&other, "LISTEN c; SELECT pg_advisory_lock(7)").await;
        run(&first, "NOTIFY c, 'not for other'").await;
        assert_eq!(ask(&first, "SELECT pg_try_advisory_lock(7)").await, "t");
        let sessions = "SELECT datname FROM pg_stat_activity WHERE datname = 'other'";
        assert_eq!(ask(&first, sessions).await, "other");
        // A snapshot of one is none of the other.
        let exported = ask(&other, "BEGIN; SELECT pg_export_snapshot()").await;
        run(&first, "BEGIN ISOLATION LEVEL REPEATABLE READ").await;
        let import = format!("SET TRANSACTION SNAPSHOT '{exported}'");
        assert!(refused(&first, &import).await.contains("from a different database"));
    });
    let server = next_life(server, &data);
    block_on(async {
        let (first, other) =
            (superuser(server.port, "postgres").await, superuser(server.port, "other").await);
        assert_eq!(ask(&first, "SELECT * FROM t").await, "1");
        assert_eq!(ask(&other, "SELECT * FROM t").await, "x y");
        assert_eq!(ask(&first, "SELECT count(*) FROM zserver_check()").await, "0");
    });
}

/// Everything that a database can have stored.
const TEMPLATE: &str = "CREATE SCHEMA s; \
     CREATE TABLE s.t (id serial PRIMARY KEY, word text UNIQUE, n int CHECK (n > 0)); \
     INSERT INTO s.t (word, n) SELECT 'w' || g, g FROM generate_series(1, 3000) g; \
     DELETE FROM s.t WHERE id % 10 = 0; UPDATE s.t SET n = n + 1 WHERE id <= 100; \
     CREATE INDEX ON s.t (n); CREATE VIEW s.v AS SELECT count(*) AS c FROM s.t; \
     CREATE TABLE s.child (t int REFERENCES s.t); INSERT INTO s.child VALUES (1); \
     CREATE MATERIALIZED VIEW s.m AS SELECT sum(n) FROM s.t; \
     CREATE TABLE s.parts (a int) PARTITION BY LIST (a); \
     CREATE TABLE s.part PARTITION OF s.parts FOR VALUES IN (1); INSERT INTO s.parts VALUES (1); \
     CREATE FUNCTION s.f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM s.t'; \
     CREATE TYPE s.mood AS ENUM ('sad', 'ok'); CREATE SEQUENCE s.numbers; \
     SELECT nextval('s.numbers'), nextval('s.numbers'); ANALYZE s.t";

const CONTENT: &str = "SELECT (SELECT c FROM s.v), (SELECT sum(n) FROM s.t), (SELECT * FROM s.m), \
     (SELECT count(*) FROM s.parts), s.f(), (SELECT t FROM s.child), 'ok'::s.mood";

#[test]
fn a_template_is_copied_with_all_that_it_has() {
    let (_directory, data, server) = fresh();
    block_on(async {
        let first = superuser(server.port, "postgres").await;
        run(&first, "CREATE DATABASE model").await;
        let model = superuser(server.port, "model").await;
        run(&model, TEMPLATE).await;
        let content = ask(&model, CONTENT).await;
        // Its own session is no hindrance.
        run(&model, "CREATE TEMP TABLE mine (a int)").await;
        run(&model, "CREATE DATABASE copy TEMPLATE model").await;
        let copy = superuser(server.port, "copy").await;
        assert_eq!(ask(&copy, CONTENT).await, content);
        assert_eq!(ask(&copy, "SELECT nextval('s.numbers')").await, "3");
        assert!(refused(&copy, "SELECT * FROM mine").await.starts_with("42P01"));
        // Same OIDs, other rows: what one does is not seen by the other.
        let oid = "SELECT 's.t'::regclass::oid";
        assert_eq!(ask(&copy, oid).await, ask(&model, oid).await);
        run(&copy, "INSERT INTO s.t (word, n) VALUES ('new', 5); DELETE FROM s.t WHERE id = 2")
            .await;
        assert_eq!(ask(&model, CONTENT).await, content);
        assert!(
            refused(&copy, "INSERT INTO s.t (word, n) VALUES ('w1', 1)").await.starts_with("23505")
        );
        assert!(
            refused(&copy, "INSERT INTO s.t (word, n) VALUES ('q', 0)").await.starts_with("23514")
        );
        assert!(refused(&copy, "DELETE FROM s.t WHERE id = 1").await.starts_with("23503"));
        // A lock on a table of one is none on the other's of the same OID.
        run(&model, "BEGIN; LOCK TABLE s.t IN ACCESS EXCLUSIVE MODE").await;
        run(&copy, "SET lock_timeout = 500; SELECT count(*) FROM s.t; TRUNCATE s.child").await;
        run(&model, "ROLLBACK").await;
        assert_eq!(ask(&model, "SELECT count(*) FROM s.child").await, "1");
        let scans = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 't'";
        assert_ne!(ask(&copy, scans).await, ask(&model, scans).await);
        let broken = "SELECT * FROM zserver_check() WHERE severity = 'error'";
        assert_eq!(ask(&first, broken).await, "");
        assert!(ask(&first, "SELECT pg_database_size('copy') > 100000").await == "t");
        // A server that is killed before leaves the emptied storage behind.
        nothing_is_left(&first).await;
    });
    let server = next_life(server, &data);
    block_on(async {
        let copy = superuser(server.port, "copy").await;
        assert_eq!(ask(&copy, "SELECT count(*), max(id) FROM s.t").await, "2700|3001");
        assert!(
            ask(&copy, "INSERT INTO s.t (word, n) VALUES ('z', 1) RETURNING id > 3001").await
                == "t"
        );
        assert_eq!(ask(&copy, "SELECT word FROM s.t WHERE word = 'w7'").await, "w7");
        let first = superuser(server.port, "postgres").await;
        drop(copy);
        run(&first, "DROP DATABASE copy WITH (FORCE); DROP DATABASE model").await;
        assert!(enter(server.port, "postgres", "copy").await.unwrap_err().starts_with("3D000"));
        assert_eq!(ask(&first, "SELECT count(*) FROM pg_database").await, "3");
        nothing_is_left(&first).await;
    });
}

/// What was dropped or emptied goes in the background; in the end the check finds nothing.
async fn nothing_is_left(client: &Client) {
    for _ in 0..100 {
        if ask(client, "SELECT count(*) FROM zserver_check()").await == "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{}", ask(client, "SELECT * FROM zserver_check()").await);
}

#[test]
fn who_uses_a_database_keeps_it() {
    let (_directory, _data, server) = fresh();
    let port = server.port;
    block_on(async {
        let first = superuser(port, "postgres").await;
        run(
            &first,
            "CREATE DATABASE used; CREATE ROLE weak LOGIN; CREATE ROLE maker LOGIN CREATEDB",
        )
        .await;
        let user = superuser(port, "used").await;
        let drop_used = refused(&first, "DROP DATABASE used").await;
        assert_eq!(
            drop_used,
            "55006 database \"used\" is being accessed by other users \
             (There is 1 other session using the database.)"
        );
        let rename = refused(&first, "ALTER DATABASE used RENAME TO idle").await;
        assert!(rename.starts_with("55006 database \"used\" is being accessed"), "{rename}");
        let copy = refused(&first, "CREATE DATABASE copy TEMPLATE used").await;
        assert!(copy.starts_with("55006 source database \"used\" is being"), "{copy}");
        assert_eq!(
            refused(&user, "DROP DATABASE used").await,
            "55006 cannot drop the currently open database"
        );
        run(
            &user,
            "CREATE TABLE t (a int); BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'",
        )
        .await;
        assert_eq!(
            refused(&first, "DROP DATABASE used WITH (FORCE)").await,
            "55006 database \"used\" is being used by prepared transactions \
             (There is 1 prepared transaction using the database.)"
        );
        assert!(refused(&first, "COMMIT PREPARED 'p'").await.starts_with("0A000"));
        run(&user, "COMMIT PREPARED 'p'").await;
        assert_eq!(ask(&user, "SELECT * FROM t").await, "1");
        // Who owns nothing may not.
        let weak = enter(port, "weak", "postgres").await.expect("may connect");
        assert_eq!(
            refused(&weak, "DROP DATABASE used").await,
            "42501 must be owner of database used"
        );
        assert_eq!(
            refused(&weak, "CREATE DATABASE mine").await,
            "42501 permission denied to create database"
        );
        // Who makes one owns it, and its public schema.
        let maker = enter(port, "maker", "postgres").await.expect("may connect");
        run(&maker, "CREATE DATABASE mine").await;
        let mine = enter(port, "maker", "mine").await.expect("may connect");
        run(&mine, "CREATE TABLE t (a int)").await;
        run(&mine, "REVOKE CONNECT ON DATABASE mine FROM PUBLIC").await;
        let denied = enter(port, "weak", "mine").await.unwrap_err();
        assert_eq!(
            denied,
            "42501 permission denied for database \"mine\" (User does not have CONNECT privilege.)"
        );
        run(
            &mine,
            "ALTER DATABASE mine CONNECTION LIMIT 1; GRANT CONNECT ON DATABASE mine TO weak",
        )
        .await;
        let full = enter(port, "weak", "mine").await.unwrap_err();
        assert_eq!(full, "53300 too many connections for database \"mine\"");
        run(&first, "ALTER DATABASE mine ALLOW_CONNECTIONS false").await;
        let closed = enter(port, "postgres", "mine").await.unwrap_err();
        assert_eq!(closed, "55000 database \"mine\" is not currently accepting connections");
        let template0 = enter(port, "postgres", "template0").await.unwrap_err();
        assert!(template0.starts_with("55000"), "{template0}");
        // FORCE ends those who are there.
        run(&first, "DROP DATABASE used WITH (FORCE)").await;
        assert!(user.batch_execute("SELECT 1").await.is_err());
        assert!(enter(port, "postgres", "used").await.unwrap_err().starts_with("3D000"));
    });
}

#[test]
fn a_login_waits_for_a_database_that_is_copied_or_dropped() {
    let (_directory, _data, server) = fresh();
    let port = server.port;
    block_on(async {
        let first = superuser(port, "postgres").await;
        run(&first, "CREATE DATABASE gone").await;
        let user = superuser(port, "gone").await;
        // DROP waits a while for the user to leave; who comes meanwhile waits for it.
        let dropping = tokio::spawn(async move {
            run(&first, "DROP DATABASE gone").await;
        });
        tokio::time::sleep(Duration::from_millis(400)).await;
        let late = tokio::spawn(async move { enter(port, "postgres", "gone").await.map(|_| ()) });
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(!late.is_finished());
        drop(user);
        dropping.await.expect("it is dropped");
        assert!(late.await.expect("an answer").unwrap_err().starts_with("3D000"));
    });
}

#[test]
fn settings_of_databases_and_roles_begin_a_session() {
    let (_directory, data, server) = fresh();
    block_on(async {
        let first = superuser(server.port, "postgres").await;
        run(
            &first,
            "CREATE DATABASE d; CREATE ROLE r LOGIN; ALTER ROLE ALL SET work_mem = '5MB'; \
             ALTER DATABASE d SET work_mem = '6MB'; ALTER DATABASE d SET app.stage = 'test'; \
             ALTER ROLE r SET work_mem = '7MB'; ALTER ROLE r IN DATABASE d SET work_mem = '8MB'; \
             ALTER ROLE r SET search_path = s, \"A b\"",
        )
        .await;
    });
    let server = next_life(server, &data);
    let port = server.port;
    let shown = "SELECT setting, source FROM pg_settings WHERE name = 'work_mem'";
    block_on(async {
        let of = async |user: &str, database: &str| {
            ask(&enter(port, user, database).await.expect("may connect"), shown).await
        };
        assert_eq!(of("postgres", "postgres").await, "5120|global");
        assert_eq!(of("postgres", "d").await, "6144|database");
        assert_eq!(of("r", "postgres").await, "7168|user");
        assert_eq!(of("r", "d").await, "8192|database user");
        let r = enter(port, "r", "d").await.expect("may connect");
        assert_eq!(ask(&r, "SHOW app.stage").await, "test");
        assert_eq!(ask(&r, "SHOW search_path").await, "s, \"A b\"");
        run(&r, "SET work_mem = '9MB'; SET app.stage = 'x'; RESET ALL").await;
        assert_eq!(ask(&r, shown).await, "8192|database user");
        assert_eq!(ask(&r, "SHOW app.stage").await, "test");
        let first = superuser(port, "postgres").await;
        let listed = "SELECT d.datname, r.rolname, setconfig FROM pg_db_role_setting \
                      LEFT JOIN pg_database d ON d.oid = setdatabase \
                      LEFT JOIN pg_roles r ON r.oid = setrole ORDER BY 1, 2";
        assert_eq!(
            ask(&first, listed).await,
            "d|r|{work_mem=8MB} d|NULL|{work_mem=6MB,app.stage=test} \
             NULL|r|{work_mem=7MB,\"search_path=s, \\\"A b\\\"\"} NULL|NULL|{work_mem=5MB}"
        );
        drop(r);
        run(&first, "ALTER ROLE r RESET work_mem; ALTER ROLE r IN DATABASE d RESET ALL").await;
        assert_eq!(of("r", "d").await, "6144|database");
        run(&first, "DROP ROLE r; DROP DATABASE d").await;
        assert_eq!(ask(&first, "SELECT count(*) FROM pg_db_role_setting").await, "1");
    });
}

/// CREATE and DROP DATABASE are killed at many moments: what is there afterwards is whole,
/// and what was acknowledged is as it was said.
#[test]
fn a_crash_leaves_no_half_database() {
    const ROUNDS: u64 = 12;
    let (_directory, data, mut server) = fresh();
    block_on(async {
        let first = superuser(server.port, "postgres").await;
        run(&first, "CREATE DATABASE model").await;
        run(&superuser(server.port, "model").await, TEMPLATE).await;
        run(
            &superuser(server.port, "model").await,
            "INSERT INTO s.t (word, n) \
             SELECT 'more' || g, g FROM generate_series(1, 20000) g",
        )
        .await;
    });
    for round in 0..ROUNDS {
        let port = server.port;
        let done = block_on(async {
            let first = superuser(port, "postgres").await;
            let made = tokio::spawn(async move {
                for number in 0..100u64 {
                    let name = format!("copy_{round}_{number}");
                    let create = format!("CREATE DATABASE {name} TEMPLATE model");
                    if first.batch_execute(&create).await.is_err() {
                        return number;
                    }
                    if number % 2 == 0
                        && first.batch_execute(&format!("DROP DATABASE {name}")).await.is_err()
                    {
                        return number;
                    }
                }
                100
            });
            tokio::time::sleep(Duration::from_millis(150 + round * 90)).await;
            drop(server.kill());
            made.await.expect("the client lives")
        });
        server = Zserver::start_over(&data, &[]);
        block_on(async {
            let first = superuser(server.port, "postgres").await;
            let found =
                format!("SELECT datname FROM pg_database WHERE datname LIKE 'copy_{round}_%'");
            let found = ask(&first, &found).await;
            for number in (0..done).filter(|number| number % 2 == 1) {
                assert!(
                    found.split(' ').any(|name| name == format!("copy_{round}_{number}")),
                    "{found}"
                );
            }
            for number in (0..done).filter(|number| number % 2 == 0) {
                assert!(
                    found.split(' ').all(|name| name != format!("copy_{round}_{number}")),
                    "{found}"
                );
            }
            for name in found.split(' ').filter(|name| !name.is_empty()) {
                let copy = superuser(server.port, name).await;
                assert_eq!(
                    ask(&copy, "SELECT count(*), count(DISTINCT word) FROM s.t").await,
                    "22700|22700"
                );
                run(&copy, "INSERT INTO s.t (word, n) VALUES ('after', 1)").await;
            }
            let broken = "SELECT * FROM zserver_check() WHERE severity = 'error'";
            assert_eq!(ask(&first, broken).await, "");
            for name in found.split(' ').filter(|name| !name.is_empty()) {
                run(&first, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
            }
        });
    }
}

#[test]
fn a_backup_has_all_databases() {
    let (directory, _data, server) = fresh();
    let backup = directory.path().join("backup");
    let restored = directory.path().join("restored");
    block_on(async {
        let first = superuser(server.port, "postgres").await;
        run(&first, "CREATE DATABASE d").await;
        let d = superuser(server.port, "d").await;
        run(&d, "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1), (2)").await;
        run(&first, &format!("SELECT * FROM zserver_backup('{}', NULL)", backup.display())).await;
        run(&d, "INSERT INTO t VALUES (3)").await;
    });
    let text = backup.display().to_string();
    let (status, said) = Zserver::command(&restored, &["restore", "--from", &text]);
    assert_eq!(status, Some(0), "{said}");
    let server = Zserver::start_over(&restored, &[]);
    block_on(async {
        let d = superuser(server.port, "d").await;
        assert_eq!(ask(&d, "SELECT * FROM t").await, "1 2");
        assert_eq!(ask(&d, "SELECT count(*) FROM zserver_check()").await, "0");
    });
}

#[test]
fn alter_system_lasts_and_reaches_sessions_at_a_reload() {
    let (_directory, data, server) = fresh();
    let shown = "SELECT setting, source FROM pg_settings WHERE name = 'work_mem'";
    block_on(async {
        let first = superuser(server.port, "postgres").await;
        let other = superuser(server.port, "postgres").await;
        run(&other, "SET statement_timeout = '1h'").await;
        run(&first, "ALTER SYSTEM SET work_mem = '7MB'").await;
        run(&first, "ALTER SYSTEM SET statement_timeout = '2h'").await;
        run(&first, "ALTER SYSTEM SET search_path = a, \"B c\"").await;
        assert_eq!(ask(&first, shown).await, "4096|default");
        let file = "SELECT name, setting, applied FROM pg_file_settings ORDER BY 1";
        assert_eq!(
            ask(&first, file).await,
            "search_path|a, \"B c\"|t statement_timeout|2h|t work_mem|7MB|t"
        );
        assert_eq!(ask(&first, "SELECT pg_reload_conf()").await, "t");
        for _ in 0..100 {
            if ask(&first, shown).await == "7168|configuration file" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(ask(&first, shown).await, "7168|configuration file");
        // What a session has set stays, until it is reset.
        assert_eq!(ask(&other, "SHOW statement_timeout").await, "1h");
        run(&other, "RESET statement_timeout").await;
        assert_eq!(ask(&other, "SHOW statement_timeout").await, "2h");
        assert_eq!(ask(&other, "SHOW search_path").await, "a, \"B c\"");
        assert!(refused(&first, "ALTER SYSTEM SET nope = 1").await.starts_with("42704"));
        assert!(refused(&first, "ALTER SYSTEM SET work_mem = 'lots'").await.starts_with("22023"));
        assert!(
            refused(&first, "ALTER SYSTEM SET server_version = '1'").await.starts_with("55P02")
        );
        assert!(
            refused(&first, "BEGIN; ALTER SYSTEM SET work_mem = '1MB'").await.starts_with("25001")
        );
        run(&first, "ROLLBACK; CREATE ROLE weak LOGIN").await;
        let weak = enter(server.port, "weak", "postgres").await.expect("may connect");
        assert_eq!(
            refused(&weak, "ALTER SYSTEM SET work_mem = '1MB'").await,
            "42501 permission denied to set parameter \"work_mem\""
        );
        assert!(refused(&weak, "SELECT pg_reload_conf()").await.starts_with("42501"));
    });
    let server = next_life(server, &data);
    block_on(async {
        let first = superuser(server.port, "postgres").await;
        assert_eq!(ask(&first, shown).await, "7168|configuration file");
        run(&first, "ALTER SYSTEM RESET work_mem").await;
        run(&first, "ALTER SYSTEM RESET ALL").await;
        assert_eq!(ask(&first, "SELECT count(*) FROM pg_file_settings").await, "0");
    });
    let server = next_life(server, &data);
    block_on(async {
        let first = superuser(server.port, "postgres").await;
        assert_eq!(ask(&first, shown).await, "4096|default");
    });
}
