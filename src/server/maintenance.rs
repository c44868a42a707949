//! The commands over data that is there: check, backup, restore.
//!
//! A command opens the data directory itself; if a server has it open, that server is
//! asked over its PostgreSQL port instead ([`remote`](super::remote)), so `zserver backup`
//! is the same whether clients are connected or not. Opening is what every start does: a
//! torn journal tail is cut, and said to be.
//!
//! | exit status | of `check`, `verify-backup` |
//! |---|---|
//! | 0 | nothing is wrong; warnings are about space only |
//! | 1 | it could not be looked at |
//! | 3 | something is damaged, and was named |

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::{remote, runtime};
use crate::backup::{self, BackupOptions, Manifest, RestoreOptions};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::session::{self, Database};
use crate::sql::types::InputContext;
use crate::sql::types::datetime::{Zone, parse_timestamp_tz};
use crate::sqlstate;
use crate::storage::disk::{DiskEngine, DiskOptions};
use crate::table::check::Report;
use crate::txn::archive::ReplayTarget;

/// The exit status that says that something is damaged.
const DAMAGED: u8 = 3;

/// Microseconds from 1970 to 2000.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// Looks for what is wrong with what is stored, and prints it.
pub fn check(config: Config) -> Result<ExitCode> {
    super::log::start(&config);
    let directory = config.data_directory.clone();
    let rows = match open_to_look(&config) {
        Ok(database) => {
            let report = runtime()?.block_on(session::check_database(&database))?;
            println!(
                "{} tables, {} rows, {} index entries, {} files of {} bytes in \"{}\"",
                report.tables,
                report.rows,
                report.index_entries,
                report.files,
                report.file_bytes,
                directory.display()
            );
            database.transactions.shutdown();
            findings(&report)
        }
        Err(error) if error.code() == sqlstate::OBJECT_IN_USE => {
            let rows = runtime()?.block_on(remote::check(&config))?;
            println!("the server on {} looked at all it has", remote::address(&config));
            rows
        }
        Err(error) if error.code() == sqlstate::DATA_CORRUPTED => {
            let object = directory.display().to_string();
            vec![["error".to_owned(), "open".to_owned(), object, told(&error)]]
        }
        Err(error) => return Err(error),
    };
    let errors = rows.iter().filter(|[severity, ..]| severity == "error").count();
    for [severity, kind, object, message] in &rows {
        println!("{severity:<8} {kind:<12} {object}: {message}");
    }
    println!("{errors} errors, {} warnings", rows.len() - errors);
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}

fn told(error: &Error) -> String {
    match &error.report().detail {
        Some(detail) => format!("{}. {detail}", error.message()),
        None => error.message().to_owned(),
    }
}

fn findings(report: &Report) -> Vec<[String; 4]> {
    let mut rows: Vec<[String; 4]> = report
        .findings
        .iter()
        .map(|found| {
            let (severity, kind) = (found.severity.as_str().to_owned(), found.kind.to_owned());
            [severity, kind, found.object.clone(), found.message.clone()]
        })
        .collect();
    if report.more > 0 {
        let more = format!("{} more findings of these kinds", report.more);
        rows.push(["error".to_owned(), "more".to_owned(), String::new(), more]);
    }
    rows
}

/// A data directory that is there already.
fn open_to_look(config: &Config) -> Result<Arc<Database>> {
    let directory = &config.data_directory;
    if !directory.join("engine").is_dir() {
        return Err(Error::new(
            sqlstate::UNDEFINED_FILE,
            format!("\"{}\" is not a data directory", directory.display()),
        ));
    }
    let engine = DiskEngine::open(directory, &DiskOptions::default())?;
    Database::open_to_look(config.clone(), Arc::new(engine))
}

/// Takes a backup, of a running server or of a data directory.
pub fn backup(config: Config, to: &Path, previous: Option<&Path>) -> Result<()> {
    super::log::start(&config);
    let taken = match open_to_look(&config) {
        Ok(database) => {
            let contents = config.files_directory();
            let options = BackupOptions {
                contents: &contents,
                directory: to,
                previous,
                is_cancelled: &|| false,
            };
            let created = backup::create(&database.transactions, &options)?;
            database.transactions.shutdown();
            created.manifest.commit_ts
        }
        Err(error) if error.code() == sqlstate::OBJECT_IN_USE => {
            // The server may have been started elsewhere.
            let (to, previous) = (absolute(to)?, previous.map(absolute).transpose()?);
            let asked = remote::back_up(&config, &to, previous.as_deref());
            runtime()?.block_on(asked)?
        }
        Err(error) => return Err(error),
    };
    let manifest = backup::verify(to)?;
    print_manifest("backed up", to, &manifest);
    if manifest.commit_ts != taken {
        return Err(Error::internal("the backup is not the one that was taken"));
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Error::io(&format!("find {path:?}"), &error))
}

fn print_manifest(verb: &str, directory: &Path, manifest: &Manifest) {
    let entries: u64 = manifest.keyspaces.iter().map(|keyspace| keyspace.entries).sum();
    println!(
        "{verb} commit {}, {entries} entries in {} chunks of {} bytes, {} contents of files of {} bytes, \"{}\"",
        manifest.commit_ts,
        manifest.chunks().count(),
        manifest.bytes(),
        manifest.contents.files,
        manifest.contents.bytes,
        directory.display()
    );
}

/// Compares a backup with its checksums.
pub fn verify_backup(directory: &Path) -> Result<ExitCode> {
    match backup::verify(directory) {
        Ok(manifest) => {
            print_manifest("intact:", directory, &manifest);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if error.code() == sqlstate::DATA_CORRUPTED => {
            println!("error    backup       {}", told(&error));
            Ok(ExitCode::from(DAMAGED))
        }
        Err(error) => Err(error),
    }
}

/// Makes a data directory out of a backup and, if there are archives, what was
/// committed since.
pub fn restore(
    config: Config,
    from: &Path,
    archives: &[PathBuf],
    target: ReplayTarget,
) -> Result<()> {
    super::log::start(&config);
    let data_directory = &config.data_directory;
    let contents = config.files_directory();
    let options =
        RestoreOptions { backup: from, data_directory, contents: &contents, archives, target };
    let restored = backup::restore(&options)?;
    print_manifest("restored", from, &restored.manifest);
    if let Some(replayed) = restored.replayed {
        println!(
            "replayed {} groups, up to commit {}{}",
            replayed.groups,
            replayed.commit_ts,
            replayed.time.map(|time| format!(" of {}", shown(time))).unwrap_or_default()
        );
    }
    // That it opens is part of the promise.
    let database = open_to_look(&config)?;
    database.transactions.shutdown();
    println!("\"{}\" can be served", data_directory.display());
    Ok(())
}

/// A time in UTC.
fn shown(microseconds: i64) -> String {
    chrono::DateTime::from_timestamp_micros(microseconds)
        .map_or_else(|| microseconds.to_string(), |time| time.format("%F %T%.6f+00").to_string())
}

/// `--to-time`, in any form of a `timestamp with time zone`; UTC if it names no zone.
pub fn recovery_time(text: &str) -> Result<ReplayTarget> {
    instant(text).map(ReplayTarget::Time)
}

/// Microseconds since 1970 of such a time.
pub fn instant(text: &str) -> Result<i64> {
    let input = InputContext { zone: Zone::Fixed(0), ..InputContext::default() };
    let since_2000 = parse_timestamp_tz(text, &input)?;
    Ok(since_2000.saturating_add(EPOCH_MICROSECONDS))
}
