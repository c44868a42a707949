//! Packets of streams to a peer, which its connection takes all at once.
//!
//! The library takes one packet at a time from whoever sends, and looks at all its sockets,
//! timers and protocols after each. Here packets wait in a queue of the connection, which
//! [`Feed`], the interceptor nearest to the application, empties whenever the connection
//! has a turn: what gathers while it is at work goes out in one turn, and datagrams of one
//! length in one call of the system.
//! ```text
//! Sender ─ put ─▶ Outbox ─▶ Feed ─▶ the other interceptors ─▶ wire
//!    └─ RTCP without a report, if nobody has ─▶ driver ─▶ Feed, which drops it
//! ```
//! Such an RTCP packet, which is reserved and never sent, wakes the driver: no other call
//! of the library does that and nothing else.
//!
//! Invariants: what is put is sent in order, or the oldest of it lost where more than
//! `WAITING_MAX` wait; the driver has been woken, or is going to be, when anything waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use rtc::interceptor::{AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::sansio::Protocol;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;

use super::Error;
use super::track::Packet as Media;

/// Packets that wait for the connection: a second or so of several videos.
const WAITING_MAX: usize = 2_048;

pub struct Outbox {
    waiting: Mutex<VecDeque<Media>>,
    /// The driver is woken, and has not looked yet: nor does it before the connection stands.
    is_woken: AtomicBool,
    is_closed: AtomicBool,
}

impl Default for Outbox {
    fn default() -> Outbox {
        let is_woken = AtomicBool::new(true);
        Outbox { waiting: Mutex::default(), is_woken, is_closed: AtomicBool::new(false) }
    }
}

/// The driver is to be woken; dropped before that was done, it is for the next one to do.
struct Waking<'a>(&'a Outbox);

impl Drop for Waking<'_> {
    fn drop(&mut self) {
        self.0.is_woken.store(false, Ordering::Release);
    }
}

impl Outbox {
    /// Sends a packet of a track, as soon as the connection has a turn.
    pub async fn send(&self, packet: Media, track: &TrackLocalStaticRTP) -> Result<(), Error> {
        let Some(waking) = self.put(packet)? else { return Ok(()) };
        track.write_rtcp(Vec::new()).await.map_err(|_| Error::Closed)?;
        // It looks by itself, and says so.
        std::mem::forget(waking);
        Ok(())
    }

    /// Whether the driver is to be woken.
    fn put(&self, packet: Media) -> Result<Option<Waking<'_>>, Error> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        let mut waiting = self.waiting.lock();
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(packet);
        drop(waiting);
        // After the packet is there: who looks next sees it, or is woken.
        let was_woken = self.is_woken.swap(true, Ordering::AcqRel);
        Ok((!was_woken).then(|| Waking(self)))
    }

    /// Takes everything that waits, in place of what is given; whether anything may have.
    fn take(&self, emptied: &mut VecDeque<Media>) -> bool {
        let is_woken = self.is_woken.swap(false, Ordering::AcqRel);
        if is_woken {
            std::mem::swap(&mut *self.waiting.lock(), emptied);
        }
        is_woken
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.waiting.lock().clear();
    }
}

/// Gives what waits in the outbox to the connection.
pub struct Feed {
    outbox: Arc<Outbox>,
    /// Taken, and when.
    taken: VecDeque<Media>,
    at: Instant,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl Feed {
    pub fn new(outbox: Arc<Outbox>) -> Feed {
        let (reads, writes) = (VecDeque::new(), VecDeque::new());
        Feed { outbox, taken: VecDeque::new(), at: Instant::now(), reads, writes }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.outbox.close();
    }
}

/// What only wakes the driver.
fn is_nothing(packet: &Packet) -> bool {
    matches!(packet, Packet::Rtcp(reports) if reports.is_empty())
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Feed {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = rtc::shared::error::Error;
    type Time = Instant;

    fn handle_read(&mut self, tagged: TaggedPacket) -> Result<(), Self::Error> {
        self.reads.push_back(tagged);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, tagged: TaggedPacket) -> Result<(), Self::Error> {
        if !is_nothing(&tagged.message.packet) {
            self.writes.push_back(tagged);
        }
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        if let Some(passed) = self.writes.pop_front() {
            return Some(passed);
        }
        if self.taken.is_empty() && self.outbox.take(&mut self.taken) {
            self.at = Instant::now();
        }
        let packet = self.taken.pop_front()?;
        Some(TaggedPacket {
            now: self.at,
            transport: Default::default(),
            message: AttributedPacket::new(Packet::Rtp(packet)),
        })
    }

    fn close(&mut self) -> Result<(), Self::Error> {
        self.outbox.close();
        Ok(())
    }
}

impl Interceptor for Feed {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}

    fn unbind_local_stream(&mut self, _: &StreamInfo) {}

    fn bind_remote_stream(&mut self, _: &StreamInfo) {}

    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16) -> Media {
        let mut packet = Media::default();
        packet.header.sequence_number = sequence;
        packet
    }

    fn sent(feed: &mut Feed) -> Vec<u16> {
        let packets = std::iter::from_fn(|| feed.poll_write());
        packets
            .map(|tagged| match tagged.message.packet {
                Packet::Rtp(packet) => packet.header.sequence_number,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn what_waits_is_taken_at_once_and_wakes_once() {
        let outbox = Arc::<Outbox>::default();
        let mut feed = Feed::new(outbox.clone());
        let put = |sequence| {
            let waking = outbox.put(packet(sequence)).unwrap();
            waking.map(std::mem::forget).is_some()
        };
        assert!(!put(0), "it looks when the connection stands");
        assert_eq!(sent(&mut feed), [0_u16]);
        assert!(put(1));
        assert!(!put(2));
        let nothing = TaggedPacket {
            now: Instant::now(),
            transport: Default::default(),
            message: AttributedPacket::new(Packet::Rtcp(Vec::new())),
        };
        feed.handle_write(nothing).unwrap();
        assert_eq!(sent(&mut feed), [1_u16, 2]);
        assert!(put(3), "it is to be woken again");
        assert_eq!(sent(&mut feed), [3_u16]);
        assert!(sent(&mut feed).is_empty());
        // Whoever was to wake it has not.
        drop(outbox.put(packet(4)));
        assert!(put(5));
        assert_eq!(sent(&mut feed), [4_u16, 5]);
    }

    #[test]
    fn the_oldest_is_lost_of_too_much_and_nothing_is_taken_after_the_end() {
        let outbox = Arc::<Outbox>::default();
        let mut feed = Feed::new(outbox.clone());
        for sequence in 0..=WAITING_MAX as u16 {
            std::mem::forget(outbox.put(packet(sequence)));
        }
        let taken = sent(&mut feed);
        assert_eq!((taken.len(), taken[0]), (WAITING_MAX, 1));
        drop(feed);
        assert!(matches!(outbox.put(packet(1)), Err(Error::Closed)));
    }
}
