//! Which names a bucket and a file may have.
//!
//! Names never become paths here, but they do on the machines of those who download them:
//! what would lead out of a directory there, or to a device, is no name.

use crate::error::{Error, Result};
use crate::sqlstate;

/// Bytes of a file's name.
const NAME_BYTES_MAX: usize = 1_024;
/// Bytes of what is between two slashes: the most that file systems take.
const PART_BYTES_MAX: usize = 255;
const BUCKET_BYTES_MAX: usize = 63;

/// Names of devices on Windows.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// `docs/2026/report.pdf`: parts with slashes between.
pub fn check(name: &str) -> Result<()> {
    match fault(name) {
        None => Ok(()),
        Some(fault) => {
            Err(Error::new(sqlstate::INVALID_NAME, format!("invalid name of a file: {fault}")))
        }
    }
}

fn fault(name: &str) -> Option<&'static str> {
    let is_control = |c: char| c.is_control();
    Some(match name {
        "" => "it is empty",
        _ if name.len() > NAME_BYTES_MAX => "it has more than 1024 bytes",
        _ if name.starts_with('/') => "it begins with a slash",
        _ if name.ends_with('/') => "it ends with a slash",
        _ if name.contains(is_control) => "it has control characters",
        _ if name.contains('\\') => "it has a backslash",
        _ if is_drive(name) => "it begins with the letter of a drive",
        _ if has_escape(name) => "it is encoded twice",
        _ => {
            for part in name.split('/') {
                match part {
                    "" => return Some("it has two slashes in a row"),
                    "." | ".." => return Some("it has \".\" or \"..\" between slashes"),
                    _ if part.len() > PART_BYTES_MAX => {
                        return Some("it has more than 255 bytes between slashes");
                    }
                    _ if part.ends_with(['.', ' ']) => {
                        return Some("a dot or a space ends it, or is before a slash");
                    }
                    _ if is_device(part) => return Some("it names a device of Windows"),
                    _ => {}
                }
            }
            return None;
        }
    })
}

/// Whether Windows takes a part of a path for a device, whatever is after a dot.
pub fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end();
    // None has more bytes than `conout$`, and most parts do.
    if !(3..=7).contains(&stem.len()) {
        return false;
    }
    let stem = stem.to_ascii_lowercase();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    DEVICES.contains(&stem.as_str())
        || numbered.is_some_and(|number| {
            let mut digits = number.chars();
            matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
        })
}

fn is_drive(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

/// `%2e`, which another decoding would make a dot.
fn has_escape(name: &str) -> bool {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = name.as_bytes();
    (0..bytes.len()).any(|at| bytes[at] == b'%' && hex(bytes.get(at + 1)) && hex(bytes.get(at + 2)))
}

/// Lower case, digits, `.`, `_`, `-`; a letter or a digit first.
pub fn check_bucket(name: &str) -> Result<()> {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let all = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'));
    if first
        && all
        && name.len() <= BUCKET_BYTES_MAX
        && !name.contains("..")
        && !name.ends_with('.')
    {
        return Ok(());
    }
    Err(Error::new(sqlstate::INVALID_NAME, format!("invalid name of a bucket: \"{name}\""))
        .with_hint("Up to 63 of a-z, 0-9, \".\", \"_\" and \"-\", a letter or a digit first."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let good = [
            "a",
            "a/b/c.txt",
            "é/日本.png",
            ".hidden",
            "a b",
            "100% sure",
            "console",
            "com",
            "com10",
        ];
        for good in good {
            assert!(check(good).is_ok(), "{good}");
        }
        let long = "x".repeat(256);
        let bad = [
            "",
            "/etc/passwd",
            "a/",
            "a//b",
            "..",
            "a/../b",
            ".",
            "./a",
            "a\0b",
            "a\nb",
            "a\\b",
            "C:/x",
            "c:x",
            "%2e%2e/x",
            "a%2Fb",
            "a%00",
            "CON",
            "con.txt",
            "a/NUL",
            "nul .txt",
            "COM1",
            "lpt9.log",
            "aux/x",
            "a.",
            "a ",
            "a./b",
            &long,
        ];
        for bad in bad {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check(&"x/".repeat(520)).is_err());
    }

    #[test]
    fn buckets_have_plain_names() {
        for good in ["a", "my-bucket.2_x", "0"] {
            assert!(check_bucket(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "-a", ".a", "a..b", "a.", "a/b", "é", &"x".repeat(64)] {
            assert!(check_bucket(bad).is_err(), "{bad}");
        }
    }
}
