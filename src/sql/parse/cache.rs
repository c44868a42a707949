//! What was used lately, bounded.
//!
//! Two generations approximate least-recently-used in constant time: entries are
//! added to the young generation; when it holds half of the capacity it becomes
//! the old one and the former old one is dropped. A hit in the old generation
//! moves the entry to the young one.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// Up to `entries_max` values by their keys.
pub struct Recent<K, V> {
    entries_max: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    pub fn new(entries_max: usize) -> Recent<K, V> {
        Recent { entries_max, young: HashMap::new(), old: HashMap::new() }
    }

    pub fn get<Q>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some((key, value)) = self.old.remove_entry(key) {
            self.add(key, value);
        }
        self.young.get(key)
    }

    /// Adds a value, in place of the one that the key has.
    pub fn add(&mut self, key: K, value: V) {
        if self.entries_max == 0 {
            return;
        }
        if self.young.len() >= self.entries_max.div_ceil(2) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_within_the_limit() {
        let mut cache = Recent::new(4);
        (0..100).for_each(|n| cache.add(n, n));
        assert!(cache.len() <= 4);
        assert_eq!(cache.get(&99), Some(&99));
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn used_entries_outlive_unused_ones() {
        let mut cache = Recent::new(4);
        cache.add(-1, 0);
        for n in 0..20 {
            cache.add(n, n);
            assert_eq!(cache.get(&-1), Some(&0));
        }
    }

    #[test]
    fn a_key_has_one_value() {
        let mut cache = Recent::new(4);
        for n in 0..20 {
            cache.add(n % 3, n);
            assert_eq!(cache.get(&(n % 3)), Some(&n));
        }
        assert_eq!(cache.len(), 3);
    }
}
