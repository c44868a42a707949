//! Vector indexes: the rows nearest to a value, nearest first.
//!
//! pgvector's access methods `hnsw` and `ivfflat`. Rows are the truth and so are the
//! index's *entries*, one for each row that has a place:
//!
//! ```text
//! Indexes   [index u32][rid u64] → [rid u64][value: see `point`]
//! ```
//!
//! They are written, removed, caught up, spilled, prepared, backed up and checked as those
//! of every other index are. NULL has no entry, nor under cosine the zero vector, as in
//! pgvector. An update that leaves the value equal writes nothing.
//!
//! # Searching
//!
//! [`open`] begins a [`Search`] over what an [`Overlay`] sees; [`Search::next_batch`]
//! answers batches: each nearest first, and on the whole nearly so (pgvector's
//! `relaxed_order`). It ends when everything that matches was returned.
//!
//! A server keeps a graph of each index in memory ([`registry`]), derived from the entries
//! and fed by commits before their instant is published. It answers snapshots from the one
//! that it was read at on; all others read entries. So an index may be slow after a crash,
//! a bulk load or beyond its memory, and never wrong.
//!
//! | file | what it is |
//! |---|---|
//! | [`class`] | what an operator class compares, and how |
//! | [`point`] | a value as an entry has it, and distances from one |
//! | [`exact`] | the nearest by reading entries |
//! | [`search`] | what a scan asks, and what it is answered |
//! | [`graph`] | a graph in memory, of any element |
//! | [`lists`] | inverted lists in the place of a graph |
//! | [`cache`] | one index's graph: which snapshots it answers, how it is fed |
//! | [`matching`] | which rows pass a condition, remembered |
//! | [`load`] | filling a graph from entries |
//! | [`pages`] | graphs as they are saved |
//! | [`registry`] | the graphs of a server |
//! | [`verify`] | a graph against its entries |
//! | [`worker`] | filling, linking, repairing and saving in the background |

mod cache;
pub mod class;
mod exact;
mod graph;
mod lists;
mod load;
pub mod matching;
mod pages;
pub mod point;
pub mod registry;
pub mod search;
pub mod verify;
mod worker;

#[cfg(test)]
mod tests;

pub use cache::Building;
pub use class::{Class, Element, Measure};
pub use matching::{Asked, Condition, Known};
pub use point::{Point, Ruler};
pub use registry::{Built, GraphCounts, Options, Registry, SearchCounts, Status};
pub use search::{Figures, Method, Neighbour, Request, Search, open};

use crate::catalog::RelationKind;
use crate::error::{Error, Result, Severity};
use crate::index::vector_options::VectorOptions;
use crate::index::{IVFFLAT, IndexInfo};
use crate::sql::run::{StatementContext, Work};
#[cfg(doc)]
use crate::txn::Overlay;

/// Builds the graph of an index whose entries the transaction has written; it is there for
/// others when the transaction commits. Computes for as long as it takes, on all cores.
pub fn build(
    work: &mut Work,
    ctx: &StatementContext,
    index: &IndexInfo,
    entries: u64,
) -> Result<()> {
    if index.access_method == IVFFLAT && entries < VectorOptions::of(&index.relation).lists as u64 {
        let message = "ivfflat index created with little data";
        let mut notice = Error::notice(Severity::Notice, message);
        notice.detail = Some("This will cause low recall.".to_owned());
        notice.hint = Some("Drop the index until the table has more data.".to_owned());
        ctx.notices.send(notice);
    }
    let published = work.txn.published().clone();
    let Some(registry) = Registry::of(&published) else { return Ok(()) };
    let cancel = ctx.cancel.clone();
    let look = || match cancel.is_cancelled() {
        true => Err(Error::query_canceled()),
        false => Ok(()),
    };
    let RelationKind::Index(definition) = &index.relation.kind else {
        return Err(Error::internal("not an index"));
    };
    let is_there = work.committed_catalog().relation(index.oid()).is_some();
    let building = Building {
        pid: work.txn.session_pid(),
        database: work.catalog.database,
        table: definition.table,
        index: index.oid(),
        command: match (is_there, index.valid, &index.replaces) {
            (_, _, Some(_)) => "REINDEX CONCURRENTLY",
            (true, false, None) => "CREATE INDEX CONCURRENTLY",
            (true, true, None) => "REINDEX",
            (false, ..) => "CREATE INDEX",
        },
        entries,
    };
    let written = (&work.txn.overlay_newest(), work.txn.bulk_loads());
    match registry.build(index, building, written, &look)? {
        Some(built) => work.table.keep_built(built),
        None => {
            let message = format!("graph of index \"{}\" does not fit into memory", index.name());
            let mut notice = Error::notice(Severity::Notice, message);
            notice.detail = Some("Searches will take significantly more time.".to_owned());
            notice.hint = Some("Increase vector_memory to speed up searches.".to_owned());
            ctx.notices.send(notice);
        }
    }
    Ok(())
}
