//! ASCII armor (RFC 4880, 6.2): base64 between two lines, with headers and a checksum.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{Error, Result};

const BEGIN: &str = "-----BEGIN PGP MESSAGE-----";
const END: &str = "-----END PGP MESSAGE-----";

/// Characters of base64 on one line.
const LINE: usize = 76;

/// Bytes as armor, with headers.
pub fn encode(data: &[u8], headers: &[(String, String)]) -> String {
    let mut text = format!("{BEGIN}\n");
    for (key, value) in headers {
        text.push_str(&format!("{key}: {value}\n"));
    }
    text.push('\n');
    let body = STANDARD.encode(data);
    for line in body.as_bytes().chunks(LINE) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    let sum = crc24(data).to_be_bytes();
    text.push_str(&format!("={}\n{END}\n", STANDARD.encode(&sum[1..])));
    text
}

/// The bytes of an armor.
pub fn decode(text: &str) -> Result<Vec<u8>> {
    let (_, body) = parts(text)?;
    let mut data = String::new();
    let mut sum = None;
    for line in body.lines().map(str::trim_end) {
        match line.strip_prefix('=') {
            Some(rest) if rest.len() == 4 => sum = Some(rest),
            _ => data.push_str(line),
        }
    }
    let data = STANDARD.decode(data.as_bytes()).map_err(|_| Error::CorruptArmor)?;
    if let Some(sum) = sum {
        let sum = STANDARD.decode(sum).map_err(|_| Error::CorruptArmor)?;
        if sum != crc24(&data).to_be_bytes()[1..] {
            return Err(Error::CorruptArmor);
        }
    }
    Ok(data)
}

/// The headers of an armor.
pub fn headers(text: &str) -> Result<Vec<(String, String)>> {
    let (headers, _) = parts(text)?;
    headers
        .lines()
        .map(|line| {
            let (key, value) =
                line.trim_end_matches('\r').split_once(": ").ok_or(Error::CorruptArmor)?;
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The headers and the body between the lines that begin and end an armor.
fn parts(text: &str) -> Result<(&str, &str)> {
    let text = text.trim_start_matches(|c| c != '-');
    let start = text.find("-----BEGIN").ok_or(Error::CorruptArmor)?;
    let rest = &text[start..];
    let (_, rest) = rest.split_once('\n').ok_or(Error::CorruptArmor)?;
    let end = rest.find("-----END").ok_or(Error::CorruptArmor)?;
    let inner = &rest[..end];
    // An empty line ends the headers.
    let mut at = 0;
    for line in inner.split_inclusive('\n') {
        if line.trim().is_empty() {
            return Ok((&inner[..at], &inner[at + line.len()..]));
        }
        if !line.contains(": ") {
            break;
        }
        at += line.len();
    }
    match at {
        0 => Ok(("", inner)),
        _ => Err(Error::CorruptArmor),
    }
}

fn crc24(data: &[u8]) -> u32 {
    let mut crc: u32 = 0x00b7_04ce;
    for byte in data {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    crc & 0x00ff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armor_comes_back() {
        let headers_in = [("Key".to_owned(), "a: b".to_owned())];
        for length in [0, 1, 56, 57, 58, 300] {
            let data = vec![7u8; length];
            let text = encode(&data, &headers_in);
            assert_eq!(decode(&text), Ok(data));
            assert_eq!(headers(&text), Ok(headers_in.to_vec()));
        }
        assert_eq!(decode("abc"), Err(Error::CorruptArmor));
        let broken = encode(b"data", &[]).replace("ZGF0YQ", "ZGF0YR");
        assert_eq!(decode(&broken), Err(Error::CorruptArmor));
    }
}
