//! Fragmented MP4 with H.264 (ISO/IEC 14496-12 and -15).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::{FRAME_BYTES_MAX, Place, Sample, damaged, time_of, unsupported};
use crate::error::Result;
use crate::rtc::playback::reader::Reader;
use crate::rtc::record::container::{Coding, Track};

/// Of a box that is read whole.
const BOX_BYTES_MAX: u64 = 16 << 20;
/// Of the head of a fragment when a place is looked for.
const LOOK_BYTES: u64 = 256;
/// Of one fragment.
const SAMPLES_MAX: usize = 100_000;
const NO_KEY: u32 = 0x1_0000;

pub struct Mp4 {
    reader: Reader,
    track: u32,
    rate: u64,
    /// Of samples that say nothing themselves: how long, how large, flags.
    defaults: [u32; 3],
    /// Where the first fragment may be, and the next.
    begin: u64,
    at: u64,
    waiting: VecDeque<Waiting>,
}

/// A sample, and where its bytes are.
struct Waiting {
    at: u64,
    is_key: bool,
    place: u64,
    size: u32,
}

/// A box that was found: its name, where its bytes begin and where it ends.
struct Found {
    name: [u8; 4],
    begin: u64,
    end: u64,
}

async fn box_at(reader: &mut Reader, at: u64) -> Result<Option<Found>> {
    let head = reader.peek_up_to(at, 16).await?;
    let Some((size, name, begin)) = head_of(&head) else { return Ok(None) };
    // Zero: up to the end of the file.
    let end = if size == 0 { reader.size() } else { at.saturating_add(size) };
    let begin = at + begin;
    Ok((end >= begin && end <= reader.size()).then_some(Found { name, begin, end }))
}

/// The size, the name and the length of a box's head.
fn head_of(bytes: &[u8]) -> Option<(u64, [u8; 4], u64)> {
    let size = u64::from(u32::from_be_bytes(*bytes.first_chunk()?));
    let name = *bytes.get(4..)?.first_chunk()?;
    match size {
        1 => Some((u64::from_be_bytes(*bytes.get(8..)?.first_chunk()?), name, 16)),
        0 | 8.. => Some((size, name, 8)),
        _ => None,
    }
}

/// The boxes in bytes: names and what is in them.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (size, name, head) = head_of(bytes)?;
        let size = if size == 0 { bytes.len() } else { usize::try_from(size).ok()? };
        let inner = bytes.get(head as usize..size)?;
        bytes = &bytes[size..];
        Some((name, inner))
    })
}

fn find<'b>(bytes: &'b [u8], path: &[&[u8; 4]]) -> Option<&'b [u8]> {
    let (first, rest) = path.split_first()?;
    let found = boxes(bytes).find(|(name, _)| name == *first)?.1;
    if rest.is_empty() { Some(found) } else { find(found, rest) }
}

/// Reads numbers one after the other; zeros after the end.
struct Fields<'b>(&'b [u8]);

impl Fields<'_> {
    fn small(&mut self) -> u32 {
        self.many(4) as u32
    }

    fn many(&mut self, count: usize) -> u64 {
        let (own, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        own.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }
}

impl Mp4 {
    pub async fn open(mut reader: Reader) -> Result<(Mp4, Vec<Track>)> {
        let mut at = 0;
        loop {
            let found = box_at(&mut reader, at).await?.ok_or_else(damaged)?;
            if &found.name == b"moov" {
                let bytes = whole(&mut reader, &found).await?;
                return Mp4::of(reader, &bytes, found.end);
            }
            at = found.end;
        }
    }

    fn of(reader: Reader, movie: &[u8], begin: u64) -> Result<(Mp4, Vec<Track>)> {
        let no_fragments = || unsupported("a file of MP4 without fragments");
        let extends = find(movie, &[b"mvex", b"trex"]).ok_or_else(no_fragments)?;
        let mut tracks = boxes(movie).filter(|(name, _)| name == b"trak");
        let found = tracks.find_map(|(_, track)| track_of(track));
        let (number, rate, track) =
            found.ok_or_else(|| unsupported("a file of MP4 without H.264"))?;
        let mut fields = Fields(extends);
        fields.many(12);
        let defaults = [fields.small(), fields.small(), fields.small()];
        let waiting = VecDeque::new();
        let mp4 = Mp4 { reader, track: number, rate, defaults, begin, at: begin, waiting };
        Ok((mp4, vec![track]))
    }

    pub async fn next(&mut self) -> Result<Option<Sample>> {
        while self.waiting.is_empty() {
            let Some(found) = box_at(&mut self.reader, self.at).await? else { return Ok(None) };
            let start = self.at;
            self.at = found.end;
            if &found.name == b"moof" {
                let bytes = whole(&mut self.reader, &found).await?;
                self.take(&bytes, start);
            }
        }
        let Some(Waiting { at, is_key, place, size }) = self.waiting.pop_front() else {
            return Ok(None);
        };
        if u64::from(size) > FRAME_BYTES_MAX {
            return Err(damaged());
        }
        let data = self.reader.read(place, size as usize).await?;
        Ok(data.map(|data| Sample { track: 0, at, is_key, data }))
    }

    /// The samples of a fragment that begins at `start`.
    fn take(&mut self, fragment: &[u8], start: u64) {
        let own = boxes(fragment).filter(|(name, _)| name == b"traf");
        for (_, run) in own {
            let Some(head) = find(run, &[b"tfhd"]) else { continue };
            let mut fields = Fields(head);
            let (flags, track) = (fields.small() & 0xff_ffff, fields.small());
            if track != self.track {
                continue;
            }
            let base = if flags & 1 != 0 { fields.many(8) } else { start };
            if flags & 2 != 0 {
                fields.small();
            }
            let mut defaults = self.defaults;
            for (bit, value) in [0x8, 0x10, 0x20].into_iter().zip(&mut defaults) {
                if flags & bit != 0 {
                    *value = fields.small();
                }
            }
            let mut time = find(run, &[b"tfdt"]).map_or(0, decode_time);
            let mut place = base;
            for (_, run) in boxes(run).filter(|(name, _)| name == b"trun") {
                self.take_run(run, defaults, base, (&mut time, &mut place));
            }
        }
    }

    fn take_run(
        &mut self,
        run: &[u8],
        defaults: [u32; 3],
        base: u64,
        (time, place): (&mut u64, &mut u64),
    ) {
        let mut fields = Fields(run);
        let (flags, count) = (fields.small() & 0xff_ffff, fields.small());
        if flags & 1 != 0 {
            *place = base.saturating_add_signed(i64::from(fields.small().cast_signed()));
        }
        let first = (flags & 4 != 0).then(|| fields.small());
        for index in 0..count {
            let is_over = fields.0.is_empty() && flags & 0xf00 != 0;
            if is_over || self.waiting.len() >= SAMPLES_MAX {
                return;
            }
            let mut field = |bit: u32, default: u32| match flags & bit != 0 {
                true => fields.small(),
                false => default,
            };
            let (duration, size) = (field(0x100, defaults[0]), field(0x200, defaults[1]));
            let own = field(0x400, first.filter(|_| index == 0).unwrap_or(defaults[2]));
            // When it is shown is told by who receives it.
            field(0x800, 0);
            let at = (u128::from(*time) * 90_000 / u128::from(self.rate)) as u64;
            let is_key = own & NO_KEY == 0;
            self.waiting.push_back(Waiting { at, is_key, place: *place, size });
            *time += u64::from(duration);
            *place += u64::from(size);
        }
    }

    pub fn first(&self) -> Place {
        Place { time: Duration::ZERO, at: self.begin }
    }

    /// The fragment after that of a place.
    pub async fn place_after(&mut self, place: Place) -> Result<Option<Place>> {
        let Some(own) = box_at(&mut self.reader, place.at).await? else { return Ok(None) };
        let mut at = own.end;
        while let Some(found) = box_at(&mut self.reader, at).await? {
            if &found.name == b"moof" {
                let count = LOOK_BYTES.min(found.end - found.begin);
                let start = self.reader.peek_up_to(found.begin, count).await?;
                let Some(time) = start_of(&start) else { return Ok(None) };
                let ticks = (u128::from(time) * 90_000 / u128::from(self.rate)) as u64;
                return Ok(Some(Place { time: time_of(ticks, Coding::H264), at }));
            }
            at = found.end;
        }
        Ok(None)
    }

    pub fn go(&mut self, at: u64) {
        self.waiting.clear();
        self.at = at;
    }
}

async fn whole(reader: &mut Reader, found: &Found) -> Result<Bytes> {
    let size = found.end - found.begin;
    if size > BOX_BYTES_MAX {
        return Err(damaged());
    }
    reader.read(found.begin, size as usize).await?.ok_or_else(damaged)
}

fn decode_time(bytes: &[u8]) -> u64 {
    let mut fields = Fields(bytes);
    let is_long = fields.small() >> 24 == 1;
    fields.many(if is_long { 8 } else { 4 })
}

/// The time of a fragment, of which the end may be missing.
fn start_of(fragment: &[u8]) -> Option<u64> {
    let at = fragment.windows(4).position(|name| name == b"tfdt")?;
    Some(decode_time(fragment.get(at + 4..at + 16)?))
}

/// The number, the ticks in a second and what else there is of a track of H.264.
fn track_of(track: &[u8]) -> Option<(u32, u64, Track)> {
    let mut fields = Fields(find(track, &[b"tkhd"])?);
    let is_long = fields.small() >> 24 == 1;
    fields.many(if is_long { 8 } else { 4 });
    fields.many(if is_long { 8 } else { 4 });
    let number = fields.small();
    let mut fields = Fields(find(track, &[b"mdia", b"mdhd"])?);
    let is_long = fields.small() >> 24 == 1;
    fields.many(if is_long { 8 } else { 4 });
    fields.many(if is_long { 8 } else { 4 });
    let rate = u64::from(fields.small());
    let descriptions = find(track, &[b"mdia", b"minf", b"stbl", b"stsd"])?.get(8..)?;
    let (name, entry) = boxes(descriptions).next()?;
    if !matches!(&name, b"avc1" | b"avc3") || rate == 0 {
        return None;
    }
    let mut size = Fields(entry.get(24..28)?);
    let size = (size.many(2) as u16, size.many(2) as u16);
    let setup = find(entry.get(78..)?, &[b"avcC"])?.to_vec();
    Some((number, rate, Track { coding: Coding::H264, name: String::new(), size, setup }))
}
