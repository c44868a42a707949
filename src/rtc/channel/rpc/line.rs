//! One channel from its opening to its end.
//!
//! Requests run beside it ([`Queue`]), so that it can always read. Nothing is taken from
//! what runs, or is followed, while something is being sent, and nothing is read while too
//! many answers wait.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::MESSAGE_BYTES_MAX;
use super::message::{self, Asked, Name, Refusal, Said, What};
use super::voice::{self, Answer};
use crate::error::Error;
use crate::http::Http;
use crate::http::conversation::Done;
use crate::http::principal::{Principal, Scope};
use crate::http::problem;
use crate::http::socket;
use crate::http::socket::message::{Id, Request};
use crate::http::socket::queue::{self, Queue};
use crate::http::socket::subscription::{News, Subscriptions};
use crate::http::socket::voice::Voice;
use crate::rtc::channel;
use crate::rtc::peer::{self, Channel, Message};
use crate::sqlstate;

/// Answers that wait to be sent, at most, where something is read.
const OUTBOX_MAX: usize = 256;

/// How often it is looked whether a transaction is over.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

type Sending = Pin<Box<dyn Future<Output = Result<(), peer::Error>> + Send>>;

/// Answers that are sent together.
struct Batch {
    left: usize,
    answers: Vec<String>,
}

struct Line {
    http: Arc<Http>,
    principal: Arc<Principal>,
    /// Requests that may wait.
    requests_max: usize,
    queue: Queue<Answer>,
    subscriptions: Subscriptions,
    /// The requests that have begun a subscription, until that is answered.
    beginning: HashMap<Id, Answer>,
    batches: HashMap<u64, Batch>,
    last_batch: u64,
    /// What is sent next.
    outbox: Vec<String>,
}

/// Serves a channel until it is closed, or the server ends.
pub async fn serve(http: Arc<Http>, principal: Arc<Principal>, channel: Channel) {
    let requests_max = http.front.database.config().http_ws_max_requests;
    let line = Line {
        queue: Queue::new(http.clone(), principal.clone()),
        http,
        principal,
        requests_max,
        subscriptions: Subscriptions::default(),
        beginning: HashMap::new(),
        batches: HashMap::new(),
        last_batch: 0,
        outbox: Vec::new(),
    };
    line.converse(&channel).await;
    channel.close().await;
}

impl Line {
    async fn converse(mut self, channel: &Channel) {
        let mut sending: Option<Sending> = None;
        let mut news: Vec<(Id, News)> = Vec::new();
        let stop = self.http.stop.clone();
        loop {
            self.start_next();
            if sending.is_none() && !self.outbox.is_empty() {
                let texts = std::mem::take(&mut self.outbox);
                sending = Some(Box::pin(send_all(channel.clone(), texts)));
            }
            let is_free = sending.is_none();
            let look = self.queue.deadline().unwrap_or_else(|| Instant::now() + LOOK_INTERVAL);
            tokio::select! {
                () = stop.cancelled() => return,
                sent = finished(&mut sending) => {
                    sending = None;
                    if sent.is_err() {
                        return;
                    }
                }
                came = channel.recv(), if self.outbox.len() < OUTBOX_MAX => match came {
                    None => return,
                    Some(message) => self.hear(message),
                },
                said = self.queue.next(), if is_free && self.queue.is_running() => self.tell(said),
                () = self.subscriptions.next(&mut news),
                    if is_free && !self.subscriptions.is_empty() =>
                {
                    for (id, news) in news.drain(..) {
                        self.report(&id, news);
                    }
                }
                () = tokio::time::sleep_until(look.into()) => self.queue.sweep(),
            }
        }
    }

    /// A message came.
    fn hear(&mut self, message: Message) {
        let said = match message {
            Message::Text(text) => message::read(&text),
            Message::Binary(_) => Err(message::not_text()),
        };
        match said {
            Err(refusal) => self.refuse(Name::Null, None, 1, &refusal),
            Ok(Said::One(asked)) => self.take(asked, None, 1),
            Ok(Said::Batch(all)) => {
                self.last_batch += 1;
                let (number, of) = (self.last_batch, all.len());
                self.batches.insert(number, Batch { left: of, answers: Vec::new() });
                all.into_iter().for_each(|asked| self.take(asked, Some(number), of));
            }
        }
    }

    fn refuse(&mut self, name: Name, batch: Option<u64>, of: usize, refusal: &Refusal) {
        let answer = Answer::new(name, batch, of, false);
        let text = answer.refused(refusal);
        self.answer(&answer, Some(text));
    }

    fn take(&mut self, asked: Asked, batch: Option<u64>, of: usize) {
        let Asked { name, what } = asked;
        let mut answer = Answer::new(name.clone(), batch, of, is_paged(&what));
        match what {
            Err(refusal) => self.refuse(name, batch, of, &refusal),
            Ok(What::Cancel(id)) => {
                let result = json!({"cancelled": self.queue.cancel(&id)});
                let text = answer.result(&result);
                self.answer(&answer, Some(text));
            }
            Ok(What::More(id, pages)) => {
                self.queue.widen(&id, pages);
                let text = answer.result(&json!({}));
                self.answer(&answer, Some(text));
            }
            Ok(What::Request(request, scope)) => match self.may(scope, &request) {
                Ok(()) => self.queue.push(answer, request),
                Err(problem) => {
                    let text = match problem {
                        Refused::Scope(problem) => answer.failed_with(&problem),
                        Refused::Many(error) => answer.failed(&error, ""),
                    };
                    self.answer(&answer, Some(text));
                }
            },
        }
    }

    /// Whether there is room for a request, and the proof is good for it.
    fn may(&self, scope: Scope, request: &Request) -> Result<(), Refused> {
        if self.queue.count() >= self.requests_max {
            let message =
                format!("too many requests wait (http_ws_max_requests = {})", self.requests_max);
            return Err(Refused::Many(Error::new(sqlstate::CONFIGURATION_LIMIT_EXCEEDED, message)));
        }
        // Who has subscribed may end that.
        if matches!(request, Request::Unsubscribe(_)) {
            return Ok(());
        }
        socket::require(&self.http, &self.principal, scope, super::PROTOCOL).map_err(Refused::Scope)
    }

    /// Begins the next request, if none runs and what was answered is taken.
    fn start_next(&mut self) {
        while self.outbox.len() < OUTBOX_MAX
            && let Some((mut answer, request)) = self.queue.start_next()
        {
            let done = match (request, answer.id().cloned()) {
                (Request::Subscribe(source), Some(id)) => {
                    let (http, principal) = (&self.http, &self.principal);
                    let most = self.requests_max;
                    self.subscriptions.begin(http, principal, id.clone(), source, most).map(|()| {
                        self.beginning.insert(id, answer.clone());
                        None
                    })
                }
                (Request::Unsubscribe(of), _) => self.end(&of).map(Some),
                _ => Err(Error::internal("a request that no line does by itself")),
            };
            let text = match done {
                Ok(None) => continue,
                Ok(Some(done)) => answer.done(&done, &[]),
                Err(error) => answer.failed(&error, ""),
            };
            self.answer(&answer, Some(text));
        }
    }

    /// Ends a subscription; one that has not begun is answered so.
    fn end(&mut self, of: &Id) -> Result<Done, Error> {
        let done = self.subscriptions.end(of)?;
        if let Some(mut answer) = self.beginning.remove(of) {
            let text = answer.failed(&Error::query_canceled(), "");
            self.answer(&answer, Some(text));
        }
        Ok(done)
    }

    /// What the request that runs says.
    fn tell(&mut self, said: queue::Said<Answer>) {
        match said {
            queue::Said::Part(text) => self.outbox.push(text),
            queue::Said::End(answer, last) => self.answer(&answer, last),
        }
    }

    /// The last word on a request: alone, or with those of its batch.
    fn answer(&mut self, answer: &Answer, text: Option<String>) {
        let text = text.filter(|_| answer.name != Name::Silent);
        let Some(number) = answer.batch else {
            self.outbox.extend(text);
            return;
        };
        let Some(batch) = self.batches.get_mut(&number) else { return };
        batch.answers.extend(text);
        batch.left -= 1;
        if batch.left == 0
            && let Some(batch) = self.batches.remove(&number)
            && !batch.answers.is_empty()
        {
            self.outbox.push(format!("[{}]", batch.answers.join(",")));
        }
    }

    /// What a subscription has found.
    fn report(&mut self, id: &Id, news: News) {
        let text = match news {
            News::Begun(position) => {
                if let Some(answer) = self.beginning.remove(id) {
                    let mut result =
                        json!({"command": "SUBSCRIBE", "row_count": null, "notices": []});
                    if let Some(position) = position {
                        result["position"] = json!(position.to_string());
                    }
                    let text = answer.result(&result);
                    self.answer(&answer, Some(text));
                }
                return;
            }
            News::Event(event) => voice::notification("event", id, &[("event", &event.body)]),
            News::Position(position) => {
                let position = json!(position.to_string());
                voice::notification("position", id, &[("position", &position)])
            }
            News::Job(found) => {
                let kind = json!(found.kind);
                voice::notification("job", id, &[("kind", &kind), ("data", &found.data)])
            }
            News::Over => voice::notification("end", id, &[]),
            News::Failed(problem) => match self.beginning.remove(id) {
                Some(answer) => {
                    let text = answer.failed_with(&problem);
                    self.answer(&answer, Some(text));
                    return;
                }
                None => voice::failure(id, problem.text("message"), problem.members().clone()),
            },
        };
        if text.len() <= MESSAGE_BYTES_MAX {
            self.outbox.push(text);
            return;
        }
        // What is left out in the middle would not be noticed.
        if self.subscriptions.end(id).is_ok() {
            let error = voice::too_large("a change");
            let data = problem::members(error.report(), "");
            self.outbox.push(voice::failure(id, error.message(), data));
        }
    }
}

/// Why a request is not even tried.
enum Refused {
    Many(Error),
    Scope(problem::Problem),
}

fn is_paged(what: &Result<What, Refusal>) -> bool {
    match what {
        Ok(What::Request(Request::Query(query), _)) => {
            query.page_rows.is_some() || query.window.is_some()
        }
        _ => false,
    }
}

async fn send_all(channel: Channel, texts: Vec<String>) -> Result<(), peer::Error> {
    for text in texts {
        channel::send(&channel, Message::Text(text)).await?;
    }
    Ok(())
}

async fn finished(sending: &mut Option<Sending>) -> Result<(), peer::Error> {
    match sending {
        Some(sending) => sending.await,
        None => std::future::pending().await,
    }
}
