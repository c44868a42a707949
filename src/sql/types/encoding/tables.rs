//! Codes and characters, as PostgreSQL 15 converts them.
//!
//! `tables/single.txt` has a line for each encoding of one byte: the characters of the
//! bytes 128 to 255 in hexadecimal, `----` where there is none. An encoding of more
//! bytes has a file:
//!
//! ```text
//! a4 a1 ぁあぃ…     the codes a4a1, a4a2, a4a3…; U+FFFD is no character; `-` is no lead byte
//! < 81ca ￢         the code that the character is written with, if not its first
//! > ＼              a character that is read only
//! ```

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Encoding;
use super::name::ENCODINGS;

const SINGLE: &str = include_str!("tables/single.txt");

/// A code in a table that is no character.
const HOLE: char = '\u{fffd}';

pub struct Table {
    characters: HashMap<u32, char>,
    codes: HashMap<char, u32>,
}

impl Table {
    pub fn decode(&self, bytes: &[u8]) -> Option<char> {
        let code = bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte));
        self.characters.get(&code).copied()
    }

    pub fn encode(&self, c: char) -> Option<u32> {
        self.codes.get(&c).copied()
    }

    #[cfg(test)]
    pub fn characters(&self) -> impl Iterator<Item = char> + '_ {
        self.codes.keys().copied()
    }

    /// Of the bytes 128 to 255, four digits each.
    fn single(digits: &str) -> Table {
        let mut table = Table { characters: HashMap::new(), codes: HashMap::new() };
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
        let mut table = Table { characters: HashMap::new(), codes: HashMap::new() };
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let rest = words.next().unwrap_or("");
            let hex = |digits: &str| u32::from_str_radix(digits, 16).unwrap_or(0);
            match first {
                "<" => rest.chars().for_each(|c| {
                    table.codes.insert(c, hex(second));
                }),
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
        name => {
            let mut lines = SINGLE.lines().filter_map(|line| line.split_once(' '));
            return lines.find(|(of, _)| *of == name).map(|(_, digits)| Table::single(digits));
        }
    };
    Some(Table::multiple(file))
}
