//! One socket from its opening to its end: what is read, what is sent, what is waited for.
//!
//! Requests run beside it ([`Queue`]), so that it can always read: a cancel, a close, a
//! pong. While nothing runs, a socket is this task and its buffers.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};

use super::message::{self, Id, Request, Said, Words};
use super::queue::{self, Queue};
use super::subscription::{News, Subscriptions};
use crate::config::Config;
use crate::error::Error;
use crate::http::Http;
use crate::http::conversation::Done;
use crate::http::principal::Principal;
use crate::session::{Notification, Subscriber};
use crate::sqlstate;

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

pub struct Line {
    http: Arc<Http>,
    principal: Arc<Principal>,
    config: Arc<Config>,
    queue: Queue<Words>,
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

impl Line {
    pub fn new(http: Arc<Http>, principal: Principal, config: Arc<Config>) -> Line {
        let principal = Arc::new(principal);
        let now = Instant::now();
        Line {
            queue: Queue::new(http.clone(), principal.clone()),
            http,
            principal,
            config,
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
        let mut events: Vec<(Id, News)> = Vec::new();
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
                said = self.queue.next(), if is_free && self.queue.is_running() => {
                    self.tell(said);
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
                    let texts = events.drain(..).flat_map(|(id, news)| told(&id, news));
                    self.outbox.extend(texts.map(|text| Message::Text(text.into())));
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
                if self.queue.count() >= self.config.http_ws_max_requests {
                    return Err(Close(TOO_MANY, "too many requests wait".to_owned()));
                }
                self.queue.push(Words(id), request);
            }
            Said::More(id, pages) => self.queue.widen(&id, pages),
            Said::Cancel(id) => {
                self.queue.cancel(&id);
            }
        }
        Ok(())
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
        while self.outbox.len() < OUTBOX_MAX
            && let Some((Words(id), request)) = self.queue.start_next()
        {
            let done = match request {
                Request::Subscribe(source) => {
                    let most = self.config.http_ws_max_requests;
                    let (http, principal) = (&self.http, &self.principal);
                    let begun = self.subscriptions.begin(http, principal, id.clone(), source, most);
                    begun.map(|()| None)
                }
                Request::Unsubscribe(of) => self.subscriptions.end(&of).map(Some),
                request => self.listen(&request).map(Some),
            };
            let answer = match done {
                Ok(None) => continue,
                Ok(Some(done)) => message::done(&id, &done, &[]),
                Err(error) => message::error(&id, &error, ""),
            };
            self.outbox.push(Message::Text(answer.into()));
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

    /// What the request that runs says.
    fn tell(&mut self, said: queue::Said<Words>) {
        let text = match said {
            queue::Said::Part(text) => Some(text),
            queue::Said::End(_, last) => {
                self.used = Instant::now();
                last
            }
        };
        self.outbox.extend(text.map(|text| Message::Text(text.into())));
        // What else is there goes with it.
        while let Some(more) = self.queue.try_next() {
            self.outbox.push(Message::Text(more.into()));
        }
    }

    fn idle_timeout(&self) -> Option<Duration> {
        Some(self.config.http_ws_idle_timeout.duration()).filter(|limit| !limit.is_zero())
    }

    /// When there is something to be looked at.
    fn deadline(&self) -> Instant {
        let interval = self.config.http_ws_ping_interval.duration();
        let ping = self.pinged.unwrap_or(self.heard) + interval;
        let idle = self.idle_timeout().map(|limit| self.used + limit);
        [idle.filter(|_| !self.queue.is_busy()), self.queue.deadline()]
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
            && !self.queue.is_busy()
            && self.used.elapsed() >= limit
        {
            return Some(Close(IDLE, "nothing was said for http_ws_idle_timeout".to_owned()));
        }
        self.queue.sweep();
        None
    }
}

/// What a subscription has found, in this protocol's words.
fn told(id: &Id, news: News) -> Vec<String> {
    match news {
        News::Begun(position) => {
            let done = Done { command: "SUBSCRIBE".to_owned(), count: None };
            let position = position.map(|position| message::position(id, position));
            [message::done(id, &done, &[])].into_iter().chain(position).collect()
        }
        News::Event(event) => vec![message::event(id, &event)],
        News::Position(position) => vec![message::position(id, position)],
        News::Failed(problem) => vec![message::refused(id, &problem)],
        // Only tables are followed here.
        News::Job(_) | News::Over => Vec::new(),
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

async fn next_notified(subscriber: &mut Option<Subscriber>, into: &mut Vec<Notification>) {
    match subscriber {
        Some(subscriber) => subscriber.next(into, NOTIFICATIONS_AT_ONCE).await,
        None => std::future::pending().await,
    }
}
