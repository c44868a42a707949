//! What goes over the wire, counted and overheard.
//!
//! The library does not count what receivers report, and hands their wishes to one track of
//! a compound packet. So a tap nearest to the wire reads every packet itself: it counts each
//! stream's packets, takes loss and jitter from report blocks, and tells a stream's sender
//! what its receiver asks for ([`Feedback`]).
//!
//! The round trip is that of a sender report: the receiver repeats its time (LSR) and says
//! how long it kept it (DLSR); the time that it was sent at is remembered here, so no clock
//! but ours is read (RFC 3550, 6.4.1).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rtc::interceptor::{
    BandwidthEstimator, Gcc, Interceptor, Packet, PacketReport, StreamInfo, TaggedPacket,
};
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtc::sansio::Protocol;
use tokio::sync::mpsc;

use super::repair::Repair;
use super::{Direction, Feedback, Kind, StreamStatistics};

/// Sender reports of a stream whose answers are waited for.
const REPORTS_REMEMBERED: usize = 8;

/// Bytes of an RTP header without its extensions.
const HEADER_BYTES: u64 = 12;

/// Bits per second that an estimate starts from.
const INITIAL_BITRATE: f64 = 1_000_000.0;
const BITRATE_MIN: f64 = 50_000.0;
const BITRATE_MAX: f64 = 100_000_000.0;

/// The streams of one connection.
#[derive(Default)]
pub struct Taps {
    streams: Mutex<HashMap<u32, Stream>>,
    /// Bits per second; 0 while nothing is known.
    estimated: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
}

struct Stream {
    statistics: StreamStatistics,
    clock_rate: u32,
    /// The middle of the NTP time of sender reports, and when they were sent.
    sent_reports: VecDeque<(u32, Instant)>,
    /// The highest number that a report was about, counted on beyond 16 bits.
    reported: Option<u32>,
    feedback: Option<mpsc::Sender<Feedback>>,
}

impl Taps {
    /// Where the sender of a stream hears of its receiver.
    pub fn listen(&self, ssrc: u32, kind: Kind, clock_rate: u32, to: mpsc::Sender<Feedback>) {
        let mut streams = self.streams.lock();
        let stream = streams
            .entry(ssrc)
            .or_insert_with(|| Stream::new(ssrc, Direction::Out, kind, clock_rate));
        stream.feedback = Some(to);
    }

    pub fn forget(&self, ssrc: u32) {
        self.streams.lock().remove(&ssrc);
    }

    pub fn streams(&self) -> Vec<StreamStatistics> {
        self.streams.lock().values().map(|stream| stream.statistics.clone()).collect()
    }

    /// What the receiver lets us send, in bits per second.
    pub fn send_bitrate(&self) -> Option<u64> {
        Some(self.estimated.load(Ordering::Relaxed)).filter(|bitrate| *bitrate > 0)
    }

    pub fn bytes(&self) -> (u64, u64) {
        (self.bytes_sent.load(Ordering::Relaxed), self.bytes_received.load(Ordering::Relaxed))
    }

    fn bind(&self, info: &StreamInfo, direction: Direction) {
        let kind = match info.mime_type.starts_with("audio") {
            true => Kind::Audio,
            false => Kind::Video,
        };
        let mut streams = self.streams.lock();
        streams
            .entry(info.ssrc)
            .or_insert_with(|| Stream::new(info.ssrc, direction, kind, info.clock_rate));
    }

    fn count(&self, packet: &rtc::rtp::Packet, direction: Direction) {
        let bytes = packet.payload.len() as u64 + HEADER_BYTES;
        let total = match direction {
            Direction::In => &self.bytes_received,
            Direction::Out => &self.bytes_sent,
        };
        total.fetch_add(bytes, Ordering::Relaxed);
        if let Some(stream) = self.streams.lock().get_mut(&packet.header.ssrc) {
            stream.statistics.packets += 1;
            stream.statistics.bytes += bytes;
        }
    }

    fn with(&self, ssrc: u32, change: impl FnOnce(&mut Stream)) {
        if let Some(stream) = self.streams.lock().get_mut(&ssrc) {
            change(stream);
        }
    }

    /// What a receiver, the remote or we, says of a stream.
    fn overhear(&self, packet: &dyn rtc::rtcp::Packet) {
        let packet = packet.as_any();
        if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
            self.note_blocks(&report.reports);
        } else if let Some(report) = packet.downcast_ref::<SenderReport>() {
            self.note_blocks(&report.reports);
        } else if let Some(wish) = packet.downcast_ref::<PictureLossIndication>() {
            self.with(wish.media_ssrc, Stream::note_keyframe_request);
        } else if let Some(wish) = packet.downcast_ref::<FullIntraRequest>() {
            for entry in &wish.fir {
                self.with(entry.ssrc, Stream::note_keyframe_request);
            }
        } else if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
            let count = nack.nacks.iter().map(|pair| 1 + u64::from(pair.lost_packets.count_ones()));
            let count = count.sum::<u64>();
            self.with(nack.media_ssrc, |stream| stream.statistics.nacks += count);
        } else if let Some(remb) = packet.downcast_ref::<ReceiverEstimatedMaximumBitrate>() {
            self.note_bitrate(remb.bitrate as u64, &remb.ssrcs);
        }
    }

    fn note_blocks(&self, blocks: &[ReceptionReport]) {
        for block in blocks {
            self.with(block.ssrc, |stream| stream.note_block(block));
        }
    }

    fn note_bitrate(&self, bitrate: u64, ssrcs: &[u32]) {
        self.estimated.store(bitrate, Ordering::Relaxed);
        for ssrc in ssrcs {
            self.with(*ssrc, |stream| stream.tell(Feedback::Bitrate(bitrate)));
        }
    }

    /// A sender report of ours.
    fn note_sent(&self, packet: &dyn rtc::rtcp::Packet, now: Instant) {
        if let Some(report) = packet.as_any().downcast_ref::<SenderReport>() {
            let middle = (report.ntp_time >> 16) as u32;
            self.with(report.ssrc, |stream| {
                stream.sent_reports.truncate(REPORTS_REMEMBERED - 1);
                stream.sent_reports.push_front((middle, now));
            });
        }
    }
}

impl Stream {
    fn new(ssrc: u32, direction: Direction, kind: Kind, clock_rate: u32) -> Stream {
        let statistics = StreamStatistics {
            ssrc,
            direction,
            kind,
            packets: 0,
            bytes: 0,
            lost: 0,
            expected: 0,
            fraction_lost: 0.0,
            jitter: Duration::ZERO,
            round_trip: None,
            nacks: 0,
            keyframe_requests: 0,
        };
        let sent_reports = VecDeque::new();
        Stream { statistics, clock_rate, sent_reports, reported: None, feedback: None }
    }

    fn tell(&self, feedback: Feedback) {
        if let Some(to) = &self.feedback {
            // Who does not listen misses it; the receiver asks again.
            let _ = to.try_send(feedback);
        }
    }

    fn note_keyframe_request(&mut self) {
        self.statistics.keyframe_requests += 1;
        self.tell(Feedback::Keyframe);
    }

    fn note_block(&mut self, block: &ReceptionReport) {
        let rate = f64::from(self.clock_rate.max(1));
        let statistics = &mut self.statistics;
        // 24 bits with a sign: duplicates make it negative.
        statistics.lost = i64::from(((block.total_lost << 8) as i32) >> 8);
        let highest = block.last_sequence_number;
        // Where the first one began is not known: about what has passed here.
        let more = match self.reported.replace(highest) {
            None => statistics.packets.max(1),
            Some(before) => u64::from(highest.wrapping_sub(before).cast_signed().max(0) as u32),
        };
        statistics.expected += more;
        statistics.fraction_lost = f64::from(block.fraction_lost) / 256.0;
        statistics.jitter = Duration::from_secs_f64(f64::from(block.jitter) / rate);
        if let Some(sent) = sent_at(&self.sent_reports, block.last_sender_report) {
            let kept = Duration::from_secs_f64(f64::from(block.delay) / 65_536.0);
            statistics.round_trip = Some(sent.elapsed().saturating_sub(kept));
        }
        let report = Feedback::Report {
            fraction_lost: statistics.fraction_lost,
            jitter_ms: statistics.jitter.as_secs_f64() * 1_000.0,
            round_trip_ms: statistics.round_trip.map(|time| time.as_secs_f64() * 1_000.0),
        };
        self.tell(report);
    }
}

fn sent_at(reports: &VecDeque<(u32, Instant)>, middle: u32) -> Option<Instant> {
    reports.iter().find(|(sent, _)| *sent == middle && middle != 0).map(|(_, at)| *at)
}

/// Lets everything through; what is sent again becomes what was lost ([`Repair`]).
pub struct Tap {
    taps: Arc<Taps>,
    repair: Repair,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl Tap {
    pub fn new(taps: Arc<Taps>) -> Tap {
        Tap { taps, repair: Repair::default(), reads: VecDeque::new(), writes: VecDeque::new() }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Tap {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = rtc::shared::error::Error;
    type Time = Instant;

    fn handle_read(&mut self, mut tagged: TaggedPacket) -> Result<(), Self::Error> {
        match &mut tagged.message.packet {
            Packet::Rtp(packet) => {
                self.repair.take(packet);
                self.taps.count(packet, Direction::In);
            }
            Packet::Rtcp(packets) => {
                packets.iter().for_each(|packet| self.taps.overhear(packet.as_ref()));
            }
            _ => {}
        }
        self.reads.push_back(tagged);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, tagged: TaggedPacket) -> Result<(), Self::Error> {
        match &tagged.message.packet {
            Packet::Rtp(packet) => self.taps.count(packet, Direction::Out),
            Packet::Rtcp(packets) => packets.iter().for_each(|packet| {
                self.taps.overhear(packet.as_ref());
                self.taps.note_sent(packet.as_ref(), Instant::now());
            }),
            _ => {}
        }
        self.writes.push_back(tagged);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for Tap {
    fn bind_local_stream(&mut self, info: &StreamInfo) {
        self.taps.bind(info, Direction::Out);
    }

    fn unbind_local_stream(&mut self, info: &StreamInfo) {
        self.taps.forget(info.ssrc);
    }

    fn bind_remote_stream(&mut self, info: &StreamInfo) {
        self.repair.note(info);
        self.taps.bind(info, Direction::In);
    }

    fn unbind_remote_stream(&mut self, info: &StreamInfo) {
        self.repair.forget(info);
        self.taps.forget(info.ssrc);
    }
}

/// Google's congestion control over the receiver's TWCC, told to whoever looks.
pub struct Estimate {
    inner: Gcc,
    taps: Arc<Taps>,
}

impl Estimate {
    pub fn new(taps: Arc<Taps>) -> Estimate {
        Estimate { inner: Gcc::new(INITIAL_BITRATE, BITRATE_MIN, BITRATE_MAX), taps }
    }
}

impl BandwidthEstimator for Estimate {
    fn on_reports(&mut self, now: Instant, reports: &[PacketReport]) {
        self.inner.on_reports(now, reports);
        if !reports.is_empty() {
            self.taps.estimated.store(self.inner.target_bitrate() as u64, Ordering::Relaxed);
        }
    }

    fn target_bitrate(&self) -> f64 {
        self.inner.target_bitrate()
    }
}
