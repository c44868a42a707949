//! One socket from its opening to its end: what is read, what is sent, what is waited for.
//!
//! Requests run beside it ([`Runner`]), so that it can always read: a cancel, a close, a
//! pong. While nothing runs, a socket is this task and its buffers.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinHandle;

use super::message::{self, Id, Request, Said};
use super::runner::{Control, Runner};
use super::subscription::Subscriptions;
use crate::config::Config;
use crate::error::Error;
use crate::http::Http;
use crate::http::conversation::{Done, unfinished};
use crate::http::principal::Principal;
use crate::session::{Notification, Subscriber};
use crate::sqlstate;

/// Messages of a request that wait to be sent: what is computed ahead of who reads.
const AHEAD: usize = 2;

/// Notifications that are sent at once.
const NOTIFICATIONS_AT_ONCE: usize = 256;

/// Answers that wait to be sent, at most, where a request begins.
const OUTBOX_MAX: usize = 256;

/// How long the other side may take to hear that the socket closes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a socket is closed: a code and a word.
struct Close(u16, String);

const GOING_AWAY: u16 = 1001;
const UNSUPPORTED: u16 = 1003;
const INVALID: u16 = 1007;
const POLICY: u16 = 1008;
const TOO_BIG: u16 = 1009;
const IDLE: u16 = 4000;
const TOO_MANY: u16 = 4001;
const LATE: u16 = 4002;
const NO_PONG: u16 = 4003;

type Sink = SplitSink<WebSocket, Message>;
type Sending = Pin<Box<dyn Future<Output = (Sink, Result<(), axum::Error>)> + Send>>;

struct Job {
    id: Id,
    request: Request,
    control: Arc<Control>,
}

/// The request that runs.
struct Running {
    id: Id,
    control: Arc<Control>,
    out: Receiver<String>,
    task: JoinHandle<Runner>,
    /// When the transaction that it runs in began.
    begun: Option<Instant>,
}

pub struct Line {
    http: Arc<Http>,
    principal: Arc<Principal>,
    config: Arc<Config>,
    jobs: VecDeque<Job>,
    running: Option<Running>,
    /// While none runs.
    runner: Option<Runner>,
    subscriber: Option<Subscriber>,
    subscriptions: Subscriptions,
    /// What is sent next.
    outbox: Vec<Message>,
    /// When anything came from the other side, and since when a pong is missing.
    heard: Instant,
    pinged: Option<Instant>,
    /// When something was said that is more than a sign of life.
    used: Instant,
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.control.stop();
        }
    }
}

impl Line {
    pub fn new(http: Arc<Http>, principal: Principal, config: Arc<Config>) -> Line {
        let principal = Arc::new(principal);
        let now = Instant::now();
        Line {
            runner: Some(Runner::new(http.clone(), principal.clone())),
            http,
            principal,
            config,
            jobs: VecDeque::new(),
            running: None,
            subscriber: None,
            subscriptions: Subscriptions::default(),
            outbox: Vec::new(),
            heard: now,
            pinged: None,
            used: now,
        }
    }

    pub async fn serve(mut self, socket: WebSocket) {
        let (sink, stream) = socket.split();
        let (sink, close) = self.converse(sink, stream).await;
        let (Some(mut sink), Some(Close(code, reason))) = (sink, close) else { return };
        let frame = CloseFrame { code, reason: reason.into() };
        let close = async {
            // The socket is over either way.
            let _ = sink.send(Message::Close(Some(frame))).await;
            let _ = sink.close().await;
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, close).await;
    }

    /// Until it is to be closed, and why; the sink, unless it is stuck.
    async fn converse(
        &mut self,
        sink: Sink,
        mut stream: SplitStream<WebSocket>,
    ) -> (Option<Sink>, Option<Close>) {
        let mut sink = Some(sink);
        let mut sending: Option<Sending> = None;
        let mut notified: Vec<Notification> = Vec::new();
        let mut events: Vec<String> = Vec::new();
        let stop = self.http.stop.clone();
        let mut alarm = std::pin::pin!(tokio::time::sleep_until(self.deadline().into()));
        loop {
            self.start_next();
            if !self.outbox.is_empty()
                && let Some(free) = sink.take()
            {
                sending = Some(Box::pin(send_all(free, std::mem::take(&mut self.outbox))));
            }
            let deadline = self.deadline();
            if deadline < alarm.deadline().into_std() {
                alarm.as_mut().reset(deadline.into());
            }
            let is_free = sink.is_some();
            let close = tokio::select! {
                () = stop.cancelled() => Some(Close(GOING_AWAY, "the server ends".to_owned())),
                (free, sent) = finished(&mut sending), if sending.is_some() => {
                    sending = None;
                    sink = Some(free);
                    match sent {
                        Ok(()) => None,
                        Err(_) => return (None, None),
                    }
                }
                came = stream.next() => match came {
                    None => return (None, None),
                    Some(Err(error)) => match self.broken(&error) {
                        Some(close) => Some(close),
                        None => return (None, None),
                    },
                    Some(Ok(Message::Close(_))) => return (sink, None),
                    Some(Ok(message)) => self.hear(message).err(),
                },
                said = next_of(&mut self.running), if is_free && self.running.is_some() => {
                    self.tell(said).await;
                    None
                }
                () = next_notified(&mut self.subscriber, &mut notified),
                    if is_free && self.subscriber.is_some() =>
                {
                    self.used = Instant::now();
                    let texts = notified.drain(..).map(|one| message::notification(&one));
                    self.outbox.extend(texts.map(|text| Message::Text(text.into())));
                    let late = self.subscriber.as_ref().is_some_and(Subscriber::is_late);
                    late.then(|| Close(LATE, "notifications were lost".to_owned()))
                }
                () = self.subscriptions.next(&mut events),
                    if is_free && !self.subscriptions.is_empty() =>
                {
                    self.used = Instant::now();
                    self.outbox.extend(events.drain(..).map(|text| Message::Text(text.into())));
                    None
                }
                () = alarm.as_mut() => {
                    let close = self.look_around();
                    alarm.as_mut().reset(self.deadline().into());
                    close
                }
            };
            if let Some(close) = close {
                if let Some(sending) = sending.as_mut()
                    && let Ok((free, Ok(()))) = tokio::time::timeout(CLOSE_TIMEOUT, sending).await
                {
                    sink = Some(free);
                }
                return (sink, Some(close));
            }
        }
    }

    /// A message came.
    fn hear(&mut self, message: Message) -> Result<(), Close> {
        self.heard = Instant::now();
        self.pinged = None;
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => {
                return Err(Close(UNSUPPORTED, "messages are text".to_owned()));
            }
            // The library answers pings.
            Message::Ping(_) => {
                self.used = self.heard;
                return Ok(());
            }
            Message::Pong(_) | Message::Close(_) => return Ok(()),
        };
        self.used = self.heard;
        let said = message::read(&text).map_err(|mut reason| {
            // The whole frame has room for 125 bytes.
            reason.truncate(reason.floor_char_boundary(120));
            Close(POLICY, reason)
        })?;
        match said {
            Said::Request(id, request) => {
                let count = self.jobs.len() + usize::from(self.running.is_some());
                if count >= self.config.http_ws_max_requests {
                    return Err(Close(TOO_MANY, "too many requests wait".to_owned()));
                }
                let control = Arc::new(Control::of(&request));
                self.jobs.push_back(Job { id, request, control });
            }
            Said::More(id, pages) => self.controls(&id).for_each(|control| control.widen(pages)),
            Said::Cancel(id) => self.controls(&id).for_each(|control| control.stop()),
        }
        Ok(())
    }

    /// Requests of a name, which runs or waits.
    fn controls(&self, id: &Id) -> impl Iterator<Item = &Arc<Control>> {
        let running = self.running.iter().map(|running| (&running.id, &running.control));
        let waiting = self.jobs.iter().map(|job| (&job.id, &job.control));
        running.chain(waiting).filter(move |(of, _)| *of == id).map(|(_, control)| control)
    }

    /// Why a socket that cannot be read is closed; none if it is gone.
    fn broken(&self, error: &axum::Error) -> Option<Close> {
        let text = error.to_string();
        if text.contains("too long") || text.contains("too large") || text.contains("capacity") {
            let most = self.config.http_ws_max_message.get();
            let reason = format!("a message is larger than {most} bytes (http_ws_max_message)");
            return Some(Close(TOO_BIG, reason));
        }
        text.to_ascii_lowercase().contains("utf").then(|| Close(INVALID, "not UTF-8".to_owned()))
    }

    /// Begins the next request, if none runs and what was answered is taken.
    fn start_next(&mut self) {
        while self.running.is_none()
            && self.outbox.len() < OUTBOX_MAX
            && let Some(runner) = self.runner.take()
        {
            let Some(Job { id, request, control }) = self.jobs.pop_front() else {
                self.runner = Some(runner);
                return;
            };
            if let Request::Listen(_) | Request::Unlisten(_) = &request {
                let answer = match self.listen(&request) {
                    Ok(done) => message::done(&id, &done, &[]),
                    Err(error) => message::error(&id, &error, ""),
                };
                self.outbox.push(Message::Text(answer.into()));
                self.runner = Some(runner);
                continue;
            }
            let request = match request {
                Request::Subscribe(asked) => {
                    let most = self.config.http_ws_max_requests;
                    let (http, principal) = (&self.http, &self.principal);
                    let begun = self.subscriptions.begin(http, principal, id.clone(), asked, most);
                    if let Err(error) = begun {
                        let answer = message::error(&id, &error, "");
                        self.outbox.push(Message::Text(answer.into()));
                    }
                    self.runner = Some(runner);
                    continue;
                }
                Request::Unsubscribe => {
                    let answer = match self.subscriptions.end(&id) {
                        Ok(done) => message::done(&id, &done, &[]),
                        Err(error) => message::error(&id, &error, ""),
                    };
                    self.outbox.push(Message::Text(answer.into()));
                    self.runner = Some(runner);
                    continue;
                }
                request => request,
            };
            let (sender, out) = mpsc::channel(AHEAD);
            let begun = runner.begun();
            let task = tokio::spawn(runner.run(id.clone(), request, control.clone(), sender));
            self.running = Some(Running { id, control, out, task, begun });
        }
    }

    fn listen(&mut self, request: &Request) -> Result<Done, Error> {
        let done = |command: &str| Done { command: command.to_owned(), count: None };
        match (request, &mut self.subscriber) {
            (Request::Listen(channel), Some(subscriber)) => {
                subscriber.listen(channel)?;
                Ok(done("LISTEN"))
            }
            (Request::Listen(channel), none) => {
                let database = &self.http.front.database;
                let found =
                    database.shared_catalog().database_named(&self.principal.database).cloned();
                let found = found.ok_or_else(|| {
                    let message =
                        format!("database \"{}\" does not exist", self.principal.database);
                    Error::new(sqlstate::INVALID_CATALOG_NAME, message)
                })?;
                let config = database.config();
                let mut subscriber = Subscriber::new(
                    &database.channels,
                    found.oid,
                    config.max_pending_notifications,
                    config.max_listen_channels,
                );
                subscriber.listen(channel)?;
                *none = Some(subscriber);
                Ok(done("LISTEN"))
            }
            (Request::Unlisten(Some(channel)), Some(subscriber)) => {
                subscriber.unlisten(channel);
                Ok(done("UNLISTEN"))
            }
            (Request::Unlisten(None), Some(subscriber)) => {
                subscriber.unlisten_all();
                Ok(done("UNLISTEN"))
            }
            _ => Ok(done("UNLISTEN")),
        }
    }

    /// What the request that runs says; nothing more of one that is done.
    async fn tell(&mut self, said: Option<String>) {
        if let Some(text) = said {
            self.outbox.push(Message::Text(text.into()));
            // What else is there goes with it.
            if let Some(running) = &mut self.running {
                while let Ok(more) = running.out.try_recv() {
                    self.outbox.push(Message::Text(more.into()));
                }
            }
            return;
        }
        let Some(Running { id, task, .. }) = self.running.take() else { return };
        self.used = Instant::now();
        match task.await {
            Ok(runner) => self.runner = Some(runner),
            Err(error) => {
                tracing::error!(%error, "a request has panicked");
                let error = message::error(&id, &unfinished(), "");
                self.outbox.push(Message::Text(error.into()));
                self.runner = Some(Runner::new(self.http.clone(), self.principal.clone()));
            }
        }
    }

    fn idle_timeout(&self) -> Option<Duration> {
        Some(self.config.http_ws_idle_timeout.duration()).filter(|limit| !limit.is_zero())
    }

    /// Whether a request makes progress.
    fn is_busy(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.control.is_stalled())
    }

    /// When there is something to be looked at.
    fn deadline(&self) -> Instant {
        let interval = self.config.http_ws_ping_interval.duration();
        let ping = self.pinged.unwrap_or(self.heard) + interval;
        let idle = self.idle_timeout().map(|limit| self.used + limit);
        let transaction = match (&self.runner, &self.running) {
            (Some(runner), _) => runner.deadline(),
            (None, Some(running)) if !running.control.is_stopped() => {
                running.begun.map(|begun| begun + self.config.http_transaction_timeout.duration())
            }
            _ => None,
        };
        [idle.filter(|_| !self.is_busy()), transaction]
            .into_iter()
            .flatten()
            .fold(ping, Instant::min)
    }

    /// Something is due, perhaps.
    fn look_around(&mut self) -> Option<Close> {
        let interval = self.config.http_ws_ping_interval.duration();
        match self.pinged {
            Some(since) if since.elapsed() >= interval => {
                return Some(Close(NO_PONG, "no pong came".to_owned()));
            }
            None if self.heard.elapsed() >= interval => {
                self.pinged = Some(Instant::now());
                self.outbox.push(Message::Ping(Default::default()));
            }
            _ => {}
        }
        if let Some(limit) = self.idle_timeout()
            && !self.is_busy()
            && self.used.elapsed() >= limit
        {
            return Some(Close(IDLE, "nothing was said for http_ws_idle_timeout".to_owned()));
        }
        if let Some(runner) = &mut self.runner {
            runner.sweep();
        }
        if let Some(running) = &self.running
            && let Some(begun) = running.begun
            && begun.elapsed() >= self.config.http_transaction_timeout.duration()
        {
            running.control.stop();
        }
        None
    }
}

async fn send_all(mut sink: Sink, messages: Vec<Message>) -> (Sink, Result<(), axum::Error>) {
    for message in messages {
        if let Err(error) = sink.feed(message).await {
            return (sink, Err(error));
        }
    }
    let flushed = sink.flush().await;
    (sink, flushed)
}

async fn finished(sending: &mut Option<Sending>) -> (Sink, Result<(), axum::Error>) {
    match sending {
        Some(sending) => sending.await,
        None => std::future::pending().await,
    }
}

async fn next_of(running: &mut Option<Running>) -> Option<String> {
    match running {
        Some(running) => running.out.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_notified(subscriber: &mut Option<Subscriber>, into: &mut Vec<Notification>) {
    match subscriber {
        Some(subscriber) => subscriber.next(into, NOTIFICATIONS_AT_ONCE).await,
        None => std::future::pending().await,
    }
}
