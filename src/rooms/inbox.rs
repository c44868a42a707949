//! What a room tells one participant.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::define::{About, Info, Message, Reason, Speaker};
use super::track::TrackInfo;

/// What waits for a participant at most.
pub const INBOX_MESSAGES: usize = 4_096;

/// Of one thing besides its payload.
const OVERHEAD_BYTES: usize = 256;

#[derive(Clone, Debug)]
pub enum Told {
    /// Somebody has come, left or changed; oneself, too.
    Participant(Arc<Info>),
    Room(Arc<About>),
    Message(Arc<Message>),
    /// A moderator has muted or unmuted a track of one's own.
    Muted {
        track: String,
        is_muted: bool,
    },
    /// A track of one's own is published no more: its source is not allowed any more.
    Unpublished {
        track: String,
    },
    /// Somebody is sent a track of one's own for the first time.
    Subscribed {
        track: String,
    },
    /// The tracks that one is to be sent are others than before.
    Wanted,
    Speakers(Arc<[Speaker]>),
    /// A participant's connection: its sid, and from 0 (lost) to 100.
    Quality(Arc<[(String, f32)]>),
    /// The last thing that is told.
    Ended(Reason),
}

impl Told {
    fn size(&self) -> usize {
        OVERHEAD_BYTES
            + match self {
                Told::Message(message) => message.size(),
                Told::Participant(info) => {
                    let tracks = info.tracks.iter().map(TrackInfo::size);
                    info.metadata.len() + tracks.sum::<usize>()
                }
                Told::Room(about) => about.metadata.len(),
                _ => 0,
            }
    }
}

#[derive(Default)]
struct Shared {
    bytes: AtomicUsize,
    reason: OnceLock<Reason>,
}

/// The room's end of it.
pub(super) struct Outlet {
    sender: mpsc::Sender<Told>,
    shared: Arc<Shared>,
    bytes_max: usize,
}

/// The participant's end.
pub struct Inbox {
    receiver: mpsc::Receiver<Told>,
    shared: Arc<Shared>,
    is_over: bool,
}

pub(super) fn pair(bytes_max: usize) -> (Outlet, Inbox) {
    let (sender, receiver) = mpsc::channel(INBOX_MESSAGES);
    let shared = Arc::new(Shared::default());
    let outlet = Outlet { sender, shared: shared.clone(), bytes_max };
    (outlet, Inbox { receiver, shared, is_over: false })
}

impl Outlet {
    /// Whether there was room for it.
    pub fn tell(&self, told: Told) -> bool {
        let size = told.size();
        let before = self.shared.bytes.fetch_add(size, Ordering::Relaxed);
        let has_room = before == 0 || before + size <= self.bytes_max;
        if has_room && self.sender.try_send(told).is_ok() {
            return true;
        }
        self.shared.bytes.fetch_sub(size, Ordering::Relaxed);
        false
    }

    /// Why it will end once this is dropped.
    pub fn end(&self, reason: Reason) {
        let _ = self.shared.reason.set(reason);
    }
}

impl Inbox {
    /// Why it ends after what still waits; none while it goes on.
    pub fn reason(&self) -> Option<Reason> {
        self.shared.reason.get().copied()
    }

    /// The next thing; after the end nothing. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Told> {
        // Who was too slow is not told what it did not take.
        if !self.is_over && self.shared.reason.get() == Some(&Reason::TooSlow) {
            self.is_over = true;
            return Some(Told::Ended(Reason::TooSlow));
        }
        if self.is_over {
            return None;
        }
        match self.receiver.recv().await {
            Some(told) => {
                self.shared.bytes.fetch_sub(told.size(), Ordering::Relaxed);
                Some(told)
            }
            None => {
                self.is_over = true;
                Some(Told::Ended(self.shared.reason.get().copied().unwrap_or(Reason::Left)))
            }
        }
    }
}
