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

pub use attach::is_concurrent;

use super::{Arguments, Ddl};
use crate::error::{Error, Result};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Oid;
use crate::sqlstate;

/// The last stage of DETACH PARTITION CONCURRENTLY.
pub async fn finish_detach(
    parent: Oid,
    child: Oid,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    let mut ddl = Ddl { work, ctx, arguments: Arguments::default() };
    let parent = ddl.relation(parent)?;
    ddl.finish_detach(&parent, child).await
}

/// `42P17`.
fn unfit(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message)
}
