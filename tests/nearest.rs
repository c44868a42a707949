//! Searches of vectors through SQL: which plan finds the rows, that a snapshot holds, that
//! own writes are found and taken back, that nothing a policy hides is told. That the rows
//! are PostgreSQL's is `tests/sql`'s.

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::{block_on, connect, zserver::Zserver};

const SETUP: &str = "
    CREATE EXTENSION vector;
    CREATE TABLE t (id int PRIMARY KEY, n int, kind int, v vector(3), w vector);
    INSERT INTO t SELECT i, i % 10, i % 500,
        array[sin(i) * 100, cos(i * 1.7) * 100, i % 97]::vector,
        array[i, i % 7]::vector FROM generate_series(1, 5000) i;
    CREATE INDEX by_l2 ON t USING hnsw (v vector_l2_ops);
    CREATE INDEX by_cosine ON t USING ivfflat (v vector_cosine_ops) WITH (lists = 10);
    CREATE INDEX by_half ON t USING hnsw ((v::halfvec(3)) halfvec_ip_ops);
    CREATE INDEX by_part ON t USING hnsw ((w::vector(2)) vector_l1_ops) WHERE n = 3;
    CREATE INDEX by_kind ON t (kind);
    CREATE TABLE small (v vector(3));
    INSERT INTO small SELECT v FROM t LIMIT 20;
    CREATE INDEX by_small ON small USING hnsw (v vector_l2_ops);
    CREATE TABLE u (id int PRIMARY KEY, name text);
    INSERT INTO u SELECT i, 'u' || i FROM generate_series(0, 9) i;
    CREATE TABLE p (k int, v vector(3)) PARTITION BY LIST (k);
    CREATE TABLE p0 PARTITION OF p FOR VALUES IN (0);
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
    INSERT INTO p SELECT id % 2, v FROM t;
    CREATE INDEX by_part_v ON p USING hnsw (v vector_l2_ops);
    ANALYZE";

/// A query, and the index that its plan names; none if it is sorted.
const CASES: &[(&str, Option<&str>)] = &[
    ("SELECT id FROM t ORDER BY v <-> '[1,2,3]' LIMIT 5", Some("by_l2")),
    ("SELECT id FROM t ORDER BY '[1,2,3]' <-> v LIMIT 5", Some("by_l2")),
    ("SELECT id, v <-> '[1,2,3]' AS d FROM t ORDER BY d LIMIT 5 OFFSET 3", Some("by_l2")),
    ("SELECT id, v <-> '[1,2,3]' AS d FROM t ORDER BY 2 LIMIT 5", Some("by_l2")),
    ("SELECT id FROM t WHERE n = 3 ORDER BY v <-> '[1,2,3]' LIMIT 5", Some("by_l2")),
    ("SELECT id FROM t WHERE sqrt(n) > 2 ORDER BY v <-> '[1,2,3]' LIMIT 5", Some("by_l2")),
    ("SELECT id FROM t ORDER BY v <=> '[1,2,3]' LIMIT 5", Some("by_cosine")),
    ("SELECT id FROM t ORDER BY v::halfvec(3) <#> '[1,2,3]' LIMIT 5", Some("by_half")),
    ("SELECT id FROM t WHERE n = 3 ORDER BY w::vector(2) <+> '[1,2]' LIMIT 5", Some("by_part")),
    ("SELECT id FROM t WHERE n = 4 ORDER BY w::vector(2) <+> '[1,2]' LIMIT 5", None),
    ("SELECT id FROM t ORDER BY w <-> '[1,2]' LIMIT 5", None),
    ("SELECT id FROM t ORDER BY v <+> '[1,2,3]' LIMIT 5", None),
    ("SELECT id FROM t ORDER BY v <-> '[1,2,3]' DESC LIMIT 5", None),
    ("SELECT id FROM t ORDER BY v <-> '[1,2,3]' NULLS FIRST LIMIT 5", None),
    ("SELECT id FROM t ORDER BY v <-> '[1,2,3]'", None),
    ("SELECT id FROM t ORDER BY v <-> '[1,2,3]' LIMIT 4000", None),
    ("SELECT id FROM t ORDER BY v <-> '[1,2,3]', id LIMIT 5", None),
    ("SELECT id FROM t ORDER BY v <-> (SELECT v FROM t WHERE id = 7) LIMIT 5", Some("by_l2")),
    ("SELECT n, count(*) FROM t GROUP BY n ORDER BY n LIMIT 5", None),
    ("SELECT * FROM small ORDER BY v <-> '[1,2,3]' LIMIT 5", None),
    ("SELECT t.id, name FROM t JOIN u ON u.id = n ORDER BY v <-> '[1,2,3]' LIMIT 5", Some("by_l2")),
    ("SELECT t.id, name FROM u JOIN t ON u.id = n ORDER BY v <-> '[1,2,3]' LIMIT 5", Some("by_l2")),
    (
        "SELECT id FROM t WHERE n IN (SELECT id FROM u WHERE name < 'u4') \
         ORDER BY v <-> '[1,2,3]' LIMIT 5",
        Some("by_l2"),
    ),
    ("SELECT k FROM p ORDER BY v <-> '[1,2,3]' LIMIT 5", Some("p0_v_idx")),
    ("SELECT * FROM t ORDER BY v <-> '[1,2,3]' LIMIT 1 FOR UPDATE", Some("by_l2")),
    (
        "SELECT * FROM (SELECT id, v FROM t ORDER BY v <-> '[1,2,3]' LIMIT 50) s \
         ORDER BY v <#> '[1,2,3]' LIMIT 5",
        Some("by_l2"),
    ),
    (
        "SELECT u.id, s.id FROM u CROSS JOIN LATERAL \
         (SELECT t.id FROM t ORDER BY v <-> array[u.id, 2, 3]::vector LIMIT 1) s",
        None,
    ),
];

#[test]
fn an_index_is_searched_where_it_can_be() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup runs");
        let mut wrong = Vec::new();
        for (query, expected) in CASES {
            let plan = lines(&client, &format!("EXPLAIN {query}")).await;
            let names = ["by_l2", "by_cosine", "by_half", "by_part", "by_small", "p0_v_idx"];
            let found = names.into_iter().find(|index| plan.contains(&format!("using {index} ")));
            if found != *expected {
                wrong.push(format!("{query}: {found:?} for {expected:?}\n{plan}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn the_same_rows_come_with_an_index_and_without() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup runs");
        client
            .batch_execute("SET hnsw.ef_search = 200; SET ivfflat.probes = 10")
            .await
            .expect("set");
        for (query, _) in CASES.iter().filter(|(query, _)| !query.contains("LIMIT 4000")) {
            let plain = query.trim_end_matches(" FOR UPDATE");
            let ordered = format!("SELECT array_agg(s::text) FROM ({plain}) s");
            client.batch_execute("SET enable_indexscan = on").await.expect("set");
            let by_index = lines(&client, &ordered).await;
            client.batch_execute("SET enable_indexscan = off").await.expect("set");
            let sorted = lines(&client, &ordered).await;
            assert_eq!(by_index, sorted, "{query}");
        }
    });
}

/// Rows that are asked for and found, however few pass.
#[test]
fn there_are_as_many_rows_as_are_asked_for() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup runs");
        let cases = [
            ("n = 3", 20, 20),
            ("kind = 77", 20, 10),
            ("kind = 77 AND n = 7", 20, 10),
            ("kind = 77 AND n = 3", 20, 0),
            ("id % 1000 = 1", 20, 5),
            ("id > 4990", 20, 10),
            ("n IN (SELECT id FROM u WHERE name = 'u3')", 20, 20),
            ("id IN (SELECT id * 1000 FROM u)", 20, 5),
        ];
        for (condition, limit, expected) in cases {
            let query = format!(
                "SELECT count(*) FROM (SELECT id FROM t WHERE {condition} \
                 ORDER BY v <-> '[1,2,3]' LIMIT {limit}) s"
            );
            assert_eq!(lines(&client, &query).await, expected.to_string(), "{condition}");
            let prepared = format!(
                "SELECT id FROM t WHERE {condition} ORDER BY v <-> $1::text::vector LIMIT {limit}"
            );
            let rows = client.query(&prepared, &[&"[1,2,3]"]).await.expect("rows");
            assert_eq!(rows.len(), expected, "{condition}");
        }
    });
}

#[test]
fn a_snapshot_does_not_see_what_is_committed_later() {
    let server = Zserver::start();
    block_on(async {
        let (reader, writer) = (connect(server.port).await, connect(server.port).await);
        reader.batch_execute(SETUP).await.expect("the setup runs");
        let nearest = "SELECT id FROM t ORDER BY v <-> '[1000,1000,1000]' LIMIT 1";
        reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.expect("begin");
        let before = lines(&reader, nearest).await;
        writer
            .batch_execute("INSERT INTO t VALUES (9001, 3, 1, '[1000,1000,1000]', '[1,2]')")
            .await
            .expect("insert");
        assert_eq!(lines(&reader, nearest).await, before);
        assert_eq!(lines(&writer, nearest).await, "9001");
        writer.batch_execute("DELETE FROM t WHERE id = 9001").await.expect("delete");
        writer.batch_execute(&format!("DELETE FROM t WHERE id = {before}")).await.expect("delete");
        assert_eq!(lines(&reader, nearest).await, before, "it was there");
        assert_ne!(lines(&writer, nearest).await, before);
        reader.batch_execute("COMMIT").await.expect("commit");
        assert_ne!(lines(&reader, nearest).await, before);
    });
}

#[test]
fn own_writes_are_found_and_taken_back() {
    let server = Zserver::start();
    block_on(async {
        let (client, other) = (connect(server.port).await, connect(server.port).await);
        client.batch_execute(SETUP).await.expect("the setup runs");
        let nearest = "SELECT id FROM t ORDER BY v <-> '[1000,1000,1000]' LIMIT 2";
        let before = lines(&client, nearest).await;
        let prepared = client
            .prepare("SELECT id FROM t ORDER BY v <-> '[1000,1000,1000]' LIMIT $1")
            .await
            .expect("prepared");
        let steps = [
            ("BEGIN", None),
            ("INSERT INTO t VALUES (9001, 3, 1, '[1000,1000,1000]', '[1,2]')", Some(9001)),
            ("SAVEPOINT a", Some(9001)),
            ("UPDATE t SET v = '[1000,1000,999]' WHERE id = 17", Some(9001)),
            ("DELETE FROM t WHERE id = 9001", Some(17)),
            ("ROLLBACK TO a", Some(9001)),
            ("UPDATE t SET n = 4 WHERE id = 9001", Some(9001)),
        ];
        for (step, expected) in steps {
            client.batch_execute(step).await.expect(step);
            let Some(expected) = expected else { continue };
            let rows = client.query(&prepared, &[&1i64]).await.expect("rows");
            assert_eq!(rows[0].get::<_, i32>(0), expected, "{step}");
            let found = lines(&client, nearest).await;
            assert!(found.starts_with(&expected.to_string()), "{step}: {found}");
            assert_eq!(lines(&other, nearest).await, before, "{step}");
        }
        client.batch_execute("ROLLBACK").await.expect("rollback");
        assert_eq!(lines(&client, nearest).await, before);
    });
}

#[test]
fn the_nearest_row_that_nobody_has_locked_is_locked() {
    let server = Zserver::start();
    block_on(async {
        let (first, second) = (connect(server.port).await, connect(server.port).await);
        first.batch_execute(SETUP).await.expect("the setup runs");
        let next = "SELECT id FROM t ORDER BY v <-> '[1,2,3]' LIMIT 2 FOR UPDATE SKIP LOCKED";
        first.batch_execute("BEGIN").await.expect("begin");
        second.batch_execute("BEGIN").await.expect("begin");
        let in_order = lines(&second, "SELECT id FROM t ORDER BY v <-> '[1,2,3]' LIMIT 4").await;
        let (mine, others) = (lines(&first, next).await, lines(&second, next).await);
        assert_eq!(format!("{mine}\n{others}"), in_order);
    });
}

#[test]
fn a_policy_hides_rows_of_a_search() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup runs");
        let policy = "CREATE ROLE reader; GRANT SELECT ON t TO reader;
            ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY few ON t USING (id % 100 = 7); SET ROLE reader";
        client.batch_execute(policy).await.expect("the policy");
        for limit in [1, 10, 60] {
            let query = format!("SELECT id FROM t ORDER BY v <-> '[1,2,3]' LIMIT {limit}");
            let found = lines(&client, &query).await;
            assert_eq!(found.lines().count(), limit.min(50), "{found}");
            assert!(found.lines().all(|id| id.ends_with("07") || id == "7"), "{found}");
        }
    });
}

#[test]
fn explain_tells_how_rows_are_found() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup runs");
        let query = "SELECT id FROM t WHERE n > 3 ORDER BY v <-> '[3,1,2]' LIMIT 5";
        let plan = lines(&client, &format!("EXPLAIN (COSTS OFF) {query}")).await;
        let expected = "Limit\n  ->  Index Scan using by_l2 on t\n        \
                        Order By: (v <-> '[3,1,2]'::vector)\n        Filter: (n > 3)";
        assert_eq!(plan, expected);
        let verbose =
            lines(&client, &format!("EXPLAIN (ANALYZE, VERBOSE, COSTS OFF) {query}")).await;
        for line in ["Order By: (t.v <-> '[3,1,2]'::vector)", "Ef Search: 40", "Search Strategy: "]
        {
            assert!(verbose.contains(line), "{line}\n{verbose}");
        }
        let evaluations = verbose.split("Distance Evaluations: ").nth(1).expect("a line");
        let number = evaluations.lines().next().and_then(|line| line.parse::<u64>().ok());
        assert!(number.is_some_and(|number| number >= 5), "{verbose}");
        let scans = "SELECT idx_scan > 0 AND idx_tup_fetch >= 5 FROM pg_stat_user_indexes \
                     WHERE indexrelname = 'by_l2'";
        let mut counted = lines(&client, scans).await;
        for _ in 0..50 {
            if counted == "t" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            counted = lines(&client, scans).await;
        }
        assert_eq!(counted, "t");
    });
}

async fn lines(client: &Client, query: &str) -> String {
    let messages = client.simple_query(query).await.expect(query);
    let lines = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}
