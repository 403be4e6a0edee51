//! The configuration of calls to AWS: credentials, region, endpoints, proxies, trusted roots,
//! timeouts, retries.

use std::{env::VarError, time::Duration};

use aws_config::{
    BehaviorVersion, ConfigLoader, Region, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    retry::{RetryConfig, RetryMode},
    timeout::TimeoutConfig,
};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_codebuild::config::{Credentials, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{self, rustls_provider::CryptoMode},
};

use crate::{
    profile::NamedProfile,
    trust::{BundleFault, Roots},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// For a developer's machine that connects over a proxy to a region on the other side of the world.
const LONG_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The configuration of all calls to AWS.
#[derive(Clone, Debug)]
pub struct AwsConfig {
    /// For an event: the build should be stopped within seconds. Three attempts of at most two
    /// seconds fit into one operation.
    pub(crate) prompt: SdkConfig,
    /// For a sweep, which has minutes, and shares the account's request rate with all others.
    pub(crate) patient: SdkConfig,
    /// For reading the history of an account, which may take hours, over any connection.
    pub(crate) unhurried: SdkConfig,
}

/// A setting of the environment that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// The bundle cannot be used.
    #[error("AWS_CA_BUNDLE: {0}")]
    Bundle(BundleFault),
    /// The trusted roots cannot be used.
    #[error("the trusted root certificates cannot be loaded; name others in AWS_CA_BUNDLE")]
    Roots,
    /// `AWS_MAX_ATTEMPTS` is not a valid number.
    #[error("AWS_MAX_ATTEMPTS: `{0}` is not a number of attempts; set 1 or more")]
    MaxAttempts(String),
    /// `AWS_RETRY_MODE` is not a retry mode.
    #[error("AWS_RETRY_MODE: `{0}` is not a retry mode; set `standard` or `adaptive`")]
    RetryMode(String),
    /// The files with the profiles of the AWS CLI cannot be read.
    #[error("the profiles of the AWS CLI cannot be read: {0}")]
    ProfileFiles(String),
    /// The profile is in neither file.
    #[error("the profile `{0}` does not exist; correct its name, or add it with `aws configure --profile {0}`")]
    NoProfile(String),
}

/// The command line's options for AWS.
#[derive(Clone, Debug, Default)]
pub struct AwsOptions {
    /// `--profile`
    pub profile: Option<String>,
    /// `--region`
    pub region: Option<String>,
    /// `--endpoint-url`
    pub endpoint_url: Option<String>,
}

impl AwsConfig {
    /// The function's configuration, from environment variables alone: no file, no metadata
    /// service and no other provider is asked, at the start or later.
    ///
    /// # Errors
    /// All unusable variables at once.
    pub async fn for_function() -> Result<Self, Vec<ConfigFault>> {
        let (http_client, retries) = checked(http_client(&Roots::for_function(), ProxyConfig::from_env()))?;
        let loader = defaults(http_client)
            .profile_files(no_files())
            .region(EnvironmentVariableRegionProvider::new())
            .credentials_provider(EnvironmentVariableCredentialsProvider::new());
        Ok(Self::load(loader, retries).await)
    }

    /// The command line's configuration: the whole chain of the AWS CLI, as far as this crate's user enables the
    /// features of `aws-config`. With a profile, uses its credentials, or those of the machine if it has none.
    ///
    /// # Errors
    /// All unusable variables at once, or a profile that does not exist.
    pub async fn for_command_line(options: AwsOptions) -> Result<Self, Vec<ConfigFault>> {
        let (http_client, retries) = checked(http_client(&Roots::for_command_line(), ProxyConfig::from_env()))?;
        let mut loader = defaults(http_client.clone());
        let region = options.region.map(Region::new);
        if let Some(name) = options.profile {
            let profile = NamedProfile::find(&name).await.map_err(|fault| vec![fault])?;
            let credentials = profile.credentials(region.clone(), http_client, timeouts(2, 8), retries.config(3, 1));
            loader = loader.credentials_provider(credentials.await).profile_name(name);
        }
        if let Some(region) = region {
            loader = loader.region(region);
        }
        if let Some(endpoint_url) = options.endpoint_url {
            loader = loader.endpoint_url(endpoint_url);
        }
        Ok(Self::load(loader, retries).await)
    }

    /// The region, if one is configured.
    pub fn region(&self) -> Option<&str> {
        self.prompt.region().map(Region::as_ref)
    }

    /// A configuration for an endpoint on this machine, which needs no credentials.
    pub async fn for_local_endpoint(endpoint_url: &str, region: &str) -> Self {
        let loader = local(region).endpoint_url(endpoint_url).credentials_provider(Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "none",
            None,
            None,
            "local",
        ));
        Self::load(loader, Retries::default()).await
    }

    /// A configuration with which every call fails at once, before it reaches the network.
    pub async fn offline(region: &str) -> Self {
        let loader = local(region).no_credentials();
        Self::load(loader, Retries::default()).await
    }

    async fn load(loader: ConfigLoader, retries: Retries) -> Self {
        let prompt = loader.timeout_config(timeouts(2, 8)).retry_config(retries.config(3, 1)).load().await;
        let patient = prompt.to_builder().timeout_config(timeouts(5, 30)).retry_config(retries.config(10, 5)).build();
        let unhurried = timeouts(60, 300).into_builder().connect_timeout(LONG_CONNECT_TIMEOUT).build();
        let unhurried =
            patient.to_builder().timeout_config(unhurried).retry_config(retries.sparing().config(10, 5)).build();
        Self { prompt, patient, unhurried }
    }
}

/// Returns the HTTP client and the retries that the environment asks for, or the faults of both.
fn checked(
    http_client: Result<SharedHttpClient, ConfigFault>,
) -> Result<(SharedHttpClient, Retries), Vec<ConfigFault>> {
    match (http_client, Retries::parse(|name| std::env::var(name))) {
        (Ok(http_client), Ok(retries)) => Ok((http_client, retries)),
        (http_client, retries) => {
            Err(http_client.err().into_iter().chain(retries.err().into_iter().flatten()).collect())
        }
    }
}

fn defaults(http_client: SharedHttpClient) -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client)
        // The answers are small; the timeout of an attempt covers a body that stalls.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// Reads neither files nor the environment's region and credentials.
fn local(region: &str) -> ConfigLoader {
    defaults(Builder::new().build_http()).profile_files(no_files()).region(Region::new(region.to_owned()))
}

fn no_files() -> EnvConfigFiles {
    EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "").build()
}

/// TLS by ring: aws-lc gathers jitter entropy at its first use, some 50 ms of CPU (aws-lc-rs#1140).
fn http_client(roots: &Roots, proxies: ProxyConfig) -> Result<SharedHttpClient, ConfigFault> {
    let tls_context = roots.tls_context()?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(proxies.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        let ring = tls::Provider::Rustls(CryptoMode::Ring);
        connector.tls_provider(ring).tls_context(tls_context.clone()).build()
    }))
}

/// Timeouts for one attempt and for one operation with all its attempts, in seconds. The SDK has
/// none by default.
fn timeouts(attempt: u64, operation: u64) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(Duration::from_secs(attempt))
        .operation_timeout(Duration::from_secs(operation))
        .build()
}

/// The retries that the environment asks for.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Retries {
    max_attempts: Option<u32>,
    mode: Option<RetryMode>,
}

impl Retries {
    fn parse(variable: impl Fn(&str) -> Result<String, VarError>) -> Result<Self, Vec<ConfigFault>> {
        let set = |name| variable(name).ok().filter(|text| !text.is_empty());
        let max_attempts = set("AWS_MAX_ATTEMPTS").map(|text| match text.parse() {
            Ok(attempts @ 1..) => Ok(attempts),
            _ => Err(ConfigFault::MaxAttempts(text)),
        });
        let mode = set("AWS_RETRY_MODE").map(|text| text.parse().map_err(|_| ConfigFault::RetryMode(text)));
        match (max_attempts.transpose(), mode.transpose()) {
            (Ok(max_attempts), Ok(mode)) => Ok(Self { max_attempts, mode }),
            (max_attempts, mode) => Err(max_attempts.err().into_iter().chain(mode.err()).collect()),
        }
    }

    /// Lets the SDK limit the rate of calls unless the environment sets a mode. The SDK lowers the rate whenever the
    /// service throttles: others in the account need the rate, too.
    fn sparing(self) -> Self {
        Self { mode: self.mode.or(Some(RetryMode::Adaptive)), ..self }
    }

    /// The retry configuration, with these defaults: the number of attempts, and the longest pause between two of
    /// them in seconds.
    fn config(self, max_attempts: u32, max_backoff: u64) -> RetryConfig {
        RetryConfig::standard()
            .with_retry_mode(self.mode.unwrap_or(RetryMode::Standard))
            .with_max_attempts(self.max_attempts.unwrap_or(max_attempts))
            .with_initial_backoff(Duration::from_millis(200))
            .with_max_backoff(Duration::from_secs(max_backoff))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::{SocketAddr, TcpListener, TcpStream},
        time::Instant,
    };

    use aws_credential_types::{
        credential_fn::provide_credentials_fn,
        provider::{SharedCredentialsProvider, error::CredentialsError},
    };
    use socket2::{Domain, Socket, Type};

    use super::*;
    use crate::{
        CallError, Class,
        codebuild::{Client, get_project},
    };

    #[test]
    fn the_environment_chooses_the_retries() {
        let parse = |variables: &'static [(&str, &str)]| {
            Retries::parse(|name| {
                let found = variables.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
            })
        };
        assert_eq!(parse(&[]).unwrap().config(3, 1).max_attempts(), 3);
        let retries = parse(&[("AWS_MAX_ATTEMPTS", "7"), ("AWS_RETRY_MODE", "adaptive")]).unwrap().config(3, 1);
        assert_eq!((retries.max_attempts(), retries.mode()), (7, RetryMode::Adaptive));
        let faults = parse(&[("AWS_MAX_ATTEMPTS", "0"), ("AWS_RETRY_MODE", "often")]).unwrap_err();
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "AWS_MAX_ATTEMPTS: `0` is not a number of attempts; set 1 or more",
                "AWS_RETRY_MODE: `often` is not a retry mode; set `standard` or `adaptive`",
            ]
        );
    }

    /// Makes a call to an address over the function's HTTP client. Returns its error, and how long it took.
    async fn call(address: SocketAddr, credentials: SharedCredentialsProvider) -> (CallError, Duration) {
        let http_client = http_client(&Roots::Amazon, ProxyConfig::disabled()).unwrap();
        let loader = defaults(http_client)
            .profile_files(no_files())
            .endpoint_url(format!("http://{address}"))
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(credentials);
        let once = Retries { max_attempts: Some(1), mode: None };
        let client = Client::new(&AwsConfig::load(loader, once).await.prompt);
        let begun = Instant::now();
        (get_project(&client, "shop").await.unwrap_err(), begun.elapsed())
    }

    fn some_credentials() -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Credentials::new("AKIAIOSFODNN7EXAMPLE", "none", None, None, "test"))
    }

    fn nobodys_address() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[tokio::test]
    async fn missing_credentials_and_a_missing_connection_have_different_messages() {
        let (error, _) = call(nobodys_address(), some_credentials()).await;
        assert_eq!((error.class, error.message.as_str()), (Class::ConnectionFault, "no connection to CodeBuild"));
        let without = SharedCredentialsProvider::new(provide_credentials_fn(async || {
            Err(CredentialsError::not_loaded("a text that must not be quoted"))
        }));
        let (error, _) = call(nobodys_address(), without).await;
        assert_eq!(
            (error.class, error.message.as_str()),
            (Class::ConnectionFault, "no credentials for CodeBuild: none were found")
        );
    }

    #[tokio::test]
    async fn the_connect_timeout_reaches_the_http_client() {
        // When a listener's queue is full, Linux does not answer further connections.
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let _first = TcpStream::connect(address).unwrap();
        let (error, took) = call(address, some_credentials()).await;
        assert_eq!(error.class, Class::TimedOut);
        assert!(took < Duration::from_millis(1800), "{took:?}: longer than {CONNECT_TIMEOUT:?}");
    }
}
