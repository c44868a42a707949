//! Large objects: `lo_create`, `lo_open`, `loread` and their family.
//!
//! They work in the transaction of the statement that calls them, so they take its work
//! as functions do that users wrote (`sql::run::loan`); [`is_function`] tells the planner.
//!
//! | opened with | reads | writes |
//! |---|---|---|
//! | `INV_READ` | the snapshot of the statement that opened it | no |
//! | `INV_WRITE`, with or without `INV_READ` | what is there now | yes, under the object's lock |
//!
//! As in PostgreSQL 15 they write in read-only transactions too, and in functions that are
//! not volatile. Who may is said by the object's own list (`SELECT`, `UPDATE`; its owner to
//! remove it) unless `lo_compat_privileges` is on.

mod access;
mod file;

use access::{Access, within};

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;
use crate::table::large_object::{PAGE_BYTES, SIZE_MAX};

use super::Kernel;
use super::call::arg;

pub use access::{allows, denied_owner, missing};

const INV_WRITE: i32 = 0x0002_0000;
const INV_READ: i32 = 0x0004_0000;

/// The largest value (`MaxAllocSize` without its header).
const VALUE_BYTES_MAX: i64 = 0x3fff_ffff - 4;

/// Whether a kernel works in the transaction, and so needs its work on loan.
pub fn is_function(symbol: &str) -> bool {
    symbol.strip_prefix("be_lo").is_some()
}

pub const KERNELS: &[Kernel] = kernels! {
    call "be_lo_creat" => |call, _| within(call, |access| access.create(0)).map(Datum::Oid);
    call "be_lo_create" => |call, args| {
        let wanted = arg(args, 0)?;
        within(call, |access| access.create(wanted)).map(Datum::Oid)
    };
    call "be_lo_unlink" => |call, args| {
        let object = arg(args, 0)?;
        within(call, |access| access.unlink(object))?;
        Ok(Datum::Int4(1))
    };
    call "be_lo_open" => |call, args| {
        let (object, flags): (Oid, i32) = (arg(args, 0)?, arg(args, 1)?);
        within(call, |access| {
            let opened = access.open(object, flags)?;
            access.work.table.large_objects.add(opened)
        })
        .map(Datum::Int4)
    };
    call "be_lo_close" => |call, args| {
        let number = arg(args, 0)?;
        within(call, |access| {
            access.descriptor(number)?.close();
            Ok(Datum::Int4(0))
        })
    };
    call "be_loread" => |call, args| {
        let (number, most): (i32, i32) = (arg(args, 0)?, arg(args, 1)?);
        within(call, |access| access.read(number, most)).map(bytea)
    };
    call "be_lowrite" => |call, args| {
        let (number, data): (i32, &[u8]) = (arg(args, 0)?, arg(args, 1)?);
        within(call, |access| access.write(number, data))?;
        Ok(Datum::Int4(data.len() as i32))
    };
    call "be_lo_lseek" => |call, args| {
        let (number, offset): (i32, i32) = (arg(args, 0)?, arg(args, 1)?);
        let whence = arg(args, 2)?;
        let position = within(call, |access| access.seek(number, offset.into(), whence))?;
        narrow(position, "lo_lseek", number)
    };
    call "be_lo_lseek64" => |call, args| {
        let (number, offset): (i32, i64) = (arg(args, 0)?, arg(args, 1)?);
        let whence = arg(args, 2)?;
        within(call, |access| access.seek(number, offset, whence)).map(Datum::Int8)
    };
    call "be_lo_tell" => |call, args| {
        let number = arg(args, 0)?;
        let position = within(call, |access| Ok(*access.descriptor(number)?.position.lock()))?;
        narrow(position, "lo_tell", number)
    };
    call "be_lo_tell64" => |call, args| {
        let number = arg(args, 0)?;
        within(call, |access| Ok(*access.descriptor(number)?.position.lock())).map(Datum::Int8)
    };
    call "be_lo_truncate" => |call, args| {
        let (number, length): (i32, i32) = (arg(args, 0)?, arg(args, 1)?);
        within(call, |access| access.truncate(number, length.into()))?;
        Ok(Datum::Int4(0))
    };
    call "be_lo_truncate64" => |call, args| {
        let (number, length): (i32, i64) = (arg(args, 0)?, arg(args, 1)?);
        within(call, |access| access.truncate(number, length))?;
        Ok(Datum::Int4(0))
    };
    call "be_lo_get" => |call, args| {
        let object = arg(args, 0)?;
        within(call, |access| fragment(access, object, 0, None)).map(bytea)
    };
    call "be_lo_get_fragment" => |call, args| {
        let (object, from, length): (Oid, i64, i32) = (arg(args, 0)?, arg(args, 1)?, arg(args, 2)?);
        if length < 0 {
            return Err(invalid("requested length cannot be negative"));
        }
        within(call, |access| fragment(access, object, from, Some(length.into())))
            .map(bytea)
    };
    call "be_lo_from_bytea" => |call, args| {
        let (wanted, data): (Oid, &[u8]) = (arg(args, 0)?, arg(args, 1)?);
        within(call, |access| {
            let object = access.create(wanted)?;
            access.put(object, 0, data)?;
            Ok(Datum::Oid(object))
        })
    };
    call "be_lo_put" => |call, args| {
        let (object, at): (Oid, i64) = (arg(args, 0)?, arg(args, 1)?);
        let data: &[u8] = arg(args, 2)?;
        within(call, |access| access.put(object, at, data))?;
        Ok(Datum::Text(String::new()))
    };
    call "be_lo_import" => |call, args| {
        let path = arg(args, 0)?;
        within(call, |access| file::import(access, path, 0)).map(Datum::Oid)
    };
    call "be_lo_import_with_oid" => |call, args| {
        let (path, wanted): (&str, Oid) = (arg(args, 0)?, arg(args, 1)?);
        within(call, |access| file::import(access, path, wanted)).map(Datum::Oid)
    };
    call "be_lo_export" => |call, args| {
        let (object, path): (Oid, &str) = (arg(args, 0)?, arg(args, 1)?);
        within(call, |access| file::export(access, object, path))?;
        Ok(Datum::Int4(1))
    };
};

fn bytea(bytes: Vec<u8>) -> Datum {
    Datum::Bytea(bytes.into())
}

/// A part of an object, to its end if no length is given.
fn fragment(
    access: &mut Access<'_>,
    object: Oid,
    from: i64,
    length: Option<i64>,
) -> Result<Vec<u8>> {
    let opened = access.open(object, INV_READ)?;
    let size = access.size(&opened)?;
    check_position(from)?;
    let rest = (size - from).max(0);
    let length = length.map_or(rest, |length| length.min(rest));
    if length > VALUE_BYTES_MAX {
        return Err(Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            "large object read request is too large",
        ));
    }
    access.read_at(&opened, from, length as usize)
}

/// A position as the functions with 32 bits answer it.
fn narrow(position: i64, function: &str, number: i32) -> Result<Datum> {
    i32::try_from(position).map(Datum::Int4).map_err(|_| {
        let message =
            format!("{function} result out of range for large-object descriptor {number}");
        Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message)
    })
}

fn check_position(position: i64) -> Result<()> {
    match (0..=SIZE_MAX).contains(&position) {
        true => Ok(()),
        false => Err(invalid(format!("invalid large object seek target: {position}"))),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// What is read or written at a time, where it comes from or goes to a file.
const FILE_CHUNK_BYTES: usize = 64 * PAGE_BYTES;
