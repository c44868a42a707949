//! Taking back the storage of dropped, truncated and rewritten relations.
//!
//! The committed catalog names the storage no more, but an older snapshot may still
//! read it. So deletion begins when the oldest active snapshot is as new as the
//! commit, and goes on in small batches beside other commits. What a crash leaves
//! behind is named by no catalog row and costs space only, until the next start finds
//! it ([`spawn_left_over`]).

use std::collections::BTreeSet;
use std::time::Duration;

use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::sql::run::Work;
use crate::storage::{Key, KeyRange, key};
use crate::txn::{Keyspace, Transactions, WriteBatch};

/// Keys deleted in one batch.
const BATCH_KEYS: usize = 10_000;
/// Between two looks at the oldest active snapshot.
const SNAPSHOT_WAIT: Duration = Duration::from_millis(500);

/// Gives up a table's rows when the transaction that drops it has committed.
pub fn remove(work: &mut Work, relation: &Relation) -> Result<()> {
    work.txn.note_object_write(Keyspace::Rows, relation.storage_id)?;
    work.table.drop_storage(Keyspace::Rows, relation.storage_id);
    Ok(())
}

/// Deletes the storage in the background. Call it after the commit, from within the
/// server's runtime, with its timestamp.
pub fn spawn(transactions: Transactions, dropped: Vec<(Keyspace, u32)>, commit_ts: u64) {
    if dropped.is_empty() {
        return;
    }
    tokio::spawn(async move {
        while transactions.oldest_active_ts() < commit_ts {
            tokio::time::sleep(SNAPSHOT_WAIT).await;
        }
        for (keyspace, storage_id) in dropped {
            // Of a vector index there is a saved graph, too.
            let with_graph = (keyspace == Keyspace::Indexes).then_some(Keyspace::Vectors);
            for keyspace in std::iter::once(keyspace).chain(with_graph) {
                if let Err(error) = delete(&transactions, keyspace, storage_id).await {
                    tracing::warn!("storage {storage_id} of a dropped relation stays: {error}");
                }
            }
        }
    });
}

/// Storage that somebody has at a start of the server, before any client has made more.
pub struct Known {
    /// Relations of all databases and of prepared transactions.
    pub storage_ids: BTreeSet<u32>,
    /// No storage has had an id from here up.
    pub end: u32,
}

/// Deletes in the background what an earlier life of the server was still deleting when it
/// ended. What transactions have written that nobody may see yet is not looked at.
pub fn spawn_left_over(transactions: Transactions, known: Known) {
    tokio::spawn(async move {
        for keyspace in [Keyspace::Rows, Keyspace::Indexes, Keyspace::Vectors] {
            if let Err(error) = delete_unknown(&transactions, keyspace, &known).await {
                tracing::warn!("{} that no object has stay: {error}", keyspace.name());
            }
        }
    });
}

async fn delete_unknown(
    transactions: &Transactions,
    keyspace: Keyspace,
    known: &Known,
) -> Result<()> {
    let mut from = 0;
    while let Some(storage_id) = next_object(transactions.clone(), keyspace, from).await? {
        if storage_id >= known.end {
            return Ok(());
        }
        if !known.storage_ids.contains(&storage_id) {
            delete(transactions, keyspace, storage_id).await?;
            tracing::info!(
                "{} of storage {storage_id}, which no object has, are gone",
                keyspace.name()
            );
        }
        from = storage_id + 1;
    }
    Ok(())
}

/// The first object from an id up that has anything stored.
async fn next_object(
    transactions: Transactions,
    keyspace: Keyspace,
    from: u32,
) -> Result<Option<u32>> {
    let find = move || {
        let mut range = KeyRange::all();
        range.lower = key::object(from).lower;
        let first = transactions.published().scan(keyspace, &range, false).next().transpose()?;
        Ok(first.and_then(|(key, _)| key::object_of(&key)))
    };
    let found = tokio::task::spawn_blocking(find).await;
    found.map_err(|error| Error::internal(format!("storage was not read: {error}")))?
}

/// Storage that was dropped is never written again, so each batch goes on where the
/// last one ended: from the start it would pass over ever more tombstones.
async fn delete(transactions: &Transactions, keyspace: Keyspace, storage_id: u32) -> Result<()> {
    let mut range = key::object(storage_id);
    loop {
        let (transactions, rest) = (transactions.clone(), range.clone());
        // Keys are read from disk, which takes long and must not hold up clients.
        let (keys, transactions) = tokio::task::spawn_blocking(move || {
            let keys = first_keys(&transactions, keyspace, &rest);
            (keys, transactions)
        })
        .await
        .map_err(|error| Error::internal(format!("storage {storage_id} was not read: {error}")))?;
        let keys = keys?;
        let Some(last) = keys.last() else { return Ok(()) };
        range.lower = key::next(last);
        let mut batch = WriteBatch::new();
        keys.into_iter().for_each(|key| batch.remove(keyspace, key));
        transactions.system_write(batch).await?;
    }
}

fn first_keys(
    transactions: &Transactions,
    keyspace: Keyspace,
    range: &KeyRange,
) -> Result<Vec<Key>> {
    let published = transactions.published();
    published.scan(keyspace, range, false).take(BATCH_KEYS).map(|entry| Ok(entry?.0)).collect()
}
