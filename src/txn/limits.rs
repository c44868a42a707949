//! Every bound of this layer, by name.

use std::time::Duration;

/// Limits and sizes. The defaults suit a server; tests make them small.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Transactions that may wait for the committer. A commit beyond it blocks its
    /// thread until there is room; each session has at most one commit in flight,
    /// so this is reached only with more sessions than this.
    pub commit_queue_max: usize,
    /// Transactions merged into one batch.
    pub group_transactions_max: usize,
    /// Bytes of keys and values merged into one batch; one transaction may exceed it.
    pub group_bytes_max: usize,
    /// Bytes of one transaction's new rows and their entries kept in memory; beyond
    /// it they are spilled.
    pub spill_bytes: usize,
    /// Bytes of one transaction's updates and deletes of existing rows kept in memory;
    /// beyond it they are written to a run.
    pub run_bytes: usize,
    /// Bytes of one transaction's other writes, those of the catalog, beyond which it
    /// fails (`53200`); and of all changes of one that is to be prepared.
    pub write_set_bytes_max: usize,
    /// How long a bulk writer waits for the engine to catch up before each spill.
    pub throttle_max: Duration,
    /// Entries that the sweeper removes in one batch.
    pub sweep_entries_max: usize,
    /// How long a commit with `synchronous_commit = off` may stay unsynced.
    pub sync_delay_max: Duration,
    /// Keys and ranges that a serializable transaction notes before it is taken to
    /// have read (or written) whole tables.
    pub read_set_entries_max: usize,
    /// Committed serializable transactions whose reads and writes are kept one by one
    /// while others run that began before; the oldest of more are merged.
    pub retained_transactions_max: usize,
    /// Keys and ranges that all of them keep.
    pub retained_entries_max: usize,
    /// Bytes written since a snapshot was taken beyond which it can no longer be read
    /// (`72000`): it keeps about that much in memory.
    pub snapshot_bytes_max: u64,
    /// Free bytes of the file system below which commits are refused with `53100`:
    /// what flushes and compactions need to finish what was already accepted.
    pub disk_reserve_bytes: u64,
    /// Row ids whose use is made durable at a time, per table. A crash skips at
    /// most this many.
    pub rid_block: u64,
    /// Transaction ids whose use is made durable at a time.
    pub transaction_id_block: u64,
    /// Steps of the search for a deadlock before it gives up (and finds none).
    pub deadlock_steps_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            commit_queue_max: 4096,
            group_transactions_max: 512,
            group_bytes_max: 32 << 20,
            spill_bytes: 256 << 20,
            run_bytes: 128 << 20,
            write_set_bytes_max: 1 << 30,
            throttle_max: Duration::from_secs(2),
            sweep_entries_max: 2048,
            sync_delay_max: Duration::from_millis(200),
            read_set_entries_max: 32 << 10,
            retained_transactions_max: 1000,
            retained_entries_max: 1 << 20,
            snapshot_bytes_max: 2 << 30,
            disk_reserve_bytes: 256 << 20,
            rid_block: 16 << 10,
            transaction_id_block: 64 << 10,
            deadlock_steps_max: 100_000,
        }
    }
}
