//! Statements that are too long, too deep, or no SQL at all.

use super::Abused;
use crate::support::raw::{Raw, query};

/// The SQLSTATE of each statement, `None` where it is served.
fn answers(cases: Vec<(Vec<u8>, Option<&str>)>) {
    let mut abused = Abused::start();
    let mut client = Raw::log_in(abused.server.port);
    for (sql, code) in cases {
        let shown = String::from_utf8_lossy(&sql[..sql.len().min(60)]).into_owned();
        assert_eq!(client.error_of(&sql).as_deref(), code, "{shown}");
        abused.bystander_is_served();
    }
}

fn joined(count: usize, separator: &str, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(separator)
}

#[test]
fn garbage_is_a_syntax_error() {
    answers(vec![
        (b"\xff\xfe SELECT".to_vec(), Some("22021")),
        (b"SELECT '\xc3\x28'".to_vec(), Some("22021")),
        (b"SELECT \x01".to_vec(), Some("42601")),
        (b"'".to_vec(), Some("42601")),
        (b"/* /* */".to_vec(), Some("42601")),
        (b"$$".to_vec(), Some("42601")),
        (b"SELECT U&'\\d800'".to_vec(), Some("42601")),
        (b"))))((((".to_vec(), Some("42601")),
        (b";;;; ;".to_vec(), None),
    ]);
}

#[test]
fn deep_statements_are_refused_or_served() {
    let many = |n| joined(n, " UNION ALL ", |n| format!("SELECT {n}"));
    let nested =
        |open: &str, close: &str, n| format!("SELECT {}1{}", open.repeat(n), close.repeat(n));
    answers(vec![
        (format!("SELECT 1{}", "+1".repeat(100_000)).into_bytes(), Some("54001")),
        (nested("(", ")", 10_000).into_bytes(), Some("54001")),
        (nested("ARRAY[", "]", 5_000).into_bytes(), Some("54001")),
        (nested("CASE WHEN true THEN ", " END", 5_000).into_bytes(), Some("54001")),
        (nested("- ", "", 50_000).into_bytes(), Some("54001")),
        (many(3_000).into_bytes(), Some("54001")),
        (many(2_000).into_bytes(), None),
        (joined(1_000, " UNION ", |n| format!("SELECT {n}")).into_bytes(), None),
        (joined(500, " EXCEPT ", |n| format!("SELECT {n}")).into_bytes(), None),
        (joined(2_000, " EXCEPT ", |n| format!("SELECT {n}")).into_bytes(), Some("54001")),
    ]);
}

#[test]
fn wide_statements_are_served() {
    answers(vec![
        (
            format!("SELECT 1 WHERE {}", joined(20_000, " OR ", |n| format!("1 = {n}")))
                .into_bytes(),
            None,
        ),
        (format!("VALUES {}", joined(20_000, ", ", |n| format!("({n})"))).into_bytes(), None),
        (joined(2_000, ";", |n| format!("SELECT {n}")).into_bytes(), None),
    ]);
}

#[test]
fn a_literal_of_64_mib_is_refused_by_size() {
    let literal = "x".repeat(64 << 20);
    answers(vec![(format!("SELECT length('{literal}')").into_bytes(), Some("54000"))]);
}

/// A statement of many arms has all of them, whatever their types were.
#[test]
fn a_union_of_many_arms_is_whole() {
    let abused = Abused::start();
    let mut client = Raw::log_in(abused.server.port);
    let arms = joined(999, " UNION ALL ", |n| match n % 3 {
        0 => format!("SELECT {n}, NULL"),
        1 => format!("SELECT {n}, 'text'"),
        _ => format!("(SELECT {n}::int, 'x'::varchar(3) LIMIT 1)"),
    });
    let arms = format!("{arms} UNION ALL SELECT 999.5, 'last'");
    let sql = format!("SELECT count(*), sum(n), count(t), max(t) FROM ({arms}) u (n, t)");
    client.send(&query(sql.as_bytes()));
    let messages = client.until_ready().expect("the connection stays");
    let row = messages.iter().find(|(tag, _)| *tag == b'D').expect("one row");
    let fields = ["1000", "499500.5", "667", "x"];
    let expected: Vec<u8> = fields
        .iter()
        .flat_map(|field| [&(field.len() as i32).to_be_bytes()[..], field.as_bytes()].concat())
        .collect();
    assert_eq!(row.1[2..], expected);
}
