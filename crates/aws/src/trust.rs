//! Whose certificates are trusted.
//!
//! A machine's own roots are some 150 certificates, and parsing them is most of what
//! the function would do at its start. AWS's endpoints present certificates of Amazon
//! Trust Services, so its five roots are compiled in: all five, as Amazon recommends for
//! a trust store of one's own (<https://www.amazontrust.com/repository/>). Who needs
//! other roots names them in the variables that AWS's and other tools know.

use std::{env, fs, path::Path};

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// <https://www.amazontrust.com/repository/>; the last of them expires in 2040.
const AMAZON_TRUST_SERVICES: &[u8] = include_bytes!("amazon-trust-services.pem");

/// Why the roots that were asked for cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum UntrustedRoots {
    /// The file cannot be read.
    #[error("AWS_CA_BUNDLE: `{0}` cannot be read: {1}")]
    NoFile(String, std::io::Error),
    /// The file holds none, or one that is broken.
    #[error("AWS_CA_BUNDLE: `{0}` is no list of PEM certificates")]
    NoCertificates(String),
}

/// The trust roots for this process, by its environment:
///
/// - `AWS_CA_BUNDLE`: the certificates of that file alone;
/// - `SSL_CERT_FILE`, `SSL_CERT_DIR`: the machine's, as these name them;
/// - an endpoint outside AWS, or another partition: the machine's;
/// - otherwise Amazon's.
///
/// # Errors
/// If `AWS_CA_BUNDLE` names a file without usable certificates.
pub(crate) fn context() -> Result<TlsContext, UntrustedRoots> {
    let unusable = |_| UntrustedRoots::NoCertificates("the trust store".into());
    TlsContext::builder().with_trust_store(store()?).build().map_err(unusable)
}

fn store() -> Result<TrustStore, UntrustedRoots> {
    if let Some(path) = env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
        return Ok(TrustStore::empty().with_pem_certificate(bundle(Path::new(&path))?));
    }
    let is_native = env::vars_os().any(|(name, value)| {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        let is_other_endpoint = name.starts_with("AWS_ENDPOINT_URL") && value.starts_with("https:");
        name == "SSL_CERT_FILE" || name == "SSL_CERT_DIR" || is_other_endpoint
    });
    // Endpoints in China and in the isolated regions have certificates of other authorities.
    let region = env::var("AWS_REGION").or_else(|_| env::var("AWS_DEFAULT_REGION")).unwrap_or_default();
    if is_native || region.starts_with("cn-") || region.contains("-iso") {
        return Ok(TrustStore::default());
    }
    Ok(TrustStore::empty().with_pem_certificate(AMAZON_TRUST_SERVICES))
}

/// The bytes of a PEM file whose certificates are all usable as roots.
fn bundle(path: &Path) -> Result<Vec<u8>, UntrustedRoots> {
    let name = || path.display().to_string();
    let pem = fs::read(path).map_err(|error| UntrustedRoots::NoFile(name(), error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| UntrustedRoots::NoCertificates(name()))?;
        roots.add(certificate).map_err(|_| UntrustedRoots::NoCertificates(name()))?;
    }
    if roots.is_empty() { Err(UntrustedRoots::NoCertificates(name())) } else { Ok(pem) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_five_roots_of_amazon_are_compiled_in() {
        assert_eq!(CertificateDer::pem_slice_iter(AMAZON_TRUST_SERVICES).flatten().count(), 5);
    }
}
