//! Whether the server lives, and whether it serves.
//!
//! | route | 200 | 503 |
//! |---|---|---|
//! | `/livez` | the process answers | |
//! | `/startupz` | the store is open and recovered: the port is not open before | |
//! | `/readyz` | requests are served, and what they write can be | a line for each reason |
//!
//! The reasons are: the server is ending, which the port goes on to tell until what runs is
//! over, and every other request is answered with 503; the disk has less room than is kept for finishing
//! what was committed, so that commits are refused (`53100`); a commit has waited for the
//! disk longer than `ready_commit_timeout`. After a failed write of which the outcome is not
//! known there is no answer at all: the process has ended, and recovery decides.

use std::time::Duration;

use axum::http::StatusCode;

use super::State;

/// The process answers.
pub async fn live() -> &'static str {
    "ok\n"
}

/// The server waits for what runs, and takes nothing new.
pub async fn ending() -> (StatusCode, &'static str) {
    (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n")
}

/// Requests are served.
pub async fn ready(http: State) -> (StatusCode, String) {
    let database = &http.front.database;
    let transactions = &database.transactions;
    answer(&Vitals {
        is_ending: http.stop.is_cancelled(),
        free_bytes: transactions.engine().free_bytes(),
        reserve_bytes: transactions.limits().disk_reserve_bytes,
        commit_waits: transactions.commit_waits(),
        commit_limit: database.config().ready_commit_timeout.duration(),
    })
}

/// What readiness is judged by.
struct Vitals {
    is_ending: bool,
    /// None where the engine is not on a file system.
    free_bytes: Option<u64>,
    reserve_bytes: u64,
    /// How long the commit that is being written has taken so far.
    commit_waits: Option<Duration>,
    /// 0 is no limit.
    commit_limit: Duration,
}

fn answer(vitals: &Vitals) -> (StatusCode, String) {
    let mut reasons = String::new();
    if vitals.is_ending {
        reasons.push_str("shutting down\n");
    }
    if let Some(free) = vitals.free_bytes.filter(|free| *free < vitals.reserve_bytes) {
        let reserve = vitals.reserve_bytes;
        reasons.push_str(&format!("disk full: {free} bytes are free, {reserve} are reserved\n"));
    }
    let limit = vitals.commit_limit;
    if let Some(waits) = vitals.commit_waits.filter(|waits| !limit.is_zero() && *waits > limit) {
        reasons.push_str(&format!("a commit waits for the disk since {} s\n", waits.as_secs()));
    }
    match reasons.is_empty() {
        true => (StatusCode::OK, "ok\n".to_owned()),
        false => (StatusCode::SERVICE_UNAVAILABLE, reasons),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Vitals = Vitals {
        is_ending: false,
        free_bytes: Some(2 << 30),
        reserve_bytes: 256 << 20,
        commit_waits: Some(Duration::from_secs(2)),
        commit_limit: Duration::from_secs(30),
    };

    #[test]
    fn a_server_that_can_write_is_ready() {
        assert_eq!(answer(&WELL), (StatusCode::OK, "ok\n".to_owned()));
        let in_memory = Vitals { free_bytes: None, commit_waits: None, ..WELL };
        assert_eq!(answer(&in_memory).0, StatusCode::OK);
        let patient = Vitals {
            commit_waits: Some(Duration::from_secs(900)),
            commit_limit: Duration::ZERO,
            ..WELL
        };
        assert_eq!(answer(&patient).0, StatusCode::OK);
    }

    #[test]
    fn each_reason_is_named() {
        let ill = Vitals {
            is_ending: true,
            free_bytes: Some(1_000),
            commit_waits: Some(Duration::from_secs(31)),
            ..WELL
        };
        let (status, reasons) = answer(&ill);
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            reasons,
            "shutting down\ndisk full: 1000 bytes are free, 268435456 are reserved\n\
             a commit waits for the disk since 31 s\n"
        );
    }
}
