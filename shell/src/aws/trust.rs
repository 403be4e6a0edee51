//! Whose certificates are trusted.
//!
//! A machine's own roots are some 150 certificates, and parsing them is most of what
//! the function would do at its start. AWS's endpoints present certificates of Amazon
//! Trust Services, so its five roots are compiled in: all five, as Amazon recommends for
//! a trust store of one's own (<https://www.amazontrust.com/repository/>). Who needs
//! other roots names them in the variables that AWS's and other tools know.

use std::{env, fs, path::Path};

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

/// The roots for this process, by its environment:
///
/// - `AWS_CA_BUNDLE`: the certificates of that file alone;
/// - `SSL_CERT_FILE`, `SSL_CERT_DIR`: the machine's, as these name them;
/// - another endpoint than AWS's, or another partition: the machine's;
/// - otherwise Amazon's.
pub(super) fn roots() -> Result<RootCertStore, UntrustedRoots> {
    if let Some(path) = env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
        return bundle(Path::new(&path));
    }
    let machines_own = env::vars_os().any(|(name, value)| {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        let is_other_endpoint = name.starts_with("AWS_ENDPOINT_URL") && value.starts_with("https:");
        name == "SSL_CERT_FILE" || name == "SSL_CERT_DIR" || is_other_endpoint
    });
    // China's endpoints and the isolated regions' have certificates of other authorities.
    let region = env::var("AWS_REGION").unwrap_or_default();
    if machines_own || region.starts_with("cn-") || region.contains("-iso") {
        return Ok(readable(rustls_native_certs::load_native_certs().certs));
    }
    Ok(amazons())
}

fn amazons() -> RootCertStore {
    readable(CertificateDer::pem_slice_iter(AMAZON_TRUST_SERVICES).flatten())
}

/// A machine's own may hold some that nobody can read.
fn readable(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}

fn bundle(path: &Path) -> Result<RootCertStore, UntrustedRoots> {
    let name = || path.display().to_string();
    let pem = fs::read(path).map_err(|error| UntrustedRoots::NoFile(name(), error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| UntrustedRoots::NoCertificates(name()))?;
        roots.add(certificate).map_err(|_| UntrustedRoots::NoCertificates(name()))?;
    }
    match roots.is_empty() {
        true => Err(UntrustedRoots::NoCertificates(name())),
        false => Ok(roots),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_five_roots_of_amazon_are_compiled_in() {
        assert_eq!(amazons().len(), 5);
    }
}
