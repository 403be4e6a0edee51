//! The calls that IAM can refuse because of a check, before a build starts.
//!
//! A condition key contains an *argument* of a call. If a call does not override a setting, its
//! key is absent; no key contains what the project has.
//!
//! - <https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html>
//! - <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html>

use std::borrow::Cow;

use super::{compute, images, sources};
use crate::{
    checks::{CheckOption, IamView, Override, Patterns},
    expression::Expression,
    model::RunKind,
    policy::Rule,
    yaml::words::quoted_list,
};

/// The calls that IAM can refuse because of a check.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Prevention {
    /// IAM can refuse nothing. The text is the reason: lower case, no full stop.
    NoKey(Cow<'static, str>),
    /// Only calls whose builds would certainly break the check, except for the unusual spellings that the remarks
    /// name.
    Exact {
        /// A call that meets one of these is refused.
        refusals: Vec<Refusal>,
        /// Remarks on them.
        remarks: Vec<String>,
    },
    /// Also calls whose builds would not break the check.
    Broad {
        /// A call that meets one of these is refused.
        refusals: Vec<Refusal>,
        /// The reason why they are too many.
        why: Cow<'static, str>,
    },
}

/// Conditions that a call must meet to be refused.
pub(super) type Refusal = Vec<KeyCondition>;

/// A condition on a key.
///
/// If the key is absent, `True`, `Like` and `AnyLike` are false, and `NotLike` is true. So each
/// comes with `Given`, and a call that overrides nothing is never refused.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[derive(Clone, Debug, PartialEq)]
pub(super) enum KeyCondition {
    /// The call has the argument.
    Given(&'static str),
    /// The argument is true.
    True(&'static str),
    /// The argument matches a pattern.
    Like(&'static str, Vec<String>),
    /// The argument matches no pattern.
    NotLike(&'static str, Vec<String>),
    /// One of the argument's several values matches a pattern.
    AnyLike(&'static str, Vec<String>),
}

pub(super) fn prevention(rule: &Rule, kind: RunKind) -> Prevention {
    // Refuse every call that would start a sandbox, or do something in one.
    if kind == RunKind::Sandbox {
        return exact(vec![Vec::new()]);
    }
    let view = rule.kind.iam;
    match (rule.check.option(), view) {
        (CheckOption::DenyWhen(expression), _) if is_privileged_mode(expression) => {
            let key = "codebuild:environment.privilegedMode";
            exact(vec![vec![KeyCondition::True(key), KeyCondition::Given(key)]])
        }
        (CheckOption::ForbiddenOverrides(overrides), _) => forbidden_overrides(overrides),
        (_, IamView::NoKey(why)) => Prevention::NoKey(why.into()),
        (CheckOption::Forbidden(patterns), IamView::Image) => images::forbidden(patterns),
        (CheckOption::Allowed(patterns), IamView::Image) => images::allowed(patterns),
        (CheckOption::Forbidden(patterns), IamView::ComputeType) => compute::forbidden(patterns),
        (CheckOption::Allowed(patterns), IamView::ComputeType) => compute::allowed(patterns),
        (CheckOption::Forbidden(patterns), IamView::SourceLocation) => sources::forbidden(patterns),
        (CheckOption::Allowed(patterns), IamView::SourceLocation) => sources::allowed(patterns),
        (CheckOption::Forbidden(patterns), IamView::VariableName) => forbidden_variables(patterns),
        (
            CheckOption::Allowed(_)
            | CheckOption::MaxDuration(_)
            | CheckOption::MaxDollars(_)
            | CheckOption::DenyWhen(_)
            | CheckOption::NewestPer(_),
            _,
        ) => Prevention::NoKey("no condition key contains what the check compares".into()),
    }
}

/// Refuses exactly what breaks the check.
fn exact(refusals: Vec<Refusal>) -> Prevention {
    Prevention::Exact { refusals, remarks: Vec::new() }
}

pub(super) fn texts(patterns: &Patterns) -> Vec<String> {
    patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect()
}

/// Returns whether the expression tests `privilegedMode` alone, the only member with a boolean key.
fn is_privileged_mode(expression: &Expression) -> bool {
    ["build.environment.privilegedMode", "build.environment.privilegedMode == true"]
        .contains(&expression.as_str().trim())
}

fn forbidden_variables(names: &Patterns) -> Prevention {
    let key = "codebuild:environment.environmentVariables.name";
    // The key has several values. Only `ForAnyValue` is false without any.
    let refusals = vec![vec![KeyCondition::AnyLike(key, texts(names)), KeyCondition::Given(key)]];
    let why = "no condition key contains the type of a variable, so a variable of such a name from Parameter Store or \
               Secrets Manager is refused too, which the rule allows";
    Prevention::Broad { refusals, why: why.into() }
}

/// A call can override a setting with the project's own value. The build is then like its
/// project, but IAM refuses the call.
fn forbidden_overrides(overrides: &[Override]) -> Prevention {
    let refusals: Vec<Refusal> = overrides.iter().flat_map(|one| override_refusals(*one)).collect();
    let named = |kinds: Vec<&Override>| quoted_list(&kinds.iter().map(|one| one.name()).collect::<Vec<_>>());
    let unseen: Vec<&str> = overrides.iter().filter_map(|one| without_key(*one)).collect();
    if refusals.is_empty() {
        return Prevention::NoKey(format!("StartBuild has no condition key for {}", quoted_list(&unseen)).into());
    }
    let mut why = "a call that overrides a setting with the project's own value is refused too".to_owned();
    let by_pipelines: Vec<&Override> = overrides.iter().filter(|one| one.is_set_by_pipelines()).collect();
    let by_pipelines: Vec<&Override> =
        by_pipelines.into_iter().filter(|one| !override_refusals(**one).is_empty()).collect();
    if !by_pipelines.is_empty() {
        why.push_str(&format!(", and so are the calls of pipelines that set {}", named(by_pipelines)));
    }
    if !unseen.is_empty() {
        why.push_str(&format!("; StartBuild has no condition key for {}", quoted_list(&unseen)));
    }
    Prevention::Broad { refusals, why: why.into() }
}

/// Returns the setting for which StartBuild has no condition key: the whole kind, or a part of it.
fn without_key(overridden: Override) -> Option<&'static str> {
    match overridden {
        // No argument overrides it either: it comes with a fleet.
        Override::Compute => Some("computeConfiguration"),
        Override::Source => Some("sourceTypeOverride"),
        Override::SecondarySources => Some("secondarySourcesVersionOverride"),
        _ => override_refusals(overridden).is_empty().then(|| overridden.name()),
    }
}

/// The calls that override a setting; none if StartBuild has no condition key for it. Some keys are
/// true if the argument is given.
fn override_refusals(overridden: Override) -> Vec<Refusal> {
    let given = |keys: &[&'static str]| keys.iter().map(|key| vec![KeyCondition::Given(key)]).collect();
    let is_true = |key: &'static str| vec![KeyCondition::True(key), KeyCondition::Given(key)];
    match overridden {
        Override::Image => given(&["codebuild:environment.image"]),
        Override::Compute => given(&[
            "codebuild:environment.computeType",
            "codebuild:environment.type",
            "codebuild:environment.fleet.fleetArn",
        ]),
        Override::Privileged => given(&["codebuild:environment.privilegedMode"]),
        Override::Certificate => given(&["codebuild:environment.certificate"]),
        Override::Registry => given(&[
            "codebuild:environment.imagePullCredentialsType",
            "codebuild:environment.registryCredential.credential",
        ]),
        Override::Variables => given(&["codebuild:environment.environmentVariables.name"]),
        Override::Source => given(&["codebuild:source.location"]),
        Override::SourceAuth => given(&["codebuild:source.auth.type", "codebuild:source.auth.resource"]),
        Override::InsecureSsl => given(&["codebuild:source.insecureSsl"]),
        Override::SecondarySources => given(&["codebuild:secondarySources.sourceIdentifier"]),
        Override::Buildspec => given(&["codebuild:source.buildspec"]),
        Override::ServiceRole => given(&["codebuild:serviceRole"]),
        Override::EncryptionKey => given(&["codebuild:encryptionKey"]),
        Override::Artifacts => vec![
            is_true("codebuild:artifacts"),
            vec![KeyCondition::Given("codebuild:secondaryArtifacts.artifactIdentifier")],
        ],
        Override::Logs => vec![is_true("codebuild:logsConfig")],
        Override::Cache => given(&["codebuild:cache.type"]),
        Override::AutoRetry => given(&["codebuild:autoRetryLimit"]),
        Override::HostKernel
        | Override::SourceVersion
        | Override::Timeout
        | Override::QueuedTimeout
        | Override::DebugSession => Vec::new(),
    }
}
