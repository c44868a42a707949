//! `json` and `jsonb`.

use bytes::Bytes;

/// A `jsonb` document in binary form: keys sorted and unique, numbers as
/// `numeric`, containers with offsets so that a member is found without
/// decoding the rest.
#[derive(Clone, Debug)]
pub struct Jsonb(pub Bytes);
