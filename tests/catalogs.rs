//! What clients read of the catalogs, beside PostgreSQL: psql's describing commands over a
//! schema of every kind of object, and pg_dump and pg_restore in both directions.

use crate::support::runner;

#[test]
fn psql_describes_objects_as_on_postgresql() {
    runner::check("compat/psql/run.py", "--check");
}

#[test]
fn dumps_restore_on_either_server() {
    runner::check("compat/dump/run.py", "--check");
}
