//! `compat/functions.md` says which of PostgreSQL's functions and operators exist here:
//! it is what both servers' catalogs say now.

use std::process::Command;

use crate::support::{postgres, zserver::Zserver};

#[test]
fn the_list_is_up_to_date() {
    let port = match postgres::port() {
        Ok(port) => port,
        Err(reason) => return println!("skipped: {reason}"),
    };
    let server = Zserver::start();
    let (port, own) = (port.to_string(), server.port.to_string());
    let output =
        Command::new("python3").args(["compat/functions.py", &port, &own, "--check"]).output();
    match output {
        Err(_) => println!("skipped: python3 is not installed"),
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}
