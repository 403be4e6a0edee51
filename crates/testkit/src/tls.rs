//! A certificate authority for tests, and TLS servers on this machine with its certificates.

use std::{net::TcpStream, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// An authority that nobody trusts yet.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Makes an authority with a fresh key.
    pub fn new() -> Self {
        let mut authority = CertificateParams::default();
        // OpenSSL takes a certificate for self-signed if its issuer has the same name.
        authority.distinguished_name.push(DnType::CommonName, "an authority of the testkit");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Returns a function that turns a connection into the server's side of TLS, as `localhost`, `127.0.0.1` and,
    /// behind a proxy, `github.com`.
    pub fn transport(&self) -> impl Fn(TcpStream) -> StreamOwned<ServerConnection, TcpStream> + Send + Sync + 'static {
        let key = KeyPair::generate().unwrap();
        let names = ["localhost", "127.0.0.1", "github.com"].map(str::to_owned);
        let certificate = CertificateParams::new(names).unwrap();
        let certificate = certificate.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let config = Arc::new(config);
        move |stream| StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
