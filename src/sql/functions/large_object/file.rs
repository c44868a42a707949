//! `lo_import` and `lo_export`: large objects from and to files of the server.
//!
//! Who may is said by the functions' own privileges, which nobody but superusers has at
//! first.

use std::fs::File;
use std::io::{self, Read, Write};

use super::access::Access;
use super::{FILE_CHUNK_BYTES, INV_READ};
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;

pub fn import(access: &mut Access<'_>, path: &str, wanted: Oid) -> Result<Oid> {
    let mut file = File::open(path).map_err(|error| failed("open", path, &error))?;
    let object = access.create(wanted)?;
    let mut buffer = vec![0; FILE_CHUNK_BYTES];
    let mut at = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(|error| failed("read", path, &error))?,
        };
        if read == 0 {
            return Ok(object);
        }
        access.put(object, at, &buffer[..read])?;
        at += read as i64;
    }
}

pub fn export(access: &mut Access<'_>, object: Oid, path: &str) -> Result<()> {
    let opened = access.open(object, INV_READ)?;
    let mut file = File::create(path).map_err(|error| failed("create", path, &error))?;
    let mut at = 0;
    loop {
        let bytes = access.read_at(&opened, at, FILE_CHUNK_BYTES)?;
        if bytes.is_empty() {
            return Ok(());
        }
        file.write_all(&bytes).map_err(|error| failed("write", path, &error))?;
        at += bytes.len() as i64;
    }
}

fn failed(what: &str, path: &str, error: &io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::NotFound => sqlstate::UNDEFINED_FILE,
        io::ErrorKind::PermissionDenied => sqlstate::INSUFFICIENT_PRIVILEGE,
        io::ErrorKind::AlreadyExists => sqlstate::DUPLICATE_FILE,
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => sqlstate::WRONG_OBJECT_TYPE,
        io::ErrorKind::StorageFull => sqlstate::DISK_FULL,
        _ => sqlstate::IO_ERROR,
    };
    let text = error.to_string();
    // The operating system's words, without Rust's "(os error 2)".
    let reason = text.split(" (os error").next().unwrap_or_default();
    Error::new(code, format!("could not {what} server file \"{path}\": {reason}"))
}
