//! CALL and DO, cursors that functions have opened, and the session's own statements
//! inside of functions.
//!
//! A procedure runs on a thread of its own with the transaction's work in its hands.
//! Where it may end the transaction it sends the work back with its wish, and the
//! session commits or rolls back, begins anew and answers with the next work.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::block::Phase;
use super::hooks::Hooks;
use super::notify::Action;
use super::scope::panic_error;
use super::set::{self, text_column};
use super::settings::{Scope as SetScope, Settings};
use super::statement::{Command, Direction, FetchCursor, SetCommand};
use super::{Session, notify};
use crate::error::{Error, Result};
use crate::sql::functions::SessionHooks;
use crate::sql::outcome::{Outcome, RowStream, Rows, RowsTag};
use crate::sql::parse::ParsedStatement;
use crate::sql::routine::command::{self, Top};
use crate::sql::routine::cursor::Move;
use crate::sql::routine::frame::{Control, EndTransaction, Frame};
use crate::sql::run::StatementContext;
use crate::sql::types::Datum;
use crate::table::blocking;

impl Session {
    /// Runs CALL or DO.
    pub(super) async fn run_routine(
        &mut self,
        top: Arc<Top>,
        params: Vec<Datum>,
        context: StatementContext,
    ) -> Result<Outcome> {
        let (requests, mut wishes) = mpsc::unbounded_channel();
        let may_end = self.block.phase == Phase::Single;
        let control = may_end.then_some(Control { requests });
        let mut work = self.block.take_work()?;
        let mut running = tokio::task::spawn_blocking(move || {
            let run = std::panic::AssertUnwindSafe(|| {
                command::run_top(&top, &params, &mut work, &context, control)
            });
            let result = std::panic::catch_unwind(run);
            (work, result.unwrap_or_else(|panic| Err(panic_error(panic.as_ref()))))
        });
        loop {
            tokio::select! {
                biased;
                Some(wish) = wishes.recv() => self.end_for_procedure(wish).await,
                done = &mut running => {
                    let (work, result) = done.map_err(|error| {
                        Error::internal(format!("a procedure's thread has ended: {error}"))
                    })?;
                    self.block.put_work(work);
                    // What a cancel has stopped fails with the reason for that.
                    return match result {
                        Err(error) => self.scope()?.run(async { Err(error) }).await,
                        ok => ok,
                    };
                }
            }
        }
    }

    /// COMMIT or ROLLBACK in a procedure.
    async fn end_for_procedure(&mut self, wish: EndTransaction) {
        self.block.put_work(wish.work);
        let phase = self.block.phase;
        let characteristics = self.block.open().map(|open| open.characteristics);
        let ended = match wish.commit {
            true => {
                let notified = self.collect_notified();
                match notified {
                    Ok(()) => self.commit_transaction().await,
                    Err(error) => Err(error),
                }
            }
            false => {
                self.hooks.notified.lock().clear();
                self.roll_back_transaction();
                Ok(())
            }
        };
        if ended.is_err() && !self.is_idle() {
            self.roll_back_transaction();
        }
        let begun = self.begin_transaction(phase, characteristics.filter(|_| wish.chain));
        let work = begun.and_then(|()| self.block.take_work());
        // A procedure that has ended meanwhile needs no answer.
        let _ = match work {
            Ok(work) => wish.reply.send((Some(work), ended)),
            Err(error) => wish.reply.send((None, Err(error))),
        };
    }

    /// FETCH and MOVE on a cursor that a function has opened.
    pub(super) async fn fetch_from_function(
        &mut self,
        fetch: &FetchCursor,
    ) -> Result<Option<Outcome>> {
        let routines = self.hooks.routines.clone();
        let Some(mut cursor) = routines.cursors.take(&fetch.name) else { return Ok(None) };
        self.begin_statement()?;
        let eval = self.eval_context();
        let scope = self.scope()?;
        let context = self.statement_context(eval, scope.token.clone());
        let movement = match fetch.direction {
            Direction::Forward(count) => Move::By(count),
            Direction::Backward(count) => Move::By(-count),
            Direction::Absolute(at) => Move::To(at),
            Direction::Relative(by) => Move::Step(by),
        };
        let work = self.block.work()?;
        let moved = blocking(|| {
            let mut frame = Frame::new(work, context, 0, true);
            cursor.move_by(movement, &mut frame)
        });
        let columns = cursor.columns.clone();
        routines.cursors.put_back(fetch.name.clone(), cursor);
        let rows = scope.run(async { moved }).await?;
        if fetch.is_move {
            return Ok(Some(Outcome::Command(format!("MOVE {}", rows.len()))));
        }
        Ok(Some(Outcome::Rows(RowStream {
            columns,
            rows: Box::pin(futures::stream::iter([Ok(Rows::Datums(rows))])),
            tag: RowsTag::Counted("FETCH"),
            lender: None,
        })))
    }
}

impl Hooks {
    /// A statement of the session's own inside of a function.
    pub(super) fn run_inner_command(&self, statement: &ParsedStatement) -> Result<Option<Outcome>> {
        let Some(command) = Command::of(statement)? else { return Ok(None) };
        let done = |tag: &str| Ok(Some(Outcome::Command(tag.to_owned())));
        match command {
            Command::Set(SetCommand::Value { name, args, local }) => {
                let text = set::argument_text(&name, &args)?;
                if set::transaction_modes(&name, &text)?.is_some() {
                    return Err(Error::unsupported("setting this parameter inside of a function"));
                }
                self.set_parameter(&name, &text, scope(local), self.authority())?;
                done("SET")
            }
            Command::Set(SetCommand::Default { name, local, is_reset }) => {
                self.reset_setting(&name, local)?;
                done(if is_reset { "RESET" } else { "SET" })
            }
            Command::Show(name) => {
                if !self.sees_all_settings() {
                    Settings::check_examinable(&name)?;
                }
                let value = self.settings.lock().show(&name)?;
                Ok(Some(Outcome::Rows(RowStream {
                    columns: [text_column(&name)].into(),
                    rows: Box::pin(futures::stream::iter([Ok(Rows::Datums(vec![vec![
                        Datum::Text(value),
                    ]]))])),
                    tag: RowsTag::Fixed("SHOW".to_owned()),
                    lender: None,
                })))
            }
            Command::Listen(channel) => self.note(Action::Listen(channel), "LISTEN"),
            Command::Unlisten(Some(channel)) => self.note(Action::Unlisten(channel), "UNLISTEN"),
            Command::Unlisten(None) => self.note(Action::UnlistenAll, "UNLISTEN"),
            Command::Notify { channel, payload } => {
                self.notify(&channel, &payload)?;
                done("NOTIFY")
            }
            Command::ClosePortal(Some(name)) => match self.routines.cursors.take(&name) {
                Some(_) => done("CLOSE CURSOR"),
                None => Err(Error::unsupported("CLOSE of a client's cursor inside of a function")),
            },
            _ => Err(Error::unsupported("this statement inside of a function")),
        }
    }

    fn note(&self, action: Action, tag: &str) -> Result<Option<Outcome>> {
        let mut notified = self.notified.lock();
        if notified.len() >= notify::ACTIONS_MAX {
            return Err(Action::too_many());
        }
        notified.push(action);
        Ok(Some(Outcome::Command(tag.to_owned())))
    }
}

fn scope(local: bool) -> SetScope {
    if local { SetScope::Transaction } else { SetScope::Session }
}
