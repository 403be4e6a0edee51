//! One call per event and nothing else: the least that a `StopBuild`, or a `BatchGetBuilds` for an
//! event without details, can cost with the AWS SDK for Rust. It trusts `AWS_CA_BUNDLE`, or else
//! the machine's own certificates.

use std::{
    env, fs,
    io::{self, Write},
};

use aws_config::BehaviorVersion;
use aws_sdk_codebuild::Client;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let trusted = match env::var("AWS_CA_BUNDLE") {
        Ok(file) => TrustStore::empty().with_pem_certificate(fs::read(file)?),
        Err(_) => TrustStore::default(),
    };
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(TlsContext::builder().with_trust_store(trusted).build()?)
        .build_https();
    let client = Client::new(&aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).load().await);
    let handler = service_fn(async |event: LambdaEvent<Value>| call(&client, &event.payload).await);
    lambda_runtime::run(handler).await
}

async fn call(client: &Client, event: &Value) -> Result<Value, Error> {
    let arn = event["detail"]["build-id"].as_str().ok_or("no build")?;
    let id = arn.rsplit_once('/').map_or(arn, |(_, id)| id);
    let build = match event["detail"].get("additional-information") {
        Some(_) => client.stop_build().id(id).send().await?.build_value,
        None => client.batch_get_builds().ids(id).send().await?.builds.and_then(|builds| builds.into_iter().next()),
    };
    let status = build.and_then(|build| build.build_status).map(|status| status.as_str().to_owned());
    let record = json!({"id": id, "status": status});
    io::stdout().write_all(format!("{record}\n").as_bytes())?;
    Ok(record)
}
