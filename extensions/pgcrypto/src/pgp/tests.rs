use super::cipher::Cipher;
use super::*;
use crate::Error;

/// Bytes without any randomness, none of them zero.
fn caller() -> Caller<'static> {
    let fill = |bytes: &mut [u8]| {
        bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at as u8).wrapping_mul(7) | 1);
    };
    Caller { random: Box::leak(Box::new(fill)), is_cancelled: &|| false }
}

fn opened(message: &[u8], key: Key<'_>, is_text: bool) -> crate::Result<Vec<u8>> {
    decrypt(message, key, is_text, &Options::default(), &caller(), Log::default()).data
}

fn bytes(hex: &str) -> Vec<u8> {
    let hex = hex.trim();
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[test]
fn messages_come_back() {
    let key = Key::Password(b"key");
    for cipher in
        [Cipher::Aes128, Cipher::Aes256, Cipher::TripleDes, Cipher::Cast5, Cipher::Blowfish]
    {
        for (session_key, guards) in [(false, true), (true, true), (false, false)] {
            for (length, compression) in [0, 1, 15, 16, 17, 1000, 16_378, 20_000, 100_000]
                .into_iter()
                .zip([0, 1, 2].into_iter().cycle())
            {
                let options =
                    Options { cipher, session_key, guards, compression, ..Options::default() };
                let data = vec![b'x'; length];
                let message = encrypt(&data, true, key, &options, 0, &caller()).expect("made");
                assert_eq!(opened(&message, key, true), Ok(data), "{cipher:?} {length}");
                assert_eq!(
                    opened(&message, Key::Password(b"other"), true),
                    Err(Error::CorruptData)
                );
            }
        }
    }
}

#[test]
fn a_message_of_postgres_is_read() {
    // SELECT pgp_sym_encrypt('a secret', 'key').
    let message = bytes(include_str!("message.hex"));
    assert_eq!(opened(&message, Key::Password(b"key"), true), Ok(b"a secret".to_vec()));
    assert_eq!(opened(&message, Key::Password(b"no"), true), Err(Error::CorruptData));
}

/// No byte of a guarded message may be another, and none may be missing. The length of the
/// last packet may say that there is more.
#[test]
fn damage_is_found() {
    let key = Key::Password(b"key");
    for compression in 0..=2 {
        let options = Options { compression, ..Options::default() };
        let message = encrypt(b"some data", false, key, &options, 0, &caller()).expect("made");
        const LAST_LENGTH: usize = 16;
        for at in (0..message.len()).filter(|at| *at != LAST_LENGTH) {
            let mut damaged = message.clone();
            damaged[at] ^= 0x10;
            assert!(opened(&damaged, key, false).is_err(), "byte {at}");
            assert!(opened(&message[..at], key, false).is_err(), "up to {at}");
        }
    }
}

#[test]
fn what_is_not_known_is_named() {
    let key = Key::Password(b"key");
    let with = |text: &str| {
        let options = Options::read(text)?;
        encrypt(b"data", true, key, &options, 0, &caller())
    };
    assert_eq!(with("cipher-algo=twofish"), Err(Error::UnsupportedCipher));
    assert_eq!(with("cipher-algo=rot13"), Err(Error::UnsupportedCipher));
    assert_eq!(with("compress-algo=3"), Err(Error::UnsupportedCompression));
    assert_eq!(with("compress-algo=4"), Err(Error::Illegal));
    assert_eq!(with("s2k-mode=1, s2k-count=65536"), Err(Error::Illegal));
    assert_eq!(with("s2k-digest-algo=crc"), Err(Error::UnsupportedHash));
    assert_eq!(with("sess-key"), Err(Error::Illegal));
    assert_eq!(with("sess-key=1 x"), Err(Error::Illegal));
    assert!(with(" Sess-Key = 1 ,compress-algo=1, s2k-digest-algo=ripemd160,").is_ok());
}

#[test]
fn expectations_that_fail_are_told() {
    let key = Key::Password(b"key");
    let made = Options::read("cipher-algo=aes256,sess-key=1,s2k-cipher-algo=bf,compress-algo=1");
    let message = encrypt(b"x", true, key, &made.expect("read"), 0, &caller()).expect("made");
    let expected = Options::read(
        "expect-cipher-algo=aes128,expect-sess-key=1,expect-s2k-cipher-algo=bf,expect-compress-algo=2",
    );
    let read = decrypt(&message, key, true, &expected.expect("read"), &caller(), Log::default());
    assert_eq!(read.data, Ok(b"x".to_vec()));
    let notices = [
        "pgp_decrypt: unexpected cipher_algo: expected 7 got 9",
        "pgp_decrypt: unexpected compress_algo: expected 2 got 1",
    ];
    assert_eq!(read.notices, notices);
}

/// Anything is refused or read, nothing is a panic.
#[test]
fn any_bytes_are_borne() {
    let mut state: u32 = 12345;
    for _ in 0..20_000 {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let mut message: Vec<u8> = (0..next() % 64).map(|_| next()).collect();
        if let Some(first) = message.first_mut() {
            *first |= 0xc0;
        }
        let mut log = Log::new(true);
        let _ = read_public(&message, &mut log);
        let _ = read_secret(&message, Some(b"x"), &mut log);
        let _ = key_id(&message);
        let _ = opened(&message, Key::Password(b"x"), true);
    }
}
