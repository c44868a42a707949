//! Tracks that are published.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::grants::{Kind, Source};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The volume that a track has unless somebody has set it, in per cent.
pub const VOLUME: u8 = 100;
/// Bytes of each of a track's names.
const NAME_BYTES_MAX: usize = 1_024;
/// Layers of a track.
const LAYERS_MAX: usize = 16;
/// Features of a track: there are fewer that mean something.
const FEATURES_MAX: usize = 32;

/// What a publisher says of a track before it sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Offer {
    /// The client's own name of it, which is in its session description.
    pub cid: String,
    pub name: String,
    pub kind: Kind,
    pub source: Source,
    pub is_muted: bool,
    pub width: u32,
    pub height: u32,
    /// Tracks of one stream are played together.
    pub stream: String,
    pub layers: Vec<Layer>,
    /// `audio/opus`, where it is known.
    pub mime: String,
    /// Numbers of LiveKit's `AudioTrackFeature` and `Encryption.Type`, handed on.
    pub features: Vec<i32>,
    pub encryption: i32,
    pub disable_red: bool,
}

/// `54000`: a track is described at greater length than everybody is to be told.
fn too_many(what: &str, most: usize) -> Error {
    Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, format!("a track has at most {most} {what}"))
}

impl Offer {
    /// Whether it is of a size that everybody can be told.
    pub(super) fn check(&self) -> Result<()> {
        let rids = self.layers.iter().map(|layer| &layer.rid);
        let names = [&self.cid, &self.name, &self.stream, &self.mime].into_iter().chain(rids);
        if self.layers.len() > LAYERS_MAX {
            return Err(too_many("layers", LAYERS_MAX));
        } else if names.into_iter().any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(too_many("bytes of each of its names", NAME_BYTES_MAX));
        }
        check_features(&self.features)
    }
}

fn check_features(features: &[i32]) -> Result<()> {
    match features.len() > FEATURES_MAX {
        true => Err(too_many("features", FEATURES_MAX)),
        false => Ok(()),
    }
}

/// One of several encodings of a video.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// 0 is the lowest, 2 the highest.
    pub quality: i32,
    pub width: u32,
    pub height: u32,
    pub bitrate: u32,
    pub rid: String,
}

/// A track that is there; what changes while it is, changes without a lock on the room.
#[derive(Debug)]
pub struct Track {
    pub sid: String,
    /// The sid and the identity of who publishes it.
    pub publisher: (String, String),
    pub offer: Offer,
    is_muted: AtomicBool,
    /// Somebody has been sent it.
    is_subscribed: AtomicBool,
    volume: AtomicU8,
    /// The place in the publisher's session description, and the codec.
    placed: Mutex<(String, String)>,
    shape: Mutex<Shape>,
}

/// What its publisher may say anew of a track while it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub width: u32,
    pub height: u32,
    /// As in [`Offer`].
    pub features: Vec<i32>,
}

impl Shape {
    pub(super) fn check(&self) -> Result<()> {
        check_features(&self.features)
    }
}

/// A track as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrackInfo {
    pub sid: String,
    pub name: String,
    pub kind: Kind,
    pub source: Source,
    pub is_muted: bool,
    /// In per cent; clients play it so.
    pub volume: u8,
    pub width: u32,
    pub height: u32,
    pub mime: String,
    pub mid: String,
    #[serde(skip)]
    pub offer: Offer,
}

impl TrackInfo {
    /// Bytes, about.
    pub(super) fn size(&self) -> usize {
        let offer = &self.offer;
        let names = self.name.len() + offer.name.len() + offer.cid.len() + offer.stream.len();
        let layers: usize =
            offer.layers.iter().map(|layer| size_of::<Layer>() + layer.rid.len()).sum();
        size_of::<TrackInfo>() + names + layers + size_of_val(offer.features.as_slice())
    }
}

impl Track {
    pub fn new(sid: String, publisher: (String, String), offer: Offer) -> Track {
        Track {
            sid,
            publisher,
            is_muted: AtomicBool::new(offer.is_muted),
            is_subscribed: AtomicBool::new(false),
            volume: AtomicU8::new(VOLUME),
            placed: Mutex::new((String::new(), offer.mime.clone())),
            shape: Mutex::new(Shape {
                width: offer.width,
                height: offer.height,
                features: offer.features.clone(),
            }),
            offer,
        }
    }

    /// Whether nothing of it is to be sent to anybody.
    pub fn is_muted(&self) -> bool {
        self.is_muted.load(Ordering::Relaxed)
    }

    /// Whether that was a change.
    pub fn set_muted(&self, is_muted: bool) -> bool {
        self.is_muted.swap(is_muted, Ordering::Relaxed) != is_muted
    }

    /// Whether that was the first time.
    pub(super) fn set_subscribed(&self) -> bool {
        !self.is_subscribed.swap(true, Ordering::Relaxed)
    }

    pub fn set_volume(&self, volume: u8) {
        self.volume.store(volume.min(100), Ordering::Relaxed);
    }

    /// Where it is in its publisher's session description, and its codec.
    pub fn place(&self, mid: &str, mime: &str) {
        *self.placed.lock() = (mid.to_owned(), mime.to_owned());
    }

    pub fn mid(&self) -> String {
        self.placed.lock().0.clone()
    }

    pub fn shape(&self) -> Shape {
        self.shape.lock().clone()
    }

    pub(super) fn reshape(&self, shape: Shape) {
        *self.shape.lock() = shape;
    }

    pub fn info(&self) -> TrackInfo {
        let (mid, mime) = self.placed.lock().clone();
        let Shape { width, height, features } = self.shape();
        TrackInfo {
            sid: self.sid.clone(),
            name: self.offer.name.clone(),
            kind: self.offer.kind,
            source: self.offer.source,
            is_muted: self.is_muted(),
            volume: self.volume.load(Ordering::Relaxed),
            width,
            height,
            mime,
            mid,
            offer: Offer { width, height, features, ..self.offer.clone() },
        }
    }
}

/// How a subscriber wants a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preference {
    /// Nothing for now.
    pub is_paused: bool,
    /// The highest layer that is of use: 0 to 2; none is the best there is.
    pub quality: Option<i32>,
    /// Pixels that it is shown in; 0 is not known.
    pub width: u32,
    pub height: u32,
}
