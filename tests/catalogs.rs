//! What clients read of the catalogs, beside PostgreSQL: psql's describing commands over a
//! schema of every kind of object, and pg_dump and pg_restore in both directions. What
//! is only listed is refused by its name.

use tokio_postgres::error::SqlState;

use crate::support::{block_on, connect, runner, zserver::Zserver};

#[test]
fn psql_describes_objects_as_on_postgresql() {
    runner::check("compat/psql/run.py", "--check");
}

#[test]
fn dumps_restore_on_either_server() {
    runner::check("compat/dump/run.py", "--check");
}

/// Statements over what PostgreSQL has and this server only lists, and what they answer.
const LISTED: &[(&str, &str)] = &[
    ("SELECT '1'::money", "type money is not supported"),
    ("SELECT NULL::tsvector", "type tsvector is not supported"),
    ("SELECT '{}'::money[]", "type money[] is not supported"),
    ("CREATE TABLE t (x xml)", "type xml is not supported"),
    ("CREATE DOMAIN d AS xml", "type xml is not supported"),
    ("SELECT pg_ls_dir('.')", "function pg_ls_dir(text) is not supported"),
    ("SELECT * FROM pg_stat_wal", "function pg_stat_get_wal() is not supported"),
    ("SELECT 'x' COLLATE \"de-x-icu\"", "collation \"de-x-icu\" is not supported"),
    ("CREATE INDEX i ON o USING spgist (r)", "access method \"spgist\" is not supported"),
    // What depends on the collation of a column.
    ("SELECT n FROM s ORDER BY a", ORDERING),
    ("SELECT n FROM s ORDER BY a || 'x'", ORDERING),
    ("SELECT n FROM s WHERE a < 'x'", ORDERING),
    ("SELECT n FROM s WHERE 'x' BETWEEN a AND 'z'", ORDERING),
    ("SELECT n FROM s WHERE a >= ANY (ARRAY['x'])", ORDERING),
    ("SELECT n FROM s WHERE ARRAY[a] > ARRAY['x']", ORDERING),
    ("SELECT n FROM s WHERE (a, n) < ('x', 1)", ORDERING),
    ("SELECT greatest(a, 'x') FROM s", ORDERING),
    ("SELECT DISTINCT ON (a) n FROM s ORDER BY a", ORDERING),
    ("SELECT array_agg(n ORDER BY a) FROM s", ORDERING),
    ("SELECT rank() OVER (ORDER BY coalesce(a, 'x')) FROM s", ORDERING),
    ("SELECT x FROM (SELECT a AS x FROM s) q ORDER BY x", ORDERING),
    ("SELECT (SELECT a FROM s LIMIT 1) < 'x'", ORDERING),
    ("SELECT 1 FROM (SELECT a FROM s UNION ALL SELECT 'x') u WHERE a > 'x'", ORDERING),
    ("WITH q AS (SELECT a FROM s) SELECT * FROM q ORDER BY 1", ORDERING),
    ("WITH q AS (DELETE FROM s RETURNING a AS z) SELECT * FROM q ORDER BY z", ORDERING),
    (
        "WITH RECURSIVE q AS (SELECT a, 1 AS i FROM s UNION SELECT a, i + 1 FROM q WHERE i < 3) \
         SELECT * FROM q WHERE a < 'x'",
        ORDERING,
    ),
    ("SELECT v.x FROM s, LATERAL (VALUES (a)) v(x) ORDER BY 1", ORDERING),
    ("SELECT x FROM s, LATERAL unnest(ARRAY[a]) x ORDER BY 1", ORDERING),
    ("SELECT * FROM w ORDER BY a", ORDERING),
    ("SELECT s FROM s ORDER BY s", ORDERING),
    ("UPDATE s SET n = 1 WHERE a > 'x'", ORDERING),
    ("INSERT INTO s VALUES ('x') ON CONFLICT DO NOTHING RETURNING a > 'x'", ORDERING),
    ("CREATE INDEX i ON s ((a > 'x'))", ORDERING),
    ("ALTER TABLE s ADD CHECK (a > 'x')", ORDERING),
    ("ALTER TABLE c ALTER a TYPE text COLLATE \"sv-x-icu\"", ORDERING),
    ("CREATE TABLE p (a text COLLATE \"sv-x-icu\") PARTITION BY RANGE (a)", ORDERING),
    ("CREATE POLICY p ON s USING (a > 'x')", ORDERING),
    ("SELECT max(a) FROM s", "function max() by collation \"sv-x-icu\" is not supported"),
    ("SELECT upper(a) FROM s", "function upper() by collation \"sv-x-icu\" is not supported"),
    ("SELECT f(a) FROM s", "function f() by collation \"sv-x-icu\" is not supported"),
    (
        "SELECT n FROM s WHERE a ~ 'x'",
        "function textregexeq() by collation \"sv-x-icu\" is not supported",
    ),
    ("CREATE DOMAIN d AS text COLLATE \"sv-x-icu\"", "collation \"sv-x-icu\" is not supported"),
];

const ORDERING: &str = "ordering by collation \"sv-x-icu\" is not supported";

/// What those statements are about.
const OBJECTS: &str = "CREATE TABLE o (r int4range);
    CREATE TABLE s (a text COLLATE \"sv-x-icu\", n int);
    CREATE TABLE c (a text CHECK (a > 'x'));
    CREATE VIEW w AS SELECT a, n FROM s;
    CREATE FUNCTION f(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN $1; END'";

#[test]
fn what_is_only_listed_is_refused_by_name() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(OBJECTS).await.expect("the objects");
        for (statement, expected) in LISTED {
            let error = client.batch_execute(statement).await.expect_err(statement);
            let error = error.as_db_error().expect("the server's answer");
            assert_eq!(error.code(), &SqlState::FEATURE_NOT_SUPPORTED, "{statement}");
            assert_eq!(error.message(), *expected, "{statement}");
        }
        // Clients read them.
        let rows = client
            .query("SELECT 'tsvector'::regtype::text, '=(box,box)'::regoperator::text", &[])
            .await
            .expect("they have names");
        let names: (&str, &str) = (rows[0].get(0), rows[0].get(1));
        assert_eq!(names, ("tsvector", "=(box,box)"));
    });
}
