//! Parse results by text, bounded.
//!
//! Two generations approximate least-recently-used in constant time: entries are
//! added to the young generation; when it holds half of the capacity it becomes
//! the old one and the former old one is dropped. A hit in the old generation
//! moves the entry to the young one.

use std::collections::HashMap;
use std::sync::Arc;

use super::ParsedStatement;

type Parsed = Arc<Vec<ParsedStatement>>;

pub(super) struct Cache {
    entries_max: usize,
    young: HashMap<Arc<str>, Parsed>,
    old: HashMap<Arc<str>, Parsed>,
}

impl Cache {
    pub fn new(entries_max: usize) -> Cache {
        Cache { entries_max, young: HashMap::new(), old: HashMap::new() }
    }

    pub fn get(&mut self, text: &str) -> Option<Parsed> {
        if let Some(parsed) = self.young.get(text) {
            return Some(parsed.clone());
        }
        let (key, parsed) = self.old.remove_entry(text)?;
        self.add(key, parsed.clone());
        Some(parsed)
    }

    pub fn add(&mut self, text: Arc<str>, parsed: Parsed) {
        if self.entries_max == 0 {
            return;
        }
        if self.young.len() >= self.entries_max.div_ceil(2) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text, parsed);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(cache: &mut Cache, text: &str) {
        cache.add(text.into(), Arc::new(Vec::new()));
    }

    #[test]
    fn entries_stay_within_the_limit() {
        let mut cache = Cache::new(4);
        (0..100).for_each(|n| add(&mut cache, &n.to_string()));
        assert!(cache.len() <= 4);
        assert!(cache.get("99").is_some());
        assert!(cache.get("1").is_none());
    }

    #[test]
    fn used_entries_outlive_unused_ones() {
        let mut cache = Cache::new(4);
        add(&mut cache, "hot");
        for n in 0..20 {
            add(&mut cache, &n.to_string());
            assert!(cache.get("hot").is_some());
        }
    }
}
