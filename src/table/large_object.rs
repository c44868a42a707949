//! Large objects: bytes under a number, in pages, beside the tables of their database.
//!
//! ```text
//! Rows  [database u32][object u64]                   owner, access control list
//! Rows  [database u32][object u32][page u32]         up to 2,048 bytes
//! ```
//!
//! The OID of a database is the storage id of its large objects: OIDs and storage ids
//! come from one counter, so no table has it. Objects are numbered from 1, hence an
//! object's own row sorts before all pages. Rows begin with the header that all rows
//! have, so snapshots, markers of what was deleted, savepoints and spilling are those of
//! tables. There are no indexes: the key says it all.
//!
//! Who changes an object holds a lock on its own row ([`lock_of`]); two transactions that
//! write to one object come one after the other, where PostgreSQL lets them go side by
//! side as long as they write to different pages.
//!
//! A [`Descriptor`] is what `lo_open` gives: it lasts as long as its transaction, a
//! rollback to a savepoint closes what was opened since, and its position stays where it
//! is whatever is rolled back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rpds::VectorSync;

use crate::catalog::AclItem;
use crate::error::{Error, Result};
use crate::sql::run::Work;
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::storage::key::{self, KeyRange};
use crate::storage::row;
use crate::txn::{Keyspace, Overlay, Resource};

/// Bytes of a page; all but the last may be shorter, which reads as zeros.
pub const PAGE_BYTES: usize = 2048;

/// Bytes of a large object.
pub const SIZE_MAX: i64 = i32::MAX as i64 * PAGE_BYTES as i64;

/// Descriptors that one transaction has open.
const DESCRIPTORS_MAX: usize = 100_000;

/// Pages between two looks at whether the statement was cancelled.
const PAGES_PER_LOOK: u64 = 256;

/// What is known of an object beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub owner: Oid,
    /// None is the default: everything for the owner.
    pub acl: Option<Vec<AclItem>>,
}

impl Metadata {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = row::header(0).to_vec();
        bytes.extend_from_slice(&self.owner.to_le_bytes());
        bytes.push(u8::from(self.acl.is_some()));
        for item in self.acl.iter().flatten() {
            for number in [item.grantee, item.grantor, item.bits] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        bytes
    }

    fn decode(stored: &[u8]) -> Result<Metadata> {
        let damaged = || Error::data_corrupted("the row of a large object is damaged");
        let body = stored.get(row::HEADER_LEN..).ok_or_else(damaged)?;
        let (owner, rest) = body.split_first_chunk().ok_or_else(damaged)?;
        let (has_list, items) = rest.split_first().ok_or_else(damaged)?;
        let number = |bytes: &[u8], at: usize| {
            let bytes = bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(0, u32::from_le_bytes)
        };
        let (items, []) = items.as_chunks::<12>() else { return Err(damaged()) };
        let item = |bytes: &[u8; 12]| AclItem {
            grantee: number(bytes, 0),
            grantor: number(bytes, 4),
            bits: number(bytes, 8),
        };
        Ok(Metadata {
            owner: u32::from_le_bytes(*owner),
            acl: (*has_list != 0).then(|| items.iter().map(item).collect()),
        })
    }
}

fn own_row(object: Oid) -> u64 {
    u64::from(object)
}

fn page_row(object: Oid, page: u32) -> u64 {
    u64::from(object) << 32 | u64::from(page)
}

/// The lock that a change of an object takes.
pub fn lock_of(database: Oid, object: Oid) -> Resource {
    Resource::row(database, own_row(object))
}

/// What is known of an object; none if it does not exist.
pub fn metadata(overlay: &Overlay, database: Oid, object: Oid) -> Result<Option<Metadata>> {
    let stored = overlay.get(Keyspace::Rows, &key::row(database, own_row(object)))?;
    stored.map(|stored| Metadata::decode(&stored)).transpose()
}

/// All objects, in the order of their numbers.
pub fn all(overlay: &Overlay, database: Oid) -> impl Iterator<Item = Result<(Oid, Metadata)>> {
    let range = key::rows_between(database, 0, page_row(1, 0));
    overlay.scan(Keyspace::Rows, &range, false).map(|entry| {
        let (entry_key, stored) = entry?;
        let object = key::row_parts(&entry_key).map_or(0, |(_, rid)| rid as Oid);
        Ok((object, Metadata::decode(&stored)?))
    })
}

/// Makes or changes an object, under its lock.
pub fn put(work: &mut Work, object: Oid, metadata: &Metadata) -> Result<()> {
    let database = work.catalog.database;
    let entry_key = key::row(database, own_row(object));
    if work.txn.get_newest(Keyspace::Rows, &entry_key)?.is_none() {
        work.table.count_rows(database, 1);
    }
    work.txn.put_row(entry_key, metadata.encode())
}

/// One page as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub object: Oid,
    pub number: u32,
    pub bytes: Vec<u8>,
}

/// The stored pages of one object from a page on, or of all objects.
pub fn pages(
    overlay: &Overlay,
    database: Oid,
    of: Option<(Oid, u32)>,
) -> impl Iterator<Item = Result<Page>> {
    let range = match of {
        Some((object, from)) => range_of(database, object, from),
        None => KeyRange {
            lower: key::row(database, page_row(1, 0)).to_vec(),
            upper: key::rows(database).upper,
        },
    };
    overlay.scan(Keyspace::Rows, &range, false).map(|entry| {
        let (entry_key, stored) = entry?;
        page(&entry_key, &stored)
    })
}

fn range_of(database: Oid, object: Oid, from: u32) -> KeyRange {
    let lower = key::row(database, page_row(object, from)).to_vec();
    let last = key::row(database, page_row(object, u32::MAX));
    KeyRange { lower, upper: Some(key::next(&last)) }
}

fn page(entry_key: &[u8], stored: &[u8]) -> Result<Page> {
    let damaged = || Error::data_corrupted("a page of a large object is damaged");
    let (_, rid) = key::row_parts(entry_key).ok_or_else(damaged)?;
    let bytes = stored.get(row::HEADER_LEN..).filter(|bytes| bytes.len() <= PAGE_BYTES);
    let bytes = bytes.ok_or_else(damaged)?.to_vec();
    Ok(Page { object: (rid >> 32) as Oid, number: rid as u32, bytes })
}

/// Replaces a page by what is made of its bytes, under the object's lock.
fn change_page(
    work: &mut Work,
    object: Oid,
    number: u32,
    change: impl FnOnce(&mut Vec<u8>),
) -> Result<()> {
    let database = work.catalog.database;
    let entry_key = key::row(database, page_row(object, number));
    let mut bytes = match work.txn.get_newest(Keyspace::Rows, &entry_key)? {
        Some(stored) => page(&entry_key, &stored)?.bytes,
        None => {
            work.table.count_rows(database, 1);
            Vec::new()
        }
    };
    change(&mut bytes);
    work.txn.put_row(entry_key, [&row::header(0), bytes.as_slice()].concat())
}

/// Where the last page ends.
pub fn size(overlay: &Overlay, database: Oid, object: Oid) -> Result<i64> {
    let last = overlay.scan(Keyspace::Rows, &range_of(database, object, 0), true).next();
    let Some(entry) = last else { return Ok(0) };
    let (entry_key, stored) = entry?;
    let last = page(&entry_key, &stored)?;
    Ok(i64::from(last.number) * PAGE_BYTES as i64 + last.bytes.len() as i64)
}

/// The page that a position is in, and where in it.
fn place(position: i64) -> (u32, usize) {
    let page_bytes = PAGE_BYTES as i64;
    ((position / page_bytes) as u32, (position % page_bytes) as usize)
}

/// Bytes from a position on, at most so many; what was never written is zeros.
pub fn read(
    overlay: &Overlay,
    database: Oid,
    object: Oid,
    from: i64,
    most: usize,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<u8>> {
    let mut read = Vec::new();
    if most == 0 {
        return Ok(read);
    }
    let (first, _) = place(from);
    for (seen, page) in (0u64..).zip(pages(overlay, database, Some((object, first)))) {
        look(seen, is_cancelled)?;
        let page = page?;
        let start = i64::from(page.number) * PAGE_BYTES as i64;
        let at = from + read.len() as i64;
        let gap = usize::try_from(start - at).unwrap_or(0).min(most - read.len());
        read.resize(read.len() + gap, 0);
        let at = from + read.len() as i64;
        if let Ok(skip) = usize::try_from(at - start)
            && let Some(bytes) = page.bytes.get(skip..)
        {
            let taken = bytes.len().min(most - read.len());
            read.extend_from_slice(&bytes[..taken]);
        }
        if read.len() == most {
            break;
        }
    }
    Ok(read)
}

/// Writes bytes at a position, under the object's lock.
pub fn write(
    work: &mut Work,
    object: Oid,
    at: i64,
    data: &[u8],
    is_cancelled: &dyn Fn() -> bool,
) -> Result<()> {
    let (mut rest, mut at, mut seen) = (data, at, 0);
    while !rest.is_empty() {
        look(seen, is_cancelled)?;
        seen += 1;
        let (number, skip) = place(at);
        let (now, later) = rest.split_at(rest.len().min(PAGE_BYTES - skip));
        change_page(work, object, number, |bytes| {
            bytes.resize(bytes.len().max(skip + now.len()), 0);
            bytes[skip..skip + now.len()].copy_from_slice(now);
        })?;
        at += now.len() as i64;
        rest = later;
    }
    Ok(())
}

/// Cuts an object off at a length, or lengthens it, under its lock. The page that the end
/// is in is there afterwards, be it empty.
pub fn truncate(
    work: &mut Work,
    object: Oid,
    length: i64,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<()> {
    let (number, end) = place(length);
    change_page(work, object, number, |bytes| bytes.resize(end, 0))?;
    match number.checked_add(1) {
        Some(after) => remove_pages(work, object, after, is_cancelled),
        None => Ok(()),
    }
}

/// Removes an object with all its pages, under its lock.
pub fn remove(work: &mut Work, object: Oid, is_cancelled: &dyn Fn() -> bool) -> Result<()> {
    let database = work.catalog.database;
    work.txn.delete_row(key::row(database, own_row(object)))?;
    work.table.count_rows(database, -1);
    work.table.large_objects.close_object(object);
    remove_pages(work, object, 0, is_cancelled)
}

fn remove_pages(
    work: &mut Work,
    object: Oid,
    from: u32,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<()> {
    let database = work.catalog.database;
    let range = range_of(database, object, from);
    let stored = work.txn.overlay_newest().scan(Keyspace::Rows, &range, false);
    for (seen, entry) in (0..).zip(stored) {
        look(seen, is_cancelled)?;
        work.txn.delete_row(entry?.0)?;
        work.table.count_rows(database, -1);
    }
    Ok(())
}

fn look(seen: u64, is_cancelled: &dyn Fn() -> bool) -> Result<()> {
    match seen.is_multiple_of(PAGES_PER_LOOK) && is_cancelled() {
        true => Err(Error::query_canceled()),
        false => Ok(()),
    }
}

/// An object that a transaction has open.
pub struct Descriptor {
    pub object: Oid,
    pub writes: bool,
    /// What is read: the snapshot that it was opened in. None reads what is there now.
    pub reads: Option<Overlay>,
    pub position: Mutex<i64>,
    is_closed: AtomicBool,
}

impl Descriptor {
    pub fn new(object: Oid, writes: bool, reads: Option<Overlay>) -> Descriptor {
        Descriptor {
            object,
            writes,
            reads,
            position: Mutex::new(0),
            is_closed: AtomicBool::new(false),
        }
    }

    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }
}

/// The objects that a transaction has open, by number. A clone is what a savepoint goes
/// back to: what was closed since stays closed.
#[derive(Clone, Default)]
pub struct Descriptors(VectorSync<Arc<Descriptor>>);

impl Descriptors {
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|known| known.is_closed())
    }

    /// The number of a new descriptor: the first that is free.
    pub fn add(&mut self, descriptor: Descriptor) -> Result<i32> {
        let free = self.0.iter().position(|known| known.is_closed());
        let at = free.unwrap_or(self.0.len());
        if at >= DESCRIPTORS_MAX {
            return Err(Error::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!("a transaction can have at most {DESCRIPTORS_MAX} large objects open"),
            ));
        }
        match free {
            Some(at) => self.0.set_mut(at, Arc::new(descriptor)),
            None => {
                self.0.push_back_mut(Arc::new(descriptor));
                true
            }
        };
        Ok(at as i32)
    }

    /// The descriptor of a number. `42704` if it is not open.
    pub fn get(&self, number: i32) -> Result<Arc<Descriptor>> {
        let found = usize::try_from(number).ok().and_then(|at| self.0.get(at));
        found.filter(|known| !known.is_closed()).cloned().ok_or_else(|| {
            let message = format!("invalid large-object descriptor: {number}");
            Error::new(sqlstate::UNDEFINED_OBJECT, message)
        })
    }

    /// Closes the descriptors of an object that is gone.
    pub fn close_object(&self, object: Oid) {
        self.0.iter().filter(|known| known.object == object).for_each(|known| known.close());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_what_it_was() {
        let item = |grantee| AclItem { grantee, grantor: 10, bits: 6 };
        for acl in [None, Some(vec![]), Some(vec![item(0), item(u32::MAX)])] {
            let metadata = Metadata { owner: 16384, acl };
            assert_eq!(Metadata::decode(&metadata.encode()).expect("decodes"), metadata);
        }
        assert!(Metadata::decode(&row::header(0)).is_err());
        let mut cut = Metadata { owner: 1, acl: Some(vec![item(2)]) }.encode();
        cut.pop();
        assert!(Metadata::decode(&cut).is_err());
    }

    #[test]
    fn a_descriptor_that_was_closed_stays_so_over_a_rollback() {
        let mut descriptors = Descriptors::default();
        assert_eq!(descriptors.add(Descriptor::new(7, false, None)).expect("is free"), 0);
        let savepoint = descriptors.clone();
        descriptors.get(0).expect("is open").close();
        assert_eq!(descriptors.add(Descriptor::new(8, true, None)).expect("is free"), 0);
        assert_eq!(descriptors.add(Descriptor::new(9, true, None)).expect("is free"), 1);
        descriptors.close_object(9);
        assert!(descriptors.get(1).is_err() && descriptors.get(-1).is_err());
        assert_eq!(descriptors.get(0).expect("is open").object, 8);
        assert!(savepoint.get(0).is_err());
    }
}
