//! Address to text.

use super::{Inet, mask};
use crate::sql::types::{Oid, oid};

/// A run of zero groups: where it starts and how long it is.
type Run = (usize, usize);

impl Inet {
    /// As the type prints: a `cidr` always has its mask, an `inet` unless it is a host's.
    pub fn write(&self, type_oid: Oid, out: &mut Vec<u8>) {
        self.write_host(out);
        if type_oid == oid::CIDR || self.bits != self.bits_max() {
            out.extend_from_slice(format!("/{}", self.bits).as_bytes());
        }
    }

    /// The address without its mask.
    pub fn write_host(&self, out: &mut Vec<u8>) {
        if self.v6 {
            out.extend_from_slice(v6(self.groups()).as_bytes());
        } else {
            out.extend_from_slice(dotted(&self.octets()[..4]).as_bytes());
        }
    }

    /// A `cidr` with the octets that its mask covers only.
    pub fn abbreviated(&self) -> String {
        let shown = if self.v6 { self.abbreviated_v6() } else { self.abbreviated_v4() };
        format!("{shown}/{}", self.bits)
    }

    fn octets(&self) -> [u8; 16] {
        self.address.to_be_bytes()
    }

    fn groups(&self) -> [u16; 8] {
        let octets = self.octets();
        std::array::from_fn(|n| u16::from_be_bytes([octets[2 * n], octets[2 * n + 1]]))
    }

    fn abbreviated_v4(&self) -> String {
        match self.bits {
            0 => "0".to_owned(),
            bits => dotted(&self.network().octets()[..usize::from(bits).div_ceil(8)]),
        }
    }

    fn abbreviated_v6(&self) -> String {
        if self.bits == 0 {
            return "::".to_owned();
        }
        let count = usize::from(self.bits).div_ceil(16).max(2);
        let network = Inet { address: self.address & mask(self.bits), ..*self };
        let (octets, groups) = (network.octets(), network.groups());
        let (start, length) = longest_run_accumulated(&groups[..count]);
        let mapped = length != count
            && start == 0
            && (length == 6
                || (length == 5 && groups[5] == 0xffff)
                || (length == 7 && octets[14] != 0 && octets[15] != 1));
        let mut out = String::new();
        for (n, group) in groups[..count].iter().enumerate() {
            if (start..start + length).contains(&n) {
                if n == start {
                    out.push(':');
                }
                if n == count - 1 {
                    out.push(':');
                }
            } else if mapped && n > 5 {
                out.push(if n == 6 { ':' } else { '.' });
                // The mask may leave out the last octet.
                let last = if n != 7 || self.bits > 120 { 2 * n + 2 } else { 2 * n + 1 };
                out.push_str(&dotted(&octets[2 * n..last]));
            } else {
                if !out.is_empty() {
                    out.push(':');
                }
                out.push_str(&format!("{group:x}"));
            }
        }
        out
    }
}

fn dotted(octets: &[u8]) -> String {
    octets.iter().map(u8::to_string).collect::<Vec<_>>().join(".")
}

fn v6(groups: [u16; 8]) -> String {
    let run = longest_run(&groups);
    let mapped = match run {
        Some((0, 6)) => true,
        Some((0, 7)) => groups[7] != 1,
        Some((0, 5)) => groups[5] == 0xffff,
        _ => false,
    };
    let (start, length) = run.unwrap_or((8, 0));
    let mut out = String::new();
    for (n, group) in groups.iter().enumerate() {
        if (start..start + length).contains(&n) {
            if n == start {
                out.push(':');
            }
            continue;
        }
        if n > 0 {
            out.push(':');
        }
        if n == 6 && mapped {
            let octets = [groups[6].to_be_bytes(), groups[7].to_be_bytes()].concat();
            out.push_str(&dotted(&octets));
            return out;
        }
        out.push_str(&format!("{group:x}"));
    }
    if start + length == 8 && length > 0 {
        out.push(':');
    }
    out
}

/// The first longest run of two zero groups or more.
fn longest_run(groups: &[u16]) -> Option<Run> {
    let mut best: Option<Run> = None;
    let mut at = 0;
    while at < groups.len() {
        let length = groups[at..].iter().take_while(|group| **group == 0).count();
        if length > best.map_or(1, |(_, length)| length) {
            best = Some((at, length));
        }
        at += length.max(1);
    }
    best
}

/// The run of zeros that an abbreviation leaves out. As PostgreSQL has it, a run
/// that is no longer than the best is not forgotten: zeros after it add to it.
fn longest_run_accumulated(groups: &[u16]) -> Run {
    let (mut best, mut run) = ((0, 0), (0, 0));
    for (n, group) in groups.iter().enumerate() {
        if *group == 0 {
            if run.1 == 0 {
                run.0 = n;
            }
            run.1 += 1;
        } else if run.1 > best.1 {
            best = run;
            run.1 = 0;
        }
    }
    if run.1 > best.1 { run } else { best }
}
