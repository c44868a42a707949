//! The fixed header of a row value. The rest of the row belongs to `table`.
//!
//! ```text
//! offset 0   1        3                    11       15
//!        ┌───┬────────┬────────────────────┬────────┬──────────────
//!        │ f │ schema │ commit timestamp   │ writer │ the row's own bytes …
//!        └───┴────────┴────────────────────┴────────┴──────────────
//!          u8  u16 LE   u64 LE               u32 LE
//! ```
//!
//! Who builds a row leaves the commit timestamp zero: it is known only when the
//! committer puts the row into its batch, and the committer writes it there. The
//! writer is the transaction that wrote this version (the low half of its id), which
//! clients see as `xmin` before and after the commit.
//! A delete leaves a **marker**: a header alone, with [`FLAG_DELETED`], so that
//! what was deleted after a snapshot can still be told apart from what never was.
//! Compaction turns a marker into nothing once no snapshot is older than it.

use super::Value;

pub const FLAGS_OFFSET: usize = 0;
pub const SCHEMA_VERSION_OFFSET: usize = 1;
pub const COMMIT_TS_OFFSET: usize = 3;
pub const WRITER_OFFSET: usize = 11;
/// Where the row's own bytes begin.
pub const HEADER_LEN: usize = 15;

/// The row was deleted; only the header is there.
pub const FLAG_DELETED: u8 = 0b0000_0001;
/// The row was written before its commit: in place of the timestamp is the id of
/// its transaction, see `txn::spill`.
pub const FLAG_SPILLED: u8 = 0b0000_0010;
/// Of a marker: the row went on to another partition, under a rid of its own there.
pub const FLAG_MOVED: u8 = 0b0000_0100;
/// Bits from here up are the row codec's to use.
pub const FLAGS_CODEC_SHIFT: u32 = 4;

/// The header a row codec starts a row with.
pub fn header(schema_version: u16) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[SCHEMA_VERSION_OFFSET..COMMIT_TS_OFFSET].copy_from_slice(&schema_version.to_le_bytes());
    header
}

pub fn flags(row: &[u8]) -> u8 {
    row.first().copied().unwrap_or(0)
}

pub fn is_deleted(row: &[u8]) -> bool {
    flags(row) & FLAG_DELETED != 0
}

pub fn schema_version(row: &[u8]) -> u16 {
    match row.get(SCHEMA_VERSION_OFFSET..COMMIT_TS_OFFSET) {
        Some(bytes) => u16::from_le_bytes([bytes[0], bytes[1]]),
        None => 0,
    }
}

/// The timestamp field as stored: of a spilled row, its transaction's id.
pub fn commit_ts(row: &[u8]) -> u64 {
    row.get(COMMIT_TS_OFFSET..WRITER_OFFSET)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}

/// The transaction that wrote this version.
pub fn writer(row: &[u8]) -> u32 {
    row.get(WRITER_OFFSET..HEADER_LEN)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}

pub fn set_writer(row: &mut [u8], transaction: u64) {
    row[WRITER_OFFSET..HEADER_LEN].copy_from_slice(&transaction_bytes(transaction));
}

/// Transaction ids as clients see them have 32 bits.
fn transaction_bytes(transaction: u64) -> [u8; 4] {
    (transaction as u32).to_le_bytes()
}

/// The row with its commit timestamp filled in.
pub fn with_commit_ts(row: &[u8], commit_ts: u64) -> Value {
    let mut bytes = row.to_vec();
    bytes[FLAGS_OFFSET] &= !FLAG_SPILLED;
    bytes[COMMIT_TS_OFFSET..WRITER_OFFSET].copy_from_slice(&commit_ts.to_le_bytes());
    Value::from(bytes)
}

/// The row as it is written before its commit.
pub fn spilled(row: &[u8], transaction: u64) -> Value {
    let mut bytes = row.to_vec();
    bytes[FLAGS_OFFSET] |= FLAG_SPILLED;
    bytes[COMMIT_TS_OFFSET..WRITER_OFFSET].copy_from_slice(&transaction.to_le_bytes());
    Value::from(bytes)
}

pub fn is_spilled(row: &[u8]) -> bool {
    flags(row) & FLAG_SPILLED != 0
}

/// What a delete leaves behind.
pub fn delete_marker(commit_ts: u64) -> Value {
    let mut marker = [0; HEADER_LEN];
    marker[FLAGS_OFFSET] = FLAG_DELETED;
    marker[COMMIT_TS_OFFSET..WRITER_OFFSET].copy_from_slice(&commit_ts.to_le_bytes());
    Value::from(marker)
}

/// What a row leaves behind that moved to another partition.
pub fn moved_marker(commit_ts: u64) -> Value {
    let mut marker = delete_marker(commit_ts).to_vec();
    marker[FLAGS_OFFSET] |= FLAG_MOVED;
    Value::from(marker)
}

pub fn is_moved(row: &[u8]) -> bool {
    let marks = FLAG_DELETED | FLAG_MOVED;
    flags(row) & marks == marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_ts_is_patched_in_place_and_nothing_else_changes() {
        let mut row = header(513).to_vec();
        row.extend_from_slice(b"body");
        set_writer(&mut row, 0xa_0000_0007);
        let patched = with_commit_ts(&row, 0x0102_0304_0506_0708);
        assert_eq!(writer(&patched), 7);
        assert_eq!(commit_ts(&patched), 0x0102_0304_0506_0708);
        assert_eq!(schema_version(&patched), 513);
        assert!(!is_deleted(&patched));
        assert_eq!(&patched[HEADER_LEN..], b"body");
    }

    #[test]
    fn delete_marker_is_a_header_with_the_flag() {
        let marker = delete_marker(7);
        assert!(is_deleted(&marker));
        assert_eq!((marker.len(), commit_ts(&marker)), (HEADER_LEN, 7));
        let moved = moved_marker(7);
        assert!(is_deleted(&moved) && is_moved(&moved) && !is_moved(&marker));
        assert_eq!((moved.len(), commit_ts(&moved)), (HEADER_LEN, 7));
    }
}
