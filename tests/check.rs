//! `zserver check`: each kind of damage is planted and named, nothing else is.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio_postgres::Client;
use zserver::storage::disk::{DiskEngine, DiskOptions};
use zserver::storage::key::{self, KeyRange, Meta};
use zserver::storage::{Durability, Engine, Key, Keyspace, Value, WriteBatch};

use crate::support::{block_on, connect, zserver::Zserver};

const SETUP: &str = "
    CREATE TABLE parent (id int PRIMARY KEY);
    INSERT INTO parent VALUES (1), (2);
    CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL CHECK (b > 0), p int REFERENCES parent, c text);
    CREATE INDEX t_c ON t (c);
    CREATE INDEX t_part ON t (b) WHERE b > 5;
    CREATE INDEX t_expr ON t ((lower(c)));
    INSERT INTO t SELECT g, g, 1 + g % 2, 'Row ' || g FROM generate_series(1, 50) g;
    CREATE TABLE later (a int UNIQUE DEFERRABLE);
    INSERT INTO later VALUES (1), (2);
    CREATE TABLE twin (a int, b int, p int, c text);
    CREATE UNIQUE INDEX twin_a ON twin (a);
    INSERT INTO twin VALUES (100, NULL, 1, 'no b'), (101, -5, 1, 'bad b'), (102, 7, 777, 'bad p'), (3, 3, 1, 'again');
    CREATE TABLE parts (a int) PARTITION BY RANGE (a);
    CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
    CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (100);
    INSERT INTO parts VALUES (1), (50);
    CREATE SEQUENCE s MAXVALUE 100;
    SELECT nextval('s');
    CREATE FUNCTION is_fine(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN $1 < 1000; END';
    CREATE TABLE called (a int CHECK (is_fine(a)));
    INSERT INTO called VALUES (1);
    CREATE TABLE tags (id int PRIMARY KEY, tags text[]);
    CREATE INDEX tags_gin ON tags USING gin (tags);
    INSERT INTO tags VALUES (1, '{a,b}'), (2, '{b,c}');
    DELETE FROM t WHERE a = 50;
    UPDATE t SET c = 'changed' WHERE a = 7;
    CREATE TABLE bulk (a int, filler text);
    INSERT INTO bulk SELECT g, md5(g::text) || md5((-g)::text) FROM generate_series(1, 5000) g;
";

/// A data directory with all kinds of objects, made once; each test damages a copy.
struct Healthy {
    directory: TempDir,
    storage: Vec<(String, u32)>,
}

impl Healthy {
    fn new() -> Healthy {
        let directory = TempDir::new().expect("a temporary directory");
        let data = directory.path().join("healthy");
        let server = Zserver::start_over(&data, &[]);
        let storage = block_on(async {
            let client = connect(server.port).await;
            client.batch_execute(SETUP).await.expect("the setup");
            client.batch_execute("CHECKPOINT").await.expect("tables on disk");
            storage_ids(&client).await
        });
        assert_eq!(server.terminate().code(), Some(0));
        Healthy { directory, storage }
    }

    fn storage(&self, name: &str) -> u32 {
        let found = self.storage.iter().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("no relation {name}")).1
    }

    fn copy(&self) -> PathBuf {
        let to = self.directory.path().join("damaged");
        let _ = std::fs::remove_dir_all(&to);
        let from = self.directory.path().join("healthy");
        let copied = std::process::Command::new("cp").arg("-r").arg(from).arg(&to).status();
        assert!(copied.expect("cp is there").success());
        to
    }

    /// What a check says of a copy that something was done to.
    fn check_after(&self, damage: impl FnOnce(&DiskEngine)) -> (Option<i32>, String) {
        let data = self.copy();
        let engine = DiskEngine::open(&data, &DiskOptions::default()).expect("it opens");
        damage(&engine);
        drop(engine);
        Zserver::command(&data, &["check"])
    }

    fn expect(&self, wanted: &[&str], damage: impl FnOnce(&DiskEngine)) {
        let (status, said) = self.check_after(damage);
        for line in wanted {
            assert!(said.contains(line), "{line:?} is not in:\n{said}");
        }
        let status_wanted = if wanted.iter().any(|line| line.starts_with("error")) { 3 } else { 0 };
        assert_eq!(status, Some(status_wanted), "{said}");
    }
}

async fn storage_ids(client: &Client) -> Vec<(String, u32)> {
    let sql = "SELECT relname::text, pg_relation_filenode(oid) FROM pg_class \
               WHERE relnamespace = 'public'::regnamespace AND pg_relation_filenode(oid) IS NOT NULL";
    let rows = client.query(sql, &[]).await.expect("the catalog");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn write(engine: &DiskEngine, writes: impl FnOnce(&mut WriteBatch)) {
    let mut batch = WriteBatch::new();
    writes(&mut batch);
    engine.write(batch, Durability::Sync).expect("a write");
}

fn entries(engine: &DiskEngine, keyspace: Keyspace, object: u32) -> Vec<(Key, Value)> {
    let range = KeyRange::prefix(object.to_be_bytes());
    engine.view().range(keyspace, &range, false).map(|entry| entry.expect("an entry")).collect()
}

/// Puts a row of a table into another one, with an entry for its first column.
fn transplant(engine: &DiskEngine, healthy: &Healthy, position: usize, into: &str, rid: u64) {
    let rows = entries(engine, Keyspace::Rows, healthy.storage("twin"));
    let keys = entries(engine, Keyspace::Indexes, healthy.storage("twin_a"));
    let (row_key, row) = &rows[position];
    let (_, from) = key::row_parts(row_key).expect("a row's key");
    let entry = keys.iter().find(|(key, value)| key::index_rid(key, value) == Some(from));
    let (entry, _) = entry.expect("the row's entry");
    let payload = key::index_payload(entry, true);
    write(engine, |batch| {
        batch.put(Keyspace::Rows, key::row(healthy.storage(into), rid), row.clone());
        let index = healthy.storage(&format!("{into}_pkey"));
        let entry = key::index_entry(index, payload, None);
        if engine.view().get(Keyspace::Indexes, &entry).expect("a read").is_none() {
            batch.put(Keyspace::Indexes, entry, key::index_value(rid));
        }
    });
}

#[test]
fn every_kind_of_damage_is_named() {
    let healthy = Healthy::new();
    healthy.expect(&["0 errors, 0 warnings"], |_| {});

    let (t, t_c, t_pkey) =
        (healthy.storage("t"), healthy.storage("t_c"), healthy.storage("t_pkey"));
    let first = |engine: &DiskEngine, object| {
        let (key, value) = entries(engine, Keyspace::Indexes, object).swap_remove(0);
        let rid = key::index_rid(&key, &value).expect("a row id");
        (key, rid)
    };
    healthy.expect(&["error    index        postgres.public.t_c: row", "has no entry"], |engine| {
        let (key, _) = first(engine, t_c);
        write(engine, |batch| batch.remove(Keyspace::Indexes, key));
    });
    healthy.expect(
        &["error    index        postgres.public.t_c: an entry names row 4711, which does not exist"],
        |engine| {
            let entry = key::index_entry(t_c, b"\x01strange\0", Some(4711));
            write(engine, |batch| batch.put(Keyspace::Indexes, entry, *b""));
        },
    );
    healthy.expect(
        &["error    index        postgres.public.t_c: an entry names row", "another key"],
        |engine| {
            let (_, rid) = first(engine, t_c);
            let entry = key::index_entry(t_c, b"\x01strange\0", Some(rid));
            write(engine, |batch| batch.put(Keyspace::Indexes, entry, *b""));
        },
    );
    healthy.expect(
        &[
            "error    index        postgres.public.t_pkey: an entry names row",
            "error    count        postgres.public.t: the table has 48 rows, and counts 49",
        ],
        |engine| {
            let (_, rid) = first(engine, t_pkey);
            write(engine, |batch| batch.remove(Keyspace::Rows, key::row(t, rid)));
        },
    );
    healthy.expect(&["error    row          postgres.public.t: row"], |engine| {
        let (_, rid) = first(engine, t_pkey);
        write(engine, |batch| batch.put(Keyspace::Rows, key::row(t, rid), *b"\0 row"));
    });
    healthy.expect(
        &["error    row          postgres.public.t: row 99999999 has an id never given out"],
        |engine| transplant(engine, &healthy, 2, "t", 99_999_999),
    );
    healthy.expect(
        &["error    not null     postgres.public.t: row 5000 has NULL in column \"b\""],
        |engine| transplant(engine, &healthy, 0, "t", 5000),
    );
    healthy.expect(
        &["error    check        postgres.public.t: constraint \"t_b_check\": row 5000 violates it"],
        |engine| transplant(engine, &healthy, 1, "t", 5000),
    );
    healthy.expect(
        &["error    foreign key  postgres.public.t: constraint \"t_p_fkey\": row 5000 refers to a row \
             that does not exist"],
        |engine| transplant(engine, &healthy, 2, "t", 5000),
    );
    healthy.expect(
        &["error    unique       postgres.public.t_pkey: rows", "and 5000 have the same key"],
        |engine| transplant(engine, &healthy, 3, "t", 5000),
    );
    healthy.expect(
        &["error    unique       postgres.public.later_a_key: rows", "same key"],
        |engine| {
            let rows = entries(engine, Keyspace::Rows, healthy.storage("later"));
            let index = healthy.storage("later_a_key");
            let payload =
                key::index_payload(&entries(engine, Keyspace::Indexes, index)[0].0, false).to_vec();
            write(engine, |batch| {
                batch.put(
                    Keyspace::Rows,
                    key::row(healthy.storage("later"), 5000),
                    rows[0].1.clone(),
                );
                batch.put(Keyspace::Indexes, key::index_entry(index, &payload, Some(5000)), *b"");
            });
        },
    );
    healthy.expect(
        &["error    partition    postgres.public.parts_low: row 5000 is not within the partition's bounds"],
        |engine| {
            let rows = entries(engine, Keyspace::Rows, healthy.storage("parts_high"));
            let into = key::row(healthy.storage("parts_low"), 5000);
            write(engine, |batch| batch.put(Keyspace::Rows, into, rows[0].1.clone()));
        },
    );
    healthy.expect(&["error    sequence     postgres.public.s: its state is damaged"], |engine| {
        let key = Meta::Sequence(healthy.storage("s")).key();
        write(engine, |batch| batch.put(Keyspace::Meta, key, *b"?"));
    });
    healthy.expect(
        &["error    sequence     postgres.public.s: its value 101 is not within its bounds, 1 to 100"],
        |engine| {
            let key = Meta::Sequence(healthy.storage("s")).key();
            let state = [&101i64.to_le_bytes()[..], &[1]].concat();
            write(engine, |batch| batch.put(Keyspace::Meta, key, state));
        },
    );
    healthy.expect(
        &["error    index        postgres.public.tags_gin: row", "has no entry"],
        |engine| {
            let (key, _) = first(engine, healthy.storage("tags_gin"));
            write(engine, |batch| batch.remove(Keyspace::Indexes, key));
        },
    );
    healthy.expect(
        &[
            "warning  orphan       storage 900000: there are rows that no object has",
            "warning  orphan       storage 900001: there are indexes that no object has",
            "0 errors, 2 warnings",
        ],
        |engine| {
            write(engine, |batch| {
                batch.put(Keyspace::Rows, key::row(900_000, 1), vec![0; 40]);
                batch.put(Keyspace::Indexes, key::index_entry(900_001, b"x", Some(1)), *b"");
            });
        },
    );
    // The class of relations is 2, that of constraints 8.
    healthy.expect(
        &["error    catalog      postgres.public.t: its index", "does not exist"],
        |engine| {
            let key = key::catalog(2, &healthy.storage("t_c").to_be_bytes());
            write(engine, |batch| batch.remove(Keyspace::Catalog, key));
        },
    );
    healthy.expect(&["error    open"], |engine| {
        let key = key::catalog(2, &healthy.storage("t").to_be_bytes());
        write(engine, |batch| batch.put(Keyspace::Catalog, key, *b"\x01{}"));
    });
}

/// The largest table of the engine's files.
fn largest_table(data: &Path) -> PathBuf {
    let mut tables = Vec::new();
    for keyspace in std::fs::read_dir(data.join("engine/keyspaces")).expect("keyspaces") {
        let folder = keyspace.expect("an entry").path().join("tables");
        for table in std::fs::read_dir(folder).into_iter().flatten() {
            let path = table.expect("an entry").path();
            tables.push((path.metadata().expect("a file").len(), path));
        }
    }
    tables.sort();
    tables.pop().expect("there are tables").1
}

#[test]
fn a_flipped_byte_in_a_file_is_named_by_the_command_and_by_the_server() {
    let healthy = Healthy::new();
    let data = healthy.copy();
    let table = largest_table(&data);
    let mut bytes = std::fs::read(&table).expect("a table");
    bytes[30] ^= 4;
    std::fs::write(&table, bytes).expect("written");
    let (status, said) = Zserver::command(&data, &["check"]);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains(&table.display().to_string()), "{said}");

    let server = Zserver::start_over(&data, &[]);
    let (status, said) = server.ask(&["check"]);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("error    file"), "{said}");
}

#[test]
fn a_running_server_is_checked_while_it_is_written_to() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup");
        let writer = connect(server.port).await;
        let writing = tokio::spawn(async move {
            for n in 1000..1200 {
                let sql = format!(
                    "BEGIN; INSERT INTO parent VALUES ({n}); \
                     INSERT INTO t VALUES ({n}, 1, {n}, 'x'); COMMIT; \
                     DELETE FROM t WHERE a = {n}; DELETE FROM parent WHERE id = {n}"
                );
                writer.batch_execute(&sql).await.expect("rows");
            }
        });
        let mut checks = 0;
        while !writing.is_finished() || checks == 0 {
            let found = client.query("SELECT * FROM zserver_check()", &[]).await.expect("a check");
            assert!(found.is_empty(), "{found:?}");
            checks += 1;
        }
        writing.await.expect("the writer's end");
        let one = client.query("SELECT * FROM zserver_check('t')", &[]).await.expect("a check");
        assert!(one.is_empty());
        let error = client.query("SELECT * FROM zserver_check('t_c')", &[]).await.expect_err("no");
        assert_eq!(error.code().expect("an SQLSTATE").code(), "42809");
        client.batch_execute("CREATE ROLE somebody; SET ROLE somebody").await.expect("a role");
        let error = client.query("SELECT * FROM zserver_check()", &[]).await.expect_err("no");
        assert_eq!(error.code().expect("an SQLSTATE").code(), "42501");
    });
    let (status, said) = server.ask(&["check"]);
    assert_eq!(status, Some(0), "{said}");
}

#[test]
fn what_is_no_data_directory_cannot_be_checked() {
    let directory = TempDir::new().expect("a temporary directory");
    let (status, said) = Zserver::command(&directory.path().join("nothing"), &["check"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("is not a data directory"), "{said}");
    assert!(!directory.path().join("nothing").exists(), "and none is made");
}

/// The server reads its own files while it runs, and its log names what a disk has lost.
#[test]
fn the_scrubber_names_a_file_that_has_changed() {
    let directory = TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let environment =
        [("ZSERVER_DEV", "true"), ("ZSERVER_SCRUB_INTERVAL", "1s"), ("ZSERVER_SCRUB_RATE", "1GB")];
    let (server, log) = Zserver::start_with_log(&data, &environment);
    block_on(async {
        let client = connect(server.port).await;
        let sql =
            "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 20000); CHECKPOINT";
        client.batch_execute(sql).await.expect("tables on disk");
    });
    let wait_for = |text: &str| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while std::time::Instant::now() < until {
            match log.recv_timeout(std::time::Duration::from_secs(60)) {
                Ok(line) if line.contains(text) => return line,
                _ => {}
            }
        }
        panic!("nothing is said of \"{text}\"");
    };
    let clean = wait_for("all files were compared with their checksums");
    assert!(clean.contains('0'), "{clean}");
    let tables = |directory: PathBuf| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(directory).into_iter().flatten();
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let keyspaces = tables(data.join("engine/keyspaces"));
    let files = keyspaces.into_iter().flat_map(|keyspace| tables(keyspace.join("tables")));
    let largest = files.max_by_key(|path| path.metadata().expect("a file").len()).expect("a table");
    let mut bytes = std::fs::read(&largest).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&largest, bytes).expect("writable");
    let said = wait_for("is damaged");
    let name = largest.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(said.contains(name), "{said}: not {largest:?}");
    assert_eq!(server.terminate().code(), Some(0));
}
