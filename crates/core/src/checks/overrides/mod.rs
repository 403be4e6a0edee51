//! `forbidden-overrides`: the settings in which a build must not differ from its project. The check compares
//! the build with the project, not the arguments of StartBuild, which can repeat the project's own values.
//! For a build of a batch, it compares the batch, because the batch's buildspec may choose image, machine and
//! variables of each build.

mod environment;
mod kind;
mod settings;
mod source;
mod storage;
#[cfg(test)]
mod tests;

pub(crate) use self::kind::Override;
use self::settings::BuildSettings;
use super::{Answer, Check, CheckDocs, CheckKind, CheckOption, IamView, OptionKind};
use crate::{
    duration::Duration,
    facts::{Facts, MissingFact},
    model::{
        Project,
        name::{ACCOUNT, REGION, arn_part},
    },
};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-overrides",
    about: CheckDocs {
        breaks_when: "The build differs from its project in one of these: `image`, `compute`, `privileged`, `host-kernel`, `certificate`, `registry`, `variables`, `source`, `source-auth`, `insecure-ssl`, `source-version`, `secondary-sources`, `buildspec`, `timeout`, `queued-timeout`, `service-role`, `encryption-key`, `artifacts`, `logs`, `cache`, `debug-session`, `auto-retry`.",
        why: "Anyone who may start a build can override its project's settings, and so run other code on other machines with the project's role.",
        example: "[image, privileged]",
        project: Some(r#"{"environment": {"image": "aws/codebuild/standard:7.0", "privilegedMode": false}}"#),
        running: None,
        allowed: r#"{"environment": {"image": "aws/codebuild/standard:7.0", "privilegedMode": false}}"#,
        stopped: r#"{"environment": {"image": "docker.io/somebody/tools:1", "privilegedMode": false}}"#,
        reads: &[
            "what the kinds name",
            "startTime",
            "initiator",
            "the same of the batch",
            "the same of the project",
            "lastModified of the project",
        ],
    },
    option: OptionKind::Overrides(|overrides| Box::new(ForbiddenOverrides { overrides })),
    iam: IamView::NoKey("no condition key contains the settings of the project"),
};

struct ForbiddenOverrides {
    overrides: Vec<Override>,
}

impl Check for ForbiddenOverrides {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let ours = match facts.batch() {
            Ok(Some(batch)) => BuildSettings::of_batch(batch),
            Ok(None) => BuildSettings::of_build(facts),
            Err(missing) => return Answer::Unknown(missing),
        };
        let project = facts.project_at_start();
        let (mut found, mut missing) = (Vec::new(), None);
        for one in &self.overrides {
            match overridden(*one, facts, &ours, &project) {
                Ok(difference) => found.extend(difference),
                Err(fact) => missing = Some(facts.settling(missing, fact)),
            }
        }
        match missing {
            _ if !found.is_empty() => Answer::Broken(found.join(", ")),
            Some(fact) => Answer::Unknown(fact),
            None => Answer::Pass,
        }
    }

    fn option(&self) -> CheckOption<'_> {
        CheckOption::ForbiddenOverrides(&self.overrides)
    }
}

/// Describes the difference between build and project in one setting. `None` if there is none, or if the
/// starter of the build sets it by design.
fn overridden(
    one: Override,
    facts: &Facts<'_>,
    ours: &BuildSettings<'_>,
    project: &Result<&Project, MissingFact>,
) -> Result<Option<String>, MissingFact> {
    // A project has no debug session.
    if one == Override::DebugSession {
        let session = facts.build.debug_session.as_ref().and_then(|session| session.session_enabled);
        let is_enabled = [session, ours.known(ours.has_debug_session, "debugSession.sessionEnabled")?];
        return Ok(is_enabled.contains(&Some(true)).then(|| "a debug session".to_owned()));
    }
    let is_by_design = one.is_set_by_design(facts);
    if is_by_design == Ok(true) {
        return Ok(None);
    }
    let project = project.clone()?;
    let Some(difference) = difference(one, facts, ours, project)? else { return Ok(None) };
    is_by_design.map(|_| Some(difference))
}

fn difference(
    one: Override,
    facts: &Facts<'_>,
    ours: &BuildSettings<'_>,
    project: &Project,
) -> Result<Option<String>, MissingFact> {
    let theirs = &BuildSettings::of_project(project);
    match one {
        Override::Image => environment::image(ours, theirs),
        Override::Compute => environment::compute(ours, theirs),
        Override::Privileged => environment::privileged(ours, theirs),
        Override::HostKernel => environment::host_kernel(ours, theirs),
        Override::Certificate => environment::certificate(ours, theirs),
        Override::Registry => environment::registry(facts, ours, theirs),
        Override::Variables => environment::variables(facts, ours, theirs),
        Override::Source => source::location(facts, ours, theirs, project),
        Override::SourceAuth => source::auth(facts, ours, theirs),
        Override::InsecureSsl => source::insecure_ssl(ours, theirs),
        Override::SourceVersion => source::version(ours, theirs),
        Override::SecondarySources => source::secondary(ours, theirs),
        Override::Buildspec => source::buildspec(ours, theirs),
        // <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html>
        Override::Timeout => {
            let timeout = ours.known(ours.timeout, "timeoutInMinutes")?;
            Ok(minutes(one, timeout, theirs.timeout, 60))
        }
        Override::QueuedTimeout => {
            let timeout = ours.known(ours.queued_timeout, "queuedTimeoutInMinutes")?;
            Ok(minutes(one, timeout, theirs.queued_timeout, 480))
        }
        Override::ServiceRole => storage::service_role(ours, theirs),
        Override::EncryptionKey => storage::encryption_key(ours, theirs),
        Override::Artifacts => storage::artifacts(ours, theirs),
        Override::Logs => storage::logs(ours, theirs),
        Override::Cache => storage::cache(ours, theirs),
        Override::DebugSession => Ok(None),
        // A batch has no retries of its own. Its buildspec sets the retries of its builds.
        Override::AutoRetry if facts.build_batch.is_some() => Ok(None),
        Override::AutoRetry => {
            let limit = ours.known(ours.auto_retry_limit, "autoRetryConfig.autoRetryLimit")?.unwrap_or_default();
            Ok(differ(one, &limit.to_string(), &theirs.auto_retry_limit.unwrap_or_default().to_string()))
        }
    }
}

fn minutes(one: Override, ours: Option<i32>, theirs: Option<i32>, default: i32) -> Option<String> {
    let words = |minutes: Option<i32>| Duration::from_minutes(minutes.unwrap_or(default)).to_string();
    differ(one, &words(ours), &words(theirs))
}

/// The difference of two texts; `None` if they are the same.
fn differ(one: Override, ours: &str, theirs: &str) -> Option<String> {
    (ours != theirs).then(|| instead(one, ours, theirs))
}

fn instead(one: Override, ours: &str, theirs: &str) -> String {
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    format!("{} {} instead of {}", one.name(), or_none(ours), or_none(theirs))
}

/// Returns `None` for an empty text: it means the same as no text.
fn or_absent(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Returns whether two texts, each an ARN or a name, mean the same secret of Secrets Manager. An ARN has a hyphen
/// and six characters after the name. A name means a secret in the build's account and region.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html>
fn is_same_secret(facts: &Facts<'_>, one: &str, other: &str) -> Result<bool, MissingFact> {
    if one == other {
        return Ok(true);
    }
    let is_of = |arn: &str, name: &str| {
        let in_arn = arn.split_once(":secret:").map(|(_, name)| name);
        let shorter = in_arn.and_then(|name| name.rsplit_once('-')).filter(|(_, suffix)| suffix.len() == 6);
        in_arn == Some(name) || shorter.is_some_and(|(in_arn, _)| in_arn == name)
    };
    let arn = match (is_of(one, other), is_of(other, one)) {
        (true, _) => one,
        (_, true) => other,
        (false, false) => return Ok(false),
    };
    if !arn.starts_with("arn:") {
        return Ok(true);
    }
    Ok(arn_part(arn, ACCOUNT) == Some(facts.account()?) && arn_part(arn, REGION) == Some(facts.region()?))
}
