//! Asking a running server for what only it can do, over its PostgreSQL port.
//!
//! As the user in `PGUSER` (else `postgres`) with the password in `PGPASSWORD`, without
//! TLS: the server is on this machine, for it writes a backup's files itself. A server
//! that refuses connections without TLS is asked through any client:
//! `SELECT * FROM zserver_backup('/backups/monday')`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use tokio_postgres::{Client, NoTls};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::sqlstate::{self, SqlState};

/// Where this machine reaches the server.
pub(super) fn address(config: &Config) -> SocketAddr {
    let mut address = config.pg_listen;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

async fn connect(config: &Config) -> Result<Client> {
    let address = address(config);
    let mut options = tokio_postgres::Config::new();
    options
        .host(address.ip().to_string())
        .port(address.port())
        .user(std::env::var("PGUSER").unwrap_or_else(|_| "postgres".to_owned()))
        .dbname("postgres")
        .application_name("zserver");
    if let Ok(password) = std::env::var("PGPASSWORD") {
        options.password(password);
    }
    let (client, connection) = options.connect(NoTls).await.map_err(|error| {
        failed(&error).with_hint(
            "The data directory is in use by a server; PGUSER and PGPASSWORD say who asks it, \
             and --pg-listen where.",
        )
    })?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection to the server ended");
        }
    });
    Ok(client)
}

/// The server's error as it was sent, or why it could not be asked.
fn failed(error: &tokio_postgres::Error) -> Error {
    let Some(sent) = error.as_db_error() else {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
        let message = format!("{error}{}", cause.unwrap_or_default());
        return Error::new(sqlstate::CONNECTION_FAILURE, message);
    };
    let code = sent.code().code().as_bytes().try_into().ok();
    let code = code.map_or(sqlstate::INTERNAL_ERROR, |code: &[u8; 5]| SqlState::new(code));
    let mut report = Error::new(code, sent.message()).into_report();
    report.detail = sent.detail().map(str::to_owned);
    report.hint = sent.hint().map(str::to_owned);
    Error::from_report(report)
}

/// What the server finds: severity, kind, object, message.
pub(super) async fn check(config: &Config) -> Result<Vec<[String; 4]>> {
    let client = connect(config).await?;
    let rows = client
        .query("SELECT severity, kind, object, message FROM pg_catalog.zserver_check()", &[])
        .await
        .map_err(|error| failed(&error))?;
    Ok(rows.iter().map(|row| [0, 1, 2, 3].map(|at| row.get(at))).collect())
}

/// Lets the server take a backup; answers the commit it has.
pub(super) async fn back_up(config: &Config, to: &Path, previous: Option<&Path>) -> Result<u64> {
    let client = connect(config).await?;
    let text = |path: &Path| path.to_str().map(str::to_owned);
    let not_text = || Error::new(sqlstate::INVALID_NAME, "the backup's path is not valid UTF-8");
    let previous = previous.map(|path| text(path).ok_or_else(not_text)).transpose()?;
    let row = client
        .query_one(
            "SELECT commit_ts FROM pg_catalog.zserver_backup($1, $2)",
            &[&text(to).ok_or_else(not_text)?, &previous],
        )
        .await
        .map_err(|error| failed(&error))?;
    let commit_ts: i64 = row.get(0);
    Ok(u64::try_from(commit_ts).unwrap_or_default())
}
