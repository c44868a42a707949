//! One track to one subscriber.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::rewrite::Rewrite;
use super::source::{Arrived, Layer, Source};
use crate::rooms::Preference;
use crate::rtc::peer::{Feedback, Kind, Sender};

/// How often it is looked whether another layer is better.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The part of packets lost from which on a lower layer is sent, and below which a higher one
/// is tried again.
const LOSS_HIGH: f64 = 0.10;
const LOSS_LOW: f64 = 0.02;

/// How long a lower layer is kept before a higher one is tried, at first and at most.
const HOLD_MIN: Duration = Duration::from_secs(8);
const HOLD_MAX: Duration = Duration::from_secs(64);

/// How often who has no whole picture is sent again what is kept, at most.
const CATCH_UP_INTERVAL: Duration = Duration::from_secs(1);
/// The connection has time to take what is caught up with.
const CATCH_UP_PAUSE: Duration = Duration::from_millis(2);

/// Packets that are sent at once where they have gathered.
const BURST: usize = 64;

/// A track is forwarded until this is dropped.
pub struct Forward {
    pub sender: Arc<Sender>,
    preference: watch::Sender<Preference>,
    stop: CancellationToken,
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Forward {
    /// `bitrate`: bits per second that the connection is thought to carry; 0 is not known.
    pub fn start(
        source: Arc<Source>,
        sender: Sender,
        preference: Preference,
        bitrate: watch::Receiver<u64>,
    ) -> Forward {
        let sender = Arc::new(sender);
        let stop = CancellationToken::new();
        let (told, preferred) = watch::channel(preference);
        let worker = Worker {
            rewrite: Rewrite::new(source.codec),
            source,
            sender: sender.clone(),
            preferred,
            bitrate,
            current: None,
            next: None,
            is_held: false,
            caught_up: None,
            room: Room::default(),
        };
        tokio::spawn(worker.run(stop.clone()));
        Forward { sender, preference: told, stop }
    }

    pub fn prefer(&self, preference: Preference) {
        self.preference.send_if_modified(|now| std::mem::replace(now, preference) != preference);
    }
}

/// A layer that is listened to.
struct Heard {
    layer: Arc<Layer>,
    packets: broadcast::Receiver<Arc<Arrived>>,
}

impl Heard {
    fn new(layer: Arc<Layer>) -> Heard {
        Heard { packets: layer.subscribe(), layer }
    }
}

/// How many of the highest layers the connection has no room for.
#[derive(Default)]
struct Room {
    left_out: usize,
    /// How long it stays so before one is tried again.
    hold: Duration,
    /// When it was changed last.
    since: Option<Instant>,
    tried: Option<Instant>,
}

struct Worker {
    source: Arc<Source>,
    sender: Arc<Sender>,
    rewrite: Rewrite,
    preferred: watch::Receiver<Preference>,
    bitrate: watch::Receiver<u64>,
    current: Option<Heard>,
    /// It is sent as soon as a keyframe of it comes.
    next: Option<Heard>,
    /// Nothing is sent: muted, or paused.
    is_held: bool,
    /// When what is kept of the source was sent last.
    caught_up: Option<Instant>,
    room: Room,
}

impl Worker {
    async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.source.changes();
        let mut look = tokio::time::interval(LOOK_INTERVAL);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.choose().await;
        let mut is_heard = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                arrived = hear(&mut self.current) => {
                    if !self.take_current(arrived).await {
                        return;
                    }
                }
                arrived = hear(&mut self.next) => {
                    if !self.take_next(arrived).await {
                        return;
                    }
                }
                feedback = self.sender.feedback(), if is_heard => match feedback {
                    Some(feedback) => self.note(feedback).await,
                    None => is_heard = false,
                },
                changed = self.preferred.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.choose().await;
                }
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.choose().await;
                }
                _ = look.tick() => self.look().await,
            }
        }
    }

    /// Whether the connection goes on.
    async fn take_current(&mut self, arrived: Result<Arc<Arrived>, RecvError>) -> bool {
        match arrived {
            Ok(arrived) => self.send(&arrived).await && self.send_rest().await,
            Err(RecvError::Lagged(_)) => {
                self.ask_keyframe().await;
                true
            }
            Err(RecvError::Closed) => {
                self.current = None;
                self.rewrite.restart();
                self.choose().await;
                true
            }
        }
    }

    /// Sends what has come meanwhile, before everything else is looked at.
    async fn send_rest(&mut self) -> bool {
        for _ in 0..BURST {
            let Some(current) = &mut self.current else { break };
            match current.packets.try_recv() {
                Ok(arrived) if self.send(&arrived).await => {}
                Ok(_) => return false,
                Err(TryRecvError::Lagged(_)) => self.ask_keyframe().await,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        true
    }

    async fn take_next(&mut self, arrived: Result<Arc<Arrived>, RecvError>) -> bool {
        match arrived {
            Ok(arrived) if arrived.is_keyframe => {
                self.current = self.next.take();
                self.rewrite.restart();
                self.send(&arrived).await
            }
            Ok(_) => {
                if let Some(next) = &self.next {
                    next.layer.request_keyframe().await;
                }
                true
            }
            Err(RecvError::Lagged(_)) => true,
            Err(RecvError::Closed) => {
                self.next = None;
                true
            }
        }
    }

    /// Whether nothing of the track is to be sent now.
    fn is_silenced(&self) -> bool {
        self.source.track.is_muted() || self.preferred.borrow().is_paused
    }

    async fn send(&mut self, arrived: &Arrived) -> bool {
        if self.is_silenced() {
            self.is_held = true;
            return true;
        }
        if self.is_held {
            // What is seen first has to be whole.
            if !arrived.is_keyframe {
                self.ask_keyframe().await;
                return true;
            }
            self.is_held = false;
            self.rewrite.restart();
        }
        self.write(arrived).await
    }

    async fn write(&mut self, arrived: &Arrived) -> bool {
        match self.rewrite.next(&arrived.packet, arrived.at) {
            Some(packet) => self.sender.write(packet).await.is_ok(),
            None => true,
        }
    }

    async fn ask_keyframe(&mut self) {
        if let (Kind::Video, Some(current)) = (self.sender.kind, &self.current) {
            let layer = current.layer.clone();
            match layer.is_kept() {
                true => self.catch_up(&layer).await,
                false => layer.request_keyframe().await,
            }
        }
    }

    /// Sends what is kept of a layer, and goes on with it.
    async fn catch_up(&mut self, layer: &Arc<Layer>) {
        if self.is_silenced() {
            self.is_held = true;
            return;
        }
        let now = Instant::now();
        if self.caught_up.is_some_and(|then| now.duration_since(then) < CATCH_UP_INTERVAL) {
            return;
        }
        let Some((needed, packets)) = layer.catch_up() else { return };
        self.caught_up = Some(now);
        self.current = Some(Heard { layer: layer.clone(), packets });
        self.is_held = false;
        self.rewrite.restart();
        for (index, arrived) in needed.into_iter().enumerate() {
            if !self.write(&arrived).await {
                return;
            }
            if index % BURST == BURST - 1 {
                tokio::time::sleep(CATCH_UP_PAUSE).await;
            }
        }
    }

    async fn note(&mut self, feedback: Feedback) {
        match feedback {
            Feedback::Keyframe => self.ask_keyframe().await,
            Feedback::Report { fraction_lost, .. } => {
                self.room.note_loss(fraction_lost, Instant::now());
            }
            Feedback::Bitrate(_) => {}
        }
    }

    async fn look(&mut self) {
        let carried = *self.bitrate.borrow();
        let sent = self.current.as_ref().map_or(0, |current| current.layer.bitrate());
        // An estimate follows what is sent; only one that is below it says something.
        let is_below = carried > 0 && carried < sent * 7 / 10;
        if is_below {
            self.room.give_up_one(Instant::now());
        }
        self.choose().await;
    }

    /// The layer that is to be sent, from now or from its next keyframe on.
    async fn choose(&mut self) {
        let layers = self.source.live_layers();
        self.room.left_out = self.room.left_out.min(layers.len().saturating_sub(1));
        let preferred = self.preferred.borrow().quality;
        let highest = layers.len().saturating_sub(1 + self.room.left_out);
        let wanted = preferred.map_or(usize::MAX, |quality| usize::try_from(quality).unwrap_or(0));
        let Some(layer) = layers.get(highest.min(wanted)) else { return };
        let is = |heard: &Option<Heard>| {
            heard.as_ref().is_some_and(|heard| Arc::ptr_eq(&heard.layer, layer))
        };
        if is(&self.current) {
            self.next = None;
        } else if layer.is_kept() && self.current.is_none() {
            // It has one layer; what comes is of use after a keyframe, which may be kept.
            self.current = Some(Heard::new(layer.clone()));
            self.is_held = true;
        } else if !is(&self.next) {
            layer.request_keyframe().await;
            self.next = Some(Heard::new(layer.clone()));
        }
    }
}

impl Room {
    fn note_loss(&mut self, lost: f64, now: Instant) {
        if lost > LOSS_HIGH {
            self.give_up_one(now);
        } else if lost < LOSS_LOW {
            self.try_one(now);
        } else {
            // Neither good nor bad: what is, is kept.
            self.since = Some(now);
        }
    }

    fn give_up_one(&mut self, now: Instant) {
        // What was changed a moment ago is not in the reports yet.
        if self.since.is_some_and(|since| now.duration_since(since) < LOOK_INTERVAL * 2) {
            return;
        }
        // What was tried in vain is not tried again as soon.
        let is_vain = self.tried.is_some_and(|tried| now.duration_since(tried) < self.hold);
        let hold = if is_vain { self.hold * 2 } else { HOLD_MIN };
        self.hold = hold.clamp(HOLD_MIN, HOLD_MAX);
        self.left_out += 1;
        self.since = Some(now);
    }

    fn try_one(&mut self, now: Instant) {
        let is_over = self.since.is_some_and(|since| now.duration_since(since) >= self.hold);
        if self.left_out > 0 && is_over {
            self.left_out -= 1;
            self.since = Some(now);
            self.tried = Some(now);
        }
    }
}

async fn hear(heard: &mut Option<Heard>) -> Result<Arc<Arrived>, RecvError> {
    match heard {
        Some(heard) => heard.packets.recv().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_tried_again_soon_and_later_where_it_was_in_vain() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut room = Room::default();
        for second in [0, 1, 4, 8] {
            room.note_loss(0.2, at(second));
        }
        assert_eq!((room.left_out, room.hold), (3, HOLD_MIN), "what is lost says nothing of a try");
        // As many as there are below.
        room.left_out = 2;
        room.note_loss(0.0, at(15));
        assert_eq!(room.left_out, 2);
        room.note_loss(0.0, at(16));
        assert_eq!(room.left_out, 1);
        room.note_loss(0.2, at(19));
        assert_eq!((room.left_out, room.hold), (2, HOLD_MIN * 2));
        room.note_loss(0.0, at(30));
        assert_eq!(room.left_out, 2);
        room.note_loss(0.0, at(35));
        room.note_loss(0.0, at(51));
        assert_eq!(room.left_out, 0);
        room.note_loss(0.2, at(100));
        assert_eq!((room.left_out, room.hold), (1, HOLD_MIN));
    }
}
