//! Filling a graph from entries: at a start, after a bulk load, and for CREATE INDEX.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::cache::{Cache, Feeder};
use super::graph::{self, Graph, Shape};
use super::pages;
use super::point::{Point, damaged};
use crate::error::{Error, Result};
use crate::storage::{Key, Keyspace, Value, key};
use crate::txn::{Overlay, Published, Transactions, WriteBatch};

/// How often entries are read again because commits came too quickly.
const ATTEMPTS: usize = 8;
/// Entries between two looks at whether to go on.
const ENTRIES_PER_LOOK: usize = 256;

/// Whether to go on; an error ends the filling.
pub(super) type Look<'l> = &'l (dyn Fn() -> Result<()> + Sync);

/// Makes a cache ready from the entries of now. It fails if that cannot be; where bulk
/// loads come more quickly than entries are read, it is to be loaded still.
pub(super) fn load(cache: &Cache, transactions: &Transactions, look: Look<'_>) -> Result<()> {
    for _ in 0..ATTEMPTS {
        cache.begin_loading();
        // From a commit after this one on, everything is told or is in the instant.
        transactions.system_write(WriteBatch::new()).wait()?;
        let published = transactions.published();
        let mut feeder = cache.feeder();
        read(cache, &mut feeder, &published, look)?;
        if cache.finish_loading(&mut feeder, published.commit_ts)? {
            return Ok(());
        }
    }
    Ok(())
}

fn rid_of((entry_key, value): &(Key, Value)) -> Result<u64> {
    key::index_rid(entry_key, value).ok_or_else(damaged)
}

fn read(
    cache: &Cache,
    feeder: &mut Feeder,
    published: &Arc<Published>,
    look: Look<'_>,
) -> Result<()> {
    let at = published.commit_ts;
    match cache.graph() {
        Some(_) => read_again(cache, feeder, published, look),
        None => match pages::header(cache.storage_id, &cache.spec, published)? {
            Some(saved) => {
                let graph = graph::make(&saved.spec, &saved.shape)?;
                let rows = pages::load(cache.storage_id, &*graph, published)?;
                cache.set_graph(graph, saved.spec, true);
                restore(cache, feeder, published, (rows, at), look)
            }
            None => {
                let overlay = published.overlay();
                let shape = sample(cache, &overlay)?;
                cache.set_graph(graph::make(&cache.spec, &shape)?, cache.spec, false);
                read_all(cache, feeder, &overlay, at, look)
            }
        },
    }
}

/// The shape of the first values.
fn sample(cache: &Cache, overlay: &Overlay) -> Result<Shape> {
    let range = key::index(cache.storage_id);
    let entries = overlay.scan(Keyspace::Indexes, &range, false).take(cache.spec.sample_size());
    let points: Result<Vec<Point>> = entries.map(|entry| Point::of_entry(&entry?.1)).collect();
    Ok(graph::shape_of(&cache.spec, &points?))
}

fn read_all(
    cache: &Cache,
    feeder: &mut Feeder,
    overlay: &Overlay,
    begin: u64,
    look: Look<'_>,
) -> Result<()> {
    let range = key::index(cache.storage_id);
    for (count, entry) in overlay.scan(Keyspace::Indexes, &range, false).enumerate() {
        let entry = entry?;
        cache.read(feeder, (rid_of(&entry)?, &entry.1[..]), begin)?;
        if count % ENTRIES_PER_LOOK == 0 {
            look()?;
        }
    }
    Ok(())
}

/// Puts a graph right that has missed something.
fn read_again(
    cache: &Cache,
    feeder: &mut Feeder,
    published: &Arc<Published>,
    look: Look<'_>,
) -> Result<()> {
    let at = published.commit_ts;
    let range = key::index(cache.storage_id);
    let mut seen = HashSet::with_capacity(feeder.len());
    for (count, entry) in published.scan(Keyspace::Indexes, &range, false).enumerate() {
        let entry = entry?;
        let rid = rid_of(&entry)?;
        seen.insert(rid);
        cache.read(feeder, (rid, &entry.1[..]), at)?;
        if count % ENTRIES_PER_LOOK == 0 {
            look()?;
        }
    }
    cache.keep_only(feeder, &|rid| seen.contains(&rid), at);
    Ok(())
}

/// Puts values back where they were; the others follow.
fn restore(
    cache: &Cache,
    feeder: &mut Feeder,
    published: &Arc<Published>,
    (saved, at): (HashMap<pages::Saved, u32>, u64),
    look: Look<'_>,
) -> Result<()> {
    let range = key::index(cache.storage_id);
    let mut others = Vec::new();
    for (count, entry) in published.scan(Keyspace::Indexes, &range, false).enumerate() {
        let entry = entry?;
        let rid = rid_of(&entry)?;
        if !cache.restore(feeder, (rid, &entry.1[..]), at, &saved)? {
            others.push(rid);
        }
        if count % ENTRIES_PER_LOOK == 0 {
            look()?;
        }
    }
    drop(saved);
    let graph = cache.graph().ok_or_else(|| Error::internal("no graph"))?;
    graph.finish_loading();
    // As it was loaded it is saved.
    graph.take_dirty();
    for rid in others {
        let entry = key::index_entry(cache.storage_id, &[], Some(rid));
        let value = published.get(Keyspace::Indexes, &entry)?.ok_or_else(damaged)?;
        cache.read(feeder, (rid, &value[..]), at)?;
        look()?;
    }
    Ok(())
}

/// Fills the cache of an index that a transaction has built and not committed, and links
/// all with so many threads. `progress` is told how many are done.
pub(super) fn build(
    cache: &Cache,
    overlay: &Overlay,
    threads: usize,
    look: Look<'_>,
) -> Result<()> {
    {
        let mut feeder = cache.feeder();
        let shape = sample(cache, overlay)?;
        cache.set_graph(graph::make(&cache.spec, &shape)?, cache.spec, false);
        read_all(cache, &mut feeder, overlay, 0, look)?;
    }
    let graph = cache.graph().ok_or_else(|| Error::internal("no graph"))?;
    link_all(&**graph, threads, look)
}

/// Links all that is fresh.
pub(super) fn link_all(graph: &dyn Graph, threads: usize, look: Look<'_>) -> Result<()> {
    let work = || -> Result<()> {
        while graph.link(64)? > 0 {
            look()?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let own = work();
        let others = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(_) => Err(Error::internal("a thread that links vectors has failed")),
        });
        others.fold(own, |all, one| all.and(one))
    })
}
