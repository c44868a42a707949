//! What no client should send, against a running server: it answers with an error or
//! closes the connection, and others notice nothing.

mod copy;
mod login;
mod mutations;
mod packets;
mod slow;
mod statements;
mod storage;

use crate::support::{raw::Raw, zserver::Zserver};

/// A server and a bystander, who must be served as if nothing happened.
struct Abused {
    server: Zserver,
    bystander: Raw,
}

impl Abused {
    fn start() -> Abused {
        let server = Zserver::start();
        let mut bystander = Raw::log_in(server.port);
        let setup = b"CREATE TABLE mine (a int); BEGIN; INSERT INTO mine VALUES (1)";
        assert_eq!(bystander.error_of(setup), None);
        Abused { server, bystander }
    }

    /// Its transaction goes on, and new clients get in.
    fn bystander_is_served(&mut self) {
        assert_eq!(self.bystander.error_of(b"INSERT INTO mine SELECT a FROM mine LIMIT 1"), None);
        assert_eq!(Raw::log_in(self.server.port).error_of(b"SELECT 1"), None);
    }
}
