//! How AWS is asked: with which credentials and roots of trust, for how long, and what
//! its errors mean.

mod error;
mod trust;

use std::time::Duration;

use aws_config::{
    BehaviorVersion, ConfigLoader, retry::RetryConfig, stalled_stream_protection::StalledStreamProtectionConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::tls::{Provider, TlsContext, rustls_provider::CryptoMode};

pub use self::{
    error::{CallError, Class},
    trust::UntrustedRoots,
};

/// What the function and the command line ask AWS with: credentials, region and
/// endpoint from the standard `AWS_*` variables, TLS by ring.
///
/// The SDK itself waits for ever by default. Three attempts of at most two seconds
/// fit into the eight that one operation may take.
///
/// # Errors
/// Where `AWS_CA_BUNDLE` names no certificates.
pub fn config() -> Result<ConfigLoader, UntrustedRoots> {
    // The builder has no way to fail yet.
    let tls = TlsContext::builder().with_trust_store(trust::roots()?).build().unwrap_or_default();
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https();
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_millis(1000));
    Ok(aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(timeouts(2, 8))
        .retry_config(retries)
        // The answers are small; the timeout of an attempt covers a body that stalls.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled()))
}

/// How many seconds one attempt may take, and one operation with all its attempts.
pub(crate) fn timeouts(attempt: u64, operation: u64) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(attempt))
        .operation_attempt_timeout(Duration::from_secs(attempt))
        .operation_timeout(Duration::from_secs(operation))
        .build()
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::*;

    /// The SDK's own defaults wait for ever, so that each of these must be said.
    #[tokio::test]
    async fn no_call_waits_for_ever() {
        let config = config().unwrap().region(Region::new("us-east-1")).load().await;
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(1)));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(2)));
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(8)));
        assert_eq!(config.retry_config().unwrap().max_attempts(), 3);
    }
}
