//! What a backup consists of.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::chunk;
use crate::files::copy::Copied;
use crate::txn::archive::ArchiveStart;
use crate::{Error, Result, sqlstate};

/// The manifest's name in a backup.
pub const MANIFEST_FILE: &str = "backup.json";

const FORMAT: u32 = 2;
/// The format before, of servers with one database.
const FORMAT_OF_ONE_DATABASE: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Of the program that made it.
    pub version: String,
    /// The instant: the newest commit that is in it.
    pub commit_ts: u64,
    /// When that was, microseconds since 1970.
    pub taken_at: i64,
    /// Where a replay of the archive begins; none if the server did not archive.
    pub archive: Option<Start>,
    pub keyspaces: Vec<KeyspaceCopy>,
    /// Of files.
    #[serde(default)]
    pub contents: Copied,
}

/// [`ArchiveStart`], as a manifest has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// 16 hexadecimal digits.
    pub history: String,
    pub sequence: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyspaceCopy {
    pub name: String,
    pub entries: u64,
    /// In the order of their keys.
    pub chunks: Vec<ChunkName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkName {
    pub sha256: String,
    pub bytes: u64,
}

impl From<ArchiveStart> for Start {
    fn from(start: ArchiveStart) -> Start {
        Start { history: format!("{:016x}", start.history), sequence: start.sequence }
    }
}

impl Start {
    pub fn decode(&self) -> Result<ArchiveStart> {
        let history = u64::from_str_radix(&self.history, 16)
            .map_err(|_| Error::data_corrupted("the backup names no history"))?;
        Ok(ArchiveStart { history, sequence: self.sequence })
    }
}

impl Manifest {
    pub fn new(commit_ts: u64, taken_at: i64, archive: Option<ArchiveStart>) -> Manifest {
        Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit_ts,
            taken_at,
            archive: archive.map(Start::from),
            keyspaces: Vec::new(),
            contents: Copied::default(),
        }
    }

    pub fn chunks(&self) -> impl Iterator<Item = &ChunkName> {
        self.keyspaces.iter().flat_map(|keyspace| &keyspace.chunks)
    }

    pub fn bytes(&self) -> u64 {
        self.chunks().map(|chunk| chunk.bytes).sum()
    }

    /// Writes it so that it is there whole or not at all.
    pub(super) fn write(&self, backup: &Path) -> Result<()> {
        let json = serde_json::to_string(self)
            .map_err(|error| Error::internal(format!("cannot encode a manifest: {error}")))?;
        let text = format!("{json}\n{}\n", checksum(&json));
        let (part, path) = (backup.join("backup.part"), backup.join(MANIFEST_FILE));
        chunk::write(&part, text.as_bytes())?;
        fs::rename(&part, &path)
            .and_then(|()| File::open(backup)?.sync_all())
            .map_err(|error| chunk::write_error(&path, &error))
    }

    /// Reads and compares it with its checksum. `58P01` if there is none.
    pub fn read(backup: &Path) -> Result<Manifest> {
        let path = backup.join(MANIFEST_FILE);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::new(
                sqlstate::UNDEFINED_FILE,
                format!("directory \"{}\" is not a complete backup", backup.display()),
            )
            .with_detail(format!("It has no file \"{MANIFEST_FILE}\".")),
            ErrorKind::InvalidData => damaged(&path),
            _ => Error::io(&format!("read file {path:?}"), &error),
        })?;
        let lines: Vec<&str> = text.split('\n').collect();
        let [json, sum, ""] = lines[..] else { return Err(damaged(&path)) };
        if checksum(json) != sum {
            return Err(damaged(&path));
        }
        let manifest: Manifest = serde_json::from_str(json).map_err(|_| damaged(&path))?;
        if !(FORMAT_OF_ONE_DATABASE..=FORMAT).contains(&manifest.format) {
            return Err(Error::unsupported(format!("backup format {}", manifest.format)));
        }
        Ok(manifest)
    }
}

fn checksum(json: &str) -> String {
    Sha256::digest(json.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn damaged(path: &Path) -> Error {
    Error::data_corrupted(format!("file \"{}\" is damaged", path.display()))
}
