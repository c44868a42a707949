//! Locks on keys of a unique index, a bucket of hashes at a time.
//!
//! A bulk load into a table with a primary key locks every key it adds, so a key
//! must cost bytes, not a table entry: 16 to 32 here and 8 in its owner's log.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use smallvec::SmallVec;

use super::{LockMode, Owner};

/// Buckets per index: few enough that a large load shares them, many enough that
/// two sessions rarely meet in one.
const BUCKETS: u64 = 4096;
const FEW: usize = 4;

pub(super) fn bucket(hash: u64) -> u64 {
    hash % BUCKETS
}

/// The keys are hashes already.
#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("only u64 is hashed");
    }

    fn write_u64(&mut self, hash: u64) {
        // All hashes of a bucket are equal modulo the number of buckets.
        self.0 = hash.rotate_right(BUCKETS.trailing_zeros());
    }
}

enum Hashes {
    Few(SmallVec<[u64; FEW]>),
    Many(HashSet<u64, BuildHasherDefault<AsItIs>>),
}

impl Hashes {
    fn contains(&self, hash: u64) -> bool {
        match self {
            Hashes::Few(few) => few.contains(&hash),
            Hashes::Many(many) => many.contains(&hash),
        }
    }

    fn insert(&mut self, hash: u64) {
        match self {
            Hashes::Few(few) if few.len() < FEW => few.push(hash),
            Hashes::Few(few) => {
                *self = Hashes::Many(few.drain(..).chain([hash]).collect());
            }
            Hashes::Many(many) => {
                many.insert(hash);
            }
        }
    }

    fn remove(&mut self, hash: u64) {
        match self {
            Hashes::Few(few) => few.retain(|other| *other != hash),
            Hashes::Many(many) => {
                many.remove(&hash);
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Hashes::Few(few) => few.is_empty(),
            Hashes::Many(many) => many.is_empty(),
        }
    }
}

struct KeyHolder {
    owner: Owner,
    pid: i32,
    mode: LockMode,
    hashes: Hashes,
}

/// The key locks of a bucket.
#[derive(Default)]
pub(super) struct Bucket {
    holders: SmallVec<[KeyHolder; 1]>,
}

impl Bucket {
    /// Who holds the key, and how.
    pub(super) fn holders(&self, hash: u64) -> impl Iterator<Item = (Owner, i32, LockMode)> + '_ {
        self.holders
            .iter()
            .filter(move |holder| holder.hashes.contains(hash))
            .map(|holder| (holder.owner, holder.pid, holder.mode))
    }

    /// Every key that is held, and by whom.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, Owner, i32, LockMode)> + '_ {
        self.holders.iter().flat_map(|holder| {
            let hashes: Vec<u64> = match &holder.hashes {
                Hashes::Few(few) => few.to_vec(),
                Hashes::Many(many) => many.iter().copied().collect(),
            };
            hashes.into_iter().map(|hash| (hash, holder.owner, holder.pid, holder.mode))
        })
    }

    pub(super) fn add(&mut self, hash: u64, owner: Owner, pid: i32, mode: LockMode) {
        match self.holders.iter_mut().find(|h| h.owner == owner && h.mode == mode) {
            Some(held) => held.hashes.insert(hash),
            None => {
                let hashes = Hashes::Few(SmallVec::from_slice(&[hash]));
                self.holders.push(KeyHolder { owner, pid, mode, hashes });
            }
        }
    }

    pub(super) fn remove(&mut self, hash: u64, owner: Owner, mode: LockMode) {
        let held = self.holders.iter().position(|h| h.owner == owner && h.mode == mode);
        if let Some(position) = held {
            self.holders[position].hashes.remove(hash);
            if self.holders[position].hashes.is_empty() {
                self.holders.swap_remove(position);
            }
        }
    }

    pub(super) fn disown(&mut self, owner: Owner) {
        self.holders.iter_mut().filter(|h| h.owner == owner).for_each(|h| h.pid = 0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.holders.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_grows_and_empties_again() {
        let mut keys = Bucket::default();
        let hash = |n: u64| n * BUCKETS + 7;
        (0..100).for_each(|n| keys.add(hash(n), 1, 101, LockMode::Exclusive));
        assert_eq!(keys.holders(hash(99)).collect::<Vec<_>>(), [(1, 101, LockMode::Exclusive)]);
        assert_eq!(keys.holders(hash(100)).count(), 0);
        assert_eq!(keys.all().count(), 100);
        (0..100).for_each(|n| keys.remove(hash(n), 1, LockMode::Exclusive));
        assert!(keys.is_empty());
    }
}
