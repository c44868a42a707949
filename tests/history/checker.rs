//! The anomalies of a list-append history, in Adya's names.
//!
//! The final lists give each key's versions in order: after every append one. A list
//! that was read is a version, and so shows whose writes it depends on.

use std::collections::HashMap;

use super::cycle::{Edge, Graph};

/// What one transaction did, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    Append { key: i32, element: i32 },
    Read { key: i32, list: Vec<i32> },
}

#[derive(Clone, Debug)]
pub struct Transaction {
    pub committed: bool,
    pub ops: Vec<Op>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

/// What an isolation level rules out. Transactions are named by their numbers.
#[derive(Debug, PartialEq)]
pub enum Anomaly {
    /// A committed append is not in the final list.
    LostAppend { transaction: usize, element: i32 },
    /// An element is in a list twice.
    Duplicate { key: i32, element: i32 },
    /// G1a: what was rolled back was read or stored.
    AbortedRead { key: i32, element: i32 },
    /// G1b: a transaction's writes were seen in part.
    IntermediateRead { reader: usize, key: i32, element: i32 },
    /// A list that was read was never there, by the final order.
    NotAVersion { reader: usize, key: i32 },
    /// A transaction did not see what it wrote itself.
    OwnWriteNotSeen { transaction: usize, key: i32 },
    /// A key read twice was different, though the snapshot is one.
    UnrepeatableRead { transaction: usize, key: i32 },
    /// G0: writes of two transactions in both orders.
    WriteCycle(Vec<usize>),
    /// G1c: transactions that saw each other.
    CircularFlow(Vec<usize>),
    /// G-single: a snapshot with and without a transaction; lost update is one.
    ReadSkew(Vec<usize>),
    /// G2-item: no serial order.
    AntiDependencyCycle(Vec<usize>),
}

/// A history with what is needed to judge it.
struct History<'a> {
    transactions: &'a [Transaction],
    last: &'a HashMap<i32, Vec<i32>>,
    writers: HashMap<i32, usize>,
}

/// The anomalies of a history; `last` is what is stored in the end.
pub fn anomalies(
    transactions: &[Transaction],
    last: &HashMap<i32, Vec<i32>>,
    level: Level,
) -> Vec<Anomaly> {
    let mut writers = HashMap::new();
    for (number, transaction) in transactions.iter().enumerate() {
        for op in &transaction.ops {
            if let Op::Append { element, .. } = op {
                writers.insert(*element, number);
            }
        }
    }
    let history = History { transactions, last, writers };
    let mut found = history.stored();
    for reader in 0..transactions.len() {
        history.reads(reader, level, &mut found);
    }
    found.extend(history.cycles(level));
    found
}

impl History<'_> {
    /// What the final lists say.
    fn stored(&self) -> Vec<Anomaly> {
        let mut found = Vec::new();
        let mut places: HashMap<i32, i32> = HashMap::new();
        for (key, list) in self.last {
            for element in list {
                if places.insert(*element, *key).is_some() {
                    found.push(Anomaly::Duplicate { key: *key, element: *element });
                }
                if self.is_aborted(*element) {
                    found.push(Anomaly::AbortedRead { key: *key, element: *element });
                }
            }
        }
        for (transaction, done) in self.transactions.iter().enumerate().filter(|(_, t)| t.committed)
        {
            for (key, element) in appends(&done.ops) {
                if places.get(&element) != Some(&key) {
                    found.push(Anomaly::LostAppend { transaction, element });
                }
            }
        }
        found
    }

    /// An element that nobody appended counts as rolled back.
    fn is_aborted(&self, element: i32) -> bool {
        self.writers.get(&element).is_none_or(|writer| !self.transactions[*writer].committed)
    }

    /// What one transaction read.
    fn reads(&self, reader: usize, level: Level, found: &mut Vec<Anomaly>) {
        let mut own: HashMap<i32, Vec<i32>> = HashMap::new();
        let mut seen: HashMap<i32, Vec<i32>> = HashMap::new();
        for op in &self.transactions[reader].ops {
            match op {
                Op::Append { key, element } => own.entry(*key).or_default().push(*element),
                Op::Read { key, list } => {
                    let own = own.get(key).map_or(&[][..], Vec::as_slice);
                    let Some(others) = list.strip_suffix(own) else {
                        found.push(Anomaly::OwnWriteNotSeen { transaction: reader, key: *key });
                        continue;
                    };
                    self.read(reader, *key, others, found);
                    let before = seen.insert(*key, others.to_vec());
                    let differs = before.is_some_and(|before| before != others);
                    if differs && level >= Level::RepeatableRead {
                        found.push(Anomaly::UnrepeatableRead { transaction: reader, key: *key });
                    }
                }
            }
        }
    }

    /// The part of a list that others wrote.
    fn read(&self, reader: usize, key: i32, others: &[i32], found: &mut Vec<Anomaly>) {
        if let Some(element) = others.iter().find(|element| self.is_aborted(**element)) {
            found.push(Anomaly::AbortedRead { key, element: *element });
        } else if !self.versions(key).starts_with(others) {
            found.push(Anomaly::NotAVersion { reader, key });
        } else if let Some(element) = others.last()
            && self.is_intermediate(key, *element)
        {
            found.push(Anomaly::IntermediateRead { reader, key, element: *element });
        }
    }

    fn versions(&self, key: i32) -> &[i32] {
        self.last.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Whether its writer appended more to the key after it.
    fn is_intermediate(&self, key: i32, element: i32) -> bool {
        let ops = self.writers.get(&element).map(|writer| &self.transactions[*writer].ops);
        let last = ops.and_then(|ops| appends(ops).filter(|(k, _)| *k == key).last());
        last.is_some_and(|(_, last)| last != element)
    }

    fn cycles(&self, level: Level) -> Option<Anomaly> {
        let graph = self.graph();
        if let Some(cycle) = graph.cycle(Edge::WriteWrite) {
            return Some(Anomaly::WriteCycle(cycle));
        }
        if let Some(cycle) = graph.cycle(Edge::WriteRead) {
            return Some(Anomaly::CircularFlow(cycle));
        }
        if level >= Level::RepeatableRead
            && let Some(cycle) = graph.cycle_with_one_read_write()
        {
            return Some(Anomaly::ReadSkew(cycle));
        }
        let cycle = (level >= Level::Serializable).then(|| graph.cycle(Edge::ReadWrite));
        cycle.flatten().map(Anomaly::AntiDependencyCycle)
    }

    /// Who depends on whom, among what was committed.
    fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let writer = |element: &i32| self.writers.get(element).copied();
        for list in self.last.values() {
            for pair in list.windows(2) {
                if let (Some(first), Some(second)) = (writer(&pair[0]), writer(&pair[1])) {
                    graph.add(first, second, Edge::WriteWrite);
                }
            }
        }
        for (reader, done) in self.transactions.iter().enumerate().filter(|(_, t)| t.committed) {
            for op in &done.ops {
                let Op::Read { key, list } = op else { continue };
                let others = list.iter().take_while(|element| writer(element) != Some(reader));
                let length = others.count();
                if let Some(seen) = list[..length].last().and_then(writer) {
                    graph.add(seen, reader, Edge::WriteRead);
                }
                if let Some(next) = self.versions(*key).get(length).and_then(writer) {
                    graph.add(reader, next, Edge::ReadWrite);
                }
            }
        }
        graph
    }
}

fn appends(ops: &[Op]) -> impl Iterator<Item = (i32, i32)> + '_ {
    ops.iter().filter_map(|op| match op {
        Op::Append { key, element } => Some((*key, *element)),
        Op::Read { .. } => None,
    })
}

mod tests {
    use super::*;

    const X: i32 = 1;
    const Y: i32 = 2;

    fn append(key: i32, element: i32) -> Op {
        Op::Append { key, element }
    }

    fn read(key: i32, list: &[i32]) -> Op {
        Op::Read { key, list: list.to_vec() }
    }

    fn committed<const N: usize>(ops: [Op; N]) -> Transaction {
        Transaction { committed: true, ops: ops.to_vec() }
    }

    fn aborted<const N: usize>(ops: [Op; N]) -> Transaction {
        Transaction { committed: false, ops: ops.to_vec() }
    }

    fn check(level: Level, history: &[Transaction], x: &[i32], y: &[i32]) -> Vec<Anomaly> {
        anomalies(history, &HashMap::from([(X, x.to_vec()), (Y, y.to_vec())]), level)
    }

    /// The weakest level that rules a history out, with one anomaly and no other.
    fn rules_out(level: Level, history: &[Transaction], x: &[i32], y: &[i32]) -> Anomaly {
        for weaker in [Level::ReadCommitted, Level::RepeatableRead, Level::Serializable] {
            if weaker < level {
                assert_eq!(check(weaker, history, x, y), [], "{weaker:?} allows it");
            }
        }
        let mut found = check(level, history, x, y);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn a_serial_history_has_no_anomaly() {
        let history = [
            committed([append(X, 1), append(X, 2), read(X, &[1, 2])]),
            aborted([append(X, 3), read(X, &[1, 2, 3])]),
            committed([read(X, &[1, 2]), append(Y, 4), read(Y, &[4])]),
        ];
        assert_eq!(check(Level::Serializable, &history, &[1, 2], &[4]), []);
    }

    #[test]
    fn lost_duplicate_and_aborted_appends_are_found() {
        use Level::ReadCommitted as level;
        let history = [committed([append(X, 1)]), committed([append(X, 2)])];
        let lost = Anomaly::LostAppend { transaction: 0, element: 1 };
        assert_eq!(rules_out(level, &history, &[2], &[]), lost);
        let twice = Anomaly::Duplicate { key: X, element: 2 };
        assert_eq!(rules_out(level, &history, &[1, 2, 2], &[]), twice);
        let stored = Anomaly::AbortedRead { key: X, element: 1 };
        assert_eq!(rules_out(level, &[aborted([append(X, 1)])], &[1], &[]), stored);
    }

    #[test]
    fn an_aborted_and_an_intermediate_read_are_found() {
        use Level::ReadCommitted as level;
        let history = [aborted([append(X, 1)]), committed([read(X, &[1])])];
        let aborted = Anomaly::AbortedRead { key: X, element: 1 };
        assert_eq!(rules_out(level, &history, &[], &[]), aborted);
        let history = [committed([append(X, 1), append(X, 2)]), committed([read(X, &[1])])];
        let intermediate = Anomaly::IntermediateRead { reader: 1, key: X, element: 1 };
        // With the writer after the reader as well, there is a cycle besides.
        assert!(check(level, &history, &[1, 2], &[]).contains(&intermediate));
    }

    #[test]
    fn a_list_that_never_was_and_an_unseen_own_write_are_found() {
        use Level::ReadCommitted as level;
        let history = [committed([append(X, 1)]), committed([append(X, 2)])];
        let mut with_read = history.to_vec();
        with_read.push(committed([read(X, &[2])]));
        let found = check(level, &with_read, &[1, 2], &[]);
        assert!(found.contains(&Anomaly::NotAVersion { reader: 2, key: X }), "{found:?}");
        let history = [committed([append(X, 1), read(X, &[])])];
        let unseen = Anomaly::OwnWriteNotSeen { transaction: 0, key: X };
        assert_eq!(rules_out(level, &history, &[1], &[]), unseen);
    }

    #[test]
    fn cycles_of_writes_and_of_reads_are_found() {
        use Level::ReadCommitted as level;
        let history =
            [committed([append(X, 1), append(Y, 3)]), committed([append(X, 2), append(Y, 4)])];
        let found = rules_out(level, &history, &[1, 2], &[4, 3]);
        assert!(matches!(&found, Anomaly::WriteCycle(cycle) if cycle.len() == 2), "{found:?}");
        let history =
            [committed([append(X, 1), read(Y, &[2])]), committed([append(Y, 2), read(X, &[1])])];
        let found = rules_out(level, &history, &[1], &[2]);
        assert!(matches!(&found, Anomaly::CircularFlow(cycle) if cycle.len() == 2), "{found:?}");
    }

    #[test]
    fn lost_update_and_read_skew_are_found_from_repeatable_read_on() {
        use Level::RepeatableRead as level;
        // Both read the same version and both wrote.
        let history =
            [committed([read(X, &[]), append(X, 1)]), committed([read(X, &[]), append(X, 2)])];
        assert!(matches!(rules_out(level, &history, &[1, 2], &[]), Anomaly::ReadSkew(_)));
        // One snapshot without and with the other's writes.
        let history =
            [committed([append(X, 1), append(Y, 2)]), committed([read(X, &[]), read(Y, &[2])])];
        assert!(matches!(rules_out(level, &history, &[1], &[2]), Anomaly::ReadSkew(_)));
        let history = [committed([append(X, 1)]), committed([read(X, &[]), read(X, &[1])])];
        let found = check(level, &history, &[1], &[]);
        let unrepeatable = Anomaly::UnrepeatableRead { transaction: 1, key: X };
        assert!(found.contains(&unrepeatable), "{found:?}");
    }

    #[test]
    fn write_skew_is_found_at_serializable_only() {
        let history =
            [committed([read(X, &[]), append(Y, 2)]), committed([read(Y, &[]), append(X, 1)])];
        let found = rules_out(Level::Serializable, &history, &[1], &[2]);
        assert!(matches!(found, Anomaly::AntiDependencyCycle(_)), "{found:?}");
    }
}
