//! Codes and characters, as PostgreSQL 15 converts them.
//!
//! `tables/single.txt` has a line for each encoding of one byte: the characters of the
//! bytes 128 to 255 in hexadecimal, `----` where there is none. An encoding of more
//! bytes has a file:
//!
//! ```text
//! a4 a1 ぁあぃ…     the codes a4a1, a4a2, a4a3…; U+FFFD is no character; `-` is no lead byte
//! < 81ca ￢         the code that the character is written with, if not its first
//! << 84 31 ㄱㄲ…    the same of the codes 8431, 8432…
//! > ＼              a character that is read only
//! = 81308130 80 36  so many codes of four bytes in their order (GB18030), from a character on
//! ```
//!
//! `compat/declarations/encodings.py` writes them.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Encoding;
use super::name::ENCODINGS;

const SINGLE: &str = include_str!("tables/single.txt");

/// A code in a table that is no character.
const HOLE: char = '\u{fffd}';

#[derive(Default)]
pub struct Table {
    characters: HashMap<u32, char>,
    codes: HashMap<char, u32>,
    /// Codes of four bytes and characters that follow each other alike, ascending by either.
    runs: Vec<Run>,
}

/// Codes by their number among all of four bytes.
#[derive(Clone, Copy)]
struct Run {
    number: u32,
    character: u32,
    count: u32,
}

/// The number of a code of four bytes of GB18030.
fn number_of(code: u32) -> u32 {
    let [a, b, c, d] = code.to_be_bytes().map(u32::from);
    let above = a.wrapping_sub(0x81).wrapping_mul(10).wrapping_add(b).wrapping_sub(0x30);
    let above = above.wrapping_mul(126).wrapping_add(c).wrapping_sub(0x81);
    above.wrapping_mul(10).wrapping_add(d).wrapping_sub(0x30)
}

fn code_of(number: u32) -> u32 {
    let (above, d) = (number / 10, number % 10 + 0x30);
    let (above, c) = (above / 126, above % 126 + 0x81);
    let (a, b) = (above / 10 + 0x81, above % 10 + 0x30);
    a << 24 | b << 16 | c << 8 | d
}

impl Run {
    fn has(&self, of: u32, start: u32) -> bool {
        of >= start && of - start < self.count
    }
}

impl Table {
    pub fn decode(&self, bytes: &[u8]) -> Option<char> {
        let code = bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte));
        if let Some(c) = self.characters.get(&code) {
            return Some(*c);
        }
        let number = number_of(code);
        let after = self.runs.partition_point(|run| run.number <= number);
        let run = self.runs[..after].last().filter(|run| run.has(number, run.number));
        run.filter(|_| bytes.len() == 4)
            .and_then(|run| char::from_u32(run.character + (number - run.number)))
    }

    pub fn encode(&self, c: char) -> Option<u32> {
        if let Some(code) = self.codes.get(&c) {
            return Some(*code);
        }
        let c = u32::from(c);
        let after = self.runs.partition_point(|run| run.character <= c);
        let run = self.runs[..after].last().filter(|run| run.has(c, run.character));
        run.map(|run| code_of(run.number + (c - run.character)))
    }

    #[cfg(test)]
    pub fn characters(&self) -> impl Iterator<Item = char> + '_ {
        self.codes.keys().copied()
    }

    /// Of the bytes 128 to 255, four digits each.
    fn single(digits: &str) -> Table {
        let mut table = Table::default();
        for code in 128..=255u32 {
            let at = (code as usize - 128) * 4;
            let number = digits.get(at..at + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            if let Some(c) = number.and_then(char::from_u32) {
                table.add(code, c);
            }
        }
        table
    }

    fn multiple(text: &str) -> Table {
        let mut table = Table::default();
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let rest = words.next().unwrap_or("");
            let hex = |digits: &str| u32::from_str_radix(digits, 16).unwrap_or(0);
            match first {
                "<" => rest.chars().for_each(|c| {
                    table.codes.insert(c, hex(second));
                }),
                "<<" => {
                    let (last, characters) = rest.split_once(' ').unwrap_or(("", ""));
                    let start = hex(second) << 8 | hex(last);
                    for (code, c) in (start..).zip(characters.chars()).filter(|(_, c)| *c != HOLE) {
                        table.codes.insert(c, code);
                    }
                }
                "=" => {
                    let (character, count) = rest.split_once(' ').unwrap_or(("", ""));
                    let (number, character) = (number_of(hex(second)), hex(character));
                    let count = count.parse().unwrap_or(0);
                    table.runs.push(Run { number, character, count });
                }
                ">" => second.chars().for_each(|c| {
                    table.codes.remove(&c);
                }),
                lead => {
                    let start = hex(lead.trim_start_matches('-')) << 8 | hex(second);
                    for (code, c) in (start..).zip(rest.chars()).filter(|(_, c)| *c != HOLE) {
                        table.add(code, c);
                    }
                }
            }
        }
        table
    }

    fn add(&mut self, code: u32, c: char) {
        self.characters.insert(code, c);
        self.codes.entry(c).or_insert(code);
    }
}

/// The table of an encoding, read when it is first asked for.
pub fn of(encoding: Encoding) -> Option<&'static Table> {
    static TABLES: [OnceLock<Option<Table>>; ENCODINGS.len()] =
        [const { OnceLock::new() }; ENCODINGS.len()];
    TABLES[usize::from(encoding.0)].get_or_init(|| read(encoding.name())).as_ref()
}

fn read(name: &str) -> Option<Table> {
    let file = match name {
        "EUC_JP" => include_str!("tables/euc_jp.txt"),
        "SJIS" => include_str!("tables/sjis.txt"),
        "EUC_KR" => include_str!("tables/euc_kr.txt"),
        "EUC_CN" => include_str!("tables/euc_cn.txt"),
        "UHC" => include_str!("tables/uhc.txt"),
        "GBK" => include_str!("tables/gbk.txt"),
        "BIG5" => include_str!("tables/big5.txt"),
        "EUC_TW" => include_str!("tables/euc_tw.txt"),
        "JOHAB" => include_str!("tables/johab.txt"),
        "GB18030" => include_str!("tables/gb18030.txt"),
        name => {
            let mut lines = SINGLE.lines().filter_map(|line| line.split_once(' '));
            return lines.find(|(of, _)| *of == name).map(|(_, digits)| Table::single(digits));
        }
    };
    Some(Table::multiple(file))
}
