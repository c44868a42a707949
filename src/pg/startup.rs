//! From the first byte to a session: encryption, protocol version, login.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite};

use super::login;
use super::tls::{self, Tls};
use super::wire::{Prefixed, Transport, Wire};
use super::{Front, Origin, Tunnel, audit, lost, message};
use crate::auth::login::{Applicant, Subject};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::session::settings::parameter::parse_bool;
use crate::session::{self, Session};
use crate::sqlstate;

const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// The first byte of a TLS handshake, which no StartupMessage of a sane length has.
const TLS_HANDSHAKE: u8 = 0x16;

/// Names of users and databases are cut to this, as those of objects are.
const NAME_BYTES_MAX: usize = 63;

/// The newest minor version of protocol 3 that this server speaks.
const NEWEST_MINOR: u32 = 2;

/// Length of the cancel key before and since protocol 3.2.
const SHORT_SECRET_BYTES: usize = 4;
const LONG_SECRET_BYTES: usize = 32;

/// A connection that is not a session yet.
pub struct Startup<'a> {
    front: &'a Arc<Front>,
    config: Arc<Config>,
    origin: Origin,
    tunnel: Option<Tunnel>,
}

/// What protects a connection, and whom the client's certificate names.
#[derive(Default)]
pub(super) struct Protection {
    pub tls: Option<Arc<Tls>>,
    /// `TLSv1.3` and the cipher, for the log.
    pub summary: Option<String>,
    pub subject: Option<Subject>,
    /// By this or by what carries the connection.
    pub is_encrypted: bool,
    /// The connection is within another protocol: nobody but its two ends sees a password.
    pub takes_clear_password: bool,
    /// It is of a page of another origin, which may use no more than what it knows.
    pub is_foreign: bool,
    /// A rule that asks for nothing asks for a password.
    pub asks_password: bool,
}

/// How a startup ended.
pub enum Login<S> {
    Done(Box<Wire<S>>, Box<Session>),
    /// The connection has served its purpose: a cancel request, or a refusal.
    Over,
}

/// A StartupMessage.
#[derive(Debug, PartialEq)]
struct Hello {
    minor: u32,
    user: String,
    database: String,
    settings: Vec<(String, String)>,
    /// Protocol options (`_pq_.…`) that this server does not know.
    unknown_options: Vec<String>,
}

impl<'a> Startup<'a> {
    pub fn new(front: &'a Arc<Front>, origin: Origin, tunnel: Option<Tunnel>) -> Startup<'a> {
        Startup { front, config: front.database.config(), origin, tunnel }
    }

    fn is_foreign(&self) -> bool {
        self.tunnel.as_ref().is_some_and(|tunnel| tunnel.is_foreign)
    }

    fn asks_password(&self) -> bool {
        self.tunnel.as_ref().is_some_and(|tunnel| tunnel.asks_password)
    }

    /// Before a byte has come.
    fn protection(&self) -> Protection {
        let Some(tunnel) = &self.tunnel else { return Protection::default() };
        let is_local =
            self.origin.ends().is_some_and(|ends| ends.client.ip().to_canonical().is_loopback());
        Protection {
            is_encrypted: tunnel.is_encrypted,
            takes_clear_password: tunnel.is_encrypted || is_local,
            is_foreign: self.is_foreign(),
            asks_password: self.asks_password(),
            subject: tunnel.subject.clone(),
            ..Protection::default()
        }
    }

    pub async fn run<S>(self, mut wire: Wire<S>) -> Result<Login<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        wire.limit_to_login();
        match self.log_in(&mut wire).await {
            Ok(Some(session)) => {
                wire.limit_to_session(&self.config);
                Ok(Login::Done(Box::new(wire), Box::new(session)))
            }
            Ok(None) => {
                wire.shutdown().await;
                Ok(Login::Over)
            }
            Err(error) => {
                // Errors of a login end it, whatever their severity was.
                let mut report = error.into_report();
                report.severity = crate::error::Severity::Fatal;
                wire.output.report(&report, "");
                wire.flush().await?;
                wire.shutdown().await;
                let code = report.code.unwrap_or(sqlstate::INTERNAL_ERROR);
                audit::refused(&self.origin, code.as_str(), &report.message);
                Ok(Login::Over)
            }
        }
    }

    async fn log_in<S>(&self, wire: &mut Wire<S>) -> Result<Option<Session>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut protection = self.protection();
        if wire.first_byte().await? == Some(TLS_HANDSHAKE) {
            let Some(tls) = self.front.tls.load_full() else { return Ok(None) };
            protection = self.encrypt(wire, tls, true).await?;
        }
        let mut asked_gss = false;
        let mut asked_tls = protection.tls.is_some();
        loop {
            let Some(mut packet) = wire.startup_packet().await? else { return Ok(None) };
            match packet.get_u32() {
                SSL_REQUEST if !asked_tls => {
                    asked_tls = true;
                    if let Some(tls) = self.answer_ssl_request(wire).await? {
                        protection = self.encrypt(wire, tls, false).await?;
                    }
                }
                GSSENC_REQUEST if !asked_gss && protection.tls.is_none() => {
                    asked_gss = true;
                    refuse_buffered(wire, "GSSAPI encryption request")?;
                    wire.output.bytes.extend_from_slice(b"N");
                    wire.flush().await?;
                }
                CANCEL_REQUEST => {
                    self.cancel(packet);
                    return Ok(None);
                }
                version => {
                    let hello = read_hello(version, packet)?;
                    let who = (hello.user.clone(), hello.database.clone());
                    let admitted = self.admit(wire, hello, &protection).await;
                    audit::judged(self.front, &self.origin, &who, &admitted);
                    return admitted.map(Some);
                }
            }
        }
    }

    /// The byte that answers an SSLRequest; the certificate if encryption follows.
    async fn answer_ssl_request<S>(&self, wire: &mut Wire<S>) -> Result<Option<Arc<Tls>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // Bytes that came before the handshake were not protected by it.
        refuse_buffered(wire, "SSL request")?;
        // As PostgreSQL: a Unix socket needs no encryption.
        let is_network = self.origin.ends().is_some() && self.tunnel.is_none();
        let tls = self.front.tls.load_full().filter(|_| is_network);
        wire.output.bytes.extend_from_slice(if tls.is_some() { b"S" } else { b"N" });
        wire.flush().await?;
        Ok(tls)
    }

    /// The TLS handshake. `is_direct`: the client has begun it unasked, so that what is
    /// in the buffer belongs to it, and has to name the protocol by ALPN.
    async fn encrypt<S>(
        &self,
        wire: &mut Wire<S>,
        tls: Arc<Tls>,
        is_direct: bool,
    ) -> Result<Protection>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let begun = std::mem::take(&mut wire.input);
        let Transport::Plain(stream) = std::mem::replace(&mut wire.transport, Transport::Upgrading)
        else {
            return Err(Error::protocol_violation("unexpected SSL request"));
        };
        let stream = Prefixed::new(begun, stream);
        let stream = tls.acceptor.accept(stream).await.map_err(|error| {
            tracing::info!(host = self.origin.host(), "could not accept SSL connection: {error}");
            lost(&error)
        })?;
        let (_, session) = stream.get_ref();
        let named = session.alpn_protocol() == Some(tls::ALPN);
        let summary = session.protocol_version().zip(session.negotiated_cipher_suite());
        let summary = summary.map(|(version, suite)| {
            format!("SSL enabled (protocol={version:?}, cipher={:?})", suite.suite())
        });
        let leaf = session.peer_certificates().and_then(<[_]>::first);
        let subject = leaf.map(tls::subject).transpose();
        wire.transport = Transport::Tls(Box::new(stream));
        if is_direct && !named {
            return Err(Error::protocol_violation(
                "received direct SSL connection request without ALPN protocol negotiation extension",
            ));
        }
        let subject = subject?;
        Ok(Protection {
            tls: Some(tls),
            summary,
            subject,
            is_encrypted: true,
            // Whoever encrypts within a tunnel is still where it was.
            is_foreign: self.is_foreign(),
            asks_password: self.asks_password(),
            ..Protection::default()
        })
    }

    fn cancel(&self, mut packet: Bytes) {
        if packet.len() > 4 {
            let pid = packet.get_i32();
            self.front.database.registry.cancel(pid, &packet);
        }
    }

    async fn admit<S>(
        &self,
        wire: &mut Wire<S>,
        hello: Hello,
        protection: &Protection,
    ) -> Result<Session>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if hello.minor > NEWEST_MINOR || !hello.unknown_options.is_empty() {
            let newest = hello.minor.min(NEWEST_MINOR);
            wire.output.negotiate_protocol_version(newest, &hello.unknown_options);
        }
        self.front.database.registry.check_room(self.config.max_connections)?;
        let applicant = Applicant {
            user: &hello.user,
            database: &hello.database,
            addresses: self.origin.ends().map(|ends| (ends.client.ip(), ends.server.ip())),
            is_encrypted: protection.is_encrypted,
            subject: protection.subject.as_ref(),
            system_user: self.origin.system_user(),
        };
        login::authenticate(wire, self.front, &applicant, &self.origin, protection).await?;
        // What follows is told to one that has proved who it is, as by PostgreSQL.
        wire.output.authentication(0, &[]);
        self.open_session(hello, protection).await
    }

    async fn open_session(&self, hello: Hello, protection: &Protection) -> Result<Session> {
        let database = &self.front.database;
        let secret_bytes = match hello.minor {
            0 | 1 => SHORT_SECRET_BYTES,
            _ => LONG_SECRET_BYTES,
        };
        let login = session::Login {
            user: hello.user,
            database: hello.database,
            ends: self.origin.ends(),
            secret_bytes,
            settings: hello.settings,
            proved: Vec::new(),
            is_own: false,
        };
        let session = database.admit(login).await?;
        if session.logs_connection() {
            audit::authorized(&self.origin, session.backend(), protection.summary.as_deref());
        }
        Ok(session)
    }
}

/// Nothing may be waiting behind a request for encryption: it would be taken for
/// protected when it is not (CVE-2021-23214).
fn refuse_buffered<S>(wire: &Wire<S>, what: &str) -> Result<()> {
    if wire.input.is_empty() {
        return Ok(());
    }
    Err(Error::protocol_violation(format!("received unencrypted data after {what}"))
        .with_detail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack."))
}

fn read_hello(version: u32, mut packet: Bytes) -> Result<Hello> {
    let (major, minor) = (version >> 16, version & 0xffff);
    if major != 3 {
        return Err(Error::fatal(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!(
                "unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.{NEWEST_MINOR}"
            ),
        ));
    }
    let mut user = String::new();
    let mut database = String::new();
    let mut settings = Vec::new();
    let mut unknown_options = Vec::new();
    loop {
        let name = take_cstring(&mut packet)?;
        if name.is_empty() {
            break;
        }
        let value = take_cstring(&mut packet)?;
        match name.as_str() {
            "user" => user = value,
            "database" => database = value,
            "options" => settings.extend(command_line_options(&value)?),
            "replication" => match value.as_str() {
                "database" => return Err(Error::unsupported("replication protocol")),
                value => match parse_bool(value) {
                    Some(false) => {}
                    Some(true) => return Err(Error::unsupported("replication protocol")),
                    None => return Err(invalid_replication(value)),
                },
            },
            name if name.starts_with("_pq_.") => unknown_options.push(name.to_owned()),
            _ => settings.push((name, value)),
        }
    }
    if !packet.is_empty() {
        return Err(Error::protocol_violation(
            "invalid startup packet layout: expected terminator as last byte",
        ));
    }
    if user.is_empty() {
        return Err(Error::fatal(
            sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
            "no PostgreSQL user name specified in startup packet",
        ));
    }
    if database.is_empty() {
        database.clone_from(&user);
    }
    for name in [&mut user, &mut database] {
        name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
    }
    Ok(Hello { minor, user, database, settings, unknown_options })
}

fn invalid_replication(value: &str) -> Error {
    Error::fatal(
        sqlstate::INVALID_PARAMETER_VALUE,
        format!("invalid value for parameter \"replication\": \"{value}\""),
    )
    .with_hint("Valid values are: \"false\", 0, \"true\", 1, \"database\".")
}

fn take_cstring(packet: &mut Bytes) -> Result<String> {
    let end = packet.iter().position(|byte| *byte == 0).ok_or_else(|| {
        Error::protocol_violation("invalid startup packet layout: expected terminator as last byte")
    })?;
    let bytes = packet.split_to(end);
    packet.advance(1);
    message::text(&bytes).map(str::to_owned)
}

/// The `options` parameter: `-c name=value --name=value`, blanks escaped by a
/// backslash.
fn command_line_options(text: &str) -> Result<Vec<(String, String)>> {
    let mut settings = Vec::new();
    let mut words = split_words(text).into_iter();
    let invalid = |word: &str| {
        Error::fatal(
            sqlstate::SYNTAX_ERROR,
            format!("invalid command-line argument for server process: {word}"),
        )
    };
    while let Some(word) = words.next() {
        let setting = match (word.strip_prefix("--"), word.strip_prefix("-c")) {
            (Some(rest), _) => rest.to_owned(),
            (None, Some("")) => words.next().ok_or_else(|| invalid(&word))?,
            (None, Some(rest)) => rest.to_owned(),
            (None, None) => return Err(invalid(&word)),
        };
        let (name, value) = setting.split_once('=').ok_or_else(|| invalid(&word))?;
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut started = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            if started {
                words.push(std::mem::take(&mut word));
            }
            started = false;
        } else {
            started = true;
            word.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
        }
    }
    if started {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_startup_message_names_user_database_and_settings() {
        let packet = Bytes::from_static(
            b"user\0ann\0options\0-c work_mem=8MB\0_pq_.x\0y\0TimeZone\0UTC\0\0",
        );
        let hello = read_hello(3 << 16, packet).unwrap();
        assert_eq!((hello.user.as_str(), hello.database.as_str()), ("ann", "ann"));
        assert_eq!(hello.unknown_options, ["_pq_.x"]);
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(hello.settings, [setting("work_mem", "8MB"), setting("TimeZone", "UTC")]);
    }

    #[test]
    fn malformed_startup_messages_are_refused() {
        for packet in [&b"user\0ann"[..], b"user\0ann\0", b"user\0ann\0\0x", b"\0", b""] {
            assert!(read_hello(3 << 16, Bytes::copy_from_slice(packet)).is_err(), "{packet:?}");
        }
        assert!(read_hello(2 << 16, Bytes::from_static(b"user\0a\0\0")).is_err());
    }

    #[test]
    fn options_are_split_like_a_command_line() {
        let options = |text| command_line_options(text).unwrap();
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            options("-c a=1 -cb=2  --c-d=x\\ y"),
            [setting("a", "1"), setting("b", "2"), setting("c_d", "x y")]
        );
        assert!(command_line_options("-F").is_err());
        assert!(command_line_options("-c").is_err());
    }
}
