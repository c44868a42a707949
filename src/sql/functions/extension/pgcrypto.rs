//! `pgcrypto`: digests, HMACs, password hashes, raw encryption. OpenPGP and ASCII armor
//! are in `openpgp`.

use rand::RngCore;
use zserver_pgcrypto::block::Scheme;
use zserver_pgcrypto::digests::Hash;
use zserver_pgcrypto::{self as crypto, crypt};

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::types::Datum;
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "pg_digest" => |_, args| {
        Ok(Datum::Bytea(hash(arg(args, 1)?)?.digest(bytes(args, 0)?).into()))
    };
    call "pg_hmac" => |_, args| {
        let (data, key) = (bytes(args, 0)?, bytes(args, 1)?);
        Ok(Datum::Bytea(hash(arg(args, 2)?)?.hmac(key, data).into()))
    };
    call "pg_crypt" => |call, args| {
        let (password, salt): (&str, &str) = (arg(args, 0)?, arg(args, 1)?);
        let is_cancelled = || call.eval.session.is_cancelled();
        match crypt::crypt(password.as_bytes(), salt.as_bytes(), &is_cancelled) {
            Ok(Some(hash)) => Ok(Datum::Text(hash)),
            Ok(None) => Err(invalid("invalid salt".to_owned())),
            Err(crypto::Error::Cancelled) => Err(Error::query_canceled()),
            Err(error) => Err(failed(error.words())),
        }
    };
    call "pg_gen_salt" => |_, args| salt(arg(args, 0)?, 0);
    call "pg_gen_salt_rounds" => |_, args| {
        let rounds: i32 = arg(args, 1)?;
        salt(arg(args, 0)?, rounds.into())
    };
    call "pg_encrypt" => |_, args| encrypt(args, &[], 2);
    call "pg_decrypt" => |_, args| decrypt(args, &[], 2);
    call "pg_encrypt_iv" => |_, args| encrypt(args, bytes(args, 2)?, 3);
    call "pg_decrypt_iv" => |_, args| decrypt(args, bytes(args, 2)?, 3);
    call "pg_random_bytes" => |_, args| {
        let count: i32 = arg(args, 0)?;
        let count = usize::try_from(count).ok().filter(|count| (1..=1024).contains(count));
        let mut random = vec![0; count.ok_or_else(|| failed("Length not in range"))?];
        rand::rng().fill_bytes(&mut random);
        Ok(Datum::Bytea(random.into()))
    };
    call "pg_random_uuid" => |_, _| {
        let mut uuid: [u8; 16] = rand::random();
        uuid[6] = uuid[6] & 0x0f | 0x40;
        uuid[8] = uuid[8] & 0x3f | 0x80;
        Ok(Datum::Uuid(uuid))
    };
};

/// Text counts as its bytes.
pub(super) fn bytes(args: &[Datum], at: usize) -> Result<&[u8]> {
    match args.get(at) {
        Some(Datum::Text(text)) => Ok(text.as_bytes()),
        Some(Datum::Bytea(bytes)) => Ok(bytes),
        _ => Err(wrong_type()),
    }
}

pub(super) fn invalid(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

pub(super) fn failed(message: impl Into<String>) -> Error {
    Error::new(sqlstate::EXTERNAL_ROUTINE_INVOCATION_EXCEPTION, message)
}

fn cannot_use(name: &str, error: crypto::Error) -> Error {
    invalid(format!("Cannot use \"{name}\": {}", error.words()))
}

fn hash(name: &str) -> Result<Hash> {
    Hash::named(name).map_err(|error| cannot_use(name, error))
}

fn salt(kind: &str, rounds: i64) -> Result<Datum> {
    let made = crypt::salt(kind, rounds, rand::random());
    made.map(Datum::Text).map_err(|error| invalid(format!("gen_salt: {}", error.words())))
}

fn scheme(args: &[Datum], at: usize) -> Result<Scheme> {
    let name: &str = arg(args, at)?;
    Scheme::named(name).map_err(|error| cannot_use(name, error))
}

fn encrypt(args: &[Datum], iv: &[u8], name: usize) -> Result<Datum> {
    let made = scheme(args, name)?.encrypt(bytes(args, 0)?, bytes(args, 1)?, iv);
    let made = made
        .map_err(|error| failed(format!("{} error: {}", named("encrypt", name), error.words())))?;
    Ok(Datum::Bytea(made.into()))
}

fn decrypt(args: &[Datum], iv: &[u8], name: usize) -> Result<Datum> {
    let made = scheme(args, name)?.decrypt(bytes(args, 0)?, bytes(args, 1)?, iv);
    let made = made
        .map_err(|error| failed(format!("{} error: {}", named("decrypt", name), error.words())))?;
    Ok(Datum::Bytea(made.into()))
}

/// The function's name: with an initialisation vector there is an argument more.
fn named(verb: &str, type_at: usize) -> String {
    if type_at == 3 { format!("{verb}_iv") } else { verb.to_owned() }
}
