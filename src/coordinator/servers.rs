//! The servers that transactions may reach over to.
//!
//! They are rows of the service keyspace, `[SERVERS u32][1][name]`, written at once and
//! not as part of a transaction: a branch must be resolved whatever became of the
//! transaction that named its server. The coordinator's own number is beside them, at
//! `[SERVERS u32][0]`. A password in a connection string is stored in clear, as in
//! PostgreSQL's user mappings; nobody is shown it.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config};

use super::tls::{Connector, Encryption};
use super::{Coordinator, unreachable};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::storage::key::{self, SERVICE_SERVERS};
use crate::txn::{KeyRange, Keyspace, WriteBatch};

/// Servers there may be.
const SERVERS_MAX: usize = 64;
/// As identifiers.
const NAME_BYTES_MAX: usize = 63;

const ID: u8 = 0;
const SERVER: u8 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoteServer {
    pub name: String,
    /// As libpq takes it: `host=… port=… user=… password=… dbname=…`.
    conninfo: String,
}

fn server_key(name: &str) -> Vec<u8> {
    key::under(SERVICE_SERVERS, &[&[SERVER], name.as_bytes()].concat())
}

impl RemoteServer {
    fn parse(conninfo: &str) -> Result<(Config, Encryption)> {
        let (encryption, rest) = Encryption::take(conninfo)?;
        let mut config = Config::from_str(&rest).map_err(|error| {
            Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("invalid connection string: {}", with_source(&error)),
            )
        })?;
        config.ssl_mode(encryption.mode);
        if config.get_hosts().is_empty() {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                "the connection string names no host",
            ));
        }
        Ok((config, encryption))
    }

    /// The connection string without the password.
    pub fn shown(&self) -> String {
        let Ok((config, encryption)) = RemoteServer::parse(&self.conninfo) else {
            return String::new();
        };
        let mut shown = Vec::new();
        for host in config.get_hosts() {
            match host {
                Host::Tcp(host) => shown.push(format!("host={host}")),
                Host::Unix(path) => shown.push(format!("host={}", path.display())),
            }
        }
        shown.extend(config.get_ports().iter().map(|port| format!("port={port}")));
        shown.extend(config.get_user().map(|user| format!("user={user}")));
        shown.extend(config.get_dbname().map(|name| format!("dbname={name}")));
        if encryption.sslmode != "prefer" {
            shown.push(format!("sslmode={}", encryption.sslmode));
        }
        shown.join(" ")
    }

    /// Opens a connection; its task runs on the present runtime. With it what another one
    /// to cancel its statements is made with.
    pub(super) async fn connect(&self, timeout: Duration) -> Result<(Client, Connector)> {
        let (mut config, encryption) = RemoteServer::parse(&self.conninfo)?;
        let connector = encryption.connector()?;
        config.connect_timeout(timeout);
        config.application_name("zserver coordinator");
        let connected = tokio::time::timeout(timeout, config.connect(connector.clone())).await;
        let connected = connected.map_err(|_| unreachable(&self.name, "no connection in time"))?;
        let (client, connection) =
            connected.map_err(|error| unreachable(&self.name, with_source(&error)))?;
        tokio::spawn(async move {
            // Its client is told of the same failure.
            let _ = connection.await;
        });
        Ok((client, connector))
    }
}

/// An error and what it comes from, on one line.
pub(super) fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl Coordinator {
    /// All servers, by name.
    pub fn servers(&self) -> Result<Vec<RemoteServer>> {
        let published = self.transactions.published();
        let range = KeyRange::prefix(key::under(SERVICE_SERVERS, &[SERVER]));
        let entries = published.scan(Keyspace::Service, &range, false);
        entries
            .map(|entry| {
                let (_, value) = entry?;
                serde_json::from_slice(&value).map_err(|error| {
                    Error::data_corrupted(format!("could not read a server: {error}"))
                })
            })
            .collect()
    }

    /// `42704` if there is none of the name.
    pub fn server(&self, name: &str) -> Result<RemoteServer> {
        self.servers()?
            .into_iter()
            .find(|server| server.name == name)
            .ok_or_else(|| no_server(name))
    }

    /// Adds a server, durably, and at once. Blocks.
    pub fn add_server(&self, name: &str, conninfo: &str) -> Result<()> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(Error::new(
                sqlstate::INVALID_NAME,
                format!("the name of a server has 1 to {NAME_BYTES_MAX} bytes"),
            ));
        }
        RemoteServer::parse(conninfo)?;
        let _changes = self.changes.lock();
        let servers = self.servers()?;
        if servers.iter().any(|server| server.name == name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("server \"{name}\" already exists"),
            ));
        }
        if servers.len() >= SERVERS_MAX {
            return Err(Error::new(
                sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                format!("there are {SERVERS_MAX} servers already"),
            ));
        }
        let server = RemoteServer { name: name.to_owned(), conninfo: conninfo.to_owned() };
        let value = serde_json::to_vec(&server)
            .map_err(|error| Error::internal(format!("cannot encode a server: {error}")))?;
        let mut batch = WriteBatch::new();
        if self.number()?.is_none() {
            let number: u64 = rand::random();
            batch.put(Keyspace::Service, number_key(), number.to_le_bytes());
        }
        batch.put(Keyspace::Service, server_key(name), value);
        self.transactions.system_write(batch).wait().map(|_| ())
    }

    /// Forgets a server. `55006` while it has branches that are not resolved. Blocks.
    pub fn drop_server(&self, name: &str) -> Result<()> {
        let _changes = self.changes.lock();
        self.server(name)?;
        let in_doubt = self.in_doubt()?.into_iter().any(|branch| branch.server == name);
        if in_doubt || !self.active.lock().is_empty() {
            return Err(Error::new(
                sqlstate::OBJECT_IN_USE,
                format!("server \"{name}\" is in use by transactions that are not over"),
            ));
        }
        let mut batch = WriteBatch::new();
        batch.remove(Keyspace::Service, server_key(name));
        self.transactions.system_write(batch).wait().map(|_| ())
    }

    /// The number that tells this coordinator's branches from others'; made with the
    /// first server.
    pub(super) fn number(&self) -> Result<Option<u64>> {
        let stored = self.transactions.published().get(Keyspace::Service, &number_key())?;
        let number = stored.and_then(|value| value.first_chunk().map(|it| u64::from_le_bytes(*it)));
        Ok(number)
    }
}

fn number_key() -> Vec<u8> {
    key::under(SERVICE_SERVERS, &[ID])
}

fn no_server(name: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("server \"{name}\" does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown_and_what_cannot_be_used_is_refused() {
        let conninfo = "host=localhost port=5433 user=me password=secret dbname=d".to_owned();
        let server = RemoteServer { name: "a".to_owned(), conninfo };
        assert_eq!(server.shown(), "host=localhost port=5433 user=me dbname=d");
        let conninfo = "host=localhost sslmode=require".to_owned();
        let server = RemoteServer { name: "a".to_owned(), conninfo };
        assert_eq!(server.shown(), "host=localhost sslmode=require");
        let code = |text| match RemoteServer::parse(text) {
            Ok(_) => panic!("{text} is taken"),
            Err(error) => error.code().as_str().to_owned(),
        };
        assert_eq!(code("host=a nonsense=1"), "22023");
        assert_eq!(code("user=me"), "22023");
        assert_eq!(code("host=a sslmode=allow"), "0A000");
    }
}
