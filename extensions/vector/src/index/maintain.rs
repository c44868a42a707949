//! What goes on beside searches: linking, repair, loading.

use super::Index;
use crate::graph::{BadPage, Repair};
use crate::slots::{NEVER, NoSlot, Timestamp};
use crate::space::Space;
use std::collections::HashSet;
use std::sync::PoisonError;

impl<S: Space> Index<S> {
    /// Links up to `limit` fresh slots; how many there were. Threads may call it together.
    pub fn link(&self, limit: usize) -> Result<usize, NoSlot> {
        let mut linked = 0;
        while linked < limit {
            let next = self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(slot) = next else { break };
            self.link_one(slot)?;
            linked += 1;
        }
        if linked > 0 {
            self.tidy();
        }
        Ok(linked)
    }

    fn link_one(&self, slot: u32) -> Result<(), NoSlot> {
        let _reading = self.slots.reading();
        if !self.slots.is_published(slot) || self.graph.is_linked(slot) {
            return Ok(());
        }
        let linked = self.with_scratch(|scratch| {
            let query = self.space.stored(slot);
            self.graph.link(&self.space, &query, slot, self.slots.reserved(), scratch)
        });
        if linked.is_err() {
            // It stays on the fresh list, and is tried again.
            self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(slot);
        }
        Ok(linked?)
    }

    /// Takes linked slots off the fresh list, when they are most of it.
    fn tidy(&self) {
        let linked = |slot: &u32| self.graph.is_linked(*slot);
        let is_due = {
            let fresh = self.fresh.read().unwrap_or_else(PoisonError::into_inner);
            let linked = fresh.iter().filter(|slot| linked(slot)).count();
            linked > 0 && (2 * linked > fresh.len() || linked > 4096)
        };
        if is_due {
            let mut fresh = self.fresh.write().unwrap_or_else(PoisonError::into_inner);
            fresh.retain(|slot| !linked(slot));
        }
    }

    /// Links everything that is fresh, with `threads` threads.
    pub fn link_all(&self, threads: usize) -> Result<(), NoSlot> {
        std::thread::scope(|scope| {
            let work = || -> Result<(), NoSlot> {
                while self.link(256)? > 0 {}
                Ok(())
            };
            let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().expect("linking does not panic"))
        })
    }

    /// Begins to take out the slots that ended at or before `horizon`, which no snapshot
    /// sees any more; none where there are none. One repair runs at a time.
    pub fn begin_repair(&self, horizon: Timestamp) -> Option<Repair> {
        let is_dead = |slot: &u32| {
            let end = self.slots.ended(*slot);
            self.slots.is_published(*slot) && end != NEVER && end <= horizon
        };
        let dead: Vec<u32> = (0..self.slots.reserved()).filter(is_dead).collect();
        // What was never linked is only taken off the lists.
        let (linked, fresh): (Vec<u32>, Vec<u32>) =
            dead.into_iter().partition(|slot| self.graph.is_linked(*slot));
        self.drop_fresh(fresh);
        (!linked.is_empty()).then(|| self.graph.begin_repair(&self.slots, linked))
    }

    fn drop_fresh(&self, gone: Vec<u32>) {
        let gone: HashSet<u32> = gone.into_iter().collect();
        // Whoever links one at this moment has taken it off the queue: it is left to the
        // next repair.
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = HashSet::new();
        queue.retain(|slot| !gone.contains(slot) || !taken.insert(*slot));
        drop(queue);
        if !taken.is_empty() {
            let mut fresh = self.fresh.write().unwrap_or_else(PoisonError::into_inner);
            fresh.retain(|slot| !taken.contains(slot));
            drop(fresh);
            self.slots.free(&taken.into_iter().collect::<Vec<_>>());
        }
    }

    /// Looks at up to `limit` slots of a repair; whether it has ended.
    pub fn repair(&self, repair: &mut Repair, limit: u32) -> bool {
        self.tidy_all();
        self.graph.repair(&self.space, &self.slots, repair, limit)
    }

    /// A freed slot is on no list: it may come back as another value.
    fn tidy_all(&self) {
        let mut fresh = self.fresh.write().unwrap_or_else(PoisonError::into_inner);
        fresh.retain(|slot| !self.graph.is_linked(*slot));
    }

    /// Puts a value back that was saved, before searches begin.
    pub fn restore(
        &self,
        slot: u32,
        value: &S::Value,
        row_id: u64,
        begin: Timestamp,
        end: Timestamp,
    ) -> Result<(), NoSlot> {
        self.fill(slot, value)?;
        self.slots.restore(slot, row_id, begin, end)
    }

    /// Loads a page of the graph; then [`Index::finish_loading`].
    pub fn load_page(&self, page: u32, bytes: &[u8]) -> Result<(), BadPage> {
        self.graph.load_page(page, bytes)
    }

    /// Makes the loaded graph consistent with the restored slots, and puts those that it
    /// does not hold on the fresh list.
    pub fn finish_loading(&self) {
        self.slots.finish_restoring();
        let reserved = self.slots.reserved();
        let has_value = |slot: u32| slot < reserved && self.slots.is_published(slot);
        self.graph.finish_loading(has_value);
        let is_fresh = |slot: &u32| has_value(*slot) && !self.graph.is_linked(*slot);
        let fresh: Vec<u32> = (0..reserved).filter(is_fresh).collect();
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).extend(&fresh);
        *self.fresh.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }
}
