//! Types and values: PostgreSQL's types, their values as [`Datum`]s, and the
//! forms a value takes: text, binary (wire), Arrow, memcomparable key.
//!
//! One file per family (`numeric`, `datetime`, `text`, `json`, …). This module
//! is a leaf: it knows neither the catalog nor a transaction. What it must know
//! about a user's type (an enum's labels) is inside [`Repr`].

pub mod array;
pub mod arrow;
pub mod binary_form;
pub mod bits;
pub mod boolean;
pub mod builtin;
pub mod bytea;
pub mod codec;
mod compare;
pub mod context;
pub mod datetime;
pub mod datum;
pub mod encoding;
pub mod float;
pub mod format;
pub mod geometry;
pub mod hash;
pub mod integer;
pub mod json;
pub mod jsonpath;
pub mod key;
pub mod mac;
pub mod network;
pub mod numeric;
pub mod oid;
pub mod position;
pub mod range;
mod rank;
pub mod record;
pub mod regexp;
pub mod snapshot;
pub mod text;
pub mod text_form;
mod typmod;
pub mod uuid;
pub mod vector;
pub mod wire;

pub use binary_form::{binary_recv, binary_send, is_reworked, send_sized};
pub use bits::Bits;
pub use builtin::{array_of, builtin_repr, element_of, format_type};
pub use compare::{compare, compare_floats, fold_case};
pub use context::{
    BuiltinsOnly, CatalogView, DateOrder, DateStyle, InputContext, IntervalStyle, OutputContext,
};
pub use datum::{ArrayDim, ArrayValue, Datum, Interval};
pub use json::{JsonKind, JsonRef, JsonValue, Jsonb};
pub use network::Inet;
pub use numeric::Numeric;
pub use oid::Oid;
pub use position::PositionKind;
pub use range::{Bound, MultirangeValue, RangeType, RangeValue, Span};
pub use rank::Rank;
pub use record::{Attribute, RowShape};
pub use text_form::{text_input, text_output, to_text};
pub use typmod::apply_typmod;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A PostgreSQL type as an expression or a column has it: type OID and type
/// modifier (`-1` when there is none, else PostgreSQL's encoding, e.g.
/// `varchar(10)` is 14, `numeric(p,s)` is `((p << 16) | s) + 4`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SqlType {
    pub oid: Oid,
    pub typmod: i32,
}

impl SqlType {
    pub const fn new(oid: Oid) -> SqlType {
        SqlType { oid, typmod: -1 }
    }

    pub const fn with_typmod(oid: Oid, typmod: i32) -> SqlType {
        SqlType { oid, typmod }
    }
}

/// How values of a type are represented: the family whose code handles them.
/// Many type OIDs share a representation (`text`, `varchar`, `name`, `json` …
/// are all `Text`; `oid`, `regclass`, `xid` … are all `Oid`).
#[derive(Clone, PartialEq, Debug)]
pub enum Repr {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// `oid` and the reg* family; unsigned 32 bits.
    Oid,
    /// `"char"`: one byte.
    Char,
    Numeric,
    /// UTF-8 text.
    Text,
    /// `char(n)`: text that keeps its padding; comparison and key ignore it.
    Bpchar,
    /// `citext`: text; comparison and key fold its case.
    Citext,
    /// `hstore`: its canonical text.
    Hstore,
    /// `tid` and `pg_lsn`: their canonical text; comparison and key go by the numbers.
    Position(PositionKind),
    Bytea,
    /// Days since 2000-01-01; `i32::MIN`/`i32::MAX` are ∓infinity.
    Date,
    /// Microseconds since midnight.
    Time,
    /// `timetz`: microseconds since midnight, and zone in seconds west of UTC.
    TimeTz,
    /// Microseconds since 2000-01-01 00:00; `i64::MIN`/`i64::MAX` are ∓infinity.
    Timestamp,
    /// As `Timestamp`, in UTC.
    TimestampTz,
    Interval,
    Uuid,
    /// `bit(n)` and `varbit(n)`.
    Bit,
    /// `inet` and `cidr`.
    Inet,
    MacAddr,
    MacAddr8,
    Jsonb,
    /// `vector`, `halfvec` and `sparsevec`.
    Vector(vector::Kind),
    /// An enum: values are labels (`Datum::Text`), stored as label OIDs, ordered
    /// by position in `labels`.
    Enum(Arc<EnumLabels>),
    Array(Box<ElementType>),
    /// `record` and composite values: fields carry their own types. A composite type
    /// has a shape.
    Record(Option<Arc<RowShape>>),
    Range(Box<RangeType>),
    Multirange(Box<RangeType>),
    /// `void`, `unknown`, `internal`…: never stored; `unknown` literals are text.
    Pseudo,
}

/// The element of an array representation.
#[derive(Clone, PartialEq, Debug)]
pub struct ElementType {
    pub oid: Oid,
    pub repr: Repr,
    /// Between elements in text form: `,` for all built-in types but `box`.
    pub delimiter: char,
}

/// An enum type's labels in sort order.
#[derive(PartialEq, Debug)]
pub struct EnumLabels {
    pub type_name: String,
    pub labels: Vec<EnumLabel>,
}

#[derive(PartialEq, Debug)]
pub struct EnumLabel {
    pub oid: Oid,
    pub name: String,
    /// Its place in the order, as keys hold it.
    pub rank: Rank,
}

#[cfg(test)]
mod tests;
