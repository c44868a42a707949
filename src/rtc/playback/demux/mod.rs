//! Files of recordings, read back: frames in the order that they stand in.
//!
//! ```text
//! Demuxer::open ─▶ tracks ─▶ next, next, … ─▶ None
//!                            seek(to): what a decoder needs of before, then next goes on from there
//! ```
//! What is read is what [`record`](crate::rtc::record) writes, and as much of the formats as
//! other muxers write of the same codecs: Matroska with blocks in groups, of clusters whose
//! size is not known; Ogg whose packets go on from page to page; MP4 in fragments only. No
//! more of a file is held than a window, and a frame of at most [`FRAME_BYTES_MAX`].
//!
//! A place is found by the heads of pages, fragments and clusters from the beginning on, as
//! none of the three has an index after a crash: in a file of this machine that is a
//! moment, in an S3 service a request for each.

mod matroska;
mod mp4;
mod ogg;

use std::time::Duration;

use bytes::Bytes;

use self::matroska::Matroska;
use self::mp4::Mp4;
use self::ogg::Ogg;
use super::reader::Reader;
use crate::error::{Error, Result};
use crate::files::read::Content;
use crate::rtc::record::container::{Coding, Track};

pub const FRAME_BYTES_MAX: u64 = 16 << 20;
/// Tracks of a file that is played: each has its queues and a task for each listener.
const TRACKS_MAX: usize = 64;
/// Pieces of a file that are looked at to find a place in it: days, of a second each.
const PLACES_MAX: usize = 500_000;
/// How far before a place a keyframe is looked for: recorders ask for one more often.
const KEY_SEARCH: Duration = Duration::from_secs(15);
/// What is kept of before a place, of all tracks.
const BEFORE_BYTES_MAX: usize = 8 << 20;

/// A frame as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The number of its track.
    pub track: usize,
    /// Since the beginning, in ticks of its coding.
    pub at: u64,
    pub is_key: bool,
    pub data: Bytes,
}

/// Where a piece of a file begins, in time and in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    time: Duration,
    at: u64,
}

enum Form {
    Ogg(Ogg),
    Mp4(Mp4),
    Matroska(Matroska),
}

pub struct Demuxer {
    form: Form,
    tracks: Vec<Track>,
    /// It was read while a place was looked for.
    next: Option<Sample>,
}

fn unsupported(what: &str) -> Error {
    Error::unsupported(format_args!("playing {what}"))
}

fn damaged() -> Error {
    Error::data_corrupted("the recording cannot be read")
}

/// Ticks as time.
pub fn time_of(ticks: u64, coding: Coding) -> Duration {
    let rate = coding.rate();
    Duration::from_secs(ticks / rate) + Duration::from_nanos(ticks % rate * 1_000_000_000 / rate)
}

impl Demuxer {
    /// Reads the head of a file.
    pub async fn open(content: Content) -> Result<Demuxer> {
        let mut reader = Reader::new(content);
        let start = reader.peek_up_to(0, 8).await?;
        let (form, tracks) = match &start[..] {
            [b'O', b'g', b'g', b'S', ..] => {
                let (ogg, tracks) = Ogg::open(reader).await?;
                (Form::Ogg(ogg), tracks)
            }
            [0x1a, 0x45, 0xdf, 0xa3, ..] => {
                let (matroska, tracks) = Matroska::open(reader).await?;
                (Form::Matroska(matroska), tracks)
            }
            [_, _, _, _, b'f', b't', b'y', b'p'] => {
                let (mp4, tracks) = Mp4::open(reader).await?;
                (Form::Mp4(mp4), tracks)
            }
            _ => return Err(unsupported("a file that is not Ogg, WebM, Matroska or MP4")),
        };
        if tracks.is_empty() {
            return Err(unsupported("a file without a track of a known codec"));
        }
        if tracks.len() > TRACKS_MAX {
            return Err(unsupported(&format!("a file of more than {TRACKS_MAX} tracks")));
        }
        Ok(Demuxer { form, tracks, next: None })
    }

    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The next frame; none at the end.
    pub async fn next(&mut self) -> Result<Option<Sample>> {
        match self.next.take() {
            Some(sample) => Ok(Some(sample)),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Result<Option<Sample>> {
        match &mut self.form {
            Form::Ogg(ogg) => ogg.next().await,
            Form::Mp4(mp4) => mp4.next().await,
            Form::Matroska(matroska) => matroska.next().await,
        }
    }

    fn time(&self, sample: &Sample) -> Duration {
        time_of(sample.at, self.tracks[sample.track].coding)
    }

    /// Goes to a place. What is answered are the frames of videos from the last keyframe
    /// before it on, where there is one not too long before; then [`Demuxer::next`] goes on
    /// with the first frame that is not before it.
    pub async fn seek(&mut self, to: Duration) -> Result<Vec<Sample>> {
        self.next = None;
        self.go(to.saturating_sub(KEY_SEARCH)).await?;
        let mut before: Vec<Vec<Sample>> = self.tracks.iter().map(|_| Vec::new()).collect();
        let mut bytes = 0;
        while let Some(sample) = self.read().await? {
            if self.time(&sample) >= to {
                self.next = Some(sample);
                break;
            }
            if self.tracks[sample.track].coding == Coding::Opus {
                continue;
            }
            let own = &mut before[sample.track];
            if sample.is_key {
                bytes -= bytes_of(own);
                own.clear();
            } else if own.is_empty() {
                continue;
            }
            bytes += sample.data.len();
            own.push(sample);
            if bytes > BEFORE_BYTES_MAX {
                bytes = 0;
                before.iter_mut().for_each(Vec::clear);
            }
        }
        let mut all: Vec<Sample> = before.into_iter().flatten().collect();
        all.sort_by_key(|sample| self.time(sample));
        Ok(all)
    }

    /// Goes to the last piece that begins before a time, or with it.
    async fn go(&mut self, to: Duration) -> Result<()> {
        let mut place = match &self.form {
            Form::Ogg(ogg) => ogg.first(),
            Form::Mp4(mp4) => mp4.first(),
            Form::Matroska(matroska) => matroska.first(),
        };
        for _ in 0..PLACES_MAX {
            if to.is_zero() {
                break;
            }
            let after = match &mut self.form {
                Form::Ogg(ogg) => ogg.place_after(place).await?,
                Form::Mp4(mp4) => mp4.place_after(place).await?,
                Form::Matroska(matroska) => matroska.place_after(place).await?,
            };
            match after {
                Some(after) if after.time <= to => place = after,
                _ => break,
            }
        }
        match &mut self.form {
            Form::Ogg(ogg) => ogg.go(place),
            Form::Mp4(mp4) => mp4.go(place.at),
            Form::Matroska(matroska) => matroska.go(place.at),
        }
        Ok(())
    }
}

fn bytes_of(samples: &[Sample]) -> usize {
    samples.iter().map(|sample| sample.data.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtc::record::container::{self, Container, Frame};

    fn track(coding: Coding, name: &str) -> Track {
        let size = if coding == Coding::Opus { (0, 0) } else { (640, 480) };
        let setup = match coding {
            Coding::H264 => vec![1, 0x42, 0xe0, 0x1f, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68],
            _ => Vec::new(),
        };
        Track { coding, name: name.to_owned(), size, setup }
    }

    /// `seconds` of frames, a keyframe every two seconds, a piece each second.
    fn written(mut file: impl Container, tracks: &[Track], seconds: u64) -> (Bytes, Vec<Sample>) {
        let mut bytes = Vec::new();
        let mut all = Vec::new();
        for track in tracks {
            file.add(track.clone()).expect("room");
        }
        let put = |bytes: &mut Vec<u8>, written: container::Written| {
            if let Some(head) = written.head {
                bytes.resize(bytes.len().max(head.len()), 0);
                bytes[..head.len()].copy_from_slice(&head);
            }
            bytes.extend_from_slice(&written.piece);
        };
        for second in 0..seconds {
            for (index, track) in tracks.iter().enumerate() {
                let step = if track.coding == Coding::Opus { 20 } else { 40 };
                for ms in (0..1_000).step_by(step) {
                    let ms = second * 1_000 + ms as u64;
                    let at = ms * track.coding.rate() / 1_000;
                    let is_key = track.coding == Coding::Opus || ms.is_multiple_of(2_000);
                    // 20 ms of Opus.
                    let mut data = vec![0xfc; 300];
                    data[1..9].copy_from_slice(&ms.to_be_bytes());
                    file.push(index, Frame { at, is_key, data: data.clone() });
                    all.push(Sample { track: index, at, is_key, data: data.into() });
                }
            }
            put(&mut bytes, file.flush());
        }
        put(&mut bytes, file.finish());
        let rate = |sample: &Sample| time_of(sample.at, tracks[sample.track].coding);
        all.sort_by_key(|sample| (rate(sample), sample.track));
        (bytes.into(), all)
    }

    async fn all_of(demuxer: &mut Demuxer) -> Vec<Sample> {
        let mut all = Vec::new();
        while let Some(sample) = demuxer.next().await.expect("a frame") {
            all.push(sample);
        }
        all
    }

    /// What was written is read, from the beginning and from any place.
    async fn goes_round(file: impl Container, tracks: &[Track]) {
        let (bytes, written) = written(file, tracks, 40);
        let mut demuxer = Demuxer::open(Content::of_bytes(bytes.clone())).await.expect("a file");
        let codings = |tracks: &[Track]| tracks.iter().map(|it| it.coding).collect::<Vec<_>>();
        assert_eq!(codings(demuxer.tracks()), codings(tracks));
        assert_eq!(all_of(&mut demuxer).await, written);
        for ms in [0, 1, 990, 2_000, 20_010, 39_999, 100_000] {
            let to = Duration::from_millis(ms);
            let before = demuxer.seek(to).await.expect("a place");
            let rest = all_of(&mut demuxer).await;
            let time = |sample: &Sample| time_of(sample.at, tracks[sample.track].coding);
            let expected: Vec<_> = written.iter().filter(|it| time(it) >= to).cloned().collect();
            assert_eq!(rest.len(), expected.len(), "{ms}");
            assert_eq!(rest, expected, "{ms}");
            let videos = tracks.iter().filter(|track| track.coding != Coding::Opus).count();
            if ms == 0 || ms == 100_000 || videos == 0 {
                continue;
            }
            let keys = before.iter().filter(|sample| sample.is_key).count();
            assert_eq!(keys, if before.is_empty() { 0 } else { videos }, "{ms}");
            assert!(!before.is_empty(), "{ms}");
        }
        // What is cut off ends with an error or with what is whole, and does not go on for ever.
        for length in [0, 7, 100, bytes.len() / 2, bytes.len() - 3] {
            if let Ok(mut cut) = Demuxer::open(Content::of_bytes(bytes.slice(..length))).await {
                while let Ok(Some(_)) = cut.next().await {}
            }
        }
    }

    #[tokio::test]
    async fn ogg_goes_round() {
        goes_round(container::Ogg::new(7), &[track(Coding::Opus, "a")]).await;
    }

    #[tokio::test]
    async fn mp4_goes_round() {
        goes_round(container::Mp4::default(), &[track(Coding::H264, "a")]).await;
    }

    #[tokio::test]
    async fn matroska_goes_round() {
        let tracks = [
            track(Coding::Vp8, "ada/camera"),
            track(Coding::Opus, "ada/microphone"),
            track(Coding::H264, "bea/camera"),
        ];
        goes_round(container::Matroska::new(), &tracks).await;
        goes_round(container::Matroska::new(), &[track(Coding::Opus, "a")]).await;
    }

    fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let size = (content.len() as u32 + 8).to_be_bytes();
        [&size, &name[..], content].concat()
    }

    #[tokio::test]
    async fn a_fragment_that_says_it_has_no_end_has_one() {
        let (bytes, written) = written(container::Mp4::default(), &[track(Coding::H264, "a")], 2);
        let head = boxed(b"tfhd", &[0, 2, 0, 0, 0, 0, 0, 1]);
        // As many frames as can be told, of nothing.
        let run = boxed(b"trun", &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        let content = [head, run.repeat(1_000)].concat();
        let fragment = boxed(b"moof", &boxed(b"traf", &content));
        let file = [&bytes[..], &fragment].concat();
        let mut demuxer = Demuxer::open(Content::of_bytes(file.into())).await.expect("a file");
        let mut count = 0;
        while let Ok(Some(_)) = demuxer.next().await {
            count += 1;
        }
        assert_eq!(count, written.len() + 100_000);
    }

    #[tokio::test]
    async fn a_packet_that_does_not_end_is_no_packet() {
        let tracks = [track(Coding::Opus, "a")];
        let (bytes, written) = written(container::Ogg::new(7), &tracks, 2);
        let mut page = b"OggS\0\x01".to_vec();
        page.extend_from_slice(&[0xff; 8]);
        page.extend_from_slice(&7u32.to_le_bytes());
        page.extend_from_slice(&[0; 8]);
        page.push(255);
        page.extend_from_slice(&[255; 255]);
        page.resize(page.len() + 255 * 255, 1);
        // The first of them begins it.
        let mut first = page.clone();
        first[5] = 0;
        let pages = FRAME_BYTES_MAX as usize / (255 * 255) + 2;
        let file = [&bytes[..], &first, &page.repeat(pages)].concat();
        let mut demuxer = Demuxer::open(Content::of_bytes(file.into())).await.expect("a file");
        for _ in &written {
            demuxer.next().await.expect("a frame").expect("one more");
        }
        assert!(demuxer.next().await.is_err());
    }

    #[tokio::test]
    async fn noise_is_no_file() {
        for start in [&b"OggS"[..], b"\x1a\x45\xdf\xa3", b"\0\0\0\x08ftyp", b"RIFF"] {
            for byte in [0, 1, 0x55, 0x80, 0xff] {
                let mut noise = start.to_vec();
                noise.resize(10_000, byte);
                if let Ok(mut demuxer) = Demuxer::open(Content::of_bytes(noise.into())).await {
                    while let Ok(Some(_)) = demuxer.next().await {}
                }
            }
        }
    }
}
