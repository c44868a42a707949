//! Plays a file: its frames become packets when their time comes.
//!
//! ```text
//! Demuxer ─ frames ─▶ [wait until it is time] ─ Packetizer ─▶ a channel for each track
//!                        ▲ Wish: paused, another place
//! ```
//! All tracks have one clock. The timestamps of packets are those of this clock, so that they
//! go on through pauses and jumps; what a decoder needs of before a place is sent at once, its
//! frames a step apart. Who reads slowly, or whose disk does, is not made up for by playing
//! faster: the clock waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::demux::{Demuxer, Sample, time_of};
use super::packetize::Packetizer;
use crate::error::Result;
use crate::rtc::peer::{Incoming, Packet};
use crate::rtc::record::container::{Coding, Track, opus_ticks};

/// Packets of a track that wait to be taken.
const PACKETS_MAX: usize = 256;
/// Frames that are caught up with are so far apart, in time and packets.
const STEP: Duration = Duration::from_micros(100);
const BURST_PACKETS: usize = 64;
const BURST_PAUSE: Duration = Duration::from_millis(5);
/// A frame that comes later than that stops the clock.
const LATE_MAX: Duration = Duration::from_millis(500);
/// Times in files are of milliseconds, while Opus has no gaps unless something is missing.
const ROUNDED: u64 = 3 * 48;
/// The last packets are on their way.
const LINGER: Duration = Duration::from_millis(300);

/// What is wanted of a playback that goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub is_paused: bool,
    /// Another place, and its number: a new one is gone to.
    pub place: Option<(u32, Duration)>,
}

/// Why it has ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// There is no more.
    Over,
    Stopped,
    /// Nobody takes any of its tracks.
    Unheard,
}

struct Line {
    coding: Coding,
    packetizer: Packetizer,
    ssrc: u32,
    sequence: u16,
    /// What is added to the ticks of the clock.
    base: u32,
    /// When the last frame of audio ends, in ticks.
    end: Option<u64>,
    out: Option<mpsc::Sender<Packet>>,
}

pub struct Player {
    demuxer: Demuxer,
    lines: Vec<Line>,
    wishes: watch::Receiver<Wish>,
    stop: CancellationToken,
    /// Milliseconds.
    position: Arc<AtomicU64>,
    clock: Clock,
    /// The number of the last place that was gone to.
    place: u32,
}

/// What time it is in the file.
struct Clock {
    /// What packets' times are counted from.
    begun: Instant,
    /// A time in the file, and when it is due.
    known: (Duration, Instant),
}

impl Clock {
    fn due(&self, at: Duration) -> Instant {
        let (known, when) = self.known;
        match at.checked_sub(known) {
            Some(later) => when + later,
            None => when.checked_sub(known - at).unwrap_or(when),
        }
    }

    /// From now on, `at` is due at `when`.
    fn set(&mut self, at: Duration, when: Instant) {
        self.known = (at, when);
    }
}

impl Player {
    pub fn new(
        demuxer: Demuxer,
        wishes: watch::Receiver<Wish>,
        stop: CancellationToken,
        position: Arc<AtomicU64>,
    ) -> Player {
        let line = |track: &Track| Line {
            coding: track.coding,
            packetizer: Packetizer::new(track),
            ssrc: 0,
            sequence: rand::random(),
            base: rand::random(),
            end: None,
            out: None,
        };
        let lines = demuxer.tracks().iter().map(line).collect();
        let now = Instant::now();
        let clock = Clock { begun: now, known: (Duration::ZERO, now) };
        Player { demuxer, lines, wishes, stop, position, clock, place: 0 }
    }

    pub fn tracks(&self) -> &[Track] {
        self.demuxer.tracks()
    }

    /// What comes of a track, of which there is one taker.
    pub fn incoming(&mut self, track: usize, id: &str) -> Incoming {
        let (out, packets) = mpsc::channel(PACKETS_MAX);
        let line = &mut self.lines[track];
        let incoming = Incoming::of_ours(line.coding.codec(), id, packets);
        line.ssrc = incoming.ssrc;
        line.out = Some(out);
        incoming
    }

    /// Plays from a place to the end, or until it is stopped.
    pub async fn run(mut self, from: Duration) -> Result<Ending> {
        let stop = self.stop.clone();
        tokio::select! {
            ending = self.play(from) => ending,
            () = stop.cancelled() => Ok(Ending::Stopped),
        }
    }

    async fn play(&mut self, from: Duration) -> Result<Ending> {
        let wish = *self.wishes.borrow_and_update();
        self.place = wish.place.map_or(0, |(number, _)| number);
        self.go(wish.place.map_or(from, |(_, place)| place)).await?;
        while let Some(sample) = self.demuxer.next().await? {
            if self.wait(&sample).await? {
                self.send(sample).await;
            }
            if self.lines.iter().all(|line| line.out.is_none()) {
                return Ok(Ending::Unheard);
            }
        }
        tokio::time::sleep(LINGER).await;
        Ok(Ending::Over)
    }

    /// Goes to a place: its frames are due from now on.
    async fn go(&mut self, place: Duration) -> Result<()> {
        self.note_position(place);
        let before = self.demuxer.seek(place).await?;
        self.lines.iter_mut().for_each(|line| line.end = None);
        let count = u32::try_from(before.len()).unwrap_or(u32::MAX);
        self.clock.set(place, Instant::now() + STEP * count);
        let mut packets = 0;
        for (index, sample) in before.into_iter().enumerate() {
            let ahead = STEP * (count - index as u32);
            let due = self.clock.due(place).checked_sub(ahead).unwrap_or(self.clock.begun);
            packets += self.send_at(sample, due).await;
            if packets >= BURST_PACKETS {
                packets = 0;
                tokio::time::sleep(BURST_PAUSE).await;
            }
        }
        Ok(())
    }

    fn note_position(&self, at: Duration) {
        self.position.store(at.as_millis() as u64, Ordering::Relaxed);
    }

    fn time(&self, sample: &Sample) -> Duration {
        time_of(sample.at, self.lines[sample.track].coding)
    }

    /// Waits until a frame is due; whether it is still to be sent.
    async fn wait(&mut self, sample: &Sample) -> Result<bool> {
        let at = self.time(sample);
        loop {
            let wish = *self.wishes.borrow_and_update();
            if let Some((number, place)) = wish.place
                && number != self.place
            {
                self.place = number;
                self.go(place).await?;
                return Ok(false);
            }
            if wish.is_paused {
                if self.wishes.changed().await.is_err() {
                    // Nobody is there to let it go on.
                    std::future::pending::<()>().await;
                }
                self.clock.set(at, Instant::now());
                continue;
            }
            let (now, due) = (Instant::now(), self.clock.due(at));
            if due <= now {
                if now - due > LATE_MAX {
                    self.clock.set(at, now);
                }
                self.note_position(at);
                return Ok(true);
            }
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                changed = self.wishes.changed() => if changed.is_err() {
                    tokio::time::sleep_until(due.into()).await;
                }
            }
        }
    }

    async fn send(&mut self, sample: Sample) {
        let due = self.clock.due(self.time(&sample));
        self.send_at(sample, due).await;
    }

    /// The packets of a frame whose time is `due`; how many.
    async fn send_at(&mut self, sample: Sample, due: Instant) -> usize {
        let since = due.saturating_duration_since(self.clock.begun);
        let line = &mut self.lines[sample.track];
        let Some(out) = line.out.clone() else { return 0 };
        let ticks = line.ticks(since, &sample);
        let payloads = line.packetizer.payloads(&sample.data, sample.is_key);
        let count = payloads.len();
        for (index, payload) in payloads.into_iter().enumerate() {
            let mut packet = Packet::default();
            packet.header.version = 2;
            packet.header.ssrc = line.ssrc;
            packet.header.sequence_number = line.sequence;
            packet.header.timestamp = line.base.wrapping_add(ticks as u32);
            packet.header.marker = line.coding != Coding::Opus && index + 1 == count;
            packet.payload = payload;
            line.sequence = line.sequence.wrapping_add(1);
            if out.send(packet).await.is_err() {
                line.out = None;
                break;
            }
        }
        count
    }
}

impl Line {
    fn ticks(&mut self, since: Duration, sample: &Sample) -> u64 {
        let rate = u128::from(self.coding.rate());
        let told = ((since.as_nanos() * rate + 500_000_000) / 1_000_000_000) as u64;
        if self.coding != Coding::Opus {
            return told;
        }
        let ticks = self.end.filter(|end| end.abs_diff(told) <= ROUNDED).unwrap_or(told);
        self.end = Some(ticks + opus_ticks(&sample.data));
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::read::Content;
    use crate::rtc::record::container::{Container, Frame, Matroska};

    /// Seconds of video and sound, a keyframe each second.
    fn file(seconds: u64) -> Content {
        let mut file = Matroska::new();
        for coding in [Coding::Vp8, Coding::Opus] {
            let (name, setup) = (String::new(), Vec::new());
            file.add(Track { coding, name, size: (64, 64), setup }).expect("room");
        }
        let mut bytes = Vec::new();
        for ms in 0..seconds * 1_000 {
            if ms.is_multiple_of(40) {
                let is_key = ms.is_multiple_of(1_000);
                file.push(
                    0,
                    Frame { at: ms * 90, is_key, data: vec![!u8::from(is_key) & 1; 2_000] },
                );
            }
            if ms.is_multiple_of(20) {
                file.push(1, Frame { at: ms * 48, is_key: true, data: vec![0xfc; 50] });
            }
            if ms % 1_000 == 999 {
                let written = file.flush();
                bytes.splice(..0, written.head.unwrap_or_default());
                bytes.extend_from_slice(&written.piece);
            }
        }
        Content::of_bytes(bytes.into())
    }

    struct Played {
        wishes: watch::Sender<Wish>,
        video: Incoming,
        audio: Incoming,
        playing: tokio::task::JoinHandle<Result<Ending>>,
        stop: CancellationToken,
    }

    async fn playing(seconds: u64, from: Duration) -> Played {
        let demuxer = Demuxer::open(file(seconds)).await.expect("a file");
        let (wishes, wished) = watch::channel(Wish::default());
        let stop = CancellationToken::new();
        let mut player = Player::new(demuxer, wished, stop.clone(), Arc::default());
        let (video, audio) = (player.incoming(0, "v"), player.incoming(1, "a"));
        let playing = tokio::spawn(player.run(from));
        Played { wishes, video, audio, playing, stop }
    }

    async fn all_of(incoming: &mut Incoming) -> Vec<Packet> {
        let mut all = Vec::new();
        while let Some(packet) = incoming.recv().await {
            all.push(packet);
        }
        all
    }

    fn check(packets: &[Packet], most: u32) {
        let numbers = |pair: &[Packet]| {
            let [one, other] = pair else { panic!("a pair") };
            let number = other.header.sequence_number.wrapping_sub(one.header.sequence_number);
            (number, other.header.timestamp.wrapping_sub(one.header.timestamp))
        };
        for pair in packets.windows(2) {
            let (number, time) = numbers(pair);
            assert!(number == 1 && time <= most, "{number} {time}");
        }
    }

    #[tokio::test]
    async fn it_plays_as_fast_as_it_was_recorded_and_ends() {
        let begun = Instant::now();
        let mut played = playing(2, Duration::ZERO).await;
        let (video, audio) = tokio::join!(all_of(&mut played.video), all_of(&mut played.audio));
        assert!(begun.elapsed() >= Duration::from_millis(1_960));
        assert_eq!((video.len(), audio.len()), (50 * 2, 100));
        check(&video, 3_600);
        check(&audio, 960);
        let length = |packets: &[Packet]| {
            let ends = [0, packets.len() - 1].map(|at| packets[at].header.timestamp);
            ends[1].wrapping_sub(ends[0])
        };
        assert_eq!((length(&video), length(&audio)), (1_960 * 90, 1_980 * 48));
        assert_eq!(played.playing.await.expect("it ends").expect("no error"), Ending::Over);
    }

    #[tokio::test]
    async fn from_a_place_on_what_is_needed_of_before_comes_at_once() {
        let mut played = playing(3, Duration::from_millis(2_500)).await;
        let (video, audio) = tokio::join!(all_of(&mut played.video), all_of(&mut played.audio));
        // From the keyframe at 2,000 ms on; the sound from the place.
        assert_eq!((video.len(), audio.len()), (25 * 2, 25));
        assert_eq!(video[0].payload[1] & 1, 0, "a keyframe");
        check(&video, 3_600);
        let early = video[0].header.timestamp;
        assert_eq!(video[26].header.timestamp.wrapping_sub(early), 13 * 9 + 20 * 90, "13 steps");
    }

    #[tokio::test]
    async fn it_stops_pauses_and_goes_elsewhere() {
        let mut played = playing(60, Duration::ZERO).await;
        let first = played.video.recv().await.expect("a packet");
        let paused = Wish { is_paused: true, place: None };
        played.wishes.send_replace(paused);
        // What was under way comes, and then nothing.
        let silent = async {
            while tokio::time::timeout(Duration::from_millis(200), played.video.recv())
                .await
                .is_ok()
            {}
        };
        silent.await;
        let place = Some((1, Duration::from_secs(50)));
        played.wishes.send_replace(Wish { is_paused: false, place });
        let next = played.video.recv().await.expect("a packet");
        assert_eq!(next.payload[1] & 1, 0, "a keyframe");
        let passed = next.header.timestamp.wrapping_sub(first.header.timestamp);
        assert!(passed < 10 * 90_000, "{passed}: as much as has passed here");
        drop(played.audio);
        played.stop.cancel();
        assert_eq!(played.playing.await.expect("it ends").expect("no error"), Ending::Stopped);
        assert!(all_of(&mut played.video).await.len() < 1_000);
    }

    #[tokio::test]
    async fn it_ends_when_nobody_takes_it() {
        let played = playing(60, Duration::ZERO).await;
        drop((played.video, played.audio));
        assert_eq!(played.playing.await.expect("it ends").expect("no error"), Ending::Unheard);
    }
}
