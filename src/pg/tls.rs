//! TLS: the server's certificate, and what channel binding needs of it.

use std::path::Path;
use std::sync::Arc;

use pgwire::api::auth::sasl::scram::ScramServerAuth;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::error::{Error, Result};
use crate::sqlstate;

/// A certificate ready to use.
pub struct Tls {
    pub acceptor: TlsAcceptor,
    /// SCRAM with channel binding to this certificate.
    pub scram: ScramServerAuth,
}

impl Tls {
    /// Reads PEM files: the certificate with its chain, and its private key.
    pub fn load(certificate: &Path, key: &Path) -> Result<Tls> {
        let failed = |what: &str, path: &Path, error: &dyn std::fmt::Display| {
            Error::new(
                sqlstate::CONFIG_FILE_ERROR,
                format!("could not load {what} file \"{}\": {error}", path.display()),
            )
        };
        let pem = std::fs::read(certificate)
            .map_err(|error| failed("server certificate", certificate, &error))?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| failed("server certificate", certificate, &error))?;
        let key_der = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| failed("private key", key, &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key_der))
            .map_err(|error| failed("server certificate", certificate, &error))?;
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        let mut scram = ScramServerAuth::new();
        scram
            .configure_certificate(&pem)
            .map_err(|error| failed("server certificate", certificate, &error))?;
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), scram })
    }
}
