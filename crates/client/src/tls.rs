//! Whether who answers is the server that the link names, before anything is said to it.
//!
//! | id | rule |
//! |---|---|
//! | TLS-01 | A server on another machine is spoken to over TLS. |
//! | TLS-02 | Its certificate is by an authority that is trusted here. |
//! | TLS-03 | Its certificate is for the host in the link. |
//! | TLS-04 | Its certificate is valid now. |
//! | TLS-05 | Its certificate is whole, and made for servers. |
//!
//! Trusted are the authorities of the system, or those of one file and no others: who has an own authority names it.
//! Nothing switches the check off. What is said in a meeting does not hang on it, for that is sealed from device to
//! device; the right to create meetings, the place of a participant and who meets whom do.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use rustls::{
    CertificateError, ClientConfig, Error, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::{net::TcpStream, sync::OnceCell};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{error::ClientError, link::Server};

/// Longest file of authorities that is read, in bytes. All that browsers trust are about 250,000.
const AUTHORITIES_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The only protocol that is spoken: a proxy that could choose would choose HTTP/2, which has another way to a WebSocket.
const PROTOCOL: &[u8] = b"http/1.1";

/// The authorities of the system. Read once: they are some hundred files, and participants are hundreds.
static SYSTEM: OnceCell<Arc<ClientConfig>> = OnceCell::const_new();

/// Whose word on a server's identity is taken. By default the system's authorities'; on Unix their place can be set by
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`, as for other programs.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    only: Option<Arc<ClientConfig>>,
}

impl Trust {
    /// Returns trust in the authorities whose certificates stand in this PEM file, and in no others.
    ///
    /// # Errors
    /// [`ClientError::Authorities`] when it cannot be read, holds no certificate, or one that cannot be an authority's.
    pub fn only(path: &Path) -> Result<Self, ClientError> {
        let unusable = |reason: String| ClientError::Authorities { path: path.to_owned(), reason };
        let mut pem = Vec::new();
        File::open(path)
            .and_then(|file| file.take(AUTHORITIES_BYTES_MAX).read_to_end(&mut pem))
            .map_err(|error| unusable(error.to_string()))?;
        let mut authorities = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            authorities.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
        if authorities.is_empty() {
            return Err(unusable("no certificate stands in it".to_owned()));
        }
        Ok(Self { only: Some(Arc::new(configure(authorities)?)) })
    }

    async fn configuration(&self) -> Result<Arc<ClientConfig>, ClientError> {
        if let Some(only) = &self.only {
            return Ok(only.clone());
        }
        let read = || async {
            tokio::task::spawn_blocking(system)
                .await
                .map_err(|_| ClientError::Misuse("the runtime stopped"))?
        };
        SYSTEM.get_or_try_init(read).await.cloned()
    }

    /// Speaks TLS on a fresh connection to `server`, which has shown who it is when this returns.
    ///
    /// # Errors
    /// [`ClientError::Certificate`] by the rule that refused it, [`ClientError::Connection`] when the other side does not
    /// speak TLS or breaks off, [`ClientError::NoAuthority`] when the system has none.
    pub(crate) async fn greet(
        &self,
        server: &Server,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, ClientError> {
        TlsConnector::from(self.configuration().await?)
            .connect(server.name().clone(), stream)
            .await
            .map_err(|error| refusal(server, error))
    }
}

/// Why a certificate is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateRule {
    /// TLS-02
    Authority,
    /// TLS-03
    Host,
    /// TLS-04
    Now,
    /// TLS-05
    Sound,
}

impl CertificateRule {
    /// Returns what is wrong with a certificate that this refuses, as the rest of a sentence about it.
    pub const fn because(self) -> &'static str {
        match self {
            Self::Authority => "is by no authority that is trusted here; --ca FILE names another",
            Self::Host => "is for another host",
            Self::Now => "has expired, is not valid yet, or the clock here is wrong",
            Self::Sound => "is damaged, or not made for servers",
        }
    }

    /// Returns the rule that `error` breaks.
    const fn broken_by(error: &CertificateError) -> Self {
        match error {
            // The latter is by somebody who only bears the name of an authority.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::Authority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::Host,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::Now,
            _ => Self::Sound,
        }
    }
}

impl fmt::Display for CertificateRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authority => "TLS-02",
            Self::Host => "TLS-03",
            Self::Now => "TLS-04",
            Self::Sound => "TLS-05",
        })
    }
}

fn refusal(server: &Server, error: io::Error) -> ClientError {
    match error.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(Error::InvalidCertificate(cause)) => ClientError::Certificate {
            rule: CertificateRule::broken_by(cause),
            server: server.authority().to_owned(),
            source: error,
        },
        _ => ClientError::connection("setting up TLS", error),
    }
}

fn system() -> Result<Arc<ClientConfig>, ClientError> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "cannot read some of the system's certificate authorities");
    }
    let mut authorities = RootCertStore::empty();
    // A store of hundreds may hold one that is outdated or odd; what nobody can use, nobody has to trust.
    let (added, _) = authorities.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(ClientError::NoAuthority);
    }
    Ok(Arc::new(configure(authorities)?))
}

fn configure(authorities: RootCertStore) -> Result<ClientConfig, ClientError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| ClientError::Misuse("the TLS library has no version of TLS"))?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn file_without_a_usable_certificate_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(matches!(Trust::only(&path), Err(ClientError::Authorities { .. })), "no file");
        let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "hello", not_a_certificate, &not_a_certificate.replace("END", "WND")] {
            fs::write(&path, text).unwrap();
            let error = Trust::only(&path).unwrap_err();
            assert!(
                matches!(&error, ClientError::Authorities { reason, .. } if !reason.is_empty()),
                "{text}"
            );
        }
    }

    #[test]
    fn own_authorities_stand_in_one_file_and_may_be_several() {
        let pem = |name: &str| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            let certificate = params.self_signed(&key).unwrap();
            let text = data_encoding::BASE64.encode(certificate.der());
            format!("# {name}\n-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs::write(&path, pem("one") + &pem("other")).unwrap();
        assert!(Trust::only(&path).unwrap().only.is_some());
    }
}
