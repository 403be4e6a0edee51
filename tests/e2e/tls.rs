//! The certificates that the function trusts, over real TLS.

use std::{fs, path::PathBuf};

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint},
    events::event,
    tls::Authority,
};
use serde_json::Value;

use crate::PROGRAM;

const POLICY: &str = "{version: 1, rules: [{id: protected-branches, forbidden-branches: [main]}]}";

/// A CodeBuild behind TLS, and the file with the certificate of its authority.
fn codebuild(name: &str) -> (Endpoint, PathBuf) {
    let (authority, codebuild) = (Authority::new(), CodeBuild::obliging());
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pem"));
    fs::write(&file, authority.pem()).unwrap();
    (Endpoint::open_over_tls(&authority, move |call| codebuild.answer(call)), file)
}

/// The record of a build that breaks the policy, with the endpoint behind TLS and at most one more setting.
fn record(codebuild: &Endpoint, setting: Option<(&str, &str)>) -> Value {
    let endpoint = format!("https://localhost:{}", codebuild.address.port());
    let settings: Vec<_> = [("AWS_ENDPOINT_URL_CODEBUILD", endpoint.as_str())].into_iter().chain(setting).collect();
    PROGRAM.start(POLICY, codebuild.address, &settings).invoke(&event("forbidden-branch")).record()
}

#[test]
fn an_authority_named_by_a_variable_is_trusted() {
    let (codebuild, file) = codebuild("trusted");
    for variable in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
        let record = record(&codebuild, Some((variable, file.to_str().unwrap())));
        assert_eq!(record["outcome"], "stopped", "{variable}: {record}");
    }
}

#[test]
fn any_other_authority_is_not() {
    let (untrusted, _) = codebuild("untrusted");
    let (_other, file) = codebuild("other");
    for setting in [None, Some(("AWS_CA_BUNDLE", file.to_str().unwrap()))] {
        let record = record(&untrusted, setting);
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
        let (end, log) = PROGRAM.start_in_vain(POLICY, &[("AWS_CA_BUNDLE", file)]);
        assert!(!end.success());
        assert!(log.contains("AWS_CA_BUNDLE") && log.contains(expected), "{log}");
    }
}
