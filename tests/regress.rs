//! PostgreSQL's regression files on both servers in lock-step: the statements of
//! `compat/regress/passing.txt` stay equal.
//!
//! The list only grows (`compat/regress/run.py --update`). The files are PostgreSQL's
//! and not in this repository: the runner fetches them, or says that it cannot. pgvector's
//! own tests are run the same way, where PostgreSQL has pgvector.

use crate::support::runner;

/// The files of `tests/sql` in lock-step: codes, messages, positions, types and tags too.
#[test]
fn own_files_are_equal() {
    runner::check("compat/regress/run.py", "--check-own");
}

#[test]
fn passing_statements_stay_equal() {
    runner::check("compat/regress/run.py", "--check");
}

#[test]
fn pgvector_tests_are_equal() {
    runner::check("compat/vector/regress.py", "--check");
}
