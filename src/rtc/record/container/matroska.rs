//! Matroska, and its subset WebM.
//!
//! ```text
//! EBML head │ Segment [size] │ Info (duration) │ SeekHead or Void │ Tracks │ Void      HEAD_BYTES
//! Cluster: Timestamp, SimpleBlock…                                                     a piece
//! Cues                                                                                 the tail
//! ```
//! The size of the segment is unknown until the end, and so are the duration and the place
//! of the cues. They are at places that do not move, so that a file can be repaired without
//! knowing more of it. Tracks may come until the head is full, some 100 of them.

use std::fs::File;
use std::io;

use super::{Coding, Container, Frame, Kept, Track, Written, read_at};

const HEAD_BYTES: usize = 16 << 10;

/// Blocks tell their time from that of their cluster in 16 bits.
const CLUSTER_MS_MAX: u64 = 30_000;

/// The head of an element.
pub const ELEMENT_HEAD_MAX: u64 = 12;

pub const EBML: u32 = 0x1a45_dfa3;
pub const SEGMENT: u32 = 0x1853_8067;
pub const INFO: u32 = 0x1549_a966;
const SEEK_HEAD: u32 = 0x114d_9b74;
pub const TRACKS: u32 = 0x1654_ae6b;
pub const CLUSTER: u32 = 0x1f43_b675;
const CUES: u32 = 0x1c53_bb6b;
const VOID: u32 = 0xec;
const UNKNOWN_SIZE: [u8; 8] = [1, 255, 255, 255, 255, 255, 255, 255];

/// Where the size of the segment and the duration are: both forms of the first element
/// have one length.
const EBML_BYTES: usize = 40;
const SEGMENT_SIZE_AT: usize = EBML_BYTES + 4;
const SEGMENT_AT: usize = SEGMENT_SIZE_AT + 8;
const DURATION_AT: usize = SEGMENT_AT + 5 + 7 + 3;

pub struct Matroska {
    tracks: Vec<Track>,
    waiting: Vec<(u64, usize, Frame)>,
    /// Bytes of the file so far.
    size: u64,
    head_is_due: bool,
    /// Of each track, in milliseconds: no block goes back.
    last: Vec<u64>,
    end_ms: u64,
    /// Milliseconds, track and cluster of keyframes.
    cues: Vec<(u64, usize, u64)>,
}

/// An element: its id, its size, its bytes.
fn put(out: &mut Vec<u8>, id: u32, bytes: &[u8]) {
    put_id(out, id);
    put_size(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn put_id(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    out.extend_from_slice(&bytes[id.leading_zeros() as usize / 8..]);
}

/// In as few bytes as it needs, 126 in one.
fn put_size(out: &mut Vec<u8>, size: usize) {
    let size = size as u64;
    let length = (1..8).find(|length| size < (1 << (7 * length)) - 1).unwrap_or(8);
    let marked = size | 1 << (7 * length);
    out.extend_from_slice(&marked.to_be_bytes()[8 - length..]);
}

fn put_number(out: &mut Vec<u8>, id: u32, value: u64) {
    let bytes = value.to_be_bytes();
    let first = (value.leading_zeros() as usize / 8).min(7);
    put(out, id, &bytes[first..]);
}

/// Bytes that mean nothing: `size` of them altogether, at least 9.
fn put_void(out: &mut Vec<u8>, size: usize) {
    let rest = (size - 9) as u64;
    out.push(VOID as u8);
    out.extend_from_slice(&(rest | 1 << 56).to_be_bytes());
    out.resize(out.len() + size - 9, 0);
}

fn head_of(document: &str) -> Vec<u8> {
    let mut inner = Vec::new();
    put_number(&mut inner, 0x4286, 1);
    put_number(&mut inner, 0x42f7, 1);
    put_number(&mut inner, 0x42f2, 4);
    put_number(&mut inner, 0x42f3, 8);
    // Eight bytes for either name: what is left is zeros, which are not part of it.
    let mut name = document.as_bytes().to_vec();
    name.resize(8, 0);
    put(&mut inner, 0x4282, &name);
    put_number(&mut inner, 0x4287, 4);
    put_number(&mut inner, 0x4285, 2);
    let mut out = Vec::new();
    put(&mut out, EBML, &inner);
    out
}

fn tracks_of(tracks: &[Track]) -> Vec<u8> {
    let mut entries = Vec::new();
    for (index, track) in tracks.iter().enumerate() {
        put(&mut entries, 0xae, &entry_of(index as u64 + 1, track));
    }
    let mut out = Vec::new();
    put(&mut out, TRACKS, &entries);
    out
}

fn entry_of(number: u64, track: &Track) -> Vec<u8> {
    let (codec, kind) = match track.coding {
        Coding::Opus => ("A_OPUS", 2),
        Coding::Vp8 => ("V_VP8", 1),
        Coding::Vp9 => ("V_VP9", 1),
        Coding::H264 => ("V_MPEG4/ISO/AVC", 1),
        Coding::Av1 => ("V_AV1", 1),
    };
    let mut out = Vec::new();
    put_number(&mut out, 0xd7, number);
    put_number(&mut out, 0x73c5, number);
    put_number(&mut out, 0x83, kind);
    // No lacing.
    put_number(&mut out, 0x9c, 0);
    put(&mut out, 0x86, codec.as_bytes());
    let name = &track.name[..track.name.floor_char_boundary(100)];
    put(&mut out, 0x536e, name.as_bytes());
    if track.coding == Coding::Opus {
        // 80 ms before a place that is sought, for the decoder.
        put_number(&mut out, 0x56bb, 80_000_000);
        put(&mut out, 0x63a2, b"OpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0");
        let mut audio = Vec::new();
        put(&mut audio, 0xb5, &48_000_f64.to_be_bytes());
        put_number(&mut audio, 0x9f, 2);
        put(&mut out, 0xe1, &audio);
    } else {
        let setup = match track.coding {
            // Main profile, 8 bits, 4:2:0: what WebRTC sends.
            Coding::Av1 => [&av1_head(&track.setup)[..], &track.setup].concat(),
            _ => track.setup.clone(),
        };
        if !setup.is_empty() {
            put(&mut out, 0x63a2, &setup);
        }
        let mut video = Vec::new();
        put_number(&mut video, 0xb0, u64::from(track.size.0));
        put_number(&mut video, 0xba, u64::from(track.size.1));
        put(&mut out, 0xe0, &video);
    }
    out
}

/// What stands before the sequence header (AV1 in ISOBMFF, 2.3.3).
fn av1_head(setup: &[u8]) -> [u8; 4] {
    // The level is in the first bytes of the header, unless it has timing.
    let payload = setup.get(2..4).unwrap_or(&[0, 0]);
    let is_plain = payload[0] & 0b1_1100 == 0;
    let level = if is_plain { setup.get(4).map_or(8, |byte| byte >> 1 & 0x1f) } else { 8 };
    [0x81, level, 0x0c, 0]
}

impl Default for Matroska {
    fn default() -> Matroska {
        Matroska::new()
    }
}

impl Matroska {
    pub fn new() -> Matroska {
        Matroska {
            tracks: Vec::new(),
            waiting: Vec::new(),
            size: 0,
            head_is_due: true,
            last: Vec::new(),
            end_ms: 0,
            cues: Vec::new(),
        }
    }

    /// The whole head; none if it has no room for the tracks. `end`: where the cues are, and
    /// the size of the file.
    fn head(&self, end: Option<(u64, u64)>) -> Option<Vec<u8>> {
        let is_webm = self.tracks.iter().all(|track| track.coding != Coding::H264);
        let mut out = head_of(if is_webm { "webm" } else { "matroska" });
        debug_assert_eq!(out.len(), EBML_BYTES);
        put_id(&mut out, SEGMENT);
        match end {
            Some((_, size)) => {
                out.extend_from_slice(&((size - SEGMENT_AT as u64) | 1 << 56).to_be_bytes());
            }
            None => out.extend_from_slice(&UNKNOWN_SIZE),
        }
        let mut info = Vec::new();
        // Milliseconds.
        put(&mut info, 0x002a_d7b1, &1_000_000_u32.to_be_bytes()[1..]);
        put(&mut info, 0x4489, &(self.end_ms as f64).to_be_bytes());
        put(&mut info, 0x4d80, b"zserver");
        put(&mut info, 0x5741, b"zserver");
        put(&mut out, INFO, &info);
        match end {
            Some((cues, _)) => {
                let mut seek = Vec::new();
                put(&mut seek, 0x53ab, &CUES.to_be_bytes());
                put(&mut seek, 0x53ac, &(cues - SEGMENT_AT as u64).to_be_bytes());
                let mut seeks = Vec::new();
                put(&mut seeks, 0x4dbb, &seek);
                put(&mut out, SEEK_HEAD, &seeks);
            }
            None => put_void(&mut out, 5 + 3 + 7 + 11),
        }
        out.extend_from_slice(&tracks_of(&self.tracks));
        let left = HEAD_BYTES.checked_sub(out.len()).filter(|left| *left >= 9)?;
        put_void(&mut out, left);
        Some(out)
    }

    /// Clusters of what waits.
    fn clusters(&mut self) -> Vec<u8> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|(at, track, _)| (*at, *track));
        let mut out = Vec::new();
        let mut blocks = Vec::new();
        let mut begun = None;
        for (at, track, frame) in waiting {
            let begin = *begun.get_or_insert(at);
            if at - begin > CLUSTER_MS_MAX {
                put_cluster(&mut out, begin, &std::mem::take(&mut blocks));
                begun = Some(at);
            }
            if frame.is_key && self.tracks[track].coding != Coding::Opus {
                self.cues.push((at, track, self.size + out.len() as u64));
            }
            let begin = begun.unwrap_or(at);
            let mut block = Vec::with_capacity(frame.data.len() + 5);
            put_size(&mut block, track + 1);
            block.extend_from_slice(&((at - begin) as i16).to_be_bytes());
            block.push(if frame.is_key { 0x80 } else { 0 });
            block.extend_from_slice(&frame.data);
            put(&mut blocks, 0xa3, &block);
        }
        if let Some(begin) = begun {
            put_cluster(&mut out, begin, &blocks);
        }
        out
    }

    fn cues(&self) -> Vec<u8> {
        let mut points = Vec::new();
        for (at, track, cluster) in &self.cues {
            let mut place = Vec::new();
            put_number(&mut place, 0xf7, *track as u64 + 1);
            put_number(&mut place, 0xf1, cluster - SEGMENT_AT as u64);
            let mut point = Vec::new();
            put_number(&mut point, 0xb3, *at);
            put(&mut point, 0xb7, &place);
            put(&mut points, 0xbb, &point);
        }
        let mut out = Vec::new();
        put(&mut out, CUES, &points);
        out
    }
}

fn put_cluster(out: &mut Vec<u8>, begin: u64, blocks: &[u8]) {
    let mut inner = Vec::with_capacity(blocks.len() + 16);
    put_number(&mut inner, 0xe7, begin);
    inner.extend_from_slice(blocks);
    put(out, CLUSTER, &inner);
}

impl Container for Matroska {
    fn add(&mut self, track: Track) -> Result<usize, &'static str> {
        self.tracks.push(track);
        if self.head(None).is_none() {
            self.tracks.pop();
            return Err("the file has no room for another track");
        }
        self.head_is_due = true;
        self.last.push(0);
        Ok(self.tracks.len() - 1)
    }

    fn push(&mut self, track: usize, frame: Frame) {
        let ms = frame.at * 1_000 / self.tracks[track].coding.rate();
        let at = ms.max(self.last[track]);
        self.last[track] = at;
        self.end_ms = self.end_ms.max(at);
        self.waiting.push((at, track, frame));
    }

    fn flush(&mut self) -> Written {
        let head = std::mem::take(&mut self.head_is_due).then(|| self.head(None)).flatten();
        if self.size == 0 {
            self.size = HEAD_BYTES as u64;
        }
        let piece = self.clusters();
        self.size += piece.len() as u64;
        Written { piece, head }
    }

    fn finish(&mut self) -> Written {
        let mut written = self.flush();
        let at = self.size;
        if !self.cues.is_empty() {
            written.piece.extend_from_slice(&self.cues());
        }
        let size = at + if self.cues.is_empty() { 0 } else { self.cues().len() as u64 };
        written.head = match self.cues.is_empty() {
            false => self.head(Some((at, size))),
            true => self.head(None),
        };
        written
    }
}

/// Whole clusters; the size and the duration are what is left.
pub(super) fn repair(file: &File, length: u64) -> io::Result<Kept> {
    let Some(head) = read_at(file, 0, HEAD_BYTES)? else { return Ok(Kept::default()) };
    let mut at = HEAD_BYTES as u64;
    let mut end_ms = 0;
    while at < length {
        let Some((id, size, taken)) = element_at(file, at)? else { break };
        let end = at + taken + size;
        if !matches!(id, CLUSTER | CUES) || end > length {
            break;
        }
        if id == CLUSTER {
            end_ms = end_of_cluster(file, at + taken, size)?.max(end_ms);
        }
        at = end;
    }
    let is_finished = head[SEGMENT_SIZE_AT..SEGMENT_AT] != UNKNOWN_SIZE;
    if at == HEAD_BYTES as u64 || is_finished && at == length {
        let whole = if is_finished { at } else { 0 };
        return Ok(Kept { whole, ..Kept::default() });
    }
    let size = ((at - SEGMENT_AT as u64) | 1 << 56).to_be_bytes().to_vec();
    let duration = (end_ms as f64).to_be_bytes().to_vec();
    let patches = vec![(SEGMENT_SIZE_AT as u64, size), (DURATION_AT as u64, duration)];
    Ok(Kept { whole: at, tail: Vec::new(), patches })
}

/// The head of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    pub id: u32,
    /// Of what is in it; none where it is not known before its end.
    pub size: Option<u64>,
    /// Of the head itself.
    pub taken: u64,
}

/// A number whose length is told by its first byte, with or without what tells it; and that
/// length. `None` where it is cut off.
pub fn number_of(bytes: &[u8], keeps_mark: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let count = first.leading_zeros() as usize + 1;
    let mark = if keeps_mark || count > 8 { 0 } else { 1_u64 << (7 * count) };
    let value = bytes.get(..count)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    Some((value ^ mark, count))
}

/// The head of an element, if it is whole and is one.
pub fn element_of(bytes: &[u8]) -> Option<Element> {
    let (id, taken) = number_of(bytes, true)?;
    let (size, more) = number_of(bytes.get(taken..)?, false)?;
    let is_known = more <= 8 && size != (1 << (7 * more)) - 1;
    Some(Element {
        id: u32::try_from(id).ok()?,
        size: is_known.then_some(size),
        taken: (taken + more) as u64,
    })
}

/// The id and the size of an element, and how many bytes these have.
fn element_at(file: &File, at: u64) -> io::Result<Option<(u32, u64, u64)>> {
    let length = file.metadata()?.len().saturating_sub(at).min(ELEMENT_HEAD_MAX);
    let Some(bytes) = read_at(file, at, length as usize)? else { return Ok(None) };
    let found = element_of(&bytes);
    Ok(found.and_then(|found| Some((found.id, found.size?, found.taken))))
}

/// When the last block of a cluster is, in milliseconds.
fn end_of_cluster(file: &File, at: u64, size: u64) -> io::Result<u64> {
    let (mut begin, mut end, mut place) = (0, 0, at);
    while place < at + size {
        let Some((id, length, taken)) = element_at(file, place)? else { break };
        let Some(bytes) = read_at(file, place + taken, length.min(8) as usize)? else { break };
        match id {
            0xe7 => begin = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)),
            // After the number of the track.
            0xa3 => {
                let skipped = bytes.first().map_or(1, |first| first.leading_zeros() as usize + 1);
                if let Some([high, low]) = bytes.get(skipped..skipped + 2) {
                    end = end.max(begin + u64::from(u16::from_be_bytes([*high, *low])));
                }
            }
            _ => {}
        }
        place += taken + length;
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(name: &str) -> Track {
        Track { coding: Coding::Vp8, name: name.to_owned(), size: (640, 480), setup: Vec::new() }
    }

    fn frame(at: u64) -> Frame {
        Frame { at: at * 90, is_key: at == 0, data: vec![0; 1_000] }
    }

    #[test]
    fn sizes_have_as_few_bytes_as_they_need() {
        let size = |size| {
            let mut out = Vec::new();
            put_size(&mut out, size);
            out
        };
        assert_eq!(size(5), [0x85]);
        assert_eq!(size(126), [0xfe]);
        assert_eq!(size(127), [0x40, 127], "all ones are an unknown size");
        assert_eq!(size(16_383), [0x20, 0x3f, 0xff]);
    }

    #[test]
    fn a_head_has_its_length_and_places_whatever_is_in_it() {
        let mut file = Matroska::new();
        for coding in [Coding::Vp8, Coding::H264, Coding::Opus, Coding::Av1] {
            file.add(Track { coding, setup: vec![0x0a, 1, 0, 0, 0x10], ..track("x") })
                .expect("room");
            for end in [None, Some((20_000, 30_000))] {
                let head = file.head(end).expect("a head");
                assert_eq!(head.len(), HEAD_BYTES);
                assert_eq!(head[EBML_BYTES..SEGMENT_SIZE_AT], SEGMENT.to_be_bytes());
                assert_eq!(head[DURATION_AT - 3..DURATION_AT], [0x44, 0x89, 0x88]);
            }
        }
        let added =
            (0..1_000).find(|_| file.add(track("of a name that is some characters long")).is_err());
        assert!(added.is_some_and(|count| count > 80), "{added:?}");
        assert!(file.head(None).is_some(), "what was refused is not in it");
    }

    #[test]
    fn a_file_that_was_cut_ends_with_its_last_whole_cluster() {
        let mut file = Matroska::new();
        file.add(track("a")).expect("room");
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        for second in 0..3 {
            (0..30).for_each(|at| file.push(0, frame(second * 1_000 + at * 33)));
            let written = file.flush();
            bytes.splice(..0, written.head.unwrap_or_default());
            bytes.extend_from_slice(&written.piece);
            ends.push(bytes.len());
        }
        let path = std::env::temp_dir().join(format!("matroska-{}", std::process::id()));
        std::fs::write(&path, &bytes[..ends[2] - 5]).expect("written");
        let opened = File::options().read(true).write(true).open(&path).expect("a file");
        let kept = super::super::repair(&opened, super::super::Form::Matroska).expect("repaired");
        let repaired = std::fs::read(&path).expect("read");
        assert_eq!((kept, repaired.len()), (ends[1] as u64, ends[1]));
        let duration =
            f64::from_be_bytes(repaired[DURATION_AT..DURATION_AT + 8].try_into().expect("8"));
        assert_eq!(duration, 1_957.0);
        std::fs::remove_file(path).expect("removed");
    }
}
