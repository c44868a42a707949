//! Logins that are refused, and the one with everything on: TLS and a password bound
//! to the certificate.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{ChannelBinding, Config, SslMode};
use tokio_postgres::tls::{ChannelBinding as Binding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Error, NoTls};

use crate::support::raw::{Raw, startup};
use crate::support::{block_on, zserver::Zserver};

/// A server with a password, and with a certificate if that is asked for.
struct Secured {
    server: Zserver,
    certificate: Vec<u8>,
    _directory: TempDir,
}

impl Secured {
    fn start(require_tls: bool) -> Secured {
        let directory = TempDir::new().expect("a temporary directory");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("TLS");
        let (certificate, key) = (directory.path().join("c.pem"), directory.path().join("k.pem"));
        std::fs::write(&certificate, made.cert.pem()).expect("a certificate");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("a key");
        let environment = [
            ("ZSERVER_PASSWORD", "sesame"),
            ("ZSERVER_SSL_CERT_FILE", certificate.to_str().expect("a path")),
            ("ZSERVER_SSL_KEY_FILE", key.to_str().expect("a path")),
            ("ZSERVER_REQUIRE_TLS", if require_tls { "true" } else { "false" }),
        ];
        let server = Zserver::start_secured(&directory.path().join("data"), &environment);
        let certificate = made.cert.der().to_vec();
        Secured { server, certificate, _directory: directory }
    }

    fn config(&self, user: &str, password: &str) -> Config {
        let mut config = Config::new();
        config.host("localhost").hostaddr([127, 0, 0, 1].into()).port(self.server.port);
        config.user(user).password(password).dbname("postgres");
        config
    }
}

/// Code and message of a refused login, without the user's name.
fn refusal(error: Error, user: &str) -> (String, String) {
    let error = error.as_db_error().expect("the server answers");
    (error.code().code().to_owned(), error.message().replace(user, "USER"))
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_refused_alike() {
    let secured = Secured::start(false);
    block_on(async {
        let mut refusals = Vec::new();
        for (user, password) in [("postgres", "wrong"), ("nobody", "wrong"), ("nobody", "sesame")] {
            let result = secured.config(user, password).connect(NoTls).await;
            refusals.push(refusal(result.map(drop).expect_err("refused"), user));
        }
        let expected = "password authentication failed for user \"USER\"".to_owned();
        assert_eq!(refusals, vec![("28P01".to_owned(), expected); 3]);
        let right = secured.config("postgres", "sesame").connect(NoTls).await;
        assert!(right.is_ok(), "the right password");
    });
}

#[test]
fn a_plain_connection_is_refused_where_tls_is_required() {
    let secured = Secured::start(true);
    let mut client = Raw::connect(secured.server.port);
    client.send(&startup("postgres"));
    assert_eq!(client.ended_with(), "28000");
}

#[test]
fn a_login_is_bound_to_the_certificate() {
    let secured = Secured::start(true);
    block_on(async {
        let tls = Tls::trusting(&secured.certificate, &secured.certificate);
        let mut config = secured.config("postgres", "sesame");
        config.ssl_mode(SslMode::Require).channel_binding(ChannelBinding::Require);
        let (client, connection) = config.connect(tls).await.expect("SCRAM-SHA-256-PLUS");
        tokio::spawn(connection);
        let row = client.query_one("SELECT 1", &[]).await.expect("a row");
        assert_eq!(row.get::<_, i32>(0), 1);
        // Someone in between has another certificate.
        let other = Tls::trusting(&secured.certificate, b"another certificate");
        let error = config.connect(other).await.map(drop).expect_err("another certificate");
        assert!(error.as_db_error().is_some_and(|error| error.code().code() != "XX000"));
    });
}

/// TLS for tokio-postgres, with the hash of a certificate for channel binding.
#[derive(Clone)]
struct Tls {
    connector: tokio_rustls::TlsConnector,
    bound_to: Vec<u8>,
}

impl Tls {
    fn trusting(certificate: &[u8], bound_to: &[u8]) -> Tls {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.to_vec().into()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        Tls { connector, bound_to: Sha256::digest(bound_to).to_vec() }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Bound<S>;
    type TlsConnect = Tls;
    type Error = io::Error;

    fn make_tls_connect(&mut self, _host: &str) -> io::Result<Tls> {
        Ok(self.clone())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Tls {
    type Stream = Bound<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Bound<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = rustls_pki_types::ServerName::try_from("localhost").expect("a name");
            let stream = self.connector.connect(name, stream).await?;
            Ok(Bound { stream, hash: self.bound_to })
        })
    }
}

struct Bound<S> {
    stream: tokio_rustls::client::TlsStream<S>,
    hash: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Bound<S> {
    fn channel_binding(&self) -> Binding {
        Binding::tls_server_end_point(self.hash.clone())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Bound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Bound<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
