//! Row locks of one stretch of rids.

use smallvec::SmallVec;

use super::{LockMode, Owner};

/// Rids in one stretch.
pub(super) const STRETCH: u64 = 1024;
const WORDS: usize = (STRETCH / 64) as usize;
const FEW: usize = 4;

/// A set of offsets into a stretch.
pub(super) enum Offsets {
    Few(SmallVec<[u16; FEW]>),
    Bits(Box<[u64; WORDS]>),
}

impl Offsets {
    fn one(offset: u16) -> Offsets {
        Offsets::Few(SmallVec::from_slice(&[offset]))
    }

    pub(super) fn contains(&self, offset: u16) -> bool {
        match self {
            Offsets::Few(few) => few.contains(&offset),
            Offsets::Bits(bits) => bits[usize::from(offset / 64)] >> (offset % 64) & 1 == 1,
        }
    }

    fn insert(&mut self, offset: u16) {
        match self {
            Offsets::Few(few) if few.len() < FEW => few.push(offset),
            Offsets::Few(few) => {
                let mut bits = Box::new([0; WORDS]);
                few.push(offset);
                few.iter().for_each(|offset| set(&mut bits, *offset));
                *self = Offsets::Bits(bits);
            }
            Offsets::Bits(bits) => set(bits, offset),
        }
    }

    fn remove(&mut self, offset: u16) {
        match self {
            Offsets::Few(few) => few.retain(|other| *other != offset),
            Offsets::Bits(bits) => bits[usize::from(offset / 64)] &= !(1 << (offset % 64)),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Offsets::Few(few) => few.is_empty(),
            Offsets::Bits(bits) => bits.iter().all(|word| *word == 0),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (0..STRETCH as u16).filter(|offset| self.contains(*offset))
    }
}

fn set(bits: &mut [u64; WORDS], offset: u16) {
    bits[usize::from(offset / 64)] |= 1 << (offset % 64);
}

/// What one owner holds in one mode.
pub(super) struct RowHolder {
    pub(super) owner: Owner,
    pub(super) pid: i32,
    pub(super) mode: LockMode,
    pub(super) offsets: Offsets,
}

/// The row locks of a stretch.
#[derive(Default)]
pub(super) struct Stretch {
    pub(super) holders: SmallVec<[RowHolder; 1]>,
}

impl Stretch {
    /// Who holds the row, and how.
    pub(super) fn holders(&self, offset: u16) -> impl Iterator<Item = (Owner, i32, LockMode)> + '_ {
        self.holders
            .iter()
            .filter(move |holder| holder.offsets.contains(offset))
            .map(|holder| (holder.owner, holder.pid, holder.mode))
    }

    pub(super) fn add(&mut self, offset: u16, owner: Owner, pid: i32, mode: LockMode) {
        let held = self.holders.iter_mut().find(|h| h.owner == owner && h.mode == mode);
        match held {
            Some(held) => held.offsets.insert(offset),
            None => {
                let offsets = Offsets::one(offset);
                self.holders.push(RowHolder { owner, pid, mode, offsets });
            }
        }
    }

    pub(super) fn remove(&mut self, offset: u16, owner: Owner, mode: LockMode) {
        let held = self.holders.iter().position(|h| h.owner == owner && h.mode == mode);
        if let Some(position) = held {
            self.holders[position].offsets.remove(offset);
            if self.holders[position].offsets.is_empty() {
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

/// Stretch number and offset of a rid.
pub(super) fn place(rid: u64) -> (u64, u16) {
    (rid / STRETCH, (rid % STRETCH) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_grow_into_a_bitmap_and_empty_again() {
        let mut offsets = Offsets::one(3);
        for offset in [64, 1023, 500, 501, 502] {
            offsets.insert(offset);
        }
        assert!(matches!(offsets, Offsets::Bits(_)));
        assert_eq!(offsets.iter().collect::<Vec<_>>(), [3, 64, 500, 501, 502, 1023]);
        offsets.iter().collect::<Vec<_>>().into_iter().for_each(|offset| offsets.remove(offset));
        assert!(offsets.is_empty());
    }
}
