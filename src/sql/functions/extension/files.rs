//! `files`: hashes, names and signatures of files.

use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use super::pgcrypto::bytes;
use crate::error::Error;
use crate::files::{Hash, name};
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::arg;
use crate::sql::types::Datum;

/// What a path's segments need not have encoded, and the slashes between them.
pub const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

const SECRET_BYTES: usize = 32;

pub const KERNELS: &[Kernel] = kernels! {
    call "files_blake3" => |_, args| {
        Ok(Datum::Bytea(Hash::of(bytes(args, 0)?).0.to_vec().into()))
    };
    call "files_hmac_sha256" => |_, args| {
        let mut mac = Hmac::<Sha256>::new_from_slice(bytes(args, 1)?)
            .map_err(|error| Error::internal(error.to_string()))?;
        mac.update(bytes(args, 0)?);
        Ok(Datum::Bytea(mac.finalize().into_bytes().to_vec().into()))
    };
    call "files_random_secret" => |_, _| {
        Ok(Datum::Bytea(rand::random::<[u8; SECRET_BYTES]>().to_vec().into()))
    };
    call "files_check_name" => |_, args| name::check(arg(args, 0)?).map(|()| Datum::Bool(true));
    call "files_check_bucket" => |_, args| {
        name::check_bucket(arg(args, 0)?).map(|()| Datum::Bool(true))
    };
    call "files_encode_path" => |_, args| {
        let text: &str = arg(args, 0)?;
        Ok(Datum::Text(utf8_percent_encode(text, PATH).to_string()))
    };
};
