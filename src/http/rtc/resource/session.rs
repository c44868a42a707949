//! One session, while it goes on.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tokio::sync::mpsc;

use super::super::failed;
use super::super::fragment::{Fragment, attribute, fragment_of, with_credentials};
use super::recorded::Played;
use super::{Changed, Command, Direction, FRAGMENT, GATHER_TIMEOUT, SDP, links};
use crate::http::Http;
use crate::http::problem::Problem;
use crate::rooms::{Inbox, Reason, Told};
use crate::rtc::channel::{self, Opener};
use crate::rtc::peer::{Event, IceServer, State};
use crate::rtc::signal::{Call, Said};

pub struct Session {
    pub http: Arc<Http>,
    pub id: String,
    pub call: Call,
    pub events: mpsc::Receiver<Event>,
    /// None: nobody is in a room.
    pub inbox: Option<Inbox>,
    /// A recording.
    pub played: Option<Played>,
    pub direction: Direction,
    pub opener: Opener,
    /// The last one of the other side.
    pub offer: String,
    pub etag: String,
}

/// What a room tells, if one is there.
async fn next(inbox: &mut Option<Inbox>) -> Option<Told> {
    match inbox {
        Some(inbox) => inbox.next().await,
        None => std::future::pending().await,
    }
}

impl Session {
    /// Answers the offer, with all candidates that come in time.
    pub async fn answer(&mut self) -> Result<String, Problem> {
        let answered = self.call.offered(&self.offer, Vec::new()).await;
        let answer = answered.map_err(|error| failed(&error))?;
        let gathered = self.call.peer().gathered();
        // What comes later is not told: the other side has enough to begin with.
        let _ = tokio::time::timeout(GATHER_TIMEOUT, gathered).await;
        let answer = self.call.peer().local_description().await.unwrap_or(answer);
        let ufrag = attribute(&answer, "ice-ufrag").unwrap_or_default();
        self.etag = format!("\"{ufrag}\"");
        Ok(answer)
    }

    pub fn created(&self, answer: &str, servers: &[IceServer]) -> Response {
        let mut response = Response::new(Body::from(answer.to_owned()));
        *response.status_mut() = StatusCode::CREATED;
        let headers = response.headers_mut();
        let location = format!("/api/v1/rtc/sessions/{}", self.id);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SDP));
        headers.insert("accept-patch", HeaderValue::from_static(FRAGMENT));
        for (name, value) in [(header::LOCATION, &location), (header::ETAG, &self.etag)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        for link in servers.iter().flat_map(links) {
            if let Ok(value) = HeaderValue::from_str(&link) {
                headers.append(header::LINK, value);
            }
        }
        response
    }

    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let reason = self.converse(&mut commands).await;
        self.http.rtc.sessions.lock().remove(&self.id);
        drop(self.inbox);
        self.call.end(reason).await;
    }

    async fn converse(&mut self, commands: &mut mpsc::Receiver<Command>) -> Reason {
        let stop = self.http.stop.clone();
        let mut changes = self.http.rtc.media.changes();
        let mut look = tokio::time::interval(Duration::from_secs(1));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Reason::ServerShutdown,
                command = commands.recv() => match command {
                    None => return Reason::Left,
                    Some(Command::End(done)) => {
                        let _ = done.send(());
                        return Reason::Left;
                    }
                    Some(Command::Direct { directed, answer }) => {
                        let _ = answer.send(Played::direct(self.played.as_ref(), directed));
                    }
                    Some(Command::Change { fragment, if_match, answer }) => {
                        let changed = self.change(fragment, &if_match).await;
                        let _ = answer.send(changed);
                    }
                },
                event = self.events.recv() => {
                    let Some(event) = event else { return Reason::ConnectionTimeout };
                    if self.happened(event) {
                        return Reason::ConnectionTimeout;
                    }
                }
                told = next(&mut self.inbox) => match told {
                    None => return Reason::Left,
                    Some(Told::Ended(reason)) => return reason,
                    Some(Told::Unpublished { track }) => self.call.forget(&track),
                    Some(_) => {}
                },
                changed = changes.changed() => {
                    let is_live = self.direction == Direction::Out && self.played.is_none();
                    let is_over = is_live && !self.call.has_sources();
                    if changed.is_err() || is_over {
                        return Reason::Left;
                    }
                }
                () = Played::over(&mut self.played) => return Reason::Left,
                _ = look.tick() => self.call.measure().await,
            }
        }
    }

    /// Whether the connection is over.
    fn happened(&mut self, event: Event) -> bool {
        match self.call.happened(event) {
            Some(Said::Closed) => return true,
            Some(Said::State(State::Connected)) => {
                if let Some(played) = &mut self.played {
                    played.begin();
                }
            }
            Some(Said::Channel(channel)) => {
                // Dropped, it is closed: nothing here speaks its protocol.
                let _ = channel::serve(&self.http, &self.opener, channel);
            }
            Some(Said::Refused { id, error }) => {
                tracing::debug!(track = id, %error, "a track is not taken");
            }
            _ => {}
        }
        false
    }

    async fn change(&mut self, fragment: Fragment, if_match: &str) -> Result<Changed, Problem> {
        let known = attribute(&self.offer, "ice-ufrag").map(str::to_owned);
        let restarts = fragment.ufrag.is_some() && fragment.ufrag != known;
        if if_match != "*" && if_match != self.etag {
            let message = "If-Match is not the ETag of the session";
            return Err(Problem::precondition_failed(message));
        }
        if !restarts {
            self.trickle(&fragment).await?;
            return Ok(Changed::Trickled);
        }
        let (Some(ufrag), Some(pwd)) = (&fragment.ufrag, &fragment.pwd) else {
            return Err(Problem::bad_request("a restart has an ice-ufrag and an ice-pwd"));
        };
        self.offer = with_credentials(&self.offer, ufrag, pwd);
        let answer = self.answer().await?;
        self.trickle(&fragment).await?;
        Ok(Changed::Restarted { fragment: fragment_of(&answer), etag: self.etag.clone() })
    }

    async fn trickle(&self, fragment: &Fragment) -> Result<(), Problem> {
        for candidate in &fragment.candidates {
            let added = self.call.peer().add_candidate(Some(candidate.clone())).await;
            added.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}
