//! Declarative partitioning: PARTITION BY, PARTITION OF, ATTACH and DETACH.
//!
//! A partition is a child of its partitioned table (see [`super::inherit`]) with a
//! bound. What a partitioned table has of indexes, keys and foreign keys, each of its
//! partitions has too, as a part of it.
//!
//! | file | what it is |
//! |---|---|
//! | [`key`] | PARTITION BY |
//! | [`bound`] | FOR VALUES: read, and checked against the other partitions |
//! | [`attach`] | a table becomes a partition, and ceases to be one |
//! | [`index`] | indexes of partitioned tables |
//! | [`foreign`] | foreign keys of partitioned tables |
//! | [`trigger`] | row triggers of partitioned tables |

mod attach;
mod bound;
mod foreign;
mod index;
mod key;
mod trigger;

use crate::error::Error;
use crate::sqlstate;

/// `42P17`.
fn unfit(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message)
}
