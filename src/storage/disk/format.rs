//! Whose directory it is, and which format it has.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{Error, Result, sqlstate};

/// The format this program reads and writes.
const FORMAT: u32 = 3;
/// The format before, of one database: the same bytes but for rows of other databases
/// (`catalog::store`), so a directory of it becomes one of the present format by its mark.
const FORMAT_OF_ONE_DATABASE: u32 = 2;
const FORMAT_FILE: &str = "zserver.format";
const FORMAT_WORDS: &str = "zserver data format ";
const LOCK_FILE: &str = "zserver.lock";
/// How long a directory may stay locked by a process that is on its way out: one that a
/// server has just started shares its files until it runs its own program.
const LOCK_WAIT: Duration = Duration::from_millis(500);
/// There while a backup is being restored into the directory.
const RESTORE_FILE: &str = "zserver.restoring";

/// Takes the directory's lock for as long as the file stays open. The lock is the
/// operating system's, so it ends with the process, however that ends.
pub(super) fn lock(directory: &Path) -> Result<File> {
    let path = directory.join(LOCK_FILE);
    let failed = |error: &std::io::Error| Error::io(&format!("open lock file {path:?}"), error);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(|error| failed(&error))?;
    let until = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(LOCK_WAIT / 50);
            }
            Err(TryLockError::WouldBlock) => return Err(in_use(directory, holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
    }
    let written = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(|error| failed(&error))?;
    Ok(file)
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// `55006`: another process has the directory open.
pub(super) fn in_use(directory: &Path, holder: Option<u32>) -> Error {
    let error = Error::fatal(
        sqlstate::OBJECT_IN_USE,
        format!("data directory \"{}\" is already in use", directory.display()),
    );
    match holder {
        Some(pid) => error.with_hint(format!("Is another server (PID {pid}) running in it?")),
        None => error,
    }
}

/// Refuses a directory of another format or another program; marks an empty one.
pub(super) fn check_or_create(directory: &Path) -> Result<()> {
    let path = directory.join(FORMAT_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => check(directory, &path, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(directory, &path),
        Err(error) => Err(Error::io(&format!("read file {path:?}"), &error)),
    }
}

fn check(directory: &Path, path: &Path, text: &str) -> Result<()> {
    let found = text.trim_end().strip_prefix(FORMAT_WORDS).and_then(|n| n.parse::<u32>().ok());
    match found {
        Some(FORMAT) => Ok(()),
        Some(FORMAT_OF_ONE_DATABASE) => upgrade(directory, path),
        Some(found) => Err(refused(format!(
            "data directory \"{}\" has format {found}, this program needs format {FORMAT}",
            directory.display()
        ))
        .with_hint(
            "Open it with the program that wrote it, and move the data by backup and restore.",
        )),
        None => Err(refused(format!(
            "file \"{FORMAT_FILE}\" in \"{}\" is damaged",
            directory.display()
        ))),
    }
}

/// Marks a directory as of the present format; one that fails leaves the old mark.
fn upgrade(directory: &Path, path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Error::io(&format!("write file {path:?}"), &error);
    let new = directory.join(format!("{FORMAT_FILE}.new"));
    let mut file = File::create(&new).map_err(failed)?;
    writeln!(file, "{FORMAT_WORDS}{FORMAT}").map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&new, path).map_err(failed)?;
    File::open(directory).and_then(|d| d.sync_all()).map_err(failed)
}

fn create(directory: &Path, path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Error::io(&format!("write file {path:?}"), &error);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name != LOCK_FILE && name != RESTORE_FILE {
            return Err(refused(format!(
                "directory \"{}\" exists but is not a data directory",
                directory.display()
            ))
            .with_detail(format!("It has no file \"{FORMAT_FILE}\", but it has {name:?}."))
            .with_hint("Use an empty directory, or one that this server made."));
        }
    }
    let mut file = File::create_new(path).map_err(failed)?;
    writeln!(file, "{FORMAT_WORDS}{FORMAT}").map_err(failed)?;
    file.sync_all().map_err(failed)?;
    File::open(directory).and_then(|d| d.sync_all()).map_err(failed)
}

/// Marks an empty directory as one that holds nothing usable yet.
pub(super) fn begin_restore(directory: &Path) -> Result<()> {
    let path = directory.join(RESTORE_FILE);
    let failed = |error: std::io::Error| Error::io(&format!("write file {path:?}"), &error);
    if let Some(entry) = fs::read_dir(directory).map_err(failed)?.next() {
        let name = entry.map_err(failed)?.file_name();
        return Err(Error::fatal(
            sqlstate::DUPLICATE_FILE,
            format!("directory \"{}\" is not empty", directory.display()),
        )
        .with_detail(format!("It has {name:?}."))
        .with_hint("Restore into a directory that is empty or does not exist."));
    }
    let file = File::create_new(&path).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    File::open(directory).and_then(|d| d.sync_all()).map_err(failed)
}

/// What was restored may be opened.
pub(super) fn end_restore(directory: &Path) -> Result<()> {
    let path = directory.join(RESTORE_FILE);
    fs::remove_file(&path)
        .and_then(|()| File::open(directory)?.sync_all())
        .map_err(|error| Error::io(&format!("remove file {path:?}"), &error))
}

/// Refuses a directory that a restore has not finished.
pub(super) fn refuse_unfinished_restore(directory: &Path) -> Result<()> {
    let path = directory.join(RESTORE_FILE);
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(refused(format!(
            "a restore into directory \"{}\" was not finished",
            directory.display()
        ))
        .with_hint("Empty the directory and restore the backup again.")),
        Err(error) => Err(Error::io(&format!("look for file {path:?}"), &error)),
    }
}

/// Removes an engine directory whose making was interrupted, which fjall would
/// refuse. fjall writes its version file last, and no keyspace before it; if there is
/// a keyspace without a version file, something else happened, and it stays.
pub(super) fn clear_unfinished(engine: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Error::io(&format!("look into {engine:?}"), &error);
    let exists = |path: &Path| path.try_exists().map_err(failed);
    if !exists(engine)? || exists(&engine.join("version"))? {
        return Ok(());
    }
    let keyspaces = engine.join("keyspaces");
    if exists(&keyspaces)? && fs::read_dir(&keyspaces).map_err(failed)?.next().is_some() {
        return Err(Error::data_corrupted(format!(
            "data directory \"{}\" has keyspaces but no file \"version\"",
            engine.display()
        )));
    }
    tracing::warn!("making {engine:?} was interrupted; starting over");
    fs::remove_dir_all(engine).map_err(failed)
}

fn refused(message: String) -> Error {
    Error::fatal(sqlstate::CONFIG_FILE_ERROR, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_opener_is_refused_and_told_who_is_first() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let _first = lock(directory.path()).expect("first lock");
        let error = lock(directory.path()).expect_err("second lock");
        assert_eq!(error.code(), sqlstate::OBJECT_IN_USE);
        let pid = std::process::id().to_string();
        assert!(error.report().hint.as_ref().is_some_and(|hint| hint.contains(&pid)));
    }

    #[test]
    fn another_format_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        check_or_create(directory.path()).expect("new directory");
        check_or_create(directory.path()).expect("our directory");
        fs::write(directory.path().join(FORMAT_FILE), "zserver data format 4\n").expect("write");
        let error = check_or_create(directory.path()).expect_err("format 4");
        assert!(error.message().ends_with("has format 4, this program needs format 3"));
    }

    #[test]
    fn a_directory_of_one_database_is_taken_over() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join(FORMAT_FILE);
        fs::write(&path, "zserver data format 2\n").expect("write");
        check_or_create(directory.path()).expect("the format before");
        assert_eq!(fs::read_to_string(&path).expect("read"), "zserver data format 3\n");
        check_or_create(directory.path()).expect("our directory");
    }

    #[test]
    fn foreign_directory_is_left_alone() {
        let directory = tempfile::tempdir().expect("temporary directory");
        fs::write(directory.path().join("letters.txt"), "dear").expect("write");
        let error = check_or_create(directory.path()).expect_err("foreign");
        assert!(error.message().contains("is not a data directory"));
    }
}
