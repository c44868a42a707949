//! Whether a content is what its row says, for `zserver check`.

use std::path::Path;

use super::{Hash, Location, path};
use crate::sql::types::Datum;

/// What is wrong with a row of `files.contents` (hash, size, location, data, …) and the
/// content that it names; none where all is well, or the content is elsewhere. Reads the
/// whole content.
pub fn row(root: &Path, row: &[Datum]) -> Option<String> {
    let [Datum::Bytea(hash), Datum::Int8(size), Datum::Text(location), data, ..] = row else {
        return Some("a content is not as the extension makes it".to_owned());
    };
    let hash = Hash::from_slice(hash)?;
    match (Location::parse(location)?, data) {
        (Location::Database, Datum::Bytea(data)) => {
            (Hash::of(data) != hash).then(|| format!("content {hash} differs from its hash"))
        }
        (Location::Database, _) => Some(format!("content {hash} has no bytes")),
        (Location::Disk, _) => {
            let path = path(root, &hash);
            match Hash::of_file(&path) {
                Err(error) => Some(format!("content {hash}: {}", error.message())),
                Ok((found, bytes)) if found != hash => {
                    Some(format!("content {hash} ({bytes} bytes of {size}) differs from its hash"))
                }
                Ok(_) => None,
            }
        }
        (Location::S3, _) => None,
    }
}
