//! Trimming, padding, repeating.

use crate::error::Result;
use crate::kernels;

use super::{Kernel, LENGTH_MAX_BYTES, too_long};

pub const KERNELS: &[Kernel] = kernels! {
    columns1 "btrim1" => |a: &str| Ok(a.trim_matches(' ').to_owned());
    columns1 "ltrim1" => |a: &str| Ok(a.trim_start_matches(' ').to_owned());
    columns1 "rtrim1" => |a: &str| Ok(a.trim_end_matches(' ').to_owned());
    columns2 "btrim" => |a: &str, set: &str| Ok(a.trim_matches(|c| set.contains(c)).to_owned());
    columns2 "ltrim" => |a: &str, set: &str| Ok(a.trim_start_matches(|c| set.contains(c)).to_owned());
    columns2 "rtrim" => |a: &str, set: &str| Ok(a.trim_end_matches(|c| set.contains(c)).to_owned());
    columns3 "lpad" => |a: &str, length: i32, fill: &str| pad(a, length, fill, true);
    columns3 "rpad" => |a: &str, length: i32, fill: &str| pad(a, length, fill, false);
    columns2 "lpad_text_int4" => |a: &str, length: i32| pad(a, length, " ", true);
    columns2 "rpad_text_int4" => |a: &str, length: i32| pad(a, length, " ", false);
    columns2 "repeat" => repeat;
};

/// Pads or cuts to `length` characters.
fn pad(text: &str, length: i32, fill: &str, before: bool) -> Result<String> {
    let length = length.max(0) as usize;
    if length > LENGTH_MAX_BYTES / 4 {
        return Err(too_long());
    }
    let present = text.chars().count();
    if present >= length || fill.is_empty() {
        return Ok(text.chars().take(length).collect());
    }
    let filling = fill.chars().cycle().take(length - present);
    Ok(if before {
        filling.chain(text.chars()).collect()
    } else {
        text.chars().chain(filling).collect()
    })
}

fn repeat(text: &str, count: i32) -> Result<String> {
    let count = count.max(0) as usize;
    match text.len().checked_mul(count) {
        Some(bytes) if bytes <= LENGTH_MAX_BYTES => Ok(text.repeat(count)),
        _ => Err(too_long()),
    }
}
