//! Clients that are slow or say nothing: they cost little, are sent away in time, and
//! keep nobody else from being served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::raw::{Raw, field, frame, query, startup};
use crate::support::zserver::Zserver;

const PATIENCE: Duration = Duration::from_secs(60);

/// What a result that nobody reads may keep in memory: buffers of the socket, of the
/// connection, and rows on their way to it.
const KEPT_BYTES_MAX: u64 = 64 << 20;

/// A result of about four gigabytes.
const HUGE: &[u8] = b"SELECT repeat('x', 1000) FROM generate_series(1, 4000000)";

fn start(environment: &[(&str, &str)]) -> (tempfile::TempDir, Zserver) {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let mut all = vec![("ZSERVER_DEV", "true")];
    all.extend_from_slice(environment);
    let server = Zserver::start_secured(&directory.path().join("data"), &all);
    (directory, server)
}

/// The first value of a query's first row.
fn value(client: &mut Raw, sql: &str) -> String {
    client.send(&query(sql.as_bytes()));
    let messages = client.until_ready().expect("the connection stays");
    let (tag, body) = messages.get(1).expect("a row");
    assert_eq!(*tag, b'D', "{sql}");
    String::from_utf8_lossy(&body[6..]).into_owned()
}

fn until(client: &mut Raw, sql: &str, expected: &str) {
    let begun = Instant::now();
    while value(client, sql) != expected {
        assert!(begun.elapsed() < PATIENCE, "{sql}: not {expected}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A client of its own process id and cancel key.
struct Known {
    client: Raw,
    key: Vec<u8>,
    pid: i32,
}

fn log_in(port: u16) -> Known {
    let mut client = Raw::connect(port);
    client.send(&startup("postgres"));
    let messages = client.until_ready().expect("the login");
    let key = messages.into_iter().find(|(tag, _)| *tag == b'K').expect("a key").1;
    let pid = i32::from_be_bytes(key[..4].try_into().expect("four"));
    Known { client, key, pid }
}

/// The code of the error that comes after all rows.
fn error_at_the_end(client: &mut Raw) -> Option<String> {
    while let Some((tag, body)) = client.message() {
        match tag {
            b'E' => return Some(field(&body, b'C')),
            b'Z' => return None,
            _ => {}
        }
    }
    None
}

#[test]
fn half_open_connections_keep_nobody_out_and_are_sent_away() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("TLS");
    let (certificate, key) = (directory.path().join("c.pem"), directory.path().join("k.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("a certificate");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a key");
    let (_data, server) = start(&[
        ("ZSERVER_AUTHENTICATION_TIMEOUT", "8s"),
        ("ZSERVER_SSL_CERT_FILE", certificate.to_str().expect("a path")),
        ("ZSERVER_SSL_KEY_FILE", key.to_str().expect("a path")),
    ]);
    let begun = Instant::now();
    let ssl_request = frame(0, &80_877_103u32.to_be_bytes());
    let hello = startup("postgres");
    let mut half_open: Vec<TcpStream> = Vec::new();
    for number in 0..500 {
        let mut stream =
            TcpStream::connect(("127.0.0.1", server.port)).expect("the server listens");
        let said: &[u8] = match number % 5 {
            0 => b"",
            1 => &hello[..hello.len() / 2],
            2 => &ssl_request,
            // The head of a TLS handshake, and nothing of its body.
            3 => b"\x16\x03\x01\x02\x00\x01\x00",
            _ => &hello[..3],
        };
        stream.write_all(said).expect("the server reads");
        half_open.push(stream);
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let one = Instant::now();
        assert_eq!(Raw::log_in(server.port).error_of(b"SELECT 1"), None);
        slowest = slowest.max(one.elapsed());
    }
    println!("the slowest login and statement took {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(begun.elapsed() < Duration::from_secs(8), "the connections were half open so long");
    for mut stream in half_open {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    assert!(begun.elapsed() >= Duration::from_secs(8), "they had their time");
    assert_eq!(Raw::log_in(server.port).error_of(b"SELECT 1"), None);
}

#[test]
fn a_result_that_nobody_reads_is_bounded_and_can_be_stopped() {
    let (_directory, server) = start(&[]);
    let mut observer = Raw::log_in(server.port);
    let active = |pid: i32| {
        format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid} AND state = 'active'")
    };
    let there = |pid: i32| format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    assert_eq!(observer.error_of(b"SELECT count(*) FROM generate_series(1, 100000)"), None);
    let before = server.memory_bytes();
    // By a timeout.
    let mut timed = log_in(server.port);
    assert_eq!(timed.client.error_of(b"SET statement_timeout = '1s'"), None);
    timed.client.send(&query(HUGE));
    std::thread::sleep(Duration::from_millis(1_500));
    let kept = server.memory_bytes().saturating_sub(before);
    assert!(kept < KEPT_BYTES_MAX, "{kept} bytes are kept for one reader");
    assert_eq!(error_at_the_end(&mut timed.client).as_deref(), Some("57014"));
    assert!(timed.client.until_ready().is_some(), "the connection stays");
    assert_eq!(timed.client.error_of(b"SELECT 1"), None);
    // By a cancel.
    let mut cancelled = log_in(server.port);
    cancelled.client.send(&query(HUGE));
    until(&mut observer, &active(cancelled.pid), "1");
    std::thread::sleep(Duration::from_millis(300));
    let mut canceller = Raw::connect(server.port);
    canceller.send(&frame(0, &[&80_877_102u32.to_be_bytes()[..], &cancelled.key].concat()));
    assert_eq!(error_at_the_end(&mut cancelled.client).as_deref(), Some("57014"));
    // By the end of its session.
    let mut terminated = log_in(server.port);
    terminated.client.send(&query(HUGE));
    until(&mut observer, &active(terminated.pid), "1");
    std::thread::sleep(Duration::from_millis(300));
    let sql = format!("SELECT pg_terminate_backend({})", terminated.pid);
    assert_eq!(observer.error_of(sql.as_bytes()), None);
    until(&mut observer, &there(terminated.pid), "0");
    // By the network.
    let mut gone = log_in(server.port);
    gone.client.send(&query(HUGE));
    until(&mut observer, &active(gone.pid), "1");
    std::thread::sleep(Duration::from_millis(300));
    // Unread bytes make a reset of it.
    drop(gone.client);
    until(&mut observer, &there(gone.pid), "0");
    let kept = server.memory_bytes().saturating_sub(before);
    assert!(kept < KEPT_BYTES_MAX, "{kept} bytes are kept in the end");
}

#[test]
fn a_copy_whose_data_does_not_come_can_be_stopped() {
    let (_directory, server) = start(&[]);
    let mut observer = Raw::log_in(server.port);
    assert_eq!(observer.error_of(b"CREATE TABLE t (a int, b text)"), None);
    let copying = || {
        let mut known = log_in(server.port);
        known.client.send(&query(b"SET statement_timeout = 0; COPY t FROM STDIN"));
        while known.client.message().expect("an answer").0 != b'G' {}
        // A row, and half of one, in a message that is itself cut.
        let data = frame(b'd', b"1\tone\n2\ttw");
        known.client.send(&data[..data.len() - 3]);
        known
    };
    let mut cancelled = copying();
    let mut canceller = Raw::connect(server.port);
    canceller.send(&frame(0, &[&80_877_102u32.to_be_bytes()[..], &cancelled.key].concat()));
    // The rest of the message comes when it does not matter any more.
    assert_eq!(error_at_the_end(&mut cancelled.client).as_deref(), Some("57014"));
    assert!(cancelled.client.until_ready().is_some());
    cancelled.client.send(b"\ttw");
    assert_eq!(cancelled.client.error_of(b"SELECT 1"), None);
    let mut terminated = copying();
    let sql = format!("SELECT pg_terminate_backend({})", terminated.pid);
    assert_eq!(observer.error_of(sql.as_bytes()), None);
    assert_eq!(error_at_the_end(&mut terminated.client).as_deref(), Some("57P01"));
    let gone = copying();
    let pid = gone.pid;
    drop(gone.client);
    let there = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    until(&mut observer, &there, "0");
    assert_eq!(value(&mut observer, "SELECT count(*) FROM t"), "0");
    // The table is locked by nobody.
    assert_eq!(observer.error_of(b"DROP TABLE t"), None);
}
