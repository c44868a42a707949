//! The same bytes to this server and to PostgreSQL 15, and the same answers: bad input in
//! every message, encodings of clients, limits, and what is refused at login.
//!
//! `tests/data/wire.txt` holds the conversations. What is compared is every message but
//! ParameterStatus and BackendKeyData; of errors all fields but file, line and routine; of
//! columns all but the relation they are of, where that is not built in.
//!
//! ```text
//! == name                          a conversation; what follows are its messages
//! startup user=postgres a=b        in place of the usual login
//! Q text                           \xNN, \n and \\ are bytes; so in all texts
//! P name|text|oid oid              Parse
//! B portal|name|formats|values|formats    values: text, or \N for NULL
//! D S name    C P portal           Describe, Close
//! E portal|rows    F    S          Execute, Flush, Sync
//! d data    c    f reason          CopyData, CopyDone, CopyFail
//! X 51 00 00 00 04                 bytes as they are
//! ```

use std::io::Read;
use std::net::Shutdown;

use crate::support::raw::{Message, Raw, frame};
use crate::support::{postgres, zserver::Zserver};

const CONVERSATIONS: &str = include_str!("data/wire.txt");

/// Relations from here on are users'.
const FIRST_NORMAL_OID: u32 = 16_384;

struct Conversation {
    name: &'static str,
    bytes: Vec<u8>,
}

/// `\xNN`, `\n`, `\t` and `\\` as bytes.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let (&escaped, after) = rest.split_first().expect("an escape");
        rest = after;
        match escaped {
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'0' => bytes.push(0),
            b'x' => {
                let digits = std::str::from_utf8(&rest[..2]).expect("two digits");
                bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
                rest = &rest[2..];
            }
            other => bytes.push(other),
        }
    }
    bytes
}

fn numbers<T: std::str::FromStr>(text: &str) -> Vec<T> {
    text.split_whitespace().map(|word| word.parse().ok().expect("a number")).collect()
}

fn put_formats(body: &mut Vec<u8>, formats: &str) {
    let formats: Vec<i16> = numbers(formats);
    body.extend((formats.len() as i16).to_be_bytes());
    formats.iter().for_each(|format| body.extend(format.to_be_bytes()));
}

fn message(line: &str) -> Vec<u8> {
    let (tag, rest) = line.split_once(' ').unwrap_or((line, ""));
    let parts: Vec<&str> = rest.split('|').collect();
    let part = |at: usize| parts.get(at).copied().unwrap_or("");
    let terminated = |text: &str| [unescaped(text), vec![0]].concat();
    match tag {
        "X" => rest
            .split_whitespace()
            .map(|hex| u8::from_str_radix(hex, 16).expect("a byte"))
            .collect(),
        "startup" => {
            let pairs = rest.split_whitespace().map(|pair| pair.split_once('=').expect("a pair"));
            let mut body = 196_608i32.to_be_bytes().to_vec();
            for (name, value) in pairs {
                body.extend([terminated(name), terminated(value)].concat());
            }
            body.push(0);
            frame(0, &body)
        }
        "Q" | "f" => frame(tag.as_bytes()[0], &terminated(rest)),
        "d" => frame(b'd', &unescaped(rest)),
        "P" => {
            let oids: Vec<u32> = numbers(part(2));
            let mut body = [terminated(part(0)), terminated(part(1))].concat();
            body.extend((oids.len() as i16).to_be_bytes());
            oids.iter().for_each(|oid| body.extend(oid.to_be_bytes()));
            frame(b'P', &body)
        }
        "B" => {
            let mut body = [terminated(part(0)), terminated(part(1))].concat();
            put_formats(&mut body, part(2));
            let values: Vec<&str> = part(3).split(' ').filter(|value| !value.is_empty()).collect();
            body.extend((values.len() as i16).to_be_bytes());
            for value in values {
                match value {
                    "\\N" => body.extend((-1i32).to_be_bytes()),
                    value => {
                        let value = unescaped(value);
                        body.extend((value.len() as i32).to_be_bytes());
                        body.extend(value);
                    }
                }
            }
            put_formats(&mut body, part(4));
            frame(b'B', &body)
        }
        "D" | "C" => {
            let (kind, name) = rest.split_once(' ').unwrap_or((rest, ""));
            frame(tag.as_bytes()[0], &[unescaped(kind), terminated(name)].concat())
        }
        "E" => {
            let rows: i32 = part(1).parse().unwrap_or(0);
            frame(b'E', &[terminated(part(0)), rows.to_be_bytes().to_vec()].concat())
        }
        "F" => frame(b'H', b""),
        "S" | "c" => frame(tag.as_bytes()[0], b""),
        other => panic!("{other} is no message"),
    }
}

/// Long texts are written as a repetition: `@[x*70]@`, `@[c# int, *1601]@` with numbers.
fn expanded(line: &str) -> String {
    let mut text = line.to_owned();
    while let Some(start) = text.find("@[") {
        let end = start + text[start..].find("]@").expect("an end");
        let (pattern, count) = text[start + 2..end].rsplit_once('*').expect("a count");
        let count: usize = count.parse().expect("a count");
        let repeated: Vec<String> =
            (1..=count).map(|number| pattern.replace('#', &number.to_string())).collect();
        text.replace_range(start..end + 2, &repeated.concat());
    }
    text
}

fn conversations() -> Vec<Conversation> {
    let mut all: Vec<Conversation> = Vec::new();
    let lines = CONVERSATIONS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        if let Some(name) = line.strip_prefix("== ") {
            all.push(Conversation { name, bytes: Vec::new() });
            continue;
        }
        let last = all.last_mut().expect("a conversation has a name");
        if last.bytes.is_empty() && !line.starts_with("startup") && !line.starts_with("X 00") {
            last.bytes = message("startup user=postgres database=postgres");
        }
        last.bytes.extend(message(&expanded(line)));
    }
    all
}

/// What a server answers until it closes the connection.
fn answers(port: u16, bytes: &[u8]) -> Vec<String> {
    let mut client = Raw::connect(port);
    let mut reader = Raw { stream: client.stream.try_clone().expect("a second handle") };
    let reading = std::thread::spawn(move || {
        let mut messages = Vec::new();
        while let Some(message) = next(&mut reader) {
            messages.push(message);
        }
        messages
    });
    client.send(bytes);
    // The server may have ended the connection already.
    let _ = client.stream.shutdown(Shutdown::Write);
    let messages = reading.join().expect("the answers");
    messages.iter().filter(|(tag, _)| !b"SK".contains(tag)).map(shown).collect()
}

fn next(client: &mut Raw) -> Option<Message> {
    let mut head = [0; 5];
    client.stream.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let mut body = vec![0; length - 4];
    client.stream.read_exact(&mut body).ok()?;
    Some((head[0], body))
}

fn shown((tag, body): &Message) -> String {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let tag_text = char::from(*tag);
    match tag {
        b'E' | b'N' => {
            let fields = body.split(|byte| *byte == 0).filter(|field| !field.is_empty());
            let kept = fields.filter(|field| !b"FLRV".contains(&field[0])).map(text);
            format!("{tag_text} {}", kept.collect::<Vec<_>>().join(" | "))
        }
        b'T' => {
            let mut rest = &body[2..];
            let mut columns = Vec::new();
            while let Some(end) = rest.iter().position(|byte| *byte == 0) {
                let (name, after) = rest.split_at(end);
                let (fields, after) = after[1..].split_at(18);
                let relation = u32::from_be_bytes(fields[..4].try_into().expect("four"));
                let of = if relation >= FIRST_NORMAL_OID { &fields[6..] } else { fields };
                columns.push(format!("{} {}", text(name), text(of)));
                rest = after;
            }
            format!("T {}", columns.join(", "))
        }
        // The process that notifies is another here.
        b'A' => format!("A {}", text(&body[4..])),
        _ => format!("{tag_text} {}", text(body)),
    }
}

#[test]
fn the_same_bytes_have_the_same_answers() {
    let postgres = match postgres::port() {
        Ok(port) => port,
        Err(why) => return println!("skipped: {why}"),
    };
    let server = Zserver::start();
    let mut differ = Vec::new();
    let all = conversations();
    for conversation in &all {
        let expected = answers(postgres, &conversation.bytes);
        let found = answers(server.port, &conversation.bytes);
        if expected != found {
            let at = expected.iter().zip(&found).take_while(|(a, b)| a == b).count();
            let next = |answers: &[String]| answers.get(at).cloned().unwrap_or("the end".into());
            differ.push(format!(
                "{}, message {at}\n  PostgreSQL {}\n  here       {}",
                conversation.name,
                next(&expected),
                next(&found)
            ));
        }
    }
    println!("{} conversations, {} differ", all.len(), differ.len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
