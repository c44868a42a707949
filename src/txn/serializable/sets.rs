//! What a transaction has read and written, in a form to look things up in.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound;

use crate::storage::{Key, KeyRange, Keyspace, key};

/// Something that is read.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    Key(&'a [u8]),
    Range(&'a KeyRange),
}

/// A range's lower end; what begins a keyspace is before all of it.
type Place = (Keyspace, Vec<u8>);

/// What a transaction has read, as plain data: what is written down of a prepared one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::txn) struct ReadRecord {
    pub(in crate::txn) keys: Vec<(Keyspace, Key)>,
    pub(in crate::txn) ranges: Vec<(Keyspace, KeyRange)>,
    pub(in crate::txn) objects: Vec<(Keyspace, u32)>,
    pub(in crate::txn) everything: bool,
}

/// Keys, ranges, and whole tables or indexes.
#[derive(Default)]
pub(super) struct ReadSet {
    keys: HashSet<(Keyspace, Key)>,
    /// Upper ends by lower ends; none touches another.
    ranges: BTreeMap<Place, Option<Vec<u8>>>,
    objects: HashSet<(Keyspace, u32)>,
    /// More than objects can tell: everything was read.
    everything: bool,
}

impl ReadSet {
    pub(super) fn record(&self) -> ReadRecord {
        let range = |((keyspace, lower), upper): (&Place, &Option<Vec<u8>>)| {
            (*keyspace, KeyRange { lower: lower.clone(), upper: upper.clone() })
        };
        ReadRecord {
            keys: self.keys.iter().cloned().collect(),
            ranges: self.ranges.iter().map(range).collect(),
            objects: self.objects.iter().copied().collect(),
            everything: self.everything,
        }
    }

    pub(super) fn restored(record: ReadRecord) -> ReadSet {
        let range =
            |(keyspace, range): (Keyspace, KeyRange)| ((keyspace, range.lower), range.upper);
        ReadSet {
            keys: record.keys.into_iter().collect(),
            ranges: record.ranges.into_iter().map(range).collect(),
            objects: record.objects.into_iter().collect(),
            everything: record.everything,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.ranges.len() + self.objects.len()
    }

    /// False if it was there already.
    pub(super) fn add(&mut self, keyspace: Keyspace, target: Target<'_>, max: usize) -> bool {
        let is_new = match target {
            Target::Key(key) => {
                !self.has(keyspace, key) && self.keys.insert((keyspace, Key::from(key)))
            }
            Target::Range(range) => self.add_range(keyspace, range.clone()),
        };
        if is_new && self.keys.len() + self.ranges.len() > max {
            self.coarsen(max);
        }
        is_new
    }

    fn add_range(&mut self, keyspace: Keyspace, mut range: KeyRange) -> bool {
        let object = key::object_of(&range.lower).filter(|object| is_within(&range, *object));
        if self.everything
            || object.is_some_and(|object| self.objects.contains(&(keyspace, object)))
        {
            return false;
        }
        let place = (keyspace, range.lower.clone());
        if let Some(((other, lower), upper)) = self.ranges.range(..=place).next_back()
            && *other == keyspace
            && upper.as_ref().is_none_or(|upper| range.lower <= *upper)
        {
            if is_at_most(range.upper.as_ref(), upper.as_ref()) {
                return false;
            }
            range.lower = lower.clone();
        }
        // Those that begin within it become part of it.
        loop {
            let place = (keyspace, range.lower.clone());
            let next = self.ranges.range(place..).next();
            let Some(((other, lower), upper)) = next else { break };
            let joins =
                *other == keyspace && range.upper.as_ref().is_none_or(|upper| lower <= upper);
            if !joins {
                break;
            }
            let found = (*other, lower.clone());
            if !is_at_most(upper.as_ref(), range.upper.as_ref()) {
                range.upper = upper.clone();
            }
            self.ranges.remove(&found);
        }
        self.ranges.insert((keyspace, range.lower), range.upper);
        true
    }

    fn coarsen(&mut self, max: usize) {
        for (keyspace, key) in self.keys.drain() {
            self.objects.extend(key::object_of(&key).map(|object| (keyspace, object)));
        }
        for ((keyspace, lower), upper) in std::mem::take(&mut self.ranges) {
            let range = KeyRange { lower, upper };
            match key::object_of(&range.lower) {
                Some(object) if is_within(&range, object) => {
                    self.objects.insert((keyspace, object));
                }
                _ => self.everything = true,
            }
        }
        if self.objects.len() > max {
            self.objects.clear();
            self.everything = true;
        }
    }

    pub(super) fn has(&self, keyspace: Keyspace, key: &[u8]) -> bool {
        if self.everything || self.keys.contains(&(keyspace, Key::from(key))) {
            return true;
        }
        if !self.objects.is_empty()
            && key::object_of(key).is_some_and(|object| self.objects.contains(&(keyspace, object)))
        {
            return true;
        }
        let place = (keyspace, key.to_vec());
        let before = self.ranges.range(..=place).next_back();
        before.is_some_and(|((other, _), upper)| {
            *other == keyspace && upper.as_ref().is_none_or(|upper| key < &upper[..])
        })
    }

    /// Whether a key was read by itself, and not only as a part of more.
    pub(super) fn has_alone(&self, keyspace: Keyspace, key: &[u8]) -> bool {
        self.keys.contains(&(keyspace, Key::from(key)))
    }

    /// True if anything of a table or index was read.
    pub(super) fn touches(&self, keyspace: Keyspace, object: u32) -> bool {
        let whole = key::object(object);
        self.everything
            || self.objects.contains(&(keyspace, object))
            || self.ranges.iter().any(|((other, lower), upper)| {
                *other == keyspace && overlaps(lower, upper.as_deref(), &whole)
            })
            || self.keys.iter().any(|(other, key)| *other == keyspace && whole.contains(key))
    }

    pub(super) fn merge(&mut self, other: ReadSet, max: usize) {
        self.everything |= other.everything;
        self.objects.extend(other.objects);
        for (keyspace, key) in &other.keys {
            self.add(*keyspace, Target::Key(key), max);
        }
        for ((keyspace, lower), upper) in other.ranges {
            self.add(keyspace, Target::Range(&KeyRange { lower, upper }), max);
        }
    }
}

/// Keys, and whole tables or indexes.
#[derive(Default)]
pub(super) struct WrittenSet {
    keys: BTreeSet<(Keyspace, Key)>,
    objects: HashSet<(Keyspace, u32)>,
}

impl WrittenSet {
    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.objects.len()
    }

    /// False if it was there already.
    pub(super) fn add(&mut self, keyspace: Keyspace, key: &[u8], max: usize) -> bool {
        let object = key::object_of(key);
        if !self.objects.is_empty()
            && object.is_some_and(|object| self.objects.contains(&(keyspace, object)))
        {
            return false;
        }
        let is_new = self.keys.insert((keyspace, Key::from(key)));
        if self.keys.len() > max {
            let objects = self.keys.iter().filter_map(|(k, key)| Some((*k, key::object_of(key)?)));
            self.objects.extend(objects);
            self.keys.clear();
        }
        is_new
    }

    pub(super) fn add_object(&mut self, keyspace: Keyspace, object: u32) {
        self.objects.insert((keyspace, object));
    }

    /// True if anything that is read was written.
    pub(super) fn meets(&self, keyspace: Keyspace, target: Target<'_>) -> bool {
        match target {
            Target::Key(key) => {
                self.keys.contains(&(keyspace, Key::from(key)))
                    || key::object_of(key)
                        .is_some_and(|object| self.objects.contains(&(keyspace, object)))
            }
            Target::Range(range) => {
                let from = Bound::Included((keyspace, Key::from(&range.lower[..])));
                let first = self.keys.range((from, Bound::Unbounded)).next();
                first.is_some_and(|(other, key)| *other == keyspace && range.contains(key))
                    || self.objects.iter().any(|(other, object)| {
                        let whole = key::object(*object);
                        *other == keyspace && overlaps(&range.lower, range.upper.as_deref(), &whole)
                    })
            }
        }
    }

    pub(super) fn merge(&mut self, other: WrittenSet, max: usize) {
        self.objects.extend(other.objects);
        for (keyspace, key) in &other.keys {
            self.add(*keyspace, key, max);
        }
    }
}

/// Of two upper ends, none being the end of everything.
fn is_at_most(one: Option<&Vec<u8>>, other: Option<&Vec<u8>>) -> bool {
    match (one, other) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(one), Some(other)) => one <= other,
    }
}

fn overlaps(lower: &[u8], upper: Option<&[u8]>, whole: &KeyRange) -> bool {
    upper.is_none_or(|upper| upper > &whole.lower[..])
        && whole.upper.as_ref().is_none_or(|end| lower < &end[..])
}

fn is_within(range: &KeyRange, object: u32) -> bool {
    let whole = key::object(object);
    range.lower >= whole.lower && is_at_most(range.upper.as_ref(), whole.upper.as_ref())
}
