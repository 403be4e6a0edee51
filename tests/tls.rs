//! Whose certificates the function trusts, seen over real TLS.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod common;

use std::{fs, path::PathBuf, sync::Arc};

use common::{
    codebuild::stopped,
    event,
    http::{Reply, serve_over},
    lambda::{Lambda, start_in_vain},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::{Value, json};

const POLICY: &str = "{version: 1, rules: [{id: protected-branches, forbidden-branches: [main]}]}";

/// A CodeBuild behind TLS, whose certificate an authority of our own has signed.
/// Its address, and the file with the authority's certificate.
fn codebuild(name: &str) -> (String, PathBuf) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let config = Arc::new(config);
    let address = serve_over(
        move |stream| StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream),
        |request| {
            let input: Value = serde_json::from_str(&request.body).unwrap();
            Reply::json(200, json!({"build": stopped(input["id"].as_str().unwrap())}))
        },
    );
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pem"));
    fs::write(&file, authority.pem()).unwrap();
    (format!("https://localhost:{}", address.port()), file)
}

/// A build that breaks the policy, with the endpoint behind TLS and one more setting.
fn record(endpoint: &str, setting: Option<(&str, &str)>) -> Value {
    let nobody = ([127, 0, 0, 1], 1).into();
    let settings: Vec<_> = [("AWS_ENDPOINT_URL_CODEBUILD", endpoint)].into_iter().chain(setting).collect();
    Lambda::start(POLICY, nobody, &settings).invoke(&event("forbidden-branch")).record()
}

#[test]
fn an_authority_named_by_a_variable_is_trusted() {
    let (endpoint, file) = codebuild("trusted");
    for variable in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
        let record = record(&endpoint, Some((variable, file.to_str().unwrap())));
        assert_eq!(record["outcome"], "stopped", "{variable}: {record}");
    }
}

#[test]
fn any_other_authority_is_not() {
    let (endpoint, _) = codebuild("untrusted");
    let (_, other) = codebuild("other");
    for setting in [None, Some(("AWS_CA_BUNDLE", other.to_str().unwrap()))] {
        let record = record(&endpoint, setting);
        assert_eq!(record["outcome"], "failed", "{setting:?}");
        assert_eq!(record["error"]["type"], "ConnectionFault", "{setting:?}");
    }
}

#[test]
fn a_bundle_without_certificates_fails_the_start_and_says_so() {
    let empty = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("empty.pem");
    fs::write(&empty, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for (file, expected) in
        [(empty.to_str().unwrap(), "is not a list of usable PEM certificates"), ("/nowhere.pem", "cannot be read")]
    {
        let (end, log) = start_in_vain(POLICY, &[("AWS_CA_BUNDLE", file)]);
        assert!(!end.success());
        assert!(log.contains("AWS_CA_BUNDLE") && log.contains(expected), "{log}");
    }
}
