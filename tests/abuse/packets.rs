//! Malformed packets, before and after login.

use super::Abused;
use crate::support::raw::{Raw, frame, query, startup};

#[test]
fn malformed_packets_before_login_end_the_connection() {
    let mut abused = Abused::start();
    let version = |code: i32| frame(0, &code.to_be_bytes());
    let packets: Vec<Vec<u8>> = vec![
        vec![0],
        vec![0; 8],
        vec![0xff; 64],
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"\x7f\xff\xff\xff\0\x03\0\0".to_vec(),
        b"\0\0\0\x04".to_vec(),
        version(0),
        version(2 << 16),
        version(9 << 16),
        frame(0, b"\0\x03\0\0user\0postgres"),
        frame(0, b"\0\x03\0\0user\0"),
        frame(0, b"\0\x03\0\0\0"),
        frame(0, b"\0\x03\0\0\xff\xfe\0\xff\0\0"),
        frame(0, &[&b"\0\x03\0\0"[..], &vec![b'a'; 20_000], &[0]].concat()),
        [startup("postgres"), startup("postgres")].concat(),
        // A cancel of nobody, and one cut off.
        frame(0, b"\x04\xd2\x16\x2e\0\0\0\x01\0\0\0\x01"),
        frame(0, b"\x04\xd2\x16\x2e\0"),
        // Bytes behind a request for encryption were sent without it.
        [frame(0, b"\x04\xd2\x16\x2f"), startup("postgres")].concat(),
    ];
    for packet in packets {
        let mut client = Raw::connect(abused.server.port);
        client.send(&packet);
        match client.stream.shutdown(std::net::Shutdown::Write) {
            Ok(()) => {}
            // The server was quicker to end the connection.
            Err(error) if error.kind() == std::io::ErrorKind::NotConnected => {}
            Err(error) => panic!("the socket is not half-closed: {error}"),
        }
        client.ended_with();
        abused.bystander_is_served();
    }
}

#[test]
fn malformed_messages_are_errors_and_frames_that_cannot_be_right_end_the_connection() {
    let mut abused = Abused::start();
    let fatal: [(&[u8], &str); 6] = [
        // Two gigabytes are announced.
        (b"Q\x7f\xff\xff\xff", "54000"),
        (b"Q\xff\xff\xff\xff", "08P01"),
        (b"Q\0\0\0\x03", "08P01"),
        (b"S\0\x7f\xff\xff", "54000"),
        (b"\0\0\0\0\x04", "08P01"),
        (b"\xffgarbage", "08P01"),
    ];
    for (bytes, code) in fatal {
        let mut client = Raw::log_in(abused.server.port);
        client.send(bytes);
        assert_eq!(client.ended_with(), code, "{bytes:?}");
        abused.bystander_is_served();
    }
    let malformed: [(u8, &[u8]); 12] = [
        (b'Q', b"SELECT 1"),
        (b'Q', b"SELECT 1\0SELECT 2\0"),
        (b'P', b""),
        (b'P', b"name\0SELECT 1\0\x7f\xff"),
        (b'P', b"name\0SELECT 1\0\xff\xff"),
        (b'B', b"\0\0\0\x01\0\x05\0\0\0\0"),
        (b'B', b"\0\0\0\0\0\x01\x7f\xff\xff\xff\0\0"),
        (b'B', b"\0\0\x7f\xff"),
        (b'E', b"portal"),
        (b'D', b"X\0"),
        (b'C', b"?name\0"),
        (b'd', b"data without COPY"),
    ];
    for (tag, body) in malformed {
        let mut client = Raw::log_in(abused.server.port);
        client.send(&[frame(tag, body), frame(b'S', b""), query(b"SELECT 1")].concat());
        // An error and then ReadyForQuery, or the end: never silence or a crash.
        while client.message().is_some_and(|(tag, _)| tag != b'Z') {}
        abused.bystander_is_served();
    }
}

#[test]
fn too_many_parameters_are_refused() {
    let mut abused = Abused::start();
    let list: Vec<String> = (1..=70_000).map(|n| format!("${n}::int")).collect();
    let sql = format!("SELECT {}", list.join(" + "));
    let mut client = Raw::log_in(abused.server.port);
    let body = [b"\0", sql.as_bytes(), b"\0\0\0"].concat();
    client.send(&[frame(b'P', &body), frame(b'S', b"")].concat());
    let messages = client.until_ready().expect("the connection stays");
    assert!(messages.iter().any(|(tag, _)| *tag == b'E'), "{messages:?}");
    let wide = format!("SELECT 1 WHERE 1 IN ({})", list.join(", "));
    let body = [b"\0", wide.as_bytes(), b"\0\0\0"].concat();
    client.send(&[frame(b'P', &body), frame(b'S', b"")].concat());
    let messages = client.until_ready().expect("the connection stays");
    assert!(messages.iter().any(|(tag, _)| *tag == b'E'), "{messages:?}");
    abused.bystander_is_served();
}
