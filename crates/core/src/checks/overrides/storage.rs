//! Overrides of what a build may use, and of where it stores what it makes.

use super::{Override, differ, or_absent, settings::BuildSettings};
use crate::{
    facts::MissingFact,
    model::{CloudWatchLogsConfig, ProjectCache, S3LogsConfig},
};

type Difference = Result<Option<String>, MissingFact>;

/// A role's name and its ARN mean the same role.
pub(super) fn service_role(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let ours = ours.known(ours.service_role, "serviceRole")?.unwrap_or_default();
    let theirs = theirs.service_role.unwrap_or_default();
    let is_of = |arn: &str, name: &str| !name.contains([':', '/']) && arn.rsplit('/').next() == Some(name);
    Ok(differ(Override::ServiceRole, ours, theirs).filter(|_| !is_of(ours, theirs) && !is_of(theirs, ours)))
}

/// A key's ARN does not show its aliases.
pub(super) fn encryption_key(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let ours = KmsKey::read(ours.known(ours.encryption_key, "encryptionKey")?.unwrap_or_default());
    let theirs = KmsKey::read(theirs.encryption_key.unwrap_or_default());
    let is_same = match (ours.is_alias, theirs.is_alias) {
        (true, false) | (false, true) => {
            let why = "an ARN and an alias may name the same key".to_owned();
            return Err(MissingFact::Unknown { fact: "encryption key", why });
        }
        // One of them may be an ARN with account and region, and the other a name.
        _ => {
            ours.name == theirs.name && (ours.place.is_empty() || theirs.place.is_empty() || ours.place == theirs.place)
        }
    };
    Ok(differ(Override::EncryptionKey, ours.text, theirs.text).filter(|_| !is_same))
}

/// `arn:aws:kms:REGION:ACCOUNT:key/ID`, `arn:…:alias/NAME`, `alias/NAME` or `ID`.
struct KmsKey<'a> {
    text: &'a str,
    /// The part of the ARN before the name; empty without an ARN.
    place: &'a str,
    name: &'a str,
    is_alias: bool,
}

impl<'a> KmsKey<'a> {
    /// The key of a project that names none.
    /// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html>
    const DEFAULT: &'static str = "alias/aws/s3";

    fn read(text: &'a str) -> Self {
        let text = if text.is_empty() { Self::DEFAULT } else { text };
        let (place, name) = text.rsplit_once(':').unwrap_or(("", text));
        let (is_alias, name) = match name.strip_prefix("alias/") {
            Some(alias) => (true, alias),
            None => (false, name.strip_prefix("key/").unwrap_or(name)),
        };
        Self { text, place, name, is_alias }
    }
}

/// Compares the members that a Build and a Project have in common: the bucket, its encryption and the secondary
/// identifiers.
pub(super) fn artifacts(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let our_bucket = bucket(ours.known(ours.artifacts_location, "artifacts.location")?);
    let their_bucket = bucket(theirs.artifacts_location);
    if our_bucket != their_bucket {
        return Ok(differ(Override::Artifacts, our_bucket, their_bucket));
    }
    let is_unencrypted = ours.known(ours.is_artifact_unencrypted, "artifacts.encryptionDisabled")?.unwrap_or_default();
    if is_unencrypted != theirs.is_artifact_unencrypted.unwrap_or_default() {
        let words = if is_unencrypted { "without encryption" } else { "with encryption" };
        return Ok(Some(format!("artifacts {words}")));
    }
    let sorted = |identifiers: Option<Vec<&str>>| {
        let mut identifiers = identifiers.unwrap_or_default();
        identifiers.sort_unstable();
        identifiers.join(" ")
    };
    let ours = sorted(ours.known(ours.secondary_artifacts.clone(), "secondaryArtifacts")?);
    Ok(differ(Override::Artifacts, &ours, &sorted(theirs.secondary_artifacts.clone())))
}

/// Returns the bucket of a location. A build has the ARN of an object in the bucket, a project has its name.
fn bucket(location: Option<&str>) -> &str {
    let location = without_arn(location.unwrap_or_default());
    location.split('/').next().unwrap_or_default()
}

/// `bucket/path` of `arn:aws:s3:::bucket/path`.
fn without_arn(location: &str) -> &str {
    match location.strip_prefix("arn:") {
        Some(arn) => arn.rsplit_once(":::").map_or(location, |(_, path)| path),
        None => location,
    }
}

/// Compares the members that a Build and a Project have in common, without the group and the stream that CodeBuild
/// gave the build.
pub(super) fn logs(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let cloud_watch = |logs: Option<&CloudWatchLogsConfig>| {
        let logs = logs.cloned().unwrap_or_default();
        match logs.status.as_deref() {
            Some("DISABLED") => "DISABLED".to_owned(),
            _ => format!("CloudWatch {}", logs.group_name.unwrap_or_default()).trim_end().to_owned(),
        }
    };
    let s3 = |logs: Option<&S3LogsConfig>| {
        let logs = logs.cloned().unwrap_or_default();
        match logs.status.as_deref() {
            Some("ENABLED") => {
                let location = logs.location.unwrap_or_default();
                let location = without_arn(&location).trim_end_matches('/').to_owned();
                let encrypted = if logs.encryption_disabled == Some(true) { " without encryption" } else { "" };
                format!("S3 {location}{encrypted}")
            }
            _ => "no S3".to_owned(),
        }
    };
    let known = |is_given: bool, differs: Option<String>, member| match differs {
        // A Build may get this member later: until then, its value is unknown.
        Some(_) if !is_given => Err(MissingFact::Absent(member)),
        differs => Ok(differs),
    };
    if !ours.is_whole {
        let cloud_watch = [ours.known(ours.cloud_watch_logs, "logs.cloudWatchLogs")?, theirs.cloud_watch_logs];
        let [our_status, their_status] = cloud_watch.map(|logs| logs?.status.as_deref());
        ours.known_beside(our_status, their_status, "logs.cloudWatchLogs.status")?;
        let [our_group, their_group] = cloud_watch.map(|logs| logs?.group_name.as_deref());
        ours.known_beside(our_group, their_group, "logs.cloudWatchLogs.groupName")?;
        let s3 = [ours.known(ours.s3_logs, "logs.s3Logs")?, theirs.s3_logs];
        let [our_status, their_status] = s3.map(|logs| logs?.status.as_deref());
        ours.known_beside(our_status, their_status, "logs.s3Logs.status")?;
        let [our_location, their_location] = s3.map(|logs| logs?.location.as_deref());
        ours.known_beside(our_location, their_location, "logs.s3Logs.location")?;
    }
    let differs = differ(Override::Logs, &cloud_watch(ours.cloud_watch_logs), &cloud_watch(theirs.cloud_watch_logs));
    let in_cloud_watch = known(ours.cloud_watch_logs.is_some(), differs, "logs.cloudWatchLogs")?;
    let differs = differ(Override::Logs, &s3(ours.s3_logs), &s3(theirs.s3_logs));
    Ok(in_cloud_watch.or(known(ours.s3_logs.is_some(), differs, "logs.s3Logs")?))
}

pub(super) fn cache(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let kind = |cache: &ProjectCache| cache.r#type.clone().filter(|kind| !kind.is_empty() && kind != "NO_CACHE");
    let words = |cache: Option<&ProjectCache>| {
        let cache = cache.cloned().unwrap_or_default();
        let Some(kind) = kind(&cache) else { return String::new() };
        let location = cache.location.unwrap_or_default();
        let mut modes = cache.modes.unwrap_or_default();
        modes.sort_unstable();
        let modes = modes.join(" ");
        let words: Vec<&str> =
            [&kind, without_arn(&location), &modes].into_iter().filter(|word| !word.is_empty()).collect();
        words.join(" ")
    };
    let caches = [ours.known(ours.cache, "cache")?, theirs.cache];
    let [our_type, their_type] = caches.map(|cache| cache?.r#type.as_deref());
    ours.known_beside(our_type, their_type, "cache.type")?;
    if let [Some(our_kind), Some(their_kind)] = caches.map(|cache| cache.and_then(kind))
        && our_kind == their_kind
    {
        let [our_location, their_location] = caches.map(|cache| or_absent(cache?.location.clone()));
        ours.known_beside(our_location, their_location, "cache.location")?;
        let [our_modes, their_modes] = caches.map(|cache| cache?.modes.as_ref().filter(|modes| !modes.is_empty()));
        ours.known_beside(our_modes, their_modes, "cache.modes")?;
    }
    let [ours, theirs] = caches.map(words);
    Ok(differ(Override::Cache, &ours, &theirs))
}
