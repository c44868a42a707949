//! Queries whose data is a good part of the memory that all queries may have.

use crate::support::{block_on, connect, zserver::Zserver};

const ROWS: i64 = 300_000;

/// About 15 MB of rows are sorted within these limits: some in memory, some on disk,
/// and in between what is sorted in memory has to leave room for being merged.
#[test]
fn what_is_sorted_leaves_room_for_its_merge() {
    for limit in ["48MB", "80MB", "100MB"] {
        let directory = tempfile::TempDir::new().expect("a temporary directory");
        let environment = [("ZSERVER_MEMORY_LIMIT", limit), ("ZSERVER_DEV", "true")];
        let server = Zserver::start_secured(&directory.path().join("data"), &environment);
        block_on(async {
            let client = connect(server.port).await;
            let setup = format!(
                "CREATE TABLE t (a int, b text); \
                 INSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, {ROWS}) g"
            );
            client.batch_execute(&setup).await.expect("rows");
            let sorted = "SELECT count(*) FROM (SELECT b FROM t ORDER BY b OFFSET 1) s";
            let row = client.query_one(sorted, &[]).await.expect(limit);
            assert_eq!(row.get::<_, i64>(0), ROWS - 1);
            let grouped = "SELECT count(*) FROM (SELECT b, count(*) FROM t GROUP BY b) s";
            let row = client.query_one(grouped, &[]).await.expect(limit);
            assert_eq!(row.get::<_, i64>(0), ROWS);
        });
    }
}
