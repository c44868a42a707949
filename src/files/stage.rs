//! Bytes on their way to be a content: written and hashed as they come.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{Hash, failed};
use crate::error::{Error, Result};

/// Bytes collected before they are written: a call to another thread for each piece of the
/// network's size would cost more than the writing.
const BATCH_BYTES: usize = 1 << 20;

/// Takes bytes. Its file is removed when it is dropped, unless it was placed.
pub struct Stager {
    /// None while another thread writes.
    inner: Option<Inner>,
    pending: Vec<Bytes>,
    pending_bytes: usize,
}

struct Inner {
    file: File,
    path: Temporary,
    hasher: blake3::Hasher,
    size: u64,
}

/// Removed when it is dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may be gone, and the next start empties the directory.
        let _ = fs::remove_file(&self.0);
    }
}

/// A file that has all its bytes, on disk.
pub struct Staged {
    path: Temporary,
    pub hash: Hash,
    pub size: u64,
}

impl Staged {
    pub fn path(&self) -> &Path {
        &self.path.0
    }
}

impl Stager {
    pub(super) fn begin(directory: &Path) -> Result<Stager> {
        let path = directory.join(format!("{:032x}", rand::random::<u128>()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed("create", &path, &error))?;
        let inner = Inner { file, path: Temporary(path), hasher: blake3::Hasher::new(), size: 0 };
        Ok(Stager { inner: Some(inner), pending: Vec::new(), pending_bytes: 0 })
    }

    pub async fn write(&mut self, data: Bytes) -> Result<()> {
        self.pending_bytes += data.len();
        self.pending.push(data);
        if self.pending_bytes >= BATCH_BYTES { self.flush(false).await } else { Ok(()) }
    }

    async fn flush(&mut self, sync: bool) -> Result<()> {
        let batch = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let mut inner = self.inner.take().ok_or_else(lost)?;
        let written = tokio::task::spawn_blocking(move || {
            inner.write(&batch)?;
            if sync {
                inner.file.sync_all().map_err(|error| failed("flush", &inner.path.0, &error))?;
            }
            Ok::<_, Error>(inner)
        });
        self.inner = Some(written.await.map_err(|_| lost())??);
        Ok(())
    }

    /// Everything on disk.
    pub async fn finish(mut self) -> Result<Staged> {
        self.flush(true).await?;
        let Inner { path, hasher, size, .. } = self.inner.take().ok_or_else(lost)?;
        Ok(Staged { path, hash: Hash(*hasher.finalize().as_bytes()), size })
    }
}

impl Inner {
    fn write(&mut self, batch: &[Bytes]) -> Result<()> {
        for data in batch {
            self.file.write_all(data).map_err(|error| failed("write", &self.path.0, &error))?;
            self.hasher.update(data);
            self.size += data.len() as u64;
        }
        Ok(())
    }
}

fn lost() -> Error {
    Error::internal("the thread that writes a file has ended")
}
