//! Who may come from where, and how they prove who they are: `pg_hba.conf`.
//!
//! ```text
//! # type    database  user      address        method         options
//! local     all       all                      peer           map=staff
//! hostssl   shop      +clerks   10.0.0.0/8     cert
//! host      all       all       all            scram-sha-256
//! ```
//!
//! The first line that fits a connection decides; without one it is refused. The file
//! is read at the start and at every reload, in PostgreSQL 15's format ([`words`],
//! [`line`]), and a file with an error is not taken: the server does not start, or goes
//! on with the rules it has. Without a file the [defaults](default_text) hold.
//!
//! Not supported, and named as such in `pg_hba_file_rules`: host names and `samenet`
//! as addresses, and the methods gss, sspi, ident (over TCP), pam, bsd, ldap and radius.
//! `samehost` is a loopback address, or the one that the client itself connected to.

mod ident;
mod line;
mod words;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sqlstate;
pub use ident::{Mapping, Maps};
pub use line::{Address, ClientCert, ClientName, Line, Method, Rule, Shown, Side};
use words::Word;

/// Where the rules are, and what they are when the file is not there.
#[derive(Clone, Debug)]
pub struct Source {
    pub hba_file: PathBuf,
    pub ident_file: PathBuf,
    /// `ssl` is on: `hostssl` lines can match.
    pub has_tls: bool,
    /// See [`default_text`].
    pub dev: bool,
    pub require_tls: bool,
}

/// The rules in force.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    maps: Maps,
}

/// A connection, as far as rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    pub user: &'a str,
    pub database: &'a str,
    /// The client's address and the one it connected to; none over a Unix socket.
    pub addresses: Option<(IpAddr, IpAddr)>,
    pub is_encrypted: bool,
}

/// The rules where there is no file. With `dev`, loopback and the Unix socket are
/// trusted; else a Unix socket takes the operating system's word, and all others need a
/// password, with `require_tls` over TLS.
pub fn default_text(source: &Source) -> &'static str {
    match (source.dev, source.require_tls) {
        (true, _) => {
            "local all all trust\nhost all all 127.0.0.1/32 trust\nhost all all ::1/128 trust\n"
        }
        (false, true) => "local all all peer\nhostssl all all all scram-sha-256\n",
        (false, false) => "local all all peer\nhost all all all scram-sha-256\n",
    }
}

/// The lines of the file, with their errors; what `pg_hba_file_rules` shows.
pub fn read_lines(source: &Source) -> Result<Vec<Line>> {
    let text =
        words::read_file(&source.hba_file).map_err(|error| unreadable(&source.hba_file, &error))?;
    let (text, has_tls) = match &text {
        Some(text) => (text.as_str(), source.has_tls),
        // Lines about TLS do no harm where there is none.
        None => (default_text(source), true),
    };
    let directory = source.hba_file.parent().unwrap_or(Path::new("."));
    let lines = words::lines(text, directory);
    Ok(lines.into_iter().map(|line| line::read(line, has_tls)).collect())
}

/// The mappings of `pg_ident.conf`, with their errors; no file is no mapping.
pub fn read_mappings(source: &Source) -> Result<Vec<Mapping>> {
    let text = words::read_file(&source.ident_file)
        .map_err(|error| unreadable(&source.ident_file, &error))?
        .unwrap_or_default();
    let directory = source.ident_file.parent().unwrap_or(Path::new("."));
    Ok(words::lines(&text, directory).into_iter().map(ident::read).collect())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(
        sqlstate::CONFIG_FILE_ERROR,
        format!("could not open file \"{}\": {error}", path.display()),
    )
}

impl Rules {
    /// Reads both files. `F0000` if one of them cannot be used.
    pub fn load(source: &Source) -> Result<Rules> {
        let mut rules = Vec::new();
        for line in read_lines(source)? {
            match (line.rule, line.error) {
                (Some(rule), warning) => {
                    if let Some(warning) = warning {
                        tracing::warn!(
                            line = line.number,
                            "{}: {warning}",
                            source.hba_file.display()
                        );
                    }
                    rules.push(rule);
                }
                (None, error) => {
                    return Err(invalid(&source.hba_file, line.number, error.as_deref()));
                }
            }
        }
        if rules.is_empty() {
            let message = format!("could not load \"{}\"", source.hba_file.display());
            let detail = "The file contains no entries: nobody could connect.";
            return Err(Error::new(sqlstate::CONFIG_FILE_ERROR, message).with_detail(detail));
        }
        let mut mappings = Vec::new();
        for mapping in read_mappings(source)? {
            if mapping.error.is_some() {
                return Err(invalid(&source.ident_file, mapping.number, mapping.error.as_deref()));
            }
            mappings.push(mapping);
        }
        Ok(Rules { rules, maps: Maps::new(mappings) })
    }

    /// The first rule that fits.
    pub fn find(&self, caller: &Caller<'_>, catalog: &Catalog) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.fits(caller, catalog))
    }

    /// Whether the operating system's user or the certificate's name may be this role,
    /// by a map or by being equal.
    pub fn may_be(&self, map: Option<&str>, identity: &str, user: &str) -> bool {
        match map {
            None => identity == user,
            Some(map) => self.maps.allow(map, identity, user),
        }
    }
}

fn invalid(path: &Path, line: usize, error: Option<&str>) -> Error {
    let message = format!("could not load \"{}\"", path.display());
    let detail = format!("Line {line}: {}.", error.unwrap_or("syntax error"));
    Error::new(sqlstate::CONFIG_FILE_ERROR, message).with_detail(detail)
}

impl Rule {
    fn fits(&self, caller: &Caller<'_>, catalog: &Catalog) -> bool {
        self.fits_transport(caller)
            && self.databases.iter().any(|word| fits_database(word, caller, catalog))
            && self.users.iter().any(|word| fits_user(word, caller, catalog))
    }

    fn fits_transport(&self, caller: &Caller<'_>) -> bool {
        let side = match self.side {
            Side::Local => return caller.addresses.is_none(),
            // No connection is encrypted by GSSAPI.
            Side::HostGss => false,
            Side::Host | Side::HostNoGss => true,
            Side::HostSsl => caller.is_encrypted,
            Side::HostNoSsl => !caller.is_encrypted,
        };
        let fits = |(client, server)| self.address.as_ref().is_some_and(|a| a.fits(client, server));
        side && caller.addresses.is_some_and(fits)
    }
}

fn is_member(catalog: &Catalog, user: &str, group: &str) -> bool {
    match (catalog.role_named(user), catalog.role_named(group)) {
        (Some(user), Some(group)) => catalog.is_member(user, group.oid),
        _ => false,
    }
}

fn fits_database(word: &Word, caller: &Caller<'_>, catalog: &Catalog) -> bool {
    match word.keyword() {
        Some("all") => true,
        Some("sameuser") => caller.database == caller.user,
        Some("samerole" | "samegroup") => is_member(catalog, caller.user, caller.database),
        // For connections of replication, of which there are none.
        Some("replication") => false,
        _ => word.text == caller.database,
    }
}

fn fits_user(word: &Word, caller: &Caller<'_>, catalog: &Catalog) -> bool {
    match word.keyword() {
        Some("all") => true,
        Some(text) if text.starts_with('+') => is_member(catalog, caller.user, &text[1..]),
        _ => word.text == caller.user,
    }
}

#[cfg(test)]
mod tests;
