//! Files of media, written in pieces that are whole.
//!
//! ```text
//! head ─ piece ─ piece ─ … ─ tail        a piece: what came in about a second
//! ```
//! A file is good after each piece, without a tail: what a crash leaves behind the last
//! whole one is cut off ([`repair`]). The head of a Matroska file has room for tracks that
//! come later, and is written again when one does.
//!
//! | | of | |
//! |---|---|---|
//! | [`Ogg`] | Opus | pages (RFC 3533, RFC 7845) |
//! | [`Mp4`] | H.264 | fragments (ISO/IEC 14496-12 and -15) |
//! | [`Matroska`] | one track or several, of all codecs | clusters (RFC 9559); named WebM unless H.264 is among them |
//!
//! Nothing is encoded here: frames are stored as they came.

mod bits;
pub mod matroska;
mod mp4;
mod ogg;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::rtc::peer::Codec;

pub use bits::{av1_size, avc_of, leb128, vp8_size, vp9_size};
pub use matroska::Matroska;
pub use mp4::Mp4;
pub use ogg::{Ogg, opus_ticks};

/// What the frames of a track are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Opus,
    Vp8,
    Vp9,
    H264,
    Av1,
}

impl Coding {
    pub fn codec(self) -> Codec {
        match self {
            Coding::Opus => Codec::Opus,
            Coding::Vp8 => Codec::Vp8,
            Coding::Vp9 => Codec::Vp9,
            Coding::H264 => Codec::H264,
            Coding::Av1 => Codec::Av1,
        }
    }

    /// Ticks of a frame's time in a second.
    pub fn rate(self) -> u64 {
        match self {
            Coding::Opus => 48_000,
            _ => 90_000,
        }
    }
}

/// A track as its file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    pub coding: Coding,
    pub name: String,
    /// Of a video, from its first keyframe.
    pub size: (u16, u16),
    /// What a decoder is told before the first frame: the sequence header of AV1, of H.264
    /// an `AVCDecoderConfigurationRecord`.
    pub setup: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Since the beginning of the recording, in ticks of its coding; not less than that of the frame
    /// of the track before.
    pub at: u64,
    pub is_key: bool,
    pub data: Vec<u8>,
}

/// What is written where; pieces go to the end.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub piece: Vec<u8>,
    /// At the beginning of the file, over what was there.
    pub head: Option<Vec<u8>>,
}

/// A file that is being made.
pub trait Container: Send {
    /// The number of a track that comes now. An error if the file has no room for it.
    fn add(&mut self, track: Track) -> Result<usize, &'static str>;

    fn push(&mut self, track: usize, frame: Frame);

    /// What was pushed since the last time, as a whole piece.
    fn flush(&mut self) -> Written;

    /// The rest; nothing is pushed after it.
    fn finish(&mut self) -> Written;
}

/// What kind of file it is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Ogg,
    Mp4,
    /// WebM, too.
    Matroska,
}

impl Form {
    pub fn of_extension(extension: &str) -> Option<Form> {
        match extension {
            "ogg" => Some(Form::Ogg),
            "mp4" => Some(Form::Mp4),
            "webm" | "mkv" => Some(Form::Matroska),
            _ => None,
        }
    }
}

/// Makes a file good that a crash has left: cuts off what is not whole, and writes the end
/// that it needs. Answers its length; 0 where there is nothing to be saved.
pub fn repair(file: &File, form: Form) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let kept = match form {
        Form::Ogg => ogg::repair(file, length)?,
        Form::Mp4 => mp4::repair(file, length)?,
        Form::Matroska => matroska::repair(file, length)?,
    };
    file.set_len(kept.whole)?;
    file.write_all_at(&kept.tail, kept.whole)?;
    for (at, bytes) in &kept.patches {
        file.write_all_at(bytes, *at)?;
    }
    file.sync_all()?;
    Ok(kept.whole + kept.tail.len() as u64)
}

/// What is to be kept of a file, and done to it.
#[derive(Debug, Default)]
struct Kept {
    whole: u64,
    tail: Vec<u8>,
    patches: Vec<(u64, Vec<u8>)>,
}

/// Bytes at a place; none where the file does not have so many.
fn read_at(file: &File, at: u64, count: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; count];
    match file.read_exact_at(&mut bytes, at) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
