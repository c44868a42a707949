//! What a segment holds, as bytes.
//!
//! ```text
//! record   length u32 │ kind u8 │ sequence u64 │ time i64 │ commit timestamp u64
//!          │ content … │ xxh3-64 of all before u64
//! group    (keyspace u8 │ key length u32 │ key │ value length u32 │ value)*
//! part     ingestion u64 │ (the same)*
//! end      ingestion u64
//! large    count u64 │ ingestion u64 * count │ a group: they end with it
//! ```
//! Integers are little-endian; the length counts what follows it, without the checksum.
//! A value length of all ones removes the key.

use std::io::Read;

use xxhash_rust::xxh3::xxh3_64;

use crate::storage::{Key, Keyspace, Value, Write, WriteBatch};

const KIND_GROUP: u8 = 1;
const KIND_PART: u8 = 2;
const KIND_END: u8 = 3;
const KIND_LARGE: u8 = 4;
const REMOVED: u32 = u32::MAX;
/// Kind, sequence, time, commit timestamp.
const HEAD_BYTES: usize = 1 + 8 + 8 + 8;
const LENGTH_BYTES: usize = 4;
const CHECKSUM_BYTES: usize = 8;

pub(super) struct Record {
    pub sequence: u64,
    /// Microseconds since 1970.
    pub time: i64,
    /// Of a group: the newest one once it is applied.
    pub commit_ts: u64,
    pub content: Content,
}

pub(super) enum Content {
    Group(Vec<u8>),
    Part {
        ingestion: u64,
        entries: Vec<u8>,
    },
    End {
        ingestion: u64,
    },
    /// A group that makes ingestions visible, which end with it.
    Large {
        ingestions: Vec<u64>,
        group: Vec<u8>,
    },
}

impl Content {
    pub fn group(batch: &WriteBatch) -> Content {
        let mut bytes = Vec::with_capacity(batch.bytes() + batch.len() * 9);
        for write in batch.iter() {
            put(&mut bytes, write.keyspace, &write.key, write.value.as_deref());
        }
        Content::Group(bytes)
    }

    /// A group that is committed together with ingestions.
    pub fn large(ingestions: Vec<u64>, batch: &WriteBatch) -> Content {
        let Content::Group(group) = Content::group(batch) else { unreachable!("a group") };
        Content::Large { ingestions, group }
    }

    pub fn part(ingestion: u64, keyspace: Keyspace, entries: &[(Key, Option<Value>)]) -> Content {
        let mut bytes = Vec::new();
        for (key, value) in entries {
            put(&mut bytes, keyspace, key, value.as_deref());
        }
        Content::Part { ingestion, entries: bytes }
    }
}

fn put(bytes: &mut Vec<u8>, keyspace: Keyspace, key: &[u8], value: Option<&[u8]>) {
    bytes.push(keyspace.index() as u8);
    bytes.extend_from_slice(&(key.len() as u32).to_le_bytes());
    bytes.extend_from_slice(key);
    let length = value.map_or(REMOVED, |value| value.len() as u32);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(value.unwrap_or_default());
}

/// The writes of a group or a part; `None` if they are cut.
pub(super) fn writes(mut bytes: &[u8]) -> Option<WriteBatch> {
    let mut batch = WriteBatch::new();
    while let Some((keyspace, rest)) = bytes.split_first() {
        let keyspace = *Keyspace::ALL.get(usize::from(*keyspace))?;
        let (key_length, rest) = number(rest)?;
        let (key, rest) = rest.split_at_checked(key_length as usize)?;
        let (value_length, rest) = number(rest)?;
        let key = Key::from(key);
        bytes = rest;
        let value = match value_length {
            REMOVED => None,
            length => {
                let (value, rest) = bytes.split_at_checked(length as usize)?;
                bytes = rest;
                Some(Value::from(value))
            }
        };
        batch.push(Write { keyspace, key, value });
    }
    Some(batch)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

impl Record {
    pub fn encode(&self) -> Vec<u8> {
        let (kind, numbers, rest): (u8, Vec<u64>, &[u8]) = match &self.content {
            Content::Group(bytes) => (KIND_GROUP, Vec::new(), bytes),
            Content::Part { ingestion, entries } => (KIND_PART, vec![*ingestion], entries),
            Content::End { ingestion } => (KIND_END, vec![*ingestion], &[]),
            Content::Large { ingestions, group } => {
                let count = ingestions.len() as u64;
                (KIND_LARGE, [&[count], &ingestions[..]].concat(), group)
            }
        };
        let length = HEAD_BYTES + numbers.len() * 8 + rest.len();
        let mut bytes = Vec::with_capacity(LENGTH_BYTES + length + CHECKSUM_BYTES);
        bytes.extend_from_slice(&(length as u32).to_le_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.time.to_le_bytes());
        bytes.extend_from_slice(&self.commit_ts.to_le_bytes());
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend_from_slice(rest);
        bytes.extend_from_slice(&xxh3_64(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the record that starts here; `None` at the end, or if it is not intact.
    /// Answers its length too.
    pub fn read(reader: &mut impl Read) -> std::io::Result<Option<(Record, u64)>> {
        let mut length = [0; LENGTH_BYTES];
        if !fill(reader, &mut length)? {
            return Ok(None);
        }
        let expected = u32::from_le_bytes(length) as usize;
        let wanted = expected + CHECKSUM_BYTES;
        let mut bytes = length.to_vec();
        // Not allocated at once: a damaged length may be anything.
        reader.take(wanted as u64).read_to_end(&mut bytes)?;
        if bytes.len() != LENGTH_BYTES + wanted {
            return Ok(None);
        }
        let total = bytes.len() as u64;
        Ok(Record::decode(&bytes).map(|record| (record, total)))
    }

    fn decode(bytes: &[u8]) -> Option<Record> {
        let (body, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
        if xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return None;
        }
        let (kind, rest) = body.get(LENGTH_BYTES..)?.split_first()?;
        let (sequence, rest) = rest.split_first_chunk()?;
        let (time, rest) = rest.split_first_chunk()?;
        let (commit_ts, rest) = rest.split_first_chunk()?;
        let content = match *kind {
            KIND_GROUP => Content::Group(rest.to_vec()),
            KIND_PART => {
                let (ingestion, rest) = rest.split_first_chunk()?;
                let ingestion = u64::from_le_bytes(*ingestion);
                Content::Part { ingestion, entries: rest.to_vec() }
            }
            KIND_LARGE => {
                let (count, mut rest) = rest.split_first_chunk()?;
                let mut ingestions = Vec::new();
                for _ in 0..u64::from_le_bytes(*count) {
                    let (ingestion, after) = rest.split_first_chunk()?;
                    ingestions.push(u64::from_le_bytes(*ingestion));
                    rest = after;
                }
                Content::Large { ingestions, group: rest.to_vec() }
            }
            KIND_END => Content::End { ingestion: u64::from_le_bytes(rest.try_into().ok()?) },
            _ => return None,
        };
        Some(Record {
            sequence: u64::from_le_bytes(*sequence),
            time: i64::from_le_bytes(*time),
            commit_ts: u64::from_le_bytes(*commit_ts),
            content,
        })
    }
}

/// Fills the buffer; false if the input ends before.
pub(super) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Vec<u8> {
        let mut batch = WriteBatch::new();
        batch.put(Keyspace::Rows, *b"key", b"value".to_vec());
        batch.remove(Keyspace::Indexes, *b"gone");
        batch.put(Keyspace::Meta, *b"", Vec::new());
        Record { sequence: 7, time: -5, commit_ts: 9, content: Content::group(&batch) }.encode()
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        let bytes = group();
        let (record, length) = Record::read(&mut &bytes[..]).expect("read").expect("intact");
        assert_eq!((record.sequence, record.time, record.commit_ts), (7, -5, 9));
        assert_eq!(length, bytes.len() as u64);
        let Content::Group(content) = record.content else { panic!("a group") };
        let writes: Vec<Write> = writes(&content).expect("whole").into_iter().collect();
        assert_eq!(writes.len(), 3);
        assert_eq!(writes[0].value.as_deref(), Some(&b"value"[..]));
        assert_eq!((writes[1].keyspace, writes[1].value.is_none()), (Keyspace::Indexes, true));
        assert_eq!(writes[2].value.as_deref(), Some(&b""[..]));
    }

    #[test]
    fn no_flip_and_no_cut_is_read_as_a_record() {
        let bytes = group();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(Record::read(&mut &flipped[..]).expect("read").is_none(), "flip at {at}");
            assert!(Record::read(&mut &bytes[..at]).expect("read").is_none(), "cut at {at}");
        }
    }
}
