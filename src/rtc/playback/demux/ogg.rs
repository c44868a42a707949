//! Ogg with Opus (RFC 3533, RFC 7845).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::{FRAME_BYTES_MAX, Place, Sample, damaged, time_of, unsupported};
use crate::error::Result;
use crate::rtc::playback::reader::Reader;
use crate::rtc::record::container::{Coding, Track, opus_ticks};

const HEAD_BYTES: usize = 27;
const PAGE_BYTES_MAX: u64 = 27 + 255 + 255 * 255;
const CONTINUES: u8 = 1;

pub struct Ogg {
    reader: Reader,
    serial: u32,
    /// Samples at the beginning that are not to be heard.
    skipped: u64,
    /// The first page after the heads, and the next one.
    begin: u64,
    at: u64,
    /// When the page before has ended, in ticks with what is skipped.
    end: u64,
    /// The beginning of a packet that goes on in the next page.
    begun: BytesMut,
    waiting: VecDeque<Sample>,
}

struct Page {
    flags: u8,
    /// None: no packet ends in it.
    granule: Option<u64>,
    serial: u32,
    /// Where its packets begin and end; the last one may go on.
    packets: Vec<std::ops::Range<u64>>,
    is_open: bool,
    end: u64,
}

/// The page at a place, but for its packets.
async fn page_at(reader: &mut Reader, at: u64, reads_ahead: bool) -> Result<Option<Page>> {
    let count = HEAD_BYTES as u64 + 255;
    let head = match reads_ahead {
        true => {
            let rest = reader.size().saturating_sub(at).min(PAGE_BYTES_MAX);
            reader.read(at, rest as usize).await?.unwrap_or_default()
        }
        false => reader.peek_up_to(at, count).await?,
    };
    if head.len() < HEAD_BYTES || !head.starts_with(b"OggS") {
        return Ok(None);
    }
    let Some(segments) = head.get(HEAD_BYTES..HEAD_BYTES + usize::from(head[26])) else {
        return Ok(None);
    };
    let granule: u64 =
        head[6..14].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let serial: u32 =
        head[14..18].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
    let mut place = at + (HEAD_BYTES + segments.len()) as u64;
    let mut packets = Vec::new();
    let mut begun = place;
    for segment in segments {
        place += u64::from(*segment);
        if *segment < 255 {
            packets.push(begun..place);
            begun = place;
        }
    }
    let is_open = segments.last() == Some(&255);
    if is_open {
        packets.push(begun..place);
    }
    Ok(Some(Page {
        flags: head[5],
        granule: (granule != u64::MAX).then_some(granule),
        serial,
        packets,
        is_open,
        end: place,
    }))
}

impl Ogg {
    pub async fn open(reader: Reader) -> Result<(Ogg, Vec<Track>)> {
        let mut ogg = Ogg {
            reader,
            serial: 0,
            skipped: 0,
            begin: 0,
            at: 0,
            end: 0,
            begun: BytesMut::new(),
            waiting: VecDeque::new(),
        };
        let first = page_at(&mut ogg.reader, 0, false).await?.ok_or_else(damaged)?;
        ogg.serial = first.serial;
        ogg.at = first.end;
        let head = first.packets.into_iter().next().ok_or_else(damaged)?;
        let head = ogg.bytes(head).await?;
        if !head.starts_with(b"OpusHead") {
            return Err(unsupported("Ogg without Opus"));
        }
        ogg.skipped =
            head.get(10..12).map_or(0, |two| u64::from(u16::from_le_bytes([two[0], two[1]])));
        // The comments are a packet of their own, on pages of their own.
        loop {
            let page = page_at(&mut ogg.reader, ogg.at, false).await?.ok_or_else(damaged)?;
            ogg.at = page.end;
            if page.serial == ogg.serial && !page.is_open {
                break;
            }
        }
        ogg.begin = ogg.at;
        let track =
            Track { coding: Coding::Opus, name: String::new(), size: (0, 0), setup: Vec::new() };
        Ok((ogg, vec![track]))
    }

    async fn bytes(&mut self, range: std::ops::Range<u64>) -> Result<Bytes> {
        let count = (range.end - range.start) as usize;
        self.reader.read(range.start, count).await?.ok_or_else(damaged)
    }

    pub async fn next(&mut self) -> Result<Option<Sample>> {
        while self.waiting.is_empty() {
            let Some(page) = page_at(&mut self.reader, self.at, true).await? else {
                return Ok(None);
            };
            self.at = page.end;
            if page.serial == self.serial {
                self.take(page).await?;
            }
        }
        Ok(self.waiting.pop_front())
    }

    /// The packets of a page.
    async fn take(&mut self, page: Page) -> Result<()> {
        let mut packets = Vec::new();
        let count = page.packets.len();
        for (index, range) in page.packets.into_iter().enumerate() {
            let piece = self.bytes(range).await?;
            let goes_on = page.is_open && index + 1 == count;
            let is_rest = index == 0 && page.flags & CONTINUES != 0;
            if is_rest && self.begun.is_empty() {
                // Its beginning was not seen.
                continue;
            }
            if !is_rest {
                // What was begun before has no end.
                self.begun.clear();
            }
            if is_rest || goes_on {
                self.begun.extend_from_slice(&piece);
            }
            if self.begun.len() as u64 > FRAME_BYTES_MAX {
                return Err(damaged());
            }
            match (goes_on, is_rest) {
                (true, _) => {}
                (false, true) => packets.push(std::mem::take(&mut self.begun).freeze()),
                (false, false) => packets.push(piece),
            }
        }
        let Some(granule) = page.granule else { return Ok(()) };
        let length: u64 = packets.iter().map(|packet| opus_ticks(packet)).sum();
        // The last page may say less than it has.
        let mut at = granule.saturating_sub(length).max(self.end);
        for data in packets {
            let ticks = opus_ticks(&data);
            let sample =
                Sample { track: 0, at: at.saturating_sub(self.skipped), is_key: true, data };
            self.waiting.push_back(sample);
            at += ticks;
        }
        self.end = granule.max(self.end);
        Ok(())
    }

    pub fn first(&self) -> Place {
        Place { time: Duration::ZERO, at: self.begin }
    }

    /// The page after that of a place. Its time is when the one before has ended, or at most
    /// a page later.
    pub async fn place_after(&mut self, place: Place) -> Result<Option<Place>> {
        let Some(page) = page_at(&mut self.reader, place.at, false).await? else { return Ok(None) };
        if page.end >= self.reader.size() {
            return Ok(None);
        }
        let time = match page.granule.filter(|_| page.serial == self.serial) {
            Some(granule) => time_of(granule.saturating_sub(self.skipped), Coding::Opus),
            None => place.time,
        };
        Ok(Some(Place { time, at: page.end }))
    }

    pub fn go(&mut self, place: Place) {
        self.waiting.clear();
        self.begun.clear();
        self.at = place.at;
        // Nothing is known of the page before but its time.
        self.end = 0;
    }
}
