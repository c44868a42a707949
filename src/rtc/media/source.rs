//! What is sent of a track.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::kept::Kept;
use super::keyframe::is_keyframe;
use crate::rooms::{Room, Track};
use crate::rtc::peer::{Codec, Incoming, Keyframes, Kind, Packet};
use crate::rtc::quality::Freezes;

/// Packets that a subscriber may be behind before it misses some.
const BEHIND_MAX: usize = 512;

/// How often a sender is asked for a keyframe at most.
const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);

/// Over which time a bitrate is measured.
const BITRATE_WINDOW: Duration = Duration::from_secs(1);

/// A layer of which nothing comes for so long, while another one of its source does, is not
/// sent for now: its sender has no room for it.
const STALLED_AFTER: Duration = Duration::from_millis(1_500);

/// As RFC 6464 has it: silence, in dB below the loudest.
pub const SILENT: u8 = 127;

pub struct Source {
    pub track: Arc<Track>,
    pub room: Weak<Room>,
    pub codec: Codec,
    layers: RwLock<Vec<Arc<Layer>>>,
    changed: watch::Sender<u64>,
    /// The loudest since it was last asked for, in dB below the loudest there is.
    level: AtomicU8,
    /// Nothing of it is taken any more.
    over: CancellationToken,
}

/// One encoding of it.
pub struct Layer {
    pub rid: Option<String>,
    /// From 0, the lowest, as far as its name or the sender tells.
    pub quality: Option<i32>,
    pub ssrc: u32,
    packets: broadcast::Sender<Arc<Arrived>>,
    keyframes: Keyframes,
    asked: Mutex<Option<Instant>>,
    /// Of a video that nobody can be asked for a keyframe of.
    kept: Option<Mutex<Kept>>,
    bitrate: AtomicU64,
    begun: Instant,
    /// When something came last, in milliseconds since it began.
    heard_ms: AtomicU64,
    /// Of a picture.
    freezes: Mutex<Freezes>,
    is_over: AtomicBool,
}

/// A packet as it came.
pub struct Arrived {
    pub packet: Packet,
    /// A keyframe begins with it.
    pub is_keyframe: bool,
    pub at: Instant,
}

impl Source {
    /// Of a track of a room, or of none.
    pub fn new(track: Arc<Track>, room: Weak<Room>, incoming: &Incoming) -> Source {
        Source {
            track,
            room,
            codec: incoming.codec,
            layers: RwLock::default(),
            changed: watch::channel(0).0,
            level: AtomicU8::new(SILENT),
            over: CancellationToken::new(),
        }
    }

    /// What comes of a track that is in no room.
    pub fn lone(track: Arc<Track>, incoming: Incoming) -> Arc<Source> {
        let source = Arc::new(Source::new(track, Weak::new(), &incoming));
        let (layer, pumped) = (source.add(&incoming), source.clone());
        tokio::spawn(async move {
            pumped.pump(&layer, incoming).await;
            pumped.remove(&layer);
        });
        source
    }

    pub fn add(&self, incoming: &Incoming) -> Arc<Layer> {
        let layer = Arc::new(Layer {
            rid: incoming.rid.clone(),
            quality: self.quality(incoming.rid.as_deref()),
            ssrc: incoming.ssrc,
            packets: broadcast::channel(BEHIND_MAX).0,
            keyframes: incoming.keyframes(),
            asked: Mutex::new(None),
            kept: (incoming.is_ours() && incoming.kind == Kind::Video).then(Mutex::default),
            bitrate: AtomicU64::new(0),
            begun: Instant::now(),
            heard_ms: AtomicU64::new(0),
            freezes: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        self.layers.write().push(layer.clone());
        self.changed.send_modify(|count| *count += 1);
        layer
    }

    fn quality(&self, rid: Option<&str>) -> Option<i32> {
        let rid = rid?;
        let said = self.track.offer.layers.iter().find(|layer| layer.rid == rid);
        said.map(|layer| layer.quality).or(match rid {
            "q" => Some(0),
            "h" => Some(1),
            "f" => Some(2),
            _ => None,
        })
    }

    /// Whether it was the last one.
    pub fn remove(&self, layer: &Arc<Layer>) -> bool {
        layer.is_over.store(true, Ordering::Release);
        let mut layers = self.layers.write();
        layers.retain(|other| !Arc::ptr_eq(other, layer));
        let is_empty = layers.is_empty();
        drop(layers);
        self.changed.send_modify(|count| *count += 1);
        is_empty
    }

    /// From the lowest to the highest: as their names tell, or else by what they take.
    pub fn layers(&self) -> Vec<Arc<Layer>> {
        let mut layers = self.layers.read().clone();
        layers.sort_by_key(|layer| (layer.quality, layer.bitrate()));
        layers
    }

    /// The same, without those that are not sent for now.
    pub fn live_layers(&self) -> Vec<Arc<Layer>> {
        let mut layers = self.layers();
        layers.retain(|layer| !layer.is_over());
        let last = layers.iter().map(|layer| layer.heard()).max();
        layers.retain(|layer| last.is_none_or(|last| layer.heard() + STALLED_AFTER > last));
        layers
    }

    /// Changes when a layer comes or goes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Ends it, whatever still comes.
    pub fn close(&self) {
        self.over.cancel();
    }

    /// Hands on what comes, until it ends.
    pub async fn pump(&self, layer: &Layer, mut incoming: Incoming) {
        let (mut begun, mut bytes) = (Instant::now(), 0_u64);
        loop {
            let came = tokio::select! {
                () = self.over.cancelled() => None,
                came = incoming.recv() => came,
            };
            let Some(packet) = came else { return };
            bytes += packet.payload.len() as u64;
            let now = Instant::now();
            layer.note_heard(now);
            if let Some(level) = incoming.audio_level_id.and_then(|id| level_of(&packet, id)) {
                self.level.fetch_min(level, Ordering::Relaxed);
            }
            let is_keyframe = is_keyframe(self.codec, &packet.payload);
            if incoming.kind == Kind::Video {
                layer.freezes.lock().note(&packet.header, now);
            }
            layer.hand_on(Arc::new(Arrived { packet, is_keyframe, at: now }));
            let elapsed = now.duration_since(begun);
            if elapsed >= BITRATE_WINDOW {
                let bits = bytes as f64 * 8.0 / elapsed.as_secs_f64();
                layer.bitrate.store(bits as u64, Ordering::Relaxed);
                (begun, bytes) = (now, 0);
            }
        }
    }

    /// The loudest since the last time, in dB below the loudest there is.
    pub fn take_level(&self) -> u8 {
        self.level.swap(SILENT, Ordering::Relaxed)
    }
}

/// RFC 6464: a bit that tells voice, and the level.
fn level_of(packet: &Packet, id: u8) -> Option<u8> {
    let extension = packet.header.extensions.iter().find(|extension| extension.id == id)?;
    Some(extension.payload.first()? & 0x7F)
}

impl Layer {
    fn hand_on(&self, arrived: Arc<Arrived>) {
        // Who catches up misses nothing, and has nothing twice.
        let mut kept = self.kept.as_ref().map(|kept| kept.lock());
        if let Some(kept) = &mut kept {
            kept.note(&arrived);
        }
        // Nobody has to listen.
        let _ = self.packets.send(arrived);
    }

    /// Whether who comes later can be sent what it needs at any time.
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// What a decoder needs to begin now, in the time of a moment; and what comes from then
    /// on. None where it is not known.
    pub fn catch_up(&self) -> Option<(Vec<Arrived>, broadcast::Receiver<Arc<Arrived>>)> {
        let kept = self.kept.as_ref()?.lock();
        let needed = kept.needed(Instant::now());
        (!needed.is_empty()).then(|| (needed, self.packets.subscribe()))
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Arrived>> {
        self.packets.subscribe()
    }

    /// Bits per second, of payloads; 0 until it was measured.
    pub fn bitrate(&self) -> u64 {
        self.bitrate.load(Ordering::Relaxed)
    }

    /// How often its picture stood still, and for how long altogether.
    pub fn freezes(&self) -> (u64, Duration) {
        self.freezes.lock().totals()
    }

    /// When something came last.
    fn heard(&self) -> Instant {
        self.begun + Duration::from_millis(self.heard_ms.load(Ordering::Relaxed))
    }

    fn note_heard(&self, now: Instant) {
        let since = u64::try_from(now.duration_since(self.begun).as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(since, Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Asks its sender for a keyframe, unless that was done a moment ago.
    pub async fn request_keyframe(&self) {
        let now = Instant::now();
        {
            let mut asked = self.asked.lock();
            if asked.is_some_and(|asked| now.duration_since(asked) < KEYFRAME_INTERVAL) {
                return;
            }
            *asked = Some(now);
        }
        // A sender that is gone is noticed elsewhere.
        let _ = self.keyframes.request().await;
    }
}
