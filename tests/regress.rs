//! PostgreSQL's regression files on both servers in lock-step: the statements of
//! `compat/regress/passing.txt` stay equal.
//!
//! The list only grows (`compat/regress/run.py --update`). The files are PostgreSQL's
//! and not in this repository: the runner fetches them, or says that it cannot.

use std::process::{Command, Stdio};

/// The runner's exit status where PostgreSQL or its files are not to be had.
const SKIPPED: i32 = 77;

#[test]
fn passing_statements_stay_equal() {
    let output = Command::new("python3")
        .args(["compat/regress/run.py", "--check", "--zserver", env!("CARGO_BIN_EXE_zserver")])
        .stderr(Stdio::inherit())
        .output();
    let Ok(output) = output else {
        println!("skipped: python3 is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => println!("{}", said.trim()),
        // The runner's own line: how many statements were skipped, and why.
        Some(SKIPPED) => println!("{}", said.trim()),
        _ => panic!("{said}"),
    }
}
