//! How AWS is called: credentials, region, endpoints, trust roots, timeouts and retries.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_codebuild::config::StalledStreamProtectionConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

use crate::trust::{self, UntrustedRoots};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Loads the configuration from the standard `AWS_*` variables.
///
/// The SDK has no timeouts by default. Three attempts of at most two seconds fit into the eight
/// seconds that one operation may take.
///
/// # Errors
/// If `AWS_CA_BUNDLE` names a file without usable certificates.
pub async fn load() -> Result<SdkConfig, UntrustedRoots> {
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_millis(1000));
    let http_client = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .tls_context(trust::context()?)
        .build_https();
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client)
        .timeout_config(timeouts(2, 8))
        .retry_config(retries)
        // The answers are small; the timeout of an attempt covers a body that stalls.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    Ok(loader.load().await)
}

/// Timeouts for one attempt and for one operation with all its attempts, in seconds.
pub(crate) fn timeouts(attempt: u64, operation: u64) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(Duration::from_secs(attempt))
        .operation_timeout(Duration::from_secs(operation))
        .build()
}
