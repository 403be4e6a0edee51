//! A CodeBuild that answers `StopBuild` and `BatchGetBuilds` with one Build, over HTTP and over TLS.

use std::{
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::{Value, json};

use crate::http::{Answer, Request, serve};

/// Over plain HTTP.
pub fn plain() -> anyhow::Result<SocketAddr> {
    serve(Ok::<TcpStream, _>, answer)
}

/// Over TLS, as `localhost`; and the certificate of the authority that vouches for it.
pub fn tls() -> anyhow::Result<(SocketAddr, String)> {
    let mut authority = CertificateParams::default();
    // OpenSSL takes a certificate for self-signed where the issuer has the same name.
    authority.distinguished_name.push(DnType::CommonName, "the bench's authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    let config = Arc::new(config);
    let transport = move |stream| Ok(StreamOwned::new(ServerConnection::new(config.clone())?, stream));
    Ok((serve(transport, answer)?, authority.pem()))
}

/// Answers a call of `StopBuild` with a stopped Build and one of `BatchGetBuilds` with a running
/// one; returns `None` to close the connection.
fn answer(request: Request) -> Option<Answer> {
    let input: Value = serde_json::from_slice(&request.body).ok()?;
    let output = match input["ids"][0].as_str() {
        Some(id) => json!({"builds": [build(id, "IN_PROGRESS", "refs/heads/develop")], "buildsNotFound": []}),
        None => json!({"build": build(input["id"].as_str()?, "STOPPED", "refs/heads/main")}),
    };
    let mut answer = Answer::json(output.to_string().into_bytes());
    answer.headers = "content-type: application/x-amz-json-1.1\r\n".to_owned();
    Some(answer)
}

fn build(id: &str, status: &str, source_version: &str) -> Value {
    json!({
        "id": id,
        "arn": format!("arn:aws:codebuild:eu-west-1:111122223333:build/{id}"),
        "projectName": "shop-api",
        "buildNumber": 4,
        "startTime": 1_602_710_932.5,
        "endTime": 1_602_710_990.25,
        "buildStatus": status,
        "buildComplete": status == "STOPPED",
        "currentPhase": if status == "STOPPED" { "COMPLETED" } else { "BUILD" },
        "sourceVersion": source_version,
        "source": {"type": "GITHUB", "location": "https://github.com/acme/shop-api.git", "gitCloneDepth": 1},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "STAGE", "value": "beta", "type": "PLAINTEXT"}],
            "privilegedMode": false
        },
        "logs": {"groupName": "/aws/codebuild/shop-api"},
        "timeoutInMinutes": 45,
        "queuedTimeoutInMinutes": 480,
        "initiator": "Developer/alice"
    })
}
