//! PostgreSQL's isolation specs by its own tester: those of
//! `compat/isolation/passing.txt` keep passing.
//!
//! The list only grows (`compat/isolation/run.py --update`). The specs are PostgreSQL's
//! and not in this repository: the runner fetches them, or says that it cannot.

use std::process::{Command, Stdio};

/// The runner's exit status where PostgreSQL's tester or its specs are not to be had.
const SKIPPED: i32 = 77;

#[test]
fn passing_specs_keep_passing() {
    let output = Command::new("python3")
        .args(["compat/isolation/run.py", "--check", "--zserver", env!("CARGO_BIN_EXE_zserver")])
        .stderr(Stdio::inherit())
        .output();
    let Ok(output) = output else {
        println!("skipped: python3 is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => println!("{}", said.trim()),
        // The runner's own line: how many specs were skipped, and why.
        Some(SKIPPED) => println!("{}", said.trim()),
        _ => panic!("{said}"),
    }
}
