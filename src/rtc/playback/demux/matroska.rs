//! Matroska and WebM (RFC 9559): elements are read one after the other, whatever is said of
//! the sizes of those that have others in them.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;

use super::{FRAME_BYTES_MAX, Place, Sample, damaged, unsupported};
use crate::error::Result;
use crate::rtc::playback::reader::Reader;
use crate::rtc::record::container::matroska::{
    CLUSTER, EBML, ELEMENT_HEAD_MAX, Element, INFO, SEGMENT, TRACKS, element_of, number_of,
};
use crate::rtc::record::container::{Coding, Track};

const TIMESTAMP: u32 = 0xe7;
const SIMPLE_BLOCK: u32 = 0xa3;
const BLOCK_GROUP: u32 = 0xa0;
const BLOCK: u32 = 0xa1;
const REFERENCE: u32 = 0xfb;
/// Nanoseconds of a tick, unless it is said.
const SCALE: u64 = 1_000_000;
/// Of what describes tracks, and of what is looked at of a cluster.
const HEAD_BYTES_MAX: u64 = 4 << 20;
const LOOK_BYTES: u64 = 64;

pub struct Matroska {
    reader: Reader,
    /// By the numbers that blocks have: the place among the tracks.
    numbers: HashMap<u64, (usize, Coding)>,
    scale: u64,
    /// The first cluster, and where the next element is.
    begin: u64,
    at: u64,
    /// The time of the cluster.
    cluster: u64,
}

async fn element_at(reader: &mut Reader, at: u64) -> Result<Option<Element>> {
    let head = reader.peek_up_to(at, ELEMENT_HEAD_MAX).await?;
    Ok(element_of(&head))
}

/// The elements in bytes: ids and what is in them.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let element = element_of(bytes)?;
        let begin = element.taken as usize;
        let end = begin.checked_add(usize::try_from(element.size?).ok()?)?;
        let inner = bytes.get(begin..end)?;
        bytes = &bytes[end..];
        Some((element.id, inner))
    })
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

impl Matroska {
    pub async fn open(reader: Reader) -> Result<(Matroska, Vec<Track>)> {
        let (numbers, begin) = (HashMap::new(), 0);
        let mut file = Matroska { reader, numbers, scale: SCALE, begin, at: 0, cluster: 0 };
        let mut tracks = Vec::new();
        loop {
            let element = element_at(&mut file.reader, file.at).await?.ok_or_else(damaged)?;
            match element.id {
                SEGMENT => file.at += element.taken,
                CLUSTER => break,
                EBML | INFO | TRACKS => {
                    let bytes = file.bytes_of(element, HEAD_BYTES_MAX).await?;
                    match element.id {
                        INFO => file.note_info(&bytes),
                        TRACKS => tracks = file.note_tracks(&bytes)?,
                        _ => {}
                    }
                    file.at += element.taken + bytes.len() as u64;
                }
                _ => {
                    let size = element.size.ok_or_else(damaged)?;
                    file.at = file.at.saturating_add(element.taken).saturating_add(size);
                }
            }
        }
        file.begin = file.at;
        Ok((file, tracks))
    }

    async fn bytes_of(&mut self, element: Element, most: u64) -> Result<Bytes> {
        let size = element.size.filter(|size| *size <= most).ok_or_else(damaged)?;
        let bytes = self.reader.read(self.at + element.taken, size as usize).await?;
        bytes.ok_or_else(damaged)
    }

    fn note_info(&mut self, bytes: &[u8]) {
        for (id, value) in elements(bytes) {
            if id == 0x002a_d7b1 {
                self.scale = number(value).max(1);
            }
        }
    }

    fn note_tracks(&mut self, bytes: &[u8]) -> Result<Vec<Track>> {
        let mut tracks = Vec::new();
        for (_, entry) in elements(bytes).filter(|(id, _)| *id == 0xae) {
            if let Some((number, track)) = track_of(entry)? {
                self.numbers.insert(number, (tracks.len(), track.coding));
                tracks.push(track);
            }
        }
        Ok(tracks)
    }

    pub async fn next(&mut self) -> Result<Option<Sample>> {
        loop {
            let Some(element) = element_at(&mut self.reader, self.at).await? else {
                return Ok(None);
            };
            let inner = self.at + element.taken;
            let bytes = match element.id {
                SEGMENT | CLUSTER => {
                    self.at = inner;
                    continue;
                }
                TIMESTAMP | SIMPLE_BLOCK | BLOCK_GROUP => {
                    self.bytes_of(element, FRAME_BYTES_MAX).await?
                }
                _ => {
                    let Some(size) = element.size else { return Ok(None) };
                    self.at = inner.saturating_add(size);
                    continue;
                }
            };
            self.at = inner + bytes.len() as u64;
            let found = match element.id {
                TIMESTAMP => {
                    self.cluster = number(&bytes);
                    None
                }
                SIMPLE_BLOCK => self.block(&bytes, None)?,
                _ => self.group(&bytes)?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// A block, and whether it refers to others.
    fn group(&self, bytes: &Bytes) -> Result<Option<Sample>> {
        let is_key = !elements(bytes).any(|(id, _)| id == REFERENCE);
        let Some((_, block)) = elements(bytes).find(|(id, _)| *id == BLOCK) else {
            return Ok(None);
        };
        self.block(&bytes.slice_ref(block), Some(is_key))
    }

    /// The frame of a block; none of a track that is not known.
    fn block(&self, bytes: &Bytes, is_key: Option<bool>) -> Result<Option<Sample>> {
        let (number, taken) = number_of(bytes, false).ok_or_else(damaged)?;
        let rest = bytes.get(taken..).unwrap_or_default();
        let (Some(late), Some(flags)) = (rest.first_chunk::<2>(), rest.get(2)) else {
            return Err(damaged());
        };
        let Some((track, coding)) = self.numbers.get(&number).copied() else { return Ok(None) };
        if flags & 0x06 != 0 {
            return Err(unsupported("a file of Matroska with several frames in a block"));
        }
        let time = self.cluster.saturating_add_signed(i16::from_be_bytes(*late).into());
        let nanos = u128::from(time) * u128::from(self.scale);
        let at = (nanos * u128::from(coding.rate()) / 1_000_000_000) as u64;
        let is_key = is_key.unwrap_or(flags & 0x80 != 0) || coding == Coding::Opus;
        Ok(Some(Sample { track, at, is_key, data: bytes.slice(taken + 3..) }))
    }

    pub fn first(&self) -> Place {
        Place { time: Duration::ZERO, at: self.begin }
    }

    /// The cluster after that of a place; none where it does not say how long it is.
    pub async fn place_after(&mut self, place: Place) -> Result<Option<Place>> {
        let Some(own) = element_at(&mut self.reader, place.at).await? else { return Ok(None) };
        let Some(size) = own.size else { return Ok(None) };
        let mut at = place.at.saturating_add(own.taken).saturating_add(size);
        while let Some(element) = element_at(&mut self.reader, at).await? {
            let inner = at + element.taken;
            if element.id == CLUSTER {
                let start = self.reader.peek_up_to(inner, LOOK_BYTES).await?;
                let time = elements(&start).find(|(id, _)| *id == TIMESTAMP);
                let Some((_, time)) = time else { return Ok(None) };
                let nanos = u128::from(number(time)) * u128::from(self.scale);
                let time = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
                return Ok(Some(Place { time, at }));
            }
            let Some(size) = element.size else { return Ok(None) };
            at = inner.saturating_add(size);
        }
        Ok(None)
    }

    pub fn go(&mut self, at: u64) {
        self.at = at;
        self.cluster = 0;
    }
}

/// The number of a track, and the track; none where its codec is not one that is sent.
fn track_of(entry: &[u8]) -> Result<Option<(u64, Track)>> {
    let mut found = 0;
    let (mut codec, mut name, mut setup) = (&b""[..], String::new(), Vec::new());
    let mut size = (0, 0);
    for (id, value) in elements(entry) {
        match id {
            0xd7 => found = number(value),
            0x86 => codec = value,
            0x536e => name = String::from_utf8_lossy(value).into_owned(),
            0x63a2 => setup = value.to_vec(),
            0xe0 => {
                for (id, value) in elements(value) {
                    match id {
                        0xb0 => size.0 = number(value) as u16,
                        0xba => size.1 = number(value) as u16,
                        _ => {}
                    }
                }
            }
            0x6d80 => {
                return Err(unsupported("a file of Matroska that is compressed or encrypted"));
            }
            _ => {}
        }
    }
    let coding = match codec {
        b"A_OPUS" => Coding::Opus,
        b"V_VP8" => Coding::Vp8,
        b"V_VP9" => Coding::Vp9,
        b"V_MPEG4/ISO/AVC" => Coding::H264,
        b"V_AV1" => Coding::Av1,
        _ => return Ok(None),
    };
    Ok(Some((found, Track { coding, name, size, setup })))
}
