//! Reads all of the store's files again and again, slowly, so that what a disk has lost
//! is known while there are backups that still have it.
//!
//! At most `scrub_rate` bytes a second, and `scrub_interval` from one reading to the
//! next. Each damaged file is an error in the log, once per reading; nothing is repaired,
//! and what reads touch of it fails there as always.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::session::Database;

/// The first reading waits at most so long, so that a start has the disk to itself.
const FIRST_AFTER: Duration = Duration::from_secs(60);
/// How often it looks whether the server stops.
const STEP: Duration = Duration::from_millis(100);

pub(super) fn start(database: Arc<Database>, stop: CancellationToken) -> Result<()> {
    std::thread::Builder::new()
        .name("scrubber".into())
        .spawn(move || {
            let mut wait = FIRST_AFTER.min(database.config().scrub_interval.duration());
            while sleep(wait, &stop) {
                let config = database.config();
                wait = config.scrub_interval.duration();
                // The rate may have been set anew when it is time again.
                if config.scrub_rate.0 > 0 {
                    read(&database, &stop);
                }
            }
        })
        .map(|_| ())
        .map_err(|error| Error::io("start the scrubber thread", &error))
}

/// False if the server stopped meanwhile.
fn sleep(time: Duration, stop: &CancellationToken) -> bool {
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if stop.is_cancelled() {
            return false;
        }
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(STEP));
    }
}

fn read(database: &Database, stop: &CancellationToken) {
    let started = Instant::now();
    let mut pace = |bytes: u64| {
        let rate = database.config().scrub_rate.0.max(1);
        match sleep(Duration::from_secs_f64(bytes as f64 / rate as f64), stop) {
            true => Ok(()),
            false => Err(Error::shutting_down()),
        }
    };
    match database.transactions.engine().verify(&mut pace) {
        Ok(verified) => {
            for damage in &verified.damages {
                tracing::error!("file {:?} is damaged: {}", damage.file, damage.what);
            }
            tracing::info!(
                files = verified.files,
                bytes = verified.bytes,
                damaged = verified.damages.len(),
                seconds = started.elapsed().as_secs(),
                "all files were compared with their checksums"
            );
        }
        Err(_) if stop.is_cancelled() => {}
        Err(error) => tracing::error!("the store's files could not be read: {error}"),
    }
}
