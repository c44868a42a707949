//! What one peer is sent.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::{Forward, Media, Source};
use crate::rooms::{Preference, Track};
use crate::rtc::peer::{Kind, Peer};

pub struct Subscriptions {
    media: Arc<Media>,
    peer: Peer,
    /// The id of the stream that a track is of, as the peer is told.
    stream_of: fn(&Track) -> String,
    /// By the sid of the track.
    forwards: HashMap<String, Forward>,
    bitrate: watch::Sender<u64>,
}

impl Subscriptions {
    pub fn new(media: Arc<Media>, peer: Peer, stream_of: fn(&Track) -> String) -> Subscriptions {
        let bitrate = watch::channel(0).0;
        Subscriptions { media, peer, stream_of, forwards: HashMap::new(), bitrate }
    }

    /// Makes it what is wanted, as far as it has come; whether descriptions have to be
    /// exchanged anew.
    pub async fn follow(&mut self, wanted: &[(Arc<Track>, Preference)]) -> bool {
        let mut has_changed = false;
        let is_wanted = |sid: &str| wanted.iter().any(|(track, _)| track.sid == sid);
        let over: Vec<_> = self
            .forwards
            .keys()
            .filter(|sid| !is_wanted(sid) || self.media.source(sid).is_none())
            .cloned()
            .collect();
        for sid in over {
            if let Some(forward) = self.forwards.remove(&sid) {
                has_changed |= self.peer.remove_track(&forward.sender).await.is_ok();
            }
        }
        for (track, preference) in wanted {
            match self.forwards.get(&track.sid) {
                Some(forward) => forward.prefer(*preference),
                None => has_changed |= self.begin(track, *preference).await,
            }
        }
        has_changed
    }

    async fn begin(&mut self, track: &Track, preference: Preference) -> bool {
        let Some(source) = self.media.source(&track.sid) else { return false };
        let room = source.room.upgrade();
        let is_added = self.add(source, preference).await;
        if let (true, Some(room)) = (is_added, room) {
            room.note_subscribed(&track.sid);
        }
        is_added
    }

    /// Sends what comes of a source, whatever a room says; whether it can be.
    pub async fn add(&mut self, source: Arc<Source>, preference: Preference) -> bool {
        let (kind, codec) = (source.codec.kind(), source.codec);
        let sid = source.track.sid.clone();
        let stream = (self.stream_of)(&source.track);
        match self.peer.add_track(kind, codec, &sid, &stream).await {
            Ok(sender) => {
                let bitrate = self.bitrate.subscribe();
                let forward = Forward::start(source, sender, preference, bitrate);
                self.forwards.insert(sid, forward);
                true
            }
            Err(error) => {
                tracing::debug!(%error, track = sid, "a track cannot be forwarded");
                false
            }
        }
    }

    /// Looks at what the connection is thought to carry.
    pub async fn measure(&self) {
        if let Some(bitrate) = self.peer.send_bitrate() {
            let videos = self.forwards.len().max(1) as u64;
            self.bitrate.send_replace(bitrate / videos);
        }
    }

    /// What is sent: the sids of its tracks, and their kinds.
    pub fn tracks(&self) -> Vec<(String, Kind)> {
        self.forwards.iter().map(|(sid, forward)| (sid.clone(), forward.sender.kind)).collect()
    }

    pub fn has_sources(&self) -> bool {
        self.forwards.keys().any(|sid| self.media.source(sid).is_some())
    }

    pub fn len(&self) -> usize {
        self.forwards.len()
    }

    pub fn is_empty(&self) -> bool {
        self.forwards.is_empty()
    }
}
