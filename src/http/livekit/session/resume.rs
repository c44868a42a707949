//! Sessions whose clients come back.
//!
//! ```text
//! client ── reconnect=1&sid=PA_…  ──▶ the session's task: reconnect, what has waited, who is here
//!        ── sync_state            ──▶ what it is subscribed to, what it believes to publish
//!        ◀── offer (ICE restarted)    of two connections; of one the client offers
//! ```
//! A client comes back with a token of the same identity, role and room. Who it is, its
//! tracks, its data channels and what it is sent stay as they are: a reliable packet that it
//! sends again is passed over by its number.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use axum::extract::ws::WebSocket;
use futures::stream::SplitStream;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::line::{Line, Socket};
use super::simulate::Cut;
use super::told::{ice_server, server_info};
use super::{Ended, PING_TIMEOUT, Session, log};
use crate::http::livekit::convert;
use crate::http::livekit::signal::{
    LeaveRequest, ParticipantUpdate, ReconnectResponse, Response as Answer, RoomUpdate,
    SessionDescription, SyncState, TrackUnpublishedResponse,
};
use crate::http::principal::Principal;
use crate::http::rooms::bearer::Bearer;
use crate::http::{Http, rtc};
use crate::rooms::{Preference, Seat};
use crate::rtc::peer::State;

/// A client that comes back.
pub struct Resumption {
    pub socket: Socket,
    pub offer: Option<SessionDescription>,
    pub sync: Option<SyncState>,
}

/// The sessions of a server, by the sids of their participants.
#[derive(Default)]
pub struct Sessions(Arc<Mutex<HashMap<String, Entry>>>);

struct Entry {
    room: String,
    identity: String,
    role: String,
    database: String,
    is_single: bool,
    resume: mpsc::Sender<Resumption>,
}

/// A session can be found as long as this is held.
pub struct Kept {
    sessions: Weak<Mutex<HashMap<String, Entry>>>,
    sid: String,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(sessions) = self.sessions.upgrade() {
            sessions.lock().remove(&self.sid);
        }
    }
}

impl Sessions {
    pub fn keep(
        &self,
        seat: &Seat,
        principal: &Principal,
        is_single: bool,
        resume: mpsc::Sender<Resumption>,
    ) -> Kept {
        let entry = Entry {
            room: seat.room().key.name.clone(),
            identity: seat.identity().to_owned(),
            role: principal.role.clone(),
            database: principal.database.clone(),
            is_single,
            resume,
        };
        let sid = seat.sid().to_owned();
        self.0.lock().insert(sid.clone(), entry);
        Kept { sessions: Arc::downgrade(&self.0), sid }
    }

    /// The session of this sid, or, where that is empty, of the token's bearer, if it is one
    /// that the token lets in.
    pub fn find(
        &self,
        sid: &str,
        bearer: &Bearer,
        is_single: bool,
    ) -> Option<mpsc::Sender<Resumption>> {
        let is_it = |entry: &&Entry| {
            bearer.grants.join
                && bearer.grants.room.as_deref() == Some(&entry.room)
                && bearer.identity == entry.identity
                && bearer.principal.role == entry.role
                && bearer.principal.database == entry.database
                && entry.is_single == is_single
        };
        let sessions = self.0.lock();
        let found = match sid.is_empty() {
            true => sessions.values().find(is_it),
            false => sessions.get(sid).filter(is_it),
        };
        found.map(|entry| entry.resume.clone())
    }
}

/// 2: to join anew, for there is no state of before.
pub async fn refuse(socket: Socket) {
    const STATE_MISMATCH: i32 = 6;
    let mut line = Line::new(0);
    let _stream = line.attach(socket).await;
    let leave = LeaveRequest { can_reconnect: true, reason: STATE_MISMATCH, action: 2 };
    // It may be gone already.
    let _ = line.send(Answer::Leave(leave)).await;
    line.close("no such session").await;
}

impl Session {
    /// Goes on over another socket.
    pub(super) async fn resume(
        &mut self,
        http: &Arc<Http>,
        line: &mut Line,
        resumption: Resumption,
    ) -> Result<Option<SplitStream<WebSocket>>, Ended> {
        let stream = line.attach(resumption.socket).await;
        let simulated = self.simulated.take();
        if simulated == Some(Cut::BeforeMessages) {
            line.close("simulated").await;
            return Ok(Some(stream));
        }
        self.deadline = Instant::now() + PING_TIMEOUT;
        self.renewal.forget();
        let (servers, _) = rtc::ice_servers(http, self.seat.identity());
        let response = ReconnectResponse {
            ice_servers: servers.iter().map(ice_server).collect(),
            server_info: Some(server_info()),
            last_message_seq: self.sequence.load(Ordering::Acquire),
        };
        line.resume(Answer::Reconnect(response)).await?;
        if simulated == Some(Cut::AfterMessages) {
            line.close("simulated").await;
            return Ok(Some(stream));
        }
        self.show_room(line).await?;
        if let Some(sync) = resumption.sync {
            self.sync(line, sync).await?;
        }
        match (&mut self.sections, resumption.offer) {
            (Some(_), Some(offer)) => self.answer(line, offer).await?,
            (Some(sections), None) => {
                // What was asked for was not heard.
                sections.forget_asked();
                self.require(line).await?;
            }
            (None, _) => {
                (self.is_offering, self.is_changed) = (false, false);
                // One that has not begun has nothing to find anew.
                let restarts_ice = self.subscriber.state() != State::New;
                self.offer(line, restarts_ice).await?;
            }
        }
        Ok(Some(stream))
    }

    /// Who is here, and the room, as they are now.
    async fn show_room(&self, line: &mut Line) -> Result<(), Ended> {
        let own = self.seat.info().ok();
        let all = own.into_iter().chain(self.seat.others());
        let participants = all.map(|info| convert::participant(&info)).collect();
        line.send(Answer::Update(ParticipantUpdate { participants })).await?;
        let room = Some(convert::room(&self.seat.room().about()));
        line.send(Answer::RoomUpdate(RoomUpdate { room })).await
    }

    /// What the client has: its subscriptions hold, and what it publishes no more it is told.
    pub(super) async fn sync(&mut self, line: &mut Line, sync: SyncState) -> Result<(), Ended> {
        if let Some(asked) = sync.subscription.filter(|asked| !asked.track_sids.is_empty()) {
            log(self.seat.subscribe(&asked.track_sids, asked.subscribe).err());
        }
        if !sync.track_sids_disabled.is_empty() {
            let paused = Preference { is_paused: true, ..Preference::default() };
            self.seat.prefer(&sync.track_sids_disabled, paused);
        }
        let own = self.seat.info().map(|info| info.tracks.clone()).unwrap_or_default();
        let published = sync.publish_tracks.into_iter().filter_map(|published| published.track);
        for track in published.filter(|track| !own.iter().any(|own| own.sid == track.sid)) {
            let gone = TrackUnpublishedResponse { track_sid: track.sid };
            line.send(Answer::TrackUnpublished(gone)).await?;
        }
        Ok(())
    }
}
