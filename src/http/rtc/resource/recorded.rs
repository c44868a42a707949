//! A recording by WHEP.
//!
//! ```text
//! POST /api/v1/rooms/{room}/recordings/{id}/whep?start_ms=   application/sdp: an offer   201, Location, the answer
//! PATCH {Location}/playback      {"is_paused", "position_ms"}                            204
//! ```
//! It begins when the peer is connected, and the session ends with it. Who asks sees the
//! recording and may read its file; the bearer of a room's token has to have `roomRecord`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request};
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::{Asker, failed, peer_options};
use super::session::Session;
use super::{Direction, SDP, check_type, is_encrypted, launch, new_id, text};
use crate::error::Error;
use crate::http::principal::{Scope, forbidden};
use crate::http::problem::Problem;
use crate::http::rooms::Caller;
use crate::http::{State, paging};
use crate::rtc::channel::Opener;
use crate::rtc::playback::{self, Going, Player, Wish};
use crate::rtc::signal::Call;
use crate::sqlstate;

/// A recording that is played to the peer, or will be.
pub struct Played {
    waiting: Option<Waiting>,
    wishes: watch::Sender<Wish>,
    over: oneshot::Receiver<()>,
    _stop: DropGuard,
}

struct Waiting {
    player: Player,
    from: Duration,
    going: Going,
    over: oneshot::Sender<()>,
}

/// What is said to one that is played.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directed {
    is_paused: Option<bool>,
    position_ms: Option<u64>,
}

impl Played {
    fn new(
        player: Player,
        from: Duration,
        going: Going,
        parts: (watch::Sender<Wish>, CancellationToken),
    ) -> Played {
        let (over, is_over) = oneshot::channel();
        let (wishes, stop) = parts;
        Played {
            waiting: Some(Waiting { player, from, going, over }),
            wishes,
            over: is_over,
            _stop: stop.drop_guard(),
        }
    }

    /// The peer is there: the first time it begins.
    pub fn begin(&mut self) {
        let Some(Waiting { player, from, going, over }) = self.waiting.take() else { return };
        tokio::spawn(async move {
            match player.run(from).await {
                Ok(ending) => tracing::debug!(?ending, "a playback has ended"),
                Err(error) => tracing::warn!(%error, "a recording cannot be played on"),
            }
            drop(going);
            // Nobody may wait for it any more.
            let _ = over.send(());
        });
    }

    /// Waits until it is over; for ever where nothing is played.
    pub async fn over(played: &mut Option<Played>) {
        match played {
            Some(played) => {
                // One that could not tell is over, too.
                let _ = (&mut played.over).await;
            }
            None => std::future::pending().await,
        }
    }

    pub fn direct(played: Option<&Played>, directed: Directed) -> Result<(), Problem> {
        let Some(played) = played else {
            let code = sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE;
            return Err(problem(&Error::new(code, "the session plays no recording")));
        };
        played.wishes.send_modify(|wish| {
            wish.is_paused = directed.is_paused.unwrap_or(wish.is_paused);
            if let Some(ms) = directed.position_ms {
                let number = wish.place.map_or(0, |(number, _)| number) + 1;
                wish.place = Some((number, Duration::from_millis(ms)));
            }
        });
        Ok(())
    }
}

fn problem(error: &Error) -> Problem {
    Problem::of(error, "")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    start_ms: Option<u64>,
}

/// `POST /api/v1/rooms/{room}/recordings/{id}/whep?start_ms=`: plays a recording. 201 with the
/// answer; 404 for one that the role does not see, 409 for one that is not completed, 503
/// where too many are played.
pub async fn play(
    http: State,
    Path((room, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asked: Start = paging::query(&parts)?;
    let asker = Asker::of(&http, &parts).await?;
    check_type(&parts.headers, SDP)?;
    let offer = text(&http, body).await?;
    check(&asker, &room)?;
    let principal = asker.principal().clone();
    let caller = Caller::new(&http, principal.clone()).await?;
    let as_whom = (principal.database.as_str(), principal.role.as_str());
    let recorded = playback::open(&http, as_whom, &id, Some(&room)).await;
    let recorded = recorded.map_err(|error| problem(&error))?;
    let config = http.front.database.config();
    let stop = CancellationToken::new();
    let of = (caller.database, recorded.id.as_str());
    let going = http.rooms().playbacks.enter(config.rtc_max_playbacks, of, stop.clone());
    let going = going.map_err(|error| problem(&error))?;
    let (wishes, wished) = watch::channel(Wish::default());
    let mut player = recorded.player(wished, stop.clone(), Arc::default());
    let made = Call::new(&http.rtc.media, peer_options(&http), None, config.rtc_max_peers).await;
    let (mut call, events) = made.map_err(|error| failed(&error))?;
    call.play(playback::sources(&mut player)).await;
    let from = Duration::from_millis(asked.start_ms.unwrap_or(0));
    let session = Session {
        http: http.0.clone(),
        id: new_id(),
        call,
        events,
        inbox: None,
        played: Some(Played::new(player, from, going, (wishes, stop))),
        direction: Direction::Out,
        opener: Opener { principal: Arc::new(principal), is_encrypted: is_encrypted(&parts) },
        offer,
        etag: String::new(),
    };
    launch(&http, &asker, session).await
}

/// Whether recordings of a room are for who asks to play, as far as its proof says.
fn check(asker: &Asker, room: &str) -> Result<(), Problem> {
    match asker {
        Asker::Principal(principal) => principal.require(Scope::Rooms),
        Asker::Bearer(bearer) => {
            let grants = &bearer.grants;
            match grants.record && grants.room.as_deref() == Some(room) {
                true => Ok(()),
                false => Err(forbidden("the token does not let its bearer play recordings")),
            }
        }
    }
}
