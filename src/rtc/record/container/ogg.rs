//! Ogg with Opus.
//!
//! ```text
//! OggS 0 flags granule serial sequence crc segments, their lengths, their bytes
//! page 0: OpusHead   page 1: OpusTags   then packets, and at last a page of none, which ends it
//! ```
//! The granule of a page is the time at which its last packet ends. A page ends, too, where
//! the next packet does not follow at once (silence that was not sent, packets that were
//! lost), so that the time of each can be told.

use std::fs::File;
use std::io;

use super::{Container, Frame, Kept, Track, Written, read_at};

const SEGMENTS_MAX: usize = 255;
const HEAD_BYTES: usize = 27;
const BEGINS: u8 = 2;
const ENDS: u8 = 4;

pub struct Ogg {
    serial: u32,
    sequence: u32,
    /// When the last packet ends.
    end: u64,
    page: Page,
    done: Vec<u8>,
}

/// A page that is being filled.
#[derive(Default)]
struct Page {
    segments: Vec<u8>,
    bytes: Vec<u8>,
}

/// How long an Opus packet lasts, in ticks, by its first two bytes (RFC 6716, 3.1 and 3.2).
pub fn opus_ticks(packet: &[u8]) -> u64 {
    let Some(&toc) = packet.first() else { return 0 };
    let tenths_ms: [u64; 4] = match toc >> 3 {
        0..=11 => [100, 200, 400, 600],
        12..=15 => [100, 200, 100, 200],
        _ => [25, 50, 100, 200],
    };
    let frame = tenths_ms[usize::from(toc >> 3) % 4] * 48 / 10;
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |byte| u64::from(byte & 0x3f)),
    };
    frame * count
}

impl Ogg {
    pub fn new(serial: u32) -> Ogg {
        let mut ogg = Ogg { serial, sequence: 0, end: 0, page: Page::default(), done: Vec::new() };
        let mut head = b"OpusHead\x01\x02".to_vec();
        // Nothing is to be skipped; the rate that it came from; no gain; one stream.
        head.extend_from_slice(&[0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0]);
        ogg.put_packet(&head);
        ogg.end_page(BEGINS);
        let vendor = b"zserver";
        let mut tags = b"OpusTags".to_vec();
        tags.extend_from_slice(&(vendor.len() as u32).to_le_bytes());
        tags.extend_from_slice(vendor);
        tags.extend_from_slice(&[0; 4]);
        ogg.put_packet(&tags);
        ogg.end_page(0);
        ogg
    }

    fn put_packet(&mut self, packet: &[u8]) {
        self.page.segments.extend(std::iter::repeat_n(255, packet.len() / 255));
        self.page.segments.push((packet.len() % 255) as u8);
        self.page.bytes.extend_from_slice(packet);
    }

    fn end_page(&mut self, flags: u8) {
        let page = std::mem::take(&mut self.page);
        let bytes = page_of(flags, self.end, self.serial, self.sequence, &page);
        self.done.extend_from_slice(&bytes);
        self.sequence += 1;
    }

    fn end_begun_page(&mut self) {
        if !self.page.segments.is_empty() {
            self.end_page(0);
        }
    }
}

fn page_of(flags: u8, granule: u64, serial: u32, sequence: u32, page: &Page) -> Vec<u8> {
    let mut bytes = b"OggS\0".to_vec();
    bytes.push(flags);
    bytes.extend_from_slice(&granule.to_le_bytes());
    bytes.extend_from_slice(&serial.to_le_bytes());
    bytes.extend_from_slice(&sequence.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.push(page.segments.len() as u8);
    bytes.extend_from_slice(&page.segments);
    bytes.extend_from_slice(&page.bytes);
    let crc = crc(&bytes);
    bytes[22..26].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// CRC-32 with the polynomial 04c11db7, from zero, not reflected.
fn crc(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut value = (index as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                value = if value >> 31 == 1 { value << 1 ^ 0x04c1_1db7 } else { value << 1 };
                bit += 1;
            }
            table[index] = value;
            index += 1;
        }
        table
    };
    bytes.iter().fold(0, |crc, byte| crc << 8 ^ TABLE[((crc >> 24) as u8 ^ byte) as usize])
}

impl Container for Ogg {
    fn add(&mut self, _: Track) -> Result<usize, &'static str> {
        Ok(0)
    }

    fn push(&mut self, _: usize, frame: Frame) {
        let needed = frame.data.len() / 255 + 1;
        if frame.data.is_empty() || needed > SEGMENTS_MAX {
            return;
        }
        // Clocks of senders are not exact to the tick.
        if frame.at.abs_diff(self.end) > 48 || self.page.segments.len() + needed > SEGMENTS_MAX {
            self.end_begun_page();
        }
        if self.page.segments.is_empty() {
            self.end = frame.at.max(self.end);
        }
        self.put_packet(&frame.data);
        self.end += opus_ticks(&frame.data);
    }

    fn flush(&mut self) -> Written {
        self.end_begun_page();
        Written { piece: std::mem::take(&mut self.done), head: None }
    }

    fn finish(&mut self) -> Written {
        self.end_begun_page();
        self.end_page(ENDS);
        Written { piece: std::mem::take(&mut self.done), head: None }
    }
}

/// Whole pages, and one that ends the stream.
pub fn repair(file: &File, length: u64) -> io::Result<Kept> {
    let (mut at, mut last) = (0, None);
    while at < length {
        let Some(head) = read_at(file, at, HEAD_BYTES)? else { break };
        if !head.starts_with(b"OggS") {
            break;
        }
        let count = usize::from(head[26]);
        let Some(segments) = read_at(file, at + HEAD_BYTES as u64, count)? else { break };
        let body: usize = segments.iter().map(|segment| usize::from(*segment)).sum();
        let size = HEAD_BYTES + count + body;
        let Some(mut page) = read_at(file, at, size)? else { break };
        let told = number(&page[22..26]);
        page[22..26].fill(0);
        if crc(&page) != told {
            break;
        }
        at += size as u64;
        last = Some(head);
    }
    let Some(last) = last.filter(|_| at > 0) else { return Ok(Kept::default()) };
    if last[5] & ENDS != 0 {
        return Ok(Kept { whole: at, ..Kept::default() });
    }
    let granule = u64::from(number(&last[6..10])) | u64::from(number(&last[10..14])) << 32;
    let (serial, sequence) = (number(&last[14..18]), number(&last[18..22]));
    let tail = page_of(ENDS, granule, serial, sequence + 1, &Page::default());
    Ok(Kept { whole: at, tail, patches: Vec::new() })
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        // The first page of a file of opusenc's would do as well: this is from RFC 3533's code.
        assert_eq!(crc(b"123456789"), 0x89a1_897f);
        assert_eq!(crc(b""), 0);
    }

    #[test]
    fn packets_tell_how_long_they_last() {
        assert_eq!(opus_ticks(&[0xfc]), 960, "CELT, 20 ms, one frame");
        assert_eq!(opus_ticks(&[0x79]), 2 * 960, "hybrid, 20 ms, two frames");
        assert_eq!(opus_ticks(&[0x03, 3]), 3 * 480, "SILK, 10 ms, three frames");
        assert_eq!(opus_ticks(&[]), 0);
    }

    #[test]
    fn a_file_that_was_cut_ends_with_its_last_whole_page() {
        let mut ogg = Ogg::new(7);
        for at in 0..100 {
            ogg.push(0, Frame { at: at * 960, is_key: true, data: vec![0xfc, 1, 2] });
            if at == 49 {
                ogg.end_begun_page();
            }
        }
        let whole = ogg.flush().piece;
        let mut last = Ogg::new(7);
        for at in 0..50 {
            last.push(0, Frame { at: at * 960, is_key: true, data: vec![0xfc, 1, 2] });
        }
        let half = last.flush().piece;
        assert!(whole.starts_with(&half));
        let path = std::env::temp_dir().join(format!("ogg-{}", std::process::id()));
        std::fs::write(&path, &whole[..whole.len() - 1]).expect("written");
        let file = File::options().read(true).write(true).open(&path).expect("a file");
        super::super::repair(&file, super::super::Form::Ogg).expect("repaired");
        let repaired = std::fs::read(&path).expect("read");
        let mut expected = half;
        expected.extend_from_slice(&last.finish().piece);
        assert_eq!(repaired, expected);
        super::super::repair(&file, super::super::Form::Ogg).expect("again");
        assert_eq!(std::fs::read(&path).expect("read"), expected);
        std::fs::remove_file(path).expect("removed");
    }
}
