//! Servers for tests: ours, and a PostgreSQL of the test's own.

pub mod channels;
pub mod http;
pub mod livekit;
pub mod postgres;
pub mod proxy;
pub mod raw;
pub mod recordings;
pub mod request;
pub mod rtc;
pub mod runner;
pub mod s3;
pub mod signals;
pub mod websocket;
pub mod zserver;

use tokio_postgres::{Client, NoTls};

/// A connection of the superuser `postgres`; its driver task runs in the background.
pub async fn connect(port: u16) -> Client {
    try_connect(port).await.expect("the server accepts connections")
}

/// The same, where the server may be gone.
pub async fn try_connect(port: u16) -> Result<Client, tokio_postgres::Error> {
    // Who trusts does not ask for the password.
    let config = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres password=any");
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    tokio::spawn(async move {
        // An error here is the server closing the connection; the client sees it too.
        let _ = connection.await;
    });
    Ok(client)
}

/// How often to do something: what the environment variable says, or what is enough for
/// every day.
pub fn count(variable: &str, every_day: usize) -> usize {
    let said = std::env::var(variable).ok();
    said.map_or(every_day, |said| said.parse().expect(variable))
}

/// Runs a future on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}
