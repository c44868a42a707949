//! Indexes that are not over columns alone are read: partial ones, those over
//! expressions, inverted ones by JSON paths, those of extensions. That the rows are right
//! is `tests/sql`'s.

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::{block_on, connect, zserver::Zserver};

const SETUP: &str = "
    CREATE TABLE t (id int PRIMARY KEY, status text, n int, active boolean, name text, j jsonb);
    INSERT INTO t SELECT i, (ARRAY['new', 'open', 'done'])[1 + i % 3], i, i % 100 = 0, 'Name' || i,
        jsonb_build_object('a', i, 'b', jsonb_build_array('x' || i)) FROM generate_series(1, 5000) i;
    CREATE INDEX by_new ON t (n) WHERE status = 'new';
    CREATE INDEX by_active ON t (id) WHERE active;
    CREATE INDEX by_many ON t (status) WHERE n > 4900;
    CREATE INDEX by_name ON t (lower(name));
    CREATE INDEX by_sum ON t ((n + 1), status);
    CREATE INDEX by_path ON t USING gin (j jsonb_path_ops);
    CREATE INDEX by_words ON t USING gin (string_to_array(name, ' '));
    CREATE TABLE o (n int);
    INSERT INTO o SELECT generate_series(1, 3);
    ANALYZE";

/// A query, and the index that it is answered by; none if it must read the table.
const CASES: &[(&str, Option<&str>)] = &[
    ("SELECT * FROM t WHERE status = 'new' AND n = 30", Some("by_new")),
    ("SELECT * FROM t WHERE n BETWEEN 30 AND 40 AND status = 'new'", Some("by_new")),
    ("SELECT * FROM t WHERE status IN ('new') AND n < 20", Some("by_new")),
    ("SELECT * FROM t WHERE status = 'open' AND n = 31", None),
    ("SELECT * FROM t WHERE (status = 'new' OR status = 'open') AND n = 31", None),
    ("SELECT * FROM t WHERE active", Some("by_active")),
    ("SELECT * FROM t WHERE active AND n > 10", Some("by_active")),
    ("SELECT * FROM t WHERE NOT active AND n = 10", None),
    ("SELECT * FROM t WHERE n >= 4950", Some("by_many")),
    ("SELECT * FROM t WHERE n > 4900 AND status = 'done'", Some("by_many")),
    ("SELECT * FROM t WHERE n > 4800 AND status = 'done'", None),
    ("SELECT * FROM t WHERE lower(name) = 'name77'", Some("by_name")),
    ("SELECT * FROM t WHERE lower(name) IN ('name77', 'name78')", Some("by_name")),
    ("SELECT * FROM t WHERE upper(name) = 'NAME77'", None),
    ("SELECT * FROM t WHERE n + 1 = 78", Some("by_sum")),
    ("SELECT * FROM t WHERE n + 1 = 78 AND status = 'done'", Some("by_sum")),
    ("SELECT * FROM t WHERE j @? '$.a ? (@ == 77)'", Some("by_path")),
    ("SELECT * FROM t WHERE j @@ '$.b[*] == \"x77\"'", Some("by_path")),
    ("SELECT * FROM t WHERE j @@ '$.a > 4990'", None),
    ("SELECT * FROM t WHERE string_to_array(name, ' ') @> '{Name77}'", Some("by_words")),
    ("SELECT * FROM o JOIN t ON t.id = o.n WHERE t.status = 'new' AND t.n < 5", Some("by_new")),
];

#[test]
fn they_are_read_where_the_condition_allows_it() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup runs");
        let mut wrong = Vec::new();
        for (query, expected) in CASES {
            let plan = plan_of(&client, query).await;
            let found =
                ["by_new", "by_active", "by_many", "by_name", "by_sum", "by_path", "by_words"]
                    .into_iter()
                    .find(|index| plan.contains(index));
            if found != *expected {
                wrong.push(format!("{query}: {found:?} for {expected:?}\n{plan}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// Of a table with an index by trigrams, and one by the keys of an hstore, both in turn by
/// either method.
const OF_EXTENSIONS: &[(&str, Option<&str>)] = &[
    ("SELECT * FROM w WHERE t LIKE '%rd77x%'", Some("by_trigrams")),
    ("SELECT * FROM w WHERE t ILIKE '%RD77X%'", Some("by_trigrams")),
    ("SELECT * FROM w WHERE t ~ 'rd77x.*28dd'", Some("by_trigrams")),
    ("SELECT * FROM w WHERE t ~* '(RD77X|rd78x) [0-9a-f]'", Some("by_trigrams")),
    ("SELECT * FROM w WHERE t ~ '\\m28dd2c\\w*\\M'", Some("by_trigrams")),
    ("SELECT * FROM w WHERE t = 'word77x ' || md5('77')", Some("by_trigrams")),
    ("SELECT * FROM w WHERE t % md5('77')", Some("by_trigrams")),
    ("SELECT * FROM w WHERE md5('77') <% t", Some("by_trigrams")),
    ("SELECT * FROM w WHERE t %> md5('77')", Some("by_trigrams")),
    ("SELECT * FROM w WHERE t %>> md5('77')", Some("by_trigrams")),
    ("SELECT * FROM w WHERE upper(t) LIKE '%RD77X%'", Some("by_upper")),
    ("SELECT * FROM w WHERE upper(t) % md5('77')", Some("by_upper")),
    // Similar to a text to which all are.
    ("SELECT * FROM w WHERE t %> 'word'", None),
    ("SELECT * FROM w WHERE t <% md5('77')", None),
    ("SELECT * FROM w WHERE t ~ 'a.*a'", None),
    ("SELECT * FROM w WHERE t LIKE '%a%'", None),
    ("SELECT * FROM w WHERE h @> 'n=>77'", Some("by_keys")),
    ("SELECT * FROM w WHERE h ? 'k77'", Some("by_keys")),
    ("SELECT * FROM w WHERE h ?| array['k77', 'k78']", Some("by_keys")),
    ("SELECT * FROM w WHERE h ?& array['k77', 'n']", Some("by_keys")),
];

#[test]
fn those_of_extensions_are_read_by_either_method() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        let setup = "CREATE EXTENSION pg_trgm; CREATE EXTENSION hstore;
            CREATE TABLE w (id int, t text, h hstore);
            INSERT INTO w SELECT i, 'word' || i || 'x ' || md5(i::text),
                hstore(ARRAY['n', i::text, 'k' || i, 'v']) FROM generate_series(1, 5000) i";
        client.batch_execute(setup).await.expect("the setup runs");
        let mut wrong = Vec::new();
        for method in ["gin", "gist"] {
            let indexes = format!(
                "CREATE INDEX by_trigrams ON w USING {method} (t {method}_trgm_ops);
                 CREATE INDEX by_upper ON w USING {method} (upper(t) {method}_trgm_ops);
                 CREATE INDEX by_keys ON w USING {method} (h); ANALYZE w"
            );
            client.batch_execute(&indexes).await.expect("the indexes are built");
            for (query, expected) in OF_EXTENSIONS {
                let plan = plan_of(&client, query).await;
                let names = ["by_trigrams", "by_upper", "by_keys"];
                let found = names.into_iter().find(|index| plan.contains(index));
                if found != *expected {
                    wrong.push(format!("{method} {query}: {found:?} for {expected:?}\n{plan}"));
                }
            }
            client
                .batch_execute("DROP INDEX by_trigrams, by_upper, by_keys")
                .await
                .expect("dropped");
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn groups_of_columns_that_belong_together_are_estimated() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        let setup = "CREATE TABLE s (a int, b int);
            INSERT INTO s SELECT i % 100, i % 100 FROM generate_series(1, 10000) i; ANALYZE s";
        client.batch_execute(setup).await.expect("the setup runs");
        let rows = |plan: String| -> f64 {
            let rest = plan.split("rows=").nth(1).expect("an estimate");
            rest.split(' ').next().and_then(|n| n.parse().ok()).expect("a number")
        };
        let equal = "SELECT * FROM s WHERE a = 7 AND b = 7";
        let before = rows(plan_of(&client, equal).await);
        assert!(before < 10.0, "taken to be independent: {before}");
        let together = "CREATE STATISTICS st ON a, b FROM s; ANALYZE s";
        client.batch_execute(together).await.expect("statistics");
        let after = rows(plan_of(&client, equal).await);
        assert!((90.0..110.0).contains(&after), "one follows from the other: {after}");
    });
}

async fn plan_of(client: &Client, query: &str) -> String {
    let messages = client.simple_query(&format!("EXPLAIN {query}")).await.expect(query);
    let lines = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}
