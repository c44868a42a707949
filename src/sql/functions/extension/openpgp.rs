//! `pgcrypto`: OpenPGP with passwords and with keys, and ASCII armor.

use rand::RngCore;
use zserver_pgcrypto::pgp::{self, Caller, Decrypted, Key, Log, Options, PublicKey};
use zserver_pgcrypto::{self as crypto, armor};

use super::pgcrypto::{bytes, failed, invalid};
use crate::error::{Error, Result, Severity};
use crate::kernels;
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{ArrayValue, Datum, text};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "pg_armor" => |_, args| {
        let headers = match args.len() {
            1 => Vec::new(),
            _ => armor_headers(arg(args, 1)?, arg(args, 2)?)?,
        };
        Ok(Datum::Text(armor::encode(bytes(args, 0)?, &headers)))
    };
    call "pg_dearmor" => |_, args| {
        let data = armor::decode(arg(args, 0)?).map_err(pgp_failed)?;
        Ok(Datum::Bytea(data.into()))
    };
    call "pgp_key_id_w" => |_, args| {
        pgp::key_id(bytes(args, 0)?).map(Datum::Text).map_err(pgp_failed)
    };
    call "pgp_sym_encrypt_text" => |call, args| encrypt(call, args, true, password);
    call "pgp_sym_encrypt_bytea" => |call, args| encrypt(call, args, false, password);
    call "pgp_pub_encrypt_text" => |call, args| encrypt(call, args, true, public);
    call "pgp_pub_encrypt_bytea" => |call, args| encrypt(call, args, false, public);
    call "pgp_sym_decrypt_text" => |call, args| as_text(decrypt_with_password(call, args, true)?);
    call "pgp_sym_decrypt_bytea" => |call, args| {
        decrypt_with_password(call, args, false).map(|data| Datum::Bytea(data.into()))
    };
    call "pgp_pub_decrypt_text" => |call, args| as_text(decrypt_with_key(call, args, true)?);
    call "pgp_pub_decrypt_bytea" => |call, args| {
        decrypt_with_key(call, args, false).map(|data| Datum::Bytea(data.into()))
    };
};

pub const SET_KERNELS: &[SetKernel] =
    &[SetKernel { symbol: "pgp_armor_headers", rows: header_rows }];

fn pgp_failed(error: crypto::Error) -> Error {
    match error {
        crypto::Error::Cancelled => Error::query_canceled(),
        crypto::Error::TooLarge => {
            let limit = pgp::INFLATED_BYTES_MAX;
            Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, error.words())
                .with_detail(format!("It would have more than {limit} bytes."))
        }
        crypto::Error::Unsupported(what) => Error::unsupported(what),
        error => failed(error.words()),
    }
}

fn with_caller<T>(call: &CallContext<'_>, work: impl FnOnce(&Caller<'_>) -> T) -> T {
    let random = |bytes: &mut [u8]| rand::rng().fill_bytes(bytes);
    let is_cancelled = || call.eval.session.is_cancelled();
    work(&Caller { random: &random, is_cancelled: &is_cancelled })
}

fn options(args: &[Datum], at: usize) -> Result<Options> {
    match args.get(at) {
        None => Ok(Options::default()),
        Some(Datum::Text(text)) => Options::read(text).map_err(pgp_failed),
        Some(_) => Err(wrong_type()),
    }
}

/// What a message is encrypted with.
enum Closing {
    Password(Vec<u8>),
    Public(PublicKey),
}

fn password(bytes: &[u8], _: &mut Log) -> crypto::Result<Closing> {
    match bytes {
        [] => Err(crypto::Error::Illegal),
        _ => Ok(Closing::Password(bytes.to_vec())),
    }
}

fn public(bytes: &[u8], log: &mut Log) -> crypto::Result<Closing> {
    pgp::read_public(bytes, log).map(Closing::Public)
}

fn encrypt(
    call: &CallContext<'_>,
    args: &[Datum],
    is_text: bool,
    closing: fn(&[u8], &mut Log) -> crypto::Result<Closing>,
) -> Result<Datum> {
    let options = options(args, 2)?;
    let mut log = Log::new(options.debug);
    let closing = closing(bytes(args, 1)?, &mut log);
    tell(call, log.into_lines());
    let closing = closing.map_err(pgp_failed)?;
    let key = match &closing {
        Closing::Password(password) => Key::Password(password),
        Closing::Public(key) => Key::Public(key),
    };
    // Seconds since 1970.
    let time = (call.eval.statement_timestamp / 1_000_000 + 946_684_800) as u32;
    let data = bytes(args, 0)?;
    let made = with_caller(call, |caller| pgp::encrypt(data, is_text, key, &options, time, caller));
    made.map(|message| Datum::Bytea(message.into())).map_err(pgp_failed)
}

fn decrypt_with_password(call: &CallContext<'_>, args: &[Datum], text: bool) -> Result<Vec<u8>> {
    let options = options(args, 2)?;
    let password = bytes(args, 1)?;
    if password.is_empty() {
        return Err(pgp_failed(crypto::Error::Illegal));
    }
    decrypt(call, args, Key::Password(password), text, &options, Log::new(options.debug))
}

fn decrypt_with_key(call: &CallContext<'_>, args: &[Datum], text: bool) -> Result<Vec<u8>> {
    let options = options(args, 3)?;
    let password = if args.len() > 2 { Some(bytes(args, 2)?) } else { None };
    let mut log = Log::new(options.debug);
    let key = match pgp::read_secret(bytes(args, 1)?, password, &mut log) {
        Ok(key) => key,
        Err(error) => {
            tell(call, log.into_lines());
            return Err(pgp_failed(error));
        }
    };
    decrypt(call, args, Key::Public(&key), text, &options, log)
}

fn decrypt(
    call: &CallContext<'_>,
    args: &[Datum],
    key: Key<'_>,
    text: bool,
    options: &Options,
    log: Log,
) -> Result<Vec<u8>> {
    let message = bytes(args, 0)?;
    let Decrypted { data, notices } =
        with_caller(call, |caller| pgp::decrypt(message, key, text, options, caller, log));
    tell(call, notices);
    data.map_err(pgp_failed)
}

fn tell(call: &CallContext<'_>, notices: Vec<String>) {
    for notice in notices {
        call.eval.session.tell(Error::notice(Severity::Notice, notice));
    }
}

fn as_text(data: Vec<u8>) -> Result<Datum> {
    text::from_utf8(&data).map(|text| Datum::Text(text.to_owned()))
}

fn armor_headers(keys: &ArrayValue, values: &ArrayValue) -> Result<Vec<(String, String)>> {
    let subscripts = |message: &str| Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message);
    if keys.dims.len() > 1 || keys.dims.len() != values.dims.len() {
        return Err(subscripts("wrong number of array subscripts"));
    }
    if keys.elements.len() != values.elements.len() {
        return Err(subscripts("mismatched array dimensions"));
    }
    let pairs = keys.elements.iter().zip(&values.elements);
    pairs.map(|(key, value)| Ok((header(key, "key")?, header(value, "value")?))).collect()
}

/// A header's key or value: text of ASCII in one line; in a key `: ` would end it.
fn header(datum: &Datum, what: &str) -> Result<String> {
    let Datum::Text(text) = datum else {
        let message = format!("null value not allowed for header {what}");
        return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message));
    };
    let must_not =
        |contain: &str| Err(invalid(format!("header {what} must not contain {contain}")));
    if !text.is_ascii() {
        return must_not("non-ASCII characters");
    }
    if what == "key" && text.contains(": ") {
        return must_not("\": \"");
    }
    if text.contains('\n') { must_not("newlines") } else { Ok(text.clone()) }
}

fn header_rows(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let headers = armor::headers(arg(args, 0)?).map_err(pgp_failed)?;
    let row = |(key, value)| Ok(vec![Datum::Text(key), Datum::Text(value)]);
    Ok(Box::new(headers.into_iter().map(row)))
}
