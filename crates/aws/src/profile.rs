//! The credentials of a profile of the AWS CLI that the user names.

use aws_config::{
    BehaviorVersion, Region,
    ecs::EcsCredentialsProvider,
    environment::EnvironmentVariableRegionProvider,
    imds::credentials::ImdsCredentialsProvider,
    meta::{credentials::CredentialsProviderChain, region::RegionProviderChain},
    profile::{self, ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_codebuild::config::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};

use crate::config::ConfigFault;

/// A profile that is in a file of the AWS CLI.
pub(crate) struct NamedProfile<'a>(&'a str);

impl<'a> NamedProfile<'a> {
    /// Finds the profile.
    ///
    /// # Errors
    /// If the files cannot be read, or if the profile is in neither of them.
    pub(crate) async fn find(name: &'a str) -> Result<Self, ConfigFault> {
        let files = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
        match files {
            Err(error) => Err(ConfigFault::ProfileFiles(error.to_string())),
            Ok(profiles) if profiles.get_profile(name).is_none() => Err(ConfigFault::NoProfile(name.to_owned())),
            Ok(_) => Ok(Self(name)),
        }
    }

    /// The profile's credentials. As in the AWS CLI, keys in the environment are ignored, and a profile without
    /// credentials uses those of the machine. `region` is the `--region` option, for the calls that fetch the
    /// credentials.
    pub(crate) async fn credentials(
        &self,
        region: Option<Region>,
        http_client: SharedHttpClient,
        timeouts: TimeoutConfig,
        retries: RetryConfig,
    ) -> CredentialsProviderChain {
        let config = ProviderConfig::without_region()
            .with_behavior_version(Some(BehaviorVersion::v2026_01_12()))
            .with_http_client(http_client)
            .with_timeout_config(timeouts)
            .with_retry_config(retries);
        let region = match region {
            Some(region) => Some(region),
            None => {
                let of_profile = ProfileFileRegionProvider::builder().profile_name(self.0).build();
                let regions = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
                regions.or_else(of_profile).region().await
            }
        };
        let config = config.with_region(region);
        let profile = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(self.0).build();
        CredentialsProviderChain::first_try("Profile", profile)
            .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&config).build())
            .or_else("Ec2InstanceMetadata", ImdsCredentialsProvider::builder().configure(&config).build())
    }
}
