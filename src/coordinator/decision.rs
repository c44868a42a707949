//! The decision log: transactions over several servers that have committed, and whose
//! branches may not know it yet.
//!
//! ```text
//! key    Service [DECISIONS u32][transaction u64]
//! value  JSON: when it was decided, and its branches
//! ```
//!
//! A row is written by the batch that commits the transaction, and removed when all
//! branches have answered. To find no row is to know that the transaction failed, or
//! that nobody needs to know any more.

use serde::{Deserialize, Serialize};

use super::Coordinator;
use crate::error::{Error, Result};
use crate::storage::key::{self, SERVICE_DECISIONS};
use crate::txn::{Keyspace, WriteBatch};

/// A part of a transaction on another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    pub server: String,
    /// The name that it is prepared under.
    pub gid: String,
    /// Microseconds since 2000-01-01 UTC.
    pub decided_at: i64,
}

pub(super) fn decision_key(transaction: u64) -> Vec<u8> {
    key::under(SERVICE_DECISIONS, &transaction.to_be_bytes())
}

/// What the commit's batch is to have.
pub(super) fn put(batch: &mut WriteBatch, transaction: u64, branches: &[Branch]) -> Result<()> {
    let value = serde_json::to_vec(branches)
        .map_err(|error| Error::internal(format!("cannot encode a decision: {error}")))?;
    batch.put(Keyspace::Service, decision_key(transaction), value);
    Ok(())
}

fn decode(value: &[u8]) -> Result<Vec<Branch>> {
    serde_json::from_slice(value)
        .map_err(|error| Error::data_corrupted(format!("could not read a decision: {error}")))
}

impl Coordinator {
    /// The transactions that have committed and are not known to be so everywhere.
    pub(super) fn decisions(&self) -> Result<Vec<(u64, Vec<Branch>)>> {
        let published = self.transactions.published();
        let range = key::object(SERVICE_DECISIONS);
        let mut found = Vec::new();
        for entry in published.scan(Keyspace::Service, &range, false) {
            let (key, value) = entry?;
            let transaction = key
                .last_chunk()
                .map(|bytes| u64::from_be_bytes(*bytes))
                .ok_or_else(|| Error::data_corrupted("could not read a decision"))?;
            found.push((transaction, decode(&value)?));
        }
        Ok(found)
    }

    pub(super) fn is_decided(&self, transaction: u64) -> Result<bool> {
        let published = self.transactions.published();
        Ok(published.get(Keyspace::Service, &decision_key(transaction))?.is_some())
    }

    /// Branches that are to be committed and have not answered yet.
    pub fn in_doubt(&self) -> Result<Vec<Branch>> {
        Ok(self.decisions()?.into_iter().flat_map(|(_, branches)| branches).collect())
    }

    /// All branches of a transaction are committed. The row may come back after a crash,
    /// which does no harm: the branches are gone.
    pub(super) fn forget(&self, transaction: u64) {
        let mut batch = WriteBatch::new();
        batch.remove(Keyspace::Service, decision_key(transaction));
        drop(self.transactions.system_write(batch));
    }
}
