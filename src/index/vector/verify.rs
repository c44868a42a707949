//! Whether a graph is what its index's entries say.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::pages;
use super::point::{damaged, stored};
use super::registry::Registry;
use crate::error::Result;
use crate::index::IndexInfo;
use crate::storage::{Keyspace, key};
use crate::txn::Overlay;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A row that a search does not find, or finds by another value.
    Row(String),
    /// A saved page that costs time at the next start.
    Page(String),
}

/// Compares the graph, and what is saved of it, with the entries of an instant. `look` is
/// called now and then; an error of its ends the comparison.
pub fn verify(
    index: &IndexInfo,
    overlay: &Overlay,
    look: &dyn Fn(u64) -> Result<()>,
    tell: &mut dyn FnMut(Fault),
) -> Result<()> {
    let storage_id = index.storage_id();
    pages::verify(storage_id, overlay.published(), &mut |page| {
        tell(Fault::Page(format!("page {page} of its saved graph is damaged, and is made anew")));
    })?;
    let published = overlay.published();
    let at = published.commit_ts;
    let Some(cache) = Registry::of(overlay.published()).and_then(|all| all.cache(storage_id))
    else {
        return Ok(());
    };
    let Some(graph) = cache.answering(at) else { return Ok(()) };
    // What the graph has at the instant, by row; commits wait for no longer than this.
    let mut slots: HashMap<u64, u64> = {
        let Some(feeder) = cache.idle_feeder() else { return Ok(()) };
        let rows = feeder.rows().filter(|(_, slot)| graph.is_visible(*slot, at));
        rows.map(|(rid, slot)| (rid, feeder.hash(slot))).collect()
    };
    let range = key::index(storage_id);
    for (count, entry) in published.scan(Keyspace::Indexes, &range, false).enumerate() {
        look(count as u64 + 1)?;
        let (entry_key, value) = entry?;
        let rid = key::index_rid(&entry_key, &value).ok_or_else(damaged)?;
        match slots.remove(&rid) {
            Some(hash) if hash == xxh3_64(stored(&value)?) => {}
            Some(_) => tell(Fault::Row(format!("its graph has another value of row {rid}"))),
            // A later value may be in its place.
            None if cache.idle_feeder().is_none_or(|feeder| feeder.slot(rid).is_some()) => {}
            None if is_changed(overlay, &entry_key)? => {}
            None => tell(Fault::Row(format!("its graph has no value of row {rid}"))),
        }
    }
    for rid in slots.into_keys() {
        tell(Fault::Row(format!("its graph has a value of row {rid}, which has no entry")));
    }
    Ok(())
}

/// Whether an entry is another one by now, as far as the newest instant knows.
fn is_changed(overlay: &Overlay, entry: &[u8]) -> Result<bool> {
    let Some(registry) = Registry::of(overlay.published()) else { return Ok(true) };
    let Some(newest) = registry.newest() else { return Ok(true) };
    let before = overlay.published().get(Keyspace::Indexes, entry)?;
    Ok(newest.get(Keyspace::Indexes, entry)? != before)
}
