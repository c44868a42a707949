//! Every key there is. Nobody else concatenates bytes.
//!
//! ```text
//! Rows       [table u32][rid u64]                of a database's OID: large objects
//! Indexes    [index u32][payload …]              unique: the value is the rid, u64
//! Indexes    [index u32][payload …][rid u64]     not unique: the value is empty
//! Catalog    [class u32][payload …]
//! Meta       [tag u8][object u64]
//! Segments, Vectors, Large, Service
//!            [object u32][payload …]
//! ```
//!
//! Integers are big-endian, so that byte order is number order. The payload of an
//! index entry is order-preserving and self-delimiting (the index layer builds
//! it), so no payload is a proper prefix of another's continuation.

/// Keys from `lower` (inclusive) up to `upper` (exclusive; `None` is the end of
/// the keyspace). Half-open on purpose: ranges chain without gaps or overlaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    pub lower: Vec<u8>,
    pub upper: Option<Vec<u8>>,
}

impl KeyRange {
    pub fn new(lower: impl Into<Vec<u8>>, upper: impl Into<Vec<u8>>) -> KeyRange {
        KeyRange { lower: lower.into(), upper: Some(upper.into()) }
    }

    /// The whole keyspace.
    pub fn all() -> KeyRange {
        KeyRange { lower: Vec::new(), upper: None }
    }

    /// Keys that start with `prefix`.
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> KeyRange {
        let lower = prefix.into();
        let upper = prefix_end(&lower);
        KeyRange { lower, upper }
    }

    pub fn is_empty(&self) -> bool {
        self.upper.as_ref().is_some_and(|upper| *upper <= self.lower)
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        *key >= *self.lower && self.upper.as_ref().is_none_or(|upper| *key < **upper)
    }
}

/// The least key above every key that starts with `prefix`; `None` if there is none.
fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Where a range of an index begins or ends, as payload bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexBound<'a> {
    Unbounded,
    /// At the first entry whose payload starts with these bytes.
    Before(&'a [u8]),
    /// After the last entry whose payload starts with these bytes.
    After(&'a [u8]),
}

pub const ROW_KEY_LEN: usize = 12;
const OBJECT_LEN: usize = 4;
const RID_LEN: usize = 8;

pub fn row(table: u32, rid: u64) -> [u8; ROW_KEY_LEN] {
    let mut key = [0; ROW_KEY_LEN];
    key[..OBJECT_LEN].copy_from_slice(&table.to_be_bytes());
    key[OBJECT_LEN..].copy_from_slice(&rid.to_be_bytes());
    key
}

/// Table and rid of a row's key.
pub fn row_parts(key: &[u8]) -> Option<(u32, u64)> {
    let (table, rid) = key.split_first_chunk()?;
    Some((u32::from_be_bytes(*table), u64::from_be_bytes(rid.try_into().ok()?)))
}

/// All rows of a table.
pub fn rows(table: u32) -> KeyRange {
    object(table)
}

/// The rows with a rid in `from..to`.
pub fn rows_between(table: u32, from: u64, to: u64) -> KeyRange {
    KeyRange::new(row(table, from), row(table, to))
}

/// An index entry; `rid` is part of the key unless the index is unique.
pub fn index_entry(index: u32, payload: &[u8], rid: Option<u64>) -> Vec<u8> {
    let mut key = Vec::with_capacity(OBJECT_LEN + payload.len() + RID_LEN);
    key.extend_from_slice(&index.to_be_bytes());
    key.extend_from_slice(payload);
    if let Some(rid) = rid {
        key.extend_from_slice(&rid.to_be_bytes());
    }
    key
}

/// The value of a unique index's entry.
pub fn index_value(rid: u64) -> [u8; RID_LEN] {
    rid.to_be_bytes()
}

/// The rid of an index entry: in its value if the index is unique, else at the end
/// of its key.
pub fn index_rid(key: &[u8], value: &[u8]) -> Option<u64> {
    let bytes = value.first_chunk().or_else(|| key.last_chunk())?;
    Some(u64::from_be_bytes(*bytes))
}

/// The payload of an index entry's key.
pub fn index_payload(key: &[u8], unique: bool) -> &[u8] {
    let end = if unique { key.len() } else { key.len().saturating_sub(RID_LEN) };
    key.get(OBJECT_LEN..end).unwrap_or_default()
}

/// The index of an entry, or the object of any other key that starts with one.
pub fn object_of(key: &[u8]) -> Option<u32> {
    key.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// All entries of an index.
pub fn index(index: u32) -> KeyRange {
    object(index)
}

/// The entries of an index between two bounds.
pub fn index_range(index: u32, lower: IndexBound<'_>, upper: IndexBound<'_>) -> KeyRange {
    let whole = object(index);
    let edge = |bound| match bound {
        IndexBound::Unbounded => None,
        IndexBound::Before(payload) => Some(Some(index_entry(index, payload, None))),
        IndexBound::After(payload) => Some(prefix_end(&index_entry(index, payload, None))),
    };
    let lower = match edge(lower) {
        None => whole.lower,
        Some(Some(key)) => key,
        Some(None) => return KeyRange::new([u8::MAX], []),
    };
    KeyRange { lower, upper: edge(upper).unwrap_or(whole.upper) }
}

/// A key of the catalog: a class (a system catalog) and what identifies a row of it.
pub fn catalog(class: u32, payload: &[u8]) -> Vec<u8> {
    index_entry(class, payload, None)
}

/// A key under an object, in the keyspaces of segments, vectors, large values, services.
pub fn under(object: u32, payload: &[u8]) -> Vec<u8> {
    index_entry(object, payload, None)
}

/// A piece of a prepared transaction's record; see `txn::prepared`.
pub fn prepared_piece(transaction: u64, number: u32) -> Vec<u8> {
    let mut payload = transaction.to_be_bytes().to_vec();
    payload.extend_from_slice(&number.to_be_bytes());
    under(SERVICE_PREPARED, &payload)
}

/// Transaction and number of a piece's key.
pub fn prepared_piece_parts(key: &[u8]) -> Option<(u64, u32)> {
    let (transaction, number) = key.get(OBJECT_LEN..)?.split_first_chunk()?;
    Some((u64::from_be_bytes(*transaction), u32::from_be_bytes(number.try_into().ok()?)))
}

/// The record of a commit of a database; see `txn::recorded`. Until it is committed its
/// timestamp is the highest there is.
pub fn recorded(database: u32, commit_ts: u64) -> Vec<u8> {
    let mut payload = database.to_be_bytes().to_vec();
    payload.extend_from_slice(&commit_ts.to_be_bytes());
    under(SERVICE_RECORDED, &payload)
}

/// The key of such a record with another timestamp.
pub fn recorded_at(key: &[u8], commit_ts: u64) -> Vec<u8> {
    let mut key = key[..key.len().saturating_sub(RID_LEN)].to_vec();
    key.extend_from_slice(&commit_ts.to_be_bytes());
    key
}

/// The timestamp of such a record.
pub fn recorded_ts(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// The records of a database from one timestamp up to and without another.
pub fn recorded_between(database: u32, from: u64, to: u64) -> KeyRange {
    KeyRange::new(recorded(database, from), recorded(database, to))
}

/// The objects of [`Keyspace::Service`](super::Keyspace::Service): records of prepared
/// transactions, servers that transactions may reach over to, what was decided
/// about transactions that did, and records of commits.
pub const SERVICE_PREPARED: u32 = 1;
pub const SERVICE_SERVERS: u32 = 2;
pub const SERVICE_DECISIONS: u32 = 3;
pub const SERVICE_RECORDED: u32 = 4;

/// Everything under an object (a table's rows, an index's entries, a catalog's class).
pub fn object(object: u32) -> KeyRange {
    KeyRange::prefix(object.to_be_bytes())
}

/// The key that follows this one immediately.
pub fn next(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// The keys of [`Keyspace::Meta`](super::Keyspace::Meta).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meta {
    /// The newest commit timestamp, u64 LE.
    CommitTs,
    /// No transaction has had an id from here up, u64 LE.
    TransactionId,
    /// No row of the table has had a rid from here up, u64 LE.
    RowIds(u32),
    /// The number of rows of the table, i64 LE.
    RowCount(u32),
    /// The state of a sequence; the layer above says what is in it.
    Sequence(u32),
    /// The unfinished spill of a transaction, by its id; see `txn::spill`.
    Spill(u64),
    /// A counter of the layer above, by its own number (object ids, …).
    Counter(u32),
    /// The newest record of the archive that is in the store; see `txn::archive`.
    Archive,
    /// A commit whose runs are not merged yet, by its first run; see `txn::runs`.
    Redo(u64),
}

impl Meta {
    pub fn key(self) -> [u8; 1 + RID_LEN] {
        let (tag, object) = match self {
            Meta::CommitTs => (1u8, 0u64),
            Meta::TransactionId => (2, 0),
            Meta::RowIds(table) => (3, table.into()),
            Meta::RowCount(table) => (4, table.into()),
            Meta::Sequence(sequence) => (5, sequence.into()),
            Meta::Spill(transaction) => (6, transaction),
            Meta::Counter(counter) => (7, counter.into()),
            Meta::Archive => (8, 0),
            Meta::Redo(run) => (9, run),
        };
        let mut key = [tag; 1 + RID_LEN];
        key[1..].copy_from_slice(&object.to_be_bytes());
        key
    }

    /// The transaction of a spill's key.
    pub fn spill_id(key: &[u8]) -> Option<u64> {
        key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// The sequence of a state's key.
    pub fn sequence_id(key: &[u8]) -> Option<u32> {
        key.last_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// The states of all sequences.
    pub fn sequences() -> KeyRange {
        KeyRange::prefix([5])
    }

    /// All commits whose runs are not merged yet.
    pub fn redos() -> KeyRange {
        KeyRange::prefix([9])
    }

    /// All unfinished spills.
    pub fn spills() -> KeyRange {
        KeyRange::prefix([6])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_keys_sort_by_table_then_rid() {
        assert!(row(1, u64::MAX) < row(2, 0));
        assert!(row(1, 255) < row(1, 256));
        assert_eq!(row_parts(&row(7, 9)), Some((7, 9)));
        assert!(rows(7).contains(&row(7, u64::MAX)));
        assert!(!rows(7).contains(&row(8, 0)));
    }

    #[test]
    fn pieces_of_a_prepared_transaction_lie_together_and_in_order() {
        assert!(prepared_piece(7, u32::MAX) < prepared_piece(8, 0));
        assert!(prepared_piece(7, 255) < prepared_piece(7, 256));
        assert_eq!(prepared_piece_parts(&prepared_piece(7, 9)), Some((7, 9)));
        assert_eq!(prepared_piece_parts(b"other"), None);
        assert!(object(SERVICE_PREPARED).contains(&prepared_piece(u64::MAX, 0)));
    }

    #[test]
    fn prefix_of_all_ones_has_no_end() {
        assert_eq!(KeyRange::prefix([0xFF, 0xFF]).upper, None);
        assert_eq!(KeyRange::prefix([1, 0xFF]).upper, Some(vec![2]));
    }

    #[test]
    fn index_rid_is_in_the_value_or_at_the_end_of_the_key() {
        let plain = index_entry(3, b"abc", Some(42));
        assert_eq!(index_rid(&plain, b""), Some(42));
        assert_eq!(index_payload(&plain, false), b"abc");
        let unique = index_entry(3, b"abc", None);
        assert_eq!(index_rid(&unique, &index_value(43)), Some(43));
        assert_eq!(index_payload(&unique, true), b"abc");
    }

    #[test]
    fn index_bounds_take_in_or_leave_out_a_payload_and_its_continuations() {
        let key = |payload: &[u8]| index_entry(3, payload, Some(1));
        let from_b = index_range(3, IndexBound::Before(b"b"), IndexBound::Unbounded);
        assert!(from_b.contains(&key(b"b")) && !from_b.contains(&key(b"a")));
        let after_b = index_range(3, IndexBound::After(b"b"), IndexBound::Unbounded);
        assert!(!after_b.contains(&key(b"bz")) && after_b.contains(&key(b"c")));
        let to_b = index_range(3, IndexBound::Unbounded, IndexBound::After(b"b"));
        assert!(to_b.contains(&key(b"bz")) && !to_b.contains(&key(b"c")));
        assert!(index_range(3, IndexBound::After(b"b"), IndexBound::Before(b"b")).is_empty());
    }
}
