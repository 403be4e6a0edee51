//! The certificate authorities that the function trusts.
//!
//! A machine has some 150 roots, and parsing them would take most of a cold start. AWS's endpoints present
//! certificates of Amazon Trust Services, so its five roots are compiled in: all five, as Amazon recommends
//! (<https://www.amazontrust.com/repository/>). The environment variables that AWS's and other tools read can name
//! other roots.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::config::ConfigFault;

/// <https://www.amazontrust.com/repository/>; the last of them expires in 2040.
const AMAZON_TRUST_SERVICES: &[u8] = include_bytes!("amazon-trust-services.pem");

/// The roots that a process trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Roots {
    /// The certificates in this file, which `AWS_CA_BUNDLE` names.
    Bundle(PathBuf),
    /// The machine's, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    Machine,
    /// Amazon's.
    Amazon,
}

impl Roots {
    /// The function's roots: the bundle if there is one; the machine's if a variable names them
    /// or an endpoint is not Amazon's; otherwise Amazon's.
    pub(crate) fn for_function() -> Self {
        let variables = env::vars_os();
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self::of_variables(variables.map(|(name, value)| (text(name), text(value))))
    }

    /// The command line's roots: the bundle if there is one; otherwise the machine's, which
    /// include those of a proxy that inspects TLS.
    pub(crate) fn for_command_line() -> Self {
        env::var_os("AWS_CA_BUNDLE")
            .filter(|path| !path.is_empty())
            .map_or(Self::Machine, |path| Self::Bundle(path.into()))
    }

    fn of_variables(variables: impl Iterator<Item = (String, String)>) -> Self {
        let (mut roots, mut region, mut default_region) = (Self::Amazon, None, None);
        for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "AWS_CA_BUNDLE" => return Self::Bundle(value.into()),
                "SSL_CERT_FILE" | "SSL_CERT_DIR" => roots = Self::Machine,
                "AWS_REGION" => region = Some(value),
                "AWS_DEFAULT_REGION" => default_region = Some(value),
                name if name.starts_with("AWS_ENDPOINT_URL") && value.starts_with("https:") => roots = Self::Machine,
                _ => {}
            }
        }
        // Endpoints in China and in the isolated regions have certificates of other authorities.
        let is_elsewhere = |region: String| region.starts_with("cn-") || region.contains("-iso");
        if region.or(default_region).is_some_and(is_elsewhere) { Self::Machine } else { roots }
    }

    /// The TLS settings that trust these roots.
    ///
    /// # Errors
    /// If the bundle cannot be used.
    pub(crate) fn tls_context(&self) -> Result<TlsContext, ConfigFault> {
        let store = match self {
            Self::Bundle(path) => {
                let Bundle(pem) = Bundle::read(path).map_err(ConfigFault::Bundle)?;
                TrustStore::empty().with_pem_certificate(pem)
            }
            Self::Machine => TrustStore::default(),
            Self::Amazon => TrustStore::empty().with_pem_certificate(AMAZON_TRUST_SERVICES),
        };
        TlsContext::builder().with_trust_store(store).build().map_err(|_| ConfigFault::Roots)
    }
}

/// The bytes of a PEM file whose certificates can all be used as roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle(pub(crate) Vec<u8>);

/// A file that is not a bundle of roots.
#[derive(Debug, thiserror::Error)]
pub enum BundleFault {
    /// The file cannot be read.
    #[error("`{}` cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// The file contains no certificates, or an unusable one.
    #[error("`{}` is not a list of usable PEM certificates", .0.display())]
    Unusable(PathBuf),
}

impl Bundle {
    /// Reads a PEM file.
    ///
    /// # Errors
    /// If a certificate in it cannot be used as a root, or there is none.
    pub fn read(path: &Path) -> Result<Self, BundleFault> {
        let unusable = || BundleFault::Unusable(path.to_owned());
        let pem = fs::read(path).map_err(|error| BundleFault::Unreadable { path: path.to_owned(), error })?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|_| unusable())?;
            roots.add(certificate).map_err(|_| unusable())?;
        }
        if roots.is_empty() { Err(unusable()) } else { Ok(Self(pem)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_five_roots_of_amazon_are_compiled_in() {
        assert_eq!(CertificateDer::pem_slice_iter(AMAZON_TRUST_SERVICES).flatten().count(), 5);
    }

    #[test]
    fn the_environment_chooses_the_roots() {
        let check = |variables: &[(&str, &str)], expected: Roots| {
            let found = Roots::of_variables(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
            assert_eq!(found, expected, "{variables:?}");
        };
        check(&[("AWS_REGION", "eu-west-1")], Roots::Amazon);
        check(&[("AWS_REGION", "cn-north-1")], Roots::Machine);
        check(&[("AWS_DEFAULT_REGION", "cn-north-1")], Roots::Machine);
        check(&[("AWS_DEFAULT_REGION", "us-iso-east-1"), ("AWS_REGION", "")], Roots::Machine);
        check(&[("AWS_DEFAULT_REGION", "cn-north-1"), ("AWS_REGION", "eu-west-1")], Roots::Amazon);
        check(&[("AWS_ENDPOINT_URL_CODEBUILD", "https://codebuild.example.com")], Roots::Machine);
        check(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")], Roots::Amazon);
        check(&[("SSL_CERT_FILE", "/etc/roots.pem")], Roots::Machine);
        check(&[("SSL_CERT_FILE", "/a.pem"), ("AWS_CA_BUNDLE", "/b.pem")], Roots::Bundle("/b.pem".into()));
    }
}
