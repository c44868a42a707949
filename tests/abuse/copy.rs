//! COPY of rows that are no rows.

use super::Abused;
use crate::support::raw::{Raw, field, frame, query};

/// Error code and context of a COPY with this data.
fn copied(client: &mut Raw, sql: &str, data: &[u8]) -> (String, String) {
    client.send(&query(sql.as_bytes()));
    assert_eq!(client.message().expect("an answer").0, b'G', "{sql}");
    client.send(&[frame(b'd', data), frame(b'c', b"")].concat());
    let messages = client.until_ready().expect("the connection stays");
    let error = messages.into_iter().find(|(tag, _)| *tag == b'E').expect("an error").1;
    (field(&error, b'C'), field(&error, b'W'))
}

#[test]
fn bad_rows_are_named_by_line_and_column_and_nothing_is_kept() {
    let mut abused = Abused::start();
    let mut client = Raw::log_in(abused.server.port);
    let setup = b"CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL)";
    assert_eq!(client.error_of(setup), None);
    let text = "COPY t FROM STDIN";
    let csv = "COPY t FROM STDIN (FORMAT csv)";
    let binary = "COPY t FROM STDIN (FORMAT binary)";
    let cases: [(&str, &[u8], &str, &str); 10] = [
        (text, b"1\tone\ntwo\ttwo\n", "22P02", "COPY t, line 2, column a: \"two\""),
        (text, b"1\tone\n2\n", "22P04", "COPY t, line 2: \"2\""),
        (text, b"1\tone\n2\ttwo\tmore\n", "22P04", "COPY t, line 2: \"2\ttwo\tmore\""),
        (text, b"1\tone\n1\tagain\n", "23505", "COPY t, line 2"),
        (text, b"1\t\\N\n", "23502", "COPY t, line 1: \"1\t\\N\""),
        (text, b"1\tone\n2\t\xff\n", "22021", "COPY t, line 2"),
        (text, b"99999999999\tone\n", "22003", "COPY t, line 1, column a: \"99999999999\""),
        (csv, b"1,one\n2,\"open\n", "22P04", "COPY t, line 3: \"2,\"open\n\""),
        (csv, b"1,\"a\nb\"\nx,y\n", "22P02", "COPY t, line 3, column a: \"x\""),
        (binary, b"no signature at all", "22P04", ""),
    ];
    for (sql, data, code, context) in cases {
        let (found, found_context) = copied(&mut client, sql, data);
        assert_eq!(found, code, "{data:?}");
        assert_eq!(found_context, context, "{data:?}");
        client.send(&query(b"SELECT a FROM t"));
        let messages = client.until_ready().expect("the connection stays");
        assert!(messages.iter().all(|(tag, _)| *tag != b'D'), "a row was kept");
        abused.bystander_is_served();
    }
}
