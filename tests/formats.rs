//! Data directories as earlier versions wrote them. `tests/data/data-format-N.tar.gz` was
//! made by a server of its time out of `tests/data/data-format.sql`, killed with rows in
//! its journal.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{block_on, connect, zserver::Zserver};

/// What the file's last query answers.
const EXPECTED: [&str; 4] = [
    "1|one|1.50|2001-02-03 04:05:06+00|{1,2,3}|{\"a\": [1, null]}|f",
    "2|two|-0.01||{}|null|t",
    "3||||||",
    "4|zwölf|99999999999999.99|1970-01-01 00:00:00+00|{NULL}|\"x\"|t",
];

#[test]
fn format_2_opens() {
    opens(Path::new("tests/data/data-format-2.tar.gz"));
}

fn opens(archive: &Path) {
    let directory = TempDir::new().expect("a temporary directory");
    let unpacked = Command::new("tar")
        .arg("xzf")
        .arg(archive)
        .arg("-C")
        .arg(directory.path())
        .status()
        .expect("tar is there");
    assert!(unpacked.success());
    let data = directory.path().join("data");
    let server = Zserver::start_over(&data, &[]);
    block_on(async {
        let client = connect(server.port).await;
        let rows = client
            .simple_query("SET TimeZone = 'UTC'; SELECT * FROM every_type ORDER BY id")
            .await
            .expect("the rows are there");
        let lines: Vec<String> = rows
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    let values = (0..row.len()).map(|at| row.get(at).unwrap_or(""));
                    Some(values.collect::<Vec<_>>().join("|"))
                }
                _ => None,
            })
            .collect();
        assert_eq!(lines, EXPECTED);
        let row =
            client.query_one("SELECT count(*), sum(n)::int8 FROM many", &[]).await.expect("rows");
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2_000, 2_001_000));
        let row = client.query_one("SELECT nextval('numbers')", &[]).await.expect("a number");
        assert!(row.get::<_, i64>(0) > 17);
        client.batch_execute("INSERT INTO many VALUES (2001)").await.expect("it can be written");
        let found = client.query("SELECT * FROM zserver_check()", &[]).await.expect("a check");
        assert!(found.is_empty(), "{found:?}");
    });
}
