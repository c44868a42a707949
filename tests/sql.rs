//! SQL behaviour: every `.slt` file under `tests/sql` runs on this server and on
//! PostgreSQL 15, by one runner, with one set of expected results.
//!
//! The results come from PostgreSQL: `SLT_UPDATE=1` runs the files there
//! and writes what it answered into them. `SLT_ONLY=name` runs only the files
//! whose path contains `name`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Record, Runner};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::{self, block_on, postgres, zserver::Zserver};

/// One connection as the runner drives it: the simple protocol, text results.
struct Connection(Client);

#[async_trait::async_trait]
impl AsyncDB for Connection {
    type Error = tokio_postgres::Error;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Self::Error> {
        let mut rows = Vec::new();
        let mut columns = None;
        for message in self.0.simple_query(sql).await? {
            match message {
                SimpleQueryMessage::RowDescription(description) => {
                    columns = Some(description.len());
                }
                SimpleQueryMessage::Row(row) => {
                    rows.push((0..row.len()).map(|n| cell(row.get(n))).collect());
                }
                _ => {}
            }
        }
        Ok(match columns {
            Some(count) => DBOutput::Rows { types: vec![DefaultColumnType::Any; count], rows },
            None => DBOutput::StatementComplete(0),
        })
    }

    async fn shutdown(&mut self) {}

    fn error_sql_state(error: &Self::Error) -> Option<String> {
        error.code().map(|code| code.code().to_owned())
    }
}

fn cell(value: Option<&str>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.replace('\n', "\\n"),
    }
}

fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(Path::new("tests/sql"), &mut found);
    let only = std::env::var("SLT_ONLY").unwrap_or_default();
    found.retain(|path| path.to_string_lossy().contains(&only));
    found.sort();
    assert!(!found.is_empty(), "no .slt file was found");
    found
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the directory is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "slt") {
            found.push(path);
        }
    }
}

/// Each file gets a schema of its own, so that files do not see each other.
async fn open(port: u16, schema: &str) -> Connection {
    let client = support::connect(port).await;
    let setup = format!(
        "SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE; \
         CREATE SCHEMA {schema}; SET search_path = {schema}, public; SET TimeZone = 'UTC'; \
         RESET client_min_messages"
    );
    client.batch_execute(&setup).await.expect("a schema for the file");
    Connection(client)
}

fn schema_name(path: &Path) -> String {
    let stem = path.with_extension("");
    let name = stem.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("slt_{name}")
}

/// Whether the server has what a file's line `# needs extension NAME` names: PostgreSQL has
/// contrib's, and others where somebody built them.
fn can_run(port: u16, path: &Path) -> bool {
    let text = std::fs::read_to_string(path).expect("the file is readable");
    let Some(name) = text.lines().find_map(|line| line.strip_prefix("# needs extension ")) else {
        return true;
    };
    let sql = format!("SELECT 1 FROM pg_available_extensions WHERE name = '{name}'");
    let found = block_on(async {
        let client = support::connect(port).await;
        client.query(sql.as_str(), &[]).await.expect("the view of extensions is there")
    });
    if found.is_empty() {
        println!("skipped: {}: no extension {name}", path.display());
    }
    !found.is_empty()
}

/// A statement whose answer was not the expected one.
struct Difference {
    /// `file: statement`, on one line: how `gaps.txt` names it.
    name: String,
    what: String,
}

/// Runs all files, every statement of each, and collects what differs.
fn run_all(port: u16) -> (usize, Vec<Difference>) {
    let mut count = 0;
    let mut differences = Vec::new();
    for path in files().into_iter().filter(|path| can_run(port, path)) {
        let schema = schema_name(&path);
        let records =
            sqllogictest::parse_file::<DefaultColumnType>(&path).expect("the file parses");
        block_on(async {
            let mut runner = Runner::new(move || {
                let schema = schema.clone();
                async move { Ok(open(port, &schema).await) }
            });
            for record in records {
                let Some(sql) = statement_of(&record) else { continue };
                count += 1;
                if let Err(error) = runner.run_async(record).await {
                    let file = path.file_stem().unwrap_or_default().to_string_lossy();
                    let statement = sql.split_whitespace().collect::<Vec<_>>().join(" ");
                    let name = format!("{file}: {statement}");
                    differences.push(Difference { name, what: error.to_string() });
                }
            }
        });
    }
    (count, differences)
}

fn statement_of(record: &Record<DefaultColumnType>) -> Option<String> {
    match record {
        Record::Statement { sql, .. } | Record::Query { sql, .. } => Some(sql.clone()),
        _ => None,
    }
}

fn update_all(port: u16) {
    for path in files().into_iter().filter(|path| can_run(port, path)) {
        let schema = schema_name(&path);
        block_on(async {
            let mut runner = Runner::new(move || {
                let schema = schema.clone();
                async move { Ok(open(port, &schema).await) }
            });
            runner
                .update_test_file(
                    &path,
                    " ",
                    sqllogictest::default_validator,
                    sqllogictest::default_normalizer,
                    sqllogictest::default_column_validator,
                )
                .await
                .expect("PostgreSQL runs the file");
        });
    }
}

#[test]
fn files_pass_on_postgresql() {
    match postgres::port() {
        Err(why) => println!("skipped: {why}"),
        Ok(port) if std::env::var_os("SLT_UPDATE").is_some() => update_all(port),
        Ok(port) => {
            let (_, differences) = run_all(port);
            let report: Vec<_> = differences.iter().map(|d| d.what.as_str()).collect();
            assert!(report.is_empty(), "{}", report.join("\n\n"));
        }
    }
}

/// Where this server does not answer as PostgreSQL yet. The list only shrinks: a
/// statement in it that passes must be taken out, and no other may fail.
/// `SLT_GAPS=1` writes it anew.
const GAPS: &str = "tests/sql/gaps.txt";

#[test]
fn files_pass_here() {
    if std::env::var_os("SLT_UPDATE").is_some() {
        return;
    }
    let server = Zserver::start();
    check_all(server.port);
}

/// The same in data channels of a peer: each connection is one.
#[test]
fn files_pass_over_data_channels() {
    if std::env::var_os("SLT_UPDATE").is_some() || std::env::var_os("SLT_GAPS").is_some() {
        return;
    }
    let directory = tempfile::TempDir::new().expect("a directory");
    let (server, http) = Zserver::start_with_http(&directory.path().join("data"), true, &[]);
    block_on(async {
        let client = support::connect(server.port).await;
        client.batch_execute("ALTER ROLE postgres PASSWORD 'any'").await.expect("a password");
    });
    let peer = support::channels::Peer::connect(http);
    check_all(peer.forward("pgwire"));
}

/// What differs here is what is listed.
fn check_all(port: u16) {
    let (count, differences) = run_all(port);
    let found: BTreeSet<&str> = differences.iter().map(|d| d.name.as_str()).collect();
    if std::env::var_os("SLT_GAPS").is_some() {
        let text: String = found.iter().map(|name| format!("{name}\n")).collect();
        std::fs::write(GAPS, text).expect("the list can be written");
    }
    let listed = std::fs::read_to_string(GAPS).expect("the list of gaps is there");
    let listed: BTreeSet<&str> = listed.lines().collect();
    println!("{count} statements, {} differ from PostgreSQL", found.len());
    let fresh = differences.iter().filter(|d| !listed.contains(d.name.as_str()));
    let fresh: Vec<_> = fresh.map(|d| d.what.as_str()).collect();
    assert!(fresh.is_empty(), "{}", fresh.join("\n\n"));
    let only = std::env::var("SLT_ONLY").unwrap_or_default();
    let healed: Vec<_> = listed.difference(&found).collect();
    assert!(healed.is_empty() || !only.is_empty(), "these pass now: {healed:#?}");
}
