//! Subscriptions of a socket: each a task that follows a table.
//!
//! What they find waits in one queue of [`AHEAD`] messages until the socket has sent what
//! came before: a client that does not read stops them.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;

use super::message::{self, Id, Subscribe};
use crate::error::{Error, Result};
use crate::events::Position;
use crate::http::Http;
use crate::http::conversation::Done;
use crate::http::events::{Follower, Found, Start};
use crate::http::guard;
use crate::http::principal::{Principal, Scope};
use crate::sqlstate;

/// Messages that wait to be sent.
const AHEAD: usize = 64;

/// What a subscription says.
struct Said {
    id: Id,
    text: String,
    is_end: bool,
}

pub struct Subscriptions {
    running: HashMap<Id, CancellationToken>,
    said: Receiver<Said>,
    sender: Sender<Said>,
}

impl Default for Subscriptions {
    fn default() -> Subscriptions {
        let (sender, said) = mpsc::channel(AHEAD);
        Subscriptions { running: HashMap::new(), said, sender }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        self.running.values().for_each(CancellationToken::cancel);
    }
}

impl Subscriptions {
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Begins one, which answers by itself; at most `max` of them.
    pub fn begin(
        &mut self,
        http: &Arc<Http>,
        principal: &Arc<Principal>,
        id: Id,
        asked: Subscribe,
        max: usize,
    ) -> Result<()> {
        if self.running.contains_key(&id) {
            let message = "the socket has a subscription of this id";
            return Err(Error::new(sqlstate::DUPLICATE_OBJECT, message));
        }
        if self.running.len() >= max {
            let message = format!("too many subscriptions (http_ws_max_requests = {max})");
            return Err(Error::new(sqlstate::CONFIGURATION_LIMIT_EXCEEDED, message));
        }
        let start = match asked.after {
            None => Start::Now,
            Some(after) => Start::After(after.parse::<Position>()?),
        };
        let stop = CancellationToken::new();
        self.running.insert(id.clone(), stop.clone());
        let (http, principal, out) = (http.clone(), principal.clone(), self.sender.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = follow(http, principal, &id, &asked.table, start, &out) => {}
            }
        });
        Ok(())
    }

    /// Ends one. `42704` if there is none of this id.
    pub fn end(&mut self, id: &Id) -> Result<Done> {
        let stop = self.running.remove(id).ok_or_else(|| {
            let message = "the socket has no subscription of this id";
            Error::new(sqlstate::UNDEFINED_OBJECT, message)
        })?;
        stop.cancel();
        Ok(Done { command: "UNSUBSCRIBE".to_owned(), count: None })
    }

    /// The next messages, in `into`. Dropping the future loses nothing.
    pub async fn next(&mut self, into: &mut Vec<String>) {
        let Some(first) = self.said.recv().await else { return };
        let mut next = Some(first);
        while let Some(said) = next {
            // Of one that was ended there is nothing more.
            if self.running.contains_key(&said.id) {
                into.push(said.text);
                if said.is_end {
                    self.running.remove(&said.id);
                }
            }
            next = match into.len() < AHEAD {
                true => self.said.try_recv().ok(),
                false => None,
            };
        }
    }
}

/// Until it fails, or nobody listens.
async fn follow(
    http: Arc<Http>,
    principal: Arc<Principal>,
    id: &Id,
    table: &str,
    start: Start,
    out: &Sender<Said>,
) {
    let opened = async {
        principal.require(Scope::Events)?;
        Follower::open(&http, principal.clone(), table, start).await
    };
    let mut follower = match opened.await {
        Ok(follower) => follower,
        Err(problem) => {
            guard::note_message(&http, &principal, &problem, &format!("changes of {table}"));
            tell(out, id, message::refused(id, &problem), true).await;
            return;
        }
    };
    let done = Done { command: "SUBSCRIBE".to_owned(), count: None };
    let mut goes_on = tell(out, id, message::done(id, &done, &[]), false).await
        && tell(out, id, message::position(id, follower.position()), false).await;
    while goes_on {
        match follower.next().await {
            Ok(Found::Events(events)) => {
                for event in &events {
                    goes_on = goes_on && tell(out, id, message::event(id, event), false).await;
                }
            }
            Ok(Found::Nothing(position)) => {
                goes_on = tell(out, id, message::position(id, position), false).await;
            }
            Err(problem) => {
                tell(out, id, message::refused(id, &problem), true).await;
                return;
            }
        }
    }
}

/// Whether somebody listens still.
async fn tell(out: &Sender<Said>, id: &Id, text: String, is_end: bool) -> bool {
    out.send(Said { id: id.clone(), text, is_end }).await.is_ok()
}
