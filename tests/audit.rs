//! What the log tells, who is kept out of the last places, what statements have cost, and
//! certificates that were revoked.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::login::{ALPN, Authority, direct, encrypted_with};
use crate::support::raw::{Raw, field, frame, query, startup};
use crate::support::{block_on, zserver::Zserver};

const PATIENCE: Duration = Duration::from_secs(30);

/// A database server that trusts, with its log in a file.
struct Logged {
    directory: TempDir,
    server: Zserver,
}

impl Logged {
    fn start(environment: &[(&str, &str)]) -> Logged {
        let directory = TempDir::new().expect("a temporary directory");
        let (data, log) = (directory.path().join("data"), directory.path().join("log"));
        let server = Zserver::start_logged(&data, &log, environment);
        Logged { directory, server }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).expect("the log")
    }

    /// Waits for a line that has all of these.
    fn tells(&self, words: &[&str]) {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if text.lines().any(|line| words.iter().all(|word| line.contains(word))) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{words:?} is not in the log:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Another server over the same data.
    fn again(self, environment: &[(&str, &str)]) -> Logged {
        let Logged { directory, server } = self;
        assert!(server.terminate().success());
        let (data, log) = (directory.path().join("data"), directory.path().join("log"));
        let server = Zserver::start_logged(&data, &log, environment);
        Logged { directory, server }
    }
}

/// The rows of a query, values between bars.
fn rows(client: &mut Raw, sql: &str) -> Vec<String> {
    client.send(&query(sql.as_bytes()));
    let messages = client.until_ready().expect("the connection stays");
    let error = messages.iter().find(|(tag, _)| *tag == b'E');
    assert!(error.is_none(), "{sql}: {:?}", error.map(|(_, body)| field(body, b'M')));
    let data = messages.iter().filter(|(tag, _)| *tag == b'D');
    data.map(|(_, body)| values(body).join("|")).collect()
}

fn values(body: &[u8]) -> Vec<String> {
    let mut rest = &body[2..];
    let mut values = Vec::new();
    while !rest.is_empty() {
        let length = i32::from_be_bytes(rest[..4].try_into().expect("four"));
        rest = &rest[4..];
        match usize::try_from(length) {
            Ok(length) => {
                values.push(String::from_utf8_lossy(&rest[..length]).into_owned());
                rest = &rest[length..];
            }
            Err(_) => values.push("NULL".to_owned()),
        }
    }
    values
}

/// Code and message of a query's error.
fn error(client: &mut Raw, sql: &str) -> (String, String) {
    client.send(&query(sql.as_bytes()));
    let messages = client.until_ready().expect("the connection stays");
    let error = messages.iter().find(|(tag, _)| *tag == b'E').expect(sql);
    (field(&error.1, b'C'), field(&error.1, b'M'))
}

/// Code and message of a refused login; none if it was let in.
fn refusal(port: u16, user: &str) -> Option<(String, String)> {
    let mut client = Raw::connect(port);
    client.send(&startup(user));
    loop {
        let (tag, body) = client.message().expect("an answer");
        match tag {
            b'E' => return Some((field(&body, b'C'), field(&body, b'M'))),
            b'Z' => return None,
            _ => {}
        }
    }
}

#[test]
fn errors_and_long_statements_are_logged() {
    let logged = Logged::start(&[("ZSERVER_LOG_MIN_DURATION_STATEMENT", "150")]);
    let mut client = Raw::log_in(logged.server.port);
    assert_eq!(client.error_of(b"SELECT 'short'"), None);
    assert_eq!(client.error_of(b"SELECT 'long', pg_sleep(0.2)"), None);
    logged.tells(&["duration: ", " ms  statement: SELECT 'long', pg_sleep(0.2)"]);
    assert_eq!(
        client.error_of(b"CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)"),
        None
    );
    assert_eq!(client.error_of(b"INSERT INTO t VALUES (1)").as_deref(), Some("23505"));
    logged.tells(&[
        "ERROR:  duplicate key value violates unique constraint \"t_pkey\"",
        "DETAIL:  Key (a)=(1) already exists.",
        "STATEMENT:  INSERT INTO t VALUES (1)",
        "23505",
    ]);
    // A prepared statement with its parameters.
    let parse = [b"s\0SELECT $1::text, pg_sleep(0.2)\0\0\0".to_vec()].concat();
    let bind = b"\0s\0\0\0\0\x01\0\0\0\x02it\0\0";
    let message =
        [frame(b'P', &parse), frame(b'B', bind), frame(b'E', b"\0\0\0\0\0"), frame(b'S', b"")];
    client.send(&message.concat());
    assert!(client.until_ready().is_some());
    logged.tells(&["ms  execute <unnamed>: SELECT $1::text, pg_sleep(0.2) parameters: $1 = 'it'"]);
    // Each session of a superuser may say otherwise.
    assert_eq!(client.error_of(b"SET log_min_duration_statement = -1"), None);
    assert_eq!(client.error_of(b"SET log_duration = on"), None);
    assert_eq!(client.error_of(b"SELECT 'measured'"), None);
    logged.tells(&["duration: ", " ms"]);
    assert_eq!(client.error_of(b"SET log_min_error_statement = panic"), None);
    assert_eq!(client.error_of(b"SELECT 'hidden' + 1").as_deref(), Some("22P02"));
    logged.tells(&["ERROR:  invalid input syntax for type integer: \"hidden\""]);
    assert_eq!(client.error_of(b"SET log_min_messages = fatal"), None);
    assert_eq!(client.error_of(b"SELECT unheard").as_deref(), Some("42703"));
    assert_eq!(client.error_of(b"CREATE ROLE joe LOGIN; SET ROLE joe"), None);
    assert_eq!(client.error_of(b"SET log_min_messages = debug1").as_deref(), Some("42501"));
    assert_eq!(client.error_of(b"SET log_min_duration_statement = 0").as_deref(), Some("42501"));
    let text = logged.text();
    assert!(!text.contains("SELECT 'short'") && !text.contains("SELECT 'hidden'"), "{text}");
    assert!(!text.contains("unheard") && !text.contains("SELECT 'measured'"), "{text}");
}

#[test]
fn grants_and_refusals_are_logged() {
    let logged = Logged::start(&[
        ("ZSERVER_LOG_CONNECTIONS", "true"),
        ("ZSERVER_LOG_DISCONNECTIONS", "true"),
        ("ZSERVER_LOG_STATEMENT", "ddl"),
    ]);
    let mut client = Raw::log_in(logged.server.port);
    for sql in [
        "CREATE ROLE joe LOGIN CONNECTION LIMIT 0",
        "CREATE TABLE t (a int)",
        "GRANT SELECT ON t TO joe",
        "REVOKE SELECT ON t FROM joe",
        "ALTER ROLE joe SET work_mem = '8MB'",
        "ALTER TABLE t OWNER TO joe",
        "CREATE POLICY p ON t USING (true)",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO joe",
        "DROP TABLE t",
    ] {
        assert_eq!(client.error_of(sql.as_bytes()), None, "{sql}");
        logged.tells(&[&format!("statement: {sql}")]);
    }
    let refused = refusal(logged.server.port, "joe").expect("no places");
    assert_eq!(refused, ("53300".to_owned(), "too many connections for role \"joe\"".to_owned()));
    logged.tells(&["login refused", "too many connections for role \"joe\""]);
    assert_eq!(refusal(logged.server.port, "nobody").expect("no role").0, "28000");
    logged.tells(&["login refused", "role \"nobody\" does not exist", "28000"]);
    assert_eq!(client.error_of(b"ALTER ROLE joe NOLOGIN"), None);
    assert!(refusal(logged.server.port, "joe").is_some());
    logged.tells(&["login refused", "role \"joe\" is not permitted to log in"]);
    client.send(&frame(b'X', b""));
    logged.tells(&["disconnection: session time:", "user=postgres database=postgres"]);
}

#[test]
fn the_last_places_are_for_superusers() {
    let logged = Logged::start(&[
        ("ZSERVER_MAX_CONNECTIONS", "4"),
        ("ZSERVER_SUPERUSER_RESERVED_CONNECTIONS", "2"),
    ]);
    let port = logged.server.port;
    let mut superuser = Raw::log_in(port);
    assert_eq!(superuser.error_of(b"CREATE ROLE joe LOGIN"), None);
    let mut joe = Raw::connect(port);
    joe.send(&startup("joe"));
    assert!(joe.until_ready().is_some(), "two of four places are for everybody");
    let refused = refusal(port, "joe").expect("only reserved places are left");
    let message =
        "remaining connection slots are reserved for non-replication superuser connections";
    assert_eq!(refused, ("53300".to_owned(), message.to_owned()));
    let _third = Raw::log_in(port);
    let _fourth = Raw::log_in(port);
    for user in ["joe", "postgres"] {
        let refused = refusal(port, user).expect("no place");
        assert_eq!(refused, ("53300".to_owned(), "sorry, too many clients already".to_owned()));
    }
}

#[test]
fn a_revoked_certificate_opens_nothing() {
    let authority = Authority::new();
    let list = authority.revoke(&[7]);
    let rules = "hostssl all all all trust clientcert=verify-ca\n";
    let ruled = encrypted_with(&authority, rules, Some(&list));
    let with = |serial| {
        let certificate = authority.sign_numbered("ann", None, Some(serial));
        authority.client_with(Some(certificate), ALPN)
    };
    block_on(async {
        let port = ruled.server.port;
        let good = direct(port, with(8), "postgres").await.expect("TLS");
        assert!(good.ends_with('Z'), "{good}");
        assert!(direct(port, with(7), "postgres").await.is_err(), "it was revoked");
        let again = direct(port, with(9), "postgres").await.expect("TLS");
        assert!(again.ends_with('Z'), "{again}");
    });
}

const LOADED: (&str, &str) = ("ZSERVER_SHARED_PRELOAD_LIBRARIES", "pg_stat_statements");

#[test]
fn statements_are_counted_without_their_constants() {
    let logged = Logged::start(&[LOADED]);
    let mut client = Raw::log_in(logged.server.port);
    for sql in [
        "CREATE EXTENSION pg_stat_statements",
        "CREATE TABLE t (a int PRIMARY KEY, b text)",
        "SELECT pg_stat_statements_reset()",
    ] {
        assert_eq!(client.error_of(sql.as_bytes()), None, "{sql}");
    }
    for n in 1..=3 {
        let sql = format!("INSERT INTO t VALUES ({n}, 'x{n}'), ({}, 'y')", n + 100);
        assert_eq!(client.error_of(sql.as_bytes()), None);
        let sql = format!("SELECT * FROM t WHERE a = {n} OR b = 'none'");
        assert_eq!(rows(&mut client, &sql).len(), 1);
    }
    assert_eq!(rows(&mut client, "select *  from T where a = 50 or b = 'x3' -- again").len(), 1);
    assert_eq!(client.error_of(b"UPDATE t SET b = 'z' WHERE a > 1"), None);
    assert_eq!(client.error_of(b"SELECT 1/0").as_deref(), Some("22012"));
    // By the extended protocol: one statement, taken in two parts.
    let message = [
        frame(b'P', b"s\0SELECT a FROM t WHERE b <> $1 LIMIT 4\0\0\0"),
        frame(b'B', b"p\0s\0\0\0\0\x01\0\0\0\x01q\0\0"),
        frame(b'E', b"p\0\0\0\0\x03"),
        frame(b'E', b"p\0\0\0\0\x03"),
        frame(b'S', b""),
    ];
    client.send(&message.concat());
    assert!(client.until_ready().is_some());
    // By EXECUTE: what it executes.
    assert_eq!(client.error_of(b"PREPARE q (int) AS SELECT $1 + 1"), None);
    assert_eq!(rows(&mut client, "EXECUTE q (2)"), ["3"]);
    assert_eq!(client.error_of(b"DEALLOCATE q; BEGIN; COMMIT"), None);
    let seen = rows(
        &mut client,
        "SELECT calls, rows, query FROM pg_stat_statements WHERE query NOT LIKE '%stat%' \
         ORDER BY query COLLATE \"C\"",
    );
    assert_eq!(
        seen,
        [
            "1|0|BEGIN",
            "1|0|COMMIT",
            "3|6|INSERT INTO t VALUES ($1, $2), ($3, $4)",
            "1|1|PREPARE q (int) AS SELECT $1 + $2",
            "4|4|SELECT * FROM t WHERE a = $1 OR b = $2",
            "1|4|SELECT a FROM t WHERE b <> $1 LIMIT $2",
            "1|5|UPDATE t SET b = $1 WHERE a > $2",
        ]
    );
    let sums = "SELECT count(*), bool_and(total_exec_time >= max_exec_time AND max_exec_time >= \
                mean_exec_time AND mean_exec_time >= min_exec_time AND min_exec_time >= 0 AND \
                stddev_exec_time >= 0 AND plans = 0 AND shared_blks_hit = 0 AND wal_bytes = 0 AND \
                toplevel AND queryid <> 0) FROM pg_stat_statements";
    assert_eq!(rows(&mut client, sums)[0].split('|').nth(1), Some("t"));
    // The number is that of EXPLAIN and of pg_stat_activity.
    let explained =
        rows(&mut client, "EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM t WHERE a = 5 OR b = 'k'");
    let id = explained.iter().find_map(|line| line.strip_prefix("Query Identifier: "));
    let id = id.unwrap_or_else(|| panic!("{explained:?}")).to_owned();
    let sql = format!("SELECT query FROM pg_stat_statements WHERE queryid = {id}");
    assert_eq!(rows(&mut client, &sql), ["SELECT * FROM t WHERE a = $1 OR b = $2"]);
    let own = "SELECT query_id IS NOT NULL FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    assert_eq!(rows(&mut client, own), ["t"]);
    // One statement, one role, all.
    let sql = format!("SELECT pg_stat_statements_reset(0, 0, {id})");
    assert_eq!(client.error_of(sql.as_bytes()), None);
    let sql = format!("SELECT count(*) FROM pg_stat_statements WHERE queryid = {id}");
    assert_eq!(rows(&mut client, &sql), ["0"]);
    // What others ran is not for everybody to read.
    assert_eq!(client.error_of(b"CREATE ROLE joe; GRANT SELECT ON t TO joe; SET ROLE joe"), None);
    assert_eq!(client.error_of(b"SELECT count(*) FROM t"), None);
    let of_joe = "SELECT query FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid \
                  WHERE rolname = 'joe' AND queryid IS NOT NULL AND query LIKE '%count%'";
    assert_eq!(rows(&mut client, of_joe), ["SELECT count(*) FROM t"]);
    let of_others = "SELECT DISTINCT query, queryid FROM pg_stat_statements s JOIN pg_roles r \
                     ON r.oid = s.userid WHERE rolname = 'postgres'";
    assert_eq!(rows(&mut client, of_others), ["<insufficient privilege>|NULL"]);
    assert_eq!(error(&mut client, "SELECT pg_stat_statements_reset()").0, "42501");
    assert_eq!(error(&mut client, "SET pg_stat_statements.track = none").0, "42501");
    assert_eq!(client.error_of(b"RESET ROLE; GRANT pg_read_all_stats TO joe; SET ROLE joe"), None);
    assert_eq!(
        rows(&mut client, "SELECT bool_and(queryid IS NOT NULL) FROM pg_stat_statements"),
        ["t"]
    );
    assert_eq!(client.error_of(b"RESET ROLE"), None);
    // What is counted is for the superuser to say.
    assert_eq!(client.error_of(b"SET pg_stat_statements.track = none"), None);
    assert_eq!(client.error_of(b"SELECT 'uncounted', 'text'"), None);
    assert_eq!(client.error_of(b"SET pg_stat_statements.track = top"), None);
    assert_eq!(client.error_of(b"SET pg_stat_statements.track_utility = off"), None);
    assert_eq!(client.error_of(b"CREATE TABLE uncounted (a int)"), None);
    let sql = "SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%ncounted%' \
               OR query LIKE 'SELECT $1, $2'";
    assert_eq!(rows(&mut client, sql), ["0"]);
    assert_eq!(error(&mut client, "SET pg_stat_statements.max = 5").0, "55P02");
    assert_eq!(rows(&mut client, "SHOW pg_stat_statements.max"), ["5000"]);
    let info = "SELECT dealloc, stats_reset <= now() FROM pg_stat_statements_info";
    assert_eq!(rows(&mut client, info), ["0|t"]);
}

/// As PostgreSQL counts them, but for plans: it makes some anew.
#[test]
fn statements_of_routines_are_counted_on_their_own() {
    let logged = Logged::start(&[LOADED]);
    let mut client = Raw::log_in(logged.server.port);
    let setup = b"CREATE EXTENSION pg_stat_statements; CREATE TABLE nested (a int);
        CREATE FUNCTION put(i int) RETURNS int LANGUAGE plpgsql AS $$
        DECLARE n int; BEGIN INSERT INTO nested VALUES (i), (i + 1);
        SELECT count(*) INTO n FROM nested; n := n + 1; PERFORM length('four');
        EXECUTE 'DELETE FROM nested WHERE a > 100'; RETURN n; END $$;
        CREATE FUNCTION twice(i int) RETURNS bigint LANGUAGE sql AS $$
        SELECT put(i + 1); SELECT count(*) FROM nested WHERE a > i $$;
        CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN PERFORM 1 / a FROM (VALUES (0)) nested (a); RETURN 1; END $$;
        SET pg_stat_statements.track_planning = on";
    assert_eq!(client.error_of(setup), None);
    let counted = "SELECT query, toplevel, calls, rows FROM pg_stat_statements \
                   WHERE query ~ '^(SELECT|INSERT|UPDATE|DELETE)' AND query !~ 'pg_stat' \
                   ORDER BY query COLLATE \"C\", toplevel";
    // Statements of clients alone, and what is right within a DO that is not counted.
    assert_eq!(client.error_of(b"SET pg_stat_statements.track_utility = off"), None);
    assert_eq!(client.error_of(b"SELECT pg_stat_statements_reset(); SELECT put(1)"), None);
    assert_eq!(client.error_of(b"DO $$ BEGIN PERFORM put(7), 8; END $$"), None);
    assert_eq!(rows(&mut client, counted), ["SELECT put($1)|t|1|1", "SELECT put($1), $2|t|1|1"]);
    assert_eq!(client.error_of(b"SET pg_stat_statements.track_utility = on"), None);
    assert_eq!(client.error_of(b"SET pg_stat_statements.track = 'all'"), None);
    assert_eq!(client.error_of(b"SELECT pg_stat_statements_reset(); SELECT put(1)"), None);
    assert_eq!(client.error_of(b"SELECT put(3); SELECT twice(5)"), None);
    assert_eq!(client.error_of(b"SELECT fails()").as_deref(), Some("22012"));
    assert_eq!(client.error_of(b"DO $$ BEGIN UPDATE nested SET a = 0; END $$"), None);
    assert_eq!(
        rows(&mut client, counted),
        [
            "DELETE FROM nested WHERE a > $1|f|3|0",
            "INSERT INTO nested VALUES (i), (i + $2)|f|3|6",
            "SELECT count(*)        FROM nested|f|3|3",
            "SELECT count(*) FROM nested WHERE a > i|f|1|1",
            "SELECT fails()|t|0|0",
            "SELECT length($1)|f|3|3",
            "SELECT put($1)|t|2|2",
            "SELECT put(i + $2)|f|1|1",
            "SELECT twice($1)|t|1|1",
            "UPDATE nested SET a = $1|f|1|10",
        ]
    );
    let planned = "SELECT total_plan_time >= min_plan_time AND max_plan_time >= mean_plan_time \
                   AND plans = 2 FROM pg_stat_statements WHERE query = 'SELECT put($1)'";
    assert_eq!(rows(&mut client, planned), ["t"]);
}

#[test]
fn counts_outlive_a_shutdown_and_not_a_crash() {
    let logged = Logged::start(&[LOADED]);
    let mut client = Raw::log_in(logged.server.port);
    assert_eq!(client.error_of(b"CREATE EXTENSION pg_stat_statements"), None);
    assert_eq!(client.error_of(b"SELECT 'kept', 1"), None);
    let sql = "SELECT calls FROM pg_stat_statements WHERE query = 'SELECT $1, $2'";
    assert_eq!(rows(&mut client, sql), ["1"]);
    let logged = logged.again(&[LOADED]);
    let mut client = Raw::log_in(logged.server.port);
    assert_eq!(rows(&mut client, sql), ["1"]);
    assert_eq!(client.error_of(b"SELECT 'kept', 2"), None);
    assert_eq!(rows(&mut client, sql), ["2"]);
    // Not loaded, nothing is counted, and the view says so.
    let logged = logged.again(&[]);
    let mut client = Raw::log_in(logged.server.port);
    let message = "pg_stat_statements must be loaded via shared_preload_libraries";
    assert_eq!(error(&mut client, sql), ("55000".to_owned(), message.to_owned()));
    assert_eq!(error(&mut client, "SHOW pg_stat_statements.max").0, "42704");
    let plan = rows(&mut client, "EXPLAIN (VERBOSE) SELECT 1");
    assert!(!plan.iter().any(|line| line.contains("Query Identifier")), "{plan:?}");
    assert_eq!(client.error_of(b"SET compute_query_id = on"), None);
    let plan = rows(&mut client, "EXPLAIN (VERBOSE) SELECT 1");
    assert!(plan.iter().any(|line| line.starts_with("Query Identifier: ")), "{plan:?}");
}
