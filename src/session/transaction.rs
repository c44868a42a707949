//! BEGIN, COMMIT, ROLLBACK, savepoints: the commands that move the block.

use super::Session;
use super::block::Phase;
use super::statement::{Modes, TransactionCommand};
use crate::error::{Error, Result, Severity};
use crate::sql::outcome::Outcome;
use crate::sqlstate::{self, SqlState};

impl Session {
    pub(super) async fn run_transaction_command(
        &mut self,
        command: &TransactionCommand,
    ) -> Result<Outcome> {
        let tag = match command {
            TransactionCommand::Begin { modes, start } => {
                self.begin_block(*modes)?;
                if *start { "START TRANSACTION" } else { "BEGIN" }
            }
            TransactionCommand::Commit { chain } => self.commit_block(*chain).await?,
            TransactionCommand::Rollback { chain } => self.roll_back_block(*chain)?,
            TransactionCommand::Savepoint(name) => {
                self.block.require_block("SAVEPOINT")?;
                let settings = self.settings.lock().snapshot();
                self.block.savepoint(name, settings)?;
                self.hooks.advisory.savepoint();
                "SAVEPOINT"
            }
            TransactionCommand::Release(name) => {
                self.block.require_block("RELEASE SAVEPOINT")?;
                self.block.release(name)?;
                self.hooks.advisory.release_savepoint(self.block.savepoint_depth());
                "RELEASE"
            }
            TransactionCommand::RollbackTo(name) => {
                self.block.require_block("ROLLBACK TO SAVEPOINT")?;
                let (depth, settings) = self.block.roll_back_to(name)?;
                self.settings.lock().restore(settings);
                self.close_portals_above(depth);
                self.hooks.advisory.roll_back_to(depth);
                "ROLLBACK"
            }
            TransactionCommand::Prepare(gid) => self.prepare_transaction(gid).await?,
            TransactionCommand::FinishPrepared { gid, is_commit } => {
                self.finish_prepared(gid, *is_commit).await?
            }
        };
        Ok(Outcome::Command(tag.to_owned()))
    }

    fn begin_block(&mut self, modes: Modes) -> Result<()> {
        match self.block.phase {
            Phase::Open => {
                self.warn(
                    sqlstate::ACTIVE_SQL_TRANSACTION,
                    "there is already a transaction in progress",
                );
                self.set_transaction(modes)
            }
            // What ran before it in the same message becomes part of the block.
            Phase::Implicit if self.block.open().is_some_and(|open| open.has_snapshot) => {
                self.block.phase = Phase::Open;
                self.set_transaction(modes)
            }
            _ => {
                let characteristics = self.default_characteristics().with(modes);
                if self.block.adopt(characteristics) {
                    return Ok(());
                }
                drop(self.block.leave());
                self.begin_transaction(Phase::Open, Some(characteristics))
            }
        }
    }

    async fn commit_block(&mut self, chain: bool) -> Result<&'static str> {
        let characteristics = self.block.open().map(|open| open.characteristics);
        let tag = match self.block.phase {
            Phase::Open => {
                self.commit_transaction().await?;
                "COMMIT"
            }
            Phase::Failed => {
                self.roll_back_transaction();
                "ROLLBACK"
            }
            Phase::Idle | Phase::Single | Phase::Implicit => {
                self.refuse_chain(chain, "COMMIT AND CHAIN")?;
                self.warn_no_transaction();
                self.commit_transaction().await?;
                return Ok("COMMIT");
            }
        };
        if chain {
            self.begin_transaction(Phase::Open, characteristics)?;
        }
        Ok(tag)
    }

    fn roll_back_block(&mut self, chain: bool) -> Result<&'static str> {
        let characteristics = self.block.open().map(|open| open.characteristics);
        if !self.block.is_explicit() {
            self.refuse_chain(chain, "ROLLBACK AND CHAIN")?;
            self.warn_no_transaction();
        }
        self.roll_back_transaction();
        if chain {
            self.begin_transaction(Phase::Open, characteristics)?;
        }
        Ok("ROLLBACK")
    }

    fn refuse_chain(&self, chain: bool, what: &str) -> Result<()> {
        if chain { self.block.require_block(what) } else { Ok(()) }
    }

    pub(super) fn warn_no_transaction(&self) {
        self.warn(sqlstate::NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
    }

    pub(super) fn warn(&self, code: SqlState, message: &str) {
        let mut report = Error::notice(Severity::Warning, message);
        report.code = Some(code);
        self.notice(report);
    }

    /// SET TRANSACTION, and `SET transaction_isolation = …`. The transaction is
    /// begun anew with them, as nothing has been read in it.
    pub(super) fn set_transaction(&mut self, modes: Modes) -> Result<()> {
        if !self.block.is_explicit() {
            self.warn(
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "SET TRANSACTION can only be used in transaction blocks",
            );
            return Ok(());
        }
        let in_savepoint = self.block.savepoint_depth() > 0;
        let Some(open) = self.block.open_mut() else { return Ok(()) };
        let before = open.characteristics;
        open.set_modes(modes, in_savepoint)?;
        let after = open.characteristics;
        if after.isolation != before.isolation || (before.read_only && !after.read_only) {
            let (isolation, read_only) = (after.txn_isolation(), after.read_only);
            let work = self.begin_work(isolation, read_only)?;
            self.hooks.set_transaction_id(work.txn.id());
            if let Some(open) = self.block.open_mut() {
                open.restart(work);
            }
        }
        Ok(())
    }
}
