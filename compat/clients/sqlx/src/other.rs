//! tokio-postgres by itself.

use futures_util::{SinkExt, StreamExt, TryStreamExt, pin_mut};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{
    AsyncMessage, Client, Error, NoTls, SimpleQueryMessage, binary_copy::BinaryCopyInWriter,
};

fn shown(error: &Error) -> String {
    match error.as_db_error() {
        Some(e) => format!(
            "error {} {} {:?} {:?} {:?} {:?} {:?}",
            e.severity(),
            e.code().code(),
            e.message(),
            e.detail(),
            e.hint(),
            e.position(),
            e.constraint()
        ),
        None => format!("error {error}"),
    }
}

async fn connect() -> (Client, tokio::task::JoinHandle<Vec<String>>) {
    let url = std::env::var("PROGRAM_URL").expect("PROGRAM_URL");
    let (client, mut connection) = tokio_postgres::connect(&url, NoTls).await.expect("a server");
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        let mut messages =
            futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            match message {
                AsyncMessage::Notification(n) => {
                    heard.push(format!("{} {}", n.channel(), n.payload()))
                }
                AsyncMessage::Notice(n) => heard.push(format!("{} {}", n.severity(), n.message())),
                _ => {}
            }
        }
        heard
    });
    (client, heard)
}

macro_rules! step {
    ($name:expr, $body:expr) => {
        println!("== tokio-postgres: {}", $name);
        if let Err(error) = async {
            $body;
            Ok::<(), Error>(())
        }
        .await
        {
            println!("{}", shown(&error));
        }
    };
}

pub async fn run() {
    let (mut client, heard) = connect().await;
    step!("statements", {
        for text in [
            "SELECT $1::int4 + 1, $2::text, $3::mood, $4::place, $5::positive, $6::int4range",
            "SELECT * FROM item",
            "SELECT $1",
            "INSERT INTO item (name) VALUES ($1)",
            "SELECT ARRAY['ok'::mood]",
            "SHOW work_mem",
        ] {
            match client.prepare(text).await {
                Ok(statement) => println!(
                    "{text} {:?} {:?}",
                    statement
                        .params()
                        .iter()
                        .map(|ty| format!("{ty} {:?}", kind(ty)))
                        .collect::<Vec<_>>(),
                    statement
                        .columns()
                        .iter()
                        .map(|c| format!("{} {} {:?}", c.name(), c.type_(), kind(c.type_())))
                        .collect::<Vec<_>>()
                ),
                Err(error) => println!("{}", shown(&error)),
            }
        }
    });
    step!("pipelined queries", {
        let numbers: Vec<i32> = (0..50).collect();
        let statement = client.prepare("SELECT 100 / $1::int4").await?;
        let answers = futures_util::future::join_all(numbers.iter().map(|n| {
            let (client, statement) = (&client, &statement);
            async move {
                match client.query_one(statement, &[n as &(dyn ToSql + Sync)]).await {
                    Ok(row) => row.get::<_, i32>(0).to_string(),
                    Err(error) => shown(&error),
                }
            }
        }))
        .await;
        println!("{answers:?}");
    });
    step!("portals", {
        let transaction = client.transaction().await?;
        let portal = transaction.bind("SELECT g FROM generate_series(1, 10) g", &[]).await?;
        for _ in 0..4 {
            let rows = transaction.query_portal(&portal, 4).await?;
            println!("{:?}", rows.iter().map(|row| row.get::<_, i32>(0)).collect::<Vec<_>>());
        }
        transaction.commit().await?;
    });
    step!("savepoints", {
        let mut transaction = client
            .build_transaction()
            .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
            .start()
            .await?;
        transaction.execute("INSERT INTO item (name) VALUES ('one')", &[]).await?;
        let inner = transaction.savepoint("s").await?;
        if let Err(error) = inner.execute("INSERT INTO item (name) VALUES ('one')", &[]).await {
            println!("{}", shown(&error));
        }
        inner.rollback().await?;
        println!(
            "{}",
            transaction.query_one("SELECT count(*) FROM item", &[]).await?.get::<_, i64>(0)
        );
        transaction.commit().await?;
    });
    step!("binary COPY", {
        let sink = client.copy_in("COPY part (item, n, note) FROM STDIN BINARY").await?;
        let writer = BinaryCopyInWriter::new(sink, &[Type::INT8, Type::INT4, Type::VARCHAR]);
        pin_mut!(writer);
        for n in 0..1000 {
            writer.as_mut().write(&[&1i64, &n, &format!("n{n}")]).await?;
        }
        println!("{}", writer.finish().await?);
        let stream = client
            .copy_out("COPY (SELECT n, note FROM part ORDER BY n LIMIT 3) TO STDOUT BINARY")
            .await?;
        let bytes: Vec<_> = stream.try_collect::<Vec<_>>().await?;
        println!("{:?}", bytes.concat());
        let sink = client.copy_in::<_, bytes_of::Bytes>("COPY part FROM STDIN").await?;
        pin_mut!(sink);
        sink.send(bytes_of::Bytes::from_static(b"1\t5\tagain\n")).await?;
        println!("{}", sink.finish().await?);
    });
    step!("simple queries", {
        for message in client.simple_query("SELECT 1 AS a, NULL AS b; CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2)").await? {
            match message {
                SimpleQueryMessage::Row(row) => println!("row {:?} {:?}", row.get(0), row.get(1)),
                SimpleQueryMessage::CommandComplete(count) => println!("done {count}"),
                _ => println!("columns"),
            }
        }
    });
    step!("cancellation", {
        let token = client.cancel_token();
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            let _ = token.cancel_query(NoTls).await;
        });
        client.batch_execute("SELECT pg_sleep(30)").await?;
    });
    step!("notifications and notices", {
        client
            .batch_execute("LISTEN a; NOTIFY a, 'x'; DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
            .await?;
    });
    drop(client);
    println!("== tokio-postgres: what was heard");
    for line in heard.await.unwrap_or_default() {
        println!("{line}");
    }
}

mod bytes_of {
    pub use bytes::Bytes;
}

fn kind(ty: &Type) -> String {
    match ty.kind() {
        tokio_postgres::types::Kind::Composite(fields) => format!(
            "composite {:?}",
            fields.iter().map(|f| format!("{} {}", f.name(), f.type_())).collect::<Vec<_>>()
        ),
        other => crate::plain(&format!("{other:?}")),
    }
}
