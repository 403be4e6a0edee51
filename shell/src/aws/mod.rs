//! How AWS is asked: with which credentials and roots of trust, for how long, and what
//! its errors mean.

mod environment;
mod error;
mod http;
mod trust;

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_codebuild::config::{
    BehaviorVersion, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_types::SdkConfig;

use self::{environment::Environment, http::Http};
pub use self::{
    error::{CallError, Class},
    trust::UntrustedRoots,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// What the function and the command line ask AWS with: credentials, region and
/// endpoint from the standard `AWS_*` variables, TLS by ring.
///
/// The SDK itself waits for ever by default. Three attempts of at most two seconds
/// fit into the eight that one operation may take.
///
/// # Errors
/// Where `AWS_CA_BUNDLE` names no certificates.
pub fn config() -> Result<SdkConfig, UntrustedRoots> {
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_millis(1000));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Environment::region())
        .credentials_provider(SharedCredentialsProvider::new(Environment))
        .service_config(Environment)
        .http_client(Http::new(trust::roots()?, CONNECT_TIMEOUT))
        .timeout_config(timeouts(2, 8))
        .retry_config(retries)
        // The answers are small; the timeout of an attempt covers a body that stalls.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_use_fips(Environment::switch("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(Environment::switch("AWS_USE_DUALSTACK_ENDPOINT"));
    Ok(config.build())
}

/// How many seconds one attempt may take, and one operation with all its attempts.
pub(crate) fn timeouts(attempt: u64, operation: u64) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(Duration::from_secs(attempt))
        .operation_timeout(Duration::from_secs(operation))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SDK's own defaults wait for ever, so that each of these must be said.
    #[test]
    fn no_call_waits_for_ever() {
        let config = config().unwrap();
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(1)));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(2)));
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(8)));
        assert_eq!(config.retry_config().unwrap().max_attempts(), 3);
    }
}
