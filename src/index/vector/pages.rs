//! Graphs as they are saved, so that a start need not build them anew.
//!
//! ```text
//! Vectors   [index u32] 0            header: how the graph was made
//! Vectors   [index u32] 1 [page u32] 256 slots: rows, hashes of their values, links
//!
//! header:   2 | element u8 | measure u8 | plain u8 | dims u32 | m u32 | ef_construction u32
//!             | lists u32 | floats u32 | centres u32 | mean f32 … | centres f32 …
//!                                                                    little-endian
//! page:     2 | length u32 | page of `zserver_vector::graph` | (rid u64, hash u64) × 256
//! ```
//!
//! A page stands for itself: a slot comes back with its links if the row has an entry
//! whose value has the hash. So pages need not be of one moment, nor of the present one: a
//! link that leads to another value than it did is a link less good, and what is missing
//! is linked anew. Values are not saved: entries have them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use zserver_vector::graph::PAGE_SLOTS;

use super::cache::Cache;
use super::class::{Element, Measure};
use super::graph::{Graph, Shape, Spec};
use crate::error::{Error, Result};
use crate::storage::{Keyspace, key};
use crate::txn::{Published, Transactions, WriteBatch};

const FORMAT: u8 = 2;
const HEADER: &[u8] = &[0];
const PAGES: u8 = 1;
/// Bytes of pages that go in one batch, about.
const BATCH_BYTES: usize = 1 << 20;

/// A row's value that was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Saved {
    pub(super) rid: u64,
    pub(super) hash: u64,
}

/// What was saved of an index.
pub(super) struct SavedGraph {
    /// As the graph was made, whatever the index asks for now: that is for REINDEX.
    pub(super) spec: Spec,
    pub(super) shape: Shape,
}

fn header_key(storage_id: u32) -> Vec<u8> {
    key::under(storage_id, HEADER)
}

fn page_key(storage_id: u32, page: u32) -> Vec<u8> {
    let mut payload = vec![PAGES];
    payload.extend_from_slice(&page.to_be_bytes());
    key::under(storage_id, &payload)
}

fn page_of(page_key: &[u8]) -> Option<u32> {
    let payload = page_key.get(4..)?;
    let (kind, page) = payload.split_first()?;
    (*kind == PAGES).then(|| page.try_into().ok().map(u32::from_be_bytes)).flatten()
}

fn element_number(element: Element) -> u8 {
    match element {
        Element::Vector => 0,
        Element::Half => 1,
        Element::Sparse => 2,
        Element::Bit => 3,
    }
}

fn measure_number(measure: Measure) -> u8 {
    match measure {
        Measure::L2 => 0,
        Measure::InnerProduct => 1,
        Measure::Cosine => 2,
        Measure::L1 => 3,
        Measure::Hamming => 4,
        Measure::Jaccard => 5,
    }
}

fn encode_header(spec: &Spec, shape: &Shape) -> Vec<u8> {
    let (element, measure) = (spec.class.element, spec.class.measure);
    let (element, measure) = (element_number(element), measure_number(measure));
    let mut out = vec![FORMAT, element, measure, u8::from(shape.is_plain)];
    let (centres, mean) = (shape.centres.len(), shape.mean.len());
    for number in [spec.dims, spec.m, spec.ef_construction, spec.lists, mean, centres] {
        out.extend_from_slice(&(number as u32).to_le_bytes());
    }
    let floats = shape.mean.iter().chain(shape.centres.iter().flatten());
    floats.for_each(|float| out.extend_from_slice(&float.to_le_bytes()));
    out
}

/// None for a header of another format or for another kind of values.
fn decode_header(spec: &Spec, bytes: &[u8]) -> Option<SavedGraph> {
    let (element, measure) = (spec.class.element, spec.class.measure);
    let rest = bytes.strip_prefix(&[FORMAT, element_number(element), measure_number(measure)])?;
    let (plain, rest) = rest.split_first()?;
    let (numbers, floats) = rest.split_at_checked(24)?;
    let number = |at: usize| -> Option<usize> {
        let four = numbers.get(4 * at..4 * at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(four) as usize)
    };
    let (dims, m, ef_construction, lists) = (number(0)?, number(1)?, number(2)?, number(3)?);
    let (mean, centres) = (number(4)?, number(5)?);
    let count = centres.checked_mul(dims)?.checked_add(mean)?;
    if dims != spec.dims || floats.len() != count.checked_mul(4)? {
        return None;
    }
    let float = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    let floats: Vec<f32> = floats.chunks_exact(4).map(float).collect();
    let (mean, centres) = floats.split_at(mean);
    let centres = centres.chunks_exact(dims.max(1)).map(<[f32]>::to_vec).collect();
    let shape = Shape { mean: mean.to_vec(), is_plain: *plain != 0, centres };
    Some(SavedGraph { spec: Spec { m, ef_construction, lists, ..*spec }, shape })
}

/// What was saved of an index; none if that cannot be used.
pub(super) fn header(
    storage_id: u32,
    spec: &Spec,
    published: &Arc<Published>,
) -> Result<Option<SavedGraph>> {
    let found = published.get(Keyspace::Vectors, &header_key(storage_id))?;
    Ok(found.and_then(|bytes| decode_header(spec, &bytes)))
}

/// Loads the saved pages into a graph, but for bad ones; which value was in which slot.
pub(super) fn load(
    storage_id: u32,
    graph: &dyn Graph,
    published: &Arc<Published>,
) -> Result<HashMap<Saved, u32>> {
    let mut rows = HashMap::new();
    for entry in published.scan(Keyspace::Vectors, &key::object(storage_id), false) {
        let (page_key, bytes) = entry?;
        let Some(page) = page_of(&page_key) else { continue };
        let parsed = parse(page, &bytes).ok_or_else(|| Error::data_corrupted("a page"));
        match parsed.and_then(|(links, slots)| graph.load_page(page, links).map(|()| slots)) {
            Ok(slots) => rows.extend(slots),
            Err(error) => {
                // What a part of it has linked has no value, and is cleared.
                tracing::warn!(%error, storage_id, page, "a page of a vector index is made anew");
            }
        }
    }
    Ok(rows)
}

/// Names the saved pages that are none.
pub(super) fn verify(
    storage_id: u32,
    published: &Arc<Published>,
    tell: &mut dyn FnMut(u32),
) -> Result<()> {
    for entry in published.scan(Keyspace::Vectors, &key::object(storage_id), false) {
        let (page_key, bytes) = entry?;
        if let Some(page) = page_of(&page_key).filter(|page| parse(*page, &bytes).is_none()) {
            tell(page);
        }
    }
    Ok(())
}

type SavedRows = Vec<(Saved, u32)>;

fn parse(page: u32, bytes: &[u8]) -> Option<(&[u8], SavedRows)> {
    let rest = bytes.strip_prefix(&[FORMAT])?;
    let (length, rest) = rest.split_first_chunk()?;
    let (links, table) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    if table.len() != 16 * PAGE_SLOTS as usize {
        return None;
    }
    let first = page.checked_mul(PAGE_SLOTS)?;
    let row = |(at, row): (u32, &[u8])| {
        let (rid, hash) = row.split_at(8);
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        (Saved { rid: word(rid), hash: word(hash) }, first + at)
    };
    let rows = (0..).zip(table.chunks_exact(16)).map(row);
    Some((links, rows.filter(|(saved, _)| saved.hash != 0).collect()))
}

fn record(cache: &Cache, graph: &dyn Graph, page: u32) -> Vec<u8> {
    let mut table = Vec::with_capacity(16 * PAGE_SLOTS as usize);
    {
        let feeder = cache.feeder();
        for slot in page * PAGE_SLOTS..(page + 1) * PAGE_SLOTS {
            let is_newest = graph.is_linked(slot) && feeder.slot(graph.rid(slot)) == Some(slot);
            let (rid, hash) = match is_newest {
                true => (graph.rid(slot), feeder.hash(slot)),
                false => (0, 0),
            };
            table.extend_from_slice(&rid.to_le_bytes());
            table.extend_from_slice(&hash.to_le_bytes());
        }
    }
    let links = graph.page(page);
    let mut out = vec![FORMAT];
    out.extend_from_slice(&(links.len() as u32).to_le_bytes());
    out.extend_from_slice(&links);
    out.extend_from_slice(&table);
    out
}

/// Saves what has changed since the last time; how many pages that were. One at a time,
/// and not while slots are repaired.
pub(super) fn save(cache: &Cache, transactions: &Transactions) -> Result<usize> {
    let Some(graph) = cache.graph() else { return Ok(0) };
    let _tending = cache.tending.lock();
    let graph = &**graph;
    let pages = graph.take_dirty();
    if pages.is_empty() {
        return Ok(0);
    }
    let mut batch = WriteBatch::new();
    if !cache.is_saved.load(Ordering::Acquire) {
        let header = encode_header(&cache.made_as(), &graph.shape());
        batch.put(Keyspace::Vectors, header_key(cache.storage_id), header);
    }
    for (at, page) in pages.iter().enumerate() {
        let record = record(cache, graph, *page);
        batch.put(Keyspace::Vectors, page_key(cache.storage_id, *page), record);
        if batch.bytes() < BATCH_BYTES && at + 1 < pages.len() {
            continue;
        }
        let full = std::mem::take(&mut batch);
        if let Err(error) = transactions.system_write(full).wait() {
            // Those that went before stand for themselves, too.
            pages.iter().for_each(|page| graph.mark_dirty(*page));
            return Err(error);
        }
        cache.is_saved.store(true, Ordering::Release);
    }
    Ok(pages.len())
}

#[cfg(test)]
mod tests {
    use super::super::class::Class;
    use super::*;

    #[test]
    fn headers_come_back_for_the_same_values_only() {
        let class = Class { element: Element::Vector, measure: Measure::Cosine };
        let spec = Spec { class, dims: 3, m: 16, ef_construction: 64, lists: 2 };
        let centres = vec![vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0]];
        let shape = Shape { mean: vec![0.5, -1.0, 2.0], is_plain: true, centres };
        let bytes = encode_header(&spec, &shape);
        let asked = Spec { m: 40, ..spec };
        let saved = decode_header(&asked, &bytes).expect("the same values");
        assert_eq!((saved.spec, saved.shape), (spec, shape));
        assert!(decode_header(&Spec { dims: 4, ..spec }, &bytes).is_none());
        let l2 = Class { measure: Measure::L2, ..class };
        assert!(decode_header(&Spec { class: l2, ..spec }, &bytes).is_none());
        assert!(decode_header(&spec, &bytes[..20]).is_none());
        assert!(decode_header(&spec, &[]).is_none());
    }

    #[test]
    fn a_damaged_page_is_none() {
        assert!(parse(0, &[]).is_none());
        assert!(parse(0, &[FORMAT, 255, 255, 255, 255, 0]).is_none());
        let mut whole = vec![FORMAT, 1, 0, 0, 0, 9];
        whole.extend_from_slice(&[0; 16 * PAGE_SLOTS as usize]);
        let (links, rows) = parse(2, &whole).expect("a page");
        assert_eq!((links, rows.len()), (&[9][..], 0));
        assert!(parse(u32::MAX, &whole).is_none());
    }
}
