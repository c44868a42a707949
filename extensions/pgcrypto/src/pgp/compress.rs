//! Compressed packets: raw deflate (ZIP) and zlib streams.

use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::Log;
use crate::{Error, Result};

pub const ZIP: u8 = 1;
pub const ZLIB: u8 = 2;
pub const BZIP2: u8 = 3;

/// Bytes that a compressed packet may become, the most of a value of bytea.
pub const INFLATED_BYTES_MAX: usize = 0x3fff_ffff;
const STEP_BYTES: usize = 64 << 10;

pub fn compressed(algorithm: u8, level: u8, data: &[u8]) -> Result<Vec<u8>> {
    match algorithm {
        ZIP => Ok(compress_to_vec(data, level)),
        ZLIB => Ok(compress_to_vec_zlib(data, level)),
        _ => Err(Error::UnsupportedCompression),
    }
}

/// What a stream holds; it must end where the data ends.
pub fn inflated(
    algorithm: u8,
    mut data: &[u8],
    is_cancelled: &dyn Fn() -> bool,
    log: &mut Log,
) -> Result<Vec<u8>> {
    let format = if algorithm == ZLIB { DataFormat::Zlib } else { DataFormat::Raw };
    let mut state = InflateState::new_boxed(format);
    let (mut out, mut step) = (Vec::new(), vec![0; STEP_BYTES]);
    loop {
        if is_cancelled() {
            return Err(Error::Cancelled);
        }
        let result = inflate(&mut state, data, &mut step, MZFlush::None);
        data = &data[result.bytes_consumed..];
        if out.len() + result.bytes_written > INFLATED_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        out.extend_from_slice(&step[..result.bytes_written]);
        match result.status {
            Ok(MZStatus::StreamEnd) if data.is_empty() => return Ok(out),
            Ok(MZStatus::StreamEnd) => {
                return Err(log.corrupt("decompress_read: extra bytes after end of stream"));
            }
            Ok(_) if result.bytes_written > 0 || result.bytes_consumed > 0 => {}
            Ok(_) => return Err(log.corrupt("decompress_read: inflate error: -5")),
            Err(error) => {
                let line = format!("decompress_read: inflate error: {}", error as i32);
                return Err(log.corrupt(&line));
            }
        }
    }
}
