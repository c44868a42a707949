//! The checks of `compat/` that hold a list of what passes: scripts, run against the
//! server of this build.

use std::process::{Command, Stdio};

/// A script's exit status where PostgreSQL, or what is fetched of it, is not to be had.
const SKIPPED: i32 = 77;

/// Runs a script with `option`; panics with what it says if something passes no more.
pub fn check(script: &str, option: &str) {
    let output = Command::new("python3")
        .args([script, option, "--zserver"])
        .arg(super::zserver::binary())
        .stderr(Stdio::inherit())
        .output();
    let Ok(output) = output else {
        println!("skipped: python3 is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => println!("{}", said.trim()),
        // The script's own line: how much was skipped, and why.
        Some(SKIPPED) => println!("{}", said.trim()),
        _ => panic!("{said}"),
    }
}
