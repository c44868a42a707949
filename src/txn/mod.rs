//! Transactions over bytes (the whole module lands with the storage layer).

/// One transaction.
pub struct Transaction {}
