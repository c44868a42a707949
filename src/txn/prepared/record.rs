//! A prepared transaction as bytes.
//!
//! ```text
//! key    Service [PREPARED u32][transaction u64][number u32]
//! value  a piece of: [format u8][xxh3 of the rest u64][the rest …]
//! rest   gid, owner, database, prepared_at, payload, locks, own spill, all spill,
//!        reads, changes by keyspace
//! ```
//!
//! Numbers are little-endian, byte strings carry their length as u64. A record is cut
//! into pieces so that no single value of the engine is large. The hash covers all
//! pieces: a record of which one is missing or damaged is not read as a shorter one,
//! the server refuses to start.

use std::sync::Arc;

use super::super::lock::{Claim, LockHolds, LockLog, LockMode, Resource};
use super::super::serializable::{ReadRecord, Serializable};
use super::super::spill::RidRanges;
use super::super::write_set::{Change, WriteSet};
use super::{Prepared, PreparedInfo, Recovered};
use crate::storage::{Key, KeyRange, Keyspace, ReadView, Value, WriteBatch, key};
use crate::{Error, Result};

const FORMAT: u8 = 3;
/// Locks of this one and those before have no claims.
const FORMAT_WITHOUT_CLAIMS: u8 = 2;
/// Locks of this one do not say their database: there was one.
const FORMAT_OF_ONE_DATABASE: u8 = 1;
const HEADER_LEN: usize = 9;
const PIECE_BYTES: usize = 1 << 20;

/// Adds the record to a batch; the number of its pieces.
pub(super) fn write(prepared: &Prepared, batch: &mut WriteBatch) -> u32 {
    let bytes = encode(prepared);
    let mut pieces = 0;
    for piece in bytes.chunks(PIECE_BYTES) {
        batch.put(Keyspace::Service, key::prepared_piece(prepared.info.id, pieces), piece);
        pieces += 1;
    }
    pieces
}

/// All records, oldest transaction first.
pub(super) fn read_all(view: &dyn ReadView) -> Result<Vec<Recovered>> {
    let mut records = Vec::new();
    let mut open: Option<(u64, u32, Vec<u8>)> = None;
    let mut close = |record: Option<(u64, u32, Vec<u8>)>| -> Result<()> {
        if let Some((id, pieces, bytes)) = record {
            records.push(decode(id, pieces, &bytes).ok_or_else(damaged)?);
        }
        Ok(())
    };
    for entry in view.range(Keyspace::Service, &key::object(key::SERVICE_PREPARED), false) {
        let (piece_key, piece) = entry?;
        let (id, number) = key::prepared_piece_parts(&piece_key).ok_or_else(damaged)?;
        if open.as_ref().is_none_or(|(open_id, ..)| *open_id != id) {
            close(open.replace((id, 0, Vec::new())))?;
        }
        let Some((_, pieces, bytes)) = open.as_mut() else { return Err(damaged()) };
        if number != *pieces {
            return Err(damaged());
        }
        *pieces += 1;
        bytes.extend_from_slice(&piece);
    }
    close(open)?;
    Ok(records)
}

fn damaged() -> Error {
    Error::data_corrupted("record of a prepared transaction")
}

fn encode(prepared: &Prepared) -> Vec<u8> {
    let mut out = Writer(vec![0; HEADER_LEN]);
    let info = &prepared.info;
    out.bytes(info.gid.as_bytes());
    out.u32(info.owner);
    out.u32(info.database);
    out.u64(info.prepared_at as u64);
    out.bytes(&info.payload);
    out.locks(&prepared.locks.holds());
    out.bytes(&prepared.own.encode());
    out.bytes(&prepared.spilled.encode());
    out.reads(prepared.serializable.as_ref().map(Serializable::read_record));
    out.changes(&prepared.writes);
    let mut bytes = out.0;
    let hash = hash(FORMAT, &bytes[HEADER_LEN..]);
    bytes[0] = FORMAT;
    bytes[1..HEADER_LEN].copy_from_slice(&hash.to_le_bytes());
    bytes
}

fn decode(id: u64, pieces: u32, bytes: &[u8]) -> Option<Recovered> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>()?;
    let hash = hash(header[0], rest);
    if !(FORMAT_OF_ONE_DATABASE..=FORMAT).contains(&header[0]) || header[1..] != hash.to_le_bytes()
    {
        return None;
    }
    let mut rest = Reader(rest);
    let gid: Arc<str> = std::str::from_utf8(rest.bytes()?).ok()?.into();
    let info = PreparedInfo {
        gid,
        id,
        owner: rest.u32()?,
        database: rest.u32()?,
        prepared_at: rest.u64()? as i64,
        payload: Value::from(rest.bytes()?),
    };
    let mut holds = rest.locks(header[0] > FORMAT_WITHOUT_CLAIMS)?;
    if header[0] <= FORMAT_OF_ONE_DATABASE {
        say_database(&mut holds, info.database);
    }
    let (own, spilled) = (rest.bytes()?, rest.bytes()?);
    let reads = rest.reads()?;
    let prepared = Prepared {
        info,
        dead: RidRanges::default(),
        own: RidRanges::decode(own).ok()?,
        spilled: RidRanges::decode(spilled).ok()?,
        writes: rest.changes()?,
        serializable: None,
        pieces,
        locks: LockLog::default(),
    };
    rest.0.is_empty().then_some(Recovered { prepared, holds, reads })
}

/// The hash of a record; that of the present format covers the format too.
fn hash(format: u8, rest: &[u8]) -> u64 {
    let seed = if format <= FORMAT_OF_ONE_DATABASE { 0 } else { u64::from(format) };
    xxhash_rust::xxh3::xxh3_64_with_seed(rest, seed)
}

fn say_database(holds: &mut LockHolds, own: u32) {
    let resources = holds.runs.iter_mut().map(|(resource, ..)| resource);
    for resource in resources.chain(&mut holds.lasting) {
        match resource {
            Resource::Table { database, .. }
            | Resource::Object { database, .. }
            | Resource::Advisory { database, .. } => *database = own,
            _ => {}
        }
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn locks(&mut self, holds: &LockHolds) {
        self.u64(holds.runs.len() as u64);
        for (resource, mode, count) in &holds.runs {
            self.resource(*resource);
            self.u8(*mode as u8);
            self.u64(*count);
        }
        self.u64(holds.hashes.len() as u64);
        holds.hashes.iter().for_each(|hash| self.u64(*hash));
        self.u64(holds.lasting.len() as u64);
        holds.lasting.iter().for_each(|resource| self.resource(*resource));
        self.u64(holds.claims.len() as u64);
        holds.claims.iter().for_each(|claim| self.claim(claim));
    }

    fn claim(&mut self, claim: &Claim) {
        self.u8(claim.group.is_some().into());
        self.u64(claim.group.unwrap_or_default());
        for end in [claim.lower, claim.upper] {
            self.0.extend_from_slice(&end.to_le_bytes());
        }
    }

    fn resource(&mut self, resource: Resource) {
        match resource {
            Resource::Row { table, rid } => self.numbers(1, &[table], rid),
            Resource::Table { database, oid } => self.numbers(2, &[database, oid], 0),
            Resource::IndexKey { index, hash } => self.numbers(3, &[index], hash),
            Resource::Object { database, class, oid } => {
                self.numbers(4, &[database, class, oid], 0);
            }
            Resource::Transaction { id } => self.numbers(5, &[], id),
            Resource::Virtual { id } => self.numbers(7, &[], id),
            Resource::Claims { index } => self.numbers(8, &[index], 0),
            Resource::Advisory { database, class, object, sub } => {
                self.numbers(6, &[database, class, object], sub.into());
            }
        }
    }

    /// A resource: its kind, three short numbers and a long one.
    fn numbers(&mut self, kind: u8, short: &[u32], long: u64) {
        self.u8(kind);
        (0..3).for_each(|at| self.u32(short.get(at).copied().unwrap_or(0)));
        self.u64(long);
    }

    fn reads(&mut self, reads: Option<ReadRecord>) {
        self.u8(reads.is_some().into());
        let Some(reads) = reads else { return };
        self.u8(reads.everything.into());
        self.u64(reads.keys.len() as u64);
        for (keyspace, key) in &reads.keys {
            self.u8(keyspace.index() as u8);
            self.bytes(key);
        }
        self.u64(reads.ranges.len() as u64);
        for (keyspace, range) in &reads.ranges {
            self.u8(keyspace.index() as u8);
            self.bytes(&range.lower);
            self.u8(range.upper.is_some().into());
            self.bytes(range.upper.as_deref().unwrap_or_default());
        }
        self.u64(reads.objects.len() as u64);
        for (keyspace, object) in &reads.objects {
            self.u8(keyspace.index() as u8);
            self.u32(*object);
        }
    }

    fn changes(&mut self, writes: &WriteSet) {
        self.u64(writes.len() as u64);
        for keyspace in Keyspace::ALL {
            for (key, change) in writes.map(keyspace).iter() {
                self.u8(keyspace.index() as u8);
                self.bytes(key);
                self.u8(change.tag());
                self.bytes(change.visible().map_or(&[][..], |value| &value[..]));
            }
        }
    }
}

/// What is left to read. Nothing where the bytes are not what they should be.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let len = usize::try_from(self.u64()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.u64()?;
        (0..count).map(|_| one(self)).collect()
    }

    fn keyspace(&mut self) -> Option<Keyspace> {
        let number = self.u8()?;
        Keyspace::ALL.get(usize::from(number)).copied()
    }

    fn locks(&mut self, with_claims: bool) -> Option<LockHolds> {
        Some(LockHolds {
            runs: self
                .many(|it| Some((it.resource()?, LockMode::from_number(it.u8()?)?, it.u64()?)))?,
            hashes: self.many(Reader::u64)?,
            lasting: self.many(Reader::resource)?,
            claims: match with_claims {
                true => self.many(Reader::claim)?,
                false => Vec::new(),
            },
        })
    }

    fn claim(&mut self) -> Option<Claim> {
        let (has_group, group) = (self.u8()? == 1, self.u64()?);
        let (lower, upper) =
            (self.take().map(u128::from_le_bytes)?, self.take().map(u128::from_le_bytes)?);
        Some(Claim { group: has_group.then_some(group), lower, upper })
    }

    fn resource(&mut self) -> Option<Resource> {
        let kind = self.u8()?;
        let (a, b, c, long) = (self.u32()?, self.u32()?, self.u32()?, self.u64()?);
        Some(match kind {
            1 => Resource::Row { table: a, rid: long },
            2 => Resource::Table { database: a, oid: b },
            3 => Resource::IndexKey { index: a, hash: long },
            4 => Resource::Object { database: a, class: b, oid: c },
            5 => Resource::Transaction { id: long },
            6 => Resource::Advisory {
                database: a,
                class: b,
                object: c,
                sub: u16::try_from(long).ok()?,
            },
            7 => Resource::Virtual { id: long },
            8 => Resource::Claims { index: a },
            _ => return None,
        })
    }

    fn reads(&mut self) -> Option<Option<ReadRecord>> {
        if self.u8()? == 0 {
            return Some(None);
        }
        let everything = self.u8()? == 1;
        let keys = self.many(|it| Some((it.keyspace()?, Key::from(it.bytes()?))))?;
        let ranges = self.many(|it| {
            let (keyspace, lower) = (it.keyspace()?, it.bytes()?.to_vec());
            let (bounded, upper) = (it.u8()? == 1, it.bytes()?.to_vec());
            Some((keyspace, KeyRange { lower, upper: bounded.then_some(upper) }))
        })?;
        let objects = self.many(|it| Some((it.keyspace()?, it.u32()?)))?;
        Some(Some(ReadRecord { keys, ranges, objects, everything }))
    }

    fn changes(&mut self) -> Option<WriteSet> {
        let count = self.u64()?;
        let mut writes = WriteSet::default();
        for _ in 0..count {
            let (keyspace, key) = (self.keyspace()?, Key::from(self.bytes()?));
            let (tag, value) = (self.u8()?, self.bytes()?);
            writes.insert(keyspace, key, Change::of_tag(tag, value)?);
        }
        Some(writes)
    }
}
