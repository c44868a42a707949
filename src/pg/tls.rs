//! TLS: the server's certificate, what channel binding needs of it, and the
//! certificates of clients.

use std::path::Path;
use std::sync::Arc;

use pgwire::api::auth::sasl::scram::ScramServerAuth;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use x509_certificate::X509Certificate;

use crate::auth::login::Subject;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The protocol's name in ALPN.
pub const ALPN: &[u8] = b"postgresql";

/// Certificates ready to use.
pub struct Tls {
    pub acceptor: TlsAcceptor,
    /// The same for HTTP.
    pub http: TlsAcceptor,
    /// SCRAM with channel binding to this certificate.
    pub scram: ScramServerAuth,
}

fn failed(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        sqlstate::CONFIG_FILE_ERROR,
        format!("could not load {what} file \"{}\": {error}", path.display()),
    )
}

impl Tls {
    /// Reads the files of a configuration, PEM all of them; none without a certificate.
    pub fn load(config: &Config) -> Result<Option<Tls>> {
        let Some((certificate, key)) = config.tls_files() else { return Ok(None) };
        let wrong =
            |error: &dyn std::fmt::Display| failed("server certificate", &certificate, error);
        let pem = std::fs::read(&certificate).map_err(|error| wrong(&error))?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(&error))?;
        let key_der = PrivateKeyDer::from_pem_file(&key)
            .map_err(|error| failed("private key", &key, &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = client_verifier(config, &provider)?;
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .and_then(|builder| {
                builder.with_client_cert_verifier(verifier).with_single_cert(chain, key_der)
            })
            .map_err(|error| wrong(&error))?;
        let mut http = tls.clone();
        http.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        tls.alpn_protocols = vec![ALPN.to_vec()];
        let mut scram = ScramServerAuth::new();
        scram.configure_certificate(&pem).map_err(|error| wrong(&error))?;
        let acceptor = |config| TlsAcceptor::from(Arc::new(config));
        Ok(Some(Tls { acceptor: acceptor(tls), http: acceptor(http), scram }))
    }
}

/// A client may have no certificate, unless its rule asks for one; one that it shows has
/// to be valid.
fn client_verifier(
    config: &Config,
    provider: &Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>> {
    let Some((authorities, revoked)) = config.client_certificate_files() else {
        return Ok(WebPkiClientVerifier::no_client_auth());
    };
    let wrong = |error: &dyn std::fmt::Display| failed("root certificate", &authorities, error);
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(&authorities).map_err(|error| wrong(&error))? {
        let root = root.map_err(|error| wrong(&error))?;
        roots.add(root).map_err(|error| wrong(&error))?;
    }
    let mut builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated();
    if let Some(path) = revoked {
        let wrong =
            |error: &dyn std::fmt::Display| failed("SSL certificate revocation list", &path, error);
        let lists = CertificateRevocationListDer::pem_file_iter(&path)
            .map_err(|error| wrong(&error))?
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(&error))?;
        builder = builder.with_crls(lists).allow_unknown_revocation_status();
    }
    builder.build().map_err(|error| wrong(&error))
}

/// Reads whom a certificate was made out to; `08P01` if that cannot be read.
pub fn subject(certificate: &CertificateDer<'_>) -> Result<Subject> {
    let invalid = |error: &dyn std::fmt::Display| {
        Error::protocol_violation(format!("invalid client certificate: {error}"))
    };
    let certificate = X509Certificate::from_der(certificate).map_err(|error| invalid(&error))?;
    let mut parts = Vec::new();
    for set in certificate.subject_name().iter_rdn() {
        let mut values = Vec::new();
        for attribute in set.iter() {
            let value = attribute.to_string().map_err(|error| invalid(&error))?;
            let kind = attribute.typ.to_string();
            values.push(format!("{}={}", short_name(&kind), escaped(&value)));
        }
        parts.push(values.join("+"));
    }
    parts.reverse();
    // A name with a zero byte is a forgery.
    let common_name = certificate.subject_common_name();
    if common_name.as_ref().is_some_and(|name| name.contains('\0')) {
        return Err(Error::protocol_violation(
            "SSL certificate's common name contains embedded null",
        ));
    }
    Ok(Subject { common_name, distinguished_name: parts.join(",") })
}

/// The usual short names of attributes.
fn short_name(oid: &str) -> &str {
    match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        other => other,
    }
}

/// RFC 2253, section 2.4.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        let at_an_end = (at == 0 && (c == ' ' || c == '#')) || (at == last && c == ' ');
        if at_an_end || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_of_names_are_escaped() {
        assert_eq!(escaped("a,b+c"), "a\\,b\\+c");
        assert_eq!(escaped(" #a "), "\\ #a\\ ");
        assert_eq!(escaped("#a"), "\\#a");
    }
}
