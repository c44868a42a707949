//! Encrypted connections to other servers.
//!
//! `sslmode` in a server's connection string, as in libpq:
//!
//! | sslmode | encrypted | the certificate is asked for | the name in it too |
//! |---|---|---|---|
//! | `disable` | no | | |
//! | `prefer` (default) | if the server can | no | no |
//! | `require` | yes | if there is a `sslrootcert` | no |
//! | `verify-ca` | yes | yes | no |
//! | `verify-full` | yes | yes | yes |
//!
//! `sslrootcert` names a PEM file with the authorities' certificates; there is no default,
//! because the server has no home directory. TLS 1.2 and later.
//!
//! Not here, and refused with `0A000`: `allow`, client certificates, revocation lists.
//! Channel binding is not offered; `channel_binding=require` therefore fails.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;

use crate::error::{Error, Result};
use crate::sqlstate;

/// How much of a server's identity is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verify {
    Nothing,
    Authority,
    Name,
}

/// What a connection string says about encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Encryption {
    /// The word, as it was given.
    pub(super) sslmode: String,
    pub(super) mode: SslMode,
    verify: Verify,
    root: Option<String>,
}

fn invalid(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

impl Encryption {
    /// Takes what it says about encryption out of a connection string, in either of
    /// libpq's forms; the rest is for the driver.
    pub(super) fn take(conninfo: &str) -> Result<(Encryption, String)> {
        let (mut sslmode, mut root) = (None, None);
        let mut take = |name: &str, value: &str| -> Result<bool> {
            match name {
                "sslmode" => sslmode = Some(value.to_owned()),
                "sslrootcert" => root = Some(value.to_owned()),
                "sslcert" | "sslkey" | "sslpassword" | "sslcrl" | "sslcrldir" => {
                    return Err(Error::unsupported(format!("\"{name}\" of another server")));
                }
                _ => return Ok(false),
            }
            Ok(true)
        };
        let rest = match conninfo.trim_start().starts_with("postgres") && conninfo.contains("://") {
            true => take_of_uri(conninfo, &mut take)?,
            false => take_of_words(conninfo, &mut take)?,
        };
        let sslmode = sslmode.unwrap_or_else(|| "prefer".to_owned());
        let (mode, verify) = match &*sslmode {
            "disable" => (SslMode::Disable, Verify::Nothing),
            "prefer" => (SslMode::Prefer, Verify::Nothing),
            "require" if root.is_none() => (SslMode::Require, Verify::Nothing),
            "require" | "verify-ca" => (SslMode::Require, Verify::Authority),
            "verify-full" => (SslMode::Require, Verify::Name),
            "allow" => return Err(Error::unsupported("sslmode \"allow\" of another server")),
            other => return Err(invalid(format!("invalid sslmode value: \"{other}\""))),
        };
        if root.as_deref() == Some("system") {
            return Err(Error::unsupported("sslrootcert \"system\" of another server"));
        }
        if verify != Verify::Nothing && root.is_none() {
            return Err(invalid(format!("sslmode \"{sslmode}\" needs a sslrootcert")));
        }
        Ok((Encryption { sslmode, mode, verify, root }, rest))
    }

    /// What connections are made with. Reads the authorities' file.
    pub(super) fn connector(&self) -> Result<Connector> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let authorities = match &self.root {
            Some(path) if self.verify != Verify::Nothing => Some(authorities(path, &provider)?),
            _ => None,
        };
        let verifier = Arc::new(Verifier { verify: self.verify, authorities, provider });
        let mut config = ClientConfig::builder_with_provider(verifier.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| Error::internal(format!("TLS: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Connector(Arc::new(config)))
    }
}

fn authorities(path: &str, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::new(
            sqlstate::CONFIG_FILE_ERROR,
            format!("could not read root certificate file \"{path}\": {error}"),
        )
    };
    let mut roots = RootCertStore::empty();
    for certificate in
        CertificateDer::pem_file_iter(Path::new(path)).map_err(|error| failed(&error))?
    {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| failed(&error))
}

/// The parameters of a URI that are not taken.
fn take_of_uri(uri: &str, take: &mut dyn FnMut(&str, &str) -> Result<bool>) -> Result<String> {
    let Some((address, parameters)) = uri.split_once('?') else { return Ok(uri.to_owned()) };
    let mut rest = Vec::new();
    for parameter in parameters.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let decoded = percent_decoded(value);
        let decoded = decoded.ok_or_else(|| invalid(format!("invalid value of \"{name}\"")))?;
        if !take(name, &decoded)? {
            rest.push(parameter);
        }
    }
    Ok(if rest.is_empty() { address.to_owned() } else { format!("{address}?{}", rest.join("&")) })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    while let Some((byte, rest)) = left.split_first() {
        let (byte, after) = match byte {
            b'%' => {
                let (digits, rest) = rest.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits).ok()?;
                (u8::from_str_radix(digits, 16).ok()?, rest)
            }
            other => (*other, rest),
        };
        bytes.push(byte);
        left = after;
    }
    String::from_utf8(bytes).ok()
}

/// The `name=value` words that are not taken, as they stand.
fn take_of_words(text: &str, take: &mut dyn FnMut(&str, &str) -> Result<bool>) -> Result<String> {
    let mut rest = String::new();
    let mut left = text.trim_start();
    while !left.is_empty() {
        let Some((name, after)) = left.split_once('=') else {
            // The driver says what is wrong with it.
            rest.push_str(left);
            break;
        };
        let after = after.trim_start();
        let (value, length) = word_value(after);
        if !take(name.trim(), &value)? {
            rest.push_str(&format!("{}={} ", name.trim(), &after[..length]));
        }
        left = after[length..].trim_start();
    }
    Ok(rest.trim_end().to_owned())
}

/// A value at the start of a text, and how many bytes it takes there. In quotes or up to
/// a space; a backslash takes the next character as it is.
fn word_value(text: &str) -> (String, usize) {
    let is_quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(is_quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            '\'' if is_quoted => return (value, at + 1),
            space if !is_quoted && space.is_whitespace() => return (value, at),
            other => value.push(other),
        }
    }
    (value, text.len())
}

/// Asks of a certificate what the mode says. That the server has its key is always asked.
#[derive(Debug)]
struct Verifier {
    verify: Verify,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authorities) = &self.authorities else {
            return Ok(ServerCertVerified::assertion());
        };
        // Names are compared last: whose only fault is the name has a good signature.
        match authorities.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        ) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.verify == Verify::Authority => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Makes the driver's encrypted connections.
#[derive(Clone)]
pub(super) struct Connector(Arc<ClientConfig>);

/// One connection's part of it.
pub(super) struct Handshake {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// An encrypted connection.
pub(super) struct Encrypted<S>(tokio_rustls::client::TlsStream<S>);

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = Handshake;
    type Error = rustls_pki_types::InvalidDnsNameError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, Self::Error> {
        let name = ServerName::try_from(domain)?.to_owned();
        Ok(Handshake { config: self.0.clone(), name })
    }
}

impl<S> TlsConnect<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let connector = TlsConnector::from(self.config);
            connector.connect(self.name, stream).await.map(Encrypted)
        })
    }
}

impl<S> tokio_postgres::tls::TlsStream for Encrypted<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_libpqs_and_the_rest_is_left_to_the_driver() {
        let taken = |text: &str| {
            let (encryption, rest) = Encryption::take(text).expect(text);
            (encryption.mode, encryption.verify, rest)
        };
        let plain = "host=a port=5 password='x y\\'z'";
        assert_eq!(taken(plain), (SslMode::Prefer, Verify::Nothing, plain.to_owned()));
        assert_eq!(
            taken("host=a sslmode=require dbname=d"),
            (SslMode::Require, Verify::Nothing, "host=a dbname=d".to_owned())
        );
        assert_eq!(
            taken("sslmode = 'verify-full' sslrootcert='/a b/c' host = a"),
            (SslMode::Require, Verify::Name, "host=a".to_owned())
        );
        assert_eq!(
            taken("postgresql://u@h/d?sslmode=verify-ca&connect_timeout=3&sslrootcert=%2Fr"),
            (
                SslMode::Require,
                Verify::Authority,
                "postgresql://u@h/d?connect_timeout=3".to_owned()
            )
        );
        assert_eq!(taken("host=a sslmode=require sslrootcert=r").1, Verify::Authority);
        assert_eq!(taken("host=a sslmode=disable").0, SslMode::Disable);
        let code = |text| Encryption::take(text).expect_err(text).code().as_str().to_owned();
        assert_eq!(code("host=a sslmode=allow"), "0A000");
        assert_eq!(code("host=a sslcert=c"), "0A000");
        assert_eq!(code("host=a sslmode=verify-full"), "22023");
        assert_eq!(code("host=a sslmode=sometimes"), "22023");
    }
}
