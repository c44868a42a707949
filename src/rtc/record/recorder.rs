//! One recording while it is made: from packets to a file that is good after every second.
//!
//! ```text
//! feed ─▶ Assembler ─▶┐
//! feed ─▶ Assembler ─▶┼▶ Container ─▶ DATA/files/recordings/ID.part      flushed every second
//! …                   │
//! ```
//! The file of a track begins with its first (key)frame. In that of a room the first frame
//! of all is the beginning, and the others begin when theirs came: tracks are in step as
//! they arrive.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::assemble::{About, Assembler, Whole, coding_of};
use super::container::{Container, Frame, Matroska, Mp4, Ogg, Track, Written};
use crate::rtc::peer::{Codec, Packet};

/// How much a crash may cost.
const FLUSH: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(50);
/// How often a sender is asked for a keyframe that is missing.
const ASK: Duration = Duration::from_millis(500);
/// How often it is asked for one at least, so that any place of the file can be gone to.
const KEY: Duration = Duration::from_secs(10);
/// Packets that wait to be taken: what comes while the disk is slow.
const PACKETS_AHEAD: usize = 2_048;
/// Bytes that wait for the disk.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// A track that is recorded.
pub struct Feed {
    pub identity: String,
    /// Its sid.
    pub track: String,
    pub name: String,
    pub codec: Codec,
    pub packets: mpsc::Receiver<Packet>,
    /// Told when who sends it is to be asked for a keyframe.
    pub wants_keyframe: Arc<Notify>,
}

/// What it may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: u64,
    pub duration: Duration,
}

/// What was made.
#[derive(Debug)]
pub struct Ended {
    pub size: u64,
    pub duration_ms: u64,
    /// `[{"identity", "track", "mime", "frames"}]`.
    pub tracks: Value,
    /// Why it has ended, unless it was told to or its track is over.
    pub failure: Option<String>,
}

/// What has come of a track.
struct Line {
    identity: String,
    sid: String,
    name: String,
    codec: Codec,
    wants_keyframe: Arc<Notify>,
    assembler: Assembler,
    asked: Option<Instant>,
    /// When the last keyframe came.
    key: Option<Instant>,
    /// The number in the container, and what is added to times.
    placed: Option<(usize, i64)>,
    frames: u64,
}

impl Line {
    fn wants_keyframe(&self, now: Instant) -> bool {
        let is_past = |then: Option<Instant>, time| {
            then.is_none_or(|then| now.saturating_duration_since(then) >= time)
        };
        match self.assembler.wants_keyframe() {
            true => is_past(self.asked, ASK),
            false => is_past(self.key, KEY) && is_past(self.asked, KEY),
        }
    }
}

pub struct Recorder {
    path: PathBuf,
    limits: Limits,
    /// One track, which ends it; else a room's.
    is_single: bool,
    container: Option<Box<dyn Container>>,
    lines: Vec<Line>,
    /// When its first frame came.
    begun: Option<Instant>,
    end_ms: u64,
    file: Option<Arc<File>>,
    size: u64,
    waiting_bytes: usize,
}

/// The kind of file that a track alone is recorded in.
pub fn extension_of(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "ogg",
        Codec::H264 => "mp4",
        Codec::Vp8 | Codec::Vp9 | Codec::Av1 => "webm",
    }
}

pub fn content_type_of(extension: &str) -> &'static str {
    match extension {
        "ogg" => "audio/ogg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        _ => "video/x-matroska",
    }
}

impl Recorder {
    /// Of one track (`is_single`), or of all of a room.
    pub fn new(path: PathBuf, limits: Limits, is_single: bool) -> Recorder {
        Recorder {
            path,
            limits,
            is_single,
            container: None,
            lines: Vec::new(),
            begun: None,
            end_ms: 0,
            file: None,
            size: 0,
            waiting_bytes: 0,
        }
    }

    /// Records what the feeds bring until it is told to stop, there are no more of them, or
    /// a limit is reached.
    pub async fn run(mut self, mut feeds: mpsc::Receiver<Feed>, stop: CancellationToken) -> Ended {
        let (sender, mut packets) = mpsc::channel(PACKETS_AHEAD);
        let (mut are_more, mut running) = (true, 0);
        let mut flush = tokio::time::interval(FLUSH);
        let mut poll = tokio::time::interval(POLL);
        let started = Instant::now();
        let mut failure = None;
        while failure.is_none() && (are_more || running > 0) {
            tokio::select! {
                () = stop.cancelled() => break,
                feed = feeds.recv(), if are_more => match feed {
                    None => are_more = false,
                    Some(feed) => {
                        running += 1;
                        self.begin(feed, &sender);
                    }
                },
                Some((line, packet)) = packets.recv() => match packet {
                    None => {
                        running -= 1;
                        self.finish(line);
                    }
                    Some(packet) => self.take(line, packet),
                },
                _ = poll.tick() => self.poll(Instant::now()),
                _ = flush.tick() => failure = self.flush(started, false).await.err(),
            }
            if self.waiting_bytes > WAITING_BYTES_MAX {
                failure = self.flush(started, false).await.err();
            }
        }
        while let Ok((line, Some(packet))) = packets.try_recv() {
            self.take(line, packet);
        }
        (0..self.lines.len()).for_each(|line| self.finish(line));
        if let Err(error) = self.flush(started, true).await {
            failure.get_or_insert(error);
        }
        self.ended(failure)
    }

    fn begin(&mut self, feed: Feed, sender: &mpsc::Sender<(usize, Option<Packet>)>) {
        let Feed { identity, track, name, codec, mut packets, wants_keyframe } = feed;
        let number = self.lines.len();
        self.lines.push(Line {
            identity,
            sid: track,
            name,
            codec,
            wants_keyframe,
            assembler: Assembler::new(codec),
            asked: None,
            key: None,
            placed: None,
            frames: 0,
        });
        let sender = sender.clone();
        tokio::spawn(async move {
            while let Some(packet) = packets.recv().await {
                if sender.send((number, Some(packet))).await.is_err() {
                    return;
                }
            }
            // Nobody may listen any more.
            let _ = sender.send((number, None)).await;
        });
    }

    fn take(&mut self, number: usize, packet: Packet) {
        let now = Instant::now();
        let line = &mut self.lines[number];
        let whole = line.assembler.push(packet, now);
        if whole.iter().any(|one| one.is_key) {
            line.key = Some(now);
        }
        if line.wants_keyframe(now) {
            line.asked = Some(now);
            line.wants_keyframe.notify_one();
        }
        whole.into_iter().for_each(|one| self.place(number, one, now));
    }

    fn poll(&mut self, now: Instant) {
        for number in 0..self.lines.len() {
            let whole = self.lines[number].assembler.poll(now);
            whole.into_iter().for_each(|one| self.place(number, one, now));
        }
    }

    /// Nothing comes any more.
    fn finish(&mut self, number: usize) {
        let whole = self.lines[number].assembler.finish();
        whole.into_iter().for_each(|one| self.place(number, one, Instant::now()));
    }

    /// Puts a frame where it belongs.
    fn place(&mut self, number: usize, whole: Whole, now: Instant) {
        let coding = coding_of(self.lines[number].codec);
        let begun = *self.begun.get_or_insert(now);
        if self.lines[number].placed.is_none() {
            let Some(about) = whole.about.clone() else { return };
            let late = now.saturating_duration_since(begun).as_micros() as u64;
            let late = late * coding.rate() / 1_000_000;
            match self.add(number, about) {
                Ok(placed) => {
                    self.lines[number].placed = Some((placed, late as i64 - whole.at as i64));
                }
                Err(reason) => return tracing::warn!(reason, "a track is not recorded"),
            }
        }
        let line = &mut self.lines[number];
        let (Some((placed, shift)), Some(container)) = (line.placed, &mut self.container) else {
            return;
        };
        let at = whole.at.saturating_add_signed(shift);
        line.frames += 1;
        self.waiting_bytes += whole.data.len();
        self.end_ms = self.end_ms.max(at * 1_000 / coding.rate());
        container.push(placed, Frame { at, is_key: whole.is_key, data: whole.data });
    }

    fn add(&mut self, number: usize, about: About) -> Result<usize, &'static str> {
        let line = &self.lines[number];
        let container = self.container.get_or_insert_with(|| match line.codec {
            Codec::Opus if self.is_single => Box::new(Ogg::new(rand::random())),
            Codec::H264 if self.is_single => Box::new(Mp4::default()),
            _ => Box::new(Matroska::new()),
        });
        let name = match self.is_single {
            true => line.name.clone(),
            false => format!("{}/{}", line.identity, line.name),
        };
        let About { size, setup } = about;
        container.add(Track { coding: coding_of(line.codec), name, size, setup })
    }

    /// Writes what there is to the disk, and looks at the limits.
    async fn flush(&mut self, started: Instant, is_last: bool) -> Result<(), String> {
        self.waiting_bytes = 0;
        let Some(container) = &mut self.container else { return self.check(started) };
        let written = if is_last { container.finish() } else { container.flush() };
        let Written { piece, head } = written;
        if piece.is_empty() && head.is_none() {
            return self.check(started);
        }
        let (path, file, size) = (self.path.clone(), self.file.take(), self.size);
        let writing = tokio::task::spawn_blocking(move || write(file, &path, size, piece, head));
        let written = writing.await.map_err(|_| "the thread that writes has ended".to_owned())?;
        let (file, size) = written.map_err(|error| format!("could not write: {error}"))?;
        (self.file, self.size) = (Some(file), size);
        if is_last { Ok(()) } else { self.check(started) }
    }

    fn check(&self, started: Instant) -> Result<(), String> {
        let Limits { bytes, duration } = self.limits;
        if self.size > bytes {
            return Err(format!("it is larger than {bytes} bytes (\"rtc_recording_max_bytes\")"));
        }
        if started.elapsed() > duration {
            let ms = duration.as_millis();
            return Err(format!("it is longer than {ms} ms (\"rtc_recording_max_duration\")"));
        }
        Ok(())
    }

    fn ended(self, failure: Option<String>) -> Ended {
        let track = |line: &Line| {
            json!({
                "identity": line.identity, "track": line.sid, "name": line.name,
                "mime": line.codec.mime(), "frames": line.frames,
            })
        };
        Ended {
            size: self.size,
            duration_ms: self.end_ms,
            tracks: self.lines.iter().map(track).collect(),
            failure,
        }
    }
}

/// Blocks. Durable when it returns.
fn write(
    file: Option<Arc<File>>,
    path: &std::path::Path,
    mut size: u64,
    piece: Vec<u8>,
    head: Option<Vec<u8>>,
) -> io::Result<(Arc<File>, u64)> {
    let file = match file {
        Some(file) => file,
        None => Arc::new(
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?,
        ),
    };
    if let Some(head) = head {
        file.write_all_at(&head, 0)?;
        size = size.max(head.len() as u64);
    }
    file.write_all_at(&piece, size)?;
    file.sync_data()?;
    Ok((file, size + piece.len() as u64))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// Half a second of Opus, every 20 ms.
    fn feed(codec: Codec) -> (Feed, mpsc::Sender<Packet>) {
        let (sender, packets) = mpsc::channel(100);
        let feed = Feed {
            identity: "ada".to_owned(),
            track: "TR_1".to_owned(),
            name: "microphone".to_owned(),
            codec,
            packets,
            wants_keyframe: Arc::default(),
        };
        (feed, sender)
    }

    fn packet(step: u16) -> Packet {
        let mut packet = Packet::default();
        packet.header.sequence_number = step;
        packet.header.timestamp = u32::from(step) * 960;
        packet.payload = Bytes::from_static(&[0xfc, 1, 2, 3]);
        packet
    }

    #[tokio::test]
    async fn a_track_is_a_file_that_ends_with_it() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("a.part");
        let limits = Limits { bytes: 1 << 20, duration: Duration::from_secs(60) };
        let recorder = Recorder::new(path.clone(), limits, true);
        let (to_feeds, feeds) = mpsc::channel(1);
        let (feed, packets) = feed(Codec::Opus);
        to_feeds.send(feed).await.expect("taken");
        drop(to_feeds);
        let recording = tokio::spawn(recorder.run(feeds, CancellationToken::new()));
        for step in 0..25 {
            packets.send(packet(step)).await.expect("taken");
        }
        drop(packets);
        let ended = recording.await.expect("it ends");
        assert_eq!((ended.failure, ended.duration_ms), (None, 480));
        assert_eq!(ended.tracks[0]["frames"], json!(25));
        let bytes = std::fs::read(path).expect("a file");
        assert_eq!(bytes.len() as u64, ended.size);
        assert!(bytes.starts_with(b"OggS"));
    }

    #[tokio::test]
    async fn what_is_too_long_ends() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let limits = Limits { bytes: 1 << 20, duration: Duration::from_millis(1) };
        let recorder = Recorder::new(directory.path().join("a.part"), limits, false);
        let (_to_feeds, feeds) = mpsc::channel(1);
        let ended = recorder.run(feeds, CancellationToken::new()).await;
        assert!(ended.failure.is_some_and(|reason| reason.contains("rtc_recording_max_duration")));
    }
}
