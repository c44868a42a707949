//! Backups: a copy of everything at one published instant, and making a data directory
//! of one again, at that instant or a later one.
//!
//! # Why a copy of entries and not of files
//!
//! The engine's tables are immutable and could be linked, but which tables, journals and
//! manifests belong together is known only inside the engine, which replaces and removes
//! them while others write; it has no call that holds them still. A published instant
//! ([`Published`](crate::txn::Published)) does hold still, for all keyspaces at once, and
//! reading it goes through the engine's checksums. So a backup reads the entries of each
//! keyspace in order and writes them into files of its own. That costs reading
//! everything; what it does not cost is writing everything again:
//!
//! # Chunks
//!
//! A keyspace is cut into **chunks** of some megabytes at keys that only the keys
//! themselves decide, so that a change moves only the edges near it. A chunk is named by
//! the SHA-256 of its bytes. A backup that is given an earlier one links (or, on another
//! file system, copies) the chunks that are there already, after comparing them with
//! their names: it takes the space of what has changed.
//!
//! ```text
//! BACKUP/chunks/ab/abcd….chunk   "ZSBKUP01", then entries
//!                                (key length u32 │ value length u32 │ key │ value)*
//! BACKUP/files/ab/cdef…          the contents of files that are on disk (`crate::files`)
//! BACKUP/backup.json             the manifest, written last: what belongs to which
//!                                keyspace, in order; its own SHA-256 on the second line
//! ```
//!
//! A directory without a manifest is no backup: the making was interrupted. Backups do
//! not need each other: any of them may be deleted.
//!
//! Contents of files are copied under their own names after the entries, while nobody may
//! remove any: all that rows name at the instant are there, and some more. Those in an S3
//! service are not in a backup, nor are contents in an archive: a restore to a later
//! instant has rows of files that came after the backup, and no contents for them.
//!
//! # Instants
//!
//! While it is read, an instant keeps what others replace, up to
//! [`Limits::snapshot_bytes_max`](crate::txn::Limits) of writes; a backup that meets more
//! ends with `72000` and is to be taken again at a quieter time. With an archive
//! ([`crate::txn::archive`]) the manifest says where the replay begins, so a restore
//! reaches any later instant that the archive has.
//!
//! # Restoring
//!
//! Each keyspace is ingested as one sorted run, every chunk compared with its name
//! first. The directory stays marked as unfinished until everything is on disk, so what
//! an interrupted restore leaves is refused by name and never opened.

mod chunk;
mod create;
mod manifest;
mod restore;

#[cfg(test)]
mod tests;

pub use create::{BackupOptions, Created, create};
pub use manifest::{MANIFEST_FILE, Manifest};
pub use restore::{RestoreOptions, Restored, restore, verify};
