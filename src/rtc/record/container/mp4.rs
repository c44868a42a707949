//! Fragmented MP4 with H.264.
//!
//! ```text
//! ftyp │ moov (one track, no samples)          before the first keyframe
//! moof (when each sample is, and how long) │ mdat         a piece
//! ```
//! How long a sample lasts is known when the next one comes: the last one waits for it.
//! Parameter sets stay in the stream as well (`avc3`), since they may change.

use std::fs::File;
use std::io;

use super::{Container, Frame, Kept, Track, Written, read_at};

const RATE: u32 = 90_000;
/// How long the last sample of all lasts.
const LAST_TICKS: u32 = RATE / 30;
const KEY: u32 = 0x0200_0000;
const NO_KEY: u32 = 0x0101_0000;

#[derive(Default)]
pub struct Mp4 {
    track: Option<Track>,
    has_head: bool,
    waiting: Vec<Frame>,
    fragments: u32,
}

/// A box: its length, its name, its bytes.
fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let size: usize = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(&(size as u32).to_be_bytes());
    out.extend_from_slice(name);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// One with a version and flags.
fn full(name: &[u8; 4], version: u8, flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    let marks = (u32::from(version) << 24 | flags).to_be_bytes();
    let mut all = vec![&marks[..]];
    all.extend_from_slice(parts);
    boxed(name, &all)
}

fn numbers(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn head_of(track: &Track) -> Vec<u8> {
    let (width, height) = (u32::from(track.size.0), u32::from(track.size.1));
    let movie = full(
        b"mvhd",
        0,
        0,
        &[
            &numbers(&[0, 0, 1_000, 0, 0x1_0000, 0x100_0000, 0, 0]),
            &numbers(&MATRIX),
            &numbers(&[0, 0, 0, 0, 0, 0, 2]),
        ],
    );
    let track_head = full(
        b"tkhd",
        0,
        3,
        &[
            &numbers(&[0, 0, 1, 0, 0, 0, 0, 0, 0]),
            &numbers(&MATRIX),
            &numbers(&[width << 16, height << 16]),
        ],
    );
    let media_head = full(b"mdhd", 0, 0, &[&numbers(&[0, 0, RATE, 0, 0x55c4_0000])]);
    let handler = full(b"hdlr", 0, 0, &[&numbers(&[0]), b"vide", &[0; 12], b"video\0"]);
    let mut entry = vec![0; 6];
    entry.extend_from_slice(&[0, 1]);
    entry.resize(24, 0);
    entry.extend_from_slice(&track.size.0.to_be_bytes());
    entry.extend_from_slice(&track.size.1.to_be_bytes());
    entry.extend_from_slice(&numbers(&[0x48_0000, 0x48_0000, 0]));
    entry.extend_from_slice(&[0, 1]);
    entry.resize(entry.len() + 32, 0);
    entry.extend_from_slice(&[0, 0x18, 0xff, 0xff]);
    let entry = boxed(b"avc3", &[&entry, &boxed(b"avcC", &[&track.setup])]);
    let table = boxed(
        b"stbl",
        &[
            &full(b"stsd", 0, 0, &[&numbers(&[1]), &entry]),
            &full(b"stts", 0, 0, &[&numbers(&[0])]),
            &full(b"stsc", 0, 0, &[&numbers(&[0])]),
            &full(b"stsz", 0, 0, &[&numbers(&[0, 0])]),
            &full(b"stco", 0, 0, &[&numbers(&[0])]),
        ],
    );
    let data =
        boxed(b"dinf", &[&full(b"dref", 0, 0, &[&numbers(&[1]), &full(b"url ", 0, 1, &[])])]);
    let info = boxed(b"minf", &[&full(b"vmhd", 0, 1, &[&[0; 8]]), &data, &table]);
    let media = boxed(b"mdia", &[&media_head, &handler, &info]);
    let extends = boxed(b"mvex", &[&full(b"trex", 0, 0, &[&numbers(&[1, 1, 0, 0, 0])])]);
    let kind = boxed(b"ftyp", &[b"iso5", &numbers(&[512]), b"iso5iso6mp41"]);
    [kind, boxed(b"moov", &[&movie, &boxed(b"trak", &[&track_head, &media]), &extends])].concat()
}

impl Mp4 {
    /// A fragment of the first samples that wait, all but `kept`.
    fn fragment(&mut self, kept: usize) -> Vec<u8> {
        let count = self.waiting.len().saturating_sub(kept);
        if count == 0 {
            return Vec::new();
        }
        let mut ends: Vec<u64> = self.waiting.iter().skip(1).map(|frame| frame.at).collect();
        let last = self.waiting.last().map_or(0, |frame| frame.at);
        ends.push(last + u64::from(LAST_TICKS));
        let frames: Vec<Frame> = self.waiting.drain(..count).collect();
        self.fragments += 1;
        let mut samples = Vec::new();
        for (frame, end) in frames.iter().zip(ends) {
            let ticks = u32::try_from(end.saturating_sub(frame.at)).unwrap_or(u32::MAX);
            let flags = if frame.is_key { KEY } else { NO_KEY };
            samples.extend_from_slice(&numbers(&[ticks, frame.data.len() as u32, flags]));
        }
        let fragment = |offset: u32| {
            let run = full(b"trun", 0, 0x701, &[&numbers(&[count as u32, offset]), &samples]);
            let head = full(b"tfhd", 0, 0x2_0000, &[&numbers(&[1])]);
            let time = full(b"tfdt", 1, 0, &[&frames[0].at.to_be_bytes()]);
            let number = full(b"mfhd", 0, 0, &[&numbers(&[self.fragments])]);
            boxed(b"moof", &[&number, &boxed(b"traf", &[&head, &time, &run])])
        };
        // The samples begin after the head of the next box.
        let offset = fragment(0).len() as u32 + 8;
        let data: Vec<&[u8]> = frames.iter().map(|frame| &frame.data[..]).collect();
        [fragment(offset), boxed(b"mdat", &data)].concat()
    }

    fn piece(&mut self, kept: usize) -> Written {
        let mut piece = Vec::new();
        if let Some(track) = &self.track
            && !std::mem::replace(&mut self.has_head, true)
        {
            piece = head_of(track);
        }
        piece.extend_from_slice(&self.fragment(kept));
        Written { piece, head: None }
    }
}

impl Container for Mp4 {
    fn add(&mut self, track: Track) -> Result<usize, &'static str> {
        self.track.get_or_insert(track);
        Ok(0)
    }

    fn push(&mut self, _: usize, frame: Frame) {
        self.waiting.push(frame);
    }

    fn flush(&mut self) -> Written {
        self.piece(1)
    }

    fn finish(&mut self) -> Written {
        self.piece(0)
    }
}

/// What is before the first fragment, and whole fragments.
pub fn repair(file: &File, length: u64) -> io::Result<Kept> {
    let (mut at, mut whole, mut has_samples) = (0, 0, false);
    while let Some(head) = read_at(file, at, 8)? {
        let size = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let end = at + size;
        if size < 8 || end > length || !matches!(&head[4..], b"ftyp" | b"moov" | b"moof" | b"mdat")
        {
            break;
        }
        // The box before its samples is nothing without them.
        if &head[4..] != b"moof" {
            whole = end;
        }
        has_samples |= &head[4..] == b"mdat";
        at = end;
    }
    Ok(Kept { whole: if has_samples { whole } else { 0 }, ..Kept::default() })
}

#[cfg(test)]
mod tests {
    use super::super::Coding;
    use super::*;

    #[test]
    fn a_file_that_was_cut_ends_with_its_last_whole_fragment() {
        let mut file = Mp4::default();
        let track = Track {
            coding: Coding::H264,
            name: String::new(),
            size: (64, 64),
            setup: vec![1, 2, 3],
        };
        file.add(track).expect("a track");
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for second in 0..3 {
            for at in 0..10 {
                let frame =
                    Frame { at: (second * 10 + at) * 9_000, is_key: at == 0, data: vec![7; 100] };
                file.push(0, frame);
            }
            bytes.extend_from_slice(&file.flush().piece);
            ends.push(bytes.len() as u64);
        }
        bytes.extend_from_slice(&file.finish().piece);
        let path = std::env::temp_dir().join(format!("mp4-{}", std::process::id()));
        let cut = |length: u64| {
            std::fs::write(&path, &bytes[..length as usize]).expect("written");
            let opened = File::options().read(true).write(true).open(&path).expect("a file");
            super::super::repair(&opened, super::super::Form::Mp4).expect("repaired")
        };
        assert_eq!(cut(ends[2] - 1), ends[1]);
        assert_eq!(cut(ends[1] + 20), ends[1]);
        assert_eq!(cut(ends[0] - 1), 0, "there are no samples");
        assert_eq!(cut(bytes.len() as u64), bytes.len() as u64);
        std::fs::remove_file(path).expect("removed");
    }
}
