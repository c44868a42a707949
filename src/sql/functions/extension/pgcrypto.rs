//! `pgcrypto`: digests, HMACs, password hashes, raw encryption, ASCII armor, OpenPGP
//! with passwords. OpenPGP with keys is not supported, nor are compressed messages.

use rand::RngCore;
use zserver_pgcrypto::block::Scheme;
use zserver_pgcrypto::digests::Hash;
use zserver_pgcrypto::{self as crypto, armor, crypt, pgp};

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null, wrong_type};
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{ArrayValue, Datum};
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
            Err(error) => Err(Error::unsupported(error.words())),
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
    call "pg_armor" => |_, args| {
        let headers = match args.len() {
            1 => Vec::new(),
            _ => armor_headers(arg(args, 1)?, arg(args, 2)?)?,
        };
        Ok(Datum::Text(armor::encode(bytes(args, 0)?, &headers)))
    };
    call "pg_dearmor" => |_, args| {
        let data = armor::decode(arg(args, 0)?).map_err(|error| failed(error.words()))?;
        Ok(Datum::Bytea(data.into()))
    };
    call "pgp_sym_encrypt_text" => |call, args| pgp_encrypt(call, args, true);
    call "pgp_sym_encrypt_bytea" => |call, args| pgp_encrypt(call, args, false);
    call "pgp_sym_decrypt_text" => |_, args| {
        let (data, is_text) = pgp_decrypt(args)?;
        match String::from_utf8(data).ok().filter(|_| is_text) {
            Some(text) => Ok(Datum::Text(text)),
            None => Err(failed("Not text data")),
        }
    };
    call "pgp_sym_decrypt_bytea" => |_, args| {
        pgp_decrypt(args).map(|(data, _)| Datum::Bytea(data.into()))
    };
    call "pgp_pub_encrypt_text" => |_, _| open_pgp("pgp_pub_encrypt");
    call "pgp_pub_encrypt_bytea" => |_, _| open_pgp("pgp_pub_encrypt_bytea");
    call "pgp_pub_decrypt_text" => |_, _| open_pgp("pgp_pub_decrypt");
    call "pgp_pub_decrypt_bytea" => |_, _| open_pgp("pgp_pub_decrypt_bytea");
    call "pgp_key_id_w" => |_, _| open_pgp("pgp_key_id");
};

pub const SET_KERNELS: &[SetKernel] =
    &[SetKernel { symbol: "pgp_armor_headers", rows: header_rows }];

fn open_pgp(function: &str) -> Result<Datum> {
    Err(Error::unsupported(format!("function {function}")))
}

fn pgp_failed(error: crypto::Error) -> Error {
    match error {
        crypto::Error::Unsupported(what) => Error::unsupported(what),
        error => failed(error.words()),
    }
}

fn pgp_options(args: &[Datum]) -> Result<pgp::Options> {
    match arg_or_null::<&str>(args, 2)? {
        Some(text) => pgp::Options::read(text).map_err(pgp_failed),
        None => Ok(pgp::Options::default()),
    }
}

fn pgp_encrypt(call: &CallContext<'_>, args: &[Datum], is_text: bool) -> Result<Datum> {
    let mut random = [0; 57];
    rand::rng().fill_bytes(&mut random);
    // Seconds since 1970.
    let time = (call.eval.statement_timestamp / 1_000_000 + 946_684_800) as u32;
    let (data, password) = (bytes(args, 0)?, bytes(args, 1)?);
    let made = pgp::encrypt(data, is_text, password, pgp_options(args)?, random, time);
    made.map(|message| Datum::Bytea(message.into())).map_err(pgp_failed)
}

fn pgp_decrypt(args: &[Datum]) -> Result<(Vec<u8>, bool)> {
    let crlf = pgp_options(args)?.crlf;
    pgp::decrypt(bytes(args, 0)?, bytes(args, 1)?, crlf).map_err(pgp_failed)
}

/// Text counts as its bytes.
fn bytes(args: &[Datum], at: usize) -> Result<&[u8]> {
    match args.get(at) {
        Some(Datum::Text(text)) => Ok(text.as_bytes()),
        Some(Datum::Bytea(bytes)) => Ok(bytes),
        _ => Err(wrong_type()),
    }
}

fn invalid(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

fn failed(message: impl Into<String>) -> Error {
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
    let made = made.map_err(|error| failed(format!("encrypt error: {}", error.words())))?;
    Ok(Datum::Bytea(made.into()))
}

fn decrypt(args: &[Datum], iv: &[u8], name: usize) -> Result<Datum> {
    let made = scheme(args, name)?.decrypt(bytes(args, 0)?, bytes(args, 1)?, iv);
    let made = made.map_err(|error| failed(format!("decrypt error: {}", error.words())))?;
    Ok(Datum::Bytea(made.into()))
}

fn armor_headers(keys: &ArrayValue, values: &ArrayValue) -> Result<Vec<(String, String)>> {
    let subscripts = |message: &str| Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message);
    if keys.dims.len() > 1 || values.dims.len() > 1 {
        return Err(subscripts("wrong number of array subscripts"));
    }
    if keys.elements.len() != values.elements.len() {
        return Err(subscripts("mismatched array dimensions"));
    }
    let text = |datum: &Datum, what: &str| match datum {
        Datum::Text(text) if !text.is_ascii() => {
            Err(invalid(format!("header {what} must not contain non-ASCII characters")))
        }
        Datum::Text(text) if text.contains('\n') => {
            Err(invalid(format!("header {what} must not contain newlines")))
        }
        Datum::Text(text) => Ok(text.clone()),
        _ => Err(Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            format!("null value not allowed for header {what}"),
        )),
    };
    let pairs = keys.elements.iter().zip(&values.elements);
    pairs
        .map(|(key, value)| {
            let (key, value) = (text(key, "key")?, text(value, "value")?);
            match key.contains(": ") {
                true => Err(invalid("header key must not contain \": \"".to_owned())),
                false => Ok((key, value)),
            }
        })
        .collect()
}

fn header_rows(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let headers = armor::headers(arg(args, 0)?).map_err(|error| failed(error.words()))?;
    let row = |(key, value)| Ok(vec![Datum::Text(key), Datum::Text(value)]);
    Ok(Box::new(headers.into_iter().map(row)))
}
