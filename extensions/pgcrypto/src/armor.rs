//! ASCII armor (RFC 4880, 6.2): base64 between two lines, with headers and a checksum.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::{Error, Result};

const BEGIN: &str = "-----BEGIN PGP MESSAGE-----";
const END: &str = "-----END PGP MESSAGE-----";

/// Bits behind the last byte may be anything.
const ARMOR_BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

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
    let armor = Armor::find(text.as_bytes())?;
    // The last `=`, which may stand in the line that ends the armor.
    let sum = armor.to_end[armor.body_at..=armor.ends.min(armor.to_end.len() - 1)]
        .iter()
        .rposition(|byte| *byte == b'=')
        .map(|at| armor.body_at + at)
        .filter(|at| *at > armor.body_at)
        .ok_or(Error::CorruptArmor)?;
    let digits = armor.to_end.get(sum + 1..sum + 5).ok_or(Error::CorruptArmor)?;
    let wanted = decode_base64(digits)?;
    // What stands before `=` ends a line.
    let data = decode_base64(&armor.to_end[armor.body_at..sum - 1])?;
    match wanted.len() == 3 && wanted == crc24(&data).to_be_bytes()[1..] {
        true => Ok(data),
        false => Err(Error::CorruptArmor),
    }
}

/// The headers of an armor.
pub fn headers(text: &str) -> Result<Vec<(String, String)>> {
    let armor = Armor::find(text.as_bytes())?;
    let lines = String::from_utf8_lossy(&armor.to_end[..armor.body_at]);
    lines
        .split_terminator('\n')
        .map(|line| {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let (key, value) = line.split_once(": ").ok_or(Error::CorruptArmor)?;
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}

struct Armor<'a> {
    /// What follows the line that begins the armor.
    to_end: &'a [u8],
    /// Where the headers end, in it: at an empty line.
    body_at: usize,
    /// Where the line that ends the armor begins.
    ends: usize,
}

impl Armor<'_> {
    fn find(text: &[u8]) -> Result<Armor<'_>> {
        let (_, begins) = separator(text, b"-----BEGIN")?;
        let to_end = &text[begins..];
        let (ends, _) = separator(to_end, b"-----END")?;
        let mut body_at = 0;
        while body_at < ends && !matches!(to_end[body_at], b'\n' | b'\r') {
            let line = to_end[body_at..ends].iter().position(|byte| *byte == b'\n');
            body_at += line.ok_or(Error::CorruptArmor)? + 1;
        }
        Ok(Armor { to_end, body_at, ends })
    }
}

/// Where the first line that begins with some dashes and a word begins, and where the
/// next line does. The line ends with five dashes.
fn separator(text: &[u8], word: &[u8]) -> Result<(usize, usize)> {
    let is_one = |at: &usize| text[*at..].starts_with(word) && (*at == 0 || text[*at - 1] == b'\n');
    let begins = (0..text.len()).find(is_one).ok_or(Error::CorruptArmor)?;
    let mut at = begins + word.len();
    while at < text.len() && text[at] != b'-' {
        // No line ends here, nor anything else that is not shown.
        if text[at] < b' ' {
            return Err(Error::CorruptArmor);
        }
        at += 1;
    }
    if !text[at..].starts_with(b"-----") {
        return Err(Error::CorruptArmor);
    }
    at += 5;
    match text.get(at) {
        None | Some(b'\n' | b'\r') => {}
        Some(_) => return Err(Error::CorruptArmor),
    }
    for end in [b'\r', b'\n'] {
        at += usize::from(text.get(at) == Some(&end));
    }
    Ok((begins, at))
}

/// Base64 with blanks and line ends anywhere, in whole groups of four.
fn decode_base64(text: &[u8]) -> Result<Vec<u8>> {
    let digits: Vec<u8> =
        text.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).collect();
    ARMOR_BASE64.decode(digits).map_err(|_| Error::CorruptArmor)
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
        let broken = encode(b"data", &[]).replace("ZGF0YQ", "ZGF0YX");
        assert!(decode(&broken).is_ok());
        let broken = encode(b"data", &[]).replace("ZGF0YQ", "ZGF1YQ");
        assert_eq!(decode(&broken), Err(Error::CorruptArmor));
    }
}
