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
//! | file | what it is |
//! |---|---|
//! | [`class`] | what an operator class compares, and how |
//! | [`point`] | a value as an entry has it, and distances from one |
//! | [`exact`] | the nearest by reading entries |
//! | [`search`] | what a scan asks, and what it is answered |

pub mod class;
mod exact;
pub mod point;
pub mod search;

#[cfg(test)]
mod tests;

pub use class::{Class, Element, Measure};
pub use point::{Point, Ruler};
pub use search::{Figures, Method, Neighbour, Request, Search, open};

#[cfg(doc)]
use crate::txn::Overlay;
