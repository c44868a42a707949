//! Subscriptions of a client: each a task that follows a table, or a job.
//!
//! What they find waits in one queue of [`AHEAD`] pieces until the client has been sent what
//! came before: one that does not read stops them.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;

use super::message::Id;
use crate::error::Error;
use crate::events::{Event, Position};
use crate::http::Http;
use crate::http::conversation::Done;
use crate::http::events::{Follower, Found, Start};
use crate::http::guard;
use crate::http::jobs::{Follower as JobFollower, News as JobNews};
use crate::http::principal::{Principal, Scope};
use crate::http::problem::Problem;
use crate::sqlstate;

/// What waits to be sent.
const AHEAD: usize = 64;

/// What is followed.
#[derive(Debug)]
pub enum Source {
    /// Changes of a table after the event of an id; without one, what is committed from now on.
    Table { table: String, after: Option<String> },
    /// A job's log and states, up to its last one.
    Job(i64),
}

/// What is found.
pub enum News {
    /// It has begun; of a table, from where on.
    Begun(Option<Position>),
    Event(Event),
    /// There was nothing else up to here.
    Position(Position),
    Job(JobNews),
    /// Nothing more comes.
    Over,
    Failed(Problem),
}

impl News {
    fn is_end(&self) -> bool {
        matches!(self, News::Over | News::Failed(_))
    }
}

pub struct Subscriptions {
    running: HashMap<Id, CancellationToken>,
    said: Receiver<(Id, News)>,
    sender: Sender<(Id, News)>,
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
        source: Source,
        max: usize,
    ) -> Result<(), Error> {
        if self.running.contains_key(&id) {
            let message = "the socket has a subscription of this id";
            return Err(Error::new(sqlstate::DUPLICATE_OBJECT, message));
        }
        if self.running.len() >= max {
            let message = format!("too many subscriptions (http_ws_max_requests = {max})");
            return Err(Error::new(sqlstate::CONFIGURATION_LIMIT_EXCEEDED, message));
        }
        let followed = match source {
            Source::Table { table, after: None } => Followed::Table(table, Start::Now),
            Source::Table { table, after: Some(after) } => {
                Followed::Table(table, Start::After(after.parse::<Position>()?))
            }
            Source::Job(id) => Followed::Job(id),
        };
        let stop = CancellationToken::new();
        self.running.insert(id.clone(), stop.clone());
        let (http, principal, out) = (http.clone(), principal.clone(), self.sender.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = follow(http, principal, followed, Listener { id, out }) => {}
            }
        });
        Ok(())
    }

    /// Ends one. `42704` if there is none of this id.
    pub fn end(&mut self, id: &Id) -> Result<Done, Error> {
        let stop = self.running.remove(id).ok_or_else(|| {
            let message = "the socket has no subscription of this id";
            Error::new(sqlstate::UNDEFINED_OBJECT, message)
        })?;
        stop.cancel();
        Ok(Done { command: "UNSUBSCRIBE".to_owned(), count: None })
    }

    /// What is found next, in `into`. Dropping the future loses nothing.
    pub async fn next(&mut self, into: &mut Vec<(Id, News)>) {
        let Some(first) = self.said.recv().await else { return };
        let mut next = Some(first);
        while let Some((id, news)) = next {
            // Of one that was ended there is nothing more.
            if self.running.contains_key(&id) {
                if news.is_end() {
                    self.running.remove(&id);
                }
                into.push((id, news));
            }
            next = match into.len() < AHEAD {
                true => self.said.try_recv().ok(),
                false => None,
            };
        }
    }
}

/// Who is told what one of them finds.
struct Listener {
    id: Id,
    out: Sender<(Id, News)>,
}

impl Listener {
    /// An error if nobody listens any more.
    async fn tell(&self, news: News) -> Result<(), Gone> {
        self.out.send((self.id.clone(), news)).await.map_err(|_| Gone::Listener)
    }
}

/// Why nothing more is followed.
enum Gone {
    Listener,
    Source(Problem),
}

impl From<Problem> for Gone {
    fn from(problem: Problem) -> Gone {
        Gone::Source(problem)
    }
}

/// A source that was looked at.
enum Followed {
    Table(String, Start),
    Job(i64),
}

/// Until it fails or ends, or nobody listens.
async fn follow(
    http: Arc<Http>,
    principal: Arc<Principal>,
    followed: Followed,
    listener: Listener,
) {
    let (ended, what) = match followed {
        Followed::Table(table, start) => (
            follow_table(&http, &principal, &table, start, &listener).await,
            format!("changes of {table}"),
        ),
        Followed::Job(id) => {
            (follow_job(&http, &principal, id, &listener).await, format!("job {id}"))
        }
    };
    let last = match ended {
        Ok(()) => News::Over,
        Err(Gone::Source(problem)) => {
            guard::note_message(&http, &principal, &problem, &what);
            News::Failed(problem)
        }
        Err(Gone::Listener) => return,
    };
    // Whoever is gone hears nothing.
    let _ = listener.tell(last).await;
}

async fn follow_table(
    http: &Arc<Http>,
    principal: &Arc<Principal>,
    table: &str,
    start: Start,
    listener: &Listener,
) -> Result<(), Gone> {
    principal.require(Scope::Events)?;
    let mut follower = Follower::open(http, principal.clone(), table, start).await?;
    listener.tell(News::Begun(Some(follower.position()))).await?;
    loop {
        match follower.next().await? {
            Found::Events(events) => {
                for event in events {
                    listener.tell(News::Event(event)).await?;
                }
            }
            Found::Nothing(position) => listener.tell(News::Position(position)).await?,
        }
    }
}

async fn follow_job(
    http: &Arc<Http>,
    principal: &Arc<Principal>,
    id: i64,
    listener: &Listener,
) -> Result<(), Gone> {
    principal.require(Scope::Jobs)?;
    let mut follower = JobFollower::open(http.clone(), principal.as_ref().clone(), id, 0).await?;
    listener.tell(News::Begun(None)).await?;
    while let Some(found) = follower.next().await? {
        listener.tell(News::Job(found)).await?;
    }
    Ok(())
}
