//! Reading: a transaction's own writes over a published instant.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::sync::Arc;

use super::activity::{Activity, Counted};
use super::gaps::Passing;
use super::observer::{rids, told};
use super::published::Published;
use super::serializable::Reader;
use super::spill::{InFlight, OwnSpill};
use super::write_set::{OwnChanges, WriteSet};
use crate::Result;
use crate::storage::{Entries, Key, KeyRange, Keyspace, Value, key, row};

/// A transaction's own changes of an index; no value means that the entry is gone.
pub type OwnEntries = Box<dyn Iterator<Item = Result<(Key, Option<Value>)>> + Send>;

/// A read handle: an instant, and a transaction's writes as they were when it was
/// made. Cheap to clone, owns what it reads, may go to other threads and outlive
/// its transaction. A statement reads through one, so it does not see its own writes.
#[derive(Clone)]
pub struct Overlay {
    published: Arc<Published>,
    writes: Option<Arc<WriteSet>>,
    own_spill: Option<Arc<OwnSpill>>,
    /// Of a serializable transaction: notes what is read.
    reader: Option<Reader>,
    /// Where its session counts.
    activity: Option<Arc<Activity>>,
}

impl Overlay {
    pub(super) fn new(
        published: Arc<Published>,
        writes: Option<Arc<WriteSet>>,
        own_spill: Option<Arc<OwnSpill>>,
        reader: Option<Reader>,
    ) -> Overlay {
        Overlay { published, writes, own_spill, reader, activity: None }
    }

    pub(super) fn counted_by(self, activity: Option<Arc<Activity>>) -> Overlay {
        Overlay { activity, ..self }
    }

    /// Counts something of a table or an index, by OID.
    pub fn count(&self, table: u32, counted: Counted, n: u64) {
        if let Some(activity) = &self.activity {
            activity.count(table, counted, n);
        }
    }

    /// The instant under the writes.
    pub fn published(&self) -> &Arc<Published> {
        &self.published
    }

    /// What the transaction itself has changed of an index, in key order; none where it
    /// has written past the committer there, which is not told one by one.
    pub fn own_entries(&self, index: u32) -> Option<OwnEntries> {
        let own_spill = self.own_spill.as_deref();
        if own_spill.is_some_and(|own| own.ranges.indexes().any(|other| other == index)) {
            return None;
        }
        let range = key::index(index);
        let own = self.writes.as_ref().and_then(|it| it.changes(Keyspace::Indexes, &range, false));
        Some(Box::new(own.into_iter().flat_map(told)))
    }

    /// The rows of a table that the transaction itself has changed, by rid, ascending; none
    /// where it has written past the committer there.
    pub fn own_rows(&self, table: u32) -> Option<impl Iterator<Item = Result<u64>> + use<>> {
        let own_spill = self.own_spill.as_deref();
        if own_spill.is_some_and(|own| own.ranges.rows().any(|(other, _)| other == table)) {
            return None;
        }
        let range = key::rows(table);
        let own = self.writes.as_ref().and_then(|it| it.changes(Keyspace::Rows, &range, false));
        Some(own.into_iter().flat_map(rids))
    }

    /// Notes that a serializable transaction has read a range that is not scanned.
    pub fn note_range(&self, keyspace: Keyspace, range: &KeyRange) -> Result<()> {
        match &self.reader {
            Some(reader) => reader.note_range(keyspace, range),
            None => Ok(()),
        }
    }

    /// A key's value. A deleted row is none.
    pub fn get(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Value>> {
        if let Some(writes) = &self.writes
            && let Some(change) = writes.get(keyspace, key)?
        {
            return Ok(change.into_visible());
        }
        if let Some(reader) = &self.reader {
            reader.note_key(keyspace, key)?;
        }
        match spilled(self.own_spill.as_deref(), keyspace, key)? {
            Some(value) => Ok(Some(value)),
            None => committed(&self.published, keyspace, key),
        }
    }

    /// The entries in a range, ascending, or descending if `reverse`. Deleted rows
    /// are left out.
    pub fn scan(&self, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Scan {
        self.scan_over(keyspace, range, reverse, || self.base(keyspace, range, reverse))
    }

    /// The entries of an index in a range, ascending: for who wants the first ones where many
    /// may have been removed, as in a queue (module `gaps`).
    pub fn scan_past_gaps(&self, range: &KeyRange) -> Scan {
        let keyspace = Keyspace::Indexes;
        let is_plain = self.own_spill.is_none() && self.published.in_flight.is_empty();
        self.scan_over(keyspace, range, false, || match key::object_of(&range.lower) {
            Some(index) if is_plain => Box::new(Passing::of(self.published.clone(), index, range)),
            _ => self.base(keyspace, range, false),
        })
    }

    /// The entry of an index with a key, as a scan of one: a read of a point costs less.
    pub fn scan_key(&self, key: &[u8]) -> Scan {
        let keyspace = Keyspace::Indexes;
        let found = self.get(keyspace, key).transpose();
        let entry = found.map(|value| value.map(|value| (Key::from(key), value)));
        Scan::Plain { base: Box::new(entry.into_iter()), keyspace }
    }

    fn scan_over(
        &self,
        keyspace: Keyspace,
        range: &KeyRange,
        reverse: bool,
        base: impl FnOnce() -> Entries,
    ) -> Scan {
        if range.is_empty() {
            return Scan::Plain { base: Box::new(std::iter::empty()), keyspace };
        }
        if let Some(reader) = &self.reader
            && let Err(error) = reader.note_range(keyspace, range)
        {
            return Scan::Plain { base: Box::new(std::iter::once(Err(error))), keyspace };
        }
        let base = base();
        let own = self.writes.as_ref().and_then(|it| it.changes(keyspace, range, reverse));
        match own {
            None => Scan::Plain { base, keyspace },
            Some(own) => Scan::Merged(Box::new(Merge {
                base: base.peekable(),
                own: own.peekable(),
                reverse,
                keyspace,
            })),
        }
    }
}

impl Overlay {
    /// What is committed at the instant, and the transaction's own spill.
    fn base(&self, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Entries {
        let mut base = self.published.view.range(keyspace, range, reverse);
        let in_flight = self.published.in_flight.clone();
        if !in_flight.is_empty() {
            base = Box::new(base.filter(move |entry| !is_hidden(&in_flight, keyspace, entry)));
        }
        let Some(own) = self.own_spill.clone() else { return base };
        let spilled = own.published.view.range(keyspace, range, reverse).filter(move |entry| {
            matches!(entry, Ok((key, value)) if own.ranges.contains(keyspace, key, value))
                || entry.is_err()
        });
        Box::new(Union {
            left: base.peekable(),
            right: (Box::new(spilled) as Entries).peekable(),
            reverse,
        })
    }
}

fn is_hidden(in_flight: &InFlight, keyspace: Keyspace, entry: &Result<(Key, Value)>) -> bool {
    matches!(entry, Ok((key, value)) if in_flight.hides(keyspace, key, value))
}

/// A key's value in a transaction's own spill.
pub(super) fn spilled(
    own: Option<&OwnSpill>,
    keyspace: Keyspace,
    key: &[u8],
) -> Result<Option<Value>> {
    let Some(own) = own else { return Ok(None) };
    if !matches!(keyspace, Keyspace::Rows | Keyspace::Indexes) {
        return Ok(None);
    }
    let value = own.published.view.get(keyspace, key)?;
    Ok(value.filter(|value| own.ranges.contains(keyspace, key, value)))
}

/// Two sorted streams without a key in common.
struct Union {
    left: Peekable<Entries>,
    right: Peekable<Entries>,
    reverse: bool,
}

impl Iterator for Union {
    type Item = Result<(Key, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        let takes_left = match (self.left.peek(), self.right.peek()) {
            (Some(Ok((left, _))), Some(Ok((right, _)))) => (left < right) != self.reverse,
            (Some(_), _) => true,
            (None, _) => false,
        };
        if takes_left { self.left.next() } else { self.right.next() }
    }
}

/// A key's committed value at an instant; a delete marker is no value.
pub(super) fn committed(
    published: &Published,
    keyspace: Keyspace,
    key: &[u8],
) -> Result<Option<Value>> {
    let value = published.view.get(keyspace, key)?;
    Ok(value.filter(|value| published.shows(keyspace, key, value)))
}

pub(super) fn is_marker(keyspace: Keyspace, value: &[u8]) -> bool {
    keyspace == Keyspace::Rows && row::is_deleted(value)
}

/// Entries of a range at an instant, own writes included.
pub enum Scan {
    /// Nothing of the range is in the write set's keyspace.
    Plain {
        base: Entries,
        keyspace: Keyspace,
    },
    Merged(Box<Merge>),
}

/// Merges two sorted streams; where both have a key, the transaction's own wins.
pub struct Merge {
    base: Peekable<Entries>,
    own: Peekable<OwnChanges>,
    reverse: bool,
    keyspace: Keyspace,
}

impl Iterator for Scan {
    type Item = Result<(Key, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Scan::Plain { base, keyspace } => loop {
                match base.next()? {
                    Ok((_, value)) if is_marker(*keyspace, &value) => {}
                    entry => return Some(entry),
                }
            },
            Scan::Merged(merge) => merge.next(),
        }
    }
}

impl Merge {
    fn next(&mut self) -> Option<Result<(Key, Value)>> {
        loop {
            match self.first() {
                First::Own { hides_base } => {
                    if hides_base {
                        self.base.next();
                    }
                    match self.own.next()? {
                        Ok((key, change)) => {
                            if let Some(value) = change.into_visible() {
                                return Some(Ok((key, value)));
                            }
                        }
                        Err(error) => return Some(Err(error)),
                    }
                }
                First::Base => match self.base.next()? {
                    Ok((_, value)) if is_marker(self.keyspace, &value) => {}
                    entry => return Some(entry),
                },
            }
        }
    }

    fn first(&mut self) -> First {
        let own = match self.own.peek() {
            Some(Ok((own, _))) => own,
            Some(Err(_)) => return First::Own { hides_base: false },
            None => return First::Base,
        };
        let Some(base) = self.base.peek() else { return First::Own { hides_base: false } };
        let Ok((base, _)) = base else { return First::Base };
        let order = if self.reverse { base.cmp(own) } else { own.cmp(base) };
        match order {
            Ordering::Less => First::Own { hides_base: false },
            Ordering::Equal => First::Own { hides_base: true },
            Ordering::Greater => First::Base,
        }
    }
}

/// Which of the two streams has the next key.
enum First {
    Own { hides_base: bool },
    Base,
}
