//! The attributes of `aws_codebuild_project` and `aws_codebuild_webhook`, under the API's names.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/codebuild_project>,
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/codebuild_webhook>

use buildbrake_core::scan::{Given, PlannedProject, Setting};

use super::{
    configuration::Configuration,
    values::{Marked, list},
};
use crate::scan::Destination;

/// A webhook, and the project that it belongs to.
pub(super) struct Webhook {
    settings: Given,
    project: ProjectOfWebhook,
}

/// The project of a webhook, as far as it is known.
struct ProjectOfWebhook {
    name: Option<String>,
    /// The address of a resource, without the key of an instance.
    address: Option<String>,
}

impl Webhook {
    pub(super) fn new(address: &str, values: Marked, configuration: &Configuration) -> Self {
        let project =
            ProjectOfWebhook { name: values.text("project_name"), address: configuration.project_of(address) };
        let filter = |filter: &Marked| {
            filter.structure(&[
                ("type", "type"),
                ("pattern", "pattern"),
                ("excludeMatchedPattern", "exclude_matched_pattern"),
            ])
        };
        let groups = list(values.blocks("filter_group"), |group| list(group.blocks("filter"), filter));
        let scope = values.block("scope_configuration").structure(&[
            ("name", "name"),
            ("domain", "domain"),
            ("scope", "scope"),
        ]);
        let approval = values.block("pull_request_build_policy").structure(&[
            ("requiresCommentApproval", "requires_comment_approval"),
            ("approverRoles", "approver_roles"),
        ]);
        let further = [("filterGroups", groups), ("scopeConfiguration", scope), ("pullRequestBuildPolicy", approval)];
        let settings = values.with(
            &[("branchFilter", "branch_filter"), ("buildType", "build_type"), ("manualCreation", "manual_creation")],
            named(further),
        );
        Self { settings, project }
    }

    /// Returns whether it belongs to a project. `None` if that is unknown.
    fn belongs_to(&self, address: &str, name: Option<&str>) -> Option<bool> {
        let ProjectOfWebhook { name: named, address: of } = &self.project;
        match (named, name, of) {
            (Some(named), Some(name), _) => Some(named == name),
            (_, _, Some(of)) if without_keys(address) != *of => Some(false),
            // The instances of a project may have a webhook each.
            (None, _, Some(_)) if !address.ends_with(']') => Some(true),
            _ => None,
        }
    }
}

/// Removes the keys of instances from an address: `module.a["x"].aws_codebuild_project.b[0]` becomes
/// `module.a.aws_codebuild_project.b`.
pub(super) fn without_keys(address: &str) -> String {
    let (mut plain, mut is_quoted, mut depth) = (String::new(), false, 0_usize);
    let mut letters = address.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if is_quoted => drop(letters.next()),
            '"' if depth > 0 => is_quoted = !is_quoted,
            '[' if !is_quoted => depth += 1,
            ']' if !is_quoted => depth = depth.saturating_sub(1),
            letter if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    plain
}

/// The settings of a project.
pub(super) fn settings(
    address: &str,
    values: Marked,
    webhooks: &[Webhook],
    may_have_default_tags: bool,
    destination: &Destination,
) -> PlannedProject {
    let mut members: Vec<(String, Setting)> = [
        ("name", "name"),
        ("description", "description"),
        ("sourceVersion", "source_version"),
        ("serviceRole", "service_role"),
        ("timeoutInMinutes", "build_timeout"),
        ("queuedTimeoutInMinutes", "queued_timeout"),
        ("encryptionKey", "encryption_key"),
        ("concurrentBuildLimit", "concurrent_build_limit"),
        ("projectVisibility", "project_visibility"),
        ("publicProjectAlias", "public_project_alias"),
        ("resourceAccessRole", "resource_access_role"),
        ("autoRetryLimit", "auto_retry_limit"),
    ]
    .map(|(member, attribute)| (member.to_owned(), values.get(attribute).nowhere()))
    .to_vec();
    let badge = values.structure(&[("badgeEnabled", "badge_enabled")]);
    let sources = || values.blocks("secondary_sources");
    members.extend(named([
        ("source", source(&values.block("source"))),
        ("secondarySources", list(sources(), source)),
        (
            "secondarySourceVersions",
            list(values.blocks("secondary_source_version"), |one| {
                one.structure(&[("sourceIdentifier", "source_identifier"), ("sourceVersion", "source_version")])
            }),
        ),
        ("artifacts", artifacts(&values.block("artifacts"))),
        ("secondaryArtifacts", list(values.blocks("secondary_artifacts"), artifacts)),
        (
            "cache",
            values.block("cache").structure(&[
                ("type", "type"),
                ("location", "location"),
                ("modes", "modes"),
                ("cacheNamespace", "cache_namespace"),
            ]),
        ),
        ("environment", environment(&values.block("environment"))),
        ("tags", tags(&values, may_have_default_tags)),
        (
            "vpcConfig",
            values.block("vpc_config").structure(&[
                ("vpcId", "vpc_id"),
                ("subnets", "subnets"),
                ("securityGroupIds", "security_group_ids"),
            ]),
        ),
        ("badge", badge),
        ("logsConfig", logs(&values.block("logs_config"))),
        (
            "fileSystemLocations",
            list(values.blocks("file_system_locations"), |one| {
                one.structure(&[
                    ("type", "type"),
                    ("location", "location"),
                    ("mountPoint", "mount_point"),
                    ("identifier", "identifier"),
                    ("mountOptions", "mount_options"),
                ])
            }),
        ),
        ("buildBatchConfig", batch(&values.block("build_batch_config"))),
        ("webhook", webhook(address, values.text("name").as_deref(), webhooks)),
    ]));
    let arn = values.text("arn");
    let part = |colons: usize| {
        let part = arn.as_deref().and_then(|arn| arn.split(':').nth(colons));
        part.filter(|part| !part.is_empty()).map(str::to_owned)
    };
    let region = part(3).or_else(|| match values.get("region") {
        Given::Text(region) => Some(region),
        // It may be another one than the provider's.
        Given::Unknown(_) => None,
        _ => destination.region.clone(),
    });
    PlannedProject::new(&members, part(4).or_else(|| destination.account.clone()), region)
}

fn named<const N: usize>(members: [(&str, Given); N]) -> Vec<(String, Setting)> {
    members.map(|(name, value)| (name.to_owned(), value.nowhere())).into()
}

fn source(source: &Marked) -> Given {
    let submodules = source.block("git_submodules_config").structure(&[("fetchSubmodules", "fetch_submodules")]);
    let auth = source.block("auth").structure(&[("type", "type"), ("resource", "resource")]);
    let status = source.block("build_status_config").structure(&[("context", "context"), ("targetUrl", "target_url")]);
    source.with(
        &[
            ("type", "type"),
            ("location", "location"),
            ("gitCloneDepth", "git_clone_depth"),
            ("buildspec", "buildspec"),
            ("reportBuildStatus", "report_build_status"),
            ("insecureSsl", "insecure_ssl"),
            ("sourceIdentifier", "source_identifier"),
        ],
        named([("gitSubmodulesConfig", submodules), ("auth", auth), ("buildStatusConfig", status)]),
    )
}

fn artifacts(artifacts: &Marked) -> Given {
    artifacts.structure(&[
        ("type", "type"),
        ("location", "location"),
        ("path", "path"),
        ("namespaceType", "namespace_type"),
        ("name", "name"),
        ("packaging", "packaging"),
        ("overrideArtifactName", "override_artifact_name"),
        ("encryptionDisabled", "encryption_disabled"),
        ("artifactIdentifier", "artifact_identifier"),
        ("bucketOwnerAccess", "bucket_owner_access"),
    ])
}

fn environment(environment: &Marked) -> Given {
    let variables = list(environment.blocks("environment_variable"), |variable| {
        variable.structure(&[("name", "name"), ("value", "value"), ("type", "type")])
    });
    let registry = environment
        .block("registry_credential")
        .structure(&[("credential", "credential"), ("credentialProvider", "credential_provider")]);
    let server = environment
        .block("docker_server")
        .structure(&[("computeType", "compute_type"), ("securityGroupIds", "security_group_ids")]);
    let fleet = environment.block("fleet").structure(&[("fleetArn", "fleet_arn")]);
    environment.with(
        &[
            ("type", "type"),
            ("image", "image"),
            ("computeType", "compute_type"),
            ("privilegedMode", "privileged_mode"),
            ("certificate", "certificate"),
            ("imagePullCredentialsType", "image_pull_credentials_type"),
            ("hostKernel", "host_kernel"),
        ],
        named([
            ("environmentVariables", variables),
            ("registryCredential", registry),
            ("dockerServer", server),
            ("fleet", fleet),
        ]),
    )
}

fn logs(logs: &Marked) -> Given {
    let cloud_watch = logs.block("cloudwatch_logs").structure(&[
        ("status", "status"),
        ("groupName", "group_name"),
        ("streamName", "stream_name"),
    ]);
    let s3 = logs.block("s3_logs").structure(&[
        ("status", "status"),
        ("location", "location"),
        ("encryptionDisabled", "encryption_disabled"),
        ("bucketOwnerAccess", "bucket_owner_access"),
    ]);
    logs.with(&[], named([("cloudWatchLogs", cloud_watch), ("s3Logs", s3)]))
}

fn batch(batch: &Marked) -> Given {
    let restrictions = batch.block("restrictions").structure(&[
        ("maximumBuildsAllowed", "maximum_builds_allowed"),
        ("computeTypesAllowed", "compute_types_allowed"),
    ]);
    batch.with(
        &[
            ("serviceRole", "service_role"),
            ("combineArtifacts", "combine_artifacts"),
            ("timeoutInMins", "timeout_in_mins"),
        ],
        named([("restrictions", restrictions)]),
    )
}

/// The tags, with the provider's default tags. The provider leaves `tags_all` unknown if it is empty.
fn tags(values: &Marked, may_have_default_tags: bool) -> Given {
    let all = match (values.get("tags_all"), values.get("tags")) {
        (Given::Nothing, tags) => tags,
        (Given::Unknown(_), Given::Nothing) if !may_have_default_tags => Given::Nothing,
        (Given::Unknown(_), Given::Structure(tags)) if tags.is_empty() && !may_have_default_tags => Given::Nothing,
        (all, _) => all,
    };
    match all {
        Given::Structure(tags) => {
            let tags = tags.into_iter().map(|(key, value)| {
                Given::Structure(vec![("key".to_owned(), Given::text(key)), ("value".to_owned(), value)]).nowhere()
            });
            Given::List(tags.collect())
        }
        other => other,
    }
}

/// The webhook of a project.
fn webhook(address: &str, name: Option<&str>, webhooks: &[Webhook]) -> Given {
    let belong = |webhook: &Webhook| webhook.belongs_to(address, name);
    if let Some(webhook) = webhooks.iter().find(|webhook| belong(webhook) == Some(true)) {
        return webhook.settings.clone();
    }
    match webhooks.iter().any(|webhook| belong(webhook).is_none()) {
        true => Given::Unknown("the plan does not show whether a webhook belongs to the project".to_owned()),
        false => Given::Nothing,
    }
}
