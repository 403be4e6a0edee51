//! The accounts and regions that a command uses.

use anyhow::{anyhow, bail};
use buildbrake_aws::config::{AwsConfig, AwsOptions};
use buildbrake_core::facts::vocabulary::{is_region, region_pattern};

/// An account and a region.
pub(crate) struct Connection {
    /// The profile of the AWS CLI, if one was named.
    pub(crate) profile: Option<String>,
    pub(crate) region: String,
    /// The configuration of calls to this account and region.
    pub(crate) config: AwsConfig,
}

impl Connection {
    /// Returns a connection for each profile in each region. If none is named, the environment chooses it. Calls no
    /// service.
    ///
    /// # Errors
    /// If a profile or the environment cannot be used, or there is no region.
    pub(crate) async fn all(
        profiles: &[String],
        regions: &[String],
        endpoint_url: Option<&str>,
    ) -> anyhow::Result<Vec<Self>> {
        let mut connections = Vec::new();
        for profile in or_default(&unique(profiles)) {
            for region in or_default(&unique(regions)) {
                connections.push(Self::new(profile.clone(), region, endpoint_url.map(str::to_owned)).await?);
            }
        }
        Ok(connections)
    }

    async fn new(
        profile: Option<String>,
        region: Option<String>,
        endpoint_url: Option<String>,
    ) -> anyhow::Result<Self> {
        let options = AwsOptions { profile: profile.clone(), region, endpoint_url };
        let config = AwsConfig::for_command_line(options).await.map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            anyhow!(faults.join("; "))
        })?;
        match (config.region().map(str::to_owned), &profile) {
            (Some(region), _) => Ok(Self { profile, region, config }),
            (None, Some(profile)) => {
                bail!("the profile `{profile}` has no region; add `--region`")
            }
            (None, None) => bail!("no region; add `--region`, or set AWS_REGION"),
        }
    }

    /// The profile, if one was named, and the region.
    pub(crate) fn name(&self) -> String {
        let parts = self.profile.iter().chain([&self.region]);
        parts.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// Parses the code of one region.
pub(crate) fn region(text: &str) -> Result<String, String> {
    const ONE_REGION: &str = "write the code of one region, as in `eu-west-1`";
    match region_pattern(text) {
        Ok(_) if is_region(text) => Ok(text.to_owned()),
        Ok(_) => Err(ONE_REGION.to_owned()),
        // The help is about patterns.
        Err(remark) if remark.help.contains('*') => Err(format!("{}; {ONE_REGION}", remark.message)),
        Err(remark) => Err(format!("{}; {}", remark.message, remark.help)),
    }
}

/// Removes duplicate names.
fn unique(names: &[String]) -> Vec<String> {
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        if !unique.contains(name) {
            unique.push(name.clone());
        }
    }
    unique
}

/// Returns the chosen names, or one `None`, for which the environment chooses.
fn or_default(chosen: &[String]) -> Vec<Option<String>> {
    if chosen.is_empty() { vec![None] } else { chosen.iter().cloned().map(Some).collect() }
}
