//! Compares the store's files with the checksums they were written with.
//!
//! fjall checks a block of a table when it loads it, and nothing else of what it needs
//! to open: a flipped byte in a manifest makes it open another tree, delete the tables
//! that this one does not name, or show rows of another time; a keyspace without its
//! `current` is made anew, empty. So [`check_manifests`] looks at these before fjall
//! does, on every start (a few kilobytes a keyspace), and [`verify`] reads everything:
//! tables as whole files against the checksum in the manifest, so that also what no
//! read needs just now is known to be there.
//!
//! ```text
//! keyspaces/N/current    id of the manifest u64 │ xxh3-128 of it u128 │ 0 u8
//! keyspaces/N/vID        manifest; section "tables":
//!                        levels u8, (runs u8, (tables u32, (id u64 │ 0 u8 │ xxh3-128 │
//!                        sequence number u64)*)*)*
//! keyspaces/N/tables/ID  one table, never changed once it is there
//! ```
//! Integers are little-endian. (lsm-tree 3.1.)
//!
//! Others go on writing meanwhile: a table that is gone when its turn comes is damage
//! only if the newest manifest still names it. What the operating system has in memory
//! is compared as it is there. Journals are not read here: each start reads them all
//! ([`journal`](super::journal)).

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::storage::{Damage, Verified};
use crate::{Error, Result};

const CURRENT: &str = "current";
const CHECKSUM_XXH3: u8 = 0;
/// Read at a time.
const PART_BYTES: usize = 1 << 20;

/// What a keyspace's manifest names.
struct Manifest {
    directory: PathBuf,
    tables: Vec<Table>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Table {
    id: u64,
    checksum: u128,
}

/// Why a manifest cannot be used.
enum Unusable {
    Io(PathBuf, std::io::Error),
    Damaged(Damage),
}

/// `XX001` if a keyspace's manifest is not what was written. fjall must not open it.
pub(super) fn check_manifests(engine: &Path) -> Result<()> {
    for directory in keyspaces(engine)? {
        match manifest(&directory) {
            Ok(_) => {}
            Err(Unusable::Io(path, error)) => {
                return Err(Error::io(&format!("read file {path:?}"), &error));
            }
            Err(Unusable::Damaged(damage)) => {
                return Err(Error::data_corrupted(format!(
                    "file \"{}\" is damaged: {}",
                    damage.file.display(),
                    damage.what
                ))
                .with_hint("Restore the data directory from a backup."));
            }
        }
    }
    Ok(())
}

/// Reads every table. `pace` is told how many bytes were read since the last time; it
/// may wait, and ends everything with its error.
pub(super) fn verify(engine: &Path, pace: &mut dyn FnMut(u64) -> Result<()>) -> Result<Verified> {
    let mut verified = Verified::default();
    for directory in keyspaces(engine)? {
        verify_keyspace(&directory, &mut verified, pace)?;
    }
    Ok(verified)
}

fn verify_keyspace(
    directory: &Path,
    verified: &mut Verified,
    pace: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<()> {
    let named = match current_manifest(directory) {
        Ok(manifest) => manifest,
        Err(damage) => {
            verified.damages.push(damage);
            return Ok(());
        }
    };
    for table in &named.tables {
        let path = table_path(&named.directory, table.id);
        match read_through(&path, pace)? {
            Ok((checksum, bytes)) => {
                verified.files += 1;
                verified.bytes += bytes;
                if checksum != table.checksum {
                    let what = "its checksum is not the one it was written with".to_owned();
                    verified.damages.push(Damage { file: path, what });
                }
            }
            // A compaction may have replaced it meanwhile.
            Err(_) if !is_still_named(directory, table) => {}
            Err(error) => verified.damages.push(Damage { file: path, what: error.to_string() }),
        }
    }
    Ok(())
}

/// The newest manifest. While others write, `current` may be replaced between two looks.
fn current_manifest(directory: &Path) -> Result<Manifest, Damage> {
    const LOOKS: usize = 5;
    let mut damage = None;
    for _ in 0..LOOKS {
        match manifest(directory) {
            Ok(manifest) => return Ok(manifest),
            Err(Unusable::Damaged(found)) => damage = Some(found),
            Err(Unusable::Io(file, error)) => {
                damage = Some(Damage { file, what: error.to_string() });
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Err(damage.expect("there was at least one look"))
}

fn is_still_named(directory: &Path, table: &Table) -> bool {
    match current_manifest(directory) {
        Ok(manifest) => manifest.tables.contains(table),
        Err(_) => true,
    }
}

fn keyspaces(engine: &Path) -> Result<Vec<PathBuf>> {
    let folder = engine.join("keyspaces");
    let failed = |error: std::io::Error| Error::io(&format!("read directory {folder:?}"), &error);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn manifest(directory: &Path) -> Result<Manifest, Unusable> {
    let current = directory.join(CURRENT);
    let bytes = match fs::read(&current) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound && !has_tables(directory) => {
            // It was being made when the machine stopped; nothing is in it.
            return Ok(Manifest { directory: directory.to_owned(), tables: Vec::new() });
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(damaged(&current, "it is missing, and there are tables"));
        }
        Err(error) => return Err(Unusable::Io(current, error)),
    };
    let mut rest = bytes.as_slice();
    let parts = (take::<8>(&mut rest), take::<16>(&mut rest), rest);
    let (Some(id), Some(checksum), &[CHECKSUM_XXH3]) = parts else {
        return Err(damaged(&current, "it has another length or form"));
    };
    let path = directory.join(format!("v{}", u64::from_le_bytes(id)));
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(damaged(&current, &format!("it names {path:?}, which is missing")));
        }
        Err(error) => return Err(Unusable::Io(path, error)),
    };
    if xxhash_rust::xxh3::xxh3_128(&bytes) != u128::from_le_bytes(checksum) {
        return Err(damaged(&path, "its checksum is not the one in \"current\""));
    }
    let tables = tables(&bytes).ok_or_else(|| damaged(&path, "its list of tables is cut"))?;
    Ok(Manifest { directory: directory.to_owned(), tables })
}

fn has_tables(directory: &Path) -> bool {
    fs::read_dir(directory.join("tables")).is_ok_and(|mut entries| entries.next().is_some())
}

fn damaged(file: &Path, what: &str) -> Unusable {
    Unusable::Damaged(Damage { file: file.to_owned(), what: what.to_owned() })
}

/// The tables that a manifest names; `None` if it is cut.
fn tables(manifest: &[u8]) -> Option<Vec<Table>> {
    let reader = sfa::Reader::from_reader(&mut std::io::Cursor::new(manifest)).ok()?;
    let section = reader.toc().section(b"tables")?;
    let start = usize::try_from(section.pos()).ok()?;
    let length = usize::try_from(section.len()).ok()?;
    let mut rest = manifest.get(start..start.checked_add(length)?)?;
    let mut found = Vec::new();
    for _ in 0..u8::from_le_bytes(take(&mut rest)?) {
        for _ in 0..u8::from_le_bytes(take(&mut rest)?) {
            for _ in 0..u32::from_le_bytes(take(&mut rest)?) {
                let id = u64::from_le_bytes(take(&mut rest)?);
                let _kind: [u8; 1] = take(&mut rest)?;
                let checksum = u128::from_le_bytes(take(&mut rest)?);
                let _sequence_number: [u8; 8] = take(&mut rest)?;
                found.push(Table { id, checksum });
            }
        }
    }
    Some(found)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

fn table_path(directory: &Path, id: u64) -> PathBuf {
    directory.join("tables").join(id.to_string())
}

/// The checksum and length of a whole file; an error of `pace` is the outer one.
fn read_through(
    path: &Path,
    pace: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<std::io::Result<(u128, u64)>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let (mut hasher, mut total) = (Xxh3::new(), 0);
    let mut part = vec![0; PART_BYTES];
    loop {
        match file.read(&mut part) {
            Ok(0) => return Ok(Ok((hasher.digest128(), total))),
            Ok(read) => {
                hasher.update(&part[..read]);
                total += read as u64;
                pace(read as u64)?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error)),
        }
    }
}
