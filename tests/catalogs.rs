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
    ("SELECT '(1,2)'::point", "type point is not supported"),
    ("SELECT NULL::tsvector", "type tsvector is not supported"),
    ("SELECT '{}'::money[]", "type money[] is not supported"),
    ("CREATE TABLE t (x xml)", "type xml is not supported"),
    ("CREATE DOMAIN d AS box", "type box is not supported"),
    ("SELECT pg_ls_dir('.')", "function pg_ls_dir(text) is not supported"),
    ("SELECT * FROM pg_stat_wal", "function pg_stat_get_wal() is not supported"),
    ("SELECT 'x' COLLATE \"de-x-icu\"", "collation \"de-x-icu\" is not supported"),
    ("CREATE INDEX i ON o USING gist (r)", "access method \"gist\" is not supported"),
];

#[test]
fn what_is_only_listed_is_refused_by_name() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute("CREATE TABLE o (r int4range)").await.expect("a table");
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
