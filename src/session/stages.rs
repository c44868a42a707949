//! Statements of several transactions: the session ends one and begins the next.
//!
//! The statement holds the transaction's work while it runs. At the end of a stage it
//! sends the work here; it is committed as at the end of a statement, and the answer is
//! the work of a new transaction, READ COMMITTED whatever the default is.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Session;
use super::block::{Characteristics, Phase};
use super::settings::IsolationLevel;
use crate::error::{Error, Result};
use crate::sql::outcome::Outcome;
use crate::sql::run::{StatementContext, Work};
use crate::sql::stages::NextStage;
use crate::sql::{self, Prepared};

impl Session {
    pub(super) async fn run_in_stages(
        &mut self,
        prepared: &Arc<Prepared>,
        context: StatementContext,
    ) -> Result<Outcome> {
        let (requests, mut stages) = mpsc::unbounded_channel();
        let scope = self.scope()?;
        let mut work = self.block.take_work()?;
        let (mut is_first, first) = (true, work.start_statement());
        let outcome = {
            let running = scope.run(sql::execute_in_stages(prepared, &mut work, context, requests));
            let mut running = std::pin::pin!(running);
            loop {
                tokio::select! {
                    biased;
                    Some(stage) = stages.recv() => {
                        is_first = false;
                        self.next_stage(stage).await;
                    }
                    outcome = &mut running => break outcome,
                }
            }
        };
        let changed = outcome.as_ref().is_err_and(Error::is_catalog_changed);
        match is_first {
            // Nothing is done yet, so that it may start over.
            true if changed => work.undo_statement(first),
            _ => work.end_statement(),
        }
        let has_written = work.txn.has_writes() || !work.changes.is_empty();
        self.block.put_work(work);
        if has_written {
            self.hooks.note_written();
        }
        outcome.map_err(|error| match changed && !is_first {
            true => Error::internal(format!("{} between two stages", error.message())),
            false => error,
        })
    }

    async fn next_stage(&mut self, stage: NextStage) {
        if stage.work.txn.has_writes() || !stage.work.changes.is_empty() {
            self.hooks.note_written();
        }
        let characteristics = self.block.open().map(|open| open.characteristics);
        self.block.put_work(stage.work);
        let next = self.commit_and_begin(self.block.phase, characteristics).await;
        // A statement that was cancelled meanwhile needs no answer.
        let _ = stage.reply.send(next);
    }

    async fn commit_and_begin(
        &mut self,
        phase: Phase,
        characteristics: Option<Characteristics>,
    ) -> Result<(Work, StatementContext)> {
        self.collect_notified()?;
        self.commit_transaction().await?;
        let isolation = IsolationLevel::ReadCommitted;
        let next = characteristics.map(|before| Characteristics { isolation, ..before });
        self.begin_transaction(phase, next)?;
        self.begin_statement()?;
        let eval = self.eval_context();
        let scope = self.scope()?;
        let context = self.statement_context(eval, scope.token.clone());
        Ok((self.block.take_work()?, context))
    }
}
