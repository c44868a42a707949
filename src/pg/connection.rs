//! One connection after login: the loop over messages.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::frame::Frame;
use super::message::{self, Message, Target};
use super::output::Status;
use super::wire::Wire;
use crate::error::{Error, Report, Result};
use crate::session::settings::Layers;
use crate::session::{Phase, Session, registry};
use crate::sqlstate;

/// Characters of a statement that the log shows with an internal error.
const LOGGED_CHARS_MAX: usize = 4_000;

pub struct Connection<S> {
    pub(super) wire: Wire<S>,
    pub(super) session: Session,
    /// Settings as ParameterStatus has told them.
    told: Option<(Vec<(&'static str, String)>, Arc<Layers>)>,
    /// An error in the extended protocol: everything up to Sync is passed over.
    skips_to_sync: bool,
    /// An Execute has run since the last Sync: what follows shares its transaction.
    pub(super) in_pipeline: bool,
    /// ReadyForQuery was the last word: the client's turn.
    awaits_query: bool,
    /// The text that error positions count in.
    pub(super) query: Arc<str>,
    /// The first message may be a password that nobody has asked for.
    pub takes_early_password: bool,
}

/// What ends the loop.
enum Next {
    Frame(Frame),
    /// The client is gone.
    Lost,
    /// The server ends the connection with this error.
    End(Error),
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub fn new(wire: Wire<S>, session: Session) -> Connection<S> {
        Connection {
            wire,
            session,
            told: None,
            skips_to_sync: false,
            in_pipeline: false,
            awaits_query: false,
            query: "".into(),
            takes_early_password: false,
        }
    }

    /// Serves the client until either side ends it.
    pub async fn run(mut self) -> Result<()> {
        let ended = self.serve().await;
        self.session.close().await;
        ended
    }

    async fn serve(&mut self) -> Result<()> {
        self.greet();
        loop {
            let frame = match self.next().await? {
                Next::Frame(frame) => frame,
                Next::Lost => return Ok(()),
                Next::End(error) => return self.end(error).await,
            };
            if self.skips_to_sync && !matches!(frame.tag, b'S' | b'X') {
                continue;
            }
            let was_first = std::mem::replace(&mut self.takes_early_password, false);
            if was_first && frame.tag == b'p' {
                continue;
            }
            self.awaits_query = false;
            let tag = frame.tag;
            self.note_encoding();
            let result = match message::decode(frame, self.session.client_encoding()) {
                Ok(Message::Terminate) => {
                    self.wire.shutdown().await;
                    return Ok(());
                }
                Ok(message) => self.handle(message).await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                self.session.note_failure(&error);
                if error.code() == sqlstate::CONNECTION_FAILURE && error.is_fatal() {
                    return Err(error);
                }
                if error.is_fatal() {
                    return self.end(error).await;
                }
                self.fail(&error, message::is_extended(tag));
            }
        }
    }

    /// What follows AuthenticationOk.
    fn greet(&mut self) {
        let (settings, state) = self.session.reported_settings();
        for (name, value) in &settings {
            self.wire.output.parameter_status(name, value);
        }
        self.told = Some((settings, state));
        let backend = self.session.backend();
        self.wire.output.backend_key_data(backend.pid, backend.secret());
        self.ready();
    }

    /// ReadyForQuery, and what is said before it: changed settings, notifications.
    pub(super) fn ready(&mut self) {
        self.note_encoding();
        self.tell_notices();
        self.tell_settings();
        if self.session.is_idle() {
            while let Some(notification) = self.session.pending_notification() {
                self.wire.output.notification(
                    notification.pid,
                    &notification.channel,
                    &notification.payload,
                );
            }
        }
        let status = match self.session.phase() {
            Phase::Open => Status::InBlock,
            Phase::Failed => Status::Failed,
            _ => Status::Idle,
        };
        self.wire.output.ready_for_query(status);
        self.session.show_idle();
        self.skips_to_sync = false;
        self.in_pipeline = false;
        self.awaits_query = true;
    }

    /// What is said from here on is in the encoding that the client has chosen.
    pub(super) fn note_encoding(&mut self) {
        self.wire.output.encoding = Some(self.session.client_encoding());
    }

    fn tell_settings(&mut self) {
        let Some((told, state)) = &self.told else { return };
        if !self.session.settings_changed_since(state) {
            return;
        }
        let (settings, state) = self.session.reported_settings();
        for (now, before) in settings.iter().zip(told) {
            if now != before {
                self.wire.output.parameter_status(now.0, &now.1);
            }
        }
        self.told = Some((settings, state));
    }

    pub(super) fn tell_notices(&mut self) {
        for notice in self.session.take_notices() {
            let notice = self.session.located(&notice);
            self.wire.output.report(&notice, &self.query);
        }
    }

    /// An error that the connection survives.
    fn fail(&mut self, error: &Error, extended: bool) {
        // The statement may have set it; what it has set is undone now.
        self.note_encoding();
        self.session.fail();
        self.tell_notices();
        let report = self.session.located(error.report());
        self.wire.output.report(&report, &self.query);
        let pid = self.session.backend().pid;
        if error.code() == sqlstate::INTERNAL_ERROR {
            let statement: String = self.query.chars().take(LOGGED_CHARS_MAX).collect();
            tracing::error!(pid, %error, ?statement, "internal error");
        } else {
            self.session.log_error(error, &self.query);
        }
        if extended {
            self.skips_to_sync = true;
        } else {
            self.ready();
        }
    }

    /// An error that the connection does not survive.
    async fn end(&mut self, error: Error) -> Result<()> {
        let mut report: Report = error.into_report();
        report.severity = crate::error::Severity::Fatal;
        self.wire.output.report(&report, &self.query);
        // A client that does not read must not keep the server from ending.
        let told = tokio::time::timeout(Duration::from_secs(1), self.wire.flush()).await;
        if told.is_ok() {
            self.wire.shutdown().await;
        }
        Ok(())
    }

    /// The next message. While there is none the client may be told things, and
    /// the server may lose patience.
    async fn next(&mut self) -> Result<Next> {
        loop {
            match self.wire.buffered_frame() {
                Ok(Some(frame)) => return Ok(Next::Frame(frame)),
                Ok(None) => {}
                Err(error) => return Ok(Next::End(error)),
            }
            // As PostgreSQL: answers within a pipeline wait for Sync, Flush or a full buffer.
            if self.awaits_query || self.wire.output.is_urgent || self.wire.is_full() {
                self.wire.flush().await?;
            }
            let backend = self.session.backend().clone();
            let is_idle = self.session.is_idle() && self.awaits_query;
            let limit = self.session.silence_limit(self.awaits_query);
            let silence = async {
                match limit {
                    Some((end, error)) => {
                        tokio::time::sleep_until(end.into()).await;
                        error
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = backend.end.cancelled() => return Ok(Next::End(registry::terminated())),
                read = self.wire.fill_soon() => {
                    if !read? {
                        return Ok(Next::Lost);
                    }
                }
                notification = self.session.next_notification(), if is_idle => {
                    self.wire.output.notification(
                        notification.pid,
                        &notification.channel,
                        &notification.payload,
                    );
                }
                error = silence => return Ok(Next::End(error)),
            }
        }
    }

    async fn handle(&mut self, message: Message) -> Result<()> {
        match message {
            Message::Query(text) => self.simple_query(text).await,
            Message::Parse(parse) => self.parse(parse),
            Message::Bind(bind) => self.bind(bind).await,
            Message::Describe(target) => self.describe(target),
            Message::Execute(execute) => self.execute(execute).await,
            Message::Close(target) => {
                match target {
                    Target::Statement(name) => self.session.close_prepared(&name),
                    Target::Portal(name) => self.session.close_portal(&name),
                }
                self.wire.output.close_complete();
                Ok(())
            }
            Message::Flush => self.wire.flush().await,
            Message::Sync => self.sync().await,
            // Left over from a COPY that failed.
            Message::CopyData(_) | Message::CopyDone | Message::CopyFail(_) => Ok(()),
            Message::FunctionCall(call) => self.function_call(call).await,
            Message::Password(_) => {
                Err(Error::protocol_violation("invalid frontend message type 112"))
            }
            Message::Terminate => Ok(()),
        }
    }
}
