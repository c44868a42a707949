//! What clients really say, with mistakes in it: conversations of psql, pgbench, psycopg,
//! libpq and pg_dump (`tests/data/conversations`, the bytes that they sent to PostgreSQL
//! 15) with bytes, lengths, types and order changed, cut anywhere, before and after the
//! login, in the middle of COPY and of a pipeline.
//!
//! Whatever comes, the server answers or closes the connection, keeps no memory, panics
//! nowhere, and serves the next client. `TEST_MUTATIONS` says how many messages are
//! changed, `TEST_SEED` where the random numbers begin; a failure names its seed.

use std::io::Read;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::support::raw::{Raw, field, frame};
use crate::support::{count, zserver::Zserver};

/// How long a connection may take to end when its client has said its last word.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the server may have grown by, once it has warmed up.
const GROWTH_BYTES_MAX: u64 = 50 << 20;

const CONVERSATIONS: &[(&str, &[u8])] = &[
    ("psql", include_bytes!("../data/conversations/psql.bin")),
    ("pgbench_extended", include_bytes!("../data/conversations/pgbench_extended.bin")),
    ("pgbench_prepared", include_bytes!("../data/conversations/pgbench_prepared.bin")),
    ("psycopg", include_bytes!("../data/conversations/psycopg.bin")),
    ("pipeline", include_bytes!("../data/conversations/pipeline.bin")),
    ("pipeline_abort", include_bytes!("../data/conversations/pipeline_abort.bin")),
    ("pipeline_prepared", include_bytes!("../data/conversations/pipeline_prepared.bin")),
    ("pg_dump", include_bytes!("../data/conversations/pg_dump.bin")),
];

/// Bytes that mean something where a length, a count or a format is expected.
const NUMBERS: [i32; 12] = [0, 1, -1, 2, 3, 4, 5, 255, 65_535, 1 << 20, i32::MAX, i32::MIN];

/// Tags of messages, those of the server and those of nobody among them.
const TAGS: &[u8] = b"QPBDESCHFdcfpXRKZ\0\xff";

/// A conversation as messages, without its startup packet.
fn messages(conversation: &[u8]) -> Vec<Vec<u8>> {
    let length = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().expect("four")) as usize;
    let mut rest = &conversation[length(conversation)..];
    let mut messages = Vec::new();
    while rest.len() > 4 {
        let (message, after) = rest.split_at(1 + length(&rest[1..]));
        messages.push(message.to_vec());
        rest = after;
    }
    assert!(rest.is_empty(), "the conversation ends between messages");
    messages
}

/// Statements may run away when they are changed: they have a limit.
fn startup() -> Vec<u8> {
    let settings = "user\0postgres\0database\0postgres\0options\0-c statement_timeout=2s\0\0";
    frame(0, &[&196_608i32.to_be_bytes(), settings.as_bytes()].concat())
}

struct Mutator {
    random: StdRng,
    changed: usize,
}

impl Mutator {
    fn below(&mut self, limit: usize) -> usize {
        self.random.random_range(0..limit.max(1))
    }

    /// Changes a message in one way.
    fn change(&mut self, message: &mut Vec<u8>) {
        self.changed += 1;
        let at = self.below(message.len());
        let number = *NUMBERS.choose(&mut self.random).expect("a number");
        match self.below(9) {
            0 => message[at] = self.random.random(),
            1 => message[at] ^= 1 << self.below(8),
            2 => message[0] = *TAGS.choose(&mut self.random).expect("a tag"),
            // The length that the message says of itself.
            3 if message.len() >= 5 => {
                let length = match self.random.random() {
                    true => number,
                    false => message.len() as i32 - 1 + self.below(9) as i32 - 4,
                };
                message[1..5].copy_from_slice(&length.to_be_bytes());
            }
            4 => message.truncate(at),
            // Shorter or longer, with its length right again.
            5 => {
                message.truncate(at.max(5));
                self.mend(message);
            }
            6 => {
                let more: Vec<u8> = (0..self.below(40)).map(|_| self.random.random()).collect();
                let at = at.max(5).min(message.len());
                message.splice(at..at, more);
                self.mend(message);
            }
            7 => {
                let at = at.max(5).min(message.len());
                let end = (at + 4).min(message.len());
                message.splice(at..end, number.to_be_bytes());
                self.mend(message);
            }
            _ => {
                let at = at.max(5).min(message.len());
                let end = (at + 2).min(message.len());
                message.splice(at..end, (number as i16).to_be_bytes());
                self.mend(message);
            }
        }
    }

    fn mend(&self, message: &mut Vec<u8>) {
        message.resize(message.len().max(5), 0);
        let length = (message.len() - 1) as i32;
        message[1..5].copy_from_slice(&length.to_be_bytes());
    }

    /// A conversation with some of its messages changed, lost, doubled or in another
    /// order; cut off somewhere, now and then.
    fn conversation(&mut self, mut messages: Vec<Vec<u8>>) -> Vec<u8> {
        let rate = [3, 10, 30][self.below(3)];
        for message in &mut messages {
            if self.below(rate) == 0 {
                self.change(message);
            }
        }
        for _ in 0..self.below(4) {
            let (from, to) = (self.below(messages.len()), self.below(messages.len()));
            self.changed += 1;
            match self.below(3) {
                0 => messages.swap(from, to),
                1 => messages.insert(to, messages[from].clone()),
                _ if messages.len() > 1 => drop(messages.remove(from)),
                _ => {}
            }
        }
        let mut bytes = messages.concat();
        if self.below(4) == 0 {
            bytes.truncate(self.below(bytes.len()));
        }
        bytes
    }
}

/// What came back until the server closed the connection; it has to.
fn answers(client: &mut Raw, seed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    let begun = Instant::now();
    loop {
        match client.stream.read(&mut buffer) {
            Ok(0) => return bytes,
            // Only the errors matter, and they are short.
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("seed {seed}: the server neither answers nor closes")
            }
            // A reset: bytes were on the way that nobody reads any more.
            Err(_) => return bytes,
        }
        assert!(begun.elapsed() < PATIENCE, "seed {seed}: the conversation does not end");
    }
}

/// The errors among the messages of a server.
fn errors(mut bytes: &[u8]) -> Vec<(String, String)> {
    let mut errors = Vec::new();
    while bytes.len() >= 5 {
        let length = u32::from_be_bytes(bytes[1..5].try_into().expect("four")) as usize;
        let Some(body) = bytes.get(5..1 + length) else { break };
        if bytes[0] == b'E' {
            errors.push((field(body, b'C'), field(body, b'M')));
        }
        bytes = &bytes[1 + length..];
    }
    errors
}

#[test]
fn mutated_conversations_harm_nobody() {
    let wanted = count("TEST_MUTATIONS", 1_500);
    let first_seed = count("TEST_SEED", 1) as u64;
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let (data, log) = (directory.path().join("data"), directory.path().join("log"));
    let server = Zserver::start_logged(&data, &log, &[("ZSERVER_LOG_FILTER", "error")]);
    let mut bystander = Raw::log_in(server.port);
    assert_eq!(bystander.error_of(b"CREATE TABLE mine (a int); INSERT INTO mine VALUES (1)"), None);
    let mut changed = 0;
    let mut warm = None;
    let mut internal = Vec::new();
    for seed in first_seed.. {
        if changed >= wanted {
            break;
        }
        let mut mutator = Mutator { random: StdRng::seed_from_u64(seed), changed: 0 };
        let (_, conversation) = *CONVERSATIONS.choose(&mut mutator.random).expect("one");
        let mut bytes = startup();
        // The login itself is changed now and then.
        if mutator.below(10) == 0 {
            let at = mutator.below(bytes.len());
            bytes[at] = mutator.random.random();
            mutator.changed += 1;
        }
        bytes.extend(mutator.conversation(messages(conversation)));
        changed += mutator.changed;
        let mut client = Raw::connect(server.port);
        client.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let reader = client.stream.try_clone().expect("a second handle");
        // The server may stop reading until its answers are read.
        let reading = std::thread::spawn(move || answers(&mut Raw { stream: reader }, seed));
        client.send(&bytes);
        // It may have ended the connection already.
        let _ = client.stream.shutdown(Shutdown::Write);
        let answered = reading.join().unwrap_or_else(|_| panic!("seed {seed}"));
        // PostgreSQL answers this, too, for a parameter's type that does not exist.
        let is_own = |message: &str| message.starts_with("cache lookup failed for type ");
        let bad = errors(&answered)
            .into_iter()
            .filter(|(code, message)| code == "XX000" && !is_own(message));
        internal.extend(bad.map(|(_, message)| format!("seed {seed}: {message}")));
        if seed % 50 == 0 {
            assert_eq!(bystander.error_of(b"UPDATE mine SET a = a + 1"), None, "seed {seed}");
            if changed > wanted / 5 {
                warm.get_or_insert_with(|| server.memory_bytes());
            }
        }
    }
    assert_eq!(Raw::log_in(server.port).error_of(b"SELECT * FROM mine"), None);
    let text = std::fs::read_to_string(&log).expect("the log");
    assert!(!text.contains("panic"), "{text}");
    internal.sort_unstable();
    internal.dedup_by_key(|one| one.split_once(": ").map(|(_, message)| message.to_owned()));
    assert!(internal.is_empty(), "{internal:#?}\n{text}");
    if let Some(warm) = warm {
        let grown = server.memory_bytes().saturating_sub(warm);
        println!("{changed} changed messages, {grown} bytes of growth");
        assert!(grown < GROWTH_BYTES_MAX, "the server has grown by {grown} bytes");
    }
}
