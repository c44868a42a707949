//! A persistent ordered map: a clone is one pointer, and a cursor owns its map.
//!
//! It is the memory engine's keyspace and a transaction's write set. A savepoint
//! is a clone; a scan walks a clone while the original goes on changing.

use std::ops::Bound;

use imbl::OrdMap;

use super::{Key, KeyRange};

/// Entries a cursor copies out at a time: enough to amortise finding its place.
const CHUNK: usize = 64;

#[derive(Clone)]
pub struct OrderedMap<V: Clone>(OrdMap<Key, V>);

impl<V: Clone> Default for OrderedMap<V> {
    fn default() -> Self {
        OrderedMap(OrdMap::new())
    }
}

impl<V: Clone> OrderedMap<V> {
    pub fn get(&self, key: &[u8]) -> Option<&V> {
        self.0.get(key)
    }

    pub fn insert(&mut self, key: Key, value: V) {
        self.0.insert(key, value);
    }

    pub fn remove(&mut self, key: &[u8]) {
        self.0.remove(key);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Key, &V)> {
        self.0.iter()
    }

    /// The entries in `range`, ascending or descending, of the map as it is now.
    pub fn cursor(&self, range: &KeyRange, reverse: bool) -> Cursor<V> {
        let lower = Bound::Included(Key::from(range.lower.as_slice()));
        let upper = range
            .upper
            .as_ref()
            .map_or(Bound::Unbounded, |upper| Bound::Excluded(Key::from(upper.as_slice())));
        let done = range.is_empty() || self.is_empty();
        Cursor { map: self.clone(), lower, upper, reverse, chunk: Vec::new().into_iter(), done }
    }
}

/// Walks a map it owns.
pub struct Cursor<V: Clone> {
    map: OrderedMap<V>,
    lower: Bound<Key>,
    upper: Bound<Key>,
    reverse: bool,
    chunk: std::vec::IntoIter<(Key, V)>,
    done: bool,
}

impl<V: Clone> Cursor<V> {
    fn refill(&mut self) {
        let range = self.map.0.range::<_, Key>((self.lower.as_ref(), self.upper.as_ref()));
        let owned = |(key, value): (&Key, &V)| (key.clone(), value.clone());
        let chunk: Vec<_> = if self.reverse {
            range.rev().take(CHUNK).map(owned).collect()
        } else {
            range.take(CHUNK).map(owned).collect()
        };
        self.done = chunk.len() < CHUNK;
        if let Some((last, _)) = chunk.last() {
            let edge = if self.reverse { &mut self.upper } else { &mut self.lower };
            *edge = Bound::Excluded(last.clone());
        }
        self.done = self.done || self.bounds_cross();
        self.chunk = chunk.into_iter();
    }

    /// `BTreeMap`-like ranges dislike a lower bound at or above the upper one.
    fn bounds_cross(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Bound::Excluded(lower) | Bound::Included(lower), Bound::Excluded(upper)) => {
                lower >= upper
            }
            _ => false,
        }
    }
}

impl<V: Clone> Iterator for Cursor<V> {
    type Item = (Key, V);

    fn next(&mut self) -> Option<(Key, V)> {
        loop {
            if let Some(entry) = self.chunk.next() {
                return Some(entry);
            }
            if self.done {
                return None;
            }
            self.refill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(n: u32) -> OrderedMap<u32> {
        let mut map = OrderedMap::default();
        for i in 0..n {
            map.insert(Key::from(i.to_be_bytes()), i);
        }
        map
    }

    #[test]
    fn cursor_crosses_chunks_in_both_directions() {
        let map = map(1000);
        let range = KeyRange::new(10u32.to_be_bytes(), 900u32.to_be_bytes());
        let forward: Vec<u32> = map.cursor(&range, false).map(|(_, v)| v).collect();
        assert_eq!(forward, (10..900).collect::<Vec<_>>());
        let backward: Vec<u32> = map.cursor(&range, true).map(|(_, v)| v).collect();
        assert_eq!(backward, (10..900).rev().collect::<Vec<_>>());
    }

    #[test]
    fn cursor_does_not_see_later_changes() {
        let mut map = map(200);
        let mut cursor = map.cursor(&KeyRange::all(), false);
        assert_eq!(cursor.next().map(|(_, v)| v), Some(0));
        map.insert(Key::from(150u32.to_be_bytes()), 7);
        map.remove(&199u32.to_be_bytes());
        assert_eq!(cursor.map(|(_, v)| v).collect::<Vec<_>>(), (1..200).collect::<Vec<_>>());
    }

    #[test]
    fn empty_ranges_yield_nothing() {
        let empty = KeyRange::new([9], [3]);
        assert_eq!(map(20).cursor(&empty, false).count(), 0);
        assert_eq!(map(20).cursor(&empty, true).count(), 0);
    }
}
