//! sqlx with queries checked at compile time, and tokio-postgres; what is printed is compared.

mod other;

use futures_util::TryStreamExt;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolCopyExt, PgPoolOptions};
use sqlx::{Column, ConnectOptions, Connection, Executor, PgPool, Row, TypeInfo};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, sqlx::Type)]
#[sqlx(type_name = "mood", rename_all = "lowercase")]
enum Mood {
    Sad,
    Ok,
    Happy,
}

#[derive(Debug, Clone, sqlx::Type)]
#[sqlx(type_name = "place")]
#[allow(dead_code)]
struct Place {
    x: Option<i32>,
    label: Option<String>,
}

type Done = Result<(), sqlx::Error>;

pub fn shown(error: &sqlx::Error) -> String {
    match error
        .as_database_error()
        .and_then(|e| e.try_downcast_ref::<sqlx::postgres::PgDatabaseError>())
    {
        Some(e) => format!(
            "error {:?} {} {:?} detail {:?} hint {:?} at {:?} object {:?}.{:?}.{:?}.{:?}",
            e.severity(),
            e.code(),
            e.message(),
            e.detail(),
            e.hint(),
            e.position(),
            e.schema(),
            e.table(),
            e.column(),
            e.constraint()
        ),
        None => format!("error {error}"),
    }
}

/// Without the OIDs of a database's own types.
pub fn plain(text: &str) -> String {
    let mut parts = text.split("oid: ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches("Oid(").trim_start_matches(|c: char| c.is_ascii_digit());
        plain += "oid: ?";
        plain += rest;
    }
    plain
}

macro_rules! step {
    ($name:expr, $body:expr) => {
        println!("== {}", $name);
        if let Err(error) = async {
            $body;
            Done::Ok(())
        }
        .await
        {
            println!("{}", shown(&error));
        }
    };
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("PROGRAM_URL").expect("PROGRAM_URL");
    let options: PgConnectOptions = url.parse().expect("a URL");
    let pool = PgPoolOptions::new()
        .max_connections(5)
        .connect_with(options.clone().disable_statement_logging())
        .await
        .expect("a server");
    checked(&pool).await;
    described(&pool).await;
    work(&pool).await;
    streams(&pool, &options).await;
    migrations(&pool).await;
    other::run().await;
}

/// Each `query!` is described by the server when this is compiled.
async fn checked(pool: &PgPool) {
    step!("insert", {
        for (name, price) in [("a", "1.50"), ("b", "2.25"), ("c", "0")] {
            let id = sqlx::query_scalar!(
                r#"INSERT INTO item (name, price, day, tags, doc, raw, mark, m, much, at_place) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id"#,
                name,
                price.parse::<Decimal>().unwrap(),
                chrono::NaiveDate::from_ymd_opt(2020, 2, 29),
                &["x".to_owned(), name.to_owned()],
                json!({"name": name}),
                b"\x00\xff".as_slice(),
                Uuid::from_u128(7),
                Mood::Happy as Mood,
                5i32 as i32,
                Place { x: Some(1), label: None } as Place,
            )
            .fetch_one(pool)
            .await?;
            println!("{id}");
        }
    });
    step!("select", {
        let rows = sqlx::query!(
            r#"SELECT id, name, price, at, day, tags, doc, raw, mark, m AS "m: Mood", much::int4 AS much, at_place AS "at_place: Place", active, upper(name) AS loud, price * 2 AS "double!" FROM item WHERE id >= $1 AND m = $2 ORDER BY id"#,
            1i64,
            Mood::Happy as Mood
        )
        .fetch_all(pool)
        .await?;
        for row in rows {
            println!("{row:?}");
        }
    });
    step!("joins and nullability", {
        sqlx::query!("INSERT INTO part SELECT id, n, 'note ' || n FROM item, generate_series(1, $1) n WHERE item.name <> $2", 3, "c").execute(pool).await?;
        for row in sqlx::query!("SELECT i.name, p.n, p.note FROM item i LEFT JOIN part p ON p.item = i.id AND p.n > $1 ORDER BY 1, 2", 2).fetch_all(pool).await? {
            println!("{row:?}");
        }
        for row in sqlx::query!(r#"SELECT p.n AS "n?", i.name FROM part p RIGHT JOIN item i ON p.item = i.id WHERE i.name = ANY($1) ORDER BY 2, 1"#, &["a".to_owned(), "c".to_owned()]).fetch_all(pool).await? {
            println!("{row:?}");
        }
        for row in sqlx::query!("SELECT i.name, (SELECT max(n) FROM part WHERE item = i.id) AS most, EXISTS (SELECT FROM part WHERE item = i.id) AS some, count(*) OVER () AS all FROM item i ORDER BY i.id").fetch_all(pool).await? {
            println!("{row:?}");
        }
        for row in
            sqlx::query!("SELECT name, parts FROM counted ORDER BY id").fetch_all(pool).await?
        {
            println!("{row:?}");
        }
        for row in sqlx::query!("SELECT a.n AS a, b.n AS b FROM part a FULL JOIN part b ON a.n = b.n + 1 AND a.item = b.item WHERE coalesce(a.item, b.item) = 1 ORDER BY 1, 2").fetch_all(pool).await? {
            println!("{row:?}");
        }
    });
    step!("aggregates, unions, functions", {
        println!("{:?}", sqlx::query!("SELECT count(*), sum(price), avg(price), max(at), bool_and(active), array_agg(name ORDER BY name) AS names FROM item").fetch_one(pool).await?);
        println!(
            "{:?}",
            sqlx::query!("SELECT 1 AS one UNION SELECT $1 ORDER BY 1", 2).fetch_all(pool).await?
        );
        println!("{:?}", sqlx::query!("WITH w AS (SELECT generate_series(1, 3) AS g) SELECT g, g * 2 AS h FROM w ORDER BY 1").fetch_all(pool).await?);
        println!("{:?}", sqlx::query!("VALUES (1, 'x'), (2, NULL)").fetch_all(pool).await?);
        println!("{:?}", sqlx::query!("SELECT coalesce(price, 0) AS p, nullif(name, 'a') AS n, CASE WHEN active THEN 1 END AS c, doc -> 'name' AS d, tags[1] AS t FROM item ORDER BY id LIMIT $1 OFFSET $2", 2, 0).fetch_all(pool).await?);
        println!("{:?}", sqlx::query!("SELECT current_user AS who, now() IS NOT NULL AS is, $1::text AS given, $2::int4[] AS list", "x", &[1, 2]).fetch_one(pool).await?);
    });
    step!("update and delete", {
        println!("{:?}", sqlx::query!("UPDATE item SET price = price + $1, m = $2 WHERE name = $3 RETURNING id, price, m AS \"m: Mood\"", Decimal::ONE, Mood::Sad as Mood, "b").fetch_all(pool).await?);
        println!(
            "{:?}",
            sqlx::query!("DELETE FROM part WHERE n = $1", 3).execute(pool).await?.rows_affected()
        );
        println!("{:?}", sqlx::query!("INSERT INTO part (item, n) VALUES ($1, $2) ON CONFLICT (item, n) DO UPDATE SET note = excluded.note || 'x' RETURNING note", 1i64, 1).fetch_optional(pool).await?);
    });
}

/// What the server says of statements.
async fn described(pool: &PgPool) {
    for text in [
        "SELECT * FROM item WHERE id = $1",
        "SELECT * FROM counted",
        "INSERT INTO item (name, price, m, at_place, span) VALUES ($1, $2, $3, $4, $5)",
        "SELECT $1::positive, $2::mood[], $3::place",
        "SELECT ROW(1, 'x'), ARRAY[now()]",
        "UPDATE part SET note = $1 WHERE n BETWEEN $2 AND $3",
        "SELECT 1 LIMIT $1",
        "SELECT $1",
        "SELECT $1 + 1",
        "SELECT absent",
        "EXPLAIN SELECT 1",
        "SHOW server_version_num",
        "BEGIN",
        "CREATE TABLE x (a int)",
        "SELECT a.*, b.n FROM item a, part b",
        "SELECT sum(n) FROM part",
        "TABLE part",
        "DELETE FROM part RETURNING *",
    ] {
        step!(format!("describe {text}"), {
            let found = pool.describe(text).await?;
            println!("{}", plain(&format!("{:?}", found.parameters)));
            for column in &found.columns {
                println!("{} {}", column.name(), column.type_info().name());
            }
            println!("{:?}", found.nullable);
        });
    }
}

async fn work(pool: &PgPool) {
    for text in [
        "INSERT INTO item (name) VALUES ('a')",
        "INSERT INTO item (name, price) VALUES ('z', -1)",
        "INSERT INTO item (name) VALUES (NULL)",
        "INSERT INTO part VALUES (999, 1)",
        "SELECT 1/0",
        "SELEC 1",
        "SELECT 'x'::mood",
        "SELECT 0::positive",
        "INSERT INTO part VALUES (1, 50, '123456789012345678901')",
        "DROP TYPE mood",
    ] {
        step!(format!("error of {text}"), {
            sqlx::query(text).execute(pool).await?;
        });
    }
    step!("transactions", {
        let mut tx = pool.begin().await?;
        sqlx::query("INSERT INTO item (name) VALUES ('tx')").execute(&mut *tx).await?;
        let mut inner = tx.begin().await?;
        if let Err(error) =
            sqlx::query("INSERT INTO item (name) VALUES ('tx')").execute(&mut *inner).await
        {
            println!("{}", shown(&error));
        }
        if let Err(error) = sqlx::query("SELECT 1").execute(&mut *inner).await {
            println!("{}", shown(&error));
        }
        inner.rollback().await?;
        println!(
            "{}",
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM item WHERE name = 'tx'")
                .fetch_one(&mut *tx)
                .await?
        );
        drop(tx);
        println!(
            "{}",
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM item WHERE name = 'tx'")
                .fetch_one(pool)
                .await?
        );
        let mut tx = pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY")
            .execute(&mut *tx)
            .await?;
        if let Err(error) = sqlx::query("DELETE FROM item").execute(&mut *tx).await {
            println!("{}", shown(&error));
        }
        tx.rollback().await?;
    });
    step!("values of every type", {
        for literal in [
            "true",
            "1::int2",
            "1::int4",
            "1::int8",
            "1.5::float4",
            "1.5::float8",
            "1.50::numeric",
            "'NaN'::numeric",
            "'t'::text",
            "'b'::bpchar(3)",
            "'n'::name",
            "'c'::\"char\"",
            "'\\x00'::bytea",
            "date '2020-02-29'",
            "time '01:02:03'",
            "timetz '01:02:03+01'",
            "timestamp '2020-02-29 01:02:03'",
            "timestamptz '2020-02-29 01:02:03Z'",
            "interval '1 mon 2 days'",
            "'{}'::json",
            "'{}'::jsonb",
            "inet '::1'",
            "macaddr '08:00:2b:01:02:03'",
            "B'1'::bit",
            "int4range(1,2)",
            "ARRAY[1,NULL]",
            "'ok'::mood",
            "5::positive",
            "ROW(1,'x')::place",
            "NULL::int",
            "1::oid",
            "'{}'::int4multirange",
            "'$.a'::jsonpath",
        ] {
            let row = sqlx::query(&format!("SELECT {literal}")).fetch_one(pool).await?;
            let value = row.try_get_raw(0)?;
            println!(
                "{literal} {} {:?} {:?}",
                row.column(0).type_info().name(),
                value.format(),
                value.as_bytes().map(|bytes| bytes.to_vec()).unwrap_or_default()
            );
        }
    });
    step!("several statements", {
        let mut results =
            sqlx::raw_sql("SELECT 1 AS a; UPDATE item SET price = price; SELECT 'x', NULL")
                .fetch_many(pool);
        while let Some(either) = results.try_next().await? {
            match either {
                sqlx::Either::Left(done) => println!("done {}", done.rows_affected()),
                sqlx::Either::Right(row) => println!("row {}", row.len()),
            }
        }
    });
}

async fn streams(pool: &PgPool, options: &PgConnectOptions) {
    step!("100,000 rows", {
        let mut rows = sqlx::query_as::<_, (i32, String)>(
            "SELECT g, 'row ' || g FROM generate_series(1, $1) g",
        )
        .bind(100_000)
        .fetch(pool);
        let mut sum = 0;
        while let Some((n, text)) = rows.try_next().await? {
            sum += n as usize + text.len();
        }
        println!("{sum}");
    });
    step!("COPY", {
        let mut copy = pool.copy_in_raw("COPY part FROM STDIN").await?;
        copy.send(b"1\t100\tcopied\n1\t101\t\\N\n".as_slice()).await?;
        println!("{}", copy.finish().await?);
        let mut copy = pool.copy_in_raw("COPY part FROM STDIN").await?;
        copy.send(b"1\t102\tx\n".as_slice()).await?;
        copy.abort("not this time").await?;
        let mut copy = pool.copy_in_raw("COPY part FROM STDIN").await?;
        copy.send(b"x\n".as_slice()).await?;
        if let Err(error) = copy.finish().await {
            println!("{}", shown(&error));
        }
        let mut out = pool
            .copy_out_raw("COPY (SELECT * FROM part WHERE n >= 100 ORDER BY n) TO STDOUT")
            .await?;
        while let Some(bytes) = out.try_next().await? {
            println!("{bytes:?}");
        }
    });
    step!("LISTEN", {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen_all(["news", "Other News"]).await?;
        sqlx::query("SELECT pg_notify('news', 'one'), pg_notify('Other News', 'two')")
            .execute(pool)
            .await?;
        for _ in 0..2 {
            let heard = listener.recv().await?;
            println!("{} {}", heard.channel(), heard.payload());
        }
        listener.unlisten("news").await?;
    });
    step!("advisory lock of the migrator", {
        let mut lock = options.clone().connect().await?;
        lock.ping().await?;
        lock.execute("SELECT pg_advisory_lock(1)").await?;
        lock.close().await?;
    });
    step!("a statement whose table changes", {
        let mut one = options.clone().connect().await?;
        one.execute("CREATE TABLE moving (a int); INSERT INTO moving VALUES (1)").await?;
        for turn in 0..4 {
            if turn == 2 {
                one.execute("ALTER TABLE moving ADD b text DEFAULT 'new'").await?;
            }
            match sqlx::query("SELECT * FROM moving").fetch_all(&mut one).await {
                Ok(rows) => println!("{}", rows[0].len()),
                Err(error) => println!("{}", shown(&error)),
            }
        }
    });
}

async fn migrations(pool: &PgPool) {
    step!("migrations", {
        sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").execute(pool).await?;
        let migrator = sqlx::migrate!();
        for _ in 0..2 {
            if let Err(error) = migrator.run(pool).await {
                println!("{error}");
            }
        }
        for (version, description, success) in sqlx::query_as::<_, (i64, String, bool)>(
            "SELECT version, description, success FROM _sqlx_migrations ORDER BY 1",
        )
        .fetch_all(pool)
        .await?
        {
            println!("{version} {description} {success}");
        }
    });
}
