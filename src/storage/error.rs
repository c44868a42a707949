//! How a write can fail: before anything happened, or nobody knows.

use std::fmt;

use crate::{Error, sqlstate};

/// A write that did not succeed.
#[derive(Clone, Debug)]
pub enum WriteError {
    /// Nothing of the write happened or ever will; the engine is as it was.
    Refused(Error),
    /// The write may be there after a restart, or not. Nobody may write again.
    Unknown(Error),
}

impl WriteError {
    pub fn into_error(self) -> Error {
        match self {
            WriteError::Refused(error) | WriteError::Unknown(error) => error,
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Refused(error) => write!(f, "write refused: {error}"),
            WriteError::Unknown(error) => write!(f, "outcome of write unknown: {error}"),
        }
    }
}

impl Error {
    /// `58030`: a file could not be read or written.
    pub fn io(what: &str, error: &std::io::Error) -> Error {
        Error::new(sqlstate::IO_ERROR, format!("could not {what}: {error}"))
    }

    /// `53100`: the file system is full, or nearly so.
    pub fn disk_full(detail: impl Into<String>) -> Error {
        Error::new(sqlstate::DISK_FULL, "could not extend the database: no space left on device")
            .with_detail(detail)
            .with_hint("Check free disk space.")
    }

    /// `XX001`: what was read is not what was written.
    pub fn data_corrupted(message: impl Into<String>) -> Error {
        Error::new(sqlstate::DATA_CORRUPTED, message)
    }
}
