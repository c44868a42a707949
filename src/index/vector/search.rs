//! A search: what a scan node asks of a vector index.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::exact::Exact;
use super::point::{Point, Ruler};
use crate::error::{Error, Result};
use crate::index::IndexInfo;
use crate::sql::types::Datum;
use crate::txn::Overlay;

/// What is looked for.
#[derive(Clone)]
pub struct Request {
    /// A value of the index's type and dimensions; not NULL.
    pub query: Datum,
    /// How widely each batch looks: `hnsw.ef_search` or `ivfflat.probes`.
    pub breadth: usize,
    /// Rows by rid, ascending, that alone are to be found; none for all.
    pub filter: Option<Arc<Vec<u64>>>,
    /// Neighbours after which the search may end although there are more
    /// (`hnsw.max_scan_tuples`); none for never.
    pub max_scan: Option<u64>,
    /// Ends a long search with `57014`.
    pub cancel: CancellationToken,
}

/// One row found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    pub rid: u64,
    /// What the operator returns for the row's value.
    pub distance: f64,
}

/// How a search finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a walk through the graph, and the exact distances of the best.
    Graph,
    /// By comparing all that matches.
    Exact,
    /// By comparing what the nearest lists hold.
    Lists,
}

/// What a search has cost so far, for EXPLAIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    pub method: Method,
    /// Distances that were computed.
    pub evaluations: u64,
    /// Values that are not in the graph yet and were compared one by one.
    pub fresh: u64,
    /// Neighbours that were returned.
    pub returned: u64,
}

/// A search under way. It owns what it reads, may go to other threads and outlive its
/// statement's other parts.
pub struct Search {
    exact: Exact,
    returned: u64,
    max_scan: u64,
}

/// Begins a search of a valid index over what the overlay sees, own writes included.
pub fn open(index: &IndexInfo, overlay: &Overlay, request: Request) -> Result<Search> {
    let class = index
        .vector_class()
        .ok_or_else(|| Error::internal(format!("\"{}\" is no vector index", index.name())))?;
    let query = Point::of_query(class, &request.query)?;
    let ruler = Ruler::new(class, query);
    let exact =
        Exact::new(index.storage_id(), overlay.clone(), ruler, request.filter, request.cancel);
    Ok(Search { exact, returned: 0, max_scan: request.max_scan.unwrap_or(u64::MAX) })
}

impl Search {
    /// The next neighbours, about `count` of them: nearest first within the batch. None
    /// when everything that matches was returned, or `max_scan` of it.
    pub fn next_batch(&mut self, count: usize) -> Result<Vec<Neighbour>> {
        if self.returned >= self.max_scan {
            return Ok(Vec::new());
        }
        let found = self.exact.next_batch(count.max(1))?;
        self.returned += found.len() as u64;
        Ok(found)
    }

    pub fn figures(&self) -> Figures {
        Figures {
            method: Method::Exact,
            evaluations: self.exact.evaluations,
            fresh: 0,
            returned: self.returned,
        }
    }
}
