//! Finishing what a failure has left: branches in doubt, and branches without a decision.

use super::branch::{finished, gid_prefix, query, transaction_of, within};
use super::servers::RemoteServer;
use super::{Branch, Coordinator};
use crate::error::Result;

/// What one pass has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Branches of decided transactions that are committed now.
    pub committed: usize,
    /// Prepared branches without a decision that are rolled back now.
    pub rolled_back: usize,
    /// Servers that could not be asked.
    pub unreachable: usize,
}

impl Coordinator {
    /// Commits what was decided and rolls back what was not, on every server that
    /// answers. Does nothing where there are no servers.
    pub async fn resolve(&self) -> Result<Resolved> {
        let mut resolved = Resolved::default();
        let Some(number) = self.number()? else { return Ok(resolved) };
        for server in self.servers()? {
            if let Err(error) = self.resolve_on(number, &server, &mut resolved).await {
                tracing::warn!(server = server.name, %error, "branches there are not resolved yet");
                resolved.unreachable += 1;
            }
        }
        if resolved.committed + resolved.rolled_back > 0 {
            tracing::info!(
                committed = resolved.committed,
                rolled_back = resolved.rolled_back,
                "branches of transactions were resolved"
            );
        }
        Ok(resolved)
    }

    /// What one server has prepared in this coordinator's name is finished.
    async fn resolve_on(
        &self,
        number: u64,
        server: &RemoteServer,
        resolved: &mut Resolved,
    ) -> Result<()> {
        let timeout = self.timeout();
        let (client, _) = server.connect(timeout).await?;
        // Decided before the server is asked, and nobody is at them: what it does not
        // list has ended there.
        let mut decided = self.decisions()?;
        decided.retain(|(transaction, _)| !self.is_active(*transaction));
        let list = format!(
            "SELECT gid FROM pg_catalog.pg_prepared_xacts \
             WHERE database = current_database() AND gid LIKE '{}%'",
            gid_prefix(number)
        );
        let listed = within(timeout, &server.name, query(&client, &server.name, &list)).await?;
        let listed: Vec<String> = listed.rows.into_iter().flatten().flatten().collect();
        for gid in &listed {
            let Some(transaction) = transaction_of(number, gid) else { continue };
            // In this order: whose outcome is open may be decided any time.
            if self.is_active(transaction) {
                continue;
            }
            let is_commit = self.is_decided(transaction)?;
            let verb = if is_commit { "COMMIT" } else { "ROLLBACK" };
            let end = format!("{verb} PREPARED '{gid}'");
            finished(within(timeout, &server.name, query(&client, &server.name, &end)).await)?;
            match is_commit {
                true => resolved.committed += 1,
                false => resolved.rolled_back += 1,
            }
        }
        for (transaction, branches) in decided {
            self.forget_branches(transaction, &branches, &server.name).await?;
        }
        Ok(())
    }

    /// A transaction's branches on a server have ended.
    async fn forget_branches(
        &self,
        transaction: u64,
        branches: &[Branch],
        server: &str,
    ) -> Result<()> {
        let rest: Vec<Branch> =
            branches.iter().filter(|branch| branch.server != server).cloned().collect();
        if rest.len() == branches.len() {
            return Ok(());
        }
        if rest.is_empty() {
            self.forget(transaction);
            return Ok(());
        }
        let mut batch = crate::txn::WriteBatch::new();
        super::decision::put(&mut batch, transaction, &rest)?;
        self.transactions.system_write(batch).await.map(|_| ())
    }
}
