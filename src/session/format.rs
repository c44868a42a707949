//! Text or binary: the format codes of parameters and results.

use crate::error::{Error, Result};
use crate::sqlstate;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i16)]
pub enum Format {
    Text = 0,
    Binary = 1,
}

impl Format {
    pub fn from_code(code: i16) -> Result<Format> {
        match code {
            0 => Ok(Format::Text),
            1 => Ok(Format::Binary),
            other => Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("unsupported format code: {other}"),
            )),
        }
    }

    /// The format of one of many: none given is text, one given is for all.
    pub fn of(formats: &[Format], index: usize) -> Format {
        match formats {
            [] => Format::Text,
            [one] => *one,
            many => many.get(index).copied().unwrap_or(Format::Text),
        }
    }
}

/// Codes as formats.
pub fn formats(codes: &[i16]) -> Result<Vec<Format>> {
    codes.iter().map(|code| Format::from_code(*code)).collect()
}
