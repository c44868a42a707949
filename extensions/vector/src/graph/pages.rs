//! The graph as pages of bytes, for whoever stores them.
//!
//! A page holds [`PAGE_SLOTS`] slots; a slot that is not linked takes one byte. Pages that
//! changed are listed by [`Graph::take_dirty`], so that a checkpoint writes those alone.
//!
//! ```text
//! page:  format u8 = 1 | m u8 | slot × 256
//! slot:  0                                        not linked
//!        level + 1 u8 | list of layer 0 | … | list of layer `level`
//! list:  count u8 | count × slot u32, little-endian
//! ```
//! Pages of one checkpoint are of different moments while linkings go on. So what is
//! loaded is made consistent: a slot without a value is not linked, a neighbour that is
//! not linked is dropped. A page that does not follow the format is an error, and the
//! caller builds the graph anew from its rows.

use super::{Graph, LEVEL_MAX, Place};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// Slots of one page.
pub const PAGE_SLOTS: u32 = 256;
const FORMAT: u8 = 1;

/// Why a page cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPage(pub String);

impl std::fmt::Display for BadPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadPage {}

impl Graph {
    /// The pages that changed since they were last taken.
    pub fn take_dirty(&self) -> Vec<u32> {
        let mut pages = Vec::new();
        let mut word = 0;
        while self.dirty.is_made(word) {
            let bits = self.dirty.row(word)[0].swap(0, Ordering::AcqRel);
            pages.extend((0..64).filter(|bit| bits >> bit & 1 == 1).map(|bit| word * 64 + bit));
            word += 1;
        }
        pages
    }

    /// Counts a page that was taken among those that changed.
    pub fn mark_page(&self, page: u32) {
        if self.dirty.is_made(page / 64) {
            self.dirty.row(page / 64)[0].fetch_or(1 << (page % 64), Ordering::AcqRel);
        }
    }

    /// A page's bytes. Linkings may go on: a list is as it was at some moment.
    pub fn page(&self, page: u32) -> Vec<u8> {
        let mut bytes = vec![FORMAT, self.parameters.m as u8];
        for slot in page * PAGE_SLOTS..(page + 1) * PAGE_SLOTS {
            let _lock = self.lock(slot);
            let place = match self.places.is_made(slot) {
                true => self.place(slot),
                false => Place(0),
            };
            if !place.is_linked() {
                bytes.push(0);
                continue;
            }
            bytes.push(place.level() as u8 + 1);
            for level in 0..=place.level() {
                let mut neighbours = Vec::new();
                self.neighbours(slot, level, &mut neighbours);
                bytes.push(neighbours.len() as u8);
                neighbours.iter().for_each(|slot| bytes.extend(slot.to_le_bytes()));
            }
        }
        bytes
    }

    /// Loads a page into a graph that has none of its slots.
    pub(crate) fn load_page(&self, page: u32, bytes: &[u8]) -> Result<(), BadPage> {
        let bad = |what: &str| BadPage(format!("page {page} of a vector index: {what}"));
        let mut rest = bytes;
        if take(&mut rest) != Some(FORMAT) {
            return Err(bad("unknown format"));
        }
        if take(&mut rest).map(usize::from) != Some(self.parameters.m) {
            return Err(bad("other parameters"));
        }
        for slot in page * PAGE_SLOTS..(page + 1) * PAGE_SLOTS {
            let levels = take(&mut rest).ok_or_else(|| bad("too short"))?;
            if levels == 0 {
                continue;
            }
            let level = u32::from(levels) - 1;
            if level > LEVEL_MAX {
                return Err(bad("too many layers"));
            }
            self.make(slot).map_err(|error| bad(&error.to_string()))?;
            let place = self.reserve_upper(level).map_err(|error| bad(&error.to_string()))?;
            self.places.row(slot)[0].store(place.0, Ordering::Release);
            for level in 0..=level {
                let list = read_list(&mut rest).ok_or_else(|| bad("too short"))?;
                if list.len() > self.capacity(level) {
                    return Err(bad("too many neighbours"));
                }
                if level <= place.level() {
                    self.set_list(slot, level, &list);
                }
            }
            self.linked.fetch_add(1, Ordering::AcqRel);
        }
        if rest.is_empty() { Ok(()) } else { Err(bad("too long")) }
    }

    /// Makes what was loaded consistent, and finds where walks begin. `usable` says which
    /// slots have a value. Returns the slots that are linked no more.
    pub(crate) fn finish_loading(&self, usable: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut gone = Vec::new();
        for slot in (0..).take_while(|slot| self.places.is_made(*slot)) {
            if self.place(slot).is_linked() && !usable(slot) {
                self.clear(slot);
                gone.push(slot);
            }
        }
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entry: Option<(u32, u32)> = None;
        for slot in (0..).take_while(|slot| self.places.is_made(*slot)) {
            let place = self.place(slot);
            if place.is_linked() {
                (0..=place.level()).for_each(|level| self.drop_unlinked(slot, level));
                if entry.is_none_or(|(_, level)| place.level() > level) {
                    entry = Some((slot, place.level()));
                }
            }
        }
        self.set_entry(entry);
        gone
    }

    fn drop_unlinked(&self, slot: u32, level: u32) {
        let mut neighbours = Vec::new();
        self.neighbours(slot, level, &mut neighbours);
        let count = neighbours.len();
        neighbours.retain(|neighbour| {
            let place = || self.place(*neighbour);
            self.places.is_made(*neighbour) && place().is_linked() && place().level() >= level
        });
        if neighbours.len() < count {
            self.set_list(slot, level, &neighbours);
        }
    }
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(*first)
}

fn read_list(rest: &mut &[u8]) -> Option<Vec<u32>> {
    let count = usize::from(take(rest)?);
    let (list, others) = rest.split_at_checked(4 * count)?;
    *rest = others;
    let slot = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    Some(list.chunks_exact(4).map(slot).collect())
}
