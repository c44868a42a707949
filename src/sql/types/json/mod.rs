//! `json` and `jsonb`.
//!
//! A `json` value is its text, checked once ([`validate`]). A `jsonb` value is a
//! binary document ([`Jsonb`]), read through [`JsonRef`] without decoding what
//! is not asked for, and made from a [`JsonValue`].
//!
//! ```text
//! node   = tag byte, then
//!   null, false, true:  nothing
//!   number:             numeric's compact encoding (scale, coefficient)
//!   string:             UTF-8
//!   array:              u32 count, count × u32 end of element, elements
//!   object:             u32 count, count × u32 end of key, count × u32 end of value,
//!                       keys, values
//! ```
//! Integers are little-endian; ends count from the start of the part they cut.
//! Keys are unique and sorted by length, then bytes, as PostgreSQL stores them,
//! so a member is found by binary search.

mod order;
mod parse;
mod value;
mod write;

pub use order::{compare, decode_key, encode_key};
pub use parse::{parse, validate};
pub use value::{JsonKind, JsonRef, JsonValue, Jsonb};
pub use write::{write_pretty, write_string};
