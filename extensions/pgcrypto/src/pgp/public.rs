//! The session key of a message, encrypted for a public key.
//!
//! ```text
//! version (3), key id (8, or zeros), algorithm, numbers
//! of      02, padding without zeros (8 or more), 00, cipher, key, sum of the key (2)
//! ```

use num_bigint::BigUint;

use super::decrypt::SESSION_KEY_BYTES_MAX;
use super::key::{ELGAMAL, Mpi, PublicKey, RSA, RSA_ENCRYPT, sum};
use super::packet::Reader;
use super::{Caller, Log};
use crate::{Error, Result};

/// Padding has as many bytes at least.
const PADDING_MIN: usize = 8;

/// The number of a cipher and the key of a packet.
pub fn session_key(
    body: &[u8],
    key: &PublicKey,
    caller: &Caller<'_>,
    log: &mut Log,
) -> Result<(u8, Vec<u8>)> {
    let mut fields = Reader(body);
    let version = fields.byte()?;
    if version != 3 {
        let why = format!("unknown pubenc_sesskey pkt ver={version}");
        return Err(log.corrupt(&why));
    }
    let id = fields.fixed(8)?;
    if id != [0; 8] && id != key.id {
        log.say(|| "key_id's does not match".to_owned());
        return Err(Error::WrongKey);
    }
    let message = match (fields.byte()?, key.algorithm) {
        (ELGAMAL, ELGAMAL) => elgamal_decrypt(&mut fields, key, caller, log)?,
        (RSA | RSA_ENCRYPT, RSA | RSA_ENCRYPT) => {
            let encrypted = Mpi::read(&mut fields)?;
            let [encrypted, d] = [&encrypted, &key.secret[0]].map(|it| number(it, log));
            let n = number(&key.numbers[0], log)?;
            to_bytes(&power(&encrypted?, &d?, &n, caller)?)
        }
        (ELGAMAL | RSA | RSA_ENCRYPT, _) => return Err(Error::WrongKey),
        _ => return Err(Error::UnknownPublicAlgorithm),
    };
    let Some(message) = without_padding(&message) else {
        log.say(|| "check_eme_pkcs1_v15 failed".to_owned());
        return Err(Error::WrongKey);
    };
    let [cipher, key @ .., high, low] = message else { return Err(Error::WrongKey) };
    if sum(key) != u16::from_be_bytes([*high, *low]) {
        log.say(|| "pubenc cksum failed".to_owned());
        return Err(Error::WrongKey);
    }
    if key.len() > SESSION_KEY_BYTES_MAX {
        log.say(|| format!("incorrect session key length={}", key.len()));
        return Err(Error::SessionKeyTooBig);
    }
    fields.end(log)?;
    Ok((*cipher, key.to_vec()))
}

/// A packet's body with a session key for a public key.
pub fn write_session_key(
    cipher: u8,
    session: &[u8],
    key: &PublicKey,
    caller: &Caller<'_>,
) -> Result<Vec<u8>> {
    let mut body = vec![3];
    body.extend(key.id);
    body.push(key.algorithm);
    let mut message = vec![cipher];
    message.extend(session);
    message.extend(sum(session).to_be_bytes());
    let padded = padded(&message, key.numbers[0].bytes.len().saturating_sub(1), caller.random)?;
    let message = BigUint::from_bytes_be(&padded);
    let mut log = Log::default();
    let mut of = |at: usize| number(&key.numbers[at], &mut log);
    if key.algorithm == ELGAMAL {
        let (p, g, y) = (of(0)?, of(1)?, of(2)?);
        let k = random_exponent(p.bits(), caller.random);
        let shared = power(&y, &k, &p, caller)?;
        mpi(&power(&g, &k, &p, caller)?)?.write(&mut body);
        mpi(&(message * shared % &p))?.write(&mut body);
    } else {
        let (n, e) = (of(0)?, of(1)?);
        mpi(&power(&message, &e, &n, caller)?)?.write(&mut body);
    }
    Ok(body)
}

/// `m = c2 / c1^x`.
fn elgamal_decrypt(
    fields: &mut Reader<'_>,
    key: &PublicKey,
    caller: &Caller<'_>,
    log: &mut Log,
) -> Result<Vec<u8>> {
    let (c1, c2) = (Mpi::read(fields)?, Mpi::read(fields)?);
    let (c1, c2) = (number(&c1, log)?, number(&c2, log)?);
    let (p, x) = (number(&key.numbers[0], log)?, number(&key.secret[0], log)?);
    let shared = power(&c1, &x, &p, caller)?;
    let inverse = shared.modinv(&p).ok_or(Error::MathFailed)?;
    Ok(to_bytes(&(c2 * inverse % &p)))
}

fn number(mpi: &Mpi, log: &mut Log) -> Result<BigUint> {
    let number = BigUint::from_bytes_be(&mpi.bytes);
    if number.bits() != u64::from(mpi.bits) {
        let (said, is) = (mpi.bits, number.bits());
        log.say(|| format!("mpi_to_bn: bignum conversion failed: mpi={said}, bn={is}"));
        return Err(Error::MathFailed);
    }
    Ok(number)
}

fn mpi(number: &BigUint) -> Result<Mpi> {
    let bits = u16::try_from(number.bits()).map_err(|_| Error::MathFailed)?;
    Ok(Mpi { bits, bytes: to_bytes(number) })
}

fn to_bytes(number: &BigUint) -> Vec<u8> {
    if number.bits() == 0 { Vec::new() } else { number.to_bytes_be() }
}

/// `base ^ exponent mod modulus`, 64 bits of the exponent between two looks at whether it
/// is still wanted: with numbers of 65,535 bits it takes minutes.
fn power(
    base: &BigUint,
    exponent: &BigUint,
    modulus: &BigUint,
    caller: &Caller<'_>,
) -> Result<BigUint> {
    /// Up to here it is done at once, in milliseconds.
    const BITS_AT_ONCE: u64 = 4_096;
    if modulus.bits() == 0 {
        return Err(Error::MathFailed);
    }
    if modulus.bits() <= BITS_AT_ONCE && exponent.bits() <= BITS_AT_ONCE {
        return Ok(base.modpow(exponent, modulus));
    }
    let shift = BigUint::from(1u8) << 64;
    let mut power = BigUint::from(1u8) % modulus;
    for digit in exponent.to_u64_digits().into_iter().rev() {
        if (caller.is_cancelled)() {
            return Err(Error::Cancelled);
        }
        power = power.modpow(&shift, modulus);
        power = power * base.modpow(&BigUint::from(digit), modulus) % modulus;
    }
    Ok(power)
}

/// As many bits as the security of `p` asks for: far fewer than `p` has.
fn random_exponent(p_bits: u64, random: &dyn Fn(&mut [u8])) -> BigUint {
    let bits = match p_bits {
        0..=5_120 => p_bits / 10 + 160,
        _ => (p_bits / 8 + 200) * 3 / 2,
    };
    let mut bytes = vec![0; bits.div_ceil(8) as usize];
    random(&mut bytes);
    let mut exponent = BigUint::from_bytes_be(&bytes) >> (bytes.len() as u64 * 8 - bits);
    exponent.set_bit(bits - 1, true);
    exponent
}

fn padded(message: &[u8], length: usize, random: &dyn Fn(&mut [u8])) -> Result<Vec<u8>> {
    let padding = length.checked_sub(message.len() + 2).filter(|bytes| *bytes >= PADDING_MIN);
    let mut padding = vec![0; padding.ok_or(Error::Bug)?];
    while padding.contains(&0) {
        let mut byte = [0; 1];
        for zero in padding.iter_mut().filter(|byte| **byte == 0) {
            random(&mut byte);
            *zero = byte[0];
        }
    }
    Ok([&[2], &padding[..], &[0], message].concat())
}

fn without_padding(padded: &[u8]) -> Option<&[u8]> {
    let rest = padded.strip_prefix(&[2])?;
    let zero = rest.iter().position(|byte| *byte == 0)?;
    (zero >= PADDING_MIN).then(|| &rest[zero + 1..])
}
