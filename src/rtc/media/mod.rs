//! Media: what participants send, forwarded to those who want it (an SFU).
//!
//! ```text
//! Incoming ─ pump ─▶ Layer (broadcast) ─▶ Forward ─ rewrite ─▶ Sender      one for each subscriber
//!   ▲ PLI  ◀───────── asked, not too often ◀── no keyframe yet, PLI or FIR ◀──┘
//! ```
//! A [`Source`] is what is sent of one track of a room: one [`Layer`], or as many as its
//! sender has encoded (simulcast). Packets are handed on as they are; for each subscriber
//! sequence numbers and timestamps are written anew, so that a layer may be changed, and a
//! muted or paused stream resumed, without a gap ([`rewrite`]). A layer is changed at a
//! keyframe; which one is sent follows what the subscriber prefers, and what it loses.
//!
//! A stream of the server's own, a recording that is played, has nobody who could be asked
//! for a keyframe: who comes later is sent what came since the last one ([`kept`]).
//!
//! Lost packets are asked for and sent again by the peers themselves (NACK, RTX), each from
//! a bounded buffer; bandwidth is estimated there, too ([`peer`](super::peer)).
//!
//! Invariants: who does not take packets misses them, and holds up nobody; a source ends
//! with its last layer; a muted track is sent to nobody.

mod forward;
mod kept;
mod keyframe;
mod rewrite;
mod source;
mod speakers;
mod subscriptions;

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::watch;

pub use forward::Forward;
pub use keyframe::is_keyframe;
pub use source::{Arrived, Layer, Source};
pub use speakers::run as watch_speakers;
pub use subscriptions::Subscriptions;

use super::peer::{Error, Incoming, Peer};
use crate::rooms::{Room, Seat, Track};

/// What is sent, and who is connected, in all rooms of a server.
pub struct Media {
    /// By the sid of the track.
    sources: Mutex<HashMap<String, Arc<Source>>>,
    /// By a number of their own.
    connected: Mutex<HashMap<u64, Connected>>,
    changed: watch::Sender<u64>,
}

/// A peer, and whom it is of.
#[derive(Clone)]
pub struct Connected {
    pub peer: Peer,
    /// The room and the participant's sid; none of a peer that is in no room.
    pub place: Option<(Weak<Room>, Arc<str>)>,
}

/// A peer is counted as long as this is held.
pub struct Registered {
    media: Weak<Media>,
    number: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Some(media) = self.media.upgrade() {
            media.connected.lock().remove(&self.number);
        }
    }
}

impl Default for Media {
    fn default() -> Media {
        Media {
            sources: Mutex::default(),
            connected: Mutex::default(),
            changed: watch::channel(0).0,
        }
    }
}

impl Media {
    /// Counts a peer, of which there may be so many.
    pub fn register(
        self: &Arc<Media>,
        connected: Connected,
        most: usize,
    ) -> Result<Registered, Error> {
        let mut all = self.connected.lock();
        if all.len() >= most {
            return Err(Error::TooMany("peers"));
        }
        let number = rand::random();
        all.insert(number, connected);
        Ok(Registered { media: Arc::downgrade(self), number })
    }

    pub fn connected(&self) -> Vec<Connected> {
        self.connected.lock().values().cloned().collect()
    }

    pub fn peers(&self) -> usize {
        self.connected.lock().len()
    }

    /// A stream of a track has come: its first layer, or one more. Its seat stops to publish
    /// the track when all layers have ended.
    pub fn attach(
        self: &Arc<Media>,
        track: &Arc<Track>,
        room: &Arc<Room>,
        seat: Weak<Seat>,
        incoming: Incoming,
    ) {
        let mut sources = self.sources.lock();
        let source = sources
            .entry(track.sid.clone())
            .or_insert_with(|| {
                Arc::new(Source::new(track.clone(), Arc::downgrade(room), &incoming))
            })
            .clone();
        drop(sources);
        let layer = source.add(&incoming);
        let media = Arc::downgrade(self);
        tokio::spawn(async move {
            source.pump(&layer, incoming).await;
            if source.remove(&layer)
                && let Some(media) = media.upgrade()
            {
                media.end(&source);
                if let Some(seat) = seat.upgrade() {
                    // It may be unpublished already.
                    let _ = seat.unpublish(&source.track.sid);
                }
            }
        });
        self.changed.send_modify(|count| *count += 1);
    }

    fn end(&self, source: &Arc<Source>) {
        let mut sources = self.sources.lock();
        if sources.get(&source.track.sid).is_some_and(|now| Arc::ptr_eq(now, source)) {
            sources.remove(&source.track.sid);
        }
        drop(sources);
        self.changed.send_modify(|count| *count += 1);
    }

    /// What is sent of a track, if anything has come.
    pub fn source(&self, track: &str) -> Option<Arc<Source>> {
        self.sources.lock().get(track).cloned()
    }

    pub fn sources(&self) -> Vec<Arc<Source>> {
        self.sources.lock().values().cloned().collect()
    }

    /// Changes whenever a source has come or gone, of whichever room.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}
