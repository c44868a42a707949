//! Peers that send and hear streams, all at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use str0m::Event;
use str0m::media::{Mid, Pt};
use str0m::rtp::{ExtensionValues, RtpWrite};

use crate::Outcome;
use crate::peer::{Ear, Peer};
use crate::stream::{Heard, ticks};

/// How often a peer that hears nothing looks how far it is.
const LOOK: Duration = Duration::from_millis(250);

/// How long after the last packet was sent packets still come.
const REST: Duration = Duration::from_millis(800);

/// Packets of a stream that may be asked for again, and for how long.
const SENT_KEPT: usize = 2_000;
const SENT_KEPT_FOR: Duration = Duration::from_secs(3);

const MEASURE: u8 = 1;
const QUIET: u8 = 2;
const OVER: u8 = 3;

/// How far it all is.
#[derive(Clone, Default)]
pub struct Phase(Arc<AtomicU8>);

impl Phase {
    fn now(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// What comes counts for so long; `measure` is called when that begins and when it ends.
    pub async fn run<T>(
        &self,
        (warm, time): (Duration, Duration),
        measure: impl Fn() -> Outcome<T>,
    ) -> Outcome<(T, T, Duration)> {
        tokio::time::sleep(warm).await;
        let (begun, before) = (Instant::now(), measure()?);
        self.0.store(MEASURE, Ordering::Relaxed);
        tokio::time::sleep(time).await;
        self.0.store(QUIET, Ordering::Relaxed);
        let (took, after) = (begun.elapsed(), measure()?);
        tokio::time::sleep(REST).await;
        self.0.store(OVER, Ordering::Relaxed);
        Ok((before, after, took))
    }
}

/// A stream that a peer sends: so many packets every so often.
pub struct Voice {
    pub mid: Mid,
    pub payload_type: Pt,
    pub every: Duration,
    pub packets: u64,
    pub bytes: usize,
    pub is_video: bool,
    /// When in the interval.
    pub offset: Duration,
    number: u64,
    wants_keyframe: bool,
}

impl Voice {
    pub fn new(mid: Mid, payload_type: Pt, every: Duration, packets: u64, bytes: usize) -> Voice {
        Voice {
            mid,
            payload_type,
            every,
            packets,
            bytes,
            is_video: false,
            offset: Duration::ZERO,
            number: 1_000,
            wants_keyframe: true,
        }
    }

    /// Sends what is due now.
    pub fn speak(&mut self, peer: &mut Peer, ear: Ear) -> Outcome<()> {
        let time = ticks(ear.epoch, ear.clock_rate);
        for at in 0..self.packets {
            let mut payload = vec![0x5A; self.bytes];
            // VP8: a descriptor that says whether a frame begins, and a frame's header.
            payload[0] = if at == 0 { 0x10 } else { 0 };
            payload[1] = u8::from(at != 0 || !self.wants_keyframe);
            let mut direct = peer.rtc.direct_api();
            let stream = direct.stream_tx_by_mid(self.mid, None).ok_or("no stream")?;
            if self.number == 1_000 && self.is_video {
                stream.set_rtx_cache(SENT_KEPT, SENT_KEPT_FOR, None);
            }
            self.number += 1;
            let number = self.number.into();
            let write = RtpWrite::new(self.payload_type, number, time, Instant::now(), payload);
            let write = write.marker(at + 1 == self.packets).nackable(self.is_video);
            let write = match self.is_video {
                true => write,
                false => write.ext_vals(ExtensionValues {
                    audio_level: Some(-20),
                    voice_activity: Some(true),
                    ..ExtensionValues::default()
                }),
            };
            stream.write_rtp(write);
            peer.flush()?;
        }
        self.wants_keyframe = false;
        Ok(())
    }
}

/// Hears, and speaks if it has a voice, until it is over.
pub async fn perform(
    mut peer: Peer,
    mut voice: Option<Voice>,
    ear: Ear,
    phase: Phase,
) -> Outcome<Heard> {
    let mut next = Instant::now() + voice.as_ref().map_or(LOOK, |voice| voice.offset);
    let mut has_begun = false;
    loop {
        let now = phase.now();
        if now == OVER {
            return Ok(peer.heard);
        }
        if now == MEASURE && !has_begun {
            has_begun = true;
            peer.heard.begin();
        }
        if Instant::now() >= next {
            match &mut voice {
                Some(voice) if now < QUIET => {
                    voice.speak(&mut peer, ear)?;
                    next += voice.every;
                }
                _ => next = Instant::now() + LOOK,
            }
        }
        peer.turn(next).await?;
        while let Some(event) = peer.events.pop_front() {
            if let (Event::KeyframeRequest(_), Some(voice)) = (event, &mut voice) {
                voice.wants_keyframe = true;
            }
        }
    }
}
