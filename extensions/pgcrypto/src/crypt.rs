//! `crypt(3)`: password hashes, and salts for them.
//!
//! ```text
//! $2a$06$…      Blowfish (bcrypt)      $1$…   MD5
//! $2x$06$…      bcrypt as it once was: characters above 127 spoil those before them
//! _J9..…        extended DES           xx     DES
//! ```

use md5::{Digest, Md5};

use crate::{Error, Result, des_crypt};

/// The alphabet of DES, MD5 and their salts, by value.
pub(crate) const ALPHABET: &[u8; 64] =
    b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// That of bcrypt.
const BCRYPT_ALPHABET: &[u8; 64] =
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Rounds between two looks at whether a hash is still wanted.
pub(crate) const ROUNDS_PER_LOOK: u32 = 64;

/// The hash of a password under a salt, or under an earlier hash. `None` for a salt that
/// is none.
pub fn crypt(
    password: &[u8],
    salt: &[u8],
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<String>> {
    let hash = match salt {
        [b'$', b'2', b'$', ..] => return Err(Error::NullHash),
        [b'$', b'2', b'a' | b'x', b'$', ..] => bcrypt(password, salt, is_cancelled)?,
        [b'$', b'1', b'$', ..] => Some(md5_crypt(password, &salt[3..])),
        [b'_', ..] => des_crypt::extended(password, salt, is_cancelled)?,
        _ => des_crypt::traditional(password, salt),
    };
    Ok(hash)
}

/// A new salt out of random bytes; `rounds` 0 is the algorithm's own number.
pub fn salt(kind: &str, rounds: i64, random: [u8; 16]) -> Result<String> {
    let checked = |default: i64, min: i64, max: i64| match rounds {
        0 => Ok(default),
        rounds if (min..=max).contains(&rounds) => Ok(rounds),
        _ => Err(Error::BadSaltRounds),
    };
    let letters = |count: usize| -> String {
        random.iter().take(count).map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect()
    };
    match kind.to_ascii_lowercase().as_str() {
        "des" => checked(25, 25, 25).map(|_| letters(2)),
        "md5" => checked(1000, 1000, 1000).map(|_| format!("$1${}", letters(8))),
        "xdes" => {
            let rounds = checked(29 * 25, 1, 0xff_ffff)?;
            // An even number would show weak keys.
            if rounds % 2 == 0 {
                return Err(Error::BadSaltRounds);
            }
            let digit = |shift: i64| char::from(ALPHABET[((rounds >> shift) & 63) as usize]);
            let count: String = [0, 6, 12, 18].into_iter().map(digit).collect();
            Ok(format!("_{count}{}", letters(4)))
        }
        "bf" => {
            let rounds = checked(6, 4, 31)?;
            Ok(format!("$2a${rounds:02}${}", encode(&random, BCRYPT_ALPHABET)))
        }
        _ => Err(Error::UnknownSalt),
    }
}

/// Bcrypt's base64: most significant bits first, no padding.
fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(alphabet[(bits >> (18 - 6 * at) & 63) as usize]));
        }
    }
    text
}

fn decode_salt(text: &[u8]) -> Option<[u8; 16]> {
    let value = |letter: u8| BCRYPT_ALPHABET.iter().position(|known| *known == letter);
    let mut bytes = Vec::with_capacity(18);
    for chunk in text.get(..22)?.chunks(4) {
        let mut bits = 0u32;
        for at in 0..4 {
            let digit = chunk.get(at).map_or(Some(0), |letter| value(*letter))?;
            bits = bits << 6 | digit as u32;
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    bytes.get(..16)?.try_into().ok()
}

fn bcrypt(
    password: &[u8],
    setting: &[u8],
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<String>> {
    let [
        b'$',
        b'2',
        variant @ (b'a' | b'x'),
        b'$',
        tens @ b'0'..=b'3',
        ones @ b'0'..=b'9',
        b'$',
        rest @ ..,
    ] = setting
    else {
        return Ok(None);
    };
    let cost = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
    let (true, Some(salt)) = ((4..=31).contains(&cost), decode_salt(rest)) else {
        return Ok(None);
    };
    // The password ends with its first NUL, which is part of the key.
    let end = password.iter().position(|byte| *byte == 0).unwrap_or(password.len());
    let mut key = password[..end.min(72)].to_vec();
    if key.len() < 72 {
        key.push(0);
    }
    if *variant == b'x' {
        key = with_signs(&key);
    }
    let mut state: blowfish::Blowfish = blowfish::Blowfish::bc_init_state();
    state.salted_expand_key(&salt, &key);
    for round in 0..1u32 << cost {
        if round.is_multiple_of(ROUNDS_PER_LOOK) && is_cancelled() {
            return Err(Error::Cancelled);
        }
        state.bc_expand_key(&key);
        state.bc_expand_key(&salt);
    }
    // "OrpheanBeholderScryDoubt"
    let mut text: [u32; 6] =
        [0x4f72_7068, 0x6561_6e42, 0x6568_6f6c, 0x6465_7253, 0x6372_7944, 0x6f75_6274];
    for pair in text.chunks_exact_mut(2) {
        for _ in 0..64 {
            let [left, right] = state.bc_encrypt([pair[0], pair[1]]);
            (pair[0], pair[1]) = (left, right);
        }
    }
    let bytes: Vec<u8> = text.iter().flat_map(|word| word.to_be_bytes()).collect();
    let head = String::from_utf8_lossy(&setting[..7]);
    let salt = encode(&salt, BCRYPT_ALPHABET);
    Ok(Some(format!("{head}{salt}{}", encode(&bytes[..23], BCRYPT_ALPHABET))))
}

/// The words of a key where each character is a signed number: one above 127 sets all the
/// bits of those before it in its word.
fn with_signs(key: &[u8]) -> Vec<u8> {
    let mut bytes = key.iter().cycle();
    let mut word = || {
        (0..4).fold(0u32, |word, _| {
            let byte = bytes.next().copied().unwrap_or_default();
            word << 8 | i32::from(byte as i8) as u32
        })
    };
    (0..18).flat_map(|_| word().to_be_bytes()).collect()
}

fn md5_crypt(password: &[u8], salt: &[u8]) -> String {
    let end = salt.iter().take(8).position(|byte| *byte == b'$').unwrap_or(salt.len().min(8));
    let salt = &salt[..end];
    let mut inner = Md5::new();
    inner.update(password);
    inner.update(salt);
    inner.update(password);
    let inner = inner.finalize();
    let mut outer = Md5::new();
    outer.update(password);
    outer.update(b"$1$");
    outer.update(salt);
    for at in (0..password.len()).step_by(16) {
        outer.update(&inner[..(password.len() - at).min(16)]);
    }
    let mut length = password.len();
    while length > 0 {
        match length & 1 {
            1 => outer.update([0]),
            _ => outer.update(&password[..1]),
        }
        length >>= 1;
    }
    let mut hash = outer.finalize();
    for round in 0..1000 {
        let mut next = Md5::new();
        match round & 1 {
            1 => next.update(password),
            _ => next.update(hash),
        }
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        match round & 1 {
            1 => next.update(hash),
            _ => next.update(password),
        }
        hash = next.finalize();
    }
    let mut text = format!("$1${}$", String::from_utf8_lossy(salt));
    let mut put = |bytes: &[u8], count: usize| {
        let mut bits = bytes.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        for _ in 0..count {
            text.push(char::from(ALPHABET[(bits & 63) as usize]));
            bits >>= 6;
        }
    };
    for [a, b, c] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        put(&[hash[a], hash[b], hash[c]], 4);
    }
    put(&[hash[11]], 2);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        let crypt = |password: &[u8], salt: &[u8]| super::crypt(password, salt, &|| false);
        for (password, hash) in [
            ("a", "$1$$Ij31LCAysPM23KuPlm1wA/"),
            ("", "$1$Szzz0yzz$To38XrR3BsbXQW2ZpfKjF1"),
            ("", "$2a$06$RQiOJ.3ELirrXwxIZY8q0OlGbBEpDmx7IRZlNYvGJ1SHXwNi2cEKK"),
            ("foox", "$2a$06$RQiOJ.3ELirrXwxIZY8q0OR3CVJrAfda1z26CCHPnB6mmVZD8p0/C"),
            ("foox", "$1$Szzz0yzz$IYL49cd3t9bllsA7Jmz1M1"),
            ("", "NBPx/38Y48kHg"),
            ("foox", "NB53EGGqrrb5E"),
            ("a", "$9/0u8Sbqmsqo"),
            ("longlongpassword", "lo9b4z5.8xkoY"),
            ("", "_J9..j2zzR/nIRDK3pPc"),
            ("foox", "_J9..j2zzAYKMvO2BYRY"),
            ("longlongpassword", "_J9..j2zz4BeseiQNwUg"),
        ] {
            let made = crypt(password.as_bytes(), hash.as_bytes());
            assert_eq!(made, Ok(Some(hash.to_owned())), "{password:?}");
        }
        // Of crypt_blowfish's own tests.
        let old = b"$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
        assert_eq!(
            crypt(b"\xff\xff\xa3", old),
            Ok(Some(String::from_utf8_lossy(old).into_owned()))
        );
        assert_eq!(crypt(b"a", b"$2a$"), Ok(None));
        assert_eq!(crypt(b"a", b"$2$05$"), Err(Error::NullHash));
        assert_eq!(crypt(b"a", b"_........"), Err(Error::NullHash));
        assert_eq!(crypt(b"a", b"_"), Ok(None));
        assert_eq!(crypt(b"a", b""), Ok(None));
        let stopped = super::crypt(b"a", b"$2a$31$RQiOJ.3ELirrXwxIZY8q0O", &|| true);
        assert_eq!(stopped, Err(Error::Cancelled));
    }

    #[test]
    fn salts_have_rounds_within_bounds() {
        let salt = |kind, rounds| super::salt(kind, rounds, [1; 16]);
        assert_eq!(salt("xdes", 0).expect("made").get(..5), Some("_J9.."));
        assert_eq!(salt("bf", 0).expect("made").get(..7), Some("$2a$06$"));
        assert_eq!(salt("des", 3), Err(Error::BadSaltRounds));
        assert_eq!(salt("xdes", 2), Err(Error::BadSaltRounds));
        assert_eq!(salt("bf", 32), Err(Error::BadSaltRounds));
        assert_eq!(salt("x", 0), Err(Error::UnknownSalt));
    }
}
